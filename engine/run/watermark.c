/* SPDX-License-Identifier: MIT
 *
 * Watermarks of one stage.
 */
#include "run/watermark.h"

#include "base/alloc.h"

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
