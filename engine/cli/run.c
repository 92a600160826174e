/* SPDX-License-Identifier: MIT
 *
 * weir run: check a pipeline, then run it.
 */
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "run/run.h"

struct args {
	struct weir__common common;
	struct weir__run_options op;
	const char *path;
	bool plain; /* no live view */
};

static int
log_format(struct args *ar, const char *value)
{
	if (strcmp(value, "json") == 0)
		ar->op.json_log = true;
	else if (strcmp(value, "text") != 0)
		return -1;
	return 0;
}

/* 0 taken, -1 wrong (said). */
static int
one_arg(struct args *ar, int argc, char **argv, int *i)
{
	static const char *const valued[] = { "--log", "--epoch-log" };
	const char *arg = argv[*i], *value = NULL;
	size_t v, len;

	for (v = 0; v < 2; v++) {
		len = strlen(valued[v]);
		if (strncmp(arg, valued[v], len) != 0)
			continue;
		if (arg[len] == '=')
			value = arg + len + 1;
		else if (arg[len] == '\0' && *i + 1 < argc)
			value = argv[++*i];
		else if (arg[len] == '\0')
			return weir__usage("run", "%s needs a value", arg), -1;
		else
			continue;
		if (v == 1) {
			ar->op.epoch_log = value;
			return 0;
		}
		if (log_format(ar, value) == 0)
			return 0;
		weir__usage("run", "--log is json or text, not %s", value);
		return -1;
	}
	if (strcmp(arg, "--drain") == 0)
		ar->op.drain = true;
	else if (strcmp(arg, "--append") == 0)
		ar->op.append = true;
	else if (strcmp(arg, "--take-over") == 0)
		ar->op.take_over = true;
	else if (strcmp(arg, "--quiet") == 0)
		ar->op.quiet = true;
	else if (strcmp(arg, "--no-view") == 0)
		ar->plain = true;
	else if (arg[0] == '-' && arg[1] != '\0')
		return weir__usage("run", "no option %s", arg), -1;
	else if (ar->path != NULL)
		return weir__usage("run", "it takes one file, not also %s",
			   arg), -1;
	else
		ar->path = arg;
	return 0;
}

static int
parse_args(struct args *ar, int argc, char **argv)
{
	int i, rc;

	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&ar->common, "run", argc, argv, &i);
		if (rc < 0)
			return -1;
		if (rc == 0 && one_arg(ar, argc, argv, &i) != 0)
			return -1;
	}
	if (ar->path == NULL) {
		weir__usage("run", "which file?");
		return -1;
	}
	ar->op.view = isatty(STDERR_FILENO) && !ar->op.quiet &&
	    !ar->op.json_log && !ar->plain;
	return 0;
}

/* Memory goes round between librdkafka's threads and ours at hundreds of
 * megabytes a second.  glibc's malloc gives it back to the kernel and takes it
 * again for each batch unless told to keep some (bench/RESULTS.md). */
static void
keep_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 32 << 20);
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}

int
weir__cmd_run(int argc, char **argv)
{
	struct args ar = { .path = NULL };
	struct weir__errors es;
	struct weir__plan *pl;
	int code = WEIR__EXIT_USAGE;

	keep_memory();
	if (parse_args(&ar, argc, argv) == 0) {
		weir__errors_init(&es);
		pl = weir__load(&es, &ar.common, ar.path, true, &code);
		if (pl != NULL)
			code = weir__run(pl, &es, &ar.op);
		weir__plan_free(pl);
		weir__errors_fini(&es);
	}
	weir__common_fini(&ar.common);
	return code;
}
