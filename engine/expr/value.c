/* SPDX-License-Identifier: MIT
 *
 * Single values from text and to text.
 */
#include "expr/value.h"

#include "base/decimal.h"
#include "base/time.h"
#include "batch/batch.h"
#include "batch/json_text.h"
#include "expr/cast.h"

/* ---- from text */

static bool
word_is(const char *p, size_t n, const char *word)
{
	size_t i;

	if (strlen(word) != n)
		return false;
	for (i = 0; i < n; i++)
		if ((p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]) != word[i])
			return false;
	return true;
}

bool
weir__bool_from_text(bool *b, const char *p, size_t n)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };
	size_t i;

	for (i = 0; i < 4; i++) {
		*b = word_is(p, n, yes[i]);
		if (*b || word_is(p, n, no[i]))
			return true;
	}
	return false;
}

enum weir__num
weir__time_from_text(int64_t *us, const char *p, size_t n, const char *format)
{
	int64_t num, den, v;
	enum weir__num rc;

	if (format == NULL)
		return weir__time_parse(us, p, n);
	if (!weir__time_unit(format, &num, &den))
		return weir__time_strptime(us, p, n, format, strlen(format),
		    NULL);
	if ((rc = weir__i64_parse(&v, p, n)) != WEIR__NUM_OK)
		return rc;
	if (__builtin_mul_overflow(v, num, &v))
		return WEIR__NUM_RANGE;
	*us = weir__time_floor(v, den);
	return *us < WEIR__TIME_MIN || *us > WEIR__TIME_MAX ? WEIR__NUM_RANGE
							    : WEIR__NUM_OK;
}

static enum weir__num
int_from_text(int64_t *out, const char *p, size_t n, enum weir_kind kind)
{
	enum weir__num rc = weir__i64_parse(out, p, n);

	if (rc == WEIR__NUM_SYNTAX && weir__size_from_text(out, p, n) == 0)
		rc = WEIR__NUM_OK;
	if (rc == WEIR__NUM_OK && kind == WEIR_INT32 &&
	    (*out < INT32_MIN || *out > INT32_MAX))
		rc = WEIR__NUM_RANGE;
	return rc;
}

static enum weir__num
float_from_text(double *out, const char *p, size_t n, enum weir_kind kind)
{
	enum weir__num rc;
	float f;

	if (kind == WEIR_FLOAT64)
		return weir__f64_parse(out, p, n);
	rc = weir__f32_parse(&f, p, n);
	*out = rc == WEIR__NUM_OK ? (double)f : 0;
	return rc;
}

static enum weir__num
scalar_from_text(struct weir__arena *ar, struct weir_value *v,
    const struct weir_type *ty, const char *p, size_t n, bool *nomem)
{
	enum weir__num rc;
	int32_t days;
	char *s;

	switch (ty->kind) {
	case WEIR_BOOL:
		return weir__bool_from_text(&v->u.b, p, n) ? WEIR__NUM_OK
							   : WEIR__NUM_SYNTAX;
	case WEIR_INT32:
	case WEIR_INT64:
		return int_from_text(&v->u.i, p, n, ty->kind);
	case WEIR_FLOAT32:
	case WEIR_FLOAT64:
		return float_from_text(&v->u.f, p, n, ty->kind);
	case WEIR_DECIMAL:
		return weir__decimal_parse(&v->u.d, p, n, ty->precision,
		    ty->scale, WEIR__EXACT);
	case WEIR_TIMESTAMP:
		return weir__time_parse(&v->u.i, p, n);
	case WEIR_DATE:
		rc = weir__time_parse_date(&days, p, n);
		v->u.i = rc == WEIR__NUM_OK ? days : 0;
		return rc;
	case WEIR_DURATION:
		return weir__time_parse_duration(&v->u.i, p, n);
	case WEIR_JSON:
		if (!weir__json_valid(p, n))
			return WEIR__NUM_SYNTAX;
		break;
	case WEIR_STRING:
	case WEIR_BYTES:
		break;
	default:
		return WEIR__NUM_SYNTAX;
	}
	if ((s = weir__arena_strndup(ar, p, n)) == NULL) {
		*nomem = true;
		return WEIR__NUM_OK;
	}
	v->u.s = weir_str_make(s, n);
	return WEIR__NUM_OK;
}

static int
refuse(struct weir_err *err, const struct weir_type *ty, const char *p,
    size_t n, enum weir__num why)
{
	struct weir__buf bf;
	int rc;

	weir__buf_init(&bf);
	weir__type_print(&bf, ty);
	rc = weir_fail(err, WEIR_NOWHERE,
	    why == WEIR__NUM_SYNTAX ? "value.syntax" : "value.range",
	    "expected %s, found \"%.*s\"%s", weir__buf_cstr(&bf),
	    (int)(n < 60 ? n : 60), p,
	    why == WEIR__NUM_RANGE	  ? ", which is out of its range"
		: why == WEIR__NUM_INEXACT ? ", which has more digits after "
					     "the point"
					   : "");
	weir__buf_fini(&bf);
	return rc;
}

