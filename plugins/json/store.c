/* SPDX-License-Identifier: MIT
 *
 * The memory into which slots are filled.
 *
 *	columns of the batch  ◄── slots outside of lists: written directly
 *	memory of the decoder ◄── elements of lists and maps: grows, kept from
 *	                          batch to batch, copied when a batch is whole
 *
 * Bits of a validity bitmap at and behind the current row are always set, so
 * that only nulls need to be written.
 */
#include "scan.h"

#define FIRST_ITEMS 64u

/* Does the slot lie in a list or a map? */
static bool
is_item(const struct js *js, const struct js_slot *sl)
{
	return sl->rows != &js->rows;
}

static bool
is_list(const struct js_slot *sl)
{
	return sl->op == JS_LIST || sl->op == JS_MAP;
}

/* Bytes of n values, bits of a bool included; 0 for what has none. */
static size_t
data_size(const struct js_slot *sl, size_t n)
{
	if (sl->op == JS_BOOL)
		return 8 * WEIR_BITMAP_WORDS(n);
	return n * weir_type_width(sl->field->type);
}

/* ------------------------------------------------------------- rewinding */

/* Set the validity bits from n up to the last one that may be cleared. */
static void
set_valid(struct js_slot *sl, uint32_t n)
{
	if (n == 0)
		sl->nulls = false;
	for (; n <= sl->rows->n && n < sl->rows->cap; n++)
		weir_bit_set(sl->valid, n);
}

void
js_rewind_items(struct js *js, struct js_slot *sl, uint32_t n)
{
	js_rewind_slot(js, sl->item, n);
	if (sl->key != NULL)
		js_rewind_slot(js, sl->key, n);
	sl->items.n = n;
}

void
js_rewind_slot(struct js *js, struct js_slot *sl, uint32_t n)
{
	uint32_t i;

	if (sl->valid != NULL)
		set_valid(sl, n);
	if (sl->op == JS_STRUCT)
		for (i = 0; i < sl->object->n; i++)
			js_rewind_slot(js, &sl->object->slots[i], n);
	else if (is_list(sl))
		js_rewind_items(js, sl, sl->offsets == NULL
			? 0
			: (uint32_t)sl->offsets[n & sl->mask]);
}

void
js_rewind(struct js *js)
{
	uint32_t i;

	for (i = 0; i < js->root->n; i++)
		js_rewind_slot(js, &js->root->slots[i], js->rows.n);
}

/* ----------------------------------------------------------------- nulls */

static bool
make_valid(struct js *js, struct js_slot *sl)
{
	size_t n = 8 * WEIR_BITMAP_WORDS(sl->rows->cap);

	sl->valid = is_item(js, sl) ? js->st->host->alloc(n)
				    : weir_batch_alloc(js->st, js->out, n);
	if (sl->valid == NULL) {
		js_no_memory(js);
		return false;
	}
	memset(sl->valid, 0xff, n);
	return true;
}

/* The value of a null row may be read, and what lies in it is null where it
 * can be. */
static bool
blank(struct js *js, struct js_slot *sl, uint32_t row)
{
	size_t width = weir_type_width(sl->field->type);
	uint32_t i, at = row & sl->mask;
	struct js_slot *in;

	if (width != 0) {
		memset((char *)sl->data + at * width, 0, width);
	} else if (sl->op == JS_BOOL) {
		weir_bit_put(sl->data, at, false);
	} else if (is_list(sl)) {
		sl->offsets[at + 1] = sl->offsets[at];
	} else {
		for (i = 0; i < sl->object->n; i++) {
			in = &sl->object->slots[i];
			if (in->required ? !blank(js, in, row)
					 : !js_set_null(js, in, row))
				return false;
		}
	}
	return true;
}

bool
js_set_null(struct js *js, struct js_slot *sl, uint32_t row)
{
	if (sl->stored) {
		if (sl->valid == NULL && !make_valid(js, sl))
			return false;
		weir_bit_clear(sl->valid, row);
		sl->nulls = true;
	}
	return blank(js, sl, row);
}

