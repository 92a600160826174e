/* SPDX-License-Identifier: MIT
 *
 * kafka.read while it runs: open, poll, commit and the ends.
 *
 * Partitions are assigned by hand, through librdkafka's simple consumer: there
 * is no group to join, and no coordinator to wait for.  All deliver into one
 * queue, so its limit holds for the whole source however many there are.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "source.h"

enum {
	TICK_US = 200000,	 /* between looks at what is not rows */
	CALL_MS = 1000,
	FIRST_PULL = 8,
	HELD_MAX = 4 * WEIR_BATCH_ROWS,
	QUEUED_MESSAGES = 60000, /* librdkafka's own limit beside bytes */
};

static kafka_settings settings = {
	"enable.auto.offset.store", "false",
	"auto.offset.reset", "error",
	"enable.partition.eof", "true",
	"isolation.level", "read_committed",
	"check.crcs", "true",
	"allow.auto.create.topics", "false",
	"queued.min.messages", "60000",
	"fetch.wait.max.ms", "100",
	"fetch.message.max.bytes", "1048576",
	"fetch.max.bytes", "4194304",
	"fetch.error.backoff.ms", "100",
	"reconnect.backoff.ms", "20",
	"reconnect.backoff.max.ms", "2000",
	"socket.nagle.disable", "true",
	"socket.keepalive.enable", "true",
	NULL
};

static int
client_make(struct weir_stage *st, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	const struct weir_host *host = st->host;
	char brokers[4096], kbytes[24];
	rd_kafka_conf_t *conf;

	kafka_text(&cf->common.brokers, brokers, sizeof(brokers));
	conf = kafka_conf_new(host, &cf->common, so->em != NULL ?
	    kafka_embedded_brokers(so->em) : brokers, settings, KAFKA_READS,
	    err);
	if (conf == NULL)
		return WEIR_ERROR;
	snprintf(kbytes, sizeof(kbytes), "%llu",
	    (unsigned long long)(cf->queue / 1024));
	if (kafka_conf_set(host, conf, "queued.max.messages.kbytes", kbytes,
	    err) != WEIR_OK) {
		rd_kafka_conf_destroy(conf);
		return WEIR_ERROR;
	}
	kafka_conf_try(conf, "fetch.queue.backoff.ms", "5");
	so->ref = host->zalloc(sizeof(*so->ref));
	if (so->ref == NULL) {
		rd_kafka_conf_destroy(conf);
		return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
	}
	so->ref->refs = 1;
	so->cl = &so->ref->cl;
	return kafka_client_init(so->cl, host, &cf->common, RD_KAFKA_CONSUMER,
	    conf, so->em != NULL ? "the embedded Kafka" : brokers, err);
}

int
kafka_source_init(struct weir_stage *st, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	char topic[KAFKA_NAME_MAX];

	so->message_bytes = 16 * 300;
	if (!kafka_is_embedded(&cf->common))
		return WEIR_OK;
	so->em = kafka_embedded_get(st, err);
	if (so->em == NULL)
		return WEIR_ERROR;
	return kafka_embedded_reader(so->em, kafka_text(&cf->common.topic,
	    topic, sizeof(topic)), &so->pace, err);
}

static void
held_free(struct weir_stage *st)
{
	struct source *so = st->state;

	for (int i = 0; i < so->nparts; i++) {
		struct part *pt = &so->parts[i];

		kafka_part_stop(so, pt);
		for (uint32_t k = 0; k < pt->nheld; k++)
			rd_kafka_message_destroy(pt->held[k]);
		st->host->free(pt->held);
	}
	st->host->free(so->parts);
}

