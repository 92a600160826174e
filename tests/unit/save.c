/* SPDX-License-Identifier: MIT
 *
 * Keyed state as records of epochs: random work on tables of every kind, a
 * record an epoch, and time and again a tree made anew from the records that
 * are said to be needed, held against the live one entry by entry.  Damage, no
 * memory, how long the log gets, and what the facts keep.
 *
 *	save bench [GROUPS]	what an epoch costs, and a restart
 */
#include "t.h"

#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "expr/expr.h"
#include "run/instance.h"
#include "run/save.h"
#include "run/state_table.h"
#include "run/watermark.h"

static uint64_t rng = 88172645463325252u;

static uint32_t
rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 32) % n);
}

/* ---- types, aggregates */

#define TY(k, ...) { .kind = (k), ##__VA_ARGS__ }
static const struct weir_type t_bool = TY(WEIR_BOOL), t_i32 = TY(WEIR_INT32),
    t_i64 = TY(WEIR_INT64), t_f32 = TY(WEIR_FLOAT32), t_f64 = TY(WEIR_FLOAT64),
    t_dec = TY(WEIR_DECIMAL, .precision = 12, .scale = 2),
    t_wide = TY(WEIR_DECIMAL, .precision = 38, .scale = 6),
    t_str = TY(WEIR_STRING), t_bytes = TY(WEIR_BYTES),
    t_ts = TY(WEIR_TIMESTAMP), t_date = TY(WEIR_DATE);

static const struct weir_type *const k_str[] = { &t_str };
static const struct weir_type *const k_two[] = { &t_str, &t_i64 };
static const struct weir_type *const k_all[] = { &t_bool, &t_i32, &t_i64,
	&t_f32, &t_f64, &t_dec, &t_wide, &t_str, &t_bytes, &t_ts, &t_date };

static const struct weir_field in_fields[] = { { .name = "s",
	.type = &t_str } };
static const struct weir_schema in_schema = { .ncols = 1, .cols = in_fields,
	.event_time = -1 };

static struct weir_host host;
static struct weir__arena plan;
static struct weir__errors errors;

static struct weir_aggs *
bind_aggs(const char *s)
{
	struct weir__registry *functions = weir__registry_new();
	struct weir__scope sc = {
		.ar = &plan,
		.errors = &errors,
		.functions = functions,
		.schema = &in_schema,
		.host = &host,
	};
	struct weir__ast_expr *as = weir__parse_expr(&plan, &errors,
	    weir__errors_source(&errors, "x", s, strlen(s)));
	struct weir_aggs *ag = weir__aggs_bind(&sc, as->u.record.entries,
	    as->u.record.n);

	weir__registry_free(functions);
	return ag;
}

/* ---- the tree: two stages, five tables */

enum { PLAIN, TIMED, KEYS, OWNS, ONE, NTABLES };

static struct weir_table tables[NTABLES] = {
	[PLAIN] = { .spec = { .name = "plain", .nkeys = 1, .keys = k_str,
		.slot_size = 24, .slot_align = 8 }, .no = 0 },
	[TIMED] = { .spec = { .name = "timed", .nkeys = 2, .keys = k_two,
		.slot_size = 40, .slot_align = 16, .timed = true }, .no = 1 },
	[KEYS] = { .spec = { .name = "keys", .nkeys = 11, .keys = k_all,
		.slot_size = 3, .slot_align = 1, .timed = true }, .no = 0 },
	[OWNS] = { .spec = { .name = "owns", .nkeys = 1, .keys = k_str,
		.timed = true, .aggs_offset = 16 }, .no = 1 },
	[ONE] = { .spec = { .name = "one", .slot_size = 8, .slot_align = 8 },
		.no = 2 },
};
static struct weir_stage_type type; /* of no operations */
static struct weir__node nodes[2] = {
	{ .no = 0, .id = "a/test.first", .type = &type, .ntables = 2 },
	{ .no = 1, .id = "b/test.second", .type = &type, .ntables = 3 },
};

static struct weir__state **
table_of(struct weir__tree *tr, int t)
{
	return &tr->stages[t >= KEYS].tables[tables[t].no];
}

