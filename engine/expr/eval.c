/* SPDX-License-Identifier: MIT
 *
 * Evaluation of a bound expression: the entry points, the bookkeeping of rows
 * that fail, and the leaves of the tree (constants, columns, origins).
 */
#include <stdarg.h>
#include <stdio.h>

#include "expr/node.h"

uint64_t *
weir__cx_bits(struct weir__cx *cx, bool ones)
{
	size_t n = (size_t)(cx->words != 0 ? cx->words : 1) * 8;
	uint64_t *bits = weir__arena_alloc(cx->ar, n);

	if (bits != NULL)
		memset(bits, ones ? 0xff : 0, n);
	return bits;
}

int
weir__vec_alloc(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_type *ty)
{
	return weir__column_alloc(cx->ar, &out->co, ty, cx->n);
}

static int
grow_log(struct weir__cx *cx)
{
	uint32_t cap = cx->caplog != 0 ? cx->caplog * 2 : 16;
	struct weir__row_error *p =
	    weir__arena_alloc(cx->ar, cap * sizeof *p);

	if (p == NULL)
		return -1;
	if (cx->nlog != 0)
		memcpy(p, cx->log, cx->nlog * sizeof *p);
	cx->log = p;
	cx->caplog = cap;
	return 0;
}

static int
need_errors(struct weir__cx *cx, struct weir__vec *v)
{
	if (v->errors != NULL)
		return 0;
	v->why = weir__arena_alloc(cx->ar, (size_t)cx->n * sizeof *v->why);
	if (v->why == NULL)
		return -1;
	v->errors = weir__cx_bits(cx, false);
	return v->errors != NULL ? 0 : -1;
}

