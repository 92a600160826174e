/* SPDX-License-Identifier: MIT
 *
 * Statements to nodes, references to edges.
 *
 * A name stands for the main output of its chain's last stage, `name.port` for
 * the union of that port over every stage of the chain.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "plan/build.h"

int
weir__targets_add(struct weir__build *bu, struct weir__targets *ts,
    struct weir__node *nd, uint32_t port, struct weir_span span)
{
	struct weir__target *list;
	size_t cap;

	if (ts->n == ts->cap) {
		cap = ts->cap != 0 ? 2 * ts->cap : 4;
		list = weir__build_alloc(bu, cap * sizeof *list);
		if (list == NULL)
			return -1;
		if (ts->n != 0)
			memcpy(list, ts->list, ts->n * sizeof *list);
		ts->list = list;
		ts->cap = cap;
	}
	ts->list[ts->n++] = (struct weir__target){ nd, port, span };
	return 0;
}

/* ------------------------------------------------------------ stage types */

static const struct weir_stage_type *
find_verb(struct weir__build *bu, const struct weir__plugin *pg,
    const struct weir__ast_stage *as)
{
	const struct weir_stage_type *const *ty = pg->desc->stages;
	const char *names[128];
	char what[160];
	size_t n = 0;

	for (; ty != NULL && *ty != NULL; ty++) {
		if (strcmp((*ty)->verb, as->verb.text) == 0)
			return *ty;
		if (n < 128)
			names[n++] = (*ty)->verb;
	}
	if (as->plugin.text != NULL)
		snprintf(what, sizeof what, "plugin %s has no stage",
		    pg->name);
	else
		snprintf(what, sizeof what, "there is no stage");
	weir__build_unknown(bu, as->verb.span, "stage.unknown", what,
	    as->verb.text, names, n);
	return NULL;
}

static int
node_ports(struct weir__build *bu, struct weir__node *nd)
{
	const struct weir_port *const *po = nd->type->ports;
	uint32_t n = 0, i;

	while (po != NULL && po[n] != NULL)
		n++;
	nd->nports = n + 2;
	nd->ports = weir__build_alloc(bu, nd->nports * sizeof *nd->ports);
	if (nd->ports == NULL)
		return -1;
	nd->ports[0].name = "";
	for (i = 0; i < n; i++) {
		nd->ports[i + 1].name = po[i]->name;
		nd->ports[i + 1].may_go_unread = po[i]->may_go_unread;
	}
	nd->ports[n + 1].name = "rejected";
	nd->ports[n + 1].schema = weir__rejected_schema;
	return 0;
}

static int
keep_node(struct weir__build *bu, struct weir__node *nd, struct weir__draft *dr)
{
	struct weir__node **nodes;
	struct weir__draft **drafts;
	size_t cap;

	if (bu->nnodes == bu->cap_nodes) {
		cap = bu->cap_nodes != 0 ? 2 * bu->cap_nodes : 16;
		nodes = weir__build_alloc(bu, cap * sizeof *nodes);
		drafts = weir__build_alloc(bu, cap * sizeof *drafts);
		if (nodes == NULL || drafts == NULL)
			return -1;
		if (bu->nnodes != 0) {
			memcpy(nodes, bu->nodes, bu->nnodes * sizeof *nodes);
			memcpy(drafts, bu->drafts,
			    bu->nnodes * sizeof *drafts);
		}
		bu->nodes = nodes;
		bu->drafts = drafts;
		bu->cap_nodes = cap;
	}
	nd->no = (uint32_t)bu->nnodes;
	bu->nodes[bu->nnodes] = nd;
	bu->drafts[bu->nnodes++] = dr;
	return 0;
}

struct weir__node *
weir__build_node(struct weir__build *bu, struct weir__stmt *sm,
    struct weir__ast_stage *as)
{
	const char *name = as->plugin.text != NULL ? as->plugin.text :
						      WEIR__CORE;
	const struct weir__plugin *pg;
	struct weir_err err = { 0 };
	struct weir__draft *dr;
	struct weir__node *nd;

