/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: the side file of an open one.
 *
 *	record    kind (4), CRC-32C (4), length (8), bytes, to a multiple of 8
 *
 * Rows are written to it before a part of the file is, so that none is lost;
 * once the part is in the file they are dead.  A side file in which much is dead
 * is followed by another.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "filesink_parts.h"

#define FLUSH ((size_t)256 << 10)
#define LONG ((uint64_t)1 << 20)

struct record {
	uint32_t kind;
	uint32_t crc;
	uint64_t len;
};

#define PADDED(n) (((n) + 7) & ~(size_t)7)

/* ---- writing */

static char *
side_path(const struct fsink_file *f, const char *name)
{
	const struct fsink_state *fs = f->st->state;

	return fsink_join(&f->env, fs->staging, name);
}

/* STEM@NUMBER.side.N beside STEM@NUMBER.open. */
static int
create(struct fsink_file *f, struct weir_err *err)
{
	const char *staged = strrchr(f->staged, '/') + 1;
	size_t n = strlen(staged) - strlen("open");
	struct fsink_state *fs = f->st->state;
	struct fsink_side *sd = &f->side;
	char name[FSINK_NAME], *path;

	snprintf(name, sizeof name, "%.*sside.%u", (int)n, staged,
	    ++sd->number);
	f->env.host->free(sd->name);
	sd->name = fsink_join(&f->env, name, "");
	path = side_path(f, name);
	if (sd->name == NULL || path == NULL) {
		f->env.host->free(path);
		return fsink_no_memory(&f->env, err);
	}
	errno = 0;
	sd->fh = fsink_handle_open(&f->env, path, O_RDWR | O_CREAT | O_TRUNC,
	    err);
	if (sd->fh == NULL && (errno == ENOENT || errno == EEXIST))
		fsink_errno(&f->env, err, "make", path);
	f->env.host->free(path);
	if (sd->fh == NULL)
		return WEIR_ERROR;
	fs->made = true;
	sd->length = sd->dead = sd->loose = 0;
	f->side_synced = 0;
	return WEIR_OK;
}

int
fsink_side_flush(struct fsink_file *f, struct weir_err *err)
{
	struct fsink_side *sd = &f->side;

	if (sd->len == 0)
		return WEIR_OK;
	if (sd->fh == NULL && create(f, err) != WEIR_OK)
		return WEIR_ERROR;
	if (f->env.host->io->pwrite(WEIR_AT("file.side.write"), sd->fh->fd,
		sd->buf, sd->len, (int64_t)sd->length) != 0)
		return fsink_errno(&f->env, err, "write", sd->fh->path);
	sd->length += sd->len;
	sd->loose += sd->len - sd->mark;
	sd->len = sd->mark = 0;
	return WEIR_OK;
}

static int
put(struct fsink_file *f, enum fsink_kind kind, const void *p, size_t n,
    struct weir_err *err)
{
	struct fsink_side *sd = &f->side;
	struct record re = { kind, weir__hash_crc32c(0, p, n), n };
	size_t need = sd->len + sizeof re + PADDED(n), cap;
	uint8_t *to;

	if (need > sd->cap) {
		cap = sd->cap + sd->cap / 2;
		if (cap < need)
			cap = need;
		to = f->env.host->realloc(sd->buf, cap);
		if (to == NULL)
			return fsink_no_memory(&f->env, err);
		sd->buf = to;
		sd->cap = cap;
	}
	to = sd->buf + sd->len;
	memcpy(to, &re, sizeof re);
	if (n > 0)
		memcpy(to + sizeof re, p, n);
	memset(to + sizeof re + n, 0, PADDED(n) - n);
	sd->len = need;
	return WEIR_OK;
}

int
fsink_side_rows(struct fsink_file *f, const void *p, size_t n,
    struct weir_err *err)
{
	if (put(f, FSINK_ROWS, p, n, err) != WEIR_OK)
		return WEIR_ERROR;
	return f->side.len >= FLUSH ? fsink_side_flush(f, err) : WEIR_OK;
}

int
fsink_side_part(struct fsink_file *f, const void *p, size_t n,
    struct weir_err *err)
{
	fsink_side_forget(f);
	if (put(f, FSINK_PART, p, n, err) != WEIR_OK)
		return WEIR_ERROR;
	f->side.mark = f->side.len;
	f->side.dead += f->side.loose;
	f->side.loose = 0;
	return WEIR_OK;
}

void
fsink_side_forget(struct fsink_file *f)
{
	f->side.len = f->side.mark;
}

bool
fsink_side_is_long(const struct fsink_file *f)
{
	/* An epoch in which nothing came may never be decided, and the side file
	 * that it would have us leave is needed then. */
	return f->side.dead + f->side.loose > LONG &&
	    f->last_epoch == f->env.host->epoch_no(f->st);
}

