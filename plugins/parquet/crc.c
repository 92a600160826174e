/* SPDX-License-Identifier: MIT
 *
 * CRC-32 of pages: carry-less multiplication where the processor has it (V.
 * Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction", Intel, 2009; its constants for the reflected polynomial), zlib
 * where it has not and for what is left at the end.
 */
#include "codec.h"

#include <zlib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define CLMUL __attribute__((target("pclmul,sse4.1")))

CLMUL static inline __m128i
fold(__m128i x, __m128i k, __m128i next)
{
	return _mm_xor_si128(next,
	    _mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00),
		_mm_clmulepi64_si128(x, k, 0x11)));
}

CLMUL static inline __m128i
load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Sixteen bytes of remainder to four. */
CLMUL static uint32_t
reduce(__m128i x)
{
	const __m128i k34 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
	const __m128i k5 = _mm_set_epi64x(0, 0x163cd6124);
	const __m128i mu = _mm_set_epi64x(0x1f7011641, 0x1db710641);
	const __m128i low = _mm_set_epi32(0, ~0, 0, ~0);
	__m128i t;

	t = _mm_clmulepi64_si128(x, k34, 0x10);
	x = _mm_xor_si128(_mm_srli_si128(x, 8), t);
	t = _mm_srli_si128(x, 4);
	x = _mm_and_si128(x, low);
	x = _mm_xor_si128(_mm_clmulepi64_si128(x, k5, 0x00), t);
	t = _mm_and_si128(x, low);
	t = _mm_clmulepi64_si128(t, mu, 0x10);
	t = _mm_and_si128(t, low);
	t = _mm_clmulepi64_si128(t, mu, 0x00);
	return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x, t), 1);
}

/* n is a multiple of 16, at least 64; crc is inverted. */
CLMUL static uint32_t
crc_clmul(uint32_t crc, const uint8_t *p, size_t n)
{
	const __m128i k12 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
	const __m128i k34 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
	__m128i a = load(p), b = load(p + 16), c = load(p + 32);
	__m128i d = load(p + 48);

	a = _mm_xor_si128(a, _mm_cvtsi32_si128((int)crc));
	for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
		a = fold(a, k12, load(p));
		b = fold(b, k12, load(p + 16));
		c = fold(c, k12, load(p + 32));
		d = fold(d, k12, load(p + 48));
	}
	a = fold(a, k34, b);
	a = fold(a, k34, c);
	a = fold(a, k34, d);
	for (; n >= 16; p += 16, n -= 16)
		a = fold(a, k34, load(p));
	return reduce(a);
}

static size_t
crc_fast(uint32_t *crc, const uint8_t *p, size_t n)
{
	size_t whole = n & ~(size_t)15;

	if (whole < 64 || !__builtin_cpu_supports("pclmul") ||
	    !__builtin_cpu_supports("sse4.1"))
		return 0;
	*crc = ~crc_clmul(~*crc, p, whole);
	return whole;
}
#else
static size_t
crc_fast(uint32_t *crc, const uint8_t *p, size_t n)
{
	(void)crc;
	(void)p;
	(void)n;
	return 0;
}
#endif

uint32_t
pq_crc32(uint32_t crc, const uint8_t *p, size_t n)
{
	size_t done = crc_fast(&crc, p, n);

	return (uint32_t)crc32_z(crc, p + done, n - done);
}
