/* SPDX-License-Identifier: MIT
 *
 * weir plan: what another version of a pipeline does to the state that is kept.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "plan/fingerprint.h"
#include "plan/parts.h"
#include "run/look.h"
#include "run/opening.h"

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

static const char *const words[] = {
	[WEIR__PLAN_SAME] = "kept     ",
	[WEIR__PLAN_MIGRATED] = "migrated ",
	[WEIR__PLAN_CHANGED] = "changed  ",
	[WEIR__PLAN_GONE] = "dropped  ",
};

/* True when all of it can be kept. */
static bool
stages(struct weir__buf *bf, const char *was, struct side *new)
{
	const char *is = weir__buf_cstr(&new->text), *at = NULL;
	struct weir__plan_change ch;
	bool good = true;

	while (weir__plan_changes(was, is, new->pl, &at, &ch)) {
		good &= ch.how == WEIR__PLAN_SAME ||
		    ch.how == WEIR__PLAN_MIGRATED;
		weir__buf_str(bf, words[ch.how]);
		weir__buf_add(bf, ch.id, ch.id_len);
		if (ch.how == WEIR__PLAN_GONE)
			weir__buf_str(bf, ": there is no such stage any more");
		else if (ch.how != WEIR__PLAN_SAME)
			weir__buf_printf(bf, ": was \"%.*s\", is \"%.*s\"",
			    (int)ch.was_len, ch.was, (int)ch.is_len, ch.is);
		weir__buf_chr(bf, '\n');
	}
	for (at = NULL; weir__plan_changes(is, was, new->pl, &at, &ch);) {
		if (weir__plan_has(was, ch.id, ch.id_len))
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

/* A sink of the plan as the journal would have it. */
static struct weir__past_sink
as_past(const struct weir__node *nd, struct weir__buf *kind)
{
	weir__buf_clear(kind);
	weir__plan_sink(kind, nd);
	return (struct weir__past_sink){
		.id = (char *)(uintptr_t)nd->id,
		.born = true,
		.what = (char *)(uintptr_t)weir__buf_cstr(kind),
		.target = (char *)(uintptr_t)weir__sink_target(nd),
		.place = (char *)(uintptr_t)weir__sink_place(nd),
	};
}

/* What it would lose, when it is asked of the journal; false then. */
static bool
owes_nothing(struct weir__buf *bf, const struct weir__past *pa,
    const struct weir__past_sink *si, const char *why)
{
	uint64_t rows, from;

	if (pa == NULL || !weir__sink_owes(pa, si, &rows, &from))
		return true;
	weir__buf_printf(bf, "behind   %s: %s, and what was decided for it from "
	    "epoch %" PRIu64 " on is not published there yet: run the version "
	    "before once more, or drop it with `weir state reset --sink %s`\n",
	    si->id, why, from, si->id);
	return false;
}

static bool
gone(struct weir__buf *bf, const struct weir__past *pa,
    const struct weir__past_sink *si)
{
	if (!owes_nothing(bf, pa, si, "is no more"))
		return false;
	weir__buf_printf(bf, "gone     %s: what it has stays\n", si->id);
	return true;
}

static bool
goes_on(struct weir__buf *bf, const struct weir__node *is,
    const struct weir__past *pa, const struct weir__past_sink *was)
{
	bool here = strcmp(was->target, weir__sink_target(is)) == 0;
	char why[512];

	if (!weir__sink_moved(was, is)) {
		weir__buf_printf(bf, "goes on  %s\n", is->id);
		return true;
	}
	if (here)
		snprintf(why, sizeof why, "was %s", was->what);
	else
		snprintf(why, sizeof why, "writes to \"%s\" now, no more to "
		    "\"%s\"", weir__sink_name(weir__sink_target(is)),
		    weir__sink_name(was->target));
	if (!owes_nothing(bf, pa, was, why))
		return false;
	weir__buf_printf(bf, "moves    %s: %s: begins %s, once %s has all that "
	    "was decided for it\n", is->id, why,
	    here ? "anew" : "there as a new sink",
	    here ? "the place" : "the other");
	return true;
}

static void
is_new(struct weir__buf *bf, const struct weir__node *nd)
{
	weir__buf_printf(bf, "new      %s: begins with the next epoch\n",
	    nd->id);
}

static void
sinks_of_two(struct weir__buf *bf, const struct weir__plan *is,
    const struct weir__plan *was)
{
	const struct weir__node *nd, *old;
	struct weir__past_sink si;
	struct weir__buf kind;
	size_t i;

	weir__buf_init(&kind);
	for (i = 0; i < was->nnodes; i++) {
		si = as_past(was->nodes[i], &kind);
		if (publishes(was->nodes[i]) && find_sink(is, si.id) == NULL)
			gone(bf, NULL, &si);
	}
	for (i = 0; i < is->nnodes; i++) {
		nd = is->nodes[i];
		if (!publishes(nd))
			continue;
		old = find_sink(was, nd->id);
		if (old == NULL) {
			is_new(bf, nd);
			continue;
		}
		si = as_past(old, &kind);
		goes_on(bf, nd, NULL, &si);
	}
	bf->failed |= kind.failed;
	weir__buf_fini(&kind);
}

/* True when none of those that were there stands in the way. */
static bool
sinks_of_state(struct weir__buf *bf, const struct weir__plan *is,
    struct weir__past *pa)
{
	const struct weir__past_sink *si;
	bool good = true;
	size_t i;

	for (i = 0; i < pa->nsinks; i++)
		if (pa->sinks[i].born && find_sink(is, pa->sinks[i].id) == NULL)
			good &= gone(bf, pa, &pa->sinks[i]);
	for (i = 0; i < is->nnodes; i++) {
		if (!publishes(is->nodes[i]))
			continue;
		si = weir__past_sink(pa, is->nodes[i]->id);
		if (si != NULL && si->born)
			good &= goes_on(bf, is->nodes[i], pa, si);
		else
			is_new(bf, is->nodes[i]);
	}
	return good;
}

/* ---- what else is another */

static void
notes(struct weir__buf *bf, const char *was, const struct weir__plan *pl)
{
	struct weir__parts_change ch;
	const char *at = NULL;
	struct weir__buf is;

	weir__buf_init(&is);
	weir__parts(&is, pl);
	bf->failed |= is.failed;
	while (!is.failed &&
	    weir__parts_changed(was, weir__buf_cstr(&is), &at, &ch))
		weir__buf_printf(bf, "note     %s\n", ch.text);
	weir__buf_fini(&is);
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
	int code;

	weir__buf_init(&bf);
	good = stages(&bf, weir__buf_cstr(&was->text), is);
	sinks_of_two(&bf, is->pl, was->pl);
	code = verdict(&bf, good);
	weir__buf_fini(&bf);
	return code;
}

/* What was decided holds; where nothing was, what the last run said. */
static const char *
kept_by(const struct weir__look *lo)
{
	const char *text = lo->past.plan != NULL ? lo->past.plan :
						   lo->past.opened;

	return text != NULL ? text : "";
}

/* One file, against what its state directory was kept by. */
static int
against_state(struct side *is)
{
	struct weir_err err = { 0 };
	struct weir__look lo;
	struct weir__buf bf;
	bool good;
	int code;

	weir__buf_init(&bf);
	if (weir__look(&lo, is->pl->state_dir, &err) != WEIR_OK) {
		code = weir__say(&is->es, &err);
	} else {
		good = stages(&bf, kept_by(&lo), is) ||
		    lo.past.epoch == 0;
		good &= sinks_of_state(&bf, is->pl, &lo.past);
		if (lo.past.made != NULL)
			notes(&bf, lo.past.made, is->pl);
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
