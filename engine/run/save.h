/* SPDX-License-Identifier: MIT
 *
 * A state tree as bytes, at the ends of epochs, and back.
 *
 *	record of an epoch   what of the keyed state has changed since the
 *	                     last one, and a stretch of what has not: the sweep
 *	facts                the rest: watermarks, partitions, ledger; whole
 *
 * The sweep goes through all entries in turn, in each epoch by as many bytes
 * as have changed (or some least number).  When it has been round, nothing
 * before the epoch in which it set out is needed any more: that one is `base`.
 * So the records from base on are a small multiple of the live state, no one
 * has to read them back to compact them, and reading them is restoring.
 *
 * Worker's thread.
 */
#ifndef WEIR_RUN_SAVE_H
#define WEIR_RUN_SAVE_H

#include "base/buf.h"
#include "plan/shape.h"
#include "run/tree.h"

#define WEIR__SWEEP_LEAST 65536u /* bytes an epoch */

/* At the cut of `epoch`, behind its last row: append its record.  *base: the
 * records of epochs [base, epoch] restore the tree as it is now.  Epochs must
 * rise, by one or more; a record may be empty.  0, or -1 when memory is out:
 * the tree has then to be thrown away. */
int weir__tree_save(struct weir__tree *tr, uint64_t epoch,
    struct weir__buf *to, uint64_t *base);

/* How much the sweep writes at least, in each epoch. */
void weir__tree_sweep(struct weir__tree *tr, size_t least);

/* Into a tree just made: the records of epochs [base, D], in order, the first
 * call's epoch being the base.  What is kept for stages and tables that are
 * gone is passed over; new ones stay empty.  A table whose slots or keys have
 * another layout is an error, and so are damaged bytes, after either of which
 * the tree is to be thrown away. */
int weir__tree_load(struct weir__tree *tr, uint64_t epoch, const void *p,
    size_t n, struct weir_err *err);

/* Take what was forgotten out of the record of an epoch, of *n bytes. */
struct weir__past;
void weir__sections_forget(const struct weir__past *pa, uint64_t epoch, char *p,
    size_t *n);

/* A part of a record: what one of its calls wrote for a table of a stage. */
struct weir__section {
	struct weir__shape shape; /* of the table that wrote it */
	uint32_t table;
	const char *id; /* of the stage; not NUL-ended */
	size_t id_len;
	const char *part; /* for weir__state_carry() */
	size_t len;
};

/* The next section of a record of n bytes; *at is NULL at first.  WEIR_OK,
 * WEIR_END, WEIR_ERROR: damaged. */
int weir__section_next(struct weir__section *se, const char **at, const void *p,
    size_t n);

/* Watermarks, by stage: each partition's greatest event time, what the stream
 * stood at, how idleness moves it; sources' partitions with positions and
 * notes; the ledger's counts.  Some 200 bytes a stage and 60 a partition.
 * 0, or -1 when memory is out. */
int weir__tree_facts_save(const struct weir__tree *tr, struct weir__buf *to);

/* Into a tree just made, before its sources are opened.  Stages are found by
 * their ids; those that are gone are passed over, new ones stay as they are.
 * A partition that stood at its end has to be found there again before it
 * counts as idle: rows may have come while no one looked. */
int weir__tree_facts_load(struct weir__tree *tr, const void *p, size_t n,
    struct weir_err *err);

/* A stage in the facts, without a tree.  Rows by port and by input are not
 * aligned; they are as many as said. */
struct weir__facts_stage {
	const char *id; /* not NUL-ended */
	size_t id_len;
	struct weir__counts n;
	int64_t watermark; /* INT64_MIN: none yet */
	uint32_t nports, ninputs;
	const char *ports, *inputs; /* uint64_t each */
	uint32_t nparts;
	const char *parts, *end; /* for weir__facts_part() */
};
struct weir__facts_part {
	int32_t no;
	int64_t next;
	enum weir_partition_state state;
	const char *name; /* not NUL-ended; "" none */
	size_t name_len;
};

/* What a stage knows of time and of its partitions goes from facts of *n bytes;
 * what it counted stays. */
void weir__facts_blank(char *p, size_t *n, const char *id, size_t id_len);

/* The next stage of facts of n bytes; *at is NULL at first.  WEIR_OK, WEIR_END,
 * WEIR_ERROR: damaged. */
int weir__facts_next(struct weir__facts_stage *fs, const char **at,
    const void *p, size_t n);
/* The next of its partitions: call it `nparts` times.  WEIR_OK, WEIR_ERROR. */
int weir__facts_part(struct weir__facts_part *fp,
    struct weir__facts_stage *fs);

#endif
