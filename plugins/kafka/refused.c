/* SPDX-License-Identifier: MIT
 *
 * kafka.write(delivery: exactly_once): which of the rows that brokers refused
 * are to blame.
 *
 * Brokers refuse a batch of records as a whole.  Its records are kept when that
 * is told; then they are written again in transactions that are all rolled
 * back, in halves of halves, until those are known that are refused alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "once.h"

enum {
	KEPT_ROWS = 10000,	/* of a transaction: as many as a batch has */
	ROWS_MAX = 1000,	/* of an epoch: then the topic is to blame */
};

bool
kafka_refusal(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	    code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
	    code == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
	    code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP ||
	    code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION;
}

void
kafka_suspects_keep(struct suspects *su, const struct weir_host *host,
    const rd_kafka_message_t *m)
{
	uint64_t no = (uintptr_t)m->_private - 1, *row;

	if (su->searching) {
		su->failed[no] = true;
		return;
	}
	if (su->n == KEPT_ROWS)
		return;
	row = host->realloc(su->row, (su->n + 1) * sizeof(*row));
	if (row == NULL)
		return;
	su->row = row;
	row[su->n++] = no;
}

void
kafka_suspects_fini(struct suspects *su, const struct weir_host *host)
{
	if (host != NULL) {
		host->free(su->frame.p);
		host->free(su->row);
		host->free(su->failed);
	}
	*su = (struct suspects){ .searching = false };
}

/* ---- the search */

static int
send_one(struct weir_publisher *pb, struct txn *tx, struct record *re,
    uint32_t no, struct weir_err *err)
{
	rd_kafka_resp_err_t code;
	int64_t since = 0;
	int left = 0, rc = WEIR_OK;

	while ((code = kafka_produce(&tx->cl, (void *)(uintptr_t)(no + 1),
	    re)) == RD_KAFKA_RESP_ERR__QUEUE_FULL && rc == WEIR_OK &&
	    tx->bad == RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = kafka_txn_wait(pb, tx, &since, &left, err);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WEIR_OK;
	if (re->headers != NULL)
		rd_kafka_headers_destroy(re->headers);
	if (rc != WEIR_OK || tx->bad != RD_KAFKA_RESP_ERR_NO_ERROR)
		return rc;
	return kafka_txn_failed(pb, tx, rd_kafka_error_new(code, "%s",
	    rd_kafka_err2str(code)), "produce", err);
}

/* The suspects of list[0..n), which ascends, in a transaction that is rolled
 * back.  When one is refused the producer is dropped: librdkafka 2.0 skips
 * sequence numbers behind that. */
static int
test(struct weir_publisher *pb, struct txn *tx, const uint32_t *list,
    uint32_t n, struct weir_err *err)
{
	const struct frame *fr = &tx->suspects.frame;
	struct frame_view fv;
	struct record re;
	uint32_t k = 0;
	int rc = WEIR_OK;

	if (!tx->made)
		rc = kafka_txn_make(pb, tx, err);
	if (rc == WEIR_OK && !tx->inited)
		rc = kafka_txn_init(pb, tx, err);
	if (rc == WEIR_OK)
		rc = kafka_txn_begin(pb, tx, err);
	if (rc != WEIR_OK || !kafka_frame_view(&fv, fr->p, fr->len))
		return rc;
	for (uint32_t i = 0; rc == WEIR_OK && k < n &&
	    tx->bad == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    kafka_frame_next(&fv, &re); i++) {
		if (i == list[k]) {
			k++;
			rc = send_one(pb, tx, &re, i, err);
		} else if (re.headers != NULL)
			rd_kafka_headers_destroy(re.headers);
	}
	if (rc == WEIR_OK)
		rc = kafka_txn_settle(pb, tx, err);
	if (rc != WEIR_OK || tx->bad == RD_KAFKA_RESP_ERR_NO_ERROR)
		return rc == WEIR_OK ? kafka_txn_abort(pb, tx, err) : rc;
	memcpy(tx->suspects.topic, tx->cl.topic, sizeof(tx->cl.topic));
	kafka_txn_drop(tx);
	return kafka_refusal(tx->bad) ? WEIR_OK : kafka_txn_unclear(pb, tx,
	    "produce", err);
}

/* Those that failed, to the front: how many. */
static uint32_t
keep_failed(struct suspects *su, uint32_t *list, uint32_t n)
{
	uint32_t nf = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (su->failed[list[i]])
			list[nf++] = list[i];
		su->failed[list[i]] = false;
	}
	return nf;
}

static void
blame(struct once *on, uint32_t no)
{
	struct txn *tx = &on->tx;
	bool size = tx->bad == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	    tx->bad == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
	char text[KAFKA_NAME_MAX + KAFKA_WHY_MAX + 16];

	snprintf(text, sizeof(text), "topic '%s', %s",
	    tx->suspects.topic, tx->bad_text);
	kafka_once_poison(on, tx->suspects.row[no], size ? "kafka.too_large" :
	    "kafka.refused", text);
}

