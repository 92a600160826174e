/* SPDX-License-Identifier: MIT
 *
 * A librdkafka handle for one topic: its outages told in few and clear lines,
 * the topic's partitions, and offsets by time.
 *
 * librdkafka reconnects for ever by itself, with back-off.  Its own log lines
 * are many and go to debug; what a person needs is said by
 * kafka_client_report().
 */
#include <stdio.h>
#include <time.h>

#include "kafka.h"

enum { SECOND = 1000000, MINUTE = 60 * SECOND };

int64_t
kafka_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

/* Text of others in one printable line. */
static void
copy_line(char *to, size_t room, const char *from)
{
	size_t i;

	for (i = 0; from[i] != '\0' && i + 1 < room; i++)
		to[i] = (unsigned char)from[i] < ' ' || from[i] == 127 ?
		    ' ' : from[i];
	to[i] = '\0';
}

/* A reason, without librdkafka's "(after 0ms in state CONNECT)". */
static void
copy_why(char *to, size_t room, const char *from)
{
	char *tail;

	copy_line(to, room, from);
	tail = strstr(to, " (after ");
	if (tail != NULL)
		*tail = '\0';
}

static void
link_lost(struct kafka_link *li, const char *why)
{
	if (why != NULL)
		copy_why(li->why, sizeof(li->why), why);
	if (li->lost)
		return;
	li->lost = true;
	li->said = false;
	li->answered = 0;
	li->since = kafka_clock();
	li->next_word = li->since + SECOND;	/* a hitch is no news */
}

static void
error_cb(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct kafka_client *cl = opaque;
	struct kafka_link *li = &cl->link;
	rd_kafka_resp_err_t err = code;

	atomic_fetch_add(&cl->stirs, 1);
	pthread_mutex_lock(&li->lock);
	switch (err) {
	case RD_KAFKA_RESP_ERR__FATAL:
		li->fatal = rd_kafka_fatal_error(rk, li->fatal_text,
		    sizeof(li->fatal_text));
		break;
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		/* The reason came before, with the last broker's. */
		link_lost(li, li->why[0] != '\0' ? NULL : reason);
		break;
	default:
		copy_why(li->why, sizeof(li->why), reason);
		li->secure = err == RD_KAFKA_RESP_ERR__SSL ||
		    err == RD_KAFKA_RESP_ERR__AUTHENTICATION ? err :
		    RD_KAFKA_RESP_ERR_NO_ERROR;
		break;
	}
	pthread_mutex_unlock(&li->lock);
}

const char *
kafka_client_remedy(const struct kafka_client *cl)
{
	switch (cl->link.secure) {
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
		/* See its change log, 2.6.1. */
		if (cl->scram && rd_kafka_version() < 0x020601ff)
			return "; check sasl_username and sasl_password; and "
			    "SCRAM with late brokers (Kafka 4.3 is one) needs "
			    "librdkafka 2.6.1 or later";
		return "; check sasl_mechanism, sasl_username and "
		    "sasl_password";
	case RD_KAFKA_RESP_ERR__SSL:
		return "; check that ssl_ca_location has the certificate of "
		    "who signed the brokers', and that their listener is a "
		    "TLS one";
	default:
		return "";
	}
}

static void
log_cb(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	struct kafka_client *cl = rd_kafka_opaque(rk);
	char line[KAFKA_WHY_MAX];

	(void)level;
	if (cl == NULL)
		return;
	atomic_fetch_add(&cl->stirs, 1);
	copy_line(line, sizeof(line), text);
	if (cl->st != NULL)
		weir_log(cl->st, WEIR_LOG_DEBUG, "librdkafka %s: %s", fac,
		    line);
	else if (cl->pb != NULL)
		cl->host->publisher_log(cl->pb, WEIR_LOG_DEBUG,
		    "librdkafka %s: %s", fac, line);
}

static void
delivered_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_client *cl = opaque;

	(void)rk;
	cl->delivered(cl->opaque, m);
}

static int
client_topic(struct kafka_client *cl, struct weir_err *err)
{
	cl->rkt = rd_kafka_topic_new(cl->rk, cl->topic, NULL);
	if (cl->rkt == NULL)
		return cl->host->fail(err, WEIR_NOWHERE, "kafka.topic",
		    "librdkafka refuses topic '%s': %s", cl->topic,
		    rd_kafka_err2str(rd_kafka_last_error()));
	return WEIR_OK;
}

