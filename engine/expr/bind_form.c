/* SPDX-License-Identifier: MIT
 *
 * in, like, templates, lists and records.
 */
#include "expr/bind.h"
#include "expr/in.h"
#include "expr/like.h"

/* ---- x in ... */

/* Not all items are constants: x == a or x == b or ... */
static struct weir_expr *
in_chain(struct weir__binder *bd, struct weir_expr *x, struct weir_expr *list,
    const struct weir__ast_expr *as)
{
	struct weir_expr *ex = NULL, *one;
	struct weir__shared sh;
	uint32_t i;

	if (!weir__share(bd, &sh, x))
		return NULL;
	for (i = 0; i < list->nargs; i++) {
		one = weir__compare_node(bd, WEIR__E_EQ, sh.ref, list->args[i],
		    as->span, list->args[i]->span);
		if (one == NULL)
			return NULL;
		ex = ex == NULL ? one
				: weir__logic_node(bd, WEIR__E_OR, ex, one,
				      as->span);
		if (ex == NULL)
			return NULL;
	}
	return weir__share_end(bd, &sh, ex);
}

/* The type in which x and all items are compared. */
static const struct weir_type *
in_type(struct weir__binder *bd, struct weir_expr *x, struct weir_expr *list)
{
	struct weir_expr typed = *x;
	const struct weir_type *ty;
	uint32_t i;

	for (i = 0; i < list->nargs; i++) {
		ty = weir__type_common(bd, &typed, list->args[i]);
		if (ty == NULL || weir_type_nested(ty) ||
		    ty->kind == WEIR_JSON) {
			if (!bd->sc->errors->out_of_memory)
				weir__bind_fail(bd, list->args[i]->span,
				    "type.mismatch",
				    "expected %s, found %s",
				    weir__type_text(bd, x->type),
				    weir__type_text(bd, list->args[i]->type));
			return NULL;
		}
		if (!weir__type_same(ty, typed.type, false))
			typed.literal = WEIR__LIT_NONE;
		typed.type = ty;
	}
	return typed.type;
}

static struct weir_expr *
in_set(struct weir__binder *bd, struct weir_expr *x, struct weir_expr *list,
    const struct weir__ast_expr *as)
{
	const struct weir_type *ty = in_type(bd, x, list);
	const struct weir_value **items;
	struct weir_expr *ex;
	uint32_t i;

	if (ty == NULL || (x = weir__convert_must(bd, x, ty, NULL)) == NULL)
		return NULL;
	items = weir__arena_alloc(bd->sc->ar, (list->nargs + 1) *
	    sizeof(*items));
	if (items == NULL)
		return weir__bind_nomem(bd);
	for (i = 0; i < list->nargs; i++) {
		struct weir_expr *it =
		    weir__convert_must(bd, list->args[i], ty, NULL);

		if (it == NULL)
			return NULL;
		items[i] = it->value;
	}
	ex = weir__node(bd, as->span, weir__type_scalar(WEIR_BOOL),
	    weir__eval_in, 1);
	if (ex == NULL)
		return NULL;
	ex->args[0] = x;
	ex->u.in = weir__in_make(bd->sc->ar, ty, items, list->nargs);
	if (ex->u.in == NULL)
		return weir__bind_nomem(bd);
	ex->required = x->required && !weir__in_has_null(ex->u.in);
	return weir__node_done(bd, ex);
}

/* A list that is a column or a param. */
static struct weir_expr *
in_list(struct weir__binder *bd, struct weir_expr *x, struct weir_expr *list,
    const struct weir__ast_expr *as)
{
	struct weir_expr *ex;

	x = weir__convert_must(bd, x, list->type->fields[0].type, NULL);
	if (x == NULL || (ex = weir__node(bd, as->span,
	    weir__type_scalar(WEIR_BOOL), weir__eval_in_list, 2)) == NULL)
		return NULL;
	ex->args[0] = x;
	ex->args[1] = list;
	return weir__node_done(bd, ex);
}

