/* SPDX-License-Identifier: MIT
 *
 * Three-valued logic and what chooses between operands: and, or, not, is null,
 * if and case (one node), ??.
 *
 * An operand is computed for the rows that ask for it and for no others, so
 * what it would have failed on elsewhere never happens.
 */
#include "expr/choose.h"

static inline uint64_t
word_of(const struct weir__vec *v, const uint64_t *bits, uint32_t w)
{
	return v->konst ? (uint64_t)0 - (bits[0] & 1) : bits[w];
}

/* Three disjoint words: true, false; the rest is null or failed. */
struct tri {
	uint64_t t;
	uint64_t f;
	uint64_t e;
};

static inline struct tri
tri_of(const struct weir__vec *v, uint32_t w)
{
	uint64_t bits = word_of(v, v->co.u.bits, w);
	uint64_t ok = v->co.valid != NULL ? word_of(v, v->co.valid, w)
					  : ~(uint64_t)0;
	struct tri r;

	r.e = v->errors != NULL ? v->errors[w] : 0;
	ok &= ~r.e;
	r.t = bits & ok;
	r.f = ~bits & ok;
	return r;
}

/* rows less those that `a` has decided; NULL stays NULL where it decided
 * none. */
static int
undecided(struct weir__cx *cx, const struct weir__vec *a, bool decider,
    const uint64_t *rows, const uint64_t **left, bool *any)
{
	uint64_t *to = weir__cx_bits(cx, true), some = 0;
	uint32_t w;

	if (to == NULL)
		return -1;
	for (w = 0; w < cx->words; w++) {
		struct tri x = tri_of(a, w);

		to[w] = ~(decider ? x.t : x.f) & weir__tail_mask(cx->n, w);
		if (rows != NULL)
			to[w] &= rows[w];
		some |= to[w];
	}
	*left = to;
	*any = some != 0;
	return 0;
}

/* false decides an `and`, true an `or`; against a failed operand, too. */
static int
and_or(struct weir__cx *cx, const struct weir_expr *ex, const uint64_t *rows,
    struct weir__vec *out, bool decider)
{
	struct weir__vec a, b;
	const uint64_t *left;
	uint64_t *bits, *valid, *dead, fails = 0, nulls = 0;
	uint32_t w;
	bool any;

	if (weir__node_run(cx, ex->args[0], rows, &a) != 0 ||
	    undecided(cx, &a, decider, rows, &left, &any) != 0)
		return -1;
	if (!any) {
		*out = a;
		return weir__vec_flatten(cx, out, ex->type);
	}
	if (weir__node_run(cx, ex->args[1], left, &b) != 0 ||
	    (bits = weir__cx_bits(cx, false)) == NULL ||
	    (valid = weir__cx_bits(cx, true)) == NULL ||
	    (dead = weir__cx_bits(cx, false)) == NULL)
		return -1;
	for (w = 0; w < cx->words; w++) {
		struct tri x = tri_of(&a, w), y = tri_of(&b, w);
		uint64_t won = decider ? x.t | y.t : x.f | y.f;
		uint64_t lost = decider ? x.f & y.f : x.t & y.t;

		bits[w] = decider ? won : lost;
		valid[w] = won | lost;
		dead[w] = (x.e | y.e) & ~won;
		fails |= dead[w];
		nulls |= ~valid[w];
	}
	out->co.u.bits = bits;
	out->co.valid = nulls != 0 ? valid : NULL;
	if (fails == 0)
		return 0;
	if (weir__vec_errors_in(cx, out, &a, dead) != 0)
		return -1;
	return weir__vec_errors_in(cx, out, &b, dead);
}

int
weir__eval_and(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	return and_or(cx, ex, rows, out, false);
}

int
weir__eval_or(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	return and_or(cx, ex, rows, out, true);
}