	if (as->cond != NULL) {
		weir__errors_fail(bu->es, as->cond->span, "language.later",
		    "this version of weir can't choose between stages yet: "
		    "write two pipelines");
		return NULL;
	}
	pg = weir__loader_get(bu->pl->loader, name, &err);
	if (pg == NULL) {
		err.span = as->plugin.text != NULL ? as->plugin.span :
						     as->verb.span;
		weir__errors_add(bu->es, &err);
		return NULL;
	}
	nd = weir__build_alloc(bu, sizeof *nd);
	dr = weir__build_alloc(bu, sizeof *dr);
	if (nd == NULL || dr == NULL)
		return NULL;
	nd->plugin = pg;
	nd->type = find_verb(bu, pg, as);
	nd->ast = as;
	nd->span = as->name_span;
	nd->stream = sm->name;
	dr->stmt = sm;
	if (nd->type == NULL || node_ports(bu, nd) != 0)
		return NULL;
	nd->what = weir__arena_printf(bu->ar, "%s.%s", pg->name,
	    nd->type->verb);
	if (nd->what == NULL || keep_node(bu, nd, dr) != 0)
		return NULL;
	if (weir__options_assign(bu, nd, dr) != 0)
		dr->bad = true;
	return nd;
}

/* ------------------------------------------------------------- references */

static int resolve(struct weir__build *bu, struct weir__stmt *sm);

static struct weir__stmt *
find_stmt(struct weir__build *bu, const char *name)
{
	size_t i;

	for (i = 0; i < bu->nstmts; i++)
		if (strcmp(bu->stmts[i].name, name) == 0)
			return &bu->stmts[i];
	return NULL;
}

static void
unknown_stream(struct weir__build *bu, const struct weir__ast_ref *rf)
{
	const char *names[512];
	size_t i, n = 0;

	for (i = 0; i < bu->nstmts && n < 512; i++)
		if (bu->stmts[i].name[0] != '\0')
			names[n++] = bu->stmts[i].name;
	weir__build_unknown(bu, rf->name.span, "stream.unknown",
	    "there is no stream", rf->name.text, names, n);
}

static int
add_port(struct weir__build *bu, struct weir__targets *ts,
    struct weir__stmt *sm, const struct weir__ast_ref *rf)
{
	const char *names[64];
	struct weir__node *nd;
	char what[160];
	size_t i, n = 0;
	uint32_t p;
	bool found = false;

	for (i = 0; i < sm->nnodes; i++) {
		nd = sm->nodes[i];
		for (p = 1; nd != NULL && p < nd->nports; p++) {
			if (n < 64)
				names[n++] = nd->ports[p].name;
			if (strcmp(nd->ports[p].name, rf->port.text) != 0)
				continue;
			found = true;
			if (weir__targets_add(bu, ts, nd, p, rf->span) != 0)
				return -1;
		}
	}
	if (found || sm->bad)
		return 0;
	if (n == 0)
		snprintf(what, sizeof what,
		    "\"%s\" has no stages of its own, so no side output",
		    sm->name);
	else
		snprintf(what, sizeof what,
		    "no stage of \"%s\" has a side output", sm->name);
	weir__build_unknown(bu, rf->port.span, "port.unknown", what,
	    rf->port.text, names, n);
	return 1;
}

/* 0, 1 after an error, -1 when memory is out. */
static int
add_ref(struct weir__build *bu, struct weir__targets *ts,
    const struct weir__ast_ref *rf)
{
	struct weir__stmt *sm = find_stmt(bu, rf->name.text);
	size_t i;

	if (sm == NULL) {
		unknown_stream(bu, rf);
		return 1;
	}
	if (rf->port.text != NULL)
		return add_port(bu, ts, sm, rf);
	if (sm->state == 1) {
		weir__errors_fail(bu->es, rf->span, "stream.cycle",
		    "stream \"%s\" is made of itself", rf->name.text);
		sm->bad = true;
		return 1;
	}
	if (sm->state == 0 && resolve(bu, sm) != 0)
		return -1;
	if (sm->nnodes != 0 && sm->nodes[sm->nnodes - 1] != NULL &&
	    sm->nodes[sm->nnodes - 1]->type->role == WEIR_SINK) {
		weir__errors_fail(bu->es, rf->span, "stream.sink",
		    "\"%s\" ends in a sink, so there is nothing to read of it "
		    "but its side outputs, such as %s.rejected", rf->name.text,
		    rf->name.text);
		return 1;
	}
	for (i = 0; i < sm->out.n; i++)
		if (weir__targets_add(bu, ts, sm->out.list[i].node,
			sm->out.list[i].port, rf->span) != 0)
			return -1;
	return sm->bad ? 1 : 0;
}

