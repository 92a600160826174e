/* SPDX-License-Identifier: MIT
 *
 * Windows over event time.
 *
 * A window is the half-open stretch [start, start + size), starts lie at
 * multiples of `every` (floor division, so also before 1970).  It is due, that
 * is, closes, when the watermark reaches its end plus the allowed lateness:
 *
 *	   start          end       due = end + lateness
 *	-----|-------------|-----------|----> watermark
 *
 * A row is late for a window that was due at the watermark of the row's own
 * partition at the row's own position, or that has been closed already.  Rows
 * late for all their windows leave by `late`.
 *
 * State is one timed table: key `by`, due time, and the aggregates as slot.
 * The due time tells the window, so that the start need not be a key.
 */
#include "window.h"

#include <assert.h>

static const struct weir_port port_late = {
	.size = sizeof(struct weir_port),
	.name = "late",
	.help = "Rows whose windows had all ended, with the allowed lateness, "
		"at the watermark of their own partition.",
};

const struct weir_port *const window_ports[] = {
	&port_late,
	NULL,
};

/* ----------------------------------------------------------------- binding */

static int
check_options(struct weir_bind *bi, struct window_config *cf,
    struct weir_err *err)
{
	if (cf->every == 0)
		cf->every = cf->size;
	if (cf->every > cf->size)
		return weir_option_fail(bi, "every", err, "window.every",
		    "windows begin further apart than they are long, so rows "
		    "between them would be in none: make `every` at most the "
		    "size");
	if (cf->size / cf->every > 10000)
		return weir_option_fail(bi, "every", err, "window.every",
		    "each row would be in %lld windows: at most 10000 are "
		    "allowed", (long long)(cf->size / cf->every));
	if (cf->by.n > 32)
		return weir_option_fail(bi, "by", err, "window.by",
		    "rows can be split by 32 columns at most");
	cf->offset = window_offset(cf->offset, cf->every);
	return WEIR_OK;
}

static int
out_bounds(struct weir_bind *bi)
{
	struct weir_field fi = {
		.name = "window_start",
		.type = weir_make_type(bi, WEIR_TIMESTAMP, 0, 0, NULL, 0),
		.required = true,
	};

	if (weir_out_field(bi, 0, &fi) != WEIR_OK)
		return WEIR_ERROR;
	fi.name = "window_end";
	return weir_out_field(bi, 0, &fi);
}

