/* SPDX-License-Identifier: MIT
 *
 * kafka.write: its options, and what `weir check` finds out.
 */
#include <stdio.h>

#include "once.h"

#define OPTION(member) offsetof(struct write_config, member)

/* The orders are those of the tables in sink.c. */
static const char *const codecs[] = { "lz4", "zstd", "snappy", "gzip", "none",
	NULL };
static const char *const partitioners[] = { "murmur2_random", "murmur2",
	"consistent_random", "consistent", "fnv1a_random", "fnv1a", "random",
	NULL };
static const char *const deliveries[] = { "at_least_once", "exactly_once",
	NULL };

static const struct weir_option opt_key = {
	.size = sizeof(struct weir_option),
	.name = "key",
	.type = WEIR_OPT_EXPR,
	.offset = OPTION(key),
	.help = "the record's key: text, bytes, or an integer, written as "
	    "text; none when null or not given",
};

static const struct weir_option opt_value = {
	.size = sizeof(struct weir_option),
	.name = "value",
	.type = WEIR_OPT_EXPR,
	.offset = OPTION(value),
	.help = "the record's value: text or bytes; the column `value`, as "
	    "encoders make it, when not given; null writes a record without "
	    "value, which in a compacted topic deletes its key",
};

static const struct weir_option opt_headers = {
	.size = sizeof(struct weir_option),
	.name = "headers",
	.type = WEIR_OPT_EXPR,
	.offset = OPTION(headers),
	.help = "the record's headers, a map of bytes or text",
};

static const struct weir_option opt_add_headers = {
	.size = sizeof(struct weir_option),
	.name = "add_headers",
	.type = WEIR_OPT_NAMED,
	.offset = OPTION(add_headers),
	.help = "further headers, { name: expression } of text or bytes",
};

static const struct weir_option opt_timestamp = {
	.size = sizeof(struct weir_option),
	.name = "timestamp",
	.type = WEIR_OPT_EXPR,
	.type_text = "timestamp",
	.offset = OPTION(timestamp),
	.help = "the record's time stamp; the time of writing when null or not "
	    "given",
};

static const struct weir_option opt_partition = {
	.size = sizeof(struct weir_option),
	.name = "partition",
	.type = WEIR_OPT_EXPR,
	.type_text = "int64",
	.offset = OPTION(partition),
	.help = "the partition's number; chosen by the key when null or not "
	    "given",
};

static const struct weir_option opt_partitioner = {
	.size = sizeof(struct weir_option),
	.name = "partitioner",
	.type = WEIR_OPT_ENUM,
	.choices = partitioners,
	.def = "murmur2_random",
	.offset = OPTION(partitioner),
	.help = "how a key chooses its partition: murmur2_random as the Java "
	    "client does, consistent_random as librdkafka does by default",
};

static const struct weir_option opt_compression = {
	.size = sizeof(struct weir_option),
	.name = "compression",
	.type = WEIR_OPT_ENUM,
	.choices = codecs,
	.def = "lz4",
	.offset = OPTION(compression),
	.help = "how batches are compressed",
};

static const struct weir_option opt_delivery = {
	.size = sizeof(struct weir_option),
	.name = "delivery",
	.type = WEIR_OPT_ENUM,
	.flags = WEIR_OPTF_STATE,
	.choices = deliveries,
	.def = "at_least_once",
	.offset = OPTION(delivery),
	.help = "at_least_once: in order and without doubles while the process "
	    "lives; rows of an epoch that was cut off by a crash are written "
	    "again. exactly_once: one transaction an epoch, so that who reads "
	    "committed records only sees each row once",
};

static const struct weir_option opt_marker_topic = {
	.size = sizeof(struct weir_option),
	.name = "marker_topic",
	.type = WEIR_OPT_STRING,
	.def = "\"_weir_markers\"",
	.offset = OPTION(marker_topic),
	.help = "exactly_once: the compacted topic in which each transaction "
	    "says which epoch it was; made where it is not there",
};

static const struct weir_option opt_linger = {
	.size = sizeof(struct weir_option),
	.name = "linger",
	.type = WEIR_OPT_DURATION,
	.min = 0,
	.max = 60e6,
	.def = "20ms",
	.offset = OPTION(linger),
	.help = "how long a batch waits for more records",
};

static const struct weir_option opt_batch = {
	.size = sizeof(struct weir_option),
	.name = "batch",
	.type = WEIR_OPT_SIZE,
	.unit = "bytes",
	.min = 1,
	.max = 1 << 30,
	.def = "1000000",
	.offset = OPTION(batch),
	.help = "the most bytes of one batch of records",
};

