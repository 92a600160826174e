/* SPDX-License-Identifier: MIT
 *
 * The shelf: putting rejected rows on it, and what goes again.
 */
#include "run/shelf.h"

#include <stdio.h>

#include "base/alloc.h"
#include "batch/frame.h"
#include "run/instance.h"
#include "run/shelf_frame.h"

struct weir__shelf {
	struct weir__run *ru;
	/* The worker's. */
	struct weir__spool *sp; /* NULL before the first row */
	struct weir__buf frame;
	uint64_t n; /* of the epoch under way */
	struct weir__shelf_counts now;
	/* The journal's thread. */
	struct weir__shelf_list list;
	uint64_t file;	/* the last that a decision named */
	bool own_file;	/* it may still grow */
};

static int
open_spool(struct weir__shelf *sh, struct weir_err *err)
{
	char path[4096];

	if (sh->sp != NULL)
		return WEIR_OK;
	snprintf(path, sizeof path, "%s/replay", sh->ru->pl->state_dir);
	sh->sp = weir__spool_at(path, "what is kept for replay", err);
	return sh->sp != NULL ? WEIR_OK : WEIR_ERROR;
}

struct weir__shelf *
weir__shelf_new(struct weir__run *ru, struct weir__shelf_list *sl,
    struct weir_err *err)
{
	struct weir__shelf *sh = weir__zalloc(sizeof *sh);

	if (sh == NULL) {
		weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
		return NULL;
	}
	sh->ru = ru;
	weir__buf_init(&sh->frame);
	sh->list = *sl;
	sh->now = sl->counts;
	memset(sl, 0, sizeof *sl);
	if (sh->list.n == 0)
		return sh;
	sh->file = sh->list.list[sh->list.n - 1].part.extent.file;
	if (open_spool(sh, err) == WEIR_OK)
		return sh;
	weir__shelf_free(sh);
	return NULL;
}

/* Files that no epoch needs; the last goes only when it can't grow. */
static void
trim(struct weir__shelf *sh, bool grows)
{
	uint64_t need = grows ? sh->file : sh->file + 1;

	if (sh->sp == NULL || sh->file == 0)
		return;
	if (sh->list.n != 0)
		need = sh->list.list[0].part.extent.file;
	weir__spool_trim(sh->sp, need);
}

void
weir__shelf_free(struct weir__shelf *sh)
{
	if (sh == NULL)
		return;
	/* after a failure it may be that more is decided than is known */
	if (!atomic_load(&sh->ru->failed))
		trim(sh, false);
	weir__spool_free(sh->sp);
	weir__buf_fini(&sh->frame);
	weir__shelf_list_fini(&sh->list);
	weir__free(sh);
}

const struct weir__shelf_list *
weir__shelf_list(const struct weir__shelf *sh)
{
	return &sh->list;
}

/* ---- putting */

static int
oom(const struct weir__instance *sg, struct weir_err *err)
{
	return weir_fail(err, sg->nd->span, "memory", "out of memory");
}

static void
put_sources(struct weir__buf *bf, const struct weir__tree *tr)
{
	size_t i;

	weir__put_u(bf, tr->nsources);
	for (i = 0; i < tr->nsources; i++)
		weir__put_str(bf, tr->sources[i]->nd->id);
}

/* Which rows of the source's batch; NULL: the rows are its own. */
static const struct weir_batch *
root_of(const struct weir__rejected *re)
{
	const struct weir_batch *root = re->b->root;

	return root != NULL && root->schema != re->schema ? root : NULL;
}

static void
put_head(struct weir__buf *bf, const struct weir__instance *sg,
    const struct weir__rejected *list, uint32_t n)
{
	const struct weir_batch *root = root_of(&list[0]);
	unsigned flags = list[0].b->root == NULL ? 0 :
	    root == NULL ? WEIR__SHELF_OWN_ROOT : WEIR__SHELF_ROOT;
	uint32_t i;

	if (list[0].schema->kind == WEIR_CHANGES)
		flags |= WEIR__SHELF_CHANGES;
	weir__put_str(bf, sg->nd->id);
	weir__put_u(bf, (uint64_t)list[0].input);
	weir__put_u(bf, flags);
	put_sources(bf, sg->tree);
	weir__put_u(bf, n);
	for (i = 0; i < n; i++) {
		weir__put_str(bf, list[i].code);
		weir__put_str(bf, list[i].text);
	}
	weir__schema_put(bf, list[0].schema);
	if (root != NULL)
		weir__schema_put(bf, root->schema);
	weir__buf_fill(bf, '\0', -bf->len & 7);
}

/* The rows, of columns that need not be those of their batch. */
static int
put_rows(struct weir__buf *bf, const struct weir__rejected *list, uint32_t n)
{
	struct weir_batch at = *list[0].b;
	uint32_t rows[WEIR_BATCH_ROWS], i;

	at.schema = list[0].schema;
	at.ncols = list[0].schema->ncols;
	at.cols = (struct weir_column *)(uintptr_t)list[0].cols;
	for (i = 0; i < n; i++)
		rows[i] = list[i].row;
	return weir__batch_save_to(bf, &at, rows, n);
}

