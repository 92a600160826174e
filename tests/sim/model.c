/* SPDX-License-Identifier: MIT
 *
 * The world around the engine: a source with known rows in a few partitions,
 * and sinks of which the other side outlives the process.
 *
 *	plain    an epoch's rows are in its intent
 *	spooled  the engine keeps them until they are published; some rows it
 *	         would not take, which then go to the quarantine
 *	open     a file that spans epochs: rows are held, and kept, for three
 *
 * A call of a sink may find the other side down, or do its work and lose the
 * answer; the process may end between any two of them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/plan.h"
#include "sim.h"

#define SPAN 3 /* epochs of an open file */
#define POISON(n) ((n) % 29 == 11) /* what the spooled sink refuses */

enum kind { PLAIN, SPOOLED, OPEN, QUARANTINE };

static struct weir_stage_type types[MAX_SINKS + 1];

void
broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(world->broken, sizeof world->broken, fmt, ap);
	va_end(ap);
	_exit(EXIT_BROKEN);
}

uint32_t
draw(uint32_t n)
{
	uint64_t x = world->rnd += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return n == 0 ? 0 : (uint32_t)((x ^ (x >> 31)) % n);
}

bool
once_in(uint32_t n)
{
	return n != 0 && draw(n) == 0;
}

/* ------------------------------------------------------------- the source */

struct source {
	int64_t next[PARTS];
};

static int64_t
number(int p, int64_t offset)
{
	return p * 1000 + offset;
}

/* Out of order by a few seconds, sometimes by far more. */
static int64_t
moment(int p, int64_t offset)
{
	int64_t n = number(p, offset), jitter = n * 7919 % 4000;

	if (n % 17 == 3)
		jitter += 30000;
	return INT64_C(1767225600000000) + offset * 1500000 + p * 400000 -
	    jitter * 1000;
}

static int
say_where(struct weir_stage *st, int p)
{
	struct source *so = st->state;
	int64_t note[2] = { so->next[p], so->next[p] ^ 0x5a5a5a };

	if (weir_position_note(st, p, note, sizeof note) != WEIR_OK)
		return WEIR_ERROR;
	return weir_position(st, p, so->next[p],
	    so->next[p] == PART_ROWS ? WEIR_PART_FINISHED : WEIR_PART_READING);
}

