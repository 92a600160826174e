/* SPDX-License-Identifier: MIT
 *
 * Time zones: against Python's zoneinfo from 1900 to 2100, and damaged files.
 */
#include "base/zone.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/time.h"
#include "t.h"
#include "vectors.h"

static void
against_python(void)
{
	static struct vectors ve;
	struct weir__zones zs;
	struct weir__zone_span sp;
	const struct weir__zone *z;
	struct weir_err err;
	char got[128];
	int64_t t;
	int ok;

	weir__zones_init(&zs, NULL);
	vectors_open(&ve, "zones");
	while (vectors_next(&ve)) {
		z = weir__zones_get(&zs, ve.field[1], ve.len[1], WEIR_NOWHERE,
		    &err);
		if (z == NULL) {
			vectors_check(&ve, 0, err.text);
			continue;
		}
		t = strtoll(ve.field[2], NULL, 10);
		if (strcmp(ve.field[0], "at") == 0) {
			t *= WEIR__US_SEC;
			weir__zone_find(z, t, &sp);
			snprintf(got, sizeof got, "%" PRId64 " %s", sp.offset,
			    sp.abbr);
			ok = sp.from <= t && t < sp.to &&
			    sp.offset == atol(ve.field[3]) * WEIR__US_SEC &&
			    strcmp(sp.abbr, ve.field[4]) == 0 &&
			    weir__zone_local(z, t) == t + sp.offset;
		} else {
			t = weir__zone_utc(z, t);
			snprintf(got, sizeof got, "%" PRId64, t);
			ok = t == strtoll(ve.field[3], NULL, 10);
		}
		vectors_check(&ve, ok, got);
	}
	vectors_close(&ve, "zones as Python has them", 50000);
	weir__zones_fini(&zs);
}

static void
names(void)
{
	static const char *const bad[] = { "", "../passwd", "/etc/passwd",
		"Europe/../Asia/Tokyo", "Europe//Berlin", "Europe/", "Europe",
		"europe berlin", "No/Such_Zone", "tzdata.zi", "+24:00", "+5",
		"+05:60", "+05:3", "+0530:", "leapseconds",
		"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct weir__zones zs;
	const struct weir__zone *z;
	struct weir_err err;
	size_t i;

	weir__zones_init(&zs, NULL);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		T(weir__zones_get(&zs, bad[i], strlen(bad[i]), WEIR_NOWHERE,
		      &err) == NULL);
		T_STR(err.code, "time.zone");
	}
	z = weir__zones_get(&zs, "+05:30", 6, WEIR_NOWHERE, &err);
	T(z != NULL && weir__zone_offset(z, 0) == 19800 * WEIR__US_SEC);
	T(z == weir__zones_get(&zs, "+05:30", 6, WEIR_NOWHERE, &err));
	z = weir__zones_get(&zs, "-0930", 5, WEIR_NOWHERE, &err);
	T(z != NULL && weir__zone_offset(z, 0) == -34200 * WEIR__US_SEC);
	z = weir__zones_get(&zs, "UTC", 3, WEIR_NOWHERE, &err);
	T(z != NULL && weir__zone_utc(z, WEIR__TIME_MAX) == WEIR__TIME_MAX);
	T(z != NULL && weir__zone_utc(z, WEIR__TIME_MIN) == WEIR__TIME_MIN);
	weir__zones_fini(&zs);
}

static void
put32(char *p, uint32_t v)
{
	int i;

	for (i = 0; i < 4; i++)
		p[i] = (char)(v >> (24 - 8 * i));
}

/* A file with no transitions and the given footer. */
static struct weir__zone *
footer(const char *rule)
{
	char data[256] = { 0 };
	size_t at = 44, n;

	memcpy(data, "TZif2", 5);
	memcpy(data + at, "TZif2", 5);
	put32(data + at + 36, 1);
	put32(data + at + 40, 4);
	at += 44 + 6;
	memcpy(data + at, "LMT", 4);
	at += 4;
	n = strlen(rule);
	data[at++] = '\n';
	memcpy(data + at, rule, n);
	data[at + n] = '\n';
	return weir__zone_load("Test", data, at + n + 1);
}

