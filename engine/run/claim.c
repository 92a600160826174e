/* SPDX-License-Identifier: MIT
 *
 * The state directory: one process at a time, the pipeline's id, the fence.
 *
 *	DIR/lock    flock'ed while a run lasts
 *	DIR/id      32 hex digits, made with the directory
 *	DIR/fence   how many runs have owned it
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/run.h"

static int
make_dirs(const char *path)
{
	char part[PATH_MAX];
	size_t i, n = strlen(path);

	if (n == 0 || n >= sizeof part) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) != 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

/* Up to n - 1 bytes of a small file; "" when it is not there. */
static int
read_small(int dir, const char *name, char *to, size_t n)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	to[0] = '\0';
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	got = read(fd, to, n - 1);
	close(fd);
	if (got < 0)
		return -1;
	to[got] = '\0';
	return 0;
}

/* Written aside, synced, renamed. */
static int
write_small(int dir, const char *name, const char *text)
{
	size_t n = strlen(text);
	int fd = openat(dir, ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0666);

	if (fd < 0)
		return -1;
	if (write(fd, text, n) != (ssize_t)n || fdatasync(fd) != 0) {
		close(fd);
		return -1;
	}
	if (close(fd) != 0 || renameat(dir, ".new", dir, name) != 0)
		return -1;
	return fsync(dir);
}

static int
find_id(struct weir__run *ru, int dir)
{
	unsigned char bytes[16];
	char text[40];
	size_t i;

	if (read_small(dir, "id", text, sizeof text) != 0)
		return -1;
	if (strspn(text, "0123456789abcdef") != 32) {
		if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
			return -1;
		for (i = 0; i < sizeof bytes; i++)
			snprintf(text + 2 * i, 3, "%02x", bytes[i]);
		if (write_small(dir, "id", text) != 0)
			return -1;
	}
	memcpy(ru->pipeline_id, text, 32);
	ru->pipeline_id[32] = '\0';
	return 0;
}

static int
next_fence(struct weir__run *ru, int dir)
{
	char text[32];

	if (read_small(dir, "fence", text, sizeof text) != 0)
		return -1;
	ru->fence = strtoull(text, NULL, 10) + 1;
	snprintf(text, sizeof text, "%llu\n", (unsigned long long)ru->fence);
	return write_small(dir, "fence", text);
}

int
weir__run_claim(struct weir__run *ru, struct weir_err *err)
{
	const char *path = ru->pl->state_dir;
	int dir = -1, lock = -1;

	if (make_dirs(path) != 0 ||
	    (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    (lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC,
		 0666)) < 0)
		goto fail;
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			goto fail;
		weir_fail(err, WEIR_NOWHERE, "state.locked",
		    "another process runs with the state directory %s: stop it "
		    "first, or give this run another with settings { state: "
		    "... }", path);
		goto out;
	}
	if (find_id(ru, dir) != 0 || next_fence(ru, dir) != 0)
		goto fail;
	close(dir);
	return lock;
fail:
	weir_fail(err, WEIR_NOWHERE, "state.dir",
	    "the state directory %s can't be used: %m", path);
out:
	if (dir >= 0)
		close(dir);
	if (lock >= 0)
		close(lock);
	return -1;
}
