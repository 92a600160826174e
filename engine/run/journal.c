/* SPDX-License-Identifier: MIT
 *
 * The journal's thread: PREPARE every sink of an epoch, DECIDE, and hand the
 * decision to the publishers.
 *
 * What decides is one call, decide(): a record appended and synced.  All that
 * it names is durable before: staged files, spools, the epoch's state.
 */
#include "run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "journal/coding.h"
#include "run/record.h"

/* ---- decisions */

/* A cut of a run that has failed: only prepare can let go of it. */
static void
discard(struct weir__sink_cut *sc)
{
	const struct weir_sink_ops *ops = sc->node->type->sink;
	struct weir_err err = { 0 };

	if (sc->cut != NULL && ops->prepare != NULL)
		ops->prepare(sc->stage, sc->cut, &sc->intent, &err);
	sc->cut = NULL;
}

/* What only the record needs. */
static void
slim(struct weir__decision *de)
{
	size_t i;

	for (i = 0; i < de->nsinks; i++) {
		weir__free(de->sinks[i].intent.keep);
		de->sinks[i].intent.keep = NULL;
	}
	weir__buf_fini(&de->ledger);
	weir__buf_fini(&de->facts);
	weir__rejects_drop(de->taken);
	de->taken = NULL;
	weir__free(de->shelf.taken);
	de->shelf.taken = NULL;
}

