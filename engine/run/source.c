/* SPDX-License-Identifier: MIT
 *
 * Sources: opening and polling them, where they stand, what is published.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "run/instance.h"

/* Where what is decided ends, as the source said it; copies, since it may tell
 * of new partitions while it opens. */
static int
open_source(struct weir__instance *sg, struct weir_err *err)
{
	const struct weir_source_ops *ops = sg->nd->type->source;
	struct weir__part *copy;
	struct weir_position *at;
	size_t i, n = 0;
	int rc;

	if (ops->open == NULL)
		return WEIR_OK;
	copy = weir__alloc((sg->nparts + 1) * sizeof *copy);
	at = weir__alloc((sg->nparts + 1) * sizeof *at);
	if (copy == NULL || at == NULL) {
		weir__free(copy);
		weir__free(at);
		return weir__tree_oom(sg, err);
	}
	for (i = 0; i < sg->nparts; i++) {
		if (sg->parts[i].next < 0)
			continue;
		copy[n] = sg->parts[i];
		at[n] = (struct weir_position){
			.partition = copy[n].no,
			.next = copy[n].next,
			.state = copy[n].state,
			.note = copy[n].note_len != 0 ? copy[n].note : NULL,
			.note_len = copy[n].note_len,
		};
		n++;
	}
	rc = ops->open(&sg->st, n != 0 ? at : NULL, n, err);
	weir__free(copy);
	weir__free(at);
	return rc;
}

int
weir__tree_open(struct weir__tree *tr, bool bound, struct weir_err *err)
{
	const struct weir_source_ops *ops;
	struct weir__instance *sg;
	size_t i;
	int rc;

	for (i = 0; i < tr->nsources; i++) {
		sg = tr->sources[i];
		ops = sg->nd->type->source;
		rc = WEIR_OK;
		if (!sg->opened) {
			rc = open_source(sg, err);
			sg->opened = rc == WEIR_OK;
		}
		if (rc == WEIR_OK && bound && !sg->bound) {
			if (ops->bound == NULL)
				sg->ended = true;
			else
				rc = ops->bound(&sg->st, err);
			sg->bound = rc == WEIR_OK;
		}
		rc = weir__tree_called(sg, rc, err);
		if (rc != WEIR_OK) {
			snprintf(err->stage, sizeof err->stage, "%s",
			    sg->nd->id);
			return rc;
		}
	}
	return WEIR_OK;
}

static void
finish_parts(struct weir__instance *sg)
{
	size_t i;

	for (i = 0; i < sg->nparts; i++)
		sg->parts[i].state = WEIR_PART_FINISHED;
}

int
weir__tree_poll(struct weir__tree *tr, const struct weir__node *nd,
    uint32_t max_rows, int64_t wait_us, uint64_t *rows, uint64_t *bytes,
    struct weir_err *err)
{
	struct weir__instance *sg = &tr->stages[nd->no];
	uint64_t rows_were = tr->rows, bytes_were = tr->bytes;
	int rc;

	*rows = *bytes = 0;
	if (sg->ended)
		return WEIR_END;
	rc = nd->type->source->poll(&sg->st, max_rows, wait_us, err);
	rc = weir__tree_called(sg, rc, err);
	*rows = tr->rows - rows_were;
	*bytes = tr->bytes - bytes_were;
	if (rc == WEIR_END) {
		sg->ended = true;
		/* --drain leaves event time untouched */
		if (!tr->run->op.drain)
			finish_parts(sg);
	}
	return rc;
}

