/* SPDX-License-Identifier: MIT
 *
 * weir audit: what the journal and the sinks prove, as tables and a verdict.
 */
#include <inttypes.h>
#include <stdio.h>

#include "batch/json_text.h"
#include "cli/cli.h"
#include "run/audit.h"

#define COLUMNS (WEIR__AUDIT_COUNTS - 1) /* unmade is part of the sums */

static const char *const titles[COLUMNS] = { "in", "passed", "filtered",
	"rejected", "late", "duplicate", "absorbed", "created", "replayed" };

/* ---- text */

static size_t
widest(const struct weir__audit *au)
{
	size_t i, n, width = strlen("source");

	for (i = 0; i < au->nstages; i++) {
		n = strlen(au->stages[i].id);
		width = n > width ? n : width;
	}
	return width;
}

static void
stages(struct weir__buf *bf, const struct weir__audit *au, int width)
{
	bool used[COLUMNS] = { true, true };
	size_t i, c;

	for (i = 0; i < au->nstages; i++)
		for (c = 0; c < COLUMNS; c++)
			used[c] |= au->stages[i].counts[c] != 0;
	weir__buf_printf(bf, "%-*s", width, "stage");
	for (c = 0; c < COLUMNS; c++)
		if (used[c])
			weir__buf_printf(bf, "  %12s", titles[c]);
	weir__buf_chr(bf, '\n');
	for (i = 0; i < au->nstages; i++) {
		weir__buf_printf(bf, "%-*s", width, au->stages[i].id);
		for (c = 0; c < COLUMNS; c++)
			if (used[c])
				weir__buf_printf(bf, "  %12" PRIu64,
				    au->stages[i].counts[c]);
		weir__buf_chr(bf, '\n');
	}
}

static void
sources(struct weir__buf *bf, const struct weir__audit *au, int width)
{
	const struct weir__audit_stage *sg;
	size_t i;

	if (au->nparts != 0)
		weir__buf_printf(bf, "\n%-*s  %9s  %16s\n", width, "source",
		    "partition", "next");
	for (i = 0; i < au->nparts; i++) {
		sg = &au->stages[au->parts[i].stage];
		weir__buf_printf(bf, "%-*s  %9d  %16" PRId64 "\n", width,
		    sg->id, (int)au->parts[i].no, au->parts[i].next);
	}
	for (i = 0; i < au->nstages; i++) {
		sg = &au->stages[i];
		if (sg->lost != 0 || sg->lost_unknown != 0)
			weir__buf_printf(bf, "%s: %" PRIu64 " rows were gone "
			    "before they were read, and %" PRIu64 " times an "
			    "unknown number (on_data_loss: continue)\n",
			    sg->id, sg->lost, sg->lost_unknown);
	}
}

static void
sinks(struct weir__buf *bf, const struct weir__audit *au, int width)
{
	const struct weir__audit_sink *si;
	size_t i;

	if (au->nsinks != 0)
		weir__buf_printf(bf, "\n%-*s  %12s  %12s  %12s  %12s\n", width,
		    "sink", "decided", "published", "pending", "found");
	for (i = 0; i < au->nsinks; i++) {
		si = &au->sinks[i];
		weir__buf_printf(bf, "%-*s  %12" PRIu64 "  %12" PRIu64 "  %12"
		    PRIu64, width, si->id, si->decided, si->published,
		    si->decided - si->published - si->before);
		if (si->publisher != NULL && !si->broken)
			weir__buf_printf(bf, "  %12" PRIu64 "\n",
			    si->found.rows);
		else
			weir__buf_printf(bf, "  %12s\n", si->node == NULL ?
				"gone" : "not looked at");
	}
}

static void
problems(struct weir__buf *bf, const struct weir__audit *au)
{
	const struct weir__audit_problem *pr;
	size_t i;

	if (au->nproblems != 0)
		weir__buf_chr(bf, '\n');
	for (i = 0; i < au->nproblems; i++) {
		pr = &au->problems[i];
		weir__buf_printf(bf, "%s: ", pr->where);
		if (pr->epoch != 0)
			weir__buf_printf(bf, "epoch %" PRIu64 ": ", pr->epoch);
		weir__buf_printf(bf, "%s\n", pr->text);
	}
	if (au->more != 0)
		weir__buf_printf(bf, "... and %" PRIu64 " more\n", au->more);
}

static uint64_t
waiting(const struct weir__audit *au)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < au->nsinks; i++)
		n = au->sinks[i].pending > n ? au->sinks[i].pending : n;
	return n;
}

static void
verdict(struct weir__buf *bf, const struct weir__audit *au)
{
	uint64_t n = au->nproblems + au->more, wait = waiting(au);
	size_t i;

	if (n != 0) {
		weir__buf_printf(bf, "\nnot proved: %" PRIu64 " thing%s "
		    "missing or wrong\n", n, n == 1 ? " is" : "s are");
		return;
	}
	if (au->epochs == 0) {
		weir__buf_str(bf, "\nproved: no epoch is decided yet\n");
		return;
	}
	weir__buf_printf(bf, "\nproved: epochs %" PRIu64 " to %" PRIu64 ", %"
	    PRIu64 " rows read, every one accounted for", au->first, au->last,
	    au->rows);
	if (wait != 0)
		weir__buf_printf(bf, "; %" PRIu64 " epoch%s still to be "
		    "published by a run", wait, wait == 1 ? " is" : "s are");
	for (i = 0; i < au->nsinks; i++)
		if (au->sinks[i].publisher == NULL)
			weir__buf_printf(bf, "; what %s wrote was not looked "
			    "at", au->sinks[i].id);
		else if (au->sinks[i].anew)
			weir__buf_printf(bf, "; what was decided for %s before "
			    "it began anew was not looked at",
			    au->sinks[i].id);
	weir__buf_chr(bf, '\n');
}

