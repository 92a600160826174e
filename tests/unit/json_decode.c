/* SPDX-License-Identifier: MIT
 *
 * json.decode: types, reasons, options, and that a bad row leaves no trace.
 */
#include "t.h"

#include "json.h"

static const struct weir_plugin *plugin;

/* One text by one schema: its row, or the reason why there is none. */
struct one {
	const char *schema;
	const char *text;
	const char *want;
};

/* Rows' blanks and what follows the text change which readers are used. */
static void
check_one(const struct one *o, const char *const *opts)
{
	static const char *const tails[] = { "%s", "%s                        ",
		"\n%s\n" };
	struct weir_err err;
	struct ts *ts = js_start(plugin, o->schema, opts, &err);
	char text[4096], what[4200];
	const char *texts[1] = { text }, *got;
	size_t i, n;
	bool ok = true;

	if (ts == NULL) {
		printf("# %s\n", err.text);
		t_line(0, __FILE__, __LINE__, o->schema);
		return;
	}
	for (i = 0; i < 3 * 2; i++) { /* the second time with what it learned */
		snprintf(text, sizeof text, tails[i % 3], o->text);
		js_run(ts, texts, NULL, 1);
		if (ts->nrejects != 0) {
			got = ts_rejects(ts) + 2;
			n = strcspn(o->want, "\n");
			if (i % 3 == 2 || /* another position */
			    strstr(weir__buf_cstr(&ts->texts), "the end of"))
				n = strcspn(o->want, " ");
			ok = ok && strncmp(got, o->want, n) == 0;
		} else {
			got = ts_dump(ts);
			ok = ok && strncmp(got, o->want, strlen(o->want)) == 0 &&
			    strlen(got) == strlen(o->want) + 1;
		}
		if (!ok)
			printf("# got:  %s# want: %s\n# why: %s\n", got,
			    o->want, weir__buf_cstr(&ts->texts));
		if (!ok)
			break;
	}
	snprintf(what, sizeof what, "%s <- %.200s", o->schema, o->text);
	for (i = 0; what[i] != '\0'; i++)
		if (what[i] == '\n' || what[i] == '#' ||
		    (unsigned char)what[i] < 0x20)
			what[i] = ' ';
	t_line(ok && ts_free(ts) == 0, __FILE__, __LINE__, what);
}

#define CHECK(list, opts)                                                      \
	do {                                                                   \
		size_t c_i;                                                    \
		for (c_i = 0; c_i < sizeof(list) / sizeof *(list); c_i++)      \
			check_one(&(list)[c_i], (opts));                       \
	} while (0)

