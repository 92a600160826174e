/* SPDX-License-Identifier: MIT
 *
 * Stages over a restart at the end of each epoch: what comes out is what comes
 * out of a run that was never ended.  Records and facts are kept in memory;
 * sinks write down what they get.
 */
#include "t.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "batch/json_text.h"
#include "run/instance.h"
#include "run/run.h"
#include "run/save.h"

static const char *const pipelines[] = {
	/* windows of every kind, with aggregates that own memory; rows that are
	 * late, rejected, dropped; a sum over windows */
	"x = generate.sequence(from: 1, to: 9000, start: "
	"\"2026-01-01T00:00:00Z\", step: 1s)\n"
	"    -> set { k: \"a longer key ${n % 37}\", v: 100 // (n % 500),\n"
	"             t: at - (if n % 11 == 0 then 200s else 0s), even: n % 2 == 0 }\n"
	"    -> watermark(t, delay: 30s)\n"
	"w = x -> window.tumbling(1m, by: k) { rows: count(), v: sum(v),\n"
	"        d: distinct(k), hi: max(k), some: avg(v), one: first(n) }\n"
	"w -> show()\n"
	"w.late -> show()\n"
	"w -> where(rows > 1) -> window.tumbling(10m) { w: count(), r: "
	"sum(rows) }\n"
	"  -> show()\n"
	"x -> window.tumbling(30s, lateness: 5m, by: [k, even]) "
	"{ d: count() } -> show()\n"
	"x -> window.hopping(2m, every: 30s, by: k, emit: update) "
	"{ d: count(), lo: min(k) } -> show()\n"
	"x.rejected -> select { row } -> show()\n",
	/* counts */
	"a = generate.sequence(from: 1, to: 9000, step: 1s, start: "
	"\"2026-01-01T00:00:00Z\")\n"
	"a -> limit(3333) -> show()\n"
	"a -> limit(10, per: epoch) -> show()\n"
	"a -> sample(0.2, seed: 5) -> show()\n"
	"a -> watermark(at, delay: 10s) -> window.tumbling(7s) { n: count(), "
	"m: max(n) }\n"
	"  -> sample(0.5) -> show()\n",
	/* two sources in one, and rows that are made by chance */
	"a = generate.transactions(count: 4000, start: \"2026-01-01T00:00:00Z\","
	" step: 1s, bad: 0.01, late: 0.02)\n"
	"  -> json.decode(t)\n"
	"schema t { txn_id: string!, event_ts: timestamp!, card_id: string!, "
	"amount: decimal(12, 2)!, city: string }\n"
	"b = generate.sequence(to: 1000, start: \"2026-01-01T00:20:00Z\", step: "
	"3s)\n"
	"  -> select { txn_id: \"${n}\", event_ts: at, card_id: \"b\", amount: "
	"cast(n as decimal(12, 2)), city: cast(null as string) }\n"
	"u = [a, b] -> watermark(event_ts, delay: 1m)\n"
	"u -> window.tumbling(5m, by: [card_id, city]) { n: count(), total: "
	"sum(amount), lo: min(amount) } -> show()\n",
};

static const char *tmp_path;

static struct weir__plan *
make_plan(struct weir__errors *es, const char *text)
{
	const char *dirs[2] = { getenv("WEIR_PLUGINS"), NULL };
	struct weir__plan_options op = { .path = tmp_path,
		.need_secrets = true };
	char self[3072], dir[4096];
	struct weir__plan *pl;
	struct weir__buf bf;
	FILE *f = fopen(tmp_path, "w");
	ssize_t n;

	if (f == NULL ||
	    fputs("settings { quarantine_writer: \"csv.write\" }\n", f) < 0 ||
	    fputs(text, f) < 0 || fclose(f) != 0)
		exit(1);
	if (dirs[0] == NULL) {
		n = readlink("/proc/self/exe", self, sizeof self - 1);
		self[n < 0 ? 0 : n] = '\0';
		*strrchr(self, '/') = '\0';
		snprintf(dir, sizeof dir, "%s/../plugins", self);
		dirs[0] = dir;
	}
	op.plugin_dirs = dirs;
	op.nplugin_dirs = 1;
	pl = weir__plan_make(es, &op);
	if (es->n != 0) {
		weir__buf_init(&bf);
		weir__errors_print(es, &bf, false);
		printf("Bail out! %s\n", weir__buf_cstr(&bf));
		exit(1);
	}
	return pl;
}

/* ---- every sink writes down what it gets */

#define SINKS 40

static struct weir__buf seen[SINKS]; /* by node */

static int
note_rows(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	struct weir__buf *bf = &seen[weir__instance_of(st)->nd->no];
	uint32_t i;

	(void)err;
	for (i = 0; i < b->nrows; i++) {
		if (b->ops != NULL)
			weir__buf_chr(bf, b->ops[i] == WEIR_PUT ? '+' : '-');
		weir__json_row(bf, b->schema, b->cols, i);
		weir__buf_printf(bf, " %d/%d\n", b->source, b->partition);
	}
	return WEIR_OK;
}

static const struct weir_sink_ops note_ops = {
	.size = sizeof note_ops, .write = note_rows
};
static const struct weir_stage_type note_type = {
	.size = sizeof note_type,
	.verb = "note",
	.role = WEIR_SINK,
	.flags = WEIR_STAGEF_CHANGES,
	.sink = &note_ops,
};

static void
replace_sinks(struct weir__plan *pl)
{
	size_t i;

	if (pl->nnodes > SINKS)
		exit(1);
	for (i = 0; i < pl->nnodes; i++)
		if (pl->nodes[i]->type->role == WEIR_SINK)
			((struct weir__node *)(uintptr_t)pl->nodes[i])->type =
			    &note_type;
}

