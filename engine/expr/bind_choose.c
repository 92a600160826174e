/* SPDX-License-Identifier: MIT
 *
 * Boolean logic and the forms that choose: and, or, not, if, case, ??.
 */
#include <stdlib.h>

#include "expr/bind.h"

/* ---- one value for several readers */

bool
weir__share(struct weir__binder *bd, struct weir__shared *sh,
    struct weir_expr *x)
{
	struct weir_expr *ref;

	sh->value = NULL;
	sh->ref = x;
	/* What costs nothing to read need not be kept. */
	if (x->nargs == 0 || x->value != NULL)
		return true;
	ref = weir__node(bd, x->span, x->type, weir__eval_ref, 0);
	if (ref == NULL)
		return false;
	ref->u.key = x;
	ref->required = x->required;
	ref->fallible = x->fallible;
	ref->secret = x->secret;
	ref->unknown = x->unknown;
	ref->pure = x->pure;
	ref->doomed = x->doomed;
	sh->value = x;
	sh->ref = ref;
	return true;
}

struct weir_expr *
weir__share_end(struct weir__binder *bd, struct weir__shared *sh,
    struct weir_expr *body)
{
	struct weir_expr *ex;

	if (sh->value == NULL)
		return body;
	ex = weir__node(bd, body->span, body->type, weir__eval_let, 2);
	if (ex == NULL)
		return NULL;
	ex->u.key = sh->value;
	ex->args[0] = sh->value;
	ex->args[1] = body;
	ex->required = body->required;
	return weir__node_done(bd, ex);
}

/* ---- and, or, not */

struct weir_expr *
weir__logic_node(struct weir__binder *bd, enum weir__ast_kind op,
    struct weir_expr *a, struct weir_expr *b, struct weir_span span)
{
	struct weir_expr *ex;

	ex = weir__node(bd, span, weir__type_scalar(WEIR_BOOL),
	    op == WEIR__E_NOT	? weir__eval_not
		: op == WEIR__E_AND ? weir__eval_and
				    : weir__eval_or,
	    b != NULL ? 2 : 1);
	if (ex == NULL)
		return NULL;
	ex->args[0] = a;
	if (b != NULL)
		ex->args[1] = b;
	/* `error and false` is false: neither operand alone dooms it. */
	ex->guards = b != NULL;
	ex->required = a->required && (b == NULL || b->required);
	ex = weir__node_done(bd, ex);
	if (ex != NULL && b != NULL && ex->value == NULL)
		ex->doomed = a->doomed != NULL && b->doomed != NULL
		    ? a->doomed
		    : NULL;
	return ex;
}

/* A condition: a bool. */
static struct weir_expr *
condition(struct weir__binder *bd, const struct weir__ast_expr *as,
    const char *what)
{
	struct weir_expr *ex = weir__bind(bd, as, NULL);

	if (ex == NULL)
		return NULL;
	return weir__convert_must(bd, ex, weir__type_scalar(WEIR_BOOL), what);
}

struct weir_expr *
weir__bind_logic(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	const char *what = as->kind == WEIR__E_NOT ? "operand of `not`"
	    : as->kind == WEIR__E_AND		   ? "operand of `and`"
						   : "operand of `or`";
	struct weir_expr *a = condition(bd, as->u.bin.a, what), *b = NULL;

	if (as->kind != WEIR__E_NOT &&
	    (b = condition(bd, as->u.bin.b, what)) == NULL)
		return NULL;
	if (a == NULL)
		return NULL;
	return weir__logic_node(bd, as->kind, a, b, as->span);
}

/* ---- if, case */

static struct weir_expr **
result_at(struct weir_expr *ex, uint32_t i)
{
	/* condition, value, condition, value, otherwise */
	return 2 * i + 1 < ex->nargs ? &ex->args[2 * i + 1]
				     : &ex->args[ex->nargs - 1];
}

/* What stands for the results so far when the next one is joined to them. */
static bool
join_results(struct weir__binder *bd, struct weir_expr *ex)
{
	uint32_t n = ex->nargs / 2 + ex->nargs % 2, i;
	struct weir_expr typed = **result_at(ex, 0);

	for (i = 1; i < n; i++) {
		const struct weir_expr *next = *result_at(ex, i);
		const struct weir_type *ty =
		    weir__type_common(bd, &typed, next);

		if (ty == NULL) {
			if (!bd->sc->errors->out_of_memory)
				weir__bind_fail(bd, next->span,
				    "type.mismatch",
				    "expected %s like the result before, "
				    "found %s",
				    weir__type_text(bd, typed.type),
				    weir__type_text(bd, next->type));
			return false;
		}
		if (!weir__type_same(ty, typed.type, false))
			typed.literal = weir__type_same(ty, next->type, false)
			    ? next->literal
			    : WEIR__LIT_NONE;
		if (typed.literal == WEIR__LIT_INT &&
		    next->literal != WEIR__LIT_INT)
			typed.literal = WEIR__LIT_NONE;
		if (typed.literal == WEIR__LIT_INT &&
		    llabs(next->value->u.i) > llabs(typed.value->u.i))
			typed.value = next->value; /* the most digits */
		typed.type = ty;
	}
	ex->type = typed.type;
	for (i = 0; i < n; i++) {
		struct weir_expr **r = result_at(ex, i);

		if (ex->type->kind != WEIR_NULL &&
		    (*r = weir__convert_must(bd, *r, ex->type, NULL)) == NULL)
			return false;
	}
	return true;
}

