/* SPDX-License-Identifier: MIT
 *
 * The rules of event time: DECISIONS 15, one by one.
 */
#include "t.h"

#include "run/watermark.h"

#define S INT64_C(1000000)
#define NEVER INT64_MIN

static const struct weir__watermark five = {
	.on = true, .delay = 5 * S, .idle = 30 * S, .max_ahead = 3600 * S
};
static const struct weir__watermark patient = {
	.on = true, .delay = 5 * S, .idle = 0, .max_ahead = 3600 * S
};

static int64_t
advance2(struct weir__wm *wm, int64_t end0, int64_t end1, int64_t now)
{
	struct weir__wm_view v[] = { { 0, 0, false, end0 },
		{ 0, 1, false, end1 } };

	return weir__wm_advance(wm, v, 2, false, now);
}

static void
test_minimum(void)
{
	struct weir__wm *wm = weir__wm_new(&five);

	T_INT(advance2(wm, NEVER, NEVER, 0), INT64_MIN);
	*weir__wm_max(wm, 0, 0) = 100 * S;
	/* partition 1 has had no rows: it holds the stream */
	T_INT(advance2(wm, NEVER, NEVER, S), INT64_MIN);
	*weir__wm_max(wm, 0, 1) = 50 * S;
	T_INT(advance2(wm, NEVER, NEVER, S), 45 * S);
	*weir__wm_max(wm, 0, 1) = 200 * S;
	T_INT(advance2(wm, NEVER, NEVER, S), 95 * S);
	weir__wm_free(wm);
}

static void
test_idle(void)
{
	struct weir__wm *wm = weir__wm_new(&five);

	*weir__wm_max(wm, 0, 0) = 100 * S;
	/* partition 1 at its end since 10 s: idle at 40 s */
	T_INT(advance2(wm, NEVER, 10 * S, 39 * S), INT64_MIN);
	T_INT(advance2(wm, NEVER, 10 * S, 40 * S), 95 * S);
	/* it has older rows: the stream does not go back */
	*weir__wm_max(wm, 0, 1) = 20 * S;
	T_INT(advance2(wm, NEVER, NEVER, 41 * S), 95 * S);
	*weir__wm_max(wm, 0, 1) = 99 * S;
	*weir__wm_max(wm, 0, 0) = 120 * S;
	T_INT(advance2(wm, NEVER, NEVER, 42 * S), 95 * S);
	weir__wm_free(wm);
}

static void
test_all_idle(void)
{
	struct weir__wm *wm = weir__wm_new(&five);

	*weir__wm_max(wm, 0, 0) = 100 * S;
	*weir__wm_max(wm, 0, 1) = 130 * S;
	/* 1 becomes idle last, at 50 s; nobody looked since 100 s came */
	T_INT(advance2(wm, 10 * S, 20 * S, 50 * S), 125 * S);
	T_INT(advance2(wm, 10 * S, 20 * S, 57 * S), 132 * S);
	T_INT(advance2(wm, 10 * S, 20 * S, 60 * S), 135 * S);
	/* rows again, behind the clock */
	*weir__wm_max(wm, 0, 0) = 131 * S;
	T_INT(advance2(wm, NEVER, 20 * S, 61 * S), 135 * S);
	*weir__wm_max(wm, 0, 0) = 150 * S;
	T_INT(advance2(wm, NEVER, 20 * S, 62 * S), 145 * S);
	/* idle anew from 100 s on */
	T_INT(advance2(wm, 70 * S, 20 * S, 104 * S), 149 * S);
	weir__wm_free(wm);

	/* no rows at all: nothing to go on from */
	wm = weir__wm_new(&five);
	T_INT(advance2(wm, 0, 0, 1000 * S), INT64_MIN);
	weir__wm_free(wm);

	/* idle 0s: never */
	wm = weir__wm_new(&patient);
	*weir__wm_max(wm, 0, 0) = 100 * S;
	T_INT(advance2(wm, 0, 0, 100000 * S), INT64_MIN);
	weir__wm_free(wm);
}

static void
test_finished(void)
{
	struct weir__wm *wm = weir__wm_new(&five);
	struct weir__wm_view v[] = { { 0, 0, true, NEVER },
		{ 1, 0, false, NEVER } };

	*weir__wm_max(wm, 0, 0) = 100 * S;
	T_INT(weir__wm_advance(wm, v, 2, false, 0), INT64_MIN);
	*weir__wm_max(wm, 1, 0) = 300 * S;
	T_INT(weir__wm_advance(wm, v, 2, true, 0), INT64_MIN);
	T_INT(weir__wm_advance(wm, v, 2, false, 0), 295 * S);
	/* finished ones do not outvote an idle one */
	v[1].end_since = 0;
	T_INT(weir__wm_advance(wm, v, 2, false, 31 * S), 296 * S);
	v[1].finished = true;
	T_INT(weir__wm_advance(wm, v, 2, false, 31 * S), INT64_MAX);
	weir__wm_free(wm);
}

static void
test_edges(void)
{
	T_INT(weir__wm_less(INT64_MIN, 5), INT64_MIN);
	T_INT(weir__wm_less(INT64_MAX, 5), INT64_MAX);
	T_INT(weir__wm_less(INT64_MIN + 3, 5), INT64_MIN + 1);
	T_INT(weir__wm_less(INT64_MAX - 3, -5), INT64_MAX - 1);
	T_INT(weir__wm_less(-10, 5), -15);
}

int
main(void)
{
	test_minimum();
	test_idle();
	test_all_idle();
	test_finished();
	test_edges();
	return t_done();
}
