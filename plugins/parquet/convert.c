/* SPDX-License-Identifier: MIT
 *
 * PLAIN values as values of columns.
 */
#include "base/utf8.h"
#include "reader.h"

#define JULIAN_1970 2440588 /* the Julian day of 1970-01-01 */
#define US_DAY INT64_C(86400000000)

size_t
pq_reader_width(const struct pq_field *leaf)
{
	return leaf->type.kind == WEIR_BOOL ? 1 : weir_type_width(&leaf->type);
}

/* Big-endian two's complement; false when it takes more than 16 bytes. */
static bool
big_endian(const uint8_t *p, size_t n, weir_i128 *out)
{
	weir_u128 v = 0;
	uint8_t sign = n > 0 && (p[0] & 0x80) != 0 ? 0xff : 0;

	for (; n > 16; n--)
		if (*p++ != sign)
			return false;
	if (sign != 0)
		v = ~(weir_u128)0;
	while (n-- > 0)
		v = v << 8 | *p++;
	*out = (weir_i128)v;
	return true;
}

static int
one_decimal(const struct pq_field *leaf, const uint8_t *p, size_t n, void *to,
    uint32_t i)
{
	weir_i128 v;

	if (!big_endian(p, n, &v))
		return -1;
	if (leaf->convert == PQ_TO_DECIMAL128) {
		((weir_i128 *)to)[i] = v;
		return 0;
	}
	if (v != (int64_t)v)
		return -1;
	((int64_t *)to)[i] = (int64_t)v;
	return 0;
}

void
pq_convert_uuid(const uint8_t *p, char *to)
{
	static const char hex[] = "0123456789abcdef";
	int i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = hex[p[i] >> 4];
		*to++ = hex[p[i] & 15];
	}
}

/* IEEE 754 binary16. */
static float
half(uint16_t h)
{
	uint32_t sign = (uint32_t)(h >> 15) << 31, mant = h & 0x3ff, u;
	uint32_t exp = h >> 10 & 31;
	float f;

	if (exp == 31)
		u = sign | 0x7f800000 | mant << 13;
	else if (exp != 0)
		u = sign | (exp + 112) << 23 | mant << 13;
	else {
		f = (float)mant / 16777216;
		return sign != 0 ? -f : f;
	}
	memcpy(&f, &u, 4);
	return f;
}

static int64_t
floor_div(int64_t v, int64_t by)
{
	return v / by - (v % by < 0);
}

/* Microseconds of an INT96; false beyond an int64. */
static bool
one_int96(const uint8_t *p, int64_t *out)
{
	int64_t ns = (int64_t)pq_get64(p);
	int64_t day = (int64_t)(int32_t)pq_get32(p + 8) - JULIAN_1970;

	return !__builtin_mul_overflow(day, US_DAY, out) &&
	    !__builtin_add_overflow(*out, floor_div(ns, 1000), out);
}

/* Texts with their lengths before them. */
static int
slices(const struct pq_field *leaf, const uint8_t **pp, const uint8_t *end,
    struct weir_str *s, uint32_t n, const char **what)
{
	const uint8_t *p = *pp;
	uint32_t i, len;

	for (i = 0; i < n; i++) {
		if (end - p < 4)
			return -1;
		len = pq_get32(p);
		p += 4;
		if (len > (size_t)(end - p))
			return -1;
		if (leaf->convert == PQ_TO_TEXT &&
		    !weir__utf8_valid((const char *)p, len)) {
			*what = "text that is not UTF-8";
			return -1;
		}
		if (leaf->type.kind == WEIR_JSON && !pq_is_json(p, len)) {
			*what = "text that is not JSON";
			return -1;
		}
		s[i] = weir_str_make((const char *)p, len);
		p += len;
	}
	*pp = p;
	return 0;
}

