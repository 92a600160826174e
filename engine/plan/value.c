/* SPDX-License-Identifier: MIT
 *
 * One option's value, from what was written to its place in the config.
 */
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "batch/batch.h"
#include "plan/value.h"

#define ENDLESS 9e15 /* an upper bound of an option that has none */

/* ------------------------------------------------------------- constants */

/* What a value of the option looks like. */
static void
looks_like(struct weir__slot *so)
{
	static const char *const hints[] = {
		[WEIR_OPT_BOOL] = "true or false",
		[WEIR_OPT_DURATION] = "a duration has a unit: 500ms, 5s, 10m, "
				      "1h",
		[WEIR_OPT_TIMESTAMP] = "a time is text: "
				       "\"2026-01-31T12:00:00Z\"",
	};
	struct weir_err *err = weir__errors_last(so->bu->es);
	static const char number[] = "expected int64";
	char rest[sizeof err->text];

	/* a size is a number only inside */
	if (so->op->type == WEIR_OPT_SIZE &&
	    strncmp(err->text, number, sizeof number - 1) == 0) {
		snprintf(rest, sizeof rest, "%s",
		    err->text + sizeof number - 1);
		snprintf(err->text, sizeof err->text,
		    "expected a size such as 64MiB%.200s", rest);
		return;
	}
	if ((size_t)so->op->type >= sizeof hints / sizeof *hints ||
	    hints[so->op->type] == NULL || err->hint[0] != '\0' ||
	    (strcmp(err->code, "type.mismatch") != 0 &&
		strcmp(err->code, "value.syntax") != 0))
		return;
	snprintf(err->hint, sizeof err->hint, "%s", hints[so->op->type]);
}

/* A secret that stands in the file itself is not shown with its line. */
static void
hide(struct weir__slot *so, const struct weir__ast_expr *as)
{
	struct weir_span inside = as->span;
	size_t i;

	if (as->kind == WEIR__E_STRING || as->kind == WEIR__E_TEMPLATE) {
		inside.at++; /* its quotes stay */
		inside.end--;
		weir__errors_hide(so->bu->es, inside);
	}
	for (i = 0; as->kind == WEIR__E_CALL && i < as->u.call.nargs; i++)
		if (as->u.call.plugin == NULL &&
		    strcmp(as->u.call.name, "secret") == 0)
			hide(so, as->u.call.args[i].value);
}

static int
constant(struct weir__slot *so, const struct weir__ast_expr *as,
    enum weir_kind kind, struct weir_value *v)
{
	struct weir__scope sc = *so->sc;
	size_t before = so->bu->es->n;
	bool secret = false;

	sc.schema = NULL;
	sc.has_origin = false;
	sc.allow_secret = (so->op->flags & WEIR_OPTF_SECRET) != 0;
	if (sc.allow_secret)
		hide(so, as);
	if (weir__expr_constant(&sc, as, weir__type_scalar(kind), v,
		&secret) != 0) {
		if (so->bu->es->n > before)
			looks_like(so);
		return -1;
	}
	if (v->null && !(secret && !so->sc->need_secrets))
		FAIL(so, as->span, "option.null",
		    "%s \"%s\" can't be null", NOUN(so), so->op->name);
	return 0;
}

static const char *
number_text(char *buf, size_t n, const struct weir_option *op, double x)
{
	if (op->type == WEIR_OPT_DURATION && fabs(x) < 9e18)
		buf[weir__time_print_duration(buf, (int64_t)x)] = '\0';
	else
		snprintf(buf, n, "%.15g", x);
	return buf;
}

static int
in_range(struct weir__slot *so, const struct weir__ast_expr *as, double x)
{
	const struct weir_option *op = so->op;
	char lo[WEIR__TIME_TEXT + 1], hi[WEIR__TIME_TEXT + 1];
	char is[WEIR__TIME_TEXT + 1];

	if (op->min >= op->max || (x >= op->min && x <= op->max))
		return 0;
	number_text(lo, sizeof lo, op, op->min);
	number_text(hi, sizeof hi, op, op->max);
	number_text(is, sizeof is, op, x);
	if (x < op->min && op->max >= ENDLESS)
		FAIL(so, as->span, "option.range",
		    "%s \"%s\" is at least %s, found %s", NOUN(so), op->name,
		    lo, is);
	FAIL(so, as->span, "option.range",
	    "%s \"%s\" is from %s to %s, found %s", NOUN(so), op->name, lo, hi,
	    is);
}

