/* SPDX-License-Identifier: MIT
 *
 * What the journal tells of the runs before: where to go on, what is still to
 * be published, and, for those who ask (`weir audit`), every epoch it knows.
 *
 *	DECIDE record
 *	  now rows flags before watermark
 *	  offsets   (source, partition, next)...
 *	  ledger    (stage, counts, rows out by port, rows in by input)...
 *	  facts     run/save.h
 *	  state     extent, its CRC32C, base epoch
 *	  sinks     (id, flags, published, solid, rows, held from, data, keep, spool)...
 *	  taken     (sink, epoch) whose poison rows were rejected in this epoch
 *	  shelf     extent, rows, counts, dropped up to, (epoch, first, n)
 *	            replayed in this epoch: run/shelf.h
 *	REJECT	sink, (row, code, text)...
 *	OPEN	(sink that is born, what it is, target, place)..., what the
 *		kept state depends on, what the run was made of; first in every
 *		segment of the run
 *	CLOSE	(sink, published, solid)...
 *	FORGET	(kind, id): a sink or a stage that begins anew
 *	SHELF	counts, (epoch, clock, extent, rows, taken)...: all that is kept,
 *		before segments that told of it go
 *
 * Numbers and texts as in journal/coding.h.
 */
#ifndef WEIR_RUN_PAST_H
#define WEIR_RUN_PAST_H

#include "journal/segments.h"
#include "run/shelf.h"
#include "run/run.h"
#include "run/spool.h"

#define WEIR__DECIDE_LAST 1u	 /* of a run */
#define WEIR__DECIDE_FINISHED 2u /* all sources have come to their end */

#define WEIR__SINK_SPOOL 1u

/* A sink in a DECIDE record; everything points into the record. */
struct weir__rec_sink {
	const char *id; /* not NUL-ended */
	size_t id_len;
	unsigned flags;
	uint64_t published; /* durably known at that time */
	uint64_t solid;	    /* the last of those that has rows */
	uint64_t rows;
	uint64_t held_from;
	const void *data;
	size_t len;
	const void *keep;
	size_t keep_len;
	struct weir__spool_part spool;
};

struct weir__rec_stage {
	const char *id;
	size_t id_len;
	uint64_t counts[10]; /* as struct weir__counts, cumulative */
	uint64_t lost, lost_unknown;
};

/* A DECIDE record taken apart.  The lists are from weir__alloc. */
struct weir__rec_decide {
	uint64_t epoch;
	int64_t now;
	uint64_t rows;
	unsigned flags;
	uint64_t before; /* the epoch decided last before it */
	int64_t watermark;
	struct weir__rec_offset {
		const char *id;
		size_t id_len;
		int32_t partition;
		int64_t next;
	} *offsets;
	size_t noffsets;
	struct weir__rec_stage *stages;
	size_t nstages;
	const void *facts;
	size_t facts_len;
	struct weir__extent state;
	uint32_t state_crc;
	uint64_t base;
	struct weir__rec_sink *sinks;
	size_t nsinks;
	struct weir__rec_taken {
		const char *id;
		size_t id_len;
		uint64_t epoch;
	} *taken;
	size_t ntaken;
	struct weir__shelf_cut shelf;
};

/* 0, or -1: damaged (err says so) or memory. */
int weir__rec_decide(struct weir__rec_decide *to, const void *p, size_t n,
    struct weir_err *err);
void weir__rec_decide_fini(struct weir__rec_decide *rd);

/* Rows that a sink would not take, of one epoch. */
struct weir__rejects {
	struct weir__rejects *next;
	char *sink;
	uint64_t epoch;
	size_t n;
	struct weir_poison *rows; /* rising by row */
	struct weir__spool_part spool; /* of that epoch */
	bool taken;
};
struct weir__rejects *weir__rejects_new(const char *sink, uint64_t epoch,
    const struct weir__spool_part *spool, const struct weir_poison *list,
    size_t n);
