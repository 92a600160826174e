/* SPDX-License-Identifier: MIT
 *
 * Keyed state: reading what state_save.c wrote.  The bytes come from a disk:
 * nothing about them is taken for granted.
 */
#include "base/alloc.h"
#include "expr/expr.h"
#include "plan/shape.h"
#include "run/state_record.h"

struct reading {
	const char *p;
	const char *end;
	const struct weir__shape *was; /* of who wrote it */
	char *slot;   /* one that was, aligned; NULL where they are the same */
	bool refused; /* by the plugin */
};

static bool
get(struct reading *rd, void *to, size_t n)
{
	if (n > (size_t)(rd->end - rd->p))
		return false;
	memcpy(to, rd->p, n);
	rd->p += n;
	return true;
}

static bool
get_text(struct reading *rd, struct weir_str *s)
{
	uint32_t n;

	if (!get(rd, &n, 4) || n > (size_t)(rd->end - rd->p))
		return false;
	*s = weir_str_make(rd->p, n);
	rd->p += n;
	return true;
}

/* A number that was written with fewer bytes than it has now. */
static void
widen(union cell *ce, const struct weir_type *ty, size_t width)
{
	if (width == 8 && state_key_width(ty) == 16)
		ce->w[1] = (int64_t)ce->w[0] < 0 ? UINT64_MAX : 0;
}

/* The key's cells; its text stays where it is. */
static bool
get_key(const struct weir__state *sa, struct reading *rd, union cell *ce,
    uint64_t nulls, uint64_t *hash)
{
	const struct weir_type *ty;
	bool text, null;
	size_t width;
	uint32_t k;

	*hash = sa->seed;
	for (k = 0; k < sa->nkeys; k++, ce++) {
		ty = sa->spec->keys[k];
		text = weir_type_textual(ty);
		null = nulls >> k & 1;
		memset(ce, 0, sizeof *ce);
		width = weir__shape_key_width(rd->was, k);
		if (!null && (text ? !get_text(rd, &ce->s) :
				     !get(rd, ce->w, width)))
			return false;
		if (!null)
			widen(ce, ty, width);
		*hash = state_hash(ce, text, null, *hash);
	}
	return true;
}

/* A few entries that have been read and not yet been looked up; their keys are
 * where the state keeps those of a lookup. */
#define AHEAD 64u

struct ahead {
	const char *slots[AHEAD]; /* NULL: gone */
	const char *owned[AHEAD];
	uint32_t nowned[AHEAD];
	uint32_t n;
};

/* The next entry, to wait with the others. */
static bool
get_entry(struct weir__state *sa, struct reading *rd, struct ahead *ah)
{
	uint32_t i = ah->n++;
	uint64_t nulls = 0;
	uint8_t flags;

	if (!get(rd, &flags, 1) || (flags & ~RECORD_FLAGS) != 0 ||
	    ((flags & RECORD_NULLS) != 0 && !get(rd, &nulls, 8)) ||
	    (sa->nkeys < 64 && nulls >> sa->nkeys != 0) ||
	    !get_key(sa, rd, sa->cells + (size_t)i * sa->nkeys, nulls,
		&sa->hashes[i]))
		return false;
	sa->nulls[i] = nulls;
	ah->slots[i] = NULL;
	ah->nowned[i] = 0;
	if ((flags & RECORD_GONE) != 0)
		return true;
	ah->slots[i] = rd->p;
	if (rd->was->slot > (size_t)(rd->end - rd->p))
		return false;
	rd->p += rd->was->slot;
	if (!sa->owns)
		return true;
	if (!get(rd, &ah->nowned[i], 4) ||
	    ah->nowned[i] > (size_t)(rd->end - rd->p))
		return false;
	ah->owned[i] = rd->p;
	rd->p += ah->nowned[i];
	return true;
}

/* What aggregates have of a slot is theirs to read, wherever it lies. */
static int
migrate(const struct weir__state *sa, struct reading *rd, const char *from,
    char *slot)
{
	const struct weir_table_spec *sp = sa->spec;
	const struct weir__shape *was = rd->was;

	memcpy(rd->slot, from, was->slot);
	memset(slot, 0, sp->slot_size);
	rd->refused = sp->migrate(was->version, rd->slot, was->slot, slot) !=
	    WEIR_OK;
	if (rd->refused) {
		memset(slot, 0, sp->slot_size);
		return WEIR_ERROR;
	}
	if (sp->aggs != NULL)
		memcpy(slot + sp->aggs_offset, rd->slot + was->aggs_at,
		    was->aggs_size);
	return WEIR_OK;
}

/* The slot's bytes, and what aggregates own. */
static int
put_slot(struct weir__state *sa, struct reading *rd, struct entry *en,
    const struct ahead *ah, uint32_t i)
{
	const struct weir_table_spec *sp = sa->spec;
	char *slot = state_slot(sa, en);

	if (sa->owns)
		weir__aggs_drop(sp->aggs, slot + sp->aggs_offset);
	if (rd->slot == NULL)
		memcpy(slot, ah->slots[i], sp->slot_size);
	else if (migrate(sa, rd, ah->slots[i], slot) != WEIR_OK)
		return WEIR_ERROR;
	if (!sa->owns)
		return WEIR_OK;
	weir__aggs_blank(sp->aggs, slot + sp->aggs_offset);
	return weir__aggs_load(sp->aggs, slot + sp->aggs_offset, ah->owned[i],
	    ah->nowned[i]) == 0 ? WEIR_OK : WEIR_ERROR;
}

