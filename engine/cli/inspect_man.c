/* SPDX-License-Identifier: MIT
 *
 * Manual pages in mdoc(7), made of what plugins and functions say of
 * themselves.
 */
#include "cli/inspect.h"
#include "plan/plan.h"

/* Does a sentence end at s[0]?  Then `*next` is where the next one begins. */
static bool
sentence_ends(const char *s, const char **next)
{
	if ((*s != '.' && *s != '?') || s[1] != ' ')
		return false;
	s++;
	while (*s == ' ')
		s++;
	*next = s;
	return *s >= 'A' && *s <= 'Z';
}

/* Text as mdoc: a backslash is \e, and a line must not begin with a control
 * character; blank lines part paragraphs, and sentences have lines of their
 * own. */
static void
escaped(struct weir__buf *bf, const char *s, bool prose)
{
	bool start = true;
	const char *next;

	for (; *s != '\0'; s++) {
		if (prose && *s == '\n' && s[1] == '\n') {
			weir__buf_str(bf, "\n.Pp\n");
			while (s[1] == '\n')
				s++;
			start = true;
			continue;
		}
		if (prose && !start && sentence_ends(s, &next)) {
			weir__buf_printf(bf, "%c\n", *s);
			s = next - 1;
			start = true;
			continue;
		}
		if (start && (*s == '.' || *s == '\''))
			weir__buf_str(bf, "\\&");
		if (*s == '\\')
			weir__buf_str(bf, "\\e");
		else if (*s == '-')
			weir__buf_str(bf, "\\-");
		else
			weir__buf_chr(bf, *s);
		start = *s == '\n';
	}
	weir__buf_chr(bf, '\n');
}

static void
text(struct weir__buf *bf, const char *s)
{
	escaped(bf, s, true);
}

/* A sentence of its own: capital first letter, full stop. */
static void
sentence(struct weir__buf *bf, const char *s)
{
	size_t len = strlen(s);
	char first[2] = { s[0], '\0' };

	if (len == 0)
		return;
	if (first[0] >= 'a' && first[0] <= 'z')
		first[0] = (char)(first[0] - 'a' + 'A');
	text(bf, first);
	bf->len--;
	text(bf, s + 1);
	if (s[len - 1] != '.' && s[len - 1] != '\n') {
		bf->len--;
		weir__buf_str(bf, ".\n");
	}
}

static void
literal(struct weir__buf *bf, const char *s)
{
	weir__buf_str(bf, ".Bd -literal -offset indent\n");
	escaped(bf, s, false);
	weir__buf_str(bf, ".Ed\n");
}

static void
option(struct weir__buf *bf, const struct weir_option *op)
{
	size_t i;

	if ((op->flags & WEIR_OPTF_BRACES) != 0)
		weir__buf_printf(bf, ".It { %s }\n", weir__option_type(op));
	else
		weir__buf_printf(bf, ".It Ic %s : %s\n", op->name,
		    weir__option_type(op));
	sentence(bf, op->help);
	if (op->choices != NULL) {
		weir__buf_str(bf, op->type == WEIR_OPT_ENUM ? "One of" :
							      "Words:");
		for (i = 0; op->choices[i] != NULL; i++) {
			weir__buf_str(bf, i == 0 ? " " : ", ");
			weir__buf_str(bf, op->choices[i]);
		}
		weir__buf_str(bf, ".\n");
	}
	if (op->type_text != NULL)
		weir__buf_printf(bf, "Its type is %s.\n", op->type_text);
	if ((op->flags & WEIR_OPTF_REQUIRED) != 0)
		weir__buf_str(bf, "Required.\n");
	if (op->min < op->max) {
		weir__buf_str(bf, "It lies ");
		weir__option_range(bf, op);
		weir__buf_str(bf, ".\n");
	}
	if (op->def != NULL) {
		weir__buf_str(bf, "The default is ");
		text(bf, op->def);
		bf->len--;
		weir__buf_str(bf, ".\n");
	}
	if ((op->flags & WEIR_OPTF_SECRET) != 0)
		weir__buf_str(bf, "Takes secrets, and is never printed.\n");
	if (op->type != WEIR_OPT_RECORD)
		return;
	weir__buf_str(bf, ".Bl -tag -width Ds\n");
	for (i = 0; op->fields[i] != NULL; i++)
		option(bf, op->fields[i]);
	weir__buf_str(bf, ".El\n");
}

