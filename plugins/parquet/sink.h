/* SPDX-License-Identifier: MIT
 *
 * parquet.write: the bound options, the writer of one worker, and what it
 * hands to the publisher.
 *
 *	write    rows ──by path──► parts, each an open file in staging
 *	cut      parts whose time has come ──► cut
 *	prepare  cut: last pages, footers, fdatasync ──► intent
 *	publish  intent: staging ──rename──► the directory
 */
#ifndef PARQUET_SINK_H
#define PARQUET_SINK_H

#include <stdatomic.h>

#include "file.h"
#include "meta.h"
#include "place.h"

struct pq_roll {
	uint64_t size; /* 0 in each: no limit */
	int64_t rows;
	int64_t age;
	int64_t idle;
	int64_t epochs;
};

enum pq_as {
	PQ_AS_ROWS = 0,
	PQ_AS_CHANGELOG,
};

struct pq_write {
	struct weir_config head;
	const struct weir_expr *path;
	struct pq_roll roll;
	int64_t keep;
	int32_t compression;
	int64_t level;
	bool dictionary;
	bool statistics;
	int64_t row_group_rows;
	uint64_t row_group_size;
	int64_t page_rows;
	uint64_t page_size;
	uint64_t dictionary_size;
	uint64_t buffer;
	int64_t max_open;
	struct weir_str name;
	int32_t as;

	/* made by bind */
	struct pq_schema schema;
	struct pq_settings settings;
	const char *prefix; /* the path's constant beginning */
	bool constant;	    /* and all of it */
	const char *base;
	const char *stem; /* of `name`, or NULL: of the stage's id */
};

/* A file that is written, or has been and waits for its epoch to be decided. */
struct pq_part {
	struct pq_part *next;	/* in its bucket, or in a cut */
	char *dir;		/* where it will be published */
	uint32_t hash;
	uint32_t slot;		/* its place among a batch's parts */
	uint64_t batch;		/* the last batch that had rows for it */
	bool open;
	bool ended;		/* the footer is written */
	int fd;			/* -1: closed, durable */
	char *staged;
	struct pq_file file;
	uint64_t serial;	/* in the order of opening */
	uint64_t first_epoch;
	uint64_t last_epoch;
	int64_t opened_at;
	int64_t written_at;
	uint64_t size;		/* in the end */
	uint64_t rows;
};

#define PQ_BUCKETS 256u
#define PQ_SPARE 4

struct pq_cut {
	struct pq_part *parts;
	struct pq_part **tail;
	uint32_t nparts;
	uint64_t epoch;
	uint64_t held_from;
	int64_t stamp;
	struct pq_scratch *scratch; /* prepare's own */
};

struct pq_sink {
	struct pq_scratch scratch; /* write's */
	struct pq_scratch prepare; /* prepare's */
	struct pq_part *bucket[PQ_BUCKETS];
	struct pq_part *last; /* the one that was used last */
	uint32_t nopen;
	uint64_t serial;
	uint64_t batch;
	uint32_t staged; /* files so far, for their names */
	int64_t stamp;
	struct pq_part *ended; /* closed before the cut */
	uint32_t nended;
	struct pq_cut *cut; /* not yet prepared */
	uint64_t nfiles;    /* made whole so far; prepare's own */
	bool staging;	    /* the directory is there */
	char dir[PQ_PATH];  /* of staging */
	char stem[PQ_STEM];
	struct pq_bytes rows;  /* uint32_t: rows by part */
	struct pq_bytes parts; /* struct pq_part *: of the batch */
	struct pq_bytes which; /* uint32_t: each row's part */
	struct pq_bytes ops;   /* struct weir_str: the column `op` */
	struct weir_column *cols; /* changelogs: the batch's, with `op` */
	/* Columns of files that are done, for the next ones: prepare puts them
	 * here while write takes them. */
	_Atomic(struct pq_column *) spare[PQ_SPARE];
};

/* parts.c: open files */
struct pq_part *pq_part_find(struct weir_stage *st, const char *dir,
    size_t len);
int pq_part_open(struct weir_stage *st, struct pq_part *pa,
    struct weir_err *err);
/* No more rows: the footer is written now and the file waits for the cut. */
int pq_part_end(struct weir_stage *st, struct pq_part *pa,
    struct weir_err *err);
/* Footer, fdatasync, close: by whoever has it now. */
int pq_part_finish(struct weir_stage *st, struct pq_part *pa,
    struct pq_scratch *sx, struct weir_err *err);
int pq_part_sync(struct weir_stage *st, struct pq_part *pa,
    struct weir_err *err);
/* Out of the table; pq_part_free() also removes a staged file still there. */
void pq_part_unlink(struct pq_sink *sk, struct pq_part *pa);
void pq_part_free(const struct weir_host *ho, struct pq_part *pa, bool drop);
uint64_t pq_part_bytes(const struct pq_part *pa);
void pq_cut_free(const struct weir_host *ho, struct pq_cut *ct, bool drop);

/* writer.c */
int pq_sink_init(struct weir_stage *st, struct weir_err *err);
void pq_sink_fini(struct weir_stage *st);
int pq_sink_write(struct weir_stage *st, struct weir_batch *b,
    struct weir_err *err);

/* cut.c */
int pq_sink_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err);
int pq_sink_prepare(struct weir_stage *st, void *cut,
    struct weir_intent *intent, struct weir_err *err);

/* intent.c: what is to be published */
struct pq_intent_file {
	char staged[PQ_PATH];
	char dir[PQ_PATH];
	uint64_t size;
	uint64_t rows;
};

/* Walking through one; `bad` when it is none of ours. */
struct pq_intent {
	const uint8_t *p;
	const uint8_t *end;
	struct pq_bytes list; /* when the entries lie in a file of their own */
	char list_path[PQ_PATH];
	uint32_t left;
	int64_t stamp;
	bool bad;
	bool gone; /* its list has been removed: all was published */
};

int pq_intent_make(struct weir_stage *st, const struct pq_cut *ct,
    struct weir_intent *intent, struct weir_err *err);
void pq_intent_begin(struct pq_intent *in, const struct weir_host *ho,
    const struct weir_intent *from);
bool pq_intent_next(struct pq_intent *in, struct pq_intent_file *out);
void pq_intent_end(struct pq_intent *in);

/* publish.c */
struct pq_publisher {
	bool opened;
	char pipeline[40];
	char stem[PQ_STEM];
};

int pq_publish_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err);
int pq_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err);
int pq_publish_last(struct weir_publisher *pb, uint64_t *epoch,
    struct weir_err *err);
void pq_publish_abandon(struct weir_publisher *pb);
void pq_publish_close(struct weir_publisher *pb);

void pq_write_stem(char stem[PQ_STEM], const struct pq_write *wc,
    const char *id);

#endif
