/* SPDX-License-Identifier: MIT
 *
 * Lists, maps and structs: making them and taking items out of them.
 */
#include "expr/choose.h"

/* { a: x, b: y } */
int
weir__eval_record(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	uint32_t i;

	out->co.nchild = ex->nargs;
	out->co.child = weir__arena_zalloc(cx->ar,
	    (ex->nargs + 1) * sizeof *out->co.child);
	if (out->co.child == NULL)
		return -1;
	for (i = 0; i < ex->nargs; i++) {
		struct weir__vec v;

		if (weir__node_run(cx, ex->args[i], rows, &v) != 0 ||
		    weir__vec_flatten(cx, &v, ex->args[i]->type) != 0 ||
		    weir__vec_errors(cx, out, &v) != 0)
			return -1;
		out->co.child[i] = v.co;
	}
	return 0;
}

/* [a, b, c]: n items a row, taken in turn from as many columns. */
int
weir__eval_list(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	uint32_t items = ex->nargs, i, j, *part, *row;
	size_t n = (size_t)cx->n * items;
	struct weir__vec *v =
	    weir__arena_alloc(cx->ar, (items + 1) * sizeof *v);
	const struct weir_column **cols =
	    weir__arena_alloc(cx->ar, (items + 1) * sizeof *cols);

	if (n > INT32_MAX || v == NULL || cols == NULL ||
	    weir__column_alloc(cx->ar, &out->co, ex->type, cx->n) != 0)
		return -1;
	for (i = 0; i < items; i++) {
		if (weir__node_run(cx, ex->args[i], rows, &v[i]) != 0 ||
		    weir__vec_errors(cx, out, &v[i]) != 0)
			return -1;
		cols[i] = &v[i].co;
	}
	part = weir__arena_alloc(cx->ar, n * sizeof *part);
	row = weir__arena_alloc(cx->ar, n * sizeof *row);
	if (part == NULL || row == NULL)
		return -1;
	for (i = 0; i <= cx->n; i++)
		out->co.offsets[i] = (int32_t)(i * items);
	for (i = 0; i < cx->n; i++)
		for (j = 0; j < items; j++) {
			part[i * items + j] = j;
			row[i * items + j] = weir__vec_at(&v[j], i);
		}
	return weir__mix_columns(cx->ar, &out->co.child[0],
	    ex->type->fields[0].type, cols, part, row, (uint32_t)n);
}

/* The item of a list, counted from 0 (from the end when negative). */
static uint32_t
list_item(const struct weir_column *co, uint32_t row, int64_t at)
{
	int64_t n = co->offsets[row + 1] - co->offsets[row];

	if (at < 0)
		at += n;
	if (at < 0 || at >= n)
		return UINT32_MAX;
	return (uint32_t)(co->offsets[row] + at);
}

/* The last value of a key, as JSON readers take it. */
static uint32_t
map_item(const struct weir_column *co, const struct weir_type *key,
    uint32_t row, const struct weir_column *at, uint32_t i)
{
	int32_t j;

	for (j = co->offsets[row + 1]; j > co->offsets[row]; j--)
		if (weir__column_compare(key, &co->child[0], (uint32_t)j - 1,
			at, i) == 0)
			return (uint32_t)j - 1;
	return UINT32_MAX;
}

int
weir__eval_index(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	const struct weir_type *ty = ex->args[0]->type;
	bool list = ty->kind == WEIR_LIST;
	struct weir__vec of, at;
	const struct weir_column *items;
	uint32_t i, *part, *row;

	if (weir__node_run(cx, ex->args[0], rows, &of) != 0 ||
	    weir__node_run(cx, ex->args[1], rows, &at) != 0 ||
	    weir__vec_errors(cx, out, &of) != 0 ||
	    weir__vec_errors(cx, out, &at) != 0)
		return -1;
	part = weir__arena_alloc(cx->ar, (size_t)cx->n * sizeof *part);
	row = weir__arena_alloc(cx->ar, (size_t)cx->n * sizeof *row);
	if (part == NULL || row == NULL)
		return -1;
	for (i = 0; i < cx->n; i++) {
		uint32_t r = weir__vec_at(&of, i), k = weir__vec_at(&at, i);
		uint32_t j = UINT32_MAX;

		if ((out->errors == NULL || !weir_bit(out->errors, i)) &&
		    weir_valid(&of.co, r) && weir_valid(&at.co, k))
			j = list ? list_item(&of.co, r, at.co.u.i64[k])
				 : map_item(&of.co, ty->fields[0].type, r,
				       &at.co, k);
		part[i] = j == UINT32_MAX ? WEIR__MIX_NULL : 0;
		row[i] = j == UINT32_MAX ? 0 : j;
	}
	items = &of.co.child[ty->nfields - 1];
	return weir__mix_columns(cx->ar, &out->co, ex->type, &items, part, row,
	    cx->n);
}
