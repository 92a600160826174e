/* SPDX-License-Identifier: MIT
 *
 * Lists of aggregates: binding.
 *
 * Calls that are written alike are computed once, and so are arguments.  sum
 * and avg of one argument read one state, and so do the kinds of variance.
 */
#include "expr/aggs.h"

#include "expr/agg.h"
#include "expr/call.h"

/* ---- row expressions, each once */

static const char *
ast_text(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir__buf bf;
	const char *s;

	weir__buf_init(&bf);
	weir__ast_expr_print(&bf, as);
	s = bf.failed ? NULL
		      : weir__arena_strndup(bd->sc->ar, weir__buf_cstr(&bf),
			    bf.len);
	weir__buf_fini(&bf);
	return s != NULL ? s : weir__bind_nomem(bd);
}

/* The number of the expression, or -1 when memory is out. */
static int32_t
add_expr(struct weir__binder *bd, struct weir__agg_scope *as,
    struct weir_expr *ex, const char *text, int32_t within)
{
	struct weir__agg_expr **at, *ax;
	int32_t i = 0;

	if (!ex->fallible)
		within = -1;
	for (at = &as->exprs; *at != NULL; at = &(*at)->next, i++)
		if ((*at)->within == within &&
		    strcmp((*at)->text, text) == 0 &&
		    weir__type_same((*at)->ex->type, ex->type, true))
			return i;
	ax = weir__arena_zalloc(bd->sc->ar, sizeof *ax);
	if (ax == NULL) {
		weir__bind_nomem(bd);
		return -1;
	}
	ax->ex = ex;
	ax->text = text;
	ax->within = within;
	*at = ax;
	as->nexprs++;
	return i;
}

/* ---- one call */

struct agg_call {
	struct weir_expr *args[WEIR__SIG_ARGS];
	const char *names[WEIR__SIG_ARGS];
	const char *texts[WEIR__SIG_ARGS];
	uint32_t nargs;
	struct weir_expr *where;
	const char *where_text;
};

static struct weir_expr *
bind_where(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *ex = weir__bind(bd, as, NULL);

	if (ex == NULL)
		return NULL;
	return weir__convert_must(bd, ex, weir__type_scalar(WEIR_BOOL),
	    "`where:` of an aggregate");
}

static bool
no_secret(struct weir__binder *bd, const struct weir_expr *ex)
{
	if (ex->doomed != NULL) {
		struct weir_err err = *ex->doomed;

		weir__errors_add(bd->sc->errors, &err);
		return false;
	}
	if (!ex->secret)
		return true;
	weir__bind_fail(bd, ex->span, "expr.secret",
	    "a secret can't be aggregated");
	return false;
}

/* Arguments are row expressions: aggregates can't stand in them. */
static bool
bind_args(struct weir__binder *outer, struct agg_call *ac,
    const struct weir__ast_expr *as)
{
	struct weir__binder bd = { .sc = outer->sc, .depth = outer->depth };
	bool ok = true;
	size_t i;

	memset(ac, 0, sizeof *ac);
	for (i = 0; i < as->u.call.nargs; i++) {
		const struct weir__ast_arg *arg = &as->u.call.args[i];
		bool where = arg->name.text != NULL &&
		    strcmp(arg->name.text, "where") == 0;
		struct weir_expr *ex = where ? bind_where(&bd, arg->value)
					     : weir__bind(&bd, arg->value,
						   NULL);
		const char *text = ast_text(&bd, arg->value);

		if (ex == NULL || text == NULL || !no_secret(&bd, ex)) {
			ok = false;
		} else if (where) {
			ac->where = ex;
			ac->where_text = text;
		} else if (ac->nargs == WEIR__SIG_ARGS) {
			weir__bind_fail(&bd, arg->span, "type.call",
			    "too many arguments");
			ok = false;
		} else {
			ac->args[ac->nargs] = ex;
			ac->names[ac->nargs] = arg->name.text;
			ac->texts[ac->nargs++] = text;
		}
	}
	return ok;
}

