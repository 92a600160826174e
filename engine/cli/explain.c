/* SPDX-License-Identifier: MIT
 *
 * weir explain: the plan as text or as a graph.
 */
#include "cli/cli.h"

static int
explain(struct weir__common *co, const char *path, bool dot)
{
	struct weir__errors es;
	struct weir__plan *pl;
	struct weir__buf bf;
	int code;

	weir__errors_init(&es);
	weir__buf_init(&bf);
	pl = weir__load(&es, co, path, false, &code);
	if (pl != NULL) {
		if (dot)
			weir__plan_dot(&bf, pl);
		else
			weir__plan_explain(&bf, pl);
		code = weir__put(&bf, stdout);
	}
	weir__plan_free(pl);
	weir__buf_fini(&bf);
	weir__errors_fini(&es);
	return code;
}

int
weir__cmd_explain(int argc, char **argv)
{
	struct weir__common co = { 0 };
	const char *path = NULL;
	bool dot = false;
	int i, rc, code = WEIR__EXIT_USAGE;

	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&co, "explain", argc, argv, &i);
		if (rc < 0)
			goto out;
		if (rc != 0)
			continue;
		if (strcmp(argv[i], "--dot") == 0) {
			dot = true;
		} else if (argv[i][0] == '-' && argv[i][1] != '\0') {
			weir__usage("explain", "no option %s", argv[i]);
			goto out;
		} else if (path != NULL) {
			weir__usage("explain", "it takes one file, not also %s",
			    argv[i]);
			goto out;
		} else {
			path = argv[i];
		}
	}
	code = path == NULL ? weir__usage("explain", "which file?") :
			      explain(&co, path, dot);
out:
	weir__common_fini(&co);
	return code;
}
