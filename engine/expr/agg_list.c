/* SPDX-License-Identifier: MIT
 *
 * The table of built-in aggregates.
 */
#include "expr/agg.h"

const struct weir_aggregate *const weir__agg_builtin[] = {
	&weir__agg_count,
	&weir__agg_sum,
	&weir__agg_avg,
	&weir__agg_min,
	&weir__agg_max,
	&weir__agg_first,
	&weir__agg_last,
	&weir__agg_any,
	&weir__agg_all,
	&weir__agg_stddev,
	&weir__agg_stddev_pop,
	&weir__agg_variance,
	&weir__agg_var_pop,
	&weir__agg_distinct,
	&weir__agg_approx_distinct,
	NULL,
};
