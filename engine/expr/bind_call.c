/* SPDX-License-Identifier: MIT
 *
 * Calls: functions by name and signature, and the few that the binder itself
 * knows: env, secret, coalesce, nullif.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "expr/aggs.h"
#include "expr/bind.h"
#include "expr/call.h"
#include "expr/registry.h"

/* ---- env and secret */

static struct weir_expr *
env_value(struct weir__binder *bd, const struct weir__ast_expr *as,
    const char *name, const char *text, const struct weir_type *ty)
{
	struct weir_value v;
	struct weir_err err;

	memset(&err, 0, sizeof err);
	if (weir__value_from_text(bd->sc->ar, &v, ty, text, strlen(text),
		&err) == 0)
		return weir__const_node(bd, as->span, &v, WEIR__LIT_NONE);
	if (bd->in_secret)
		return weir__bind_fail(bd, as->span, "env.value",
		    "the environment's %s is not a value of %s", name,
		    weir__type_text(bd, ty));
	return weir__bind_fail(bd, as->span, "env.value",
	    "the environment's %s: %s", name, err.text);
}

static struct weir_expr *
env_unset(struct weir__binder *bd, const struct weir__ast_expr *as,
    const char *name, const struct weir_type *ty)
{
	struct weir_value v;
	struct weir_expr *ex;

	if (!bd->in_secret || bd->sc->need_secrets) {
		weir__bind_fail(bd, as->span, "env.unset",
		    "%s is not set in the environment", name);
		weir__bind_hint(bd, "set it, or give a default: "
		    "env(\"%s\", ...)", name);
		return NULL;
	}
	memset(&v, 0, sizeof v);
	v.type = ty;
	v.null = true;
	ex = weir__const_node(bd, as->span, &v, WEIR__LIT_NONE);
	if (ex != NULL)
		ex->unknown = ex->secret = true;
	return ex;
}

static struct weir_expr *
bind_env(struct weir__binder *bd, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	const struct weir__ast_arg *args = as->u.call.args;
	size_t n = as->u.call.nargs;
	struct weir_expr *def = NULL;
	const struct weir_type *ty = want;
	const char *name, *text;

	if (!bd->sc->allow_env) {
		weir__bind_fail(bd, as->span, "env.place",
		    "env() is read once, before rows flow: it can't stand in "
		    "an expression over rows");
		weir__bind_hint(bd, "param x = env(...), and use x here");
		return NULL;
	}
	if (n < 1 || n > 2 || args[0].value->kind != WEIR__E_STRING ||
	    args[0].name.text != NULL || args[n - 1].name.text != NULL)
		return weir__bind_fail(bd, as->span, "env.args",
		    "env takes a name and a default: env(\"NAME\", \"x\")");
	if (n == 2) {
		def = weir__bind(bd, args[1].value, want);
		if (def != NULL && want != NULL)
			def = weir__convert_must(bd, def, want, "default");
		if (def == NULL)
			return NULL;
		if (ty == NULL && def->type->kind != WEIR_NULL)
			ty = def->type;
	}
	if (ty == NULL)
		ty = weir__type_scalar(WEIR_STRING);
	name = args[0].value->u.str.text;
	text = getenv(name);
	if (text != NULL)
		return env_value(bd, as, name, text, ty);
	return def != NULL ? def : env_unset(bd, as, name, ty);
}

static struct weir_expr *
bind_secret(struct weir__binder *bd, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	bool outer = bd->in_secret;
	struct weir_expr *x, *ex;

	if (as->u.call.nargs != 1 || as->u.call.args[0].name.text != NULL)
		return weir__bind_fail(bd, as->span, "secret.args",
		    "secret takes one value: secret(env(\"NAME\"))");
	bd->in_secret = true;
	x = weir__bind(bd, as->u.call.args[0].value, want);
	bd->in_secret = outer;
	if (x == NULL)
		return NULL;
	ex = weir__arena_alloc(bd->sc->ar, sizeof *ex);
	if (ex == NULL)
		return weir__bind_nomem(bd);
	*ex = *x;
	ex->secret = true;
	ex->span = as->span;
	return ex;
}

/* ---- coalesce, nullif */

