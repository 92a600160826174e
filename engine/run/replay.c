/* SPDX-License-Identifier: MIT
 *
 * Choosing rows to replay, and making batches of them: see replay.h.
 */
#include "run/replay.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "batch/frame.h"

static int
oom(struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

/* ---- lines */

static struct weir__replay_line *
line_of(struct weir__replay *rp, const char *stage, const char *code)
{
	struct weir__replay_line *list, *li;
	size_t i;

	for (i = 0; i < rp->nlines; i++)
		if (strcmp(rp->lines[i].stage, stage) == 0 &&
		    strcmp(rp->lines[i].code, code) == 0)
			return &rp->lines[i];
	list = weir__realloc(rp->lines, (rp->nlines + 1) * sizeof *list);
	if (list == NULL)
		return NULL;
	rp->lines = list;
	li = &list[rp->nlines++];
	memset(li, 0, sizeof *li);
	li->stage = weir__strdup(stage);
	li->code = weir__strdup(code);
	return li->stage != NULL && li->code != NULL ? li : NULL;
}

static void
drop_lines(struct weir__replay *rp)
{
	size_t i;

	for (i = 0; i < rp->nlines; i++) {
		weir__free(rp->lines[i].stage);
		weir__free(rp->lines[i].code);
		weir__free(rp->lines[i].text);
	}
	weir__free(rp->lines);
	rp->lines = NULL;
	rp->nlines = 0;
}

/* Tell of a row; `why` it stays, or NULL. */
static int
tell(struct weir__replay *rp, uint32_t row, const char *why)
{
	const struct weir__shelf_frame *fr = &rp->re.frame;
	const struct weir__shelved *sd = &rp->todo[rp->at];
	struct weir__replay_line *li = line_of(rp, fr->stage, fr->codes[row]);
	char *text;

	if (li == NULL)
		return -1;
	li->last = (struct weir__ids){ sd->epoch, fr->first + row, 1 };
	li->to = sd->now;
	if (li->rows + li->stay == 0) {
		li->first = li->last;
		li->from = sd->now;
	}
	if (why != NULL) {
		li->stay++;
		snprintf(li->why, sizeof li->why, "%s", why);
	} else {
		li->rows++;
	}
	if (li->text != NULL && strcmp(li->text, fr->texts[row]) == 0)
		return 0;
	text = weir__strdup(fr->texts[row]);
	weir__free(li->text);
	li->text = text;
	return text != NULL ? 0 : -1;
}

/* ---- does it fit? */

static const struct weir__node *
node_of(const struct weir__plan *pl, const char *id)
{
	size_t i;

	for (i = 0; i < pl->nnodes; i++)
		if (strcmp(pl->nodes[i]->id, id) == 0)
			return pl->nodes[i];
	return NULL;
}

static void
types(struct weir__buf *bf, const struct weir_field *was,
    const struct weir_field *is)
{
	weir__buf_str(bf, "was ");
	weir__type_print(bf, was->type);
	weir__buf_str(bf, was->required ? "!" : "");
	weir__buf_str(bf, " and is ");
	weir__type_print(bf, is->type);
	weir__buf_str(bf, is->required ? "!" : "");
}

/* A column that the stage reads against what was kept; false and why. */
static bool
column_fits(const struct weir_batch *kept, const struct weir_field *is,
    int32_t at, char *why, size_t n)
{
	const struct weir_field *was;
	struct weir__buf bf;

	if (at < 0 || !weir_present(&kept->cols[at])) {
		snprintf(why, n, "it reads the column %s now, which was not "
		    "kept with them%s", is->name, at < 0 ? ": it was not there" :
		    ": nothing read it then");
		return false;
	}
	was = &kept->schema->cols[at];
	if (weir__type_same(was->type, is->type, false) &&
	    (was->required || !is->required))
		return true;
	weir__buf_init(&bf);
	types(&bf, was, is);
	snprintf(why, n, "its column %s %s", is->name, weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
	return false;
}

static bool
fits(const struct weir__node *nd, uint32_t input,
    const struct weir_batch *kept, char *why, size_t n)
{
	const struct weir__input *in;
	uint32_t c;

	if (nd == NULL || input >= nd->ninputs) {
		snprintf(why, n, nd == NULL ? "there is no stage of that id" :
		    "it has no input %u any more", input);
		return false;
	}
	in = &nd->inputs[input];
	if (in->schema->kind != kept->schema->kind) {
		snprintf(why, n, "its rows %s",
		    kept->schema->kind == WEIR_CHANGES ?
		    "were changes, with puts and deletes, and are facts now" :
		    "were facts, and are changes now, with puts and deletes");
		return false;
	}
	for (c = 0; c < in->schema->ncols; c++)
		if ((in->reads == NULL || in->reads[c]) &&
		    !column_fits(kept, &in->schema->cols[c],
			weir__schema_find(kept->schema,
			    in->schema->cols[c].name), why, n))
			return false;
	return true;
}

/* ---- batches */

/* Sources by the numbers that they have in this plan. */
static int32_t
source_no(const struct weir__replay *rp, int32_t was)
{
	const struct weir__shelf_frame *fr = &rp->re.frame;
	int32_t no = 0;
	size_t i;

	if (was < 0 || (uint32_t)was >= fr->nsources)
		return -1;
	for (i = 0; i < rp->pl->nnodes; i++) {
		if (rp->pl->nodes[i]->type->role != WEIR_SOURCE)
			continue;
		if (strcmp(rp->pl->nodes[i]->id, fr->sources[was]) == 0)
			return no;
		no++;
	}
	return -1;
}

static void
place_sources(const struct weir__replay *rp, struct weir_batch *b)
{
	int32_t *list = (int32_t *)(uintptr_t)b->sources;
	uint32_t i;

	b->source = source_no(rp, b->source);
	for (i = 0; list != NULL && i < b->nrows; i++)
		list[i] = source_no(rp, list[i]);
}

static int
damaged(const struct weir__replay *rp, bool bad, struct weir_err *err)
{
	if (!bad)
		return oom(err);
	return weir_fail(err, WEIR_NOWHERE, "spool.damaged",
	    "what is kept for replay is damaged: rows of epoch %" PRIu64
	    " can't be read", rp->todo[rp->at].epoch);
}

static void
release(void *p)
{
	weir__batch_unref(p);
}

/* What was kept, as the stage's input has it; the rows' root with it. */
static int
as_input(struct weir__replay *rp, const struct weir_schema *sc,
    struct weir_batch *kept, struct weir_batch **out, struct weir_err *err)
{
	const struct weir__shelf_frame *fr = &rp->re.frame;
	struct weir_batch *b, *root;
	int32_t at;
	uint32_t c;
	bool bad = false;

	*out = NULL;
	b = weir__batch_derive(rp->pool, sc, kept, NULL, kept->nrows);
	if (b == NULL)
		return oom(err);
	for (c = 0; c < sc->ncols; c++) {
		at = weir__schema_find(kept->schema, sc->cols[c].name);
		if (at >= 0 && weir__type_same(kept->schema->cols[at].type,
			sc->cols[c].type, false))
			b->cols[c] = kept->cols[at];
	}
	if (fr->own_root)
		b->root = b;
	*out = b;
	if (fr->root == NULL)
		return WEIR_OK;
	root = weir__batch_load(rp->pool, &fr->root_schema, fr->root,
	    fr->root_len, &bad);
	if (root == NULL || root->nrows != b->nrows ||
	    weir__batch_pin(b, root, release) != 0) {
		bad |= root != NULL && root->nrows != b->nrows;
		weir__batch_unref(root);
		weir__batch_unref(b);
		*out = NULL;
		return damaged(rp, bad, err);
	}
	b->root = root;
	return WEIR_OK;
}

/* Some rows of a batch; takes it. */
static struct weir_batch *
only(struct weir__replay *rp, struct weir_batch *of, const uint32_t *rows,
    uint32_t n)
{
	const struct weir_schema *sc = of->schema;
	struct weir_batch *b;
	uint32_t c;

	if (n == of->nrows)
		return of;
	b = weir__batch_derive(rp->pool, sc, of, rows, n);
	for (c = 0; b != NULL && c < sc->ncols; c++)
		if (weir_present(&of->cols[c]) &&
		    weir__column_gather(weir__batch_arena(b), &b->cols[c],
			&of->cols[c], sc->cols[c].type, rows, n) != 0) {
			weir__batch_unref(b);
			b = NULL;
		}
	weir__batch_unref(of);
	return b;
}

/* ---- choosing */

static uint32_t
choose(const struct weir__replay *rp, uint32_t *rows)
{
	const struct weir__shelf_frame *fr = &rp->re.frame;
	const struct weir__shelved *sd = &rp->todo[rp->at];
	uint32_t i, n = 0;

	if (rp->stage != NULL && strcmp(rp->stage, fr->stage) != 0)
		return 0;
	for (i = 0; i < fr->rows; i++) {
		if (rp->limit != 0 && rp->chosen + n >= rp->limit)
			break;
		if (!weir__shelved_has(sd, fr->first + i) ||
		    (rp->code != NULL &&
			strcmp(rp->code, fr->codes[i]) != 0))
			continue;
		rows[n++] = i;
	}
	return n;
}

static int
note_ids(struct weir__replay *rp, const uint32_t *rows, uint32_t n)
{
	const struct weir__shelved *sd = &rp->todo[rp->at];
	struct weir__ids *list, *last;
	uint64_t no;
	uint32_t i;

	for (i = 0; i < n; i++) {
		no = rp->re.frame.first + rows[i];
		last = rp->nids != 0 ? &rp->ids[rp->nids - 1] : NULL;
		if (last != NULL && last->epoch == sd->epoch &&
		    last->first + last->n == no) {
			last->n++;
			continue;
		}
		if (rp->nids == rp->cap_ids) {
			rp->cap_ids = rp->cap_ids != 0 ? rp->cap_ids * 2 : 64;
			list = weir__realloc(rp->ids,
			    rp->cap_ids * sizeof *list);
			if (list == NULL)
				return -1;
			rp->ids = list;
		}
		rp->ids[rp->nids++] = (struct weir__ids){ sd->epoch, no, 1 };
	}
	return 0;
}

/* The rows of the frame: a batch, or none where they do not fit. */
static int
make_item(struct weir__replay *rp, struct weir__replay_item *it,
    const uint32_t *rows, uint32_t n, struct weir_err *err)
{
	struct weir__shelf_frame *fr = &rp->re.frame;
	struct weir_batch *kept, *b;
	char why[300];
	bool fit, bad = false;
	uint32_t i;
	int rc;

	kept = weir__batch_load(rp->pool, &fr->schema, fr->data, fr->len,
	    &bad);
	if (kept == NULL || kept->nrows != fr->rows) {
		bad |= kept != NULL;
		weir__batch_unref(kept);
		return damaged(rp, bad, err);
	}
	it->node = node_of(rp->pl, fr->stage);
	it->input = fr->input;
	fit = fits(it->node, it->input, kept, why, sizeof why);
	for (i = 0; i < n; i++)
		if (tell(rp, rows[i], fit ? NULL : why) != 0) {
			weir__batch_unref(kept);
			return oom(err);
		}
	if (!fit) {
		weir__batch_unref(kept);
		return WEIR_AGAIN;
	}
	place_sources(rp, kept);
	rc = as_input(rp, it->node->inputs[it->input].schema, kept, &b, err);
	weir__batch_unref(kept);
	if (rc != WEIR_OK)
		return rc;
	it->batch = only(rp, b, rows, n);
	if (it->batch == NULL)
		return oom(err);
	if (note_ids(rp, rows, n) == 0)
		return WEIR_OK;
	weir__batch_unref(it->batch);
	return oom(err);
}

/* The next frame, of this epoch or a later one. */
static int
next_frame(struct weir__replay *rp, struct weir_err *err)
{
	int rc;

	for (; rp->at < rp->ntodo; rp->at++, rp->reading = false) {
		if (!rp->reading && weir__shelf_begin(&rp->re,
			&rp->todo[rp->at], err) != WEIR_OK)
			return WEIR_ERROR;
		rp->reading = true;
		rc = weir__shelf_next(&rp->re, err);
		if (rc != WEIR_END)
			return rc;
	}
	return WEIR_END;
}

int
weir__replay_next(struct weir__replay *rp, struct weir__replay_item *it,
    struct weir_err *err)
{
	uint32_t rows[WEIR_BATCH_ROWS], n;
	int rc;

	for (;;) {
		if (rp->limit != 0 && rp->chosen >= rp->limit)
			return WEIR_END;
		rc = next_frame(rp, err);
		if (rc != WEIR_OK)
			return rc;
		if (rp->re.frame.rows > WEIR_BATCH_ROWS)
			return damaged(rp, true, err);
		n = choose(rp, rows);
		if (n == 0)
			continue;
		rc = make_item(rp, it, rows, n, err);
		if (rc == WEIR_OK)
			rp->chosen += n;
		if (rc != WEIR_AGAIN)
			return rc;
	}
}

/* ---- beginning, end */

static int
copy_list(struct weir__replay *rp, const struct weir__shelf_list *sl)
{
	struct weir__shelved *to;
	size_t i, bytes;

	rp->todo = weir__zalloc((sl->n + 1) * sizeof *rp->todo);
	if (rp->todo == NULL)
		return -1;
	for (i = 0; i < sl->n; i++) {
		to = &rp->todo[rp->ntodo++];
		*to = sl->list[i];
		if (to->taken == NULL)
			continue;
		bytes = WEIR_BITMAP_WORDS(to->part.rows) * sizeof *to->taken;
		to->taken = weir__alloc(bytes);
		if (to->taken == NULL)
			return -1;
		memcpy(to->taken, sl->list[i].taken, bytes);
	}
	return 0;
}

int
weir__replay_begin(struct weir__replay *rp, const struct weir__plan *pl,
    const struct weir__shelf_list *sl, struct weir_err *err)
{
	weir__replay_end(rp);
	drop_lines(rp);
	rp->pl = pl;
	rp->pool = weir__pool_new();
	rp->more = true;
	if (rp->pool == NULL || copy_list(rp, sl) != 0)
		return oom(err);
	if (sl->n == 0)
		return WEIR_OK;
	rp->open = true;
	return weir__shelf_open(&rp->re, pl->state_dir, err);
}

void
weir__replay_end(struct weir__replay *rp)
{
	size_t i;

	if (rp->open)
		weir__shelf_close(&rp->re);
	for (i = 0; i < rp->ntodo; i++)
		weir__free(rp->todo[i].taken);
	weir__free(rp->todo);
	weir__free(rp->ids);
	if (rp->pool != NULL)
		weir__pool_free(rp->pool);
	rp->pool = NULL;
	rp->todo = NULL;
	rp->ids = NULL;
	rp->ntodo = rp->at = rp->nids = rp->cap_ids = 0;
	rp->chosen = 0;
	rp->open = rp->reading = rp->more = false;
}

void
weir__replay_fini(struct weir__replay *rp)
{
	weir__replay_end(rp);
	drop_lines(rp);
}

int
weir__replay_look(struct weir__replay *rp, const struct weir__plan *pl,
    const struct weir__shelf_list *sl, struct weir_err *err)
{
	struct weir__replay_item it;
	int rc = weir__replay_begin(rp, pl, sl, err);

	while (rc == WEIR_OK) {
		rc = weir__replay_next(rp, &it, err);
		if (rc == WEIR_OK)
			weir__batch_unref(it.batch);
	}
	weir__replay_end(rp);
	rp->before = rp->after = sl->counts;
	return rc == WEIR_END ? WEIR_OK : WEIR_ERROR;
}
