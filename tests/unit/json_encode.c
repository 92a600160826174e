/* SPDX-License-Identifier: MIT
 *
 * json.encode: every type, its options, and that json.decode reads it back.
 */
#include "t.h"

#include <math.h>

#include "json.h"

static const struct weir_plugin *plugin;

#define ALL                                                                    \
	"a: bool, b: int32, c: int64, d: float32, e: float64, f: decimal(9, "  \
	"3), g: decimal(30, 0), h: string, i: bytes, j: timestamp, k: date, "  \
	"l: duration, m: json, n: list(int64), o: map(string), p: struct{x: "  \
	"int64, y: list(float64)}"

static struct ts *
encoder(const char *schema, const char *const *opts, struct weir_err *err)
{
	struct ts *ts = ts_new(plugin, "encode", schema);
	int i;

	memset(err, 0, sizeof *err);
	for (i = 0; opts != NULL && opts[i] != NULL; i += 2)
		ts_opt(ts, opts[i], opts[i + 1]);
	if (ts_bind(ts, err) == WEIR_OK && ts_init(ts, err) == WEIR_OK)
		return ts;
	ts_free(ts);
	return NULL;
}

/* Rows made by decoding, as an input of the encoder. */
static struct weir_batch *
rows(struct ts *de, struct ts *en, const char *const *texts, uint32_t n)
{
	struct weir_batch *b, *of;
	uint32_t i;

	js_run(de, texts, NULL, n);
	if (de->nrejects != 0 || de->nbatches != 1)
		printf("# %s%s", ts_rejects(de), weir__buf_cstr(&de->texts));
	of = de->batches[0];
	b = ts_make(en, &en->in, of->nrows);
	for (i = 0; i < en->in.ncols; i++)
		b->cols[i] = of->cols[i];
	return b;
}

/* The texts made, a line each. */
static const char *
values(struct ts *en)
{
	uint32_t i, r, last = en->out.ncols - 1;

	weir__buf_clear(&en->dump);
	for (i = 0; i < en->nbatches; i++)
		for (r = 0; r < en->batches[i]->nrows; r++) {
			const struct weir_column *co =
			    &en->batches[i]->cols[last];

			if (weir_valid(co, r))
				weir__buf_add(&en->dump,
				    weir_str_data(&co->u.str[r]),
				    co->u.str[r].len);
			else
				weir__buf_str(&en->dump, "(null)");
			weir__buf_chr(&en->dump, '\n');
		}
	return weir__buf_cstr(&en->dump);
}

/* Decode, encode, and see whether the same text comes back. */
static void
same(const char *schema, const char *const *opts, const char *const *texts,
    uint32_t n, const char *want)
{
	struct weir_err err;
	struct ts *de = js_start(plugin, schema, NULL, &err);
	struct ts *en = encoder(schema, opts, &err);

	if (ts_process(en, rows(de, en, texts, n), &err) != WEIR_OK)
		printf("# %s\n", err.text);
	T_STR(values(en), want);
	T_INT(ts_free(en), 0);
	T_INT(ts_free(de), 0);
}

#define FULL                                                                   \
	"{\"a\":true,\"b\":-2147483648,\"c\":9223372036854775807,\"d\":0.1,"   \
	"\"e\":-122.419416,\"f\":-0.050,\"g\":123456789012345678901234567890," \
	"\"h\":\"x\",\"i\":\"aGVsbG8=\",\"j\":\"2026-01-02T03:04:05.000006Z\"" \
	",\"k\":\"0001-01-01\",\"l\":\"1h30m\",\"m\":[1, {}],"                 \
	"\"n\":[1,null,-3],\"o\":{\"k\\\"\":\"v\",\"\":null},"                 \
	"\"p\":{\"x\":null,\"y\":[0.5,1e+300]}}"
#define EMPTY                                                                  \
	"{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":null,\"f\":null,"  \
	"\"g\":null,\"h\":null,\"i\":null,\"j\":null,\"k\":null,\"l\":null,"   \
	"\"m\":null,\"n\":null,\"o\":null,\"p\":null}"