static struct weir_expr *
bind_coalesce(struct weir__binder *bd, struct weir_expr *const *args,
    uint32_t n, const struct weir__ast_expr *as)
{
	struct weir_expr *ex = args[n - 1];
	uint32_t i;

	for (i = n - 1; ex != NULL && i > 0; i--)
		ex = weir__coalesce_node(bd, args[i - 1], ex, as->span);
	return ex;
}

static struct weir_expr *
bind_nullif(struct weir__binder *bd, struct weir_expr *const *args,
    const struct weir__ast_expr *as)
{
	struct weir_expr *ex, *same;
	struct weir__shared sh;
	struct weir_value v;

	if (!weir__share(bd, &sh, args[0]))
		return NULL;
	same = weir__compare_node(bd, WEIR__E_EQ, sh.ref, args[1], as->span,
	    as->span);
	ex = weir__node(bd, as->span, NULL, weir__eval_case, 3);
	memset(&v, 0, sizeof v);
	v.type = sh.ref->type;
	v.null = true;
	if (same == NULL || ex == NULL)
		return NULL;
	ex->args[0] = same;
	ex->args[1] = weir__const_node(bd, as->span, &v, WEIR__LIT_NONE);
	ex->args[2] = sh.ref;
	if (ex->args[1] == NULL || (ex = weir__case_node(bd, ex)) == NULL)
		return NULL;
	return weir__share_end(bd, &sh, ex);
}

/* ---- functions by signature */

static void *
bind_alloc(struct weir_fn_bind *fb, size_t n)
{
	struct weir__binder *bd = fb->priv;
	void *p = weir__arena_zalloc(bd->sc->ar, n);

	return p != NULL ? p : weir__bind_nomem(bd);
}

static const struct weir_type *
bind_make_type(struct weir_fn_bind *fb, enum weir_kind kind, int precision,
    int scale, const struct weir_field *fields, uint32_t nfields)
{
	struct weir__binder *bd = fb->priv;
	struct weir_type *ty;

	if (kind == WEIR_DECIMAL)
		return weir__type_decimal(bd->sc->ar, precision, scale);
	if (kind < WEIR_LIST)
		return weir__type_scalar(kind);
	ty = weir__arena_zalloc(bd->sc->ar, sizeof *ty);
	if (ty == NULL)
		return weir__bind_nomem(bd);
	ty->kind = (uint8_t)kind;
	ty->nfields = nfields;
	ty->fields = weir__fields_copy(bd->sc->ar, fields, nfields);
	return ty->fields != NULL ? ty : weir__bind_nomem(bd);
}

bool
weir__fn_bind_init(struct weir__binder *bd, struct weir_fn_bind *fb,
    const struct weir__match *mt)
{
	const struct weir_type **types;
	const struct weir_value **consts;
	uint32_t i;

	memset(fb, 0, sizeof *fb);
	types = weir__arena_alloc(bd->sc->ar, (mt->nargs + 1) * sizeof *types);
	consts =
	    weir__arena_alloc(bd->sc->ar, (mt->nargs + 1) * sizeof *consts);
	if (types == NULL || consts == NULL)
		return weir__bind_nomem(bd) != NULL;
	for (i = 0; i < mt->nargs; i++) {
		types[i] = mt->args[i]->type;
		consts[i] = weir__is_const(mt->args[i]) ? mt->args[i]->value
							: NULL;
	}
	fb->host = bd->sc->host;
	fb->types = types;
	fb->consts = consts;
	fb->nargs = mt->nargs;
	fb->type = mt->result;
	fb->alloc = bind_alloc;
	fb->make_type = bind_make_type;
	fb->priv = bd;
	return true;
}

int
weir__fn_zone_used(struct weir_fn_bind *fb, const char *name, uint64_t hash,
    struct weir_err *err)
{
	const struct weir__scope *sc = ((struct weir__binder *)fb->priv)->sc;

