/* SPDX-License-Identifier: MIT
 *
 * kafka.write(delivery: exactly_once) with a spool in memory in the engine's
 * place: against librdkafka's mock cluster, or, where $KAFKA_BROKERS names
 * some, against real brokers, which alone know what was aborted.
 */
#include <time.h>

#include "../../plugins/kafka/once.h"
#include <librdkafka/rdkafka_mock.h>
#include "c11_threads.h"
#include "stage.h"
#include "t.h"

enum { FRAMES = 4096, EPOCHS = 16 };

/* ---- the engine's part */

static struct {
	struct { char *p; size_t len; uint32_t rows; } frame[FRAMES];
	uint32_t n;	       /* frames in all */
	uint32_t end[EPOCHS];  /* frames of epochs up to this one */
	uint32_t at;	       /* of the epoch that is being published */
	uint64_t row;
	uint64_t epoch;
	uint64_t skip[WEIR_BITMAP_WORDS(4096)];
	uint64_t poison[256];
	size_t npoison;
	char code[24], text[256];
	const char *fail;      /* the place that fails, */
	int when, reached;     /* the when-th time */
	bool hijack_at_commit, stopping;
} fake;

static int
fake_spool(struct weir_stage *st, const void *p, size_t n, uint32_t rows,
    struct weir_err *err)
{
	char *copy = malloc(n);

	(void)st;
	(void)err;
	memcpy(copy, p, n);
	fake.frame[fake.n].p = copy;
	fake.frame[fake.n].len = n;
	fake.frame[fake.n++].rows = rows;
	return WEIR_OK;
}

static int
fake_rewind(struct weir_publisher *pb, uint64_t epoch, struct weir_err *err)
{
	(void)pb;
	(void)err;
	fake.epoch = epoch;
	fake.at = epoch > 0 ? fake.end[epoch - 1] : 0;
	fake.row = 0;
	return WEIR_OK;
}

static int
fake_next(struct weir_publisher *pb, uint64_t epoch, struct weir_frame *fr,
    struct weir_err *err)
{
	(void)err;
	if (fake.epoch != epoch)
		fake_rewind(pb, epoch, err);
	if (fake.at == fake.end[epoch]) {
		fake.epoch = 0;
		return WEIR_END;
	}
	*fr = (struct weir_frame){ .first = fake.row,
		.rows = fake.frame[fake.at].rows, .data = fake.frame[fake.at].p,
		.len = fake.frame[fake.at].len };
	memset(fake.skip, 0, sizeof(fake.skip));
	for (size_t i = 0; i < fake.npoison; i++)
		if (fake.poison[i] >= fr->first &&
		    fake.poison[i] < fr->first + fr->rows)
			weir_bit_set(fake.skip, fake.poison[i] - fr->first);
	fr->skip = fake.npoison > 0 ? fake.skip : NULL;
	fake.row += fr->rows;
	fake.at++;
	return WEIR_OK;
}

static int
fake_poison(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_poison *list, size_t n, struct weir_err *err)
{
	for (size_t i = 0; i < n; i++)
		fake.poison[fake.npoison++] = list[i].row;
	memcpy(fake.code, list[0].code, sizeof(fake.code));
	memcpy(fake.text, list[0].text, sizeof(fake.text));
	return fake_rewind(pb, epoch, err);
}

static bool
fake_stopping(const struct weir_publisher *pb)
{
	(void)pb;
	return fake.stopping;
}

