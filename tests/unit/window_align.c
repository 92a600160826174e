/* SPDX-License-Identifier: MIT
 *
 * Which window an instant lies in, against 128-bit arithmetic.
 */
#include "t.h"

#include <stdlib.h>

#include "../../plugins/window/align.h"

__extension__ typedef __int128 i128;

static int
wrong(int64_t every, int64_t offset, int64_t t)
{
	i128 x = (i128)t - offset, q = x / every, want;
	int64_t got = 0;
	bool ok;

	if (x % every < 0)
		q--;
	want = q * every + offset;
	ok = window_last(every, offset, t, &got);
	if (want < INT64_MIN)
		return ok;
	return !ok || got != (int64_t)want || got > t ||
	    (i128)t - got >= every;
}

static void
test_random(void)
{
	int64_t every, offset, t;
	int i, bad = 0;

	srand48(1);
	for (i = 0; i < 200000; i++) {
		every = (mrand48() & 0x7fffffff) + 1;
		every <<= lrand48() % 25;
		offset = (int64_t)((double)every * drand48());
		offset = offset >= every ? 0 : offset;
		t = (int64_t)(((uint64_t)mrand48() << 32) ^
		    (uint64_t)mrand48());
		t >>= lrand48() % 50;
		if (i % 100 == 0)
			t = INT64_MIN + (lrand48() % 100);
		if (i % 100 == 1)
			t = INT64_MAX - (lrand48() % 100);
		if (i % 3 == 0)
			t = t / every * every + lrand48() % 3 - 1;
		bad += wrong(every, offset, t);
	}
	T_INT(bad, 0);
}

int
main(void)
{
	int64_t start, due;

	T(window_last(60, 0, 0, &start) && start == 0);
	T(window_last(60, 0, 59, &start) && start == 0);
	T(window_last(60, 0, 60, &start) && start == 60);
	T(window_last(60, 0, -1, &start) && start == -60);
	T(window_last(60, 0, -60, &start) && start == -60);
	T(window_last(60, 0, -61, &start) && start == -120);
	T(window_last(60, 15, 14, &start) && start == -45);
	T(window_last(60, 15, 15, &start) && start == 15);
	T(!window_last(1000, 999, INT64_MIN, &start));
	T_INT(window_offset(-1, 60), 59);
	T_INT(window_offset(125, 60), 5);
	T_INT(window_offset(-120, 60), 0);
	T(window_due(10, 5, 3, &due) && due == 18);
	T(!window_due(INT64_MAX - 5, 6, 0, &due));
	T(!window_due(INT64_MAX - 5, 5, 1, &due));
	test_random();
	return t_done();
}
