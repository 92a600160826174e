/* SPDX-License-Identifier: MIT
 *
 * The options that read and write have in common, and the way that they and an
 * allow-list of libpq's own keywords take to the server.
 */
#include "postgres.h"

#define COMMON(member) offsetof(struct pg_common, member)

const struct weir_option pg_opt_url = {
	.size = sizeof(struct weir_option),
	.name = "url",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_SECRET,
	.offset = COMMON(url),
	.help = "where the database is: "
	    "\"postgresql://user:password@host:5432/database?sslmode=...\", or "
	    "\"host=... dbname=...\". Besides host, hostaddr, port, dbname, "
	    "user and password it may hold channel_binding, connect_timeout, "
	    "gssencmode, keepalives, keepalives_count, keepalives_idle, "
	    "keepalives_interval, krbsrvname, passfile, requirepeer, sslcert, "
	    "sslcompression, sslcrl, sslcrldir, sslkey, "
	    "ssl_max_protocol_version, ssl_min_protocol_version, sslmode, "
	    "sslpassword, sslrootcert, sslsni and tcp_user_timeout. What it "
	    "does not say, libpq takes from PGHOST, PGPASSWORD and so on, and "
	    "from ~/.pgpass",
};

const struct weir_option pg_opt_password = {
	.size = sizeof(struct weir_option),
	.name = "password",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_SECRET,
	.offset = COMMON(password),
	.help = "the user's password, where the url does not hold it",
};

const struct weir_option pg_opt_connect_timeout = {
	.size = sizeof(struct weir_option),
	.name = "connect_timeout",
	.type = WEIR_OPT_DURATION,
	.min = 1e6,
	.max = 600e6,
	.def = "10s",
	.offset = COMMON(connect_timeout),
	.help = "how long a connection may take to be made, before it is tried "
	    "again",
};

static const char *const sslmodes[] = { "disable", "allow", "prefer", "require",
	"verify-ca", "verify-full", NULL };

const struct weir_option pg_opt_tls[PG_NTLS] = {
	[0] = { .size = sizeof(struct weir_option), .name = "sslmode",
		.type = WEIR_OPT_STRING, .choices = sslmodes,
		.offset = COMMON(tls[0]),
		.help = "disable, allow, prefer, require, verify-ca or "
		    "verify-full: only the last makes sure who answers; "
		    "prefer when neither this nor the url says" },
	[1] = { .size = sizeof(struct weir_option), .name = "sslrootcert",
		.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_LOCAL_FILE,
		.offset = COMMON(tls[1]),
		.help = "file with the certificates of those to trust" },
	[2] = { .size = sizeof(struct weir_option), .name = "sslcert",
		.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_LOCAL_FILE,
		.offset = COMMON(tls[2]),
		.help = "file with this client's certificate" },
	[3] = { .size = sizeof(struct weir_option), .name = "sslkey",
		.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_LOCAL_FILE,
		.offset = COMMON(tls[3]),
		.help = "file with this client's private key" },
	[4] = { .size = sizeof(struct weir_option), .name = "sslpassword",
		.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_SECRET,
		.offset = COMMON(tls[4]),
		.help = "what opens the private key" },
};

/* What the url may hold. */
static const char *const allowed[] = { "channel_binding", "connect_timeout",
	"dbname", "gssencmode", "gsslib", "host", "hostaddr", "keepalives",
	"keepalives_count", "keepalives_idle", "keepalives_interval",
	"krbsrvname", "passfile", "password", "port", "require_auth",
	"requirepeer", "ssl_max_protocol_version", "ssl_min_protocol_version",
	"sslcert", "sslcompression", "sslcrl", "sslcrldir", "sslkey",
	"sslmode", "sslpassword", "sslrootcert", "sslsni", "tcp_user_timeout",
	"user", NULL };

static bool
is_allowed(const char *key)
{
	for (size_t i = 0; allowed[i] != NULL; i++)
		if (strcmp(allowed[i], key) == 0)
			return true;
	return false;
}

/* A C string of the option, kept in the way's own room. */
static const char *
keep(struct pg_way *wa, const struct weir_str *s)
{
	char *to = wa->text + wa->used;

	if (s->len >= sizeof(wa->text) - wa->used)
		return "";
	pg_text(s, to, s->len + 1);
	wa->used += s->len + 1;
	return to;
}