static void
init(void)
{
	struct weir_table_spec *sp = &tables[OWNS].spec;

	host.size = sizeof host;
	host.alloc = weir__alloc;
	host.zalloc = weir__zalloc;
	host.realloc = weir__realloc;
	host.free = weir__free;
	weir__arena_init(&plan, 0);
	weir__errors_init(&errors);
	sp->aggs = bind_aggs("{ n: count(), d: distinct(s), hi: max(s), "
	    "lo: min(s) }");
	sp->slot_size = 16 + weir__aggs_slot(sp->aggs, &sp->slot_align);
	nodes[0].tables = &tables[PLAIN];
	tables[PLAIN].next = &tables[TIMED];
	nodes[1].tables = &tables[KEYS];
	tables[KEYS].next = &tables[OWNS];
	tables[OWNS].next = &tables[ONE];
}

static void
tree_free(struct weir__tree *tr)
{
	size_t i;
	uint32_t k;

	for (i = 0; tr != NULL && tr->stages != NULL && i < 2; i++) {
		for (k = 0; tr->stages[i].tables != NULL && k < 3; k++)
			weir__state_free(tr->stages[i].tables[k]);
		weir__free(tr->stages[i].tables);
	}
	if (tr != NULL)
		weir__free(tr->stages);
	weir__free(tr);
}

static struct weir__tree *
tree_new(void)
{
	struct weir__tree *tr = weir__zalloc(sizeof *tr);
	int i;

	if (tr == NULL ||
	    (tr->stages = weir__zalloc(2 * sizeof *tr->stages)) == NULL)
		goto oom;
	tr->nstages = 2;
	for (i = 0; i < 2; i++) {
		tr->stages[i].nd = &nodes[i];
		tr->stages[i].tables = weir__zalloc(3 * sizeof(void *));
		if (tr->stages[i].tables == NULL)
			goto oom;
	}
	for (i = 0; i < NTABLES; i++)
		if ((*table_of(tr, i) = weir__state_new(&tables[i].spec,
			 77)) == NULL)
			goto oom;
	return tr;
oom:
	tree_free(tr);
	return NULL;
}

/* ---- random work */

#define MANY 700u

struct work {
	struct weir__arena ar;
	struct weir__aggs_cursor *cu;
	uint32_t pool; /* different keys, about */
	int64_t now;   /* of due times */
};

static struct weir_str
word(struct weir__arena *ar, uint32_t no)
{
	char *p = weir__arena_alloc(ar, 80);
	int n = no % 3 == 0 ? snprintf(p, 80, "%u", no) :
			      snprintf(p, 80, "a key of some length, number %u",
				  no);

	return weir_str_make(p, (size_t)n);
}

/* A key column from key numbers; now and then a null. */
static void
key_column(struct work *wo, struct weir_column *co, const struct weir_type *ty,
    const uint32_t *no, uint32_t n)
{
	uint32_t i, v;

	weir__column_alloc(&wo->ar, co, ty, n);
	weir__column_validity(&wo->ar, co, n, true);
	for (i = 0; i < n; i++) {
		v = no[i] * 2654435761u >> 7;
		if (no[i] % 17 == 5) {
			weir_bit_clear(co->valid, i);
			v = 0xdeadbeef;
		}
		switch (ty->kind) {
		case WEIR_BOOL:
			weir_bit_put(co->u.bits, i, v & 1);
			break;
		case WEIR_INT32:
		case WEIR_DATE:
			co->u.i32[i] = (int32_t)v - 1000;
			break;
		case WEIR_FLOAT32:
			co->u.f32[i] = no[i] % 5 == 0 ? -0.0f : (float)v;
			break;
		case WEIR_FLOAT64:
			co->u.f64[i] = no[i] % 7 == 0 ? __builtin_nan("") : v;
			break;
		case WEIR_STRING:
		case WEIR_BYTES:
			co->u.str[i] = word(&wo->ar, no[i]);
			break;
		case WEIR_DECIMAL:
			if (weir_decimal_wide(ty)) {
				co->u.i128[i] = -(weir_i128)v * ((weir_i128)1 << 70);
				break;
			}
			/* fall through */
		default:
			co->u.i64[i] = (int64_t)v * 1000003;
		}
	}
}

