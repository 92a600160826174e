/* SPDX-License-Identifier: MIT
 *
 * `brokers: "embedded"`: librdkafka's mock cluster, one a run, shared by all
 * stages that name it.  It keeps 5 MiB a partition and then forgets the oldest
 * rows, so writers count what readers have not yet taken:
 *
 *	written ──────────── at most LANE_MAX ahead ─────────── slowest reader
 */
#include <stdio.h>

#include "kafka.h"
#include <librdkafka/rdkafka_mock.h>

enum {
	LANE_MAX = 4 << 20,	/* of the mock's 5 MiB a partition */
	MESSAGE_OVERHEAD = 32,	/* record framing, a share of the batch's */
	LANES = KAFKA_EMBEDDED_PARTITIONS,
};

struct kafka_pace {
	struct kafka_pace *next; /* of the same topic */
	struct kafka_embedded *em;
	struct topic *topic;
	uint64_t taken[LANES];
};

struct topic {
	struct topic *next;
	char name[KAFKA_NAME_MAX];
	uint64_t written[LANES];
	struct kafka_pace *readers;
};

struct kafka_embedded {
	rd_kafka_mock_cluster_t *cluster; /* first: tests break it */
	const struct weir_host *host;
	pthread_mutex_t lock;
	bool has_lock;
	rd_kafka_t *rk;
	struct topic *topics;
};

static void
embedded_free(void *p)
{
	struct kafka_embedded *em = p;
	const struct weir_host *host = em->host;
	struct topic *to, *next;

	if (em->cluster != NULL)
		rd_kafka_mock_cluster_destroy(em->cluster);
	if (em->rk != NULL)
		rd_kafka_destroy(em->rk);
	for (to = em->topics; to != NULL; to = next) {
		next = to->next;
		host->free(to);
	}
	if (em->has_lock)
		pthread_mutex_destroy(&em->lock);
	host->free(em);
}

static void
quiet(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk;
	(void)level;
	(void)fac;
	(void)text;
}

static void *
embedded_make(void *arg)
{
	const struct weir_stage *st = arg;
	struct kafka_embedded *em = st->host->zalloc(sizeof(*em));
	rd_kafka_conf_t *conf;
	char why[KAFKA_WHY_MAX];

	if (em == NULL)
		return NULL;
	em->host = st->host;
	em->has_lock = pthread_mutex_init(&em->lock, NULL) == 0;
	conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(conf, quiet);
	em->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (em->rk == NULL)
		rd_kafka_conf_destroy(conf);
	else
		em->cluster = rd_kafka_mock_cluster_new(em->rk, 1);
	if (em->has_lock && em->cluster != NULL)
		return em;
	embedded_free(em);
	return NULL;
}

struct kafka_embedded *
kafka_embedded_get(const struct weir_stage *st, struct weir_err *err)
{
	union {
		const void *in;
		void *out;
	} arg = { .in = st };
	struct kafka_embedded *em;

	em = weir_shared(st, "embedded", embedded_make, embedded_free, arg.out);
	if (em == NULL)
		st->host->fail(err, WEIR_NOWHERE, "kafka.embedded",
		    "the embedded Kafka can't be started");
	return em;
}

void
kafka_embedded_put(const struct weir_stage *st)
{
	weir_shared_drop(st, "embedded");
}

const char *
kafka_embedded_brokers(struct kafka_embedded *em)
{
	return rd_kafka_mock_cluster_bootstraps(em->cluster);
}

/* Made when it is not there; NULL when memory is out. */
static struct topic *
topic_get(struct kafka_embedded *em, const char *name)
{
	struct topic *to;

	for (to = em->topics; to != NULL; to = to->next)
		if (strcmp(to->name, name) == 0)
			return to;
	to = em->host->zalloc(sizeof(*to));
	if (to == NULL)
		return NULL;
	snprintf(to->name, sizeof(to->name), "%s", name);
	if (rd_kafka_mock_topic_create(em->cluster, name, LANES, 1) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR) {
		em->host->free(to);
		return NULL;
	}
	to->next = em->topics;
	em->topics = to;
	return to;
}

int
kafka_embedded_topic(struct kafka_embedded *em, const char *name,
    struct weir_err *err)
{
	struct topic *to;

	pthread_mutex_lock(&em->lock);
	to = topic_get(em, name);
	pthread_mutex_unlock(&em->lock);
	if (to != NULL)
		return WEIR_OK;
	return em->host->fail(err, WEIR_NOWHERE, "kafka.embedded",
	    "topic '%s' can't be made in the embedded Kafka", name);
}

int
kafka_embedded_reader(struct kafka_embedded *em, const char *name,
    struct kafka_pace **pace, struct weir_err *err)
{
	struct kafka_pace *pa = em->host->zalloc(sizeof(*pa));

	if (pa == NULL)
		return em->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	pthread_mutex_lock(&em->lock);
	pa->em = em;
	pa->topic = topic_get(em, name);
	if (pa->topic != NULL) {
		pa->next = pa->topic->readers;
		pa->topic->readers = pa;
	}
	pthread_mutex_unlock(&em->lock);
	if (pa->topic == NULL) {
		em->host->free(pa);
		return em->host->fail(err, WEIR_NOWHERE, "kafka.embedded",
		    "topic '%s' can't be made in the embedded Kafka", name);
	}
	*pace = pa;
	return WEIR_OK;
}

void
kafka_embedded_leave(struct kafka_embedded *em, struct kafka_pace *pace)
{
	struct kafka_pace **at;

	pthread_mutex_lock(&em->lock);
	for (at = &pace->topic->readers; *at != pace; at = &(*at)->next)
		;
	*at = pace->next;
	pthread_mutex_unlock(&em->lock);
	em->host->free(pace);
}

void
kafka_embedded_took(struct kafka_pace *pace, int32_t partition, uint64_t bytes)
{
	if (partition < 0 || partition >= LANES)
		return;
	pthread_mutex_lock(&pace->em->lock);
	pace->taken[partition] += bytes;
	pthread_mutex_unlock(&pace->em->lock);
}

void
kafka_embedded_skip(struct kafka_pace *pace, int32_t partition)
{
	if (partition < 0 || partition >= LANES)
		return;
	pthread_mutex_lock(&pace->em->lock);
	pace->taken[partition] = pace->topic->written[partition];
	pthread_mutex_unlock(&pace->em->lock);
}

bool
kafka_embedded_room(struct kafka_embedded *em, const char *name,
    int32_t partition, uint64_t bytes, bool force)
{
	struct topic *to;
	struct kafka_pace *pa;
	bool room = true;

	if (partition < 0 || partition >= LANES)
		return true;
	pthread_mutex_lock(&em->lock);
	to = topic_get(em, name);
	for (pa = to != NULL ? to->readers : NULL; pa != NULL; pa = pa->next) {
		uint64_t wrote = to->written[partition];
		uint64_t taken = pa->taken[partition];

		if (wrote > taken && wrote - taken + bytes > LANE_MAX)
			room = false;
	}
	if (to != NULL && (room || force))
		to->written[partition] += bytes;
	pthread_mutex_unlock(&em->lock);
	return room || force;
}

uint64_t
kafka_embedded_size(size_t key, size_t value)
{
	return (uint64_t)key + value + MESSAGE_OVERHEAD;
}