static int
bind_number(struct weir__slot *so, const struct weir__ast_expr *as)
{
	static const uint8_t kinds[] = {
		[WEIR_OPT_BOOL] = WEIR_BOOL,
		[WEIR_OPT_INT] = WEIR_INT64,
		[WEIR_OPT_FLOAT] = WEIR_FLOAT64,
		[WEIR_OPT_DURATION] = WEIR_DURATION,
		[WEIR_OPT_TIMESTAMP] = WEIR_TIMESTAMP,
		[WEIR_OPT_SIZE] = WEIR_INT64,
	};
	struct weir_value v;

	if (constant(so, as, kinds[so->op->type], &v) != 0)
		return -1;
	switch (so->op->type) {
	case WEIR_OPT_BOOL:
		*(bool *)so->to = v.u.b;
		return 0;
	case WEIR_OPT_FLOAT:
		*(double *)so->to = v.u.f;
		return in_range(so, as, v.u.f);
	case WEIR_OPT_SIZE:
		if (v.u.i < 0)
			FAIL(so, as->span, "option.range",
			    "%s \"%s\" is a size and can't be negative",
			    NOUN(so), so->op->name);
		*(uint64_t *)so->to = (uint64_t)v.u.i;
		return in_range(so, as, (double)v.u.i);
	default:
		*(int64_t *)so->to = v.u.i;
		return in_range(so, as, (double)v.u.i);
	}
}

/* --------------------------------------------------------- words and text */

static bool
is_param(struct weir__slot *so, const char *name)
{
	size_t i;

	for (i = 0; !so->is_default && i < so->bu->pl->nparams; i++)
		if (strcmp(so->bu->pl->params[i].name, name) == 0)
			return true;
	return false;
}

static int
find_choice(const struct weir_option *op, const char *s, size_t len)
{
	int i;

	for (i = 0; op->choices != NULL && op->choices[i] != NULL; i++)
		if (strlen(op->choices[i]) == len &&
		    memcmp(op->choices[i], s, len) == 0)
			return i;
	return -1;
}

static int
bad_choice(struct weir__slot *so, const struct weir__ast_expr *as,
    const char *s, size_t len)
{
	char list[200] = "", what[400];
	const char *const *ch = so->op->choices;
	struct weir_err *err;
	size_t i, n = 0;
	char *name;

	for (i = 0; ch[i] != NULL && n < sizeof list; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s",
		    i == 0 ? "" : ch[i + 1] == NULL ? " or " : ", ", ch[i]);
	name = weir__arena_strndup(so->bu->ar, s, len);
	if (name == NULL) {
		weir__build_oom(so->bu);
		return -1;
	}
	for (i = 0; ch[i] != NULL; i++)
		;
	snprintf(what, sizeof what, "%s \"%s\" is %s, not",
	    NOUN(so), so->op->name, list);
	weir__build_unknown(so->bu, as->span, "option.choice", what, name, ch,
	    i);
	err = weir__errors_last(so->bu->es);
	if (weir__nearest(name, len, ch, i) != NULL)
		return -1;
	err->hint[0] = '\0';
	if (so->op->type != WEIR_OPT_ENUM && as->kind == WEIR__E_NAME)
		snprintf(err->hint, sizeof err->hint,
		    "any other text stands in quotes: \"%s\"", name);
	return -1;
}

/* A bare word, where the option takes words: 1 taken, 0 no, -1 error. */
static int
bare_word(struct weir__slot *so, const struct weir__ast_expr *as, int *choice)
{
	const char *name = as->u.name.text;

	if (as->kind != WEIR__E_NAME || as->u.name.quoted)
		return 0;
	*choice = find_choice(so->op, name, strlen(name));
	if (*choice < 0)
		return (so->op->flags & WEIR_OPTF_NAMES) != 0 &&
			!is_param(so, name);
	if (is_param(so, name)) {
		weir__errors_fail(so->bu->es, as->span, "option.ambiguous",
		    "\"%s\" is a word of %s \"%s\" and also a param: write "
		    "\"%s\" in quotes or param.%s", name, NOUN(so),
		    so->op->name, name, name);
		return -1;
	}
	return 1;
}