/* Rows of text into the slots of OWNS. */
static int
aggregate(struct work *wo, void *const *slots, uint32_t n)
{
	const struct weir_aggs *ag = tables[OWNS].spec.aggs;
	struct weir_column co;
	struct weir__eval ev = { .ar = &wo->ar, .cols = &co, .nrows = n,
		.host = &host };
	uint64_t rejected[WEIR_BATCH_ROWS / 64] = { 0 };
	uint32_t no[MANY], i;
	void *at[MANY];

	for (i = 0; i < n; i++) {
		no[i] = rnd(300);
		at[i] = (char *)slots[i] + tables[OWNS].spec.aggs_offset;
	}
	key_column(wo, &co, &t_str, no, n);
	if (wo->cu == NULL && (wo->cu = weir__aggs_cursor_new(ag)) == NULL)
		return -1;
	if (weir__aggs_batch(wo->cu, &ev) != 0)
		return -1;
	return weir__aggs_update(wo->cu, NULL, n, at, rejected, NULL, NULL);
}

static int
touch(struct weir__tree *tr, struct work *wo, int t, uint32_t n)
{
	const struct weir_table_spec *sp = &tables[t].spec;
	struct weir_column cols[11];
	const struct weir_column *keys[11];
	uint32_t no[MANY], i, k;
	int64_t due[MANY];
	void *slots[MANY];
	int rc = 0;

	for (i = 0; i < n; i++) {
		no[i] = rnd(wo->pool);
		due[i] = wo->now + rnd(6) * 10;
	}
	for (k = 0; k < sp->nkeys; k++) {
		key_column(wo, &cols[k], sp->keys[k], no, n);
		keys[k] = &cols[k];
	}
	if (weir__state_lookup(*table_of(tr, t), keys, NULL, n, due, slots,
		NULL) != WEIR_OK)
		return -1;
	if (t == OWNS)
		rc = aggregate(wo, slots, n);
	for (i = 0; i < n; i++)
		for (k = 0; k < (t == OWNS ? 16 : sp->slot_size); k++)
			((uint8_t *)slots[i])[k] += (uint8_t)rnd(3);
	return rc;
}

static int
close_some(struct weir__tree *tr, int t, int64_t upto, bool all)
{
	struct weir__state *sa = *table_of(tr, t);
	struct weir_due du;
	int rc;

	do {
		rc = weir__state_due(sa, upto, &du);
	} while (all && rc == WEIR_OK);
	weir__state_settle(sa);
	return rc < 0 ? -1 : 0;
}

/* What happens in an epoch. */
static int
work(struct weir__tree *tr, struct work *wo)
{
	int t, rc = 0, k;

	weir__arena_reset(&wo->ar);
	for (k = 0; k < 6 && rc == 0; k++) {
		t = (int)rnd(NTABLES);
		if (rnd(3) == 0)
			continue;
		if (tables[t].spec.timed && rnd(4) == 0)
			rc = close_some(tr, t, wo->now + rnd(30), rnd(2) == 0);
		else
			rc = touch(tr, wo, t, 1 + rnd(rnd(5) == 0 ? MANY : 30));
	}
	wo->now += rnd(8);
	return rc;
}

/* ---- one tree against another */

/* What aggregates say of two slots: alike? */
static bool
same_aggs(const struct weir_table_spec *sp, char *x, char *y)
{
	void *slots[2] = { x + sp->aggs_offset, y + sp->aggs_offset };
	struct weir_column out[4];
	struct weir__arena ar;
	uint64_t failed = 0;
	bool same = true;
	uint32_t i;

	weir__arena_init(&ar, 0);
	weir__aggs_finish(sp->aggs, &ar, slots, 2, out, 0, &failed, NULL, NULL);
	for (i = 0; i < 4; i++)
		same &= weir__column_compare(
			    weir__aggs_field(sp->aggs, i)->type, &out[i], 0,
			    &out[i], 1) == 0;
	weir__arena_fini(&ar);
	return same;
}

static bool
same_slot(const struct weir_table_spec *sp, char *x, char *y)
{
	if (sp->aggs == NULL)
		return memcmp(x, y, sp->slot_size) == 0;
	return memcmp(x, y, sp->aggs_offset) == 0 && same_aggs(sp, x, y);
}

