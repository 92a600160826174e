/* SPDX-License-Identifier: MIT
 *
 * kafka.write(delivery: exactly_once).
 *
 *	write ─► frames ─► the engine's spool            the worker's thread
 *	                       │  decided
 *	                       ▼
 *	begin ─► records, marker ─► commit               the publisher's
 *
 * One transaction an epoch, with a marker in it: a record of a compacted topic,
 * {pipeline, sink} -> {epoch, fence, rows, crc}.  What became of a transaction
 * is never taken from a call that failed: a new producer of the same
 * transactional id is made, which ends the old one's transaction for good, and
 * then the marker says which epoch was the last.
 */
#ifndef KAFKA_ONCE_H
#define KAFKA_ONCE_H

#include "sink.h"

enum {
	KAFKA_TXN_ID_MAX = 250,
	KAFKA_TXN_MS = 60000,	   /* brokers abort a transaction after it */
	KAFKA_TXN_MS_MAX = 900000, /* what they allow by default */
	KAFKA_NPOISON = 64,	   /* rows that are told at once */
};

/* ---- frame.c: records in the spool */

struct frame_view {
	const char *p, *end;
	uint32_t rows;
	bool extra;
};

/* Append a record; WEIR_ERROR: memory.  All of a frame alike in `extra`:
 * partitions, time stamps and headers are kept. */
int kafka_frame_add(const struct weir_host *host, struct frame *fr,
    const struct record *re, bool extra);
void kafka_frame_empty(struct frame *fr);
/* False: damaged. */
bool kafka_frame_view(struct frame_view *fv, const void *p, size_t n);
/* The next record, its bytes in place; the headers are the caller's. */
bool kafka_frame_next(struct frame_view *fv, struct record *re);

/* ---- marker.c: the marker topic */

struct marker {
	bool there;
	uint64_t epoch; /* the last one that is whole */
	uint64_t fence; /* of who wrote it */
	uint64_t rows;	/* of that epoch */
	uint32_t crc;	/* CRC-32C of its frames */
};

/* `pipeline`, `sink` as a marker's key; as a transactional id. */
void kafka_marker_key(const struct weir_fence *fence, char *to, size_t n);
void kafka_txn_id(const struct weir_fence *fence, char *to, size_t n);
/* A marker as its record's value, in `to`. */
size_t kafka_marker_text(const struct marker *mk, char *to, size_t n);
bool kafka_marker_parse(struct marker *mk, const char *text, size_t n);
enum kafka_marker_look {
	KAFKA_MARKER_MAKE,  /* make it where it is not there */
	KAFKA_MARKER_CHECK, /* and where it is, does it keep what it is given? */
	KAFKA_MARKER_PROBE, /* that, and could it be made? */
};
int kafka_marker_topic(const struct weir_host *host,
    const struct write_config *cf, enum kafka_marker_look how,
    struct weir_err *err);
/* The marker of this key; there is false when there is none.  WEIR_AGAIN: not
 * to be had now. */
int kafka_marker_read(const struct weir_host *host,
    const struct write_config *cf, const char *key, struct marker *mk,
    struct weir_err *err);

/* ---- refused.c: records that brokers refused, and which are to blame */

struct suspects {
	uint64_t *row;	/* their numbers in the epoch */
	uint32_t n;
	struct frame frame; /* when they are searched: themselves */
	bool searching;	/* each has its number in here, from 1, as its opaque */
	bool *failed;
	char topic[KAFKA_NAME_MAX];
};

/* Refused for good by what the record is? */
bool kafka_refusal(rd_kafka_resp_err_t code);
/* A record that was refused; its opaque is the row's number and one. */
void kafka_suspects_keep(struct suspects *su, const struct weir_host *host,
    const rd_kafka_message_t *m);
void kafka_suspects_fini(struct suspects *su, const struct weir_host *host);

/* ---- txn.c: the transactional producer */

struct txn {
	struct kafka_client cl;
	bool made;	/* there is a producer */
	bool inited;	/* and its id is ours */
	bool open;	/* a transaction has begun */
	bool late;	/* the last one was longer than brokers allow */
	int timeout_ms;
	int64_t began;
	char id[KAFKA_TXN_ID_MAX];
	char brokers[4096];
	/* The first record that brokers refused. */
	rd_kafka_resp_err_t bad;
	char bad_text[KAFKA_WHY_MAX];
	struct suspects suspects; /* of this transaction, or what is searched */
};

/* All: WEIR_AGAIN when the producer was dropped and all must begin anew. */
int kafka_txn_make(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err);
int kafka_txn_init(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err);
/* Another topic, which is there, will be produced to as well. */
void kafka_txn_meet(struct txn *tx, const char *topic);
int kafka_txn_begin(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err);
int kafka_txn_commit(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err);
/* Nothing of it will be seen. */
int kafka_txn_abort(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err);
/* librdkafka's queue is full: wait a little, and see whether all is well. */
int kafka_txn_wait(struct weir_publisher *pb, struct txn *tx, int64_t *since,
    int *left, struct weir_err *err);
/* All has come through, or a record was refused. */
int kafka_txn_settle(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err);
void kafka_txn_drop(struct txn *tx);
/* A call of librdkafka failed, or (code) a place did. */
int kafka_txn_failed(struct weir_publisher *pb, struct txn *tx,
    rd_kafka_error_t *bad, const char *what, struct weir_err *err);
int kafka_txn_unclear(struct weir_publisher *pb, struct txn *tx,
    const char *what, struct weir_err *err);

/* ---- once.c */

struct once {
	struct txn tx;
	struct marker mk;  /* as last seen */
	bool known;	   /* it is what the brokers have */
	bool claimed;	   /* with our fence */
	bool fresh, born;
	uint64_t fence, published;
	char key[512];
	rd_kafka_message_t m[1024];
	struct weir_poison poison[KAFKA_NPOISON];
	size_t npoison;
	unsigned nrefused; /* of the epoch, by brokers */
	uint64_t rows;
	uint32_t crc;
};

int kafka_once_write(struct weir_stage *st, struct weir_batch *b,
    struct weir_err *err);
int kafka_once_open(struct weir_publisher *pb, struct once *on,
    const struct weir_fence *fence, struct weir_err *err);
int kafka_once_payload(const struct weir_frame *fr, uint32_t row,
    struct weir_payload *to);
int kafka_once_publish(struct weir_publisher *pb, struct once *on,
    uint64_t epoch, struct weir_err *err);
void kafka_once_close(struct once *on);
/* Row `row` can't be written; when there are many they are told in parts. */
void kafka_once_poison(struct once *on, uint64_t row, const char *code,
    const char *text);
/* Finds the rows that were refused, and has them rejected; the epoch is then to
 * be published once more. */
int kafka_once_search(struct weir_publisher *pb, struct once *on,
    uint64_t epoch, struct weir_err *err);
int kafka_once_audit(struct weir_publisher *pb, struct once *on,
    const struct weir_fence *fence, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_audit *out,
    struct weir_err *err);

#endif