static const struct one scalars[] = {
	/* strings */
	{ "a: string", "{\"a\":\"\"}", "{\"a\":\"\"}" },
	{ "a: string", "{\"a\":\"123456789012\"}", "{\"a\":\"123456789012\"}" },
	{ "a: string", "{\"a\":\"1234567890123\"}",
	    "{\"a\":\"1234567890123\"}" },
	{ "a: string", "{\"a\":\"1234567890123456\"}",
	    "{\"a\":\"1234567890123456\"}" },
	{ "a: string", "{\"a\":\"123456789012345678901234567890123\"}",
	    "{\"a\":\"123456789012345678901234567890123\"}" },
	{ "a: string", "{\"a\":\"a\\n\\t\\b\\f\\r\\\"\\\\\\/z\"}",
	    "{\"a\":\"a\\n\\t\\b\\f\\r\\\"\\\\/z\"}" },
	{ "a: string", "{\"a\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}",
	    "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}" },
	{ "a: string", "{\"a\":\"0123456789012345\\u00e90123456789\"}",
	    "{\"a\":\"0123456789012345\xc3\xa9"
	    "0123456789\"}" },
	{ "a: string", "{\"a\":\"S\xc3\xa3o Paulo, 0123456789 \xe6\x9d\xb1\"}",
	    "{\"a\":\"S\xc3\xa3o Paulo, 0123456789 \xe6\x9d\xb1\"}" },
	{ "a: string", "{\"a\":\"\\u0000\"}", "{\"a\":\"\\u0000\"}" },
	{ "a: string", "{\"a\":1}", "json.type a 5" },
	{ "a: string", "{\"a\":true}", "json.type a 5" },
	{ "a: string", "{\"a\":[]}", "json.type a 5" },
	{ "a: string", "{\"a\":null}", "{\"a\":null}" },
	{ "a: string!", "{\"a\":null}", "json.missing a 5" },
	{ "a: string!", "{}", "json.missing a 1" },
	{ "a: string", "{\"a\":\"\\ud800\"}", "json.syntax a 6" },
	{ "a: string", "{\"a\":\"\\udc00\\ud800\"}", "json.syntax a 6" },
	{ "a: string", "{\"a\":\"\x01\"}", "json.syntax a 6" },
	{ "a: string", "{\"a\":\"\xff\"}", "json.syntax a 6" },
	/* integers */
	{ "a: int64", "{\"a\":9223372036854775807}",
	    "{\"a\":9223372036854775807}" },
	{ "a: int64", "{\"a\":-9223372036854775808}",
	    "{\"a\":-9223372036854775808}" },
	{ "a: int64", "{\"a\":9223372036854775808}", "json.range a 5" },
	{ "a: int64", "{\"a\":-9223372036854775809}", "json.range a 5" },
	{ "a: int64", "{\"a\":12345678}", "{\"a\":12345678}" },
	{ "a: int64", "{\"a\":123456789012345}", "{\"a\":123456789012345}" },
	{ "a: int64", "{\"a\":1234567890123456}", "{\"a\":1234567890123456}" },
	{ "a: int64", "{\"a\":-0}", "{\"a\":0}" },
	{ "a: int64", "{\"a\":1.0}", "{\"a\":1}" },
	{ "a: int64", "{\"a\":1.500e3}", "{\"a\":1500}" },
	{ "a: int64", "{\"a\":1E2}", "{\"a\":100}" },
	{ "a: int64", "{\"a\":1e-1}", "json.range a 5" },
	{ "a: int64", "{\"a\":1.5}", "json.range a 5" },
	{ "a: int64", "{\"a\":1e400}", "json.range a 5" },
	{ "a: int64", "{\"a\":\"1\"}", "json.type a 5" },
	{ "a: int64", "{\"a\":01}", "json.syntax a 5" },
	{ "a: int64", "{\"a\":-01}", "json.syntax a 6" },
	{ "a: int64", "{\"a\":+1}", "json.syntax a 5" },
	{ "a: int64", "{\"a\":1.}", "json.syntax a 7" },
	{ "a: int64", "{\"a\":-}", "json.syntax a 6" },
	{ "a: int64", "{\"a\":1x}", "json.syntax - 6" },
	{ "a: int64", "{\"a\":12345678901234567890123456789}",
	    "json.range a 5" },
	{ "a: int32", "{\"a\":2147483647}", "{\"a\":2147483647}" },
	{ "a: int32", "{\"a\":-2147483648}", "{\"a\":-2147483648}" },
	{ "a: int32", "{\"a\":2147483648}", "json.range a 5" },
	/* floats */
	{ "a: float64", "{\"a\":0.1}", "{\"a\":0.1}" },
	{ "a: float64", "{\"a\":-122.419416}", "{\"a\":-122.419416}" },
	{ "a: float64", "{\"a\":9007199254740993}",
	    "{\"a\":9007199254740992}" },
	{ "a: float64", "{\"a\":1e23}", "{\"a\":1e+23}" },
	{ "a: float64", "{\"a\":4.9e-324}", "{\"a\":5e-324}" },
	{ "a: float64", "{\"a\":1e-400}", "{\"a\":0}" },
	{ "a: float64", "{\"a\":1e400}", "json.range a 5" },
	{ "a: float64", "{\"a\":-0}", "{\"a\":-0}" },
	{ "a: float64", "{\"a\":-0.0}", "{\"a\":-0}" },
	{ "a: float64", "{\"a\":NaN}", "json.syntax a 5" },
	{ "a: float64", "{\"a\":1.7976931348623157e308}",
	    "{\"a\":1.7976931348623157e+308}" },
	{ "a: float64", "{\"a\":0.3000000000000000166533453694}",
	    "{\"a\":0.30000000000000004}" },
	{ "a: float64", "{\"a\":0.3000000000000000166533453693}",
	    "{\"a\":0.3}" },
	{ "a: float32", "{\"a\":0.1}", "{\"a\":0.1}" },
	{ "a: float32", "{\"a\":16777217}", "{\"a\":16777216}" },
	{ "a: float32", "{\"a\":1e39}", "json.range a 5" },
	/* decimals */
	{ "a: decimal(12, 2)", "{\"a\":12.5}", "{\"a\":12.50}" },
	{ "a: decimal(12, 2)", "{\"a\":-0.05}", "{\"a\":-0.05}" },
	{ "a: decimal(12, 2)", "{\"a\":9999999999.99}",
	    "{\"a\":9999999999.99}" },
	{ "a: decimal(12, 2)", "{\"a\":10000000000}", "json.range a 5" },
	{ "a: decimal(12, 2)", "{\"a\":1.005}", "json.range a 5" },
	{ "a: decimal(12, 2)", "{\"a\":1.50000}", "{\"a\":1.50}" },
	{ "a: decimal(12, 2)", "{\"a\":15e-1}", "{\"a\":1.50}" },
	{ "a: decimal(12, 2)", "{\"a\":1e3}", "{\"a\":1000.00}" },
	{ "a: decimal(12, 2)", "{\"a\":\"1\"}", "json.type a 5" },
	{ "a: decimal(18, 0)", "{\"a\":999999999999999999}",
	    "{\"a\":999999999999999999}" },
	{ "a: decimal(18, 18)", "{\"a\":0.123456789012345678}",
	    "{\"a\":0.123456789012345678}" },
	{ "a: decimal(18, 18)", "{\"a\":1}", "json.range a 5" },
	{ "a: decimal(2, 2)", "{\"a\":0.99}", "{\"a\":0.99}" },
	{ "a: decimal(2, 2)", "{\"a\":1.00}", "json.range a 5" },
	{ "a: decimal(38, 10)", "{\"a\":-1234567890123456789012345678."
				"0123456789}",
	    "{\"a\":-1234567890123456789012345678.0123456789}" },
	/* bool */
	{ "a: bool", "{\"a\":true}", "{\"a\":true}" },
	{ "a: bool", "{\"a\":false}", "{\"a\":false}" },
	{ "a: bool", "{\"a\":truE}", "json.syntax a 5" },
	{ "a: bool", "{\"a\":falsy}", "json.syntax a 5" },
	{ "a: bool", "{\"a\":1}", "json.type a 5" },
	{ "a: bool", "{\"a\":nul}", "json.syntax a 5" },
	/* bytes */
	{ "a: bytes", "{\"a\":\"aGVsbG8=\"}", "{\"a\":\"aGVsbG8=\"}" },
	{ "a: bytes", "{\"a\":\"aGVsbG8\"}", "{\"a\":\"aGVsbG8=\"}" },
	{ "a: bytes", "{\"a\":\"_-8\"}", "{\"a\":\"/+8=\"}" },
	{ "a: bytes", "{\"a\":\"\"}", "{\"a\":\"\"}" },
	{ "a: bytes", "{\"a\":\"a\"}", "json.type a 5" },
	{ "a: bytes", "{\"a\":\"aGVsbG9=\"}", "json.type a 5" },
	{ "a: bytes", "{\"a\":\"a b=\"}", "json.type a 5" },
	{ "a: bytes", "{\"a\":1}", "json.type a 5" },
	/* json */
	{ "a: json", "{\"a\": {\"x\": [1, 2.50, null]} }",
	    "{\"a\":{\"x\": [1, 2.50, null]}}" },
	{ "a: json", "{\"a\":null}", "{\"a\":null}" },
	{ "a: json!", "{\"a\":null}", "json.missing a 5" },
	{ "a: json", "{\"a\":[1,]}", "json.syntax a 8" },
	{ "a: json", "{\"a\":{\"x\":1,}}", "json.syntax a 12" },
	{ "a: json", "{\"a\":{\"x\" 1}}", "json.syntax a 10" },
	{ "a: json", "{\"a\":[1 2]}", "json.syntax a 8" },
	{ "a: json", "{\"a\":[}", "json.syntax a 6" },
};

