/* SPDX-License-Identifier: MIT
 *
 * Names: columns, params, origin.x, row.x, param.x, fields of structs, and
 * items of lists and maps.
 */
#include "expr/aggs.h"
#include "expr/bind.h"

#define FEW 8 /* so many columns are told where none is near */

/* The number of a column in the scope (entries made before come last and hide
 * others), or -1. */
static int32_t
find_column(const struct weir__scope *sc, const char *name)
{
	size_t i;

	for (i = sc->nearlier; i > 0; i--)
		if (strcmp(sc->earlier[i - 1].name, name) == 0)
			return (int32_t)(sc->schema != NULL ? sc->schema->ncols
							    : 0) +
			    (int32_t)i - 1;
	return sc->schema != NULL ? weir__schema_find(sc->schema, name) : -1;
}

static const struct weir__param *
find_param(const struct weir__scope *sc, const char *name)
{
	size_t i;

	for (i = 0; i < sc->nparams; i++)
		if (strcmp(sc->params[i].name, name) == 0)
			return &sc->params[i];
	return NULL;
}

static struct weir_expr *
column_node(struct weir__binder *bd, uint32_t col, struct weir_span span)
{
	const struct weir__scope *sc = bd->sc;
	uint32_t ncols = sc->schema != NULL ? sc->schema->ncols : 0;
	struct weir_expr *ex;

	if (weir__type_unknown(col < ncols ? sc->schema->cols[col].type :
		sc->earlier[col - ncols].expr->type))
		return NULL; /* its own error has been told */
	ex = weir__node(bd, span, NULL, weir__eval_column, 0);
	if (ex == NULL)
		return NULL;
	ex->u.col = col;
	if (col < ncols) {
		ex->type = sc->schema->cols[col].type;
		ex->required = sc->schema->cols[col].required;
		ex->name = sc->schema->cols[col].name;
	} else {
		const struct weir_named *na = &sc->earlier[col - ncols];

		/* Its errors have rejected their rows before. */
		ex->made = true;
		ex->type = na->expr->type;
		ex->required = na->expr->required;
		ex->secret = na->expr->secret;
		ex->name = na->name;
	}
	return ex;
}

static struct weir_expr *
param_node(struct weir__binder *bd, const struct weir__param *pa,
    struct weir_span span)
{
	struct weir_expr *ex;
	struct weir_value v = pa->value;

	if (v.type == NULL) /* its own error has been told */
		return NULL;
	if (pa->unknown)
		v.null = true;
	ex = weir__const_node(bd, span, &v,
	    v.type->kind == WEIR_NULL ? WEIR__LIT_NULL : WEIR__LIT_NONE);
	if (ex == NULL)
		return NULL;
	ex->secret = pa->secret;
	ex->unknown = pa->unknown;
	ex->name = pa->name;
	return ex;
}

/* ---- names that are none */

static const char *
nearest(struct weir__binder *bd, const char *name, bool columns, bool params)
{
	const struct weir__scope *sc = bd->sc;
	size_t ncols = sc->schema != NULL ? sc->schema->ncols : 0, n = 0, i;
	const char **names = weir__arena_alloc(sc->ar,
	    (ncols + sc->nearlier + sc->nparams + 1) * sizeof *names);

	if (names == NULL)
		return weir__bind_nomem(bd);
	for (i = 0; columns && i < ncols; i++)
		names[n++] = sc->schema->cols[i].name;
	for (i = 0; columns && i < sc->nearlier; i++)
		names[n++] = sc->earlier[i].name;
	for (i = 0; params && i < sc->nparams; i++)
		names[n++] = sc->params[i].name;
	return weir__nearest(name, strlen(name), names, n);
}