static int
load_entry(struct weir__state *sa, struct reading *rd, struct bucket *bu,
    const struct ahead *ah, uint32_t i)
{
	const union cell *ce = sa->cells + (size_t)i * sa->nkeys;
	uint32_t tag = (uint32_t)sa->hashes[i], no;
	struct entry *en = state_find(sa, bu, tag, ce, sa->nulls[i], &no);

	if (ah->slots[i] == NULL) {
		/* it may have gone before the first record that is read */
		if (en != NULL)
			state_entry_drop(sa, bu, no);
		return WEIR_OK;
	}
	if (en == NULL)
		en = state_add(sa, bu, tag, ce, sa->nulls[i]);
	if (en == NULL)
		return WEIR_AGAIN;
	en->sweep = 1;
	return put_slot(sa, rd, en, ah, i);
}

/* Index and entries are on their way to the cache before they are needed. */
static int
load_ahead(struct weir__state *sa, struct reading *rd, struct bucket *bu,
    struct ahead *ah)
{
	const struct index *ix;
	uint32_t i;
	int rc = WEIR_OK;

	for (i = 0; i < ah->n; i++)
		__builtin_prefetch(
		    &bu->index[(uint32_t)sa->hashes[i] & bu->mask]);
	for (i = 0; i < ah->n; i++) {
		ix = &bu->index[(uint32_t)sa->hashes[i] & bu->mask];
		if (ix->no != 0)
			__builtin_prefetch(state_entry(sa, bu, ix->no - 1));
	}
	for (i = 0; i < ah->n && rc == WEIR_OK; i++)
		rc = load_entry(sa, rd, bu, ah, i);
	ah->n = 0;
	return rc;
}

static int
load_group(struct weir__state *sa, struct reading *rd)
{
	struct ahead ah;
	struct bucket *bu;
	uint32_t n;
	int64_t due;
	int rc = WEIR_OK;

	if (!get(rd, &due, 8) || !get(rd, &n, 4) || n == 0 ||
	    (!sa->spec->timed && due != INT64_MAX))
		return WEIR_ERROR;
	bu = state_bucket(sa, due);
	if (bu == NULL)
		return WEIR_AGAIN;
	bu->saved = true;
	if (state_dropped_room(sa) != 0)
		return WEIR_AGAIN;
	for (ah.n = 0; n > 0 && rc == WEIR_OK; n--) {
		if (!get_entry(sa, rd, &ah))
			return WEIR_ERROR;
		if (ah.n == AHEAD || n == 1)
			rc = load_ahead(sa, rd, bu, &ah);
	}
	return rc;
}

/* A bucket that is no more, if it is there. */
static void
load_drop(struct weir__state *sa, int64_t due)
{
	size_t at = state_seek(sa, due);
	struct bucket *bu;

	if (at == sa->nbuckets || sa->buckets[at]->due != due)
		return;
	bu = sa->buckets[at];
	sa->nbuckets--;
	memmove(&sa->buckets[at], &sa->buckets[at + 1],
	    (sa->nbuckets - at) * sizeof *sa->buckets);
	state_bucket_free(sa, bu);
}

/* What was read is as it is in the records: no changes. */
static void
unmark(struct weir__state *sa)
{
	struct bucket *bu;
	uint64_t w;
	size_t i;

	while ((bu = sa->first_dirty) != NULL) {
		state_unlist(sa, bu);
		for (i = 0; i < WEIR_BITMAP_WORDS(bu->n); i++) {
			for (w = bu->dirty[i]; w != 0; w &= w - 1)
				state_entry(sa, bu, (uint32_t)(i * 64) +
				    (uint32_t)__builtin_ctzll(w))->dirty = 0;
			bu->dirty[i] = 0;
		}
	}
}

static int
load(struct weir__state *sa, struct reading *rd)
{
	int rc = WEIR_OK;
	uint32_t drops;
	int64_t due;

	if (!get(rd, &drops, 4))
		return WEIR_ERROR;
	for (; drops > 0; drops--) {
		if (!get(rd, &due, 8))
			return WEIR_ERROR;
		load_drop(sa, due);
	}
	while (rc == WEIR_OK && rd->p < rd->end)
		rc = load_group(sa, rd);
	unmark(sa);
	return rc;
}

int
weir__state_carry(struct weir__state *sa, const struct weir__shape *was,
    const void *p, size_t n)
{
	struct reading rd = { .p = p, .end = (const char *)p + n, .was = was };
	int rc;

	if (was->version != sa->spec->version) {
		if (sa->spec->migrate == NULL || (was->aggs &&
			(was->aggs_at > was->slot ||
			    was->aggs_size > was->slot - was->aggs_at)))
			return WEIR_ERROR;
		/* a slot that is longer is in no record of this length */
		rd.slot = weir__zalloc((was->slot < n ? was->slot : n) + 1);
		if (rd.slot == NULL)
			return WEIR_AGAIN;
	}
	rc = load(sa, &rd);
	weir__free(rd.slot);
	return rd.refused ? WEIR_END : rc;
}

int
weir__state_load(struct weir__state *sa, const void *p, size_t n)
{
	struct weir__shape sh;

	weir__shape_of(&sh, sa->spec);
	return weir__state_carry(sa, &sh, p, n);
}
