/* SPDX-License-Identifier: MIT
 *
 * One run of a plan: what its worker, its journal thread and its publishers
 * share.
 *
 *	worker      sources -> tree -> writers ── cut ──►┐
 *	journal     prepare, DECIDE ◄────────────────────┘──► decisions
 *	publishers  one a sink: publish, in epoch order ──► settled epochs
 *	worker      ◄── what is decided: source->commit
 */
#ifndef WEIR_RUN_RUN_H
#define WEIR_RUN_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/buf.h"
#include "plan/plan.h"
#include "run/spool.h"

struct weir__tree;
struct weir__past;
struct weir__rejects;
struct weir__journal;
struct weir__publisher;
struct weir__shelf;
struct weir__replay;

struct weir__run_options {
	bool drain;	    /* end where the sources end now */
	bool append;	    /* outputs that are not empty are fine */
	bool quiet;	    /* no summary, no view */
	bool json_log;
	bool view;	    /* a live view on standard error */
	bool scratch;	    /* nothing is kept: no state directory */
	bool take_over;	    /* whoever holds the state is to lose it */
	const char *epoch_log; /* a line of JSON an epoch, or NULL */
	struct weir__replay *replay; /* instead of sources; see replay.h */
};

/* ---- the log: any thread.  One line each, control characters escaped. */

struct weir__log {
	FILE *to;
	bool json;
	bool quiet; /* warnings and errors only */
	pthread_mutex_t lock;
	int drawn; /* lines of the live view that stand at the end */
};

int weir__log_init(struct weir__log *lg, bool json, bool quiet);
void weir__log_fini(struct weir__log *lg);
void weir__log(struct weir__log *lg, enum weir_log_level level,
    const char *stage, const char *fmt, ...) WEIR_PRINTF(4, 5);
void weir__vlog(struct weir__log *lg, enum weir_log_level level,
    const char *stage, const char *fmt, va_list ap);

/* Draw the live view, so many lines, over the last one.  A line of the log
 * takes the view's place; the next one is drawn below. */
void weir__log_draw(struct weir__log *lg, struct weir__buf *bf, int lines);

/* ---- shared objects (weir_shared): any thread. */

struct weir__shared {
	pthread_mutex_t lock;
	struct weir__shared_item *list;
};

int weir__shared_init(struct weir__shared *sh);
void weir__shared_fini(struct weir__shared *sh); /* releases what is left */
void *weir__shared_get(struct weir__shared *sh, const char *plugin,
    const char *name, void *(*make)(void *), void (*release)(void *),
    void *arg);
void weir__shared_put(struct weir__shared *sh, const char *plugin,
    const char *name);

/* ---- metrics: gauges by stage, name and labels.  Any thread. */

struct weir__metrics {
	pthread_mutex_t lock;
	struct weir__metric *list;
};

int weir__metrics_init(struct weir__metrics *me);
void weir__metrics_fini(struct weir__metrics *me);
void weir__metrics_set(struct weir__metrics *me, const char *stage,
    const char *name, const char *labels, double value);
/* False where it was never set. */
bool weir__metrics_get(struct weir__metrics *me, const char *stage,
    const char *name, const char *labels, double *value);

/* ---- the run */

/* What is waited for: backoff.c. */
struct weir__backoff {
	int64_t wait;
	int64_t logged; /* monotonic, microseconds; 0: never */
	uint32_t tries;
};

struct weir__run {
	const struct weir__plan *pl;
	struct weir__errors *errors; /* source texts, for printing */
	struct weir__run_options op;
	struct weir__log log;
	struct weir__shared shared;
	struct weir__metrics metrics;
	char pipeline_id[33]; /* 32 hex digits */
	uint64_t fence;
	int64_t clock_shift; /* WEIR_CLOCK: what is added to the real clock */
	FILE *epoch_log;     /* journal thread */

	int state_fd;	     /* the state directory; -1: nothing is kept */
	bool taken_over;     /* the owner before may still live */
	struct weir__past *past; /* what the journal told, until it is used */

	/* Set by the worker, read by any thread. */
	_Atomic uint64_t epoch; /* the one being processed, from 1 */
	_Atomic int64_t now;	/* its frozen clock, microseconds UTC */

	/* The worker's own. */
	struct weir__tree *tree;
	struct weir__journal *journal;
	struct weir__publisher **publishers; /* by node number; NULL: none */
	struct weir__spool **spools;	     /* by node number; NULL: none */
	/* Rows that sinks would not take, for the worker to reject: `lock`. */
	struct weir__rejects *rejects;
	struct weir__rejects *taking; /* being rejected; not yet decided */
	struct weir__shelf *shelf; /* the journal's; NULL: nothing is kept */
	_Atomic uint64_t decided; /* the last epoch that is */

