/* SPDX-License-Identifier: MIT
 *
 * The topic of markers: one partition, compacted, shared by all pipelines.
 *
 * A reader of committed messages stops where the first open transaction began,
 * anybody's.  So the end to read to is asked of one who reads all, and the
 * reader waits until it has come there: else a marker of ours behind another
 * pipeline's open transaction would be missed, and its epoch written twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "once.h"

enum { CALL_MS = 5000, POLICY_MS = 2000, READ_MS = 10000 };

static kafka_settings read_all = {
	"isolation.level", "read_uncommitted",
	"allow.auto.create.topics", "false",
	NULL
};

static kafka_settings read_committed = {
	"isolation.level", "read_committed",
	"allow.auto.create.topics", "false",
	"enable.partition.eof", "true",
	"auto.offset.reset", "error",
	"fetch.wait.max.ms", "50",
	"fetch.error.backoff.ms", "50",
	"socket.nagle.disable", "true",
	NULL
};

/* A sink's id that is too long ends in a hash of it; in transactional ids
 * bytes other than these are written %XX. */
static bool
plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void
kafka_marker_key(const struct weir_fence *fence, char *to, size_t n)
{
	size_t len = (size_t)snprintf(to, n, "%s/%s", fence->pipeline,
	    fence->sink);

	if (len >= n)
		snprintf(to + n - 24, 24, "-%016" PRIx64,
		    weir__hash(fence->sink, strlen(fence->sink), 0));
}

void
kafka_txn_id(const struct weir_fence *fence, char *to, size_t n)
{
	size_t at = (size_t)snprintf(to, n, "weir-%s-", fence->pipeline);
	const char *p;

	for (p = fence->sink; *p != '\0' && at + 24 < n; p++)
		at += (size_t)snprintf(to + at, n - at,
		    plain((unsigned char)*p) ? "%c" : "%%%02X",
		    (unsigned char)*p);
	if (*p != '\0')
		snprintf(to + at, n - at, "-%016" PRIx64,
		    weir__hash(fence->sink, strlen(fence->sink), 0));
}

size_t
kafka_marker_text(const struct marker *mk, char *to, size_t n)
{
	return (size_t)snprintf(to, n, "{\"epoch\":%" PRIu64 ",\"fence\":%"
	    PRIu64 ",\"rows\":%" PRIu64 ",\"crc\":%" PRIu32 "}", mk->epoch,
	    mk->fence, mk->rows, mk->crc);
}

/* The number of a member; there are no strings in a marker. */
static bool
member(const char *text, const char *name, uint64_t *to)
{
	const char *p = strstr(text, name);
	char *end;

	if (p == NULL)
		return false;
	p += strlen(name);
	*to = strtoull(p, &end, 10);
	return end > p && *p >= '0' && *p <= '9';
}

bool
kafka_marker_parse(struct marker *mk, const char *text, size_t n)
{
	char copy[256];
	uint64_t crc = 0;

	if (text == NULL || n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	mk->there = member(copy, "\"epoch\":", &mk->epoch) &&
	    member(copy, "\"fence\":", &mk->fence) &&
	    member(copy, "\"rows\":", &mk->rows) &&
	    member(copy, "\"crc\":", &crc);
	mk->crc = (uint32_t)crc;
	return mk->there;
}

/* ---- is it there, and compacted? */

static int
no_answer(struct kafka_client *cl, const char *topic, const char *what,
    const char *why, struct weir_err *err)
{
	cl->host->fail(err, WEIR_NOWHERE, "kafka.marker",
	    "topic '%s' could not be %s: %s", topic, what, why);
	return WEIR_AGAIN;
}

/* What came of making the topic. */
static int
made(struct kafka_client *cl, const char *topic, rd_kafka_event_t *ev,
    struct weir_err *err)
{
	const rd_kafka_topic_result_t *const *re;
	const char *why = "no reply in time";
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	size_t n = 0;

	if (ev != NULL) {
		code = rd_kafka_event_error(ev);
		why = rd_kafka_event_error_string(ev);
	}
	if (ev != NULL && code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		re = rd_kafka_CreateTopics_result_topics(
		    rd_kafka_event_CreateTopics_result(ev), &n);
		if (n == 1) {
			code = rd_kafka_topic_result_error(re[0]);
			why = rd_kafka_topic_result_error_string(re[0]);
		}
	}
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
	case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
		return WEIR_OK;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
		return cl->host->fail(err, WEIR_NOWHERE, "kafka.marker",
		    "topic '%s', in which exactly_once keeps its markers, is "
		    "not there and may not be made: %s; make it with one "
		    "partition and cleanup.policy=compact", topic,
		    why != NULL ? why : rd_kafka_err2str(code));
	default:
		return no_answer(cl, topic, "made", why != NULL ? why :
		    rd_kafka_err2str(code), err);
	}
}

/* Small segments: only what is not the last one is compacted, and a start reads
 * the whole topic. */
