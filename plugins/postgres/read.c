/* SPDX-License-Identifier: MIT
 *
 * postgres.read: its options, and what `weir check` finds out.
 */
#include "source.h"

#define OPTION(member) offsetof(struct read_config, member)

static const struct weir_option opt_schema = {
	.size = sizeof(struct weir_option),
	.name = "schema",
	.type = WEIR_OPT_SCHEMA,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL,
	.offset = OPTION(schema),
	.help = "the columns, by their names there; `from` gives another one",
};

static const struct weir_option opt_query = {
	.size = sizeof(struct weir_option),
	.name = "query",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_STATE,
	.offset = OPTION(query),
	.help = "the query, without a semicolon",
};

static const struct weir_option opt_table = {
	.size = sizeof(struct weir_option),
	.name = "table",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_STATE,
	.offset = OPTION(table),
	.help = "in place of a query: the table or view, as in SQL",
};

static const struct weir_option opt_by = {
	.size = sizeof(struct weir_option),
	.name = "by",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_NAMES | WEIR_OPTF_STATE,
	.offset = OPTION(by),
	.help = "the column that grows from row to row, an integer or a "
	    "timestamp: rows are read in its order, and a restart goes on "
	    "behind it; it should have an index",
};

static const struct weir_option opt_every = {
	.size = sizeof(struct weir_option),
	.name = "every",
	.type = WEIR_OPT_DURATION,
	.min = 0,
	.max = 1e12,
	.def = "0s",
	.offset = OPTION(every),
	.help = "with by: how often new rows are looked for; 0s: the source "
	    "ends with the last row that is there",
};

static const struct weir_option opt_settle = {
	.size = sizeof(struct weir_option),
	.name = "settle",
	.type = WEIR_OPT_BOOL,
	.def = "true",
	.offset = OPTION(settle),
	.help = "with by: read a row only when no transaction is left that was "
	    "writing when it was seen, and might bring one before it",
};

static const struct weir_option opt_delay = {
	.size = sizeof(struct weir_option),
	.name = "delay",
	.type = WEIR_OPT_DURATION,
	.min = 0,
	.max = 1e12,
	.def = "0s",
	.offset = OPTION(delay),
	.help = "with by: a timestamp: leave rows that are younger than this "
	    "by "
	    "the server's clock for later; for columns that are set before "
	    "their transaction writes, as now() is",
};

static const struct weir_option *const options[] = {
	&pg_opt_url,
	&opt_schema,
	&opt_query,
	&opt_table,
	&opt_by,
	&opt_every,
	&opt_settle,
	&opt_delay,
	&pg_opt_password,
	PG_TLS_OPTIONS,
	&pg_opt_connect_timeout,
	NULL
};

static int
bind_by(struct weir_bind *bi, struct read_config *cf, struct weir_err *err)
{
	char name[PG_NAME];
	int kind;

	cf->by_col = -1;
	if (cf->by.len == 0)
		return cf->every == 0 && cf->delay == 0 ? WEIR_OK :
		    weir_option_fail(bi, cf->every != 0 ? "every" : "delay",
		    err, "postgres.by", "expected by:, too: the column that "
		    "says which rows are new");
	pg_text(&cf->by, name, sizeof(name));
	for (uint32_t i = 0; i < cf->schema->ncols; i++)
		if (strcmp(cf->schema->cols[i].name, name) == 0)
			cf->by_col = (int32_t)i;
	if (cf->by_col < 0)
		return weir_option_fail(bi, "by", err, "postgres.by",
		    "the schema has no column '%s'", name);
	kind = cf->schema->cols[cf->by_col].type->kind;
	cf->by_time = kind == WEIR_TIMESTAMP;
	if (!cf->by_time && kind != WEIR_INT32 && kind != WEIR_INT64)
		return weir_option_fail(bi, "by", err, "postgres.by",
		    "column '%s' is neither an integer nor a timestamp", name);
	if (cf->delay > 0 && !cf->by_time)
		return weir_option_fail(bi, "delay", err, "postgres.by",
		    "column '%s' is no timestamp", name);
	return WEIR_OK;
}

