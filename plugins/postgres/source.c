/* SPDX-License-Identifier: MIT
 *
 * postgres.read while it runs: see source.h.  What is asked is sent in one
 * call of poll and taken in a later one, so that a slow query holds up nothing
 * else.
 */
#include <poll.h>
#include <time.h>

#include "source.h"

enum { CHUNK = 4096, SETTLE_US = 30000, MINUTE_US = 60000000 };

static bool
growing(const struct read_config *cf)
{
	return cf->by_col >= 0;
}

static void
put_from(const struct read_config *cf, struct pg_buf *sql)
{
	char text[65536];

	pg_buf_text(sql, " FROM ");
	if (cf->query.len > 0 && cf->query.len < sizeof(text))
		pg_buf_text(sql, "(%s\n)", pg_text(&cf->query, text,
		    sizeof(text)));
	else
		pg_buf_text(sql, "%s", pg_text(&cf->table, text,
		    sizeof(text)));
	pg_buf_text(sql, " AS q");
}

static void
put_value(const struct read_config *cf, struct pg_buf *sql, int64_t v)
{
	if (cf->by_time)
		pg_buf_text(sql, "(timestamptz '1970-01-01 00:00:00+00' + "
		    "interval '%lld microseconds')", (long long)v);
	else
		pg_buf_text(sql, "%lld", (long long)v);
}

static void
put_by(const struct read_config *cf, struct pg_buf *sql)
{
	const struct weir_field *fi = &cf->schema->cols[cf->by_col];

	pg_buf_text(sql, "q.");
	pg_buf_name(sql, fi->from != NULL ? fi->from : fi->name);
}

/* Rows from `next` on. */
static void
put_where(struct weir_stage *st, struct pg_buf *sql)
{
	const struct read_config *cf = st->config;
	const struct source *so = st->state;

	pg_buf_text(sql, " WHERE ");
	put_by(cf, sql);
	pg_buf_text(sql, " IS NOT NULL");
	if (so->next != INT64_MIN) {
		pg_buf_text(sql, " AND ");
		put_by(cf, sql);
		pg_buf_text(sql, " >= ");
		put_value(cf, sql, so->next);
	}
	if (cf->by_time) {
		pg_buf_text(sql, " AND isfinite(");
		put_by(cf, sql);
		pg_buf_add(sql, ")", 1);
	}
}

static void
put_columns(const struct read_config *cf, struct pg_buf *sql)
{
	pg_buf_text(sql, "SELECT ");
	for (uint32_t i = 0; i < cf->schema->ncols; i++) {
		const char *from = cf->schema->cols[i].from;

		pg_buf_text(sql, "%sq.", i > 0 ? ", " : "");
		pg_buf_name(sql, from != NULL ? from :
		    cf->schema->cols[i].name);
	}
}

static int
ask(struct weir_stage *st, enum reading what, struct weir_err *err)
{
	struct source *so = st->state;
	int rc;

	pg_buf_cstr(&so->sql);
	if (so->sql.failed)
		return pg_memory(st->host, err);
	rc = pg_link_query(&so->li, so->sql.p, err);
	if (rc == WEIR_OK)
		so->state = what;
	return rc;
}

static int
ask_rows(struct weir_stage *st, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;

	pg_buf_clear(&so->sql);
	if (!growing(cf)) {
		pg_buf_text(&so->sql, "FETCH FORWARD %d FROM weir", CHUNK);
		return ask(st, READ_ROWS, err);
	}
	put_columns(cf, &so->sql);
	put_from(cf, &so->sql);
	put_where(st, &so->sql);
	pg_buf_text(&so->sql, " AND ");
	put_by(cf, &so->sql);
	pg_buf_text(&so->sql, " <= ");
	put_value(cf, &so->sql, so->ties ? so->edge : so->upto);
	pg_buf_text(&so->sql, " ORDER BY ");
	put_by(cf, &so->sql);
	if (!so->ties)
		pg_buf_text(&so->sql, " LIMIT %d", CHUNK);
	return ask(st, READ_ROWS, err);
}