	if (hash == 0 || sc->zone_used == NULL ||
	    sc->zone_used(sc->find_arg, name, hash) == 0)
		return WEIR_OK;
	return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

void *
weir__fn_bind_failed(struct weir__binder *bd, const struct weir_fn_bind *fb,
    const struct weir__match *mt, struct weir_span span,
    const struct weir_err *err)
{
	if (bd->sc->errors->out_of_memory)
		return NULL;
	if (fb->bad_arg > 0 && fb->bad_arg <= mt->nargs)
		span = mt->args[fb->bad_arg - 1]->span;
	weir__bind_fail(bd, span, err->code[0] != '\0' ? err->code
						       : "expr.call",
	    "%s", err->text);
	if (err->hint[0] != '\0')
		weir__bind_hint(bd, "%s", err->hint);
	return NULL;
}

static struct weir_expr *
call_node(struct weir__binder *bd, const struct weir_function *fn,
    const struct weir__match *mt, const struct weir__ast_expr *as)
{
	struct weir__call *ca = weir__arena_zalloc(bd->sc->ar, sizeof *ca);
	struct weir_expr *ex =
	    weir__node(bd, as->span, NULL, weir__eval_call, mt->nargs);
	struct weir_fn_bind fb;
	struct weir_err err;
	uint32_t i;

	if (ca == NULL || ex == NULL)
		return weir__bind_nomem(bd);
	if (!weir__fn_bind_init(bd, &fb, mt))
		return NULL;
	memset(&err, 0, sizeof err);
	if (fn->bind != NULL && fn->bind(&fb, &err) != WEIR_OK)
		return weir__fn_bind_failed(bd, &fb, mt, as->span, &err);
	if (fb.bound != NULL && fb.free_bound != NULL &&
	    weir__arena_on_fini(bd->sc->ar, fb.free_bound,
		(void *)(uintptr_t)fb.bound) != 0) {
		fb.free_bound((void *)(uintptr_t)fb.bound);
		return weir__bind_nomem(bd);
	}
	if (fb.type == NULL)
		return weir__bind_fail(bd, as->span, "plugin.function",
		    "the function \"%s\" does not tell its type", fn->name);
	ca->fn = fn;
	ca->bound = fb.bound;
	ca->types = fb.types;
	ex->u.call = ca;
	ex->type = fb.type;
	ex->fallible = (fn->flags & WEIR_FN_FALLIBLE) != 0;
	ex->pure = (fn->flags & WEIR_FN_PURE) != 0;
	ex->required = (fn->flags & WEIR_FN_TOTAL) != 0;
	for (i = 0; i < mt->nargs; i++) {
		ex->args[i] = mt->args[i];
		ex->required &= ex->args[i]->required;
	}
	if (mt->nargs == 0 && ex->pure)
		ex->closed = true;
	ex = weir__node_done(bd, ex);
	if (ex != NULL && (fn->flags & WEIR_FN_TAINT_OK) != 0)
		ex->secret = false;
	return ex;
}

static const char *
call_types(struct weir__binder *bd, struct weir_expr *const *args,
    uint32_t nargs)
{
	struct weir__buf bf;
	const char *s;
	uint32_t i;

	weir__buf_init(&bf);
	for (i = 0; i < nargs; i++) {
		if (i != 0)
			weir__buf_str(&bf, ", ");
		weir__buf_str(&bf, weir__type_text(bd, args[i]->type));
	}
	s = weir__arena_strndup(bd->sc->ar, weir__buf_cstr(&bf), bf.len);
	weir__buf_fini(&bf);
	return s != NULL ? s : "?";
}

void *
weir__call_refused(struct weir__binder *bd, const char *name,
    const char *const *signatures, struct weir_expr *const *args,
    uint32_t nargs, struct weir_span span)
{
	char all[256];
	size_t at = 0, i;
	int n;

	if (bd->sc->errors->out_of_memory)
		return NULL;
	weir__bind_fail(bd, span, "type.call", "no %s(%s)", name,
	    call_types(bd, args, nargs));
	all[0] = '\0';
	for (i = 0; signatures[i] != NULL && at < sizeof all; i++) {
		n = (int)strcspn(signatures[i], "-");
		while (n > 0 && signatures[i][n - 1] == ' ')
			n--;
		at += (size_t)snprintf(all + at, sizeof all - at, "%s%s(%.*s)",
		    i != 0 ? ", " : "", name, n, signatures[i]);
	}
	weir__bind_hint(bd, "there is %.*s", 200, all);
	return NULL;
}

bool
weir__call_match(struct weir__binder *bd, const char *const *signatures,
    struct weir_expr *const *args, const char *const *names, uint32_t nargs,
    struct weir__match *mt)
{
	struct weir__sig sg;
	size_t i;
	int pass;

