/* SPDX-License-Identifier: MIT
 *
 * throttle: no more rows a second than so many.
 */
#include <time.h>

#include "core.h"

#define THROTTLE_TICKS 20  /* portions a second */
#define THROTTLE_NAP 50000 /* microseconds, the longest sleep in one piece */

struct throttle_config {
	struct weir_config head;
	double rate;
};

struct throttle_state {
	double next; /* when the next row may go, seconds of the monotonic
		      * clock; 0 before the first */
	uint32_t rows[WEIR_BATCH_ROWS];
};

static double
throttle_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Sleep until `at` or until the run is to end. */
static void
throttle_sleep(const struct weir_stage *st, double at)
{
	struct timespec ts = { 0, 0 };
	double left;

	while ((left = at - throttle_clock()) > 0 && !weir_stopping(st)) {
		if (left > THROTTLE_NAP / 1e6)
			left = THROTTLE_NAP / 1e6;
		ts.tv_nsec = (long)(left * 1e9);
		nanosleep(&ts, NULL);
	}
}

static int
throttle_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	(void)config;
	return core_pass_all(bi, err);
}

static int
throttle_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	const struct throttle_config *cf = st->config;
	struct throttle_state *ts = st->state;
	struct weir_batch *out;
	uint32_t at = 0, i, n, portion;
	double now;

	(void)input;
	portion = cf->rate / THROTTLE_TICKS >= WEIR_BATCH_ROWS
	    ? WEIR_BATCH_ROWS
	    : (uint32_t)(cf->rate / THROTTLE_TICKS) + 1;
	while (at < b->nrows) {
		n = b->nrows - at < portion ? b->nrows - at : portion;
		throttle_sleep(st, ts->next);
		now = throttle_clock();
		/* Time without rows is not saved up beyond a tick. */
		if (ts->next < now - 1.0 / THROTTLE_TICKS)
			ts->next = now - 1.0 / THROTTLE_TICKS;
		ts->next += n / cf->rate;
		for (i = 0; i < n; i++)
			ts->rows[i] = at + i;
		out = weir_batch_derive(st, 0, b, ts->rows, n);
		if (out == NULL)
			return core_no_memory(st->host, err);
		if (weir_emit(st, 0, out, err) != WEIR_OK)
			return WEIR_ERROR;
		at += n;
	}
	return WEIR_OK;
}

static const struct weir_option throttle_rate = {
	.size = sizeof(struct weir_option),
	.name = "rate",
	.type = WEIR_OPT_FLOAT,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct throttle_config, rate),
	.unit = "rows a second",
	.min = 0.001,
	.max = 1e9,
	.help = "The most rows a second, for each worker.",
};

static const struct weir_option *const throttle_options[] = {
	&throttle_rate,
	NULL,
};

const struct weir_stage_type core_throttle = {
	.size = sizeof(struct weir_stage_type),
	.verb = "throttle",
	.summary = "let rows pass no faster than at a given rate",
	.help = "It makes its worker wait, and so the sources of that worker: "
		"no row is dropped and none is kept.  When the run is to end, "
		"what is left of a batch passes at once.",
	.example = "generate.sequence(to: 20) -> throttle(10) -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = throttle_options,
	.config_size = sizeof(struct throttle_config),
	.state_size = sizeof(struct throttle_state),
	.bind = throttle_bind,
	.process = throttle_process,
};