static uint32_t
differ_table(struct weir__state *a, struct weir__state *b)
{
	uint32_t bad = 0, i, no;
	struct bucket *bu, *to;
	struct entry *en, *at;
	size_t j, k;

	bad += a->entries != b->entries;
	for (j = 0; j < a->nbuckets; j++) {
		bu = a->buckets[j];
		k = state_seek(b, bu->due);
		to = k < b->nbuckets && b->buckets[k]->due == bu->due ?
		    b->buckets[k] : NULL;
		for (i = 0; i < bu->n; i++) {
			en = state_entry(a, bu, i);
			if (en->gone)
				continue;
			at = to == NULL ? NULL : state_find(b, to, en->tag,
						     en->cells, en->nulls, &no);
			bad += at == NULL ||
			    !same_slot(a->spec, state_slot(a, en),
				state_slot(b, at));
		}
	}
	return bad;
}

static size_t
counted(const struct weir__state *sa)
{
	size_t n = 0, i;

	for (i = 0; i < sa->nbuckets; i++)
		n += sa->buckets[i]->bytes + sa->buckets[i]->text.total;
	return n;
}

/* How much differs between a tree and what was made of its records. */
static uint32_t
differ(struct weir__tree *a, struct weir__tree *b)
{
	size_t bytes = 0;
	uint32_t bad = 0;
	int t;

	for (t = 0; t < NTABLES; t++) {
		bad += differ_table(*table_of(a, t), *table_of(b, t));
		bad += differ_table(*table_of(b, t), *table_of(a, t));
		bad += counted(*table_of(b, t)) !=
		    weir__state_bytes(*table_of(b, t));
		bytes += weir__state_bytes(*table_of(b, t));
	}
	return bad + (b->state_bytes != bytes);
}

/* ---- the log */

#define EPOCHS 4000u

struct record {
	char *p;
	size_t n;
};

static struct record records[EPOCHS + 1];

static void
forget(void)
{
	uint32_t e;

	for (e = 0; e <= EPOCHS; e++)
		free(records[e].p);
	memset(records, 0, sizeof records);
}

static struct weir__tree *
restore(uint64_t base, uint64_t epoch)
{
	struct weir__tree *tr = tree_new();
	struct weir_err err = { 0 };
	int rc = tr != NULL ? WEIR_OK : WEIR_ERROR;

	for (; rc == WEIR_OK && base <= epoch; base++)
		rc = weir__tree_load(tr, base, records[base].p,
		    records[base].n, &err);
	if (rc == WEIR_OK)
		return tr;
	printf("# %s %s\n", err.code, err.text);
	tree_free(tr);
	return NULL;
}

static int
save(struct weir__tree *tr, uint64_t epoch, uint64_t *base)
{
	struct weir__buf bf;
	int rc;

	weir__buf_init(&bf);
	rc = weir__tree_save(tr, epoch, &bf, base);
	if (rc == 0) {
		/* exactly its size, so that a byte read beyond it is seen */
		records[epoch].p = malloc(bf.len + (bf.len == 0));
		memcpy(records[epoch].p, bf.data, bf.len);
		records[epoch].n = bf.len;
	}
	weir__buf_fini(&bf);
	return rc;
}

static size_t
live_bytes(struct weir__tree *tr)
{
	size_t n = 0;
	int t;

	for (t = 0; t < NTABLES; t++)
		n += weir__state_bytes(*table_of(tr, t));
	return n;
}

/* So many epochs; `least` is the sweep's, and sometimes the tree that was made
 * from the records goes on in the place of the other. */
