/* SPDX-License-Identifier: MIT
 *
 * Casts: one function a pair of types, some by way of a third type.
 */
#ifndef WEIR_EXPR_CAST_H
#define WEIR_EXPR_CAST_H

#include "expr/bind.h"

/* Fill out->co (storage is there, all zero; nested input is flat) for the rows
 * that are live; rows that can't be cast fail.  -1: memory is out. */
typedef int weir__cast_fn(struct weir__cx *cx, const struct weir_expr *ex,
    const struct weir__vec *in, const uint64_t *live, struct weir__vec *out);

struct weir__cast {
	weir__cast_fn *run;
	const struct weir_type *from;
	const struct weir_type *to;
	const char *format; /* of a timestamp */
	bool fallible;
};

/* A direct way; run is NULL where there is none. */
weir__cast_fn *weir__cast_number(const struct weir_type *from,
    const struct weir_type *to, const char *format, bool *fallible);
weir__cast_fn *weir__cast_from_text(const struct weir_type *to,
    const char *format, bool *fallible);
weir__cast_fn *weir__cast_to_text(const struct weir_type *from,
    bool *fallible);
weir__cast_fn *weir__cast_to_json(const struct weir_type *from);

/* "us", "ms", ...: microseconds of one, as num / den; false: a pattern. */
bool weir__time_unit(const char *format, int64_t *num, int64_t *den);

/* Is it one whole JSON text (RFC 8259)? */
bool weir__json_valid(const char *p, size_t n);

#endif
