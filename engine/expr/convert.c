/* SPDX-License-Identifier: MIT
 *
 * Conversions that lose nothing and so need not be written: literals take the
 * type of their place, integers and decimals widen, anything may be null.
 */
#include "base/decimal.h"
#include "base/time.h"
#include "expr/bind.h"

const struct weir_type *
weir__decimal_of(struct weir__binder *bd, const struct weir_expr *ex)
{
	unsigned p;

	if (ex->type->kind == WEIR_DECIMAL)
		return ex->type;
	if (ex->literal == WEIR__LIT_INT)
		p = weir__decimal_digits(ex->value->u.i);
	else
		p = ex->type->kind == WEIR_INT32 ? 10 : 19;
	return weir__type_decimal(bd->sc->ar, (int)p, 0);
}

/* ---- literals */

static struct weir_expr *
no_fit(struct weir__binder *bd, const struct weir_expr *ex,
    const struct weir_type *to)
{
	bd->said = true;
	return weir__bind_fail(bd, ex->span, "type.range",
	    "the number does not fit %s", weir__type_text(bd, to));
}

static bool
number_to(struct weir_value *v, const struct weir_type *to)
{
	bool dec = v->type->kind == WEIR_DECIMAL;
	unsigned scale = dec ? v->type->scale : 0;
	weir_i128 d = dec ? v->u.d : v->u.i;

	switch (to->kind) {
	case WEIR_INT32:
		v->u.i = (int64_t)d;
		return scale == 0 && d >= INT32_MIN && d <= INT32_MAX;
	case WEIR_INT64:
		v->u.i = (int64_t)d;
		return scale == 0 && d >= INT64_MIN && d <= INT64_MAX;
	case WEIR_FLOAT32:
	case WEIR_FLOAT64:
		v->u.f = weir__decimal_to_f64(d, scale);
		return true;
	default:
		return weir__decimal_rescale(&v->u.d, d, scale, to->scale,
		    to->precision, WEIR__EXACT) == WEIR__NUM_OK;
	}
}

static struct weir_expr *
number_literal(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to)
{
	struct weir_value v = *ex->value;

	if (!weir__is_number(to) ||
	    (ex->literal == WEIR__LIT_DECIMAL && weir__is_int(to)))
		return NULL;
	if (!number_to(&v, to))
		return no_fit(bd, ex, to);
	v.type = to;
	return weir__const_node(bd, ex->span, &v, WEIR__LIT_NONE);
}

static struct weir_expr *
text_literal(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to)
{
	struct weir_value v;
	struct weir_err err;

	if (to->kind != WEIR_TIMESTAMP && to->kind != WEIR_DATE &&
	    to->kind != WEIR_DURATION && to->kind != WEIR_BYTES &&
	    to->kind != WEIR_JSON)
		return NULL;
	memset(&err, 0, sizeof err);
	if (to->kind == WEIR_BYTES) {
		v = *ex->value;
		v.type = to;
	} else if (weir__value_from_text(bd->sc->ar, &v, to,
	    weir_str_data(&ex->value->u.s), ex->value->u.s.len, &err) != 0) {
		bd->said = true;
		return weir__bind_fail(bd, ex->span, err.code, "%s", err.text);
	}
	return weir__const_node(bd, ex->span, &v, WEIR__LIT_NONE);
}

static struct weir_expr *
literal_to(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to)
{
	struct weir_value v;

	switch (ex->literal) {
	case WEIR__LIT_NULL:
		memset(&v, 0, sizeof v);
		v.type = to;
		v.null = true;
		return weir__const_node(bd, ex->span, &v, WEIR__LIT_NONE);
	case WEIR__LIT_INT:
	case WEIR__LIT_DECIMAL:
		return number_literal(bd, ex, to);
	case WEIR__LIT_STRING:
		return text_literal(bd, ex, to);
	default:
		return NULL;
	}
}

/* A list written out: its items take the wanted type, one by one. */
static struct weir_expr *
list_to(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to)
{
	struct weir_expr *copy, *item;
	uint32_t i;

	if (to->kind != WEIR_LIST)
		return NULL;
	copy = weir__node(bd, ex->span, to, weir__eval_list, ex->nargs);
	if (copy == NULL)
		return NULL;
	for (i = 0; i < ex->nargs; i++) {
		item = weir__convert(bd, ex->args[i], to->fields[0].type);
		if (item == NULL && !bd->said) {
			bd->said = true;
			weir__bind_fail(bd, ex->args[i]->span, "type.mismatch",
			    "this item must be %s, it is %s",
			    weir__type_text(bd, to->fields[0].type),
			    weir__type_text(bd, ex->args[i]->type));
		}
		if (item == NULL)
			return NULL;
		copy->args[i] = item;
	}
	copy->required = true;
	copy->closed = true;
	if (copy->nargs == 0)
		return weir__fold(bd, copy);
	return weir__node_done(bd, copy);
}