	_Atomic bool stopping; /* ask long waits to end */
	_Atomic bool asked;    /* ... because a signal came */
	_Atomic int64_t stopped_at; /* monotonic: when that was first seen */
	/* The first failure of any thread; later ones are dropped. */
	pthread_mutex_t lock;
	pthread_cond_t wake; /* a decision, a confirmation, a failure */
	_Atomic bool failed;
	struct weir_err err;

	/* The main thread's, over several attempts (run.c, again). */
	bool up;		    /* one has begun */
	struct weir__backoff again; /* since no more epoch is decided */
	uint64_t again_at;	    /* than this one */
	pthread_t signals;
	bool have_signals;
};

/* Run a plan to its end; the exit code.  Blocks; handles SIGINT and SIGTERM. */
int weir__run(const struct weir__plan *pl, struct weir__errors *es,
    const struct weir__run_options *op);

/* Any thread: note a failure; the run ends. */
void weir__run_fail(struct weir__run *ru, const struct weir_err *err);
/* The failure is the stage's: where nothing else is said, its place, and that
 * it could not `what`. */
void weir__run_blame(struct weir_err *err, const struct weir__node *nd,
    const char *what);

/* backoff.c: for what is down: call it after each WEIR_AGAIN.  Sleeps 100 ms,
 * then twice as long, up to 10 s, give or take a quarter; logs `what` and why
 * at once and then once a minute.  False when the run has failed, or was asked to
 * end some seconds ago. */
bool weir__run_backoff(struct weir__run *ru, struct weir__backoff *bo,
    const char *stage, const struct weir_err *err);
/* After a success: say that it is back, when it was away. */
void weir__run_back(struct weir__run *ru, struct weir__backoff *bo,
    const char *stage);

/* Microseconds of a clock that never steps. */
int64_t weir__run_monotonic(void);

/* claim.c: make the state directory, take its lock, find the pipeline's id and
 * the next fence.  The descriptor of the lock, or -1 and err. */
int weir__run_claim(struct weir__run *ru, struct weir_err *err);
/* Another attempt of the same process: the fence is raised, if it is still
 * ours. */
int weir__run_renew(struct weir__run *ru, struct weir_err *err);
/* Does the state still belong to this run?  WEIR_OK, or err.  Any thread. */
int weir__run_owns(const struct weir__run *ru, struct weir_err *err);

/* view.c: a live view, drawn again and again on a terminal. */
struct weir__view {
	int64_t began, drawn;
	int lines;
	uint64_t *last; /* rows out by node at the last drawing */
};
void weir__view_init(struct weir__view *vi, struct weir__run *ru);
void weir__view_draw(struct weir__view *vi, struct weir__run *ru, bool last);
void weir__view_fini(struct weir__view *vi);

/* The real clock, microseconds UTC; WEIR_CLOCK (RFC 3339) sets its start. */
int64_t weir__run_clock(struct weir__run *ru);

/* Where a source stands. */
struct weir__offset {
	const struct weir__node *node;
	int32_t partition;
	int64_t next;
};

/* ---- rejected rows that are kept: run/shelf.h */

/* All since the state directory was made. */
struct weir__shelf_counts {
	uint64_t kept;	   /* of rejected rows */
	uint64_t replayed; /* of those: have been taken */
	uint64_t dropped;  /* of those: too old, or too much */
	uint64_t withheld; /* not kept: the settings say so */
	uint64_t unkept;   /* not kept: no stage had got them yet, or the stage
			    * made them */
};

/* Rows first, first + 1, ... of an epoch. */
struct weir__ids {
	uint64_t epoch;
	uint64_t first;
	uint64_t n;
};

/* A decision's part of it. */
struct weir__shelf_cut {
	struct weir__spool_part part; /* rejected in this epoch */
	struct weir__shelf_counts counts;
	uint64_t gone; /* nothing is left of epochs up to this one */
	struct weir__ids *taken; /* replayed in this epoch */
	size_t ntaken;
};

/* ---- the decision: what DECIDE records of an epoch. */

struct weir__sink_cut {
	struct weir_stage *stage; /* the writer */
	const struct weir__node *node;
	void *cut; /* from sink->cut, for sink->prepare */
	struct weir_intent intent;
	struct weir__spool_part spool;
};

