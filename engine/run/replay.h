/* SPDX-License-Identifier: MIT
 *
 * `weir replay`: rows on the shelf enter again at the stages that rejected
 * them.
 *
 *	choose   rows by stage and code, oldest first, that are not taken
 *	fit      the stage is there and reads what was kept, of the same types
 *	enter    in an epoch of their own; its decision takes their ids
 *
 * The sources are not opened, and event time stands still.
 */
#ifndef WEIR_RUN_REPLAY_H
#define WEIR_RUN_REPLAY_H

#include "run/shelf.h"

struct weir__pool;

/* Rows of one stage and code. */
struct weir__replay_line {
	char *stage, *code;
	char *text;    /* of the last of them */
	uint64_t rows; /* that fit */
	uint64_t stay; /* that don't */
	char why[300]; /* that is why */
	struct weir__ids first, last; /* ids of the oldest and the newest */
	int64_t from, to; /* and when they were rejected */
};

struct weir__replay {
	/* What is asked for. */
	const char *stage, *code; /* NULL: any */
	uint64_t limit;		  /* 0: none */
	/* What has been. */
	struct weir__replay_line *lines;
	size_t nlines;
	struct weir__shelf_counts before, after;
	uint64_t rejected, late; /* of them, at any stage */
	uint64_t rejected_before, late_before;
	bool begun;

	/* The choosing. */
	const struct weir__plan *pl;
	struct weir__pool *pool;
	struct weir__shelf_reader re;
	bool open, reading;
	struct weir__shelved *todo; /* a copy */
	size_t ntodo, at;
	uint64_t chosen;
	struct weir__ids *ids; /* of the epoch under way */
	size_t nids, cap_ids;
	bool more;
};

/* Rows that go in together. */
struct weir__replay_item {
	const struct weir__node *node;
	uint32_t input;
	struct weir_batch *batch; /* to be unref'ed */
};

/* Begin with a list; lines are begun anew.  Asked-for fields are set before. */
int weir__replay_begin(struct weir__replay *rp, const struct weir__plan *pl,
    const struct weir__shelf_list *sl, struct weir_err *err);
/* The next rows: WEIR_OK, WEIR_END, WEIR_ERROR.  Those that do not fit are only
 * told. */
int weir__replay_next(struct weir__replay *rp, struct weir__replay_item *it,
    struct weir_err *err);
/* The choosing is over; lines stay. */
void weir__replay_end(struct weir__replay *rp);
void weir__replay_fini(struct weir__replay *rp);

/* Without a run: choose, and tell. */
int weir__replay_look(struct weir__replay *rp, const struct weir__plan *pl,
    const struct weir__shelf_list *sl, struct weir_err *err);

/* In a run, on the worker.  Begin, also once more behind the last decision;
 * and tell what has been. */
int weir__replay_run(struct weir__replay *rp, struct weir__run *ru,
    struct weir_err *err);
void weir__replay_ran(struct weir__replay *rp, const struct weir__run *ru);
/* The rows of an epoch flow through the tree; its decision takes their ids.
 * rp->more: there are rows for another. */
int weir__replay_feed(struct weir__replay *rp, struct weir__run *ru,
    struct weir_err *err);
void weir__replay_decide(struct weir__replay *rp, struct weir__decision *de);

#endif
