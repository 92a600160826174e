/* SPDX-License-Identifier: MIT
 *
 * Cryptographic hashes: MD5 (RFC 1321), SHA-1, SHA-256, SHA-512 (FIPS 180-4)
 * and HMAC (RFC 2104) over any of them.  MD5 and SHA-1 are here for who must
 * agree with others, not for security.
 */
#ifndef WEIR_BASE_DIGEST_H
#define WEIR_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum weir__digest_kind {
	WEIR__MD5,
	WEIR__SHA1,
	WEIR__SHA256,
	WEIR__SHA512,
};

#define WEIR__DIGEST_MAX 64 /* bytes of the longest */

/* One computation under way.  Plain memory: may be copied, so that what is
 * common to many messages is hashed once. */
struct weir__digest {
	enum weir__digest_kind kind;
	uint32_t used; /* bytes in block */
	uint64_t total;
	union {
		uint32_t h32[8];
		uint64_t h64[8];
	} u;
	uint8_t block[128];
};

void weir__digest_init(struct weir__digest *di, enum weir__digest_kind kind);
void weir__digest_add(struct weir__digest *di, const void *p, size_t n);

/* The hash into out[WEIR__DIGEST_MAX]; its number of bytes. */
size_t weir__digest_end(struct weir__digest *di, uint8_t *out);

/* A key, ready to sign any number of messages. */
struct weir__hmac {
	struct weir__digest inner;
	struct weir__digest outer;
};

void weir__hmac_init(struct weir__hmac *hm, enum weir__digest_kind kind,
    const void *key, size_t n);
size_t weir__hmac_sign(const struct weir__hmac *hm, const void *p, size_t n,
    uint8_t *out);

#endif
