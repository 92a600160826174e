/* SPDX-License-Identifier: MIT
 *
 * Waiting for what is down, twice as long each time, and said once a minute.
 */
#include <time.h>

#include "run/loop.h"

int64_t
weir__run_monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* What is down when the run is to end gets so long to come back. */
#define STOP_WAIT 3000000

/* Microseconds since the run was asked to end; 0: it was not. */
static int64_t
stopped_for(struct weir__run *ru)
{
	int64_t now = weir__run_monotonic(), none = 0;

	if (!atomic_load(&ru->stopping))
		return 0;
	atomic_compare_exchange_strong(&ru->stopped_at, &none, now);
	return now - atomic_load(&ru->stopped_at);
}

bool
weir__run_backoff(struct weir__run *ru, struct weir__backoff *bo,
    const char *stage, const struct weir_err *err)
{
	int64_t now = weir__run_monotonic(), until, left;
	struct timespec ts;

	if (bo->logged == 0 || now - bo->logged >= 60000000) {
		weir__log(&ru->log, WEIR_LOG_WARN, stage, "%s; %s",
		    err->text[0] != '\0' ? err->text : "not ready",
		    bo->logged == 0 ? "trying again until it is back" :
				      "still trying");
		bo->logged = now;
	}
	bo->tries++;
	bo->wait = bo->wait == 0 ? 100000 : bo->wait * 2;
	if (bo->wait > 10000000)
		bo->wait = 10000000;
	/* three quarters to five quarters, by the low bits of the clock */
	until = now + bo->wait * 3 / 4 + (now % 1000) * bo->wait / 2000;
	while ((left = until - weir__run_monotonic()) > 0 &&
	    !atomic_load(&ru->failed)) {
		if (stopped_for(ru) > STOP_WAIT)
			return false;
		left = left < WEIR__POLL_SLICE ? left : WEIR__POLL_SLICE;
		ts.tv_sec = 0;
		ts.tv_nsec = left * 1000;
		nanosleep(&ts, NULL);
	}
	return !atomic_load(&ru->failed);
}

void
weir__run_back(struct weir__run *ru, struct weir__backoff *bo,
    const char *stage)
{
	if (bo->tries != 0)
		weir__log(&ru->log, WEIR_LOG_INFO, stage,
		    "back after %u %s", bo->tries,
		    bo->tries == 1 ? "try" : "tries");
	memset(bo, 0, sizeof *bo);
}
