/* SPDX-License-Identifier: MIT
 *
 * The hybrid of run lengths and bit packing that levels and dictionary indices
 * are written in (Encodings.md of apache/parquet-format, "RLE = 3").
 */
#ifndef PARQUET_HYBRID_H
#define PARQUET_HYBRID_H

#include "bytes.h"

/* Bits that hold every number up to `max`. */
static inline unsigned
pq_bit_width(uint32_t max)
{
	return max == 0 ? 0 : 32 - (unsigned)__builtin_clz(max);
}

/* Append n values of `width` bits (1 to 32). */
void pq_hybrid_put(struct pq_bytes *to, const uint32_t *v, size_t n,
    unsigned width);

/* Reading, a few values at a time. */
struct pq_hybrid {
	const uint8_t *p;
	const uint8_t *end;
	unsigned width; /* 0 to 32 */
	uint32_t run;	/* values left of a run of one value */
	uint32_t value;
	uint32_t packed; /* values left of a packed run */
	unsigned bit;	 /* bits of *p that are spent */
};

void pq_hybrid_begin(struct pq_hybrid *hy, const uint8_t *p, size_t n,
    unsigned width);
/* The next n values; -1 when there are not so many. */
int pq_hybrid_get(struct pq_hybrid *hy, uint32_t *v, size_t n);
int pq_hybrid_get8(struct pq_hybrid *hy, uint8_t *v, size_t n);

#endif
