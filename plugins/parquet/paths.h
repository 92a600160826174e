/* SPDX-License-Identifier: MIT
 *
 * The files that a path means.
 */
#ifndef PARQUET_PATHS_H
#define PARQUET_PATHS_H

#include "bytes.h"

struct pq_paths {
	const struct weir_host *ho;
	char **at;
	uint32_t n;
	uint32_t cap;
};

/* Add what a path means: a file; a directory, and then every .parquet file
 * below it whose name and directories begin neither with a point nor with _;
 * else a pattern of such.  Sorted.  -1: memory is out. */
int pq_paths_add(struct pq_paths *pa, const char *path);
void pq_paths_fini(struct pq_paths *pa);

#endif
