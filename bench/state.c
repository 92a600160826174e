/* SPDX-License-Identifier: MIT
 *
 * What keyed state costs to keep: a record an epoch, and a restart.
 *
 *	state [GROUPS [ROWS-AN-EPOCH [EPOCHS]]]
 *
 * Groups are windows that are open: a key of 13 bytes, twelve due times, count,
 * sum and avg of a decimal.  Each epoch looks up as many rows, at random.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "batch/frame.h"
#include "expr/expr.h"
#include "meter.h"
#include "run/instance.h"
#include "run/save.h"

#define WINDOWS 12
#define MAX_EPOCHS 100000u

static const struct weir_type text_type = { .kind = WEIR_STRING };
static const struct weir_type money_type = { .kind = WEIR_DECIMAL,
	.precision = 12, .scale = 2 };
static const struct weir_type *const keys[] = { &text_type };
static const struct weir_field fields[] = { { .name = "amount",
	.type = &money_type } };
static const struct weir_schema schema = { .ncols = 1, .cols = fields,
	.event_time = -1 };

static struct weir_table table = { .spec = { .name = "windows", .nkeys = 1,
	.keys = keys, .timed = true } };
static struct weir_stage_type type;
static struct weir__node node = { .id = "w/window.tumbling", .type = &type,
	.tables = &table, .ntables = 1 };

static struct weir_host host;
static struct weir__arena plan;
static struct weir__errors errors;
static struct weir__buf records[MAX_EPOCHS + 1];

static const struct weir_aggs *
bind_aggs(const char *s)
{
	struct weir__registry *functions = weir__registry_new();
	struct weir__scope sc = { .ar = &plan, .errors = &errors,
		.functions = functions, .schema = &schema, .host = &host };
	struct weir__ast_expr *as = weir__parse_expr(&plan, &errors,
	    weir__errors_source(&errors, "x", s, strlen(s)));
	const struct weir_aggs *ag = weir__aggs_bind(&sc,
	    as->u.record.entries, as->u.record.n);

	weir__registry_free(functions);
	return ag;
}

static struct weir__tree *
tree_new(void)
{
	struct weir__tree *tr = weir__zalloc(sizeof *tr);

	tr->nstages = 1;
	tr->stages = weir__zalloc(sizeof *tr->stages);
	tr->stages[0].nd = &node;
	tr->stages[0].tables = weir__zalloc(sizeof(void *));
	tr->stages[0].tables[0] = weir__state_new(&table.spec, 1);
	return tr;
}

static void
tree_free(struct weir__tree *tr)
{
	weir__state_free(tr->stages[0].tables[0]);
	weir__free(tr->stages[0].tables);
	weir__free(tr->stages);
	weir__free(tr);
}

static uint64_t rng = 88172645463325252u;

static uint32_t
rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 32) % n);
}

struct rows {
	struct weir_column key, amount;
	struct weir_str slices[WEIR_BATCH_ROWS];
	char text[WEIR_BATCH_ROWS][16];
	int64_t due[WEIR_BATCH_ROWS], cents[WEIR_BATCH_ROWS];
	void *slots[WEIR_BATCH_ROWS];
};

/* Rows of groups from `first` on, or of any at random. */
static void
make_rows(struct rows *ro, uint32_t n, uint32_t groups, int64_t first)
{
	uint32_t i, g;

	for (i = 0; i < n; i++) {
		g = first < 0 ? rnd(groups) : (uint32_t)first + i;
		snprintf(ro->text[i], sizeof ro->text[i], "card_%08u",
		    g / WINDOWS % 100000000);
		ro->slices[i] = weir_str_make(ro->text[i], 13);
		ro->due[i] = g % WINDOWS;
		ro->cents[i] = rnd(100000);
	}
	ro->key.u.str = ro->slices;
	ro->amount.u.i64 = ro->cents;
}

/* Seconds of CPU that looking up and updating took. */
static double
update(struct weir__tree *tr, struct weir__aggs_cursor *cu, struct rows *ro,
    uint32_t n)
{
	const struct weir_column *by[] = { &ro->key };
	uint64_t rejected[WEIR_BATCH_ROWS / 64] = { 0 };
	struct weir__arena ar;
	struct weir__eval ev = { .ar = &ar, .cols = &ro->amount, .nrows = n,
		.host = &host };
	double at = meter_cpu();

	weir__arena_init(&ar, 65536);
	if (weir__state_lookup(tr->stages[0].tables[0], by, NULL, n, ro->due,
		ro->slots, NULL) != WEIR_OK ||
	    weir__aggs_batch(cu, &ev) != 0 ||
	    weir__aggs_update(cu, NULL, n, ro->slots, rejected, NULL, NULL) !=
		0)
		exit(1);
	weir__arena_fini(&ar);
	return meter_cpu() - at;
}

