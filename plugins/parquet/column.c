/* SPDX-License-Identifier: MIT
 *
 * Rows of a column into pages: which values there are, where a page ends.
 */
#include "column.h"

#define ROWS WEIR_BATCH_ROWS

/* A page may hold this many times its size in texts that the dictionary
 * shortens: what leaving the dictionary would have to write. */
#define DICT_STRETCH 8

void
pq_column_init(struct pq_column *c, const struct weir_host *ho,
    const struct pq_leaf *le, const struct pq_settings *se)
{
	memset(c, 0, sizeof *c);
	c->ho = ho;
	c->leaf = le;
	c->se = se;
	pq_bytes_init(&c->raw, ho);
	pq_bytes_init(&c->idx, ho);
	pq_bytes_init(&c->def, ho);
	pq_bytes_init(&c->rep, ho);
	pq_bytes_init(&c->bounds, ho);
	pq_dict_init(&c->dict, ho);
	pq_column_reset(c);
}

void
pq_column_fini(struct pq_column *c)
{
	if (c->ho == NULL)
		return;
	pq_column_reset(c);
	if (c->pages != NULL)
		c->ho->free(c->pages);
	pq_bytes_fini(&c->raw);
	pq_bytes_fini(&c->idx);
	pq_bytes_fini(&c->def);
	pq_bytes_fini(&c->rep);
	pq_bytes_fini(&c->bounds);
	pq_dict_fini(&c->dict);
	c->ho = NULL;
}

void
pq_column_reset(struct pq_column *c)
{
	uint32_t i;

	for (i = 0; i < c->npages; i++)
		pq_page_free(c, &c->pages[i]);
	pq_page_free(c, &c->dict_page);
	c->npages = 0;
	/* many files may be open: a large buffer is not kept for each */
	if (c->raw.cap > 65536)
		pq_bytes_fini(&c->raw);
	c->raw.len = c->idx.len = c->def.len = c->rep.len = 0;
	c->nlevels = c->nvalues = c->rows = 0;
	c->text_bytes = 0;
	c->bound.any = c->total.any = c->last.any = false;
	pq_dict_clear(&c->dict);
	c->use_dict = c->se->dictionary && !c->hopeless &&
	    c->leaf->class != PQ_IS_BOOL;
	c->judged = false;
	c->codec = c->se->codec;
	c->dict_pages = 0;
	c->bounds.len = 0;
	c->total_levels = c->total_nulls = c->total_text = 0;
	c->held = 0;
	c->ascending = c->descending = true;
}

void
pq_column_again(struct pq_column *c)
{
	/* now and then the dictionary gets another chance */
	if (++c->uses % 16 == 0)
		c->hopeless = false;
	pq_column_reset(c);
}

/* ---- rows that are not nested */

/* The rows that are not null: into at[], how many. */
static uint32_t
present(const struct weir_column *co, const uint32_t *rows, uint32_t first,
    uint32_t n, uint32_t *at)
{
	uint32_t i, r, k = 0;

	for (i = 0; i < n; i++) {
		r = rows != NULL ? rows[first + i] : first + i;
		at[k] = r;
		k += weir_bit(co->valid, r);
	}
	return k;
}

/* How many of the n rows the open page still takes, at least 1. */
static uint32_t
rows_that_fit(const struct pq_column *c, const struct weir_column *co,
    const uint32_t *rows, uint32_t first, uint32_t n)
{
	uint64_t room = c->se->page_size, used = 0;
	uint32_t i, r;

	if (n > c->se->page_rows - c->rows)
		n = c->se->page_rows - c->rows;
	if (c->leaf->class != PQ_IS_BYTES)
		return n;
	if (c->use_dict) {
		room *= DICT_STRETCH;
		used = c->text_bytes;
	} else if (c->raw.len != 0)
		used = c->raw.len - PQ_HEADROOM;
	for (i = 0; i < n; i++) {
		r = rows != NULL ? rows[first + i] : first + i;
		if (!weir_valid(co, r))
			continue;
		used += 4 + (uint64_t)co->u.str[r].len;
		if (used > room)
			return i == 0 ? (c->rows == 0) : i;
	}
	return n;
}

