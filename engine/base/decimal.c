/* SPDX-License-Identifier: MIT
 *
 * Decimal arithmetic: sign and magnitude, 256 bits in between, one function
 * that brings every result to its scale and precision.
 */
#include "base/decimal.h"

#include <math.h>
#include <string.h>

#define E18 INT64_C(1000000000000000000)
#define P(a, b) ((weir_i128)(a) * (b))
#define P20(a) P(P(E18, 100), a)

const weir_i128 weir__decimal_pow10[39] = { 1, 10, 100, 1000, 10000, 100000,
	1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
	1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	10000000000000000, 100000000000000000, E18, P(E18, 10), P20(1),
	P20(10), P20(100), P20(1000), P20(10000), P20(100000), P20(1000000),
	P20(10000000), P20(100000000), P20(1000000000), P20(10000000000),
	P20(100000000000), P20(1000000000000), P20(10000000000000),
	P20(100000000000000), P20(1000000000000000), P20(10000000000000000),
	P20(100000000000000000), P20(E18) };

const int64_t weir__decimal_pow10_64[19] = { 1, 10, 100, 1000, 10000, 100000,
	1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
	1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	10000000000000000, 100000000000000000, E18 };

struct u256 {
	weir_u128 hi;
	weir_u128 lo;
};

static weir_u128
pow10u(unsigned e)
{
	return (weir_u128)weir__decimal_pow10[e];
}

static weir_u128
magnitude(weir_i128 v)
{
	return v < 0 ? 0 - (weir_u128)v : (weir_u128)v;
}

static struct u256
wide_mul(weir_u128 a, weir_u128 b)
{
	uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
	uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
	weir_u128 low = (weir_u128)a0 * b0;
	weir_u128 m1 = (weir_u128)a1 * b0 + (uint64_t)(low >> 64);
	weir_u128 m2 = (weir_u128)a0 * b1 + (uint64_t)m1;

	return (struct u256){
		.hi = (weir_u128)a1 * b1 + (m1 >> 64) + (m2 >> 64),
		.lo = m2 << 64 | (uint64_t)low,
	};
}

static int
wide_cmp(struct u256 a, struct u256 b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return (a.lo > b.lo) - (a.lo < b.lo);
}

static struct u256
wide_add(struct u256 a, struct u256 b)
{
	struct u256 r = { a.hi + b.hi, a.lo + b.lo };

	r.hi += r.lo < a.lo;
	return r;
}

static struct u256
wide_sub(struct u256 a, struct u256 b)
{
	return (struct u256){ a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo };
}

/* One digit (base 2^64) of a long division: (rem, next) / d with d's top bit
 * set and rem < d.  Knuth, The Art of Computer Programming 2, 4.3.1 D. */
static uint64_t
div_digit(weir_u128 *rem, uint64_t next, weir_u128 d)
{
	uint64_t d1 = (uint64_t)(d >> 64), d0 = (uint64_t)d;
	weir_u128 q = *rem / d1, r = *rem % d1;

	while (q >> 64 != 0 || q * d0 > (r << 64 | next)) {
		q--;
		r += d1;
		if (r >> 64 != 0)
			break;
	}
	*rem = (*rem << 64 | next) - q * d;
	return (uint64_t)q;
}

/* n / d; needs n.hi < d, so that the quotient has 128 bits. */
static weir_u128
wide_div(struct u256 n, weir_u128 d, weir_u128 *rem)
{
	uint64_t q1, q0;
	unsigned s;

	if (n.hi == 0) {
		*rem = n.lo % d;
		return n.lo / d;
	}
	if (d >> 64 == 0) {
		/* n.hi < d < 2^64: two steps of 128 by 64 bits. */
		weir_u128 a = n.hi << 64 | (uint64_t)(n.lo >> 64);
		weir_u128 b = a % d << 64 | (uint64_t)n.lo;

		*rem = b % d;
		return (a / d) << 64 | (b / d);
	}
	s = (unsigned)__builtin_clzll((uint64_t)(d >> 64));
	d <<= s;
	if (s != 0) {
		n.hi = n.hi << s | n.lo >> (128 - s);
		n.lo <<= s;
	}
	q1 = div_digit(&n.hi, (uint64_t)(n.lo >> 64), d);
	q0 = div_digit(&n.hi, (uint64_t)n.lo, d);
	*rem = n.hi >> s;
	return (weir_u128)q1 << 64 | q0;
}

