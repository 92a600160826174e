/* SPDX-License-Identifier: MIT
 *
 * Thrift's compact protocol, as far as Parquet's metadata needs it
 * (thrift/doc/specs/thrift-compact-protocol.md).
 */
#ifndef PARQUET_THRIFT_H
#define PARQUET_THRIFT_H

#include "bytes.h"

enum pq_ttype {
	PQ_T_STOP = 0,
	PQ_T_TRUE = 1,
	PQ_T_FALSE = 2,
	PQ_T_BYTE = 3,
	PQ_T_I16 = 4,
	PQ_T_I32 = 5,
	PQ_T_I64 = 6,
	PQ_T_DOUBLE = 7,
	PQ_T_BINARY = 8,
	PQ_T_LIST = 9,
	PQ_T_SET = 10,
	PQ_T_MAP = 11,
	PQ_T_STRUCT = 12,
	PQ_T_UUID = 13,
};

#define PQ_THRIFT_DEPTH 16

/* Writing: calls in the order of the fields; a struct is begun by its field
 * (or by pq_put_elem inside a list) and ended by pq_put_end. */
struct pq_put {
	struct pq_bytes *to;
	int depth;
	int16_t last[PQ_THRIFT_DEPTH];
};

void pq_put_begin(struct pq_put *pt, struct pq_bytes *to);
void pq_put_bool(struct pq_put *pt, int id, bool v);
void pq_put_i8(struct pq_put *pt, int id, int8_t v);
void pq_put_i16(struct pq_put *pt, int id, int16_t v);
void pq_put_i32(struct pq_put *pt, int id, int32_t v);
void pq_put_i64(struct pq_put *pt, int id, int64_t v);
void pq_put_bin(struct pq_put *pt, int id, const void *p, size_t n);
void pq_put_text(struct pq_put *pt, int id, const char *s);
void pq_put_struct(struct pq_put *pt, int id);
void pq_put_list(struct pq_put *pt, int id, enum pq_ttype of, size_t n);
void pq_put_elem(struct pq_put *pt);
void pq_put_elem_i32(struct pq_put *pt, int32_t v);
void pq_put_elem_i64(struct pq_put *pt, int64_t v);
void pq_put_elem_bin(struct pq_put *pt, const void *p, size_t n);
void pq_put_elem_bool(struct pq_put *pt, bool v);
void pq_put_end(struct pq_put *pt);

/* Reading.  `bad` is sticky and is set by anything that does not fit: reading
 * goes no further, every value is then 0.  Nothing is copied. */
struct pq_get {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
	int depth;
	int16_t last[PQ_THRIFT_DEPTH];
	enum pq_ttype type; /* of the field just met */
};

void pq_get_begin(struct pq_get *ge, const void *p, size_t n);
/* The next field's id of the current struct, its type in `type`; 0 at the
 * struct's end, which is passed.  The caller takes the value or skips it. */
int pq_get_field(struct pq_get *ge);
void pq_get_skip(struct pq_get *ge);
/* Values of the field just met; another type than wanted is bad. */
bool pq_get_bool(struct pq_get *ge);
int64_t pq_get_int(struct pq_get *ge);
const uint8_t *pq_get_bin(struct pq_get *ge, size_t *n);
void pq_get_struct(struct pq_get *ge);
/* A list's length, at most what the bytes left can hold; `type` becomes that
 * of its elements, whose values are then taken by the same calls. */
size_t pq_get_list(struct pq_get *ge);

#endif
