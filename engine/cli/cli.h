/* SPDX-License-Identifier: MIT
 *
 * What the commands share: their table, their options, a pipeline loaded.
 */
#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

#include "plan/plan.h"

/* Exit codes. */
enum weir__exit {
	WEIR__EXIT_OK = 0,
	WEIR__EXIT_RUN = 1,   /* failed while running */
	WEIR__EXIT_USAGE = 2, /* the command line is wrong */
	WEIR__EXIT_FILE = 3,  /* the pipeline file is wrong */
};

struct weir__command {
	const char *name;
	const char *args; /* "FILE [--set NAME=VALUE]..." */
	const char *help; /* one line */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct weir__command weir__commands[]; /* ends with name NULL */

int weir__cmd_run(int argc, char **argv);
int weir__cmd_check(int argc, char **argv);
int weir__cmd_explain(int argc, char **argv);
int weir__cmd_inspect(int argc, char **argv);
int weir__cmd_fmt(int argc, char **argv);
int weir__cmd_cat(int argc, char **argv);
int weir__cmd_state(int argc, char **argv);
int weir__cmd_plan(int argc, char **argv);
int weir__cmd_audit(int argc, char **argv);
int weir__cmd_replay(int argc, char **argv);

/* "weir: check: what: try ..." on standard error; WEIR__EXIT_USAGE. */
int weir__usage(const char *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The options that every command on a pipeline takes: --set, --plugin-dir.
 * Zero it first. */
struct weir__common {
	struct weir__setting *sets;
	size_t nsets;
	const char **dirs;
	size_t ndirs;
};

/* Is argv[*i] one of them?  1 taken (*i moved past a value), 0 no, -1 wrong
 * (said). */
int weir__common_arg(struct weir__common *co, const char *cmd, int argc,
    char **argv, int *i);
void weir__common_fini(struct weir__common *co);

/* Load and check a pipeline; errors are printed on standard error.  NULL when
 * there were any; *code is then the exit code. */
struct weir__plan *weir__load(struct weir__errors *es, struct weir__common *co,
    const char *path, bool need_secrets, int *code);

/* The same of a pipeline as text; `path` is what errors call it. */
struct weir__plan *weir__load_text(struct weir__errors *es,
    struct weir__common *co, const char *path, const char *text, int *code);

/* An error on standard error, with its place where it has one; EXIT_RUN. */
int weir__say(const struct weir__errors *es, const struct weir_err *err);

/* All errors of a list. */
void weir__say_all(const struct weir__errors *es);

/* A time in JSON: null for none yet, "end" for the end of bounded input. */
void weir__put_time(struct weir__buf *bf, int64_t us);

/* Write all of a buffer to a standard stream; the exit code. */
int weir__put(struct weir__buf *bf, FILE *to);

#endif
