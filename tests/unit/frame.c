/* SPDX-License-Identifier: MIT
 *
 * Batches as bytes and back: every type, chosen rows, absent columns, damage,
 * no memory.  `frame bench` measures the 13 columns of the silver table.
 */
#include "t.h"

#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "batch/frame.h"
#include "batch/json_text.h"

static uint64_t rng = 88172645463325252u;

static uint32_t
rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 32) % n;
}

#define TY(k, ...) { .kind = (k), ##__VA_ARGS__ }
static const struct weir_type t_bool = TY(WEIR_BOOL), t_i32 = TY(WEIR_INT32),
    t_i64 = TY(WEIR_INT64), t_f32 = TY(WEIR_FLOAT32), t_f64 = TY(WEIR_FLOAT64),
    t_dec = TY(WEIR_DECIMAL, .precision = 12, .scale = 2),
    t_wide = TY(WEIR_DECIMAL, .precision = 38, .scale = 6),
    t_str = TY(WEIR_STRING), t_bytes = TY(WEIR_BYTES),
    t_ts = TY(WEIR_TIMESTAMP), t_date = TY(WEIR_DATE);
static const struct weir_field in_list = { .name = "item", .type = &t_str },
    in_map[2] = { { .name = "key", .type = &t_str },
	    { .name = "value", .type = &t_wide } },
    in_struct[3] = { { .name = "a", .type = &t_bool },
	    { .name = "b", .type = &t_str }, { .name = "c", .type = &t_i32 } };
static const struct weir_type t_list = TY(WEIR_LIST, .nfields = 1,
    .fields = &in_list), t_map = TY(WEIR_MAP, .nfields = 2, .fields = in_map),
    t_struct = TY(WEIR_STRUCT, .nfields = 3, .fields = in_struct);
static const struct weir_field in_deep = { .name = "item",
	.type = &t_struct };
static const struct weir_type t_deep = TY(WEIR_LIST, .nfields = 1,
    .fields = &in_deep);
static const struct weir_field in_deeper = { .name = "item",
	.type = &t_list };
static const struct weir_type t_deeper = TY(WEIR_LIST, .nfields = 1,
    .fields = &in_deeper);

static const struct weir_field all[] = { { .name = "bool", .type = &t_bool },
	{ .name = "i32", .type = &t_i32 }, { .name = "i64", .type = &t_i64 },
	{ .name = "f32", .type = &t_f32 }, { .name = "f64", .type = &t_f64 },
	{ .name = "dec", .type = &t_dec }, { .name = "wide", .type = &t_wide },
	{ .name = "str", .type = &t_str }, { .name = "bytes", .type = &t_bytes },
	{ .name = "ts", .type = &t_ts }, { .name = "date", .type = &t_date },
	{ .name = "list", .type = &t_list }, { .name = "map", .type = &t_map },
	{ .name = "struct", .type = &t_struct },
	{ .name = "deep", .type = &t_deep },
	{ .name = "deeper", .type = &t_deeper } };
#define NALL (sizeof all / sizeof *all)

static const struct weir_field silver[] = {
	{ .name = "id", .type = &t_str }, { .name = "at", .type = &t_ts },
	{ .name = "user", .type = &t_str }, { .name = "kind", .type = &t_str },
	{ .name = "amount", .type = &t_dec }, { .name = "qty", .type = &t_i32 },
	{ .name = "country", .type = &t_str },
	{ .name = "device", .type = &t_str }, { .name = "score", .type = &t_f64 },
	{ .name = "ok", .type = &t_bool }, { .name = "shop", .type = &t_i64 },
	{ .name = "url", .type = &t_str }, { .name = "day", .type = &t_date } };

