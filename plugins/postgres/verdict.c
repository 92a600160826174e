/* SPDX-License-Identifier: MIT
 *
 * What an error of the server means for an epoch: try it again, look for the
 * row, or stop.  Codes: PostgreSQL documentation, appendix A.
 */
#include "postgres.h"

static const struct {
	const char *code; /* a class, or a whole code */
	enum pg_verdict verdict;
	const char *remedy;
} verdicts[] = {
	{ "40001", PG_AGAIN, "" },
	{ "40P01", PG_AGAIN, "" },
	{ "08", PG_AGAIN, "" },
	{ "53", PG_AGAIN, "" },
	{ "55P03", PG_AGAIN, "" },
	{ "55006", PG_AGAIN, "" },
	{ "57P", PG_AGAIN, "" },
	{ "57014", PG_AGAIN, "" },
	{ "58", PG_AGAIN, "" },
	{ "25006", PG_AGAIN, "" }, /* read-only: a standby, or a failover */
	{ "25P0", PG_AGAIN, "" },
	{ "3D000", PG_STOP, "create the database, or mend the url" },
	{ "28", PG_STOP, "check user and password of the url, and the "
	    "server's pg_hba.conf" },
	{ "42501", PG_STOP, "grant the right to the user of the url" },
	{ "42P01", PG_STOP, "create the table, or write ddl: create" },
	{ "3F000", PG_STOP, "create the schema" },
	{ "42703", PG_STOP, "the table was changed while the pipeline ran; "
	    "start it again" },
	{ "0A000", PG_STOP, "" },
	{ "22", PG_ROW, "" },
	{ "23", PG_ROW, "" },
	{ "44000", PG_ROW, "" }, /* WITH CHECK OPTION */
};

static size_t
find(const char *sqlstate)
{
	size_t i, n = sizeof(verdicts) / sizeof(*verdicts);

	for (i = 0; i < n; i++)
		if (strncmp(verdicts[i].code, sqlstate,
		    strlen(verdicts[i].code)) == 0)
			break;
	return i;
}

enum pg_verdict
pg_verdict_of(const char *sqlstate)
{
	size_t i = find(sqlstate);

	/* No code: libpq's own word, which is that of a broken connection. */
	if (sqlstate[0] == '\0')
		return PG_AGAIN;
	return i < sizeof(verdicts) / sizeof(*verdicts) ?
	    verdicts[i].verdict : PG_STOP;
}

const char *
pg_verdict_remedy(const char *sqlstate)
{
	size_t i = find(sqlstate);

	return i < sizeof(verdicts) / sizeof(*verdicts) ? verdicts[i].remedy :
	    "";
}

/* Every place of the secret in the text becomes stars. */
static void
blank(char *text, const char *secret, size_t n)
{
	char *p = text;

	if (n < 3)
		return;
	while ((p = strstr(p, secret)) != NULL) {
		memset(p, '*', 3);
		memmove(p + 3, p + n, strlen(p + n) + 1);
		p += 3;
	}
}

static void
blank_option(char *text, const struct weir_str *s)
{
	char secret[1024];

	if (s->len > 0 && s->len < sizeof(secret))
		blank(text, pg_text(s, secret, sizeof(secret)), s->len);
}

/* The url is a secret as a whole, and so are the passwords in it. */
void
pg_scrub(const struct pg_common *co, const char *from, char *to, size_t room)
{
	PQconninfoOption *op, *o;
	char url[2048];
	size_t i;

	for (i = 0; from[i] != '\0' && i + 1 < room; i++)
		to[i] = (unsigned char)from[i] < ' ' ? ' ' : from[i];
	while (i > 0 && to[i - 1] == ' ')
		i--;
	to[i] = '\0';
	blank_option(to, &co->url);
	blank_option(to, &co->password);
	blank_option(to, &co->tls[PG_NTLS - 1]);
	op = PQconninfoParse(pg_text(&co->url, url, sizeof(url)), NULL);
	for (o = op; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL && (strcmp(o->keyword, "password") == 0 ||
		    strcmp(o->keyword, "sslpassword") == 0))
			blank(to, o->val, strlen(o->val));
	PQconninfoFree(op);
}
