/* SPDX-License-Identifier: MIT
 *
 * The run: epochs on the worker, from opening the sinks to the last publish.
 *
 *	open publishers -> make the tree -> open sources
 *	each epoch: poll ... | watermarks, windows | cut | journal
 *	end: cut(last), drain journal and publishers, commit, summary
 */
#include "run/run.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/time.h"
#include "run/tree.h"

/* Signals, lags and confirmations are looked at this often, in us. */
#define POLL_SLICE 100000
/* Rows that one call of a source's poll may bring. */
#define POLL_ROWS (8 * WEIR_BATCH_ROWS)
/* Decisions whose offsets wait for their publishers. */
#define PENDING_MAX 64

struct pending {
	uint64_t epoch;
	struct weir__offset *offsets;
	size_t n;
};

struct loop {
	struct weir__run *ru;
	const struct weir__node **sources;
	bool *ended;
	size_t nsources, nended;
	struct pending pending[PENDING_MAX];
	size_t npending;
	uint64_t committed;
	struct weir__view view;
	pthread_t signals;
	bool have_signals;
};

int64_t
weir__run_monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t
real_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
weir__run_clock(struct weir__run *ru)
{
	return real_clock() + ru->clock_shift;
}

void
weir__run_fail(struct weir__run *ru, const struct weir_err *err)
{
	pthread_mutex_lock(&ru->lock);
	if (!atomic_load(&ru->failed)) {
		ru->err = *err;
		atomic_store(&ru->failed, true);
		atomic_store(&ru->stopping, true);
	}
	pthread_cond_broadcast(&ru->wake);
	pthread_mutex_unlock(&ru->lock);
}

/* --------------------------------------------------------------- back-off */

bool
weir__run_backoff(struct weir__run *ru, struct weir__backoff *bo,
    const char *stage, const struct weir_err *err)
{
	int64_t now = weir__run_monotonic(), until, left;
	struct timespec ts;

	if (bo->logged == 0 || now - bo->logged >= 60000000) {
		weir__log(&ru->log, WEIR_LOG_WARN, stage, "%s; %s",
		    err->text[0] != '\0' ? err->text : "not ready",
		    bo->logged == 0 ? "trying again until it is back" :
				      "still trying");
		bo->logged = now;
	}
	bo->tries++;
	bo->wait = bo->wait == 0 ? 100000 : bo->wait * 2;
	if (bo->wait > 10000000)
		bo->wait = 10000000;
	/* three quarters to five quarters, by the low bits of the clock */
	until = now + bo->wait * 3 / 4 + (now % 1000) * bo->wait / 2000;
	while ((left = until - weir__run_monotonic()) > 0 &&
	    !atomic_load(&ru->failed)) {
		if (atomic_load(&ru->stopping) && bo->tries > 20)
			return false;
		left = left < POLL_SLICE ? left : POLL_SLICE;
		ts.tv_sec = 0;
		ts.tv_nsec = left * 1000;
		nanosleep(&ts, NULL);
	}
	return !atomic_load(&ru->failed);
}

void
weir__run_back(struct weir__run *ru, struct weir__backoff *bo,
    const char *stage)
{
	if (bo->tries != 0)
		weir__log(&ru->log, WEIR_LOG_INFO, stage,
		    "back after %u tries", bo->tries);
	memset(bo, 0, sizeof *bo);
}

/* ---------------------------------------------------------------- signals */

/* The first signal ends the run with the epoch; the second ends it at once.
 * What comes with the first is the same request: timeout(1) signals its child
 * and then the child's whole group, and so the child twice. */
#define ONE_REQUEST_US 200000

static void *
signal_main(void *arg)
{
	struct weir__run *ru = arg;
	int64_t first = 0;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	for (;;) {
		if (sigwait(&set, &sig) != 0 || sig == SIGUSR2)
			return NULL;
		if (first != 0 &&
		    weir__run_monotonic() - first < ONE_REQUEST_US)
			continue;
		if (first != 0)
			_exit(1);
		first = weir__run_monotonic();
		atomic_store(&ru->stopping, true);
		weir__log(&ru->log, WEIR_LOG_INFO, "",
		    "ending: the epoch is published first; once more ends it "
		    "at once");
	}
}

