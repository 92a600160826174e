/* SPDX-License-Identifier: MIT
 *
 * Removing what a state directory keeps.
 *
 * The id goes first: from then on a run refuses the journal as another
 * pipeline's, until all of it is gone.  The fence stays, so that a process that
 * lost its place by --take-over never takes itself for the owner again.
 *
 * Single sinks and stages begin anew by a record of the journal; what it
 * supersedes goes with the journal's and the state's trimming.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "plan/fingerprint.h"
#include "run/claim.h"
#include "run/look.h"
#include "run/opening.h"

/* All below a name of `dir`, and it; 0 when it is not there. */
static int
remove_tree(int dir, const char *name)
{
	int fd = openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	struct dirent *de;
	DIR *dp;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	dp = fdopendir(fd);
	if (dp == NULL) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (de = readdir(dp)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dp), de->d_name, 0) == 0 || errno == ENOENT)
			continue;
		rc = errno == EISDIR || errno == EPERM ?
		    remove_tree(dirfd(dp), de->d_name) : -1;
	}
	closedir(dp);
	return rc == 0 ? unlinkat(dir, name, AT_REMOVEDIR) : rc;
}

static int
remove_all(int dir)
{
	static const char *const trees[] = { "journal", "state", "spool",
		"replay" };
	size_t i;

	if ((unlinkat(dir, "id", 0) != 0 && errno != ENOENT) || fsync(dir) != 0)
		return -1;
	for (i = 0; i < sizeof trees / sizeof *trees; i++)
		if (remove_tree(dir, trees[i]) != 0)
			return -1;
	return fsync(dir);
}

/* The lock's descriptor; -1 with errno. */
static int
lock_it(int dir)
{
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	struct stat a, b;

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (fstat(fd, &a) == 0 && fstatat(dir, "lock", &b, 0) == 0 &&
		    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return fd;
		errno = EWOULDBLOCK;
	}
	close(fd);
	return -1;
}

/* The directory and, locked, its lock; -1 and err. */
static int
open_locked(int *dir, const char *path, struct weir_err *err)
{
	int lock;

	*dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0) {
		weir_fail(err, WEIR_NOWHERE, errno == ENOENT ? "state.none" :
			"state.dir",
		    "the state directory %s can't be opened: %m", path);
		return -1;
	}
	lock = lock_it(*dir);
	if (lock >= 0)
		return lock;
	if (errno == EWOULDBLOCK)
		weir_fail(err, WEIR_NOWHERE, "state.locked",
		    "a run holds the state directory %s: stop it first", path);
	else
		weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s/lock can't be taken: %m", path);
	close(*dir);
	return -1;
}

int
weir__look_reset(const char *path, struct weir_err *err)
{
	int dir, lock = open_locked(&dir, path, err), rc = WEIR_OK;

	if (lock < 0)
		return WEIR_ERROR;
	if (remove_all(dir) != 0)
		rc = weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "not all of %s could be removed: %m; once more does the "
		    "rest", path);
	close(lock);
	close(dir);
	return rc;
}

/* ---- parts of it */

/* Is it there to be forgotten? */
static int
known(struct weir__look *lo, const struct weir__anew *an, struct weir_err *err)
{
	struct weir__past *pa = &lo->past;
	const struct weir__past_sink *si = weir__past_sink(pa, an->id);
	size_t n = strlen(an->id);

	if (an->kind == WEIR__FORGET_SINK)
		return si != NULL && si->born ? WEIR_OK :
		    weir_fail(err, WEIR_NOWHERE, "state.sink",
			"the state in %s knows no sink %s: `weir state show` "
			"lists them", lo->path, an->id);
	if ((pa->plan != NULL && weir__plan_has(pa->plan, an->id, n)) ||
	    (pa->opened != NULL && weir__plan_has(pa->opened, an->id, n)))
		return WEIR_OK;
	return weir_fail(err, WEIR_NOWHERE, "state.stage",
	    "nothing is kept in %s of a stage %s: `weir plan` lists those that "
	    "keep anything", lo->path, an->id);
}

static int
write_all(struct weir__look *lo, int dir, const struct weir__anew *list,
    size_t n, struct weir_err *err)
{
	struct weir__segments *sg;
	struct weir__past past;
	uint64_t fence;
	int rc, fd;
	size_t i;

	if (weir__state_fence(lo->dir, &fence) != 0)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s/fence can't be written: %m", lo->path);
	fd = openat(dir, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s/journal can't be opened: %m", lo->path);
	weir__past_init(&past);
	sg = weir__segments_open(fd, lo->id, weir__past_take, &past, err);
	rc = sg == NULL ? WEIR_ERROR : weir__segments_begin(sg, fence, err);
	for (i = 0; i < n && rc == WEIR_OK; i++)
		rc = weir__forget_put(sg, &past, list[i].kind, list[i].id, err);
	if (rc == WEIR_OK)
		weir__segments_end(sg);
	weir__segments_close(sg);
	weir__past_fini(&past);
	close(fd);
	return rc == WEIR_OK ? WEIR_OK : WEIR_ERROR;
}

int
weir__look_forget(const char *path, const struct weir__anew *list, size_t n,
    struct weir_err *err)
{
	int dir, lock = open_locked(&dir, path, err), rc;
	struct weir__look lo;
	size_t i;

	if (lock < 0)
		return WEIR_ERROR;
	rc = weir__look(&lo, path, err);
	for (i = 0; i < n && rc == WEIR_OK; i++)
		rc = known(&lo, &list[i], err);
	if (rc == WEIR_OK)
		rc = write_all(&lo, dir, list, n, err);
	weir__look_fini(&lo);
	close(lock);
	close(dir);
	return rc;
}
