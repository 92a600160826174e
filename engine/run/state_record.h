/* SPDX-License-Identifier: MIT
 *
 * Keyed state as bytes: what its writing and its reading half share.  The
 * format is in state_save.c.
 */
#ifndef WEIR_RUN_STATE_RECORD_H
#define WEIR_RUN_STATE_RECORD_H

#include "run/state_table.h"

#define RECORD_GROUP 12u /* a group's head */

enum record_flags {
	RECORD_GONE = 1 << 0,
	RECORD_NULLS = 1 << 1,
	RECORD_FLAGS = 3,
};

/* Bytes of a key's value; 0 for text. */
static inline size_t
state_key_width(const struct weir_type *ty)
{
	if (weir_type_textual(ty))
		return 0;
	return ty->kind == WEIR_DECIMAL && weir_decimal_wide(ty) ? 16 : 8;
}

#endif