int
weir__vec_fail(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_expr *ex, uint32_t row, const char *code,
    const char *fmt, ...)
{
	struct weir__row_error *re;
	char text[256];
	va_list ap;

	if (need_errors(cx, out) != 0)
		return -1;
	if (weir_bit(out->errors, row))
		return 0;
	if (cx->nlog == cx->caplog && grow_log(cx) != 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	re = &cx->log[cx->nlog];
	memset(re, 0, sizeof *re);
	re->row = row;
	re->span = ex->op;
	re->code = code;
	re->text = weir__arena_strdup(cx->ar, text);
	if (re->text == NULL)
		return -1;
	out->why[row] = cx->nlog++;
	weir_bit_set(out->errors, row);
	return 0;
}

int
weir__vec_errors_in(struct weir__cx *cx, struct weir__vec *out,
    const struct weir__vec *from, const uint64_t *mask)
{
	uint32_t w;

	if (from->errors == NULL)
		return 0;
	if (mask == NULL && out->errors == NULL) {
		/* Shared: whoever writes to out's makes its own first. */
		if (need_errors(cx, out) != 0)
			return -1;
		memcpy(out->errors, from->errors, (size_t)cx->words * 8);
		memcpy(out->why, from->why, (size_t)cx->n * sizeof *out->why);
		return 0;
	}
	if (need_errors(cx, out) != 0)
		return -1;
	for (w = 0; w < cx->words; w++) {
		uint64_t add = from->errors[w] & ~out->errors[w] &
		    weir__tail_mask(cx->n, w);

		if (mask != NULL)
			add &= mask[w];
		out->errors[w] |= add;
		for (; add != 0; add &= add - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(add);

			out->why[i] = from->why[i];
		}
	}
	return 0;
}

int
weir__vec_errors(struct weir__cx *cx, struct weir__vec *out,
    const struct weir__vec *from)
{
	return weir__vec_errors_in(cx, out, from, NULL);
}

int
weir__vec_live(struct weir__cx *cx, const uint64_t *rows,
    const uint64_t *valid, const uint64_t *errors, const uint64_t **live)
{
	uint64_t *to;
	uint32_t w;

	if (errors == NULL && (rows == NULL || valid == NULL)) {
		*live = rows != NULL ? rows : valid;
		return 0;
	}
	if ((to = weir__cx_bits(cx, true)) == NULL)
		return -1;
	for (w = 0; w < cx->words; w++) {
		if (rows != NULL)
			to[w] &= rows[w];
		if (valid != NULL)
			to[w] &= valid[w];
		if (errors != NULL)
			to[w] &= ~errors[w];
	}
	*live = to;
	return 0;
}

int
weir__vec_valid(struct weir__cx *cx, struct weir__vec *out,
    const struct weir__vec *v)
{
	uint64_t *to;
	uint32_t w;

	if (v->co.valid == NULL)
		return 0;
	if (v->konst) {
		if (weir_bit(v->co.valid, 0))
			return 0;
		out->co.valid = weir__cx_bits(cx, false);
		return out->co.valid != NULL ? 0 : -1;
	}
	if (out->co.valid == NULL) {
		out->co.valid = v->co.valid;
		return 0;
	}
	if ((to = weir__cx_bits(cx, false)) == NULL)
		return -1;
	for (w = 0; w < cx->words; w++)
		to[w] = out->co.valid[w] & v->co.valid[w];
	out->co.valid = to;
	return 0;
}

int
weir__vec_flatten(struct weir__cx *cx, struct weir__vec *v,
    const struct weir_type *ty)
{
	struct weir_value va;
	struct weir_column co;
	uint32_t *rows;

	if (!v->konst)
		return 0;
	memset(&co, 0, sizeof co);
	if (weir_type_nested(ty)) {
		rows = weir__arena_zalloc(cx->ar, (size_t)cx->n * 4);
		if (rows == NULL || weir__column_gather(cx->ar, &co, &v->co, ty,
			rows, cx->n) != 0)
			return -1;
	} else if (weir__column_value(cx->ar, &va, &v->co, ty, 0) != 0 ||
	    weir__column_fill(cx->ar, &co, &va, ty, cx->n) != 0) {
		return -1;
	}
	v->co = co;
	v->konst = false;
	return 0;
}

/* ---- leaves */

int
weir__eval_const(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	(void)cx;
	(void)rows;
	out->co = ex->kcol;
	out->konst = true;
	return 0;
}

int
weir__eval_column(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	(void)rows;
	out->co = cx->ev->cols[ex->u.col];
	return 0;
}

/* A column of nulls. */
static int
all_null(struct weir__cx *cx, const struct weir_expr *ex,
    struct weir__vec *out)
{
	struct weir_value v;

	memset(&v, 0, sizeof v);
	v.type = ex->type;
	v.null = true;
	return weir__column_fill(cx->ar, &out->co, &v, ex->type, cx->n);
}

int
weir__eval_origin(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	const struct weir_batch *b = cx->ev->b;
	const struct weir_batch *root = b != NULL ? b->root : NULL;
	const struct weir_column *from;
	int32_t col;

	(void)rows;
	if (root == NULL || root->schema == NULL)
		return all_null(cx, ex, out);
	col = weir__schema_find(root->schema, ex->u.origin);
	if (col < 0 || !weir_present(&root->cols[col]) ||
	    !weir__type_same(root->schema->cols[col].type, ex->type, false))
		return all_null(cx, ex, out);
	from = &root->cols[col];
	if (b->root_rows == NULL) {
		out->co = *from;
		return 0;
	}
	return weir__column_gather(cx->ar, &out->co, from, ex->type,
	    b->root_rows, cx->n);
}

int
weir__eval_field(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__vec of, field;

	if (weir__node_run(cx, ex->args[0], rows, &of) != 0 ||
	    weir__vec_flatten(cx, &of, ex->args[0]->type) != 0)
		return -1;
	memset(&field, 0, sizeof field);
	field.co = of.co.child[ex->u.col];
	out->co = field.co;
	out->errors = of.errors;
	out->why = of.why;
	if (!weir_present(&field.co))
		return all_null(cx, ex, out);
	return weir__vec_valid(cx, out, &of);
}

int
weir__eval_let(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__let let;
	int rc;

	if (weir__node_run(cx, ex->args[0], rows, &let.v) != 0)
		return -1;
	let.key = ex->u.key;
	let.up = cx->lets;
	cx->lets = &let;
	rc = weir__node_run(cx, ex->args[1], rows, out);
	cx->lets = let.up;
	return rc;
}

int
weir__eval_ref(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__let *let;

	for (let = cx->lets; let->key != ex->u.key; let = let->up)
		;
	*out = let->v;
	if (out->errors == NULL || rows == NULL)
		return 0;
	out->errors = NULL;
	out->why = NULL;
	return weir__vec_errors_in(cx, out, &let->v, rows);
}

/* ---- entry points */

/* The errors that are left, sorted by row, where the caller looks for them. */
int
weir__cx_errors(struct weir__cx *cx, struct weir__vec *v)
{
	struct weir__eval *ev = cx->ev;
	uint32_t w, n = 0;
	uint64_t any = 0;

	if (v->errors == NULL)
		return 0;
	for (w = 0; w < cx->words; w++) {
		v->errors[w] &= weir__tail_mask(cx->n, w);
		if (ev->rows != NULL)
			v->errors[w] &= ev->rows[w];
		any |= v->errors[w];
		n += (uint32_t)__builtin_popcountll(v->errors[w]);
	}
	if (any == 0)
		return 0;
	ev->list = weir__arena_alloc(cx->ar, n * sizeof *ev->list);
	if (ev->list == NULL)
		return -1;
	for (w = 0, n = 0; w < cx->words; w++) {
		uint64_t bits = v->errors[w];

		for (; bits != 0; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);

			ev->list[n] = cx->log[v->why[i]];
			ev->list[n].next = &ev->list[n + 1];
			n++;
		}
	}
	ev->list[n - 1].next = NULL;
	ev->nlist = n;
	ev->errors = v->errors;
	return 0;
}