/* Aggregates with one and the same state. */
static const struct weir_aggregate *
family(const struct weir_aggregate *ag)
{
	if (ag == &weir__agg_avg)
		return &weir__agg_sum;
	if (ag == &weir__agg_stddev || ag == &weir__agg_stddev_pop ||
	    ag == &weir__agg_var_pop)
		return &weir__agg_variance;
	return ag;
}

static bool
same_args(const struct weir__agg_item *a, const struct weir__agg_item *b)
{
	return a->nargs == b->nargs && a->where == b->where &&
	    (a->nargs == 0 ||
		memcmp(a->args, b->args, a->nargs * sizeof *a->args) == 0);
}

/* The number of the call that is written alike, or -1. */
static int32_t
find_item(const struct weir__agg_scope *as, const struct weir__agg_item *it)
{
	const struct weir__agg_item *o;
	int32_t i = 0;

	for (o = as->items; o != NULL; o = o->next, i++)
		if (o->ag == it->ag && strcmp(o->text, it->text) == 0)
			return i;
	return -1;
}

/* One whose state will do. */
static void
find_state(const struct weir__agg_scope *as, struct weir__agg_item *it)
{
	const struct weir__agg_item *o;
	int32_t i = 0;

	it->same = -1;
	for (o = as->items; o != NULL; o = o->next, i++)
		if (o->same < 0 && o->ag != it->ag &&
		    family(o->ag) == family(it->ag) && same_args(o, it))
			it->same = i;
}

static bool
item_exprs(struct weir__binder *bd, struct weir__agg_item *it,
    const struct agg_call *ac, const struct weir__match *mt)
{
	uint32_t i, k;
	int32_t no;

	it->where = -1;
	if (ac->where != NULL && (it->where = add_expr(bd, bd->aggs, ac->where,
	    ac->where_text, -1)) < 0)
		return false;
	it->nargs = mt->nargs;
	it->args =
	    weir__arena_alloc(bd->sc->ar, (mt->nargs + 1) * sizeof *it->args);
	if (it->args == NULL)
		return weir__bind_nomem(bd) != NULL;
	for (i = 0; i < mt->nargs; i++) {
		/* Which one was it, before it was converted? */
		for (k = 0; k + 1 < ac->nargs; k++)
			if (ac->args[k]->span.at == mt->args[i]->span.at)
				break;
		no = add_expr(bd, bd->aggs, mt->args[i], ac->texts[k],
		    it->where);
		if (no < 0)
			return false;
		it->args[i] = (uint32_t)no;
	}
	return true;
}

static bool
bind_item(struct weir__binder *bd, struct weir__agg_item *it,
    const struct weir__match *mt, const struct weir__ast_expr *as)
{
	struct weir_agg_bind ab;
	struct weir_err err;

	memset(&ab, 0, sizeof ab);
	memset(&err, 0, sizeof err);
	if (!weir__fn_bind_init(bd, &ab.fn, mt))
		return false;
	if (it->ag->bind(&ab, &err) != WEIR_OK) {
		weir__fn_bind_failed(bd, &ab.fn, mt, as->span, &err);
		return false;
	}
	if (ab.fn.bound != NULL && ab.fn.free_bound != NULL &&
	    weir__arena_on_fini(bd->sc->ar, ab.fn.free_bound,
		(void *)(uintptr_t)ab.fn.bound) != 0) {
		ab.fn.free_bound((void *)(uintptr_t)ab.fn.bound);
		return weir__bind_nomem(bd) != NULL;
	}
	if (ab.fn.type == NULL) {
		weir__bind_fail(bd, as->span, "plugin.aggregate",
		    "the aggregate \"%s\" does not tell its type",
		    it->ag->name);
		return false;
	}
	it->bound = ab.fn.bound;
	it->type = ab.fn.type;
	it->types = ab.fn.types;
	it->flags = ab.flags;
	if (it->ag->check == NULL)
		it->flags &= ~(uint32_t)WEIR_AGG_CHECKED;
	it->size = ab.slot_size;
	it->align = ab.slot_align != 0 ? ab.slot_align : 1;
	return true;
}

