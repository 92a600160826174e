/* SPDX-License-Identifier: MIT
 *
 * Built-in functions on numbers of every type: exact ones stay exact.
 */
#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "expr/fn.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)
#define FAILS (PURE | WEIR_FN_FALLIBLE)

static bool
is_float(const struct weir_type *ty)
{
	return ty->kind == WEIR_FLOAT32 || ty->kind == WEIR_FLOAT64;
}

/* Integers and decimals of any width, unscaled. */
static weir_i128
get_exact(const struct weir_column *co, const struct weir_type *ty, uint32_t i)
{
	if (ty->kind == WEIR_INT32)
		return co->u.i32[i];
	if (ty->kind == WEIR_DECIMAL && weir_decimal_wide(ty))
		return co->u.i128[i];
	return co->u.i64[i];
}

static double
get_float(const struct weir_column *co, const struct weir_type *ty, uint32_t i)
{
	return ty->kind == WEIR_FLOAT32 ? (double)co->u.f32[i] : co->u.f64[i];
}

static void
put_float(struct weir_call *ca, uint32_t i, double v)
{
	if (ca->type->kind == WEIR_FLOAT32)
		ca->out->u.f32[i] = (float)v;
	else
		ca->out->u.f64[i] = v;
}

/* Does the value fit the type? */
static bool
fits(const struct weir_type *ty, weir_i128 v)
{
	if (ty->kind == WEIR_INT32)
		return v == (int32_t)v;
	if (ty->kind == WEIR_INT64)
		return v == (int64_t)v;
	return weir__decimal_fits(v, ty->precision);
}

static void
put_exact(struct weir_call *ca, uint32_t i, weir_i128 v)
{
	if (!fits(ca->type, v))
		weir__fn_fail(ca, i, "expr.overflow",
		    "the result does not fit its type");
	else if (ca->type->kind == WEIR_INT32)
		ca->out->u.i32[i] = (int32_t)v;
	else if (ca->type->kind == WEIR_DECIMAL && weir_decimal_wide(ca->type))
		ca->out->u.i128[i] = v;
	else
		ca->out->u.i64[i] = (int64_t)v;
}

/* The result is of the first argument's type. */
static int
bind_same(struct weir_fn_bind *fb, struct weir_err *err)
{
	(void)err;
	fb->type = fb->types[0];
	return WEIR_OK;
}

static void
eval_abs(struct weir_call *ca)
{
	const struct weir_column *co = ca->args[0];
	const struct weir_type *ty = ca->types[0];
	weir_i128 v;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (is_float(ty)) {
			put_float(ca, i, fabs(get_float(co, ty, i)));
			continue;
		}
		v = get_exact(co, ty, i);
		put_exact(ca, i, v < 0 ? -v : v);
	}
}

static void
eval_sign(struct weir_call *ca)
{
	const struct weir_column *co = ca->args[0];
	const struct weir_type *ty = ca->types[0];
	weir_i128 v;
	uint32_t i;
	double d;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (is_float(ty)) {
			d = get_float(co, ty, i);
			ca->out->u.i64[i] = (d > 0) - (d < 0);
		} else {
			v = get_exact(co, ty, i);
			ca->out->u.i64[i] = (v > 0) - (v < 0);
		}
	}
}

/* --- rounding --- */

enum how { NEAREST, CUT, FLOOR, CEIL };

/* Digits that are kept where the second argument is constant; else `open`. */
struct places {
	bool open;
	int32_t n;
};

static int32_t
clip(int64_t n)
{
	return n < -400 ? -400 : n > 400 ? 400 : (int32_t)n;
}

/* round and trunc of a decimal(p, s) to n places are a decimal(p - s + n + 1,
 * n); where n is not constant the scale stays. */
static int
bind_round(struct weir_fn_bind *fb, struct weir_err *err)
{
	const struct weir_type *ty = fb->types[0];
	struct places *pl = fb->alloc(fb, sizeof *pl);
	const struct weir_value *v = NULL;
	int p, s;

	if (pl == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory",
		    "out of memory for a function");
	pl->open = fb->nargs > 1;
	pl->n = 0;
	if (fb->nargs > 1)
		v = fb->consts[1];
	if (v != NULL && !v->null) {
		pl->open = false;
		pl->n = clip(v->u.i);
	}
	fb->bound = pl;
	fb->type = ty;
	if (ty->kind != WEIR_DECIMAL)
		return WEIR_OK;
	s = pl->open || pl->n > ty->scale ? ty->scale : pl->n < 0 ? 0 : pl->n;
	p = ty->precision - ty->scale + s + (s < ty->scale || pl->n < 0 ||
	    pl->open);
	fb->type = fb->make_type(fb, WEIR_DECIMAL, p > 38 ? 38 : p, s, NULL, 0);
	return fb->type != NULL ? WEIR_OK
				: weir_fail(err, WEIR_NOWHERE, "memory",
				      "out of memory for a type");
}

