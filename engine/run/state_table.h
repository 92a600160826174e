/* SPDX-License-Identifier: MIT
 *
 * The insides of keyed state, shared by its finding and its ending half.
 */
#ifndef WEIR_RUN_STATE_TABLE_H
#define WEIR_RUN_STATE_TABLE_H

#include "base/arena.h"
#include "run/state.h"

#define STATE_CHUNKS 28
#define STATE_CHUNK_FIRST 16u /* entries; each chunk twice the last */
#define STATE_CACHE 64u	      /* buckets found by due time at once */

/* One key column's value, the same bits for the same value: numbers and times
 * in w[0] and w[1], text as a slice. */
union cell {
	uint64_t w[2];
	struct weir_str s;
};

/* An entry: this, the cells of its key, and the slot at sa->slot_at. */
struct entry {
	uint64_t nulls; /* bit k: key column k is null */
	uint32_t tag;
	uint16_t sweep; /* the last one in which it was written; 0: never */
	uint8_t gone;	/* was given out by due() */
	uint8_t dirty;	/* its bit in bucket->dirty is set */
	union cell cells[];
};

struct index {
	uint32_t tag;
	uint32_t no; /* of the entry, from 1; 0 none */
};

struct bucket {
	int64_t due;
	struct index *index; /* mask + 1 of them */
	uint32_t mask;
	uint32_t n; /* entries */
	char *chunks[STATE_CHUNKS];
	struct weir__arena text;
	size_t bytes; /* index, chunks, marks */
	/* What has changed since it was written last: a bit an entry, for as
	 * many as the chunks have room for.  A bucket with any is in a list. */
	uint64_t *dirty;
	size_t dirty_words;
	bool listed;
	bool saved; /* it was in a record */
	struct bucket *next_dirty, *prev_dirty;
	/* While it is given out: entry numbers by key, and how far. */
	uint32_t *order;
	uint32_t norder;
	uint32_t at;
	uint32_t dropped; /* order[0..dropped) have gone */
	uint32_t ordered_n; /* n when order was made */
	struct bucket *next_spent;
};

struct weir__state {
	const struct weir_table_spec *spec;
	uint64_t seed;
	uint32_t nkeys;
	size_t slot_at;
	size_t stride;
	size_t most; /* an entry in a record, less text and what slots own */
	bool owns;   /* slots' aggregates own memory */

	struct bucket **buckets; /* by due time, rising */
	size_t nbuckets;
	size_t cap;
	struct bucket *cache[STATE_CACHE];

	uint64_t entries;
	size_t bytes;

	/* Saving: buckets with changes; due times of those that were in a
	 * record and are no more, with room for all that there are. */
	struct bucket *first_dirty;
	int64_t *dropped;
	size_t ndropped, cap_dropped;
	uint64_t put_bytes;   /* of entries put into records lately, */
	uint64_t put_entries; /* and how many those were */
	int64_t sweep_due; /* the sweep has come so far: */
	uint32_t sweep_no; /* bucket and entry; see state_save.c */

	/* A block of keys being looked up. */
	union cell *cells;
	uint64_t *nulls;
	uint64_t *hashes;
	struct bucket **where;

	/* What due() gave out last. */
	struct bucket *spent;
	struct weir__arena out;
	bool given;
};

/* Entry number `no`, from 0. */
static inline struct entry *
state_entry(const struct weir__state *sa, const struct bucket *bu, uint32_t no)
{
	uint32_t k = 31 - (uint32_t)__builtin_clz(no / STATE_CHUNK_FIRST + 1);
	uint32_t base = STATE_CHUNK_FIRST * ((1u << k) - 1);

	return (struct entry *)(void *)(bu->chunks[k] +
	    (size_t)(no - base) * sa->stride);
}

static inline void *
state_slot(const struct weir__state *sa, struct entry *en)
{
	return (char *)en + sa->slot_at;
}

/* It has changed, or is about to. */
static inline void
state_mark(struct weir__state *sa, struct bucket *bu, struct entry *en,
    uint32_t no)
{
	if (en->dirty)
		return;
	en->dirty = 1;
	bu->dirty[no / 64] |= (uint64_t)1 << (no % 64);
	if (bu->listed)
		return;
	bu->listed = true;
	bu->prev_dirty = NULL;
	bu->next_dirty = sa->first_dirty;
	if (sa->first_dirty != NULL)
		sa->first_dirty->prev_dirty = bu;
	sa->first_dirty = bu;
}

/* state.c: the bucket of a due time, made when new; an entry by its key, and a
 * new one, which is marked.  *no is its number.  NULL: memory is out, or there
 * is none. */
struct bucket *state_bucket(struct weir__state *sa, int64_t due);
struct entry *state_find(struct weir__state *sa, struct bucket *bu,
    uint32_t tag, const union cell *ce, uint64_t nulls, uint32_t *no);
struct entry *state_add(struct weir__state *sa, struct bucket *bu,
    uint32_t tag, const union cell *ce, uint64_t nulls);
/* The hash of a key, column by column, beginning with the seed. */
uint64_t state_hash(const union cell *ce, bool text, bool null, uint64_t seed);
/* The place of the first bucket due at `due` or later. */
size_t state_seek(const struct weir__state *sa, int64_t due);

void state_bucket_free(struct weir__state *sa, struct bucket *bu);
int state_dropped_room(struct weir__state *sa);
void state_unlist(struct weir__state *sa, struct bucket *bu);
void state_entry_drop(struct weir__state *sa, struct bucket *bu, uint32_t no);

#endif
