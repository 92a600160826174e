/* SPDX-License-Identifier: MIT
 *
 * Where each partition begins, where it ends, and what to do when rows that
 * should be there are gone.
 */
#include <stdio.h>

#include "source.h"

enum { CALL_MS = 1000, TRIES = 5, BEHIND = 2 };

#define MADE_ANEW "the topic was made anew: its id is %s, that of the one "     \
	"that was read is %s"

/* What is known of one partition before it starts. */
struct ends {
	int64_t first; /* its first offset */
	int64_t end;   /* where a read-committed reader comes to its end */
};

static const struct read_config *
config(const struct weir_stage *st)
{
	return st->config;
}

/* Asks for all of the partitions' offsets of one kind, by number. */
static int
ask(struct weir_stage *st, int64_t what, int64_t *to, struct weir_err *err)
{
	struct source *so = st->state;
	rd_kafka_topic_partition_list_t *l;
	int rc = WEIR_AGAIN;

	l = rd_kafka_topic_partition_list_new(so->nparts);
	for (int i = 0; i < so->nparts; i++)
		if (so->parts[i].mine)
			rd_kafka_topic_partition_list_add(l, so->cl->topic, i);
	for (int t = 0; t < TRIES && rc == WEIR_AGAIN && l->cnt > 0; t++) {
		for (int i = 0; i < l->cnt; i++)
			l->elems[i].offset = what;
		rc = kafka_client_offsets(so->cl, l, CALL_MS, err);
		if (weir_stopping(st))
			break;
	}
	for (int i = 0; rc == WEIR_OK && i < l->cnt; i++)
		to[l->elems[i].partition] = l->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(l);
	return rc;
}

/* Rows [from, to) of the partition are gone: stop, or say so and go on. */
static int
lost(struct weir_stage *st, struct part *pt, int64_t from, int64_t to,
    const char *why, struct weir_err *err)
{
	struct source *so = st->state;
	char span[64];

	if (to > from)
		snprintf(span, sizeof(span), "offsets %lld to %lld",
		    (long long)from, (long long)to - 1);
	else
		snprintf(span, sizeof(span), "rows from offset %lld on",
		    (long long)from);
	if (config(st)->on_data_loss == LOSS_STOP)
		return st->host->fail(err, WEIR_NOWHERE, "kafka.lost",
		    "partition %d of topic '%s': %s are gone: %s; "
		    "on_data_loss: continue goes on without them",
		    (int)pt->no, so->cl->topic, span, why);
	so->lost_rows += to > from ? (uint64_t)(to - from) : 0;
	weir_lost(st, pt->no, from, to > from ? to : -1, "partition %d of "
	    "topic '%s': %s are gone: %s; going on without them", (int)pt->no,
	    so->cl->topic, span, why);
	weir_metric(st, "kafka_lost_rows", NULL, (double)so->lost_rows);
	return WEIR_OK;
}

/* Is what the partition should go on with still there?  Moves it on if not. */
static int
check(struct weir_stage *st, struct part *pt, const struct ends *e,
    struct weir_err *err)
{
	char why[160];
	int64_t from = pt->next;

	if (pt->next >= e->first && pt->next <= e->end)
		return WEIR_OK;
	pt->next = e->first;
	pt->last.offset = -1;
	pt->verify = false;
	if (from < e->first) {
		snprintf(why, sizeof(why), "the first that the topic has is "
		    "%lld, and it ends at %lld", (long long)e->first,
		    (long long)e->end);
		return lost(st, pt, from, e->first, why, err);
	}
	snprintf(why, sizeof(why), "the topic ends at %lld, so it was made "
	    "anew or cut, and what it has from %lld on is read",
	    (long long)e->end, (long long)e->first);
	return lost(st, pt, from, 0, why, err);
}

/* What was read before is not there: on from the first row, where told to. */
static int
begin_anew(struct weir_stage *st, struct part *pt, const char *why,
    struct weir_err *err)
{
	struct source *so = st->state;

	so->nbroken += !pt->broken;
	pt->broken = pt->anew = true;
	pt->last.offset = -1;
	if (lost(st, pt, pt->next, 0, why, err) != WEIR_OK)
		return WEIR_ERROR;
	kafka_watch_want_first(&so->watch);
	return WEIR_OK;
}

int
kafka_part_differs(struct weir_stage *st, struct part *pt,
    const rd_kafka_message_t *m, struct weir_err *err)
{
	char why[200];
	struct row ro;

	kafka_row_of(&ro, m);
	snprintf(why, sizeof(why), "offset %lld, time stamp %lld ms, is not the "
	    "row that was read last (offset %lld, time stamp %lld ms), so the "
	    "topic was made anew, or cut and written again",
	    (long long)ro.offset, (long long)ro.stamp,
	    (long long)pt->last.offset, (long long)pt->last.stamp);
	return begin_anew(st, pt, why, err);
}

