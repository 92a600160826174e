/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: the publisher, which gives them their final names.
 *
 * All it does may be done again: a file that stands under its final name with
 * the right size is published.
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

#include "filesink.h"

/* A published file, for `keep`. */
struct fsink_kept {
	struct fsink_kept *newer;
	char path[]; /* below base */
};

/* A line of an intent. */
struct entry {
	uint64_t rows;
	uint64_t bytes;
	char staged[128];
	char *final;
};

/* ---- directories */

static int
sync_path(const struct weir_host *host, const char *dir, struct weir_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return fsink_errno(host, err, "open", dir);
	rc = fsync(fd);
	close(fd);
	return rc == 0 ? WEIR_OK : fsink_errno(host, err, "sync", dir);
}

/* The directory before the last slash of path[0..n); its length. */
static size_t
parent_of(const char *path, size_t n)
{
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

/* Make a directory and those above it that are missing; each is synced into
 * the one above it. */
static int
make_dirs(const struct weir_host *host, const char *path, struct weir_err *err)
{
	char dir[4096];
	struct stat sb;
	size_t n = strlen(path), up;

	if (n >= sizeof dir) {
		errno = ENAMETOOLONG;
		return fsink_errno(host, err, "make directory", path);
	}
	if (stat(path, &sb) == 0) {
		if (S_ISDIR(sb.st_mode))
			return WEIR_OK;
		errno = ENOTDIR;
		return fsink_errno(host, err, "use directory", path);
	}
	up = parent_of(path, n);
	snprintf(dir, sizeof dir, "%.*s", (int)up, path);
	if (up == 0)
		snprintf(dir, sizeof dir, ".");
	else if (make_dirs(host, dir, err) != WEIR_OK)
		return WEIR_ERROR;
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return fsink_errno(host, err, "make directory", path);
	return sync_path(host, dir, err);
}

/* Is it a staged file of this stem, or its lock?  STEM. and no further stem. */
static bool
is_staged(const char *name, const char *stem)
{
	size_t n = strlen(stem);

	return strncmp(name, stem, n) == 0 && name[n] == '.';
}

/* Remove what the stem has in a staging directory, and the directory when it
 * is empty then. */
static void
remove_staged(int at, const char *name, const char *stem)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	DIR *dp = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (dp == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((de = readdir(dp)) != NULL)
		if (is_staged(de->d_name, stem))
			unlinkat(fd, de->d_name, 0);
	closedir(dp);
	unlinkat(at, name, AT_REMOVEDIR);
}

/* ---- what lies there at the start */

/* Staging of a process that is no more is removed.  WEIR_ERROR when one is
 * still at work. */
static int
clear_fence(const struct weir_host *host, int at, const char *name,
    const char *base, const char *stem, struct weir_err *err)
{
	char lock[400];
	int fd;

	snprintf(lock, sizeof lock, "%s/%s.lock", name, stem);
	fd = openat(at, lock, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return host->fail(err, WEIR_NOWHERE, "file.busy",
		    "another run is writing into %s; stop it first, or choose "
		    "another directory", base);
	}
	remove_staged(at, name, stem);
	if (fd >= 0)
		close(fd);
	return WEIR_OK;
}

static int
clear_pipeline(const struct weir_host *host, int at, const char *name,
    const char *base, const char *stem, struct weir_err *err)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC), rc = WEIR_OK;
	DIR *dp = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (dp == NULL) {
		if (fd >= 0)
			close(fd);
		return WEIR_OK;
	}
	while (rc == WEIR_OK && (de = readdir(dp)) != NULL)
		if (de->d_name[0] != '.')
			rc = clear_fence(host, fd, de->d_name, base, stem, err);
	closedir(dp);
	unlinkat(at, name, AT_REMOVEDIR);
	return rc;
}

static int
clear_staging(const struct weir_host *host, const char *base, const char *stem,
    struct weir_err *err)
{
	char *path = fsink_join(host, base, ".staging");
	struct dirent *de;
	int rc = WEIR_OK;
	DIR *dp;

	if (path == NULL)
		return fsink_no_memory(host, err);
	dp = opendir(path);
	host->free(path);
	if (dp == NULL)
		return WEIR_OK;
	while (rc == WEIR_OK && (de = readdir(dp)) != NULL)
		if (de->d_name[0] != '.')
			rc = clear_pipeline(host, dirfd(dp), de->d_name, base,
			    stem, err);
	closedir(dp);
	return rc;
}

static int
check_empty(const struct weir_host *host, const char *base,
    struct weir_err *err)
{
	DIR *dp = opendir(base);
	struct dirent *de;
	int rc = WEIR_OK;

