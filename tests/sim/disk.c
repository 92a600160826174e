/* SPDX-License-Identifier: MIT
 *
 * The disk of a simulation: the table of effects over real files in memory,
 * which fail when it is drawn, and a record of all that was not synced, so that
 * a power cut can take it back.
 *
 * Names are taken back from the last one on, up to a point that is drawn, but
 * none in a directory that was synced since.  Of the bytes of a file any are
 * taken back, whole writes or blocks of 512.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "sim.h"

#define BLOCK 512

static char root[PATH_MAX];
static char grave[PATH_MAX]; /* what was unlinked and may come back */

void
disk_root(const char *path)
{
	snprintf(root, sizeof root, "%s", path);
	snprintf(grave, sizeof grave, "%s.gone", path);
	mkdir(grave, 0777);
}

/* ---- the record */

static void
full_path(int dir, const char *path, char *to)
{
	char link[64];
	ssize_t n = 0;

	if (path[0] != '/') {
		if (dir == AT_FDCWD)
			snprintf(link, sizeof link, "/proc/self/cwd");
		else
			snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
		n = readlink(link, to, PATH_MAX / 2);
		if (n < 0)
			n = 0;
		to[n++] = '/';
	}
	snprintf(to + n, PATH_MAX - (size_t)n, "%s", path);
}

static bool
ours(const char *path)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && strlen(path) < 256;
}

static ino_t
parent(const char *path)
{
	char dir[PATH_MAX];
	struct stat sb;
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		return 0;
	*slash = '\0';
	return stat(dir, &sb) == 0 ? sb.st_ino : 0;
}

static const char *
path_of(ino_t ino)
{
	uint32_t i;

	for (i = world->ninodes; i-- > 0;)
		if (world->inodes[i].ino == ino)
			return world->inodes[i].path;
	return NULL;
}

static void
now_at(ino_t ino, const char *path)
{
	uint32_t i;

	for (i = 0; i < world->ninodes; i++)
		if (world->inodes[i].ino == ino)
			break;
	if (i == MAX_INODES)
		broken("the simulation has too many files");
	if (i == world->ninodes)
		world->ninodes++;
	world->inodes[i].ino = ino;
	snprintf(world->inodes[i].path, sizeof world->inodes[i].path, "%s",
	    path);
}

static struct undo *
note(enum undo_kind kind, ino_t ino)
{
	struct undo *un;
	uint32_t i, k;

	if (world->nundo == MAX_UNDO) {
		for (i = k = 0; i < world->nundo; i++)
			if (!world->undo[i].done)
				world->undo[k++] = world->undo[i];
		world->nundo = k;
	}
	if (world->nundo == MAX_UNDO)
		broken("the simulation has too much that is not synced");
	un = &world->undo[world->nundo++];
	memset(un, 0, sizeof *un);
	un->kind = kind;
	un->ino = ino;
	return un;
}

static void
note_name(enum undo_kind kind, ino_t ino, const char *from, const char *to)
{
	struct undo *un = note(kind, ino);

	un->dirs[0] = parent(from);
	un->dirs[1] = to != NULL ? parent(to) : 0;
	snprintf(un->from, sizeof un->from, "%s", from);
	snprintf(un->to, sizeof un->to, "%s", to != NULL ? to : "");
}

/* What stands in [offset, offset + n), before it is written over. */
static void
note_bytes(enum undo_kind kind, int fd, int64_t offset, int64_t n)
{
	struct undo *un;
	struct stat sb;
	int64_t have;
	bool any = false;
	uint32_t i;

	if (fstat(fd, &sb) != 0 || path_of(sb.st_ino) == NULL)
		return;
	for (i = 0; i < world->nundo; i++)
		any |= !world->undo[i].done;
	if (!any)
		world->nbytes = 0;
	un = note(kind, sb.st_ino);
	un->offset = offset;
	un->len = n;
	un->old_len = sb.st_size;
	have = sb.st_size - offset;
	have = have < 0 ? 0 : have < n ? have : n;
	if (world->nbytes + (size_t)have > UNDO_BYTES)
		broken("the simulation writes too much");
	un->old = world->nbytes;
	un->old_n = (size_t)have;
	if (have > 0 && pread(fd, world->bytes + un->old, un->old_n, offset) !=
	    have)
		broken("the simulation can't read back");
	world->nbytes += un->old_n;
}

