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

int
window_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct window_config *cf = config;
	const struct weir_schema *in = weir_input(bi, 0);
	const struct weir_type **types;
	struct weir_table_spec spec = {
		.size = sizeof spec,
		.name = "windows",
		.nkeys = (uint32_t)cf->by.n,
		.version = 1,
		.timed = true,
		.aggs = cf->aggs,
	};

	if (check_options(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	if (in->event_time < 0)
		return weir_option_fail(bi, "size", err, "time.column",
		    "the column of the watermark is gone: keep it up to here");
	types = weir_plan_alloc(bi, (cf->by.n + 1) * sizeof *types);
	if (types == NULL || out_bounds(bi) != WEIR_OK ||
	    out_keys(bi, cf, types, err) != WEIR_OK ||
	    out_aggs(bi, cf) != WEIR_OK ||
	    weir_out_pass_all(bi, 1, 0) != WEIR_OK)
		return WEIR_ERROR;
	/* the last instant that belongs to the window */
	if (weir_out_event_end(bi, 0, 1) != WEIR_OK)
		return WEIR_ERROR;
	spec.keys = types;
	spec.slot_size = WEIR_BIND_HOST(bi)->aggs_slot(cf->aggs,
	    &spec.slot_align);
	cf->table = weir_table(bi, &spec);
	cf->time = (uint32_t)in->event_time;
	cf->shift = in->event_end ? -1 : 0;
	if (cf->table == NULL)
		return WEIR_ERROR;
	return weir_reads(bi, 0, cf->time);
}

int
window_init(struct weir_stage *st, struct weir_err *err)
{
	struct window_state *ws = st->state;

	(void)err;
	ws->closed = INT64_MIN;
	return WEIR_OK;
}

/* ------------------------------------------------------------- assignment */

/* The start of the last window that holds t; saturates at the ends of time. */
static int64_t
last_start(const struct window_config *cf, int64_t t)
{
	int64_t x, q;

	if (__builtin_sub_overflow(t, cf->offset, &x))
		return t;
	q = x / cf->every - (x % cf->every < 0);
	if (__builtin_mul_overflow(q, cf->every, &x) ||
	    __builtin_add_overflow(x, cf->offset, &x))
		return INT64_MIN;
	return x;
}

static void
assign(const struct window_config *cf, struct window_state *ws,
    const struct weir_batch *b)
{
	const int64_t *times = b->cols[cf->time].u.i64;
	int64_t start = 0, t;
	bool have = false;
	uint32_t i;

	for (i = 0; i < b->nrows; i++) {
		t = times[i] + cf->shift;
		/* mostly the same window as the row before */
		if (!have || t < start || t - start >= cf->every) {
			start = last_start(cf, t);
			have = true;
		}
		ws->last[i] = start;
	}
}

static int64_t
due_of(const struct window_config *cf, int64_t start)
{
	int64_t due;

	if (__builtin_add_overflow(start, cf->size, &due) ||
	    __builtin_add_overflow(due, cf->lateness, &due))
		return INT64_MAX;
	return due;
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
		if (k != 0 && weir_bit(ws->rejected, i))
			continue;
		if (__builtin_sub_overflow(ws->last[i],
			(int64_t)k * cf->every, &start))
			continue;
		if (times[i] + cf->shift - start >= cf->size)
			continue;
		due = due_of(cf, start);
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
	return weir_aggs_update(st, cf->aggs, b, ws->rows, n, ws->slots,
	    ws->rejected);
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
	memset(ws->taken, 0, sizeof ws->taken);
	memset(ws->rejected, 0, sizeof ws->rejected);
	assign(cf, ws, b);
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

static int
emit_closed(struct weir_stage *st, const struct weir_due *du,
    struct weir_err *err)
{
	const struct window_config *cf = st->config;
	struct weir_batch *out = weir_batch_new(st, 0, du->n);
	int64_t start;
	uint32_t i, nby = (uint32_t)cf->by.n;

	if (out == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	for (i = 0; i < du->n; i++) {
		start = du->due[i] - cf->lateness - cf->size;
		if (weir_present(&out->cols[0]))
			out->cols[0].u.i64[i] = start;
		if (weir_present(&out->cols[1]))
			out->cols[1].u.i64[i] = start + cf->size;
	}
	/* keys and slots live until the next weir_due, as long as the batch */
	for (i = 0; i < nby; i++)
		if (weir_present(&out->cols[2 + i]))
			out->cols[2 + i] = du->keys[i];
	out->nrows = du->n;
	if (weir_aggs_finish(st, cf->aggs, du->slots, du->n, out, 2 + nby) !=
	    WEIR_OK) {
		weir_batch_unref(st, out);
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	}
	return weir_emit(st, 0, out, err);
}

int
window_watermark(struct weir_stage *st, int64_t wm, struct weir_err *err)
{
	const struct window_config *cf = st->config;
	struct window_state *ws = st->state;
	struct weir_due du;
	int rc;

	if (wm <= ws->closed)
		return WEIR_OK;
	ws->closed = wm;
	while ((rc = weir_due(st, cf->table, wm, &du)) == WEIR_OK)
		if (emit_closed(st, &du, err) != WEIR_OK)
			return WEIR_ERROR;
	return rc == WEIR_END ? WEIR_OK : WEIR_ERROR;
}
