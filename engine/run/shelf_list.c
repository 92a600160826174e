/* SPDX-License-Identifier: MIT
 *
 * Which rejected rows are kept, by epoch: see shelf.h.
 */
#include "base/alloc.h"
#include "run/shelf.h"

void
weir__shelf_list_fini(struct weir__shelf_list *sl)
{
	size_t i;

	for (i = 0; i < sl->n; i++)
		weir__free(sl->list[i].taken);
	weir__free(sl->list);
	memset(sl, 0, sizeof *sl);
}

int
weir__shelf_list_add(struct weir__shelf_list *sl, uint64_t epoch, int64_t now,
    const struct weir__spool_part *part)
{
	struct weir__shelved *list;
	size_t cap;

	if (part->rows == 0)
		return 0;
	if (sl->n == sl->cap) {
		cap = sl->cap != 0 ? sl->cap * 2 : 16;
		list = weir__realloc(sl->list, cap * sizeof *list);
		if (list == NULL)
			return -1;
		sl->list = list;
		sl->cap = cap;
	}
	sl->list[sl->n++] = (struct weir__shelved){ .epoch = epoch,
		.now = now, .part = *part, .left = part->rows };
	sl->bytes += part->extent.len;
	return 0;
}

static void
remove_at(struct weir__shelf_list *sl, size_t at, size_t n)
{
	size_t i;

	for (i = at; i < at + n; i++) {
		sl->bytes -= sl->list[i].part.extent.len;
		weir__free(sl->list[i].taken);
	}
	memmove(sl->list + at, sl->list + at + n,
	    (sl->n - at - n) * sizeof *sl->list);
	sl->n -= n;
}

void
weir__shelf_list_drop(struct weir__shelf_list *sl, uint64_t upto)
{
	size_t n = 0;

	while (n < sl->n && sl->list[n].epoch <= upto)
		n++;
	if (n != 0)
		remove_at(sl, 0, n);
}

bool
weir__shelved_has(const struct weir__shelved *sd, uint64_t no)
{
	return no != 0 && no <= sd->part.rows &&
	    (sd->taken == NULL || !weir_bit(sd->taken, no - 1));
}

/* The place of an epoch, or of the first behind it. */
static size_t
place(const struct weir__shelf_list *sl, uint64_t epoch)
{
	size_t lo = 0, hi = sl->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (sl->list[mid].epoch < epoch)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
mark(struct weir__shelved *sd, uint64_t first, uint64_t n)
{
	uint64_t i;

	if (sd->taken == NULL)
		sd->taken = weir__zalloc(WEIR_BITMAP_WORDS(sd->part.rows) *
		    sizeof *sd->taken);
	if (sd->taken == NULL)
		return -1;
	for (i = first; i < first + n; i++)
		weir_bit_set(sd->taken, i - 1);
	sd->left -= n;
	return 0;
}

int
weir__shelf_list_take(struct weir__shelf_list *sl, const struct weir__ids *ids)
{
	size_t at = place(sl, ids->epoch);
	struct weir__shelved *sd = &sl->list[at];
	uint64_t i;

	if (at == sl->n || sd->epoch != ids->epoch || ids->first == 0 ||
	    ids->n > sd->part.rows || ids->first > sd->part.rows - ids->n + 1)
		return WEIR_END;
	for (i = 0; i < ids->n; i++)
		if (!weir__shelved_has(sd, ids->first + i))
			return WEIR_END;
	if (mark(sd, ids->first, ids->n) != 0)
		return WEIR_ERROR;
	if (sd->left == 0)
		remove_at(sl, at, 1);
	return WEIR_OK;
}

/* ---- as a record */

static size_t
ranges(const struct weir__shelved *sd, struct weir__buf *to)
{
	uint64_t i, from, last = 0;
	size_t n = 0;

	for (i = 0; sd->taken != NULL && i < sd->part.rows; i++) {
		if (!weir_bit(sd->taken, i))
			continue;
		from = i;
		while (i < sd->part.rows && weir_bit(sd->taken, i))
			i++;
		if (to != NULL) {
			weir__put_u(to, from - last);
			weir__put_u(to, i - from);
		}
		last = i;
		n++;
	}
	return n;
}

void
weir__shelf_list_put(struct weir__buf *bf, const struct weir__shelf_list *sl)
{
	const struct weir__shelved *sd;
	uint64_t epoch = 0;
	size_t i;

	weir__put_u(bf, sl->counts.kept);
	weir__put_u(bf, sl->counts.replayed);
	weir__put_u(bf, sl->counts.dropped);
	weir__put_u(bf, sl->counts.withheld);
	weir__put_u(bf, sl->counts.unkept);
	weir__put_u(bf, sl->n);
	for (i = 0; i < sl->n; i++) {
		sd = &sl->list[i];
		weir__put_u(bf, sd->epoch - epoch);
		epoch = sd->epoch;
		weir__put_i(bf, sd->now);
		weir__put_u(bf, sd->part.extent.file);
		weir__put_u(bf, sd->part.extent.at);
		weir__put_u(bf, sd->part.extent.len);
		weir__put_u(bf, sd->part.rows);
		weir__put_u(bf, ranges(sd, NULL));
		ranges(sd, bf);
	}
}

static int
get_one(struct weir__shelf_list *sl, struct weir__dec *de, uint64_t *epoch)
{
	struct weir__spool_part part;
	uint64_t first = 0, n;
	size_t i, nranges;
	int64_t now;

	*epoch += weir__get_u(de);
	now = weir__get_i(de);
	part.extent.file = weir__get_u(de);
	part.extent.at = weir__get_u(de);
	part.extent.len = weir__get_u(de);
	part.rows = weir__get_u(de);
	nranges = weir__get_n(de, 2);
	/* a row takes more than a byte: no list is larger than what it names */
	if (de->bad || part.rows == 0 || part.rows > part.extent.len)
		return WEIR_END;
	if (weir__shelf_list_add(sl, *epoch, now, &part) != 0)
		return WEIR_ERROR;
	for (i = 0; i < nranges; i++) {
		first += weir__get_u(de);
		n = weir__get_u(de);
		if (de->bad || n == 0 || first > part.rows ||
		    n > part.rows - first)
			return WEIR_END;
		if (mark(&sl->list[sl->n - 1], first + 1, n) != 0)
			return WEIR_ERROR;
		first += n;
	}
	return WEIR_OK;
}

int
weir__shelf_list_get(struct weir__shelf_list *sl, struct weir__dec *de)
{
	uint64_t epoch = 0;
	size_t i, n;
	int rc = WEIR_OK;

	weir__shelf_list_fini(sl);
	sl->counts.kept = weir__get_u(de);
	sl->counts.replayed = weir__get_u(de);
	sl->counts.dropped = weir__get_u(de);
	sl->counts.withheld = weir__get_u(de);
	sl->counts.unkept = weir__get_u(de);
	n = weir__get_n(de, 7);
	for (i = 0; i < n && rc == WEIR_OK; i++)
		rc = get_one(sl, de, &epoch);
	return rc == WEIR_OK && (de->bad || de->p != de->end) ? WEIR_END : rc;
}
