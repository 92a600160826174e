/* SPDX-License-Identifier: MIT
 *
 * Expressions: binding and evaluation over four rows.
 *
 *	row	i	j	n	d	f	s	b	at
 *	0	7	-2	2	12.50	1.5	abc	true	2026-01-02T03:04:05Z
 *	1	0	max	0	0.01	-0.0	""	false	1969-12-31T23:59:59.999999Z
 *	2	null ...
 *	3	-5	min	3	-7.25	nan	(long)	true	2000-02-29T00:00:00Z
 */
#include "t.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "expr/expr.h"
#include "batch/batch.h"

#define NROWS 4

static struct weir_type decimal = { .kind = WEIR_DECIMAL, .precision = 12,
	.scale = 2 };
static struct weir_field item[] = { { .name = "item" } };
static struct weir_type list = { .kind = WEIR_LIST, .nfields = 1,
	.fields = item };
static struct weir_field members[] = { { .name = "x", .required = true },
	{ .name = "y" } };
static struct weir_type record = { .kind = WEIR_STRUCT, .nfields = 2,
	.fields = members };

enum { I, J, N, D, F, S, B, AT, DAY, DU, L, R, BY, NCOLS };

static struct weir_field fields[NCOLS] = {
	[I] = { .name = "i" },
	[J] = { .name = "j" },
	[N] = { .name = "n" },
	[D] = { .name = "d" },
	[F] = { .name = "f" },
	[S] = { .name = "s" },
	[B] = { .name = "b" },
	[AT] = { .name = "at" },
	[DAY] = { .name = "day" },
	[DU] = { .name = "du" },
	[L] = { .name = "l" },
	[R] = { .name = "r" },
	[BY] = { .name = "by" },
};

static struct weir_schema schema = { .ncols = NCOLS, .cols = fields,
	.event_time = -1 };

static int64_t di[] = { 7, 0, 99, -5 };
static int64_t dj[] = { -2, INT64_MAX, 99, INT64_MIN };
static int32_t dn[] = { 2, 0, 99, 3 };
static int64_t dd[] = { 1250, 1, 99, -725 };
static double df[] = { 1.5, -0.0, 99, 0 };
static struct weir_str ds[NROWS];
static struct weir_str dby[NROWS];
static uint64_t dbits[] = { 0xd };
static int64_t dat[] = { 1767323045000000, -1, 99, 951782400000000 };
static int32_t dday[] = { 20455, -1, 99, 11016 };
static int64_t ddu[] = { 5400000000, -1000, 99, 0 };
static int64_t dl[] = { 1, 2, 3, 4 };
static int32_t dlo[] = { 0, 3, 3, 3, 4 };
static uint64_t valid[] = { 0xb };
static struct weir_column litem = { .u.i64 = dl };
static struct weir_column rmembers[2] = { { .u.i64 = di }, { .u.str = ds } };

static struct weir_column cols[NCOLS] = {
	[I] = { .u.i64 = di, .valid = valid },
	[J] = { .u.i64 = dj, .valid = valid },
	[N] = { .u.i32 = dn, .valid = valid },
	[D] = { .u.i64 = dd, .valid = valid },
	[F] = { .u.f64 = df, .valid = valid },
	[S] = { .u.str = ds, .valid = valid },
	[B] = { .u.bits = dbits, .valid = valid },
	[AT] = { .u.i64 = dat, .valid = valid },
	[DAY] = { .u.i32 = dday, .valid = valid },
	[DU] = { .u.i64 = ddu, .valid = valid },
	[L] = { .offsets = dlo, .child = &litem, .nchild = 1, .valid = valid },
	[R] = { .child = rmembers, .nchild = 2, .valid = valid },
	[BY] = { .u.str = dby, .valid = valid },
};

static struct weir__registry *registry;
static struct weir__param params[3];

static void
init(void)
{
	static const enum weir_kind kinds[NCOLS] = { WEIR_INT64, WEIR_INT64,
		WEIR_INT32, 0, WEIR_FLOAT64, WEIR_STRING, WEIR_BOOL,
		WEIR_TIMESTAMP, WEIR_DATE, WEIR_DURATION, 0, 0, WEIR_BYTES };
	static const char longtext[] = "a text that is longer than a slice";
	int c;

	for (c = 0; c < NCOLS; c++)
		if (kinds[c] != 0)
			fields[c].type = weir__type_scalar(kinds[c]);
	item[0].type = weir__type_scalar(WEIR_INT64);
	members[0].type = weir__type_scalar(WEIR_INT64);
	members[1].type = weir__type_scalar(WEIR_STRING);
	fields[D].type = &decimal;
	fields[L].type = &list;
	fields[R].type = &record;
	df[3] = NAN;
	ds[0] = weir_str_make("abc", 3);
	ds[3] = weir_str_make(longtext, sizeof longtext - 1);
	dby[0] = weir_str_make("abc", 3);
	dby[3] = weir_str_make("\xff", 1);
	params[0].name = "limit";
	params[0].value.type = weir__type_scalar(WEIR_INT64);
	params[0].value.u.i = 6;
	params[1].name = "d";
	params[1].value.type = weir__type_scalar(WEIR_STRING);
	params[1].value.u.s = weir_str_make("a/b", 3);
	params[2].name = "key";
	params[2].value.type = weir__type_scalar(WEIR_STRING);
	params[2].value.u.s = weir_str_make("geheim", 6);
	params[2].secret = true;
	registry = weir__registry_new();
}

struct run {
	struct weir__arena ar;
	struct weir__errors es;
	struct weir__scope sc;
	struct weir_expr *ex;
};

static void
run_init(struct run *r)
{
	memset(r, 0, sizeof *r);
	weir__arena_init(&r->ar, 0);
	weir__errors_init(&r->es);
	r->sc.ar = &r->ar;
	r->sc.errors = &r->es;
	r->sc.functions = registry;
	r->sc.schema = &schema;
	r->sc.params = params;
	r->sc.nparams = 3;
}

