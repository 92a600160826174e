/* SPDX-License-Identifier: MIT
 *
 * weir plan: what another version of a pipeline does to the state that is kept.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "plan/fingerprint.h"
#include "run/look.h"

struct side {
	struct weir__errors es;
	struct weir__plan *pl;
	struct weir__buf text; /* the fingerprint */
};

static void
fini(struct side *si)
{
	weir__plan_free(si->pl);
	weir__errors_fini(&si->es);
	weir__buf_fini(&si->text);
}

static int
load(struct side *si, struct weir__common *co, const char *path)
{
	int code;

	si->pl = weir__load(&si->es, co, path, false, &code);
	if (si->pl != NULL)
		weir__plan_fingerprint(&si->text, si->pl);
	return code;
}

/* ---- stages with state */

/* Does a text have a stage of this id? */
static bool
has(const char *text, const char *id, size_t n)
{
	struct weir__plan_change ch;
	const char *at = NULL;

	while (weir__plan_changes(text, text, &at, &ch))
		if (ch.id_len == n && memcmp(ch.id, id, n) == 0)
			return true;
	return false;
}

/* True when all of it can be kept. */
static bool
stages(struct weir__buf *bf, const char *was, const char *is)
{
	struct weir__plan_change ch;
	const char *at = NULL;
	bool good = true;

	while (weir__plan_changes(was, is, &at, &ch)) {
		good &= ch.how == WEIR__PLAN_SAME;
		weir__buf_str(bf, ch.how == WEIR__PLAN_SAME ? "kept     " :
			ch.how == WEIR__PLAN_GONE ? "dropped  " : "changed  ");
		weir__buf_add(bf, ch.id, ch.id_len);
		if (ch.how == WEIR__PLAN_GONE)
			weir__buf_str(bf, ": there is no such stage any more");
		if (ch.how == WEIR__PLAN_CHANGED)
			weir__buf_printf(bf, ": was \"%.*s\", is \"%.*s\"",
			    (int)ch.was_len, ch.was, (int)ch.is_len, ch.is);
		weir__buf_chr(bf, '\n');
	}
	for (at = NULL; weir__plan_changes(is, was, &at, &ch);) {
		if (has(was, ch.id, ch.id_len))
			continue;
		weir__buf_str(bf, "new      ");
		weir__buf_add(bf, ch.id, ch.id_len);
		weir__buf_str(bf, ": begins with nothing\n");
	}
	return good;
}

/* ---- sinks */

static bool
publishes(const struct weir__node *nd)
{
	return nd->type->role == WEIR_SINK && nd->type->sink->publish != NULL;
}

static const struct weir__node *
find_sink(const struct weir__plan *pl, const char *id)
{
	size_t i;

	for (i = 0; i < pl->nnodes; i++)
		if (publishes(pl->nodes[i]) &&
		    strcmp(pl->nodes[i]->id, id) == 0)
			return pl->nodes[i];
	return NULL;
}

static void
gone(struct weir__buf *bf, const char *id)
{
	weir__buf_printf(bf, "gone     %s: what it has stays; rows that it has "
	    "still to publish are asked for at the start\n", id);
}

static void
goes_on(struct weir__buf *bf, const struct weir__node *is,
    const struct weir__node *was)
{
	weir__buf_printf(bf, "goes on  %s", is->id);
	/* the quarantine lies beside the state, wherever that is */
	if (was != NULL && !is->is_quarantine &&
	    strcmp(was->target, is->target) != 0)
		weir__buf_printf(bf, ": writes to %s now, no more to %s; let a "
		    "run end cleanly before, so that nothing is pending there",
		    is->target, was->target);
	weir__buf_chr(bf, '\n');
}

