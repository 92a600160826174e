/* SPDX-License-Identifier: MIT
 *
 * weir replay: rejected rows enter again at the stages that rejected them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/cli.h"
#include "run/look.h"
#include "run/replay.h"

struct args {
	struct weir__common common;
	struct weir__run_options op;
	struct weir__replay replay;
	const char *path;
	bool list, dry;
};

/* ---- arguments */

/* The value of --NAME VALUE or --NAME=VALUE: 1, 0 not this one, -1 none. */
static int
valued(const char *name, int argc, char **argv, int *i, const char **value)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0)
		return 0;
	if (argv[*i][n] == '=') {
		*value = argv[*i] + n + 1;
		return 1;
	}
	if (argv[*i][n] != '\0')
		return 0;
	if (*i + 1 < argc) {
		*value = argv[++*i];
		return 1;
	}
	weir__usage("replay", "%s needs a value", name);
	return -1;
}

static int
limit(struct args *ar, const char *value)
{
	char *end;

	errno = 0;
	ar->replay.limit = strtoull(value, &end, 10);
	if (errno == 0 && *end == '\0' && value[0] >= '0' &&
	    value[0] <= '9' && ar->replay.limit != 0)
		return 0;
	weir__usage("replay", "--limit is a number of rows, not %s", value);
	return -1;
}

/* 0 taken, -1 wrong (said). */
static int
one_arg(struct args *ar, int argc, char **argv, int *i)
{
	const char *arg = argv[*i], *value;
	int rc;

	if ((rc = valued("--stage", argc, argv, i, &ar->replay.stage)) != 0 ||
	    (rc = valued("--code", argc, argv, i, &ar->replay.code)) != 0)
		return rc > 0 ? 0 : -1;
	if ((rc = valued("--limit", argc, argv, i, &value)) != 0)
		return rc > 0 ? limit(ar, value) : -1;
	if (strcmp(arg, "--list") == 0)
		ar->list = true;
	else if (strcmp(arg, "--dry-run") == 0)
		ar->dry = true;
	else if (strcmp(arg, "--quiet") == 0)
		ar->op.quiet = true;
	else if (arg[0] == '-' && arg[1] != '\0')
		return weir__usage("replay", "no option %s", arg), -1;
	else if (ar->path != NULL)
		return weir__usage("replay", "it takes one file, not also %s",
			   arg), -1;
	else
		ar->path = arg;
	return 0;
}

static int
parse_args(struct args *ar, int argc, char **argv)
{
	int i, rc;

	for (i = 1; i < argc; i++) {
		rc = weir__common_arg(&ar->common, "replay", argc, argv, &i);
		if (rc < 0)
			return -1;
		if (rc == 0 && one_arg(ar, argc, argv, &i) != 0)
			return -1;
	}
	if (ar->path == NULL)
		return weir__usage("replay", "which file?"), -1;
	if (ar->list && ar->dry)
		return weir__usage("replay", "--list or --dry-run, not both"),
		       -1;
	return 0;
}

/* ---- what is told */

static void
put_day(struct weir__buf *bf, int64_t us)
{
	char text[WEIR__TIME_TEXT];
	size_t n = weir__time_print(text, us);

	/* to the second */
	weir__buf_printf(bf, "  %.19sZ", n >= 19 ? text : "-------------------");
}

static void
put_ids(struct weir__buf *bf, const struct weir__replay_line *li)
{
	weir__buf_printf(bf, "  %" PRIu64 ".%" PRIu64, li->first.epoch,
	    li->first.first);
	if (li->rows + li->stay > 1)
		weir__buf_printf(bf, "..%" PRIu64 ".%" PRIu64, li->last.epoch,
		    li->last.first);
}

static void
put_list(struct weir__buf *bf, const struct weir__replay *rp)
{
	size_t i, n, stage = strlen("stage"), code = strlen("code");
	const struct weir__replay_line *li;

	for (i = 0; i < rp->nlines; i++) {
		n = strlen(rp->lines[i].stage);
		stage = n > stage ? n : stage;
		n = strlen(rp->lines[i].code);
		code = n > code ? n : code;
	}
	if (rp->nlines != 0)
		weir__buf_printf(bf, "%-*s  %-*s  %9s  %-20s  %-20s  %s\n",
		    (int)stage, "stage", (int)code, "code", "rows", "from",
		    "to", "ids");
	for (i = 0; i < rp->nlines; i++) {
		li = &rp->lines[i];
		weir__buf_printf(bf, "%-*s  %-*s  %9" PRIu64, (int)stage,
		    li->stage, (int)code, li->code, li->rows + li->stay);
		put_day(bf, li->from);
		put_day(bf, li->to);
		put_ids(bf, li);
		weir__buf_printf(bf, "\n  %s\n", li->text);
	}
}

