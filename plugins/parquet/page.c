/* SPDX-License-Identifier: MIT
 *
 * Closing a page: levels and numbers are packed, the whole is compressed, and
 * a header with a checksum goes before it.
 *
 *	raw   [....levels|values]		PLAIN: levels go in before
 *	aux   [levels|width|numbers]		dictionary
 */
#include "column.h"
#include "hybrid.h"
#include "thrift.h"

#define PIECE 256u /* values at a time */

/* Levels as the hybrid, with the length before them that V1 pages want. */
static void
put_levels(struct pq_bytes *to, struct pq_scratch *sx, const uint8_t *lv,
    uint32_t n, uint8_t max)
{
	size_t at = to->len, i;
	uint32_t *wide;

	if (max == 0 || pq_bytes_room(to, 4) == NULL)
		return;
	to->len += 4;
	if (lv == NULL) {
		/* all of them are max: one run */
		uint8_t *p = pq_bytes_room(to, 16);

		if (p == NULL)
			return;
		i = pq_varint(p, (uint64_t)n << 1);
		p[i++] = max;
		to->len += i;
	} else {
		sx->marks.len = 0;
		wide = (void *)pq_bytes_room(&sx->marks, n * sizeof *wide + 1);
		if (wide == NULL) {
			to->failed = true;
			return;
		}
		for (i = 0; i < n; i++)
			wide[i] = lv[i];
		pq_hybrid_put(to, wide, n, pq_bit_width(max));
	}
	if (!to->failed)
		pq_put32(to->p + at, (uint32_t)(to->len - at - 4));
}

/* Both kinds of levels of the open page into sx->aux. */
static void
page_levels(struct pq_column *c, struct pq_scratch *sx)
{
	const struct pq_leaf *le = c->leaf;

	sx->aux.len = 0;
	put_levels(&sx->aux, sx, c->rep.len != 0 ? c->rep.p : NULL,
	    c->nlevels, le->max_rep);
	put_levels(&sx->aux, sx, c->def.len != 0 ? c->def.p : NULL,
	    c->nlevels, le->max_def);
}

/* The page's data; its length in *n.  NULL when memory is out. */
static const uint8_t *
page_body(struct pq_column *c, struct pq_scratch *sx, size_t *n)
{
	uint32_t nidx = (uint32_t)(c->idx.len / 4);
	unsigned width = pq_bit_width(c->dict.n == 0 ? 0 : c->dict.n - 1);

	page_levels(c, sx);
	if (nidx != 0) {
		if (width == 0)
			width = 1;
		pq_bytes_byte(&sx->aux, (uint8_t)width);
		pq_hybrid_put(&sx->aux,
		    (const uint32_t *)(const void *)c->idx.p, nidx, width);
	} else if (c->raw.len != 0 && sx->aux.len <= PQ_HEADROOM) {
		*n = c->raw.len - PQ_HEADROOM + sx->aux.len;
		if (sx->aux.len != 0)
			memcpy(c->raw.p + PQ_HEADROOM - sx->aux.len, sx->aux.p,
			    sx->aux.len);
		return sx->aux.failed ? NULL
				      : c->raw.p + PQ_HEADROOM - sx->aux.len;
	} else if (c->raw.len != 0)
		pq_bytes_add(&sx->aux, c->raw.p + PQ_HEADROOM,
		    c->raw.len - PQ_HEADROOM);
	if (pq_bytes_room(&sx->aux, 1) == NULL)
		return NULL;
	*n = sx->aux.len;
	return sx->aux.p;
}

/* Header and data together, in memory of their own. */
static int
page_keep(struct pq_column *c, struct pq_page *pg, struct pq_bytes *head,
    const uint8_t *data, size_t n, size_t plain)
{
	if (head->failed)
		return -1;
	pg->data = c->ho->alloc(head->len + n);
	if (pg->data == NULL)
		return -1;
	memcpy(pg->data, head->p, head->len);
	if (n != 0)
		memcpy(pg->data + head->len, data, n);
	pg->len = (uint32_t)(head->len + n);
	pg->plain_len = (uint32_t)(head->len + plain);
	c->held += pg->len;
	return 0;
}

