/* SPDX-License-Identifier: MIT */
/*
 * Fills a Kafka topic with card transactions, the same for the same seed: which
 * events, in which partition, at which offset, with which time stamp.
 *
 *   kafka_fill -b BROKERS -t TOPIC [-n EVENTS] [-p PARTITIONS] [-s SEED]
 *       [-i IDLE_PARTITION] [-f FIRST_EVENT] [-d DUMP_FILE]
 *       [-T END] [-k KIND=PER_MILLION]... [-g NAME=NUMBER]...
 *       [-X NAME=VALUE]...
 *
 * Kinds: malformed incomplete late future.  Numbers: start_us step_us
 * jitter_us cards users nulls.  A partition gets the cards of that remainder;
 * an idle one gets none.  The dump has a line for each event: partition,
 * offset (of an empty topic), time stamp in ms, kind, key and value, parted by
 * tabs.  Without -b only the dump is written.  -T puts all events into one
 * transaction, whose end is commit, abort, or open: none.  A transaction that
 * was ended is over in all partitions when the program returns.
 */
#include <errno.h>
#include <unistd.h>

#include "kafka_conf.h"
#include "meter.h"
#include "txn.h"

struct fill {
	const char *brokers, *topic, *dump, *txn;
	uint64_t first, n;
	int parts, idle;
	struct txn_gen gen;
	rd_kafka_conf_t *conf;
};

static const char *const producer_conf[] = {
	"enable.idempotence", "true",
	"compression.codec", "lz4",
	"linger.ms", "20",
	"batch.size", "1000000",
	"queue.buffering.max.messages", "500000",
	"delivery.report.only.error", "true",
	NULL
};

static void
delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("not delivered: %s", rd_kafka_err2str(m->err));
}

static void
topic_create(rd_kafka_t *rk, const struct fill *f)
{
	char why[256];
	rd_kafka_NewTopic_t *nt = rd_kafka_NewTopic_new(f->topic, f->parts, 1,
	    why, sizeof(why));
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	const rd_kafka_topic_result_t *const *res;
	rd_kafka_event_t *ev;
	size_t n;

	if (nt == NULL)
		die("%s", why);
	rd_kafka_CreateTopics(rk, &nt, 1, NULL, q);
	ev = rd_kafka_queue_poll(q, 20000);
	if (ev == NULL || rd_kafka_event_error(ev))
		die("create topic: %s",
		    ev != NULL ? rd_kafka_event_error_string(ev) : "no answer");
	res = rd_kafka_CreateTopics_result_topics(
	    rd_kafka_event_CreateTopics_result(ev), &n);
	if (n == 1 && rd_kafka_topic_result_error(res[0]) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR &&
	    rd_kafka_topic_result_error(res[0]) !=
	    RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		die("create topic: %s",
		    rd_kafka_topic_result_error_string(res[0]));
	rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	rd_kafka_NewTopic_destroy(nt);
}

static void
send_one(rd_kafka_t *rk, const struct fill *f, const struct txn *t, int part,
    int64_t stamp_ms)
{
	rd_kafka_resp_err_t err;

	for (;;) {
		err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(f->topic),
		    RD_KAFKA_V_PARTITION(part),
		    RD_KAFKA_V_KEY(t->key, t->keylen),
		    RD_KAFKA_V_VALUE((void *)t->value, t->len),
		    RD_KAFKA_V_TIMESTAMP(stamp_ms),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		    RD_KAFKA_V_END);
		if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			break;
		rd_kafka_poll(rk, 20);
	}
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("produce: %s", rd_kafka_err2str(err));
}

static void
must(rd_kafka_error_t *e, const char *what)
{
	if (e != NULL)
		die("%s: %s", what, rd_kafka_error_string(e));
}

/* All is in the broker; what becomes of the transaction? */
static void
txn_end(rd_kafka_t *rk, const char *how)
{
	if (strcmp(how, "commit") == 0)
		must(rd_kafka_commit_transaction(rk, 30000), "commit");
	else if (strcmp(how, "abort") == 0)
		must(rd_kafka_abort_transaction(rk, 30000), "abort");
	else if (strcmp(how, "open") == 0)
		_exit(0);	/* no destructor: it would abort */
	else
		die("-T wants commit, abort or open, found '%s'", how);
}

/* Brokers answer a commit before all partitions have it.  Who begins with the
 * same id afterwards waits until the transaction before is complete. */
static void
txn_over(rd_kafka_conf_t *conf)
{
	rd_kafka_t *rk = client_new(RD_KAFKA_PRODUCER, conf);

	must(rd_kafka_init_transactions(rk, 30000), "end of transaction");
	rd_kafka_destroy(rk);
}

static int
partition_of(const struct fill *f, uint32_t card)
{
	int part = (int)(card % (uint32_t)f->parts);

	if (part == f->idle && f->parts > 1)
		part = (part + 1) % f->parts;
	return part;
}

