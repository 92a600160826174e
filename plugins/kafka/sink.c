/* SPDX-License-Identifier: MIT
 *
 * kafka.write while it runs: see sink.h.
 */
#include <stdio.h>

#include "once.h"

enum {
	WAIT_MS = 20,	   /* for room in librdkafka's queue */
	STALLED_US = 5000000, /* without a report: say so */
	CALL_MS = 1000,
};

static kafka_settings settings = {
	"enable.idempotence", "true",
	"message.timeout.ms", "0",
	"queue.buffering.max.messages", "20000",
	"sticky.partitioning.linger.ms", "10",
	"reconnect.backoff.ms", "20",
	"reconnect.backoff.max.ms", "2000",
	"socket.nagle.disable", "true",
	"socket.keepalive.enable", "true",
	NULL
};

static const char *const codecs[] = { "lz4", "zstd", "snappy", "gzip", "none" };
static const char *const partitioners[] = { "murmur2_random", "murmur2",
	"consistent_random", "consistent", "fnv1a_random", "fnv1a", "random" };

static void
delivered(void *opaque, const rd_kafka_message_t *m)
{
	struct sink *si = opaque;
	struct tally *ta = m->_private;

	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		atomic_fetch_add_explicit(&ta->landed, 1,
		    memory_order_relaxed);
		atomic_fetch_add_explicit(&si->landed, 1,
		    memory_order_relaxed);
		return;
	}
	pthread_mutex_lock(&si->lock);
	if (si->bad == RD_KAFKA_RESP_ERR_NO_ERROR) {
		si->bad = m->err;
		snprintf(si->bad_text, sizeof(si->bad_text),
		    "partition %d: %s", (int)m->partition,
		    rd_kafka_err2str(m->err));
	}
	pthread_mutex_unlock(&si->lock);
}

/* A setting of ours made of an option. */
static int
set_number(const struct weir_host *host, rd_kafka_conf_t *conf,
    const char *name, uint64_t value, struct weir_err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return kafka_conf_set(host, conf, name, text, err);
}

rd_kafka_conf_t *
kafka_write_conf(const struct weir_host *host, const struct write_config *cf,
    const char *brokers, kafka_settings own, struct weir_err *err)
{
	rd_kafka_conf_t *conf;

	conf = kafka_conf_new(host, &cf->common, brokers, own, KAFKA_WRITES,
	    err);
	if (conf == NULL)
		return NULL;
	if (kafka_conf_set(host, conf, "compression.codec",
	    codecs[cf->compression], err) == WEIR_OK &&
	    kafka_conf_set(host, conf, "partitioner",
	    partitioners[cf->partitioner], err) == WEIR_OK &&
	    set_number(host, conf, "linger.ms", (uint64_t)cf->linger / 1000,
	    err) == WEIR_OK &&
	    set_number(host, conf, "message.max.bytes", cf->max_message,
	    err) == WEIR_OK &&
	    set_number(host, conf, "batch.size", cf->batch, err) == WEIR_OK &&
	    set_number(host, conf, "queue.buffering.max.kbytes",
	    cf->queue / 1024, err) == WEIR_OK)
		return conf;
	rd_kafka_conf_destroy(conf);
	return NULL;
}

