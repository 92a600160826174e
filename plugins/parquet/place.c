/* SPDX-License-Identifier: MIT
 *
 * Directories and names of a sink's files.
 */
#include "place.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
pq_place_stem(char stem[PQ_STEM], const char *id)
{
	static const char verb[] = "parquet.write";
	size_t n = 0;

	while (*id != '\0' && n + 1 < PQ_STEM) {
		if (strncmp(id, verb, sizeof verb - 1) == 0) {
			id += sizeof verb - 1;
			continue;
		}
		if (isalnum((unsigned char)*id) || *id == '_' || *id == '.')
			stem[n++] = *id;
		else if (n > 0 && stem[n - 1] != '-')
			stem[n++] = '-';
		id++;
	}
	while (n > 0 && stem[n - 1] == '-')
		n--;
	stem[n] = '\0';
	/* a name must not begin with a point: readers pass such files over */
	if (n == 0 || stem[0] == '.' || stem[0] == '_')
		snprintf(stem, PQ_STEM, "part");
}

void
pq_place_base(char *base, size_t cap, const char *prefix, bool constant)
{
	size_t n = strlen(prefix);

	if (!constant)
		while (n > 0 && prefix[n - 1] != '/')
			n--;
	while (n > 1 && prefix[n - 1] == '/')
		n--;
	if (n == 0)
		snprintf(base, cap, ".");
	else
		snprintf(base, cap, "%.*s", (int)n, prefix);
}

void
pq_place_name(char *to, size_t cap, const char *stem, int64_t stamp,
    uint64_t epoch, uint32_t seq)
{
	time_t sec = (time_t)(stamp / 1000 - (stamp % 1000 < 0));
	int ms = (int)(stamp - (int64_t)sec * 1000);
	struct tm tm;

	memset(&tm, 0, sizeof tm);
	gmtime_r(&sec, &tm);
	snprintf(to, cap,
	    "%s-%04d%02d%02dT%02d%02d%02d%03dZ-%010" PRIu64 "-%04u.parquet",
	    stem, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, ms, epoch, seq);
}

static const char *
digits(const char *p, int least)
{
	int n = 0;

	while (isdigit((unsigned char)*p)) {
		p++;
		n++;
	}
	return n >= least ? p : NULL;
}

bool
pq_place_ours(const char *name, const char *stem)
{
	size_t n = strlen(stem);
	const char *p = name + n;

	return strncmp(name, stem, n) == 0 && *p++ == '-' &&
	    (p = digits(p, 8)) != NULL && *p++ == 'T' &&
	    (p = digits(p, 9)) != NULL && *p++ == 'Z' && *p++ == '-' &&
	    (p = digits(p, 10)) != NULL && *p++ == '-' &&
	    (p = digits(p, 4)) != NULL && strcmp(p, ".parquet") == 0;
}

int
pq_place_staging(char *to, size_t cap, const char *base, const char *pipeline,
    uint64_t fence)
{
	int n = snprintf(to, cap, "%s/.staging/%s/%" PRIu64, base, pipeline,
	    fence);

	if (n < 0 || (size_t)n >= cap) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

int
pq_place_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* The directory was made: so must its name be in its parent. */
static int
sync_parent(const char *path)
{
	char up[PQ_PATH];
	char *slash;

	snprintf(up, sizeof up, "%s", path);
	slash = strrchr(up, '/');
	if (slash == NULL)
		return pq_place_sync_dir(".");
	if (slash == up)
		slash++;
	*slash = '\0';
	return pq_place_sync_dir(up);
}

int
pq_place_mkdir(const char *path)
{
	char at[PQ_PATH];
	struct stat sb;
	size_t i, n = strlen(path);

	if (n >= sizeof at) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (stat(path, &sb) == 0 && S_ISDIR(sb.st_mode))
		return 0;
	memcpy(at, path, n + 1);
	for (i = 1; i <= n; i++) {
		if (at[i] != '/' && at[i] != '\0')
			continue;
		at[i] = '\0';
		if (mkdir(at, 0777) == 0) {
			if (sync_parent(at) != 0)
				return -1;
		} else if (errno != EEXIST)
			return -1;
		if (i < n)
			at[i] = '/';
	}
	if (stat(path, &sb) != 0)
		return -1;
	if (!S_ISDIR(sb.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	return 0;
}

int
pq_place_rename(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* a file system that can't: a second name, which never replaces */
	if (link(from, to) != 0)
		return -1;
	return unlink(from);
}
