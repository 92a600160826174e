/* SPDX-License-Identifier: MIT
 *
 * show: rows as lines of JSON or CSV.
 */
#include "show.h"

char *
show_room(const struct weir_host *host, struct show_text *tx, size_t n)
{
	size_t cap = tx->cap == 0 ? 4096 : tx->cap;
	char *p;

	while (cap - tx->len < n)
		cap *= 2;
	if (cap != tx->cap) {
		p = host->realloc(tx->p, cap);
		if (p == NULL)
			return NULL;
		tx->p = p;
		tx->cap = cap;
	}
	return tx->p + tx->len;
}

bool
show_add(const struct weir_host *host, struct show_text *tx, const char *p,
    size_t n)
{
	char *to = show_room(host, tx, n + 1);

	if (to == NULL)
		return false;
	if (n > 0)
		memcpy(to, p, n);
	tx->len += n;
	return true;
}

bool
show_fill(const struct weir_host *host, struct show_text *tx, char c, size_t n)
{
	char *to = show_room(host, tx, n + 1);

	if (to == NULL)
		return false;
	memset(to, c, n);
	tx->len += n;
	return true;
}

/* The value's JSON text; *len bytes at the end of tx, not yet added. */
static bool
json_value(const struct weir_host *host, struct show_text *tx,
    const struct weir_type *ty, const struct weir_column *co, uint32_t row,
    size_t *len)
{
	size_t room = 64;
	char *to;

	for (;;) {
		to = show_room(host, tx, room);
		if (to == NULL ||
		    host->json_text(ty, co, row, to, room, len) != WEIR_OK)
			return false;
		if (*len <= room)
			return true;
		room = *len;
	}
}

static bool
json_name(const struct weir_host *host, struct show_text *tx, const char *name)
{
	struct weir_str s = weir_str_make(name, strlen(name));
	struct weir_column co = { .u.str = &s };
	const struct weir_type ty = { .kind = WEIR_STRING };
	size_t len;

	if (!json_value(host, tx, &ty, &co, 0, &len))
		return false;
	tx->len += len;
	return true;
}

static bool
json_line(const struct weir_host *host, struct show_text *tx,
    const struct weir_batch *b, uint32_t row)
{
	const struct weir_field *fi = b->schema->cols;
	const char *sep = "{";
	size_t len;
	uint32_t c;

	for (c = 0; c < b->ncols; c++) {
		if (!weir_present(&b->cols[c]))
			continue;
		if (!show_add(host, tx, sep, 1) ||
		    !json_name(host, tx, fi[c].name) ||
		    !show_add(host, tx, ":", 1) ||
		    !json_value(host, tx, fi[c].type, &b->cols[c], row, &len))
			return false;
		tx->len += len;
		sep = ",";
	}
	return show_add(host, tx, sep[0] == '{' ? "{}\n" : "}\n",
	    sep[0] == '{' ? 3 : 2);
}

/* RFC 4180: in quotes where it must be. */
static bool
csv_field(const struct weir_host *host, struct show_text *tx, const char *s,
    size_t n)
{
	size_t i, from = 0;
	bool quote = n == 0;

	for (i = 0; i < n && !quote; i++)
		quote = s[i] == ',' || s[i] == '"' || s[i] == '\n' ||
		    s[i] == '\r';
	if (!quote)
		return show_add(host, tx, s, n);
	if (!show_add(host, tx, "\"", 1))
		return false;
	for (i = 0; i < n; i++) {
		if (s[i] != '"')
			continue;
		if (!show_add(host, tx, s + from, i + 1 - from))
			return false;
		from = i; /* the quote comes again */
	}
	return show_add(host, tx, s + from, n - from) &&
	    show_add(host, tx, "\"", 1);
}

static bool
csv_value(const struct weir_host *host, struct show_text *tx,
    const struct weir_type *ty, const struct weir_column *co, uint32_t row)
{
	struct show_text one = { 0 };
	const char *p;
	size_t len;
	bool ok;

	if (!weir_present(co) || !weir_valid(co, row))
		return true;
	if (ty->kind == WEIR_STRING || ty->kind == WEIR_JSON)
		return csv_field(host, tx, weir_str_data(&co->u.str[row]),
		    co->u.str[row].len);
	ok = json_value(host, &one, ty, co, row, &len);
	p = one.p;
	if (ok && !weir_type_nested(ty) && len >= 2 && p[0] == '"') {
		p++;
		len -= 2;
	}
	ok = ok && csv_field(host, tx, p, len);
	host->free(one.p);
	return ok;
}

static bool
csv_line(const struct weir_host *host, struct show_text *tx,
    const struct weir_batch *b, uint32_t row, bool *headed)
{
	const struct weir_field *fi = b->schema->cols;
	uint32_t c;

	for (c = 0; c < b->ncols && !*headed; c++)
		if (!csv_field(host, tx, fi[c].name, strlen(fi[c].name)) ||
		    !show_add(host, tx, c + 1 == b->ncols ? "\n" : ",", 1))
			return false;
	*headed = true;
	for (c = 0; c < b->ncols; c++)
		if (!csv_value(host, tx, fi[c].type, &b->cols[c], row) ||
		    !show_add(host, tx, c + 1 == b->ncols ? "\n" : ",", 1))
			return false;
	return true;
}

bool
show_line(const struct weir_host *host, struct show_text *tx,
    const struct weir_batch *b, uint32_t row, int32_t format, bool *headed)
{
	return format == SHOW_JSON ? json_line(host, tx, b, row) :
				     csv_line(host, tx, b, row, headed);
}
