/* SPDX-License-Identifier: MIT
 *
 * postgres.write: its options, and what `weir check` finds out.
 */
#include "sink.h"

#define OPTION(member) offsetof(struct write_config, member)

static const char *const ddls[] = { "none", "create", "add_columns", NULL };

static const struct weir_option opt_table = {
	.size = sizeof(struct weir_option),
	.name = "table",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_TARGET,
	.offset = OPTION(table),
	.help = "the table: \"name\" or \"schema.name\", in upper and lower "
	    "case "
	    "as it stands there; a name with a point in it between double "
	    "quotes of its own",
};

static const struct weir_option opt_key = {
	.size = sizeof(struct weir_option),
	.name = "key",
	.type = WEIR_OPT_COLUMNS,
	.offset = OPTION(key),
	.help = "the columns that tell rows apart: a row whose key is there "
	    "already takes its place. Without it rows are added. A stream of "
	    "changes has its own key when none is written",
};

static const struct weir_option opt_newer = {
	.size = sizeof(struct weir_option),
	.name = "newer",
	.type = WEIR_OPT_COLUMN,
	.offset = OPTION(newer),
	.help = "the column that says which of two rows of a key is the newer "
	    "one, say when it was changed: an older row never takes the place "
	    "of a newer one, nor does it bring back one that was deleted later",
};

static const struct weir_option opt_delete = {
	.size = sizeof(struct weir_option),
	.name = "delete",
	.type = WEIR_OPT_EXPR,
	.type_text = "bool",
	.offset = OPTION(gone),
	.help = "rows on which this holds delete the row of their key",
};

static const struct weir_option opt_remember = {
	.size = sizeof(struct weir_option),
	.name = "remember",
	.type = WEIR_OPT_DURATION,
	.min = 1e6,
	.max = 1e15,
	.def = "168h",
	.offset = OPTION(remember),
	.help = "with newer: how long a deleted row is remembered, by the "
	    "server's clock; one that is older and comes later brings it back",
};

static const struct weir_option opt_ddl = {
	.size = sizeof(struct weir_option),
	.name = "ddl",
	.type = WEIR_OPT_ENUM,
	.choices = ddls,
	.def = "create",
	.offset = OPTION(ddl),
	.help = "what may be made: none, nothing; create, a table that is not "
	    "there; add_columns, columns that it lacks, too. A column's type "
	    "is never changed",
};

static const struct weir_option *const options[] = {
	&pg_opt_url,
	&opt_table,
	&opt_key,
	&opt_newer,
	&opt_delete,
	&opt_remember,
	&opt_ddl,
	&pg_opt_password,
	PG_TLS_OPTIONS,
	&pg_opt_connect_timeout,
	NULL
};

/* One part of the table's name; where the next begins, or NULL. */
static const char *
name_part(const char *p, const char *end, char *to)
{
	bool quoted = p < end && *p == '"';
	size_t n = 0;

	for (p += quoted; p < end; p++) {
		if (quoted && *p == '"') {
			if (p + 1 == end || p[1] != '"')
				break;
			p++;
		} else if (!quoted && (*p == '.' || *p == '"'))
			break;
		if (*p == '\0' || n + 1 == PG_NAME)
			return NULL;
		to[n++] = *p;
	}
	to[n] = '\0';
	if (quoted && p++ == end)
		return NULL;
	return n > 0 ? p : NULL;
}

static int
bind_table(struct weir_bind *bi, struct write_config *cf, struct weir_err *err)
{
	const char *p = weir_str_data(&cf->table), *end = p + cf->table.len;

	p = name_part(p, end, cf->name);
	if (p != NULL && p < end && *p == '.') {
		memcpy(cf->schema, cf->name, sizeof(cf->schema));
		p = name_part(p + 1, end, cf->name);
	}
	if (p == NULL || p != end)
		return weir_option_fail(bi, "table", err, "postgres.table",
		    "expected \"table\" or \"schema.table\", each of at most "
		    "63 "
		    "bytes");
	if (strcmp(cf->name, "weir_epochs") == 0 ||
	    strncmp(cf->name, "weir_deleted_", 13) == 0)
		return weir_option_fail(bi, "table", err, "postgres.table",
		    "table '%s' is one that this plugin keeps for itself",
		    cf->name);
	return WEIR_OK;
}

static int
bind_columns(struct weir_bind *bi, const struct write_config *cf,
    struct weir_err *err)
{
	const struct weir_schema *in = cf->in;