/* ---- a run by hand */

#define EPOCHS 400

struct kept {
	struct weir__buf records[EPOCHS];
	uint64_t base, epoch;
	struct weir__buf facts;
};

static struct weir__tree *
start(struct weir__run *ru, struct kept *ke)
{
	struct weir_err err = { 0 };
	struct weir__tree *tr = weir__tree_new(ru, &err);
	int rc = tr != NULL ? WEIR_OK : WEIR_ERROR;
	uint64_t e;

	ru->tree = tr;
	for (e = ke->base; rc == WEIR_OK && ke->epoch != 0 && e <= ke->epoch;
	     e++)
		rc = weir__tree_load(tr, e, ke->records[e].data,
		    ke->records[e].len, &err);
	if (rc == WEIR_OK && ke->epoch != 0)
		rc = weir__tree_facts_load(tr, ke->facts.data, ke->facts.len,
		    &err);
	if (rc == WEIR_OK)
		rc = weir__tree_open(tr, false, &err);
	if (rc == WEIR_OK)
		return tr;
	printf("# %s: %s\n", err.code, err.text);
	weir__tree_free(tr);
	return NULL;
}

/* An epoch of about so many rows: WEIR_END after the last. */
static int
epoch(struct weir__run *ru, struct kept *ke, uint32_t rows)
{
	struct weir__tree *tr = ru->tree;
	struct weir_err err = { 0 };
	uint64_t got, bytes;
	size_t i, ended = 0;
	int rc = WEIR_OK;

	ke->epoch = ++ru->epoch;
	for (i = 0; i < tr->nsources && rc >= 0; i++) {
		rc = weir__tree_poll(tr, tr->sources[i]->nd, rows, 0, &got,
		    &bytes, &err);
		ended += rc == WEIR_END;
		rc = rc == WEIR_END ? WEIR_OK : rc;
	}
	if (rc >= 0)
		rc = weir__tree_end_epoch(tr, ended == tr->nsources, &err);
	if (rc >= 0 && ke->epoch < EPOCHS)
		rc = weir__tree_save(tr, ke->epoch, &ke->records[ke->epoch],
		    &ke->base);
	weir__buf_clear(&ke->facts);
	if (rc >= 0)
		rc = weir__tree_facts_save(tr, &ke->facts);
	if (rc >= 0 && ke->epoch < EPOCHS - 1)
		return ended == tr->nsources ? WEIR_END : WEIR_OK;
	printf("# epoch %llu: %s: %s\n", (unsigned long long)ke->epoch,
	    err.code, err.text);
	return WEIR_ERROR;
}

/* The whole pipeline, with a restart after every `every`-th epoch (0: none);
 * all that the sinks got. */
static char *
run(const struct weir__plan *pl, uint32_t rows, uint32_t every)
{
	struct weir__run ru;
	struct weir__buf all;
	struct kept ke;
	int rc = WEIR_OK, i;

	memset(&ru, 0, sizeof ru);
	memset(&ke, 0, sizeof ke);
	ru.pl = pl;
	ru.now = INT64_C(1800000000000000);
	for (i = 0; i < SINKS; i++)
		weir__buf_init(&seen[i]);
	if (start(&ru, &ke) == NULL)
		return NULL;
	while (rc == WEIR_OK) {
		rc = epoch(&ru, &ke, rows);
		if (rc != WEIR_OK || every == 0 || ru.epoch % every != 0)
			continue;
		weir__tree_free(ru.tree);
		if (start(&ru, &ke) == NULL)
			rc = WEIR_ERROR;
	}
	T_INT(rc, WEIR_END);
	T(ru.epoch > 5);
	weir__buf_init(&all);
	for (i = 0; i < SINKS; i++) {
		if (seen[i].len != 0)
			weir__buf_printf(&all, "sink %d\n", i);
		weir__buf_add(&all, seen[i].data, seen[i].len);
		weir__buf_fini(&seen[i]);
	}
	weir__tree_ledger(ru.tree, &all);
	weir__tree_free(ru.tree);
	for (i = 0; i < EPOCHS; i++)
		weir__buf_fini(&ke.records[i]);
	weir__buf_fini(&ke.facts);
	weir__buf_chr(&all, '\0');
	return all.data;
}

static void
first_difference(const char *a, const char *b)
{
	const char *line = a;

	for (; *a != '\0' && *a == *b; a++, b++)
		if (*a == '\n')
			line = a + 1;
	b -= a - line;
	printf("# without: %.*s\n# with:    %.*s\n", (int)strcspn(line, "\n"),
	    line, (int)strcspn(b, "\n"), b);
}

static void
test_pipeline(const char *text)
{
	static const uint32_t every[] = { 1, 2, 5 };
	struct weir__errors es;
	struct weir__plan *pl;
	char *whole, *parts;
	size_t i;

	weir__errors_init(&es);
	pl = make_plan(&es, text);
	replace_sinks(pl);
	whole = run(pl, 400, 0);
	for (i = 0; i < sizeof every / sizeof *every; i++) {
		parts = run(pl, 400, every[i]);
		T(whole != NULL && parts != NULL && strcmp(whole, parts) == 0);
		if (whole != NULL && parts != NULL &&
		    strcmp(whole, parts) != 0)
			first_difference(whole, parts);
		weir__free(parts);
	}
	printf("# %zu bytes\n", whole != NULL ? strlen(whole) : 0);
	weir__free(whole);
	weir__plan_free(pl);
	weir__errors_fini(&es);
}

int
main(void)
{
	char path[] = "/tmp/weir-restart-XXXXXX";
	size_t i;
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	tmp_path = path;
	for (i = 0; i < sizeof pipelines / sizeof *pipelines; i++)
		test_pipeline(pipelines[i]);
	remove(path);
	return t_done();
}
