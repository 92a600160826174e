/* SPDX-License-Identifier: MIT
 *
 * Arguments to options: which was meant for which, and then, when types are
 * known, into the config struct.  Not written: the plugin's block of the
 * settings, then the table's default.
 */
#include <stdio.h>

#include "plan/build.h"

static size_t
count(const struct weir_option *const *table)
{
	size_t n = 0;

	while (table != NULL && table[n] != NULL)
		n++;
	return n;
}

static int
find(const struct weir_option *const *table, const char *name)
{
	size_t i;

	for (i = 0; table != NULL && table[i] != NULL; i++)
		if ((table[i]->flags & WEIR_OPTF_BRACES) == 0 &&
		    strcmp(table[i]->name, name) == 0)
			return (int)i;
	return -1;
}

static void
unknown_option(struct weir__build *bu, const struct weir_option *const *table,
    const char *what, const struct weir__ast_name *name, bool entry)
{
	const char *names[80];
	char text[160];
	size_t i, n = 0;

	for (i = 0; table != NULL && table[i] != NULL && n < 80; i++)
		if ((table[i]->flags & WEIR_OPTF_BRACES) == 0)
			names[n++] = table[i]->name;
	if (what != NULL)
		snprintf(text, sizeof text, "%s has no %s", what,
		    entry ? "entry" : "option");
	else
		snprintf(text, sizeof text, "there is no setting");
	weir__build_unknown(bu, name->span, "option.unknown", text, name->text,
	    names, n);
}

/* ------------------------------------------------------------- assignment */

/* The next option for an argument without a name, or -1. */
static int
next_positional(const struct weir_option *const *table, size_t n, size_t *at)
{
	for (; *at < n; (*at)++) {
		if ((table[*at]->flags & WEIR_OPTF_POSITIONAL) == 0)
			continue;
		if ((table[*at]->flags & WEIR_OPTF_VARIADIC) != 0)
			return (int)*at;
		return (int)(*at)++;
	}
	return -1;
}

/* The option that stands in braces, or NULL. */
static const struct weir_option *
braces_of(const struct weir_stage_type *ty)
{
	size_t i;

	for (i = 0; ty->options != NULL && ty->options[i] != NULL; i++)
		if ((ty->options[i]->flags & WEIR_OPTF_BRACES) != 0)
			return ty->options[i];
	return NULL;
}

static void
position_error(struct weir__build *bu, const struct weir__node *nd,
    const struct weir__ast_arg *ag)
{
	const struct weir_option *const *op = nd->type->options;
	struct weir_err *err;
	size_t i, n = 0;

	for (i = 0; op != NULL && op[i] != NULL; i++)
		n += (op[i]->flags & WEIR_OPTF_POSITIONAL) != 0;
	if (n == 0)
		weir__errors_fail(bu->es, ag->span, "option.position",
		    "%s takes no value without a name", nd->what);
	else
		weir__errors_fail(bu->es, ag->span, "option.position",
		    "%s takes %zu value%s without a name, here is one more: "
		    "name the option that is meant", nd->what, n,
		    n == 1 ? "" : "s");
	err = weir__errors_last(bu->es);
	if (n == 0 && braces_of(nd->type) != NULL)
		snprintf(err->hint, sizeof err->hint,
		    "its columns stand in braces: %s { ... }",
		    nd->type->verb);
}

static int
assign_positional(struct weir__build *bu, struct weir__node *nd,
    struct weir__slots *sl, const struct weir__ast_arg *ag, size_t n, size_t *at)
{
	int i = next_positional(nd->type->options, n, at);

	if (i < 0) {
		position_error(bu, nd, ag);
		return -1;
	}
	if ((nd->type->options[i]->flags & WEIR_OPTF_VARIADIC) != 0)
		sl->rest[sl->nrest++] = ag->value;
	if (sl->value[i] == NULL) {
		sl->value[i] = ag->value;
		sl->span[i] = ag->value->span;
	}
	return 0;
}

static int
assign_named(struct weir__build *bu, struct weir__node *nd,
    struct weir__slots *sl, const struct weir__ast_arg *ag)
{
	int i = find(nd->type->options, ag->name.text);
	struct weir_err *err;

	if (i < 0) {
		unknown_option(bu, nd->type->options, nd->what, &ag->name,
		    false);
		err = weir__errors_last(bu->es);
		if (braces_of(nd->type) != NULL && err->hint[0] == '\0')
			snprintf(err->hint, sizeof err->hint,
			    "columns stand in braces: %s { %s: ... }",
			    nd->type->verb, ag->name.text);
		return -1;
	}
	if (sl->value[i] != NULL) {
		weir__errors_fail(bu->es, ag->name.span, "option.twice",
		    "option \"%s\" is given twice", ag->name.text);
		return -1;
	}
	sl->value[i] = ag->value;
	sl->span[i] = ag->value->span;
	return 0;
}

