/* SPDX-License-Identifier: MIT
 *
 * Making, deriving and releasing batches.
 */
#include "batch/batch.h"

#include <assert.h>

#include "base/alloc.h"

/* Freed batches kept, each with one chunk of its arena. */
#define POOL_KEEP 16

struct weir__pool {
	struct weir_batch *free;
	uint32_t nfree;
	uint32_t live;
};

struct holder {
	struct weir_batch b;
	struct weir_batch_private priv;
};

struct weir__pool *
weir__pool_new(void)
{
	return weir__zalloc(sizeof(struct weir__pool));
}

void
weir__pool_free(struct weir__pool *po)
{
	struct weir_batch *b;

	if (po == NULL)
		return;
	assert(po->live == 0);
	while ((b = po->free) != NULL) {
		po->free = b->priv->next;
		weir__arena_fini(&b->priv->ar);
		weir__free(b);
	}
	weir__free(po);
}

uint32_t
weir__pool_live(const struct weir__pool *po)
{
	return po->live;
}

static struct weir_batch *
take(struct weir__pool *po, const struct weir_schema *schema)
{
	struct weir_batch *b = po->free;
	struct weir_batch_private *priv;
	struct weir__arena ar;
	struct holder *ho;

	if (b != NULL) {
		priv = b->priv;
		po->free = priv->next;
		po->nfree--;
		ar = priv->ar;
		ho = (struct holder *)(void *)b;
		memset(ho, 0, sizeof *ho);
		ho->priv.ar = ar;
	} else {
		ho = weir__zalloc(sizeof *ho);
		if (ho == NULL)
			return NULL;
		weir__arena_init(&ho->priv.ar, 16384);
	}
	b = &ho->b;
	b->priv = &ho->priv;
	b->priv->pool = po;
	b->priv->refs = 1;
	po->live++;
	b->schema = schema;
	b->ncols = schema->ncols;
	b->source = -1;
	b->partition = -1;
	b->cols = weir__arena_zalloc(&b->priv->ar,
	    schema->ncols * sizeof *b->cols);
	if (b->cols == NULL) {
		weir__batch_unref(b);
		return NULL;
	}
	return b;
}

struct weir_batch *
weir__batch_bare(struct weir__pool *po, const struct weir_schema *schema)
{
	struct weir_batch *b = take(po, schema);

	if (b != NULL)
		b->priv->created = true;
	return b;
}

struct weir_batch *
weir__batch_new(struct weir__pool *po, const struct weir_schema *schema,
    const uint8_t *wanted, uint32_t rows)
{
	struct weir_batch *b = weir__batch_bare(po, schema);
	uint32_t i;

	if (b == NULL)
		return NULL;
	for (i = 0; i < schema->ncols; i++) {
		if (wanted != NULL && !wanted[i])
			continue;
		if (weir__column_alloc(&b->priv->ar, &b->cols[i],
			schema->cols[i].type, rows) != 0) {
			weir__batch_unref(b);
			return NULL;
		}
	}
	return b;
}

static void *
gather_rows(struct weir__arena *ar, const void *from, size_t width,
    const uint32_t *rows, uint32_t n)
{
	struct weir_column to = { 0 }, of = { 0 };
	const struct weir_type *ty = weir__type_scalar(
	    width == 8 ? WEIR_INT64 : WEIR_INT32);

	of.u.data = (void *)(uintptr_t)from;
	if (weir__column_gather(ar, &to, &of, ty, rows, n) != 0)
		return NULL;
	return to.u.data;
}

/* The origin, watermarks and operations of some rows. */
static int
derive_rows(struct weir_batch *b, const struct weir_batch *of,
    const uint32_t *rows, uint32_t n)
{
	struct weir__arena *ar = &b->priv->ar;
	uint8_t *ops;
	uint32_t i;

#define GATHER(field, width)                                                  \
	if (of->field != NULL &&                                              \
	    (b->field = gather_rows(ar, of->field, width, rows, n)) == NULL)  \
	return -1
	GATHER(positions, 8);
	GATHER(sources, 4);
	GATHER(partitions, 4);
	GATHER(watermarks, 8);
	GATHER(root_rows, 4);
#undef GATHER
	if (of->root != NULL && of->root_rows == NULL) {
		uint32_t *own = weir__arena_alloc(ar, (size_t)n * sizeof *own);

		if (own == NULL)
			return -1;
		memcpy(own, rows, (size_t)n * sizeof *own);
		b->root_rows = own;
	}
	if (of->ops != NULL) {
		ops = weir__arena_alloc(ar, n);
		if (ops == NULL)
			return -1;
		for (i = 0; i < n; i++)
			ops[i] = of->ops[rows[i]];
		b->ops = ops;
	}
	return 0;
}

struct weir_batch *
weir__batch_derive(struct weir__pool *po, const struct weir_schema *schema,
    struct weir_batch *of, const uint32_t *rows, uint32_t n)
{
	struct weir_batch *b = take(po, schema);

	if (b == NULL)
		return NULL;
	b->priv->parent = weir__batch_ref(of);
	b->nrows = n;
	b->source = of->source;
	b->partition = of->partition;
	b->root = of->root;
	if (rows == NULL || (n != 0 && n == of->nrows && rows[n - 1] == n - 1)) {
		b->positions = of->positions;
		b->sources = of->sources;
		b->partitions = of->partitions;
		b->watermarks = of->watermarks;
		b->root_rows = of->root_rows;
		b->ops = of->ops;
	} else if (derive_rows(b, of, rows, n) != 0) {
		weir__batch_unref(b);
		return NULL;
	}
	return b;
}

struct weir_batch *
weir__batch_ref(struct weir_batch *b)
{
	b->priv->refs++;
	return b;
}

void
weir__batch_unref(struct weir_batch *b)
{
	struct weir_batch_private *priv;
	struct weir_batch *parent;
	struct weir__pool *po;

	while (b != NULL) {
		priv = b->priv;
		assert(priv->refs > 0);
		if (--priv->refs != 0)
			return;
		po = priv->pool;
		parent = priv->parent;
		po->live--;
		weir__arena_reset(&priv->ar);
		if (po->nfree < POOL_KEEP) {
			priv->next = po->free;
			po->free = b;
			po->nfree++;
		} else {
			weir__arena_fini(&priv->ar);
			weir__free(b);
		}
		b = parent;
	}
}

int
weir__batch_pin(struct weir_batch *b, void *p, void (*release)(void *))
{
	return weir__arena_on_fini(&b->priv->ar, release, p);
}
