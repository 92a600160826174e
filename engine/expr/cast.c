/* SPDX-License-Identifier: MIT
 *
 * Casts: finding the way from one type to another, and the node that runs it.
 */
#include "expr/cast.h"

static int
eval_cast(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	const struct weir__cast *ca = ex->u.cast;
	struct weir__vec in;
	const uint64_t *live;

	if (weir__node_run(cx, ex->args[0], rows, &in) != 0 ||
	    weir__vec_flatten(cx, &in, ca->from) != 0 ||
	    weir__vec_alloc(cx, out, ca->to) != 0)
		return -1;
	if (weir_type_textual(ca->to))
		memset(out->co.u.str, 0, cx->n * sizeof *out->co.u.str);
	out->co.valid = in.co.valid;
	if (weir__vec_errors(cx, out, &in) != 0 ||
	    weir__vec_live(cx, rows, out->co.valid, out->errors, &live) != 0)
		return -1;
	return ca->run(cx, ex, &in, live, out);
}

static int
eval_pass(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	return weir__node_run(cx, ex->args[0], rows, out);
}

struct weir_expr *
weir__retype(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to)
{
	struct weir_expr *r = weir__node(bd, ex->span, to, eval_pass, 1);

	if (r == NULL)
		return NULL;
	r->args[0] = ex;
	r->required = ex->required;
	return weir__node_done(bd, r);
}

static weir__cast_fn *
direct(const struct weir_type *from, const struct weir_type *to,
    const char *format, bool *fallible)
{
	if (to->kind == WEIR_STRING)
		return weir__cast_to_text(from, fallible);
	if (from->kind == WEIR_STRING)
		return weir__cast_from_text(to, format, fallible);
	if (to->kind == WEIR_JSON)
		return weir__cast_to_json(from);
	return weir__cast_number(from, to, format, fallible);
}

/* A type to go through where there is no direct way. */
static const struct weir_type *
by_way_of(const struct weir_type *from, const struct weir_type *to)
{
	switch (from->kind) {
	case WEIR_INT32:
		return weir__type_scalar(WEIR_INT64);
	case WEIR_FLOAT32:
		return weir__type_scalar(WEIR_FLOAT64);
	case WEIR_BOOL:
		return weir__is_number(to) ? weir__type_scalar(WEIR_INT64)
					   : NULL;
	default:
		break;
	}
	if (to->kind == WEIR_INT32 && from->kind != WEIR_INT64)
		return weir__type_scalar(WEIR_INT64);
	if (to->kind == WEIR_FLOAT32 && from->kind != WEIR_FLOAT64)
		return weir__type_scalar(WEIR_FLOAT64);
	return NULL;
}

static struct weir_expr *
node(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir__cast *how, struct weir_span span)
{
	struct weir_expr *r = weir__node(bd, span, how->to, eval_cast, 1);
	struct weir__cast *copy = weir__arena_alloc(bd->sc->ar, sizeof *copy);

	if (r == NULL || copy == NULL)
		return weir__bind_nomem(bd);
	*copy = *how;
	r->u.cast = copy;
	r->args[0] = ex;
	r->fallible = how->fallible;
	r->required = ex->required;
	return weir__node_done(bd, r);
}

struct weir_expr *
weir__cast_node(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *to, const char *format, struct weir_span span)
{
	struct weir__cast how = { .from = ex->type, .to = to,
		.format = format };
	const struct weir_type *via;

	if (ex->literal == WEIR__LIT_NULL)
		return weir__convert(bd, ex, to);
	if (ex->literal == WEIR__LIT_LIST && to->kind == WEIR_LIST)
		return weir__convert(bd, ex, to);
	if (weir__type_same(ex->type, to, false))
		return ex;
	if ((how.run = direct(ex->type, to, format, &how.fallible)) != NULL)
		return node(bd, ex, &how, span);
	via = by_way_of(ex->type, to);
	if (via == NULL || weir__type_same(via, ex->type, false))
		return NULL;
	ex = weir__cast_node(bd, ex, via, NULL, span);
	if (ex == NULL)
		return NULL;
	return weir__cast_node(bd, ex, to, format, span);
}

struct weir_expr *
weir__cast_refused(struct weir__binder *bd, const struct weir_expr *ex,
    const struct weir_type *to, struct weir_span span)
{
	const struct weir_type *from = ex->type;

	if (bd->said)
		return NULL;
	weir__bind_fail(bd, span, "type.cast", "%s can't be cast to %s",
	    weir__type_text(bd, from), weir__type_text(bd, to));
	if (to->kind == WEIR_TIMESTAMP && weir__is_number(from))
		weir__bind_hint(bd, "say what the number counts: "
		    "timestamp(s), timestamp(ms), timestamp(us), "
		    "timestamp(ns)");
	else if (from->kind == WEIR_DURATION && weir__is_number(to))
		weir__bind_hint(bd, "divide by a unit: x / 1s, x // 1ms");
	else if (to->kind == WEIR_DURATION && weir__is_number(from))
		weir__bind_hint(bd, "multiply by a unit: x * 1s");
	else if (from->kind == WEIR_TIMESTAMP && weir__is_number(to))
		weir__bind_hint(bd, "epoch(x) counts seconds, epoch_ms(x) and "
		    "epoch_us(x) finer");
	return NULL;
}
