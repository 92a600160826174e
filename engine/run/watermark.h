/* SPDX-License-Identifier: MIT
 *
 * Event time: each partition's greatest, each row's watermark at its position,
 * and the stream's watermark between epochs.
 *
 *	partition	greatest event time - delay
 *	row		that of its partition, before the row
 *	stream		the least over the partitions that are not idle
 *
 * A partition counts from the time it is known, at minus infinity, until it
 * has rows or is idle: polled, and at its end for the idle time.  When all are
 * idle, event time goes on at the clock's rate.  When all are finished, it is
 * at plus infinity.
 */
#ifndef WEIR_RUN_WATERMARK_H
#define WEIR_RUN_WATERMARK_H

#include "plan/plan.h"

struct weir__part;
struct weir__wm;

struct weir__wm *weir__wm_new(const struct weir__watermark *cf);
void weir__wm_free(struct weir__wm *wm);

/* The greatest event time of a partition; INT64_MIN before its first row.
 * NULL when memory is out.  Valid until the next call. */
int64_t *weir__wm_max(struct weir__wm *wm, int32_t source, int32_t partition);

/* The watermark at the end of what was read of a partition; INT64_MIN. */
int64_t weir__wm_at(const struct weir__wm *wm, int32_t source,
    int32_t partition);

/* a - b without wrapping; INT64_MIN and INT64_MAX stay as they are. */
static inline int64_t
weir__wm_less(int64_t a, int64_t b)
{
	int64_t r;

	if (a == INT64_MIN || a == INT64_MAX)
		return a;
	if (__builtin_sub_overflow(a, b, &r))
		return b > 0 ? INT64_MIN + 1 : INT64_MAX - 1;
	return r;
}

/* One more partition of a source upstream, at an epoch's end. */
struct weir__wm_view {
	int32_t source;
	int32_t partition;
	bool finished;
	int64_t end_since; /* at its end since; INT64_MIN: it is not */
};

/* The stream's watermark at `now`, of all partitions upstream; `waiting`: a
 * source upstream does not know its partitions yet.  Never less than the last
 * answer. */
int64_t weir__wm_advance(struct weir__wm *wm, const struct weir__wm_view *list,
    size_t n, bool waiting, int64_t now);

/* All of it, as bytes; sources are called by the numbers stage_of[source]. */
struct weir__buf;
void weir__wm_save(const struct weir__wm *wm, struct weir__buf *to,
    const uint32_t *stage_of);
/* Back into a new one; source_of[stage] is the source of that number, or -1:
 * its partitions are passed over.  WEIR_OK, WEIR_ERROR (damaged), WEIR_AGAIN
 * (memory is out). */
int weir__wm_load(struct weir__wm *wm, const void *p, size_t n,
    const int32_t *source_of, size_t nstages);

#endif
