/* SPDX-License-Identifier: MIT
 *
 * The options that read and write have in common, and the way that these and
 * an allow-list of tuning properties take into librdkafka's configuration.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "kafka.h"

#define COMMON(member) offsetof(struct kafka_common, member)

const struct weir_option kafka_opt_brokers = {
	.size = sizeof(struct weir_option),
	.name = "brokers",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_SERVERS,
	.offset = COMMON(brokers),
	.help = "host:port, several parted by commas, or \"embedded\": a broker "
	    "inside the process, for trying things out, with 12 partitions a "
	    "topic and 5 MiB of memory for each",
};

const struct weir_option kafka_opt_topic = {
	.size = sizeof(struct weir_option),
	.name = "topic",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_TARGET |
	    WEIR_OPTF_STATE,
	.offset = COMMON(topic),
	.help = "the topic's name",
};

const struct weir_option kafka_opt_client_id = {
	.size = sizeof(struct weir_option),
	.name = "client_id",
	.type = WEIR_OPT_STRING,
	.def = "\"weir\"",
	.offset = COMMON(client_id),
	.help = "the name by which brokers log and limit this client",
};

const struct weir_option kafka_opt_properties = {
	.size = sizeof(struct weir_option),
	.name = "properties",
	.type = WEIR_OPT_PAIRS,
	.offset = COMMON(properties),
	.help = "further properties of librdkafka, with _ for each point: "
	    "{ socket_timeout_ms: \"60000\" }; only such as change neither "
	    "what is delivered nor what is run. For both stages: "
	    "connections_max_idle_ms, message_max_bytes, "
	    "receive_message_max_bytes, reconnect_backoff_ms, "
	    "reconnect_backoff_max_ms, socket_connection_setup_timeout_ms, "
	    "socket_keepalive_enable, socket_receive_buffer_bytes, "
	    "socket_send_buffer_bytes, socket_timeout_ms; for read: "
	    "client_rack, fetch_error_backoff_ms, fetch_max_bytes, "
	    "fetch_message_max_bytes, fetch_min_bytes, fetch_wait_max_ms, "
	    "queued_min_messages; for write: batch_num_messages, "
	    "compression_level, max_in_flight_requests_per_connection, "
	    "queue_buffering_max_kbytes, queue_buffering_max_messages, "
	    "request_timeout_ms, retry_backoff_ms, "
	    "sticky_partitioning_linger_ms",
};

#define TEXT(i, option, text)                                                  \
	[i] = { .size = sizeof(struct weir_option), .name = option,            \
		.type = WEIR_OPT_STRING, .offset = COMMON(security[i]),        \
		.help = text }
#define FILE_NAME(i, option, text)                                             \
	[i] = { .size = sizeof(struct weir_option), .name = option,            \
		.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_LOCAL_FILE,        \
		.offset = COMMON(security[i]), .help = text }
#define SECRET(i, option, text)                                                \
	[i] = { .size = sizeof(struct weir_option), .name = option,            \
		.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_SECRET,            \
		.offset = COMMON(security[i]), .help = text }

static const char *const protocols[] = { "plaintext", "ssl", "sasl_plaintext",
	"sasl_ssl", NULL };
static const char *const oauth_methods[] = { "default", "oidc", NULL };
static const char *const yes_no[] = { "true", "false", NULL };
static const char *const endpoint_checks[] = { "https", "none", NULL };

#define MECHANISM 1

/* Each is librdkafka's property of that name with points for underscores. */
const struct weir_option kafka_opt_security[KAFKA_NSECURITY] = {
	[0] = { .size = sizeof(struct weir_option), .name = "security_protocol",
		.type = WEIR_OPT_STRING, .choices = protocols,
		.offset = COMMON(security[0]),
		.help = "plaintext, ssl, sasl_plaintext or sasl_ssl; plaintext "
		    "when not given" },
	TEXT(MECHANISM, "sasl_mechanism",
	    "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER"),
	TEXT(2, "sasl_username", "name for PLAIN and SCRAM"),
	SECRET(3, "sasl_password", "password for PLAIN and SCRAM"),
	TEXT(4, "sasl_kerberos_service_name", "the brokers' Kerberos name"),
	TEXT(5, "sasl_kerberos_principal", "this client's Kerberos name"),
	FILE_NAME(6, "sasl_kerberos_keytab", "Kerberos keytab file"),
	[7] = { .size = sizeof(struct weir_option),
		.name = "sasl_oauthbearer_method",
		.type = WEIR_OPT_STRING, .choices = oauth_methods,
		.offset = COMMON(security[7]),
		.help = "default or oidc" },
	SECRET(8, "sasl_oauthbearer_config", "settings of the default method"),
	TEXT(9, "sasl_oauthbearer_client_id", "oidc: the client's id"),
	SECRET(10, "sasl_oauthbearer_client_secret", "oidc: its secret"),
	TEXT(11, "sasl_oauthbearer_scope", "oidc: the scope asked for"),
	TEXT(12, "sasl_oauthbearer_extensions", "oidc: name=value pairs"),
	TEXT(13, "sasl_oauthbearer_token_endpoint_url", "oidc: where to ask"),
	FILE_NAME(14, "ssl_ca_location", "certificates of those to trust"),
	TEXT(15, "ssl_ca_pem", "the same as PEM text"),
	FILE_NAME(16, "ssl_certificate_location", "this client's certificate"),
	TEXT(17, "ssl_certificate_pem", "the same as PEM text"),
	FILE_NAME(18, "ssl_key_location", "this client's private key"),
	SECRET(19, "ssl_key_pem", "the same as PEM text"),
	SECRET(20, "ssl_key_password", "what opens the private key"),
	FILE_NAME(21, "ssl_keystore_location", "PKCS#12 key store"),
	SECRET(22, "ssl_keystore_password", "what opens the key store"),
	FILE_NAME(23, "ssl_crl_location", "certificates that were revoked"),
	TEXT(24, "ssl_cipher_suites", "OpenSSL list of ciphers"),
	TEXT(25, "ssl_curves_list", "OpenSSL list of curves"),
	TEXT(26, "ssl_sigalgs_list", "OpenSSL list of signatures"),
	[27] = { .size = sizeof(struct weir_option),
		.name = "ssl_endpoint_identification_algorithm",
		.type = WEIR_OPT_STRING, .choices = endpoint_checks,
		.def = "https", .offset = COMMON(security[27]),
		.help = "whether a broker's certificate must be for its host "
		    "name: https yes, none no" },
	[28] = { .size = sizeof(struct weir_option),
		.name = "enable_ssl_certificate_verification",
		.type = WEIR_OPT_STRING, .choices = yes_no,
		.offset = COMMON(security[28]),
		.help = "\"false\" takes any broker's certificate; \"true\" "
		    "when not given" },
	[29] = { .size = sizeof(struct weir_option),
		.name = "broker_address_family",
		.type = WEIR_OPT_STRING, .offset = COMMON(security[29]),
		.help = "any, v4 or v6; any when not given" },
};

