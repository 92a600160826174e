/* SPDX-License-Identifier: MIT
 *
 * The plugin kafka against librdkafka's mock cluster: what bind refuses, rows
 * there and back, ends, resumption, outages, lost rows.
 */
#include <sys/resource.h>
#include <time.h>

#include "../../plugins/kafka/sink.h"
#include "../../plugins/kafka/source.h"
#include "c11_threads.h"
#include "stage.h"
#include "t.h"

/* ---- the engine's part that stage.h leaves out */

static struct {
	void *obj;
	void (*release)(void *);
	int refs;
} shared;

static struct {
	int64_t next[16];
	int state[16];
	uint64_t rows;	   /* emitted, in all */
	uint64_t sum;	   /* of the numbers in the values */
	uint64_t disorder; /* offsets that did not rise */
	int64_t last[16];
	uint64_t batches;
	uint64_t nulls;
	bool keep; /* leave batches to stage.h */
	bool stop;
	uint64_t epoch;
	struct weir_batch *kept[64]; /* not yet released */
	int nkept, hold;
} seen;

static void *
fake_shared(const struct weir_stage *st, const char *name,
    void *(*make)(void *arg), void (*release)(void *), void *arg)
{
	(void)st;
	(void)name;
	if (shared.refs == 0) {
		shared.obj = make(arg);
		shared.release = release;
		if (shared.obj == NULL)
			return NULL;
	}
	shared.refs++;
	return shared.obj;
}

static void
fake_drop(const struct weir_stage *st, const char *name)
{
	(void)st;
	(void)name;
	if (--shared.refs == 0)
		shared.release(shared.obj);
}

static int
fake_partition(struct weir_stage *st, int32_t partition, const char *name)
{
	(void)st;
	return partition == atoi(name) ? WEIR_OK : WEIR_ERROR;
}

static int
fake_position(struct weir_stage *st, int32_t partition, int64_t next,
    enum weir_partition_state state)
{
	(void)st;
	seen.next[partition] = next;
	seen.state[partition] = state;
	return WEIR_OK;
}

/* The note that a partition's position has. */
static struct {
	char text[WEIR_NOTE_MAX];
	size_t len;
} notes[16];

static int
fake_note(struct weir_stage *st, int32_t partition, const void *p, size_t n)
{
	(void)st;
	memcpy(notes[partition].text, p, n);
	notes[partition].len = n;
	return WEIR_OK;
}

static void
fake_lost(struct weir_stage *st, int32_t partition, int64_t from, int64_t to,
    const char *fmt, ...)
{
	struct ts *ts = ((const struct ts_stage *)st)->ts;
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	weir__buf_printf(&ts->logs, "lost %d %lld %lld: %s\n", (int)partition,
	    (long long)from, (long long)to, line);
}

static void
fake_lag(struct weir_stage *st, int32_t partition, int64_t rows)
{
	(void)st;
	(void)partition;
	(void)rows;
}

/* What a person would see. */
static void
fake_log(const struct weir_stage *st, enum weir_log_level level,
    const char *fmt, ...)
{
	struct ts *ts = ((const struct ts_stage *)st)->ts;
	char line[512];
	va_list ap;

	if (level == WEIR_LOG_DEBUG)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	weir__buf_printf(&ts->logs, "%s\n", line);
}

static uint64_t
fake_epoch(const struct weir_stage *st)
{
	(void)st;
	return seen.epoch;
}

static bool
fake_stopping(const struct weir_stage *st)
{
	(void)st;
	return seen.stop;
}

/* "17:rest" is worth 17. */
static int
fake_emit(struct weir_stage *st, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	const struct weir_column *v = &b->cols[COL_VALUE];

	seen.batches++;
	for (uint32_t i = 0; i < b->nrows; i++) {
		seen.rows++;
		seen.disorder += b->positions[i] <= seen.last[b->partition];
		seen.last[b->partition] = b->positions[i];
		if (weir_present(v) && weir_valid(v, i))
			seen.sum += strtoull(weir_str_data(&v->u.str[i]), NULL,
			    10);
		else
			seen.nulls++;
	}
	if (seen.keep)
		return ts_emit(st, port, b, err);
	if (seen.hold > 0) {
		if (seen.nkept == seen.hold)
			ts_unref(seen.kept[--seen.nkept]);
		seen.kept[seen.nkept++] = b;
	} else
		ts_unref(b);
	return WEIR_OK;
}