/* Add one to the quotient?  rem is what is left of den; `more` says that a
 * little more than rem is left. */
static bool
round_up(enum weir__round how, bool odd, weir_u128 rem, weir_u128 den,
    bool more)
{
	weir_u128 other = den - rem; /* rem < den */

	switch (how) {
	case WEIR__HALF_EVEN:
		return rem > other || (rem == other && (more || odd));
	case WEIR__HALF_UP:
		return rem >= other;
	default:
		return false;
	}
}

static enum weir__num
give(weir_i128 *out, bool neg, weir_u128 v, unsigned p)
{
	if (v >= pow10u(p))
		return WEIR__NUM_RANGE;
	*out = neg ? -(weir_i128)v : (weir_i128)v;
	return WEIR__NUM_OK;
}

/* The magnitude n of scale `from` as decimal(p, to). */
static enum weir__num
finish(weir_i128 *out, bool neg, struct u256 n, unsigned from, unsigned to,
    unsigned p, enum weir__round how)
{
	weir_u128 den, q, rem = 0;
	bool more = false;
	unsigned d;

	if (to >= from) {
		if (n.hi != 0 || to - from > WEIR__DECIMAL_DIGITS)
			return (n.hi | n.lo) != 0 ? WEIR__NUM_RANGE
						  : give(out, neg, 0, p);
		n = wide_mul(n.lo, pow10u(to - from));
		return n.hi != 0 ? WEIR__NUM_RANGE : give(out, neg, n.lo, p);
	}
	d = from - to;
	if (d > WEIR__DECIMAL_DIGITS) {
		/* In two steps: 10^38 first. */
		den = pow10u(WEIR__DECIMAL_DIGITS);
		if (n.hi >= den)
			return WEIR__NUM_RANGE;
		n.lo = wide_div(n, den, &rem);
		n.hi = 0;
		more = rem != 0;
		d -= WEIR__DECIMAL_DIGITS;
	}
	den = pow10u(d);
	if (n.hi >= den)
		return WEIR__NUM_RANGE;
	q = wide_div(n, den, &rem);
	if (how == WEIR__EXACT && (rem != 0 || more))
		return q >= pow10u(p) ? WEIR__NUM_RANGE : WEIR__NUM_INEXACT;
	q += round_up(how, q & 1, rem, den, more);
	return give(out, neg, q, p);
}

static struct u256
narrow(weir_u128 v)
{
	return (struct u256){ 0, v };
}

enum weir__num
weir__decimal_rescale(weir_i128 *out, weir_i128 v, unsigned from, unsigned to,
    unsigned precision, enum weir__round round)
{
	if (from == to)
		return give(out, v < 0, magnitude(v), precision);
	return finish(out, v < 0, narrow(magnitude(v)), from, to, precision,
	    round);
}

enum weir__num
weir__decimal_add(weir_i128 *out, weir_i128 a, unsigned as, weir_i128 b,
    unsigned bs, unsigned p, unsigned s)
{
	unsigned m = as > bs ? as : bs;
	struct u256 x, y, r;
	bool neg;
	int c;

	if (as == bs && as == s) {
		/* Below 2 * 10^38, or it would not fit anyhow. */
		if (__builtin_add_overflow(a, b, out))
			return WEIR__NUM_RANGE;
		return weir__decimal_fits(*out, p) ? WEIR__NUM_OK
						   : WEIR__NUM_RANGE;
	}
	x = wide_mul(magnitude(a), pow10u(m - as));
	y = wide_mul(magnitude(b), pow10u(m - bs));
	if ((a < 0) == (b < 0)) {
		neg = a < 0;
		r = wide_add(x, y);
	} else {
		c = wide_cmp(x, y);
		neg = c >= 0 ? a < 0 : b < 0;
		r = c >= 0 ? wide_sub(x, y) : wide_sub(y, x);
	}
	return finish(out, neg, r, m, s, p, WEIR__HALF_EVEN);
}

enum weir__num
weir__decimal_sub(weir_i128 *out, weir_i128 a, unsigned as, weir_i128 b,
    unsigned bs, unsigned p, unsigned s)
{
	return weir__decimal_add(out, a, as, -b, bs, p, s);
}

