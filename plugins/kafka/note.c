/* SPDX-License-Identifier: MIT
 *
 * What goes with a partition's position into the journal, so that a start knows
 * whether the partition is still the one that was read: the brokers' cluster,
 * the topic's id, and the last row with its leader's epoch, time stamp and
 * checksum.  That row is read once more at the start, and must be the same.
 *
 * librdkafka tells epochs from 2.1 on and topic ids from 2.3 on; before, and
 * where brokers do not say, they are not known, and nothing follows from them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "source.h"

enum { NOTE_VERSION = 2, NOTE_V1_SIZE = 88 };

struct note {
	uint8_t version;
	uint8_t cluster_len;
	uint16_t zero;
	uint32_t crc;
	int64_t offset;
	int64_t stamp;
	char cluster[KAFKA_CLUSTER_MAX];
	/* From version 2 on. */
	struct topic_id id;
	int32_t epoch;
	uint32_t zero2;
};
_Static_assert(offsetof(struct note, id) == NOTE_V1_SIZE, "notes of before");
_Static_assert(sizeof(struct note) <= WEIR_NOTE_MAX, "a note is too long");

void
kafka_row_of(struct row *ro, const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t how;
	uint32_t crc;

	ro->offset = m->offset;
	ro->stamp = rd_kafka_message_timestamp(m, &how);
#if RD_KAFKA_VERSION >= 0x020100ff
	ro->epoch = rd_kafka_message_leader_epoch(m);
#else
	ro->epoch = -1;
#endif
	crc = weir__hash_crc32c((uint32_t)m->key_len, m->key, m->key_len);
	ro->crc = weir__hash_crc32c(crc, m->payload, m->len);
}

void
kafka_cluster(struct source *so, int wait_ms)
{
	char *id = rd_kafka_clusterid(so->cl->rk, wait_ms);
	size_t n = id == NULL ? 0 : strlen(id);

	if (n > 0 && n < sizeof(so->cluster))
		memcpy(so->cluster, id, n + 1);
	if (id != NULL)
		rd_kafka_mem_free(so->cl->rk, id);
}

int
kafka_note_put(struct weir_stage *st, const struct part *pt)
{
	const struct source *so = st->state;
	struct note no = { .version = NOTE_VERSION, .offset = pt->last.offset,
		.stamp = pt->last.stamp, .crc = pt->last.crc,
		.epoch = pt->last.epoch, .id = so->id };

	no.cluster_len = (uint8_t)strlen(so->cluster);
	memcpy(no.cluster, so->cluster, no.cluster_len);
	return weir_position_note(st, pt->no, &no, sizeof(no));
}

bool
kafka_note_get(const struct weir_position *at, struct row *ro,
    char cluster[KAFKA_CLUSTER_MAX], struct topic_id *id)
{
	struct note no = { .epoch = -1 };

	if (at->note == NULL || (at->note_len != sizeof(no) &&
	    at->note_len != NOTE_V1_SIZE))
		return false;
	memcpy(&no, at->note, at->note_len);
	if (no.version != (at->note_len == sizeof(no) ? NOTE_VERSION : 1) ||
	    no.cluster_len >= KAFKA_CLUSTER_MAX)
		return false;
	*ro = (struct row){ .offset = no.offset, .stamp = no.stamp,
		.crc = no.crc, .epoch = no.epoch };
	memcpy(cluster, no.cluster, no.cluster_len);
	cluster[no.cluster_len] = '\0';
	*id = no.id;
	return true;
}

/* ---- the topic's id */

#if RD_KAFKA_VERSION >= 0x020300ff
static void
id_of(rd_kafka_event_t *ev, struct topic_id *id)
{
	const rd_kafka_TopicDescription_t **td;
	const rd_kafka_Uuid_t *uuid;
	struct topic_id is;
	size_t n = 0;

	if (ev == NULL || rd_kafka_event_error(ev) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	td = rd_kafka_DescribeTopics_result_topics(
	    rd_kafka_event_DescribeTopics_result(ev), &n);
	if (n != 1 || rd_kafka_TopicDescription_error(td[0]) != NULL ||
	    (uuid = rd_kafka_TopicDescription_topic_id(td[0])) == NULL)
		return;
	is.high = rd_kafka_Uuid_most_significant_bits(uuid);
	is.low = rd_kafka_Uuid_least_significant_bits(uuid);
	if (is.high != 0 || is.low != 0)
		*id = is;
}

void
kafka_topic_id(struct kafka_client *cl, struct topic_id *id, int wait_ms)
{
	const char *names[1] = { cl->topic };
	rd_kafka_TopicCollection_t *topics;
	rd_kafka_AdminOptions_t *op;
	rd_kafka_event_t *ev;
	rd_kafka_queue_t *q = rd_kafka_queue_new(cl->rk);
	char why[KAFKA_WHY_MAX];

	topics = rd_kafka_TopicCollection_of_topic_names(names, 1);
	op = rd_kafka_AdminOptions_new(cl->rk,
	    RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
	rd_kafka_AdminOptions_set_request_timeout(op, wait_ms, why,
	    sizeof(why));
	rd_kafka_DescribeTopics(cl->rk, topics, op, q);
	ev = rd_kafka_queue_poll(q, wait_ms + 500);
	id_of(ev, id);
	if (ev != NULL)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	rd_kafka_AdminOptions_destroy(op);
	rd_kafka_TopicCollection_destroy(topics);
}
#else
void
kafka_topic_id(struct kafka_client *cl, struct topic_id *id, int wait_ms)
{
	(void)cl;
	(void)id;
	(void)wait_ms;
}
#endif

/* Known both, and not the same. */
bool
kafka_topic_other(const struct topic_id *a, const struct topic_id *b)
{
	return (a->high != 0 || a->low != 0) && (b->high != 0 || b->low != 0) &&
	    (a->high != b->high || a->low != b->low);
}

const char *
kafka_topic_id_text(const struct topic_id *id, char to[KAFKA_TOPIC_ID_TEXT])
{
	uint64_t h = (uint64_t)id->high, l = (uint64_t)id->low;

	snprintf(to, KAFKA_TOPIC_ID_TEXT, "%08" PRIx64 "-%04" PRIx64 "-%04"
	    PRIx64 "-%04" PRIx64 "-%012" PRIx64, h >> 32, h >> 16 & 0xffff,
	    h & 0xffff, l >> 48, l & UINT64_C(0xffffffffffff));
	return to;
}