static void
rules(void)
{
	static const char *const bad[] = { "X5", "CET", "CET-1CEST", "CET-1CEST,",
		"CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
		"CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,J0,J5",
		"CET-1CEST,M3.5.0,M10.5.0x", "CET-25", "<CET-1",
		"CET-1CEST,M3.5.0/168,M10.5.0" };
	struct weir__zone *z;
	struct weir__zone_span sp;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		z = footer(bad[i]);
		T(z == NULL);
		weir__zone_free(z);
	}
	/* Daylight-saving time all the year (RFC 9636, 3.3.1). */
	z = footer("EST5EDT,0/0,J365/25");
	T(z != NULL);
	for (i = 0; z != NULL && i < 20; i++) {
		weir__zone_find(z, (int64_t)i * 40 * WEIR__US_DAY, &sp);
		T(sp.dst && sp.offset == -4 * WEIR__US_HOUR);
	}
	weir__zone_free(z);
	z = footer("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1");
	T(z != NULL);
	if (z != NULL) {
		/* 2026-03-29, two hours before midnight of standard time. */
		weir__zone_find(z, INT64_C(1774746000000000), &sp);
		T_INT(sp.from, INT64_C(1774746000000000));
		T_STR(sp.abbr, "-02");
	}
	weir__zone_free(z);
}

/* Every byte of a real file changed, and every length of it. */
static void
damaged(void)
{
	static char data[8192], copy[8192];
	FILE *f = fopen("/usr/share/zoneinfo/America/St_Johns", "rb");
	struct weir__zone_span sp;
	struct weir__zone *z;
	size_t n, i, loaded = 0;
	uint32_t seed = 1;
	char *p;

	n = f != NULL ? fread(data, 1, sizeof data, f) : 0;
	if (f != NULL)
		fclose(f);
	T(n > 100);
	for (i = 0; i < n; i++) {
		p = malloc(i + (i == 0));
		memcpy(p, data, i);
		z = weir__zone_load("Test", p, i);
		loaded += z != NULL;
		weir__zone_free(z);
		free(p);
	}
	T_INT(loaded, 0);
	for (i = 0; i < 4 * n; i++) {
		memcpy(copy, data, n);
		seed = seed * 1664525 + 1013904223;
		copy[i % n] = (char)(seed >> 24);
		z = weir__zone_load("Test", copy, n);
		if (z == NULL)
			continue;
		weir__zone_find(z, (int64_t)seed * 1000000, &sp);
		weir__zone_find(z, INT64_C(7000000000000000), &sp);
		weir__zone_utc(z, (int64_t)seed * 1000000);
		loaded++;
		weir__zone_free(z);
	}
	T(loaded > 0);
}

static void
memory(void)
{
	static const char *const list[] = { "Europe/Berlin", "Asia/Tokyo", "UTC",
		"+01", "Asia/Kolkata" };
	struct weir__zones zs;
	struct weir_err err;
	uint64_t nth;
	size_t i, got;
	int bad = 0;

	for (nth = 1; nth < 100; nth++) {
		weir__zones_init(&zs, NULL);
		weir__alloc_fail_at(nth, 0);
		for (i = got = 0; i < 5; i++) {
			err.code[0] = '\0';
			if (weir__zones_get(&zs, list[i], strlen(list[i]),
				WEIR_NOWHERE, &err) != NULL)
				got++;
			else
				bad += err.code[0] == '\0';
		}
		weir__alloc_fail_at(0, 0);
		weir__zones_fini(&zs);
		if (got == 5)
			break;
	}
	T(nth > 5 && nth < 100);
	T_INT(bad, 0);
}

int
main(void)
{
	names();
	rules();
	damaged();
	memory();
	against_python();
	return t_done();
}
