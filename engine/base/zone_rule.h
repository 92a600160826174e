/* SPDX-License-Identifier: MIT
 *
 * The rule that a time zone follows for ever after its table: a POSIX TZ
 * string with the extensions of RFC 9636 ("CET-1CEST,M3.5.0,M10.5.0/3").
 */
#ifndef WEIR_BASE_ZONE_RULE_H
#define WEIR_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A day of each year, and a time of it. */
struct weir__zone_day {
	char form; /* 'M' month week weekday, 'J' 1-365, '0' 0-365 */
	uint8_t month, week, wday;
	uint16_t day;
	int32_t time; /* seconds, -167 h to 167 h */
};

struct weir__zone_rule {
	char std[16], dst[16];	    /* abbreviations; dst is "" when there is
				     * no daylight-saving time */
	int32_t std_off, dst_off;   /* seconds east */
	struct weir__zone_day begin; /* in standard time */
	struct weir__zone_day end;   /* in daylight-saving time */
};

bool weir__zone_rule_parse(struct weir__zone_rule *ru, const char *p,
    size_t n);

/* Offset in seconds east at `sec` (UTC), and the stretch in which it holds.
 * *from comes in as the instant from which the rule holds. */
int32_t weir__zone_rule_find(const struct weir__zone_rule *ru, int64_t sec,
    int64_t *from, int64_t *to, bool *dst, const char **abbr);

#endif
