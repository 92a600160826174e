/* SPDX-License-Identifier: MIT
 *
 * parquet.write: the bound options, and the format as sinks that write files
 * (../common/filesink.h) want it.
 */
#ifndef PARQUET_SINK_H
#define PARQUET_SINK_H

#include <stdatomic.h>

#include "file.h"
#include "meta.h"

enum pq_as {
	PQ_AS_ROWS = 0,
	PQ_AS_CHANGELOG,
};

struct pq_write {
	struct fsink_config sink;
	int32_t compression;
	int64_t level;
	bool dictionary;
	bool statistics;
	int64_t row_group_rows;
	uint64_t row_group_size;
	int64_t page_rows;
	uint64_t page_size;
	uint64_t dictionary_size;
	struct weir_str name;
	int32_t as;

	/* made by bind */
	struct pq_schema schema;
	struct pq_settings settings;
};

#define PQ_SPARE 4

/* A worker's. */
struct pq_sink {
	struct fsink_state fs;
	struct pq_scratch scratch; /* the worker's thread */
	struct pq_scratch prepare; /* the journal's */
	bool busy; /* the last file paused had a row group an epoch */
	struct pq_bytes ops;	   /* struct weir_str: the column `op` */
	struct weir_column *cols;  /* changelogs: the batch's, with `op` */
	/* Columns of files that are done, for the next ones: prepare puts them
	 * here while write takes them. */
	_Atomic(struct pq_column *) spare[PQ_SPARE];
};

/* A file's. */
struct pq_out {
	struct pq_file file;
	/* Rows of the open row group are put to the side, too, lest they are
	 * lost; not where an epoch gives a row group by itself. */
	bool spooling;
	size_t told; /* bytes of file.groups that are in the side */
	uint64_t rows;	/* of the file at the last pause */
	uint64_t bytes; /* likewise, of the file and in memory */
};

extern const struct fsink_format pq_format;

/* spool.c: the row group that is open at an epoch's end */
int pq_spool_rows(struct fsink_file *f, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n, struct weir_err *err);
int pq_spool_groups(struct fsink_file *f, struct weir_err *err);
int pq_spool_pause(struct fsink_file *f, struct weir_err *err);
int pq_spool_resume(struct fsink_file *f, struct weir_err *err);

struct pq_column *pq_spare_take(struct pq_sink *sk);
int pq_sink_batch(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err);
int pq_sink_init(struct weir_stage *st, struct weir_err *err);
void pq_sink_fini(struct weir_stage *st);

#endif
