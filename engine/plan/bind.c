/* SPDX-License-Identifier: MIT
 *
 * Binding nodes, producers first: inputs get their schemas, options their
 * values, and the plugin says what comes out.
 */
#include <stdio.h>

#include "batch/batch.h"
#include "plan/build.h"

/* ------------------------------------------------------------------ order */

static int
visit(struct weir__build *bu, struct weir__node *nd)
{
	struct weir__draft *dr = bu->drafts[nd->no];
	struct weir__target *ta;
	uint32_t i;
	size_t j;

	dr->state = 1;
	for (i = 0; i < dr->ninputs; i++)
		for (j = 0; j < dr->inputs[i].n; j++) {
			ta = &dr->inputs[i].list[j];
			switch (bu->drafts[ta->node->no]->state) {
			case 0:
				if (visit(bu, ta->node) != 0)
					return -1;
				break;
			case 1:
				weir__errors_fail(bu->es, ta->span,
				    "stream.cycle",
				    "a cycle: what %s makes comes back to it "
				    "here", nd->what);
				return -1;
			}
		}
	dr->state = 2;
	bu->pl->nodes[bu->pl->nnodes++] = nd;
	return 0;
}

static int
order(struct weir__build *bu)
{
	size_t i;

	/* one more for the quarantine */
	bu->pl->nodes = weir__build_alloc(bu,
	    (bu->nnodes + 1) * sizeof *bu->pl->nodes);
	if (bu->pl->nodes == NULL)
		return -1;
	for (i = 0; i < bu->nnodes; i++)
		if (bu->drafts[i]->state == 0 && visit(bu, bu->nodes[i]) != 0)
			return -1;
	return 0;
}

/* -------------------------------------------------------------------- ids */

static const char *
upstream_name(struct weir__build *bu, struct weir__draft *dr)
{
	struct weir__node *of;

	while (dr->ninputs != 0 && dr->inputs[0].n != 0) {
		of = dr->inputs[0].list[0].node;
		if (of->stream[0] != '\0')
			return of->stream;
		dr = bu->drafts[of->no];
	}
	return "";
}

static const struct weir__node *
id_taken(struct weir__build *bu, const struct weir__node *nd, const char *id)
{
	size_t i;

	for (i = 0; i < bu->nnodes; i++)
		if (bu->nodes[i] != nd && bu->nodes[i]->id != NULL &&
		    strcmp(bu->nodes[i]->id, id) == 0)
			return bu->nodes[i];
	return NULL;
}

/* An id that was written and is another's, too: the later one is the error. */
static void
check_id(struct weir__build *bu, const struct weir__node *nd)
{
	const struct weir__node *of = id_taken(bu, nd, nd->id);
	struct weir_err *err;

	if (of == NULL || of->no > nd->no)
		return;
	weir__errors_fail(bu->es, nd->span, "stage.id",
	    "two stages have the id \"%s\"", nd->id);
	err = weir__errors_last(bu->es);
	err->span2 = of->span;
	snprintf(err->text2, sizeof err->text2, "the other is here");
}

static int
make_id(struct weir__build *bu, struct weir__node *nd)
{
	struct weir__draft *dr = bu->drafts[nd->no];
	const char *name = upstream_name(bu, dr), *sep;
	const char *id;
	int n = 1;

	if (nd->id != NULL) {
		check_id(bu, nd);
		return 0;
	}
	if (name[0] == '\0')
		name = nd->stream;
	sep = name[0] != '\0' ? "/" : "";
	id = weir__arena_printf(bu->ar, "%s%s%s", name, sep, nd->what);
	while (id != NULL && id_taken(bu, nd, id) != NULL)
		id = weir__arena_printf(bu->ar, "%s%s%s#%d", name, sep,
		    nd->what, ++n);
	nd->id = id;
	return id != NULL ? 0 : -1;
}

static int
make_label(struct weir__build *bu, struct weir__node *nd)
{
	struct weir__stmt *sm = bu->drafts[nd->no]->stmt;

	nd->label = nd->id;
	if (nd->stream[0] == '\0')
		return 0;
	nd->label = sm->nnodes == 1 ?
	    nd->stream :
	    weir__arena_printf(bu->ar, "%s/%s", nd->stream, nd->what);
	return nd->label != NULL ? 0 : -1;
}

/* ----------------------------------------------------------------- inputs */

/* The first column of `a` that `b` has not, or NULL. */
static const char *
lacks(const struct weir_schema *b, const struct weir_schema *a)
{
	uint32_t i;

	for (i = 0; i < a->ncols; i++)
		if (weir__schema_find(b, a->cols[i].name) < 0)
			return a->cols[i].name;
	return NULL;
}

