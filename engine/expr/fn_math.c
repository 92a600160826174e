/* SPDX-License-Identifier: MIT
 *
 * Built-in functions of mathematics, on float64.  They follow IEEE 754 but for
 * arguments outside a function's domain, which fail the row.
 */
#include <math.h>

#include "expr/fn.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)
#define FAILS (PURE | WEIR_FN_FALLIBLE)

/* One argument, defined everywhere. */
#define PLAIN(name, expr)                                                      \
	static void eval_##name(struct weir_call *ca)                          \
	{                                                                      \
		const double *a = ca->args[0]->u.f64;                          \
		uint32_t i;                                                    \
                                                                               \
		for (i = 0; i < ca->nrows; i++)                                \
			ca->out->u.f64[i] = expr(a[i]);                        \
	}

/* One argument x, not defined where `bad`. */
#define PARTLY(name, expr, bad, why)                                           \
	static void eval_##name(struct weir_call *ca)                          \
	{                                                                      \
		uint32_t i;                                                    \
		double x;                                                      \
                                                                               \
		for (i = 0; i < ca->nrows; i++) {                              \
			x = ca->args[0]->u.f64[i];                             \
			if (bad) {                                             \
				if (weir__fn_live(ca, i))                      \
					weir__fn_fail(ca, i, "expr.domain",    \
					    why);                   \
				continue;                                      \
			}                                                      \
			ca->out->u.f64[i] = expr(x);                           \
		}                                                              \
	}

/* One argument to a condition. */
#define TEST(name, expr)                                                       \
	static void eval_##name(struct weir_call *ca)                          \
	{                                                                      \
		const double *a = ca->args[0]->u.f64;                          \
		uint32_t i;                                                    \
                                                                               \
		for (i = 0; i < ca->nrows; i++)                                \
			weir_bit_put(ca->out->u.bits, i, expr(a[i]) != 0);     \
	}

PLAIN(cbrt, (double)cbrtl) /* the C library's cbrt(27) is not 3 */
PLAIN(exp, exp)
PLAIN(sin, sin)
PLAIN(cos, cos)
PLAIN(tan, tan)
PLAIN(atan, atan)
PLAIN(degrees, 57.295779513082320877 *)
PLAIN(radians, 0.017453292519943295769 *)
PARTLY(sqrt, sqrt, x < 0, "the number is negative")
PARTLY(ln, log, x <= 0, "the number must be above 0")
PARTLY(log10, log10, x <= 0, "the number must be above 0")
PARTLY(log2, log2, x <= 0, "the number must be above 0")
PARTLY(asin, asin, x < -1 || x > 1, "the number must be -1 to 1")
PARTLY(acos, acos, x < -1 || x > 1, "the number must be -1 to 1")
TEST(is_nan, isnan)
TEST(is_finite, isfinite)
TEST(is_infinite, isinf)

static void
eval_pow(struct weir_call *ca)
{
	uint32_t i;
	double a, b;

	for (i = 0; i < ca->nrows; i++) {
		a = ca->args[0]->u.f64[i];
		b = ca->args[1]->u.f64[i];
		if ((a < 0 && isfinite(b) && b != floor(b)) ||
		    (a == 0 && b < 0)) {
			if (weir__fn_live(ca, i))
				weir__fn_fail(ca, i, "expr.domain",
				    a == 0 ? "0 to a negative power"
					   : "a negative number to a "
					     "broken power");
			continue;
		}
		ca->out->u.f64[i] = pow(a, b);
	}
}

static void
eval_atan2(struct weir_call *ca)
{
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.f64[i] = atan2(ca->args[0]->u.f64[i],
		    ca->args[1]->u.f64[i]);
}

static void
eval_hypot(struct weir_call *ca)
{
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.f64[i] = hypot(ca->args[0]->u.f64[i],
		    ca->args[1]->u.f64[i]);
}

static void
eval_pi(struct weir_call *ca)
{
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.f64[i] = 3.14159265358979323846;
}

