/* SPDX-License-Identifier: MIT
 *
 * The DECIDE record as bytes, and taken apart again.
 */
#include "base/alloc.h"
#include "journal/coding.h"
#include "run/past.h"
#include "run/record.h"

/* ---- writing */

static void
put_extent(struct weir__buf *bf, const struct weir__extent *ex)
{
	weir__put_u(bf, ex->file);
	weir__put_u(bf, ex->at);
	weir__put_u(bf, ex->len);
}

static void
put_sink(struct weir__buf *bf, const struct weir__sink_cut *sc,
    const uint64_t published[2])
{
	const struct weir_intent *in = &sc->intent;

	weir__put_str(bf, sc->node->id);
	weir__put_u(bf, sc->node->spool ? WEIR__SINK_SPOOL : 0);
	weir__put_u(bf, published[0]);
	weir__put_u(bf, published[1]);
	weir__put_u(bf, in->rows);
	weir__put_u(bf, in->held_from);
	weir__put_bytes(bf, in->data, in->len);
	weir__put_bytes(bf, in->keep, in->keep_len);
	if (!sc->node->spool)
		return;
	put_extent(bf, &sc->spool.extent);
	weir__put_u(bf, sc->spool.rows);
}

static void
put_shelf(struct weir__buf *bf, const struct weir__shelf_cut *sc)
{
	size_t i;

	put_extent(bf, &sc->part.extent);
	weir__put_u(bf, sc->part.rows);
	weir__put_u(bf, sc->counts.kept);
	weir__put_u(bf, sc->counts.replayed);
	weir__put_u(bf, sc->counts.dropped);
	weir__put_u(bf, sc->counts.withheld);
	weir__put_u(bf, sc->counts.unkept);
	weir__put_u(bf, sc->gone);
	weir__put_u(bf, sc->ntaken);
	for (i = 0; i < sc->ntaken; i++) {
		weir__put_u(bf, sc->taken[i].epoch);
		weir__put_u(bf, sc->taken[i].first);
		weir__put_u(bf, sc->taken[i].n);
	}
}

void
weir__decision_put(struct weir__buf *bf, const struct weir__decision *de,
    const uint64_t (*published)[2])
{
	const struct weir__rejects *re;
	size_t i, n = 0;

	weir__put_i(bf, de->now);
	weir__put_u(bf, de->rows);
	weir__put_u(bf, (de->last ? WEIR__DECIDE_LAST : 0) |
		(de->finished ? WEIR__DECIDE_FINISHED : 0));
	weir__put_u(bf, de->before);
	weir__put_i(bf, de->watermark);
	weir__put_u(bf, de->noffsets);
	for (i = 0; i < de->noffsets; i++) {
		weir__put_str(bf, de->offsets[i].node->id);
		weir__put_i(bf, de->offsets[i].partition);
		weir__put_i(bf, de->offsets[i].next);
	}
	weir__buf_add(bf, de->ledger.data, de->ledger.len);
	weir__put_bytes(bf, de->facts.data, de->facts.len);
	put_extent(bf, &de->state);
	weir__put_u(bf, de->state_crc);
	weir__put_u(bf, de->base);
	weir__put_u(bf, de->nsinks);
	for (i = 0; i < de->nsinks; i++)
		put_sink(bf, &de->sinks[i], published[i]);
	for (re = de->taken; re != NULL; re = re->next)
		n++;
	weir__put_u(bf, n);
	for (re = de->taken; re != NULL; re = re->next) {
		weir__put_str(bf, re->sink);
		weir__put_u(bf, re->epoch);
	}
	put_shelf(bf, &de->shelf);
}

void
weir__tree_ledger_put(const struct weir__tree *tr, struct weir__buf *bf)
{
	const struct weir__instance *list = tr->stages;
	size_t i, n = tr->nstages;
	const struct weir__counts *c;

	weir__put_u(bf, n);
	for (i = 0; i < n; i++) {
		c = &list[i].n;
		weir__put_str(bf, list[i].nd->id);
		weir__put_u(bf, c->in);
		weir__put_u(bf, c->passed);
		weir__put_u(bf, c->filtered);
		weir__put_u(bf, c->rejected);
		weir__put_u(bf, c->late);
		weir__put_u(bf, c->duplicate);
		weir__put_u(bf, c->absorbed);
		weir__put_u(bf, c->created);
		weir__put_u(bf, c->replayed);
		weir__put_u(bf, c->unmade);
		weir__put_u(bf, list[i].lost);
		weir__put_u(bf, list[i].lost_unknown);
	}
}

/* ---- reading */

static void
get_extent(struct weir__dec *de, struct weir__extent *to)
{
	to->file = weir__get_u(de);
	to->at = weir__get_u(de);
	to->len = weir__get_u(de);
}

