/* SPDX-License-Identifier: MIT
 *
 * Decimals to and from text.
 */
#include <string.h>

#include "base/decimal.h"

/* The parts of a number in text: digits, with perhaps a point among them. */
struct scan {
	const char *first; /* the first digit that is not 0 */
	const char *end;
	int64_t ndigits; /* from there on */
	int64_t exp10;	 /* of the last digit */
	bool neg;
};

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
scan(struct scan *sc, const char *p, size_t n)
{
	const char *end = p + n, *point = NULL;
	bool any = false;

	memset(sc, 0, sizeof *sc);
	if (p < end && (*p == '-' || *p == '+'))
		sc->neg = *p++ == '-';
	for (; p < end; p++) {
		if (*p >= '0' && *p <= '9') {
			any = true;
			sc->exp10 -= point != NULL;
			if (sc->first == NULL && *p != '0')
				sc->first = p;
			sc->ndigits += sc->first != NULL;
		} else if (*p == '.' && point == NULL) {
			point = p;
		} else {
			break;
		}
	}
	sc->end = p;
	if (!any)
		return WEIR__NUM_SYNTAX;
	if (p == end)
		return WEIR__NUM_OK;
	if (*p != 'e' && *p != 'E')
		return WEIR__NUM_SYNTAX;
	return scan_exponent(sc, p + 1, end);
}

/* Is the quotient to be rounded up?  `next` is the first digit cut off and
 * `more` says whether anything but zeros follows it. */
static bool
round_up(enum weir__round how, bool odd, char next, bool more)
{
	if (how == WEIR__HALF_UP)
		return next >= '5';
	if (how != WEIR__HALF_EVEN)
		return false;
	return next > '5' || (next == '5' && (more || odd));
}

enum weir__num
weir__decimal_parse(weir_i128 *out, const char *p, size_t n,
    unsigned precision, unsigned scale, enum weir__round round)
{
	struct scan sc;
	enum weir__num rc = scan(&sc, p, n);
	int64_t keep, taken = 0;
	weir_i128 v = 0;
	char next = '0';
	bool more = false;

	if (rc != WEIR__NUM_OK)
		return rc;
	*out = 0;
	if (sc.first == NULL)
		return WEIR__NUM_OK;
	/* Digits, from the first that is not 0, down to the scale. */
	keep = sc.ndigits + sc.exp10 + (int64_t)scale;
	if (keep > (int64_t)precision)
		return WEIR__NUM_RANGE;
	for (p = sc.first; p < sc.end; p++) {
		if (*p == '.')
			continue;
		if (taken < keep)
			v = v * 10 + (*p - '0');
		else if (taken == keep)
			next = *p;
		else
			more |= *p != '0';
		taken++;
	}
	if (keep < 0) {
		more = true; /* the first digit itself lies further down */
		next = '0';
	}
	if (taken < keep)
		v *= weir__decimal_pow10[keep - taken];
	if (round == WEIR__EXACT && (next != '0' || more))
		return WEIR__NUM_INEXACT;
	v += round_up(round, v & 1, next, more);
	if (v >= weir__decimal_pow10[precision])
		return WEIR__NUM_RANGE;
	*out = sc.neg ? -v : v;
	return WEIR__NUM_OK;
}

enum weir__num
weir__decimal_parse64(int64_t *out, const char *p, size_t n,
    unsigned precision, unsigned scale, enum weir__round round)
{
	const char *at = p, *end = p + n, *begin, *point;
	bool neg = n != 0 && *p == '-';
	enum weir__num rc;
	weir_i128 wide;
	size_t before, after = 0;
	uint64_t v = 0;
	unsigned d;

	/* The common shape: 123, -1.5; anything else goes the long way. */
	begin = at += neg;
	if (end - at > 19)
		goto slow;
	for (; at < end && (d = (unsigned)(unsigned char)*at - '0') <= 9; at++)
		v = v * 10 + d;
	before = (size_t)(at - begin);
	if (before == 0 || before > precision - scale)
		goto slow;
	if (at < end && *at == '.') {
		point = ++at;
		for (; at < end &&
		    (d = (unsigned)(unsigned char)*at - '0') <= 9;
		    at++)
			v = v * 10 + d;
		after = (size_t)(at - point);
	}
	if (at != end || after > scale)
		goto slow;
	v *= (uint64_t)weir__decimal_pow10_64[scale - after];
	*out = neg ? -(int64_t)v : (int64_t)v;
	return WEIR__NUM_OK;
slow:
	rc = weir__decimal_parse(&wide, p, n, precision, scale, round);
	if (rc == WEIR__NUM_OK)
		*out = (int64_t)wide;
	return rc;
}

/* All digits of v, at least `least` of them, with leading zeros. */
static size_t
print_digits(char *out, weir_u128 v, unsigned least)
{
	const uint64_t e19 = UINT64_C(10000000000000000000);
	char text[60];
	size_t at = sizeof text, n;
	uint64_t part;

	while (v >> 64 != 0) {
		part = (uint64_t)(v % e19);
		v /= e19;
		n = weir__u64_print(text, part);
		memmove(text + at - n, text, n);
		memset(text + at - 19, '0', 19 - n);
		at -= 19;
	}
	n = weir__u64_print(text, (uint64_t)v);
	memmove(text + at - n, text, n);
	at -= n;
	while (sizeof text - at < least)
		text[--at] = '0';
	memcpy(out, text + at, sizeof text - at);
	return sizeof text - at;
}

size_t
weir__decimal_print(char *out, weir_i128 v, unsigned scale)
{
	char *to = out;
	size_t n;

	if (v < 0)
		*to++ = '-';
	n = print_digits(to, v < 0 ? 0 - (weir_u128)v : (weir_u128)v,
	    scale + 1);
	to += n;
	if (scale != 0) {
		memmove(to - scale + 1, to - scale, scale);
		to[-(ptrdiff_t)scale] = '.';
		to++;
	}
	return (size_t)(to - out);
}
