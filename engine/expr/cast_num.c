/* SPDX-License-Identifier: MIT
 *
 * Casts among numbers, booleans, times and dates.
 *
 * What has more digits than the target is rounded half-even; what is too large
 * for it fails the row.
 */
#include <math.h>

#include "base/decimal.h"
#include "base/num.h"
#include "base/time.h"
#include "expr/cast.h"

#define ARGS                                                                   \
	struct weir__cx *cx, const struct weir_expr *ex,                       \
	    const struct weir__vec *in, const uint64_t *live,                  \
	    struct weir__vec *out

/* ---- those that always succeed */

#define PLAIN(NAME, TI, TO, EXPR)                                              \
	static int NAME(ARGS)                                                  \
	{                                                                      \
		const TI *restrict a = in->co.u.data;                          \
		TO *restrict o = out->co.u.data;                               \
		uint32_t i;                                                    \
                                                                               \
		(void)ex;                                                      \
		(void)live;                                                    \
		for (i = 0; i < cx->n; i++)                                    \
			o[i] = (TO)(EXPR);                                     \
		return 0;                                                      \
	}

PLAIN(i32_i64, int32_t, int64_t, a[i])
PLAIN(i32_f64, int32_t, double, a[i])
PLAIN(i64_f64, int64_t, double, a[i])
PLAIN(f32_f64, float, double, a[i])
PLAIN(date_time, int32_t, int64_t, (uint64_t)a[i] * (uint64_t)WEIR__US_DAY)
PLAIN(time_date, int64_t, int32_t, weir__time_floor(a[i], WEIR__US_DAY))

static int
bool_i64(ARGS)
{
	uint32_t i;

	(void)ex;
	(void)live;
	for (i = 0; i < cx->n; i++)
		out->co.u.i64[i] = weir_bit(in->co.u.bits, i);
	return 0;
}

static int
i64_bool(ARGS)
{
	uint32_t i;

	(void)ex;
	(void)live;
	for (i = 0; i < cx->n; i++)
		weir_bit_put(out->co.u.bits, i, in->co.u.i64[i] != 0);
	return 0;
}

/* ---- row by row */