/* The streams that STREAM options name, as further inputs. */
static int
stream_option(struct weir__build *bu, struct weir__draft *dr, size_t opt,
    const struct weir__ast_expr *as)
{
	struct weir__ast_ref rf = { .span = as->span };
	struct weir__targets *inputs;
	struct weir_stream *sm;
	const char *alias = NULL;
	int rc;

	if (as->kind == WEIR__E_AS) {
		alias = as->u.as.name.text;
		as = as->u.as.x;
	}
	if (as->kind == WEIR__E_NAME) {
		rf.name.text = as->u.name.text;
		rf.name.span = as->span;
	} else if (as->kind == WEIR__E_FIELD &&
	    as->u.field.of->kind == WEIR__E_NAME) {
		rf.name.text = as->u.field.of->u.name.text;
		rf.name.span = as->u.field.of->span;
		rf.port.text = as->u.field.name;
		rf.port.span = as->op;
	} else {
		if (as->kind != WEIR__E_BAD)
			weir__errors_fail(bu->es, as->span, "option.stream",
			    "expected the name of a stream");
		return 1;
	}
	inputs = weir__build_alloc(bu, (dr->ninputs + 1) * sizeof *inputs);
	sm = weir__build_alloc(bu, sizeof *sm);
	if (inputs == NULL || sm == NULL)
		return -1;
	if (dr->ninputs != 0)
		memcpy(inputs, dr->inputs, dr->ninputs * sizeof *inputs);
	dr->inputs = inputs;
	rc = add_ref(bu, &inputs[dr->ninputs], &rf);
	sm->input = dr->ninputs++;
	sm->alias = alias != NULL ? alias : rf.name.text;
	dr->streams[opt] = sm;
	return rc;
}

static int
stream_options(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	const struct weir_option *const *op = nd->type->options;
	size_t i, j, n = 0;
	int rc;

	while (op != NULL && op[n] != NULL)
		n++;
	dr->streams = weir__build_alloc(bu, (n + 1) * sizeof *dr->streams);
	if (dr->streams == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		if (op[i]->type != WEIR_OPT_STREAM)
			continue;
		if ((op[i]->flags & WEIR_OPTF_VARIADIC) != 0) {
			for (j = 0; j < dr->slots.nrest; j++) {
				rc = stream_option(bu, dr, i,
				    dr->slots.rest[j]);
				if (rc < 0)
					return -1;
				dr->bad |= rc != 0;
			}
		} else if (dr->slots.value[i] != NULL) {
			rc = stream_option(bu, dr, i, dr->slots.value[i]);
			if (rc < 0)
				return -1;
			dr->bad |= rc != 0;
		}
	}
	return 0;
}

/* ------------------------------------------------------------- statements */

/* The nodes of a chain are all made first, so that side outputs can be named
 * from anywhere. */
static int
make_nodes(struct weir__build *bu, struct weir__stmt *sm)
{
	const struct weir__ast_chain *ch = &sm->item->u.chain;
	size_t i;

	sm->nodes = weir__build_alloc(bu, (ch->nstages + 1) *
	    sizeof *sm->nodes);
	if (sm->nodes == NULL)
		return -1;
	sm->nnodes = ch->nstages;
	for (i = 0; i < ch->nstages; i++) {
		sm->nodes[i] = weir__build_node(bu, sm, ch->stages[i]);
		if (sm->nodes[i] == NULL)
			sm->bad = true;
	}
	if (sm->item->damaged)
		sm->bad = true;
	return bu->failed ? -1 : 0;
}

