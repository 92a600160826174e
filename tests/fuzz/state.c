/* SPDX-License-Identifier: MIT
 *
 * Fuzz the loading of keyed state.  The first byte chooses the table and
 * whether the rest is a part of a record as it stands, or changes to one that
 * was saved: three bytes each, where (two bytes) and what.  Then the table is
 * used: looked up in, given out, saved, and loaded again from that.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "expr/expr.h"
#include "run/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct weir_type t_str = { .kind = WEIR_STRING },
    t_i64 = { .kind = WEIR_INT64 }, t_bool = { .kind = WEIR_BOOL },
    t_wide = { .kind = WEIR_DECIMAL, .precision = 30 };
static const struct weir_type *const key_types[] = { &t_str, &t_i64, &t_wide,
	&t_bool };
static const struct weir_field in_fields[] = { { .name = "s",
	.type = &t_str } };
static const struct weir_schema in = { .ncols = 1, .cols = in_fields,
	.event_time = -1 };
static const char aggs[] = "{ d: distinct(s), hi: max(s), n: count() }";

/* Made once for each first byte, and kept. */
struct made {
	bool there;
	struct weir_host host;
	struct weir__arena ar;
	struct weir__errors es;
	struct weir_table_spec spec;
};

static struct made all[128];

static struct made *
make(uint8_t how)
{
	struct made *ma = &all[how & 127];
	struct weir__scope sc = { .ar = &ma->ar, .errors = &ma->es,
		.schema = &in, .host = &ma->host };
	struct weir__registry *functions;
	struct weir__ast_expr *as;

	if (ma->there)
		return ma;
	ma->there = true;
	ma->host = (struct weir_host){ .size = sizeof ma->host,
		.alloc = weir__alloc, .zalloc = weir__zalloc,
		.realloc = weir__realloc, .free = weir__free };
	weir__arena_init(&ma->ar, 0);
	weir__errors_init(&ma->es);
	ma->spec = (struct weir_table_spec){ .name = "t", .nkeys = how % 5,
		.keys = key_types, .slot_size = 24, .slot_align = 8,
		.timed = (how & 64) != 0 };
	if ((how & 32) == 0)
		return ma;
	sc.functions = functions = weir__registry_new();
	as = weir__parse_expr(&ma->ar, &ma->es,
	    weir__errors_source(&ma->es, "x", aggs, sizeof aggs - 1));
	ma->spec.aggs = weir__aggs_bind(&sc, as->u.record.entries,
	    as->u.record.n);
	ma->spec.aggs_offset = 16;
	ma->spec.slot_size = 16 + weir__aggs_slot(ma->spec.aggs,
	    &ma->spec.slot_align);
	weir__registry_free(functions);
	return ma;
}

/* A few entries. */
static void
use(struct made *ma, struct weir__state *sa)
{
	struct weir_str s[8];
	int64_t v[8], due[8];
	weir_i128 w[8];
	uint64_t bits = 0x55, valid = 0x7f;
	struct weir_column co[4] = { { .u.str = s }, { .u.i64 = v },
		{ .u.i128 = w, .valid = &valid }, { .u.bits = &bits } };
	const struct weir_column *keys[4] = { &co[0], &co[1], &co[2], &co[3] };
	struct weir_column arg = { .u.str = s };
	struct weir__aggs_cursor *cu;
	struct weir__arena ar;
	struct weir__eval ev = { .ar = &ar, .cols = &arg, .nrows = 8,
		.host = &ma->host };
	uint64_t rejected = 0;
	void *slots[8];
	uint32_t i;

	for (i = 0; i < 8; i++) {
		s[i] = weir_str_make("some text that is long", i * 3);
		v[i] = due[i] = i / 2;
		w[i] = i;
	}
	if (weir__state_lookup(sa, keys, NULL, 8, due, slots, NULL) != WEIR_OK)
		abort();
	for (i = 0; i < 8; i++)
		memset(slots[i], (int)i, 16);
	if (ma->spec.aggs == NULL)
		return;
	for (i = 0; i < 8; i++)
		slots[i] = (char *)slots[i] + 16;
	weir__arena_init(&ar, 0);
	cu = weir__aggs_cursor_new(ma->spec.aggs);
	if (weir__aggs_batch(cu, &ev) != 0 ||
	    weir__aggs_update(cu, NULL, 8, slots, &rejected, NULL, NULL) != 0)
		abort();
	weir__aggs_cursor_free(cu);
	weir__arena_fini(&ar);
}

static void
save(struct weir__state *sa, struct weir__buf *to, uint16_t sweep)
{
	size_t budget = SIZE_MAX;
	bool done;

	weir__buf_clear(to);
	weir__state_sweep_begin(sa);
	if (weir__state_save(sa, to, sweep) != 0)
		abort();
	if (to->len != 0 || sweep == 1)
		return;
	if (weir__state_sweep(sa, to, sweep, &budget, &done) != 0 || !done)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir__state *sa, *again;
	struct weir__buf bf;
	struct weir_due du;
	struct made *ma;
	char *exact;
	size_t i;

	if (size == 0)
		return 0;
	ma = make(data[0]);
	weir__buf_init(&bf);
	if (data[0] < 128) {
		weir__buf_add(&bf, data + 1, size - 1);
	} else {
		sa = weir__state_new(&ma->spec, 5);
		use(ma, sa);
		save(sa, &bf, 1);
		for (i = 1; i + 3 <= size; i += 3)
			bf.data[(data[i] << 8 | data[i + 1]) % bf.len] =
			    (char)data[i + 2];
		weir__state_free(sa);
	}
	exact = malloc(bf.len + (bf.len == 0));
	if (bf.len != 0)
		memcpy(exact, bf.data, bf.len);
	sa = weir__state_new(&ma->spec, 5);
	if (weir__state_load(sa, exact, bf.len) == WEIR_OK) {
		/* all of it, written by the sweep, is as much again */
		save(sa, &bf, 2);
		again = weir__state_new(&ma->spec, 5);
		if (bf.len != 0 &&
		    weir__state_load(again, bf.data, bf.len) != WEIR_OK)
			abort();
		if (weir__state_entries(again) != weir__state_entries(sa))
			abort();
		weir__state_free(again);
	}
	use(ma, sa);
	weir__state_due(sa, 1, &du);
	save(sa, &bf, 3);
	weir__state_free(sa);
	free(exact);
	weir__buf_fini(&bf);
	return 0;
}
