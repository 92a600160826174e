/* SPDX-License-Identifier: MIT
 *
 * Tables made, and columns added: all inside the transaction that makes the
 * marker, so that either everything is there or nothing.
 */
#include "sink.h"

static int
run(struct pg_target *ta, struct pg_buf *sql, struct weir_err *err)
{
	const char *text = pg_buf_cstr(sql);
	int rc = sql->failed ? pg_memory(ta->host, err) :
	    pg_link_exec(ta->li, text, NULL, WEIR_AT("postgres.ddl.before"),
	    WEIR_AT("postgres.ddl.after"), err);

	pg_buf_fini(sql);
	return rc;
}

int
pg_ddl_marker(struct pg_target *ta, struct weir_err *err)
{
	struct pg_buf sql;
	int rc;

	if (ta->has_marker)
		return WEIR_OK;
	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "CREATE TABLE ");
	pg_target_name(ta, &sql, "weir_epochs");
	pg_buf_text(&sql, " (pipeline text NOT NULL, sink text NOT NULL, "
	    "target text NOT NULL, epoch bigint NOT NULL, "
	    "fence bigint NOT NULL, rows bigint NOT NULL, "
	    "rejected bigint NOT NULL, "
	    "made boolean NOT NULL, at timestamp with time zone NOT NULL, "
	    "PRIMARY KEY (pipeline, sink)); COMMENT ON TABLE ");
	pg_target_name(ta, &sql, "weir_epochs");
	pg_buf_text(&sql, " IS 'Weir: how far each sink of a pipeline has "
	    "come. "
	    "Whoever changes it loses or doubles rows'");
	rc = run(ta, &sql, err);
	ta->has_marker = rc == WEIR_OK;
	return rc;
}

/* Keys of what was deleted, and the value of `newer` with which it was. */
static int
make_graves(struct pg_target *ta, struct weir_err *err)
{
	struct pg_buf sql;
	int rc;

	if (ta->has_graves || !ta->cf->deletes || ta->cf->newer < 0)
		return WEIR_OK;
	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "CREATE TABLE ");
	pg_target_name(ta, &sql, ta->graves);
	pg_buf_text(&sql, " (");
	for (uint32_t i = 0; i < ta->cf->nkeys; i++) {
		const struct pg_col *pc = &ta->cols[ta->cf->keys[i]];

		pg_buf_name(&sql, pc->name);
		pg_buf_text(&sql, " %s NOT NULL, ", pc->sql_type);
	}
	pg_buf_text(&sql, "\"weir newer\" %s NOT NULL, \"weir at\" timestamp "
	    "with time zone NOT NULL, PRIMARY KEY (",
	    ta->cols[ta->cf->newer].sql_type);
	pg_target_keys(ta, &sql, "");
	pg_buf_text(&sql, ")); CREATE INDEX ON ");
	pg_target_name(ta, &sql, ta->graves);
	pg_buf_text(&sql, " (\"weir at\"); COMMENT ON TABLE ");
	pg_target_name(ta, &sql, ta->graves);
	pg_buf_text(&sql, " IS 'Weir: rows that were deleted, so that an older "
	    "one does not bring them back'");
	rc = run(ta, &sql, err);
	ta->has_graves = rc == WEIR_OK;
	return rc;
}

static void
comment_column(struct pg_target *ta, struct pg_buf *sql,
    const struct pg_col *pc)
{
	char text[200];

	if (!weir_type_nested(pc->type))
		return;
	pg_kind_text(pc->type, text, sizeof(text));
	pg_buf_text(sql, "; COMMENT ON COLUMN ");
	pg_target_name(ta, sql, ta->cf->name);
	pg_buf_add(sql, ".", 1);
	pg_buf_name(sql, pc->name);
	pg_buf_text(sql, " IS ");
	pg_buf_quote(sql, text);
}

/* A row's own time, for tables that only grow: small, and enough to find a
 * stretch of time. */
static void
index_time(struct pg_target *ta, struct pg_buf *sql)
{
	if (ta->cf->nkeys > 0 || ta->cf->in->event_time < 0)
		return;
	pg_buf_text(sql, "; CREATE INDEX ON ");
	pg_target_name(ta, sql, ta->cf->name);
	pg_buf_text(sql, " USING brin (");
	pg_buf_name(sql, ta->cols[ta->cf->in->event_time].name);
	pg_buf_add(sql, ")", 1);
}

static int
make_table(struct pg_target *ta, const struct weir_publisher *pb,
    struct weir_err *err)
{
	struct pg_buf sql, note;

	pg_buf_init(&sql, ta->host);
	pg_buf_init(&note, ta->host);
	pg_buf_text(&sql, "CREATE TABLE ");
	pg_target_name(ta, &sql, ta->cf->name);
	pg_buf_text(&sql, " (");
	for (uint32_t i = 0; i < ta->ncols; i++) {
		pg_kind_made(&ta->cols[i]);
		pg_buf_text(&sql, "%s", i > 0 ? ", " : "");
		pg_buf_name(&sql, ta->cols[i].name);
		pg_buf_text(&sql, " %s%s", ta->cols[i].sql_type,
		    ta->cols[i].required || pg_is_key(ta->cf, i) ?
		    " NOT NULL" : "");
	}
	if (ta->cf->nkeys > 0) {
		pg_buf_text(&sql, ", PRIMARY KEY (");
		pg_target_keys(ta, &sql, "");
		pg_buf_add(&sql, ")", 1);
	}
	pg_buf_text(&sql, "); COMMENT ON TABLE ");
	pg_target_name(ta, &sql, ta->cf->name);
	pg_buf_text(&sql, " IS ");
	pg_buf_text(&note, "written by Weir, sink %s", pb->id);
	pg_buf_quote(&sql, pg_buf_cstr(&note));
	sql.failed = sql.failed || note.failed;
	pg_buf_fini(&note);
	for (uint32_t i = 0; i < ta->ncols; i++)
		comment_column(ta, &sql, &ta->cols[i]);
	index_time(ta, &sql);
	return run(ta, &sql, err);
}

static int
add_columns(struct pg_target *ta, struct weir_err *err)
{
	struct pg_buf sql;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "ALTER TABLE ");
	pg_target_name(ta, &sql, ta->cf->name);
	for (uint32_t i = 0, n = 0; i < ta->ncols; i++) {
		if (!weir_bit(ta->missing, i))
			continue;
		pg_kind_made(&ta->cols[i]);
		pg_buf_text(&sql, "%s ADD COLUMN ", n++ > 0 ? "," : "");
		pg_buf_name(&sql, ta->cols[i].name);
		pg_buf_text(&sql, " %s", ta->cols[i].sql_type);
	}
	for (uint32_t i = 0; i < ta->ncols; i++)
		if (weir_bit(ta->missing, i))
			comment_column(ta, &sql, &ta->cols[i]);
	return run(ta, &sql, err);
}

int
pg_ddl_table(struct pg_target *ta, const struct weir_publisher *pb, bool *made,
    struct weir_err *err)
{
	int rc = WEIR_OK;

	*made = ta->oid == 0;
	if (ta->oid == 0)
		rc = make_table(ta, pb, err);
	else if (ta->nmissing > 0)
		rc = add_columns(ta, err);
	return rc == WEIR_OK ? make_graves(ta, err) : rc;
}