/* `id:` belongs to the engine and may stand in any stage. */
static int
assign_id(struct weir__build *bu, struct weir__node *nd,
    const struct weir__ast_arg *ag)
{
	struct weir__scope sc;
	struct weir_value v;
	bool secret;

	weir__build_scope(bu, &sc);
	if (weir__expr_constant(&sc, ag->value,
		&(const struct weir_type){ .kind = WEIR_STRING }, &v,
		&secret) != 0)
		return -1;
	if (v.null || v.u.s.len == 0) {
		weir__errors_fail(bu->es, ag->value->span, "option.value",
		    "an id must not be empty");
		return -1;
	}
	nd->id = weir__arena_strndup(bu->ar, weir_str_data(&v.u.s), v.u.s.len);
	return nd->id != NULL ? 0 : -1;
}

int
weir__options_assign(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	const struct weir__ast_stage *as = nd->ast;
	struct weir__slots *sl = &dr->slots;
	size_t n = count(nd->type->options), at = 0, i;
	const struct weir__ast_arg *ag;
	int rc = 0;

	sl->value = weir__build_alloc(bu, (n + 1) * sizeof *sl->value);
	sl->span = weir__build_alloc(bu, (n + 1) * sizeof *sl->span);
	sl->rest = weir__build_alloc(bu, (as->nargs + 1) * sizeof *sl->rest);
	if (sl->value == NULL || sl->span == NULL || sl->rest == NULL)
		return -1;
	for (i = 0; i < as->nargs; i++) {
		ag = &as->args[i];
		if (ag->name.text == NULL)
			rc |= assign_positional(bu, nd, sl, ag, n, &at);
		else if (strcmp(ag->name.text, "id") == 0 &&
		    find(nd->type->options, "id") < 0)
			rc |= assign_id(bu, nd, ag);
		else
			rc |= assign_named(bu, nd, sl, ag);
	}
	return rc;
}

/* ---------------------------------------------------------------- binding */

/* Errors in a default are about what the stage needs: point at the stage. */
static void
move_errors(struct weir__build *bu, size_t from, struct weir_span span,
    const char *option)
{
	struct weir_err *err;

	for (; from < bu->es->n; from++) {
		err = &bu->es->list[from];
		err->span = span;
		if (err->hint[0] == '\0' || strncmp(err->hint, "did", 3) == 0)
			snprintf(err->hint, sizeof err->hint,
			    "that is the default of option \"%s\": give it "
			    "another value", option);
	}
}

static int
bind_default(struct weir__slot *so, const char *label, struct weir_span span)
{
	struct weir__ast_expr *as;
	size_t before = so->bu->es->n;
	uint32_t src;
	int rc = -1;

	src = weir__errors_source(so->bu->es, label, so->op->def,
	    strlen(so->op->def));
	as = src != 0 ? weir__parse_expr(so->bu->ar, so->bu->es, src) : NULL;
	so->is_default = true;
	if (as != NULL)
		rc = weir__value_bind(so, as);
	else if (so->bu->es->n == before)
		weir__build_oom(so->bu);
	so->is_default = false;
	move_errors(so->bu, before, span, so->op->name);
	return rc;
}

/* What is not a zero when it is not given. */
static void
unset(const struct weir_option *op, void *to)
{
	if (op->type == WEIR_OPT_COLUMN)
		*(int32_t *)to = -1;
}

static int
bind_missing(struct weir__slot *so, const char *what, struct weir_span span)
{
	const struct weir_option *op = so->op;
	struct weir__slot inner = *so;
	size_t i;
	int rc = 0;

	unset(op, so->to);
	if (what == NULL)
		what = "settings";
	if (op->def != NULL)
		return bind_default(so, what, span);
	if ((op->flags & WEIR_OPTF_REQUIRED) != 0) {
		weir__errors_fail(so->bu->es, span, "option.missing",
		    (op->flags & WEIR_OPTF_BRACES) != 0 ?
			"%s needs braces with its columns" :
			"%s needs %s \"%s\"", what,
		    so->noun != NULL ? so->noun : "option", op->name);
		return -1;
	}
	if (op->type != WEIR_OPT_RECORD)
		return 0;
	inner.noun = "entry";
	for (i = 0; op->fields[i] != NULL; i++) {
		inner.op = op->fields[i];
		inner.to = (char *)so->to + inner.op->offset;
		rc |= bind_missing(&inner, what, span);
	}
	return rc;
}

static void
row_scope(struct weir__build *bu, struct weir__node *nd, struct weir__scope *sc,
    const struct weir_option *op)
{
	weir__build_scope(bu, sc);
	if (nd->ninputs != 0 && nd->inputs[0].schema != NULL)
		sc->schema = nd->inputs[0].schema;
	if (nd->origin != NULL && nd->type->role != WEIR_SOURCE) {
		sc->has_origin = true;
		sc->origin = &nd->origin->ports[0].schema;
	}
	sc->path = (op->flags & WEIR_OPTF_PATH) != 0;
	sc->allow_secret = (op->flags & WEIR_OPTF_SECRET) != 0;
}

