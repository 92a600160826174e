/* SPDX-License-Identifier: MIT
 *
 * Times by pattern: strptime and strftime of our own, in English, in UTC or in
 * a zone of the caller's.
 */
#include <string.h>

#include "base/time.h"
#include "base/zone.h"

static const char *const months[] = { "January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December" };
static const char *const weekdays[] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };

/* Patterns that stand for longer ones. */
static const char *
longer(char c)
{
	switch (c) {
	case 'T':
		return "%H:%M:%S";
	case 'F':
		return "%Y-%m-%d";
	case 'R':
		return "%H:%M";
	case 'D':
		return "%m/%d/%y";
	default:
		return NULL;
	}
}

bool
weir__time_pattern_ok(const char *fmt, size_t nfmt, bool reading, size_t *at)
{
	size_t i;

	for (i = 0; i < nfmt; i++) {
		if (fmt[i] != '%')
			continue;
		*at = i;
		if (++i == nfmt || fmt[i] == '\0' ||
		    strchr(reading ? "YmdHMSfszZbBhaAjyeIpTFRDL%nt"
				   : "YmdHMSfszZbBhaAjyeIpTFRDL%ntGVu",
			fmt[i]) == NULL)
			return false;
	}
	return true;
}

/* --- reading --- */

struct reader {
	const char *p;
	const char *end;
	int32_t year, month, day, hour, minute, second, yday;
	uint32_t us;
	int64_t epoch;
	int32_t zone; /* seconds east */
	bool has_epoch, has_zone, has_yday, hour12, pm;
};

static bool
blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A number of `least` to `most` digits. */
static enum weir__num
number(struct reader *rd, int32_t *out, int least, int most, int32_t lo,
    int32_t hi)
{
	int32_t v = 0;
	int n = 0;

	for (; n < most && rd->p < rd->end && *rd->p >= '0' && *rd->p <= '9';
	    n++)
		v = v * 10 + (*rd->p++ - '0');
	if (n < least)
		return WEIR__NUM_SYNTAX;
	*out = v;
	return v < lo || v > hi ? WEIR__NUM_RANGE : WEIR__NUM_OK;
}

static bool
starts(const struct reader *rd, const char *name, size_t n)
{
	size_t i;

	if ((size_t)(rd->end - rd->p) < n)
		return false;
	for (i = 0; i < n && (rd->p[i] | 32) == (name[i] | 32); i++)
		;
	return i == n;
}

/* One of the names, whole or its first three letters. */
static enum weir__num
name(struct reader *rd, int32_t *out, const char *const *names, int n)
{
	size_t len;
	int i;

	for (i = 0; i < n; i++) {
		if (!starts(rd, names[i], 3))
			continue;
		len = strlen(names[i]);
		rd->p += starts(rd, names[i], len) ? len : 3;
		*out = i;
		return WEIR__NUM_OK;
	}
	return WEIR__NUM_SYNTAX;
}

/* A fraction of a second; digits beyond microseconds are cut off. */
static enum weir__num
fraction(struct reader *rd, int most)
{
	uint32_t v = 0;
	int n = 0;

	for (; n < most && rd->p < rd->end && *rd->p >= '0' && *rd->p <= '9';
	    n++, rd->p++) {
		if (n < 6)
			v = v * 10 + (uint32_t)(*rd->p - '0');
	}
	if (n == 0)
		return WEIR__NUM_SYNTAX;
	for (; n < 6; n++)
		v *= 10;
	rd->us = v;
	return WEIR__NUM_OK;
}

static enum weir__num
epoch(struct reader *rd)
{
	const char *p = rd->p;
	enum weir__num rc;

	while (rd->p < rd->end &&
	    ((*rd->p >= '0' && *rd->p <= '9') ||
		(rd->p == p && *rd->p == '-')))
		rd->p++;
	rc = weir__i64_parse(&rd->epoch, p, (size_t)(rd->p - p));
	if (rc != WEIR__NUM_OK)
		return rc;
	rd->has_epoch = true;
	return rd->epoch < WEIR__TIME_MIN / WEIR__US_SEC ||
		rd->epoch > WEIR__TIME_MAX / WEIR__US_SEC
	    ? WEIR__NUM_RANGE
	    : WEIR__NUM_OK;
}

