/* SPDX-License-Identifier: MIT
 *
 * Keyed state: finding, telling apart, giving out in order, and letting go.
 * `state bench` measures a lookup.
 */
#include "t.h"

#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "batch/batch.h"
#include "run/state.h"

static const struct weir_type string_type = { .kind = WEIR_STRING };
static const struct weir_type int_type = { .kind = WEIR_INT64 };
static const struct weir_type float_type = { .kind = WEIR_FLOAT64 };

static const struct weir_type *const one_string[] = { &string_type };
static const struct weir_type *const two_keys[] = { &string_type, &int_type };
static const struct weir_type *const one_float[] = { &float_type };

static struct weir_table_spec
spec(const struct weir_type *const *keys, uint32_t n, bool timed)
{
	return (struct weir_table_spec){
		.size = sizeof(struct weir_table_spec),
		.name = "t",
		.nkeys = n,
		.keys = keys,
		.slot_size = 24,
		.slot_align = 8,
		.timed = timed,
	};
}

static void
names(struct weir__arena *ar, struct weir_column *co, uint32_t n, uint32_t mod,
    const char *fmt)
{
	uint32_t i;

	weir__column_alloc(ar, co, &string_type, n);
	for (i = 0; i < n; i++) {
		char *p = weir__arena_alloc(ar, 64);
		int len = snprintf(p, 64, fmt, i % mod);

		co->u.str[i] = weir_str_make(p, (size_t)len);
	}
}

static void
test_find(void)
{
	struct weir_table_spec sp = spec(one_string, 1, false);
	struct weir__state *sa = weir__state_new(&sp, 7);
	struct weir__arena ar;
	struct weir_column co;
	const struct weir_column *keys[] = { &co };
	void *slots[4096], *again[4096];
	uint8_t made[4096];
	uint32_t i, bad = 0, n_made = 0;

	weir__arena_init(&ar, 0);
	names(&ar, &co, 4096, 1000, "a longer name of %u");
	T_INT(weir__state_lookup(sa, keys, NULL, 4096, NULL, slots, made),
	    WEIR_OK);
	for (i = 0; i < 4096; i++) {
		n_made += made[i];
		*(uint64_t *)slots[i] += 1;
		bad += slots[i] != slots[i % 1000];
		bad += made[i] != (i < 1000);
	}
	T_INT(n_made, 1000);
	T_INT(bad, 0);
	T_INT(weir__state_entries(sa), 1000);
	T_INT(*(uint64_t *)slots[0], 5);
	T_INT(*(uint64_t *)slots[999], 4);
	/* many more keys: slots stay where they are */
	names(&ar, &co, 4096, 4096, "%u");
	for (i = 0; i < 4; i++)
		weir__state_lookup(sa, keys, NULL, 4096, NULL, again, NULL);
	T_INT(weir__state_entries(sa), 5096);
	names(&ar, &co, 4096, 1000, "a longer name of %u");
	weir__state_lookup(sa, keys, NULL, 4096, NULL, again, made);
	for (i = 0, bad = 0; i < 4096; i++)
		bad += again[i] != slots[i] || made[i];
	T_INT(bad, 0);
	T(weir__state_bytes(sa) > 5096 * 40);
	weir__state_free(sa);
	weir__arena_fini(&ar);
}

