/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: staged files get their final names.
 *
 * Whatever is done here may have been done before, wholly or in part, by a
 * process that died: a file is staged, or published, or has been published and
 * pruned.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filesink_parts.h"

/* A file to be published. */
struct move {
	struct fsink_publisher *fp;
	const struct fsink_entry *en;
	uint64_t epoch;
	const char *name; /* the last part of `final` */
	char *dir;
	char *staged;
	char *final;
};

/* Up to here no epoch will ever be asked for again. */
static uint64_t
settled(const struct fsink_publisher *fp)
{
	return fp->env.host->settled != NULL ? weir_settled(fp->pb)
					     : UINT64_MAX;
}

/* WEIR_AGAIN where room may come. */
static int
again(int rc, const struct weir_err *err)
{
	return rc == WEIR_ERROR && strcmp(err->code, "disk.full") == 0
	    ? WEIR_AGAIN : rc;
}

/* Do the two files hold the same bytes? */
static bool
same_bytes(const char *a, const char *b)
{
	int fa = open(a, O_RDONLY | O_CLOEXEC);
	int fb = open(b, O_RDONLY | O_CLOEXEC);
	char x[16384], y[16384];
	bool same = fa >= 0 && fb >= 0;
	ssize_t n, m;

	while (same) {
		n = read(fa, x, sizeof x);
		m = read(fb, y, sizeof y);
		same = n == m && n >= 0 && memcmp(x, y, (size_t)n) == 0;
		if (n <= 0)
			break;
	}
	if (fa >= 0)
		close(fa);
	if (fb >= 0)
		close(fb);
	return same;
}

/* Staged and published at once: a crash in a rename by link and unlink. */
static int
both_there(struct move *mo, struct weir_err *err)
{
	const struct fsink_env *en = &mo->fp->env;

	if (!same_bytes(mo->staged, mo->final))
		return fsink_fail(en, err, "clash", "cannot publish \"%s\": a "
		    "different file of that name is there; move it away and "
		    "start again", mo->final);
	if (en->host->io->unlink(WEIR_AT("file.publish.unlink"), AT_FDCWD,
		mo->staged, 0) != 0 && errno != ENOENT)
		return fsink_errno(en, err, "remove", mo->staged);
	return WEIR_OK;
}

/* How many files of the directory are newer than `name`? */
static int64_t
newer_than(const struct move *mo)
{
	struct dirent *de;
	int64_t n = 0;
	DIR *dp = opendir(mo->dir);

	if (dp == NULL)
		return 0;
	while ((de = readdir(dp)) != NULL)
		n += fsink_is_name(de->d_name, mo->fp->stem,
			 mo->fp->env.cf->format->extension) &&
		    strcmp(de->d_name, mo->name) > 0;
	closedir(dp);
	return n;
}

/* Not staged any more: it must have been published. */
static int
was_published(struct move *mo, struct weir_err *err)
{
	const struct fsink_env *en = &mo->fp->env;
	struct stat sb;

	if (stat(mo->final, &sb) == 0) {
		if ((uint64_t)sb.st_size == mo->en->bytes)
			return WEIR_OK;
		return fsink_fail(en, err, "clash", "\"%s\" has %lld bytes, "
		    "but %" PRIu64 " were to be published under that name",
		    mo->final, (long long)sb.st_size, mo->en->bytes);
	}
	/* pruned since */
	if (en->cf->keep != 0 && mo->epoch <= settled(mo->fp) && newer_than(mo) >= en->cf->keep)
		return WEIR_OK;
	return fsink_fail(en, err, "lost", "%" PRIu64 " rows are lost: neither "
	    "the staged file \"%s\" nor \"%s\" is there", mo->en->rows,
	    mo->staged, mo->final);
}

static int
move(struct move *mo, struct weir_err *err)
{
	const struct fsink_env *en = &mo->fp->env;
	struct stat sb;

	if (lstat(mo->staged, &sb) != 0) {
		if (errno == ENOENT)
			return was_published(mo, err);
		return fsink_errno(en, err, "see", mo->staged);
	}
	if ((uint64_t)sb.st_size != mo->en->bytes)
		return fsink_fail(en, err, "lost", "the staged file \"%s\" has "
		    "%lld bytes, but %" PRIu64 " were decided", mo->staged,
		    (long long)sb.st_size, mo->en->bytes);
	if (fsink_mkdirs(en, mo->dir, err) != WEIR_OK)
		return WEIR_ERROR;
	if (en->host->io->rename_new(WEIR_AT("file.publish.rename"), AT_FDCWD,
		mo->staged, AT_FDCWD, mo->final) == 0)
		return WEIR_OK;
	if (errno == EEXIST)
		return both_there(mo, err);
	return fsink_errno(en, err, "publish", mo->staged);
}

