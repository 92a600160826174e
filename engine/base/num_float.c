/* SPDX-License-Identifier: MIT
 *
 * Floats from text, correctly rounded.
 *
 *	text ─► digits * 10^exp ─┬─ small: one exact multiplication (Clinger)
 *	                         ├─ up to 19 digits: 128-bit product (Lemire)
 *	                         └─ longer, and still in doubt: big integers
 *
 * W. D. Clinger, "How to read floating point numbers accurately", 1990;
 * D. Lemire, "Number parsing at a gigabyte per second", 2021; N. Mushtak and
 * D. Lemire, "Fast number parsing without fallback", 2022.
 */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/num_pow.h"

__extension__ typedef unsigned __int128 u128;

/* The parts of a number in text. */
struct scan {
	const char *digits; /* the first that is not a leading zero */
	const char *end;    /* after the last digit; a point may lie between */
	int64_t exp10;	    /* of the last digit of `head` */
	uint64_t head;	    /* the first 19 digits */
	bool neg;
	bool cut; /* digits after those are not all zero */
	bool special;
};

static double
from_bits(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	return d;
}

static uint64_t
to_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

/* The bits of w * 10^q rounded to nearest even; w is not 0. */
static uint64_t
product(uint64_t w, int32_t q)
{
	const uint64_t *t;
	uint64_t hi, lo, m;
	int lz, up, shift, e;
	u128 a, b;

	if (q < WEIR__POW5_MIN)
		return 0;
	if (q > 308)
		return UINT64_C(0x7ff) << 52;
	t = weir__num_pow5[q - WEIR__POW5_MIN];
	lz = __builtin_clzll(w);
	w <<= lz;
	a = (u128)w * t[0];
	if (((uint64_t)(a >> 64) & 0x1ff) == 0x1ff) {
		b = (u128)w * t[1];
		a += (uint64_t)(b >> 64);
	}
	hi = (uint64_t)(a >> 64);
	lo = (uint64_t)a;
	up = (int)(hi >> 63);
	shift = up + 64 - 52 - 3;
	m = hi >> shift;
	e = ((217706 * q) >> 16) + 63 + up - lz + 1023;
	if (e <= 0) { /* subnormal */
		if (1 - e >= 64)
			return 0;
		m >>= 1 - e;
		m += m & 1;
		return m >> 1; /* a carry makes the least normal number */
	}
	/* Exactly between two: only possible for small powers. */
	if (lo <= 1 && q >= -4 && q <= 23 && (m & 3) == 1 && m << shift == hi)
		m &= ~(uint64_t)1;
	m += m & 1;
	m >>= 1;
	if (m >> 53 != 0) {
		m >>= 1;
		e++;
	}
	if (e >= 0x7ff)
		return UINT64_C(0x7ff) << 52;
	return (m & ~(UINT64_C(1) << 52)) | (uint64_t)e << 52;
}

bool
weir__f64_make(double *out, bool negative, uint64_t digits, int32_t exp10)
{
	static const double pow10[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
		1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
		1e19, 1e20, 1e21, 1e22 };
	double d;

	if (digits >> 53 == 0 && exp10 >= -22 && exp10 <= 22) {
		d = (double)digits;
		d = exp10 < 0 ? d / pow10[-exp10] : d * pow10[exp10];
	} else {
		d = digits == 0 ? 0 : from_bits(product(digits, exp10));
	}
	*out = negative ? -d : d;
	return true;
}

/* --- big integers, least word first --- */

#define BIG_WORDS 132 /* 8448 bits; 769 digits and 2^2200 stay below */
#define BIG_DIGITS 768

struct big {
	uint32_t n;
	uint64_t w[BIG_WORDS];
};

static void
big_mul(struct big *b, uint64_t by, uint64_t add)
{
	uint32_t i;
	u128 t;

	for (i = 0; i < b->n; i++) {
		t = (u128)b->w[i] * by + add;
		b->w[i] = (uint64_t)t;
		add = (uint64_t)(t >> 64);
	}
	if (add != 0 && b->n < BIG_WORDS)
		b->w[b->n++] = add;
}

static void
big_pow5(struct big *b, int64_t e)
{
	for (; e >= 27; e -= 27)
		big_mul(b, UINT64_C(7450580596923828125), 0);
	for (; e > 0; e--)
		big_mul(b, 5, 0);
}

