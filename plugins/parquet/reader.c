/* SPDX-License-Identifier: MIT
 *
 * Levels and values of a leaf, a block at a time.
 */
#include "reader.h"

void
pq_reader_init(struct pq_reader *rd, const struct weir_host *ho,
    const struct pq_field *leaf, const char *column, struct pq_scratch *sx)
{
	memset(rd, 0, sizeof *rd);
	rd->ho = ho;
	rd->leaf = leaf;
	rd->column = column;
	rd->sx = sx;
	rd->fd = -1;
	pq_bytes_init(&rd->window, ho);
}

static void
forget_dict(struct pq_reader *rd)
{
	if (rd->dict != NULL)
		rd->ho->free(rd->dict);
	rd->dict = NULL;
	rd->ndict = 0;
	rd->has_dict = false;
	/* batches may still point into its page */
	pq_blob_unref(rd->dict_page);
	rd->dict_page = NULL;
}

void
pq_reader_fini(struct pq_reader *rd)
{
	if (rd->ho == NULL)
		return;
	forget_dict(rd);
	pq_blob_unref(rd->page);
	pq_blob_unref(rd->plain);
	pq_bytes_fini(&rd->window);
	rd->ho = NULL;
}

int
pq_reader_begin(struct pq_reader *rd, int fd, const char *file,
    const struct pq_chunk *ch, struct weir_err *err)
{
	rd->fd = fd;
	rd->file = file;
	rd->err = err;
	rd->codec = ch->codec;
	rd->at = ch->start;
	rd->end = ch->start + ch->len;
	rd->left = ch->values;
	rd->window.len = 0;
	rd->window_at = ch->start;
	rd->page_left = 0;
	rd->nlevels = rd->level = 0;
	forget_dict(rd);
	if (ch->encrypted)
		return pq_reader_bad(rd, "been encrypted");
	if (ch->phys != rd->leaf->phys)
		return pq_reader_bad(rd, "another type than its schema");
	if (!pq_codec_known(ch->codec))
		return rd->ho->fail(err, WEIR_NOWHERE, "parquet.codec",
		    "\"%s\": column \"%s\" is compressed with %s, which "
		    "parquet.read does not read", file, rd->column,
		    pq_codec_name(ch->codec));
	return WEIR_OK;
}

static bool
all_below(const uint8_t *lv, uint32_t n, uint8_t max)
{
	uint8_t most = 0;
	uint32_t i;

	for (i = 0; i < n; i++)
		most = lv[i] > most ? lv[i] : most;
	return most <= max;
}

static int
get_levels(struct pq_reader *rd, struct pq_hybrid *hy, uint8_t *to,
    uint32_t n, uint8_t max)
{
	if (max == 0) {
		memset(to, 0, n);
		return WEIR_OK;
	}
	if (pq_hybrid_get8(hy, to, n) != 0)
		return pq_reader_bad(rd, "fewer levels than it says");
	if (!all_below(to, n, max))
		return pq_reader_bad(rd, "levels of an impossible depth");
	return WEIR_OK;
}

int
pq_reader_levels(struct pq_reader *rd)
{
	const struct pq_field *leaf = rd->leaf;
	uint32_t n;
	int rc;

	if (rd->level < rd->nlevels)
		return WEIR_OK;
	rd->level = rd->nlevels = 0;
	if (rd->page_left == 0) {
		rc = pq_reader_page(rd);
		if (rc != WEIR_OK)
			return rc;
	}
	n = rd->page_left < PQ_LEVELS ? (uint32_t)rd->page_left : PQ_LEVELS;
	if (get_levels(rd, &rd->rep_in, rd->rep, n, leaf->max_rep) !=
	    WEIR_OK ||
	    get_levels(rd, &rd->def_in, rd->def, n, leaf->max_def) != WEIR_OK)
		return WEIR_ERROR;
	rd->nlevels = n;
	rd->page_left -= n;
	return WEIR_OK;
}

static int
plain_bools(struct pq_reader *rd, uint8_t *to, uint32_t n)
{
	uint32_t i;

	if ((uint64_t)(rd->p_end - rd->p) * 8 < (uint64_t)rd->bit + n)
		return pq_reader_bad(rd, "fewer values than it says");
	for (i = 0; i < n; i++) {
		to[i] = rd->p[rd->bit / 8] >> (rd->bit & 7) & 1;
		rd->bit++;
	}
	rd->p += rd->bit / 8;
	rd->bit &= 7;
	return WEIR_OK;
}

static int
dict_values(struct pq_reader *rd, void *to, uint32_t n)
{
	size_t w = pq_reader_width(rd->leaf);
	uint32_t no[256], i, m, k, most;

	for (i = 0; i < n; i += m) {
		m = n - i < 256 ? n - i : 256;
		if (pq_hybrid_get(&rd->numbers, no, m) != 0)
			return pq_reader_bad(rd, "fewer values than it says");
		for (most = 0, k = 0; k < m; k++)
			most = no[k] > most ? no[k] : most;
		if (most >= rd->ndict)
			return pq_reader_bad(rd,
			    "numbers beyond its dictionary");
		switch (w) {
		case 4:
			for (k = 0; k < m; k++)
				((uint32_t *)to)[i + k] =
				    ((const uint32_t *)rd->dict)[no[k]];
			break;
		case 8:
			for (k = 0; k < m; k++)
				((uint64_t *)to)[i + k] =
				    ((const uint64_t *)rd->dict)[no[k]];
			break;
		default:
			for (k = 0; k < m; k++)
				((struct weir_str *)to)[i + k] =
				    ((const struct weir_str *)rd->dict)[no[k]];
		}
	}
	return WEIR_OK;
}

int
pq_reader_values(struct pq_reader *rd, void *to, uint32_t n)
{
	const char *what;

	if (n == 0)
		return WEIR_OK;
	switch (rd->from) {
	case PQ_FROM_DICT:
		return dict_values(rd, to, n);
	case PQ_FROM_RUNS:
		if (pq_hybrid_get8(&rd->numbers, to, n) != 0)
			return pq_reader_bad(rd, "fewer values than it says");
		return WEIR_OK;
	default:
		if (rd->leaf->phys == PQ_BOOLEAN)
			return plain_bools(rd, to, n);
		if (pq_convert(rd->leaf, &rd->p, rd->p_end, to, n, &what) != 0)
			return pq_reader_bad(rd, what);
		return WEIR_OK;
	}
}

struct pq_blob *
pq_reader_blob(const struct pq_reader *rd)
{
	if (rd->from == PQ_FROM_DICT)
		return rd->dict_page;
	return rd->plain != NULL ? rd->plain : rd->page;
}