static int
source_open(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	struct source *so = st->state;
	const int64_t *note;
	size_t i;
	int p;

	if (once_in(world->far_in))
		return weir_fail(err, WEIR_NOWHERE, "sim.down", "down"),
		       WEIR_AGAIN;
	for (i = 0; i < n; i++) {
		note = at[i].note;
		if (note == NULL || at[i].note_len != 2 * sizeof *note ||
		    note[0] != at[i].next ||
		    note[1] != (at[i].next ^ 0x5a5a5a))
			broken("partition %d comes back at %lld without its "
			       "note", (int)at[i].partition,
			    (long long)at[i].next);
		so->next[at[i].partition] = at[i].next;
	}
	for (p = 0; p < PARTS; p++)
		if (so->next[p] < world->committed[p])
			broken("partition %d begins at %lld, %lld was "
			       "confirmed", p, (long long)so->next[p],
			    (long long)world->committed[p]);
	for (p = 0; p < PARTS; p++)
		if (weir_partition(st, p, NULL) != WEIR_OK ||
		    say_where(st, p) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

static int
source_poll(struct weir_stage *st, uint32_t max, int64_t wait,
    struct weir_err *err)
{
	struct source *so = st->state;
	struct weir_batch *b;
	int64_t *at;
	uint32_t n, i;
	int p, left = 0, rc;

	(void)wait;
	sched_point();
	for (p = 0; p < PARTS; p++)
		left += so->next[p] < PART_ROWS;
	if (left == 0)
		return WEIR_END;
	if (draw(5) == 0)
		return WEIR_AGAIN;
	do {
		p = (int)draw(PARTS);
	} while (so->next[p] == PART_ROWS);
	n = draw(5) + 1;
	n = n < max ? n : max;
	if (n > PART_ROWS - so->next[p])
		n = (uint32_t)(PART_ROWS - so->next[p]);
	b = weir_batch_new(st, 0, n);
	at = b == NULL ? NULL : weir_batch_alloc(st, b, n * sizeof *at);
	if (at == NULL)
		return WEIR_ERROR;
	for (i = 0; i < n; i++) {
		at[i] = so->next[p]++;
		b->cols[0].u.i64[i] = number(p, at[i]);
		b->cols[1].u.i64[i] = moment(p, at[i]);
	}
	b->nrows = n;
	b->partition = p;
	b->positions = at;
	rc = weir_emit(st, 0, b, err);
	return rc != WEIR_OK ? rc : say_where(st, p);
}

/* What is confirmed has to be decided: no life goes on before it. */
static int
source_commit(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	size_t i;

	(void)st;
	(void)err;
	for (i = 0; i < n; i++)
		if (at[i].next > world->committed[at[i].partition])
			world->committed[at[i].partition] = at[i].next;
	return WEIR_OK;
}

static const struct weir_source_ops source_ops = {
	.size = sizeof source_ops,
	.open = source_open,
	.poll = source_poll,
	.commit = source_commit,
};

/* ---------------------------------------------------------- the other side */

static struct far *
far_of(const char *id)
{
	uint32_t i;

	for (i = 0; i < world->nsinks; i++)
		if (strcmp(world->sinks[i].id, id) == 0)
			return &world->sinks[i];
	broken("there is no sink %s", id);
}

static bool
has(const struct far *fa, uint64_t row)
{
	uint32_t i;

	for (i = 0; i < fa->n; i++)
		if (fa->rows[i] == row)
			return true;
	return false;
}

static uint64_t
mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ (h >> 32);
}

/* All columns are of eight bytes. */
static uint64_t
hash_row(const struct weir_batch *b, uint32_t row, uint32_t ncols)
{
	uint64_t h = 1;
	uint32_t c;

	for (c = 0; c < ncols; c++)
		h = mix(h, weir_valid(&b->cols[c], row) ?
			(uint64_t)b->cols[c].u.i64[row] : 0);
	return h;
}

/* One transaction: rows and marker, once. */
static void
apply(struct far *fa, uint64_t epoch, const uint64_t *rows, uint32_t n)
{
	uint32_t i;

	if (epoch <= fa->marker)
		return;
	if (fa->n + n > MAX_ROWS)
		broken("%s holds too many rows", fa->id);
	for (i = 0; i < n; i++) {
		if (has(fa, rows[i]))
			broken("%s gets a row twice, in epoch %llu", fa->id,
			    (unsigned long long)epoch);
		fa->rows[fa->n++] = rows[i];
	}
	fa->marker = epoch;
}

static int
down(struct weir_err *err)
{
	weir_fail(err, WEIR_NOWHERE, "sim.down", "the other side is down");
	return WEIR_AGAIN;
}

static int
commit_far(struct far *fa, uint64_t epoch, const uint64_t *rows, uint32_t n,
    struct weir_err *err)
{
	fa->calls++;
	sched_point();
	if (once_in(world->far_in)) {
		fa->again++;
		return down(err);
	}
	apply(fa, epoch, rows, n);
	sched_point();
	if (once_in(world->far_in)) {
		world->unclear++;
		return down(err);
	}
	return WEIR_OK;
}

/* ------------------------------------------------------------- the writers */

struct writer {
	uint32_t ncols;
	uint32_t n;
	uint64_t rows[MAX_ROWS];
	uint64_t from; /* open: the first epoch held, 0 none */
	int epochs;
};

struct cut {
	uint64_t from;
	uint32_t n, nkeep;
	uint64_t rows[];
};

static int
sink_write(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	struct writer *wr = st->state;
	uint32_t i;

	(void)err;
	for (i = 0; i < b->nrows; i++) {
		if (wr->n == MAX_ROWS)
			broken("%s is given too many rows", st->id);
		wr->rows[wr->n++] = hash_row(b, i, b->ncols);
	}
	return WEIR_OK;
}

static struct cut *
new_cut(const struct writer *wr)
{
	struct cut *cu = calloc(1, sizeof *cu + wr->n * sizeof *wr->rows);

	if (cu != NULL)
		memcpy(cu->rows, wr->rows, wr->n * sizeof *wr->rows);
	return cu;
}

static int
plain_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err)
{
	struct writer *wr = st->state;
	struct cut *cu = new_cut(wr);

	(void)epoch;
	(void)last;
	(void)err;
	if (cu == NULL)
		return WEIR_ERROR;
	cu->n = wr->n;
	wr->n = 0;
	*cut = cu;
	return WEIR_OK;
}

