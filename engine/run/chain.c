/* SPDX-License-Identifier: MIT
 *
 * Chains: stages that the engine runs itself (filters, expressions,
 * watermarks), neighbours as one pass over a batch.
 *
 *	columns ─┬─ where ─┬─ set ──┬─ watermark ─► gather what is left, once
 *	rows ────┘         └────────┘
 *
 * Nothing is moved while rows drop out: which are left is a bitmap.  Where
 * all are left, columns are shared, not copied; where under a quarter is,
 * what is left is gathered early.  Each stage counts and rejects for itself,
 * fused or not.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "run/instance.h"
#include "run/watermark.h"

#define WORDS WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)

struct step {
	struct weir__instance *sg;
	const struct weir__node *nd;
	uint8_t *need; /* of nd->chained: evaluate it at all */
	int32_t *from; /* of main outputs: their place in nd->chained, or -1 */
};

struct weir__chain {
	struct weir__tree *tr;
	struct step *steps;
	size_t n;
};

/* ---- making */

struct reads {
	uint8_t *need;
	uint32_t ncols;
	size_t n;
};

static void
read_column(void *arg, uint32_t col)
{
	struct reads *re = arg;

	if (col >= re->ncols && col - re->ncols < re->n)
		re->need[col - re->ncols] = 1;
}

static void
read_origin(void *arg, const char *name)
{
	(void)arg;
	(void)name;
}

/* An expression is evaluated where it may fail, is read downstream, or is read
 * by a later one that is evaluated. */
static void
find_needed(struct step *sp)
{
	const struct weir__node *nd = sp->nd;
	const struct weir__port *po = &nd->ports[0];
	struct reads re = { sp->need, nd->inputs[0].schema->ncols,
		nd->nchained };
	uint32_t c;
	size_t i;

	for (c = 0; c < po->schema.ncols; c++)
		if (sp->from[c] >= 0 && po->wanted[c])
			sp->need[sp->from[c]] = 1;
	for (i = nd->nchained; i-- > 0;) {
		if (weir__expr_fallible(nd->chained[i]) ||
		    nd->chained[i] == nd->filter)
			sp->need[i] = 1;
		if (sp->need[i])
			weir__expr_reads(nd->chained[i], read_column,
			    read_origin, &re);
	}
}

static int
make_step(struct weir__tree *tr, struct step *sp, const struct weir__node *nd)
{
	const struct weir__port *po = &nd->ports[0];
	uint32_t c;
	size_t i;

	sp->sg = &tr->stages[nd->no];
	sp->nd = nd;
	sp->need = weir__zalloc(nd->nchained + 1);
	sp->from = weir__alloc((po->schema.ncols + 1) * sizeof *sp->from);
	if (sp->need == NULL || sp->from == NULL)
		return -1;
	for (c = 0; c < po->schema.ncols; c++) {
		sp->from[c] = -1;
		for (i = 0; i < nd->nchained; i++)
			if (po->outs[c].how == WEIR__OUT_EXPR &&
			    po->outs[c].expr == nd->chained[i])
				sp->from[c] = (int32_t)i;
	}
	find_needed(sp);
	return 0;
}

/* The node that goes on with the rows of `nd` within the same pass. */
static const struct weir__node *
next_of(const struct weir__node *nd)
{
	const struct weir__port *po = &nd->ports[0];
	const struct weir__node *to;

	if (po->nedges != 1)
		return NULL;
	to = po->edges[0].to;
	return to->engine_run && to->ninputs == 1 &&
		to->inputs[0].nproducers == 1 ? to : NULL;
}

struct weir__chain *
weir__chain_new(struct weir__tree *tr, const struct weir__node *head)
{
	struct weir__chain *ch = weir__zalloc(sizeof *ch);
	const struct weir__node *nd;
	size_t n = 0;

	if (ch == NULL)
		return NULL;
	ch->tr = tr;
	for (nd = head; nd != NULL; nd = next_of(nd))
		n++;
	ch->steps = weir__zalloc(n * sizeof *ch->steps);
	if (ch->steps == NULL) {
		weir__chain_free(ch);
		return NULL;
	}
	for (nd = head; nd != NULL; nd = next_of(nd))
		if (make_step(tr, &ch->steps[ch->n++], nd) != 0) {
			weir__chain_free(ch);
			return NULL;
		}
	return ch;
}

void
weir__chain_free(struct weir__chain *ch)
{
	size_t i;

	if (ch == NULL)
		return;
	for (i = 0; i < ch->n; i++) {
		weir__free(ch->steps[i].need);
		weir__free(ch->steps[i].from);
	}
	weir__free(ch->steps);
	weir__free(ch);
}

/* ---- running */

