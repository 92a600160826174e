/* SPDX-License-Identifier: MIT
 *
 * The list of what is kept for replay, against a model; and as a record.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "run/shelf.h"
#include "t.h"

#define EPOCHS 60
#define ROWS 90

static uint64_t seed = 1;

static uint32_t
rnd(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* model[e][no]: 0 never, 1 there, 2 taken or dropped */
static char model[EPOCHS + 1][ROWS + 1];

static bool
same(const struct weir__shelf_list *sl)
{
	uint64_t e, no, bytes = 0;
	size_t i = 0;
	bool any;

	for (e = 1; e <= EPOCHS; e++) {
		for (any = false, no = 1; no <= ROWS; no++)
			any |= model[e][no] == 1;
		if (!any)
			continue;
		if (i == sl->n || sl->list[i].epoch != e)
			return false;
		for (no = 0; no <= ROWS + 1; no++)
			if (weir__shelved_has(&sl->list[i], no) !=
			    (no >= 1 && no <= ROWS && model[e][no] == 1))
				return false;
		bytes += sl->list[i++].part.extent.len;
	}
	return i == sl->n && bytes == sl->bytes;
}

static void
add(struct weir__shelf_list *sl, uint64_t e)
{
	struct weir__spool_part part = { .extent = { 1 + e / 9, e * 1000,
		ROWS * 10 }, .rows = rnd(3) == 0 ? 0 : 1 + rnd(ROWS) };
	uint64_t no;

	T(weir__shelf_list_add(sl, e, (int64_t)e * 7 - 100, &part) == 0);
	for (no = 1; no <= part.rows; no++)
		model[e][no] = 1;
}

static void
take(struct weir__shelf_list *sl, uint64_t upto)
{
	struct weir__ids ids = { 1 + rnd((uint32_t)upto + 1), rnd(ROWS + 3),
		1 + rnd(12) };
	bool there = ids.epoch <= EPOCHS;
	uint64_t no;
	int rc;

	for (no = ids.first; no < ids.first + ids.n; no++)
		there = there && no >= 1 && no <= ROWS &&
		    model[ids.epoch][no] == 1;
	rc = weir__shelf_list_take(sl, &ids);
	if (rc != (there ? WEIR_OK : WEIR_END))
		T(!"what is there can be taken, and nothing else");
	for (no = ids.first; there && no < ids.first + ids.n; no++)
		model[ids.epoch][no] = 2;
}

static void
drop(struct weir__shelf_list *sl, uint64_t upto)
{
	uint64_t e, no;

	weir__shelf_list_drop(sl, upto);
	for (e = 1; e <= upto; e++)
		for (no = 1; no <= ROWS; no++)
			if (model[e][no] == 1)
				model[e][no] = 2;
}

/* A record of it is the list again; cut anywhere it is refused. */
static void
record(const struct weir__shelf_list *sl)
{
	struct weir__shelf_list again = { 0 };
	struct weir__buf bf;
	struct weir__dec de;
	size_t n;
	int rc;

	weir__buf_init(&bf);
	weir__shelf_list_put(&bf, sl);
	de = weir__dec(bf.data, bf.len);
	T(weir__shelf_list_get(&again, &de) == WEIR_OK && same(&again) &&
	    memcmp(&again.counts, &sl->counts, sizeof sl->counts) == 0);
	for (n = 0; n < bf.len; n += 1 + n / 40) {
		de = weir__dec(bf.data, n);
		rc = weir__shelf_list_get(&again, &de);
		if (rc == WEIR_OK)
			T(!"a record that is cut is refused");
	}
	for (n = 0; n < bf.len; n++) {
		bf.data[n] ^= (char)(1 + rnd(255));
		de = weir__dec(bf.data, bf.len);
		(void)weir__shelf_list_get(&again, &de);
	}
	weir__shelf_list_fini(&again);
	weir__buf_fini(&bf);
}

static void
memory(const struct weir__shelf_list *sl)
{
	struct weir__shelf_list again = { 0 };
	struct weir__buf bf;
	struct weir__dec de;
	unsigned n = 0;
	int rc;

	weir__buf_init(&bf);
	weir__shelf_list_put(&bf, sl);
	do {
		de = weir__dec(bf.data, bf.len);
		weir__alloc_fail_at(++n, false);
		rc = weir__shelf_list_get(&again, &de);
		weir__alloc_fail_at(0, false);
	} while (rc == WEIR_ERROR && n < 10000);
	T(rc == WEIR_OK && n > 3 && same(&again));
	weir__shelf_list_fini(&again);
	weir__buf_fini(&bf);
}

int
main(void)
{
	struct weir__shelf_list sl = { .counts = { 1, 2, 3, 4, 5 } };
	uint64_t e, i;

	for (e = 1; e <= EPOCHS; e++) {
		add(&sl, e);
		for (i = rnd(20); i != 0; i--)
			take(&sl, e);
		if (rnd(15) == 0)
			drop(&sl, e / 3);
		if (!same(&sl))
			T(!"the list is the model's");
		if (e % 10 == 0)
			record(&sl);
	}
	memory(&sl);
	drop(&sl, EPOCHS);
	T(sl.n == 0 && sl.bytes == 0);
	record(&sl);
	weir__shelf_list_fini(&sl);
	return t_done();
}
