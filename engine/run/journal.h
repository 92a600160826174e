/* SPDX-License-Identifier: MIT
 *
 * The insides of the journal, shared by its thread, its beginning and its
 * trimming.
 */
#ifndef WEIR_RUN_JOURNAL_H
#define WEIR_RUN_JOURNAL_H

#include "journal/extents.h"
#include "journal/segments.h"
#include "run/past.h"
#include "run/run.h"

/* The journal keeps so much for `weir audit`, though nothing needs it. */
#define WEIR__JOURNAL_RETAIN ((uint64_t)64 << 20)

/* From this epoch on, bytes are in this file. */
struct weir__mark {
	uint64_t epoch;
	uint64_t file;
};
struct weir__marks {
	struct weir__mark *list; /* rising */
	size_t n;
};
/* 0, or -1 when memory is out: then less is trimmed. */
int weir__marks_add(struct weir__marks *ms, uint64_t epoch, uint64_t file);
/* The first file that epochs from this one on need; 0: not known.  Marks
 * before it are dropped. */
uint64_t weir__marks_need(struct weir__marks *ms, uint64_t epoch);

struct weir__journal {
	struct weir__run *ru;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct weir__decision *next; /* handed over, not yet decided */
	bool stop;

	/* Where the run keeps anything; NULL, -1 else. */
	int dir; /* DIR/journal */
	pthread_mutex_t append;
	struct weir__segments *segments;
	bool begun; /* a segment of our own */
	struct weir__extents *state;
	struct weir__buf delta; /* the worker's */

	/* The journal's thread; by node number for spools. */
	struct weir__marks journal_marks, state_marks, *spools;
};

/* After a decision: remove what nothing asks for any more. */
void weir__journal_trim(struct weir__journal *jo,
    const struct weir__decision *de, uint64_t (*published)[2]);

/* A SHELF record; when it fails the run does. */
int weir__journal_shelf(struct weir__journal *jo);

#endif
