/* SPDX-License-Identifier: MIT
 *
 * Growing buffers, and text of SQL in them.
 */
#include "postgres.h"

void
pg_buf_init(struct pg_buf *bf, const struct weir_host *host)
{
	*bf = (struct pg_buf){ .host = host };
}

void
pg_buf_fini(struct pg_buf *bf)
{
	if (bf->host != NULL)
		bf->host->free(bf->p);
	bf->p = NULL;
	bf->len = bf->cap = 0;
}

bool
pg_buf_room(struct pg_buf *bf, size_t n)
{
	size_t cap = bf->cap;
	char *p;

	if (bf->failed)
		return false;
	if (n <= cap - bf->len)
		return true;
	if (cap < 256)
		cap = 256;
	while (cap - bf->len < n)
		cap *= 2;
	p = bf->host->realloc(bf->p, cap);
	if (p == NULL) {
		bf->failed = true;
		return false;
	}
	bf->p = p;
	bf->cap = cap;
	return true;
}

void
pg_buf_add(struct pg_buf *bf, const void *p, size_t n)
{
	if (n == 0 || !pg_buf_room(bf, n))
		return;
	memcpy(bf->p + bf->len, p, n);
	bf->len += n;
}

void
pg_buf_text(struct pg_buf *bf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !pg_buf_room(bf, (size_t)n + 1)) {
		bf->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(bf->p + bf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	bf->len += (size_t)n;
}

/* Between quotes that are doubled inside. */
static void
quoted(struct pg_buf *bf, const char *text, char quote)
{
	pg_buf_add(bf, &quote, 1);
	for (; *text != '\0'; text++) {
		if (*text == quote)
			pg_buf_add(bf, &quote, 1);
		pg_buf_add(bf, text, 1);
	}
	pg_buf_add(bf, &quote, 1);
}

void
pg_buf_name(struct pg_buf *bf, const char *name)
{
	quoted(bf, name, '"');
}

/* Every session has standard_conforming_strings: a backslash is itself. */
void
pg_buf_quote(struct pg_buf *bf, const char *text)
{
	quoted(bf, text, '\'');
}

const char *
pg_buf_cstr(struct pg_buf *bf)
{
	if (!pg_buf_room(bf, 1))
		return "";
	bf->p[bf->len] = '\0';
	return bf->p;
}

const char *
pg_text(const struct weir_str *s, char *to, size_t room)
{
	size_t n = s->len < room ? s->len : room - 1;

	memcpy(to, weir_str_data(s), n);
	to[n] = '\0';
	return to;
}

int
pg_memory(const struct weir_host *host, struct weir_err *err)
{
	return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}
