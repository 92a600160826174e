/* SPDX-License-Identifier: MIT
 *
 * Lists of aggregates: the run's half.
 */
#include "base/alloc.h"
#include "expr/aggs.h"

struct weir__aggs_cursor {
	const struct weir_aggs *ag;
	struct weir__vec *exprs;	/* of the batch, flat */
	const struct weir_column **args; /* of all items, one after another */
	const uint64_t **skip;		/* an item */
	uint32_t nrows;
	/* Updates that are left when some rows were rejected. */
	uint32_t *rows;
	void **slots;
	uint32_t room;
};

struct weir__aggs_cursor *
weir__aggs_cursor_new(const struct weir_aggs *ag)
{
	struct weir__aggs_cursor *cu = weir__zalloc(sizeof *cu);
	size_t nargs = 0;
	uint32_t i;

	if (cu == NULL)
		return NULL;
	for (i = 0; i < ag->nitems; i++)
		nargs += ag->items[i]->nargs;
	cu->ag = ag;
	cu->exprs = weir__zalloc((ag->nexprs + 1) * sizeof *cu->exprs);
	cu->args = weir__zalloc((nargs + 1) * sizeof *cu->args);
	cu->skip = weir__zalloc((ag->nitems + 1) * sizeof *cu->skip);
	if (cu->exprs != NULL && cu->args != NULL && cu->skip != NULL)
		return cu;
	weir__aggs_cursor_free(cu);
	return NULL;
}

void
weir__aggs_cursor_free(struct weir__aggs_cursor *cu)
{
	if (cu == NULL)
		return;
	weir__free(cu->exprs);
	weir__free(cu->args);
	weir__free(cu->skip);
	weir__free(cu->rows);
	weir__free(cu->slots);
	weir__free(cu);
}

/* ---- a batch's arguments and filters */

/* Rows that a filter lets through: true, not null, no error. */
static uint64_t *
passing(struct weir__cx *cx, const struct weir__vec *v)
{
	uint64_t *bits = weir__cx_bits(cx, false);
	uint32_t w;

	for (w = 0; bits != NULL && w < cx->words; w++) {
		bits[w] = v->co.u.bits[w];
		if (v->co.valid != NULL)
			bits[w] &= v->co.valid[w];
		if (v->errors != NULL)
			bits[w] &= ~v->errors[w];
		if (cx->ev->rows != NULL)
			bits[w] &= cx->ev->rows[w];
	}
	return bits;
}

static int
eval_exprs(struct weir__aggs_cursor *cu, struct weir__cx *cx,
    struct weir__vec *errors)
{
	const struct weir_aggs *ag = cu->ag;
	uint32_t i;

	for (i = 0; i < ag->nexprs; i++) {
		const struct weir__agg_expr *ax = ag->exprs[i];
		const uint64_t *rows = cx->ev->rows;

		if (ax->within >= 0 &&
		    (rows = passing(cx, &cu->exprs[ax->within])) == NULL)
			return -1;
		if (weir__node_run(cx, ax->ex, rows, &cu->exprs[i]) != 0 ||
		    weir__vec_flatten(cx, &cu->exprs[i], ax->ex->type) != 0 ||
		    weir__vec_errors(cx, errors, &cu->exprs[i]) != 0)
			return -1;
	}
	return 0;
}

/* Rows that do not count for an item; NULL: all do. */
static int
find_skip(struct weir__aggs_cursor *cu, struct weir__cx *cx, uint32_t no)
{
	const struct weir__agg_item *it = cu->ag->items[no];
	uint64_t *skip = NULL, *pass;
	uint32_t i, w;

	for (i = 0; i < it->nargs && !(it->flags & WEIR_AGG_NULLS); i++) {
		const uint64_t *valid = cu->exprs[it->args[i]].co.valid;

		if (valid == NULL)
			continue;
		if (skip == NULL && (skip = weir__cx_bits(cx, false)) == NULL)
			return -1;
		for (w = 0; w < cx->words; w++)
			skip[w] |= ~valid[w];
	}
	if (it->where >= 0) {
		if ((pass = passing(cx, &cu->exprs[it->where])) == NULL)
			return -1;
		for (w = 0; w < cx->words; w++)
			pass[w] = ~pass[w] | (skip != NULL ? skip[w] : 0);
		skip = pass;
	}
	cu->skip[no] = skip;
	return 0;
}

