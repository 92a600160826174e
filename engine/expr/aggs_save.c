/* SPDX-License-Identifier: MIT
 *
 * Lists of aggregates: what slots own, as bytes and back.
 *
 *	for each aggregate that owns memory, in the list's order:
 *	uint32 length, that many bytes of its own
 */
#include "expr/aggs.h"

static bool
owns(const struct weir__agg_item *it)
{
	return it->same < 0 && (it->flags & WEIR_AGG_OWNS) != 0 &&
	    it->ag->save != NULL && it->ag->save_size != NULL &&
	    it->ag->load != NULL;
}

bool
weir__aggs_owns(const struct weir_aggs *ag)
{
	uint32_t i;

	for (i = 0; i < ag->nitems; i++)
		if (owns(ag->items[i]))
			return true;
	return false;
}

size_t
weir__aggs_save_size(const struct weir_aggs *ag, const void *slot)
{
	const struct weir__agg_item *it;
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < ag->nitems; i++) {
		it = ag->items[i];
		if (owns(it))
			n += 4 + it->ag->save_size(it->bound,
			    (const char *)slot + it->offset);
	}
	return n;
}

void
weir__aggs_save(const struct weir_aggs *ag, const void *slot, char *to)
{
	const struct weir__agg_item *it;
	const char *at;
	uint32_t i, n;

	for (i = 0; i < ag->nitems; i++) {
		it = ag->items[i];
		if (!owns(it))
			continue;
		at = (const char *)slot + it->offset;
		n = (uint32_t)it->ag->save_size(it->bound, at);
		memcpy(to, &n, 4);
		it->ag->save(it->bound, at, to + 4);
		to += 4 + n;
	}
}

void
weir__aggs_blank(const struct weir_aggs *ag, void *slot)
{
	uint32_t i;

	for (i = 0; i < ag->nitems; i++)
		if (owns(ag->items[i]))
			memset((char *)slot + ag->items[i]->offset, 0,
			    ag->items[i]->size);
}

int
weir__aggs_load(const struct weir_aggs *ag, void *slot, const char *p,
    size_t n)
{
	const struct weir__agg_item *it;
	uint32_t i, len;

	for (i = 0; i < ag->nitems; i++) {
		it = ag->items[i];
		if (!owns(it))
			continue;
		if (n < 4)
			return -1;
		memcpy(&len, p, 4);
		if (len > n - 4 || it->ag->load(it->bound, ag->host,
			(char *)slot + it->offset, p + 4, len) != WEIR_OK)
			return -1;
		p += 4 + (size_t)len;
		n -= 4 + (size_t)len;
	}
	return n == 0 ? 0 : -1;
}
