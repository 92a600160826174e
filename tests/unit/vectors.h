/* SPDX-License-Identifier: MIT
 *
 * Test vectors from Python: a child runs vectors.py and its lines, fields
 * apart by tabs, come through a pipe.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#define VECTOR_FIELDS 12

struct vectors {
	FILE *f;
	pid_t pid;
	char line[16384];
	char *field[VECTOR_FIELDS];
	size_t len[VECTOR_FIELDS];
	int n;
	long count;
	long bad;
};

/* Where vectors.py is: automake's srcdir, else beside this file. */
static inline void
vectors_path(char *out, size_t cap)
{
	const char *dir = getenv("srcdir"), *file = __FILE__, *slash;

	if (dir != NULL) {
		snprintf(out, cap, "%s/tests/unit/vectors.py", dir);
		if (access(out, R_OK) == 0)
			return;
	}
	slash = strrchr(file, '/');
	snprintf(out, cap, "%.*svectors.py",
	    (int)(slash != NULL ? slash - file + 1 : 0), file);
}

static inline int
vectors_open(struct vectors *ve, const char *kind)
{
	char path[1024];
	int fd[2];

	memset(ve, 0, sizeof *ve);
	vectors_path(path, sizeof path);
	if (pipe(fd) != 0)
		return 0;
	fflush(stdout);
	ve->pid = fork();
	if (ve->pid == 0) {
		dup2(fd[1], 1);
		close(fd[0]);
		close(fd[1]);
		execlp("python3", "python3", path, kind, (char *)NULL);
		_exit(127);
	}
	close(fd[1]);
	ve->f = fdopen(fd[0], "r");
	return ve->f != NULL;
}

static inline int
vectors_next(struct vectors *ve)
{
	char *p;

	if (ve->f == NULL || fgets(ve->line, sizeof ve->line, ve->f) == NULL)
		return 0;
	ve->line[strcspn(ve->line, "\n")] = '\0';
	ve->n = 0;
	for (p = ve->line; p != NULL && ve->n < VECTOR_FIELDS; ve->n++) {
		ve->field[ve->n] = strsep(&p, "\t");
		ve->len[ve->n] = strlen(ve->field[ve->n]);
	}
	ve->count++;
	return 1;
}

/* Count a vector; the first ten that failed are shown. */
static inline void
vectors_check(struct vectors *ve, int ok, const char *got)
{
	int i;

	if (ok)
		return;
	if (ve->bad++ < 10) {
		printf("# vector %ld:", ve->count);
		for (i = 0; i < ve->n; i++)
			printf(" [%s]", ve->field[i]);
		printf(" got [%s]\n", got);
	}
}

/* One TAP line for all of them. */
static inline void
vectors_close(struct vectors *ve, const char *what, long least)
{
	int status = -1;

	if (ve->f != NULL)
		fclose(ve->f);
	waitpid(ve->pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		printf("# python3 is not there\n");
	printf("# %s: %ld vectors, %ld wrong\n", what, ve->count, ve->bad);
	t_line(status == 0 && ve->bad == 0 && ve->count >= least, __FILE__,
	    __LINE__, what);
}

#endif
