/* SPDX-License-Identifier: MIT
 *
 * Publishers: one thread a sink makes decided epochs visible, in order, beside
 * the epochs that come.
 *
 * After a start the first decisions are those of runs before that the sink is
 * not known to have published; what it has by its own word is passed over.
 */
#include <inttypes.h>

#include "base/alloc.h"
#include "run/past.h"
#include "run/run.h"

/* Decisions that wait for a sink without a spool; beyond it the journal's
 * thread waits, and with it the next cut. */
#define QUEUE_MAX 16

struct item {
	struct item *next;
	struct weir__decision *de;
	const struct weir__sink_cut *cut;
};

/* Rows of an epoch that are not to be published. */
struct skip {
	struct skip *next;
	uint64_t epoch;
	uint64_t *rows; /* a bitmap */
	uint64_t n;	/* bits */
};

struct weir__publisher {
	struct weir_publisher pub; /* what the plugin sees */
	struct weir__run *ru;
	const struct weir__node *nd;
	struct weir_fence fence;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct item *queue, **queue_end;
	unsigned n;
	uint64_t published; /* by the sink */
	uint64_t settled;   /* and in the journal */
	uint64_t solid;	    /* the last one published that has rows */
	int opened;	    /* 0 not yet, 1 yes, -1 failed */
	bool stop;
	bool looks; /* `weir audit`: no thread, never opened */
	/* The thread's own. */
	bool left; /* given up until the next run */
	uint64_t has; /* by its own word at the start */
	const struct weir__sink_cut *cut; /* being published */
	struct weir__spool_reader reader;
	bool reading;
	uint64_t *frame_skip; /* of a frame */
	size_t cap_skip;
	struct skip *skips;
};

static struct weir__publisher *
outer(const struct weir_publisher *pb)
{
	return (struct weir__publisher *)(uintptr_t)pb;
}

struct weir__run *
weir__publisher_run(const struct weir_publisher *pb)
{
	return outer(pb)->ru;
}

const struct weir_fence *
weir__publisher_fence(const struct weir__publisher *pb)
{
	return &pb->fence;
}

static void
fail(struct weir__publisher *pb, struct weir_err *err, const char *what)
{
	weir__run_blame(err, pb->nd, what);
	weir__run_fail(pb->ru, err);
}

/* ---- opening */

/* The sink's own word on how far it is, against the journal's. */
static int
compare(struct weir__publisher *pb, struct weir_err *err)
{
	const struct weir_sink_ops *ops = pb->nd->type->sink;
	uint64_t has = 0;
	int rc;

	pb->has = pb->fence.published;
	if (ops->last_published == NULL)
		return WEIR_OK;
	rc = ops->last_published(&pb->pub, &has, err);
	if (rc != WEIR_OK)
		return rc;
	if (has > pb->fence.epoch)
		return weir_fail(err, pb->nd->span, "sink.ahead",
		    "%s has epoch %" PRIu64 " of this pipeline, and the "
		    "journal knows of %" PRIu64 " only: the state directory is "
		    "older than what was published; put back the newer one",
		    pb->nd->id, has, pb->fence.epoch);
	if (has < pb->solid)
		return weir_fail(err, pb->nd->span, "sink.behind",
		    "%s has epoch %" PRIu64 " of this pipeline, and had %" PRIu64
		    " before: what was published since is gone there",
		    pb->nd->id, has, pb->solid);
	pb->has = has > pb->has ? has : pb->has;
	return WEIR_OK;
}

/* The run is to end and the other side is down: what is decided is in the
 * journal, and the next run publishes it. */
static void
leave(struct weir__publisher *pb, uint64_t epoch)
{
	pb->left = true;
	weir__log(&pb->ru->log, WEIR_LOG_WARN, pb->nd->id,
	    "is still down: epochs from %" PRIu64 " on are decided, and the "
	    "next run publishes them", epoch);
}

/* May the run begin while the other side is down?  Its place there is known,
 * and what it misses waits in the spool. */
static bool
may_wait(const struct weir__publisher *pb)
{
	return pb->nd->spool && pb->fence.born && pb->ru->state_fd >= 0;
}

/* 1: it is open; 0: left for the next run; -1 failed. */
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
			rc = compare(pb, &err);
		if (rc == WEIR_OK)
			break;
		if (rc == WEIR_AGAIN &&
		    (may_wait(pb) || !atomic_load(&pb->ru->stopping)) &&
		    weir__run_backoff(pb->ru, &bo, pb->nd->id, &err))
			continue;
		if (rc == WEIR_AGAIN && may_wait(pb) &&
		    !atomic_load(&pb->ru->failed)) {
			leave(pb, pb->fence.published + 1);
			return 0;
		}
		fail(pb, &err, "open");
		return -1;
	}
	weir__run_back(pb->ru, &bo, pb->nd->id);
	return 1;
}

