/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: what lies in the directory when a run begins, and
 * what is left of staging when it ends.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filesink_parts.h"

#define DEPTH 16

/* ---- directories of staging */

int
fsink_each(const struct fsink_env *en, const char *dir,
    int (*each)(void *arg, const char *path, const char *name,
	struct weir_err *err), void *arg, struct weir_err *err)
{
	struct dirent *de;
	int rc = WEIR_OK;
	DIR *dp = opendir(dir);
	char *path;

	while (dp != NULL && rc == WEIR_OK && (de = readdir(dp)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		path = fsink_join(en, dir, de->d_name);
		rc = path == NULL ? fsink_no_memory(en, err)
				  : each(arg, path, de->d_name, err);
		en->host->free(path);
	}
	if (dp != NULL)
		closedir(dp);
	return rc;
}

static int
remove_staged(void *arg, const char *path, const char *name,
    struct weir_err *err)
{
	struct fsink_publisher *fp = arg;

	if (fsink_is_staged(name, fp->stem) &&
	    fp->env.host->io->unlink(WEIR_AT("file.sweep"), AT_FDCWD, path,
		0) != 0 && errno != ENOENT)
		return fsink_errno(&fp->env, err, "remove", path);
	return WEIR_OK;
}

/* What the stem has in the staging directory of a fence goes, and the
 * directory when it is empty then. */
static int
sweep_fence(void *arg, const char *path, const char *name,
    struct weir_err *err)
{
	struct fsink_publisher *fp = arg;

