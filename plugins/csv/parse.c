/* SPDX-License-Identifier: MIT
 *
 * Records of CSV text (RFC 4180), strictly.
 *
 *	record   field { delimiter field } ( CRLF | LF | the end )
 *	field    text without quotes, delimiters and line ends
 *		 or a quote, any text with its quotes doubled, a quote
 */
#include "parse.h"

#include <string.h>

/* Where text goes on after an error: behind the next line end. */
static enum csv_result
bad(struct csv_record *re, const char *p, size_t n, bool ended, size_t from,
    size_t where, const char *why)
{
	const char *nl = memchr(p + from, '\n', n - from);

	if (nl == NULL && !ended)
		return CSV_MORE;
	re->used = nl != NULL ? (size_t)(nl - p) + 1 : n;
	re->length = re->used;
	while (re->length > 0 && (p[re->length - 1] == '\n' ||
		p[re->length - 1] == '\r'))
		re->length--;
	re->why = why;
	re->where = where;
	return CSV_BAD;
}

static void
put(struct csv_record *re, const struct csv_field *f)
{
	if (re->n < re->cap)
		re->fields[re->n] = *f;
	re->n++;
}

/* A quoted field that begins at *at; *at moves behind it. */
static enum csv_result
quoted(struct csv_record *re, const char *p, size_t n, bool ended, size_t *at)
{
	struct csv_field f = { .p = p + *at + 1, .at = *at, .quoted = true };
	const char *q = f.p;

	for (;;) {
		q = memchr(q, '"', (size_t)(p + n - q));
		if (q == NULL || (q + 1 == p + n && !ended))
			break;
		if (q + 1 == p + n || q[1] != '"') {
			f.n = (size_t)(q - f.p);
			put(re, &f);
			*at = (size_t)(q - p) + 1;
			return CSV_RECORD;
		}
		f.doubled = true;
		q += 2;
	}
	if (!ended)
		return CSV_MORE;
	return bad(re, p, n, ended, 0, f.at, "the quote is never closed");
}

static enum csv_result
plain(struct csv_record *re, const char *p, size_t n, bool ended,
    char delimiter, size_t *at)
{
	struct csv_field f = { .p = p + *at, .at = *at };
	size_t i;

	for (i = *at; i < n; i++)
		if (p[i] == delimiter || p[i] == '\n' || p[i] == '\r' ||
		    p[i] == '"')
			break;
	if (i == n && !ended)
		return CSV_MORE;
	if (i < n && p[i] == '"')
		return bad(re, p, n, ended, i, i,
		    "a quote stands in a field that is not in quotes");
	f.n = i - *at;
	put(re, &f);
	*at = i;
	return CSV_RECORD;
}

enum csv_result
csv_parse(struct csv_record *re, const char *p, size_t n, bool ended,
    char delimiter)
{
	enum csv_result rc;
	size_t at = 0;

	re->n = 0;
	for (;;) {
		if (at < n && p[at] == '"')
			rc = quoted(re, p, n, ended, &at);
		else
			rc = plain(re, p, n, ended, delimiter, &at);
		if (rc != CSV_RECORD)
			return rc;
		if (at < n && p[at] == delimiter) {
			at++;
			continue;
		}
		re->length = at;
		if (at < n && p[at] == '\r') {
			if (at + 1 == n && !ended)
				return CSV_MORE;
			at++;
			if (at < n && p[at] != '\n')
				return bad(re, p, n, ended, at, at - 1,
				    "a carriage return stands alone");
		}
		if (at == n || p[at] == '\n') {
			re->used = at == n ? n : at + 1;
			return CSV_RECORD;
		}
		return bad(re, p, n, ended, at, at,
		    "text follows the closing quote");
	}
}

size_t
csv_unquote(char *to, const struct csv_field *f)
{
	size_t i, k = 0;

	for (i = 0; i < f->n; i++) {
		to[k++] = f->p[i];
		if (f->p[i] == '"')
			i++;
	}
	return k;
}
