/* SPDX-License-Identifier: MIT
 *
 * Lists of aggregates: binding, sharing, updates, merges, results.
 *
 *	row	g	i	d	f	s	w
 *	0	0	1	1.10	0.1	b	(38 nines)
 *	1	1	2	2.20	0.2	a long text, not in a slice
 *	2	0	null	null	null	null	null
 *	3	0	3	3.30	0.3	c	1
 *	4	1	2	-4.45	1e100	a long text, not in a slice
 *	5	1	2	0.00	-1e100	a	...
 */
#include <stdlib.h>

#include "t.h"

#include "base/alloc.h"
#include "base/decimal.h"
#include "batch/batch.h"
#include "expr/agg.h"
#include "expr/expr.h"

#define NROWS 6

static struct weir_type dec = { .kind = WEIR_DECIMAL, .precision = 12,
	.scale = 2 };
static struct weir_type wide = { .kind = WEIR_DECIMAL, .precision = 38 };

enum { I, D, F, S, W, B, NCOLS };

static struct weir_field fields[NCOLS] = {
	[I] = { .name = "i" },
	[D] = { .name = "d", .type = &dec },
	[F] = { .name = "f" },
	[S] = { .name = "s" },
	[W] = { .name = "w", .type = &wide },
	[B] = { .name = "b" },
};
static struct weir_schema schema = { .ncols = NCOLS, .cols = fields,
	.event_time = -1 };

static int64_t di[] = { 1, 2, 99, 3, 2, 2 };
static int64_t dd[] = { 110, 220, 99, 330, -445, 0 };
static double df[] = { 0.1, 0.2, 99, 0.3, 1e100, -1e100 };
static struct weir_str ds[NROWS];
static weir_i128 dw[NROWS];
static uint64_t db[] = { 0x13 };
static uint64_t valid[] = { 0x3b };
static struct weir_column cols[NCOLS] = {
	[I] = { .u.i64 = di, .valid = valid },
	[D] = { .u.i64 = dd, .valid = valid },
	[F] = { .u.f64 = df, .valid = valid },
	[S] = { .u.str = ds, .valid = valid },
	[W] = { .u.i128 = dw, .valid = valid },
	[B] = { .u.bits = db, .valid = valid },
};
static const int group[NROWS] = { 0, 1, 0, 0, 1, 1 };

static struct weir_host host;
static struct weir__registry *registry;

static void
init(void)
{
	static const char text[] = "a long text, not in a slice";

	fields[I].type = weir__type_scalar(WEIR_INT64);
	fields[F].type = weir__type_scalar(WEIR_FLOAT64);
	fields[S].type = weir__type_scalar(WEIR_STRING);
	fields[B].type = weir__type_scalar(WEIR_BOOL);
	ds[0] = weir_str_make("b", 1);
	ds[1] = ds[4] = weir_str_make(text, sizeof text - 1);
	ds[3] = weir_str_make("c", 1);
	ds[5] = weir_str_make("a", 1);
	dw[0] = weir__decimal_pow10[38] - 1;
	dw[3] = 1;
	host.size = sizeof host;
	host.alloc = weir__alloc;
	host.zalloc = weir__zalloc;
	host.realloc = weir__realloc;
	host.free = weir__free;
	registry = weir__registry_new();
}

static char text[4096];

struct run {
	struct weir__arena ar;
	struct weir__errors es;
	struct weir__scope sc;
	struct weir_aggs *ag;
	char slots[2][16384] __attribute__((aligned(16)));
	char more[2][16384] __attribute__((aligned(16)));
	uint64_t rejected;
	uint32_t overflowed;
	uint64_t failed;
	const char *columns[2], *codes[2];
};

static void
on_overflow(void *arg, uint32_t row, const char *code, const char *why)
{
	struct run *r = arg;

	(void)code;
	(void)why;
	r->overflowed |= 1u << row;
}

static void
on_failed(void *arg, uint32_t slot, const char *column,
    const struct weir__row_error *re)
{
	struct run *r = arg;

	T(slot < 2 && r->codes[slot] == NULL && re != NULL);
	r->columns[slot] = column;
	r->codes[slot] = re != NULL ? re->code : "?";
}