static void
new_sinks(struct weir__buf *bf, const struct weir__plan *is,
    const struct weir__plan *was, struct weir__past *pa)
{
	const struct weir__node *nd, *old;
	size_t i;

	for (i = 0; i < is->nnodes; i++) {
		nd = is->nodes[i];
		if (!publishes(nd))
			continue;
		old = was != NULL ? find_sink(was, nd->id) : NULL;
		if (old != NULL ||
		    (pa != NULL && weir__past_sink(pa, nd->id) != NULL))
			goes_on(bf, nd, old);
		else
			weir__buf_printf(bf, "new      %s: begins with the "
			    "next epoch\n", nd->id);
	}
}

/* ---- the command */

static int
verdict(struct weir__buf *bf, bool good)
{
	int code;

	weir__buf_str(bf, good ? "the state can be gone on with\n" :
		"the state can't be gone on with: run the version before, or "
		"give the new one another `state:`, or drop what was kept with "
		"`weir state reset`\n");
	code = weir__put(bf, stdout);
	return code != WEIR__EXIT_OK ? code : good ? WEIR__EXIT_OK :
						     WEIR__EXIT_RUN;
}

static int
two_files(struct side *was, struct side *is)
{
	struct weir__buf bf;
	bool good;
	size_t i;
	int code;

	weir__buf_init(&bf);
	good = stages(&bf, weir__buf_cstr(&was->text),
	    weir__buf_cstr(&is->text));
	for (i = 0; i < was->pl->nnodes; i++)
		if (publishes(was->pl->nodes[i]) &&
		    find_sink(is->pl, was->pl->nodes[i]->id) == NULL)
			gone(&bf, was->pl->nodes[i]->id);
	new_sinks(&bf, is->pl, was->pl, NULL);
	code = verdict(&bf, good);
	weir__buf_fini(&bf);
	return code;
}

/* One file, against what its state directory was kept by. */
static int
against_state(struct side *is)
{
	struct weir_err err = { 0 };
	struct weir__look lo;
	struct weir__buf bf;
	bool good;
	size_t i;
	int code;

	weir__buf_init(&bf);
	if (weir__look(&lo, is->pl->state_dir, &err) != WEIR_OK) {
		code = weir__say(&is->es, &err);
	} else {
		good = stages(&bf, lo.plan, weir__buf_cstr(&is->text)) ||
		    lo.past.epoch == 0;
		for (i = 0; i < lo.past.nsinks; i++)
			if (find_sink(is->pl, lo.past.sinks[i].id) == NULL)
				gone(&bf, lo.past.sinks[i].id);
		new_sinks(&bf, is->pl, NULL, &lo.past);
		code = verdict(&bf, good);
	}
	weir__look_fini(&lo);
	weir__buf_fini(&bf);
	return code;
}

static int
compare(struct weir__common *co, const char *const *path, int n)
{
	struct side was = { .pl = NULL }, is = { .pl = NULL };
	int code;

	weir__errors_init(&was.es);
	weir__errors_init(&is.es);
	weir__buf_init(&was.text);
	weir__buf_init(&is.text);
	code = load(&is, co, path[n - 1]);
	if (code == WEIR__EXIT_OK && n == 2)
		code = load(&was, co, path[0]);
	if (code == WEIR__EXIT_OK)
		code = n == 2 ? two_files(&was, &is) : against_state(&is);
	fini(&was);
	fini(&is);
	return code;
}

int
weir__cmd_plan(int argc, char **argv)
{
	struct weir__common co = { 0 };
	const char *path[2];
	int i, rc, n = 0, code = WEIR__EXIT_USAGE;

	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&co, "plan", argc, argv, &i);
		if (rc < 0)
			goto out;
		if (rc != 0)
			continue;
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			weir__usage("plan", "no option %s", argv[i]);
			goto out;
		}
		if (n == 2) {
			weir__usage("plan", "it takes two files, not also %s",
			    argv[i]);
			goto out;
		}
		path[n++] = argv[i];
	}
	code = n == 0 ? weir__usage("plan", "which files?") :
			compare(&co, path, n);
out:
	weir__common_fini(&co);
	return code;
}