int
weir__aggs_batch(struct weir__aggs_cursor *cu, struct weir__eval *ev)
{
	const struct weir_aggs *ag = cu->ag;
	struct weir__vec errors;
	struct weir__cx cx;
	uint32_t i, k, at = 0;

	memset(&errors, 0, sizeof errors);
	weir__cx_init(&cx, ev);
	cu->nrows = ev->nrows;
	if (eval_exprs(cu, &cx, &errors) != 0)
		return -1;
	for (i = 0; i < ag->nitems; i++) {
		if (find_skip(cu, &cx, i) != 0)
			return -1;
		for (k = 0; k < ag->items[i]->nargs; k++)
			cu->args[at++] = &cu->exprs[ag->items[i]->args[k]].co;
	}
	return weir__cx_errors(&cx, &errors);
}

/* ---- updating */

static void
call_of(const struct weir__aggs_cursor *cu, uint32_t no,
    const struct weir_column *const *args, const uint32_t *rows, uint32_t n,
    void *const *slots, struct weir_agg_call *ca)
{
	const struct weir__agg_item *it = cu->ag->items[no];

	*ca = (struct weir_agg_call){
		.host = cu->ag->host,
		.bound = it->bound,
		.args = args,
		.types = it->types,
		.nargs = it->nargs,
		.n = n,
		.rows = rows,
		.slots = slots,
		.offset = it->offset,
		.skip = cu->skip[no],
		.type = it->type,
	};
}

/* Update the items that are `checked` (or that are not) with these rows. */
static int
update_items(const struct weir__aggs_cursor *cu, bool checked,
    const uint32_t *rows, uint32_t n, void *const *slots)
{
	const struct weir_aggs *ag = cu->ag;
	const struct weir_column **args = cu->args;
	struct weir_agg_call ca;
	uint32_t i;

	for (i = 0; i < ag->nitems; args += ag->items[i++]->nargs) {
		const struct weir__agg_item *it = ag->items[i];

		if (it->same >= 0 ||
		    ((it->flags & WEIR_AGG_CHECKED) != 0) != checked)
			continue;
		call_of(cu, i, args, rows, n, slots, &ca);
		if (it->ag->update(&ca) != WEIR_OK)
			return -1;
	}
	return 0;
}

static bool
overflows(const struct weir__aggs_cursor *cu, uint32_t row, void *slot)
{
	const struct weir_aggs *ag = cu->ag;
	const struct weir_column **args = cu->args;
	struct weir_agg_call ca;
	uint64_t bad = 0;
	uint32_t i;

	for (i = 0; i < ag->nitems; args += ag->items[i++]->nargs) {
		const struct weir__agg_item *it = ag->items[i];

		if (it->same >= 0 || !(it->flags & WEIR_AGG_CHECKED))
			continue;
		call_of(cu, i, args, &row, 1, &slot, &ca);
		it->ag->check(&ca, &bad);
	}
	return bad != 0;
}

/* Row by row: all checked aggregates take it, or none. */
static int
update_checked(const struct weir__aggs_cursor *cu, const uint32_t *rows,
    uint32_t n, void *const *slots, uint64_t *rejected,
    void (*on_overflow)(void *arg, uint32_t row, const char *code,
    const char *text), void *arg)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		uint32_t row = rows != NULL ? rows[i] : i;

		if (weir_bit(rejected, row))
			continue;
		if (overflows(cu, row, slots[i])) {
			weir_bit_set(rejected, row);
			on_overflow(arg, row, "agg.overflow",
			    "with this row a sum would pass 38 digits, or the "
			    "range of a duration");
			continue;
		}
		if (update_items(cu, true, &row, 1, &slots[i]) != 0)
			return -1;
	}
	return 0;
}

static int
make_room(struct weir__aggs_cursor *cu, uint32_t n)
{
	uint32_t *rows;
	void **slots;

	if (n <= cu->room)
		return 0;
	rows = weir__realloc(cu->rows, n * sizeof *rows);
	if (rows != NULL)
		cu->rows = rows;
	slots = weir__realloc(cu->slots, n * sizeof *slots);
	if (slots != NULL)
		cu->slots = slots;
	if (rows == NULL || slots == NULL)
		return -1;
	cu->room = n;
	return 0;
}

static bool
any_set(const uint64_t *bits, uint32_t n)
{
	uint64_t any = 0;
	uint32_t w;

	for (w = 0; w < WEIR_BITMAP_WORDS(n); w++)
		any |= bits[w] & weir__tail_mask(n, w);
	return any != 0;
}

