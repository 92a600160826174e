/* SPDX-License-Identifier: MIT
 *
 * count, sum, avg.
 *
 * Integers, decimals and durations are summed exactly in 128 bits; floats by
 * Neumaier's compensated sum (Z. Angew. Math. Mech. 54, 1974).
 */
#include <math.h>
#include <stdio.h>

#include "base/decimal.h"
#include "expr/agg.h"

struct exact {
	weir_i128 sum;
	uint64_t n;
};

struct approx {
	double sum;
	double rest; /* what rounding has lost so far */
	uint64_t n;
};

struct sum_bound {
	bool approx;
	bool avg;
	uint8_t scale;	/* of the argument */
	uint8_t to_scale; /* of the result */
	uint8_t kind;	/* of the result */
	bool wide;	/* the result has 16 bytes */
	unsigned precision;
};

/* ------------------------------------------------------------------- count */

static int
count_bind(struct weir_agg_bind *ab, struct weir_err *err)
{
	static const struct weir_type int64 = { .kind = WEIR_INT64 };

	(void)err;
	ab->fn.type = &int64;
	ab->slot_size = 8;
	ab->slot_align = 8;
	return WEIR_OK;
}

static int
count_update(const struct weir_agg_call *ca)
{
	uint32_t i, row;

	AGG_EACH(ca, i, row)
		(*(int64_t *)AGG_SLOT(ca, i))++;
	return WEIR_OK;
}

static int
count_merge(const void *bound, const struct weir_host *host, void *const *into,
    void *const *from, size_t offset, uint32_t n)
{
	uint32_t i;

	(void)bound;
	(void)host;
	for (i = 0; i < n; i++)
		*(int64_t *)(void *)((char *)into[i] + offset) +=
		    *(const int64_t *)(const void *)((char *)from[i] + offset);
	return WEIR_OK;
}

static int
count_finish(const void *bound, const struct weir_host *host,
    void *const *slots, size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	uint32_t i;

	(void)bound;
	(void)host;
	(void)type;
	for (i = 0; i < n; i++)
		out->u.i64[i] = *(const int64_t *)(const void *)(
		    (char *)slots[i] + offset);
	return WEIR_OK;
}

static const char *const count_signatures[] = { "-> int64", "any -> int64",
	NULL };

const struct weir_aggregate weir__agg_count = {
	.size = sizeof(struct weir_aggregate),
	.name = "count",
	.signatures = count_signatures,
	.bind = count_bind,
	.update = count_update,
	.merge = count_merge,
	.finish = count_finish,
	.summary = "how many rows, or with an argument how many where it is "
		   "not null",
	.example = "count(), count(where: amount > 100)",
};

/* ---------------------------------------------------------------- sum, avg */

static const struct weir_type float64 = { .kind = WEIR_FLOAT64 };
static const struct weir_type duration = { .kind = WEIR_DURATION };

static int
result_type(struct weir_agg_bind *ab, struct sum_bound *sb,
    struct weir_err *err)
{
	const struct weir_type *ty = ab->fn.types[0];
	struct weir__decimal_type of = { 0 }, to = { 0 };

	switch (ty->kind) {
	case WEIR_FLOAT32:
	case WEIR_FLOAT64:
		sb->approx = true;
		ab->fn.type = &float64;
		return WEIR_OK;
	case WEIR_DURATION:
		ab->fn.type = &duration;
		sb->precision = 18;
		return WEIR_OK;
	case WEIR_DECIMAL:
		of.precision = ty->precision;
		of.scale = ty->scale;
		break;
	default:
		of.precision = ty->kind == WEIR_INT32 ? 10 : 19;
		of.scale = 0;
		break;
	}
	if (!(sb->avg ? weir__decimal_avg_type(&to, of) :
			weir__decimal_sum_type(&to, of)))
		return weir_fail(err, WEIR_NOWHERE, "decimal.digits",
		    "38 digits can't hold the result of decimal(%u, %u): cast "
		    "it to fewer digits first", of.precision, of.scale);
	sb->scale = (uint8_t)of.scale;
	sb->to_scale = (uint8_t)to.scale;
	sb->precision = to.precision;
	sb->wide = to.precision > 18;
	ab->fn.type = ab->fn.make_type(&ab->fn, WEIR_DECIMAL,
	    (int)to.precision, (int)to.scale, NULL, 0);
	return ab->fn.type != NULL ? WEIR_OK : WEIR_ERROR;
}

static int
bind(struct weir_agg_bind *ab, bool avg, struct weir_err *err)
{
	const struct weir_type *ty = ab->fn.types[0];
	struct sum_bound *sb = ab->fn.alloc(&ab->fn, sizeof *sb);

	if (sb == NULL)
		return WEIR_ERROR;
	memset(sb, 0, sizeof *sb);
	sb->avg = avg;
	if (result_type(ab, sb, err) != WEIR_OK)
		return WEIR_ERROR;
	sb->kind = ab->fn.type->kind;
	ab->fn.bound = sb;
	ab->slot_size = sb->approx ? sizeof(struct approx) :
				     sizeof(struct exact);
	ab->slot_align = sb->approx ? 8 : 16;
	/* 10^18 times a million million rows stays below 10^38 */
	if (ty->kind == WEIR_DURATION ||
	    (ty->kind == WEIR_DECIMAL && weir_decimal_wide(ty)))
		ab->flags |= WEIR_AGG_CHECKED;
	return WEIR_OK;
}

static int
sum_bind(struct weir_agg_bind *ab, struct weir_err *err)
{
	return bind(ab, false, err);
}

static int
avg_bind(struct weir_agg_bind *ab, struct weir_err *err)
{
	return bind(ab, true, err);
}

