/* SPDX-License-Identifier: MIT
 *
 * The target: looked up at the server and held against our columns, so that
 * everything that does not fit is said at once and before the first row.
 */
#include <stdlib.h>

#include "sink.h"

int
pg_target_init(struct pg_target *ta, const struct write_config *cf,
    struct pg_link *li, struct weir_err *err)
{
	const struct weir_schema *in = cf->in;
	uint32_t i;

	*ta = (struct pg_target){ .host = li->host, .cf = cf, .li = li,
		.ncols = in->ncols };
	ta->cols = li->host->zalloc(in->ncols * sizeof(*ta->cols) + 1);
	ta->missing = li->host->zalloc(8 * WEIR_BITMAP_WORDS(in->ncols) + 8);
	if (ta->cols == NULL || ta->missing == NULL)
		return pg_memory(li->host, err);
	for (i = 0; i < in->ncols; i++) {
		ta->cols[i].name = in->cols[i].name;
		ta->cols[i].type = in->cols[i].type;
		ta->cols[i].required = in->cols[i].required;
		pg_kind_made(&ta->cols[i]);
	}
	snprintf(ta->graves, sizeof(ta->graves), "weir_deleted_%.*s",
	    (int)(PG_NAME - 14), cf->name);
	return WEIR_OK;
}

void
pg_target_fini(struct pg_target *ta)
{
	if (ta->host == NULL)
		return;
	ta->host->free(ta->cols);
	ta->host->free(ta->missing);
	ta->cols = NULL;
	ta->missing = NULL;
}

void
pg_target_name(const struct pg_target *ta, struct pg_buf *bf, const char *table)
{
	pg_buf_name(bf, ta->schema);
	pg_buf_add(bf, ".", 1);
	pg_buf_name(bf, table);
}

bool
pg_is_key(const struct write_config *cf, uint32_t col)
{
	for (uint32_t i = 0; i < cf->nkeys; i++)
		if (cf->keys[i] == col)
			return true;
	return false;
}

void
pg_target_columns(const struct pg_target *ta, struct pg_buf *bf,
    const char *prefix)
{
	for (uint32_t i = 0; i < ta->ncols; i++) {
		pg_buf_text(bf, "%s%s", i > 0 ? ", " : "", prefix);
		pg_buf_name(bf, ta->cols[i].name);
	}
}

void
pg_target_keys(const struct pg_target *ta, struct pg_buf *bf,
    const char *prefix)
{
	for (uint32_t i = 0; i < ta->cf->nkeys; i++) {
		pg_buf_text(bf, "%s%s", i > 0 ? ", " : "", prefix);
		pg_buf_name(bf, ta->cols[ta->cf->keys[i]].name);
	}
}

/* A statement of our own, and its rows. */
static int
ask(struct pg_target *ta, struct pg_buf *sql, PGresult **res,
    struct weir_err *err)
{
	const char *text = pg_buf_cstr(sql);
	int rc = sql->failed ? pg_memory(ta->host, err) :
	    pg_link_exec(ta->li, text, res, NULL, NULL, err);

	pg_buf_fini(sql);
	return rc;
}

/* The schema: the one written, else that of a table of this name on the
 * search path, else the first of the path. */
static int
look_schema(struct pg_target *ta, struct weir_err *err)
{
	struct pg_buf sql, name;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_init(&name, ta->host);
	if (ta->cf->schema[0] != '\0') {
		pg_buf_name(&name, ta->cf->schema);
		pg_buf_add(&name, ".", 1);
	}
	pg_buf_name(&name, ta->cf->name);
	pg_buf_text(&sql, "SELECT coalesce(c.oid, 0)::int8, c.relkind, "
	    "coalesce(n.nspname, nullif(");
	pg_buf_quote(&sql, ta->cf->schema);
	pg_buf_text(&sql, ", ''), current_schema()) FROM (SELECT to_regclass(");
	pg_buf_quote(&sql, pg_buf_cstr(&name));
	pg_buf_text(&sql, ") AS oid) x LEFT JOIN pg_class c ON c.oid = x.oid "
	    "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace");
	sql.failed = sql.failed || name.failed;
	pg_buf_fini(&name);
	rc = ask(ta, &sql, &res, err);
	if (rc != WEIR_OK)
		return rc;
	ta->oid = (uint32_t)pg_cell_int(res, 0, 0);
	ta->relkind = pg_cell(res, 0, 1)[0];
	snprintf(ta->schema, sizeof(ta->schema), "%s", pg_cell(res, 0, 2));
	PQclear(res);
	if (ta->schema[0] != '\0')
		return WEIR_OK;
	ta->li->verdict = PG_STOP;
	return ta->host->fail(err, WEIR_NOWHERE, "postgres.schema",
	    "%s: no schema of the search path exists; write table: "
	    "\"schema.table\"", ta->li->where);
}

