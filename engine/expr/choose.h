/* SPDX-License-Identifier: MIT
 *
 * Boolean logic, and putting a column together from rows of several others.
 */
#ifndef WEIR_EXPR_CHOOSE_H
#define WEIR_EXPR_CHOOSE_H

#include "expr/node.h"

/* A column being put together.  Rows are taken once; those left at the end are
 * rows that do not count. */
struct weir__mix {
	struct weir__cx *cx;
	const struct weir_type *type;
	struct weir__vec *out;
	uint64_t *left; /* rows not yet taken */
	/* Nested types: which part each row comes of, put together last. */
	uint32_t *part;
	struct weir__vec *parts;
	uint32_t nparts;
};

/* At most `parts` times something will be taken. */
int weir__mix_init(struct weir__mix *mx, struct weir__cx *cx,
    const struct weir_type *ty, const uint64_t *rows, struct weir__vec *out,
    uint32_t parts);
/* Take the rows of the mask from v (NULL: they are null), with its errors. */
int weir__mix_take(struct weir__mix *mx, const struct weir__vec *v,
    const uint64_t *mask);
int weir__mix_done(struct weir__mix *mx);

/* to[i] = parts[part[i]][row[i]], n rows of any type; part WEIR__MIX_NULL is
 * null.  Storage of `to` is made. */
#define WEIR__MIX_NULL UINT32_MAX
int weir__mix_columns(struct weir__arena *ar, struct weir_column *to,
    const struct weir_type *ty, const struct weir_column *const *parts,
    const uint32_t *part, const uint32_t *row, uint32_t n);

weir__node_eval weir__eval_and, weir__eval_or, weir__eval_not,
    weir__eval_is_null, weir__eval_case, weir__eval_coalesce;

#endif
