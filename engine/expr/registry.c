/* SPDX-License-Identifier: MIT
 *
 * The registry: all functions and aggregates that a pipeline may call.
 */
#include "expr/registry.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "expr/agg.h"
#include "expr/fn.h"

struct entry {
	const char *name;
	const char *plugin; /* NULL: built in */
	const void *what;
};

struct table {
	struct entry *list; /* sorted by name, built-in ones first */
	const void **plain; /* the same for who lists them */
	size_t n;
	size_t cap;
};

/* A plugin that could not be loaded. */
struct refused {
	struct refused *next;
	const char *plugin;
	struct weir_err err;
};

struct weir__registry {
	struct table functions;
	struct table aggregates;
	struct refused *refused;
};

/* ---- tables */

static int
add(struct table *ta, const char *name, const char *plugin, const void *what)
{
	if (ta->n == ta->cap) {
		size_t cap = ta->cap != 0 ? ta->cap * 2 : 128;
		struct entry *p =
		    weir__realloc(ta->list, cap * sizeof *ta->list);

		if (p == NULL)
			return -1;
		ta->list = p;
		ta->cap = cap;
	}
	ta->list[ta->n++] = (struct entry){ name, plugin, what };
	return 0;
}

static int
by_name(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int c = strcmp(a->name, b->name);

	if (c != 0 || (a->plugin == NULL && b->plugin == NULL))
		return c;
	if (a->plugin == NULL || b->plugin == NULL)
		return a->plugin == NULL ? -1 : 1;
	return strcmp(a->plugin, b->plugin);
}

static int
sort(struct table *ta)
{
	const void **plain =
	    weir__realloc(ta->plain, (ta->n + 1) * sizeof *plain);
	size_t i;

	if (plain == NULL)
		return -1;
	ta->plain = plain;
	if (ta->n != 0)
		qsort(ta->list, ta->n, sizeof *ta->list, by_name);
	for (i = 0; i < ta->n; i++)
		plain[i] = ta->list[i].what;
	plain[ta->n] = NULL;
	return 0;
}

