/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: files that are open at an epoch's end, from the
 * process that decided it to the next one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "filesink_parts.h"

#define KEEP_MAX ((size_t)1 << 20)
#define LINE_MAX_FIXED 640u /* of a line, without the directory */
#define MAGIC "weir-open 1\n"

/* ---- writing */

void
fsink_keep_room(struct fsink_state *fs)
{
	struct fsink_file *f;
	size_t need = 0;

	for (f = fs->oldest; f != NULL; f = f->newer)
		need += f->ndir + LINE_MAX_FIXED;
	while (fs->oldest != NULL && need > KEEP_MAX - 128) {
		need -= fs->oldest->ndir + LINE_MAX_FIXED;
		fsink_shut(fs, fs->oldest);
	}
}

static int
pause_file(struct fsink_file *f, struct weir_err *err)
{
	const struct fsink_format *fo = f->env.cf->format;

	if (fo->pause != NULL && fo->pause(f, err) != WEIR_OK)
		return WEIR_ERROR;
	return fsink_file_flush(f, err) == WEIR_OK
	    ? fsink_side_flush(f, err) : WEIR_ERROR;
}

static size_t
put_line(char *to, size_t cap, const struct fsink_file *f)
{
	const struct fsink_side *sd = &f->side;

	return (size_t)snprintf(to, cap, "%" PRIu64 " %08" PRIx32 " %" PRIu64
	    " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %016" PRIx64
	    " %s %s %" PRIu64 " %s\n", f->flushed, f->crc, f->rows,
	    f->first_epoch, f->last_epoch, f->opened, f->used,
	    f->env.cf->columns, strrchr(f->staged, '/') + 1,
	    sd->fh != NULL ? sd->name : "-", sd->fh != NULL ? sd->length : 0,
	    f->dir);
}

int
fsink_keep(struct fsink_state *fs, char **text, size_t *len,
    struct weir_err *err)
{
	struct fsink_file *f;
	size_t cap = 128, n;
	char *p;

	for (f = fs->oldest; f != NULL; f = f->newer) {
		if (pause_file(f, err) != WEIR_OK)
			return WEIR_ERROR;
		cap += f->ndir + LINE_MAX_FIXED;
	}
	p = fs->env.host->alloc(cap);
	if (p == NULL)
		return fsink_no_memory(&fs->env, err);
	n = (size_t)snprintf(p, cap, MAGIC "%" PRIu32 " %" PRId64 "\n",
	    fs->number, fs->stamp);
	for (f = fs->oldest; f != NULL; f = f->newer)
		n += put_line(p + n, cap - n, f);
	*text = p;
	*len = n;
	return WEIR_OK;
}

/* ---- reading */

/* A line of it. */
struct open_file {
	uint64_t length;
	uint32_t crc;
	uint64_t rows;
	uint64_t first_epoch;
	uint64_t last_epoch;
	int64_t opened;
	int64_t used;
	uint64_t columns;
	char staged[FSINK_NAME];
	char side[FSINK_NAME];
	uint64_t side_length;
	const char *dir;
	size_t ndir;
};

static bool
get_line(struct open_file *of, const char **at, const char *end)
{
	const char *nl = memchr(*at, '\n', (size_t)(end - *at));
	char line[LINE_MAX_FIXED];
	int used = 0;
	size_t n;

	if (nl == NULL)
		return false;
	n = (size_t)(nl - *at);
	snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n :
	    sizeof line - 1), *at);
	if (sscanf(line, "%" SCNu64 " %" SCNx32 " %" SCNu64 " %" SCNu64
		" %" SCNu64 " %" SCNd64 " %" SCNd64 " %" SCNx64
		" %191s %191s %" SCNu64 "%n", &of->length, &of->crc, &of->rows,
		&of->first_epoch, &of->last_epoch, &of->opened, &of->used,
		&of->columns, of->staged, of->side, &of->side_length,
		&used) != 11 || used == 0 || (size_t)used >= n + 1 ||
	    strchr(of->staged, '/') != NULL || strchr(of->side, '/') != NULL)
		return false;
	of->dir = *at + used + 1;
	of->ndir = n - (size_t)used - 1;
	*at = nl + 1;
	return true;
}

/* ---- files of a process that may still live: it has their descriptors, so
 * what was decided of them goes into files that it does not know */

static int
copy_bytes(const struct fsink_env *en, struct fsink_handle *from,
    struct fsink_handle *to, uint64_t length, struct weir_err *err)
{
	const struct weir_io *io = en->host->io;
	char buf[16384];
	uint64_t at = 0;
	ssize_t got;
	size_t n;

