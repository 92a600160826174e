/* SPDX-License-Identifier: MIT
 *
 * The plugin postgres: what bind refuses; and, where $WEIR_POSTGRES is the url
 * of a server, rows there: tables made and held against, upserts, rows that
 * are refused, and epochs that are done once whatever place fails.
 */
#include <libpq-fe.h>

#include "stage.h"
#include "t.h"

/* ---- the engine's part: a spool of one epoch */

static struct {
	struct weir_batch *frames[16];
	uint8_t tags[16][WEIR_BATCH_ROWS];
	bool tagged[16];
	uint64_t skip[16][64];
	uint64_t first[17];
	int n, at;
	int poisons;
	char why[1024];
} spool;

static struct weir_fence fence = { .fence = 1,
	.pipeline = "00112233445566778899aabbccddeeff", .sink = "in/sink" };
static const char *url;
static PGconn *db;

static int
fake_spool(struct weir_stage *st, const struct weir_batch *b,
    const uint8_t *tags, struct weir_err *err)
{
	int i = spool.n++;

	(void)st;
	(void)err;
	spool.frames[i] = ts_ref((struct weir_batch *)(uintptr_t)b);
	spool.tagged[i] = tags != NULL;
	if (tags != NULL)
		memcpy(spool.tags[i], tags, b->nrows);
	spool.first[i + 1] = spool.first[i] + b->nrows;
	return WEIR_OK;
}

static int
fake_next(struct weir_publisher *pb, uint64_t epoch, struct weir_frame *fr,
    struct weir_err *err)
{
	int i = spool.at;

	(void)pb;
	(void)epoch;
	(void)err;
	if (i == spool.n)
		return WEIR_END;
	*fr = (struct weir_frame){ .first = spool.first[i],
		.rows = spool.frames[i]->nrows, .batch = spool.frames[i],
		.tags = spool.tagged[i] ? spool.tags[i] : NULL,
		.skip = spool.skip[i] };
	spool.at++;
	return WEIR_OK;
}

static int
fake_rewind(struct weir_publisher *pb, uint64_t epoch, struct weir_err *err)
{
	(void)pb;
	(void)epoch;
	(void)err;
	spool.at = 0;
	return WEIR_OK;
}

static int
fake_poison(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_poison *list, size_t n, struct weir_err *err)
{
	(void)pb;
	(void)epoch;
	(void)err;
	for (size_t k = 0; k < n; k++) {
		int i = 0;
		size_t len = strlen(spool.why);

		while (list[k].row >= spool.first[i + 1])
			i++;
		weir_bit_set(spool.skip[i], list[k].row - spool.first[i]);
		spool.poisons++;
		snprintf(spool.why + len, sizeof(spool.why) - len, "%llu %s\n",
		    (unsigned long long)list[k].row, list[k].code);
	}
	return WEIR_OK;
}

static struct {
	const struct weir_batch *b;
	uint32_t rows[WEIR_BATCH_ROWS], n;
} saved;

static int
fake_save(const struct weir_batch *b, const uint32_t *rows, uint32_t n,
    void **data, size_t *len)
{
	saved.b = b;
	saved.n = n;
	memcpy(saved.rows, rows, n * sizeof(*rows));
	*data = NULL;
	*len = 0;
	return 0;
}

static struct weir_batch *
fake_load(struct weir_stage *st, const struct weir_schema *sc, const void *data,
    size_t len)
{
	struct ts *ts = ((struct ts_stage *)st)->ts;
	struct weir_batch *b = ts_make(ts, sc, saved.n);

	(void)data;
	(void)len;
	for (uint32_t i = 0; i < sc->ncols; i++)
		ts_take(b, sc->cols[i].type, &b->cols[i], &saved.b->cols[i],
		    saved.rows, saved.n);
	/* Its texts are those of the other. */
	weir__arena_on_fini(&ts_priv(b)->ar, ts_unref_arg,
	    ts_ref((struct weir_batch *)(uintptr_t)saved.b));
	return b;
}

static int
fake_json_text(const struct weir_type *ty, const struct weir_column *co,
    uint32_t row, char *to, size_t room, size_t *len)
{
	struct weir__buf bf;

	weir__buf_init(&bf);
	weir__json_value(&bf, ty, co, row);
	*len = bf.len;
	memcpy(to, bf.data, bf.len < room ? bf.len : room);
	weir__buf_fini(&bf);
	return WEIR_OK;
}