/* ---------------------------------------------------------------- growing */

/* Memory of `to` bytes that begins with the `from` bytes at p. */
static void *
resize(struct js *js, void *p, size_t from, size_t to, int fill)
{
	char *q = js->st->host->realloc(p, to);

	if (q == NULL) {
		js_no_memory(js);
		return NULL;
	}
	memset(q + from, fill, to - from);
	return q;
}

static bool
resize_valid(struct js *js, struct js_slot *sl, uint32_t from, uint32_t to)
{
	void *p = resize(js, sl->valid, 8 * WEIR_BITMAP_WORDS(from),
	    8 * WEIR_BITMAP_WORDS(to), 0xff);

	if (p != NULL)
		sl->valid = p;
	return p != NULL;
}

/* What a slot has for `from` elements, for `to`. */
static bool
resize_slot(struct js *js, struct js_slot *sl, uint32_t from, uint32_t to)
{
	uint32_t i;
	void *p;

	if (sl->valid != NULL && !resize_valid(js, sl, from, to))
		return false;
	if (is_list(sl)) {
		p = resize(js, sl->offsets, from == 0 ? 0 : 4 * (from + 1),
		    4 * ((size_t)to + 1), 0);
		if (p != NULL)
			sl->offsets = p;
		return p != NULL;
	}
	if (sl->op != JS_STRUCT) {
		p = resize(js, sl->data, data_size(sl, from),
		    data_size(sl, to), 0);
		if (p != NULL)
			sl->data = p;
		return p != NULL;
	}
	for (i = 0; i < sl->object->n; i++)
		if (!resize_slot(js, &sl->object->slots[i], from, to))
			return false;
	return true;
}

bool
js_grow(struct js *js, struct js_slot *sl)
{
	uint32_t from = sl->items.cap;
	uint32_t to = from == 0 ? FIRST_ITEMS : 2 * from;

	if (!resize_slot(js, sl->item, from, to) ||
	    (sl->key != NULL && !resize_slot(js, sl->key, from, to)))
		return false;
	sl->items.cap = to;
	return true;
}

/* -------------------------------------------------------------- attaching */

static bool attach(struct js *js, struct js_slot *sl, struct weir_column *col);

/* A column of a struct, for which the batch has no storage yet. */
static bool
attach_field(struct js *js, struct js_slot *sl, struct weir_column *col)
{
	struct weir_batch *b = js->out;
	size_t n = data_size(sl, b->nrows);

	if (col != NULL && n != 0 && col->u.data == NULL)
		col->u.data = weir_batch_alloc(js->st, b, n);
	if (col != NULL && is_list(sl) && col->offsets == NULL)
		col->offsets = weir_batch_alloc(js->st, b,
		    4 * ((size_t)b->nrows + 1));
	if (col != NULL && weir_type_nested(sl->field->type) &&
	    col->child == NULL) {
		col->nchild = sl->field->type->nfields;
		n = (col->nchild + 1) * sizeof *col->child;
		col->child = weir_batch_alloc(js->st, b, n);
		if (col->child != NULL)
			memset(col->child, 0, n);
	}
	return attach(js, sl, col);
}

static bool
attach(struct js *js, struct js_slot *sl, struct weir_column *col)
{
	struct weir_column *in;
	uint32_t i;

	sl->col = col;
	sl->stored = col != NULL;
	sl->mask = col != NULL ? UINT32_MAX : 0;
	sl->valid = NULL;
	sl->nulls = false;
	sl->data = js->dummy;
	sl->offsets = js->dummy_offsets;
	if (sl->op == JS_STRUCT) {
		for (i = 0; i < sl->object->n; i++) {
			in = col == NULL ? NULL : &col->child[i];
			if (col != NULL && col->child == NULL)
				return false;
			if (!attach_field(js, &sl->object->slots[i], in))
				return false;
		}
	} else if (is_list(sl)) {
		if (col != NULL)
			sl->offsets = col->offsets;
		if (sl->offsets == NULL || (col != NULL && !col->child))
			return false;
		sl->offsets[0] = 0;
		js_rewind_items(js, sl, 0);
	} else if (col != NULL) {
		sl->data = col->u.data;
		return sl->data != NULL;
	}
	return true;
}

