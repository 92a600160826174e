/* SPDX-License-Identifier: MIT
 *
 * A batch's rows as bytes: pieces as they lie in memory, one after another.
 */
#include "batch/frame.h"

#include <assert.h>

#include "base/alloc.h"

#define MAGIC 0x46524957u /* "WIRF" */
#define VERSION 1u

enum header_flags {
	HAS_OPS = 1 << 0,
	HAS_POSITIONS = 1 << 1,
	HAS_SOURCES = 1 << 2,
	HAS_PARTITIONS = 1 << 3,
	HAS_ALL = 15,
};

struct header {
	uint32_t magic;
	uint16_t version;
	uint16_t flags;
	uint32_t nrows;
	uint32_t ncols;
	int32_t source;
	int32_t partition;
	uint64_t len; /* of all, with this */
};

enum column_flags {
	IS_PRESENT = 1 << 0,
	HAS_VALID = 1 << 1,
};

/* Before each column's pieces. */
struct column_head {
	uint8_t flags;
	uint8_t kind;
	uint8_t precision;
	uint8_t scale;
	uint32_t nfields;
};

static size_t
pad8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* ---- saving */

struct saving {
	struct weir__buf *bf;
	struct weir__arena tmp; /* row numbers of lists' elements */
};

/* Room for a piece, its padding zeroed; NULL when memory is out. */
static void *
piece(struct weir__buf *bf, size_t n)
{
	char *p = weir__buf_room(bf, pad8(n));

	if (p == NULL)
		return NULL;
	memset(p + n, 0, pad8(n) - n);
	bf->len += pad8(n);
	return p;
}

static int
save_bits(struct weir__buf *bf, const uint64_t *from, const uint32_t *rows,
    uint32_t n)
{
	uint64_t *to = piece(bf, WEIR_BITMAP_WORDS(n) * 8), w;
	uint32_t i, j, m;

	if (to == NULL)
		return -1;
	for (i = 0; i < n; i += 64) {
		m = n - i < 64 ? n - i : 64;
		if (rows == NULL) {
			w = from[i / 64];
			if (m < 64)
				w &= ((uint64_t)1 << m) - 1;
		} else {
			w = 0;
			for (j = 0; j < m; j++)
				w |= (uint64_t)weir_bit(from, rows[i + j])
				    << j;
		}
		to[i / 64] = w;
	}
	return 0;
}

#define GATHER(type)                                                          \
	do {                                                                  \
		const type *f_ = from;                                        \
		type *t_ = to;                                                \
		for (i = 0; i < n; i++)                                       \
			t_[i] = f_[rows[i]];                                  \
	} while (0)

static int
save_fixed(struct weir__buf *bf, const void *from, size_t width,
    const uint32_t *rows, uint32_t n)
{
	void *to = piece(bf, n * width);
	uint32_t i;

	if (to == NULL)
		return -1;
	if (n == 0)
		return 0;
	if (rows == NULL) {
		memcpy(to, from, n * width);
		return 0;
	}
	switch (width) {
	case 1:
		GATHER(uint8_t);
		break;
	case 4:
		GATHER(uint32_t);
		break;
	case 8:
		GATHER(uint64_t);
		break;
	default:
		for (i = 0; i < n; i++)
			memcpy((char *)to + i * width,
			    (const char *)from + rows[i] * width, width);
	}
	return 0;
}

/* Slices, those of long text with offsets for pointers; then the bytes of the
 * long ones.  A null row is an empty slice. */
static int
save_text(struct weir__buf *bf, const struct weir_column *co,
    const uint32_t *rows, uint32_t n)
{
	const struct weir_str *s;
	struct weir_str *to = piece(bf, n * sizeof *to);
	uint64_t total = 0, *head;
	size_t at = bf->len - n * sizeof *to;
	uint32_t i, r;
	char *p;

	if (to == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		r = rows != NULL ? rows[i] : i;
		if (!weir_valid(co, r)) {
			memset(&to[i], 0, sizeof to[i]);
			continue;
		}
		to[i] = co->u.str[r];
		if (to[i].len > WEIR_STR_SMALL)
			total += to[i].len;
	}
	head = piece(bf, 8 + total);
	if (head == NULL)
		return -1;
	to = (struct weir_str *)(void *)(bf->data + at);
	*head = total;
	p = (char *)(head + 1);
	for (i = 0; total != 0 && i < n; i++) {
		if (to[i].len <= WEIR_STR_SMALL)
			continue;
		s = &co->u.str[rows != NULL ? rows[i] : i];
		memcpy(p, s->u.big.ptr, s->len);
		to[i].u.big.ptr = (const char *)(uintptr_t)(p -
		    (char *)(head + 1));
		p += s->len;
	}
	return 0;
}

