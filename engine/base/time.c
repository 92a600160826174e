/* SPDX-License-Identifier: MIT
 *
 * Timestamps and dates from text and to text.
 */
#include "base/time.h"

#include <string.h>

/* --- fields --- */

void
weir__time_split(struct weir__civil *out, int64_t us)
{
	int64_t days = weir__time_floor(us, WEIR__US_DAY), y;
	int64_t rest = weir__time_rest(us, WEIR__US_DAY);
	uint32_t sec = (uint32_t)(rest / WEIR__US_SEC);
	unsigned m, d;

	weir__time_civil(days, &y, &m, &d);
	out->year = (int32_t)y;
	out->month = (uint8_t)m;
	out->day = (uint8_t)d;
	out->hour = (uint8_t)(sec / 3600);
	out->minute = (uint8_t)(sec / 60 % 60);
	out->second = (uint8_t)(sec % 60);
	out->us = (uint32_t)(rest % WEIR__US_SEC);
	out->wday = (uint8_t)weir__time_rest(days + 4, 7);
	out->yday = (uint16_t)(days - weir__time_days(y, 1, 1) + 1);
}

int64_t
weir__time_join(const struct weir__civil *c)
{
	return ((weir__time_days(c->year, c->month, c->day) * 24 + c->hour) *
		       60 +
		   c->minute) *
	    WEIR__US_MIN +
	    c->second * WEIR__US_SEC + c->us;
}

unsigned
weir__time_iso_wday(int64_t days)
{
	return (unsigned)weir__time_rest(days + 3, 7) + 1;
}

unsigned
weir__time_iso_week(int64_t days, int64_t *year)
{
	/* The week belongs to the year of its Thursday. */
	int64_t thursday = days - (int64_t)weir__time_iso_wday(days) + 4, y;
	unsigned m, d;

	weir__time_civil(thursday, &y, &m, &d);
	*year = y;
	return (unsigned)(thursday - weir__time_days(y, 1, 1)) / 7 + 1;
}

/* --- from text --- */

static uint64_t
load8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* Two digits at p as a number, or above 99 where they are none. */
static unsigned
two(const char *p)
{
	unsigned a = (unsigned)(unsigned char)p[0] - '0';
	unsigned b = (unsigned)(unsigned char)p[1] - '0';

	return a > 9 || b > 9 ? 100 : a * 10 + b;
}