static int
make(struct kafka_client *cl, const char *topic, bool only_check,
    struct weir_err *err)
{
	rd_kafka_AdminOptions_t *op;
	rd_kafka_NewTopic_t *nt;
	rd_kafka_event_t *ev;
	rd_kafka_queue_t *q;
	char why[KAFKA_WHY_MAX];
	int rc;

	nt = rd_kafka_NewTopic_new(topic, 1, -1, why, sizeof(why));
	if (nt == NULL)
		return cl->host->fail(err, WEIR_NOWHERE, "kafka.marker",
		    "topic '%s': %s", topic, why);
	rd_kafka_NewTopic_set_config(nt, "cleanup.policy", "compact");
	rd_kafka_NewTopic_set_config(nt, "segment.bytes", "4194304");
	rd_kafka_NewTopic_set_config(nt, "min.cleanable.dirty.ratio", "0.1");
	op = rd_kafka_AdminOptions_new(cl->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_AdminOptions_set_request_timeout(op, CALL_MS, why,
	    sizeof(why));
	rd_kafka_AdminOptions_set_validate_only(op, only_check, why,
	    sizeof(why));
	q = rd_kafka_queue_new(cl->rk);
	rd_kafka_CreateTopics(cl->rk, &nt, 1, op, q);
	ev = rd_kafka_queue_poll(q, CALL_MS + 500);
	rc = made(cl, topic, ev, err);
	if (ev != NULL)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	rd_kafka_AdminOptions_destroy(op);
	rd_kafka_NewTopic_destroy(nt);
	return rc;
}

/* The value of cleanup.policy in the answer; NULL when it isn't told. */
static const char *
policy(rd_kafka_event_t *ev)
{
	const rd_kafka_ConfigResource_t *const *re;
	const rd_kafka_ConfigEntry_t *const *en;
	size_t n = 0, k = 0;

	if (ev == NULL || rd_kafka_event_error(ev) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return NULL;
	re = rd_kafka_DescribeConfigs_result_resources(
	    rd_kafka_event_DescribeConfigs_result(ev), &n);
	if (n != 1 || rd_kafka_ConfigResource_error(re[0]) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return NULL;
	en = rd_kafka_ConfigResource_configs(re[0], &k);
	for (size_t i = 0; i < k; i++)
		if (strcmp(rd_kafka_ConfigEntry_name(en[i]),
		    "cleanup.policy") == 0)
			return rd_kafka_ConfigEntry_value(en[i]);
	return NULL;
}

/* Who may not ask is believed. */
static int
check_policy(struct kafka_client *cl, const char *topic, struct weir_err *err)
{
	rd_kafka_ConfigResource_t *cr;
	rd_kafka_AdminOptions_t *op;
	rd_kafka_event_t *ev;
	rd_kafka_queue_t *q = rd_kafka_queue_new(cl->rk);
	const char *is;
	char why[KAFKA_WHY_MAX];
	int rc = WEIR_OK;

	cr = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	op = rd_kafka_AdminOptions_new(cl->rk,
	    RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_AdminOptions_set_request_timeout(op, POLICY_MS, why,
	    sizeof(why));
	rd_kafka_DescribeConfigs(cl->rk, &cr, 1, op, q);
	ev = rd_kafka_queue_poll(q, POLICY_MS + 500);
	is = policy(ev);
	if (is != NULL && strcmp(is, "compact") != 0)
		rc = cl->host->fail(err, WEIR_NOWHERE, "kafka.marker",
		    "topic '%s' has cleanup.policy=%s, which deletes the "
		    "markers of exactly_once after a time; set it to compact",
		    topic, is);
	if (ev != NULL)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	rd_kafka_AdminOptions_destroy(op);
	rd_kafka_ConfigResource_destroy(cr);
	return rc;
}

static int
consumer(const struct weir_host *host, const struct write_config *cf,
    kafka_settings settings, struct kafka_client *cl, struct weir_err *err)
{
	struct kafka_common co = cf->common;
	rd_kafka_conf_t *conf;
	char brokers[4096];

	co.topic = cf->marker_topic;
	co.properties.n = 0;	/* those of a producer */
	kafka_text(&co.brokers, brokers, sizeof(brokers));
	conf = kafka_conf_new(host, &co, brokers, settings, KAFKA_READS, err);
	if (conf == NULL)
		return WEIR_ERROR;
	return kafka_client_init(cl, host, &co, RD_KAFKA_CONSUMER, conf,
	    brokers, err);
}

/* The client must not be one that has the brokers make a topic by asking. */
static int
look(struct kafka_client *cl, enum kafka_marker_look how, struct weir_err *err)
{
	const struct rd_kafka_metadata *md;
	const char *topic = cl->topic;
	rd_kafka_resp_err_t why;

	why = rd_kafka_metadata(cl->rk, 0, cl->rkt, &md, CALL_MS);
	if (why != RD_KAFKA_RESP_ERR_NO_ERROR)
		return no_answer(cl, topic, "looked at", rd_kafka_err2str(why),
		    err);
	why = md->topic_cnt == 1 ? md->topics[0].err :
	    RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(md);
	if (why == RD_KAFKA_RESP_ERR_NO_ERROR)
		return how == KAFKA_MARKER_MAKE ? WEIR_OK :
		    check_policy(cl, topic, err);
	if (why == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return make(cl, topic, how == KAFKA_MARKER_PROBE, err);
	if (why == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		return cl->host->fail(err, WEIR_NOWHERE, "kafka.denied",
		    "topic '%s', in which exactly_once keeps its markers, may "
		    "not be read: %s", topic, rd_kafka_err2str(why));
	return no_answer(cl, topic, "looked at", rd_kafka_err2str(why), err);
}

int
kafka_marker_topic(const struct weir_host *host, const struct write_config *cf,
    enum kafka_marker_look how, struct weir_err *err)
{
	struct kafka_client cl = { .host = host };
	int rc = consumer(host, cf, read_all, &cl, err);

	if (rc == WEIR_OK)
		rc = look(&cl, how, err);
	kafka_client_fini(&cl);
	return rc;
}

/* ---- reading */

/* Where the topic begins and ends, with all that is open. */
static int
ends(const struct weir_host *host, const struct write_config *cf,
    int64_t *first, int64_t *end, struct weir_err *err)
{
	struct kafka_client cl = { .host = host };
	rd_kafka_resp_err_t why;
	int rc;

	rc = consumer(host, cf, read_all, &cl, err);
	if (rc == WEIR_OK) {
		why = rd_kafka_query_watermark_offsets(cl.rk, cl.topic, 0,
		    first, end, CALL_MS);
		if (why != RD_KAFKA_RESP_ERR_NO_ERROR)
			rc = no_answer(&cl, cl.topic, "read",
			    rd_kafka_err2str(why), err);
	}
	kafka_client_fini(&cl);
	return rc;
}

/* One message or event; *at is how far it came. */
static int
take(struct kafka_client *cl, const rd_kafka_message_t *m, const char *key,
    struct marker *mk, int64_t *at, struct weir_err *err)
{
	switch (m->err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		*at = m->offset + 1;
		if (m->key_len != strlen(key) ||
		    memcmp(m->key, key, m->key_len) != 0)
			return WEIR_OK;
		if (m->payload == NULL)
			*mk = (struct marker){ .there = false };
		else if (!kafka_marker_parse(mk, m->payload, m->len))
			return cl->host->fail(err, WEIR_NOWHERE, "kafka.marker",
			    "topic '%s', offset %lld: this is no marker",
			    cl->topic, (long long)m->offset);
		return WEIR_OK;
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		if (m->offset > *at)
			*at = m->offset;
		return WEIR_OK;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return cl->host->fail(err, WEIR_NOWHERE, "kafka.denied",
		    "topic '%s', in which exactly_once keeps its markers, may "
		    "not be read: %s", cl->topic, rd_kafka_message_errstr(m));
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		return no_answer(cl, cl->topic, "read",
		    rd_kafka_message_errstr(m), err);
	default:	/* it is tried again */
		return WEIR_OK;
	}
}

static int
read_to(struct kafka_client *cl, int64_t first, int64_t end, const char *key,
    struct marker *mk, struct weir_err *err)
{
	int64_t until = kafka_clock() + READ_MS * 1000, at = first, before = at;
	rd_kafka_message_t *m;
	int rc = WEIR_OK;

	if (rd_kafka_consume_start(cl->rkt, 0, first) != 0)
		return no_answer(cl, cl->topic, "read",
		    rd_kafka_err2str(rd_kafka_last_error()), err);
	while (rc == WEIR_OK && at < end && kafka_clock() < until) {
		m = rd_kafka_consume(cl->rkt, 0, 100);
		if (m == NULL)
			continue;
		rc = take(cl, m, key, mk, &at, err);
		rd_kafka_message_destroy(m);
		if (at > before)
			until = kafka_clock() + READ_MS * 1000;
		before = at;
	}
	rd_kafka_consume_stop(cl->rkt, 0);
	if (rc == WEIR_OK && at < end) {
		cl->host->fail(err, WEIR_NOWHERE, "kafka.marker",
		    "topic '%s' can be read to offset %lld and goes to %lld: "
		    "waiting for its brokers, or for the end of a transaction "
		    "that another pipeline has left open", cl->topic,
		    (long long)at, (long long)end);
		rc = WEIR_AGAIN;
	}
	return rc;
}

int
kafka_marker_read(const struct weir_host *host, const struct write_config *cf,
    const char *key, struct marker *mk, struct weir_err *err)
{
	struct kafka_client cl = { .host = host };
	int64_t first, end;
	int rc;

	*mk = (struct marker){ .there = false };
	rc = ends(host, cf, &first, &end, err);
	if (rc != WEIR_OK || first == end)
		return rc;
	rc = consumer(host, cf, read_committed, &cl, err);
	if (rc == WEIR_OK)
		rc = read_to(&cl, first, end, key, mk, err);
	kafka_client_fini(&cl);
	return rc;
}
