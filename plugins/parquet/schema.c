/* SPDX-License-Identifier: MIT
 *
 * Mapping a stream's columns to Parquet's schema.
 */
#include "schema.h"

#include <stdio.h>

#define MAX_DEPTH 32

/* Where the walk through the columns is. */
struct walk {
	struct pq_schema *sc;
	struct pq_put put;
	struct pq_put notes;
	const char *path[3 * MAX_DEPTH];
	uint32_t npath;
	uint8_t def;
	uint8_t rep;
	bool failed;
};

uint32_t
pq_decimal_bytes(unsigned precision)
{
	weir_u128 most = 1;
	uint32_t n = 1;

	while (precision-- > 0)
		most *= 10;
	while (n < 16 && (most - 1) >> (8 * n - 1) != 0)
		n++;
	return n;
}

static bool
check_type(const struct weir_host *ho, const struct weir_field *fi,
    const char *col, unsigned depth, struct weir_span span,
    struct weir_err *err)
{
	uint32_t i, j;

	if (depth >= MAX_DEPTH) {
		ho->fail(err, span, "parquet.type",
		    "column \"%s\" is nested more than %d deep, which "
		    "parquet.write does not take", col, MAX_DEPTH);
		return false;
	}
	if (fi->type->kind == WEIR_NULL || fi->type->kind >= WEIR_KINDS) {
		ho->fail(err, span, "parquet.type",
		    "column \"%s\" is null in every row; give it a type: "
		    "null as string", col);
		return false;
	}
	if (fi->type->kind == WEIR_STRUCT && fi->type->nfields == 0) {
		ho->fail(err, span, "parquet.type",
		    "column \"%s\" holds a struct without fields, which "
		    "Parquet cannot store; drop it or give it a field", col);
		return false;
	}
	for (i = 0; i < fi->type->nfields; i++) {
		const struct weir_field *in = &fi->type->fields[i];

		for (j = 0; fi->type->kind == WEIR_STRUCT && j < i; j++)
			if (strcmp(in->name, fi->type->fields[j].name) == 0) {
				ho->fail(err, span, "parquet.type",
				    "column \"%s\" holds a struct with two "
				    "fields \"%s\"", col, in->name);
				return false;
			}
		if (!check_type(ho, in, col, depth + 1, span, err))
			return false;
	}
	return true;
}

int
pq_schema_check(const struct weir_host *ho, const struct weir_field *cols,
    uint32_t ncols, struct weir_span span, struct weir_err *err)
{
	uint32_t i;

	for (i = 0; i < ncols; i++)
		if (!check_type(ho, &cols[i], cols[i].name, 0, span, err))
			return WEIR_ERROR;
	return WEIR_OK;
}

/* ---- annotations */

static void
put_stamp(struct pq_put *pt)
{
	pq_put_struct(pt, PQ_L_TIMESTAMP);
	pq_put_bool(pt, 1, true);
	pq_put_struct(pt, 2);
	pq_put_struct(pt, PQ_U_MICROS);
	pq_put_end(pt);
	pq_put_end(pt);
	pq_put_end(pt);
}

static void
put_empty(struct pq_put *pt, int id)
{
	pq_put_struct(pt, id);
	pq_put_end(pt);
}

static int
converted_of(const struct weir_type *ty)
{
	switch (ty->kind) {
	case WEIR_STRING:
		return PQ_C_UTF8;
	case WEIR_JSON:
		return PQ_C_JSON;
	case WEIR_DECIMAL:
		return PQ_C_DECIMAL;
	case WEIR_DATE:
		return PQ_C_DATE;
	case WEIR_TIMESTAMP:
		return PQ_C_TIMESTAMP_MICROS;
	case WEIR_LIST:
		return PQ_C_LIST;
	case WEIR_MAP:
		return PQ_C_MAP;
	default:
		return PQ_C_NONE;
	}
}

static void
put_logical(struct pq_put *pt, const struct weir_type *ty)
{
	pq_put_struct(pt, 10);
	switch (ty->kind) {
	case WEIR_STRING:
		put_empty(pt, PQ_L_STRING);
		break;
	case WEIR_JSON:
		put_empty(pt, PQ_L_JSON);
		break;
	case WEIR_DECIMAL:
		pq_put_struct(pt, PQ_L_DECIMAL);
		pq_put_i32(pt, 1, ty->scale);
		pq_put_i32(pt, 2, ty->precision);
		pq_put_end(pt);
		break;
	case WEIR_DATE:
		put_empty(pt, PQ_L_DATE);
		break;
	case WEIR_TIMESTAMP:
		put_stamp(pt);
		break;
	case WEIR_LIST:
		put_empty(pt, PQ_L_LIST);
		break;
	case WEIR_MAP:
		put_empty(pt, PQ_L_MAP);
		break;
	default:
		break;
	}
	pq_put_end(pt);
}