/* The columns there are, where they are few. */
static void
list_columns(struct weir__binder *bd)
{
	const struct weir_schema *sc = bd->sc->schema;
	struct weir__buf bf;
	uint32_t i;

	if (sc == NULL || sc->ncols == 0 || sc->ncols > FEW || bd->aggs != NULL)
		return;
	weir__buf_init(&bf);
	for (i = 0; i < sc->ncols; i++)
		weir__buf_printf(&bf, "%s%s",
		    i == 0		   ? ""
			: i + 1 == sc->ncols ? " and "
					     : ", ",
		    sc->cols[i].name);
	weir__bind_hint(bd, "there %s %s", sc->ncols == 1 ? "is" : "are",
	    weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
}

static struct weir_expr *
unknown(struct weir__binder *bd, const char *name, struct weir_span span,
    bool columns, bool params)
{
	const char *near = nearest(bd, name, columns, params);

	if (bd->aggs != NULL && find_column(bd->sc, name) >= 0)
		near = NULL;
	weir__bind_fail(bd, span,
	    columns && !(params && bd->sc->schema == NULL) ? "name.column"
							   : "name.param",
	    "no %s \"%s\"%s",
	    columns && params && bd->sc->schema != NULL ? "column or param"
		: columns && bd->sc->schema != NULL	? "column"
							: "param",
	    name,
	    columns && bd->sc->schema == NULL ? " (no row is read here)" : "");
	if (near != NULL)
		weir__bind_hint(bd, "did you mean \"%s\"?", near);
	else if (columns)
		list_columns(bd);
	return NULL;
}

static struct weir_expr *
ambiguous(struct weir__binder *bd, const char *name, struct weir_span span)
{
	weir__bind_fail(bd, span, "name.ambiguous",
	    "\"%s\" is a column and a param", name);
	weir__bind_hint(bd, "write row.%s or param.%s", name, name);
	return NULL;
}

static struct weir_expr *
outside_aggregate(struct weir__binder *bd, const char *name,
    struct weir_span span)
{
	weir__bind_fail(bd, span, "agg.column",
	    "the column \"%s\" has many values in a group: it must stand "
	    "inside an aggregate", name);
	weir__bind_hint(bd, "first(%s), for example; what `by:` names is in "
	    "the output anyway", name);
	return NULL;
}

struct weir_expr *
weir__bind_name(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	const char *name = as->u.name.text;
	int32_t col = find_column(bd->sc, name);
	const struct weir__param *pa = find_param(bd->sc, name);

	if (col >= 0 && pa != NULL)
		return ambiguous(bd, name, as->span);
	if (pa != NULL)
		return param_node(bd, pa, as->span);
	if (col >= 0 && bd->aggs != NULL)
		return outside_aggregate(bd, name, as->span);
	if (col >= 0)
		return column_node(bd, (uint32_t)col, as->span);
	return unknown(bd, name, as->span, true, true);
}

/* ---- a.b */

static struct weir_expr *
origin_node(struct weir__binder *bd, const char *name, struct weir_span span)
{
	const struct weir_schema *og = bd->sc->origin;
	const char *names[16], *near;
	struct weir_expr *ex;
	int32_t col = weir__schema_find(og, name);
	uint32_t i;

	if (bd->aggs != NULL)
		return outside_aggregate(bd, name, span);
	if (col >= 0) {
		ex = weir__node(bd, span, og->cols[col].type,
		    weir__eval_origin, 0);
		if (ex == NULL)
			return NULL;
		ex->u.origin = og->cols[col].name;
		ex->name = og->cols[col].name;
		return ex;
	}
	for (i = 0; i < og->ncols && i < 16; i++)
		names[i] = og->cols[i].name;
	near = weir__nearest(name, strlen(name), names, i);
	weir__bind_fail(bd, span, "name.origin",
	    "the origin of these rows has no \"%s\"", name);
	if (near != NULL)
		weir__bind_hint(bd, "did you mean \"origin.%s\"?", near);
	return NULL;
}

static bool
is_word(const struct weir__ast_expr *as, const char *word)
{
	return as->kind == WEIR__E_NAME && !as->u.name.quoted &&
	    strcmp(as->u.name.text, word) == 0;
}

static struct weir_expr *
struct_field(struct weir__binder *bd, const struct weir__ast_expr *as,
    struct weir_expr *of)
{
	const struct weir_type *ty = of->type;
	const char **names, *near = NULL;
	struct weir_expr *ex;
	uint32_t i;

	for (i = 0; i < ty->nfields; i++)
		if (strcmp(ty->fields[i].name, as->u.field.name) == 0)
			break;
	if (i < ty->nfields) {
		ex = weir__node(bd, as->span, ty->fields[i].type,
		    weir__eval_field, 1);
		if (ex == NULL)
			return NULL;
		ex->args[0] = of;
		ex->u.col = i;
		ex->required = of->required && ty->fields[i].required;
		ex->name = ty->fields[i].name;
		return weir__node_done(bd, ex);
	}
	names = weir__arena_alloc(bd->sc->ar, (i + 1) * sizeof *names);
	for (i = 0; names != NULL && i < ty->nfields; i++)
		names[i] = ty->fields[i].name;
	if (names != NULL)
		near = weir__nearest(as->u.field.name,
		    strlen(as->u.field.name), names, i);
	weir__bind_fail(bd, as->op, "name.field", "no field \"%s\" in %s",
	    as->u.field.name, weir__type_text(bd, ty));
	if (near != NULL)
		weir__bind_hint(bd, "did you mean \"%s\"?", near);
	return NULL;
}

struct weir_expr *
weir__bind_field(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	const struct weir__ast_expr *base = as->u.field.of;
	const char *name = as->u.field.name;
	const struct weir__param *pa;
	struct weir_expr *of;
	int32_t col;

	if (is_word(base, "row")) {
		col = find_column(bd->sc, name);
		if (col < 0)
			return unknown(bd, name, as->op, true, false);
		if (bd->aggs != NULL)
			return outside_aggregate(bd, name, as->span);
		return column_node(bd, (uint32_t)col, as->span);
	}
	if (is_word(base, "param")) {
		if ((pa = find_param(bd->sc, name)) == NULL)
			return unknown(bd, name, as->op, false, true);
		return param_node(bd, pa, as->span);
	}
	if (is_word(base, "origin") && bd->sc->has_origin &&
	    bd->sc->origin != NULL)
		return origin_node(bd, name, as->span);
	if (is_word(base, "origin") && find_column(bd->sc, "origin") < 0) {
		weir__bind_fail(bd, as->span, "name.origin",
		    "the origin of rows is not known here");
		weir__bind_hint(bd, "origin.x is what a decoded row's message "
		    "came with; a window's rows come of many");
		return NULL;
	}
	if ((of = weir__bind(bd, base, NULL)) == NULL)
		return NULL;
	if (of->type->kind == WEIR_STRUCT)
		return struct_field(bd, as, of);
	weir__bind_fail(bd, as->op, "type.field",
	    "%s has no fields: only a struct has",
	    weir__type_text(bd, of->type));
	if (of->type->kind == WEIR_MAP)
		weir__bind_hint(bd, "a map's value is x[\"%s\"]", name);
	return NULL;
}

/* ---- a[b] */

struct weir_expr *
weir__bind_index(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *of = weir__bind(bd, as->u.bin.a, NULL);
	struct weir_expr *at = weir__bind(bd, as->u.bin.b, NULL), *ex;
	const struct weir_type *ty, *key;

	if (of == NULL || at == NULL)
		return NULL;
	ty = of->type;
	if (ty->kind != WEIR_LIST && ty->kind != WEIR_MAP)
		return weir__bind_fail(bd, as->span, "type.index",
		    "%s has no items: only a list or a map has",
		    weir__type_text(bd, ty));
	key = ty->kind == WEIR_LIST ? weir__type_scalar(WEIR_INT64)
				    : ty->fields[0].type;
	at = weir__convert_must(bd, at, key,
	    ty->kind == WEIR_LIST ? "index of a list, from 0" : "key");
	if (at == NULL ||
	    (ex = weir__node(bd, as->span, ty->fields[ty->nfields - 1].type,
		 weir__eval_index, 2)) == NULL)
		return NULL;
	ex->args[0] = of;
	ex->args[1] = at;
	return weir__node_done(bd, ex);
}
