/* SPDX-License-Identifier: MIT
 *
 * Writing one Parquet file.
 *
 *	PAR1 | row group: chunks, their page indexes | ... | footer | PAR1
 *
 * A row group leaves nothing behind in memory but its serialised metadata: a
 * file whose open group is empty is wholly known by its length, its rows, and the
 * bytes of `groups`, with which writing could go on elsewhere.
 */
#ifndef PARQUET_FILE_H
#define PARQUET_FILE_H

#include "../common/filesink.h"
#include "column.h"
#include "shred.h"

struct pq_file {
	const struct weir_host *ho;
	const struct pq_schema *sc;
	const struct pq_settings *se;
	struct fsink_file *to;
	uint64_t held;	/* bytes that wait in memory */
	uint64_t group_rows; /* rows of the open group */
	uint64_t rows;	/* of the file */
	struct pq_column *cols; /* one a leaf */
	struct pq_shred shred;
	struct pq_bytes groups; /* RowGroups, thrift */
	uint32_t ngroups;
};

struct pq_note {
	const char *key;
	const char *value;
};

/* Over an empty file that stays the caller's.  All calls answer WEIR_OK or
 * WEIR_ERROR with err filled.  `cols` are the columns of another file of the
 * same schema that is done, or NULL; pq_file_columns() takes them from one. */
int pq_file_begin(struct pq_file *f, struct fsink_file *to,
    const struct pq_schema *sc, const struct pq_settings *se,
    struct pq_column *cols, struct weir_err *err);
/* The same without the first bytes: the file has been begun. */
int pq_file_init(struct pq_file *f, struct fsink_file *to,
    const struct pq_schema *sc, const struct pq_settings *se,
    struct pq_column *cols, struct weir_err *err);
void pq_file_fini(struct pq_file *f);
struct pq_column *pq_file_columns(struct pq_file *f);
void pq_file_columns_free(const struct weir_host *ho,
    const struct pq_schema *sc, struct pq_column *cols);

/* Rows rows[0..n) (NULL: the first n) of columns in the schema's order. */
int pq_file_write(struct pq_file *f, struct pq_scratch *sx,
    const struct weir_column *cols, const uint32_t *rows, uint32_t n,
    struct weir_err *err);

/* End the open row group. */
int pq_file_group(struct pq_file *f, struct pq_scratch *sx,
    struct weir_err *err);

/* The last row group and the footer. */
int pq_file_end(struct pq_file *f, struct pq_scratch *sx,
    const struct pq_note *notes, uint32_t nnotes, struct weir_err *err);

/* The RowGroup of the columns, their pages at `offset` (footer.c). */
struct pq_place {
	uint64_t dict;	 /* 0: none */
	uint64_t data;
	uint64_t plain;	 /* bytes of the chunk before compression */
	uint64_t packed; /* and after */
	uint64_t offset_index;
	uint64_t column_index;
	uint32_t offset_len;
	uint32_t column_len; /* 0: none */
};

void pq_footer_group(struct pq_file *f, const struct pq_place *at);
/* The page indexes of a chunk, appended; *column_len is 0 when there are
 * bounds that cannot be given. */
void pq_footer_offset_index(const struct pq_column *c, uint64_t first,
    struct pq_bytes *to);
bool pq_footer_column_index(const struct pq_column *c, struct pq_bytes *to);
void pq_footer_file(const struct pq_file *f, const struct pq_note *notes,
    uint32_t nnotes, struct pq_bytes *to);

#endif
