/* SPDX-License-Identifier: MIT
 *
 * Calls of functions, bound.
 */
#ifndef WEIR_EXPR_CALL_H
#define WEIR_EXPR_CALL_H

#include "expr/bind.h"
#include "expr/registry.h"

struct weir__call {
	const struct weir_function *fn;
	const void *bound;
	const struct weir_type *const *types;
};

/* For functions and aggregates alike: what their bind sees; false when memory
 * is out. */
bool weir__fn_bind_init(struct weir__binder *bd, struct weir_fn_bind *fb,
    const struct weir__match *mt);
/* bind failed: say so; NULL. */
void *weir__fn_bind_failed(struct weir__binder *bd,
    const struct weir_fn_bind *fb, const struct weir__match *mt,
    struct weir_span span, const struct weir_err *err);

/* The first signature that fits. */
bool weir__call_match(struct weir__binder *bd, const char *const *signatures,
    struct weir_expr *const *args, const char *const *names, uint32_t nargs,
    struct weir__match *mt);
/* None fits: say so; NULL. */
void *weir__call_refused(struct weir__binder *bd, const char *name,
    const char *const *signatures, struct weir_expr *const *args,
    uint32_t nargs, struct weir_span span);

/* Why row `row` of a call fails, for functions that know it row by row. */
void weir__call_reason(struct weir_call *ca, uint32_t row, const char *code,
    const char *text);

#endif
