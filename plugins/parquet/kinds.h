/* SPDX-License-Identifier: MIT
 *
 * Which type a leaf's values have here.
 */
#ifndef PARQUET_KINDS_H
#define PARQUET_KINDS_H

#include "tree.h"

/* Fill type, convert and factor of a leaf whose phys and fixed_len are set.
 * NULL, or what it is that has no type here. */
const char *pq_kind_of(struct pq_field *fi, const struct pq_node *no);

#endif
