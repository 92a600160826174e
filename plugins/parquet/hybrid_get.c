/* SPDX-License-Identifier: MIT
 *
 * Reading the hybrid encoding, from bytes that may be anything.
 */
#include "hybrid.h"

void
pq_hybrid_begin(struct pq_hybrid *hy, const uint8_t *p, size_t n,
    unsigned width)
{
	memset(hy, 0, sizeof *hy);
	hy->p = p;
	hy->end = p + n;
	hy->width = width;
}

/* The header of the next run; -1 when there is none. */
static int
next_run(struct pq_hybrid *hy)
{
	uint64_t head = 0, groups;
	unsigned shift = 0, i;

	do {
		if (hy->p >= hy->end || shift > 35)
			return -1;
		head |= (uint64_t)(*hy->p & 0x7f) << shift;
		shift += 7;
	} while (*hy->p++ >= 0x80);
	hy->bit = 0;
	if ((head & 1) != 0) {
		groups = head >> 1;
		/* the last run may be cut short */
		if (groups > UINT32_MAX / 8)
			return -1;
		hy->packed = (uint32_t)groups * 8;
		return groups != 0 || hy->p < hy->end ? 0 : -1;
	}
	if (head >> 1 > UINT32_MAX ||
	    (size_t)(hy->end - hy->p) < (hy->width + 7) / 8)
		return -1;
	hy->run = (uint32_t)(head >> 1);
	hy->value = 0;
	for (i = 0; i < hy->width; i += 8)
		hy->value |= (uint32_t)*hy->p++ << i;
	if (hy->width < 32)
		hy->value &= (UINT32_C(1) << hy->width) - 1;
	return 0;
}

/* n packed values, all of them inside the bytes. */
static void
unpack(struct pq_hybrid *hy, uint32_t *v, size_t n)
{
	uint64_t mask = hy->width == 0 ? 0 : UINT64_MAX >> (64 - hy->width);
	unsigned w = hy->width, bit = hy->bit, k;
	const uint8_t *p = hy->p;
	uint64_t x;
	size_t i;

	for (i = 0; i < n; i++) {
		if (hy->end - p >= 8)
			x = pq_get64(p);
		else
			for (x = 0, k = 0; p + k < hy->end; k++)
				x |= (uint64_t)p[k] << 8 * k;
		v[i] = (uint32_t)(x >> bit & mask);
		bit += w;
		p += bit >> 3;
		bit &= 7;
	}
	hy->p = p;
	hy->bit = bit;
}

/* How many packed values the bytes still hold. */
static uint64_t
packed_left(const struct pq_hybrid *hy)
{
	if (hy->width == 0)
		return hy->packed;
	return ((uint64_t)(hy->end - hy->p) * 8 - hy->bit) / hy->width;
}

int
pq_hybrid_get(struct pq_hybrid *hy, uint32_t *v, size_t n)
{
	size_t m, i;

	while (n > 0) {
		if (hy->run != 0) {
			m = hy->run < n ? hy->run : n;
			for (i = 0; i < m; i++)
				v[i] = hy->value;
			hy->run -= (uint32_t)m;
		} else if (hy->packed != 0) {
			m = hy->packed < n ? hy->packed : n;
			if (packed_left(hy) < m)
				return -1;
			unpack(hy, v, m);
			hy->packed -= (uint32_t)m;
			if (hy->packed == 0 && hy->bit != 0) {
				hy->p++;
				hy->bit = 0;
			}
		} else {
			if (next_run(hy) != 0)
				return -1;
			continue;
		}
		v += m;
		n -= m;
	}
	return 0;
}

int
pq_hybrid_get8(struct pq_hybrid *hy, uint8_t *v, size_t n)
{
	uint32_t wide[256];
	size_t m, i;

	while (n > 0) {
		if (hy->run != 0) {
			m = hy->run < n ? hy->run : n;
			memset(v, (int)hy->value, m);
			hy->run -= (uint32_t)m;
		} else {
			m = n < 256 ? n : 256;
			if (hy->packed != 0 && hy->packed < m)
				m = hy->packed;
			if (hy->packed == 0) {
				if (next_run(hy) != 0)
					return -1;
				continue;
			}
			if (pq_hybrid_get(hy, wide, m) != 0)
				return -1;
			for (i = 0; i < m; i++)
				v[i] = (uint8_t)wide[i];
		}
		v += m;
		n -= m;
	}
	return 0;
}
