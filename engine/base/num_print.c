/* SPDX-License-Identifier: MIT
 *
 * Floats to the shortest text that reads back as the same float: the algorithm
 * Schubfach of R. Giulietti, "The Schubfach way to render doubles", 2020.
 *
 * The numbers that round to v = c * 2^q lie between vl and vr.  With 10^k the
 * largest power not above vr - vl, either one multiple of 10^(k+1) lies there
 * and is the shortest, or the multiples of 10^k around v are looked at.  All
 * is computed in quarters, times 10^-k, rounded to odd.
 */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/num_pow.h"

__extension__ typedef unsigned __int128 u128;

/* floor(g * c / 2^128), its lowest bit set when anything was lost. */
static uint64_t
scaled(uint64_t hi, uint64_t lo, uint64_t c)
{
	u128 x = (u128)lo * c;
	u128 y = (u128)hi * c + (uint64_t)(x >> 64);

	return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* `closer`: the neighbour below is half as far as the one above. */
static void
shortest(uint64_t *digits, int32_t *exp10, uint64_t c, int32_t q, bool closer)
{
	int32_t k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
	int32_t h = q + ((-k * 1741647) >> 19) + 1;
	const uint64_t *t = weir__num_pow5[-k - WEIR__POW5_MIN];
	uint64_t lo = t[1] + (-k < -27 || -k > 55);
	uint64_t hi = t[0] + (lo < t[1]);
	uint64_t odd = c & 1, low, high, v, s, sp;
	bool in, in_next;

	low = scaled(hi, lo, (4 * c - 2 + closer) << h) + odd;
	v = scaled(hi, lo, 4 * c << h);
	high = scaled(hi, lo, (4 * c + 2) << h) - odd;
	s = v / 4;
	if (s >= 10) {
		sp = s / 10;
		in = low <= 40 * sp;
		in_next = 40 * sp + 40 <= high;
		if (in != in_next) {
			*digits = sp + in_next;
			*exp10 = k + 1;
			return;
		}
	}
	in = low <= 4 * s;
	in_next = 4 * s + 4 <= high;
	*exp10 = k;
	if (in != in_next)
		*digits = s + in_next;
	else
		*digits = s + (v > 4 * s + 2 || (v == 4 * s + 2 && (s & 1)));
}

static void
strip(uint64_t *digits, int32_t *exp10)
{
	static const uint32_t by[] = { 100000000, 10000, 100, 10 };
	unsigned i;

	for (i = 0; i < 4; i++) {
		while (*digits % by[i] == 0) {
			*digits /= by[i];
			*exp10 += 8 >> i;
		}
	}
}

void
weir__f64_shortest(uint64_t *digits, int32_t *exp10, double v)
{
	uint64_t bits, c;
	int32_t e;

	memcpy(&bits, &v, sizeof bits);
	c = bits & ((UINT64_C(1) << 52) - 1);
	e = (int32_t)(bits >> 52 & 0x7ff);
	if (e != 0)
		c |= UINT64_C(1) << 52;
	if (e >= 1023 && e <= 1075 &&
	    (c & ((UINT64_C(1) << (1075 - e)) - 1)) == 0) {
		*digits = c >> (1075 - e); /* a whole number */
		*exp10 = 0;
	} else {
		shortest(digits, exp10, c, (e != 0 ? e : 1) - 1075,
		    e > 1 && (c << 12) == 0);
	}
	strip(digits, exp10);
}

static void
shortest32(uint64_t *digits, int32_t *exp10, float v)
{
	uint32_t bits, c;
	int32_t e;

	memcpy(&bits, &v, sizeof bits);
	c = bits & 0x7fffff;
	e = (int32_t)(bits >> 23 & 0xff);
	if (e != 0)
		c |= 0x800000;
	shortest(digits, exp10, c, (e != 0 ? e : 1) - 150,
	    e > 1 && (c << 9) == 0);
	strip(digits, exp10);
}

/* digits * 10^exp10, positional or with an exponent. */
static size_t
layout(char *out, uint64_t digits, int32_t exp10)
{
	char text[WEIR__NUM_TEXT], *to = out;
	int32_t n = (int32_t)weir__u64_print(text, digits);
	int32_t point = n + exp10; /* digits before the point */
	int32_t e = point - 1;

	if (e < -5 || e > 20) {
		*to++ = text[0];
		if (n > 1) {
			*to++ = '.';
			memcpy(to, text + 1, (size_t)n - 1);
			to += n - 1;
		}
		*to++ = 'e';
		*to++ = e < 0 ? '-' : '+';
		e = e < 0 ? -e : e;
		if (e < 10)
			*to++ = '0';
		return (size_t)(to - out) + weir__u64_print(to, (uint64_t)e);
	}
	if (point <= 0) {
		memcpy(to, "0.00000", (size_t)(2 - point));
		memcpy(to + 2 - point, text, (size_t)n);
		return (size_t)(2 - point + n);
	}
	if (point >= n) {
		memcpy(to, text, (size_t)n);
		memset(to + n, '0', (size_t)(point - n));
		return (size_t)point;
	}
	memcpy(to, text, (size_t)point);
	to[point] = '.';
	memcpy(to + point + 1, text + point, (size_t)(n - point));
	return (size_t)n + 1;
}

/* nan, inf, 0 and signs; 0 where digits are needed. */
static size_t
plain(char *out, bool neg, bool nan, bool inf, bool zero)
{
	if (nan) {
		memcpy(out, "nan", 3);
		return 3;
	}
	if (neg)
		*out++ = '-';
	if (inf) {
		memcpy(out, "inf", 3);
		return 3 + (size_t)neg;
	}
	if (zero) {
		*out = '0';
		return 1 + (size_t)neg;
	}
	return 0;
}

size_t
weir__f64_print(char *out, double v)
{
	bool neg = signbit(v) != 0;
	size_t n = plain(out, neg, isnan(v), isinf(v), v == 0);
	uint64_t digits;
	int32_t exp10;

	if (n != 0)
		return n;
	weir__f64_shortest(&digits, &exp10, fabs(v));
	return (size_t)neg + layout(out + neg, digits, exp10);
}

size_t
weir__f32_print(char *out, float v)
{
	bool neg = signbit(v) != 0;
	size_t n = plain(out, neg, isnan(v), isinf(v), v == 0);
	uint64_t digits;
	int32_t exp10;

	if (n != 0)
		return n;
	shortest32(&digits, &exp10, fabsf(v));
	return (size_t)neg + layout(out + neg, digits, exp10);
}
