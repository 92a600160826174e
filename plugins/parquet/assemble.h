/* SPDX-License-Identifier: MIT
 *
 * Leaves of a row group as columns of batches.
 */
#ifndef PARQUET_ASSEMBLE_H
#define PARQUET_ASSEMBLE_H

#include "reader.h"

/* A column and what reads its leaves; nested ones keep the entries of the
 * rows being read. */
struct pq_leaf_in {
	struct pq_reader rd;
	struct pq_bytes def;
	struct pq_bytes rep;
	struct pq_bytes vals;
	uint32_t n; /* entries */
	uint32_t at; /* values taken */
};

struct pq_column_in {
	const struct pq_field *field;
	struct pq_leaf_in *leaves; /* field->nleaves */
};

int pq_column_in_init(struct pq_column_in *ci, const struct weir_host *ho,
    const struct pq_field *field, struct pq_scratch *sx);
void pq_column_in_fini(struct pq_column_in *ci);

/* The next n rows of the row group into column `co` of a new batch. */
int pq_column_in_rows(struct pq_column_in *ci, struct weir_stage *st,
    struct weir_batch *b, struct weir_column *co, uint32_t n,
    struct weir_err *err);

#endif
