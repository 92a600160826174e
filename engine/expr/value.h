/* SPDX-License-Identifier: MIT
 *
 * Reading values of the language's types from text.
 */
#ifndef WEIR_EXPR_VALUE_H
#define WEIR_EXPR_VALUE_H

#include "base/num.h"
#include "expr/expr.h"

/* true false yes no on off 1 0, in any case. */
bool weir__bool_from_text(bool *b, const char *p, size_t n);

/* A timestamp as a field's format says (NULL: RFC 3339 and ISO 8601). */
enum weir__num weir__time_from_text(int64_t *us, const char *p, size_t n,
    const char *format);

#endif