static void
forget(void)
{
	while (seen.nkept > 0)
		ts_unref(seen.kept[--seen.nkept]);
	memset(&seen, 0, sizeof(seen));
	for (int i = 0; i < 16; i++)
		seen.last[i] = -1;
}

static struct ts *
stage(const char *verb, const char *topic, const char *input)
{
	struct ts *ts = ts_new(ts_plugin("kafka"), verb, input);

	ts->host.shared = fake_shared;
	ts->host.shared_drop = fake_drop;
	ts->host.partition = fake_partition;
	ts->host.position = fake_position;
	ts->host.lag = fake_lag;
	ts->host.position_note = fake_note;
	ts->host.lost = fake_lost;
	ts->host.epoch_no = fake_epoch;
	ts->host.stopping = fake_stopping;
	ts->host.emit = fake_emit;
	ts->host.log = fake_log;
	ts_opt(ts, "brokers", "embedded");
	ts_opt(ts, "topic", topic);
	return ts;
}

static struct ts *
reader(const char *topic)
{
	struct ts *ts = stage("read", topic, "");

	ts_opt(ts, "queue", "4194304");
	ts_opt(ts, "refresh", "1000000");
	return ts;
}

static struct ts *
writer(const char *topic, const char *input)
{
	struct ts *ts = stage("write", topic, input);

	ts_opt(ts, "queue", "16777216");
	ts_opt(ts, "linger", "2000");
	return ts;
}

static int
up(struct ts *ts, const struct weir_position *at, size_t n)
{
	struct weir_err err = { .code = "" };
	int rc = ts_bind(ts, &err);

	if (rc == WEIR_OK)
		rc = ts_init(ts, &err);
	if (rc == WEIR_OK && ts->type->source != NULL)
		rc = ts->type->source->open(&ts->stage.st, at, n, &err);
	if (rc != WEIR_OK)
		printf("# %s: %s\n", err.code, err.text);
	return rc;
}

static int
poll_once(struct ts *ts, uint32_t max_rows, int64_t wait_us)
{
	struct weir_err err = { .code = "" };
	int rc = ts->type->source->poll(&ts->stage.st, max_rows, wait_us, &err);

	if (rc == WEIR_ERROR) {
		printf("# %s: %s\n", err.code, err.text);
		weir__buf_printf(&ts->logs, "%s\n", err.text);
	}
	return rc;
}

/* Until so many rows have come, the end, or so many milliseconds. */
static int
poll_until(struct ts *ts, uint64_t rows, int ms)
{
	int64_t end = kafka_clock() + (int64_t)ms * 1000;
	int rc = WEIR_AGAIN;

	while (rc >= 0 && rc != WEIR_END && seen.rows < rows &&
	    kafka_clock() < end)
		rc = poll_once(ts, 4096, 20000);
	return rc;
}

/* The plugin's clock is its own. */
int64_t
kafka_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Rows [from, to) with values "N:xxx", pad bytes long; keys "k(N % 100)". */
static int
write_rows(struct ts *ts, uint64_t from, uint64_t to, size_t pad)
{
	struct weir_err err = { .code = "" };
	char *text = malloc(pad + 32), key[24];
	int rc = WEIR_OK;

	memset(text, 'x', pad + 32);
	while (rc == WEIR_OK && from < to) {
		uint32_t n = to - from < 1000 ? (uint32_t)(to - from) : 1000;
		struct weir_batch *b = ts_batch(ts, n);

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
		ts->current = b;
		rc = ts->type->sink->write(&ts->stage.st, b, &err);
		ts_unref(b);
		from += n;
	}
	free(text);
	if (rc != WEIR_OK)
		printf("# %s: %s\n", err.code, err.text);
	return rc;
}

static int
epoch(struct ts *ts, struct weir_intent *in)
{
	const struct weir_sink_ops *op = ts->type->sink;
	struct weir_err err = { .code = "" };
	void *cut = NULL;
	int rc;

	rc = op->cut(&ts->stage.st, 1, false, &cut, &err);
	if (rc == WEIR_OK)
		rc = op->prepare(&ts->stage.st, cut, in, &err);
	if (rc != WEIR_OK)
		printf("# %s: %s\n", err.code, err.text);
	return rc;
}

static uint64_t
sum_to(uint64_t n)
{
	return n * (n - 1) / 2;
}

/* ---- the mock cluster's own calls */

static void *
symbol(const char *name)
{
	Dl_info info;
	void *so = NULL;

	if (dladdr(ts_plugin("kafka"), &info) != 0)
		so = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
	return so == NULL ? NULL : dlsym(so, name);
}

