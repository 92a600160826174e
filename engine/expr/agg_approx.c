/* SPDX-License-Identifier: MIT
 *
 * approx_distinct: how many different values, about, in a slot of fixed size.
 *
 * HyperLogLog (P. Flajolet, E. Fusy, O. Gandouet, F. Meunier, "HyperLogLog: the
 * analysis of a near-optimal cardinality estimation algorithm", AofA 2007):
 * the first bits of a value's hash choose one of m registers, which keeps the
 * greatest rank, the position of the first one bit in the rest.  The standard
 * error is 1.04 / sqrt(m).
 *
 * The estimate is that of O. Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches" (2017), algorithm 6, which has no bias for few values
 * and needs no tables: with C[k] registers of value k and q = 64 - p,
 *
 *	n = m^2 / (2 ln 2) / (m sigma(C[0] / m) +
 *	    sum of C[k] / 2^k, k = 1..q, + m tau(1 - C[q + 1] / m) / 2^q)
 */
#include <math.h>

#include "expr/agg.h"

#define P 13u		 /* bits of the hash that choose the register */
#define M (1u << P)	 /* registers: 1.15 % standard error */
#define Q (64u - P)	 /* ranks are from 1 to Q + 1 = 52: 6 bits */
#define BITS 6u
#define SLOT (M * BITS / 8 + 1) /* registers are read as two bytes */

static unsigned
get(const uint8_t *slot, uint32_t no)
{
	const uint8_t *p = slot + no * BITS / 8;

	return (p[0] | (unsigned)p[1] << 8) >> no * BITS % 8 & 63;
}

static void
raise_to(uint8_t *slot, uint32_t no, unsigned rank)
{
	uint8_t *p = slot + no * BITS / 8;
	unsigned shift = no * BITS % 8, both;

	if (rank <= get(slot, no))
		return;
	both = p[0] | (unsigned)p[1] << 8;
	both = (both & ~(63u << shift)) | rank << shift;
	p[0] = (uint8_t)both;
	p[1] = (uint8_t)(both >> 8);
}

static int
approx_bind(struct weir_agg_bind *ab, struct weir_err *err)
{
	static const struct weir_type int64 = { .kind = WEIR_INT64 };

	if (weir_type_nested(ab->fn.types[0])) {
		ab->fn.bad_arg = 1;
		return weir_fail(err, WEIR_NOWHERE, "type.mismatch",
		    "expected a single value, not a list, map or struct");
	}
	ab->fn.type = &int64;
	ab->slot_size = SLOT;
	ab->slot_align = 1;
	return WEIR_OK;
}

static int
approx_update(const struct weir_agg_call *ca)
{
	struct weir_str key;
	uint32_t i, row;
	uint64_t hash;
	char room[16];

	AGG_EACH(ca, i, row) {
		key = weir__agg_key(ca->types[0], ca->args[0], row, room);
		hash = weir__agg_hash(&key);
		/* a one behind the last bit ends the search */
		raise_to(AGG_SLOT(ca, i), (uint32_t)(hash >> Q), 1 +
		    (unsigned)__builtin_clzll(hash << P |
			(uint64_t)1 << (P - 1)));
	}
	return WEIR_OK;
}

static int
approx_merge(const void *bound, const struct weir_host *host,
    void *const *into, void *const *from, size_t offset, uint32_t n)
{
	uint32_t i, k;

	(void)bound;
	(void)host;
	for (i = 0; i < n; i++)
		for (k = 0; k < M; k++)
			raise_to((uint8_t *)into[i] + offset, k,
			    get((const uint8_t *)from[i] + offset, k));
	return WEIR_OK;
}

/* x + the sum of x^(2^k) 2^(k - 1), k = 1, 2, ... */
static double
sigma(double x)
{
	double y = 1, z = x, was;

	if (x == 1)
		return HUGE_VAL;
	do {
		x *= x;
		was = z;
		z += x * y;
		y += y;
	} while (z != was);
	return z;
}

/* A third of 1 - x - the sum of (1 - x^(2^-k))^2 2^-k, k = 1, 2, ... */
static double
tau(double x)
{
	double y = 1, z = 1 - x, was;

	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		was = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != was);
	return z / 3;
}

static double
estimate(const uint8_t *slot)
{
	uint32_t count[64] = { 0 }, k;
	double z;

	for (k = 0; k < M; k++)
		count[get(slot, k)]++;
	z = M * tau(1 - count[Q + 1] / (double)M);
	for (k = Q; k >= 1; k--)
		z = 0.5 * (z + count[k]);
	z += M * sigma(count[0] / (double)M);
	return (double)M * M / (2 * M_LN2) / z;
}

static int
approx_finish(const void *bound, const struct weir_host *host,
    void *const *slots, size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	uint32_t i;

	(void)bound;
	(void)host;
	(void)type;
	for (i = 0; i < n; i++)
		out->u.i64[i] =
		    llround(estimate((const uint8_t *)slots[i] + offset));
	return WEIR_OK;
}

static const char *const signatures[] = { "any -> int64", NULL };

const struct weir_aggregate weir__agg_approx_distinct = {
	.size = sizeof(struct weir_aggregate),
	.name = "approx_distinct",
	.signatures = signatures,
	.bind = approx_bind,
	.update = approx_update,
	.merge = approx_merge,
	.finish = approx_finish,
	.summary = "how many different values that are not null, about: the "
		   "standard error is 1.2 %, and a group takes 6 KiB however "
		   "many there are",
	.example = "approx_distinct(user_id)",
};
