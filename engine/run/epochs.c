/* SPDX-License-Identifier: MIT
 *
 * Epochs on the worker: poll, end, cut, hand over; and what is told to the
 * sources once it is decided.
 */
#include "run/loop.h"

#include <time.h>

#include "base/alloc.h"
#include "run/instance.h"
#include "run/past.h"
#include "run/replay.h"
#include "run/poison.h"

/* Rows that one call of a source's poll may bring. */
#define POLL_ROWS (8 * WEIR_BATCH_ROWS)

/* ---- telling the sources */

/* Tell the sources what is decided. */
static int
commit(struct weir__loop *lo, struct weir_err *err)
{
	uint64_t least = atomic_load(&lo->ru->decided);
	struct weir__pending *pe = NULL;
	size_t i, n = 0;
	int rc = WEIR_OK;

	while (n < lo->npending && lo->pending[n].epoch <= least)
		pe = &lo->pending[n++];
	if (pe != NULL)
		rc = weir__tree_commit(lo->ru->tree, pe->offsets, pe->n, err);
	for (i = 0; i < n; i++)
		weir__free(lo->pending[i].offsets);
	memmove(lo->pending, lo->pending + n,
	    (lo->npending - n) * sizeof *lo->pending);
	lo->npending -= n;
	return rc;
}

static void
keep_pending(struct weir__loop *lo, const struct weir__decision *de)
{
	struct weir__pending *pe;
	size_t bytes = (de->noffsets + 1) * sizeof *de->offsets;

	/* full: the newest takes the place of the one before it */
	if (lo->npending == WEIR__PENDING_MAX)
		weir__free(lo->pending[--lo->npending].offsets);
	pe = &lo->pending[lo->npending];
	pe->offsets = weir__alloc(bytes);
	if (pe->offsets == NULL)
		return; /* a later epoch commits it too */
	memcpy(pe->offsets, de->offsets, de->noffsets * sizeof *de->offsets);
	pe->n = de->noffsets;
	pe->epoch = de->epoch;
	lo->npending++;
}

/* ---- a decision */

static char *
log_line(struct weir__run *ru, const struct weir__decision *de)
{
	struct weir__buf bf;
	char *s = NULL;
	size_t i;

	if (ru->epoch_log == NULL)
		return NULL;
	weir__buf_init(&bf);
	weir__buf_printf(&bf, "{\"epoch\":%llu,\"rows\":%llu,\"now\":%lld,"
	    "\"offsets\":[", (unsigned long long)de->epoch,
	    (unsigned long long)de->rows, (long long)de->now);
	for (i = 0; i < de->noffsets; i++)
		weir__buf_printf(&bf, "%s{\"source\":\"%s\",\"partition\":%d,"
		    "\"next\":%lld}", i == 0 ? "" : ",",
		    de->offsets[i].node->id, (int)de->offsets[i].partition,
		    (long long)de->offsets[i].next);
	weir__buf_str(&bf, "],\"watermarks\":");
	weir__tree_watermarks_json(ru->tree, &bf);
	weir__buf_str(&bf, "}\n");
	if (!bf.failed)
		s = weir__strndup(bf.data, bf.len);
	weir__buf_fini(&bf);
	return s;
}

static struct weir__decision *
new_decision(struct weir__run *ru, uint64_t rows, bool last)
{
	struct weir__decision *de = weir__zalloc(sizeof *de);
	const struct weir__offset *list;
	size_t n = weir__tree_offsets(ru->tree, &list);

	if (de == NULL)
		return NULL;
	atomic_store(&de->refs, 1);
	weir__buf_init(&de->ledger);
	weir__buf_init(&de->facts);
	de->offsets = weir__alloc((n + 1) * sizeof *list);
	de->sinks = weir__zalloc((ru->pl->nnodes + 1) * sizeof *de->sinks);
	if (de->offsets == NULL || de->sinks == NULL) {
		weir__decision_unref(de);
		return NULL;
	}
	memcpy(de->offsets, list, n * sizeof *list);
	de->noffsets = n;
	de->epoch = ru->epoch;
	de->now = ru->now;
	de->rows = rows;
	de->last = last;
	de->watermark = weir__tree_watermark(ru->tree);
	de->log_line = log_line(ru, de);
	return de;
}

