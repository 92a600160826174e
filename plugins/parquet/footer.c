/* SPDX-License-Identifier: MIT
 *
 * The metadata of row groups, pages and files (parquet.thrift).
 */
#include "file.h"
#include "thrift.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.1.0"
#endif
#ifndef WEIR_BUILD
#define WEIR_BUILD "release"
#endif

/* Readers parse "application version x.y.z (build hash)" and distrust the
 * statistics of files that say anything else. */
#define CREATED_BY "weir version " WEIR_VERSION " (build " WEIR_BUILD ")"

static void
put_statistics(struct pq_put *pt, const struct pq_column *c)
{
	uint8_t text[PQ_BOUND_TEXT];
	bool lo_exact, hi_exact;
	int lo, hi;

	pq_put_struct(pt, 12);
	pq_put_i64(pt, 3, (int64_t)c->total_nulls);
	hi = pq_bound_bytes(&c->total, c->leaf, true, text, &hi_exact);
	if (hi >= 0)
		pq_put_bin(pt, 5, text, (size_t)hi);
	lo = pq_bound_bytes(&c->total, c->leaf, false, text, &lo_exact);
	if (lo >= 0)
		pq_put_bin(pt, 6, text, (size_t)lo);
	if (hi >= 0)
		pq_put_bool(pt, 7, hi_exact);
	if (lo >= 0)
		pq_put_bool(pt, 8, lo_exact);
	pq_put_end(pt);
}

static void
put_encoding_stat(struct pq_put *pt, int page, int encoding, uint32_t count)
{
	pq_put_elem(pt);
	pq_put_i32(pt, 1, page);
	pq_put_i32(pt, 2, encoding);
	pq_put_i32(pt, 3, (int32_t)count);
	pq_put_end(pt);
}

static void
put_encodings(struct pq_put *pt, const struct pq_column *c)
{
	uint32_t dict = c->dict_pages, plain = c->npages - dict;

	pq_put_list(pt, 13, PQ_T_STRUCT,
	    2 * (uint32_t)(dict != 0) + (plain != 0));
	if (dict != 0) {
		put_encoding_stat(pt, PQ_DICTIONARY_PAGE, PQ_E_PLAIN, 1);
		put_encoding_stat(pt, PQ_DATA_PAGE, PQ_E_RLE_DICTIONARY, dict);
	}
	if (plain != 0)
		put_encoding_stat(pt, PQ_DATA_PAGE, PQ_E_PLAIN, plain);
}

static void
put_chunk_meta(struct pq_put *pt, const struct pq_column *c,
    const struct pq_place *at)
{
	const struct pq_leaf *le = c->leaf;
	uint32_t i;

	pq_put_struct(pt, 3);
	pq_put_i32(pt, 1, (int32_t)le->phys);
	pq_put_list(pt, 2, PQ_T_I32, 2 + (c->dict_pages != 0));
	pq_put_elem_i32(pt, PQ_E_PLAIN);
	pq_put_elem_i32(pt, PQ_E_RLE);
	if (c->dict_pages != 0)
		pq_put_elem_i32(pt, PQ_E_RLE_DICTIONARY);
	pq_put_list(pt, 3, PQ_T_BINARY, le->npath);
	for (i = 0; i < le->npath; i++)
		pq_put_elem_bin(pt, le->path[i], strlen(le->path[i]));
	pq_put_i32(pt, 4, (int32_t)c->codec);
	pq_put_i64(pt, 5, (int64_t)c->total_levels);
	pq_put_i64(pt, 6, (int64_t)at->plain);
	pq_put_i64(pt, 7, (int64_t)at->packed);
	pq_put_i64(pt, 9, (int64_t)at->data);
	if (at->dict != 0)
		pq_put_i64(pt, 11, (int64_t)at->dict);
	if (c->se->statistics)
		put_statistics(pt, c);
	put_encodings(pt, c);
	if (le->class == PQ_IS_BYTES) {
		pq_put_struct(pt, 16);
		pq_put_i64(pt, 1, (int64_t)c->total_text);
		pq_put_end(pt);
	}
	pq_put_end(pt);
}

static void
put_chunk(struct pq_put *pt, const struct pq_column *c,
    const struct pq_place *at)
{
	pq_put_elem(pt);
	pq_put_i64(pt, 2, 0); /* the metadata is here only */
	put_chunk_meta(pt, c, at);
	if (at->offset_len != 0) {
		pq_put_i64(pt, 4, (int64_t)at->offset_index);
		pq_put_i32(pt, 5, (int32_t)at->offset_len);
	}
	if (at->column_len != 0) {
		pq_put_i64(pt, 6, (int64_t)at->column_index);
		pq_put_i32(pt, 7, (int32_t)at->column_len);
	}
	pq_put_end(pt);
}