static void
fill(struct weir__arena *ar, struct weir_column *co, const struct weir_type *ty,
    uint32_t n, uint32_t nulls)
{
	struct weir_str *s;
	uint32_t i, k, total;
	char *p;

	weir__column_alloc(ar, co, ty, n);
	if (nulls != 0) {
		weir__column_validity(ar, co, n, true);
		for (i = 0; i < n; i++)
			if (rnd(nulls) == 0)
				weir_bit_clear(co->valid, i);
	}
	switch (ty->kind) {
	case WEIR_BOOL:
		for (i = 0; i < n; i++)
			weir_bit_put(co->u.bits, i, rnd(2));
		return;
	case WEIR_FLOAT32:
		for (i = 0; i < n; i++)
			co->u.f32[i] = (float)rnd(1000) / 8;
		return;
	case WEIR_FLOAT64:
		for (i = 0; i < n; i++)
			co->u.f64[i] = rnd(100000) / 64.0;
		return;
	case WEIR_STRING:
	case WEIR_BYTES:
		for (i = 0; i < n; i++) {
			s = &co->u.str[i];
			k = rnd(30);
			p = weir__arena_alloc(ar, k + 1);
			for (total = 0; total < k; total++)
				p[total] = (char)('a' + rnd(26));
			*s = weir_str_make(p, k);
			if (!weir_valid(co, i))
				s->len = 77; /* not to be looked at */
		}
		return;
	case WEIR_LIST:
	case WEIR_MAP:
		for (i = 0, total = 0; i < n; i++) {
			if (weir_valid(co, i))
				total += rnd(4);
			co->offsets[i + 1] = (int32_t)total;
		}
		for (i = 0; i < ty->nfields; i++)
			fill(ar, &co->child[i], ty->fields[i].type, total,
			    i == 0 && ty->kind == WEIR_MAP ? 0 : nulls);
		return;
	case WEIR_STRUCT:
		for (i = 0; i < ty->nfields; i++)
			fill(ar, &co->child[i], ty->fields[i].type, n, nulls);
		return;
	default:
		k = (uint32_t)weir_type_width(ty);
		for (i = 0; i < n * k; i++)
			((char *)co->u.data)[i] = (char)(k == 4 && i % 4 == 3 ?
				0 : k == 16 && i % 16 > 10 ? 0 : rnd(100));
	}
}

static struct weir_batch *
make(struct weir__pool *po, const struct weir_schema *sc, uint32_t n,
    uint32_t nulls, bool changes)
{
	struct weir_batch *b = weir__batch_bare(po, sc);
	struct weir__arena *ar = weir__batch_arena(b);
	int64_t *pos = weir__arena_alloc(ar, (n + 1) * sizeof *pos);
	uint8_t *ops = weir__arena_alloc(ar, n + 1);
	int32_t *src = weir__arena_alloc(ar, (n + 1) * sizeof *src);
	uint32_t i;

	for (i = 0; i < sc->ncols; i++)
		if (i % 7 != 6 || nulls != 5) /* now and then absent */
			fill(ar, &b->cols[i], sc->cols[i].type, n, nulls);
	for (i = 0; i < n; i++) {
		pos[i] = 1000 + i * 3;
		ops[i] = (uint8_t)rnd(2);
		src[i] = (int32_t)rnd(3);
	}
	b->nrows = n;
	b->source = 2;
	b->partition = 7;
	b->positions = pos;
	if (changes) {
		b->ops = ops;
		b->sources = src;
		b->partitions = src;
	}
	return b;
}

static uint32_t
row_of(const uint32_t *rows, uint32_t i)
{
	return rows != NULL ? rows[i] : i;
}

/* How many rows differ. */
static uint32_t
differ(const struct weir_batch *a, const uint32_t *rows, uint32_t n,
    const struct weir_batch *b)
{
	uint32_t i, r, k, bad = 0;
	struct weir__buf x, y;

	if (b == NULL || b->nrows != n || b->source != a->source ||
	    b->partition != a->partition || b->schema != a->schema ||
	    (b->ops != NULL) != (a->ops != NULL) ||
	    (b->sources != NULL) != (a->sources != NULL))
		return UINT32_MAX;
	weir__buf_init(&x);
	weir__buf_init(&y);
	for (i = 0; i < n; i++) {
		r = row_of(rows, i);
		bad += b->positions[i] != a->positions[r];
		bad += a->ops != NULL && b->ops[i] != a->ops[r];
		bad += a->sources != NULL && (b->sources[i] != a->sources[r] ||
		    b->partitions[i] != a->partitions[r]);
		for (k = 0; k < a->ncols; k++) {
			bad += weir_present(&a->cols[k]) !=
			    weir_present(&b->cols[k]);
			if (!weir_present(&a->cols[k]))
				continue;
			weir__buf_clear(&x);
			weir__buf_clear(&y);
			weir__json_value(&x, a->schema->cols[k].type,
			    &a->cols[k], r);
			weir__json_value(&y, a->schema->cols[k].type,
			    &b->cols[k], i);
			bad += x.len != y.len ||
			    memcmp(x.data, y.data, x.len) != 0;
		}
	}
	weir__buf_fini(&x);
	weir__buf_fini(&y);
	return bad;
}

