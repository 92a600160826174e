/* SPDX-License-Identifier: MIT
 *
 * The growing byte buffer.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

void
weir__buf_init(struct weir__buf *bf)
{
	memset(bf, 0, sizeof *bf);
}

void
weir__buf_fini(struct weir__buf *bf)
{
	weir__free(bf->data);
	memset(bf, 0, sizeof *bf);
}

char *
weir__buf_room(struct weir__buf *bf, size_t n)
{
	size_t cap = bf->cap;
	char *p;

	if (bf->failed)
		return NULL;
	if (cap - bf->len >= n && bf->data != NULL)
		return bf->data + bf->len;
	if (n > SIZE_MAX / 4 || bf->len > SIZE_MAX / 4) {
		bf->failed = true;
		return NULL;
	}
	cap = cap < 64 ? 64 : cap;
	while (cap - bf->len < n)
		cap *= 2;
	p = weir__realloc(bf->data, cap);
	if (p == NULL) {
		bf->failed = true;
		return NULL;
	}
	bf->data = p;
	bf->cap = cap;
	return p + bf->len;
}

void
weir__buf_add(struct weir__buf *bf, const void *p, size_t n)
{
	char *to = weir__buf_room(bf, n);

	if (to == NULL || n == 0)
		return;
	memcpy(to, p, n);
	bf->len += n;
}

void
weir__buf_str(struct weir__buf *bf, const char *s)
{
	weir__buf_add(bf, s, strlen(s));
}

void
weir__buf_chr(struct weir__buf *bf, char c)
{
	weir__buf_add(bf, &c, 1);
}

void
weir__buf_fill(struct weir__buf *bf, char c, size_t n)
{
	char *to = weir__buf_room(bf, n);

	if (to == NULL)
		return;
	memset(to, c, n);
	bf->len += n;
}

void
weir__buf_printf(struct weir__buf *bf, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (to = weir__buf_room(bf, (size_t)n + 1)) == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	bf->len += (size_t)n;
}

const char *
weir__buf_cstr(struct weir__buf *bf)
{
	char *to = weir__buf_room(bf, 1);

	if (to == NULL)
		return "";
	*to = '\0';
	return bf->data;
}
