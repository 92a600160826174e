/* SPDX-License-Identifier: MIT
 *
 * Writing one leaf of one row group: values in, compressed pages out.
 *
 *	values ─► dictionary ─► idx ─┐
 *	      └─► PLAIN ─► raw ──────┴─► page full: encode, compress, keep
 *
 * Memory: the pages so far, compressed; one open page; the dictionary.
 */
#ifndef PARQUET_COLUMN_H
#define PARQUET_COLUMN_H

#include "bound.h"
#include "codec.h"
#include "dict.h"
#include "schema.h"

struct pq_settings {
	enum pq_codec codec;
	int level;
	bool dictionary;
	bool statistics;
	uint32_t page_rows;
	uint32_t page_size;
	uint32_t dict_size; /* a dictionary beyond it is given up */
	uint64_t group_rows;
	uint64_t group_size; /* compressed bytes */
};

/* A page, header and all, as it will lie in the file. */
struct pq_page {
	uint8_t *data;
	uint32_t len;
	uint32_t plain_len; /* header and data before compression */
	uint32_t rows;
	uint32_t nulls;
	bool null_page;		   /* nothing but nulls */
	uint8_t min_len, max_len;  /* 0xff: none */
	uint32_t min_at;	   /* in the column's `bounds` */
	uint32_t max_at;
	uint64_t text_bytes;
};

struct pq_column {
	const struct weir_host *ho;
	const struct pq_leaf *leaf;
	const struct pq_settings *se;

	/* the open page */
	struct pq_bytes raw; /* room for levels, then PLAIN values */
	struct pq_bytes idx; /* uint32_t: dictionary numbers */
	struct pq_bytes def; /* uint8_t a level, once one is not max_def */
	struct pq_bytes rep; /* uint8_t a level, when max_rep > 0 */
	uint32_t nlevels;
	uint32_t nvalues; /* that are there */
	uint32_t rows;
	uint64_t text_bytes;
	struct pq_bound bound;

	/* the chunk */
	struct pq_dict dict;
	bool use_dict;	 /* values go through it */
	enum pq_codec codec;
	bool hopeless;	 /* there are far too many values for it */
	uint32_t uses;	 /* files written with this */
	bool judged;	 /* whether it pays has been looked at */
	uint32_t dict_pages; /* pages that refer to it */
	struct pq_page *pages;
	uint32_t npages;
	uint32_t cap;
	struct pq_page dict_page;
	struct pq_bytes bounds;
	struct pq_bound total;
	uint64_t total_levels;
	uint64_t total_nulls;
	uint64_t total_text;
	uint64_t held; /* bytes of pages */
	bool ascending;
	bool descending;
	struct pq_bound last; /* of the page before */
};

/* Definition and repetition levels of a stretch of rows of a nested column,
 * and which of the leaf's values they are. */
struct pq_levels {
	uint8_t *def;
	uint8_t *rep;
	uint32_t n;
	uint32_t *at;
	uint32_t nat;
	uint32_t rows;
	uint32_t cap;
};

void pq_column_init(struct pq_column *c, const struct weir_host *ho,
    const struct pq_leaf *le, const struct pq_settings *se);
void pq_column_fini(struct pq_column *c);

/* Rows rows[0..n) (NULL: the first n) of a column that is not nested.  All
 * calls: 0, or -1 when memory is out (or a compressor failed). */
int pq_column_flat(struct pq_column *c, struct pq_scratch *sx,
    const struct weir_column *co, const uint32_t *rows, uint32_t n);
int pq_column_levels(struct pq_column *c, struct pq_scratch *sx,
    const struct weir_column *co, const struct pq_levels *lv);

/* Close the last page and make the dictionary's. */
int pq_column_finish(struct pq_column *c, struct pq_scratch *sx);
/* Drop the pages; the next row group begins.  As the first one of another file:
 * what was learned of the column is kept, mostly. */
void pq_column_reset(struct pq_column *c);
void pq_column_again(struct pq_column *c);

/* Close the open page (page.c). */
int pq_page_close(struct pq_column *c, struct pq_scratch *sx);
int pq_page_dict(struct pq_column *c, struct pq_scratch *sx);
void pq_page_free(struct pq_column *c, struct pq_page *pg);

/* PLAIN values of the open page follow this many bytes in `raw`. */
#define PQ_HEADROOM 8192u

/* Values into the open page (values.c). */
int pq_values_add(struct pq_column *c, const struct weir_column *co,
    const uint32_t *at, uint32_t first, uint32_t n);
/* Does the dictionary not pay?  Then the open page becomes PLAIN. */
int pq_values_judge(struct pq_column *c, bool last);

/* Roughly what the open page will take. */
static inline uint64_t
pq_column_open(const struct pq_column *c)
{
	return c->raw.len + c->idx.len / 2;
}

#endif