static const struct one times[] = {
	{ "a: timestamp", "{\"a\":\"2026-01-02T03:04:05Z\"}",
	    "{\"a\":\"2026-01-02T03:04:05Z\"}" },
	{ "a: timestamp", "{\"a\":\"2026-01-02 03:04:05.5\"}",
	    "{\"a\":\"2026-01-02T03:04:05.500Z\"}" },
	{ "a: timestamp", "{\"a\":\"2026-01-02T03:04:05.123456789Z\"}",
	    "{\"a\":\"2026-01-02T03:04:05.123456Z\"}" },
	{ "a: timestamp", "{\"a\":\"2026-01-02T03:04:05.123456-05:30\"}",
	    "{\"a\":\"2026-01-02T08:34:05.123456Z\"}" },
	{ "a: timestamp", "{\"a\":\"2026-01-02T03:04:05+0100\"}",
	    "{\"a\":\"2026-01-02T02:04:05Z\"}" },
	{ "a: timestamp", "{\"a\":\"2026-01-02t03:04:05z\"}",
	    "{\"a\":\"2026-01-02T03:04:05Z\"}" },
	{ "a: timestamp", "{\"a\":\"2026-01-02\"}",
	    "{\"a\":\"2026-01-02T00:00:00Z\"}" },
	{ "a: timestamp", "{\"a\":\"2024-02-29T00:00:00Z\"}",
	    "{\"a\":\"2024-02-29T00:00:00Z\"}" },
	{ "a: timestamp", "{\"a\":\"2023-02-29T00:00:00Z\"}",
	    "json.range a 5" },
	{ "a: timestamp", "{\"a\":\"2023-13-01T00:00:00Z\"}",
	    "json.range a 5" },
	{ "a: timestamp", "{\"a\":\"2023-12-01T24:00:00Z\"}",
	    "{\"a\":\"2023-12-02T00:00:00Z\"}" },
	{ "a: timestamp", "{\"a\":\"2016-12-31T23:59:60Z\"}",
	    "{\"a\":\"2017-01-01T00:00:00Z\"}" },
	{ "a: timestamp", "{\"a\":\"0001-01-01T00:00:00Z\"}",
	    "{\"a\":\"0001-01-01T00:00:00Z\"}" },
	{ "a: timestamp", "{\"a\":\"9999-12-31T23:59:59.999999Z\"}",
	    "{\"a\":\"9999-12-31T23:59:59.999999Z\"}" },
	{ "a: timestamp", "{\"a\":\"0000-01-01T00:00:00Z\"}",
	    "json.range a 5" },
	{ "a: timestamp", "{\"a\":\"2026-01-02T03:04:05ZZ\"}",
	    "json.type a 5" },
	{ "a: timestamp", "{\"a\":\"2026/01/02T03:04:05Z \"}",
	    "json.type a 5" },
	{ "a: timestamp", "{\"a\":1767323045}", "json.type a 5" },
	{ "a: timestamp(\"s\")", "{\"a\":1767323045}",
	    "{\"a\":\"2026-01-02T03:04:05Z\"}" },
	{ "a: timestamp(\"s\")", "{\"a\":1767323045.1234567}",
	    "{\"a\":\"2026-01-02T03:04:05.123456Z\"}" },
	{ "a: timestamp(\"s\")", "{\"a\":-0.0000001}",
	    "{\"a\":\"1969-12-31T23:59:59.999999Z\"}" },
	{ "a: timestamp(\"ms\")", "{\"a\":1767323045678}",
	    "{\"a\":\"2026-01-02T03:04:05.678Z\"}" },
	{ "a: timestamp(\"ms\")", "{\"a\":-1}",
	    "{\"a\":\"1969-12-31T23:59:59.999Z\"}" },
	{ "a: timestamp(\"us\")", "{\"a\":1767323045678901}",
	    "{\"a\":\"2026-01-02T03:04:05.678901Z\"}" },
	{ "a: timestamp(\"ns\")", "{\"a\":1767323045678901999}",
	    "{\"a\":\"2026-01-02T03:04:05.678901Z\"}" },
	{ "a: timestamp(\"ms\")", "{\"a\":1.767323045e12}",
	    "{\"a\":\"2026-01-02T03:04:05Z\"}" },
	{ "a: timestamp(\"s\")", "{\"a\":253402300800}", "json.range a 5" },
	{ "a: timestamp(\"s\")", "{\"a\":1e300}", "json.range a 5" },
	{ "a: timestamp(\"ms\")", "{\"a\":\"1767323045678\"}",
	    "json.type a 5" },
	{ "a: timestamp(\"%d/%b/%Y:%H:%M:%S %z\")",
	    "{\"a\":\"02/Jan/2026:03:04:05 +0100\"}",
	    "{\"a\":\"2026-01-02T02:04:05Z\"}" },
	{ "a: timestamp(\"%d/%m/%Y\")", "{\"a\":\"2/x/2026\"}",
	    "json.type a 5" },
	{ "a: date", "{\"a\":\"2026-01-02\"}", "{\"a\":\"2026-01-02\"}" },
	{ "a: date", "{\"a\":\"2026-02-30\"}", "json.range a 5" },
	{ "a: date", "{\"a\":20260102}", "json.type a 5" },
	{ "a: date(\"s\")", "{\"a\":1767323045}", "{\"a\":\"2026-01-02\"}" },
	{ "a: date(\"%d.%m.%Y\")", "{\"a\":\"02.01.2026\"}",
	    "{\"a\":\"2026-01-02\"}" },
	{ "a: duration", "{\"a\":\"1h30m\"}", "{\"a\":\"1h30m\"}" },
	{ "a: duration(\"ms\")", "{\"a\":1500}", "{\"a\":\"1s500ms\"}" },
	{ "a: duration", "{\"a\":\"soon\"}", "json.type a 5" },
};

