/* SPDX-License-Identifier: MIT
 *
 * kafka.read: its options, its columns, what `weir check` finds out.
 */
#include <stdio.h>

#include "source.h"

#define OPTION(member) offsetof(struct read_config, member)

static const char *const starts[] = { "earliest", "latest", NULL };
static const char *const untils[] = { "never", "end", NULL };
static const char *const losses[] = { "stop", "continue", NULL };

static const struct weir_option opt_start = {
	.size = sizeof(struct weir_option),
	.name = "start",
	.type = WEIR_OPT_STRING,
	.choices = starts,
	.def = "earliest",
	.offset = OPTION(start),
	.help = "where a partition begins of which no state is known: "
	    "earliest, latest, or the first row with that time stamp, "
	    "\"2026-01-31T00:00:00Z\"",
};

static const struct weir_option opt_partitions = {
	.size = sizeof(struct weir_option),
	.name = "partitions",
	.type = WEIR_OPT_INTS,
	.min = 0,
	.max = 1000000,
	.offset = OPTION(partitions),
	.help = "the partitions to read; all, and those that come, when not "
	    "given",
};

static const struct weir_option opt_offsets = {
	.size = sizeof(struct weir_option),
	.name = "offsets",
	.type = WEIR_OPT_INTS,
	.min = 0,
	.max = 9007199254740992.0,
	.offset = OPTION(offsets),
	.help = "where each of the listed partitions begins, in their order",
};

static const struct weir_option opt_until = {
	.size = sizeof(struct weir_option),
	.name = "until",
	.type = WEIR_OPT_ENUM,
	.choices = untils,
	.def = "never",
	.offset = OPTION(until),
	.help = "end: read what is there at the start, close all windows and "
	    "end",
};

static const struct weir_option opt_group = {
	.size = sizeof(struct weir_option),
	.name = "group",
	.type = WEIR_OPT_STRING,
	.offset = OPTION(group),
	.help = "the consumer group under whose name the offsets of published "
	    "epochs are kept, for tools that show lag; no other consumer may "
	    "be in it",
};

static const struct weir_option opt_max_rows = {
	.size = sizeof(struct weir_option),
	.name = "max_rows",
	.type = WEIR_OPT_INT,
	.unit = "rows",
	.min = 0,
	.max = 9007199254740992.0,
	.def = "0",
	.offset = OPTION(max_rows),
	.help = "the most rows of this source in one epoch; 0: no limit",
};

static const struct weir_option opt_queue = {
	.size = sizeof(struct weir_option),
	.name = "queue",
	.type = WEIR_OPT_SIZE,
	.unit = "bytes",
	.min = 1 << 20,
	.max = 2.0 * (1 << 30),
	.def = "8MiB",
	.offset = OPTION(queue),
	.help = "how much may wait between librdkafka and the pipeline, for "
	    "all partitions together; one response of 4 MiB, unpacked, may "
	    "come on top",
};

static const struct weir_option opt_refresh = {
	.size = sizeof(struct weir_option),
	.name = "refresh",
	.type = WEIR_OPT_DURATION,
	.min = 1e6,
	.max = 24 * 3600e6,
	.def = "30s",
	.offset = OPTION(refresh),
	.help = "time between looks for new partitions, which are read from "
	    "their first row",
};

static const struct weir_option opt_on_data_loss = {
	.size = sizeof(struct weir_option),
	.name = "on_data_loss",
	.type = WEIR_OPT_ENUM,
	.choices = losses,
	.def = "stop",
	.offset = OPTION(on_data_loss),
	.help = "what to do when rows that should be read next are no longer "
	    "there, because the topic deleted them or was made anew",
};

/* Its bit in the set of options that were written. */
#define OPTION_START (UINT64_C(1) << 2)

static const struct weir_option *const options[] = {
	&kafka_opt_topic,
	&kafka_opt_brokers,
	&opt_start, /* OPTION_START */
	&opt_partitions,
	&opt_offsets,
	&opt_until,
	&opt_on_data_loss,
	&opt_group,
	&opt_max_rows,
	&opt_queue,
	&opt_refresh,
	&kafka_opt_client_id,
	&kafka_opt_properties,
	KAFKA_SECURITY_OPTIONS,
	NULL
};

