/* SPDX-License-Identifier: MIT
 *
 * The slow readers: any value for any slot, with null, conversions, and the
 * reasons why a value does not fit.
 */
#include "base/decimal.h"
#include "base/json.h"
#include "base/time.h"
#include "scan.h"

/* One token, and its text without quotes. */
struct token {
	const char *at;
	const char *text;
	size_t len;
};

/* What a type is read from, for messages. */
static const char *
expects(const struct js_slot *sl)
{
	switch (sl->field->type->kind) {
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
		return "a string";
	case WEIR_BYTES:
		return "base64 in a string";
	case WEIR_DATE:
		return sl->unit <= JS_PATTERN ? "a date in a string"
					      : "a number for a date";
	case WEIR_DURATION:
		return sl->unit <= JS_PATTERN ? "a duration in a string"
					      : "a number for a duration";
	case WEIR_TIMESTAMP:
		return sl->unit <= JS_PATTERN ? "a time in a string"
					      : "a number for a time";
	case WEIR_LIST:
		return "an array";
	default:
		return "an object";
	}
}

static bool
wrong_type(struct js *js, const struct js_slot *sl, const char *p)
{
	bool scalar = !weir_type_nested(sl->field->type) && *p != '{' &&
	    *p != '[' && !sl->convert;

	js_fail(js, p, "json.type", "expected %s, found %s%s", expects(sl),
	    js_found(js, p),
	    scalar ? " (\"convert\" takes what parses exactly)" : "");
	return false;
}

/* Reasons never show the value: the payload may be kept from who reads them. */
static bool
bad_text(struct js *js, const struct js_slot *sl, const struct token *to)
{
	js_fail(js, to->at, "json.type", "expected %s, found %s that is none",
	    expects(sl), js_found(js, to->at));
	return false;
}

/* A conversion's verdict as ours. */
static bool
verdict(struct js *js, const struct js_slot *sl, const struct token *to,
    enum weir__num rc)
{
	const struct weir_type *ty = sl->field->type;

	if (rc == WEIR__NUM_OK)
		return true;
	if (rc == WEIR__NUM_SYNTAX)
		return bad_text(js, sl, to);
	if (rc == WEIR__NUM_INEXACT && ty->kind == WEIR_DECIMAL)
		js_fail(js, to->at, "json.range",
		    "the number has more than %u digits after the point "
		    "(\"round\" would round it)", ty->scale);
	else if (rc == WEIR__NUM_INEXACT)
		js_fail(js, to->at, "json.range",
		    "expected a whole number, found one with a fraction");
	else if (ty->kind == WEIR_DECIMAL)
		js_fail(js, to->at, "json.range",
		    "the number is beyond what decimal(%u, %u) holds",
		    ty->precision, ty->scale);
	else
		js_fail(js, to->at, "json.range",
		    "expected %s, found one beyond what the type holds",
		    expects(sl));
	return false;
}

/* --------------------------------------------------------------- storing */

static void
put_i64(struct js_slot *sl, uint32_t row, int64_t v)
{
	if (weir_type_width(sl->field->type) == 4)
		((int32_t *)sl->data)[row & sl->mask] = (int32_t)v;
	else
		((int64_t *)sl->data)[row & sl->mask] = v;
}

/* Text of the row is pointed at, other text is copied. */
static bool
put_text(struct js *js, struct js_slot *sl, uint32_t row, const char *p,
    size_t n)
{
	char *copy;

	if (n > WEIR_STR_SMALL && (p < js->begin || p >= js->end)) {
		copy = js_text(js, n);
		if (copy == NULL)
			return false;
		memcpy(copy, p, n);
		p = copy;
	}
	((struct weir_str *)sl->data)[row & sl->mask] = weir_str_make(p, n);
	return true;
}

static void
put_bool(struct js_slot *sl, uint32_t row, bool on)
{
	weir_bit_put(sl->data, row & sl->mask, on);
}

/* --------------------------------------------------------------- numbers */

/* Integers may be written 1.0 or 1e2. */
static enum weir__num
parse_int(int64_t *out, const struct token *to, int64_t min, int64_t max)
{
	enum weir__num rc = weir__i64_parse(out, to->text, to->len);
	weir_i128 v;

	if (rc == WEIR__NUM_SYNTAX) {
		rc = weir__decimal_parse(&v, to->text, to->len, 38, 0,
		    WEIR__EXACT);
		if (rc != WEIR__NUM_OK)
			return rc;
		if (v < min || v > max)
			return WEIR__NUM_RANGE;
		*out = (int64_t)v;
	}
	if (rc == WEIR__NUM_OK && (*out < min || *out > max))
		return WEIR__NUM_RANGE;
	return rc;
}

/* A count of units, with a fraction perhaps, as whole microseconds, towards
 * the earlier one. */
