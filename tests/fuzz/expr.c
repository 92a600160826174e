/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: any text is bound as an expression and as an aggregate; what
 * can be bound must give the same over a batch as over its rows one by one.
 */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "batch/json_text.h"
#include "expr/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 67

static struct weir_type dec = { .kind = WEIR_DECIMAL, .precision = 12,
	.scale = 2 };
static struct weir_type wide = { .kind = WEIR_DECIMAL, .precision = 38,
	.scale = 10 };
static struct weir_field item[1] = { { .name = "item" } };
static struct weir_type list = { .kind = WEIR_LIST, .nfields = 1,
	.fields = item };
static struct weir_field members[2] = { { .name = "x" }, { .name = "y" } };
static struct weir_type record = { .kind = WEIR_STRUCT, .nfields = 2,
	.fields = members };

enum { I, J, N, D, W, F, G, S, U, B, T, DAY, DU, BY, L, R, NCOLS };

static struct weir_field fields[NCOLS] = {
	[I] = { .name = "i" },
	[J] = { .name = "j", .required = true },
	[N] = { .name = "n" },
	[D] = { .name = "d", .type = &dec },
	[W] = { .name = "w", .type = &wide },
	[F] = { .name = "f" },
	[G] = { .name = "g" },
	[S] = { .name = "s" },
	[U] = { .name = "u" },
	[B] = { .name = "b" },
	[T] = { .name = "t" },
	[DAY] = { .name = "day" },
	[DU] = { .name = "du" },
	[BY] = { .name = "by" },
	[L] = { .name = "l", .type = &list },
	[R] = { .name = "r", .type = &record },
};
static struct weir_schema schema = { .ncols = NCOLS, .cols = fields,
	.event_time = -1 };

static struct weir__arena data_arena;
static struct weir_column cols[NCOLS];
static struct weir_column single[ROWS][NCOLS];
static struct weir_host host;
static struct weir__registry *registry;