static int
bind_enum(struct weir__slot *so, const struct weir__ast_expr *as)
{
	struct weir_value v;
	int choice = -1, rc = bare_word(so, as, &choice);

	if (rc < 0)
		return -1;
	if (rc == 0 && as->kind == WEIR__E_NAME && !as->u.name.quoted &&
	    !is_param(so, as->u.name.text))
		return bad_choice(so, as, as->u.name.text,
		    strlen(as->u.name.text));
	if (rc == 0) {
		if (constant(so, as, WEIR_STRING, &v) != 0)
			return -1;
		choice = find_choice(so->op, weir_str_data(&v.u.s), v.u.s.len);
		if (choice < 0)
			return bad_choice(so, as, weir_str_data(&v.u.s),
			    v.u.s.len);
	}
	*(int32_t *)so->to = choice;
	return 0;
}

static int
keep_text(struct weir__slot *so, const char *s, size_t len,
    struct weir_str *to)
{
	char *p = weir__arena_strndup(so->bu->ar, s, len);

	if (p == NULL) {
		weir__build_oom(so->bu);
		return -1;
	}
	*to = weir_str_make(p, len);
	return 0;
}

static int
bind_text(struct weir__slot *so, const struct weir__ast_expr *as,
    struct weir_str *to)
{
	struct weir_value v;
	int choice, rc = bare_word(so, as, &choice);

	if (rc < 0)
		return -1;
	if (rc == 1)
		return keep_text(so, as->u.name.text, strlen(as->u.name.text),
		    to);
	if (as->kind == WEIR__E_NAME && !as->u.name.quoted &&
	    so->op->choices != NULL && !is_param(so, as->u.name.text))
		return bad_choice(so, as, as->u.name.text,
		    strlen(as->u.name.text));
	if (constant(so, as, WEIR_STRING, &v) != 0)
		return -1;
	if (v.null)
		return keep_text(so, "", 0, to);
	return keep_text(so, weir_str_data(&v.u.s), v.u.s.len, to);
}

/* ------------------------------------------------------------------ lists */

void *
weir__value_list(struct weir__slot *so, size_t n, size_t size)
{
	struct weir_list *li = so->to;
	void *items = weir__build_alloc(so->bu, (n + 1) * size);

	li->items = items;
	li->n = items != NULL ? n : 0;
	return items;
}

struct weir__ast_expr **
weir__value_items(struct weir__slot *so, struct weir__ast_expr **one,
    size_t *n)
{
	struct weir__ast_expr *as = *one;

	if ((so->op->flags & WEIR_OPTF_VARIADIC) != 0 && so->dr != NULL &&
	    so->dr->slots.nrest != 0 && so->dr->slots.rest[0] == as &&
	    so->dr->slots.nrest > 1) {
		*n = so->dr->slots.nrest;
		return so->dr->slots.rest;
	}
	if (as->kind == WEIR__E_LIST) {
		*n = as->u.list.n;
		return as->u.list.items;
	}
	*n = 1;
	return one;
}

static int
bind_strings(struct weir__slot *so, struct weir__ast_expr *as)
{
	struct weir__ast_expr **items;
	struct weir_str *to;
	size_t i, n;
	int rc = 0;

	items = weir__value_items(so, &as, &n);
	to = weir__value_list(so, n, sizeof *to);
	for (i = 0; to != NULL && i < n; i++)
		rc |= bind_text(so, items[i], &to[i]);
	return to != NULL ? rc : -1;
}

static int
bind_ints(struct weir__slot *so, struct weir__ast_expr *as)
{
	struct weir__ast_expr **items;
	struct weir_value v;
	int64_t *to;
	size_t i, n;
	int rc = 0;

	items = weir__value_items(so, &as, &n);
	to = weir__value_list(so, n, sizeof *to);
	for (i = 0; to != NULL && i < n; i++) {
		if (constant(so, items[i], WEIR_INT64, &v) != 0) {
			rc = -1;
			continue;
		}
		to[i] = v.u.i;
		rc |= in_range(so, items[i], (double)v.u.i);
	}
	return to != NULL ? rc : -1;
}

