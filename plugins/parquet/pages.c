/* SPDX-License-Identifier: MIT
 *
 * Pages of a chunk: headers, checksums, decompression, the beginning of each
 * encoding.
 */
#include <errno.h>
#include <stdio.h>

#include "delta.h"
#include "reader.h"
#include "thrift.h"

#define WINDOW 65536u
#define HEADER_MAX (16u << 20)
#define VALUES_MAX (1 << 26) /* of a page that is undone at once */

struct head {
	int type;
	int64_t plain;
	int64_t packed;
	bool has_crc;
	uint32_t crc;
	int64_t values;
	int encoding;
	int def_encoding;
	int rep_encoding;
	int64_t def_len;
	int64_t rep_len;
	bool compressed;
	size_t len; /* of the header itself */
};

int
pq_reader_bad(const struct pq_reader *rd, const char *what)
{
	return rd->ho->fail(rd->err, WEIR_NOWHERE, "parquet.damaged",
	    "\"%s\" is damaged: column \"%s\" has %s", rd->file, rd->column,
	    what);
}

int
pq_reader_unknown(const struct pq_reader *rd, const char *what, int no)
{
	return rd->ho->fail(rd->err, WEIR_NOWHERE, "parquet.encoding",
	    "\"%s\": column \"%s\" is written with %s %d, which parquet.read "
	    "does not read", rd->file, rd->column, what, no);
}

static int
no_memory(const struct pq_reader *rd)
{
	return rd->ho->fail(rd->err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory while reading \"%s\"", rd->file);
}

/* ---- blobs */

void
pq_blob_unref(void *blob)
{
	struct pq_blob *bl = blob;

	if (bl != NULL && --bl->refs == 0)
		bl->ho->free(bl);
}

/* Room for n bytes: the old blob where no batch has it. */
static int
blob_room(struct pq_reader *rd, struct pq_blob **at, size_t n)
{
	struct pq_blob *bl = *at;

	if (bl != NULL && bl->refs == 1 && bl->cap >= n) {
		bl->len = n;
		return WEIR_OK;
	}
	pq_blob_unref(bl);
	*at = NULL;
	bl = rd->ho->alloc(sizeof *bl + n + 16);
	if (bl == NULL)
		return no_memory(rd);
	*bl = (struct pq_blob){ .ho = rd->ho, .refs = 1, .len = n, .cap = n };
	*at = bl;
	return WEIR_OK;
}

/* ---- bytes of the file */

/* At least n bytes from rd->at on, in the window. */
static int
need(struct pq_reader *rd, size_t n)
{
	size_t skip, have, want;
	uint8_t *to;

	if (n > rd->end - rd->at)
		return pq_reader_bad(rd, "a page beyond its end");
	skip = (size_t)(rd->at - rd->window_at);
	if (skip <= rd->window.len && rd->window.len - skip >= n)
		return WEIR_OK;
	have = skip < rd->window.len ? rd->window.len - skip : 0;
	if (have != 0)
		memmove(rd->window.p, rd->window.p + skip, have);
	rd->window.len = have;
	rd->window_at = rd->at;
	want = n < WINDOW ? WINDOW : n;
	if (want > rd->end - rd->at)
		want = (size_t)(rd->end - rd->at);
	to = pq_bytes_room(&rd->window, want - have + 1);
	if (to == NULL)
		return no_memory(rd);
	if (pq_read_at(rd->fd, to, want - have, rd->at + have) != 0)
		return rd->ho->fail(rd->err, WEIR_NOWHERE, "parquet.read",
		    "cannot read \"%s\": %s", rd->file, strerror(errno));
	rd->window.len = want;
	return WEIR_OK;
}

static const uint8_t *
here(const struct pq_reader *rd)
{
	return rd->window.p + (rd->at - rd->window_at);
}

/* ---- headers */

/* Of a data page, or of a dictionary, which has its first two fields. */
static void
get_data_head(struct pq_get *ge, struct head *he)
{
	int id;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0)
		if (id == 1)
			he->values = pq_get_int(ge);
		else if (id == 2)
			he->encoding = (int)pq_get_int(ge);
		else if (id == 3 && he->type != PQ_DICTIONARY_PAGE)
			he->def_encoding = (int)pq_get_int(ge);
		else if (id == 4)
			he->rep_encoding = (int)pq_get_int(ge);
		else
			pq_get_skip(ge);
}

