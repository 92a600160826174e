/* SPDX-License-Identifier: MIT
 *
 * Signatures of functions: reading them and matching calls with them.
 */
#include "expr/bind.h"
#include "expr/registry.h"

static const char *
skip(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

static bool
word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (c >= '0' && c <= '9');
}

/* The end of a type: name, or name(...). */
static const char *
type_end(const char *p)
{
	int depth = 0;

	if (*p == '?')
		return p + 1;
	while (word_char(*p))
		p++;
	if (*p != '(')
		return p;
	do {
		depth += (*p == '(') - (*p == ')');
		p++;
	} while (depth > 0 && *p != '\0');
	return depth == 0 ? p : NULL;
}

static const char *
parse_arg(struct weir__sig_arg *sa, const char *p)
{
	const char *end;

	memset(sa, 0, sizeof *sa);
	sa->optional = *p == '[';
	p = skip(p + sa->optional);
	end = type_end(p);
	if (end != NULL && *end == ':') {
		sa->name = p;
		sa->nname = (size_t)(end - p);
		p = skip(end + 1);
		end = type_end(p);
	}
	if (end == NULL || end == p)
		return NULL;
	sa->type = p;
	sa->ntype = (size_t)(end - p);
	p = end;
	if (strncmp(p, "...", 3) == 0) {
		sa->variadic = true;
		p += 3;
	}
	p = skip(p);
	if (sa->optional && *p++ != ']')
		return NULL;
	return skip(p);
}

bool
weir__sig_parse(struct weir__sig *sg, const char *text)
{
	const char *p = skip(text), *end;

	memset(sg, 0, sizeof *sg);
	while (strncmp(p, "->", 2) != 0) {
		if (sg->nargs == WEIR__SIG_ARGS ||
		    (p = parse_arg(&sg->args[sg->nargs++], p)) == NULL)
			return false;
		if (*p == ',')
			p = skip(p + 1);
		else if (strncmp(p, "->", 2) != 0)
			return false;
	}
	p = skip(p + 2);
	end = type_end(p);
	sg->result = p;
	sg->nresult = end != NULL ? (size_t)(end - p) : 0;
	return sg->nresult != 0 && *skip(end) == '\0';
}

/* ---- matching */

struct matching {
	struct weir__binder *bd;
	struct weir_expr vars[26]; /* types of T, U, ... so far */
	bool bound[26];
	const struct weir_type *decimal; /* of the first decimal argument */
	bool text_literals;
};

static bool
is(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(p, word, n) == 0;
}