static struct weir_expr *
result_node(struct weir__binder *bd, const struct weir__agg_item *it,
    uint32_t no, struct weir_span span)
{
	struct weir_expr *ex =
	    weir__node(bd, span, it->type, weir__eval_column, 0);

	if (ex == NULL)
		return NULL;
	ex->u.col = no;
	ex->made = true;
	ex->required = it->ag == &weir__agg_count ||
	    it->ag == &weir__agg_distinct ||
	    it->ag == &weir__agg_approx_distinct;
	return ex;
}

struct weir_expr *
weir__bind_aggregate(struct weir__binder *bd, const struct weir_aggregate *ag,
    const struct weir__ast_expr *as)
{
	struct weir__agg_item *it, **end;
	struct weir__match mt;
	struct agg_call ac;
	int32_t no;

	if (!bind_args(bd, &ac, as))
		return NULL;
	if (!weir__call_match(bd, ag->signatures, ac.args, ac.names, ac.nargs,
		&mt))
		return weir__call_refused(bd, ag->name, ag->signatures,
		    ac.args, ac.nargs, as->span);
	it = weir__arena_zalloc(bd->sc->ar, sizeof *it);
	if (it == NULL || (it->text = ast_text(bd, as)) == NULL)
		return weir__bind_nomem(bd);
	it->ag = ag;
	if ((no = find_item(bd->aggs, it)) >= 0) {
		for (end = &bd->aggs->items; no > 0; no--)
			end = &(*end)->next;
		return result_node(bd, *end,
		    (uint32_t)find_item(bd->aggs, it), as->span);
	}
	if (!bind_item(bd, it, &mt, as) || !item_exprs(bd, it, &ac, &mt))
		return NULL;
	find_state(bd->aggs, it);
	for (end = &bd->aggs->items; *end != NULL; end = &(*end)->next)
		;
	*end = it;
	return result_node(bd, it, bd->aggs->nitems++, as->span);
}

/* ---- the list */

/* States by falling alignment: nothing is lost between them. */
static void
lay_out(struct weir_aggs *ag, struct weir__agg_scope *as)
{
	struct weir__agg_item *it;
	size_t align;

	ag->align = 1;
	for (align = 16; align > 0; align /= 2)
		for (it = as->items; it != NULL; it = it->next) {
			if (it->align != align || it->same >= 0)
				continue;
			it->offset = (ag->slot + align - 1) & ~(align - 1);
			ag->slot = it->offset + it->size;
			if (align > ag->align)
				ag->align = align;
		}
	ag->slot = (ag->slot + ag->align - 1) & ~(ag->align - 1);
}

static struct weir_aggs *
finish_list(struct weir__binder *bd, struct weir__agg_scope *as,
    struct weir_aggs *ag)
{
	struct weir__agg_item *it;
	struct weir__agg_expr *ax;
	uint32_t i;

	lay_out(ag, as);
	ag->nexprs = as->nexprs;
	ag->nitems = as->nitems;
	ag->exprs = weir__arena_alloc(bd->sc->ar,
	    (as->nexprs + 1) * sizeof *ag->exprs);
	ag->items = weir__arena_alloc(bd->sc->ar,
	    (as->nitems + 1) * sizeof *ag->items);
	if (ag->exprs == NULL || ag->items == NULL)
		return weir__bind_nomem(bd);
	for (i = 0, ax = as->exprs; ax != NULL; ax = ax->next)
		ag->exprs[i++] = ax;
	for (i = 0, it = as->items; it != NULL; it = it->next) {
		ag->items[i++] = it;
		if (it->same >= 0)
			it->offset = ag->items[it->same]->offset;
		ag->checked |= (it->flags & WEIR_AGG_CHECKED) != 0;
	}
	return ag;
}