static void
run(const struct fill *f, rd_kafka_t *rk, FILE *dump)
{
	static const char *const kind[] = { "good", "malformed", "incomplete",
		"late", "future" };
	double wall = meter_wall(), cpu = meter_cpu();
	int64_t *offset = calloc((size_t)f->parts, sizeof(*offset)), stamp;
	uint64_t bytes = 0;
	struct txn t;
	int part;

	if (offset == NULL)
		die("out of memory");
	for (uint64_t i = f->first; i < f->first + f->n; i++) {
		txn_make(&t, &f->gen, i);
		part = partition_of(f, t.card);
		stamp = (f->gen.start_us + (int64_t)i * f->gen.step_us) / 1000;
		if (dump != NULL) {
			fprintf(dump, "%d\t%lld\t%lld\t%s\t%.*s\t", part,
			    (long long)offset[part], (long long)stamp,
			    kind[t.kind], (int)t.keylen, t.key);
			fwrite(t.value, 1, t.len, dump);
			fputc('\n', dump);
		}
		offset[part]++;
		if (rk != NULL)
			send_one(rk, f, &t, part, stamp);
		if (rk != NULL && i % 1000 == 0)
			rd_kafka_poll(rk, 0);
		bytes += t.len;
	}
	if (rk != NULL && rd_kafka_flush(rk, 120000))
		die("not delivered after two minutes");
	if (f->txn != NULL)
		txn_end(rk, f->txn);
	meter_print("fill", f->n, bytes, 0, meter_wall() - wall,
	    meter_cpu() - cpu);
	free(offset);
}

static void
number(struct txn_gen *g, char *arg)
{
	static const char *const name[] = { "start_us", "step_us", "jitter_us",
		"cards", "users", "nulls", "malformed", "incomplete", "late",
		"future" };
	char *eq = strchr(arg, '='), *end;
	int64_t *const big[] = { &g->start_us, &g->step_us, &g->jitter_us };
	uint32_t *const small[] = { &g->cards, &g->users, &g->nulls,
		&g->malformed, &g->incomplete, &g->late, &g->future };
	long long v;

	if (eq == NULL)
		die("'%s' should be name=number", arg);
	*eq = '\0';
	errno = 0;
	v = strtoll(eq + 1, &end, 10);
	if (errno != 0 || end == eq + 1 || *end != '\0')
		die("%s: '%s' is no number", arg, eq + 1);
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		if (strcmp(name[i], arg) != 0)
			continue;
		if (i < 3)
			*big[i] = v;
		else
			*small[i - 3] = (uint32_t)v;
		return;
	}
	die("there is no number '%s'", arg);
}

static uint64_t
whole(const char *arg)
{
	char *end;
	unsigned long long v = strtoull(arg, &end, 10);

	if (end == arg || *end != '\0')
		die("'%s' is no number", arg);
	return v;
}

int
main(int argc, char **argv)
{
	struct fill f = { .n = 100000, .parts = 4, .idle = -1,
		.gen = TXN_DEFAULT, .conf = rd_kafka_conf_new() };
	rd_kafka_conf_t *again = NULL;
	rd_kafka_t *rk = NULL;
	FILE *dump = NULL;
	int c;

	conf_table(f.conf, producer_conf);
	while ((c = getopt(argc, argv, "b:t:n:p:s:i:f:d:T:k:g:X:")) != -1) {
		switch (c) {
		case 'b': f.brokers = optarg; break;
		case 't': f.topic = optarg; break;
		case 'n': f.n = whole(optarg); break;
		case 'p': f.parts = (int)whole(optarg); break;
		case 's': f.gen.seed = whole(optarg); break;
		case 'i': f.idle = (int)whole(optarg); break;
		case 'f': f.first = whole(optarg); break;
		case 'd': f.dump = optarg; break;
		case 'T': f.txn = optarg; break;
		case 'k':
		case 'g': number(&f.gen, optarg); break;
		case 'X': conf_arg(f.conf, optarg); break;
		default: return 2;
		}
	}
	if (f.parts < 1 || (f.brokers == NULL && f.dump == NULL) ||
	    (f.brokers != NULL && f.topic == NULL))
		die("usage: kafka_fill -b BROKERS -t TOPIC ..., see the top "
		    "of bench/kafka_fill.c");
	if (f.dump != NULL && (dump = fopen(f.dump, "w")) == NULL)
		die("%s: %s", f.dump, strerror(errno));
	if (f.brokers != NULL) {
		conf_set(f.conf, "bootstrap.servers", f.brokers);
		rd_kafka_conf_set_dr_msg_cb(f.conf, delivered);
		if (f.txn != NULL) {
			conf_set(f.conf, "transactional.id", f.topic);
			again = rd_kafka_conf_dup(f.conf);
		}
		rk = client_new(RD_KAFKA_PRODUCER, f.conf);
		topic_create(rk, &f);
	}
	if (rk != NULL && f.txn != NULL) {
		must(rd_kafka_init_transactions(rk, 30000), "transactions");
		must(rd_kafka_begin_transaction(rk), "transaction");
	}
	run(&f, rk, dump);
	if (dump != NULL && fclose(dump) != 0)
		die("%s: %s", f.dump, strerror(errno));
	if (rk != NULL)
		rd_kafka_destroy(rk);
	if (again != NULL)
		txn_over(again);
	return 0;
}