static enum weir__num
parse_epoch(int64_t *out, const struct token *to, enum js_unit unit)
{
	/* 12 digits behind the point are kept: units of 10^-12, so many to the
	 * microsecond. */
	static const int64_t per_us[] = { [JS_S] = 1000000,
		[JS_MS] = 1000000000, [JS_US] = 1000000000000,
		[JS_NS] = 1000000000000000 };
	weir_i128 v, q;
	enum weir__num rc;

	rc = weir__decimal_parse(&v, to->text, to->len, 38, 12, WEIR__TRUNCATE);
	if (rc != WEIR__NUM_OK)
		return rc;
	q = v / per_us[unit];
	if (v % per_us[unit] < 0)
		q--;
	if (q < INT64_MIN || q > INT64_MAX)
		return WEIR__NUM_RANGE;
	*out = (int64_t)q;
	return WEIR__NUM_OK;
}

static enum weir__num
read_epoch(struct js_slot *sl, uint32_t row, const struct token *to)
{
	enum weir_kind kind = sl->field->type->kind;
	enum weir__num rc;
	int64_t v;

	rc = parse_epoch(&v, to, sl->unit);
	if (rc != WEIR__NUM_OK)
		return rc;
	if (kind != WEIR_DURATION && (v < WEIR__TIME_MIN || v > WEIR__TIME_MAX))
		return WEIR__NUM_RANGE;
	if (kind == WEIR_DATE)
		v = weir__time_floor(v, WEIR__US_DAY);
	put_i64(sl, row, v);
	return rc;
}

static enum weir__num
read_decimal(const struct js *js, struct js_slot *sl, uint32_t row,
    const struct token *to)
{
	enum weir__round round = js->cf->round ? WEIR__HALF_EVEN : WEIR__EXACT;
	const struct weir_type *ty = sl->field->type;
	enum weir__num rc;
	weir_i128 v;

	rc = weir__decimal_parse(&v, to->text, to->len, ty->precision,
	    ty->scale, round);
	if (rc != WEIR__NUM_OK)
		return rc;
	if (weir_decimal_wide(ty))
		((weir_i128 *)sl->data)[row & sl->mask] = v;
	else
		((int64_t *)sl->data)[row & sl->mask] = (int64_t)v;
	return rc;
}

static enum weir__num
read_number_text(const struct js *js, struct js_slot *sl, uint32_t row,
    const struct token *to)
{
	enum weir__num rc;
	int64_t i;
	double d = 0;
	float f = 0;

	switch (sl->field->type->kind) {
	case WEIR_INT32:
		rc = parse_int(&i, to, INT32_MIN, INT32_MAX);
		if (rc == WEIR__NUM_OK)
			put_i64(sl, row, i);
		return rc;
	case WEIR_INT64:
		rc = parse_int(&i, to, INT64_MIN, INT64_MAX);
		if (rc == WEIR__NUM_OK)
			put_i64(sl, row, i);
		return rc;
	case WEIR_FLOAT32:
		rc = weir__f32_parse(&f, to->text, to->len);
		((float *)sl->data)[row & sl->mask] = f;
		return rc;
	case WEIR_FLOAT64:
		rc = weir__f64_parse(&d, to->text, to->len);
		((double *)sl->data)[row & sl->mask] = d;
		return rc;
	case WEIR_DECIMAL:
		return read_decimal(js, sl, row, to);
	default:
		return read_epoch(sl, row, to);
	}
}

static bool
from_number(struct js *js, struct js_slot *sl, uint32_t row,
    const struct token *to)
{
	switch (sl->field->type->kind) {
	case WEIR_BOOL:
		if (!sl->convert)
			return wrong_type(js, sl, to->at);
		if (to->len != 1 || (*to->text != '0' && *to->text != '1'))
			return bad_text(js, sl, to);
		put_bool(sl, row, *to->text == '1');
		return true;
	case WEIR_STRING:
		return sl->convert ? put_text(js, sl, row, to->text, to->len)
				   : wrong_type(js, sl, to->at);
	case WEIR_TIMESTAMP:
	case WEIR_DATE:
	case WEIR_DURATION:
		if (sl->unit <= JS_PATTERN)
			return wrong_type(js, sl, to->at);
		break;
	case WEIR_BYTES:
	case WEIR_LIST:
	case WEIR_MAP:
	case WEIR_STRUCT:
		return wrong_type(js, sl, to->at);
	default:
		break;
	}
	return verdict(js, sl, to, read_number_text(js, sl, row, to));
}

/* ------------------------------------------------------------------ text */

static bool
read_bytes(struct js *js, struct js_slot *sl, uint32_t row,
    const struct token *to)
{
	char *p = js_text(js, to->len / 4 * 3 + 3);
	size_t n;

	if (p == NULL)
		return false;
	if (!weir__base64_decode(p, &n, to->text, to->len))
		return bad_text(js, sl, to);
	((struct weir_str *)sl->data)[row & sl->mask] = weir_str_make(p, n);
	return true;
}

