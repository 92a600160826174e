/* SPDX-License-Identifier: MIT
 *
 * A connection made: libpq's handshake step by step, what every session has,
 * and which refusals no patience mends.
 */
#include <poll.h>

#include "postgres.h"

/* NOTICEs of the server are for no one. */
static void
quiet(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

static void
name_place(struct pg_link *li, const struct pg_way *wa)
{
	const char *host = "the local server", *port = NULL, *db = NULL;
	char place[256];

	for (int i = 0; i < wa->n; i++) {
		if (strcmp(wa->keys[i], "host") == 0 ||
		    (strcmp(wa->keys[i], "hostaddr") == 0 &&
		    strcmp(host, "the local server") == 0))
			host = wa->values[i];
		else if (strcmp(wa->keys[i], "port") == 0)
			port = wa->values[i];
		else if (strcmp(wa->keys[i], "dbname") == 0)
			db = wa->values[i];
	}
	snprintf(place, sizeof(place), "%s%s%s%s%s", host,
	    port != NULL ? ":" : "", port != NULL ? port : "",
	    db != NULL ? "/" : "", db != NULL ? db : "");
	pg_scrub(li->co, place, li->where, sizeof(li->where));
}

static PostgresPollingStatusType
handshake(struct pg_link *li)
{
	PostgresPollingStatusType st = PGRES_POLLING_WRITING;
	int64_t end = pg_clock() + li->co->connect_timeout;
	struct pollfd pf;

	while (st != PGRES_POLLING_OK && st != PGRES_POLLING_FAILED) {
		pf = (struct pollfd){ .fd = PQsocket(li->conn),
			.events = st == PGRES_POLLING_READING ? POLLIN :
			    POLLOUT };
		if (pg_clock() > end || (pg_link_stopping(li) &&
		    pg_clock() > end - li->co->connect_timeout + 1000000))
			return PGRES_POLLING_READING;
		if (poll(&pf, 1, PG_TICK_MS) > 0)
			st = PQconnectPoll(li->conn);
	}
	return st;
}

/* The server would not have us, or we not it; or it is not there. */
static int
not_open(struct pg_link *li, struct weir_err *err)
{
	char all[4096], text[360];
	const char *remedy;

	snprintf(all, sizeof(all), "%s", PQerrorMessage(li->conn));
	remedy = pg_verdict_login(all);
	if (remedy == NULL)
		return pg_link_lost(li, "no connection to", err);
	pg_verdict_plain(all);
	pg_scrub(li->co, all, text, sizeof(text));
	li->verdict = PG_STOP;
	pg_link_close(li);
	return li->host->fail(err, WEIR_NOWHERE, "postgres.login",
	    "no login at %s: %s%s%s", li->where, text,
	    remedy[0] != '\0' ? "; " : "", remedy);
}

/* What every session has. */
static int
session(struct pg_link *li, struct weir_err *err)
{
	return pg_link_exec(li, "SET standard_conforming_strings = on;"
	    "SET bytea_output = hex; SET TimeZone = 'UTC';"
	    "SET statement_timeout = 0; SET lock_timeout = 0;"
	    "SET idle_in_transaction_session_timeout = 0;"
	    /* not every server has these */
	    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name "
	    "IN ('transaction_timeout', 'idle_session_timeout');"
	    "SELECT set_config('synchronous_commit', 'on', false) "
	    "WHERE current_setting('synchronous_commit') = 'off'", NULL, NULL,
	    NULL, err);
}

int
pg_link_open(struct pg_link *li, struct weir_err *err)
{
	struct pg_way wa;
	int rc;

	pg_link_close(li);
	li->verdict = PG_FINE;
	rc = pg_way_init(&wa, li->host, li->co, err);
	if (rc != WEIR_OK) {
		pg_way_fini(&wa);
		return rc;
	}
	name_place(li, &wa);
	pg_way_put(&wa, "application_name", li->app != NULL ? li->app : "weir");
	if (li->writes)
		pg_way_put(&wa, "target_session_attrs", "read-write");
	rc = pg_link_point(li, WEIR_AT("postgres.connect.before"), err);
	if (rc == WEIR_OK)
		li->conn = PQconnectStartParams(wa.keys, wa.values, 0);
	pg_way_fini(&wa);
	if (rc != WEIR_OK)
		return rc;
	if (li->conn == NULL)
		return pg_memory(li->host, err);
	PQsetNoticeReceiver(li->conn, quiet, NULL);
	/* Its text is the one place where libpq has the SQLSTATE then. */
	PQsetErrorVerbosity(li->conn, PQERRORS_VERBOSE);
	switch (PQstatus(li->conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED :
	    handshake(li)) {
	case PGRES_POLLING_OK:
		break;
	case PGRES_POLLING_FAILED:
		return not_open(li, err);
	default:
		return pg_link_lost(li, "no answer in time from", err);
	}
	PQsetErrorVerbosity(li->conn, PQERRORS_DEFAULT);
	PQsetnonblocking(li->conn, 1);
	rc = pg_link_point(li, WEIR_AT("postgres.connect.after"), err);
	return rc == WEIR_OK ? session(li, err) : rc;
}
