/* SPDX-License-Identifier: MIT
 *
 * The inner steps of reading: loads that never pass the end of a row, runs of
 * digits eight at a time, the end of a string sixteen at a time.
 *
 * A row has at least 16 readable bytes before its end (js_read_row() sees to
 * that), so the last bytes of it can be had by a load that begins earlier.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "base/num.h"
#include "json.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "little-endian machines only, as Weir's files are"
#endif

#define JS_ONES UINT64_C(0x0101010101010101)
#define JS_HIGH UINT64_C(0x8080808080808080)

static inline uint64_t
js_load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline uint32_t
js_load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static inline uint16_t
js_load16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return v;
}

/* Eight bytes; those behind the end are zero. */
static inline uint64_t
js_load_end(const char *p, const char *end)
{
	ptrdiff_t left = end - p;

	if (__builtin_expect(left >= 8, 1))
		return js_load64(p);
	return left <= 0 ? 0 : js_load64(end - 8) >> 8 * (8 - left);
}

static inline bool
js_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* May there be blanks at p? */
static inline bool
js_is_blank(const char *p, const char *end)
{
	return p < end && *p <= ' ' && *p >= 0;
}

static inline const char *
js_space(const char *p, const char *end)
{
	while (p < end && js_is_space(*p))
		p++;
	return p;
}

/* The byte at p, or 0 at the end. */
static inline char
js_peek(const char *p, const char *end)
{
	return p < end ? *p : '\0';
}

/* ---------------------------------------------------------------- digits */

/* Digits at the front of eight bytes: how many, and their values (which are
 * those of the bytes less '0'). */
static inline unsigned
js_digits(uint64_t *v, uint64_t text)
{
	uint64_t x = text ^ 0x30 * JS_ONES;
	uint64_t bad = ((x + 0x76 * JS_ONES) | x) & JS_HIGH;

	*v = x;
	return bad == 0 ? 8 : (unsigned)__builtin_ctzll(bad) >> 3;
}

/* The number that the first n (1 to 8) of them make. */
static inline uint64_t
js_digits_value(uint64_t v, unsigned n)
{
	return weir__num_8digits(v << (64 - 8 * n));
}

static const uint64_t js_pow10[20] = { 1u, 10u, 100u, 1000u, 10000u, 100000u,
	1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u,
	100000000000u, 1000000000000u, 10000000000000u, 100000000000000u,
	1000000000000000u, 10000000000000000u, 100000000000000000u,
	1000000000000000000u, 10000000000000000000u };

/* A number of the usual shape: at most 16 digits before the point, at most 8
 * behind it, no exponent, and no more than 18 in all. */
struct js_number {
	uint64_t digits;
	unsigned whole; /* digits before the point */
	unsigned scale; /* digits behind it */
	bool negative;
};

/* The byte behind it, or NULL when it is of another shape or none. */
static inline __attribute__((always_inline)) const char *
js_number(struct js_number *nu, const char *p, const char *end)
{
	uint64_t v, w;
	unsigned n, m;
	char c;

	nu->negative = *p == '-';
	p += nu->negative;
	n = js_digits(&v, js_load_end(p, end));
	if (n == 0 || (n > 1 && (v & 0xff) == 0))
		return NULL;
	nu->digits = js_digits_value(v, n);
	nu->scale = 0;
	p += n;
	if (__builtin_expect(n == 8, 0)) {
		m = js_digits(&w, js_load_end(p, end));
		if (m == 8)
			return NULL;
		if (m != 0)
			nu->digits = nu->digits * js_pow10[m] +
			    js_digits_value(w, m);
		p += m;
		n += m;
	}
	nu->whole = n;
	c = js_peek(p, end);
	if (c == '.') {
		p++;
		m = js_digits(&w, js_load_end(p, end));
		if (m == 0 || m == 8 || n + m > 18)
			return NULL;
		nu->digits = nu->digits * js_pow10[m] + js_digits_value(w, m);
		nu->scale = m;
		p += m;
		c = js_peek(p, end);
	}
	return (c | 0x20) == 'e' ? NULL : p;
}

/* ----------------------------------------------------------------- UTF-8 */

/* Bytes of the character at p, whose first byte is 0x80 or more; 0 where it is
 * not valid (RFC 3629). */