enum weir__num
weir__decimal_mul(weir_i128 *out, weir_i128 a, unsigned as, weir_i128 b,
    unsigned bs, unsigned p, unsigned s)
{
	if (as + bs == s && a == (int64_t)a && b == (int64_t)b) {
		*out = (weir_i128)(int64_t)a * (int64_t)b;
		return weir__decimal_fits(*out, p) ? WEIR__NUM_OK
						   : WEIR__NUM_RANGE;
	}
	return finish(out, (a < 0) != (b < 0),
	    wide_mul(magnitude(a), magnitude(b)), as + bs, s, p,
	    WEIR__HALF_EVEN);
}

enum weir__num
weir__decimal_div(weir_i128 *out, weir_i128 a, unsigned as, weir_i128 b,
    unsigned bs, unsigned p, unsigned s)
{
	weir_u128 den = magnitude(b), q, rem;
	struct u256 n = narrow(magnitude(a));
	unsigned up = s + bs; /* quotient: a / b * 10^(up - as) */

	if (b == 0)
		return WEIR__NUM_ZERO;
	if (up >= as) {
		up -= as;
		/* From 10^76 on, no divisor makes it fit. */
		if (n.lo != 0 && weir__decimal_digits(a) + up > 76)
			return WEIR__NUM_RANGE;
		if (up > WEIR__DECIMAL_DIGITS && n.lo != 0) {
			n.lo *= pow10u(up - WEIR__DECIMAL_DIGITS);
			up = WEIR__DECIMAL_DIGITS;
		}
		if (n.lo != 0)
			n = wide_mul(n.lo, pow10u(up));
	} else {
		struct u256 w = wide_mul(den, pow10u(as - up));

		/* Above twice 10^38 nothing is left, not even a half. */
		if (w.hi != 0 || w.lo > 2 * pow10u(WEIR__DECIMAL_DIGITS))
			return give(out, false, 0, p);
		den = w.lo;
	}
	if (n.hi >= den)
		return WEIR__NUM_RANGE;
	q = wide_div(n, den, &rem);
	q += round_up(WEIR__HALF_EVEN, q & 1, rem, den, false);
	return give(out, (a < 0) != (b < 0), q, p);
}

enum weir__num
weir__decimal_mod(weir_i128 *out, weir_i128 a, unsigned as, weir_i128 b,
    unsigned bs, unsigned p, unsigned s)
{
	unsigned m = as > bs ? as : bs;
	struct u256 x = wide_mul(magnitude(a), pow10u(m - as));
	struct u256 y = wide_mul(magnitude(b), pow10u(m - bs));
	weir_u128 rem;

	if (b == 0)
		return WEIR__NUM_ZERO;
	if (wide_cmp(x, y) >= 0) {
		/* y has 128 bits: x has, or y was not scaled up. */
		x.hi %= y.lo;
		wide_div(x, y.lo, &rem);
		x = narrow(rem);
	}
	return finish(out, a < 0, x, m, s, p, WEIR__HALF_EVEN);
}

int
weir__decimal_cmp(weir_i128 a, unsigned as, weir_i128 b, unsigned bs)
{
	unsigned m = as > bs ? as : bs;
	int c;

	if (as == bs || a == 0 || b == 0 || (a < 0) != (b < 0))
		return (a > b) - (a < b);
	c = wide_cmp(wide_mul(magnitude(a), pow10u(m - as)),
	    wide_mul(magnitude(b), pow10u(m - bs)));
	return a < 0 ? -c : c;
}

enum weir__num
weir__decimal_from_i64(weir_i128 *out, int64_t v, unsigned p, unsigned s)
{
	return weir__decimal_rescale(out, v, 0, s, p, WEIR__EXACT);
}

enum weir__num
weir__decimal_to_i64(int64_t *out, weir_i128 v, unsigned scale,
    enum weir__round round)
{
	weir_i128 w;
	enum weir__num rc = weir__decimal_rescale(&w, v, scale, 0,
	    WEIR__DECIMAL_DIGITS, round);

	if (rc == WEIR__NUM_OK && w != (int64_t)w)
		rc = WEIR__NUM_RANGE;
	if (rc == WEIR__NUM_OK)
		*out = (int64_t)w;
	return rc;
}

/* The true value of a float: m * 2^e * 10^s, rounded. */
static enum weir__num
from_binary(weir_i128 *out, double v, unsigned p, unsigned s,
    enum weir__round round)
{
	int e;
	weir_u128 m, rem, den, q;
	struct u256 n;
	bool more = false;