static int
put_root(struct weir__buf *bf, const struct weir__rejected *list, uint32_t n)
{
	const struct weir_batch *root = root_of(&list[0]);
	const uint32_t *of = list[0].b->root_rows;
	uint32_t rows[WEIR_BATCH_ROWS], i;

	if (root == NULL)
		return 0;
	for (i = 0; i < n; i++)
		rows[i] = of != NULL ? of[list[i].row] : list[i].row;
	return weir__batch_save_to(bf, root, rows, n);
}

static int
put_frame(struct weir__shelf *sh, const struct weir__instance *sg,
    const struct weir__rejected *list, uint32_t n)
{
	struct weir__buf *bf = &sh->frame;
	uint32_t lens[4] = { 0 };
	size_t head, rows;

	weir__buf_clear(bf);
	weir__buf_fill(bf, '\0', sizeof lens);
	put_head(bf, sg, list, n);
	head = bf->len;
	if (bf->failed || put_rows(bf, list, n) != 0)
		return -1;
	rows = bf->len;
	if (put_root(bf, list, n) != 0)
		return -1;
	lens[0] = (uint32_t)(head - sizeof lens);
	lens[1] = (uint32_t)(rows - head);
	lens[2] = (uint32_t)(bf->len - rows);
	memcpy(bf->data, lens, sizeof lens);
	return 0;
}

int
weir__shelf_put(struct weir__shelf *sh, const struct weir__instance *sg,
    const struct weir__rejected *list, uint32_t n, uint64_t *first,
    struct weir_err *err)
{
	const struct weir__settings *se;

	*first = 0;
	if (sh == NULL)
		return WEIR_OK;
	se = &sh->ru->pl->settings;
	if (list[0].input < 0 || sg->nd->is_quarantine) {
		sh->now.unkept += n;
		return WEIR_OK;
	}
	if (se->quarantine_value != 0 || se->replay.size == 0) {
		sh->now.withheld += n;
		return WEIR_OK;
	}
	if (put_frame(sh, sg, list, n) != 0)
		return oom(sg, err);
	if (open_spool(sh, err) != WEIR_OK ||
	    weir__spool_bytes(sh->sp, sh->frame.data, sh->frame.len, n, err) !=
		WEIR_OK)
		return WEIR_ERROR;
	*first = sh->n + 1;
	sh->n += n;
	sh->now.kept += n;
	return WEIR_OK;
}

int
weir__shelf_cut(struct weir__shelf *sh, struct weir__decision *de,
    struct weir_err *err)
{
	size_t i;

	if (sh == NULL)
		return WEIR_OK;
	for (i = 0; i < de->shelf.ntaken; i++)
		sh->now.replayed += de->shelf.taken[i].n;
	de->shelf.counts = sh->now;
	sh->n = 0;
	if (sh->sp == NULL)
		return WEIR_OK;
	return weir__spool_cut(sh->sp, &de->shelf.part, err);
}

/* ---- the journal's thread */

int
weir__shelf_sync(struct weir__shelf *sh, const struct weir__decision *de,
    struct weir_err *err)
{
	if (de->shelf.part.extent.file == 0)
		return WEIR_OK;
	return weir__spool_sync(sh->sp, err);
}

/* What is too old, and the oldest of what is too much; not in the moment that
 * some of it is replayed. */
void
weir__shelf_limit(struct weir__shelf *sh, struct weir__decision *de)
{
	const struct weir__settings *se;
	const struct weir__shelved *sd;
	uint64_t bytes;
	size_t i;

	if (sh == NULL || de->shelf.ntaken != 0)
		return;
	se = &sh->ru->pl->settings;
	bytes = sh->list.bytes + de->shelf.part.extent.len;
	for (i = 0; i < sh->list.n; i++) {
		sd = &sh->list.list[i];
		if (bytes <= se->replay.size &&
		    de->now - sd->now <= se->replay.age)
			break;
		bytes -= sd->part.extent.len;
		de->shelf.gone = sd->epoch;
		sh->list.counts.dropped += sd->left;
	}
	de->shelf.counts.dropped = sh->list.counts.dropped;
}

int
weir__shelf_decided(struct weir__shelf *sh, const struct weir__decision *de)
{
	const struct weir__shelf_cut *sc = &de->shelf;
	size_t i;

	if (sh == NULL)
		return 0;
	sh->list.counts = sc->counts;
	for (i = 0; i < sc->ntaken; i++)
		if (weir__shelf_list_take(&sh->list, &sc->taken[i]) ==
		    WEIR_ERROR)
			return -1;
	weir__shelf_list_drop(&sh->list, sc->gone);
	if (weir__shelf_list_add(&sh->list, de->epoch, de->now, &sc->part) !=
	    0)
		return -1;
	if (sc->part.extent.file != 0) {
		sh->file = sc->part.extent.file;
		sh->own_file = true;
	}
	if (sc->gone != 0 || sc->ntaken != 0)
		trim(sh, sh->own_file);
	return 0;
}