/* What `properties:` may hold. */
static const struct {
	const char *name;
	int roles;
} tunable[] = {
	{ "batch.num.messages", KAFKA_WRITES },
	{ "client.rack", KAFKA_READS },
	{ "compression.level", KAFKA_WRITES },
	{ "connections.max.idle.ms", KAFKA_READS | KAFKA_WRITES },
	{ "fetch.error.backoff.ms", KAFKA_READS },
	{ "fetch.max.bytes", KAFKA_READS },
	{ "fetch.message.max.bytes", KAFKA_READS },
	{ "fetch.min.bytes", KAFKA_READS },
	{ "fetch.wait.max.ms", KAFKA_READS },
	{ "max.in.flight.requests.per.connection", KAFKA_WRITES },
	{ "message.max.bytes", KAFKA_READS | KAFKA_WRITES },
	{ "queue.buffering.max.kbytes", KAFKA_WRITES },
	{ "queue.buffering.max.messages", KAFKA_WRITES },
	{ "queued.min.messages", KAFKA_READS },
	{ "receive.message.max.bytes", KAFKA_READS | KAFKA_WRITES },
	{ "reconnect.backoff.max.ms", KAFKA_READS | KAFKA_WRITES },
	{ "reconnect.backoff.ms", KAFKA_READS | KAFKA_WRITES },
	{ "request.timeout.ms", KAFKA_WRITES },
	{ "retry.backoff.ms", KAFKA_WRITES },
	{ "socket.connection.setup.timeout.ms", KAFKA_READS | KAFKA_WRITES },
	{ "socket.keepalive.enable", KAFKA_READS | KAFKA_WRITES },
	{ "socket.receive.buffer.bytes", KAFKA_READS | KAFKA_WRITES },
	{ "socket.send.buffer.bytes", KAFKA_READS | KAFKA_WRITES },
	{ "socket.timeout.ms", KAFKA_READS | KAFKA_WRITES },
	{ "sticky.partitioning.linger.ms", KAFKA_WRITES },
};

const char *
kafka_text(const struct weir_str *s, char *to, size_t room)
{
	size_t n = s->len < room ? s->len : room - 1;

	memcpy(to, weir_str_data(s), n);
	to[n] = '\0';
	return to;
}