static const struct one nested[] = {
	{ "a: list(int64)", "{\"a\":[1, 2 ,3]}", "{\"a\":[1,2,3]}" },
	{ "a: list(int64)", "{\"a\":[ ]}", "{\"a\":[]}" },
	{ "a: list(int64)", "{\"a\":[1,null]}", "{\"a\":[1,null]}" },
	{ "a: list(int64!)", "{\"a\":[1,null]}", "json.missing a[1] 8" },
	{ "a: list(int64)", "{\"a\":[1,\"x\"]}", "json.type a[1] 8" },
	{ "a: list(int64)", "{\"a\":[1,]}", "json.syntax a[1] 8" },
	{ "a: list(int64)", "{\"a\":[1 2]}", "json.syntax a 8" },
	{ "a: list(int64)", "{\"a\":{}}", "json.type a 5" },
	{ "a: list(list(string))", "{\"a\":[[],[\"x\",\"y\"],null,[null]]}",
	    "{\"a\":[[],[\"x\",\"y\"],null,[null]]}" },
	{ "a: list(bool)", "{\"a\":[true,false,null]}",
	    "{\"a\":[true,false,null]}" },
	{ "a: map(int64)", "{\"a\":{\"x\":1,\"y\":null}}",
	    "{\"a\":{\"x\":1,\"y\":null}}" },
	{ "a: map(decimal(18, 8)!)", "{\"a\":{\"USD\":null}}",
	    "json.missing a.USD 12" },
	{ "a: map(int64)", "{\"a\":{}}", "{\"a\":{}}" },
	{ "a: map(int64)", "{\"a\":{\"x\":1,\"\\u0078\":2}}",
	    "json.duplicate a.x 5" },
	{ "a: map(int64)", "{\"a\":[]}", "json.type a 5" },
	{ "a: map(list(map(string)))", "{\"a\":{\"k\":[{\"x\":\"y\"}]}}",
	    "{\"a\":{\"k\":[{\"x\":\"y\"}]}}" },
	{ "a: struct{x: int64!, y: string}", "{\"a\":{\"y\":\"q\",\"x\":1}}",
	    "{\"a\":{\"x\":1,\"y\":\"q\"}}" },
	{ "a: struct{x: int64!, y: string}", "{\"a\":{}}",
	    "json.missing a.x 6" },
	{ "a: struct{x: int64!, y: string}", "{\"a\":null}", "{\"a\":null}" },
	{ "a: struct{x: int64!}!", "{}", "json.missing a 1" },
	{ "a: struct{x: struct{y: list(struct{z: int64})}}",
	    "{\"a\":{\"x\":{\"y\":[{\"z\":1},{},{\"z\":\"!\"}]}}}",
	    "json.type a.x.y[2].z 32" },
	{ "items: list(struct{price: decimal(6, 2)!, tags: list(string)})",
	    "{\"items\":[{\"price\":1,\"tags\":[\"a\"]},{\"price\":2.50}]}",
	    "{\"items\":[{\"price\":1.00,\"tags\":[\"a\"]},"
	    "{\"price\":2.50,\"tags\":null}]}" },
	{ "items: list(struct{price: decimal(6, 2)!, tags: list(string)})",
	    "{\"items\":[{\"price\":1,\"tags\":[\"a\"]},{},{\"price\":3}]}",
	    "json.missing items[1].price 36" },
	{ "a: int64 from \"b-c\", b: string", "{\"b\":\"x\",\"b-c\":1}",
	    "{\"a\":1,\"b\":\"x\"}" },
	{ "a: int64", "{\"\\u0061\":1}", "{\"a\":1}" },
	{ "a: int64", "{\"x\":[{\"y\":null}],\"a\":1,\"z\":\"\\n\"}",
	    "{\"a\":1}" },
	{ "a: int64, b: int64", "{\"b\":2,\"a\":1}", "{\"a\":1,\"b\":2}" },
	{ "a: int64", "{\"a\":1,\"a\":2}", "json.duplicate a 11" },
	{ "a: int64", "{\"x\":1,\"x\":2,\"a\":3}", "{\"a\":3}" },
	{ "a: int64", "", "json.syntax - 0" },
	{ "a: int64", "[1]", "json.type - 0" },
	{ "a: int64", "null", "json.type - 0" },
	{ "a: int64", "{", "json.syntax - 1" },
	{ "a: int64", "{}x", "json.syntax - 2" },
	{ "a: int64", "{}{}", "json.syntax - 2" },
	{ "a: int64", "\xef\xbb\xbf{}", "json.syntax - 0" },
	{ "a: int64", "{\"a\"}", "json.syntax - 4" },
	{ "a: int64", "{\"a\":}", "json.syntax a 5" },
	{ "a: int64", "{\"a\":1,}", "json.syntax - 7" },
	{ "a: int64", "{,}", "json.syntax - 1" },
	{ "a: int64", "{a:1}", "json.syntax - 1" },
	{ "a: int64", "{\"a\":1", "json.syntax - 6" },
};