static int
page_write(struct pq_column *c, struct pq_scratch *sx, struct pq_page *pg,
    const uint8_t *body, size_t plain, bool dict, uint32_t values)
{
	struct pq_bytes head;
	struct pq_put pt;
	const uint8_t *data = body;
	size_t n = plain;
	int encoding = PQ_E_PLAIN, rc;

	if (pq_compress(sx, c->codec, c->se->level, body, plain) != 0)
		return -1;
	if (c->codec != PQ_UNCOMPRESSED) {
		data = sx->out.p;
		n = sx->out.len;
	}
	if (!dict && c->idx.len != 0)
		encoding = PQ_E_RLE_DICTIONARY;
	pq_bytes_init(&head, c->ho);
	pq_put_begin(&pt, &head);
	pq_put_i32(&pt, 1, dict ? PQ_DICTIONARY_PAGE : PQ_DATA_PAGE);
	pq_put_i32(&pt, 2, (int32_t)plain);
	pq_put_i32(&pt, 3, (int32_t)n);
	pq_put_i32(&pt, 4, (int32_t)pq_crc32(0, data, n));
	pq_put_struct(&pt, dict ? 7 : 5);
	pq_put_i32(&pt, 1, (int32_t)values);
	pq_put_i32(&pt, 2, encoding);
	if (!dict) {
		pq_put_i32(&pt, 3, PQ_E_RLE);
		pq_put_i32(&pt, 4, PQ_E_RLE);
	}
	pq_put_end(&pt);
	pq_bytes_byte(&head, PQ_T_STOP);
	rc = page_keep(c, pg, &head, data, n, plain);
	pq_bytes_fini(&head);
	return rc;
}

/* ---- statistics */

/* The bounds of the texts that the open page uses: each is looked at once. */
static int
dict_texts(struct pq_column *c, struct pq_scratch *sx, const uint32_t *idx,
    size_t n)
{
	const struct pq_dict *di = &c->dict;
	uint8_t *mark;
	size_t i;

	sx->marks.len = 0;
	mark = pq_bytes_room(&sx->marks, di->n + 1);
	if (mark == NULL)
		return -1;
	memset(mark, 0, di->n);
	for (i = 0; i < n; i++)
		mark[idx[i]] = 1;
	for (i = 0; i < di->n; i++)
		if (mark[i])
			pq_bound_text(&c->bound, &di->v.str[i]);
	return 0;
}

/* The bounds of the dictionary's values that the open page uses. */
static int
dict_bounds(struct pq_column *c, struct pq_scratch *sx)
{
	const uint32_t *idx = (const uint32_t *)(const void *)c->idx.p;
	size_t n = c->idx.len / 4, i;
	const struct pq_dict *di = &c->dict;
	uint32_t k, m;
	union {
		int64_t i[PIECE];
		uint64_t u[PIECE];
		double f[PIECE];
		float g[PIECE];
		uint32_t h[PIECE];
	} v;

	if (c->leaf->class == PQ_IS_BYTES)
		return dict_texts(c, sx, idx, n);
	for (i = 0; i < n; i += m, idx += m) {
		m = n - i < PIECE ? (uint32_t)(n - i) : PIECE;
		switch (c->leaf->class) {
		case PQ_IS_I128:
			for (k = 0; k < m; k++)
				pq_bound_wide(&c->bound,
				    (weir_i128)di->v.u128[idx[k]]);
			break;
		case PQ_IS_F32:
			for (k = 0; k < m; k++)
				v.h[k] = (uint32_t)di->v.u64[idx[k]];
			pq_bound_f32(&c->bound, v.g, m);
			break;
		case PQ_IS_F64:
			for (k = 0; k < m; k++)
				v.u[k] = di->v.u64[idx[k]];
			pq_bound_f64(&c->bound, v.f, m);
			break;
		default:
			for (k = 0; k < m; k++)
				v.u[k] = di->v.u64[idx[k]];
			pq_bound_ints(&c->bound, v.i, m);
		}
	}
	return 0;
}

static uint8_t
keep_bound(struct pq_column *c, bool upper, uint32_t *at)
{
	uint8_t text[PQ_BOUND_TEXT];
	bool exact;
	int n = pq_bound_bytes(&c->bound, c->leaf, upper, text, &exact);

	*at = (uint32_t)c->bounds.len;
	if (n < 0)
		return 0xff;
	pq_bytes_add(&c->bounds, text, (size_t)n);
	return (uint8_t)n;
}

