/* SPDX-License-Identifier: MIT
 *
 * Constants: literals as nodes, and folding what is known before the run.
 */
#include "base/decimal.h"
#include "expr/bind.h"

#include <stdio.h>

const struct weir_type weir__null_type = { .kind = WEIR_NULL };

/* One row of the literal null, whatever is read of it. */
static int
null_column(struct weir__binder *bd, struct weir_column *co)
{
	memset(co, 0, sizeof *co);
	co->u.data = weir__arena_zalloc(bd->sc->ar, 16);
	co->valid = weir__arena_zalloc(bd->sc->ar, 8);
	return co->u.data != NULL && co->valid != NULL ? 0 : -1;
}

/* Constant text also as a string of C. */
static int
set_prefix(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_value *v)
{
	if (v->null || v->type->kind != WEIR_STRING)
		return 0;
	ex->prefix = weir__arena_strndup(bd->sc->ar, weir_str_data(&v->u.s),
	    v->u.s.len);
	return ex->prefix != NULL ? 0 : -1;
}

struct weir_expr *
weir__const_node(struct weir__binder *bd, struct weir_span span,
    const struct weir_value *v, enum weir__literal literal)
{
	struct weir_expr *ex =
	    weir__node(bd, span, v->type, weir__eval_const, 0);
	struct weir_value *copy = weir__arena_alloc(bd->sc->ar, sizeof *copy);
	int rc;

	if (ex == NULL || copy == NULL)
		return weir__bind_nomem(bd);
	*copy = *v;
	if (v->type->kind == WEIR_NULL)
		rc = null_column(bd, &ex->kcol);
	else
		rc = weir__column_fill(bd->sc->ar, &ex->kcol, v, v->type, 1);
	if (rc != 0)
		return weir__bind_nomem(bd);
	if (set_prefix(bd, ex, v) != 0)
		return weir__bind_nomem(bd);
	ex->value = copy;
	ex->required = !v->null;
	ex->literal = (uint8_t)literal;
	ex->closed = true;
	return ex;
}

static struct weir_expr *
doom(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir__row_error *re)
{
	struct weir_err *err = weir__arena_zalloc(bd->sc->ar, sizeof *err);

	if (err == NULL)
		return weir__bind_nomem(bd);
	snprintf(err->code, sizeof err->code, "%s", re->code);
	snprintf(err->text, sizeof err->text, "%s", re->text);
	err->span = re->span;
	ex->doomed = err;
	return ex;
}

static struct weir_expr *
folded(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_column *co)
{
	struct weir_expr *to =
	    weir__node(bd, ex->span, ex->type, weir__eval_const, 0);
	struct weir_value *v = weir__arena_alloc(bd->sc->ar, sizeof *v);

	if (to == NULL || v == NULL)
		return weir__bind_nomem(bd);
	if (weir__column_copy(bd->sc->ar, &to->kcol, co, ex->type, NULL, 1) !=
		0 ||
	    weir__column_value(bd->sc->ar, v, &to->kcol, ex->type, 0) != 0)
		return weir__bind_nomem(bd);
	if (set_prefix(bd, to, v) != 0)
		return weir__bind_nomem(bd);
	to->value = v;
	to->required = !v->null;
	to->secret = ex->secret;
	to->closed = true;
	to->literal = ex->literal;
	if (ex->literal == WEIR__LIT_LIST) {
		to->args = ex->args;
		to->nargs = ex->nargs;
	}
	return to;
}

struct weir_expr *
weir__fold(struct weir__binder *bd, struct weir_expr *ex)
{
	struct weir__arena ar;
	struct weir__eval ev;
	struct weir_column co;
	struct weir_expr *to;

	if (ex->type->kind == WEIR_NULL)
		return ex;
	weir__arena_init(&ar, 4096);
	memset(&ev, 0, sizeof ev);
	ev.ar = &ar;
	ev.nrows = 1;
	ev.host = bd->sc->host;
	if (weir__expr_eval(&ev, ex, &co) != 0)
		to = weir__bind_nomem(bd);
	else if (ev.errors != NULL)
		to = doom(bd, ex, ev.list);
	else
		to = folded(bd, ex, &co);
	weir__arena_fini(&ar);
	return to;
}

/* ---- literals */

static struct weir_expr *
decimal_literal(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	const char *s = as->u.num.text, *point = strchr(s, '.');
	size_t len = strlen(s);
	unsigned scale = point != NULL ? (unsigned)(s + len - point - 1) : 0;
	struct weir_value v;
	const struct weir_type *ty;
	unsigned p;

	memset(&v, 0, sizeof v);
	if (scale > 38 || weir__decimal_parse(&v.u.d, s, len, 38, scale,
		WEIR__EXACT) != WEIR__NUM_OK)
		return weir__bind_fail(bd, as->span, "expr.literal",
		    "a decimal has at most 38 digits");
	p = weir__decimal_digits(v.u.d);
	ty = weir__type_decimal(bd->sc->ar, (int)(p > scale ? p : scale),
	    (int)scale);
	if (ty == NULL)
		return weir__bind_nomem(bd);
	v.type = ty;
	return weir__const_node(bd, as->span, &v,
	    point != NULL ? WEIR__LIT_DECIMAL : WEIR__LIT_INT);
}

static struct weir_expr *
string_literal(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_value v;
	char *s = weir__arena_strndup(bd->sc->ar, as->u.str.text,
	    as->u.str.len);

	if (s == NULL)
		return weir__bind_nomem(bd);
	if (as->u.str.len > INT32_MAX)
		return weir__bind_fail(bd, as->span, "expr.literal",
		    "text is longer than 2 GiB");
	memset(&v, 0, sizeof v);
	v.type = weir__type_scalar(WEIR_STRING);
	v.u.s = weir_str_make(s, as->u.str.len);
	return weir__const_node(bd, as->span, &v, WEIR__LIT_STRING);
}

struct weir_expr *
weir__const_literal(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_value v;
	enum weir__literal lit = WEIR__LIT_NONE;

	memset(&v, 0, sizeof v);
	switch (as->kind) {
	case WEIR__E_NULL:
		v.type = &weir__null_type;
		v.null = true;
		lit = WEIR__LIT_NULL;
		break;
	case WEIR__E_BOOL:
		v.type = weir__type_scalar(WEIR_BOOL);
		v.u.b = as->u.b;
		break;
	case WEIR__E_INT:
		if (as->u.num.big)
			return decimal_literal(bd, as);
		v.type = weir__type_scalar(WEIR_INT64);
		v.u.i = as->u.num.i;
		lit = WEIR__LIT_INT;
		break;
	case WEIR__E_SIZE:
		v.type = weir__type_scalar(WEIR_INT64);
		v.u.i = as->u.i;
		lit = WEIR__LIT_INT;
		break;
	case WEIR__E_DECIMAL:
		return decimal_literal(bd, as);
	case WEIR__E_FLOAT:
		v.type = weir__type_scalar(WEIR_FLOAT64);
		v.u.f = as->u.num.f;
		break;
	case WEIR__E_DURATION:
		v.type = weir__type_scalar(WEIR_DURATION);
		v.u.i = as->u.i;
		break;
	case WEIR__E_STRING:
		return string_literal(bd, as);
	default:
		return weir__bind_fail(bd, as->span, "expr.form",
		    "this has no meaning inside an expression");
	}
	return weir__const_node(bd, as->span, &v, lit);
}
