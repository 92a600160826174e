/* SPDX-License-Identifier: MIT
 *
 * Files that only grow: see extents.h.
 */
#include "journal/extents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/io.h"

#define BUFFER (256u * 1024)

struct weir__extents {
	char *dir;
	char *what;
	uint64_t full;
	/* The appender's. */
	int fd;
	uint64_t no;	/* of the file being written, or of the last */
	uint64_t size;	/* of it, without the buffer */
	uint64_t began; /* where the extent under way begins */
	char *buf;
	size_t nbuf;
	bool dirty; /* written since the last cut */
	/* From cut to sync. */
	int to_sync;
	bool to_close; /* and close it then */
	/* Shared. */
	pthread_mutex_t lock;
	uint64_t first; /* files before it are gone */
};

static void
file_path(const struct weir__extents *ex, uint64_t no, char *to, size_t n)
{
	snprintf(to, n, "%s/%016" PRIx64 ".we", ex->dir, no);
}

static int
say(const struct weir__extents *ex, struct weir_err *err, const char *verb)
{
	return weir_fail(err, WEIR_NOWHERE,
	    weir__disk_code("state.write"),
	    "%s can't be %s in %s: %m", ex->what, verb, ex->dir);
}

/* ---- opening */

static int
look(struct weir__extents *ex)
{
	struct dirent *de;
	uint64_t no;
	char *end;
	DIR *dp = opendir(ex->dir);

	if (dp == NULL)
		return -1;
	while ((de = readdir(dp)) != NULL) {
		no = strtoull(de->d_name, &end, 16);
		if (end != de->d_name + 16 || strcmp(end, ".we") != 0)
			continue;
		ex->no = no > ex->no ? no : ex->no;
		ex->first = ex->first == 0 || no < ex->first ? no : ex->first;
	}
	closedir(dp);
	if (ex->first == 0)
		ex->first = 1;
	return 0;
}

/* Always synced: who made it may not have come so far. */
static int
make(const char *dir)
{
	char above[4096];

	if (weir__io.mkdir(WEIR_AT("state.mkdir"), AT_FDCWD, dir, 0777) != 0 &&
	    errno != EEXIST)
		return -1;
	snprintf(above, sizeof above, "%s/..", dir);
	return weir__io.sync_dir(WEIR_AT("state.mkdir.sync"), AT_FDCWD, above);
}

struct weir__extents *
weir__extents_new(const char *dir, const char *what, uint64_t full,
    struct weir_err *err)
{
	struct weir__extents *ex = weir__zalloc(sizeof *ex);

	if (ex == NULL)
		goto oom;
	pthread_mutex_init(&ex->lock, NULL);
	ex->fd = ex->to_sync = -1;
	ex->full = full;
	ex->dir = weir__strdup(dir);
	ex->what = weir__strdup(what);
	ex->buf = weir__alloc(BUFFER);
	if (ex->dir == NULL || ex->what == NULL || ex->buf == NULL)
		goto oom;
	if (make(dir) != 0 || look(ex) != 0) {
		say(ex, err, "kept");
		weir__extents_free(ex);
		return NULL;
	}
	return ex;
oom:
	weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	weir__extents_free(ex);
	return NULL;
}

void
weir__extents_free(struct weir__extents *ex)
{
	if (ex == NULL)
		return;
	if (ex->to_sync >= 0 && ex->to_sync != ex->fd)
		close(ex->to_sync);
	if (ex->fd >= 0)
		close(ex->fd);
	pthread_mutex_destroy(&ex->lock);
	weir__free(ex->dir);
	weir__free(ex->what);
	weir__free(ex->buf);
	weir__free(ex);
}

/* ---- appending */

/* A new file: what a run before wrote is never continued, and one that another
 * process has made since belongs to that. */
static int
begin(struct weir__extents *ex, struct weir_err *err)
{
	char path[4096];
	uint64_t no = ex->no;

	do {
		file_path(ex, ++no, path, sizeof path);
		ex->fd = weir__io.open(WEIR_AT("state.open"), AT_FDCWD, path,
		    O_RDWR | O_CREAT | O_EXCL, 0666);
	} while (ex->fd < 0 && errno == EEXIST);
	if (ex->fd < 0)
		return say(ex, err, "begun");
	if (weir__io.sync_dir(WEIR_AT("state.dir"), AT_FDCWD, ex->dir) != 0) {
		say(ex, err, "begun");
		close(ex->fd);
		ex->fd = -1;
		return WEIR_ERROR;
	}
	ex->no = no;
	ex->size = ex->began = 0;
	return WEIR_OK;
}