static const struct weir_option opt_max_message = {
	.size = sizeof(struct weir_option),
	.name = "max_message",
	.type = WEIR_OPT_SIZE,
	.unit = "bytes",
	.min = 1000,
	.max = 1000000000,
	.def = "1000000",
	.offset = OPTION(max_message),
	.help = "a record with a longer key and value is rejected; not more "
	    "than the topic's max.message.bytes",
};

static const struct weir_option opt_queue = {
	.size = sizeof(struct weir_option),
	.name = "queue",
	.type = WEIR_OPT_SIZE,
	.unit = "bytes",
	.min = 1 << 20,
	.max = 2.0 * (1 << 30),
	.def = "16MiB",
	.offset = OPTION(queue),
	.help = "how much may wait for the brokers before the pipeline waits",
};

static const struct weir_option *const options[] = {
	&kafka_opt_topic,
	&kafka_opt_brokers,
	&opt_key,
	&opt_value,
	&opt_headers,
	&opt_add_headers,
	&opt_timestamp,
	&opt_partition,
	&opt_partitioner,
	&opt_compression,
	&opt_delivery,
	&opt_marker_topic,
	&opt_linger,
	&opt_batch,
	&opt_max_message,
	&opt_queue,
	&kafka_opt_client_id,
	&kafka_opt_properties,
	KAFKA_SECURITY_OPTIONS,
	NULL
};

/* The column `value` of the input. */
static int
bind_value(struct weir_bind *bi, struct write_config *cf, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_schema *sc = weir_input(bi, 0);
	const struct weir_type *ty = NULL;
	int32_t col;

	if (cf->value != NULL) {
		ty = host->expr_type(cf->value);
		col = host->expr_column_no(cf->value);
		/* A stage that names no column is taken to read all. */
		if (weir_reads(bi, 0, col >= 0 ? (uint32_t)col : 0) != WEIR_OK)
			return WEIR_ERROR;
	}
	for (uint32_t i = 0; i < sc->ncols && cf->value == NULL; i++)
		if (strcmp(sc->cols[i].name, "value") == 0) {
			ty = sc->cols[i].type;
			cf->value_col = i;
			if (weir_reads(bi, 0, i) != WEIR_OK)
				return WEIR_ERROR;
		}
	if (ty == NULL)
		return weir_option_fail(bi, "value", err, "kafka.value",
		    "there is no column 'value'; encode the rows first, say "
		    "with json.encode(), or write value: with an expression");
	if (!weir_type_textual(ty))
		return weir_option_fail(bi, "value", err, "kafka.value",
		    "a record's value is text or bytes; encode the rows first, "
		    "say with json.encode()");
	return WEIR_OK;
}

static int
bind_key(struct weir_bind *bi, const struct write_config *cf,
    struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_type *ty;

	if (weir_input(bi, 0)->kind == WEIR_CHANGES && cf->key == NULL)
		return weir_option_fail(bi, "key", err, "kafka.key",
		    "a stream of changes needs key: so that deletes have one");
	if (cf->key == NULL)
		return WEIR_OK;
	ty = host->expr_type(cf->key);
	if (weir_type_textual(ty) || ty->kind == WEIR_INT32 ||
	    ty->kind == WEIR_INT64)
		return WEIR_OK;
	return weir_option_fail(bi, "key", err, "kafka.key",
	    "a record's key is text, bytes or an integer; write key: "
	    "cast(... as string)");
}

static int
bind_headers(struct weir_bind *bi, const struct write_config *cf,
    struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_named *na = cf->add_headers.items;
	const struct weir_type *ty;

	if (cf->headers != NULL) {
		ty = host->expr_type(cf->headers);
		if (ty->kind != WEIR_MAP ||
		    !weir_type_textual(ty->fields[1].type))
			return weir_option_fail(bi, "headers", err,
			    "kafka.headers", "expected a map of bytes or text; "
			    "single headers go into add_headers: { ... }");
	}
	for (size_t i = 0; i < cf->add_headers.n; i++)
		if (!weir_type_textual(host->expr_type(na[i].expr)))
			return host->fail(err, na[i].span, "kafka.headers",
			    "header '%s' must be text or bytes", na[i].name);
	return WEIR_OK;
}

static int
bind_once(struct weir_bind *bi, const struct write_config *cf,
    struct weir_err *err)
{
	char name[KAFKA_NAME_MAX + 8];

