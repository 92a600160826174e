/* SPDX-License-Identifier: MIT
 *
 * The plugin generate: order, ends, determinism, pace, and what is bad.
 */
#include <jansson.h>
#include <time.h>

#include "stage.h"
#include "t.h"

static int64_t at_next;
static char at_note[WEIR_NOTE_MAX];
static size_t at_note_len;
static enum weir_partition_state at_state;

static int
fake_partition(struct weir_stage *st, int32_t partition, const char *name)
{
	(void)st;
	(void)name;
	return partition == 0 ? WEIR_OK : WEIR_ERROR;
}

static int
fake_position(struct weir_stage *st, int32_t partition, int64_t next,
    enum weir_partition_state state)
{
	(void)st;
	(void)partition;
	at_next = next;
	at_state = state;
	return WEIR_OK;
}

static int
fake_note(struct weir_stage *st, int32_t partition, const void *p, size_t n)
{
	(void)st;
	(void)partition;
	memcpy(at_note, p, n);
	at_note_len = n;
	return WEIR_OK;
}

static struct ts *
source(const char *verb)
{
	struct ts *ts = ts_new(ts_plugin("generate"), verb, "");

	ts->host.partition = fake_partition;
	ts->host.position = fake_position;
	ts->host.position_note = fake_note;
	return ts;
}

static int
open_at(struct ts *ts, int64_t next)
{
	struct weir_position at = { .partition = 0, .next = next,
		.note = at_note, .note_len = at_note_len };
	struct weir_err err;

	if (ts_bind(ts, &err) != WEIR_OK || ts_init(ts, &err) != WEIR_OK)
		return WEIR_ERROR;
	return ts->type->source->open(&ts->stage.st, &at, next > 0, &err);
}

static int
poll_all(struct ts *ts, uint32_t max_rows, uint32_t times)
{
	struct weir_err err;
	int rc = WEIR_OK;

	while (times-- > 0 && rc != WEIR_END && rc != WEIR_ERROR)
		rc = ts->type->source->poll(&ts->stage.st, max_rows, 100000,
		    &err);
	return rc;
}

static void
test_sequence(void)
{
	struct ts *ts = source("sequence");

	ts_opt(ts, "from", "-1");
	ts_opt(ts, "to", "3");
	T_INT(open_at(ts, 0), WEIR_OK);
	T_INT(poll_all(ts, 2, 9), WEIR_END);
	T_STR(ts_dump(ts),
	    "{\"n\":-1}\n{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	T_INT(ts->nbatches, 3);
	T_INT(ts->batches[1]->positions[0], 2);
	T_INT(at_next, 5);
	T_INT(at_state, WEIR_PART_FINISHED);
	T_INT(ts_free(ts), 0);

	ts = source("sequence");
	ts_opt(ts, "count", "4");
	ts_opt(ts, "start", "1767225600000000");
	ts_opt(ts, "step", "60000000");
	T_INT(open_at(ts, 2), WEIR_OK);
	T_INT(poll_all(ts, 4096, 9), WEIR_END);
	T_STR(ts_dump(ts),
	    "{\"n\":3,\"at\":\"2026-01-01T00:02:00Z\"}\n"
	    "{\"n\":4,\"at\":\"2026-01-01T00:03:00Z\"}\n");
	T_INT(ts_free(ts), 0);
}

static void
test_refusals(void)
{
	struct ts *ts = source("sequence");
	struct weir_err err;

	ts_opt(ts, "from", "4");
	ts_opt(ts, "to", "3");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "generate.range");
	ts_free(ts);

	ts = source("transactions");
	ts_opt(ts, "speed", "30");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "generate.speed");
	ts_free(ts);

	ts = source("transactions");
	ts_opt(ts, "bad", "0.7");
	ts_opt(ts, "late", "0.7");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "generate.shares");
	ts_free(ts);

	ts = source("payments");
	ts_opt(ts, "lasts", "1000000");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "generate.lasts");
	ts_free(ts);
}

static struct ts *
transactions(int64_t next, const char *seed)
{
	struct ts *ts = source("transactions");

	ts_opt(ts, "count", "20000");
	ts_opt(ts, "seed", seed);
	ts_opt(ts, "start", "1767225600000000");
	ts_opt(ts, "bad", "0.1");
	ts_opt(ts, "incomplete", "0.05");
	T_INT(open_at(ts, next), WEIR_OK);
	return ts;
}