int
weir__eval_not(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__vec a;
	uint32_t w;

	if (weir__node_run(cx, ex->args[0], rows, &a) != 0 ||
	    weir__vec_flatten(cx, &a, ex->type) != 0 ||
	    (out->co.u.bits = weir__cx_bits(cx, false)) == NULL)
		return -1;
	for (w = 0; w < cx->words; w++)
		out->co.u.bits[w] = ~a.co.u.bits[w];
	out->co.valid = a.co.valid;
	return weir__vec_errors(cx, out, &a);
}

int
weir__eval_is_null(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__vec a;
	uint32_t w;

	if (weir__node_run(cx, ex->args[0], rows, &a) != 0 ||
	    (out->co.u.bits = weir__cx_bits(cx, false)) == NULL)
		return -1;
	for (w = 0; w < cx->words; w++) {
		uint64_t ok = a.co.valid != NULL
		    ? word_of(&a, a.co.valid, w)
		    : ~(uint64_t)0;

		out->co.u.bits[w] = ex->u.negated ? ok : ~ok;
	}
	return weir__vec_errors(cx, out, &a);
}

/* if, case: args are condition, value, condition, value, ..., otherwise. */
int
weir__eval_case(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	uint64_t *mask = weir__cx_bits(cx, false);
	struct weir__vec cond, v;
	struct weir__mix mx;
	uint32_t i, w;

	if (mask == NULL ||
	    weir__mix_init(&mx, cx, ex->type, rows, out, ex->nargs) != 0)
		return -1;
	for (i = 0; i + 1 < ex->nargs; i += 2) {
		uint64_t any = 0;

		if (weir__node_run(cx, ex->args[i], mx.left, &cond) != 0 ||
		    weir__vec_errors_in(cx, out, &cond, mx.left) != 0)
			return -1;
		for (w = 0; w < cx->words; w++) {
			struct tri x = tri_of(&cond, w);

			mx.left[w] &= ~x.e;
			mask[w] = x.t & mx.left[w];
			any |= mask[w];
		}
		if (any == 0)
			continue;
		if (weir__node_run(cx, ex->args[i + 1], mask, &v) != 0 ||
		    weir__mix_take(&mx, &v, mask) != 0)
			return -1;
	}
	memcpy(mask, mx.left, (size_t)cx->words * 8);
	if (i == ex->nargs)
		return weir__mix_take(&mx, NULL, mask) != 0
		    ? -1
		    : weir__mix_done(&mx);
	if (weir__node_run(cx, ex->args[i], mask, &v) != 0 ||
	    weir__mix_take(&mx, &v, mask) != 0)
		return -1;
	return weir__mix_done(&mx);
}

/* a ?? b: b for the rows where a is null. */
int
weir__eval_coalesce(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	uint64_t *mask = weir__cx_bits(cx, false), any = 0;
	struct weir__vec a, b;
	struct weir__mix mx;
	uint32_t w;

	if (mask == NULL || weir__node_run(cx, ex->args[0], rows, &a) != 0)
		return -1;
	for (w = 0; w < cx->words && a.co.valid != NULL; w++) {
		mask[w] = ~word_of(&a, a.co.valid, w) &
		    weir__tail_mask(cx->n, w);
		if (a.errors != NULL)
			mask[w] &= ~a.errors[w];
		if (rows != NULL)
			mask[w] &= rows[w];
		any |= mask[w];
	}
	if (any == 0) {
		out->co = a.co;
		out->konst = a.konst;
		return weir__vec_errors(cx, out, &a);
	}
	if (weir__node_run(cx, ex->args[1], mask, &b) != 0 ||
	    weir__mix_init(&mx, cx, ex->type, rows, out, 2) != 0 ||
	    weir__mix_take(&mx, &b, mask) != 0)
		return -1;
	memcpy(mask, mx.left, (size_t)cx->words * 8);
	if (weir__mix_take(&mx, &a, mask) != 0)
		return -1;
	return weir__mix_done(&mx);
}
