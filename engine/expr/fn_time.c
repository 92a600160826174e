/* SPDX-License-Identifier: MIT
 *
 * Built-in functions on instants: epochs, patterns, zones, the clock.
 */
#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "expr/fn_clock.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)
#define FAILS (PURE | WEIR_FN_FALLIBLE)

/* --- numbers since 1970 --- */

static void
since(struct weir_call *ca, int64_t unit)
{
	const int64_t *a = ca->args[0]->u.i64;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.i64[i] = weir__time_floor(a[i], unit);
}

static void
eval_epoch(struct weir_call *ca)
{
	since(ca, WEIR__US_SEC);
}

static void
eval_epoch_ms(struct weir_call *ca)
{
	since(ca, 1000);
}

static void
eval_epoch_us(struct weir_call *ca)
{
	since(ca, 1);
}

static void
from_units(struct weir_call *ca, int64_t unit, int64_t per)
{
	int64_t v;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		v = weir__time_floor(ca->args[0]->u.i64[i], per);
		if (__builtin_mul_overflow(v, unit, &v))
			v = INT64_MAX;
		weir__fn_put_time(ca, i, v);
	}
}

/* Seconds that are no whole number. */
static int64_t
broken_seconds(const struct weir_call *ca, uint32_t i)
{
	const struct weir_column *co = ca->args[0];
	const struct weir_type *ty = ca->types[0];
	weir_i128 v;
	double d;

	if (ty->kind == WEIR_DECIMAL) {
		v = weir_decimal_wide(ty) ? co->u.i128[i] : co->u.i64[i];
		if (weir__decimal_rescale(&v, v, ty->scale, 6, 38,
			WEIR__HALF_EVEN) != WEIR__NUM_OK ||
		    v != (int64_t)v)
			return INT64_MAX;
		return (int64_t)v;
	}
	d = co->u.f64[i] * 1e6;
	return d > -9e18 && d < 9e18 ? (int64_t)nearbyint(d) : INT64_MAX;
}

static void
eval_from_epoch(struct weir_call *ca)
{
	uint32_t i;

	if (ca->types[0]->kind == WEIR_INT64) {
		from_units(ca, WEIR__US_SEC, 1);
		return;
	}
	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i))
			weir__fn_put_time(ca, i, broken_seconds(ca, i));
}

static void
eval_from_epoch_ms(struct weir_call *ca)
{
	from_units(ca, 1000, 1);
}

static void
eval_from_epoch_us(struct weir_call *ca)
{
	from_units(ca, 1, 1);
}

static void
eval_from_epoch_ns(struct weir_call *ca)
{
	from_units(ca, 1, 1000);
}

/* --- patterns --- */

static int
bind_pattern(struct weir_fn_bind *fb, bool reading, struct weir_err *err)
{
	struct weir__fn_clock *cl = weir__fn_clock_new(fb, err);
	int rc;

	if (cl == NULL)
		return WEIR_ERROR;
	rc = weir__fn_clock_pattern(fb, cl, 1, reading, err);
	return rc != WEIR_OK ? rc : weir__fn_clock_zone(fb, cl, 2, err);
}

static int
bind_strftime(struct weir_fn_bind *fb, struct weir_err *err)
{
	return bind_pattern(fb, false, err);
}

static int
bind_strptime(struct weir_fn_bind *fb, struct weir_err *err)
{
	return bind_pattern(fb, true, err);
}

static void
eval_strftime(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	const struct weir__zone *zone = cl->zone;
	struct weir__fn_heap he = { .ca = ca };
	size_t n, room = cl->pattern.n * 4 + 16;
	uint32_t i;
	int64_t us;
	char *to;

	if (ca->types[0]->kind == WEIR_DATE)
		zone = NULL;
	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		us = ca->types[0]->kind == WEIR_DATE
		    ? ca->args[0]->u.i32[i] * WEIR__US_DAY
		    : ca->args[0]->u.i64[i];
		for (;; room = n) {
			to = weir__fn_room(&he, room);
			if (to == NULL)
				return;
			n = weir__time_strftime(to, room, us, cl->pattern.p,
			    cl->pattern.n, zone);
			if (n <= room)
				break;
		}
		weir__fn_put(&he, i, n);
	}
}

static void
eval_strptime(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_view s;
	enum weir__num rc;
	uint32_t i;
	int64_t us;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		rc = weir__time_strptime(&us, s.p, s.n, cl->pattern.p,
		    cl->pattern.n, cl->zone);
		if (rc == WEIR__NUM_OK)
			ca->out->u.i64[i] = us;
		else
			weir__fn_fail(ca, i, "expr.cast",
			    rc == WEIR__NUM_RANGE
				? "\"%.*s\" is no time: a part is "
				  "out of range"
				: "\"%.*s\" is not of the form "
				  "\"%.*s\"",
			    (int)(s.n < 40 ? s.n : 40), s.p,
			    (int)(cl->pattern.n < 40 ? cl->pattern.n : 40),
			    cl->pattern.p);
	}
}