	if (dp == NULL)
		return fsink_errno(host, err, "open", base);
	while (rc == WEIR_OK && (de = readdir(dp)) != NULL)
		if (de->d_name[0] != '.')
			rc = host->fail(err, WEIR_NOWHERE, "file.not_empty",
			    "%s is not empty: it holds %.80s; choose another "
			    "directory, empty it, or run with --append", base,
			    de->d_name);
	closedir(dp);
	return rc;
}

/* ---- keep */

static bool
kept_add(const struct weir_host *host, struct fsink_publisher *fp,
    const char *path)
{
	size_t n = strlen(path) + 1;
	struct fsink_kept *ke = host->alloc(sizeof *ke + n);

	if (ke == NULL)
		return false;
	memcpy(ke->path, path, n);
	ke->newer = NULL;
	if (fp->newest != NULL)
		fp->newest->newer = ke;
	else
		fp->oldest = ke;
	fp->newest = ke;
	fp->nkept++;
	return true;
}

static bool
kept_has(const struct fsink_publisher *fp, const char *path)
{
	const struct fsink_kept *ke = fp->oldest;

	while (ke != NULL && strcmp(ke->path, path) != 0)
		ke = ke->newer;
	return ke != NULL;
}

/* Is it a name of ours?  STEM-TIMEZ-... with the extension. */
static bool
is_ours(const char *name, const char *stem, const char *extension)
{
	size_t n = strlen(name), e = strlen(extension), k = strlen(stem), i;

	if (n < k + 25 + e || strncmp(name, stem, k) != 0 || name[k] != '-' ||
	    name[n - e - 1] != '.' || strcmp(name + n - e, extension) != 0)
		return false;
	name += k + 1;
	for (i = 0; i < 18; i++)
		if (i == 8 ? name[i] != 'T' : name[i] < '0' || name[i] > '9')
			return false;
	return name[18] == 'Z' && name[19] == '-';
}

struct found {
	char **paths;
	size_t n;
};

static bool
found_add(const struct weir_host *host, struct found *fo, const char *dir,
    const char *name)
{
	char **list = host->realloc(fo->paths, (fo->n + 1) * sizeof *list);

	if (list == NULL)
		return false;
	fo->paths = list;
	list[fo->n] = dir[0] == '\0' ? fsink_join(host, name, "") :
	    fsink_join(host, dir, name);
	return list[fo->n] != NULL && ++fo->n > 0;
}

static bool
find_files(const struct weir_host *host, const struct fsink_config *cf,
    const char *stem, const char *below, int depth, struct found *fo)
{
	char *dir = fsink_join(host, cf->base, below), *sub;
	struct dirent *de;
	bool ok = dir != NULL;
	DIR *dp = ok ? opendir(dir) : NULL;

	host->free(dir);
	while (ok && dp != NULL && (de = readdir(dp)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if (is_ours(de->d_name, stem, cf->format->extension)) {
			ok = found_add(host, fo, below, de->d_name);
		} else if (de->d_type == DT_DIR && depth < 16) {
			sub = below[0] == '\0'
			    ? fsink_join(host, de->d_name, "")
			    : fsink_join(host, below, de->d_name);
			ok = sub != NULL &&
			    find_files(host, cf, stem, sub, depth + 1, fo);
			host->free(sub);
		}
	}
	if (dp != NULL)
		closedir(dp);
	return ok;
}

static const char *
base_name(const char *path)
{
	const char *s = strrchr(path, '/');

	return s != NULL ? s + 1 : path;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

/* The files that an earlier run left, oldest first. */
static int
find_kept(const struct weir_host *host, const struct fsink_config *cf,
    struct fsink_publisher *fp, struct weir_err *err)
{
	struct found fo = { NULL, 0 };
	bool ok;
	size_t i;

	if (cf->keep == 0)
		return WEIR_OK;
	ok = find_files(host, cf, fp->stem, "", 0, &fo);
	if (ok && fo.n > 0)
		qsort(fo.paths, fo.n, sizeof *fo.paths, by_name);
	for (i = 0; i < fo.n; i++) {
		ok = ok && kept_add(host, fp, fo.paths[i]);
		host->free(fo.paths[i]);
	}
	host->free(fo.paths);
	return ok ? WEIR_OK : fsink_no_memory(host, err);
}

/* Delete the oldest files beyond `keep`. */
static void
prune(struct weir_publisher *pb)
{
	const struct fsink_config *cf = pb->config;
	struct fsink_publisher *fp = pb->state;
	struct fsink_kept *ke;
	char *path;

	while (cf->keep > 0 && fp->nkept > cf->keep) {
		ke = fp->oldest;
		path = fsink_join(pb->host, cf->base, ke->path);
		if (path == NULL)
			return;
		if (unlink(path) != 0 && errno != ENOENT)
			pb->host->publisher_log(pb, WEIR_LOG_WARN,
			    "cannot delete %s: %s", path, strerror(errno));
		pb->host->free(path);
		fp->oldest = ke->newer;
		if (fp->oldest == NULL)
			fp->newest = NULL;
		fp->nkept--;
		pb->host->free(ke);
	}
}

/* ---- open */

/* Hold STEM.lock in the staging directory for as long as the sink is open. */
static int
take_lock(struct weir_publisher *pb, struct weir_err *err)
{
	const struct fsink_config *cf = pb->config;
	struct fsink_publisher *fp = pb->state;
	char name[FSINK_STEM + 8];
	char *path;
	int rc = WEIR_OK;

	snprintf(name, sizeof name, "%s.lock", fp->stem);
	path = fsink_join(pb->host, fp->staging, name);
	if (path == NULL)
		return fsink_no_memory(pb->host, err);
	fp->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fp->lock < 0)
		rc = fsink_errno(pb->host, err, "create", path);
	else if (flock(fp->lock, LOCK_EX | LOCK_NB) != 0)
		rc = pb->host->fail(err, WEIR_NOWHERE, "file.busy",
		    "two sinks called %s write into %s; give one another id",
		    fp->stem, cf->base);
	pb->host->free(path);
	return rc;
}

int
fsink_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct fsink_config *cf = pb->config;
	struct fsink_publisher *fp = pb->state;

	fp->lock = -1;
	fp->epoch = fence->epoch;
	fsink_stem(fp->stem, pb->id);
	if (make_dirs(pb->host, cf->base, err) != WEIR_OK ||
	    clear_staging(pb->host, cf->base, fp->stem, err) != WEIR_OK)
		return WEIR_ERROR;
	if (fence->fresh && !fence->append &&
	    check_empty(pb->host, cf->base, err) != WEIR_OK)
		return WEIR_ERROR;
	fp->staging = fsink_staging_path(pb->host, cf, fence);
	if (fp->staging == NULL)
		return fsink_no_memory(pb->host, err);
	if (make_dirs(pb->host, fp->staging, err) != WEIR_OK ||
	    take_lock(pb, err) != WEIR_OK)
		return WEIR_ERROR;
	return find_kept(pb->host, cf, fp, err);
}

