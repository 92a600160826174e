/* SPDX-License-Identifier: MIT
 *
 * The journal held against itself, and the sinks against the journal.
 */
#ifndef WEIR_RUN_AUDIT_H
#define WEIR_RUN_AUDIT_H

#include "run/look.h"

/* struct weir__counts as an array, as DECIDE records have it. */
enum weir__audit_count {
	WEIR__AUDIT_IN,
	WEIR__AUDIT_PASSED,
	WEIR__AUDIT_FILTERED,
	WEIR__AUDIT_REJECTED,
	WEIR__AUDIT_LATE,
	WEIR__AUDIT_DUPLICATE,
	WEIR__AUDIT_ABSORBED,
	WEIR__AUDIT_CREATED,
	WEIR__AUDIT_REPLAYED,
	WEIR__AUDIT_UNMADE,
	WEIR__AUDIT_COUNTS
};

struct weir__audit_stage {
	char *id;
	uint64_t epoch; /* the last in which it was there */
	uint64_t counts[WEIR__AUDIT_COUNTS]; /* up to that one */
	uint64_t first[WEIR__AUDIT_COUNTS];  /* before the first known one */
	uint64_t lost, lost_unknown;
	/* In the epoch being read: rows by port, by input; not aligned. */
	uint64_t facts;
	const char *ports, *inputs;
	uint32_t nports, ninputs;
};

struct weir__audit_part {
	size_t stage;
	int32_t no;
	int64_t from, next; /* at the first and the last known epoch */
};

struct weir__audit_sink {
	char *id;
	const struct weir__node *node; /* NULL: the pipeline lacks it */
	struct weir__publisher *publisher; /* NULL: it can't be looked at */
	uint64_t decided;   /* rows, in known epochs */
	uint64_t published; /* rows of them known to be published */
	uint64_t rejected;  /* rows of them that the other side would not take
			     * and later epochs have rejected */
	uint64_t before;    /* rows of epochs before it began anew: they are
			     * elsewhere, or were dropped */
	bool anew;	    /* it did so */
	bool dropped;	    /* with rows in open files, which no one counts */
	uint64_t pending;   /* epochs */
	uint64_t held_from; /* of the last epoch */
	bool broken;	    /* could not be looked at */
	struct weir_audit found;
};

struct weir__audit_reject {
	char *sink;
	uint64_t epoch, rows;
};

struct weir__audit {
	const struct weir__plan *pl;
	struct weir__look *lo;
	struct weir__run *ru; /* what publishers ask */
	uint64_t epochs, first, last;
	uint64_t rows; /* read from sources */
	uint64_t replayed; /* by stages, in the epoch being read */
	struct weir__shelf_list shelf;
	struct weir__audit_stage *stages;
	size_t nstages;
	struct weir__audit_part *parts;
	size_t nparts;
	struct weir__audit_sink *sinks;
	size_t nsinks;
	struct weir__audit_reject *rejects;
	size_t nrejects;
	struct weir__audit_problem {
		uint64_t epoch; /* 0: of no one epoch */
		char where[128];
		char text[600];
	} *problems; /* the first of them */
	size_t nproblems;
	uint64_t more; /* problems that are not in the list */
};

/* After weir__look().  Sinks are looked at, too, which may take servers.
 * WEIR_ERROR: the journal can't be read, memory is out.  What is wrong is in
 * the list. */
int weir__audit(struct weir__audit *au, const struct weir__plan *pl,
    struct weir__look *lo, struct weir_err *err);
void weir__audit_fini(struct weir__audit *au);

#endif