/* The tables beside it, and what we may do in the schema. */
static int
look_beside(struct pg_target *ta, struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "SELECT n.oid IS NOT NULL, "
	    "coalesce(has_schema_privilege(n.oid, 'CREATE'), false), "
	    "EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND "
	    "c.relname = 'weir_epochs'), EXISTS (SELECT FROM pg_class c WHERE "
	    "c.relnamespace = n.oid AND c.relname = ");
	pg_buf_quote(&sql, ta->graves);
	pg_buf_text(&sql, "), coalesce((SELECT has_table_privilege(c.oid, "
	    "'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND "
	    "has_table_privilege(c.oid, 'UPDATE') FROM pg_class c WHERE "
	    "c.relnamespace = n.oid AND c.relname = 'weir_epochs'), true) "
	    "FROM (SELECT 1) x LEFT JOIN pg_namespace n "
	    "ON n.nspname = ");
	pg_buf_quote(&sql, ta->schema);
	rc = ask(ta, &sql, &res, err);
	if (rc != WEIR_OK)
		return rc;
	if (pg_cell(res, 0, 0)[0] != 't') {
		PQclear(res);
		ta->li->verdict = PG_STOP;
		return ta->host->fail(err, WEIR_NOWHERE, "postgres.schema",
		    "there is no schema '%s' at %s; create it", ta->schema,
		    ta->li->where);
	}
	ta->may_make = pg_cell(res, 0, 1)[0] == 't';
	ta->has_marker = pg_cell(res, 0, 2)[0] == 't';
	ta->has_graves = pg_cell(res, 0, 3)[0] == 't';
	ta->may_mark = pg_cell(res, 0, 4)[0] == 't';
	PQclear(res);
	return WEIR_OK;
}

int
pg_target_look(struct pg_target *ta, struct weir_err *err)
{
	int rc = look_schema(ta, err);

	return rc == WEIR_OK ? look_beside(ta, err) : rc;
}

/* ---- does it fit? */

/* What doesn't, one after the other, as far as there is room. */
struct misfits {
	char text[360];
	size_t len;
	int n, unsaid;
};

static void WEIR_PRINTF(2, 3)
misfit(struct misfits *mi, const char *fmt, ...)
{
	char line[200];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n = strlen(line);
	mi->n++;
	if (mi->len + n + 3 > sizeof(mi->text)) {
		mi->unsaid++;
		return;
	}
	mi->len += (size_t)snprintf(mi->text + mi->len,
	    sizeof(mi->text) - mi->len, "%s%s", mi->len > 0 ? "; " : "", line);
}

static int32_t
our_column(const struct pg_target *ta, const char *name)
{
	for (uint32_t i = 0; i < ta->ncols; i++)
		if (strcmp(ta->cols[i].name, name) == 0)
			return (int32_t)i;
	return -1;
}

static void
check_column(struct pg_target *ta, const PGresult *res, int row, uint64_t *seen,
    struct misfits *mi)
{
	struct pg_found fo = { .name = pg_cell(res, row, 0),
		.oid = (uint32_t)pg_cell_int(res, row, 1),
		.typmod = (int32_t)pg_cell_int(res, row, 2),
		.item = (uint32_t)pg_cell_int(res, row, 3),
		.typtype = pg_cell(res, row, 4)[0],
		.citext = pg_cell(res, row, 5)[0] == 't',
		.not_null = pg_cell(res, row, 6)[0] == 't',
		.has_default = pg_cell(res, row, 7)[0] == 't',
		.generated = pg_cell(res, row, 8)[0] == 't',
		.sql_type = pg_cell(res, row, 9) };
	int32_t i = our_column(ta, fo.name);
	char ours[96];