static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* ------------------------------------------------------------ opening, end */

static int
open_publishers(struct weir__run *ru, struct weir_err *err)
{
	const struct weir__plan *pl = ru->pl;
	const struct weir__node *nd;
	size_t i;

	ru->publishers = weir__zalloc((pl->nnodes + 1) *
	    sizeof *ru->publishers);
	if (ru->publishers == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	for (i = 0; i < pl->nnodes; i++) {
		nd = pl->nodes[i];
		if (nd->type->role != WEIR_SINK ||
		    nd->type->sink->publish == NULL)
			continue;
		ru->publishers[nd->no] = weir__publisher_new(ru, nd, err);
		if (ru->publishers[nd->no] == NULL)
			return WEIR_ERROR;
		if (atomic_load(&ru->failed))
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
open_sources(struct loop *lo, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	struct weir__backoff bo = { 0 };
	int rc;

	for (;;) {
		memset(err, 0, sizeof *err);
		rc = weir__tree_open(ru->tree, ru->op.drain, err);
		if (rc != WEIR_AGAIN)
			break;
		if (atomic_load(&ru->stopping) ||
		    !weir__run_backoff(ru, &bo, err->stage, err))
			return WEIR_END;
	}
	if (rc == WEIR_OK)
		weir__run_back(ru, &bo, err->stage);
	return rc;
}

static int
find_sources(struct loop *lo)
{
	const struct weir__plan *pl = lo->ru->pl;
	size_t i;

	lo->sources = weir__zalloc((pl->nnodes + 1) * sizeof *lo->sources);
	lo->ended = weir__zalloc(pl->nnodes + 1);
	if (lo->sources == NULL || lo->ended == NULL)
		return -1;
	for (i = 0; i < pl->nnodes; i++)
		if (pl->nodes[i]->type->role == WEIR_SOURCE)
			lo->sources[lo->nsources++] = pl->nodes[i];
	return 0;
}

/* ----------------------------------------------------------------- commit */

static uint64_t
confirmed_by_all(struct weir__run *ru, uint64_t decided)
{
	uint64_t least = decided, e;
	size_t i;

	for (i = 0; i < ru->pl->nnodes; i++)
		if (ru->publishers[i] != NULL) {
			e = weir__publisher_confirmed(ru->publishers[i]);
			least = e < least ? e : least;
		}
	return least;
}

/* Tell the sources what every sink has published. */
static int
commit(struct loop *lo, uint64_t decided, struct weir_err *err)
{
	uint64_t least = confirmed_by_all(lo->ru, decided);
	struct pending *pe = NULL;
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
keep_pending(struct loop *lo, const struct weir__decision *de)
{
	struct pending *pe;
	size_t bytes = (de->noffsets + 1) * sizeof *de->offsets;

	/* full: the newest takes the place of the one before it */
	if (lo->npending == PENDING_MAX)
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

/* ------------------------------------------------------------------ epochs */

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
		if (nd->type->sink->cut != NULL &&
		    nd->type->sink->cut(sc->stage, de->epoch, de->last,
			&sc->cut, err) != WEIR_OK) {
			if (err->span.src == 0)
				err->span = nd->span;
			if (err->text[0] == '\0')
				snprintf(err->text, sizeof err->text,
				    "%s could not end an epoch", nd->what);
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
poll_one(struct loop *lo, size_t i, const struct limits *li, uint64_t *rows,
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

static bool
epoch_over(struct loop *lo, const struct limits *li, uint64_t rows,
    uint64_t bytes)
{
	return atomic_load(&lo->ru->stopping) || lo->nended == lo->nsources ||
	    (li->rows != 0 && rows >= li->rows) ||
	    (li->bytes != 0 && bytes >= li->bytes) ||
	    weir__run_monotonic() >= li->deadline;
}

/* Poll all sources in turn.  None waits while another may have rows. */
static int
process(struct loop *lo, const struct limits *li, uint64_t *rows,
    struct weir_err *err)
{
	uint64_t bytes = 0;
	int64_t wait = 0, left;
	bool any;
	size_t i;
	int rc;

	*rows = 0;
	while (!epoch_over(lo, li, *rows, bytes)) {
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
		wait = any ? 0 : POLL_SLICE / (int64_t)(lo->nsources + 1);
		wait = left < wait ? (left > 0 ? left : 0) : wait;
		if (lo->ru->op.view)
			weir__view_draw(&lo->view, lo->ru, false);
	}
	return WEIR_OK;
}

static int
one_epoch(struct loop *lo, bool *last, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	const struct weir__settings *se = &ru->pl->settings;
	struct weir__decision *de;
	struct limits li;
	uint64_t rows;
	bool ended;

	ru->epoch++;
	ru->now = weir__run_clock(ru);
	li.deadline = weir__run_monotonic() + se->epoch.every;
	li.rows = (uint64_t)se->epoch.rows;
	li.bytes = se->epoch.bytes;
	if (process(lo, &li, &rows, err) != WEIR_OK)
		return WEIR_ERROR;
	ended = lo->nended == lo->nsources;
	*last = ended || atomic_load(&ru->stopping);
	if (weir__tree_end_epoch(ru->tree, ended && !ru->op.drain, err) !=
	    WEIR_OK)
		return WEIR_ERROR;
	de = new_decision(ru, rows, *last);
	if (de == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	keep_pending(lo, de);
	/* the cut of this epoch waits for the decision of the one before */
	weir__journal_drain(ru->journal);
	if (cut(ru, de, err) != WEIR_OK) {
		weir__decision_unref(de);
		return WEIR_ERROR;
	}
	return weir__journal_give(ru->journal, de, err);
}

static int
finish(struct loop *lo, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	size_t i;

	if (weir__journal_drain(ru->journal) != 0)
		return WEIR_ERROR;
	for (i = 0; i < ru->pl->nnodes; i++)
		if (ru->publishers[i] != NULL &&
		    weir__publisher_drain(ru->publishers[i]) != 0)
			return WEIR_ERROR;
	return commit(lo, ru->epoch, err);
}

static int
epochs(struct loop *lo, struct weir_err *err)
{
	struct weir__run *ru = lo->ru;
	bool last = false;

	while (!last && !atomic_load(&ru->failed)) {
		if (one_epoch(lo, &last, err) != WEIR_OK ||
		    commit(lo, ru->epoch - 1, err) != WEIR_OK)
			return WEIR_ERROR;
		if (ru->op.view)
			weir__view_draw(&lo->view, ru, last);
	}
	return finish(lo, err);
}

/* ---------------------------------------------------------------- the run */

static void
print_failure(struct weir__run *ru, struct weir__errors *es)
{
	struct weir__buf bf;

	if (ru->log.json) {
		weir__log(&ru->log, WEIR_LOG_ERROR, ru->err.stage, "%s",
		    ru->err.text);
		return;
	}
	weir__buf_init(&bf);
	weir__error_print(es, &ru->err, &bf, isatty(STDERR_FILENO));
	if (!bf.failed)
		fwrite(bf.data, 1, bf.len, stderr);
	else
		fprintf(stderr, "weir: %s\n", ru->err.text);
	weir__buf_fini(&bf);
}

static void
print_summary(struct weir__run *ru)
{
	struct weir__buf bf;

	if (ru->op.quiet || ru->op.json_log)
		return;
	weir__buf_init(&bf);
	weir__tree_ledger(ru->tree, &bf);
	if (!bf.failed)
		fwrite(bf.data, 1, bf.len, stderr);
	weir__buf_fini(&bf);
}

static int
set_clock(struct weir__run *ru)
{
	const char *s = getenv("WEIR_CLOCK");
	int64_t us;

	if (s == NULL || s[0] == '\0')
		return 0;
	if (weir__time_parse(&us, s, strlen(s)) != WEIR__NUM_OK) {
		weir__log(&ru->log, WEIR_LOG_ERROR, "",
		    "WEIR_CLOCK=%s is no RFC 3339 time", s);
		return -1;
	}
	ru->clock_shift = us - real_clock();
	return 0;
}

static int
begin(struct weir__run *ru, struct loop *lo, struct weir_err *err)
{
	int rc;

	if (find_sources(lo) != 0 ||
	    (ru->journal = weir__journal_new(ru)) == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory",
		    "out of memory or threads");
	if (ru->op.epoch_log != NULL &&
	    (ru->epoch_log = fopen(ru->op.epoch_log, "we")) == NULL)
		return weir_fail(err, WEIR_NOWHERE, "run.epoch_log",
		    "%s can't be written: %m", ru->op.epoch_log);
	if (open_publishers(ru, err) != WEIR_OK)
		return WEIR_ERROR;
	ru->now = weir__run_clock(ru);
	ru->tree = weir__tree_new(ru, err);
	if (ru->tree == NULL)
		return WEIR_ERROR;
	if (!ru->op.scratch)
		weir__log(&ru->log, WEIR_LOG_INFO, "",
	    "this version keeps no journal: the run begins where each source's "
	    "`start` says, and windows that are open at its end are lost");
	rc = open_sources(lo, err);
	if (rc == WEIR_OK && ru->op.view)
		weir__view_init(&lo->view, ru);
	return rc;
}

static void
end(struct weir__run *ru, struct loop *lo)
{
	size_t i;

	weir__journal_free(ru->journal);
	for (i = 0; ru->publishers != NULL && i < ru->pl->nnodes; i++)
		weir__publisher_free(ru->publishers[i]);
	if (ru->tree != NULL)
		weir__tree_free(ru->tree);
	weir__free(ru->publishers);
	if (ru->epoch_log != NULL)
		fclose(ru->epoch_log);
	for (i = 0; i < lo->npending; i++)
		weir__free(lo->pending[i].offsets);
	weir__view_fini(&lo->view);
	weir__free(lo->sources);
	weir__free(lo->ended);
}

static int
run_locked(struct weir__run *ru, struct loop *lo)
{
	struct weir_err err = { 0 };
	int lock = -1, rc;

	if (ru->op.scratch)
		memset(ru->pipeline_id, '0', sizeof ru->pipeline_id - 1);
	else if ((lock = weir__run_claim(ru, &err)) < 0) {
		weir__run_fail(ru, &err);
		return WEIR_ERROR;
	}
	rc = begin(ru, lo, &err);
	if (rc == WEIR_OK)
		rc = epochs(lo, &err);
	if (rc < 0)
		weir__run_fail(ru, &err); /* keeps the first failure */
	if (!atomic_load(&ru->failed) && ru->tree != NULL)
		print_summary(ru);
	end(ru, lo);
	if (lock >= 0)
		close(lock);
	return rc;
}

static int
init(struct weir__run *ru, struct loop *lo)
{
	if (weir__log_init(&ru->log, ru->op.json_log, ru->op.quiet) != 0 ||
	    weir__shared_init(&ru->shared) != 0 ||
	    weir__metrics_init(&ru->metrics) != 0 ||
	    pthread_mutex_init(&ru->lock, NULL) != 0 ||
	    pthread_cond_init(&ru->wake, NULL) != 0)
		return -1;
	if (set_clock(ru) != 0)
		return -1;
	block_signals();
	if (pthread_create(&lo->signals, NULL, signal_main, ru) == 0)
		lo->have_signals = true;
	return 0;
}

int
weir__run(const struct weir__plan *pl, struct weir__errors *es,
    const struct weir__run_options *op)
{
	struct weir__run *ru = weir__zalloc(sizeof *ru);
	struct loop lo = { .ru = ru };
	int code = 1;

	if (ru == NULL) {
		fprintf(stderr, "weir: out of memory\n");
		return 1;
	}
	ru->pl = pl;
	ru->errors = es;
	ru->op = *op;
	if (init(ru, &lo) != 0) {
		fprintf(stderr, "weir: the run could not begin\n");
	} else {
		run_locked(ru, &lo);
		if (atomic_load(&ru->failed))
			print_failure(ru, es);
		else
			code = 0;
	}
	if (lo.have_signals) {
		pthread_kill(lo.signals, SIGUSR2);
		pthread_join(lo.signals, NULL);
	}
	weir__shared_fini(&ru->shared);
	weir__metrics_fini(&ru->metrics);
	weir__log_fini(&ru->log);
	pthread_cond_destroy(&ru->wake);
	pthread_mutex_destroy(&ru->lock);
	weir__free(ru);
	return code;
}