static uint64_t
next(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static void
fill(struct weir_column *co, const struct weir_type *ty)
{
	static const char *const words[] = { "", "a", "12", "-7.5", "2026-01-02",
		"2026-01-02T03:04:05Z", "a text longer than a slice", "a%_b",
		"{\"x\":[1]}" };
	static const int64_t edges[] = { 0, 1, -1, 7, INT64_MAX, INT64_MIN,
		1000000, -86400000000 };
	static const double floats[] = { 0, -0.0, 1.5, -1e300, 1e-300, NAN,
		INFINITY, 9007199254740993.0 };
	uint32_t i;

	for (i = 0; i < ROWS; i++) {
		uint64_t r = next();
		const char *s = words[r % 9];

		switch (ty->kind) {
		case WEIR_BOOL:
			weir_bit_put(co->u.bits, i, r & 1);
			break;
		case WEIR_INT32:
			co->u.i32[i] = (int32_t)edges[r % 8];
			break;
		case WEIR_DATE:
			co->u.i32[i] = (int32_t)(r % 40000) - 10000;
			break;
		case WEIR_FLOAT32:
			co->u.f32[i] = (float)floats[r % 8];
			break;
		case WEIR_FLOAT64:
			co->u.f64[i] = floats[r % 8];
			break;
		case WEIR_STRING:
		case WEIR_BYTES:
			co->u.str[i] = weir_str_make(s, strlen(s));
			break;
		case WEIR_TIMESTAMP:
			co->u.i64[i] = (int64_t)(r % 4000000000000000u);
			break;
		case WEIR_DECIMAL:
			if (weir_decimal_wide(ty))
				co->u.i128[i] = (weir_i128)next() *
				    (int64_t)(r >> 4);
			else
				co->u.i64[i] = (int64_t)(r % 1999999999999u) -
				    999999999999;
			break;
		default:
			co->u.i64[i] = edges[r % 8];
		}
	}
}

static void
make(struct weir_column *co, const struct weir_field *fi)
{
	uint32_t i, c;

	weir__column_alloc(&data_arena, co, fi->type, ROWS);
	if (fi->type->kind == WEIR_STRUCT)
		for (c = 0; c < fi->type->nfields; c++)
			fill(&co->child[c], fi->type->fields[c].type);
	else if (fi->type->kind != WEIR_LIST)
		fill(co, fi->type);
	for (i = 0; fi->type->kind == WEIR_LIST && i < ROWS; i++)
		co->offsets[i + 1] = co->offsets[i] + (i % 7 == 0 ? 0 : 1);
	if (fi->type->kind == WEIR_LIST) {
		weir__column_alloc(&data_arena, &co->child[0],
		    fi->type->fields[0].type, ROWS);
		fill(&co->child[0], fi->type->fields[0].type);
	}
	if (fi->required)
		return;
	weir__column_validity(&data_arena, co, ROWS, true);
	for (i = 0; i < ROWS; i++)
		weir_bit_put(co->valid, i, next() % 6 != 0);
}

static void
init(void)
{
	static const enum weir_kind kinds[NCOLS] = { WEIR_INT64, WEIR_INT64,
		WEIR_INT32, 0, 0, WEIR_FLOAT64, WEIR_FLOAT32, WEIR_STRING,
		WEIR_STRING, WEIR_BOOL, WEIR_TIMESTAMP, WEIR_DATE,
		WEIR_DURATION, WEIR_BYTES, 0, 0 };
	uint32_t c, i;

	host.size = sizeof host;
	host.alloc = weir__alloc;
	host.zalloc = weir__zalloc;
	host.realloc = weir__realloc;
	host.free = weir__free;
	registry = weir__registry_new();
	weir__arena_init(&data_arena, 1 << 16);
	item[0].type = weir__type_scalar(WEIR_INT64);
	members[0].type = weir__type_scalar(WEIR_INT64);
	members[1].type = weir__type_scalar(WEIR_STRING);
	for (c = 0; c < NCOLS; c++) {
		if (kinds[c] != 0)
			fields[c].type = weir__type_scalar(kinds[c]);
		make(&cols[c], &fields[c]);
		for (i = 0; i < ROWS; i++)
			if (weir__column_gather(&data_arena, &single[i][c],
				&cols[c], fields[c].type, &i, 1) != 0)
				abort();
	}
}

static void
row_text(struct weir__buf *bf, const struct weir__eval *ev,
    const struct weir_expr *ex, const struct weir_column *co, uint32_t row)
{
	weir__buf_clear(bf);
	if (ev->errors != NULL && weir_bit(ev->errors, row))
		weir__buf_str(bf, weir__eval_error(ev, row)->text);
	else
		weir__json_value(bf, ex->type, co, row);
}

/* All rows at once, then each alone. */
static void
check(struct weir__arena *ar, const struct weir_expr *ex)
{
	struct weir__eval all = { .ar = ar, .cols = cols, .nrows = ROWS,
		.host = &host, .now = 1767323045000000 };
	struct weir__buf a, b;
	struct weir_column co, one;
	uint32_t i;

	if (weir__expr_eval(&all, ex, &co) != 0)
		return;
	weir__buf_init(&a);
	weir__buf_init(&b);
	for (i = 0; i < ROWS && ex->pure; i++) {
		struct weir__eval ev = all;

		ev.cols = single[i];
		ev.nrows = 1;
		if (weir__expr_eval(&ev, ex, &one) != 0)
			break;
		row_text(&a, &all, ex, &co, i);
		row_text(&b, &ev, ex, &one, 0);
		if ((all.errors != NULL && weir_bit(all.errors, i)) !=
			(ev.errors != NULL && weir_bit(ev.errors, 0)))
			abort();
		/* A function's own text may be of another row. */
		if (ev.errors == NULL && (a.len != b.len ||
		    memcmp(a.data, b.data, a.len) != 0))
			abort();
		if (ev.errors == NULL && ex->required &&
		    !weir_valid(&one, 0))
			abort();
		if (ev.errors != NULL && !ex->fallible)
			abort();
	}
	weir__buf_fini(&a);
	weir__buf_fini(&b);
}

static void
on_failed(void *arg, uint32_t slot, const char *column,
    const struct weir__row_error *re)
{
	uint64_t *failed = arg;

	/* told once, after its bit was set, with a reason */
	if (slot != 0 || *failed != 1 || column == NULL || re == NULL)
		abort();
}

static void
check_aggs(struct weir__arena *ar, const struct weir_aggs *ag)
{
	struct weir__eval ev = { .ar = ar, .cols = cols, .nrows = ROWS,
		.host = &host };
	struct weir__aggs_cursor *cu = weir__aggs_cursor_new(ag);
	uint64_t rejected[2] = { 0, 0 }, failed = 0;
	struct weir_column out[8];
	void *slots[ROWS], *slot;
	size_t align;
	uint32_t i;

	slot = weir__arena_zalloc(ar, weir__aggs_slot(ag, &align));
	for (i = 0; i < ROWS; i++)
		slots[i] = slot;
	if (weir__aggs_batch(cu, &ev) == 0) {
		if (ev.errors != NULL)
			memcpy(rejected, ev.errors, sizeof rejected);
		for (i = 0; i < ROWS; i++) { /* one by one, then one more */
			if (weir__aggs_update(cu, &i, 1, slots, rejected,
				NULL, NULL) != 0)
				break;
			if (i == 3)
				break;
		}
		if (weir__aggs_finish(ag, ar, &slot, 1, out, 0, &failed,
			on_failed, &failed) != 0)
			abort();
	}
	weir__aggs_drop(ag, slot);
	weir__aggs_cursor_free(cu);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir__arena ar;
	struct weir__errors es;
	struct weir__scope sc;
	struct weir__ast_expr *as;
	struct weir__ast_entry en;
	struct weir_expr *ex;
	struct weir_aggs *ag;

	if (registry == NULL)
		init();
	/* Functions that make much of little only cost time here. */
	if (size > 400 || memmem(data, size, "repeat", 6) != NULL ||
	    memmem(data, size, "pad", 3) != NULL)
		return 0;
	weir__arena_init(&ar, 1 << 16);
	weir__errors_init(&es);
	memset(&sc, 0, sizeof sc);
	sc.ar = &ar;
	sc.errors = &es;
	sc.functions = registry;
	sc.schema = &schema;
	sc.host = &host;
	sc.path = size % 2 != 0;
	as = weir__parse_expr(&ar, &es,
	    weir__errors_source(&es, "fuzz", (const char *)data, size));
	if (as != NULL) {
		ex = weir__expr_bind(&sc, as, NULL);
		if (ex != NULL ? es.n != 0 : es.n == 0)
			abort();
		if (ex != NULL)
			check(&ar, ex);
		memset(&en, 0, sizeof en);
		en.name.text = "a";
		en.value = as;
		if ((ag = weir__aggs_bind(&sc, &en, 1)) != NULL)
			check_aggs(&ar, ag);
	}
	weir__errors_fini(&es);
	weir__arena_fini(&ar);
	return 0;
}
