/* SPDX-License-Identifier: MIT
 *
 * What sinks write to: its name, and that no two write to the same.
 */
#include <limits.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "plan/build.h"

/* ----------------------------------------------------------------- its name */

static void
add_value(struct weir__buf *bf, const struct weir_option *op,
    const void *config)
{
	const char *at = (const char *)config + op->offset;
	const struct weir_str *v = (const void *)at;
	const struct weir_expr *ex;

	if (op->type == WEIR_OPT_STRING) {
		weir__buf_add(bf, weir_str_data(v), v->len);
	} else if (op->type == WEIR_OPT_EXPR) {
		memcpy(&ex, at, sizeof ex);
		if (ex != NULL && weir__expr_const(ex) != NULL)
			weir__value_show(bf, weir__expr_const(ex));
		else if (ex != NULL)
			weir__expr_print(bf, ex);
	}
}

static const char *
take(struct weir__build *bu, struct weir__buf *bf)
{
	const char *s = weir__arena_strndup(bu->ar, weir__buf_cstr(bf),
	    bf->len);

	if (bf->failed)
		s = NULL;
	weir__buf_fini(bf);
	return s;
}

/* -------------------------------------------------------------- where it is */

/* One component more; `bf` has an absolute path without a slash at its end. */
static void
add_component(struct weir__buf *bf, const char *p, size_t n)
{
	if (n == 0 || (n == 1 && p[0] == '.'))
		return;
	if (n == 2 && p[0] == '.' && p[1] == '.') {
		while (bf->len != 0 && bf->data[--bf->len] != '/')
			;
		return;
	}
	weir__buf_chr(bf, '/');
	weir__buf_add(bf, p, n);
}

static void
add_components(struct weir__buf *bf, const char *p, size_t n)
{
	const char *end = p + n, *slash;

	while (p < end) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (slash == NULL)
			slash = end;
		add_component(bf, p, (size_t)(slash - p));
		p = slash + 1;
	}
}

/* "./out/", "out" and "a/../out" are one directory: an absolute path without
 * what changes nothing.  `rest` is what follows the constant part of a path
 * with expressions in it; NULL: all is constant. */
static void
add_path(struct weir__buf *bf, const char *p, size_t n, const char *rest)
{
	char cwd[PATH_MAX];
	size_t whole = n;

	if (rest != NULL)
		while (whole != 0 && p[whole - 1] != '/')
			whole--;
	if ((n == 0 || p[0] != '/') && getcwd(cwd, sizeof cwd) != NULL)
		add_components(bf, cwd, strlen(cwd));
	add_components(bf, p, whole);
	if (rest == NULL)
		return;
	weir__buf_chr(bf, '/');
	weir__buf_add(bf, p + whole, n - whole);
	weir__buf_str(bf, rest);
}

/* The directory that a path option names, so that two texts of the same are
 * alike. */
static const char *
place_of(struct weir__build *bu, const struct weir_option *op,
    const void *config)
{
	const struct weir_expr *ex;
	const struct weir_value *v;
	const char *prefix, *text;
	struct weir__buf bf;
	size_t n;

	weir__buf_init(&bf);
	memcpy(&ex, (const char *)config + op->offset, sizeof ex);
	if (ex == NULL)
		return "";
	v = weir__expr_const(ex);
	if (v != NULL && !v->null && v->type->kind == WEIR_STRING) {
		add_path(&bf, weir_str_data(&v->u.s), v->u.s.len, NULL);
		return take(bu, &bf);
	}
	weir__expr_print(&bf, ex);
	text = take(bu, &bf);
	prefix = weir__expr_prefix(ex);
	n = strlen(prefix);
	if (text == NULL || text[0] != '"' ||
	    strncmp(text + 1, prefix, n) != 0)
		return text;
	weir__buf_init(&bf);
	add_path(&bf, prefix, n, text + 1 + n);
	return take(bu, &bf);
}

static const char *
servers_of(struct weir__build *bu, const struct weir_option *op,
    const void *config)
{
	struct weir__buf bf;

	weir__buf_init(&bf);
	add_value(&bf, op, config);
	return take(bu, &bf);
}