/* One SchemaElement.  A leaf where le is not NULL, else a group. */
static void
put_element(struct walk *wa, const char *name, int repetition,
    const struct pq_leaf *le, uint32_t children, const struct weir_type *ty)
{
	struct pq_put *pt = &wa->put;
	int converted = ty == NULL ? PQ_C_NONE : converted_of(ty);

	pt->depth = 0;
	pt->last[0] = 0;
	if (le != NULL) {
		pq_put_i32(pt, 1, (int32_t)le->phys);
		if (le->phys == PQ_FIXED)
			pq_put_i32(pt, 2, (int32_t)le->width);
	}
	if (repetition >= 0)
		pq_put_i32(pt, 3, repetition);
	pq_put_text(pt, 4, name);
	if (le == NULL)
		pq_put_i32(pt, 5, (int32_t)children);
	if (converted != PQ_C_NONE)
		pq_put_i32(pt, 6, converted);
	if (le != NULL && ty->kind == WEIR_DECIMAL) {
		pq_put_i32(pt, 7, ty->scale);
		pq_put_i32(pt, 8, ty->precision);
	}
	if (converted != PQ_C_NONE)
		put_logical(pt, ty);
	pq_bytes_byte(pt->to, PQ_T_STOP);
	wa->sc->nelems++;
}

/* ---- leaves */

static void
leaf_storage(struct pq_leaf *le, const struct weir_type *ty)
{
	le->type = ty;
	switch (ty->kind) {
	case WEIR_BOOL:
		le->class = PQ_IS_BOOL;
		le->phys = PQ_BOOLEAN;
		return;
	case WEIR_INT32:
	case WEIR_DATE:
		le->class = PQ_IS_I32;
		le->phys = PQ_INT32;
		le->width = 4;
		return;
	case WEIR_FLOAT32:
		le->class = PQ_IS_F32;
		le->phys = PQ_FLOAT;
		le->width = 4;
		return;
	case WEIR_FLOAT64:
		le->class = PQ_IS_F64;
		le->phys = PQ_DOUBLE;
		le->width = 8;
		return;
	case WEIR_DECIMAL:
		if (ty->precision > 18) {
			le->class = PQ_IS_I128;
			le->phys = PQ_FIXED;
			le->width = pq_decimal_bytes(ty->precision);
		} else {
			le->class = ty->precision > 9 ? PQ_IS_I64
						      : PQ_IS_NARROW;
			le->phys = ty->precision > 9 ? PQ_INT64 : PQ_INT32;
			le->width = ty->precision > 9 ? 8 : 4;
		}
		return;
	case WEIR_STRING:
	case WEIR_JSON:
	case WEIR_BYTES:
		le->class = PQ_IS_BYTES;
		le->phys = PQ_BYTE_ARRAY;
		le->utf8 = ty->kind != WEIR_BYTES;
		return;
	default:
		le->class = PQ_IS_I64;
		le->phys = PQ_INT64;
		le->width = 8;
		return;
	}
}

/* "weir.type:a.b" = "duration": what Parquet has no type for. */
static void
put_note(struct walk *wa, const char *what)
{
	struct pq_bytes key;
	uint32_t i;

	pq_bytes_init(&key, wa->sc->ho);
	pq_bytes_add(&key, "weir.type:", 10);
	for (i = 0; i < wa->npath; i++) {
		if (i != 0)
			pq_bytes_byte(&key, '.');
		pq_bytes_add(&key, wa->path[i], strlen(wa->path[i]));
	}
	wa->notes.depth = 0;
	wa->notes.last[0] = 0;
	pq_put_bin(&wa->notes, 1, key.p, key.len);
	pq_put_text(&wa->notes, 2, what);
	pq_bytes_byte(wa->notes.to, PQ_T_STOP);
	wa->sc->nnotes++;
	wa->failed |= key.failed;
	pq_bytes_fini(&key);
}

