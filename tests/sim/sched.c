/* SPDX-License-Identifier: MIT
 *
 * Threads of which one runs at a time.  The C library's functions for threads
 * and clocks are taken over: the program's come first.  Every lock, wait and
 * wake is a point where another thread may be drawn to go on, or the process
 * to end.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

#define MAX_THREADS 256 /* of a life, which may begin again */
#define ENDLESS 3000000
#define BEGIN INT64_C(1767225600000000) /* 2026 */

enum how { FREE = 0, READY, LOCKING, WAITING, JOINING, SIGNALS, DONE };

struct thread {
	enum how how;
	const void *on; /* a mutex, a condition, a thread */
	int64_t until;	/* of a wait with an end, or 0 */
	int sig;
	pthread_t real;
	sem_t turn;
	void *(*fn)(void *);
	void *arg, *ret;
};

static struct thread threads[MAX_THREADS];
static int nthreads;
static bool on;
static __thread int me;

/* The C library's own; ISO C has no cast from data to functions. */
static void *
libc(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static bool
ready(const struct thread *th)
{
	if (th->how == READY)
		return true;
	if (th->how == LOCKING) /* the mutex holds its owner and 1 */
		return *(const int *)th->on == 0;
	if (th->how == JOINING)
		return ((const struct thread *)th->on)->how == DONE;
	if (th->how == SIGNALS)
		return th->sig != 0;
	return th->how == WAITING && th->until != 0 &&
	    world->clock >= th->until;
}

/* The one that goes on.  Where all wait for time, time goes on. */
static int
choose(void)
{
	int list[MAX_THREADS], n = 0, i;
	int64_t least = 0;

	for (i = 0; i < nthreads; i++)
		if (ready(&threads[i]))
			list[n++] = i;
	if (n > 0)
		return list[draw((uint32_t)n)];
	for (i = 0; i < nthreads; i++)
		if (threads[i].how == WAITING && threads[i].until != 0 &&
		    (least == 0 || threads[i].until < least))
			least = threads[i].until;
	if (least == 0)
		_exit(EXIT_DEADLOCK);
	world->clock = least;
	return choose();
}

static void
hand_over(void)
{
	int next = choose(), self = me;

	if (next == self)
		return;
	sem_post(&threads[next].turn);
	while (sem_wait(&threads[self].turn) != 0)
		continue;
}

void
sched_point(void)
{
	if (!on)
		return;
	if (++world->choices > ENDLESS)
		_exit(EXIT_ENDLESS);
	if (once_in(world->crash_in))
		_exit(EXIT_CRASH);
	if (threads[me].how != READY || once_in(world->switch_in))
		hand_over();
}

static void
block(enum how how, const void *what)
{
	threads[me].how = how;
	threads[me].on = what;
	sched_point();
	threads[me].how = READY;
}

void
sched_begin(void)
{
	memset(threads, 0, sizeof threads);
	me = 0;
	nthreads = 1;
	threads[0].how = READY;
	sem_init(&threads[0].turn, 0, 0);
	on = true;
}

/* ---- threads */

static void *
main_of(void *arg)
{
	struct thread *th = arg;
	int next;

	me = (int)(th - threads);
	while (sem_wait(&th->turn) != 0)
		continue;
	th->ret = th->fn(th->arg);
	th->how = DONE;
	next = choose();
	sem_post(&threads[next].turn);
	return NULL;
}

int
pthread_create(pthread_t *to, const pthread_attr_t *attr, void *(*fn)(void *),
    void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
	    void *);
	struct thread *th;
	int rc;

	*(void **)&real = libc("pthread_create");
	if (!on)
		return real(to, attr, fn, arg);
	if (nthreads == MAX_THREADS)
		return EAGAIN;
	th = &threads[nthreads];
	*th = (struct thread){ .how = READY, .fn = fn, .arg = arg };
	sem_init(&th->turn, 0, 0);
	rc = real(&th->real, attr, main_of, th);
	if (rc != 0)
		return rc;
	*to = th->real;
	nthreads++;
	sched_point();
	return 0;
}

static struct thread *
find(pthread_t t)
{
	int i;

	/* what has been joined leaves its handle to the next one */
	for (i = nthreads; --i > 0;)
		if (pthread_equal(threads[i].real, t))
			return &threads[i];
	return NULL;
}

