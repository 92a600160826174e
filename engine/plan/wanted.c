/* SPDX-License-Identifier: MIT
 *
 * What anyone reads: columns that no one does are never made, main outputs
 * that no one does are an error, side outputs that no one does are
 * quarantined.
 */
#include <stdio.h>

#include "batch/batch.h"
#include "plan/build.h"

#define FIELD(n, k, req)                                                      \
	{ .name = n, .type = &(const struct weir_type){ .kind = k },          \
	  .required = req }

static const struct weir_field rejected_cols[WEIR__REJ_COLS] = {
	[WEIR__REJ_SOURCE] = FIELD("source", WEIR_STRING, false),
	[WEIR__REJ_PARTITION] = FIELD("partition", WEIR_INT32, false),
	[WEIR__REJ_OFFSET] = FIELD("offset", WEIR_INT64, false),
	[WEIR__REJ_TIMESTAMP] = FIELD("timestamp", WEIR_TIMESTAMP, false),
	[WEIR__REJ_KEY] = FIELD("key", WEIR_BYTES, false),
	[WEIR__REJ_VALUE] = FIELD("value", WEIR_BYTES, false),
	[WEIR__REJ_ROW] = FIELD("row", WEIR_JSON, false),
	[WEIR__REJ_STAGE] = FIELD("error_stage", WEIR_STRING, true),
	[WEIR__REJ_CODE] = FIELD("error_code", WEIR_STRING, true),
	[WEIR__REJ_TEXT] = FIELD("error_text", WEIR_STRING, true),
	[WEIR__REJ_COLUMN] = FIELD("error_column", WEIR_STRING, false),
	[WEIR__REJ_POSITION] = FIELD("error_position", WEIR_INT64, false),
	[WEIR__REJ_AT] = FIELD("rejected_at", WEIR_TIMESTAMP, true),
	[WEIR__REJ_ID] = FIELD("replay_id", WEIR_STRING, false),
};

const struct weir_schema weir__rejected_schema = {
	.ncols = WEIR__REJ_COLS,
	.cols = rejected_cols,
	.event_time = -1,
};

int
weir__build_unread(struct weir__build *bu)
{
	struct weir__node *nd;
	size_t i;

	for (i = 0; i < bu->pl->nnodes; i++) {
		nd = bu->pl->nodes[i];
		if (nd->type->role == WEIR_SINK || nd->ports[0].nedges != 0)
			continue;
		weir__errors_fail(bu->es, nd->span, "stream.unread",
		    "nothing reads what %s makes: end the chain with a sink",
		    nd->what);
	}
	if (bu->pl->nnodes == 0)
		weir__errors_fail(bu->es, WEIR_NOWHERE, "pipeline.empty",
		    "%s has no stages", bu->pl->path);
	return 0;
}

/* -------------------------------------------------------------- quarantine */

static const char *
setting_text(struct weir__build *bu, const struct weir_str *s)
{
	return weir__arena_strndup(bu->ar, weir_str_data(s), s->len);
}

/* Where state and quarantine are: settings, else beside the pipeline file. */
static int
find_dirs(struct weir__build *bu)
{
	struct weir__plan *pl = bu->pl;
	const char *slash = strrchr(pl->path, '/');
	int dir = slash != NULL ? (int)(slash - pl->path) + 1 : 0;

	pl->state_dir = pl->settings.state.len != 0 ?
	    setting_text(bu, &pl->settings.state) :
	    weir__arena_printf(bu->ar, "%.*s.weir/%s", dir, pl->path, pl->stem);
	if (pl->state_dir == NULL)
		return -1;
	pl->quarantine_dir = pl->settings.quarantine.len != 0 ?
	    setting_text(bu, &pl->settings.quarantine) :
	    weir__arena_printf(bu->ar, "%s/quarantine", pl->state_dir);
	return pl->quarantine_dir != NULL ? 0 : -1;
}

/* Where the file says how the quarantine is written; nowhere by default. */
static struct weir_span
setting_span(const struct weir__build *bu)
{
	struct weir_span span = WEIR_NOWHERE;
	size_t i;

	for (i = 0; i < bu->nsettings; i++)
		if (bu->settings[i].name.text != NULL &&
		    (strcmp(bu->settings[i].name.text, "quarantine_writer") ==
			    0 ||
			(span.src == 0 &&
			    strcmp(bu->settings[i].name.text, "quarantine") ==
				0)))
			span = bu->settings[i].value->span;
	return span;
}