static int
cut(struct weir__run *ru, struct weir__decision *de, struct weir_err *err)
{
	const struct weir__node *nd;
	struct weir__sink_cut *sc;
	size_t i;

	for (i = 0; i < ru->pl->nnodes; i++) {
		nd = ru->pl->nodes[i];
		if (nd->type->role != WEIR_SINK)
			continue;
		sc = &de->sinks[de->nsinks++];
		sc->node = nd;
		sc->stage = weir__tree_stage(ru->tree, nd);
		if (nd->spool && weir__spool_cut(ru->spools[nd->no],
			&sc->spool, err) != WEIR_OK)
			return WEIR_ERROR;
		if (nd->type->sink->cut != NULL &&
		    nd->type->sink->cut(sc->stage, de->epoch, de->last,
			&sc->cut, err) != WEIR_OK) {
			weir__run_blame(err, nd, "end an epoch");
			return WEIR_ERROR;
		}
	}
	return WEIR_OK;
}

struct limits {
	int64_t deadline;
	uint64_t rows, bytes; /* 0: no limit */
};

static int
poll_one(struct weir__loop *lo, size_t i, const struct limits *li, uint64_t *rows,
    uint64_t *bytes, int64_t wait, struct weir_err *err)
{
	uint64_t r = 0, b = 0, max = POLL_ROWS;
	int rc;

	if (li->rows != 0 && li->rows - *rows < max)
		max = li->rows - *rows;
	rc = weir__tree_poll(lo->ru->tree, lo->sources[i], (uint32_t)max, wait,
	    &r, &b, err);
	*rows += r;
	*bytes += b;
	if (rc == WEIR_END) {
		lo->ended[i] = true;
		lo->nended++;
		return WEIR_OK;
	}
	return rc == WEIR_AGAIN && r != 0 ? WEIR_OK : rc;
}

/* Is a spool at its limit?  Its sink is down, or slower than the rest. */
static bool
spool_full(const struct weir__run *ru)
{
	size_t i;

	for (i = 0; i < ru->pl->nnodes; i++)
		if (ru->spools[i] != NULL &&
		    weir__spool_waiting(ru->spools[i]) >
			ru->pl->settings.spool)
			return true;
	return false;
}

/* Wait for it, a little: epochs go on, sources are not asked. */
static void
wait_for_spool(struct weir__loop *lo, int64_t left)
{
	struct timespec ts = { 0 };
	int64_t now = weir__run_monotonic();

	if (lo->full_said == 0 || now - lo->full_said > 60000000) {
		weir__log(&lo->ru->log, WEIR_LOG_WARN, "", "a spool has reached "
		    "its limit of %llu bytes: nothing is read until its sink "
		    "has taken some of it",
		    (unsigned long long)lo->ru->pl->settings.spool);
		lo->full_said = now;
	}
	left = left < WEIR__POLL_SLICE ? left : WEIR__POLL_SLICE;
	ts.tv_nsec = (left > 0 ? left : 0) * 1000;
	nanosleep(&ts, NULL);
}

static bool
epoch_over(struct weir__loop *lo, const struct limits *li, uint64_t rows,
    uint64_t bytes)
{
	return atomic_load(&lo->ru->stopping) || lo->nended == lo->nsources ||
	    (li->rows != 0 && rows >= li->rows) ||
	    (li->bytes != 0 && bytes >= li->bytes) ||
	    weir__run_monotonic() >= li->deadline;
}

/* Poll all sources in turn.  None waits while another may have rows. */
static int
process(struct weir__loop *lo, const struct limits *li, uint64_t *rows,
    struct weir_err *err)
{
	uint64_t bytes = 0;
	int64_t wait = 0, left;
	bool any;
	size_t i;
	int rc;

	*rows = 0;
	while (!epoch_over(lo, li, *rows, bytes)) {
		if (spool_full(lo->ru)) {
			wait_for_spool(lo,
			    li->deadline - weir__run_monotonic());
			continue;
		}
		any = false;
		for (i = 0; i < lo->nsources; i++) {
			if (lo->ended[i] || epoch_over(lo, li, *rows, bytes))
				continue;
			rc = poll_one(lo, i, li, rows, &bytes, wait, err);
			if (rc < 0)
				return rc;
			any |= rc == WEIR_OK;
		}
		left = li->deadline - weir__run_monotonic();
		wait = any ? 0 : WEIR__POLL_SLICE / (int64_t)(lo->nsources + 1);
		wait = left < wait ? (left > 0 ? left : 0) : wait;
		if (lo->ru->op.view)
			weir__view_draw(&lo->view, lo->ru, false);
	}
	return WEIR_OK;
}