static void
other_columns(struct weir__buf *bf, const struct weir_schema *a,
    const struct weir_schema *b)
{
	const char *name;
	uint32_t i = 0;

	if ((name = lacks(a, b)) != NULL) {
		weir__buf_printf(bf, "\"%s\" is only in this one", name);
		return;
	}
	if ((name = lacks(b, a)) != NULL) {
		weir__buf_printf(bf, "\"%s\" is not in this one", name);
		return;
	}
	while (strcmp(a->cols[i].name, b->cols[i].name) == 0 &&
	    weir__type_same(a->cols[i].type, b->cols[i].type, true))
		i++;
	if (strcmp(a->cols[i].name, b->cols[i].name) != 0) {
		weir__buf_printf(bf, "column %u is \"%s\" here and \"%s\" "
		    "in the first", i + 1, b->cols[i].name, a->cols[i].name);
		return;
	}
	weir__buf_printf(bf, "\"%s\" is ", b->cols[i].name);
	weir__type_print(bf, b->cols[i].type);
	weir__buf_str(bf, " here and ");
	weir__type_print(bf, a->cols[i].type);
	weir__buf_str(bf, " in the first");
}

static bool
equal_columns(const struct weir_schema *a, const struct weir_schema *b)
{
	uint32_t i;

	if (a->ncols != b->ncols)
		return false;
	for (i = 0; i < a->ncols; i++)
		if (strcmp(a->cols[i].name, b->cols[i].name) != 0 ||
		    (!weir__type_same(a->cols[i].type, b->cols[i].type, true) &&
			!weir__type_unknown(a->cols[i].type) &&
			!weir__type_unknown(b->cols[i].type)))
			return false;
	return true;
}

/* Streams that meet at one input have the same columns. */
static bool
same_columns(struct weir__build *bu, const struct weir_schema *a,
    const struct weir_schema *b, struct weir_span first, struct weir_span span)
{
	struct weir_err *err;
	struct weir__buf bf;

	if (a->kind == b->kind && equal_columns(a, b))
		return true;
	weir__buf_init(&bf);
	if (a->kind != b->kind)
		weir__errors_fail(bu->es, span, "union.columns",
		    "streams that are read together must all be of facts or "
		    "all of changes");
	else {
		other_columns(&bf, a, b);
		weir__errors_fail(bu->es, span, "union.columns",
		    "streams that are read together have the same columns, but "
		    "%s: select them first", weir__buf_cstr(&bf));
	}
	weir__buf_fini(&bf);
	err = weir__errors_last(bu->es);
	err->span2 = first;
	snprintf(err->text2, sizeof err->text2, "the first");
	return false;
}

/* The schema of several: a column is required where it is in all. */
static const struct weir_schema *
merged(struct weir__build *bu, struct weir__targets *ts)
{
	const struct weir_schema *first, *sc;
	struct weir_schema *own;
	struct weir_field *cols;
	uint32_t i;
	size_t j;

	first = &ts->list[0].node->ports[ts->list[0].port].schema;
	if (ts->n == 1)
		return first;
	own = weir__build_alloc(bu, sizeof *own);
	cols = weir__build_alloc(bu, (first->ncols + 1) * sizeof *cols);
	if (own == NULL || cols == NULL)
		return NULL;
	*own = *first;
	own->cols = cols;
	for (i = 0; i < first->ncols; i++)
		cols[i] = first->cols[i];
	for (j = 1; j < ts->n; j++) {
		sc = &ts->list[j].node->ports[ts->list[j].port].schema;
		if (!same_columns(bu, first, sc, ts->list[0].span,
			ts->list[j].span))
			return NULL;
		for (i = 0; i < sc->ncols; i++)
			cols[i].required &= sc->cols[i].required;
		own->watermarked &= sc->watermarked;
		if (sc->event_time != own->event_time ||
		    sc->event_end != own->event_end)
			own->event_time = -1;
	}
	return own;
}

static int
add_edge(struct weir__build *bu, struct weir__target *ta,
    struct weir__node *nd, uint32_t input)
{
	struct weir__port *po = &ta->node->ports[ta->port];
	struct weir__edge *edges;

	edges = weir__build_alloc(bu, (po->nedges + 1) * sizeof *edges);
	if (edges == NULL)
		return -1;
	if (po->nedges != 0)
		memcpy(edges, po->edges, po->nedges * sizeof *edges);
	edges[po->nedges] = (struct weir__edge){ nd, input };
	po->edges = edges;
	po->nedges++;
	return 0;
}