static void
big_shift(struct big *b, int64_t by)
{
	uint32_t words = (uint32_t)(by / 64), i;

	big_mul(b, UINT64_C(1) << (by % 64), 0);
	if (words == 0 || b->n == 0 || b->n + words > BIG_WORDS)
		return;
	memmove(b->w + words, b->w, b->n * sizeof *b->w);
	for (i = 0; i < words; i++)
		b->w[i] = 0;
	b->n += words;
}

static int
big_cmp(const struct big *a, const struct big *b)
{
	uint32_t i;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (i = a->n; i-- > 0;) {
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i] ? -1 : 1;
	}
	return 0;
}

/* Compare the number in the text with m * 2^e (m is not 0).  Digits beyond the
 * 768th can only matter as "and a little more": no float and no middle of two
 * has more. */
static int
compare(const struct scan *sc, uint64_t m, int64_t e)
{
	struct big a = { 0, { 0 } }, b = { 0, { 0 } };
	int64_t exp10 = sc->exp10, kept = 0;
	const char *p;
	bool more = false;

	for (p = sc->digits; p < sc->end; p++) {
		if (*p == '.')
			continue;
		if (kept < BIG_DIGITS) {
			big_mul(&a, 10, (uint64_t)(*p - '0'));
			kept++;
			exp10 -= kept > 19;
		} else {
			more |= *p != '0';
		}
	}
	big_mul(&a, 10, more);
	exp10--;
	big_mul(&b, 1, m);
	if (exp10 > 0)
		big_pow5(&a, exp10);
	else
		big_pow5(&b, -exp10);
	if (exp10 > e)
		big_shift(&a, exp10 - e);
	else
		big_shift(&b, e - exp10);
	return big_cmp(&a, &b);
}

/* A float's bits as m * 2^e. */
static void
take_apart(uint64_t bits, uint64_t *m, int64_t *e)
{
	int64_t field = (int64_t)(bits >> 52 & 0x7ff);

	*m = bits & ((UINT64_C(1) << 52) - 1);
	if (field != 0)
		*m |= UINT64_C(1) << 52;
	*e = (field != 0 ? field : 1) - 1075;
}

/* The text lies between two 19-digit numbers; give the nearest float. */
static uint64_t
settle(const struct scan *sc)
{
	uint64_t lo, hi, m;
	int64_t e;
	int c;

	if (sc->exp10 > 308)
		return UINT64_C(0x7ff) << 52;
	if (sc->exp10 < WEIR__POW5_MIN)
		return 0;
	lo = product(sc->head, (int32_t)sc->exp10);
	hi = product(sc->head + 1, (int32_t)sc->exp10);
	if (lo == hi)
		return lo;
	/* They are neighbours: 19 digits are finer than any float's step.  The
	 * middle of lo and hi is (2m + 1) * 2^(e - 1). */
	take_apart(lo, &m, &e);
	c = compare(sc, 2 * m + 1, e - 1);
	if (c != 0)
		return c < 0 ? lo : hi;
	return lo & 1 ? hi : lo;
}

/* --- text --- */

static enum weir__num
scan_special(struct scan *sc, double *out, const char *p, size_t n)
{
	static const char *const names[] = { "nan", "inf", "infinity" };
	size_t i, j;

	for (i = 0; i < 3; i++) {
		for (j = 0; j < n && (p[j] | 32) == names[i][j]; j++)
			;
		if (j == n && n != 0 && names[i][n] == '\0') {
			*out = i == 0 ? NAN : INFINITY;
			*out = sc->neg ? -*out : *out;
			sc->special = true;
			return WEIR__NUM_OK;
		}
	}
	return WEIR__NUM_SYNTAX;
}

/* The exponent at p, saturated; p stands after the letter. */
static enum weir__num
scan_exponent(struct scan *sc, const char *p, const char *end)
{
	bool neg = false;
	int64_t v = 0;

	if (p < end && (*p == '+' || *p == '-'))
		neg = *p++ == '-';
	if (p == end)
		return WEIR__NUM_SYNTAX;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return WEIR__NUM_SYNTAX;
		if (v < INT64_C(100000000000000000))
			v = v * 10 + (*p - '0');
	}
	sc->exp10 += neg ? -v : v;
	return WEIR__NUM_OK;
}

