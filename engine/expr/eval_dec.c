/* SPDX-License-Identifier: MIT
 *
 * Arithmetic on decimals.
 *
 * Most types need no check at all: decimal(12, 2) + decimal(12, 2) has 13
 * digits and so always fits.  Only where the exact result type would pass 38
 * digits is each row computed with care (base/decimal.h).
 */
#include "base/decimal.h"
#include "expr/arith.h"

typedef enum weir__num decimal_fn(weir_i128 *out, weir_i128 a, unsigned as,
    weir_i128 b, unsigned bs, unsigned p, unsigned s);

static inline weir_i128
load(const void *p, bool wide, uint32_t i)
{
	return wide ? ((const weir_i128 *)p)[i] : ((const int64_t *)p)[i];
}

static inline void
store(void *p, bool wide, uint32_t i, weir_i128 v)
{
	if (wide)
		((weir_i128 *)p)[i] = v;
	else
		((int64_t *)p)[i] = (int64_t)v;
}

/* ---- up to 18 digits: one multiplication to align, one addition */

#define NARROW(NAME, EXPR)                                                     \
	static inline void NAME##_block(const int64_t *restrict a,             \
	    const int64_t *restrict b, int64_t *restrict o, uint32_t m,        \
	    uint64_t ka, uint64_t kb)                                          \
	{                                                                      \
		uint32_t i;                                                    \
                                                                               \
		(void)ka;                                                      \
		(void)kb;                                                      \
		for (i = 0; i < m; i++)                                        \
			o[i] = (int64_t)(EXPR);                                \
	}                                                                      \
	static void NAME(const struct weir__kern *k)                           \
	{                                                                      \
		uint64_t ka = (uint64_t)k->ar->ka, kb = (uint64_t)k->ar->kb;   \
                                                                               \
		WEIR__BLOCKS(k, int64_t, int64_t, int64_t, NAME##_do);         \
	}

#define add_narrow_do(A, B, O, M, W) add_narrow_block(A, B, O, M, ka, kb)
#define sub_narrow_do(A, B, O, M, W) sub_narrow_block(A, B, O, M, ka, kb)
#define add_same_do(A, B, O, M, W) add_same_block(A, B, O, M, ka, kb)
#define sub_same_do(A, B, O, M, W) sub_same_block(A, B, O, M, ka, kb)
#define mul_narrow_do(A, B, O, M, W) mul_narrow_block(A, B, O, M, ka, kb)

NARROW(add_narrow, (uint64_t)a[i] * ka + (uint64_t)b[i] * kb)
NARROW(sub_narrow, (uint64_t)a[i] * ka - (uint64_t)b[i] * kb)
NARROW(add_same, (uint64_t)a[i] + (uint64_t)b[i])
NARROW(sub_same, (uint64_t)a[i] - (uint64_t)b[i])
NARROW(mul_narrow, (uint64_t)a[i] * (uint64_t)b[i])

/* ---- up to 38 digits; null rows may hold anything, so no signed overflow */

#define WIDE(NAME, TA, TB, EXPR)                                               \
	static void NAME(const struct weir__kern *k)                           \
	{                                                                      \
		const TA *a = k->a;                                            \
		const TB *b = k->b;                                            \
		weir_i128 *o = k->out;                                         \
		weir_u128 ka = (weir_u128)k->ar->ka, kb = (weir_u128)k->ar->kb; \
		uint32_t i, sa = !k->ka, sb = !k->kb;                          \
                                                                               \
		(void)ka;                                                      \
		(void)kb;                                                      \
		for (i = 0; i < k->n; i++) {                                   \
			weir_u128 x = (weir_u128)(weir_i128)a[i * sa];         \
			weir_u128 y = (weir_u128)(weir_i128)b[i * sb];         \
                                                                               \
			o[i] = (weir_i128)(EXPR);                              \
		}                                                              \
	}

#define WIDE4(NAME, EXPR)                                                      \
	WIDE(NAME##_88, int64_t, int64_t, EXPR)                                \
	WIDE(NAME##_8w, int64_t, weir_i128, EXPR)                              \
	WIDE(NAME##_w8, weir_i128, int64_t, EXPR)                              \
	WIDE(NAME##_ww, weir_i128, weir_i128, EXPR)

WIDE4(add_wide, x *ka + y * kb)
WIDE4(sub_wide, x *ka - y * kb)
WIDE4(mul_wide, x *y)

static weir__arith_kernel *const wide_kernels[3][4] = {
	[WEIR__ADD] = { add_wide_88, add_wide_8w, add_wide_w8, add_wide_ww },
	[WEIR__SUB] = { sub_wide_88, sub_wide_8w, sub_wide_w8, sub_wide_ww },
	[WEIR__MUL] = { mul_wide_88, mul_wide_8w, mul_wide_w8, mul_wide_ww },
};

/* ---- any digits: row by row */

static enum weir__num
decimal_idiv(weir_i128 *out, weir_i128 a, unsigned as, weir_i128 b,
    unsigned bs, unsigned p, unsigned s)
{
	unsigned cs = as > bs ? as : bs;
	enum weir__num rc;
	weir_i128 r;

	/* a less its remainder is a multiple of b: the division is exact. */
	if ((rc = weir__decimal_mod(&r, a, as, b, bs, 38, cs)) != WEIR__NUM_OK ||
	    (rc = weir__decimal_sub(&r, a, as, r, cs, 38, cs)) != WEIR__NUM_OK)
		return rc;
	return weir__decimal_div(out, r, cs, b, bs, p, s);
}

static decimal_fn *const slow_fns[] = {
	[WEIR__ADD] = weir__decimal_add,
	[WEIR__SUB] = weir__decimal_sub,
	[WEIR__MUL] = weir__decimal_mul,
	[WEIR__DIV] = weir__decimal_div,
	[WEIR__IDIV] = decimal_idiv,
	[WEIR__MOD] = weir__decimal_mod,
};

static void
slow(const struct weir__kern *k)
{
	const struct weir__arith *ar = k->ar;
	decimal_fn *fn = slow_fns[ar->op];
	uint32_t i;

	for (i = 0; i < k->n; i++) {
		weir_i128 v = 0;

		if (weir__live(k->live, i) &&
		    fn(&v, load(k->a, ar->wide_a, k->ka ? 0 : i), ar->as,
			load(k->b, ar->wide_b, k->kb ? 0 : i), ar->bs, ar->p,
			ar->s) != WEIR__NUM_OK) {
			v = 0;
			weir_bit_set(k->bad, i);
		}
		store(k->out, ar->wide_out, i, v);
	}
}

/* a * ka / b, where a * ka surely fits 38 digits and b is 8 bytes. */
static void
div_fast(const struct weir__kern *k)
{
	const struct weir__arith *ar = k->ar;
	const int64_t *a = k->a, *b = k->b;
	uint32_t i;

	for (i = 0; i < k->n; i++) {
		int64_t d = b[k->kb ? 0 : i];
		weir_i128 num, q, r;

		if (d == 0 || !weir__live(k->live, i)) {
			weir_bit_put(k->bad, i, d == 0);
			store(k->out, ar->wide_out, i, 0);
			continue;
		}
		num = a[k->ka ? 0 : i] * ar->ka;
		q = num / d;
		r = num - q * d;
		r = (r < 0 ? -r : r) * 2;
		d = d < 0 ? -d : d;
		if (r > d || (r == d && (q & 1) != 0))
			q += (num < 0) != (b[k->kb ? 0 : i] < 0) ? -1 : 1;
		store(k->out, ar->wide_out, i, q);
	}
}

static weir__arith_kernel *
narrow_kernel(const struct weir__arith *ar)
{
	bool same = ar->ka == 1 && ar->kb == 1;

	switch (ar->op) {
	case WEIR__ADD:
		return same ? add_same : add_narrow;
	case WEIR__SUB:
		return same ? sub_same : sub_narrow;
	default:
		return mul_narrow;
	}
}

void
weir__arith_decimal(struct weir__arith *ar, unsigned ap, unsigned bp)
{
	unsigned ai = ap - ar->as, bi = bp - ar->bs, raw, k;

	ar->fallible = true;
	ar->run = slow;
	if (ar->op == WEIR__DIV && !ar->wide_a && !ar->wide_b) {
		k = ar->s + ar->bs - ar->as;
		/* The least int64 has no positive twin. */
		if (ap + k <= 38 && ap + k <= ar->p && bp <= 18) {
			ar->ka = weir__decimal_pow10[k];
			ar->run = div_fast;
		}
	}
	if (ar->op > WEIR__MUL)
		return;
	if (ar->op == WEIR__MUL) {
		raw = ap + bp;
		ar->ka = ar->kb = 1;
	} else {
		raw = (ai > bi ? ai : bi) + ar->s + 1;
		ar->ka = weir__decimal_pow10[ar->s - ar->as];
		ar->kb = weir__decimal_pow10[ar->s - ar->bs];
	}
	if (raw > 38)
		return;
	ar->fallible = false;
	if (!ar->wide_out)
		ar->run = narrow_kernel(ar);
	else
		ar->run = wide_kernels[ar->op][ar->wide_a * 2 + ar->wide_b];
}

static void
negate_narrow(const struct weir__kern *k)
{
	const int64_t *b = k->b;
	int64_t *o = k->out;
	uint32_t i, step = !k->kb;

	for (i = 0; i < k->n; i++)
		o[i] = (int64_t)(0 - (uint64_t)b[i * step]);
}

static void
negate_wide(const struct weir__kern *k)
{
	const weir_i128 *b = k->b;
	weir_i128 *o = k->out;
	uint32_t i, step = !k->kb;

	for (i = 0; i < k->n; i++)
		o[i] = (weir_i128)(0 - (weir_u128)b[i * step]);
}

weir__arith_kernel *
weir__arith_negate(bool wide)
{
	return wide ? negate_wide : negate_narrow;
}
