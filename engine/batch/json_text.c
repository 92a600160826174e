/* SPDX-License-Identifier: MIT
 *
 * JSON text of values and rows: plain and complete, for people and for
 * quarantine.  What encodes a stream is the plugin json.
 */
#include "batch/json_text.h"

#include <math.h>

#include "base/decimal.h"
#include "base/json.h"
#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"

void
weir__json_string(struct weir__buf *bf, const char *p, size_t n)
{
	size_t good;
	char *to;

	weir__buf_chr(bf, '"');
	while (n != 0) {
		good = weir__utf8_valid_prefix(p, n);
		to = weir__buf_room(bf, WEIR__JSON_STRING_TEXT(good) + 3);
		if (to == NULL)
			return;
		if (good != 0) { /* without its quotes */
			size_t len = weir__json_quote(to, p, good) - 2;

			memmove(to, to + 1, len);
			bf->len += len;
		}
		p += good;
		n -= good;
		if (n != 0) {
			weir__buf_add(bf, "\xef\xbf\xbd", 3);
			p++;
			n--;
		}
	}
	weir__buf_chr(bf, '"');
}

static void
quoted(struct weir__buf *bf, const char *p, size_t n)
{
	weir__buf_chr(bf, '"');
	weir__buf_add(bf, p, n);
	weir__buf_chr(bf, '"');
}

static void
bytes_value(struct weir__buf *bf, const struct weir_str *s)
{
	char *to = weir__buf_room(bf, WEIR__BASE64_TEXT(s->len) + 2);
	size_t n;

	if (to == NULL)
		return;
	n = weir__base64_encode(to + 1, weir_str_data(s), s->len);
	to[0] = to[n + 1] = '"';
	bf->len += n + 2;
}

static void
time_value(struct weir__buf *bf, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	char text[WEIR__TIME_TEXT];
	size_t n;

	if (ty->kind == WEIR_DATE)
		n = weir__time_print_date(text, co->u.i32[row]);
	else if (ty->kind == WEIR_DURATION)
		n = weir__time_print_duration(text, co->u.i64[row]);
	else
		n = weir__time_print(text, co->u.i64[row]);
	quoted(bf, text, n);
}

static void
number_value(struct weir__buf *bf, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	char text[WEIR__DECIMAL_TEXT];
	size_t n;

	switch (ty->kind) {
	case WEIR_INT32:
		n = weir__i64_print(text, co->u.i32[row]);
		break;
	case WEIR_INT64:
		n = weir__i64_print(text, co->u.i64[row]);
		break;
	case WEIR_FLOAT32:
		n = weir__f32_print(text, co->u.f32[row]);
		if (!isfinite(co->u.f32[row])) {
			quoted(bf, text, n);
			return;
		}
		break;
	case WEIR_FLOAT64:
		n = weir__f64_print(text, co->u.f64[row]);
		if (!isfinite(co->u.f64[row])) {
			quoted(bf, text, n);
			return;
		}
		break;
	default:
		n = weir__decimal_print(text,
		    weir_decimal_wide(ty) ? co->u.i128[row] : co->u.i64[row],
		    ty->scale);
	}
	weir__buf_add(bf, text, n);
}

/* A value where only text may stand. */
static void
key_value(struct weir__buf *bf, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	size_t at = bf->len;

	weir__json_value(bf, ty, co, row);
	if (bf->failed || bf->data[at] == '"')
		return;
	if (weir__buf_room(bf, 2) == NULL)
		return;
	memmove(bf->data + at + 1, bf->data + at, bf->len - at);
	bf->data[at] = '"';
	bf->len++;
	weir__buf_chr(bf, '"');
}

static void
list_value(struct weir__buf *bf, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	bool map = ty->kind == WEIR_MAP;
	int32_t i;

	weir__buf_chr(bf, map ? '{' : '[');
	for (i = co->offsets[row]; i < co->offsets[row + 1]; i++) {
		if (i != co->offsets[row])
			weir__buf_chr(bf, ',');
		if (map) {
			key_value(bf, ty->fields[0].type, &co->child[0],
			    (uint32_t)i);
			weir__buf_chr(bf, ':');
		}
		weir__json_value(bf, ty->fields[map].type, &co->child[map],
		    (uint32_t)i);
	}
	weir__buf_chr(bf, map ? '}' : ']');
}

static void
fields_value(struct weir__buf *bf, const struct weir_field *fi, uint32_t n,
    const struct weir_column *cols, uint32_t row)
{
	bool any = false;
	uint32_t i;

	weir__buf_chr(bf, '{');
	for (i = 0; i < n; i++) {
		if (!weir_present(&cols[i]))
			continue;
		if (any)
			weir__buf_chr(bf, ',');
		any = true;
		weir__json_string(bf, fi[i].name, strlen(fi[i].name));
		weir__buf_chr(bf, ':');
		weir__json_value(bf, fi[i].type, &cols[i], row);
	}
	weir__buf_chr(bf, '}');
}

void
weir__json_value(struct weir__buf *bf, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	if (!weir_present(co) || !weir_valid(co, row)) {
		weir__buf_add(bf, "null", 4);
		return;
	}
	switch (ty->kind) {
	case WEIR_NULL:
		weir__buf_add(bf, "null", 4);
		break;
	case WEIR_BOOL:
		weir__buf_str(bf, weir_bit(co->u.bits, row) ? "true" : "false");
		break;
	case WEIR_STRING:
		weir__json_string(bf, weir_str_data(&co->u.str[row]),
		    co->u.str[row].len);
		break;
	case WEIR_BYTES:
		bytes_value(bf, &co->u.str[row]);
		break;
	case WEIR_TIMESTAMP:
	case WEIR_DATE:
	case WEIR_DURATION:
		time_value(bf, ty, co, row);
		break;
	case WEIR_JSON:
		weir__buf_add(bf, weir_str_data(&co->u.str[row]),
		    co->u.str[row].len);
		break;
	case WEIR_LIST:
	case WEIR_MAP:
		list_value(bf, ty, co, row);
		break;
	case WEIR_STRUCT:
		fields_value(bf, ty->fields, ty->nfields, co->child, row);
		break;
	default:
		number_value(bf, ty, co, row);
	}
}

void
weir__json_row(struct weir__buf *bf, const struct weir_schema *sc,
    const struct weir_column *cols, uint32_t row)
{
	fields_value(bf, sc->cols, sc->ncols, cols, row);
}
