/* SPDX-License-Identifier: MIT
 *
 * weir check: everything that is wrong with pipeline files.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "plan/probe.h"

/* What only servers and files know. */
static int
connect_all(struct weir__plan *pl, struct weir__errors *es)
{
	weir__plan_probe(pl, es);
	if (es->n == 0 && !es->out_of_memory)
		return WEIR__EXIT_OK;
	weir__say_all(es);
	return WEIR__EXIT_FILE;
}

static int
check_one(struct weir__common *co, const char *path, bool quiet, bool connect)
{
	struct weir__errors es;
	struct weir__plan *pl;
	int code;

	weir__errors_init(&es);
	pl = weir__load(&es, co, path, connect, &code);
	if (pl != NULL && connect)
		code = connect_all(pl, &es);
	if (pl != NULL && code == WEIR__EXIT_OK && !quiet)
		printf("%s: fine, %zu stages\n", path,
		    pl->nnodes - (pl->nnodes != 0 &&
				  pl->nodes[pl->nnodes - 1]->is_quarantine));
	weir__plan_free(pl);
	weir__errors_fini(&es);
	return code;
}

int
weir__cmd_check(int argc, char **argv)
{
	struct weir__common co = { 0 };
	bool quiet = false, connect = false;
	int i, n = 0, rc, code = WEIR__EXIT_OK;

	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&co, "check", argc, argv, &i);
		if (rc < 0) {
			code = WEIR__EXIT_USAGE;
			goto out;
		}
		if (rc != 0)
			continue;
		if (strcmp(argv[i], "--quiet") == 0) {
			quiet = true;
		} else if (strcmp(argv[i], "--connect") == 0) {
			connect = true;
		} else if (argv[i][0] == '-' && argv[i][1] != '\0') {
			code = weir__usage("check", "no option %s", argv[i]);
			goto out;
		} else {
			argv[n++] = argv[i];
		}
	}
	if (n == 0)
		code = weir__usage("check", "which file?");
	for (i = 0; i < n; i++) {
		rc = check_one(&co, argv[i], quiet, connect);
		code = rc > code ? rc : code;
	}
out:
	weir__common_fini(&co);
	return code;
}