static int
ask_edge(struct weir_stage *st, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;

	pg_buf_clear(&so->sql);
	pg_buf_text(&so->sql, "SELECT max(");
	put_by(cf, &so->sql);
	pg_buf_text(&so->sql, "), (SELECT string_agg(transactionid::text, ',') "
	    "FROM pg_locks WHERE locktype = 'transactionid' AND granted AND "
	    "mode = 'ExclusiveLock')");
	put_from(cf, &so->sql);
	put_where(st, &so->sql);
	if (cf->delay > 0) {
		pg_buf_text(&so->sql, " AND ");
		put_by(cf, &so->sql);
		pg_buf_text(&so->sql, " < now() - interval '%lld microseconds'",
		    (long long)cf->delay);
	}
	return ask(st, READ_EDGE, err);
}

static int
ask_left(struct weir_stage *st, struct weir_err *err)
{
	struct source *so = st->state;

	pg_buf_clear(&so->sql);
	pg_buf_text(&so->sql, "SELECT count(*) FROM pg_locks WHERE locktype = "
	    "'transactionid' AND granted AND mode = 'ExclusiveLock' AND "
	    "transactionid::text = ANY (string_to_array('%s', ','))",
	    pg_buf_cstr(&so->writers));
	so->sql.failed = so->sql.failed || so->writers.failed;
	return ask(st, READ_LEFT, err);
}

/* The greatest value that is there, and who was writing just after it was
 * seen: whoever held an xid then may bring a smaller one.  (The snapshot's own
 * bounds would not do: its xmax is that of the last that has ended.) */
static int
take_edge(struct weir_stage *st, const PGresult *res)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;

	if (PQgetisnull(res, 0, 0)) {
		so->has_upto = false;
		so->ask_at = pg_clock() + cf->every;
		so->finished = cf->every == 0 || so->bounded;
		return weir_position(st, 0, so->next, so->finished ?
		    WEIR_PART_FINISHED : WEIR_PART_AT_END);
	}
	so->edge = pg_decode_by(res, 0, 0);
	so->waits = cf->settle && !PQgetisnull(res, 0, 1);
	so->has_upto = !so->waits;
	so->upto = so->edge;
	pg_buf_clear(&so->writers);
	if (so->waits)
		pg_buf_add(&so->writers, PQgetvalue(res, 0, 1),
		    (size_t)PQgetlength(res, 0, 1));
	return WEIR_OK;
}

static int
take_left(struct source *so, const PGresult *res)
{
	so->waits = pg_get64(PQgetvalue(res, 0, 0)) != 0;
	so->has_upto = !so->waits;
	if (so->waits)
		so->ask_at = pg_clock() + SETTLE_US;
	return WEIR_OK;
}

/* Rows of one value are read together: what was cut off by the limit is left
 * for the next time. */
static void
trim(struct weir_stage *st, PGresult *res, int *n)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	int64_t last;

	*n = PQntuples(res);
	if (!growing(cf) || so->ties || *n < CHUNK) {
		so->ties = false;
		return;
	}
	last = pg_decode_by(res, *n - 1, cf->by_col);
	while (*n > 0 && pg_decode_by(res, *n - 1, cf->by_col) == last)
		(*n)--;
	so->ties = *n == 0;
	so->edge = last;
}

/* The end of what was asked for. */
static int
at_end(struct weir_stage *st)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;

	if (!growing(cf)) {
		so->finished = true;
		return weir_position(st, 0, so->next, WEIR_PART_FINISHED);
	}
	if (so->upto != INT64_MAX)
		so->next = so->upto + 1;
	so->has_upto = false;
	so->ask_at = cf->every > 0 ? pg_clock() + cf->every : 0;
	so->finished = cf->every == 0 || so->bounded;
	return weir_position(st, 0, so->next, so->finished ?
	    WEIR_PART_FINISHED : WEIR_PART_AT_END);
}

