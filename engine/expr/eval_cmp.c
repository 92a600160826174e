/* SPDX-License-Identifier: MIT
 *
 * Comparison kernels and the node that runs them.
 */
#include <math.h>

#include "base/decimal.h"
#include "expr/cmp.h"

/* Bytes first, which the compiler does many at a time, then bits. */
#define CMP_BLOCK(NAME, T, EXPR)                                               \
	static inline uint64_t NAME##_block(const T *restrict a,               \
	    const T *restrict b, uint32_t m)                                   \
	{                                                                      \
		uint8_t r[64] = { 0 };                                         \
		uint32_t i;                                                    \
                                                                               \
		for (i = 0; i < m; i++)                                        \
			r[i] = (uint8_t)(EXPR);                                \
		return weir__pack64(r);                                        \
	}                                                                      \
	static void NAME(const struct weir__cmp_run *cr)                       \
	{                                                                      \
		const T *a = cr->a->co.u.data, *b = cr->b->co.u.data;          \
		T ca[64], cb[64];                                              \
		uint32_t i;                                                    \
                                                                               \
		for (i = 0; cr->a->konst && i < 64; i++)                       \
			ca[i] = a[0];                                          \
		for (i = 0; cr->b->konst && i < 64; i++)                       \
			cb[i] = b[0];                                          \
		for (i = 0; i + 64 <= cr->n; i += 64)                          \
			cr->bits[i / 64] = NAME##_block(                       \
			    cr->a->konst ? ca : a + i,                         \
			    cr->b->konst ? cb : b + i, 64);                    \
		if (i < cr->n)                                                 \
			cr->bits[i / 64] = NAME##_block(                       \
			    cr->a->konst ? ca : a + i,                         \
			    cr->b->konst ? cb : b + i, cr->n - i);             \
	}

CMP_BLOCK(eq_i32, int32_t, a[i] == b[i])
CMP_BLOCK(lt_i32, int32_t, a[i] < b[i])
CMP_BLOCK(eq_i64, int64_t, a[i] == b[i])
CMP_BLOCK(lt_i64, int64_t, a[i] < b[i])
CMP_BLOCK(eq_f64, double, weir__f64_equal(a[i], b[i]))
CMP_BLOCK(lt_f64, double, weir__f64_less(a[i], b[i]))
CMP_BLOCK(eq_i128, weir_i128, a[i] == b[i])
CMP_BLOCK(lt_i128, weir_i128, a[i] < b[i])

/* ---- one row at a time */

#define CMP_ROWS(NAME, EXPR)                                                   \
	static void NAME(const struct weir__cmp_run *cr)                       \
	{                                                                      \
		uint32_t sa = !cr->a->konst, sb = !cr->b->konst;               \
		uint32_t row, w;                                               \
                                                                               \
		for (w = 0; w * 64 < cr->n; w++) {                             \
			uint32_t end = cr->n - w * 64 < 64 ? cr->n : w * 64 + 64; \
			uint64_t word = 0;                                     \
                                                                               \
			for (row = w * 64; row < end; row++) {                 \
				uint32_t i = row * sa, j = row * sb;           \
                                                                               \
				if (weir__live(cr->live, row))                 \
					word |= (uint64_t)(EXPR) << row % 64;  \
			}                                                      \
			cr->bits[w] = word;                                    \
		}                                                              \
	}

CMP_ROWS(eq_str, weir_str_eq(&cr->a->co.u.str[i], &cr->b->co.u.str[j]))
CMP_ROWS(lt_str, weir_str_cmp(&cr->a->co.u.str[i], &cr->b->co.u.str[j]) < 0)
CMP_ROWS(eq_bool, weir_bit(cr->a->co.u.bits, i) == weir_bit(cr->b->co.u.bits, j))
CMP_ROWS(lt_bool, weir_bit(cr->a->co.u.bits, i) < weir_bit(cr->b->co.u.bits, j))
CMP_ROWS(eq_nested, weir__column_compare(cr->cmp->type, &cr->a->co, i,
    &cr->b->co, j) == 0)
CMP_ROWS(lt_nested, weir__column_compare(cr->cmp->type, &cr->a->co, i,
    &cr->b->co, j) < 0)

int
weir__cmp_i64_f64(int64_t i, double f)
{
	int64_t t;

	if (f != f || f >= 0x1p63)
		return -1;
	if (f < -0x1p63)
		return 1;
	t = (int64_t)f;
	if (i != t)
		return i < t ? -1 : 1;
	f -= (double)t; /* exact: |f| < 2^53 where it has a fraction */
	return (f < 0) - (f > 0);
}

#define A64 (cr->a->co.u.i64[i])
#define B64 (cr->b->co.u.i64[j])
#define AF (cr->a->co.u.f64[i])
#define BF (cr->b->co.u.f64[j])