static const void *
find(const struct table *ta, const char *plugin, const char *name, size_t *n)
{
	const void *hit = NULL;
	size_t lo = 0, hi = ta->n;

	*n = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(ta->list[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < ta->n && strcmp(ta->list[lo].name, name) == 0; lo++) {
		const struct entry *en = &ta->list[lo];

		if (plugin != NULL && (en->plugin == NULL ||
		    strcmp(en->plugin, plugin) != 0))
			continue;
		if (hit == NULL)
			hit = en->what;
		if (en->plugin == NULL) {
			*n = 1;
			return hit;
		}
		++*n;
	}
	return hit;
}

/* ---- the registry */

static bool
signatures_ok(const char *const *list)
{
	struct weir__sig sg;

	if (list == NULL || *list == NULL)
		return false;
	for (; *list != NULL; list++)
		if (!weir__sig_parse(&sg, *list))
			return false;
	return true;
}

static int
add_functions(struct weir__registry *re, const char *plugin,
    const struct weir_function *const *list, struct weir_err *err)
{
	for (; list != NULL && *list != NULL; list++) {
		const struct weir_function *fn = *list;

		if (fn->size < offsetof(struct weir_function, summary) ||
		    fn->name == NULL || !signatures_ok(fn->signatures) ||
		    (fn->eval == NULL && plugin != NULL))
			return weir_fail(err, WEIR_NOWHERE, "plugin.function",
			    "plugin \"%s\": the function \"%s\" is incomplete "
			    "or has a signature that can't be read", plugin,
			    fn->name != NULL ? fn->name : "?");
		if (add(&re->functions, fn->name, plugin, fn) != 0)
			return weir_fail(err, WEIR_NOWHERE, "memory",
			    "out of memory");
	}
	return 0;
}

static int
add_aggregates(struct weir__registry *re, const char *plugin,
    const struct weir_aggregate *const *list, struct weir_err *err)
{
	for (; list != NULL && *list != NULL; list++) {
		const struct weir_aggregate *ag = *list;

		if (ag->size < offsetof(struct weir_aggregate, summary) ||
		    ag->name == NULL || !signatures_ok(ag->signatures) ||
		    ag->bind == NULL || ag->update == NULL ||
		    ag->merge == NULL || ag->finish == NULL)
			return weir_fail(err, WEIR_NOWHERE, "plugin.aggregate",
			    "plugin \"%s\": the aggregate \"%s\" is "
			    "incomplete or has a signature that can't be "
			    "read", plugin, ag->name != NULL ? ag->name : "?");
		if (add(&re->aggregates, ag->name, plugin, ag) != 0)
			return weir_fail(err, WEIR_NOWHERE, "memory",
			    "out of memory");
	}
	return 0;
}

/* Twice the same name in one plugin? */
static int
check_twice(const struct table *ta, struct weir_err *err)
{
	size_t i;

	for (i = 1; i < ta->n; i++) {
		const struct entry *a = &ta->list[i - 1], *b = &ta->list[i];

		if (by_name(a, b) == 0)
			return weir_fail(err, WEIR_NOWHERE, "plugin.function",
			    "plugin \"%s\" brings \"%s\" twice",
			    b->plugin != NULL ? b->plugin : "core", b->name);
	}
	return 0;
}

static int
ready(struct weir__registry *re, struct weir_err *err)
{
	if (sort(&re->functions) != 0 || sort(&re->aggregates) != 0)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (check_twice(&re->functions, err) != 0)
		return -1;
	return check_twice(&re->aggregates, err);
}

struct weir__registry *
weir__registry_new(void)
{
	struct weir__registry *re = weir__zalloc(sizeof *re);
	size_t i;
	int rc = 0;

	if (re == NULL)
		return NULL;
	rc |= add_functions(re, NULL, weir__fn_core, NULL);
	for (i = 0; weir__fn_builtin[i] != NULL; i++)
		rc |= add_functions(re, NULL, weir__fn_builtin[i], NULL);
	rc |= add_aggregates(re, NULL, weir__agg_builtin, NULL);
	if (rc == 0 && ready(re, NULL) == 0)
		return re;
	weir__registry_free(re);
	return NULL;
}

void
weir__registry_free(struct weir__registry *re)
{
	struct refused *rf;

	if (re == NULL)
		return;
	while ((rf = re->refused) != NULL) {
		re->refused = rf->next;
		weir__free(rf);
	}
	weir__free(re->functions.list);
	weir__free(re->functions.plain);
	weir__free(re->aggregates.list);
	weir__free(re->aggregates.plain);
	weir__free(re);
}

int
weir__registry_add(struct weir__registry *re, const struct weir_plugin *pl,
    struct weir_err *err)
{
	if (pl->functions == NULL && pl->aggregates == NULL)
		return 0;
	if (add_functions(re, pl->name, pl->functions, err) != 0 ||
	    add_aggregates(re, pl->name, pl->aggregates, err) != 0)
		return -1;
	return ready(re, err);
}

int
weir__registry_refuse(struct weir__registry *re, const char *plugin,
    const struct weir_err *err)
{
	struct refused *rf = weir__alloc(sizeof *rf);

	if (rf == NULL)
		return -1;
	*rf = (struct refused){ re->refused, plugin, *err };
	re->refused = rf;
	return 0;
}

const struct weir_err *
weir__registry_refused(const struct weir__registry *re, const char *plugin)
{
	const struct refused *rf;

	for (rf = re->refused; rf != NULL; rf = rf->next)
		if (strcmp(rf->plugin, plugin) == 0)
			return &rf->err;
	return NULL;
}

size_t
weir__registry_functions(const struct weir__registry *re,
    const struct weir_function *const **list)
{
	*list = (const struct weir_function *const *)re->functions.plain;
	return re->functions.n;
}

size_t
weir__registry_aggregates(const struct weir__registry *re,
    const struct weir_aggregate *const **list)
{
	*list = (const struct weir_aggregate *const *)re->aggregates.plain;
	return re->aggregates.n;
}

const struct weir_function *
weir__registry_function(const struct weir__registry *re, const char *plugin,
    const char *name, size_t *n)
{
	return find(&re->functions, plugin, name, n);
}

const struct weir_aggregate *
weir__registry_aggregate(const struct weir__registry *re, const char *plugin,
    const char *name, size_t *n)
{
	return find(&re->aggregates, plugin, name, n);
}

const char *
weir__registry_nearest(const struct weir__registry *re, const char *name,
    bool aggregates)
{
	const struct table *ta[2] = { &re->functions, &re->aggregates };
	size_t total = re->functions.n + re->aggregates.n, n = 0, t, i;
	const char **names = weir__alloc((total + 1) * sizeof *names), *near;

	if (names == NULL)
		return NULL;
	for (t = 0; t < 2; t++)
		for (i = 0; i < ta[t]->n && (t == 0 || aggregates); i++)
			names[n++] = ta[t]->list[i].name;
	near = weir__nearest(name, strlen(name), names, n);
	weir__free(names);
	return near;
}
