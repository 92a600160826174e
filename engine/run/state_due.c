/* SPDX-License-Identifier: MIT
 *
 * Keyed state: giving out entries whose time has come, in order, and letting
 * them go.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "batch/batch.h"
#include "run/state_table.h"

struct sorting {
	const struct weir__state *sa;
	const struct bucket *bu;
};

static int
cell_compare(const struct weir_type *ty, const union cell *a,
    const union cell *b)
{
	int64_t x = (int64_t)a->w[0], y = (int64_t)b->w[0];
	weir_i128 wx, wy;
	double fx, fy;

	if (weir_type_textual(ty))
		return weir_str_cmp(&a->s, &b->s);
	if (ty->kind == WEIR_FLOAT64 || ty->kind == WEIR_FLOAT32) {
		memcpy(&fx, a->w, sizeof fx);
		memcpy(&fy, b->w, sizeof fy);
		if (fx != fx || fy != fy)
			return (fx != fx) - (fy != fy);
		return (fx > fy) - (fx < fy);
	}
	if (ty->kind == WEIR_DECIMAL && weir_decimal_wide(ty)) {
		memcpy(&wx, a->w, sizeof wx);
		memcpy(&wy, b->w, sizeof wy);
		return (wx > wy) - (wx < wy);
	}
	return (x > y) - (x < y);
}

static int
entry_compare(const void *a, const void *b, void *arg)
{
	const struct sorting *so = arg;
	const struct entry *x =
	    state_entry(so->sa, so->bu, *(const uint32_t *)a);
	const struct entry *y =
	    state_entry(so->sa, so->bu, *(const uint32_t *)b);
	bool nx, ny;
	uint32_t k;
	int c;

	for (k = 0; k < so->sa->nkeys; k++) {
		nx = x->nulls >> k & 1;
		ny = y->nulls >> k & 1;
		if (nx != ny)
			return (int)ny - (int)nx;
		c = nx ? 0 : cell_compare(so->sa->spec->keys[k], &x->cells[k],
				 &y->cells[k]);
		if (c != 0)
			return c;
	}
	return 0;
}

/* Entry numbers by key, less those that have gone. */
static int
bucket_order(const struct weir__state *sa, struct bucket *bu)
{
	struct sorting so = { sa, bu };
	uint32_t i;

	if (bu->order != NULL && bu->ordered_n == bu->n)
		return 0;
	weir__free(bu->order);
	bu->order = weir__alloc((size_t)bu->n * sizeof *bu->order);
	if (bu->order == NULL)
		return -1;
	bu->norder = 0;
	bu->at = 0;
	bu->dropped = 0;
	for (i = 0; i < bu->n; i++)
		if (!state_entry(sa, bu, i)->gone)
			bu->order[bu->norder++] = i;
	bu->ordered_n = bu->n;
	qsort_r(bu->order, bu->norder, sizeof *bu->order, entry_compare, &so);
	return 0;
}

static void
cell_put(struct weir_column *co, const struct weir_type *ty, uint32_t i,
    const union cell *ce)
{
	double f;

	switch (ty->kind) {
	case WEIR_BOOL:
		weir_bit_put(co->u.bits, i, ce->w[0] != 0);
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		co->u.i32[i] = (int32_t)ce->w[0];
		break;
	case WEIR_FLOAT32:
		memcpy(&f, ce->w, sizeof f);
		co->u.f32[i] = (float)f;
		break;
	case WEIR_DECIMAL:
		if (weir_decimal_wide(ty))
			memcpy(&co->u.i128[i], ce->w, 16);
		else
			co->u.i64[i] = (int64_t)ce->w[0];
		break;
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		co->u.str[i] = ce->s;
		break;
	default:
		co->u.i64[i] = (int64_t)ce->w[0];
		break;
	}
}

/* Key column k of the given entries. */
static int
key_column(struct weir__state *sa, struct weir_column *co, uint32_t k,
    struct entry *const *list, uint32_t n)
{
	const struct weir_type *ty = sa->spec->keys[k];
	uint32_t i;

	if (weir__column_alloc(&sa->out, co, ty, n) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		cell_put(co, ty, i, &list[i]->cells[k]);
		if (!(list[i]->nulls >> k & 1))
			continue;
		if (co->valid == NULL &&
		    weir__column_validity(&sa->out, co, n, true) != 0)
			return -1;
		weir_bit_clear(co->valid, i);
	}
	return 0;
}

