/* SPDX-License-Identifier: MIT
 *
 * Lists of aggregates: what the binder and the run's half share.
 *
 *	{ n: count(), mean: sum(a) / count(), most: max(a) }
 *
 *	exprs	a				row expressions, each once
 *	items	count(), sum(a), max(a)		calls, each once; a slot holds
 *						the states of all
 *	outer	#0, #1 / #0, #2			expressions over their results
 */
#ifndef WEIR_EXPR_AGGS_H
#define WEIR_EXPR_AGGS_H

#include "expr/bind.h"

/* A row expression.  Where it can fail and the call has a filter, it is only
 * asked for rows that the filter lets through. */
struct weir__agg_expr {
	struct weir_expr *ex;
	const char *text;
	int32_t within; /* the filter among the exprs, or -1 */
	struct weir__agg_expr *next;
};

struct weir__agg_item {
	const struct weir_aggregate *ag;
	const void *bound;
	const struct weir_type *type; /* of the result */
	const struct weir_type *const *types;
	uint32_t *args; /* numbers of exprs */
	uint32_t nargs;
	int32_t where; /* the filter's number, or -1 */
	uint32_t flags;
	size_t size;
	size_t align;
	size_t offset;
	int32_t same; /* whose state this one reads (sum and avg), or -1 */
	const char *text;
	struct weir__agg_item *next;
};

/* A list being bound, then bound. */
struct weir__agg_scope {
	struct weir__agg_expr *exprs;
	uint32_t nexprs;
	struct weir__agg_item *items;
	uint32_t nitems;
};

struct weir_aggs {
	const struct weir_host *host;
	uint32_t n;
	struct weir_field *fields;
	struct weir_expr **outer;
	uint32_t nexprs;
	const struct weir__agg_expr **exprs;
	uint32_t nitems;
	const struct weir__agg_item **items;
	bool checked; /* some update may overflow */
	size_t slot;
	size_t align;
};

/* A call of an aggregate, where one may stand; the node reads its result. */
struct weir_expr *weir__bind_aggregate(struct weir__binder *bd,
    const struct weir_aggregate *ag, const struct weir__ast_expr *as);

#endif
