/* SPDX-License-Identifier: MIT
 *
 * The stages of the plugin core that work on rows themselves.
 */
#include "stage.h"
#include "t.h"

static struct ts *
stage(const char *verb, const char *input)
{
	return ts_new(ts_plugin("core"), verb, input);
}

static int
ready(struct ts *ts)
{
	struct weir_err err;

	return ts_bind(ts, &err) == WEIR_OK && ts_init(ts, &err) == WEIR_OK
	    ? WEIR_OK : WEIR_ERROR;
}

/* A batch of one int64 column with the values from .. from + n. */
static struct weir_batch *
numbers(struct ts *ts, int64_t from, uint32_t n)
{
	struct weir_batch *b = ts_batch(ts, n);
	int64_t *at = weir__arena_alloc(&ts_priv(b)->ar, n * sizeof *at);
	uint32_t i;

	for (i = 0; i < n; i++)
		at[i] = b->cols[0].u.i64[i] = from + i;
	b->source = 3;
	b->positions = at;
	return b;
}

static int
process(struct ts *ts, struct weir_batch *b)
{
	struct weir_err err;

	return ts_process(ts, b, &err);
}

static void
test_limit(void)
{
	struct weir_err err;
	struct ts *ts = stage("limit", "n: int64!");

	ts_opt(ts, "rows", "3");
	T_INT(ready(ts), WEIR_OK);
	T_INT(process(ts, numbers(ts, 1, 2)), WEIR_OK);
	T_INT(process(ts, numbers(ts, 3, 2)), WEIR_OK);
	T_INT(process(ts, numbers(ts, 5, 2)), WEIR_OK);
	T_STR(ts_dump(ts), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	T_INT(ts_free(ts), 0);

	ts = stage("limit", "n: int64!");
	ts_opt(ts, "rows", "1");
	ts_opt(ts, "per", "epoch");
	T_INT(ready(ts), WEIR_OK);
	T_INT(process(ts, numbers(ts, 1, 2)), WEIR_OK);
	T_INT(ts->type->epoch(&ts->stage.st, 1, &err), WEIR_OK);
	T_INT(process(ts, numbers(ts, 3, 2)), WEIR_OK);
	T_STR(ts_dump(ts), "{\"n\":1}\n{\"n\":3}\n");
	T_INT(ts_free(ts), 0);
}

static uint32_t
sampled(const char *share, const char *seed, uint32_t step, uint64_t *sum)
{
	struct ts *ts = stage("sample", "n: int64!");
	uint32_t i, k, n = 0;

	ts_opt(ts, "share", share);
	ts_opt(ts, "seed", seed);
	*sum = 0;
	if (ready(ts) != WEIR_OK)
		return 0;
	for (i = 0; i < 12000; i += step) {
		process(ts, numbers(ts, i, step));
		for (k = 0; ts->nbatches > 0 && k < ts->batches[0]->nrows; k++)
			*sum = *sum * 31 + (uint64_t)
			    ts->batches[0]->cols[0].u.i64[k];
		n += ts->nbatches > 0 ? ts->batches[0]->nrows : 0;
		ts_clear(ts);
	}
	T_INT(ts_free(ts), 0);
	return n;
}

static void
test_sample(void)
{
	uint64_t a, b, c;
	uint32_t n = sampled("0.25", "1", 1000, &a);

	T(n > 2800 && n < 3200);
	T_INT(sampled("0.25", "1", 4000, &b), n);
	T(a == b);
	T(sampled("0.25", "2", 4000, &c) != n || a != c);
	T_INT(sampled("0", "1", 4000, &c), 0);
	T_INT(sampled("1", "1", 4000, &c), 12000);
}

/* Rows of lists [1,2,3], null, [], [4], and one of 5000. */
static struct weir_batch *
lists(struct ts *ts)
{
	struct weir_batch *b = ts_batch(ts, 5);
	static const int32_t ends[] = { 0, 3, 3, 3, 4, 5004 };
	struct weir_column *co = &b->cols[1];
	uint32_t i;

	co->valid = weir__arena_alloc(&ts_priv(b)->ar, 8);
	co->valid[0] = 0x1d;
	co->child[0].u.i64 = weir__arena_alloc(&ts_priv(b)->ar, 5004 * 8);
	co->child[0].valid = weir__arena_alloc(&ts_priv(b)->ar, 8 * 80);
	memset(co->child[0].valid, 0xff, 8 * 80);
	weir_bit_clear(co->child[0].valid, 1);
	for (i = 0; i < 6; i++)
		co->offsets[i] = ends[i];
	for (i = 0; i < 5004; i++)
		co->child[0].u.i64[i] = i + 1;
	for (i = 0; i < 5; i++)
		b->cols[0].u.i64[i] = 10 * i;
	return b;
}

static void
test_unnest(void)
{
	struct ts *ts = stage("unnest", "id: int64!, l: list(int64)");
	const struct weir_batch *b;

	ts_opt(ts, "list", "l");
	T_INT(ready(ts), WEIR_OK);
	T_INT(ts->out.cols[1].type->kind, WEIR_INT64);
	T_INT(process(ts, lists(ts)), WEIR_OK);
	T_INT(ts->nbatches, 2);
	b = ts->batches[0];
	T_INT(b->nrows, 4096);
	T_INT(b->cols[0].u.i64[2], 0);
	T_INT(b->cols[1].u.i64[2], 3);
	T(!weir_valid(&b->cols[1], 1));
	T_INT(b->cols[0].u.i64[3], 30);
	T_INT(b->cols[0].u.i64[4], 40);
	T_INT(b->cols[1].u.i64[4095], 4096);
	b = ts->batches[1];
	T_INT(b->nrows, 5004 - 4096);
	T_INT(b->cols[1].u.i64[0], 4097);
	T_INT(b->cols[1].u.i64[b->nrows - 1], 5004);
	T(weir_valid(&b->cols[1], b->nrows - 1));
	T_INT(ts_free(ts), 0);
}

static void
test_unnest_map(void)
{
	struct ts *ts = stage("unnest", "m: map(string)");
	struct weir_batch *b;
	struct weir_column *co;

	ts_opt(ts, "list", "m");
	T_INT(ready(ts), WEIR_OK);
	b = ts_batch(ts, 1);
	co = &b->cols[0];
	co->offsets[0] = 0;
	co->offsets[1] = 2;
	co->child[0].u.str = weir__arena_alloc(&ts_priv(b)->ar, 32);
	co->child[1].u.str = weir__arena_alloc(&ts_priv(b)->ar, 32);
	co->child[0].u.str[0] = weir_str_make("a", 1);
	co->child[0].u.str[1] = weir_str_make("b", 1);
	co->child[1].u.str[0] = weir_str_make("longer than twelve", 18);
	co->child[1].u.str[1] = weir_str_make("x", 1);
	T_INT(process(ts, b), WEIR_OK);
	T_STR(ts_dump(ts),
	    "{\"m\":{\"key\":\"a\",\"value\":\"longer than twelve\"}}\n"
	    "{\"m\":{\"key\":\"b\",\"value\":\"x\"}}\n");
	T_INT(ts_free(ts), 0);
}

static void
test_refusals(void)
{
	struct weir_err err;
	struct ts *ts = stage("unnest", "id: int64!");

	ts_opt(ts, "list", "id");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.text, "unnest needs a list or a map, but this is int64");
	ts_free(ts);

	ts = stage("watermark", "id: decimal(12, 2)!");
	ts_opt(ts, "column", "id");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.text, "a watermark needs a column of type timestamp, but "
	    "\"id\" is decimal(12, 2); convert it first");
	ts_free(ts);

	ts = stage("drop", "id: int64!, b: string");
	ts_opt(ts, "columns", "b,id");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "drop.all");
	ts_free(ts);
}

static void
test_memory(void)
{
	uint64_t n;
	int rc = WEIR_ERROR;

	for (n = 1; rc != WEIR_OK && n < 200; n++) {
		struct ts *ts = stage("unnest", "id: int64!, l: list(int64)");
		struct weir_batch *b;

		ts_opt(ts, "list", "l");
		if (ready(ts) != WEIR_OK)
			T(false);
		b = lists(ts);
		weir__alloc_fail_at(n, 0);
		rc = process(ts, b);
		weir__alloc_fail_at(0, 0);
		if (ts_free(ts) != 0)
			T(false);
	}
	T_INT(rc, WEIR_OK);
	T(n > 3);
}

int
main(void)
{
	test_limit();
	test_sample();
	test_unnest();
	test_unnest_map();
	test_refusals();
	test_memory();
	return t_done();
}
