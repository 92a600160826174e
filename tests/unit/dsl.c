/* SPDX-License-Identifier: MIT
 *
 * The language: trees of expressions and files, texts of errors.
 *
 * `dsl --print FILE` prints the errors of one file, as the golden files hold
 * them.
 */
#include <dirent.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "dsl/ast.h"
#include "t.h"

struct text {
	struct weir__errors es;
	struct weir__arena ar;
	struct weir__buf bf;
};

static void
init(struct text *tx)
{
	weir__errors_init(&tx->es);
	weir__arena_init(&tx->ar, 0);
	weir__buf_init(&tx->bf);
}

static void
fini(struct text *tx)
{
	weir__errors_fini(&tx->es);
	weir__arena_fini(&tx->ar);
	weir__buf_fini(&tx->bf);
}

static struct weir__ast_expr *
expr(struct text *tx, const char *s)
{
	uint32_t src = weir__errors_source(&tx->es, "x", s, strlen(s));

	return weir__parse_expr(&tx->ar, &tx->es, src);
}

/* The canonical text of an expression, or of its errors. */
static const char *
canon(struct text *tx, const char *s)
{
	struct weir__ast_expr *e = expr(tx, s);

	weir__buf_clear(&tx->bf);
	if (e != NULL)
		weir__ast_expr_print(&tx->bf, e);
	else
		weir__errors_print(&tx->es, &tx->bf, false);
	return weir__buf_cstr(&tx->bf);
}

/* `want` is NULL where the text is canonical already. */
static void
same(const char *s, const char *want)
{
	struct text tx;

	init(&tx);
	T_STR(canon(&tx, s), want != NULL ? want : s);
	fini(&tx);
	if (want == NULL)
		return;
	init(&tx);
	T_STR(canon(&tx, want), want);
	fini(&tx);
}

static void
expressions(void)
{
	same("a + b * c - d", NULL);
	same("(a + b) * c", NULL);
	same("a - (b - c)", NULL);
	same("(a - b) - c", "a - b - c");
	same("a ?? b ?? c", NULL);
	same("(a ?? b) ?? c", NULL);
	same("a+b ?? 0 > 5", "a + b ?? 0 > 5");
	same("not a == b and c or d", NULL);
	same("not (a and b)", NULL);
	same("(not a) == b", NULL);
	same("a and (b or c)", NULL);
	same("a in [1, 2,] and b not in [\"x\"]",
	    "a in [1, 2] and b not in [\"x\"]");
	same("a in (b)", "a in b");
	same("a between 1 and 2 and b not between c and d", NULL);
	same("a like \"x%\" or b not like c", NULL);
	same("a is null and b is not null", NULL);
	same("(a == b) == c", NULL);
	same("a / b // c % d", NULL);
	same("-a", NULL);
	same("-(-a)", NULL);
	same("- -5", "-(-5)");
	same("-(5)", NULL);
	same("a - -5", NULL);
	same("-5 + 3", NULL);
	same("(-5)[0]", NULL);
	same("-a[0].b", NULL);
	same("a.b.c[1].in", NULL);
	same("`a b`.`c d` + `and`", NULL);
	same("`plain`", NULL);
	same("if a then b else if c then d else e", NULL);
	same("(if a then b else c) + 1", NULL);
	same("if (if a then b) then (if c then d) else e", NULL);
	same("case when a then 1 when b then 2 else 3 end", NULL);
	same("case a when 1 then \"x\" end", NULL);
	same("case end when `when` then `then` end", NULL);
	same("count(where: ok, of: a, )", "count(where: ok, of: a)");
	same("sum(a) / count(where: status == \"x\")", NULL);
	same("hmac_sha256(user_id, key: salt)", NULL);
	same("geo.distance(a, in: b)", NULL);
	same("cast(x as decimal(12, 2)) + cast(y as list(string!)!)", NULL);
	same("`cast`(x)", NULL);
	same("f(products as p, on: a)", NULL);
	same("{a: 1, `b c`: {d: []}\n e: {}}",
	    "{ a: 1, `b c`: { d: [] }, e: {} }");
	same("[{ labels: { a: b } }]", NULL);
	same("struct { a: string!, b: list(int64) from \"b-b\" }!", NULL);
	same("timestamp(\"%d/%b\")!", NULL);
	same("true and false or null", NULL);
	same("a\n    + b\n  and c\n", "a + b and c");
	same("a\n- b", "a - b");
	same("f(a\n,\nb)", "f(a, b)");
	same("a # comment\n+ b # more", "a + b");
}

