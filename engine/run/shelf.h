/* SPDX-License-Identifier: MIT
 *
 * The shelf: rejected rows as their stages saw them, kept for `weir replay`.
 *
 *	DIR/replay/N.we    frames (run/spool.h), one extent an epoch that has any
 *	DECIDE record      that extent; ids that were replayed; what is dropped
 *
 * A row's id is its epoch and its number in it, from 1: a place in the
 * journal.  An id is taken by the epoch in which its row is replayed, with that
 * epoch's decision, and so at most once.
 *
 *	frame's data  uint32 bytes of the head, of the rows, of their roots, 0;
 *	              each padded to 8
 *	  head        stage, input, flags, ids of sources by number, the reasons,
 *	              names and types of the rows' columns and of their roots'
 *	  rows        a batch (batch/frame.h), the columns at the stage
 *	  roots       a batch, the rows of the source that they came of
 *
 * The worker puts and cuts; the journal's thread syncs and owns the list.
 */
#ifndef WEIR_RUN_SHELF_H
#define WEIR_RUN_SHELF_H

#include "base/arena.h"
#include "base/buf.h"
#include "journal/coding.h"
#include "run/run.h"

struct weir__instance;
struct weir__rejected;
struct weir__shelf;

/* An epoch's rows. */
struct weir__shelved {
	uint64_t epoch;
	int64_t now; /* its clock */
	struct weir__spool_part part;
	uint64_t left;	 /* rows that are not taken */
	uint64_t *taken; /* a bitmap by number - 1, or NULL: none is */
};

struct weir__shelf_list {
	struct weir__shelved *list; /* rising by epoch; each has rows left */
	size_t n, cap;
	uint64_t bytes;
	struct weir__shelf_counts counts;
};

void weir__shelf_list_fini(struct weir__shelf_list *sl);
/* 0, or -1 when memory is out. */
int weir__shelf_list_add(struct weir__shelf_list *sl, uint64_t epoch,
    int64_t now, const struct weir__spool_part *part);
/* WEIR_OK; WEIR_END: some are not there, or have been taken before;
 * WEIR_ERROR: memory is out. */
int weir__shelf_list_take(struct weir__shelf_list *sl,
    const struct weir__ids *ids);
/* Epochs up to this one go. */
void weir__shelf_list_drop(struct weir__shelf_list *sl, uint64_t upto);
bool weir__shelved_has(const struct weir__shelved *sd, uint64_t no);
/* The list as a SHELF record, and back: it takes the place of what was. */
void weir__shelf_list_put(struct weir__buf *bf,
    const struct weir__shelf_list *sl);
/* WEIR_OK, WEIR_END: damaged, WEIR_ERROR: memory is out. */
int weir__shelf_list_get(struct weir__shelf_list *sl, struct weir__dec *de);

/* ---- a run's */

/* Takes the list.  Nothing is made on disk before the first row.  NULL and
 * err. */
struct weir__shelf *weir__shelf_new(struct weir__run *ru,
    struct weir__shelf_list *sl, struct weir_err *err);
void weir__shelf_free(struct weir__shelf *sh);

/* The worker's.  Rows that a stage rejected, all of one batch, columns and
 * input; *first: the number of the first, 0 where they are not kept. */
int weir__shelf_put(struct weir__shelf *sh, const struct weir__instance *sg,
    const struct weir__rejected *list, uint32_t n, uint64_t *first,
    struct weir_err *err);
/* So many can't be kept: the stage made them, or a source refused them. */
void weir__shelf_unkept(struct weir__shelf *sh, uint64_t rows);
int weir__shelf_cut(struct weir__shelf *sh, struct weir__decision *de,
    struct weir_err *err);

/* The journal's thread, or whoever comes before it.  Make the cut durable; say
 * what is too old or too much; and when all that is decided, know it. */
int weir__shelf_sync(struct weir__shelf *sh,
    const struct weir__decision *de, struct weir_err *err);
void weir__shelf_limit(struct weir__shelf *sh, struct weir__decision *de);
int weir__shelf_decided(struct weir__shelf *sh,
    const struct weir__decision *de);
const struct weir__shelf_list *weir__shelf_list(const struct weir__shelf *sh);

/* ---- reading */

/* Rows of one frame. */
struct weir__shelf_frame {
	const char *stage; /* its id */
	uint32_t input;
	uint64_t first; /* the number of its first row */
	uint32_t rows;
	const char **codes, **texts; /* why each was rejected */
	const char **sources; /* ids by number */
	uint32_t nsources;
	bool own_root; /* the source's rows are these */
	struct weir_schema schema, root_schema;
	const void *data, *root; /* batch/frame.h; root NULL: none */
	size_t len, root_len;
	struct weir__arena ar; /* of the above, but the data */
};

struct weir__shelf_reader {
	struct weir__spool *sp;
	struct weir__spool_reader rd;
	bool reading;
	struct weir__shelf_frame frame;
};

/* Of a state directory; make it once, begin each epoch. */
int weir__shelf_open(struct weir__shelf_reader *re, const char *dir,
    struct weir_err *err);
int weir__shelf_begin(struct weir__shelf_reader *re,
    const struct weir__shelved *sd, struct weir_err *err);
/* The next frame, which lives until the next call: WEIR_OK, WEIR_END,
 * WEIR_ERROR. */
int weir__shelf_next(struct weir__shelf_reader *re, struct weir_err *err);
void weir__shelf_close(struct weir__shelf_reader *re);

#endif