static struct weir_aggs *
bind(struct run *r, const char *s)
{
	struct weir__ast_expr *as;
	uint32_t src;

	memset(r, 0, sizeof *r);
	weir__arena_init(&r->ar, 0);
	weir__errors_init(&r->es);
	r->sc.ar = &r->ar;
	r->sc.errors = &r->es;
	r->sc.functions = registry;
	r->sc.schema = &schema;
	r->sc.host = &host;
	src = weir__errors_source(&r->es, "x", s, strlen(s));
	as = src != 0 ? weir__parse_expr(&r->ar, &r->es, src) : NULL;
	if (as == NULL)
		return NULL;
	r->ag = weir__aggs_bind(&r->sc, as->u.record.entries, as->u.record.n);
	return r->ag;
}

static void
fini(struct run *r)
{
	int g;

	for (g = 0; g < 2 && r->ag != NULL; g++) {
		weir__aggs_drop(r->ag, r->slots[g]);
		weir__aggs_drop(r->ag, r->more[g]);
	}
	weir__errors_fini(&r->es);
	weir__arena_fini(&r->ar);
}

/* Rows from..to of the table into the slots. */
static int
update(struct run *r, struct weir__aggs_cursor *cu, uint32_t from, uint32_t to,
    char (*slots)[16384])
{
	uint32_t rows[NROWS], n = 0, i;
	void *at[NROWS];

	for (i = from; i < to; i++) {
		if (r->rejected >> i & 1)
			continue;
		rows[n] = i;
		at[n++] = slots[group[i]];
	}
	return weir__aggs_update(cu, rows, n, at, &r->rejected, on_overflow, r);
}

static int
run_all(struct run *r, struct weir_column *out, bool merge)
{
	struct weir__aggs_cursor *cu = weir__aggs_cursor_new(r->ag);
	void *slots[2] = { r->slots[0], r->slots[1] };
	void *more[2] = { r->more[0], r->more[1] };
	struct weir__eval ev;
	int rc = -1;

	memset(&ev, 0, sizeof ev);
	ev.ar = &r->ar;
	ev.cols = cols;
	ev.nrows = NROWS;
	ev.host = &host;
	if (cu != NULL && weir__aggs_batch(cu, &ev) == 0) {
		if (ev.errors != NULL)
			r->rejected = ev.errors[0];
		if (merge)
			rc = update(r, cu, 0, 3, r->slots) ||
			    update(r, cu, 3, NROWS, r->more) ||
			    weir__aggs_merge(r->ag, slots, more, 2);
		else
			rc = update(r, cu, 0, NROWS, r->slots);
		if (rc == 0)
			rc = weir__aggs_finish(r->ag, &r->ar, slots, 2, out,
			    0, &r->failed, on_failed, r);
	}
	weir__aggs_cursor_free(cu);
	return rc;
}