void
kafka_source_fini(struct weir_stage *st)
{
	struct source *so = st->state;

	kafka_watch_stop(&so->watch);
	while (so->committing && !kafka_client_lost(so->cl)) {
		kafka_group_poll(st, 2000);
		if (so->ncommit == 0)
			break;
	}
	held_free(st);
	if (so->q != NULL) {
		rd_kafka_queue_io_event_enable(so->q, -1, NULL, 0);
		rd_kafka_queue_destroy(so->q);
	}
	if (so->admin != NULL)
		rd_kafka_queue_destroy(so->admin);
	if (so->ref != NULL)
		kafka_ref_drop(so->ref);
	if (so->has_fd)
		close(so->fd);
	st->host->free(so->commit);
	if (so->pace != NULL)
		kafka_embedded_leave(so->em, so->pace);
	if (so->em != NULL)
		kafka_embedded_put(st);
	memset(so, 0, sizeof(*so));
}

/* Which partitions there are, and which of them are ours. */
static int
parts_make(struct weir_stage *st, int n, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	const int64_t *no = cf->partitions.items;
	struct source *so = st->state;
	char name[16];

	if (so->parts != NULL)
		return WEIR_OK;
	for (size_t k = 0; k < cf->partitions.n; k++)
		if (no[k] >= n)
			return st->host->fail(err, WEIR_NOWHERE,
			    "kafka.partition", "topic '%s' has %d partitions, "
			    "so there is no number %lld", so->cl->topic, n,
			    (long long)no[k]);
	so->parts = st->host->zalloc((size_t)n * sizeof(*so->parts));
	if (so->parts == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	so->nparts = n;
	for (int i = 0; i < n; i++)
		so->parts[i] = (struct part){ .no = i, .next = -1, .end = -1,
			.eof = -1, .told = -1, .last.offset = -1, .mine = cf->partitions.n == 0 };
	for (size_t k = 0; k < cf->partitions.n; k++)
		so->parts[no[k]].mine = true;
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (so->parts[i].mine && weir_partition(st, i, name) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
queue_make(struct weir_stage *st, struct weir_err *err)
{
	struct source *so = st->state;
	static const uint64_t one = 1;

	if (so->q != NULL)
		return WEIR_OK;
	so->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (so->fd < 0)
		return st->host->fail(err, WEIR_NOWHERE, "kafka.eventfd",
		    "no event descriptor: %s", strerror(errno));
	so->has_fd = true;
	so->q = rd_kafka_queue_new(so->cl->rk);
	rd_kafka_queue_io_event_enable(so->q, so->fd, &one, sizeof(one));
	return WEIR_OK;
}

static int
source_open(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	int rc, nparts = 0;

	if (so->cl == NULL && client_make(st, err) != WEIR_OK)
		return WEIR_ERROR;
	rc = kafka_client_partitions(so->cl, &nparts, CALL_MS, err);
	if (rc == WEIR_OK && so->cluster[0] == '\0')
		kafka_cluster(so, CALL_MS);
	if (rc == WEIR_OK && so->em == NULL)
		kafka_topic_id(so->cl, &so->id, CALL_MS);
	if (rc == WEIR_OK)
		rc = kafka_group_check(st, err);
	if (rc == WEIR_OK)
		rc = parts_make(st, nparts, err);
	if (rc == WEIR_OK)
		rc = queue_make(st, err);
	if (rc == WEIR_OK)
		rc = kafka_offsets_start(st, at, n, err);
	if (rc == WEIR_OK)
		rc = kafka_watch_start(&so->watch, so->cl, cf, so->nparts, err);
	so->opened = rc == WEIR_OK;
	return rc;
}

/* Librdkafka gave an error in place of a message. */
static int
take_error(struct weir_stage *st, struct part *pt, const rd_kafka_message_t *m,
    struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;

	switch (m->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		pt->eof = m->offset;
		pt->verify = false;
		return WEIR_OK;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
#if RD_KAFKA_VERSION >= 0x020100ff
	case RD_KAFKA_RESP_ERR__LOG_TRUNCATION:
#endif
		so->nbroken += !pt->broken;
		pt->broken = true;
		kafka_watch_want_first(&so->watch);
		return WEIR_OK;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return st->host->fail(err, WEIR_NOWHERE, "kafka.denied",
		    "topic '%s' may not be read: %s", so->cl->topic,
		    rd_kafka_message_errstr(m));
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
		if (cf->on_data_loss == LOSS_STOP)
			return st->host->fail(err, WEIR_NOWHERE,
			    "kafka.corrupt", "partition %d of topic '%s': %s; "
			    "on_data_loss: continue goes on behind it",
			    (int)pt->no, so->cl->topic,
			    rd_kafka_message_errstr(m));
		break;
	default:
		break;
	}
	if (kafka_clock() >= pt->next_word)
		weir_log(st, WEIR_LOG_WARN, "partition %d of topic '%s': %s",
		    (int)pt->no, so->cl->topic, rd_kafka_message_errstr(m));
	pt->next_word = kafka_clock() + 60000000;
	return WEIR_OK;
}

/* Room for one more message of the partition. */
static int
part_room(struct weir_stage *st, struct part *pt, struct weir_err *err)
{
	uint32_t room = pt->room == 0 ? 256 : pt->room * 2;
	rd_kafka_message_t **held;

	if (pt->nheld < pt->room)
		return WEIR_OK;
	held = st->host->realloc(pt->held, room * sizeof(*held));
	if (held == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	pt->held = held;
	pt->room = room;
	return WEIR_OK;
}

/* Before anything else the last row that was read must come again.  It may be
 * gone, compacted, but no other may be in its place, or between it and where
 * we stood. */
static int
verify(struct weir_stage *st, struct part *pt, const rd_kafka_message_t *m,
    bool *again, struct weir_err *err)
{
	struct row ro;

	*again = m->offset < pt->next;
	pt->verify = false;
	if (m->offset >= pt->next)
		return WEIR_OK;
	kafka_row_of(&ro, m);
	if (ro.offset == pt->last.offset && ro.stamp == pt->last.stamp &&
	    ro.crc == pt->last.crc && (ro.epoch < 0 || pt->last.epoch < 0 ||
	    ro.epoch == pt->last.epoch))
		return WEIR_OK;
	return kafka_part_differs(st, pt, m, err);
}

/* Consumes the message in all cases. */
static int
take(struct weir_stage *st, rd_kafka_message_t *m, struct weir_err *err)
{
	struct source *so = st->state;
	struct part *pt = m->partition >= 0 && m->partition < so->nparts ?
	    &so->parts[m->partition] : NULL;
	bool again = false;
	int rc = WEIR_OK;

	if (pt != NULL && pt->verify && pt->started &&
	    m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = verify(st, pt, m, &again, err);
	if (rc != WEIR_OK || again || pt == NULL || !pt->started ||
	    pt->finished || pt->broken)
		;
	else if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = take_error(st, pt, m, err);
	else if (pt->end >= 0 && m->offset >= pt->end)
		pt->past_end = true;
	else if ((rc = part_room(st, pt, err)) == WEIR_OK) {
		pt->held[pt->nheld++] = m;
		pt->eof = -1;
		so->held++;
		so->held_bytes += m->len + m->key_len;
		return WEIR_OK;
	}
	rd_kafka_message_destroy(m);
	return rc;
}

/* Librdkafka's fetcher is asleep when its queue was full, and must be woken
 * when that has gone down to a half. */
static void
watch_fill(struct weir_stage *st, size_t left, size_t n, uint64_t bytes)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	uint64_t size;

	if (bytes / n * 16 > so->message_bytes)	/* up at once, down slowly */
		so->message_bytes = bytes / n * 16;
	so->message_bytes += bytes / n - so->message_bytes / 16;
	size = so->message_bytes / 16;
	if ((left + n) * size >= cf->queue / 2 ||
	    left + n >= QUEUED_MESSAGES / 2)
		so->was_full = true;
	if (so->was_full && left * size < cf->queue / 2 &&
	    left < QUEUED_MESSAGES / 2) {
		so->was_full = false;
		kafka_watch_wake(&so->watch);
	}
}

/* Is as much held as may be?  Half of the queue's bytes, so that large
 * messages do not pile up here. */
static bool
full(const struct weir_stage *st)
{
	const struct read_config *cf = st->config;
	const struct source *so = st->state;

	return so->held >= HELD_MAX || so->held_bytes >= cf->queue / 2;
}

/* Move what librdkafka has to the partitions: at most a batch's rows. */
static int
pull(struct weir_stage *st, size_t *got, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	size_t len = rd_kafka_queue_length(so->q);
	size_t want = len < WEIR_BATCH_ROWS ? len : WEIR_BATCH_ROWS;
	uint64_t bytes = 0, room;
	int rc = WEIR_OK;
	ssize_t n;

	*got = 0;
	if (want == 0)
		return WEIR_OK;
	room = (cf->queue / 2 - so->held_bytes) / (so->message_bytes / 16 + 1);
	if (want > room)
		want = room > 0 ? (size_t)room : 1;
	if (!so->pulled && want > FIRST_PULL)	/* how large are they? */
		want = FIRST_PULL;
	n = rd_kafka_consume_batch_queue(so->q, 0, so->pull, want);
	if (n <= 0)
		return WEIR_OK;
	*got = (size_t)n;
	so->pulled = true;
	for (ssize_t i = 0; i < n; i++) {
		rd_kafka_message_t *m = so->pull[i];

		bytes += m->len;
		if (rc == WEIR_OK)
			rc = take(st, m, err);
		else
			rd_kafka_message_destroy(m);
	}
	watch_fill(st, len - (size_t)n, (size_t)n, bytes);
	return rc;
}

/* Where the partition stands now, and whether it has reached its end. */
static int
settle(struct weir_stage *st, struct part *pt)
{
	struct source *so = st->state;

	if (!pt->started || pt->verify)
		return WEIR_OK;
	if (pt->nheld > 0 || pt->broken)
		return kafka_part_tell(st, pt);
	if (pt->eof > pt->next)	/* behind the last row: control records */
		pt->next = pt->eof;
	if (pt->end >= 0 && (pt->past_end || pt->next >= pt->end)) {
		pt->finished = true;
		if (pt->next < pt->end)
			pt->next = pt->end;
		kafka_part_stop(so, pt);
	}
	return kafka_part_tell(st, pt);
}

/* At most `n` held rows of the partition, as one batch. */
static int
emit(struct weir_stage *st, struct part *pt, uint32_t n, struct weir_err *err)
{
	struct source *so = st->state;
	int64_t next = pt->held[n - 1]->offset + 1;
	struct weir_batch *b;
	uint64_t bytes;
	int rc;

	kafka_row_of(&pt->last, pt->held[n - 1]);
	b = kafka_rows(st, so, pt, n);
	if (b == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	so->held_bytes -= b->bytes;
	bytes = b->bytes + n * kafka_embedded_size(0, 0);
	rc = weir_emit(st, 0, b, err);
	if (so->pace != NULL)
		kafka_embedded_took(so->pace, pt->no, bytes);
	pt->next = next;
	so->epoch_rows += n;
	return rc == WEIR_OK ? settle(st, pt) : rc;
}

/* The next partition to emit of: a full batch where there is one, else, when
 * `rest`, what there is. */
static struct part *
pick(struct source *so, bool rest)
{
	struct part *some = NULL;

	for (int k = 0; k < so->nparts; k++) {
		struct part *pt = &so->parts[(so->cursor + k) % so->nparts];

		if (pt->nheld >= WEIR_BATCH_ROWS) {
			so->cursor = (pt->no + 1) % so->nparts;
			return pt;
		}
		if (some == NULL && pt->nheld > 0)
			some = pt;
	}
	if (!rest || some == NULL)
		return NULL;
	so->cursor = (some->no + 1) % so->nparts;
	return some;
}

static int
emit_some(struct weir_stage *st, uint32_t max_rows, bool rest,
    struct weir_err *err)
{
	struct source *so = st->state;
	struct part *pt;
	uint32_t n;
	int rc;

	while (max_rows > 0 && (pt = pick(so, rest)) != NULL) {
		n = pt->nheld < max_rows ? pt->nheld : max_rows;
		if (n > WEIR_BATCH_ROWS)
			n = WEIR_BATCH_ROWS;
		max_rows -= n;
		rc = emit(st, pt, n, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

static void
lag(struct weir_stage *st)
{
	struct source *so = st->state;
	int64_t low, high;

	for (int i = 0; i < so->nparts; i++) {
		struct part *pt = &so->parts[i];

		if (!pt->mine || rd_kafka_get_watermark_offsets(so->cl->rk,
		    so->cl->topic, i, &low, &high) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR || high < 0)
			continue;
		weir_lag(st, i, high > pt->next ? high - pt->next : 0);
	}
}

/* What is not rows: outages, commits, new partitions, lag. */
static int
tick(struct weir_stage *st, struct weir_err *err)
{
	struct source *so = st->state;

	so->next_tick = kafka_clock() + TICK_US;
	kafka_client_poll(so->cl, st, 0);
	if (kafka_client_report(so->cl, st, err) != WEIR_OK)
		return WEIR_ERROR;
	kafka_group_poll(st, 0);
	lag(st);
	for (int i = 0; i < so->nparts; i++)
		if (settle(st, &so->parts[i]) != WEIR_OK)
			return WEIR_ERROR;
	return kafka_offsets_watched(st, err);
}

/* Wait until the queue is no longer empty. */
static void
wait_rows(struct source *so, int64_t wait_us)
{
	struct pollfd pfd = { .fd = so->fd, .events = POLLIN };
	struct timespec ts = { wait_us / 1000000, wait_us % 1000000 * 1000 };
	uint64_t count;

	if (ppoll(&pfd, 1, &ts, NULL) == 1 &&
	    read(so->fd, &count, sizeof(count)) < 0)
		return;
}

static bool
all_finished(const struct source *so)
{
	for (int i = 0; i < so->nparts; i++)
		if (so->parts[i].mine && !so->parts[i].finished)
			return false;
	return true;
}

/* How many rows may still come in this epoch. */
static uint32_t
budget(struct weir_stage *st, uint32_t max_rows)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	uint64_t epoch = st->host->epoch_no(st), left;

	if (cf->max_rows == 0)
		return max_rows;
	if (epoch != so->epoch)
		so->epoch_rows = 0;
	so->epoch = epoch;
	left = so->epoch_rows < (uint64_t)cf->max_rows ?
	    (uint64_t)cf->max_rows - so->epoch_rows : 0;
	return left < max_rows ? (uint32_t)left : max_rows;
}

static int
gather(struct weir_stage *st, int64_t wait_us, bool *drained,
    struct weir_err *err)
{
	struct source *so = st->state;
	size_t got;

	*drained = false;
	while (!full(st) && pick(so, false) == NULL) {
		if (pull(st, &got, err) != WEIR_OK)
			return WEIR_ERROR;
		if (got > 0)
			continue;
		if (so->held > 0 || wait_us <= 0) {
			*drained = true;
			break;
		}
		wait_rows(so, wait_us);
		wait_us = 0;
	}
	return WEIR_OK;
}

static int
source_poll(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
    struct weir_err *err)
{
	struct source *so = st->state;
	uint32_t held, rows = budget(st, max_rows);
	bool drained;
	int rc;

	if (kafka_clock() >= so->next_tick && (rc = tick(st, err)) != WEIR_OK)
		return rc;
	if (all_finished(so))
		return WEIR_END;
	if (rows == 0) {
		poll(NULL, 0, (int)(wait_us / 1000));
		return WEIR_AGAIN;
	}
	if (gather(st, wait_us, &drained, err) != WEIR_OK)
		return WEIR_ERROR;
	held = so->held;
	rc = emit_some(st, rows, drained || full(st), err);
	if (rc != WEIR_OK)
		return rc;
	if (held > so->held)
		return WEIR_OK;
	for (int i = 0; i < so->nparts; i++)
		if (settle(st, &so->parts[i]) != WEIR_OK)
			return WEIR_ERROR;
	return all_finished(so) ? WEIR_END : WEIR_AGAIN;
}

const struct weir_source_ops kafka_source_ops = {
	.size = sizeof(struct weir_source_ops),
	.open = source_open,
	.poll = source_poll,
	.commit = kafka_group_commit,
	.bound = kafka_offsets_bound,
};