	while (at < length) {
		n = length - at < sizeof buf ? (size_t)(length - at)
					     : sizeof buf;
		got = io->pread(WEIR_AT("file.copy.read"), from->fd, buf, n,
		    (int64_t)at);
		if (got < 0)
			return fsink_errno(en, err, "read", from->path);
		if (got == 0)
			break; /* too short: its resuming will say so */
		if (io->pwrite(WEIR_AT("file.copy.write"), to->fd, buf,
			(size_t)got, (int64_t)at) != 0)
			return fsink_errno(en, err, "write", to->path);
		at += (uint64_t)got;
	}
	if (io->datasync(WEIR_AT("file.copy.sync"), to->fd) != 0)
		return fsink_errno(en, err, "make durable", to->path);
	return WEIR_OK;
}

static int
copy_file(struct fsink_state *fs, const char *name, uint64_t length,
    struct weir_err *err)
{
	const struct fsink_env *en = &fs->env;
	const struct weir_io *io = en->host->io;
	char copy[FSINK_NAME + 8];
	struct fsink_handle *a = NULL, *b = NULL;
	char *from = fsink_join(en, fs->staging, name), *to;
	int rc = WEIR_ERROR;

	snprintf(copy, sizeof copy, "%s.copy", name);
	to = fsink_join(en, fs->staging, copy);
	errno = 0;
	if (from == NULL || to == NULL)
		fsink_no_memory(en, err);
	else if ((a = fsink_handle_open(en, from, O_RDONLY, err)) == NULL)
		rc = errno == ENOENT ? WEIR_OK : WEIR_ERROR;
	else if ((b = fsink_handle_open(en, to, O_RDWR | O_CREAT | O_TRUNC,
		      err)) != NULL)
		rc = copy_bytes(en, a, b, length, err);
	if (rc == WEIR_OK && b != NULL &&
	    io->rename(WEIR_AT("file.copy.rename"), AT_FDCWD, to, AT_FDCWD,
		from) != 0)
		rc = fsink_errno(en, err, "rename", to);
	fsink_handle_unref(a);
	fsink_handle_unref(b);
	en->host->free(from);
	en->host->free(to);
	return rc;
}

/* ---- resuming */

static int
open_staged(struct fsink_file *f, const struct open_file *of,
    struct weir_err *err)
{
	const struct fsink_state *fs = f->st->state;
	const struct weir_io *io = f->env.host->io;
	struct stat sb;

	f->staged = fsink_join(&f->env, fs->staging, of->staged);
	if (f->staged == NULL)
		return fsink_no_memory(&f->env, err);
	errno = 0;
	f->fh = fsink_handle_open(&f->env, f->staged, O_RDWR, err);
	if (f->fh == NULL)
		return errno != ENOENT ? WEIR_ERROR : fsink_fail(&f->env, err,
		    "lost", "%" PRIu64 " rows are lost: the open file \"%s\" "
		    "is gone", of->rows, f->staged);
	if (fstat(f->fh->fd, &sb) != 0)
		return fsink_errno(&f->env, err, "see", f->staged);
	if ((uint64_t)sb.st_size < of->length)
		return fsink_fail(&f->env, err, "lost", "rows are lost: the "
		    "open file \"%s\" has %lld bytes, but %" PRIu64
		    " were decided", f->staged, (long long)sb.st_size,
		    of->length);
	if ((uint64_t)sb.st_size > of->length &&
	    io->truncate(WEIR_AT("file.resume.truncate"), f->fh->fd,
		(int64_t)of->length) != 0)
		return fsink_errno(&f->env, err, "cut", f->staged);
	return WEIR_OK;
}

static int
reopen(struct fsink_file *f, const struct open_file *of, struct weir_err *err)
{
	const struct fsink_format *fo = f->env.cf->format;

	f->written = f->flushed = f->synced = of->length;
	f->crc = of->crc;
	f->rows = of->rows;
	f->first_epoch = of->first_epoch;
	f->last_epoch = of->last_epoch;
	f->opened = of->opened;
	f->used = of->used;
	f->side_synced = of->side_length;
	if (open_staged(f, of, err) != WEIR_OK)
		return WEIR_ERROR;
	if (strcmp(of->side, "-") != 0 &&
	    fsink_side_open(f, of->side, of->side_length, err) != WEIR_OK)
		return WEIR_ERROR;
	if (of->columns != f->env.cf->columns && fo->resume != NULL)
		return fsink_fail(&f->env, err, "columns", "the open file "
		    "\"%s\" has other columns than this sink has now: run the "
		    "pipeline as it was with --drain, so that it is published, "
		    "and then this one", f->staged);
	if (fo->resume != NULL && fo->resume(f, err) != WEIR_OK)
		return WEIR_ERROR;
	f->env.host->free(f->side.old);
	f->side.old = NULL;
	return WEIR_OK;
}