int
fsink_side_renew(struct fsink_file *f, struct weir_err *err)
{
	struct fsink_state *fs = f->st->state;
	struct fsink_side *sd = &f->side;
	size_t n;
	char *to;

	sd->len = sd->mark = 0;
	if (sd->fh == NULL)
		return WEIR_OK;
	n = strlen(sd->fh->path) + 1;
	to = f->env.host->realloc(fs->stale, fs->nstale + n);
	if (to == NULL)
		return fsink_no_memory(&f->env, err);
	memcpy(to + fs->nstale, sd->fh->path, n);
	fs->stale = to;
	fs->nstale += n;
	fsink_handle_unref(sd->fh);
	sd->fh = NULL;
	sd->dead = sd->loose = 0;
	return WEIR_OK;
}

void
fsink_side_close(struct fsink_file *f)
{
	struct fsink_side *sd = &f->side;

	fsink_handle_unref(sd->fh);
	f->env.host->free(sd->buf);
	f->env.host->free(sd->old);
	sd->fh = NULL;
	sd->buf = sd->old = NULL;
	sd->len = sd->cap = sd->mark = 0;
}

/* ---- reading */

static int
bad(struct fsink_file *f, const char *why, struct weir_err *err)
{
	return fsink_fail(&f->env, err, "lost", "%" PRIu64 " rows of the open "
	    "file \"%s\" can't be had again: \"%s\" %s", f->rows, f->staged,
	    f->side.name, why);
}

int
fsink_side_open(struct fsink_file *f, const char *name, uint64_t length,
    struct weir_err *err)
{
	const struct weir_io *io = f->env.host->io;
	struct fsink_side *sd = &f->side;
	const char *last = strrchr(name, '.');
	char *path = side_path(f, name);
	struct stat sb;

	sd->name = fsink_join(&f->env, name, "");
	sd->old = f->env.host->alloc(length + 1);
	if (path == NULL || sd->name == NULL || sd->old == NULL) {
		f->env.host->free(path);
		return fsink_no_memory(&f->env, err);
	}
	errno = 0;
	sd->fh = fsink_handle_open(&f->env, path, O_RDWR, err);
	f->env.host->free(path);
	if (sd->fh == NULL)
		return errno == ENOENT ? bad(f, "is gone", err) : WEIR_ERROR;
	if (fstat(sd->fh->fd, &sb) != 0 || (uint64_t)sb.st_size < length)
		return bad(f, "is shorter than it was", err);
	if ((uint64_t)sb.st_size > length &&
	    io->truncate(WEIR_AT("file.resume.side"), sd->fh->fd,
		(int64_t)length) != 0)
		return fsink_errno(&f->env, err, "cut", sd->fh->path);
	if (io->pread(WEIR_AT("file.resume.read"), sd->fh->fd, sd->old, length,
		0) != (ssize_t)length)
		return fsink_errno(&f->env, err, "read", sd->fh->path);
	if (last != NULL)
		sd->number = (uint32_t)strtoul(last + 1, NULL, 10);
	sd->old_len = length;
	sd->length = length;
	return WEIR_OK;
}

/* The record at `at`, checked; false: there is none that is whole. */
static bool
get(const struct fsink_side *sd, size_t at, struct record *re)
{
	size_t left = sd->old_len - at;

	if (left < sizeof *re)
		return false;
	memcpy(re, sd->old + at, sizeof *re);
	return re->len <= left - sizeof *re &&
	    PADDED(re->len) <= left - sizeof *re &&
	    weir__hash_crc32c(0, sd->old + at + sizeof *re, re->len) ==
	    re->crc;
}

/* Past the records of rows that a later part has made needless. */
static int
pass_rows(struct fsink_file *f, struct weir_err *err)
{
	struct fsink_side *sd = &f->side;
	size_t at = sd->old_at, part = at;
	struct record re;

	while (at < sd->old_len) {
		if (!get(sd, at, &re))
			return bad(f, "is damaged", err);
		if (re.kind == FSINK_PART)
			break;
		at += sizeof re + PADDED(re.len);
	}
	if (at < sd->old_len) {
		sd->dead += at - part;
		sd->old_at = at;
	} else {
		sd->loose = at - part;
	}
	return WEIR_OK;
}

int
fsink_side_next(struct fsink_file *f, enum fsink_kind *kind, const void **p,
    size_t *n, struct weir_err *err)
{
	struct fsink_side *sd = &f->side;
	struct record re;

	if (sd->old_at == sd->old_len)
		return WEIR_END;
	/* Rows that are still of use are followed by nothing but rows. */
	if (sd->loose == 0 && pass_rows(f, err) != WEIR_OK)
		return WEIR_ERROR;
	if (!get(sd, sd->old_at, &re))
		return bad(f, "is damaged", err);
	*kind = (enum fsink_kind)re.kind;
	*p = sd->old + sd->old_at + sizeof re;
	*n = re.len;
	sd->old_at += sizeof re + PADDED(re.len);
	return WEIR_OK;
}
