/* SPDX-License-Identifier: MIT
 *
 * Putting a column together from rows of several others.
 */
#include "expr/choose.h"

static inline uint64_t
word_of(const struct weir__vec *v, const uint64_t *bits, uint32_t w)
{
	return v->konst ? (uint64_t)0 - (bits[0] & 1) : bits[w];
}

int
weir__mix_init(struct weir__mix *mx, struct weir__cx *cx,
    const struct weir_type *ty, const uint64_t *rows, struct weir__vec *out,
    uint32_t parts)
{
	uint32_t w;

	memset(mx, 0, sizeof *mx);
	mx->cx = cx;
	mx->type = ty;
	mx->out = out;
	if ((mx->left = weir__cx_bits(cx, true)) == NULL)
		return -1;
	for (w = 0; w < cx->words; w++)
		mx->left[w] = weir__tail_mask(cx->n, w) &
		    (rows != NULL ? rows[w] : ~(uint64_t)0);
	if (weir_type_nested(ty)) {
		size_t n = (size_t)cx->n * sizeof *mx->part;

		mx->parts = weir__arena_alloc(cx->ar, parts * sizeof *mx->parts);
		mx->part = weir__arena_alloc(cx->ar, n);
		if (mx->parts == NULL || mx->part == NULL)
			return -1;
		memset(mx->part, 0xff, n);
		return 0;
	}
	if (weir__vec_alloc(cx, out, ty) != 0)
		return -1;
	if (ty->kind != WEIR_BOOL)
		memset(out->co.u.data, 0, cx->n * weir_type_width(ty));
	return 0;
}

static int
clear_valid(struct weir__mix *mx, uint32_t w, uint64_t nulls)
{
	struct weir__vec *out = mx->out;

	if (nulls == 0)
		return 0;
	if (out->co.valid == NULL &&
	    (out->co.valid = weir__cx_bits(mx->cx, true)) == NULL)
		return -1;
	out->co.valid[w] &= ~nulls;
	return 0;
}

#define PUT(T, M)                                                              \
	do {                                                                   \
		T *to = mx->out->co.u.M;                                       \
		const T *from = v->co.u.M;                                     \
                                                                               \
		if (bits == ~(uint64_t)0 && !v->konst) {                       \
			memcpy(to + w * 64, from + w * 64, 64 * sizeof *to);   \
			break;                                                 \
		}                                                              \
		for (; bits != 0; bits &= bits - 1) {                          \
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits); \
                                                                               \
			to[i] = from[v->konst ? 0 : i];                        \
		}                                                              \
	} while (0)

static void
put_values(struct weir__mix *mx, const struct weir__vec *v, uint32_t w,
    uint64_t bits)
{
	if (mx->part != NULL) {
		for (; bits != 0; bits &= bits - 1)
			mx->part[w * 64 + (uint32_t)__builtin_ctzll(bits)] =
			    mx->nparts;
		return;
	}
	switch (weir_type_width(mx->type)) {
	case 4:
		PUT(int32_t, i32);
		break;
	case 8:
		PUT(int64_t, i64);
		break;
	case 16:
		PUT(weir_i128, i128);
		break;
	default:
		mx->out->co.u.bits[w] |= bits & word_of(v, v->co.u.bits, w);
	}
}

int
weir__mix_take(struct weir__mix *mx, const struct weir__vec *v,
    const uint64_t *mask)
{
	struct weir__cx *cx = mx->cx;
	uint32_t w;

	for (w = 0; w < cx->words; w++) {
		uint64_t bits = mask[w] & mx->left[w], ok = ~(uint64_t)0;

		mx->left[w] &= ~bits;
		if (v == NULL) {
			if (clear_valid(mx, w, bits) != 0)
				return -1;
			continue;
		}
		if (v->co.valid != NULL)
			ok = word_of(v, v->co.valid, w);
		if (clear_valid(mx, w, bits & ~ok) != 0)
			return -1;
		put_values(mx, v, w, bits);
	}
	if (v == NULL)
		return 0;
	if (mx->part != NULL)
		mx->parts[mx->nparts++] = *v;
	return weir__vec_errors_in(cx, mx->out, v, mask);
}

