/* SPDX-License-Identifier: MIT
 *
 * The shape of a table of keyed state: what the bytes of its records mean.  It
 * is told in each record, and as text in what a plan's state depends on, so
 * that a table of another shape can be carried over where that is safe:
 *
 *	keys	int32 is int64 in a record, float32 float64; a decimal of one
 *		scale may have more digits
 *	slots	the plugin does it (migrate, in struct weir_table_spec)
 */
#ifndef WEIR_PLAN_SHAPE_H
#define WEIR_PLAN_SHAPE_H

#include "base/buf.h"
#include "weir/plugin.h"

#define WEIR__SHAPE_KEYS 64u

struct weir__shape {
	uint32_t version;
	uint32_t slot; /* bytes */
	uint32_t aggs_at, aggs_size; /* of what aggregates have of them */
	bool aggs, owns;
	bool timed;
	uint32_t nkeys;
	struct {
		uint8_t kind, precision, scale;
	} keys[WEIR__SHAPE_KEYS];
};

enum weir__fit {
	WEIR__FIT_NOT,
	WEIR__FIT_CARRIED,
	WEIR__FIT_SAME,
};

void weir__shape_of(struct weir__shape *sh, const struct weir_table_spec *sp);
enum weir__fit weir__shape_fit(const struct weir__shape *was,
    const struct weir_table_spec *sp);

/* "version 1, timed, keys string int64, slot 48"; and read again: false when it
 * is none. */
void weir__shape_print(struct weir__buf *bf, const struct weir__shape *sh);
bool weir__shape_parse(struct weir__shape *sh, const char *p, size_t n);

/* Bytes of a key's value in a record; 0 for text. */
size_t weir__shape_key_width(const struct weir__shape *sh, uint32_t k);

#endif