	if (in->ncols > 1600 - 2)
		return weir_option_fail(bi, "table", err, "postgres.columns",
		    "a table has at most 1600 columns, and this stream has %u",
		    in->ncols);
	for (uint32_t i = 0; i < in->ncols; i++)
		if (strlen(in->cols[i].name) >= PG_NAME ||
		    strncmp(in->cols[i].name, "weir ", 5) == 0)
			return weir_option_fail(bi, "table", err,
			    "postgres.columns", "'%.80s' can't be a column: "
			    "expected a name of at most 63 bytes that does not "
			    "begin with 'weir '; rename it", in->cols[i].name);
	return WEIR_OK;
}

/* May a column of this type be part of a key? */
static bool
sortable(const struct weir_type *ty)
{
	return !weir_type_nested(ty) && ty->kind != WEIR_JSON;
}

static int
bind_key(struct weir_bind *bi, struct write_config *cf, struct weir_err *err)
{
	const struct weir_schema *in = cf->in;

	cf->keys = cf->key.items;
	cf->nkeys = (uint32_t)cf->key.n;
	if (in->kind == WEIR_CHANGES) {
		if (cf->nkeys == 0) {
			cf->keys = in->keys;
			cf->nkeys = in->nkeys;
		}
		for (uint32_t i = 0; i < in->nkeys; i++)
			if (cf->nkeys != in->nkeys ||
			    !pg_is_key(cf, in->keys[i]))
				return weir_option_fail(bi, "key", err,
				    "postgres.key", "the changes of this "
				    "stream "
				    "are told apart by %u columns, among them "
				    "'%s': key: must be just these",
				    in->nkeys, in->cols[in->keys[i]].name);
	}
	for (uint32_t i = 0; i < cf->nkeys; i++)
		if (!sortable(in->cols[cf->keys[i]].type))
			return weir_option_fail(bi, "key", err, "postgres.key",
			    "column '%s' can't be part of a key: lists, maps, "
			    "structs and json can't",
			    in->cols[cf->keys[i]].name);
	return WEIR_OK;
}

/* Options that are about a key. */
static int
bind_rest(struct weir_bind *bi, struct write_config *cf, struct weir_err *err)
{
	cf->deletes = cf->gone != NULL || cf->in->kind == WEIR_CHANGES;
	if (cf->nkeys == 0 && (cf->newer >= 0 || cf->gone != NULL))
		return weir_option_fail(bi, cf->newer >= 0 ? "newer" :
		    "delete", err, "postgres.key", "expected key:, too, which "
		    "says whose row that is");
	if (cf->newer < 0)
		return WEIR_OK;
	if (!sortable(cf->in->cols[cf->newer].type) ||
	    cf->in->cols[cf->newer].type->kind == WEIR_BOOL)
		return weir_option_fail(bi, "newer", err, "postgres.newer",
		    "column '%s' has no order that says which row is newer; "
		    "expected a time or a number",
		    cf->in->cols[cf->newer].name);
	if (pg_is_key(cf, (uint32_t)cf->newer))
		return weir_option_fail(bi, "newer", err, "postgres.newer",
		    "column '%s' is part of the key: two rows of one key are "
		    "never newer than each other",
		    cf->in->cols[cf->newer].name);
	return WEIR_OK;
}

