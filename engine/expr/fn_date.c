/* SPDX-License-Identifier: MIT
 *
 * Built-in functions of the calendar: parts of a date, beginnings of units,
 * steps and differences in units; in UTC or in a zone.
 */
#include <math.h>

#include "expr/fn_clock.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)
#define FAILS (PURE | WEIR_FN_FALLIBLE)

/* --- parts --- */

static int64_t
date_part(int64_t days, enum weir__unit part)
{
	int64_t y, iso;
	unsigned m, d;

	switch (part) {
	case WEIR__DOW:
		return weir__time_iso_wday(days);
	case WEIR__WEEK:
		return weir__time_iso_week(days, &iso);
	case WEIR__ISO_YEAR:
		weir__time_iso_week(days, &iso);
		return iso;
	default:
		break;
	}
	weir__time_civil(days, &y, &m, &d);
	switch (part) {
	case WEIR__YEAR:
		return y;
	case WEIR__QUARTER:
		return (m + 2) / 3;
	case WEIR__MONTH:
		return m;
	case WEIR__DOY:
		return days - weir__time_days(y, 1, 1) + 1;
	default:
		return d;
	}
}

/* A part of local time. */
static int64_t
time_part(int64_t us, enum weir__unit part)
{
	int64_t rest;

	switch (part) {
	case WEIR__MICROSECOND:
		return weir__time_rest(us, WEIR__US_SEC);
	case WEIR__MILLISECOND:
		return weir__time_rest(us, WEIR__US_SEC) / 1000;
	case WEIR__SECOND:
		rest = weir__time_rest(us, WEIR__US_MIN);
		return rest / WEIR__US_SEC;
	case WEIR__MINUTE:
		return weir__time_rest(us, WEIR__US_HOUR) / WEIR__US_MIN;
	case WEIR__HOUR:
		return weir__time_rest(us, WEIR__US_DAY) / WEIR__US_HOUR;
	default:
		return date_part(weir__time_floor(us, WEIR__US_DAY), part);
	}
}

static void
parts(struct weir_call *ca, uint32_t arg, enum weir__unit part)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	uint32_t i;

	if (part == WEIR__EPOCH)
		lo.zone = NULL; /* the same everywhere */
	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		ca->out->u.i64[i] = part == WEIR__EPOCH
		    ? weir__time_floor(weir__fn_when(ca, &lo, arg, i),
			  WEIR__US_SEC)
		    : time_part(weir__fn_when(ca, &lo, arg, i), part);
	}
}

#define PART(name, part)                                                       \
	static void eval_##name(struct weir_call *ca)                          \
	{                                                                      \
		parts(ca, 0, part);                                            \
	}

PART(year, WEIR__YEAR)
PART(quarter, WEIR__QUARTER)
PART(month, WEIR__MONTH)
PART(week, WEIR__WEEK)
PART(day, WEIR__DAY)
PART(dow, WEIR__DOW)
PART(doy, WEIR__DOY)
PART(iso_year, WEIR__ISO_YEAR)
PART(hour, WEIR__HOUR)
PART(minute, WEIR__MINUTE)
PART(second, WEIR__SECOND)

/* A unit first, then `times` times or dates, and a zone at the end. */
static int
bind_unit(struct weir_fn_bind *fb, uint32_t zone, bool parts_too,
    struct weir_err *err)
{
	struct weir__fn_clock *cl = weir__fn_clock_new(fb, err);
	int rc;

	if (cl == NULL)
		return WEIR_ERROR;
	rc = weir__fn_clock_unit(fb, cl, 0, parts_too, err);
	if (rc != WEIR_OK)
		return rc;
	if (fb->types[zone - 1]->kind == WEIR_DATE && !parts_too &&
	    cl->unit < WEIR__DAY)
		return weir__fn_refuse(fb, 0, err, "expr.unit",
		    "a date has no smaller unit than a day");
	return weir__fn_clock_zone(fb, cl, zone, err);
}

static int
bind_date_part(struct weir_fn_bind *fb, struct weir_err *err)
{
	return bind_unit(fb, 2, true, err);
}

static void
eval_date_part(struct weir_call *ca)
{
	parts(ca, 1, ((const struct weir__fn_clock *)ca->bound)->unit);
}

static void
eval_date(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i))
			weir__fn_put_date(ca, i,
			    weir__time_floor(weir__fn_when(ca, &lo, 0, i),
				WEIR__US_DAY));
}

static int
bind_today(struct weir_fn_bind *fb, struct weir_err *err)
{
	struct weir__fn_clock *cl = weir__fn_clock_new(fb, err);

	return cl == NULL ? WEIR_ERROR : weir__fn_clock_zone(fb, cl, 0, err);
}

static void
eval_today(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	int64_t day = weir__time_floor(weir__fn_local(&lo, ca->now),
	    WEIR__US_DAY);
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.i32[i] = (int32_t)day;
}