	(void)name;
	if (fsink_each(&fp->env, path, remove_staged, fp, err) != WEIR_OK)
		return WEIR_ERROR;
	(void)fp->env.host->io->unlink(WEIR_AT("file.sweep.dir"), AT_FDCWD,
	    path, AT_REMOVEDIR);
	return WEIR_OK;
}

/* ---- what is there already */

/* Readers pass over such names, and so do we. */
static bool
is_hidden(const char *name)
{
	return name[0] == '.' || name[0] == '_';
}

static bool
is_dir(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static bool
join(char *to, const char *dir, const char *name)
{
	int n = snprintf(to, FSINK_PATH, "%s/%s", dir, name);

	return n >= 0 && n < (int)FSINK_PATH;
}

/* A visible file below `dir`: any at all, or one of our names. */
static bool
find_file(const struct fsink_publisher *fp, char *found, const char *dir,
    bool any, int depth)
{
	char path[FSINK_PATH];
	struct dirent *de;
	bool yes = false;
	DIR *dp;

	if (depth > DEPTH || (dp = opendir(dir)) == NULL)
		return false;
	while (!yes && (de = readdir(dp)) != NULL) {
		if (is_hidden(de->d_name) || !join(path, dir, de->d_name))
			continue;
		if (is_dir(path))
			yes = find_file(fp, found, path, any, depth + 1);
		else if (any || fsink_is_name(de->d_name, fp->stem,
			    fp->env.cf->format->extension)) {
			snprintf(found, FSINK_PATH, "%s", path);
			yes = true;
		}
	}
	closedir(dp);
	return yes;
}

/* Something that files of this sink would find themselves beside: any entry of
 * the directory where it is one; with ${} in the path, files below entries that
 * begin as the path does, or of our names where it begins with any. */
static bool
is_occupied(const struct fsink_publisher *fp, char *found)
{
	const struct fsink_config *cf = fp->env.cf;
	const char *begin = strrchr(cf->prefix, '/');
	char path[FSINK_PATH];
	struct dirent *de;
	bool yes = false;
	DIR *dp = opendir(cf->base);

	if (dp == NULL)
		return false;
	begin = cf->constant ? "" : begin != NULL ? begin + 1 : cf->prefix;
	while (!yes && (de = readdir(dp)) != NULL) {
		if (is_hidden(de->d_name) ||
		    strncmp(de->d_name, begin, strlen(begin)) != 0 ||
		    !join(path, cf->base, de->d_name))
			continue;
		if (cf->constant) {
			snprintf(found, FSINK_PATH, "%s", de->d_name);
			yes = true;
		} else if (is_dir(path))
			yes = find_file(fp, found, path, begin[0] != '\0', 0);
	}
	closedir(dp);
	return yes;
}

static int
check_empty(const struct fsink_publisher *fp, const struct weir_fence *fence,
    struct weir_err *err)
{
	char found[FSINK_PATH];

	if (fence->append || !fence->fresh || !is_occupied(fp, found))
		return WEIR_OK;
	return fsink_fail(&fp->env, err, "occupied", "the directory \"%s\" is "
	    "not empty (it holds \"%s\"): write to another one, or add to it "
	    "with --append", fp->env.cf->base, found);
}

/* Formats that cannot say in a file whose it is: the pipeline's id is in one
 * beside, where files are removed (`keep`), which may be only our own. */
static bool
read_mark(const struct fsink_publisher *fp, char *to, size_t cap)
{
	int fd = open(fp->mark_path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, to, cap - 1);

	if (fd >= 0)
		close(fd);
	to[got > 0 ? got : 0] = '\0';
	to[strcspn(to, "\n")] = '\0';
	return to[0] != '\0';
}

static int
write_mark(const struct fsink_publisher *fp, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	const struct weir_io *io = en->host->io;
	char id[64], was[64];
	int n = snprintf(id, sizeof id, "%s\n", fence->pipeline), fd;
	bool ok;

	if (en->cf->format->owner != NULL || en->cf->keep == 0)
		return WEIR_OK;
	if (read_mark(fp, was, sizeof was) &&
	    strcmp(was, fence->pipeline) == 0)
		return WEIR_OK;
	fd = io->open(WEIR_AT("file.mark.create"), AT_FDCWD, fp->mark_path,
	    O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ok = fd >= 0 &&
	    io->write(WEIR_AT("file.mark.write"), fd, id, (size_t)n) == 0 &&
	    io->datasync(WEIR_AT("file.mark.sync"), fd) == 0;
	if (!ok)
		fsink_errno(en, err, "write", fp->mark_path);
	if (fd >= 0)
		io->close(WEIR_AT("file.mark.close"), fd);
	return ok ? WEIR_OK : WEIR_ERROR;
}

static bool
find_owner(const struct fsink_publisher *fp, const char *path, char *to,
    size_t cap)
{
	const struct fsink_format *fo = fp->env.cf->format;

	if (fo->owner != NULL)
		return fo->owner(fp->env.host, path, to, cap);
	return fp->env.cf->keep != 0 && read_mark(fp, to, cap);
}

/* Files of our names by another pipeline would be pruned by us. */
static int
check_owner(const struct fsink_publisher *fp, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct fsink_config *cf = fp->env.cf;
	char found[FSINK_PATH], owner[64];

	if (!find_file(fp, found, cf->base, false, 0) ||
	    !find_owner(fp, found, owner, sizeof owner) ||
	    strcmp(owner, fence->pipeline) == 0)
		return WEIR_OK;
	return fsink_fail(&fp->env, err, "owner", "the directory \"%s\" "
	    "belongs to another pipeline (%s wrote \"%s\", this one is %s): "
	    "write to another one, or give the %s", cf->base, owner, found,
	    fence->pipeline, cf->format->owner != NULL
	    ? "files other names with `name`" : "stage an `id` of its own");
}

/* ---- staging of runs before */

/* What the stem has in an older fence's directory moves into ours; a name that
 * is there already came from a newer one. */
static int
adopt_one(void *arg, const char *path, const char *name, struct weir_err *err)
{
	struct fsink_publisher *fp = arg;
	const struct weir_io *io = fp->env.host->io;
	int rc = WEIR_OK;
	char *to;

	if (!fsink_is_staged(name, fp->stem))
		return WEIR_OK;
	to = fsink_join(&fp->env, fp->staging, name);
	if (to == NULL)
		return fsink_no_memory(&fp->env, err);
	if (io->rename_new(WEIR_AT("file.adopt.rename"), AT_FDCWD, path,
		AT_FDCWD, to) != 0) {
		if (errno == EEXIST &&
		    io->unlink(WEIR_AT("file.adopt.unlink"), AT_FDCWD, path,
			0) != 0)
			rc = fsink_errno(&fp->env, err, "remove", path);
		else if (errno != EEXIST && errno != ENOENT)
			rc = fsink_errno(&fp->env, err, "move", path);
	}
	fp->env.host->free(to);
	return rc;
}

/* All of an older fence's directory.  As a whole where ours is not there yet:
 * a process that was taken over then finds nothing to make files in. */
static int
adopt_fence(struct fsink_publisher *fp, const char *path, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	const struct weir_io *io = en->host->io;

	if (io->rename_new(WEIR_AT("file.adopt.all"), AT_FDCWD, path, AT_FDCWD,
		fp->staging) == 0)
		return WEIR_OK;
	if (errno == ENOENT) /* another sink of the run was here before us */
		return WEIR_OK;
	if (errno != EEXIST && errno != ENOTEMPTY)
		return fsink_errno(en, err, "move", path);
	if (fsink_each(en, path, adopt_one, fp, err) != WEIR_OK)
		return WEIR_ERROR;
	if (io->sync_dir(WEIR_AT("file.adopt.sync"), AT_FDCWD, fp->staging) !=
	    0)
		return fsink_errno(en, err, "make durable", fp->staging);
	(void)io->unlink(WEIR_AT("file.adopt.rmdir"), AT_FDCWD, path,
	    AT_REMOVEDIR);
	return WEIR_OK;
}

/* The newest fence before ours and below `below` that has a directory. */
struct newest {
	uint64_t below;
	uint64_t found;
};

static int
see_fence(void *arg, const char *path, const char *name, struct weir_err *err)
{
	struct newest *ne = arg;
	uint64_t v = strtoull(name, NULL, 10);

	(void)path;
	(void)err;
	if (v < ne->below && v > ne->found)
		ne->found = v;
	return WEIR_OK;
}

static int
adopt_all(struct fsink_publisher *fp, const char *own, uint64_t fence,
    struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	struct newest ne = { fence, 0 };
	char name[32], *path;
	int rc;

	for (;;) {
		rc = fsink_each(en, own, see_fence, &ne, err);
		if (rc != WEIR_OK || ne.found == 0)
			break;
		snprintf(name, sizeof name, "%" PRIu64, ne.found);
		path = fsink_join(en, own, name);
		rc = path == NULL ? fsink_no_memory(en, err)
				  : adopt_fence(fp, path, err);
		en->host->free(path);
		if (rc != WEIR_OK)
			break;
		ne = (struct newest){ ne.found, 0 };
	}
	if (rc == WEIR_OK && access(own, F_OK) == 0 &&
	    en->host->io->sync_dir(WEIR_AT("file.adopt.dir"), AT_FDCWD, own) !=
	    0 && errno != ENOENT)
		rc = fsink_errno(en, err, "make durable", own);
	return rc;
}

/* Staging of this pipeline's runs before: gone where nothing of them goes on, or
 * nothing was ever decided, else ours from now on. */
static int
take_staging(struct fsink_publisher *fp, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	char *own = fsink_join(en, fp->top, fence->pipeline);
	int rc;

	if (own == NULL)
		return fsink_no_memory(en, err);
	if (fence->fresh || fence->epoch == 0) {
		rc = fsink_each(en, own, sweep_fence, fp, err);
		(void)en->host->io->unlink(WEIR_AT("file.sweep.pipeline"),
		    AT_FDCWD, own, AT_REMOVEDIR);
	} else {
		rc = adopt_all(fp, own, fence->fence, err);
		if (rc == WEIR_OK)
			rc = fsink_find_lists(fp, err);
	}
	en->host->free(own);
	return rc;
}

/* ---- open */

/* Does the path still name the file that was opened? */
static bool
is_same(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Hold BASE/.staging/STEM@lock for as long as the sink is open.  A process that
 * has been taken over keeps the one that it has; ours is a new file. */
static int
take_lock(struct fsink_publisher *fp, bool taken_over, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	bool held;

	for (;;) {
		fp->lock = open(fp->lock_path, O_RDWR | O_CREAT | O_CLOEXEC,
		    0666);
		if (fp->lock < 0)
			return fsink_errno(en, err, "make", fp->lock_path);
		held = flock(fp->lock, LOCK_EX | LOCK_NB) != 0;
		if (!held && is_same(fp->lock, fp->lock_path))
			return WEIR_OK;
		close(fp->lock);
		fp->lock = -1;
		if (held && !taken_over)
			return fsink_fail(en, err, "busy", "another run, or "
			    "another sink called %s, is writing into \"%s\"; "
			    "stop it first, choose another directory, or give "
			    "one of them another id", fp->stem, en->cf->base);
		if (held)
			(void)unlink(fp->lock_path);
		taken_over = false;
	}
}

static int
find_paths(struct fsink_publisher *fp, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	char name[FSINK_NAME];

	snprintf(name, sizeof name, ".%s.%s.weir", fp->stem,
	    en->cf->format->extension);
	fp->mark_path = fsink_join(en, en->cf->base, name);
	snprintf(name, sizeof name, "%s@lock", fp->stem);
	fp->staging = fsink_staging(en, fence);
	fp->top = fsink_join(en, en->cf->base, ".staging");
	if (fp->top != NULL)
		fp->lock_path = fsink_join(en, fp->top, name);
	return fp->staging == NULL || fp->lock_path == NULL ||
	    fp->mark_path == NULL
	    ? fsink_no_memory(en, err) : WEIR_OK;
}

int
fsink_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	struct fsink_publisher *fp = pb->state;
	const struct fsink_env *en = &fp->env;

	fp->env = (struct fsink_env){ pb->host, pb->config };
	fp->pb = pb;
	fp->lock = -1;
	fsink_stem(fp->stem, en->cf, pb->id);
	if (find_paths(fp, fence, err) != WEIR_OK ||
	    check_empty(fp, fence, err) != WEIR_OK ||
	    check_owner(fp, fence, err) != WEIR_OK ||
	    fsink_mkdirs(en, en->cf->base, err) != WEIR_OK)
		return WEIR_ERROR;
	if (access(en->cf->base, W_OK | X_OK) != 0)
		return fsink_fail(en, err, "path", "cannot write to the "
		    "directory \"%s\": %s", en->cf->base, strerror(errno));
	if (fsink_mkdirs(en, fp->top, err) != WEIR_OK ||
	    take_lock(fp, fence->taken_over, err) != WEIR_OK ||
	    write_mark(fp, fence, err) != WEIR_OK)
		return WEIR_ERROR;
	return take_staging(fp, fence, err);
}

/* ---- the end */

/* Directories of staging that are empty go. */
static void
remove_empty(struct fsink_publisher *fp, const char *path)
{
	const struct weir_host *host = fp->env.host;
	char *dir = fsink_join(&fp->env, path, "");

	while (dir != NULL && strlen(dir) > strlen(fp->top) &&
	    host->io->unlink(WEIR_AT("file.staging.rmdir"), AT_FDCWD, dir,
		AT_REMOVEDIR) == 0)
		dir[fsink_parent(dir, strlen(dir))] = '\0';
	host->free(dir);
}

void
fsink_abandon(struct weir_publisher *pb)
{
	struct fsink_publisher *fp = pb->state;
	struct weir_err err;

	if (fp->lock < 0)
		return;
	(void)fsink_each(&fp->env, fp->staging, remove_staged, fp, &err);
	remove_empty(fp, fp->staging);
}

void
fsink_close(struct weir_publisher *pb)
{
	struct fsink_publisher *fp = pb->state;
	const struct weir_host *host = pb->host;
	struct weir_err err;

	if (fp->env.host == NULL)
		return;
	if (fp->lock >= 0) {
		(void)fsink_drop_lists(fp, &err);
		remove_empty(fp, fp->staging);
		if (is_same(fp->lock, fp->lock_path))
			(void)unlink(fp->lock_path);
		close(fp->lock);
		(void)host->io->unlink(WEIR_AT("file.staging.gone"), AT_FDCWD,
		    fp->top, AT_REMOVEDIR);
	}
	fp->lock = -1;
	host->free(fp->staging);
	host->free(fp->top);
	host->free(fp->lock_path);
	host->free(fp->mark_path);
	host->free(fp->lists);
	fp->env.host = NULL;
}