/* One place fails at its n-th time. */
static struct {
	char place[64];
	unsigned at, n;
} fault;

static int
fake_point(const char *at)
{
	return strcmp(at, fault.place) == 0 && ++fault.n == fault.at ? -1 : 0;
}

static const struct weir_io fake_io = { .size = sizeof(fake_io),
	.point = fake_point };

static void
spool_clear(void)
{
	for (int i = 0; i < spool.n; i++)
		ts_unref(spool.frames[i]);
	memset(&spool, 0, sizeof(spool));
}

/* ---- a sink */

struct sink {
	struct ts *ts;
	struct weir_publisher pb;
	struct weir_err err;
};

static void
sink_new(struct sink *si, const char *input, const char *table)
{
	struct ts *ts = ts_new(ts_plugin("postgres"), "write", input);

	memset(si, 0, sizeof(*si));
	si->ts = ts;
	ts->host.spool = fake_spool;
	ts->host.spool_next = fake_next;
	ts->host.spool_rewind = fake_rewind;
	ts->host.poison = fake_poison;
	ts->host.batch_save = fake_save;
	ts->host.batch_load = fake_load;
	ts->host.json_text = fake_json_text;
	ts->host.io = &fake_io;
	if (url != NULL)
		ts_opt(ts, "url", url);
	ts_opt(ts, "table", table);
	ts_opt(ts, "connect_timeout", "10000000");
	ts_opt(ts, "remember", "600000000");
}

static int
sink_open(struct sink *si)
{
	const struct weir_sink_ops *op = si->ts->type->sink;

	if (!si->ts->bound && (ts_bind(si->ts, &si->err) != WEIR_OK ||
	    ts_init(si->ts, &si->err) != WEIR_OK))
		return WEIR_ERROR;
	si->pb = (struct weir_publisher){ .host = &si->ts->host,
		.config = si->ts->config, .id = fence.sink,
		.state = calloc(1, op->publisher_size) };
	return op->open(&si->pb, &fence, &si->err);
}

static uint64_t
sink_last(struct sink *si)
{
	uint64_t epoch = 99;

	si->ts->type->sink->last_published(&si->pb, &epoch, &si->err);
	return epoch;
}

static void
sink_close(struct sink *si)
{
	si->ts->type->sink->close(&si->pb);
	free(si->pb.state);
	si->pb.state = NULL;
}

static void
sink_end(struct sink *si)
{
	spool_clear();
	if (si->pb.state != NULL)
		sink_close(si);
	T_INT(ts_free(si->ts), 0);
}

static int
sink_write(struct sink *si, struct weir_batch *b)
{
	int rc;

	si->ts->current = b;
	rc = si->ts->type->sink->write(&si->ts->stage.st, b, &si->err);
	ts_unref(b);
	return rc;
}

static int
publish(struct sink *si, uint64_t epoch)
{
	struct weir_intent in = { .rows = spool.first[spool.n] };

	spool.at = 0;
	return si->ts->type->sink->publish(&si->pb, epoch, &in, 1, &si->err);
}

/* ---- the server, by itself */

static char cells[8192];

/* Rows by lines, columns by |. */
static const char *
ask(const char *sql)
{
	PGresult *res = PQexec(db, sql);
	size_t n = 0;

	cells[0] = '\0';
	if (PQresultStatus(res) == PGRES_FATAL_ERROR)
		snprintf(cells, sizeof(cells), "%s", PQerrorMessage(db));
	for (int r = 0; r < PQntuples(res); r++)
		for (int c = 0; c < PQnfields(res); c++)
			n += (size_t)snprintf(cells + n, sizeof(cells) - n,
			    "%s%s", PQgetisnull(res, r, c) ? "null" :
			    PQgetvalue(res, r, c), c + 1 == PQnfields(res) ?
			    "\n" : "|");
	PQclear(res);
	return cells;
}

/* ---- without a server */

static const char *
refuses(const char *input, const char *table, const char *option,
    const char *value)
{
	static char code[80];
	struct sink si;

	sink_new(&si, input, table);
	if (option != NULL)
		ts_opt(si.ts, option, value);
	code[0] = '\0';
	if (ts_bind(si.ts, &si.err) != WEIR_OK)
		snprintf(code, sizeof(code), "%.40s %.20s", si.err.stage,
		    si.err.code + 9);
	T_INT(ts_free(si.ts), 0);
	return code;
}

