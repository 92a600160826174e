/* SPDX-License-Identifier: MIT
 *
 * The state tree: building it over a plan, and taking it down.
 */
#include "run/instance.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "run/watermark.h"

int
weir__tree_oom(struct weir__instance *sg, struct weir_err *err)
{
	weir_fail(err, sg->nd->span, "memory", "out of memory in %s",
	    sg->nd->id);
	snprintf(err->stage, sizeof err->stage, "%s", sg->nd->id);
	return WEIR_ERROR;
}

/* ---- building */

static bool
inputs_alike(const struct weir__node *nd)
{
	const struct weir_schema *a, *b;
	uint32_t i, c;

	if (nd->ninputs < 2)
		return false;
	a = nd->inputs[0].schema;
	if (nd->ports[0].schema.ncols != a->ncols)
		return false;
	for (i = 1; i < nd->ninputs; i++) {
		b = nd->inputs[i].schema;
		if (b->ncols != a->ncols)
			return false;
		for (c = 0; c < a->ncols; c++)
			if (!weir__type_same(a->cols[c].type, b->cols[c].type,
				false))
				return false;
	}
	return true;
}

static int
make_tables(struct weir__instance *sg)
{
	const struct weir__node *nd = sg->nd;
	const struct weir_table *ta;

	sg->tables = weir__zalloc((nd->ntables + 1) * sizeof *sg->tables);
	if (sg->tables == NULL)
		return -1;
	for (ta = nd->tables; ta != NULL; ta = ta->next) {
		sg->tables[ta->no] = weir__state_new(&ta->spec, sg->tree->seed);
		if (sg->tables[ta->no] == NULL)
			return -1;
	}
	return 0;
}

static int
make_stage(struct weir__tree *tr, const struct weir__node *nd)
{
	struct weir__instance *sg = &tr->stages[nd->no];
	size_t i;

	sg->st.host = &weir__host;
	sg->st.config = nd->config;
	sg->st.id = nd->id;
	sg->tree = tr;
	sg->nd = nd;
	sg->source_no = -1;
	sg->watermark = INT64_MIN;
	sg->watermark_in = INT64_MIN;
	sg->alike = inputs_alike(nd);
	weir__arena_init(&sg->scratch, 4096);
	sg->st.state = weir__zalloc(nd->type->state_size);
	sg->port_out = weir__zalloc((nd->nports + 1) * sizeof *sg->port_out);
	sg->input_in = weir__zalloc((nd->ninputs + 1) * sizeof *sg->input_in);
	sg->cursors = weir__zalloc((nd->naggs + 1) * sizeof *sg->cursors);
	if (sg->st.state == NULL || sg->port_out == NULL ||
	    sg->input_in == NULL || sg->cursors == NULL)
		return -1;
	for (i = 0; i < nd->naggs; i++) {
		sg->cursors[i] = weir__aggs_cursor_new(nd->aggs[i]);
		if (sg->cursors[i] == NULL)
			return -1;
	}
	if (nd->watermark.on && (sg->wm = weir__wm_new(&nd->watermark)) == NULL)
		return -1;
	return make_tables(sg);
}

/* Does a node continue the chain of the only one it reads? */
static bool
continues(const struct weir__node *nd)
{
	const struct weir__node *of;

	if (!nd->engine_run || nd->ninputs != 1 ||
	    nd->inputs[0].nproducers != 1)
		return false;
	of = nd->inputs[0].producers[0].to;
	return of->engine_run && nd->inputs[0].producers[0].input == 0 &&
	    of->ports[0].nedges == 1;
}

static int
make_chains(struct weir__tree *tr)
{
	struct weir__instance *sg;
	size_t i;

	for (i = 0; i < tr->nstages; i++) {
		sg = &tr->stages[i];
		if (!sg->nd->engine_run || continues(sg->nd))
			continue;
		sg->chain = weir__chain_new(tr, sg->nd);
		if (sg->chain == NULL)
			return -1;
	}
	return 0;
}

static int
make_lists(struct weir__tree *tr)
{
	struct weir__instance *sg;
	size_t i;

	tr->sources = weir__zalloc((tr->nstages + 1) * sizeof *tr->sources);
	tr->sinks = weir__zalloc((tr->nstages + 1) * sizeof *tr->sinks);
	if (tr->sources == NULL || tr->sinks == NULL)
		return -1;
	for (i = 0; i < tr->nstages; i++) {
		sg = &tr->stages[i];
		if (sg->nd->type->role == WEIR_SOURCE) {
			sg->source_no = (int32_t)tr->nsources;
			tr->sources[tr->nsources++] = sg;
		} else if (sg->nd->type->role == WEIR_SINK) {
			tr->sinks[tr->nsinks++] = sg;
		}
	}
	return 0;
}

