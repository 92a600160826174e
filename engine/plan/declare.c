/* SPDX-License-Identifier: MIT
 *
 * Declarations: params, settings and schemas.  Their order in the file does
 * not matter.
 */
#include <stdio.h>
#include <stdlib.h>

#include "batch/batch.h"
#include "plan/build.h"

/* A schema as a type.  One in error, which lacks types, is not shown. */
static const struct weir_schema *
find_schema(void *arg, const char *name)
{
	static const struct weir_schema none = { .event_time = -1 };
	const struct weir_schema *sc = weir__build_schema(arg, name);
	struct weir__build *bu = arg;
	size_t i;

	for (i = 0; sc != NULL && i < bu->nschemas; i++) {
		if (&bu->schemas[i].schema != sc || bu->schemas[i].state >= 0)
			continue;
		bu->bad_type = true;
		return &none;
	}
	return sc;
}

static int
zone_used(void *arg, const char *name, uint64_t hash)
{
	return weir__build_zone(arg, name, hash);
}

void
weir__build_scope(struct weir__build *bu, struct weir__scope *sc)
{
	memset(sc, 0, sizeof *sc);
	sc->ar = bu->ar;
	sc->errors = bu->es;
	sc->functions = bu->pl->registry;
	sc->host = &weir__host;
	sc->params = bu->pl->params;
	sc->nparams = bu->pl->nparams;
	sc->allow_env = true;
	sc->need_secrets = bu->op->need_secrets;
	sc->find_schema = find_schema;
	sc->find_arg = bu;
	sc->zone_used = zone_used;
}

/* ------------------------------------------------------------------ params */

struct param_draft {
	const struct weir__ast_item *item;
	int state; /* 0 new, 1 being evaluated, 2 done, -1 bad */
};

struct params {
	struct weir__build *bu;
	struct param_draft *list;
	size_t n;
	bool ok; /* of the expression being walked */
};

static int eval_param(struct params *pa, struct param_draft *dr);

static void need_names(struct params *pa, const struct weir__ast_expr *as);

static void
need_one(struct params *pa, const struct weir__ast_expr *as, const char *name)
{
	struct param_draft *dr;
	size_t i;

	for (i = 0; i < pa->n; i++) {
		dr = &pa->list[i];
		if (strcmp(dr->item->name.text, name) != 0)
			continue;
		if (dr->state == 1) {
			weir__errors_fail(pa->bu->es, as->span, "param.cycle",
			    "param \"%s\" needs its own value", name);
			pa->ok = false;
		} else if (dr->state < 0 ||
		    (dr->state == 0 && eval_param(pa, dr) != 0)) {
			pa->ok = false;
		}
	}
}

static void
need_call(struct params *pa, const struct weir__ast_expr *as)
{
	size_t i;

	for (i = 0; i < as->u.call.nargs; i++)
		need_names(pa, as->u.call.args[i].value);
}

/* Evaluate the params that an expression names. */
static void
need_names(struct params *pa, const struct weir__ast_expr *as)
{
	size_t i;

	if (as == NULL)
		return;
	switch (as->kind) {
	case WEIR__E_NAME:
		need_one(pa, as, as->u.name.text);
		break;
	case WEIR__E_FIELD:
		if (as->u.field.of->kind == WEIR__E_NAME &&
		    strcmp(as->u.field.of->u.name.text, "param") == 0)
			need_one(pa, as, as->u.field.name);
		need_names(pa, as->u.field.of);
		break;
	case WEIR__E_CALL:
		need_call(pa, as);
		break;
	case WEIR__E_TEMPLATE:
		for (i = 0; i < as->u.tmpl.n; i++)
			need_names(pa, as->u.tmpl.pieces[i].expr);
		break;
	case WEIR__E_BETWEEN:
	case WEIR__E_IF:
		need_names(pa, as->u.cond.x);
		need_names(pa, as->u.cond.a);
		need_names(pa, as->u.cond.b);
		break;
	case WEIR__E_CASE:
		need_names(pa, as->u.cases.operand);
		for (i = 0; i < as->u.cases.n; i++) {
			need_names(pa, as->u.cases.whens[i].when);
			need_names(pa, as->u.cases.whens[i].then);
		}
		need_names(pa, as->u.cases.otherwise);
		break;
	case WEIR__E_CAST:
		need_names(pa, as->u.cast.x);
		break;
	case WEIR__E_LIST:
		for (i = 0; i < as->u.list.n; i++)
			need_names(pa, as->u.list.items[i]);
		break;
	case WEIR__E_RECORD:
		for (i = 0; i < as->u.record.n; i++)
			need_names(pa, as->u.record.entries[i].value);
		break;
	case WEIR__E_INDEX:
	case WEIR__E_NEG:
	case WEIR__E_NOT:
	case WEIR__E_ADD ... WEIR__E_IS_NULL:
		need_names(pa, as->u.bin.a);
		need_names(pa, as->u.bin.b);
		break;
	default:
		break;
	}
}

