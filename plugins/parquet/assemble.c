/* SPDX-License-Identifier: MIT
 *
 * Columns of batches: flat ones straight from the blocks of a reader, nested
 * ones from the levels of all their rows.
 */
#include "assemble.h"

#define ENTRIES_MAX (1u << 26) /* of one leaf in one batch */

int
pq_column_in_init(struct pq_column_in *ci, const struct weir_host *ho,
    const struct pq_field *field, struct pq_scratch *sx)
{
	uint32_t i;

	ci->field = field;
	ci->leaves = ho->zalloc(field->nleaves * sizeof *ci->leaves);
	if (ci->leaves == NULL)
		return -1;
	for (i = 0; i < field->nleaves; i++) {
		struct pq_leaf_in *in = &ci->leaves[i];

		pq_reader_init(&in->rd, ho,
		    pq_tree_leaf(field, field->leaf + i), field->name, sx);
		pq_bytes_init(&in->def, ho);
		pq_bytes_init(&in->rep, ho);
		pq_bytes_init(&in->vals, ho);
	}
	return 0;
}

void
pq_column_in_fini(struct pq_column_in *ci)
{
	const struct weir_host *ho;
	uint32_t i;

	if (ci->leaves == NULL)
		return;
	ho = ci->leaves[0].rd.ho;
	for (i = 0; i < ci->field->nleaves; i++) {
		struct pq_leaf_in *in = &ci->leaves[i];

		pq_reader_fini(&in->rd);
		pq_bytes_fini(&in->def);
		pq_bytes_fini(&in->rep);
		pq_bytes_fini(&in->vals);
	}
	ho->free(ci->leaves);
	ci->leaves = NULL;
}

static int
no_memory(const struct pq_reader *rd)
{
	return rd->ho->fail(rd->err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory while reading \"%s\"", rd->file);
}

/* The batch keeps what its slices point into. */
static int
pin(struct pq_reader *rd, struct weir_stage *st, struct weir_batch *b,
    struct pq_blob **last)
{
	struct pq_blob *bl = pq_reader_blob(rd);

	if (!weir_type_textual(&rd->leaf->type) || bl == *last || bl == NULL)
		return WEIR_OK;
	bl->refs++;
	if (weir_batch_pin(st, b, bl, pq_blob_unref) != WEIR_OK) {
		bl->refs--;
		return no_memory(rd);
	}
	*last = bl;
	return WEIR_OK;
}

static uint32_t
count_equal(const uint8_t *lv, uint32_t n, uint8_t v)
{
	uint32_t i, k = 0;

	for (i = 0; i < n; i++)
		k += lv[i] == v;
	return k;
}

/* Validity of `cap` rows, all valid at first. */
static uint64_t *
validity(struct weir_stage *st, struct weir_batch *b, uint32_t cap)
{
	size_t n = 8 * WEIR_BITMAP_WORDS(cap) + 8;
	uint64_t *v = weir_batch_alloc(st, b, n);

	if (v != NULL)
		memset(v, 0xff, n);
	return v;
}

/* ---- flat columns */

/* `v` values at `to` move to the places of the m rows that are not null. */
static void
spread(char *to, size_t w, const uint8_t *def, uint8_t max, uint32_t m,
    uint32_t v)
{
	uint32_t i = m;

	while (i-- > 0) {
		if (def[i] != max)
			memset(to + i * w, 0, w);
		else if (--v != i)
			memcpy(to + i * w, to + v * w, w);
		else
			break; /* all below are in place */
	}
}

static int
flat_block(struct pq_reader *rd, struct weir_column *co, uint32_t row,
    uint32_t m, uint32_t present)
{
	size_t w = pq_reader_width(rd->leaf);
	const uint8_t *def = rd->def + rd->level;
	uint8_t max = rd->leaf->max_def, bools[PQ_LEVELS];
	uint32_t i, k = 0;
	char *to;

	if (rd->leaf->type.kind == WEIR_BOOL) {
		if (pq_reader_values(rd, bools, present) != WEIR_OK)
			return WEIR_ERROR;
		for (i = 0; i < m; i++)
			weir_bit_put(co->u.bits, row + i,
			    def[i] == max && bools[k++]);
		return WEIR_OK;
	}
	to = (char *)co->u.data + row * w;
	if (pq_reader_values(rd, to, present) != WEIR_OK)
		return WEIR_ERROR;
	if (present != m)
		spread(to, w, def, max, m, present);
	return WEIR_OK;
}

static int
flat_rows(struct pq_reader *rd, struct weir_stage *st, struct weir_batch *b,
    struct weir_column *co, uint32_t n)
{
	struct pq_blob *pinned = NULL;
	uint8_t max = rd->leaf->max_def;
	uint32_t row, m, present, i;
	int rc;