static int
find(struct weir_publisher *pb, struct once *on, uint32_t *list, uint32_t n,
    struct weir_err *err)
{
	uint32_t nf;
	int rc;

	if (on->npoison == KAFKA_NPOISON || n == 0)
		return WEIR_OK;
	rc = test(pb, &on->tx, list, n, err);
	if (rc != WEIR_OK)
		return rc;
	nf = keep_failed(&on->tx.suspects, list, n);
	if (nf == 1)	/* its batch held nothing else */
		blame(on, list[0]);
	if (nf <= 1)
		return WEIR_OK;
	rc = find(pb, on, list, nf / 2, err);
	return rc == WEIR_OK ? find(pb, on, list + nf / 2, nf - nf / 2, err) :
	    rc;
}

static int
by_row(const void *a, const void *b)
{
	const struct weir_poison *x = a, *y = b;

	return x->row < y->row ? -1 : x->row > y->row;
}

/* What came of it. */
static int
judge(struct weir_publisher *pb, struct once *on, const char *topic,
    const char *why, struct weir_err *err)
{
	on->nrefused += on->npoison;
	if (on->npoison == 0)
		pb->host->fail(err, WEIR_NOWHERE, "kafka.refused",
		    "a batch of records for topic '%s' was refused, %s, and "
		    "each of its records alone is taken; set batch: to less "
		    "than the topic's max.message.bytes", topic, why);
	else if (on->nrefused > ROWS_MAX)
		pb->host->fail(err, WEIR_NOWHERE, "kafka.refused",
		    "%u rows of one epoch were refused for topic '%s', %s: "
		    "the topic is not made for them, or the pipeline not for "
		    "the topic", on->nrefused, topic, why);
	else
		return WEIR_OK;
	return WEIR_ERROR;
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Those of a spool's frame among the suspects, from *at on. */
static int
collect_frame(struct weir_publisher *pb, struct suspects *su,
    const struct weir_frame *fr, uint32_t *at)
{
	struct frame_view fv;
	struct record re;
	int rc = WEIR_OK;

	if (!kafka_frame_view(&fv, fr->data, fr->len))
		return WEIR_ERROR;
	for (uint64_t i = fr->first; rc == WEIR_OK && *at < su->n &&
	    i < fr->first + fr->rows; i++) {
		if (!kafka_frame_next(&fv, &re))
			return WEIR_ERROR;
		if (i == su->row[*at]) {
			(*at)++;
			rc = kafka_frame_add(pb->host, &su->frame, &re, true);
		}
		if (re.headers != NULL)
			rd_kafka_headers_destroy(re.headers);
	}
	return rc;
}

/* A report on a record does not hold all of it: they come from the spool. */
static int
collect(struct weir_publisher *pb, struct suspects *su, uint64_t epoch,
    struct weir_err *err)
{
	struct weir_frame fr;
	uint32_t at = 0;
	int rc;

	qsort(su->row, su->n, sizeof(*su->row), by_number);
	rc = weir_spool_rewind(pb, epoch, err);
	while (rc == WEIR_OK && at < su->n &&
	    (rc = weir_spool_next(pb, epoch, &fr, err)) == WEIR_OK)
		if (collect_frame(pb, su, &fr, &at) != WEIR_OK)
			rc = pb->host->fail(err, WEIR_NOWHERE, "memory",
			    "out of memory");
	return rc == WEIR_END ? WEIR_OK : rc;
}

/* The transaction is open, and one or more of its batches were refused. */
int
kafka_once_search(struct weir_publisher *pb, struct once *on, uint64_t epoch,
    struct weir_err *err)
{
	struct suspects *su = &on->tx.suspects;
	uint32_t n = su->n, *list;
	char why[KAFKA_WHY_MAX], topic[KAFKA_NAME_MAX];
	int rc = WEIR_OK;

	memcpy(why, on->tx.bad_text, sizeof(why));
	memcpy(topic, on->tx.cl.topic, sizeof(topic));
	on->npoison = 0;
	list = pb->host->alloc(n * sizeof(*list));
	su->failed = pb->host->zalloc(n * sizeof(*su->failed));
	if (list == NULL || su->failed == NULL)
		rc = pb->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	su->searching = true;
	kafka_txn_drop(&on->tx);
	if (rc == WEIR_OK)
		rc = collect(pb, su, epoch, err);
	n = su->frame.rows;
	for (uint32_t i = 0; rc == WEIR_OK && i < n; i++)
		list[i] = i;
	if (rc == WEIR_OK)
		rc = find(pb, on, list, n, err);
	kafka_suspects_fini(su, pb->host);
	kafka_txn_drop(&on->tx);
	pb->host->free(list);
	if (rc == WEIR_OK)
		rc = judge(pb, on, topic, why, err);
	if (rc != WEIR_OK)
		return rc;
	qsort(on->poison, on->npoison, sizeof(*on->poison), by_row);
	return weir_poison(pb, epoch, on->poison, on->npoison, err);
}