static const struct weir_type *
scalar_named(const char *p, size_t n)
{
	static const struct {
		const char *name;
		enum weir_kind kind;
	} names[] = {
		{ "bool", WEIR_BOOL },
		{ "int32", WEIR_INT32 },
		{ "int64", WEIR_INT64 },
		{ "float32", WEIR_FLOAT32 },
		{ "float64", WEIR_FLOAT64 },
		{ "string", WEIR_STRING },
		{ "bytes", WEIR_BYTES },
		{ "timestamp", WEIR_TIMESTAMP },
		{ "date", WEIR_DATE },
		{ "duration", WEIR_DURATION },
		{ "json", WEIR_JSON },
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (is(p, n, names[i].name))
			return weir__type_scalar(names[i].kind);
	return NULL;
}

/* T: what it is so far together with one more. */
static bool
join_var(struct matching *ma, int v, const struct weir_expr *ex)
{
	const struct weir_type *ty;

	if (!ma->bound[v]) {
		ma->bound[v] = true;
		ma->vars[v] = *ex;
		return true;
	}
	ty = weir__type_common(ma->bd, &ma->vars[v], ex);
	if (ty == NULL)
		return false;
	if (!weir__type_same(ty, ma->vars[v].type, false))
		ma->vars[v].literal = ex->literal;
	else if (ex->literal != ma->vars[v].literal)
		ma->vars[v].literal = WEIR__LIT_NONE;
	if (ma->vars[v].literal != WEIR__LIT_NONE)
		ma->vars[v].value = ex->value;
	ma->vars[v].type = ty;
	return true;
}

/* A type inside of list(...) or map(...) must fit as it is. */
static bool
fits_exactly(struct matching *ma, const char *p, size_t n,
    const struct weir_type *ty)
{
	struct weir_expr like;
	const struct weir_type *sc;

	if (n == 1 && p[0] >= 'A' && p[0] <= 'Z') {
		memset(&like, 0, sizeof like);
		like.type = ty;
		if (ma->bound[p[0] - 'A'])
			return weir__type_same(ma->vars[p[0] - 'A'].type, ty,
			    false);
		return join_var(ma, p[0] - 'A', &like);
	}
	if (is(p, n, "any"))
		return true;
	if (is(p, n, "number"))
		return weir__is_number(ty);
	if (is(p, n, "decimal"))
		return ty->kind == WEIR_DECIMAL;
	if (n > 6 && memcmp(p, "list(", 5) == 0)
		return ty->kind == WEIR_LIST &&
		    fits_exactly(ma, p + 5, n - 6, ty->fields[0].type);
	if (n > 5 && memcmp(p, "map(", 4) == 0)
		return ty->kind == WEIR_MAP &&
		    fits_exactly(ma, p + 4, n - 5, ty->fields[1].type);
	if (is(p, n, "struct"))
		return ty->kind == WEIR_STRUCT;
	sc = scalar_named(p, n);
	return sc != NULL && sc->kind == ty->kind;
}

static struct weir_expr *
fit_decimal(struct matching *ma, struct weir_expr *ex)
{
	const struct weir_type *ty;

	if (ex->type->kind == WEIR_NULL) {
		ty = weir__type_decimal(ma->bd->sc->ar, 38, 0);
		ex = ty != NULL ? weir__convert(ma->bd, ex, ty) : NULL;
	} else if (weir__is_int(ex->type)) {
		ty = weir__decimal_of(ma->bd, ex);
		ex = ty != NULL ? weir__convert(ma->bd, ex, ty) : NULL;
	} else if (ex->type->kind != WEIR_DECIMAL) {
		return NULL;
	}
	if (ex != NULL && ma->decimal == NULL)
		ma->decimal = ex->type;
	return ex;
}

/* The argument as the signature wants it, or NULL.  Those of a type variable
 * are converted when all are known. */
static struct weir_expr *
fit(struct matching *ma, const struct weir__sig_arg *sa, struct weir_expr *ex)
{
	const char *p = sa->type;
	size_t n = sa->ntype;
	const struct weir_type *ty;

	if (n == 1 && p[0] >= 'A' && p[0] <= 'Z')
		return join_var(ma, p[0] - 'A', ex) ? ex : NULL;
	if (is(p, n, "any"))
		return ex;
	if (is(p, n, "number"))
		return weir__is_number(ex->type) ? ex : NULL;
	if (is(p, n, "decimal"))
		return fit_decimal(ma, ex);
	ty = scalar_named(p, n);
	if (ty == NULL)
		return fits_exactly(ma, p, n, ex->type) ? ex : NULL;
	if (ex->literal == WEIR__LIT_STRING && !ma->text_literals &&
	    ty->kind != WEIR_STRING)
		return NULL;
	return weir__convert(ma->bd, ex, ty);
}

static const struct weir_type *
result_type(struct matching *ma, const char *p, size_t n, bool *ok)
{
	struct weir_type *ty;
	struct weir_field *fi;
	uint32_t nf;

	*ok = true;
	if (is(p, n, "?"))
		return NULL;
	if (n == 1 && p[0] >= 'A' && p[0] <= 'Z')
		return ma->vars[p[0] - 'A'].type;
	if (is(p, n, "decimal"))
		return ma->decimal;
	if ((n > 6 && memcmp(p, "list(", 5) == 0) ||
	    (n > 5 && memcmp(p, "map(", 4) == 0)) {
		nf = p[0] == 'l' ? 1 : 2;
		ty = weir__arena_zalloc(ma->bd->sc->ar, sizeof *ty);
		fi = weir__arena_zalloc(ma->bd->sc->ar, nf * sizeof *fi);
		*ok = ty != NULL && fi != NULL;
		if (!*ok)
			return weir__bind_nomem(ma->bd);
		ty->kind = p[0] == 'l' ? WEIR_LIST : WEIR_MAP;
		ty->nfields = nf;
		ty->fields = fi;
		fi[0].name = p[0] == 'l' ? "item" : "key";
		fi[0].type = weir__type_scalar(WEIR_STRING);
		fi[0].required = p[0] == 'm';
		fi[nf - 1].name = p[0] == 'l' ? "item" : "value";
		fi[nf - 1].type = result_type(ma, strchr(p, '(') + 1,
		    n - (p[0] == 'l' ? 6 : 5), ok);
		return *ok ? ty : NULL;
	}
	return scalar_named(p, n);
}

/* Put arguments in the signature's order.  False: too many, too few, or a name
 * that is none. */
static bool
arrange(const struct weir__sig *sg, struct weir_expr *const *args,
    const char *const *names, uint32_t nargs, struct weir__match *mt,
    uint8_t *which)
{
	struct weir_expr *slot[WEIR__SIG_ARGS] = { NULL };
	uint32_t i, k = 0, positional = 0;

	while (positional < nargs && names[positional] == NULL)
		positional++;
	for (i = positional; i < nargs; i++) {
		for (k = 0; k < sg->nargs; k++)
			if (sg->args[k].name != NULL &&
			    is(sg->args[k].name, sg->args[k].nname, names[i]))
				break;
		if (k == sg->nargs || slot[k] != NULL)
			return false;
		slot[k] = args[i];
	}
	mt->nargs = 0;
	for (k = 0, i = 0; k < sg->nargs; k++) {
		const struct weir__sig_arg *sa = &sg->args[k];
		uint32_t take = i < positional && slot[k] == NULL;

		if (sa->variadic)
			take = positional - i;
		if (take == 0 && slot[k] == NULL) {
			if (!sa->optional)
				return false;
			continue;
		}
		do {
			if (mt->nargs == 64)
				return false;
			which[mt->nargs] = (uint8_t)k;
			mt->args[mt->nargs++] =
			    slot[k] != NULL ? slot[k] : args[i++];
		} while (slot[k] == NULL && --take > 0);
	}
	return i == positional;
}

bool
weir__sig_match(struct weir__binder *bd, const struct weir__sig *sg,
    struct weir_expr *const *args, const char *const *names, uint32_t nargs,
    bool text_literals, struct weir__match *mt)
{
	struct matching ma;
	uint8_t which[64];
	bool quiet = bd->quiet, ok = true;
	uint32_t i;

	memset(&ma, 0, sizeof ma);
	ma.bd = bd;
	ma.text_literals = text_literals;
	if (!arrange(sg, args, names, nargs, mt, which))
		return false;
	bd->quiet = true;
	for (i = 0; i < mt->nargs && ok; i++) {
		mt->args[i] = fit(&ma, &sg->args[which[i]], mt->args[i]);
		ok = mt->args[i] != NULL;
	}
	for (i = 0; i < mt->nargs && ok; i++) {
		const struct weir__sig_arg *sa = &sg->args[which[i]];
		const struct weir_type *ty;

		if (sa->ntype != 1 || sa->type[0] < 'A' || sa->type[0] > 'Z')
			continue;
		ty = ma.vars[sa->type[0] - 'A'].type;
		if (ty->kind == WEIR_NULL)
			continue;
		mt->args[i] = weir__convert(bd, mt->args[i], ty);
		ok = mt->args[i] != NULL;
	}
	bd->quiet = quiet;
	if (ok)
		mt->result = result_type(&ma, sg->result, sg->nresult, &ok);
	return ok;
}