int
kafka_client_init(struct kafka_client *cl, const struct weir_host *host,
    const struct kafka_common *co, rd_kafka_type_t type, rd_kafka_conf_t *conf,
    const char *brokers, struct weir_err *err)
{
	size_t n = strlen(brokers) + 1;
	char why[KAFKA_WHY_MAX];

	cl->host = host;
	cl->has_lock = pthread_mutex_init(&cl->link.lock, NULL) == 0;
	cl->brokers = host->alloc(n);
	if (!cl->has_lock || cl->brokers == NULL) {
		rd_kafka_conf_destroy(conf);
		return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
	}
	memcpy(cl->brokers, brokers, n);
	kafka_text(&co->topic, cl->topic, sizeof(cl->topic));
	cl->scram = kafka_is_scram(co);
	if (kafka_files_there(host, co, err) != WEIR_OK) {
		rd_kafka_conf_destroy(conf);
		return WEIR_ERROR;
	}
	rd_kafka_conf_set_opaque(conf, cl);
	rd_kafka_conf_set_error_cb(conf, error_cb);
	rd_kafka_conf_set_log_cb(conf, log_cb);
	if (cl->delivered != NULL)
		rd_kafka_conf_set_dr_msg_cb(conf, delivered_cb);
	kafka_conf_try(conf, "log.queue", "true");
	cl->rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (cl->rk == NULL) {
		rd_kafka_conf_destroy(conf);
		return host->fail(err, WEIR_NOWHERE, "kafka.config",
		    "librdkafka refuses its configuration: %s", why);
	}
	rd_kafka_set_log_queue(cl->rk, NULL);
	return client_topic(cl, err);
}