static void
test_types(void)
{
	static const char *const omit[] = { "nulls", "omit", NULL };
	static const char *const some[] = { "columns", "h, a", "decimals",
		"text", NULL };
	static const char *const text[] = { "columns", "g, f", "decimals",
		"text", NULL };
	static const char *const texts[] = { FULL, "{}" };

	same(ALL, NULL, texts, 2, FULL "\n" EMPTY "\n");
	same(ALL, omit, texts + 1, 1, "{}\n");
	same(ALL, some, texts, 1, "{\"h\":\"x\",\"a\":true}\n");
	same(ALL, text, texts, 1,
	    "{\"g\":\"123456789012345678901234567890\",\"f\":\"-0.050\"}\n");
	same("p: struct{x: int64, y: list(float64)}", omit,
	    (const char *const[]){ "{\"p\":{\"y\":[null]}}", "{\"p\":{}}" }, 2,
	    "{\"p\":{\"y\":[null]}}\n{\"p\":{}}\n");
}

/* Text of every length, with an escape at every place. */
static void
test_strings(void)
{
	static const char *const odd[] = { "", "\\\"", "\\\\", "\\n", "\\u001f",
		"\xc3\xa9", "\x7f" };
	struct weir_err err;
	struct ts *de = js_start(plugin, "h: string", NULL, &err);
	struct ts *en = encoder("h: string", NULL, &err);
	char text[256], want[260];
	const char *one = text;
	int n, at, bad = 0;
	size_t o;

	for (o = 0; o < 7; o++)
		for (n = 0; n < 70; n++)
			for (at = 0; at <= n; at++) {
				snprintf(text, sizeof text,
				    "{\"h\":\"%.*s%s%.*s\"}", at,
				    "abcdefghijklmnopqrstuvwxyz0123456789-"
				    "abcdefghijklmnopqrstuvwxyz0123456789",
				    odd[o], n - at,
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
				snprintf(want, sizeof want, "%s\n", text);
				ts_clear(en);
				ts_process(en, rows(de, en, &one, 1), &err);
				bad += strcmp(values(en), want) != 0;
			}
	T_INT(bad, 0);
	T_INT(ts_free(en), 0);
	T_INT(ts_free(de), 0);
}

/* Numbers and times: as the engine's own text of them. */
static void
test_numbers(void)
{
	static const double list[] = { 0, -0.0, 1, -1, 0.1, 0.000001, 0.00001,
		1e-7, 123456.789, 999999999.999999, 1e9, 1234567890.123, 0.5,
		1.0000005, 0.1234565, 4.35, 2.675, 1e15, 1e22, 5e-324,
		1.7976931348623157e308, 0.30000000000000004, 100, 1e-5,
		52.2297, 33333.333333 };
	struct weir_err err;
	struct ts *en = encoder("a: float64, b: timestamp", NULL, &err);
	enum { N = 2000 };
	struct weir_batch *b = ts_batch(en, N);
	struct weir__buf want;
	uint64_t r = 88172645463325252;
	uint32_t i, n = sizeof list / sizeof *list;

	for (i = 0; i < N; i++) {
		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		b->cols[0].u.f64[i] = i < n ? list[i]
		    : i % 2	      ? (double)(int64_t)r / 9e18 * 1e6
				 : (double)(int64_t)(r % 2000000000) / 1e6;
		b->cols[1].u.i64[i] = i % 3 ? (int64_t)(r % 4000000000000000)
					    : -(int64_t)(r % 60000) * 1000000;
	}
	weir__buf_init(&want);
	for (i = 0; i < N; i++) {
		weir__json_row(&want, &en->in, b->cols, i);
		weir__buf_chr(&want, '\n');
	}
	T_INT(ts_process(en, b, &err), WEIR_OK);
	T(strcmp(values(en), weir__buf_cstr(&want)) == 0);
	weir__buf_fini(&want);
	T_INT(ts_free(en), 0);
}

static void
test_nan(void)
{
	static const char *const choices[] = { "reject", "null", "text" };
	static const char *const want[] = { "{\"a\":1,\"b\":2}\n",
		"{\"a\":1,\"b\":2}\n{\"a\":null,\"b\":2}\n{\"a\":1,\"b\":null}\n"
		"{\"a\":null,\"b\":null}\n",
		"{\"a\":1,\"b\":2}\n{\"a\":\"nan\",\"b\":2}\n"
		"{\"a\":1,\"b\":\"-inf\"}\n{\"a\":\"inf\",\"b\":null}\n" };
	int c;

	for (c = 0; c < 3; c++) {
		const char *const opts[] = { "nan", choices[c], NULL };
		struct weir_err err;
		struct ts *en = encoder("a: float64, b: float32", opts, &err);
		struct weir_batch *b = ts_batch(en, 4);

		memcpy(b->cols[0].u.f64,
		    (double[]){ 1, (double)NAN, 1, (double)INFINITY },
		    4 * sizeof(double));
		memcpy(b->cols[1].u.f32, (float[]){ 2, 2, -INFINITY, NAN },
		    4 * sizeof(float));
		ts_null(b, 1, 3);
		T_INT(ts_process(en, b, &err), WEIR_OK);
		T_STR(values(en), want[c]);
		T_STR(ts_rejects(en), c != 0 ? ""
					     : "1 json.range a -1\n"
					       "2 json.range b -1\n"
					       "3 json.range a -1\n");
		T_INT(ts_free(en), 0);
	}
}

/* Rows that delete get no text; longer rows than a chunk. */
static void
test_batches(void)
{
	static const uint8_t ops[] = { WEIR_PUT, WEIR_DELETE, WEIR_PUT };
	struct weir_err err;
	struct ts *en = encoder("a: string", NULL, &err);
	struct weir_batch *b = ts_batch(en, 3);
	char *long_text = malloc(300000);
	uint32_t i;

	memset(long_text, '"', 300000);
	for (i = 0; i < 3; i++)
		ts_text(b, 0, i, long_text, i == 2 ? 300000 : i);
	b->ops = ops;
	T_INT(ts_process(en, b, &err), WEIR_OK);
	T(strncmp(values(en), "{\"a\":\"\"}\n(null)\n{\"a\":\"\\\"", 24) == 0);
	T_INT(strlen(values(en)), 9 + 7 + 600000 + 9);
	T_INT(ts_free(en), 0);
	free(long_text);

	T(encoder("a: int64, value: int64", NULL, &err) == NULL);
	T_STR(err.text,
	    "there is a column \"value\" already; drop or rename it, or name "
	    "another with \"into\"");
}

static void
test_no_memory(void)
{
	struct weir_err err;
	uint64_t n, bad = 0, i;

	for (n = 1; n < 100; n++) {
		struct ts *en = ts_new(plugin, "encode",
		    "a: string, b: list(float64)");
		struct weir_batch *b;
		int rc;

		bad += ts_bind(en, &err) != WEIR_OK;
		b = ts_batch(en, 200);
		for (i = 0; i < 200; i++) {
			char text[600];

			memset(text, 'x', sizeof text);
			ts_text(b, 0, (uint32_t)i, text, sizeof text);
			b->cols[1].offsets[i] = 0;
		}
		weir__alloc_fail_at(n, 0);
		rc = ts_init(en, &err);
		if (rc == WEIR_OK)
			rc = en->type->process(&en->stage.st, 0, b, &err);
		if (rc == WEIR_OK)
			n = weir__alloc_count() < n ? 100 : n;
		else
			bad += strcmp(err.code, "memory") != 0;
		weir__alloc_fail_at(0, 0);
		ts_unref(b);
		bad += ts_free(en) != 0;
	}
	T_INT(bad, 0);
}

int
main(void)
{
	plugin = ts_plugin("json");
	test_types();
	test_strings();
	test_numbers();
	test_nan();
	test_batches();
	test_no_memory();
	return t_done();
}
