/* SPDX-License-Identifier: MIT
 *
 * Arithmetic on int64 and float64 columns, durations and timestamps, and the
 * node that runs any arithmetic kernel.
 */
#include <math.h>

#include "base/time.h"
#include "expr/arith.h"

/* ---- int64: nothing wraps */

static inline void
add_block(const int64_t *restrict a, const int64_t *restrict b,
    int64_t *restrict o, uint32_t m, uint64_t *bad)
{
	uint64_t any = 0;
	uint32_t i;

	for (i = 0; i < m; i++) {
		uint64_t r = (uint64_t)a[i] + (uint64_t)b[i];

		any |= ((uint64_t)a[i] ^ r) & ((uint64_t)b[i] ^ r);
		o[i] = (int64_t)r;
	}
	for (i = 0; (any >> 63) != 0 && i < m; i++) {
		int64_t r;

		if (__builtin_add_overflow(a[i], b[i], &r))
			*bad |= (uint64_t)1 << i;
	}
}

static inline void
sub_block(const int64_t *restrict a, const int64_t *restrict b,
    int64_t *restrict o, uint32_t m, uint64_t *bad)
{
	uint64_t any = 0;
	uint32_t i;

	for (i = 0; i < m; i++) {
		uint64_t r = (uint64_t)a[i] - (uint64_t)b[i];

		any |= ((uint64_t)a[i] ^ (uint64_t)b[i]) &
		    ((uint64_t)a[i] ^ r);
		o[i] = (int64_t)r;
	}
	for (i = 0; (any >> 63) != 0 && i < m; i++) {
		int64_t r;

		if (__builtin_sub_overflow(a[i], b[i], &r))
			*bad |= (uint64_t)1 << i;
	}
}

static inline void
mul_block(const int64_t *restrict a, const int64_t *restrict b,
    int64_t *restrict o, uint32_t m, uint64_t *bad)
{
	uint64_t any = 0;
	uint32_t i;

	for (i = 0; i < m; i++)
		any |= (uint64_t)__builtin_mul_overflow(a[i], b[i], &o[i]);
	for (i = 0; any != 0 && i < m; i++) {
		int64_t r;

		if (__builtin_mul_overflow(a[i], b[i], &r))
			*bad |= (uint64_t)1 << i;
	}
}

static inline void
idiv_block(const int64_t *restrict a, const int64_t *restrict b,
    int64_t *restrict o, uint32_t m, uint64_t *bad)
{
	uint32_t i;

	for (i = 0; i < m; i++) {
		bool no = b[i] == 0 || (a[i] == INT64_MIN && b[i] == -1);

		*bad |= (uint64_t)no << i;
		o[i] = a[i] / (no ? 1 : b[i]);
	}
}

static inline void
mod_block(const int64_t *restrict a, const int64_t *restrict b,
    int64_t *restrict o, uint32_t m, uint64_t *bad)
{
	uint32_t i;

	for (i = 0; i < m; i++) {
		*bad |= (uint64_t)(b[i] == 0) << i;
		o[i] = b[i] == 0 || b[i] == -1 ? 0 : a[i] % b[i];
	}
}

#define BAD_BLOCK(F, A, B, O, M, W) F(A, B, O, M, &k->bad[W])

