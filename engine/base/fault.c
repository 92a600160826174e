/* SPDX-License-Identifier: MIT
 *
 * Faults at places of the I/O table: what WEIR_FAULT asks for.
 */
#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_FAULTS 32
#define MAX_PLACES 512

enum action { KILL, STOP, EIO_, ENOSPC_, SHORT_, DELAY };

static const char *const actions[] = { "kill", "stop", "eio", "enospc",
	"short", "delay" };

/* A test's, as the fault counter of alloc.c: nothing is armed elsewhere. */
static struct {
	_Atomic bool armed;
	pthread_mutex_t lock;
	struct {
		char place[64];
		enum action action;
		unsigned long at; /* the how manieth time; 0: every time */
		unsigned long n;
	} list[MAX_FAULTS];
	size_t nlist;
	const char *seen[MAX_PLACES]; /* literals */
	size_t nseen;
	int log;
} faults = { .lock = PTHREAD_MUTEX_INITIALIZER, .log = -1 };

static int
add(const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n), *at;
	size_t i, len;
	char *end;

	if (eq == NULL || eq == s || faults.nlist == MAX_FAULTS ||
	    (size_t)(eq - s) >= sizeof faults.list[0].place)
		return -1;
	memcpy(faults.list[faults.nlist].place, s, (size_t)(eq - s));
	n -= (size_t)(eq + 1 - s);
	s = eq + 1;
	at = memchr(s, '@', n);
	len = at != NULL ? (size_t)(at - s) : n;
	faults.list[faults.nlist].at = 1;
	if (at != NULL) {
		if (at[1] < '0' || at[1] > '9')
			return -1;
		faults.list[faults.nlist].at = strtoul(at + 1, &end, 10);
		if (end != s + n)
			return -1;
	}
	for (i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strlen(actions[i]) == len && memcmp(actions[i], s, len) == 0)
			break;
	if (i == sizeof actions / sizeof *actions)
		return -1;
	faults.list[faults.nlist++].action = (enum action)i;
	return 0;
}

int
weir__fault_arm(const char *spec, const char *log)
{
	size_t n;

	if (log != NULL && log[0] != '\0') {
		faults.log = open(log,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (faults.log < 0)
			return -1;
		atomic_store(&faults.armed, true);
	}
	while (spec != NULL && *spec != '\0') {
		n = strcspn(spec, ",");
		if (add(spec, n) != 0)
			return -1;
		spec += n + (spec[n] == ',');
		atomic_store(&faults.armed, true);
	}
	return 0;
}

static void
note(const char *place)
{
	char line[80];
	size_t i;
	int n;

	for (i = 0; i < faults.nseen; i++)
		if (strcmp(faults.seen[i], place) == 0)
			return;
	if (faults.nseen < MAX_PLACES)
		faults.seen[faults.nseen++] = place;
	n = snprintf(line, sizeof line, "%s\n", place);
	if (faults.log >= 0 && n > 0 && write(faults.log, line, (size_t)n) < 0)
		faults.log = -1;
}

static enum weir__fault
act(enum action ac)
{
	struct timespec ts = { .tv_nsec = 200 * 1000 * 1000 };

	switch (ac) {
	case KILL:
		kill(getpid(), SIGKILL);
		pause();
		break;
	case STOP:
		kill(getpid(), SIGSTOP);
		break;
	case DELAY:
		nanosleep(&ts, NULL);
		break;
	case EIO_:
		errno = EIO;
		return WEIR__FAULT_FAIL;
	case ENOSPC_:
		errno = ENOSPC;
		return WEIR__FAULT_FAIL;
	case SHORT_:
		errno = ENOSPC;
		return WEIR__FAULT_SHORT;
	}
	return WEIR__FAULT_NONE;
}

enum weir__fault
weir__fault(const char *place)
{
	bool hit = false;
	enum action ac = DELAY;
	size_t i;

	if (!atomic_load_explicit(&faults.armed, memory_order_relaxed))
		return WEIR__FAULT_NONE;
	pthread_mutex_lock(&faults.lock);
	note(place);
	for (i = 0; i < faults.nlist; i++) {
		if (strcmp(faults.list[i].place, place) != 0 &&
		    strcmp(faults.list[i].place, "*") != 0)
			continue;
		faults.list[i].n++;
		if (faults.list[i].at == 0 ||
		    faults.list[i].n == faults.list[i].at) {
			hit = true;
			ac = faults.list[i].action;
		}
	}
	pthread_mutex_unlock(&faults.lock);
	return hit ? act(ac) : WEIR__FAULT_NONE;
}
