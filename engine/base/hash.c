/* SPDX-License-Identifier: MIT
 *
 * Hashes and checksums.
 */
#include "base/hash.h"

#include <string.h>
#include <zlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
weir__hash(const void *p, size_t n, uint64_t seed)
{
	return XXH3_64bits_withSeed(p, n, seed);
}

uint64_t
weir__hash_xxh64(const void *p, size_t n, uint64_t seed)
{
	return XXH64(p, n, seed);
}

uint32_t
weir__hash_crc32(uint32_t crc, const void *p, size_t n)
{
	if (n == 0) /* zlib would start anew for NULL */
		return crc;
	return (uint32_t)crc32_z(crc, p, n);
}

/* --- CRC-32C --- */

/* What four bits do, with the reflected polynomial 0x82f63b78. */
static const uint32_t nibble[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede,
	0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
	0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a,
	0xf36e6f75 };

static uint32_t
software(uint32_t crc, const uint8_t *p, size_t n)
{
	for (; n > 0; n--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

#if defined(__x86_64__)
/* Remainders are polynomials over two elements, bit 31 is 1, bit 30 is x: their
 * product.  A register times x^8n is what n bytes of zeros make of it. */
static uint32_t
times(uint32_t a, uint32_t b)
{
	uint32_t p = 0, i;

	for (i = 0; i < 32; i++, a <<= 1) {
		p ^= b & -(a >> 31);
		b = b >> 1 ^ (0x82f63b78 & -(b & 1));
	}
	return p;
}

enum { LANE = 4096 };
#define LANE_1 0x35d73a62u /* x^8LANE */
#define LANE_2 0x28461564u /* x^16LANE */

/* The instruction takes three cycles and one can begin in each: three lanes at
 * once, put together at their end.  3 * LANE bytes. */
__attribute__((target("sse4.2"))) static uint32_t
lanes(uint32_t crc, const uint8_t *p)
{
	uint64_t a = crc, b = 0, c = 0, v[3];
	size_t i;

	for (i = 0; i < LANE; i += 8) {
		memcpy(&v[0], p + i, 8);
		memcpy(&v[1], p + LANE + i, 8);
		memcpy(&v[2], p + (size_t)2 * LANE + i, 8);
		a = __builtin_ia32_crc32di(a, v[0]);
		b = __builtin_ia32_crc32di(b, v[1]);
		c = __builtin_ia32_crc32di(c, v[2]);
	}
	return times((uint32_t)a, LANE_2) ^ times((uint32_t)b, LANE_1) ^
	    (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t
hardware(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t c, v;

	for (; n >= (size_t)3 * LANE; n -= (size_t)3 * LANE) {
		crc = lanes(crc, p);
		p += (size_t)3 * LANE;
	}
	c = crc;
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		c = __builtin_ia32_crc32di(c, v);
	}
	crc = (uint32_t)c;
	for (; n > 0; n--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}
#endif

uint32_t
weir__hash_crc32c(uint32_t crc, const void *p, size_t n)
{
	crc = ~crc;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~hardware(crc, p, n);
#endif
	return ~software(crc, p, n);
}
