/* SPDX-License-Identifier: MIT
 *
 * A source's second thread, for calls that wait for a broker: it asks where
 * partitions end, whether there are new ones, and whether a lost broker is
 * back; and it wakes librdkafka's fetcher.
 *
 * The last is for librdkafka before 2.2: when its queue is full, the thread
 * that fetches sleeps a whole second, however soon there is room again.  Any
 * request to the same broker wakes it; this one asks for end offsets.  Without
 * it a reader with a queue of 8 MiB takes 25 s for what it can do in 1.5 s.
 */
#include <errno.h>
#include <time.h>

#include "source.h"

enum {
	LOOK_MS = 5000,	    /* between looks at the ends */
	LOST_MS = 500,	    /* likewise, while no broker answers */
	CALL_MS = 2000,	    /* no call waits longer */
};

static struct timespec
in_ms(int ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

/* All partitions, each with `offset` as what is asked; NULL: out of memory. */
static rd_kafka_topic_partition_list_t *
list_all(const struct watch *wa, int n, int64_t offset)
{
	rd_kafka_topic_partition_list_t *l;

	l = rd_kafka_topic_partition_list_new(n);
	for (int i = 0; l != NULL && i < n; i++)
		rd_kafka_topic_partition_list_add(l, wa->cl->topic, i)->offset =
		    offset;
	return l;
}

/* Ask for all offsets of one kind; into `to`, under the lock. */
static int
ask(struct watch *wa, int n, int64_t offset, int64_t *to, struct weir_err *err)
{
	rd_kafka_topic_partition_list_t *l = list_all(wa, n, offset);
	int rc;

	if (l == NULL)
		return WEIR_AGAIN;
	rc = kafka_client_offsets(wa->cl, l, CALL_MS, err);
	if (rc == WEIR_OK) {
		pthread_mutex_lock(&wa->lock);
		for (int i = 0; i < l->cnt; i++)
			if (l->elems[i].partition < wa->room)
				to[l->elems[i].partition] = l->elems[i].offset;
		pthread_mutex_unlock(&wa->lock);
	}
	rd_kafka_topic_partition_list_destroy(l);
	return rc;
}

/* More partitions than there were: room for what is known of them. */
static int
grow(struct watch *wa, int n)
{
	const struct weir_host *host = wa->cl->host;
	int64_t *first, *end;

	if (n <= wa->room)
		return WEIR_OK;
	first = host->realloc(wa->first, (size_t)n * sizeof(*first));
	if (first != NULL)
		wa->first = first;
	end = host->realloc(wa->end, (size_t)n * sizeof(*end));
	if (end != NULL)
		wa->end = end;
	if (first == NULL || end == NULL)
		return WEIR_ERROR;
	for (int i = wa->room; i < n; i++)
		first[i] = end[i] = -1;
	wa->room = n;
	return WEIR_OK;
}

/* One look at the topic.  Only answers count: what is not answered is tried
 * again at the next look. */
static void
look(struct watch *wa, bool partitions, bool first)
{
	struct weir_err err = { .code = "" };
	struct topic_id id = wa->id;
	unsigned mark;
	int rc, n = wa->nparts;

	pthread_mutex_lock(&wa->lock);
	mark = wa->mark;
	pthread_mutex_unlock(&wa->lock);
	rc = ask(wa, n, RD_KAFKA_OFFSET_END, wa->end, &err);
	if (rc == WEIR_AGAIN && strcmp(err.code, "kafka.down") == 0)
		kafka_client_silent(wa->cl);
	if (rc != WEIR_OK)
		return;
	kafka_client_answered(wa->cl);
	if (partitions)
		kafka_topic_id(wa->cl, &id, CALL_MS);
	if (partitions && kafka_client_partitions(wa->cl, &n, CALL_MS, NULL) ==
	    WEIR_OK && n > wa->nparts) {
		pthread_mutex_lock(&wa->lock);
		rc = grow(wa, n);
		pthread_mutex_unlock(&wa->lock);
		first = rc == WEIR_OK;
		n = first ? n : wa->nparts;
	} else
		n = wa->nparts;
	if (first && ask(wa, n, RD_KAFKA_OFFSET_BEGINNING, wa->first, &err) !=
	    WEIR_OK)
		return;
	pthread_mutex_lock(&wa->lock);
	wa->nparts = n;
	wa->id = id;
	wa->asked = mark;
	wa->want_first = wa->want_first && !first;
	wa->version++;
	pthread_mutex_unlock(&wa->lock);
}

static void
wake_fetcher(struct watch *wa)
{
	rd_kafka_topic_partition_list_t *l;

	l = list_all(wa, wa->nparts, RD_KAFKA_OFFSET_END);
	if (l == NULL)
		return;
	(void)kafka_client_offsets(wa->cl, l, CALL_MS, NULL);
	rd_kafka_topic_partition_list_destroy(l);
}

/* Sleep until there is something to do; false: the end. */
static bool
sleep_until(struct watch *wa, int64_t when, bool *wake, bool *first)
{
	struct timespec at;
	int64_t left;
	bool stop;

	pthread_mutex_lock(&wa->lock);
	while (!wa->stop && !wa->wake && !wa->want_first &&
	    (left = when - kafka_clock()) > 0) {
		if (left > LOST_MS * 1000 && kafka_client_lost(wa->cl))
			break;
		at = in_ms(left > LOST_MS * 1000 ? LOST_MS :
		    (int)(left / 1000) + 1);
		pthread_cond_timedwait(&wa->cond, &wa->lock, &at);
	}
	stop = wa->stop;
	*wake = wa->wake;
	*first = wa->want_first;
	wa->wake = false;
	pthread_mutex_unlock(&wa->lock);
	return !stop;
}

static void *
watch_main(void *arg)
{
	struct watch *wa = arg;
	int64_t next_look = kafka_clock() + LOOK_MS * 1000;
	int64_t next_parts = kafka_clock() + wa->cf->refresh;
	bool wake, first, partitions, lost = false;

	while (sleep_until(wa, next_look, &wake, &first)) {
		if (wake)
			wake_fetcher(wa);
		if (!first && kafka_clock() < next_look &&
		    (lost || !kafka_client_lost(wa->cl)))
			continue;
		partitions = kafka_clock() >= next_parts;
		look(wa, partitions, first);
		lost = kafka_client_lost(wa->cl);
		next_look = kafka_clock() + (lost ? LOST_MS : LOOK_MS) * 1000;
		if (partitions && !lost)
			next_parts = kafka_clock() + wa->cf->refresh;
	}
	return NULL;
}

int
kafka_watch_start(struct watch *wa, struct kafka_client *cl,
    const struct read_config *cf, int nparts, struct weir_err *err)
{
	pthread_condattr_t at;

	wa->cl = cl;
	wa->cf = cf;
	wa->nparts = nparts;
	if (grow(wa, nparts) != WEIR_OK || pthread_condattr_init(&at) != 0)
		return cl->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	pthread_condattr_setclock(&at, CLOCK_MONOTONIC);
	wa->has_lock = pthread_mutex_init(&wa->lock, NULL) == 0;
	wa->has_cond = pthread_cond_init(&wa->cond, &at) == 0;
	pthread_condattr_destroy(&at);
	cl->watched = true;
	wa->running = wa->has_lock && wa->has_cond &&
	    pthread_create(&wa->thread, NULL, watch_main, wa) == 0;
	if (!wa->running)
		return cl->host->fail(err, WEIR_NOWHERE, "kafka.thread",
		    "no thread can be started");
	return WEIR_OK;
}

void
kafka_watch_stop(struct watch *wa)
{
	if (wa->running) {
		pthread_mutex_lock(&wa->lock);
		wa->stop = true;
		pthread_cond_signal(&wa->cond);
		pthread_mutex_unlock(&wa->lock);
		pthread_join(wa->thread, NULL);
	}
	if (wa->has_cond)
		pthread_cond_destroy(&wa->cond);
	if (wa->has_lock)
		pthread_mutex_destroy(&wa->lock);
	if (wa->cl != NULL) {
		wa->cl->host->free(wa->first);
		wa->cl->host->free(wa->end);
	}
	memset(wa, 0, sizeof(*wa));
}

void
kafka_watch_wake(struct watch *wa)
{
	pthread_mutex_lock(&wa->lock);
	wa->wake = true;
	pthread_cond_signal(&wa->cond);
	pthread_mutex_unlock(&wa->lock);
}

void
kafka_watch_want_first(struct watch *wa)
{
	pthread_mutex_lock(&wa->lock);
	wa->want_first = true;
	pthread_cond_signal(&wa->cond);
	pthread_mutex_unlock(&wa->lock);
}
