/* SPDX-License-Identifier: MIT
 *
 * A dictionary of a column's distinct values, numbered as they first appear.
 *
 *	slots	open addressing: 32 bits of hash, 32 bits of number + 1
 *	values	by number: text slices, or keys of 8 or 16 bytes
 *	chunks	the bytes of texts longer than a slice can hold
 *
 * Nothing is allocated a value.
 */
#ifndef PARQUET_DICT_H
#define PARQUET_DICT_H

#include "bytes.h"

struct pq_dict_chunk;

struct pq_dict {
	const struct weir_host *ho;
	uint64_t *slots;
	uint32_t mask; /* slots - 1 */
	uint32_t n;
	uint32_t cap;
	bool failed;
	uint64_t seed[2];
	size_t bytes; /* of the values, PLAIN encoded */
	union {
		void *any;
		struct weir_str *str;
		uint64_t *u64;
		weir_u128 *u128;
	} v;
	struct pq_dict_chunk *chunks;
};

void pq_dict_init(struct pq_dict *di, const struct weir_host *ho);
void pq_dict_fini(struct pq_dict *di);
/* Forget the values; the next ones are all texts, or keys of one width. */
void pq_dict_clear(struct pq_dict *di);
/* Bytes of memory held. */
size_t pq_dict_memory(const struct pq_dict *di);

/* The numbers of the n values s[at[i]] (at NULL: s[i]) into out.  Stops after
 * the value with which `bytes` passes `limit`.  How many were done; fewer than
 * n also when memory is out, and then `failed` is set.  `width` is that of a
 * PLAIN value. */
uint32_t pq_dict_texts(struct pq_dict *di, const struct weir_str *s,
    const uint32_t *at, uint32_t n, uint32_t *out, size_t limit);
uint32_t pq_dict_keys(struct pq_dict *di, const uint64_t *k, uint32_t n,
    uint32_t *out, size_t limit, uint32_t width);
uint32_t pq_dict_wide(struct pq_dict *di, const weir_u128 *k,
    const uint32_t *at, uint32_t n, uint32_t *out, size_t limit,
    uint32_t width);

#endif
