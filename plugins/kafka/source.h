/* SPDX-License-Identifier: MIT
 *
 * kafka.read while it runs.
 *
 *	librdkafka ─► one queue ─► part.held, by partition ─► batches
 *	                 ▲
 *	watch thread ────┘ wakes its fetcher; end offsets, new partitions
 */
#ifndef KAFKA_SOURCE_H
#define KAFKA_SOURCE_H

#include "kafka.h"

enum kafka_start { START_EARLIEST, START_LATEST, START_TIME, START_OFFSETS };
enum kafka_loss { LOSS_STOP, LOSS_CONTINUE };
enum kafka_until { UNTIL_NEVER, UNTIL_END };

/* The output columns, in order. */
enum kafka_column {
	COL_KEY,
	COL_VALUE,
	COL_TOPIC,
	COL_PARTITION,
	COL_OFFSET,
	COL_TIMESTAMP,
	COL_HEADERS,
	NCOLUMNS
};

struct read_config {
	struct kafka_common common; /* first */
	struct weir_str start;
	struct weir_list partitions; /* int64_t */
	struct weir_list offsets;    /* int64_t, one a listed partition */
	struct weir_str group;
	int64_t max_rows; /* an epoch; 0: no limit */
	uint64_t queue;   /* bytes of fetched messages that may wait */
	int64_t refresh;  /* us between looks for new partitions */
	int32_t until;    /* enum kafka_until */
	int32_t on_data_loss; /* enum kafka_loss */
	/* Of bind. */
	enum kafka_start start_how;
	int64_t start_ms; /* START_TIME */
};

enum { KAFKA_CLUSTER_MAX = 64 };

/* A topic that is made anew has another; 0, 0: not known. */
struct topic_id {
	int64_t high, low;
};

/* A row as it is known again. */
struct row {
	int64_t offset; /* -1: none */
	int64_t stamp;
	uint32_t crc; /* CRC-32C of key and value */
	int32_t epoch; /* of the leader that took it, -1: not known */
};

/* One partition; those that are not ours have `mine` false. */
struct part {
	int32_t no;
	bool mine;
	bool started;	/* librdkafka fetches it */
	bool broken;	/* its offset is out of range: see watch */
	bool past_end;	/* a message at or behind `end` has been seen */
	bool finished;
	int64_t next;	/* the first offset not yet emitted */
	int64_t end;	/* read up to here; -1: no end */
	struct row last; /* the last one emitted */
	bool verify;	/* and it is read once more, to be compared */
	bool anew;	/* it was another: the partition is begun anew */
	int64_t mark;	/* `next` at the last look of the watch, */
	int behind;	/* how often its end was seen before that */
	int64_t eof;	/* librdkafka stood at its end here; -1: it has not */
	rd_kafka_message_t **held; /* taken, not yet emitted */
	uint32_t nheld;
	uint32_t room;
	int64_t next_word; /* when to log this partition's errors again */
	enum weir_partition_state state; /* as last told the engine */
	int64_t told;			 /* next, likewise */
};

/* The thread for calls that block; see watch.c. */
struct watch {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool has_lock, has_cond, running;
	/* To it, under the lock. */
	bool stop, wake, want_first;
	unsigned mark;	/* the version that the source has seen, */
	unsigned asked;	/* and had when the ends were asked for */
	/* From it, under the lock; `version` counts results. */
	unsigned version;
	int nparts;
	int64_t *first, *end; /* by partition, -1 unknown */
	int room;
	struct topic_id id;
	/* Its own. */
	struct kafka_client *cl;
	const struct read_config *cf;
};

/* The client outlives the source while batches hold its messages. */
struct client_ref {
	struct kafka_client cl;
	size_t refs;
};

