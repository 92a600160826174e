/* SPDX-License-Identifier: MIT
 *
 * What json.decode and json.encode cost a row of one core: the 13 fields of
 * the medallion's transactions in about 300 bytes.
 *
 *	json_decode [rows-a-batch [seconds [part of a name]]]
 *
 * The plugin is $WEIR_PLUGINS/json.so, or ../plugins/json.so from here.  Beside
 * them jansson on the same texts.  The least of all batches is printed, for
 * machines are noisy, and the mean.
 */
#include <jansson.h>
#include <time.h>

#include "../tests/unit/stage.h"
#include "batch/batch.h"

#define SCHEMA                                                                 \
	"txn_id: string!, event_ts: timestamp!, user_id: string, card_id: "    \
	"string, merchant: string, category: string, amount: decimal(12, 2), " \
	"currency: string, status: string, city: string, country: string, "    \
	"lat: float64, lon: float64"

/* More texts than a branch predictor can learn by heart. */
#define BATCHES 8

static uint64_t seed = 7;
static const char *only = "";

static uint32_t
rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 33) % n);
}

static double
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int
make_text(char *to, size_t cap, bool blanks)
{
	static const char *const merchants[] = { "Amazon", "Walmart", "Uber",
		"Netflix", "Starbucks", "Whole Foods Market", "Shell",
		"Best Buy", "IKEA" };
	static const char *const categories[] = { "electronics", "groceries",
		"transport", "entertainment", "food", "fuel" };
	static const char *const cities[] = { "New York", "London", "Berlin",
		"S\xc3\xa3o Paulo", "Warsaw", "Tokyo", "San Francisco" };
	static const char *const statuses[] = { "APPROVED", "DECLINED",
		"PENDING" };
	static const char *const fmts[] = {
		"{\"txn_id\":\"%08x-%04x-4%03x-a%03x-%012x\","
		"\"event_ts\":\"2026-01-%02uT%02u:%02u:%02u.%06u+00:00\","
		"\"user_id\":\"user_%u\",\"card_id\":\"card_%u\","
		"\"merchant\":\"%s\",\"category\":\"%s\",\"amount\":%u.%02u,"
		"\"currency\":\"%s\",\"status\":\"%s\",\"city\":\"%s\","
		"\"country\":\"%s\",\"lat\":%d.%06u,\"lon\":%d.%06u}",
		"{\"txn_id\": \"%08x-%04x-4%03x-a%03x-%012x\", "
		"\"event_ts\": \"2026-01-%02uT%02u:%02u:%02u.%06u+00:00\", "
		"\"user_id\": \"user_%u\", \"card_id\": \"card_%u\", "
		"\"merchant\": \"%s\", \"category\": \"%s\", "
		"\"amount\": %u.%02u, \"currency\": \"%s\", "
		"\"status\": \"%s\", \"city\": \"%s\", \"country\": \"%s\", "
		"\"lat\": %d.%06u, \"lon\": %d.%06u}"
	};

	return snprintf(to, cap, fmts[blanks], rnd(UINT32_MAX), rnd(65536),
	    rnd(4096), rnd(4096), rnd(UINT32_MAX), 1 + rnd(2), rnd(24),
	    rnd(60), rnd(60), rnd(1000000), 1000 + rnd(9000), rnd(100000),
	    merchants[rnd(9)], categories[rnd(6)], rnd(2000), rnd(100),
	    rnd(2) ? "USD" : "EUR", statuses[rnd(3)], cities[rnd(7)],
	    rnd(2) ? "US" : "DE", (int)rnd(180) - 90, rnd(1000000),
	    (int)rnd(360) - 180, rnd(1000000));
}

/* ---- the host's batches, from the engine's own pool */

static struct weir__pool *pool;
static struct weir_batch *kept;

static void *
pool_alloc(struct weir_batch *b, size_t n)
{
	return weir__arena_alloc(weir__batch_arena(b), n);
}

static struct weir_batch *
pool_derive(struct weir_stage *st, uint32_t port, struct weir_batch *of,
    const uint32_t *rows, uint32_t n)
{
	struct ts *ts = ((struct ts_stage *)st)->ts;
	struct weir_batch *b;
	uint32_t i;

	(void)port;
	b = weir__batch_derive(pool, &ts->out, of, rows, n);
	for (i = 0; b != NULL && i < ts->out.ncols; i++) {
		if (ts->pass[i] >= 0)
			b->cols[i] = of->cols[ts->pass[i]];
		else if (!ts->unwanted[i])
			weir__column_alloc(weir__batch_arena(b), &b->cols[i],
			    ts->out.cols[i].type, n);
	}
	return b;
}

static int
pool_emit(struct weir_stage *st, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	(void)st;
	(void)port;
	(void)err;
	if (kept != NULL)
		weir__batch_unref(kept);
	kept = b;
	return WEIR_OK;
}

static void
use_pool(struct ts *ts)
{
	ts->host.batch_derive = pool_derive;
	ts->host.batch_alloc = pool_alloc;
	ts->host.batch_pin = weir__batch_pin;
	ts->host.batch_ref = weir__batch_ref;
	ts->host.batch_unref = weir__batch_unref;
	ts->host.emit = pool_emit;
}

