/* SPDX-License-Identifier: MIT
 *
 * A state tree's keyed state as records of epochs, and back.
 *
 *	record	uint32 magic; sections; or nothing at all
 *	section	a head: length of the part, table, the table's shape; a kind,
 *		precision and scale for each key; the stage's id; a part
 *		(state_save.c)
 *
 * What has changed comes first, then what the sweep has written.
 */
#include "run/save.h"

#include <inttypes.h>

#include "run/instance.h"
#include "run/past.h"

#define MAGIC 0x53524957u /* "WIRS" */
#define HEAD 28u

/* A sweep sets out when what a restart would have to read is so many times what
 * it writes in an epoch at least (1 MiB), and so many times the live state. */
#define LOG_LEAST 16u
#define LOG_TIMES 3 / 2

/* ---- sections */

struct section {
	uint32_t len;
	uint32_t version, slot, aggs_at, aggs_size;
	uint16_t table;
	uint16_t id_len;
	uint8_t nkeys;
	uint8_t flags;
	uint16_t reserved;
};

enum section_flags {
	SECTION_TIMED = 1 << 0,
	SECTION_AGGS = 1 << 1,
	SECTION_OWNS = 1 << 2,
	SECTION_FLAGS = 7,
};

#define KEY sizeof(((struct weir__shape *)NULL)->keys[0])
_Static_assert(KEY == 3, "no padding");

/* The head of a section whose part follows; its place, or SIZE_MAX. */
static size_t
section_begin(struct weir__buf *to, const struct weir__instance *sg,
    const struct weir_table *ta)
{
	struct weir__shape sh;
	struct section se = {
		.table = (uint16_t)ta->no,
		.id_len = (uint16_t)strlen(sg->nd->id),
		.nkeys = (uint8_t)ta->spec.nkeys,
	};
	size_t at = to->len;

	_Static_assert(sizeof se == HEAD, "no padding");
	weir__shape_of(&sh, &ta->spec);
	se.version = sh.version;
	se.slot = sh.slot;
	se.aggs_at = sh.aggs_at;
	se.aggs_size = sh.aggs_size;
	se.flags = (uint8_t)((sh.timed ? SECTION_TIMED : 0) |
	    (sh.aggs ? SECTION_AGGS : 0) | (sh.owns ? SECTION_OWNS : 0));
	weir__buf_add(to, &se, sizeof se);
	weir__buf_add(to, sh.keys, se.nkeys * KEY);
	weir__buf_add(to, sg->nd->id, se.id_len);
	return to->failed ? SIZE_MAX : at;
}

/* The part is there: its length, or off again when it is empty. */
static int
section_end(struct weir__buf *to, size_t at)
{
	struct section se;
	size_t n;

	memcpy(&se, to->data + at, sizeof se);
	n = to->len - at - sizeof se - se.nkeys * KEY - se.id_len;
	if (n > UINT32_MAX)
		return -1;
	se.len = (uint32_t)n;
	memcpy(to->data + at, &se, sizeof se);
	if (n == 0)
		to->len = at;
	return 0;
}

/* ---- saving */

static const struct weir_table *
table_no(const struct weir__node *nd, uint32_t no)
{
	const struct weir_table *ta;

	for (ta = nd->tables; ta != NULL; ta = ta->next)
		if (ta->no == no)
			return ta;
	return NULL;
}

static int
save_changes(struct weir__tree *tr, struct weir__buf *to)
{
	const struct weir_table *ta;
	struct weir__instance *sg;
	size_t i, at;

	for (i = 0; i < tr->nstages; i++) {
		sg = &tr->stages[i];
		for (ta = sg->nd->tables; ta != NULL; ta = ta->next) {
			at = section_begin(to, sg, ta);
			if (at == SIZE_MAX ||
			    weir__state_save(sg->tables[ta->no], to,
				tr->sweep.no) != 0 ||
			    section_end(to, at) != 0)
				return -1;
		}
	}
	return 0;
}