struct source {
	struct client_ref *ref;
	struct kafka_client *cl; /* &ref->cl */
	struct kafka_embedded *em;
	struct kafka_pace *pace;
	rd_kafka_queue_t *q;
	int fd; /* an eventfd, readable when the queue is not empty */
	bool has_fd, opened;
	struct part *parts; /* by number */
	int nparts;
	rd_kafka_message_t *pull[WEIR_BATCH_ROWS];
	uint32_t held; /* in all partitions */
	uint64_t held_bytes;
	int nbroken;   /* partitions out of range */
	int cursor;    /* where the next look for a partition begins */
	uint64_t epoch, epoch_rows;
	/* How full librdkafka's queue is, to wake its fetcher in time. */
	uint64_t message_bytes; /* size of late, times 16 */
	bool pulled;
	bool was_full;
	int64_t next_tick;
	struct watch watch;
	unsigned seen; /* of watch.version */
	/* Commits to the group. */
	rd_kafka_queue_t *admin;
	bool committing;
	struct weir_position *commit;
	size_t ncommit;
	uint64_t lost_rows;
	char cluster[KAFKA_CLUSTER_MAX]; /* the brokers' id of it, or "" */
	struct topic_id id;
};

/* ---- source.c */
extern const struct weir_source_ops kafka_source_ops;
int kafka_source_init(struct weir_stage *st, struct weir_err *err);
void kafka_source_fini(struct weir_stage *st);

/* ---- rows.c: a batch of the first n of the partition's held messages, which
 * it takes over.  NULL when memory is out; *bytes is what they counted. */
struct weir_batch *kafka_rows(struct weir_stage *st, struct source *so,
    struct part *pt, uint32_t n);
void kafka_ref_drop(struct client_ref *ref);

/* ---- offsets.c: where partitions begin and end, and what was lost */
int kafka_offsets_start(struct weir_stage *st, const struct weir_position *at,
    size_t n, struct weir_err *err);
int kafka_offsets_bound(struct weir_stage *st, struct weir_err *err);
/* New partitions, and partitions that went out of range. */
int kafka_offsets_watched(struct weir_stage *st, struct weir_err *err);
int kafka_part_start(struct weir_stage *st, struct part *pt,
    struct weir_err *err);
void kafka_part_stop(struct source *so, struct part *pt);
int kafka_part_tell(struct weir_stage *st, struct part *pt);

/* What was read there before is not what is there now: stop, or begin the
 * partition anew. */
int kafka_part_differs(struct weir_stage *st, struct part *pt,
    const rd_kafka_message_t *m, struct weir_err *err);

/* ---- note.c: what a position's note holds */
void kafka_row_of(struct row *ro, const rd_kafka_message_t *m);
/* The cluster's id; it stays "" when the brokers do not say. */
void kafka_cluster(struct source *so, int wait_ms);
int kafka_note_put(struct weir_stage *st, const struct part *pt);
/* False: there is none. */
bool kafka_note_get(const struct weir_position *at, struct row *ro,
    char cluster[KAFKA_CLUSTER_MAX], struct topic_id *id);
/* The topic's id; it stays as it is when the brokers do not say. */
void kafka_topic_id(struct kafka_client *cl, struct topic_id *id, int wait_ms);
bool kafka_topic_other(const struct topic_id *a, const struct topic_id *b);
enum { KAFKA_TOPIC_ID_TEXT = 40 };
const char *kafka_topic_id_text(const struct topic_id *id,
    char to[KAFKA_TOPIC_ID_TEXT]);

/* ---- commit.c: offsets for lag tools, under the group's name */
int kafka_group_check(struct weir_stage *st, struct weir_err *err);
int kafka_group_commit(struct weir_stage *st, const struct weir_position *at,
    size_t n, struct weir_err *err);
void kafka_group_poll(struct weir_stage *st, int wait_ms);

/* ---- watch.c */
int kafka_watch_start(struct watch *wa, struct kafka_client *cl,
    const struct read_config *cf, int nparts, struct weir_err *err);
void kafka_watch_stop(struct watch *wa);
/* Wake librdkafka's fetcher; it sleeps a second when its queue was full. */
void kafka_watch_wake(struct watch *wa);
void kafka_watch_want_first(struct watch *wa);

#endif
