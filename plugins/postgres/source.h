/* SPDX-License-Identifier: MIT
 *
 * postgres.read while it runs.
 *
 *	without by	one query through a cursor, from beginning to end
 *	with by		SELECT ... WHERE by >= next AND by <= upto ORDER BY by
 *			LIMIT n, again and again
 *
 * `upto` is the greatest value that was there when all transactions that might
 * still bring a smaller one had ended; so no row that is committed late is
 * passed over.
 */
#ifndef POSTGRES_SOURCE_H
#define POSTGRES_SOURCE_H

#include "postgres.h"

struct read_config {
	struct pg_common common; /* first */
	const struct weir_schema *schema;
	struct weir_str query;
	struct weir_str table;
	struct weir_str by;
	int64_t every;
	int64_t delay;
	bool settle;
	/* Of bind. */
	int32_t by_col; /* -1: none */
	bool by_time;
};

enum reading {
	READ_IDLE = 0,
	READ_EDGE, /* asked how far it goes */
	READ_LEFT, /* and whether those that wrote then have ended */
	READ_ROWS, /* asked for rows */
};

struct source {
	struct pg_link li;
	struct pg_buf sql;
	enum reading state;
	PGresult *res; /* rows that are not yet emitted */
	int row;
	bool checked;  /* the result's types */
	bool full;     /* it has as many rows as were asked for */
	bool ties;     /* asked for all rows of one value */
	bool cursor, finished, bounded;
	int64_t next;  /* the first value, or row, not yet read */
	int64_t upto;  /* with by: rows up to here may be read */
	bool has_upto, waits; /* settling: for those in `writers` */
	int64_t edge;  /* the value that waits */
	struct pg_buf writers;
	int64_t ask_at;	   /* when to ask again, by pg_clock() */
	int64_t down_word; /* when to log that it is down */
	int64_t down_wait;
};

int pg_read_open(struct weir_stage *st, const struct weir_position *at,
    size_t n, struct weir_err *err);
int pg_read_poll(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
    struct weir_err *err);
int pg_read_bound(struct weir_stage *st, struct weir_err *err);
void pg_read_fini(struct weir_stage *st);

/* ---- decode.c */

/* Do the result's types fit the schema?  Says all that don't. */
int pg_decode_check(struct weir_stage *st, const PGresult *res,
    struct weir_err *err);
/* A row's value of a column as a position. */
int64_t pg_decode_by(const PGresult *res, int row, int col);
/* Rows [from, to) into batches, emitted; bad ones are rejected. */
int pg_decode_rows(struct weir_stage *st, const PGresult *res, int from, int to,
    struct weir_err *err);

#endif