	for (row = 0; row < n; row += m) {
		rc = pq_reader_levels(rd);
		if (rc == WEIR_END)
			return pq_reader_bad(rd, "fewer rows than its group");
		if (rc != WEIR_OK)
			return rc;
		m = rd->nlevels - rd->level;
		m = m < n - row ? m : n - row;
		present = count_equal(rd->def + rd->level, m, max);
		if (flat_block(rd, co, row, m, present) != WEIR_OK)
			return WEIR_ERROR;
		if (present != 0 && pin(rd, st, b, &pinned) != WEIR_OK)
			return WEIR_ERROR;
		if (present != m) {
			if (co->valid == NULL)
				co->valid = validity(st, b, n);
			if (co->valid == NULL)
				return no_memory(rd);
			for (i = 0; i < m; i++)
				if (rd->def[rd->level + i] != max)
					weir_bit_clear(co->valid, row + i);
		}
		rd->level += m;
	}
	return WEIR_OK;
}

/* ---- entries of nested ones */

/* Entries up to where row n + 1 would begin; *rows counts. */
static int
take_entries(struct pq_leaf_in *in, uint32_t m)
{
	struct pq_reader *rd = &in->rd;
	size_t w = pq_reader_width(rd->leaf);
	uint32_t present;
	uint8_t *to;

	present = count_equal(rd->def + rd->level, m, rd->leaf->max_def);
	pq_bytes_add(&in->def, rd->def + rd->level, m);
	pq_bytes_add(&in->rep, rd->rep + rd->level, m);
	to = pq_bytes_room(&in->vals, present * w + 1);
	if (in->def.failed || in->rep.failed || to == NULL)
		return no_memory(rd);
	if (pq_reader_values(rd, to, present) != WEIR_OK)
		return WEIR_ERROR;
	in->vals.len += present * w;
	in->n += m;
	rd->level += m;
	return WEIR_OK;
}

static int
read_entries(struct pq_leaf_in *in, struct weir_stage *st,
    struct weir_batch *b, uint32_t n)
{
	struct pq_reader *rd = &in->rd;
	struct pq_blob *pinned = NULL;
	uint32_t rows = 0, i;
	int rc;

	in->def.len = in->rep.len = in->vals.len = 0;
	in->n = in->at = 0;
	for (;;) {
		rc = pq_reader_levels(rd);
		if (rc == WEIR_END && rows == n)
			return WEIR_OK;
		if (rc == WEIR_END)
			return pq_reader_bad(rd, "fewer rows than its group");
		if (rc != WEIR_OK)
			return rc;
		if (rows == 0 && in->n == 0 && rd->rep[rd->level] != 0)
			return pq_reader_bad(rd,
			    "a row that does not begin at its beginning");
		for (i = rd->level; i < rd->nlevels; i++) {
			if (rd->rep[i] == 0 && rows == n)
				break;
			rows += rd->rep[i] == 0;
		}
		if (i != rd->level) {
			if (take_entries(in, i - rd->level) != WEIR_OK ||
			    pin(rd, st, b, &pinned) != WEIR_OK)
				return WEIR_ERROR;
		}
		if (i < rd->nlevels || in->n > ENTRIES_MAX)
			break;
	}
	if (in->n > ENTRIES_MAX)
		return pq_reader_bad(rd, "more than 64 million elements in a "
		    "few rows");
	return WEIR_OK;
}

/* ---- from entries to columns */

struct build {
	struct weir_stage *st;
	struct weir_batch *b;
	struct pq_column_in *ci;
};

static int
oom(const struct build *bu)
{
	return no_memory(&bu->ci->leaves[0].rd);
}

static struct pq_leaf_in *
leaf_of(const struct build *bu, const struct pq_field *fi)
{
	return &bu->ci->leaves[fi->leaf - bu->ci->field->leaf];
}

/* An entry begins a slot of the field where it repeats no deeper than the
 * field lies, and the element around it exists. */
static inline bool
begins(const struct pq_leaf_in *in, uint32_t i, const struct pq_field *fi,
    uint8_t slot)
{
	return in->rep.p[i] <= fi->rep && in->def.p[i] >= slot;
}

static int
build_validity(struct build *bu, const struct pq_field *fi,
    struct weir_column *co, uint32_t n, uint8_t slot)
{
	const struct pq_leaf_in *in = leaf_of(bu, fi);
	uint8_t least = (uint8_t)(fi->slot_def + 1);
	uint32_t i, row = 0;

	if (fi->required)
		return WEIR_OK;
	co->valid = validity(bu->st, bu->b, n);
	if (co->valid == NULL)
		return oom(bu);
	for (i = 0; i < in->n; i++) {
		if (!begins(in, i, fi, slot))
			continue;
		if (row < n && in->def.p[i] < least)
			weir_bit_clear(co->valid, row);
		row++;
	}
	return WEIR_OK;
}

