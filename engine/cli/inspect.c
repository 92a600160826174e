/* SPDX-License-Identifier: MIT
 *
 * weir inspect: plugins describe themselves.
 */
#include "cli/inspect.h"

#include <math.h>
#include <stdio.h>

#include "cli/cli.h"

const char *
weir__option_type(const struct weir_option *op)
{
	static const char *const names[] = {
		[WEIR_OPT_BOOL] = "bool",
		[WEIR_OPT_INT] = "int",
		[WEIR_OPT_FLOAT] = "float",
		[WEIR_OPT_DURATION] = "duration",
		[WEIR_OPT_TIMESTAMP] = "timestamp",
		[WEIR_OPT_SIZE] = "size",
		[WEIR_OPT_ENUM] = "word",
		[WEIR_OPT_STRING] = "string",
		[WEIR_OPT_STRINGS] = "string or list of strings",
		[WEIR_OPT_INTS] = "int or list of ints",
		[WEIR_OPT_PAIRS] = "record of strings",
		[WEIR_OPT_RECORD] = "record",
		[WEIR_OPT_EXPR] = "expression",
		[WEIR_OPT_EXPRS] = "expression or list of expressions",
		[WEIR_OPT_NAMED] = "columns: name: expression",
		[WEIR_OPT_RENAMES] = "columns: new: old",
		[WEIR_OPT_COLUMN] = "column",
		[WEIR_OPT_COLUMNS] = "column or list of columns",
		[WEIR_OPT_AGGS] = "columns: name: expression with aggregates",
		[WEIR_OPT_FIELDS] = "columns: name: type",
		[WEIR_OPT_SCHEMA] = "schema",
		[WEIR_OPT_STREAM] = "stream",
	};

	if ((size_t)op->type >= sizeof names / sizeof *names ||
	    names[op->type] == NULL)
		return "value";
	return names[op->type];
}

static void
put_number(struct weir__buf *bf, const struct weir_option *op, double x)
{
	static const struct {
		double us;
		const char *unit;
	} units[] = {
		{ 3600e6, "h" }, { 60e6, "m" }, { 1e6, "s" }, { 1e3, "ms" },
		{ 1, "us" },
	};
	size_t i = 0;

	if (op->type == WEIR_OPT_DURATION) {
		while (i < 4 && (x == 0 ? i < 2 : fmod(x, units[i].us) != 0))
			i++;
		weir__buf_printf(bf, "%.15g%s", x / units[i].us, units[i].unit);
	} else {
		weir__buf_printf(bf, "%.15g", x);
	}
}

void
weir__option_range(struct weir__buf *bf, const struct weir_option *op)
{
	if (op->min >= op->max)
		return;
	if (op->max >= 9e15) {
		weir__buf_str(bf, "at least ");
		put_number(bf, op, op->min);
	} else {
		weir__buf_str(bf, "from ");
		put_number(bf, op, op->min);
		weir__buf_str(bf, " to ");
		put_number(bf, op, op->max);
	}
	if (op->unit != NULL && op->type != WEIR_OPT_DURATION)
		weir__buf_printf(bf, " %s", op->unit);
}

void
weir__stage_synopsis(struct weir__buf *bf, const char *plugin,
    const struct weir_stage_type *ty)
{
	const struct weir_option *const *op = ty->options;
	const char *sep = "";
	bool braces = false, more = false;
	size_t i;

	if (strcmp(plugin, WEIR__CORE) != 0)
		weir__buf_printf(bf, "%s.", plugin);
	weir__buf_printf(bf, "%s(", ty->verb);
	for (i = 0; op != NULL && op[i] != NULL; i++) {
		if ((op[i]->flags & WEIR_OPTF_BRACES) != 0) {
			braces = true;
		} else if ((op[i]->flags & WEIR_OPTF_POSITIONAL) != 0) {
			weir__buf_printf(bf, "%s%s%s", sep, op[i]->name,
			    (op[i]->flags & WEIR_OPTF_VARIADIC) != 0 ? "..." :
								       "");
			sep = ", ";
		} else if ((op[i]->flags & WEIR_OPTF_REQUIRED) != 0) {
			weir__buf_printf(bf, "%s%s: ...", sep, op[i]->name);
			sep = ", ";
		} else {
			more = true;
		}
	}
	weir__buf_printf(bf, "%s)%s", more ? (sep[0] != '\0' ? ", ..." : "...") :
					     "", braces ? " { ... }" : "");
}