bool
kafka_is_embedded(const struct kafka_common *co)
{
	return co->brokers.len == 8 &&
	    memcmp(weir_str_data(&co->brokers), "embedded", 8) == 0;
}

/* The name with points for underscores. */
static const char *
pointed(const char *name, char *to, size_t room)
{
	size_t i;

	for (i = 0; name[i] != '\0' && i + 1 < room; i++)
		to[i] = name[i] == '_' ? '.' : name[i];
	to[i] = '\0';
	return to;
}

/* The allowed property that a record's entry names, or NULL. */
static const char *
property(const struct weir_str *name, enum kafka_role role)
{
	char text[64], dotted[64];

	pointed(kafka_text(name, text, sizeof(text)), dotted, sizeof(dotted));
	for (size_t i = 0; i < sizeof(tunable) / sizeof(*tunable); i++)
		if (strcmp(tunable[i].name, dotted) == 0 &&
		    (tunable[i].roles & role) != 0)
			return tunable[i].name;
	return NULL;
}

/* A topic's name as brokers want it: KIP-29, org.apache.kafka Topic.java. */
bool
kafka_topic_ok(const struct weir_str *s)
{
	const char *p = weir_str_data(s);

	if (s->len == 0 || s->len >= KAFKA_NAME_MAX ||
	    (s->len == 1 && p[0] == '.') ||
	    (s->len == 2 && p[0] == '.' && p[1] == '.'))
		return false;
	for (uint32_t i = 0; i < s->len; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= 'A' && p[i] <= 'Z') ||
		    (p[i] >= '0' && p[i] <= '9') ||
		    p[i] == '.' || p[i] == '_' || p[i] == '-'))
			return false;
	return true;
}

static int
bind_properties(struct weir_bind *bi, const struct kafka_common *co,
    enum kafka_role role, struct weir_err *err)
{
	const struct weir_pair *pa = co->properties.items;
	char name[64];

	for (size_t i = 0; i < co->properties.n; i++) {
		if (property(&pa[i].name, role) != NULL)
			continue;
		return weir_option_fail(bi, "properties", err,
		    "kafka.property", "'%s' can't be set here; what may be is "
		    "listed in weir-kafka(7), and security, queues and start "
		    "have options of their own",
		    kafka_text(&pa[i].name, name, sizeof(name)));
	}
	return WEIR_OK;
}

/* Each in its place: a wrong value is found by `weir check`. */
static int
bind_values(struct weir_bind *bi, const struct kafka_common *co,
    enum kafka_role role, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	static kafka_settings none = { NULL };
	struct weir_err why = { .code = "" };
	rd_kafka_conf_t *conf;

	conf = kafka_conf_new(host, co, "localhost", none, role, &why);
	if (conf == NULL)
		return weir_option_fail(bi, why.stage, err, "kafka.config",
		    "%s", why.text);
	rd_kafka_conf_destroy(conf);
	return WEIR_OK;
}

/* librdkafka takes any name and fails only when it connects. */
static int
bind_mechanism(struct weir_bind *bi, const struct kafka_common *co,
    struct weir_err *err)
{
	static const char *const names[] = { "PLAIN", "SCRAM-SHA-256",
		"SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER" };
	const struct weir_str *is = &co->security[MECHANISM];
	char text[80];

	if (is->len == 0)
		return WEIR_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == is->len &&
		    memcmp(names[i], weir_str_data(is), is->len) == 0)
			return WEIR_OK;
	return weir_option_fail(bi, "sasl_mechanism", err, "kafka.mechanism",
	    "\"%s\" is no mechanism: expected PLAIN, SCRAM-SHA-256, "
	    "SCRAM-SHA-512, GSSAPI or OAUTHBEARER",
	    kafka_text(is, text, sizeof(text)));
}

int
kafka_common_bind(struct weir_bind *bi, struct kafka_common *co,
    enum kafka_role role, struct weir_err *err)
{
	char name[KAFKA_NAME_MAX + 8];