static void
get_data_head2(struct pq_get *ge, struct head *he)
{
	int id;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0)
		if (id == 1)
			he->values = pq_get_int(ge);
		else if (id == 4)
			he->encoding = (int)pq_get_int(ge);
		else if (id == 5)
			he->def_len = pq_get_int(ge);
		else if (id == 6)
			he->rep_len = pq_get_int(ge);
		else if (id == 7)
			he->compressed = pq_get_bool(ge);
		else
			pq_get_skip(ge);
}

static bool
parse_head(struct head *he, const uint8_t *p, size_t n)
{
	struct pq_get ge;
	int id;

	*he = (struct head){ .type = -1, .compressed = true,
		.def_encoding = PQ_E_RLE, .rep_encoding = PQ_E_RLE };
	pq_get_begin(&ge, p, n);
	while ((id = pq_get_field(&ge)) != 0) {
		switch (id) {
		case 1:
			he->type = (int)pq_get_int(&ge);
			break;
		case 2:
			he->plain = pq_get_int(&ge);
			break;
		case 3:
			he->packed = pq_get_int(&ge);
			break;
		case 4:
			he->crc = (uint32_t)pq_get_int(&ge);
			he->has_crc = true;
			break;
		case 5:
		case 7:
			get_data_head(&ge, he);
			break;
		case 8:
			get_data_head2(&ge, he);
			break;
		default:
			pq_get_skip(&ge);
		}
	}
	he->len = (size_t)(ge.p - p);
	return !ge.bad;
}

/* The next page's header, and all of its bytes in the window. */
static int
next_head(struct pq_reader *rd, struct head *he)
{
	size_t try = 256;

	for (;; try *= 16) {
		if (try > rd->end - rd->at)
			try = (size_t)(rd->end - rd->at);
		if (need(rd, try) != WEIR_OK)
			return WEIR_ERROR;
		if (parse_head(he, here(rd), try))
			break;
		if (try == rd->end - rd->at || try >= HEADER_MAX)
			return pq_reader_bad(rd,
			    "a page whose header cannot be read");
	}
	if (he->plain < 0 || he->plain > INT32_MAX || he->packed < 0 ||
	    he->packed > INT32_MAX || he->values < 0 ||
	    he->values > INT32_MAX || he->def_len < 0 || he->rep_len < 0)
		return pq_reader_bad(rd, "a page of an impossible size");
	/* no codec makes more of a byte than this */
	if ((uint64_t)he->plain > ((uint64_t)he->packed + 32) * 40000)
		return pq_reader_bad(rd, "a page of an impossible size");
	rd->at += he->len;
	return need(rd, (size_t)he->packed);
}

static int
check_crc(struct pq_reader *rd, const struct head *he)
{
	if (he->has_crc &&
	    pq_crc32(0, here(rd), (size_t)he->packed) != he->crc)
		return pq_reader_bad(rd, "a page with a wrong checksum");
	return WEIR_OK;
}

/* The page's bytes into a blob; its first `stored` ones are not compressed. */
static int
unpack(struct pq_reader *rd, const struct head *he, struct pq_blob **to,
    size_t stored)
{
	const uint8_t *p = here(rd);
	size_t packed = (size_t)he->packed, plain = (size_t)he->plain;
	int codec = he->compressed ? rd->codec : PQ_UNCOMPRESSED;

	if (stored > packed || stored > plain)
		return pq_reader_bad(rd, "levels longer than their page");
	if (blob_room(rd, to, plain) != WEIR_OK)
		return WEIR_ERROR;
	if (stored != 0)
		memcpy((*to)->data, p, stored);
	/* a page without values may have no bytes at all */
	if (plain == stored && packed == stored)
		return WEIR_OK;
	if (pq_decompress(rd->sx, (enum pq_codec)codec, p + stored,
		packed - stored, (*to)->data + stored, plain - stored) != 0)
		return pq_reader_bad(rd, "a page that cannot be decompressed");
	return WEIR_OK;
}

/* ---- encodings that are undone at once */

/* Texts for the UUIDs of a page. */
static int
uuid_texts(struct pq_reader *rd, const uint8_t *p, size_t n,
    struct pq_blob **to)
{
	size_t count = n / 16, i;

	if (blob_room(rd, to, count * PQ_UUID_TEXT) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < count; i++)
		pq_convert_uuid(p + 16 * i,
		    (char *)(*to)->data + PQ_UUID_TEXT * i);
	return WEIR_OK;
}

static uint32_t
value_width(const struct pq_field *leaf)
{
	switch (leaf->phys) {
	case PQ_INT32:
	case PQ_FLOAT:
		return 4;
	case PQ_INT64:
	case PQ_DOUBLE:
		return 8;
	case PQ_FIXED:
		return leaf->fixed_len;
	default:
		return 0;
	}
}