static void
test_epochs(uint32_t n, uint32_t pool, size_t least)
{
	struct weir__tree *tr = tree_new(), *again;
	struct work wo = { .pool = pool, .now = -100 };
	uint64_t base = 0, was = 0, log, most = 0, e;
	uint32_t bad = 0, rounds = 0, backwards = 0, over = 0;

	weir__arena_init(&wo.ar, 0);
	for (e = 1; e <= n; e += 1 + rnd(3) / 2) {
		weir__tree_sweep(tr, least);
		bad += work(tr, &wo) != 0;
		bad += save(tr, e, &base) != 0;
		backwards += base < was || base > e;
		rounds += base > was;
		for (was = base, log = 0; was <= e; was++)
			log += records[was].n;
		was = base;
		/* what sets a sweep going, and what one writes */
		most = 2 * most > 4 * live_bytes(tr) ? most - most / 8 :
						       2 * live_bytes(tr);
		over += log > 16 * least + 5 * most + 200000;
		if (rnd(9) != 0)
			continue;
		again = restore(base, e);
		bad += again == NULL;
		if (again == NULL)
			break;
		bad += differ(tr, again);
		if (rnd(2) == 0) {
			tree_free(tr);
			tr = again;
		} else {
			tree_free(again);
		}
	}
	printf("# %u keys, %zu bytes: %u rounds, %zu bytes live\n", pool, least,
	    rounds, live_bytes(tr));
	T_INT(bad, 0);
	T_INT(backwards, 0);
	T_INT(over, 0);
	T(rounds > 1);
	weir__aggs_cursor_free(wo.cu);
	weir__arena_fini(&wo.ar);
	tree_free(tr);
	forget();
}

/* A bucket that is given out in pieces, with keys coming back in between. */
static void
test_pieces(void)
{
	struct weir__tree *tr = tree_new(), *again;
	struct work wo = { .pool = 6000, .now = 0 };
	uint64_t e, base = 0;
	uint32_t bad = 0;
	int i;

	weir__arena_init(&wo.ar, 0);
	for (e = 1; e < 40; e++) {
		weir__arena_reset(&wo.ar);
		for (i = 0; i < (e % 10 == 1 ? 30 : 1); i++) {
			wo.now = -50 + rnd(2); /* few due times */
			touch(tr, &wo, TIMED, MANY);
		}
		if (e % 3 == 0)
			close_some(tr, TIMED, 60, false);
		touch(tr, &wo, TIMED, 40);
		save(tr, e, &base);
		again = restore(base, e);
		bad += again == NULL || differ(tr, again);
		tree_free(again);
	}
	T_INT(bad, 0);
	T(weir__state_entries(*table_of(tr, TIMED)) > 4096);
	/* nothing left: nothing before is needed */
	close_some(tr, TIMED, INT64_MAX, true);
	save(tr, 40, &base);
	T_INT(base, 40);
	save(tr, 41, &base);
	T_INT(base, 41);
	T_INT(records[41].n, 0);
	weir__arena_fini(&wo.ar);
	tree_free(tr);
	forget();
}

/* Nothing changes any more: the sweep under way comes round, and then nothing
 * is written, how ever much there is. */
static void
test_quiet(void)
{
	struct weir__tree *tr = tree_new();
	struct work wo = { .pool = 5000 };
	uint64_t base = 0, e;
	size_t n = 0;
	int i;

	weir__arena_init(&wo.ar, 0);
	weir__tree_sweep(tr, 500);
	for (e = 1; e < 3000; e++) {
		for (i = 0; e < 20 && i < 20; i++)
			touch(tr, &wo, PLAIN, MANY);
		save(tr, e, &base);
		n = e > 2900 ? n + records[e].n : 0;
	}
	T_INT(n, 0);
	T(base > 10);
	weir__arena_fini(&wo.ar);
	tree_free(tr);
	forget();
}

/* ---- damage, no memory, other layouts */

static uint64_t
some_log(struct weir__tree *tr, struct work *wo)
{
	uint64_t base, e;

	weir__tree_sweep(tr, 10);
	for (e = 1; e < 12; e++) {
		work(tr, wo);
		save(tr, e, &base);
	}
	return base;
}

static void
test_damage(void)
{
	struct weir__tree *tr = tree_new(), *again;
	struct work wo = { .pool = 40 };
	uint32_t i, silent = 0, whole = 0, e, at;
	uint64_t base;
	struct weir_err err;
	char *copy;
	int rc;

	weir__arena_init(&wo.ar, 0);
	for (e = 0; e < 5; e++)
		touch(tr, &wo, (int)e, 60);
	base = some_log(tr, &wo);
	for (i = 0; i < 6000; i++) {
		again = tree_new();
		e = (uint32_t)base + rnd((uint32_t)(12 - base));
		if (records[e].n < 8) {
			tree_free(again);
			continue;
		}
		copy = malloc(records[e].n);
		memcpy(copy, records[e].p, records[e].n);
		at = rnd((uint32_t)records[e].n);
		memset(&err, 0, sizeof err);
		if (i % 3 == 0) {
			copy = realloc(copy, at + (at == 0));
			rc = weir__tree_load(again, 1, copy, at, &err);
		} else {
			copy[at] = (char)(i % 3 == 1 ? copy[at] ^ 1 << rnd(8) :
						       0xff);
			rc = weir__tree_load(again, 1, copy, records[e].n,
			    &err);
		}
		silent += rc != WEIR_OK && err.text[0] == '\0';
		whole += rc == WEIR_OK;
		/* and go on with it, as far as it came */
		work(again, &wo);
		tree_free(again);
		free(copy);
	}
	T_INT(silent, 0);
	T(whole < 6000);
	weir__aggs_cursor_free(wo.cu);
	weir__arena_fini(&wo.ar);
	tree_free(tr);
	forget();
}

