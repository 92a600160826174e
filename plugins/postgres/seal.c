/* SPDX-License-Identifier: MIT
 *
 * The target as it was when the sink was opened.  Binary rows say nothing of
 * their types: eight bytes that were a bigint would go into a column that has
 * become a timestamp, and a table that was dropped and made again would go on
 * without the rows that were in the first one.
 */
#include "sink.h"

void
pg_target_seal_sql(const struct pg_target *ta, struct pg_buf *bf)
{
	pg_buf_text(bf, "(SELECT coalesce(hashtextextended(string_agg("
	    "concat_ws(' ', attname, atttypid, atttypmod, attgenerated), ',' "
	    "ORDER BY attname), 0), 0) FROM pg_attribute WHERE attrelid = %u "
	    "AND attnum > 0 AND NOT attisdropped AND attname = ANY (ARRAY[",
	    ta->oid);
	for (uint32_t i = 0; i < ta->ncols; i++) {
		if (i > 0)
			pg_buf_add(bf, ", ", 2);
		pg_buf_quote(bf, ta->cols[i].name);
	}
	pg_buf_text(bf, "]))");
}

static int
ask(struct pg_target *ta, char seal[24], struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "SELECT ");
	pg_target_seal_sql(ta, &sql);
	pg_buf_cstr(&sql);
	rc = sql.failed ? pg_memory(ta->host, err) :
	    pg_link_exec(ta->li, sql.p, &res, NULL, NULL, err);
	pg_buf_fini(&sql);
	if (rc != WEIR_OK)
		return rc;
	snprintf(seal, 24, "%s", pg_cell(res, 0, 0));
	PQclear(res);
	return WEIR_OK;
}

int
pg_target_seal(struct pg_target *ta, struct weir_err *err)
{
	int rc = ta->oid == 0 ? pg_target_look(ta, err) : WEIR_OK;

	return rc == WEIR_OK ? ask(ta, ta->seal, err) : rc;
}

int
pg_target_changed(struct pg_target *ta, struct weir_err *err)
{
	ta->li->verdict = PG_STOP;
	return ta->host->fail(err, WEIR_NOWHERE, "postgres.table",
	    "table %s.%s at %s was changed while the pipeline ran: it is "
	    "another one, or a column that rows go into has another name or "
	    "type; nothing of this epoch was written, start the pipeline again",
	    ta->schema, ta->cf->name, ta->li->where);
}

int
pg_target_same(struct pg_target *ta, struct weir_err *err)
{
	char seal[24];
	int rc = ask(ta, seal, err);

	return rc != WEIR_OK ? rc : strcmp(seal, ta->seal) == 0 ? WEIR_OK :
	    pg_target_changed(ta, err);
}