/* --- beginnings --- */

/* The length of a unit that has one, or 0. */
static int64_t
length(enum weir__unit unit)
{
	static const int64_t us[] = { 1, 1000, WEIR__US_SEC, WEIR__US_MIN,
		WEIR__US_HOUR, WEIR__US_DAY, 7 * WEIR__US_DAY };

	return unit <= WEIR__WEEK ? us[unit] : 0;
}

/* The first day of the unit in which a day lies. */
static int64_t
first_day(int64_t days, enum weir__unit unit)
{
	int64_t y;
	unsigned m, d;

	if (unit == WEIR__WEEK)
		return days - (int64_t)weir__time_iso_wday(days) + 1;
	if (unit < WEIR__WEEK)
		return days;
	weir__time_civil(days, &y, &m, &d);
	if (unit == WEIR__YEAR)
		m = 1;
	if (unit == WEIR__QUARTER)
		m = (m - 1) / 3 * 3 + 1;
	return weir__time_days(y, m, 1);
}

static int
bind_date_trunc(struct weir_fn_bind *fb, struct weir_err *err)
{
	return bind_unit(fb, 2, false, err);
}

static void
eval_date_trunc(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	uint32_t i;
	int64_t us, local;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (ca->types[1]->kind == WEIR_DATE) {
			weir__fn_put_date(ca, i,
			    first_day(ca->args[1]->u.i32[i], cl->unit));
			continue;
		}
		us = ca->args[1]->u.i64[i];
		local = weir__fn_local(&lo, us);
		if (cl->unit < WEIR__DAY) /* stays in the same hour */
			us -= weir__time_rest(local, length(cl->unit));
		else
			us = weir__fn_utc(&lo,
			    first_day(weir__time_floor(local, WEIR__US_DAY),
				cl->unit) *
				WEIR__US_DAY);
		weir__fn_put_time(ca, i, us);
	}
}

static void
eval_last_day(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	int64_t days, y;
	unsigned m, d;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		days = weir__time_floor(weir__fn_when(ca, &lo, 0, i),
		    WEIR__US_DAY);
		weir__time_civil(days, &y, &m, &d);
		weir__fn_put_date(ca, i,
		    days + weir__time_month_days(y, m) - d);
	}
}

/* --- steps --- */

/* A day moved by months; the day of the month at most the last there. */
static int64_t
add_months(int64_t days, int64_t months)
{
	int64_t y;
	unsigned m, d, last;

	weir__time_civil(days, &y, &m, &d);
	months += y * 12 + (int64_t)m - 1;
	y = weir__time_floor(months, 12);
	m = (unsigned)weir__time_rest(months, 12) + 1;
	last = weir__time_month_days(y, m);
	return weir__time_days(y, m, d < last ? d : last);
}

/* A day moved by calendar units; far out of range where n is too large. */
static int64_t
add_days(int64_t days, int64_t n, enum weir__unit unit)
{
	static const int64_t each[] = { 1, 7, 1, 3, 12 };

	if (n > 4000000 || n < -4000000)
		return INT32_MAX;
	n *= each[unit - WEIR__DAY];
	return unit <= WEIR__WEEK ? days + n : add_months(days, n);
}

static int
bind_date_add(struct weir_fn_bind *fb, struct weir_err *err)
{
	return bind_unit(fb, 3, false, err);
}

static void
eval_date_add(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	int64_t n, us, days;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		n = ca->args[1]->u.i64[i];
		if (ca->types[2]->kind == WEIR_DATE) {
			weir__fn_put_date(ca, i,
			    add_days(ca->args[2]->u.i32[i], n, cl->unit));
			continue;
		}
		us = ca->args[2]->u.i64[i];
		if (cl->unit < WEIR__DAY) {
			if (__builtin_mul_overflow(n, length(cl->unit), &n) ||
			    __builtin_add_overflow(us, n, &us))
				us = INT64_MAX;
			weir__fn_put_time(ca, i, us);
			continue;
		}
		us = weir__fn_local(&lo, us);
		days = add_days(weir__time_floor(us, WEIR__US_DAY), n,
		    cl->unit);
		us = days < WEIR__DATE_MIN || days > WEIR__DATE_MAX
		    ? INT64_MAX
		    : weir__fn_utc(&lo,
			  days * WEIR__US_DAY +
			      weir__time_rest(us, WEIR__US_DAY));
		weir__fn_put_time(ca, i, us);
	}
}

static int
bind_date_diff(struct weir_fn_bind *fb, struct weir_err *err)
{
	return bind_unit(fb, 3, false, err);
}

