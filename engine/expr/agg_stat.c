/* SPDX-License-Identifier: MIT
 *
 * any, all; variance and standard deviation.
 *
 * Moments are kept by Welford's recurrence (Technometrics 4, 1962) and merged
 * by Chan, Golub and LeVeque's formula (1979).
 */
#include <math.h>

#include "base/decimal.h"
#include "expr/agg.h"

double
weir__agg_f64(const struct weir_type *ty, const struct weir_column *co,
    uint32_t row)
{
	switch (ty->kind) {
	case WEIR_FLOAT64:
		return co->u.f64[row];
	case WEIR_FLOAT32:
		return (double)co->u.f32[row];
	case WEIR_INT32:
		return co->u.i32[row];
	case WEIR_DECIMAL:
		return weir__decimal_to_f64(weir__agg_i128(ty, co, row),
		    ty->scale);
	default:
		return (double)co->u.i64[row];
	}
}

/* ---------------------------------------------------------------- any, all */

struct truth {
	uint8_t seen[2]; /* [0] a false, [1] a true */
};

static int
truth_bind(struct weir_agg_bind *ab, struct weir_err *err)
{
	static const struct weir_type boolean = { .kind = WEIR_BOOL };

	(void)err;
	ab->fn.type = &boolean;
	ab->slot_size = sizeof(struct truth);
	ab->slot_align = 1;
	return WEIR_OK;
}

static int
truth_update(const struct weir_agg_call *ca)
{
	const uint64_t *bits = ca->args[0]->u.bits;
	uint32_t i, row;

	AGG_EACH(ca, i, row)
		((struct truth *)AGG_SLOT(ca, i))->seen[weir_bit(bits, row)] =
		    1;
	return WEIR_OK;
}

static int
truth_merge(const void *bound, const struct weir_host *host, void *const *into,
    void *const *from, size_t offset, uint32_t n)
{
	struct truth *a;
	const struct truth *b;
	uint32_t i;

	(void)bound;
	(void)host;
	for (i = 0; i < n; i++) {
		a = (void *)((char *)into[i] + offset);
		b = (const void *)((char *)from[i] + offset);
		a->seen[0] |= b->seen[0];
		a->seen[1] |= b->seen[1];
	}
	return WEIR_OK;
}

static int
truth_finish(void *const *slots, size_t offset, uint32_t n, bool all,
    struct weir_column *out)
{
	const struct truth *tr;
	uint32_t i;

	for (i = 0; i < n; i++) {
		tr = (const void *)((char *)slots[i] + offset);
		if (!tr->seen[0] && !tr->seen[1])
			weir_bit_clear(out->valid, i);
		weir_bit_put(out->u.bits, i,
		    all ? !tr->seen[0] && tr->seen[1] : tr->seen[1]);
	}
	return WEIR_OK;
}

static int
any_finish(const void *bound, const struct weir_host *host, void *const *slots,
    size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	(void)bound;
	(void)host;
	(void)type;
	return truth_finish(slots, offset, n, false, out);
}

static int
all_finish(const void *bound, const struct weir_host *host, void *const *slots,
    size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	(void)bound;
	(void)host;
	(void)type;
	return truth_finish(slots, offset, n, true, out);
}

static const char *const truth_signatures[] = { "bool -> bool", NULL };

#define TRUTH(NAME, SUMMARY, EXAMPLE)                                         \
	const struct weir_aggregate weir__agg_##NAME = {                      \
		.size = sizeof(struct weir_aggregate),                        \
		.name = #NAME,                                                \
		.signatures = truth_signatures,                               \
		.bind = truth_bind,                                           \
		.update = truth_update,                                       \
		.merge = truth_merge,                                         \
		.finish = NAME##_finish,                                      \
		.summary = SUMMARY,                                           \
		.example = EXAMPLE,                                           \
	}

TRUTH(any, "is a condition true of any row; null when it is null of all",
    "any(action == \"purchase\")");
