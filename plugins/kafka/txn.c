/* SPDX-License-Identifier: MIT
 *
 * A transactional producer, of which every doubt makes a new one.
 *
 * librdkafka parts errors into those after which the same call may be made
 * again, those that want an abort, and those that end the producer.  Beyond the
 * first kind it is dropped here: a new producer with the same id ends what the
 * old one has begun, and no call that the old one may still have on the way can
 * do anything after that.
 */
#include <stdio.h>

#include "once.h"

enum {
	CALL_MS = 500,		/* of a call that is made again */
	INIT_US = 10000000,	/* then the engine is told, and asks again */
	STALLED_US = 30000000,	/* nothing has come through */
	STOPPING_US = 3000000,
	WARY_US = 10000000,	/* a commit that took so long was repeated */
};

static kafka_settings settings = {
	"enable.idempotence", "true",
	"delivery.report.only.error", "true",
	"queue.buffering.max.messages", "20000",
	"sticky.partitioning.linger.ms", "10",
	"reconnect.backoff.ms", "20",
	"reconnect.backoff.max.ms", "2000",
	"socket.nagle.disable", "true",
	"socket.keepalive.enable", "true",
	NULL
};

static void
delivered(void *opaque, const rd_kafka_message_t *m)
{
	struct txn *tx = opaque;

	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
	    m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	    m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		return;
	if (kafka_refusal(m->err) && m->_private != NULL)
		kafka_suspects_keep(&tx->suspects, tx->cl.host, m);
	/* Batches behind one that is refused fail for want of it. */
	if (tx->bad != RD_KAFKA_RESP_ERR_NO_ERROR &&
	    (kafka_refusal(tx->bad) || !kafka_refusal(m->err)))
		return;
	tx->bad = m->err;
	snprintf(tx->bad_text, sizeof(tx->bad_text), "partition %d: %s",
	    (int)m->partition, rd_kafka_err2str(m->err));
}

int
kafka_txn_make(struct weir_publisher *pb, struct txn *tx, struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	rd_kafka_conf_t *conf;
	char ms[16];

	if (tx->timeout_ms == 0)
		tx->timeout_ms = KAFKA_TXN_MS;
	kafka_text(&cf->common.brokers, tx->brokers, sizeof(tx->brokers));
	conf = kafka_write_conf(pb->host, cf, tx->brokers, settings, err);
	if (conf == NULL)
		return WEIR_ERROR;
	snprintf(ms, sizeof(ms), "%d", tx->timeout_ms);
	if (kafka_conf_set(pb->host, conf, "transactional.id", tx->id, err) !=
	    WEIR_OK || kafka_conf_set(pb->host, conf, "transaction.timeout.ms",
	    ms, err) != WEIR_OK) {
		rd_kafka_conf_destroy(conf);
		return WEIR_ERROR;
	}
	tx->cl = (struct kafka_client){ .host = pb->host, .pb = pb,
		.delivered = delivered, .opaque = tx };
	tx->made = true;
	tx->bad = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (kafka_client_init(&tx->cl, pb->host, &cf->common, RD_KAFKA_PRODUCER,
	    conf, tx->brokers, err) == WEIR_OK)
		return WEIR_OK;
	kafka_txn_drop(tx);
	return WEIR_ERROR;
}

/* An open transaction is aborted first: librdkafka 2.0 may fail an assertion of
 * its own when it is destroyed while it adds partitions to one.  Whether that
 * comes through does not matter. */