/* ---- publishing */

static int
publish(struct weir__publisher *pb, const struct item *it)
{
	const struct weir_sink_ops *ops = pb->nd->type->sink;
	const struct weir_intent *intent = &it->cut->intent;
	uint64_t epoch = it->de->epoch;
	struct weir__backoff bo = { 0 };
	struct weir_err err;
	int rc = WEIR_OK;

	pb->cut = it->cut;
	while (epoch > pb->has) {
		memset(&err, 0, sizeof err);
		weir__spool_rewind(&pb->reader);
		rc = ops->publish(&pb->pub, epoch, intent, 1, &err);
		if (rc == WEIR_OK)
			break;
		if (rc == WEIR_AGAIN &&
		    weir__run_backoff(pb->ru, &bo, pb->nd->id, &err))
			continue;
		if (rc == WEIR_AGAIN && pb->ru->state_fd >= 0 &&
		    !atomic_load(&pb->ru->failed))
			leave(pb, epoch);
		else
			fail(pb, &err, "publish an epoch");
		break;
	}
	if (rc == WEIR_OK)
		weir__run_back(pb->ru, &bo, pb->nd->id);
	if (pb->reading)
		weir__spool_done(&pb->reader);
	pb->reading = false;
	pb->cut = NULL;
	if (rc != WEIR_OK)
		return -1;
	if (pb->nd->spool && pb->ru->spools[pb->nd->no] != NULL)
		weir__spool_taken(pb->ru->spools[pb->nd->no],
		    &it->cut->spool);
	pthread_mutex_lock(&pb->lock);
	pb->published = epoch;
	if (intent->rows != 0)
		pb->solid = epoch;
	pthread_mutex_unlock(&pb->lock);
	return 0;
}

static void
drop_skips(struct weir__publisher *pb, uint64_t upto)
{
	struct skip **at = &pb->skips, *sk;

	while ((sk = *at) != NULL)
		if (sk->epoch <= upto) {
			*at = sk->next;
			weir__free(sk->rows);
			weir__free(sk);
		} else {
			at = &sk->next;
		}
}

static void
work(struct weir__publisher *pb)
{
	struct item *it;

	pthread_mutex_lock(&pb->lock);
	for (;;) {
		while (pb->n == 0 && !pb->stop)
			pthread_cond_wait(&pb->change, &pb->lock);
		if (pb->n == 0)
			break;
		it = pb->queue;
		pthread_mutex_unlock(&pb->lock);
		if (!atomic_load(&pb->ru->failed) && !pb->left &&
		    publish(pb, it) == 0)
			drop_skips(pb, it->de->epoch);
		pthread_mutex_lock(&pb->lock);
		pb->queue = it->next;
		if (pb->queue == NULL)
			pb->queue_end = &pb->queue;
		pb->n--;
		pthread_cond_broadcast(&pb->change);
		weir__decision_unref(it->de);
		weir__free(it);
	}
	pthread_mutex_unlock(&pb->lock);
}

static void *
publisher_main(void *arg)
{
	struct weir__publisher *pb = arg;
	const struct weir_sink_ops *ops = pb->nd->type->sink;
	int opened = open_sink(pb), is = opened < 0 ? -1 : 1;

	pthread_mutex_lock(&pb->lock);
	pb->opened = is;
	pthread_cond_broadcast(&pb->change);
	pthread_mutex_unlock(&pb->lock);
	work(pb);
	if (opened > 0 && atomic_load(&pb->ru->failed) &&
	    ops->abandon != NULL && pb->ru->state_fd < 0)
		ops->abandon(&pb->pub);
	if (ops->close != NULL)
		ops->close(&pb->pub);
	return NULL;
}

/* ---- the spool, for the plugin: the publisher's thread */

static bool
start_reading(struct weir__publisher *pb, struct weir_err *err)
{
	struct weir__spool *sp = pb->ru->spools[pb->nd->no];

	if (pb->reading)
		return true;
	if (sp == NULL || pb->cut == NULL) {
		weir_fail(err, pb->nd->span, "spool.none",
		    "%s asks for a spool, and has none", pb->nd->what);
		return false;
	}
	if (weir__spool_read(&pb->reader, sp, &pb->cut->spool,
		pb->nd->inputs[0].schema) != 0) {
		weir_fail(err, pb->nd->span, "memory", "out of memory");
		return false;
	}
	pb->reader.in_place = true;
	pb->reading = true;
	return true;
}

static const struct skip *
skip_of(const struct weir__publisher *pb, uint64_t epoch)
{
	const struct skip *sk;

	for (sk = pb->skips; sk != NULL; sk = sk->next)
		if (sk->epoch == epoch)
			return sk;
	return NULL;
}

