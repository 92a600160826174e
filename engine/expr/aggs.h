/* SPDX-License-Identifier: MIT
 *
 * Lists of aggregates: what the binder and the run's half share.
 */
#ifndef WEIR_EXPR_AGGS_H
#define WEIR_EXPR_AGGS_H

#include "expr/bind.h"

/* A call of an aggregate, where one may stand; the node reads its result. */
struct weir_expr *weir__bind_aggregate(struct weir__binder *bd,
    const struct weir_aggregate *ag, const struct weir__ast_expr *as);

#endif
