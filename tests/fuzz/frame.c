/* SPDX-License-Identifier: MIT
 *
 * Fuzz the loading of batches.  The first byte chooses the schema and whether
 * the rest is a batch as it stands, or changes to one that was saved: three
 * bytes each, where (two bytes) and what.  Whatever loads is read through, saved
 * and loaded again, and is then the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "batch/frame.h"
#include "batch/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TY(k, ...) { .kind = (k), ##__VA_ARGS__ }
static const struct weir_type t_bool = TY(WEIR_BOOL), t_i64 = TY(WEIR_INT64),
    t_str = TY(WEIR_STRING), t_wide = TY(WEIR_DECIMAL, .precision = 38);
static const struct weir_field in_list = { .name = "item", .type = &t_str },
    in_struct[2] = { { .name = "a", .type = &t_bool },
	    { .name = "b", .type = &t_str } };
static const struct weir_type t_list = TY(WEIR_LIST, .nfields = 1,
    .fields = &in_list), t_struct = TY(WEIR_STRUCT, .nfields = 2,
    .fields = in_struct);
static const struct weir_field in_map[2] = { { .name = "key",
	.type = &t_str }, { .name = "value", .type = &t_struct } };
static const struct weir_type t_map = TY(WEIR_MAP, .nfields = 2,
    .fields = in_map);
static const struct weir_field cols[] = { { .name = "bool", .type = &t_bool },
	{ .name = "i64", .type = &t_i64 }, { .name = "str", .type = &t_str },
	{ .name = "wide", .type = &t_wide }, { .name = "list", .type = &t_list },
	{ .name = "struct", .type = &t_struct },
	{ .name = "map", .type = &t_map } };

static void
fill(struct weir__arena *ar, struct weir_column *co, const struct weir_type *ty,
    uint32_t n)
{
	uint32_t i;

	if (weir__column_alloc(ar, co, ty, n) != 0)
		abort();
	for (i = 0; weir_type_textual(ty) && i < n; i++)
		co->u.str[i] = weir_str_make("a text of some length and more",
		    i % 2 == 0 ? 5 : 20 + i % 10);
	if (!weir_type_textual(ty) && weir_type_width(ty) != 0)
		memset(co->u.data, 3, n * weir_type_width(ty));
	for (i = 0; ty->kind == WEIR_LIST || ty->kind == WEIR_MAP; i++) {
		if (i == n)
			break;
		co->offsets[i + 1] = co->offsets[i] + (int32_t)(i % 3);
	}
	for (i = 0; i < co->nchild; i++)
		fill(ar, &co->child[i], ty->fields[i].type,
		    ty->kind == WEIR_STRUCT ? n : (uint32_t)co->offsets[n]);
}

static void
saved(struct weir__buf *bf, struct weir__pool *po, const struct weir_schema *sc)
{
	struct weir_batch *b = weir__batch_bare(po, sc);
	int64_t at[9] = { 0 };
	uint32_t i;

	b->nrows = 9;
	b->positions = at;
	for (i = 0; i < sc->ncols; i++) {
		fill(weir__batch_arena(b), &b->cols[i], sc->cols[i].type, 9);
		if (i % 2 == 1 && weir__column_validity(weir__batch_arena(b),
			&b->cols[i], 9, true) != 0)
			abort();
	}
	if (weir__batch_save_to(bf, b, NULL, 9) != 0)
		abort();
	weir__batch_unref(b);
}

static void
show(struct weir__buf *bf, const struct weir_batch *b)
{
	uint32_t i;

	for (i = 0; i < b->nrows; i++)
		weir__json_row(bf, b->schema, b->cols, i);
}

/* In place it is the same, or damaged as well. */
static void
viewed(struct weir__pool *po, const struct weir_schema *sc, const char *data,
    size_t len, const struct weir__buf *want)
{
	char *copy = malloc(len + 32);
	struct weir__buf got;
	struct weir_batch *b;

	weir__buf_init(&got);
	if (len != 0)
		memcpy(copy, data, len);
	b = weir__batch_view(po, sc, copy, len, NULL);
	if ((b != NULL) != (want != NULL))
		abort();
	if (b != NULL) {
		show(&got, b);
		if (got.len != want->len || (got.len != 0 &&
			memcmp(got.data, want->data, got.len) != 0))
			abort();
		weir__batch_unref(b);
	}
	weir__buf_fini(&got);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_schema sc = { .cols = cols };
	struct weir__pool *po = weir__pool_new();
	struct weir__buf bf, again, x, y;
	struct weir_batch *b, *c;
	char *exact;
	size_t i;

	weir__buf_init(&bf);
	weir__buf_init(&again);
	weir__buf_init(&x);
	weir__buf_init(&y);
	sc.ncols = size != 0 ? data[0] % 8 : 0;
	if (size == 0 || data[0] < 128) {
		weir__buf_add(&bf, data + 1, size != 0 ? size - 1 : 0);
	} else {
		saved(&bf, po, &sc);
		for (i = 1; i + 3 <= size; i += 3)
			bf.data[(data[i] << 8 | data[i + 1]) % bf.len] =
			    (char)data[i + 2];
	}
	exact = malloc(bf.len + 1); /* so that a byte beyond it is seen */
	exact = realloc(exact, bf.len + (bf.len == 0));
	if (bf.len != 0)
		memcpy(exact, bf.data, bf.len);
	b = weir__batch_load(po, &sc, exact, bf.len, NULL);
	if (b != NULL) {
		show(&x, b);
		if (weir__batch_save_to(&again, b, NULL, b->nrows) != 0)
			abort();
		c = weir__batch_load(po, &sc, again.data, again.len, NULL);
		if (c == NULL)
			abort();
		show(&y, c);
		if (x.len != y.len || (x.len != 0 &&
			memcmp(x.data, y.data, x.len) != 0))
			abort();
		weir__batch_unref(c);
	}
	viewed(po, &sc, exact, bf.len, b != NULL ? &x : NULL);
	if (b != NULL)
		weir__batch_unref(b);
	free(exact);
	weir__buf_fini(&bf);
	weir__buf_fini(&again);
	weir__buf_fini(&x);
	weir__buf_fini(&y);
	weir__pool_free(po);
	return 0;
}
