/* SPDX-License-Identifier: MIT
 *
 * Numbers: integers at their edges, floats against Python's.
 */
#include "base/num.h"

#include <math.h>

#include "t.h"
#include "vectors.h"

static const char *const words[] = { "ok", "syntax", "range", "inexact",
	"zero" };

static enum weir__num
parse(int64_t *v, const char *s)
{
	return weir__i64_parse(v, s, strlen(s));
}

static void
integers(void)
{
	static const char *const bad[] = { "", "-", "+", "-+1", "+-1", "1 ",
		" 1", "1.0", "12345678a", "a12345678", "1234567:", "0x10" };
	char text[WEIR__NUM_TEXT + 1];
	size_t i;
	int64_t v;
	uint64_t u;

	T_INT(parse(&v, "9223372036854775807"), WEIR__NUM_OK);
	T(v == INT64_MAX);
	T_INT(parse(&v, "-9223372036854775808"), WEIR__NUM_OK);
	T(v == INT64_MIN);
	T_INT(parse(&v, "9223372036854775808"), WEIR__NUM_RANGE);
	T_INT(parse(&v, "-9223372036854775809"), WEIR__NUM_RANGE);
	T_INT(parse(&v, "99999999999999999999999"), WEIR__NUM_RANGE);
	T_INT(parse(&v, "18446744073709551616"), WEIR__NUM_RANGE);
	T_INT(parse(&v, "99999999999999999999999x"), WEIR__NUM_SYNTAX);
	T_INT(parse(&v, "000000000000000000000000000012"), WEIR__NUM_OK);
	T_INT(v, 12);
	T_INT(parse(&v, "-0"), WEIR__NUM_OK);
	T_INT(v, 0);
	T_INT(parse(&v, "+123456789012"), WEIR__NUM_OK);
	T_INT(v, 123456789012);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		T_INT(parse(&v, bad[i]), WEIR__NUM_SYNTAX);
	T_INT(weir__u64_parse(&u, "18446744073709551615", 20), WEIR__NUM_OK);
	T(u == UINT64_MAX);
	text[weir__i64_print(text, INT64_MIN)] = '\0';
	T_STR(text, "-9223372036854775808");
	text[weir__u64_print(text, UINT64_MAX)] = '\0';
	T_STR(text, "18446744073709551615");
	text[weir__i64_print(text, 0)] = '\0';
	T_STR(text, "0");
	text[weir__i64_print(text, -100)] = '\0';
	T_STR(text, "-100");
}

static void
integers_back(void)
{
	uint64_t x = 88172645463325252u, bad = 0;
	char text[WEIR__NUM_TEXT];
	int64_t v, w;
	int i;

	for (i = 0; i < 200000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		v = (int64_t)x >> (x % 64);
		bad += weir__i64_parse(&w, text, weir__i64_print(text, v)) !=
			WEIR__NUM_OK ||
		    v != w;
	}
	T_INT(bad, 0);
}

static uint64_t
bits(double d)
{
	uint64_t u;

	memcpy(&u, &d, 8);
	return u;
}

static void
floats(void)
{
	struct vectors ve;
	enum weir__num rc;
	uint64_t want;
	double d;
	char text[64];
	int ok;

	vectors_open(&ve, "floats");
	while (vectors_next(&ve)) {
		d = 0;
		rc = weir__f64_parse(&d, ve.field[0], ve.len[0]);
		want = strtoull(ve.field[1], NULL, 16);
		snprintf(text, sizeof text, "%016" PRIx64 " %s", bits(d),
		    words[rc]);
		ok = strcmp(words[rc], ve.field[2]) == 0;
		if (rc != WEIR__NUM_SYNTAX)
			ok &= bits(d) == want ||
			    (isnan(d) && want << 1 > UINT64_C(0x7ff) << 53);
		vectors_check(&ve, ok, text);
	}
	vectors_close(&ve, "float64 from text", 40000);
}

static void
floats_print(void)
{
	struct vectors ve;
	char text[WEIR__NUM_TEXT + 1];
	uint64_t u;
	double d, e;
	int ok;

	vectors_open(&ve, "floatprint");
	while (vectors_next(&ve)) {
		u = strtoull(ve.field[0], NULL, 16);
		memcpy(&d, &u, 8);
		text[weir__f64_print(text, d)] = '\0';
		ok = strcmp(text, ve.field[1]) == 0;
		weir__f64_parse(&e, text, strlen(text));
		ok &= bits(d) == bits(e) || isnan(d);
		vectors_check(&ve, ok, text);
	}
	vectors_close(&ve, "float64 to text", 40000);
}

static void
floats32(void)
{
	struct vectors ve;
	char text[64];
	enum weir__num rc;
	uint32_t u;
	float f;

	vectors_open(&ve, "float32s");
	while (vectors_next(&ve)) {
		rc = weir__f32_parse(&f, ve.field[0], ve.len[0]);
		memcpy(&u, &f, 4);
		snprintf(text, sizeof text, "%08x", u);
		vectors_check(&ve, strcmp(words[rc], ve.field[2]) == 0 &&
			(rc != WEIR__NUM_OK || strcmp(text, ve.field[1]) == 0),
		    text);
	}
	vectors_close(&ve, "float32 from text", 10000);
	vectors_open(&ve, "float32print");
	while (vectors_next(&ve)) {
		u = (uint32_t)strtoul(ve.field[0], NULL, 16);
		memcpy(&f, &u, 4);
		text[weir__f32_print(text, f)] = '\0';
		vectors_check(&ve, strcmp(text, ve.field[1]) == 0, text);
	}
	vectors_close(&ve, "float32 to text", 800);
}

int
main(void)
{
	integers();
	integers_back();
	floats();
	floats_print();
	floats32();
	return t_done();
}