static inline void
add_f64(struct approx *ap, double x)
{
	double t = ap->sum + x;

	if (isfinite(t))
		ap->rest += fabs(ap->sum) >= fabs(x) ? (ap->sum - t) + x :
						       (x - t) + ap->sum;
	ap->sum = t;
	ap->n++;
}

static int
sum_update(const struct weir_agg_call *ca)
{
	const struct sum_bound *sb = ca->bound;
	const struct weir_type *ty = ca->types[0];
	const struct weir_column *co = ca->args[0];
	struct exact *ex;
	uint32_t i, row;

	if (sb->approx) {
		AGG_EACH(ca, i, row)
			add_f64(AGG_SLOT(ca, i), weir__agg_f64(ty, co, row));
	} else if (weir_type_width(ty) == 8) {
		const int64_t *v = co->u.i64;

		AGG_EACH(ca, i, row) {
			ex = AGG_SLOT(ca, i);
			ex->sum += v[row];
			ex->n++;
		}
	} else {
		AGG_EACH(ca, i, row) {
			ex = AGG_SLOT(ca, i);
			ex->sum += weir__agg_i128(ty, co, row);
			ex->n++;
		}
	}
	return WEIR_OK;
}

static bool
sum_fits(const struct sum_bound *sb, weir_i128 v)
{
	if (sb->kind == WEIR_DURATION)
		return v >= INT64_MIN && v <= INT64_MAX;
	return weir__decimal_fits(v, 38);
}

static void
sum_check(const struct weir_agg_call *ca, uint64_t *bad)
{
	const struct sum_bound *sb = ca->bound;
	const struct exact *ex;
	weir_i128 sum;
	uint32_t i, row;

	if (sb->approx)
		return;
	AGG_EACH(ca, i, row) {
		ex = AGG_SLOT(ca, i);
		if (__builtin_add_overflow(ex->sum,
			weir__agg_i128(ca->types[0], ca->args[0], row), &sum) ||
		    !sum_fits(sb, sum))
			weir_bit_set(bad, i);
	}
}

static int
sum_merge(const void *bound, const struct weir_host *host, void *const *into,
    void *const *from, size_t offset, uint32_t n)
{
	const struct sum_bound *sb = bound;
	uint32_t i;

	(void)host;
	for (i = 0; i < n; i++) {
		void *a = (char *)into[i] + offset, *b = (char *)from[i] +
		    offset;

		if (sb->approx) {
			struct approx *x = a;
			const struct approx *y = b;
			uint64_t count = x->n + y->n;

			add_f64(x, y->sum);
			x->rest += y->rest;
			x->n = count;
		} else {
			struct exact *x = a;
			const struct exact *y = b;

			/* Beyond 38 digits: the result is null. */
			if (__builtin_add_overflow(x->sum, y->sum, &x->sum))
				x->sum = weir__decimal_pow10[38];
			x->n += y->n;
		}
	}
	return WEIR_OK;
}

static double
approx_value(const struct sum_bound *sb, const struct approx *ap)
{
	double v = isfinite(ap->sum) ? ap->sum + ap->rest : ap->sum;

	return sb->avg ? v / (double)ap->n : v;
}

/* The mean is exact to the last digit of the result, half to even. */
static bool
exact_value(const struct sum_bound *sb, const struct exact *ex, weir_i128 *v)
{
	*v = ex->sum;
	if (!sb->avg)
		return sum_fits(sb, *v);
	return weir__decimal_div(v, ex->sum, sb->scale, (weir_i128)ex->n, 0,
		   sb->kind == WEIR_DURATION ? 38 : sb->precision,
		   sb->to_scale) == WEIR__NUM_OK;
}

static int
sum_finish(const void *bound, const struct weir_host *host, void *const *slots,
    size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	const struct sum_bound *sb = bound;
	weir_i128 v;
	uint32_t i;

	(void)host;
	(void)type;
	for (i = 0; i < n; i++) {
		const void *slot = (const char *)slots[i] + offset;
		const struct exact *ex = slot;
		const struct approx *ap = slot;

		if ((sb->approx ? ap->n : ex->n) == 0) {
			weir_bit_clear(out->valid, i);
			v = 0;
			if (sb->approx)
				out->u.f64[i] = 0;
		} else if (sb->approx) {
			out->u.f64[i] = approx_value(sb, ap);
		} else if (!exact_value(sb, ex, &v)) {
			weir_bit_clear(out->valid, i);
			v = 0;
		}
		if (!sb->approx && sb->wide)
			out->u.i128[i] = v;
		else if (!sb->approx)
			out->u.i64[i] = (int64_t)v;
	}
	return WEIR_OK;
}

static const char *const sum_signatures[] = { "number -> ?", "duration -> ?",
	NULL };

const struct weir_aggregate weir__agg_sum = {
	.size = sizeof(struct weir_aggregate),
	.name = "sum",
	.signatures = sum_signatures,
	.bind = sum_bind,
	.update = sum_update,
	.check = sum_check,
	.merge = sum_merge,
	.finish = sum_finish,
	.summary = "the sum of what is not null, null of nothing; exact for "
		   "integers and decimals, which give a decimal of 38 digits",
	.example = "sum(amount)",
};

const struct weir_aggregate weir__agg_avg = {
	.size = sizeof(struct weir_aggregate),
	.name = "avg",
	.signatures = sum_signatures,
	.bind = avg_bind,
	.update = sum_update,
	.check = sum_check,
	.merge = sum_merge,
	.finish = sum_finish,
	.summary = "the mean of what is not null; of decimals with four more "
		   "digits behind the point, half to even",
	.example = "avg(amount)",
};