static void
test_bind(void)
{
	T_STR(refuses("id: int64", "t", NULL, NULL), "");
	T_STR(refuses("id: int64", "a.b", NULL, NULL), "");
	T_STR(refuses("id: int64", "a.\"c.\"\"d\"", NULL, NULL), "");
	T_STR(refuses("id: int64", "a.b.c", NULL, NULL), "table table");
	T_STR(refuses("id: int64", "a.", NULL, NULL), "table table");
	T_STR(refuses("id: int64", "a.\"b", NULL, NULL), "table table");
	T_STR(refuses("id: int64", "weir_epochs", NULL, NULL), "table table");
	T_STR(refuses("id: int64", "t", "key", "id"), "");
	T_STR(refuses("id: list(int64)", "t", "key", "id"), "key key");
	T_STR(refuses("id: int64, at: timestamp", "t", "newer", "at"),
	    "newer key");
	T_STR(refuses("id: int64", "t", "url", "mysql://h/d"), "url url");
	T_STR(refuses("id: int64", "t", "url", "host=h options=-cx=1"),
	    "url url");
	T_STR(refuses("id: int64", "t", "url", "postgresql://u:p@h:5432/d"
	    "?sslmode=verify-full&connect_timeout=3"), "");
}

/* No secret in a message, whatever the url looks like. */
static void
test_secrets(void)
{
	static const char *const urls[] = {
		"postgresql://u:hunter2@localhost:nix/d",
		"postgresql://u:hunter2@127.0.0.1:1/d?bad=1",
		"host=127.0.0.1 port=1 password=hunter2",
		"host=127.0.0.1 port=hunter2 password=hunter2",
		"postgresql://u:hunter2@[::1/d" };
	struct sink si;
	int rc;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		sink_new(&si, "id: int64", "t");
		ts_opt(si.ts, "url", urls[i]);
		rc = sink_open(&si);
		T(rc != WEIR_OK);
		T(strstr(si.err.text, "hunter2") == NULL);
		printf("# %s\n", si.err.text);
		sink_end(&si);
	}
}

/* ---- with one */

static void
put_i64(struct weir_batch *b, uint32_t col, int64_t a, int64_t c, int64_t d)
{
	b->cols[col].u.i64[0] = a;
	if (b->nrows > 1)
		b->cols[col].u.i64[1] = c;
	if (b->nrows > 2)
		b->cols[col].u.i64[2] = d;
}

static void
test_append(void)
{
	struct sink si;
	struct weir_batch *b;

	ask("DROP TABLE IF EXISTS weir_epochs, app");
	sink_new(&si, "id: int64!, name: string, d: decimal(12, 2)", "app");
	T_INT(sink_open(&si), WEIR_OK);
	printf("# %s\n", si.err.text);
	T_INT(sink_last(&si), 0);
	b = ts_batch(si.ts, 3);
	put_i64(b, 0, 1, 2, 3);
	ts_text(b, 1, 0, "one", 3);
	ts_text(b, 1, 1, "a longer text than twelve", 25);
	ts_text(b, 1, 2, "nul\0nul", 7);
	put_i64(b, 2, 1234, -5, 0);
	ts_null(b, 2, 2);
	T_INT(sink_write(&si, b), WEIR_OK);
	T_STR(ts_rejects(si.ts), "2 postgres.nul name -1\n");
	T_INT(publish(&si, 4), WEIR_OK);
	T_INT(publish(&si, 4), WEIR_OK);
	T_STR(ask("SELECT * FROM app ORDER BY id"),
	    "1|one|12.34\n2|a longer text than twelve|-0.05\n");
	T_STR(ask("SELECT epoch, fence, rows, rejected, made FROM weir_epochs"),
	    "4|1|2|0|t\n");
	sink_close(&si);
	/* Another run, with a fence of its own. */
	fence.fence = 2;
	fence.born = true;
	T_INT(sink_open(&si), WEIR_OK);
	T_INT(sink_last(&si), 4);
	T_INT(publish(&si, 4), WEIR_OK);
	T_INT(publish(&si, 6), WEIR_OK);
	T_STR(ask("SELECT count(*) FROM app"), "4\n");
	/* The one before wakes up. */
	fence.fence = 1;
	{
		struct weir_publisher pb = si.pb;

		T_INT(sink_open(&si), WEIR_ERROR);
		T_STR(si.err.code, "postgres.fenced");
		sink_close(&si);
		si.pb = pb;
	}
	ask("UPDATE weir_epochs SET epoch = 5");
	T_INT(publish(&si, 7), WEIR_ERROR);
	T_STR(si.err.code, "postgres.lost");
	sink_close(&si);
	ask("DELETE FROM weir_epochs");
	T_INT(sink_open(&si), WEIR_ERROR);
	T_STR(si.err.code, "postgres.lost");
	fence.born = false;
	sink_end(&si);
}

