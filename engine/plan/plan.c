/* SPDX-License-Identifier: MIT
 *
 * Making a plan: read, declare, join, bind, and find what is read.
 */
#include "plan/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "plan/build.h"

#define PIPELINE_MAX ((size_t)16 << 20)
#define NAMES_MAX    9 /* so many are told where none is near */

void *
weir__build_oom(struct weir__build *bu)
{
	if (!bu->failed)
		weir__errors_fail(bu->es, WEIR_NOWHERE, "memory",
		    "out of memory");
	bu->failed = true;
	return NULL;
}

void *
weir__build_alloc(struct weir__build *bu, size_t n)
{
	void *p = weir__arena_zalloc(bu->ar, n);

	return p != NULL ? p : weir__build_oom(bu);
}

/* The few names that there are: a, b and c. */
static void
list_names(char *to, size_t size, const char *const *names, size_t n)
{
	const char *few[NAMES_MAX];
	size_t i, j, k = 0, at;

	for (i = 0; i < n; i++) {
		for (j = 0; j < k && strcmp(few[j], names[i]) != 0; j++)
			;
		if (j < k)
			continue;
		if (k == NAMES_MAX)
			return;
		few[k++] = names[i];
	}
	if (k == 0)
		return;
	at = (size_t)snprintf(to, size, "there %s ", k == 1 ? "is" : "are");
	for (i = 0; i < k && at < size; i++)
		at += (size_t)snprintf(to + at, size - at, "%s%s",
		    i == 0 ? "" : i + 1 == k ? " and " : ", ", few[i]);
}

void
weir__build_unknown(struct weir__build *bu, struct weir_span span,
    const char *code, const char *what, const char *name,
    const char *const *names, size_t n)
{
	const char *near = weir__nearest(name, strlen(name), names, n);
	struct weir_err *err;

	weir__errors_fail(bu->es, span, code, "%s \"%s\"", what, name);
	err = weir__errors_last(bu->es);
	if (near != NULL)
		snprintf(err->hint, sizeof err->hint, "did you mean \"%s\"?",
		    near);
	else
		list_names(err->hint, sizeof err->hint, names, n);
}

/* The whole file as text, or NULL after an error. */
static char *
read_file(struct weir__build *bu, const char *path, size_t *len)
{
	struct stat sb;
	ssize_t got = 0;
	size_t n = 0;
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &sb) != 0) {
		weir__errors_fail(bu->es, WEIR_NOWHERE, "file.open",
		    "%s can't be read: %m", path);
		goto out;
	}
	if (!S_ISREG(sb.st_mode) || (size_t)sb.st_size > PIPELINE_MAX) {
		weir__errors_fail(bu->es, WEIR_NOWHERE, "file.open",
		    "%s is no pipeline file: expected a regular file of at "
		    "most 16 MiB", path);
		goto out;
	}
	text = weir__build_alloc(bu, (size_t)sb.st_size + 1);
	while (text != NULL && n < (size_t)sb.st_size &&
	    (got = read(fd, text + n, (size_t)sb.st_size - n)) > 0)
		n += (size_t)got;
	if (got < 0) {
		weir__errors_fail(bu->es, WEIR_NOWHERE, "file.read",
		    "%s can't be read: %m", path);
		text = NULL;
	}
	*len = n;
out:
	if (fd >= 0)
		close(fd);
	return text;
}

/* "dir/medallion.weir" -> "medallion". */
static const char *
file_stem(struct weir__arena *ar, const char *path)
{
	const char *base = strrchr(path, '/');
	size_t len;

	base = base != NULL ? base + 1 : path;
	len = strlen(base);
	if (len > 5 && strcmp(base + len - 5, ".weir") == 0)
		len -= 5;
	return weir__arena_strndup(ar, base, len);
}

static int
parse(struct weir__build *bu)
{
	struct weir__plan *pl = bu->pl;
	size_t len = 0;
	const char *text = bu->op->text;
	uint32_t src;

	if (text != NULL)
		len = strlen(text);
	else
		text = read_file(bu, bu->op->path, &len);
	if (text == NULL)
		return -1;
	pl->path = weir__arena_strdup(bu->ar, bu->op->path);
	pl->stem = file_stem(bu->ar, bu->op->path);
	pl->text_hash = weir__hash(text, len, 0);
	src = weir__errors_source(bu->es, bu->op->path, text, len);
	if (src == 0 || pl->path == NULL || pl->stem == NULL)
		return -1;
	pl->ast = weir__parse(bu->ar, bu->es, src);
	return pl->ast != NULL ? 0 : -1;
}