/* The number of the unit in which a local time lies. */
static int64_t
ordinal(int64_t us, enum weir__unit unit)
{
	int64_t days, y;
	unsigned m, d;

	if (unit < WEIR__DAY)
		return weir__time_floor(us, length(unit));
	days = weir__time_floor(us, WEIR__US_DAY);
	if (unit == WEIR__DAY)
		return days;
	if (unit == WEIR__WEEK) /* 1970-01-01 was a Thursday */
		return weir__time_floor(days + 3, 7);
	weir__time_civil(days, &y, &m, &d);
	return unit == WEIR__YEAR   ? y
	    : unit == WEIR__QUARTER ? y * 4 + (m - 1) / 3
				    : y * 12 + m - 1;
}

static void
eval_date_diff(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local a = { .zone = cl->zone }, b = a;
	uint32_t i;

	if (cl->unit < WEIR__DAY)
		a.zone = b.zone = NULL; /* time that passed */
	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i))
			ca->out->u.i64[i] =
			    ordinal(weir__fn_when(ca, &b, 2, i), cl->unit) -
			    ordinal(weir__fn_when(ca, &a, 1, i), cl->unit);
}

/* --- made of parts --- */

/* The day of arguments 0 to 2, or false and the row fails. */
static bool
make_day(struct weir_call *ca, uint32_t i, int64_t *days)
{
	int64_t y = ca->args[0]->u.i64[i], m = ca->args[1]->u.i64[i];
	int64_t d = ca->args[2]->u.i64[i];

	if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 ||
	    d > (int64_t)weir__time_month_days(y, (unsigned)m)) {
		weir__fn_fail(ca, i, "expr.argument",
		    "there is no day %lld-%lld-%lld", (long long)y,
		    (long long)m, (long long)d);
		return false;
	}
	*days = weir__time_days(y, (unsigned)m, (unsigned)d);
	return true;
}

static void
eval_make_date(struct weir_call *ca)
{
	int64_t days;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i) &&
		    make_day(ca, i, &days))
			ca->out->u.i32[i] = (int32_t)days;
}

static int
bind_make_timestamp(struct weir_fn_bind *fb, struct weir_err *err)
{
	struct weir__fn_clock *cl = weir__fn_clock_new(fb, err);

	return cl == NULL ? WEIR_ERROR : weir__fn_clock_zone(fb, cl, 6, err);
}

static void
eval_make_timestamp(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	int64_t days, h, mi;
	uint32_t i;
	double s;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i) ||
		    !make_day(ca, i, &days))
			continue;
		h = ca->args[3]->u.i64[i];
		mi = ca->args[4]->u.i64[i];
		s = ca->args[5]->u.f64[i];
		if (h < 0 || h > 23 || mi < 0 || mi > 59 || !(s >= 0) ||
		    s >= 60) {
			weir__fn_fail(ca, i, "expr.argument",
			    "there is no time %lld:%lld:%g",
			    (long long)h, (long long)mi, s);
			continue;
		}
		weir__fn_put_time(ca, i,
		    weir__fn_utc(&lo,
			days * WEIR__US_DAY + h * WEIR__US_HOUR +
			    mi * WEIR__US_MIN + (int64_t)nearbyint(s * 1e6)));
	}
}

#define WHEN "timestamp, [string] -> int64", "date -> int64"
#define T0 "\"2026-03-31T22:30:15Z\""

WEIR__FN(fn_date, "date", FAILS, weir__fn_bind_zone, eval_date, "calendar",
    "the day, in UTC or in a zone",
    "date(" T0 ") = cast(\"2026-03-31\" as date)\n"
    "date(" T0 ", \"Europe/Berlin\") = cast(\"2026-04-01\" as date)",
    "timestamp, [string] -> date", "date -> date");
WEIR__FN(fn_today, "today", WEIR_FN_TOTAL, bind_today, eval_today, "calendar",
    "the day of now(), in UTC or in a zone", "today() = date(now())",
    "[string] -> date");
WEIR__FN(fn_year, "year", PURE, weir__fn_bind_zone, eval_year, "calendar",
    "the year", "year(" T0 ") = 2026", WHEN);
WEIR__FN(fn_quarter, "quarter", PURE, weir__fn_bind_zone, eval_quarter,
    "calendar", "the quarter, 1 to 4", "quarter(" T0 ") = 1", WHEN);
WEIR__FN(fn_month, "month", PURE, weir__fn_bind_zone, eval_month, "calendar",
    "the month, 1 to 12", "month(" T0 ") = 3", WHEN);
WEIR__FN(fn_week, "week", PURE, weir__fn_bind_zone, eval_week, "calendar",
    "the week of ISO 8601, 1 to 53", "week(" T0 ") = 14", WHEN);
WEIR__FN(fn_day, "day", PURE, weir__fn_bind_zone, eval_day, "calendar",
    "the day of the month, 1 to 31",
    "day(" T0 ") = 31\nday(" T0 ", \"Asia/Tokyo\") = 1", WHEN);