struct result {
	double least;
	double sum;
	uint64_t n;
};

static void
add(struct result *re, double ns)
{
	if (re->n == 0 || ns < re->least)
		re->least = ns;
	re->sum += ns;
	re->n++;
}

static void
print(const char *name, const struct result *re, size_t bytes)
{
	printf("%-28s least %7.1f ns/row   mean %7.1f   (%zu bytes a row)\n",
	    name, re->least, re->sum / (double)re->n, bytes);
}

/* Process n batches in turn, again and again. */
static struct result
measure(struct ts *ts, struct weir_batch *const *list, int n, double seconds)
{
	struct result re = { 0 };
	struct weir_err err = { 0 };
	double began = now_ns(), t;
	struct weir_batch *b;
	int i = 0;

	do {
		b = list[i++ % n];
		t = now_ns();
		if (ts->type->process(&ts->stage.st, 0, b, &err) != WEIR_OK) {
			printf("%s\n", err.text);
			exit(1);
		}
		add(&re, (now_ns() - t) / b->nrows);
	} while (now_ns() - began < seconds * 1e9);
	return re;
}

static struct result
measure_jansson(const struct weir_batch *b, double seconds)
{
	struct result re = { 0 };
	double began = now_ns(), t;
	uint32_t i;

	do {
		t = now_ns();
		for (i = 0; i < b->nrows; i++) {
			const struct weir_str *s = &b->cols[0].u.str[i];
			json_t *j = json_loadb(weir_str_data(s), s->len, 0,
			    NULL);

			if (j == NULL)
				exit(1);
			json_decref(j);
		}
		add(&re, (now_ns() - t) / b->nrows);
	} while (now_ns() - began < seconds * 1e9);
	return re;
}

static struct ts *
decoder(const char *schema)
{
	struct ts *ts = ts_new(ts_plugin("json"), "decode", "value: bytes");
	struct weir_err err = { 0 };

	ts_opt(ts, "schema", schema);
	if (ts_bind(ts, &err) != WEIR_OK || ts_init(ts, &err) != WEIR_OK) {
		printf("%s\n", err.text);
		exit(1);
	}
	use_pool(ts);
	return ts;
}

static struct weir_batch *
texts(struct ts *ts, uint32_t rows, bool blanks, int bad, size_t *mean)
{
	struct weir_batch *b = ts_batch(ts, rows), *c;
	char *all = weir__arena_alloc(&ts_priv(b)->ar, rows * 1024), *p = all;
	uint32_t i;
	int n;

	for (i = 0; i < rows; i++) {
		n = make_text(p, 1024, blanks);
		if (bad != 0 && rnd((uint32_t)bad) == 0)
			n--;
		b->cols[0].u.str[i] = weir_str_make(p, (size_t)n);
		p += n;
	}
	*mean = (size_t)(p - all) / rows;
	/* As a batch of the pool, which derive wants for its origin. */
	c = weir__batch_new(pool, b->schema, NULL, rows);
	c->cols[0] = b->cols[0];
	c->nrows = rows;
	return c;
}

static void
bench_decode(const char *name, const char *schema, uint32_t rows, bool blanks,
    int bad, double seconds)
{
	struct ts *ts = decoder(schema);
	size_t mean;
	struct weir_batch *b[BATCHES];
	struct result re;
	int i;

	if (strstr(name, only) == NULL)
		return;
	for (i = 0; i < BATCHES; i++)
		b[i] = texts(ts, rows, blanks, bad, &mean);
	re = measure(ts, b, BATCHES, seconds);
	print(name, &re, mean);
	if (bad == 0 && strcmp(schema, SCHEMA) == 0) {
		re = measure_jansson(b[0], seconds / 4);
		print("  jansson, tree only", &re, mean);
	}
}

static void
bench_encode(uint32_t rows, double seconds)
{
	struct ts *de = decoder(SCHEMA), *en;
	size_t mean;
	struct weir_batch *b = texts(de, rows, false, 0, &mean);
	struct weir_batch *in;
	struct weir_err err = { 0 };
	struct result re;

	if (strstr("encode", only) == NULL)
		return;
	de->type->process(&de->stage.st, 0, b, &err);
	in = kept;
	kept = NULL;
	en = ts_new(de->plugin, "encode", SCHEMA);
	if (ts_bind(en, &err) != WEIR_OK || ts_init(en, &err) != WEIR_OK)
		exit(1);
	use_pool(en);
	re = measure(en, &in, 1, seconds);
	print("encode 13 fields", &re, kept->cols[13].u.str[0].len);
}

int
main(int argc, char **argv)
{
	uint32_t rows = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 4096;
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;

	if (argc > 3)
		only = argv[3];
	pool = weir__pool_new();
	bench_decode("decode 13 fields", SCHEMA, rows, false, 0, seconds);
	bench_decode("decode 13 fields, blanks", SCHEMA, rows, true, 0,
	    seconds);
	bench_decode("decode, 1 row in 50 is bad", SCHEMA, rows, false, 50,
	    seconds);
	bench_decode("decode 3 of them",
	    "txn_id: string!, event_ts: timestamp!, amount: decimal(12, 2)",
	    rows, false, 0, seconds);
	bench_encode(rows, seconds);
	return 0;
}
