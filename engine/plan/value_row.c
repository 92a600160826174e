/* SPDX-License-Identifier: MIT
 *
 * Values that speak of a row: expressions, columns, aggregates.
 */
#include "batch/batch.h"
#include "plan/value.h"

static const struct weir_type *
wanted_type(struct weir__slot *so, bool *ok)
{
	struct weir__ast_type *at;
	uint32_t src;

	*ok = true;
	if (so->op->type_text == NULL)
		return NULL;
	src = weir__errors_source(so->bu->es, so->op->name, so->op->type_text,
	    strlen(so->op->type_text));
	at = src != 0 ? weir__parse_type(so->bu->ar, so->bu->es, src) : NULL;
	*ok = at != NULL;
	return at != NULL ? weir__type_bind(so->sc, at, NULL) : NULL;
}

/* The engine evaluates it before the stage is called. */
static int
keep_expr(struct weir__slot *so, const struct weir_expr *ex)
{
	struct weir__bound_list *bl = &so->nd->exprs;
	const struct weir_expr **list;

	if (bl->n == so->dr->cap_exprs) {
		so->dr->cap_exprs = so->dr->cap_exprs != 0 ?
		    2 * so->dr->cap_exprs : 8;
		list = weir__build_alloc(so->bu,
		    so->dr->cap_exprs * sizeof *list);
		if (list == NULL)
			return -1;
		if (bl->n != 0)
			memcpy(list, bl->list, bl->n * sizeof *list);
		bl->list = list;
	}
	bl->list[bl->n++] = ex;
	return 0;
}

/* A default name: the column's, the last part of a.b, the function's. */
static const char *
name_of(const struct weir__ast_expr *as)
{
	switch (as->kind) {
	case WEIR__E_NAME:
		return as->u.name.text;
	case WEIR__E_FIELD:
		return as->u.field.name;
	case WEIR__E_CALL:
		return as->u.call.name;
	case WEIR__E_AS:
		return as->u.as.name.text;
	default:
		return NULL;
	}
}

static struct weir_expr *
bind_row(struct weir__slot *so, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	const char *name = name_of(as);
	struct weir_expr *ex;

	if (as->kind == WEIR__E_AS) {
		if ((so->op->flags & WEIR_OPTF_ALIAS) == 0) {
			weir__errors_fail(so->bu->es, as->u.as.name.span,
			    "option.alias", "option \"%s\" takes no `as`",
			    so->op->name);
			return NULL;
		}
		as = as->u.as.x;
	}
	ex = weir__expr_bind(so->sc, as, want);
	if (ex == NULL)
		return NULL;
	if (name != NULL)
		weir__expr_set_name(ex, name);
	return keep_expr(so, ex) == 0 ? ex : NULL;
}

/* What is wrong further down is told in the same pass: `true` stands in for a
 * condition that is wrong, for it changes no columns, and what has no type for
 * any other expression.  NULL: that can't be. */
static struct weir_expr *
instead(struct weir__slot *so, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	struct weir__ast_expr yes = { .kind = WEIR__E_BOOL, .u.b = true };

	if (so->bu->failed || so->dr == NULL)
		return NULL;
	so->dr->unsure = true;
	if (want != NULL && want->kind == WEIR_BOOL)
		return weir__expr_bind(so->sc, &yes, NULL);
	return weir__expr_unknown(so->sc, as->span, name_of(as));
}

static int
bind_expr(struct weir__slot *so, const struct weir__ast_expr *as)
{
	bool ok;
	const struct weir_type *want = wanted_type(so, &ok);
	struct weir_expr *ex = ok ? bind_row(so, as, want) : NULL;

	if (ex == NULL && ok)
		ex = instead(so, as, want);
	*(const struct weir_expr **)so->to = ex;
	return ex != NULL ? 0 : -1;
}

static int
bind_exprs(struct weir__slot *so, struct weir__ast_expr *as)
{
	struct weir__ast_expr **items;
	const struct weir_expr **to;
	const struct weir_type *want;
	bool ok;
	size_t i, n;
	int rc = 0;

	want = wanted_type(so, &ok);
	items = weir__value_items(so, &as, &n);
	to = weir__value_list(so, n, sizeof *to);
	for (i = 0; ok && to != NULL && i < n; i++) {
		to[i] = bind_row(so, items[i], want);
		if (to[i] == NULL)
			to[i] = instead(so, items[i], want);
		rc |= to[i] != NULL ? 0 : -1;
	}
	return ok && to != NULL ? rc : -1;
}

static const char *
entry_name(struct weir__slot *so, const struct weir__ast_entry *en)
{
	const char *name = en->name.text;

	if (name == NULL)
		name = name_of(en->value);
	if (name == NULL && en->value->kind != WEIR__E_BAD)
		weir__errors_fail(so->bu->es, en->span, "column.name",
		    "this column needs a name: `name: expression`");
	return name;
}

static int
bind_named(struct weir__slot *so, struct weir__ast_entry *entries, size_t n)
{
	bool chained = (so->op->flags & WEIR_OPTF_CHAINED) != 0;
	struct weir_named *to = weir__value_list(so, n, sizeof *to);
	struct weir_list *li = so->to;
	struct weir_expr *ex;
	size_t i;
	int rc = 0;

	if (to == NULL)
		return -1;
	li->n = 0;
	for (i = 0; i < n; i++) {
		if (chained) {
			so->sc->earlier = to;
			so->sc->nearlier = li->n;
		}
		to[li->n].name = entry_name(so, &entries[i]);
		to[li->n].span = entries[i].span;
		ex = to[li->n].name != NULL ?
		    weir__expr_bind(so->sc, entries[i].value, NULL) : NULL;
		if (to[li->n].name == NULL && so->dr != NULL) {
			so->dr->unsure = true;
			continue;
		}
		if (ex == NULL)
			ex = instead(so, entries[i].value, NULL);
		if (ex == NULL || keep_expr(so, ex) != 0) {
			rc = -1;
			continue;
		}
		weir__expr_set_name(ex, to[li->n].name);
		to[li->n++].expr = ex;
	}
	so->sc->earlier = NULL;
	so->sc->nearlier = 0;
	return rc;
}

