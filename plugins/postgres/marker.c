/* SPDX-License-Identifier: MIT
 *
 * weir_epochs, in the target's schema: a row for each sink of each pipeline
 * that writes there.
 *
 *	epoch	the last with rows that is in the table: it moved in the same
 *		transaction as they did
 *	fence	of the owner; only who holds it may move the epoch
 *
 * Whoever reads the row locks it, so that a commit of an earlier owner that is
 * still under way comes before the answer or not at all.
 */
#include "sink.h"

static int
run(struct pg_target *ta, struct pg_buf *sql, PGresult **res,
    const char *before, const char *after, struct weir_err *err)
{
	const char *text = pg_buf_cstr(sql);
	int rc = sql->failed ? pg_memory(ta->host, err) :
	    pg_link_exec(ta->li, text, res, before, after, err);

	pg_buf_fini(sql);
	return rc;
}

static void
where_row(struct pg_buf *sql, const struct weir_fence *fe)
{
	pg_buf_text(sql, " WHERE pipeline = ");
	pg_buf_quote(sql, fe->pipeline);
	pg_buf_text(sql, " AND sink = ");
	pg_buf_quote(sql, fe->sink);
}

static void
select_row(struct pg_target *ta, struct pg_buf *sql,
    const struct weir_fence *fe, bool lock)
{
	pg_buf_text(sql, "SELECT epoch, fence, rows, rejected, made, target "
	    "FROM ");
	pg_target_name(ta, sql, "weir_epochs");
	where_row(sql, fe);
	if (lock)
		pg_buf_text(sql, " FOR UPDATE");
}

static void
take_row(const struct pg_target *ta, const PGresult *res, struct pg_marker *ma)
{
	*ma = (struct pg_marker){ .found = PQntuples(res) == 1 };
	if (!ma->found)
		return;
	ma->epoch = (uint64_t)pg_cell_int(res, 0, 0);
	ma->fence = (uint64_t)pg_cell_int(res, 0, 1);
	ma->rows = (uint64_t)pg_cell_int(res, 0, 2);
	ma->rejected = (uint64_t)pg_cell_int(res, 0, 3);
	ma->made = pg_cell(res, 0, 4)[0] == 't';
	ma->other = strcmp(pg_cell(res, 0, 5), ta->cf->name) != 0;
}

int
pg_marker_read(struct pg_target *ta, const struct weir_fence *fe, bool lock,
    struct pg_marker *ma, struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	select_row(ta, &sql, fe, lock);
	rc = run(ta, &sql, &res, WEIR_AT("postgres.look.before"),
	    WEIR_AT("postgres.look.after"), err);
	if (rc == WEIR_OK) {
		take_row(ta, res, ma);
		PQclear(res);
	}
	return rc;
}

int
pg_marker_begin(struct pg_target *ta, const struct weir_fence *fe,
    struct pg_marker *ma, struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "BEGIN ISOLATION LEVEL READ COMMITTED;"
	    "SET LOCAL lock_timeout = '2s';");
	select_row(ta, &sql, fe, true);
	pg_buf_text(&sql, "; SET LOCAL lock_timeout = 0");
	rc = run(ta, &sql, &res, WEIR_AT("postgres.begin.before"),
	    WEIR_AT("postgres.begin.after"), err);
	if (rc == WEIR_OK) {
		take_row(ta, res, ma);
		PQclear(res);
	}
	return rc;
}

/* The row of another table stays, under a name that no sink has: who appends to
 * that table later is told whose rows are in it. */
int
pg_marker_leave(struct pg_target *ta, const struct weir_fence *fe,
    struct weir_err *err)
{
	static const char name[] = "sink || ' -> ' || target";
	struct pg_buf sql;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "DELETE FROM ");
	pg_target_name(ta, &sql, "weir_epochs");
	pg_buf_text(&sql, " WHERE pipeline = ");
	pg_buf_quote(&sql, fe->pipeline);
	pg_buf_text(&sql, " AND sink = (SELECT %s FROM ", name);
	pg_target_name(ta, &sql, "weir_epochs");
	where_row(&sql, fe);
	pg_buf_text(&sql, "); UPDATE ");
	pg_target_name(ta, &sql, "weir_epochs");
	pg_buf_text(&sql, " SET sink = %s", name);
	where_row(&sql, fe);
	return run(ta, &sql, NULL, WEIR_AT("postgres.leave.before"),
	    WEIR_AT("postgres.leave.after"), err);
}

