/* SPDX-License-Identifier: MIT
 *
 * C11 threads as POSIX threads, for tests under ThreadSanitizer: it sees only
 * the latter, and crashes in threads that were started by the former, as
 * librdkafka's are.  glibc's types of both are the same underneath.
 */
#ifndef C11_THREADS_H
#define C11_THREADS_H
#ifdef __SANITIZE_THREAD__

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

#define C11_EXPORT __attribute__((visibility("default")))

struct c11_start {
	thrd_start_t fn;
	void *arg;
};

static void *
c11_main(void *arg)
{
	struct c11_start s = *(struct c11_start *)arg;

	free(arg);
	return (void *)(intptr_t)s.fn(s.arg);
}

static int
c11_rc(int rc)
{
	return rc == 0 ? thrd_success : rc == ETIMEDOUT ? thrd_timedout :
	    rc == EBUSY ? thrd_busy : thrd_error;
}

/* Its atomics are not seen. */
C11_EXPORT const char *
__tsan_default_suppressions(void)
{
	return "race:librdkafka.so\n";
}

C11_EXPORT int
thrd_create(thrd_t *th, thrd_start_t fn, void *arg)
{
	struct c11_start *s = malloc(sizeof(*s));

	*s = (struct c11_start){ fn, arg };
	return c11_rc(pthread_create(th, NULL, c11_main, s));
}

C11_EXPORT int
thrd_join(thrd_t th, int *res)
{
	void *out;
	int rc = pthread_join(th, &out);

	if (res != NULL)
		*res = (int)(intptr_t)out;
	return c11_rc(rc);
}

C11_EXPORT int
mtx_init(mtx_t *m, int type)
{
	pthread_mutexattr_t at;
	int rc;

	pthread_mutexattr_init(&at);
	if (type & mtx_recursive)
		pthread_mutexattr_settype(&at, PTHREAD_MUTEX_RECURSIVE);
	rc = pthread_mutex_init((pthread_mutex_t *)m, &at);
	pthread_mutexattr_destroy(&at);
	return c11_rc(rc);
}

C11_EXPORT int
mtx_lock(mtx_t *m)
{
	return c11_rc(pthread_mutex_lock((pthread_mutex_t *)m));
}

C11_EXPORT int
mtx_trylock(mtx_t *m)
{
	return c11_rc(pthread_mutex_trylock((pthread_mutex_t *)m));
}

C11_EXPORT int
mtx_unlock(mtx_t *m)
{
	return c11_rc(pthread_mutex_unlock((pthread_mutex_t *)m));
}

C11_EXPORT void
mtx_destroy(mtx_t *m)
{
	pthread_mutex_destroy((pthread_mutex_t *)m);
}

C11_EXPORT int
cnd_init(cnd_t *c)
{
	return c11_rc(pthread_cond_init((pthread_cond_t *)c, NULL));
}

C11_EXPORT int
cnd_signal(cnd_t *c)
{
	return c11_rc(pthread_cond_signal((pthread_cond_t *)c));
}

C11_EXPORT int
cnd_broadcast(cnd_t *c)
{
	return c11_rc(pthread_cond_broadcast((pthread_cond_t *)c));
}

C11_EXPORT int
cnd_wait(cnd_t *c, mtx_t *m)
{
	return c11_rc(pthread_cond_wait((pthread_cond_t *)c,
	    (pthread_mutex_t *)m));
}

C11_EXPORT int
cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *at)
{
	return c11_rc(pthread_cond_timedwait((pthread_cond_t *)c,
	    (pthread_mutex_t *)m, at));
}

C11_EXPORT void
cnd_destroy(cnd_t *c)
{
	pthread_cond_destroy((pthread_cond_t *)c);
}

#endif
#endif
