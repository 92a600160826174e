/* SPDX-License-Identifier: MIT
 *
 * What the built-in functions on time share.
 */
#include "expr/fn_clock.h"

#include <string.h>

static const char *const units[] = { "microsecond", "millisecond", "second",
	"minute", "hour", "day", "week", "month", "quarter", "year", "dow",
	"doy", "iso_year", "epoch" };

static void
free_clock(void *bound)
{
	struct weir__fn_clock *cl = bound;

	weir__zones_fini(&cl->zones);
}

struct weir__fn_clock *
weir__fn_clock_new(struct weir_fn_bind *fb, struct weir_err *err)
{
	struct weir__fn_clock *cl = fb->alloc(fb, sizeof *cl);

	if (cl == NULL) {
		weir_fail(err, WEIR_NOWHERE, "memory",
		    "out of memory for a function");
		return NULL;
	}
	memset(cl, 0, sizeof *cl);
	weir__zones_init(&cl->zones, NULL);
	fb->bound = cl;
	fb->free_bound = free_clock;
	return cl;
}

int
weir__fn_clock_zone(struct weir_fn_bind *fb, struct weir__fn_clock *cl,
    uint32_t arg, struct weir_err *err)
{
	struct weir__fn_view s;
	int rc;

	if (arg >= fb->nargs)
		return WEIR_OK;
	rc = weir__fn_const_text(fb, arg, "time zone", &s, err);
	if (rc != WEIR_OK || s.p == NULL)
		return rc;
	cl->zone = weir__zones_get(&cl->zones, s.p, s.n, WEIR_NOWHERE, err);
	if (cl->zone != NULL)
		return weir__fn_zone_used(fb, weir__zone_name(cl->zone),
		    weir__zone_hash(cl->zone), err);
	fb->bad_arg = arg + 1;
	return WEIR_ERROR;
}

int
weir__fn_clock_unit(struct weir_fn_bind *fb, struct weir__fn_clock *cl,
    uint32_t arg, bool parts, struct weir_err *err)
{
	unsigned i, n = parts ? WEIR__EPOCH + 1 : WEIR__YEAR + 1;
	struct weir__fn_view s;
	size_t len;
	int rc;

	rc = weir__fn_const_text(fb, arg, "unit", &s, err);
	if (rc != WEIR_OK || s.p == NULL)
		return rc;
	for (i = 0; i < n; i++) {
		len = strlen(units[i]);
		if (memcmp(units[i], s.p, len < s.n ? len : s.n) == 0 &&
		    (s.n == len ||
			(s.n == len + 1 && s.p[len] == 's' &&
			    i <= WEIR__YEAR))) {
			cl->unit = (enum weir__unit)i;
			return WEIR_OK;
		}
	}
	return weir__fn_refuse(fb, arg, err, "expr.unit",
	    "expected microsecond, millisecond, second, minute, hour, day, "
	    "week, month, quarter%s, found \"%.*s\"",
	    parts ? ", year, dow, doy, iso_year or epoch" : " or year",
	    (int)(s.n < 40 ? s.n : 40), s.p);
}

int
weir__fn_clock_pattern(struct weir_fn_bind *fb, struct weir__fn_clock *cl,
    uint32_t arg, bool reading, struct weir_err *err)
{
	struct weir__fn_view s;
	size_t at;
	char *p;
	int rc;

	rc = weir__fn_const_text(fb, arg, "pattern", &s, err);
	if (rc != WEIR_OK || s.p == NULL)
		return rc;
	if (!weir__time_pattern_ok(s.p, s.n, reading, &at))
		return weir__fn_refuse(fb, arg, err, "expr.pattern",
		    "\"%.*s\" is not known in a pattern for %s",
		    s.n - at > 1 ? 2 : 1, s.p + at,
		    reading ? "reading a time" : "printing a time");
	p = fb->alloc(fb, s.n + 1);
	if (p == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory",
		    "out of memory for a pattern");
	memcpy(p, s.p, s.n);
	cl->pattern.p = p;
	cl->pattern.n = s.n;
	return WEIR_OK;
}

int
weir__fn_bind_zone(struct weir_fn_bind *fb, struct weir_err *err)
{
	struct weir__fn_clock *cl = weir__fn_clock_new(fb, err);

	return cl == NULL ? WEIR_ERROR : weir__fn_clock_zone(fb, cl, 1, err);
}

void
weir__fn_put_time(struct weir_call *ca, uint32_t i, int64_t us)
{
	if (us < WEIR__TIME_MIN || us > WEIR__TIME_MAX)
		weir__fn_fail(ca, i, "expr.overflow",
		    "the time is outside the years 1 to 9999");
	else
		ca->out->u.i64[i] = us;
}

void
weir__fn_put_date(struct weir_call *ca, uint32_t i, int64_t days)
{
	if (days < WEIR__DATE_MIN || days > WEIR__DATE_MAX)
		weir__fn_fail(ca, i, "expr.overflow",
		    "the date is outside the years 1 to 9999");
	else
		ca->out->u.i32[i] = (int32_t)days;
}
