/* SPDX-License-Identifier: MIT
 *
 * What the parts of the binder share.
 *
 * Every function that makes a node answers NULL after it added an error (or
 * when memory is out); a NULL operand makes its parent NULL without a word, so
 * that one mistake is told once and everything beside it is still checked.
 */
#ifndef WEIR_EXPR_BIND_H
#define WEIR_EXPR_BIND_H

#include "expr/choose.h"

struct weir__agg_scope;

struct weir__binder {
	struct weir__scope *sc;
	struct weir__agg_scope *aggs; /* outside of an aggregate's call: calls
				       * of aggregates are wanted */
	unsigned depth;
	bool said;  /* the conversion that failed has been explained */
	bool quiet; /* only trying: no errors */
	bool in_secret; /* inside of secret(...) */
};

/* ---- bind.c */

/* `want` is only a wish (for env()): see weir__convert. */
struct weir_expr *weir__bind(struct weir__binder *bd,
    const struct weir__ast_expr *as, const struct weir_type *want);

/* A whole expression, checked and named. */
struct weir_expr *weir__bind_root(struct weir__binder *bd,
    const struct weir__ast_expr *as, const struct weir_type *want);

/* An error; always answers NULL. */
void *weir__bind_fail(struct weir__binder *bd, struct weir_span span,
    const char *code, const char *fmt, ...) WEIR_PRINTF(4, 5);
void weir__bind_hint(struct weir__binder *bd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void *weir__bind_nomem(struct weir__binder *bd);
/* "decimal(12, 2)", in the scope's arena; never NULL. */
const char *weir__type_text(struct weir__binder *bd,
    const struct weir_type *ty);

/* A node with room for its operands; type and eval may still be NULL. */
struct weir_expr *weir__node(struct weir__binder *bd, struct weir_span span,
    const struct weir_type *ty, weir__node_eval *eval, uint32_t nargs);
/* All operands are there: take their flags over, compute what is constant. */
struct weir_expr *weir__node_done(struct weir__binder *bd,
    struct weir_expr *ex);

/* ---- const.c */

struct weir_expr *weir__const_node(struct weir__binder *bd,
    struct weir_span span, const struct weir_value *v,
    enum weir__literal literal);
struct weir_expr *weir__const_literal(struct weir__binder *bd,
    const struct weir__ast_expr *as);
/* What the node is on every row, where it is constant; else ex itself. */
struct weir_expr *weir__fold(struct weir__binder *bd, struct weir_expr *ex);
extern const struct weir_type weir__null_type;

static inline bool
weir__is_const(const struct weir_expr *ex)
{
	return ex->value != NULL && !ex->unknown;
}

/* ---- convert.c */

/* ex as type `to` where that loses nothing: literals take the type, integers
 * and decimals widen, null is of every type.  NULL where it can't be, and then
 * no error is added unless bd->said. */
struct weir_expr *weir__convert(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to);
/* The same with the error: "`what` must be T, this is U". */
struct weir_expr *weir__convert_must(struct weir__binder *bd,
    struct weir_expr *ex, const struct weir_type *to, const char *what);
/* The type that both go to without loss; NULL: there is none. */
const struct weir_type *weir__type_common(struct weir__binder *bd,
    const struct weir_expr *a, const struct weir_expr *b);
const struct weir_type *weir__decimal_of(struct weir__binder *bd,
    const struct weir_expr *ex); /* integers as decimals */

static inline bool
weir__is_int(const struct weir_type *ty)
{
	return ty->kind == WEIR_INT32 || ty->kind == WEIR_INT64;
}

static inline bool
weir__is_float(const struct weir_type *ty)
{
	return ty->kind == WEIR_FLOAT32 || ty->kind == WEIR_FLOAT64;
}

static inline bool
weir__is_number(const struct weir_type *ty)
{
	return weir__is_int(ty) || weir__is_float(ty) ||
	    ty->kind == WEIR_DECIMAL;
}

/* ---- cast.c */

/* Any cast there is, whether it may fail or not; NULL without an error where
 * there is none.  format as in struct weir_field. */
struct weir_expr *weir__cast_node(struct weir__binder *bd,
    struct weir_expr *ex, const struct weir_type *to, const char *format,
    struct weir_span span);

/* The same values under another type that is stored alike. */
struct weir_expr *weir__retype(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to);

/* Say why not; NULL. */
struct weir_expr *weir__cast_refused(struct weir__binder *bd,
    const struct weir_expr *ex, const struct weir_type *to,
    struct weir_span span);

/* ---- the forms of the language, one function each */

struct weir_expr *weir__bind_arith(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_neg(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_compare(struct weir__binder *bd,
    const struct weir__ast_expr *as);
/* a op b of bound operands; op is WEIR__E_EQ to WEIR__E_GE. */
struct weir_expr *weir__compare_node(struct weir__binder *bd,
    enum weir__ast_kind op, struct weir_expr *a, struct weir_expr *b,
    struct weir_span span, struct weir_span opspan);
struct weir_expr *weir__bind_between(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_logic(struct weir__binder *bd,
    const struct weir__ast_expr *as);
/* and, or, not (b is NULL) of bools. */
struct weir_expr *weir__logic_node(struct weir__binder *bd,
    enum weir__ast_kind op, struct weir_expr *a, struct weir_expr *b,
    struct weir_span span);
/* args are there: condition, value, ..., otherwise. */
struct weir_expr *weir__case_node(struct weir__binder *bd,
    struct weir_expr *ex);
struct weir_expr *weir__bind_if(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_case(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_coalesce(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__coalesce_node(struct weir__binder *bd,
    struct weir_expr *a, struct weir_expr *b, struct weir_span span);
struct weir_expr *weir__bind_in(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_like(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_template(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_call(struct weir__binder *bd,
    const struct weir__ast_expr *as, const struct weir_type *want);
struct weir_expr *weir__bind_list(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_record(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_name(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_field(struct weir__binder *bd,
    const struct weir__ast_expr *as);
struct weir_expr *weir__bind_index(struct weir__binder *bd,
    const struct weir__ast_expr *as);

/* `x` to be read several times: share() gives what stands for it, and
 * share_end() wraps the whole. */
struct weir__shared {
	struct weir_expr *value;
	struct weir_expr *ref;
};
bool weir__share(struct weir__binder *bd, struct weir__shared *sh,
    struct weir_expr *x);
struct weir_expr *weir__share_end(struct weir__binder *bd,
    struct weir__shared *sh, struct weir_expr *body);

#endif
