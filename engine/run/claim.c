/* SPDX-License-Identifier: MIT
 *
 * The state directory: one process at a time, the pipeline's id, the fence.
 *
 *	DIR/lock    flock'ed while a run lasts; --take-over puts another file in
 *		    its place
 *	DIR/id      32 hex digits, made with the directory
 *	DIR/fence   how many runs have owned it
 *	DIR/.fence.N  made once by who has the number N
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "run/claim.h"
#include "run/run.h"

/* A directory's own name is on the disk once the one above it is synced; one
 * that may not be read can't be, and was hardly made just now. */
static int
sync_above(char *part, size_t n)
{
	int rc;

	memcpy(part + n, "/..", 4);
	rc = weir__io.sync_dir(WEIR_AT("claim.mkdir.sync"), AT_FDCWD, part);
	part[n] = '\0';
	return rc == 0 || errno == EACCES ? 0 : -1;
}

static int
make_dirs(const char *path)
{
	char part[PATH_MAX + 4];
	size_t i, n = strlen(path);
	int rc;

	if (n == 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		rc = weir__io.mkdir(WEIR_AT("claim.mkdir"), AT_FDCWD, part,
		    0777);
		if (rc != 0 && errno != EEXIST)
			return -1;
		/* the last one always: who made it may not have come so far */
		if ((rc == 0 || i == n) && sync_above(part, i) != 0)
			return -1;
	}
	return 0;
}

char *
weir__state_read(int dir, const char *name)
{
	int fd = weir__io.open(WEIR_AT("recover.small.open"), dir, name,
	    O_RDONLY, 0);
	struct weir__buf bf;
	ssize_t got = 0;
	char *to, *text;

	if (fd < 0)
		return errno == ENOENT ? weir__strdup("") : NULL;
	weir__buf_init(&bf);
	while ((to = weir__buf_room(&bf, 4096)) != NULL &&
	    (got = weir__io.pread(WEIR_AT("recover.small.read"), fd, to, 4096,
		 (int64_t)bf.len)) > 0)
		bf.len += (size_t)got;
	close(fd);
	text = got < 0 || bf.failed ? NULL :
				      weir__strndup(weir__buf_cstr(&bf), bf.len);
	weir__buf_fini(&bf);
	return text;
}

/* Written aside, under a name of this process, synced, renamed.  `first`: only
 * where there is none yet; EEXIST else. */
