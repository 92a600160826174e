/* SPDX-License-Identifier: MIT
 *
 * UTF-8 against Python's decoder, and every code point there and back.
 */
#include "base/utf8.h"

#include <stdlib.h>

#include "t.h"
#include "vectors.h"

static size_t
unhex(char *out, const char *p)
{
	size_t n = 0;
	unsigned v;

	for (; sscanf(p, "%2x", &v) == 1; p += 2)
		out[n++] = (char)v;
	return n;
}

static void
against_python(void)
{
	static struct vectors ve;
	char text[1024], got[64], *p;
	size_t n, prefix, len;
	int ok;

	vectors_open(&ve, "utf8");
	while (vectors_next(&ve)) {
		n = unhex(text, ve.field[0]);
		p = malloc(n + (n == 0));
		memcpy(p, text, n);
		prefix = weir__utf8_valid_prefix(p, n);
		ok = weir__utf8_valid(p, n) == (atol(ve.field[1]) != 0) &&
		    prefix == (size_t)atol(ve.field[2]);
		len = prefix == n ? weir__utf8_length(p, n) : 0;
		if (prefix == n)
			ok &= len == (size_t)atol(ve.field[3]);
		snprintf(got, sizeof got, "%zu %zu", prefix, len);
		vectors_check(&ve, ok, got);
		free(p);
	}
	vectors_close(&ve, "UTF-8 as Python has it", 20000);
}

static void
code_points(void)
{
	uint32_t cp, back, bad = 0;
	unsigned n, m;
	char text[4];

	for (cp = 0; cp <= 0x110010; cp++) {
		n = weir__utf8_encode(text, cp);
		if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) {
			bad += n != 0;
			continue;
		}
		back = UINT32_MAX;
		m = weir__utf8_decode(&back, text, n);
		bad += n != m || back != cp || weir__utf8_size(*text) != n;
		bad += weir__utf8_decode(&back, text, n - 1) != 0;
	}
	T_INT(bad, 0);
}

static void
places(void)
{
	char text[400];
	size_t at[101], n = 0, i, j, bad = 0;
	uint32_t seed = 7;

	for (j = 0; j < 200; j++) {
		for (n = i = 0; i < 100; i++) {
			at[i] = n;
			seed = seed * 1664525 + 1013904223;
			n += weir__utf8_encode(text + n,
			    seed >> 30 == 0      ? seed >> 25 & 63
				: seed >> 30 == 1 ? 0x100
				: seed >> 30 == 2 ? 0x4e16
						  : 0x1f600);
		}
		at[100] = n;
		for (i = 0; i <= 100; i++)
			bad += weir__utf8_at(text, n, i) != at[i];
		bad += weir__utf8_at(text, n, 101) != n;
		bad += weir__utf8_length(text, n) != 100;
	}
	T_INT(bad, 0);
	T_INT(weir__utf8_at(text, 0, 5), 0);
}

int
main(void)
{
	code_points();
	places();
	against_python();
	return t_done();
}
