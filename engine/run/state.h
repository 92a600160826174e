/* SPDX-License-Identifier: MIT
 *
 * Keyed state of one stage in one worker: slots found by key, in batches.
 *
 *	table ─► bucket (due 12:01) ─► index ─► entries: key, slot
 *	     ├─► bucket (due 12:02)              keys' text in the bucket's arena
 *	     └─► ...
 *
 * A timed table has one hash table for each distinct due time, so that what a
 * closing window holds goes as a whole; one that is not timed has one in all.
 * Slots stay where they are until their entry goes.
 */
#ifndef WEIR_RUN_STATE_H
#define WEIR_RUN_STATE_H

#include "weir/plugin.h"

/* Every key lies in one of these groups: the top bits of its hash.  A worker,
 * and later a process, owns whole groups. */
#define WEIR__KEY_GROUPS 1024u

static inline uint32_t
weir__key_group(uint64_t hash)
{
	return (uint32_t)(hash >> 54);
}

struct weir__state;

/* The spec must outlive it.  NULL when memory is out. */
struct weir__state *weir__state_new(const struct weir_table_spec *spec,
    uint64_t seed);
void weir__state_free(struct weir__state *sa);

/* Can a column of this type be a key? */
bool weir__state_key_ok(const struct weir_type *ty);

/* See weir_lookup() and weir_due() in weir/host.h.  WEIR_ERROR: memory is
 * out. */
int weir__state_lookup(struct weir__state *sa,
    const struct weir_column *const *keys, const uint32_t *rows, uint32_t n,
    const int64_t *due, void **slots, uint8_t *created);
int weir__state_due(struct weir__state *sa, int64_t upto,
    struct weir_due *out);

/* As weir__state_due(), all that there is, of any table: for who looks at it
 * and wants it no more. */
int weir__state_drain(struct weir__state *sa, struct weir_due *out);

/* The stage's call is over: entries that weir__state_due() gave out go. */
void weir__state_settle(struct weir__state *sa);

size_t weir__state_bytes(const struct weir__state *sa);
uint64_t weir__state_entries(const struct weir__state *sa);

/* ---- saving (state_save.c) and loading (state_load.c) */

struct weir__buf;

/* What has changed since this was called last, appended; nothing when that is
 * nothing.  `sweep` is the number of the sweep under way, not 0.  0, or -1 when
 * memory is out: what is not written then is lost to later records. */
int weir__state_save(struct weir__state *sa, struct weir__buf *to,
    uint16_t sweep);

/* Go on through the entries, from where this stopped, and write those that
 * were not written in this sweep, until *budget bytes are spent (it is lowered
 * by what was) or the end is reached: *done.  0 or -1.  A new sweep begins at
 * the beginning. */
int weir__state_sweep(struct weir__state *sa, struct weir__buf *to,
    uint16_t sweep, size_t *budget, bool *done);
void weir__state_sweep_begin(struct weir__state *sa);

/* Apply what one call of either wrote; to be called for each, in order.
 * WEIR_OK, WEIR_ERROR (damaged), WEIR_AGAIN (memory is out). */
int weir__state_load(struct weir__state *sa, const void *p, size_t n);
/* The same of what a table of another shape wrote, which must fit.  WEIR_END:
 * the plugin can't carry a slot over. */
struct weir__shape;
int weir__state_carry(struct weir__state *sa, const struct weir__shape *was,
    const void *p, size_t n);

/* About how many bytes all of it would be in a record. */
uint64_t weir__state_record_bytes(struct weir__state *sa);

/* The due time of the entries that go first; false when there are none. */
bool weir__state_first_due(const struct weir__state *sa, int64_t *due);

#endif
