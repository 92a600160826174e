/* SPDX-License-Identifier: MIT
 *
 * What the files of this plugin share.
 *
 *	options.c   what both stages take; the way to the server, allow-listed
 *	open.c      a connection: made
 *	link.c      its statements, COPY, waiting
 *	verdict.c   what an error of the server means; secrets out of texts
 *	buf.c       growing buffers, quoting
 *	kinds.c     our types and the server's: which fits which
 *	numeric.c   decimals in the server's binary form, both ways
 *	encode.c    rows into binary COPY
 *	table.c     the target: looked up, held against the columns
 *	ddl.c         made, and columns added to it
 *	seal.c        and is it so still?
 *	marker.c    weir_epochs: how far this sink is, and whose it is
 *	merge.c     statements of upserts and deletes
 *	load.c      rows of an epoch into the server
 *	publish.c   the publisher: a transaction an epoch
 *	poison.c      rows that the server refuses, found one by one
 *	audit.c       held against the journal
 *	write.c     postgres.write: table, bind, probe
 *	rows.c        the writer: rows checked and spooled
 *	read.c      postgres.read: table, bind, probe
 *	source.c      its run: open, poll
 *	decode.c      the server's binary values into columns
 */
#ifndef POSTGRES_H
#define POSTGRES_H

#include <stdio.h>

#include <libpq-fe.h>

#include "weir/plugin.h"

#define PG_NAME 64 /* an identifier and its NUL */

/* ---- buf.c: bytes that grow; a failed one stays failed */

struct pg_buf {
	const struct weir_host *host;
	char *p;
	size_t len, cap;
	bool failed;
};

void pg_buf_init(struct pg_buf *bf, const struct weir_host *host);
void pg_buf_fini(struct pg_buf *bf);
bool pg_buf_room(struct pg_buf *bf, size_t n);
void pg_buf_add(struct pg_buf *bf, const void *p, size_t n);
void pg_buf_text(struct pg_buf *bf, const char *fmt, ...) WEIR_PRINTF(2, 3);
void pg_buf_name(struct pg_buf *bf, const char *name);	/* "name" */
void pg_buf_quote(struct pg_buf *bf, const char *text);	/* 'text' */
/* The text, NUL-ended; "" when memory is out. */
const char *pg_buf_cstr(struct pg_buf *bf);

static inline void
pg_buf_clear(struct pg_buf *bf)
{
	bf->len = 0;
	bf->failed = false;
}

/* The text as a C string in `to`, cut to its room. */
const char *pg_text(const struct weir_str *s, char *to, size_t room);
int pg_memory(const struct weir_host *host, struct weir_err *err);

/* ---- options.c */

enum { PG_NTLS = 5 };

/* The beginning of both config structs. */
struct pg_common {
	struct weir_config config;
	struct weir_str url;
	struct weir_str password;
	struct weir_str tls[PG_NTLS];
	int64_t connect_timeout;
};

extern const struct weir_option pg_opt_url, pg_opt_password,
    pg_opt_connect_timeout;
extern const struct weir_option pg_opt_tls[PG_NTLS];
#define PG_TLS_OPTIONS                                                         \
	&pg_opt_tls[0], &pg_opt_tls[1], &pg_opt_tls[2], &pg_opt_tls[3],        \
	    &pg_opt_tls[4]

int pg_common_bind(struct weir_bind *bi, struct pg_common *co,
    struct weir_err *err);

/* Keywords and values for libpq, and what holds them. */
struct pg_way {
	PQconninfoOption *parsed;
	const char *keys[64];
	const char *values[64];
	char text[2048]; /* of values that are not C strings yet */
	size_t used;
	int n;
};

int pg_way_init(struct pg_way *wa, const struct weir_host *host,
    const struct pg_common *co, struct weir_err *err);
void pg_way_put(struct pg_way *wa, const char *key, const char *value);
void pg_way_fini(struct pg_way *wa);

/* ---- verdict.c */

enum pg_verdict {
	PG_FINE = 0,
	PG_AGAIN, /* the other side is down, or busy: later */
	PG_ROW,	  /* it is about a row's values */
	PG_STOP,  /* someone has to do something */
};

enum pg_verdict pg_verdict_of(const char *sqlstate);
/* What to do about it, or "". */
const char *pg_verdict_remedy(const char *sqlstate);
/* libpq's text (PQERRORS_VERBOSE) on a connection that can't be made: NULL where
 * it may come to be, else what to do about it, or "". */
const char *pg_verdict_login(const char *text);
/* That text without what is for no user; in its place. */
void pg_verdict_plain(char *text);
/* Text of libpq in one line, without its secrets. */
void pg_scrub(const struct pg_common *co, const char *from, char *to,
    size_t room);

/* ---- link.c */

struct pg_link {
	const struct weir_host *host;
	const struct pg_common *co;
	const struct weir_publisher *pb; /* who waits: one of these, or none */
	const struct weir_stage *st;
	PGconn *conn;
	const char *app; /* application_name */
	bool writes;
	enum pg_verdict verdict; /* of the last call */
	char sqlstate[6];
	char where[256]; /* host:port/database, for messages */
};

/* All answer WEIR_OK, WEIR_AGAIN or WEIR_ERROR; verdict says more.  After
 * WEIR_AGAIN the connection is closed. */
int pg_link_open(struct pg_link *li, struct weir_err *err);
void pg_link_close(struct pg_link *li);
/* Statements without parameters; *res (or NULL) is the last result with rows,
 * else the last.  `before` and `after` are places of weir/io.h. */
