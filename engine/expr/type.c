/* SPDX-License-Identifier: MIT
 *
 * Types as written to types.
 *
 *	bool int32 int64 int float32 float64 float decimal(p, s) string bytes
 *	timestamp timestamp(s|ms|us|ns) timestamp("pattern") date duration
 *	json list(T) map(T) map(K, T) struct { name: T, ... } SCHEMA
 */
#include <stdio.h>

#include "base/time.h"
#include "expr/bind.h"

static const struct {
	const char *name;
	enum weir_kind kind;
} scalars[] = {
	{ "bool", WEIR_BOOL },
	{ "int32", WEIR_INT32 },
	{ "int64", WEIR_INT64 },
	{ "int", WEIR_INT64 },
	{ "float32", WEIR_FLOAT32 },
	{ "float64", WEIR_FLOAT64 },
	{ "float", WEIR_FLOAT64 },
	{ "string", WEIR_STRING },
	{ "bytes", WEIR_BYTES },
	{ "timestamp", WEIR_TIMESTAMP },
	{ "date", WEIR_DATE },
	{ "duration", WEIR_DURATION },
	{ "json", WEIR_JSON },
};

#define NSCALARS (sizeof scalars / sizeof *scalars)

static const struct weir_type *bind_type(struct weir__binder *bd,
    const struct weir__ast_type *as, const char **format);

static bool
int_arg(const struct weir__ast_type *as, size_t i, int64_t *v)
{
	const struct weir__ast_expr *e = as->args[i];

	if (e->kind != WEIR__E_INT || e->u.num.big)
		return false;
	*v = e->u.num.i;
	return true;
}

static const struct weir_type *
bind_decimal(struct weir__binder *bd, const struct weir__ast_type *as)
{
	const struct weir_type *ty;
	int64_t p = 0, s = 0;

	if (as->nargs < 1 || as->nargs > 2 || !int_arg(as, 0, &p) ||
	    (as->nargs == 2 && !int_arg(as, 1, &s)))
		return weir__bind_fail(bd, as->span, "type.decimal",
		    "decimal needs its digits: decimal(12, 2) has 12, two of "
		    "them after the point");
	if (p < 1 || p > 38)
		return weir__bind_fail(bd, as->args[0]->span, "type.decimal",
		    "a decimal has 1 to 38 digits");
	if (s < 0 || s > p)
		return weir__bind_fail(bd, as->args[1]->span, "type.decimal",
		    "0 to %d digits can stand after the point of a decimal of "
		    "%d", (int)p, (int)p);
	ty = weir__type_decimal(bd->sc->ar, (int)p, (int)s);
	return ty != NULL ? ty : weir__bind_nomem(bd);
}

static bool
is_unit(const char *s)
{
	return strcmp(s, "s") == 0 || strcmp(s, "ms") == 0 ||
	    strcmp(s, "us") == 0 || strcmp(s, "ns") == 0;
}

static const struct weir_type *
bad_format(struct weir__binder *bd, const struct weir_type *ty,
    struct weir_span span)
{
	if (ty->kind == WEIR_DATE) {
		weir__bind_fail(bd, span, "type.format",
		    "a date's format is a pattern");
		weir__bind_hint(bd, "date(\"%%d/%%m/%%Y\")");
		return NULL;
	}
	weir__bind_fail(bd, span, "type.format",
	    "a timestamp's format is s, ms, us, ns or a pattern");
	weir__bind_hint(bd, "timestamp(ms), "
	    "timestamp(\"%%d/%%b/%%Y %%H:%%M:%%S\")");
	return NULL;
}

/* timestamp(ms), timestamp("%d/%b/%Y") and date("...") */
static const struct weir_type *
bind_time(struct weir__binder *bd, const struct weir__ast_type *as,
    const struct weir_type *ty, const char **format)
{
	const struct weir__ast_expr *e = as->args[0];
	size_t at;

	if (as->nargs == 1 && e->kind == WEIR__E_NAME &&
	    ty->kind == WEIR_TIMESTAMP) {
		static const char *const units[] = { "s", "ms", "us", "ns" };
		size_t i;

		for (i = 0; i < 4; i++) {
			if (strcmp(e->u.name.text, units[i]) != 0)
				continue;
			if (format != NULL)
				*format = units[i];
			return ty;
		}
	}
	if (as->nargs != 1 || e->kind != WEIR__E_STRING)
		return bad_format(bd, ty, as->span);
	if (!weir__time_pattern_ok(e->u.str.text, e->u.str.len, true, &at))
		return weir__bind_fail(bd, e->span, "type.format",
		    "the pattern is not understood at its byte %zu: \"%.8s\"",
		    at + 1, e->u.str.text + at);
	if (strchr(e->u.str.text, '%') == NULL &&
	    (ty->kind == WEIR_DATE || !is_unit(e->u.str.text)))
		return bad_format(bd, ty, e->span);
	if (format == NULL)
		return ty;
	*format = weir__arena_strndup(bd->sc->ar, e->u.str.text, e->u.str.len);
	return *format != NULL ? ty : weir__bind_nomem(bd);
}

/* Fields that only have types: list and map. */
static const struct weir_type *
bind_container(struct weir__binder *bd, const struct weir__ast_type *as,
    enum weir_kind kind)
{
	uint32_t n = kind == WEIR_LIST ? 1 : 2, first = 0, i;
	struct weir_type *ty = weir__arena_zalloc(bd->sc->ar, sizeof *ty);
	struct weir_field *fi =
	    weir__arena_zalloc(bd->sc->ar, n * sizeof *fi);

