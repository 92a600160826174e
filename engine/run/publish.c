/* SPDX-License-Identifier: MIT
 *
 * Publishers: one thread a sink makes decided epochs visible, in order, beside
 * the epochs that come.
 */
#include "base/alloc.h"
#include "run/run.h"

/* Decisions that wait for one sink; beyond it the journal's thread waits, and
 * with it the next cut. */
#define QUEUE_MAX 16

struct weir__publisher {
	struct weir_publisher pub; /* what the plugin sees */
	struct weir__run *ru;
	const struct weir__node *nd;
	struct weir_fence fence;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct weir__decision *queue[QUEUE_MAX];
	unsigned head, n; /* queue[head] is the oldest */
	uint64_t confirmed;
	int opened; /* 0 not yet, 1 yes, -1 failed */
	bool stop;
};

struct weir__run *
weir__publisher_run(const struct weir_publisher *pb)
{
	return ((const struct weir__publisher *)(const void *)pb)->ru;
}

const struct weir_fence *
weir__publisher_fence(const struct weir__publisher *pb)
{
	return &pb->fence;
}

static void
fail(struct weir__publisher *pb, struct weir_err *err, const char *what)
{
	if (err->span.src == 0)
		err->span = pb->nd->span;
	if (err->text[0] == '\0')
		snprintf(err->text, sizeof err->text, "%s could not %s",
		    pb->nd->what, what);
	snprintf(err->stage, sizeof err->stage, "%s", pb->nd->id);
	weir__run_fail(pb->ru, err);
}

static int
open_sink(struct weir__publisher *pb)
{
	const struct weir_sink_ops *ops = pb->nd->type->sink;
	struct weir__backoff bo = { 0 };
	struct weir_err err;
	int rc;

	for (;;) {
		memset(&err, 0, sizeof err);
		rc = ops->open(&pb->pub, &pb->fence, &err);
		if (rc == WEIR_OK)
			break;
		if (rc == WEIR_AGAIN && !atomic_load(&pb->ru->stopping) &&
		    weir__run_backoff(pb->ru, &bo, pb->nd->id, &err))
			continue;
		fail(pb, &err, "open");
		return -1;
	}
	weir__run_back(pb->ru, &bo, pb->nd->id);
	return 0;
}

static int
publish(struct weir__publisher *pb, struct weir__decision *de)
{
	const struct weir_sink_ops *ops = pb->nd->type->sink;
	struct weir__backoff bo = { 0 };
	const struct weir_intent *intent = NULL;
	struct weir_err err;
	size_t i;
	int rc;

	for (i = 0; i < de->nsinks; i++)
		if (de->sinks[i].node == pb->nd)
			intent = &de->sinks[i].intent;
	for (;;) {
		memset(&err, 0, sizeof err);
		rc = ops->publish(&pb->pub, de->epoch, intent, 1, &err);
		if (rc == WEIR_OK)
			break;
		if (rc == WEIR_AGAIN &&
		    weir__run_backoff(pb->ru, &bo, pb->nd->id, &err))
			continue;
		fail(pb, &err, "publish an epoch");
		return -1;
	}
	weir__run_back(pb->ru, &bo, pb->nd->id);
	pthread_mutex_lock(&pb->lock);
	pb->confirmed = intent->held_from != 0 ? intent->held_from - 1 :
						 de->epoch;
	pthread_mutex_unlock(&pb->lock);
	return 0;
}

static void
work(struct weir__publisher *pb)
{
	struct weir__decision *de;

	pthread_mutex_lock(&pb->lock);
	for (;;) {
		while (pb->n == 0 && !pb->stop)
			pthread_cond_wait(&pb->change, &pb->lock);
		if (pb->n == 0)
			break;
		de = pb->queue[pb->head];
		pthread_mutex_unlock(&pb->lock);
		if (!atomic_load(&pb->ru->failed))
			publish(pb, de);
		pthread_mutex_lock(&pb->lock);
		pb->head = (pb->head + 1) % QUEUE_MAX;
		pb->n--;
		pthread_cond_broadcast(&pb->change);
		weir__decision_unref(de);
	}
	pthread_mutex_unlock(&pb->lock);
}

