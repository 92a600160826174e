/* SPDX-License-Identifier: MIT
 *
 * Exact decimals: an unscaled integer of up to 38 digits and a scale known
 * from the type.  12.34 as decimal(4, 2) is 1234.
 *
 * Nothing wraps: what does not fit is WEIR__NUM_RANGE.  `precision` is 1 to
 * 38, a scale 0 to 38.  Half-even is rounding to the nearest, ties to the even
 * digit.  The 64-bit functions serve types of up to 18 digits, whose unscaled
 * values and sums of two fit an int64.
 */
#ifndef WEIR_BASE_DECIMAL_H
#define WEIR_BASE_DECIMAL_H

#include "base/num.h"
#include "weir/types.h"

#define WEIR__DECIMAL_DIGITS 38
#define WEIR__DECIMAL_TEXT 48 /* room for any printed decimal */

/* What becomes of digits beyond the scale. */
enum weir__round {
	WEIR__EXACT = 0, /* WEIR__NUM_INEXACT unless they are all zero */
	WEIR__HALF_EVEN,
	WEIR__TRUNCATE, /* towards zero */
	WEIR__HALF_UP,	/* ties away from zero, as SQL's round() */
};

/* 10^0 to 10^38, and to 10^18. */
extern const weir_i128 weir__decimal_pow10[39];
extern const int64_t weir__decimal_pow10_64[19];

/* Does the unscaled value have at most `precision` digits? */
static inline bool
weir__decimal_fits(weir_i128 v, unsigned precision)
{
	return v < weir__decimal_pow10[precision] &&
	    v > -weir__decimal_pow10[precision];
}

static inline bool
weir__decimal_fits64(int64_t v, unsigned precision)
{
	return v < weir__decimal_pow10_64[precision] &&
	    v > -weir__decimal_pow10_64[precision];
}

/* The whole of p[0..n) as decimal(precision, scale): [+-] digits [. digits]
 * [(e|E) [+-] digits], a digit on at least one side of the point.  OK; SYNTAX;
 * INEXACT: non-zero digits beyond the scale and `round` is EXACT; RANGE: more
 * digits before the point than precision - scale (also after rounding). */
enum weir__num weir__decimal_parse(weir_i128 *out, const char *p, size_t n,
    unsigned precision, unsigned scale, enum weir__round round);

/* The same into 64 bits; precision at most 18.  Faster on common shapes. */
enum weir__num weir__decimal_parse64(int64_t *out, const char *p, size_t n,
    unsigned precision, unsigned scale, enum weir__round round);

/* The text with exactly `scale` digits after the point ("0.50", "-12", no
 * point when scale is 0) into out[WEIR__DECIMAL_TEXT]; the number of bytes, at
 * most 41, no NUL. */
size_t weir__decimal_print(char *out, weir_i128 v,
    unsigned scale);

/* v of scale `from` as decimal(precision, to). */
enum weir__num weir__decimal_rescale(weir_i128 *out, weir_i128 v,
    unsigned from, unsigned to, unsigned precision, enum weir__round round);

/* a (scale as) op b (scale bs) as decimal(p, s).  The true result is rounded
 * half-even to s where s cannot show it; intermediate results have 256 bits,
 * so OK is exact to the last digit.  div and mod: ZERO when b is 0; mod has
 * the sign of a, as C's. */
enum weir__num weir__decimal_add(weir_i128 *out, weir_i128 a, unsigned as,
    weir_i128 b, unsigned bs, unsigned p, unsigned s);
enum weir__num weir__decimal_sub(weir_i128 *out, weir_i128 a, unsigned as,
    weir_i128 b, unsigned bs, unsigned p, unsigned s);
enum weir__num weir__decimal_mul(weir_i128 *out, weir_i128 a, unsigned as,
    weir_i128 b, unsigned bs, unsigned p, unsigned s);
enum weir__num weir__decimal_div(weir_i128 *out, weir_i128 a, unsigned as,
    weir_i128 b, unsigned bs, unsigned p, unsigned s);
enum weir__num weir__decimal_mod(weir_i128 *out, weir_i128 a, unsigned as,
    weir_i128 b, unsigned bs, unsigned p, unsigned s);

/* -1, 0 or 1 as a is less than, equal to, or greater than b; any scales. */
int weir__decimal_cmp(weir_i128 a, unsigned as, weir_i128 b, unsigned bs);

/* An integer as decimal(p, s): OK or RANGE. */
enum weir__num weir__decimal_from_i64(weir_i128 *out, int64_t v, unsigned p,
    unsigned s);

/* A decimal as an integer; `round` says what of its fraction. */
enum weir__num weir__decimal_to_i64(int64_t *out, weir_i128 v, unsigned scale,
    enum weir__round round);

/* A float64 as decimal(p, s).  With EXACT the float's shortest decimal text is
 * taken (0.1 is 0.1) and must fit the scale; otherwise its true binary value
 * is rounded.  NaN and infinities: RANGE. */
enum weir__num weir__decimal_from_f64(weir_i128 *out, double v, unsigned p,
    unsigned s, enum weir__round round);

/* The nearest float64, correctly rounded. */
double weir__decimal_to_f64(weir_i128 v, unsigned scale);

/* Digits of |v|, at least 1: the least precision that holds it. */
unsigned weir__decimal_digits(weir_i128 v);

/* --- the 64-bit fast ways; all unscaled, one scale, result of p digits --- */

static inline bool
weir__decimal_add64(int64_t *out, int64_t a, int64_t b, unsigned p)
{
	*out = a + b; /* two of 18 digits: cannot wrap */
	return weir__decimal_fits64(*out, p);
}

static inline bool
weir__decimal_sub64(int64_t *out, int64_t a, int64_t b, unsigned p)
{
	*out = a - b;
	return weir__decimal_fits64(*out, p);
}

/* A product has the sum of the scales. */
static inline bool
weir__decimal_mul64(int64_t *out, int64_t a, int64_t b, unsigned p)
{
	return !__builtin_mul_overflow(a, b, out) &&
	    weir__decimal_fits64(*out, p);
}

/* --- result types (integers enter as decimal(10, 0) and (19, 0)) --- */

struct weir__decimal_type {
	uint8_t precision;
	uint8_t scale;
};

/* The type of a + b and a - b; of a * b; a / b; a % b; sum(a); avg(a).  False
 * where no 38 digits can hold the scale: `check` asks for a cast.  A precision
 * that would pass 38 is 38, and what does not fit is then a row error.
 *
 *	a + b	min(38, max(p1-s1, p2-s2) + max(s1, s2) + 1), max(s1, s2)
 *	a * b	min(38, p1 + p2), s1 + s2
 *	a / b	min(38, p1 - s1 + s2 + s), s = max(6, s1 + 4)
 *	a % b	min(38, min(p1-s1, p2-s2) + max(s1, s2)), max(s1, s2)
 *	sum(a)	38, s
 *	avg(a)	min(38, p + 4), s + 4
 */
bool weir__decimal_add_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b);
bool weir__decimal_mul_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b);
bool weir__decimal_div_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b);
bool weir__decimal_mod_type(struct weir__decimal_type *out,
    struct weir__decimal_type a, struct weir__decimal_type b);
bool weir__decimal_sum_type(struct weir__decimal_type *out,
    struct weir__decimal_type a);
bool weir__decimal_avg_type(struct weir__decimal_type *out,
    struct weir__decimal_type a);

#endif