static int
write_small(int dir, const char *name, const char *text, bool first)
{
	char aside[32];
	int fd, rc, err;

	snprintf(aside, sizeof aside, ".new.%ld", (long)getpid());
	fd = weir__io.open(WEIR_AT("claim.open"), dir, aside,
	    O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return -1;
	rc = weir__io.write(WEIR_AT("claim.write"), fd, text, strlen(text));
	if (rc == 0)
		rc = weir__io.sync(WEIR_AT("claim.sync"), fd);
	if (weir__io.close(WEIR_AT("claim.close"), fd) != 0)
		rc = -1;
	if (rc == 0)
		rc = first ? weir__io.rename_new(WEIR_AT("claim.rename.new"),
				 dir, aside, dir, name) :
			     weir__io.rename(WEIR_AT("claim.rename"), dir,
				 aside, dir, name);
	if (rc != 0) {
		err = errno;
		weir__io.unlink(WEIR_AT("claim.unlink"), dir, aside, 0);
		errno = err;
		return -1;
	}
	return weir__io.sync_dir(WEIR_AT("claim.dir"), dir, ".");
}

int
weir__state_write(int dir, const char *name, const char *text)
{
	return write_small(dir, name, text, false);
}

static int
find_id(struct weir__run *ru, int dir)
{
	unsigned char bytes[16];
	char *text = weir__state_read(dir, "id");
	bool first;
	size_t i;

	if (text == NULL)
		return -1;
	snprintf(ru->pipeline_id, sizeof ru->pipeline_id, "%.32s", text);
	i = strspn(text, "0123456789abcdef");
	first = text[0] == '\0';
	weir__free(text);
	if (i == 32)
		return 0;
	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return -1;
	for (i = 0; i < sizeof bytes; i++)
		snprintf(ru->pipeline_id + 2 * i, 3, "%02x", bytes[i]);
	if (write_small(dir, "id", ru->pipeline_id, first) == 0)
		return 0;
	/* another process was quicker: what it says holds */
	return first && errno == EEXIST ? find_id(ru, dir) : -1;
}

/* The number in DIR/fence; 0 when there is none. */
static int
read_fence(int dir, uint64_t *fence)
{
	char *text = weir__state_read(dir, "fence");

	if (text == NULL)
		return -1;
	*fence = strtoull(text, NULL, 10);
	weir__free(text);
	return 0;
}

/* Remove the file by which a number was made one process's own. */
static void
unmark(int dir, uint64_t fence)
{
	char name[40];

	snprintf(name, sizeof name, ".fence.%llu", (unsigned long long)fence);
	(void)weir__io.unlink(WEIR_AT("claim.unmark"), dir, name, 0);
}

/* The number is this process's own: the file DIR/.fence.N could be made, and
 * DIR/fence was still below it then.  1 yes, 0 no, -1 errno. */
static int
mark(int dir, uint64_t fence)
{
	char name[40];
	uint64_t now;
	int fd;

	snprintf(name, sizeof name, ".fence.%llu", (unsigned long long)fence);
	fd = weir__io.open(WEIR_AT("claim.mark"), dir, name,
	    O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	close(fd);
	if (read_fence(dir, &now) != 0)
		return -1;
	if (now < fence)
		return 1;
	unmark(dir, fence);
	return 0;
}

/* No two processes ever have the same number, not even one that was stopped
 * in the middle of this. */
int
weir__state_fence(int dir, uint64_t *fence)
{
	char text[32];
	int rc;

	if (read_fence(dir, fence) != 0)
		return -1;
	do {
		rc = mark(dir, ++*fence);
	} while (rc == 0);
	if (rc < 0)
		return -1;
	snprintf(text, sizeof text, "%llu\n", (unsigned long long)*fence);
	if (weir__state_write(dir, "fence", text) != 0)
		return -1;
	unmark(dir, *fence - 1); /* ours stays until the next is there */
	return 0;
}

int
weir__run_owns(const struct weir__run *ru, struct weir_err *err)
{
	uint64_t fence;

	if (ru->state_fd < 0)
		return WEIR_OK;
	if (read_fence(ru->state_fd, &fence) != 0)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s/fence can't be read: %m", ru->pl->state_dir);
	if (fence == ru->fence)
		return WEIR_OK;
	return weir_fail(err, WEIR_NOWHERE, "state.taken",
	    "another process has taken over the state directory %s: this one "
	    "has lost it, and nothing more is published", ru->pl->state_dir);
}

int
weir__run_renew(struct weir__run *ru, struct weir_err *err)
{
	uint64_t fence;

	if (weir__run_owns(ru, err) != WEIR_OK)
		return WEIR_ERROR;
	if (weir__state_fence(ru->state_fd, &fence) == 0) {
		ru->fence = fence;
		return WEIR_OK;
	}
	return weir_fail(err, WEIR_NOWHERE, weir__disk_code("state.dir"),
	    "the state directory %s can't be used: %m", ru->pl->state_dir);
}

/* ---- the lock */

/* A lock of our own in the place of the other's. */
static int
replace_lock(int dir)
{
	int fd = openat(dir, "lock.new", O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    weir__io.rename(WEIR_AT("claim.lock"), dir, "lock.new", dir,
		"lock") == 0)
		return fd;
	close(fd);
	return -1;
}

/* Is the file that is locked still the one that has the name? */
static bool
same_file(int dir, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, "lock", &b, 0) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The descriptor, or -1 with errno; EWOULDBLOCK: another holds it. */
static int
take_lock(struct weir__run *ru, int dir)
{
	int fd;

	for (;;) {
		fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			if (same_file(dir, fd))
				return fd;
			close(fd);
			continue;
		}
		close(fd);
		if (errno != EWOULDBLOCK || !ru->op.take_over)
			return -1;
		ru->taken_over = true;
		return replace_lock(dir);
	}
}

int
weir__run_claim(struct weir__run *ru, struct weir_err *err)
{
	const char *path = ru->pl->state_dir;
	int dir = -1, lock = -1;

	if (make_dirs(path) != 0 ||
	    (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		goto fail;
	lock = take_lock(ru, dir);
	if (lock < 0 && errno == EWOULDBLOCK) {
		weir_fail(err, WEIR_NOWHERE, "state.locked",
		    "another process runs with the state directory %s: stop it "
		    "first, or give this run another with settings { state: "
		    "... }; if it hangs, --take-over makes it lose its place",
		    path);
		goto out;
	}
	if (lock < 0 || find_id(ru, dir) != 0 ||
	    weir__state_fence(dir, &ru->fence) != 0)
		goto fail;
	ru->state_fd = dir;
	return lock;
fail:
	weir_fail(err, WEIR_NOWHERE, weir__disk_code("state.dir"),
	    "the state directory %s can't be used: %m", path);
out:
	if (dir >= 0)
		close(dir);
	if (lock >= 0)
		close(lock);
	return -1;
}