int
pthread_join(pthread_t t, void **ret)
{
	int (*real)(pthread_t, void **);
	struct thread *th;

	*(void **)&real = libc("pthread_join");
	if (!on || (th = find(t)) == NULL)
		return real(t, ret);
	if (th->how != DONE)
		block(JOINING, th);
	if (ret != NULL)
		*ret = th->ret;
	return real(t, NULL);
}

int
pthread_kill(pthread_t t, int sig)
{
	struct thread *th = find(t);

	if (th == NULL)
		return ESRCH;
	th->sig = sig;
	sched_point();
	return 0;
}

int
sigwait(const sigset_t *set, int *sig)
{
	(void)set;
	block(SIGNALS, NULL);
	*sig = threads[me].sig;
	threads[me].sig = 0;
	return 0;
}

/* ---- locks: the first int of a mutex is its owner and 1 */

int
pthread_mutex_init(pthread_mutex_t *mu, const pthread_mutexattr_t *attr)
{
	(void)attr;
	memset(mu, 0, sizeof *mu);
	return 0;
}

int
pthread_mutex_destroy(pthread_mutex_t *mu)
{
	(void)mu;
	return 0;
}

int
pthread_mutex_lock(pthread_mutex_t *mu)
{
	int *owner = (int *)(void *)mu;

	if (on)
		sched_point();
	if (on && *owner == me + 1)
		broken("a thread locks what it has locked");
	if (on && *owner != 0)
		block(LOCKING, owner);
	*owner = me + 1;
	return 0;
}

int
pthread_mutex_trylock(pthread_mutex_t *mu)
{
	int *owner = (int *)(void *)mu;

	if (*owner != 0)
		return EBUSY;
	*owner = me + 1;
	return 0;
}

int
pthread_mutex_unlock(pthread_mutex_t *mu)
{
	int *owner = (int *)(void *)mu;

	if (on && *owner != me + 1)
		broken("a thread unlocks what it has not locked");
	*owner = 0;
	if (on)
		sched_point();
	return 0;
}

int
pthread_cond_init(pthread_cond_t *co, const pthread_condattr_t *attr)
{
	(void)co;
	(void)attr;
	return 0;
}

int
pthread_cond_destroy(pthread_cond_t *co)
{
	(void)co;
	return 0;
}

static int
wait_for(pthread_cond_t *co, pthread_mutex_t *mu, int64_t until)
{
	int *owner = (int *)(void *)mu;
	bool late;

	if (*owner != me + 1)
		broken("a thread waits without the lock");
	*owner = 0;
	threads[me].until = until;
	block(WAITING, co);
	late = threads[me].on != NULL;
	threads[me].until = 0;
	if (*owner != 0)
		block(LOCKING, owner);
	*owner = me + 1;
	return late && until != 0 ? ETIMEDOUT : 0;
}

int
pthread_cond_wait(pthread_cond_t *co, pthread_mutex_t *mu)
{
	return wait_for(co, mu, 0);
}

int
pthread_cond_timedwait(pthread_cond_t *co, pthread_mutex_t *mu,
    const struct timespec *ts)
{
	int64_t until = (int64_t)ts->tv_sec * 1000000 + ts->tv_nsec / 1000;

	return wait_for(co, mu, until > 0 ? until : 1);
}

static void
wake(pthread_cond_t *co, bool all)
{
	int list[MAX_THREADS], n = 0, i, k;

	for (i = 0; i < nthreads; i++)
		if (threads[i].how == WAITING && threads[i].on == co)
			list[n++] = i;
	for (i = 0; i < n; i++) {
		k = all || n == 1 ? list[i] : list[draw((uint32_t)n)];
		threads[k].how = READY;
		threads[k].on = NULL;
		if (!all)
			break;
	}
	sched_point();
}

int
pthread_cond_signal(pthread_cond_t *co)
{
	wake(co, false);
	return 0;
}

int
pthread_cond_broadcast(pthread_cond_t *co)
{
	wake(co, true);
	return 0;
}

/* ---- time */

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t us;

	(void)id;
	world->clock++;
	us = BEGIN + world->clock;
	ts->tv_sec = us / 1000000;
	ts->tv_nsec = us % 1000000 * 1000;
	return 0;
}

int
nanosleep(const struct timespec *ts, struct timespec *left)
{
	if (left != NULL)
		memset(left, 0, sizeof *left);
	world->clock += (int64_t)ts->tv_sec * 1000000 + ts->tv_nsec / 1000 + 1;
	sched_point();
	return 0;
}
