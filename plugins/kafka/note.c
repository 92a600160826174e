/* SPDX-License-Identifier: MIT
 *
 * What goes with a partition's position into the journal, so that a start knows
 * whether the partition is still the one that was read: the brokers' cluster,
 * and the last row with its time stamp and checksum.  That row is read once
 * more at the start, and must be the same.  (librdkafka 2.0 tells neither a
 * topic's id nor its leader's epoch.)
 */
#include "base/hash.h"
#include "source.h"

enum { NOTE_VERSION = 1 };

struct note {
	uint8_t version;
	uint8_t cluster_len;
	uint16_t zero;
	uint32_t crc;
	int64_t offset;
	int64_t stamp;
	char cluster[KAFKA_CLUSTER_MAX];
};
_Static_assert(sizeof(struct note) <= WEIR_NOTE_MAX, "a note is too long");

void
kafka_row_of(struct row *ro, const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t how;
	uint32_t crc;

	ro->offset = m->offset;
	ro->stamp = rd_kafka_message_timestamp(m, &how);
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
		.stamp = pt->last.stamp, .crc = pt->last.crc };

	no.cluster_len = (uint8_t)strlen(so->cluster);
	memcpy(no.cluster, so->cluster, no.cluster_len);
	return weir_position_note(st, pt->no, &no, sizeof(no));
}

bool
kafka_note_get(const struct weir_position *at, struct row *ro,
    char cluster[KAFKA_CLUSTER_MAX])
{
	struct note no;

	if (at->note == NULL || at->note_len != sizeof(no))
		return false;
	memcpy(&no, at->note, sizeof(no));
	if (no.version != NOTE_VERSION || no.cluster_len >= KAFKA_CLUSTER_MAX)
		return false;
	*ro = (struct row){ .offset = no.offset, .stamp = no.stamp,
		.crc = no.crc };
	memcpy(cluster, no.cluster, no.cluster_len);
	cluster[no.cluster_len] = '\0';
	return true;
}