static int
bind_pairs(struct weir__slot *so, const struct weir__ast_expr *as)
{
	const struct weir__ast_entry *en;
	struct weir_pair *to;
	size_t i;
	int rc = 0;

	if (as->kind != WEIR__E_RECORD)
		FAIL(so, as->span, "option.record",
		    "%s \"%s\" is a record: { name: \"value\" }",
		    NOUN(so), so->op->name);
	to = weir__value_list(so, as->u.record.n, sizeof *to);
	for (i = 0; to != NULL && i < as->u.record.n; i++) {
		en = &as->u.record.entries[i];
		if (en->name.text == NULL)
			FAIL(so, en->span, "option.record",
			    "expected name: value");
		rc |= keep_text(so, en->name.text, strlen(en->name.text),
		    &to[i].name);
		rc |= bind_text(so, en->value, &to[i].value);
	}
	return to != NULL ? rc : -1;
}

static int
bind_record(struct weir__slot *so, const struct weir__ast_expr *as)
{
	char what[128];

	if (as->kind != WEIR__E_RECORD)
		FAIL(so, as->span, "option.record",
		    "%s \"%s\" is a record: { %s: ... }", NOUN(so),
		    so->op->name, so->op->fields[0]->name);
	snprintf(what, sizeof what, "%s \"%s\"", NOUN(so), so->op->name);
	return weir__options_record(so->bu, so->sc, so->op->fields, so->to,
	    NULL, as->u.record.entries, as->u.record.n, what, as->span, NULL,
	    NULL);
}

/* ------------------------------------------------------- schemas, streams */

static int
bind_schema(struct weir__slot *so, const struct weir__ast_expr *as)
{
	const struct weir_schema *sc;
	const char *names[256];
	size_t i, n = 0;

	if (as->kind != WEIR__E_NAME)
		FAIL(so, as->span, "option.schema",
		    "expected the name of a schema");
	sc = weir__build_schema(so->bu, as->u.name.text);
	*(const struct weir_schema **)so->to = sc;
	for (i = 0; i < so->bu->nschemas && n < 256; i++) {
		names[n++] = so->bu->schemas[i].name;
		if (strcmp(names[n - 1], as->u.name.text) == 0 &&
		    so->bu->schemas[i].state < 0)
			return -1; /* said where it is declared */
	}
	if (sc != NULL)
		return 0;
	weir__build_unknown(so->bu, as->span, "schema.unknown",
	    "there is no schema", as->u.name.text, names, n);
	return -1;
}

static int
bind_stream(struct weir__slot *so)
{
	size_t i;

	for (i = 0; so->nd->type->options[i] != NULL; i++)
		if (so->nd->type->options[i] == so->op)
			*(const struct weir_stream **)so->to =
			    so->dr->streams[i];
	return 0;
}

int
weir__value_bind(struct weir__slot *so, struct weir__ast_expr *as)
{
	if (as->kind == WEIR__E_BAD)
		return -1;
	switch (so->op->type) {
	case WEIR_OPT_ENUM:
		return bind_enum(so, as);
	case WEIR_OPT_STRING:
		return bind_text(so, as, so->to);
	case WEIR_OPT_STRINGS:
		return bind_strings(so, as);
	case WEIR_OPT_INTS:
		return bind_ints(so, as);
	case WEIR_OPT_PAIRS:
		return bind_pairs(so, as);
	case WEIR_OPT_RECORD:
		return bind_record(so, as);
	case WEIR_OPT_EXPR:
	case WEIR_OPT_EXPRS:
	case WEIR_OPT_COLUMN:
	case WEIR_OPT_COLUMNS:
		return weir__value_row(so, as);
	case WEIR_OPT_SCHEMA:
		return bind_schema(so, as);
	case WEIR_OPT_STREAM:
		return bind_stream(so);
	case WEIR_OPT_NAMED:
	case WEIR_OPT_RENAMES:
	case WEIR_OPT_FIELDS:
	case WEIR_OPT_AGGS:
		if (as->kind != WEIR__E_RECORD)
			FAIL(so, as->span, "option.record",
			    "option \"%s\" is a record: { name: ... }",
			    so->op->name);
		return weir__value_braces(so, as->u.record.entries,
		    as->u.record.n);
	default:
		return bind_number(so, as);
	}
}