/* ---- widening */

static bool
widens(const struct weir_type *from, const struct weir_type *to)
{
	unsigned digits;

	if (to->kind == WEIR_FLOAT64)
		return weir__is_number(from);
	if (to->kind == WEIR_INT64)
		return from->kind == WEIR_INT32;
	if (to->kind != WEIR_DECIMAL)
		return false;
	digits = to->precision - to->scale;
	if (from->kind == WEIR_DECIMAL)
		return from->scale <= to->scale &&
		    (unsigned)(from->precision - from->scale) <= digits;
	return weir__is_int(from) &&
	    digits >= (from->kind == WEIR_INT32 ? 10u : 19u);
}

struct weir_expr *
weir__convert(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to)
{
	bd->said = false;
	if (weir__type_same(ex->type, to, false))
		return ex;
	if (ex->literal == WEIR__LIT_LIST)
		return list_to(bd, ex, to);
	if (ex->literal != WEIR__LIT_NONE)
		return literal_to(bd, ex, to);
	if (widens(ex->type, to))
		return weir__cast_node(bd, ex, to, NULL, ex->span);
	return NULL;
}

struct weir_expr *
weir__convert_must(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to, const char *what)
{
	struct weir_expr *r = weir__convert(bd, ex, to);

	if (r != NULL || bd->said || bd->sc->errors->out_of_memory)
		return r;
	weir__bind_fail(bd, ex->span, "type.mismatch",
	    "%s%sexpected %s, found %s", what != NULL ? what : "",
	    what != NULL ? ": " : "", weir__type_text(bd, to),
	    weir__type_text(bd, ex->type));
	if (weir__is_number(ex->type) && weir__is_number(to))
		weir__bind_hint(bd, "cast(... as %s) if the loss is meant",
		    weir__type_text(bd, to));
	return NULL;
}

/* ---- the type of both */

static const struct weir_type *
common_number(struct weir__binder *bd, const struct weir_expr *a,
    const struct weir_expr *b)
{
	const struct weir_type *x, *y;
	unsigned digits, scale;

	if (weir__is_float(a->type) || weir__is_float(b->type))
		return weir__type_scalar(WEIR_FLOAT64);
	if (weir__is_int(a->type) && weir__is_int(b->type)) {
		const struct weir_expr *lit =
		    a->literal == WEIR__LIT_INT ? a : b;
		const struct weir_expr *other = lit == a ? b : a;

		if (other->type->kind == WEIR_INT32 &&
		    lit->literal == WEIR__LIT_INT &&
		    lit->value->u.i >= INT32_MIN &&
		    lit->value->u.i <= INT32_MAX)
			return other->type;
		return weir__type_scalar(WEIR_INT64);
	}
	x = weir__decimal_of(bd, a);
	y = weir__decimal_of(bd, b);
	if (x == NULL || y == NULL)
		return weir__bind_nomem(bd);
	scale = x->scale > y->scale ? x->scale : y->scale;
	digits = x->precision - x->scale;
	if (digits < (unsigned)(y->precision - y->scale))
		digits = y->precision - y->scale;
	if (digits + scale > 38)
		return NULL;
	x = weir__type_decimal(bd->sc->ar, (int)(digits + scale), (int)scale);
	return x != NULL ? x : weir__bind_nomem(bd);
}

static bool
takes_text(const struct weir_type *ty)
{
	return ty->kind == WEIR_TIMESTAMP || ty->kind == WEIR_DATE ||
	    ty->kind == WEIR_DURATION || ty->kind == WEIR_BYTES;
}

const struct weir_type *
weir__type_common(struct weir__binder *bd, const struct weir_expr *a,
    const struct weir_expr *b)
{
	if (a->type->kind == WEIR_NULL)
		return b->type;
	if (b->type->kind == WEIR_NULL ||
	    weir__type_same(a->type, b->type, false))
		return a->type;
	if (weir__is_number(a->type) && weir__is_number(b->type))
		return common_number(bd, a, b);
	if (a->literal == WEIR__LIT_STRING && takes_text(b->type))
		return b->type;
	if (b->literal == WEIR__LIT_STRING && takes_text(a->type))
		return a->type;
	if (a->type->kind == WEIR_LIST && b->type->kind == WEIR_LIST) {
		if (b->literal == WEIR__LIT_LIST)
			return a->type;
		if (a->literal == WEIR__LIT_LIST)
			return b->type;
	}
	return NULL;
}
