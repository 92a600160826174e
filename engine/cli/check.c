/* SPDX-License-Identifier: MIT
 *
 * weir check: everything that is wrong with pipeline files.
 */
#include <stdio.h>

#include "cli/cli.h"

static int
check_one(struct weir__common *co, const char *path, bool quiet)
{
	struct weir__errors es;
	struct weir__plan *pl;
	int code;

	weir__errors_init(&es);
	pl = weir__load(&es, co, path, false, &code);
	if (pl != NULL && !quiet)
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
	bool quiet = false;
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
		rc = check_one(&co, argv[i], quiet);
		code = rc > code ? rc : code;
	}
out:
	weir__common_fini(&co);
	return code;
}