static int
too_large(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_expr *ex, uint32_t row, const char *text, size_t n)
{
	struct weir__buf bf;
	int rc;

	weir__buf_init(&bf);
	weir__type_print(&bf, ex->type);
	rc = bf.failed ? -1
		       : weir__vec_fail(cx, out, ex, row, "expr.overflow",
			     "%.*s does not fit %s", (int)n, text,
			     weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	return rc;
}

static int
too_large_i64(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_expr *ex, uint32_t row, int64_t v)
{
	char text[WEIR__NUM_TEXT];

	return too_large(cx, out, ex, row, text, weir__i64_print(text, v));
}

static int
too_large_f64(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_expr *ex, uint32_t row, double v)
{
	char text[WEIR__NUM_TEXT];

	return too_large(cx, out, ex, row, text, weir__f64_print(text, v));
}

static weir_i128
decimal_at(const struct weir__vec *v, const struct weir_type *ty, uint32_t i)
{
	return weir_decimal_wide(ty) ? v->co.u.i128[i] : v->co.u.i64[i];
}

static void
put_decimal(struct weir__vec *v, const struct weir_type *ty, uint32_t i,
    weir_i128 d)
{
	if (weir_decimal_wide(ty))
		v->co.u.i128[i] = d;
	else
		v->co.u.i64[i] = (int64_t)d;
}

static int
too_large_decimal(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_expr *ex, uint32_t row, weir_i128 v)
{
	char text[WEIR__DECIMAL_TEXT];

	return too_large(cx, out, ex, row, text,
	    weir__decimal_print(text, v, ex->u.cast->from->scale));
}

#define EACH_LIVE(i)                                                           \
	for (i = 0; i < cx->n; i++)                                            \
		if (weir__live(live, i))

static int
i64_i32(ARGS)
{
	uint32_t i;

	for (i = 0; i < cx->n; i++)
		out->co.u.i32[i] = (int32_t)in->co.u.i64[i];
	EACH_LIVE(i)
	{
		if (out->co.u.i32[i] != in->co.u.i64[i] &&
		    too_large_i64(cx, out, ex, i, in->co.u.i64[i]) != 0)
			return -1;
	}
	return 0;
}

static int
f64_f32(ARGS)
{
	uint32_t i;

	EACH_LIVE(i)
	{
		double v = in->co.u.f64[i];

		/* The bound is where rounding would go to infinity. */
		if (isfinite(v) && fabs(v) >= 0x1.ffffffp127) {
			out->co.u.f32[i] = 0;
			if (too_large_f64(cx, out, ex, i, v) != 0)
				return -1;
			continue;
		}
		out->co.u.f32[i] = (float)v;
	}
	return 0;
}

static int
f64_i64(ARGS)
{
	uint32_t i;

	EACH_LIVE(i)
	{
		double v = rint(in->co.u.f64[i]);

		out->co.u.i64[i] = 0;
		if (v >= -0x1p63 && v < 0x1p63)
			out->co.u.i64[i] = (int64_t)v;
		else if (too_large_f64(cx, out, ex, i, in->co.u.f64[i]) != 0)
			return -1;
	}
	return 0;
}

static int
dec_f64(ARGS)
{
	const struct weir_type *ty = ex->u.cast->from;
	uint32_t i;

	EACH_LIVE(i)
	{
		out->co.u.f64[i] =
		    weir__decimal_to_f64(decimal_at(in, ty, i), ty->scale);
	}
	return 0;
}

/* Up to 15 digits and 10^22 are exact as floats: one division is correctly
 * rounded. */
static int
dec15_f64(ARGS)
{
	const int64_t *restrict a = in->co.u.i64;
	double *restrict o = out->co.u.f64;
	double by =
	    (double)weir__decimal_pow10_64[ex->u.cast->from->scale];
	uint32_t i;

	(void)live;
	for (i = 0; i < cx->n; i++)
		o[i] = (double)a[i] / by;
	return 0;
}

static int
f64_dec(ARGS)
{
	const struct weir_type *ty = ex->u.cast->to;
	uint32_t i;

	EACH_LIVE(i)
	{
		weir_i128 d = 0;

		if (weir__decimal_from_f64(&d, in->co.u.f64[i], ty->precision,
			ty->scale, WEIR__HALF_EVEN) != WEIR__NUM_OK) {
			d = 0;
			if (too_large_f64(cx, out, ex, i, in->co.u.f64[i]) !=
			    0)
				return -1;
		}
		put_decimal(out, ty, i, d);
	}
	return 0;
}

static int
dec_i64(ARGS)
{
	const struct weir_type *ty = ex->u.cast->from;
	uint32_t i;

	EACH_LIVE(i)
	{
		weir_i128 d = decimal_at(in, ty, i);

		if (weir__decimal_to_i64(&out->co.u.i64[i], d, ty->scale,
			WEIR__HALF_EVEN) == WEIR__NUM_OK)
			continue;
		out->co.u.i64[i] = 0;
		if (too_large_decimal(cx, out, ex, i, d) != 0)
			return -1;
	}
	return 0;
}

static int
i64_dec(ARGS)
{
	const struct weir_type *ty = ex->u.cast->to;
	uint32_t i;

	EACH_LIVE(i)
	{
		weir_i128 d = 0;

		if (weir__decimal_from_i64(&d, in->co.u.i64[i], ty->precision,
			ty->scale) != WEIR__NUM_OK) {
			d = 0;
			if (too_large_i64(cx, out, ex, i, in->co.u.i64[i]) !=
			    0)
				return -1;
		}
		put_decimal(out, ty, i, d);
	}
	return 0;
}

static int
dec_dec(ARGS)
{
	const struct weir_type *from = ex->u.cast->from, *to = ex->u.cast->to;
	uint32_t i;

	EACH_LIVE(i)
	{
		weir_i128 v = decimal_at(in, from, i), d = 0;

		if (weir__decimal_rescale(&d, v, from->scale, to->scale,
			to->precision, WEIR__HALF_EVEN) != WEIR__NUM_OK) {
			d = 0;
			if (too_large_decimal(cx, out, ex, i, v) != 0)
				return -1;
		}
		put_decimal(out, to, i, d);
	}
	return 0;
}

/* Widening: no digit is lost, no row fails. */
static int
widen_dec(ARGS)
{
	const struct weir_type *from = ex->u.cast->from, *to = ex->u.cast->to;
	unsigned fs = from->kind == WEIR_DECIMAL ? from->scale : 0;
	weir_u128 by = (weir_u128)weir__decimal_pow10[to->scale - fs];
	bool wide = from->kind == WEIR_DECIMAL && weir_decimal_wide(from);
	uint32_t i;

	(void)live;
	if (!weir_decimal_wide(to)) {
		for (i = 0; i < cx->n; i++)
			out->co.u.i64[i] = (int64_t)((uint64_t)in->co.u.i64[i] *
			    (uint64_t)by);
		return 0;
	}
	for (i = 0; i < cx->n; i++) {
		weir_i128 v = wide ? in->co.u.i128[i] : in->co.u.i64[i];

		out->co.u.i128[i] = (weir_i128)((weir_u128)v * by);
	}
	return 0;
}

/* ---- numbers that count from 1970 */

bool
weir__time_unit(const char *format, int64_t *num, int64_t *den)
{
	static const struct {
		const char *name;
		int64_t num;
		int64_t den;
	} units[] = {
		{ "s", 1000000, 1 },
		{ "ms", 1000, 1 },
		{ "us", 1, 1 },
		{ "ns", 1, 1000 },
	};
	size_t i;

	for (i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(format, units[i].name) != 0)
			continue;
		*num = units[i].num;
		*den = units[i].den;
		return true;
	}
	return false;
}

static int
bad_time(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_expr *ex, uint32_t row)
{
	return weir__vec_fail(cx, out, ex, row, "expr.overflow",
	    "the time lies outside the years 1 to 9999");
}