static void
test_layout(void)
{
	struct weir__tree *tr = tree_new(), *again;
	struct work wo = { .pool = 40 };
	struct weir_err err = { 0 };
	uint64_t base;

	weir__arena_init(&wo.ar, 0);
	touch(tr, &wo, TIMED, 10);
	touch(tr, &wo, ONE, 1);
	save(tr, 1, &base);
	again = tree_new();
	tables[TIMED].spec.slot_size = 48;
	T_INT(weir__tree_load(again, 1, records[1].p, records[1].n, &err),
	    WEIR_ERROR);
	T_STR(err.code, "state.layout");
	tables[TIMED].spec.slot_size = 40;
	tree_free(again);
	/* the stage is gone, and another table, too */
	nodes[0].id = "a/test.other";
	tables[OWNS].next = NULL;
	again = tree_new();
	T_INT(weir__tree_load(again, 1, records[1].p, records[1].n, &err),
	    WEIR_OK);
	T_INT(weir__state_entries(*table_of(again, TIMED)), 0);
	T_INT(weir__state_entries(*table_of(again, ONE)), 0);
	tables[OWNS].next = &tables[ONE];
	nodes[0].id = "a/test.first";
	tree_free(again);
	weir__arena_fini(&wo.ar);
	tree_free(tr);
	forget();
}

static void
test_memory(void)
{
	struct weir__tree *tr = tree_new(), *again;
	struct work wo = { .pool = 40 };
	struct weir_err err;
	uint32_t n, e, failed = 0, loaded = 0;
	uint64_t base;
	int rc;

	weir__arena_init(&wo.ar, 0);
	for (e = 0; e < 5; e++)
		touch(tr, &wo, (int)e, 60);
	base = some_log(tr, &wo);
	for (n = 1; n < 20000; n += n < 200 ? 1 : n / 8) {
		memset(&err, 0, sizeof err);
		again = tree_new();
		weir__alloc_fail_at(n, 0);
		for (rc = WEIR_OK, e = (uint32_t)base; rc == WEIR_OK && e < 12;
		     e++)
			rc = weir__tree_load(again, e, records[e].p,
			    records[e].n, &err);
		weir__alloc_fail_at(0, 0);
		failed += rc != WEIR_OK;
		loaded += rc == WEIR_OK;
		tree_free(again);
	}
	printf("# %u loads failed, %u did not\n", failed, loaded);
	T(failed > 50 && loaded > 0);
	for (n = 1, failed = 0; n < 30; n++) {
		/* a tree whose record failed is thrown away */
		again = restore(base, 11);
		if (again == NULL)
			break;
		touch(again, &wo, TIMED, 300);
		touch(again, &wo, OWNS, 30);
		weir__alloc_fail_at(n, 1);
		rc = save(again, 100 + n, &base);
		weir__alloc_fail_at(0, 0);
		failed += rc != 0;
		tree_free(again);
		base = 1;
	}
	T(failed > 3 && failed < 29);
	weir__aggs_cursor_free(wo.cu);
	weir__arena_fini(&wo.ar);
	tree_free(tr);
	forget();
}


int
main(void)
{
	init();
	test_epochs(600, 60, 40);
	test_epochs(1200, 400, 200);
	test_epochs(1000, 4000, 3000);
	test_epochs(700, 20000, 60000);
	test_pieces();
	test_quiet();
	test_damage();
	test_layout();
	test_memory();
	weir__arena_fini(&plan);
	weir__errors_fini(&errors);
	return t_done();
}