static const char *
set_value(struct weir__build *bu, const char *name)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; i < bu->op->nsets; i++)
		if (strcmp(bu->op->sets[i].name, name) == 0) {
			bu->op->sets[i].used = true;
			value = bu->op->sets[i].value;
		}
	return value;
}

/* --set wins over the file; its text is read as the param's type. */
static int
param_from_set(struct params *pa, const struct weir__ast_item *it,
    const struct weir_type *ty, const char *text, struct weir__param *p)
{
	struct weir_err err = { 0 };

	if (weir__value_from_text(pa->bu->ar, &p->value, ty, text, strlen(text),
		&err) == 0)
		return 0;
	weir__errors_fail(pa->bu->es, it->name.span, "param.value",
	    "--set %s=%s: %s", it->name.text, text, err.text);
	return -1;
}

/* With --set and no type written, the type is the default's. */
static int
param_value(struct params *pa, const struct weir__ast_item *it,
    const struct weir_type *ty, struct weir__param *p)
{
	const char *text = set_value(pa->bu, it->name.text);
	struct weir__scope sc;

	if (it->u.param.value == NULL && text == NULL) {
		weir__errors_fail(pa->bu->es, it->name.span, "param.unset",
		    "param \"%s\" has no value: give it with --set %s=...",
		    it->name.text, it->name.text);
		return -1;
	}
	if (text != NULL && (ty != NULL || it->u.param.value == NULL))
		return param_from_set(pa, it,
		    ty != NULL ? ty : weir__type_scalar(WEIR_STRING), text, p);
	pa->ok = true;
	need_names(pa, it->u.param.value);
	if (!pa->ok)
		return -1;
	weir__build_scope(pa->bu, &sc);
	sc.allow_secret = true;
	if (weir__expr_constant(&sc, it->u.param.value, ty, &p->value,
		&p->secret) != 0)
		return -1;
	p->unknown = p->secret && p->value.null;
	if (text != NULL)
		return param_from_set(pa, it,
		    p->value.type != NULL ? p->value.type :
					    weir__type_scalar(WEIR_STRING),
		    text, p);
	return 0;
}

static int
eval_param(struct params *pa, struct param_draft *dr)
{
	const struct weir__ast_item *it = dr->item;
	const struct weir_type *ty = NULL;
	struct weir__param p = { .name = it->name.text, .span = it->name.span };
	struct weir__scope sc;

	dr->state = 1;
	if (it->damaged)
		goto bad;
	if (it->u.param.type != NULL) {
		weir__build_scope(pa->bu, &sc);
		ty = weir__type_bind(&sc, it->u.param.type, NULL);
		if (ty == NULL)
			goto bad;
	}
	if (param_value(pa, it, ty, &p) != 0)
		goto bad;
	pa->bu->pl->params[pa->bu->pl->nparams++] = p;
	dr->state = 2;
	return 0;
bad:
	dr->state = -1;
	/* Later uses stay silent: the name is there, its value is not. */
	p.value = (struct weir_value){ .null = true };
	pa->bu->pl->params[pa->bu->pl->nparams++] = p;
	return -1;
}

/* Two declarations of one name: the second is the error. */
static void
twice(struct weir__build *bu, const struct weir__ast_item *a,
    const struct weir__ast_item *b, const char *what)
{
	struct weir_err *err;

	weir__errors_fail(bu->es, b->name.span, "name.twice",
	    "%s \"%s\" is there twice", what, b->name.text);
	err = weir__errors_last(bu->es);
	err->span2 = a->name.span;
	snprintf(err->text2, sizeof err->text2, "the first is here");
}

static const struct weir__ast_item **
items_of(struct weir__build *bu, enum weir__ast_what what, const char *label,
    size_t *n)
{
	struct weir__ast_file *af = bu->pl->ast;
	const struct weir__ast_item **list;
	size_t i, j;

	*n = 0;
	list = weir__build_alloc(bu, (af->nitems + 1) * sizeof *list);
	for (i = 0; list != NULL && i < af->nitems; i++) {
		if (af->items[i].what != what || af->items[i].name.text == NULL)
			continue;
		for (j = 0; j < *n; j++)
			if (strcmp(list[j]->name.text,
				af->items[i].name.text) == 0)
				break;
		if (j < *n)
			twice(bu, list[j], &af->items[i], label);
		else
			list[(*n)++] = &af->items[i];
	}
	return list;
}

