/* SPDX-License-Identifier: MIT
 *
 * MD5, SHA-1, SHA-256, SHA-512 and HMAC.
 *
 *	kind ─► block size, state, compression     one driver for all: blocks
 *	                                           are gathered, padded, counted
 */
#include "base/digest.h"

#include <stdbool.h>
#include <string.h>

/* Fractional parts of the cube roots of the first primes (FIPS 180-4, 4.2.2,
 * 4.2.3), and of |sin i| (RFC 1321, 3.4). */
static const uint64_t k512[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
	0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
	0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
	0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
	0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
	0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
	0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
	0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
	0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
	0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
	0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint32_t kmd5[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
	0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
	0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
	0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
	0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
	0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint64_t start512[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint32_t start1[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
	0x10325476, 0xc3d2e1f0 };


static inline uint32_t
rol32(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline uint32_t
ror32(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static inline uint64_t
ror64(uint64_t v, unsigned n)
{
	return v >> n | v << (64 - n);
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static inline uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0];
}

static void
md5_block(uint32_t *h, const uint8_t *p)
{
	static const uint8_t turns[4][4] = { { 7, 12, 17, 22 },
		{ 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], f, t;
	unsigned i, g;

	for (i = 0; i < 64; i++) {
		if (i < 16) {
			f = (b & c) | (~b & d);
			g = i;
		} else if (i < 32) {
			f = (d & b) | (~d & c);
			g = (5 * i + 1) % 16;
		} else if (i < 48) {
			f = b ^ c ^ d;
			g = (3 * i + 5) % 16;
		} else {
			f = c ^ (b | ~d);
			g = 7 * i % 16;
		}
		t = d;
		d = c;
		c = b;
		b += rol32(a + f + kmd5[i] + le32(p + 4 * g),
		    turns[i / 16][i % 4]);
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
}

static void
sha1_block(uint32_t *h, const uint8_t *p)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f, k;
	uint32_t t;
	unsigned i;

	for (i = 0; i < 16; i++)
		w[i] = be32(p + 4 * i);
	for (; i < 80; i++)
		w[i] = rol32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (i = 0; i < 80; i++) {
		if (i < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (i < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (i < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		t = rol32(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rol32(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

/* One round of SHA-2: of the eight words only d and h change, so that with
 * the names moved on by one no word has to be. */
#define ROUND(ror, a, b, c, d, e, f, g, h, s1, s2, s3, r1, r2, r3, kw)        \
	do {                                                                   \
		h += (ror(e, s1) ^ ror(e, s2) ^ ror(e, s3)) +                  \
		    (g ^ (e & (f ^ g))) + (kw);                                \
		d += h;                                                        \
		h += (ror(a, r1) ^ ror(a, r2) ^ ror(a, r3)) +                  \
		    ((a & b) | (c & (a | b)));                                 \
	} while (0)

#define EIGHT(R)                                                               \
	R(a, b, c, d, e, f, g, h, 0);                                          \
	R(h, a, b, c, d, e, f, g, 1);                                          \
	R(g, h, a, b, c, d, e, f, 2);                                          \
	R(f, g, h, a, b, c, d, e, 3);                                          \
	R(e, f, g, h, a, b, c, d, 4);                                          \
	R(d, e, f, g, h, a, b, c, 5);                                          \
	R(c, d, e, f, g, h, a, b, 6);                                          \
	R(b, c, d, e, f, g, h, a, 7)

/* SHA-256 takes the upper halves of SHA-512's constants. */
#define R256(a, b, c, d, e, f, g, h, n)                                        \
	ROUND(ror32, a, b, c, d, e, f, g, h, 6, 11, 25, 2, 13, 22,             \
	    (uint32_t)(k512[i + (n)] >> 32) + w[i + (n)])
#define R512(a, b, c, d, e, f, g, h, n)                                        \
	ROUND(ror64, a, b, c, d, e, f, g, h, 14, 18, 41, 28, 34, 39,           \
	    k512[i + (n)] + w[i + (n)])

static void
sha256_block(uint32_t *s, const uint8_t *p)
{
	uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5];
	uint32_t g = s[6], h = s[7], w[64];
	unsigned i;

	for (i = 0; i < 16; i++)
		w[i] = be32(p + 4 * i);
	for (; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		    (ror32(w[i - 15], 7) ^ ror32(w[i - 15], 18) ^
			w[i - 15] >> 3) +
		    (ror32(w[i - 2], 17) ^ ror32(w[i - 2], 19) ^
			w[i - 2] >> 10);
	for (i = 0; i < 64; i += 8) {
		EIGHT(R256);
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	s[4] += e;
	s[5] += f;
	s[6] += g;
	s[7] += h;
}

static void
sha512_block(uint64_t *s, const uint8_t *p)
{
	uint64_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5];
	uint64_t g = s[6], h = s[7], w[80];
	unsigned i;

	for (i = 0; i < 16; i++)
		w[i] = be64(p + 8 * i);
	for (; i < 80; i++)
		w[i] = w[i - 16] + w[i - 7] +
		    (ror64(w[i - 15], 1) ^ ror64(w[i - 15], 8) ^
			w[i - 15] >> 7) +
		    (ror64(w[i - 2], 19) ^ ror64(w[i - 2], 61) ^
			w[i - 2] >> 6);
	for (i = 0; i < 80; i += 8) {
		EIGHT(R512);
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	s[4] += e;
	s[5] += f;
	s[6] += g;
	s[7] += h;
}

static size_t
block_size(enum weir__digest_kind kind)
{
	return kind == WEIR__SHA512 ? 128 : 64;
}

static void
compress(struct weir__digest *di, const uint8_t *p)
{
	switch (di->kind) {
	case WEIR__MD5:
		md5_block(di->u.h32, p);
		break;
	case WEIR__SHA1:
		sha1_block(di->u.h32, p);
		break;
	case WEIR__SHA256:
		sha256_block(di->u.h32, p);
		break;
	case WEIR__SHA512:
		sha512_block(di->u.h64, p);
		break;
	}
}

void
weir__digest_init(struct weir__digest *di, enum weir__digest_kind kind)
{
	unsigned i;

	memset(di, 0, sizeof *di);
	di->kind = kind;
	for (i = 0; i < 8; i++) {
		if (kind == WEIR__SHA512)
			di->u.h64[i] = start512[i];
		else if (kind == WEIR__SHA256)
			di->u.h32[i] = (uint32_t)(start512[i] >> 32);
		else if (i < 5)
			di->u.h32[i] = start1[i]; /* MD5's first four, too */
	}
}

void
weir__digest_add(struct weir__digest *di, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t size = block_size(di->kind), part;

	di->total += n;
	while (n > 0) {
		if (di->used == 0 && n >= size) {
			compress(di, p);
			p += size;
			n -= size;
			continue;
		}
		part = size - di->used < n ? size - di->used : n;
		memcpy(di->block + di->used, p, part);
		di->used += (uint32_t)part;
		p += part;
		n -= part;
		if (di->used == size) {
			compress(di, di->block);
			di->used = 0;
		}
	}
}

size_t
weir__digest_end(struct weir__digest *di, uint8_t *out)
{
	static const uint8_t sizes[] = { 16, 20, 32, 64 };
	size_t size = block_size(di->kind), n = sizes[di->kind], i;
	bool little = di->kind == WEIR__MD5;
	uint64_t bits = di->total * 8;

	di->block[di->used++] = 0x80;
	if (di->used > size - size / 8) {
		memset(di->block + di->used, 0, size - di->used);
		compress(di, di->block);
		di->used = 0;
	}
	memset(di->block + di->used, 0, size - di->used);
	for (i = 0; i < 8; i++)
		di->block[little ? size - 8 + i : size - 1 - i] =
		    (uint8_t)(bits >> (8 * i));
	compress(di, di->block);
	for (i = 0; i < n; i++) {
		if (di->kind == WEIR__SHA512)
			out[i] = (uint8_t)(di->u.h64[i / 8] >>
			    (56 - 8 * (i % 8)));
		else
			out[i] = (uint8_t)(di->u.h32[i / 4] >>
			    (little ? 8 * (i % 4) : 24 - 8 * (i % 4)));
	}
	return n;
}

void
weir__hmac_init(struct weir__hmac *hm, enum weir__digest_kind kind,
    const void *key, size_t n)
{
	size_t size = block_size(kind), i;
	uint8_t pad[128] = { 0 };

	weir__digest_init(&hm->inner, kind);
	if (n > size) {
		weir__digest_add(&hm->inner, key, n);
		weir__digest_end(&hm->inner, pad);
		weir__digest_init(&hm->inner, kind);
	} else if (n != 0) {
		memcpy(pad, key, n);
	}
	weir__digest_init(&hm->outer, kind);
	for (i = 0; i < size; i++)
		pad[i] ^= 0x36;
	weir__digest_add(&hm->inner, pad, size);
	for (i = 0; i < size; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	weir__digest_add(&hm->outer, pad, size);
}

size_t
weir__hmac_sign(const struct weir__hmac *hm, const void *p, size_t n,
    uint8_t *out)
{
	struct weir__digest di = hm->inner;
	size_t len;

	weir__digest_add(&di, p, n);
	len = weir__digest_end(&di, out);
	di = hm->outer;
	weir__digest_add(&di, out, len);
	return weir__digest_end(&di, out);
}