static int64_t
undo(struct pq_reader *rd, const struct head *he, struct pq_bytes *to,
    const uint8_t *p, size_t n)
{
	const struct pq_field *leaf = rd->leaf;
	uint64_t most = (uint64_t)he->values;
	bool bytes = leaf->phys == PQ_BYTE_ARRAY;
	uint32_t w = value_width(leaf);

	if (most > VALUES_MAX)
		return -1;
	switch (he->encoding) {
	case PQ_E_DELTA_BINARY_PACKED:
		if (leaf->phys != PQ_INT32 && leaf->phys != PQ_INT64)
			return -1;
		return pq_delta_ints(to, p, n, w, most);
	case PQ_E_DELTA_LENGTH:
		return bytes ? pq_delta_lengths(to, p, n, most) : -1;
	case PQ_E_DELTA_BYTE_ARRAY:
		if (!bytes && leaf->phys != PQ_FIXED)
			return -1;
		return pq_delta_bytes(to, p, n, bytes ? 0 : w, most);
	default:
		return w == 0 ? -1 : pq_byte_streams(to, p, n, w, most);
	}
}

/* The values of a page, PLAIN, in rd->plain. */
static int
undo_page(struct pq_reader *rd, const struct head *he, const uint8_t *p,
    size_t n)
{
	struct pq_bytes b;
	int64_t got = 0;
	int rc = WEIR_OK;

	pq_bytes_init(&b, rd->ho);
	if (n != 0)
		got = undo(rd, he, &b, p, n);
	if (got == -2)
		rc = no_memory(rd);
	else if (got < 0)
		rc = pq_reader_bad(rd, "a page not of its encoding");
	else
		rc = blob_room(rd, &rd->plain, b.len);
	if (rc == WEIR_OK) {
		if (b.len != 0)
			memcpy(rd->plain->data, b.p, b.len);
		rd->p = rd->plain->data;
		rd->p_end = rd->p + b.len;
	}
	pq_bytes_fini(&b);
	return rc;
}

static int
begin_values(struct pq_reader *rd, const struct head *he, const uint8_t *p,
    size_t n)
{
	uint32_t len;

	pq_blob_unref(rd->plain);
	rd->plain = NULL;
	rd->from = PQ_FROM_PLAIN;
	rd->p = p;
	rd->p_end = p + n;
	rd->bit = 0;
	switch (he->encoding) {
	case PQ_E_PLAIN:
		break;
	case PQ_E_PLAIN_DICTIONARY:
	case PQ_E_RLE_DICTIONARY:
		rd->from = PQ_FROM_DICT;
		if (n != 0 && p[0] > 32)
			return pq_reader_bad(rd, "numbers of impossible width");
		pq_hybrid_begin(&rd->numbers, p + (n != 0), n - (n != 0),
		    n != 0 ? p[0] : 0);
		return WEIR_OK;
	case PQ_E_RLE:
		if (rd->leaf->phys != PQ_BOOLEAN)
			return pq_reader_unknown(rd, "encoding", he->encoding);
		len = n >= 4 ? pq_get32(p) : 0;
		if (n >= 4 && len > n - 4)
			return pq_reader_bad(rd, "a page not of its encoding");
		rd->from = PQ_FROM_RUNS;
		pq_hybrid_begin(&rd->numbers, n >= 4 ? p + 4 : p, len, 1);
		return WEIR_OK;
	case PQ_E_DELTA_BINARY_PACKED:
	case PQ_E_DELTA_LENGTH:
	case PQ_E_DELTA_BYTE_ARRAY:
	case PQ_E_BYTE_STREAM_SPLIT:
		if (undo_page(rd, he, p, n) != WEIR_OK)
			return WEIR_ERROR;
		break;
	default:
		return pq_reader_unknown(rd, "encoding", he->encoding);
	}
	if (rd->leaf->convert == PQ_TO_UUID) {
		struct pq_blob *text = NULL;

		if (uuid_texts(rd, rd->p, (size_t)(rd->p_end - rd->p),
			&text) != WEIR_OK)
			return WEIR_ERROR;
		pq_blob_unref(rd->plain);
		rd->plain = text;
		rd->p = text->data;
		rd->p_end = text->data + text->len;
	}
	return WEIR_OK;
}

/* ---- pages */

