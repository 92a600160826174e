/* SPDX-License-Identifier: MIT
 *
 * weir cat: files as a table, by a pipeline made on the spot.
 *
 * The plugin that reads a file is the one with the name of the file's ending.
 */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "batch/batch.h"
#include "cli/cli.h"
#include "host/load.h"
#include "run/run.h"

struct args {
	struct weir__common common;
	const char *limit;
	const char *format; /* "table", "json", "csv" */
	bool schema;
};

/* What stands behind the last point of a name, or NULL. */
static const char *
ending(const char *name)
{
	const char *base = strrchr(name, '/'), *dot;

	base = base != NULL ? base + 1 : name;
	dot = strrchr(base, '.');
	return dot != NULL && dot != base && dot[1] != '\0' ? dot + 1 : NULL;
}

/* The ending of the first plain file of a directory or below it. */
static bool
dir_ending(char to[32], const char *path, int depth)
{
	char inner[4096];
	const char *end;
	struct dirent *de;
	struct stat sb;
	bool found = false;
	DIR *dp = opendir(path);

	while (dp != NULL && !found && (de = readdir(dp)) != NULL) {
		if (de->d_name[0] == '.' || de->d_name[0] == '_')
			continue;
		snprintf(inner, sizeof inner, "%s/%s", path, de->d_name);
		if (stat(inner, &sb) != 0)
			continue;
		if (S_ISDIR(sb.st_mode)) {
			found = depth < 8 && dir_ending(to, inner, depth + 1);
		} else if ((end = ending(inner)) != NULL) {
			snprintf(to, 32, "%s", end);
			found = true;
		}
	}
	if (dp != NULL)
		closedir(dp);
	return found;
}

static int
reader_of(char to[32], const char *path)
{
	struct stat sb;
	const char *end;

	if (stat(path, &sb) != 0) {
		fprintf(stderr, "weir: %s: %m\n", path);
		return -1;
	}
	if (S_ISDIR(sb.st_mode)) {
		if (dir_ending(to, path, 0))
			return 0;
		fprintf(stderr, "weir: %s: there are no files in it\n", path);
		return -1;
	}
	end = ending(path);
	if (end == NULL) {
		fprintf(stderr, "weir: %s: its name has no ending that says "
				"what reads it\n", path);
		return -1;
	}
	snprintf(to, 32, "%s", end);
	return 0;
}

/* Is there a plugin of that name?  Where there is none, it says so. */
static bool
has_reader(const struct args *ar, const char *reader, const char *path)
{
	struct weir__loader *lo = weir__loader_new(ar->common.dirs,
	    ar->common.ndirs);
	const char *const *names;
	size_t i, n = 0;

	if (lo == NULL)
		return true; /* loading the pipeline says the same */
	n = weir__loader_names(lo, &names);
	for (i = 0; i < n && strcmp(names[i], reader) != 0; i++)
		;
	if (i == n)
		fprintf(stderr, "weir: %s: nothing reads what ends in .%s: "
				"there is no plugin \"%s\" (weir inspect lists "
				"those that there are)\n", path, reader, reader);
	weir__loader_free(lo);
	return i < n;
}

static void
pipeline_text(struct weir__buf *bf, const struct args *ar, const char *reader,
    const char *path)
{
	weir__buf_printf(bf, "settings { epoch: { every: 24h } }\n"
			     "rows = `%s`.read(", reader);
	weir__ast_string_print(bf, path, strlen(path));
	weir__buf_printf(bf, ")\nrows -> show(limit: %s, format: %s)\n"
	    "rows.rejected -> show(title: \"rejected\", format: %s)\n",
	    ar->limit, ar->format, ar->format);
}

static int
print_schema(const struct weir__plan *pl)
{
	const struct weir_schema *sc = &pl->nodes[0]->ports[0].schema;
	struct weir__buf bf;
	uint32_t i;
	int code;

	weir__buf_init(&bf);
	for (i = 0; i < sc->ncols; i++) {
		weir__ast_name_print(&bf, sc->cols[i].name);
		weir__buf_str(&bf, ": ");
		weir__type_print(&bf, sc->cols[i].type);
		weir__buf_str(&bf, sc->cols[i].required ? "!\n" : "\n");
	}
	code = weir__put(&bf, stdout);
	weir__buf_fini(&bf);
	return code;
}

static int
cat_one(struct args *ar, const char *path)
{
	struct weir__run_options op = { .quiet = true, .scratch = true };
	struct weir__errors es;
	struct weir__plan *pl = NULL;
	struct weir__buf bf;
	char reader[32], full[PATH_MAX];
	int code = WEIR__EXIT_FILE;

	if (reader_of(reader, path) != 0 || !has_reader(ar, reader, path))
		return WEIR__EXIT_FILE;
	/* in a pipeline, paths are relative to its file, and here is none */
	if (realpath(path, full) == NULL) {
		fprintf(stderr, "weir: %s: %m\n", path);
		return WEIR__EXIT_FILE;
	}
	weir__errors_init(&es);
	weir__buf_init(&bf);
	pipeline_text(&bf, ar, reader, full);
	pl = weir__load_text(&es, &ar->common, path, weir__buf_cstr(&bf),
	    &code);
	if (pl != NULL)
		code = ar->schema ? print_schema(pl) : weir__run(pl, &es, &op);
	weir__plan_free(pl);
	weir__buf_fini(&bf);
	weir__errors_fini(&es);
	return code;
}

static int
parse_args(struct args *ar, int argc, char **argv, int *n)
{
	int i, rc;

	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&ar->common, "cat", argc, argv, &i);
		if (rc < 0)
			return -1;
		if (rc != 0)
			continue;
		if (strcmp(argv[i], "--json") == 0)
			ar->format = "json";
		else if (strcmp(argv[i], "--csv") == 0)
			ar->format = "csv";
		else if (strcmp(argv[i], "--schema") == 0)
			ar->schema = true;
		else if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc)
			ar->limit = argv[++i];
		else if (strncmp(argv[i], "--limit=", 8) == 0)
			ar->limit = argv[i] + 8;
		else if (argv[i][0] == '-')
			return weir__usage("cat", "no option %s", argv[i]), -1;
		else
			argv[(*n)++] = argv[i];
	}
	if (ar->limit[0] == '\0' ||
	    strspn(ar->limit, "0123456789") != strlen(ar->limit))
		return weir__usage("cat", "--limit takes a number of rows, not "
			   "%s", ar->limit), -1;
	if (*n == 0)
		return weir__usage("cat", "which file or directory?"), -1;
	return 0;
}

int
weir__cmd_cat(int argc, char **argv)
{
	struct args ar = { .limit = "100", .format = "table" };
	int i, rc, n = 0, code = WEIR__EXIT_USAGE;

	/* who reads the table may have seen enough: end as cat(1) does */
	signal(SIGPIPE, SIG_DFL);
	if (parse_args(&ar, argc, argv, &n) == 0)
		for (i = 0, code = WEIR__EXIT_OK; i < n; i++) {
			rc = cat_one(&ar, argv[i]);
			code = rc > code ? rc : code;
		}
	weir__common_fini(&ar.common);
	return code;
}
