/* SPDX-License-Identifier: MIT
 *
 * Timestamps, dates, durations and patterns.
 */
#include "base/time.h"

#include <stdlib.h>

#include "base/zone.h"
#include "t.h"
#include "vectors.h"

static const char *const words[] = { "ok", "syntax", "range", "inexact",
	"zero" };
static struct vectors ve;

static int
check_time(char *got)
{
	int64_t t = 0;
	/* A copy of the exact size, so that a sanitizer sees each bound. */
	char *p = malloc(ve.len[1] + (ve.len[1] == 0));
	enum weir__num rc;

	memcpy(p, ve.field[1], ve.len[1]);
	rc = weir__time_parse(&t, p, ve.len[1]);
	free(p);
	snprintf(got, 80, "%s %" PRId64, words[rc], t);
	return strcmp(words[rc], ve.field[2]) == 0 &&
	    (rc != WEIR__NUM_OK || t == strtoll(ve.field[3], NULL, 10));
}

static int
check_print(char *got)
{
	int64_t us = strtoll(ve.field[1], NULL, 10), back;
	struct weir__civil c;

	got[weir__time_print(got, us)] = '\0';
	weir__time_split(&c, us);
	return strcmp(got, ve.field[2]) == 0 && weir__time_join(&c) == us &&
	    weir__time_parse(&back, got, strlen(got)) == WEIR__NUM_OK &&
	    back == us;
}

static int
check_date(char *got)
{
	int32_t days = (int32_t)atol(ve.field[1]), back;

	got[weir__time_print_date(got, days)] = '\0';
	return strcmp(got, ve.field[2]) == 0 &&
	    weir__time_parse_date(&back, got, strlen(got)) == WEIR__NUM_OK &&
	    back == days;
}

static int
check_week(char *got)
{
	int32_t days = (int32_t)atol(ve.field[1]);
	int64_t year;
	unsigned week = weir__time_iso_week(days, &year);

	snprintf(got, 80, "%" PRId64 " %u", year, week);
	return year == atol(ve.field[2]) && week == (unsigned)atol(ve.field[3]) &&
	    weir__time_iso_wday(days) == (unsigned)atol(ve.field[4]);
}

static void
times(void)
{
	char got[128] = "";
	int ok;

	vectors_open(&ve, "times");
	while (vectors_next(&ve)) {
		if (strcmp(ve.field[0], "time") == 0)
			ok = check_time(got);
		else if (strcmp(ve.field[0], "print") == 0)
			ok = check_print(got);
		else if (strcmp(ve.field[0], "date") == 0)
			ok = check_date(got);
		else
			ok = check_week(got);
		vectors_check(&ve, ok, got);
	}
	vectors_close(&ve, "timestamps and dates", 60000);
}

static void
patterns(void)
{
	struct weir__zones zs;
	const struct weir__zone *z;
	struct weir_err err;
	char got[256];
	int64_t t;
	size_t n, at;
	enum weir__num rc;
	int ok;

	weir__zones_init(&zs, NULL);
	vectors_open(&ve, "patterns");
	while (vectors_next(&ve)) {
		z = weir__zones_get(&zs, ve.field[1], ve.len[1], WEIR_NOWHERE,
		    &err);
		ok = weir__time_pattern_ok(ve.field[3], ve.len[3], false, &at);
		if (strcmp(ve.field[0], "format") == 0) {
			n = weir__time_strftime(got, sizeof got - 1,
			    strtoll(ve.field[2], NULL, 10), ve.field[3],
			    ve.len[3], z);
			got[n] = '\0';
			ok &= strcmp(got, ve.field[4]) == 0;
		} else {
			t = 0;
			rc = weir__time_strptime(&t, ve.field[2], ve.len[2],
			    ve.field[3], ve.len[3], z);
			snprintf(got, sizeof got, "%s %" PRId64, words[rc], t);
			ok &= strcmp(words[rc], ve.field[4]) == 0 &&
			    (rc != WEIR__NUM_OK ||
				t == strtoll(ve.field[5], NULL, 10));
		}
		vectors_check(&ve, ok && z != NULL, got);
	}
	vectors_close(&ve, "patterns", 6000);
	weir__zones_fini(&zs);
}

static void
pattern_edges(void)
{
	char out[8] = "xxxxxxx";
	size_t at = 99;

	T(!weir__time_pattern_ok("%Y-%", 4, false, &at));
	T_INT(at, 3);
	T(!weir__time_pattern_ok("a%Qb", 4, false, &at));
	T_INT(at, 1);
	T(!weir__time_pattern_ok("%G", 2, true, &at));
	T(weir__time_pattern_ok("%G", 2, false, &at));
	T(!weir__time_pattern_ok("%\0", 2, false, &at));
	T_INT(weir__time_strftime(out, 3, 0, "%Y-%m-%d", 8, NULL), 10);
	T_STR(out, "197xxxx");
	T_INT(weir__time_strftime(out, 7, INT64_C(-62135596800000000),
		  "%L %n%t%s", 9, NULL),
	    18);
	T(memcmp(out, "000 \n\t-", 7) == 0);
}