	m = (weir_u128)(uint64_t)ldexp(frexp(fabs(v), &e), 53);
	e -= 53;
	n = wide_mul(m, pow10u(s)); /* up to 180 bits */
	for (; e > 0; e--) {
		if (n.hi != 0)
			return WEIR__NUM_RANGE;
		n = wide_add(n, n);
	}
	for (; e < -120; e++) {
		more |= (n.lo & 1) != 0;
		n.lo = n.lo >> 1 | n.hi << 127;
		n.hi >>= 1;
		if ((n.hi | n.lo) == 0)
			return give(out, false, 0, p);
	}
	den = (weir_u128)1 << -e;
	if (n.hi >= den)
		return WEIR__NUM_RANGE;
	q = wide_div(n, den, &rem);
	q += round_up(round, q & 1, rem, den, more);
	return give(out, v < 0, q, p);
}

enum weir__num
weir__decimal_from_f64(weir_i128 *out, double v, unsigned p, unsigned s,
    enum weir__round round)
{
	uint64_t digits;
	int32_t e;

	if (!isfinite(v) || fabs(v) >= 1e39)
		return WEIR__NUM_RANGE;
	*out = 0;
	if (v == 0)
		return WEIR__NUM_OK;
	if (round != WEIR__EXACT)
		return from_binary(out, v, p, s, round);
	weir__f64_shortest(&digits, &e, fabs(v));
	if (e < -2 * WEIR__DECIMAL_DIGITS)
		return WEIR__NUM_INEXACT;
	if (e > 0)
		return finish(out, v < 0,
		    wide_mul(digits, pow10u((unsigned)e)), 0, s, p, round);
	return finish(out, v < 0, narrow(digits), (unsigned)-e, s, p, round);
}

double
weir__decimal_to_f64(weir_i128 v, unsigned scale)
{
	weir_u128 m = magnitude(v);
	char text[WEIR__DECIMAL_TEXT];
	double d = 0;

	if (m >> 63 == 0)
		weir__f64_make(&d, v < 0, (uint64_t)m, -(int32_t)scale);
	else
		weir__f64_parse(&d, text, weir__decimal_print(text, v, scale));
	return v == 0 ? 0 : d;
}

unsigned
weir__decimal_digits(weir_i128 v)
{
	weir_u128 m = magnitude(v);
	unsigned n, bits;

	if (m < 10)
		return 1;
	bits = m >> 64 != 0 ? 128 - (unsigned)__builtin_clzll(m >> 64)
			    : 64 - (unsigned)__builtin_clzll((uint64_t)m);
	n = bits * 1233 >> 12; /* log10(2) * bits, at most one too few */
	return n + (n > 38 || m >= pow10u(n));
}

/* --- result types --- */

static unsigned
lesser(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned
greater(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static bool
type(struct weir__decimal_type *out, unsigned p, unsigned s)
{
	out->precision = (uint8_t)lesser(WEIR__DECIMAL_DIGITS, greater(p, 1));
	out->scale = (uint8_t)lesser(WEIR__DECIMAL_DIGITS, s);
	return s <= WEIR__DECIMAL_DIGITS;
}

bool
weir__decimal_add_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b)
{
	unsigned s = greater(a.scale, b.scale);

	return type(out,
	    greater(a.precision - a.scale, b.precision - b.scale) + s + 1, s);
}

bool
weir__decimal_mul_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b)
{
	return type(out, (unsigned)a.precision + b.precision,
	    (unsigned)a.scale + b.scale);
}

bool
weir__decimal_div_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b)
{
	unsigned s = greater(6, a.scale + 4u);

	return type(out, a.precision - a.scale + b.scale + s, s);
}

bool
weir__decimal_mod_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b)
{
	unsigned s = greater(a.scale, b.scale);

	return type(out,
	    lesser(a.precision - a.scale, b.precision - b.scale) + s, s);
}

bool
weir__decimal_sum_type(struct weir__decimal_type *out,
    struct weir__decimal_type a)
{
	return type(out, WEIR__DECIMAL_DIGITS, a.scale);
}

bool
weir__decimal_avg_type(struct weir__decimal_type *out,
    struct weir__decimal_type a)
{
	return type(out, a.precision + 4u, a.scale + 4u);
}