static void
text(struct weir__buf *bf, const struct weir__audit *au)
{
	int width = (int)widest(au);

	stages(bf, au, width);
	sources(bf, au, width);
	sinks(bf, au, width);
	problems(bf, au);
	verdict(bf, au);
}

/* ---- JSON */

static void
string(struct weir__buf *bf, const char *before, const char *s)
{
	weir__buf_str(bf, before);
	weir__json_string(bf, s, strlen(s));
}

static void
json_stages(struct weir__buf *bf, const struct weir__audit *au)
{
	size_t i, c;

	weir__buf_str(bf, ",\"stages\":[");
	for (i = 0; i < au->nstages; i++) {
		string(bf, i == 0 ? "{\"stage\":" : ",{\"stage\":",
		    au->stages[i].id);
		for (c = 0; c < COLUMNS; c++)
			weir__buf_printf(bf, ",\"%s\":%" PRIu64, titles[c],
			    au->stages[i].counts[c]);
		weir__buf_printf(bf, ",\"lost\":%" PRIu64 "}",
		    au->stages[i].lost);
	}
	weir__buf_str(bf, "],\"sources\":[");
	for (i = 0; i < au->nparts; i++) {
		string(bf, i == 0 ? "{\"source\":" : ",{\"source\":",
		    au->stages[au->parts[i].stage].id);
		weir__buf_printf(bf, ",\"partition\":%d,\"next\":%" PRId64 "}",
		    (int)au->parts[i].no, au->parts[i].next);
	}
}

static void
json_sinks(struct weir__buf *bf, const struct weir__audit *au)
{
	const struct weir__audit_sink *si;
	size_t i;

	weir__buf_str(bf, "],\"sinks\":[");
	for (i = 0; i < au->nsinks; i++) {
		si = &au->sinks[i];
		string(bf, i == 0 ? "{\"sink\":" : ",{\"sink\":", si->id);
		weir__buf_printf(bf, ",\"decided\":%" PRIu64
		    ",\"published\":%" PRIu64 ",\"pending_epochs\":%" PRIu64
		    ",\"rejected\":%" PRIu64 ",\"before\":%" PRIu64,
		    si->decided, si->published, si->pending, si->rejected,
		    si->before);
		if (si->publisher != NULL && !si->broken)
			weir__buf_printf(bf, ",\"found\":%" PRIu64
			    ",\"places\":%" PRIu64, si->found.rows,
			    si->found.files);
		weir__buf_chr(bf, '}');
	}
}

static void
json(struct weir__buf *bf, const struct weir__audit *au)
{
	size_t i;

	weir__buf_printf(bf, "{\"proved\":%s,\"first\":%" PRIu64 ",\"last\":%"
	    PRIu64 ",\"epochs\":%" PRIu64 ",\"rows\":%" PRIu64,
	    au->nproblems == 0 && au->more == 0 ? "true" : "false", au->first,
	    au->last, au->epochs, au->rows);
	json_stages(bf, au);
	json_sinks(bf, au);
	weir__buf_str(bf, "],\"problems\":[");
	for (i = 0; i < au->nproblems; i++) {
		string(bf, i == 0 ? "{\"where\":" : ",{\"where\":",
		    au->problems[i].where);
		weir__buf_printf(bf, ",\"epoch\":%" PRIu64,
		    au->problems[i].epoch);
		string(bf, ",\"text\":", au->problems[i].text);
		weir__buf_chr(bf, '}');
	}
	weir__buf_printf(bf, "],\"more\":%" PRIu64 "}\n", au->more);
}

/* ---- the command */

static int
audit(const struct weir__plan *pl, const struct weir__errors *es, bool as_json)
{
	struct weir_err err = { 0 };
	struct weir__audit au = { 0 };
	struct weir__look lo;
	struct weir__buf bf;
	int code, rc;

	weir__buf_init(&bf);
	rc = weir__look(&lo, pl->state_dir, &err);
	if (rc == WEIR_OK)
		rc = weir__audit(&au, pl, &lo, &err);
	if (rc != WEIR_OK) {
		code = weir__say(es, &err);
	} else {
		if (as_json)
			json(&bf, &au);
		else
			text(&bf, &au);
		code = weir__put(&bf, stdout);
		if (code == WEIR__EXIT_OK && au.nproblems + au.more != 0)
			code = WEIR__EXIT_RUN;
	}
	weir__audit_fini(&au);
	weir__look_fini(&lo);
	weir__buf_fini(&bf);
	return code;
}

int
weir__cmd_audit(int argc, char **argv)
{
	struct weir__common co = { 0 };
	struct weir__errors es;
	struct weir__plan *pl;
	const char *path = NULL;
	bool as_json = false;
	int i, rc, code = WEIR__EXIT_USAGE;

	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&co, "audit", argc, argv, &i);
		if (rc < 0)
			goto out;
		if (rc != 0)
			continue;
		if (strcmp(argv[i], "--json") == 0) {
			as_json = true;
		} else if (argv[i][0] == '-' && argv[i][1] != '\0') {
			weir__usage("audit", "no option %s", argv[i]);
			goto out;
		} else if (path != NULL) {
			weir__usage("audit", "it takes one file, not also %s",
			    argv[i]);
			goto out;
		} else {
			path = argv[i];
		}
	}
	if (path == NULL) {
		weir__usage("audit", "which file?");
		goto out;
	}
	weir__errors_init(&es);
	pl = weir__load(&es, &co, path, true, &code);
	if (pl != NULL)
		code = audit(pl, &es, as_json);
	weir__plan_free(pl);
	weir__errors_fini(&es);
out:
	weir__common_fini(&co);
	return code;
}