static enum weir__num
scan(struct scan *sc, double *special, const char *p, size_t n)
{
	const char *end = p + n, *point = NULL, *first;
	int64_t taken = 0, seen = 0, scale = 0;
	unsigned d;

	memset(sc, 0, sizeof *sc);
	if (p < end && (*p == '-' || *p == '+'))
		sc->neg = *p++ == '-';
	first = p;
	sc->digits = NULL;
	for (; p < end; p++) {
		d = (unsigned)(unsigned char)*p - '0';
		if (d <= 9) {
			seen++;
			scale += point != NULL;
			if (sc->head == 0 && d == 0)
				continue;
			if (sc->digits == NULL)
				sc->digits = p;
			if (taken < 19) {
				sc->head = sc->head * 10 + d;
				taken++;
			} else {
				sc->cut |= d != 0;
				sc->exp10++;
			}
		} else if (*p == '.' && point == NULL) {
			point = p;
		} else {
			break;
		}
	}
	if (seen == 0)
		return p == first ? scan_special(sc, special, p,
					(size_t)(end - p))
				  : WEIR__NUM_SYNTAX;
	sc->end = p;
	sc->exp10 -= scale;
	if (p == end)
		return WEIR__NUM_OK;
	if (*p != 'e' && *p != 'E')
		return WEIR__NUM_SYNTAX;
	return scan_exponent(sc, p + 1, end);
}

static int32_t
clamp_exp(int64_t e)
{
	return e < -100000 ? -100000 : e > 100000 ? 100000 : (int32_t)e;
}

static enum weir__num
parse(double *out, struct scan *sc, const char *p, size_t n)
{
	enum weir__num rc = scan(sc, out, p, n);
	double d;

	if (rc != WEIR__NUM_OK || sc->special)
		return rc;
	if (sc->cut) {
		d = from_bits(settle(sc));
		*out = sc->neg ? -d : d;
	} else {
		weir__f64_make(out, sc->neg, sc->head, clamp_exp(sc->exp10));
	}
	return isinf(*out) ? WEIR__NUM_RANGE : WEIR__NUM_OK;
}

/* 123, -1.25: no exponent, few digits.  False where it is not that. */
static inline bool
parse_common(double *out, const char *p, size_t n)
{
	const char *end = p + n, *first, *point = NULL;
	bool neg = n != 0 && *p == '-';
	uint64_t v = 0;
	int32_t scale = 0;
	unsigned d;

	first = p += neg;
	if (end - p > 19 || end == p)
		return false;
	for (; p < end && (d = (unsigned)(unsigned char)*p - '0') <= 9; p++)
		v = v * 10 + d;
	if (p < end && *p == '.' && p != first) {
		point = ++p;
		for (; p < end &&
		    (d = (unsigned)(unsigned char)*p - '0') <= 9;
		    p++)
			v = v * 10 + d;
		scale = (int32_t)(point - p);
	}
	return p == end && p != point && weir__f64_make(out, neg, v, scale);
}

enum weir__num
weir__f64_parse(double *out, const char *p, size_t n)
{
	struct scan sc;

	if (parse_common(out, p, n))
		return WEIR__NUM_OK;
	return parse(out, &sc, p, n);
}

/* Rounding twice errs only where the float64 lies exactly between two float32:
 * then the text says on which side of it the number is. */
enum weir__num
weir__f32_parse(float *out, const char *p, size_t n)
{
	struct scan sc;
	enum weir__num rc;
	uint64_t bits, m;
	int64_t e;
	double d;
	int c;

	rc = parse(&d, &sc, p, n);
	if (rc != WEIR__NUM_OK) {
		*out = rc == WEIR__NUM_RANGE ? (float)d : 0;
		return rc;
	}
	bits = to_bits(d) & ~(UINT64_C(1) << 63);
	if (!sc.special && bits != 0 && (bits & 0xfffffff) == 0 &&
	    (double)(float)d != d) {
		take_apart(bits, &m, &e);
		c = compare(&sc, m, e);
		bits += (uint64_t)(int64_t)c;
		d = sc.neg ? -from_bits(bits) : from_bits(bits);
	}
	*out = (float)d;
	return isinf(*out) && !sc.special ? WEIR__NUM_RANGE : WEIR__NUM_OK;
}
