/* SPDX-License-Identifier: MIT
 *
 * UTF-8.
 */
#include "base/utf8.h"

#include <string.h>

#define HIGH UINT64_C(0x8080808080808080)

/* How many bytes of a word go on a character (10xxxxxx). */
static inline size_t
going_on(uint64_t v)
{
	v = v & ~(v << 1) & HIGH;
	return (size_t)((v >> 7) * UINT64_C(0x0101010101010101) >> 56);
}

unsigned
weir__utf8_decode(uint32_t *cp, const char *p, size_t n)
{
	const uint8_t *u = (const uint8_t *)p;
	uint32_t c;

	if (n == 0)
		return 0;
	if (u[0] < 0x80) {
		*cp = u[0];
		return 1;
	}
	if (u[0] < 0xc2 || n < 2 || (u[1] & 0xc0) != 0x80)
		return 0;
	c = u[1] & 0x3fu;
	if (u[0] < 0xe0) {
		*cp = (u[0] & 0x1fu) << 6 | c;
		return 2;
	}
	if (n < 3 || (u[2] & 0xc0) != 0x80)
		return 0;
	c = c << 6 | (u[2] & 0x3fu);
	if (u[0] < 0xf0) {
		*cp = (u[0] & 0xfu) << 12 | c;
		return *cp < 0x800 || (*cp >= 0xd800 && *cp < 0xe000) ? 0 : 3;
	}
	if (u[0] > 0xf4 || n < 4 || (u[3] & 0xc0) != 0x80)
		return 0;
	*cp = (u[0] & 7u) << 18 | c << 6 | (u[3] & 0x3fu);
	return *cp < 0x10000 || *cp > 0x10ffff ? 0 : 4;
}

unsigned
weir__utf8_encode(char out[4], uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		if (cp >= 0xd800 && cp < 0xe000)
			return 0;
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	if (cp > 0x10ffff)
		return 0;
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* The first byte at or after p that is not ASCII, or end. */
static const char *
skip_ascii(const char *p, const char *end)
{
	uint64_t a, b;

	for (; end - p >= 16; p += 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		if (((a | b) & HIGH) != 0)
			break;
	}
	for (; end - p >= 8; p += 8) {
		memcpy(&a, p, 8);
		if ((a & HIGH) != 0)
			break;
	}
	while (p < end && (*p & 0x80) == 0)
		p++;
	return p;
}

size_t
weir__utf8_valid_prefix(const char *p, size_t n)
{
	const char *at = p, *end = p + n;
	uint32_t cp;
	unsigned len;

	for (;;) {
		at = skip_ascii(at, end);
		/* Text that is not ASCII comes in runs. */
		do {
			if (at == end)
				return n;
			len = weir__utf8_decode(&cp, at, (size_t)(end - at));
			if (len == 0)
				return (size_t)(at - p);
			at += len;
		} while (len != 1);
	}
}

bool
weir__utf8_valid(const char *p, size_t n)
{
	return weir__utf8_valid_prefix(p, n) == n;
}

size_t
weir__utf8_length(const char *p, size_t n)
{
	size_t more = 0, i = 0;
	uint64_t v;

	/* Count the bytes 10xxxxxx and leave them out. */
	for (; n - i >= 8; i += 8) {
		memcpy(&v, p + i, 8);
		more += going_on(v);
	}
	if (n >= 8 && i < n) { /* the last word, less what was counted */
		memcpy(&v, p + n - 8, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		v = v << (8 * (8 - (n - i)));
#else
		v = v >> (8 * (8 - (n - i)));
#endif
		return n - more - going_on(v);
	}
	for (; i < n; i++)
		more += (p[i] & 0xc0) == 0x80;
	return n - more;
}

size_t
weir__utf8_at(const char *p, size_t n, size_t i)
{
	size_t at = 0;
	uint64_t v;

	while (i >= 8 && n - at >= 8) {
		memcpy(&v, p + at, 8);
		i -= 8 - going_on(v);
		at += 8;
	}
	/* The words may have ended inside a character. */
	while (at < n && (p[at] & 0xc0) == 0x80)
		at++;
	for (; i > 0 && at < n; i--)
		at += weir__utf8_size(p[at]);
	return at;
}