static int
decimals(const struct pq_field *leaf, const uint8_t **pp, const uint8_t *end,
    void *to, uint32_t n, const char **what)
{
	const uint8_t *p = *pp;
	uint32_t i, len = leaf->fixed_len;

	for (i = 0; i < n; i++) {
		if (leaf->phys == PQ_BYTE_ARRAY) {
			if (end - p < 4)
				return -1;
			len = pq_get32(p);
			p += 4;
		}
		if (len > (size_t)(end - p))
			return -1;
		if (one_decimal(leaf, p, len, to, i) != 0) {
			*what = "a decimal of more digits than its type";
			return -1;
		}
		p += len;
	}
	*pp = p;
	return 0;
}

/* Values of a fixed number of bytes, all of which are there. */
static int
fixed(const struct pq_field *leaf, const uint8_t *p, void *to, uint32_t n,
    const char **what)
{
	int64_t *i64 = to, f = leaf->factor;
	uint32_t i;

	switch (leaf->convert) {
	case PQ_TO_I64:
		for (i = 0; i < n; i++)
			i64[i] = (int32_t)pq_get32(p + 4 * (size_t)i);
		return 0;
	case PQ_TO_U64:
		for (i = 0; i < n; i++)
			i64[i] = pq_get32(p + 4 * (size_t)i);
		return 0;
	case PQ_TO_TIMES32:
		for (i = 0; i < n; i++)
			i64[i] = (int32_t)pq_get32(p + 4 * (size_t)i) * f;
		return 0;
	case PQ_TO_TIMES:
		for (i = 0; i < n; i++)
			if (__builtin_mul_overflow(
				(int64_t)pq_get64(p + 8 * (size_t)i), f,
				&i64[i])) {
				*what = "a time beyond the year 294000";
				return -1;
			}
		return 0;
	case PQ_TO_FLOOR:
		for (i = 0; i < n; i++)
			i64[i] = floor_div(
			    (int64_t)pq_get64(p + 8 * (size_t)i), f);
		return 0;
	case PQ_TO_INT96:
		for (i = 0; i < n; i++)
			if (!one_int96(p + 12 * (size_t)i, &i64[i])) {
				*what = "a time beyond the year 294000";
				return -1;
			}
		return 0;
	case PQ_TO_U64_128:
		for (i = 0; i < n; i++)
			((weir_i128 *)to)[i] = (weir_i128)pq_get64(
			    p + 8 * (size_t)i);
		return 0;
	case PQ_TO_HALF:
		for (i = 0; i < n; i++)
			((float *)to)[i] = half((uint16_t)(p[2 * i] |
			    p[2 * i + 1] << 8));
		return 0;
	default:
		return -1;
	}
}

/* Bytes that a value takes in the file; 0: it says so itself. */
static size_t
plain_width(const struct pq_field *leaf)
{
	switch (leaf->phys) {
	case PQ_INT32:
	case PQ_FLOAT:
		return 4;
	case PQ_INT64:
	case PQ_DOUBLE:
		return 8;
	case PQ_INT96:
		return 12;
	case PQ_FIXED:
		return leaf->convert == PQ_TO_UUID ? PQ_UUID_TEXT
						   : leaf->fixed_len;
	default:
		return 0;
	}
}

int
pq_convert(const struct pq_field *leaf, const uint8_t **p, const uint8_t *end,
    void *to, uint32_t n, const char **what)
{
	size_t w = plain_width(leaf);
	struct weir_str *s = to;
	uint32_t i;

	*what = "fewer values than it says";
	if (w != 0 && (size_t)(end - *p) / w < n)
		return -1;
	switch (leaf->convert) {
	case PQ_TO_SAME:
		if (n != 0)
			memcpy(to, *p, w * n);
		break;
	case PQ_TO_TEXT:
	case PQ_TO_BYTES:
	case PQ_TO_UUID:
		if (leaf->phys == PQ_BYTE_ARRAY)
			return slices(leaf, p, end, s, n, what);
		for (i = 0; i < n; i++)
			s[i] = weir_str_make((const char *)*p + w * i, w);
		break;
	case PQ_TO_DECIMAL64:
	case PQ_TO_DECIMAL128:
		return decimals(leaf, p, end, to, n, what);
	default:
		if (fixed(leaf, *p, to, n, what) != 0)
			return -1;
	}
	*p += w * n;
	return 0;
}
