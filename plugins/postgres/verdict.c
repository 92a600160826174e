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
	{ "28P01", PG_STOP, "check user and password: of the url, password:, "
	    "PGPASSWORD or ~/.pgpass" },
	{ "28", PG_STOP, "check the user, sslmode: and sslcert:, and the "
	    "server's pg_hba.conf" },
	{ "42501", PG_STOP, "grant the right to the user of the url" },
	{ "42P01", PG_STOP, "the table was dropped while the pipeline ran: "
	    "restore it, or begin anew with an empty state" },
	{ "3F000", PG_STOP, "create the schema" },
	{ "42703", PG_STOP, "the table was changed while the pipeline ran; "
	    "start it again" },
	{ "42804", PG_STOP, "the table was changed while the pipeline ran; "
	    "start it again" },
	{ "0A000", PG_STOP, "" },
	{ "54011", PG_STOP, "" }, /* columns: too many */
	{ "54", PG_ROW, "" }, /* too long for a page, an index, a parser */
	{ "P0", PG_ROW, "" }, /* a trigger raised it */
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

/* What libpq says of a connection that can't be made as it is asked for; what
 * it does not know is an outage.  It has English texts: nothing here calls
 * setlocale(3). */
static const struct {
	const char *part;
	const char *remedy;
} logins[] = {
	{ "no password supplied", "write password:, or set PGPASSWORD, or put "
	    "it into ~/.pgpass" },
	{ "root certificate file", "write sslrootcert: with the file of the "
	    "authority that signed the server's certificate" },
	{ "certificate verify failed", "sslrootcert: has to hold the authority "
	    "that signed the server's certificate" },
	{ "does not match host name", "write as host what the certificate is "
	    "for" },
	{ "host name must be specified", "write a host, not only hostaddr" },
	{ "server does not support SSL", "turn ssl on in the server, or write "
	    "sslmode: \"disable\"" },
	{ "alert unknown ca", "the server has to know the authority that "
	    "signed the certificate of sslcert:" },
	{ "alert certificate", "the server does not take the certificate of "
	    "sslcert:" },
	{ "alert bad certificate", "the server does not take the certificate "
	    "of sslcert:" },
	{ "alert protocol version", "client and server have no version of TLS "
	    "in common" },
	{ "certificate file", "check sslcert:, sslrootcert: and sslcrl" },
	{ "private key file", "check sslkey: and sslpassword:" },
	{ "certificate revocation list", "check sslcrl" },
	{ "certificate present, but not private key", "write sslkey:, too" },
	{ "channel binding", "" },
	{ "peer user name", "" },
	{ "requirepeer", "" },
	{ "unsupported authentication method", "" },
	{ "authentication method requirement", "" },
	{ "authentication method", "" },
	{ "service file", "check PGSERVICE and PGSERVICEFILE" },
	{ "definition of service", "check PGSERVICE and PGSERVICEFILE" },
	{ "invalid ", "" },
};

/* The SQLSTATE at p, as PQERRORS_VERBOSE has it: ": 28P01: ". */
static bool
is_state(const char *p)
{
	if (strncmp(p, ":  ", 3) != 0)
		return false;
	for (int i = 3; i < 8; i++)
		if (!(p[i] >= '0' && p[i] <= '9') &&
		    !(p[i] >= 'A' && p[i] <= 'Z'))
			return false;
	return p[8] == ':' && p[9] == ' ';
}

const char *
pg_verdict_login(const char *text)
{
	const char *word;
	char state[6];

	for (const char *p = text; (p = strstr(p, ":  ")) != NULL; p++) {
		if (!is_state(p))
			continue;
		memcpy(state, p + 3, 5);
		state[5] = '\0';
		word = pg_verdict_remedy(state);
		if (pg_verdict_of(state) != PG_AGAIN)
			return word;
	}
	for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++)
		if (strstr(text, logins[i].part) != NULL)
			return logins[i].remedy;
	return NULL;
}

/* Without the places in the server's source, a line each. */
void
pg_verdict_plain(char *text)
{
	char *p = text, *end;

	while ((p = strstr(p, "\nLOCATION:")) != NULL) {
		end = p + 1 + strcspn(p + 1, "\n");
		memmove(p, end, strlen(end) + 1);
	}
	for (p = text; (p = strstr(p, ":  ")) != NULL; p++)
		if (is_state(p))
			memmove(p + 2, p + 3, strlen(p + 3) + 1);
	/* With and without TLS, it may have said the same. */
	p = strchr(text, '\n');
	if (p != NULL && strncmp(p + 1, text, (size_t)(p - text)) == 0 &&
	    (p[1 + (p - text)] == '\n' || p[1 + (p - text)] == '\0'))
		memmove(text, p + 1, strlen(p + 1) + 1);
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
static void
blank_all(const struct pg_common *co, char *text)
{
	PQconninfoOption *op, *o;
	char url[2048];

	blank_option(text, &co->url);
	blank_option(text, &co->password);
	blank_option(text, &co->tls[PG_NTLS - 1]);
	op = PQconninfoParse(pg_text(&co->url, url, sizeof(url)), NULL);
	for (o = op; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL && (strcmp(o->keyword, "password") == 0 ||
		    strcmp(o->keyword, "sslpassword") == 0))
			blank(text, o->val, strlen(o->val));
	PQconninfoFree(op);
}

/* Cut only once it is blank: half a secret is one, too. */
void
pg_scrub(const struct pg_common *co, const char *from, char *to, size_t room)
{
	char text[8192];
	size_t i;

	snprintf(text, sizeof(text), "%s", from);
	blank_all(co, text);
	for (i = 0; text[i] != '\0' && i + 1 < room; i++)
		to[i] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
	while (i > 0 && to[i - 1] == ' ')
		i--;
	to[i] = '\0';
}
