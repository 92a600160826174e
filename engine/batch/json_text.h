/* SPDX-License-Identifier: MIT
 *
 * JSON text (RFC 8259) of a value and of a row, for people and for quarantine:
 * the `row` column of rejected rows, `weir cat --json`, `show`.
 *
 *	null			null
 *	bool			true, false
 *	int32, int64, decimal	a number with every digit: 12, 0.50
 *	float32, float64	a number, shortest; "nan", "inf", "-inf"
 *	string			text
 *	bytes			text: base64 (RFC 4648, padded)
 *	timestamp, date		text: 2026-01-02T03:04:05.5Z, 2026-01-02
 *	duration		text: 1h30m
 *	json			as it stands
 *	list			[...]
 *	map			{"key": ...}; keys that are no text as text
 *	struct			{"field": ...}
 *
 * There are no blanks in it.
 */
#ifndef WEIR_BATCH_JSON_TEXT_H
#define WEIR_BATCH_JSON_TEXT_H

#include "base/buf.h"
#include "weir/batch.h"

/* Add the text of row `row` of a column.  A column that is absent is null. */
void weir__json_value(struct weir__buf *bf, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row);

/* Add {"column": value, ...} of one row; cols[i] belongs to sc->cols[i], and
 * columns that are absent are left out. */
void weir__json_row(struct weir__buf *bf, const struct weir_schema *sc,
    const struct weir_column *cols, uint32_t row);

/* Add text as a JSON string with its quotes.  What is not valid UTF-8 becomes
 * U+FFFD. */
void weir__json_string(struct weir__buf *bf, const char *p, size_t n);

#endif