void
kafka_txn_drop(struct txn *tx)
{
	rd_kafka_error_t *bad = NULL;

	if (tx->made && tx->open)
		bad = rd_kafka_abort_transaction(tx->cl.rk, CALL_MS);
	if (bad != NULL)
		rd_kafka_error_destroy(bad);
	if (tx->made && tx->cl.rk != NULL) {
		rd_kafka_purge(tx->cl.rk, RD_KAFKA_PURGE_F_QUEUE |
		    RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_poll(tx->cl.rk, 0);
	}
	if (tx->made && !tx->suspects.searching)
		kafka_suspects_fini(&tx->suspects, tx->cl.host);
	if (tx->made)
		kafka_client_fini(&tx->cl);
	tx->made = tx->inited = tx->open = false;
}

static bool
is_fence(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__FENCED ||
	    code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	    code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static bool
is_denial(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	    code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
	    code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

/* Another has the id now; or the brokers have ended a transaction that took
 * too long, which looks the same. */
static int
fenced(struct weir_publisher *pb, struct txn *tx, struct weir_err *err)
{
	int64_t us = kafka_clock() - tx->began;
	bool late = tx->open && us / 1000 >= tx->timeout_ms / 10 * 9;

	kafka_txn_drop(tx);
	if (!late)
		return pb->host->fail(err, WEIR_NOWHERE, "kafka.fenced",
		    "another process writes as '%s' now: this pipeline was "
		    "taken over, or runs a second time from a copy of its "
		    "state directory; this one stops", tx->id);
	pb->host->fail(err, WEIR_NOWHERE, "kafka.late",
	    "a transaction that took %d s was ended by the brokers, as they "
	    "were told to after %d s; it is written again",
	    (int)(us / 1000000), tx->timeout_ms / 1000);
	tx->late = true;
	if (tx->timeout_ms < KAFKA_TXN_MS_MAX / 2)
		tx->timeout_ms *= 2;
	else
		tx->timeout_ms = KAFKA_TXN_MS_MAX;
	return WEIR_AGAIN;
}

static bool
is_refusal(rd_kafka_resp_err_t code)
{
	return kafka_refusal(code) || is_denial(code);
}

/* Where the rows are known the transaction is left open: kafka_once_search(). */
static int
refused(struct weir_publisher *pb, struct txn *tx, struct weir_err *err)
{
	pb->host->fail(err, WEIR_NOWHERE, "kafka.refused",
	    "a record for topic '%s' was refused, %s%s", tx->cl.topic,
	    tx->bad_text, tx->bad == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ?
	    "; set max_message to what the brokers take" : "");
	if (tx->suspects.n == 0)
		kafka_txn_drop(tx);
	return WEIR_ERROR;
}

/* The code behind an error: librdkafka wraps it once the producer is done. */
static rd_kafka_resp_err_t
cause(struct txn *tx, const rd_kafka_error_t *bad)
{
	rd_kafka_resp_err_t code = rd_kafka_error_code(bad), fatal;
	char text[KAFKA_WHY_MAX];

	fatal = rd_kafka_fatal_error(tx->cl.rk, text, sizeof(text));
	return fatal != RD_KAFKA_RESP_ERR_NO_ERROR ? fatal : code;
}

int
kafka_txn_failed(struct weir_publisher *pb, struct txn *tx,
    rd_kafka_error_t *bad, const char *what, struct weir_err *err)
{
	rd_kafka_resp_err_t code = cause(tx, bad);
	int rc = WEIR_AGAIN;

	/* The report on a record may come behind what it has led to. */
	for (int i = 0; i < 10 && tx->bad == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    rd_kafka_error_txn_requires_abort(bad); i++)
		rd_kafka_poll(tx->cl.rk, 20);
	if (is_refusal(tx->bad) && !tx->suspects.searching) {
		rd_kafka_error_destroy(bad);
		return refused(pb, tx, err);
	}
	if (is_fence(code)) {
		rd_kafka_error_destroy(bad);
		return fenced(pb, tx, err);
	}
	if (is_denial(code) || code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ||
	    code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION ||
	    code == RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT)
		rc = WEIR_ERROR;
	pb->host->fail(err, WEIR_NOWHERE, is_denial(code) ? "kafka.denied" :
	    "kafka.txn", "topic '%s', %s as '%s': %s", tx->cl.topic, what,
	    tx->id, rd_kafka_error_string(bad));
	rd_kafka_error_destroy(bad);
	kafka_txn_drop(tx);
	return rc;
}

int
kafka_txn_unclear(struct weir_publisher *pb, struct txn *tx, const char *what,
    struct weir_err *err)
{
	char why[KAFKA_WHY_MAX] = "";

	if (tx->made) {
		pthread_mutex_lock(&tx->cl.link.lock);
		memcpy(why, tx->cl.link.why, sizeof(why));
		pthread_mutex_unlock(&tx->cl.link.lock);
	}
	pb->host->fail(err, WEIR_NOWHERE, "kafka.down",
	    "%s at %s for topic '%s': %s", what, tx->brokers, tx->cl.topic,
	    why[0] != '\0' ? why : "no answer in time");
	kafka_txn_drop(tx);
	return WEIR_AGAIN;
}

/* Is a wait that began then too long? */
static bool
enough(struct weir_publisher *pb, int64_t since, int64_t us)
{
	int64_t took = kafka_clock() - since;

	return took > us || (took > STOPPING_US && weir_publisher_stopping(pb));
}

int
kafka_txn_init(struct weir_publisher *pb, struct txn *tx, struct weir_err *err)
{
	const struct rd_kafka_metadata *md;
	int64_t since = kafka_clock();
	rd_kafka_error_t *bad;

	/* Without a broker that is up librdkafka waits a second for its next
	 * look at the coordinator. */
	if (rd_kafka_metadata(tx->cl.rk, 0, tx->cl.rkt, &md, CALL_MS) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(md);
	if (weir_io(pb)->point(WEIR_AT("kafka.init.before")) != 0)
		return kafka_txn_unclear(pb, tx, "init_transactions", err);
	while ((bad = rd_kafka_init_transactions(tx->cl.rk, CALL_MS)) != NULL) {
		rd_kafka_poll(tx->cl.rk, 0);
		if (!rd_kafka_error_is_retriable(bad))
			return kafka_txn_failed(pb, tx, bad,
			    "init_transactions", err);
		rd_kafka_error_destroy(bad);
		if (enough(pb, since, INIT_US))
			return kafka_txn_unclear(pb, tx, "init_transactions",
			    err);
	}
	tx->inited = true;
	if (weir_io(pb)->point(WEIR_AT("kafka.init.after")) != 0)
		return kafka_txn_unclear(pb, tx, "init_transactions", err);
	return WEIR_OK;
}

/* What librdkafka does not know of a topic that is produced to it asks for once a
 * second. */
void
kafka_txn_meet(struct txn *tx, const char *topic)
{
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(tx->cl.rk, topic, NULL);
	const struct rd_kafka_metadata *md;

	if (rkt == NULL)
		return;
	if (rd_kafka_metadata(tx->cl.rk, 0, rkt, &md, CALL_MS) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(md);
	rd_kafka_topic_destroy(rkt);
}

int
kafka_txn_begin(struct weir_publisher *pb, struct txn *tx, struct weir_err *err)
{
	rd_kafka_error_t *bad;

	if (weir_io(pb)->point(WEIR_AT("kafka.txn.begin")) != 0)
		return kafka_txn_unclear(pb, tx, "begin", err);
	tx->bad = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (!tx->suspects.searching)
		kafka_suspects_fini(&tx->suspects, pb->host);
	bad = rd_kafka_begin_transaction(tx->cl.rk);
	if (bad != NULL)
		return kafka_txn_failed(pb, tx, bad, "begin", err);
	tx->open = true;
	tx->began = kafka_clock();
	return WEIR_OK;
}

int
kafka_txn_wait(struct weir_publisher *pb, struct txn *tx, int64_t *since,
    int *left, struct weir_err *err)
{
	char text[KAFKA_WHY_MAX];
	rd_kafka_resp_err_t fatal;
	int now;

	rd_kafka_poll(tx->cl.rk, 20);
	now = rd_kafka_outq_len(tx->cl.rk);
	if (now != *left || *since == 0)
		*since = kafka_clock();
	*left = now;
	if (tx->bad != RD_KAFKA_RESP_ERR_NO_ERROR && tx->suspects.searching &&
	    kafka_refusal(tx->bad))
		return WEIR_OK;
	if (tx->bad != RD_KAFKA_RESP_ERR_NO_ERROR)
		return is_refusal(tx->bad) ? refused(pb, tx, err) :
		    kafka_txn_unclear(pb, tx, "produce", err);
	fatal = rd_kafka_fatal_error(tx->cl.rk, text, sizeof(text));
	if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_txn_failed(pb, tx, rd_kafka_error_new(fatal, "%s",
		    text), "produce", err);
	if (enough(pb, *since, STALLED_US))
		return kafka_txn_unclear(pb, tx, "produce", err);
	return WEIR_OK;
}

int
kafka_txn_settle(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err)
{
	int64_t since = 0;
	int left = 0, rc = WEIR_OK;

	while (rc == WEIR_OK && tx->bad == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    rd_kafka_outq_len(tx->cl.rk) > 0)
		if (rd_kafka_flush(tx->cl.rk, 50) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			rc = kafka_txn_wait(pb, tx, &since, &left, err);
	return rc;
}

/* A commit that went through may have been sent twice: after a slow or troubled
 * one the next transaction has a new producer, which a late one can't touch. */
int
kafka_txn_commit(struct weir_publisher *pb, struct txn *tx,
    struct weir_err *err)
{
	int64_t since = kafka_clock(), moved = since;
	int left = rd_kafka_outq_len(tx->cl.rk), now;
	rd_kafka_error_t *bad;
	unsigned stirs;

	rd_kafka_poll(tx->cl.rk, 0);
	stirs = atomic_load(&tx->cl.stirs);
	if (weir_io(pb)->point(WEIR_AT("kafka.txn.commit.before")) != 0)
		return kafka_txn_unclear(pb, tx, "commit", err);
	while ((bad = rd_kafka_commit_transaction(tx->cl.rk, CALL_MS)) !=
	    NULL) {
		rd_kafka_poll(tx->cl.rk, 0);
		if (!rd_kafka_error_is_retriable(bad) ||
		    is_refusal(tx->bad))
			return kafka_txn_failed(pb, tx, bad, "commit", err);
		rd_kafka_error_destroy(bad);
		now = rd_kafka_outq_len(tx->cl.rk);
		if (now != left)
			moved = kafka_clock();
		left = now;
		if (enough(pb, moved, STALLED_US))
			return kafka_txn_unclear(pb, tx, "commit", err);
	}
	tx->open = false;
	if (weir_io(pb)->point(WEIR_AT("kafka.txn.commit.after")) != 0)
		return kafka_txn_unclear(pb, tx, "commit", err);
	rd_kafka_poll(tx->cl.rk, 0);
	if (stirs != atomic_load(&tx->cl.stirs) ||
	    kafka_clock() - since > WARY_US)
		kafka_txn_drop(tx);
	return WEIR_OK;
}

int
kafka_txn_abort(struct weir_publisher *pb, struct txn *tx, struct weir_err *err)
{
	rd_kafka_error_t *bad;

	/* What is on the way is let through: brokers do not abort what they
	 * have not heard of.  Behind a record that was refused nothing goes. */
	if (tx->bad == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_flush(tx->cl.rk, 10000);
	if (weir_io(pb)->point(WEIR_AT("kafka.txn.abort")) != 0)
		return kafka_txn_unclear(pb, tx, "abort", err);
	bad = rd_kafka_abort_transaction(tx->cl.rk, 10000);
	if (bad != NULL)
		return kafka_txn_failed(pb, tx, bad, "abort", err);
	tx->open = false;
	return WEIR_OK;
}
