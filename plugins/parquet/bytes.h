/* SPDX-License-Identifier: MIT
 *
 * A growing byte buffer over the host's allocator.  Errors are sticky: after
 * memory ran out `failed` is set and one check at the end is enough.
 */
#ifndef PARQUET_BYTES_H
#define PARQUET_BYTES_H

#include <string.h>

#include "weir/plugin.h"

struct pq_bytes {
	const struct weir_host *ho;
	uint8_t *p;
	size_t len;
	size_t cap;
	bool failed;
};

static inline void
pq_bytes_init(struct pq_bytes *b, const struct weir_host *ho)
{
	memset(b, 0, sizeof *b);
	b->ho = ho;
}

static inline void
pq_bytes_fini(struct pq_bytes *b)
{
	if (b->p != NULL)
		b->ho->free(b->p);
	b->p = NULL;
	b->len = b->cap = 0;
}

/* Let the buffer hold `cap` bytes. */
static inline bool
pq_bytes_grow(struct pq_bytes *b, size_t cap)
{
	size_t to = b->cap < 256 ? 256 : b->cap + b->cap / 2;
	void *p;

	if (b->failed)
		return false;
	if (to < cap)
		to = cap;
	p = b->ho->realloc(b->p, to);
	if (p == NULL) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = to;
	return true;
}

/* Room for n more bytes; where they go, or NULL. */
static inline uint8_t *
pq_bytes_room(struct pq_bytes *b, size_t n)
{
	if (b->cap - b->len < n && !pq_bytes_grow(b, b->len + n))
		return NULL;
	return b->failed ? NULL : b->p + b->len;
}

static inline void
pq_bytes_add(struct pq_bytes *b, const void *p, size_t n)
{
	uint8_t *to = pq_bytes_room(b, n);

	if (to != NULL && n != 0) {
		memcpy(to, p, n);
		b->len += n;
	}
}

static inline void
pq_bytes_byte(struct pq_bytes *b, uint8_t c)
{
	uint8_t *to = pq_bytes_room(b, 1);

	if (to != NULL) {
		*to = c;
		b->len++;
	}
}

/* LEB128, as thrift and the hybrid encoding write it. */
static inline size_t
pq_varint(uint8_t *to, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		to[n++] = (uint8_t)v | 0x80;
		v >>= 7;
	}
	to[n++] = (uint8_t)v;
	return n;
}

static inline void
pq_put32(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)v;
	to[1] = (uint8_t)(v >> 8);
	to[2] = (uint8_t)(v >> 16);
	to[3] = (uint8_t)(v >> 24);
}

static inline void
pq_put64(uint8_t *to, uint64_t v)
{
	pq_put32(to, (uint32_t)v);
	pq_put32(to + 4, (uint32_t)(v >> 32));
}

static inline uint32_t
pq_get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static inline uint64_t
pq_get64(const uint8_t *p)
{
	return pq_get32(p) | (uint64_t)pq_get32(p + 4) << 32;
}

#endif