int
pg_marker_others(struct pg_target *ta, const struct weir_fence *fe,
    struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "SELECT pipeline, rows FROM ");
	pg_target_name(ta, &sql, "weir_epochs");
	pg_buf_text(&sql, " WHERE target = ");
	pg_buf_quote(&sql, ta->cf->name);
	pg_buf_text(&sql, " AND pipeline <> ");
	pg_buf_quote(&sql, fe->pipeline);
	pg_buf_text(&sql, " AND rows > 0 AND EXISTS (SELECT FROM ");
	pg_target_name(ta, &sql, ta->cf->name);
	pg_buf_text(&sql, ") LIMIT 1");
	rc = run(ta, &sql, &res, NULL, NULL, err);
	if (rc != WEIR_OK)
		return rc;
	if (PQntuples(res) > 0) {
		ta->li->verdict = PG_STOP;
		rc = ta->host->fail(err, WEIR_NOWHERE, "postgres.append",
		    "table %s.%s holds %s rows of pipeline %s, which is "
		    "another one or this one with a state that is gone; say "
		    "--append to add to them, or empty the table", ta->schema,
		    ta->cf->name, pg_cell(res, 0, 1), pg_cell(res, 0, 0));
	}
	PQclear(res);
	return rc;
}

int
pg_marker_own(struct pg_target *ta, const struct weir_fence *fe,
    const struct pg_marker *ma, bool made, struct weir_err *err)
{
	struct pg_buf sql;

	pg_buf_init(&sql, ta->host);
	if (ma->found) {
		pg_buf_text(&sql, "UPDATE ");
		pg_target_name(ta, &sql, "weir_epochs");
		pg_buf_text(&sql, " SET fence = %llu",
		    (unsigned long long)fe->fence);
		where_row(&sql, fe);
	} else {
		pg_buf_text(&sql, "INSERT INTO ");
		pg_target_name(ta, &sql, "weir_epochs");
		pg_buf_text(&sql, " VALUES (");
		pg_buf_quote(&sql, fe->pipeline);
		pg_buf_add(&sql, ", ", 2);
		pg_buf_quote(&sql, fe->sink);
		pg_buf_add(&sql, ", ", 2);
		pg_buf_quote(&sql, ta->cf->name);
		pg_buf_text(&sql, ", 0, %llu, 0, 0, %s, now())",
		    (unsigned long long)fe->fence, made ? "true" : "false");
	}
	return run(ta, &sql, NULL, WEIR_AT("postgres.fence.before"),
	    WEIR_AT("postgres.fence.after"), err);
}

int
pg_marker_move(struct pg_target *ta, const struct weir_fence *fe, uint64_t from,
    uint64_t to, uint64_t rows, uint64_t rejected, struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "UPDATE ");
	pg_target_name(ta, &sql, "weir_epochs");
	pg_buf_text(&sql, " SET epoch = %llu, rows = rows + %llu, "
	    "rejected = rejected + %llu, at = now()", (unsigned long long)to,
	    (unsigned long long)rows, (unsigned long long)rejected);
	where_row(&sql, fe);
	pg_buf_text(&sql, " AND fence = %llu AND epoch = %llu",
	    (unsigned long long)fe->fence, (unsigned long long)from);
	/* Whoever changes the table waits from here on: rows are in it. */
	pg_buf_text(&sql, " RETURNING ");
	pg_target_seal_sql(ta, &sql);
	rc = run(ta, &sql, &res, WEIR_AT("postgres.marker.before"),
	    WEIR_AT("postgres.marker.after"), err);
	if (rc != WEIR_OK)
		return rc;
	if (strcmp(PQcmdTuples(res), "1") != 0) {
		ta->li->verdict = PG_STOP;
		rc = ta->host->fail(err, WEIR_NOWHERE, "postgres.marker",
		    "the row of sink %s in %s.weir_epochs changed under its "
		    "lock", fe->sink, ta->schema);
	} else if (strcmp(pg_cell(res, 0, 0), ta->seal) != 0)
		rc = pg_target_changed(ta, err);
	PQclear(res);
	return rc;
}

int
pg_marker_evict(struct pg_target *ta, struct weir_err *err)
{
	return pg_link_exec(ta->li, "SELECT pg_terminate_backend(pid) FROM "
	    "pg_stat_activity WHERE application_name = "
	    "current_setting('application_name') AND "
	    "pid <> pg_backend_pid() AND usename = current_user AND "
	    "datname = current_database()", NULL, NULL, NULL, err);
}