static int
load_dict(struct pq_reader *rd, const struct head *he)
{
	size_t w = pq_reader_width(rd->leaf);
	const uint8_t *p, *end;
	const char *what;

	if (rd->has_dict || (he->encoding != PQ_E_PLAIN &&
	    he->encoding != PQ_E_PLAIN_DICTIONARY) ||
	    rd->leaf->phys == PQ_BOOLEAN)
		return pq_reader_bad(rd, "a dictionary that cannot be one");
	if (check_crc(rd, he) != WEIR_OK ||
	    unpack(rd, he, &rd->dict_page, 0) != WEIR_OK)
		return WEIR_ERROR;
	if (rd->leaf->convert == PQ_TO_UUID) {
		struct pq_blob *text = NULL;

		if (uuid_texts(rd, rd->dict_page->data, rd->dict_page->len,
			&text) != WEIR_OK)
			return WEIR_ERROR;
		pq_blob_unref(rd->dict_page);
		rd->dict_page = text;
	}
	p = rd->dict_page->data;
	end = p + rd->dict_page->len;
	/* a value takes two bytes at least */
	if ((uint64_t)he->values > rd->dict_page->len)
		return pq_reader_bad(rd, "a dictionary of an impossible size");
	if (rd->dict != NULL)
		rd->ho->free(rd->dict);
	rd->dict = rd->ho->alloc(w * (size_t)he->values + 1);
	if (rd->dict == NULL)
		return no_memory(rd);
	if (pq_convert(rd->leaf, &p, end, rd->dict, (uint32_t)he->values,
		&what) != 0)
		return pq_reader_bad(rd, what);
	rd->ndict = (uint32_t)he->values;
	rd->has_dict = true;
	return WEIR_OK;
}

/* Levels of a V1 page: the length, then the hybrid. */
static int
begin_levels(struct pq_reader *rd, struct pq_hybrid *hy, int encoding,
    uint8_t max, const uint8_t **p, const uint8_t *end)
{
	uint32_t len;

	if (max == 0)
		return WEIR_OK;
	if (encoding != PQ_E_RLE)
		return pq_reader_unknown(rd, "level encoding", encoding);
	if (end - *p < 4)
		return pq_reader_bad(rd, "levels longer than their page");
	len = pq_get32(*p);
	*p += 4;
	if (len > (size_t)(end - *p))
		return pq_reader_bad(rd, "levels longer than their page");
	pq_hybrid_begin(hy, *p, len, pq_bit_width(max));
	*p += len;
	return WEIR_OK;
}

static int
load_data(struct pq_reader *rd, const struct head *he)
{
	const struct pq_field *leaf = rd->leaf;
	const uint8_t *p, *end;
	size_t stored = 0;

	if (he->values > rd->left)
		return pq_reader_bad(rd, "more values than it says");
	if (he->type == PQ_DATA_PAGE_V2)
		stored = (size_t)(he->def_len + he->rep_len);
	if (check_crc(rd, he) != WEIR_OK ||
	    unpack(rd, he, &rd->page, stored) != WEIR_OK)
		return WEIR_ERROR;
	p = rd->page->data;
	end = p + rd->page->len;
	if (he->type == PQ_DATA_PAGE_V2) {
		pq_hybrid_begin(&rd->rep_in, p, (size_t)he->rep_len,
		    pq_bit_width(leaf->max_rep));
		p += he->rep_len;
		pq_hybrid_begin(&rd->def_in, p, (size_t)he->def_len,
		    pq_bit_width(leaf->max_def));
		p += he->def_len;
	} else if (begin_levels(rd, &rd->rep_in, he->rep_encoding,
	    leaf->max_rep, &p, end) != WEIR_OK ||
	    begin_levels(rd, &rd->def_in, he->def_encoding, leaf->max_def,
		&p, end) != WEIR_OK)
		return WEIR_ERROR;
	if (begin_values(rd, he, p, (size_t)(end - p)) != WEIR_OK)
		return WEIR_ERROR;
	rd->page_left = he->values;
	rd->left -= he->values;
	return WEIR_OK;
}

int
pq_reader_page(struct pq_reader *rd)
{
	struct head he;
	int rc;

	for (;;) {
		if (rd->left == 0)
			return WEIR_END;
		if (rd->at >= rd->end)
			return pq_reader_bad(rd, "fewer values than it says");
		if (next_head(rd, &he) != WEIR_OK)
			return WEIR_ERROR;
		rc = WEIR_OK;
		if (he.type == PQ_DICTIONARY_PAGE)
			rc = load_dict(rd, &he);
		else if (he.type == PQ_DATA_PAGE ||
		    he.type == PQ_DATA_PAGE_V2)
			rc = load_data(rd, &he);
		rd->at += (uint64_t)he.packed;
		if (rc != WEIR_OK)
			return rc;
		if (rd->page_left != 0)
			return WEIR_OK;
	}
}