/* Text in lines of at most 76 columns behind `indent` blanks. */
static void
wrap(struct weir__buf *bf, const char *s, size_t indent)
{
	size_t col = 0, n;

	while (*s != '\0') {
		if (s[0] == '\n' && s[1] == '\n') {
			weir__buf_str(bf, "\n\n");
			col = 0;
			s += 2;
			continue;
		}
		if (*s == ' ' || *s == '\n') {
			s++;
			continue;
		}
		n = strcspn(s, " \n");
		if (col != 0 && col + 1 + n > 76) {
			weir__buf_chr(bf, '\n');
			col = 0;
		}
		if (col == 0) {
			weir__buf_fill(bf, ' ', indent);
			col = indent;
		} else {
			weir__buf_chr(bf, ' ');
			col++;
		}
		weir__buf_add(bf, s, n);
		col += n;
		s += n;
	}
	weir__buf_chr(bf, '\n');
}

static void
put_option(struct weir__buf *bf, const struct weir_option *op, size_t indent)
{
	size_t i;

	weir__buf_fill(bf, ' ', indent);
	if ((op->flags & WEIR_OPTF_BRACES) != 0)
		weir__buf_printf(bf, "{ %s }", weir__option_type(op));
	else
		weir__buf_printf(bf, "%s: %s", op->name,
		    weir__option_type(op));
	if (op->type_text != NULL)
		weir__buf_printf(bf, " of %s", op->type_text);
	if ((op->flags & WEIR_OPTF_REQUIRED) != 0)
		weir__buf_str(bf, ", required");
	if (op->def != NULL)
		weir__buf_printf(bf, ", default %s", op->def);
	if ((op->flags & WEIR_OPTF_SECRET) != 0)
		weir__buf_str(bf, ", takes secrets");
	if (op->min < op->max) {
		weir__buf_str(bf, ", ");
		weir__option_range(bf, op);
	}
	weir__buf_chr(bf, '\n');
	if (op->choices != NULL) {
		weir__buf_fill(bf, ' ', indent + 4);
		for (i = 0; op->choices[i] != NULL; i++)
			weir__buf_printf(bf, "%s%s", i == 0 ? "" : " | ",
			    op->choices[i]);
		weir__buf_chr(bf, '\n');
	}
	wrap(bf, op->help, indent + 4);
	for (i = 0; op->type == WEIR_OPT_RECORD && op->fields[i] != NULL; i++)
		put_option(bf, op->fields[i], indent + 4);
}

static void
put_stage(struct weir__buf *bf, const char *plugin,
    const struct weir_stage_type *ty)
{
	static const char *const roles[] = { "", "source", "transform",
		"sink" };
	size_t i;

	weir__stage_synopsis(bf, plugin, ty);
	weir__buf_printf(bf, "\n    %s: %s\n", roles[ty->role], ty->summary);
	if (ty->help != NULL) {
		weir__buf_chr(bf, '\n');
		wrap(bf, ty->help, 4);
	}
	if (ty->options != NULL && ty->options[0] != NULL)
		weir__buf_str(bf, "\n  options\n");
	for (i = 0; ty->options != NULL && ty->options[i] != NULL; i++)
		put_option(bf, ty->options[i], 4);
	weir__buf_str(bf, "\n  side outputs\n    rejected: rows that failed, "
			  "with their payload and the reason\n");
	for (i = 0; ty->ports != NULL && ty->ports[i] != NULL; i++)
		weir__buf_printf(bf, "    %s: %s\n", ty->ports[i]->name,
		    ty->ports[i]->help != NULL ? ty->ports[i]->help : "");
	if (ty->example != NULL)
		weir__buf_printf(bf, "\n  example\n%s\n", ty->example);
}

static int
list_all(struct weir__buf *bf, struct weir__loader *lo)
{
	const struct weir_stage_type *const *ty;
	const struct weir__plugin *pg;
	const char *const *names;
	struct weir_err err;
	size_t i, n = weir__loader_names(lo, &names);

	for (i = 0; i < n; i++) {
		memset(&err, 0, sizeof err);
		pg = weir__loader_get(lo, names[i], &err);
		if (pg == NULL) {
			weir__buf_printf(bf, "%s: %s\n", names[i], err.text);
			continue;
		}
		weir__buf_printf(bf, "%s %s: %s\n", names[i], pg->desc->version,
		    pg->desc->summary);
		for (ty = pg->desc->stages; ty != NULL && *ty != NULL; ty++)
			weir__buf_printf(bf, "    %-10s %s\n", (*ty)->verb,
			    (*ty)->summary);
	}
	if (n == 0)
		weir__buf_str(bf, "no plugins were found\n");
	return WEIR__EXIT_OK;
}

