/* SPDX-License-Identifier: MIT
 *
 * What a plan was made of, as text: everything that may make a difference,
 * though it does not make its state another's.
 *
 *	weir <tab> 0.1.0
 *	pipeline <tab> x.weir <tab> hash
 *	param <tab> name <tab> hash; of a secret no hash
 *	plugin <tab> kafka <tab> 0.1.0 (ABI 1.0) <tab> hash of the file
 *	zone <tab> Europe/Berlin <tab> version of the data <tab> hash
 *	file <tab> path <tab> hash
 */
#ifndef WEIR_PLAN_PARTS_H
#define WEIR_PLAN_PARTS_H

#include "plan/plan.h"

/* Appended.  Reads plugins and files. */
void weir__parts(struct weir__buf *bf, const struct weir__plan *pl);

struct weir__parts_change {
	char text[400]; /* "plugin kafka was 0.3.0, is 0.4.0" */
	bool zone;	/* times may be other ones */
};

/* The next thing of `is` that was another in `was`.  *at is NULL at first.
 * False when there is no more. */
bool weir__parts_changed(const char *was, const char *is, const char **at,
    struct weir__parts_change *ch);

/* The next thing, for people: "plugin kafka 0.3.0"; *n bytes of kind, name and
 * the rest, each without the tabs around it.  False at the end. */
struct weir__part_line {
	const char *kind, *name, *version, *hash;
	int kind_len, name_len, version_len, hash_len;
};
bool weir__parts_next(const char **at, const char *text,
    struct weir__part_line *li);

#endif