struct pass {
	struct weir__tree *tr;
	struct weir_batch *b; /* ours: its arena holds what is computed */
	struct weir_column *cols;
	const struct weir_schema *schema; /* of cols */
	uint32_t nrows;
	uint32_t nleft;
	uint64_t left[WORDS];
	size_t from; /* the step at which its rows come in */
};

static void
eval_init(struct weir__eval *ev, const struct pass *pa,
    const struct weir_column *cols)
{
	*ev = (struct weir__eval){
		.ar = weir__batch_arena(pa->b),
		.b = pa->b,
		.cols = cols,
		.nrows = pa->nrows,
		.rows = pa->nleft == pa->nrows ? NULL : pa->left,
		.now = pa->tr->run->now,
		.host = &weir__host,
	};
}

static int
drop_row(struct pass *pa, struct step *sp, uint32_t row,
    const struct weir_reason *why)
{
	weir_bit_clear(pa->left, row);
	pa->nleft--;
	return weir__reject_add(sp->sg, pa->b, row, pa->schema, pa->cols, why);
}

/* Rows on which an expression failed are rejected here. */
static int
take_errors(struct pass *pa, struct step *sp, const struct weir__eval *ev,
    const struct weir_expr *ex)
{
	const struct weir__row_error *re;
	struct weir_reason why;
	uint64_t w;
	uint32_t i, row;

	if (ev->errors == NULL)
		return 0;
	for (i = 0; i * 64 < pa->nrows; i++)
		for (w = ev->errors[i] & pa->left[i]; w != 0; w &= w - 1) {
			row = i * 64 + (uint32_t)__builtin_ctzll(w);
			re = weir__eval_error(ev, row);
			why = (struct weir_reason){
				.code = re != NULL ? re->code : "expr",
				.text = re != NULL ? re->text : "",
				.column = ex == sp->nd->filter ?
				    NULL : weir__expr_name(ex),
				.position = -1,
			};
			if (drop_row(pa, sp, row, &why) != 0)
				return -1;
		}
	return 0;
}

static int
run_expr(struct pass *pa, struct step *sp, const struct weir_column *cols,
    const struct weir_expr *ex, struct weir_column *out)
{
	struct weir__eval ev;

	eval_init(&ev, pa, cols);
	if (weir__expr_eval(&ev, ex, out) != 0)
		return -1;
	return take_errors(pa, sp, &ev, ex);
}

static int
run_filter(struct pass *pa, struct step *sp, const struct weir_column *cols,
    const struct weir_expr *ex)
{
	uint64_t bits[WORDS];
	struct weir__eval ev;
	uint32_t was, i;

	eval_init(&ev, pa, cols);
	if (weir__expr_filter(&ev, ex, bits) != 0 ||
	    take_errors(pa, sp, &ev, ex) != 0)
		return -1;
	was = pa->nleft;
	pa->nleft = 0;
	for (i = 0; i * 64 < pa->nrows; i++) {
		pa->left[i] &= bits[i];
		pa->nleft += (uint32_t)__builtin_popcountll(pa->left[i]);
	}
	sp->sg->n.filtered += was - pa->nleft;
	return 0;
}

/* ---- watermarks */

struct marking {
	struct pass *pa;
	struct step *sp;
	const struct weir_column *co;
	int64_t limit; /* the latest event time there may be */
	int64_t delay;
	int64_t *marks;
};

static int
bad_time(struct marking *ma, uint32_t row)
{
	const struct weir__watermark *cf = &ma->sp->nd->watermark;
	struct weir_reason why = {
		.column = ma->pa->schema->cols[cf->col].name,
		.position = -1,
	};

	if (!weir_valid(ma->co, row)) {
		why.code = "time.null";
		why.text = "the event time is null";
	} else {
		why.code = "time.future";
		why.text = "the event time is further ahead of the clock than "
			   "max_ahead allows";
	}
	return drop_row(ma->pa, ma->sp, row, &why);
}

static int
mark_row(struct marking *ma, int64_t *max, uint32_t row)
{
	int64_t t = ma->co->u.i64[row];

	if (!weir_valid(ma->co, row) || t > ma->limit)
		return bad_time(ma, row);
	ma->marks[row] = weir__wm_less(*max, ma->delay);
	*max = t > *max ? t : *max;
	return 0;
}

/* All rows are left, of one partition, and none is null. */
static int
mark_plain(struct marking *ma, int64_t *max)
{
	const int64_t *t = ma->co->u.i64;
	int64_t top = *max, delay = ma->delay;
	uint32_t i, n = ma->pa->nrows;

	for (i = 0; i < n; i++) {
		if (t[i] > ma->limit) {
			if (bad_time(ma, i) != 0)
				return -1;
			continue;
		}
		ma->marks[i] = weir__wm_less(top, delay);
		top = t[i] > top ? t[i] : top;
	}
	*max = top;
	return 0;
}