static struct weir_expr *
in_node(struct weir__binder *bd, struct weir_expr *x, struct weir_expr *list,
    const struct weir__ast_expr *as)
{
	bool all = true;
	uint32_t i;

	if (list->type->kind != WEIR_LIST) {
		weir__bind_fail(bd, list->span, "type.in",
		    "expected a list after `in`, found %s",
		    weir__type_text(bd, list->type));
		if (list->type->kind == WEIR_STRING)
			weir__bind_hint(bd, "contains(text, part) looks "
			    "inside a text");
		return NULL;
	}
	if (list->literal != WEIR__LIT_LIST)
		return in_list(bd, x, list, as);
	for (i = 0; i < list->nargs; i++)
		all &= weir__is_const(list->args[i]);
	if (!all)
		return in_chain(bd, x, list, as);
	if (x->type->kind == WEIR_NULL)
		return weir__convert(bd, x, weir__type_scalar(WEIR_BOOL));
	return in_set(bd, x, list, as);
}

struct weir_expr *
weir__bind_in(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *x = weir__bind(bd, as->u.bin.a, NULL);
	struct weir_expr *list = weir__bind(bd, as->u.bin.b, NULL), *ex;

	if (x == NULL || list == NULL)
		return NULL;
	ex = in_node(bd, x, list, as);
	if (ex != NULL && as->u.bin.negated)
		ex = weir__logic_node(bd, WEIR__E_NOT, ex, NULL, as->span);
	return ex;
}

/* ---- x like "a%" */

struct weir_expr *
weir__bind_like(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	const struct weir_type *text = weir__type_scalar(WEIR_STRING);
	struct weir_expr *x = weir__bind(bd, as->u.bin.a, NULL);
	struct weir_expr *p = weir__bind(bd, as->u.bin.b, NULL), *ex;

	if (x == NULL || p == NULL)
		return NULL;
	x = weir__convert_must(bd, x, text, "left of `like`");
	p = weir__convert_must(bd, p, text, "pattern of `like`");
	if (x == NULL || p == NULL ||
	    (ex = weir__node(bd, as->span, weir__type_scalar(WEIR_BOOL),
		 weir__eval_like, 2)) == NULL)
		return NULL;
	ex->args[0] = x;
	ex->args[1] = p;
	ex->required = x->required && p->required;
	if (weir__is_const(p) && !p->value->null) {
		const struct weir_str *s = &p->value->u.s;
		const char *pat = weir_str_data(s);

		if (!weir__like_ok(pat, s->len))
			return weir__bind_fail(bd, p->span, "expr.like",
			    "the pattern ends with a lone backslash");
		ex->u.like = weir__like_compile(bd->sc->ar, pat, s->len);
		if (ex->u.like == NULL)
			return weir__bind_nomem(bd);
	} else {
		ex->fallible = true;
	}
	ex = weir__node_done(bd, ex);
	if (ex != NULL && as->u.bin.negated)
		ex = weir__logic_node(bd, WEIR__E_NOT, ex, NULL, as->span);
	return ex;
}

/* ---- "... ${x} ..." */

static struct weir_expr *
piece_text(struct weir__binder *bd, const struct weir__ast_piece *pc)
{
	struct weir_value v;
	char *s = weir__arena_strndup(bd->sc->ar, pc->text, pc->len);

	if (s == NULL)
		return weir__bind_nomem(bd);
	memset(&v, 0, sizeof v);
	v.type = weir__type_scalar(WEIR_STRING);
	v.u.s = weir_str_make(s, pc->len);
	return weir__const_node(bd, pc->span, &v, WEIR__LIT_STRING);
}