static void
test_poison(void)
{
	struct sink si;
	struct weir_batch *b;

	ask("DROP TABLE IF EXISTS weir_epochs, poi; CREATE TABLE poi (id int8 "
	    "PRIMARY KEY CHECK (id <> 13), u uuid, name varchar(4))");
	sink_new(&si, "id: int64!, u: string, name: string", "poi");
	T_INT(sink_open(&si), WEIR_OK);
	b = ts_batch(si.ts, 20);
	for (uint32_t i = 0; i < 20; i++) {
		b->cols[0].u.i64[i] = i == 17 ? 3 : i;
		ts_text(b, 1, i, "00112233-4455-6677-8899-aabbccddeeff",
		    i == 5 ? 35 : 36);
		ts_text(b, 2, i, "texts", i == 9 ? 5 : 4);
	}
	T_INT(sink_write(&si, b), WEIR_OK);
	T_INT(publish(&si, 1), WEIR_OK);
	T_STR(spool.why, "5 postgres.value\n9 postgres.22001\n"
	    "13 postgres.23514\n17 postgres.23505\n");
	T_STR(ask("SELECT count(*), sum(id) FROM poi"), "16|146\n");
	T_STR(ask("SELECT rows, rejected FROM weir_epochs"), "16|4\n");
	sink_end(&si);
}

/* Put or delete one row: key, value, newer. */
static void
change(struct sink *si, int64_t k, int64_t v, int64_t at, bool gone)
{
	struct weir_batch *b = ts_batch(si->ts, 1);

	b->cols[0].u.i64[0] = k;
	b->cols[1].u.i64[0] = v;
	b->cols[2].u.i64[0] = at;
	weir_bit_put(b->cols[3].u.bits, 0, gone);
	T_INT(sink_write(si, b), WEIR_OK);
}

static void
test_upsert(void)
{
	struct sink si;

	ask("DROP TABLE IF EXISTS weir_epochs, ups, weir_deleted_ups");
	sink_new(&si, "k: int64, v: int64, at: int64, gone: bool", "ups");
	ts_opt(si.ts, "key", "k");
	ts_opt(si.ts, "newer", "at");
	ts_opt(si.ts, "delete", "gone");
	T_INT(sink_open(&si), WEIR_OK);
	printf("# %s\n", si.err.text);
	change(&si, 1, 10, 5, false);
	change(&si, 1, 11, 4, false);
	change(&si, 2, 20, 5, false);
	change(&si, 2, 21, 5, false);
	change(&si, 3, 30, 5, true);
	change(&si, 3, 31, 4, false);
	T_INT(publish(&si, 1), WEIR_OK);
	printf("# %s\n", si.err.text);
	T_STR(ask("SELECT k, v FROM ups ORDER BY k"), "1|10\n2|21\n");
	spool_clear();
	change(&si, 1, 12, 3, false);	/* older */
	change(&si, 2, 22, 6, true);	/* deleted */
	change(&si, 3, 32, 4, false);	/* would wake it */
	change(&si, 4, 40, 1, false);
	T_INT(publish(&si, 2), WEIR_OK);
	T_STR(ask("SELECT k, v FROM ups ORDER BY k"), "1|10\n4|40\n");
	spool_clear();
	change(&si, 3, 33, 9, false);	/* newer than its end */
	change(&si, 1, 13, 4, true);	/* an older delete */
	T_INT(publish(&si, 3), WEIR_OK);
	T_STR(ask("SELECT k, v FROM ups ORDER BY k"), "1|10\n3|33\n4|40\n");
	T_STR(ask("SELECT k, \"weir newer\" FROM weir_deleted_ups ORDER BY k"),
	    "1|4\n2|6\n");
	sink_end(&si);
}

