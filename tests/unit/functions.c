/* SPDX-License-Identifier: MIT
 *
 * Built-in functions: every example that a function shows is run, as a
 * constant and over the rows of a batch; then errors, nulls and edges.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "expr/expr.h"
#include "expr/fn.h"
#include "t.h"

static struct weir__registry *registry;

/* A column `n` of int64 and `s` of text, so that nothing can be folded. */
static const struct weir_type t_int = { .kind = WEIR_INT64 };
static const struct weir_type t_str = { .kind = WEIR_STRING };
static const struct weir_field fields[] = {
	{ .name = "n", .type = &t_int },
	{ .name = "s", .type = &t_str },
};
static const struct weir_schema schema = { .ncols = 2, .cols = fields,
	.event_time = -1 };

#define ROWS 70

struct bench {
	struct weir__arena ar;
	struct weir__errors errors;
	struct weir_expr *ex;
	struct weir_column cols[2];
	struct weir_column out;
	struct weir__eval ev;
	int rc;
};

static void
bind(struct bench *be, const char *text)
{
	struct weir__scope sc = { .ar = &be->ar, .errors = &be->errors,
		.functions = registry, .schema = &schema, .allow_secret = true };
	struct weir__ast_expr *as;
	uint32_t src;

	weir__arena_init(&be->ar, 0);
	weir__errors_init(&be->errors);
	src = weir__errors_source(&be->errors, "test", text, strlen(text));
	as = src != 0 ? weir__parse_expr(&be->ar, &be->errors, src) : NULL;
	be->ex = as != NULL ? weir__expr_bind(&sc, as, NULL) : NULL;
}

/* Bind and evaluate over 70 rows: n is the row's number, null in the last;
 * s is "x" and the number. */
static void
run(struct bench *be, const char *text)
{
	struct weir_batch b = { .schema = &schema, .nrows = ROWS, .ncols = 2 };
	char *p;
	uint32_t i;

	memset(be, 0, sizeof *be);
	be->rc = -1;
	bind(be, text);
	if (be->ex == NULL)
		return;
	be->cols[0].u.i64 = weir__arena_alloc(&be->ar, ROWS * 8);
	be->cols[1].u.str = weir__arena_alloc(&be->ar, ROWS * 16);
	be->cols[0].valid = weir__arena_alloc(&be->ar, 16);
	if (be->cols[0].u.i64 == NULL || be->cols[1].u.str == NULL ||
	    be->cols[0].valid == NULL)
		return;
	memset(be->cols[0].valid, 0xff, 16);
	weir_bit_clear(be->cols[0].valid, ROWS - 1);
	for (i = 0; i < ROWS; i++) {
		be->cols[0].u.i64[i] = i;
		p = weir__arena_printf(&be->ar, "x%u", i);
		if (p == NULL)
			return;
		be->cols[1].u.str[i] = weir_str_make(p, strlen(p));
	}
	b.cols = be->cols;
	be->ev.ar = &be->ar;
	be->ev.b = &b;
	be->ev.cols = be->cols;
	be->ev.nrows = ROWS;
	be->ev.now = 1767225600000000;
	be->rc = weir__expr_eval(&be->ev, be->ex, &be->out);
}

static void
done(struct bench *be)
{
	weir__errors_fini(&be->errors);
	weir__arena_fini(&be->ar);
}