size_t
weir__tree_offsets(struct weir__tree *tr, const struct weir__offset **list)
{
	const struct weir__instance *sg;
	struct weir__offset *to;
	size_t i, k, n = 0;

	*list = tr->offsets;
	for (i = 0; i < tr->nsources; i++)
		n += tr->sources[i]->nparts;
	if (n > tr->cap_offsets) {
		to = weir__realloc(tr->offsets, 2 * n * sizeof *to);
		if (to == NULL)
			return 0;
		tr->offsets = to;
		tr->cap_offsets = 2 * n;
	}
	*list = tr->offsets;
	n = 0;
	for (i = 0; i < tr->nsources; i++) {
		sg = tr->sources[i];
		for (k = 0; k < sg->nparts; k++)
			if (sg->parts[k].next >= 0)
				tr->offsets[n++] = (struct weir__offset){
					sg->nd, sg->parts[k].no,
					sg->parts[k].next
				};
	}
	return n;
}

int
weir__tree_commit(struct weir__tree *tr, const struct weir__offset *list,
    size_t n, struct weir_err *err)
{
	const struct weir_source_ops *ops;
	struct weir_position *at;
	struct weir__instance *sg;
	size_t i, k, m;
	int rc = WEIR_OK;

	at = weir__alloc((n + 1) * sizeof *at);
	if (at == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	for (i = 0; i < tr->nsources && rc >= 0; i++) {
		sg = tr->sources[i];
		ops = sg->nd->type->source;
		for (k = 0, m = 0; k < n; k++)
			if (list[k].node == sg->nd)
				at[m++] = (struct weir_position){
					.partition = list[k].partition,
					.next = list[k].next };
		if (m != 0 && ops->commit != NULL)
			rc = weir__tree_called(sg,
			    ops->commit(&sg->st, at, m, err), err);
	}
	weir__free(at);
	return rc < 0 ? WEIR_ERROR : WEIR_OK;
}

/* ---- what sources say */

int
weir__source_partition(struct weir_stage *st, int32_t partition,
    const char *name)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct weir__part *pa = weir__part_get(sg, partition);
	char *copy;

	if (pa == NULL)
		return WEIR_ERROR;
	if (name == NULL)
		return WEIR_OK;
	copy = weir__strdup(name);
	if (copy == NULL)
		return WEIR_ERROR;
	weir__free(pa->name);
	pa->name = copy;
	return WEIR_OK;
}

int
weir__source_position(struct weir_stage *st, int32_t partition, int64_t next,
    enum weir_partition_state state)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct weir__part *pa = weir__part_get(sg, partition);

	if (pa == NULL)
		return WEIR_ERROR;
	pa->next = next;
	pa->state = state;
	if (state != WEIR_PART_AT_END)
		pa->end_since = INT64_MIN;
	else if (pa->end_since == INT64_MIN)
		pa->end_since = weir__run_clock(sg->tree->run);
	return WEIR_OK;
}

int
weir__source_note(struct weir_stage *st, int32_t partition, const void *p,
    size_t n)
{
	struct weir__part *pa = weir__part_get(weir__instance_of(st), partition);

	if (pa == NULL || n > sizeof pa->note)
		return WEIR_ERROR;
	memcpy(pa->note, p, n);
	pa->note_len = (uint8_t)n;
	return WEIR_OK;
}

void
weir__source_lost(struct weir_stage *st, int32_t partition, int64_t from,
    int64_t to, const char *fmt, ...)
{
	struct weir__instance *sg = weir__instance_of(st);
	va_list ap;

	if (to > from && from >= 0)
		sg->lost += (uint64_t)(to - from);
	else
		sg->lost_unknown++;
	va_start(ap, fmt);
	weir__vlog(&sg->tree->run->log, WEIR_LOG_WARN, sg->nd->id, fmt, ap);
	va_end(ap);
	(void)partition;
}

void
weir__source_lag(struct weir_stage *st, int32_t partition, int64_t rows)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct weir__part *pa = weir__part_get(sg, partition);
	char labels[48];

	if (pa == NULL)
		return;
	pa->lag = rows;
	snprintf(labels, sizeof labels, "partition=\"%d\"", (int)partition);
	weir__metrics_set(&sg->tree->run->metrics, sg->nd->id, "lag", labels,
	    (double)rows);
}