struct weir__decision {
	struct weir__decision *next;
	uint64_t epoch;
	uint64_t before; /* the one that was decided last before it */
	int64_t now;
	bool last;
	bool finished; /* every source has come to its end */
	uint64_t rows; /* read by all sources in this epoch */
	struct weir__offset *offsets;
	size_t noffsets;
	int64_t watermark; /* the least of all watermark stages, INT64_MIN none */
	/* Until it is decided: parts of its record (run/past.h). */
	struct weir__buf ledger, facts;
	struct weir__extent state;
	uint32_t state_crc;
	uint64_t base;
	struct weir__rejects *taken;
	struct weir__shelf_cut shelf;
	struct weir__sink_cut *sinks;
	size_t nsinks;
	char *log_line;	       /* for --epoch-log, or NULL */
	_Atomic uint32_t refs; /* publishers that have not done with it */
};

/* journal.c: the thread that prepares and decides, in order; with the files
 * below DIR/journal and DIR/state, where the run keeps anything. */
struct weir__journal *weir__journal_new(struct weir__run *ru);
/* Read what the journal has into ru->past.  Once, before the rest. */
int weir__journal_read(struct weir__journal *jo, struct weir_err *err);
/* Begin a segment; the plan, and the sinks that are open, are in it. */
int weir__journal_begin(struct weir__journal *jo, struct weir_err *err);
/* The state of the last decided epoch, into a tree just made; and writers go
 * on. */
int weir__journal_restore(struct weir__journal *jo, struct weir_err *err);
/* What runs before have decided goes to the publishers that lack it. */
int weir__journal_redo(struct weir__journal *jo, struct weir_err *err);
/* Before a run that met a full disk goes on: what waits in spools is published,
 * if it can be, and files that are done with go.  Else nothing removes them but
 * a decision, for which there is no space. */
void weir__journal_relieve(struct weir__journal *jo);
/* The worker's, at the cut: the epoch's state goes into the decision. */
int weir__journal_state(struct weir__journal *jo, struct weir__decision *de,
    struct weir_err *err);
/* Hand over an epoch; waits until the one before is decided.  Takes the
 * decision in all cases. */
int weir__journal_give(struct weir__journal *jo, struct weir__decision *de,
    struct weir_err *err);
/* Wait until all that was given is decided; -1 when the run failed. */
int weir__journal_drain(struct weir__journal *jo);
/* A publisher's: rows of an epoch are to be rejected.  Durable on return. */
int weir__journal_reject(struct weir__journal *jo, const struct weir__node *nd,
    uint64_t epoch, const struct weir__spool_part *spool,
    const struct weir_poison *list, size_t n, struct weir_err *err);
/* At a clean end: what is published. */
int weir__journal_close(struct weir__journal *jo, struct weir_err *err);
void weir__journal_free(struct weir__journal *jo);
void weir__decision_unref(struct weir__decision *de);

/* publish.c: one thread a sink. */
struct weir__publisher *weir__publisher_new(struct weir__run *ru,
    const struct weir__node *nd, struct weir_err *err);
/* One that only looks: no thread, never opened; NULL when memory is out. */
struct weir__publisher *weir__publisher_look(struct weir__run *ru,
    const struct weir__node *nd);
int weir__publisher_audit(struct weir__publisher *pb, uint64_t epoch,
    const struct weir_intent *list, size_t n, struct weir_audit *out,
    struct weir_err *err);
const struct weir_fence *weir__publisher_fence(
    const struct weir__publisher *pb);
/* Queue a decision; waits while too many are queued, where the sink has no
 * spool. */
int weir__publisher_give(struct weir__publisher *pb, struct weir__decision *de);
int weir__publisher_drain(struct weir__publisher *pb);
/* Everything up to this epoch is published; *solid: the last of them that has
 * rows. */
uint64_t weir__publisher_published(struct weir__publisher *pb,
    uint64_t *solid);
/* The journal knows, durably, that so much is published. */
void weir__publisher_settled(struct weir__publisher *pb, uint64_t epoch);
/* Ends the thread; what was staged and never decided is abandoned. */
void weir__publisher_free(struct weir__publisher *pb);

/* For the host table: a publisher's spool, its poison rows. */
int weir__publisher_spool_next(struct weir_publisher *pb, uint64_t epoch,
    struct weir_frame *fr, struct weir_err *err);
int weir__publisher_spool_rewind(struct weir_publisher *pb, uint64_t epoch,
    struct weir_err *err);
int weir__publisher_poison(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_poison *list, size_t n, struct weir_err *err);
uint64_t weir__publisher_settled_epoch(const struct weir_publisher *pb);
struct weir_publisher;
struct weir__run *weir__publisher_run(const struct weir_publisher *pb);

#endif