/* Replayed rows: late by where the stream stands, which they don't move. */
static int
mark_replayed(struct marking *ma)
{
	int64_t at = ma->sp->sg->watermark;
	const int64_t *t = ma->co->u.i64;
	uint32_t i;

	for (i = 0; i < ma->pa->nrows; i++) {
		ma->marks[i] = at;
		if (!weir_bit(ma->pa->left, i))
			continue;
		if ((!weir_valid(ma->co, i) || t[i] > ma->limit) &&
		    bad_time(ma, i) != 0)
			return -1;
	}
	return 0;
}

static int
mark_rows(struct marking *ma)
{
	const struct weir_batch *b = ma->pa->b;
	struct weir__wm *wm = ma->sp->sg->wm;
	int64_t *max = NULL;
	uint32_t i, n = ma->pa->nrows;

	if (b->sources == NULL) {
		max = weir__wm_max(wm, b->source, b->partition);
		if (max == NULL)
			return -1;
		if (ma->pa->nleft == n && ma->co->valid == NULL)
			return mark_plain(ma, max);
	}
	for (i = 0; i < n; i++) {
		if (!weir_bit(ma->pa->left, i))
			continue;
		if (b->sources != NULL)
			max = weir__wm_max(wm, b->sources[i],
			    b->partitions[i]);
		if (max == NULL || mark_row(ma, max, i) != 0)
			return -1;
	}
	return 0;
}

static int
run_watermark(struct pass *pa, struct step *sp)
{
	const struct weir__watermark *cf = &sp->nd->watermark;
	struct marking ma = {
		.pa = pa,
		.sp = sp,
		.co = &pa->cols[cf->col],
		.delay = cf->delay,
	};

	if (__builtin_add_overflow(pa->tr->run->now, cf->max_ahead, &ma.limit))
		ma.limit = INT64_MAX;
	ma.marks = weir__arena_alloc(weir__batch_arena(pa->b),
	    pa->nrows * sizeof *ma.marks);
	if (ma.marks == NULL)
		return -1;
	if ((pa->tr->run->op.replay != NULL ? mark_replayed(&ma) :
					      mark_rows(&ma)) != 0)
		return -1;
	pa->b->watermarks = ma.marks;
	return 0;
}

/* ---- one stage */

/* The columns of the stage's output. */
static int
make_outputs(struct pass *pa, struct step *sp, const struct weir_column *all)
{
	const struct weir__port *po = &sp->nd->ports[0];
	const struct weir__out *ou;
	struct weir_column *to;
	uint32_t c, n = po->schema.ncols;
	uint32_t ncols = pa->schema->ncols;

	to = weir__arena_zalloc(weir__batch_arena(pa->b),
	    (n + 1) * sizeof *to);
	if (to == NULL)
		return -1;
	for (c = 0; c < n; c++) {
		ou = &po->outs[c];
		if (ou->how == WEIR__OUT_PASS)
			to[c] = pa->cols[ou->col];
		else if (sp->from[c] >= 0)
			to[c] = all[ncols + (uint32_t)sp->from[c]];
		else if (po->wanted[c] || weir__expr_fallible(ou->expr)) {
			if (run_expr(pa, sp, all, ou->expr, &to[c]) != 0)
				return -1;
		}
	}
	pa->cols = to;
	pa->schema = &po->schema;
	return 0;
}

static int
run_step(struct pass *pa, struct step *sp)
{
	const struct weir__node *nd = sp->nd;
	uint32_t ncols = pa->schema->ncols;
	struct weir_column *all = pa->cols;
	bool filtered = nd->filter == NULL;
	size_t i;

	sp->sg->n.in += pa->nleft;
	if (nd->nchained != 0) {
		all = weir__arena_zalloc(weir__batch_arena(pa->b),
		    (ncols + nd->nchained) * sizeof *all);
		if (all == NULL)
			return -1;
		memcpy(all, pa->cols, ncols * sizeof *all);
	}
	for (i = 0; i < nd->nchained && pa->nleft != 0; i++) {
		if (!sp->need[i])
			continue;
		if (nd->chained[i] == nd->filter) {
			filtered = true;
			if (run_filter(pa, sp, all, nd->filter) != 0)
				return -1;
		} else if (run_expr(pa, sp, all, nd->chained[i],
		    &all[ncols + i]) != 0) {
			return -1;
		}
	}
	if (!filtered && pa->nleft != 0 &&
	    run_filter(pa, sp, all, nd->filter) != 0)
		return -1;
	if (nd->watermark.on && pa->nleft != 0 && run_watermark(pa, sp) != 0)
		return -1;
	if (make_outputs(pa, sp, all) != 0)
		return -1;
	sp->sg->n.passed += pa->nleft;
	return 0;
}

/* ---- the whole pass */