/* On with the sweep; *done: it has been round. */
static int
go_on(struct weir__tree *tr, struct weir__buf *to, size_t budget, bool *done)
{
	struct weir__sweep *sw = &tr->sweep;
	struct weir__instance *sg;
	size_t at;
	bool end;

	for (; sw->stage < tr->nstages; sw->stage++, sw->table = 0) {
		sg = &tr->stages[sw->stage];
		for (; sw->table < sg->nd->ntables; sw->table++) {
			at = section_begin(to, sg,
			    table_no(sg->nd, sw->table));
			if (at == SIZE_MAX ||
			    weir__state_sweep(sg->tables[sw->table], to,
				sw->no, &budget, &end) != 0 ||
			    section_end(to, at) != 0)
				return -1;
			if (!end)
				return 0;
		}
	}
	*done = true;
	return 0;
}

static bool
tables_empty(const struct weir__tree *tr, uint64_t *bytes)
{
	uint64_t n = 0;
	uint32_t k;
	size_t i;

	*bytes = 0;
	for (i = 0; i < tr->nstages; i++)
		for (k = 0; k < tr->stages[i].nd->ntables; k++) {
			n += weir__state_entries(tr->stages[i].tables[k]);
			*bytes += weir__state_record_bytes(
			    tr->stages[i].tables[k]);
		}
	return n == 0;
}

/* Is it time for a sweep? */
static void
set_out(struct weir__tree *tr, uint64_t epoch, uint64_t bytes)
{
	struct weir__sweep *sw = &tr->sweep;
	uint32_t k;
	size_t i;

	if (sw->under_way || sw->log < (uint64_t)LOG_LEAST * sw->least ||
	    sw->log < bytes * LOG_TIMES)
		return;
	sw->under_way = true;
	sw->no = sw->no == UINT16_MAX ? 1 : sw->no + 1;
	sw->began = epoch;
	sw->fresh = 0;
	sw->stage = 0;
	sw->table = 0;
	for (i = 0; i < tr->nstages; i++)
		for (k = 0; k < tr->stages[i].nd->ntables; k++)
			weir__state_sweep_begin(tr->stages[i].tables[k]);
}

static void
been_round(struct weir__sweep *sw, uint64_t base)
{
	sw->under_way = false;
	sw->base = base;
	sw->log = sw->fresh;
}

int
weir__tree_save(struct weir__tree *tr, uint64_t epoch, struct weir__buf *to,
    uint64_t *base)
{
	struct weir__sweep *sw = &tr->sweep;
	size_t at = to->len, n;
	const uint32_t magic = MAGIC;
	uint64_t bytes;
	bool done = false;

	if (!sw->on) {
		sw->on = true;
		sw->no = 1;
		sw->base = epoch;
	}
	if (sw->least == 0)
		sw->least = WEIR__SWEEP_LEAST;
	weir__buf_add(to, &magic, sizeof magic);
	if (tables_empty(tr, &bytes)) {
		/* nothing before this epoch is needed, whatever it held */
		sw->fresh = 0;
		been_round(sw, epoch);
	}
	set_out(tr, epoch, bytes);
	if (to->failed || save_changes(tr, to) != 0)
		return -1;
	n = to->len - at;
	if (sw->under_way &&
	    go_on(tr, to, n > sw->least ? n : sw->least, &done) != 0)
		return -1;
	if (to->len == at + sizeof magic)
		to->len = at;
	sw->log += to->len - at;
	sw->fresh += to->len - at;
	if (done)
		been_round(sw, sw->began);
	*base = sw->base;
	return 0;
}

void
weir__tree_sweep(struct weir__tree *tr, size_t least)
{
	tr->sweep.least = least;
}

/* ---- loading */

struct weir__instance *
weir__tree_find(struct weir__tree *tr, const char *id, size_t n)
{
	size_t i;

	for (i = 0; i < tr->nstages; i++)
		if (strlen(tr->stages[i].nd->id) == n &&
		    memcmp(tr->stages[i].nd->id, id, n) == 0)
			return &tr->stages[i];
	return NULL;
}

static int
damaged(uint64_t epoch, struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "state.damaged", "the record of "
	    "epoch %" PRIu64 " in the kept state is damaged: a record of "
	    "another kind, or not as it was written", epoch);
}