static void
stage(struct weir__buf *bf, const char *plugin, const struct weir_stage_type *ty)
{
	static const char *const roles[] = { "", "A source", "A transform",
		"A sink" };
	size_t i;

	weir__buf_printf(bf, ".Ss %s.%s\n", plugin, ty->verb);
	weir__buf_str(bf, ".Bd -literal -offset indent\n");
	weir__stage_synopsis(bf, plugin, ty);
	weir__buf_printf(bf, "\n.Ed\n.Pp\n%s: ", roles[ty->role]);
	text(bf, ty->summary);
	bf->len--;
	weir__buf_str(bf, ".\n");
	if (ty->help != NULL) {
		weir__buf_str(bf, ".Pp\n");
		text(bf, ty->help);
	}
	if (ty->options != NULL && ty->options[0] != NULL) {
		weir__buf_str(bf, ".Pp\nOptions:\n.Bl -tag -width Ds\n");
		for (i = 0; ty->options[i] != NULL; i++)
			option(bf, ty->options[i]);
		weir__buf_str(bf, ".El\n");
	}
	if (ty->ports != NULL && ty->ports[0] != NULL) {
		weir__buf_str(bf, ".Pp\nSide outputs besides rejected:\n"
				  ".Bl -tag -width Ds\n");
		for (i = 0; ty->ports[i] != NULL; i++) {
			weir__buf_printf(bf, ".It Ic %s\n", ty->ports[i]->name);
			if (ty->ports[i]->help != NULL)
				sentence(bf, ty->ports[i]->help);
		}
		weir__buf_str(bf, ".El\n");
	}
	if (ty->example != NULL) {
		weir__buf_str(bf, ".Pp\nExample:\n");
		literal(bf, ty->example);
	}
}

static void
head(struct weir__buf *bf, const char *name, const char *summary)
{
	size_t i;

	weir__buf_str(bf, ".\\\" Made by weir inspect --man: do not edit.\n"
			  ".Dd November 21, 2026\n.Dt WEIR-");
	for (i = 0; name[i] != '\0'; i++)
		weir__buf_chr(bf, name[i] >= 'a' && name[i] <= 'z' ?
			(char)(name[i] - 'a' + 'A') : name[i]);
	weir__buf_printf(bf, " 7\n.Os\n.Sh NAME\n.Nm weir-%s\n.Nd %s\n", name,
	    summary);
}

void
weir__man_plugin(struct weir__buf *bf, const struct weir_plugin *pl)
{
	const struct weir_stage_type *const *ty;

	head(bf, pl->name, pl->summary);
	weir__buf_str(bf, ".Sh STAGES\n");
	for (ty = pl->stages; ty != NULL && *ty != NULL; ty++)
		stage(bf, pl->name, *ty);
	weir__buf_str(bf, ".Sh SEE ALSO\n.Xr weir 1 ,\n"
			  ".Xr weir-pipeline 5 ,\n.Xr weir-functions 7\n");
}

static void
signatures(struct weir__buf *bf, const char *name,
    const char *const *signature)
{
	for (; signature != NULL && *signature != NULL; signature++) {
		weir__buf_printf(bf, "%s: ", name);
		text(bf, *signature);
		weir__buf_str(bf, ".br\n");
	}
}

void
weir__man_functions(struct weir__buf *bf, const struct weir__registry *re)
{
	const struct weir_function *const *fn;
	const struct weir_aggregate *const *ag;
	const char *group;
	size_t i, j, n, done;

	head(bf, "functions", "functions and aggregates of expressions");
	weir__buf_str(bf, ".Sh FUNCTIONS\n"
	    "A null argument makes the result null unless a function says "
	    "otherwise.\nWhat fails for a row sends that row to the port "
	    "rejected.\n");
	n = weir__registry_functions(re, &fn);
	for (i = 0, done = 0; done < n && i < n; i++) {
		group = fn[i]->group != NULL ? fn[i]->group : "other";
		for (j = 0; j < i; j++)
			if (strcmp(group, fn[j]->group != NULL ?
				fn[j]->group : "other") == 0)
				break;
		if (j < i)
			continue;
		weir__buf_printf(bf, ".Ss %s\n.Bl -tag -width Ds\n", group);
		for (j = i; j < n; j++) {
			if (strcmp(group, fn[j]->group != NULL ?
				fn[j]->group : "other") != 0)
				continue;
			done++;
			weir__buf_printf(bf, ".It Ic %s\n", fn[j]->name);
			signatures(bf, fn[j]->name, fn[j]->signatures);
			sentence(bf, fn[j]->summary);
			if (fn[j]->example != NULL)
				literal(bf, fn[j]->example);
		}
		weir__buf_str(bf, ".El\n");
	}
	weir__buf_str(bf, ".Sh AGGREGATES\nEvery aggregate takes\n.Ic where :\n"
			  "a condition that rows must meet to count.\n"
			  ".Bl -tag -width Ds\n");
	n = weir__registry_aggregates(re, &ag);
	for (i = 0; i < n; i++) {
		weir__buf_printf(bf, ".It Ic %s\n", ag[i]->name);
		signatures(bf, ag[i]->name, ag[i]->signatures);
		sentence(bf, ag[i]->summary);
		if (ag[i]->example != NULL)
			literal(bf, ag[i]->example);
	}
	weir__buf_str(bf, ".El\n.Sh SEE ALSO\n.Xr weir-pipeline 5\n");
}