static int
open_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err)
{
	struct writer *wr = st->state;
	struct cut *cu;

	(void)err;
	if (wr->n > 0 && wr->from == 0)
		wr->from = epoch;
	wr->epochs++;
	cu = new_cut(wr);
	if (cu == NULL)
		return WEIR_ERROR;
	if (wr->epochs < SPAN && !last) {
		cu->nkeep = wr->n;
		cu->from = wr->from;
	} else {
		cu->n = wr->n;
		wr->n = 0;
		wr->from = 0;
		wr->epochs = 0;
	}
	*cut = cu;
	return WEIR_OK;
}

static void *
copied(struct weir_stage *st, const void *p, size_t n)
{
	void *to = n == 0 ? NULL : st->host->alloc(n);

	if (to != NULL)
		memcpy(to, p, n);
	return to;
}

static int
sink_prepare(struct weir_stage *st, void *cut, struct weir_intent *in,
    struct weir_err *err)
{
	struct cut *cu = cut;
	struct {
		uint64_t from, n;
		uint64_t rows[MAX_ROWS];
	} keep;

	sched_point();
	if (once_in(world->far_in))
		return down(err);
	in->rows = cu->n;
	in->held_from = cu->from;
	in->len = cu->n * sizeof *cu->rows;
	in->data = copied(st, cu->rows, in->len);
	if (cu->nkeep != 0) {
		keep.from = cu->from;
		keep.n = cu->nkeep;
		memcpy(keep.rows, cu->rows, cu->nkeep * sizeof *cu->rows);
		in->keep_len = 16 + cu->nkeep * sizeof *cu->rows;
		in->keep = copied(st, &keep, in->keep_len);
	}
	free(cu);
	return WEIR_OK;
}

static int
open_resume(struct weir_stage *st, uint64_t epoch, const void *keep, size_t len,
    struct weir_err *err)
{
	struct writer *wr = st->state;
	const uint64_t *p = keep;

	(void)err;
	if (len == 0)
		return WEIR_OK;
	if (len < 16 || len != 16 + p[1] * 8 || p[0] > epoch)
		broken("%s: what was kept is damaged", st->id);
	wr->from = p[0];
	wr->n = (uint32_t)p[1];
	wr->epochs = (int)(epoch - p[0] + 1);
	memcpy(wr->rows, p + 2, p[1] * 8);
	return WEIR_OK;
}

/* ---------------------------------------------------------- the publishers */

struct publisher {
	struct far *far;
	uint64_t last; /* published in this life */
};

static int
sink_open(struct weir_publisher *pb, const struct weir_fence *fe,
    struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct far *fa = far_of(pb->id);

	sched_point();
	if (once_in(world->far_in))
		return down(err);
	pu->far = fa;
	if (fe->born && !fa->born)
		broken("%s is said to be born, and is not", pb->id);
	if (fa->marker > fe->epoch)
		broken("%s has epoch %llu, %llu is decided", pb->id,
		    (unsigned long long)fa->marker,
		    (unsigned long long)fe->epoch);
	if (fe->published > fa->marker)
		broken("%s has epoch %llu, %llu is said to be published",
		    pb->id, (unsigned long long)fa->marker,
		    (unsigned long long)fe->published);
	fa->born = true;
	return WEIR_OK;
}

