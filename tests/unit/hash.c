/* SPDX-License-Identifier: MIT
 *
 * Hashes: published values, and checksums against Python's.
 */
#include "base/hash.h"

#include <stdlib.h>

#include "t.h"
#include "vectors.h"

static void
known(void)
{
	T(weir__hash("", 0, 0) == UINT64_C(0x2d06800538d394c2));
	T(weir__hash_xxh64("", 0, 0) == UINT64_C(0xef46db3751d8e999));
	T(weir__hash_xxh64("abc", 3, 0) == UINT64_C(0x44bc2cf5ad770999));
	T(weir__hash("abc", 3, 1) != weir__hash("abc", 3, 2));
	T_INT(weir__hash_crc32c(0, "123456789", 9), 0xe3069283);
	T_INT(weir__hash_crc32(0, "123456789", 9), 0xcbf43926);
	T_INT(weir__hash_crc32(0xcbf43926, NULL, 0), 0xcbf43926);
	T_INT(weir__hash_crc32c(0, NULL, 0), 0);
	T(weir__hash_u64(1, 2) != weir__hash_u64(1, 3));
	T(weir__hash_u64(1, 2) != weir__hash_u64(2, 2));
}

static void
against_python(void)
{
	static struct vectors ve;
	char text[4096], got[64];
	const char *p;
	uint32_t c, z;
	unsigned v;
	size_t n, cut;
	int ok;

	vectors_open(&ve, "hashes");
	while (vectors_next(&ve)) {
		n = 0;
		for (p = ve.field[0]; sscanf(p, "%2x", &v) == 1; p += 2)
			text[n++] = (char)v;
		c = (uint32_t)strtoul(ve.field[1], NULL, 16);
		z = (uint32_t)strtoul(ve.field[2], NULL, 16);
		ok = weir__hash_crc32c(0, text, n) == c &&
		    weir__hash_crc32(0, text, n) == z;
		for (cut = 0; cut <= n; cut++)
			ok &= weir__hash_crc32c(weir__hash_crc32c(0, text, cut),
				  text + cut, n - cut) == c &&
			    weir__hash_crc32(weir__hash_crc32(0, text, cut),
				text + cut, n - cut) == z;
		snprintf(got, sizeof got, "%08x",
		    weir__hash_crc32c(0, text, n));
		vectors_check(&ve, ok, got);
	}
	vectors_close(&ve, "checksums as Python has them", 70);
}

/* Long ones go in lanes: the same as in pieces too short for that. */
static void
test_long(void)
{
	static char text[60000];
	uint32_t c, seed = 7;
	size_t n, i, m;
	int bad = 0;

	for (i = 0; i < sizeof text; i++)
		text[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
	for (n = 12200; n < sizeof text; n += 397) {
		for (c = 0, i = 0; i < n; i += m) {
			m = n - i < 1001 ? n - i : 1001;
			c = weir__hash_crc32c(c, text + i, m);
		}
		bad += weir__hash_crc32c(0, text, n) != c;
	}
	T_INT(bad, 0);
}

int
main(void)
{
	known();
	against_python();
	test_long();
	return t_done();
}