static int
fill_out(struct weir__state *sa, struct weir_due *out, int64_t *due,
    struct entry **list, uint32_t n)
{
	struct weir_column *keys;
	void **slots;
	uint32_t i;

	keys = weir__arena_zalloc(&sa->out, (sa->nkeys + 1) * sizeof *keys);
	slots = weir__arena_alloc(&sa->out, n * sizeof *slots);
	if (keys == NULL || slots == NULL)
		return WEIR_ERROR;
	for (i = 0; i < n; i++)
		slots[i] = state_slot(sa, list[i]);
	for (i = 0; i < sa->nkeys; i++)
		if (key_column(sa, &keys[i], i, list, n) != 0)
			return WEIR_ERROR;
	*out = (struct weir_due){
		.n = n,
		.due = due,
		.keys = keys,
		.slots = slots,
	};
	return WEIR_OK;
}

/* Room in `dropped` for every bucket there is: then none has to be found when
 * one goes that is in a record. */
int
state_dropped_room(struct weir__state *sa)
{
	size_t need = sa->ndropped + sa->nbuckets;
	int64_t *list;

	if (need <= sa->cap_dropped)
		return 0;
	need += need / 2 + 16;
	list = weir__realloc(sa->dropped, need * sizeof *list);
	if (list == NULL)
		return -1;
	sa->dropped = list;
	sa->cap_dropped = need;
	return 0;
}

/* The first bucket is empty: out of the list, gone with the next call. */
static void
spend_first(struct weir__state *sa)
{
	struct bucket *bu = sa->buckets[0];
	uint32_t i;

	sa->nbuckets--;
	memmove(&sa->buckets[0], &sa->buckets[1],
	    sa->nbuckets * sizeof *sa->buckets);
	for (i = 0; i < STATE_CACHE; i++)
		if (sa->cache[i] == bu)
			sa->cache[i] = NULL;
	bu->next_spent = sa->spent;
	sa->spent = bu;
}

/* Entries of buckets that are due by then. */
static int
give(struct weir__state *sa, int64_t upto, struct weir_due *out)
{
	struct entry **list;
	struct bucket *bu;
	uint32_t n = 0;
	int64_t *due;

	memset(out, 0, sizeof *out);
	weir__state_settle(sa);
	if (sa->nbuckets == 0 || sa->buckets[0]->due > upto)
		return WEIR_END;
	sa->given = true;
	list = weir__arena_alloc(&sa->out, WEIR_BATCH_ROWS * sizeof *list);
	due = weir__arena_alloc(&sa->out, WEIR_BATCH_ROWS * sizeof *due);
	if (list == NULL || due == NULL)
		return WEIR_ERROR;
	while (n < WEIR_BATCH_ROWS && sa->nbuckets != 0 &&
	    sa->buckets[0]->due <= upto) {
		bu = sa->buckets[0];
		if (bucket_order(sa, bu) != 0)
			return WEIR_ERROR;
		for (; bu->at < bu->norder && n < WEIR_BATCH_ROWS; n++) {
			due[n] = bu->due;
			list[n] = state_entry(sa, bu, bu->order[bu->at++]);
		}
		if (bu->at == bu->norder)
			spend_first(sa);
	}
	return n == 0 ? WEIR_END : fill_out(sa, out, due, list, n);
}

int
weir__state_due(struct weir__state *sa, int64_t upto, struct weir_due *out)
{
	if (sa->spec->timed)
		return give(sa, upto, out);
	memset(out, 0, sizeof *out);
	weir__state_settle(sa);
	return WEIR_END;
}

int
weir__state_drain(struct weir__state *sa, struct weir_due *out)
{
	return give(sa, INT64_MAX, out);
}

void
weir__state_settle(struct weir__state *sa)
{
	struct bucket *bu;

	if (!sa->given)
		return;
	sa->given = false;
	while ((bu = sa->spent) != NULL) {
		sa->spent = bu->next_spent;
		if (bu->saved) {
			/* there is room for all that were in a record */
			assert(sa->ndropped < sa->cap_dropped);
			sa->dropped[sa->ndropped++] = bu->due;
		}
		state_bucket_free(sa, bu);
	}
	if (sa->nbuckets != 0) {
		bu = sa->buckets[0];
		for (; bu->dropped < bu->at; bu->dropped++)
			state_entry_drop(sa, bu, bu->order[bu->dropped]);
	}
	weir__arena_reset(&sa->out);
}
