/* SPDX-License-Identifier: MIT
 *
 * Keyed state: finding and making entries.
 */
#include "run/state.h"

#include <assert.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "expr/expr.h"
#include "run/state_table.h"

#define BLOCK 256u /* keys looked up at a time */
#define INDEX_FIRST 32u

bool
weir__state_key_ok(const struct weir_type *ty)
{
	return ty->kind != WEIR_NULL && !weir_type_nested(ty);
}

struct weir__state *
weir__state_new(const struct weir_table_spec *spec, uint64_t seed)
{
	struct weir__state *sa = weir__zalloc(sizeof *sa);
	size_t align = spec->slot_align > 16 ? spec->slot_align : 16;
	size_t nk = spec->nkeys != 0 ? spec->nkeys : 1;

	if (sa == NULL)
		return NULL;
	assert(spec->nkeys <= 64);
	assert((align & (align - 1)) == 0 && align <= 16);
	sa->spec = spec;
	sa->seed = seed;
	sa->nkeys = spec->nkeys;
	sa->slot_at = sizeof(struct entry) + spec->nkeys * sizeof(union cell);
	sa->stride = (sa->slot_at + spec->slot_size + align - 1) & ~(align - 1);
	sa->owns = spec->aggs != NULL && weir__aggs_owns(spec->aggs);
	weir__state_sweep_begin(sa);
	sa->most = 16 + spec->nkeys * sizeof(union cell) + spec->slot_size;
	weir__arena_init(&sa->out, 4096);
	sa->cells = weir__alloc(BLOCK * nk * sizeof *sa->cells);
	sa->nulls = weir__alloc(BLOCK * sizeof *sa->nulls);
	sa->hashes = weir__alloc(BLOCK * sizeof *sa->hashes);
	sa->where = weir__alloc(BLOCK * sizeof *sa->where);
	if (sa->cells == NULL || sa->nulls == NULL || sa->hashes == NULL ||
	    sa->where == NULL) {
		weir__state_free(sa);
		return NULL;
	}
	return sa;
}

void
weir__state_free(struct weir__state *sa)
{
	size_t i;

	if (sa == NULL)
		return;
	weir__state_settle(sa);
	for (i = 0; i < sa->nbuckets; i++)
		state_bucket_free(sa, sa->buckets[i]);
	weir__arena_fini(&sa->out);
	weir__free(sa->buckets);
	weir__free(sa->dropped);
	weir__free(sa->cells);
	weir__free(sa->nulls);
	weir__free(sa->hashes);
	weir__free(sa->where);
	weir__free(sa);
}

size_t
weir__state_bytes(const struct weir__state *sa)
{
	return sa->bytes;
}

uint64_t
weir__state_entries(const struct weir__state *sa)
{
	return sa->entries;
}

bool
weir__state_first_due(const struct weir__state *sa, int64_t *due)
{
	if (sa->nbuckets == 0)
		return false;
	*due = sa->buckets[0]->due;
	return true;
}

/* What the slot owns goes; the entry's memory is the bucket's. */
void
state_entry_drop(struct weir__state *sa, struct bucket *bu, uint32_t no)
{
	struct entry *en = state_entry(sa, bu, no);

	if (en->gone)
		return;
	state_mark(sa, bu, en, no);
	en->gone = 1;
	sa->entries--;
	if (sa->spec->aggs != NULL)
		weir__aggs_drop(sa->spec->aggs, (char *)state_slot(sa, en) +
		    sa->spec->aggs_offset);
}

/* Out of the list of those with changes. */
void
state_unlist(struct weir__state *sa, struct bucket *bu)
{
	if (!bu->listed)
		return;
	bu->listed = false;
	if (bu->prev_dirty != NULL)
		bu->prev_dirty->next_dirty = bu->next_dirty;
	else
		sa->first_dirty = bu->next_dirty;
	if (bu->next_dirty != NULL)
		bu->next_dirty->prev_dirty = bu->prev_dirty;
}

void
state_bucket_free(struct weir__state *sa, struct bucket *bu)
{
	uint32_t i;

	if (bu == NULL)
		return;
	if (sa->spec->aggs != NULL)
		for (i = 0; i < bu->n; i++)
			state_entry_drop(sa, bu, i);
	else
		for (i = 0; i < bu->n; i++)
			sa->entries -= !state_entry(sa, bu, i)->gone;
	state_unlist(sa, bu);
	for (i = 0; i < STATE_CACHE; i++)
		if (sa->cache[i] == bu)
			sa->cache[i] = NULL;
	for (i = 0; i < STATE_CHUNKS; i++)
		weir__free(bu->chunks[i]);
	sa->bytes -= bu->bytes + bu->text.total;
	weir__arena_fini(&bu->text);
	weir__free(bu->dirty);
	weir__free(bu->index);
	weir__free(bu->order);
	weir__free(bu);
}

