/* SPDX-License-Identifier: MIT
 *
 * Single values in and out of columns, and their order.
 */
#include "batch/batch.h"

static int
put_scalar(struct weir_column *to, const struct weir_type *ty, uint32_t i,
    const struct weir_value *v)
{
	switch (ty->kind) {
	case WEIR_BOOL:
		weir_bit_put(to->u.bits, i, v->u.b);
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		to->u.i32[i] = (int32_t)v->u.i;
		break;
	case WEIR_INT64:
	case WEIR_TIMESTAMP:
	case WEIR_DURATION:
		to->u.i64[i] = v->u.i;
		break;
	case WEIR_FLOAT32:
		to->u.f32[i] = (float)v->u.f;
		break;
	case WEIR_FLOAT64:
		to->u.f64[i] = v->u.f;
		break;
	case WEIR_DECIMAL:
		if (weir_decimal_wide(ty))
			to->u.i128[i] = v->u.d;
		else
			to->u.i64[i] = (int64_t)v->u.d;
		break;
	default:
		to->u.str[i] = v->u.s;
		break;
	}
	return 0;
}

/* Row by row, the items of one list, map or struct value n times over. */
static int
fill_nested(struct weir__arena *ar, struct weir_column *to,
    const struct weir_value *v, const struct weir_type *ty, uint32_t n)
{
	uint32_t nf = ty->nfields, i, j, k;
	size_t items, rows;
	struct weir_column *one;

	if (ty->kind == WEIR_STRUCT) {
		for (j = 0; j < nf; j++)
			if (weir__column_fill(ar, &to->child[j],
				&v->u.list.items[j], ty->fields[j].type, n) != 0)
				return -1;
		return 0;
	}
	items = v->u.list.n / nf;
	if (items * n > INT32_MAX)
		return -1;
	rows = items * n;
	for (i = 0; i <= n; i++)
		to->offsets[i] = (int32_t)(i * items);
	for (j = 0; j < nf; j++) {
		one = &to->child[j];
		if (weir__column_alloc(ar, one, ty->fields[j].type,
			(uint32_t)rows) != 0 ||
		    weir__column_validity(ar, one, (uint32_t)rows, true) != 0)
			return -1;
		for (i = 0; i < n; i++)
			for (k = 0; k < items; k++) {
				const struct weir_value *it =
				    &v->u.list.items[k * nf + j];
				uint32_t at = (uint32_t)(i * items + k);

				if (it->null) {
					weir_bit_clear(one->valid, at);
					continue;
				}
				if (weir_type_nested(ty->fields[j].type))
					return -1;
				put_scalar(one, ty->fields[j].type, at, it);
			}
	}
	return 0;
}

int
weir__column_fill(struct weir__arena *ar, struct weir_column *to,
    const struct weir_value *v, const struct weir_type *ty, uint32_t n)
{
	uint32_t i;

	if (weir__column_alloc(ar, to, ty, n) != 0)
		return -1;
	if (v->null || v->type == NULL) {
		if (to->u.data != NULL && ty->kind != WEIR_BOOL)
			memset(to->u.data, 0, (size_t)n * weir_type_width(ty));
		if (to->offsets != NULL)
			memset(to->offsets, 0, ((size_t)n + 1) * 4);
		return weir__column_validity(ar, to, n, false);
	}
	if (weir_type_nested(ty))
		return fill_nested(ar, to, v, ty, n);
	if (ty->kind == WEIR_BOOL && v->u.b)
		memset(to->u.bits, 0xff, WEIR_BITMAP_WORDS(n) * 8);
	else if (ty->kind != WEIR_BOOL)
		for (i = 0; i < n; i++)
			put_scalar(to, ty, i, v);
	return 0;
}