static void *
publisher_main(void *arg)
{
	struct weir__publisher *pb = arg;
	const struct weir_sink_ops *ops = pb->nd->type->sink;
	int opened = open_sink(pb) == 0 ? 1 : -1;

	pthread_mutex_lock(&pb->lock);
	pb->opened = opened;
	pthread_cond_broadcast(&pb->change);
	pthread_mutex_unlock(&pb->lock);
	if (opened > 0)
		work(pb);
	if (opened > 0 && atomic_load(&pb->ru->failed) && ops->abandon != NULL)
		ops->abandon(&pb->pub);
	if (ops->close != NULL)
		ops->close(&pb->pub);
	return NULL;
}

static int
start(struct weir__publisher *pb)
{
	if (pthread_create(&pb->thread, NULL, publisher_main, pb) != 0)
		return -1;
	pthread_mutex_lock(&pb->lock);
	while (pb->opened == 0)
		pthread_cond_wait(&pb->change, &pb->lock);
	pthread_mutex_unlock(&pb->lock);
	return 0;
}

struct weir__publisher *
weir__publisher_new(struct weir__run *ru, const struct weir__node *nd,
    struct weir_err *err)
{
	struct weir__publisher *pb = weir__zalloc(sizeof *pb);
	const struct weir_sink_ops *ops = nd->type->sink;

	if (pb == NULL)
		goto oom;
	pb->ru = ru;
	pb->nd = nd;
	pb->pub.host = &weir__host;
	pb->pub.config = nd->config;
	pb->pub.id = nd->id;
	pb->pub.state = weir__zalloc(ops->publisher_size);
	pb->fence = (struct weir_fence){
		.fence = ru->fence,
		.epoch = 0,
		.pipeline = ru->pipeline_id,
		.sink = nd->id,
		.append = ru->op.append,
		.fresh = true,
	};
	pthread_mutex_init(&pb->lock, NULL);
	pthread_cond_init(&pb->change, NULL);
	if (pb->pub.state == NULL || start(pb) != 0) {
		pthread_cond_destroy(&pb->change);
		pthread_mutex_destroy(&pb->lock);
		weir__free(pb->pub.state);
		weir__free(pb);
		goto oom;
	}
	return pb;
oom:
	weir_fail(err, nd->span, "memory", "out of memory or threads");
	return NULL;
}

int
weir__publisher_give(struct weir__publisher *pb, struct weir__decision *de)
{
	pthread_mutex_lock(&pb->lock);
	while (pb->n == QUEUE_MAX)
		pthread_cond_wait(&pb->change, &pb->lock);
	pb->queue[(pb->head + pb->n) % QUEUE_MAX] = de;
	pb->n++;
	pthread_cond_broadcast(&pb->change);
	pthread_mutex_unlock(&pb->lock);
	return 0;
}

int
weir__publisher_drain(struct weir__publisher *pb)
{
	pthread_mutex_lock(&pb->lock);
	while (pb->n != 0)
		pthread_cond_wait(&pb->change, &pb->lock);
	pthread_mutex_unlock(&pb->lock);
	return atomic_load(&pb->ru->failed) ? -1 : 0;
}

uint64_t
weir__publisher_confirmed(struct weir__publisher *pb)
{
	uint64_t epoch;

	pthread_mutex_lock(&pb->lock);
	epoch = pb->confirmed;
	pthread_mutex_unlock(&pb->lock);
	return epoch;
}

void
weir__publisher_free(struct weir__publisher *pb)
{
	if (pb == NULL)
		return;
	pthread_mutex_lock(&pb->lock);
	pb->stop = true;
	pthread_cond_broadcast(&pb->change);
	pthread_mutex_unlock(&pb->lock);
	pthread_join(pb->thread, NULL);
	pthread_cond_destroy(&pb->change);
	pthread_mutex_destroy(&pb->lock);
	weir__free(pb->pub.state);
	weir__free(pb);
}