static int
declare_params(struct weir__build *bu)
{
	const struct weir__ast_item **items;
	struct params pa = { .bu = bu };
	size_t i;

	items = items_of(bu, WEIR__I_PARAM, "param", &pa.n);
	if (items == NULL)
		return -1;
	pa.list = weir__build_alloc(bu, (pa.n + 1) * sizeof *pa.list);
	bu->pl->params = weir__build_alloc(bu,
	    (pa.n + 1) * sizeof *bu->pl->params);
	if (pa.list == NULL || bu->pl->params == NULL)
		return -1;
	for (i = 0; i < pa.n; i++)
		pa.list[i].item = items[i];
	for (i = 0; i < pa.n; i++)
		if (pa.list[i].state == 0)
			eval_param(&pa, &pa.list[i]);
	return 0;
}

/* ---------------------------------------------------------------- settings */

static bool
is_plugin_block(void *arg, const char *name)
{
	const struct weir__build *bu = arg;
	size_t i;

	for (i = 0; weir__settings_options[i] != NULL; i++)
		if (strcmp(weir__settings_options[i]->name, name) == 0)
			return false;
	for (i = 0; i < bu->nsettings; i++)
		if (bu->settings[i].name.text != NULL &&
		    strcmp(bu->settings[i].name.text, name) == 0)
			return bu->settings[i].value->kind == WEIR__E_RECORD;
	return false;
}

static const struct weir_option *
find_option(const struct weir_stage_type *ty, const char *name)
{
	size_t i;

	for (i = 0; ty->options != NULL && ty->options[i] != NULL; i++)
		if (strcmp(ty->options[i]->name, name) == 0)
			return ty->options[i];
	return NULL;
}

/* Every entry of a plugin's block must be an option of one of its stages. */
static void
check_block(struct weir__build *bu, const struct weir__ast_entry *en)
{
	const struct weir__plugin *pg;
	const struct weir_stage_type *const *ty;
	const struct weir__ast_entry *of;
	const char *names[256];
	struct weir_err err = { 0 };
	char what[160];
	size_t i, j, n;
	bool found;

	pg = weir__loader_get(bu->pl->loader, en->name.text, &err);
	if (pg == NULL) {
		err.span = en->name.span;
		weir__errors_add(bu->es, &err);
		return;
	}
	for (i = 0; i < en->value->u.record.n; i++) {
		of = &en->value->u.record.entries[i];
		found = false;
		n = 0;
		for (ty = pg->desc->stages; ty != NULL && *ty != NULL; ty++) {
			found |= find_option(*ty, of->name.text) != NULL;
			for (j = 0; (*ty)->options != NULL &&
			     (*ty)->options[j] != NULL && n < 256; j++)
				names[n++] = (*ty)->options[j]->name;
		}
		if (found)
			continue;
		snprintf(what, sizeof what, "no stage of plugin %s has an "
		    "option", en->name.text);
		weir__build_unknown(bu, of->name.span, "option.unknown", what,
		    of->name.text, names, n);
	}
}

static int
declare_settings(struct weir__build *bu)
{
	struct weir__ast_file *af = bu->pl->ast;
	struct weir__scope sc;
	struct weir_span span = WEIR_NOWHERE;
	size_t i;

	for (i = 0; i < af->nitems; i++) {
		if (af->items[i].what != WEIR__I_SETTINGS)
			continue;
		if (bu->settings_item != NULL) {
			weir__errors_fail(bu->es, af->items[i].word,
			    "settings.twice",
			    "a second settings block: a file has one");
			continue;
		}
		bu->settings_item = &af->items[i];
		bu->settings = af->items[i].u.settings.entries;
		bu->nsettings = af->items[i].u.settings.n;
		span = af->items[i].word;
	}
	weir__build_scope(bu, &sc);
	if (weir__options_record(bu, &sc, weir__settings_options,
		&bu->pl->settings, &bu->pl->settings.config.set, bu->settings,
		bu->nsettings, NULL, span, is_plugin_block, bu) != 0 &&
	    bu->failed)
		return -1;
	for (i = 0; i < bu->nsettings; i++)
		if (bu->settings[i].name.text != NULL &&
		    is_plugin_block(bu, bu->settings[i].name.text))
			check_block(bu, &bu->settings[i]);
	return 0;
}

const struct weir__ast_entry *
weir__build_default(struct weir__build *bu, const char *plugin,
    const char *option)
{
	const struct weir__ast_entry *en;
	size_t i, j;

	for (i = 0; i < bu->nsettings; i++) {
		en = &bu->settings[i];
		if (en->name.text == NULL ||
		    strcmp(en->name.text, plugin) != 0 ||
		    en->value->kind != WEIR__E_RECORD)
			continue;
		for (j = 0; j < en->value->u.record.n; j++)
			if (strcmp(en->value->u.record.entries[j].name.text,
				option) == 0)
				return &en->value->u.record.entries[j];
	}
	return NULL;
}

