/* SPDX-License-Identifier: MIT
 *
 * Everything that the engine and its sinks do to a disk goes through one table,
 * and every call names its place: "journal.decide.sync".  In production the
 * calls are direct; a test can make the n-th call at a place fail, write less,
 * wait, or be the process's last.
 *
 * A place is a literal, written FILE.WHAT or PLUGIN.WHAT, unique in the program,
 * in WEIR_AT(), by which the tests find all that there are.  A place without an
 * effect on the disk (before a COMMIT is sent) is point().
 *
 * All functions answer as the system calls of their names do, -1 with errno, but
 * that write and pwrite write all or fail.  Any thread.
 */
#ifndef WEIR_IO_H
#define WEIR_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_AT(place) (place)

struct weir_io {
	size_t size;
	/* `dir` as in openat(2): AT_FDCWD for the working directory.  Files
	 * are opened close-on-exec. */
	int (*open)(const char *at, int dir, const char *path, int flags,
	    mode_t mode);
	int (*close)(const char *at, int fd);
	/* All n bytes at the file's position, or at `offset`. */
	int (*write)(const char *at, int fd, const void *p, size_t n);
	int (*pwrite)(const char *at, int fd, const void *p, size_t n,
	    int64_t offset);
	/* Up to n bytes, less only at the file's end; how many. */
	ssize_t (*pread)(const char *at, int fd, void *p, size_t n,
	    int64_t offset);
	/* fdatasync, fsync.  A descriptor whose sync has failed is never synced
	 * again: what it held may be gone. */
	int (*datasync)(const char *at, int fd);
	int (*sync)(const char *at, int fd);
	/* Open, fsync and close a directory. */
	int (*sync_dir)(const char *at, int dir, const char *path);
	int (*truncate)(const char *at, int fd, int64_t length);
	/* Blocks for [0, length), read as zeros; the length grows. */
	int (*allocate)(const char *at, int fd, int64_t length);
	int (*mkdir)(const char *at, int dir, const char *path, mode_t mode);
	int (*rename)(const char *at, int fromdir, const char *from, int todir,
	    const char *to);
	/* As rename, but EEXIST where `to` exists, on every file system. */
	int (*rename_new)(const char *at, int fromdir, const char *from,
	    int todir, const char *to);
	int (*unlink)(const char *at, int dir, const char *path, int flags);
	/* Nothing but the place: 0, or -1 and errno when a test says so. */
	int (*point)(const char *at);
};

#ifdef __cplusplus
}
#endif
#endif