/* Definition levels of n rows, of which those in at[0..k) are not null.  While
 * none is null nothing is written. */
static int
flat_levels(struct pq_column *c, const struct weir_column *co,
    const uint32_t *rows, uint32_t first, uint32_t n, bool nulls)
{
	uint8_t *to;
	uint32_t i;

	if (c->leaf->max_def == 0 || (!nulls && c->def.len == 0))
		return 0;
	if (c->def.len == 0) {
		to = pq_bytes_room(&c->def, c->nlevels + 1);
		if (to == NULL)
			return -1;
		memset(to, 1, c->nlevels);
		c->def.len = c->nlevels;
	}
	to = pq_bytes_room(&c->def, n);
	if (to == NULL)
		return -1;
	if (!nulls)
		memset(to, 1, n);
	else
		for (i = 0; i < n; i++)
			to[i] = weir_bit(co->valid,
			    rows != NULL ? rows[first + i] : first + i);
	c->def.len += n;
	return 0;
}

static int
flat_piece(struct pq_column *c, const struct weir_column *co,
    const uint32_t *rows, uint32_t first, uint32_t n)
{
	uint32_t at[ROWS], k = n;
	bool nulls = false;

	if (co->valid != NULL && c->leaf->max_def != 0) {
		k = present(co, rows, first, n, at);
		nulls = k != n;
	}
	if (flat_levels(c, co, rows, first, n, nulls) != 0)
		return -1;
	c->nlevels += n;
	c->rows += n;
	if (nulls)
		return pq_values_add(c, co, at, 0, k);
	return pq_values_add(c, co, rows != NULL ? rows + first : NULL, first,
	    n);
}

int
pq_column_flat(struct pq_column *c, struct pq_scratch *sx,
    const struct weir_column *co, const uint32_t *rows, uint32_t n)
{
	uint32_t first, m, want;

	for (first = 0; first < n; first += m) {
		want = n - first < ROWS ? n - first : ROWS;
		m = rows_that_fit(c, co, rows, first, want);
		if (m != 0 && flat_piece(c, co, rows, first, m) != 0)
			return -1;
		if (m < want || c->rows >= c->se->page_rows ||
		    c->raw.len >= c->se->page_size + PQ_HEADROOM)
			if (pq_page_close(c, sx) != 0)
				return -1;
	}
	return 0;
}

/* ---- nested ones */

int
pq_column_levels(struct pq_column *c, struct pq_scratch *sx,
    const struct weir_column *co, const struct pq_levels *lv)
{
	const struct pq_leaf *le = c->leaf;

	if (le->max_def != 0)
		pq_bytes_add(&c->def, lv->def, lv->n);
	if (le->max_rep != 0)
		pq_bytes_add(&c->rep, lv->rep, lv->n);
	if (c->def.failed || c->rep.failed)
		return -1;
	c->nlevels += lv->n;
	c->rows += lv->rows;
	if (pq_values_add(c, co, lv->at, 0, lv->nat) != 0)
		return -1;
	if (c->nlevels >= c->se->page_rows ||
	    c->raw.len >= c->se->page_size + PQ_HEADROOM ||
	    c->text_bytes >= (uint64_t)c->se->page_size * DICT_STRETCH)
		return pq_page_close(c, sx);
	return 0;
}

int
pq_column_finish(struct pq_column *c, struct pq_scratch *sx)
{
	if (c->npages == 0 && pq_values_judge(c, true) != 0)
		return -1;
	if (c->nlevels != 0 && pq_page_close(c, sx) != 0)
		return -1;
	return pq_page_dict(c, sx);
}