static int
value_items(struct weir__arena *ar, struct weir_value *v,
    const struct weir_column *co, const struct weir_type *ty, uint32_t row)
{
	uint32_t nf = ty->nfields, from = row, n = 1, i, j;
	struct weir_value *items;

	if (ty->kind != WEIR_STRUCT) {
		from = (uint32_t)co->offsets[row];
		n = (uint32_t)co->offsets[row + 1] - from;
	}
	items = weir__arena_zalloc(ar, (size_t)n * nf * sizeof *items);
	if (items == NULL)
		return -1;
	for (i = 0; i < n; i++)
		for (j = 0; j < nf; j++)
			if (weir__column_value(ar, &items[i * nf + j],
				&co->child[j], ty->fields[j].type,
				from + i) != 0)
				return -1;
	v->u.list.items = items;
	v->u.list.n = (size_t)n * nf;
	return 0;
}

int
weir__column_value(struct weir__arena *ar, struct weir_value *v,
    const struct weir_column *co, const struct weir_type *ty, uint32_t row)
{
	memset(v, 0, sizeof *v);
	v->type = ty;
	if (!weir_present(co) || !weir_valid(co, row)) {
		v->null = true;
		return 0;
	}
	switch (ty->kind) {
	case WEIR_BOOL:
		v->u.b = weir_bit(co->u.bits, row);
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		v->u.i = co->u.i32[row];
		break;
	case WEIR_INT64:
	case WEIR_TIMESTAMP:
	case WEIR_DURATION:
		v->u.i = co->u.i64[row];
		break;
	case WEIR_FLOAT32:
		v->u.f = (double)co->u.f32[row];
		break;
	case WEIR_FLOAT64:
		v->u.f = co->u.f64[row];
		break;
	case WEIR_DECIMAL:
		v->u.d = weir_decimal_wide(ty) ? co->u.i128[row] :
						 co->u.i64[row];
		break;
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		v->u.s = co->u.str[row];
		break;
	default:
		return value_items(ar, v, co, ty, row);
	}
	return 0;
}

static int
compare_f64(double a, double b)
{
	if (a != a || b != b)
		return (a != a) - (b != b);
	return (a > b) - (a < b);
}

static int
compare_nested(const struct weir_type *ty, const struct weir_column *a,
    uint32_t i, const struct weir_column *b, uint32_t j)
{
	int32_t na, nb, k;
	uint32_t f;
	int c;

	if (ty->kind == WEIR_STRUCT) {
		for (f = 0; f < ty->nfields; f++)
			if ((c = weir__column_compare(ty->fields[f].type,
				 &a->child[f], i, &b->child[f], j)) != 0)
				return c;
		return 0;
	}
	na = a->offsets[i + 1] - a->offsets[i];
	nb = b->offsets[j + 1] - b->offsets[j];
	for (k = 0; k < na && k < nb; k++)
		for (f = 0; f < ty->nfields; f++)
			if ((c = weir__column_compare(ty->fields[f].type,
				 &a->child[f], (uint32_t)(a->offsets[i] + k),
				 &b->child[f],
				 (uint32_t)(b->offsets[j] + k))) != 0)
				return c;
	return (na > nb) - (na < nb);
}

#define CMP(field) ((a->u.field[i] > b->u.field[j]) - (a->u.field[i] < b->u.field[j]))

int
weir__column_compare(const struct weir_type *ty, const struct weir_column *a,
    uint32_t i, const struct weir_column *b, uint32_t j)
{
	bool va = weir_valid(a, i), vb = weir_valid(b, j);

	if (!va || !vb)
		return (int)va - (int)vb;
	switch (ty->kind) {
	case WEIR_BOOL:
		return (int)weir_bit(a->u.bits, i) - (int)weir_bit(b->u.bits, j);
	case WEIR_INT32:
	case WEIR_DATE:
		return CMP(i32);
	case WEIR_INT64:
	case WEIR_TIMESTAMP:
	case WEIR_DURATION:
		return CMP(i64);
	case WEIR_FLOAT32:
		return compare_f64((double)a->u.f32[i], (double)b->u.f32[j]);
	case WEIR_FLOAT64:
		return compare_f64(a->u.f64[i], b->u.f64[j]);
	case WEIR_DECIMAL:
		return weir_decimal_wide(ty) ? CMP(i128) : CMP(i64);
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		return weir_str_cmp(&a->u.str[i], &b->u.str[j]);
	default:
		return compare_nested(ty, a, i, b, j);
	}
}