/* ------------------------------------------------------------ two of a kind */

static void
refuse(struct weir__build *bu, struct weir__node *nd,
    const struct weir__node *other)
{
	struct weir_err *err;

	if (nd->is_quarantine)
		weir__errors_fail(bu->es, other->span, "sink.twice",
		    "%s writes to %s, and so does the quarantine: give it a "
		    "directory of its own, settings { quarantine: \"...\" }",
		    other->what, other->target);
	else if (nd->type == other->type)
		weir__errors_fail(bu->es, nd->span, "sink.twice",
		    "two sinks write to %s: join them, [a, b] -> %s",
		    nd->target, nd->what);
	else
		weir__errors_fail(bu->es, nd->span, "sink.twice",
		    "two sinks write to %s: give each a directory of its own",
		    nd->target);
	err = weir__errors_last(bu->es);
	err->span2 = nd->is_quarantine ? nd->span : other->span;
	snprintf(err->text2, sizeof err->text2, "the %s is here",
	    nd->is_quarantine ? "quarantine" : "other");
}

/* The next of `servers`, without the spaces around it. */
static size_t
next_server(const char **servers, const char **at)
{
	const char *p = *servers, *end;
	size_t n;

	p += strspn(p, " ,");
	n = strcspn(p, ",");
	end = p + n;
	*servers = end;
	*at = p;
	while (n != 0 && p[n - 1] == ' ')
		n--;
	return n;
}

/* Have two lists of servers one in common?  A list that names none has. */
static bool
share_server(const char *a, const char *b)
{
	const char *pa, *pb, *rest;
	size_t na, nb;

	if (a == NULL || b == NULL || a[0] == '\0' || b[0] == '\0')
		return true;
	while ((na = next_server(&a, &pa)) != 0)
		for (rest = b; (nb = next_server(&rest, &pb)) != 0; )
			if (na == nb && strncasecmp(pa, pb, na) == 0)
				return true;
	return false;
}

/* Paths are one name space; other targets are of one stage type. */
static bool
same(const struct weir__node *a, const struct weir__draft *da,
    const struct weir__node *b, const struct weir__draft *db)
{
	if (da->place != NULL && db->place != NULL)
		return da->place[0] != '\0' && strcmp(da->place, db->place) == 0;
	return a->type == b->type && a->target[0] != '\0' &&
	    strcmp(a->target, b->target) == 0 &&
	    share_server(da->servers, db->servers);
}

int
weir__build_target(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	const struct weir_option *const *op = nd->type->options;
	struct weir__buf bf;
	size_t i;

	nd->target = nd->place = "";
	if (nd->type->role != WEIR_SINK || dr->unsure)
		return 0;
	weir__buf_init(&bf);
	for (; op != NULL && *op != NULL; op++) {
		if (((*op)->flags & WEIR_OPTF_SERVERS) != 0 &&
		    (dr->servers = servers_of(bu, *op, nd->config)) == NULL) {
			weir__buf_fini(&bf);
			return -1;
		}
		if (((*op)->flags & WEIR_OPTF_TARGET) == 0)
			continue;
		if (bf.len != 0)
			weir__buf_chr(&bf, ' ');
		add_value(&bf, *op, nd->config);
		if (((*op)->flags & WEIR_OPTF_PATH) != 0 &&
		    (dr->place = place_of(bu, *op, nd->config)) == NULL) {
			weir__buf_fini(&bf);
			return -1;
		}
	}
	nd->target = take(bu, &bf);
	if (nd->target == NULL)
		return -1;
	nd->place = dr->place != NULL ? dr->place : "";
	for (i = 0; i < bu->nnodes; i++)
		if (bu->nodes[i] != nd && bu->nodes[i]->target != NULL &&
		    bu->nodes[i]->type->role == WEIR_SINK &&
		    same(nd, dr, bu->nodes[i], bu->drafts[i])) {
			refuse(bu, nd, bu->nodes[i]);
			break;
		}
	return 0;
}
