/* SPDX-License-Identifier: MIT
 *
 * The least and greatest value of a page or a chunk, in the order that
 * TYPE_ORDER of parquet.thrift gives each type.
 */
#ifndef PARQUET_BOUND_H
#define PARQUET_BOUND_H

#include "schema.h"

#define PQ_BOUND_TEXT 64u /* bytes of a text that are kept */

/* The beginning of a text.  The least of beginnings is the beginning of the
 * least, so nothing more needs to be kept. */
struct pq_prefix {
	uint64_t key; /* the first 8 bytes, big-endian, then zeroes */
	uint32_t len;
	bool whole; /* nothing is cut off */
	uint8_t p[PQ_BOUND_TEXT];
};

struct pq_bound {
	bool any;
	union {
		int64_t i;
		double f;
		weir_i128 d;
	} lo, hi;
	struct pq_prefix tlo, thi;
};

void pq_bound_ints(struct pq_bound *bo, const int64_t *v, uint32_t n);
void pq_bound_i32(struct pq_bound *bo, const int32_t *v, uint32_t n);
/* NaN counts for nothing, zero for -0 below and +0 above. */
void pq_bound_f64(struct pq_bound *bo, const double *v, uint32_t n);
void pq_bound_f32(struct pq_bound *bo, const float *v, uint32_t n);
void pq_bound_wide(struct pq_bound *bo, weir_i128 v);
void pq_bound_text(struct pq_bound *bo, const struct weir_str *s);
void pq_bound_texts(struct pq_bound *bo, const struct weir_str *s,
    const uint32_t *at, uint32_t n);

void pq_bound_merge(struct pq_bound *to, const struct pq_bound *from,
    enum pq_class class);
/* -1, 0, 1 by the lower bounds, and by the upper ones. */
int pq_bound_cmp(const struct pq_bound *a, const struct pq_bound *b,
    enum pq_class class, bool upper);

/* The bound as statistics hold it; its length, or -1 when there is none (an
 * upper bound of bytes that are all 0xff).  *exact: a value is this. */
int pq_bound_bytes(const struct pq_bound *bo, const struct pq_leaf *le,
    bool upper, uint8_t out[PQ_BOUND_TEXT], bool *exact);

#endif