/* ---------------------------------------------------------------- columns */

static int32_t
find_column(struct weir__slot *so, const struct weir__ast_expr *as)
{
	const struct weir_schema *sc = so->sc->schema;
	const char **names;
	int32_t col;
	uint32_t i;

	if (as->kind != WEIR__E_NAME || sc == NULL) {
		if (as->kind != WEIR__E_BAD)
			weir__errors_fail(so->bu->es, as->span, "column.name",
			    "expected the name of a column");
		return -1;
	}
	col = weir__schema_find(sc, as->u.name.text);
	if (col >= 0)
		return col;
	names = weir__build_alloc(so->bu, (sc->ncols + 1) * sizeof *names);
	for (i = 0; names != NULL && i < sc->ncols; i++)
		names[i] = sc->cols[i].name;
	if (names != NULL)
		weir__build_unknown(so->bu, as->span, "column.unknown",
		    "there is no column", as->u.name.text, names, sc->ncols);
	return -1;
}

static int
bind_columns(struct weir__slot *so, struct weir__ast_expr *as)
{
	struct weir__ast_expr **items;
	uint32_t *to;
	struct weir_list *li = so->to;
	int32_t col;
	size_t i, n;

	items = weir__value_items(so, &as, &n);
	to = weir__value_list(so, n, sizeof *to);
	if (to == NULL)
		return -1;
	li->n = 0;
	for (i = 0; i < n; i++) {
		col = find_column(so, items[i]);
		if (col >= 0)
			to[li->n++] = (uint32_t)col;
		else if (so->dr != NULL)
			so->dr->unsure = true;
		else
			return -1;
	}
	return 0;
}

static int
bind_renames(struct weir__slot *so, struct weir__ast_entry *entries, size_t n)
{
	struct weir_rename *to = weir__value_list(so, n, sizeof *to);
	int32_t col;
	size_t i;
	int rc = 0;

	for (i = 0; to != NULL && i < n; i++) {
		to[i].name = entries[i].name.text;
		to[i].span = entries[i].span;
		if (to[i].name == NULL) {
			weir__errors_fail(so->bu->es, entries[i].span,
			    "column.name", "expected `new: old`");
			rc = -1;
			continue;
		}
		col = find_column(so, entries[i].value);
		to[i].col = (uint32_t)col;
		rc |= col < 0 ? -1 : 0;
	}
	return to != NULL ? rc : -1;
}

static int
bind_fields(struct weir__slot *so, struct weir__ast_entry *entries, size_t n)
{
	struct weir_field *to = weir__value_list(so, n, sizeof *to);
	struct weir__ast_type *at;
	size_t i;
	int rc = 0;

	for (i = 0; to != NULL && i < n; i++) {
		at = weir__ast_expr_as_type(so->bu->ar, entries[i].value);
		if (entries[i].name.text == NULL || at == NULL) {
			weir__errors_fail(so->bu->es, entries[i].span,
			    "column.type", "expected `name: type`");
			rc = -1;
			continue;
		}
		to[i].name = entries[i].name.text;
		to[i].span = entries[i].name.span;
		to[i].required = at->required;
		to[i].type = weir__type_bind(so->sc, at, &to[i].format);
		rc |= to[i].type != NULL ? 0 : -1;
	}
	return to != NULL ? rc : -1;
}

static int
bind_aggs(struct weir__slot *so, struct weir__ast_entry *entries, size_t n)
{
	const struct weir_aggs **list;
	struct weir_aggs *ag;
	bool whole;

	ag = weir__aggs_bind_all(so->sc, entries, n, &whole);
	*(struct weir_aggs **)so->to = ag;
	if (ag == NULL)
		return -1;
	so->dr->unsure |= !whole;
	list = weir__build_alloc(so->bu, (so->nd->naggs + 1) * sizeof *list);
	if (list == NULL)
		return -1;
	if (so->nd->naggs != 0)
		memcpy(list, so->nd->aggs, so->nd->naggs * sizeof *list);
	list[so->nd->naggs++] = ag;
	so->nd->aggs = list;
	return 0;
}

/* ------------------------------------------------------------ whatever it is */

int
weir__value_row(struct weir__slot *so, struct weir__ast_expr *as)
{
	switch (so->op->type) {
	case WEIR_OPT_EXPR:
		return bind_expr(so, as);
	case WEIR_OPT_EXPRS:
		return bind_exprs(so, as);
	case WEIR_OPT_COLUMN:
		return (*(int32_t *)so->to = find_column(so, as)) < 0 ? -1 : 0;
	default:
		return bind_columns(so, as);
	}
}

int
weir__value_braces(struct weir__slot *so, struct weir__ast_entry *entries,
    size_t n)
{
	switch (so->op->type) {
	case WEIR_OPT_NAMED:
		return bind_named(so, entries, n);
	case WEIR_OPT_RENAMES:
		return bind_renames(so, entries, n);
	case WEIR_OPT_FIELDS:
		return bind_fields(so, entries, n);
	case WEIR_OPT_AGGS:
		return bind_aggs(so, entries, n);
	default:
		FAIL(so, so->nd->ast->braces, "plugin.table",
		    "option \"%s\" of %s can't stand in braces", so->op->name,
		    so->nd->what);
	}
}
