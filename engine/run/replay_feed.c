/* SPDX-License-Identifier: MIT
 *
 * Replayed rows flow: an epoch of them, on the worker.
 */
#include "base/alloc.h"
#include "run/instance.h"
#include "run/replay.h"

/* Rows of an epoch; whole frames, so it may be some more. */
#define EPOCH_ROWS 65536u

/* Rows that enter below a watermark are late by where it stands now. */
static int
mark(struct weir__instance *sg, struct weir_batch *b)
{
	int64_t *marks;
	uint32_t i;

	if (!b->schema->watermarked)
		return 0;
	marks = weir__arena_alloc(weir__batch_arena(b),
	    (b->nrows + 1) * sizeof *marks);
	if (marks == NULL)
		return -1;
	for (i = 0; i < b->nrows; i++)
		marks[i] = sg->watermark_in;
	b->watermarks = marks;
	return 0;
}

static void
count(const struct weir__tree *tr, uint64_t *rejected, uint64_t *late)
{
	size_t i;

	*rejected = *late = 0;
	for (i = 0; i < tr->nstages; i++) {
		*rejected += tr->stages[i].n.rejected;
		*late += tr->stages[i].n.late;
	}
}

static int
enter(struct weir__run *ru, struct weir__replay_item *it, struct weir_err *err)
{
	struct weir__instance *sg = &ru->tree->stages[it->node->no];

	if (mark(sg, it->batch) != 0)
		return weir__tree_oom(sg, err);
	return weir__tree_enter(sg, it->input, it->batch, err);
}

int
weir__replay_run(struct weir__replay *rp, struct weir__run *ru,
    struct weir_err *err)
{
	const struct weir__shelf_list *sl = weir__shelf_list(ru->shelf);

	if (!rp->begun) {
		rp->before = sl->counts;
		count(ru->tree, &rp->rejected_before, &rp->late_before);
	}
	rp->begun = true;
	if (weir__replay_begin(rp, ru->pl, sl, err) != WEIR_OK)
		return WEIR_ERROR;
	/* after a failure that undid an epoch: what is decided counts */
	rp->chosen = sl->counts.replayed - rp->before.replayed;
	return WEIR_OK;
}

void
weir__replay_ran(struct weir__replay *rp, const struct weir__run *ru)
{
	rp->after = weir__shelf_list(ru->shelf)->counts;
	count(ru->tree, &rp->rejected, &rp->late);
	rp->rejected -= rp->rejected_before;
	rp->late -= rp->late_before;
}

int
weir__replay_feed(struct weir__replay *rp, struct weir__run *ru,
    struct weir_err *err)
{
	struct weir__replay_item it;
	uint64_t rows = 0;
	int rc = WEIR_OK;

	while (rc == WEIR_OK && rows < EPOCH_ROWS) {
		rc = weir__replay_next(rp, &it, err);
		if (rc != WEIR_OK)
			break;
		rows += it.batch->nrows;
		rc = enter(ru, &it, err);
		weir__batch_unref(it.batch);
	}
	rp->more = rc == WEIR_OK;
	return rc == WEIR_END ? WEIR_OK : rc;
}

void
weir__replay_decide(struct weir__replay *rp, struct weir__decision *de)
{
	de->shelf.taken = rp->ids;
	de->shelf.ntaken = rp->nids;
	rp->ids = NULL;
	rp->nids = rp->cap_ids = 0;
}