static int
bind_braces(struct weir__slot *so, struct weir__node *nd)
{
	if (!nd->ast->has_braces)
		return bind_missing(so, nd->what, nd->span);
	return weir__value_braces(so, nd->ast->entries, nd->ast->nentries);
}

static int
bind_one(struct weir__build *bu, struct weir__node *nd, struct weir__draft *dr,
    size_t i)
{
	const struct weir_option *op = nd->type->options[i];
	struct weir_config *head = nd->config;
	const struct weir__ast_entry *en;
	struct weir__scope sc;
	struct weir__slot so = {
		.bu = bu,
		.sc = &sc,
		.nd = nd,
		.dr = dr,
		.op = op,
		.to = (char *)nd->config + op->offset,
	};

	row_scope(bu, nd, &sc, op);
	if ((op->flags & WEIR_OPTF_BRACES) != 0) {
		if (nd->ast->has_braces)
			head->set |= (uint64_t)1 << i;
		return bind_braces(&so, nd);
	}
	if (dr->slots.value[i] != NULL) {
		head->set |= (uint64_t)1 << i;
		return weir__value_bind(&so, dr->slots.value[i]);
	}
	en = weir__build_default(bu, nd->plugin->name, op->name);
	if (en != NULL) {
		head->set |= (uint64_t)1 << i;
		dr->slots.span[i] = en->value->span;
		return weir__value_bind(&so, en->value);
	}
	return bind_missing(&so, nd->what, nd->span);
}

/* Does the value depend on the rows that come in? */
static bool
over_rows(const struct weir_option *op)
{
	switch (op->type) {
	case WEIR_OPT_EXPR:
	case WEIR_OPT_EXPRS:
	case WEIR_OPT_NAMED:
	case WEIR_OPT_RENAMES:
	case WEIR_OPT_COLUMN:
	case WEIR_OPT_COLUMNS:
	case WEIR_OPT_AGGS:
	case WEIR_OPT_STREAM:
		return true;
	default:
		return (op->flags & WEIR_OPTF_BRACES) != 0;
	}
}

int
weir__options_probe(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	size_t i, n = count(nd->type->options);

	nd->config = weir__build_alloc(bu, nd->type->config_size);
	if (nd->config == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (!over_rows(nd->type->options[i]) &&
		    (dr->slots.value[i] != NULL ||
			weir__build_default(bu, nd->plugin->name,
			    nd->type->options[i]->name) != NULL))
			bind_one(bu, nd, dr, i);
	nd->config = NULL; /* it was never bound */
	return bu->failed ? -1 : 0;
}

int
weir__options_bind(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	size_t i, n = count(nd->type->options);
	int rc = 0;

	nd->config = weir__build_alloc(bu, nd->type->config_size);
	if (nd->config == NULL)
		return -1;
	if (nd->ast->has_braces && braces_of(nd->type) == NULL) {
		weir__errors_fail(bu->es, nd->ast->braces, "stage.braces",
		    "%s takes no columns in braces", nd->what);
		rc = -1;
	}
	for (i = 0; i < n; i++)
		rc |= bind_one(bu, nd, dr, i);
	return rc;
}

int
weir__options_record(struct weir__build *bu, struct weir__scope *sc,
    const struct weir_option *const *table, void *to, uint64_t *set,
    const struct weir__ast_entry *entries, size_t n, const char *what,
    struct weir_span span, bool (*skip)(void *arg, const char *name), void *arg)
{
	struct weir__slot so = { .bu = bu, .sc = sc,
		.noun = what != NULL ? "entry" : "setting" };
	bool written[64] = { false };
	size_t i;
	int at, rc = 0;

	for (i = 0; i < n; i++) {
		if (entries[i].name.text == NULL ||
		    (skip != NULL && skip(arg, entries[i].name.text)))
			continue;
		at = find(table, entries[i].name.text);
		if (at < 0) {
			unknown_option(bu, table, what, &entries[i].name,
			    true);
			rc = -1;
			continue;
		}
		if (written[at]) {
			weir__errors_fail(bu->es, entries[i].name.span,
			    "option.twice", "\"%s\" is given twice",
			    entries[i].name.text);
			rc = -1;
		}
		written[at] = true;
		if (set != NULL)
			*set |= (uint64_t)1 << at;
		so.op = table[at];
		so.to = (char *)to + so.op->offset;
		rc |= weir__value_bind(&so, entries[i].value);
	}
	for (i = 0; table[i] != NULL; i++) {
		if (written[i])
			continue;
		so.op = table[i];
		so.to = (char *)to + so.op->offset;
		rc |= bind_missing(&so, what, span);
	}
	return rc;
}