TRUTH(all, "is a condition true of every row of which it is not null",
    "all(amount > 0)");

/* ---------------------------------------------------------------- variance */

struct moments {
	uint64_t n;
	double mean;
	double m2; /* the sum of squares about the mean */
};

struct var_bound {
	bool population;
	bool root;
};

static int
var_bind(struct weir_agg_bind *ab, bool population, bool root)
{
	static const struct weir_type float64 = { .kind = WEIR_FLOAT64 };
	struct var_bound *vb = ab->fn.alloc(&ab->fn, sizeof *vb);

	if (vb == NULL)
		return WEIR_ERROR;
	vb->population = population;
	vb->root = root;
	ab->fn.bound = vb;
	ab->fn.type = &float64;
	ab->slot_size = sizeof(struct moments);
	ab->slot_align = 8;
	return WEIR_OK;
}

static int
var_update(const struct weir_agg_call *ca)
{
	struct moments *mo;
	double x, d;
	uint32_t i, row;

	AGG_EACH(ca, i, row) {
		mo = AGG_SLOT(ca, i);
		x = weir__agg_f64(ca->types[0], ca->args[0], row);
		mo->n++;
		d = x - mo->mean;
		mo->mean += d / (double)mo->n;
		mo->m2 += d * (x - mo->mean);
	}
	return WEIR_OK;
}

static int
var_merge(const void *bound, const struct weir_host *host, void *const *into,
    void *const *from, size_t offset, uint32_t n)
{
	const struct moments *b;
	struct moments *a;
	double d, total;
	uint32_t i;

	(void)bound;
	(void)host;
	for (i = 0; i < n; i++) {
		a = (void *)((char *)into[i] + offset);
		b = (const void *)((char *)from[i] + offset);
		if (b->n == 0)
			continue;
		total = (double)a->n + (double)b->n;
		d = b->mean - a->mean;
		a->m2 += b->m2 + d * d * (double)a->n * (double)b->n / total;
		a->mean += d * (double)b->n / total;
		a->n += b->n;
	}
	return WEIR_OK;
}

static int
var_finish(const void *bound, const struct weir_host *host, void *const *slots,
    size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	const struct var_bound *vb = bound;
	const struct moments *mo;
	double v;
	uint32_t i;

	(void)host;
	(void)type;
	for (i = 0; i < n; i++) {
		mo = (const void *)((char *)slots[i] + offset);
		out->u.f64[i] = 0;
		if (mo->n < (vb->population ? 1 : 2)) {
			weir_bit_clear(out->valid, i);
			continue;
		}
		v = mo->m2 / (double)(mo->n - (vb->population ? 0 : 1));
		out->u.f64[i] = vb->root ? sqrt(v) : v;
	}
	return WEIR_OK;
}

static const char *const var_signatures[] = { "number -> float64", NULL };

#define VAR(NAME, POPULATION, ROOT, SUMMARY)                                  \
	static int NAME##_bind(struct weir_agg_bind *ab,                      \
	    struct weir_err *err)                                             \
	{                                                                     \
		(void)err;                                                    \
		return var_bind(ab, POPULATION, ROOT);                        \
	}                                                                     \
	const struct weir_aggregate weir__agg_##NAME = {                      \
		.size = sizeof(struct weir_aggregate),                        \
		.name = #NAME,                                                \
		.signatures = var_signatures,                                 \
		.bind = NAME##_bind,                                          \
		.update = var_update,                                         \
		.merge = var_merge,                                           \
		.finish = var_finish,                                         \
		.summary = SUMMARY,                                           \
		.example = #NAME "(amount)",                                  \
	}

VAR(variance, false, false, "the variance of a sample (n - 1); null of fewer "
			    "than two");
VAR(var_pop, true, false, "the variance of a whole population (n)");
VAR(stddev, false, true, "the standard deviation of a sample (n - 1); null of "
			 "fewer than two");
VAR(stddev_pop, true, true, "the standard deviation of a whole population (n)");
