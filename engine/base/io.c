/* SPDX-License-Identifier: MIT
 *
 * The table of effects on disks: the system's calls, with the places at which
 * a test may make them fail.
 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

#define FAULT(at)                                                              \
	do {                                                                   \
		if (weir__fault(at) != WEIR__FAULT_NONE)                       \
			return -1;                                             \
	} while (0)

static int
io_open(const char *at, int dir, const char *path, int flags, mode_t mode)
{
	FAULT(at);
	return openat(dir, path, flags | O_CLOEXEC, mode);
}

static int
io_close(const char *at, int fd)
{
	int rc = close(fd);

	FAULT(at);
	return rc;
}

static int
write_all(int fd, const char *p, size_t n, int64_t offset)
{
	ssize_t got;

	while (n > 0) {
		got = offset < 0 ? write(fd, p, n) :
				   pwrite(fd, p, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		p += got;
		n -= (size_t)got;
		if (offset >= 0)
			offset += got;
	}
	return 0;
}

static int
put(const char *at, int fd, const void *p, size_t n, int64_t offset)
{
	int err;

	switch (weir__fault(at)) {
	case WEIR__FAULT_NONE:
		break;
	case WEIR__FAULT_SHORT:
		err = errno;
		(void)write_all(fd, p, n / 2, offset);
		errno = err;
		return -1;
	case WEIR__FAULT_FAIL:
		return -1;
	}
	return write_all(fd, p, n, offset);
}

static int
io_write(const char *at, int fd, const void *p, size_t n)
{
	return put(at, fd, p, n, -1);
}

static int
io_pwrite(const char *at, int fd, const void *p, size_t n, int64_t offset)
{
	return put(at, fd, p, n, offset);
}

static ssize_t
io_pread(const char *at, int fd, void *p, size_t n, int64_t offset)
{
	char *to = p;
	size_t done = 0;
	ssize_t got;

	FAULT(at);
	while (done < n) {
		got = pread(fd, to + done, n - done,
		    (off_t)(offset + (int64_t)done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int
io_datasync(const char *at, int fd)
{
	FAULT(at);
	return fdatasync(fd);
}

static int
io_sync(const char *at, int fd)
{
	FAULT(at);
	return fsync(fd);
}

static int
io_sync_dir(const char *at, int dir, const char *path)
{
	int fd, rc, err;

	FAULT(at);
	fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	err = errno;
	close(fd);
	errno = err;
	return rc;
}

static int
io_truncate(const char *at, int fd, int64_t length)
{
	FAULT(at);
	return ftruncate(fd, (off_t)length);
}

static int
io_allocate(const char *at, int fd, int64_t length)
{
	int rc;

	FAULT(at);
	rc = posix_fallocate(fd, 0, (off_t)length);
	if (rc != 0)
		errno = rc;
	return rc == 0 ? 0 : -1;
}

static int
io_mkdir(const char *at, int dir, const char *path, mode_t mode)
{
	FAULT(at);
	return mkdirat(dir, path, mode);
}

static int
io_rename(const char *at, int fromdir, const char *from, int todir,
    const char *to)
{
	FAULT(at);
	return renameat(fromdir, from, todir, to);
}

static int
io_rename_new(const char *at, int fromdir, const char *from, int todir,
    const char *to)
{
	FAULT(at);
	if (renameat2(fromdir, from, todir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return -1;
	/* a link fails where the name is taken, on each file system with any */
	if (linkat(fromdir, from, todir, to, 0) != 0)
		return -1;
	return unlinkat(fromdir, from, 0);
}

static int
io_unlink(const char *at, int dir, const char *path, int flags)
{
	FAULT(at);
	return unlinkat(dir, path, flags);
}

static int
io_point(const char *at)
{
	FAULT(at);
	return 0;
}

const struct weir_io weir__io = {
	.size = sizeof(struct weir_io),
	.open = io_open,
	.close = io_close,
	.write = io_write,
	.pwrite = io_pwrite,
	.pread = io_pread,
	.datasync = io_datasync,
	.sync = io_sync,
	.sync_dir = io_sync_dir,
	.truncate = io_truncate,
	.allocate = io_allocate,
	.mkdir = io_mkdir,
	.rename = io_rename,
	.rename_new = io_rename_new,
	.unlink = io_unlink,
	.point = io_point,
};
