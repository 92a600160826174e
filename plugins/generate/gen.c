/* SPDX-License-Identifier: MIT
 *
 * Pace and event time of the generators, and the options for them.
 */
#include <time.h>

#include "gen.h"

#define GEN_NAP 50000	 /* microseconds, the longest sleep in one piece */
#define GEN_PORTION 0.02 /* seconds' worth of rows to wait for */

static int64_t
gen_mono(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- binding */

static int
gen_bind_time(struct weir_bind *bi, struct gen_config *cf, struct weir_err *err)
{
	if (cf->speed == 1.0 || cf->start != INT64_MIN)
		return WEIR_OK;
	if (cf->rate == 0)
		return weir_option_fail(bi, "speed", err, "generate.speed",
		    "without a rate there is no clock to be faster than; give "
		    "rate, or step: the event time from row to row");
	if (cf->count == INT64_MAX)
		return weir_option_fail(bi, "speed", err, "generate.speed",
		    "event time that runs faster than the clock needs an end: "
		    "count or lasts; or give start");
	return WEIR_OK;
}

int
gen_bind_common(struct weir_bind *bi, struct gen_config *cf, unsigned start_no,
    struct weir_err *err)
{
	if (cf->count == 0)
		cf->count = INT64_MAX;
	if (cf->speed == 0) /* a generator without that option */
		cf->speed = 1;
	if ((cf->head.set & UINT64_C(1) << start_no) == 0)
		cf->start = INT64_MIN;
	if (cf->lasts > 0) {
		double n = cf->rate * (double)cf->lasts / 1e6;

		if (cf->rate == 0)
			return weir_option_fail(bi, "lasts", err,
			    "generate.lasts", "lasts needs a rate");
		if (n < (double)cf->count)
			cf->count = n < 1 ? 1 : (int64_t)n;
	}
	return gen_bind_time(bi, cf, err);
}

/* ---- event time */

/* Without `start`, the last row's time is about the clock's when it is made;
 * where there is no last row, the first one's is. */
static void
gen_set_base(const struct gen_config *cf, struct gen_state *gs, int64_t now)
{
	double count = (double)cf->count;

	gs->step = cf->step > 0 ? (double)cf->step :
	    cf->rate > 0 ? cf->speed * 1e6 / cf->rate : 1000;
	if (cf->start != INT64_MIN)
		gs->base = cf->start;
	else if (cf->count == INT64_MAX)
		gs->base = now - (int64_t)((double)gs->next * gs->step);
	else if (cf->rate > 0)
		gs->base = now + (int64_t)((count - (double)gs->next) * 1e6 /
		    cf->rate) - (int64_t)(count * gs->step);
	else
		gs->base = now - (int64_t)(count * gs->step);
}

int64_t
gen_time(const struct gen_state *gs, int64_t i)
{
	return gs->base + (int64_t)((double)i * gs->step);
}

/* ---- the source */

static int
gen_report(struct weir_stage *st)
{
	const struct gen_config *cf = st->config;
	struct gen_state *gs = st->state;

	return weir_position(st, 0, gs->next, gs->next >= cf->count
	    ? WEIR_PART_FINISHED : WEIR_PART_READING);
}

static int
gen_open(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	const struct gen_config *cf = st->config;
	struct gen_state *gs = st->state;
	const struct weir_position *last = NULL;
	size_t i;

	gs->next = 0;
	for (i = 0; i < n; i++)
		if (at[i].partition == 0) {
			gs->next = at[i].next;
			last = &at[i];
		}
	gs->began = gen_mono();
	gs->from = gs->next;
	gen_set_base(cf, gs, weir_clock(st));
	/* event time goes on as it began, not from when this run does */
	if (last != NULL && cf->start == INT64_MIN &&
	    last->note_len == sizeof gs->base)
		memcpy(&gs->base, last->note, sizeof gs->base);
	if (weir_partition(st, 0, "0") != WEIR_OK ||
	    weir_position_note(st, 0, &gs->base, sizeof gs->base) != WEIR_OK ||
	    gen_report(st) != WEIR_OK)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	return WEIR_OK;
}

/* How many rows the rate allows by now, at most a second's worth and `max`. */
static int64_t
gen_allowed(const struct gen_config *cf, struct gen_state *gs, int64_t max)
{
	double due;
	int64_t now, n;

	if (cf->rate == 0)
		return max;
	now = gen_mono();
	due = (double)(now - gs->began) * cf->rate / 1e6 -
	    (double)(gs->next - gs->from);
	if (due > cf->rate + 1) {
		gs->began = now - 1000000;
		gs->from = gs->next;
		due = cf->rate;
	}
	n = due < 0 ? 0 : (int64_t)due;
	return n < max ? n : max;
}

/* As above, after waiting for a fair portion of them. */
static int64_t
gen_await(struct weir_stage *st, int64_t max, int64_t wait_us)
{
	const struct gen_config *cf = st->config;
	struct gen_state *gs = st->state;
	int64_t end, left, n, portion = (int64_t)(cf->rate * GEN_PORTION) + 1;
	struct timespec ts = { 0, 0 };

	if (portion > max)
		portion = max;
	end = gen_mono() + wait_us;
	while ((n = gen_allowed(cf, gs, max)) < portion) {
		left = end - gen_mono();
		if (left <= 0 || weir_stopping(st))
			break;
		if (left > GEN_NAP)
			left = GEN_NAP;
		if ((double)left > (double)(portion - n) / cf->rate * 1e6)
			left = (int64_t)((double)(portion - n) / cf->rate *
			    1e6) + 1;
		ts.tv_nsec = left * 1000;
		nanosleep(&ts, NULL);
	}
	return n;
}

static int
gen_send(struct weir_stage *st, uint32_t n, struct weir_err *err)
{
	const struct gen_config *cf = st->config;
	struct gen_state *gs = st->state;
	struct weir_batch *b = weir_batch_new(st, 0, n);
	int64_t *at = NULL;
	uint32_t i;

	if (b != NULL)
		at = weir_batch_alloc(st, b, n * sizeof *at);
	memset(&gs->block, 0, sizeof gs->block);
	if (at == NULL || cf->fill(st, b, gs->next, n) != WEIR_OK) {
		if (b != NULL)
			weir_batch_unref(st, b);
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	}
	for (i = 0; i < n; i++)
		at[i] = gs->next + i;
	b->nrows = n;
	b->partition = 0;
	b->positions = at;
	gs->next += n;
	if (weir_emit(st, 0, b, err) != WEIR_OK)
		return WEIR_ERROR;
	return gen_report(st);
}

static int
gen_poll(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
    struct weir_err *err)
{
	const struct gen_config *cf = st->config;
	struct gen_state *gs = st->state;
	int64_t n = cf->count - gs->next;

	if (n <= 0)
		return WEIR_END;
	if (n > (int64_t)max_rows)
		n = max_rows;
	if (n > (int64_t)WEIR_BATCH_ROWS)
		n = WEIR_BATCH_ROWS;
	n = gen_await(st, n, wait_us);
	if (n == 0)
		return WEIR_AGAIN;
	return gen_send(st, (uint32_t)n, err);
}

const struct weir_source_ops gen_source = {
	.size = sizeof(struct weir_source_ops),
	.open = gen_open,
	.poll = gen_poll,
};

/* ---- options */

const struct weir_option gen_opt_rate = {
	.size = sizeof(struct weir_option),
	.name = "rate",
	.type = WEIR_OPT_FLOAT,
	.offset = offsetof(struct gen_config, rate),
	.def = "0",
	.unit = "rows a second",
	.min = 0,
	.max = 1e9,
	.help = "How many rows are made in a second.  0: as many as are taken.",
};

const struct weir_option gen_opt_count = {
	.size = sizeof(struct weir_option),
	.name = "count",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct gen_config, count),
	.def = "0",
	.unit = "rows",
	.min = 0,
	.max = 9e15,
	.help = "How many rows are made in all.  0: there is no end.",
};