/* Values of the n slots; those that are not there are zero. */
static int
build_leaf(struct build *bu, const struct pq_field *fi, struct weir_column *co,
    uint32_t n, uint8_t slot)
{
	struct pq_leaf_in *in = leaf_of(bu, fi);
	size_t w = pq_reader_width(fi);
	bool bits = fi->type.kind == WEIR_BOOL;
	size_t room = bits ? 8 * WEIR_BITMAP_WORDS(n) + 8 : n * w + 1;
	uint32_t i, row = 0;

	co->u.data = weir_batch_alloc(bu->st, bu->b, room);
	if (co->u.data == NULL)
		return oom(bu);
	memset(co->u.data, 0, room);
	for (i = 0; i < in->n; i++) {
		if (!begins(in, i, fi, slot))
			continue;
		if (in->def.p[i] == fi->max_def && row < n) {
			const uint8_t *v = in->vals.p + w * in->at++;

			if (bits)
				weir_bit_put(co->u.bits, row, *v != 0);
			else
				memcpy((char *)co->u.data + row * w, v, w);
		}
		row++;
	}
	return WEIR_OK;
}

static int build_field(struct build *bu, const struct pq_field *fi,
    struct weir_column *co, uint32_t n, uint8_t slot);

/* Offsets of the n lists, and their elements. */
static int
build_list(struct build *bu, const struct pq_field *fi, struct weir_column *co,
    uint32_t n, uint8_t slot)
{
	const struct pq_leaf_in *in = leaf_of(bu, fi);
	const struct pq_field *el = &fi->sub[0];
	uint32_t i, row = 0, total = 0;

	co->offsets = weir_batch_alloc(bu->st, bu->b,
	    ((size_t)n + 1) * sizeof *co->offsets);
	if (co->offsets == NULL)
		return oom(bu);
	for (i = 0; i < in->n; i++) {
		if (begins(in, i, fi, slot) && row < n)
			co->offsets[row++] = (int32_t)total;
		total += begins(in, i, el, el->slot_def);
	}
	while (row <= n)
		co->offsets[row++] = (int32_t)total;
	for (i = 0; i < fi->nsub; i++)
		if (build_field(bu, &fi->sub[i], &co->child[i], total,
			fi->sub[i].slot_def) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* The n slots of a field; there is a slot where the level is at least `slot`:
 * fields of a struct have one even where the struct is null. */
static int
build_field(struct build *bu, const struct pq_field *fi, struct weir_column *co,
    uint32_t n, uint8_t slot)
{
	uint32_t i;

	memset(co, 0, sizeof *co);
	if (build_validity(bu, fi, co, n, slot) != WEIR_OK)
		return WEIR_ERROR;
	if (fi->nsub == 0)
		return build_leaf(bu, fi, co, n, slot);
	co->nchild = fi->nsub;
	co->child = weir_batch_alloc(bu->st, bu->b,
	    fi->nsub * sizeof *co->child);
	if (co->child == NULL)
		return oom(bu);
	memset(co->child, 0, fi->nsub * sizeof *co->child);
	if (fi->type.kind != WEIR_STRUCT)
		return build_list(bu, fi, co, n, slot);
	for (i = 0; i < fi->nsub; i++)
		if (build_field(bu, &fi->sub[i], &co->child[i], n, slot) !=
		    WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* Leaves of one column must agree on how many elements there are: the slots of
 * each of a list's fields are counted in each leaf. */
static bool
counts_agree(const struct build *bu, const struct pq_field *fi)
{
	const struct pq_leaf_in *a, *b;
	uint32_t i, k, x, y;

	for (i = 0; i < fi->nsub; i++)
		if (!counts_agree(bu, &fi->sub[i]))
			return false;
	if (fi->nsub == 0)
		return true;
	a = leaf_of(bu, fi);
	for (i = 1; i < fi->nsub; i++) {
		const struct pq_field *su = &fi->sub[i];

		b = leaf_of(bu, su);
		for (x = 0, k = 0; k < a->n; k++)
			x += begins(a, k, su, su->slot_def);
		for (y = 0, k = 0; k < b->n; k++)
			y += begins(b, k, su, su->slot_def);
		if (x != y)
			return false;
	}
	return true;
}

int
pq_column_in_rows(struct pq_column_in *ci, struct weir_stage *st,
    struct weir_batch *b, struct weir_column *co, uint32_t n,
    struct weir_err *err)
{
	struct build bu = { st, b, ci };
	uint32_t i;

	for (i = 0; i < ci->field->nleaves; i++)
		ci->leaves[i].rd.err = err;
	if (ci->field->nsub == 0)
		return flat_rows(&ci->leaves[0].rd, st, b, co, n);
	for (i = 0; i < ci->field->nleaves; i++)
		if (read_entries(&ci->leaves[i], st, b, n) != WEIR_OK)
			return WEIR_ERROR;
	if (!counts_agree(&bu, ci->field))
		return pq_reader_bad(&ci->leaves[0].rd,
		    "leaves that do not fit together");
	return build_field(&bu, ci->field, co, n, 0);
}