/* The shared object begins with a pointer to the cluster. */
static void
brokers(const char *what)
{
	int (*set)(void *, int32_t);
	void *sy = symbol(what);

	memcpy(&set, &sy, sizeof(set));
	set(*(void **)shared.obj, -1);
}

/* ---- tests */

static void
refused(const char *verb, const char *option, const char *value,
    const char *code, const char *text)
{
	struct ts *ts = strcmp(verb, "read") == 0 ? reader("t") :
	    writer("t", "value: bytes, key: string");
	struct weir_err err = { .code = "" };

	ts_opt(ts, option, value);
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, code);
	T_STR(err.text, text);
	T_STR(err.stage, option);
	T_INT(ts_free(ts), 0);
}

static void
test_refusals(void)
{
	refused("read", "topic", "a b", "kafka.topic", "'a b' is no topic "
	    "name: expected 1 to 249 letters, digits, points, underscores and "
	    "hyphens");
	refused("read", "start", "yesterday", "kafka.start", "expected "
	    "earliest, latest or a time like 2026-01-31T00:00:00Z, found "
	    "'yesterday'");
	refused("read", "start", "2026-02-30", "kafka.start", "expected "
	    "earliest, latest or a time like 2026-01-31T00:00:00Z, found "
	    "'2026-02-30'");
	refused("read", "brokers", "", "kafka.brokers",
	    "expected host:port, found an empty text");
	refused("read", "security_protocol", "tls", "kafka.config",
	    "security.protocol: Invalid value \"tls\" for configuration "
	    "property \"security.protocol\"");
	refused("write", "delivery", "exactly_once", "kafka.delivery",
	    "the embedded Kafka forgets all when the process ends, so that "
	    "nothing is delivered once; leave out delivery:, or name brokers");
}

static void
test_start_times(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} ok[] = {
		{ "2026-01-31", 1769817600000 },
		{ "2026-01-31T00:00:00Z", 1769817600000 },
		{ "2026-01-31 01:30+01:30", 1769817600000 },
		{ "2024-02-29T23:59:59.5Z", 1709251199500 },
		{ "2024-02-29T23:59:59.5001Z", 1709251199501 },
		{ "1970-01-01T00:00:00-00:30", 1800000 },
	};

	for (size_t i = 0; i < sizeof(ok) / sizeof(*ok); i++) {
		struct ts *ts = reader("t");
		struct weir_err err = { .code = "" };
		const struct read_config *cf = ts->config;

		ts_opt(ts, "start", ok[i].text);
		T_INT(ts_bind(ts, &err), WEIR_OK);
		T_INT(cf->start_ms, ok[i].ms);
		ts_free(ts);
	}
}

static void
test_property(void)
{
	static const char bad[] = "plugin_library_paths", good[] =
	    "socket_timeout_ms", number[] = "9000";
	struct weir_pair pa = { .value = weir_str_make(number, 4) };
	struct weir_err err = { .code = "" };
	struct ts *ts = reader("t");
	struct read_config *cf = ts->config;

	pa.name = weir_str_make(bad, strlen(bad));
	cf->common.properties = (struct weir_list){ &pa, 1 };
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "kafka.property");
	ts_free(ts);
	ts = reader("t");
	cf = ts->config;
	pa.name = weir_str_make(good, strlen(good));
	cf->common.properties = (struct weir_list){ &pa, 1 };
	T_INT(ts_bind(ts, &err), WEIR_OK);
	ts_free(ts);
}

static void
test_start_and_offsets(void)
{
	int64_t zero = 0;
	struct ts *ts = reader("t");
	struct weir_err err = { .code = "" };
	struct read_config *cf = ts->config;

	cf->partitions = cf->offsets = (struct weir_list){ &zero, 1 };
	T_INT(ts_bind(ts, &err), WEIR_OK);
	ts_free(ts);
	ts = reader("t");
	cf = ts->config;
	cf->partitions = cf->offsets = (struct weir_list){ &zero, 1 };
	ts_opt(ts, "start", "latest");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "kafka.start");
	T_STR(err.text, "expected start: or offsets:, found both");
	ts_free(ts);
}

static void
test_no_value(void)
{
	struct ts *ts = writer("t", "amount: int64, key: string");
	struct weir_err err = { .code = "" };

	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "kafka.value");
	ts_free(ts);
}