static void
test_nulls_and_floats(void)
{
	struct weir_table_spec sp = spec(two_keys, 2, false);
	struct weir_table_spec fs = spec(one_float, 1, false);
	struct weir__state *sa = weir__state_new(&sp, 0);
	struct weir__state *sf = weir__state_new(&fs, 0);
	struct weir_str s[6] = { 0 };
	int64_t v[6] = { 0, 0, 0, 1, 0, 0 };
	double f[5] = { 0.0, -0.0, 1.5, __builtin_nan(""), -__builtin_nan("") };
	uint64_t valid_s = 0x3d, valid_v = 0x2f; /* row 1: null, row 4: null */
	struct weir_column a = { .u.str = s, .valid = &valid_s };
	struct weir_column b = { .u.i64 = v, .valid = &valid_v };
	struct weir_column c = { .u.f64 = f };
	const struct weir_column *keys[] = { &a, &b }, *fkeys[] = { &c };
	void *slots[6];
	const uint32_t rows[] = { 5, 1, 0 };

	T_INT(weir__state_lookup(sa, keys, NULL, 6, NULL, slots, NULL), 0);
	T(slots[0] != slots[1] && slots[0] != slots[3] && slots[0] != slots[4]);
	T(slots[0] == slots[2] && slots[0] == slots[5] && slots[1] != slots[4]);
	T_INT(weir__state_entries(sa), 4);
	T_INT(weir__state_lookup(sa, keys, rows, 3, NULL, slots, NULL), 0);
	T(slots[0] == slots[2] && slots[1] != slots[0]);
	T_INT(weir__state_lookup(sf, fkeys, NULL, 5, NULL, slots, NULL), 0);
	T(slots[0] == slots[1] && slots[3] == slots[4] && slots[0] != slots[2]);
	weir__state_free(sa);
	weir__state_free(sf);
}

static int
str_is(const struct weir_column *co, uint32_t i, const char *s)
{
	return co->u.str[i].len == strlen(s) &&
	    memcmp(weir_str_data(&co->u.str[i]), s, strlen(s)) == 0;
}

static void
test_due(void)
{
	struct weir_table_spec sp = spec(one_string, 1, true);
	struct weir__state *sa = weir__state_new(&sp, 1);
	struct weir_str s[5] = { weir_str_make("b", 1), weir_str_make("a", 1),
		weir_str_make("c", 1), weir_str_make("a", 1),
		weir_str_make("", 0) };
	int64_t due[5] = { 20, 20, -10, 10, 20 }, first;
	uint64_t valid = 0xf;
	struct weir_column co = { .u.str = s, .valid = &valid };
	const struct weir_column *keys[] = { &co };
	struct weir_due out;
	void *slots[5];

	T(!weir__state_first_due(sa, &first));
	T_INT(weir__state_lookup(sa, keys, NULL, 5, due, slots, NULL), 0);
	T_INT(weir__state_entries(sa), 5);
	T(slots[1] != slots[3]);
	T(weir__state_first_due(sa, &first) && first == -10);
	T_INT(weir__state_due(sa, -11, &out), WEIR_END);
	T_INT(weir__state_due(sa, 10, &out), WEIR_OK);
	T_INT(out.n, 2);
	T(out.due[0] == -10 && str_is(&out.keys[0], 0, "c"));
	T(out.due[1] == 10 && str_is(&out.keys[0], 1, "a"));
	T(out.slots[1] == slots[3]);
	T_INT(weir__state_due(sa, 10, &out), WEIR_END);
	T_INT(weir__state_entries(sa), 3);
	T_INT(weir__state_due(sa, INT64_MAX, &out), WEIR_OK);
	T_INT(out.n, 3);
	T(!weir_valid(&out.keys[0], 0));
	T(str_is(&out.keys[0], 1, "a") && str_is(&out.keys[0], 2, "b"));
	weir__state_settle(sa);
	T_INT(weir__state_entries(sa), 0);
	T_INT(weir__state_bytes(sa), 0);
	weir__state_free(sa);
}