/* v with `scale` digits after the point, to n places, in the result's scale. */
static weir_i128
round_exact(weir_i128 v, unsigned scale, int32_t n, unsigned to, enum how how)
{
	const enum weir__round mode =
	    how == NEAREST ? WEIR__HALF_UP : WEIR__TRUNCATE;
	weir_i128 r, back;
	unsigned cut;

	if (n >= (int32_t)scale)
		n = (int32_t)scale;
	cut = (unsigned)((int32_t)scale - n); /* digits that go */
	if (cut > 38)
		return 0;
	weir__decimal_rescale(&r, v, cut, 0, 38, mode);
	if (how == FLOOR || how == CEIL) {
		back = r * weir__decimal_pow10[cut]; /* nearer to 0 than v */
		r -= how == FLOOR && back > v;
		r += how == CEIL && back < v;
	}
	/* From n places to the scale of the result. */
	if (r != 0 && (int32_t)to > n &&
	    weir__decimal_rescale(&r, r, 0, (unsigned)((int32_t)to - n), 38,
		WEIR__EXACT) != WEIR__NUM_OK)
		r = weir__decimal_pow10[38]; /* fits no type */
	return r;
}

/* A float's shortest digits, rounded at a decimal place. */
static double
round_float(double v, int32_t n, enum how how)
{
	uint64_t digits, unit;
	int32_t e, cut;
	double r;

	if (!isfinite(v) || v == 0)
		return v;
	if (n == 0)
		return how == NEAREST ? round(v)
		    : how == CUT      ? trunc(v)
		    : how == FLOOR    ? floor(v)
				      : ceil(v);
	weir__f64_shortest(&digits, &e, fabs(v));
	cut = -e - n;
	if (cut <= 0)
		return v;
	if (cut > 18)
		return 0;
	unit = (uint64_t)weir__decimal_pow10_64[cut];
	digits = digits / unit +
	    (how == NEAREST && digits % unit >= unit - digits % unit);
	weir__f64_make(&r, v < 0 && digits != 0, digits, -n);
	return r;
}

static void
round_all(struct weir_call *ca, enum how how)
{
	const struct weir_column *co = ca->args[0];
	const struct weir_type *ty = ca->types[0];
	const struct places *pl = ca->bound;
	unsigned scale = ty->kind == WEIR_DECIMAL ? ty->scale : 0;
	unsigned to = ca->type->kind == WEIR_DECIMAL ? ca->type->scale : 0;
	int32_t n = pl->n;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (pl->open)
			n = clip(ca->args[1]->u.i64[i]);
		if (is_float(ty))
			put_float(ca, i,
			    round_float(get_float(co, ty, i), n, how));
		else
			put_exact(ca, i,
			    round_exact(get_exact(co, ty, i), scale, n, to,
				how));
	}
}

static void
eval_round(struct weir_call *ca)
{
	round_all(ca, NEAREST);
}

static void
eval_trunc(struct weir_call *ca)
{
	round_all(ca, CUT);
}

static void
eval_floor(struct weir_call *ca)
{
	round_all(ca, FLOOR);
}

static void
eval_ceil(struct weir_call *ca)
{
	round_all(ca, CEIL);
}

/* --- remainder --- */

static int
bind_mod(struct weir_fn_bind *fb, struct weir_err *err)
{
	const struct weir_type *ty = fb->types[0];

	if (ty->kind != WEIR_INT32 && ty->kind != WEIR_INT64 &&
	    ty->kind != WEIR_DECIMAL && !is_float(ty))
		return weir__fn_refuse(fb, 0, err, "type.mismatch",
		    "expected a number");
	return WEIR_OK;
}

static void
eval_mod(struct weir_call *ca)
{
	const struct weir_type *ty = ca->types[0];
	weir_i128 b;
	uint32_t i;
	double d;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (is_float(ty)) {
			d = get_float(ca->args[1], ty, i);
			if (d != 0) {
				put_float(ca, i,
				    fmod(get_float(ca->args[0], ty, i), d));
				continue;
			}
		} else {
			b = get_exact(ca->args[1], ty, i);
			if (b != 0) {
				put_exact(ca, i,
				    get_exact(ca->args[0], ty, i) % b);
				continue;
			}
		}
		weir__fn_fail(ca, i, "expr.zero", "division by zero");
	}
}

/* --- bits --- */