static void
test_convert(void)
{
	static const char *const opts[] = { "convert", "a", NULL };
	static const struct one cases[] = {
		{ "a: int64", "{\"a\":\"17\"}", "{\"a\":17}" },
		{ "a: int64", "{\"a\":\"17.0\"}", "{\"a\":17}" },
		{ "a: int64", "{\"a\":\"17 \"}", "json.type a 5" },
		{ "a: int64", "{\"a\":\"\"}", "json.type a 5" },
		{ "a: int64", "{\"a\":\"17.5\"}", "json.range a 5" },
		{ "a: int64", "{\"a\":true}", "json.type a 5" },
		{ "a: int64", "{\"a\":[]}", "json.type a 5" },
		{ "a: decimal(12, 2)", "{\"a\":\"12.50\"}", "{\"a\":12.50}" },
		{ "a: decimal(12, 2)", "{\"a\":\"12.505\"}",
		    "json.range a 5" },
		{ "a: float64", "{\"a\":\"1e3\"}", "{\"a\":1000}" },
		{ "a: float64", "{\"a\":\"NaN\"}", "{\"a\":\"nan\"}" },
		{ "a: bool", "{\"a\":\"true\"}", "{\"a\":true}" },
		{ "a: bool", "{\"a\":\"yes\"}", "json.type a 5" },
		{ "a: bool", "{\"a\":0}", "{\"a\":false}" },
		{ "a: bool", "{\"a\":2}", "json.type a 5" },
		{ "a: string", "{\"a\":-1.50e3}", "{\"a\":\"-1.50e3\"}" },
		{ "a: string", "{\"a\":false}", "{\"a\":\"false\"}" },
		{ "a: string", "{\"a\":{}}", "json.type a 5" },
		{ "a: string",
		    "{\"a\":12345678901234567890.12345678901234567890}",
		    "{\"a\":\"12345678901234567890.12345678901234567890\"}" },
		{ "a: timestamp(\"ms\")", "{\"a\":\"1767323045678\"}",
		    "{\"a\":\"2026-01-02T03:04:05.678Z\"}" },
		{ "a: timestamp", "{\"a\":5}", "json.type a 5" },
		{ "a: list(int64), b: int64", "{\"a\":[\"1\",2]}",
		    "{\"a\":[1,2],\"b\":null}" },
		{ "a: int64, b: int64", "{\"b\":\"1\"}", "json.type b 5" },
	};

	CHECK(cases, opts);
}