static void
literals(void)
{
	same("1_000_000", "1000000");
	same("0xff", "255");
	same("9223372036854775807 - 9223372036854775808", NULL);
	same("-9223372036854775808", NULL);
	same("-17014118346046923173168730371588410572", NULL);
	same("1.50 + -0.10", NULL);
	same("1e6 + 1.5e-7", NULL);
	same("5m + 500ms + 1h30m + 90s + 1.5h + 3us",
	    "5m + 500ms + 1h30m + 1m30s + 1h30m + 3us");
	same("-5m", NULL);
	same("128MiB + 1.5GiB + 10MB + 4096B + 1kB",
	    "128MiB + 1536MiB + 10000000B + 4KiB + 1000B");
	same("\"a\\n\\t\\r\\\"\\\\\\$\\${\\x41\\u{e9}\\0\"",
	    "\"a\\n\\t\\r\\\"\\\\$\\${A\xc3\xa9\\u{0}\"");
	same("r\"a\\b${c}\"", "\"a\\\\b\\${c}\"");
	same("r#\"say \"hi\"\"#", "\"say \\\"hi\\\"\"");
	same("r##\"a\"#b\"##", "\"a\\\"#b\"");
	same("r##\"\"##", "\"\"");
	same("\"\"", NULL);
	same("\"${a}\"", NULL);
	same("\"x${a + 1}y${f(\"}\")}z\"", NULL);
	same("\"${\"${\"${a}\"}\"}\"", NULL);
	same("\"$${a}$\"", NULL);
	same("\"\"\"a \"quoted\" \\n ${b}\"\"\"",
	    "\"a \\\"quoted\\\" \\\\n ${b}\"");
	same("\"\"\"\n    one\n      two\n\n    three\n    \"\"\"",
	    "\"one\\n  two\\n\\nthree\"");
	same("\"\"\"\n    one\n  \"\"\"", "\"  one\"");
	same("\"\"\"\r\n\tone\r\n\ttwo\r\n\"\"\"", "\"\\tone\\n\\ttwo\"");
	same("\"\"\"\n\"\"\"", "\"\"");
	same("\"\"\"\"\"\"", "\"\"");
	same("\"\"\"\n  a ${b\n } c\n  d\"\"\"", "\"a ${b} c\\nd\"");
	same("r\"\"\"\n  ${a}\n  \"\"\"", "\"\\${a}\"");
	same("\"a\\x00b\"", "\"a\\u{0}b\"");
}

static void
values(void)
{
	static const struct {
		const char *text;
		bool good;
	} list[] = {
		{ "5", true }, { "latest", true }, { "[a, \"b\"]", true },
		{ "{ size: 128MiB, age: 5m }", true }, { "-5", true },
		{ "decimal(12, 2)", true }, { "1 + 2", false },
		{ "a.b", false }, { "[1 + 2]", false }, { "", false },
		{ "5 5", false }, { "\"${a}\"", false }, { "null", true },
	};
	struct text tx;
	uint32_t src;
	size_t i;

	for (i = 0; i < sizeof list / sizeof *list; i++) {
		init(&tx);
		src = weir__errors_source(&tx.es, "x", list[i].text,
		    strlen(list[i].text));
		T((weir__parse_value(&tx.ar, &tx.es, src) != NULL) ==
		    list[i].good);
		T((tx.es.n == 0) == list[i].good);
		fini(&tx);
	}
}

static void
types(void)
{
	static const char *const list[] = { "string", "string!",
		"decimal(18, 2)!", "list(map(int64!)!)", "timestamp(\"%Y\")",
		"timestamp(ms)!", "payment", "`my type`!",
		"struct { a: struct { b: bool! }!, c: date }" };
	struct text tx;
	struct weir__ast_type *ty;
	struct weir__ast_expr *e;
	uint32_t src;
	size_t i;

	for (i = 0; i < sizeof list / sizeof *list; i++) {
		init(&tx);
		src = weir__errors_source(&tx.es, "x", list[i],
		    strlen(list[i]));
		ty = weir__parse_type(&tx.ar, &tx.es, src);
		T(ty != NULL);
		if (ty != NULL)
			weir__ast_type_print(&tx.bf, ty);
		T_STR(weir__buf_cstr(&tx.bf), list[i]);
		/* An entry of a stage's braces is read as an expression and
		 * then as the type it also is. */
		e = expr(&tx, list[i]);
		ty = e != NULL ? weir__ast_expr_as_type(&tx.ar, e) : NULL;
		weir__buf_clear(&tx.bf);
		if (ty != NULL)
			weir__ast_type_print(&tx.bf, ty);
		T_STR(weir__buf_cstr(&tx.bf), list[i]);
		fini(&tx);
	}
	init(&tx);
	T(weir__ast_expr_as_type(&tx.ar, expr(&tx, "a + b")) == NULL);
	T(weir__ast_expr_as_type(&tx.ar, expr(&tx, "a.b(c)")) == NULL);
	T(weir__ast_expr_as_type(&tx.ar, expr(&tx, "list(of: c)")) == NULL);
	T(weir__ast_expr_as_type(&tx.ar, expr(&tx, "5")) == NULL);
	fini(&tx);
}