/* "name type: group 0 | group 1; ..." */
static const char *
eval(const char *s, bool merge)
{
	struct weir_column out[16];
	struct weir__buf bf;
	struct run r;
	uint32_t i, g;

	weir__buf_init(&bf);
	if (bind(&r, s) == NULL) {
		for (i = 0; i < r.es.n; i++)
			weir__buf_printf(&bf, "%s%u-%u %s: %s", i ? "; " : "",
			    r.es.list[i].span.at, r.es.list[i].span.end,
			    r.es.list[i].code, r.es.list[i].text);
	} else if (run_all(&r, out, merge) != 0) {
		weir__buf_str(&bf, "out of memory");
	} else {
		for (i = 0; i < weir__aggs_n(r.ag); i++) {
			const struct weir_field *fi =
			    weir__aggs_field(r.ag, i);

			weir__buf_printf(&bf, "%s", i ? "; " : "");
			weir__type_print(&bf, fi->type);
			weir__buf_str(&bf, fi->required ? "!: " : ": ");
			for (g = 0; g < 2; g++) {
				struct weir_value v;

				weir__column_value(&r.ar, &v, &out[i],
				    fi->type, g);
				if (r.failed >> g & 1)
					weir__buf_chr(&bf, '-');
				else
					weir__value_show(&bf, &v);
				weir__buf_str(&bf, g == 0 ? " | " : "");
			}
		}
		for (g = 0; g < 2; g++)
			if (r.failed >> g & 1)
				weir__buf_printf(&bf, "; group %u: %s %s", g,
				    r.columns[g], r.codes[g]);
		if (r.rejected != 0)
			weir__buf_printf(&bf, "; rejected %x, overflow %x",
			    (unsigned)r.rejected, r.overflowed);
	}
	snprintf(text, sizeof text, "%s", weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	fini(&r);
	return text;
}

static void
test_results(bool merge)
{
	T_STR(eval("{ a: count(), b: count(i), c: count(where: i > 1) }",
		  merge), "int64!: 3 | 3; int64!: 2 | 3; int64!: 1 | 3");
	T_STR(eval("{ a: sum(i), b: avg(i) }", merge), "decimal(38, 0): 4 | 6; "
	    "decimal(23, 4): 2.0000 | 2.0000");
	T_STR(eval("{ a: sum(d), b: avg(d), c: max(d), e: min(d) }", merge),
	    "decimal(38, 2): 4.40 | -2.25; "
	    "decimal(16, 6): 2.200000 | -0.750000; "
	    "decimal(12, 2): 3.30 | 2.20; decimal(12, 2): 1.10 | -4.45");
	T_STR(eval("{ a: sum(f) }", merge), "float64: 0.4 | 0.2");
	T_STR(eval("{ a: min(s), b: max(s), c: first(s), e: last(s) }", merge),
	    "string: b | a; string: c | a long text, not in a slice; "
	    "string: b | a long text, not in a slice; string: c | a");
	T_STR(eval("{ a: any(b), c: all(b), e: any(i > 2) }", merge),
	    "bool: true | true; bool: false | false; bool: true | false");
	T_STR(eval("{ a: distinct(i), b: distinct(s) }", merge),
	    "int64!: 2 | 1; int64!: 2 | 2");
	T_STR(eval("{ a: approx_distinct(i, where: i > 5), "
		   "b: approx_distinct(s), c: count() }", merge),
	    "int64!: 0 | 0; int64!: 2 | 2; int64!: 3 | 3");
	T_STR(eval("{ a: variance(i), b: stddev_pop(i), c: var_pop(i), "
		   "e: stddev(i) }", merge),
	    "float64: 2 | 0; float64: 1 | 0; float64: 1 | 0; "
	    "float64: 1.4142135623730951 | 0");
	T_STR(eval("{ a: sum(d) / count(), b: sum(i) * 2 + max(i) }", merge),
	    "decimal(38, 6): 1.466667 | -0.750000; decimal(38, 0): 11 | 14");
	/* b is true once and twice; i is 1 null 3 null, and so on */
	T_STR(eval("{ n: count(), a: 6 // (count(where: b) - 1), b: 1 // "
		   "(count(where: b) - 1) }", merge),
	    "int64!: - | 3; int64!: - | 6; int64!: - | 1; "
	    "group 0: a expr.zero");
	T_STR(eval("{ n: 1 // (count(where: b) - 2), a: 6 // (count(where: b) "
		   "- 1) }", merge), "int64!: - | -; int64!: - | -; "
	    "group 0: a expr.zero; group 1: n expr.zero");
	T_STR(eval("{ a: sum(i, where: b), b: sum(10 // (i - 2), where: "
		   "i != 2) }", merge),
	    "decimal(38, 0): 1 | 4; decimal(38, 0): 0 | null");
	T_STR(eval("{ a: sum(1), b: count(1), c: max(\"x\") }", merge),
	    "decimal(38, 0): 3 | 3; int64!: 3 | 3; string: x | x");
	T_STR(eval("{ a: count(where: i > 2) / count(where: i > 9) }", merge),
	    "float64!: - | -; group 0: a expr.zero; group 1: a expr.zero");
}

static void
test_rejects(void)
{
	T_STR(eval("{ a: sum(10 // (i - 2)), n: count() }", false),
	    "decimal(38, 0): 0 | null; int64!: 3 | 0; rejected 32, "
	    "overflow 0");
	T_STR(eval("{ a: sum(w), n: count(), s: sum(w * 0) }", false),
	    "decimal(38, 0): 99999999999999999999999999999999999999 | 0; "
	    "int64!: 2 | 3; decimal(38, 0): 0 | 0; rejected 8, overflow 8");
}

static void
test_errors(void)
{
	T_STR(eval("{ a: i }", false), "5-6 agg.column: the column \"i\" has "
	    "many values in a group: it must stand inside an aggregate");
	T_STR(eval("{ a: sum(s), b: sum(x) }", false), "5-11 type.call: no "
	    "sum(string); 20-21 name.column: no column or param \"x\"");
	T_STR(eval("{ a: sum(count()) }", false), "9-14 agg.place: count is "
	    "an aggregate: it works on groups of rows, and there is no group "
	    "here");
	T_STR(eval("{ a: count(), a: max(i) }", false),
	    "14-15 name.twice: a column \"a\" is there already");
	T_STR(eval("{ a: count(where: i) }", false), "18-19 type.mismatch: "
	    "`where:` of an aggregate: expected bool, found int64");
	T_STR(eval("{ a: cuont() }", false),
	    "5-10 name.function: no function \"cuont\"");
}

static void
test_sharing(void)
{
	struct run r;
	size_t align;

	T(bind(&r, "{ a: sum(d), b: avg(d), c: sum(d) / count(), "
		   "e: count() }") != NULL);
	T_INT(weir__aggs_slot(r.ag, &align), 48);
	T_INT(align, 16);
	fini(&r);
	T(bind(&r, "{ a: sum(d), b: sum(d, where: b), c: sum(i) }") != NULL);
	T_INT(weir__aggs_slot(r.ag, &align), 96);
	fini(&r);
	T(bind(&r, "{ a: min(d), b: max(d) }") != NULL);
	T_INT(weir__aggs_slot(r.ag, &align), 64);
	fini(&r);
}

static void
test_memory(void)
{
	uint64_t n;

	for (n = 1; n < 600; n++) {
		weir__alloc_fail_at(n, 1);
		eval("{ a: sum(d) / count(), b: last(s), c: distinct(s), "
		     "e: max(i, where: b) }", n % 2 == 0);
		if (weir__alloc_count() < n)
			break;
	}
	weir__alloc_fail_at(0, 0);
	T(n < 600);
}

/* Values first, first + step, ... below n into a slot, a batch at a time. */
static void
count_about(void *slot, int64_t first, int64_t step, int64_t n, bool text)
{
	static int64_t values[4096];
	static struct weir_str texts[4096];
	static char room[4096][32];
	void *slots[4096];
	const struct weir_type ty = { .kind = text ? WEIR_STRING :
						     WEIR_INT64 };
	const struct weir_type *types[] = { &ty };
	struct weir_column co = { .u.i64 = values };
	const struct weir_column *args[] = { &co };
	struct weir_agg_call ca = { .host = &host, .args = args,
		.types = types, .nargs = 1, .slots = slots };
	int64_t v = first;

	if (text)
		co.u.str = texts;
	while (v < n) {
		for (ca.n = 0; ca.n < 4096 && v < n; v += step, ca.n++) {
			values[ca.n] = v;
			texts[ca.n] = weir_str_make(room[ca.n],
			    (size_t)snprintf(room[ca.n], sizeof room[0],
				"customer-%lld", (long long)v));
			slots[ca.n] = slot;
		}
		if (weir__agg_approx_distinct.update(&ca) != WEIR_OK)
			abort();
	}
}

static int64_t
about(void *slot)
{
	int64_t got;
	struct weir_column out = { .u.i64 = &got };

	T(weir__agg_approx_distinct.finish(NULL, &host, &slot, 0, 1, NULL,
	    &out) == WEIR_OK);
	return got;
}

/* Within 3 % of the exact count, twice the same is once, and a merge is what
 * all at once would have been. */
static void
test_approx(bool text)
{
	static const int64_t sizes[] = { 0, 1, 2, 10, 100, 1000, 5000, 10000,
		20000, 30000, 50000, 100000, 300000, 1000000 };
	static char a[8192], b[8192], c[8192];
	void *into = a, *from = b;
	double off, worst = 0;
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t n = sizes[i];

		memset(a, 0, sizeof a);
		memset(b, 0, sizeof b);
		memset(c, 0, sizeof c);
		count_about(a, 0, 2, n, text);
		count_about(b, 1, 2, n, text);
		count_about(b, 0, 3, n, text);
		count_about(c, 0, 1, n, text);
		T(weir__agg_approx_distinct.merge(NULL, &host, &into, &from, 0,
		    1) == WEIR_OK);
		T(memcmp(a, c, sizeof a) == 0);
		off = n == 0 ? (double)about(a) :
			       ((double)about(a) - (double)n) / (double)n;
		off = off < 0 ? -off : off;
		worst = off > worst ? off : worst;
		T(off <= 0.03);
		T(n > 10 || about(a) == n);
	}
	printf("# approx_distinct is off by %.2f %% at most\n", 100 * worst);
}

int
main(void)
{
	init();
	T(registry != NULL);
	test_results(false);
	test_results(true);
	test_rejects();
	test_errors();
	test_sharing();
	test_approx(false);
	test_approx(true);
	test_memory();
	weir__registry_free(registry);
	return t_done();
}
