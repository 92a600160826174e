/* SPDX-License-Identifier: MIT
 *
 * Rows that a sink would not take: read from its spool again and rejected.
 */
#include "run/poison.h"

#include "base/alloc.h"
#include "run/instance.h"

/* A row that was spooled as bytes of the sink's own: its payload. */
static const struct weir_type bytes = { .kind = WEIR_BYTES };
static const struct weir_field payload_cols[] = {
	{ .name = "key", .type = &bytes },
	{ .name = "value", .type = &bytes },
};
static const struct weir_schema payload_schema = {
	.ncols = 2, .cols = payload_cols, .event_time = -1
};

static int
put(struct weir_batch *b, uint32_t col, const void *p, size_t n)
{
	struct weir__arena *ar = weir__batch_arena(b);
	struct weir_column *co = &b->cols[col];
	char *to;

	if (p == NULL) {
		memset(&co->u.str[0], 0, sizeof co->u.str[0]);
		return weir__column_validity(ar, co, 1, false);
	}
	to = weir__arena_alloc(ar, n);
	if (to == NULL)
		return -1;
	memcpy(to, p, n);
	co->u.str[0] = weir_str_make(to, n);
	return 0;
}

/* A batch of the one row; its own root, so that the payload is found. */
static struct weir_batch *
payload_row(struct weir__instance *sg, const struct weir_frame *fr,
    uint32_t row, struct weir_err *err)
{
	const struct weir_sink_ops *ops = sg->nd->type->sink;
	struct weir_payload pl = { 0 };
	struct weir_batch *b;

	if (ops->payload == NULL || ops->payload(fr, row, &pl) != 0) {
		weir_fail(err, sg->nd->span, "spool.damaged",
		    "a row that %s refused can't be read from its spool",
		    sg->nd->id);
		return NULL;
	}
	b = weir__batch_new(sg->tree->pool, &payload_schema, NULL, 1);
	if (b != NULL && (put(b, 0, pl.key, pl.key_len) != 0 ||
		put(b, 1, pl.value, pl.value_len) != 0)) {
		weir__batch_unref(b);
		b = NULL;
	}
	if (b == NULL) {
		weir__tree_oom(sg, err);
		return NULL;
	}
	b->nrows = 1;
	b->source = -1;
	b->root = b;
	return b;
}

static int
reject_row(struct weir__instance *sg, const struct weir_frame *fr,
    const struct weir_poison *po, struct weir_err *err)
{
	struct weir_reason why = { .code = po->code, .text = po->text,
		.position = -1 };
	uint32_t row = (uint32_t)(po->row - fr->first);
	struct weir_batch *b;
	int rc;

	if (fr->batch != NULL) {
		b = (struct weir_batch *)(uintptr_t)fr->batch;
		rc = weir__reject_add(sg, b, row, b->schema, b->cols, &why);
	} else {
		b = payload_row(sg, fr, row, err);
		if (b == NULL)
			return WEIR_ERROR;
		rc = weir__reject_add(sg, b, 0, b->schema, b->cols, &why);
		if (rc == 0)
			weir__reject_made(sg);
		weir__batch_unref(b);
	}
	if (rc != 0)
		return weir__tree_oom(sg, err);
	sg->n.passed--;
	return WEIR_OK;
}

static int
reject_rows(struct weir__instance *sg, const struct weir__rejects *re,
    struct weir__spool_reader *rd, struct weir_err *err)
{
	struct weir_frame fr;
	size_t k = 0;
	int rc = WEIR_OK;

	while (k < re->n && rc == WEIR_OK) {
		rc = weir__spool_next(rd, &fr, err);
		for (; rc == WEIR_OK && k < re->n &&
		     re->rows[k].row < fr.first + fr.rows; k++)
			rc = reject_row(sg, &fr, &re->rows[k], err);
		if (rc == WEIR_OK && sg->nrejects != 0)
			rc = weir__reject_flush(sg, err);
	}
	weir__reject_drop(sg); /* they hold the reader's batch */
	return rc == WEIR_END ? WEIR_OK : rc;
}

int
weir__poison_take(struct weir__run *ru, struct weir__rejects **taken,
    struct weir_err *err)
{
	struct weir__spool_reader rd;
	struct weir__instance *sg;
	struct weir__rejects *re;
	const struct weir__node *nd;
	size_t i;
	int rc = WEIR_OK;

	pthread_mutex_lock(&ru->lock);
	*taken = ru->taking = ru->rejects;
	ru->rejects = NULL;
	pthread_mutex_unlock(&ru->lock);
	for (re = *taken; re != NULL && rc == WEIR_OK; re = re->next) {
		for (i = 0, nd = NULL; i < ru->pl->nnodes; i++)
			if (strcmp(ru->pl->nodes[i]->id, re->sink) == 0)
				nd = ru->pl->nodes[i];
		if (nd == NULL || ru->spools[nd->no] == NULL)
			continue;
		sg = weir__instance_of(weir__tree_stage(ru->tree, nd));
		if (weir__spool_read(&rd, ru->spools[nd->no], &re->spool,
			nd->inputs[0].schema) != 0)
			return weir__tree_oom(sg, err);
		rc = reject_rows(sg, re, &rd, err);
		weir__spool_done(&rd);
	}
	return rc;
}

void
weir__poison_drop(struct weir__run *ru, struct weir__rejects *taken)
{
	pthread_mutex_lock(&ru->lock);
	if (ru->taking == taken)
		ru->taking = NULL;
	pthread_mutex_unlock(&ru->lock);
	weir__rejects_drop(taken);
}

bool
weir__poison_waits(struct weir__run *ru)
{
	bool any;

	pthread_mutex_lock(&ru->lock);
	any = ru->rejects != NULL;
	pthread_mutex_unlock(&ru->lock);
	return any;
}
