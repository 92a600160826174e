/* SPDX-License-Identifier: MIT
 *
 * JSON text of values and rows, quoting, base64.
 */
#include "t.h"

#include <math.h>

#include "base/alloc.h"
#include "base/json.h"
#include "batch/json_text.h"
#include "stage_types.h"

static struct weir__buf bf;

static const char *
string(const char *p, size_t n)
{
	weir__buf_clear(&bf);
	weir__json_string(&bf, p, n);
	return weir__buf_cstr(&bf);
}

#define S(text) string(text, sizeof(text) - 1)

static void
test_strings(void)
{
	T_STR(S(""), "\"\"");
	T_STR(S("a"), "\"a\"");
	T_STR(S("\"\\/\b\f\n\r\t\x01\x1f\x7f"),
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	T_STR(S("a\0b"), "\"a\\u0000b\"");
	T_STR(S("0123456789abcdef\"0123456789abcdef"),
	    "\"0123456789abcdef\\\"0123456789abcdef\"");
	T_STR(S("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
	    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	T_STR(S("\xff"), "\"\xef\xbf\xbd\"");
	T_STR(S("a\xc3"), "\"a\xef\xbf\xbd\"");
	T_STR(S("\xed\xa0\x80z"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
}

static void
test_base64(void)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = { "Z", "Zg=", "Zh==", "Zm9=", "Zg==Zg==",
		"Zm 9", "Zm9v\n", "=", "====", "Zm9v=", "Z===", "Zm\xc3\xa9" };
	char to[64], back[64];
	size_t i, n, m;

	for (i = 0; i < 7; i++) {
		n = strlen(pairs[i][0]);
		m = weir__base64_encode(to, pairs[i][0], n);
		T_INT(m, WEIR__BASE64_TEXT(n));
		to[m] = '\0';
		T_STR(to, pairs[i][1]);
		T(weir__base64_decode(back, &n, to, m));
		back[n] = '\0';
		T_STR(back, pairs[i][0]);
		m = strcspn(to, "=");
		T(weir__base64_decode(back, &n, to, m));
		T_INT(n, strlen(pairs[i][0]));
	}
	T(weir__base64_decode(back, &n, "-_8", 3) && n == 2);
	T(memcmp(back, "\xfb\xff", 2) == 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		T(!weir__base64_decode(back, &n, bad[i], strlen(bad[i])));
}

static void
test_row(void)
{
	struct weir__arena ar;
	struct weir_schema sc;
	struct weir_column cols[8] = { 0 }, kids[3] = { 0 };
	struct weir_str s = weir_str_make("x", 1);
	double d[] = { NAN, -INFINITY, -0.0 };
	int64_t i[] = { INT64_MIN, 5, -1234567 };
	int32_t off[] = { 0, 2, 2, 3 };
	uint64_t valid = 5;
	uint64_t n;

	weir__arena_init(&ar, 0);
	ts_schema(&ar, &sc,
	    "\"a \\b\": float64, b: int64, c: string, d: list(int64), "
	    "e: map(int64), f: struct{p: int64, q: string}, g: decimal(9, 4), "
	    "h: timestamp");
	cols[0].u.f64 = d;
	cols[1].u.i64 = i;
	cols[1].valid = &valid;
	/* c is absent */
	kids[1].u.i64 = i;
	cols[3] = (struct weir_column){ .offsets = off, .child = &kids[1],
		.nchild = 1 };
	kids[0].u.str = (struct weir_str[]){ s, s, s };
	cols[4] = (struct weir_column){ .offsets = off, .child = kids,
		.nchild = 2 };
	cols[5] = (struct weir_column){ .child = &kids[1], .nchild = 2 };
	cols[6].u.i64 = i;
	cols[7].u.i64 = i;
	for (n = 0; n < 3; n++) {
		if (n != 0)
			weir__buf_chr(&bf, '\n');
		else
			weir__buf_clear(&bf);
		weir__json_row(&bf, &sc, cols, (uint32_t)n);
	}
	T_STR(weir__buf_cstr(&bf),
	    "{\"a \\\\b\":\"nan\",\"b\":-9223372036854775808,"
	    "\"d\":[-9223372036854775808,5],"
	    "\"e\":{\"x\":-9223372036854775808,\"x\":5},"
	    "\"f\":{\"p\":-9223372036854775808},"
	    "\"g\":-922337203685477.5808,"
	    "\"h\":\"-290308-12-21T19:59:05.224192Z\"}\n"
	    "{\"a \\\\b\":\"-inf\",\"b\":null,\"d\":[],\"e\":{},"
	    "\"f\":{\"p\":5},\"g\":0.0005,"
	    "\"h\":\"1970-01-01T00:00:00.000005Z\"}\n"
	    "{\"a \\\\b\":-0,\"b\":-1234567,\"d\":[-1234567],"
	    "\"e\":{\"x\":-1234567},\"f\":{\"p\":-1234567},\"g\":-123.4567,"
	    "\"h\":\"1969-12-31T23:59:58.765433Z\"}");

	for (n = 1; n < 20; n++) {
		struct weir__buf small;

		weir__buf_init(&small);
		weir__alloc_fail_at(n, 1);
		weir__json_row(&small, &sc, cols, 0);
		weir__alloc_fail_at(0, 0);
		if (!small.failed)
			n = 20;
		weir__buf_fini(&small);
	}
	T_INT(n, 21);
	weir__arena_fini(&ar);
}

int
main(void)
{
	weir__buf_init(&bf);
	test_strings();
	test_base64();
	test_row();
	weir__buf_fini(&bf);
	return t_done();
}
