/* SPDX-License-Identifier: MIT
 *
 * Making, deriving and releasing batches, and work on whole columns.
 *
 *	pool ─► freed batches with their arenas, to be used again
 *	batch ─► arena (columns, bitmaps, text), pins, parent
 *
 * A pool belongs to one worker's thread, and so do its batches.
 */
#ifndef WEIR_BATCH_BATCH_H
#define WEIR_BATCH_BATCH_H

#include "base/arena.h"
#include "weir/batch.h"

struct weir__pool;

/* What the engine keeps behind a batch. */
struct weir_batch_private {
	uint32_t refs;
	bool created;		   /* rows of batch_new, not of an input */
	const void *maker;	   /* the stage that made it, or NULL */
	struct weir__pool *pool;
	struct weir_batch *parent; /* kept alive: columns may point into it */
	struct weir_batch *next;   /* in the pool */
	struct weir__arena ar;
};

/* NULL when memory is out.  Free it after all its batches. */
struct weir__pool *weir__pool_new(void);
void weir__pool_free(struct weir__pool *po);
uint32_t weir__pool_live(const struct weir__pool *po); /* batches in use */

/* A batch of `schema` with storage for `rows` rows in every column whose
 * wanted[] is set (NULL: all); nrows is 0 and there is no origin.  NULL when
 * memory is out. */
struct weir_batch *weir__batch_new(struct weir__pool *po,
    const struct weir_schema *schema, const uint8_t *wanted, uint32_t rows);

/* The same without any storage: to be filled by hand. */
struct weir_batch *weir__batch_bare(struct weir__pool *po,
    const struct weir_schema *schema);

/* A batch without columns' storage that keeps `of` alive and has the origin,
 * root, watermarks and operations of its rows rows[0..n) (NULL: the first n,
 * shared, not copied). */
struct weir_batch *weir__batch_derive(struct weir__pool *po,
    const struct weir_schema *schema, struct weir_batch *of,
    const uint32_t *rows, uint32_t n);

struct weir_batch *weir__batch_ref(struct weir_batch *b);
void weir__batch_unref(struct weir_batch *b);

static inline struct weir__arena *
weir__batch_arena(struct weir_batch *b)
{
	return &b->priv->ar;
}

/* 0, or -1 when memory is out; release is then not called. */
int weir__batch_pin(struct weir_batch *b, void *p, void (*release)(void *));

/* ---- columns.  All answer 0, or -1 when memory is out. */

/* Storage for n rows: data or bits; lists and maps get offsets[0..n] with
 * offsets[0] = 0 and children without storage; structs get children with it. */
int weir__column_alloc(struct weir__arena *ar, struct weir_column *co,
    const struct weir_type *ty, uint32_t n);

/* Give it a validity bitmap of all ones (or of all zeroes) for n rows. */
int weir__column_validity(struct weir__arena *ar, struct weir_column *co,
    uint32_t n, bool ones);

/* to[i] = from[rows[i]].  Text is not copied, only its slices. */
int weir__column_gather(struct weir__arena *ar, struct weir_column *to,
    const struct weir_column *from, const struct weir_type *ty,
    const uint32_t *rows, uint32_t n);

/* As gather, with all text and children copied into the arena, so that `from`
 * may go. */
int weir__column_copy(struct weir__arena *ar, struct weir_column *to,
    const struct weir_column *from, const struct weir_type *ty,
    const uint32_t *rows, uint32_t n);

/* n rows of one value. */
int weir__column_fill(struct weir__arena *ar, struct weir_column *to,
    const struct weir_value *v, const struct weir_type *ty, uint32_t n);

/* Row `row` as a value (text and items in the arena or the column's own). */
int weir__column_value(struct weir__arena *ar, struct weir_value *v,
    const struct weir_column *co, const struct weir_type *ty, uint32_t row);

/* Order of two values: nulls first, NaN last, false before true, text by
 * bytes, lists and structs element by element. */
int weir__column_compare(const struct weir_type *ty,
    const struct weir_column *a, uint32_t i, const struct weir_column *b,
    uint32_t j);

/* The numbers of the set bits below n, rising; how many. */
uint32_t weir__bits_rows(uint32_t *rows, const uint64_t *bits, uint32_t n);
uint32_t weir__bits_count(const uint64_t *bits, uint32_t n);

/* ---- types (engine/batch/type.c) */

/* Same kind, precision, scale and fields (names and types; requiredness too
 * when `strict`). */
bool weir__type_same(const struct weir_type *a, const struct weir_type *b,
    bool strict);

/* "decimal(12, 2)", "list(string!)", "struct { a: int64 }"; the field's `!`
 * is not part of a type. */
struct weir__buf;
void weir__type_print(struct weir__buf *bf, const struct weir_type *ty);

/* The type of a column of which only an error is known. */
static inline bool
weir__type_unknown(const struct weir_type *ty)
{
	return ty->kind == WEIR_NULL;
}

/* The shared instance of a scalar type (static), NULL for decimal and nested. */
const struct weir_type *weir__type_scalar(enum weir_kind kind);
const struct weir_type *weir__type_decimal(struct weir__arena *ar, int precision,
    int scale);

/* A deep copy in the arena, or NULL. */
const struct weir_type *weir__type_copy(struct weir__arena *ar,
    const struct weir_type *ty);

/* The number of a column by name, or -1. */
int32_t weir__schema_find(const struct weir_schema *sc, const char *name);

/* Copies a list of fields; NULL when memory is out. */
const struct weir_field *weir__fields_copy(struct weir__arena *ar,
    const struct weir_field *fi, uint32_t n);

#endif
