/* SPDX-License-Identifier: MIT
 *
 * Rows on their way: counted, cut where a test asks for it, and handed to all
 * who read the port.
 */
#include <assert.h>
#include <stdio.h>

#include "run/instance.h"

/* ---- batches for a stage's outputs */

/* Is output column `c` the input's, unchanged? */
static bool
passes(const struct weir__instance *sg, const struct weir__out *ou,
    const struct weir_batch *of)
{
	if (ou->how != WEIR__OUT_PASS || ou->col >= of->ncols)
		return false;
	return ou->input == sg->cur_input || sg->alike;
}

static int
pass_column(struct weir_batch *b, uint32_t c, const struct weir_column *from,
    const struct weir_type *ty, const uint32_t *rows, uint32_t n, bool all)
{
	if (!weir_present(from))
		return 0;
	if (all) {
		b->cols[c] = *from;
		return 0;
	}
	return weir__column_gather(weir__batch_arena(b), &b->cols[c], from, ty,
	    rows, n);
}

struct weir_batch *
weir__tree_derive(struct weir__instance *sg, uint32_t port,
    struct weir_batch *of, const uint32_t *rows, uint32_t n)
{
	const struct weir__port *po = &sg->nd->ports[port];
	const struct weir_schema *sc = &po->schema;
	bool all = rows == NULL ||
	    (n != 0 && n == of->nrows && rows[n - 1] == n - 1);
	struct weir_batch *b;
	uint32_t c;
	int rc;

	assert(n <= WEIR_BATCH_ROWS);
	b = weir__batch_derive(sg->tree->pool, sc, of, rows, n);
	if (b == NULL)
		return NULL;
	for (c = 0; c < sc->ncols; c++) {
		if (!po->wanted[c])
			continue;
		if (po->outs != NULL && passes(sg, &po->outs[c], of))
			rc = pass_column(b, c, &of->cols[po->outs[c].col],
			    sc->cols[c].type, rows, n, all);
		else
			rc = weir__column_alloc(weir__batch_arena(b),
			    &b->cols[c], sc->cols[c].type, n);
		if (rc != 0) {
			weir__batch_unref(b);
			return NULL;
		}
	}
	return b;
}

/* All columns of some rows, as they are. */
static struct weir_batch *
cut_rows(struct weir__instance *sg, struct weir_batch *of, const uint32_t *rows,
    uint32_t n)
{
	struct weir_batch *b;
	uint32_t c;

	b = weir__batch_derive(sg->tree->pool, of->schema, of, rows, n);
	if (b == NULL)
		return NULL;
	for (c = 0; c < of->ncols; c++) {
		if (!weir_present(&of->cols[c]))
			continue;
		if (weir__column_gather(weir__batch_arena(b), &b->cols[c],
			&of->cols[c], of->schema->cols[c].type, rows, n) != 0) {
			weir__batch_unref(b);
			return NULL;
		}
	}
	return b;
}

/* ---- sending */