int
kafka_part_tell(struct weir_stage *st, struct part *pt)
{
	enum weir_partition_state state = WEIR_PART_READING;

	/* --drain ends the run, not the stream: more may come another day */
	if (pt->finished)
		state = config(st)->until == UNTIL_END ? WEIR_PART_FINISHED :
							 WEIR_PART_AT_END;
	else if (pt->nheld == 0 && pt->eof >= 0)
		state = WEIR_PART_AT_END;
	if (state == pt->state && pt->next == pt->told)
		return WEIR_OK;
	pt->state = state;
	pt->told = pt->next;
	if (weir_position(st, pt->no, pt->next, state) != WEIR_OK)
		return WEIR_ERROR;
	return kafka_note_put(st, pt);
}

int
kafka_part_start(struct weir_stage *st, struct part *pt, struct weir_err *err)
{
	struct source *so = st->state;

	pt->eof = -1;
	so->nbroken -= pt->broken;
	pt->broken = false;
	if (pt->end >= 0 && pt->next >= pt->end && !pt->verify) {
		pt->finished = true;
		return kafka_part_tell(st, pt);
	}
	if (rd_kafka_consume_start_queue(so->cl->rkt, pt->no, pt->verify ?
	    pt->last.offset : pt->next, so->q) != 0)
		return st->host->fail(err, WEIR_NOWHERE, "kafka.start",
		    "partition %d of topic '%s' can't be read: %s",
		    (int)pt->no, so->cl->topic,
		    rd_kafka_err2str(rd_kafka_last_error()));
	pt->started = true;
	return kafka_part_tell(st, pt);
}

void
kafka_part_stop(struct source *so, struct part *pt)
{
	if (pt->started)
		rd_kafka_consume_stop(so->cl->rkt, pt->no);
	pt->started = false;
}