static void
settle(ino_t ino)
{
	struct undo *un = world->undo, *end = un + world->nundo;
	char path[PATH_MAX + 32];

	for (; un < end; un++) {
		if (un->done)
			continue;
		if (un->kind <= U_LENGTH ? un->ino == ino :
					   un->dirs[0] == ino ||
			un->dirs[1] == ino) {
			un->done = true;
			if (un->kind != U_UNLINK)
				continue;
			snprintf(path, sizeof path, "%s/%lu", grave,
			    (unsigned long)un->ino);
			unlink(path);
		}
	}
}

/* ---- the table */

/* With -v: what is done, to which file. */
static void
tell(const char *at, int fd, const char *path)
{
	char link[64], to[PATH_MAX];
	ssize_t n;

	if (!world->loud)
		return;
	if (path == NULL && fd >= 0) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		n = readlink(link, to, sizeof to - 1);
		to[n < 0 ? 0 : n] = '\0';
		path = to;
	}
	dprintf(STDERR_FILENO, "  %s %s\n", at, path == NULL ? "" : path);
}

/* An effect: threads may change, the process may end, it may fail. */
static bool
fails(const char *at, int fd, const char *path)
{
	sched_point();
	tell(at, fd, path);
	if (!once_in(world->fault_in))
		return false;
	world->faulted = true;
	world->faults++;
	errno = draw(2) == 0 ? EIO : ENOSPC;
	return true;
}

static int
sim_open(const char *at, int dir, const char *path, int flags, mode_t mode)
{
	char full[PATH_MAX];
	struct stat sb;
	bool there, empty;
	int fd;

	if (fails(at, -1, path))
		return -1;
	full_path(dir, path, full);
	there = stat(full, &sb) == 0;
	empty = there && (flags & O_TRUNC) != 0;
	if ((flags & O_ACCMODE) == O_WRONLY) /* old bytes are read, too */
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	fd = openat(dir, path, (flags & ~O_TRUNC) | O_CLOEXEC, mode);
	if (fd < 0 || !ours(full) || fstat(fd, &sb) != 0 ||
	    !S_ISREG(sb.st_mode))
		return fd;
	now_at(sb.st_ino, full);
	if (!there)
		note_name(U_CREATE, sb.st_ino, full, NULL);
	if (empty) {
		note_bytes(U_LENGTH, fd, 0, sb.st_size);
		if (ftruncate(fd, 0) != 0)
			abort();
	}
	return fd;
}

static int
sim_close(const char *at, int fd)
{
	bool bad = fails(at, fd, NULL);
	int err = errno, rc = close(fd);

	errno = err;
	return bad ? -1 : rc;
}

static int
put(const char *at, int fd, const void *p, size_t n, int64_t offset, bool here)
{
	bool half = false;

	if (here)
		offset = lseek(fd, 0, SEEK_CUR);
	sched_point();
	tell(at, fd, NULL);
	if (once_in(world->fault_in)) {
		world->faulted = half = true;
		world->faults++;
		n = draw((uint32_t)n + 1);
	}
	note_bytes(U_WRITE, fd, offset, (int64_t)n);
	if ((here ? write(fd, p, n) : pwrite(fd, p, n, offset)) != (ssize_t)n)
		broken("the simulation can't write: %m");
	if (half)
		errno = ENOSPC;
	return half ? -1 : 0;
}

static int
sim_write(const char *at, int fd, const void *p, size_t n)
{
	return put(at, fd, p, n, 0, true);
}

static int
sim_pwrite(const char *at, int fd, const void *p, size_t n, int64_t offset)
{
	return put(at, fd, p, n, offset, false);
}

