/* SPDX-License-Identifier: MIT
 *
 * Rows that a sink would not take, found when their epoch was published: in a
 * later epoch the worker rejects them.  Worker's thread.
 */
#ifndef WEIR_RUN_POISON_H
#define WEIR_RUN_POISON_H

#include "run/past.h"

/* Are there any? */
bool weir__poison_waits(struct weir__run *ru);

/* They were passed on in their epoch; in this one they are rejected, with what
 * the spool has of them.  *taken is for the decision. */
int weir__poison_take(struct weir__run *ru, struct weir__rejects **taken,
    struct weir_err *err);

/* The epoch has failed: a start behind the journal has them again. */
void weir__poison_drop(struct weir__run *ru, struct weir__rejects *taken);

#endif
