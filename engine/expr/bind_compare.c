/* SPDX-License-Identifier: MIT
 *
 * Comparisons and between: bringing both sides to types that compare exactly.
 */
#include "expr/bind.h"
#include "expr/cmp.h"

static const char *
op_text(enum weir__ast_kind op)
{
	switch (op) {
	case WEIR__E_EQ:
		return "==";
	case WEIR__E_NE:
		return "!=";
	case WEIR__E_LT:
		return "<";
	case WEIR__E_LE:
		return "<=";
	case WEIR__E_GT:
		return ">";
	default:
		return ">=";
	}
}

static bool
exact_float(const struct weir_expr *ex)
{
	return ex->literal == WEIR__LIT_INT && ex->type->kind == WEIR_INT64 &&
	    ex->value->u.i >= -(INT64_C(1) << 53) &&
	    ex->value->u.i <= INT64_C(1) << 53;
}

/* A literal as the decimal type beside it, where no digit is lost. */
static struct weir_expr *
try_decimal(struct weir__binder *bd, struct weir_expr *lit,
    const struct weir_type *to)
{
	struct weir_value v = *lit->value;
	unsigned s = v.type->kind == WEIR_DECIMAL ? v.type->scale : 0;
	weir_i128 d = v.type->kind == WEIR_DECIMAL ? v.u.d : v.u.i;

	for (; s > to->scale; s--, d /= 10)
		if (d % 10 != 0)
			return lit;
	for (; s < to->scale; s++)
		if (__builtin_mul_overflow(d, (weir_i128)10, &d))
			return lit;
	if (!weir_decimal_wide(to) && (d > INT64_MAX || d < INT64_MIN))
		return lit;
	v.type = to;
	v.u.d = d;
	return weir__const_node(bd, lit->span, &v, WEIR__LIT_NONE);
}

static bool
is_number_literal(const struct weir_expr *ex)
{
	return ex->literal == WEIR__LIT_INT || ex->literal == WEIR__LIT_DECIMAL;
}

/* Both are numbers: make them int64, float64, or decimals as they are. */
static bool
unify_numbers(struct weir__binder *bd, struct weir_expr **a,
    struct weir_expr **b)
{
	const struct weir_type *f64 = weir__type_scalar(WEIR_FLOAT64);
	const struct weir_type *i64 = weir__type_scalar(WEIR_INT64);
	bool fa = weir__is_float((*a)->type), fb = weir__is_float((*b)->type);
	bool da = (*a)->type->kind == WEIR_DECIMAL;
	bool db = (*b)->type->kind == WEIR_DECIMAL;

	if (fa || fb) {
		if (fa || da || exact_float(*a))
			*a = weir__convert(bd, *a, f64);
		else
			*a = weir__convert(bd, *a, i64);
		if (fb || db || exact_float(*b))
			*b = weir__convert(bd, *b, f64);
		else
			*b = weir__convert(bd, *b, i64);
		return *a != NULL && *b != NULL;
	}
	if (da && is_number_literal(*b))
		*b = try_decimal(bd, *b, (*a)->type);
	else if (db && is_number_literal(*a))
		*a = try_decimal(bd, *a, (*b)->type);
	else if ((*a)->type->kind != (*b)->type->kind || da || db) {
		const struct weir_type *ty = weir__type_common(bd, *a, *b);

		if (ty != NULL && ty->kind == WEIR_INT32) {
			*a = weir__convert(bd, *a, ty);
			*b = weir__convert(bd, *b, ty);
			return *a != NULL && *b != NULL;
		}
	}
	if (*a == NULL || *b == NULL)
		return false;
	if ((*a)->type->kind == WEIR_INT32 && (*b)->type->kind == WEIR_INT32)
		return true;
	if ((*a)->type->kind == WEIR_INT32)
		*a = weir__convert(bd, *a, i64);
	if ((*b)->type->kind == WEIR_INT32)
		*b = weir__convert(bd, *b, i64);
	return *a != NULL && *b != NULL;
}

static void
refuse(struct weir__binder *bd, enum weir__ast_kind op,
    const struct weir_expr *a, const struct weir_expr *b,
    struct weir_span span)
{
	const struct weir_type *x = a->type, *y = b->type;

	weir__bind_fail(bd, span, "type.compare", "no `%s` for %s and %s",
	    op_text(op), weir__type_text(bd, x), weir__type_text(bd, y));
	if (x->kind == WEIR_JSON || y->kind == WEIR_JSON)
		weir__bind_hint(bd, "compare cast(... as string), or a value "
		    "taken out of the json");
	else if (x->kind == WEIR_STRING || y->kind == WEIR_STRING)
		weir__bind_hint(bd, "cast(... as %s)", weir__type_text(bd,
		    x->kind == WEIR_STRING ? y : x));
}