static bool
check_place(struct weir__build *bu, struct weir__node *nd, bool first,
    bool last)
{
	size_t before = bu->es->n;

	if (nd->type->role == WEIR_SOURCE && !first)
		weir__errors_fail(bu->es, nd->span, "stage.place",
		    "%s is a source: it can only begin a chain", nd->what);
	else if (nd->type->role != WEIR_SOURCE && first)
		weir__errors_fail(bu->es, nd->span, "stage.place",
		    "%s needs rows to work on: a chain begins with a source or "
		    "with the name of a stream", nd->what);
	else if (nd->type->role == WEIR_SINK && !last)
		weir__errors_fail(bu->es, nd->span, "stage.place",
		    "%s is a sink: it can only end a chain", nd->what);
	return bu->es->n == before;
}

static int
resolve_stages(struct weir__build *bu, struct weir__stmt *sm,
    struct weir__targets in, bool has_in, bool bad)
{
	struct weir__node *nd;
	struct weir__draft *dr;
	size_t i;

	for (i = 0; i < sm->nnodes; i++) {
		nd = sm->nodes[i];
		if (nd == NULL) {
			bad = true;
			memset(&in, 0, sizeof in);
			has_in = true;
			continue;
		}
		dr = bu->drafts[nd->no];
		if (!check_place(bu, nd, i == 0 && !has_in,
			i + 1 == sm->nnodes))
			bad = true;
		dr->bad |= bad;
		if (nd->type->role != WEIR_SOURCE) {
			dr->inputs = weir__build_alloc(bu, sizeof *dr->inputs);
			if (dr->inputs == NULL)
				return -1;
			dr->inputs[0] = in;
			dr->ninputs = 1;
		}
		memset(&in, 0, sizeof in);
		if (weir__targets_add(bu, &in, nd, 0, nd->span) != 0)
			return -1;
		has_in = true;
	}
	sm->out = in;
	return 0;
}

static int
resolve(struct weir__build *bu, struct weir__stmt *sm)
{
	const struct weir__ast_chain *ch = &sm->item->u.chain;
	struct weir__targets in = { 0 };
	bool bad = sm->item->damaged;
	size_t i;
	int rc;

	sm->state = 1;
	for (i = 0; i < ch->nrefs; i++) {
		rc = add_ref(bu, &in, &ch->refs[i]);
		if (rc < 0)
			return -1;
		bad |= rc != 0;
	}
	sm->bad |= bad;
	rc = resolve_stages(bu, sm, in, ch->nrefs != 0, bad);
	sm->state = 2;
	return rc;
}

static int
make_stmts(struct weir__build *bu)
{
	struct weir__ast_file *af = bu->pl->ast;
	struct weir__stmt *sm, *other;
	struct weir_err *err;
	size_t i;

	bu->stmts = weir__build_alloc(bu, (af->nitems + 1) *
	    sizeof *bu->stmts);
	if (bu->stmts == NULL)
		return -1;
	for (i = 0; i < af->nitems; i++) {
		if (af->items[i].what != WEIR__I_STREAM)
			continue;
		sm = &bu->stmts[bu->nstmts];
		sm->item = &af->items[i];
		sm->name = "";
		if (af->items[i].name.text != NULL) {
			other = find_stmt(bu, af->items[i].name.text);
			if (other != NULL) {
				weir__errors_fail(bu->es,
				    af->items[i].name.span, "name.twice",
				    "stream \"%s\" is there twice", other->name);
				err = weir__errors_last(bu->es);
				err->span2 = other->item->name.span;
				snprintf(err->text2, sizeof err->text2,
				    "the first is here");
			} else {
				sm->name = af->items[i].name.text;
			}
		}
		bu->nstmts++;
	}
	return 0;
}

int
weir__build_graph(struct weir__build *bu)
{
	size_t i;

	if (make_stmts(bu) != 0)
		return -1;
	for (i = 0; i < bu->nstmts; i++)
		if (make_nodes(bu, &bu->stmts[i]) != 0)
			return -1;
	for (i = 0; i < bu->nstmts; i++)
		if (bu->stmts[i].state == 0 && resolve(bu, &bu->stmts[i]) != 0)
			return -1;
	for (i = 0; i < bu->nnodes; i++)
		if (stream_options(bu, bu->nodes[i], bu->drafts[i]) != 0)
			return -1;
	return bu->failed ? -1 : 0;
}
