/* SPDX-License-Identifier: MIT */
/*
 * What the bare Kafka benchmarks share: options `-X name=value` on a librdkafka
 * configuration, and leaving with one line when something fails.
 */
#ifndef WEIR_BENCH_KAFKA_CONF_H
#define WEIR_BENCH_KAFKA_CONF_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

static inline _Noreturn void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static inline void
conf_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		die("%s=%s: %s", name, value, why);
}

/* A table of name, value, name, value, ..., NULL. */
static inline void
conf_table(rd_kafka_conf_t *conf, const char *const *table)
{
	for (; *table != NULL; table += 2)
		conf_set(conf, table[0], table[1]);
}

/* `name=value`; `arg` is cut in two. */
static inline void
conf_arg(rd_kafka_conf_t *conf, char *arg)
{
	char *eq = strchr(arg, '=');

	if (eq == NULL)
		die("-X wants name=value, found '%s'", arg);
	*eq = '\0';
	conf_set(conf, arg, eq + 1);
}

static inline rd_kafka_t *
client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char why[256];
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));

	if (rk == NULL)
		die("%s", why);
	return rk;
}

/* How many partitions the topic has. */
static inline int
client_partitions(rd_kafka_t *rk, const char *topic)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
	rd_kafka_resp_err_t err;
	int n;

	err = rd_kafka_metadata(rk, 0, rkt, &md, 10000);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("metadata: %s", rd_kafka_err2str(err));
	n = md->topic_cnt == 1 ? md->topics[0].partition_cnt : 0;
	if (n == 0)
		die("topic %s: not there", topic);
	rd_kafka_metadata_destroy(md);
	rd_kafka_topic_destroy(rkt);
	return n;
}

#endif
