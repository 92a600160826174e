/* SPDX-License-Identifier: MIT
 *
 * Comparisons over columns.
 *
 * All six come down to "equal" and "less": a > b is b < a, and a <= b is
 * not b < a.  Floats are in total order: NaN equals itself and is above all.
 */
#ifndef WEIR_EXPR_CMP_H
#define WEIR_EXPR_CMP_H

#include "expr/node.h"

struct weir__cmp_run {
	const struct weir__vec *a;
	const struct weir__vec *b;
	uint32_t n;
	uint64_t *bits; /* out */
	const uint64_t *live;
	const struct weir__cmp *cmp;
};

typedef void weir__cmp_kernel(const struct weir__cmp_run *r);

struct weir__cmp {
	weir__cmp_kernel *run;
	bool less;   /* else equal */
	bool swap;   /* b with a */
	bool negate; /* of the outcome */
	uint8_t wide_a, wide_b;
	uint8_t as, bs; /* decimals of different scales */
	weir_i128 ka, kb; /* what brings them to one; ka 0: too long */
	const struct weir_type *type; /* nested */
};

weir__node_eval weir__eval_cmp;

/* How two operands of (now) equal kind are compared, `less` or equal; decimals
 * may differ in scale and be integers.  Fills run and the decimals' part. */
void weir__cmp_choose(struct weir__cmp *cmp, const struct weir_type *a,
    const struct weir_type *b);

/* -1, 0, 1; exact. */
int weir__cmp_i64_f64(int64_t i, double f);

static inline bool
weir__f64_less(double a, double b)
{
	return (a < b) | ((b != b) & (a == a));
}

static inline bool
weir__f64_equal(double a, double b)
{
	return (a == b) | ((a != a) & (b != b));
}

#endif