/* ---- an epoch */

/* Rows from the sources, or those that are replayed; *last: there are no
 * more. */
static int
fill(struct weir__loop *lo, uint64_t *rows, bool *last, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	const struct weir__settings *se = &ru->pl->settings;
	struct limits li;

	if (ru->op.replay != NULL) {
		while (spool_full(ru) && !atomic_load(&ru->stopping))
			wait_for_spool(lo, WEIR__POLL_SLICE);
		if (!atomic_load(&ru->stopping) &&
		    weir__replay_feed(ru->op.replay, ru, err) != WEIR_OK)
			return WEIR_ERROR;
		*last = !ru->op.replay->more;
		return WEIR_OK;
	}
	li.deadline = weir__run_monotonic() + se->epoch.every;
	li.rows = (uint64_t)se->epoch.rows;
	li.bytes = se->epoch.bytes;
	if (process(lo, &li, rows, err) != WEIR_OK)
		return WEIR_ERROR;
	*last = lo->nended == lo->nsources;
	return WEIR_OK;
}

/* With `read` from the sources, else only with what is left to be rejected. */
static int
one_epoch(struct weir__loop *lo, bool read, bool *last, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	struct weir__decision *de;
	struct weir__rejects *taken = NULL;
	uint64_t rows = 0;
	bool ended;

	ru->epoch++;
	ru->now = weir__run_clock(ru);
	*last = true;
	if (weir__poison_take(ru, &taken, err) != WEIR_OK ||
	    (read && fill(lo, &rows, last, err) != WEIR_OK)) {
		weir__poison_drop(ru, taken);
		return WEIR_ERROR;
	}
	ended = lo->nended == lo->nsources;
	*last |= atomic_load(&ru->stopping);
	if (weir__tree_end_epoch(ru->tree, ended && !ru->op.drain, err) !=
	    WEIR_OK) {
		weir__poison_drop(ru, taken);
		return WEIR_ERROR;
	}
	de = new_decision(ru, rows, *last);
	if (de == NULL) {
		weir__poison_drop(ru, taken);
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	}
	de->finished = ended && !ru->op.drain;
	de->taken = taken;
	if (ru->op.replay != NULL)
		weir__replay_decide(ru->op.replay, de);
	else
		keep_pending(lo, de);
	/* the cut of this epoch waits for the decision of the one before */
	weir__journal_drain(ru->journal);
	if (cut(ru, de, err) != WEIR_OK ||
	    weir__journal_state(ru->journal, de, err) != WEIR_OK) {
		weir__decision_unref(de);
		return WEIR_ERROR;
	}
	return weir__journal_give(ru->journal, de, err);
}

/* All is decided and published; rows that were refused at the very end make
 * epochs of their own. */
static int
finish(struct weir__loop *lo, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	bool last;
	size_t i;

	for (;;) {
		if (weir__journal_drain(ru->journal) != 0)
			return WEIR_ERROR;
		for (i = 0; i < ru->pl->nnodes; i++)
			if (ru->publishers[i] != NULL &&
			    weir__publisher_drain(ru->publishers[i]) != 0)
				return WEIR_ERROR;
		if (!weir__poison_waits(ru))
			break;
		if (one_epoch(lo, false, &last, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	if (commit(lo, err) < 0)
		return WEIR_ERROR;
	if (ru->op.replay != NULL)
		weir__replay_ran(ru->op.replay, ru);
	return weir__journal_close(ru->journal, err);
}

int
weir__epochs(struct weir__loop *lo, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	bool last = lo->nended == lo->nsources && lo->nothing;

	if (ru->op.replay != NULL) {
		if (weir__replay_run(ru->op.replay, ru, err) != WEIR_OK)
			return WEIR_ERROR;
		last = weir__shelf_list(ru->shelf)->n == 0;
	}

	while (!last && !atomic_load(&ru->failed)) {
		if (one_epoch(lo, true, &last, err) != WEIR_OK ||
		    commit(lo, err) != WEIR_OK)
			return WEIR_ERROR;
		if (atomic_load(&ru->decided) > ru->again_at)
			weir__run_back(ru, &ru->again, "");
		if (ru->op.view)
			weir__view_draw(&lo->view, ru, last);
	}
	return finish(lo, err);
}