/* ---- publish */

/* The next line of an intent; false at its end. */
static bool
entry_next(const char **at, const char *end, struct entry *en, char *final,
    size_t cap)
{
	const char *nl = memchr(*at, '\n', (size_t)(end - *at));
	size_t n;
	int used = 0;

	if (nl == NULL)
		return false;
	n = (size_t)(nl - *at);
	if (n >= cap)
		return false;
	memcpy(final, *at, n);
	final[n] = '\0';
	*at = nl + 1;
	if (sscanf(final, "%" SCNu64 " %" SCNu64 " %127s %n", &en->rows,
		&en->bytes, en->staged, &used) != 3 || used == 0)
		return false;
	en->final = final + used;
	return true;
}

/* Rename, but never over something. */
static int
rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* The file system can't; a link does not replace either. */
	if (link(from, to) != 0)
		return -1;
	return unlink(from);
}

/* WEIR_AGAIN where room may come. */
static int
publish_again(const struct weir_host *host, struct weir_err *err,
    const char *what, const char *path)
{
	int e = errno;

	fsink_errno(host, err, what, path);
	return e == ENOSPC || e == EDQUOT ? WEIR_AGAIN : WEIR_ERROR;
}

static int
publish_done(const struct weir_host *host, const char *staged,
    const char *final, uint64_t bytes, struct weir_err *err)
{
	struct stat sb;

	if (stat(final, &sb) != 0)
		return host->fail(err, WEIR_NOWHERE, "file.lost",
		    "%s, which was to become %s, is gone", staged, final);
	if ((uint64_t)sb.st_size != bytes)
		return host->fail(err, WEIR_NOWHERE, "file.exists",
		    "%s is there already, with %lld bytes instead of %" PRIu64
		    "; something else writes into this directory", final,
		    (long long)sb.st_size, bytes);
	unlink(staged);
	return WEIR_OK;
}

static int
publish_paths(struct weir_publisher *pb, const char *staged, char *final,
    uint64_t bytes, struct weir_err *err)
{
	size_t n = parent_of(final, strlen(final));
	char c = final[n];
	int rc;

	final[n] = '\0';
	rc = make_dirs(pb->host, final, err);
	final[n] = c;
	if (rc != WEIR_OK)
		return strcmp(err->code, "file.full") == 0 ? WEIR_AGAIN : rc;
	if (rename_new(staged, final) != 0) {
		if (errno != EEXIST && errno != ENOENT)
			return publish_again(pb->host, err, "rename", staged);
		rc = publish_done(pb->host, staged, final, bytes, err);
		if (rc != WEIR_OK)
			return rc;
	}
	final[n] = '\0';
	rc = sync_path(pb->host, final, err);
	final[n] = c;
	return rc;
}