static int
write_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct write_config *cf = config;

	cf->in = weir_input(bi, 0);
	if (weir_reads_all(bi, 0) != WEIR_OK)
		return WEIR_ERROR;
	if (pg_common_bind(bi, &cf->common, err) != WEIR_OK ||
	    bind_table(bi, cf, err) != WEIR_OK ||
	    bind_columns(bi, cf, err) != WEIR_OK ||
	    bind_key(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	return bind_rest(bi, cf, err);
}

/* Is the server there, may we in, and does the table fit or can it be made? */
static int
write_probe(struct weir_bind *bi, const void *config, struct weir_err *err)
{
	const struct write_config *cf = config;
	struct weir_err why = { .code = "" };
	struct pg_link li = { .host = WEIR_BIND_HOST(bi), .co = &cf->common,
		.writes = true };
	struct pg_target ta = { .host = NULL };
	int rc;

	rc = pg_link_open(&li, &why);
	if (rc == WEIR_OK)
		rc = pg_target_init(&ta, cf, &li, &why);
	if (rc == WEIR_OK)
		rc = pg_target_look(&ta, &why);
	if (rc == WEIR_OK)
		rc = pg_target_check(&ta, &why);
	pg_target_fini(&ta);
	pg_link_close(&li);
	if (rc == WEIR_OK)
		return WEIR_OK;
	return weir_option_fail(bi, strcmp(why.code, "postgres.table") == 0 ||
	    strcmp(why.code, "postgres.schema") == 0 ? "table" : "url", err,
	    why.code, "%s", why.text);
}

const struct weir_stage_type pg_write_type = {
	.size = sizeof(struct weir_stage_type),
	.verb = "write",
	.summary = "rows into a table of PostgreSQL, each once",
	.help = "Without key: rows are added, by binary COPY. With key: a row "
	    "takes the place of the one with its key, and a row that deletes "
	    "removes it.\n"
	    "\n"
	    "Every epoch is one transaction, and in the same transaction the "
	    "sink's row in the table weir_epochs, beside the target, moves to "
	    "that epoch. After a crash, a broken connection or a restart of "
	    "the "
	    "server that row says what is there already; no row is written "
	    "twice, and none is left out. Epochs without rows are not "
	    "committed. A server that is down is waited for.\n"
	    "\n"
	    "The table is made when it is not there: bool boolean, int32 "
	    "integer, int64 bigint, float32 real, float64 double precision, "
	    "decimal(p, s) numeric(p,s), string text, bytes bytea, timestamp "
	    "timestamp with time zone, date date, duration interval, json "
	    "jsonb, a list of these an array, other lists, maps and structs "
	    "jsonb; key: becomes the primary key, and a table without key gets "
	    "a BRIN index on the event time. A table that is there may have "
	    "wider types, varchar, citext, uuid, an enum, or json for texts, "
	    "timestamp without time zone (it is UTC then), and domains over "
	    "these; all that does not fit is said at once, before the first "
	    "row.\n"
	    "\n"
	    "A row that the server refuses for its values (SQLSTATE classes 22 "
	    "and 23: too long, out of range, a constraint; 54: too large for a "
	    "page or an index; P0: raised by a trigger) leaves by the port "
	    "rejected, and the others of its epoch are written. A row with "
	    "null "
	    "in its key or in newer, and a text with a NUL in it, too.\n"
	    "\n"
	    "A table whose columns change while rows go into it stops the "
	    "pipeline when these are columns of the stream, or when it is "
	    "another table of the same name; other columns and indexes may "
	    "come and go. After the next start the table is looked at anew.\n"
	    "\n"
	    "A login that is refused (a wrong password, no right to enter, a "
	    "certificate that does not fit) stops the pipeline, at the start "
	    "and later; a server that only reads is waited for.\n"
	    "\n"
	    "The user needs INSERT on the table; with key: SELECT, UPDATE and, "
	    "where rows are deleted, DELETE, and the right to make temporary "
	    "tables; with ddl: create or add_columns the right to make tables "
	    "in the schema. With ddl: none these must be there:\n"
	    "\n"
	    "    CREATE TABLE weir_epochs (pipeline text NOT NULL, sink text "
	    "NOT NULL, target text NOT NULL, epoch bigint NOT NULL, fence "
	    "bigint NOT NULL, rows bigint NOT NULL, rejected bigint NOT NULL, "
	    "made boolean NOT NULL, at timestamp with time zone NOT NULL, "
	    "PRIMARY KEY (pipeline, sink));\n"
	    "\n"
	    "and, where rows are deleted and newer: is written, "
	    "weir_deleted_NAME "
	    "with the columns of the key, \"weir newer\" of newer's type and "
	    "\"weir at\" timestamp with time zone, all NOT NULL, the key its "
	    "primary key.\n"
	    "\n"
	    "Values that newer compares count as PostgreSQL orders them; of "
	    "two "
	    "rows with equal ones the later takes the place.",
	.example = "schema payment { id: string!, at: timestamp!, amount: "
	    "decimal(12, 2) }\n"
	    "kafka.read(topic: \"payments\", brokers: \"localhost:9092\")\n"
	    "    -> json.decode(payment)\n"
	    "    -> postgres.write(\"postgresql://weir@localhost/shop\", "
	    "table: "
	    "\"payments\", key: id, newer: at)\n",
	.role = WEIR_SINK,
	.flags = WEIR_STAGEF_CHANGES,
	.options = options,
	.config_size = sizeof(struct write_config),
	.state_size = sizeof(struct writer),
	.bind = write_bind,
	.probe = write_probe,
	.sink = &pg_sink_ops,
};
