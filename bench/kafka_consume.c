/* SPDX-License-Identifier: MIT */
/*
 * The floor C: what it costs to read a topic with librdkafka and do nothing
 * with it.  Same calls and settings as plugins/kafka reads with.
 *
 *   kafka_consume -b BROKERS -t TOPIC [-n BATCH] [-w NS] [-X NAME=VALUE]...
 *
 * -w works (spins) that many nanoseconds an event, to see what the queue's
 * settings do to a reader that is slower than the fetcher.
 */
#include <unistd.h>

#include "kafka_conf.h"
#include "meter.h"

static const char *const consumer_conf[] = {
	"group.id", "weir-bench",
	"enable.auto.commit", "false",
	"enable.auto.offset.store", "false",
	"enable.partition.eof", "true",
	"auto.offset.reset", "error",
	"isolation.level", "read_committed",
	"check.crcs", "true",
	"queued.min.messages", "60000",
	"queued.max.messages.kbytes", "8192",
	"fetch.wait.max.ms", "100",
	"fetch.message.max.bytes", "1048576",
	"fetch.max.bytes", "4194304",
	"socket.nagle.disable", "true",
	"log.queue", "false",
	NULL
};

/* All partitions from their start; returns how many. */
static int
assign(rd_kafka_t *rk, const char *topic)
{
	int n = client_partitions(rk, topic);
	rd_kafka_topic_partition_list_t *l;
	rd_kafka_resp_err_t err;

	l = rd_kafka_topic_partition_list_new(n);
	for (int i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(l, topic, i)->offset =
		    RD_KAFKA_OFFSET_BEGINNING;
	err = rd_kafka_assign(rk, l);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("assign: %s", rd_kafka_err2str(err));
	rd_kafka_topic_partition_list_destroy(l);
	return n;
}

static void
spin(double seconds)
{
	double until = meter_wall() + seconds;

	while (meter_wall() < until)
		;
}

int
main(int argc, char **argv)
{
	const char *brokers = NULL, *topic = NULL;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	double begin = meter_wall(), cpu = meter_cpu(), first = 0;
	uint64_t events = 0, bytes = 0;
	rd_kafka_message_t **m;
	rd_kafka_queue_t *q;
	rd_kafka_t *rk;
	size_t batch = 4096;
	double work = 0;
	int c, left;

	conf_table(conf, consumer_conf);
	while ((c = getopt(argc, argv, "b:t:n:w:X:")) != -1) {
		switch (c) {
		case 'b': brokers = optarg; break;
		case 't': topic = optarg; break;
		case 'n': batch = strtoul(optarg, NULL, 10); break;
		case 'w': work = strtod(optarg, NULL) / 1e9; break;
		case 'X': conf_arg(conf, optarg); break;
		default: return 2;
		}
	}
	if (brokers == NULL || topic == NULL || batch < 1)
		die("usage: kafka_consume -b BROKERS -t TOPIC ...");
	conf_set(conf, "bootstrap.servers", brokers);
	rk = client_new(RD_KAFKA_CONSUMER, conf);
	rd_kafka_poll_set_consumer(rk);
	q = rd_kafka_queue_get_consumer(rk);
	m = calloc(batch, sizeof(*m));
	if (q == NULL || m == NULL)
		die("out of memory");
	left = assign(rk, topic);
	while (left > 0) {
		ssize_t n = rd_kafka_consume_batch_queue(q, 5, m, batch);

		for (ssize_t i = 0; i < n; i++) {
			if (m[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
				left--;
			else if (m[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR)
				fprintf(stderr, "%s\n",
				    rd_kafka_message_errstr(m[i]));
			else {
				events++;
				bytes += m[i]->len;
			}
		}
		for (ssize_t i = 0; i < n; i++)
			rd_kafka_message_destroy(m[i]);
		if (work > 0 && n > 0)
			spin(work * (double)n);
		if (events > 0 && first == 0)
			first = meter_wall() - begin;
	}
	meter_print("consume", events, bytes, first, meter_wall() - begin,
	    meter_cpu() - cpu);
	rd_kafka_queue_destroy(q);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
	free(m);
	return 0;
}