int
weir__aggs_update(struct weir__aggs_cursor *cu, const uint32_t *rows,
    uint32_t n, void *const *slots, uint64_t *rejected,
    void (*on_overflow)(void *arg, uint32_t row, const char *code,
    const char *text), void *arg)
{
	uint32_t i, k = 0;

	if (cu->ag->checked && update_checked(cu, rows, n, slots, rejected,
	    on_overflow, arg) != 0)
		return -1;
	if (rejected == NULL || !any_set(rejected, cu->nrows))
		return update_items(cu, false, rows, n, slots);
	if (make_room(cu, n) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		uint32_t row = rows != NULL ? rows[i] : i;

		if (weir_bit(rejected, row))
			continue;
		cu->rows[k] = row;
		cu->slots[k++] = slots[i];
	}
	return update_items(cu, false, cu->rows, k, cu->slots);
}

int
weir__aggs_merge(const struct weir_aggs *ag, void *const *into,
    void *const *from, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < ag->nitems; i++) {
		const struct weir__agg_item *it = ag->items[i];

		if (it->same < 0 && it->ag->merge(it->bound, ag->host, into,
		    from, it->offset, n) != WEIR_OK)
			return -1;
	}
	return 0;
}

/* ---- results */

static int
finish_item(const struct weir_aggs *ag, const struct weir__agg_item *it,
    struct weir__arena *ar, void *const *slots, uint32_t n,
    struct weir_column *co)
{
	uint32_t w;

	if (weir__column_alloc(ar, co, it->type, n) != 0 ||
	    weir__column_validity(ar, co, n, true) != 0)
		return -1;
	if (it->ag->finish(it->bound, ag->host, slots, it->offset, n, it->type,
		co) != WEIR_OK)
		return -1;
	for (w = 0; w < WEIR_BITMAP_WORDS(n); w++)
		if (~co->valid[w] & weir__tail_mask(n, w))
			return 0;
	co->valid = NULL;
	return 0;
}

struct finishing {
	struct weir__eval ev;
	uint64_t *failed;
	uint64_t *left; /* rows that no expression has failed on; NULL: all */
	void (*on_error)(void *arg, uint32_t slot, const char *column,
	    const struct weir__row_error *re);
	void *arg;
};

/* Rows that failed: each is told of once, and not asked for again. */
static int
take_failed(struct finishing *fi, const char *column)
{
	uint32_t words = WEIR_BITMAP_WORDS(fi->ev.nrows), w, row;
	uint64_t bits;

	if (fi->left == NULL) {
		fi->left = weir__arena_alloc(fi->ev.ar, words * 8);
		if (fi->left == NULL)
			return -1;
		for (w = 0; w < words; w++)
			fi->left[w] = weir__tail_mask(fi->ev.nrows, w);
	}
	for (w = 0; w < words; w++) {
		bits = fi->ev.errors[w] & fi->left[w];
		fi->left[w] &= ~bits;
		fi->failed[w] |= bits;
		for (; bits != 0; bits &= bits - 1) {
			row = w * 64 + (uint32_t)__builtin_ctzll(bits);
			fi->on_error(fi->arg, row, column,
			    weir__eval_error(&fi->ev, row));
		}
	}
	fi->ev.rows = fi->left;
	return 0;
}

int
weir__aggs_finish(const struct weir_aggs *ag, struct weir__arena *ar,
    void *const *slots, uint32_t n, struct weir_column *cols, int64_t now,
    uint64_t *failed, void (*on_error)(void *arg, uint32_t slot,
    const char *column, const struct weir__row_error *re), void *arg)
{
	struct weir_column *items =
	    weir__arena_zalloc(ar, (ag->nitems + 1) * sizeof *items);
	struct finishing fi = { .failed = failed, .on_error = on_error,
		.arg = arg };
	uint32_t i;

	if (items == NULL)
		return -1;
	for (i = 0; i < ag->nitems; i++)
		if (finish_item(ag, ag->items[i], ar, slots, n, &items[i]) != 0)
			return -1;
	fi.ev.ar = ar;
	fi.ev.cols = items;
	fi.ev.nrows = n;
	fi.ev.now = now;
	fi.ev.host = ag->host;
	for (i = 0; i < ag->n; i++) {
		if (weir__expr_eval(&fi.ev, ag->outer[i], &cols[i]) != 0)
			return -1;
		if (fi.ev.errors != NULL &&
		    take_failed(&fi, ag->fields[i].name) != 0)
			return -1;
	}
	return 0;
}

void
weir__aggs_drop(const struct weir_aggs *ag, void *slot)
{
	uint32_t i;

	for (i = 0; i < ag->nitems; i++) {
		const struct weir__agg_item *it = ag->items[i];

		if (it->same < 0 && (it->flags & WEIR_AGG_OWNS) &&
		    it->ag->drop != NULL)
			it->ag->drop(it->bound, ag->host,
			    (char *)slot + it->offset);
	}
}
