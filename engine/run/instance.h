/* SPDX-License-Identifier: MIT
 *
 * The insides of a state tree, shared by the files that make it run.
 *
 *	run ─► tree ─► instance, one a node ─► the plugin's state
 *	          │        ├─► counts, what was rejected in this call
 *	          │        ├─► tables (keyed state)
 *	          │        └─► chain, watermark, partitions: where it has them
 *	          └─► pool of batches
 *
 * Rows go along the edges at once: a source's emit returns after the last sink
 * has written its rows.  The plan is never written to, so that several trees
 * can run over one.
 */
#ifndef WEIR_RUN_INSTANCE_H
#define WEIR_RUN_INSTANCE_H

#include "run/state.h"
#include "run/tree.h"

struct weir__chain;
struct weir__wm;

/* A source's partition. */
struct weir__part {
	int32_t no;
	char *name;
	int64_t next; /* the first offset not yet read; -1 unknown */
	enum weir_partition_state state;
	int64_t end_since; /* clock: at its end since; INT64_MIN: is not */
	int64_t lag;
	uint8_t note_len;
	char note[WEIR_NOTE_MAX]; /* of the source, kept with the position */
};

/* A row that was rejected, until the stage's call is over. */
struct weir__rejected {
	struct weir_batch *b; /* a reference */
	uint32_t row;
	const char *json; /* or NULL; in the stage's scratch arena, as are all
			   * of these */
	size_t json_len;
	const char *code;
	const char *text;
	const char *column; /* or NULL */
	int64_t position;
	/* The row as the stage saw it; it lives as long as `b`. */
	const struct weir_schema *schema;
	const struct weir_column *cols;
	int32_t input; /* at which it may enter again; -1 nowhere */
};

struct weir__instance {
	struct weir_stage st; /* what the plugin sees: first */
	struct weir__tree *tree;
	const struct weir__node *nd;
	struct weir__chain *chain; /* engine-run nodes that head one */
	bool inited;
	bool alike; /* several inputs of equal columns, passed on as one */

	struct weir__counts n;
	uint64_t *port_out; /* rows sent, by port */
	uint64_t *input_in; /* rows received, by input */

	/* The call under way. */
	struct weir_batch *cur; /* borrowed */
	uint32_t cur_input;
	uint32_t depth; /* of calls; a stage is never called within itself */
	struct weir_column *values; /* of nd->exprs over cur */
	struct weir__aggs_cursor **cursors; /* of nd->aggs */
	struct weir__arena scratch;
	struct weir__rejected *rejects;
	uint32_t nrejects, cap_rejects;

	struct weir__state **tables; /* by weir_table.no */
	size_t state_bytes;

	/* Time. */
	struct weir__wm *wm;   /* watermark stages */
	int64_t watermark;     /* of the output; INT64_MIN before the first */
	int64_t watermark_in;  /* what the stage was told */
	int64_t trail;	       /* outputs are so much behind */

	/* Sources. */
	int32_t source_no; /* else -1 */
	struct weir__part *parts;
	size_t nparts, cap_parts;
	uint64_t lost;	       /* rows that were not to be had any more */
	uint64_t lost_unknown; /* times that it was not known how many */
	bool opened;
	bool bound;
	bool ended;
};

/* The sweep through keyed state; see save.h. */
struct weir__sweep {
	bool on;	/* a record was written or read */
	bool under_way;
	uint16_t no;	/* of the sweep; 0: none yet */
	uint64_t base;	/* the first epoch that is needed */
	uint64_t began; /* the epoch in which the sweep set out */
	size_t stage;	/* it has come so far */
	uint32_t table;
	size_t least;  /* bytes an epoch */
	uint64_t log;	/* bytes of the records from base on */
	uint64_t fresh; /* and from `began` on */
};

struct weir__tree {
	struct weir__run *run;
	const struct weir__plan *pl;
	struct weir__pool *pool;
	struct weir__instance *stages; /* by node->no */
	size_t nstages;
	struct weir__instance **sources;
	size_t nsources;
	struct weir__instance **sinks;
	size_t nsinks;
	uint64_t seed;
	uint64_t rows;	/* emitted by sources so far */
	uint64_t bytes;
	size_t state_bytes;
	bool frag; /* every batch is cut to one row */
	struct weir__sweep sweep;
	struct weir__offset *offsets; /* see weir__tree_offsets() */
	size_t cap_offsets;
};

