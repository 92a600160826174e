/* SPDX-License-Identifier: MIT
 *
 * The rule of a time zone: parsed, and asked.
 */
#include "base/zone_rule.h"

#include <string.h>

#include "base/time.h"

struct cursor {
	const char *p;
	const char *end;
};

static bool
take(struct cursor *cu, char c)
{
	if (cu->p == cu->end || *cu->p != c)
		return false;
	cu->p++;
	return true;
}

static bool
number(struct cursor *cu, int32_t *out, int32_t lo, int32_t hi)
{
	const char *first = cu->p;
	int32_t v = 0;

	for (; cu->p < cu->end && *cu->p >= '0' && *cu->p <= '9' && v < 100000;
	    cu->p++)
		v = v * 10 + (*cu->p - '0');
	*out = v;
	return cu->p != first && v >= lo && v <= hi;
}

/* [+-]h[:m[:s]] in seconds. */
static bool
clock_time(struct cursor *cu, int32_t *out, int32_t hours)
{
	int32_t sign = take(cu, '-') ? -1 : 1, h, m = 0, s = 0;

	if (sign > 0)
		take(cu, '+');
	if (!number(cu, &h, 0, hours))
		return false;
	if (take(cu, ':') && !number(cu, &m, 0, 59))
		return false;
	if (take(cu, ':') && !number(cu, &s, 0, 59))
		return false;
	*out = sign * (h * 3600 + m * 60 + s);
	return true;
}

/* Letters, or anything within angle brackets. */
static bool
abbreviation(struct cursor *cu, char out[16])
{
	bool quoted = take(cu, '<');
	size_t n = 0;

	for (; cu->p < cu->end && n < 15; cu->p++) {
		if (quoted ? *cu->p == '>'
			   : (*cu->p | 32) < 'a' || (*cu->p | 32) > 'z')
			break;
		out[n++] = *cu->p;
	}
	out[n] = '\0';
	return (!quoted || take(cu, '>')) && n >= 3;
}

static bool
day(struct cursor *cu, struct weir__zone_day *out)
{
	int32_t a, b, c;

	out->time = 7200;
	if (take(cu, 'M')) {
		out->form = 'M';
		if (!number(cu, &a, 1, 12) || !take(cu, '.') ||
		    !number(cu, &b, 1, 5) || !take(cu, '.') ||
		    !number(cu, &c, 0, 6))
			return false;
		out->month = (uint8_t)a;
		out->week = (uint8_t)b;
		out->wday = (uint8_t)c;
	} else {
		out->form = take(cu, 'J') ? 'J' : '0';
		if (!number(cu, &a, out->form == 'J', 365))
			return false;
		out->day = (uint16_t)a;
	}
	return !take(cu, '/') || clock_time(cu, &out->time, 167);
}

bool
weir__zone_rule_parse(struct weir__zone_rule *ru, const char *p, size_t n)
{
	struct cursor cu = { p, p + n };

	memset(ru, 0, sizeof *ru);
	if (!abbreviation(&cu, ru->std) || !clock_time(&cu, &ru->std_off, 24))
		return false;
	ru->std_off = -ru->std_off; /* written as hours west */
	if (cu.p == cu.end)
		return true;
	if (!abbreviation(&cu, ru->dst))
		return false;
	ru->dst_off = ru->std_off + 3600;
	if (cu.p < cu.end && *cu.p != ',') {
		if (!clock_time(&cu, &ru->dst_off, 24))
			return false;
		ru->dst_off = -ru->dst_off;
	}
	return take(&cu, ',') && day(&cu, &ru->begin) && take(&cu, ',') &&
	    day(&cu, &ru->end) && cu.p == cu.end;
}

/* The local second at which the day comes in a year. */
static int64_t
local_second(const struct weir__zone_day *da, int64_t y)
{
	int64_t first, days;
	unsigned last;

	if (da->form == 'M') {
		first = weir__time_days(y, da->month, 1);
		last = weir__time_month_days(y, da->month);
		days = weir__time_rest(da->wday - (first + 4), 7) +
		    (da->week - 1) * 7;
		if (days >= (int64_t)last)
			days -= 7;
		days += first;
	} else {
		days = weir__time_days(y, 1, 1) + da->day;
		if (da->form == 'J') /* never counts 29 February */
			days -= !(weir__time_leap(y) && da->day >= 60);
	}
	return days * 86400 + da->time;
}

int32_t
weir__zone_rule_find(const struct weir__zone_rule *ru, int64_t sec,
    int64_t *from, int64_t *to, bool *dst, const char **abbr)
{
	int64_t y, at, first = INT64_MIN, next = INT64_MAX, year;
	unsigned m, d;
	bool now = false, begins;
	int i;

	*dst = false;
	*abbr = ru->std;
	*to = INT64_MAX;
	if (ru->dst[0] == '\0')
		return ru->std_off;
	weir__time_civil(weir__time_floor(sec + ru->std_off, 86400), &year, &m,
	    &d);
	/* The last change up to sec and the first after it; of two at one
	 * instant (daylight-saving time all the year) a beginning wins. */
	for (y = year - 2; y <= year + 2; y++) {
		for (i = 0; i < 2; i++) {
			begins = i == 0;
			at = begins
			    ? local_second(&ru->begin, y) - ru->std_off
			    : local_second(&ru->end, y) - ru->dst_off;
			if (at <= sec &&
			    (at > first || (at == first && begins))) {
				first = at;
				now = begins;
			}
			if (at > sec && at < next)
				next = at;
		}
	}
	if (first > *from)
		*from = first;
	*to = next;
	*dst = now;
	*abbr = now ? ru->dst : ru->std;
	return now ? ru->dst_off : ru->std_off;
}