/* ---- buckets */

static struct bucket *
bucket_new(struct weir__state *sa, int64_t due)
{
	struct bucket *bu = weir__zalloc(sizeof *bu);

	if (bu == NULL)
		return NULL;
	bu->due = due;
	bu->mask = INDEX_FIRST - 1;
	weir__arena_init(&bu->text, 512);
	bu->index = weir__zalloc(INDEX_FIRST * sizeof *bu->index);
	if (bu->index == NULL) {
		weir__free(bu);
		return NULL;
	}
	bu->bytes = sizeof *bu + INDEX_FIRST * sizeof *bu->index;
	sa->bytes += bu->bytes;
	return bu;
}

static struct bucket *
bucket_insert(struct weir__state *sa, size_t at, int64_t due)
{
	struct bucket **list, *bu;
	size_t cap;

	if (sa->nbuckets == sa->cap) {
		cap = sa->cap != 0 ? sa->cap * 2 : 16;
		list = weir__realloc(sa->buckets, cap * sizeof *list);
		if (list == NULL)
			return NULL;
		sa->buckets = list;
		sa->cap = cap;
	}
	bu = bucket_new(sa, due);
	if (bu == NULL)
		return NULL;
	memmove(&sa->buckets[at + 1], &sa->buckets[at],
	    (sa->nbuckets - at) * sizeof *sa->buckets);
	sa->buckets[at] = bu;
	sa->nbuckets++;
	return bu;
}

