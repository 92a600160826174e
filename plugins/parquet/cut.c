/* SPDX-License-Identifier: MIT
 *
 * The end of an epoch: which files go to the publisher, and making them
 * durable on the journal's thread.
 */
#include <errno.h>

#include "sink.h"

static int
no_memory(struct weir_stage *st, struct weir_err *err)
{
	return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory");
}

/* Has the time of an open file come? */
static bool
is_due(const struct pq_write *wc, const struct pq_part *pa, uint64_t epoch,
    int64_t now, bool last)
{
	const struct pq_roll *ro = &wc->roll;

	return last || (ro->age != 0 && now - pa->opened_at >= ro->age) ||
	    (ro->idle != 0 && now - pa->written_at >= ro->idle) ||
	    (ro->epochs != 0 &&
		epoch - pa->first_epoch + 1 >= (uint64_t)ro->epochs);
}

static void
cut_add(struct pq_cut *ct, struct pq_part *pa)
{
	pa->next = NULL;
	*ct->tail = pa;
	ct->tail = &pa->next;
	ct->nparts++;
}

/* Files ended since the last cut, in the order of their ending. */
static void
take_ended(struct pq_sink *sk, struct pq_cut *ct)
{
	struct pq_part *pa, *turned = NULL;

	while ((pa = sk->ended) != NULL) {
		sk->ended = pa->next;
		pa->next = turned;
		turned = pa;
	}
	while ((pa = turned) != NULL) {
		turned = pa->next;
		cut_add(ct, pa);
	}
	sk->nended = 0;
}

int
pq_sink_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	struct pq_cut *ct = st->host->zalloc(sizeof *ct);
	int64_t now = weir_clock(st);
	struct pq_part *pa, *next;
	uint32_t i;

	if (ct == NULL)
		return no_memory(st, err);
	ct->tail = &ct->parts;
	ct->epoch = epoch;
	ct->scratch = &sk->prepare;
	/* names must not go back in time where the clock does */
	ct->stamp = now / 1000 > sk->stamp ? now / 1000 : sk->stamp;
	sk->stamp = ct->stamp;
	take_ended(sk, ct);
	for (i = 0; i < PQ_BUCKETS; i++)
		for (pa = sk->bucket[i]; pa != NULL; pa = next) {
			next = pa->next;
			if (!pa->open) {
				pq_part_unlink(sk, pa);
				pq_part_free(st->host, pa, false);
			} else if (is_due(wc, pa, epoch, now, last)) {
				pq_part_unlink(sk, pa);
				cut_add(ct, pa);
			} else if (ct->held_from == 0 ||
			    pa->first_epoch < ct->held_from)
				ct->held_from = pa->first_epoch;
		}
	sk->cut = ct;
	*cut = ct;
	return WEIR_OK;
}

/* Every file of the cut durable, and the names of all. */
static int
cut_sync(struct weir_stage *st, struct pq_cut *ct, struct weir_err *err)
{
	const struct pq_sink *sk = st->state;
	struct pq_part *pa;

	for (pa = ct->parts; pa != NULL; pa = pa->next)
		if (pq_part_finish(st, pa, ct->scratch, err) != WEIR_OK ||
		    pq_part_sync(st, pa, err) != WEIR_OK)
			return WEIR_ERROR;
	if (ct->parts != NULL && pq_place_sync_dir(sk->dir) != 0)
		return st->host->fail(err, WEIR_NOWHERE, "parquet.sync",
		    "cannot make \"%s\" durable: %s", sk->dir,
		    strerror(errno));
	return WEIR_OK;
}

int
pq_sink_prepare(struct weir_stage *st, void *cut, struct weir_intent *intent,
    struct weir_err *err)
{
	struct pq_sink *sk = st->state;
	struct pq_cut *ct = cut;
	int rc;

	sk->cut = NULL;
	rc = cut_sync(st, ct, err);
	if (rc == WEIR_OK)
		rc = pq_intent_make(st, ct, intent, err);
	if (rc == WEIR_OK && ct->nparts != 0) {
		sk->nfiles += ct->nparts;
		weir_metric(st, "files", NULL, (double)sk->nfiles);
	}
	pq_cut_free(st->host, ct, rc != WEIR_OK);
	return rc;
}