static int
tally_new(struct weir_stage *st, struct weir_err *err)
{
	struct sink *si = st->state;
	struct tally *ta = st->host->zalloc(sizeof(*ta));

	if (ta == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	pthread_mutex_lock(&si->lock);
	ta->next = si->tallies;
	si->tallies = ta;
	pthread_mutex_unlock(&si->lock);
	si->now = ta;
	return WEIR_OK;
}

static void
tally_free(struct weir_stage *st, struct tally *ta)
{
	struct sink *si = st->state;
	struct tally **at;

	pthread_mutex_lock(&si->lock);
	for (at = &si->tallies; *at != ta; at = &(*at)->next)
		;
	*at = ta->next;
	pthread_mutex_unlock(&si->lock);
	st->host->free(ta);
}

int
kafka_sink_init(struct weir_stage *st, struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	char brokers[4096], topic[KAFKA_NAME_MAX];
	rd_kafka_conf_t *conf;

	if (cf->delivery == EXACTLY_ONCE)
		return WEIR_OK;
	si->last = &si->first;
	si->has_lock = pthread_mutex_init(&si->lock, NULL) == 0;
	if (!si->has_lock || tally_new(st, err) != WEIR_OK)
		return WEIR_ERROR;
	if (kafka_is_embedded(&cf->common)) {
		si->em = kafka_embedded_get(st, err);
		if (si->em == NULL || kafka_embedded_topic(si->em,
		    kafka_text(&cf->common.topic, topic, sizeof(topic)),
		    err) != WEIR_OK)
			return WEIR_ERROR;
	}
	kafka_text(&cf->common.brokers, brokers, sizeof(brokers));
	conf = kafka_write_conf(st->host, cf, si->em != NULL ?
	    kafka_embedded_brokers(si->em) : brokers, settings, err);
	if (conf == NULL)
		return WEIR_ERROR;
	si->cl.st = st;
	si->cl.delivered = delivered;
	si->cl.opaque = si;
	return kafka_client_init(&si->cl, st->host, &cf->common,
	    RD_KAFKA_PRODUCER, conf, si->em != NULL ? "the embedded Kafka" :
	    brokers, err);
}

static void
waiting_free(struct weir_stage *st)
{
	struct sink *si = st->state;
	struct waiting *wa;

	while ((wa = si->first) != NULL) {
		si->first = wa->next;
		if (wa->headers != NULL)
			rd_kafka_headers_destroy(wa->headers);
		st->host->free(wa);
	}
}

void
kafka_sink_fini(struct weir_stage *st)
{
	struct sink *si = st->state;
	struct tally *ta;

	st->host->free(si->frame.p);
	if (si->cl.rk != NULL) {
		rd_kafka_purge(si->cl.rk, RD_KAFKA_PURGE_F_QUEUE |
		    RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_poll(si->cl.rk, 0);
	}
	if (si->cl.host != NULL)
		kafka_client_fini(&si->cl);
	waiting_free(st);
	while ((ta = si->tallies) != NULL) {
		si->tallies = ta->next;
		st->host->free(ta);
	}
	if (si->em != NULL)
		kafka_embedded_put(st);
	if (si->has_lock)
		pthread_mutex_destroy(&si->lock);
	memset(si, 0, sizeof(*si));
}

/* Has a record been refused for good, or the producer come to an end? */
static int
check(struct weir_stage *st, struct weir_err *err)
{
	struct sink *si = st->state;
	int rc = WEIR_OK;

	pthread_mutex_lock(&si->lock);
	if (si->bad != RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = st->host->fail(err, WEIR_NOWHERE, "kafka.refused",
		    "a record for topic '%s' was refused, %s%s", si->cl.topic,
		    si->bad_text, si->bad == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ?
		    "; set max_message to what the brokers take" : "");
	pthread_mutex_unlock(&si->lock);
	if (rc != WEIR_OK)
		return rc;
	return kafka_client_report(&si->cl, st, err);
}

/* Serve reports for a while; answers come with them. */
static void
serve(struct weir_stage *st, int wait_ms)
{
	struct sink *si = st->state;
	uint64_t landed;

	kafka_client_poll(&si->cl, st, wait_ms);
	landed = atomic_load(&si->landed);
	if (atomic_exchange(&si->seen, landed) != landed &&
	    kafka_client_lost(&si->cl))
		kafka_client_answered(&si->cl);
}

/* The queue is full: wait for a place in it. */
static int
wait_room(struct weir_stage *st, int64_t since, struct weir_err *err)
{
	struct sink *si = st->state;

	serve(st, WAIT_MS);
	if (check(st, err) != WEIR_OK)
		return WEIR_ERROR;
	if (!weir_stopping(st) || kafka_clock() - since < STALLED_US)
		return WEIR_OK;
	return st->host->fail(err, WEIR_NOWHERE, "kafka.down",
	    "told to stop while no answer comes from %s: %d records for topic "
	    "'%s' are not delivered, and their rows not confirmed",
	    si->cl.brokers, rd_kafka_outq_len(si->cl.rk), si->cl.topic);
}

int
kafka_reject_large(struct weir_stage *st, const struct weir_batch *b,
    uint32_t row)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	char text[128];
	struct weir_reason why = { .code = "kafka.too_large", .text = text,
		.position = -1 };

	snprintf(text, sizeof(text), "%zu bytes are more than max_message: "
	    "%llu", si->m[row].len + si->m[row].key_len,
	    (unsigned long long)cf->max_message);
	return weir_reject(st, b, row, &why);
}

/* What librdkafka made of m[from..n): how far it came. */
static int
outcome(struct weir_stage *st, const struct weir_batch *b, uint32_t *from,
    uint32_t n, struct weir_err *err)
{
	struct sink *si = st->state;
	uint32_t i;

	for (i = *from; i < n; i++) {
		switch (si->m[i].err) {
		case RD_KAFKA_RESP_ERR_NO_ERROR:
			si->now->sent++;
			continue;
		case RD_KAFKA_RESP_ERR__QUEUE_FULL:
			*from = i;
			return WEIR_AGAIN;
		case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
			if (kafka_reject_large(st, b, i) != WEIR_OK)
				return st->host->fail(err, WEIR_NOWHERE,
				    "memory", "out of memory");
			continue;
		default:
			return st->host->fail(err, WEIR_NOWHERE,
			    "kafka.refused", "topic '%s': %s", si->cl.topic,
			    rd_kafka_err2str(si->m[i].err));
		}
	}
	*from = n;
	return WEIR_OK;
}

/* Keys and values only: librdkafka takes them by the batch. */
static int
write_plain(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err)
{
	struct sink *si = st->state;
	int64_t since = kafka_clock();
	uint32_t at = 0;
	int rc = WEIR_AGAIN;

	while (rc == WEIR_AGAIN && at < b->nrows) {
		rd_kafka_produce_batch(si->cl.rkt, RD_KAFKA_PARTITION_UA,
		    RD_KAFKA_MSG_F_COPY, si->m + at, (int)(b->nrows - at));
		rc = outcome(st, b, &at, b->nrows, err);
		if (rc == WEIR_AGAIN && wait_room(st, since, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return rc;
}

rd_kafka_resp_err_t
kafka_produce(struct kafka_client *cl, void *opaque, const struct record *re)
{
	rd_kafka_vu_t v[8] = {
		{ .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = cl->rkt },
		{ .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = re->partition },
		{ .vtype = RD_KAFKA_VTYPE_KEY,
		    .u.mem = { (void *)(uintptr_t)re->key, re->key_len } },
		{ .vtype = RD_KAFKA_VTYPE_VALUE,
		    .u.mem = { (void *)(uintptr_t)re->value, re->len } },
		{ .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque },
		{ .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
		{ .vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = re->stamp },
		{ .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = re->headers },
	};
	rd_kafka_error_t *bad;
	rd_kafka_resp_err_t code;

	bad = rd_kafka_produceva(cl->rk, v, re->headers != NULL ? 8 : 7);
	if (bad == NULL)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	code = rd_kafka_error_code(bad);
	rd_kafka_error_destroy(bad);
	return code;
}

static void
record_of(const rd_kafka_message_t *m, struct record *re)
{
	re->key = m->key;
	re->key_len = m->key_len;
	re->value = m->payload;
	re->len = m->len;
	re->partition = m->partition;
}

/* With time stamps or headers: one by one. */
static int
write_each(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err)
{
	struct sink *si = st->state;
	int64_t since = kafka_clock();
	struct record re;
	uint32_t at;
	int rc;

	for (uint32_t i = 0; i < b->nrows; i++) {
		if (si->m[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		record_of(&si->m[i], &re);
		if (kafka_record_extra(st, b, i, &re, err) != WEIR_OK)
			return WEIR_ERROR;
		for (rc = WEIR_AGAIN; rc == WEIR_AGAIN; ) {
			si->m[i].err = kafka_produce(&si->cl, si->now, &re);
			at = i;
			rc = outcome(st, b, &at, i + 1, err);
			if (rc == WEIR_AGAIN &&
			    wait_room(st, since, err) != WEIR_OK)
				rc = WEIR_ERROR;
		}
		if (si->m[i].err != RD_KAFKA_RESP_ERR_NO_ERROR &&
		    re.headers != NULL)
			rd_kafka_headers_destroy(re.headers);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

/* The embedded Kafka keeps little: what readers have not yet taken waits here,
 * in order, and the partition is chosen now, so that it can be counted. */
static int
put_waiting(struct weir_stage *st, const struct record *re)
{
	struct sink *si = st->state;
	struct waiting *wa = st->host->alloc(sizeof(*wa) + re->key_len +
	    re->len);

	if (wa == NULL)
		return WEIR_ERROR;
	*wa = (struct waiting){ .tally = si->now, .headers = re->headers,
		.stamp = re->stamp, .partition = re->partition,
		.has_key = re->key != NULL, .has_value = re->value != NULL,
		.key_len = re->key_len, .len = re->len };
	if (wa->partition < 0)
		wa->partition = rd_kafka_msg_partitioner_murmur2_random(
		    si->cl.rkt, re->key, re->key_len,
		    KAFKA_EMBEDDED_PARTITIONS, NULL, NULL);
	if (re->key_len > 0)
		memcpy(wa->bytes, re->key, re->key_len);
	if (re->len > 0)
		memcpy(wa->bytes + re->key_len, re->value, re->len);
	pthread_mutex_lock(&si->lock);
	*si->last = wa;
	si->last = &wa->next;
	pthread_mutex_unlock(&si->lock);
	si->now->sent++;
	return WEIR_OK;
}

/* Sends what there is room for; under the lock. */
static rd_kafka_resp_err_t
send_waiting(struct weir_stage *st, bool force)
{
	struct sink *si = st->state;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	struct waiting *wa;

	while (code == RD_KAFKA_RESP_ERR_NO_ERROR && (wa = si->first) != NULL) {
		struct record re = {
			.key = wa->has_key ? wa->bytes : NULL,
			.key_len = wa->key_len,
			.value = wa->has_value ? wa->bytes + wa->key_len : NULL,
			.len = wa->len, .headers = wa->headers,
			.stamp = wa->stamp, .partition = wa->partition };

		if (!wa->counted && !kafka_embedded_room(si->em, si->cl.topic,
		    wa->partition, kafka_embedded_size(wa->key_len, wa->len),
		    force))
			break;
		wa->counted = true;
		code = kafka_produce(&si->cl, wa->tally, &re);
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			break;
		si->first = wa->next;
		if (si->first == NULL)
			si->last = &si->first;
		st->host->free(wa);
	}
	return code == RD_KAFKA_RESP_ERR__QUEUE_FULL ?
	    RD_KAFKA_RESP_ERR_NO_ERROR : code;
}

static int
flush_waiting(struct weir_stage *st, bool force, struct weir_err *err)
{
	struct sink *si = st->state;
	rd_kafka_resp_err_t code;

	pthread_mutex_lock(&si->lock);
	code = send_waiting(st, force);
	pthread_mutex_unlock(&si->lock);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WEIR_OK;
	return st->host->fail(err, WEIR_NOWHERE, "kafka.refused",
	    "topic '%s': %s", si->cl.topic, rd_kafka_err2str(code));
}

static int
write_embedded(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	struct record re;
	int rc = WEIR_OK;

	for (uint32_t i = 0; i < b->nrows; i++) {
		if (si->m[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		record_of(&si->m[i], &re);
		if (re.len + re.key_len > cf->max_message) {
			rc = kafka_reject_large(st, b, i);
		} else if ((rc = kafka_record_extra(st, b, i, &re, err)) ==
		    WEIR_OK && (rc = put_waiting(st, &re)) != WEIR_OK &&
		    re.headers != NULL)
			rd_kafka_headers_destroy(re.headers);
		if (rc != WEIR_OK)
			return st->host->fail(err, WEIR_NOWHERE, "memory",
			    "out of memory");
	}
	return flush_waiting(st, false, err);
}

static int
sink_write(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	int rc;

	if (cf->delivery == EXACTLY_ONCE)
		return kafka_once_write(st, b, err);
	if (check(st, err) != WEIR_OK || kafka_records(st, b, err) != WEIR_OK)
		return WEIR_ERROR;
	if (si->em != NULL)
		rc = write_embedded(st, b, err);
	else if (cf->timestamp != NULL || cf->headers != NULL ||
	    cf->add_headers.n > 0 || cf->partition != NULL)
		rc = write_each(st, b, err);
	else
		rc = write_plain(st, b, err);
	serve(st, 0);
	return rc;
}

static int
sink_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;

	(void)epoch;
	(void)last;
	*cut = si->now;
	if (cf->delivery == EXACTLY_ONCE)	/* the spool is the engine's */
		return WEIR_OK;
	return tally_new(st, err);
}

/* Nothing has come through for a while. */
static int
stalled(struct weir_stage *st, const struct tally *ta, struct weir_err *err)
{
	struct sink *si = st->state;
	uint64_t left = ta->sent - atomic_load(&ta->landed);
	char why[KAFKA_WHY_MAX];

	pthread_mutex_lock(&si->cl.link.lock);
	memcpy(why, si->cl.link.why, sizeof(why));
	pthread_mutex_unlock(&si->cl.link.lock);
	st->host->fail(err, WEIR_NOWHERE, "kafka.down", "no answer from %s: "
	    "%s; %llu records for topic '%s' wait", si->cl.brokers,
	    why[0] != '\0' ? why : "no reason given",
	    (unsigned long long)left, si->cl.topic);
	return WEIR_AGAIN;
}

static int
wait_landed(struct weir_stage *st, const struct tally *ta, struct weir_err *err)
{
	struct sink *si = st->state;
	int64_t since = kafka_clock();
	uint64_t now, before = atomic_load(&ta->landed);

	while ((now = atomic_load(&ta->landed)) < ta->sent) {
		bool stuck = kafka_clock() - since > STALLED_US;

		if (now != before)
			since = kafka_clock();
		before = now;
		if (si->em != NULL && flush_waiting(st, stuck, err) != WEIR_OK)
			return WEIR_ERROR;
		rd_kafka_flush(si->cl.rk, WAIT_MS);
		serve(st, 0);
		if (check(st, err) != WEIR_OK)
			return WEIR_ERROR;
		if (stuck && si->em == NULL)
			return stalled(st, ta, err);
	}
	return WEIR_OK;
}

static int
sink_prepare(struct weir_stage *st, void *cut, struct weir_intent *intent,
    struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct tally *ta = cut;
	int rc;

	if (cf->delivery == EXACTLY_ONCE)
		return WEIR_OK;
	rc = wait_landed(st, ta, err);
	if (rc == WEIR_AGAIN)
		return rc;
	intent->rows = ta->sent;
	intent->held_from = 0;
	intent->data = NULL;
	intent->len = 0;
	if (rc == WEIR_OK)
		tally_free(st, ta);
	return rc;
}

/* ---- the publisher: all was delivered before the epoch was decided, or is
 * now: see once.h */

struct publisher {
	uint64_t epoch;
	struct once once;
};

/* The brokers are asked for the topic, so that one that is missing is found
 * before the first row; they may make it. */
static int
look_for_topic(struct weir_publisher *pb, struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	struct kafka_client cl = { .host = pb->host };
	char brokers[4096];
	rd_kafka_conf_t *conf;
	int rc, n = 0;

	kafka_text(&cf->common.brokers, brokers, sizeof(brokers));
	conf = kafka_write_conf(pb->host, cf, brokers, settings, err);
	if (conf == NULL)
		return WEIR_ERROR;
	rc = kafka_client_init(&cl, pb->host, &cf->common, RD_KAFKA_PRODUCER,
	    conf, brokers, err);
	for (int i = 0; i < 15 && rc == WEIR_OK; i++) {
		rc = kafka_client_partitions(&cl, &n, CALL_MS, err);
		if (rc == WEIR_AGAIN || (rc == WEIR_OK && n > 0))
			break;
		if (i < 14)	/* it may be in the making */
			rc = WEIR_OK;
		rd_kafka_poll(cl.rk, 200);
	}
	kafka_client_fini(&cl);
	return rc;
}

static bool
once(const struct weir_publisher *pb)
{
	const struct write_config *cf = pb->config;

	return cf->delivery == EXACTLY_ONCE;
}

static int
publisher_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	struct publisher *pu = pb->state;
	int rc = WEIR_OK;

	pu->epoch = fence->epoch;
	if (!kafka_is_embedded(&cf->common))
		rc = look_for_topic(pb, err);
	if (rc == WEIR_OK && once(pb))
		rc = kafka_once_open(pb, &pu->once, fence, err);
	return rc;
}

static int
publisher_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err)
{
	struct publisher *pu = pb->state;

	(void)intents;
	(void)n;
	if (once(pb))
		return kafka_once_publish(pb, &pu->once, epoch, err);
	pu->epoch = epoch;
	return WEIR_OK;
}

static int
publisher_last(struct weir_publisher *pb, uint64_t *epoch, struct weir_err *err)
{
	const struct publisher *pu = pb->state;

	(void)err;
	*epoch = once(pb) ? pu->once.mk.epoch : pu->epoch;
	return WEIR_OK;
}

static void
publisher_close(struct weir_publisher *pb)
{
	struct publisher *pu = pb->state;

	if (once(pb))
		kafka_once_close(&pu->once);
}

static int
publisher_audit(struct weir_publisher *pb, const struct weir_fence *fence,
    uint64_t epoch, const struct weir_intent *intents, size_t n,
    struct weir_audit *out, struct weir_err *err)
{
	struct publisher *pu = pb->state;

	if (!once(pb))
		return WEIR_OK;
	return kafka_once_audit(pb, &pu->once, fence, epoch, intents, n, out,
	    err);
}

const struct weir_sink_ops kafka_sink_ops = {
	.size = sizeof(struct weir_sink_ops),
	.write = sink_write,
	.cut = sink_cut,
	.prepare = sink_prepare,
	.publisher_size = sizeof(struct publisher),
	.open = publisher_open,
	.publish = publisher_publish,
	.last_published = publisher_last,
	.close = publisher_close,
	.audit = publisher_audit,
	.payload = kafka_once_payload,
};