static void
test_options(void)
{
	static const char *const half[] = { "round", "half_even", NULL };
	static const struct one rounded[] = {
		{ "a: decimal(12, 2)", "{\"a\":1.005}", "{\"a\":1.00}" },
		{ "a: decimal(12, 2)", "{\"a\":1.015}", "{\"a\":1.02}" },
		{ "a: decimal(12, 2)", "{\"a\":1.0050001}", "{\"a\":1.01}" },
		{ "a: decimal(3, 2)", "{\"a\":9.999}", "json.range a 5" },
		{ "a: int64", "{\"a\":1.5}", "json.range a 5" },
	};
	static const char *const first[] = { "duplicates", "first", NULL };
	static const struct one firsts[] = {
		{ "a: int64", "{\"a\":1,\"a\":2}", "{\"a\":1}" },
		{ "a: int64", "{\"a\":1,\"a\":tru}", "json.syntax a 11" },
		{ "a: int64", "{\"a\":null,\"a\":2}", "{\"a\":null}" },
		{ "a: map(int64)", "{\"a\":{\"x\":1,\"y\":2,\"x\":3}}",
		    "{\"a\":{\"x\":1,\"y\":2}}" },
		{ "a: map(list(int64))",
		    "{\"a\":{\"x\":[1],\"y\":[2],\"x\":[3,4]}}",
		    "{\"a\":{\"x\":[1],\"y\":[2]}}" },
	};
	static const char *const last[] = { "duplicates", "last", NULL };
	static const struct one lasts[] = {
		{ "a: int64", "{\"a\":1,\"a\":2}", "{\"a\":2}" },
		{ "a: int64", "{\"a\":null,\"a\":2}", "{\"a\":2}" },
		{ "a: int64", "{\"a\":2,\"a\":null}", "{\"a\":null}" },
		{ "a: list(int64)", "{\"a\":[1,null],\"a\":[2]}",
		    "{\"a\":[2]}" },
		{ "a: struct{b: list(int64), c: int64}",
		    "{\"a\":{\"b\":[1],\"c\":2},\"a\":{\"b\":[7,8]}}",
		    "{\"a\":{\"b\":[7,8],\"c\":null}}" },
		{ "a: map(list(int64))",
		    "{\"a\":{\"x\":[1],\"y\":[2],\"x\":[3,4]}}",
		    "{\"a\":{\"y\":[2],\"x\":[3,4]}}" },
		{ "a: map(int64)",
		    "{\"a\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,"
		    "\"g\":1,\"h\":1,\"a\":2,\"b\":2,\"i\":1,\"a\":3}}",
		    "{\"a\":{\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
		    "\"b\":2,\"i\":1,\"a\":3}}" },
	};
	static const char *const reject[] = { "unknown", "reject", NULL };
	static const struct one rejected[] = {
		{ "a: int64", "{\"a\":1,\"b\":2}", "json.unknown b 7" },
		{ "a: struct{b: int64}", "{\"a\":{\"c\":1}}",
		    "json.unknown a.c 6" },
		{ "a: list(struct{b: int64})", "{\"a\":[{\"c\":1}]}",
		    "json.unknown a[0].c 7" },
		{ "a: json", "{\"a\":{\"c\":1}}", "{\"a\":{\"c\":1}}" },
	};
	static const char *const extra[] = { "unknown", "more", NULL };
	static const struct one extras[] = {
		{ "a: int64", "{\"a\":1}", "{\"a\":1,\"more\":null}" },
		{ "a: int64", "{\"x\":1.50,\"a\":1,\"y\":[ 1, {}]}",
		    "{\"a\":1,\"more\":{\"x\":1.50,\"y\":[ 1, {}]}}" },
		{ "a: struct{b: struct{c: int64}}, d: list(struct{e: int64})",
		    "{\"a\":{\"q\":1,\"b\":{\"r\":null}},\"d\":[{\"s\":1}]}",
		    "{\"a\":{\"b\":{\"c\":null}},\"d\":[{\"e\":null}],"
		    "\"more\":{\"a.q\":1,\"a.b.r\":null}}" },
		{ "a: int64", "{\"\\u0078\\\"\":1}",
		    "{\"a\":null,\"more\":{\"\\u0078\\\"\":1}}" },
	};
	static const char *const shallow[] = { "max_depth", "3", "max_items",
		"4", NULL };
	static const struct one limits[] = {
		{ "a: json", "{\"a\":[[1]]}", "{\"a\":[[1]]}" },
		{ "a: json", "{\"a\":[[[1]]]}", "json.depth a 7" },
		{ "b: int64", "{\"a\":[[[1]]]}", "json.depth - 7" },
		{ "a: list(list(list(int64)))", "{\"a\":[[[1]]]}",
		    "json.depth a[0][0] 7" },
		{ "a: list(int64)", "{\"a\":[1,2,3,4]}", "{\"a\":[1,2,3,4]}" },
		{ "a: list(int64)", "{\"a\":[1,2,3,4,5]}", "json.range a 14" },
		{ "a: list(int64), b: map(int64)",
		    "{\"a\":[1,2,3],\"b\":{\"x\":1,\"y\":2}}",
		    "json.range b 24" },
	};

	CHECK(rounded, half);
	CHECK(firsts, first);
	CHECK(lasts, last);
	CHECK(rejected, reject);
	CHECK(extras, extra);
	CHECK(limits, shallow);
}

