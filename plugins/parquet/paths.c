/* SPDX-License-Identifier: MIT
 *
 * The files that a path means.
 */
#include "paths.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DEPTH 32
#define ENDING ".parquet"

static int
add(struct pq_paths *pa, const char *path)
{
	size_t n = strlen(path) + 1;
	uint32_t cap;
	char **at;

	if (pa->n == pa->cap) {
		cap = pa->cap == 0 ? 16 : pa->cap * 2;
		at = pa->ho->realloc(pa->at, cap * sizeof *at);
		if (at == NULL)
			return -1;
		pa->at = at;
		pa->cap = cap;
	}
	pa->at[pa->n] = pa->ho->alloc(n);
	if (pa->at[pa->n] == NULL)
		return -1;
	memcpy(pa->at[pa->n++], path, n);
	return 0;
}

static bool
has_ending(const char *name)
{
	size_t n = strlen(name), m = sizeof ENDING - 1;

	return n > m && strcmp(name + n - m, ENDING) == 0;
}

static int add_dir(struct pq_paths *pa, const char *path, int depth);

/* An entry of a directory. */
static int
add_entry(struct pq_paths *pa, const char *dir, const char *name, int depth)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	struct stat sb;
	char *path;
	int rc = 0;

	if (name[0] == '.' || name[0] == '_')
		return 0;
	path = pa->ho->alloc(n);
	if (path == NULL)
		return -1;
	snprintf(path, n, "%s/%s", dir, name);
	if (stat(path, &sb) == 0) {
		if (S_ISDIR(sb.st_mode))
			rc = add_dir(pa, path, depth + 1);
		else if (has_ending(name))
			rc = add(pa, path);
	}
	pa->ho->free(path);
	return rc;
}

static int
add_dir(struct pq_paths *pa, const char *path, int depth)
{
	struct dirent *en;
	int rc = 0;
	DIR *d;

	if (depth > DEPTH || (d = opendir(path)) == NULL)
		return 0;
	while (rc == 0 && (en = readdir(d)) != NULL)
		rc = add_entry(pa, path, en->d_name, depth);
	closedir(d);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
add_pattern(struct pq_paths *pa, const char *pattern)
{
	struct stat sb;
	int rc = 0;
	size_t i;
	glob_t g;

	memset(&g, 0, sizeof g);
	if (glob(pattern, 0, NULL, &g) != 0)
		g.gl_pathc = 0;
	for (i = 0; rc == 0 && i < g.gl_pathc; i++) {
		if (stat(g.gl_pathv[i], &sb) != 0)
			continue;
		if (S_ISDIR(sb.st_mode))
			rc = add_dir(pa, g.gl_pathv[i], 0);
		else
			rc = add(pa, g.gl_pathv[i]);
	}
	globfree(&g);
	return rc;
}

int
pq_paths_add(struct pq_paths *pa, const char *path)
{
	uint32_t first = pa->n;
	struct stat sb;
	int rc;

	if (stat(path, &sb) != 0)
		rc = add_pattern(pa, path);
	else if (S_ISDIR(sb.st_mode))
		rc = add_dir(pa, path, 0);
	else
		rc = add(pa, path);
	if (pa->n > first)
		qsort(pa->at + first, pa->n - first, sizeof *pa->at, by_name);
	return rc;
}

void
pq_paths_fini(struct pq_paths *pa)
{
	if (pa->ho == NULL)
		return;
	while (pa->n > 0)
		pa->ho->free(pa->at[--pa->n]);
	if (pa->at != NULL)
		pa->ho->free(pa->at);
	memset(pa, 0, sizeof *pa);
}
