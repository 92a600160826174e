/* SPDX-License-Identifier: MIT
 *
 * What RFC 8259 takes and what it does not: each text as a value that is kept,
 * as one that no one wants, and in a list.
 */
#include "t.h"

#include "json.h"

struct text {
	const char *p;
	size_t n;
};

#define X(s) { s, sizeof(s) - 1 }

static const struct text good[] = {
	/* numbers */
	X("0"), X("-0"), X("1"), X("-1"), X("10"), X("123456789"),
	X("0.0"), X("-0.1"), X("1.10"), X("0e0"), X("0E+1"), X("1e5"),
	X("1E-5"), X("-1.25e+10"), X("1e1000"), X("1e-1000"),
	X("123456789012345678901234567890123456789012345678901234567890"),
	X("0.00000000000000000000000000000000000000000000000000001"),
	X("20e1"), X("1e00"), X("100000000"), X("12345678.12345678"),
	/* literals */
	X("true"), X("false"), X("null"),
	/* strings */
	X("\"\""), X("\" \""), X("\"a\""), X("\"\x7f\""), X("\"/\""),
	X("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), X("\"\\u0000\""),
	X("\"\\u0022\\u005C\""), X("\"\\uABCD\\uabcd\""),
	X("\"\\ud83d\\ude39\""), X("\"\\uD834\\uDD1E\""),
	X("\"\\uDBFF\\uDFFF\""), X("\"\\ufdd0\\ufffe\\uffff\""),
	X("\"\xc2\x80\""), X("\"\xdf\xbf\""), X("\"\xe0\xa0\x80\""),
	X("\"\xed\x9f\xbf\""), X("\"\xee\x80\x80\""), X("\"\xef\xbf\xbf\""),
	X("\"\xf0\x90\x80\x80\""), X("\"\xf4\x8f\xbf\xbf\""),
	X("\"\xe2\x80\xa8\xe2\x80\xa9\""), X("\"\xef\xbb\xbf\""),
	X("\"a/*b*/c//d#e\""), X("\"0123456789abcde\xc3\xa9\""),
	X("\"0123456789abcdef0123456789abcdef\\u00e9\""),
	/* arrays, objects */
	X("[]"), X("[ ]"), X("[1]"), X("[1,2]"), X("[ 1 , 2 ]"), X("[[]]"),
	X("[[[]],[]]"), X("[\"\"]"), X("[null,1,\"1\",{}]"), X("[[1\n]\n,2]"),
	X("{}"), X("{ }"), X("{\"a\":1}"), X("{\"a\":1,\"b\":2}"),
	X("{\"a\":1,\"a\":2}"), X("{\"\":0}"), X("{\"a\\u0000\":1}"),
	X("{\"a\":{\"b\":{\"c\":[]}}}"), X("{ \"a\" : [ { } ] }"),
	X("{\"a\"\n:\t1\r}"), X("{\"min\":-1.0e+28,\"max\":1.0e+28}"),
};

