/* SPDX-License-Identifier: MIT
 *
 * Keyed state: writing what has changed, and the sweep through what has not.
 *
 *	part	uint32 buckets that are no more, as many int64 due times; then
 *		groups until its end
 *	group	int64 due, uint32 entries; the entries
 *	entry	uint8 flags, uint64 nulls where there are any; the key's values
 *		that are not null (8 bytes, wide decimals 16, text its uint32
 *		length and bytes); unless it is gone the slot as in memory, and
 *		where aggregates own memory uint32 length and what they wrote
 *
 * Entries of a bucket come in the order in which they were made, so that a key
 * that went and came again is told in that order; what was taken out as a whole
 * comes before all of them.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "expr/expr.h"
#include "run/state_record.h"

/* Each entry that the sweep looks at costs at least this much of its budget,
 * so that it does not look at millions without writing any. */
#define LOOK 8u

/* ---- one entry */

static char *
put_key(const struct weir__state *sa, const struct entry *en, char *p)
{
	const union cell *ce = en->cells;
	uint32_t k;
	size_t n;

	for (k = 0; k < sa->nkeys; k++, ce++) {
		if (en->nulls >> k & 1)
			continue;
		if (weir_type_textual(sa->spec->keys[k])) {
			memcpy(p, &ce->s.len, 4);
			memcpy(p + 4, weir_str_data(&ce->s), ce->s.len);
			p += 4 + (size_t)ce->s.len;
			continue;
		}
		n = state_key_width(sa->spec->keys[k]);
		memcpy(p, ce->w, n);
		p += n;
	}
	return p;
}

static char *
put_slot(const struct weir__state *sa, struct entry *en, char *p, size_t owned)
{
	const struct weir_table_spec *sp = sa->spec;
	const char *slot = state_slot(sa, en);
	uint32_t n = (uint32_t)owned;

	memcpy(p, slot, sp->slot_size);
	if (!sa->owns)
		return p + sp->slot_size;
	weir__aggs_blank(sp->aggs, p + sp->aggs_offset);
	p += sp->slot_size;
	memcpy(p, &n, 4);
	weir__aggs_save(sp->aggs, slot + sp->aggs_offset, p + 4);
	return p + 4 + owned;
}

static int
put_entry(struct weir__state *sa, struct entry *en, struct weir__buf *to)
{
	size_t need = sa->most, owned = 0;
	uint8_t flags = 0;
	char *p;
	uint32_t k;

	for (k = 0; k < sa->nkeys; k++)
		if (weir_type_textual(sa->spec->keys[k]))
			need += en->cells[k].s.len;
	if (sa->owns && !en->gone)
		owned = weir__aggs_save_size(sa->spec->aggs,
		    (char *)state_slot(sa, en) + sa->spec->aggs_offset);
	p = weir__buf_room(to, need + owned);
	if (p == NULL || owned > UINT32_MAX)
		return -1;
	flags |= en->gone ? RECORD_GONE : 0;
	flags |= en->nulls != 0 ? RECORD_NULLS : 0;
	*p++ = (char)flags;
	if (en->nulls != 0) {
		memcpy(p, &en->nulls, 8);
		p += 8;
	}
	p = put_key(sa, en, p);
	if (!en->gone) {
		p = put_slot(sa, en, p, owned);
		sa->put_bytes += (size_t)(p - to->data) - to->len;
		sa->put_entries++;
	}
	to->len = (size_t)(p - to->data);
	return 0;
}

uint64_t
weir__state_record_bytes(struct weir__state *sa)
{
	if (sa->put_entries > 1 << 20) {
		sa->put_bytes /= 2;
		sa->put_entries /= 2;
	}
	if (sa->put_entries == 0)
		return sa->bytes;
	return sa->entries * (sa->put_bytes / sa->put_entries);
}

/* ---- groups */

struct group {
	struct weir__buf *to;
	struct bucket *bu;
	size_t head; /* where it begins */
	uint32_t n;  /* entries so far */
};

