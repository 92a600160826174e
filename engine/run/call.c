/* SPDX-License-Identifier: MIT
 *
 * Before a plugin sees a batch: the expressions of its options are evaluated,
 * and rows on which one fails are rejected, so that it sees only good rows.
 */
#include "base/alloc.h"
#include "run/instance.h"

#define WORDS WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)

struct prepare {
	struct weir__instance *sg;
	struct weir_batch *b; /* ours */
	uint32_t nleft;
	uint64_t left[WORDS];
	struct weir_column *all; /* the input's, then the values */
	struct weir__eval ev;
};

static void
eval_init(struct prepare *pr)
{
	struct weir__tree *tr = pr->sg->tree;

	pr->ev = (struct weir__eval){
		.ar = weir__batch_arena(pr->b),
		.b = pr->b,
		.cols = pr->all,
		.nrows = pr->b->nrows,
		.rows = pr->nleft == pr->b->nrows ? NULL : pr->left,
		.now = tr->run->now,
		.host = &weir__host,
	};
}

static int
take_errors(struct prepare *pr, const char *column)
{
	const struct weir__row_error *re;
	struct weir_reason why;
	uint64_t w;
	uint32_t i, row;

	if (pr->ev.errors == NULL)
		return 0;
	for (i = 0; i * 64 < pr->b->nrows; i++)
		for (w = pr->ev.errors[i] & pr->left[i]; w != 0; w &= w - 1) {
			row = i * 64 + (uint32_t)__builtin_ctzll(w);
			re = weir__eval_error(&pr->ev, row);
			why = (struct weir_reason){
				.code = re != NULL ? re->code : "expr",
				.text = re != NULL ? re->text : "",
				.column = column,
				.position = -1,
			};
			weir_bit_clear(pr->left, row);
			pr->nleft--;
			if (weir__reject_add(pr->sg, pr->b, row, pr->b->schema,
				pr->b->cols, &why) != 0)
				return -1;
		}
	return 0;
}

/* All expressions and aggregates' arguments once. */
static int
evaluate(struct prepare *pr)
{
	const struct weir__node *nd = pr->sg->nd;
	uint32_t ncols = pr->b->ncols, n = pr->b->nrows, k;
	size_t i;

	pr->nleft = n;
	for (k = 0; k * 64 < n; k++)
		pr->left[k] = n - k * 64 >= 64 ? UINT64_MAX :
		    ((uint64_t)1 << (n - k * 64)) - 1;
	pr->all = weir__arena_zalloc(weir__batch_arena(pr->b),
	    (ncols + nd->exprs.n + 1) * sizeof *pr->all);
	if (pr->all == NULL)
		return -1;
	if (ncols != 0)
		memcpy(pr->all, pr->b->cols, ncols * sizeof *pr->all);
	for (i = 0; i < nd->exprs.n; i++) {
		eval_init(pr);
		if (weir__expr_eval(&pr->ev, nd->exprs.list[i],
			&pr->all[ncols + i]) != 0 ||
		    take_errors(pr, weir__expr_name(nd->exprs.list[i])) != 0)
			return -1;
	}
	for (i = 0; i < nd->naggs; i++) {
		eval_init(pr);
		if (weir__aggs_batch(pr->sg->cursors[i], &pr->ev) != 0 ||
		    take_errors(pr, NULL) != 0)
			return -1;
	}
	return 0;
}

/* A batch of the rows that are left. */
static int
keep_left(struct prepare *pr)
{
	uint32_t rows[WEIR_BATCH_ROWS], c, n;
	const struct weir_schema *sc = pr->b->schema;
	struct weir_batch *b;

	n = weir__bits_rows(rows, pr->left, pr->b->nrows);
	b = weir__batch_derive(pr->sg->tree->pool, sc, pr->b, rows, n);
	if (b == NULL)
		return -1;
	for (c = 0; c < sc->ncols; c++)
		if (weir_present(&pr->b->cols[c]) &&
		    weir__column_gather(weir__batch_arena(b), &b->cols[c],
			&pr->b->cols[c], sc->cols[c].type, rows, n) != 0) {
			weir__batch_unref(b);
			return -1;
		}
	weir__batch_unref(pr->b);
	pr->b = b;
	return 0;
}

int
weir__call_prepare(struct weir__instance *sg, struct weir_batch *b,
    struct weir_batch **out, struct weir_err *err)
{
	struct prepare pr = { .sg = sg };

	*out = NULL;
	sg->cur_input = 0;
	pr.b = weir__batch_derive(sg->tree->pool, b->schema, b, NULL, b->nrows);
	if (pr.b == NULL)
		return weir__tree_oom(sg, err);
	memcpy(pr.b->cols, b->cols, b->ncols * sizeof *b->cols);
	/* Where rows failed, once more over those that are left: values and
	 * aggregates' arguments are by row number. */
	for (;;) {
		if (evaluate(&pr) != 0)
			goto oom;
		if (pr.nleft == pr.b->nrows)
			break;
		if (pr.nleft == 0) {
			weir__batch_unref(pr.b);
			return WEIR_OK;
		}
		if (keep_left(&pr) != 0)
			goto oom;
	}
	sg->values = pr.all + pr.b->ncols;
	*out = pr.b;
	return WEIR_OK;
oom:
	weir__batch_unref(pr.b);
	return weir__tree_oom(sg, err);
}