void
pg_way_put(struct pg_way *wa, const char *key, const char *value)
{
	int i;

	for (i = 0; i < wa->n; i++)
		if (strcmp(wa->keys[i], key) == 0)
			break;
	if (i + 1 >= (int)(sizeof(wa->keys) / sizeof(*wa->keys)))
		return;
	wa->keys[i] = key;
	wa->values[i] = value;
	if (i == wa->n)
		wa->n++;
}

static void
put_default(struct pg_way *wa, const char *key, const char *value)
{
	for (int i = 0; i < wa->n; i++)
		if (strcmp(wa->keys[i], key) == 0)
			return;
	pg_way_put(wa, key, value);
}

/* libpq's own text on a url would show it. */
static int
way_parse(struct pg_way *wa, const struct weir_host *host,
    const struct pg_common *co, struct weir_err *err)
{
	PQconninfoOption *o;
	char url[2048];

	if (co->url.len >= sizeof(url) ||
	    memchr(weir_str_data(&co->url), '\0', co->url.len) != NULL)
		return host->fail(err, WEIR_NOWHERE, "postgres.url",
		    "the url is too long, or has a NUL in it");
	wa->parsed = PQconninfoParse(pg_text(&co->url, url, sizeof(url)),
	    NULL);
	if (wa->parsed == NULL)
		return host->fail(err, WEIR_NOWHERE, "postgres.url",
		    "the url can't be read: expected "
		    "postgresql://user:password@host:port/database or "
		    "host=... dbname=...; what is not a letter or digit in a "
		    "password is written as %%40");
	for (o = wa->parsed; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (!is_allowed(o->keyword))
			return host->fail(err, WEIR_NOWHERE, "postgres.url",
			    "'%s' can't be set by the url; what may be is "
			    "listed in weir-postgres(7)", o->keyword);
		pg_way_put(wa, o->keyword, o->val);
	}
	return WEIR_OK;
}

int
pg_way_init(struct pg_way *wa, const struct weir_host *host,
    const struct pg_common *co, struct weir_err *err)
{
	char seconds[24];
	struct weir_str s;

	memset(wa, 0, sizeof(*wa));
	if (way_parse(wa, host, co, err) != WEIR_OK)
		return WEIR_ERROR;
	for (int i = 0; i < PG_NTLS; i++)
		if (co->tls[i].len > 0)
			pg_way_put(wa, pg_opt_tls[i].name,
			    keep(wa, &co->tls[i]));
	if (co->password.len > 0)
		pg_way_put(wa, "password", keep(wa, &co->password));
	snprintf(seconds, sizeof(seconds), "%lld",
	    (long long)(co->connect_timeout + 999999) / 1000000);
	s = weir_str_make(seconds, strlen(seconds));
	put_default(wa, "connect_timeout", keep(wa, &s));
	/* A server that is gone without a word is noticed. */
	put_default(wa, "keepalives_idle", "30");
	put_default(wa, "keepalives_interval", "10");
	put_default(wa, "keepalives_count", "3");
	put_default(wa, "tcp_user_timeout", "45000");
	pg_way_put(wa, "client_encoding", "UTF8");
	return WEIR_OK;
}

void
pg_way_fini(struct pg_way *wa)
{
	PQconninfoFree(wa->parsed);
	explicit_bzero(wa->text, sizeof(wa->text));
	wa->parsed = NULL;
	wa->n = 0;
}

/* Files of the options are seen from the pipeline's file. */
static int
absolute(struct weir_bind *bi, struct weir_str *s, struct weir_err *err)
{
	const char *path;

	if (s->len == 0)
		return WEIR_OK;
	path = weir_local_path(bi, *s);
	if (path == NULL)
		return pg_memory(WEIR_BIND_HOST(bi), err);
	*s = weir_str_make(path, strlen(path));
	return WEIR_OK;
}

int
pg_common_bind(struct weir_bind *bi, struct pg_common *co, struct weir_err *err)
{
	struct weir_err why = { .code = "" };
	struct pg_way wa;
	int rc;

	for (int i = 1; i < PG_NTLS - 1; i++)
		if (absolute(bi, &co->tls[i], err) != WEIR_OK)
			return WEIR_ERROR;
	/* `weir check` need not know a secret. */
	if (co->url.len == 0)
		return WEIR_OK;
	rc = pg_way_init(&wa, WEIR_BIND_HOST(bi), co, &why);
	pg_way_fini(&wa);
	if (rc == WEIR_OK)
		return WEIR_OK;
	return weir_option_fail(bi, "url", err, why.code, "%s", why.text);
}