static int
group_put(struct weir__state *sa, struct group *gr, struct entry *en,
    uint16_t sweep)
{
	char *p;

	if (gr->n == 0) {
		gr->head = gr->to->len;
		p = weir__buf_room(gr->to, RECORD_GROUP);
		if (p == NULL)
			return -1;
		memcpy(p, &gr->bu->due, 8);
		memset(p + 8, 0, 4);
		gr->to->len += RECORD_GROUP;
		gr->bu->saved = true;
	}
	gr->n++;
	en->sweep = sweep;
	return put_entry(sa, en, gr->to);
}

static void
group_end(struct group *gr)
{
	if (gr->n != 0)
		memcpy(gr->to->data + gr->head + 8, &gr->n, 4);
	gr->n = 0;
}

/* ---- what has changed */

static int
save_bucket(struct weir__state *sa, struct bucket *bu, struct weir__buf *to,
    uint16_t sweep)
{
	struct group gr = { .to = to, .bu = bu };
	size_t words = WEIR_BITMAP_WORDS(bu->n), i;
	struct entry *en;
	uint64_t w;

	for (i = 0; i < words; i++) {
		w = bu->dirty[i];
		bu->dirty[i] = 0;
		for (; w != 0; w &= w - 1) {
			en = state_entry(sa, bu, (uint32_t)(i * 64) +
				(uint32_t)__builtin_ctzll(w));
			en->dirty = 0;
			/* who never was in a record need not be told to go */
			if (en->gone && en->sweep == 0)
				continue;
			if (group_put(sa, &gr, en, sweep) != 0)
				return -1;
		}
	}
	group_end(&gr);
	return 0;
}

static int
part_begin(struct weir__buf *to, const int64_t *dropped, size_t n)
{
	uint32_t n32 = (uint32_t)n;

	weir__buf_add(to, &n32, 4);
	weir__buf_add(to, dropped, n * sizeof *dropped);
	return to->failed ? -1 : 0;
}

int
weir__state_save(struct weir__state *sa, struct weir__buf *to, uint16_t sweep)
{
	size_t at = to->len, empty;
	struct bucket *bu;

	weir__state_settle(sa);
	if (sa->first_dirty == NULL && sa->ndropped == 0)
		return 0;
	empty = sa->ndropped != 0 ? 0 : at + 4;
	if (part_begin(to, sa->dropped, sa->ndropped) != 0)
		return -1;
	sa->ndropped = 0;
	if (state_dropped_room(sa) != 0)
		return -1;
	while ((bu = sa->first_dirty) != NULL) {
		state_unlist(sa, bu);
		if (save_bucket(sa, bu, to, sweep) != 0)
			return -1;
	}
	if (to->len == empty)
		to->len = at;
	return 0;
}

/* ---- the sweep */

static int
sweep_bucket(struct weir__state *sa, struct bucket *bu, struct weir__buf *to,
    uint16_t sweep, size_t *budget)
{
	struct group gr = { .to = to, .bu = bu };
	struct entry *en;
	size_t was, cost;

	while (sa->sweep_no < bu->n && *budget != 0) {
		en = state_entry(sa, bu, sa->sweep_no++);
		was = to->len;
		if (!en->gone && en->sweep != sweep &&
		    group_put(sa, &gr, en, sweep) != 0)
			return -1;
		cost = to->len - was > LOOK ? to->len - was : LOOK;
		*budget -= cost < *budget ? cost : *budget;
	}
	group_end(&gr);
	return 0;
}

void
weir__state_sweep_begin(struct weir__state *sa)
{
	sa->sweep_due = INT64_MIN;
	sa->sweep_no = 0;
}

int
weir__state_sweep(struct weir__state *sa, struct weir__buf *to, uint16_t sweep,
    size_t *budget, bool *done)
{
	size_t at = to->len, i = state_seek(sa, sa->sweep_due);
	struct bucket *bu;

	if (part_begin(to, NULL, 0) != 0 || state_dropped_room(sa) != 0)
		return -1;
	for (; i < sa->nbuckets && *budget != 0; i++) {
		bu = sa->buckets[i];
		if (bu->due != sa->sweep_due)
			sa->sweep_no = 0;
		sa->sweep_due = bu->due;
		if (sweep_bucket(sa, bu, to, sweep, budget) != 0)
			return -1;
		if (sa->sweep_no < bu->n)
			break;
	}
	*done = i == sa->nbuckets;
	if (to->len == at + 4)
		to->len = at;
	return 0;
}