/* A list of n things, or NULL where there are none or memory is out. */
static void *
list_of(struct weir__dec *de, size_t least, size_t size, size_t *n, bool *out)
{
	void *p;

	*n = weir__get_n(de, least);
	p = weir__zalloc((*n + 1) * size);
	if (p == NULL) {
		*n = 0;
		*out = true;
	}
	return p;
}

static void
get_sink(struct weir__dec *de, struct weir__rec_sink *rs)
{
	rs->id = weir__get_bytes(de, &rs->id_len);
	rs->flags = (unsigned)weir__get_u(de);
	rs->published = weir__get_u(de);
	rs->solid = weir__get_u(de);
	rs->rows = weir__get_u(de);
	rs->held_from = weir__get_u(de);
	rs->data = weir__get_bytes(de, &rs->len);
	rs->keep = weir__get_bytes(de, &rs->keep_len);
	if ((rs->flags & WEIR__SINK_SPOOL) == 0)
		return;
	get_extent(de, &rs->spool.extent);
	rs->spool.rows = weir__get_u(de);
}

static void
get_stage(struct weir__dec *de, struct weir__rec_stage *st)
{
	size_t i;

	st->id = weir__get_bytes(de, &st->id_len);
	for (i = 0; i < sizeof st->counts / sizeof *st->counts; i++)
		st->counts[i] = weir__get_u(de);
	st->lost = weir__get_u(de);
	st->lost_unknown = weir__get_u(de);
}

static void
get_shelf(struct weir__dec *de, struct weir__shelf_cut *to, bool *out)
{
	size_t i;

	get_extent(de, &to->part.extent);
	to->part.rows = weir__get_u(de);
	to->counts.kept = weir__get_u(de);
	to->counts.replayed = weir__get_u(de);
	to->counts.dropped = weir__get_u(de);
	to->counts.withheld = weir__get_u(de);
	to->counts.unkept = weir__get_u(de);
	to->gone = weir__get_u(de);
	to->taken = list_of(de, 3, sizeof *to->taken, &to->ntaken, out);
	for (i = 0; i < to->ntaken; i++) {
		to->taken[i].epoch = weir__get_u(de);
		to->taken[i].first = weir__get_u(de);
		to->taken[i].n = weir__get_u(de);
	}
}

static void
get_lists(struct weir__dec *de, struct weir__rec_decide *to, bool *out)
{
	size_t i;

	to->offsets = list_of(de, 3, sizeof *to->offsets, &to->noffsets, out);
	for (i = 0; i < to->noffsets; i++) {
		to->offsets[i].id = weir__get_bytes(de, &to->offsets[i].id_len);
		to->offsets[i].partition = (int32_t)weir__get_i(de);
		to->offsets[i].next = weir__get_i(de);
	}
	to->stages = list_of(de, 13, sizeof *to->stages, &to->nstages, out);
	for (i = 0; i < to->nstages; i++)
		get_stage(de, &to->stages[i]);
	to->facts = weir__get_bytes(de, &to->facts_len);
	get_extent(de, &to->state);
	to->state_crc = (uint32_t)weir__get_u(de);
	to->base = weir__get_u(de);
	to->sinks = list_of(de, 8, sizeof *to->sinks, &to->nsinks, out);
	for (i = 0; i < to->nsinks; i++)
		get_sink(de, &to->sinks[i]);
	to->taken = list_of(de, 2, sizeof *to->taken, &to->ntaken, out);
	for (i = 0; i < to->ntaken; i++) {
		to->taken[i].id = weir__get_bytes(de, &to->taken[i].id_len);
		to->taken[i].epoch = weir__get_u(de);
	}
	get_shelf(de, &to->shelf, out);
}

int
weir__rec_decide(struct weir__rec_decide *to, const void *p, size_t n,
    struct weir_err *err)
{
	struct weir__dec de = weir__dec(p, n);
	bool out = false;

	memset(to, 0, sizeof *to);
	to->now = weir__get_i(&de);
	to->rows = weir__get_u(&de);
	to->flags = (unsigned)weir__get_u(&de);
	to->before = weir__get_u(&de);
	to->watermark = weir__get_i(&de);
	get_lists(&de, to, &out);
	if (out)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (de.bad || de.p != de.end)
		return weir_fail(err, WEIR_NOWHERE, "journal.damaged",
		    "a record of the journal can't be read");
	return WEIR_OK;
}

void
weir__rec_decide_fini(struct weir__rec_decide *rd)
{
	weir__free(rd->offsets);
	weir__free(rd->stages);
	weir__free(rd->sinks);
	weir__free(rd->taken);
	weir__free(rd->shelf.taken);
}