static int
bind_input(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr, uint32_t i)
{
	struct weir__targets *ts = &dr->inputs[i];
	struct weir__input *in = &nd->inputs[i];
	struct weir__node *of;
	size_t j;

	in->producers = weir__build_alloc(bu,
	    (ts->n + 1) * sizeof *in->producers);
	if (in->producers == NULL)
		return -1;
	for (j = 0; j < ts->n; j++) {
		of = ts->list[j].node;
		if (bu->drafts[of->no]->bad)
			dr->bad = true;
		in->producers[in->nproducers++] = (struct weir__edge){ of,
			ts->list[j].port };
		if (add_edge(bu, &ts->list[j], nd, i) != 0)
			return -1;
		if (nd->origin == NULL)
			nd->origin = of->type->role == WEIR_SOURCE ?
			    of : of->origin;
	}
	if (ts->n == 0 || dr->bad) {
		dr->bad = true;
		return 0;
	}
	in->schema = merged(bu, ts);
	if (in->schema == NULL) {
		dr->bad = true;
		return 0;
	}
	for (j = 0; j < in->schema->ncols; j++)
		dr->unsure |= weir__type_unknown(in->schema->cols[j].type);
	in->reads = weir__build_alloc(bu, in->schema->ncols + 1);
	return in->reads != NULL ? 0 : -1;
}

static void
check_input(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	const struct weir_schema *sc;
	uint32_t i;

	for (i = 0; i < nd->ninputs && !dr->bad; i++) {
		sc = nd->inputs[i].schema;
		if (sc->kind == WEIR_CHANGES &&
		    (nd->type->flags & WEIR_STAGEF_CHANGES) == 0) {
			weir__errors_fail(bu->es, nd->span, "stream.changes",
			    "%s takes rows that are facts, but here come "
			    "changes (rows that replace or delete earlier "
			    "ones)", nd->what);
			dr->bad = true;
		} else if ((nd->type->flags & WEIR_STAGEF_WATERMARK) != 0 &&
		    !sc->watermarked) {
			weir__errors_fail(bu->es, nd->span, "time.watermark",
			    "%s needs a watermark upstream: "
			    "-> watermark(COLUMN, delay: 1m)", nd->what);
			dr->bad = true;
		}
	}
}

/* ---------------------------------------------------------------- outputs */

static void
check_names(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr, const struct weir__draft_port *dp)
{
	struct weir_err *err;
	uint32_t i, j;

	for (i = 0; i < dp->n && !dr->unsure; i++)
		for (j = 0; j < i; j++) {
			if (strcmp(dp->cols[i].name, dp->cols[j].name) != 0)
				continue;
			weir__errors_fail(bu->es, nd->span, "name.twice",
			    "%s makes two columns \"%s\": %s", nd->what,
			    dp->cols[i].name, nd->ninputs != 0 ?
				"rename one first" :
				"each needs a name of its own");
			err = weir__errors_last(bu->es);
			if (dp->cols[j].span.src != 0) {
				err->span2 = dp->cols[j].span;
				snprintf(err->text2, sizeof err->text2,
				    "one of them");
			}
			dr->bad = true;
			return;
		}
}

static int32_t
passed_as(const struct weir__draft_port *dp, uint32_t col)
{
	uint32_t i;

	for (i = 0; i < dp->n; i++)
		if (dp->outs[i].how == WEIR__OUT_PASS &&
		    dp->outs[i].input == 0 && dp->outs[i].col == col)
			return (int32_t)i;
	return -1;
}

/* The kind, key and event time follow from what is passed on. */
static int
inherit(struct weir__build *bu, struct weir__node *nd, struct weir__draft *dr,
    struct weir__draft_port *dp, struct weir_schema *sc)
{
	const struct weir_schema *in = nd->inputs[0].schema;
	uint32_t *keys, i;
	int32_t col;

	if (dp->event_time == -2 && in->event_time >= 0)
		dp->event_time = passed_as(dp, (uint32_t)in->event_time);
	sc->watermarked = in->watermarked;
	for (i = 1; i < nd->ninputs; i++)
		sc->watermarked &= nd->inputs[i].schema->watermarked;
	if (dp->changes || in->kind != WEIR_CHANGES ||
	    nd->type->role == WEIR_SINK)
		return 0;
	keys = weir__build_alloc(bu, (in->nkeys + 1) * sizeof *keys);
	if (keys == NULL)
		return -1;
	for (i = 0; i < in->nkeys; i++) {
		col = passed_as(dp, in->keys[i]);
		if (col < 0) {
			weir__errors_fail(bu->es, nd->span, "stream.key",
			    "%s loses column \"%s\", the key of a stream of "
			    "changes", nd->what, in->cols[in->keys[i]].name);
			dr->bad = true;
			return 0;
		}
		keys[i] = (uint32_t)col;
	}
	dp->changes = true;
	dp->keys = keys;
	dp->nkeys = in->nkeys;
	return 0;
}

