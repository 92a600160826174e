/* SPDX-License-Identifier: MIT
 *
 * Built-in functions that hash text and bytes.
 */
#include <string.h>

#include "base/digest.h"
#include "base/hash.h"
#include "expr/fn.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)

/* Row i is the hash in hexadecimal digits; -1 when memory is out. */
static int
put_hex(struct weir__fn_heap *he, uint32_t i, const uint8_t *hash, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *to = weir__fn_room(he, 2 * n);
	size_t k;

	if (to == NULL)
		return -1;
	for (k = 0; k < n; k++) {
		to[2 * k] = digits[hash[k] >> 4];
		to[2 * k + 1] = digits[hash[k] & 15];
	}
	weir__fn_put(he, i, 2 * n);
	return 0;
}

static void
digest(struct weir_call *ca, enum weir__digest_kind kind)
{
	struct weir__fn_heap he = { .ca = ca };
	uint8_t hash[WEIR__DIGEST_MAX];
	struct weir__digest di;
	struct weir__fn_view s;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		weir__digest_init(&di, kind);
		weir__digest_add(&di, s.p, s.n);
		if (put_hex(&he, i, hash, weir__digest_end(&di, hash)) != 0)
			return;
	}
}

static void
eval_md5(struct weir_call *ca)
{
	digest(ca, WEIR__MD5);
}

static void
eval_sha1(struct weir_call *ca)
{
	digest(ca, WEIR__SHA1);
}

static void
eval_sha256(struct weir_call *ca)
{
	digest(ca, WEIR__SHA256);
}

static void
eval_sha512(struct weir_call *ca)
{
	digest(ca, WEIR__SHA512);
}

static void
hmac(struct weir_call *ca, enum weir__digest_kind kind)
{
	struct weir__fn_heap he = { .ca = ca };
	uint8_t hash[WEIR__DIGEST_MAX];
	const struct weir_str *keys = ca->args[1]->u.str, *key = NULL;
	struct weir__hmac hm;
	struct weir__fn_view s;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		/* Mostly there is one key. */
		if (key == NULL || !weir_str_eq(key, &keys[i])) {
			key = &keys[i];
			weir__hmac_init(&hm, kind, weir_str_data(key),
			    key->len);
		}
		s = weir__fn_arg(ca, 0, i);
		if (put_hex(&he, i, hash,
			weir__hmac_sign(&hm, s.p, s.n, hash)) != 0)
			return;
	}
}

static void
eval_hmac_sha256(struct weir_call *ca)
{
	hmac(ca, WEIR__SHA256);
}

static void
eval_hmac_sha512(struct weir_call *ca)
{
	hmac(ca, WEIR__SHA512);
}

#define NUMBER(name, expr)                                                     \
	static void eval_##name(struct weir_call *ca)                          \
	{                                                                      \
		struct weir__fn_view s;                                        \
		uint32_t i;                                                    \
                                                                               \
		for (i = 0; i < ca->nrows; i++) {                              \
			if (!weir__fn_live(ca, i))                             \
				continue;                                      \
			s = weir__fn_arg(ca, 0, i);                            \
			ca->out->u.i64[i] = (int64_t)(expr);                   \
		}                                                              \
	}

NUMBER(crc32, weir__hash_crc32(0, s.p, s.n))
NUMBER(crc32c, weir__hash_crc32c(0, s.p, s.n))
NUMBER(xxh64, weir__hash_xxh64(s.p, s.n, 0))
NUMBER(xxh3, weir__hash(s.p, s.n, 0))

#define HASH(nm, sum, ex)                                                      \
	WEIR__FN(fn_##nm, #nm, PURE, NULL, eval_##nm, "hashes", sum, ex,       \
	    "string -> string", "bytes -> string")
#define HMAC(nm, sum, ex)                                                      \
	WEIR__FN(fn_##nm, #nm, PURE | WEIR_FN_TAINT_OK, NULL, eval_##nm,       \
	    "hashes", sum, ex, "string, key: string -> string",                \
	    "bytes, key: string -> string")
#define CHECKSUM(nm, sum, ex)                                                  \
	WEIR__FN(fn_##nm, #nm, PURE, NULL, eval_##nm, "hashes", sum, ex,       \
	    "string -> int64", "bytes -> int64")

HASH(md5, "MD5 in hexadecimal digits; not for security",
    "md5(\"abc\") = \"900150983cd24fb0d6963f7d28e17f72\"");
HASH(sha1, "SHA-1 in hexadecimal digits; not for security",
    "sha1(\"abc\") = \"a9993e364706816aba3e25717850c26c9cd0d89d\"");
HASH(sha256, "SHA-256 in hexadecimal digits",
    "sha256(\"abc\") = \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
    "ff61f20015ad\"");
HASH(sha512, "SHA-512 in hexadecimal digits",
    "left(sha512(\"abc\"), 16) = \"ddaf35a193617aba\"");
HMAC(hmac_sha256,
    "HMAC with SHA-256 in hexadecimal digits; the key may be a secret",
    "left(hmac_sha256(\"abc\", key: \"k\"), 16) = \"342e519ce0ad6c03\"");
HMAC(hmac_sha512,
    "HMAC with SHA-512 in hexadecimal digits; the key may be a secret",
    "left(hmac_sha512(\"abc\", key: \"k\"), 16) = \"bb9ec7701f7de8a3\"");
CHECKSUM(crc32, "CRC-32, as gzip has it", "crc32(\"123456789\") = 3421780262");
CHECKSUM(crc32c, "CRC-32C (Castagnoli)", "crc32c(\"123456789\") = 3808858755");
CHECKSUM(xxh64, "XXH64 with seed 0", "to_hex(xxh64(\"abc\")) = "
    "\"44bc2cf5ad770999\"");
CHECKSUM(xxh3, "XXH3 of 64 bits with seed 0",
    "to_hex(xxh3(\"\")) = \"2d06800538d394c2\"");

const struct weir_function *const weir__fn_hash[] = {
	&fn_md5,
	&fn_sha1,
	&fn_sha256,
	&fn_sha512,
	&fn_hmac_sha256,
	&fn_hmac_sha512,
	&fn_crc32,
	&fn_crc32c,
	&fn_xxh64,
	&fn_xxh3,
	NULL,
};
