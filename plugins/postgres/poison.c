/* SPDX-License-Identifier: MIT
 *
 * Rows that the server refuses for their values.
 *
 * The epoch is loaded once more, in a transaction that is rolled back: frame
 * by frame, and where one fails, its halves, down to single rows.  Rows that
 * went in stay while later ones are tried, so that two rows which exclude each
 * other are judged as they would be in the end.
 */
#include <stdlib.h>

#include "sink.h"

static int
note(struct weir_publisher *pb, uint64_t row, const char *code,
    const char *text, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct weir_poison *po;

	if (pu->nbad == pu->room) {
		size_t room = pu->room == 0 ? 16 : pu->room * 2;

		po = pb->host->realloc(pu->bad, room * sizeof(*po));
		if (po == NULL)
			return pg_memory(pb->host, err);
		pu->bad = po;
		pu->room = room;
	}
	po = &pu->bad[pu->nbad++];
	memset(po, 0, sizeof(*po));
	po->row = row;
	snprintf(po->code, sizeof(po->code), "%s", code);
	snprintf(po->text, sizeof(po->text), "%.255s", text);
	return WEIR_OK;
}

static int
say(struct pg_link *li, const char *sql, struct weir_err *err)
{
	return pg_link_exec(li, sql, NULL, WEIR_AT("postgres.bisect.before"),
	    WEIR_AT("postgres.bisect.after"), err);
}

/* Rows [from, to) of the frame. */
static int
search(struct weir_publisher *pb, const struct weir_frame *fr,
    const uint64_t *skip, uint32_t from, uint32_t to, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	char code[24];
	uint32_t mid;
	int rc;

	while (from < to && weir_bit(skip, from))
		from++;
	while (to > from && weir_bit(skip, to - 1))
		to--;
	if (from == to)
		return WEIR_OK;
	rc = say(&pu->li, "SAVEPOINT weir", err);
	if (rc == WEIR_OK)
		rc = pg_load_part(pb, fr, skip, from, to, err);
	if (rc == WEIR_OK)
		return say(&pu->li, pu->en.merge ? "RELEASE SAVEPOINT weir; "
		    "DELETE FROM pg_temp.weir_load" : "RELEASE SAVEPOINT weir",
		    err);
	if (rc != WEIR_ERROR || pu->li.verdict != PG_ROW)
		return rc;
	if (to - from == 1) {
		snprintf(code, sizeof(code), "postgres.%s", pu->li.sqlstate);
		rc = note(pb, fr->first + from, code, err->text, err);
		if (rc != WEIR_OK)
			return rc;
	}
	rc = say(&pu->li, "ROLLBACK TO SAVEPOINT weir; RELEASE SAVEPOINT weir",
	    err);
	if (rc != WEIR_OK || to - from == 1)
		return rc;
	mid = from + (to - from) / 2;
	rc = search(pb, fr, skip, from, mid, err);
	return rc == WEIR_OK ? search(pb, fr, skip, mid, to, err) : rc;
}