static int
in_order(struct publisher *pu, uint64_t epoch)
{
	if (epoch < pu->last)
		broken("%s: epoch %llu is published after %llu", pu->far->id,
		    (unsigned long long)epoch, (unsigned long long)pu->last);
	pu->last = epoch;
	return WEIR_OK;
}

static int
sink_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *in, size_t n, struct weir_err *err)
{
	struct publisher *pu = pb->state;

	(void)n;
	in_order(pu, epoch);
	return commit_far(pu->far, epoch, in->data,
	    (uint32_t)(in->len / sizeof(uint64_t)), err);
}

/* What one way through an epoch's spool has found. */
struct found {
	uint32_t all, n, npoison;
	uint64_t rows[MAX_ROWS];
	struct weir_poison poison[MAX_ROWS];
};

static void
look_at(struct found *fo, const struct weir_frame *fr)
{
	uint32_t i;
	bool bad, skip;

	for (i = 0; i < fr->rows; i++) {
		bad = POISON(fr->batch->cols[0].u.i64[i]);
		skip = fr->skip != NULL && weir_bit(fr->skip, i);
		if (fo->all != fr->first + i || fo->all == MAX_ROWS)
			broken("row %llu of a spool is said to be %u",
			    (unsigned long long)fr->first + i, fo->all);
		fo->all++;
		if (skip && !bad)
			broken("a row is marked as poison that is none");
		if (bad && !skip)
			fo->poison[fo->npoison++] = (struct weir_poison){
				.row = fr->first + i, .code = "sim.poison",
				.text = "poison"
			};
		if (!bad)
			fo->rows[fo->n++] = hash_row(fr->batch, i,
			    fr->batch->ncols);
	}
}