static int
i64_time(ARGS)
{
	int64_t num = 1, den = 1, v;
	uint32_t i;

	weir__time_unit(ex->u.cast->format, &num, &den);
	EACH_LIVE(i)
	{
		out->co.u.i64[i] = 0;
		if (__builtin_mul_overflow(in->co.u.i64[i], num, &v) ||
		    (v = weir__time_floor(v, den)) < WEIR__TIME_MIN ||
		    v > WEIR__TIME_MAX) {
			if (bad_time(cx, out, ex, i) != 0)
				return -1;
			continue;
		}
		out->co.u.i64[i] = v;
	}
	return 0;
}

static int
f64_time(ARGS)
{
	int64_t num = 1, den = 1;
	uint32_t i;

	weir__time_unit(ex->u.cast->format, &num, &den);
	EACH_LIVE(i)
	{
		double v = rint(in->co.u.f64[i] * (double)num / (double)den);

		out->co.u.i64[i] = 0;
		if (v >= (double)WEIR__TIME_MIN && v <= (double)WEIR__TIME_MAX)
			out->co.u.i64[i] = (int64_t)v;
		else if (bad_time(cx, out, ex, i) != 0)
			return -1;
	}
	return 0;
}

static int
dec_time(ARGS)
{
	const struct weir_type *ty = ex->u.cast->from;
	int64_t num = 1, den = 1;
	uint32_t i;

	weir__time_unit(ex->u.cast->format, &num, &den);
	EACH_LIVE(i)
	{
		weir_i128 v;

		out->co.u.i64[i] = 0;
		if (weir__decimal_mul(&v, decimal_at(in, ty, i), ty->scale,
			num, den == 1 ? 0 : 3, 38, 0) != WEIR__NUM_OK ||
		    v < WEIR__TIME_MIN || v > WEIR__TIME_MAX) {
			if (bad_time(cx, out, ex, i) != 0)
				return -1;
			continue;
		}
		out->co.u.i64[i] = (int64_t)v;
	}
	return 0;
}

/* ---- choosing */

static weir__cast_fn *
to_decimal(const struct weir_type *from, const struct weir_type *to,
    bool *fallible)
{
	int digits = to->precision - to->scale;

	switch (from->kind) {
	case WEIR_INT64:
		*fallible = digits < 19;
		return *fallible ? i64_dec : widen_dec;
	case WEIR_FLOAT64:
		*fallible = true;
		return f64_dec;
	case WEIR_DECIMAL:
		*fallible = digits <
			from->precision - from->scale +
			    (from->scale > to->scale);
		return from->scale <= to->scale && !*fallible ? widen_dec
							      : dec_dec;
	default:
		return NULL;
	}
}

static weir__cast_fn *
to_time(const struct weir_type *from, const char *format, bool *fallible)
{
	int64_t num, den;

	if (from->kind == WEIR_DATE)
		return date_time;
	*fallible = true;
	if (format == NULL || !weir__time_unit(format, &num, &den))
		return NULL;
	return from->kind == WEIR_INT64	  ? i64_time
	    : from->kind == WEIR_FLOAT64  ? f64_time
	    : from->kind == WEIR_DECIMAL  ? dec_time
					  : NULL;
}

static weir__cast_fn *
to_float(const struct weir_type *from)
{
	switch (from->kind) {
	case WEIR_INT32:
		return i32_f64;
	case WEIR_INT64:
		return i64_f64;
	case WEIR_FLOAT32:
		return f32_f64;
	case WEIR_DECIMAL:
		return from->precision <= 15 ? dec15_f64 : dec_f64;
	default:
		return NULL;
	}
}

weir__cast_fn *
weir__cast_number(const struct weir_type *from, const struct weir_type *to,
    const char *format, bool *fallible)
{
	switch (to->kind) {
	case WEIR_BOOL:
		return from->kind == WEIR_INT64 ? i64_bool : NULL;
	case WEIR_INT32:
		*fallible = true;
		return from->kind == WEIR_INT64 ? i64_i32 : NULL;
	case WEIR_INT64:
		*fallible = from->kind == WEIR_FLOAT64 ||
		    (from->kind == WEIR_DECIMAL &&
			from->precision - from->scale > 17);
		return from->kind == WEIR_INT32	 ? i32_i64
		    : from->kind == WEIR_BOOL	 ? bool_i64
		    : from->kind == WEIR_FLOAT64 ? f64_i64
		    : from->kind == WEIR_DECIMAL ? dec_i64
						 : NULL;
	case WEIR_FLOAT32:
		*fallible = true;
		return from->kind == WEIR_FLOAT64 ? f64_f32 : NULL;
	case WEIR_FLOAT64:
		return to_float(from);
	case WEIR_DECIMAL:
		return to_decimal(from, to, fallible);
	case WEIR_TIMESTAMP:
		return to_time(from, format, fallible);
	case WEIR_DATE:
		return from->kind == WEIR_TIMESTAMP ? time_date : NULL;
	default:
		return NULL;
	}
}