static int save_column(struct saving *sv, const struct weir_column *co,
    const struct weir_type *ty, const uint32_t *rows, uint32_t n);

/* The elements' row numbers of some list rows, *count of them; NULL without
 * a failure: they are the first ones, in order. */
static int
element_rows(struct saving *sv, const int32_t *offsets, const uint32_t *rows,
    uint32_t n, uint32_t **out, uint32_t count)
{
	uint32_t i, r, k = 0;
	int32_t j;

	*out = NULL;
	if (rows == NULL && offsets[0] == 0)
		return 0;
	*out = weir__arena_alloc(&sv->tmp, (size_t)count * sizeof **out);
	if (*out == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		r = rows != NULL ? rows[i] : i;
		for (j = offsets[r]; j < offsets[r + 1]; j++)
			(*out)[k++] = (uint32_t)j;
	}
	return 0;
}

static int
save_list(struct saving *sv, const struct weir_column *co,
    const struct weir_type *ty, const uint32_t *rows, uint32_t n)
{
	int32_t *to = piece(sv->bf, ((size_t)n + 1) * 4);
	uint32_t i, r, total = 0, *inner;

	if (to == NULL)
		return -1;
	to[0] = 0;
	for (i = 0; i < n; i++) {
		r = rows != NULL ? rows[i] : i;
		total += (uint32_t)(co->offsets[r + 1] - co->offsets[r]);
		to[i + 1] = (int32_t)total;
	}
	if (element_rows(sv, co->offsets, rows, n, &inner, total) != 0)
		return -1;
	for (i = 0; i < ty->nfields; i++)
		if (save_column(sv, &co->child[i], ty->fields[i].type, inner,
			total) != 0)
			return -1;
	return 0;
}

static int
save_column(struct saving *sv, const struct weir_column *co,
    const struct weir_type *ty, const uint32_t *rows, uint32_t n)
{
	struct column_head *ch = piece(sv->bf, sizeof *ch);
	uint32_t i;

	if (ch == NULL)
		return -1;
	*ch = (struct column_head){
		.flags = (uint8_t)((weir_present(co) ? IS_PRESENT : 0) |
		    (co->valid != NULL ? HAS_VALID : 0)),
		.kind = ty->kind,
		.precision = ty->precision,
		.scale = ty->scale,
		.nfields = ty->nfields,
	};
	if (!weir_present(co)) {
		ch->flags = 0;
		return 0;
	}
	if (co->valid != NULL && save_bits(sv->bf, co->valid, rows, n) != 0)
		return -1;
	if (ty->kind == WEIR_BOOL)
		return save_bits(sv->bf, co->u.bits, rows, n);
	if (weir_type_textual(ty))
		return save_text(sv->bf, co, rows, n);
	if (!weir_type_nested(ty))
		return save_fixed(sv->bf, co->u.data, weir_type_width(ty),
		    rows, n);
	if (ty->kind != WEIR_STRUCT)
		return save_list(sv, co, ty, rows, n);
	for (i = 0; i < ty->nfields; i++)
		if (save_column(sv, &co->child[i], ty->fields[i].type, rows,
			n) != 0)
			return -1;
	return 0;
}

static int
save_origin(struct weir__buf *bf, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n)
{
	if (b->ops != NULL && save_fixed(bf, b->ops, 1, rows, n) != 0)
		return -1;
	if (b->positions != NULL &&
	    save_fixed(bf, b->positions, 8, rows, n) != 0)
		return -1;
	if (b->sources != NULL && save_fixed(bf, b->sources, 4, rows, n) != 0)
		return -1;
	if (b->partitions != NULL &&
	    save_fixed(bf, b->partitions, 4, rows, n) != 0)
		return -1;
	return 0;
}

int
weir__batch_save_to(struct weir__buf *bf, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n)
{
	struct saving sv = { .bf = bf };
	struct header *he, h = {
		.magic = MAGIC,
		.version = VERSION,
		.flags = (uint16_t)((b->ops != NULL ? HAS_OPS : 0) |
		    (b->positions != NULL ? HAS_POSITIONS : 0) |
		    (b->sources != NULL ? HAS_SOURCES : 0) |
		    (b->partitions != NULL ? HAS_PARTITIONS : 0)),
		.nrows = n,
		.ncols = b->ncols,
		.source = b->source,
		.partition = b->partition,
	};
	size_t at = bf->len;
	uint32_t i;
	int rc;

	assert(at % 8 == 0);
	assert(n <= WEIR_BATCH_ROWS && (rows != NULL || n <= b->nrows));
	he = piece(bf, sizeof *he);
	if (he == NULL)
		return -1;
	*he = h;
	weir__arena_init(&sv.tmp, 0);
	rc = save_origin(bf, b, rows, n);
	for (i = 0; rc == 0 && i < b->ncols; i++)
		rc = save_column(&sv, &b->cols[i], b->schema->cols[i].type,
		    rows, n);
	weir__arena_fini(&sv.tmp);
	if (rc != 0) {
		bf->failed = true;
		return -1;
	}
	h.len = bf->len - at;
	memcpy(bf->data + at, &h, sizeof h);
	return 0;
}

