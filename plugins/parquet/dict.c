/* SPDX-License-Identifier: MIT
 *
 * Looking up and adding values of a dictionary.
 */
#include "dict.h"

#define SLOTS0 1024u
#define CHUNK 65536u

struct pq_dict_chunk {
	struct pq_dict_chunk *next;
	uint32_t used;
	uint32_t cap;
	char data[];
};

/* The two halves of a 128-bit product, folded: every bit of both numbers
 * reaches every bit of the result. */
static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	weir_u128 m = (weir_u128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t
word(const void *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

#define K0 0x9e3779b97f4a7c15u
#define K1 0xd6e8feb86659fd93u
#define K2 0xa0761d6478bd642fu

static inline uint64_t
hash_long(const char *p, uint32_t n, const uint64_t seed[2])
{
	uint64_t h = seed[0] ^ n;
	const char *end = p + n;

	for (; end - p > 16; p += 16)
		h = mix(word(p) ^ h, word(p + 8) ^ seed[1]);
	/* longer than 12, so the last 8 bytes lie in it; the 16 bytes before
	 * the end may begin in what has been mixed, or before the text */
	if (n >= 16)
		return mix(word(end - 16) ^ h, word(end - 8) ^ seed[1]);
	return mix(word(p) ^ h, word(end - 8) ^ seed[1]);
}

static inline uint64_t
hash_text(const struct weir_str *s, const uint64_t seed[2])
{
	if (s->len > WEIR_STR_SMALL)
		return hash_long(s->u.big.ptr, s->len, seed);
	return mix(word(s) ^ seed[0], word((const char *)s + 8) ^ seed[1]);
}

void
pq_dict_init(struct pq_dict *di, const struct weir_host *ho)
{
	memset(di, 0, sizeof *di);
	di->ho = ho;
	/* so that no one can choose texts that all collide */
	di->seed[0] = mix((uintptr_t)di ^ K1, (uintptr_t)&di ^ K2);
	di->seed[1] = mix(di->seed[0] ^ K2, K0);
}

static void
chunks_free(struct pq_dict *di)
{
	struct pq_dict_chunk *ch;

	while ((ch = di->chunks) != NULL) {
		di->chunks = ch->next;
		di->ho->free(ch);
	}
}

void
pq_dict_fini(struct pq_dict *di)
{
	if (di->ho == NULL)
		return;
	chunks_free(di);
	if (di->slots != NULL)
		di->ho->free(di->slots);
	if (di->v.any != NULL)
		di->ho->free(di->v.any);
	memset(di, 0, sizeof *di);
}

void
pq_dict_clear(struct pq_dict *di)
{
	/* many files may be open: a large table is not kept for each, nor is
	 * one that is large for nothing */
	if (di->slots != NULL && (di->mask >= 65536 ||
	    (di->mask >= SLOTS0 && di->n < di->mask / 16))) {
		di->ho->free(di->slots);
		di->ho->free(di->v.any);
		di->slots = NULL;
		di->v.any = NULL;
		di->cap = 0;
	}
	if (di->slots != NULL)
		memset(di->slots, 0, (di->mask + 1) * sizeof *di->slots);
	di->n = 0;
	di->bytes = 0;
	chunks_free(di);
}

size_t
pq_dict_memory(const struct pq_dict *di)
{
	size_t n = di->cap * sizeof *di->v.u128 + di->bytes;

	return di->slots == NULL ? n : n + (di->mask + 1) * sizeof *di->slots;
}

/* Room for one more value of `width` bytes, slots and all. */
static bool
dict_room(struct pq_dict *di, size_t width)
{
	uint32_t size = di->slots == NULL ? SLOTS0 : (di->mask + 1) * 4;
	uint32_t i, at, cap;
	uint64_t *to;
	void *v;

	if (di->n >= di->cap) {
		cap = di->cap == 0 ? SLOTS0 / 2 : di->cap * 2;
		v = di->ho->realloc(di->v.any, cap * width);
		if (v == NULL)
			return false;
		di->v.any = v;
		di->cap = cap;
	}
	if (di->slots != NULL && di->n < (di->mask + 1) / 2)
		return true;
	to = di->ho->zalloc(size * sizeof *to);
	if (to == NULL)
		return false;
	for (i = 0; di->slots != NULL && i <= di->mask; i++) {
		if (di->slots[i] == 0)
			continue;
		at = (uint32_t)(di->slots[i] >> 32) & (size - 1);
		while (to[at] != 0)
			at = (at + 1) & (size - 1);
		to[at] = di->slots[i];
	}
	if (di->slots != NULL)
		di->ho->free(di->slots);
	di->slots = to;
	di->mask = size - 1;
	return true;
}

/* The empty slot for a hash that is not there. */
static uint64_t *
dict_slot(struct pq_dict *di, uint32_t hash)
{
	uint32_t at = hash & di->mask;

	while (di->slots[at] != 0)
		at = (at + 1) & di->mask;
	return &di->slots[at];
}

/* A copy of the text that stays. */
static bool
keep_text(struct pq_dict *di, struct weir_str *to, const struct weir_str *s)
{
	struct pq_dict_chunk *ch = di->chunks;
	uint32_t cap;

	*to = *s;
	if (s->len <= WEIR_STR_SMALL)
		return true;
	if (ch == NULL || ch->cap - ch->used < s->len) {
		cap = s->len > CHUNK ? s->len : CHUNK;
		ch = di->ho->alloc(sizeof *ch + cap);
		if (ch == NULL)
			return false;
		*ch = (struct pq_dict_chunk){ .next = di->chunks, .cap = cap };
		di->chunks = ch;
	}
	memcpy(ch->data + ch->used, s->u.big.ptr, s->len);
	to->u.big.ptr = ch->data + ch->used;
	ch->used += s->len;
	return true;
}

static bool
add_text(struct pq_dict *di, const struct weir_str *s, uint32_t hash)
{
	if (!dict_room(di, sizeof *di->v.str) ||
	    !keep_text(di, &di->v.str[di->n], s)) {
		di->failed = true;
		return false;
	}
	*dict_slot(di, hash) = (uint64_t)hash << 32 | ++di->n;
	di->bytes += 4 + (size_t)s->len;
	return true;
}

static inline bool
same_text(const struct weir_str *a, const struct weir_str *b)
{
	if (word(a) != word(b))
		return false;
	if (a->len <= WEIR_STR_SMALL)
		return word((const char *)a + 8) == word((const char *)b + 8);
	return memcmp(a->u.big.ptr, b->u.big.ptr, a->len) == 0;
}

uint32_t
pq_dict_texts(struct pq_dict *di, const struct weir_str *s,
    const uint32_t *at, uint32_t n, uint32_t *out, size_t limit)
{
	uint32_t i, slot, hash;
	uint64_t e;

	if (di->slots == NULL && !dict_room(di, sizeof *di->v.str)) {
		di->failed = true;
		return 0;
	}
	for (i = 0; i < n; i++) {
		const struct weir_str *t = &s[at != NULL ? at[i] : i];

		hash = (uint32_t)hash_text(t, di->seed);
		for (slot = hash & di->mask; (e = di->slots[slot]) != 0;
		     slot = (slot + 1) & di->mask)
			if ((uint32_t)(e >> 32) == hash &&
			    same_text(t, &di->v.str[(uint32_t)e - 1]))
				break;
		if (e == 0) {
			if (!add_text(di, t, hash))
				return i;
			e = di->n;
		}
		out[i] = (uint32_t)e - 1;
		if (di->bytes > limit)
			return i + 1;
	}
	return n;
}

uint32_t
pq_dict_keys(struct pq_dict *di, const uint64_t *k, uint32_t n, uint32_t *out,
    size_t limit, uint32_t width)
{
	uint32_t i, slot, hash;
	uint64_t e;

	if (di->slots == NULL && !dict_room(di, sizeof *k)) {
		di->failed = true;
		return 0;
	}
	for (i = 0; i < n; i++) {
		hash = (uint32_t)mix(k[i] ^ di->seed[0], di->seed[1]);
		for (slot = hash & di->mask; (e = di->slots[slot]) != 0;
		     slot = (slot + 1) & di->mask)
			if ((uint32_t)(e >> 32) == hash &&
			    di->v.u64[(uint32_t)e - 1] == k[i])
				break;
		if (e == 0) {
			if (!dict_room(di, sizeof *k)) {
				di->failed = true;
				return i;
			}
			di->v.u64[di->n++] = k[i];
			*dict_slot(di, hash) = (uint64_t)hash << 32 | di->n;
			di->bytes += width;
			e = di->n;
		}
		out[i] = (uint32_t)e - 1;
		if (di->bytes > limit)
			return i + 1;
	}
	return n;
}

uint32_t
pq_dict_wide(struct pq_dict *di, const weir_u128 *k, const uint32_t *at,
    uint32_t n, uint32_t *out, size_t limit, uint32_t width)
{
	uint32_t i, slot, hash;
	uint64_t e;

	if (di->slots == NULL && !dict_room(di, sizeof *k)) {
		di->failed = true;
		return 0;
	}
	for (i = 0; i < n; i++) {
		weir_u128 v = k[at != NULL ? at[i] : i];

		hash = (uint32_t)mix((uint64_t)v ^ di->seed[0],
		    (uint64_t)(v >> 64) ^ di->seed[1]);
		for (slot = hash & di->mask; (e = di->slots[slot]) != 0;
		     slot = (slot + 1) & di->mask)
			if ((uint32_t)(e >> 32) == hash &&
			    di->v.u128[(uint32_t)e - 1] == v)
				break;
		if (e == 0) {
			if (!dict_room(di, sizeof *k)) {
				di->failed = true;
				return i;
			}
			di->v.u128[di->n++] = v;
			*dict_slot(di, hash) = (uint64_t)hash << 32 | di->n;
			di->bytes += width;
			e = di->n;
		}
		out[i] = (uint32_t)e - 1;
		if (di->bytes > limit)
			return i + 1;
	}
	return n;
}
