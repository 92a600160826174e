/* SPDX-License-Identifier: MIT
 *
 * The state tree: one worker's instances of a plan's stages.  Everything here
 * is called on the worker's thread.
 *
 *	tree ─► stage instances, one a node: state, counters, tables, partitions
 */
#ifndef WEIR_RUN_TREE_H
#define WEIR_RUN_TREE_H

#include "batch/batch.h"
#include "run/run.h"

/* The ledger's columns; see DESIGN, section 5. */
struct weir__counts {
	uint64_t in;
	uint64_t passed;
	uint64_t filtered;
	uint64_t rejected;
	uint64_t late;
	uint64_t duplicate;
	uint64_t absorbed;
	uint64_t created; /* those that were rejected at once, too */
	uint64_t replayed; /* of in: an epoch before had rejected them */
	uint64_t unmade;  /* of rejected: rows that the stage had created */
};

struct weir__instance;

/* Make the instances and init them; err on failure, then free it still. */
struct weir__tree *weir__tree_new(struct weir__run *ru, struct weir_err *err);
void weir__tree_free(struct weir__tree *tr);

/* The instance of a node, as its plugin sees it. */
struct weir_stage *weir__tree_stage(struct weir__tree *tr,
    const struct weir__node *nd);

/* Sources: open all (`at` NULL, 0: where the options say); with `bound` ask
 * them to end where they end now.  WEIR_AGAIN: one is down, call again. */
int weir__tree_open(struct weir__tree *tr, bool bound, struct weir_err *err);

/* Poll a source; its rows flow through the tree before this returns.  rows and
 * bytes are what came.  WEIR_OK, WEIR_AGAIN, WEIR_END (this source has ended)
 * or WEIR_ERROR. */
int weir__tree_poll(struct weir__tree *tr, const struct weir__node *nd,
    uint32_t max_rows, int64_t wait_us, uint64_t *rows, uint64_t *bytes,
    struct weir_err *err);

/* The epoch's rows have all been: watermarks move, windows close, stages hear
 * of the epoch's end; rows they make flow on.  `final`: bounded sources have
 * ended, event time goes to its end.  Then the ledger is verified. */
int weir__tree_end_epoch(struct weir__tree *tr, bool final,
    struct weir_err *err);

/* Where all sources stand; the array lives until the next call. */
size_t weir__tree_offsets(struct weir__tree *tr,
    const struct weir__offset **list);
/* The least watermark of all watermark stages; INT64_MIN before any. */
int64_t weir__tree_watermark(const struct weir__tree *tr);
/* As JSON, for the epoch log: {"source id": {"partition": us or null}}. */
void weir__tree_watermarks_json(struct weir__tree *tr, struct weir__buf *bf);

/* Tell sources that everything before these is published. */
int weir__tree_commit(struct weir__tree *tr, const struct weir__offset *list,
    size_t n, struct weir_err *err);

/* The ledger so far. */
const struct weir__counts *weir__tree_counts(const struct weir__tree *tr,
    const struct weir__node *nd);
/* As a table for people, and where the quarantine is when rows are in it. */
void weir__tree_ledger(const struct weir__tree *tr, struct weir__buf *bf);

#endif