int
weir__batch_save(const struct weir_batch *b, const uint32_t *rows, uint32_t n,
    void **data, size_t *len)
{
	struct weir__buf bf;

	weir__buf_init(&bf);
	if (weir__batch_save_to(&bf, b, rows, rows != NULL ? n : b->nrows) !=
	    0) {
		weir__buf_fini(&bf);
		return -1;
	}
	*data = bf.data; /* the buffer's memory is the engine's alloc's */
	*len = bf.len;
	return 0;
}

/* ---- loading */

struct loading {
	const char *p;
	const char *end;
	struct weir__arena *ar;
	bool in_place; /* what p points into may be written and stays */
	bool damaged;
};

/* The next piece, or NULL. */
static const void *
next(struct loading *ld, size_t n)
{
	const char *p = ld->p;

	if (n > (size_t)(ld->end - p) || pad8(n) > (size_t)(ld->end - p)) {
		ld->damaged = true;
		return NULL;
	}
	ld->p += pad8(n);
	return p;
}

static void *
load_fixed(struct loading *ld, size_t width, uint32_t n)
{
	const void *from = next(ld, n * width);
	void *to;

	if (from == NULL)
		return NULL;
	/* 16-byte numbers may begin at 8 */
	if (ld->in_place && width <= 8)
		return (void *)(uintptr_t)from;
	/* whole vectors may be read past the last row */
	to = weir__arena_alloc(ld->ar, n * width + 32);
	if (to != NULL)
		memcpy(to, from, n * width);
	return to;
}

static uint64_t *
load_bits(struct loading *ld, uint32_t n)
{
	return load_fixed(ld, 8, (uint32_t)WEIR_BITMAP_WORDS(n));
}

static int
load_text(struct loading *ld, struct weir_column *co, uint32_t n)
{
	const void *from, *slices = next(ld, n * sizeof(struct weir_str));
	uint64_t total, at;
	struct weir_str *s;
	char *heap;
	uint32_t i;

	if (slices == NULL || (from = next(ld, 8)) == NULL)
		return -1;
	memcpy(&total, from, 8);
	if (total > (size_t)(ld->end - ld->p)) {
		ld->damaged = true;
		return -1;
	}
	from = next(ld, total);
	if (from == NULL)
		return -1;
	if (ld->in_place) {
		co->u.str = (struct weir_str *)(uintptr_t)slices;
		heap = (char *)(uintptr_t)from;
	} else {
		co->u.str = weir__arena_alloc(ld->ar, n * sizeof *s + 32);
		heap = weir__arena_alloc(ld->ar, total);
		if (co->u.str == NULL || heap == NULL)
			return -1;
		memcpy(co->u.str, slices, n * sizeof *s);
		memcpy(heap, from, total);
	}
	for (i = 0; i < n; i++) {
		s = &co->u.str[i];
		if (s->len <= WEIR_STR_SMALL)
			continue;
		at = (uint64_t)(uintptr_t)s->u.big.ptr;
		if (at > total || s->len > total - at) {
			ld->damaged = true;
			return -1;
		}
		*s = weir_str_make(heap + at, s->len);
	}
	return 0;
}

static int load_column(struct loading *ld, struct weir_column *co,
    const struct weir_type *ty, uint32_t n);

static int
load_children(struct loading *ld, struct weir_column *co,
    const struct weir_type *ty, uint32_t n)
{
	uint32_t i;

	co->nchild = ty->nfields;
	co->child = weir__arena_zalloc(ld->ar,
	    (ty->nfields != 0 ? ty->nfields : 1) * sizeof *co->child);
	if (co->child == NULL)
		return -1;
	for (i = 0; i < ty->nfields; i++)
		if (load_column(ld, &co->child[i], ty->fields[i].type, n) != 0)
			return -1;
	return 0;
}

