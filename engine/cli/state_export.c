/* SPDX-License-Identifier: MIT
 *
 * weir state export: keyed state, an entry a line of JSON.
 *
 *	{"stage":"gold/window.tumbling","table":"groups","due":"2026-...",
 *	 "key":["x"],"values":{"n":3}}
 *
 * Aggregates are shown as they would come out now; what else a stage keeps in
 * its slots is bytes that only it knows, in base64.
 */
#include "base/json.h"
#include "batch/json_text.h"
#include "cli/cli.h"
#include "cli/state.h"

/* Columns of aggregates over what was given out. */
struct values {
	struct weir__arena ar;
	struct weir_column *cols;
	uint64_t failed[WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)];
};

static void
passed_over(void *arg, uint32_t slot, const char *column,
    const struct weir__row_error *re)
{
	(void)arg;
	(void)slot;
	(void)column;
	(void)re;
}

static int
finish(struct values *va, const struct weir_table_spec *sp,
    const struct weir_due *du, int64_t now)
{
	uint32_t n = weir__aggs_n(sp->aggs), i;
	void **slots;

	weir__arena_reset(&va->ar);
	memset(va->failed, 0, sizeof va->failed);
	va->cols = weir__arena_zalloc(&va->ar, (n + 1) * sizeof *va->cols);
	slots = weir__arena_alloc(&va->ar, (du->n + 1) * sizeof *slots);
	if (va->cols == NULL || slots == NULL)
		return -1;
	for (i = 0; i < du->n; i++)
		slots[i] = (char *)du->slots[i] + sp->aggs_offset;
	return weir__aggs_finish(sp->aggs, &va->ar, slots, du->n, va->cols, now,
	    va->failed, passed_over, NULL);
}

static void
put_values(struct weir__buf *bf, const struct values *va,
    const struct weir_table_spec *sp, uint32_t i)
{
	const struct weir_field *fi;
	uint32_t n = weir__aggs_n(sp->aggs), k;

	weir__buf_str(bf, ",\"values\":");
	if (weir_bit(va->failed, i)) {
		weir__buf_str(bf, "null");
		return;
	}
	for (k = 0; k < n; k++) {
		fi = weir__aggs_field(sp->aggs, k);
		weir__buf_chr(bf, k == 0 ? '{' : ',');
		weir__json_string(bf, fi->name, strlen(fi->name));
		weir__buf_chr(bf, ':');
		weir__json_value(bf, fi->type, &va->cols[k], i);
	}
	weir__buf_str(bf, n == 0 ? "{}" : "}");
}

static void
put_slot(struct weir__buf *bf, const struct weir_table_spec *sp,
    const void *slot)
{
	char *to;

	weir__buf_str(bf, ",\"slot\":\"");
	to = weir__buf_room(bf, WEIR__BASE64_TEXT(sp->slot_size));
	if (to != NULL)
		bf->len += weir__base64_encode(to, slot, sp->slot_size);
	weir__buf_chr(bf, '"');
}

static void
put_entry(struct weir__buf *bf, const struct weir__kept *ke,
    const struct weir_due *du, const struct values *va, uint32_t i)
{
	const struct weir_table_spec *sp = &ke->table->spec;
	uint32_t k;

	weir__buf_str(bf, "{\"stage\":");
	weir__json_string(bf, ke->stage, strlen(ke->stage));
	weir__buf_printf(bf, ",\"table\":\"%s\"", sp->name);
	if (sp->timed) {
		weir__buf_str(bf, ",\"due\":");
		weir__put_time(bf, du->due[i]);
	}
	weir__buf_str(bf, ",\"key\":[");
	for (k = 0; k < sp->nkeys; k++) {
		weir__buf_str(bf, k == 0 ? "" : ",");
		weir__json_value(bf, sp->keys[k], &du->keys[k], i);
	}
	weir__buf_chr(bf, ']');
	if (sp->aggs != NULL)
		put_values(bf, va, sp, i);
	else if (sp->slot_size != 0)
		put_slot(bf, sp, du->slots[i]);
	weir__buf_str(bf, "}\n");
}

static int
put_table(struct weir__buf *bf, struct weir__kept *ke, int64_t now)
{
	struct values va;
	struct weir_due du;
	int rc, code = WEIR_OK;
	uint32_t i;

	weir__arena_init(&va.ar, 4096);
	while ((rc = weir__state_drain(ke->state, &du)) == WEIR_OK &&
	    code == WEIR_OK) {
		if (ke->table->spec.aggs != NULL &&
		    finish(&va, &ke->table->spec, &du, now) != 0)
			rc = WEIR_ERROR;
		for (i = 0; rc == WEIR_OK && i < du.n; i++)
			put_entry(bf, ke, &du, &va, i);
		/* not all of a large state at once */
		if (rc != WEIR_OK || bf->failed)
			break;
		if (weir__put(bf, stdout) != WEIR__EXIT_OK)
			code = WEIR_ERROR;
		weir__buf_clear(bf);
	}
	weir__arena_fini(&va.ar);
	return rc == WEIR_END ? code : WEIR_ERROR;
}

static bool
known(const struct weir__look *lo, const struct weir__plan *pl,
    const char *stage)
{
	size_t i;

	for (i = 0; i < lo->nkept; i++)
		if (strcmp(lo->kept[i].stage, stage) == 0)
			return true;
	for (i = 0; i < pl->nnodes; i++)
		if (strcmp(pl->nodes[i]->id, stage) == 0)
			return true;
	return false;
}

int
weir__state_export(struct weir__buf *bf, struct weir__look *lo,
    const struct weir__plan *pl, const char *stage, struct weir_err *err)
{
	struct weir__kept *ke;
	size_t i;

	if (stage != NULL && !known(lo, pl, stage))
		return weir_fail(err, WEIR_NOWHERE, "state.stage",
		    "nothing is kept for a stage %s, and the pipeline has no "
		    "such stage: `weir state show` lists those that there are",
		    stage);
	for (i = 0; i < lo->nkept; i++) {
		ke = &lo->kept[i];
		if (stage != NULL && strcmp(ke->stage, stage) != 0)
			continue;
		if (ke->state == NULL)
			return weir_fail(err, WEIR_NOWHERE, "state.plan",
			    "what is kept for %s was kept by another version "
			    "of the pipeline: export it with that one",
			    ke->stage);
		if (put_table(bf, ke, lo->past.now) != WEIR_OK)
			return weir_fail(err, WEIR_NOWHERE, "memory",
			    "out of memory, or the output is closed");
	}
	return WEIR_OK;
}
