/* SPDX-License-Identifier: MIT
 *
 * weir COMMAND ...: the table of commands.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/version.h"
#include "cli/cli.h"

const struct weir__command weir__commands[] = {
	{ "run", "FILE [--set NAME=VALUE]...", "run a pipeline",
	    weir__cmd_run },
	{ "check", "FILE... [--connect] [--set NAME=VALUE]...",
	    "say everything that is wrong with a pipeline", weir__cmd_check },
	{ "explain", "FILE [--dot]", "show the plan: stages, columns, types",
	    weir__cmd_explain },
	{ "inspect", "[PLUGIN[.VERB]]", "describe plugins and their options",
	    weir__cmd_inspect },
	{ "fmt", "FILE... [--check]", "lay out pipeline files",
	    weir__cmd_fmt },
	{ "cat", "PATH...", "print Parquet and CSV files as a table",
	    weir__cmd_cat },
	{ "plan", "OLD NEW [--set NAME=VALUE]...",
	    "say what another version of a pipeline does to its state",
	    weir__cmd_plan },
	{ "state", "show|export|reset FILE [--set NAME=VALUE]...",
	    "show, export or drop what a pipeline keeps", weir__cmd_state },
	{ "audit", "FILE [--json] [--set NAME=VALUE]...",
	    "prove from the journal that no row was lost or doubled",
	    weir__cmd_audit },
	{ "replay", "FILE [--list|--dry-run] [--stage ID] [--code CODE] "
	    "[--limit N] [--quiet] [--set NAME=VALUE]...",
	    "let rejected rows enter again once their cause is mended",
	    weir__cmd_replay },
	{ NULL, NULL, NULL, NULL },
};

static int
help(FILE *to)
{
	const struct weir__command *cm;

	fprintf(to, "usage: weir COMMAND ...\n\n");
	for (cm = weir__commands; cm->name != NULL; cm++)
		fprintf(to, "  %-9s %s\n", cm->name, cm->help);
	fprintf(to, "\nweir COMMAND --help tells more; man weir tells all\n");
	return to == stdout ? WEIR__EXIT_OK : WEIR__EXIT_USAGE;
}

static int
unknown(const char *name)
{
	const struct weir__command *cm;
	const char *names[32], *near;
	size_t n = 0;

	for (cm = weir__commands; cm->name != NULL; cm++)
		names[n++] = cm->name;
	near = weir__nearest(name, strlen(name), names, n);
	fprintf(stderr, "weir: there is no command \"%s\"", name);
	if (near != NULL)
		fprintf(stderr, ", did you mean \"%s\"?", near);
	fputc('\n', stderr);
	return help(stderr);
}

/* WEIR_FAIL_ALLOC=n[+]: the n-th allocation fails (and all that follow). */
static void
fail_alloc(const char *s)
{
	char *end;
	unsigned long long n;

	if (s == NULL || *s == '\0')
		return;
	n = strtoull(s, &end, 10);
	weir__alloc_fail_at(n, *end == '+');
}

int
main(int argc, char **argv)
{
	const struct weir__command *cm;
	int i;

	signal(SIGPIPE, SIG_IGN);
	fail_alloc(getenv("WEIR_FAIL_ALLOC"));
	if (weir__fault_arm(getenv("WEIR_FAULT"), getenv("WEIR_FAULT_LOG")) !=
	    0) {
		fprintf(stderr, "weir: WEIR_FAULT can't be read\n");
		return WEIR__EXIT_USAGE;
	}
	if (argc < 2)
		return help(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(stdout);
	if (strcmp(argv[1], "--version") == 0) {
		printf("weir " WEIR_VERSION " (plugin ABI %d.%d)\n",
		    WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
		return WEIR__EXIT_OK;
	}
	for (cm = weir__commands; cm->name != NULL; cm++) {
		if (strcmp(cm->name, argv[1]) != 0)
			continue;
		for (i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
			if (strcmp(argv[i], "--help") == 0) {
				printf("usage: weir %s %s\n\n%s; man "
				       "weir-%s tells all\n",
				    cm->name, cm->args, cm->help, cm->name);
				return WEIR__EXIT_OK;
			}
		return cm->run(argc - 1, argv + 1);
	}
	return unknown(argv[1]);
}
