/* SPDX-License-Identifier: MIT
 *
 * The statements of upserts.  An epoch's rows stand in the temporary table
 * weir_load with their number and whether they delete; of each key the last
 * one counts (or the one with the greatest `newer`), and so the target is
 * touched once a key:
 *
 *	last	 a row of each key
 *	gone	 delete what is to be deleted, unless it is newer there
 *	buried	 remember that it was, and with which value of newer
 *	risen	 forget that, where a newer row comes
 *	INSERT ... ON CONFLICT, unless it is newer there, or was deleted later
 *
 * Which rows win depends on rows alone, not on how epochs were cut: with equal
 * values of newer the later one does.
 */
#include "sink.h"

void
pg_merge_temp(const struct pg_target *ta, struct pg_buf *bf)
{
	pg_buf_text(bf, "CREATE TEMPORARY TABLE weir_load (");
	for (uint32_t i = 0; i < ta->ncols; i++) {
		pg_buf_name(bf, ta->cols[i].name);
		pg_buf_text(bf, " %s, ", ta->cols[i].sql_type);
	}
	pg_buf_text(bf, "\"weir seq\" bigint, \"weir gone\" boolean) "
	    "ON COMMIT DELETE ROWS");
}

/* a.k = b.k for each column of the key. */
static void
same_key(const struct pg_target *ta, struct pg_buf *bf, const char *a,
    const char *b)
{
	for (uint32_t i = 0; i < ta->cf->nkeys; i++) {
		const char *name = ta->cols[ta->cf->keys[i]].name;

		pg_buf_text(bf, "%s%s.", i > 0 ? " AND " : "", a);
		pg_buf_name(bf, name);
		pg_buf_text(bf, " = %s.", b);
		pg_buf_name(bf, name);
	}
}

static const char *
newer(const struct pg_target *ta)
{
	return ta->cf->newer < 0 ? NULL : ta->cols[ta->cf->newer].name;
}

/* Of each key the row that counts. */
static void
last(const struct pg_target *ta, struct pg_buf *bf)
{
	pg_buf_text(bf, "SELECT DISTINCT ON (");
	pg_target_keys(ta, bf, "");
	pg_buf_text(bf, ") * FROM pg_temp.weir_load ORDER BY ");
	pg_target_keys(ta, bf, "");
	if (newer(ta) != NULL) {
		pg_buf_add(bf, ", ", 2);
		pg_buf_name(bf, newer(ta));
		pg_buf_text(bf, " DESC");
	}
	pg_buf_text(bf, ", \"weir seq\" DESC");
}

static void
gone(const struct pg_target *ta, struct pg_buf *bf)
{
	pg_buf_text(bf, ", gone AS (DELETE FROM ");
	pg_target_name(ta, bf, ta->cf->name);
	pg_buf_text(bf, " t USING last l WHERE l.\"weir gone\" AND ");
	same_key(ta, bf, "t", "l");
	if (newer(ta) != NULL) {
		pg_buf_text(bf, " AND (t.");
		pg_buf_name(bf, newer(ta));
		pg_buf_text(bf, " <= l.");
		pg_buf_name(bf, newer(ta));
		pg_buf_text(bf, " OR t.");
		pg_buf_name(bf, newer(ta));
		pg_buf_text(bf, " IS NULL)");
	}
	pg_buf_add(bf, ")", 1);
}

static void
graves(const struct pg_target *ta, struct pg_buf *bf)
{
	pg_buf_text(bf, ", buried AS (INSERT INTO ");
	pg_target_name(ta, bf, ta->graves);
	pg_buf_text(bf, " AS g (");
	pg_target_keys(ta, bf, "");
	pg_buf_text(bf, ", \"weir newer\", \"weir at\") SELECT ");
	pg_target_keys(ta, bf, "");
	pg_buf_add(bf, ", ", 2);
	pg_buf_name(bf, newer(ta));
	pg_buf_text(bf, ", now() FROM last WHERE \"weir gone\" ON CONFLICT (");
	pg_target_keys(ta, bf, "");
	pg_buf_text(bf, ") DO UPDATE SET \"weir newer\" = "
	    "EXCLUDED.\"weir newer\", \"weir at\" = EXCLUDED.\"weir at\" "
	    "WHERE g.\"weir newer\" <= EXCLUDED.\"weir newer\"), "
	    "risen AS (DELETE FROM ");
	pg_target_name(ta, bf, ta->graves);
	pg_buf_text(bf, " g USING last l WHERE NOT l.\"weir gone\" AND ");
	same_key(ta, bf, "g", "l");
	pg_buf_text(bf, " AND g.\"weir newer\" <= l.");
	pg_buf_name(bf, newer(ta));
	pg_buf_add(bf, ")", 1);
}

static void
conflict(const struct pg_target *ta, struct pg_buf *bf)
{
	uint32_t i, n = 0;

	pg_buf_text(bf, " ON CONFLICT (");
	pg_target_keys(ta, bf, "");
	pg_buf_text(bf, ") DO ");
	for (i = 0; i < ta->ncols; i++) {
		if (pg_is_key(ta->cf, i))
			continue;
		pg_buf_text(bf, "%s", n++ == 0 ? "UPDATE SET " : ", ");
		pg_buf_name(bf, ta->cols[i].name);
		pg_buf_text(bf, " = EXCLUDED.");
		pg_buf_name(bf, ta->cols[i].name);
	}
	if (n == 0) {
		pg_buf_text(bf, "NOTHING");
		return;
	}
	if (newer(ta) == NULL)
		return;
	pg_buf_text(bf, " WHERE t.");
	pg_buf_name(bf, newer(ta));
	pg_buf_text(bf, " <= EXCLUDED.");
	pg_buf_name(bf, newer(ta));
	pg_buf_text(bf, " OR t.");
	pg_buf_name(bf, newer(ta));
	pg_buf_text(bf, " IS NULL");
}

void
pg_merge_sql(const struct pg_target *ta, struct pg_buf *bf)
{
	bool deletes = ta->cf->deletes;

	pg_buf_text(bf, "WITH last AS MATERIALIZED (");
	last(ta, bf);
	pg_buf_add(bf, ")", 1);
	if (deletes)
		gone(ta, bf);
	if (deletes && newer(ta) != NULL)
		graves(ta, bf);
	pg_buf_text(bf, " INSERT INTO ");
	pg_target_name(ta, bf, ta->cf->name);
	pg_buf_text(bf, " AS t (");
	pg_target_columns(ta, bf, "");
	pg_buf_text(bf, ") SELECT ");
	pg_target_columns(ta, bf, "l.");
	pg_buf_text(bf, " FROM last l");
	if (deletes)
		pg_buf_text(bf, " WHERE NOT l.\"weir gone\"");
	if (deletes && newer(ta) != NULL) {
		pg_buf_text(bf, " AND NOT EXISTS (SELECT FROM ");
		pg_target_name(ta, bf, ta->graves);
		pg_buf_text(bf, " g WHERE ");
		same_key(ta, bf, "g", "l");
		pg_buf_text(bf, " AND g.\"weir newer\" > l.");
		pg_buf_name(bf, newer(ta));
		pg_buf_add(bf, ")", 1);
	}
	conflict(ta, bf);
}

void
pg_merge_forget(const struct pg_target *ta, struct pg_buf *bf)
{
	if (!ta->cf->deletes || newer(ta) == NULL)
		return;
	pg_buf_text(bf, "DELETE FROM ");
	pg_target_name(ta, bf, ta->graves);
	pg_buf_text(bf, " WHERE \"weir at\" < now() - interval '%lld "
	    "microseconds'", (long long)ta->cf->remember);
}
