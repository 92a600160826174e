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
fsink_handle_open(const struct fsink_env *en, const char *path, int flags,
    struct weir_err *err)
{
	size_t n = strlen(path) + 1;
	struct fsink_handle *fh = en->host->alloc(sizeof *fh + n);
	int e;

	if (fh == NULL) {
		fsink_no_memory(en, err);
		return NULL;
	}
	fh->fd = en->host->io->open(WEIR_AT("file.open"), AT_FDCWD, path, flags,
	    0666);
	if (fh->fd < 0) {
		e = errno;
		if (e != EEXIST && e != ENOENT)
			fsink_errno(en, err, (flags & O_CREAT) != 0
			    ? "make" : "open", path);
		en->host->free(fh);
		errno = e;
		return NULL;
	}
	fh->host = en->host;
	memcpy(fh->path, path, n);
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
	fsink_side_close(f);
	host->free(f->side.name);
	host->free(f->staged);
	host->free(f->dir);
	host->free(f);
}

int
fsink_find_staging(struct weir_stage *st, struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	char *dir;

	if (fs->staging != NULL)
		return WEIR_OK;
	fsink_stem(fs->stem, fs->env.cf, st->id);
	dir = fsink_staging(&fs->env, st->host->fence(st));
	if (dir == NULL)
		return fsink_no_memory(&fs->env, err);
	if (fsink_mkdirs(&fs->env, dir, err) != WEIR_OK) {
		st->host->free(dir);
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

	if (fsink_find_staging(f->st, err) != WEIR_OK)
		return WEIR_ERROR;
	do {
		snprintf(name, sizeof name, "%s@%06u.open", fs->stem,
		    ++fs->number);
		host->free(f->staged);
		f->staged = fsink_join(&f->env, fs->staging, name);
		if (f->staged == NULL)
			return fsink_no_memory(&f->env, err);
		errno = 0;
		f->fh = fsink_handle_open(&f->env, f->staged,
		    O_RDWR | O_CREAT | O_EXCL, err);
	} while (f->fh == NULL && errno == EEXIST);
	if (f->fh == NULL)
		return errno == ENOENT
		    ? fsink_errno(&f->env, err, "make", f->staged) : WEIR_ERROR;
	fs->made = true;
	return WEIR_OK;
}

struct fsink_file *
fsink_file_bare(struct weir_stage *st, const char *dir, size_t ndir,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	const struct fsink_format *fo = fs->env.cf->format;
	const struct weir_host *host = st->host;
	struct fsink_file *f = host->zalloc(sizeof *f);

	if (f == NULL) {
		fsink_no_memory(&fs->env, err);
		return NULL;
	}
	f->env = fs->env;
	f->st = st;
	f->ndir = ndir;
	f->dir = host->alloc(ndir + 1);
	f->own = host->zalloc(fo->own_size > 0 ? fo->own_size : 1);
	if (f->dir == NULL || f->own == NULL) {
		fsink_no_memory(&fs->env, err);
		fsink_file_free(f);
		return NULL;
	}
	memcpy(f->dir, dir, ndir);
	f->dir[ndir] = '\0';
	return f;
}

struct fsink_file *
fsink_file_new(struct weir_stage *st, const char *dir, size_t ndir,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	const struct fsink_format *fo = fs->env.cf->format;
	struct fsink_file *f = fsink_file_bare(st, dir, ndir, err);

	if (f == NULL)
		return NULL;
	f->opened = weir_clock(st);
	f->first_epoch = st->host->epoch_no(st);
	if (create(f, fs, err) != WEIR_OK ||
	    (fo->begin != NULL && fo->begin(f, err) != WEIR_OK)) {
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
	fsink_side_close(f);
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