static int
load_list(struct loading *ld, struct weir_column *co,
    const struct weir_type *ty, uint32_t n)
{
	uint32_t i;

	co->offsets = load_fixed(ld, 4, n + 1);
	if (co->offsets == NULL)
		return -1;
	if (co->offsets[0] != 0)
		ld->damaged = true;
	for (i = 0; i < n; i++)
		if (co->offsets[i + 1] < co->offsets[i])
			ld->damaged = true;
	return ld->damaged ? -1 :
			     load_children(ld, co, ty,
				 (uint32_t)co->offsets[n]);
}

static int
load_column(struct loading *ld, struct weir_column *co,
    const struct weir_type *ty, uint32_t n)
{
	const void *p = next(ld, sizeof(struct column_head));
	struct column_head ch;

	if (p == NULL)
		return -1;
	memcpy(&ch, p, sizeof ch);
	if (ch.kind != ty->kind || ch.precision != ty->precision ||
	    ch.scale != ty->scale || ch.nfields != ty->nfields ||
	    (ch.flags & ~(IS_PRESENT | HAS_VALID)) != 0 ||
	    ch.flags == HAS_VALID) {
		ld->damaged = true;
		return -1;
	}
	if (ch.flags == 0)
		return 0;
	if ((ch.flags & HAS_VALID) != 0 &&
	    (co->valid = load_bits(ld, n)) == NULL)
		return -1;
	if (ty->kind == WEIR_BOOL)
		return (co->u.bits = load_bits(ld, n)) != NULL ? 0 : -1;
	if (weir_type_textual(ty))
		return load_text(ld, co, n);
	if (ty->kind == WEIR_STRUCT)
		return load_children(ld, co, ty, n);
	if (weir_type_nested(ty))
		return load_list(ld, co, ty, n);
	co->u.data = load_fixed(ld, weir_type_width(ty), n);
	return co->u.data != NULL ? 0 : -1;
}

static int
load_origin(struct loading *ld, struct weir_batch *b, const struct header *h)
{
	uint32_t n = h->nrows;

	b->nrows = n;
	b->source = h->source;
	b->partition = h->partition;
	if ((h->flags & HAS_OPS) != 0 && (b->ops = load_fixed(ld, 1, n)) == NULL)
		return -1;
	if ((h->flags & HAS_POSITIONS) != 0 &&
	    (b->positions = load_fixed(ld, 8, n)) == NULL)
		return -1;
	if ((h->flags & HAS_SOURCES) != 0 &&
	    (b->sources = load_fixed(ld, 4, n)) == NULL)
		return -1;
	if ((h->flags & HAS_PARTITIONS) != 0 &&
	    (b->partitions = load_fixed(ld, 4, n)) == NULL)
		return -1;
	return 0;
}

static struct weir_batch *
load(struct loading *ld, struct weir__pool *po, const struct weir_schema *sc)
{
	const void *p = next(ld, sizeof(struct header));
	struct weir_batch *b;
	struct header h;
	uint32_t i;
	int rc;

	if (p == NULL)
		return NULL;
	memcpy(&h, p, sizeof h);
	if (h.magic != MAGIC || h.version != VERSION ||
	    (h.flags & ~HAS_ALL) != 0 || h.nrows > WEIR_BATCH_ROWS ||
	    h.ncols != sc->ncols ||
	    h.len != (uint64_t)(ld->end - ld->p) + sizeof h) {
		ld->damaged = true;
		return NULL;
	}
	b = weir__batch_bare(po, sc);
	if (b == NULL)
		return NULL;
	ld->ar = weir__batch_arena(b);
	rc = load_origin(ld, b, &h);
	for (i = 0; rc == 0 && i < sc->ncols; i++)
		rc = load_column(ld, &b->cols[i], sc->cols[i].type, h.nrows);
	if (rc == 0 && ld->p == ld->end)
		return b;
	ld->damaged |= rc == 0;
	weir__batch_unref(b);
	return NULL;
}

struct weir_batch *
weir__batch_load(struct weir__pool *po, const struct weir_schema *sc,
    const void *data, size_t len, bool *damaged)
{
	struct loading ld = { .p = data, .end = (const char *)data + len };
	struct weir_batch *b = load(&ld, po, sc);

	if (damaged != NULL)
		*damaged = ld.damaged;
	return b;
}

struct weir_batch *
weir__batch_view(struct weir__pool *po, const struct weir_schema *sc,
    void *data, size_t len, bool *damaged)
{
	struct loading ld = { .p = data, .end = (const char *)data + len,
		.in_place = true };
	struct weir_batch *b;

	assert((uintptr_t)data % 8 == 0);
	b = load(&ld, po, sc);
	if (damaged != NULL)
		*damaged = ld.damaged;
	return b;
}