size_t
state_seek(const struct weir__state *sa, int64_t due)
{
	size_t lo = 0, hi = sa->nbuckets, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (sa->buckets[mid]->due < due)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct bucket *
state_bucket(struct weir__state *sa, int64_t due)
{
	struct bucket **slot, *bu;
	size_t lo;

	slot = &sa->cache[weir__hash_u64((uint64_t)due, 0) % STATE_CACHE];
	if (*slot != NULL && (*slot)->due == due)
		return *slot;
	lo = state_seek(sa, due);
	if (lo < sa->nbuckets && sa->buckets[lo]->due == due)
		bu = sa->buckets[lo];
	else
		bu = bucket_insert(sa, lo, due);
	if (bu != NULL)
		*slot = bu;
	return bu;
}

/* ---- keys */

static uint64_t
float_bits(double v)
{
	uint64_t u;

	if (v == 0)
		v = 0; /* -0.0 is the same key */
	if (v != v)
		return UINT64_C(0x7ff8000000000000);
	memcpy(&u, &v, sizeof u);
	return u;
}

/* Row `i` of a column that is not text, as a cell. */
static void
cell_fixed(union cell *ce, const struct weir_column *co,
    const struct weir_type *ty, size_t i)
{
	ce->w[1] = 0;
	switch (ty->kind) {
	case WEIR_BOOL:
		ce->w[0] = weir_bit(co->u.bits, i);
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		ce->w[0] = (uint64_t)(int64_t)co->u.i32[i];
		break;
	case WEIR_FLOAT32:
		ce->w[0] = float_bits((double)co->u.f32[i]);
		break;
	case WEIR_FLOAT64:
		ce->w[0] = float_bits(co->u.f64[i]);
		break;
	case WEIR_DECIMAL:
		if (weir_decimal_wide(ty)) {
			memcpy(ce->w, &co->u.i128[i], 16);
			break;
		}
		/* fall through */
	default:
		ce->w[0] = (uint64_t)co->u.i64[i];
		break;
	}
}

/* Text of up to 12 bytes is hashed as its slice, as a number is; a null has no
 * bytes. */
static inline uint64_t
cell_hash(const union cell *ce, bool text, uint64_t seed)
{
	if (text && ce->s.len > WEIR_STR_SMALL)
		return XXH3_64bits_withSeed(ce->s.u.big.ptr, ce->s.len, seed);
	return XXH3_64bits_withSeed(ce->w, sizeof ce->w, seed);
}

static inline uint64_t
null_hash(uint64_t seed)
{
	return XXH3_64bits_withSeed(NULL, 0, ~seed);
}

uint64_t
state_hash(const union cell *ce, bool text, bool null, uint64_t seed)
{
	return null ? null_hash(seed) : cell_hash(ce, text, seed);
}

/* Cells, nulls and hashes of keys [0, n) from one key column.  A key's hash is
 * each column's in turn, seeded by the last. */
static void
block_column(struct weir__state *sa, uint32_t k, const struct weir_column *co,
    const uint32_t *rows, uint32_t first, uint32_t n)
{
	const struct weir_type *ty = sa->spec->keys[k];
	bool text = weir_type_textual(ty);
	union cell *ce = sa->cells + k;
	uint32_t i, r;

	for (i = 0; i < n; i++, ce += sa->nkeys) {
		r = rows != NULL ? rows[first + i] : first + i;
		if (!weir_valid(co, r)) {
			memset(ce, 0, sizeof *ce);
			sa->nulls[i] |= (uint64_t)1 << k;
			sa->hashes[i] = null_hash(sa->hashes[i]);
			continue;
		}
		if (text)
			ce->s = co->u.str[r];
		else
			cell_fixed(ce, co, ty, r);
		sa->hashes[i] = cell_hash(ce, text, sa->hashes[i]);
	}
}

static bool
key_eq(const struct weir__state *sa, const struct entry *en,
    const union cell *ce, uint64_t nulls)
{
	uint32_t k;

	if (en->nulls != nulls || en->gone)
		return false;
	for (k = 0; k < sa->nkeys; k++) {
		if (weir_type_textual(sa->spec->keys[k])) {
			if (!weir_str_eq(&en->cells[k].s, &ce[k].s))
				return false;
		} else if (en->cells[k].w[0] != ce[k].w[0] ||
		    en->cells[k].w[1] != ce[k].w[1]) {
			return false;
		}
	}
	return true;
}

/* ---- entries */

static int
index_grow(struct weir__state *sa, struct bucket *bu)
{
	uint32_t mask = bu->mask * 2 + 1, i, at;
	struct index *ix = weir__zalloc(((size_t)mask + 1) * sizeof *ix);

	if (ix == NULL)
		return -1;
	for (i = 0; i <= bu->mask; i++) {
		if (bu->index[i].no == 0)
			continue;
		at = bu->index[i].tag & mask;
		while (ix[at].no != 0)
			at = (at + 1) & mask;
		ix[at] = bu->index[i];
	}
	weir__free(bu->index);
	bu->index = ix;
	bu->bytes += (size_t)(mask - bu->mask) * sizeof *ix;
	sa->bytes += (size_t)(mask - bu->mask) * sizeof *ix;
	bu->mask = mask;
	return 0;
}

static int
key_copy(struct weir__state *sa, struct bucket *bu, struct entry *en,
    const union cell *ce)
{
	size_t was = bu->text.total;
	uint32_t k;
	char *p;

	for (k = 0; k < sa->nkeys; k++) {
		en->cells[k] = ce[k];
		if (!weir_type_textual(sa->spec->keys[k]) ||
		    ce[k].s.len <= WEIR_STR_SMALL)
			continue;
		p = weir__arena_alloc(&bu->text, ce[k].s.len);
		if (p == NULL)
			return -1;
		memcpy(p, ce[k].s.u.big.ptr, ce[k].s.len);
		en->cells[k].s.u.big.ptr = p;
	}
	sa->bytes += bu->text.total - was;
	return 0;
}

/* Marks for all entries up to the end of chunk k. */
static int
marks_room(struct weir__state *sa, struct bucket *bu, uint32_t k)
{
	size_t n =
	    WEIR_BITMAP_WORDS(STATE_CHUNK_FIRST * (((size_t)2 << k) - 1));
	size_t more = n - bu->dirty_words;
	uint64_t *to;

	if (n <= bu->dirty_words)
		return 0;
	to = weir__realloc(bu->dirty, n * sizeof *to);
	if (to == NULL)
		return -1;
	memset(to + bu->dirty_words, 0, more * sizeof *to);
	bu->dirty = to;
	bu->dirty_words = n;
	bu->bytes += more * sizeof *to;
	sa->bytes += more * sizeof *to;
	return 0;
}

/* Room for entry number bu->n. */
static struct entry *
entry_room(struct weir__state *sa, struct bucket *bu)
{
	uint32_t k =
	    31 - (uint32_t)__builtin_clz(bu->n / STATE_CHUNK_FIRST + 1);
	size_t bytes;

	if (k >= STATE_CHUNKS)
		return NULL;
	if (bu->chunks[k] == NULL) {
		if (marks_room(sa, bu, k) != 0)
			return NULL;
		bytes = ((size_t)STATE_CHUNK_FIRST << k) * sa->stride;
		bu->chunks[k] = weir__zalloc(bytes);
		if (bu->chunks[k] == NULL)
			return NULL;
		bu->bytes += bytes;
		sa->bytes += bytes;
	}
	return state_entry(sa, bu, bu->n);
}

struct entry *
state_add(struct weir__state *sa, struct bucket *bu, uint32_t tag,
    const union cell *ce, uint64_t nulls)
{
	struct entry *en;
	uint32_t at;

	if ((bu->n + 1) * (uint64_t)10 > (bu->mask + (uint64_t)1) * 7 &&
	    index_grow(sa, bu) != 0)
		return NULL;
	en = entry_room(sa, bu);
	if (en == NULL || key_copy(sa, bu, en, ce) != 0)
		return NULL;
	en->nulls = nulls;
	en->tag = tag;
	state_mark(sa, bu, en, bu->n);
	at = tag & bu->mask;
	while (bu->index[at].no != 0)
		at = (at + 1) & bu->mask;
	bu->index[at] = (struct index){ .tag = tag, .no = ++bu->n };
	sa->entries++;
	return en;
}

struct entry *
state_find(struct weir__state *sa, struct bucket *bu, uint32_t tag,
    const union cell *ce, uint64_t nulls, uint32_t *no)
{
	uint32_t at = tag & bu->mask;
	struct entry *en;

	for (; bu->index[at].no != 0; at = (at + 1) & bu->mask) {
		if (bu->index[at].tag != tag)
			continue;
		*no = bu->index[at].no - 1;
		en = state_entry(sa, bu, *no);
		if (key_eq(sa, en, ce, nulls))
			return en;
	}
	return NULL;
}

/* The bucket of each key; index and entry are on their way to the cache. */
static int
block_buckets(struct weir__state *sa, uint32_t n, const int64_t *due)
{
	struct bucket *bu = NULL;
	const struct index *ix;
	uint32_t i;

	for (i = 0; i < n; i++) {
		int64_t d = due != NULL ? due[i] : INT64_MAX;

		if (bu == NULL || bu->due != d)
			bu = state_bucket(sa, d);
		if (bu == NULL)
			return -1;
		sa->where[i] = bu;
		__builtin_prefetch(
		    &bu->index[(uint32_t)sa->hashes[i] & bu->mask]);
	}
	for (i = 0; i < n; i++) {
		bu = sa->where[i];
		ix = &bu->index[(uint32_t)sa->hashes[i] & bu->mask];
		if (ix->no != 0)
			__builtin_prefetch(state_entry(sa, bu, ix->no - 1));
	}
	return 0;
}

static int
lookup_block(struct weir__state *sa, uint32_t first, uint32_t n,
    const int64_t *due, void **slots, uint8_t *created)
{
	const union cell *ce = sa->cells;
	struct bucket *bu;
	struct entry *en;
	uint32_t i, no;

	if (block_buckets(sa, n, due != NULL ? due + first : NULL) != 0)
		return WEIR_ERROR;
	for (i = 0; i < n; i++, ce += sa->nkeys) {
		uint32_t tag = (uint32_t)sa->hashes[i];

		bu = sa->where[i];
		en = state_find(sa, bu, tag, ce, sa->nulls[i], &no);
		if (created != NULL)
			created[first + i] = en == NULL;
		if (en != NULL)
			state_mark(sa, bu, en, no);
		else
			en = state_add(sa, bu, tag, ce, sa->nulls[i]);
		if (en == NULL)
			return WEIR_ERROR;
		slots[first + i] = state_slot(sa, en);
	}
	return WEIR_OK;
}

int
weir__state_lookup(struct weir__state *sa,
    const struct weir_column *const *keys, const uint32_t *rows, uint32_t n,
    const int64_t *due, void **slots, uint8_t *created)
{
	uint32_t first, m, i, k;

	for (first = 0; first < n; first += m) {
		m = n - first < BLOCK ? n - first : BLOCK;
		memset(sa->nulls, 0, m * sizeof *sa->nulls);
		for (i = 0; i < m; i++)
			sa->hashes[i] = sa->seed;
		for (k = 0; k < sa->nkeys; k++)
			block_column(sa, k, keys[k], rows, first, m);
		if (lookup_block(sa, first, m,
			sa->spec->timed ? due : NULL, slots, created) !=
		    WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}
