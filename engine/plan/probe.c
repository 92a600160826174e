/* SPDX-License-Identifier: MIT
 *
 * Asking the servers: see probe.h.  A probe gets the handle that bind got, made
 * once more.
 */
#include "plan/probe.h"

#include <stdio.h>
#include <string.h>

#include "plan/build.h"

static size_t
count(const struct weir_option *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

/* Where each option was written, so that an error points there. */
static int
find_spans(struct weir__build *bu, const struct weir__node *nd,
    struct weir__draft *dr)
{
	const struct weir_option *const *list = nd->type->options;
	size_t n = count(list), i, k, at = 0;
	const struct weir__ast_arg *ar;

	dr->slots.span = weir__arena_zalloc(bu->ar,
	    (n + 1) * sizeof *dr->slots.span);
	if (dr->slots.span == NULL)
		return -1;
	for (i = 0; i < nd->ast->nargs; i++) {
		ar = &nd->ast->args[i];
		if (ar->name.text == NULL)
			while (at < n &&
			    (list[at]->flags & WEIR_OPTF_POSITIONAL) == 0)
				at++;
		for (k = 0; k < n; k++)
			if (ar->name.text != NULL ?
				strcmp(ar->name.text, list[k]->name) == 0 :
				k == at)
				dr->slots.span[k] = ar->value->span;
		at += ar->name.text == NULL;
	}
	return 0;
}

static void
probe(struct weir__build *bu, struct weir__node *nd)
{
	struct weir__draft dr = { .bad = false };
	struct weir_bind bi = {
		.host = &weir__host, .bu = bu, .nd = nd, .dr = &dr
	};
	struct weir_err err = { 0 };

	if (find_spans(bu, nd, &dr) != 0)
		weir_fail(&err, nd->span, "memory", "out of memory");
	else if (nd->type->probe(&bi, nd->config, &err) == WEIR_OK)
		return;
	if (err.span.src == 0)
		err.span = nd->span;
	if (err.text[0] == '\0')
		snprintf(err.text, sizeof err.text,
		    "%s found that it can't run", nd->what);
	weir__errors_add(bu->es, &err);
}

void
weir__plan_probe(struct weir__plan *pl, struct weir__errors *es)
{
	struct weir__build bu = { .pl = pl, .es = es, .ar = &pl->ar };
	size_t i;

	for (i = 0; i < pl->nnodes; i++)
		if (pl->nodes[i]->type->probe != NULL &&
		    pl->nodes[i]->ast != NULL)
			probe(&bu, pl->nodes[i]);
}