/* ----------------------------------------------------------------- schemas */

static int
schema_field(struct weir__build *bu, struct weir__scope *sc,
    struct weir_field *to, const struct weir__ast_field *af)
{
	to->name = af->name.text;
	to->required = af->type->required;
	to->from = af->from;
	to->span = af->name.span;
	bu->bad_type = false;
	to->type = weir__type_bind(sc, af->type, &to->format);
	if (bu->bad_type)
		to->type = NULL; /* said where that schema is declared */
	return to->type != NULL ? 0 : -1;
}

static int
bind_schema(struct weir__build *bu, struct weir__named_schema *ns)
{
	const struct weir__ast_item *it = ns->item;
	struct weir_field *cols;
	struct weir__scope sc;
	size_t i, j, n = it->u.schema.n;
	int rc = 0;

	if (it->u.schema.value != NULL) {
		weir__errors_fail(bu->es, it->u.schema.value->span,
		    "schema.source",
		    "no plugin here makes schemas of files or registries: "
		    "write the fields in braces");
		return -1;
	}
	cols = weir__build_alloc(bu, (n + 1) * sizeof *cols);
	if (cols == NULL)
		return -1;
	weir__build_scope(bu, &sc);
	for (i = 0; i < n; i++) {
		if (schema_field(bu, &sc, &cols[i], &it->u.schema.fields[i]) !=
		    0)
			rc = -1;
		for (j = 0; j < i; j++)
			if (strcmp(cols[i].name, cols[j].name) == 0) {
				weir__errors_fail(bu->es, cols[i].span,
				    "name.twice", "field \"%s\" is there twice",
				    cols[i].name);
				rc = -1;
			}
	}
	ns->schema.cols = cols;
	ns->schema.ncols = (uint32_t)n;
	ns->schema.event_time = -1;
	return it->damaged ? -1 : rc;
}

const struct weir_schema *
weir__build_schema(struct weir__build *bu, const char *name)
{
	struct weir__named_schema *ns;
	size_t i;

	for (i = 0; i < bu->nschemas; i++) {
		ns = &bu->schemas[i];
		if (strcmp(ns->name, name) != 0)
			continue;
		if (ns->state == 1) {
			weir__errors_fail(bu->es, ns->item->name.span,
			    "schema.cycle", "schema \"%s\" holds itself", name);
			ns->state = -1;
		}
		if (ns->state == 0) {
			ns->state = 1;
			ns->state = bind_schema(bu, ns) == 0 &&
				ns->state == 1 ? 2 : -1;
		}
		return &ns->schema;
	}
	return NULL;
}

static int
declare_schemas(struct weir__build *bu)
{
	const struct weir__ast_item **items;
	size_t i, n;

	items = items_of(bu, WEIR__I_SCHEMA, "schema", &n);
	if (items == NULL)
		return -1;
	bu->schemas = weir__build_alloc(bu, (n + 1) * sizeof *bu->schemas);
	if (bu->schemas == NULL)
		return -1;
	bu->nschemas = n;
	for (i = 0; i < n; i++) {
		bu->schemas[i].name = items[i]->name.text;
		bu->schemas[i].item = items[i];
		bu->schemas[i].schema.event_time = -1;
	}
	for (i = 0; i < n; i++)
		weir__build_schema(bu, bu->schemas[i].name);
	return 0;
}

/* Words of the language that this version does not know how to run. */
static void
later_words(struct weir__build *bu)
{
	static const struct {
		enum weir__ast_what what;
		const char *word;
		const char *instead;
	} later[] = {
		{ WEIR__I_PART, "part", "put its stages in a file of their own" },
		{ WEIR__I_DEFINE, "define", "write the chain where it is used" },
		{ WEIR__I_INCLUDE, "include", "copy the declarations" },
	};
	struct weir__ast_file *af = bu->pl->ast;
	size_t i, j;

	for (i = 0; i < af->nitems; i++)
		for (j = 0; j < sizeof later / sizeof *later; j++)
			if (af->items[i].what == later[j].what)
				weir__errors_fail(bu->es, af->items[i].word,
				    "language.later",
				    "this version of weir does not have `%s` "
				    "yet: %s", later[j].word, later[j].instead);
}

int
weir__build_declare(struct weir__build *bu)
{
	later_words(bu);
	if (declare_params(bu) != 0 || declare_settings(bu) != 0 ||
	    declare_schemas(bu) != 0)
		return -1;
	return 0;
}