static void
put_counts(struct weir__buf *bf, const struct weir__shelf_counts *co)
{
	weir__buf_printf(bf, "%" PRIu64 " kept: %" PRIu64 " to replay, %"
	    PRIu64 " replayed, %" PRIu64 " dropped by age or size\n", co->kept,
	    co->kept - co->replayed - co->dropped, co->replayed, co->dropped);
	if (co->unkept != 0)
		weir__buf_printf(bf, "%" PRIu64 " not kept: a source refused "
		    "them, a stage had made them, or a sink had encoded them\n",
		    co->unkept);
	if (co->withheld != 0)
		weir__buf_printf(bf, "%" PRIu64 " not kept: the settings "
		    "quarantine_value or replay say so\n", co->withheld);
}

/* Stages that can't take theirs, a sentence each. */
static uint64_t
put_stay(struct weir__buf *bf, const struct weir__replay *rp)
{
	const struct weir__replay_line *li;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < rp->nlines; i++) {
		li = &rp->lines[i];
		n += li->stay;
		if (li->stay != 0)
			weir__buf_printf(bf, "%s: %" PRIu64 " row%s of %s "
			    "stay%s: %s\n", li->stage, li->stay,
			    li->stay == 1 ? "" : "s", li->code,
			    li->stay == 1 ? "s" : "", li->why);
	}
	return n;
}

static void
put_done(struct weir__buf *bf, const struct weir__replay *rp, bool dry)
{
	const struct weir__replay_line *li;
	uint64_t rows = 0;
	size_t i;

	for (i = 0; i < rp->nlines; i++) {
		li = &rp->lines[i];
		rows += li->rows;
		if (li->rows != 0)
			weir__buf_printf(bf, "%s: %" PRIu64 " row%s of %s %s\n",
			    li->stage, li->rows, li->rows == 1 ? "" : "s",
			    li->code, dry ? "would enter" : "entered");
	}
	if (rows == 0) {
		weir__buf_str(bf, "nothing to replay\n");
		return;
	}
	if (dry)
		return;
	weir__buf_printf(bf, "%" PRIu64 " replayed, of which %" PRIu64
	    " rejected again and %" PRIu64 " late\n",
	    rp->after.replayed - rp->before.replayed, rp->rejected, rp->late);
}

static int
tell(const struct args *ar, bool dry)
{
	const struct weir__replay *rp = &ar->replay;
	struct weir__buf bf;
	uint64_t stay = 0;
	int code;

	weir__buf_init(&bf);
	if (ar->list) {
		put_list(&bf, rp);
		put_counts(&bf, &rp->after);
	}
	stay = put_stay(&bf, rp);
	if (!ar->list)
		put_done(&bf, rp, dry);
	code = ar->op.quiet && !ar->list ? WEIR__EXIT_OK :
					   weir__put(&bf, stdout);
	weir__buf_fini(&bf);
	if (code == WEIR__EXIT_OK && stay != 0 && !ar->list)
		code = WEIR__EXIT_RUN;
	return code;
}

/* ---- the command */

static uint64_t
rows_that_fit(const struct weir__replay *rp)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < rp->nlines; i++)
		n += rp->lines[i].rows;
	return n;
}

/* First it is only looked; a run begins where there is something to do. */
static int
replay(struct args *ar, const struct weir__plan *pl, struct weir__errors *es)
{
	struct weir_err err = { 0 };
	struct weir__look lo;
	int code, rc;

	rc = weir__look(&lo, pl->state_dir, &err);
	if (rc == WEIR_OK)
		rc = weir__replay_look(&ar->replay, pl, &lo.past.shelf, &err);
	weir__look_fini(&lo);
	if (rc != WEIR_OK)
		return weir__say(es, &err);
	if (ar->list || ar->dry || rows_that_fit(&ar->replay) == 0)
		return tell(ar, true);
	ar->op.replay = &ar->replay;
	code = weir__run(pl, es, &ar->op);
	return code == WEIR__EXIT_OK ? tell(ar, false) : code;
}

int
weir__cmd_replay(int argc, char **argv)
{
	struct args ar = { .path = NULL };
	struct weir__errors es;
	struct weir__plan *pl;
	int code = WEIR__EXIT_USAGE;

	if (parse_args(&ar, argc, argv) == 0) {
		weir__errors_init(&es);
		pl = weir__load(&es, &ar.common, ar.path,
		    !ar.list && !ar.dry, &code);
		if (pl != NULL)
			code = replay(&ar, pl, &es);
		weir__replay_fini(&ar.replay);
		weir__plan_free(pl);
		weir__errors_fini(&es);
	}
	weir__common_fini(&ar.common);
	return code;
}