struct weir_expr *
weir__case_node(struct weir__binder *bd, struct weir_expr *ex)
{
	uint32_t n = ex->nargs / 2 + ex->nargs % 2, i;

	if (!join_results(bd, ex))
		return NULL;
	ex->guards = true;
	ex->required = ex->nargs % 2 == 1;
	for (i = 0; i < n; i++)
		ex->required &= (*result_at(ex, i))->required;
	if (ex->type->kind == WEIR_NULL)
		return ex->args[1];
	/* `if constant then a else b` is one of them. */
	while (ex->nargs > 1 && weir__is_const(ex->args[0]) &&
	    !ex->args[0]->secret) {
		if (!ex->args[0]->value->null && ex->args[0]->value->u.b)
			return ex->args[1];
		if (ex->nargs == 2)
			break;
		ex->args += 2;
		ex->nargs -= 2;
	}
	if (ex->nargs == 1)
		return ex->args[0];
	return weir__node_done(bd, ex);
}

struct weir_expr *
weir__bind_if(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *x = condition(bd, as->u.cond.x, "condition"), *ex;
	struct weir_expr *a = weir__bind(bd, as->u.cond.a, NULL), *b = NULL;

	if (as->u.cond.b != NULL &&
	    (b = weir__bind(bd, as->u.cond.b, NULL)) == NULL)
		return NULL;
	if (x == NULL || a == NULL)
		return NULL;
	ex = weir__node(bd, as->span, NULL, weir__eval_case,
	    b != NULL ? 3 : 2);
	if (ex == NULL)
		return NULL;
	ex->args[0] = x;
	ex->args[1] = a;
	if (b != NULL)
		ex->args[2] = b;
	return weir__case_node(bd, ex);
}

/* case x when a then ...: the conditions are x == a. */
static struct weir_expr *
when_node(struct weir__binder *bd, const struct weir__ast_expr *as,
    struct weir_expr *operand)
{
	struct weir_expr *a;

	if (operand == NULL)
		return condition(bd, as, "condition");
	if ((a = weir__bind(bd, as, NULL)) == NULL)
		return NULL;
	if (a->literal == WEIR__LIT_NULL)
		return weir__bind_fail(bd, as->span, "type.null",
		    "`when null` is never true: write case when x is null");
	return weir__compare_node(bd, WEIR__E_EQ, operand, a, as->span,
	    as->span);
}

struct weir_expr *
weir__bind_case(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	bool has = as->u.cases.operand != NULL, bad = false;
	struct weir_expr *x = has ? weir__bind(bd, as->u.cases.operand, NULL)
				  : NULL;
	struct weir__shared sh = { NULL, NULL };
	struct weir_expr *ex = weir__node(bd, as->span, NULL, weir__eval_case,
	    (uint32_t)as->u.cases.n * 2 + (as->u.cases.otherwise != NULL));
	uint32_t i, k = 0;

	if (ex == NULL || (x != NULL && !weir__share(bd, &sh, x)))
		return NULL;
	bad = has && x == NULL;
	for (i = 0; i < as->u.cases.n; i++) {
		const struct weir__ast_when *w = &as->u.cases.whens[i];

		if (!has || x != NULL)
			ex->args[k] = when_node(bd, w->when, sh.ref);
		ex->args[k + 1] = weir__bind(bd, w->then, NULL);
		bad |= ex->args[k] == NULL || ex->args[k + 1] == NULL;
		k += 2;
	}
	if (as->u.cases.otherwise != NULL)
		bad |= (ex->args[k] =
			weir__bind(bd, as->u.cases.otherwise, NULL)) == NULL;
	if (bad || (ex = weir__case_node(bd, ex)) == NULL)
		return NULL;
	return weir__share_end(bd, &sh, ex);
}

/* ---- ?? */

struct weir_expr *
weir__coalesce_node(struct weir__binder *bd, struct weir_expr *a,
    struct weir_expr *b, struct weir_span span)
{
	const struct weir_type *ty = weir__type_common(bd, a, b);
	struct weir_expr *ex;

	if (a->literal == WEIR__LIT_NULL)
		return b;
	if (ty == NULL) {
		if (bd->sc->errors->out_of_memory)
			return NULL;
		return weir__bind_fail(bd, b->span, "type.mismatch",
		    "expected %s like what it stands in for, found %s",
		    weir__type_text(bd, a->type), weir__type_text(bd, b->type));
	}
	a = weir__convert_must(bd, a, ty, NULL);
	b = weir__convert_must(bd, b, ty, NULL);
	if (a == NULL || b == NULL ||
	    (ex = weir__node(bd, span, ty, weir__eval_coalesce, 2)) == NULL)
		return NULL;
	ex->args[0] = a;
	ex->args[1] = b;
	ex->guards = true;
	ex->required = a->required || b->required;
	return weir__node_done(bd, ex);
}

struct weir_expr *
weir__bind_coalesce(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *a = weir__bind(bd, as->u.bin.a, NULL);
	struct weir_expr *b = weir__bind(bd, as->u.bin.b, NULL);

	if (a == NULL || b == NULL)
		return NULL;
	return weir__coalesce_node(bd, a, b, as->span);
}