static inline struct weir__instance *
weir__instance_of(const struct weir_stage *st)
{
	return (struct weir__instance *)(uintptr_t)st;
}

/* save.c: the stage of this id, or NULL. */
struct weir__instance *weir__tree_find(struct weir__tree *tr, const char *id,
    size_t n);

/* Rows out of a port, to all who read it; borrows the batch. */
int weir__tree_send(struct weir__instance *sg, uint32_t port,
    struct weir_batch *b, struct weir_err *err);
/* As a plugin's weir_emit(): counts, then sends; consumes. */
int weir__tree_emit(struct weir__instance *sg, uint32_t port,
    struct weir_batch *b, struct weir_err *err);
/* A batch into a stage; borrows it.  input_in has been counted. */
int weir__tree_deliver(struct weir__instance *sg, uint32_t input,
    struct weir_batch *b, struct weir_err *err);

/* Rows that no one sent, replayed: counted as such; borrows the batch. */
int weir__tree_enter(struct weir__instance *sg, uint32_t input,
    struct weir_batch *b, struct weir_err *err);

/* After each call into a plugin: rejected rows go out, tables let go, and an
 * error without a text gets one. */
int weir__tree_called(struct weir__instance *sg, int rc, struct weir_err *err);

/* Memory ran out while `sg` ran: WEIR_ERROR. */
int weir__tree_oom(struct weir__instance *sg, struct weir_err *err);

/* A batch for an output, made of rows of another: weir_batch_derive(). */
struct weir_batch *weir__tree_derive(struct weir__instance *sg, uint32_t port,
    struct weir_batch *of, const uint32_t *rows, uint32_t n);

/* call.c: expressions and aggregates over a batch before the plugin sees it.
 * *out is a batch of the rows that are left, to be unref'ed; NULL: none. */
int weir__call_prepare(struct weir__instance *sg, struct weir_batch *b,
    struct weir_batch **out, struct weir_err *err);

/* reject.c */

/* Note that a row of `b` is rejected at `sg`; cols are the columns there.
 * Everything is copied.  0, or -1 when memory is out. */
int weir__reject_add(struct weir__instance *sg, struct weir_batch *b,
    uint32_t row, const struct weir_schema *sc, const struct weir_column *cols,
    const struct weir_reason *why);
/* The row noted last is none that came into the stage. */
void weir__reject_made(struct weir__instance *sg);
/* Send what was noted. */
int weir__reject_flush(struct weir__instance *sg, struct weir_err *err);
/* Rows of a side port that no one reads, into the quarantine; borrows b. */
int weir__reject_port(struct weir__instance *sg, uint32_t port,
    struct weir_batch *b, struct weir_err *err);
void weir__reject_drop(struct weir__instance *sg);

/* chain.c */
struct weir__chain *weir__chain_new(struct weir__tree *tr,
    const struct weir__node *head);
void weir__chain_free(struct weir__chain *ch);
int weir__chain_run(struct weir__chain *ch, struct weir_batch *b,
    struct weir_err *err);
/* Rows that come in at one of its stages, past those before it. */
int weir__chain_enter(struct weir__chain *ch, const struct weir__instance *sg,
    struct weir_batch *b, struct weir_err *err);

/* A partition of a source, made when new; NULL when memory is out. */
struct weir__part *weir__part_get(struct weir__instance *sg, int32_t no);

/* source.c: what sources say of themselves, for the host table. */
int weir__source_partition(struct weir_stage *st, int32_t partition,
    const char *name);
int weir__source_position(struct weir_stage *st, int32_t partition,
    int64_t next, enum weir_partition_state state);
int weir__source_note(struct weir_stage *st, int32_t partition,
    const void *p, size_t n);
void weir__source_lost(struct weir_stage *st, int32_t partition, int64_t from,
    int64_t to, const char *fmt, ...) WEIR_PRINTF(5, 6);
void weir__source_lag(struct weir_stage *st, int32_t partition, int64_t rows);

/* ledger.c: does it balance?  WEIR_ERROR and err when not: a mistake of ours
 * or of the plugin named, never of the input. */
int weir__ledger_check(const struct weir__tree *tr, struct weir_err *err);

#endif