/* Is the event time one that ends an interval, passed on? */
static bool
passes_end(const struct weir__node *nd, const struct weir__draft_port *dp)
{
	const struct weir_schema *in;
	const struct weir__out *ou;

	if (dp->event_time < 0 || (uint32_t)dp->event_time >= dp->n)
		return false;
	ou = &dp->outs[dp->event_time];
	if (ou->how != WEIR__OUT_PASS)
		return false;
	in = nd->inputs[ou->input].schema;
	return in->event_end && in->event_time == (int32_t)ou->col;
}

static int
finish_port(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr, uint32_t p)
{
	struct weir__draft_port *dp = &dr->ports[p];
	struct weir__port *po = &nd->ports[p];
	struct weir_schema *sc = &po->schema;

	check_names(bu, nd, dr, dp);
	if (nd->ninputs != 0 && inherit(bu, nd, dr, dp, sc) != 0)
		return -1;
	sc->ncols = dp->n;
	sc->cols = dp->cols;
	sc->kind = dp->changes ? WEIR_CHANGES : WEIR_APPEND;
	sc->keys = dp->keys;
	sc->nkeys = dp->nkeys;
	sc->event_time = dp->event_time >= 0 ? dp->event_time : -1;
	sc->event_end = dp->event_end || passes_end(nd, dp);
	po->outs = dp->outs;
	if (p == 0 && nd->watermark.on) {
		sc->watermarked = true;
		sc->event_end = false;
		sc->event_time = passed_as(dp, nd->watermark.col);
	}
	return 0;
}

static int
finish_ports(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	uint32_t p;

	for (p = 0; p + 1 < nd->nports; p++)
		if (finish_port(bu, nd, dr, p) != 0)
			return -1;
	for (p = 0; p < nd->nports; p++) {
		nd->ports[p].wanted = weir__build_alloc(bu,
		    nd->ports[p].schema.ncols + 1);
		if (nd->ports[p].wanted == NULL)
			return -1;
	}
	return 0;
}

/* Output expressions in the order in which later ones may see them. */
static int
finish_engine_run(struct weir__build *bu, struct weir__node *nd)
{
	if (nd->type->role != WEIR_TRANSFORM || nd->type->process != NULL)
		return 0;
	nd->engine_run = true;
	nd->chained = nd->exprs.list;
	nd->nchained = nd->exprs.n;
	memset(&nd->exprs, 0, sizeof nd->exprs);
	(void)bu;
	return 0;
}

static int
call_bind(struct weir__build *bu, struct weir__node *nd, struct weir__draft *dr)
{
	struct weir_bind bi = { &weir__host, bu, nd, dr };
	struct weir_err err = { 0 };
	uint32_t p;

	dr->ports = weir__build_alloc(bu, nd->nports * sizeof *dr->ports);
	if (dr->ports == NULL)
		return -1;
	for (p = 0; p < nd->nports; p++)
		dr->ports[p].event_time = -2;
	if (nd->type->bind(&bi, nd->config, &err) != WEIR_OK) {
		dr->bad = true;
		if (dr->unsure)
			return 0; /* it may be but a consequence */
		if (err.span.src == 0)
			err.span = nd->span;
		if (err.text[0] == '\0')
			snprintf(err.text, sizeof err.text,
			    "%s could not be bound: out of memory", nd->what);
		weir__errors_add(bu->es, &err);
		return 0;
	}
	if (finish_ports(bu, nd, dr) != 0 || finish_engine_run(bu, nd) != 0)
		return -1;
	nd->spool |= nd->type->role == WEIR_SINK &&
	    (nd->type->sink->flags & WEIR_SINKF_SPOOL) != 0;
	return weir__build_target(bu, nd, dr);
}

int
weir__bind_node(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr)
{
	uint32_t i;

	nd->ninputs = dr->ninputs;
	nd->inputs = weir__build_alloc(bu,
	    (dr->ninputs + 1) * sizeof *nd->inputs);
	if (nd->inputs == NULL || make_id(bu, nd) != 0 ||
	    make_label(bu, nd) != 0)
		return -1;
	for (i = 0; i < dr->ninputs; i++)
		if (bind_input(bu, nd, dr, i) != 0)
			return -1;
	check_input(bu, nd, dr);
	if (dr->bad)
		return weir__options_probe(bu, nd, dr);
	if (weir__options_bind(bu, nd, dr) != 0) {
		dr->bad = true;
		nd->config = NULL;
		return bu->failed ? -1 : 0;
	}
	if (call_bind(bu, nd, dr) != 0)
		return -1;
	return bu->failed ? -1 : 0;
}

int
weir__build_bind(struct weir__build *bu)
{
	struct weir__node *nd;
	size_t i;

	if (order(bu) != 0)
		return -1;
	for (i = 0; i < bu->pl->nnodes; i++) {
		nd = bu->pl->nodes[i];
		if (weir__bind_node(bu, nd, bu->drafts[nd->no]) != 0)
			return -1;
	}
	return 0;
}
