/* SPDX-License-Identifier: MIT
 *
 * What the files of this plugin share.
 *
 *	options.c   the options that both stages have; their way into librdkafka
 *	client.c    a librdkafka handle, its outages, topics and offsets
 *	embedded.c  `brokers: "embedded"`: a broker inside the process
 *	read.c      kafka.read: table, bind, probe
 *	source.c      its run: open, poll, commit, ends
 *	offsets.c     where it begins and ends, and what was lost
 *	note.c        what a start knows a partition by
 *	rows.c        messages into batches
 *	watch.c       a thread for what blocks
 *	write.c     kafka.write: table, bind, probe
 *	records.c     rows as records
 *	sink.c        its run: write, cut, prepare
 *	once.c        its run with delivery: exactly_once
 *	frame.c       records in the spool
 *	txn.c         transactions
 *	refused.c     which rows brokers refuse
 *	marker.c      the topic of markers
 */
#ifndef KAFKA_H
#define KAFKA_H

#include <pthread.h>
#include <stdatomic.h>

#include <librdkafka/rdkafka.h>

#include "weir/plugin.h"

#define KAFKA_NAME_MAX 250	/* longest topic name there is, and a NUL */
#define KAFKA_WHY_MAX 256

/* ---- options.c */

enum { KAFKA_NSECURITY = 30 };

/* The beginning of both config structs. */
struct kafka_common {
	struct weir_config config;
	struct weir_str brokers;
	struct weir_str topic;
	struct weir_str client_id;
	struct weir_list properties; /* struct weir_pair */
	struct weir_str security[KAFKA_NSECURITY];
};

enum kafka_role { KAFKA_READS = 1, KAFKA_WRITES = 2 };

/* `name, value, name, value, ..., NULL` */
typedef const char *const kafka_settings[];

extern const struct weir_option kafka_opt_brokers, kafka_opt_topic,
    kafka_opt_client_id, kafka_opt_properties;
extern const struct weir_option kafka_opt_security[KAFKA_NSECURITY];
/* KAFKA_NSECURITY entries of an option table. */
#define KAFKA_SEC(i) &kafka_opt_security[i]
#define KAFKA_SECURITY_OPTIONS                                                 \
	KAFKA_SEC(0), KAFKA_SEC(1), KAFKA_SEC(2), KAFKA_SEC(3), KAFKA_SEC(4),  \
	KAFKA_SEC(5), KAFKA_SEC(6), KAFKA_SEC(7), KAFKA_SEC(8), KAFKA_SEC(9),  \
	KAFKA_SEC(10), KAFKA_SEC(11), KAFKA_SEC(12), KAFKA_SEC(13),            \
	KAFKA_SEC(14), KAFKA_SEC(15), KAFKA_SEC(16), KAFKA_SEC(17),            \
	KAFKA_SEC(18), KAFKA_SEC(19), KAFKA_SEC(20), KAFKA_SEC(21),            \
	KAFKA_SEC(22), KAFKA_SEC(23), KAFKA_SEC(24), KAFKA_SEC(25),            \
	KAFKA_SEC(26), KAFKA_SEC(27), KAFKA_SEC(28), KAFKA_SEC(29)

/* Checks what both stages have; makes local files' paths absolute. */
int kafka_common_bind(struct weir_bind *bi, struct kafka_common *co,
    enum kafka_role role, struct weir_err *err);
/* A librdkafka configuration of the common options; NULL and err. */
rd_kafka_conf_t *kafka_conf_new(const struct weir_host *host,
    const struct kafka_common *co, const char *brokers, kafka_settings settings,
    enum kafka_role role, struct weir_err *err);
int kafka_conf_set(const struct weir_host *host, rd_kafka_conf_t *conf,
    const char *name, const char *value, struct weir_err *err);
/* Sets a property that this librdkafka may not know yet. */
void kafka_conf_try(rd_kafka_conf_t *conf, const char *name,
    const char *value);
/* The text as a C string in `to`, cut to its room. */
const char *kafka_text(const struct weir_str *s, char *to, size_t room);
bool kafka_is_scram(const struct kafka_common *co);
/* Those that options name must be there. */
int kafka_files_there(const struct weir_host *host,
    const struct kafka_common *co, struct weir_err *err);
bool kafka_topic_ok(const struct weir_str *s);
bool kafka_is_embedded(const struct kafka_common *co);

/* ---- client.c */