#define I64_KERNEL(NAME, F)                                                    \
	static void NAME(const struct weir__kern *k)                           \
	{                                                                      \
		WEIR__BLOCKS(k, int64_t, int64_t, int64_t, NAME##_do);         \
	}

#define add_i64_do(A, B, O, M, W) BAD_BLOCK(add_block, A, B, O, M, W)
#define sub_i64_do(A, B, O, M, W) BAD_BLOCK(sub_block, A, B, O, M, W)
#define mul_i64_do(A, B, O, M, W) BAD_BLOCK(mul_block, A, B, O, M, W)
#define idiv_i64_do(A, B, O, M, W) BAD_BLOCK(idiv_block, A, B, O, M, W)
#define mod_i64_do(A, B, O, M, W) BAD_BLOCK(mod_block, A, B, O, M, W)

I64_KERNEL(add_i64, add_block)
I64_KERNEL(sub_i64, sub_block)
I64_KERNEL(mul_i64, mul_block)
I64_KERNEL(idiv_i64, idiv_block)
I64_KERNEL(mod_i64, mod_block)

weir__arith_kernel *
weir__arith_i64(enum weir__arith_op op)
{
	static weir__arith_kernel *const table[] = {
		[WEIR__ADD] = add_i64,
		[WEIR__SUB] = sub_i64,
		[WEIR__MUL] = mul_i64,
		[WEIR__IDIV] = idiv_i64,
		[WEIR__MOD] = mod_i64,
	};

	return table[op];
}

/* ---- timestamps: years 1 to 9999 */

static inline void
range_block(const int64_t *o, uint32_t m, uint64_t *bad)
{
	uint64_t any = 0;
	uint32_t i;

	for (i = 0; i < m; i++)
		any |= (uint64_t)(o[i] < WEIR__TIME_MIN) |
		    (uint64_t)(o[i] > WEIR__TIME_MAX);
	for (i = 0; any != 0 && i < m; i++)
		if (o[i] < WEIR__TIME_MIN || o[i] > WEIR__TIME_MAX)
			*bad |= (uint64_t)1 << i;
}

#define add_time_do(A, B, O, M, W)                                             \
	(add_block(A, B, O, M, &k->bad[W]), range_block(O, M, &k->bad[W]))
#define sub_time_do(A, B, O, M, W)                                             \
	(sub_block(A, B, O, M, &k->bad[W]), range_block(O, M, &k->bad[W]))

I64_KERNEL(add_time, add_block)
I64_KERNEL(sub_time, sub_block)

weir__arith_kernel *
weir__arith_time(enum weir__arith_op op)
{
	return op == WEIR__ADD ? add_time : sub_time;
}

static inline void
scale_block(const int64_t *restrict a, const double *restrict b,
    int64_t *restrict o, uint32_t m, uint64_t *bad)
{
	uint32_t i;

	for (i = 0; i < m; i++) {
		double r = rint((double)a[i] * b[i]);
		bool ok = r >= -0x1p63 && r < 0x1p63;

		*bad |= (uint64_t)!ok << i;
		o[i] = ok ? (int64_t)r : 0;
	}
}

#define SCALE_DO(A, B, O, M, W) scale_block(A, B, O, M, &k->bad[W])

void
weir__arith_scale_duration(const struct weir__kern *k)
{
	WEIR__BLOCKS(k, int64_t, double, int64_t, SCALE_DO);
}

/* ---- float64: IEEE 754, but nothing is divided by zero */

#define F64_KERNEL(NAME, EXPR)                                                 \
	static inline void NAME##_block(const double *restrict a,              \
	    const double *restrict b, double *restrict o, uint32_t m)          \
	{                                                                      \
		uint32_t i;                                                    \
                                                                               \
		for (i = 0; i < m; i++)                                        \
			o[i] = EXPR;                                           \
	}                                                                      \
	static void NAME(const struct weir__kern *k)                           \
	{                                                                      \
		WEIR__BLOCKS(k, double, double, double, NAME##_do);            \
	}

static inline void
zeroes(const double *b, uint32_t m, uint64_t *bad)
{
	uint64_t any = 0;
	uint32_t i;

	for (i = 0; i < m; i++)
		any |= (uint64_t)(b[i] == 0);
	for (i = 0; any != 0 && i < m; i++)
		*bad |= (uint64_t)(b[i] == 0) << i;
}

#define add_f64_do(A, B, O, M, W) add_f64_block(A, B, O, M)
#define sub_f64_do(A, B, O, M, W) sub_f64_block(A, B, O, M)
#define mul_f64_do(A, B, O, M, W) mul_f64_block(A, B, O, M)
#define div_f64_do(A, B, O, M, W)                                              \
	(div_f64_block(A, B, O, M), zeroes(B, M, &k->bad[W]))
#define idiv_f64_do(A, B, O, M, W)                                             \
	(idiv_f64_block(A, B, O, M), zeroes(B, M, &k->bad[W]))
#define mod_f64_do(A, B, O, M, W)                                              \
	(mod_f64_block(A, B, O, M), zeroes(B, M, &k->bad[W]))

F64_KERNEL(add_f64, a[i] + b[i])
F64_KERNEL(sub_f64, a[i] - b[i])
F64_KERNEL(mul_f64, a[i] * b[i])
F64_KERNEL(div_f64, a[i] / (b[i] == 0 ? 1 : b[i]))
F64_KERNEL(idiv_f64, trunc(a[i] / (b[i] == 0 ? 1 : b[i])))
F64_KERNEL(mod_f64, fmod(a[i], b[i] == 0 ? 1 : b[i]))

weir__arith_kernel *
weir__arith_f64(enum weir__arith_op op)
{
	static weir__arith_kernel *const table[] = {
		[WEIR__ADD] = add_f64,
		[WEIR__SUB] = sub_f64,
		[WEIR__MUL] = mul_f64,
		[WEIR__DIV] = div_f64,
		[WEIR__IDIV] = idiv_f64,
		[WEIR__MOD] = mod_f64,
	};

	return table[op];
}

/* ---- the node */

static bool
divisor_zero(const struct weir_expr *ex, const struct weir__vec *b, uint32_t i)
{
	const struct weir_type *ty = ex->args[1]->type;

	i = weir__vec_at(b, i);
	if (ty->kind == WEIR_FLOAT64)
		return b->co.u.f64[i] == 0;
	if (ty->kind == WEIR_DECIMAL && weir_decimal_wide(ty))
		return b->co.u.i128[i] == 0;
	return b->co.u.i64[i] == 0;
}

static int
fail(struct weir__cx *cx, const struct weir_expr *ex,
    const struct weir__vec *b, struct weir__vec *out, uint32_t i)
{
	const struct weir__arith *ar = ex->u.arith;
	struct weir__buf bf;
	int rc;

	if (ar->op >= WEIR__DIV && divisor_zero(ex, b, i))
		return weir__vec_fail(cx, out, ex, i, "expr.zero",
		    "division by zero");
	if (ar->temporal)
		return weir__vec_fail(cx, out, ex, i, "expr.overflow",
		    "the result lies outside the years 1 to 9999");
	weir__buf_init(&bf);
	weir__type_print(&bf, ex->type);
	rc = bf.failed ? -1 :
	    weir__vec_fail(cx, out, ex, i, "expr.overflow",
		"overflow: the result does not fit %s", weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	return rc;
}

/* A row for each bad bit that counts. */
static int
fail_rows(struct weir__cx *cx, const struct weir_expr *ex,
    const struct weir__vec *b, struct weir__vec *out, const uint64_t *bad,
    const uint64_t *live)
{
	uint32_t w;

	for (w = 0; w < cx->words; w++) {
		uint64_t bits = bad[w] & weir__tail_mask(cx->n, w);

		if (live != NULL)
			bits &= live[w];
		for (; bits != 0; bits &= bits - 1)
			if (fail(cx, ex, b, out, w * 64 +
			    (uint32_t)__builtin_ctzll(bits)) != 0)
				return -1;
	}
	return 0;
}

int
weir__eval_arith(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	const struct weir__arith *ar = ex->u.arith;
	struct weir__kern k;
	struct weir__vec a, b;
	const uint64_t *live;

	if (weir__node_run(cx, ex->args[0], rows, &a) != 0 ||
	    weir__node_run(cx, ex->args[1], rows, &b) != 0 ||
	    weir__vec_valid(cx, out, &a) != 0 ||
	    weir__vec_valid(cx, out, &b) != 0 ||
	    weir__vec_errors(cx, out, &a) != 0 ||
	    weir__vec_errors(cx, out, &b) != 0 ||
	    weir__vec_live(cx, rows, out->co.valid, out->errors, &live) != 0)
		return -1;
	out->co.u.data = weir__arena_alloc(cx->ar,
	    (size_t)cx->n * weir_type_width(ex->type));
	if (out->co.u.data == NULL)
		return -1;
	k = (struct weir__kern){
		.a = a.co.u.data,
		.b = b.co.u.data,
		.ka = a.konst,
		.kb = b.konst,
		.out = out->co.u.data,
		.n = cx->n,
		.live = live,
		.ar = ar,
	};
	if (ar->fallible && (k.bad = weir__cx_bits(cx, false)) == NULL)
		return -1;
	ar->run(&k);
	if (!ar->fallible)
		return 0;
	return fail_rows(cx, ex, &b, out, k.bad, live);
}
