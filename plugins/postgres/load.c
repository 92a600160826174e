/* SPDX-License-Identifier: MIT
 *
 * Rows of an epoch into the server, inside a transaction that is open: COPY
 * straight into the table, or into weir_load and from there by one statement.
 */
#include "sink.h"

/* Rows are sent while what was made of them is still in the nearer caches. */
enum { STRETCH = 64, PIECE = 1 << 16 };

bool
pg_is_merge(const struct write_config *cf)
{
	return cf->nkeys > 0;
}

int
pg_load_init(struct weir_publisher *pb, struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	struct publisher *pu = pb->state;

	pg_buf_clear(&pu->copy);
	pg_buf_clear(&pu->merge);
	pg_buf_clear(&pu->forget);
	if (pg_is_merge(cf)) {
		pg_buf_text(&pu->copy, "COPY pg_temp.weir_load");
		pg_merge_sql(&pu->ta, &pu->merge);
		pg_merge_forget(&pu->ta, &pu->forget);
	} else {
		pg_buf_text(&pu->copy, "COPY ");
		pg_target_name(&pu->ta, &pu->copy, cf->name);
		pg_buf_text(&pu->copy, " (");
		pg_target_columns(&pu->ta, &pu->copy, "");
		pg_buf_add(&pu->copy, ")", 1);
	}
	pg_buf_text(&pu->copy, " FROM STDIN (FORMAT binary)");
	pg_buf_cstr(&pu->copy);
	pg_buf_cstr(&pu->merge);
	pg_buf_cstr(&pu->forget);
	pu->en.host = pb->host;
	pu->en.cols = pu->ta.cols;
	pu->en.ncols = pu->ta.ncols;
	pu->en.merge = pg_is_merge(cf);
	if (pu->copy.failed || pu->merge.failed || pu->forget.failed)
		return pg_memory(pb->host, err);
	return WEIR_OK;
}

void
pg_load_fini(struct publisher *pu)
{
	pg_buf_fini(&pu->copy);
	pg_buf_fini(&pu->merge);
	pg_buf_fini(&pu->forget);
	pg_buf_fini(&pu->en.bf);
}

int
pg_load_temp(struct weir_publisher *pb, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct pg_buf sql;
	int rc;

	if (pu->temp || !pg_is_merge(pb->config))
		return WEIR_OK;
	pg_buf_init(&sql, pb->host);
	pg_merge_temp(&pu->ta, &sql);
	pg_buf_cstr(&sql);
	rc = sql.failed ? pg_memory(pb->host, err) :
	    pg_link_exec(&pu->li, sql.p, NULL, WEIR_AT("postgres.temp.before"),
	    WEIR_AT("postgres.temp.after"), err);
	pg_buf_fini(&sql);
	pu->temp = rc == WEIR_OK;
	return rc;
}

/* COPY begins with the first row that there is. */
static int
begin(struct publisher *pu, struct weir_err *err)
{
	int rc = pg_link_point(&pu->li, WEIR_AT("postgres.copy.before"), err);

	if (rc == WEIR_OK)
		rc = pg_link_copy(&pu->li, pu->copy.p, err);
	pg_encode_begin(&pu->en);
	return rc;
}

static int
feed(struct publisher *pu, struct weir_err *err)
{
	int rc = pg_link_feed(&pu->li, pu->en.bf.p, pu->en.bf.len, err);

	pg_buf_clear(&pu->en.bf);
	return rc;
}

static int
end(struct publisher *pu, struct weir_err *err)
{
	int rc;

	pg_encode_end(&pu->en);
	if (pu->en.bf.failed)
		return pg_memory(pu->li.host, err);
	rc = feed(pu, err);
	if (rc == WEIR_OK)
		rc = pg_link_point(&pu->li, WEIR_AT("postgres.copied.before"),
		    err);
	if (rc == WEIR_OK)
		rc = pg_link_done(&pu->li, err);
	if (rc == WEIR_OK)
		rc = pg_link_point(&pu->li, WEIR_AT("postgres.copied.after"),
		    err);
	if (rc == WEIR_OK && pu->en.merge)
		rc = pg_link_exec(&pu->li, pu->merge.p, NULL,
		    WEIR_AT("postgres.merge.before"),
		    WEIR_AT("postgres.merge.after"), err);
	return rc;
}

/* A row that can't even be written down. */
static int
unwritable(struct publisher *pu, struct weir_err *err)
{
	pg_link_abandon(&pu->li);
	pu->li.verdict = PG_ROW;
	return pu->li.host->fail(err, WEIR_NOWHERE, "postgres.refused", "%s",
	    pu->en.bad_text);
}

static uint64_t
count_skipped(const struct weir_frame *fr)
{
	uint64_t n = 0;

	for (uint32_t i = 0; fr->skip != NULL && i < fr->rows; i++)
		n += weir_bit(fr->skip, i);
	return n;
}

static int
load_frame(struct publisher *pu, const struct weir_frame *fr,
    const uint64_t *skip, uint32_t from, uint32_t to, struct weir_err *err)
{
	int rc;

	while (from < to) {
		if (pg_encode_rows(&pu->en, fr->batch, fr->tags, skip, &from,
		    to - from < STRETCH ? to : from + STRETCH) != WEIR_OK)
			return pg_memory(pu->li.host, err);
		if (pu->en.bad)
			return unwritable(pu, err);
		if (pu->en.bf.len < PIECE)
			continue;
		rc = feed(pu, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

int
pg_load_epoch(struct weir_publisher *pb, uint64_t epoch, uint64_t *rows,
    uint64_t *rejected, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct weir_frame fr;
	uint64_t skipped;
	bool begun = false;
	int rc;

	*rows = *rejected = 0;
	pu->en.seq = 0;
	while ((rc = weir_spool_next(pb, epoch, &fr, err)) == WEIR_OK) {
		skipped = count_skipped(&fr);
		*rejected += skipped;
		*rows += fr.rows - skipped;
		if (skipped == fr.rows)
			continue;
		if (!begun && (rc = begin(pu, err)) != WEIR_OK)
			return rc;
		begun = true;
		rc = load_frame(pu, &fr, fr.skip, 0, fr.rows, err);
		if (rc != WEIR_OK)
			return rc;
	}
	if (rc != WEIR_END) {
		pu->li.verdict = rc == WEIR_AGAIN ? PG_AGAIN : PG_STOP;
		pg_link_close(&pu->li);
		return rc;
	}
	return begun ? end(pu, err) : WEIR_OK;
}

int
pg_load_part(struct weir_publisher *pb, const struct weir_frame *fr,
    const uint64_t *skip, uint32_t from, uint32_t to, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	int rc = begin(pu, err);

	if (rc == WEIR_OK)
		rc = load_frame(pu, fr, skip, from, to, err);
	return rc == WEIR_OK ? end(pu, err) : rc;
}