static int
out_keys(struct weir_bind *bi, const struct window_config *cf,
    const struct weir_type **types, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_expr *const *by = cf->by.items;
	struct weir_field fi = { 0 };
	size_t i;

	for (i = 0; i < cf->by.n; i++) {
		fi.name = host->expr_name(by[i]);
		fi.type = host->expr_type(by[i]);
		fi.required = host->expr_required(by[i]);
		fi.span = host->expr_span(by[i]);
		if (fi.name == NULL)
			return host->fail(err, fi.span, "column.name",
			    "this key needs a name: make it a column first, "
			    "-> set { name: ... }");
		if (weir_type_nested(fi.type))
			return host->fail(err, fi.span, "window.by",
			    "\"%s\" is a list, a map or a struct: rows can be "
			    "split by a field of it only", fi.name);
		types[i] = fi.type;
		if (weir_out_field(bi, 0, &fi) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
out_aggs(struct weir_bind *bi, const struct window_config *cf)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	uint32_t i;

	for (i = 0; i < host->aggs_n(cf->aggs); i++)
		if (weir_out_field(bi, 0, host->aggs_field(cf->aggs, i)) !=
		    WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* The key of a row of changes: the window, and what it is split by. */
static int
out_changes(struct weir_bind *bi, const struct window_config *cf)
{
	uint32_t n = WINDOW_FIRST + (uint32_t)cf->by.n, i;
	uint32_t *keys = weir_plan_alloc(bi, n * sizeof *keys);

	if (keys == NULL)
		return WEIR_ERROR;
	for (i = 0; i < n; i++)
		keys[i] = i;
	return weir_out_changes(bi, 0, keys, n);
}

static int
bind_tables(struct weir_bind *bi, struct window_config *cf,
    const struct weir_type *const *types)
{
	struct weir_table_spec spec = {
		.size = sizeof spec,
		.name = "windows",
		.nkeys = (uint32_t)cf->by.n,
		.keys = types,
		.version = 1,
		.timed = true,
		.aggs = cf->aggs,
	};

	spec.slot_size = WEIR_BIND_HOST(bi)->aggs_slot(cf->aggs,
	    &spec.slot_align);
	cf->table = weir_table(bi, &spec);
	if (cf->table == NULL || cf->emit != WINDOW_UPDATE)
		return cf->table != NULL ? WEIR_OK : WEIR_ERROR;
	/* empty between epochs, so that a pointer is good enough */
	spec.name = "changed";
	spec.aggs = NULL;
	spec.slot_size = sizeof(void *);
	spec.slot_align = _Alignof(void *);
	cf->changed = weir_table(bi, &spec);
	return cf->changed != NULL ? WEIR_OK : WEIR_ERROR;
}

int
window_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct window_config *cf = config;
	const struct weir_schema *in = weir_input(bi, 0);
	const struct weir_type **types;

	if (check_options(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	if (in->event_time < 0)
		return weir_option_fail(bi, "", err, "time.column",
		    "the column of the watermark was dropped or changed on the "
		    "way: keep it up to here");
	types = weir_plan_alloc(bi, (cf->by.n + 1) * sizeof *types);
	if (types == NULL || out_bounds(bi) != WEIR_OK ||
	    out_keys(bi, cf, types, err) != WEIR_OK ||
	    out_aggs(bi, cf) != WEIR_OK ||
	    weir_out_pass_all(bi, 1, 0) != WEIR_OK)
		return WEIR_ERROR;
	/* the last instant that belongs to the window */
	if (weir_out_event_end(bi, 0, 1) != WEIR_OK ||
	    (cf->emit == WINDOW_UPDATE && out_changes(bi, cf) != WEIR_OK) ||
	    bind_tables(bi, cf, types) != WEIR_OK)
		return WEIR_ERROR;
	cf->time = (uint32_t)in->event_time;
	cf->shift = in->event_end ? -1 : 0;
	return weir_reads(bi, 0, cf->time);
}

int
window_init(struct weir_stage *st, struct weir_err *err)
{
	(void)err;
	weir_trail(st, ((const struct window_config *)st->config)->lateness);
	return WEIR_OK;
}

/* ------------------------------------------------------------- assignment */

/* A row that can be in no window. */
static int
refuse(struct weir_stage *st, const struct weir_batch *b, uint32_t row)
{
	const struct window_config *cf = st->config;
	struct window_state *ws = st->state;
	bool null = !weir_valid(&b->cols[cf->time], row);
	struct weir_reason why = {
		.code = null ? "time.null" : "time.range",
		.text = null ? "the event time is null" :
			       "the window of this event time ends beyond what "
			       "a timestamp can hold",
		.column = b->schema->cols[cf->time].name,
		.position = -1,
	};

	weir_bit_set(ws->rejected, row);
	return weir_reject(st, b, row, &why);
}

/* The last window that each row is in. */
static int
assign(struct weir_stage *st, const struct weir_batch *b)
{
	const struct window_config *cf = st->config;
	const struct weir_column *co = &b->cols[cf->time];
	struct window_state *ws = st->state;
	int64_t start = 0, t, due;
	bool have = false;
	uint32_t i;

	for (i = 0; i < b->nrows; i++) {
		if (!weir_valid(co, i) ||
		    __builtin_add_overflow(co->u.i64[i], cf->shift, &t)) {
			if (refuse(st, b, i) != WEIR_OK)
				return WEIR_ERROR;
			continue;
		}
		/* mostly the same window as the row before */
		if (!have || t < start || t - start >= cf->every) {
			have = window_last(cf->every, cf->offset, t, &start) &&
			    window_due(start, cf->size, cf->lateness, &due);
			if (!have) {
				if (refuse(st, b, i) != WEIR_OK)
					return WEIR_ERROR;
				continue;
			}
		}
		ws->last[i] = start;
	}
	return WEIR_OK;
}

/* The rows that belong to, and are on time for, their k-th last window. */
static uint32_t
select_rows(const struct window_config *cf, struct window_state *ws,
    const struct weir_batch *b, uint32_t k)
{
	const int64_t *times = b->cols[cf->time].u.i64, *marks = b->watermarks;
	int64_t start, due;
	uint32_t i, n = 0;

	for (i = 0; i < b->nrows; i++) {
		if (weir_bit(ws->rejected, i))
			continue;
		if (__builtin_sub_overflow(ws->last[i],
			(int64_t)k * cf->every, &start))
			continue;
		if (times[i] + cf->shift - start >= cf->size)
			continue;
		due = start + cf->size + cf->lateness;
		if (due <= ws->closed || (marks != NULL && due <= marks[i]))
			continue;
		ws->rows[n] = i;
		ws->due[n++] = due;
	}
	return n;
}

static int
update(struct weir_stage *st, const struct weir_batch *b, uint32_t n)
{
	const struct window_config *cf = st->config;
	const struct weir_expr *const *by = cf->by.items;
	const struct weir_column *keys[64];
	struct window_state *ws = st->state;
	size_t i;

	for (i = 0; i < cf->by.n; i++)
		keys[i] = weir_column_of(st, by[i]);
	if (weir_lookup(st, cf->table, keys, ws->rows, n, ws->due, ws->slots,
		NULL) != WEIR_OK)
		return WEIR_ERROR;
	if (weir_aggs_update(st, cf->aggs, b, ws->rows, n, ws->slots,
		ws->rejected) != WEIR_OK)
		return WEIR_ERROR;
	if (cf->emit != WINDOW_UPDATE)
		return WEIR_OK;
	if (weir_lookup(st, cf->changed, keys, ws->rows, n, ws->due, ws->marks,
		NULL) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < n; i++)
		*(void **)ws->marks[i] = ws->slots[i];
	return WEIR_OK;
}

/* What was in no window leaves as late; the rest is in state now. */
static int
account(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	struct window_state *ws = st->state;
	uint32_t i, nlate = 0, absorbed = 0;
	struct weir_batch *out;

	for (i = 0; i < b->nrows; i++) {
		if (weir_bit(ws->rejected, i))
			continue;
		if (weir_bit(ws->taken, i))
			absorbed++;
		else
			ws->late[nlate++] = i;
	}
	weir_absorbed(st, absorbed);
	if (nlate == 0)
		return WEIR_OK;
	out = weir_batch_derive(st, 1, b, ws->late, nlate);
	if (out == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	return weir_emit(st, 1, out, err);
}

int
window_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	const struct window_config *cf = st->config;
	struct window_state *ws = st->state;
	uint32_t k, i, n, windows;

	(void)input;
	ws->closed = weir_event_time(st);
	memset(ws->taken, 0, sizeof ws->taken);
	memset(ws->rejected, 0, sizeof ws->rejected);
	if (assign(st, b) != WEIR_OK)
		return WEIR_ERROR;
	windows = (uint32_t)((cf->size + cf->every - 1) / cf->every);
	for (k = 0; k < windows; k++) {
		n = select_rows(cf, ws, b, k);
		if (n == 0)
			continue;
		for (i = 0; i < n; i++)
			weir_bit_set(ws->taken, ws->rows[i]);
		if (update(st, b, n) != WEIR_OK)
			return err->text[0] != '\0' ? WEIR_ERROR :
			    st->host->fail(err, WEIR_NOWHERE, "memory",
				"out of memory: there are too many windows or "
				"keys");
	}
	return account(st, b, err);
}

/* ----------------------------------------------------------------- closing */

/* The rows of some windows; `slots` are theirs, in the order of `du`.  Those on
 * which an expression fails are rejected. */
static int
emit_windows(struct weir_stage *st, const struct weir_due *du,
    void *const *slots, struct weir_err *err)
{
	const struct window_config *cf = st->config;
	struct weir_batch *out = weir_batch_new(st, 0, du->n);
	uint32_t i, nby = (uint32_t)cf->by.n;
	uint8_t *ops;
	int64_t end;

	if (out == NULL)
		goto oom;
	for (i = 0; i < du->n; i++) {
		end = du->due[i] - cf->lateness;
		if (weir_present(&out->cols[0]))
			out->cols[0].u.i64[i] = end - cf->size;
		if (weir_present(&out->cols[1]))
			out->cols[1].u.i64[i] = end;
	}
	/* keys and slots live until the next weir_due, as long as the batch */
	for (i = 0; i < nby; i++)
		if (weir_present(&out->cols[WINDOW_FIRST + i]))
			out->cols[WINDOW_FIRST + i] = du->keys[i];
	out->nrows = du->n;
	if (weir_aggs_finish(st, cf->aggs, slots, du->n, out,
		WINDOW_FIRST + nby) != WEIR_OK)
		goto oom;
	if (cf->emit == WINDOW_UPDATE) {
		ops = weir_batch_alloc(st, out, out->nrows + 1);
		if (ops == NULL)
			goto oom;
		memset(ops, WEIR_PUT, out->nrows);
		out->ops = ops;
	}
	return weir_emit(st, 0, out, err);
oom:
	if (out != NULL)
		weir_batch_unref(st, out);
	return st->host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

/* emit: update: what has changed since this was called last, by window and
 * key. */
static int
emit_changed(struct weir_stage *st, struct weir_err *err)
{
	const struct window_config *cf = st->config;
	struct window_state *ws = st->state;
	struct weir_due du;
	uint32_t i;
	int rc;

	while ((rc = weir_due(st, cf->changed, INT64_MAX, &du)) == WEIR_OK) {
		for (i = 0; i < du.n; i++)
			ws->slots[i] = *(void **)du.slots[i];
		if (emit_windows(st, &du, ws->slots, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return rc == WEIR_END ? WEIR_OK : WEIR_ERROR;
}

int
window_watermark(struct weir_stage *st, int64_t wm, struct weir_err *err)
{
	const struct window_config *cf = st->config;
	struct weir_due du;
	int rc;

	/* before their slots go */
	if (cf->emit == WINDOW_UPDATE && emit_changed(st, err) != WEIR_OK)
		return WEIR_ERROR;
	while ((rc = weir_due(st, cf->table, wm, &du)) == WEIR_OK)
		if (cf->emit == WINDOW_CLOSE &&
		    emit_windows(st, &du, du.slots, err) != WEIR_OK)
			return WEIR_ERROR;
	return rc == WEIR_END ? WEIR_OK : WEIR_ERROR;
}

int
window_epoch(struct weir_stage *st, uint64_t epoch, struct weir_err *err)
{
	const struct window_config *cf = st->config;

	(void)epoch;
	return cf->emit == WINDOW_UPDATE ? emit_changed(st, err) : WEIR_OK;
}
