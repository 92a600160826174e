/* SPDX-License-Identifier: MIT
 *
 * Casts from text and to text.
 */
#include "base/decimal.h"
#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"
#include "batch/json_text.h"
#include "expr/cast.h"
#include "expr/value.h"

#define ARGS                                                                   \
	struct weir__cx *cx, const struct weir_expr *ex,                       \
	    const struct weir__vec *in, const uint64_t *live,                  \
	    struct weir__vec *out

#define EACH_LIVE(i)                                                           \
	for (i = 0; i < cx->n; i++)                                            \
		if (weir__live(live, i))

/* ---- from text */

/* "12x" is not an int64; long text is cut. */
static int
not_a(struct weir__cx *cx, struct weir__vec *out, const struct weir_expr *ex,
    uint32_t row, const struct weir_str *s, enum weir__num why)
{
	struct weir__buf bf;
	size_t n = s->len < 40 ? s->len : 40;
	int rc;

	if (n < s->len)
		n = weir__utf8_valid_prefix(weir_str_data(s), n);
	weir__buf_init(&bf);
	weir__type_print(&bf, ex->type);
	rc = bf.failed ? -1
		       : weir__vec_fail(cx, out, ex, row,
			     why == WEIR__NUM_RANGE ? "expr.overflow"
						    : "expr.cast",
			     "\"%.*s\"%s %s %s", (int)n, weir_str_data(s),
			     n < s->len ? "..." : "",
			     why == WEIR__NUM_RANGE ? "does not fit"
						    : "is not a value of",
			     weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	return rc;
}

#define PARSE(NAME, T, MEMBER, CALL)                                           \
	static int NAME(ARGS)                                                  \
	{                                                                      \
		const struct weir_str *a = in->co.u.str;                       \
		const struct weir_type *ty = ex->type;                         \
		uint32_t i;                                                    \
                                                                               \
		(void)ty;                                                      \
		EACH_LIVE(i)                                                   \
		{                                                              \
			const char *p = weir_str_data(&a[i]);                  \
			size_t n = a[i].len;                                   \
			T v = 0;                                               \
			enum weir__num rc = CALL;                              \
                                                                               \
			out->co.u.MEMBER[i] = rc == WEIR__NUM_OK ? v : 0;      \
			if (rc != WEIR__NUM_OK &&                              \
			    not_a(cx, out, ex, i, &a[i], rc) != 0)             \
				return -1;                                     \
		}                                                              \
		return 0;                                                      \
	}

PARSE(text_i64, int64_t, i64, weir__i64_parse(&v, p, n))
PARSE(text_f64, double, f64, weir__f64_parse(&v, p, n))
PARSE(text_f32, float, f32, weir__f32_parse(&v, p, n))
PARSE(text_dec64, int64_t, i64,
    weir__decimal_parse64(&v, p, n, ty->precision, ty->scale, WEIR__HALF_EVEN))
PARSE(text_dec128, weir_i128, i128,
    weir__decimal_parse(&v, p, n, ty->precision, ty->scale, WEIR__HALF_EVEN))
PARSE(text_date, int32_t, i32, weir__time_parse_date(&v, p, n))
PARSE(text_duration, int64_t, i64, weir__time_parse_duration(&v, p, n))
PARSE(text_time, int64_t, i64,
    weir__time_from_text(&v, p, n, ex->u.cast->format))

static int
text_bool(ARGS)
{
	const struct weir_str *a = in->co.u.str;
	uint32_t i;

	EACH_LIVE(i)
	{
		bool b = false;

		if (!weir__bool_from_text(&b, weir_str_data(&a[i]), a[i].len) &&
		    not_a(cx, out, ex, i, &a[i], WEIR__NUM_SYNTAX) != 0)
			return -1;
		weir_bit_put(out->co.u.bits, i, b);
	}
	return 0;
}

static int
text_bytes(ARGS)
{
	(void)ex;
	(void)live;
	(void)cx;
	out->co.u.str = in->co.u.str;
	return 0;
}

static int
text_json(ARGS)
{
	const struct weir_str *a = in->co.u.str;
	uint32_t i;

	EACH_LIVE(i)
	{
		if (weir__json_valid(weir_str_data(&a[i]), a[i].len))
			out->co.u.str[i] = a[i];
		else if (not_a(cx, out, ex, i, &a[i], WEIR__NUM_SYNTAX) != 0)
			return -1;
	}
	return 0;
}

weir__cast_fn *
weir__cast_from_text(const struct weir_type *to, const char *format,
    bool *fallible)
{
	(void)format;
	*fallible = to->kind != WEIR_BYTES;
	switch (to->kind) {
	case WEIR_BOOL:
		return text_bool;
	case WEIR_INT64:
		return text_i64;
	case WEIR_FLOAT32:
		return text_f32;
	case WEIR_FLOAT64:
		return text_f64;
	case WEIR_DECIMAL:
		return weir_decimal_wide(to) ? text_dec128 : text_dec64;
	case WEIR_BYTES:
		return text_bytes;
	case WEIR_TIMESTAMP:
		return text_time;
	case WEIR_DATE:
		return text_date;
	case WEIR_DURATION:
		return text_duration;
	case WEIR_JSON:
		return text_json;
	default:
		return NULL;
	}
}

/* ---- to text */

int
weir__put_text(struct weir__cx *cx, struct weir_str *to, const char *p,
    size_t n)
{
	char *copy;

	if (n <= WEIR_STR_SMALL) {
		*to = weir_str_make(p, n);
		return 0;
	}
	if ((copy = weir__arena_alloc(cx->ar, n)) == NULL)
		return -1;
	memcpy(copy, p, n);
	*to = weir_str_make(copy, n);
	return 0;
}

#define PRINT(NAME, CALL)                                                      \
	static int NAME(ARGS)                                                  \
	{                                                                      \
		const struct weir_type *ty = ex->u.cast->from;                 \
		char text[64];                                                 \
		uint32_t i;                                                    \
                                                                               \
		(void)ty;                                                      \
		EACH_LIVE(i)                                                   \
		{                                                              \
			size_t n = CALL;                                       \
                                                                               \
			if (weir__put_text(cx, &out->co.u.str[i], text, n) !=  \
			    0)                                                 \
				return -1;                                     \
		}                                                              \
		return 0;                                                      \
	}

PRINT(i32_text, weir__i64_print(text, in->co.u.i32[i]))
PRINT(i64_text, weir__i64_print(text, in->co.u.i64[i]))
PRINT(f32_text, weir__f32_print(text, in->co.u.f32[i]))
PRINT(f64_text, weir__f64_print(text, in->co.u.f64[i]))
PRINT(dec64_text, weir__decimal_print(text, in->co.u.i64[i], ty->scale))
PRINT(dec128_text, weir__decimal_print(text, in->co.u.i128[i], ty->scale))
PRINT(time_text, weir__time_print(text, in->co.u.i64[i]))
PRINT(date_text, weir__time_print_date(text, in->co.u.i32[i]))
PRINT(duration_text, weir__time_print_duration(text, in->co.u.i64[i]))

static int
bool_text(ARGS)
{
	struct weir_str yes = weir_str_make("true", 4);
	struct weir_str no = weir_str_make("false", 5);
	uint32_t i;

	(void)ex;
	EACH_LIVE(i)
	{
		out->co.u.str[i] = weir_bit(in->co.u.bits, i) ? yes : no;
	}
	return 0;
}

static int
same_text(ARGS)
{
	uint32_t i;

	(void)ex;
	EACH_LIVE(i)
	{
		out->co.u.str[i] = in->co.u.str[i];
	}
	return 0;
}

static int
bytes_text(ARGS)
{
	const struct weir_str *a = in->co.u.str;
	uint32_t i;

	EACH_LIVE(i)
	{
		if (weir__utf8_valid(weir_str_data(&a[i]), a[i].len))
			out->co.u.str[i] = a[i];
		else if (weir__vec_fail(cx, out, ex, i, "expr.cast",
			     "the bytes are not valid UTF-8") != 0)
			return -1;
	}
	return 0;
}

/* Lists, maps, structs; and whatever becomes JSON. */
static int
json_text(ARGS)
{
	struct weir__buf bf;
	uint32_t i;
	int rc = 0;

	weir__buf_init(&bf);
	EACH_LIVE(i)
	{
		weir__buf_clear(&bf);
		weir__json_value(&bf, ex->u.cast->from, &in->co, i);
		if (bf.failed || weir__put_text(cx, &out->co.u.str[i], bf.data,
		    bf.len) != 0) {
			rc = -1;
			break;
		}
	}
	weir__buf_fini(&bf);
	return rc;
}

weir__cast_fn *
weir__cast_to_text(const struct weir_type *from, bool *fallible)
{
	*fallible = from->kind == WEIR_BYTES;
	switch (from->kind) {
	case WEIR_BOOL:
		return bool_text;
	case WEIR_INT32:
		return i32_text;
	case WEIR_INT64:
		return i64_text;
	case WEIR_FLOAT32:
		return f32_text;
	case WEIR_FLOAT64:
		return f64_text;
	case WEIR_DECIMAL:
		return weir_decimal_wide(from) ? dec128_text : dec64_text;
	case WEIR_BYTES:
		return bytes_text;
	case WEIR_TIMESTAMP:
		return time_text;
	case WEIR_DATE:
		return date_text;
	case WEIR_DURATION:
		return duration_text;
	case WEIR_JSON:
		return same_text;
	case WEIR_LIST:
	case WEIR_MAP:
	case WEIR_STRUCT:
		return json_text;
	default:
		return NULL;
	}
}

weir__cast_fn *
weir__cast_to_json(const struct weir_type *from)
{
	return from->kind == WEIR_BYTES ? NULL : json_text;
}
