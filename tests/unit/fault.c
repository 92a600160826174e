/* SPDX-License-Identifier: MIT
 *
 * WEIR_FAULT: what can be read, what each action does at a place, and that the
 * places reached are written down.  Each case is a process of its own, since
 * faults are armed once.
 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/io.h"

static char dir[] = "/tmp/weir-fault.XXXXXX";

static const struct {
	const char *spec;
	int rc;
} specs[] = {
	{ NULL, 0 },
	{ "", 0 },
	{ "a.b=kill", 0 },
	{ "a.b=stop,c.d=eio@3", 0 },
	{ "a.b=enospc@0", 0 },
	{ "*=short@12", 0 },
	{ "a.b=delay,", 0 },
	{ "a.b", -1 },
	{ "=kill", -1 },
	{ "a.b=", -1 },
	{ "a.b=kil", -1 },
	{ "a.b=killed", -1 },
	{ "a.b=kill@", -1 },
	{ "a.b=kill@x", -1 },
	{ "a.b=kill@-1", -1 },
	{ "a.b=kill@ 1", -1 },
	{ "a.b=kill@1x", -1 },
	{ "a.b=kill,,c.d=kill", -1 },
	{ "a23456789.123456789.123456789.123456789.123456789.123456789.1234=eio",
	    -1 },
};

static void
parsing(void)
{
	char what[128];
	size_t i;
	int rc;

	for (i = 0; i < sizeof specs / sizeof *specs; i++) {
		fflush(stdout);
		if (fork() == 0)
			_exit(weir__fault_arm(specs[i].spec, NULL) == 0 ? 0 : 1);
		wait(&rc);
		snprintf(what, sizeof what, "\"%s\" %s",
		    specs[i].spec == NULL ? "NULL" : specs[i].spec,
		    specs[i].rc == 0 ? "is read" : "is refused");
		t_line(rc == (specs[i].rc == 0 ? 0 : 1 << 8), __FILE__,
		    __LINE__, what);
	}
}

static int64_t
length(const char *name)
{
	char path[128];
	struct stat sb;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &sb) == 0 ? (int64_t)sb.st_size : -1;
}

/* Three writes of eight bytes at t.write, a sync at t.sync: how many calls
 * failed, with what. */
static int
writes(const char *spec, const char *name)
{
	char path[128];
	int fd, i, bad = 0;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (weir__fault_arm(spec, NULL) != 0)
		return 99;
	fd = weir__io.open("t.open", AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return 98;
	for (i = 0; i < 3; i++)
		if (weir__io.write("t.write", fd, "12345678", 8) != 0)
			bad = bad * 10 + 1 + (errno == ENOSPC);
	if (weir__io.datasync("t.sync", fd) != 0)
		bad = bad * 10 + 5 + (errno == ENOSPC);
	return bad;
}

/* What became of it: its exit code, or 1000 and the signal. */
static int
child(const char *spec, const char *name)
{
	int rc;

	fflush(stdout);
	if (fork() == 0)
		_exit(writes(spec, name));
	wait(&rc);
	return WIFSIGNALED(rc) ? 1000 + WTERMSIG(rc) : WEXITSTATUS(rc);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
actions(void)
{
	int64_t began;

	T_INT(child(NULL, "none"), 0);
	T_INT(length("none"), 24);
	T_INT(child("t.write=kill@2", "kill"), 1000 + SIGKILL);
	T_INT(length("kill"), 8); /* before the effect, not behind it */
	T_INT(child("t.write=eio", "eio"), 1);
	T_INT(length("eio"), 16);
	T_INT(child("t.write=enospc@3", "enospc"), 2);
	T_INT(length("enospc"), 16);
	T_INT(child("t.write=short@2", "short"), 2);
	T_INT(length("short"), 20); /* half of the second */
	T_INT(child("t.write=eio@0", "every"), 111);
	T_INT(length("every"), 0);
	T_INT(child("t.sync=short", "sync"), 6);
	T_INT(child("t.write=eio@1,t.sync=eio", "two"), 15);
	T_INT(child("*=kill@3", "any"), 1000 + SIGKILL);
	T_INT(length("any"), 8); /* open, write, and then no more */
	T_INT(child("t.else=kill", "else"), 0);
	began = now_ms();
	T_INT(child("t.write=delay@2", "delay"), 0);
	T(now_ms() - began >= 200);
}

static void
stopping(void)
{
	int rc;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(writes("t.sync=stop", "stop"));
	T(waitpid(pid, &rc, WUNTRACED) == pid && WIFSTOPPED(rc));
	T_INT(length("stop"), 24);
	kill(pid, SIGCONT);
	T(waitpid(pid, &rc, 0) == pid && WIFEXITED(rc) &&
	    WEXITSTATUS(rc) == 0);
}

/* The log has each place once, in the order of the first time. */
static void
logging(void)
{
	char path[128], text[256] = "";
	ssize_t got;
	int fd, rc, i;

	snprintf(path, sizeof path, "%s/log", dir);
	fflush(stdout);
	if (fork() == 0) {
		if (weir__fault_arm("b.b=eio", path) != 0)
			_exit(1);
		for (i = 0; i < 3; i++) {
			weir__io.point("a.a");
			weir__io.point("b.b");
		}
		weir__io.point("c.c");
		kill(getpid(), SIGKILL);
	}
	wait(&rc);
	T(WIFSIGNALED(rc));
	fd = open(path, O_RDONLY);
	got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	T(got > 0);
	T_STR(text, "a.a\nb.b\nc.c\n");
	if (fd >= 0)
		close(fd);
}

int
main(void)
{
	static const char *const names[] = { "none", "kill", "eio", "enospc",
		"short", "every", "sync", "two", "any", "else", "delay",
		"stop", "log" };
	size_t i;

	if (mkdtemp(dir) == NULL)
		return 1;
	parsing();
	actions();
	stopping();
	logging();
	if (chdir(dir) == 0) {
		for (i = 0; i < sizeof names / sizeof *names; i++)
			unlink(names[i]);
		rmdir(dir);
	}
	return t_done();
}
