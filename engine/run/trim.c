/* SPDX-License-Identifier: MIT
 *
 * What the journal refers to and may go again: its own segments, state files,
 * spools.  Which file an epoch's bytes begin in is known by marks, one for each
 * file, since files take many epochs.
 */
#include <time.h>

#include "base/alloc.h"
#include "run/journal.h"
#include "run/loop.h"

int
weir__marks_add(struct weir__marks *ms, uint64_t epoch, uint64_t file)
{
	struct weir__mark *list;

	if (file == 0 || (ms->n != 0 && ms->list[ms->n - 1].file == file))
		return 0;
	if ((ms->n & (ms->n - 1)) == 0) {
		list = weir__realloc(ms->list,
		    (ms->n != 0 ? ms->n * 2 : 1) * sizeof *list);
		if (list == NULL)
			return -1;
		ms->list = list;
	}
	ms->list[ms->n++] = (struct weir__mark){ epoch, file };
	return 0;
}

uint64_t
weir__marks_need(struct weir__marks *ms, uint64_t epoch)
{
	size_t i = 0;

	while (i + 1 < ms->n && ms->list[i + 1].epoch <= epoch)
		i++;
	if (i != 0)
		memmove(ms->list, ms->list + i,
		    (ms->n - i) * sizeof *ms->list);
	ms->n -= i;
	return ms->n != 0 ? ms->list[0].file : 0;
}

/* Rows that a sink refused still have to be read again. */
struct refused {
	uint64_t epoch; /* the oldest of them */
	uint64_t file;	/* of the spool, that its bytes begin in */
};

static void
add_refused(struct refused *to, const struct weir__rejects *re,
    const struct weir__node *nd)
{
	for (; re != NULL; re = re->next) {
		if (nd != NULL && strcmp(re->sink, nd->id) != 0)
			continue;
		if (re->epoch < to->epoch)
			to->epoch = re->epoch;
		if (re->spool.extent.file < to->file)
			to->file = re->spool.extent.file;
	}
}

/* Of a sink; NULL: of all.  UINT64_MAX: none. */
static struct refused
refused(struct weir__run *ru, const struct weir__node *nd)
{
	struct refused to = { UINT64_MAX, UINT64_MAX };

	pthread_mutex_lock(&ru->lock);
	add_refused(&to, ru->rejects, nd);
	add_refused(&to, ru->taking, nd);
	pthread_mutex_unlock(&ru->lock);
	return to;
}

/* The first file of a spool that epochs from `need` on, or rows that were
 * refused, are in.  A start knows marks of what is still to be published only,
 * so those rows bring their own. */
static uint64_t
needed(struct weir__journal *jo, const struct weir__node *nd, uint64_t need)
{
	uint64_t file = weir__marks_need(&jo->spools[nd->no], need);
	struct refused re = refused(jo->ru, nd);

	return re.file < file ? re.file : file;
}

static void
trim_spool(struct weir__journal *jo, const struct weir__sink_cut *sc,
    uint64_t epoch, uint64_t published)
{
	const struct weir__node *nd = sc->node;

	if (!nd->spool || jo->ru->spools[nd->no] == NULL)
		return;
	(void)weir__marks_add(&jo->spools[nd->no], epoch,
	    sc->spool.extent.file);
	/* epochs without rows have no file: the last mark stays */
	weir__spool_trim(jo->ru->spools[nd->no], needed(jo, nd, published + 1));
}

/* Rows that are kept outlive the records that told of them: all are told of
 * once more before those go, and the longer the list, the less often. */
static void
trim_segments(struct weir__journal *jo, uint64_t need)
{
	const struct weir__shelf_list *sl = weir__shelf_list(jo->ru->shelf);
	struct weir_err err = { 0 };
	uint64_t no;

	if (weir__segments_bytes(jo->segments) <=
	    WEIR__JOURNAL_RETAIN + sl->n * 64)
		return;
	no = weir__marks_need(&jo->journal_marks, need);
	if (no <= weir__segments_first(jo->segments) ||
	    (sl->n != 0 && weir__journal_shelf(jo) != WEIR_OK))
		return;
	(void)weir__segments_trim(jo->segments, no, &err);
}

void
weir__journal_trim(struct weir__journal *jo, const struct weir__decision *de,
    uint64_t (*published)[2])
{
	uint64_t need = de->base != 0 ? de->base : de->epoch, e;
	size_t i;

	(void)weir__marks_add(&jo->journal_marks, de->epoch,
	    weir__segments_no(jo->segments));
	(void)weir__marks_add(&jo->state_marks, de->epoch, de->state.file);
	for (i = 0; i < de->nsinks; i++) {
		trim_spool(jo, &de->sinks[i], de->epoch, published[i][0]);
		need = published[i][0] + 1 < need ? published[i][0] + 1 : need;
		if (jo->ru->publishers[de->sinks[i].node->no] != NULL)
			weir__publisher_settled(
			    jo->ru->publishers[de->sinks[i].node->no],
			    published[i][0]);
	}
	weir__extents_trim(jo->state, weir__marks_need(&jo->state_marks,
		de->base != 0 ? de->base : de->epoch));
	e = refused(jo->ru, NULL).epoch;
	trim_segments(jo, e < need ? e : need);
}

/* ---- a disk that was full */

enum { RELIEF_US = 2000000 };

static uint64_t
waiting(const struct weir__run *ru)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < ru->pl->nnodes; i++)
		if (ru->spools[i] != NULL)
			n += weir__spool_waiting(ru->spools[i]);
	return n;
}

/* Let publishers get on with what is decided, for as long as they do. */
static void
let_publish(struct weir__run *ru)
{
	struct timespec nap = { .tv_nsec = 5 * 1000 * 1000 };
	int64_t since = weir__run_monotonic();
	uint64_t left = waiting(ru), now;

	while (left != 0 && weir__run_monotonic() - since < RELIEF_US &&
	    !atomic_load(&ru->failed) && !atomic_load(&ru->stopping)) {
		nanosleep(&nap, NULL);
		now = waiting(ru);
		if (now != left)
			since = weir__run_monotonic();
		left = now;
	}
}

void
weir__journal_relieve(struct weir__journal *jo)
{
	struct weir__run *ru = jo->ru;
	const struct weir__node *nd;
	struct weir__spool *sp;
	uint64_t solid, file;
	bool done;
	size_t i;

	let_publish(ru);
	for (i = 0; i < ru->pl->nnodes; i++) {
		nd = ru->pl->nodes[i];
		sp = ru->spools[i];
		/* the journal does not know it yet: the sink's own word holds */
		if (sp == NULL || ru->publishers[i] == NULL ||
		    nd->type->sink->last_published == NULL)
			continue;
		/* first how far it is, then what it refused on the way there */
		done = weir__spool_waiting(sp) == 0;
		file = needed(jo, nd, weir__publisher_published(
			ru->publishers[i], &solid) + 1);
		if (done && refused(ru, nd).file == UINT64_MAX)
			file = weir__spool_last(sp);
		weir__spool_trim(sp, file);
	}
}
