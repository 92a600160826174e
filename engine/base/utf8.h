/* SPDX-License-Identifier: MIT
 *
 * UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF.
 */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Is p[0..n) valid?  And the number of bytes before the first one that does
 * not belong to a whole character (n when valid). */
bool weir__utf8_valid(const char *p, size_t n);
size_t weir__utf8_valid_prefix(const char *p, size_t n);

/* The character at p[0..n), n > 0: its bytes (1 to 4), or 0 where there is no
 * valid one; the code point goes to *cp. */
unsigned weir__utf8_decode(uint32_t *cp, const char *p, size_t n);

/* The bytes of a code point (1 to 4), or 0 when it is none. */
unsigned weir__utf8_encode(char out[4], uint32_t cp);

/* Is it all ASCII? */
static inline bool
weir__utf8_ascii(const char *p, size_t n)
{
	uint64_t any = 0, v;
	size_t i;

	for (i = 0; n - i >= 8; i += 8) {
		memcpy(&v, p + i, 8);
		any |= v;
	}
	if (n >= 8) { /* the last word, some of it once more */
		memcpy(&v, p + n - 8, 8);
		any |= v;
	} else {
		for (; i < n; i++)
			any |= (uint8_t)p[i];
	}
	return (any & UINT64_C(0x8080808080808080)) == 0;
}

/* Characters in valid text. */
size_t weir__utf8_length(const char *p, size_t n);

/* The byte where character number `i` (from 0) of valid text begins, or n
 * where there are not so many. */
size_t weir__utf8_at(const char *p, size_t n, size_t i);

/* Bytes of the character that begins with `c`, in valid text. */
static inline unsigned
weir__utf8_size(char c)
{
	uint8_t u = (uint8_t)c;

	return u < 0x80 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : 4;
}

#endif