static struct weir_expr *
piece_node(struct weir__binder *bd, const struct weir__ast_piece *pc)
{
	const struct weir_type *text = weir__type_scalar(WEIR_STRING);
	struct weir_expr *x, *s;

	if (pc->expr == NULL)
		return piece_text(bd, pc);
	if ((x = weir__bind(bd, pc->expr, NULL)) == NULL)
		return NULL;
	if (x->type->kind == WEIR_BYTES) {
		weir__bind_fail(bd, x->span, "type.template",
		    "bytes are no text");
		weir__bind_hint(bd, "cast(... as string), or base64(...)");
		return NULL;
	}
	s = weir__cast_node(bd, x, text, NULL, x->span);
	if (s == NULL && !bd->sc->errors->out_of_memory)
		weir__cast_refused(bd, x, text, x->span);
	return s;
}

/* A text that is known now and may be shown. */
static bool
known_text(const struct weir_expr *ex)
{
	return weir__is_const(ex) && !ex->value->null && !ex->secret &&
	    ex->type->kind == WEIR_STRING;
}

/* Constants that a template begins with become one, which is what a path is
 * known to begin with. */
static bool
join_head(struct weir__binder *bd, struct weir_expr *ex)
{
	const struct weir_str *a, *b;
	struct weir_value v;
	char *s;

	while (ex->nargs > 1 && known_text(ex->args[0]) &&
	    known_text(ex->args[1]) && !ex->u.tmpl.pieces[0] &&
	    !ex->u.tmpl.pieces[1]) {
		a = &ex->args[0]->value->u.s;
		b = &ex->args[1]->value->u.s;
		s = weir__arena_alloc(bd->sc->ar, (size_t)a->len + b->len + 1);
		if (s == NULL)
			return weir__bind_nomem(bd) != NULL;
		memcpy(s, weir_str_data(a), a->len);
		memcpy(s + a->len, weir_str_data(b), b->len);
		s[a->len + b->len] = '\0';
		memset(&v, 0, sizeof v);
		v.type = ex->args[0]->type;
		v.u.s = weir_str_make(s, (size_t)a->len + b->len);
		ex->args++;
		ex->u.tmpl.pieces++;
		ex->nargs--;
		ex->args[0] = weir__const_node(bd, ex->args[0]->span, &v,
		    WEIR__LIT_NONE);
		if (ex->args[0] == NULL)
			return false;
	}
	return true;
}

struct weir_expr *
weir__bind_template(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	uint32_t n = (uint32_t)as->u.tmpl.n, i;
	struct weir_expr *ex = weir__node(bd, as->span,
	    weir__type_scalar(WEIR_STRING), weir__eval_template, n);
	bool bad = false;

	if (ex == NULL)
		return NULL;
	ex->u.tmpl.path = bd->sc->path;
	ex->u.tmpl.pieces = weir__arena_zalloc(bd->sc->ar, n + 1);
	if (ex->u.tmpl.pieces == NULL)
		return weir__bind_nomem(bd);
	ex->required = true;
	for (i = 0; i < n; i++) {
		const struct weir__ast_piece *pc = &as->u.tmpl.pieces[i];

		ex->args[i] = piece_node(bd, pc);
		bad |= ex->args[i] == NULL;
		/* What the file's author wrote may hold slashes. */
		ex->u.tmpl.pieces[i] = !bad && (!ex->args[i]->closed ||
		    (ex->args[i]->value != NULL && ex->args[i]->value->null));
		if (!bad && !bd->sc->path)
			ex->required &= ex->args[i]->required;
	}
	if (bad || !join_head(bd, ex))
		return NULL;
	return weir__node_done(bd, ex);
}

/* ---- [a, b] and { a: x } */

static const struct weir_type *
list_of(struct weir__binder *bd, const struct weir_type *item)
{
	struct weir_type *ty = weir__arena_zalloc(bd->sc->ar, sizeof *ty);
	struct weir_field *fi = weir__arena_zalloc(bd->sc->ar, sizeof *fi);

	if (ty == NULL || fi == NULL)
		return weir__bind_nomem(bd);
	fi->name = "item";
	fi->type = item;
	ty->kind = WEIR_LIST;
	ty->nfields = 1;
	ty->fields = fi;
	return ty;
}