static void
run_fini(struct run *r)
{
	weir__errors_fini(&r->es);
	weir__arena_fini(&r->ar);
}

static char text[4096];

static const char *
errors_text(struct run *r)
{
	size_t i, at = 0;

	text[0] = '\0';
	for (i = 0; i < r->es.n; i++) {
		struct weir_err *e = &r->es.list[i];

		at += (size_t)snprintf(text + at, sizeof text - at,
		    "%s%u-%u %s: %s%s%s%s", i ? "; " : "", e->span.at,
		    e->span.end, e->code, e->text, e->hint[0] ? " (" : "",
		    e->hint, e->hint[0] ? ")" : "");
	}
	return text;
}

static struct weir_expr *
bind(struct run *r, const char *s, const struct weir_type *want)
{
	uint32_t src = weir__errors_source(&r->es, "x", s, strlen(s));
	struct weir__ast_expr *as =
	    src != 0 ? weir__parse_expr(&r->ar, &r->es, src) : NULL;

	r->ex = as != NULL ? weir__expr_bind(&r->sc, as, want) : NULL;
	return r->ex;
}

/* All rows' values: "type: v0 | v1 | v2 | v3", "!code" where a row failed; or
 * the binder's errors. */
static const char *
eval_want(const char *s, const struct weir_type *want)
{
	struct weir__buf bf;
	struct weir__eval ev;
	struct weir_column co;
	struct run r;
	uint32_t i;

	run_init(&r);
	if (bind(&r, s, want) == NULL) {
		errors_text(&r);
		run_fini(&r);
		return text;
	}
	memset(&ev, 0, sizeof ev);
	ev.ar = &r.ar;
	ev.cols = cols;
	ev.nrows = NROWS;
	weir__buf_init(&bf);
	weir__type_print(&bf, weir__expr_type(r.ex));
	weir__buf_str(&bf, ":");
	if (weir__expr_eval(&ev, r.ex, &co) != 0)
		weir__buf_str(&bf, " out of memory");
	else
		for (i = 0; i < NROWS; i++) {
			struct weir_value v;

			weir__buf_str(&bf, i ? " | " : " ");
			if (ev.errors != NULL && weir_bit(ev.errors, i)) {
				weir__buf_printf(&bf, "!%s",
				    weir__eval_error(&ev, i)->code);
				continue;
			}
			weir__column_value(&r.ar, &v, &co,
			    weir__expr_type(r.ex), i);
			weir__value_show(&bf, &v);
		}
	snprintf(text, sizeof text, "%s", weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	run_fini(&r);
	return text;
}

static const char *
eval(const char *s)
{
	return eval_want(s, NULL);
}

static void
test_leaves(void)
{
	T_STR(eval("i"), "int64: 7 | 0 | null | -5");
	T_STR(eval("row.i"), "int64: 7 | 0 | null | -5");
	T_STR(eval("limit"), "int64: 6 | 6 | 6 | 6");
	T_STR(eval("param.d"), "string: a/b | a/b | a/b | a/b");
	T_STR(eval("d"), "0-1 name.ambiguous: \"d\" is a column and a param "
			 "(write row.d or param.d)");
	T_STR(eval("row.d"), "decimal(12, 2): 12.50 | 0.01 | null | -7.25");
	T_STR(eval("r.x"), "int64: 7 | 0 | null | -5");
	T_STR(eval("r.z"), "2-3 name.field: no field \"z\" in "
			   "struct { x: int64!, y: string }");
	T_STR(eval("l[0]"), "int64: 1 | null | null | 4");
	T_STR(eval("l[-1]"), "int64: 3 | null | null | 4");
	T_STR(eval("key"), "0-3 expr.secret: a secret can't stand here: only "
	    "options and arguments made for secrets take one");
	T_STR(eval("limt"), "0-4 name.column: no column or param \"limt\" "
			    "(did you mean \"limit\"?)");
	T_STR(eval("null"), "0-4 type.unknown: null alone has no type: write "
	    "cast(null as string), or whichever type is meant");
	T_STR(eval("1.50"), "decimal(3, 2): 1.50 | 1.50 | 1.50 | 1.50");
	T_STR(eval("0.05"), "decimal(2, 2): 0.05 | 0.05 | 0.05 | 0.05");
	T_STR(eval("1e3"), "float64: 1000 | 1000 | 1000 | 1000");
}

static void
test_arithmetic(void)
{
	T_STR(eval("i + 1"), "int64: 8 | 1 | null | -4");
	T_STR(eval("j + 1"),
	    "int64: -1 | !expr.overflow | null | -9223372036854775807");
	T_STR(eval("j - 1"),
	    "int64: -3 | 9223372036854775806 | null | !expr.overflow");
	T_STR(eval("-j"), "int64: 2 | -9223372036854775807 | null | "
			  "!expr.overflow");
	T_STR(eval("j * 2"),
	    "int64: -4 | !expr.overflow | null | !expr.overflow");
	T_STR(eval("n * n"), "int64: 4 | 0 | null | 9");
	T_STR(eval("i / 2"), "float64: 3.5 | 0 | null | -2.5");
	T_STR(eval("i // 2"), "int64: 3 | 0 | null | -2");
	T_STR(eval("i % 3"), "int64: 1 | 0 | null | -2");
	T_STR(eval("10 // n"), "int64: 5 | !expr.zero | null | 3");
	T_STR(eval("10 % n"), "int64: 0 | !expr.zero | null | 1");
	T_STR(eval("i / n"),
	    "float64: 3.5 | !expr.zero | null | -1.6666666666666667");
	T_STR(eval("j // -1"),
	    "int64: 2 | -9223372036854775807 | null | !expr.overflow");
	T_STR(eval("f * 2"), "float64: 3 | -0 | null | nan");
	T_STR(eval("-f"), "float64: -1.5 | 0 | null | nan");
	T_STR(eval("row.d + 1"),
	    "decimal(13, 2): 13.50 | 1.01 | null | -6.25");
	T_STR(eval("row.d + 0.001"),
	    "decimal(14, 3): 12.501 | 0.011 | null | -7.249");
	T_STR(eval("row.d * 1.1"),
	    "decimal(14, 3): 13.750 | 0.011 | null | -7.975");
	T_STR(eval("row.d * row.d"),
	    "decimal(24, 4): 156.2500 | 0.0001 | null | 52.5625");
	T_STR(eval("row.d / 3"), "decimal(16, 6): 4.166667 | 0.003333 | null "
				 "| -2.416667");
	T_STR(eval("row.d % 5"), "decimal(3, 2): 2.50 | 0.01 | null | -2.25");
	T_STR(eval("row.d // 5"), "decimal(10, 0): 2 | 0 | null | -1");
	T_STR(eval("row.d * f"), "float64: 18.75 | -0 | null | nan");
	T_STR(eval("row.d + i"),
	    "decimal(22, 2): 19.50 | 0.01 | null | -12.25");
	T_STR(eval("-row.d"), "decimal(12, 2): -12.50 | -0.01 | null | 7.25");
	T_STR(eval("s + s"), "2-3 type.operator: no `+` for string and string "
			     "(texts are joined as \"${a}${b}\")");
	T_STR(eval("1 / 0"), "0-5 expr.zero: division by zero");
	T_STR(eval("9223372036854775807 + 1"),
	    "0-23 expr.overflow: overflow: the result does not fit int64");
	T_STR(eval("(i + x) * (y + s)"),
	    "5-6 name.column: no column or param \"x\"; 11-12 name.column: "
	    "no column or param \"y\"");
}

static void
test_time(void)
{
	T_STR(eval("at + 1h"), "timestamp: 2026-01-02T04:04:05Z | "
	    "1970-01-01T00:59:59.999999Z | null | 2000-02-29T01:00:00Z");
	T_STR(eval("at - du"), "timestamp: 2026-01-02T01:34:05Z | "
	    "1970-01-01T00:00:00.000999Z | null | 2000-02-29T00:00:00Z");
	T_STR(eval("at - at"), "duration: 0s | 0s | null | 0s");
	T_STR(eval("at - \"2026-01-02\""),
	    "duration: 3h4m5s | -490920h1us | null | -226536h");
	T_STR(eval("at > \"2000-01-01T00:00:00+01:00\""),
	    "bool: true | false | null | true");
	T_STR(eval("at > \"yesterday\""), "5-16 value.syntax: expected "
	    "timestamp, found \"yesterday\"");
	T_STR(eval("day < at"), "bool: true | true | null | false");
	T_STR(eval("day - day"), "duration: 0s | 0s | null | 0s");
	T_STR(eval("du * 2"), "duration: 3h | -2ms | null | 0s");
	T_STR(eval("du / 2"), "duration: 45m | -500us | null | 0s");
	T_STR(eval("du / 1m"),
	    "float64: 90 | -0.000016666666666666667 | null | 0");
	T_STR(eval("du // 1s"), "int64: 5400 | 0 | null | 0");
	T_STR(eval("du * 0.5"), "duration: 45m | -500us | null | 0s");
	T_STR(eval("at + 1"), "3-4 type.operator: no `+` for timestamp and "
	    "int64 (say which unit: 5s, 1h, n * 1ms)");
	T_STR(eval("at + 100000000h"), "timestamp: !expr.overflow | "
	    "!expr.overflow | null | !expr.overflow");
}

static void
test_compare(void)
{
	T_STR(eval("i < 5"), "bool: false | true | null | true");
	T_STR(eval("i >= 0"), "bool: true | true | null | false");
	T_STR(eval("i == 7"), "bool: true | false | null | false");
	T_STR(eval("i != 7"), "bool: false | true | null | true");
	T_STR(eval("j == 9223372036854775807.0"),
	    "bool: false | true | null | false");
	T_STR(eval("j < 9223372036854775807e0"),
	    "bool: true | true | null | true");
	T_STR(eval("f < 1"), "bool: false | true | null | false");
	T_STR(eval("f == f"), "bool: true | true | null | true");
	T_STR(eval("f > 1e300"), "bool: false | false | null | true");
	T_STR(eval("f == 0"), "bool: false | true | null | false");
	T_STR(eval("row.d > 0.001"), "bool: true | true | null | false");
	T_STR(eval("row.d == 12.5"), "bool: true | false | null | false");
	T_STR(eval("row.d <= i"), "bool: false | false | null | true");
	T_STR(eval("n == 2"), "bool: true | false | null | false");
	T_STR(eval("n < 2.5"), "bool: true | true | null | false");
	T_STR(eval("s == \"abc\""), "bool: true | false | null | false");
	T_STR(eval("s < \"ab\""), "bool: false | true | null | true");
	T_STR(eval("b == true"), "bool: true | false | null | true");
	T_STR(eval("i == null"), "0-9 type.null: a comparison with null is "
	    "never true (write `is null`)");
	T_STR(eval("i == s"), "2-4 type.compare: no `==` for int64 and string "
	    "(cast(... as int64))");
	T_STR(eval("i between 0 and 7"), "bool: true | true | null | false");
	T_STR(eval("i not between 0 and 7"),
	    "bool: false | false | null | true");
	T_STR(eval("10 // n between 1 and 4"),
	    "bool: false | !expr.zero | null | true");
	T_STR(eval("i in [7, 8]"), "bool: true | false | null | false");
	T_STR(eval("i in [7, null]"), "bool: true | null | null | null");
	T_STR(eval("i not in [7, 8]"), "bool: false | true | null | true");
	T_STR(eval("n in [1, 2, 3, 4, 5, 6, 7, 8, 9]"),
	    "bool: true | false | null | true");
	T_STR(eval("s in [\"abc\", \"\"]"), "bool: true | true | null | false");
	T_STR(eval("s in [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", "
		   "\"8\", \"9\", \"abc\"]"),
	    "bool: true | false | null | false");
	T_STR(eval("i in [7, 10 // n]"),
	    "bool: true | !expr.zero | null | false");
	T_STR(eval("row.d in [12.5, 1]"), "bool: true | false | null | false");
	T_STR(eval("1 in l"), "bool: true | false | null | false");
	T_STR(eval("i in [\"a\"]"), "6-9 type.mismatch: expected int64, found "
				    "string");
	T_STR(eval("at in [\"2026-01-02T03:04:05Z\"]"),
	    "bool: true | false | null | false");
	T_STR(eval("s like \"a%\""), "bool: true | false | null | true");
	T_STR(eval("s like \"_b_\""), "bool: true | false | null | false");
	T_STR(eval("s like \"%that%than%\""),
	    "bool: false | false | null | true");
	T_STR(eval("s not like \"%c\""), "bool: false | true | null | true");
	T_STR(eval("s like \"a\\\\\""), "7-12 expr.like: the pattern ends with "
	    "a lone backslash");
	T_STR(eval("s like s"), "bool: true | true | null | true");
}

static void
test_logic(void)
{
	T_STR(eval("b and i > 0"), "bool: true | false | null | false");
	T_STR(eval("not b"), "bool: false | true | null | false");
	T_STR(eval("b or i is null"), "bool: true | false | true | true");
	T_STR(eval("i is not null"), "bool: true | true | false | true");
	T_STR(eval("n != 0 and 10 // n > 3"),
	    "bool: true | false | null | false");
	T_STR(eval("10 // n > 3 and n != 0"),
	    "bool: true | false | null | false");
	T_STR(eval("10 // n > 3 and true"),
	    "bool: true | !expr.zero | null | false");
	T_STR(eval("10 // n > 3 or n == 0"),
	    "bool: true | true | null | false");
	T_STR(eval("i > 0 or null"), "bool: true | null | null | null");
	T_STR(eval("if n == 0 then -1 else 10 // n"),
	    "int64: 5 | -1 | null | 3");
	T_STR(eval("if b then 1.5 else i"),
	    "decimal(20, 1): 1.5 | 0.0 | null | 1.5");
	T_STR(eval("if b then s"), "string: abc | null | null | "
				   "a text that is longer than a slice");
	T_STR(eval("case n when 2 then \"two\" when 3 then \"three\" "
		   "else \"many\" end"),
	    "string: two | many | many | three");
	T_STR(eval("case when i > 5 then 1 when i < 0 then 10 // (i + 5) end"),
	    "int64: 1 | null | null | !expr.zero");
	T_STR(eval("case 10 // n when 5 then 1 else 0 end"),
	    "int64: 1 | !expr.zero | 0 | 0");
	T_STR(eval("i ?? 1"), "int64: 7 | 0 | 1 | -5");
	T_STR(eval("i ?? 10 // n"), "int64: 7 | 0 | null | -5");
	T_STR(eval("null ?? i"), "int64: 7 | 0 | null | -5");
	T_STR(eval("l ?? [9, 8]"), "list(int64): [1, 2, 3] | [] | [9, 8] | [4]");
	T_STR(eval("if i then 1 else 2"),
	    "3-4 type.mismatch: condition: expected bool, found int64");
	T_STR(eval("if b then 1 else \"a\""), "17-20 type.mismatch: expected "
	    "int64 like the result before, found string");
	T_STR(eval("if limit > 5 then \"a\" else \"b\""),
	    "string: a | a | a | a");
	T_STR(eval("if false then 1 // 0 else 2"), "int64: 2 | 2 | 2 | 2");
	T_STR(eval("coalesce(i, n, 3)"), "int64: 7 | 0 | 3 | -5");
	T_STR(eval("nullif(i, 0)"), "int64: 7 | null | null | -5");
	T_STR(eval("greatest(i, n, 1.5)"),
	    "decimal(20, 1): 7.0 | 1.5 | 1.5 | 3.0");
	T_STR(eval("least(s, \"abb\")"), "string: abb |  | abb | a text that is "
					 "longer than a slice");
	T_STR(eval("greates(i, 1)"), "0-7 name.function: no function "
	    "\"greates\" (did you mean \"greatest\"?)");
	T_STR(eval("nullif(i)"), "0-9 type.call: no nullif(int64) (there is "
				 "nullif(T, T))");
}

static void
test_cast(void)
{
	T_STR(eval("cast(i as string)"), "string: 7 | 0 | null | -5");
	T_STR(eval("cast(j as int32)"),
	    "int32: -2 | !expr.overflow | null | !expr.overflow");
	T_STR(eval("cast(row.d as int)"), "int64: 12 | 0 | null | -7");
	T_STR(eval("cast(row.d as decimal(3, 1))"),
	    "decimal(3, 1): 12.5 | 0.0 | null | -7.2");
	T_STR(eval("cast(i as decimal(3, 2))"),
	    "decimal(3, 2): 7.00 | 0.00 | null | -5.00");
	T_STR(eval("cast(j as decimal(3, 2))"), "decimal(3, 2): -2.00 | "
	    "!expr.overflow | null | !expr.overflow");
	T_STR(eval("cast(f as int)"), "int64: 2 | 0 | null | !expr.overflow");
	T_STR(eval("cast(row.d as float)"), "float64: 12.5 | 0.01 | null | -7.25");
	T_STR(eval("cast(f as decimal(4, 2))"),
	    "decimal(4, 2): 1.50 | 0.00 | null | !expr.overflow");
	T_STR(eval("cast(b as int)"), "int64: 1 | 0 | null | 1");
	T_STR(eval("cast(i as bool)"), "bool: true | false | null | true");
	T_STR(eval("cast(s as int)"),
	    "int64: !expr.cast | !expr.cast | null | !expr.cast");
	T_STR(eval("cast(cast(i as string) as int32)"),
	    "int32: 7 | 0 | null | -5");
	T_STR(eval("cast(at as date)"),
	    "date: 2026-01-02 | 1969-12-31 | null | 2000-02-29");
	T_STR(eval("cast(day as timestamp)"), "timestamp: 2026-01-02T00:00:00Z "
	    "| 1969-12-31T00:00:00Z | null | 2000-02-29T00:00:00Z");
	T_STR(eval("cast(i as timestamp(s))"), "timestamp: "
	    "1970-01-01T00:00:07Z | 1970-01-01T00:00:00Z | null | "
	    "1969-12-31T23:59:55Z");
	T_STR(eval("cast(row.d as timestamp(s))"), "timestamp: "
	    "1970-01-01T00:00:12.500Z | 1970-01-01T00:00:00.010Z | null | "
	    "1969-12-31T23:59:52.750Z");
	T_STR(eval("cast(j as timestamp(ms))"), "timestamp: "
	    "1969-12-31T23:59:59.998Z | !expr.overflow | null | "
	    "!expr.overflow");
	T_STR(eval("cast(\"02/Jan/2026\" as timestamp(\"%d/%b/%Y\"))"),
	    "timestamp: 2026-01-02T00:00:00Z | 2026-01-02T00:00:00Z | "
	    "2026-01-02T00:00:00Z | 2026-01-02T00:00:00Z");
	T_STR(eval("cast(i as timestamp)"), "0-20 type.cast: int64 can't be "
	    "cast to timestamp (say what the number counts: timestamp(s), "
	    "timestamp(ms), timestamp(us), timestamp(ns))");
	T_STR(eval("cast(by as string)"), "string: abc |  | null | !expr.cast");
	T_STR(eval("cast(r as json)"), "json: {\"x\":7,\"y\":\"abc\"} | "
	    "{\"x\":0,\"y\":\"\"} | null | {\"x\":-5,\"y\":"
	    "\"a text that is longer than a slice\"}");
	T_STR(eval("cast(\"[1, 2]\" as json)"),
	    "json: [1, 2] | [1, 2] | [1, 2] | [1, 2]");
	T_STR(eval("cast(\"[1,]\" as json)"), "0-20 expr.cast: \"[1,]\" is not "
					      "a value of json");
	T_STR(eval("cast(i as string!)"), "10-17 type.required: a cast can't "
	    "promise a value: leave out the `!`");
	T_STR(eval("cast(i as strin)"), "10-15 name.type: no type or schema "
	    "\"strin\" (did you mean \"string\"?)");
	T_STR(eval("cast(\"90m\" as duration)"),
	    "duration: 1h30m | 1h30m | 1h30m | 1h30m");
}

static void
test_text(void)
{
	T_STR(eval("\"${i}: ${s}!\""), "string: 7: abc! | 0: ! | null | "
	    "-5: a text that is longer than a slice!");
	T_STR(eval("\"${at}\""), "string: 2026-01-02T03:04:05Z | "
	    "1969-12-31T23:59:59.999999Z | null | 2000-02-29T00:00:00Z");
	T_STR(eval("\"${limit}x\""), "string: 6x | 6x | 6x | 6x");
	T_STR(eval("\"${by}\""), "3-5 type.template: bytes are no text "
	    "(cast(... as string), or base64(...))");
	T_STR(eval("\"${l}\""), "string: [1,2,3] | [] | null | [4]");
}

static void
test_nested(void)
{
	T_STR(eval("[i, n]"), "list(int64): [7, 2] | [0, 0] | [null, null] | "
			      "[-5, 3]");
	T_STR(eval("{ a: i, b: s }.a"), "int64: 7 | 0 | null | -5");
	T_STR(eval("[[1], [2, 3]][1]"),
	    "list(int64): [2, 3] | [2, 3] | [2, 3] | [2, 3]");
	T_STR(eval("if b then l else [i]"),
	    "list(int64): [1, 2, 3] | [0] | [null] | [4]");
	T_STR(eval("r == r"), "bool: true | true | null | true");
	T_STR(eval("l < l"), "2-3 type.compare: no `<` for list(int64) and "
			     "list(int64)");
	T_STR(eval("(if b then r else null).y"), "string: abc | null | null | "
	    "a text that is longer than a slice");
	T_STR(eval("i[0]"), "0-4 type.index: int64 has no items: only a list "
			    "or a map has");
	T_STR(eval("i.x"), "2-3 type.field: int64 has no fields: only a "
			   "struct has");
}

static void
test_want(void)
{
	static const struct weir_type d5 = { .kind = WEIR_DECIMAL,
		.precision = 5, .scale = 1 };

	T_STR(eval_want("n", weir__type_scalar(WEIR_INT64)),
	    "int64: 2 | 0 | null | 3");
	T_STR(eval_want("i", weir__type_scalar(WEIR_FLOAT64)),
	    "float64: 7 | 0 | null | -5");
	T_STR(eval_want("\"2026-01-02\"", weir__type_scalar(WEIR_DATE)),
	    "date: 2026-01-02 | 2026-01-02 | 2026-01-02 | 2026-01-02");
	T_STR(eval_want("1", &d5), "decimal(5, 1): 1.0 | 1.0 | 1.0 | 1.0");
	T_STR(eval_want("1.25", &d5), "0-4 type.range: the number does not "
				      "fit decimal(5, 1)");
	T_STR(eval_want("i", &d5), "0-1 type.mismatch: expected "
	    "decimal(5, 1), found int64 (cast(... as decimal(5, 1)) if the "
	    "loss is meant)");
	T_STR(eval_want("s", weir__type_scalar(WEIR_TIMESTAMP)),
	    "0-1 type.mismatch: expected timestamp, found string");
	T_STR(eval_want("null", weir__type_scalar(WEIR_DATE)),
	    "date: null | null | null | null");
	T_STR(eval_want("[1, 2]", &list),
	    "list(int64): [1, 2] | [1, 2] | [1, 2] | [1, 2]");
	T_STR(eval_want("[]", &list), "list(int64): [] | [] | [] | []");
}

static const char *
constant(const char *s, const struct weir_type *want, bool need)
{
	struct weir__buf bf;
	struct weir_value v;
	struct weir__ast_expr *as;
	struct run r;
	bool secret = false;
	uint32_t src;

	run_init(&r);
	r.sc.schema = NULL;
	r.sc.allow_env = r.sc.allow_secret = true;
	r.sc.need_secrets = need;
	src = weir__errors_source(&r.es, "x", s, strlen(s));
	as = src != 0 ? weir__parse_expr(&r.ar, &r.es, src) : NULL;
	if (as == NULL ||
	    weir__expr_constant(&r.sc, as, want, &v, &secret) != 0) {
		errors_text(&r);
		run_fini(&r);
		return text;
	}
	weir__buf_init(&bf);
	if (secret)
		weir__buf_str(&bf, "secret ");
	if (v.type->kind != WEIR_NULL)
		weir__type_print(&bf, v.type);
	weir__buf_chr(&bf, ' ');
	weir__value_print(&bf, &v);
	snprintf(text, sizeof text, "%s", weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	run_fini(&r);
	return text;
}

static void
test_constants(void)
{
	setenv("WEIR_T_N", "48", 1);
	setenv("WEIR_T_D", "30 seconds", 1);
	unsetenv("WEIR_T_NONE");
	T_STR(constant("env(\"WEIR_T_N\", 5)", NULL, true), "int64 48");
	T_STR(constant("env(\"WEIR_T_N\")", NULL, true), "string \"48\"");
	T_STR(constant("env(\"WEIR_T_D\", 5m)", NULL, true), "duration 30s");
	T_STR(constant("env(\"WEIR_T_D\")", weir__type_scalar(WEIR_DURATION),
		  true), "duration 30s");
	T_STR(constant("env(\"WEIR_T_NONE\", 5m)", NULL, true), "duration 5m");
	T_STR(constant("env(\"WEIR_T_NONE\")", NULL, true), "0-18 env.unset: "
	    "WEIR_T_NONE is not set in the environment (set it, or give a "
	    "default: env(\"WEIR_T_NONE\", ...))");
	T_STR(constant("secret(env(\"WEIR_T_NONE\"))", NULL, false),
	    "secret string null");
	T_STR(constant("secret(env(\"WEIR_T_N\"))", NULL, false),
	    "secret string \"48\"");
	T_STR(constant("\"x${secret(\"y\")}\"", NULL, false),
	    "secret string \"xy\"");
	T_STR(constant("env(\"WEIR_T_D\", 5)", NULL, true), "0-18 env.value: "
	    "the environment's WEIR_T_D: expected int64, found "
	    "\"30 seconds\"");
	T_STR(constant("2 + 3 * limit", NULL, true), "int64 20");
	T_STR(constant("null", NULL, true), " null");
	T_STR(constant("{ a: 1, b: [1.5, 2] }", NULL, true),
	    "struct { a: int64!, b: list(decimal(2, 1))! } "
	    "{ a: 1, b: [1.5, 2.0] }");
	T_STR(constant("i", NULL, true), "0-1 name.param: no param \"i\" "
					 "(no row is read here)");
}

static void
test_path(void)
{
	struct run r;
	struct weir__eval ev;
	struct weir_column co;
	struct weir_value v;
	struct weir__buf bf;

	run_init(&r);
	r.sc.path = true;
	bind(&r, "\"${param.d}/s=${if b then \"../x%\" else \"a\"}/${i}\"",
	    NULL);
	T(r.ex != NULL);
	memset(&ev, 0, sizeof ev);
	ev.ar = &r.ar;
	ev.cols = cols;
	ev.nrows = NROWS;
	T(weir__expr_eval(&ev, r.ex, &co) == 0);
	weir__buf_init(&bf);
	weir__column_value(&r.ar, &v, &co, weir__expr_type(r.ex), 0);
	weir__value_show(&bf, &v);
	T_STR(weir__buf_cstr(&bf), "a/b/s=%2E.%2Fx%25/7");
	weir__buf_clear(&bf);
	weir__column_value(&r.ar, &v, &co, weir__expr_type(r.ex), 2);
	weir__value_show(&bf, &v);
	T_STR(weir__buf_cstr(&bf), "a/b/s=a/__HIVE_DEFAULT_PARTITION__");
	T_STR(weir__expr_prefix(r.ex), "a/b/s=");
	weir__buf_fini(&bf);
	run_fini(&r);
}

static void
test_filter_and_errors(void)
{
	struct run r;
	struct weir__eval ev;
	uint64_t bits[1] = { 0 }, rows[1] = { 0x9 };

	run_init(&r);
	bind(&r, "10 // n > 3 and 10 // i > 0", NULL);
	T(r.ex != NULL);
	memset(&ev, 0, sizeof ev);
	ev.ar = &r.ar;
	ev.cols = cols;
	ev.nrows = NROWS;
	T(weir__expr_filter(&ev, r.ex, bits) == 0);
	T_INT(bits[0], 1);
	T(ev.errors != NULL);
	T_INT(ev.errors[0], 2);
	T_INT(weir__eval_error(&ev, 1)->span.at, 0);
	T(weir__eval_error(&ev, 0) == NULL);
	ev.rows = rows;
	T(weir__expr_filter(&ev, r.ex, bits) == 0);
	T(ev.errors == NULL);
	run_fini(&r);
}

/* ---- what a scope may have besides columns and params */

static struct weir_field og_fields[] = { { .name = "topic" },
	{ .name = "offset" } };
static struct weir_schema og_schema = { .ncols = 2, .cols = og_fields };
static struct weir_str og_topic[2];
static int64_t og_offset[] = { 70, 71 };
static struct weir_column og_cols[] = { { .u.str = og_topic },
	{ .u.i64 = og_offset } };

static uint32_t seen_cols;
static char seen_origin[64];

static void
see_column(void *arg, uint32_t col)
{
	(void)arg;
	seen_cols |= 1u << col;
}

static void
see_origin(void *arg, const char *name)
{
	(void)arg;
	snprintf(seen_origin, sizeof seen_origin, "%s", name);
}

static void
test_origin(void)
{
	static const uint32_t root_rows[] = { 1, 0, 0, 1 };
	struct weir_batch root = { .schema = &og_schema, .nrows = 2,
		.ncols = 2, .cols = og_cols };
	struct weir_batch b = { .nrows = NROWS, .root = &root,
		.root_rows = root_rows };
	struct weir__eval ev;
	struct weir_column co;
	struct run r;

	og_fields[0].type = weir__type_scalar(WEIR_STRING);
	og_fields[1].type = weir__type_scalar(WEIR_INT64);
	og_topic[0] = og_topic[1] = weir_str_make("t", 1);
	run_init(&r);
	r.sc.has_origin = true;
	r.sc.origin = &og_schema;
	T(bind(&r, "origin.offset + i", NULL) != NULL);
	weir__expr_reads(r.ex, see_column, see_origin, NULL);
	T_INT(seen_cols, 1 << I);
	T_STR(seen_origin, "offset");
	memset(&ev, 0, sizeof ev);
	ev.ar = &r.ar;
	ev.cols = cols;
	ev.b = &b;
	ev.nrows = NROWS;
	T(weir__expr_eval(&ev, r.ex, &co) == 0);
	T_INT(co.u.i64[0], 78);
	T_INT(co.u.i64[1], 70);
	T(!weir_valid(&co, 2));
	b.root = NULL; /* the origin is gone: null */
	T(weir__expr_eval(&ev, r.ex, &co) == 0);
	T(!weir_valid(&co, 0));
	T(bind(&r, "origin.offse", NULL) == NULL);
	T_STR(errors_text(&r), "0-12 name.origin: the origin of these rows has "
	    "no \"offse\" (did you mean \"origin.offset\"?)");
	run_fini(&r);
	T_STR(eval("origin.topic"), "0-12 name.origin: the origin of rows is "
	    "not known here (origin.x is what a decoded row's message came "
	    "with; a window's rows come of many)");
}

/* Entries of one `set` see earlier ones, which hide columns. */
static void
test_earlier(void)
{
	struct weir_named made[1];
	struct weir_column all[NCOLS + 1];
	struct weir__eval ev;
	struct weir_column co;
	struct run r;

	run_init(&r);
	memset(made, 0, sizeof made);
	made[0].name = "i";
	made[0].expr = bind(&r, "i * 10", NULL);
	T(made[0].expr != NULL);
	T_INT(weir__expr_column_no(made[0].expr), -1);
	memset(&ev, 0, sizeof ev);
	ev.ar = &r.ar;
	ev.cols = cols;
	ev.nrows = NROWS;
	memcpy(all, cols, sizeof cols);
	T(weir__expr_eval(&ev, made[0].expr, &all[NCOLS]) == 0);
	r.sc.earlier = made;
	r.sc.nearlier = 1;
	T(bind(&r, "i + n", NULL) != NULL);
	ev.cols = all;
	T(weir__expr_eval(&ev, r.ex, &co) == 0);
	T_INT(co.u.i64[0], 72);
	T(bind(&r, "n", NULL) != NULL);
	T_INT(weir__expr_column_no(r.ex), N);
	T(bind(&r, "i", NULL) != NULL);
	T_INT(weir__expr_column_no(r.ex), -1);
	run_fini(&r);
}

static void
test_secret(void)
{
	struct weir__buf bf;
	struct run r;

	/* Taint is passed on, but by what is made to end it. */
	T_STR(eval("\"${key}\""), "0-8 expr.secret: a secret can't stand here: "
	    "only options and arguments made for secrets take one");
	T_STR(eval("length(key)"), "0-11 expr.secret: a secret can't stand "
	    "here: only options and arguments made for secrets take one");
	T_STR(eval("left(hmac_sha256(s, key: key), 8)"),
	    "string: 4b096168 | e41965ab | null | 807f64d4");
	run_init(&r);
	r.sc.allow_secret = true;
	T(bind(&r, "concat(key, \"x\")", NULL) != NULL);
	T(weir__expr_secret(r.ex));
	weir__buf_init(&bf);
	weir__expr_print(&bf, r.ex);
	T_STR(weir__buf_cstr(&bf), "secret(...)");
	T_STR(weir__expr_prefix(r.ex), "");
	weir__buf_fini(&bf);
	run_fini(&r);
}

static const char *
type_of(const char *s)
{
	const struct weir_type *ty = NULL;
	const char *format = NULL;
	struct weir__ast_type *at;
	struct weir__buf bf;
	struct run r;
	uint32_t src;

	run_init(&r);
	src = weir__errors_source(&r.es, "x", s, strlen(s));
	if ((at = weir__parse_type(&r.ar, &r.es, src)) != NULL)
		ty = weir__type_bind(&r.sc, at, &format);
	if (ty == NULL) {
		errors_text(&r);
	} else {
		weir__buf_init(&bf);
		weir__type_print(&bf, ty);
		snprintf(text, sizeof text, "%s %s", weir__buf_cstr(&bf),
		    format != NULL ? format : "-");
		weir__buf_fini(&bf);
	}
	run_fini(&r);
	return text;
}

static void
test_types(void)
{
	T_STR(type_of("int"), "int64 -");
	T_STR(type_of("float"), "float64 -");
	T_STR(type_of("decimal(12, 2)"), "decimal(12, 2) -");
	T_STR(type_of("decimal(5)"), "decimal(5, 0) -");
	T_STR(type_of("list(map(decimal(18, 8)!))"),
	    "list(map(decimal(18, 8)!)) -");
	T_STR(type_of("struct { a: int!, b: list(string) }"),
	    "struct { a: int64!, b: list(string) } -");
	T_STR(type_of("timestamp(ms)"), "timestamp ms");
	T_STR(type_of("timestamp(\"%d/%b/%Y\")"), "timestamp %d/%b/%Y");
	T_STR(type_of("decimal"), "0-7 type.decimal: decimal needs its digits: "
	    "decimal(12, 2) has 12, two of them after the point");
	T_STR(type_of("decimal(39, 2)"),
	    "8-10 type.decimal: a decimal has 1 to 38 digits");
	T_STR(type_of("decimal(2, 3)"), "11-12 type.decimal: 0 to 2 digits can "
	    "stand after the point of a decimal of 2");
	T_STR(type_of("string(5)"),
	    "0-9 type.args: string takes nothing in parentheses");
	T_STR(type_of("struct { a: int, a: int }"),
	    "17-18 name.twice: a field \"a\" is there already");
	T_STR(type_of("timestmp"), "0-8 name.type: no type or schema "
	    "\"timestmp\" (did you mean \"timestamp\"?)");
}

static const char *
from_text(const struct weir_type *ty, const char *s)
{
	struct weir__arena ar;
	struct weir__buf bf;
	struct weir_value v;
	struct weir_err err;

	weir__arena_init(&ar, 0);
	weir__buf_init(&bf);
	memset(&err, 0, sizeof err);
	if (weir__value_from_text(&ar, &v, ty, s, strlen(s), &err) != 0)
		snprintf(text, sizeof text, "%s: %s", err.code, err.text);
	else {
		weir__value_print(&bf, &v);
		snprintf(text, sizeof text, "%s", weir__buf_cstr(&bf));
	}
	weir__buf_fini(&bf);
	weir__arena_fini(&ar);
	return text;
}

static void
test_from_text(void)
{
	const struct weir_type *i64 = weir__type_scalar(WEIR_INT64);

	T_STR(from_text(i64, "48"), "48");
	T_STR(from_text(i64, "128KiB"), "131072");
	T_STR(from_text(i64, "4x"),
	    "value.syntax: expected int64, found \"4x\"");
	T_STR(from_text(weir__type_scalar(WEIR_INT32), "3000000000"),
	    "value.range: expected int32, found \"3000000000\", which is out "
	    "of its range");
	T_STR(from_text(weir__type_scalar(WEIR_BOOL), "Yes"), "true");
	T_STR(from_text(weir__type_scalar(WEIR_BOOL), "0"), "false");
	T_STR(from_text(weir__type_scalar(WEIR_DURATION), "30 seconds"), "30s");
	T_STR(from_text(&decimal, "12.5"), "12.50");
	T_STR(from_text(&decimal, "12.345"), "value.range: expected "
	    "decimal(12, 2), found \"12.345\", which has more digits after "
	    "the point");
	T_STR(from_text(weir__type_scalar(WEIR_STRING), "a \"b\""),
	    "\"a \\\"b\\\"\"");
	T_STR(from_text(&list, "1, 2,3"), "[1, 2, 3]");
	T_STR(from_text(&list, ""), "[]");
	T_STR(from_text(weir__type_scalar(WEIR_JSON), "{\"a\": [1, 2e5]}"),
	    "\"{\\\"a\\\": [1, 2e5]}\"");
	T_STR(from_text(weir__type_scalar(WEIR_JSON), "{\"a\": 01}"),
	    "value.syntax: expected json, found \"{\"a\": 01}\"");
}

/* Every allocation may fail: an error or nothing, never a crash. */
static void
test_memory(void)
{
	static const char *const list_of[] = {
		"case n when 2 then \"${i}x\" else cast(row.d as string) end",
		"i in [1, 2, 3, 4, 5, 6, 7, 8, 9] and s like \"%a_%\"",
		"[i, 10 // n]",
		"{ a: i ?? 3, b: l ?? [1] }",
		"at - \"2026-01-01\" > 5m or row.d * 1.5 between i and 9",
		"nosuch(i) + x",
	};
	size_t k;

	for (k = 0; k < sizeof list_of / sizeof *list_of; k++) {
		uint64_t n;

		for (n = 1; n < 400; n++) {
			weir__alloc_fail_at(n, 1);
			eval(list_of[k]);
			if (weir__alloc_count() < n)
				break;
		}
		weir__alloc_fail_at(0, 0);
		T(n < 400);
	}
}

int
main(void)
{
	init();
	T(registry != NULL);
	test_leaves();
	test_arithmetic();
	test_time();
	test_compare();
	test_logic();
	test_cast();
	test_text();
	test_nested();
	test_want();
	test_constants();
	test_path();
	test_filter_and_errors();
	test_origin();
	test_earlier();
	test_secret();
	test_types();
	test_from_text();
	test_memory();
	weir__registry_free(registry);
	return t_done();
}