static void
test_round_trip(void)
{
	struct ts *w = writer("round", "value: bytes, key: string");
	struct ts *r = reader("round");
	struct weir_intent in = { .rows = 0 };

	forget();
	ts_opt(w, "key", "key");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 20000, 100), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(in.rows, 20000);
	ts_opt(r, "until", "end");
	T_INT(up(r, NULL, 0), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	T_INT(seen.rows, 20000);
	T_INT(seen.sum, sum_to(20000));
	T_INT(seen.disorder, 0);
	T(seen.batches * 20 < seen.rows);
	for (int i = 0; i < 12; i++)
		T_INT(seen.state[i], WEIR_PART_FINISHED);
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
	T_INT(shared.refs, 0);
}

/* All columns of two rows, one of them without key and value. */
static void
test_columns(void)
{
	struct ts *w = writer("columns", "value: bytes, key: string, "
	    "at: timestamp, to: int64");
	struct ts *r = reader("columns");
	struct weir_intent in;
	struct weir_err err;
	struct weir_batch *b;
	struct write_config *cf = w->config;
	struct weir_expr text = { .field = &w->in.cols[1], .col = 1 };
	struct weir_named na = { .name = "trace", .expr = &text };

	forget();
	seen.keep = true;
	ts_opt(w, "key", "key");
	ts_opt(w, "timestamp", "at");
	ts_opt(w, "partition", "to");
	cf->add_headers = (struct weir_list){ &na, 1 };
	ts_opt(r, "until", "end");
	T_INT(up(w, NULL, 0), WEIR_OK);
	b = ts_batch(w, 2);
	b->nrows = 2;
	ts_text(b, 0, 0, "hello", 5);
	ts_text(b, 1, 0, "a long key of 21 byte", 21);
	ts_null(b, 0, 1);
	ts_null(b, 1, 1);
	b->cols[2].u.i64[0] = 1767225600123456;
	b->cols[2].u.i64[1] = 1767225600000000;
	b->cols[3].u.i64[0] = b->cols[3].u.i64[1] = 7;
	w->current = b;
	T_INT(w->type->sink->write(&w->stage.st, b, &err), WEIR_OK);
	ts_unref(b);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(up(r, NULL, 0), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	T_STR(ts_dump(r), "{\"key\":\"YSBsb25nIGtleSBvZiAyMSBieXRl\","
	    "\"value\":\"aGVsbG8=\",\"topic\":\"columns\",\"partition\":7,"
	    "\"offset\":0,\"timestamp\":\"2026-01-01T00:00:00.123Z\","
	    "\"headers\":{\"trace\":\"YSBsb25nIGtleSBvZiAyMSBieXRl\"}}\n"
	    "{\"key\":null,\"value\":null,\"topic\":\"columns\","
	    "\"partition\":7,\"offset\":1,"
	    "\"timestamp\":\"2026-01-01T00:00:00Z\","
	    "\"headers\":{\"trace\":null}}\n");
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
	seen.keep = false;
}

/* At most max_rows a call; on from the positions at which it was left. */
static void
test_resume(void)
{
	struct ts *w = writer("resume", "value: bytes, key: string");
	struct ts *r = reader("resume");
	struct weir_position at[12];
	struct weir_intent in;
	uint64_t before = 0;

	forget();
	ts_opt(w, "key", "key");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 5000, 50), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(up(r, NULL, 0), WEIR_OK);
	for (int i = 0; i < 200 && seen.rows < 2000; i++) {
		poll_once(r, 7, 20000);
		T(seen.rows - before <= 7 || seen.rows < before);
		before = seen.rows;
	}
	for (int i = 0; i < 12; i++)
		at[i] = (struct weir_position){ .partition = i,
			.next = seen.next[i] };
	T_INT(ts_free(r), 0);
	r = reader("resume");
	ts_opt(r, "until", "end");
	T_INT(up(r, at, 12), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	T_INT(seen.rows, 5000);
	T_INT(seen.sum, sum_to(5000));
	T_INT(seen.disorder, 0);
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

static void
test_epoch_rows(void)
{
	struct ts *w = writer("rows", "value: bytes, key: string");
	struct ts *r = reader("rows");
	struct weir_intent in;

	forget();
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 1000, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	ts_opt(r, "max_rows", "300");
	T_INT(up(r, NULL, 0), WEIR_OK);
	for (seen.epoch = 1; seen.epoch <= 3; seen.epoch++) {
		for (int i = 0; i < 30; i++)
			poll_once(r, 4096, 10000);
		T_INT(seen.rows, 300 * seen.epoch);
	}
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* Large messages: what is held is bounded by bytes, not by rows. */
static void
test_large(void)
{
	struct ts *w = writer("bytes", "value: bytes, key: string");
	struct ts *r = reader("bytes");
	const struct source *so;
	struct weir_intent in;
	uint64_t most = 0;
	int rc = WEIR_AGAIN;

	forget();
	ts_opt(w, "key", "key");
	ts_opt(r, "until", "end");
	ts_opt(r, "queue", "1048576");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 200, 100000), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(up(r, NULL, 0), WEIR_OK);
	so = r->stage.st.state;
	for (int i = 0; i < 1000 && rc != WEIR_END && rc >= 0; i++) {
		rc = poll_once(r, 1, 20000);
		most = so->held_bytes > most ? so->held_bytes : most;
	}
	T_INT(rc, WEIR_END);
	T_INT(seen.rows, 200);
	T_INT(seen.sum, sum_to(200));
	printf("# %llu bytes held at most\n", (unsigned long long)most);
	T(most < 2 * 1048576);
	T_INT(so->held_bytes, 0);
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* latest: only what comes after; the end is told where there is nothing. */
static void
test_latest(void)
{
	struct ts *w = writer("latest", "value: bytes, key: string");
	struct ts *r = reader("latest");
	struct weir_intent in;

	forget();
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 100, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	ts_opt(r, "start", "latest");
	T_INT(up(r, NULL, 0), WEIR_OK);
	T_INT(poll_until(r, 1, 500), WEIR_AGAIN);
	T_INT(seen.rows, 0);
	for (int i = 0; i < 12; i++)
		T_INT(seen.state[i], WEIR_PART_AT_END);
	T_INT(write_rows(w, 100, 200, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	poll_until(r, 100, 5000);
	T_INT(seen.rows, 100);
	T_INT(seen.sum, sum_to(200) - sum_to(100));
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* --drain: the end is where the topic ends when it is asked for. */
static void
test_bound(void)
{
	struct ts *w = writer("bound", "value: bytes, key: string");
	struct ts *r = reader("bound");
	struct weir_intent in;
	struct weir_err err;

	forget();
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 3000, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(up(r, NULL, 0), WEIR_OK);
	T_INT(r->type->source->bound(&r->stage.st, &err), WEIR_OK);
	T_INT(write_rows(w, 3000, 4000, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	T_INT(seen.rows, 3000);
	T_INT(seen.sum, sum_to(3000));
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* Positions that the topic no longer has, or does not yet have. */
static void
test_lost(void)
{
	struct weir_position at = { .partition = 3, .next = 50 };
	struct ts *w = writer("lost", "value: bytes, key: string");
	struct ts *r = reader("lost");
	struct weir_err err = { .code = "" };

	forget();
	T_INT(up(w, NULL, 0), WEIR_OK);
	ts_bind(r, &err);
	ts_init(r, &err);
	T_INT(r->type->source->open(&r->stage.st, &at, 1, &err), WEIR_ERROR);
	T_STR(err.code, "kafka.lost");
	T_STR(err.text, "partition 3 of topic 'lost': rows from offset 50 on "
	    "are gone: the topic ends at 0, so it was made anew or cut, and "
	    "what it has from 0 on is read; "
	    "on_data_loss: continue goes on without them");
	T_INT(ts_free(r), 0);
	r = reader("lost");
	ts_opt(r, "on_data_loss", "continue");
	T_INT(up(r, &at, 1), WEIR_OK);
	T(strstr(weir__buf_cstr(&r->logs), "going on without them") != NULL);
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* Read to the end of it; the positions and notes as they come back. */
static void
read_all(const char *topic, struct weir_position at[12])
{
	static char kept[12][WEIR_NOTE_MAX];
	struct ts *r = reader(topic);

	forget();
	memset(notes, 0, sizeof(notes));
	ts_opt(r, "until", "end");
	T_INT(up(r, NULL, 0), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	for (int i = 0; i < 12; i++) {
		memcpy(kept[i], notes[i].text, sizeof(kept[i]));
		at[i] = (struct weir_position){ .partition = i,
			.next = seen.next[i], .state = WEIR_PART_READING,
			.note = notes[i].len > 0 ? kept[i] : NULL,
			.note_len = notes[i].len };
	}
	T_INT(ts_free(r), 0);
	forget();
}

/* The last row that was read is not what it was: another topic. */
static void
test_differs(void)
{
	struct ts *w = writer("differs", "value: bytes, key: string");
	struct ts *r;
	struct weir_position at[12];
	struct weir_intent in;
	int64_t *stamp;

	forget();
	ts_opt(w, "key", "key");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 600, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	read_all("differs", at);
	T_INT(write_rows(w, 600, 700, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	r = reader("differs");
	ts_opt(r, "until", "end");
	T_INT(up(r, at, 12), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	T_INT(seen.rows, 100);
	T_INT(seen.sum, sum_to(700) - sum_to(600));
	T_INT(ts_free(r), 0);
	/* version, lengths, crc, offset, time stamp */
	stamp = (int64_t *)(uintptr_t)((const char *)at[3].note + 16);
	*stamp += 1;
	forget();
	r = reader("differs");
	ts_opt(r, "until", "end");
	T_INT(up(r, at, 12), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_ERROR);
	T(strstr(weir__buf_cstr(&r->logs), "partition 3 of topic 'differs': "
	    "rows from offset ") != NULL);
	T(strstr(weir__buf_cstr(&r->logs), "is not the row that was read "
	    "last") != NULL);
	T_INT(ts_free(r), 0);
	forget();
	r = reader("differs");
	ts_opt(r, "until", "end");
	ts_opt(r, "on_data_loss", "continue");
	T_INT(up(r, at, 12), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 20000), WEIR_END);
	T_INT(seen.next[3], seen.last[3] + 1);
	T(seen.rows > 100 && seen.rows < 300);
	T(strstr(weir__buf_cstr(&r->logs), "lost 3 ") != NULL);
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* What the state knows holds over `start`; what it does not know is new. */
static void
test_known(void)
{
	struct ts *w = writer("known", "value: bytes, key: string");
	struct ts *r;
	struct weir_position at[12];
	struct weir_intent in;

	forget();
	ts_opt(w, "key", "key");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 600, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	read_all("known", at);
	r = reader("known");
	ts_opt(r, "start", "latest");
	ts_opt(r, "until", "end");
	at[0].state = WEIR_PART_FINISHED;
	at[0].next = 1;
	T_INT(up(r, at, 6), WEIR_OK);
	T_INT(seen.state[0], WEIR_PART_FINISHED);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	T_INT(seen.next[0], 1);
	T_INT(seen.last[0], -1);
	T_INT(seen.last[1], -1);
	for (int i = 6; i < 12; i++)
		T_INT(seen.last[i] + 1, at[i].next);
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

static double
cpu(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	    (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* Away and back while rows wait on both sides. */
static void
test_outage(void)
{
	struct ts *w = writer("outage", "value: bytes, key: string");
	struct ts *r = reader("outage");
	struct weir_intent in = { .rows = 0 };
	double used;

	forget();
	ts_opt(w, "key", "key");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(up(r, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 1000, 50), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	poll_until(r, 1000, 5000);
	T_INT(seen.rows, 1000);
	brokers("rd_kafka_mock_broker_set_down");
	T_INT(write_rows(w, 1000, 2000, 50), WEIR_OK);
	used = cpu();
	T_INT(poll_until(r, 2000, 3000), WEIR_AGAIN);
	used = cpu() - used;
	printf("# %.3f s of CPU in 3 s without a broker\n", used);
	T(used < 0.3);
	T_INT(seen.rows, 1000);
	brokers("rd_kafka_mock_broker_set_up");
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(in.rows, 1000);
	poll_until(r, 2000, 8000);
	for (int i = 0; i < 40; i++)
		poll_once(r, 4096, 50000);
	T_INT(seen.rows, 2000);
	T_INT(seen.sum, sum_to(2000));
	T_INT(seen.disorder, 0);
	printf("# %s", weir__buf_cstr(&r->logs));
	T_INT(count(weir__buf_cstr(&r->logs), "no answer from the embedded"),
	    1);
	T_INT(count(weir__buf_cstr(&r->logs), "answers again, after"), 1);
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* Told to stop while nobody answers: an error, and soon. */
static void
test_stop_while_down(void)
{
	struct ts *w = writer("down", "value: bytes, key: string");
	struct weir_intent in;
	int64_t since;

	forget();
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 10, 50), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	brokers("rd_kafka_mock_broker_set_down");
	T_INT(write_rows(w, 0, 10, 50), WEIR_OK);
	since = kafka_clock();
	(void)since;
	T_INT(ts_free(w), 0);
	T(kafka_clock() - since < 2000000);
}

static void
test_too_large(void)
{
	struct ts *w = writer("large", "value: bytes, key: string");
	struct weir_intent in = { .rows = 0 };

	forget();
	ts_opt(w, "max_message", "1000");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 5, 2000), WEIR_OK);
	T_INT(write_rows(w, 0, 5, 100), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(in.rows, 5);
	T_INT(w->nrejects, 5);
	T_STR(ts_rejects(w), "0 kafka.too_large - -1\n"
	    "1 kafka.too_large - -1\n2 kafka.too_large - -1\n"
	    "3 kafka.too_large - -1\n4 kafka.too_large - -1\n");
	T_INT(ts_free(w), 0);
}

/* Far more than the mock keeps, with a reader that comes late: none is lost. */
static void
test_pace(void)
{
	struct ts *w = writer("pace", "value: bytes, key: string");
	struct ts *r = reader("pace");
	struct weir_err err;
	struct weir_intent in = { .rows = 0 };
	const struct weir_sink_ops *op = w->type->sink;
	void *cut;
	int rc = WEIR_AGAIN;

	forget();
	seen.hold = 8;
	ts_opt(w, "compression", "none");
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(up(r, NULL, 0), WEIR_OK);
	for (uint64_t i = 0; i < 120000; i += 2000) {
		if (write_rows(w, i, i + 2000, 1000) != WEIR_OK)
			rc = WEIR_ERROR;
		if (i > 90000)
			poll_once(r, 4096, 0);
	}
	for (uint64_t i = 0; i < 400 && seen.rows < 120000; i++) {
		struct weir_batch *b = ts_batch(w, 0);

		rc = op->write(&w->stage.st, b, &err);
		ts_unref(b);
		poll_until(r, seen.rows + 4000, 100);
	}
	T_INT(rc, WEIR_OK);
	T_INT(op->cut(&w->stage.st, 1, true, &cut, &err), WEIR_OK);
	T_INT(op->prepare(&w->stage.st, cut, &in, &err), WEIR_OK);
	T_INT(in.rows, 120000);
	T_INT(seen.rows, 120000);
	T_INT(seen.sum, sum_to(120000));
	forget();
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

struct journal {
	struct ts *ts;
	void *cut;
	struct weir_intent in;
	int rc;
};

static void *
journal_main(void *arg)
{
	struct journal *jo = arg;
	struct weir_err err;

	jo->rc = jo->ts->type->sink->prepare(&jo->ts->stage.st, jo->cut,
	    &jo->in, &err);
	return NULL;
}

/* Epochs are prepared by another thread while the next is written, and each
 * counts its own rows. */
static void
test_journal_thread(void)
{
	struct ts *w = writer("journal", "value: bytes, key: string");
	struct ts *r = reader("journal");
	struct journal jo = { .ts = w };
	struct weir_err err;
	pthread_t th;

	forget();
	ts_opt(r, "until", "end");
	T_INT(up(w, NULL, 0), WEIR_OK);
	for (uint64_t e = 0; e < 10; e++) {
		T_INT(write_rows(w, e * 3000, e * 3000 + 1000, 50), WEIR_OK);
		T_INT(w->type->sink->cut(&w->stage.st, e, false, &jo.cut,
		    &err), WEIR_OK);
		T_INT(pthread_create(&th, NULL, journal_main, &jo), 0);
		T_INT(write_rows(w, e * 3000 + 1000, (e + 1) * 3000, 50),
		    WEIR_OK);
		pthread_join(th, NULL);
		T_INT(jo.rc, WEIR_OK);
		T_INT(jo.in.rows, e == 0 ? 1000 : 3000);
	}
	T_INT(epoch(w, &jo.in), WEIR_OK);
	T_INT(jo.in.rows, 2000);
	T_INT(up(r, NULL, 0), WEIR_OK);
	T_INT(poll_until(r, UINT64_MAX, 10000), WEIR_END);
	T_INT(seen.rows, 30000);
	T_INT(seen.sum, sum_to(30000));
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* A batch may outlive the stage that made it. */
static void
test_outlive(void)
{
	struct ts *w = writer("outlive", "value: bytes, key: string");
	struct ts *r = reader("outlive");
	struct weir_intent in;
	const char *p;

	forget();
	seen.hold = 8;
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 7, 8, 100), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	T_INT(up(r, NULL, 0), WEIR_OK);
	poll_until(r, 1, 5000);
	T_INT(seen.nkept, 1);
	r->type->fini(&r->stage.st);
	p = weir_str_data(&seen.kept[0]->cols[COL_VALUE].u.str[0]);
	T(memcmp(p, "7:xxx", 5) == 0);
	forget();
	T_INT(ts_free(w), 0);
	r->inited = false;
	T_INT(ts_free(r), 0);
}

static void
test_commit(void)
{
	struct ts *w = writer("commit", "value: bytes, key: string");
	struct ts *r = reader("commit");
	struct weir_position at[12];
	struct weir_intent in;
	struct weir_err err;

	forget();
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 100, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	ts_opt(r, "group", "some-group");
	T_INT(up(r, NULL, 0), WEIR_OK);
	poll_until(r, 100, 5000);
	for (int i = 0; i < 12; i++)
		at[i] = (struct weir_position){ .partition = i,
			.next = seen.next[i] };
	T_INT(r->type->source->commit(&r->stage.st, at, 12, &err), WEIR_OK);
	T_INT(r->type->source->commit(&r->stage.st, at, 12, &err), WEIR_OK);
	for (int i = 0; i < 20; i++)
		poll_once(r, 4096, 50000);
	T_STR(weir__buf_cstr(&r->logs), "");
	T_INT(ts_free(r), 0);
	T_INT(ts_free(w), 0);
}

/* The nth allocation fails: an error, nothing kept, nothing broken. */
static void
test_allocations(void)
{
	struct ts *w = writer("alloc", "value: bytes, key: string");
	struct weir_intent in;
	int failed = 0, rc = WEIR_ERROR;

	forget();
	T_INT(up(w, NULL, 0), WEIR_OK);
	T_INT(write_rows(w, 0, 50, 10), WEIR_OK);
	T_INT(epoch(w, &in), WEIR_OK);
	for (int n = 1; rc != WEIR_END && n < 4000; n += n < 60 ? 1 : 31) {
		struct ts *r = reader("alloc");
		struct weir_err err = { .code = "" };

		forget();
		ts_opt(r, "until", "end");
		weir__alloc_fail_at((uint64_t)n, 0);
		rc = ts_bind(r, &err);
		if (rc == WEIR_OK)
			rc = ts_init(r, &err);
		if (rc == WEIR_OK)
			rc = r->type->source->open(&r->stage.st, NULL, 0, &err);
		for (int i = 0; i < 200 && (rc == WEIR_OK || rc == WEIR_AGAIN);
		    i++)
			rc = r->type->source->poll(&r->stage.st, 4096, 20000,
			    &err);
		weir__alloc_fail_at(0, 0);
		failed += rc == WEIR_ERROR;
		T(rc == WEIR_ERROR || rc == WEIR_END);
		T(rc != WEIR_END || seen.rows == 50);
		T_INT(ts_free(r), 0);
	}
	T_INT(rc, WEIR_END);
	T(failed > 5);
	T_INT(ts_free(w), 0);
}

/* Likewise while rows are written. */
static void
test_write_allocations(void)
{
	int failed = 0, rc = WEIR_ERROR;

	for (int n = 1; rc != WEIR_OK && n < 4000; n += n < 60 ? 1 : 31) {
		struct ts *w = writer("walloc", "value: bytes, key: string");
		struct weir_intent in = { .rows = 0 };
		struct weir_batch *b = ts_batch(w, 20);
		struct weir_err err = { .code = "" };
		void *cut = NULL;

		forget();
		b->nrows = 20;
		for (uint32_t i = 0; i < 20; i++) {
			ts_text(b, 0, i, "a value of 21 bytes..", 21);
			ts_text(b, 1, i, "key", 3);
		}
		w->current = b;
		ts_opt(w, "key", "key");
		weir__alloc_fail_at((uint64_t)n, 0);
		rc = ts_bind(w, &err);
		if (rc == WEIR_OK)
			rc = ts_init(w, &err);
		if (rc == WEIR_OK)
			rc = w->type->sink->write(&w->stage.st, b, &err);
		if (rc == WEIR_OK)
			rc = w->type->sink->cut(&w->stage.st, 1, true, &cut,
			    &err);
		if (rc == WEIR_OK)
			rc = w->type->sink->prepare(&w->stage.st, cut, &in,
			    &err);
		weir__alloc_fail_at(0, 0);
		failed += rc == WEIR_ERROR;
		T(rc == WEIR_ERROR || in.rows == 20);
		ts_unref(b);
		T_INT(ts_free(w), 0);
	}
	T_INT(rc, WEIR_OK);
	T(failed > 5);
}

int
main(void)
{
	test_refusals();
	test_start_times();
	test_property();
	test_start_and_offsets();
	test_no_value();
	test_round_trip();
	test_columns();
	test_resume();
	test_epoch_rows();
	test_large();
	test_latest();
	test_bound();
	test_lost();
	test_differs();
	test_known();
	test_outage();
	test_stop_while_down();
	test_too_large();
	test_pace();
	test_journal_thread();
	test_outlive();
	test_commit();
	test_allocations();
	test_write_allocations();
	return t_done();
}
