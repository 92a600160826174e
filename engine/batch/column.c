/* SPDX-License-Identifier: MIT
 *
 * Work on whole columns: storage, gathering, copying, filling.
 */
#include "batch/batch.h"

static size_t
words(uint32_t n)
{
	size_t w = WEIR_BITMAP_WORDS(n);

	return w != 0 ? w : 1;
}

int
weir__column_alloc(struct weir__arena *ar, struct weir_column *co,
    const struct weir_type *ty, uint32_t n)
{
	size_t width = weir_type_width(ty);
	uint32_t i;

	memset(co, 0, sizeof *co);
	if (ty->kind == WEIR_BOOL) {
		co->u.bits = weir__arena_zalloc(ar, words(n) * 8);
		return co->u.bits != NULL ? 0 : -1;
	}
	if (width != 0) {
		/* whole vectors may be read past the last row */
		co->u.data = weir__arena_alloc(ar, (size_t)n * width + 32);
		return co->u.data != NULL ? 0 : -1;
	}
	co->nchild = ty->nfields;
	co->child = weir__arena_zalloc(ar,
	    (ty->nfields != 0 ? ty->nfields : 1) * sizeof *co->child);
	if (co->child == NULL)
		return -1;
	if (ty->kind == WEIR_STRUCT) {
		for (i = 0; i < ty->nfields; i++)
			if (weir__column_alloc(ar, &co->child[i],
				ty->fields[i].type, n) != 0)
				return -1;
		return 0;
	}
	co->offsets = weir__arena_alloc(ar, ((size_t)n + 1) * 4);
	if (co->offsets == NULL)
		return -1;
	co->offsets[0] = 0;
	return 0;
}

int
weir__column_validity(struct weir__arena *ar, struct weir_column *co,
    uint32_t n, bool ones)
{
	co->valid = weir__arena_alloc(ar, words(n) * 8);
	if (co->valid == NULL)
		return -1;
	memset(co->valid, ones ? 0xff : 0, words(n) * 8);
	return 0;
}

static uint64_t *
gather_bits(struct weir__arena *ar, const uint64_t *from, const uint32_t *rows,
    uint32_t n)
{
	uint64_t *to = weir__arena_alloc(ar, words(n) * 8), w;
	uint32_t i, j, m;

	if (to == NULL)
		return NULL;
	to[0] = 0;
	for (i = 0; i < n; i += 64) {
		m = n - i < 64 ? n - i : 64;
		w = 0;
		for (j = 0; j < m; j++)
			w |= (uint64_t)weir_bit(from, rows[i + j]) << j;
		to[i / 64] = w;
	}
	return to;
}

/* The element rows of some list rows, and their new offsets. */
static uint32_t *
list_rows(struct weir__arena *ar, struct weir_column *to,
    const struct weir_column *from, const uint32_t *rows, uint32_t n,
    uint32_t *count)
{
	uint32_t i, total = 0, *inner;
	int32_t j;

	to->offsets = weir__arena_alloc(ar, ((size_t)n + 1) * 4);
	if (to->offsets == NULL)
		return NULL;
	to->offsets[0] = 0;
	for (i = 0; i < n; i++) {
		total += (uint32_t)(from->offsets[rows[i] + 1] -
		    from->offsets[rows[i]]);
		to->offsets[i + 1] = (int32_t)total;
	}
	*count = total;
	inner = weir__arena_alloc(ar, (size_t)total * sizeof *inner);
	if (inner == NULL)
		return NULL;
	for (i = 0, total = 0; i < n; i++)
		for (j = from->offsets[rows[i]]; j < from->offsets[rows[i] + 1];
		     j++)
			inner[total++] = (uint32_t)j;
	return inner;
}

static int
gather_children(struct weir__arena *ar, struct weir_column *to,
    const struct weir_column *from, const struct weir_type *ty,
    const uint32_t *rows, uint32_t n, bool deep)
{
	uint32_t i, *inner = NULL;

	to->nchild = from->nchild;
	to->child = weir__arena_zalloc(ar,
	    (ty->nfields != 0 ? ty->nfields : 1) * sizeof *to->child);
	if (to->child == NULL)
		return -1;
	if (ty->kind != WEIR_STRUCT) {
		inner = list_rows(ar, to, from, rows, n, &n);
		if (inner == NULL)
			return -1;
		rows = inner;
	}
	for (i = 0; i < ty->nfields; i++) {
		if (!weir_present(&from->child[i]))
			continue;
		if ((deep ? weir__column_copy : weir__column_gather)(ar,
			&to->child[i], &from->child[i], ty->fields[i].type, rows,
			n) != 0)
			return -1;
	}
	return 0;
}

