/* SPDX-License-Identifier: MIT
 *
 * The built-in aggregates, and what they share.
 */
#ifndef WEIR_EXPR_AGG_H
#define WEIR_EXPR_AGG_H

#include "weir/plugin.h"

extern const struct weir_aggregate *const weir__agg_builtin[]; /* ends NULL */

extern const struct weir_aggregate weir__agg_count, weir__agg_sum,
    weir__agg_avg, weir__agg_min, weir__agg_max, weir__agg_first,
    weir__agg_last, weir__agg_any, weir__agg_all, weir__agg_stddev,
    weir__agg_stddev_pop, weir__agg_variance, weir__agg_var_pop,
    weir__agg_distinct, weir__agg_approx_distinct;

/* For each update that counts: `row` is its row. */
#define AGG_EACH(ca, i, row)                                                  \
	for ((i) = 0; (i) < (ca)->n; (i)++)                                   \
		if ((row) = (ca)->rows != NULL ? (ca)->rows[i] : (i),         \
		    (ca)->skip == NULL || !weir_bit((ca)->skip, row))

#define AGG_SLOT(ca, i) ((void *)((char *)(ca)->slots[i] + (ca)->offset))

/* A value as a slice, the same bytes for the same value: small ones stand in
 * `room`; and its hash, which is never 0. */
struct weir_str weir__agg_key(const struct weir_type *ty,
    const struct weir_column *co, uint32_t row, char room[16]);
uint64_t weir__agg_hash(const struct weir_str *key);

/* A number of any type as float64. */
double weir__agg_f64(const struct weir_type *ty, const struct weir_column *co,
    uint32_t row);

/* An integer, decimal or duration, unscaled. */
static inline weir_i128
weir__agg_i128(const struct weir_type *ty, const struct weir_column *co,
    uint32_t row)
{
	switch (ty->kind) {
	case WEIR_INT32:
		return co->u.i32[row];
	case WEIR_DECIMAL:
		return weir_decimal_wide(ty) ? co->u.i128[row] :
					       co->u.i64[row];
	default:
		return co->u.i64[row];
	}
}

#endif