static enum weir__num
offset(struct reader *rd)
{
	enum weir__num rc;
	int32_t h, m = 0, sign;

	rd->has_zone = true;
	rd->zone = 0;
	if (starts(rd, "z", 1)) {
		rd->p++;
		return WEIR__NUM_OK;
	}
	if (rd->p == rd->end || (*rd->p != '+' && *rd->p != '-'))
		return WEIR__NUM_SYNTAX;
	sign = *rd->p++ == '-' ? -1 : 1;
	rc = number(rd, &h, 2, 2, 0, 23);
	if (rc != WEIR__NUM_OK)
		return rc;
	if (rd->p < rd->end && *rd->p == ':') {
		rd->p++;
		rc = number(rd, &m, 2, 2, 0, 59);
	} else if (rd->p < rd->end && *rd->p >= '0' && *rd->p <= '9') {
		rc = number(rd, &m, 2, 2, 0, 59);
	}
	rd->zone = sign * (h * 3600 + m * 60);
	return rc;
}

static enum weir__num
zone_name(struct reader *rd)
{
	rd->has_zone = true;
	rd->zone = 0;
	if (starts(rd, "utc", 3) || starts(rd, "gmt", 3))
		rd->p += 3;
	else if (starts(rd, "z", 1))
		rd->p++;
	else
		return WEIR__NUM_SYNTAX;
	return WEIR__NUM_OK;
}

static enum weir__num
am_pm(struct reader *rd)
{
	if (!starts(rd, "am", 2) && !starts(rd, "pm", 2))
		return WEIR__NUM_SYNTAX;
	rd->pm = (*rd->p | 32) == 'p';
	rd->hour12 = true;
	rd->p += 2;
	return WEIR__NUM_OK;
}

static enum weir__num
skip_blanks(struct reader *rd)
{
	if (rd->p == rd->end || !blank(*rd->p))
		return WEIR__NUM_SYNTAX;
	while (rd->p < rd->end && blank(*rd->p))
		rd->p++;
	return WEIR__NUM_OK;
}

static enum weir__num
read_one(struct reader *rd, char c)
{
	enum weir__num rc;
	int32_t v = 0;

	switch (c) {
	case 'Y':
		return number(rd, &rd->year, 4, 4, 1, 9999);
	case 'y':
		rc = number(rd, &v, 1, 2, 0, 99);
		rd->year = v < 69 ? 2000 + v : 1900 + v;
		return rc;
	case 'm':
		return number(rd, &rd->month, 1, 2, 1, 12);
	case 'e':
		if (rd->p < rd->end && *rd->p == ' ')
			rd->p++;
		return number(rd, &rd->day, 1, 2, 1, 31);
	case 'd':
		return number(rd, &rd->day, 1, 2, 1, 31);
	case 'H':
		return number(rd, &rd->hour, 1, 2, 0, 23);
	case 'I':
		rd->hour12 = true;
		return number(rd, &rd->hour, 1, 2, 1, 12);
	case 'M':
		return number(rd, &rd->minute, 1, 2, 0, 59);
	case 'S':
		return number(rd, &rd->second, 1, 2, 0, 60);
	case 'j':
		rd->has_yday = true;
		return number(rd, &rd->yday, 1, 3, 1, 366);
	case 'f':
		return fraction(rd, 9);
	case 'L':
		return fraction(rd, 3);
	case 's':
		return epoch(rd);
	case 'z':
		return offset(rd);
	case 'Z':
		return zone_name(rd);
	case 'b':
	case 'B':
	case 'h':
		rc = name(rd, &v, months, 12);
		rd->month = v + 1;
		return rc;
	case 'a':
	case 'A':
		return name(rd, &v, weekdays, 7);
	case 'p':
		return am_pm(rd);
	case 'n':
	case 't':
		return skip_blanks(rd);
	case '%':
		return rd->p < rd->end && *rd->p++ == '%' ? WEIR__NUM_OK
							  : WEIR__NUM_SYNTAX;
	default:
		return WEIR__NUM_SYNTAX;
	}
}

