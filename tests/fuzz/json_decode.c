/* SPDX-License-Identifier: MIT
 *
 * Fuzz json.decode and json.encode.  The first byte chooses schema and
 * options, the rest are rows parted by bytes 0xfe.  Checked besides memory:
 * each row comes out or is rejected, its text decodes to itself, and the
 * encoder writes that same text.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... (see tests/fuzz)
 */
#include "../unit/json.h"

#define ROWS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const schemas[] = {
	"a: string!, b: int64, c: decimal(12, 2), d: timestamp, e: float64, "
	"f: bool, g: int32, h: json, i: float32, j: bytes, k: date, l: "
	"duration, m: decimal(38, 10)",
	"a: list(int64), b: map(string!), c: struct{x: list(list(string)), y: "
	"map(struct{z: bool, f: float64!})}, d: list(struct{p: decimal(18, 8), "
	"t: timestamp}!), e: json",
	"a: timestamp(\"ms\"), b: timestamp(\"s\"), c: timestamp(\"ns\"), d: "
	"date(\"us\"), e: timestamp(\"%d/%b/%Y:%H:%M:%S %z\"), f: string from "
	"\"a b\", g: duration(\"s\"), h: date(\"%j %y\")",
};

static const char *const options[][11] = {
	{ NULL },
	{ "unknown", "more", "convert", "a, b, c, d, e", NULL },
	{ "duplicates", "last", "round", "half_even", "max_items", "20", NULL },
	{ "duplicates", "first", "max_depth", "4", "unknown", "reject", NULL },
};

static struct weir_batch *
rows(struct ts *ts, const char *p, size_t n)
{
	const char *texts[ROWS], *q;
	size_t lens[ROWS];
	struct weir_batch *b;
	uint32_t k = 0, i;

	do {
		q = n != 0 ? memchr(p, 0xfe, n) : NULL;
		texts[k] = p;
		lens[k] = q == NULL ? n : (size_t)(q - p);
		n -= lens[k] + (q != NULL);
		p = q == NULL ? p : q + 1;
		k++;
	} while (q != NULL && k < ROWS);
	b = ts_batch(ts, k);
	for (i = 0; i < k; i++) {
		b->cols[0].u.i64[i] = i;
		if (lens[i] == 0)
			ts_null(b, 1, i);
		else
			ts_text(b, 1, i, texts[i], lens[i]);
	}
	return b;
}

static struct ts *
start(uint8_t how)
{
	static const struct weir_plugin *plugin;
	struct weir_err err;
	struct ts *ts;
	int i;

	if (plugin == NULL)
		plugin = &weir_plugin;
	ts = js_start(plugin, schemas[how % 3], options[how / 3 % 4], &err);
	if (ts == NULL)
		abort();
	for (i = 0; how >= 128 && i < 13; i += 2)
		ts->unwanted[i] = true;
	return ts;
}

/* The encoder writes what the engine itself would print. */
static void
check_encode(struct ts *ts)
{
	static const char *const opts[] = { "nan", "text", "into",
		"the value", NULL };
	struct weir_batch *of = ts->batches[0], *b;
	struct weir__buf want;
	struct weir_err err;
	struct ts *en = ts_new(ts->plugin, "encode", "q: int64");
	uint32_t i;

	en->in = ts->out;
	for (i = 0; opts[i] != NULL; i += 2)
		ts_opt(en, opts[i], opts[i + 1]);
	if (ts_bind(en, &err) != WEIR_OK || ts_init(en, &err) != WEIR_OK)
		abort();
	b = ts_make(en, &en->in, of->nrows);
	memcpy(b->cols, of->cols, of->ncols * sizeof *b->cols);
	if (ts_process(en, b, &err) != WEIR_OK || en->nbatches != 1)
		abort();
	b = en->batches[0];
	weir__buf_init(&want);
	for (i = 0; i < b->nrows; i++) {
		const struct weir_str *s = &b->cols[b->ncols - 1].u.str[i];

		weir__buf_clear(&want);
		weir__json_row(&want, &en->in, of->cols, i);
		if (s->len != want.len ||
		    memcmp(weir_str_data(s), want.data, want.len) != 0) {
			fprintf(stderr, "encoded %.*s\nwanted %s\n",
			    (int)s->len, weir_str_data(s),
			    weir__buf_cstr(&want));
			abort();
		}
	}
	weir__buf_fini(&want);
	if (ts_free(en) != 0)
		abort();
}

/* What was decoded is decoded from its own text again. */
static void
check_again(struct ts *ts, uint8_t how)
{
	char *first = strdup(ts_dump(ts)), *p;
	struct ts *again = start(how % 3);
	struct weir_batch *b;
	struct weir_err err;
	uint32_t i, n = ts->batches[0]->nrows;

	b = ts_batch(again, n);
	for (p = first, i = 0; i < n; i++) {
		size_t len = strcspn(p, "\n");

		ts_text(b, 1, i, p, len);
		p += len + 1;
	}
	if (ts_process(again, b, &err) != WEIR_OK ||
	    strcmp(ts_dump(again), first) != 0) {
		fprintf(stderr, "first %sagain %s%s%s", first, ts_dump(again),
		    ts_rejects(again), weir__buf_cstr(&again->texts));
		abort();
	}
	free(first);
	if (ts_free(again) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_err err;
	struct weir_batch *b;
	struct ts *ts;
	uint32_t n, good;

	if (size < 2)
		return 0;
	ts = start(data[0]);
	b = rows(ts, (const char *)data + 1, size - 1);
	n = b->nrows;
	if (ts_process(ts, b, &err) != WEIR_OK)
		abort();
	good = ts->nbatches == 0 ? 0 : ts->batches[0]->nrows;
	if (good + ts->nrejects != n)
		abort();
	if (good != 0 && data[0] < 128) {
		check_encode(ts);
		/* Not where the text is another than the one that was read,
		 * or has blank lines in it. */
		if (data[0] % 3 != 2 && data[0] / 3 % 4 == 0 &&
		    memchr(data, '\n', size) == NULL)
			check_again(ts, data[0]);
	} else {
		ts_dump(ts);
	}
	if (ts_free(ts) != 0)
		abort();
	return 0;
}
