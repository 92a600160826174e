/* SPDX-License-Identifier: MIT
 *
 * Membership: in a set of constants (compared one by one when few, hashed when
 * many), or in each row's own list.
 */
#include "expr/in.h"

#include "base/hash.h"
#include "expr/cmp.h"

#define FEW 8
#define SEED 0x77656972u

/* A value as 16 bytes: text as its slice, numbers as they are. */
union key {
	struct weir_str s;
	weir_i128 d;
	int64_t i;
	double f;
};

struct weir__in {
	const struct weir_type *type;
	bool has_null;
	uint32_t n;
	union key *items;
	/* More than FEW: open addressing, 0 free, else number of an item. */
	uint32_t mask;
	uint32_t *slots;
};

bool
weir__in_has_null(const struct weir__in *in)
{
	return in->has_null;
}

static bool
is_float(const struct weir_type *ty)
{
	return ty->kind == WEIR_FLOAT32 || ty->kind == WEIR_FLOAT64;
}

static bool
key_equal(const struct weir_type *ty, const union key *a, const union key *b)
{
	if (weir_type_textual(ty))
		return weir_str_eq(&a->s, &b->s);
	if (is_float(ty))
		return weir__f64_equal(a->f, b->f);
	if (ty->kind == WEIR_DECIMAL)
		return a->d == b->d;
	return a->i == b->i;
}

static uint64_t
key_hash(const struct weir_type *ty, const union key *k)
{
	union key z;

	if (weir_type_textual(ty))
		return weir__hash(weir_str_data(&k->s), k->s.len, SEED);
	if (is_float(ty)) {
		z.i = 0;
		z.f = k->f == 0 ? 0 : k->f; /* -0 is 0 */
		if (z.f != z.f)
			z.i = 1;
		return weir__hash_u64((uint64_t)z.i, SEED);
	}
	if (ty->kind == WEIR_DECIMAL)
		return weir__hash_u64((uint64_t)k->d,
		    SEED ^ (uint64_t)(k->d >> 64));
	return weir__hash_u64((uint64_t)k->i, SEED);
}

static void
key_of_value(union key *k, const struct weir_value *v)
{
	memset(k, 0, sizeof *k);
	if (weir_type_textual(v->type))
		k->s = v->u.s;
	else if (is_float(v->type))
		k->f = v->u.f;
	else if (v->type->kind == WEIR_DECIMAL)
		k->d = v->u.d;
	else if (v->type->kind == WEIR_BOOL)
		k->i = v->u.b;
	else
		k->i = v->u.i;
}

static inline void
key_of_row(union key *k, const struct weir_type *ty,
    const struct weir_column *co, uint32_t i)
{
	switch (ty->kind) {
	case WEIR_BOOL:
		k->i = weir_bit(co->u.bits, i);
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		k->i = co->u.i32[i];
		break;
	case WEIR_FLOAT32:
		k->f = co->u.f32[i];
		break;
	case WEIR_FLOAT64:
		k->f = co->u.f64[i];
		break;
	case WEIR_DECIMAL:
		k->d = weir_decimal_wide(ty) ? co->u.i128[i] : co->u.i64[i];
		break;
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		k->s = co->u.str[i];
		break;
	default:
		k->i = co->u.i64[i];
	}
}

/* The item that equals k, or the free slot where it would stand. */
static uint32_t *
find_slot(const struct weir__in *in, const union key *k)
{
	uint32_t at = (uint32_t)key_hash(in->type, k) & in->mask;

	while (in->slots[at] != 0 &&
	    !key_equal(in->type, &in->items[in->slots[at] - 1], k))
		at = (at + 1) & in->mask;
	return &in->slots[at];
}

static int
make_slots(struct weir__arena *ar, struct weir__in *in)
{
	uint32_t i, cap = 16;

	while (cap < in->n * 2)
		cap *= 2;
	in->mask = cap - 1;
	in->slots = weir__arena_zalloc(ar, cap * sizeof *in->slots);
	if (in->slots == NULL)
		return -1;
	for (i = 0; i < in->n; i++)
		*find_slot(in, &in->items[i]) = i + 1;
	return 0;
}

const struct weir__in *
weir__in_make(struct weir__arena *ar, const struct weir_type *ty,
    const struct weir_value *const *items, uint32_t n)
{
	struct weir__in *in = weir__arena_zalloc(ar, sizeof *in);
	uint32_t i;

	if (in == NULL)
		return NULL;
	in->type = ty;
	in->items = weir__arena_alloc(ar, (n + 1) * sizeof *in->items);
	if (in->items == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		if (items[i]->null)
			in->has_null = true;
		else
			key_of_value(&in->items[in->n++], items[i]);
	}
	if (in->n > FEW && make_slots(ar, in) != 0)
		return NULL;
	return in;
}

static bool
has(const struct weir__in *in, const union key *k)
{
	uint32_t i;

	if (in->slots != NULL)
		return *find_slot(in, k) != 0;
	for (i = 0; i < in->n; i++)
		if (key_equal(in->type, &in->items[i], k))
			return true;
	return false;
}