static void
walk_leaf(struct walk *wa, const char *name, int repetition,
    const struct weir_type *ty)
{
	struct pq_schema *sc = wa->sc;
	struct pq_leaf *le;

	le = sc->ho->realloc(sc->leaves, (sc->nleaves + 1) * sizeof *le);
	if (le == NULL) {
		wa->failed = true;
		return;
	}
	sc->leaves = le;
	le += sc->nleaves;
	memset(le, 0, sizeof *le);
	le->path = sc->ho->alloc(wa->npath * sizeof *le->path);
	sc->nleaves++;
	if (le->path == NULL) {
		wa->failed = true;
		return;
	}
	memcpy(le->path, wa->path, wa->npath * sizeof *le->path);
	le->npath = wa->npath;
	le->max_def = wa->def;
	le->max_rep = wa->rep;
	leaf_storage(le, ty);
	put_element(wa, name, repetition, le, 0, ty);
	if (ty->kind == WEIR_DURATION)
		put_note(wa, "duration");
}

/* A group without an annotation that repeats. */
static void
put_repeated(struct walk *wa, const char *name, uint32_t children)
{
	put_element(wa, name, PQ_REPEATED, NULL, children, NULL);
	wa->path[wa->npath++] = name;
	wa->def++;
	wa->rep++;
}

static void
walk_field(struct walk *wa, const char *name, const struct weir_type *ty,
    bool required)
{
	uint8_t def = wa->def, rep = wa->rep;
	uint32_t npath = wa->npath, i;
	int repetition = required ? PQ_REQUIRED : PQ_OPTIONAL;
	const struct weir_field *fs = ty->fields;

	wa->path[wa->npath++] = name;
	wa->def += !required;
	switch (ty->kind) {
	case WEIR_LIST:
		put_element(wa, name, repetition, NULL, 1, ty);
		put_repeated(wa, "list", 1);
		walk_field(wa, "element", fs[0].type, fs[0].required);
		break;
	case WEIR_MAP:
		put_element(wa, name, repetition, NULL, 1, ty);
		put_repeated(wa, "key_value", 2);
		walk_field(wa, "key", fs[0].type, true);
		walk_field(wa, "value", fs[1].type, fs[1].required);
		break;
	case WEIR_STRUCT:
		put_element(wa, name, repetition, NULL, ty->nfields, ty);
		for (i = 0; i < ty->nfields; i++)
			walk_field(wa, fs[i].name, fs[i].type, fs[i].required);
		break;
	default:
		walk_leaf(wa, name, repetition, ty);
	}
	wa->def = def;
	wa->rep = rep;
	wa->npath = npath;
}

int
pq_schema_init(struct pq_schema *sc, const struct weir_host *ho,
    const struct weir_field *cols, uint32_t ncols)
{
	struct walk wa;
	uint32_t i;

	memset(sc, 0, sizeof *sc);
	memset(&wa, 0, sizeof wa);
	sc->ho = ho;
	sc->cols = cols;
	sc->ncols = ncols;
	pq_bytes_init(&sc->elems, ho);
	pq_bytes_init(&sc->notes, ho);
	sc->first = ho->alloc((ncols + 1) * sizeof *sc->first);
	if (sc->first == NULL)
		return -1;
	wa.sc = sc;
	pq_put_begin(&wa.put, &sc->elems);
	pq_put_begin(&wa.notes, &sc->notes);
	put_element(&wa, "schema", -1, NULL, ncols, NULL);
	for (i = 0; i < ncols; i++) {
		sc->first[i] = sc->nleaves;
		walk_field(&wa, cols[i].name, cols[i].type, cols[i].required);
	}
	sc->first[ncols] = sc->nleaves;
	return wa.failed || sc->elems.failed || sc->notes.failed ? -1 : 0;
}

void
pq_schema_fini(struct pq_schema *sc)
{
	uint32_t i;

	if (sc->ho == NULL)
		return;
	for (i = 0; i < sc->nleaves; i++)
		if (sc->leaves[i].path != NULL)
			sc->ho->free(sc->leaves[i].path);
	if (sc->leaves != NULL)
		sc->ho->free(sc->leaves);
	if (sc->first != NULL)
		sc->ho->free(sc->first);
	pq_bytes_fini(&sc->elems);
	pq_bytes_fini(&sc->notes);
	memset(sc, 0, sizeof *sc);
}