WEIR__FN(fn_dow, "dow", PURE, weir__fn_bind_zone, eval_dow, "calendar",
    "the day of the week, Monday 1 to Sunday 7", "dow(" T0 ") = 2", WHEN);
WEIR__FN(fn_doy, "doy", PURE, weir__fn_bind_zone, eval_doy, "calendar",
    "the day of the year, 1 to 366", "doy(" T0 ") = 90", WHEN);
WEIR__FN(fn_iso_year, "iso_year", PURE, weir__fn_bind_zone, eval_iso_year,
    "calendar", "the year that the ISO 8601 week belongs to",
    "iso_year(cast(\"2027-01-01\" as date)) = 2026", WHEN);
WEIR__FN(fn_hour, "hour", PURE, weir__fn_bind_zone, eval_hour, "calendar",
    "the hour, 0 to 23",
    "hour(" T0 ") = 22\nhour(" T0 ", \"Asia/Kolkata\") = 4",
    "timestamp, [string] -> int64");
WEIR__FN(fn_minute, "minute", PURE, weir__fn_bind_zone, eval_minute,
    "calendar", "the minute, 0 to 59", "minute(" T0 ") = 30",
    "timestamp, [string] -> int64");
WEIR__FN(fn_second, "second", PURE, weir__fn_bind_zone, eval_second,
    "calendar", "the second, 0 to 59", "second(" T0 ") = 15",
    "timestamp, [string] -> int64");
WEIR__FN(fn_date_part, "date_part", PURE, bind_date_part, eval_date_part,
    "calendar",
    "a part by name: microsecond, millisecond, second, minute, hour, day, "
    "week, month, quarter, year, dow, doy, iso_year, epoch",
    "date_part(\"month\", cast(" T0 " as timestamp)) = 3",
    "string, timestamp, [string] -> int64", "string, date -> int64");
WEIR__FN(fn_date_trunc, "date_trunc", FAILS, bind_date_trunc, eval_date_trunc,
    "calendar",
    "the beginning of the unit (microsecond to year; weeks begin on Monday), "
    "in UTC or in a zone",
    "strftime(date_trunc(\"month\", cast(" T0 " as timestamp)), \"%F %T\") = "
    "\"2026-03-01 00:00:00\"\n"
    "date_trunc(\"week\", cast(\"2026-04-01\" as date)) = "
    "cast(\"2026-03-30\" as date)",
    "string, timestamp, [string] -> timestamp", "string, date -> date");
WEIR__FN(fn_date_add, "date_add", FAILS, bind_date_add, eval_date_add,
    "calendar",
    "so many units later; a day that the month lacks becomes its last one",
    "date_add(\"month\", 1, cast(\"2026-01-31\" as date)) = "
    "cast(\"2026-02-28\" as date)",
    "string, int64, timestamp, [string] -> timestamp",
    "string, int64, date -> date");
WEIR__FN(fn_date_diff, "date_diff", PURE, bind_date_diff, eval_date_diff,
    "calendar",
    "how many times the unit changes from the first time until the second",
    "date_diff(\"year\", cast(\"2025-12-31\" as date), cast(\"2026-01-01\" as "
    "date)) = 1",
    "string, timestamp, timestamp, [string] -> int64",
    "string, date, date -> int64");
WEIR__FN(fn_last_day, "last_day", FAILS, weir__fn_bind_zone, eval_last_day,
    "calendar", "the last day of the month",
    "last_day(cast(\"2028-02-10\" as date)) = cast(\"2028-02-29\" as date)",
    "timestamp, [string] -> date", "date -> date");
WEIR__FN(fn_make_date, "make_date", FAILS, NULL, eval_make_date, "calendar",
    "the day of a year, month and day",
    "make_date(2026, 1, 2) = cast(\"2026-01-02\" as date)",
    "int64, int64, int64 -> date");
WEIR__FN(fn_make_timestamp, "make_timestamp", FAILS, bind_make_timestamp,
    eval_make_timestamp, "calendar",
    "the time of year, month, day, hour, minute and second, in UTC or in a "
    "zone",
    "epoch_ms(make_timestamp(1970, 1, 1, 0, 1, 1.5)) = 61500",
    "int64, int64, int64, int64, int64, float64, [string] -> timestamp");

const struct weir_function *const weir__fn_date[] = {
	&fn_date,
	&fn_today,
	&fn_year,
	&fn_quarter,
	&fn_month,
	&fn_week,
	&fn_day,
	&fn_dow,
	&fn_doy,
	&fn_iso_year,
	&fn_hour,
	&fn_minute,
	&fn_second,
	&fn_date_part,
	&fn_date_trunc,
	&fn_date_add,
	&fn_date_diff,
	&fn_last_day,
	&fn_make_date,
	&fn_make_timestamp,
	NULL,
};
