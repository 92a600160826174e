/* SPDX-License-Identifier: MIT
 *
 * A connection to the server.  libpq is never left to wait by itself: every
 * wait is a poll(2) that heeds the end of the run.
 *
 * Where a call has been sent and no answer came, the connection is closed and
 * WEIR_AGAIN answered: who asked has to look at the server what became of it.
 */
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "postgres.h"

enum {
	GRACE_US = 5000000, /* when told to stop: for what is under way */
	PIECE = 1 << 18,
};

int64_t
pg_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

bool
pg_link_stopping(const struct pg_link *li)
{
	if (li->pb != NULL && li->host->publisher_stopping != NULL)
		return li->host->publisher_stopping(li->pb);
	return li->st != NULL && li->host->stopping(li->st);
}

void
pg_link_close(struct pg_link *li)
{
	PQfinish(li->conn);
	li->conn = NULL;
}

/* No answer, or none any more. */
int
pg_link_lost(struct pg_link *li, const char *what, struct weir_err *err)
{
	char all[4096], text[300];

	text[0] = '\0';
	if (li->conn != NULL) {
		snprintf(all, sizeof(all), "%s", PQerrorMessage(li->conn));
		pg_verdict_plain(all);
		pg_scrub(li->co, all, text, sizeof(text));
	}
	li->verdict = PG_AGAIN;
	li->sqlstate[0] = '\0';
	pg_link_close(li);
	li->host->fail(err, WEIR_NOWHERE, "postgres.down", "%s %s%s%s", what,
	    li->where, text[0] != '\0' ? ": " : "", text);
	return WEIR_AGAIN;
}

int
pg_link_point(struct pg_link *li, const char *place, struct weir_err *err)
{
	const struct weir_io *io = li->host->io;

	if (place == NULL || io == NULL || io->point(place) == 0)
		return WEIR_OK;
	return pg_link_lost(li, "a test cut the connection to", err);
}

/* Until the socket can be read (or written), or it is time to end. */
static bool
wait_socket(struct pg_link *li, bool write)
{
	int64_t since = 0;
	struct pollfd pf;
	int n;

	for (;;) {
		pf = (struct pollfd){ .fd = PQsocket(li->conn),
			.events = (short)(POLLIN | (write ? POLLOUT : 0)) };
		if (pf.fd < 0)
			return false;
		n = poll(&pf, 1, PG_TICK_MS);
		if (n > 0)
			return true;
		if (!pg_link_stopping(li))
			continue;
		if (since == 0)
			since = pg_clock();
		if (pg_clock() - since > GRACE_US)
			return false;
	}
}

static bool
flush(struct pg_link *li)
{
	int rc;

	while ((rc = PQflush(li->conn)) > 0) {
		if (!wait_socket(li, true))
			return false;
		if (!PQconsumeInput(li->conn))
			return false;
	}
	return rc == 0;
}

/* The next result; NULL with *gone where the connection is. */
static PGresult *
take(struct pg_link *li, bool *gone)
{
	*gone = false;
	while (PQisBusy(li->conn))
		if (!wait_socket(li, false) || !PQconsumeInput(li->conn)) {
			*gone = true;
			return NULL;
		}
	return PQgetResult(li->conn);
}

/* What the server said against a statement. */
static int
refused(struct pg_link *li, PGresult *res, struct weir_err *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *said = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *remedy;
	char text[300];

	snprintf(li->sqlstate, sizeof(li->sqlstate), "%s",
	    state != NULL ? state : "");
	li->verdict = pg_verdict_of(li->sqlstate);
	pg_scrub(li->co, said != NULL ? said : PQresultErrorMessage(res), text,
	    sizeof(text));
	remedy = pg_verdict_remedy(li->sqlstate);
	li->host->fail(err, WEIR_NOWHERE, li->verdict == PG_AGAIN ?
	    "postgres.down" : li->verdict == PG_ROW ? "postgres.refused" :
	    "postgres.server", "%s: %s (SQLSTATE %s)%s%s", li->where, text,
	    li->sqlstate[0] != '\0' ? li->sqlstate : "none",
	    remedy[0] != '\0' ? "; " : "", remedy);
	if (li->verdict != PG_AGAIN)
		return WEIR_ERROR;
	pg_link_close(li);
	return WEIR_AGAIN;
}

static bool
is_bad(const PGresult *res)
{
	ExecStatusType st = PQresultStatus(res);

	return st == PGRES_FATAL_ERROR || st == PGRES_BAD_RESPONSE ||
	    st == PGRES_EMPTY_QUERY;
}