static int
spooled_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *in, size_t nin, struct weir_err *err)
{
	static struct found fo; /* one such sink, one thread at a time */
	struct publisher *pu = pb->state;
	struct weir_frame fr;
	int rc, times = once_in(3) ? 3 : 2;

	(void)nin;
	in_order(pu, epoch);
	while (times-- > 0) {
		memset(&fo, 0, sizeof fo);
		while ((rc = weir_spool_next(pb, epoch, &fr, err)) == WEIR_OK)
			look_at(&fo, &fr);
		if (rc != WEIR_END)
			return rc;
		if (fo.all != in->rows)
			broken("%s: %u rows in the spool of epoch %llu, %llu "
			       "decided", pb->id, fo.all,
			    (unsigned long long)epoch,
			    (unsigned long long)in->rows);
		if (fo.npoison == 0 && times == 1)
			break;
		if (fo.npoison != 0 && times == 0)
			broken("poison is not marked");
		rc = fo.npoison == 0 ? weir_spool_rewind(pb, epoch, err) :
		    weir_poison(pb, epoch, fo.poison, fo.npoison, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return commit_far(pu->far, epoch, fo.rows, fo.n, err);
}

static int
sink_last(struct weir_publisher *pb, uint64_t *epoch, struct weir_err *err)
{
	struct publisher *pu = pb->state;

	if (once_in(world->far_in))
		return down(err);
	*epoch = pu->far->marker;
	return WEIR_OK;
}

static void
sink_abandon(struct weir_publisher *pb)
{
	(void)pb;
}

/* The quarantine: partition and offset tell a row. */
static int
quarantine_write(struct weir_stage *st, struct weir_batch *b,
    struct weir_err *err)
{
	const struct weir_column *c = b->cols;
	struct writer *wr = st->state;
	uint32_t i;

	(void)err;
	for (i = 0; i < b->nrows && wr->n < MAX_ROWS; i++)
		wr->rows[wr->n++] = mix(mix(2,
		    (uint64_t)c[WEIR__REJ_PARTITION].u.i32[i]),
		    (uint64_t)c[WEIR__REJ_OFFSET].u.i64[i]);
	return WEIR_OK;
}

static const struct weir_sink_ops kinds[] = {
	[PLAIN] = {
		.size = sizeof kinds[0],
		.write = sink_write,
		.cut = plain_cut,
		.prepare = sink_prepare,
		.publisher_size = sizeof(struct publisher),
		.open = sink_open,
		.publish = sink_publish,
		.last_published = sink_last,
		.abandon = sink_abandon,
	},
	[QUARANTINE] = {
		.size = sizeof kinds[0],
		.write = quarantine_write,
		.cut = plain_cut,
		.prepare = sink_prepare,
		.publisher_size = sizeof(struct publisher),
		.open = sink_open,
		.publish = sink_publish,
		.last_published = sink_last,
		.abandon = sink_abandon,
	},
	[SPOOLED] = {
		.size = sizeof kinds[0],
		.publisher_size = sizeof(struct publisher),
		.open = sink_open,
		.publish = spooled_publish,
		.last_published = sink_last,
		.abandon = sink_abandon,
		.flags = WEIR_SINKF_SPOOL,
	},
	[OPEN] = {
		.size = sizeof kinds[0],
		.write = sink_write,
		.cut = open_cut,
		.prepare = sink_prepare,
		.publisher_size = sizeof(struct publisher),
		.open = sink_open,
		.publish = sink_publish,
		.abandon = sink_abandon,
		.resume = open_resume,
	},
};

/* ---------------------------------------------------------------- the plan */

void
model_plan(struct weir__plan *pl)
{
	struct weir__node *nd;
	struct weir_stage_type *ty;
	size_t i, n = 0;
	char where;

	for (i = 0; i < pl->nnodes; i++) {
		nd = pl->nodes[i];
		if (nd->type->role == WEIR_TRANSFORM)
			continue;
		ty = &types[nd->type->role == WEIR_SOURCE ? MAX_SINKS : n];
		*ty = *nd->type;
		ty->init = NULL;
		ty->fini = NULL;
		ty->unbind = NULL;
		ty->process = NULL;
		if (ty->role == WEIR_SOURCE) {
			ty->source = &source_ops;
			ty->state_size = sizeof(struct source);
		} else {
			where = nd->target[0] == '\0' ? 'q' :
				nd->target[strlen(nd->target) - 1];
			ty->sink = &kinds[where == 'b' ? SPOOLED :
				where == 'c' || where == 'e' ? OPEN :
				where == 'q' ? QUARANTINE : PLAIN];
			ty->state_size = sizeof(struct writer);
			nd->spool = where == 'b';
			snprintf(world->sinks[n].id, sizeof world->sinks[n].id,
			    "%s", nd->id);
			n++;
		}
		nd->type = ty;
	}
	world->nsinks = (uint32_t)n;
}

void
model_reset(void)
{
	struct far *fa;

	memset(world->committed, 0, sizeof world->committed);
	for (fa = world->sinks; fa < world->sinks + world->nsinks; fa++) {
		fa->marker = 0;
		fa->n = 0;
		fa->calls = fa->unclear = fa->again = 0;
		fa->born = false;
	}
}

void
model_check(const struct far *want, uint32_t n)
{
	uint32_t i, k;

	for (i = 0; i < n; i++) {
		if (world->sinks[i].n != want[i].n)
			broken("%s holds %u rows, %u expected",
			    want[i].id, world->sinks[i].n, want[i].n);
		for (k = 0; k < want[i].n; k++)
			if (!has(&world->sinks[i], want[i].rows[k]))
				broken("%s lacks a row that it should have, "
				       "and has another", want[i].id);
	}
}
