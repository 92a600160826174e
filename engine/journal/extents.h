/* SPDX-License-Identifier: MIT
 *
 * Files that only grow, for bytes that the journal refers to: state deltas and
 * spools.  What an epoch added is one extent of one file; a file takes many
 * epochs and a new one is begun at a boundary when it has grown large.  (One
 * file an epoch would cost a directory sync each.)
 *
 *	DIR/0000000000000007.we		bytes of extents, nothing else
 *
 * One thread appends and cuts, another syncs what was cut; reading is by path,
 * on any thread.
 */
#ifndef WEIR_JOURNAL_EXTENTS_H
#define WEIR_JOURNAL_EXTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"

struct weir__extents;

struct weir__extent {
	uint64_t file; /* 0: nothing was added */
	uint64_t at;
	uint64_t len;
};

/* DIR is a path, made when missing; files before number `first` or so many as
 * there are are left alone.  `what` ("the spool of gold") is for messages;
 * `full` is how large a file grows. */
struct weir__extents *weir__extents_new(const char *dir, const char *what,
    uint64_t full, struct weir_err *err);
/* A descriptor that waits to be synced goes too. */
void weir__extents_free(struct weir__extents *ex);

/* Append; buffered.  WEIR_ERROR: no space, with code disk.full, or worse; what
 * was appended since the last cut is lost then. */
int weir__extents_add(struct weir__extents *ex, const void *p, size_t n,
    struct weir_err *err);
/* What was added since the last cut is written out and named. */
int weir__extents_cut(struct weir__extents *ex, struct weir__extent *out,
    struct weir_err *err);
/* Make the last cut durable; another thread's, before the next cut. */
int weir__extents_sync(struct weir__extents *ex, struct weir_err *err);

/* Up to n bytes at `offset` in an extent: 0 when all are there. */
int weir__extents_read(const struct weir__extents *ex,
    const struct weir__extent *of, uint64_t offset, void *to, size_t n,
    struct weir_err *err);

/* Remove files with numbers below `file`; not the one being written. */
void weir__extents_trim(struct weir__extents *ex, uint64_t file);
/* The number of the file being written, or of the last one that was there. */
uint64_t weir__extents_last(const struct weir__extents *ex);

#endif