const struct weir_option gen_opt_lasts = {
	.size = sizeof(struct weir_option),
	.name = "lasts",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct gen_config, lasts),
	.def = "0s",
	.min = 0,
	.max = 3660.0 * 86400e6,
	.help = "How long rows are made, in place of a count.  Needs a rate.",
};

const struct weir_option gen_opt_seed = {
	.size = sizeof(struct weir_option),
	.name = "seed",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct gen_config, seed),
	.def = "1",
	.help = "The same seed makes the same rows.",
};

const struct weir_option gen_opt_start = {
	.size = sizeof(struct weir_option),
	.name = "start",
	.type = WEIR_OPT_TIMESTAMP,
	.offset = offsetof(struct gen_config, start),
	.help = "The event time of the first row.  By default the last row's "
		"is that of the clock when it is made or, where there is no "
		"last row, the first one's is.",
};

const struct weir_option gen_opt_speed = {
	.size = sizeof(struct weir_option),
	.name = "speed",
	.type = WEIR_OPT_FLOAT,
	.offset = offsetof(struct gen_config, speed),
	.def = "1",
	.min = 0.001,
	.max = 1e6,
	.help = "How many seconds of event time go by in one second.",
};

const struct weir_option gen_opt_step = {
	.size = sizeof(struct weir_option),
	.name = "step",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct gen_config, step),
	.def = "0s",
	.min = 0,
	.max = 3660.0 * 86400e6,
	.help = "The event time from one row to the next, in place of speed.  "
		"By default it follows from rate and speed, and is 1ms where "
		"there is no rate.",
};

const struct weir_option gen_opt_jitter = {
	.size = sizeof(struct weir_option),
	.name = "jitter",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct gen_config, jitter),
	.def = "20s",
	.min = 0,
	.max = 366.0 * 86400e6,
	.help = "Event times are out of order by up to so much.",
};