/* Up to max rows of the result, but no value's in part. */
static int
emit(struct weir_stage *st, int max, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	bool tied = so->ties;
	int n, to, end;

	trim(st, so->res, &n);
	to = n - so->row < max ? n : so->row + max;
	while (growing(cf) && to > so->row && to < n &&
	    pg_decode_by(so->res, to, cf->by_col) ==
	    pg_decode_by(so->res, to - 1, cf->by_col))
		to++;
	while (so->row < to) {
		end = to - so->row < CHUNK ? to : so->row + CHUNK;
		if (pg_decode_rows(st, so->res, so->row, end, err) != WEIR_OK)
			return WEIR_ERROR;
		so->next = growing(cf) ? so->next : so->next + end - so->row;
		so->row = end;
	}
	if (growing(cf) && to > 0)
		so->next = pg_decode_by(so->res, to - 1, cf->by_col) + 1;
	if (so->row < n)
		return weir_position(st, 0, so->next, WEIR_PART_READING);
	n = PQntuples(so->res);
	PQclear(so->res);
	so->res = NULL;
	if (so->ties)
		return WEIR_OK;
	if ((n < CHUNK && !tied) || (growing(cf) && so->next > so->upto))
		return at_end(st);
	return weir_position(st, 0, so->next, WEIR_PART_READING);
}

/* ---- polling */

static void
nap(int64_t us)
{
	struct timespec ts = { .tv_sec = us / 1000000,
		.tv_nsec = us % 1000000 * 1000 };

	if (us > 0)
		nanosleep(&ts, NULL);
}

/* The other side is down: said once, and then once a minute. */
static int
down(struct weir_stage *st, int64_t wait_us, const struct weir_err *err)
{
	struct source *so = st->state;
	int64_t now = pg_clock();

	so->state = READ_IDLE;
	so->down_wait = so->down_wait == 0 ? 100000 : so->down_wait < 5000000 ?
	    so->down_wait * 2 : so->down_wait;
	so->ask_at = now + so->down_wait;
	if (now >= so->down_word)
		weir_log(st, WEIR_LOG_WARN, "%s; trying again until it is well",
		    err->text);
	if (now >= so->down_word)
		so->down_word = now + MINUTE_US;
	nap(wait_us < so->down_wait ? wait_us : so->down_wait);
	return WEIR_AGAIN;
}

static int
connect(struct weir_stage *st, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	int rc;

	if (so->li.conn != NULL)
		return WEIR_OK;
	if (so->cursor)
		return st->host->fail(err, WEIR_NOWHERE, "postgres.cut",
		    "the connection to %s broke in the middle of a query that "
		    "can't be gone on with; write by: with a column that grows",
		    so->li.where);
	rc = pg_link_open(&so->li, err);
	if (rc != WEIR_OK || growing(cf))
		return rc;
	pg_buf_clear(&so->sql);
	pg_buf_text(&so->sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ "
	    "ONLY; DECLARE weir NO SCROLL CURSOR FOR ");
	put_columns(cf, &so->sql);
	put_from(cf, &so->sql);
	pg_buf_cstr(&so->sql);
	if (so->sql.failed)
		return pg_memory(st->host, err);
	rc = pg_link_exec(&so->li, so->sql.p, NULL,
	    WEIR_AT("postgres.declare.before"),
	    WEIR_AT("postgres.declare.after"), err);
	so->cursor = rc == WEIR_OK;
	return rc;
}

/* Is there an answer, within the time? */
static bool
answered(struct source *so, int64_t wait_us)
{
	struct pollfd pf = { .fd = PQsocket(so->li.conn), .events = POLLIN };
	int64_t end = pg_clock() + wait_us, left;

	while (PQisBusy(so->li.conn)) {
		left = end - pg_clock();
		if (poll(&pf, 1, left > 0 ? (int)(left / 1000) : 0) <= 0)
			return false;
		if (!PQconsumeInput(so->li.conn))
			return true;
	}
	return true;
}