/* Whether there is a broker, and who has been told. */
struct kafka_link {
	pthread_mutex_t lock;
	bool lost;	    /* no broker answers */
	bool said;	    /* and that has been logged */
	int64_t since;	    /* when it was lost, us */
	int64_t next_word;  /* when to log the next line, us */
	int64_t answered;   /* when it came back, or 0 */
	char why[KAFKA_WHY_MAX];
	rd_kafka_resp_err_t secure; /* __SSL, __AUTHENTICATION: `why` is that */
	rd_kafka_resp_err_t fatal;
	char fatal_text[KAFKA_WHY_MAX];
};

struct kafka_client {
	const struct weir_host *host;
	rd_kafka_t *rk;
	rd_kafka_topic_t *rkt;
	char topic[KAFKA_NAME_MAX];
	char *brokers;
	struct kafka_link link;
	bool has_lock;
	bool scram;
	bool watched; /* another thread asks, too: it must not serve callbacks */
	/* Log lines of librdkafka go to this stage or publisher, at debug
	 * level; `stirs` counts them, and errors. */
	const struct weir_stage *st;
	const struct weir_publisher *pb;
	_Atomic unsigned stirs;
	void (*delivered)(void *opaque, const rd_kafka_message_t *m);
	void *opaque;
};

/* Takes over `conf` in all cases. */
int kafka_client_init(struct kafka_client *cl, const struct weir_host *host,
    const struct kafka_common *co, rd_kafka_type_t type, rd_kafka_conf_t *conf,
    const char *brokers, struct weir_err *err);
void kafka_client_fini(struct kafka_client *cl);
/* Serves callbacks; `st` is who logs meanwhile. */
void kafka_client_poll(struct kafka_client *cl, const struct weir_stage *st,
    int wait_ms);
/* What to do about the link's last error, "; check ..." or "". */
const char *kafka_client_remedy(const struct kafka_client *cl);
/* A broker has answered: any thread. */
void kafka_client_answered(struct kafka_client *cl);
/* None has, in time: any thread. */
void kafka_client_silent(struct kafka_client *cl);
bool kafka_client_lost(struct kafka_client *cl);
/* Says what there is to say about outages: once when it begins, once a minute,
 * once when it is over.  WEIR_ERROR when the client can't go on. */
int kafka_client_report(struct kafka_client *cl, const struct weir_stage *st,
    struct weir_err *err);
/* How many partitions the topic has: WEIR_OK, WEIR_AGAIN (no broker answers,
 * err says so), WEIR_ERROR (there is no such topic). */
int kafka_client_partitions(struct kafka_client *cl, int *n, int wait_ms,
    struct weir_err *err);
/* The offsets of partitions; list->elems[i].offset is a time stamp in ms,
 * RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END, and is replaced. */
int kafka_client_offsets(struct kafka_client *cl,
    rd_kafka_topic_partition_list_t *list, int wait_ms, struct weir_err *err);
/* Is there a broker, and the topic?  For `weir check --connect`. */
int kafka_common_probe(struct weir_bind *bi, const struct kafka_common *co,
    enum kafka_role role, int *partitions, struct weir_err *err);
int64_t kafka_clock(void); /* monotonic, us */

/* ---- embedded.c */

struct kafka_embedded;
struct kafka_pace; /* one reader of an embedded topic */

enum { KAFKA_EMBEDDED_PARTITIONS = 12 };

/* The run's embedded Kafka; kafka_embedded_put() ends each. */
struct kafka_embedded *kafka_embedded_get(const struct weir_stage *st,
    struct weir_err *err);
void kafka_embedded_put(const struct weir_stage *st);
const char *kafka_embedded_brokers(struct kafka_embedded *em);
/* Makes the topic when it is not there. */
int kafka_embedded_topic(struct kafka_embedded *em, const char *topic,
    struct weir_err *err);
/* A reader of the topic: rows are kept for it until it has read them. */
int kafka_embedded_reader(struct kafka_embedded *em, const char *topic,
    struct kafka_pace **pace, struct weir_err *err);
void kafka_embedded_leave(struct kafka_embedded *em, struct kafka_pace *pace);
/* The reader has taken so many bytes of the partition. */
void kafka_embedded_took(struct kafka_pace *pace, int32_t partition,
    uint64_t bytes);
/* The reader begins at the partition's end. */
void kafka_embedded_skip(struct kafka_pace *pace, int32_t partition);
/* May `bytes` more be written to the partition?  If so they are counted;
 * `force` counts them in any case. */
bool kafka_embedded_room(struct kafka_embedded *em, const char *topic,
    int32_t partition, uint64_t bytes, bool force);
/* What one message counts. */
uint64_t kafka_embedded_size(size_t key, size_t value);

/* ---- read.c, write.c */

extern const struct weir_stage_type kafka_read_type, kafka_write_type;

#endif