	if (co->brokers.len == 0)
		return weir_option_fail(bi, "brokers", err, "kafka.brokers",
		    "expected host:port, found an empty text");
	if (!kafka_topic_ok(&co->topic))
		return weir_option_fail(bi, "topic", err, "kafka.topic",
		    "'%s' is no topic name: expected 1 to 249 letters, digits, "
		    "points, underscores and hyphens",
		    kafka_text(&co->topic, name, sizeof(name)));
	for (size_t i = 0; i < KAFKA_NSECURITY; i++) {
		const char *path;

		if (!(kafka_opt_security[i].flags & WEIR_OPTF_LOCAL_FILE) ||
		    co->security[i].len == 0)
			continue;
		path = weir_local_path(bi, co->security[i]);
		if (path == NULL)
			return weir_option_fail(bi, kafka_opt_security[i].name,
			    err, "memory", "out of memory");
		co->security[i] = weir_str_make(path, strlen(path));
	}
	if (bind_mechanism(bi, co, err) != WEIR_OK ||
	    bind_properties(bi, co, role, err) != WEIR_OK)
		return WEIR_ERROR;
	return bind_values(bi, co, role, err);
}

bool
kafka_is_scram(const struct kafka_common *co)
{
	const struct weir_str *is = &co->security[MECHANISM];

	return is->len > 5 && memcmp(weir_str_data(is), "SCRAM", 5) == 0;
}

/* librdkafka says of them no more than that they failed. */
int
kafka_files_there(const struct weir_host *host, const struct kafka_common *co,
    struct weir_err *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < KAFKA_NSECURITY; i++) {
		const struct weir_option *op = &kafka_opt_security[i];

		if ((op->flags & WEIR_OPTF_LOCAL_FILE) == 0 ||
		    co->security[i].len == 0)
			continue;
		kafka_text(&co->security[i], path, sizeof(path));
		if (access(path, R_OK) != 0)
			return host->fail(err, WEIR_NOWHERE, "kafka.file",
			    "%s: %s can't be read: %s", op->name, path,
			    strerror(errno));
	}
	return WEIR_OK;
}

int
kafka_conf_set(const struct weir_host *host, rd_kafka_conf_t *conf,
    const char *name, const char *value, struct weir_err *err)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return WEIR_OK;
	return host->fail(err, WEIR_NOWHERE, "kafka.config",
	    "librdkafka refuses %s: %s", name, why);
}

void
kafka_conf_try(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	(void)rd_kafka_conf_set(conf, name, value, why, sizeof(why));
}

/* One of the user's.  Its text is not repeated in the error when secret, and
 * err->stage says which option it was. */
static int
set_text(const struct weir_host *host, rd_kafka_conf_t *conf,
    const char *option, const char *name, const struct weir_str *value,
    bool secret, struct weir_err *err)
{
	char *text = host->alloc((size_t)value->len + 1), why[256];
	rd_kafka_conf_res_t rc;

	if (text == NULL)
		return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
	rc = rd_kafka_conf_set(conf, name,
	    kafka_text(value, text, (size_t)value->len + 1), why, sizeof(why));
	if (secret)
		memset(text, 0, value->len);
	host->free(text);
	if (rc == RD_KAFKA_CONF_OK)
		return WEIR_OK;
	host->fail(err, WEIR_NOWHERE, "kafka.config", "%s: %s", name,
	    secret ? "librdkafka refuses the value" : why);
	if (err != NULL)
		snprintf(err->stage, sizeof(err->stage), "%s", option);
	return WEIR_ERROR;
}

static int
set_users(const struct weir_host *host, rd_kafka_conf_t *conf,
    const struct kafka_common *co, enum kafka_role role, struct weir_err *err)
{
	const struct weir_pair *pa = co->properties.items;
	char name[64];

	for (size_t i = 0; i < KAFKA_NSECURITY; i++) {
		const struct weir_option *op = &kafka_opt_security[i];

		if (co->security[i].len > 0 &&
		    set_text(host, conf, op->name,
		    pointed(op->name, name, sizeof(name)), &co->security[i],
		    (op->flags & WEIR_OPTF_SECRET) != 0, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	for (size_t i = 0; i < co->properties.n; i++) {
		const char *known = property(&pa[i].name, role);

		if (known != NULL && set_text(host, conf, "properties", known,
		    &pa[i].value, false, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	if (co->client_id.len > 0)
		return set_text(host, conf, "client_id", "client.id",
		    &co->client_id, false, err);
	return WEIR_OK;
}

rd_kafka_conf_t *
kafka_conf_new(const struct weir_host *host, const struct kafka_common *co,
    const char *brokers, kafka_settings settings, enum kafka_role role,
    struct weir_err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	int rc = kafka_conf_set(host, conf, "bootstrap.servers", brokers, err);

	for (; rc == WEIR_OK && *settings != NULL; settings += 2)
		rc = kafka_conf_set(host, conf, settings[0], settings[1], err);
	if (rc == WEIR_OK)
		rc = set_users(host, conf, co, role, err);
	if (rc == WEIR_OK)
		return conf;
	rd_kafka_conf_destroy(conf);
	return NULL;
}
