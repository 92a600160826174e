/* SPDX-License-Identifier: MIT
 *
 * Looking at a state directory from outside, also while a run owns it: what is
 * there is read, nothing is made, changed or locked.
 *
 * A run appends and trims meanwhile.  What was caught half-way is read again.
 */
#ifndef WEIR_RUN_LOOK_H
#define WEIR_RUN_LOOK_H

#include "run/past.h"
#include "run/state.h"

struct weir__look {
	const char *path; /* of the state directory */
	int dir;
	char id[33];
	uint64_t fence;
	uint64_t records;	  /* DECIDE records that the journal has */
	uint64_t first;		  /* the first of their epochs; 0: none */
	uint64_t segments_bytes;
	struct weir__past past;
	struct weir__kept *kept; /* by weir__look_state() */
	size_t nkept;
};

/* A table of a stage as it was kept. */
struct weir__kept {
	char *stage;
	uint32_t no;
	uint64_t bytes; /* in the records that a restart reads */
	/* Where the plan has it; else NULL. */
	const struct weir__node *node;
	const struct weir_table *table;
	struct weir__state *state;
};

/* Open a directory and read its journal.  WEIR_ERROR with state.none: nothing
 * is kept there.  weir__look_fini() in all cases. */
int weir__look(struct weir__look *lo, const char *path, struct weir_err *err);
void weir__look_fini(struct weir__look *lo);

/* The journal's records once more, in order; what came since is not read. */
int weir__look_records(struct weir__look *lo, weir__record_fn *fn, void *arg,
    struct weir_err *err);

/* Keyed state of the last decided epoch; entries where `pl`, which may be NULL,
 * has the table. */
int weir__look_state(struct weir__look *lo, const struct weir__plan *pl,
    struct weir_err *err);

/* Bytes in the files of a sink's spool. */
uint64_t weir__look_spool(const struct weir__look *lo, const char *sink);

/* Remove journal, state, spools and id under the lock.  WEIR_ERROR:
 * a run holds it, or something could not be removed. */
int weir__look_reset(const char *path, struct weir_err *err);

/* Have some sinks and stages begin anew, under the lock.  WEIR_ERROR, also where
 * one is not known: nothing was done then, unless writing failed. */
struct weir__anew {
	enum weir__forget kind;
	const char *id;
};
int weir__look_forget(const char *path, const struct weir__anew *list, size_t n,
    struct weir_err *err);

#endif
