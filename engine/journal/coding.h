/* SPDX-License-Identifier: MIT
 *
 * The bytes of records: integers as LEB128 (signed ones zigzag), texts and
 * bytes with their length before them.  Writing goes into a struct weir__buf,
 * whose error is sticky; reading never goes past the end, and `bad` is sticky
 * too: one check at the end is enough.
 */
#ifndef WEIR_JOURNAL_CODING_H
#define WEIR_JOURNAL_CODING_H

#include "base/buf.h"

struct weir__dec {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline void
weir__put_u(struct weir__buf *bf, uint64_t v)
{
	char b[10];
	size_t n = 0;

	for (; v >= 128; v >>= 7)
		b[n++] = (char)(v | 128);
	b[n++] = (char)v;
	weir__buf_add(bf, b, n);
}

static inline void
weir__put_i(struct weir__buf *bf, int64_t v)
{
	weir__put_u(bf, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static inline void
weir__put_bytes(struct weir__buf *bf, const void *p, size_t n)
{
	weir__put_u(bf, n);
	if (n != 0)
		weir__buf_add(bf, p, n);
}

static inline void
weir__put_str(struct weir__buf *bf, const char *s)
{
	weir__put_bytes(bf, s, strlen(s));
}

static inline struct weir__dec
weir__dec(const void *p, size_t n)
{
	return (struct weir__dec){ p, (const uint8_t *)p + n, false };
}

static inline uint64_t
weir__get_u(struct weir__dec *de)
{
	uint64_t v = 0;
	unsigned shift;

	for (shift = 0; shift < 64 && de->p < de->end; shift += 7) {
		v |= (uint64_t)(*de->p & 127) << shift;
		if (*de->p++ < 128)
			return v;
	}
	de->bad = true;
	return 0;
}

static inline int64_t
weir__get_i(struct weir__dec *de)
{
	uint64_t v = weir__get_u(de);

	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Points into what is read; *n is 0 where it is bad. */
static inline const void *
weir__get_bytes(struct weir__dec *de, size_t *n)
{
	uint64_t len = weir__get_u(de);
	const void *p = de->p;

	if (de->bad || len > (uint64_t)(de->end - de->p)) {
		de->bad = true;
		*n = 0;
		return de->end;
	}
	de->p += len;
	*n = (size_t)len;
	return p;
}

/* A count of things that take at least `least` bytes each: never more than can
 * be there. */
static inline size_t
weir__get_n(struct weir__dec *de, size_t least)
{
	uint64_t n = weir__get_u(de);

	if (n > (uint64_t)(de->end - de->p) / (least != 0 ? least : 1)) {
		de->bad = true;
		return 0;
	}
	return (size_t)n;
}

#endif
