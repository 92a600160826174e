/* SPDX-License-Identifier: MIT
 *
 * Timestamps (int64 microseconds since 1970-01-01T00:00:00Z, no leap seconds),
 * dates (int32 days since then) and durations (int64 microseconds), in the
 * proleptic Gregorian calendar, years 0001 to 9999.
 */
#ifndef WEIR_BASE_TIME_H
#define WEIR_BASE_TIME_H

#include "base/num.h"

struct weir__zone;

#define WEIR__US_SEC INT64_C(1000000)
#define WEIR__US_MIN (60 * WEIR__US_SEC)
#define WEIR__US_HOUR (60 * WEIR__US_MIN)
#define WEIR__US_DAY (24 * WEIR__US_HOUR)

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z. */
#define WEIR__TIME_MIN (INT64_C(-62135596800) * WEIR__US_SEC)
#define WEIR__TIME_MAX (INT64_C(253402300800) * WEIR__US_SEC - 1)
#define WEIR__DATE_MIN (-719162)
#define WEIR__DATE_MAX 2932896

#define WEIR__TIME_TEXT 40 /* room for any printed time, date or duration */

/* Floor division and its remainder (0 <= r < b) for b > 0. */
static inline int64_t
weir__time_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static inline int64_t
weir__time_rest(int64_t a, int64_t b)
{
	int64_t r = a % b;

	return r < 0 ? r + b : r;
}

/* Days since 1970-01-01 of a civil date, and back: the algorithms of Howard
 * Hinnant, "chrono-compatible low-level date algorithms".  Month 1 to 12, day
 * 1 to 31; any year that fits. */
static inline int64_t
weir__time_days(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) -
	    719468;
}

static inline void
weir__time_civil(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe =
	    (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

static inline bool
weir__time_leap(int64_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static inline unsigned
weir__time_month_days(int64_t y, unsigned m)
{
	return m == 2 ? 28 + (unsigned)weir__time_leap(y)
		      : 30 + ((m ^ (m >> 3)) & 1);
}

/* A timestamp taken apart. */
struct weir__civil {
	int32_t year;	/* 1 to 9999 */
	uint8_t month;	/* 1 to 12 */
	uint8_t day;	/* 1 to 31 */
	uint8_t hour;	/* 0 to 23 */
	uint8_t minute; /* 0 to 59 */
	uint8_t second; /* 0 to 59 */
	uint8_t wday;	/* 0 Sunday to 6 */
	uint16_t yday;	/* 1 to 366 */
	uint32_t us;	/* 0 to 999999 */
};

/* Fields of a timestamp as it stands (add the zone's offset first for local
 * ones), and back: the fields must be in range; wday and yday are not read. */
void weir__time_split(struct weir__civil *out, int64_t us);
int64_t weir__time_join(const struct weir__civil *c);

/* Monday is 1, Sunday 7; and the ISO 8601 week with its year. */
unsigned weir__time_iso_wday(int64_t days);
unsigned weir__time_iso_week(int64_t days, int64_t *year);

/* The whole of p[0..n) as a timestamp, RFC 3339 and the profile of ISO 8601
 * that machines write:
 *
 *	YYYY-MM-DD [ (T|t|space) hh:mm [:ss [(.|,) 1 to 9 digits]]
 *	    [space] [Z|z|UTC | (+|-) hh [[:] mm]] ]
 *
 * Without a zone it is UTC; a date alone is its first instant.  Digits beyond
 * microseconds are cut off (towards the earlier instant).  24:00[:00] is the
 * next midnight; a leap second :60 is the first instant of the next minute.
 * OK; SYNTAX; RANGE: a field or the year is out of range. */
enum weir__num weir__time_parse(int64_t *out, const char *p, size_t n);

/* YYYY-MM-DD. */
enum weir__num weir__time_parse_date(int32_t *out, const char *p, size_t n);

/* A duration: one or more of number unit, largest unit first, spaces allowed,
 * each unit once; an optional sign in front.  Units: us ms s m h d w and the
 * words microsecond(s) millisecond(s) second(s) sec(s) minute(s) min(s)
 * hour(s) day(s) week(s); a number may have a fraction ("1.5h") that comes out
 * in whole microseconds.  A day is 24 hours here. */
enum weir__num weir__time_parse_duration(int64_t *out, const char *p,
    size_t n);

/* Text into out[WEIR__TIME_TEXT], no NUL; the number of bytes.
 *	time		2026-01-02T03:04:05Z, and .123 or .123456 before the Z
 *			where there are milli- or microseconds
 *	local		the same of a local time with its offset in seconds
 *			east: 2026-01-02T04:04:05+01:00
 *	date		2026-01-02
 *	duration	1h30m, 500ms, 0s, -5m; hours at most, exact
 * Instants outside years 1 to 9999 are printed with as many digits as it
 * takes and a sign. */
size_t weir__time_print(char *out, int64_t us);
size_t weir__time_print_local(char *out, int64_t us,
    int32_t offset);
size_t weir__time_print_date(char *out, int32_t days);
size_t weir__time_print_duration(char *out, int64_t us);

/* --- patterns ---
 *
 *	%Y year, 4 digits	%m month 01-12		%d day 01-31
 *	%H hour 00-23		%M minute		%S second
 *	%f fraction, 6 digits (read: 1 to 9)		%s seconds since 1970
 *	%z +hhmm (read: also Z, +hh:mm, +hh)		%Z zone's abbreviation
 *	%b %h Jan		%B January		%a Mon	%A Monday
 *	%j day of year 001-366	%y year, 2 digits (69-99 are 19xx)
 *	%e day, space padded	%I hour 01-12		%p AM PM
 *	%T %H:%M:%S		%F %Y-%m-%d		%R %H:%M  %D %m/%d/%y
 *	%L milliseconds, 3 digits			%% %	%n %t blank
 *	%G %V ISO year and week	%u Monday 1 to Sunday 7	(print only)
 *
 * English names whatever the locale.  Reading: %Y takes four digits, other
 * numbers one to as many as are printed; names are long or short, in any case;
 * %Z is UTC, GMT or Z; a blank in the pattern is one or more of the text.
 */

/* Is the pattern good?  If not, *at is the byte where it is not. */
bool weir__time_pattern_ok(const char *fmt, size_t nfmt, bool reading,
    size_t *at);

/* Read the whole of p[0..n).  Without %z or %s the fields are local time of
 * `zone` (NULL: UTC).  Fields that the pattern does not have are 1970-01-01
 * 00:00:00; a weekday is checked for being a name only. */
enum weir__num weir__time_strptime(int64_t *out, const char *p, size_t n,
    const char *fmt, size_t nfmt, const struct weir__zone *zone);

/* Print as local time of `zone` (NULL: UTC).  The number of bytes that it
 * takes; only the first `cap` are written, so call again with more room when
 * it is above cap.  The pattern must be good. */
size_t weir__time_strftime(char *out, size_t cap, int64_t us, const char *fmt,
    size_t nfmt, const struct weir__zone *zone);

#endif