/* "a, b, c" */
static int
list_from_text(struct weir__arena *ar, struct weir_value *v,
    const struct weir_type *ty, const char *p, size_t n, struct weir_err *err)
{
	struct weir_value *items;
	size_t count = n != 0, i, at = 0;

	for (i = 0; i < n; i++)
		count += p[i] == ',';
	items = weir__arena_zalloc(ar, (count + 1) * sizeof *items);
	if (items == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	for (i = 0; i < count; i++) {
		size_t end = at, from, to;

		while (end < n && p[end] != ',')
			end++;
		for (from = at; from < end && p[from] == ' '; from++)
			;
		for (to = end; to > from && p[to - 1] == ' '; to--)
			;
		if (weir__value_from_text(ar, &items[i], ty->fields[0].type,
			p + from, to - from, err) != 0)
			return -1;
		at = end + 1;
	}
	v->u.list.items = items;
	v->u.list.n = count;
	return 0;
}

int
weir__value_from_text(struct weir__arena *ar, struct weir_value *v,
    const struct weir_type *ty, const char *text, size_t len,
    struct weir_err *err)
{
	enum weir__num rc;
	bool nomem = false;

	memset(v, 0, sizeof *v);
	v->type = ty;
	if (ty->kind == WEIR_LIST)
		return list_from_text(ar, v, ty, text, len, err);
	rc = scalar_from_text(ar, v, ty, text, len, &nomem);
	if (nomem)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	return rc == WEIR__NUM_OK ? 0 : refuse(err, ty, text, len, rc);
}

/* ---- to text */

static size_t
scalar_text(char out[64], const struct weir_value *v)
{
	switch (v->type->kind) {
	case WEIR_BOOL:
		memcpy(out, v->u.b ? "true" : "false", 5);
		return v->u.b ? 4 : 5;
	case WEIR_INT32:
	case WEIR_INT64:
		return weir__i64_print(out, v->u.i);
	case WEIR_FLOAT32:
		return weir__f32_print(out, (float)v->u.f);
	case WEIR_FLOAT64:
		return weir__f64_print(out, v->u.f);
	case WEIR_DECIMAL:
		return weir__decimal_print(out, v->u.d, v->type->scale);
	case WEIR_TIMESTAMP:
		return weir__time_print(out, v->u.i);
	case WEIR_DATE:
		return weir__time_print_date(out, (int32_t)v->u.i);
	case WEIR_DURATION:
		return weir__time_print_duration(out, v->u.i);
	default:
		return 0;
	}
}

static void
items(struct weir__buf *bf, const struct weir_value *v)
{
	const struct weir_type *ty = v->type;
	size_t i;

	weir__buf_str(bf, ty->kind == WEIR_LIST ? "[" : "{ ");
	for (i = 0; i < v->u.list.n; i++) {
		if (i != 0)
			weir__buf_str(bf,
			    ty->kind == WEIR_MAP && i % 2 == 1 ? ": " : ", ");
		if (ty->kind == WEIR_STRUCT) {
			weir__ast_name_print(bf, ty->fields[i].name);
			weir__buf_str(bf, ": ");
		}
		weir__value_print(bf, &v->u.list.items[i]);
	}
	weir__buf_str(bf, ty->kind == WEIR_LIST ? "]" : " }");
}

void
weir__value_print(struct weir__buf *bf, const struct weir_value *v)
{
	bool quote;
	char text[64];

	if (v->type == NULL || v->null) {
		weir__buf_str(bf, "null");
		return;
	}
	if (weir_type_nested(v->type)) {
		items(bf, v);
		return;
	}
	if (weir_type_textual(v->type)) {
		weir__ast_string_print(bf, weir_str_data(&v->u.s), v->u.s.len);
		return;
	}
	quote = v->type->kind == WEIR_TIMESTAMP || v->type->kind == WEIR_DATE;
	if (quote)
		weir__buf_chr(bf, '"');
	weir__buf_add(bf, text, scalar_text(text, v));
	if (quote)
		weir__buf_chr(bf, '"');
}

void
weir__value_show(struct weir__buf *bf, const struct weir_value *v)
{
	char text[64];

	if (v->type == NULL || v->null || weir_type_nested(v->type)) {
		weir__value_print(bf, v);
		return;
	}
	if (weir_type_textual(v->type)) {
		weir__buf_add(bf, weir_str_data(&v->u.s), v->u.s.len);
		return;
	}
	weir__buf_add(bf, text, scalar_text(text, v));
}
