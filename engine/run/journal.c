/* SPDX-License-Identifier: MIT
 *
 * The journal's thread: PREPARE every sink of an epoch, DECIDE, and hand the
 * decision to the publishers.
 *
 * What decides is one call, decide(): here it only counts the epoch as decided
 * in memory, so a run begins where its sources' options say.
 */
#include "base/alloc.h"
#include "run/run.h"

struct weir__journal {
	struct weir__run *ru;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct weir__decision *next; /* handed over, not yet decided */
	bool stop;
};

/* A cut of a run that has failed: only prepare can let go of it. */
static void
discard(struct weir__sink_cut *sc)
{
	const struct weir_sink_ops *ops = sc->node->type->sink;
	struct weir_err err = { 0 };

	if (sc->cut != NULL && ops->prepare != NULL)
		ops->prepare(sc->stage, sc->cut, &sc->intent, &err);
}

static void
free_decision(struct weir__decision *de)
{
	size_t i;

	for (i = 0; i < de->nsinks; i++) {
		discard(&de->sinks[i]);
		weir__free(de->sinks[i].intent.data);
	}
	weir__free(de->sinks);
	weir__free(de->offsets);
	weir__free(de->log_line);
	weir__free(de);
}

void
weir__decision_unref(struct weir__decision *de)
{
	if (atomic_fetch_sub(&de->refs, 1) == 1)
		free_decision(de);
}

/* Flush, sync: until the sink has done it, or the run fails. */
static int
prepare(struct weir__run *ru, struct weir__sink_cut *sc)
{
	const struct weir_sink_ops *ops = sc->node->type->sink;
	struct weir__backoff bo = { 0 };
	struct weir_err err = { 0 };
	int rc;

	if (ops->prepare == NULL) {
		sc->prepared = true;
		return 0;
	}
	for (;;) {
		memset(&err, 0, sizeof err);
		rc = ops->prepare(sc->stage, sc->cut, &sc->intent, &err);
		if (rc != WEIR_AGAIN)
			sc->cut = NULL;
		if (rc == WEIR_OK)
			break;
		if (rc == WEIR_AGAIN && atomic_load(&ru->failed) == false &&
		    weir__run_backoff(ru, &bo, sc->node->id, &err))
			continue;
		if (err.span.src == 0)
			err.span = sc->node->span;
		if (err.text[0] == '\0')
			snprintf(err.text, sizeof err.text,
			    "%s could not prepare an epoch", sc->node->what);
		snprintf(err.stage, sizeof err.stage, "%s", sc->node->id);
		weir__run_fail(ru, &err);
		return -1;
	}
	weir__run_back(ru, &bo, sc->node->id);
	sc->prepared = true;
	return 0;
}

static int
decide(struct weir__run *ru, struct weir__decision *de)
{
	struct weir__publisher *pb;
	size_t i;

	if (ru->epoch_log != NULL && de->log_line != NULL) {
		fputs(de->log_line, ru->epoch_log);
		fflush(ru->epoch_log);
	}
	for (i = 0; i < de->nsinks; i++) {
		pb = ru->publishers[de->sinks[i].node->no];
		if (pb == NULL)
			continue;
		atomic_fetch_add(&de->refs, 1);
		if (weir__publisher_give(pb, de) != 0)
			return -1;
	}
	return 0;
}

static int
process(struct weir__run *ru, struct weir__decision *de)
{
	size_t i;

	if (atomic_load(&ru->failed))
		return -1;
	for (i = 0; i < de->nsinks; i++)
		if (prepare(ru, &de->sinks[i]) != 0)
			return -1;
	return decide(ru, de);
}

static void *
journal_main(void *arg)
{
	struct weir__journal *jo = arg;
	struct weir__decision *de;

	pthread_mutex_lock(&jo->lock);
	for (;;) {
		while (jo->next == NULL && !jo->stop)
			pthread_cond_wait(&jo->change, &jo->lock);
		de = jo->next;
		if (de == NULL)
			break;
		pthread_mutex_unlock(&jo->lock);
		process(jo->ru, de);
		pthread_mutex_lock(&jo->lock);
		jo->next = NULL;
		pthread_cond_broadcast(&jo->change);
		weir__decision_unref(de);
	}
	pthread_mutex_unlock(&jo->lock);
	return NULL;
}

struct weir__journal *
weir__journal_new(struct weir__run *ru)
{
	struct weir__journal *jo = weir__zalloc(sizeof *jo);

	if (jo == NULL)
		return NULL;
	jo->ru = ru;
	pthread_mutex_init(&jo->lock, NULL);
	pthread_cond_init(&jo->change, NULL);
	if (pthread_create(&jo->thread, NULL, journal_main, jo) != 0) {
		pthread_cond_destroy(&jo->change);
		pthread_mutex_destroy(&jo->lock);
		weir__free(jo);
		return NULL;
	}
	return jo;
}

int
weir__journal_give(struct weir__journal *jo, struct weir__decision *de,
    struct weir_err *err)
{
	(void)err;
	pthread_mutex_lock(&jo->lock);
	while (jo->next != NULL)
		pthread_cond_wait(&jo->change, &jo->lock);
	jo->next = de;
	pthread_cond_broadcast(&jo->change);
	pthread_mutex_unlock(&jo->lock);
	return WEIR_OK;
}

int
weir__journal_drain(struct weir__journal *jo)
{
	pthread_mutex_lock(&jo->lock);
	while (jo->next != NULL)
		pthread_cond_wait(&jo->change, &jo->lock);
	pthread_mutex_unlock(&jo->lock);
	return atomic_load(&jo->ru->failed) ? -1 : 0;
}

void
weir__journal_free(struct weir__journal *jo)
{
	if (jo == NULL)
		return;
	pthread_mutex_lock(&jo->lock);
	jo->stop = true;
	pthread_cond_broadcast(&jo->change);
	pthread_mutex_unlock(&jo->lock);
	pthread_join(jo->thread, NULL);
	pthread_cond_destroy(&jo->change);
	pthread_mutex_destroy(&jo->lock);
	weir__free(jo);
}
