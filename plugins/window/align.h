/* SPDX-License-Identifier: MIT
 *
 * Which windows an instant lies in.
 *
 *	      |---- size ----|
 *	           |---- size ----|     every: from start to start
 *	  ----+----+----+----+----+---- offset: where one of them starts
 *
 * Windows are half-open, [start, start + size), and their starts are the
 * multiples of `every`, moved by the offset, before and after 1970 alike.
 * Nothing wraps: where a bound does not fit an int64 there is no window.
 */
#ifndef WINDOW_ALIGN_H
#define WINDOW_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

/* The start of the last window that holds t, for 0 <= offset < every; false
 * where it does not fit. */
static inline bool
window_last(int64_t every, int64_t offset, int64_t t, int64_t *start)
{
	int64_t r = t % every - offset; /* above -2 * every */

	if (r < 0)
		r += every;
	if (r < 0)
		r += every;
	return !__builtin_sub_overflow(t, r, start);
}

/* An offset as written, brought into [0, every). */
static inline int64_t
window_offset(int64_t offset, int64_t every)
{
	int64_t r = offset % every;

	return r < 0 ? r + every : r;
}

/* When the window that starts at `start` closes: its end plus the lateness;
 * false where it does not fit. */
static inline bool
window_due(int64_t start, int64_t size, int64_t lateness, int64_t *due)
{
	int64_t end;

	return !__builtin_add_overflow(start, size, &end) &&
	    !__builtin_add_overflow(end, lateness, due);
}

#endif