/* The bits of the frame's rows, where any is set. */
static int
mark_frame(struct weir__publisher *pb, const struct skip *sk,
    struct weir_frame *fr)
{
	size_t words = WEIR_BITMAP_WORDS(fr->rows) + 1;
	uint64_t *list;
	bool any = false;
	uint32_t i;

	if (words > pb->cap_skip) {
		list = weir__realloc(pb->frame_skip, words * sizeof *list);
		if (list == NULL)
			return -1;
		pb->frame_skip = list;
		pb->cap_skip = words;
	}
	memset(pb->frame_skip, 0, words * sizeof *pb->frame_skip);
	for (i = 0; i < fr->rows && fr->first + i < sk->n; i++)
		if (weir_bit(sk->rows, fr->first + i)) {
			weir_bit_set(pb->frame_skip, i);
			any = true;
		}
	fr->skip = any ? pb->frame_skip : NULL;
	return 0;
}

int
weir__publisher_spool_next(struct weir_publisher *pub, uint64_t epoch,
    struct weir_frame *fr, struct weir_err *err)
{
	struct weir__publisher *pb = outer(pub);
	const struct skip *sk = skip_of(pb, epoch);
	int rc;

	if (!start_reading(pb, err))
		return WEIR_ERROR;
	rc = weir__spool_next(&pb->reader, fr, err);
	if (rc == WEIR_OK && sk != NULL && mark_frame(pb, sk, fr) != 0)
		return weir_fail(err, pb->nd->span, "memory", "out of memory");
	return rc;
}

int
weir__publisher_spool_rewind(struct weir_publisher *pub, uint64_t epoch,
    struct weir_err *err)
{
	(void)epoch;
	(void)err;
	weir__spool_rewind(&outer(pub)->reader);
	return WEIR_OK;
}

static int
add_skip(struct weir__publisher *pb, uint64_t epoch, uint64_t rows,
    const struct weir_poison *list, size_t n)
{
	struct skip *sk = (struct skip *)(uintptr_t)skip_of(pb, epoch);
	size_t i;

	if (sk == NULL) {
		sk = weir__zalloc(sizeof *sk);
		if (sk == NULL)
			return -1;
		sk->epoch = epoch;
		sk->n = rows;
		sk->rows = weir__zalloc((WEIR_BITMAP_WORDS(rows) + 1) *
		    sizeof *sk->rows);
		if (sk->rows == NULL) {
			weir__free(sk);
			return -1;
		}
		sk->next = pb->skips;
		pb->skips = sk;
	}
	for (i = 0; i < n; i++)
		if (list[i].row < sk->n)
			weir_bit_set(sk->rows, list[i].row);
	return 0;
}

int
weir__publisher_poison(struct weir_publisher *pub, uint64_t epoch,
    const struct weir_poison *list, size_t n, struct weir_err *err)
{
	struct weir__publisher *pb = outer(pub);
	int rc;

	if (pb->cut == NULL || !pb->nd->spool)
		return weir_fail(err, pb->nd->span, "spool.none",
		    "%s rejects rows, and has no spool", pb->nd->what);
	rc = weir__journal_reject(pb->ru->journal, pb->nd, epoch,
	    &pb->cut->spool, list, n, err);
	if (rc != WEIR_OK)
		return rc;
	if (add_skip(pb, epoch, pb->cut->spool.rows, list, n) != 0)
		return weir_fail(err, pb->nd->span, "memory", "out of memory");
	weir__spool_rewind(&pb->reader);
	return WEIR_OK;
}

/* ---- life */

static int
start(struct weir__publisher *pb)
{
	if (pthread_create(&pb->thread, NULL, publisher_main, pb) != 0)
		return -1;
	pthread_mutex_lock(&pb->lock);
	while (pb->opened == 0 && !may_wait(pb))
		pthread_cond_wait(&pb->change, &pb->lock);
	pthread_mutex_unlock(&pb->lock);
	return 0;
}

/* What the journal knows of the sink. */
static int
recall(struct weir__publisher *pb)
{
	struct weir__past *pa = pb->ru->past;
	const struct weir__past_sink *si;
	const struct weir__rejects *re;

	pb->fence = (struct weir_fence){
		.fence = pb->ru->fence,
		.pipeline = pb->ru->pipeline_id,
		.sink = pb->nd->id,
		.append = pb->ru->op.append,
		.fresh = true,
		.taken_over = pb->ru->taken_over,
	};
	if (pa == NULL)
		return 0;
	pb->fence.epoch = pa->epoch;
	si = weir__past_sink(pa, pb->nd->id);
	/* one that is new begins with the next epoch */
	if (si == NULL || !si->born)
		return 0;
	pb->fence.fresh = false;
	pb->fence.born = true;
	pb->fence.published = si->published;
	pb->published = pb->settled = si->published;
	pb->solid = si->solid;
	for (re = pa->rejected; re != NULL; re = re->next)
		if (strcmp(re->sink, pb->nd->id) == 0 &&
		    add_skip(pb, re->epoch, re->spool.rows, re->rows,
			re->n) != 0)
			return -1;
	return 0;
}