static int
flush(struct weir__extents *ex, const void *p, size_t n, struct weir_err *err)
{
	if (n == 0)
		return WEIR_OK;
	if (weir__io.pwrite(WEIR_AT("state.write"), ex->fd, p, n,
		(int64_t)ex->size) != 0)
		return say(ex, err, "written");
	ex->size += n;
	ex->dirty = true;
	return WEIR_OK;
}

int
weir__extents_add(struct weir__extents *ex, const void *p, size_t n,
    struct weir_err *err)
{
	if (ex->fd < 0 && begin(ex, err) != WEIR_OK)
		return WEIR_ERROR;
	if (ex->nbuf + n > BUFFER) {
		if (flush(ex, ex->buf, ex->nbuf, err) != WEIR_OK)
			return WEIR_ERROR;
		ex->nbuf = 0;
	}
	if (n > BUFFER / 2)
		return flush(ex, p, n, err);
	memcpy(ex->buf + ex->nbuf, p, n);
	ex->nbuf += n;
	return WEIR_OK;
}

int
weir__extents_cut(struct weir__extents *ex, struct weir__extent *out,
    struct weir_err *err)
{
	*out = (struct weir__extent){ 0 };
	if (ex->fd < 0)
		return WEIR_OK;
	if (flush(ex, ex->buf, ex->nbuf, err) != WEIR_OK)
		return WEIR_ERROR;
	ex->nbuf = 0;
	if (!ex->dirty)
		return WEIR_OK;
	*out = (struct weir__extent){ ex->no, ex->began, ex->size - ex->began };
	ex->began = ex->size;
	ex->dirty = false;
	ex->to_sync = ex->fd;
	ex->to_close = ex->size >= ex->full;
	if (ex->to_close)
		ex->fd = -1;
	return WEIR_OK;
}

int
weir__extents_sync(struct weir__extents *ex, struct weir_err *err)
{
	int fd = ex->to_sync, rc;

	if (fd < 0)
		return WEIR_OK;
	rc = weir__io.datasync(WEIR_AT("state.sync"), fd);
	if (rc != 0)
		say(ex, err, "synced");
	ex->to_sync = -1;
	if (ex->to_close)
		weir__io.close(WEIR_AT("state.close"), fd);
	return rc == 0 ? WEIR_OK : WEIR_ERROR;
}

/* ---- reading, trimming */

int
weir__extents_read(const struct weir__extents *ex,
    const struct weir__extent *of, uint64_t offset, void *to, size_t n,
    struct weir_err *err)
{
	char path[4096];
	ssize_t got;
	int fd;

	file_path(ex, of->file, path, sizeof path);
	fd = weir__io.open(WEIR_AT("recover.state.open"), AT_FDCWD, path,
	    O_RDONLY, 0);
	if (fd < 0 && errno == ENOENT)
		return weir_fail(err, WEIR_NOWHERE, "state.missing",
		    "%s lacks %s, which the journal refers to", ex->what, path);
	if (fd < 0)
		return weir_fail(err, WEIR_NOWHERE, "state.read",
		    "%s can't be read from %s: %m", ex->what, path);
	got = weir__io.pread(WEIR_AT("recover.state.read"), fd, to, n,
	    (int64_t)(of->at + offset));
	if (got < 0)
		weir_fail(err, WEIR_NOWHERE, "state.read",
		    "%s can't be read from %s: %m", ex->what, path);
	else if (got != (ssize_t)n)
		weir_fail(err, WEIR_NOWHERE, "state.missing",
		    "%s is shorter than the journal says: %s", ex->what, path);
	close(fd);
	return got == (ssize_t)n ? WEIR_OK : WEIR_ERROR;
}

void
weir__extents_trim(struct weir__extents *ex, uint64_t file)
{
	char path[4096];
	uint64_t no;

	for (;;) {
		pthread_mutex_lock(&ex->lock);
		no = ex->first;
		pthread_mutex_unlock(&ex->lock);
		if (no >= file)
			return;
		file_path(ex, no, path, sizeof path);
		if (weir__io.unlink(WEIR_AT("state.trim"), AT_FDCWD, path, 0) !=
			0 && errno != ENOENT)
			return; /* tried again at the next trim */
		pthread_mutex_lock(&ex->lock);
		ex->first = no + 1;
		pthread_mutex_unlock(&ex->lock);
	}
}

uint64_t
weir__extents_last(const struct weir__extents *ex)
{
	return ex->no;
}