static int
load_section(struct weir__tree *tr, const struct weir__section *se,
    uint64_t epoch, struct weir_err *err)
{
	struct weir__instance *sg = weir__tree_find(tr, se->id, se->id_len);
	const struct weir_table *ta;
	struct weir__state *sa;
	size_t was;
	int rc;

	if (sg == NULL || (ta = table_no(sg->nd, se->table)) == NULL)
		return WEIR_OK;
	if (weir__shape_fit(&se->shape, &ta->spec) == WEIR__FIT_NOT)
		return weir_fail(err, sg->nd->span, "state.layout",
		    "what is kept of the state of %s has another layout: its "
		    "keys, their types or what it keeps for each have changed",
		    sg->nd->id);
	sa = sg->tables[ta->no];
	was = weir__state_bytes(sa);
	rc = weir__state_carry(sa, &se->shape, se->part, se->len);
	tr->state_bytes += weir__state_bytes(sa) - was;
	if (rc == WEIR_AGAIN)
		return weir_fail(err, sg->nd->span, "memory",
		    "out of memory: the state of %s does not fit", sg->nd->id);
	if (rc == WEIR_END)
		return weir_fail(err, sg->nd->span, "state.layout",
		    "what version %u of %s has kept can't be carried over: the "
		    "plugin refuses a slot of it", se->shape.version,
		    sg->nd->id);
	return rc == WEIR_OK ? WEIR_OK : damaged(epoch, err);
}

static void
note_loaded(struct weir__sweep *sw, uint64_t epoch, size_t n)
{
	if (!sw->on) {
		sw->on = true;
		sw->base = epoch;
		sw->no = 1;
	}
	sw->log += n;
}

int
weir__section_next(struct weir__section *to, const char **at, const void *p,
    size_t n)
{
	const char *end = (const char *)p + n;
	struct section se;
	uint32_t magic;

	if (*at == NULL) {
		if (n == 0)
			return WEIR_END;
		if (n < sizeof magic)
			return WEIR_ERROR;
		memcpy(&magic, p, sizeof magic);
		if (magic != MAGIC)
			return WEIR_ERROR;
		*at = (const char *)p + sizeof magic;
	}
	if (*at == end)
		return WEIR_END;
	if ((size_t)(end - *at) < sizeof se)
		return WEIR_ERROR;
	memcpy(&se, *at, sizeof se);
	if (se.nkeys > WEIR__SHAPE_KEYS || (se.flags & ~SECTION_FLAGS) != 0 ||
	    (size_t)(end - *at) - sizeof se < se.nkeys * KEY + se.id_len +
		    se.len)
		return WEIR_ERROR;
	to->shape = (struct weir__shape){
		.version = se.version,
		.slot = se.slot,
		.aggs_at = se.aggs_at,
		.aggs_size = se.aggs_size,
		.timed = (se.flags & SECTION_TIMED) != 0,
		.aggs = (se.flags & SECTION_AGGS) != 0,
		.owns = (se.flags & SECTION_OWNS) != 0,
		.nkeys = se.nkeys,
	};
	memcpy(to->shape.keys, *at + sizeof se, se.nkeys * KEY);
	to->table = se.table;
	to->id = *at + sizeof se + se.nkeys * KEY;
	to->id_len = se.id_len;
	to->part = to->id + se.id_len;
	to->len = se.len;
	*at = to->part + se.len;
	return WEIR_OK;
}

void
weir__sections_forget(const struct weir__past *pa, uint64_t epoch, char *p,
    size_t *n)
{
	struct weir__section se;
	const char *at = NULL;
	char *from = p + sizeof(uint32_t);

	if (pa->forgot == NULL)
		return;
	while (weir__section_next(&se, &at, p, *n) == WEIR_OK) {
		if (weir__past_forgot(pa, se.id, se.id_len, epoch)) {
			memmove(from, at, (size_t)(p + *n - at));
			*n -= (size_t)(at - from);
			at = from;
		}
		from = p + (at - p);
	}
}

int
weir__tree_load(struct weir__tree *tr, uint64_t epoch, const void *p,
    size_t n, struct weir_err *err)
{
	struct weir__section se;
	const char *at = NULL;
	int rc;

	note_loaded(&tr->sweep, epoch, n);
	while ((rc = weir__section_next(&se, &at, p, n)) == WEIR_OK)
		if (load_section(tr, &se, epoch, err) != WEIR_OK)
			return WEIR_ERROR;
	return rc == WEIR_END ? WEIR_OK : damaged(epoch, err);
}