static void
test_round(struct weir__pool *po, const struct weir_schema *sc, uint32_t n,
    uint32_t nulls, bool some)
{
	struct weir_batch *b = make(po, sc, n, nulls, some), *c;
	uint32_t rows[WEIR_BATCH_ROWS], i, m = 0;
	struct weir__buf bf;
	bool damaged = true;
	void *data;
	size_t len;

	for (i = 0; i < n; i++)
		if (rnd(3) != 0)
			rows[m++] = i;
	if (!some)
		m = n;
	T_INT(weir__batch_save(b, some ? rows : NULL, m, &data, &len), 0);
	c = weir__batch_load(po, sc, data, len, &damaged);
	T(c != NULL && !damaged);
	T_INT(differ(b, some ? rows : NULL, m, c), 0);
	/* one behind another in a buffer, and from an odd address */
	weir__buf_init(&bf);
	weir__buf_add(&bf, "12345678", 8);
	T_INT(weir__batch_save_to(&bf, b, some ? rows : NULL, m), 0);
	T(bf.len == len + 8 && memcmp(bf.data + 8, data, len) == 0);
	memmove(bf.data + 1, bf.data + 8, len);
	weir__batch_unref(c);
	c = weir__batch_load(po, sc, bf.data + 1, len, NULL);
	T_INT(differ(b, some ? rows : NULL, m, c), 0);
	if (c != NULL)
		weir__batch_unref(c);
	/* and in place */
	weir__buf_clear(&bf);
	weir__buf_add(&bf, data, len);
	weir__buf_fill(&bf, '\0', 32);
	c = weir__batch_view(po, sc, bf.data, len, &damaged);
	T(c != NULL && !damaged);
	T_INT(differ(b, some ? rows : NULL, m, c), 0);
	if (c != NULL)
		weir__batch_unref(c);
	c = weir__batch_load(po, sc, data, len, NULL);
	weir__buf_fini(&bf);
	weir__free(data);
	if (c != NULL) {
		/* what was loaded can be saved again, to the same bytes */
		T_INT(weir__batch_save(c, NULL, 0, &data, &len), 0);
		weir__batch_unref(b);
		b = weir__batch_load(po, sc, data, len, NULL);
		T_INT(differ(c, NULL, m, b), 0);
		weir__free(data);
		weir__batch_unref(c);
	}
	weir__batch_unref(b);
}

/* A list whose elements do not begin at the first. */
static void
test_slice(struct weir__pool *po)
{
	const struct weir_field one = { .name = "l", .type = &t_list };
	const struct weir_schema sc = { .ncols = 1, .cols = &one };
	struct weir_batch *b = make(po, &sc, 50, 4, false), *c;
	void *data;
	size_t len;

	b->cols[0].offsets += 20;
	b->cols[0].valid = NULL;
	b->positions += 20;
	b->nrows = 30;
	T_INT(weir__batch_save(b, NULL, 30, &data, &len), 0);
	c = weir__batch_load(po, &sc, data, len, NULL);
	T_INT(differ(b, NULL, 30, c), 0);
	weir__batch_unref(c);
	weir__batch_unref(b);
	weir__free(data);
}

/* Cut short anywhere, or any byte another: an answer, and no crash. */
static void
test_damage(struct weir__pool *po, const struct weir_schema *sc)
{
	struct weir_batch *b = make(po, sc, 40, 4, true), *c;
	uint32_t short_ok = 0, unsaid = 0, i;
	size_t len, at;
	void *data;
	char *copy;
	bool damaged;

	weir__batch_save(b, NULL, 40, &data, &len);
	for (at = 0; at < len; at += 8) {
		copy = malloc(at + 1);
		memcpy(copy, data, at);
		c = weir__batch_load(po, sc, copy, at, &damaged);
		short_ok += c != NULL;
		unsaid += c == NULL && !damaged;
		if (c != NULL)
			weir__batch_unref(c);
		free(copy);
	}
	T_INT(short_ok, 0);
	T_INT(unsaid, 0);
	copy = malloc(len);
	for (i = 0; i < 20000; i++) {
		memcpy(copy, data, len);
		at = rnd((uint32_t)len);
		copy[at] = (char)(copy[at] ^ (1 << rnd(8)));
		if (i % 2 == 0)
			memset(copy + at / 4 * 4, 0xff, 4);
		c = weir__batch_load(po, sc, copy, len, &damaged);
		unsaid += c == NULL && !damaged;
		if (c == NULL)
			continue;
		differ(b, NULL, 40, c); /* reads every value */
		weir__batch_unref(c);
	}
	T_INT(unsaid, 0);
	free(copy);
	weir__free(data);
	weir__batch_unref(b);
}