/* --- zones --- */

static void
eval_at_zone(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	struct weir__fn_heap he = { .ca = ca };
	uint32_t i;
	int64_t us;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		us = weir__fn_local(&lo, ca->args[0]->u.i64[i]);
		to = weir__fn_room(&he, WEIR__TIME_TEXT);
		if (to == NULL)
			return;
		weir__fn_put(&he, i,
		    weir__time_print_local(to, us,
			(int32_t)(lo.span.offset / WEIR__US_SEC)));
	}
}

static void
eval_to_local(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i))
			weir__fn_put_time(ca, i,
			    weir__fn_local(&lo, ca->args[0]->u.i64[i]));
}

static void
eval_from_local(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i))
			weir__fn_put_time(ca, i,
			    weir__fn_utc(&lo, ca->args[0]->u.i64[i]));
}

static void
eval_utc_offset(struct weir_call *ca)
{
	const struct weir__fn_clock *cl = ca->bound;
	struct weir__fn_local lo = { .zone = cl->zone };
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		weir__fn_local(&lo, ca->args[0]->u.i64[i]);
		ca->out->u.i64[i] = lo.span.offset;
	}
}

/* --- the clock and durations --- */

static void
eval_now(struct weir_call *ca)
{
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.i64[i] = ca->now;
}

static void
eval_age(struct weir_call *ca)
{
	int64_t to = ca->now;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (ca->nargs > 1)
			to = ca->args[1]->u.i64[i];
		if (__builtin_sub_overflow(to, ca->args[0]->u.i64[i],
			&ca->out->u.i64[i]))
			weir__fn_fail(ca, i, "expr.overflow",
			    "the duration is too long");
	}
}

static void
eval_time_bucket(struct weir_call *ca)
{
	int64_t width, us;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		width = ca->args[0]->u.i64[i];
		us = ca->args[1]->u.i64[i];
		if (width <= 0)
			weir__fn_fail(ca, i, "expr.argument",
			    "the width must be above 0");
		else
			weir__fn_put_time(ca, i,
			    us - weir__time_rest(us, width));
	}
}

static void
eval_to_seconds(struct weir_call *ca)
{
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.f64[i] = (double)ca->args[0]->u.i64[i] / 1e6;
}

static void
eval_from_seconds(struct weir_call *ca)
{
	uint32_t i;
	int64_t us;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		us = broken_seconds(ca, i);
		if (us == INT64_MAX)
			weir__fn_fail(ca, i, "expr.overflow",
			    "the duration is too long");
		else
			ca->out->u.i64[i] = us;
	}
}

WEIR__FN(fn_epoch, "epoch", PURE, NULL, eval_epoch, "time",
    "whole seconds since 1970-01-01T00:00:00Z",
    "epoch(\"2026-01-01T00:00:00Z\") = 1767225600", "timestamp -> int64");
WEIR__FN(fn_epoch_ms, "epoch_ms", PURE, NULL, eval_epoch_ms, "time",
    "whole milliseconds since 1970-01-01T00:00:00Z",
    "epoch_ms(\"1970-01-01T00:00:01.5Z\") = 1500", "timestamp -> int64");
WEIR__FN(fn_epoch_us, "epoch_us", PURE, NULL, eval_epoch_us, "time",
    "microseconds since 1970-01-01T00:00:00Z",
    "epoch_us(\"1970-01-01T00:00:01.5Z\") = 1500000", "timestamp -> int64");
WEIR__FN(fn_from_epoch, "from_epoch", FAILS, NULL, eval_from_epoch, "time",
    "the time so many seconds after 1970-01-01T00:00:00Z",
    "from_epoch(1767225600) = cast(\"2026-01-01T00:00:00Z\" as timestamp)\n"
    "epoch_us(from_epoch(1.25)) = 1250000",
    "int64 -> timestamp", "decimal -> timestamp", "float64 -> timestamp");
WEIR__FN(fn_from_epoch_ms, "from_epoch_ms", FAILS, NULL, eval_from_epoch_ms,
    "time", "the time so many milliseconds after 1970-01-01T00:00:00Z",
    "epoch_us(from_epoch_ms(1500)) = 1500000", "int64 -> timestamp");
WEIR__FN(fn_from_epoch_us, "from_epoch_us", FAILS, NULL, eval_from_epoch_us,
    "time", "the time so many microseconds after 1970-01-01T00:00:00Z",
    "epoch_us(from_epoch_us(1500)) = 1500", "int64 -> timestamp");
