/* SPDX-License-Identifier: MIT
 *
 * A stream's columns as Parquet's schema: which leaves there are, how each is
 * stored, and how deep it lies.
 *
 *	bool int32 int64 float32 float64	as they are
 *	decimal		INT32 to 9 digits, INT64 to 18, else FIXED, big-endian
 *	string json bytes	BYTE_ARRAY: STRING, JSON, nothing
 *	timestamp	INT64, TIMESTAMP(MICROS, adjusted to UTC)
 *	date		INT32, DATE
 *	duration	INT64 of microseconds; the file's metadata says so
 *	list		optional group (LIST) { repeated group list { element } }
 *	map		optional group (MAP) { repeated group key_value {
 *			required key; value } }
 *	struct		group
 */
#ifndef PARQUET_SCHEMA_H
#define PARQUET_SCHEMA_H

#include "bytes.h"
#include "format.h"
#include "thrift.h"

/* How the values of a leaf are handled. */
enum pq_class {
	PQ_IS_BOOL,
	PQ_IS_I32,	/* int32, date */
	PQ_IS_I64,	/* int64, timestamp, duration, decimals to 18 digits */
	PQ_IS_NARROW,	/* decimals to 9 digits: 8 bytes here, 4 there */
	PQ_IS_F32,
	PQ_IS_F64,
	PQ_IS_I128,	/* decimals beyond 18 digits */
	PQ_IS_BYTES,
};

struct pq_leaf {
	const struct weir_type *type;
	enum pq_class class;
	enum pq_phys phys;
	uint32_t width; /* of a PLAIN value; 0: BYTE_ARRAY, bool */
	uint8_t max_def;
	uint8_t max_rep;
	bool utf8;
	const char **path;
	uint32_t npath;
};

struct pq_schema {
	const struct weir_host *ho;
	const struct weir_field *cols;
	uint32_t ncols;
	struct pq_leaf *leaves;
	uint32_t nleaves;
	uint32_t *first;	/* the first leaf of each column */
	struct pq_bytes elems;	/* SchemaElements, thrift */
	uint32_t nelems;
	struct pq_bytes notes;	/* KeyValues of what Parquet can't say */
	uint32_t nnotes;
};

/* Can these columns be written?  Fills err when not. */
int pq_schema_check(const struct weir_host *ho, const struct weir_field *cols,
    uint32_t ncols, struct weir_span span, struct weir_err *err);

/* 0, or -1 when memory is out; pq_schema_fini() in either case. */
int pq_schema_init(struct pq_schema *sc, const struct weir_host *ho,
    const struct weir_field *cols, uint32_t ncols);
void pq_schema_fini(struct pq_schema *sc);

/* Bytes that hold every decimal of a precision, two's complement. */
uint32_t pq_decimal_bytes(unsigned precision);

#endif