static struct weir__publisher *
make(struct weir__run *ru, const struct weir__node *nd)
{
	struct weir__publisher *pb = weir__zalloc(sizeof *pb);

	if (pb == NULL)
		return NULL;
	pb->ru = ru;
	pb->nd = nd;
	pb->pub.host = &weir__host;
	pb->pub.config = nd->config;
	pb->pub.id = nd->id;
	pb->pub.state = weir__zalloc(nd->type->sink->publisher_size);
	pb->queue_end = &pb->queue;
	pthread_mutex_init(&pb->lock, NULL);
	pthread_cond_init(&pb->change, NULL);
	pb->looks = true; /* until its thread is there */
	if (pb->pub.state != NULL && recall(pb) == 0)
		return pb;
	weir__publisher_free(pb);
	return NULL;
}

struct weir__publisher *
weir__publisher_new(struct weir__run *ru, const struct weir__node *nd,
    struct weir_err *err)
{
	struct weir__publisher *pb = make(ru, nd);

	if (pb != NULL && start(pb) == 0) {
		pb->looks = false;
		return pb;
	}
	weir__publisher_free(pb);
	weir_fail(err, nd->span, "memory", "out of memory or threads");
	return NULL;
}

struct weir__publisher *
weir__publisher_look(struct weir__run *ru, const struct weir__node *nd)
{
	return make(ru, nd);
}

int
weir__publisher_audit(struct weir__publisher *pb, uint64_t epoch,
    const struct weir_intent *list, size_t n, struct weir_audit *out,
    struct weir_err *err)
{
	return pb->nd->type->sink->audit(&pb->pub, &pb->fence, epoch, list, n,
	    out, err);
}

static const struct weir__sink_cut *
cut_of(const struct weir__publisher *pb, const struct weir__decision *de)
{
	size_t i;

	for (i = 0; i < de->nsinks; i++)
		if (de->sinks[i].node == pb->nd)
			return &de->sinks[i];
	return NULL;
}

int
weir__publisher_give(struct weir__publisher *pb, struct weir__decision *de)
{
	struct item *it = weir__alloc(sizeof *it);

	if (it == NULL)
		return -1;
	*it = (struct item){ .de = de, .cut = cut_of(pb, de) };
	pthread_mutex_lock(&pb->lock);
	while (pb->n >= QUEUE_MAX && !pb->nd->spool &&
	    !atomic_load(&pb->ru->failed))
		pthread_cond_wait(&pb->change, &pb->lock);
	*pb->queue_end = it;
	pb->queue_end = &it->next;
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

static uint64_t
locked(struct weir__publisher *pb, const uint64_t *what)
{
	uint64_t v;

	pthread_mutex_lock(&pb->lock);
	v = *what;
	pthread_mutex_unlock(&pb->lock);
	return v;
}

uint64_t
weir__publisher_published(struct weir__publisher *pb, uint64_t *solid)
{
	uint64_t epoch;

	pthread_mutex_lock(&pb->lock);
	epoch = pb->published;
	*solid = pb->solid;
	pthread_mutex_unlock(&pb->lock);
	return epoch;
}

void
weir__publisher_settled(struct weir__publisher *pb, uint64_t epoch)
{
	pthread_mutex_lock(&pb->lock);
	pb->settled = epoch > pb->settled ? epoch : pb->settled;
	pthread_mutex_unlock(&pb->lock);
}

uint64_t
weir__publisher_settled_epoch(const struct weir_publisher *pub)
{
	struct weir__publisher *pb = outer(pub);

	return locked(pb, &pb->settled);
}

void
weir__publisher_free(struct weir__publisher *pb)
{
	if (pb == NULL)
		return;
	if (!pb->looks) {
		pthread_mutex_lock(&pb->lock);
		pb->stop = true;
		pthread_cond_broadcast(&pb->change);
		pthread_mutex_unlock(&pb->lock);
		pthread_join(pb->thread, NULL);
	}
	pthread_cond_destroy(&pb->change);
	pthread_mutex_destroy(&pb->lock);
	drop_skips(pb, UINT64_MAX);
	weir__free(pb->frame_skip);
	weir__free(pb->pub.state);
	weir__free(pb);
}