static void
free_decision(struct weir__decision *de)
{
	size_t i;

	for (i = 0; i < de->nsinks; i++) {
		discard(&de->sinks[i]);
		weir__free(de->sinks[i].intent.data);
	}
	slim(de);
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

/* ---- PREPARE */

static int
fail_sink(struct weir__run *ru, const struct weir__sink_cut *sc,
    struct weir_err *err)
{
	weir__run_blame(err, sc->node, "prepare an epoch");
	weir__run_fail(ru, err);
	return -1;
}

/* Flush, sync: until the sink has done it, or the run fails. */
static int
prepare(struct weir__run *ru, struct weir__sink_cut *sc)
{
	const struct weir_sink_ops *ops = sc->node->type->sink;
	struct weir__backoff bo = { 0 };
	struct weir_err err = { 0 };
	int rc;

	if (sc->node->spool &&
	    weir__spool_sync(ru->spools[sc->node->no], &err) != WEIR_OK)
		return fail_sink(ru, sc, &err);
	while (ops->prepare != NULL) {
		memset(&err, 0, sizeof err);
		rc = ops->prepare(sc->stage, sc->cut, &sc->intent, &err);
		if (rc != WEIR_AGAIN)
			sc->cut = NULL;
		if (rc == WEIR_OK)
			break;
		if (rc == WEIR_AGAIN && atomic_load(&ru->failed) == false &&
		    weir__run_backoff(ru, &bo, sc->node->id, &err))
			continue;
		return fail_sink(ru, sc, &err);
	}
	if (sc->node->spool)
		sc->intent.rows = sc->spool.rows;
	weir__run_back(ru, &bo, sc->node->id);
	return 0;
}

/* ---- DECIDE */

/* Append, waiting for space as long as the run lasts. */
static int
append(struct weir__journal *jo, enum weir__record_type ty, uint64_t epoch,
    const struct weir__buf *bf, struct weir_err *err)
{
	struct weir__backoff bo = { 0 };
	int rc;

	if (bf->failed)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (weir__run_owns(jo->ru, err) != WEIR_OK)
		return WEIR_ERROR;
	pthread_mutex_lock(&jo->append);
	for (;;) {
		memset(err, 0, sizeof *err);
		rc = weir__segments_append(jo->segments, ty, epoch, bf->data,
		    bf->len, err);
		if (rc != WEIR_AGAIN ||
		    !weir__run_backoff(jo->ru, &bo, "journal", err))
			break;
	}
	pthread_mutex_unlock(&jo->append);
	if (rc == WEIR_OK)
		weir__run_back(jo->ru, &bo, "journal");
	return rc == WEIR_OK ? WEIR_OK : WEIR_ERROR;
}

int
weir__journal_shelf(struct weir__journal *jo)
{
	struct weir_err err = { 0 };
	struct weir__buf bf;
	int rc;

	weir__buf_init(&bf);
	weir__shelf_list_put(&bf, weir__shelf_list(jo->ru->shelf));
	rc = append(jo, WEIR__REC_SHELF, atomic_load(&jo->ru->decided), &bf,
	    &err);
	weir__buf_fini(&bf);
	if (rc != WEIR_OK)
		weir__run_fail(jo->ru, &err);
	return rc;
}

/* What each sink of the decision has published, by its place in it. */
static void
ask_published(struct weir__run *ru, const struct weir__decision *de,
    uint64_t (*to)[2])
{
	struct weir__publisher *pb;
	size_t i;

	for (i = 0; i < de->nsinks; i++) {
		pb = ru->publishers[de->sinks[i].node->no];
		to[i][0] = de->epoch;
		to[i][1] = 0;
		if (pb != NULL)
			to[i][0] = weir__publisher_published(pb, &to[i][1]);
	}
}

static int
decide_on_disk(struct weir__journal *jo, struct weir__decision *de,
    uint64_t (*published)[2], struct weir_err *err)
{
	struct weir__buf bf;
	int rc;

	de->before = atomic_load(&jo->ru->decided);
	weir__buf_init(&bf);
	weir__decision_put(&bf, de, (const uint64_t(*)[2])published);
	if (de->ledger.failed || de->facts.failed)
		bf.failed = true;
	rc = append(jo, WEIR__REC_DECIDE, de->epoch, &bf, err);
	weir__buf_fini(&bf);
	return rc;
}

static int
publish(struct weir__run *ru, struct weir__decision *de)
{
	struct weir__publisher *pb;
	size_t i;

	for (i = 0; i < de->nsinks; i++) {
		pb = ru->publishers[de->sinks[i].node->no];
		if (pb == NULL)
			continue;
		atomic_fetch_add(&de->refs, 1);
		if (weir__publisher_give(pb, de) != 0) {
			weir__decision_unref(de);
			return -1;
		}
	}
	return 0;
}

/* Did nothing happen that a restart would miss?  Then there is nothing to
 * decide: an idle pipeline leaves the disk alone. */
static bool
idle(const struct weir__journal *jo, const struct weir__decision *de)
{
	const struct weir__sink_cut *sc;
	size_t i;

	if (jo->segments == NULL || de->rows != 0 || de->last ||
	    de->taken != NULL || de->state.file != 0 ||
	    de->shelf.part.rows != 0 || de->shelf.ntaken != 0)
		return false;
	for (i = 0; i < de->nsinks; i++) {
		sc = &de->sinks[i];
		if (sc->intent.rows != 0 || sc->intent.len != 0 ||
		    sc->spool.rows != 0)
			return false;
	}
	return true;
}

static int
decide(struct weir__journal *jo, struct weir__decision *de)
{
	struct weir__run *ru = jo->ru;
	uint64_t (*published)[2] = weir__zalloc((de->nsinks + 1) *
	    sizeof *published);
	struct weir_err err = { 0 };
	int rc = WEIR_OK;

	if (published == NULL)
		rc = weir_fail(&err, WEIR_NOWHERE, "memory", "out of memory");
	if (rc == WEIR_OK)
		ask_published(ru, de, published);
	if (rc == WEIR_OK)
		weir__shelf_limit(ru->shelf, de);
	if (rc == WEIR_OK && jo->segments != NULL)
		rc = decide_on_disk(jo, de, published, &err);
	if (rc == WEIR_OK) {
		atomic_store(&ru->decided, de->epoch);
		if (ru->epoch_log != NULL && de->log_line != NULL) {
			fputs(de->log_line, ru->epoch_log);
			fflush(ru->epoch_log);
		}
		/* the worker may be at those of the next epoch by now */
		pthread_mutex_lock(&ru->lock);
		if (ru->taking == de->taken)
			ru->taking = NULL;
		pthread_mutex_unlock(&ru->lock);
		if (weir__shelf_decided(ru->shelf, de) != 0)
			rc = weir_fail(&err, WEIR_NOWHERE, "memory",
			    "out of memory");
		if (jo->segments != NULL)
			weir__journal_trim(jo, de, published);
		slim(de);
		if (publish(ru, de) != 0)
			rc = weir_fail(&err, WEIR_NOWHERE, "memory",
			    "out of memory");
	}
	weir__free(published);
	if (rc != WEIR_OK)
		weir__run_fail(ru, &err);
	return rc;
}

/* ---- the thread */

static int
process(struct weir__journal *jo, struct weir__decision *de)
{
	struct weir__run *ru = jo->ru;
	struct weir_err err = { 0 };
	size_t i;

	if (atomic_load(&ru->failed))
		return -1;
	for (i = 0; i < de->nsinks; i++)
		if (prepare(ru, &de->sinks[i]) != 0)
			return -1;
	if (jo->state != NULL && weir__extents_sync(jo->state, &err) !=
	    WEIR_OK) {
		weir__run_fail(ru, &err);
		return -1;
	}
	if (weir__shelf_sync(ru->shelf, de, &err) != WEIR_OK) {
		weir__run_fail(ru, &err);
		return -1;
	}
	return idle(jo, de) ? WEIR_OK : decide(jo, de);
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
		process(jo, de);
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
	jo->spools = weir__zalloc((ru->pl->nnodes + 1) * sizeof *jo->spools);
	if (jo->spools == NULL) {
		weir__free(jo);
		return NULL;
	}
	jo->ru = ru;
	jo->dir = -1;
	pthread_mutex_init(&jo->lock, NULL);
	pthread_mutex_init(&jo->append, NULL);
	pthread_cond_init(&jo->change, NULL);
	if (pthread_create(&jo->thread, NULL, journal_main, jo) != 0) {
		pthread_cond_destroy(&jo->change);
		pthread_mutex_destroy(&jo->append);
		pthread_mutex_destroy(&jo->lock);
		weir__free(jo->spools);
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

/* ---- REJECT, CLOSE: other threads */

int
weir__journal_reject(struct weir__journal *jo, const struct weir__node *nd,
    uint64_t epoch, const struct weir__spool_part *spool,
    const struct weir_poison *list, size_t n, struct weir_err *err)
{
	struct weir__rejects *re;
	struct weir__buf bf;
	int rc;

	if (n == 0)
		return WEIR_OK;
	re = weir__rejects_new(nd->id, epoch, spool, list, n);
	if (re == NULL)
		return weir_fail(err, nd->span, "memory", "out of memory");
	weir__buf_init(&bf);
	weir__rejects_put(&bf, nd->id, re->rows, n);
	rc = append(jo, WEIR__REC_REJECT, epoch, &bf, err);
	weir__buf_fini(&bf);
	if (rc != WEIR_OK) {
		weir__rejects_free(re);
		return rc;
	}
	pthread_mutex_lock(&jo->ru->lock);
	re->next = jo->ru->rejects;
	jo->ru->rejects = re;
	pthread_mutex_unlock(&jo->ru->lock);
	return WEIR_OK;
}

int
weir__journal_close(struct weir__journal *jo, struct weir_err *err)
{
	const struct weir__plan *pl = jo->ru->pl;
	uint64_t published, solid;
	struct weir__buf bf;
	size_t i, n = 0;
	int rc;

	if (jo->segments == NULL)
		return WEIR_OK;
	weir__buf_init(&bf);
	for (i = 0; i < pl->nnodes; i++)
		n += jo->ru->publishers[i] != NULL;
	weir__put_u(&bf, n);
	for (i = 0; i < pl->nnodes; i++) {
		if (jo->ru->publishers[i] == NULL)
			continue;
		published = weir__publisher_published(jo->ru->publishers[i],
		    &solid);
		weir__put_str(&bf, pl->nodes[i]->id);
		weir__put_u(&bf, published);
		weir__put_u(&bf, solid);
	}
	rc = append(jo, WEIR__REC_CLOSE, jo->ru->epoch, &bf, err);
	weir__buf_fini(&bf);
	if (rc != WEIR_OK)
		return rc;
	weir__segments_end(jo->segments);
	/* nothing will ask for it again: sinks may let go when they close */
	for (i = 0; i < pl->nnodes; i++)
		if (jo->ru->publishers[i] != NULL)
			weir__publisher_settled(jo->ru->publishers[i],
			    weir__publisher_published(jo->ru->publishers[i],
				&solid));
	return WEIR_OK;
}

void
weir__journal_free(struct weir__journal *jo)
{
	size_t i;

	if (jo == NULL)
		return;
	pthread_mutex_lock(&jo->lock);
	jo->stop = true;
	pthread_cond_broadcast(&jo->change);
	pthread_mutex_unlock(&jo->lock);
	pthread_join(jo->thread, NULL);
	pthread_cond_destroy(&jo->change);
	pthread_mutex_destroy(&jo->append);
	pthread_mutex_destroy(&jo->lock);
	weir__shelf_free(jo->ru->shelf);
	jo->ru->shelf = NULL;
	weir__segments_close(jo->segments);
	weir__extents_free(jo->state);
	weir__buf_fini(&jo->delta);
	for (i = 0; i < jo->ru->pl->nnodes; i++)
		weir__free(jo->spools[i].list);
	weir__free(jo->spools);
	weir__free(jo->journal_marks.list);
	weir__free(jo->state_marks.list);
	if (jo->dir >= 0)
		close(jo->dir);
	weir__free(jo);
}