static void
complain(struct bench *be, const char *text)
{
	const struct weir__row_error *er;
	struct weir__buf bf;

	weir__buf_init(&bf);
	weir__errors_print(&be->errors, &bf, false);
	printf("# %s\n# %s\n", text, weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	er = be->rc == 0 ? weir__eval_error(&be->ev, 0) : NULL;
	if (er != NULL)
		printf("# row 0: %s %s\n", er->code, er->text);
}

/* Is the condition true in every row but the last? */
static int
holds(const char *text)
{
	struct bench be;
	uint32_t i;
	int ok;

	run(&be, text);
	ok = be.rc == 0 && be.ev.errors == NULL &&
	    weir__expr_type(be.ex)->kind == WEIR_BOOL;
	for (i = 0; ok && i < ROWS - 1; i++)
		ok = weir_valid(&be.out, i) && weir_bit(be.out.u.bits, i);
	if (!ok)
		complain(&be, text);
	done(&be);
	return ok;
}

/* Is it null in every row? */
static int
is_null(const char *text)
{
	struct weir__buf bf;
	int ok;

	weir__buf_init(&bf);
	weir__buf_printf(&bf, "(%s) is null", text);
	ok = holds(weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	return ok;
}

/* Does every row but the last fail with the code? */
static int
fails(const char *text, const char *code)
{
	const struct weir__row_error *er;
	struct bench be;
	uint32_t i;
	int ok;

	run(&be, text);
	ok = be.rc == 0 && be.ev.errors != NULL;
	for (i = 0; ok && i < ROWS - 1; i++) {
		er = weir_bit(be.ev.errors, i) ? weir__eval_error(&be.ev, i)
					       : NULL;
		ok = er != NULL && strcmp(er->code, code) == 0;
	}
	if (!ok)
		complain(&be, text);
	done(&be);
	return ok;
}

/* Is it refused with the code? */
static int
refused(const char *text, const char *code)
{
	struct bench be;
	int ok;

	run(&be, text);
	ok = be.ex == NULL && be.errors.n > 0 &&
	    strcmp(be.errors.list[0].code, code) == 0;
	if (!ok)
		complain(&be, text);
	done(&be);
	return ok;
}

/* --- the examples --- */

static int
example(const char *line, size_t n)
{
	const char *eq = NULL, *p;
	char text[1024];

	for (p = line; p + 3 <= line + n; p++)
		if (memcmp(p, " = ", 3) == 0)
			eq = p;
	if (eq == NULL)
		return 0;
	p = eq + 3;
	if (line + n - p == 4 && memcmp(p, "null", 4) == 0) {
		snprintf(text, sizeof text, "%.*s", (int)(eq - line), line);
		return is_null(text);
	}
	snprintf(text, sizeof text, "(%.*s) == (%.*s)", (int)(eq - line), line,
	    (int)(line + n - p), p);
	return holds(text);
}

static void
examples(void)
{
	const struct weir_function *const *list;
	size_t n = weir__registry_functions(registry, &list), i, len;
	const char *p;

	T(n > 100);
	for (i = 0; i < n; i++) {
		T(list[i]->summary != NULL && list[i]->group != NULL);
		T(list[i]->example != NULL);
		for (p = list[i]->example; p != NULL && *p != '\0';
		    p += len + (p[len] == '\n')) {
			len = strcspn(p, "\n");
			printf("# %.*s\n", (int)len, p);
			T(example(p, len));
		}
	}
}

/* --- over columns --- */

static const char *const truths[] = {
	"upper(s) == concat(\"X\", cast(n as string))",
	"length(repeat(s, 5)) == 5 * length(s)",
	"reverse(reverse(s)) == s",
	"split_part(concat(s, \",\", s), \",\", 2) == s",
	"substr(concat(\"abc\", s), 4) == s",
	"lpad(s, 20, \"ab\") == concat(left(\"abababababababababab\", "
	"20 - length(s)), s)",
	"length(rpad(s, 30, \"\xc3\xa4\")) == 30",
	"cast(from_hex(to_hex(s)) as string) == s",
	"cast(from_base64(base64(repeat(s, 9))) as string) == repeat(s, 9)",
	"url_decode(url_encode(concat(s, \" /\xc3\xa4\"))) == "
	"concat(s, \" /\xc3\xa4\")",
	"replace(concat(s, s), \"x\", \"yy\") == concat(\"yy\", "
	"cast(n as string), \"yy\", cast(n as string))",
	"abs(-n) == n",
	"mod(n, 7) == n - n // 7 * 7",
	"round(cast(n as float64) + 0.5) == cast(n + 1 as float64)",
	"bit_xor(n, bit_not(n)) == -1",
	"shr(shl(n, 8), 8) == n",
	"clamp(n, 10, 20) == if n < 10 then 10 else if n > 20 then 20 else n",
	"epoch(from_epoch(n)) == n",
	"epoch_ms(from_epoch_ms(n)) == n",
	"date_diff(\"day\", from_epoch(0), from_epoch(n * 86400)) == n",
	"date_add(\"month\", n, cast(\"2026-01-31\" as date)) == "
	"last_day(date_add(\"month\", n, cast(\"2026-01-31\" as date))) or "
	"day(date_add(\"month\", n, cast(\"2026-01-31\" as date))) == 31",
	"epoch(strptime(strftime(from_epoch(n * 1000003), \"%F %T\", "
	"\"Asia/Kathmandu\"), \"%F %T\", \"Asia/Kathmandu\")) == n * 1000003",
	"from_local(to_local(from_epoch(n * 9999991), \"Asia/Tokyo\"), "
	"\"Asia/Tokyo\") == from_epoch(n * 9999991)",
	"length(md5(s)) == 32 and length(sha512(s)) == 128",
	"hmac_sha256(s, key: s) == hmac_sha256(s, s)",
	"crc32(s) == crc32(cast(s as bytes))",
	"contains(s, cast(n as string)) and not contains(s, \"y\")",
	"position(concat(\"\xc3\xa4\", s), \"x\") == 2",
	"left(s, 0) == \"\" and right(s, 100) == s and left(s, -100) == \"\"",
	"substr(s, -100, 99) == left(s, length(s) - 1)",
	"substr(s, -100, 10) == \"\" and substr(s, 0, 1) == \"x\"",
	"trim(concat(\" \\t\", s, \"\\n \")) == s",
	"trim(concat(\"\xc3\xa4\", s, \"\xc3\xa4\xc3\xa4\"), \"\xc3\xa4\") == s",
	"translate(s, \"x\", \"\xe4\xb8\x96\") == "
	"concat(\"\xe4\xb8\x96\", cast(n as string))",
	"concat_ws(\"-\", s, null, s) == concat(s, \"-\", s)",
	"initcap(\"\xc3\xa9" "cole NORMALE\") == \"\xc3\x89" "cole Normale\"",
	"lower(\"\xc4\xb0\xc8\xba\xce\xa9\") == "
	"\"\xc4\xb0\xe2\xb1\xa5\xcf\x89\"",
	"upper(\"stra\xc3\x9f" "e\") == \"STRA\xc3\x9f" "E\"",
	"round(1234.5678, 2) == 1234.57 and round(-0.5) == -1",
	"round(cast(1e300 as float64), 2) == cast(1e300 as float64)",
	"trunc(cast(-0.99 as float64)) == 0.0",
	"ceil(-2.5) == -2 and floor(2.5) == 2 and ceil(2) == 2",
	"round(cast(2.675 as float64), 2) == 2.68",
	"json_get(cast(\"{\\\"a\\\\u0062\\\": \\\"x\\\\n\\\\ud83d\\\\ude00\\\"}\" "
	"as json), \"ab\") == \"x\\n\xf0\x9f\x98\x80\"",
	"json_get(cast(\"[[], {}, [1, [2, 3]]]\" as json), \"$[2][1][0]\") == "
	"\"2\"",
	"json_get(cast(\"{\\\"a\\\": 1, \\\"a\\\": 2}\" as json), \"a\") == "
	"\"2\"",
	"json_get(cast(\"{\\\"a.b\\\": true}\" as json), \"[\\\"a.b\\\"]\") == "
	"\"true\"",
	"json_length(cast(\"{\\\"a\\\": [1, 2], \\\"b\\\": {}}\" as json)) == 2",
	"json_length(cast(\" [ ] \" as json)) == 0",
	"hour(date_trunc(\"day\", cast(\"2026-03-29T12:00:00Z\" as timestamp), "
	"\"Europe/Berlin\")) == 23",
	"date_add(\"day\", 1, cast(\"2026-03-28T12:00:00Z\" as timestamp), "
	"\"Europe/Berlin\") == cast(\"2026-03-29T11:00:00Z\" as timestamp)",
	"date_trunc(\"hour\", cast(\"2026-10-25T01:30:00Z\" as timestamp), "
	"\"Europe/Berlin\") == cast(\"2026-10-25T01:00:00Z\" as timestamp)",
	"date_trunc(\"hours\", cast(\"2026-01-01T00:20:00Z\" as timestamp), "
	"\"Asia/Kolkata\") == cast(\"2025-12-31T23:30:00Z\" as timestamp)",
	"date_diff(\"month\", cast(\"2026-01-31\" as date), "
	"cast(\"2025-12-01\" as date)) == -1",
	"week(cast(\"2021-01-03\" as date)) == 53",
	"make_timestamp(2026, 7, 1, 12, 0, 0, \"Europe/Berlin\") == "
	"cast(\"2026-07-01T10:00:00Z\" as timestamp)",
	"at_zone(cast(\"2026-01-01T00:00:00.5Z\" as timestamp), "
	"\"America/St_Johns\") == \"2025-12-31T20:30:00.500-03:30\"",
	"epoch(from_epoch_ns(-1)) == -1",
	"age(now()) == 0s",
	"today(\"Asia/Tokyo\") == cast(\"2026-01-01\" as date)",
	"is_nan(cast(\"nan\" as float64)) and is_infinite(exp(1000))",
	"width_bucket(-1, 0, 10, 5) == 0 and width_bucket(10, 0, 10, 5) == 6",
};

static const char *const nulls[] = {
	"upper(if n >= 0 then null else s)",
	"concat(s, null)",
	"json_get(cast(\"{\\\"a\\\": null}\" as json), \"a\")",
	"json_get(cast(\"{\\\"a\\\": 1}\" as json), \"a.b\")",
	"json_get(cast(\"[1]\" as json), \"[1]\")",
	"json_part(cast(\"[1]\" as json), \"a\")",
	"json_length(cast(\"5\" as json))",
	"concat_ws(null, s, s)",
	"date_trunc(\"day\", from_epoch(n), null)",
};

static const struct {
	const char *text;
	const char *code;
} failures[] = {
	{ "chr(n - 100)", "expr.argument" },
	{ "chr(n + 55296)", "expr.argument" },
	{ "substr(s, 1, n - 100)", "expr.argument" },
	{ "repeat(s, 100000000)", "expr.argument" },
	{ "lpad(s, 100000000)", "expr.argument" },
	{ "split_part(s, \"x\", n - n)", "expr.argument" },
	{ "from_hex(concat(\"0\", s))", "expr.argument" },
	{ "from_base64(concat(s, \"!\"))", "expr.argument" },
	{ "url_decode(concat(\"%f\", s))", "expr.argument" },
	{ "url_decode(concat(\"%ff\", s))", "expr.argument" },
	{ "sqrt(n - 1000)", "expr.domain" },
	{ "ln(n - n)", "expr.domain" },
	{ "pow(n - 100, 0.5)", "expr.domain" },
	{ "asin(n + 2)", "expr.domain" },
	{ "mod(n, n - n)", "expr.zero" },
	{ "abs(n - n - 9223372036854775807 - 1)", "expr.overflow" },
	{ "round(9223372036854775807 - n, -3)", "expr.overflow" },
	{ "shl(n, 64)", "expr.argument" },
	{ "shr(n, -1)", "expr.argument" },
	{ "from_epoch(n + 999999999999)", "expr.overflow" },
	{ "from_epoch(n - 9223372036854775807)", "expr.overflow" },
	{ "date_add(\"year\", n + 9000, now())", "expr.overflow" },
	{ "date_add(\"hour\", n + 9223372036854770000, now())",
	    "expr.overflow" },
	{ "date_add(\"month\", n - 9000000000, today())", "expr.overflow" },
	{ "make_date(n, 13, 1)", "expr.argument" },
	{ "make_date(2026, 2, n + 29)", "expr.argument" },
	{ "make_timestamp(2026, 1, 1, 0, 60, n)", "expr.argument" },
	{ "strptime(s, \"%Y\")", "expr.cast" },
	{ "time_bucket(0s, from_epoch(n))", "expr.argument" },
};

static const struct {
	const char *text;
	const char *code;
} refusals[] = {
	{ "upper(n)", "type.call" },
	{ "upper()", "type.call" },
	{ "uper(s)", "name.function" },
	{ "date_trunc(s, now())", "expr.constant" },
	{ "date_trunc(\"fortnight\", now())", "expr.unit" },
	{ "date_trunc(\"hour\", today())", "expr.unit" },
	{ "date_trunc(\"dow\", now())", "expr.unit" },
	{ "hour(now(), \"Europe/Berlinn\")", "time.zone" },
	{ "hour(now(), s)", "expr.constant" },
	{ "strftime(now(), \"%Q\")", "expr.pattern" },
	{ "strptime(s, \"%G\")", "expr.pattern" },
	{ "json_get(cast(s as json), \"a..b\")", "expr.path" },
	{ "json_get(cast(s as json), \"[x]\")", "expr.path" },
	{ "json_get(cast(s as json), \"[1\")", "expr.path" },
	{ "json_get(cast(s as json), \"$a\")", "expr.path" },
	{ "clamp(n, s, 5)", "type.call" },
};

static void
columns(void)
{
	size_t i;

	for (i = 0; i < sizeof truths / sizeof *truths; i++) {
		printf("# %s\n", truths[i]);
		T(holds(truths[i]));
	}
	for (i = 0; i < sizeof nulls / sizeof *nulls; i++) {
		printf("# null: %s\n", nulls[i]);
		T(is_null(nulls[i]));
	}
	for (i = 0; i < sizeof failures / sizeof *failures; i++) {
		printf("# fails: %s\n", failures[i].text);
		T(fails(failures[i].text, failures[i].code));
	}
	for (i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		printf("# refused: %s\n", refusals[i].text);
		T(refused(refusals[i].text, refusals[i].code));
	}
}

/* A hash takes a secret and is none; anything else stays one. */
static void
secrets(void)
{
	struct bench be;

	run(&be, "hmac_sha256(s, key: secret(\"k\"))");
	T(be.rc == 0 && !weir__expr_secret(be.ex));
	done(&be);
	run(&be, "concat(s, secret(\"k\"))");
	T(be.ex == NULL || weir__expr_secret(be.ex));
	done(&be);
}

/* Each allocation fails once: no crash, and an answer that says so. */
static void
memory(void)
{
	static const char *const some[] = {
		"upper(concat(s, repeat(s, 20)))",
		"strftime(from_epoch(n), \"%A %F %T\", \"Europe/Berlin\")",
		"json_get(cast(\"{\\\"a\\\": \\\"b\\\\n\\\"}\" as json), \"a\")",
		"round(cast(n as decimal(20, 3)), 1)",
		"hmac_sha256(lpad(s, 100), key: s)",
	};
	struct bench be;
	uint64_t nth;
	size_t i;
	int good;

	for (i = 0; i < sizeof some / sizeof *some; i++) {
		for (nth = 1, good = 0; nth < 2000 && !good; nth++) {
			weir__alloc_fail_at(nth, 0);
			run(&be, some[i]);
			good = be.rc == 0;
			weir__alloc_fail_at(0, 0);
			done(&be);
		}
		printf("# %s: %d allocations\n", some[i], (int)nth);
		T(good);
	}
}

int
main(void)
{
	registry = weir__registry_new();
	T(registry != NULL);
	if (registry == NULL)
		return t_done();
	examples();
	columns();
	secrets();
	memory();
	weir__registry_free(registry);
	return t_done();
}