/* The first fault in `rc` is kept, but syntax outweighs range. */
static enum weir__num
read_all(struct reader *rd, const char *fmt, size_t nfmt)
{
	enum weir__num rc = WEIR__NUM_OK, got;
	const char *more;
	size_t i;

	for (i = 0; i < nfmt; i++) {
		if (fmt[i] == '%' && i + 1 < nfmt) {
			more = longer(fmt[++i]);
			got = more != NULL ? read_all(rd, more, strlen(more))
					   : read_one(rd, fmt[i]);
		} else if (blank(fmt[i])) {
			got = i > 0 && blank(fmt[i - 1]) ? WEIR__NUM_OK
							 : skip_blanks(rd);
		} else {
			got = rd->p < rd->end && *rd->p == fmt[i]
			    ? WEIR__NUM_OK
			    : WEIR__NUM_SYNTAX;
			rd->p += got == WEIR__NUM_OK;
		}
		if (got == WEIR__NUM_SYNTAX)
			return got;
		if (got != WEIR__NUM_OK)
			rc = got;
	}
	return rc;
}

enum weir__num
weir__time_strptime(int64_t *out, const char *p, size_t n, const char *fmt,
    size_t nfmt, const struct weir__zone *zone)
{
	struct reader rd = { .p = p, .end = p + n, .year = 1970, .month = 1,
		.day = 1 };
	enum weir__num rc = read_all(&rd, fmt, nfmt);
	int64_t t, days;

	if (rc != WEIR__NUM_OK)
		return rc;
	if (rd.p != rd.end)
		return WEIR__NUM_SYNTAX;
	if (rd.has_epoch) {
		*out = rd.epoch * WEIR__US_SEC + rd.us;
		return WEIR__NUM_OK;
	}
	if (rd.day > (int32_t)weir__time_month_days(rd.year,
			 (unsigned)rd.month) ||
	    rd.yday > 365 + weir__time_leap(rd.year))
		return WEIR__NUM_RANGE;
	if (rd.hour12 && rd.hour == 12)
		rd.hour = 0;
	if (rd.pm && rd.hour < 12)
		rd.hour += 12;
	if (rd.second == 60)
		rd.us = 0;
	days = rd.has_yday
	    ? weir__time_days(rd.year, 1, 1) + rd.yday - 1
	    : weir__time_days(rd.year, (unsigned)rd.month, (unsigned)rd.day);
	t = days * WEIR__US_DAY + rd.hour * WEIR__US_HOUR +
	    rd.minute * WEIR__US_MIN + rd.second * WEIR__US_SEC + rd.us;
	if (rd.has_zone)
		t -= rd.zone * WEIR__US_SEC;
	else if (zone != NULL)
		t = weir__zone_utc(zone, t);
	if (t < WEIR__TIME_MIN || t > WEIR__TIME_MAX)
		return WEIR__NUM_RANGE;
	*out = t;
	return WEIR__NUM_OK;
}

/* --- printing --- */

struct writer {
	char *out;
	size_t cap;
	size_t n;
	struct weir__civil c;
	struct weir__zone_span span;
	int64_t us;   /* UTC */
	int64_t days; /* local */
};

static void
put(struct writer *wr, const char *s, size_t n)
{
	if (wr->n < wr->cap)
		memcpy(wr->out + wr->n, s,
		    n < wr->cap - wr->n ? n : wr->cap - wr->n);
	wr->n += n;
}

/* v with at least `width` digits, or blanks before them. */
static void
put_number(struct writer *wr, int64_t v, size_t width, char pad)
{
	char text[WEIR__NUM_TEXT];
	size_t n;

	if (v < 0) {
		put(wr, "-", 1);
		v = -v;
	}
	n = weir__i64_print(text, v);
	for (; width > n; width--)
		put(wr, &pad, 1);
	put(wr, text, n);
}