/* What a plugin brings to expressions. */
static void
put_functions(struct weir__buf *bf, const struct weir_plugin *pg)
{
	const struct weir_function *const *fn = pg->functions;
	const struct weir_aggregate *const *ag = pg->aggregates;

	if (fn != NULL && *fn != NULL)
		weir__buf_str(bf, "\nfunctions\n");
	for (; fn != NULL && *fn != NULL; fn++)
		weir__buf_printf(bf, "    %-14s %s\n", (*fn)->name,
		    (*fn)->summary);
	if (ag != NULL && *ag != NULL)
		weir__buf_str(bf, "\naggregates\n");
	for (; ag != NULL && *ag != NULL; ag++)
		weir__buf_printf(bf, "    %-14s %s\n", (*ag)->name,
		    (*ag)->summary);
}

static int
inspect_plugin(struct weir__buf *bf, struct weir__loader *lo, char *name,
    bool man)
{
	const struct weir_stage_type *const *ty;
	const struct weir__plugin *pg;
	struct weir_err err = { 0 };
	char *verb = strchr(name, '.');
	bool found = false;

	if (verb != NULL)
		*verb++ = '\0';
	pg = weir__loader_get(lo, name, &err);
	if (pg == NULL) {
		fprintf(stderr, "weir: %s%s%s\n", err.text,
		    err.hint[0] != '\0' ? ": " : "", err.hint);
		return WEIR__EXIT_FILE;
	}
	if (man) {
		weir__man_plugin(bf, pg->desc);
		return WEIR__EXIT_OK;
	}
	if (verb == NULL)
		weir__buf_printf(bf, "%s %s: %s\nABI %u.%u, loaded from %s\n",
		    name, pg->desc->version, pg->desc->summary,
		    pg->desc->abi_major, pg->desc->abi_minor, pg->path);
	for (ty = pg->desc->stages; ty != NULL && *ty != NULL; ty++) {
		if (verb != NULL && strcmp(verb, (*ty)->verb) != 0)
			continue;
		if (verb == NULL)
			weir__buf_chr(bf, '\n');
		put_stage(bf, name, *ty);
		found = true;
	}
	if (verb == NULL)
		put_functions(bf, pg->desc);
	if (verb != NULL && !found)
		return weir__usage("inspect", "plugin %s has no stage %s",
		    name, verb);
	return WEIR__EXIT_OK;
}

static int
inspect_functions(struct weir__buf *bf, bool man)
{
	const struct weir_aggregate *const *ag;
	const struct weir_function *const *fn;
	struct weir__registry *re = weir__registry_new();
	size_t i, n;

	if (re == NULL)
		return WEIR__EXIT_RUN;
	if (man) {
		weir__man_functions(bf, re);
	} else {
		n = weir__registry_functions(re, &fn);
		for (i = 0; i < n; i++)
			weir__buf_printf(bf, "%-18s %s\n", fn[i]->name,
			    fn[i]->summary);
		n = weir__registry_aggregates(re, &ag);
		for (i = 0; i < n; i++)
			weir__buf_printf(bf, "%-18s aggregate: %s\n",
			    ag[i]->name, ag[i]->summary);
	}
	weir__registry_free(re);
	return WEIR__EXIT_OK;
}

int
weir__cmd_inspect(int argc, char **argv)
{
	struct weir__common co = { 0 };
	struct weir__loader *lo = NULL;
	struct weir__buf bf;
	char *name = NULL;
	bool man = false, functions = false;
	int i, rc, code = WEIR__EXIT_USAGE;

	weir__buf_init(&bf);
	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&co, "inspect", argc, argv, &i);
		if (rc < 0)
			goto out;
		if (rc != 0)
			continue;
		if (strcmp(argv[i], "--man") == 0) {
			man = true;
		} else if (strcmp(argv[i], "--functions") == 0) {
			functions = true;
		} else if (argv[i][0] == '-' || name != NULL) {
			weir__usage("inspect", "what is %s?", argv[i]);
			goto out;
		} else {
			name = argv[i];
		}
	}
	lo = weir__loader_new(co.dirs, co.ndirs);
	code = WEIR__EXIT_RUN;
	if (lo == NULL)
		goto out;
	code = functions    ? inspect_functions(&bf, man) :
	    name != NULL ? inspect_plugin(&bf, lo, name, man) :
			   list_all(&bf, lo);
	if (code == WEIR__EXIT_OK)
		code = weir__put(&bf, stdout);
out:
	weir__loader_free(lo);
	weir__buf_fini(&bf);
	weir__common_fini(&co);
	return code;
}