static enum weir__num
parse_time_text(struct js_slot *sl, const struct token *to, int64_t *out)
{
	enum weir_kind kind = sl->field->type->kind;
	const char *fmt = sl->field->format;
	enum weir__num rc;
	int32_t days;

	if (kind == WEIR_DURATION)
		return weir__time_parse_duration(out, to->text, to->len);
	if (kind == WEIR_TIMESTAMP && sl->unit == JS_TEXT)
		return weir__time_parse(out, to->text, to->len);
	if (sl->unit == JS_TEXT) {
		rc = weir__time_parse_date(&days, to->text, to->len);
		*out = days;
		return rc;
	}
	rc = weir__time_strptime(out, to->text, to->len, fmt, strlen(fmt),
	    NULL);
	if (rc == WEIR__NUM_OK && kind == WEIR_DATE)
		*out = weir__time_floor(*out, WEIR__US_DAY);
	return rc;
}

static bool
read_time_text(struct js *js, struct js_slot *sl, uint32_t row,
    const struct token *to)
{
	enum weir__num rc;
	int64_t v = 0;

	if (sl->unit <= JS_PATTERN) {
		rc = parse_time_text(sl, to, &v);
		if (rc == WEIR__NUM_OK)
			put_i64(sl, row, v);
		return verdict(js, sl, to, rc);
	}
	if (!sl->convert)
		return wrong_type(js, sl, to->at);
	return verdict(js, sl, to, read_epoch(sl, row, to));
}

static bool
from_text(struct js *js, struct js_slot *sl, uint32_t row,
    const struct token *to)
{
	bool on;

	switch (sl->field->type->kind) {
	case WEIR_STRING:
		return put_text(js, sl, row, to->text, to->len);
	case WEIR_BYTES:
		return read_bytes(js, sl, row, to);
	case WEIR_TIMESTAMP:
	case WEIR_DATE:
	case WEIR_DURATION:
		return read_time_text(js, sl, row, to);
	case WEIR_LIST:
	case WEIR_MAP:
	case WEIR_STRUCT:
		return wrong_type(js, sl, to->at);
	case WEIR_BOOL:
		if (!sl->convert)
			return wrong_type(js, sl, to->at);
		on = to->len == 4 && memcmp(to->text, "true", 4) == 0;
		if (!on && (to->len != 5 || memcmp(to->text, "false", 5) != 0))
			return bad_text(js, sl, to);
		put_bool(sl, row, on);
		return true;
	default:
		if (!sl->convert)
			return wrong_type(js, sl, to->at);
		return verdict(js, sl, to, read_number_text(js, sl, row, to));
	}
}

/* -------------------------------------------------------------- literals */

static const char *
from_null(struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	const char *q = js_scan_value(js, p, 0);

	if (q == NULL)
		return NULL;
	if (sl->required)
		return js_fail(js, p, "json.missing",
		    "the value is null, and the schema says that it must not "
		    "be");
	return js_set_null(js, sl, row) ? q : NULL;
}

static const char *
from_bool(struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	enum weir_kind kind = sl->field->type->kind;
	const char *q = js_scan_value(js, p, 0);

	if (q == NULL)
		return NULL;
	if (kind == WEIR_BOOL)
		put_bool(sl, row, *p == 't');
	else if (kind != WEIR_STRING || !sl->convert ||
	    !put_text(js, sl, row, p, (size_t)(q - p)))
		return wrong_type(js, sl, p) ? q : NULL;
	return q;
}

/* A value of any kind as it stands. */
static const char *
read_json(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	const char *q = js_scan_value(js, p, depth);

	if (q == NULL || !put_text(js, sl, row, p, (size_t)(q - p)))
		return NULL;
	return q;
}

const char *
js_scalar(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	struct token to = { .at = p, .text = p };
	const char *q;

	if (*p == 'n')
		return from_null(js, sl, p, row);
	if (sl->field->type->kind == WEIR_JSON)
		return read_json(js, sl, p, row, depth);
	switch (*p) {
	case '"':
		q = js_scan_string(js, p, &to.text, &to.len);
		return q != NULL && from_text(js, sl, row, &to) ? q : NULL;
	case '-':
	case '0' ... '9':
		q = js_scan_number(js, p);
		if (q == NULL)
			return NULL;
		to.len = (size_t)(q - p);
		return from_number(js, sl, row, &to) ? q : NULL;
	case 't':
	case 'f':
		return from_bool(js, sl, p, row);
	case '{':
	case '[':
		wrong_type(js, sl, p);
		return NULL;
	default:
		return js_syntax(js, p, "a value");
	}
}
