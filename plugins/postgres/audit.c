/* SPDX-License-Identifier: MIT
 *
 * What the journal says was published, held against weir_epochs and the table.
 */
#include "sink.h"

static int
count_rows(struct pg_target *ta, uint64_t *n, struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "SELECT count(*) FROM ");
	pg_target_name(ta, &sql, ta->cf->name);
	pg_buf_cstr(&sql);
	rc = sql.failed ? pg_memory(ta->host, err) :
	    pg_link_exec(ta->li, sql.p, &res, NULL, NULL, err);
	pg_buf_fini(&sql);
	if (rc == WEIR_OK) {
		*n = (uint64_t)pg_cell_int(res, 0, 0);
		PQclear(res);
	}
	return rc;
}

/* What is wrong with the marker, if anything is. */
static void
judge_marker(const struct pg_target *ta, const struct pg_marker *ma,
    const struct weir_fence *fe, uint64_t epoch, uint64_t rows,
    struct weir_audit *out)
{
	if (ta->oid == 0)
		snprintf(out->bad, sizeof(out->bad), "table %s.%s is not there",
		    ta->schema, ta->cf->name);
	else if (!ma->found)
		snprintf(out->bad, sizeof(out->bad), "the sink has no row in "
		    "%s.weir_epochs", ta->schema);
	else if (ma->epoch < epoch || ma->epoch > fe->epoch)
		snprintf(out->bad, sizeof(out->bad), "%s.weir_epochs is at "
		    "epoch %llu, and the last with rows is %llu", ta->schema,
		    (unsigned long long)ma->epoch, (unsigned long long)epoch);
	else if (ma->rows + ma->rejected < rows)
		snprintf(out->bad, sizeof(out->bad), "%llu rows were "
		    "published, "
		    "and %s.weir_epochs knows of %llu written and %llu "
		    "rejected", (unsigned long long)rows, ta->schema,
		    (unsigned long long)ma->rows,
		    (unsigned long long)ma->rejected);
}

static int
audit_server(struct pg_target *ta, const struct weir_fence *fe, uint64_t epoch,
    uint64_t rows, struct weir_audit *out, struct weir_err *err)
{
	struct pg_marker ma = { .found = false };
	uint64_t n = 0;
	int rc;

	rc = pg_target_look(ta, err);
	if (rc == WEIR_OK && ta->has_marker)
		rc = pg_marker_read(ta, fe, false, &ma, err);
	if (rc != WEIR_OK)
		return rc;
	out->files = ta->oid != 0;
	out->rows = ma.rows + ma.rejected < rows ? ma.rows + ma.rejected : rows;
	judge_marker(ta, &ma, fe, epoch, rows, out);
	/* Rows are only added, and only by us: they must all be there. */
	if (out->bad[0] != '\0' || !ma.made || ta->cf->nkeys > 0)
		return WEIR_OK;
	rc = count_rows(ta, &n, err);
	if (rc == WEIR_OK && n != ma.rows)
		snprintf(out->bad, sizeof(out->bad), "table %s.%s has %llu "
		    "rows, "
		    "and %llu were written to it", ta->schema, ta->cf->name,
		    (unsigned long long)n, (unsigned long long)ma.rows);
	return rc;
}

int
pg_sink_audit(struct weir_publisher *pb, const struct weir_fence *fence,
    uint64_t epoch, const struct weir_intent *intents, size_t n,
    struct weir_audit *out, struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	struct publisher *pu = pb->state;
	struct pg_link li = { .host = pb->host, .co = &cf->common, .pb = pb };
	struct pg_target ta = { .host = NULL };
	uint64_t rows = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		rows += intents[i].rows;
	pu->audited += rows;
	if (rows > 0)
		pu->epoch = epoch;
	if (epoch != 0)
		return WEIR_OK;
	rc = pg_link_open(&li, err);
	if (rc == WEIR_OK)
		rc = pg_target_init(&ta, cf, &li, err);
	if (rc == WEIR_OK)
		rc = audit_server(&ta, fence, pu->epoch, pu->audited, out, err);
	pg_target_fini(&ta);
	pg_link_close(&li);
	return rc == WEIR_OK ? WEIR_OK : WEIR_ERROR;
}
