/* SPDX-License-Identifier: MIT
 *
 * How a run begins in the journal: what it finds there fits its plan, and what
 * it says of itself.
 */
#ifndef WEIR_RUN_OPENING_H
#define WEIR_RUN_OPENING_H

#include "run/past.h"

struct weir__journal;

/* Hold the plan against ru->past.  WEIR_OK: the run can go on; sinks that write
 * elsewhere now are forgotten, in the journal too. */
int weir__opening_check(struct weir__journal *jo, struct weir_err *err);
/* The OPEN record, once the publishers are there. */
int weir__opening_put(struct weir__journal *jo, struct weir_err *err);

/* What the journal says of where a sink writes: "" for one in the state
 * directory, which goes where that goes; and its name in a sentence. */
const char *weir__sink_target(const struct weir__node *nd);
const char *weir__sink_place(const struct weir__node *nd);
const char *weir__sink_name(const char *target);

/* Does the sink of the journal's write to another place than the plan's? */
bool weir__sink_moved(const struct weir__past_sink *si,
    const struct weir__node *nd);
/* Has it epochs with rows that are not known to be published?  *rows of them,
 * less those in open files; the first is *from. */
bool weir__sink_owes(const struct weir__past *pa,
    const struct weir__past_sink *si, uint64_t *rows, uint64_t *from);

/* Append a FORGET record, and forget. */
int weir__forget_put(struct weir__segments *sg, struct weir__past *pa,
    enum weir__forget kind, const char *id, struct weir_err *err);

#endif