/* A decimal number of exactly n digits. */
static bool
digits(const char **p, int n, int *out)
{
	*out = 0;
	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

/* Days since 1970: H. Hinnant, "chrono-compatible date algorithms". */
static int64_t
days(int y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool
date_ok(int y, int m, int d)
{
	static const int len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m >= 1 && m <= 12 && d >= 1 &&
	    d <= len[m - 1] + (m == 2 && leap);
}

/* "Z" or +hh:mm, in minutes. */
static bool
zone(const char **p, int *minutes)
{
	int h, m, sign;

	*minutes = 0;
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	sign = *(*p)++ == '-' ? -1 : 1;
	if (!digits(p, 2, &h) || *(*p)++ != ':' || !digits(p, 2, &m) ||
	    h > 23 || m > 59)
		return false;
	*minutes = sign * (h * 60 + m);
	return true;
}

/* RFC 3339, with a space for T and a date alone allowed; milliseconds, since
 * Kafka's time stamps are.  Fractions are rounded up, so that no row before
 * the time is read. */
static bool
parse_time(const char *p, int64_t *ms)
{
	int y, mo, d, h = 0, mi = 0, s = 0, offset = 0, frac = 0, scale = 100;
	bool more = false;

	if (!digits(&p, 4, &y) || *p++ != '-' || !digits(&p, 2, &mo) ||
	    *p++ != '-' || !digits(&p, 2, &d) || !date_ok(y, mo, d))
		return false;
	if (*p != '\0') {
		if (*p != 'T' && *p != 't' && *p != ' ')
			return false;
		p++;
		if (!digits(&p, 2, &h) || *p++ != ':' || !digits(&p, 2, &mi))
			return false;
		if (*p == ':') {
			p++;
			if (!digits(&p, 2, &s))
				return false;
		}
		if (*p == '.') {
			for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10) {
				frac += scale * (*p - '0');
				more = more || (scale == 0 && *p != '0');
			}
		}
		if (!zone(&p, &offset))
			return false;
	}
	if (*p != '\0' || h > 23 || mi > 59 || s > 60)
		return false;
	*ms = (days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s -
	    (int64_t)offset * 60) * 1000 + frac + more;
	return *ms >= 0;
}

static int
bind_start(struct weir_bind *bi, struct read_config *cf, struct weir_err *err)
{
	char text[64];

	kafka_text(&cf->start, text, sizeof(text));
	if (cf->offsets.n > 0) {
		cf->start_how = START_OFFSETS;
		if (cf->common.config.set & OPTION_START)
			return weir_option_fail(bi, "start", err,
			    "kafka.start", "expected start: or offsets:, found "
			    "both");
		if (cf->offsets.n == cf->partitions.n)
			return WEIR_OK;
		return weir_option_fail(bi, "offsets", err, "kafka.offsets",
		    "expected an offset for each listed partition, found %zu "
		    "for %zu; list them in partitions: [...]", cf->offsets.n,
		    cf->partitions.n);
	}
	if (strcmp(text, "earliest") == 0)
		cf->start_how = START_EARLIEST;
	else if (strcmp(text, "latest") == 0)
		cf->start_how = START_LATEST;
	else if (parse_time(text, &cf->start_ms))
		cf->start_how = START_TIME;
	else
		return weir_option_fail(bi, "start", err, "kafka.start",
		    "expected earliest, latest or a time like "
		    "2026-01-31T00:00:00Z, found '%s'", text);
	return WEIR_OK;
}

static int
bind_partitions(struct weir_bind *bi, const struct read_config *cf,
    struct weir_err *err)
{
	const int64_t *no = cf->partitions.items;

	for (size_t i = 0; i < cf->partitions.n; i++)
		for (size_t k = 0; k < i; k++)
			if (no[k] == no[i])
				return weir_option_fail(bi, "partitions", err,
				    "kafka.partition", "partition %lld is "
				    "listed twice", (long long)no[i]);
	return WEIR_OK;
}

static const struct weir_type *
headers_type(struct weir_bind *bi)
{
	struct weir_field fi[2] = {
		{ .name = "", .required = true,
		    .type = weir_make_type(bi, WEIR_STRING, 0, 0, NULL, 0) },
		{ .name = "",
		    .type = weir_make_type(bi, WEIR_BYTES, 0, 0, NULL, 0) },
	};

	if (fi[0].type == NULL || fi[1].type == NULL)
		return NULL;
	return weir_make_type(bi, WEIR_MAP, 0, 0, fi, 2);
}

static int
bind_columns(struct weir_bind *bi, struct weir_err *err)
{
	static const struct {
		const char *name;
		enum weir_kind kind;
		bool required;
	} col[NCOLUMNS] = {
		[COL_KEY] = { "key", WEIR_BYTES, false },
		[COL_VALUE] = { "value", WEIR_BYTES, false },
		[COL_TOPIC] = { "topic", WEIR_STRING, true },
		[COL_PARTITION] = { "partition", WEIR_INT32, true },
		[COL_OFFSET] = { "offset", WEIR_INT64, true },
		[COL_TIMESTAMP] = { "timestamp", WEIR_TIMESTAMP, false },
		[COL_HEADERS] = { "headers", WEIR_MAP, true },
	};

	for (int i = 0; i < NCOLUMNS; i++) {
		struct weir_field fi = { .name = col[i].name,
			.required = col[i].required };

		fi.type = i == COL_HEADERS ? headers_type(bi) :
		    weir_make_type(bi, col[i].kind, 0, 0, NULL, 0);
		if (fi.type == NULL ||
		    weir_out_field(bi, 0, &fi) != WEIR_OK)
			return WEIR_BIND_HOST(bi)->fail(err, WEIR_NOWHERE,
			    "memory", "out of memory");
	}
	return WEIR_OK;
}

static int
read_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct read_config *cf = config;

	if (kafka_common_bind(bi, &cf->common, KAFKA_READS, err) != WEIR_OK ||
	    bind_start(bi, cf, err) != WEIR_OK ||
	    bind_partitions(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	if (cf->group.len > 249)
		return weir_option_fail(bi, "group", err, "kafka.group",
		    "expected at most 249 bytes, found %u", cf->group.len);
	return bind_columns(bi, err);
}

static int
read_probe(struct weir_bind *bi, const void *config, struct weir_err *err)
{
	const struct read_config *cf = config;
	const int64_t *no = cf->partitions.items;
	int rc, n = 0;

	rc = kafka_common_probe(bi, &cf->common, KAFKA_READS, &n, err);
	for (size_t i = 0; rc == WEIR_OK && n > 0 && i < cf->partitions.n; i++)
		if (no[i] >= n)
			rc = weir_option_fail(bi, "partitions", err,
			    "kafka.partition", "the topic has %d partitions, "
			    "so there is no number %lld", n, (long long)no[i]);
	return rc;
}

const struct weir_stage_type kafka_read_type = {
	.size = sizeof(struct weir_stage_type),
	.verb = "read",
	.summary = "rows of a Kafka topic, as they are",
	.help = "Each message is a row: its key and value as bytes, and where "
	    "it stood. Decode the value with json.decode or avro.decode.\n"
	    "\n"
	    "The stage assigns the partitions itself; it joins no consumer "
	    "group. Only committed messages are read. When brokers go away it "
	    "waits and goes on where it was; it says so once, once a minute, "
	    "and when they are back.\n"
	    "\n"
	    "A pipeline with a state goes on where its journal says; start and "
	    "offsets count for its first run only, and partitions that come "
	    "later are read from their first row. The last row that was read of "
	    "each partition is looked at once more and must be the same. Where "
	    "it is not, where rows that come next were deleted, or where the "
	    "topic ends before, the topic was made anew or cut: the pipeline "
	    "stops and says which offsets are gone. on_data_loss: continue "
	    "counts them as lost and goes on with what there is; a topic that "
	    "was made anew is then read from its first row. A topic that is "
	    "deleted and made again while it is read is found by its id, at "
	    "the next look for new partitions, where librdkafka tells it (2.3 "
	    "and later) and the brokers do (Kafka 2.8 and later); before, only "
	    "while it has fewer rows than were read.\n"
	    "\n"
	    "The end of until: end is taken at the start: where a reader of "
	    "committed messages comes to its end at that moment.",
	.example = "kafka.read(\"payments\", brokers: \"localhost:9092\")\n"
	    "    -> show()\n",
	.role = WEIR_SOURCE,
	.options = options,
	.config_size = sizeof(struct read_config),
	.state_size = sizeof(struct source),
	.bind = read_bind,
	.probe = read_probe,
	.init = kafka_source_init,
	.fini = kafka_source_fini,
	.source = &kafka_source_ops,
};