static int
publish_one(struct fsink_publisher *fp, uint64_t epoch,
    const struct fsink_entry *entry, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	struct move mo = { .fp = fp, .en = entry, .epoch = epoch };
	int rc = WEIR_ERROR;

	mo.staged = fsink_join(en, fp->staging, entry->staged);
	mo.final = fsink_join(en, en->cf->base, entry->final);
	mo.dir = mo.final != NULL ? fsink_join(en, mo.final, "") : NULL;
	if (mo.staged == NULL || mo.dir == NULL)
		fsink_no_memory(en, err);
	else {
		mo.dir[fsink_parent(mo.dir, strlen(mo.dir))] = '\0';
		mo.name = strrchr(mo.final, '/') + 1;
		rc = move(&mo, err);
	}
	en->host->free(mo.staged);
	en->host->free(mo.final);
	en->host->free(mo.dir);
	return rc;
}

/* ---- keep */

struct names {
	char **at;
	size_t n;
	size_t cap;
};

static bool
names_add(const struct weir_host *host, struct names *na, const char *name)
{
	size_t len = strlen(name) + 1, cap;
	char **at, *copy;

	if (na->n == na->cap) {
		cap = na->cap == 0 ? 64 : na->cap * 2;
		at = host->realloc(na->at, cap * sizeof *at);
		if (at == NULL)
			return false;
		na->at = at;
		na->cap = cap;
	}
	copy = host->alloc(len);
	if (copy == NULL)
		return false;
	memcpy(copy, name, len);
	na->at[na->n++] = copy;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The epoch of a name that fsink_is_name() knows. */
static uint64_t
epoch_of(const char *name, const char *stem)
{
	const char *p = strstr(name + strlen(stem), "Z-");

	return p != NULL ? strtoull(p + 2, NULL, 10) : 0;
}

/* Beyond `keep`, but none that may be asked for again. */
static int
unlink_oldest(struct fsink_publisher *fp, const char *dir, struct names *na,
    struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	uint64_t upto = settled(fp);
	size_t i, keep = (size_t)en->cf->keep;
	int rc = WEIR_OK;
	char *path;

	if (na->n <= keep)
		return WEIR_OK;
	qsort(na->at, na->n, sizeof *na->at, by_name);
	for (i = 0; rc == WEIR_OK && i < na->n - keep; i++) {
		if (epoch_of(na->at[i], fp->stem) > upto)
			continue;
		path = fsink_join(en, dir, na->at[i]);
		if (path == NULL)
			return fsink_no_memory(en, err);
		if (en->host->io->unlink(WEIR_AT("file.keep.unlink"), AT_FDCWD,
			path, 0) != 0 && errno != ENOENT)
			rc = fsink_errno(en, err, "remove", path);
		en->host->free(path);
	}
	return rc;
}

/* Delete the oldest files of a directory beyond `keep`. */
static int
prune(struct fsink_publisher *fp, const char *dir, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	struct names na = { NULL, 0, 0 };
	struct dirent *de;
	bool ok = true;
	int rc;
	DIR *dp;

	if (en->cf->keep == 0)
		return WEIR_OK;
	dp = opendir(dir);
	if (dp == NULL)
		return fsink_errno(en, err, "look into", dir);
	while (ok && (de = readdir(dp)) != NULL)
		if (fsink_is_name(de->d_name, fp->stem,
			en->cf->format->extension))
			ok = names_add(en->host, &na, de->d_name);
	closedir(dp);
	rc = ok ? unlink_oldest(fp, dir, &na, err) : fsink_no_memory(en, err);
	while (na.n > 0)
		en->host->free(na.at[--na.n]);
	en->host->free(na.at);
	return rc;
}

/* ---- what a published file leaves */

/* The side file of a published one is needless. */
static int
drop_side(struct fsink_publisher *fp, const char *name, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	int rc = WEIR_OK;
	char *path;

	if (strcmp(name, "-") == 0)
		return WEIR_OK;
	path = fsink_join(en, fp->staging, name);
	if (path == NULL)
		return fsink_no_memory(en, err);
	if (en->host->io->unlink(WEIR_AT("file.publish.side"), AT_FDCWD, path,
		0) != 0 && errno != ENOENT)
		rc = fsink_errno(en, err, "remove", path);
	en->host->free(path);
	return rc;
}

/* Each directory once, as long as its files follow each other: names become
 * durable. */
static int
settle(struct fsink_publisher *fp, struct fsink_list *li, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	struct fsink_entry entry;
	char *before = NULL, *dir;
	int rc = WEIR_OK;

	while (rc == WEIR_OK && fsink_list_next(li, &entry)) {
		entry.final[fsink_parent(entry.final, strlen(entry.final))] =
		    '\0';
		dir = fsink_join(en, en->cf->base, entry.final);
		if (dir == NULL)
			rc = fsink_no_memory(en, err);
		else if (before == NULL || strcmp(dir, before) != 0) {
			if (en->host->io->sync_dir(WEIR_AT("file.publish.sync"),
				AT_FDCWD, dir) != 0)
				rc = fsink_errno(en, err, "make durable", dir);
			else
				rc = prune(fp, dir, err);
		}
		if (rc == WEIR_OK)
			rc = drop_side(fp, entry.side, err);
		en->host->free(before);
		before = dir;
	}
	en->host->free(before);
	return rc;
}

/* ---- lists that are files */

static int
list_add(struct fsink_publisher *fp, uint64_t epoch, struct weir_err *err)
{
	uint64_t *to = fp->env.host->realloc(fp->lists, (fp->nlists + 1) *
	    sizeof *to);

	if (to == NULL)
		return fsink_no_memory(&fp->env, err);
	fp->lists = to;
	to[fp->nlists++] = epoch;
	return WEIR_OK;
}

static int
see_list(void *arg, const char *path, const char *name, struct weir_err *err)
{
	struct fsink_publisher *fp = arg;
	uint64_t epoch;
	char *end;

	(void)path;
	if (!fsink_is_staged(name, fp->stem))
		return WEIR_OK;
	epoch = strtoull(name + strlen(fp->stem) + 1, &end, 10);
	return strcmp(end, ".list") == 0 ? list_add(fp, epoch, err) : WEIR_OK;
}

int
fsink_find_lists(struct fsink_publisher *fp, struct weir_err *err)
{
	return fsink_each(&fp->env, fp->staging, see_list, fp, err);
}

int
fsink_drop_lists(struct fsink_publisher *fp, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	uint64_t upto = fp->nlists > 0 ? settled(fp) : 0;
	int rc = WEIR_OK;
	char *path;
	size_t i;

	for (i = 0; rc == WEIR_OK && i < fp->nlists; i++) {
		if (fp->lists[i] > upto)
			continue;
		path = fsink_list_path(en, fp->staging, fp->stem, fp->lists[i]);
		if (path == NULL)
			return fsink_no_memory(en, err);
		if (en->host->io->unlink(WEIR_AT("file.list.unlink"), AT_FDCWD,
			path, 0) != 0 && errno != ENOENT)
			rc = fsink_errno(en, err, "remove", path);
		en->host->free(path);
		fp->lists[i--] = fp->lists[--fp->nlists];
	}
	return rc;
}

/* ---- an epoch */

/* All renames, or after them all directories. */
static int
pass(struct fsink_publisher *fp, uint64_t epoch, const struct weir_intent *in,
    bool last, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	struct fsink_entry entry;
	struct fsink_list li;
	int rc;

	rc = fsink_list_begin(&li, en, fp->staging, in, err);
	if (rc == WEIR_OK && last)
		rc = settle(fp, &li, err);
	while (rc == WEIR_OK && !last && fsink_list_next(&li, &entry))
		rc = publish_one(fp, epoch, &entry, err);
	if (rc == WEIR_OK && li.gone && epoch > settled(fp))
		rc = fsink_fail(en, err, "lost", "%" PRIu64 " rows are lost: "
		    "\"%s\", which lists the files of epoch %" PRIu64 ", is "
		    "gone", in->rows, li.path, epoch);
	if (rc == WEIR_OK && li.bad)
		rc = fsink_fail(en, err, "intent", "what was decided for epoch "
		    "%" PRIu64 " cannot be read", epoch);
	if (rc == WEIR_OK && last && li.path != NULL)
		rc = list_add(fp, epoch, err);
	fsink_list_end(&li);
	return again(rc, err);
}

int
fsink_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err)
{
	struct fsink_publisher *fp = pb->state;
	int rc = WEIR_OK;
	size_t i;

	for (i = 0; rc == WEIR_OK && i < n; i++)
		rc = pass(fp, epoch, &intents[i], false, err);
	for (i = 0; rc == WEIR_OK && i < n; i++)
		rc = pass(fp, epoch, &intents[i], true, err);
	return rc == WEIR_OK ? again(fsink_drop_lists(fp, err), err) : rc;
}