static int
publish_one(struct weir_publisher *pb, const struct entry *en,
    struct weir_err *err)
{
	const struct fsink_config *cf = pb->config;
	struct fsink_publisher *fp = pb->state;
	char *staged = fsink_join(pb->host, fp->staging, en->staged);
	char *final = fsink_join(pb->host, cf->base, en->final);
	int rc = WEIR_ERROR;

	if (staged == NULL || final == NULL)
		fsink_no_memory(pb->host, err);
	else
		rc = publish_paths(pb, staged, final, en->bytes, err);
	if (rc == WEIR_OK && cf->keep > 0 && !kept_has(fp, en->final) &&
	    !kept_add(pb->host, fp, en->final))
		rc = fsink_no_memory(pb->host, err);
	pb->host->free(staged);
	pb->host->free(final);
	return rc;
}

static int
publish_list(struct weir_publisher *pb, const char *at, size_t len,
    struct weir_err *err)
{
	const char *end = at + len;
	struct entry en;
	char line[8192];
	int rc;

	while (entry_next(&at, end, &en, line, sizeof line)) {
		rc = publish_one(pb, &en, err);
		if (rc != WEIR_OK)
			return rc;
	}
	if (at != end)
		return pb->host->fail(err, WEIR_NOWHERE, "file.intent",
		    "the list of files to publish cannot be read");
	return WEIR_OK;
}

/* The list is in a staged file. */
static int
publish_staged_list(struct weir_publisher *pb, const char *name, size_t n,
    struct weir_err *err)
{
	struct fsink_publisher *fp = pb->state;
	char staged[FSINK_STEM + 32], *path, *text = NULL;
	struct stat sb = { .st_size = 0 };
	int fd, rc = WEIR_ERROR;

	snprintf(staged, sizeof staged, "%.*s", (int)n, name);
	path = fsink_join(pb->host, fp->staging, staged);
	if (path == NULL)
		return fsink_no_memory(pb->host, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &sb) != 0)
		fsink_errno(pb->host, err, "read", path);
	else if ((text = pb->host->alloc((size_t)sb.st_size + 1)) == NULL)
		fsink_no_memory(pb->host, err);
	else if (read(fd, text, (size_t)sb.st_size) != sb.st_size)
		fsink_errno(pb->host, err, "read", path);
	else
		rc = publish_list(pb, text, (size_t)sb.st_size, err);
	if (fd >= 0)
		close(fd);
	if (rc == WEIR_OK)
		unlink(path);
	pb->host->free(text);
	pb->host->free(path);
	return rc;
}

int
fsink_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err)
{
	struct fsink_publisher *fp = pb->state;
	const char *at;
	size_t i;
	int rc;

	if (epoch <= fp->epoch)
		return WEIR_OK;
	for (i = 0; i < n; i++) {
		at = intents[i].data;
		if (at == NULL || intents[i].len == 0)
			continue;
		rc = *at == '@'
		    ? publish_staged_list(pb, at + 1, intents[i].len - 1, err)
		    : publish_list(pb, at, intents[i].len, err);
		if (rc != WEIR_OK)
			return rc;
	}
	fp->epoch = epoch;
	prune(pb);
	return WEIR_OK;
}

int
fsink_last_published(struct weir_publisher *pb, uint64_t *epoch,
    struct weir_err *err)
{
	const struct fsink_publisher *fp = pb->state;

	(void)err;
	*epoch = fp->epoch;
	return WEIR_OK;
}

/* ---- the end */

void
fsink_abandon(struct weir_publisher *pb)
{
	struct fsink_publisher *fp = pb->state;

	if (fp->staging != NULL)
		remove_staged(AT_FDCWD, fp->staging, fp->stem);
}

/* Staging directories that are empty go. */
void
fsink_close(struct weir_publisher *pb)
{
	struct fsink_publisher *fp = pb->state;
	char name[FSINK_STEM + 8];
	struct fsink_kept *ke;
	char *path;
	int i;

	if (fp->lock >= 0) {
		snprintf(name, sizeof name, "%s.lock", fp->stem);
		path = fsink_join(pb->host, fp->staging, name);
		if (path != NULL)
			unlink(path);
		pb->host->free(path);
		for (i = 0; i < 3 && rmdir(fp->staging) == 0; i++)
			fp->staging[parent_of(fp->staging,
			    strlen(fp->staging))] = '\0';
		close(fp->lock);
	}
	fp->lock = -1;
	pb->host->free(fp->staging);
	fp->staging = NULL;
	while ((ke = fp->oldest) != NULL) {
		fp->oldest = ke->newer;
		pb->host->free(ke);
	}
	fp->newest = NULL;
}
