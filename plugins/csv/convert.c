/* SPDX-License-Identifier: MIT
 *
 * Fields of CSV into columns.
 */
#include "convert.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"

bool
csv_convertible(const struct weir_type *ty)
{
	return ty->kind >= WEIR_BOOL && ty->kind <= WEIR_DURATION;
}

const char *
csv_expected(const struct weir_field *fi)
{
	switch (fi->type->kind) {
	case WEIR_BOOL:
		return "true or false";
	case WEIR_INT32:
	case WEIR_INT64:
		return "a whole number";
	case WEIR_FLOAT32:
	case WEIR_FLOAT64:
	case WEIR_DECIMAL:
		return "a number";
	case WEIR_STRING:
		return "UTF-8 text";
	case WEIR_BYTES:
		return "base64";
	case WEIR_TIMESTAMP:
		return fi->format == NULL ? "a time as RFC 3339 has it"
					  : "a time in the field's format";
	case WEIR_DATE:
		return "a date";
	default:
		return "a duration such as 5m";
	}
}

static bool
is_word(const char *p, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n && word[i] != '\0'; i++)
		if ((p[i] | 0x20) != word[i])
			return false;
	return i == n && word[i] == '\0';
}

static bool
to_bool(bool *out, const char *p, size_t n)
{
	*out = is_word(p, n, "true") || (n == 1 && *p == '1');
	return *out || is_word(p, n, "false") || (n == 1 && *p == '0');
}

/* A number since the epoch in units of `us` microseconds (nanoseconds: 0). */
static enum weir__num
epoch_time(int64_t *out, const char *p, size_t n, const char *format)
{
	enum weir__num rc = weir__i64_parse(out, p, n);
	int64_t us = strcmp(format, "s") == 0 ? WEIR__US_SEC :
	    strcmp(format, "ms") == 0 ? 1000 : 1;

	if (rc != WEIR__NUM_OK)
		return rc;
	if (strcmp(format, "ns") == 0)
		*out = weir__time_floor(*out, 1000);
	else if (__builtin_mul_overflow(*out, us, out))
		return WEIR__NUM_RANGE;
	return *out < WEIR__TIME_MIN || *out > WEIR__TIME_MAX
	    ? WEIR__NUM_RANGE : WEIR__NUM_OK;
}

static enum weir__num
to_time(int64_t *out, const char *p, size_t n, const char *format)
{
	if (format == NULL)
		return weir__time_parse(out, p, n);
	if (strcmp(format, "s") == 0 || strcmp(format, "ms") == 0 ||
	    strcmp(format, "us") == 0 || strcmp(format, "ns") == 0)
		return epoch_time(out, p, n, format);
	return weir__time_strptime(out, p, n, format, strlen(format), NULL);
}

static enum weir__num
to_date(int32_t *out, const char *p, size_t n, const char *format)
{
	enum weir__num rc;
	int64_t us;

	if (format == NULL)
		return weir__time_parse_date(out, p, n);
	rc = to_time(&us, p, n, format);
	if (rc == WEIR__NUM_OK)
		*out = (int32_t)weir__time_floor(us, WEIR__US_DAY);
	return rc;
}

/* Integers, and what is kept as one. */
static enum weir__num
to_int(const struct weir_field *fi, int64_t *out, const char *p, size_t n)
{
	const struct weir_type *ty = fi->type;
	enum weir__num rc;
	int32_t days;

	switch (ty->kind) {
	case WEIR_INT32:
		rc = weir__i64_parse(out, p, n);
		return rc == WEIR__NUM_OK && *out != (int32_t)*out
		    ? WEIR__NUM_RANGE : rc;
	case WEIR_INT64:
		return weir__i64_parse(out, p, n);
	case WEIR_TIMESTAMP:
		return to_time(out, p, n, fi->format);
	case WEIR_DATE:
		rc = to_date(&days, p, n, fi->format);
		*out = rc == WEIR__NUM_OK ? days : 0;
		return rc;
	default:
		return weir__time_parse_duration(out, p, n);
	}
}

static enum weir__num
to_number(const struct weir_field *fi, struct weir_column *co, uint32_t row,
    const char *p, size_t n)
{
	const struct weir_type *ty = fi->type;
	enum weir__num rc;
	weir_i128 d = 0;
	int64_t i = 0;
	double f = 0;
	float f32 = 0;
	bool store = co->u.data != NULL;

	switch (ty->kind) {
	case WEIR_FLOAT32:
		rc = weir__f32_parse(&f32, p, n);
		if (store)
			co->u.f32[row] = f32;
		return rc;
	case WEIR_FLOAT64:
		rc = weir__f64_parse(&f, p, n);
		if (store)
			co->u.f64[row] = f;
		return rc;
	case WEIR_DECIMAL:
		rc = weir__decimal_parse(&d, p, n, ty->precision, ty->scale,
		    WEIR__EXACT);
		if (store && weir_decimal_wide(ty))
			co->u.i128[row] = d;
		else if (store)
			co->u.i64[row] = (int64_t)d;
		return rc;
	default:
		rc = to_int(fi, &i, p, n);
		if (store && weir_type_width(ty) == 4)
			co->u.i32[row] = (int32_t)i;
		else if (store)
			co->u.i64[row] = i;
		return rc;
	}
}

static const char *
to_bytes(struct weir_column *co, uint32_t row, const char *p, size_t n,
    struct weir_stage *st, struct weir_batch *b)
{
	char *to = weir_batch_alloc(st, b, n / 4 * 3 + 3);
	size_t len;

	if (to == NULL)
		return "memory";
	if (!weir__base64_decode(to, &len, p, n))
		return "csv.type";
	if (co->u.data != NULL)
		co->u.str[row] = weir_str_make(to, len);
	return NULL;
}

const char *
csv_convert(const struct weir_field *fi, struct weir_column *co, uint32_t row,
    const char *p, size_t n, struct weir_stage *st, struct weir_batch *b)
{
	enum weir__num rc;
	bool on;

	switch (fi->type->kind) {
	case WEIR_STRING:
		if (!weir__utf8_valid(p, n))
			return "csv.utf8";
		if (co->u.data != NULL)
			co->u.str[row] = weir_str_make(p, n);
		return NULL;
	case WEIR_BYTES:
		return to_bytes(co, row, p, n, st, b);
	case WEIR_BOOL:
		if (!to_bool(&on, p, n))
			return "csv.type";
		if (co->u.data != NULL)
			weir_bit_put(co->u.bits, row, on);
		return NULL;
	default:
		rc = to_number(fi, co, row, p, n);
		return rc == WEIR__NUM_OK ? NULL :
		    rc == WEIR__NUM_SYNTAX ? "csv.type" : "csv.range";
	}
}