static void
test_other_types(struct weir__pool *po)
{
	const struct weir_field a = { .name = "x", .type = &t_dec },
				z = { .name = "x", .type = &t_wide };
	const struct weir_schema sa = { .ncols = 1, .cols = &a },
				 sz = { .ncols = 1, .cols = &z };
	struct weir_batch *b = make(po, &sa, 3, 0, false);
	bool damaged = false;
	size_t len;
	void *data;

	weir__batch_save(b, NULL, 3, &data, &len);
	T(weir__batch_load(po, &sz, data, len, &damaged) == NULL && damaged);
	weir__free(data);
	weir__batch_unref(b);
}

static void
test_memory(struct weir__pool *po, const struct weir_schema *sc)
{
	struct weir_batch *b = make(po, sc, 30, 4, true), *c;
	struct weir__pool *fresh;
	const uint32_t rows[] = { 1, 3, 4, 9, 28 };
	uint32_t n, saved = 0, loaded = 0, wrong = 0;
	bool damaged;
	void *data, *one;
	size_t len, l1;

	weir__batch_save(b, NULL, 30, &data, &len);
	for (n = 1; n < 400; n++) {
		weir__alloc_fail_at(n, n % 2 != 0);
		if (weir__batch_save(b, rows, 5, &one, &l1) == 0) {
			weir__free(one);
			saved++;
		}
		weir__alloc_fail_at(0, 0);
		fresh = weir__pool_new();
		weir__alloc_fail_at(n, n % 2 != 0);
		c = weir__batch_load(fresh, sc, data, len, &damaged);
		weir__alloc_fail_at(0, 0);
		wrong += damaged;
		if (c != NULL) {
			loaded++;
			weir__batch_unref(c);
		}
		weir__pool_free(fresh);
	}
	T(saved > 0 && saved < 399 && loaded > 0 && loaded < 399);
	T_INT(wrong, 0);
	weir__free(data);
	weir__batch_unref(b);
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void
bench(struct weir__pool *po)
{
	const struct weir_schema sc = { .ncols = 13, .cols = silver };
	struct weir_batch *b = make(po, &sc, 4096, 20, false), *c;
	uint32_t rows[4096], i, times = 400;
	struct weir__buf bf;
	double t0, t1, t2, t3;

	for (i = 0; i < 4096; i++)
		rows[i] = i;
	weir__buf_init(&bf);
	t0 = seconds();
	for (i = 0; i < times; i++) {
		weir__buf_clear(&bf);
		weir__batch_save_to(&bf, b, NULL, 4096);
	}
	t1 = seconds();
	for (i = 0; i < times; i++) {
		weir__buf_clear(&bf);
		weir__batch_save_to(&bf, b, rows, 4096);
	}
	t2 = seconds();
	for (i = 0; i < times; i++) {
		c = weir__batch_load(po, &sc, bf.data, bf.len, NULL);
		weir__batch_unref(c);
	}
	t3 = seconds();
	printf("# 13 columns: %zu bytes a row; ns a row: save %.1f, of chosen "
	       "rows %.1f, load %.1f\n", bf.len / 4096,
	    (t1 - t0) / times / 4096 * 1e9, (t2 - t1) / times / 4096 * 1e9,
	    (t3 - t2) / times / 4096 * 1e9);
	weir__buf_fini(&bf);
	weir__batch_unref(b);
}

int
main(int argc, char **argv)
{
	const struct weir_schema sc = { .ncols = NALL, .cols = all };
	struct weir__pool *po = weir__pool_new();
	const uint32_t sizes[] = { 0, 1, 63, 64, 65, 1000, 4096 };
	uint32_t i;

	if (argc > 1 && strcmp(argv[1], "bench") == 0)
		bench(po);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		test_round(po, &sc, sizes[i], 0, false);
		test_round(po, &sc, sizes[i], 4, false);
		test_round(po, &sc, sizes[i], 5, true);
		test_round(po, &sc, sizes[i], 1, true);
	}
	test_slice(po);
	test_damage(po, &sc);
	test_other_types(po);
	test_memory(po, &sc);
	T_INT(weir__pool_live(po), 0);
	weir__pool_free(po);
	return t_done();
}
