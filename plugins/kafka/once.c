/* SPDX-License-Identifier: MIT
 *
 * kafka.write(delivery: exactly_once): rows into the spool, epochs out of it;
 * see once.h.
 */
#include <stdio.h>

#include "base/hash.h"
#include "once.h"

enum {
	FRAME_BYTES = 1 << 20,	/* a frame is handed on when it is so long */
	M = sizeof((struct once *)0)->m / sizeof(rd_kafka_message_t),
};

/* ---- the writer */

static int
spool(struct weir_stage *st, struct frame *fr, struct weir_err *err)
{
	int rc = WEIR_OK;

	if (fr->rows > 0)
		rc = weir_spool_bytes(st, fr->p, fr->len, fr->rows, err);
	kafka_frame_empty(fr);
	return rc;
}

static int
memory(const struct weir_host *host, struct weir_err *err)
{
	return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

int
kafka_once_write(struct weir_stage *st, struct weir_batch *b,
    struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	bool extra = cf->timestamp != NULL || cf->headers != NULL ||
	    cf->add_headers.n > 0 || cf->partition != NULL;
	int rc = kafka_records(st, b, err);

	for (uint32_t i = 0; rc == WEIR_OK && i < b->nrows; i++) {
		const rd_kafka_message_t *m = &si->m[i];
		struct record re = { .key = m->key, .key_len = m->key_len,
			.value = m->payload, .len = m->len,
			.partition = m->partition };

		if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		if (re.len + re.key_len > cf->max_message) {
			if (kafka_reject_large(st, b, i) != WEIR_OK)
				rc = memory(st->host, err);
			continue;
		}
		if (extra && kafka_record_extra(st, b, i, &re, err) != WEIR_OK)
			return WEIR_ERROR;
		if (kafka_frame_add(st->host, &si->frame, &re, extra) !=
		    WEIR_OK)
			rc = memory(st->host, err);
		if (re.headers != NULL)
			rd_kafka_headers_destroy(re.headers);
		if (rc == WEIR_OK && si->frame.len >= FRAME_BYTES)
			rc = spool(st, &si->frame, err);
	}
	return rc == WEIR_OK ? spool(st, &si->frame, err) : rc;
}

/* ---- the marker */

static int
produce_marker(struct weir_publisher *pb, struct once *on,
    const struct marker *mk, struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	char topic[KAFKA_NAME_MAX], text[256];
	size_t n = kafka_marker_text(mk, text, sizeof(text));
	int64_t since = 0;
	int left = 0, rc;
	rd_kafka_resp_err_t code;

	kafka_text(&cf->marker_topic, topic, sizeof(topic));
	if (weir_io(pb)->point(WEIR_AT("kafka.txn.marker")) != 0)
		return kafka_txn_unclear(pb, &on->tx, "marker", err);
	for (;;) {
		code = rd_kafka_producev(on->tx.cl.rk, RD_KAFKA_V_TOPIC(topic),
		    RD_KAFKA_V_PARTITION(0),
		    RD_KAFKA_V_KEY(on->key, strlen(on->key)),
		    RD_KAFKA_V_VALUE(text, n),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
			return WEIR_OK;
		if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			return kafka_txn_failed(pb, &on->tx,
			    rd_kafka_error_new(code, "%s",
			    rd_kafka_err2str(code)), "marker", err);
		rc = kafka_txn_wait(pb, &on->tx, &since, &left, err);
		if (rc != WEIR_OK)
			return rc;
	}
}

/* What was said before must be there, and be ours. */
static int
check_marker(struct weir_publisher *pb, struct once *on,
    const struct marker *mk, struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	char topic[KAFKA_NAME_MAX];

	kafka_text(&cf->marker_topic, topic, sizeof(topic));
	if (mk->there && mk->fence > on->fence)
		return pb->host->fail(err, WEIR_NOWHERE, "kafka.fenced",
		    "epoch %llu in topic '%s' was written by owner %llu of the "
		    "state, this is owner %llu: the pipeline was taken over; "
		    "this one stops", (unsigned long long)mk->epoch, topic,
		    (unsigned long long)mk->fence,
		    (unsigned long long)on->fence);
	if (mk->there || on->fresh || (!on->born && !on->claimed))
		return WEIR_OK;
	return pb->host->fail(err, WEIR_NOWHERE, "kafka.marker",
	    "topic '%s' has no marker '%s', although epochs up to %llu were "
	    "written under it: the topic was deleted or made anew, these are "
	    "other brokers, or marker_topic: was another; what the sink holds "
	    "can't be known", topic, on->key,
	    (unsigned long long)(on->mk.epoch > on->published ? on->mk.epoch :
	    on->published));
}

static int
read_marker(struct weir_publisher *pb, struct once *on, struct weir_err *err)
{
	struct marker mk;
	int rc;

	if (weir_io(pb)->point(WEIR_AT("kafka.marker.read")) != 0)
		return kafka_txn_unclear(pb, &on->tx, "markers", err);
	rc = kafka_marker_read(pb->host, pb->config, on->key, &mk, err);
	if (rc == WEIR_OK)
		rc = check_marker(pb, on, &mk, err);
	if (rc != WEIR_OK)
		return rc;
	if (on->fresh && !on->claimed)	/* epochs begin anew */
		mk = (struct marker){ .there = false };
	on->mk = mk;
	on->known = true;
	return WEIR_OK;
}

/* From now on the marker tells whose the sink is. */
static int
claim(struct weir_publisher *pb, struct once *on, struct weir_err *err)
{
	struct marker mk = on->mk;
	int rc;

	mk.fence = on->fence;
	on->known = false;
	rc = kafka_txn_begin(pb, &on->tx, err);
	if (rc == WEIR_OK)
		rc = produce_marker(pb, on, &mk, err);
	if (rc == WEIR_OK)
		rc = kafka_txn_commit(pb, &on->tx, err);
	if (rc != WEIR_OK)
		return rc;
	mk.there = true;
	on->mk = mk;
	on->known = on->tx.made;
	on->claimed = true;
	return WEIR_OK;
}

/* A producer whose id is ours, and what the brokers have. */
static int
ready(struct weir_publisher *pb, struct once *on, struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	struct txn *tx = &on->tx;
	char topic[KAFKA_NAME_MAX];
	int rc = WEIR_OK;

	if (tx->made && tx->inited && on->known)
		return WEIR_OK;
	if (tx->late) {	/* perhaps we slept, and another has begun */
		rc = read_marker(pb, on, err);
		if (rc != WEIR_OK)
			return rc;
		tx->late = false;
	}
	on->known = false;
	if (!tx->made) {
		rc = kafka_txn_make(pb, tx, err);
		if (rc == WEIR_OK && !on->claimed) {
			if (weir_io(pb)->point(WEIR_AT("kafka.marker.make")) !=
			    0)
				return kafka_txn_unclear(pb, tx, "marker topic",
				    err);
			rc = kafka_marker_topic(pb->host, pb->config,
			    on->fresh || on->born ? KAFKA_MARKER_MAKE :
			    KAFKA_MARKER_CHECK, err);
		}
	}
	if (rc == WEIR_OK && !tx->inited)
		rc = kafka_txn_init(pb, tx, err);
	if (rc == WEIR_OK)
		rc = read_marker(pb, on, err);
	if (rc == WEIR_OK) {
		kafka_text(&cf->marker_topic, topic, sizeof(topic));
		kafka_txn_meet(tx, topic);
	} else {
		kafka_txn_drop(tx);
	}
	return rc;
}

int
kafka_once_open(struct weir_publisher *pb, struct once *on,
    const struct weir_fence *fence, struct weir_err *err)
{
	int rc;

	kafka_marker_key(fence, on->key, sizeof(on->key));
	kafka_txn_id(fence, on->tx.id, sizeof(on->tx.id));
	on->fence = fence->fence;
	on->fresh = fence->fresh;
	on->born = fence->born;
	on->published = fence->published;
	rc = ready(pb, on, err);
	return rc == WEIR_OK ? claim(pb, on, err) : rc;
}

void
kafka_once_close(struct once *on)
{
	kafka_txn_drop(&on->tx);
}

/* ---- an epoch */

void
kafka_once_poison(struct once *on, uint64_t row, const char *code, const char *text)
{
	struct weir_poison *po;

	if (on->npoison == KAFKA_NPOISON)
		return;
	po = &on->poison[on->npoison++];
	po->row = row;
	snprintf(po->code, sizeof(po->code), "%s", code);
	snprintf(po->text, sizeof(po->text), "%.255s", text);
}

/* What librdkafka made of a record, of row `row`. */
static int
outcome(struct weir_publisher *pb, struct once *on, rd_kafka_resp_err_t code,
    int32_t partition, uint64_t row, struct weir_err *err)
{
	char text[KAFKA_NAME_MAX + 64];

	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		on->rows++;
		return WEIR_OK;
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		snprintf(text, sizeof(text), "topic '%s' has no partition %d",
		    on->tx.cl.topic, (int)partition);
		kafka_once_poison(on, row, "kafka.partition", text);
		return WEIR_OK;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		kafka_once_poison(on, row, "kafka.too_large", "key, value and "
		    "headers are together more than max_message");
		return WEIR_OK;
	default:
		return kafka_txn_failed(pb, &on->tx, rd_kafka_error_new(code,
		    "%s", rd_kafka_err2str(code)), "produce", err);
	}
}

/* m[0..n) are the rows rows[0..n). */
static int
produce_plain(struct weir_publisher *pb, struct once *on, uint32_t n,
    const uint64_t *rows, struct weir_err *err)
{
	uint32_t at = 0;
	int64_t since = 0;
	int left = 0, rc = WEIR_OK;

	while (at < n) {
		rd_kafka_produce_batch(on->tx.cl.rkt, RD_KAFKA_PARTITION_UA,
		    RD_KAFKA_MSG_F_COPY, on->m + at, (int)(n - at));
		for (; rc == WEIR_OK && at < n && on->m[at].err !=
		    RD_KAFKA_RESP_ERR__QUEUE_FULL; at++)
			rc = outcome(pb, on, on->m[at].err, -1, rows[at], err);
		if (rc == WEIR_OK && at < n)
			rc = kafka_txn_wait(pb, &on->tx, &since, &left, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

/* Takes the record's headers over. */
static int
produce_one(struct weir_publisher *pb, struct once *on, struct record *re,
    uint64_t row, struct weir_err *err)
{
	rd_kafka_resp_err_t code;
	int64_t since = 0;
	int left = 0, rc;

	do {
		rc = WEIR_OK;
		code = kafka_produce(&on->tx.cl, (void *)(uintptr_t)(row + 1),
		    re);
		if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rc = kafka_txn_wait(pb, &on->tx, &since, &left, err);
	} while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && rc == WEIR_OK);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR && re->headers != NULL)
		rd_kafka_headers_destroy(re->headers);
	return rc != WEIR_OK ? rc : outcome(pb, on, code, re->partition, row,
	    err);
}

static int
damaged(struct weir_publisher *pb, uint64_t epoch, struct weir_err *err)
{
	return pb->host->fail(err, WEIR_NOWHERE, "kafka.spool",
	    "the spool of epoch %llu holds something else than records",
	    (unsigned long long)epoch);
}

static int
produce_frame(struct weir_publisher *pb, struct once *on, uint64_t epoch,
    const struct weir_frame *fr, struct weir_err *err)
{
	uint64_t rows[M];
	struct frame_view fv;
	struct record re;
	uint32_t n = 0;
	int rc = WEIR_OK;

	if (!kafka_frame_view(&fv, fr->data, fr->len) || fv.rows != fr->rows)
		return damaged(pb, epoch, err);
	for (uint32_t i = 0; rc == WEIR_OK && i < fr->rows; i++) {
		if (!kafka_frame_next(&fv, &re))
			return damaged(pb, epoch, err);
		if (fr->skip != NULL && weir_bit(fr->skip, i)) {
			if (re.headers != NULL)
				rd_kafka_headers_destroy(re.headers);
			continue;
		}
		if (fv.extra) {
			rc = produce_one(pb, on, &re, fr->first + i, err);
			continue;
		}
		rows[n] = fr->first + i;
		on->m[n++] = (rd_kafka_message_t){
			.payload = (void *)(uintptr_t)re.value, .len = re.len,
			.key = (void *)(uintptr_t)re.key,
			.key_len = re.key_len,
			._private = (void *)(uintptr_t)(fr->first + i + 1) };
		if (n == M) {
			rc = produce_plain(pb, on, n, rows, err);
			n = 0;
		}
	}
	if (rc == WEIR_OK && n > 0)
		rc = produce_plain(pb, on, n, rows, err);
	return rc;
}

static int
produce_epoch(struct weir_publisher *pb, struct once *on, uint64_t epoch,
    struct weir_err *err)
{
	struct weir_frame fr;
	int rc;

	on->rows = 0;
	on->crc = 0;
	on->npoison = 0;
	while ((rc = weir_spool_next(pb, epoch, &fr, err)) == WEIR_OK) {
		on->crc = weir__hash_crc32c(on->crc, fr.data, fr.len);
		if (weir_io(pb)->point(WEIR_AT("kafka.txn.produce")) != 0)
			return kafka_txn_unclear(pb, &on->tx, "produce", err);
		rc = produce_frame(pb, on, epoch, &fr, err);
		if (rc != WEIR_OK)
			return rc;
		rd_kafka_poll(on->tx.cl.rk, 0);
	}
	return rc == WEIR_END ? WEIR_OK : rc;
}

/* One try; WEIR_AGAIN with no text in err: once more at once, without the rows
 * that were rejected. */
static int
try(struct weir_publisher *pb, struct once *on, uint64_t epoch, bool *again,
    struct weir_err *err)
{
	struct marker mk = { .there = true, .epoch = epoch,
		.fence = on->fence };
	int rc;

	*again = false;
	rc = kafka_txn_begin(pb, &on->tx, err);
	if (rc == WEIR_OK)
		rc = produce_epoch(pb, on, epoch, err);
	if (rc == WEIR_OK && on->npoison > 0) {
		*again = true;
		rc = kafka_txn_abort(pb, &on->tx, err);
		return rc == WEIR_OK ? weir_poison(pb, epoch, on->poison,
		    on->npoison, err) : rc;
	}
	mk.rows = on->rows;
	mk.crc = on->crc;
	if (rc == WEIR_OK)
		rc = produce_marker(pb, on, &mk, err);
	if (rc == WEIR_OK)
		rc = kafka_txn_commit(pb, &on->tx, err);
	if (rc == WEIR_OK)
		on->mk = mk;
	return rc;
}

/* Every epoch has a transaction, also one without rows: the marker is then
 * never behind what the journal takes for published. */
int
kafka_once_publish(struct weir_publisher *pb, struct once *on, uint64_t epoch,
    struct weir_err *err)
{
	bool again;
	int rc;

	on->nrefused = 0;
	do {
		rc = ready(pb, on, err);
		if (rc != WEIR_OK)
			return rc;
		if (on->mk.epoch >= epoch)
			return WEIR_OK;
		rc = try(pb, on, epoch, &again, err);
		if (rc != WEIR_OK && on->tx.suspects.n > 0) {
			again = true;
			rc = kafka_once_search(pb, on, epoch, err);
		}
	} while (rc == WEIR_OK && again);
	if (rc != WEIR_OK && on->tx.made)
		kafka_txn_drop(&on->tx);
	return rc;
}

/* ---- a row that was refused, for the quarantine */

int
kafka_once_payload(const struct weir_frame *fr, uint32_t row,
    struct weir_payload *to)
{
	struct frame_view fv;
	struct record re;
	uint32_t i;

	if (!kafka_frame_view(&fv, fr->data, fr->len))
		return -1;
	for (i = 0; i <= row; i++) {
		if (!kafka_frame_next(&fv, &re))
			return -1;
		if (re.headers != NULL)
			rd_kafka_headers_destroy(re.headers);
	}
	*to = (struct weir_payload){ re.key, re.key_len, re.value, re.len };
	return 0;
}

/* ---- audit: what the marker says against the journal, epoch by epoch */

static int
audit_begin(struct weir_publisher *pb, struct once *on,
    const struct weir_fence *fence, struct weir_err *err)
{
	if (on->known)
		return WEIR_OK;
	kafka_marker_key(fence, on->key, sizeof(on->key));
	if (kafka_marker_read(pb->host, pb->config, on->key, &on->mk, err) !=
	    WEIR_OK)
		return WEIR_ERROR;
	on->known = true;
	return WEIR_OK;
}

static void
audit_end(const struct once *on, const struct weir_fence *fence,
    struct weir_audit *out)
{
	const struct marker *mk = &on->mk;

	out->files = 1;
	out->rows = on->rows;
	if (!mk->there)
		snprintf(out->bad, sizeof(out->bad), "there is no marker "
		    "'%.400s'", on->key);
	else if (mk->epoch > fence->epoch)
		snprintf(out->bad, sizeof(out->bad), "the topic has epoch "
		    "%llu, the journal ends with %llu",
		    (unsigned long long)mk->epoch,
		    (unsigned long long)fence->epoch);
	else if (mk->epoch < fence->published)
		snprintf(out->bad, sizeof(out->bad), "the topic ends with "
		    "epoch %llu, although %llu was published",
		    (unsigned long long)mk->epoch,
		    (unsigned long long)fence->published);
}

int
kafka_once_audit(struct weir_publisher *pb, struct once *on,
    const struct weir_fence *fence, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_audit *out,
    struct weir_err *err)
{
	uint64_t rows = 0;

	if (audit_begin(pb, on, fence, err) != WEIR_OK)
		return WEIR_ERROR;
	if (epoch == 0) {
		if (out->bad[0] == '\0')
			audit_end(on, fence, out);
		return WEIR_OK;
	}
	for (size_t i = 0; i < n; i++)
		rows += intents[i].rows;
	if (on->mk.there && epoch <= on->mk.epoch)
		on->rows += rows;
	if (on->mk.there && epoch == on->mk.epoch && on->mk.rows > rows)
		snprintf(out->bad, sizeof(out->bad), "epoch %llu has %llu rows "
		    "in the topic, in the journal %llu",
		    (unsigned long long)epoch, (unsigned long long)on->mk.rows,
		    (unsigned long long)rows);
	return WEIR_OK;
}
