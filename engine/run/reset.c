/* SPDX-License-Identifier: MIT
 *
 * Removing what a state directory keeps.
 *
 * The id goes first: from then on a run refuses the journal as another
 * pipeline's, until all of it is gone.  The fence stays, so that a process that
 * lost its place by --take-over never takes itself for the owner again.
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
#include "run/look.h"

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
	static const char *const trees[] = { "journal", "state", "spool" };
	size_t i;

	if ((unlinkat(dir, "id", 0) != 0 && errno != ENOENT) || fsync(dir) != 0)
		return -1;
	for (i = 0; i < sizeof trees / sizeof *trees; i++)
		if (remove_tree(dir, trees[i]) != 0)
			return -1;
	if (unlinkat(dir, "plan", 0) != 0 && errno != ENOENT)
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

int
weir__look_reset(const char *path, struct weir_err *err)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock, rc;

	if (dir < 0)
		return weir_fail(err, WEIR_NOWHERE, errno == ENOENT ?
			"state.none" : "state.dir",
		    "the state directory %s can't be opened: %m", path);
	lock = lock_it(dir);
	if (lock < 0)
		rc = errno == EWOULDBLOCK ?
		    weir_fail(err, WEIR_NOWHERE, "state.locked",
			"a run holds the state directory %s: stop it first",
			path) :
		    weir_fail(err, WEIR_NOWHERE, "state.dir",
			"%s/lock can't be taken: %m", path);
	else if ((rc = remove_all(dir)) != 0)
		rc = weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "not all of %s could be removed: %m; once more does the "
		    "rest", path);
	if (lock >= 0)
		close(lock);
	close(dir);
	return rc;
}