static void
fake_log(const struct weir_publisher *pb, enum weir_log_level level,
    const char *fmt, ...)
{
	va_list ap;

	(void)pb;
	if (level == WEIR_LOG_DEBUG && getenv("DEBUG") == NULL)
		return;
	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

static void
fake_sink_spool(struct weir_bind *bi)
{
	(void)bi;
}

static int
fake_point(const char *at)
{
	if (fake.fail == NULL || strcmp(at, fake.fail) != 0 ||
	    ++fake.reached != fake.when)
		return 0;
	errno = EIO;
	return -1;
}

static const struct weir_io fake_io = { .size = sizeof(fake_io),
	.point = fake_point };

/* An epoch has ended. */
static void
cut(uint64_t epoch)
{
	fake.end[epoch] = fake.n;
}

static void
forget(void)
{
	for (uint32_t i = 0; i < fake.n; i++)
		free(fake.frame[i].p);
	memset(&fake, 0, sizeof(fake));
}

/* ---- librdkafka, as the plugin has it */

static void *
symbol(const char *name)
{
	Dl_info info;
	void *so = NULL;

	if (dladdr(ts_plugin("kafka"), &info) != 0)
		so = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
	return so == NULL ? NULL : dlsym(so, name);
}

/* A function of it, called through its own type. */
#define RK(name) ((__typeof__(&name))(uintptr_t)symbol(#name))

static struct {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	char brokers[256];
	char run[24]; /* makes topics of a run its own */
	bool real;
} kafka;

static void
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (RK(rd_kafka_conf_set)(conf, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		printf("# %s\n", why);
}

static void
kafka_begin(void)
{
	const char *real = getenv("KAFKA_BROKERS");
	char why[256];

	snprintf(kafka.run, sizeof(kafka.run), "%lld", (long long)time(NULL));
	if (real != NULL) {
		kafka.real = true;
		snprintf(kafka.brokers, sizeof(kafka.brokers), "%s", real);
		return;
	}
	kafka.rk = RK(rd_kafka_new)(RD_KAFKA_PRODUCER, RK(rd_kafka_conf_new)(),
	    why, sizeof(why));
	kafka.cluster = RK(rd_kafka_mock_cluster_new)(kafka.rk, 1);
	RK(rd_kafka_mock_topic_create)(kafka.cluster, "_weir_markers", 1, 1);
	snprintf(kafka.brokers, sizeof(kafka.brokers), "%s",
	    RK(rd_kafka_mock_cluster_bootstraps)(kafka.cluster));
}

static void
kafka_end(void)
{
	if (kafka.real)
		return;
	RK(rd_kafka_mock_cluster_destroy)(kafka.cluster);
	RK(rd_kafka_destroy)(kafka.rk);
}

/* What is in the topic: rows, and the sum of the numbers that values begin
 * with; or the text of the last one. */
struct found {
	uint64_t rows, sum;
	char last[512];
	int32_t partition;
};

static void
found_add(struct found *fo, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *h;
	const void *v;
	size_t n;
	rd_kafka_timestamp_type_t how;

	fo->rows++;
	fo->sum += m->payload == NULL ? 0 : strtoull(m->payload, NULL, 10);
	fo->partition = m->partition;
	snprintf(fo->last, sizeof(fo->last), "%.*s|%.*s|%lld",
	    (int)m->key_len, m->key == NULL ? "" : (char *)m->key,
	    (int)m->len, m->payload == NULL ? "" : (char *)m->payload,
	    (long long)RK(rd_kafka_message_timestamp)(m, &how));
	if (RK(rd_kafka_message_headers)(m, &h) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    RK(rd_kafka_header_get)(h, 0, "trace", &v, &n) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		snprintf(fo->last + strlen(fo->last),
		    sizeof(fo->last) - strlen(fo->last), "|%.*s", (int)n,
		    v == NULL ? "" : (const char *)v);
}

static struct found
find(const char *topic)
{
	rd_kafka_conf_t *conf = RK(rd_kafka_conf_new)();
	rd_kafka_topic_partition_list_t *l;
	rd_kafka_message_t *m;
	struct found fo = { .rows = 0 };
	char why[256];
	int ends = 0;
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", kafka.brokers);
	set(conf, "group.id", "test");
	set(conf, "enable.partition.eof", "true");
	rk = RK(rd_kafka_new)(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	l = RK(rd_kafka_topic_partition_list_new)(4);
	for (int i = 0; i < 4; i++)
		RK(rd_kafka_topic_partition_list_add)(l, topic, i)->offset = 0;
	RK(rd_kafka_assign)(rk, l);
	for (int i = 0; i < 200 && ends < 4; i++) {
		m = RK(rd_kafka_consumer_poll)(rk, 100);
		if (m == NULL)
			continue;
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			ends++;
		else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			found_add(&fo, m);
			i = 0;
		}
		RK(rd_kafka_message_destroy)(m);
	}
	RK(rd_kafka_topic_partition_list_destroy)(l);
	RK(rd_kafka_destroy)(rk);
	return fo;
}

/* ---- one sink */

struct one {
	struct ts *ts;
	struct weir_publisher pb;
	struct weir_fence fence;
	char topic[64], sink[96];
	struct weir_err err;
};

static void
begin(struct one *o, const char *name, const char *input)
{
	static const char id[] = "0123456789abcdef0123456789abcdef";

	memset(o, 0, sizeof(*o));
	snprintf(o->topic, sizeof(o->topic), "%s-%s", name, kafka.run);
	snprintf(o->sink, sizeof(o->sink), "%s/kafka.write", o->topic);
	o->fence = (struct weir_fence){ .fence = 1, .pipeline = id,
		.sink = o->sink };
	if (!kafka.real)
		RK(rd_kafka_mock_topic_create)(kafka.cluster, o->topic, 4, 1);
	o->ts = ts_new(ts_plugin("kafka"), "write", input);
	o->ts->host.io = &fake_io;
	o->ts->host.spool_bytes = fake_spool;
	o->ts->host.spool_next = fake_next;
	o->ts->host.spool_rewind = fake_rewind;
	o->ts->host.poison = fake_poison;
	o->ts->host.publisher_stopping = fake_stopping;
	o->ts->host.publisher_log = fake_log;
	o->ts->host.sink_spool = fake_sink_spool;
	ts_opt(o->ts, "brokers", kafka.brokers);
	ts_opt(o->ts, "topic", o->topic);
	ts_opt(o->ts, "delivery", "exactly_once");
	ts_opt(o->ts, "key", "key");
	ts_opt(o->ts, "queue", "1048576");
}

static int
start(struct one *o)
{
	if (ts_bind(o->ts, &o->err) != WEIR_OK)
		return WEIR_ERROR;
	return ts_init(o->ts, &o->err);
}

static int
open_it(struct one *o)
{
	int rc;

	o->pb = (struct weir_publisher){ .host = &o->ts->host,
		.config = o->ts->config, .id = o->sink,
		.state = calloc(1, o->ts->type->sink->publisher_size) };
	for (int i = 0; i < 20; i++) {
		rc = o->ts->type->sink->open(&o->pb, &o->fence, &o->err);
		if (rc != WEIR_AGAIN)
			break;
		printf("# open: %s\n", o->err.text);
	}
	return rc;
}

/* As the engine does, until it is neither WEIR_AGAIN nor too long. */
static int
publish(struct one *o, uint64_t epoch)
{
	struct weir_intent in = { .rows = 0 };
	int rc = WEIR_AGAIN;

	for (int i = 0; i < 20 && rc == WEIR_AGAIN; i++) {
		fake.epoch = 0;
		rc = o->ts->type->sink->publish(&o->pb, epoch, &in, 1, &o->err);
		if (rc == WEIR_AGAIN)
			printf("# epoch %d: %s\n", (int)epoch, o->err.text);
	}
	return rc;
}

static uint64_t
last(struct one *o)
{
	uint64_t e = 0;

	T_INT(o->ts->type->sink->last_published(&o->pb, &e, &o->err), WEIR_OK);
	return e;
}

static void
shut(struct one *o)
{
	o->ts->type->sink->close(&o->pb);
	free(o->pb.state);
	o->pb.state = NULL;
}

static int
rows(struct one *o, uint64_t from, uint64_t to, size_t pad)
{
	char *text = malloc(pad + 32), key[24];
	int rc = WEIR_OK;

	memset(text, 'x', pad + 32);
	while (rc == WEIR_OK && from < to) {
		uint32_t n = to - from < 1000 ? (uint32_t)(to - from) : 1000;
		struct weir_batch *b = ts_batch(o->ts, n);

		for (uint32_t i = 0; i < n; i++) {
			int len = snprintf(text, 32, "%llu:",
			    (unsigned long long)(from + i));

			text[len] = 'x';
			ts_text(b, 0, i, text, (size_t)len + pad);
			len = snprintf(key, sizeof(key), "k%llu",
			    (unsigned long long)((from + i) % 100));
			ts_text(b, 1, i, key, (size_t)len);
		}
		b->nrows = n;
		o->ts->current = b;
		rc = o->ts->type->sink->write(&o->ts->stage.st, b, &o->err);
		ts_unref(b);
		from += n;
	}
	free(text);
	return rc;
}

static uint64_t
sum_to(uint64_t n)
{
	return n * (n - 1) / 2;
}

/* ---- tests */

static void
test_refusals(void)
{
	struct one o;

	begin(&o, "refused", "value: bytes, key: string");
	ts_opt(o.ts, "brokers", "embedded");
	T_INT(start(&o), WEIR_ERROR);
	T_STR(o.err.code, "kafka.delivery");
	ts_free(o.ts);
	begin(&o, "refused", "value: bytes, key: string");
	ts_opt(o.ts, "marker_topic", "a b");
	T_INT(start(&o), WEIR_ERROR);
	T_STR(o.err.code, "kafka.topic");
	T_STR(o.err.stage, "marker_topic");
	ts_free(o.ts);
}

/* Epochs one after the other, an empty one among them; and on in another
 * process, which is told how far the brokers got. */
static void
test_epochs(void)
{
	struct one o;
	struct found fo;

	forget();
	begin(&o, "epochs", "value: bytes, key: string");
	T_INT(start(&o), WEIR_OK);
	T_INT(open_it(&o), WEIR_OK);
	T_INT(last(&o), 0);
	T_INT(rows(&o, 0, 3000, 100), WEIR_OK);
	cut(1);
	cut(2);
	T_INT(rows(&o, 3000, 3500, 100), WEIR_OK);
	cut(3);
	for (uint64_t e = 1; e <= 3; e++)
		T_INT(publish(&o, e), WEIR_OK);
	T_INT(last(&o), 3);
	T_INT(publish(&o, 3), WEIR_OK);
	shut(&o);
	fo = find(o.topic);
	T_INT(fo.rows, 3500);
	T_INT(fo.sum, sum_to(3500));
	o.fence.fence = 2;
	o.fence.born = true;
	o.fence.epoch = o.fence.published = 3;
	T_INT(open_it(&o), WEIR_OK);
	T_INT(last(&o), 3);
	T_INT(publish(&o, 2), WEIR_OK);
	T_INT(publish(&o, 3), WEIR_OK);
	T_INT(rows(&o, 3500, 3600, 10), WEIR_OK);
	cut(4);
	T_INT(publish(&o, 4), WEIR_OK);
	shut(&o);
	fo = find(o.topic);
	T_INT(fo.rows, 3600);
	T_INT(fo.sum, sum_to(3600));
	T_INT(ts_free(o.ts), 0);
}

/* An owner before: stopped. */
static void
test_owner(void)
{
	struct one o, p;

	forget();
	begin(&o, "owner", "value: bytes, key: string");
	begin(&p, "owner", "value: bytes, key: string");
	T_INT(start(&o), WEIR_OK);
	T_INT(start(&p), WEIR_OK);
	p.fence.fence = 2;
	T_INT(open_it(&o), WEIR_OK);
	T_INT(rows(&o, 0, 100, 10), WEIR_OK);
	cut(1);
	cut(2);
	T_INT(publish(&o, 1), WEIR_OK);
	T_INT(open_it(&p), WEIR_OK);
	T_INT(last(&p), 1);
	if (kafka.real) {	/* the mock fences nobody */
		T_INT(publish(&o, 2), WEIR_ERROR);
		T_STR(o.err.code, "kafka.fenced");
		printf("# %s\n", o.err.text);
	}
	shut(&o);
	T_INT(open_it(&o), WEIR_ERROR);
	T_STR(o.err.code, "kafka.fenced");
	printf("# %s\n", o.err.text);
	shut(&o);
	shut(&p);
	T_INT(ts_free(o.ts), 0);
	T_INT(ts_free(p.ts), 0);
}

static void
test_no_marker(void)
{
	struct one o;

	forget();
	begin(&o, "nomarker", "value: bytes, key: string");
	T_INT(start(&o), WEIR_OK);
	o.fence.born = true;
	o.fence.epoch = 9;
	o.fence.published = 8;
	T_INT(open_it(&o), WEIR_ERROR);
	T_STR(o.err.code, "kafka.marker");
	T(strstr(o.err.text, "although epochs up to 8 were written") != NULL);
	shut(&o);
	o.fence.fresh = true;
	T_INT(open_it(&o), WEIR_OK);
	T_INT(last(&o), 0);
	shut(&o);
	T_INT(ts_free(o.ts), 0);
}

/* Partitions that are not there, and rows that are too long. */
static void
test_poison(void)
{
	struct one o;
	struct found fo;
	struct weir_batch *b;
	char text[64];

	forget();
	begin(&o, "poison", "value: bytes, key: string, to: int64");
	o.fence.fresh = true;
	ts_opt(o.ts, "partition", "to");
	ts_opt(o.ts, "max_message", "1000");
	T_INT(start(&o), WEIR_OK);
	T_INT(open_it(&o), WEIR_OK);
	b = ts_batch(o.ts, 100);
	b->nrows = 100;
	for (uint32_t i = 0; i < 100; i++) {
		ts_text(b, 0, i, text, (size_t)snprintf(text, sizeof(text),
		    "%u:", i));
		ts_text(b, 1, i, "key", 3);
		b->cols[2].u.i64[i] = i % 10 == 7 ? 99 :
		    i == 50 ? -1 : (int64_t)(i % 4);
	}
	o.ts->current = b;
	T_INT(o.ts->type->sink->write(&o.ts->stage.st, b, &o.err), WEIR_OK);
	ts_unref(b);
	T_INT(o.ts->nrejects, 1);	/* row 50 */
	cut(1);
	T_INT(publish(&o, 1), WEIR_OK);
	T_INT(fake.npoison, 10);
	T_STR(fake.code, "kafka.partition");
	T(strstr(fake.text, "has no partition 99") != NULL);
	shut(&o);
	fo = find(o.topic);
	if (kafka.real) {
		T_INT(fo.rows, 89);
		T_INT(fo.sum, sum_to(100) - 520 - 50);
	}
	T_INT(ts_free(o.ts), 0);
}

static void
test_columns(void)
{
	struct one o;
	struct found fo;
	struct weir_batch *b;
	struct write_config *cf;
	struct weir_expr text;
	struct weir_named na = { .name = "trace", .expr = &text };

	forget();
	begin(&o, "columns", "value: bytes, key: string, at: timestamp");
	o.fence.fresh = true;
	text = (struct weir_expr){ .field = &o.ts->in.cols[1], .col = 1 };
	cf = o.ts->config;
	cf->add_headers = (struct weir_list){ &na, 1 };
	ts_opt(o.ts, "timestamp", "at");
	T_INT(start(&o), WEIR_OK);
	T_INT(open_it(&o), WEIR_OK);
	b = ts_batch(o.ts, 1);
	b->nrows = 1;
	ts_text(b, 0, 0, "hello", 5);
	ts_text(b, 1, 0, "a long key of 21 byte", 21);
	b->cols[2].u.i64[0] = 1767225600123456;
	o.ts->current = b;
	T_INT(o.ts->type->sink->write(&o.ts->stage.st, b, &o.err), WEIR_OK);
	ts_unref(b);
	cut(1);
	T_INT(publish(&o, 1), WEIR_OK);
	shut(&o);
	fo = find(o.topic);
	T_STR(fo.last, "a long key of 21 byte|hello|1767225600123|"
	    "a long key of 21 byte");
	T_INT(ts_free(o.ts), 0);
}

/* A place fails: the call's outcome is not known; nothing is lost or doubled.
 * The mock keeps what was aborted, so doubles are seen with real brokers. */
static void
test_places(void)
{
	static const char *const places[] = { "kafka.marker.make",
		"kafka.init.before", "kafka.init.after", "kafka.marker.read",
		"kafka.txn.begin", "kafka.txn.produce", "kafka.txn.marker",
		"kafka.txn.commit.before", "kafka.txn.commit.after" };
	struct one o;
	struct found fo;
	char name[32];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) * 2; i++) {
		if (i < 8 && i % 2 == 1)	/* reached once */
			continue;
		forget();
		fake.fail = places[i / 2];
		fake.when = 1 + i % 2;
		snprintf(name, sizeof(name), "place%zu", i);
		begin(&o, name, "value: bytes, key: string");
		o.fence.fresh = true;
		T_INT(start(&o), WEIR_OK);
		T_INT(open_it(&o), WEIR_OK);
		T_INT(rows(&o, 0, 200, 10), WEIR_OK);
		cut(1);
		T_INT(rows(&o, 200, 300, 10), WEIR_OK);
		cut(2);
		T_INT(publish(&o, 1), WEIR_OK);
		T_INT(publish(&o, 2), WEIR_OK);
		T(fake.reached > 0);
		shut(&o);
		fo = find(o.topic);
		T(fo.rows >= 300);
		if (kafka.real) {
			T_INT(fo.rows, 300);
			T_INT(fo.sum, sum_to(300));
		}
		T_INT(ts_free(o.ts), 0);
	}
}

/* More than the queue of librdkafka takes, in one epoch. */
static void
test_large_epoch(void)
{
	struct one o;
	struct found fo;

	forget();
	begin(&o, "large", "value: bytes, key: string");
	o.fence.fresh = true;
	ts_opt(o.ts, "compression", "none");
	T_INT(start(&o), WEIR_OK);
	T_INT(open_it(&o), WEIR_OK);
	T_INT(rows(&o, 0, 12000, 500), WEIR_OK);
	cut(1);
	T_INT(publish(&o, 1), WEIR_OK);
	shut(&o);
	fo = find(o.topic);
	T_INT(fo.rows, 12000);
	T_INT(fo.sum, sum_to(12000));
	T_INT(ts_free(o.ts), 0);
}

/* Errors of the coordinator while an epoch is committed. */
static void
test_coordinator(void)
{
	static const rd_kafka_resp_err_t passing[] = {
		RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
		RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
		RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
		RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
		RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
	};
	struct one o;

	for (size_t i = 0; !kafka.real && i < sizeof(passing) /
	    sizeof(*passing); i++) {
		char name[32];

		forget();
		snprintf(name, sizeof(name), "coordinator%zu", i);
		begin(&o, name, "value: bytes, key: string");
		o.fence.fresh = true;
		T_INT(start(&o), WEIR_OK);
		T_INT(open_it(&o), WEIR_OK);
		T_INT(rows(&o, 0, 100, 10), WEIR_OK);
		cut(1);
		RK(rd_kafka_mock_push_request_errors)(kafka.cluster, 26, 1,
		    passing[i]);
		T_INT(publish(&o, 1), WEIR_OK);
		T_INT(last(&o), 1);
		shut(&o);
		T_INT(ts_free(o.ts), 0);
	}
	if (kafka.real)
		return;
	forget();
	begin(&o, "coordinator-fence", "value: bytes, key: string");
	o.fence.fresh = true;
	T_INT(start(&o), WEIR_OK);
	T_INT(open_it(&o), WEIR_OK);
	cut(1);
	RK(rd_kafka_mock_push_request_errors)(kafka.cluster, 26, 1,
	    RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
	T_INT(publish(&o, 1), WEIR_ERROR);
	T_STR(o.err.code, "kafka.fenced");
	shut(&o);
	T_INT(ts_free(o.ts), 0);
}

/* Frames that were damaged are refused or are others; never read beyond. */
static void
test_damage(void)
{
	struct one o;
	uint32_t seed = 1;

	forget();
	begin(&o, "damage", "value: bytes, key: string, to: int64");
	o.fence.fresh = true;
	ts_opt(o.ts, "partition", "to");
	T_INT(start(&o), WEIR_OK);
	T_INT(open_it(&o), WEIR_OK);
	for (int i = 0; i < 40; i++) {
		struct weir_batch *b = ts_batch(o.ts, 3);
		size_t len;
		char *copy;
		int rc;

		b->nrows = 3;
		for (uint32_t k = 0; k < 3; k++) {
			ts_text(b, 0, k, "a value", 7);
			ts_text(b, 1, k, "key", 3);
			b->cols[2].u.i64[k] = 0;
		}
		for (; fake.n > 0; fake.n--)
			free(fake.frame[fake.n - 1].p);
		o.ts->current = b;
		T_INT(o.ts->type->sink->write(&o.ts->stage.st, b, &o.err),
		    WEIR_OK);
		ts_unref(b);
		cut(1);
		len = fake.frame[0].len;
		seed = seed * 1103515245 + 12345;
		if (i % 2 == 0) {
			len = seed >> 8;
			len %= fake.frame[0].len;
		} else
			fake.frame[0].p[(seed >> 8) % len] ^= (char)(1 << i % 8);
		copy = malloc(len > 0 ? len : 1);	/* of just this size */
		memcpy(copy, fake.frame[0].p, len);
		free(fake.frame[0].p);
		fake.frame[0].p = copy;
		fake.frame[0].len = len;
		fake.npoison = 0;
		fake.epoch = 0;
		((struct once *)((char *)o.pb.state + 8))->mk.epoch = 0;
		rc = publish(&o, 1);
		T(rc == WEIR_OK || strcmp(o.err.code, "kafka.spool") == 0);
	}
	shut(&o);
	T_INT(ts_free(o.ts), 0);
}

static void
test_allocations(void)
{
	int failed = 0, rc = WEIR_ERROR;

	for (int n = 1; rc != WEIR_OK && n < 400; n++) {
		struct one o;
		struct weir_batch *b;

		forget();
		begin(&o, "alloc", "value: bytes, key: string");
		b = ts_batch(o.ts, 20);
		b->nrows = 20;
		for (uint32_t i = 0; i < 20; i++) {
			ts_text(b, 0, i, "a value of 21 bytes..", 21);
			ts_text(b, 1, i, "key", 3);
		}
		o.ts->current = b;
		weir__alloc_fail_at((uint64_t)n, 0);
		rc = start(&o);
		if (rc == WEIR_OK)
			rc = o.ts->type->sink->write(&o.ts->stage.st, b,
			    &o.err);
		cut(1);
		if (rc == WEIR_OK) {
			o.fence.fresh = true;
			rc = open_it(&o);
			if (rc == WEIR_OK)
				rc = publish(&o, 1);
		}
		weir__alloc_fail_at(0, 0);
		if (o.pb.state != NULL)
			shut(&o);
		failed += rc == WEIR_ERROR;
		T(rc == WEIR_ERROR || rc == WEIR_OK);
		ts_unref(b);
		T_INT(ts_free(o.ts), 0);
	}
	T_INT(rc, WEIR_OK);
	T(failed > 5);
}

int
main(void)
{
	kafka_begin();
	test_refusals();
	test_epochs();
	test_owner();
	test_no_marker();
	test_poison();
	test_columns();
	test_places();
	test_large_epoch();
	test_coordinator();
	test_damage();
	test_allocations();
	forget();
	kafka_end();
	return t_done();
}