/* More than a batch; and a key comes back while its bucket is half gone. */
static void
test_due_many(void)
{
	struct weir_table_spec sp = spec(one_string, 1, true);
	struct weir__state *sa = weir__state_new(&sp, 1);
	struct weir__arena ar;
	struct weir_column co;
	const struct weir_column *keys[] = { &co };
	int64_t due[4096];
	void *slots[4096];
	uint8_t made[4096];
	struct weir_due out;
	uint32_t i, total = 0, calls = 0;

	weir__arena_init(&ar, 0);
	for (i = 0; i < 4096; i++)
		due[i] = 5;
	names(&ar, &co, 4096, 4096, "%07u");
	weir__state_lookup(sa, keys, NULL, 4096, due, slots, NULL);
	names(&ar, &co, 4096, 4096, "x%07u");
	weir__state_lookup(sa, keys, NULL, 4096, due, slots, NULL);
	T_INT(weir__state_due(sa, 5, &out), WEIR_OK);
	T_INT(out.n, 4096);
	T(str_is(&out.keys[0], 0, "0000000"));
	T(str_is(&out.keys[0], 4095, "0004095"));
	weir__state_settle(sa);
	T_INT(weir__state_entries(sa), 4096);
	names(&ar, &co, 10, 10, "%07u");
	weir__state_lookup(sa, keys, NULL, 10, due, slots, made);
	T(made[0] == 1 && made[9] == 1);
	T_INT(weir__state_entries(sa), 4106);
	while (weir__state_due(sa, 5, &out) == WEIR_OK) {
		if (calls++ == 0)
			T(str_is(&out.keys[0], 0, "0000000") &&
			    str_is(&out.keys[0], 10, "x0000000"));
		total += out.n;
	}
	T_INT(total, 4106);
	T_INT(weir__state_bytes(sa), 0);
	weir__state_free(sa);
	weir__arena_fini(&ar);
}

static void
test_no_memory(void)
{
	struct weir_table_spec sp = spec(one_string, 1, true);
	struct weir__arena ar;
	struct weir_column co;
	const struct weir_column *keys[] = { &co };
	static int64_t due[4096];
	static void *slots[4096];
	struct weir_due out;
	uint64_t at;
	int rc = WEIR_ERROR, failed = 0;

	weir__arena_init(&ar, 0);
	names(&ar, &co, 4096, 300, "somewhat longer %u");
	for (uint32_t i = 0; i < 4096; i++)
		due[i] = i % 3;
	for (at = 1; rc != WEIR_OK && at < 20000; at++) {
		struct weir__state *sa;

		weir__alloc_fail_at(at, 0);
		sa = weir__state_new(&sp, 1);
		if (sa != NULL)
			rc = weir__state_lookup(sa, keys, NULL, 4096, due,
			    slots, NULL);
		while (sa != NULL && rc == WEIR_OK &&
		    (rc = weir__state_due(sa, 9, &out)) == WEIR_OK)
			;
		rc = rc == WEIR_END ? WEIR_OK : WEIR_ERROR;
		failed += rc != WEIR_OK;
		weir__alloc_fail_at(0, 0);
		weir__state_free(sa);
	}
	T(rc == WEIR_OK && failed > 10);
	weir__arena_fini(&ar);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
bench(uint32_t nkeys, const char *fmt)
{
	struct weir_table_spec sp = spec(one_string, 1, true);
	struct weir__state *sa = weir__state_new(&sp, 1);
	struct weir__arena ar;
	struct weir_column all, co;
	const struct weir_column *keys[] = { &co };
	static int64_t due[4096];
	static void *slots[4096];
	double best = 1e30, t;
	uint32_t i, k;

	sp.slot_size = 64;
	weir__arena_init(&ar, 0);
	names(&ar, &all, nkeys, nkeys, fmt);
	weir__column_alloc(&ar, &co, &string_type, 4096);
	srand(1);
	for (k = 0; k < 2000; k++) {
		for (i = 0; i < 4096; i++) {
			co.u.str[i] = all.u.str[(uint32_t)rand() % nkeys];
			due[i] = rand() % 100 < 5 ? 60 : 120;
		}
		t = now();
		weir__state_lookup(sa, keys, NULL, 4096, due, slots, NULL);
		t = (now() - t) / 4096;
		best = t < best ? t : best;
	}
	printf("# %u keys \"%s\": %.1f ns a lookup\n", nkeys, fmt, best);
	weir__state_free(sa);
	weir__arena_fini(&ar);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "bench") == 0) {
		bench(1000, "card_%u");
		bench(5000, "card_%u");
		bench(5000, "a-longer-card-number-%u");
		bench(200000, "card_%u");
		return 0;
	}
	test_find();
	test_nulls_and_floats();
	test_due();
	test_due_many();
	test_no_memory();
	return t_done();
}
