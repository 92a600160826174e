/* SPDX-License-Identifier: MIT
 *
 * What the binding of an option's value to its place in the config shares.
 */
#ifndef WEIR_PLAN_VALUE_H
#define WEIR_PLAN_VALUE_H

#include "plan/build.h"

/* Only value.c and value_row.c include this. */
#define FAIL(so, span, code, ...)                                             \
	do {                                                                  \
		weir__errors_fail((so)->bu->es, span, code, __VA_ARGS__);     \
		return -1;                                                    \
	} while (0)

/* What messages call it. */
#define NOUN(so) ((so)->noun != NULL ? (so)->noun : "option")

/* Place for a list of n items in the config; NULL: out of memory. */
void *weir__value_list(struct weir__slot *so, size_t n, size_t size);

/* What was written as a list of expressions: one value counts as one, and a
 * variadic option takes all that is left. */
struct weir__ast_expr **weir__value_items(struct weir__slot *so,
    struct weir__ast_expr **one, size_t *n);

/* An option of type EXPR, EXPRS, COLUMN or COLUMNS: value_row.c. */
int weir__value_row(struct weir__slot *so, struct weir__ast_expr *as);

#endif
