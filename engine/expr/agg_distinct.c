/* SPDX-License-Identifier: MIT
 *
 * distinct: how many different values, exactly.
 *
 * A slot points to an open-addressing set of at most three quarters full;
 * entries are 16 bytes, a value or a slice of text that the set owns.
 */
#include "base/hash.h"
#include "expr/agg.h"

struct entry {
	struct weir_str key; /* small values stand inline */
	uint64_t hash;	     /* 0: free */
};

struct set {
	struct entry *list;
	uint32_t n;
	uint32_t cap; /* a power of two, or 0 */
};

struct slot {
	struct set *set;
};

static int
distinct_bind(struct weir_agg_bind *ab, struct weir_err *err)
{
	static const struct weir_type int64 = { .kind = WEIR_INT64 };
	const struct weir_type *ty = ab->fn.types[0];

	if (weir_type_nested(ty)) {
		ab->fn.bad_arg = 1;
		return weir_fail(err, WEIR_NOWHERE, "type.mismatch",
		    "expected a single value, not a list, map or struct");
	}
	ab->fn.type = &int64;
	ab->slot_size = sizeof(struct slot);
	ab->slot_align = 8;
	ab->flags |= WEIR_AGG_OWNS;
	return WEIR_OK;
}

uint64_t
weir__agg_hash(const struct weir_str *s)
{
	uint64_t h = weir__hash(weir_str_data(s), s->len, 0x9e3779b97f4a7c15u);

	return h != 0 ? h : 1;
}

static struct entry *
find(const struct set *se, const struct weir_str *key, uint64_t hash)
{
	uint32_t mask = se->cap - 1, i = (uint32_t)hash & mask;

	while (se->list[i].hash != 0 && (se->list[i].hash != hash ||
		!weir_str_eq(&se->list[i].key, key)))
		i = (i + 1) & mask;
	return &se->list[i];
}

static int
grow(const struct weir_host *host, struct set *se)
{
	struct set wide = { .n = se->n, .cap = se->cap != 0 ? 2 * se->cap : 8 };
	uint32_t i;

	wide.list = host->zalloc(wide.cap * sizeof *wide.list);
	if (wide.list == NULL)
		return WEIR_ERROR;
	for (i = 0; i < se->cap; i++)
		if (se->list[i].hash != 0)
			*find(&wide, &se->list[i].key, se->list[i].hash) =
			    se->list[i];
	host->free(se->list);
	*se = wide;
	return WEIR_OK;
}

static int
add(const struct weir_host *host, struct slot *sl, const struct weir_str *key)
{
	uint64_t hash = weir__agg_hash(key);
	struct set *se = sl->set;
	struct entry *en;
	char *p;

	if (se == NULL && (se = sl->set = host->zalloc(sizeof *se)) == NULL)
		return WEIR_ERROR;
	if (4 * (se->n + 1) > 3 * se->cap && grow(host, se) != WEIR_OK)
		return WEIR_ERROR;
	en = find(se, key, hash);
	if (en->hash != 0)
		return WEIR_OK;
	en->key = *key;
	if (key->len > WEIR_STR_SMALL) {
		p = host->alloc(key->len);
		if (p == NULL)
			return WEIR_ERROR;
		memcpy(p, weir_str_data(key), key->len);
		en->key = weir_str_make(p, key->len);
	}
	en->hash = hash;
	se->n++;
	return WEIR_OK;
}

/* Values as slices: fixed ones by their bytes, with one zero and one NaN. */
struct weir_str
weir__agg_key(const struct weir_type *ty, const struct weir_column *co,
    uint32_t row, char room[16])
{
	size_t width = weir_type_width(ty);
	double d;

	if (weir_type_textual(ty))
		return co->u.str[row];
	if (ty->kind == WEIR_BOOL) {
		room[0] = (char)weir_bit(co->u.bits, row);
		return weir_str_make(room, 1);
	}
	if (ty->kind == WEIR_FLOAT32 || ty->kind == WEIR_FLOAT64) {
		d = weir__agg_f64(ty, co, row);
		d = d == 0 ? 0 : d != d ? (double)__builtin_nan("") : d;
		memcpy(room, &d, 8);
		return weir_str_make(room, 8);
	}
	memcpy(room, (const char *)co->u.data + row * width, width);
	return weir_str_make(room, width);
}