static void
sizes(void)
{
	int64_t n = -1;

	T(weir__size_from_text(&n, "4096", 4) == 0 && n == 4096);
	T(weir__size_from_text(&n, "10 MB", 5) == 0 && n == 10000000);
	T(weir__size_from_text(&n, "1.5GiB", 6) == 0 && n == 1610612736);
	T(weir__size_from_text(&n, "0.5B", 4) == -1);
	T(weir__size_from_text(&n, "8388608TiB", 10) == -1);
	T(weir__size_from_text(&n, "8388607TiB", 10) == 0);
	T(weir__size_from_text(&n, "-1B", 3) == -1);
	T(weir__size_from_text(&n, "1.B", 3) == -1);
	T(weir__size_from_text(&n, "B", 1) == -1);
	T(weir__size_from_text(&n, "", 0) == -1);
	T(weir__size_from_text(&n, "5 mib", 5) == -1);
	T(weir__size_from_text(&n, "99999999999999999999", 20) == -1);
}

static struct weir__ast_file *
file(struct text *tx, const char *s)
{
	uint32_t src = weir__errors_source(&tx->es, "x.weir", s, strlen(s));

	return weir__parse(&tx->ar, &tx->es, src);
}

static void
chains(void)
{
	static const char text[] =
	    "# first\n"
	    "a = kafka.read(topic: \"t\", start: earliest)\n"
	    "    -> json.decode(payment)   # second\n"
	    "    -> set { x: 1\n y: 2, }\n"
	    "[a, a.rejected]\n"
	    "    -> parquet.write(\"out\")\n"
	    "if live then kafka.read() else file.read(\"x\") -> show()\n"
	    "param test: int! = 5\n"
	    "test = a\n"
	    "test -> split { yes: x > 1 }\n";
	struct text tx;
	struct weir__ast_file *f;
	struct weir__ast_chain *ch;
	struct weir__ast_stage *st;

	init(&tx);
	f = file(&tx, text);
	T_INT(tx.es.n, 0);
	T_INT(f->nitems, 6);
	T_INT(f->ncomments, 2);
	T(f->comments[0].own_line && !f->comments[1].own_line);

	T_STR(f->items[0].name.text, "a");
	ch = &f->items[0].u.chain;
	T_INT(ch->nrefs, 0);
	T_INT(ch->nstages, 3);
	st = ch->stages[0];
	T_STR(st->plugin.text, "kafka");
	T_STR(st->verb.text, "read");
	T_INT(st->nargs, 2);
	T_STR(st->args[1].name.text, "start");
	T_INT(st->args[1].value->kind, WEIR__E_NAME);
	T_INT(st->parens.at, 10 + strlen("a = kafka.read") - 1 - 1);
	st = ch->stages[2];
	T(st->plugin.text == NULL && !st->has_parens && st->has_braces);
	T_INT(st->nentries, 2);
	T_STR(st->entries[1].name.text, "y");

	ch = &f->items[1].u.chain;
	T(f->items[1].name.text == NULL && ch->is_union);
	T_INT(ch->nrefs, 2);
	T_STR(ch->refs[1].name.text, "a");
	T_STR(ch->refs[1].port.text, "rejected");
	T_INT(ch->nstages, 1);

	ch = &f->items[2].u.chain;
	T_INT(ch->nstages, 2);
	T(ch->stages[0]->cond != NULL);
	T_STR(ch->stages[0]->no->plugin.text, "file");

	T_INT(f->items[3].what, WEIR__I_PARAM);
	T_STR(f->items[3].name.text, "test");
	T(f->items[3].u.param.type->required);
	T_INT(f->items[4].what, WEIR__I_STREAM);
	T_STR(f->items[4].name.text, "test");
	T_INT(f->items[4].u.chain.nstages, 0);
	T_INT(f->items[5].what, WEIR__I_STREAM);
	fini(&tx);
}