#define BITS(name, expr)                                                       \
	static void eval_##name(struct weir_call *ca)                          \
	{                                                                      \
		const int64_t *a = ca->args[0]->u.i64;                         \
		const int64_t *b = ca->args[ca->nargs - 1]->u.i64;             \
		uint32_t i;                                                    \
                                                                               \
		for (i = 0; i < ca->nrows; i++)                                \
			ca->out->u.i64[i] = (expr);                            \
		(void)b;                                                       \
	}

BITS(bit_and, a[i] & b[i])
BITS(bit_or, a[i] | b[i])
BITS(bit_xor, a[i] ^ b[i])
BITS(bit_not, ~a[i])
BITS(bit_count, __builtin_popcountll((uint64_t)a[i]))

static void
shift(struct weir_call *ca, bool left)
{
	int64_t v, by;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		v = ca->args[0]->u.i64[i];
		by = ca->args[1]->u.i64[i];
		if (by < 0 || by > 63)
			weir__fn_fail(ca, i, "expr.argument",
			    "expected 0 to 63 places, found %lld",
			    (long long)by);
		else
			ca->out->u.i64[i] =
			    left ? (int64_t)((uint64_t)v << by) : v >> by;
	}
}

static void
eval_shl(struct weir_call *ca)
{
	shift(ca, true);
}

static void
eval_shr(struct weir_call *ca)
{
	shift(ca, false);
}

WEIR__FN(fn_abs, "abs", FAILS, bind_same, eval_abs, "numbers",
    "without its sign", "abs(-2.50) = 2.50", "number -> ?");
WEIR__FN(fn_sign, "sign", PURE, NULL, eval_sign, "numbers",
    "-1, 0 or 1 as it is negative, zero or positive", "sign(-2.5) = -1",
    "number -> int64");
WEIR__FN(fn_round, "round", FAILS, bind_round, eval_round, "numbers",
    "to so many digits after the point (none; negative: before it), halves "
    "away from zero",
    "round(2.5) = 3\nround(2.675, 2) = 2.68\nround(1250, -2) = 1300",
    "number, [int64] -> ?");
WEIR__FN(fn_trunc, "trunc", FAILS, bind_round, eval_trunc, "numbers",
    "without the digits beyond so many after the point (none)",
    "trunc(-2.7) = -2\ntrunc(2.678, 2) = 2.67", "number, [int64] -> ?");
WEIR__FN(fn_floor, "floor", FAILS, bind_round, eval_floor, "numbers",
    "the greatest whole number not above it", "floor(-2.5) = -3",
    "number -> ?");
WEIR__FN(fn_ceil, "ceil", FAILS, bind_round, eval_ceil, "numbers",
    "the least whole number not below it", "ceil(2.1) = 3", "number -> ?");
WEIR__FN(fn_mod, "mod", FAILS, bind_mod, eval_mod, "numbers",
    "what is left of the first when divided by the second, with its sign",
    "mod(-7, 3) = -1\nmod(7.5, 2.0) = 1.5", "T, T -> T");
WEIR__FN(fn_bit_and, "bit_and", PURE, NULL, eval_bit_and, "bits",
    "bits set in both", "bit_and(12, 10) = 8", "int64, int64 -> int64");
WEIR__FN(fn_bit_or, "bit_or", PURE, NULL, eval_bit_or, "bits",
    "bits set in either", "bit_or(12, 10) = 14", "int64, int64 -> int64");
WEIR__FN(fn_bit_xor, "bit_xor", PURE, NULL, eval_bit_xor, "bits",
    "bits set in one of them", "bit_xor(12, 10) = 6",
    "int64, int64 -> int64");
WEIR__FN(fn_bit_not, "bit_not", PURE, NULL, eval_bit_not, "bits",
    "every bit turned over", "bit_not(0) = -1", "int64 -> int64");
WEIR__FN(fn_bit_count, "bit_count", PURE, NULL, eval_bit_count, "bits",
    "how many bits are set", "bit_count(255) = 8", "int64 -> int64");
WEIR__FN(fn_shl, "shl", FAILS, NULL, eval_shl, "bits",
    "moved to the left by 0 to 63 places; what leaves is lost",
    "shl(1, 4) = 16", "int64, int64 -> int64");
WEIR__FN(fn_shr, "shr", FAILS, NULL, eval_shr, "bits",
    "moved to the right by 0 to 63 places, the sign kept",
    "shr(-16, 2) = -4", "int64, int64 -> int64");

const struct weir_function *const weir__fn_num[] = {
	&fn_abs,
	&fn_sign,
	&fn_round,
	&fn_trunc,
	&fn_floor,
	&fn_ceil,
	&fn_mod,
	&fn_bit_and,
	&fn_bit_or,
	&fn_bit_xor,
	&fn_bit_not,
	&fn_bit_count,
	&fn_shl,
	&fn_shr,
	NULL,
};