static void
test_misfits(void)
{
	struct sink si;

	ask("DROP TABLE IF EXISTS weir_epochs, mis; CREATE TABLE mis (id int4, "
	    "name int4, must text NOT NULL)");
	sink_new(&si, "id: int64!, name: string, d: date", "mis");
	ts_opt(si.ts, "key", "id");
	T_INT(sink_open(&si), WEIR_ERROR);
	T_STR(si.err.code, "postgres.table");
	printf("# %s\n", si.err.text);
	T(strstr(si.err.text, "'id' is integer there") != NULL);
	T(strstr(si.err.text, "'name' is integer there") != NULL);
	T(strstr(si.err.text, "'must' must not be null") != NULL);
	T(strstr(si.err.text, "no column 'd'") != NULL);
	T(strstr(si.err.text, "unique index") != NULL);
	sink_close(&si);
	ask("DROP TABLE mis; CREATE TABLE mis (id int8 PRIMARY KEY)");
	sink_end(&si);
	sink_new(&si, "id: int64!, name: string, d: date", "mis");
	ts_opt(si.ts, "ddl", "add_columns");
	T_INT(sink_open(&si), WEIR_OK);
	T_STR(ask("SELECT attname, atttypid::regtype FROM pg_attribute "
	    "WHERE attrelid = 'mis'::regclass AND attnum > 0"),
	    "id|bigint\nname|text\nd|date\n");
	sink_end(&si);
}

/* Each place fails at each of its first few times: the epoch is there once. */
static void
test_places(bool merge)
{
	static const char *const places[] = { "connect.before", "connect.after",
		"begin.before", "begin.after", "look.before", "look.after",
		"fence.before", "fence.after", "ddl.before", "ddl.after",
		"temp.before", "temp.after", "copy.before", "copied.before",
		"copied.after", "merge.before", "merge.after", "marker.before",
		"marker.after", "commit.before", "commit.after",
		"bisect.before", "bisect.after" };
	const size_t n = sizeof(places) / sizeof(*places);
	struct sink si;
	const char *want;
	int rc, tries, reached = 0;

	for (size_t i = 0; i < n * 4; i++) {
		ask("DROP TABLE IF EXISTS weir_epochs, pla");
		if (i % 2 == 1)
			ask("CREATE TABLE pla (k int8 PRIMARY KEY, v int8 "
			    "CHECK (v <> 21), at int8, gone boolean)");
		want = i % 2 == 0 ? "3|1\n" : "2|1\n";
		sink_new(&si, "k: int64, v: int64, at: int64, gone: bool",
		    "pla");
		if (merge)
			ts_opt(si.ts, "key", "k");
		snprintf(fault.place, sizeof(fault.place), "postgres.%s",
		    places[i / 4]);
		fault.at = (unsigned)(i % 4 / 2 + 1);
		fault.n = 0;
		rc = WEIR_AGAIN;
		for (tries = 0; rc == WEIR_AGAIN && tries < 3; tries++) {
			if (si.pb.state != NULL)
				sink_close(&si);
			rc = sink_open(&si);
		}
		T_INT(rc, WEIR_OK);
		change(&si, 1, 10, 5, false);
		change(&si, 2, 20, 5, false);
		change(&si, 3, 21, 5, false);
		rc = WEIR_AGAIN;
		for (tries = 0; rc == WEIR_AGAIN && tries < 3; tries++)
			rc = publish(&si, 1);
		T_INT(rc, WEIR_OK);
		reached += fault.n >= fault.at;
		T_STR(ask("SELECT count(*), (SELECT epoch FROM weir_epochs) "
		    "FROM pla"), want);
		if (strcmp(cells, want) != 0)
			printf("# %s@%u: %s\n", fault.place, fault.at,
			    si.err.text);
		sink_end(&si);
	}
	fault.place[0] = '\0';
	printf("# %d places were reached\n", reached);
	T(reached > (merge ? 45 : 35));
}

int
main(void)
{
	test_bind();
	test_secrets();
	url = getenv("WEIR_POSTGRES");
	if (url == NULL) {
		printf("# no $WEIR_POSTGRES: tests/peers/test_postgres has "
		    "one\n");
		return t_done();
	}
	db = PQconnectdb(url);
	ask("SET client_min_messages = warning");
	test_append();
	test_poison();
	test_upsert();
	test_misfits();
	test_places(false);
	test_places(true);
	PQfinish(db);
	return t_done();
}
