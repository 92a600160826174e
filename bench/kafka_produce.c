/* SPDX-License-Identifier: MIT */
/*
 * The floor P: what it costs to write card transactions with librdkafka's
 * idempotent producer.  The events are made before the clock starts.
 *
 *   kafka_produce -b BROKERS -t TOPIC [-n EVENTS] [-s SEED] [-c CALL]
 *       [-X NAME=VALUE]...
 *
 * CALL is batch (rd_kafka_produce_batch, the default) or each
 * (rd_kafka_producev for every message).
 */
#include <unistd.h>

#include "kafka_conf.h"
#include "meter.h"
#include "txn.h"

enum { POOL = 65536, BATCH = 4096 };

static const char *const producer_conf[] = {
	"enable.idempotence", "true",
	"compression.codec", "lz4",
	"linger.ms", "20",
	"batch.size", "1000000",
	"queue.buffering.max.messages", "20000",
	"queue.buffering.max.kbytes", "16384",
	"partitioner", "murmur2_random",
	"socket.nagle.disable", "true",
	NULL
};

struct pool {
	rd_kafka_message_t m[POOL];
	char *bytes;
};

static void
delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("not delivered: %s", rd_kafka_err2str(m->err));
}

static struct pool *
pool_new(uint64_t seed)
{
	struct pool *p = calloc(1, sizeof(*p));
	struct txn_gen g = TXN_DEFAULT;
	struct txn t;
	char *at;

	g.seed = seed;
	if (p == NULL || (p->bytes = malloc((size_t)POOL * TXN_MAX)) == NULL)
		die("out of memory");
	at = p->bytes;
	for (size_t i = 0; i < POOL; i++) {
		txn_make(&t, &g, i);
		p->m[i].payload = memcpy(at, t.value, t.len);
		p->m[i].len = t.len;
		at += t.len;
		p->m[i].key = memcpy(at, t.key, t.keylen);
		p->m[i].key_len = t.keylen;
		at += t.keylen;
	}
	return p;
}

static void
produce_batch(rd_kafka_t *rk, rd_kafka_topic_t *rkt, rd_kafka_message_t *m,
    int n)
{
	int done = 0, good;

	while (done < n) {
		good = rd_kafka_produce_batch(rkt, RD_KAFKA_PARTITION_UA,
		    RD_KAFKA_MSG_F_COPY, m + done, n - done);
		if (good < n - done && m[done + good].err !=
		    RD_KAFKA_RESP_ERR__QUEUE_FULL)
			die("produce: %s", rd_kafka_err2str(m[done + good].err));
		done += good;
		rd_kafka_poll(rk, done < n ? 5 : 0);
	}
}

static void
produce_each(rd_kafka_t *rk, rd_kafka_topic_t *rkt, rd_kafka_message_t *m,
    int n)
{
	for (int i = 0; i < n; i++) {
		while (rd_kafka_producev(rk, RD_KAFKA_V_RKT(rkt),
		    RD_KAFKA_V_KEY(m[i].key, m[i].key_len),
		    RD_KAFKA_V_VALUE(m[i].payload, m[i].len),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		    RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rd_kafka_poll(rk, 5);
	}
	rd_kafka_poll(rk, 0);
}

int
main(int argc, char **argv)
{
	const char *brokers = NULL, *topic = NULL, *call = "batch";
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	uint64_t events = 1000000, seed = 1, bytes = 0;
	double wall, cpu;
	struct pool *pool;
	rd_kafka_topic_t *rkt;
	rd_kafka_t *rk;
	int c;

	conf_table(conf, producer_conf);
	while ((c = getopt(argc, argv, "b:t:n:s:c:X:")) != -1) {
		switch (c) {
		case 'b': brokers = optarg; break;
		case 't': topic = optarg; break;
		case 'n': events = strtoull(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		case 'c': call = optarg; break;
		case 'X': conf_arg(conf, optarg); break;
		default: return 2;
		}
	}
	if (brokers == NULL || topic == NULL)
		die("usage: kafka_produce -b BROKERS -t TOPIC ...");
	pool = pool_new(seed);
	wall = meter_wall();
	cpu = meter_cpu();
	conf_set(conf, "bootstrap.servers", brokers);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rk = client_new(RD_KAFKA_PRODUCER, conf);
	rkt = rd_kafka_topic_new(rk, topic, NULL);
	for (uint64_t i = 0; i < events; ) {
		rd_kafka_message_t *m = pool->m + i % POOL;
		int n = events - i < BATCH ? (int)(events - i) : BATCH;

		if (strcmp(call, "each") == 0)
			produce_each(rk, rkt, m, n);
		else
			produce_batch(rk, rkt, m, n);
		for (int k = 0; k < n; k++)
			bytes += m[k].len;
		i += (uint64_t)n;
	}
	if (rd_kafka_flush(rk, 120000))
		die("not delivered after two minutes");
	meter_print("produce", events, bytes, 0, meter_wall() - wall,
	    meter_cpu() - cpu);
	rd_kafka_topic_destroy(rkt);
	rd_kafka_destroy(rk);
	free(pool->bytes);
	free(pool);
	return 0;
}
