/* SPDX-License-Identifier: MIT
 *
 * Integers to and from text.
 */
#include "base/num.h"

#include <string.h>

static uint64_t
load8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

enum weir__num
weir__u64_parse(uint64_t *out, const char *p, size_t n)
{
	const char *end = p + n;
	enum weir__num rc = WEIR__NUM_OK;
	uint64_t v = 0;
	unsigned d;

	if (n != 0 && *p == '+')
		p++;
	if (p == end)
		return WEIR__NUM_SYNTAX;
	if (end - p >= 8 && end - p <= 18 && weir__num_is_8digits(load8(p))) {
		v = weir__num_8digits(load8(p));
		p += 8;
	}
	for (; p < end; p++) {
		d = (unsigned)(unsigned char)*p - '0';
		if (d > 9)
			return WEIR__NUM_SYNTAX;
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, d, &v))
			rc = WEIR__NUM_RANGE;
	}
	*out = v;
	return rc;
}

enum weir__num
weir__i64_parse(int64_t *out, const char *p, size_t n)
{
	enum weir__num rc;
	bool neg = n != 0 && *p == '-';
	uint64_t v;

	if (neg && n > 1 && p[1] == '+')
		return WEIR__NUM_SYNTAX;
	rc = weir__u64_parse(&v, p + neg, n - neg);
	if (rc != WEIR__NUM_OK)
		return rc;
	if (v > (uint64_t)INT64_MAX + neg)
		return WEIR__NUM_RANGE;
	*out = neg ? (int64_t)(0 - v) : (int64_t)v;
	return WEIR__NUM_OK;
}

static const char pairs[] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* How many digits v has. */
static unsigned
digits(uint64_t v)
{
	static const uint64_t pow10[] = { 0, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, 10000000000000000000u };
	unsigned n = (64 - (unsigned)__builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= pow10[n]);
}

size_t
weir__u64_print(char *out, uint64_t v)
{
	size_t n = v == 0 ? 1 : digits(v);
	char *at = out + n;
	uint32_t low, high;

	while (v >= 100000000) { /* eight at a time, in 32 bits */
		low = (uint32_t)(v % 100000000);
		v /= 100000000;
		high = low / 10000;
		low %= 10000;
		at -= 8;
		memcpy(at, pairs + high / 100 * 2, 2);
		memcpy(at + 2, pairs + high % 100 * 2, 2);
		memcpy(at + 4, pairs + low / 100 * 2, 2);
		memcpy(at + 6, pairs + low % 100 * 2, 2);
	}
	for (low = (uint32_t)v; low >= 100; low /= 100) {
		at -= 2;
		memcpy(at, pairs + low % 100 * 2, 2);
	}
	if (low >= 10)
		memcpy(at - 2, pairs + low * 2, 2);
	else
		at[-1] = (char)('0' + low);
	return n;
}

size_t
weir__i64_print(char *out, int64_t v)
{
	if (v >= 0)
		return weir__u64_print(out, (uint64_t)v);
	*out = '-';
	return 1 + weir__u64_print(out + 1, 0 - (uint64_t)v);
}