static const struct text bad[] = {
	/* numbers */
	X("01"), X("-01"), X("00"), X("-"), X("--1"), X("+1"), X("++1"),
	X(".5"), X("-.5"), X("5."), X("-5."), X("1.e1"), X("1e"), X("1e+"),
	X("1E-"), X("1e+-1"), X("1ee1"), X("1e1.5"), X("0e"), X("0.1.2"),
	X("0x10"), X("1_000"), X("1,000"), X("1 000"), X("NaN"), X("-NaN"),
	X("nan"), X("Infinity"), X("-Infinity"), X("inf"), X("1f"), X("1L"),
	X("\xef\xbc\x91"), X("1\x00"), X("- 1"), X("1-2"), X("12345678."),
	X("123456789012345678901.e"), X("-a"), X("1a"),
	/* literals */
	X("nul"), X("nulll"), X("Null"), X("NULL"), X("tru"), X("truth"),
	X("True"), X("fals"), X("falsy"), X("FALSE"), X("undefined"), X("nil"),
	X("none"), X("yes"), X("a"), X("*"), X("&"), X("(1)"),
	/* strings */
	X("\""), X("\"a"), X("a\""), X("'a'"), X("\"a\"b"), X("\"\\\""),
	X("\"\\"), X("\"\\x41\""), X("\"\\a\""), X("\"\\v\""), X("\"\\0\""),
	X("\"\\'\""), X("\"\\u\""), X("\"\\u1\""), X("\"\\u12\""),
	X("\"\\u123\""), X("\"\\u123g\""), X("\"\\U0041\""), X("\"\\u 041\""),
	X("\"\\u+041\""), X("\"\\u-041\""), X("\"\\u{41}\""),
	X("\"\\ud800\""), X("\"\\udc00\""), X("\"\\udfff\""),
	X("\"\\ud800\\ud800\""), X("\"\\ud800\\u0041\""),
	X("\"\\ud800a\""), X("\"\\ud800\\n\""), X("\"\\udc00\\ud800\""),
	X("\"\\ud83d\\ude3\""), X("\"\\uD800\\u\""), X("\"\\ud800\\"),
	X("\"\x00\""), X("\"\x01\""), X("\"\x1f\""), X("\"\n\""), X("\"\t\""),
	X("\"\r\""), X("\"a\x00" "b\""),
	X("\"\x80\""), X("\"\xbf\""), X("\"\xc0\xaf\""), X("\"\xc1\xbf\""),
	X("\"\xc3\""), X("\"\xc3\x28\""), X("\"\xe0\x80\xaf\""),
	X("\"\xe0\x9f\xbf\""), X("\"\xe2\x82\""), X("\"\xe2\x28\xa1\""),
	X("\"\xed\xa0\x80\""), X("\"\xed\xbf\xbf\""), X("\"\xf0\x80\x80\xaf\""),
	X("\"\xf0\x8f\xbf\xbf\""), X("\"\xf0\x9f\x98\""),
	X("\"\xf4\x90\x80\x80\""), X("\"\xf5\x80\x80\x80\""),
	X("\"\xf8\x88\x80\x80\x80\""), X("\"\xfe\""), X("\"\xff\""),
	X("\"0123456789abcde\xc3\""), X("\"0123456789abcdef\xe9" "abc\""),
	/* arrays, objects */
	X("["), X("]"), X("[1"), X("[1,"), X("[1,]"), X("[,1]"), X("[,]"),
	X("[1,,2]"), X("[1 2]"), X("[1;2]"), X("[\"a\":1]"), X("[1}"),
	X("[1]]"), X("[[1]"), X("[\x0c]"), X("[\xc2\xa0]"), X("[\xe2\x81\xa0]"),
	X("[\x0b" "1]"), X("[/**/]"), X("[1]//"), X("[1]#"), X("[1,\n1\n,1"),
	X("{"), X("}"), X("{]"), X("{,}"), X("{\"a\"}"), X("{\"a\":}"),
	X("{\"a\":1,}"), X("{\"a\" 1}"), X("{\"a\"::1}"), X("{\"a\",1}"),
	X("{\"a\":1 \"b\":2}"), X("{\"a\":1;\"b\":2}"), X("{a:1}"), X("{1:1}"),
	X("{null:1}"), X("{'a':1}"), X("{\"a\":1,,\"b\":2}"), X("{\"a\":1"),
	X("{\"a\":1}}"), X("{\"a"), X("{[]:1}"), X("{\"a\":1,\"b\"}"),
	X("{\"\\ud800\":1}"), X("{\"\xff\":1}"), X("{\"a\":1/**/}"),
	X("{\"a\" \x00:1}"), X("{\"a\":1=2}"), X("{\"a\":b}"),
	X(""), X(" "), X(","), X(":"), X("\xef\xbb\xbf" "1"), X("\\u0031"),
};

/* Is `before` text `after` taken? */
static int
taken(struct ts *ts, const char *before, const struct text *t,
    const char *after)
{
	size_t nb = strlen(before), na = strlen(after), n = nb + t->n + na;
	char *p = malloc(n + 1);
	const char *cp = p;
	int ok;

	memcpy(p, before, nb);
	memcpy(p + nb, t->p, t->n);
	memcpy(p + nb + t->n, after, na);
	js_run(ts, &cp, &n, 1);
	ok = ts->nrejects == 0 && ts->nbatches == 1;
	if (!ok && strncmp(ts_rejects(ts), "0 json.syntax ", 14) != 0)
		ok = -1;
	free(p);
	return ok;
}

static void
all(struct ts *ts, const struct text *list, size_t n, int want)
{
	static const char *const around[][2] = {
		{ "{\"v\":", "}" },
		{ "{\"x\":", "}" },
		{ "{\"v\": ", "                                   }" },
		{ "{\"l\":[0,", ",\"more text behind\"]}" },
		{ "{ \"x\" :[ 1, ", " ] , \"v\": {} }" },
		{ "{\"y\":{\"k\":", "},\"m\":{\"k\":0,\"l\":\"\"}}" },
		{ "{\"m\":{\"\\u0062\":[1,", "],\"l\":\"\"}}" },
	};
	size_t i, j;

	for (i = 0; i < n; i++) {
		char name[512];
		int ok = 1, k = snprintf(name, sizeof name, "%s: ",
			    want ? "good" : "bad");

		for (j = 0; j < sizeof around / sizeof *around; j++) {
			int got = taken(ts, around[j][0], &list[i],
			    around[j][1]);

			if (got != want) {
				printf("# %s...%s: %s", around[j][0],
				    around[j][1], ts_rejects(ts));
				ok = 0;
			}
		}
		for (j = 0; j < list[i].n && k < 200; j++) {
			uint8_t c = (uint8_t)list[i].p[j];

			k += snprintf(name + k, sizeof name - (size_t)k,
			    c > 0x20 && c < 0x7f && c != '#' ? "%c" : "<%02x>",
			    c);
		}
		t_line(ok, __FILE__, __LINE__, name);
	}
}

int
main(void)
{
	struct weir_err err;
	struct ts *ts = js_start(ts_plugin("json"),
	    "v: json, l: list(json), m: map(json)", NULL, &err);

	if (ts == NULL) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	all(ts, good, sizeof good / sizeof *good, 1);
	all(ts, bad, sizeof bad / sizeof *bad, 0);
	T_INT(ts_free(ts), 0);
	return t_done();
}