/* Few integers: all items against 64 rows. */
static uint64_t
few_i64(const struct weir__in *in, const int64_t *a, uint32_t m)
{
	uint8_t r[64] = { 0 };
	uint32_t i, j;

	for (j = 0; j < in->n; j++) {
		int64_t v = in->items[j].i;

		for (i = 0; i < m; i++)
			r[i] |= a[i] == v;
	}
	return weir__pack64(r);
}

static uint64_t
few_text(const struct weir__in *in, const struct weir_str *a, uint32_t m,
    uint64_t live)
{
	uint64_t w = 0;
	uint32_t i, j;

	for (i = 0; i < m; i++) {
		bool hit = false;

		if (!(live >> i & 1))
			continue;
		for (j = 0; j < in->n && !hit; j++)
			hit = weir_str_eq(&a[i], &in->items[j].s);
		w |= (uint64_t)hit << i;
	}
	return w;
}

static uint64_t
any_type(const struct weir__in *in, const struct weir_column *co, uint32_t at,
    uint32_t m, uint64_t live)
{
	uint64_t w = 0;
	union key k;
	uint32_t i;

	for (i = 0; i < m; i++) {
		if (!(live >> i & 1))
			continue;
		key_of_row(&k, in->type, co, at + i);
		w |= (uint64_t)has(in, &k) << i;
	}
	return w;
}

int
weir__eval_in(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	const struct weir__in *in = ex->u.in;
	bool few = in->slots == NULL, text = weir_type_textual(in->type);
	bool i64 = in->type->kind == WEIR_INT64 ||
	    in->type->kind == WEIR_TIMESTAMP || in->type->kind == WEIR_DURATION;
	struct weir__vec a;
	const uint64_t *live;
	uint64_t *bits, *valid = NULL;
	uint32_t w;

	if (weir__node_run(cx, ex->args[0], rows, &a) != 0 ||
	    weir__vec_flatten(cx, &a, in->type) != 0 ||
	    weir__vec_errors(cx, out, &a) != 0 ||
	    weir__vec_live(cx, rows, a.co.valid, a.errors, &live) != 0 ||
	    (bits = weir__cx_bits(cx, false)) == NULL)
		return -1;
	if (in->has_null && (valid = weir__cx_bits(cx, true)) == NULL)
		return -1;
	for (w = 0; w < cx->words; w++) {
		uint32_t at = w * 64, m = cx->n - at < 64 ? cx->n - at : 64;
		uint64_t lv = live != NULL ? live[w] : ~(uint64_t)0;

		if (few && i64)
			bits[w] = few_i64(in, a.co.u.i64 + at, m);
		else if (few && text)
			bits[w] = few_text(in, a.co.u.str + at, m, lv);
		else
			bits[w] = any_type(in, &a.co, at, m, lv);
		/* x in [a, null] is true or unknown, never false. */
		if (valid != NULL)
			valid[w] = bits[w] &
			    (a.co.valid != NULL ? a.co.valid[w]
						: ~(uint64_t)0);
	}
	out->co.u.bits = bits;
	out->co.valid = valid != NULL ? valid : a.co.valid;
	return 0;
}

/* 1 found, 0 not, -1 unknown. */
static int
search(const struct weir_type *item, const struct weir_column *x, uint32_t i,
    const struct weir_column *list, uint32_t row)
{
	const struct weir_column *items = &list->child[0];
	int r = 0;
	int32_t j;

	for (j = list->offsets[row]; j < list->offsets[row + 1]; j++) {
		if (!weir_valid(items, (uint32_t)j))
			r = -1;
		else if (weir__column_compare(item, x, i, items,
			     (uint32_t)j) == 0)
			return 1;
	}
	return r;
}

int
weir__eval_in_list(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	const struct weir_type *item = ex->args[0]->type;
	struct weir__vec x, list;
	const uint64_t *live;
	uint32_t i;

	if (weir__node_run(cx, ex->args[0], rows, &x) != 0 ||
	    weir__node_run(cx, ex->args[1], rows, &list) != 0 ||
	    weir__vec_errors(cx, out, &x) != 0 ||
	    weir__vec_errors(cx, out, &list) != 0 ||
	    weir__vec_live(cx, rows, NULL, out->errors, &live) != 0 ||
	    (out->co.u.bits = weir__cx_bits(cx, false)) == NULL ||
	    (out->co.valid = weir__cx_bits(cx, true)) == NULL)
		return -1;
	for (i = 0; i < cx->n; i++) {
		uint32_t xi = weir__vec_at(&x, i), li = weir__vec_at(&list, i);
		int r = -1;

		if (!weir__live(live, i))
			continue;
		if (weir_valid(&x.co, xi) && weir_valid(&list.co, li))
			r = search(item, &x.co, xi, &list.co, li);
		if (r > 0)
			weir_bit_set(out->co.u.bits, i);
		else if (r < 0)
			weir_bit_clear(out->co.valid, i);
	}
	return 0;
}
