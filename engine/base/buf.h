/* SPDX-License-Identifier: MIT
 *
 * A growing byte buffer.  Errors are sticky: after memory ran out `failed` is
 * set, further calls do nothing, and one check at the end is enough.
 */
#ifndef WEIR_BASE_BUF_H
#define WEIR_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct weir__buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

void weir__buf_init(struct weir__buf *bf);
void weir__buf_fini(struct weir__buf *bf);

/* Room for `n` more bytes at the end; the place to write them, or NULL.
 * Add what was written to `len`. */
char *weir__buf_room(struct weir__buf *bf, size_t n);

void weir__buf_add(struct weir__buf *bf, const void *p, size_t n);
void weir__buf_str(struct weir__buf *bf, const char *s);
void weir__buf_chr(struct weir__buf *bf, char c);
void weir__buf_fill(struct weir__buf *bf, char c, size_t n);
void weir__buf_printf(struct weir__buf *bf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The text with a NUL after it (not counted), or "" when it failed. */
const char *weir__buf_cstr(struct weir__buf *bf);

static inline void
weir__buf_clear(struct weir__buf *bf)
{
	bf->len = 0;
	bf->failed = false;
}

#endif