/* Days of a date that was read, or RANGE. */
static enum weir__num
date_days(int32_t *out, unsigned y, unsigned m, unsigned d)
{
	unsigned yy;

	if (y == 0 || m - 1 > 11 || d == 0 ||
	    (d > 28 && d > weir__time_month_days(y, m)))
		return WEIR__NUM_RANGE;
	yy = y - (m <= 2);
	*out = (int32_t)(yy * 365 + yy / 4 - yy / 100 + yy / 400 +
		   (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d) -
	    719469;
	return WEIR__NUM_OK;
}

/* Eight bytes without the text that is expected between the digits; bytes that
 * must be digits are 0 to 9 then, others 0.  False where that is not so. */
static bool
lanes(uint64_t *x, const char *p, uint64_t text, uint64_t digits)
{
	uint64_t v = load8(p) ^ text;

	*x = v;
	return ((v & ~(digits * 0xff)) |
		   ((v | (v + digits * 6)) & digits * 0xf0)) == 0;
}

/* In the lane of a first digit, the number that it makes with the next one. */
#define PAIRS(x) ((x) * 10 + ((x) >> 8))
#define LANE(x, i) ((unsigned)((x) >> (8 * (i)) & 0xff))

/* YYYY-MM-DD at p, which has ten bytes. */
static enum weir__num
read_date(int32_t *out, const char *p)
{
	uint64_t x;
	unsigned d;

	/* "0000-00-" and a 1 for each digit, first byte lowest. */
	if (!lanes(&x, p, UINT64_C(0x2d30302d30303030),
		UINT64_C(0x0001010001010101)))
		return WEIR__NUM_SYNTAX;
	d = two(p + 8);
	if (d > 99)
		return WEIR__NUM_SYNTAX;
	x = PAIRS(x);
	return date_days(out, LANE(x, 0) * 100 + LANE(x, 2), LANE(x, 5), d);
}

enum weir__num
weir__time_parse_date(int32_t *out, const char *p, size_t n)
{
	return n != 10 ? WEIR__NUM_SYNTAX : read_date(out, p);
}

/* The fraction after the point at p; where it ends, or NULL. */
static const char *
read_fraction(uint32_t *us, const char *p, const char *end)
{
	static const uint32_t scale[] = { 0, 100000, 10000, 1000, 100, 10, 1 };
	uint32_t v = 0;
	unsigned i, d;

	for (i = 0; p < end; p++, i++) {
		d = (unsigned)(unsigned char)*p - '0';
		if (d > 9)
			break;
		if (i < 6)
			v = v * 10 + d;
	}
	if (i == 0 || i > 9)
		return NULL;
	*us = i < 6 ? v * scale[i] : v;
	return p;
}

/* Z, UTC, +hh, +hhmm, +hh:mm: all of p[0..n), in minutes. */
static enum weir__num
read_zone(int32_t *minutes, const char *p, size_t n)
{
	unsigned h, m = 0;

	if (n == 1 && (*p | 32) == 'z')
		return WEIR__NUM_OK;
	if (n != 0 && (*p == '+' || *p == '-')) {
		if (n != 3 && n != 5 && (n != 6 || p[3] != ':'))
			return WEIR__NUM_SYNTAX;
		h = two(p + 1);
		if (n > 3)
			m = two(p + n - 2);
		if (h > 99 || m > 99)
			return WEIR__NUM_SYNTAX;
		if (h > 23 || m > 59)
			return WEIR__NUM_RANGE;
		*minutes = (int32_t)(h * 60 + m);
		if (*p == '-')
			*minutes = -*minutes;
		return WEIR__NUM_OK;
	}
	return n == 3 && memcmp(p, "UTC", 3) == 0 ? WEIR__NUM_OK
						  : WEIR__NUM_SYNTAX;
}

/* What follows hh:mm: seconds, fraction, zone; and put it all together. */
static enum weir__num
read_rest(int64_t *out, int32_t days, unsigned h, unsigned mi, const char *p,
    const char *end)
{
	enum weir__num rc;
	int32_t zone = 0;
	uint32_t us = 0;
	unsigned s = 0;
	int64_t t;

	if (end - p >= 3 && *p == ':') {
		s = two(p + 1);
		if (s > 99)
			return WEIR__NUM_SYNTAX;
		p += 3;
		if (p < end && (*p == '.' || *p == ',')) {
			p = read_fraction(&us, p + 1, end);
			if (p == NULL)
				return WEIR__NUM_SYNTAX;
		}
	}
	if (p < end) {
		if (*p == ' ' && end - p > 1)
			p++;
		rc = read_zone(&zone, p, (size_t)(end - p));
		if (rc != WEIR__NUM_OK)
			return rc;
	}
	if (mi > 59 || s > 60 || h > 24 ||
	    (h == 24 && (mi != 0 || s != 0 || us != 0)))
		return WEIR__NUM_RANGE;
	if (s == 60)
		us = 0;
	t = ((int64_t)days * 1440 + (int64_t)(h * 60 + mi) - zone) *
		WEIR__US_MIN +
	    (int64_t)s * WEIR__US_SEC + us;
	if (t < WEIR__TIME_MIN || t > WEIR__TIME_MAX)
		return WEIR__NUM_RANGE;
	*out = t;
	return WEIR__NUM_OK;
}

/* What machines write most, after the minutes at p: ":ss", perhaps a fraction
 * of three or six digits, and Z or +00:00.  False where it is not that. */
static inline bool
read_common(int64_t *us, const char *p, size_t n)
{
	static const uint8_t fraction[] = { 0, 0, 0, 3, 0, 0, 6 };
	unsigned s, a, b, c, f = 0;

	if (n >= 6 && memcmp(p + n - 6, "+00:00", 6) == 0)
		n -= 6;
	else if (n != 0 && p[n - 1] == 'Z')
		n--;
	else
		return false;
	if (n < 3 || n > 10 || *p != ':' || (s = two(p + 1)) > 59)
		return false;
	if (n > 3) {
		if (p[3] != '.' || (f = fraction[n - 4]) == 0)
			return false;
		a = two(p + 4);
		b = f == 3 ? two(p + 5) % 100 : two(p + 6);
		c = f == 3 ? 0 : two(p + 8);
		if (a > 99 || b > 99 || c > 99 ||
		    (f == 3 && two(p + 5) > 99))
			return false;
		f = f == 3 ? (a * 10 + b % 10) * 1000 : (a * 100 + b) * 100 + c;
	}
	*us = (int64_t)s * WEIR__US_SEC + f;
	return true;
}

enum weir__num
weir__time_parse(int64_t *out, const char *p, size_t n)
{
	enum weir__num rc, bad;
	unsigned h, mi;
	uint64_t x, y;
	int32_t days;
	int64_t us;
	char sep;

	if (n < 16) {
		if (n != 10)
			return WEIR__NUM_SYNTAX;
		rc = read_date(&days, p);
		*out = rc == WEIR__NUM_OK ? days * WEIR__US_DAY : 0;
		return rc;
	}
	sep = p[10];
	if ((sep | 32) != 't' && sep != ' ')
		return WEIR__NUM_SYNTAX;
	/* "0000-00-" and "00T00:00" with whichever separator it is. */
	if (!lanes(&y, p, UINT64_C(0x2d30302d30303030),
		UINT64_C(0x0001010001010101)) ||
	    !lanes(&x, p + 8,
		UINT64_C(0x30303a3030003030) |
		    (uint64_t)(unsigned char)sep << 16,
		UINT64_C(0x0101000101000101)))
		return WEIR__NUM_SYNTAX;
	x = PAIRS(x);
	y = PAIRS(y);
	h = LANE(x, 3);
	mi = LANE(x, 6);
	bad = date_days(&days, LANE(y, 0) * 100 + LANE(y, 2), LANE(y, 5),
	    LANE(x, 0));
	if (bad == WEIR__NUM_OK && h < 24 && mi < 60 &&
	    read_common(&us, p + 16, n - 16)) {
		*out = ((int64_t)days * 1440 + (int64_t)(h * 60 + mi)) *
			WEIR__US_MIN +
		    us;
		return WEIR__NUM_OK;
	}
	if (bad != WEIR__NUM_OK)
		days = 0;
	rc = read_rest(out, days, h, mi, p + 16, p + n);
	return rc == WEIR__NUM_SYNTAX ? rc : bad != WEIR__NUM_OK ? bad : rc;
}

/* --- to text --- */

static char *
put2(char *to, unsigned v)
{
	to[0] = (char)('0' + v / 10);
	to[1] = (char)('0' + v % 10);
	return to + 2;
}

static char *
put_year(char *to, int64_t y)
{
	if (y >= 0 && y <= 9999)
		return put2(put2(to, (unsigned)y / 100), (unsigned)y % 100);
	*to++ = y < 0 ? '-' : '+';
	return to + weir__u64_print(to, (uint64_t)(y < 0 ? -y : y));
}

static char *
put_date(char *to, int64_t days)
{
	int64_t y;
	unsigned m, d;

	weir__time_civil(days, &y, &m, &d);
	to = put_year(to, y);
	*to++ = '-';
	to = put2(to, m);
	*to++ = '-';
	return put2(to, d);
}

size_t
weir__time_print_date(char *out, int32_t days)
{
	return (size_t)(put_date(out, days) - out);
}

static char *
put_time(char *to, int64_t us)
{
	int64_t days = weir__time_floor(us, WEIR__US_DAY);
	uint64_t rest = (uint64_t)weir__time_rest(us, WEIR__US_DAY);
	uint32_t sec = (uint32_t)(rest / 1000000);
	uint32_t part = (uint32_t)(rest % 1000000);

	to = put_date(to, days);
	*to++ = 'T';
	to = put2(to, sec / 3600);
	*to++ = ':';
	to = put2(to, sec / 60 % 60);
	*to++ = ':';
	to = put2(to, sec % 60);
	if (part == 0)
		return to;
	*to++ = '.';
	to = put2(to, part / 10000);
	if (part % 1000 == 0) {
		*to++ = (char)('0' + part / 1000 % 10);
		return to;
	}
	return put2(put2(to, part / 100 % 100), part % 100);
}

size_t
weir__time_print(char *out, int64_t us)
{
	char *to = put_time(out, us);

	*to++ = 'Z';
	return (size_t)(to - out);
}

size_t
weir__time_print_local(char *out, int64_t us, int32_t offset)
{
	uint32_t o = (uint32_t)(offset < 0 ? -offset : offset);
	char *to = put_time(out, us);

	*to++ = offset < 0 ? '-' : '+';
	to = put2(to, o / 3600 % 100);
	*to++ = ':';
	to = put2(to, o / 60 % 60);
	if (o % 60 != 0) { /* local mean times of old */
		*to++ = ':';
		to = put2(to, o % 60);
	}
	return (size_t)(to - out);
}
