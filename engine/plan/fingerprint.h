/* SPDX-License-Identifier: MIT
 *
 * What of a plan its kept state depends on, as text, and how two such texts
 * differ.
 */
#ifndef WEIR_PLAN_FINGERPRINT_H
#define WEIR_PLAN_FINGERPRINT_H

#include "plan/plan.h"

/* Appended; the same text for plans that can share their state. */
void weir__plan_fingerprint(struct weir__buf *bf, const struct weir__plan *pl);

/* What a sink is: its verb, and the options flagged STATE that are no target.
 * "kafka.write delivery exactly_once". */
void weir__plan_sink(struct weir__buf *bf, const struct weir__node *nd);

/* Is a stage in such a text? */
bool weir__plan_has(const char *text, const char *id, size_t n);

/* Take a stage out of such a text; nothing where it is not in it. */
void weir__plan_without(char *text, const char *id, size_t n);

enum weir__plan_how {
	WEIR__PLAN_SAME = 0,
	WEIR__PLAN_MIGRATED, /* its tables are carried over */
	WEIR__PLAN_CHANGED,
	WEIR__PLAN_GONE,
};

/* One stage of an older plan; texts point into the two that were compared and
 * are not NUL-ended. */
struct weir__plan_change {
	enum weir__plan_how how;
	const char *id;
	size_t id_len;
	const char *was, *is; /* CHANGED, MIGRATED: the first such line */
	size_t was_len, is_len;
};

/* The next stage of `was`, held against `is`, the text of `pl`.  *at is NULL at
 * first.  False when there is no more. */
bool weir__plan_changes(const char *was, const char *is,
    const struct weir__plan *pl, const char **at, struct weir__plan_change *ch);

#endif
