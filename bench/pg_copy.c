/* SPDX-License-Identifier: MIT
 *
 * The floor of postgres.write: rows that are in binary COPY's form already,
 * sent to a table by libpq and nothing else.
 *
 *	pg_copy URL get TABLE FILE	the table's rows into the file
 *	pg_copy URL put TABLE FILE	the file's rows into the table
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

enum { PIECE = 1 << 18 };

static int
die(PGconn *db, const char *what)
{
	fprintf(stderr, "pg_copy: %s: %s", what, PQerrorMessage(db));
	PQfinish(db);
	return 1;
}

static int
get(PGconn *db, FILE *f)
{
	char *p;
	int n;

	while ((n = PQgetCopyData(db, &p, 0)) > 0) {
		fwrite(p, 1, (size_t)n, f);
		PQfreemem(p);
	}
	return n == -1 ? 0 : -1;
}

static int
put(PGconn *db, FILE *f)
{
	static char buf[PIECE];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		if (PQputCopyData(db, buf, (int)n) != 1)
			return -1;
	return PQputCopyEnd(db, NULL) == 1 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	PGconn *db;
	PGresult *res;
	char sql[256];
	FILE *f;
	int in, rc;

	if (argc != 5) {
		fprintf(stderr, "usage: pg_copy URL get|put TABLE FILE\n");
		return 2;
	}
	in = strcmp(argv[2], "put") == 0;
	db = PQconnectdb(argv[1]);
	f = fopen(argv[4], in ? "rb" : "wb");
	if (PQstatus(db) != CONNECTION_OK || f == NULL)
		return die(db, argv[4]);
	snprintf(sql, sizeof(sql), "COPY %.100s %s (FORMAT binary)", argv[3],
	    in ? "FROM STDIN" : "TO STDOUT");
	PQclear(PQexec(db, sql));
	rc = in ? put(db, f) : get(db, f);
	fclose(f);
	res = PQgetResult(db);
	if (rc != 0 || PQresultStatus(res) != PGRES_COMMAND_OK)
		return die(db, sql);
	printf("%s rows\n", PQcmdTuples(res));
	PQclear(res);
	PQfinish(db);
	return 0;
}