static int
read_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct read_config *cf = config;
	struct weir_field fi;

	if (pg_common_bind(bi, &cf->common, err) != WEIR_OK)
		return WEIR_ERROR;
	if ((cf->query.len > 0) == (cf->table.len > 0))
		return weir_option_fail(bi, "query", err, "postgres.query",
		    "expected query: or table:, one of them");
	if (cf->query.len >= 65536)
		return weir_option_fail(bi, "query", err, "postgres.query",
		    "the query is longer than 64 KiB");
	if (bind_by(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	for (uint32_t i = 0; i < cf->schema->ncols; i++) {
		fi = cf->schema->cols[i];
		if (weir_type_nested(fi.type))
			return weir_option_fail(bi, "schema", err,
			    "postgres.type", "column '%s' is a list, map or "
			    "struct, which is not read; as json it is",
			    fi.name);
		if (weir_out_field(bi, 0, &fi) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
read_probe(struct weir_bind *bi, const void *config, struct weir_err *err)
{
	const struct read_config *cf = config;
	struct weir_err why = { .code = "" };
	struct pg_link li = { .host = WEIR_BIND_HOST(bi), .co = &cf->common };
	int rc = pg_link_open(&li, &why);

	pg_link_close(&li);
	return rc == WEIR_OK ? WEIR_OK : weir_option_fail(bi, "url", err,
	    why.code, "%s", why.text);
}

static const struct weir_source_ops source_ops = {
	.size = sizeof(struct weir_source_ops),
	.open = pg_read_open,
	.poll = pg_read_poll,
	.bound = pg_read_bound,
};

const struct weir_stage_type pg_read_type = {
	.size = sizeof(struct weir_stage_type),
	.verb = "read",
	.summary = "rows of a query or table of PostgreSQL",
	.help = "Without by: the query is read once, as it is at one moment, "
	    "and the source ends. If the run stops in the middle, the next one "
	    "refuses to begin: what was read can't be told from what was "
	    "not.\n"
	    "\n"
	    "With by: rows are read in the order of that column, and a restart "
	    "goes on behind the last one of an epoch. With every: new rows are "
	    "looked for again and again. The column must grow: a row that is "
	    "committed with a smaller value than those read before is never "
	    "read. A serial column is right as long as settle: is, and so is a "
	    "time of change that is set by a trigger; for columns that begin "
	    "with now() write delay: with the longest that a transaction "
	    "takes. settle needs the primary: on a standby those that write "
	    "are "
	    "not seen. Rows with null there are not read, and updates only "
	    "when "
	    "they make it grow. Deletes are not seen.\n"
	    "\n"
	    "Types that are read: boolean as bool; smallint and integer as "
	    "int32, these and bigint and oid as int64; real and double "
	    "precision as float32 and float64; numeric as decimal; text, "
	    "varchar, char, uuid, enums, json and jsonb as string; the last "
	    "two "
	    "as json; bytea as bytes; timestamp (taken as UTC) and "
	    "timestamptz, "
	    "date, interval without months as duration. Cast others in the "
	    "query. A value that does not fit rejects its row.",
	.example = "schema order { id: int64!, at: timestamp!, total: "
	    "decimal(12, 2) }\n"
	    "postgres.read(\"postgresql://weir@localhost/shop\", order, "
	    "table: \"orders\", by: id, every: 1s)\n"
	    "    -> show()\n",
	.role = WEIR_SOURCE,
	.options = options,
	.config_size = sizeof(struct read_config),
	.state_size = sizeof(struct source),
	.bind = read_bind,
	.probe = read_probe,
	.fini = pg_read_fini,
	.source = &source_ops,
};