/* A batch of the rows that are left, and all columns of it. */
static struct weir_batch *
gather(struct pass *pa, const uint8_t *wanted)
{
	uint32_t rows[WEIR_BATCH_ROWS], c, n;
	struct weir_batch *b;

	n = weir__bits_rows(rows, pa->left, pa->nrows);
	b = weir__batch_derive(pa->tr->pool, pa->schema, pa->b, rows, n);
	if (b == NULL)
		return NULL;
	for (c = 0; c < pa->schema->ncols; c++) {
		if (!weir_present(&pa->cols[c]) ||
		    (wanted != NULL && !wanted[c]))
			continue;
		if (weir__column_gather(weir__batch_arena(b), &b->cols[c],
			&pa->cols[c], pa->schema->cols[c].type, rows, n) != 0) {
			weir__batch_unref(b);
			return NULL;
		}
	}
	return b;
}

static void
all_left(struct pass *pa, uint32_t n)
{
	uint32_t i;

	pa->nrows = n;
	pa->nleft = n;
	for (i = 0; i * 64 < n; i++)
		pa->left[i] = n - i * 64 >= 64 ? UINT64_MAX :
		    ((uint64_t)1 << (n - i * 64)) - 1;
}

/* Few rows are left: go on with them alone. */
static int
compact(struct pass *pa)
{
	struct weir_batch *b = gather(pa, NULL);

	if (b == NULL)
		return -1;
	weir__batch_unref(pa->b);
	pa->b = b;
	pa->cols = b->cols;
	all_left(pa, b->nrows);
	return 0;
}

static int
run_steps(struct weir__chain *ch, struct pass *pa)
{
	struct step *sp;
	size_t i;

	for (i = pa->from; i < ch->n && pa->nleft != 0; i++) {
		sp = &ch->steps[i];
		if (i != pa->from) {
			ch->steps[i - 1].sg->port_out[0] += pa->nleft;
			sp->sg->input_in[0] += pa->nleft;
		}
		if (run_step(pa, sp) != 0)
			return -1;
		if (i + 1 < ch->n && pa->nrows >= 64 && pa->nleft != 0 &&
		    pa->nleft < pa->nrows / 4 && compact(pa) != 0)
			return -1;
	}
	return 0;
}

static int
send(struct weir__chain *ch, struct pass *pa, struct weir_err *err)
{
	struct weir__instance *sg = ch->steps[ch->n - 1].sg;
	const struct weir__port *po = &sg->nd->ports[0];
	struct weir_batch *b;
	uint32_t c;
	int rc;

	if (pa->nleft == 0)
		return WEIR_OK;
	if (pa->nleft == pa->nrows && pa->b->ncols >= pa->schema->ncols) {
		b = weir__batch_ref(pa->b);
		b->schema = pa->schema;
		b->ncols = pa->schema->ncols;
		for (c = 0; c < b->ncols; c++)
			b->cols[c] = po->wanted[c] ? pa->cols[c] :
						     (struct weir_column){ 0 };
	} else {
		b = gather(pa, po->wanted);
		if (b == NULL)
			return weir__tree_oom(sg, err);
	}
	rc = weir__tree_send(sg, 0, b, err);
	weir__batch_unref(b);
	return rc;
}

static int
run_from(struct weir__chain *ch, size_t from, struct weir_batch *b,
    struct weir_err *err)
{
	const struct weir__node *last = ch->steps[ch->n - 1].nd;
	struct weir__instance *sg = ch->steps[from].sg;
	struct pass pa = { .tr = ch->tr, .from = from };
	size_t i;
	int rc;

	pa.b = weir__batch_derive(ch->tr->pool, &last->ports[0].schema, b, NULL,
	    b->nrows);
	if (pa.b == NULL)
		return weir__tree_oom(sg, err);
	pa.cols = b->cols;
	pa.schema = sg->nd->inputs[0].schema;
	all_left(&pa, b->nrows);
	rc = run_steps(ch, &pa) == 0 ? WEIR_OK : weir__tree_oom(sg, err);
	if (rc == WEIR_OK)
		rc = send(ch, &pa, err);
	weir__batch_unref(pa.b);
	for (i = from; i < ch->n; i++)
		if (weir__tree_called(ch->steps[i].sg, rc, err) < 0)
			rc = WEIR_ERROR;
	return rc;
}

int
weir__chain_run(struct weir__chain *ch, struct weir_batch *b,
    struct weir_err *err)
{
	return run_from(ch, 0, b, err);
}

int
weir__chain_enter(struct weir__chain *ch, const struct weir__instance *sg,
    struct weir_batch *b, struct weir_err *err)
{
	size_t i = 0;

	while (ch->steps[i].sg != sg)
		i++;
	return run_from(ch, i, b, err);
}