bool
js_attach(struct js *js)
{
	uint32_t i, n = js->cf->nfields + js->cf->extra;
	struct js_slot *sl;
	bool ok = true;

	js->rows.n = 0;
	js->rows.cap = js->out->nrows;
	js->text_left = 0;
	for (i = 0; ok && i < n; i++) {
		sl = i < js->cf->nfields ? &js->root->slots[i] : js->extra;
		ok = attach(js, sl, weir_wanted(js->st, 0, i)
			? &js->out->cols[i]
			: NULL);
	}
	return ok;
}

/* -------------------------------------------------------------- finishing */

static bool finish_items(struct js *js, struct js_slot *sl,
    struct weir_column *col, struct weir_batch *out);

static void *
copied(struct js *js, struct weir_batch *out, const void *p, size_t n)
{
	void *q = weir_batch_alloc(js->st, out, n != 0 ? n : 1);

	if (q != NULL && n != 0)
		memcpy(q, p, n);
	return q;
}

/* n elements into a column without any memory of its own. */
static bool
finish_item(struct js *js, struct js_slot *sl, struct weir_column *col,
    struct weir_batch *out, uint32_t n)
{
	uint32_t i, nchild = sl->field->type->nfields;

	memset(col, 0, sizeof *col);
	if (sl->nulls) {
		col->valid = copied(js, out, sl->valid,
		    8 * WEIR_BITMAP_WORDS(n));
		if (col->valid == NULL)
			return false;
	}
	if (!weir_type_nested(sl->field->type)) {
		col->u.data = copied(js, out, sl->data, data_size(sl, n));
		return col->u.data != NULL;
	}
	col->nchild = nchild;
	col->child = weir_batch_alloc(js->st, out,
	    (nchild + 1) * sizeof *col->child);
	if (col->child == NULL)
		return false;
	memset(col->child, 0, nchild * sizeof *col->child);
	if (is_list(sl)) {
		static const int32_t none[1];

		col->offsets = copied(js, out,
		    sl->offsets == NULL ? none : sl->offsets,
		    4 * ((size_t)n + 1));
		return col->offsets != NULL && finish_items(js, sl, col, out);
	}
	for (i = 0; i < nchild; i++)
		if (!finish_item(js, &sl->object->slots[i], &col->child[i],
			out, n))
			return false;
	return true;
}

static bool
finish_items(struct js *js, struct js_slot *sl, struct weir_column *col,
    struct weir_batch *out)
{
	uint32_t i = 0;

	if (sl->key != NULL &&
	    !finish_item(js, sl->key, &col->child[i++], out, sl->items.n))
		return false;
	return finish_item(js, sl->item, &col->child[i], out, sl->items.n);
}

static bool
finish(struct js *js, struct js_slot *sl, struct weir_column *col,
    struct weir_batch *out)
{
	uint32_t i;

	if (sl->nulls)
		col->valid = sl->valid;
	if (is_list(sl))
		return finish_items(js, sl, col, out);
	for (i = 0; sl->op == JS_STRUCT && i < sl->object->n; i++)
		if (!finish(js, &sl->object->slots[i], &col->child[i], out))
			return false;
	return true;
}

bool
js_finish(struct js *js, struct weir_batch *out)
{
	uint32_t i, n = js->cf->nfields + js->cf->extra;
	struct js_slot *sl;

	for (i = 0; i < n; i++) {
		sl = i < js->cf->nfields ? &js->root->slots[i] : js->extra;
		if (sl->stored && !finish(js, sl, &out->cols[i], out)) {
			js_no_memory(js);
			return false;
		}
	}
	return true;
}