void
kafka_client_fini(struct kafka_client *cl)
{
	cl->st = NULL;
	cl->pb = NULL;
	if (cl->rkt != NULL)
		rd_kafka_topic_destroy(cl->rkt);
	if (cl->rk != NULL)
		rd_kafka_destroy_flags(cl->rk,
		    RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (cl->host != NULL)
		cl->host->free(cl->brokers);
	if (cl->has_lock)
		pthread_mutex_destroy(&cl->link.lock);
	memset(cl, 0, sizeof(*cl));
}

void
kafka_client_poll(struct kafka_client *cl, const struct weir_stage *st,
    int wait_ms)
{
	if (cl->st != st)	/* a sink polls in two threads */
		cl->st = st;
	rd_kafka_poll(cl->rk, wait_ms);
}

void
kafka_client_answered(struct kafka_client *cl)
{
	pthread_mutex_lock(&cl->link.lock);
	if (cl->link.lost)
		cl->link.answered = kafka_clock();
	cl->link.lost = false;
	cl->link.why[0] = '\0';
	cl->link.secure = RD_KAFKA_RESP_ERR_NO_ERROR;
	pthread_mutex_unlock(&cl->link.lock);
}

void
kafka_client_silent(struct kafka_client *cl)
{
	pthread_mutex_lock(&cl->link.lock);
	link_lost(&cl->link, cl->link.why[0] != '\0' ? NULL :
	    "no reply in time");
	pthread_mutex_unlock(&cl->link.lock);
}

bool
kafka_client_lost(struct kafka_client *cl)
{
	bool lost;

	pthread_mutex_lock(&cl->link.lock);
	lost = cl->link.lost;
	pthread_mutex_unlock(&cl->link.lock);
	return lost;
}

/* How long, for people. */
static const char *
how_long(int64_t us, char *to, size_t room)
{
	if (us < MINUTE)
		snprintf(to, room, "%.1f s", (double)us / SECOND);
	else
		snprintf(to, room, "%lld min", (long long)(us / MINUTE));
	return to;
}

static void
report(struct kafka_client *cl, const struct weir_stage *st)
{
	struct kafka_link *li = &cl->link;
	int64_t now = kafka_clock();
	char span[32];

	if (li->lost && now >= li->next_word) {
		if (!li->said)
			weir_log(st, WEIR_LOG_WARN, "no answer from %s: %s%s; "
			    "trying again until there is one", cl->brokers,
			    li->why[0] != '\0' ? li->why : "no reason given",
			    kafka_client_remedy(cl));
		else
			weir_log(st, WEIR_LOG_WARN, "still no answer from "
			    "%s after %s: %s%s", cl->brokers,
			    how_long(now - li->since, span, sizeof(span)),
			    li->why[0] != '\0' ? li->why : "no reason given",
			    kafka_client_remedy(cl));
		li->said = true;
		li->next_word = now + MINUTE;
	}
	if (!li->lost && li->said) {
		weir_log(st, WEIR_LOG_INFO, "%s answers again, after %s", cl->brokers,
		    how_long(li->answered - li->since, span, sizeof(span)));
		li->said = false;
	}
}

int
kafka_client_report(struct kafka_client *cl, const struct weir_stage *st,
    struct weir_err *err)
{
	int rc = WEIR_OK;

	pthread_mutex_lock(&cl->link.lock);
	if (cl->link.fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = cl->host->fail(err, WEIR_NOWHERE, "kafka.fatal",
		    "topic '%s': %s; the pipeline must be started again",
		    cl->topic, cl->link.fatal_text);
	else if (cl->link.lost || cl->link.said)
		report(cl, st);
	pthread_mutex_unlock(&cl->link.lock);
	return rc;
}

/* A call that needed a broker has failed: what to say of it. */
static int
no_answer(struct kafka_client *cl, rd_kafka_resp_err_t why,
    struct weir_err *err)
{
	char last[KAFKA_WHY_MAX];
	const char *remedy;

	if (!cl->watched)
		rd_kafka_poll(cl->rk, 0);
	pthread_mutex_lock(&cl->link.lock);
	memcpy(last, cl->link.why, sizeof(last));
	remedy = kafka_client_remedy(cl);
	pthread_mutex_unlock(&cl->link.lock);
	cl->host->fail(err, WEIR_NOWHERE, "kafka.down",
	    "no answer from %s: %s%s", cl->brokers,
	    last[0] != '\0' ? last : rd_kafka_err2str(why), remedy);
	return WEIR_AGAIN;
}

/* Brokers say so while they start or when a topic was made just now. */
static bool
passes(rd_kafka_resp_err_t why)
{
	return why == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	    why == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
	    why == RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE ||
	    why == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE ||
	    why == RD_KAFKA_RESP_ERR__TIMED_OUT ||
	    why == RD_KAFKA_RESP_ERR__TRANSPORT;
}

int
kafka_client_partitions(struct kafka_client *cl, int *n, int wait_ms,
    struct weir_err *err)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t why;

	why = rd_kafka_metadata(cl->rk, 0, cl->rkt, &md, wait_ms);
	if (why != RD_KAFKA_RESP_ERR_NO_ERROR)
		return no_answer(cl, why, err);
	why = md->topic_cnt == 1 ? md->topics[0].err :
	    RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	*n = why == RD_KAFKA_RESP_ERR_NO_ERROR ?
	    md->topics[0].partition_cnt : 0;
	rd_kafka_metadata_destroy(md);
	if (why == RD_KAFKA_RESP_ERR_NO_ERROR)
		return WEIR_OK;
	if (why == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return cl->host->fail(err, WEIR_NOWHERE, "kafka.topic",
		    "there is no topic '%s' at %s; check its name, or create "
		    "it", cl->topic, cl->brokers);
	cl->host->fail(err, WEIR_NOWHERE, "kafka.topic", "topic '%s' at %s: %s",
	    cl->topic, cl->brokers, rd_kafka_err2str(why));
	return passes(why) ? WEIR_AGAIN : WEIR_ERROR;
}

int
kafka_client_offsets(struct kafka_client *cl,
    rd_kafka_topic_partition_list_t *list, int wait_ms, struct weir_err *err)
{
	rd_kafka_resp_err_t why;

	why = rd_kafka_offsets_for_times(cl->rk, list, wait_ms);
	if (why != RD_KAFKA_RESP_ERR_NO_ERROR)
		return no_answer(cl, why, err);
	for (int i = 0; i < list->cnt; i++) {
		why = list->elems[i].err;
		if (why == RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		cl->host->fail(err, WEIR_NOWHERE, "kafka.offsets",
		    "partition %d of topic '%s': %s",
		    (int)list->elems[i].partition, cl->topic,
		    rd_kafka_err2str(why));
		return passes(why) ? WEIR_AGAIN : WEIR_ERROR;
	}
	return WEIR_OK;
}

int
kafka_common_probe(struct weir_bind *bi, const struct kafka_common *co,
    enum kafka_role role, int *partitions, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	static kafka_settings settings = {
		"allow.auto.create.topics", "false", NULL
	};
	struct weir_err why = { .code = "" };
	struct kafka_client cl = { .host = host };
	rd_kafka_resp_err_t secure = RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_conf_t *conf;
	char brokers[4096];
	int rc;

	if (kafka_is_embedded(co))
		return WEIR_OK;
	kafka_text(&co->brokers, brokers, sizeof(brokers));
	conf = kafka_conf_new(host, co, brokers, settings, role, err);
	if (conf == NULL)
		return WEIR_ERROR;
	rc = kafka_client_init(&cl, host, co, role == KAFKA_READS ?
	    RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf, brokers, &why);
	for (int i = 0; i < 12 && rc == WEIR_OK; i++) {
		rc = kafka_client_partitions(&cl, partitions, 500, &why);
		secure = cl.link.secure;
		if (rc != WEIR_AGAIN ||
		    secure != RD_KAFKA_RESP_ERR_NO_ERROR)
			break;
		rc = i < 11 ? WEIR_OK : WEIR_AGAIN;
	}
	kafka_client_fini(&cl);
	if (rc == WEIR_OK)
		return WEIR_OK;
	if (secure == RD_KAFKA_RESP_ERR__AUTHENTICATION)
		return weir_option_fail(bi, "sasl_password", err,
		    "kafka.login", "%s", why.text);
	if (secure == RD_KAFKA_RESP_ERR__SSL)
		return weir_option_fail(bi, "security_protocol", err,
		    "kafka.tls", "%s", why.text);
	return weir_option_fail(bi, strcmp(why.code, "kafka.topic") == 0 ?
	    "topic" : "brokers", err, why.code, "%s", why.text);
}