static struct weir_expr *
empty_list(struct weir__binder *bd, struct weir_span span)
{
	struct weir_value v;

	memset(&v, 0, sizeof v);
	v.type = list_of(bd, &weir__null_type);
	if (v.type == NULL)
		return NULL;
	return weir__const_node(bd, span, &v, WEIR__LIT_LIST);
}

struct weir_expr *
weir__bind_list(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	uint32_t n = (uint32_t)as->u.list.n, i;
	struct weir_expr *ex, typed;
	bool bad = false;

	if (n == 0)
		return empty_list(bd, as->span);
	ex = weir__node(bd, as->span, NULL, weir__eval_list, n);
	if (ex == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		ex->args[i] = weir__bind(bd, as->u.list.items[i], NULL);
		bad |= ex->args[i] == NULL;
	}
	if (bad)
		return NULL;
	typed = *ex->args[0];
	for (i = 1; i < n; i++) {
		const struct weir_type *ty =
		    weir__type_common(bd, &typed, ex->args[i]);

		if (ty == NULL) {
			if (bd->sc->errors->out_of_memory)
				return NULL;
			return weir__bind_fail(bd, ex->args[i]->span,
			    "type.mismatch",
			    "expected %s like the item before, found %s",
			    weir__type_text(bd, typed.type),
			    weir__type_text(bd, ex->args[i]->type));
		}
		if (!weir__type_same(ty, typed.type, false) ||
		    ex->args[i]->literal != typed.literal)
			typed.literal = WEIR__LIT_NONE;
		typed.type = ty;
	}
	if ((ex->type = list_of(bd, typed.type)) == NULL)
		return NULL;
	for (i = 0; i < n && typed.type->kind != WEIR_NULL; i++)
		if ((ex->args[i] = weir__convert_must(bd, ex->args[i],
		    typed.type, NULL)) == NULL)
			return NULL;
	ex->literal = WEIR__LIT_LIST;
	ex->required = true;
	return weir__node_done(bd, ex);
}

struct weir_expr *
weir__bind_record(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	uint32_t n = (uint32_t)as->u.record.n, i, j;
	struct weir_expr *ex =
	    weir__node(bd, as->span, NULL, weir__eval_record, n);
	struct weir_type *ty = weir__arena_zalloc(bd->sc->ar, sizeof *ty);
	struct weir_field *fi =
	    weir__arena_zalloc(bd->sc->ar, (n + 1) * sizeof *fi);
	bool bad = false;

	if (ex == NULL || ty == NULL || fi == NULL)
		return weir__bind_nomem(bd);
	for (i = 0; i < n; i++) {
		const struct weir__ast_entry *en = &as->u.record.entries[i];

		if ((ex->args[i] = weir__bind(bd, en->value, NULL)) == NULL) {
			bad = true;
			continue;
		}
		if (ex->args[i]->type->kind == WEIR_NULL) {
			weir__bind_fail(bd, en->span, "type.unknown",
			    "null alone has no type: write "
			    "cast(null as string), or whichever type is meant");
			bad = true;
		}
		fi[i].name = en->name.text != NULL ? en->name.text
						   : ex->args[i]->name;
		if (fi[i].name == NULL) {
			weir__bind_fail(bd, en->span, "name.missing",
			    "this entry needs a name: name: expression");
			bad = true;
			continue;
		}
		fi[i].type = ex->args[i]->type;
		fi[i].required = ex->args[i]->required;
		fi[i].span = en->span;
		for (j = 0; j < i; j++)
			if (fi[j].name != NULL &&
			    strcmp(fi[j].name, fi[i].name) == 0) {
				weir__bind_fail(bd, en->span, "name.twice",
				    "an entry \"%s\" is there already",
				    fi[i].name);
				bad = true;
			}
	}
	if (bad)
		return NULL;
	ty->kind = WEIR_STRUCT;
	ty->nfields = n;
	ty->fields = fi;
	ex->type = ty;
	ex->required = true;
	return weir__node_done(bd, ex);
}
