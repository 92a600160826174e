/* SPDX-License-Identifier: MIT
 *
 * What the parts of show share: a growing text, and rows as lines.
 */
#ifndef CORE_SHOW_H
#define CORE_SHOW_H

#include "weir/plugin.h"

enum show_format {
	SHOW_TABLE,
	SHOW_JSON,
	SHOW_CSV,
};

/* A growing text. */
struct show_text {
	char *p;
	size_t len;
	size_t cap;
};

/* Room for n more bytes at the end, or NULL; add and fill say whether there
 * was memory. */
char *show_room(const struct weir_host *host, struct show_text *tx, size_t n);
bool show_add(const struct weir_host *host, struct show_text *tx, const char *p,
    size_t n);
bool show_fill(const struct weir_host *host, struct show_text *tx, char c,
    size_t n);

/* A row as one JSON object, or as CSV (the header first, unless *headed). */
bool show_line(const struct weir_host *host, struct show_text *tx,
    const struct weir_batch *b, uint32_t row, int32_t format, bool *headed);

#endif