void weir__rejects_free(struct weir__rejects *re);
void weir__rejects_drop(struct weir__rejects *list); /* all of them */
/* As a REJECT record. */
void weir__rejects_put(struct weir__buf *bf, const char *sink,
    const struct weir_poison *list, size_t n);

struct weir__past_sink {
	char *id;
	bool born;
	char *what;   /* "csv.write"; or NULL, as the next two */
	char *target; /* as it was written */
	char *place;  /* an absolute path, "" none */
	uint64_t held_from; /* of the last decided epoch */
	uint64_t since;	    /* epochs up to it were another sink's: it began
			     * anew */
	uint64_t published; /* at least so far */
	uint64_t solid;	    /* the last of those that has rows */
	void *keep;	    /* of the last decided epoch */
	size_t keep_len;
};

/* A sink's part of an epoch that may still have to be published. */
struct weir__past_intent {
	struct weir__past_intent *next;
	size_t sink; /* in `sinks` */
	uint64_t epoch;
	uint64_t rows, held_from;
	void *data;
	size_t len;
	struct weir__spool_part spool;
};

struct weir__past_state {
	uint64_t epoch;
	struct weir__extent extent;
	uint32_t crc;
};

/* What a stage kept up to an epoch, and is not to be read any more. */
struct weir__past_forgot {
	struct weir__past_forgot *next;
	char *stage;
	uint64_t epoch;
};

enum weir__forget {
	WEIR__FORGET_SINK = 1,
	WEIR__FORGET_STAGE,
};

struct weir__past {
	char *plan;   /* what the state depends on (plan/fingerprint.h); NULL:
		       * nothing is decided */
	char *opened; /* the same, of the last run, which may have decided
		       * nothing; NULL: none */
	bool fresh;   /* nothing was decided since */
	char *made;   /* what the last run was made of (plan/parts.h), or NULL */
	struct weir__past_forgot *forgot;
	uint64_t epoch; /* the last decided, 0 none */
	uint64_t fence; /* the greatest of a segment */
	unsigned flags; /* of the last decided */
	int64_t now;
	char *facts;
	size_t facts_len;
	uint64_t base;
	struct weir__past_state *states; /* epochs [base, epoch] */
	size_t nstates;
	struct weir__past_sink *sinks;
	size_t nsinks;
	struct weir__past_intent *intents, **intents_end; /* by epoch */
	struct weir__rejects *rejects; /* those not taken yet */
	struct weir__rejects *rejected; /* those, when the run has them */
	struct weir__shelf_list shelf;
	struct weir__past_segment {
		uint64_t no, epoch; /* its first */
	} *segments;
	size_t nsegments;
};

void weir__past_init(struct weir__past *pa);
void weir__past_fini(struct weir__past *pa);
/* A weir__record_fn; arg is the past. */
int weir__past_take(void *arg, const struct weir__record *re,
    struct weir_err *err);
/* NULL when memory is out. */
struct weir__past_sink *weir__past_sink_get(struct weir__past *pa,
    const char *id, size_t n);
/* past_open.c: OPEN and FORGET. */
int weir__past_open(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err);
int weir__past_forget(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err);
void weir__past_open_fini(struct weir__past *pa);
/* Is what a stage kept in this epoch not to be read? */
bool weir__past_forgot(const struct weir__past *pa, const char *id, size_t n,
    uint64_t epoch);
/* Epochs of a sink that are decided and not known to be published; *rows is
 * what they have in all, *from their first. */
uint64_t weir__past_pending(const struct weir__past *pa,
    const struct weir__past_sink *si, uint64_t *rows, uint64_t *from);
/* After the last record: what is published everywhere is let go. */
void weir__past_settle(struct weir__past *pa);
/* NULL: the journal does not know it. */
struct weir__past_sink *weir__past_sink(struct weir__past *pa, const char *id);

#endif