static int
send_edges(struct weir__instance *sg, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	const struct weir__port *po = &sg->nd->ports[port];
	const struct weir__edge *ed;
	struct weir__instance *to;
	size_t i;

	for (i = 0; i < po->nedges; i++) {
		ed = &po->edges[i];
		to = &sg->tree->stages[ed->to->no];
		if (ed->to->is_quarantine && port + 1 < sg->nd->nports) {
			if (weir__reject_port(sg, port, b, err) != WEIR_OK)
				return WEIR_ERROR;
			continue;
		}
		to->input_in[ed->input] += b->nrows;
		if (weir__tree_deliver(to, ed->input, b, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

int
weir__tree_send(struct weir__instance *sg, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	struct weir_batch *one;
	uint32_t i;
	int rc = WEIR_OK;

	sg->port_out[port] += b->nrows;
	if (!sg->tree->frag || b->nrows == 1)
		return send_edges(sg, port, b, err);
	for (i = 0; i < b->nrows && rc == WEIR_OK; i++) {
		one = cut_rows(sg, b, &i, 1);
		if (one == NULL)
			return weir__tree_oom(sg, err);
		rc = send_edges(sg, port, one, err);
		weir__batch_unref(one);
	}
	return rc;
}

/* What a source's rows are of. */
static int
source_rows(struct weir__instance *sg, struct weir_batch *b)
{
	struct weir__part *pa;

	b->source = sg->source_no;
	b->root = b;
	if (b->partition < 0)
		b->partition = 0;
	pa = weir__part_get(sg, b->partition);
	if (pa == NULL)
		return -1;
	pa->state = WEIR_PART_READING;
	pa->end_since = INT64_MIN;
	if (b->positions != NULL && b->positions[b->nrows - 1] >= pa->next)
		pa->next = b->positions[b->nrows - 1] + 1;
	sg->tree->rows += b->nrows;
	sg->tree->bytes += b->bytes;
	return 0;
}

static void
count_rows(struct weir__instance *sg, uint32_t port, const struct weir_batch *b)
{
	const char *name = sg->nd->ports[port].name;

	if (b->priv->created && b->priv->maker == sg)
		sg->n.created += b->nrows;
	else if (port != 0 && strcmp(name, "late") == 0)
		sg->n.late += b->nrows;
	else if (port != 0 && strcmp(name, "duplicate") == 0)
		sg->n.duplicate += b->nrows;
	else
		sg->n.passed += b->nrows;
}

/* The batch with the port's own schema, where a plugin sends on what it got. */
static struct weir_batch *
as_port(struct weir__instance *sg, uint32_t port, struct weir_batch *b)
{
	const struct weir_schema *sc = &sg->nd->ports[port].schema;
	struct weir_batch *own;

	if (b->schema == sc || b->schema->ncols != sc->ncols)
		return b;
	own = weir__batch_derive(sg->tree->pool, sc, b, NULL, b->nrows);
	if (own != NULL)
		memcpy(own->cols, b->cols, sc->ncols * sizeof *b->cols);
	weir__batch_unref(b);
	return own;
}

int
weir__tree_emit(struct weir__instance *sg, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	int rc;

	assert(port + 1 < sg->nd->nports);
	assert(b->nrows <= WEIR_BATCH_ROWS);
	if (b->nrows == 0) {
		weir__batch_unref(b);
		return WEIR_OK;
	}
	count_rows(sg, port, b);
	b = as_port(sg, port, b);
	if (b == NULL)
		return weir__tree_oom(sg, err);
	if (sg->source_no >= 0 && source_rows(sg, b) != 0) {
		weir__batch_unref(b);
		return weir__tree_oom(sg, err);
	}
	rc = weir__tree_send(sg, port, b, err);
	weir__batch_unref(b);
	return rc;
}

/* ---- a batch into a stage */

static int
call_process(struct weir__instance *sg, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	const struct weir_stage_type *ty = sg->nd->type;
	uint64_t gone = sg->n.rejected + sg->n.filtered;
	int rc;

	assert(sg->depth == 0);
	sg->depth++;
	sg->cur = b;
	sg->cur_input = input;
	if (ty->role == WEIR_SINK) {
		rc = ty->sink->write != NULL ?
		    ty->sink->write(&sg->st, b, err) :
		    weir_spool(&sg->st, b, NULL, err);
		gone = sg->n.rejected + sg->n.filtered - gone;
		if (rc == WEIR_OK)
			sg->n.passed += b->nrows - gone;
	} else {
		rc = ty->process(&sg->st, input, b, err);
	}
	sg->depth--;
	sg->cur = NULL;
	return rc;
}

int
weir__tree_deliver(struct weir__instance *sg, uint32_t input,
    struct weir_batch *b, struct weir_err *err)
{
	struct weir_batch *own = b;
	int rc = WEIR_OK;

	if (sg->chain != NULL)
		return weir__chain_run(sg->chain, b, err);
	sg->n.in += b->nrows;
	if (input == 0 && (sg->nd->exprs.n != 0 || sg->nd->naggs != 0))
		rc = weir__call_prepare(sg, b, &own, err);
	if (rc == WEIR_OK && own != NULL)
		rc = call_process(sg, input, own, err);
	rc = weir__tree_called(sg, rc, err);
	if (own != b)
		weir__batch_unref(own);
	return rc;
}

/* Engine-run stages work in the chain that one of them heads. */
static int
enter(struct weir__instance *sg, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	const struct weir__node *nd = sg->nd;

	if (!nd->engine_run)
		return weir__tree_deliver(sg, input, b, err);
	while (sg->tree->stages[nd->no].chain == NULL)
		nd = nd->inputs[0].producers[0].to;
	return weir__chain_enter(sg->tree->stages[nd->no].chain, sg, b, err);
}

int
weir__tree_enter(struct weir__instance *sg, uint32_t input,
    struct weir_batch *b, struct weir_err *err)
{
	struct weir_batch *one;
	uint32_t i;
	int rc = WEIR_OK;

	sg->n.replayed += b->nrows;
	if (!sg->tree->frag || b->nrows == 1)
		return enter(sg, input, b, err);
	for (i = 0; i < b->nrows && rc == WEIR_OK; i++) {
		one = cut_rows(sg, b, &i, 1);
		if (one == NULL)
			return weir__tree_oom(sg, err);
		rc = enter(sg, input, one, err);
		weir__batch_unref(one);
	}
	return rc;
}

int
weir__tree_called(struct weir__instance *sg, int rc, struct weir_err *err)
{
	size_t was;
	uint32_t i;

	for (i = 0; i < sg->nd->ntables; i++) {
		was = weir__state_bytes(sg->tables[i]);
		weir__state_settle(sg->tables[i]);
		sg->tree->state_bytes -= was - weir__state_bytes(sg->tables[i]);
	}
	if (rc < 0) {
		weir__reject_drop(sg);
		if (err->text[0] == '\0')
			weir__tree_oom(sg, err);
		if (err->span.src == 0)
			err->span = sg->nd->span;
		if (err->stage[0] == '\0')
			snprintf(err->stage, sizeof err->stage, "%s",
			    sg->nd->id);
		return rc;
	}
	if (sg->nrejects != 0 && weir__reject_flush(sg, err) != WEIR_OK)
		return WEIR_ERROR;
	return rc;
}