WEIR__FN(fn_from_epoch_ns, "from_epoch_ns", FAILS, NULL, eval_from_epoch_ns,
    "time",
    "the time so many nanoseconds after 1970-01-01T00:00:00Z, in whole "
    "microseconds",
    "epoch_us(from_epoch_ns(1999)) = 1", "int64 -> timestamp");
WEIR__FN(fn_strftime, "strftime", PURE, bind_strftime, eval_strftime, "time",
    "printed by a pattern, in UTC or in a zone",
    "strftime(\"2026-01-31T12:30:00Z\", \"%d %b %Y %H:%M\") = "
    "\"31 Jan 2026 12:30\"\n"
    "strftime(\"2026-07-01T12:00:00Z\", \"%H:%M %Z\", \"Europe/Berlin\") = "
    "\"14:00 CEST\"",
    "timestamp, string, [string] -> string", "date, string -> string");
WEIR__FN(fn_strptime, "strptime", FAILS, bind_strptime, eval_strptime, "time",
    "text read by a pattern, as UTC or as local time of a zone",
    "epoch(strptime(\"01/Jan/1970:01:00:00 +0000\", \"%d/%b/%Y:%H:%M:%S %z\")) "
    "= 3600",
    "string, string, [string] -> timestamp");
WEIR__FN(fn_at_zone, "at_zone", PURE, weir__fn_bind_zone, eval_at_zone,
    "time", "as text, in local time of a zone with its offset",
    "at_zone(\"2026-01-01T00:00:00Z\", \"Asia/Kolkata\") = "
    "\"2026-01-01T05:30:00+05:30\"",
    "timestamp, string -> string");
WEIR__FN(fn_to_local, "to_local", FAILS, weir__fn_bind_zone, eval_to_local,
    "time",
    "moved by the zone's offset, so that its UTC fields show local time",
    "hour(to_local(\"2026-01-01T00:00:00Z\", \"Asia/Tokyo\")) = 9",
    "timestamp, string -> timestamp");
WEIR__FN(fn_from_local, "from_local", FAILS, weir__fn_bind_zone,
    eval_from_local, "time",
    "the instant of a local time: of two the earlier, and one that is skipped "
    "moves on by the gap",
    "hour(from_local(\"2026-01-01T09:00:00Z\", \"Asia/Tokyo\")) = 0",
    "timestamp, string -> timestamp");
WEIR__FN(fn_utc_offset, "utc_offset", PURE, weir__fn_bind_zone,
    eval_utc_offset, "time", "how far the zone's clocks are ahead of UTC",
    "utc_offset(\"2026-01-01T00:00:00Z\", \"Europe/Berlin\") = 1h",
    "timestamp, string -> duration");
WEIR__FN(fn_now, "now", WEIR_FN_TOTAL, NULL, eval_now, "time",
    "the time at which the epoch began: the same for all its rows",
    "now() > cast(\"1970-01-01T00:00:00Z\" as timestamp) = true",
    "-> timestamp");
WEIR__FN(fn_age, "age", WEIR_FN_TOTAL | WEIR_FN_FALLIBLE, NULL, eval_age,
    "time",
    "the time from the first until the second, or until now()",
    "age(\"2026-01-01T00:00:00Z\", \"2026-01-01T01:30:00Z\") = 1h30m",
    "timestamp, [timestamp] -> duration");
WEIR__FN(fn_time_bucket, "time_bucket", FAILS, NULL, eval_time_bucket, "time",
    "the last multiple of a duration since 1970-01-01T00:00:00Z",
    "strftime(time_bucket(5m, cast(\"2026-01-01T00:07:30Z\" as timestamp)), "
    "\"%T\") = \"00:05:00\"",
    "duration, timestamp -> timestamp");
WEIR__FN(fn_to_seconds, "to_seconds", PURE, NULL, eval_to_seconds, "time",
    "a duration in seconds", "to_seconds(1m30s) = 90.0",
    "duration -> float64");
WEIR__FN(fn_from_seconds, "from_seconds", FAILS, NULL, eval_from_seconds,
    "time", "a duration of so many seconds, in whole microseconds",
    "from_seconds(90.5) = 1m30s500ms", "decimal -> duration",
    "float64 -> duration");

const struct weir_function *const weir__fn_time[] = {
	&fn_now,
	&fn_age,
	&fn_epoch,
	&fn_epoch_ms,
	&fn_epoch_us,
	&fn_from_epoch,
	&fn_from_epoch_ms,
	&fn_from_epoch_us,
	&fn_from_epoch_ns,
	&fn_strftime,
	&fn_strptime,
	&fn_at_zone,
	&fn_to_local,
	&fn_from_local,
	&fn_utc_offset,
	&fn_time_bucket,
	&fn_to_seconds,
	&fn_from_seconds,
	NULL,
};
