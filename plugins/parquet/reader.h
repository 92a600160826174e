/* SPDX-License-Identifier: MIT
 *
 * Reading one leaf of one row group: pages in, levels and values out.
 *
 *	file ─► window ─► page: header, checksum, decompress
 *	                    ├─ levels   def[], rep[] a block at a time
 *	                    └─ values   PLAIN bytes, or dictionary numbers
 *
 * Text is not copied: slices point into the page, which lives as long as the
 * last batch that points into it.
 */
#ifndef PARQUET_READER_H
#define PARQUET_READER_H

#include "codec.h"
#include "hybrid.h"
#include "tree.h"

/* Decompressed bytes, shared by the reader and batches of one thread. */
struct pq_blob {
	const struct weir_host *ho;
	uint32_t refs;
	size_t len;
	size_t cap;
	uint8_t data[];
};

void pq_blob_unref(void *blob);

#define PQ_LEVELS 1024u

enum pq_source {
	PQ_FROM_PLAIN,
	PQ_FROM_DICT,
	PQ_FROM_RUNS, /* bools, RLE */
};

struct pq_reader {
	const struct weir_host *ho;
	const struct pq_field *leaf;
	struct pq_scratch *sx;
	const char *file; /* for messages */
	const char *column;
	int fd;
	struct weir_err *err; /* of the call under way */

	/* the chunk */
	int codec;
	uint64_t at; /* the next byte to read */
	uint64_t end;
	int64_t left; /* levels not yet read, by the chunk's count */
	struct pq_bytes window; /* bytes from `window_at` on */
	uint64_t window_at;

	/* the page */
	struct pq_blob *page;
	const uint8_t *p; /* PLAIN values */
	const uint8_t *p_end;
	struct pq_blob *plain; /* what a page's other encoding came to */
	enum pq_source from;
	struct pq_hybrid numbers;
	uint32_t bit; /* PLAIN bools: bits of *p that are spent */
	int64_t page_left;
	struct pq_hybrid def_in;
	struct pq_hybrid rep_in;
	uint8_t def[PQ_LEVELS];
	uint8_t rep[PQ_LEVELS];
	uint32_t nlevels;
	uint32_t level; /* the next one */

	/* the dictionary, its values converted */
	struct pq_blob *dict_page;
	void *dict;
	uint32_t ndict;
	bool has_dict;
};

void pq_reader_init(struct pq_reader *rd, const struct weir_host *ho,
    const struct pq_field *leaf, const char *column, struct pq_scratch *sx);
void pq_reader_fini(struct pq_reader *rd);
/* Begin a chunk of a file. */
int pq_reader_begin(struct pq_reader *rd, int fd, const char *file,
    const struct pq_chunk *ch, struct weir_err *err);

/* Fill the block of levels when it is spent: WEIR_OK, WEIR_END at the chunk's
 * end, WEIR_ERROR.  Leaves that are neither optional nor repeated have levels
 * as well, all of them 0. */
int pq_reader_levels(struct pq_reader *rd);

/* The next n values of the page, converted, one after the other: of
 * weir_type_width() bytes each, bools of one byte.  All of them lie in the
 * page that the levels are of. */
int pq_reader_values(struct pq_reader *rd, void *to, uint32_t n);

/* The page that slices point into, and its dictionary's. */
struct pq_blob *pq_reader_blob(const struct pq_reader *rd);

/* Bytes of one converted value. */
size_t pq_reader_width(const struct pq_field *leaf);

/* pages.c: the next data page; WEIR_END when there is none. */
int pq_reader_page(struct pq_reader *rd);
/* convert.c: n PLAIN values at *p; *p moves on.  -1: they are not there, or
 * *what is the matter.  UUIDs have become texts before (pages.c). */
int pq_convert(const struct pq_field *leaf, const uint8_t **p,
    const uint8_t *end, void *to, uint32_t n, const char **what);
/* json.c */
bool pq_is_json(const uint8_t *p, size_t n);
#define PQ_UUID_TEXT 36u
void pq_convert_uuid(const uint8_t *p, char *to);

int pq_reader_bad(const struct pq_reader *rd, const char *what);
int pq_reader_unknown(const struct pq_reader *rd, const char *what, int no);

#endif