static int
init_stages(struct weir__tree *tr, struct weir_err *err)
{
	struct weir__instance *sg;
	size_t i;
	int rc;

	for (i = 0; i < tr->nstages; i++) {
		sg = &tr->stages[i];
		sg->inited = true;
		if (sg->nd->type->init == NULL)
			continue;
		rc = weir__tree_called(sg, sg->nd->type->init(&sg->st, err),
		    err);
		if (rc < 0)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

struct weir__tree *
weir__tree_new(struct weir__run *ru, struct weir_err *err)
{
	struct weir__tree *tr = weir__zalloc(sizeof *tr);
	const struct weir__plan *pl = ru->pl;
	const char *frag = getenv("WEIR_FRAG");
	size_t i;

	if (tr == NULL)
		goto oom;
	tr->run = ru;
	tr->pl = pl;
	tr->seed = UINT64_C(0x9e3779b97f4a7c15);
	tr->frag = frag != NULL && strcmp(frag, "1") == 0;
	tr->pool = weir__pool_new();
	tr->stages = weir__zalloc((pl->nnodes + 1) * sizeof *tr->stages);
	if (tr->pool == NULL || tr->stages == NULL)
		goto oom;
	for (i = 0; i < pl->nnodes; i++) {
		assert(pl->nodes[i]->no == i);
		tr->nstages = i + 1;
		if (make_stage(tr, pl->nodes[i]) != 0)
			goto oom;
	}
	if (make_lists(tr) != 0 || make_chains(tr) != 0)
		goto oom;
	if (init_stages(tr, err) == WEIR_OK)
		return tr;
	weir__tree_free(tr);
	return NULL;
oom:
	weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	weir__tree_free(tr);
	return NULL;
}

/* ---- taking down */

static void
free_stage(struct weir__instance *sg)
{
	size_t i;

	if (sg->inited && sg->nd->type->fini != NULL)
		sg->nd->type->fini(&sg->st);
	weir__reject_drop(sg);
	weir__free(sg->rejects);
	weir__arena_fini(&sg->scratch);
	for (i = 0; sg->cursors != NULL && i < sg->nd->naggs; i++)
		weir__aggs_cursor_free(sg->cursors[i]);
	for (i = 0; sg->tables != NULL && i < sg->nd->ntables; i++)
		weir__state_free(sg->tables[i]);
	for (i = 0; i < sg->nparts; i++)
		weir__free(sg->parts[i].name);
	weir__wm_free(sg->wm);
	weir__chain_free(sg->chain);
	weir__free(sg->tables);
	weir__free(sg->cursors);
	weir__free(sg->parts);
	weir__free(sg->st.state);
	weir__free(sg->port_out);
	weir__free(sg->input_in);
}

void
weir__tree_free(struct weir__tree *tr)
{
	size_t i;

	if (tr == NULL)
		return;
	for (i = 0; i < tr->nstages; i++)
		free_stage(&tr->stages[i]);
	weir__pool_free(tr->pool);
	weir__free(tr->stages);
	weir__free(tr->sources);
	weir__free(tr->sinks);
	weir__free(tr->offsets);
	weir__free(tr);
}

struct weir_stage *
weir__tree_stage(struct weir__tree *tr, const struct weir__node *nd)
{
	return &tr->stages[nd->no].st;
}

const struct weir__counts *
weir__tree_counts(const struct weir__tree *tr, const struct weir__node *nd)
{
	return &tr->stages[nd->no].n;
}

/* ---- partitions of a source */

struct weir__part *
weir__part_get(struct weir__instance *sg, int32_t no)
{
	struct weir__part *list, *pa;
	size_t i, cap;

	for (i = 0; i < sg->nparts; i++)
		if (sg->parts[i].no == no)
			return &sg->parts[i];
	if (sg->nparts == sg->cap_parts) {
		cap = sg->cap_parts != 0 ? sg->cap_parts * 2 : 8;
		list = weir__realloc(sg->parts, cap * sizeof *list);
		if (list == NULL)
			return NULL;
		sg->parts = list;
		sg->cap_parts = cap;
	}
	pa = &sg->parts[sg->nparts++];
	*pa = (struct weir__part){
		.no = no, .next = -1, .end_since = INT64_MIN, .lag = -1
	};
	return pa;
}
