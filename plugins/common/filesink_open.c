/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: what lies in the directory when a run begins, and
 * what is left of staging when it ends.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filesink_parts.h"

#define DEPTH 16

/* ---- directories of staging */

/* Call `each` for every entry that has no point in front; WEIR_OK where there
 * is no such directory. */
static int
each_entry(struct fsink_publisher *fp, const char *dir,
    int (*each)(struct fsink_publisher *fp, const char *path, const char *name,
	struct weir_err *err), struct weir_err *err)
{
	struct dirent *de;
	int rc = WEIR_OK;
	DIR *dp = opendir(dir);
	char *path;

	while (dp != NULL && rc == WEIR_OK && (de = readdir(dp)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		path = fsink_join(&fp->env, dir, de->d_name);
		rc = path == NULL ? fsink_no_memory(&fp->env, err)
				  : each(fp, path, de->d_name, err);
		fp->env.host->free(path);
	}
	if (dp != NULL)
		closedir(dp);
	return rc;
}

static int
remove_staged(struct fsink_publisher *fp, const char *path, const char *name,
    struct weir_err *err)
{
	(void)err;
	if (fsink_is_staged(name, fp->stem))
		(void)fp->env.host->io->unlink(WEIR_AT("file.sweep"), AT_FDCWD,
		    path, 0);
	return WEIR_OK;
}

/* What the stem has in the staging directory of a fence goes, and the
 * directory when it is empty then. */
static int
sweep_fence(struct fsink_publisher *fp, const char *path, const char *name,
    struct weir_err *err)
{
	(void)name;
	if (each_entry(fp, path, remove_staged, err) != WEIR_OK)
		return WEIR_ERROR;
	(void)fp->env.host->io->unlink(WEIR_AT("file.sweep.dir"), AT_FDCWD,
	    path, AT_REMOVEDIR);
	return WEIR_OK;
}

/* Of this pipeline nothing is left from before. */
static int
clear_staging(struct fsink_publisher *fp, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	char *own = fsink_join(en, fp->top, fence->pipeline);
	int rc;

	if (own == NULL)
		return fsink_no_memory(en, err);
	rc = fence->fresh ? each_entry(fp, own, sweep_fence, err) : WEIR_OK;
	(void)en->host->io->unlink(WEIR_AT("file.sweep.pipeline"), AT_FDCWD,
	    own, AT_REMOVEDIR);
	en->host->free(own);
	return rc;
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

/* Files of our names by another pipeline would be pruned by us. */
static int
check_owner(const struct fsink_publisher *fp, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct fsink_config *cf = fp->env.cf;
	char found[FSINK_PATH], owner[64];

	if (cf->format->owner == NULL ||
	    !find_file(fp, found, cf->base, false, 0) ||
	    !cf->format->owner(fp->env.host, found, owner, sizeof owner) ||
	    strcmp(owner, fence->pipeline) == 0)
		return WEIR_OK;
	return fsink_fail(&fp->env, err, "owner", "the directory \"%s\" "
	    "belongs to another pipeline (%s wrote \"%s\", this one is %s): "
	    "write to another one, or give the files other names with `name`",
	    cf->base, owner, found, fence->pipeline);
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

	snprintf(name, sizeof name, "%s@lock", fp->stem);
	fp->staging = fsink_staging(en, fence);
	fp->top = fsink_join(en, en->cf->base, ".staging");
	if (fp->top != NULL)
		fp->lock_path = fsink_join(en, fp->top, name);
	return fp->staging == NULL || fp->lock_path == NULL
	    ? fsink_no_memory(en, err) : WEIR_OK;
}

int
fsink_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	struct fsink_publisher *fp = pb->state;
	const struct fsink_env *en = &fp->env;

	fp->env = (struct fsink_env){ pb->host, pb->config };
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
	    take_lock(fp, fence->taken_over, err) != WEIR_OK)
		return WEIR_ERROR;
	return clear_staging(fp, fence, err);
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
	(void)each_entry(fp, fp->staging, remove_staged, &err);
	remove_empty(fp, fp->staging);
}

void
fsink_close(struct weir_publisher *pb)
{
	struct fsink_publisher *fp = pb->state;
	const struct weir_host *host = pb->host;

	if (fp->env.host == NULL)
		return;
	if (fp->lock >= 0) {
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
	fp->env.host = NULL;
}