	if (ty == NULL || fi == NULL)
		return weir__bind_nomem(bd);
	if (kind == WEIR_MAP && as->nargs == 1) {
		fi[0].name = "key";
		fi[0].type = weir__type_scalar(WEIR_STRING);
		fi[0].required = true;
		first = 1;
	}
	if (as->nargs != n - first)
		return weir__bind_fail(bd, as->span, "type.args",
		    "%s holds one type: %s(string)",
		    kind == WEIR_LIST ? "a list" : "a map",
		    kind == WEIR_LIST ? "list" : "map");
	for (i = first; i < n; i++) {
		struct weir__ast_type *at =
		    weir__ast_expr_as_type(bd->sc->ar, as->args[i - first]);

		if (at == NULL)
			return weir__bind_fail(bd, as->args[i - first]->span,
			    "type.args", "a type was expected here");
		fi[i].name = kind == WEIR_LIST ? "item"
		    : i == 0		       ? "key"
					       : "value";
		fi[i].type = bind_type(bd, at, &fi[i].format);
		fi[i].required = at->required || (kind == WEIR_MAP && i == 0);
		fi[i].span = at->span;
		if (fi[i].type == NULL)
			return NULL;
	}
	ty->kind = (uint8_t)kind;
	ty->nfields = n;
	ty->fields = fi;
	return ty;
}

static const struct weir_type *
bind_struct(struct weir__binder *bd, const struct weir__ast_type *as)
{
	struct weir_type *ty = weir__arena_zalloc(bd->sc->ar, sizeof *ty);
	struct weir_field *fi =
	    weir__arena_zalloc(bd->sc->ar, (as->nfields + 1) * sizeof *fi);
	bool bad = false;
	size_t i, j;

	if (ty == NULL || fi == NULL)
		return weir__bind_nomem(bd);
	for (i = 0; i < as->nfields; i++) {
		const struct weir__ast_field *f = &as->fields[i];

		fi[i].name = weir__arena_strdup(bd->sc->ar, f->name.text);
		if (fi[i].name == NULL)
			return weir__bind_nomem(bd);
		fi[i].span = f->name.span;
		fi[i].required = f->type->required;
		if (f->from != NULL && (fi[i].from =
		    weir__arena_strdup(bd->sc->ar, f->from)) == NULL)
			return weir__bind_nomem(bd);
		fi[i].type = bind_type(bd, f->type, &fi[i].format);
		bad |= fi[i].type == NULL;
		for (j = 0; j < i; j++) {
			if (strcmp(fi[j].name, fi[i].name) != 0)
				continue;
			weir__bind_fail(bd, f->name.span, "name.twice",
			    "a field \"%s\" is there already", fi[i].name);
			bad = true;
		}
	}
	ty->kind = WEIR_STRUCT;
	ty->nfields = (uint32_t)as->nfields;
	ty->fields = fi;
	return bad ? NULL : ty;
}

static const struct weir_type *
schema_type(struct weir__binder *bd, const struct weir_schema *sc)
{
	struct weir_type *ty = weir__arena_zalloc(bd->sc->ar, sizeof *ty);

	if (ty == NULL)
		return weir__bind_nomem(bd);
	ty->kind = WEIR_STRUCT;
	ty->nfields = sc->ncols;
	ty->fields = sc->cols;
	return ty;
}

static const struct weir_type *
unknown(struct weir__binder *bd, const struct weir__ast_type *as)
{
	static const char *const others[] = { "decimal", "list", "map",
		"struct" };
	const char *names[NSCALARS + 4], *near;
	size_t i;

	for (i = 0; i < NSCALARS; i++)
		names[i] = scalars[i].name;
	memcpy(&names[NSCALARS], others, sizeof others);
	near = weir__nearest(as->name.text, strlen(as->name.text), names,
	    NSCALARS + 4);
	weir__bind_fail(bd, as->name.span, "name.type",
	    "no type or schema \"%s\"", as->name.text);
	if (near != NULL)
		weir__bind_hint(bd, "did you mean \"%s\"?", near);
	return NULL;
}

static const struct weir_type *
bind_type(struct weir__binder *bd, const struct weir__ast_type *as,
    const char **format)
{
	const char *name = as->name.text;
	const struct weir_schema *sc;
	const struct weir_type *ty;
	size_t i;

	if (bd->depth > 64)
		return weir__bind_fail(bd, as->span, "type.deep",
		    "more than 64 types inside one another");
	if (name == NULL || strcmp(name, "struct") == 0 ||
	    strcmp(name, "list") == 0 || strcmp(name, "map") == 0) {
		bd->depth++;
		ty = name != NULL && name[0] == 'l'
		    ? bind_container(bd, as, WEIR_LIST)
		    : name != NULL && name[0] == 'm'
		    ? bind_container(bd, as, WEIR_MAP)
		    : bind_struct(bd, as);
		bd->depth--;
		return ty;
	}
	if (strcmp(name, "decimal") == 0)
		return bind_decimal(bd, as);
	for (i = 0; i < NSCALARS; i++) {
		if (strcmp(name, scalars[i].name) != 0)
			continue;
		ty = weir__type_scalar(scalars[i].kind);
		if (!as->has_args)
			return ty;
		if (ty->kind == WEIR_TIMESTAMP && as->nargs != 0)
			return bind_time(bd, as, ty, format);
		return weir__bind_fail(bd, as->span, "type.args",
		    "%s takes nothing in parentheses", name);
	}
	sc = bd->sc->find_schema != NULL
	    ? bd->sc->find_schema(bd->sc->find_arg, name)
	    : NULL;
	return sc != NULL ? schema_type(bd, sc) : unknown(bd, as);
}

const struct weir_type *
weir__type_bind(struct weir__scope *sc, const struct weir__ast_type *as,
    const char **format)
{
	struct weir__binder bd = { .sc = sc };

	if (format != NULL)
		*format = NULL;
	return bind_type(&bd, as, format);
}