/* Both sides comparable; false after an error. */
static bool
unify(struct weir__binder *bd, enum weir__ast_kind op, struct weir_expr **a,
    struct weir_expr **b, struct weir_span span)
{
	bool order = op != WEIR__E_EQ && op != WEIR__E_NE;
	const struct weir_type *ty;

	if (weir__is_number((*a)->type) && weir__is_number((*b)->type))
		return unify_numbers(bd, a, b);
	if ((*a)->type->kind == WEIR_DATE && (*b)->type->kind == WEIR_TIMESTAMP)
		*a = weir__cast_node(bd, *a, (*b)->type, NULL, (*a)->span);
	else if ((*b)->type->kind == WEIR_DATE &&
	    (*a)->type->kind == WEIR_TIMESTAMP)
		*b = weir__cast_node(bd, *b, (*a)->type, NULL, (*b)->span);
	if (*a == NULL || *b == NULL)
		return false;
	ty = weir__type_common(bd, *a, *b);
	if (ty == NULL || ty->kind == WEIR_JSON || ty->kind == WEIR_NULL ||
	    (order && weir_type_nested(ty))) {
		refuse(bd, op, *a, *b, span);
		return false;
	}
	*a = weir__convert_must(bd, *a, ty, NULL);
	*b = weir__convert_must(bd, *b, ty, NULL);
	return *a != NULL && *b != NULL;
}

struct weir_expr *
weir__compare_node(struct weir__binder *bd, enum weir__ast_kind op,
    struct weir_expr *a, struct weir_expr *b, struct weir_span span,
    struct weir_span opspan)
{
	struct weir__cmp *cmp = weir__arena_zalloc(bd->sc->ar, sizeof *cmp);
	struct weir_expr *ex;

	if (cmp == NULL)
		return weir__bind_nomem(bd);
	if (!unify(bd, op, &a, &b, opspan))
		return NULL;
	ex = weir__node(bd, span, weir__type_scalar(WEIR_BOOL), weir__eval_cmp,
	    2);
	if (ex == NULL)
		return NULL;
	cmp->less = op != WEIR__E_EQ && op != WEIR__E_NE;
	cmp->swap = op == WEIR__E_GT || op == WEIR__E_LE;
	cmp->negate = op == WEIR__E_NE || op == WEIR__E_LE || op == WEIR__E_GE;
	weir__cmp_choose(cmp, cmp->swap ? b->type : a->type,
	    cmp->swap ? a->type : b->type);
	ex->u.cmp = cmp;
	ex->args[0] = a;
	ex->args[1] = b;
	ex->required = a->required && b->required;
	return weir__node_done(bd, ex);
}

struct weir_expr *
weir__bind_compare(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *a = weir__bind(bd, as->u.bin.a, NULL);
	struct weir_expr *b = weir__bind(bd, as->u.bin.b, NULL);

	if (a == NULL || b == NULL)
		return NULL;
	if (a->literal == WEIR__LIT_NULL || b->literal == WEIR__LIT_NULL) {
		weir__bind_fail(bd, as->span, "type.null",
		    "a comparison with null is never true");
		weir__bind_hint(bd, "write `is %snull`",
		    as->kind == WEIR__E_NE ? "not " : "");
		return NULL;
	}
	return weir__compare_node(bd, as->kind, a, b, as->span, as->op);
}

struct weir_expr *
weir__bind_between(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *x = weir__bind(bd, as->u.cond.x, NULL);
	struct weir_expr *a = weir__bind(bd, as->u.cond.a, NULL);
	struct weir_expr *b = weir__bind(bd, as->u.cond.b, NULL);
	struct weir__shared sh;
	struct weir_expr *ex;

	if (x == NULL || a == NULL || b == NULL || !weir__share(bd, &sh, x))
		return NULL;
	a = weir__compare_node(bd, WEIR__E_GE, sh.ref, a, as->span, as->op);
	b = weir__compare_node(bd, WEIR__E_LE, sh.ref, b, as->span, as->op);
	if (a == NULL || b == NULL)
		return NULL;
	ex = weir__logic_node(bd, WEIR__E_AND, a, b, as->span);
	if (ex != NULL && as->u.cond.negated)
		ex = weir__logic_node(bd, WEIR__E_NOT, ex, NULL, as->span);
	return ex != NULL ? weir__share_end(bd, &sh, ex) : NULL;
}
