/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: names, directories, and the words for what goes
 * wrong with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/time.h"
#include "filesink_parts.h"

/* ---- errors */

const char *
fsink_code(char to[24], const struct fsink_env *en, const char *what)
{
	snprintf(to, 24, "%s.%s", en->cf->format->codes, what);
	return to;
}

int
fsink_no_memory(const struct fsink_env *en, struct weir_err *err)
{
	return fsink_fail(en, err, "memory", "out of memory");
}

int
fsink_errno(const struct fsink_env *en, struct weir_err *err, const char *what,
    const char *path)
{
	int e = errno;

	if (e == ENOSPC || e == EDQUOT)
		return en->host->fail(err,
		    en->host->expr_span(en->cf->path), "disk.full",
		    "the disk is full: cannot %s \"%s\": %s; make room",
		    what, path, strerror(e));
	if (e == EIO)
		return en->host->fail(err,
		    en->host->expr_span(en->cf->path), "disk.error",
		    "cannot %s \"%s\": %s", what, path, strerror(e));
	return fsink_fail(en, err, "io", "cannot %s \"%s\": %s", what, path,
	    strerror(e));
}

/* ---- paths */

char *
fsink_join(const struct fsink_env *en, const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	char *p = en->host->alloc(na + nb + 2);

	if (p == NULL)
		return NULL;
	memcpy(p, a, na);
	if (na > 0 && nb > 0 && a[na - 1] != '/')
		p[na++] = '/';
	memcpy(p + na, b, nb + 1);
	return p;
}

size_t
fsink_parent(const char *path, size_t n)
{
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

static bool
is_letter(char c)
{
	return (c >= '0' && c <= '9') || c == '_' ||
	    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void
fsink_stem(char stem[FSINK_STEM], const struct fsink_config *cf,
    const char *id)
{
	const char *verb = cf->format->verb;
	size_t n = 0;

	if (cf->stem != NULL) {
		snprintf(stem, FSINK_STEM, "%s", cf->stem);
		return;
	}
	if (verb != NULL && strncmp(id, verb, strlen(verb)) == 0)
		id += strlen(verb);
	for (; *id != '\0' && n + 1 < FSINK_STEM; id++) {
		if (*id == '/' && n > 0) /* the verb is told by the extension */
			while (id[1] != '\0' && id[1] != '#')
				id++;
		else if (is_letter(*id))
			stem[n++] = *id;
		else if (n > 0 && stem[n - 1] != '-')
			stem[n++] = '-';
	}
	while (n > 0 && stem[n - 1] == '-')
		n--;
	stem[n] = '\0';
	/* Names that begin with these are passed over by readers. */
	if (n == 0 || stem[0] == '_')
		snprintf(stem, FSINK_STEM, "part");
}

char *
fsink_staging(const struct fsink_env *en, const struct weir_fence *fence)
{
	char tail[128];

	snprintf(tail, sizeof tail, ".staging/%.32s/%" PRIu64, fence->pipeline,
	    fence->fence);
	return fsink_join(en, en->cf->base, tail);
}

void
fsink_name(char to[FSINK_NAME], const char *stem, int64_t stamp,
    uint64_t epoch, uint32_t number, const char *extension)
{
	int64_t sec = weir__time_floor(stamp, 1000), y;
	unsigned m, d, of_day = (unsigned)weir__time_rest(sec, 86400);

	weir__time_civil(weir__time_floor(sec, 86400), &y, &m, &d);
	snprintf(to, FSINK_NAME,
	    "%s-%04d%02u%02uT%02u%02u%02u%03uZ-%010" PRIu64 "-%04u.%s", stem,
	    (int)y, m, d, of_day / 3600, of_day / 60 % 60, of_day % 60,
	    (unsigned)weir__time_rest(stamp, 1000), epoch, number, extension);
}

/* Past so many digits and more, and what must follow them; or NULL. */
static const char *
digits(const char *p, int least, char then)
{
	int n = 0;

	while (*p >= '0' && *p <= '9') {
		p++;
		n++;
	}
	return n >= least && *p == then ? p + 1 : NULL;
}

bool
fsink_is_name(const char *name, const char *stem, const char *extension)
{
	size_t n = strlen(stem);
	const char *p = name + n;

	return strncmp(name, stem, n) == 0 && *p++ == '-' &&
	    (p = digits(p, 8, 'T')) != NULL &&
	    (p = digits(p, 9, 'Z')) != NULL && *p++ == '-' &&
	    (p = digits(p, 10, '-')) != NULL &&
	    (p = digits(p, 4, '.')) != NULL && strcmp(p, extension) == 0;
}

bool
fsink_is_staged(const char *name, const char *stem)
{
	size_t n = strlen(stem);

	return strncmp(name, stem, n) == 0 && name[n] == '@';
}

int
fsink_mkdirs(const struct fsink_env *en, const char *path,
    struct weir_err *err)
{
	const struct weir_io *io = en->host->io;
	char dir[FSINK_PATH];
	struct stat sb;
	size_t n = strlen(path), up;

	if (n >= sizeof dir) {
		errno = ENAMETOOLONG;
		return fsink_errno(en, err, "make the directory", path);
	}
	if (stat(path, &sb) == 0) {
		if (S_ISDIR(sb.st_mode))
			return WEIR_OK;
		errno = ENOTDIR;
		return fsink_fail(en, err, "path",
		    "cannot make the directory \"%s\": %s", path,
		    strerror(errno));
	}
	up = fsink_parent(path, n);
	snprintf(dir, sizeof dir, "%.*s", (int)up, path);
	if (up == 0)
		snprintf(dir, sizeof dir, ".");
	else if (fsink_mkdirs(en, dir, err) != WEIR_OK)
		return WEIR_ERROR;
	if (io->mkdir(WEIR_AT("file.mkdir"), AT_FDCWD, path, 0777) != 0 &&
	    errno != EEXIST)
		return errno == ENOSPC || errno == EDQUOT
		    ? fsink_errno(en, err, "make the directory", path)
		    : fsink_fail(en, err, "path",
			"cannot make the directory \"%s\": %s", path,
			strerror(errno));
	if (io->sync_dir(WEIR_AT("file.mkdir.sync"), AT_FDCWD, dir) != 0)
		return fsink_errno(en, err, "make durable", dir);
	return WEIR_OK;
}
