/* SPDX-License-Identifier: MIT
 *
 * Escaped strings sixteen bytes at a time, and base64.
 */
#include "base/json.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static bool
is_plain(char c)
{
	return (uint8_t)c >= 0x20 && c != '"' && c != '\\';
}

#if defined(__SSE2__)
#define STEP 16

/* A bit for each byte that must be escaped. */
static unsigned
special(const char *p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmpeq_epi8(
	    _mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
	__m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
	__m128i back = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(low, _mm_or_si128(quote, back)));
}
#else
#define STEP 8

static unsigned
special(const char *p)
{
	unsigned bits = 0;
	int i;

	for (i = 0; i < STEP; i++)
		bits |= (unsigned)!is_plain(p[i]) << i;
	return bits;
}
#endif

size_t
weir__json_plain(const char *p, size_t n)
{
	size_t i = 0;
	unsigned bits;

	for (; n - i >= STEP; i += STEP) {
		bits = special(p + i);
		if (bits != 0)
			return i + (size_t)__builtin_ctz(bits);
	}
	while (i < n && is_plain(p[i]))
		i++;
	return i;
}

static char *
escape(char *to, char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char *const letters = "btn\0fr"; /* from 8 on */

	*to++ = '\\';
	if (c == '"' || c == '\\') {
		*to++ = c;
	} else if (c >= 8 && c <= 13 && c != 11) {
		*to++ = letters[c - 8];
	} else {
		memcpy(to, "u00", 3);
		to[3] = hex[(uint8_t)c >> 4];
		to[4] = hex[c & 15];
		to += 5;
	}
	return to;
}

size_t
weir__json_quote(char *to, const char *p, size_t n)
{
	char *t = to;
	size_t i, run;

	*t++ = '"';
	for (i = 0;;) {
		run = weir__json_plain(p + i, n - i);
		if (run != 0)
			memcpy(t, p + i, run);
		t += run;
		i += run;
		if (i == n)
			break;
		t = escape(t, p[i++]);
	}
	*t++ = '"';
	return (size_t)(t - to);
}

size_t
weir__base64_encode(char *to, const void *from, size_t n)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = from;
	char *t = to;
	uint32_t v;

	for (; n >= 3; n -= 3, p += 3) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*t++ = abc[v >> 18];
		*t++ = abc[v >> 12 & 63];
		*t++ = abc[v >> 6 & 63];
		*t++ = abc[v & 63];
	}
	if (n != 0) {
		v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
		*t++ = abc[v >> 18];
		*t++ = abc[v >> 12 & 63];
		*t++ = n == 2 ? abc[v >> 6 & 63] : '=';
		*t++ = '=';
	}
	return (size_t)(t - to);
}

/* 0 to 63, or 64 for what is no digit. */
static uint32_t
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0' + 52);
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return 64;
}

bool
weir__base64_decode(void *to, size_t *len, const char *p, size_t n)
{
	uint8_t *t = to;
	uint32_t v, d;
	size_t i, j, m;

	if (n % 4 == 0 && n != 0 && p[n - 1] == '=')
		n -= p[n - 2] == '=' ? 2 : 1;
	if (n % 4 == 1)
		return false;
	for (i = 0; i < n; i += 4) {
		m = n - i < 4 ? n - i : 4;
		for (v = 0, j = 0; j < 4; j++) {
			d = j < m ? digit(p[i + j]) : 0;
			if (d == 64)
				return false;
			v = v << 6 | d;
		}
		if (v & ((UINT32_C(1) << 8 * (4 - m)) - 1))
			return false;
		*t++ = (uint8_t)(v >> 16);
		if (m > 2)
			*t++ = (uint8_t)(v >> 8);
		if (m > 3)
			*t++ = (uint8_t)v;
	}
	*len = (size_t)(t - (uint8_t *)to);
	return true;
}