	if (i < 0) {
		if (fo.not_null && !fo.has_default)
			misfit(mi, "column '%s' must not be null and has no "
			    "default, and the stream has none of that name",
			    fo.name);
		return;
	}
	weir_bit_set(seen, (size_t)i);
	if (fo.generated)
		misfit(mi, "column '%s' is generated by the server", fo.name);
	else if (!pg_kind_fits(&ta->cols[i], &fo)) {
		pg_kind_text(ta->cols[i].type, ours, sizeof(ours));
		misfit(mi, "column '%s' is %s there, which does not hold %s",
		    fo.name, fo.sql_type, ours);
	}
}

static int
check_columns(struct pg_target *ta, struct misfits *mi, struct weir_err *err)
{
	uint64_t *seen = ta->missing;
	struct pg_buf sql;
	PGresult *res;
	char ours[96];
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "SELECT a.attname, b.oid::int8, x.typmod, "
	    "CASE WHEN b.typcategory = 'A' THEN b.typelem::int8 ELSE 0 END, "
	    "b.typtype, b.typname = 'citext', a.attnotnull, "
	    "a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, "
	    "a.attgenerated <> '' OR a.attidentity = 'a', "
	    "format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
	    "JOIN pg_type t ON t.oid = a.atttypid JOIN LATERAL ("
	    /* what a domain is made of, through other domains */
	    "WITH RECURSIVE w(id, typmod, kind) AS (SELECT t.oid, a.atttypmod, "
	    "t.typtype UNION ALL SELECT z.oid, y.typtypmod, z.typtype FROM w "
	    "JOIN pg_type y ON y.oid = w.id JOIN pg_type z ON "
	    "z.oid = y.typbasetype WHERE w.kind = 'd') SELECT id, typmod FROM "
	    "w WHERE kind <> 'd') x ON true JOIN pg_type b ON b.oid = x.id "
	    "WHERE a.attrelid = %u AND a.attnum > 0 AND NOT a.attisdropped "
	    "ORDER BY a.attnum", ta->oid);
	rc = ask(ta, &sql, &res, err);
	if (rc != WEIR_OK)
		return rc;
	memset(seen, 0, 8 * WEIR_BITMAP_WORDS(ta->ncols));
	for (int i = 0; i < PQntuples(res); i++)
		check_column(ta, res, i, seen, mi);
	PQclear(res);
	for (uint32_t i = 0; i < ta->ncols; i++) {
		weir_bit_put(ta->missing, i, !weir_bit(seen, i));
		if (!weir_bit(ta->missing, i))
			continue;
		ta->nmissing++;
		if (ta->cf->ddl == PG_DDL_ADD_COLUMNS &&
		    !pg_is_key(ta->cf, i))
			continue;
		pg_kind_text(ta->cols[i].type, ours, sizeof(ours));
		misfit(mi, "it has no column '%s' for %s", ta->cols[i].name,
		    ours);
	}
	return WEIR_OK;
}

/* ON CONFLICT needs a unique index on just these columns. */
static int
check_key(struct pg_target *ta, struct misfits *mi, struct weir_err *err)
{
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "SELECT count(*) FROM pg_index i WHERE i.indrelid = "
	    "%u AND i.indisunique AND i.indisvalid AND i.indimmediate AND "
	    "i.indpred IS NULL AND i.indexprs IS NULL AND "
	    "i.indnkeyatts = %u AND NOT EXISTS (SELECT FROM pg_attribute a "
	    "WHERE a.attrelid = i.indrelid AND a.attnum = ANY "
	    "((i.indkey::int2[])[0:i.indnkeyatts - 1]) AND NOT (a.attname = "
	    "ANY (ARRAY[", ta->oid, ta->cf->nkeys);
	for (uint32_t i = 0; i < ta->cf->nkeys; i++) {
		if (i > 0)
			pg_buf_add(&sql, ", ", 2);
		pg_buf_quote(&sql, ta->cols[ta->cf->keys[i]].name);
	}
	pg_buf_text(&sql, "])))");
	rc = ask(ta, &sql, &res, err);
	if (rc != WEIR_OK)
		return rc;
	if (pg_cell_int(res, 0, 0) == 0)
		misfit(mi, "it has no primary key or unique index on just the "
		    "columns of key:");
	PQclear(res);
	return WEIR_OK;
}

