/* SPDX-License-Identifier: MIT
 *
 * What expressions and aggregates cost, in nanoseconds a row: 4096-row batches
 * of numbers, decimals and text, a tenth of them null.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "batch/batch.h"
#include "expr/expr.h"

#define N 4096
#define GROUPS 1000

static struct weir_type dec = { .kind = WEIR_DECIMAL, .precision = 12,
	.scale = 2 };

enum { I, J, D, F, S, C, AT, B, NCOLS };

static struct weir_field fields[NCOLS] = {
	[I] = { .name = "i" },
	[J] = { .name = "j", .required = true },
	[D] = { .name = "amount", .type = &dec },
	[F] = { .name = "f" },
	[S] = { .name = "s" },
	[C] = { .name = "currency" },
	[AT] = { .name = "at" },
	[B] = { .name = "b" },
};
static struct weir_schema schema = { .ncols = NCOLS, .cols = fields,
	.event_time = -1 };
static struct weir_column cols[NCOLS];
static struct weir_host host;
static struct weir__registry *registry;

static uint64_t seed = 7;

static uint64_t
next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static void
make_columns(struct weir__arena *ar)
{
	static const char *const words[] = { "USD", "EUR", "GBP",
		"a merchant with a long name", "another merchant of some town" };
	static const enum weir_kind kinds[] = { WEIR_INT64, WEIR_INT64, 0,
		WEIR_FLOAT64, WEIR_STRING, WEIR_STRING, WEIR_TIMESTAMP,
		WEIR_BOOL };
	uint32_t c, i;

	for (c = 0; c < NCOLS; c++) {
		if (kinds[c] != 0)
			fields[c].type = weir__type_scalar(kinds[c]);
		weir__column_alloc(ar, &cols[c], fields[c].type, N);
		if (c != J)
			weir__column_validity(ar, &cols[c], N, true);
		for (i = 0; i < N && c != J; i++)
			weir_bit_put(cols[c].valid, i, next() % 10 != 0);
	}
	for (i = 0; i < N; i++) {
		const char *w = words[next() % 5], *k = words[next() % 3];

		cols[I].u.i64[i] = (int64_t)(next() % 100000);
		cols[J].u.i64[i] = (int64_t)(next() % 1000) + 1;
		cols[D].u.i64[i] = (int64_t)(next() % 10000000);
		cols[F].u.f64[i] = (double)(next() % 100000) / 7;
		cols[S].u.str[i] = weir_str_make(w, strlen(w));
		cols[C].u.str[i] = weir_str_make(k, 3);
		cols[AT].u.i64[i] = 1767323045000000 + (int64_t)(next() % 1000000);
		weir_bit_put(cols[B].u.bits, i, next() & 1);
	}
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
scope(struct weir__scope *sc, struct weir__arena *ar, struct weir__errors *es)
{
	memset(sc, 0, sizeof *sc);
	sc->ar = ar;
	sc->errors = es;
	sc->functions = registry;
	sc->schema = &schema;
	sc->host = &host;
}

static struct weir__ast_expr *
parse(struct weir__arena *ar, struct weir__errors *es, const char *s)
{
	return weir__parse_expr(ar, es,
	    weir__errors_source(es, "bench", s, strlen(s)));
}

static void
fail(struct weir__errors *es)
{
	struct weir__buf bf;

	weir__buf_init(&bf);
	weir__errors_print(es, &bf, false);
	fputs(weir__buf_cstr(&bf), stderr);
	exit(1);
}

static void
bench(const char *s)
{
	struct weir__arena ar, out;
	struct weir__errors es;
	struct weir__scope sc;
	struct weir_expr *ex;
	double best = 1e30;
	int rep, k;

	weir__arena_init(&ar, 0);
	weir__arena_init(&out, 1 << 20);
	weir__errors_init(&es);
	scope(&sc, &ar, &es);
	ex = weir__expr_bind(&sc, parse(&ar, &es, s), NULL);
	if (ex == NULL)
		fail(&es);
	for (rep = 0; rep < 40; rep++) {
		double t = now();

		for (k = 0; k < 20; k++) {
			struct weir__eval ev = { .ar = &out, .cols = cols,
				.nrows = N, .host = &host };
			struct weir_column co;

			if (weir__expr_eval(&ev, ex, &co) != 0)
				exit(1);
			weir__arena_reset(&out);
		}
		t = (now() - t) / (20.0 * N);
		best = t < best ? t : best;
	}
	printf("%8.2f ns  %s\n", best, s);
	weir__arena_fini(&ar);
	weir__arena_fini(&out);
	weir__errors_fini(&es);
}

static void
bench_aggs(const char *s)
{
	struct weir__arena ar, out;
	struct weir__errors es;
	struct weir__scope sc;
	struct weir__ast_expr *as;
	struct weir_aggs *ag;
	struct weir__aggs_cursor *cu;
	double best = 1e30, best_batch = 1e30, best_finish = 1e30;
	void *slots[N], *groups[GROUPS];
	uint64_t rejected[N / 64] = { 0 };
	size_t size, align;
	char *mem;
	int rep, k;

	weir__arena_init(&ar, 0);
	weir__arena_init(&out, 1 << 20);
	weir__errors_init(&es);
	scope(&sc, &ar, &es);
	as = parse(&ar, &es, s);
	ag = as != NULL ? weir__aggs_bind(&sc, as->u.record.entries,
			      as->u.record.n)
			: NULL;
	if (ag == NULL || (cu = weir__aggs_cursor_new(ag)) == NULL)
		fail(&es);
	size = weir__aggs_slot(ag, &align);
	mem = aligned_alloc(16, (size * GROUPS + 15) & ~(size_t)15);
	memset(mem, 0, size * GROUPS);
	for (k = 0; k < GROUPS; k++)
		groups[k] = mem + (size_t)k * size;
	for (k = 0; k < N; k++)
		slots[k] = groups[next() % GROUPS];
	for (rep = 0; rep < 40; rep++) {
		struct weir_column res[16];
		double t0 = 0, t1 = 0, t2 = 0, t;

		for (k = 0; k < 20; k++) {
			struct weir__eval ev = { .ar = &out, .cols = cols,
				.nrows = N, .host = &host };

			t = now();
			if (weir__aggs_batch(cu, &ev) != 0)
				exit(1);
			t0 += now() - t;
			t = now();
			if (weir__aggs_update(cu, NULL, N, slots, rejected,
				NULL, NULL) != 0)
				exit(1);
			t1 += now() - t;
			t = now();
			if (weir__aggs_finish(ag, &out, groups, GROUPS, res,
				0, NULL, NULL, NULL) != 0)
				exit(1);
			t2 += now() - t;
			weir__arena_reset(&out);
		}
		best_batch = t0 < best_batch ? t0 : best_batch;
		best = t1 < best ? t1 : best;
		best_finish = t2 < best_finish ? t2 : best_finish;
	}
	printf("%8.2f ns  arguments %.2f ns, finish %.2f ns a group  %s\n",
	    best / (20.0 * N), best_batch / (20.0 * N),
	    best_finish / (20.0 * GROUPS), s);
	for (k = 0; k < GROUPS; k++)
		weir__aggs_drop(ag, groups[k]);
	free(mem);
	weir__aggs_cursor_free(cu);
	weir__arena_fini(&ar);
	weir__arena_fini(&out);
	weir__errors_fini(&es);
}

int
main(int argc, char **argv)
{
	static const char *const exprs[] = {
		"i + 1", "i + j", "i * j", "i // j", "f * 1.5 + 2", "i / j",
		"amount + 1", "amount * 2", "amount * amount", "amount / 3",
		"amount > 100", "i == j", "f < 10", "at > \"2026-01-02\"",
		"currency == \"USD\"", "currency in [\"USD\", \"EUR\"]",
		"s == \"a merchant with a long name\"",
		"s like \"%merchant%\"", "i in [1, 2, 3]",
		"i in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
		"amount > 0 and currency in [\"USD\", \"EUR\"]", "not b",
		"i is null", "i ?? 0", "if b then i else j",
		"case when i > 500 then 1 when i > 100 then 2 else 3 end",
		"i between 10 and 1000", "cast(i as float64)",
		"cast(i as string)", "cast(amount as string)",
		"cast(cast(i as string) as int)", "cast(at as date)",
		"\"${i}-${currency}\"", "at + 5m", "upper(s)", "abs(i)",
	};
	struct weir__arena ar;
	size_t i;

	host.size = sizeof host;
	host.alloc = weir__alloc;
	host.zalloc = weir__zalloc;
	host.realloc = weir__realloc;
	host.free = weir__free;
	registry = weir__registry_new();
	weir__arena_init(&ar, 1 << 20);
	make_columns(&ar);
	for (i = 0; argc < 2 && i < sizeof exprs / sizeof *exprs; i++)
		bench(exprs[i]);
	for (i = 1; i < (size_t)argc; i++)
		bench(argv[i]);
	if (argc < 2) {
		bench_aggs("{ a: count(), b: sum(amount), c: avg(amount), "
			   "d: max(amount) }");
		bench_aggs("{ a: count() }");
		bench_aggs("{ a: sum(amount) }");
		bench_aggs("{ a: max(amount) }");
		bench_aggs("{ a: sum(f), b: min(f) }");
		bench_aggs("{ a: max(at) }");
		bench_aggs("{ a: count(where: b) }");
		bench_aggs("{ a: stddev(f) }");
		bench_aggs("{ a: first(s), b: last(s), c: min(s) }");
		bench_aggs("{ a: distinct(currency) }");
	}
	weir__arena_fini(&ar);
	weir__registry_free(registry);
	return 0;
}
