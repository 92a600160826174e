/* SPDX-License-Identifier: MIT
 *
 * The journal at a run's beginning: what it has is read, a segment of our own
 * is begun, the state of the last decided epoch is restored; and the worker's
 * part in each epoch, its state as bytes.
 *
 *	DIR/journal/	segments
 *	DIR/state/	what of the keyed state changed, epoch by epoch
 *	DIR/spool/ID/	what sinks have still to publish
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/io.h"
#include "run/claim.h"
#include "run/journal.h"
#include "run/opening.h"
#include "run/record.h"
#include "run/save.h"

#define STATE_FULL ((uint64_t)64 << 20)

/* ---- reading */

static int
open_dirs(struct weir__journal *jo, struct weir_err *err)
{
	struct weir__run *ru = jo->ru;
	char path[4096];

	if (weir__io.mkdir(WEIR_AT("journal.mkdir"), ru->state_fd, "journal",
		0777) != 0 && errno != EEXIST)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s/journal can't be made: %m", ru->pl->state_dir);
	jo->dir = openat(ru->state_fd, "journal",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (jo->dir < 0)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s/journal can't be opened: %m", ru->pl->state_dir);
	snprintf(path, sizeof path, "%s/state", ru->pl->state_dir);
	jo->state = weir__extents_new(path, "the state", STATE_FULL, err);
	if (jo->state == NULL)
		return WEIR_ERROR;
	if (weir__io.sync_dir(WEIR_AT("journal.mkdir.sync"), ru->state_fd,
		".") != 0)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s can't be synced: %m", ru->pl->state_dir);
	return WEIR_OK;
}

static int
open_spools(struct weir__run *ru, struct weir_err *err)
{
	size_t i;

	for (i = 0; i < ru->pl->nnodes; i++) {
		if (!ru->pl->nodes[i]->spool)
			continue;
		ru->spools[i] = weir__spool_new(ru->pl->state_dir,
		    ru->pl->nodes[i]->id, err);
		if (ru->spools[i] == NULL)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static const struct weir__node *
node_of(const struct weir__run *ru, const char *id)
{
	size_t i;

	for (i = 0; i < ru->pl->nnodes; i++)
		if (strcmp(ru->pl->nodes[i]->id, id) == 0)
			return ru->pl->nodes[i];
	return NULL;
}

/* Those that no epoch has taken are to be rejected; their epoch, if it is still
 * to be published, leaves them out all the same. */
static int
recall_rejects(struct weir__run *ru)
{
	struct weir__past *pa = ru->past;
	struct weir__rejects **at = &pa->rejects, *re, *co;

	while ((re = *at) != NULL) {
		if (node_of(ru, re->sink) == NULL) {
			at = &re->next;
			continue;
		}
		if (!re->taken) {
			co = weir__rejects_new(re->sink, re->epoch, &re->spool,
			    re->rows, re->n);
			if (co == NULL)
				return -1;
			co->next = ru->rejects;
			ru->rejects = co;
			re->taken = true;
		}
		*at = re->next;
		re->next = pa->rejected;
		pa->rejected = re;
	}
	return 0;
}

/* The marks by which files go again, and the rows to be rejected. */
static int
recall(struct weir__journal *jo, struct weir_err *err)
{
	struct weir__run *ru = jo->ru;
	struct weir__past *pa = ru->past;
	const struct weir__past_intent *in;
	const struct weir__node *nd;
	size_t i;
	int rc = 0;

	for (i = 0; i < pa->nsegments; i++)
		rc |= weir__marks_add(&jo->journal_marks,
		    pa->segments[i].epoch, pa->segments[i].no);
	for (i = 0; i < pa->nstates; i++)
		rc |= weir__marks_add(&jo->state_marks, pa->states[i].epoch,
		    pa->states[i].extent.file);
	for (in = pa->intents; in != NULL; in = in->next) {
		nd = node_of(ru, pa->sinks[in->sink].id);
		if (nd == NULL && (in->rows != 0 || in->len != 0))
			return weir_fail(err, WEIR_NOWHERE, "state.plan",
			    "%s has rows of epoch %" PRIu64 " that are not yet "
			    "published, and this pipeline lacks it: run the one "
			    "before once more, or drop them with `weir state "
			    "reset --sink %s`", pa->sinks[in->sink].id,
			    in->epoch, pa->sinks[in->sink].id);
		if (nd != NULL)
			rc |= weir__marks_add(&jo->spools[nd->no], in->epoch,
			    in->spool.extent.file);
	}
	if (recall_rejects(ru) != 0)
		rc = -1;
	return rc == 0 ? WEIR_OK :
			 weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

int
weir__journal_read(struct weir__journal *jo, struct weir_err *err)
{
	struct weir__run *ru = jo->ru;

	ru->past = weir__zalloc(sizeof *ru->past);
	if (ru->past == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	weir__past_init(ru->past);
	if (open_dirs(jo, err) != WEIR_OK)
		return WEIR_ERROR;
	jo->segments = weir__segments_open(jo->dir, ru->pipeline_id,
	    weir__past_take, ru->past, err);
	if (jo->segments == NULL)
		return WEIR_ERROR;
	if (ru->past->fence >= ru->fence)
		return weir_fail(err, WEIR_NOWHERE, "state.taken",
		    "another process has taken over the state directory %s "
		    "since this one began", ru->pl->state_dir);
	weir__past_settle(ru->past);
	ru->epoch = ru->past->epoch;
	atomic_store(&ru->decided, ru->past->epoch);
	ru->shelf = weir__shelf_new(ru, &ru->past->shelf, err);
	if (ru->shelf == NULL)
		return WEIR_ERROR;
	if (open_spools(ru, err) != WEIR_OK || recall(jo, err) != WEIR_OK)
		return WEIR_ERROR;
	return weir__opening_check(jo, err);
}

int
weir__journal_begin(struct weir__journal *jo, struct weir_err *err)
{
	if (!jo->begun && weir__segments_begin(jo->segments, jo->ru->fence,
		err) != WEIR_OK)
		return WEIR_ERROR;
	jo->begun = true;
	return weir__opening_put(jo, err);
}

/* ---- state */

static int
restore_one(struct weir__journal *jo, const struct weir__past_state *ps,
    struct weir__buf *bf, struct weir_err *err)
{
	size_t n = ps->extent.len;
	char *to;

	if (ps->extent.file == 0)
		return WEIR_OK;
	weir__buf_clear(bf);
	to = weir__buf_room(bf, ps->extent.len);
	if (to == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (weir__extents_read(jo->state, &ps->extent, 0, to, ps->extent.len,
		err) != WEIR_OK)
		return WEIR_ERROR;
	if (weir__hash_crc32c(0, to, ps->extent.len) != ps->crc)
		return weir_fail(err, WEIR_NOWHERE, "state.damaged",
		    "the state of epoch %" PRIu64 " in %s is damaged",
		    ps->epoch, jo->ru->pl->state_dir);
	weir__sections_forget(jo->ru->past, ps->epoch, to, &n);
	return weir__tree_load(jo->ru->tree, ps->epoch, to, n, err);
}

/* Writers go on where the last decided epoch left them; those of which nothing
 * was decided learn that, too: what an earlier run has staged is nobody's. */
static int
resume_sinks(struct weir__run *ru, struct weir_err *err)
{
	const struct weir__past_sink *si;
	const struct weir__node *nd;
	size_t i;
	int rc;

	for (i = 0; i < ru->pl->nnodes; i++) {
		nd = ru->pl->nodes[i];
		if (nd->type->role != WEIR_SINK ||
		    nd->type->sink->resume == NULL)
			continue;
		si = weir__past_sink(ru->past, nd->id);
		rc = nd->type->sink->resume(weir__tree_stage(ru->tree, nd),
		    ru->past->epoch, si == NULL ? NULL : si->keep,
		    si == NULL ? 0 : si->keep_len, err);
		if (rc == WEIR_OK)
			continue;
		weir__run_blame(err, nd, "go on");
		return WEIR_ERROR;
	}
	return WEIR_OK;
}

int
weir__journal_restore(struct weir__journal *jo, struct weir_err *err)
{
	struct weir__past *pa = jo->ru->past;
	struct weir__buf bf;
	int rc = WEIR_OK;
	size_t i;

	if (pa == NULL || pa->nsegments == 0)
		return WEIR_OK;
	if (pa->epoch == 0)
		return resume_sinks(jo->ru, err);
	weir__buf_init(&bf);
	for (i = 0; rc == WEIR_OK && i < pa->nstates; i++)
		rc = restore_one(jo, &pa->states[i], &bf, err);
	weir__buf_fini(&bf);
	if (rc == WEIR_OK)
		rc = weir__tree_facts_load(jo->ru->tree, pa->facts,
		    pa->facts_len, err);
	if (rc == WEIR_OK)
		rc = resume_sinks(jo->ru, err);
	return rc;
}

/* The worker's, at each cut. */
int
weir__journal_state(struct weir__journal *jo, struct weir__decision *de,
    struct weir_err *err)
{
	struct weir__run *ru = jo->ru;

	if (jo->segments == NULL)
		return WEIR_OK;
	if (weir__shelf_cut(ru->shelf, de, err) != WEIR_OK)
		return WEIR_ERROR;
	weir__tree_ledger_put(ru->tree, &de->ledger);
	weir__buf_clear(&jo->delta);
	if (weir__tree_facts_save(ru->tree, &de->facts) != 0 ||
	    weir__tree_save(ru->tree, de->epoch, &jo->delta, &de->base) != 0)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (jo->delta.len == 0)
		return WEIR_OK;
	de->state_crc = weir__hash_crc32c(0, jo->delta.data, jo->delta.len);
	if (weir__extents_add(jo->state, jo->delta.data, jo->delta.len, err) !=
	    WEIR_OK)
		return WEIR_ERROR;
	return weir__extents_cut(jo->state, &de->state, err);
}

/* ---- what is still to be published */

static struct weir__decision *
redo_epoch(struct weir__run *ru, struct weir__past_intent **at, size_t max)
{
	struct weir__decision *de = weir__zalloc(sizeof *de);
	struct weir__past_intent *in = *at;
	struct weir__sink_cut *sc;
	const struct weir__node *nd;

	if (de == NULL)
		return NULL;
	weir__buf_init(&de->ledger);
	weir__buf_init(&de->facts);
	atomic_store(&de->refs, 1);
	de->epoch = in->epoch;
	de->sinks = weir__zalloc(max * sizeof *de->sinks);
	if (de->sinks == NULL) {
		weir__decision_unref(de);
		return NULL;
	}
	for (; in != NULL && in->epoch == de->epoch; in = in->next) {
		nd = node_of(ru, ru->past->sinks[in->sink].id);
		if (nd == NULL || ru->publishers[nd->no] == NULL)
			continue;
		sc = &de->sinks[de->nsinks++];
		sc->node = nd;
		sc->intent = (struct weir_intent){ .rows = in->rows,
			.held_from = in->held_from, .data = in->data,
			.len = in->len };
		sc->spool = in->spool;
		in->data = NULL;
	}
	*at = in;
	return de;
}

int
weir__journal_redo(struct weir__journal *jo, struct weir_err *err)
{
	struct weir__run *ru = jo->ru;
	struct weir__past_intent *in = ru->past != NULL ? ru->past->intents :
							  NULL;
	const struct weir__node *nd;
	struct weir__decision *de;
	int rc = 0;
	size_t i;

	while (in != NULL && rc == 0) {
		de = redo_epoch(ru, &in, ru->pl->nnodes + 1);
		if (de == NULL)
			return weir_fail(err, WEIR_NOWHERE, "memory",
			    "out of memory");
		for (i = 0; i < de->nsinks && rc == 0; i++) {
			nd = de->sinks[i].node;
			if (ru->spools[nd->no] != NULL)
				weir__spool_left(ru->spools[nd->no],
				    &de->sinks[i].spool);
			atomic_fetch_add(&de->refs, 1);
			rc = weir__publisher_give(
			    ru->publishers[de->sinks[i].node->no], de);
			if (rc != 0)
				weir__decision_unref(de);
		}
		weir__decision_unref(de);
	}
	return rc == 0 ? WEIR_OK :
			 weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}