/* All results of what was sent; the last with rows is kept. */
static int
take_all(struct pg_link *li, PGresult **keep, struct weir_err *err)
{
	PGresult *res, *bad = NULL, *last = NULL;
	bool gone;
	int rc = WEIR_OK;

	while ((res = take(li, &gone)) != NULL) {
		ExecStatusType st = PQresultStatus(res);

		if (is_bad(res) && bad == NULL) {
			bad = res;
			continue;
		}
		if (!is_bad(res) && (last == NULL || st == PGRES_TUPLES_OK ||
		    PQresultStatus(last) != PGRES_TUPLES_OK)) {
			PQclear(last);
			last = res;
		} else
			PQclear(res);
		if (st == PGRES_COPY_IN)
			break;
	}
	if (bad != NULL)
		rc = refused(li, bad, err);
	else if (gone || PQstatus(li->conn) != CONNECTION_OK)
		rc = pg_link_lost(li, "no answer from", err);
	PQclear(bad);
	if (rc == WEIR_OK && keep != NULL)
		*keep = last;
	else
		PQclear(last);
	return rc;
}

static int
send(struct pg_link *li, const char *sql, struct weir_err *err)
{
	li->verdict = PG_FINE;
	if (li->conn == NULL)
		return pg_link_lost(li, "there is no connection to", err);
	if (!PQsendQuery(li->conn, sql) || !flush(li))
		return pg_link_lost(li, "lost the connection to", err);
	return WEIR_OK;
}

int
pg_link_exec(struct pg_link *li, const char *sql, PGresult **res,
    const char *before, const char *after, struct weir_err *err)
{
	PGresult *keep = NULL;
	int rc;

	if (res != NULL)
		*res = NULL;
	rc = pg_link_point(li, before, err);
	if (rc == WEIR_OK)
		rc = send(li, sql, err);
	if (rc == WEIR_OK)
		rc = take_all(li, &keep, err);
	if (rc == WEIR_OK)
		rc = pg_link_point(li, after, err);
	if (rc == WEIR_OK && res != NULL)
		*res = keep;
	else
		PQclear(keep);
	return rc;
}

int
pg_link_copy(struct pg_link *li, const char *sql, struct weir_err *err)
{
	PGresult *res = NULL;
	int rc = send(li, sql, err);

	if (rc == WEIR_OK)
		rc = take_all(li, &res, err);
	if (rc == WEIR_OK && PQresultStatus(res) != PGRES_COPY_IN)
		rc = pg_link_lost(li, "COPY was not understood by", err);
	PQclear(res);
	return rc;
}

int
pg_link_feed(struct pg_link *li, const char *p, size_t n, struct weir_err *err)
{
	size_t part;
	int rc;

	while (n > 0) {
		part = n < PIECE ? n : PIECE;
		while ((rc = PQputCopyData(li->conn, p, (int)part)) == 0)
			if (!flush(li))
				break;
		if (rc <= 0 || !flush(li))
			return pg_link_lost(li, "lost the connection to", err);
		p += part;
		n -= part;
	}
	return WEIR_OK;
}

int
pg_link_done(struct pg_link *li, struct weir_err *err)
{
	int rc;

	while ((rc = PQputCopyEnd(li->conn, NULL)) == 0)
		if (!flush(li))
			break;
	if (rc <= 0 || !flush(li))
		return pg_link_lost(li, "lost the connection to", err);
	return take_all(li, NULL, err);
}

/* Give a COPY up; what the server says to that is for no one. */
void
pg_link_abandon(struct pg_link *li)
{
	PGresult *res;
	bool gone;

	while (PQputCopyEnd(li->conn, "given up") == 0)
		if (!flush(li))
			break;
	if (!flush(li)) {
		pg_link_close(li);
		return;
	}
	while ((res = take(li, &gone)) != NULL)
		PQclear(res);
	if (gone)
		pg_link_close(li);
}

int
pg_link_query(struct pg_link *li, const char *sql, struct weir_err *err)
{
	li->verdict = PG_FINE;
	if (li->conn == NULL)
		return pg_link_lost(li, "there is no connection to", err);
	if (!PQsendQueryParams(li->conn, sql, 0, NULL, NULL, NULL, NULL, 1) ||
	    !flush(li))
		return pg_link_lost(li, "lost the connection to", err);
	return WEIR_OK;
}

int
pg_link_next(struct pg_link *li, PGresult **res, struct weir_err *err)
{
	bool gone;
	int rc;

	*res = take(li, &gone);
	if (gone || (*res == NULL && PQstatus(li->conn) != CONNECTION_OK))
		return pg_link_lost(li, "no answer from", err);
	if (*res == NULL)
		return WEIR_END;
	if (!is_bad(*res))
		return WEIR_OK;
	rc = refused(li, *res, err);
	PQclear(*res);
	*res = NULL;
	while (li->conn != NULL) {
		PGresult *more = take(li, &gone);

		if (more == NULL)
			break;
		PQclear(more);
	}
	return rc;
}

const char *
pg_cell(const PGresult *res, int row, int col)
{
	return PQgetisnull(res, row, col) ? "" : PQgetvalue(res, row, col);
}

int64_t
pg_cell_int(const PGresult *res, int row, int col)
{
	return strtoll(pg_cell(res, row, col), NULL, 10);
}