void
weir__cx_init(struct weir__cx *cx, struct weir__eval *ev)
{
	memset(cx, 0, sizeof *cx);
	cx->ev = ev;
	cx->ar = ev->ar;
	cx->n = ev->nrows;
	cx->words = (uint32_t)WEIR_BITMAP_WORDS(ev->nrows);
	ev->errors = NULL;
	ev->list = NULL;
	ev->nlist = 0;
}

static int
run(struct weir__cx *cx, struct weir__eval *ev, const struct weir_expr *ex,
    struct weir__vec *v)
{
	weir__cx_init(cx, ev);
	return weir__node_run(cx, ex, ev->rows, v);
}

int
weir__expr_eval(struct weir__eval *ev, const struct weir_expr *ex,
    struct weir_column *out)
{
	struct weir__cx cx;
	struct weir__vec v;

	if (run(&cx, ev, ex, &v) != 0 ||
	    weir__vec_flatten(&cx, &v, ex->type) != 0 ||
	    weir__cx_errors(&cx, &v) != 0)
		return -1;
	*out = v.co;
	return 0;
}

int
weir__expr_filter(struct weir__eval *ev, const struct weir_expr *ex,
    uint64_t *bits)
{
	struct weir__cx cx;
	struct weir__vec v;
	uint32_t w;

	if (run(&cx, ev, ex, &v) != 0 ||
	    weir__vec_flatten(&cx, &v, ex->type) != 0 ||
	    weir__cx_errors(&cx, &v) != 0)
		return -1;
	for (w = 0; w < cx.words; w++) {
		bits[w] = v.co.u.bits[w] & weir__tail_mask(cx.n, w);
		if (v.co.valid != NULL)
			bits[w] &= v.co.valid[w];
		if (ev->rows != NULL)
			bits[w] &= ev->rows[w];
		if (ev->errors != NULL)
			bits[w] &= ~ev->errors[w];
	}
	return 0;
}

const struct weir__row_error *
weir__eval_error(const struct weir__eval *ev, uint32_t row)
{
	uint32_t lo = 0, hi = ev->nlist;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (ev->list[mid].row < row)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == ev->nlist || ev->list[lo].row != row)
		return NULL;
	return &ev->list[lo];
}
