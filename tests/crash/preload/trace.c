/* SPDX-License-Identifier: MIT
 *
 * What a process does to the files below one directory, written down in order:
 * a library for LD_PRELOAD, so that nothing escapes it, whether it goes through
 * the engine's table of effects or not.
 *
 *	TRACE_ROOT   the directory, absolute
 *	TRACE_LOG    a file that gets a line for each effect that succeeded:
 *
 *	O ino len path        a regular file was opened; its length behind it
 *	W ino offset len      written; the bytes and a line feed follow the line
 *	T ino len             its length was set
 *	A ino len             blocks up to len, the length grows to it
 *	S ino                 fsync or fdatasync of a file
 *	D ino                 fsync of a directory
 *	M ino path            a directory was made
 *	R from<TAB>to         renamed
 *	L from<TAB>to         linked
 *	U path                unlinked
 *	X path                a directory was removed
 *
 * A lock is held over effect and line: the order of lines is one in which the
 * effects may have happened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -2; /* not looked at yet */
static char root[PATH_MAX];
static size_t nroot;


static bool
on(void)
{
	const char *path;

	if (log_fd != -2)
		return log_fd >= 0;
	log_fd = -1;
	path = getenv("TRACE_LOG");
	if (path == NULL || getenv("TRACE_ROOT") == NULL)
		return false;
	snprintf(root, sizeof root, "%s/", getenv("TRACE_ROOT"));
	nroot = strlen(root);
	log_fd = (int)syscall(SYS_openat, AT_FDCWD, path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return log_fd >= 0;
}

static void
put(const void *p, size_t n)
{
	const char *s = p;
	ssize_t got;

	while (n > 0) {
		got = syscall(SYS_write, log_fd, s, n);
		if (got <= 0)
			abort();
		s += got;
		n -= (size_t)got;
	}
}

__attribute__((format(printf, 1, 2))) static void
line(const char *fmt, ...)
{
	char buf[3 * PATH_MAX];
	va_list ap;
	int n, err = errno;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	put(buf, (size_t)n);
	errno = err;
}

/* The path below the root, or NULL.  Neither symbolic links nor ".." are
 * expected. */
static const char *
resolve(int dir, const char *path, char *to)
{
	char link[64];
	ssize_t n = 0;

	if (path[0] != '/') {
		if (dir == AT_FDCWD)
			snprintf(link, sizeof link, "/proc/self/cwd");
		else
			snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
		n = readlink(link, to, PATH_MAX - 2);
		if (n < 0)
			return NULL;
		to[n++] = '/';
	}
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	snprintf(to + n, PATH_MAX - (size_t)n, "%s", path);
	n = (ssize_t)strlen(to);
	while (n > 1 && to[n - 1] == '/')
		to[--n] = '\0';
	return strncmp(to, root, nroot) == 0 ? to + nroot : NULL;
}

/* The inode of a descriptor of a file below the root, 0: another. */
static unsigned long
inode(int fd, mode_t kind)
{
	char link[64], path[PATH_MAX + 1];
	struct stat sb;
	ssize_t n;

	if (fstat(fd, &sb) != 0 || (sb.st_mode & S_IFMT) != kind)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return 0;
	path[n++] = '/'; /* the root itself counts */
	path[n] = '\0';
	return strncmp(path, root, nroot) == 0 ? (unsigned long)sb.st_ino : 0;
}

static void
begin(void)
{
	pthread_mutex_lock(&lock);
}

static void
end(void)
{
	pthread_mutex_unlock(&lock);
}

/* ---- opening */

static int
opened(int dir, const char *path, int flags, mode_t mode)
{
	char full[PATH_MAX];
	const char *rel;
	struct stat sb;
	int fd;

	if (!on())
		return (int)syscall(SYS_openat, dir, path, flags, mode);
	begin();
	fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY &&
	    (rel = resolve(dir, path, full)) != NULL && fstat(fd, &sb) == 0 &&
	    S_ISREG(sb.st_mode))
		line("O %lu %lld %s\n", (unsigned long)sb.st_ino,
		    (long long)sb.st_size, rel);
	end();
	return fd;
}

#define MODE(flags)                                                            \
	do {                                                                   \
		va_list ap;                                                    \
		va_start(ap, flags);                                           \
		mode = (flags & (O_CREAT | O_TMPFILE)) ?                       \
		    va_arg(ap, mode_t) :                                       \
		    0;                                                         \
		va_end(ap);                                                    \
	} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags);
	return opened(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags);
	return opened(AT_FDCWD, path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags);
	return opened(dir, path, flags, mode);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags);
	return opened(dir, path, flags, mode);
}

/* ---- writing */

static ssize_t
written(int fd, const void *p, size_t n, off_t offset, bool here)
{
	unsigned long ino;
	ssize_t got;

	if (!on())
		return here ? syscall(SYS_write, fd, p, n) :
			      syscall(SYS_pwrite64, fd, p, n, offset);
	begin();
	got = here ? syscall(SYS_write, fd, p, n) :
		     syscall(SYS_pwrite64, fd, p, n, offset);
	if (got > 0 && (ino = inode(fd, S_IFREG)) != 0) {
		if (here)
			offset = lseek(fd, 0, SEEK_CUR) - got;
		line("W %lu %lld %zd\n", ino, (long long)offset, got);
		put(p, (size_t)got);
		put("\n", 1);
	}
	end();
	return got;
}

ssize_t
write(int fd, const void *p, size_t n)
{
	return written(fd, p, n, 0, true);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t offset)
{
	return written(fd, p, n, offset, false);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t offset)
{
	return written(fd, p, n, offset, false);
}