/* Rows that can't even be written down go first. */
static int
unwritable(struct weir_publisher *pb, const struct weir_frame *fr,
    uint64_t *skip, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	uint32_t at = 0;

	for (uint32_t i = 0; i < fr->rows; i++)
		weir_bit_put(skip, i, fr->skip != NULL &&
		    weir_bit(fr->skip, i));
	while (at < fr->rows) {
		pg_buf_clear(&pu->en.bf);
		if (pg_encode_rows(&pu->en, fr->batch, fr->tags, skip, &at,
		    fr->rows) != WEIR_OK)
			return pg_memory(pb->host, err);
		if (!pu->en.bad)
			break;
		weir_bit_set(skip, pu->en.bad_row);
		if (note(pb, fr->first + pu->en.bad_row, pu->en.bad_code,
		    pu->en.bad_text, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
all_frames(struct weir_publisher *pb, uint64_t epoch, struct weir_err *err)
{
	uint64_t skip[WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)];
	struct publisher *pu = pb->state;
	struct weir_frame fr;
	int rc;

	rc = weir_spool_rewind(pb, epoch, err);
	while (rc == WEIR_OK) {
		rc = weir_spool_next(pb, epoch, &fr, err);
		if (rc != WEIR_OK)
			break;
		rc = unwritable(pb, &fr, skip, err);
		if (rc == WEIR_OK)
			rc = search(pb, &fr, skip, 0, fr.rows, err);
	}
	if (rc == WEIR_END)
		return WEIR_OK;
	if (pu->li.verdict == PG_ROW)
		pu->li.verdict = PG_STOP;
	return rc;
}

/* A foreign key that is checked at the end of a transaction is content with a
 * row that comes later. */
static bool
may_be_early(const struct weir_poison *po)
{
	return strcmp(po->code, "postgres.23503") == 0;
}

/* The rows of old that may have been too early, once more: the others are there
 * now. */
static int
again(struct weir_publisher *pb, uint64_t epoch, const struct weir_poison *old,
    size_t n, struct weir_err *err)
{
	uint64_t skip[WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)];
	struct weir_frame fr;
	size_t i, k;
	int rc;

	for (i = 0, k = 0; i < n; i++)
		k += may_be_early(&old[i]);
	rc = weir_spool_rewind(pb, epoch, err);
	while (rc == WEIR_OK && k > 0) {
		rc = weir_spool_next(pb, epoch, &fr, err);
		if (rc != WEIR_OK)
			break;
		memset(skip, 0xff, sizeof(skip));
		for (i = 0; i < n; i++)
			if (may_be_early(&old[i]) && old[i].row >= fr.first &&
			    old[i].row - fr.first < fr.rows) {
				weir_bit_clear(skip, old[i].row - fr.first);
				k--;
			}
		rc = search(pb, &fr, skip, 0, fr.rows, err);
	}
	for (i = 0; i < n && rc == WEIR_OK; i++)
		if (!may_be_early(&old[i]))
			rc = note(pb, old[i].row, old[i].code, old[i].text,
			    err);
	return rc;
}

static int
by_row(const void *a, const void *b)
{
	const struct weir_poison *x = a, *y = b;

	return (x->row > y->row) - (x->row < y->row);
}

/* Until no more of them go in. */
static int
settle_early(struct weir_publisher *pb, uint64_t epoch, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct weir_poison *old;
	size_t n;
	int rc;

	do {
		old = pu->bad;
		n = pu->nbad;
		pu->bad = NULL;
		pu->nbad = pu->room = 0;
		rc = again(pb, epoch, old, n, err);
		pb->host->free(old);
	} while (rc == WEIR_OK && pu->nbad > 0 && pu->nbad < n);
	if (pu->nbad > 1)
		qsort(pu->bad, pu->nbad, sizeof(*pu->bad), by_row);
	if (rc == WEIR_ERROR && pu->li.verdict == PG_ROW)
		pu->li.verdict = PG_STOP;
	return rc;
}

int
pg_poison_search(struct weir_publisher *pb, uint64_t epoch,
    struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct weir_err first = *err;
	int rc;

	pu->nbad = 0;
	pu->en.seq = 0;
	rc = say(&pu->li, "ROLLBACK; BEGIN ISOLATION LEVEL READ COMMITTED; "
	    "SET CONSTRAINTS ALL IMMEDIATE", err);
	/* Not the rows, but the table? */
	if (rc == WEIR_OK)
		rc = pg_target_same(&pu->ta, err);
	if (rc == WEIR_OK)
		rc = all_frames(pb, epoch, err);
	if (rc == WEIR_OK)
		rc = settle_early(pb, epoch, err);
	if (rc == WEIR_OK)
		rc = say(&pu->li, "ROLLBACK", err);
	if (rc != WEIR_OK)
		return rc;
	if (pu->nbad > 0)
		return weir_poison(pb, epoch, pu->bad, pu->nbad, err);
	pu->li.verdict = PG_AGAIN;
	*err = first;
	return WEIR_AGAIN;
}
