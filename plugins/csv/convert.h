/* SPDX-License-Identifier: MIT
 *
 * Fields of CSV into columns.
 */
#ifndef CSV_CONVERT_H
#define CSV_CONVERT_H

#include "weir/plugin.h"

/* Types that a field can be. */
bool csv_convertible(const struct weir_type *ty);

/* What a value of the type looks like, for messages. */
const char *csv_expected(const struct weir_field *fi);

/* Put the text p[0..n) into row `row` of a column, or only see whether it
 * could be (`co` without storage).  Text is not copied; bytes are, by `alloc`.
 * NULL, or the code of what is wrong. */
const char *csv_convert(const struct weir_field *fi, struct weir_column *co,
    uint32_t row, const char *p, size_t n, struct weir_stage *st,
    struct weir_batch *b);

#endif