	if (kafka_is_embedded(&cf->common))
		return weir_option_fail(bi, "delivery", err, "kafka.delivery",
		    "the embedded Kafka forgets all when the process ends, so "
		    "that nothing is delivered once; leave out delivery:, or "
		    "name brokers");
	if (!kafka_topic_ok(&cf->marker_topic))
		return weir_option_fail(bi, "marker_topic", err, "kafka.topic",
		    "'%s' is no topic name: expected 1 to 249 letters, digits, "
		    "points, underscores and hyphens",
		    kafka_text(&cf->marker_topic, name, sizeof(name)));
	weir_sink_spool(bi);
	return WEIR_OK;
}

static int
write_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct write_config *cf = config;

	if (cf->partition != NULL && cf->partitioner != 0)
		return weir_option_fail(bi, "partitioner", err,
		    "kafka.partitioner", "expected partition: or partitioner:, "
		    "found both");
	if (kafka_common_bind(bi, &cf->common, KAFKA_WRITES, err) != WEIR_OK ||
	    bind_value(bi, cf, err) != WEIR_OK ||
	    bind_key(bi, cf, err) != WEIR_OK ||
	    bind_headers(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	return cf->delivery == EXACTLY_ONCE ? bind_once(bi, cf, err) : WEIR_OK;
}

/* The markers' topic is there, or may be made. */
static int
probe_once(struct weir_bind *bi, const struct write_config *cf,
    struct weir_err *err)
{
	struct weir_err why = { .code = "" };

	if (kafka_marker_topic(WEIR_BIND_HOST(bi), cf, KAFKA_MARKER_PROBE,
	    &why) == WEIR_OK)
		return WEIR_OK;
	return weir_option_fail(bi, "marker_topic", err, why.code, "%s",
	    why.text);
}

/* A topic that is not there may be made by the brokers when it is written. */
static int
write_probe(struct weir_bind *bi, const void *config, struct weir_err *err)
{
	const struct write_config *cf = config;
	int rc, n = 0;

	rc = kafka_common_probe(bi, &cf->common, KAFKA_WRITES, &n, err);
	if (rc != WEIR_OK && strcmp(err->code, "kafka.topic") == 0)
		rc = WEIR_OK;
	return rc == WEIR_OK && cf->delivery == EXACTLY_ONCE ?
	    probe_once(bi, cf, err) : rc;
}

const struct weir_stage_type kafka_write_type = {
	.size = sizeof(struct weir_stage_type),
	.verb = "write",
	.summary = "a record of a Kafka topic for each row",
	.help = "Encode the rows first: json.encode() and avro.encode() make "
	    "the column `value` and keep the others, so that key:, headers:, "
	    "timestamp: and partition: may name them.\n"
	    "\n"
	    "Records are written by an idempotent producer: in order within a "
	    "partition, and once while the process lives, however often the "
	    "brokers go away. An epoch is done when the brokers have "
	    "acknowledged every record of it.\n"
	    "\n"
	    "With delivery: exactly_once the rows of an epoch are kept on disk "
	    "until it is decided, and then written in one transaction of the "
	    "transactional id weir-PIPELINE-SINK, together with a marker: a "
	    "record of the topic marker_topic, which says which epoch it was. "
	    "A start reads the marker and writes what is missing; so each row "
	    "is there once for readers with isolation.level=read_committed, "
	    "whatever was killed meanwhile. An epoch without rows is a "
	    "transaction with its marker alone. The markers' topic has one "
	    "partition and cleanup.policy=compact, may serve any number of "
	    "pipelines, and must not be deleted: without its marker a sink that "
	    "has written before refuses to start. A second process with the "
	    "same id is told apart by the brokers, and the older one stops. "
	    "Rights needed besides those to the topic: to create, read and "
	    "write the markers' topic, and to use the transactional id. Rows "
	    "that the brokers refuse for what they are (too long, without the "
	    "key that a compacted topic wants, with a time stamp that the "
	    "topic does not allow) are rejected with the brokers' reason, and "
	    "the others are written; with at_least_once such a row stops the "
	    "pipeline.\n"
	    "\n"
	    "A stream of changes is written as a compacted topic wants it: a "
	    "row that deletes is a record with its key and no value.",
	.example = "schema payment { id: string!, amount: decimal(12, 2) }\n"
	    "kafka.read(\"payments\", brokers: \"localhost:9092\")\n"
	    "    -> json.decode(payment)\n"
	    "    -> where(amount > 100)\n"
	    "    -> json.encode()\n"
	    "    -> kafka.write(\"large\", brokers: \"localhost:9092\", key: id)\n",
	.role = WEIR_SINK,
	.flags = WEIR_STAGEF_CHANGES,
	.options = options,
	.config_size = sizeof(struct write_config),
	.state_size = sizeof(struct sink),
	.bind = write_bind,
	.probe = write_probe,
	.init = kafka_sink_init,
	.fini = kafka_sink_fini,
	.sink = &kafka_sink_ops,
};