/* A stage as if it were written: WRITER("DIR"). */
static struct weir__ast_stage *
quarantine_stage(struct weir__build *bu)
{
	struct weir__ast_stage *as = weir__build_alloc(bu, sizeof *as);
	struct weir__ast_expr *path = weir__build_alloc(bu, sizeof *path);
	struct weir__ast_arg *ag = weir__build_alloc(bu, sizeof *ag);
	const char *writer = setting_text(bu,
	    &bu->pl->settings.quarantine_writer);
	const char *dot = writer != NULL ? strchr(writer, '.') : NULL;

	if (as == NULL || path == NULL || ag == NULL || writer == NULL)
		return NULL;
	if (dot != NULL) {
		as->plugin.text = weir__arena_strndup(bu->ar, writer,
		    (size_t)(dot - writer));
		as->verb.text = dot + 1;
	} else {
		as->verb.text = writer;
	}
	as->name_span = as->plugin.span = as->verb.span = path->span =
	    setting_span(bu);
	path->kind = WEIR__E_STRING;
	path->u.str.text = bu->pl->quarantine_dir;
	path->u.str.len = strlen(bu->pl->quarantine_dir);
	ag->value = path;
	as->args = ag;
	as->nargs = 1;
	return as;
}

static int
quarantine_inputs(struct weir__build *bu, struct weir__targets *ts)
{
	struct weir__node *nd;
	struct weir__port *po;
	size_t i;
	uint32_t p;

	for (i = 0; i < bu->pl->nnodes; i++) {
		nd = bu->pl->nodes[i];
		for (p = 1; p < nd->nports; p++) {
			po = &nd->ports[p];
			if (po->nedges != 0 || po->may_go_unread)
				continue;
			if (weir__targets_add(bu, ts, nd, p, nd->span) != 0)
				return -1;
		}
	}
	return 0;
}

int
weir__build_quarantine(struct weir__build *bu)
{
	static const struct weir__ast_item item;
	struct weir__stmt *sm = weir__build_alloc(bu, sizeof *sm);
	struct weir__targets ts = { 0 }, rejected = { 0 };
	struct weir__ast_stage *as;
	struct weir__draft *dr;
	struct weir__node *nd;
	size_t i;

	if (sm == NULL || find_dirs(bu) != 0 || quarantine_inputs(bu, &ts) != 0)
		return -1;
	if (ts.n == 0)
		return 0;
	sm->item = &item;
	sm->name = "";
	sm->nnodes = 1;
	as = quarantine_stage(bu);
	if (as == NULL || (nd = weir__build_node(bu, sm, as)) == NULL)
		return -1;
	dr = bu->drafts[nd->no];
	nd->is_quarantine = true;
	nd->with_state = bu->pl->settings.quarantine.len == 0;
	nd->id = "quarantine";
	/* Other ports' rows are turned into rejected ones on their way. */
	for (i = 0; i < ts.n; i++) {
		uint32_t last = ts.list[i].node->nports - 1;

		if (weir__targets_add(bu, &rejected, ts.list[i].node, last,
			WEIR_NOWHERE) != 0)
			return -1;
	}
	dr->ninputs = 1;
	dr->inputs = &rejected;
	rejected.n = 1;
	if (nd->type->role != WEIR_SINK) {
		weir__errors_fail(bu->es, nd->span, "settings.quarantine",
		    "the quarantine needs a sink, %s is none: "
		    "quarantine_writer: \"csv.write\"", nd->what);
		return -1;
	}
	if (bu->failed || weir__bind_node(bu, nd, dr) != 0)
		return -1;
	/* The one edge of binding is replaced by the right ones. */
	rejected.list[0].node->ports[rejected.list[0].port].nedges--;
	nd->inputs[0].nproducers = 0;
	nd->inputs[0].producers = weir__build_alloc(bu,
	    (ts.n + 1) * sizeof *nd->inputs[0].producers);
	if (nd->inputs[0].producers == NULL)
		return -1;
	for (i = 0; i < ts.n; i++) {
		struct weir__port *po =
		    &ts.list[i].node->ports[ts.list[i].port];
		struct weir__edge *ed = weir__build_alloc(bu, sizeof *ed);

		if (ed == NULL)
			return -1;
		*ed = (struct weir__edge){ nd, 0 };
		po->edges = ed;
		po->nedges = 1;
		nd->inputs[0].producers[nd->inputs[0].nproducers++] =
		    (struct weir__edge){ ts.list[i].node, ts.list[i].port };
	}
	bu->pl->nodes[bu->pl->nnodes++] = nd;
	return 0;
}

/* ----------------------------------------------------------------- wanted */

struct reader {
	struct weir__node *nd;
	struct weir__build *bu;
};

static void
read_column(void *arg, uint32_t col)
{
	struct reader *rd = arg;

	if (rd->nd->ninputs != 0 && rd->nd->inputs[0].reads != NULL &&
	    col < rd->nd->inputs[0].schema->ncols)
		rd->nd->inputs[0].reads[col] = 1;
}

/* origin.NAME: a column of every source upstream. */
static void
want_origin(struct weir__node *nd, const char *name)
{
	struct weir__node *of;
	int32_t col;
	uint32_t i;
	size_t j;

	if (nd->type->role == WEIR_SOURCE) {
		col = weir__schema_find(&nd->ports[0].schema, name);
		if (col >= 0)
			nd->ports[0].wanted[col] = 1;
		return;
	}
	for (i = 0; i < nd->ninputs; i++)
		for (j = 0; j < nd->inputs[i].nproducers; j++) {
			of = nd->inputs[i].producers[j].to;
			want_origin(of, name);
		}
}

