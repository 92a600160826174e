/* SPDX-License-Identifier: MIT
 *
 * A file's schema as columns of a stream: each field's type, and how its
 * leaves' values and levels become that.
 */
#ifndef PARQUET_TREE_H
#define PARQUET_TREE_H

#include "meta.h"

/* What becomes of a leaf's values. */
enum pq_convert {
	PQ_TO_SAME = 0,	  /* bits, 4 or 8 bytes as they are */
	PQ_TO_TEXT,	  /* slices, checked to be UTF-8 */
	PQ_TO_BYTES,	  /* slices */
	PQ_TO_I64,	  /* INT32, sign-extended */
	PQ_TO_U64,	  /* INT32, zero-extended */
	PQ_TO_TIMES,	  /* INT64 times `factor` */
	PQ_TO_TIMES32,	  /* INT32 times `factor` */
	PQ_TO_FLOOR,	  /* INT64 divided by `factor`, downwards */
	PQ_TO_INT96,	  /* nanoseconds of a Julian day, and the day */
	PQ_TO_DECIMAL64,  /* big-endian bytes */
	PQ_TO_DECIMAL128, /* likewise */
	PQ_TO_U64_128,	  /* INT64 without a sign, as a wide decimal */
	PQ_TO_UUID,	  /* 16 bytes as text of 36 */
	PQ_TO_HALF,	  /* 2 bytes as float32 */
};

/* A field of the stream, or of one of its fields. */
struct pq_field {
	struct weir_type type; /* nested ones: without fields */
	char *name;
	bool required;
	uint8_t slot_def; /* the definition level at which there is a slot */
	uint8_t rep;	  /* lists around it */
	struct pq_field *sub; /* struct: fields; list: 1; map: 2 */
	uint32_t nsub;
	uint32_t leaf;	/* its leaf, or the first one below it */
	uint32_t nleaves;

	/* leaves */
	enum pq_convert convert;
	int64_t factor;
	int phys;
	uint32_t fixed_len;
	uint8_t max_def;
	uint8_t max_rep;
};

struct pq_tree {
	const struct weir_host *ho;
	struct pq_field *cols;
	uint32_t ncols;
};

/* Fails where a column is of a kind that has no type here, naming it. */
int pq_tree_make(struct pq_tree *tr, const struct pq_meta *m,
    const char *name, struct weir_err *err);
void pq_tree_fini(struct pq_tree *tr);

/* Do two files have the same columns?  `b` is the one found wanting. */
int pq_tree_same(const struct pq_tree *a, const char *a_name,
    const struct pq_tree *b, const char *b_name, struct weir_err *err);

/* The type in the plan's memory, or NULL. */
const struct weir_type *pq_tree_type(struct weir_bind *bi,
    const struct pq_field *fi);

/* Every leaf in turn. */
const struct pq_field *pq_tree_leaf(const struct pq_field *fi, uint32_t leaf);

/* A type as the language writes it: "list(int64)". */
void pq_type_text(char *to, size_t cap, const struct pq_field *fi);

#endif