static void
page_bounds(struct pq_column *c, struct pq_page *pg)
{
	pg->min_len = keep_bound(c, false, &pg->min_at);
	pg->max_len = keep_bound(c, true, &pg->max_at);
	if (!c->bound.any)
		return;
	if (c->last.any) {
		int lo = pq_bound_cmp(&c->last, &c->bound, c->leaf->class,
		    false);
		int hi = pq_bound_cmp(&c->last, &c->bound, c->leaf->class,
		    true);

		c->ascending = c->ascending && lo <= 0 && hi <= 0;
		c->descending = c->descending && lo >= 0 && hi >= 0;
	}
	c->last = c->bound;
	pq_bound_merge(&c->total, &c->bound, c->leaf->class);
}

/* ---- pages */

void
pq_page_free(struct pq_column *c, struct pq_page *pg)
{
	if (pg->data != NULL)
		c->ho->free(pg->data);
	pg->data = NULL;
}

static struct pq_page *
page_new(struct pq_column *c)
{
	uint32_t cap = c->cap == 0 ? 8 : c->cap * 2;
	struct pq_page *p;

	if (c->npages == c->cap) {
		p = c->ho->realloc(c->pages, cap * sizeof *p);
		if (p == NULL)
			return NULL;
		c->pages = p;
		c->cap = cap;
	}
	p = &c->pages[c->npages];
	memset(p, 0, sizeof *p);
	return p;
}

int
pq_page_close(struct pq_column *c, struct pq_scratch *sx)
{
	uint32_t values = c->nvalues + (uint32_t)(c->idx.len / 4);
	struct pq_page *pg = page_new(c);
	const uint8_t *body;
	size_t n;

	if (pg == NULL)
		return -1;
	pg->rows = c->rows;
	pg->nulls = c->nlevels - values;
	pg->null_page = values == 0;
	pg->text_bytes = c->text_bytes;
	if (c->se->statistics && c->idx.len != 0 && dict_bounds(c, sx) != 0)
		return -1;
	page_bounds(c, pg);
	body = page_body(c, sx, &n);
	if (body == NULL || n > INT32_MAX || c->bounds.failed ||
	    page_write(c, sx, pg, body, n, false, c->nlevels) != 0)
		return -1;
	c->npages++;
	c->dict_pages += c->idx.len != 0;
	c->judged = true;
	c->total_levels += c->nlevels;
	c->total_nulls += pg->nulls;
	c->total_text += c->text_bytes;
	c->raw.len = c->idx.len = c->def.len = c->rep.len = 0;
	c->nlevels = c->nvalues = c->rows = 0;
	c->text_bytes = 0;
	c->bound.any = false;
	return 0;
}

/* The dictionary's values, PLAIN. */
static void
dict_plain(const struct pq_column *c, struct pq_bytes *to)
{
	const struct pq_dict *di = &c->dict;
	uint32_t w = c->leaf->width, i, k;
	uint8_t *p;

	to->len = 0;
	p = pq_bytes_room(to, di->bytes + 16);
	if (p == NULL)
		return;
	for (i = 0; i < di->n; i++) {
		if (c->leaf->class == PQ_IS_BYTES) {
			pq_put32(p, di->v.str[i].len);
			memcpy(p + 4, weir_str_data(&di->v.str[i]),
			    di->v.str[i].len);
			p += 4 + di->v.str[i].len;
			continue;
		}
		if (c->leaf->class == PQ_IS_I128)
			for (k = 0; k < w; k++)
				p[w - 1 - k] = (uint8_t)(di->v.u128[i] >> 8 * k);
		else if (w == 4)
			pq_put32(p, (uint32_t)di->v.u64[i]);
		else
			pq_put64(p, di->v.u64[i]);
		p += w;
	}
	to->len = (size_t)(p - to->p);
}

int
pq_page_dict(struct pq_column *c, struct pq_scratch *sx)
{
	if (c->dict_pages == 0)
		return 0;
	dict_plain(c, &sx->aux);
	if (sx->aux.failed)
		return -1;
	return page_write(c, sx, &c->dict_page, sx->aux.p, sx->aux.len, true,
	    c->dict.n);
}
