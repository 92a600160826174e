/* SPDX-License-Identifier: MIT
 *
 * Binding: from a syntax tree to typed nodes.  Here are the ways in and what
 * all forms share; the forms themselves are in bind_*.c.
 */
#include "expr/bind.h"

#include <stdarg.h>
#include <stdio.h>

#define DEPTH_MAX 1000

void *
weir__bind_nomem(struct weir__binder *bd)
{
	bd->sc->errors->out_of_memory = true;
	return NULL;
}

void *
weir__bind_fail(struct weir__binder *bd, struct weir_span span,
    const char *code, const char *fmt, ...)
{
	struct weir_err err;
	va_list ap;

	if (bd->quiet)
		return NULL;
	memset(&err, 0, sizeof err);
	err.span = span;
	snprintf(err.code, sizeof err.code, "%s", code);
	va_start(ap, fmt);
	vsnprintf(err.text, sizeof err.text, fmt, ap);
	va_end(ap);
	weir__errors_add(bd->sc->errors, &err);
	return NULL;
}

void
weir__bind_hint(struct weir__binder *bd, const char *fmt, ...)
{
	struct weir_err *err = weir__errors_last(bd->sc->errors);
	va_list ap;

	if (bd->quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
}

const char *
weir__type_text(struct weir__binder *bd, const struct weir_type *ty)
{
	struct weir__buf bf;
	const char *s;

	if (ty->kind == WEIR_NULL)
		return "null";
	weir__buf_init(&bf);
	weir__type_print(&bf, ty);
	s = bf.failed ? NULL
		      : weir__arena_strndup(bd->sc->ar, bf.data, bf.len);
	weir__buf_fini(&bf);
	if (s == NULL)
		weir__bind_nomem(bd);
	return s != NULL ? s : "?";
}

struct weir_expr *
weir__node(struct weir__binder *bd, struct weir_span span,
    const struct weir_type *ty, weir__node_eval *eval, uint32_t nargs)
{
	struct weir_expr *ex = weir__arena_zalloc(bd->sc->ar, sizeof *ex);

	if (ex == NULL)
		return weir__bind_nomem(bd);
	ex->args = weir__arena_zalloc(bd->sc->ar,
	    (nargs + 1) * sizeof(*ex->args));
	if (ex->args == NULL)
		return weir__bind_nomem(bd);
	ex->span = ex->op = span;
	ex->type = ty;
	ex->eval = eval;
	ex->nargs = nargs;
	ex->pure = true;
	return ex;
}

struct weir_expr *
weir__node_done(struct weir__binder *bd, struct weir_expr *ex)
{
	uint32_t i;

	ex->closed = ex->nargs != 0;
	for (i = 0; i < ex->nargs; i++) {
		const struct weir_expr *a = ex->args[i];

		ex->fallible |= a->fallible;
		ex->secret |= a->secret;
		ex->unknown |= a->unknown;
		ex->pure &= a->pure;
		ex->closed &= a->closed;
		if (ex->doomed == NULL && (i == 0 || !ex->guards))
			ex->doomed = a->doomed;
	}
	if (!ex->closed || !ex->pure || ex->unknown || ex->doomed != NULL)
		return ex;
	return weir__fold(bd, ex);
}

static struct weir_expr *
bind_is_null(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *a = weir__bind(bd, as->u.bin.a, NULL), *ex;

	if (a == NULL)
		return NULL;
	ex = weir__node(bd, as->span, weir__type_scalar(WEIR_BOOL),
	    weir__eval_is_null, 1);
	if (ex == NULL)
		return NULL;
	ex->args[0] = a;
	ex->u.negated = as->u.bin.negated;
	ex->required = true;
	return weir__node_done(bd, ex);
}

static struct weir_expr *
bind_cast(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *x = weir__bind(bd, as->u.cast.x, NULL), *ex;
	const char *format = NULL;
	const struct weir_type *to =
	    weir__type_bind(bd->sc, as->u.cast.type, &format);

	if (x == NULL || to == NULL)
		return NULL;
	if (as->u.cast.type->required)
		return weir__bind_fail(bd, as->u.cast.type->span,
		    "type.required",
		    "a cast can't promise a value: leave out the `!`");
	ex = weir__cast_node(bd, x, to, format, as->span);
	if (ex != NULL || bd->sc->errors->out_of_memory)
		return ex;
	return weir__cast_refused(bd, x, to, as->span);
}

static struct weir_expr *
bind_kind(struct weir__binder *bd, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	switch (as->kind) {
	case WEIR__E_BAD:
		return NULL;
	case WEIR__E_NAME:
		return weir__bind_name(bd, as);
	case WEIR__E_FIELD:
		return weir__bind_field(bd, as);
	case WEIR__E_INDEX:
		return weir__bind_index(bd, as);
	case WEIR__E_CALL:
		return weir__bind_call(bd, as, want);
	case WEIR__E_NEG:
		return weir__bind_neg(bd, as);
	case WEIR__E_ADD:
	case WEIR__E_SUB:
	case WEIR__E_MUL:
	case WEIR__E_DIV:
	case WEIR__E_IDIV:
	case WEIR__E_MOD:
		return weir__bind_arith(bd, as);
	case WEIR__E_EQ:
	case WEIR__E_NE:
	case WEIR__E_LT:
	case WEIR__E_LE:
	case WEIR__E_GT:
	case WEIR__E_GE:
		return weir__bind_compare(bd, as);
	case WEIR__E_NOT:
	case WEIR__E_AND:
	case WEIR__E_OR:
		return weir__bind_logic(bd, as);
	case WEIR__E_COALESCE:
		return weir__bind_coalesce(bd, as);
	case WEIR__E_IN:
		return weir__bind_in(bd, as);
	case WEIR__E_LIKE:
		return weir__bind_like(bd, as);
	case WEIR__E_IS_NULL:
		return bind_is_null(bd, as);
	case WEIR__E_BETWEEN:
		return weir__bind_between(bd, as);
	case WEIR__E_IF:
		return weir__bind_if(bd, as);
	case WEIR__E_CASE:
		return weir__bind_case(bd, as);
	case WEIR__E_CAST:
		return bind_cast(bd, as);
	case WEIR__E_TEMPLATE:
		return weir__bind_template(bd, as);
	case WEIR__E_LIST:
		return weir__bind_list(bd, as);
	case WEIR__E_RECORD:
		return weir__bind_record(bd, as);
	case WEIR__E_AS:
		return weir__bind_fail(bd, as->span, "expr.as",
		    "`as` names a stream or an option's expression; it has no "
		    "meaning inside an expression");
	case WEIR__E_REQUIRED:
	case WEIR__E_TYPE:
		return weir__bind_fail(bd, as->span, "expr.type",
		    "a type stands where a value was expected");
	default:
		return weir__const_literal(bd, as);
	}
}

struct weir_expr *
weir__bind(struct weir__binder *bd, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	struct weir_expr *ex;

	if (bd->depth >= DEPTH_MAX)
		return weir__bind_fail(bd, as->span, "expr.deep",
		    "more than %d expressions inside one another", DEPTH_MAX);
	bd->depth++;
	ex = bind_kind(bd, as, want);
	bd->depth--;
	return ex;
}

/* ---- what is true of a whole expression only */

static struct weir_expr *
finish(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir_type *want)
{
	if (want != NULL &&
	    (ex = weir__convert_must(bd, ex, want, NULL)) == NULL)
		return NULL;
	if (ex->doomed != NULL) {
		struct weir_err err = *ex->doomed;

		weir__errors_add(bd->sc->errors, &err);
		return NULL;
	}
	if (ex->secret && !bd->sc->allow_secret)
		return weir__bind_fail(bd, ex->span, "expr.secret",
		    "a secret can't stand here: only options and arguments "
		    "made for secrets take one");
	return ex;
}

static int
set_text(struct weir__binder *bd, struct weir_expr *ex,
    const struct weir__ast_expr *as)
{
	struct weir__buf bf;

	if (ex->secret) {
		ex->text = "secret(...)";
		return 0;
	}
	weir__buf_init(&bf);
	weir__ast_expr_print(&bf, as);
	ex->text = bf.failed
	    ? NULL
	    : weir__arena_strndup(bd->sc->ar, bf.len ? bf.data : "", bf.len);
	weir__buf_fini(&bf);
	return ex->text != NULL ? 0 : -1;
}

struct weir_expr *
weir__bind_root(struct weir__binder *bd, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	size_t before = bd->sc->errors->n;
	struct weir_expr *ex, *root;

	ex = weir__bind(bd, as, want);
	if (ex == NULL || bd->sc->errors->n != before ||
	    bd->sc->errors->out_of_memory ||
	    (ex = finish(bd, ex, want)) == NULL)
		return NULL;
	/* The node may be shared (a param, an earlier entry): name a copy. */
	root = weir__arena_alloc(bd->sc->ar, sizeof *root);
	if (root == NULL)
		return weir__bind_nomem(bd);
	*root = *ex;
	if (set_text(bd, root, as) != 0)
		return weir__bind_nomem(bd);
	return root;
}

struct weir_expr *
weir__expr_bind(struct weir__scope *sc, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	struct weir__binder bd = { .sc = sc };
	struct weir_expr *ex = weir__bind_root(&bd, as, want);

	if (ex != NULL && ex->type->kind == WEIR_NULL)
		return weir__bind_fail(&bd, ex->span, "type.unknown",
		    "null alone has no type: write cast(null as string), or "
		    "whichever type is meant");
	return ex;
}

struct weir_expr *
weir__expr_unknown(struct weir__scope *sc, struct weir_span span,
    const char *name)
{
	struct weir__binder bd = { .sc = sc };
	struct weir_value v = { .type = weir__type_scalar(WEIR_NULL),
		.null = true };
	struct weir_expr *ex;

	ex = weir__const_node(&bd, span, &v, WEIR__LIT_NONE);
	if (ex != NULL)
		ex->name = name;
	return ex;
}

int
weir__expr_constant(struct weir__scope *sc, const struct weir__ast_expr *as,
    const struct weir_type *want, struct weir_value *v, bool *secret)
{
	struct weir__scope constant = *sc;
	struct weir__binder bd = { .sc = &constant };
	struct weir_expr *ex;

	constant.schema = NULL;
	constant.earlier = NULL;
	constant.nearlier = 0;
	constant.has_origin = false;
	ex = weir__bind_root(&bd, as, want);
	if (ex == NULL)
		return -1;
	if (ex->value == NULL && !ex->unknown) {
		weir__bind_fail(&bd, ex->span, "expr.constant",
		    "a constant is needed here: this is only known while "
		    "running");
		return -1;
	}
	if (secret != NULL)
		*secret = ex->secret;
	memset(v, 0, sizeof *v);
	if (ex->value != NULL)
		*v = *ex->value;
	v->type = ex->type;
	v->null |= ex->unknown;
	return 0;
}