void
pq_footer_group(struct pq_file *f, const struct pq_place *at)
{
	uint64_t plain = 0, packed = 0;
	struct pq_put pt;
	uint32_t i, n = f->sc->nleaves;

	pq_put_begin(&pt, &f->groups);
	pq_put_list(&pt, 1, PQ_T_STRUCT, n);
	for (i = 0; i < n; i++) {
		put_chunk(&pt, &f->cols[i], &at[i]);
		plain += at[i].plain;
		packed += at[i].packed;
	}
	pq_put_i64(&pt, 2, (int64_t)plain);
	pq_put_i64(&pt, 3, (int64_t)f->group_rows);
	if (n != 0)
		pq_put_i64(&pt, 5,
		    (int64_t)(at[0].dict != 0 ? at[0].dict : at[0].data));
	pq_put_i64(&pt, 6, (int64_t)packed);
	if (f->ngroups <= INT16_MAX)
		pq_put_i16(&pt, 7, (int16_t)f->ngroups);
	pq_bytes_byte(&f->groups, PQ_T_STOP);
}

void
pq_footer_offset_index(const struct pq_column *c, uint64_t first,
    struct pq_bytes *to)
{
	struct pq_put pt;
	uint64_t row = 0;
	uint32_t i;

	pq_put_begin(&pt, to);
	pq_put_list(&pt, 1, PQ_T_STRUCT, c->npages);
	for (i = 0; i < c->npages; i++) {
		pq_put_elem(&pt);
		pq_put_i64(&pt, 1, (int64_t)first);
		pq_put_i32(&pt, 2, (int32_t)c->pages[i].len);
		pq_put_i64(&pt, 3, (int64_t)row);
		pq_put_end(&pt);
		first += c->pages[i].len;
		row += c->pages[i].rows;
	}
	if (c->leaf->class == PQ_IS_BYTES) {
		pq_put_list(&pt, 2, PQ_T_I64, c->npages);
		for (i = 0; i < c->npages; i++)
			pq_put_elem_i64(&pt,
			    (int64_t)c->pages[i].text_bytes);
	}
	pq_bytes_byte(to, PQ_T_STOP);
}

bool
pq_footer_column_index(const struct pq_column *c, struct pq_bytes *to)
{
	const struct pq_page *pg;
	struct pq_put pt;
	uint32_t i;

	for (i = 0, pg = c->pages; i < c->npages; i++, pg++)
		if (!pg->null_page &&
		    (pg->min_len == 0xff || pg->max_len == 0xff))
			return false;
	pq_put_begin(&pt, to);
	pq_put_list(&pt, 1, PQ_T_TRUE, c->npages);
	for (i = 0; i < c->npages; i++)
		pq_put_elem_bool(&pt, c->pages[i].null_page);
	pq_put_list(&pt, 2, PQ_T_BINARY, c->npages);
	for (i = 0, pg = c->pages; i < c->npages; i++, pg++)
		pq_put_elem_bin(&pt, c->bounds.p + pg->min_at,
		    pg->null_page ? 0 : pg->min_len);
	pq_put_list(&pt, 3, PQ_T_BINARY, c->npages);
	for (i = 0, pg = c->pages; i < c->npages; i++, pg++)
		pq_put_elem_bin(&pt, c->bounds.p + pg->max_at,
		    pg->null_page ? 0 : pg->max_len);
	pq_put_i32(&pt, 4, c->ascending ? PQ_ASCENDING
		: c->descending		? PQ_DESCENDING
					: PQ_UNORDERED);
	pq_put_list(&pt, 5, PQ_T_I64, c->npages);
	for (i = 0; i < c->npages; i++)
		pq_put_elem_i64(&pt, c->pages[i].nulls);
	pq_bytes_byte(to, PQ_T_STOP);
	return true;
}

static void
put_note(struct pq_put *pt, const struct pq_note *no)
{
	pq_put_elem(pt);
	pq_put_text(pt, 1, no->key);
	pq_put_text(pt, 2, no->value);
	pq_put_end(pt);
}

void
pq_footer_file(const struct pq_file *f, const struct pq_note *notes,
    uint32_t nnotes, struct pq_bytes *to)
{
	const struct pq_schema *sc = f->sc;
	struct pq_put pt;
	uint32_t i;

	pq_put_begin(&pt, to);
	pq_put_i32(&pt, 1, 2);
	pq_put_list(&pt, 2, PQ_T_STRUCT, sc->nelems);
	pq_bytes_add(to, sc->elems.p, sc->elems.len);
	pq_put_i64(&pt, 3, (int64_t)f->rows);
	pq_put_list(&pt, 4, PQ_T_STRUCT, f->ngroups);
	pq_bytes_add(to, f->groups.p, f->groups.len);
	if (nnotes + sc->nnotes != 0) {
		pq_put_list(&pt, 5, PQ_T_STRUCT, nnotes + sc->nnotes);
		for (i = 0; i < nnotes; i++)
			put_note(&pt, &notes[i]);
		pq_bytes_add(to, sc->notes.p, sc->notes.len);
	}
	pq_put_text(&pt, 6, CREATED_BY);
	pq_put_list(&pt, 7, PQ_T_STRUCT, sc->nleaves);
	for (i = 0; i < sc->nleaves; i++) {
		pq_put_elem(&pt);
		pq_put_struct(&pt, 1); /* TYPE_ORDER */
		pq_put_end(&pt);
		pq_put_end(&pt);
	}
	pq_bytes_byte(to, PQ_T_STOP);
}