int
weir__mix_done(struct weir__mix *mx)
{
	struct weir__cx *cx = mx->cx;
	const struct weir_column **parts;
	uint32_t i, *row;

	if (mx->part == NULL)
		return 0;
	parts = weir__arena_alloc(cx->ar, (mx->nparts + 1) * sizeof *parts);
	row = weir__arena_alloc(cx->ar, (size_t)cx->n * sizeof *row);
	if (parts == NULL || row == NULL)
		return -1;
	for (i = 0; i < mx->nparts; i++)
		parts[i] = &mx->parts[i].co;
	for (i = 0; i < cx->n; i++)
		row[i] = mx->part[i] == WEIR__MIX_NULL ||
			mx->parts[mx->part[i]].konst
		    ? 0
		    : i;
	return weir__mix_columns(cx->ar, &mx->out->co, mx->type, parts,
	    mx->part, row, cx->n);
}

/* ---- any type, any rows */

/* Elements of lists and maps: which part and row each comes of. */
struct elements {
	uint32_t n;
	uint32_t *part;
	uint32_t *row;
};

static int
find_elements(struct weir__arena *ar, struct elements *el,
    struct weir_column *to, const struct weir_column *const *parts,
    const uint32_t *part, const uint32_t *row, uint32_t n)
{
	uint32_t i, k = 0;

	for (i = 0; i < n; i++) {
		const int32_t *at;

		if (part[i] != WEIR__MIX_NULL) {
			at = &parts[part[i]]->offsets[row[i]];
			k += (uint32_t)(at[1] - at[0]);
		}
		to->offsets[i + 1] = (int32_t)k;
	}
	el->n = k;
	el->part = weir__arena_alloc(ar, (size_t)k * sizeof *el->part);
	el->row = weir__arena_alloc(ar, (size_t)k * sizeof *el->row);
	if (el->part == NULL || el->row == NULL)
		return -1;
	for (i = 0, k = 0; i < n; i++) {
		int32_t j;

		if (part[i] == WEIR__MIX_NULL)
			continue;
		j = parts[part[i]]->offsets[row[i]];
		for (; j < parts[part[i]]->offsets[row[i] + 1]; j++) {
			el->part[k] = part[i];
			el->row[k++] = (uint32_t)j;
		}
	}
	return 0;
}

static uint32_t
count_parts(const uint32_t *part, uint32_t n)
{
	uint32_t i, max = 0;

	for (i = 0; i < n; i++)
		if (part[i] != WEIR__MIX_NULL && part[i] >= max)
			max = part[i] + 1;
	return max;
}

static int
mix_children(struct weir__arena *ar, struct weir_column *to,
    const struct weir_type *ty, const struct weir_column *const *parts,
    const uint32_t *part, const uint32_t *row, uint32_t n)
{
	uint32_t i, p, np = count_parts(part, n);
	const struct weir_column **inner =
	    weir__arena_alloc(ar, (np + 1) * sizeof *inner);
	struct elements el = { n, NULL, NULL };

	if (inner == NULL)
		return -1;
	if (ty->kind != WEIR_STRUCT) {
		if (find_elements(ar, &el, to, parts, part, row, n) != 0)
			return -1;
		part = el.part;
		row = el.row;
	}
	for (i = 0; i < ty->nfields; i++) {
		for (p = 0; p < np; p++)
			inner[p] = &parts[p]->child[i];
		if (weir__mix_columns(ar, &to->child[i], ty->fields[i].type,
			inner, part, row, el.n) != 0)
			return -1;
	}
	return 0;
}

static void
put_one(struct weir_column *to, uint32_t i, const struct weir_column *from,
    uint32_t j, size_t width)
{
	if (width == 0)
		weir_bit_put(to->u.bits, i, weir_bit(from->u.bits, j));
	else
		memcpy((char *)to->u.data + i * width,
		    (const char *)from->u.data + j * width, width);
}

int
weir__mix_columns(struct weir__arena *ar, struct weir_column *to,
    const struct weir_type *ty, const struct weir_column *const *parts,
    const uint32_t *part, const uint32_t *row, uint32_t n)
{
	size_t width = weir_type_width(ty);
	bool nested = weir_type_nested(ty);
	uint32_t i;

	if (weir__column_alloc(ar, to, ty, n) != 0 ||
	    weir__column_validity(ar, to, n, true) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (part[i] == WEIR__MIX_NULL ||
		    !weir_present(parts[part[i]]) ||
		    !weir_valid(parts[part[i]], row[i])) {
			weir_bit_clear(to->valid, i);
			if (width != 0)
				memset((char *)to->u.data + i * width, 0,
				    width);
		} else if (!nested) {
			put_one(to, i, parts[part[i]], row[i], width);
		}
	}
	if (!nested)
		return 0;
	return mix_children(ar, to, ty, parts, part, row, n);
}