static ssize_t
sim_pread(const char *at, int fd, void *p, size_t n, int64_t offset)
{
	size_t done = 0;
	ssize_t got;

	if (fails(at, fd, NULL))
		return -1;
	while (done < n) {
		got = pread(fd, (char *)p + done, n - done,
		    offset + (int64_t)done);
		if (got <= 0)
			return got < 0 ? -1 : (ssize_t)done;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int
sync_fd(const char *at, int fd)
{
	struct stat sb;

	if (fails(at, fd, NULL))
		return -1;
	if (fstat(fd, &sb) == 0)
		settle(sb.st_ino);
	return 0;
}

static int
sim_sync(const char *at, int fd)
{
	return sync_fd(at, fd);
}

static int
sim_sync_dir(const char *at, int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = sync_fd(at, fd);
	close(fd);
	return rc;
}

static int
sim_truncate(const char *at, int fd, int64_t length)
{
	struct stat sb;

	if (fails(at, fd, NULL))
		return -1;
	if (fstat(fd, &sb) == 0)
		note_bytes(U_LENGTH, fd, length,
		    sb.st_size > length ? sb.st_size - length : 0);
	return ftruncate(fd, length);
}

static int
sim_allocate(const char *at, int fd, int64_t length)
{
	struct stat sb;

	if (fails(at, fd, NULL) || fstat(fd, &sb) != 0)
		return -1;
	if (sb.st_size >= length)
		return 0;
	note_bytes(U_LENGTH, fd, sb.st_size, 0);
	return ftruncate(fd, length);
}

static int
sim_mkdir(const char *at, int dir, const char *path, mode_t mode)
{
	char full[PATH_MAX];
	struct stat sb;

	if (fails(at, -1, path) || mkdirat(dir, path, mode) != 0)
		return -1;
	full_path(dir, path, full);
	if (ours(full) && stat(full, &sb) == 0) {
		now_at(sb.st_ino, full);
		note_name(U_MKDIR, sb.st_ino, full, NULL);
	}
	return 0;
}

/* Into the grave, from where it may come back. */
static int
bury(const char *path)
{
	char to[PATH_MAX + 32];
	struct stat sb;

	if (lstat(path, &sb) != 0)
		return -1;
	snprintf(to, sizeof to, "%s/%lu", grave, (unsigned long)sb.st_ino);
	note_name(U_UNLINK, sb.st_ino, path, NULL);
	now_at(sb.st_ino, to);
	return rename(path, to);
}

static int
move(int fromdir, const char *from, int todir, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];
	struct stat sb;
	bool over;

	full_path(fromdir, from, a);
	full_path(todir, to, b);
	if (stat(a, &sb) != 0)
		return -1;
	if (!ours(a) || !ours(b))
		return rename(a, b);
	over = access(b, F_OK) == 0;
	if (over && bury(b) != 0)
		return -1;
	note_name(U_RENAME, sb.st_ino, a, b);
	world->undo[world->nundo - 1].over = over;
	now_at(sb.st_ino, b);
	return rename(a, b);
}

static int
sim_rename(const char *at, int fromdir, const char *from, int todir,
    const char *to)
{
	return fails(at, -1, to) ? -1 : move(fromdir, from, todir, to);
}

static int
sim_rename_new(const char *at, int fromdir, const char *from, int todir,
    const char *to)
{
	char b[PATH_MAX];

	if (fails(at, -1, to))
		return -1;
	full_path(todir, to, b);
	if (access(b, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return move(fromdir, from, todir, to);
}

static int
sim_unlink(const char *at, int dir, const char *path, int flags)
{
	char full[PATH_MAX];

	if (fails(at, -1, path))
		return -1;
	full_path(dir, path, full);
	if ((flags & AT_REMOVEDIR) != 0 || !ours(full))
		return unlinkat(dir, path, flags);
	return bury(full);
}

static int
sim_point(const char *at)
{
	return fails(at, -1, NULL) ? -1 : 0;
}

const struct weir_io weir__io = {
	.size = sizeof(struct weir_io),
	.open = sim_open,
	.close = sim_close,
	.write = sim_write,
	.pwrite = sim_pwrite,
	.pread = sim_pread,
	.datasync = sim_sync,
	.sync = sim_sync,
	.sync_dir = sim_sync_dir,
	.truncate = sim_truncate,
	.allocate = sim_allocate,
	.mkdir = sim_mkdir,
	.rename = sim_rename,
	.rename_new = sim_rename_new,
	.unlink = sim_unlink,
	.point = sim_point,
};

/* ---- a power cut */

/* The old bytes of [from, to) of what was written. */
static void
put_back(int fd, const struct undo *un, int64_t from, int64_t to)
{
	static const char zeros[BLOCK];
	int64_t k, n;

	for (; from < to; from += n) {
		k = from - un->offset;
		if (k < (int64_t)un->old_n) {
			n = (int64_t)un->old_n - k;
			n = n < to - from ? n : to - from;
			n = pwrite(fd, world->bytes + un->old + k, (size_t)n,
			    from);
		} else {
			n = to - from < BLOCK ? to - from : BLOCK;
			n = pwrite(fd, zeros, (size_t)n, from);
		}
		if (n <= 0)
			abort();
	}
}

/* A write is lost whole, or some of its blocks; a length with it, unless
 * something behind it stays. */
static void
lose_bytes(struct undo *un, int64_t *kept)
{
	const char *path = path_of(un->ino);
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	int64_t at, next, end = un->offset + un->len;
	uint32_t how = draw(3);
	struct stat sb;

	if (fd < 0)
		return;
	if (how == 0) { /* it stays */
		*kept = end > *kept ? end : *kept;
	} else if (un->kind == U_LENGTH) {
		if (fstat(fd, &sb) == 0 && un->old_len > sb.st_size &&
		    ftruncate(fd, un->old_len) == 0)
			put_back(fd, un, un->offset,
			    un->offset + (int64_t)un->old_n);
		else if (un->old_len >= *kept && ftruncate(fd, un->old_len) != 0)
			abort();
	} else {
		for (at = un->offset; at < end; at = next) {
			next = (at / BLOCK + 1) * BLOCK;
			next = next < end ? next : end;
			if (how == 2 && draw(2) == 0)
				*kept = next > *kept ? next : *kept;
			else
				put_back(fd, un, at, next);
		}
		if (*kept <= un->old_len && ftruncate(fd, un->old_len) != 0)
			abort();
	}
	close(fd);
}

static void
lose_name(struct undo *un)
{
	char path[PATH_MAX + 32];
	const char *now = path_of(un->ino);

	snprintf(path, sizeof path, "%s/%lu", grave, (unsigned long)un->ino);
	switch (un->kind) {
	case U_CREATE:
	case U_MKDIR:
		if (now == NULL || strcmp(now, un->from) != 0)
			break;
		if (rename(un->from, path) == 0)
			now_at(un->ino, path);
		break;
	case U_RENAME:
		if (now == NULL || strcmp(now, un->to) != 0 ||
		    access(un->from, F_OK) == 0)
			break;
		if (rename(un->to, un->from) == 0)
			now_at(un->ino, un->from);
		break;
	default:
		if (access(un->from, F_OK) != 0 && rename(path, un->from) == 0)
			now_at(un->ino, un->from);
		break;
	}
}

void
disk_power_cut(void)
{
	static int64_t kept[MAX_INODES];
	uint32_t i, k, names = 0, lose;
	struct undo *un;

	memset(kept, 0, sizeof kept);
	for (i = 0; i < world->nundo; i++)
		names += !world->undo[i].done &&
		    world->undo[i].kind >= U_CREATE;
	lose = draw(names + 1);
	for (i = world->nundo; i-- > 0;) {
		un = &world->undo[i];
		if (un->done)
			continue;
		if (un->kind >= U_CREATE) {
			if (lose > 0) {
				lose_name(un);
				/* with it, what it took the place of */
				lose -= un->over && lose == 1 ? 0 : 1;
			}
			continue;
		}
		for (k = 0; k < world->ninodes; k++)
			if (world->inodes[k].ino == un->ino)
				break;
		lose_bytes(un, &kept[k < MAX_INODES ? k : 0]);
	}
	world->nundo = 0;
	world->nbytes = 0;
	world->cuts++;
}