/* Good and bad rows in turn; nested columns, too. */
static void
test_no_trace(void)
{
	static const char *const texts[] = {
		"{\"a\":null,\"b\":[1,null],\"c\":{\"x\":null},\"d\":true}",
		"{\"a\":null,\"b\":[7,null,8],\"c\":{\"x\":null},\"d\":null,"
		"\"e\":{\"k\":[1]},\"f\":1}",
		"{\"b\":[3],\"d\":false,\"a\":5,\"e\":{\"k\":[2,3],\"l\":[]}}",
		NULL,
		"{\"a\":null,\"b\":[null,9],\"c\":null,\"e\":{\"q\":[4,\"x\"]}}",
		"{\"a\":6,\"b\":[4],\"c\":{\"x\":\"not inline at all\"}}",
		"{oops",
		"{\"a\":7}",
	};
	static const char *const want =
	    "{\"a\":null,\"b\":[1,null],\"c\":{\"x\":null},\"d\":true,"
	    "\"e\":null,\"id\":0}\n"
	    "{\"a\":5,\"b\":[3],\"c\":null,\"d\":false,"
	    "\"e\":{\"k\":[2,3],\"l\":[]},\"id\":2}\n"
	    "{\"a\":6,\"b\":[4],\"c\":{\"x\":\"not inline at all\"},"
	    "\"d\":null,\"e\":null,\"id\":5}\n"
	    "{\"a\":7,\"b\":null,\"c\":null,\"d\":null,\"e\":null,"
	    "\"id\":7}\n";
	static const char *const opts[] = { "unknown", "reject", "keep", "id",
		NULL };
	struct weir_err err;
	struct ts *ts = js_start(plugin,
	    "a: int64, b: list(int64), c: struct{x: string}, d: bool, "
	    "e: map(list(int64))", opts, &err);
	int i;

	for (i = 0; i < 3; i++) {
		js_run(ts, texts, NULL, 8);
		T_STR(ts_dump(ts), want);
		T_STR(ts_rejects(ts),
		    "1 json.unknown f 63\n3 json.missing - -1\n"
		    "4 json.type e.q[1] 44\n6 json.syntax - 1\n");
	}
	T_INT(ts_free(ts), 0);
}

/* What no one reads is checked all the same, and not there. */
static void
test_unwanted(void)
{
	static const char *const texts[] = {
		"{\"a\":1,\"b\":\"a text of some length\",\"c\":[1,2],"
		"\"d\":{\"k\":1},\"e\":{\"x\":[1]},\"f\":true,\"g\":null}",
		"{\"a\":2,\"c\":[1,\"x\"]}",
		"{\"a\":3,\"d\":{\"k\":1,\"l\":2,\"k\":3}}",
		"{\"a\":4,\"e\":{\"x\":[null]}}",
		"{\"a\":5,\"b\":\"\\ud800\"}",
		"{\"a\":6,\"c\":[],\"d\":{},\"e\":null,\"f\":false}",
	};
	struct weir_err err;
	struct ts *ts = js_start(plugin,
	    "a: int64, b: string, c: list(int64), d: map(int64), "
	    "e: struct{x: list(int64!)}, f: bool, g: timestamp", NULL, &err);
	int i;

	for (i = 1; i < 7; i++)
		ts->unwanted[i] = true;
	for (i = 0; i < 2; i++) {
		js_run(ts, texts, NULL, 6);
		T_STR(ts_dump(ts), "{\"a\":1}\n{\"a\":6}\n");
		T_STR(ts_rejects(ts),
		    "1 json.type c[1] 14\n2 json.duplicate d.k 11\n"
		    "3 json.missing e.x[0] 17\n4 json.syntax b 12\n");
	}
	ts->unwanted[0] = true;
	js_run(ts, texts, NULL, 6);
	T_STR(ts_dump(ts), "{}\n{}\n");
	T_INT(ts_free(ts), 0);
}

/* More rows and elements than any first allocation holds; keys in any order,
 * left out, with other blanks. */