static double
save(struct weir__tree *tr, uint64_t epoch, uint64_t *base)
{
	double at = meter_cpu();

	if (weir__tree_save(tr, epoch, &records[epoch], base) != 0)
		exit(1);
	return meter_cpu() - at;
}

static void
restore(uint64_t base, uint64_t epoch, uint64_t groups)
{
	double wall = meter_wall(), cpu = meter_cpu();
	struct weir__tree *tr = tree_new();
	struct weir_err err;
	size_t bytes = 0;

	for (; base <= epoch; base++) {
		bytes += records[base].len;
		if (weir__tree_load(tr, base, records[base].data,
			records[base].len, &err) != WEIR_OK)
			exit(1);
	}
	wall = meter_wall() - wall;
	cpu = meter_cpu() - cpu;
	if (weir__state_entries(tr->stages[0].tables[0]) != groups)
		exit(1);
	printf("restore: %.1f MB of records, %.3f s, cpu %.3f s: %.0f ns a "
	       "group\n", (double)bytes / 1e6, wall, cpu,
	    cpu * 1e9 / (double)groups);
	tree_free(tr);
}

int
main(int argc, char **argv)
{
	uint32_t groups = argc > 1 ? (uint32_t)atol(argv[1]) : 1000000;
	uint32_t rows = argc > 2 ? (uint32_t)atol(argv[2]) : 100000;
	uint32_t epochs = argc > 3 ? (uint32_t)atol(argv[3]) : 40;
	struct weir__aggs_cursor *cu;
	struct rows *ro = malloc(sizeof *ro);
	double took = 0, saving = 0;
	struct weir__tree *tr;
	uint64_t base, e, log, most = 0, written = 0;
	uint32_t i, n, live;

	host.alloc = weir__alloc;
	host.zalloc = weir__zalloc;
	host.realloc = weir__realloc;
	host.free = weir__free;
	weir__arena_init(&plan, 0);
	weir__errors_init(&errors);
	table.node = &node;
	table.spec.aggs = bind_aggs("{ n: count(), total: sum(amount), mean: "
				    "avg(amount) }");
	table.spec.slot_size = weir__aggs_slot(table.spec.aggs,
	    &table.spec.slot_align);
	cu = weir__aggs_cursor_new(table.spec.aggs);
	epochs = epochs < MAX_EPOCHS ? epochs : MAX_EPOCHS;
	tr = tree_new();
	for (i = 0; i < groups; i += n) {
		n = groups - i < WEIR_BATCH_ROWS ? groups - i : WEIR_BATCH_ROWS;
		make_rows(ro, n, groups, i);
		took += update(tr, cu, ro, n);
	}
	live = (uint32_t)weir__state_entries(tr->stages[0].tables[0]);
	printf("%u groups, slots of %zu bytes: made in %.3f s, %.0f ns each, "
	       "%zu MB\n", live, table.spec.slot_size, took, took * 1e9 / live,
	    weir__state_bytes(tr->stages[0].tables[0]) / 1000000);
	took = save(tr, 1, &base);
	printf("first record: %zu bytes, %.1f a group; %.0f ns a group\n",
	    records[1].len, (double)records[1].len / live, took * 1e9 / live);
	restore(base, 1, live);
	took = 0;
	for (e = 2; e <= epochs; e++) {
		for (i = 0; i < rows; i += n) {
			n = rows - i < WEIR_BATCH_ROWS ? rows - i :
							 WEIR_BATCH_ROWS;
			make_rows(ro, n, groups, -1);
			took += update(tr, cu, ro, n);
		}
		saving += save(tr, e, &base);
		written += records[e].len;
		for (log = 0, i = (uint32_t)base; i <= e; i++)
			log += records[i].len;
		most = log > most ? log : most;
		for (i = (uint32_t)base; i-- > 1 && records[i].data != NULL;)
			weir__buf_fini(&records[i]);
	}
	if (epochs > 1) {
		printf("%u epochs of %u rows: lookup and update %.0f ns a row; "
		       "record %.2f ms, %.0f KB an epoch, %.0f ns a row; log "
		       "%.1f MB at most\n", epochs - 1, rows,
		    took * 1e9 / (epochs - 1) / rows,
		    saving * 1e3 / (epochs - 1),
		    (double)written / 1e3 / (epochs - 1),
		    saving * 1e9 / (epochs - 1) / rows, (double)most / 1e6);
		restore(base, epochs, live);
	}
	for (e = 0; e <= epochs; e++)
		weir__buf_fini(&records[e]);
	tree_free(tr);
	weir__aggs_cursor_free(cu);
	weir__errors_fini(&errors);
	weir__arena_fini(&plan);
	free(ro);
	return 0;
}
