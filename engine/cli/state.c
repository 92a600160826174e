/* SPDX-License-Identifier: MIT
 *
 * weir state show|export|reset: what a pipeline keeps between its runs.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/state.h"
#include "run/look.h"

enum verb { SHOW, EXPORT, RESET, NVERBS };

static const char *const verbs[NVERBS] = { "show", "export", "reset" };

struct args {
	struct weir__common common;
	int verb;
	const char *path;
	const char *stage; /* export: only this one */
	const char *dir;   /* --state */
	bool json, yes;
	struct weir__anew *anew; /* reset: only these */
	size_t nanew;
};

/* ---- arguments */

/* --sink ID, --stage=ID: as often as one likes. */
static int
begin_anew(struct args *ar, int argc, char **argv, int *i)
{
	const char *arg = argv[*i], *id = strchr(arg, '=');
	size_t n = id != NULL ? (size_t)(id - arg) : strlen(arg);
	bool sink = n == 6 && memcmp(arg, "--sink", n) == 0;
	struct weir__anew *list;

	if (!sink && (n != 7 || memcmp(arg, "--stage", n) != 0))
		return weir__usage("state", "state reset has no option %s",
			   arg), -1;
	if (id == NULL && *i + 1 == argc)
		return weir__usage("state", "%s needs a value", arg), -1;
	list = weir__realloc(ar->anew, (ar->nanew + 1) * sizeof *list);
	if (list == NULL)
		return weir__usage("state", "out of memory"), -1;
	ar->anew = list;
	list[ar->nanew++] = (struct weir__anew){
		sink ? WEIR__FORGET_SINK : WEIR__FORGET_STAGE,
		id != NULL ? id + 1 : argv[++*i]
	};
	return 0;
}

static int
option(struct args *ar, int argc, char **argv, int *i)
{
	const char *arg = argv[*i];

	if (strcmp(arg, "--json") == 0 && ar->verb == SHOW)
		ar->json = true;
	else if (strcmp(arg, "--yes") == 0 && ar->verb == RESET)
		ar->yes = true;
	else if (ar->verb == RESET && (strncmp(arg, "--sink", 6) == 0 ||
		strncmp(arg, "--stage", 7) == 0))
		return begin_anew(ar, argc, argv, i);
	else if (strncmp(arg, "--state=", 8) == 0)
		ar->dir = arg + 8;
	else if (strcmp(arg, "--state") == 0 && *i + 1 < argc)
		ar->dir = argv[++*i];
	else if (strcmp(arg, "--state") == 0)
		return weir__usage("state", "--state needs a value"), -1;
	else
		return weir__usage("state", "state %s has no option %s",
			   verbs[ar->verb], arg), -1;
	return 0;
}

static int
find_verb(struct args *ar, const char *arg)
{
	const char *near;

	for (ar->verb = 0; ar->verb < NVERBS; ar->verb++)
		if (strcmp(arg, verbs[ar->verb]) == 0)
			return 0;
	near = weir__nearest(arg, strlen(arg), verbs, NVERBS);
	weir__usage("state", "show, export or reset? not %s%s%s", arg,
	    near != NULL ? "; did you mean " : "", near != NULL ? near : "");
	return -1;
}

static int
parse_args(struct args *ar, int argc, char **argv)
{
	int i, rc;

	if (argc < 2) {
		weir__usage("state", "show, export or reset?");
		return -1;
	}
	if (find_verb(ar, argv[1]) != 0)
		return -1;
	for (i = 2; i < argc; i++) {
		rc = weir__common_arg(&ar->common, "state", argc, argv, &i);
		if (rc < 0)
			return -1;
		if (rc != 0)
			continue;
		if (argv[i][0] == '-' && argv[i][1] != '\0')
			rc = option(ar, argc, argv, &i);
		else if (ar->path == NULL && ar->dir == NULL)
			ar->path = argv[i];
		else if (ar->stage == NULL && ar->verb == EXPORT)
			ar->stage = argv[i];
		else
			rc = weir__usage("state", "what is %s?", argv[i]);
		if (rc != 0)
			return -1;
	}
	if (ar->path == NULL && (ar->dir == NULL || ar->verb == EXPORT)) {
		weir__usage("state", "which file?");
		return -1;
	}
	return 0;
}

