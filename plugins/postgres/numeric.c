/* SPDX-License-Identifier: MIT
 *
 * Decimals in the server's binary form (numeric_send in
 * src/backend/utils/adt/numeric.c):
 *
 *	int16 ndigits, weight, sign, dscale; ndigits digits of base 10000
 *
 * The first digit stands for 10000^weight.
 */
#include "postgres.h"

enum { BASE = 10000, NEGATIVE = 0x4000, NDIGITS = 24 };

static const uint32_t pow10[4] = { 1, 10, 100, 1000 };

/* Digits of base 10000, least first, into d[NDIGITS]; how many. */
static int
split64(uint16_t *d, uint64_t ip, uint64_t fp, unsigned scale)
{
	unsigned rest = scale % 4, groups = scale / 4;
	int n = 0;

	if (rest != 0) {
		d[n++] = (uint16_t)(fp % pow10[rest] * pow10[4 - rest]);
		fp /= pow10[rest];
	}
	for (unsigned i = 0; i < groups; i++, fp /= BASE)
		d[n++] = (uint16_t)(fp % BASE);
	for (; ip != 0; ip /= BASE)
		d[n++] = (uint16_t)(ip % BASE);
	return n;
}

static int
split128(uint16_t *d, weir_u128 v, unsigned scale)
{
	unsigned rest = scale % 4, groups = scale / 4;
	int n = 0;

	if (rest != 0) {
		d[n++] = (uint16_t)((unsigned)(v % pow10[rest]) *
		    pow10[4 - rest]);
		v /= pow10[rest];
	}
	for (unsigned i = 0; i < groups; i++, v /= BASE)
		d[n++] = (uint16_t)(v % BASE);
	for (; v > UINT64_MAX; v /= BASE)
		d[n++] = (uint16_t)(v % BASE);
	for (uint64_t u = (uint64_t)v; u != 0; u /= BASE)
		d[n++] = (uint16_t)(u % BASE);
	return n;
}

static size_t
numeric_write(char *to, uint16_t *d, int n, bool negative, unsigned scale)
{
	int nfrac = (int)(scale + 3) / 4, low = 0, i;

	while (n > 0 && d[n - 1] == 0)
		n--;
	while (low < n && d[low] == 0)
		low++;
	if (n == 0)
		low = 0;
	pg_put16(to, (uint32_t)(n - low));
	pg_put16(to + 2, (uint32_t)(n == 0 ? 0 : n - 1 - nfrac));
	pg_put16(to + 4, n > 0 && negative ? NEGATIVE : 0);
	pg_put16(to + 6, scale);
	to += 8;
	for (i = n; i-- > low; to += 2)
		pg_put16(to, d[i]);
	return 8 + 2 * (size_t)(n - low);
}

size_t
pg_numeric_put(char *to, weir_i128 v, unsigned scale)
{
	weir_u128 u = v < 0 ? -(weir_u128)v : (weir_u128)v;
	uint16_t d[NDIGITS];

	return numeric_write(to, d, split128(d, u, scale), v < 0, scale);
}

size_t
pg_numeric_put64(char *to, int64_t v, unsigned scale)
{
	static const uint64_t pow[19] = { 1, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000 };
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
	uint16_t d[NDIGITS];

	return numeric_write(to, d, split64(d, u / pow[scale], u % pow[scale],
	    scale), v < 0, scale);
}

/* 10^38 less one is the largest of ours. */
static bool
times(weir_u128 *v, unsigned by, unsigned add)
{
	const weir_u128 limit = (weir_u128)UINT64_C(5421010862427522170) << 64 |
	    UINT64_C(687399551400673280); /* 10^38 */

	if (*v > limit / by)
		return false;
	*v = *v * by + add;
	return *v < limit;
}

bool
pg_numeric_get(weir_i128 *out, const char *p, size_t n, unsigned precision,
    unsigned scale)
{
	int ndigits, weight, i, at, nfrac = (int)(scale + 3) / 4;
	unsigned sign, d;
	weir_u128 v = 0, limit = 1;

	if (n < 8)
		return false;
	ndigits = (int16_t)pg_get16(p);
	weight = (int16_t)pg_get16(p + 2);
	sign = pg_get16(p + 4);
	if (ndigits < 0 || n != 8 + 2 * (size_t)ndigits ||
	    (sign != 0 && sign != NEGATIVE))
		return false;
	/* The digit at 10000^at, from the first down to the last of ours. */
	for (at = ndigits > 0 ? weight : -1, i = 0; at >= -nfrac; at--, i++) {
		d = i < ndigits ? pg_get16(p + 8 + 2 * i) : 0;
		if (d >= BASE)
			return false;
		if (at > -nfrac || scale % 4 == 0) {
			if (!times(&v, BASE, d))
				return false;
			continue;
		}
		if (d % pow10[4 - scale % 4] != 0 ||
		    !times(&v, pow10[scale % 4], d / pow10[4 - scale % 4]))
			return false;
	}
	for (; i < ndigits; i++)
		if (pg_get16(p + 8 + 2 * i) != 0)
			return false;
	for (unsigned k = 0; k < precision; k++)
		limit *= 10;
	if (v >= limit)
		return false;
	*out = sign == NEGATIVE ? -(weir_i128)v : (weir_i128)v;
	return true;
}