static const struct {
	const char *text;
	enum weir__num rc;
	int64_t us;
	const char *print;
} durations[] = {
	{ "5m", WEIR__NUM_OK, 300000000, "5m" },
	{ "1h30m", WEIR__NUM_OK, 5400000000, "1h30m" },
	{ "500ms", WEIR__NUM_OK, 500000, "500ms" },
	{ "30 seconds", WEIR__NUM_OK, 30000000, "30s" },
	{ "30 second", WEIR__NUM_OK, 30000000, "30s" },
	{ "1 minute", WEIR__NUM_OK, 60000000, "1m" },
	{ "1 hour 30 minutes", WEIR__NUM_OK, 5400000000, "1h30m" },
	{ "1h 30m", WEIR__NUM_OK, 5400000000, "1h30m" },
	{ "0s", WEIR__NUM_OK, 0, "0s" },
	{ "-5m", WEIR__NUM_OK, -300000000, "-5m" },
	{ "1.5h", WEIR__NUM_OK, 5400000000, "1h30m" },
	{ "0.000001s", WEIR__NUM_OK, 1, "1us" },
	{ "0.1250ms", WEIR__NUM_OK, 125, "125us" },
	{ "1w", WEIR__NUM_OK, 604800000000, "168h" },
	{ "2d", WEIR__NUM_OK, 172800000000, "48h" },
	{ "2540400h10m10s1ms1us", WEIR__NUM_OK, 9145440610001001,
	    "2540400h10m10s1ms1us" },
	{ "9223372036854775807us", WEIR__NUM_OK, INT64_MAX,
	    "2562047788h54s775ms807us" },
	{ "-9223372036854775808us", WEIR__NUM_OK, INT64_MIN,
	    "-2562047788h54s775ms808us" },
	{ "9223372036854775808us", WEIR__NUM_RANGE, 0, NULL },
	{ "99999999999999999999999h", WEIR__NUM_RANGE, 0, NULL },
	{ "99999999999999h", WEIR__NUM_RANGE, 0, NULL },
	{ "0.5us", WEIR__NUM_INEXACT, 0, NULL },
	{ "0.0000001s", WEIR__NUM_INEXACT, 0, NULL },
	{ "0.00000000000000000000000000001h", WEIR__NUM_INEXACT, 0, NULL },
	{ "", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5", WEIR__NUM_SYNTAX, 0, NULL },
	{ "0", WEIR__NUM_SYNTAX, 0, NULL },
	{ "m", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5m5", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5m1h", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5m5m", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5 m ", WEIR__NUM_SYNTAX, 0, NULL },
	{ " 5m", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5M", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5.m", WEIR__NUM_SYNTAX, 0, NULL },
	{ "--5m", WEIR__NUM_SYNTAX, 0, NULL },
	{ "5 months", WEIR__NUM_SYNTAX, 0, NULL },
};

static void
durations_all(void)
{
	char text[WEIR__TIME_TEXT + 1];
	int64_t us, back;
	size_t i;

	for (i = 0; i < sizeof durations / sizeof *durations; i++) {
		us = 0;
		printf("# %s\n", durations[i].text);
		T_INT(weir__time_parse_duration(&us, durations[i].text,
			  strlen(durations[i].text)),
		    durations[i].rc);
		if (durations[i].rc != WEIR__NUM_OK)
			continue;
		T_INT(us, durations[i].us);
		text[weir__time_print_duration(text, us)] = '\0';
		T_STR(text, durations[i].print);
		T_INT(weir__time_parse_duration(&back, text, strlen(text)),
		    WEIR__NUM_OK);
		T_INT(back, us);
	}
}

static void
calendar(void)
{
	int64_t days, y, bad = 0;
	unsigned m, d;
	char text[WEIR__TIME_TEXT + 1];

	for (days = -800000; days < 3000000; days++) {
		weir__time_civil(days, &y, &m, &d);
		bad += weir__time_days(y, m, d) != days || m < 1 || m > 12 ||
		    d < 1 || d > weir__time_month_days(y, m);
	}
	T_INT(bad, 0);
	T_INT(weir__time_days(1970, 1, 1), 0);
	T_INT(weir__time_days(1, 1, 1), WEIR__DATE_MIN);
	T_INT(weir__time_days(9999, 12, 31), WEIR__DATE_MAX);
	text[weir__time_print(text, WEIR__TIME_MIN - 1)] = '\0';
	T_STR(text, "0000-12-31T23:59:59.999999Z");
	text[weir__time_print(text, INT64_MIN)] = '\0';
	T_STR(text, "-290308-12-21T19:59:05.224192Z");
	text[weir__time_print(text, INT64_MAX)] = '\0';
	T_STR(text, "+294247-01-10T04:00:54.775807Z");
	text[weir__time_print_local(text, 3600000000, -19800)] = '\0';
	T_STR(text, "1970-01-01T01:00:00-05:30");
	text[weir__time_print_local(text, 120000, 3208)] = '\0';
	T_STR(text, "1970-01-01T00:00:00.120+00:53:28");
}

int
main(void)
{
	calendar();
	durations_all();
	pattern_edges();
	times();
	patterns();
	return t_done();
}