static void
put_name(struct writer *wr, const char *s, bool whole)
{
	put(wr, s, whole ? strlen(s) : 3);
}

static void
put_offset(struct writer *wr)
{
	int64_t o = wr->span.offset / WEIR__US_SEC;

	put(wr, o < 0 ? "-" : "+", 1);
	o = o < 0 ? -o : o;
	put_number(wr, o / 3600 * 100 + o / 60 % 60, 4, '0');
	if (o % 60 != 0)
		put_number(wr, o % 60, 2, '0');
}

static void put_all(struct writer *wr, const char *fmt, size_t nfmt);

static void
put_clock(struct writer *wr, char c)
{
	switch (c) {
	case 'H':
		put_number(wr, wr->c.hour, 2, '0');
		break;
	case 'I':
		put_number(wr, (wr->c.hour + 11) % 12 + 1, 2, '0');
		break;
	case 'M':
		put_number(wr, wr->c.minute, 2, '0');
		break;
	case 'S':
		put_number(wr, wr->c.second, 2, '0');
		break;
	case 'f':
		put_number(wr, wr->c.us, 6, '0');
		break;
	case 'L':
		put_number(wr, wr->c.us / 1000, 3, '0');
		break;
	case 'p':
		put(wr, wr->c.hour < 12 ? "AM" : "PM", 2);
		break;
	case 's':
		put_number(wr, weir__time_floor(wr->us, WEIR__US_SEC), 1, '0');
		break;
	case 'z':
		put_offset(wr);
		break;
	case 'Z':
		put(wr, wr->span.abbr, strlen(wr->span.abbr));
		break;
	default:
		put(wr, c == 'n' ? "\n" : c == 't' ? "\t" : "%", 1);
	}
}

static void
put_one(struct writer *wr, char c)
{
	const char *more = longer(c);
	int64_t y;
	unsigned week;

	if (more != NULL) {
		put_all(wr, more, strlen(more));
		return;
	}
	switch (c) {
	case 'Y':
		put_number(wr, wr->c.year, 4, '0');
		break;
	case 'y':
		put_number(wr, weir__time_rest(wr->c.year, 100), 2, '0');
		break;
	case 'm':
		put_number(wr, wr->c.month, 2, '0');
		break;
	case 'd':
		put_number(wr, wr->c.day, 2, '0');
		break;
	case 'e':
		put_number(wr, wr->c.day, 2, ' ');
		break;
	case 'j':
		put_number(wr, wr->c.yday, 3, '0');
		break;
	case 'b':
	case 'h':
	case 'B':
		put_name(wr, months[wr->c.month - 1], c == 'B');
		break;
	case 'a':
	case 'A':
		put_name(wr, weekdays[wr->c.wday], c == 'A');
		break;
	case 'G':
	case 'V':
		week = weir__time_iso_week(wr->days, &y);
		put_number(wr, c == 'G' ? y : week, c == 'G' ? 4 : 2, '0');
		break;
	case 'u':
		put_number(wr, weir__time_iso_wday(wr->days), 1, '0');
		break;
	default:
		put_clock(wr, c);
	}
}

static void
put_all(struct writer *wr, const char *fmt, size_t nfmt)
{
	size_t i, from;

	for (i = 0; i < nfmt;) {
		for (from = i; i < nfmt && fmt[i] != '%'; i++)
			;
		put(wr, fmt + from, i - from);
		if (i + 1 < nfmt)
			put_one(wr, fmt[i + 1]);
		i += 2;
	}
}

size_t
weir__time_strftime(char *out, size_t cap, int64_t us, const char *fmt,
    size_t nfmt, const struct weir__zone *zone)
{
	struct writer wr = { .out = out, .cap = cap, .us = us };

	if (zone != NULL)
		weir__zone_find(zone, us, &wr.span);
	else
		wr.span.abbr = "UTC";
	us += wr.span.offset;
	weir__time_split(&wr.c, us);
	wr.days = weir__time_floor(us, WEIR__US_DAY);
	put_all(&wr, fmt, nfmt);
	return wr.n;
}
