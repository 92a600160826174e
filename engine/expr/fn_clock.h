/* SPDX-License-Identifier: MIT
 *
 * What the built-in functions on time share: constant units, patterns and
 * zones, looked up once when the call is bound, and local time by the row.
 */
#ifndef WEIR_EXPR_FN_CLOCK_H
#define WEIR_EXPR_FN_CLOCK_H

#include "base/time.h"
#include "base/zone.h"
#include "expr/fn.h"

enum weir__unit {
	WEIR__MICROSECOND,
	WEIR__MILLISECOND,
	WEIR__SECOND,
	WEIR__MINUTE,
	WEIR__HOUR,
	WEIR__DAY,
	WEIR__WEEK,
	WEIR__MONTH,
	WEIR__QUARTER,
	WEIR__YEAR,
	/* Only parts of a time: */
	WEIR__DOW,
	WEIR__DOY,
	WEIR__ISO_YEAR,
	WEIR__EPOCH,
};

/* A bound call. */
struct weir__fn_clock {
	struct weir__zones zones;
	const struct weir__zone *zone; /* NULL: UTC */
	enum weir__unit unit;
	struct weir__fn_view pattern;
};

/* Make it fb->bound; NULL and err when memory is out. */
struct weir__fn_clock *weir__fn_clock_new(struct weir_fn_bind *fb,
    struct weir_err *err);

/* Take a zone, a unit, a pattern from constant argument `arg`; the zone may be
 * left out.  `parts` allows those units that are only parts. */
int weir__fn_clock_zone(struct weir_fn_bind *fb, struct weir__fn_clock *cl,
    uint32_t arg, struct weir_err *err);
int weir__fn_clock_unit(struct weir_fn_bind *fb, struct weir__fn_clock *cl,
    uint32_t arg, bool parts, struct weir_err *err);
int weir__fn_clock_pattern(struct weir_fn_bind *fb, struct weir__fn_clock *cl,
    uint32_t arg, bool reading, struct weir_err *err);

/* The zone alone, argument 1: what most functions need. */
int weir__fn_bind_zone(struct weir_fn_bind *fb, struct weir_err *err);

/* Local time in a zone, row after row: one look-up as long as rows stay in one
 * stretch of the zone. */
struct weir__fn_local {
	const struct weir__zone *zone;
	struct weir__zone_span span;
};

static inline int64_t
weir__fn_local(struct weir__fn_local *lo, int64_t us)
{
	if (lo->zone == NULL)
		return us;
	if (us < lo->span.from || us >= lo->span.to)
		weir__zone_find(lo->zone, us, &lo->span);
	return us + lo->span.offset;
}

static inline int64_t
weir__fn_utc(const struct weir__fn_local *lo, int64_t local)
{
	return lo->zone == NULL ? local : weir__zone_utc(lo->zone, local);
}

/* Argument `arg` of row i as local microseconds, be it timestamp or date. */
static inline int64_t
weir__fn_when(const struct weir_call *ca, struct weir__fn_local *lo,
    uint32_t arg, uint32_t i)
{
	if (ca->types[arg]->kind == WEIR_DATE)
		return ca->args[arg]->u.i32[i] * WEIR__US_DAY;
	return weir__fn_local(lo, ca->args[arg]->u.i64[i]);
}

/* Row i is this instant or this day, or fails when it is out of range. */
void weir__fn_put_time(struct weir_call *ca, uint32_t i, int64_t us);
void weir__fn_put_date(struct weir_call *ca, uint32_t i, int64_t days);

#endif
