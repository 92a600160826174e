/* SPDX-License-Identifier: MIT
 *
 * Levels of a nested column, leaf by leaf (S. Melnik et al., "Dremel:
 * Interactive Analysis of Web-Scale Datasets", VLDB 2010, section 4).
 */
#ifndef PARQUET_SHRED_H
#define PARQUET_SHRED_H

#include "column.h"

struct pq_shred {
	struct pq_bytes a; /* entries before and after a step */
	struct pq_bytes b;
	struct pq_bytes def;
	struct pq_bytes rep;
	struct pq_bytes at;
};

void pq_shred_init(struct pq_shred *sh, const struct weir_host *ho);
void pq_shred_fini(struct pq_shred *sh);

/* Write rows rows[0..n) (NULL: the first n) of the column `co` of the field
 * into its leaves, of which the first is leaf[0].  -1 when memory is out. */
int pq_shred_write(struct pq_shred *sh, struct pq_scratch *sx,
    const struct weir_field *fi, const struct weir_column *co,
    const uint32_t *rows, uint32_t n, struct pq_column *leaf);

#endif
