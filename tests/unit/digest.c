/* SPDX-License-Identifier: MIT
 *
 * Cryptographic hashes against Python's hashlib and hmac, fed in two parts.
 */
#include "base/digest.h"

#include "t.h"
#include "vectors.h"

static size_t
unhex(uint8_t *out, const char *p)
{
	size_t n = 0;
	unsigned v;

	for (; sscanf(p, "%2x", &v) == 1; p += 2)
		out[n++] = (uint8_t)v;
	return n;
}

static void
hex(char *out, const uint8_t *p, size_t n)
{
	size_t i;

	out[0] = '\0';
	for (i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

int
main(void)
{
	static struct vectors ve;
	static uint8_t text[4096], key[4096], hash[WEIR__DIGEST_MAX];
	enum weir__digest_kind kind;
	struct weir__digest di;
	struct weir__hmac hm;
	char got[160];
	size_t n, k, cut;
	int ok, i;

	vectors_open(&ve, "digests");
	while (vectors_next(&ve)) {
		kind = (enum weir__digest_kind)atoi(ve.field[0]);
		n = unhex(text, ve.field[1]);
		k = unhex(key, ve.field[2]);
		for (ok = 1, i = 0; i < 4; i++) {
			cut = n * (size_t)i / 3;
			weir__digest_init(&di, kind);
			weir__digest_add(&di, text, cut);
			weir__digest_add(&di, text + cut, n - cut);
			hex(got, hash, weir__digest_end(&di, hash));
			ok &= strcmp(got, ve.field[3]) == 0;
		}
		weir__hmac_init(&hm, kind, key, k);
		weir__hmac_sign(&hm, "x", 1, hash);
		hex(got, hash, weir__hmac_sign(&hm, text, n, hash));
		vectors_check(&ve, ok && strcmp(got, ve.field[4]) == 0, got);
	}
	vectors_close(&ve, "hashes as Python has them", 600);
	return t_done();
}
