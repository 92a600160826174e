/* SPDX-License-Identifier: MIT
 *
 * kafka.write while it runs.
 *
 *	write ─► librdkafka's queue ─► brokers ─► reports, counted by epoch
 *
 * Records go out as they are written.  An epoch is prepared when every one of
 * its records has been acknowledged, so what is decided has been delivered; a
 * crash in between may deliver it again.
 */
#ifndef KAFKA_SINK_H
#define KAFKA_SINK_H

#include "kafka.h"

enum kafka_delivery { AT_LEAST_ONCE, EXACTLY_ONCE };

struct write_config {
	struct kafka_common common; /* first */
	const struct weir_expr *key;
	const struct weir_expr *value;
	const struct weir_expr *headers;
	struct weir_list add_headers; /* struct weir_named */
	const struct weir_expr *timestamp;
	const struct weir_expr *partition;
	int32_t partitioner;
	int32_t compression;
	int32_t delivery; /* enum kafka_delivery */
	int64_t linger;
	uint64_t batch;
	uint64_t max_message;
	uint64_t queue;
	struct weir_str marker_topic;
	/* Of bind. */
	uint32_t value_col; /* when no value expression is given */
};

/* How many records of one epoch there are, and how many came through. */
struct tally {
	struct tally *next;
	uint64_t sent; /* the worker's until the cut */
	_Atomic uint64_t landed;
};

/* A record that waits for room in the embedded Kafka. */
struct waiting {
	struct waiting *next;
	struct tally *tally;
	rd_kafka_headers_t *headers;
	int64_t stamp;
	int32_t partition;
	bool has_key, has_value, counted;
	size_t key_len, len;
	char bytes[];
};

/* Records on their way into the spool; see once.h. */
struct frame {
	char *p;
	size_t len, room;
	uint32_t rows;
};

struct sink {
	struct frame frame; /* exactly_once: nothing else but m is used */
	struct kafka_client cl;
	struct kafka_embedded *em;
	struct tally *now; /* of the epoch that is being written */
	pthread_mutex_t lock; /* for what follows */
	bool has_lock;
	struct tally *tallies; /* all that are not yet freed */
	rd_kafka_resp_err_t bad;
	char bad_text[KAFKA_WHY_MAX];
	struct waiting *first, **last;
	_Atomic uint64_t landed, seen;
	rd_kafka_message_t m[WEIR_BATCH_ROWS];
};

extern const struct weir_sink_ops kafka_sink_ops;
int kafka_sink_init(struct weir_stage *st, struct weir_err *err);
void kafka_sink_fini(struct weir_stage *st);

/* A producer's configuration: `settings`, then what the options say. */
rd_kafka_conf_t *kafka_write_conf(const struct weir_host *host,
    const struct write_config *cf, const char *brokers, kafka_settings settings,
    struct weir_err *err);
/* Rejects row `row`, whose record is longer than max_message. */
int kafka_reject_large(struct weir_stage *st, const struct weir_batch *b,
    uint32_t row);

/* ---- records.c: the rows as records */
struct record {
	const void *key, *value;
	size_t key_len, len;
	rd_kafka_headers_t *headers;
	int64_t stamp; /* ms; 0: now */
	int32_t partition;
};

/* Keys, values and partitions into so->m; rows that can't be are rejected and
 * have err set.  WEIR_ERROR: memory. */
int kafka_records(struct weir_stage *st, struct weir_batch *b,
    struct weir_err *err);
/* Headers and time stamp of a row; the headers are the caller's. */
int kafka_record_extra(struct weir_stage *st, const struct weir_batch *b,
    uint32_t row, struct record *re, struct weir_err *err);

/* ---- sink.c: one record into librdkafka's queue, which may be full; the
 * headers are taken over when there is no error */
rd_kafka_resp_err_t kafka_produce(struct kafka_client *cl, void *opaque,
    const struct record *re);

#endif