	/* Text that is a time only as a last resort. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; signatures[i] != NULL; i++)
			if (weir__sig_parse(&sg, signatures[i]) &&
			    weir__sig_match(bd, &sg, args, names, nargs,
				pass == 1, mt))
				return true;
	return false;
}

static struct weir_expr *
bind_function(struct weir__binder *bd, const struct weir_function *fn,
    const struct weir__ast_expr *as)
{
	uint32_t n = (uint32_t)as->u.call.nargs, i;
	struct weir_expr **args =
	    weir__arena_alloc(bd->sc->ar, (n + 1) * sizeof(*args));
	const char **names =
	    weir__arena_alloc(bd->sc->ar, (n + 1) * sizeof *names);
	struct weir__match mt;
	bool bad = false;

	if (args == NULL || names == NULL)
		return weir__bind_nomem(bd);
	for (i = 0; i < n; i++) {
		args[i] = weir__bind(bd, as->u.call.args[i].value, NULL);
		names[i] = as->u.call.args[i].name.text;
		bad |= args[i] == NULL;
	}
	if (bad)
		return NULL;
	if (!weir__call_match(bd, fn->signatures, args, names, n, &mt))
		return weir__call_refused(bd, fn->name, fn->signatures, args,
		    n, as->span);
	if (fn->eval != NULL)
		return call_node(bd, fn, &mt, as);
	if (strcmp(fn->name, "nullif") == 0)
		return bind_nullif(bd, args, as);
	return bind_coalesce(bd, args, n, as);
}

/* The plugin is not there, or was refused. */
static struct weir_expr *
no_plugin(struct weir__binder *bd, const struct weir__ast_expr *as,
    const struct weir_err *why)
{
	const char *plugin = as->u.call.plugin, *name = as->u.call.name;

	if (strcmp(why->code, "plugin.missing") == 0)
		weir__bind_fail(bd, as->op, "name.function", "no function "
		    "\"%s.%s\", for there is no plugin \"%s\"", plugin, name,
		    plugin);
	else
		weir__bind_fail(bd, as->op, why->code, "%s", why->text);
	if (why->hint[0] != '\0')
		weir__bind_hint(bd, "%s", why->hint);
	return NULL;
}

static struct weir_expr *
no_function(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	const char *plugin = as->u.call.plugin, *name = as->u.call.name, *near;
	const struct weir_err *why;
	size_t n;

	why = plugin == NULL ? NULL :
	    weir__registry_refused(bd->sc->functions, plugin);
	if (why != NULL)
		return no_plugin(bd, as, why);
	if (weir__registry_aggregate(bd->sc->functions, plugin, name, &n) !=
	    NULL) {
		weir__bind_fail(bd, as->op, "agg.place",
		    "%s is an aggregate: it works on groups of rows, and "
		    "there is no group here", name);
		weir__bind_hint(bd, "aggregates stand in the braces of a "
		    "window, not inside one another");
		return NULL;
	}
	near = weir__registry_nearest(bd->sc->functions, name,
	    bd->aggs != NULL);
	weir__bind_fail(bd, as->op, "name.function", "no function \"%s%s%s\"",
	    plugin != NULL ? plugin : "", plugin != NULL ? "." : "", name);
	if (near != NULL)
		weir__bind_hint(bd, "did you mean \"%s\"?", near);
	return NULL;
}

struct weir_expr *
weir__bind_call(struct weir__binder *bd, const struct weir__ast_expr *as,
    const struct weir_type *want)
{
	const char *plugin = as->u.call.plugin, *name = as->u.call.name;
	const struct weir_aggregate *ag;
	const struct weir_function *fn;
	size_t n;

	if (plugin == NULL && strcmp(name, "env") == 0)
		return bind_env(bd, as, want);
	if (plugin == NULL && strcmp(name, "secret") == 0)
		return bind_secret(bd, as, want);
	if (bd->aggs != NULL) {
		ag = weir__registry_aggregate(bd->sc->functions, plugin, name,
		    &n);
		if (ag != NULL && n == 1)
			return weir__bind_aggregate(bd, ag, as);
		if (n > 1)
			return weir__bind_fail(bd, as->op, "name.clash",
			    "several plugins have an aggregate \"%s\": write "
			    "plugin.%s", name, name);
	}
	fn = weir__registry_function(bd->sc->functions, plugin, name, &n);
	if (n > 1)
		return weir__bind_fail(bd, as->op, "name.clash",
		    "several plugins have a function \"%s\": write plugin.%s",
		    name, name);
	return fn != NULL ? bind_function(bd, fn, as) : no_function(bd, as);
}