static int
take(struct weir_stage *st, int64_t wait_us, struct weir_err *err)
{
	struct source *so = st->state;
	PGresult *res, *more;
	int rc;

	if (!answered(so, wait_us))
		return WEIR_AGAIN;
	rc = pg_link_next(&so->li, &res, err);
	if (rc == WEIR_OK)
		while (pg_link_next(&so->li, &more, err) == WEIR_OK)
			PQclear(more);
	if (rc != WEIR_OK) {
		so->state = READ_IDLE;
		return rc == WEIR_END ? WEIR_AGAIN : rc;
	}
	so->down_wait = so->down_word = 0;
	if (so->state != READ_ROWS) {
		rc = so->state == READ_EDGE ? take_edge(st, res) :
		    take_left(so, res);
		so->state = READ_IDLE;
		PQclear(res);
		return rc;
	}
	so->state = READ_IDLE;
	so->res = res;
	so->row = 0;
	if (so->checked)
		return WEIR_OK;
	so->checked = true;
	return pg_decode_check(st, res, err);
}

static int
step(struct weir_stage *st, int64_t *wait_us, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	int64_t left;
	int rc;

	if (so->state == READ_IDLE) {
		left = so->ask_at - pg_clock();
		if (left > 0) {
			nap(left < *wait_us ? left : *wait_us);
			*wait_us = 0;
			return WEIR_AGAIN;
		}
		rc = connect(st, err);
		if (rc == WEIR_OK)
			rc = !growing(cf) || so->ties || (so->has_upto &&
			    so->next <= so->upto) ? ask_rows(st, err) :
			    so->waits ? ask_left(st, err) : ask_edge(st, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return take(st, *wait_us, err);
}

int
pg_read_poll(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
    struct weir_err *err)
{
	struct source *so = st->state;
	struct weir_err why = { .code = "" };
	int rc = WEIR_OK;

	if (so->finished)
		return WEIR_END;
	if (so->res == NULL) {
		rc = step(st, &wait_us, &why);
		if (rc == WEIR_AGAIN && why.code[0] != '\0')
			return down(st, wait_us, &why);
		if (rc == WEIR_ERROR && err != NULL)
			*err = why;
	}
	if (rc != WEIR_OK || so->res == NULL)
		return rc != WEIR_OK ? rc : so->finished ? WEIR_END :
		    WEIR_AGAIN;
	rc = emit(st, (int)(max_rows < CHUNK ? max_rows : CHUNK), err);
	return rc == WEIR_OK && so->finished ? WEIR_END : rc;
}

int
pg_read_open(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	int rc;

	so->li = (struct pg_link){ .host = st->host, .co = &cf->common,
		.st = st, .app = "weir read" };
	pg_buf_init(&so->sql, st->host);
	pg_buf_init(&so->writers, st->host);
	so->next = growing(cf) ? INT64_MIN : 0;
	for (size_t i = 0; i < n; i++)
		if (at[i].partition == 0) {
			so->next = at[i].next;
			so->finished = at[i].state == WEIR_PART_FINISHED &&
			    cf->every == 0;
		}
	if (!growing(cf) && so->next > 0 && !so->finished)
		return st->host->fail(err, WEIR_NOWHERE, "postgres.cut",
		    "%lld rows of the query were read before, and a query "
		    "without by: can't be gone on with: write by: with a "
		    "column "
		    "that grows, or begin anew with an empty state",
		    (long long)so->next);
	rc = weir_partition(st, 0, "0");
	if (rc == WEIR_OK)
		rc = weir_position(st, 0, so->next, so->finished ?
		    WEIR_PART_FINISHED : WEIR_PART_READING);
	if (rc != WEIR_OK)
		return pg_memory(st->host, err);
	return so->finished ? WEIR_OK : connect(st, err);
}

int
pg_read_bound(struct weir_stage *st, struct weir_err *err)
{
	struct source *so = st->state;

	(void)err;
	so->bounded = true;
	so->ask_at = 0;
	return WEIR_OK;
}

void
pg_read_fini(struct weir_stage *st)
{
	struct source *so = st->state;

	PQclear(so->res);
	pg_link_close(&so->li);
	pg_buf_fini(&so->sql);
	pg_buf_fini(&so->writers);
}