static int
distinct_update(const struct weir_agg_call *ca)
{
	struct weir_str key;
	char room[16];
	uint32_t i, row;

	AGG_EACH(ca, i, row) {
		key = weir__agg_key(ca->types[0], ca->args[0], row, room);
		if (add(ca->host, AGG_SLOT(ca, i), &key) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
distinct_merge(const void *bound, const struct weir_host *host,
    void *const *into, void *const *from, size_t offset, uint32_t n)
{
	const struct set *se;
	uint32_t i, j;

	(void)bound;
	for (i = 0; i < n; i++) {
		se = ((const struct slot *)(const void *)((char *)from[i] +
		    offset))->set;
		for (j = 0; se != NULL && j < se->cap; j++)
			if (se->list[j].hash != 0 &&
			    add(host, (void *)((char *)into[i] + offset),
				&se->list[j].key) != WEIR_OK)
				return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
distinct_finish(const void *bound, const struct weir_host *host,
    void *const *slots, size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	const struct set *se;
	uint32_t i;

	(void)bound;
	(void)host;
	(void)type;
	for (i = 0; i < n; i++) {
		se = ((const struct slot *)(const void *)((char *)slots[i] +
		    offset))->set;
		out->u.i64[i] = se != NULL ? se->n : 0;
	}
	return WEIR_OK;
}

static void
distinct_drop(const void *bound, const struct weir_host *host, void *slot)
{
	struct set *se = ((struct slot *)slot)->set;
	uint32_t i;

	(void)bound;
	if (se == NULL)
		return;
	for (i = 0; i < se->cap; i++)
		if (se->list[i].hash != 0 &&
		    se->list[i].key.len > WEIR_STR_SMALL)
			host->free(
			    (void *)(uintptr_t)se->list[i].key.u.big.ptr);
	host->free(se->list);
	host->free(se);
	((struct slot *)slot)->set = NULL;
}

static size_t
distinct_save_size(const void *bound, const void *slot)
{
	const struct set *se = ((const struct slot *)slot)->set;
	size_t total = 0;
	uint32_t i;

	(void)bound;
	for (i = 0; se != NULL && i < se->cap; i++)
		if (se->list[i].hash != 0)
			total += 4 + se->list[i].key.len;
	return total;
}

static void
distinct_save(const void *bound, const void *slot, void *to)
{
	const struct set *se = ((const struct slot *)slot)->set;
	char *p = to;
	uint32_t i;

	(void)bound;
	for (i = 0; se != NULL && i < se->cap; i++) {
		const struct weir_str *s = &se->list[i].key;

		if (se->list[i].hash == 0)
			continue;
		memcpy(p, &s->len, 4);
		memcpy(p + 4, weir_str_data(s), s->len);
		p += 4 + s->len;
	}
}

static int
distinct_load(const void *bound, const struct weir_host *host, void *slot,
    const void *from, size_t len)
{
	const char *p = from, *end = p + len;
	struct weir_str key;
	uint32_t n;

	(void)bound;
	while (end - p >= 4) {
		memcpy(&n, p, 4);
		p += 4;
		if (n > (size_t)(end - p))
			return WEIR_ERROR;
		key = weir_str_make(p, n);
		if (add(host, slot, &key) != WEIR_OK)
			return WEIR_ERROR;
		p += n;
	}
	return p == end ? WEIR_OK : WEIR_ERROR;
}

static const char *const signatures[] = { "any -> int64", NULL };

const struct weir_aggregate weir__agg_distinct = {
	.size = sizeof(struct weir_aggregate),
	.name = "distinct",
	.signatures = signatures,
	.bind = distinct_bind,
	.update = distinct_update,
	.merge = distinct_merge,
	.finish = distinct_finish,
	.drop = distinct_drop,
	.save_size = distinct_save_size,
	.save = distinct_save,
	.load = distinct_load,
	.summary = "how many different values that are not null, exactly",
	.example = "distinct(user_id)",
};