/* x in n equal buckets of [lo, hi): 1 to n; 0 below, n + 1 above. */
static void
eval_width_bucket(struct weir_call *ca)
{
	double x, lo, hi, r;
	int64_t n;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		x = ca->args[0]->u.f64[i];
		lo = ca->args[1]->u.f64[i];
		hi = ca->args[2]->u.f64[i];
		n = ca->args[3]->u.i64[i];
		if (!(lo < hi) || !isfinite(hi - lo) || isnan(x) || n < 1 ||
		    n > INT32_MAX) {
			weir__fn_fail(ca, i, "expr.domain",
			    "expected a number, a lower and a "
			    "higher bound, and at least one bucket");
			continue;
		}
		r = floor((x - lo) / (hi - lo) * (double)n);
		ca->out->u.i64[i] = x < lo ? 0
		    : x >= hi		   ? n + 1
		    : r >= (double)n	   ? n
					   : (int64_t)r + 1;
	}
}

#define MATH(nm, fl, sum, ex)                                                  \
	WEIR__FN(fn_##nm, #nm, fl, NULL, eval_##nm, "mathematics", sum, ex,    \
	    "float64 -> float64")

MATH(sqrt, FAILS, "square root", "sqrt(2.25) = 1.5");
MATH(cbrt, PURE, "cube root", "cbrt(27) = 3.0");
MATH(exp, PURE, "e to this power", "exp(0) = 1.0");
MATH(ln, FAILS, "natural logarithm", "ln(1) = 0.0");
MATH(log10, FAILS, "logarithm to base 10", "log10(1000) = 3.0");
MATH(log2, FAILS, "logarithm to base 2", "log2(8) = 3.0");
MATH(sin, PURE, "sine of an angle in radians", "sin(0) = 0.0");
MATH(cos, PURE, "cosine of an angle in radians", "cos(0) = 1.0");
MATH(tan, PURE, "tangent of an angle in radians", "tan(0) = 0.0");
MATH(asin, FAILS, "the angle, in radians, of a sine", "asin(0) = 0.0");
MATH(acos, FAILS, "the angle, in radians, of a cosine", "acos(1) = 0.0");
MATH(atan, PURE, "the angle, in radians, of a tangent", "atan(0) = 0.0");
MATH(degrees, PURE, "radians as degrees", "degrees(pi()) = 180.0");
MATH(radians, PURE, "degrees as radians", "radians(180) = pi()");
WEIR__FN(fn_pow, "pow", FAILS, NULL, eval_pow, "mathematics",
    "the first number to the power of the second", "pow(2, 10) = 1024.0",
    "float64, float64 -> float64");
WEIR__FN(fn_atan2, "atan2", PURE, NULL, eval_atan2, "mathematics",
    "the angle, in radians, of the point y, x", "atan2(0, 1) = 0.0",
    "float64, float64 -> float64");
WEIR__FN(fn_hypot, "hypot", PURE, NULL, eval_hypot, "mathematics",
    "the distance of a point from 0, 0", "hypot(3, 4) = 5.0",
    "float64, float64 -> float64");
WEIR__FN(fn_pi, "pi", PURE, NULL, eval_pi, "mathematics",
    "half the turn of a circle, in radians", "round(pi(), 4) = 3.1416",
    "-> float64");
WEIR__FN(fn_width_bucket, "width_bucket", FAILS, NULL, eval_width_bucket,
    "mathematics",
    "which of n equal parts of the range from the second number up to the "
    "third the first lies in: 1 to n, 0 below, n + 1 above",
    "width_bucket(35, 0, 100, 10) = 4",
    "float64, float64, float64, int64 -> int64");
WEIR__FN(fn_is_nan, "is_nan", PURE, NULL, eval_is_nan, "mathematics",
    "is it not a number?", "is_nan(1.5) = false", "float64 -> bool");
WEIR__FN(fn_is_finite, "is_finite", PURE, NULL, eval_is_finite,
    "mathematics", "is it neither infinite nor no number?",
    "is_finite(1.5) = true", "float64 -> bool");
WEIR__FN(fn_is_infinite, "is_infinite", PURE, NULL, eval_is_infinite,
    "mathematics", "is it infinite?", "is_infinite(1.5) = false",
    "float64 -> bool");

const struct weir_function *const weir__fn_math[] = {
	&fn_sqrt,
	&fn_cbrt,
	&fn_exp,
	&fn_ln,
	&fn_log10,
	&fn_log2,
	&fn_pow,
	&fn_sin,
	&fn_cos,
	&fn_tan,
	&fn_asin,
	&fn_acos,
	&fn_atan,
	&fn_atan2,
	&fn_hypot,
	&fn_degrees,
	&fn_radians,
	&fn_pi,
	&fn_width_bucket,
	&fn_is_nan,
	&fn_is_finite,
	&fn_is_infinite,
	NULL,
};
