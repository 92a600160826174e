/* SPDX-License-Identifier: MIT
 *
 * Watermarks of one stage.
 */
#include "run/watermark.h"

#include "base/alloc.h"
#include "base/buf.h"

struct part {
	int32_t source;
	int32_t partition;
	int64_t max;
};

struct weir__wm {
	const struct weir__watermark *cf;
	struct part *list;
	size_t n, cap;
	size_t last; /* asked for last */
	int64_t current;
	bool all_idle; /* since idle_from, at idle_base */
	int64_t idle_from;
	int64_t idle_base;
};

struct weir__wm *
weir__wm_new(const struct weir__watermark *cf)
{
	struct weir__wm *wm = weir__zalloc(sizeof *wm);

	if (wm == NULL)
		return NULL;
	wm->cf = cf;
	wm->current = INT64_MIN;
	return wm;
}

void
weir__wm_free(struct weir__wm *wm)
{
	if (wm == NULL)
		return;
	weir__free(wm->list);
	weir__free(wm);
}

static struct part *
find(const struct weir__wm *wm, int32_t source, int32_t partition)
{
	size_t i;

	for (i = 0; i < wm->n; i++)
		if (wm->list[i].source == source &&
		    wm->list[i].partition == partition)
			return &wm->list[i];
	return NULL;
}

int64_t *
weir__wm_max(struct weir__wm *wm, int32_t source, int32_t partition)
{
	struct part *pa, *list;
	size_t cap;

	if (wm->last < wm->n) {
		pa = &wm->list[wm->last];
		if (pa->source == source && pa->partition == partition)
			return &pa->max;
	}
	pa = find(wm, source, partition);
	if (pa == NULL) {
		if (wm->n == wm->cap) {
			cap = wm->cap != 0 ? wm->cap * 2 : 8;
			list = weir__realloc(wm->list, cap * sizeof *list);
			if (list == NULL)
				return NULL;
			wm->list = list;
			wm->cap = cap;
		}
		pa = &wm->list[wm->n++];
		*pa = (struct part){ source, partition, INT64_MIN };
	}
	wm->last = (size_t)(pa - wm->list);
	return &pa->max;
}

int64_t
weir__wm_at(const struct weir__wm *wm, int32_t source, int32_t partition)
{
	const struct part *pa = find(wm, source, partition);

	return pa != NULL ? weir__wm_less(pa->max, wm->cf->delay) : INT64_MIN;
}

/* What the partitions say together. */
struct summary {
	size_t active;
	int64_t least; /* of the active ones */
	size_t idle;
	int64_t last_idle; /* when the last one became so */
	int64_t idle_base; /* and where it stood */
};

static void
add(struct weir__wm *wm, struct summary *su, const struct weir__wm_view *vi,
    int64_t now)
{
	int64_t at = weir__wm_at(wm, vi->source, vi->partition);
	int64_t since;

	if (vi->finished)
		return;
	if (wm->cf->idle > 0 && vi->end_since != INT64_MIN &&
	    now - vi->end_since >= wm->cf->idle) {
		since = vi->end_since + wm->cf->idle;
		if (su->idle == 0 || since > su->last_idle) {
			su->last_idle = since;
			su->idle_base = at;
		}
		su->idle++;
		return;
	}
	su->least = su->active == 0 || at < su->least ? at : su->least;
	su->active++;
}

/* All idle: on at the clock's rate from when the last one became so. */
static int64_t
advance_idle(struct weir__wm *wm, const struct summary *su, int64_t now)
{
	if (!wm->all_idle || su->last_idle != wm->idle_from) {
		wm->all_idle = true;
		wm->idle_from = su->last_idle;
		wm->idle_base = su->idle_base > wm->current ? su->idle_base :
							      wm->current;
	}
	if (wm->idle_base == INT64_MIN)
		return INT64_MIN;
	return weir__wm_less(wm->idle_base, su->last_idle - now);
}

int64_t
weir__wm_advance(struct weir__wm *wm, const struct weir__wm_view *list,
    size_t n, bool waiting, int64_t now)
{
	struct summary su = { .least = INT64_MAX };
	int64_t to;
	size_t i;

	for (i = 0; i < n; i++)
		add(wm, &su, &list[i], now);
	if (waiting) {
		wm->all_idle = false;
		return wm->current;
	}
	if (su.active != 0) {
		wm->all_idle = false;
		to = su.least;
	} else if (su.idle != 0) {
		to = advance_idle(wm, &su, now);
	} else {
		to = INT64_MAX;
	}
	if (to > wm->current)
		wm->current = to;
	return wm->current;
}

/* ---- kept */

#define NO_STAGE UINT32_MAX /* rows of no source */

struct kept {
	int64_t current;
	int64_t idle_from;
	int64_t idle_base;
	uint32_t all_idle;
	uint32_t n; /* struct kept_part that follow */
};

struct kept_part {
	uint32_t stage;
	int32_t partition;
	int64_t max;
};

void
weir__wm_save(const struct weir__wm *wm, struct weir__buf *to,
    const uint32_t *stage_of)
{
	struct kept k = { wm->current, wm->idle_from, wm->idle_base,
		wm->all_idle, (uint32_t)wm->n };
	struct kept_part kp;
	size_t i;

	weir__buf_add(to, &k, sizeof k);
	for (i = 0; i < wm->n; i++) {
		kp = (struct kept_part){
			.stage = wm->list[i].source < 0 ? NO_STAGE :
			    stage_of[wm->list[i].source],
			.partition = wm->list[i].partition,
			.max = wm->list[i].max,
		};
		weir__buf_add(to, &kp, sizeof kp);
	}
}

int
weir__wm_load(struct weir__wm *wm, const void *p, size_t n,
    const int32_t *source_of, size_t nstages)
{
	const char *at = p;
	struct kept_part kp;
	struct kept k;
	int32_t source;
	int64_t *max;
	uint32_t i;

	if (n < sizeof k)
		return WEIR_ERROR;
	memcpy(&k, at, sizeof k);
	at += sizeof k;
	if ((n - sizeof k) / sizeof kp != k.n || (n - sizeof k) % sizeof kp != 0)
		return WEIR_ERROR;
	wm->current = k.current;
	wm->idle_from = k.idle_from;
	wm->idle_base = k.idle_base;
	wm->all_idle = k.all_idle != 0;
	for (i = 0; i < k.n; i++, at += sizeof kp) {
		memcpy(&kp, at, sizeof kp);
		if (kp.stage >= nstages && kp.stage != NO_STAGE)
			return WEIR_ERROR;
		source = kp.stage == NO_STAGE ? -1 : source_of[kp.stage];
		if (source < 0 && kp.stage != NO_STAGE)
			continue;
		max = weir__wm_max(wm, source, kp.partition);
		if (max == NULL)
			return WEIR_AGAIN;
		*max = kp.max;
	}
	return WEIR_OK;
}