/* Is the event whole: JSON, an object, its two fields and an amount there? */
static bool
whole(const struct weir_str *s, bool *json)
{
	json_t *doc = json_loadb(weir_str_data(s), s->len, 0, NULL);
	struct tm tm = { 0 };
	bool ok;

	*json = doc != NULL;
	ok = json_is_string(json_object_get(doc, "txn_id")) &&
	    json_is_string(json_object_get(doc, "event_ts")) &&
	    json_is_number(json_object_get(doc, "amount")) &&
	    strptime(json_string_value(json_object_get(doc, "event_ts")),
		"%Y-%m-%dT%H:%M:%S.", &tm) != NULL;
	ok = ok && json_object_size(doc) == 13;
	json_decref(doc);
	return ok;
}

static void
test_transactions(void)
{
	struct ts *ts = transactions(0, "7"), *again = transactions(4096, "7"),
		  *other = transactions(0, "8");
	uint32_t good = 0, json = 0, i, k;
	bool is_json;

	T_INT(poll_all(ts, 4096, 99), WEIR_END);
	T_INT(poll_all(again, 4096, 1), WEIR_OK);
	T_INT(poll_all(other, 4096, 1), WEIR_OK);
	for (k = 0; k < ts->nbatches; k++)
		for (i = 0; i < ts->batches[k]->nrows; i++) {
			good += whole(&ts->batches[k]->cols[1].u.str[i],
			    &is_json);
			json += is_json;
		}
	T(good > 16700 && good < 17300);
	T(json > 18400 && json < 19200);
	for (i = 0, k = 0; i < 4096; i++)
		k += weir_str_eq(&ts->batches[1]->cols[1].u.str[i],
		    &again->batches[0]->cols[1].u.str[i]);
	T_INT(k, 4096);
	for (i = 0, k = 0; i < 4096; i++)
		k += weir_str_eq(&ts->batches[0]->cols[1].u.str[i],
		    &other->batches[0]->cols[1].u.str[i]);
	T(k < 100);
	T_INT(ts_free(ts), 0);
	T_INT(ts_free(again), 0);
	T_INT(ts_free(other), 0);
}

/* Without a start, event time goes on as it began, however long it was away. */
static void
test_base(const char *rate, const char *count)
{
	struct ts *ts = source("payments"), *again = source("payments");
	uint32_t i, bad = 0;

	ts->clock = INT64_C(1767225600000000);
	again->clock = ts->clock + INT64_C(86400000000);
	ts_opt(ts, "count", count);
	ts_opt(ts, "rate", rate);
	ts_opt(again, "count", count);
	ts_opt(again, "rate", rate);
	at_note_len = 0;
	T_INT(open_at(ts, 0), WEIR_OK);
	T_INT(poll_all(ts, 60, 1), WEIR_OK);
	T_INT(open_at(again, 10), WEIR_OK);
	T_INT(poll_all(again, 50, 1), WEIR_OK);
	T(ts->batches[0]->nrows == 60 && again->batches[0]->nrows == 50);
	for (i = 0; i < 50; i++)
		bad += ts->batches[0]->cols[3].u.i64[10 + i] !=
		    again->batches[0]->cols[3].u.i64[i];
	T_INT(bad, 0);
	at_note_len = 0;
	T_INT(ts_free(ts), 0);
	T_INT(ts_free(again), 0);
}

static void
test_pace(void)
{
	struct ts *ts = source("payments");
	struct timespec a, b;
	double took;

	ts_opt(ts, "count", "1000");
	ts_opt(ts, "rate", "5000");
	clock_gettime(CLOCK_MONOTONIC, &a);
	T_INT(open_at(ts, 0), WEIR_OK);
	T_INT(poll_all(ts, 4096, 60), WEIR_END);
	clock_gettime(CLOCK_MONOTONIC, &b);
	took = (double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	T(took > 0.15 && took < 2);
	T(ts->nbatches < 20);
	T_INT(ts_free(ts), 0);
}

static void
test_memory(void)
{
	struct weir_err err;
	uint64_t n;
	int rc = WEIR_ERROR;

	for (n = 1; rc != WEIR_END && n < 200; n++) {
		struct ts *ts = source("payments");

		ts_opt(ts, "count", "10");
		ts_opt(ts, "start", "0");
		if (open_at(ts, 0) != WEIR_OK)
			T(false);
		weir__alloc_fail_at(n, 0);
		rc = ts->type->source->poll(&ts->stage.st, 10, 0, &err);
		weir__alloc_fail_at(0, 0);
		if (rc == WEIR_OK)
			rc = WEIR_END;
		if (ts_free(ts) != 0)
			T(false);
	}
	T_INT(rc, WEIR_END);
	T(n > 2);
}

int
main(void)
{
	test_sequence();
	test_refusals();
	test_transactions();
	test_base("0", "0");
	test_base("0", "1000");
	test_base("100000", "0");
	test_base("100000", "1000");
	test_pace();
	test_memory();
	return t_done();
}