static void
declarations(void)
{
	static const char text[] =
	    "settings { http: \"x\", kafka: { brokers: b } }\n"
	    "schema s { id: string! from \"i-d\", `from`: list(t) }\n"
	    "schema u = avro(\"u.avsc\")\n"
	    "define clean(input, min = 0) = input -> where(amount > min)\n"
	    "include \"common.weir\"\n"
	    "part p {\n"
	    "    x -> show()\n"
	    "    y = x -> limit(5) }\n"
	    "test \"it works\" { feed x { a: \"}\" } }\n";
	struct text tx;
	struct weir__ast_file *f;
	struct weir__ast_item *it;

	init(&tx);
	f = file(&tx, text);
	T_INT(tx.es.n, 0);
	T_INT(f->nitems, 7);
	it = f->items;
	T_INT(it->what, WEIR__I_SETTINGS);
	T_INT(it->u.settings.n, 2);
	T_INT(it->u.settings.entries[1].value->kind, WEIR__E_RECORD);
	it++;
	T_INT(it->u.schema.n, 2);
	T_STR(it->u.schema.fields[0].from, "i-d");
	T(it->u.schema.fields[0].type->required);
	T_STR(it->u.schema.fields[1].name.text, "from");
	it++;
	T_INT(it->u.schema.value->kind, WEIR__E_CALL);
	it++;
	T_STR(it->name.text, "clean");
	T_INT(it->u.define.nparams, 2);
	T(it->u.define.params[0].value == NULL);
	T_INT(it->u.define.chain.nstages, 1);
	it++;
	T_STR(it->u.include.path, "common.weir");
	it++;
	T_INT(it->u.part.n, 2);
	T_STR(it->u.part.items[1].name.text, "y");
	it++;
	T_STR(it->name.text, "it works");
	T_INT(text[it->u.test.braces.at], '{');
	T_INT(it->u.test.braces.end, sizeof text - 2);
	fini(&tx);
}

static void
nearest(void)
{
	static const char *const names[] = { "amount", "event_time", "id",
		"merchant", "Status" };

	T_STR(weir__nearest("amout", 5, names, 5), "amount");
	T_STR(weir__nearest("maount", 6, names, 5), "amount");
	T_STR(weir__nearest("STATUS", 6, names, 5), "Status");
	T_STR(weir__nearest("event_tim", 9, names, 5), "event_time");
	T(weir__nearest("xyz", 3, names, 5) == NULL);
	T(weir__nearest("ab", 2, names, 5) == NULL);
	T(weir__nearest("", 0, names, 5) == NULL);
}

/* --- files --- */

static const char *
top(void)
{
	const char *dir = getenv("WEIR_SRCDIR");

	return dir != NULL ? dir : ".";
}

static char *
read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = malloc(1 << 20);

	*len = 0;
	if (f == NULL || text == NULL) {
		free(text);
		return NULL;
	}
	*len = fread(text, 1, (1 << 20) - 1, f);
	text[*len] = '\0';
	fclose(f);
	return text;
}

/* What `weir check` would say of the file's syntax. */
static void
file_errors(struct text *tx, const char *path)
{
	const char *name = strrchr(path, '/');
	size_t len;
	char *text = read_all(path, &len);
	uint32_t src;

	init(tx);
	if (text == NULL)
		return;
	src = weir__errors_source(&tx->es, name != NULL ? name + 1 : path,
	    text, len);
	weir__parse(&tx->ar, &tx->es, src);
	weir__errors_print(&tx->es, &tx->bf, false);
	free(text);
}

static void
golden(void)
{
	char dir[512], path[1024];
	struct text tx;
	struct dirent *d;
	DIR *dp;
	size_t len, n = 0;
	char *want;

	snprintf(dir, sizeof dir, "%s/tests/golden/syntax", top());
	dp = opendir(dir);
	while (dp != NULL && (d = readdir(dp)) != NULL) {
		len = strlen(d->d_name);
		if (len < 6 || strcmp(d->d_name + len - 5, ".weir") != 0)
			continue;
		n++;
		snprintf(path, sizeof path, "%s/%s", dir, d->d_name);
		file_errors(&tx, path);
		snprintf(path, sizeof path, "%s/%.*s.err", dir, (int)len - 5,
		    d->d_name);
		want = read_all(path, &len);
		T_STR(weir__buf_cstr(&tx.bf), want != NULL ? want : "");
		free(want);
		fini(&tx);
	}
	if (dp != NULL)
		closedir(dp);
	T(n > 40);
}

