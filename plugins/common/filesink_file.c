/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: one file, from its first byte in staging until it is
 * whole and durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/hash.h"
#include "filesink_parts.h"

/* From here on a copy costs more than a call. */
#define LARGE (FSINK_BUFFER / 4)

/* ---- descriptors */

struct fsink_handle *
fsink_handle_new(const struct weir_host *host, int fd)
{
	struct fsink_handle *fh = host->alloc(sizeof *fh);

	if (fh == NULL)
		return NULL;
	fh->host = host;
	fh->fd = fd;
	atomic_init(&fh->refs, 1);
	return fh;
}

struct fsink_handle *
fsink_handle_ref(struct fsink_handle *fh)
{
	atomic_fetch_add(&fh->refs, 1);
	return fh;
}

void
fsink_handle_unref(struct fsink_handle *fh)
{
	if (fh == NULL || atomic_fetch_sub(&fh->refs, 1) != 1)
		return;
	fh->host->io->close(WEIR_AT("file.close"), fh->fd);
	fh->host->free(fh);
}

/* ---- bytes */

static int
put_out(struct fsink_file *f, const void *p, size_t n, struct weir_err *err)
{
	if (n == 0)
		return WEIR_OK;
	if (f->env.host->io->pwrite(WEIR_AT("file.write"), f->fh->fd, p, n,
		(int64_t)f->flushed) != 0)
		return fsink_errno(&f->env, err, "write", f->staged);
	f->crc = weir__hash_crc32c(f->crc, p, n);
	f->flushed += n;
	return WEIR_OK;
}

int
fsink_file_flush(struct fsink_file *f, struct weir_err *err)
{
	size_t n = f->nbuf;

	f->nbuf = 0;
	return put_out(f, f->buf, n, err);
}

int
fsink_put(struct fsink_file *f, const void *p, size_t n, struct weir_err *err)
{
	f->written += n;
	if ((n >= LARGE || f->nbuf + n > FSINK_BUFFER) &&
	    fsink_file_flush(f, err) != WEIR_OK)
		return WEIR_ERROR;
	if (n >= LARGE)
		return put_out(f, p, n, err);
	if (f->buf == NULL) {
		f->buf = f->env.host->alloc(FSINK_BUFFER);
		if (f->buf == NULL)
			return fsink_no_memory(&f->env, err);
	}
	if (n > 0)
		memcpy(f->buf + f->nbuf, p, n);
	f->nbuf += n;
	return WEIR_OK;
}

/* ---- life */

static void
drop_own(struct fsink_file *f)
{
	if (f->own != NULL && f->env.cf->format->drop != NULL)
		f->env.cf->format->drop(f);
	f->env.host->free(f->own);
	f->env.host->free(f->buf);
	f->own = NULL;
	f->buf = NULL;
}

void
fsink_file_free(struct fsink_file *f)
{
	const struct weir_host *host = f->env.host;

	drop_own(f);
	fsink_handle_unref(f->fh);
	host->free(f->staged);
	host->free(f->dir);
	host->free(f);
}

/* The directory of staged files, when the first of them is made. */
static int
find_staging(struct fsink_file *f, struct fsink_state *fs,
    struct weir_err *err)
{
	char *dir;

	if (fs->staging != NULL)
		return WEIR_OK;
	fsink_stem(fs->stem, f->env.cf, f->st->id);
	dir = fsink_staging(&f->env, f->env.host->fence(f->st));
	if (dir == NULL)
		return fsink_no_memory(&f->env, err);
	if (fsink_mkdirs(&f->env, dir, err) != WEIR_OK) {
		f->env.host->free(dir);
		return WEIR_ERROR;
	}
	fs->staging = dir;
	return WEIR_OK;
}

/* The first free number in the staging directory, which other workers use,
 * too. */
static int
create(struct fsink_file *f, struct fsink_state *fs, struct weir_err *err)
{
	const struct weir_host *host = f->env.host;
	char name[FSINK_NAME];
	int fd;

	if (find_staging(f, fs, err) != WEIR_OK)
		return WEIR_ERROR;
	for (;;) {
		snprintf(name, sizeof name, "%s@%06u.open", fs->stem,
		    ++fs->number);
		host->free(f->staged);
		f->staged = fsink_join(&f->env, fs->staging, name);
		if (f->staged == NULL)
			return fsink_no_memory(&f->env, err);
		fd = host->io->open(WEIR_AT("file.create"), AT_FDCWD,
		    f->staged, O_RDWR | O_CREAT | O_EXCL, 0666);
		if (fd >= 0)
			break;
		if (errno != EEXIST)
			return fsink_errno(&f->env, err, "make", f->staged);
	}
	fs->made = true;
	f->fh = fsink_handle_new(host, fd);
	if (f->fh != NULL)
		return WEIR_OK;
	host->io->close(WEIR_AT("file.close.early"), fd);
	return fsink_no_memory(&f->env, err);
}

static int
fill(struct fsink_file *f, struct fsink_state *fs, const char *dir,
    struct weir_err *err)
{
	const struct fsink_format *fo = f->env.cf->format;
	const struct weir_host *host = f->env.host;

	f->dir = host->alloc(f->ndir + 1);
	f->own = host->zalloc(fo->own_size > 0 ? fo->own_size : 1);
	if (f->dir == NULL || f->own == NULL)
		return fsink_no_memory(&f->env, err);
	memcpy(f->dir, dir, f->ndir);
	f->dir[f->ndir] = '\0';
	if (create(f, fs, err) != WEIR_OK)
		return WEIR_ERROR;
	return fo->begin != NULL ? fo->begin(f, err) : WEIR_OK;
}

struct fsink_file *
fsink_file_new(struct weir_stage *st, const char *dir, size_t ndir,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	struct fsink_file *f = st->host->zalloc(sizeof *f);

	if (f == NULL) {
		fsink_no_memory(&fs->env, err);
		return NULL;
	}
	f->env = fs->env;
	f->st = st;
	f->ndir = ndir;
	f->opened = weir_clock(st);
	f->first_epoch = st->host->epoch_no(st);
	if (fill(f, fs, dir, err) != WEIR_OK) {
		fsink_file_free(f);
		return NULL;
	}
	return f;
}

int
fsink_file_end(struct fsink_file *f, struct weir_err *err)
{
	const struct fsink_format *fo = f->env.cf->format;

	if (f->own == NULL)
		return WEIR_OK;
	if (fo->finish != NULL && fo->finish(f, err) != WEIR_OK)
		return WEIR_ERROR;
	if (fsink_file_flush(f, err) != WEIR_OK)
		return WEIR_ERROR;
	drop_own(f);
	return WEIR_OK;
}

int
fsink_file_sync(struct fsink_file *f, struct weir_err *err)
{
	int rc = WEIR_OK;

	if (f->fh == NULL)
		return WEIR_OK;
	if (f->env.host->io->datasync(WEIR_AT("file.sync"), f->fh->fd) != 0)
		rc = fsink_errno(&f->env, err, "make durable", f->staged);
	fsink_handle_unref(f->fh);
	f->fh = NULL;
	return rc;
}