/* Where a partition begins of which no state is known. */
static int
choose(struct weir_stage *st, const struct ends *e, const int64_t *by_time,
    bool known, struct weir_err *err)
{
	const struct read_config *cf = config(st);
	struct source *so = st->state;
	const int64_t *offset = cf->offsets.items, *no = cf->partitions.items;

	for (int i = 0; i < so->nparts; i++) {
		struct part *pt = &so->parts[i];

		if (!pt->mine || pt->next >= 0)
			continue;
		/* New to a pipeline that has read others: all of it. */
		if (known || cf->start_how == START_EARLIEST)
			pt->next = e[i].first;
		else if (cf->start_how == START_LATEST)
			pt->next = e[i].end;
		else if (cf->start_how == START_TIME)
			pt->next = by_time[i] >= 0 ? by_time[i] : e[i].end;
		for (size_t k = 0; !known && k < cf->offsets.n; k++)
			if (no[k] == i)
				pt->next = offset[k];
		if (so->pace != NULL && pt->next > e[i].first)
			kafka_embedded_skip(so->pace, i);
		if (check(st, pt, &e[i], err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

/* Is the partition, as far as its note goes, the one that was read?  *anew: the
 * embedded Kafka, which a start makes anew. */
static int
recognise(struct weir_stage *st, struct part *pt,
    const struct weir_position *at, const struct ends *e, bool *anew,
    struct weir_err *err)
{
	struct source *so = st->state;
	char cluster[KAFKA_CLUSTER_MAX], why[200], is[KAFKA_TOPIC_ID_TEXT],
	    was[KAFKA_TOPIC_ID_TEXT];
	struct topic_id id;
	bool other;

	*anew = false;
	if (!kafka_note_get(at, &pt->last, cluster, &id))
		return WEIR_OK;
	other = cluster[0] != '\0' && so->cluster[0] != '\0' &&
	    strcmp(cluster, so->cluster) != 0;
	if (so->em != NULL && (other || pt->next > e->end)) {
		*anew = true;
		return WEIR_OK;
	}
	if (!other && kafka_topic_other(&id, &so->id)) {
		snprintf(why, sizeof(why), MADE_ANEW,
		    kafka_topic_id_text(&so->id, is),
		    kafka_topic_id_text(&id, was));
		pt->next = e->first;
		pt->last.offset = -1;
		return lost(st, pt, at->next, 0, why, err);
	}
	if (other) {
		snprintf(why, sizeof(why), "these brokers are of cluster %s, "
		    "those that were read before of %s", so->cluster, cluster);
		pt->next = e->first;
		pt->last.offset = -1;
		return lost(st, pt, at->next, 0, why, err);
	}
	pt->verify = pt->last.offset >= e->first && pt->last.offset < pt->next;
	return WEIR_OK;
}

/* One partition that the state knows. */
static int
resume_part(struct weir_stage *st, struct part *pt,
    const struct weir_position *at, const struct ends *e, struct weir_err *err)
{
	bool anew;

	pt->next = at->next;
	if (!pt->mine)
		return WEIR_OK;
	if (at->state == WEIR_PART_FINISHED) {
		pt->finished = true;
		return weir_position(st, pt->no, pt->next, WEIR_PART_FINISHED);
	}
	if (recognise(st, pt, at, e, &anew, err) != WEIR_OK)
		return WEIR_ERROR;
	if (!anew)
		return check(st, pt, e, err);
	pt->next = e->first;
	pt->last.offset = -1;
	return WEIR_OK;
}

/* Go on where the state says. */
static int
resume(struct weir_stage *st, const struct weir_position *at, size_t n,
    const struct ends *e, struct weir_err *err)
{
	struct source *so = st->state;

	for (size_t k = 0; k < n; k++) {
		struct part *pt;

		if (at[k].partition < 0 || at[k].partition >= so->nparts) {
			struct part gone = { .no = at[k].partition };

			if (lost(st, &gone, at[k].next, 0, "the topic has no "
			    "such partition now", err) != WEIR_OK)
				return WEIR_ERROR;
			continue;
		}
		pt = &so->parts[at[k].partition];
		if (resume_part(st, pt, &at[k], &e[pt->no], err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

/* First and end offsets of all, and those of the start time. */
static int
ask_all(struct weir_stage *st, struct ends *e, int64_t *tmp,
    struct weir_err *err)
{
	struct source *so = st->state;
	int rc;

	rc = ask(st, RD_KAFKA_OFFSET_BEGINNING, tmp, err);
	for (int i = 0; rc == WEIR_OK && i < so->nparts; i++)
		e[i].first = tmp[i];
	if (rc == WEIR_OK)
		rc = ask(st, RD_KAFKA_OFFSET_END, tmp, err);
	for (int i = 0; rc == WEIR_OK && i < so->nparts; i++)
		e[i].end = tmp[i];
	if (rc == WEIR_OK && config(st)->start_how == START_TIME)
		rc = ask(st, config(st)->start_ms, tmp, err);
	return rc;
}

static int
start_all(struct weir_stage *st, const struct weir_position *at, size_t n,
    const struct ends *e, const int64_t *by_time, struct weir_err *err)
{
	struct source *so = st->state;

	if (resume(st, at, n, e, err) != WEIR_OK ||
	    choose(st, e, by_time, n > 0, err) != WEIR_OK)
		return WEIR_ERROR;
	for (int i = 0; i < so->nparts; i++) {
		struct part *pt = &so->parts[i];

		if (!pt->mine || pt->finished)
			continue;
		if (config(st)->until == UNTIL_END)
			pt->end = e[i].end;
		if (kafka_part_start(st, pt, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

int
kafka_offsets_start(struct weir_stage *st, const struct weir_position *at,
    size_t n, struct weir_err *err)
{
	struct source *so = st->state;
	const struct weir_host *host = st->host;
	struct ends *e = host->zalloc((size_t)so->nparts * sizeof(*e));
	int64_t *tmp = host->zalloc((size_t)so->nparts * sizeof(*tmp));
	int rc;

	if (e == NULL || tmp == NULL)
		rc = host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
	else
		rc = ask_all(st, e, tmp, err);
	if (rc == WEIR_OK)
		rc = start_all(st, at, n, e, tmp, err);
	host->free(e);
	host->free(tmp);
	return rc;
}

int
kafka_offsets_bound(struct weir_stage *st, struct weir_err *err)
{
	struct source *so = st->state;
	int64_t *end = st->host->zalloc((size_t)so->nparts * sizeof(*end));
	int rc;

	if (end == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	rc = ask(st, RD_KAFKA_OFFSET_END, end, err);
	for (int i = 0; rc == WEIR_OK && i < so->nparts; i++) {
		struct part *pt = &so->parts[i];

		if (!pt->mine || pt->finished || pt->end >= 0)
			continue;
		pt->end = end[i];
		if (pt->nheld == 0 && pt->next >= pt->end) {
			kafka_part_stop(so, pt);
			pt->finished = true;
			rc = kafka_part_tell(st, pt);
		}
	}
	st->host->free(end);
	return rc;
}

/* The topic has grown: its new partitions are read from their first row. */
static int
add_parts(struct weir_stage *st, int n, const int64_t *first,
    struct weir_err *err)
{
	struct source *so = st->state;
	struct part *parts;
	char name[16];
	int rc = WEIR_OK;

	if (config(st)->partitions.n > 0 || config(st)->until == UNTIL_END)
		return WEIR_OK;
	parts = st->host->realloc(so->parts, (size_t)n * sizeof(*parts));
	if (parts == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	so->parts = parts;
	for (int i = so->nparts; rc == WEIR_OK && i < n; i++) {
		so->parts[i] = (struct part){ .no = i, .mine = true,
			.next = first[i] >= 0 ? first[i] : 0, .end = -1,
			.eof = -1, .told = -1, .last.offset = -1 };
		so->nparts = i + 1;
		snprintf(name, sizeof(name), "%d", i);
		weir_log(st, WEIR_LOG_INFO, "topic '%s' has a new partition, "
		    "%d", so->cl->topic, i);
		rc = weir_partition(st, i, name);
		if (rc == WEIR_OK)
			rc = kafka_part_start(st, &so->parts[i], err);
	}
	return rc;
}

/* Out of range: what is gone, and on from there. */
static int
mend(struct weir_stage *st, struct part *pt, const struct ends *e,
    struct weir_err *err)
{
	struct source *so = st->state;

	if (pt->anew)
		pt->next = e->first;
	pt->anew = pt->verify = false;
	if (check(st, pt, e, err) != WEIR_OK)
		return WEIR_ERROR;
	kafka_part_stop(so, pt);
	return kafka_part_start(st, pt, err);
}

/* While it was read, the topic was deleted and made again. */
static int
made_anew(struct weir_stage *st, const struct topic_id *id,
    struct weir_err *err)
{
	struct source *so = st->state;
	char why[200], is[KAFKA_TOPIC_ID_TEXT], was[KAFKA_TOPIC_ID_TEXT];
	int rc = WEIR_OK;

	snprintf(why, sizeof(why), MADE_ANEW, kafka_topic_id_text(id, is),
	    kafka_topic_id_text(&so->id, was));
	so->id = *id;
	for (int i = 0; rc == WEIR_OK && i < so->nparts; i++) {
		struct part *pt = &so->parts[i];

		if (!pt->started || pt->finished)
			continue;
		/* they come once more, if they are of the new one */
		for (; pt->nheld > 0; so->held--) {
			rd_kafka_message_t *m = pt->held[--pt->nheld];

			so->held_bytes -= m->len + m->key_len;
			rd_kafka_message_destroy(m);
		}
		rc = begin_anew(st, pt, why, err);
	}
	return rc;
}

/* An end before what had been read when it was asked for, and not for a moment
 * only, as while a broker comes: the partition was cut, or made anew. */
static void
look_behind(struct source *so)
{
	struct watch *wa = &so->watch;

	for (int i = 0; i < so->nparts && i < wa->nparts; i++) {
		struct part *pt = &so->parts[i];

		if (wa->asked != so->seen || !pt->started || pt->broken ||
		    wa->end[i] < 0 || wa->end[i] >= pt->mark)
			pt->behind = 0;
		else if (++pt->behind == BEHIND) {
			pt->behind = 0;
			pt->broken = true;
			so->nbroken++;
			wa->want_first = true;
		}
		pt->mark = pt->next;
	}
}

int
kafka_offsets_watched(struct weir_stage *st, struct weir_err *err)
{
	struct source *so = st->state;
	struct watch *wa = &so->watch;
	struct topic_id id;
	int rc = WEIR_OK;

	pthread_mutex_lock(&wa->lock);
	id = wa->id;
	pthread_mutex_unlock(&wa->lock);
	if (kafka_topic_other(&id, &so->id))
		rc = made_anew(st, &id, err);
	else if (so->id.high == 0 && so->id.low == 0)
		so->id = id;
	pthread_mutex_lock(&wa->lock);
	if (wa->version != so->seen && wa->nparts > so->nparts && rc == WEIR_OK)
		rc = add_parts(st, wa->nparts, wa->first, err);
	if (wa->version != so->seen)
		look_behind(so);
	for (int i = 0; rc == WEIR_OK && so->nbroken > 0 && !wa->want_first &&
	    i < so->nparts && i < wa->nparts; i++) {
		struct part *pt = &so->parts[i];
		struct ends e = { wa->first[i], wa->end[i] };

		if (pt->broken && pt->nheld == 0 && e.first >= 0 && e.end >= 0)
			rc = mend(st, pt, &e, err);
	}
	so->seen = wa->mark = wa->version;
	pthread_mutex_unlock(&wa->lock);
	return rc;
}
