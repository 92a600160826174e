/* SPDX-License-Identifier: MIT
 *
 * Built-in functions between bytes and text: hexadecimal, base64 (RFC 4648),
 * percent-encoding (RFC 3986).
 */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "expr/fn.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)
#define FAILS (PURE | WEIR_FN_FALLIBLE)

static const char lower_digits[] = "0123456789abcdef";
static const char upper_digits[] = "0123456789ABCDEF";

static size_t
hex_number(char *to, uint64_t v)
{
	size_t n = 1, i;

	while (n < 16 && v >> (4 * n) != 0)
		n++;
	for (i = 0; i < n; i++)
		to[i] = lower_digits[v >> (4 * (n - 1 - i)) & 15];
	return n;
}

static void
eval_to_hex(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i;
	size_t k;
	char *to, text[16];

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (ca->types[0]->kind == WEIR_INT64) {
			k = hex_number(text, (uint64_t)ca->args[0]->u.i64[i]);
			to = weir__fn_room(&he, k);
			if (to == NULL)
				return;
			memcpy(to, text, k);
			weir__fn_put(&he, i, k);
			continue;
		}
		s = weir__fn_arg(ca, 0, i);
		to = weir__fn_room(&he, 2 * s.n);
		if (to == NULL)
			return;
		for (k = 0; k < s.n; k++) {
			to[2 * k] = lower_digits[(uint8_t)s.p[k] >> 4];
			to[2 * k + 1] = lower_digits[(uint8_t)s.p[k] & 15];
		}
		weir__fn_put(&he, i, 2 * s.n);
	}
}

/* The value of a hexadecimal digit, or 16. */
static unsigned
digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 32;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static void
eval_from_hex(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i;
	unsigned a, b;
	size_t k;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		if (s.n % 2 != 0) {
			weir__fn_fail(ca, i, "expr.argument",
			    "an odd number of digits");
			continue;
		}
		to = weir__fn_room(&he, s.n / 2);
		if (to == NULL)
			return;
		for (k = 0; k < s.n; k += 2) {
			a = digit(s.p[k]);
			b = digit(s.p[k + 1]);
			if (a > 15 || b > 15)
				break;
			to[k / 2] = (char)(a << 4 | b);
		}
		if (k < s.n)
			weir__fn_fail(ca, i, "expr.argument",
			    "expected hexadecimal digits at byte %zu",
			    k);
		else
			weir__fn_put(&he, i, s.n / 2);
	}
}

static void
eval_base64(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		to = weir__fn_room(&he, WEIR__BASE64_TEXT(s.n));
		if (to == NULL)
			return;
		weir__fn_put(&he, i, weir__base64_encode(to, s.p, s.n));
	}
}

static void
eval_from_base64(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i;
	size_t n;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		to = weir__fn_room(&he, s.n / 4 * 3 + 2);
		if (to == NULL)
			return;
		if (weir__base64_decode(to, &n, s.p, s.n))
			weir__fn_put(&he, i, n);
		else
			weir__fn_fail(ca, i, "expr.argument",
			    "this is not base64");
	}
}

static bool
unreserved(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	    c == '-' || c == '.' || c == '_' || c == '~';
}

static void
eval_url_encode(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i;
	size_t k, n;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		to = weir__fn_room(&he, 3 * s.n);
		if (to == NULL)
			return;
		for (k = n = 0; k < s.n; k++) {
			if (unreserved(s.p[k])) {
				to[n++] = s.p[k];
				continue;
			}
			to[n++] = '%';
			to[n++] = upper_digits[(uint8_t)s.p[k] >> 4];
			to[n++] = upper_digits[(uint8_t)s.p[k] & 15];
		}
		weir__fn_put(&he, i, n);
	}
}

static void
eval_url_decode(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i;
	size_t k, n;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		to = weir__fn_room(&he, s.n);
		if (to == NULL)
			return;
		for (k = n = 0; k < s.n; k++, n++) {
			to[n] = s.p[k];
			if (s.p[k] != '%')
				continue;
			if (s.n - k < 3 || digit(s.p[k + 1]) > 15 ||
			    digit(s.p[k + 2]) > 15)
				break;
			to[n] = (char)(digit(s.p[k + 1]) << 4 |
			    digit(s.p[k + 2]));
			k += 2;
		}
		if (k < s.n)
			weir__fn_fail(ca, i, "expr.argument",
			    "expected two hexadecimal digits "
			    "after %% at byte %zu",
			    k);
		else if (!weir__utf8_valid(to, n))
			weir__fn_fail(ca, i, "expr.argument",
			    "the result is not UTF-8");
		else
			weir__fn_put(&he, i, n);
	}
}

WEIR__FN(fn_to_hex, "to_hex", PURE, NULL, eval_to_hex, "encodings",
    "bytes, UTF-8 text or an integer in hexadecimal digits",
    "to_hex(\"abc\") = \"616263\"\nto_hex(255) = \"ff\"", "bytes -> string",
    "int64 -> string", "string -> string");
WEIR__FN(fn_from_hex, "from_hex", FAILS, NULL, eval_from_hex, "encodings",
    "the bytes that hexadecimal digits stand for",
    "to_hex(from_hex(\"00FFab\")) = \"00ffab\"", "string -> bytes");
WEIR__FN(fn_base64, "base64", PURE, NULL, eval_base64, "encodings",
    "bytes or UTF-8 text in base64, padded", "base64(\"weir\") = \"d2Vpcg==\"",
    "bytes -> string", "string -> string");
WEIR__FN(fn_from_base64, "from_base64", FAILS, NULL, eval_from_base64,
    "encodings",
    "the bytes that base64 stands for, in either alphabet, padded or not",
    "to_hex(from_base64(\"d2Vpcg\")) = \"77656972\"", "string -> bytes");
WEIR__FN(fn_url_encode, "url_encode", PURE, NULL, eval_url_encode,
    "encodings", "every byte but letters, digits and -._~ as %XX",
    "url_encode(\"a b/c\") = \"a%20b%2Fc\"", "string -> string");
WEIR__FN(fn_url_decode, "url_decode", FAILS, NULL, eval_url_decode,
    "encodings", "text with its %XX undone; + stays",
    "url_decode(\"a%20b%2Fc\") = \"a b/c\"", "string -> string");

const struct weir_function *const weir__fn_encode[] = {
	&fn_to_hex,
	&fn_from_hex,
	&fn_base64,
	&fn_from_base64,
	&fn_url_encode,
	&fn_url_decode,
	NULL,
};