static int
resume_one(struct weir_stage *st, const struct open_file *of,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	struct fsink_file *f;

	if (st->host->fence(st)->taken_over &&
	    (copy_file(fs, of->staged, of->length, err) != WEIR_OK ||
		(strcmp(of->side, "-") != 0 &&
		    copy_file(fs, of->side, of->side_length, err) != WEIR_OK)))
		return WEIR_ERROR;
	f = fsink_file_bare(st, of->dir, of->ndir, err);
	if (f == NULL)
		return WEIR_ERROR;
	if (reopen(f, of, err) != WEIR_OK) {
		fsink_file_free(f);
		return WEIR_ERROR;
	}
	fsink_add(fs, f);
	/* With other columns it is whole as it is. */
	if (of->columns != f->env.cf->columns)
		fsink_shut(fs, f);
	return WEIR_OK;
}

/* Is what lies in staging of no decided epoch? */
struct sweep {
	struct fsink_state *fs;
	uint64_t epoch;
};

static bool
is_side(const struct fsink_state *fs, const char *name)
{
	const struct fsink_file *f;

	for (f = fs->oldest; f != NULL; f = f->newer)
		if (f->side.fh != NULL && strcmp(f->side.name, name) == 0)
			return true;
	return false;
}

/* STEM@NUMBER.open of a number given out since, STEM@EPOCH.list of an epoch
 * since, side files that no open file has, copies half made. */
static int
sweep_one(void *arg, const char *path, const char *name, struct weir_err *err)
{
	const struct sweep *sw = arg;
	const struct fsink_state *fs = sw->fs;
	uint64_t number;
	char *end;
	bool old;

	if (!fsink_is_staged(name, fs->stem))
		return WEIR_OK;
	number = strtoull(name + strlen(fs->stem) + 1, &end, 10);
	if (strcmp(end, ".open") == 0)
		old = number <= fs->number;
	else if (strcmp(end, ".list") == 0)
		old = number <= sw->epoch;
	else
		old = is_side(fs, name);
	if (!old && fs->env.host->io->unlink(WEIR_AT("file.resume.sweep"),
		AT_FDCWD, path, 0) != 0 && errno != ENOENT)
		return fsink_errno(&fs->env, err, "remove", path);
	return WEIR_OK;
}

static int
sweep(struct weir_stage *st, uint64_t epoch, struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	struct sweep sw = { fs, epoch };

	if (fsink_each(&fs->env, fs->staging, sweep_one, &sw, err) != WEIR_OK)
		return WEIR_ERROR;
	if (st->host->io->sync_dir(WEIR_AT("file.resume.dir"), AT_FDCWD,
		fs->staging) != 0)
		return fsink_errno(&fs->env, err, "make durable", fs->staging);
	return WEIR_OK;
}

int
fsink_resume(struct weir_stage *st, uint64_t epoch, const void *keep,
    size_t len, struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	const char *at = keep, *end = at + len;
	size_t n = strlen(MAGIC);
	struct open_file of;
	char head[64];
	int used = 0;

	if (fsink_find_staging(st, err) != WEIR_OK)
		return WEIR_ERROR;
	if (len == 0)
		return sweep(st, epoch, err); /* nothing was decided */
	if (len > n && memcmp(at, MAGIC, n) == 0) {
		at += n;
		snprintf(head, sizeof head, "%.*s", (int)(len - n < 63
		    ? len - n : 63), at);
		if (sscanf(head, "%" SCNu32 " %" SCNd64 "%n", &fs->number,
			&fs->stamp, &used) != 2 || head[used] != '\n')
			used = 0;
		at += used + (used > 0);
	}
	while (used > 0 && at < end && get_line(&of, &at, end))
		if (resume_one(st, &of, err) != WEIR_OK)
			return WEIR_ERROR;
	if (used == 0 || at != end)
		return fsink_fail(&fs->env, err, "intent", "what was kept of "
		    "open files for epoch %" PRIu64 " cannot be read", epoch);
	return sweep(st, epoch, err);
}
