/* SPDX-License-Identifier: MIT
 *
 * Hashes and checksums.
 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3, 64 bits, of the xxHash specification 0.8. */
uint64_t weir__hash(const void *p, size_t n, uint64_t seed);

/* XXH64 of the same, for who must agree with other programs. */
uint64_t weir__hash_xxh64(const void *p, size_t n, uint64_t seed);

/* A good mix of one 64-bit key with a seed (not XXH3; the finalizer of
 * MurmurHash3 with a seed): for hash tables in memory only. */
static inline uint64_t
weir__hash_u64(uint64_t v, uint64_t seed)
{
	v ^= seed;
	v ^= v >> 33;
	v *= 0xff51afd7ed558ccdu;
	v ^= v >> 33;
	v *= 0xc4ceb9fe1a85ec53u;
	return v ^ v >> 33;
}

/* CRC-32C (Castagnoli, RFC 3720 B.4) and CRC-32 (gzip, Parquet, RFC 1952);
 * start with 0 and pass the last result on to continue. */
uint32_t weir__hash_crc32c(uint32_t crc, const void *p, size_t n);
uint32_t weir__hash_crc32(uint32_t crc, const void *p, size_t n);

#endif