/* What is shipped, and what needs more of the language than runs today. */
static const char *const whole[] = { "pipelines/medallion",
	"pipelines/quickstart", "tests/unit/pipelines/ecommerce",
	"tests/unit/pipelines/iot_and_logs",
	"tests/unit/pipelines/merchant_totals",
	"tests/unit/pipelines/warehouse" };

static void
pipelines(void)
{
	char path[1024];
	struct text tx;
	size_t i;

	for (i = 0; i < sizeof whole / sizeof *whole; i++) {
		snprintf(path, sizeof path, "%s/%s.weir", top(), whole[i]);
		file_errors(&tx, path);
		T_INT(tx.es.nsources, 1);
		T_STR(weir__buf_cstr(&tx.bf), "");
		fini(&tx);
	}
}

/* Laid out: as expected (where that is given), nothing lost, and a second time
 * the same. */
static void
layout(const char *path, const char *want)
{
	struct text tx;
	struct weir__ast_file *f;
	struct weir__buf again;
	size_t len;
	char *text = read_all(path, &len);
	uint32_t src;

	init(&tx);
	weir__buf_init(&again);
	T(text != NULL);
	src = weir__errors_source(&tx.es, "x", text != NULL ? text : "", len);
	f = weir__parse(&tx.ar, &tx.es, src);
	T_INT(weir__fmt(&tx.bf, &tx.ar, &tx.es, f), 0);
	if (want != NULL)
		T_STR(weir__buf_cstr(&tx.bf), want);
	src = weir__errors_source(&tx.es, "y", weir__buf_cstr(&tx.bf),
	    tx.bf.len);
	f = weir__parse(&tx.ar, &tx.es, src);
	T_INT(tx.es.n, 0);
	T_INT(weir__fmt(&again, &tx.ar, &tx.es, f), 0);
	T_STR(weir__buf_cstr(&again), weir__buf_cstr(&tx.bf));
	weir__buf_fini(&again);
	fini(&tx);
	free(text);
}

static void
layouts(void)
{
	static const char *const names[] = { "001-spaces", "002-blocks",
		"003-columns", "004-comments", "005-parts", "006-strings",
		"007-choice", "008-empty" };
	char path[1024];
	size_t i, len;
	char *want;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/tests/golden/fmt/%s.out",
		    top(), names[i]);
		want = read_all(path, &len);
		snprintf(path, sizeof path, "%s/tests/golden/fmt/%s.weir",
		    top(), names[i]);
		layout(path, want != NULL ? want : "");
		free(want);
	}
	for (i = 0; i < sizeof whole / sizeof *whole; i++) {
		snprintf(path, sizeof path, "%s/%s.weir", top(), whole[i]);
		want = read_all(path, &len);
		layout(path, want); /* the shipped ones are laid out */
		free(want);
	}
}

/* Every allocation fails once; with errors in the text, too. */
static void
allocation(const char *path)
{
	struct text tx;
	size_t len;
	char *text = read_all(path, &len);
	struct weir__ast_file *f = NULL;
	uint64_t i, whole = 0;
	uint32_t src;

	T(text != NULL);
	for (i = 1; text != NULL && i < 100000; i++) {
		init(&tx);
		weir__alloc_fail_at(i, i % 2);
		src = weir__errors_source(&tx.es, "x.weir", text, len);
		f = NULL;
		if (src != 0)
			f = weir__parse(&tx.ar, &tx.es, src);
		if (f != NULL && !f->damaged)
			weir__fmt(&tx.bf, &tx.ar, &tx.es, f);
		weir__errors_print(&tx.es, &tx.bf, false);
		whole = weir__alloc_count();
		weir__alloc_fail_at(0, 0);
		fini(&tx);
		if (whole < i)
			break;
	}
	T(f != NULL);
	T(i > 5);
	free(text);
}

int
main(int argc, char **argv)
{
	struct text tx;
	char path[1024];

	if (argc == 3 && strcmp(argv[1], "--print") == 0) {
		file_errors(&tx, argv[2]);
		fputs(weir__buf_cstr(&tx.bf), stdout);
		fini(&tx);
		return 0;
	}
	expressions();
	literals();
	values();
	types();
	sizes();
	chains();
	declarations();
	nearest();
	golden();
	pipelines();
	layouts();
	snprintf(path, sizeof path, "%s/pipelines/medallion.weir", top());
	allocation(path);
	snprintf(path, sizeof path, "%s/tests/golden/syntax/040-many.weir",
	    top());
	allocation(path);
	return t_done();
}
