/* SPDX-License-Identifier: MIT
 *
 * The types that a value, a column and a stream may have.
 *
 * Types, fields and schemas are immutable once a stage is bound and live as
 * long as the plan; whoever holds a pointer to one does not own it.
 */
#ifndef WEIR_TYPES_H
#define WEIR_TYPES_H

#include <string.h>

#include "weir/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weir_kind {
	WEIR_NULL = 0,	 /* the type of the literal null; never a column's */
	WEIR_BOOL,	 /* a bitmap, LSB first */
	WEIR_INT32,	 /* int32_t */
	WEIR_INT64,	 /* int64_t */
	WEIR_FLOAT32,	 /* float */
	WEIR_FLOAT64,	 /* double */
	WEIR_DECIMAL,	 /* int64_t to 18 digits, else weir_i128: unscaled */
	WEIR_STRING,	 /* struct weir_str, valid UTF-8 */
	WEIR_BYTES,	 /* struct weir_str */
	WEIR_TIMESTAMP,	 /* int64_t, microseconds since 1970-01-01T00:00:00Z */
	WEIR_DATE,	 /* int32_t, days since 1970-01-01 */
	WEIR_DURATION,	 /* int64_t, microseconds */
	WEIR_JSON,	 /* struct weir_str, one valid JSON text */
	WEIR_LIST,	 /* int32_t offsets (rows + 1) and one child */
	WEIR_MAP,	 /* int32_t offsets and two children: key, value */
	WEIR_STRUCT,	 /* a child a field */
	WEIR_KINDS
};

__extension__ typedef __int128 weir_i128;
__extension__ typedef unsigned __int128 weir_u128;

struct weir_field;

struct weir_type {
	uint8_t kind;	   /* enum weir_kind */
	uint8_t precision; /* decimal: digits in all, 1 to 38 */
	uint8_t scale;	   /* decimal: digits after the point, 0 to precision */
	uint8_t reserved;
	uint32_t nfields; /* list 1 (element), map 2 (key, value), struct n */
	const struct weir_field *fields;
};

struct weir_field {
	const char *name; /* UTF-8, never empty but in lists and maps */
	const struct weir_type *type;
	bool required;	    /* never null */
	const char *from;   /* the name in the outside format, or NULL */
	const char *format; /* timestamps, dates: NULL is RFC 3339 and ISO 8601
			     * text; "s", "ms", "us", "ns" a number since the
			     * epoch; anything else a strptime pattern */
	struct weir_span span; /* where it was declared */
};

enum weir_stream_kind {
	WEIR_APPEND = 0, /* rows are facts */
	WEIR_CHANGES,	 /* rows put or delete the row of their key */
};

/* The columns of a stream. */
struct weir_schema {
	uint32_t ncols;
	const struct weir_field *cols;
	enum weir_stream_kind kind;
	uint32_t nkeys;	      /* changes: the key's columns */
	const uint32_t *keys; /* column numbers */
	int32_t event_time;   /* the watermarked column, or -1 */
	bool watermarked;     /* a watermark lies upstream */
	bool event_end;	      /* event_time ends an interval (a window's): the
			       * row's event time is a microsecond before it */
};

/* A slice of text or bytes in 16 bytes.  Up to 12 bytes stand inline and the
 * rest of them is zero; longer ones keep their first four bytes beside the
 * pointer, so that most comparisons need not follow it.  Never NUL-ended. */
struct weir_str {
	uint32_t len;
	union {
		char small[12];
		struct {
			char prefix[4];
			const char *ptr;
		} __attribute__((packed)) big;
	} u;
} __attribute__((aligned(8)));

/* Does not compile where it is anything but 16 bytes. */
typedef char weir_str_has_16_bytes[sizeof(struct weir_str) == 16 ? 1 : -1];

#define WEIR_STR_SMALL 12u

static inline const char *
weir_str_data(const struct weir_str *s)
{
	return s->len <= WEIR_STR_SMALL ? s->u.small : s->u.big.ptr;
}

/* A slice of `len` bytes at `p`; they must outlive it when more than 12. */
static inline struct weir_str
weir_str_make(const char *p, size_t len)
{
	struct weir_str s;

	memset(&s, 0, sizeof s);
	s.len = (uint32_t)len;
	if (len <= WEIR_STR_SMALL) {
		if (len != 0)
			memcpy(s.u.small, p, len);
	} else {
		memcpy(s.u.big.prefix, p, 4);
		s.u.big.ptr = p;
	}
	return s;
}

static inline bool
weir_str_eq(const struct weir_str *a, const struct weir_str *b)
{
	if (a->len != b->len || memcmp(&a->u, &b->u, 4) != 0)
		return false;
	if (a->len <= WEIR_STR_SMALL)
		return memcmp(a->u.small, b->u.small, WEIR_STR_SMALL) == 0;
	return memcmp(a->u.big.ptr, b->u.big.ptr, a->len) == 0;
}

/* Bytewise order, as memcmp and then the length. */
static inline int
weir_str_cmp(const struct weir_str *a, const struct weir_str *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int c = n == 0 ? 0 : memcmp(weir_str_data(a), weir_str_data(b), n);

	return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

/* Decimals of up to 18 digits are kept in 8 bytes, longer ones in 16. */
static inline bool
weir_decimal_wide(const struct weir_type *ty)
{
	return ty->precision > 18;
}

/* Bytes that one value takes in a column: 0 for bool, list, map, struct. */
static inline size_t
weir_type_width(const struct weir_type *ty)
{
	switch (ty->kind) {
	case WEIR_INT32:
	case WEIR_FLOAT32:
	case WEIR_DATE:
		return 4;
	case WEIR_INT64:
	case WEIR_FLOAT64:
	case WEIR_TIMESTAMP:
	case WEIR_DURATION:
		return 8;
	case WEIR_DECIMAL:
		return weir_decimal_wide(ty) ? 16 : 8;
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		return sizeof(struct weir_str);
	default:
		return 0;
	}
}

static inline bool
weir_type_textual(const struct weir_type *ty)
{
	return ty->kind == WEIR_STRING || ty->kind == WEIR_BYTES ||
	    ty->kind == WEIR_JSON;
}

static inline bool
weir_type_nested(const struct weir_type *ty)
{
	return ty->kind >= WEIR_LIST && ty->kind <= WEIR_STRUCT;
}

/* One constant, as options and literals give it.  Text belongs to the plan. */
struct weir_value {
	const struct weir_type *type; /* NULL: no value at all */
	bool null;
	union {
		bool b;
		int64_t i;   /* int32, int64, timestamp, date, duration */
		double f;    /* float32, float64 */
		weir_i128 d; /* decimal, any width */
		struct weir_str s;
		struct {
			const struct weir_value *items; /* list, struct, map */
			size_t n;
		} list;
	} u;
};

#ifdef __cplusplus
}
#endif
#endif