static void
test_many(void)
{
	enum { N = 3000 };
	static char texts[N][128];
	const char *ptrs[N];
	struct weir__buf want;
	struct weir_err err;
	struct ts *ts = js_start(plugin,
	    "a: int64, b: string, c: list(struct{x: int64, y: string})", NULL,
	    &err);
	int i, r;

	weir__buf_init(&want);
	for (i = 0; i < N; i++) {
		static const char *const fmts[] = {
			"{\"a\":%d,\"b\":\"b%d\",\"c\":[{\"x\":%d}]}",
			"{ \"a\": %d, \"b\": \"b%d\", \"c\": [ { \"x\": %d } ] }",
			"{\"q\":1,\"a\":%d,\"r\":[],\"b\":\"b%d\",\"s\":\"\","
			"\"c\":[{\"z\":0,\"x\":%d}]}",
			"{\"a\"\n:\t%d\r,\"b\" :\"b%d\" , \"c\" :[{\"x\" :%d}]}",
		};

		snprintf(texts[i], sizeof texts[i], fmts[(i / 7) % 4], i, i, i);
		ptrs[i] = texts[i];
		weir__buf_printf(&want,
		    "{\"a\":%d,\"b\":\"b%d\",\"c\":[{\"x\":%d,\"y\":null}]}\n",
		    i, i, i);
	}
	for (r = 0; r < 2; r++) {
		js_run(ts, ptrs, NULL, N);
		T_STR(ts_rejects(ts), "");
		T(strcmp(ts_dump(ts), weir__buf_cstr(&want)) == 0);
	}
	weir__buf_fini(&want);
	T_INT(ts_free(ts), 0);
}

static void
test_bind_errors(void)
{
	static const struct {
		const char *schema;
		const char *opt;
		const char *value;
		const char *text;
	} cases[] = {
		{ "a: int64, b: int64 from \"a\"", "round", "none",
		    "fields \"a\" and \"b\" are both read from the key \"a\"" },
		{ "a: timestamp(\"%Y-%Q\")", "round", "none",
		    "field \"a\": expected \"s\", \"ms\", \"us\", \"ns\" or a "
		    "pattern, found \"%Y-%Q\", which is wrong from byte 4 on" },
		{ "a: int64", "unknown", "a",
		    "the schema has a column \"a\" already; name the one for "
		    "unknown fields otherwise" },
		{ "a: int64", "convert", "b",
		    "expected a column of the schema, found \"b\"" },
		{ "a: int64", "from", "id",
		    "JSON text is in a column of string, bytes or json, which "
		    "\"id\" is not; say with \"from\" which one holds it" },
		{ "a: int64", "from", "nothing",
		    "there is no column \"value\"; say with \"from\" which one "
		    "holds the JSON text" },
	};
	struct weir_err err;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *const opts[] = { cases[i].opt, cases[i].value,
			NULL };

		T(js_start(plugin, cases[i].schema, opts, &err) == NULL);
		T_STR(err.text, cases[i].text);
	}
}

/* Each allocation fails once: an error or the whole result, and no leak. */
static void
test_no_memory(void)
{
	static const char *const opts[] = { "unknown", "more", NULL };
	static const char *const texts[] = {
		"{\"a\":\"\\u0061 text that is not inline\",\"b\":[1,null],"
		"\"c\":{\"k\":{\"x\":null}},\"zz\":[1],\"d\":\"aGVsbG8=\"}",
		"{oops", "{\"a\":null,\"c\":{\"k\":null,\"l\":{\"x\":1}}}",
	};
	struct weir_err err;
	struct ts *ts = js_start(plugin,
	    "a: string, b: list(int64), c: map(struct{x: int64}), d: bytes",
	    opts, &err);
	char want[1024];
	uint64_t n;
	int bad = 0;

	js_run(ts, texts, NULL, 3);
	snprintf(want, sizeof want, "%s", ts_dump(ts));
	T(strlen(want) > 100);
	T_INT(ts_free(ts), 0);
	for (n = 1; n < 200; n++) {
		struct weir_batch *b;
		uint32_t i;
		int rc;

		ts = ts_new(plugin, "decode", "id: int64, value: bytes");
		ts_opt(ts, "schema",
		    "a: string, b: list(int64), c: map(struct{x: int64}), "
		    "d: bytes");
		ts_opt(ts, "unknown", "more");
		bad += ts_bind(ts, &err) != WEIR_OK;
		b = ts_batch(ts, 3);
		for (i = 0; i < 3; i++) {
			b->cols[0].u.i64[i] = i;
			ts_text(b, 1, i, texts[i], strlen(texts[i]));
		}
		weir__alloc_fail_at(n, 0);
		rc = ts_init(ts, &err);
		if (rc == WEIR_OK) {
			rc = ts->type->process(&ts->stage.st, 0, b, &err);
			n = weir__alloc_count() < n ? 200 : n;
		}
		weir__alloc_fail_at(0, 0);
		bad += rc == WEIR_OK ? strcmp(ts_dump(ts), want) != 0
				     : strcmp(err.code, "memory") != 0;
		ts_unref(b);
		bad += ts_free(ts) != 0;
	}
	T_INT(bad, 0);
}

int
main(void)
{
	plugin = ts_plugin("json");
	CHECK(scalars, NULL);
	CHECK(times, NULL);
	CHECK(nested, NULL);
	test_convert();
	test_options();
	test_no_trace();
	test_unwanted();
	test_many();
	test_bind_errors();
	test_no_memory();
	return t_done();
}