static ssize_t
vector(int fd, const struct iovec *iov, int n, off_t offset, bool here)
{
	ssize_t done = 0, got;
	int i;

	for (i = 0; i < n; i++) {
		if (iov[i].iov_len == 0)
			continue;
		got = written(fd, iov[i].iov_base, iov[i].iov_len,
		    offset + done, here);
		if (got < 0)
			return done > 0 ? done : -1;
		done += got;
		if ((size_t)got < iov[i].iov_len)
			break;
	}
	return done;
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	return vector(fd, iov, n, 0, true);
}

ssize_t
pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
	return vector(fd, iov, n, offset, false);
}

ssize_t
pwritev64(int fd, const struct iovec *iov, int n, off64_t offset)
{
	return vector(fd, iov, n, offset, false);
}

/* Ways to write that are not followed here: better none than half a record. */
ssize_t
copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t n,
    unsigned int flags)
{
	if (on())
		abort();
	return syscall(SYS_copy_file_range, from, a, to, b, n, flags);
}

static int
set_length(int fd, off_t length)
{
	unsigned long ino;
	int rc;

	if (!on())
		return (int)syscall(SYS_ftruncate, fd, length);
	begin();
	rc = (int)syscall(SYS_ftruncate, fd, length);
	if (rc == 0 && (ino = inode(fd, S_IFREG)) != 0)
		line("T %lu %lld\n", ino, (long long)length);
	end();
	return rc;
}

int
ftruncate(int fd, off_t length)
{
	return set_length(fd, length);
}

int
ftruncate64(int fd, off64_t length)
{
	return set_length(fd, length);
}

static int
allocated(int fd, int mode, off_t offset, off_t length)
{
	unsigned long ino;
	int rc;

	if (!on())
		return (int)syscall(SYS_fallocate, fd, mode, offset, length);
	begin();
	rc = (int)syscall(SYS_fallocate, fd, mode, offset, length);
	if (rc == 0 && mode == 0 && (ino = inode(fd, S_IFREG)) != 0)
		line("A %lu %lld\n", ino, (long long)(offset + length));
	end();
	return rc;
}

int
fallocate(int fd, int mode, off_t offset, off_t length)
{
	return allocated(fd, mode, offset, length);
}

int
fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
	return allocated(fd, mode, offset, length);
}

int
posix_fallocate(int fd, off_t offset, off_t length)
{
	return allocated(fd, 0, offset, length) == 0 ? 0 : errno;
}

int
posix_fallocate64(int fd, off64_t offset, off64_t length)
{
	return allocated(fd, 0, offset, length) == 0 ? 0 : errno;
}

/* ---- syncing */

static int
synced(int fd, long how)
{
	unsigned long ino;
	int rc;

	if (!on())
		return (int)syscall(how, fd);
	begin();
	rc = (int)syscall(how, fd);
	if (rc == 0 && (ino = inode(fd, S_IFREG)) != 0)
		line("S %lu\n", ino);
	else if (rc == 0 && (ino = inode(fd, S_IFDIR)) != 0)
		line("D %lu\n", ino);
	end();
	return rc;
}

int
fsync(int fd)
{
	return synced(fd, SYS_fsync);
}

int
fdatasync(int fd)
{
	return synced(fd, SYS_fdatasync);
}

/* ---- names */

int
mkdirat(int dir, const char *path, mode_t mode)
{
	char full[PATH_MAX];
	const char *rel;
	struct stat sb;
	int rc;

	if (!on())
		return (int)syscall(SYS_mkdirat, dir, path, mode);
	begin();
	rc = (int)syscall(SYS_mkdirat, dir, path, mode);
	if (rc == 0 && (rel = resolve(dir, path, full)) != NULL &&
	    stat(full, &sb) == 0)
		line("M %lu %s\n", (unsigned long)sb.st_ino, rel);
	end();
	return rc;
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* Two names: what the call was, when both lie below the root. */
static void
two(char op, int fromdir, const char *from, int todir, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];
	const char *x = resolve(fromdir, from, a), *y = resolve(todir, to, b);

	if (x != NULL && y != NULL)
		line("%c %s\t%s\n", op, x, y);
}

int
renameat2(int fromdir, const char *from, int todir, const char *to,
    unsigned int flags)
{
	int rc;

	if (!on())
		return (int)syscall(SYS_renameat2, fromdir, from, todir, to,
		    flags);
	begin();
	rc = (int)syscall(SYS_renameat2, fromdir, from, todir, to, flags);
	if (rc == 0)
		two('R', fromdir, from, todir, to);
	end();
	return rc;
}

int
renameat(int fromdir, const char *from, int todir, const char *to)
{
	return renameat2(fromdir, from, todir, to, 0);
}

int
rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
linkat(int fromdir, const char *from, int todir, const char *to, int flags)
{
	int rc;

	if (!on())
		return (int)syscall(SYS_linkat, fromdir, from, todir, to,
		    flags);
	begin();
	rc = (int)syscall(SYS_linkat, fromdir, from, todir, to, flags);
	if (rc == 0)
		two('L', fromdir, from, todir, to);
	end();
	return rc;
}

int
link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlinkat(int dir, const char *path, int flags)
{
	char full[PATH_MAX];
	const char *rel;
	int rc;

	if (!on())
		return (int)syscall(SYS_unlinkat, dir, path, flags);
	begin();
	rc = (int)syscall(SYS_unlinkat, dir, path, flags);
	if (rc == 0 && (rel = resolve(dir, path, full)) != NULL)
		line("%c %s\n", flags & AT_REMOVEDIR ? 'X' : 'U', rel);
	end();
	return rc;
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* remove(3) calls the C library's own unlink. */
int
remove(const char *path)
{
	struct stat sb;

	if (lstat(path, &sb) != 0)
		return -1;
	return S_ISDIR(sb.st_mode) ? rmdir(path) : unlink(path);
}
