/* SPDX-License-Identifier: MIT
 *
 * The run: epochs on the worker, from opening the sinks to the last publish.
 *
 *	open publishers -> make the tree -> open sources
 *	each epoch: poll ... | watermarks, windows | cut | journal
 *	end: cut(last), drain journal and publishers, commit, summary
 */
#include "run/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/time.h"
#include "run/loop.h"
#include "run/past.h"

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
weir__run_blame(struct weir_err *err, const struct weir__node *nd,
    const char *what)
{
	if (err->span.src == 0)
		err->span = nd->span;
	if (err->text[0] == '\0')
		snprintf(err->text, sizeof err->text, "%s could not %s",
		    nd->what, what);
	snprintf(err->stage, sizeof err->stage, "%s", nd->id);
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
		atomic_store(&ru->asked, true);
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
open_sources(struct weir__loop *lo, struct weir_err *err)
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
find_sources(struct weir__loop *lo)
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

	if (ru->op.quiet || ru->op.json_log || ru->op.replay != NULL)
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

/* What earlier runs have left: said once, and heeded. */
static void
say_past(struct weir__run *ru, struct weir__loop *lo)
{
	const struct weir__past *pa = ru->past;
	bool finished = pa != NULL && pa->epoch != 0 &&
	    (pa->flags & WEIR__DECIDE_FINISHED) != 0;

	lo->nothing = finished;
	lo->nended = finished ? lo->nsources : 0;
	if (ru->up)
		return; /* a recovery in the process, which has been told */

	if (ru->taken_over)
		weir__log(&ru->log, WEIR_LOG_WARN, "", "the state directory %s "
		    "was another process's, which has lost it",
		    ru->pl->state_dir);
	if (pa == NULL || pa->epoch == 0 || ru->op.replay != NULL)
		return;
	if (finished)
		weir__log(&ru->log, WEIR_LOG_INFO, "", "all sources came to "
		    "their end in an earlier run: nothing is left to read "
		    "(`weir state reset` begins anew)");
	else
		weir__log(&ru->log, WEIR_LOG_INFO, "", "goes on behind epoch "
		    "%llu", (unsigned long long)pa->epoch);
}

static int
begin(struct weir__run *ru, struct weir__loop *lo, struct weir_err *err)
{
	bool durable = !ru->op.scratch;
	int rc;

	ru->spools = weir__zalloc((ru->pl->nnodes + 1) * sizeof *ru->spools);
	if (ru->spools == NULL || find_sources(lo) != 0 ||
	    (ru->journal = weir__journal_new(ru)) == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory",
		    "out of memory or threads");
	if (durable && weir__journal_read(ru->journal, err) != WEIR_OK)
		return WEIR_ERROR;
	if (open_publishers(ru, err) != WEIR_OK ||
	    (durable && weir__journal_begin(ru->journal, err) != WEIR_OK))
		return WEIR_ERROR;
	ru->now = weir__run_clock(ru);
	ru->tree = weir__tree_new(ru, err);
	if (ru->tree == NULL)
		return WEIR_ERROR;
	say_past(ru, lo);
	if (durable && (weir__journal_restore(ru->journal, err) != WEIR_OK ||
		weir__journal_redo(ru->journal, err) != WEIR_OK))
		return WEIR_ERROR;
	if (durable && ru->up)
		weir__journal_relieve(ru->journal);
	if (ru->past != NULL)
		weir__past_fini(ru->past);
	rc = lo->nothing || ru->op.replay != NULL ? WEIR_OK :
						    open_sources(lo, err);
	if (rc == WEIR_OK && ru->op.view)
		weir__view_init(&lo->view, ru);
	return rc;
}

static void
end(struct weir__run *ru, struct weir__loop *lo)
{
	size_t i;

	if (ru->journal != NULL)
		weir__journal_drain(ru->journal);
	for (i = 0; ru->publishers != NULL && i < ru->pl->nnodes; i++)
		weir__publisher_free(ru->publishers[i]);
	weir__journal_free(ru->journal);
	if (ru->tree != NULL)
		weir__tree_free(ru->tree);
	for (i = 0; ru->spools != NULL && i < ru->pl->nnodes; i++)
		weir__spool_free(ru->spools[i]);
	weir__free(ru->spools);
	weir__free(ru->publishers);
	if (ru->past != NULL)
		weir__past_fini(ru->past);
	weir__free(ru->past);
	weir__rejects_drop(ru->rejects);
	ru->journal = NULL;
	ru->publishers = NULL;
	ru->tree = NULL;
	ru->spools = NULL;
	ru->past = NULL;
	ru->rejects = ru->taking = NULL;
	for (i = 0; i < lo->npending; i++)
		weir__free(lo->pending[i].offsets);
	weir__view_fini(&lo->view);
	weir__free(lo->sources);
	weir__free(lo->ended);
}

/* From what the journal has to the end, or to a failure. */
static int
attempt(struct weir__run *ru)
{
	struct weir__loop lo = { .ru = ru };
	struct weir_err err = { 0 };
	int rc;

	rc = begin(ru, &lo, &err);
	if (rc == WEIR_OK) {
		ru->up = true;
		rc = weir__epochs(&lo, &err);
	}
	if (rc < 0)
		weir__run_fail(ru, &err); /* keeps the first failure */
	if (!atomic_load(&ru->failed) && ru->tree != NULL)
		print_summary(ru);
	end(ru, &lo);
	return rc;
}

/* ------------------------------------------------ recovery in the process */

/* Is it a failure that goes by itself, or by an operator's hand? */
static bool
passing(const struct weir_err *err)
{
	return strcmp(err->code, "disk.full") == 0 ||
	    strcmp(err->code, "disk.error") == 0;
}

/* An epoch that could not be decided is given up, and so is the whole tree:
 * after a while all of it begins again where the journal ends.  False: the run
 * has ended, or failed for good. */
static bool
again(struct weir__run *ru)
{
	struct weir__backoff *bo = &ru->again;
	struct weir_err err = { 0 };

	if (!atomic_load(&ru->failed) || !ru->up || ru->state_fd < 0 ||
	    !passing(&ru->err) || atomic_load(&ru->asked))
		return false;
	if (atomic_load(&ru->decided) > ru->again_at)
		memset(bo, 0, sizeof *bo);
	ru->again_at = atomic_load(&ru->decided);
	atomic_store(&ru->failed, false);
	atomic_store(&ru->stopping, false);
	atomic_store(&ru->stopped_at, 0);
	err = ru->err;
	snprintf(err.text, sizeof err.text, "what follows epoch %" PRIu64
	    " is given up: %.400s", ru->again_at, ru->err.text);
	if (weir__run_backoff(ru, bo, err.stage, &err) &&
	    !atomic_load(&ru->asked)) {
		memset(&err, 0, sizeof err);
		if (weir__run_renew(ru, &err) == WEIR_OK)
			memset(&ru->err, 0, sizeof ru->err);
		else
			weir__run_fail(ru, &err);
		return true;
	}
	err = ru->err;
	weir__run_fail(ru, &err);
	return false;
}

static int
run_locked(struct weir__run *ru)
{
	struct weir_err err = { 0 };
	int lock = -1, rc;

	if (ru->op.epoch_log != NULL &&
	    (ru->epoch_log = fopen(ru->op.epoch_log, "we")) == NULL) {
		weir_fail(&err, WEIR_NOWHERE, "run.epoch_log",
		    "%s can't be written: %m", ru->op.epoch_log);
		weir__run_fail(ru, &err);
		return WEIR_ERROR;
	}
	if (ru->op.scratch)
		memset(ru->pipeline_id, '0', sizeof ru->pipeline_id - 1);
	else if ((lock = weir__run_claim(ru, &err)) < 0) {
		weir__run_fail(ru, &err);
		return WEIR_ERROR;
	}
	do {
		rc = atomic_load(&ru->failed) ? WEIR_ERROR : attempt(ru);
	} while (again(ru));
	if (ru->epoch_log != NULL)
		fclose(ru->epoch_log);
	if (ru->state_fd >= 0)
		close(ru->state_fd);
	if (lock >= 0)
		close(lock);
	return rc;
}

static int
init(struct weir__run *ru)
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
	if (pthread_create(&ru->signals, NULL, signal_main, ru) == 0)
		ru->have_signals = true;
	return 0;
}

int
weir__run(const struct weir__plan *pl, struct weir__errors *es,
    const struct weir__run_options *op)
{
	struct weir__run *ru = weir__zalloc(sizeof *ru);
	int code = 1;

	if (ru == NULL) {
		fprintf(stderr, "weir: out of memory\n");
		return 1;
	}
	ru->pl = pl;
	ru->state_fd = -1;
	ru->errors = es;
	ru->op = *op;
	if (init(ru) != 0) {
		fprintf(stderr, "weir: the run could not begin\n");
	} else {
		run_locked(ru);
		if (atomic_load(&ru->failed))
			print_failure(ru, es);
		else
			code = 0;
	}
	if (ru->have_signals) {
		pthread_kill(ru->signals, SIGUSR2);
		pthread_join(ru->signals, NULL);
	}
	weir__shared_fini(&ru->shared);
	weir__metrics_fini(&ru->metrics);
	weir__log_fini(&ru->log);
	pthread_cond_destroy(&ru->wake);
	pthread_mutex_destroy(&ru->lock);
	weir__free(ru);
	return code;
}
