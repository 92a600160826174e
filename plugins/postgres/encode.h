/* SPDX-License-Identifier: MIT
 *
 * Rows into binary COPY (PostgreSQL documentation, COPY, "Binary Format"):
 *
 *	header, then a row: int16 number of fields; a field: int32 length (-1:
 *	null), bytes.  At the end int16 -1.
 */
#ifndef POSTGRES_ENCODE_H
#define POSTGRES_ENCODE_H

#include "postgres.h"

struct pg_encoder {
	const struct weir_host *host;
	const struct pg_col *cols;
	uint32_t ncols;
	bool merge;  /* two more: the row's number, and whether it deletes */
	int64_t seq; /* of the next row */
	struct pg_buf bf;
	/* A row that can't be: its number in the frame, and why. */
	bool bad;
	uint32_t bad_row;
	char bad_code[24];
	char bad_text[160];
};

void pg_encode_begin(struct pg_encoder *en);
/* Rows [*from, to) of the batch but those of `skip`.  Stops behind a row that
 * can't be written, which is left out: en->bad says so, *from is what comes
 * after it.  WEIR_ERROR: memory is out. */
int pg_encode_rows(struct pg_encoder *en, const struct weir_batch *b,
    const uint8_t *tags, const uint64_t *skip, uint32_t *from, uint32_t to);
void pg_encode_end(struct pg_encoder *en);

#endif
