/* SPDX-License-Identifier: MIT
 *
 * Rows travel in batches: up to 4096 rows, a column of one type each.
 *
 *	batch ── schema        names and types; cols[i] belongs to schema->cols[i]
 *	  ├─ cols[0..ncols)    data, validity, children
 *	  ├─ origin            which source, partition and offsets the rows came of
 *	  ├─ root, root_rows   the source's own batch, still in memory, and which of
 *	  │                    its rows each row came of: payload, key, headers
 *	  └─ arena, pins       all memory, freed together with the last reference
 *
 * A batch is immutable once emitted.  It never leaves its worker's thread.
 * Whatever is kept after `process` or `write` returns is copied.
 *
 * The layout is part of the ABI.
 */
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include "weir/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_BATCH_ROWS 4096u
#define WEIR_BITMAP_WORDS(n) (((size_t)(n) + 63) / 64)

/* One column.  Which member holds the values follows from the type:
 *
 *	bool            bits      bitmap, LSB first
 *	list            offsets   rows + 1 int32, child[0] the elements
 *	map             offsets   rows + 1 int32, child[0] keys, child[1] values
 *	struct          child     one a field, each `rows` long
 *	all others      data      rows values of weir_type_width()
 *
 * `valid` is a bitmap, bit set where the row is not null, or NULL when no row
 * is null.  The value of a null row is unspecified but readable; the offsets of
 * a null list or map row are equal.  Bits past the last row are unspecified.
 * A column no one reads is absent: all its pointers are NULL. */
struct weir_column {
	union {
		void *data;
		uint64_t *bits;
		int32_t *i32;
		int64_t *i64;
		float *f32;
		double *f64;
		weir_i128 *i128;
		struct weir_str *str;
	} u;
	uint64_t *valid;
	int32_t *offsets;
	struct weir_column *child;
	uint32_t nchild;
	uint32_t reserved;
};

enum weir_op {
	WEIR_PUT = 0,
	WEIR_DELETE = 1,
};

struct weir_batch {
	const struct weir_schema *schema;
	uint32_t nrows;
	uint32_t ncols;
	struct weir_column *cols;
	const uint8_t *ops; /* changes: an enum weir_op a row; else NULL */

	/* Origin.  source is -1 where rows come of no source (a window's).
	 * Where sources is not NULL, source and partition differ by row. */
	int32_t source;
	int32_t partition;
	const int64_t *positions; /* a row: its offset in the partition */
	const int32_t *sources;
	const int32_t *partitions;

	/* A row: the watermark of its own partition at its own position, in
	 * microseconds; NULL above the watermark stage. */
	const int64_t *watermarks;

	/* The batch that the source made, and the row in it of each row here
	 * (NULL: the same row).  NULL where the origin is gone. */
	const struct weir_batch *root;
	const uint32_t *root_rows;

	uint64_t bytes; /* source batches: payload bytes, for epoch limits */
	struct weir_batch_private *priv;
};

static inline bool
weir_bit(const uint64_t *bits, size_t i)
{
	return (bits[i / 64] >> (i % 64)) & 1;
}

static inline void
weir_bit_set(uint64_t *bits, size_t i)
{
	bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static inline void
weir_bit_clear(uint64_t *bits, size_t i)
{
	bits[i / 64] &= ~((uint64_t)1 << (i % 64));
}

static inline void
weir_bit_put(uint64_t *bits, size_t i, bool on)
{
	if (on)
		weir_bit_set(bits, i);
	else
		weir_bit_clear(bits, i);
}

static inline bool
weir_valid(const struct weir_column *c, size_t i)
{
	return c->valid == NULL || weir_bit(c->valid, i);
}

/* Is the column there at all?  (Columns no one reads are not.) */
static inline bool
weir_present(const struct weir_column *c)
{
	return c->u.data != NULL || c->child != NULL;
}

#ifdef __cplusplus
}
#endif
#endif
