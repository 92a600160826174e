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

size_t
weir__u64_print(char *out, uint64_t v)
{
	char text[20];
	size_t at = sizeof text;
	unsigned two;

	while (v >= 100) {
		two = (unsigned)(v % 100);
		v /= 100;
		text[--at] = (char)('0' + two % 10);
		text[--at] = (char)('0' + two / 10);
	}
	text[--at] = (char)('0' + v % 10);
	if (v >= 10)
		text[--at] = (char)('0' + v / 10);
	memcpy(out, text + at, sizeof text - at);
	return sizeof text - at;
}

size_t
weir__i64_print(char *out, int64_t v)
{
	if (v >= 0)
		return weir__u64_print(out, (uint64_t)v);
	*out = '-';
	return 1 + weir__u64_print(out + 1, 0 - (uint64_t)v);
}
