/* SPDX-License-Identifier: MIT
 *
 * The end of an epoch on the worker: event time moves, in topological order,
 * rows first; stages hear of it; the ledger is checked.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "batch/json_text.h"
#include "run/instance.h"
#include "run/watermark.h"

/* Mark the sources that a node's rows come of. */
static void
mark_sources(const struct weir__tree *tr, const struct weir__node *nd,
    uint8_t *seen)
{
	uint32_t i;
	size_t j;

	if (seen[nd->no])
		return;
	seen[nd->no] = 1;
	for (i = 0; i < nd->ninputs; i++)
		for (j = 0; j < nd->inputs[i].nproducers; j++)
			mark_sources(tr, nd->inputs[i].producers[j].to, seen);
}

static size_t
view_source(const struct weir__instance *sg, bool drain,
    struct weir__wm_view *to)
{
	size_t i;

	for (i = 0; i < sg->nparts; i++)
		to[i] = (struct weir__wm_view){
			.source = sg->source_no,
			.partition = sg->parts[i].no,
			.finished = sg->parts[i].state == WEIR_PART_FINISHED ||
			    (sg->ended && !drain),
			.end_since = sg->parts[i].end_since,
		};
	return sg->nparts;
}

/* The stream's watermark at a watermark stage. */
static int
advance(struct weir__tree *tr, struct weir__instance *sg)
{
	bool drain = tr->run->op.drain, waiting = false;
	struct weir__wm_view *list;
	const struct weir__instance *so;
	size_t i, n = 0;
	uint8_t *seen;

	for (i = 0; i < tr->nsources; i++)
		n += tr->sources[i]->nparts;
	list = weir__alloc((n + 1) * sizeof *list);
	seen = weir__zalloc(tr->nstages);
	if (list == NULL || seen == NULL) {
		weir__free(list);
		weir__free(seen);
		return -1;
	}
	mark_sources(tr, sg->nd, seen);
	for (i = 0, n = 0; i < tr->nsources; i++) {
		so = tr->sources[i];
		if (!seen[so->nd->no])
			continue;
		waiting |= so->nparts == 0 && (!so->ended || drain);
		n += view_source(so, drain, list + n);
	}
	sg->watermark = weir__wm_advance(sg->wm, list, n, waiting,
	    weir__run_clock(tr->run));
	weir__free(list);
	weir__free(seen);
	return 0;
}

/* The least of what the inputs with a watermark stand at. */
static int64_t
input_watermark(const struct weir__tree *tr, const struct weir__node *nd)
{
	const struct weir__edge *ed;
	int64_t least = INT64_MAX, at;
	bool any = false;
	uint32_t i;
	size_t j;

	for (i = 0; i < nd->ninputs; i++)
		for (j = 0; j < nd->inputs[i].nproducers; j++) {
			ed = &nd->inputs[i].producers[j];
			if (!ed->to->ports[ed->input].schema.watermarked)
				continue;
			at = tr->stages[ed->to->no].watermark;
			least = at < least ? at : least;
			any = true;
		}
	return any ? least : INT64_MIN;
}

static int
move_time(struct weir__tree *tr, struct weir__instance *sg, bool final,
    struct weir_err *err)
{
	int64_t in = input_watermark(tr, sg->nd);
	int rc = WEIR_OK;

	if (sg->wm != NULL) {
		if (advance(tr, sg) != 0)
			return weir__tree_oom(sg, err);
		if (final)
			sg->watermark = INT64_MAX;
	} else if (in > sg->watermark_in) {
		sg->watermark_in = in;
		if (sg->nd->type->watermark != NULL)
			rc = weir__tree_called(sg,
			    sg->nd->type->watermark(&sg->st, in, err), err);
		sg->watermark = weir__wm_less(in, sg->trail);
	}
	return rc < 0 ? WEIR_ERROR : WEIR_OK;
}

int
weir__tree_end_epoch(struct weir__tree *tr, bool final, struct weir_err *err)
{
	struct weir__instance *sg;
	size_t i;

	for (i = 0; i < tr->nstages; i++) {
		sg = &tr->stages[i];
		/* replayed rows do not move it */
		if (tr->run->op.replay == NULL &&
		    move_time(tr, sg, final, err) != WEIR_OK)
			return WEIR_ERROR;
		if (sg->nd->type->epoch != NULL &&
		    weir__tree_called(sg, sg->nd->type->epoch(&sg->st,
			tr->run->epoch, err), err) < 0)
			return WEIR_ERROR;
	}
	return weir__ledger_check(tr, err);
}

int64_t
weir__tree_watermark(const struct weir__tree *tr)
{
	int64_t least = INT64_MAX;
	bool any = false;
	size_t i;

	for (i = 0; i < tr->nstages; i++)
		if (tr->stages[i].wm != NULL) {
			any = true;
			if (tr->stages[i].watermark < least)
				least = tr->stages[i].watermark;
		}
	return any ? least : INT64_MIN;
}

static void
json_source(const struct weir__instance *so, const struct weir__instance *wm,
    struct weir__buf *bf)
{
	int64_t at;
	size_t k;

	weir__json_string(bf, so->nd->id, strlen(so->nd->id));
	weir__buf_str(bf, ":{");
	for (k = 0; k < so->nparts; k++) {
		at = weir__wm_at(wm->wm, so->source_no, so->parts[k].no);
		weir__buf_printf(bf, "%s\"%d\":", k == 0 ? "" : ",",
		    (int)so->parts[k].no);
		if (at == INT64_MIN)
			weir__buf_str(bf, "null");
		else
			weir__buf_printf(bf, "%lld", (long long)at);
	}
	weir__buf_chr(bf, '}');
}

void
weir__tree_watermarks_json(struct weir__tree *tr, struct weir__buf *bf)
{
	const struct weir__instance *wm;
	uint8_t *seen = weir__alloc(tr->nstages + 1);
	bool any = false;
	size_t i, k;

	weir__buf_chr(bf, '{');
	for (k = 0; seen != NULL && k < tr->nsources; k++)
		for (i = 0; i < tr->nstages; i++) {
			wm = &tr->stages[i];
			if (wm->wm == NULL)
				continue;
			memset(seen, 0, tr->nstages);
			mark_sources(tr, wm->nd, seen);
			if (!seen[tr->sources[k]->nd->no])
				continue;
			if (any)
				weir__buf_chr(bf, ',');
			any = true;
			json_source(tr->sources[k], wm, bf);
			break;
		}
	weir__buf_chr(bf, '}');
	weir__free(seen);
}
