/* SPDX-License-Identifier: MIT
 *
 * Looking through directories: what is there already, what is left over, what
 * may go.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"

#define DEPTH 16

/* Readers pass over such names, and so do we. */
static bool
hidden(const char *name)
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
join(char *to, size_t cap, const char *dir, const char *name)
{
	int n = snprintf(to, cap, "%s/%s", dir, name);

	return n >= 0 && (size_t)n < cap;
}

/* The stem's files of one staging directory. */
static void
sweep_fence(const char *dir, const char *stem)
{
	size_t n = strlen(stem);
	char path[PQ_PATH];
	struct dirent *en;
	DIR *d = opendir(dir);

	if (d == NULL)
		return;
	while ((en = readdir(d)) != NULL)
		if (strncmp(en->d_name, stem, n) == 0 &&
		    en->d_name[n] == '@' &&
		    join(path, sizeof path, dir, en->d_name))
			(void)unlink(path);
	closedir(d);
	(void)rmdir(dir);
}

void
pq_place_sweep(const char *base, const char *pipeline, const char *stem)
{
	char dir[PQ_PATH], fence[PQ_PATH];
	struct dirent *en;
	DIR *d;
	int n;

	n = snprintf(dir, sizeof dir, "%s/.staging/%s", base, pipeline);
	if (n < 0 || (size_t)n >= sizeof dir || (d = opendir(dir)) == NULL)
		return;
	while ((en = readdir(d)) != NULL)
		if (en->d_name[0] != '.' &&
		    join(fence, sizeof fence, dir, en->d_name))
			sweep_fence(fence, stem);
	closedir(d);
	/* these fail while another sink has files there */
	(void)rmdir(dir);
	if (join(dir, sizeof dir, base, ".staging"))
		(void)rmdir(dir);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	const struct weir_host *ho;
	char **at;
	size_t n;
	size_t cap;
};

static int
names_add(struct names *na, const char *name)
{
	size_t len = strlen(name) + 1, cap;
	char **at, *copy;

	if (na->n == na->cap) {
		cap = na->cap == 0 ? 64 : na->cap * 2;
		at = na->ho->realloc(na->at, cap * sizeof *at);
		if (at == NULL)
			return -1;
		na->at = at;
		na->cap = cap;
	}
	copy = na->ho->alloc(len);
	if (copy == NULL)
		return -1;
	memcpy(copy, name, len);
	na->at[na->n++] = copy;
	return 0;
}

static void
names_fini(struct names *na)
{
	while (na->n > 0)
		na->ho->free(na->at[--na->n]);
	if (na->at != NULL)
		na->ho->free(na->at);
}

int
pq_place_prune(const struct weir_host *ho, const char *dir, const char *stem,
    int64_t keep)
{
	struct names na = { .ho = ho };
	char path[PQ_PATH];
	struct dirent *en;
	DIR *d = opendir(dir);
	size_t i;
	int rc = 0;

	if (d == NULL)
		return -1;
	while (rc == 0 && (en = readdir(d)) != NULL)
		if (pq_place_ours(en->d_name, stem))
			rc = names_add(&na, en->d_name);
	closedir(d);
	if (rc != 0)
		errno = ENOMEM;
	if (rc == 0 && na.n > (uint64_t)keep) {
		qsort(na.at, na.n, sizeof *na.at, by_name);
		for (i = 0; rc == 0 && i < na.n - (uint64_t)keep; i++)
			if (join(path, sizeof path, dir, na.at[i]) &&
			    unlink(path) != 0 && errno != ENOENT)
				rc = -1;
	}
	names_fini(&na);
	return rc;
}

int64_t
pq_place_newer(const char *dir, const char *stem, const char *name)
{
	struct dirent *en;
	int64_t n = 0;
	DIR *d = opendir(dir);

	if (d == NULL)
		return 0;
	while ((en = readdir(d)) != NULL)
		n += pq_place_ours(en->d_name, stem) &&
		    strcmp(en->d_name, name) > 0;
	closedir(d);
	return n;
}

bool
pq_place_newest(char *found, size_t cap, const char *dir, const char *stem)
{
	char best[NAME_MAX + 1] = "";
	struct dirent *en;
	DIR *d = opendir(dir);

	if (d == NULL)
		return false;
	while ((en = readdir(d)) != NULL)
		if (pq_place_ours(en->d_name, stem) &&
		    strcmp(en->d_name, best) > 0)
			snprintf(best, sizeof best, "%s", en->d_name);
	closedir(d);
	return best[0] != '\0' && join(found, cap, dir, best);
}

/* A visible file below `dir`: any at all, or one of the stem. */
static bool
find_file(char *found, size_t cap, const char *dir, const char *stem,
    bool any, int depth)
{
	char path[PQ_PATH];
	struct dirent *en;
	bool yes = false;
	DIR *d;

	if (depth > DEPTH || (d = opendir(dir)) == NULL)
		return false;
	while (!yes && (en = readdir(d)) != NULL) {
		if (hidden(en->d_name) ||
		    !join(path, sizeof path, dir, en->d_name))
			continue;
		if (is_dir(path))
			yes = find_file(found, cap, path, stem, any,
			    depth + 1);
		else if (any || pq_place_ours(en->d_name, stem)) {
			snprintf(found, cap, "%s", path);
			yes = true;
		}
	}
	closedir(d);
	return yes;
}

bool
pq_place_occupied(char *found, size_t cap, const char *base,
    const char *prefix, bool constant, const char *stem)
{
	const char *begin = strrchr(prefix, '/');
	char path[PQ_PATH];
	struct dirent *en;
	bool yes = false;
	DIR *d = opendir(base);

	if (d == NULL)
		return false;
	begin = constant ? "" : begin != NULL ? begin + 1 : prefix;
	while (!yes && (en = readdir(d)) != NULL) {
		if (hidden(en->d_name) ||
		    strncmp(en->d_name, begin, strlen(begin)) != 0 ||
		    !join(path, sizeof path, base, en->d_name))
			continue;
		if (constant) {
			snprintf(found, cap, "%s", en->d_name);
			yes = true;
		} else
			/* other outputs may share the base, so only what is
			 * surely of the kind counts where nothing names it */
			yes = find_file(found, cap, path, stem,
			    begin[0] != '\0', 0);
	}
	closedir(d);
	return yes;
}
