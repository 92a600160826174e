/* SPDX-License-Identifier: MIT
 *
 * Row groups out of columns, files out of row groups.
 */
#include "file.h"

static int
no_memory(struct pq_file *f, struct weir_err *err)
{
	return f->ho->fail(err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory while writing \"%s\"", f->to->staged);
}

int
pq_file_init(struct pq_file *f, struct fsink_file *to,
    const struct pq_schema *sc, const struct pq_settings *se,
    struct pq_column *cols, struct weir_err *err)
{
	const struct weir_host *ho = to->env.host;
	uint32_t i;

	memset(f, 0, sizeof *f);
	f->ho = ho;
	f->sc = sc;
	f->se = se;
	f->to = to;
	pq_bytes_init(&f->groups, ho);
	pq_shred_init(&f->shred, ho);
	f->cols = cols;
	for (i = 0; cols != NULL && i < sc->nleaves; i++)
		pq_column_again(&cols[i]);
	if (cols == NULL) {
		f->cols = ho->zalloc((sc->nleaves + 1) * sizeof *f->cols);
		if (f->cols == NULL)
			return no_memory(f, err);
		for (i = 0; i < sc->nleaves; i++)
			pq_column_init(&f->cols[i], ho, &sc->leaves[i], se);
	}
	return WEIR_OK;
}

int
pq_file_begin(struct pq_file *f, struct fsink_file *to,
    const struct pq_schema *sc, const struct pq_settings *se,
    struct pq_column *cols, struct weir_err *err)
{
	return pq_file_init(f, to, sc, se, cols, err) == WEIR_OK
	    ? fsink_put(to, PQ_MAGIC, 4, err) : WEIR_ERROR;
}

void
pq_file_columns_free(const struct weir_host *ho, const struct pq_schema *sc,
    struct pq_column *cols)
{
	uint32_t i;

	if (cols == NULL)
		return;
	for (i = 0; i < sc->nleaves; i++)
		pq_column_fini(&cols[i]);
	ho->free(cols);
}

struct pq_column *
pq_file_columns(struct pq_file *f)
{
	struct pq_column *cols = f->cols;

	f->cols = NULL;
	return cols;
}

void
pq_file_fini(struct pq_file *f)
{
	if (f->ho == NULL)
		return;
	pq_file_columns_free(f->ho, f->sc, f->cols);
	f->cols = NULL;
	pq_shred_fini(&f->shred);
	pq_bytes_fini(&f->groups);
	f->ho = NULL;
}

int
pq_file_write(struct pq_file *f, struct pq_scratch *sx,
    const struct weir_column *cols, const uint32_t *rows, uint32_t n,
    struct weir_err *err)
{
	const struct pq_schema *sc = f->sc;
	uint64_t held = 0;
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sc->ncols; i++) {
		struct pq_column *c = &f->cols[sc->first[i]];

		if (weir_type_nested(sc->cols[i].type))
			rc = pq_shred_write(&f->shred, sx, &sc->cols[i],
			    &cols[i], rows, n, c);
		else
			rc = pq_column_flat(c, sx, &cols[i], rows, n);
	}
	if (rc != 0)
		return no_memory(f, err);
	f->group_rows += n;
	f->rows += n;
	for (i = 0; i < sc->nleaves; i++)
		held += f->cols[i].held + pq_column_open(&f->cols[i]) +
		    f->cols[i].dict.bytes;
	f->held = held;
	if (f->group_rows >= f->se->group_rows ||
	    f->held >= f->se->group_size)
		return pq_file_group(f, sx, err);
	return WEIR_OK;
}

/* A page at the file's end. */
static int
write_page(struct pq_file *f, const struct pq_page *pg, struct pq_place *at,
    struct weir_err *err)
{
	at->plain += pg->plain_len;
	at->packed += pg->len;
	return fsink_put(f->to, pg->data, pg->len, err);
}

/* A chunk's pages, the dictionary first. */
static int
write_chunk(struct pq_file *f, struct pq_column *c, struct pq_place *at,
    struct weir_err *err)
{
	uint32_t i;

	if (c->dict_page.data != NULL) {
		at->dict = f->to->written;
		if (write_page(f, &c->dict_page, at, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	at->data = f->to->written;
	for (i = 0; i < c->npages; i++)
		if (write_page(f, &c->pages[i], at, err) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* The page indexes of all chunks, one after the other. */
static int
write_indexes(struct pq_file *f, struct pq_place *at, struct weir_err *err)
{
	struct pq_bytes ix;
	size_t from;
	uint32_t i;
	int rc;

	pq_bytes_init(&ix, f->ho);
	for (i = 0; i < f->sc->nleaves; i++) {
		from = ix.len;
		if (f->se->statistics &&
		    pq_footer_column_index(&f->cols[i], &ix)) {
			at[i].column_index = f->to->written + from;
			at[i].column_len = (uint32_t)(ix.len - from);
		}
	}
	for (i = 0; i < f->sc->nleaves; i++) {
		from = ix.len;
		pq_footer_offset_index(&f->cols[i], at[i].data, &ix);
		at[i].offset_index = f->to->written + from;
		at[i].offset_len = (uint32_t)(ix.len - from);
	}
	rc = ix.failed ? no_memory(f, err)
		       : fsink_put(f->to, ix.p, ix.len, err);
	pq_bytes_fini(&ix);
	return rc;
}

int
pq_file_group(struct pq_file *f, struct pq_scratch *sx, struct weir_err *err)
{
	uint32_t i, n = f->sc->nleaves;
	struct pq_place *at;
	int rc = WEIR_OK;

	if (f->group_rows == 0)
		return WEIR_OK;
	at = f->ho->zalloc((n + 1) * sizeof *at);
	if (at == NULL)
		return no_memory(f, err);
	for (i = 0; rc == WEIR_OK && i < n; i++) {
		if (pq_column_finish(&f->cols[i], sx) != 0)
			rc = no_memory(f, err);
		else
			rc = write_chunk(f, &f->cols[i], &at[i], err);
	}
	if (rc == WEIR_OK)
		rc = write_indexes(f, at, err);
	if (rc == WEIR_OK) {
		pq_footer_group(f, at);
		if (f->groups.failed)
			rc = no_memory(f, err);
	}
	f->ho->free(at);
	if (rc != WEIR_OK)
		return rc;
	for (i = 0; i < n; i++)
		pq_column_reset(&f->cols[i]);
	f->ngroups++;
	f->group_rows = 0;
	f->held = 0;
	return WEIR_OK;
}

int
pq_file_end(struct pq_file *f, struct pq_scratch *sx,
    const struct pq_note *notes, uint32_t nnotes, struct weir_err *err)
{
	struct pq_bytes foot;
	uint8_t tail[8];
	int rc;

	rc = pq_file_group(f, sx, err);
	if (rc != WEIR_OK)
		return rc;
	pq_bytes_init(&foot, f->ho);
	pq_footer_file(f, notes, nnotes, &foot);
	pq_put32(tail, (uint32_t)foot.len);
	memcpy(tail + 4, PQ_MAGIC, 4);
	pq_bytes_add(&foot, tail, sizeof tail);
	rc = foot.failed ? no_memory(f, err)
			 : fsink_put(f->to, foot.p, foot.len, err);
	pq_bytes_fini(&foot);
	return rc;
}