int pg_link_exec(struct pg_link *li, const char *sql, PGresult **res,
    const char *before, const char *after, struct weir_err *err);
/* COPY ... FROM STDIN: begun, fed, ended. */
int pg_link_copy(struct pg_link *li, const char *sql, struct weir_err *err);
int pg_link_feed(struct pg_link *li, const char *p, size_t n,
    struct weir_err *err);
int pg_link_done(struct pg_link *li, struct weir_err *err);
void pg_link_abandon(struct pg_link *li);
/* A statement's rows in binary, a result each: sent, then taken. */
int pg_link_query(struct pg_link *li, const char *sql, struct weir_err *err);
int pg_link_next(struct pg_link *li, PGresult **res, struct weir_err *err);
/* A test made this place fail: as if the server had not answered. */
int pg_link_point(struct pg_link *li, const char *place, struct weir_err *err);
enum { PG_TICK_MS = 200 }; /* how often a wait looks whether it should end */
bool pg_link_stopping(const struct pg_link *li);
/* No answer, or none any more: closes it; WEIR_AGAIN. */
int pg_link_lost(struct pg_link *li, const char *what, struct weir_err *err);
const char *pg_cell(const PGresult *res, int row, int col);
int64_t pg_cell_int(const PGresult *res, int row, int col);
int64_t pg_clock(void);

/* ---- kinds.c */

/* How a value goes into the server's binary form. */
enum pg_put {
	PG_PUT_NONE = 0,
	PG_PUT_BOOL,
	PG_PUT_I32,
	PG_PUT_I32_I64,
	PG_PUT_I32_NUMERIC,
	PG_PUT_I64,
	PG_PUT_I64_NUMERIC,
	PG_PUT_F32,
	PG_PUT_F32_F64,
	PG_PUT_F64,
	PG_PUT_DECIMAL,
	PG_PUT_DECIMAL_WIDE,
	PG_PUT_TEXT,
	PG_PUT_JSONB,
	PG_PUT_TIME,
	PG_PUT_DATE,
	PG_PUT_INTERVAL,
	PG_PUT_UUID,
	PG_PUT_ARRAY,
	PG_PUT_AS_JSON,
	PG_PUT_AS_JSONB,
};

/* The server's type oids that are fixed (src/include/catalog/pg_type.dat). */
enum pg_oid {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_CHAR = 18,
	PG_NAME_TYPE = 19,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_OID = 26,
	PG_JSON = 114,
	PG_XML = 142,
	PG_FLOAT4 = 700,
	PG_FLOAT8 = 701,
	PG_BPCHAR = 1042,
	PG_VARCHAR = 1043,
	PG_DATE = 1082,
	PG_TIMESTAMP = 1114,
	PG_TIMESTAMPTZ = 1184,
	PG_INTERVAL = 1186,
	PG_NUMERIC = 1700,
	PG_UUID = 2950,
	PG_JSONB = 3802,
};

/* One column of ours and what it meets at the server. */
struct pg_col {
	const char *name;
	const struct weir_type *type;
	bool required;
	enum pg_put put;
	uint32_t oid;
	enum pg_put item;      /* of an array */
	uint32_t item_oid;
	char sql_type[128];    /* as the server writes it */
};

/* A column at the server. */
struct pg_found {
	const char *name;
	const char *sql_type;
	uint32_t oid;  /* domains: of the type below */
	uint32_t item; /* of an array, or 0 */
	int32_t typmod;
	char typtype;
	bool citext;
	bool not_null, has_default, generated;
};

/* The type that we make for it, and how it goes in. */
void pg_kind_made(struct pg_col *co);
/* How it goes into one that is there; false: it doesn't fit. */
bool pg_kind_fits(struct pg_col *co, const struct pg_found *fo);
/* Our type as pipeline text. */
void pg_kind_text(const struct weir_type *ty, char *to, size_t room);
const char *pg_kind_sql(const struct weir_type *ty, char *to, size_t room);

/* ---- numeric.c */

#define PG_NUMERIC_MAX 40 /* bytes of one of 38 digits */

size_t pg_numeric_put(char *to, weir_i128 v, unsigned scale);
size_t pg_numeric_put64(char *to, int64_t v, unsigned scale);
/* OK, or false: not a number, or it doesn't fit. */
bool pg_numeric_get(weir_i128 *out, const char *p, size_t n,
    unsigned precision, unsigned scale);

/* ---- big-endian numbers */

static inline void
pg_put16(char *p, uint32_t v)
{
	uint16_t x = __builtin_bswap16((uint16_t)v);

	memcpy(p, &x, 2);
}

static inline void
pg_put32(char *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}

static inline void
pg_put64(char *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, 8);
}

static inline uint32_t
pg_get16(const char *p)
{
	uint16_t x;

	memcpy(&x, p, 2);
	return __builtin_bswap16(x);
}

static inline uint32_t
pg_get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline uint64_t
pg_get64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

/* The server counts from 2000-01-01. */
#define PG_EPOCH_US INT64_C(946684800000000)
#define PG_EPOCH_DAYS 10957
/* What it can hold (src/include/datatype/timestamp.h), by our count. */
#define PG_TIME_MIN (INT64_C(-211813488000000000) + PG_EPOCH_US)
#define PG_DATE_MIN (-2451545 + PG_EPOCH_DAYS)
#define PG_DATE_END (2145031949 + PG_EPOCH_DAYS)

extern const struct weir_stage_type pg_write_type, pg_read_type;

#endif