static void
read_origin(void *arg, const char *name)
{
	struct reader *rd = arg;

	want_origin(rd->nd, name);
}

static void
read_expr(struct reader *rd, const struct weir_expr *ex)
{
	weir__expr_reads(ex, read_column, read_origin, rd);
}

/* A column is wanted when a reader of the port reads it. */
static void
want_port(struct weir__node *nd, struct weir__port *po)
{
	struct weir__input *in;
	bool quarantined;
	uint32_t c;
	size_t e;

	for (e = 0; e < po->nedges; e++) {
		in = &po->edges[e].to->inputs[po->edges[e].input];
		quarantined = po->edges[e].to->is_quarantine &&
		    po != &nd->ports[nd->nports - 1];
		for (c = 0; c < po->schema.ncols; c++)
			po->wanted[c] |= quarantined ? 1 : in->reads[c];
	}
}

/* What the outputs that are wanted, or may fail, are made of. */
static void
read_outputs(struct reader *rd, struct weir__port *po)
{
	struct weir__node *nd = rd->nd;
	struct weir__out *ou;
	uint32_t c;

	for (c = 0; c < po->schema.ncols && po->outs != NULL; c++) {
		ou = &po->outs[c];
		if (ou->how == WEIR__OUT_PASS && po->wanted[c])
			nd->inputs[ou->input].reads[ou->col] = 1;
		if (ou->how == WEIR__OUT_EXPR &&
		    (po->wanted[c] || weir__expr_fallible(ou->expr)))
			read_expr(rd, ou->expr);
	}
}

static void
read_options(struct reader *rd)
{
	struct weir__node *nd = rd->nd;
	struct weir__draft *dr = NULL;
	size_t i;
	uint32_t k;

	for (i = 0; i < rd->bu->nnodes; i++)
		if (rd->bu->nodes[i] == nd)
			dr = rd->bu->drafts[i];
	for (i = 0; i < nd->exprs.n; i++)
		read_expr(rd, nd->exprs.list[i]);
	for (i = 0; i < nd->naggs; i++) {
		weir__aggs_reads(nd->aggs[i], read_column, read_origin, rd);
		/* a row that is rejected says which one it is */
		if (weir__aggs_fallible(nd->aggs[i]))
			memset(nd->ports[0].wanted, 1,
			    nd->ports[0].schema.ncols);
	}
	if (nd->engine_run) {
		/* a later entry may need an earlier one that is not wanted */
		for (i = 0; i < nd->nchained; i++)
			read_expr(rd, nd->chained[i]);
		if (nd->watermark.on)
			nd->inputs[0].reads[nd->watermark.col] = 1;
	} else if (dr == NULL || !dr->reads_said) {
		for (k = 0; k < nd->ninputs; k++)
			memset(nd->inputs[k].reads, 1,
			    nd->inputs[k].schema->ncols);
	}
}

/* Rejected rows keep their payload: sources always make these. */
static void
want_payload(struct weir__node *nd)
{
	static const char *const names[] = { "topic", "timestamp", "key",
		"value" };
	struct weir__port *po = &nd->ports[0];
	int32_t col;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		col = weir__schema_find(&po->schema, names[i]);
		if (col >= 0)
			po->wanted[col] = 1;
	}
}

/* Is every stage bound?  One is not where memory ran out on the way. */
static bool
all_bound(struct weir__build *bu)
{
	const struct weir__node *nd;
	uint32_t k;
	size_t i;

	for (i = 0; i < bu->pl->nnodes; i++) {
		nd = bu->pl->nodes[i];
		if (nd->config == NULL)
			return false;
		for (k = 0; k < nd->ninputs; k++)
			if (nd->inputs[k].reads == NULL)
				return false;
		for (k = 0; k < nd->nports; k++)
			if (nd->ports[k].wanted == NULL)
				return false;
	}
	return true;
}

int
weir__build_wanted(struct weir__build *bu)
{
	struct reader rd = { .bu = bu };
	size_t i;
	uint32_t p;

	if (!all_bound(bu)) {
		weir__build_oom(bu);
		return -1;
	}
	for (i = bu->pl->nnodes; i-- > 0;) {
		rd.nd = bu->pl->nodes[i];
		for (p = 0; p < rd.nd->nports; p++)
			want_port(rd.nd, &rd.nd->ports[p]);
		if (rd.nd->type->role == WEIR_SOURCE) {
			want_payload(rd.nd);
			continue;
		}
		for (p = 0; p + 1 < rd.nd->nports; p++)
			read_outputs(&rd, &rd.nd->ports[p]);
		read_options(&rd);
	}
	/* from here on numbers follow the order of running */
	for (i = 0; i < bu->pl->nnodes; i++)
		bu->pl->nodes[i]->no = (uint32_t)i;
	return 0;
}
