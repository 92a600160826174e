/* SPDX-License-Identifier: MIT
 *
 * The two texts that JSON needs everywhere: escaped strings (RFC 8259,
 * section 7) and base64 (RFC 4648).
 */
#ifndef WEIR_BASE_JSON_H
#define WEIR_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room that the escaped text of n bytes may take, quotes included. */
#define WEIR__JSON_STRING_TEXT(n) (6 * (size_t)(n) + 2)

/* Valid UTF-8 as a JSON string with its quotes; the number of bytes written.
 * Escaped are quote, backslash and what is below U+0020, and nothing else. */
size_t weir__json_quote(char *to, const char *p, size_t n);

/* How many bytes from p need no escape. */
size_t weir__json_plain(const char *p, size_t n);

#define WEIR__BASE64_TEXT(n) (((size_t)(n) + 2) / 3 * 4)

/* The standard alphabet, padded; the number of bytes written, which is
 * WEIR__BASE64_TEXT(n). */
size_t weir__base64_encode(char *to, const void *p, size_t n);

/* The whole of p[0..n) into `to`, which has room for n / 4 * 3 + 2 bytes; the
 * number of bytes goes to *len.  The standard alphabet or the one for URLs,
 * padded or not.  False: anything else is in it, blanks too, or bits that no
 * encoder would leave. */
bool weir__base64_decode(void *to, size_t *len, const char *p, size_t n);

#endif