static inline unsigned
js_utf8(const char *p, const char *end)
{
	const uint8_t *u = (const uint8_t *)p;
	ptrdiff_t left = end - p;

	if (u[0] < 0xc2 || u[0] > 0xf4 || left < 2 || (u[1] & 0xc0) != 0x80)
		return 0;
	if (u[0] < 0xe0)
		return 2;
	if (left < 3 || (u[2] & 0xc0) != 0x80)
		return 0;
	if (u[0] < 0xf0)
		return (u[0] == 0xe0 && u[1] < 0xa0) ||
			(u[0] == 0xed && u[1] > 0x9f)
		    ? 0
		    : 3;
	if (left < 4 || (u[3] & 0xc0) != 0x80 ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return 4;
}

/* --------------------------------------------------------------- strings */

#if defined(__SSE2__)

#define JS_STEP 16
typedef __m128i js_vec;

static inline js_vec
js_vec_load(const char *p, const char *end)
{
	if (__builtin_expect(end - p >= 16, 1))
		return _mm_loadu_si128((const __m128i *)(const void *)p);
	return _mm_set_epi64x((long long)js_load_end(p + 8, end),
	    (long long)js_load_end(p, end));
}

/* A bit for each byte that is a quote, a backslash, below 0x20, above 0x7f. */
static inline unsigned
js_vec_special(js_vec x)
{
	__m128i low =
	    _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
	__m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
	__m128i back = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_or_si128(low, x), _mm_or_si128(quote, back)));
}

static const uint8_t js_keep[32] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* The slice of len bytes at p, of which x are the first sixteen: without a
 * branch on whether it stands inline. */
static inline void
js_str_put(struct weir_str *to, js_vec x, const char *p, size_t len)
{
	size_t keep = len < 12 ? len : 12;
	__m128i n = _mm_cvtsi32_si128((int)len);
	__m128i mask = _mm_loadu_si128(
	    (const __m128i *)(const void *)(js_keep + 16 - keep));
	__m128i small = _mm_or_si128(
	    _mm_slli_si128(_mm_and_si128(x, mask), 4), n);
	__m128i big = _mm_unpacklo_epi64(small,
	    _mm_cvtsi64_si128((long long)(uintptr_t)p));
	__m128i is_big = _mm_set1_epi32(-(int)(len > 12));

	_mm_storeu_si128((__m128i *)(void *)to,
	    _mm_or_si128(_mm_and_si128(is_big, big),
		_mm_andnot_si128(is_big, small)));
}

#else

#define JS_STEP 8
typedef uint64_t js_vec;

static inline js_vec
js_vec_load(const char *p, const char *end)
{
	return js_load_end(p, end);
}

/* As above.  A bit above the first one may be wrong, and only that is used. */
static inline unsigned
js_vec_special(js_vec x)
{
	uint64_t quote = x ^ '"' * JS_ONES;
	uint64_t back = x ^ '\\' * JS_ONES;
	uint64_t bad = ((x - 0x20 * JS_ONES) | (quote - JS_ONES) |
			   (back - JS_ONES) | x) & JS_HIGH;

	return bad == 0 ? 0 : 1u << (__builtin_ctzll(bad) >> 3);
}

static inline void
js_str_put(struct weir_str *to, js_vec x, const char *p, size_t len)
{
	(void)x;
	*to = weir_str_make(p, len);
}

#endif

/* The closing quote of a string without escapes whose text begins at p, or
 * NULL where there is an escape or anything that is wrong.  *x are its first
 * bytes, for js_str_put(). */
static inline __attribute__((always_inline)) const char *
js_string_end(js_vec *x, const char *p, const char *end)
{
	js_vec v = js_vec_load(p, end);
	unsigned bits = js_vec_special(v), n;

	*x = v;
	for (;;) {
		while (__builtin_expect(bits == 0, 0)) {
			p += JS_STEP;
			v = js_vec_load(p, end);
			bits = js_vec_special(v);
		}
		p += __builtin_ctz(bits);
		if (__builtin_expect(p >= end, 0))
			return NULL;
		if (__builtin_expect(*p == '"', 1))
			return p;
		if ((uint8_t)*p < 0x80)
			return NULL;
		do {
			n = js_utf8(p, end);
			if (n == 0)
				return NULL;
			p += n;
		} while (p < end && (uint8_t)*p >= 0x80);
		v = js_vec_load(p, end);
		bits = js_vec_special(v);
	}
}

#endif