static int
check_rights(struct pg_target *ta, struct misfits *mi, struct weir_err *err)
{
	static const char *const rights[] = { "INSERT", "SELECT", "UPDATE",
		"DELETE" };
	bool merge = ta->cf->nkeys > 0;
	struct pg_buf sql;
	PGresult *res;
	int rc;

	pg_buf_init(&sql, ta->host);
	pg_buf_text(&sql, "SELECT has_table_privilege(%u, 'INSERT') OR "
	    "has_any_column_privilege(%u, 'INSERT'), has_table_privilege(%u, "
	    "'SELECT'), has_table_privilege(%u, 'UPDATE'), "
	    "has_table_privilege(%u, 'DELETE'), current_user", ta->oid,
	    ta->oid, ta->oid, ta->oid, ta->oid);
	rc = ask(ta, &sql, &res, err);
	if (rc != WEIR_OK)
		return rc;
	for (int i = 0; i < (merge ? ta->cf->deletes ? 4 : 3 : 1); i++)
		if (pg_cell(res, 0, i)[0] != 't')
			misfit(mi, "user '%s' lacks the right to %s",
			    pg_cell(res, 0, 5), rights[i]);
	PQclear(res);
	return WEIR_OK;
}

/* A table that is not there. */
static int
check_makeable(struct pg_target *ta, struct misfits *mi)
{
	if (ta->cf->ddl == PG_DDL_NONE)
		misfit(mi, "it is not there, and ddl: none says not to make "
		    "it");
	else if (!ta->may_make)
		misfit(mi, "it is not there, and the user may not make tables "
		    "in schema '%s'", ta->schema);
	return WEIR_OK;
}

int
pg_target_check(struct pg_target *ta, struct weir_err *err)
{
	struct misfits mi = { .n = 0 };
	int rc;

	ta->nmissing = 0;
	if (ta->oid == 0)
		rc = check_makeable(ta, &mi);
	else if (ta->relkind != 'r' && ta->relkind != 'p') {
		misfit(&mi, "it is no table");
		rc = WEIR_OK;
	} else {
		rc = check_columns(ta, &mi, err);
		if (rc == WEIR_OK && ta->cf->nkeys > 0)
			rc = check_key(ta, &mi, err);
		if (rc == WEIR_OK)
			rc = check_rights(ta, &mi, err);
	}
	if (rc != WEIR_OK)
		return rc;
	if (!ta->has_marker && (ta->cf->ddl == PG_DDL_NONE || !ta->may_make))
		misfit(&mi, "there is no table weir_epochs beside it, and it "
		    "may not be made; weir-postgres(7) has its statement");
	if (!ta->may_mark)
		misfit(&mi, "the user lacks the right to SELECT, INSERT and "
		    "UPDATE on table weir_epochs beside it");
	if (ta->cf->deletes && ta->cf->newer >= 0 && !ta->has_graves &&
	    (ta->cf->ddl == PG_DDL_NONE || !ta->may_make))
		misfit(&mi, "there is no table %s beside it, and it may not be "
		    "made; weir-postgres(7) has its statement", ta->graves);
	if (mi.n == 0)
		return WEIR_OK;
	ta->li->verdict = PG_STOP;
	if (mi.unsaid > 0)
		return ta->host->fail(err, WEIR_NOWHERE, "postgres.table",
		    "table %s.%s at %s: %s; and %d more", ta->schema,
		    ta->cf->name, ta->li->where, mi.text, mi.unsaid);
	return ta->host->fail(err, WEIR_NOWHERE, "postgres.table",
	    "table %s.%s at %s: %s", ta->schema, ta->cf->name, ta->li->where,
	    mi.text);
}