static bool
bind_entry(struct weir__binder *bd, struct weir_aggs *ag, uint32_t i,
    const struct weir__ast_entry *en)
{
	struct weir_field *fi = &ag->fields[i];
	struct weir_expr *ex;
	bool ok = true;
	uint32_t j;

	if (en->name.text == NULL) {
		weir__bind_fail(bd, en->span, "name.missing",
		    "an aggregate needs a name: name: count()");
		ok = false;
	}
	for (j = 0; ok && j < i; j++)
		if (ag->fields[j].name != NULL &&
		    strcmp(ag->fields[j].name, en->name.text) == 0) {
			weir__bind_fail(bd, en->name.span, "name.twice",
			    "a column \"%s\" is there already", en->name.text);
			ok = false;
		}
	ex = weir__bind_root(bd, en->value, NULL);
	if (ex != NULL && ex->type->kind == WEIR_NULL)
		ex = weir__bind_fail(bd, en->value->span, "type.unknown",
		    "null alone has no type: write cast(null as string), "
		    "or whichever type is meant");
	if (ex == NULL) {
		ok = false;
		ex = weir__expr_unknown(bd->sc, en->value->span, NULL);
		if (ex == NULL)
			return false;
	}
	ag->outer[i] = ex;
	fi->name = en->name.text;
	fi->type = ex->type;
	fi->required = ex->required;
	fi->span = en->span;
	return ok;
}

struct weir_aggs *
weir__aggs_bind_all(struct weir__scope *sc,
    const struct weir__ast_entry *entries, size_t n, bool *whole)
{
	struct weir__agg_scope as;
	struct weir__binder bd = { .sc = sc, .aggs = &as };
	struct weir_aggs *ag = weir__arena_zalloc(sc->ar, sizeof *ag);
	bool named = true;
	size_t i;

	*whole = true;
	memset(&as, 0, sizeof as);
	if (ag == NULL)
		return weir__bind_nomem(&bd);
	ag->host = sc->host;
	ag->n = (uint32_t)n;
	ag->fields = weir__arena_zalloc(sc->ar, (n + 1) * sizeof *ag->fields);
	ag->outer = weir__arena_zalloc(sc->ar, (n + 1) * sizeof(*ag->outer));
	if (ag->fields == NULL || ag->outer == NULL)
		return weir__bind_nomem(&bd);
	for (i = 0; i < n; i++) {
		*whole &= bind_entry(&bd, ag, (uint32_t)i, &entries[i]);
		named &= ag->fields[i].name != NULL;
	}
	return named && !sc->errors->out_of_memory ? finish_list(&bd, &as, ag)
						   : NULL;
}

struct weir_aggs *
weir__aggs_bind(struct weir__scope *sc, const struct weir__ast_entry *entries,
    size_t n)
{
	bool whole;
	struct weir_aggs *ag = weir__aggs_bind_all(sc, entries, n, &whole);

	return whole ? ag : NULL;
}

uint32_t
weir__aggs_n(const struct weir_aggs *ag)
{
	return ag->n;
}

const struct weir_field *
weir__aggs_field(const struct weir_aggs *ag, uint32_t i)
{
	return &ag->fields[i];
}

void
weir__aggs_types(const struct weir_aggs *ag, struct weir__buf *bf)
{
	const struct weir__agg_item *it;
	uint32_t i, k;

	for (i = 0; i < ag->nitems; i++) {
		it = ag->items[i];
		weir__buf_str(bf, " (");
		for (k = 0; k < it->nargs; k++) {
			weir__buf_str(bf, k == 0 ? "" : ", ");
			weir__type_print(bf, it->types[k]);
		}
		weir__buf_chr(bf, ')');
	}
}

size_t
weir__aggs_slot(const struct weir_aggs *ag, size_t *align)
{
	if (align != NULL)
		*align = ag->align;
	return ag->slot;
}

bool
weir__aggs_fallible(const struct weir_aggs *ag)
{
	uint32_t i;

	for (i = 0; i < ag->n; i++)
		if (weir__expr_fallible(ag->outer[i]))
			return true;
	return false;
}

void
weir__aggs_reads(const struct weir_aggs *ag,
    void (*column)(void *arg, uint32_t col),
    void (*origin)(void *arg, const char *name), void *arg)
{
	uint32_t i;

	for (i = 0; i < ag->nexprs; i++)
		weir__expr_reads(ag->exprs[i]->ex, column, origin, arg);
}
