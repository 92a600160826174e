/* SPDX-License-Identifier: MIT
 *
 * Durations from text and to text.
 */
#include <string.h>

#include "base/time.h"

/* Largest first; the first name is the one printed. */
static const struct unit {
	int64_t us;
	const char *names[6];
} units[] = {
	{ 7 * WEIR__US_DAY, { "w", "week", "weeks" } },
	{ WEIR__US_DAY, { "d", "day", "days" } },
	{ WEIR__US_HOUR, { "h", "hour", "hours", "hr", "hrs" } },
	{ WEIR__US_MIN, { "m", "min", "minute", "minutes", "mins" } },
	{ WEIR__US_SEC, { "s", "sec", "second", "seconds", "secs" } },
	{ 1000, { "ms", "millisecond", "milliseconds" } },
	{ 1, { "us", "microsecond", "microseconds", "\xc2\xb5s" } },
};

#define NUNITS (sizeof units / sizeof *units)

static size_t
find_unit(const char *p, size_t n)
{
	size_t i, j;

	for (i = 0; i < NUNITS; i++) {
		for (j = 0; j < 6 && units[i].names[j] != NULL; j++) {
			if (strlen(units[i].names[j]) == n &&
			    memcmp(units[i].names[j], p, n) == 0)
				return i;
		}
	}
	return NUNITS;
}

static bool
digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* A number at *p: whole part, and a fraction as num / den. */
static enum weir__num
read_number(const char **p, const char *end, uint64_t *whole, uint64_t *num,
    uint64_t *den)
{
	enum weir__num rc = WEIR__NUM_OK;
	const char *at = *p;

	*whole = *num = 0;
	*den = 1;
	if (!digit(at, end))
		return WEIR__NUM_SYNTAX;
	for (; digit(at, end); at++) {
		if (__builtin_mul_overflow(*whole, 10u, whole) ||
		    __builtin_add_overflow(*whole, (uint64_t)(*at - '0'),
			whole))
			rc = WEIR__NUM_RANGE;
	}
	if (at < end && *at == '.') {
		at++;
		if (!digit(at, end))
			return WEIR__NUM_SYNTAX;
		for (; digit(at, end); at++) {
			if (*den > UINT64_C(100000000000000000)) {
				if (*at != '0' && rc == WEIR__NUM_OK)
					rc = WEIR__NUM_INEXACT;
				continue;
			}
			*num = *num * 10 + (uint64_t)(*at - '0');
			*den *= 10;
		}
	}
	*p = at;
	return rc;
}

/* *sum += (whole + num / den) * unit. */
static enum weir__num
add_part(uint64_t *sum, uint64_t whole, uint64_t num, uint64_t den,
    uint64_t unit)
{
	__extension__ unsigned __int128 part =
	    (unsigned __int128)num * unit;

	if (part % den != 0)
		return WEIR__NUM_INEXACT;
	if (__builtin_mul_overflow(whole, unit, &whole) ||
	    __builtin_add_overflow(whole, (uint64_t)(part / den), &whole) ||
	    __builtin_add_overflow(*sum, whole, sum))
		return WEIR__NUM_RANGE;
	return WEIR__NUM_OK;
}

enum weir__num
weir__time_parse_duration(int64_t *out, const char *p, size_t n)
{
	const char *end = p + n, *name;
	bool neg = n != 0 && *p == '-';
	enum weir__num rc = WEIR__NUM_OK, got;
	uint64_t sum = 0, whole, num, den;
	size_t u, next = 0;

	if (n != 0 && (*p == '-' || *p == '+'))
		p++;
	do {
		got = read_number(&p, end, &whole, &num, &den);
		if (got == WEIR__NUM_SYNTAX)
			return got;
		while (p < end && *p == ' ')
			p++;
		for (name = p; p < end && *p != ' ' && !digit(p, end); p++)
			;
		u = find_unit(name, (size_t)(p - name));
		if (u == NUNITS || u < next)
			return WEIR__NUM_SYNTAX;
		next = u + 1;
		if (got == WEIR__NUM_OK)
			got = add_part(&sum, whole, num, den,
			    (uint64_t)units[u].us);
		if (rc == WEIR__NUM_OK)
			rc = got;
		if (p < end && *p == ' ' && p + 1 < end)
			while (p < end && *p == ' ')
				p++;
	} while (p < end);
	if (rc != WEIR__NUM_OK)
		return rc;
	if (sum > (uint64_t)INT64_MAX + neg)
		return WEIR__NUM_RANGE;
	*out = neg ? (int64_t)(0 - sum) : (int64_t)sum;
	return WEIR__NUM_OK;
}

size_t
weir__time_print_duration(char *out, int64_t us)
{
	uint64_t v = us < 0 ? 0 - (uint64_t)us : (uint64_t)us, part;
	char *to = out;
	size_t i, len;

	if (v == 0) {
		memcpy(out, "0s", 2);
		return 2;
	}
	if (us < 0)
		*to++ = '-';
	for (i = 2; i < NUNITS; i++) {
		part = v / (uint64_t)units[i].us;
		v %= (uint64_t)units[i].us;
		if (part == 0)
			continue;
		to += weir__u64_print(to, part);
		len = strlen(units[i].names[0]);
		memcpy(to, units[i].names[0], len);
		to += len;
	}
	return (size_t)(to - out);
}