CMP_ROWS(eq_if, weir__cmp_i64_f64(A64, BF) == 0)
CMP_ROWS(lt_if, weir__cmp_i64_f64(A64, BF) < 0)
CMP_ROWS(eq_fi, weir__cmp_i64_f64(B64, AF) == 0)
CMP_ROWS(lt_fi, weir__cmp_i64_f64(B64, AF) > 0)

/* Decimals whose scales or widths differ. */
static inline int
cmp_decimal(const struct weir__cmp_run *cr, uint32_t i, uint32_t j)
{
	const struct weir__cmp *cmp = cr->cmp;
	weir_i128 a = cmp->wide_a ? cr->a->co.u.i128[i] : cr->a->co.u.i64[i];
	weir_i128 b = cmp->wide_b ? cr->b->co.u.i128[j] : cr->b->co.u.i64[j];

	if (cmp->ka == 0)
		return weir__decimal_cmp(a, cmp->as, b, cmp->bs);
	a *= cmp->ka;
	b *= cmp->kb;
	return (a > b) - (a < b);
}

CMP_ROWS(eq_dec, cmp_decimal(cr, i, j) == 0)
CMP_ROWS(lt_dec, cmp_decimal(cr, i, j) < 0)

/* ---- choosing */

static unsigned
digits(const struct weir_type *ty)
{
	return ty->kind == WEIR_DECIMAL ? ty->precision
	    : ty->kind == WEIR_INT32	? 10
					: 19;
}

static void
choose_decimal(struct weir__cmp *cmp, const struct weir_type *a,
    const struct weir_type *b)
{
	unsigned s;

	cmp->as = a->kind == WEIR_DECIMAL ? a->scale : 0;
	cmp->bs = b->kind == WEIR_DECIMAL ? b->scale : 0;
	cmp->wide_a = a->kind == WEIR_DECIMAL && weir_decimal_wide(a);
	cmp->wide_b = b->kind == WEIR_DECIMAL && weir_decimal_wide(b);
	if (cmp->as == cmp->bs && cmp->wide_a == cmp->wide_b) {
		if (cmp->wide_a)
			cmp->run = cmp->less ? lt_i128 : eq_i128;
		else
			cmp->run = cmp->less ? lt_i64 : eq_i64;
		return;
	}
	cmp->run = cmp->less ? lt_dec : eq_dec;
	s = cmp->as > cmp->bs ? cmp->as : cmp->bs;
	if (digits(a) + s - cmp->as > 38 || digits(b) + s - cmp->bs > 38)
		return;
	cmp->ka = weir__decimal_pow10[s - cmp->as];
	cmp->kb = weir__decimal_pow10[s - cmp->bs];
}

void
weir__cmp_choose(struct weir__cmp *cmp, const struct weir_type *a,
    const struct weir_type *b)
{
	bool less = cmp->less;

	if (a->kind == WEIR_DECIMAL || b->kind == WEIR_DECIMAL) {
		choose_decimal(cmp, a, b);
		return;
	}
	if (a->kind != b->kind) { /* int64 and float64 */
		if (a->kind == WEIR_INT64)
			cmp->run = less ? lt_if : eq_if;
		else
			cmp->run = less ? lt_fi : eq_fi;
		return;
	}
	switch (a->kind) {
	case WEIR_BOOL:
		cmp->run = less ? lt_bool : eq_bool;
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		cmp->run = less ? lt_i32 : eq_i32;
		break;
	case WEIR_INT64:
	case WEIR_TIMESTAMP:
	case WEIR_DURATION:
		cmp->run = less ? lt_i64 : eq_i64;
		break;
	case WEIR_FLOAT64:
		cmp->run = less ? lt_f64 : eq_f64;
		break;
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		cmp->run = less ? lt_str : eq_str;
		break;
	default:
		cmp->type = a;
		cmp->run = less ? lt_nested : eq_nested;
	}
}

/* ---- the node */

int
weir__eval_cmp(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	const struct weir__cmp *cmp = ex->u.cmp;
	struct weir__cmp_run cr;
	struct weir__vec a, b;
	uint32_t w;

	memset(&cr, 0, sizeof cr);
	if (weir__node_run(cx, ex->args[0], rows, &a) != 0 ||
	    weir__node_run(cx, ex->args[1], rows, &b) != 0 ||
	    weir__vec_valid(cx, out, &a) != 0 ||
	    weir__vec_valid(cx, out, &b) != 0 ||
	    weir__vec_errors(cx, out, &a) != 0 ||
	    weir__vec_errors(cx, out, &b) != 0 ||
	    weir__vec_live(cx, rows, out->co.valid, out->errors, &cr.live) != 0)
		return -1;
	if ((out->co.u.bits = weir__cx_bits(cx, false)) == NULL)
		return -1;
	cr.a = cmp->swap ? &b : &a;
	cr.b = cmp->swap ? &a : &b;
	cr.n = cx->n;
	cr.bits = out->co.u.bits;
	cr.cmp = cmp;
	cmp->run(&cr);
	for (w = 0; cmp->negate && w < cx->words; w++)
		out->co.u.bits[w] = ~out->co.u.bits[w];
	return 0;
}
