/* SPDX-License-Identifier: MIT
 *
 * Reading a file's footer: its schema, its row groups, its notes.  The file
 * may be anything; nothing in it is believed before it is checked.
 */
#ifndef PARQUET_META_H
#define PARQUET_META_H

#include "bytes.h"
#include "format.h"

/* One SchemaElement, in the file's order: a group before its children. */
struct pq_node {
	const char *name; /* not NUL-ended */
	uint32_t name_len;
	int phys; /* -1: a group */
	int repetition;
	uint32_t fixed_len;
	uint32_t nchildren;
	int converted;
	int logical;
	int unit;	/* times */
	bool utc;	/* times: adjusted to UTC */
	bool has_time;
	int precision;
	int scale;
	int int_bits;
	bool int_signed;
};

struct pq_chunk {
	int phys;
	int codec;
	int64_t values;
	uint64_t start; /* where its first page begins */
	uint64_t len;
	bool encrypted;
};

struct pq_group {
	int64_t rows;
	uint32_t first; /* chunk of its first leaf */
};

struct pq_pair {
	const char *key;
	uint32_t key_len;
	const char *value;
	uint32_t value_len;
};

struct pq_meta {
	const struct weir_host *ho;
	struct pq_bytes raw; /* the footer; names point into it */
	struct pq_node *nodes;
	uint32_t nnodes;
	uint32_t nleaves;
	struct pq_group *groups;
	uint32_t ngroups;
	struct pq_chunk *chunks; /* nleaves a group */
	uint32_t nchunks;
	uint32_t chunk_cap;
	struct pq_pair *pairs;
	uint32_t npairs;
	int64_t rows;
};

/* The footer of an open file of `size` bytes.  pq_meta_fini() in any case. */
int pq_meta_read(struct pq_meta *m, const struct weir_host *ho, int fd,
    uint64_t size, const char *name, struct weir_err *err);
/* The same out of memory: n bytes of FileMetaData. */
int pq_meta_parse(struct pq_meta *m, uint64_t size, const char *name,
    struct weir_err *err);
void pq_meta_fini(struct pq_meta *m);

/* A note of the file's metadata, or NULL. */
const struct pq_pair *pq_meta_note(const struct pq_meta *m, const char *key);

/* The same of a file by its path, as text; false when there is none. */
bool pq_file_note(const struct weir_host *ho, const char *path,
    const char *key, char *to, size_t cap);

/* All n bytes at an offset; 0 or -1. */
int pq_read_at(int fd, void *to, size_t n, uint64_t offset);

#endif