/* ---- the verbs */

static int
look(struct args *ar, const struct weir__plan *pl, const char *dir,
    struct weir__errors *es)
{
	struct weir_err err = { 0 };
	struct weir__look lo;
	struct weir__buf bf;
	int code, rc;

	weir__buf_init(&bf);
	rc = weir__look(&lo, dir, &err);
	if (rc == WEIR_OK)
		rc = weir__look_state(&lo, pl, &err);
	if (rc == WEIR_OK && ar->verb == EXPORT)
		rc = weir__state_export(&bf, &lo, pl, ar->stage, &err);
	else if (rc == WEIR_OK)
		rc = weir__state_show(&bf, &lo, ar->json, &err);
	code = rc == WEIR_OK ? weir__put(&bf, stdout) : weir__say(es, &err);
	weir__look_fini(&lo);
	weir__buf_fini(&bf);
	return code;
}

/* Some sinks and stages. */
static int
reset_some(const struct args *ar, const char *dir, struct weir__errors *es)
{
	struct weir_err err = { 0 };
	size_t i;

	if (!ar->yes) {
		fprintf(stderr, "weir: state reset: of a sink this drops what "
		    "was decided and is not yet published, of a stage what it "
		    "keeps, its watermark and its positions; nothing was done, "
		    "--yes does it\n");
		return WEIR__EXIT_RUN;
	}
	if (weir__look_forget(dir, ar->anew, ar->nanew, &err) != WEIR_OK)
		return weir__say(es, &err);
	for (i = 0; i < ar->nanew; i++)
		printf(ar->anew[i].kind == WEIR__FORGET_SINK ?
			"%s begins anew with the next epoch: what it has "
			"stays, and it refuses outputs that are not empty, "
			"unless with --append\n" :
			"%s begins with nothing\n", ar->anew[i].id);
	return WEIR__EXIT_OK;
}

static int
reset(const struct args *ar, const char *dir, struct weir__errors *es)
{
	struct weir_err err = { 0 };

	if (ar->nanew != 0)
		return reset_some(ar, dir, es);
	if (!ar->yes) {
		fprintf(stderr, "weir: state reset: this drops the journal, "
		    "the kept state and the spools in %s, so that the next run "
		    "begins where its sources' options say; rows decided and "
		    "not yet published are lost; nothing was done, --yes does "
		    "it\n", dir);
		return WEIR__EXIT_RUN;
	}
	if (weir__look_reset(dir, &err) != WEIR_OK)
		return weir__say(es, &err);
	printf("%s: journal, state and spools are gone\n"
	    "what was published is left as it is, and so is the quarantine: a "
	    "run refuses outputs that are not empty, unless with --append\n",
	    dir);
	return WEIR__EXIT_OK;
}

int
weir__cmd_state(int argc, char **argv)
{
	struct args ar = { .path = NULL };
	struct weir__plan *pl = NULL;
	struct weir__errors es;
	int code = WEIR__EXIT_USAGE;
	const char *dir;

	weir__errors_init(&es);
	if (parse_args(&ar, argc, argv) == 0) {
		code = WEIR__EXIT_OK;
		if (ar.path != NULL)
			pl = weir__load(&es, &ar.common, ar.path, false, &code);
		dir = ar.dir != NULL ? ar.dir :
		    pl != NULL	     ? pl->state_dir : NULL;
		if (code == WEIR__EXIT_OK && ar.verb == RESET)
			code = reset(&ar, dir, &es);
		else if (code == WEIR__EXIT_OK)
			code = look(&ar, pl, dir, &es);
	}
	weir__plan_free(pl);
	weir__errors_fini(&es);
	weir__free(ar.anew);
	weir__common_fini(&ar.common);
	return code;
}