static void
functions_of(struct weir__build *bu, const char *name, struct weir_span span)
{
	const struct weir__plugin *pg;
	struct weir_err err = { 0 };

	pg = weir__loader_get(bu->pl->loader, name, &err);
	if (pg == NULL) {
		/* said by the stage or the call that needs it */
		if (weir__registry_refuse(bu->pl->registry, name, &err) != 0)
			weir__build_oom(bu);
	} else if (weir__registry_add(bu->pl->registry, pg->desc, &err) != 0) {
		err.span = span;
		weir__errors_add(bu->es, &err);
	}
}

/* Functions and aggregates of all plugins that the file names. */
static void
load_functions(struct weir__build *bu)
{
	const struct weir__ast_plugin *pg;
	bool core = false;

	for (pg = bu->pl->ast->plugins; pg != NULL; pg = pg->next) {
		functions_of(bu, pg->name, pg->span);
		core |= strcmp(pg->name, WEIR__CORE) == 0;
	}
	if (!core)
		functions_of(bu, WEIR__CORE, WEIR_NOWHERE);
}

static void
unused_sets(struct weir__build *bu)
{
	struct weir__setting *se;
	const char **names;
	size_t i, j, n = bu->pl->nparams;

	names = weir__build_alloc(bu, n * sizeof *names + 1);
	for (j = 0; names != NULL && j < n; j++)
		names[j] = bu->pl->params[j].name;
	for (i = 0; i < bu->op->nsets && names != NULL; i++) {
		se = &bu->op->sets[i];
		if (!se->used)
			weir__build_unknown(bu, WEIR_NOWHERE, "param.unknown",
			    "--set: the pipeline has no param", se->name, names,
			    n);
	}
}

static bool
wrong(const struct weir__build *bu)
{
	return bu->failed || bu->es->n != 0 || bu->es->out_of_memory;
}

/* Streams that could not be built; then there is an error, or none could be
 * kept for want of memory. */
static bool
damaged(struct weir__build *bu)
{
	size_t i;

	for (i = 0; i < bu->nstmts && !wrong(bu); i++)
		if (bu->stmts[i].bad)
			weir__build_oom(bu);
	return wrong(bu);
}

static int
build(struct weir__build *bu)
{
	if (parse(bu) != 0)
		return -1;
	load_functions(bu);
	if (bu->failed || weir__build_declare(bu) != 0)
		return -1;
	unused_sets(bu);
	if (weir__build_graph(bu) != 0 || weir__build_bind(bu) != 0)
		return -1;
	if (damaged(bu) || weir__build_unread(bu) != 0 || wrong(bu) ||
	    weir__build_quarantine(bu) != 0 || wrong(bu))
		return -1;
	return weir__build_wanted(bu);
}

struct weir__plan *
weir__plan_make(struct weir__errors *es, const struct weir__plan_options *op)
{
	struct weir__plan *pl = weir__zalloc(sizeof *pl);
	struct weir__build bu = { .pl = pl, .op = op, .es = es };

	if (pl == NULL) {
		weir__build_oom(&bu);
		return NULL;
	}
	weir__arena_init(&pl->ar, 16384);
	bu.ar = &pl->ar;
	pl->errors = es;
	pl->loader = weir__loader_new(op->plugin_dirs, op->nplugin_dirs);
	pl->registry = weir__registry_new();
	if (pl->loader == NULL || pl->registry == NULL)
		weir__build_oom(&bu);
	else if ((build(&bu) != 0 && !wrong(&bu)) || es->out_of_memory)
		weir__build_oom(&bu);
	if (pl->ast == NULL || bu.failed) {
		weir__plan_free(pl);
		return NULL;
	}
	return pl;
}

void
weir__plan_free(struct weir__plan *pl)
{
	size_t i;

	if (pl == NULL)
		return;
	for (i = pl->nnodes; i-- > 0;)
		if (pl->nodes[i]->config != NULL &&
		    pl->nodes[i]->type->unbind != NULL)
			pl->nodes[i]->type->unbind(pl->nodes[i]->config);
	weir__registry_free(pl->registry);
	weir__arena_fini(&pl->ar);
	weir__loader_free(pl->loader);
	weir__free(pl);
}