#define GATHER(type)                                                          \
	do {                                                                  \
		const type *f = from->u.data;                                 \
		type *t = to->u.data;                                         \
		for (i = 0; i < n; i++)                                       \
			t[i] = f[rows[i]];                                    \
	} while (0)

static int
gather_shallow(struct weir__arena *ar, struct weir_column *to,
    const struct weir_column *from, const struct weir_type *ty,
    const uint32_t *rows, uint32_t n)
{
	size_t width = weir_type_width(ty);
	uint32_t i;

	memset(to, 0, sizeof *to);
	if (from->valid != NULL &&
	    (to->valid = gather_bits(ar, from->valid, rows, n)) == NULL)
		return -1;
	if (ty->kind == WEIR_BOOL) {
		to->u.bits = gather_bits(ar, from->u.bits, rows, n);
		return to->u.bits != NULL ? 0 : -1;
	}
	if (width == 0)
		return 0;
	to->u.data = weir__arena_alloc(ar, (size_t)n * width + 32);
	if (to->u.data == NULL)
		return -1;
	if (width == 4)
		GATHER(uint32_t);
	else if (width == 8)
		GATHER(uint64_t);
	else if (ty->kind == WEIR_DECIMAL)
		GATHER(weir_i128);
	else
		GATHER(struct weir_str);
	return 0;
}

int
weir__column_gather(struct weir__arena *ar, struct weir_column *to,
    const struct weir_column *from, const struct weir_type *ty,
    const uint32_t *rows, uint32_t n)
{
	if (gather_shallow(ar, to, from, ty, rows, n) != 0)
		return -1;
	if (!weir_type_nested(ty))
		return 0;
	return gather_children(ar, to, from, ty, rows, n, false);
}

static int
copy_text(struct weir__arena *ar, struct weir_column *co, uint32_t n)
{
	size_t total = 0;
	uint32_t i;
	char *p;

	for (i = 0; i < n; i++)
		if (weir_valid(co, i) && co->u.str[i].len > WEIR_STR_SMALL)
			total += co->u.str[i].len;
	p = weir__arena_alloc(ar, total);
	if (p == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		struct weir_str *s = &co->u.str[i];

		if (!weir_valid(co, i)) {
			memset(s, 0, sizeof *s);
		} else if (s->len > WEIR_STR_SMALL) {
			memcpy(p, s->u.big.ptr, s->len);
			s->u.big.ptr = p;
			p += s->len;
		}
	}
	return 0;
}

int
weir__column_copy(struct weir__arena *ar, struct weir_column *to,
    const struct weir_column *from, const struct weir_type *ty,
    const uint32_t *rows, uint32_t n)
{
	uint32_t i, *all;

	if (rows == NULL) {
		all = weir__arena_alloc(ar, (size_t)n * sizeof *all);
		if (all == NULL)
			return -1;
		for (i = 0; i < n; i++)
			all[i] = i;
		rows = all;
	}
	if (gather_shallow(ar, to, from, ty, rows, n) != 0)
		return -1;
	if (weir_type_textual(ty))
		return copy_text(ar, to, n);
	if (!weir_type_nested(ty))
		return 0;
	return gather_children(ar, to, from, ty, rows, n, true);
}

uint32_t
weir__bits_rows(uint32_t *rows, const uint64_t *bits, uint32_t n)
{
	uint32_t i, k = 0;
	uint64_t w;

	for (i = 0; i < n; i += 64) {
		w = bits[i / 64];
		if (n - i < 64)
			w &= ((uint64_t)1 << (n - i)) - 1;
		if (w == UINT64_MAX) {
			for (uint32_t j = 0; j < 64; j++)
				rows[k++] = i + j;
			continue;
		}
		while (w != 0) {
			rows[k++] = i + (uint32_t)__builtin_ctzll(w);
			w &= w - 1;
		}
	}
	return k;
}

uint32_t
weir__bits_count(const uint64_t *bits, uint32_t n)
{
	uint32_t i, k = 0;
	uint64_t w;

	for (i = 0; i < n; i += 64) {
		w = bits[i / 64];
		if (n - i < 64)
			w &= ((uint64_t)1 << (n - i)) - 1;
		k += (uint32_t)__builtin_popcountll(w);
	}
	return k;
}
