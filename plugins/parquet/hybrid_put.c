/* SPDX-License-Identifier: MIT
 *
 * Writing the hybrid encoding: packed groups of eight, and a run wherever one
 * is shorter.
 */
#include "hybrid.h"

#define SLACK 16 /* bytes that pack8 may write beyond its group */

/* Eight values, `w` bytes. */
static inline void
pack8(uint8_t *to, const uint32_t *v, unsigned w)
{
	uint64_t lo, hi, acc = 0;
	unsigned i, bits = 0;

	if (w <= 16) {
		lo = v[0] | (uint64_t)v[1] << w | (uint64_t)v[2] << 2 * w |
		    (uint64_t)v[3] << 3 * w;
		hi = v[4] | (uint64_t)v[5] << w | (uint64_t)v[6] << 2 * w |
		    (uint64_t)v[7] << 3 * w;
		if (w <= 8)
			pq_put64(to, lo | hi << 4 * w % 64);
		else if (w == 16) {
			pq_put64(to, lo);
			pq_put64(to + 8, hi);
		} else {
			pq_put64(to, lo | hi << 4 * w);
			pq_put64(to + 8, hi >> (64 - 4 * w));
		}
		return;
	}
	for (i = 0; i < 8; i++) {
		acc |= (uint64_t)v[i] << bits;
		for (bits += w; bits >= 8; bits -= 8) {
			*to++ = (uint8_t)acc;
			acc >>= 8;
		}
	}
}

static inline bool
uniform8(const uint32_t *v)
{
	uint32_t x = v[0], d = 0;
	unsigned i;

	for (i = 1; i < 8; i++)
		d |= v[i] ^ x;
	return d == 0;
}

/* n values as packed groups, the last one filled up with zeroes. */
static uint8_t *
put_packed(uint8_t *to, const uint32_t *v, size_t n, unsigned w)
{
	size_t groups = (n + 7) / 8, i;
	uint32_t last[8] = { 0 };

	if (n == 0)
		return to;
	to += pq_varint(to, groups << 1 | 1);
	for (i = 0; i + 8 <= n; i += 8, to += w)
		pack8(to, v + i, w);
	if (i < n) {
		memcpy(last, v + i, (n - i) * sizeof *v);
		pack8(to, last, w);
		to += w;
	}
	return to;
}

static uint8_t *
put_run(uint8_t *to, uint32_t v, size_t n, unsigned w)
{
	unsigned i;

	to += pq_varint(to, n << 1);
	for (i = 0; i < w; i += 8)
		*to++ = (uint8_t)(v >> i);
	return to;
}

void
pq_hybrid_put(struct pq_bytes *out, const uint32_t *v, size_t n, unsigned w)
{
	/* a run must save its own bytes and the next group's header */
	size_t least = 8 * ((w + 7) / 8 + 6) / w + 8;
	size_t i = 0, from = 0, end;
	uint8_t *to;

	to = pq_bytes_room(out, (n + 7) / 8 * w + 32 + SLACK);
	if (to == NULL)
		return;
	while (i + 8 <= n) {
		if (!uniform8(v + i)) {
			i += 8;
			continue;
		}
		for (end = i + 8; end < n && v[end] == v[i];)
			end++;
		if (end - i < least) {
			i += (end - i) & ~(size_t)7;
			continue;
		}
		to = put_packed(to, v + from, i - from, w);
		to = put_run(to, v[i], end - i, w);
		i = from = end;
	}
	to = put_packed(to, v + from, n - from, w);
	out->len = (size_t)(to - out->p);
}
