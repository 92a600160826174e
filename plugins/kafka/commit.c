/* SPDX-License-Identifier: MIT
 *
 * Decided offsets under the group's name, for tools that show lag.  The source
 * never reads them back, and takes no part in the group: a group in which
 * others do is refused, for they would overwrite each other.
 */
#include "source.h"

enum { CALL_MS = 5000 };

static const char *
group(const struct weir_stage *st, char *to, size_t room)
{
	const struct read_config *cf = st->config;

	return kafka_text(&cf->group, to, room);
}

/* The members of the group in the answer; -1 and why when there is none. */
static int
members(rd_kafka_event_t *ev, const char **why)
{
	const rd_kafka_DescribeConsumerGroups_result_t *re;
	const rd_kafka_ConsumerGroupDescription_t *const *gr;
	const rd_kafka_error_t *bad;
	size_t n = 0;

	*why = "no reply in time";
	if (ev == NULL)
		return -1;
	*why = rd_kafka_event_error_string(ev);
	if (rd_kafka_event_error(ev) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return -1;
	re = rd_kafka_event_DescribeConsumerGroups_result(ev);
	gr = rd_kafka_DescribeConsumerGroups_result_groups(re, &n);
	if (n != 1)
		return 0;
	bad = rd_kafka_ConsumerGroupDescription_error(gr[0]);
	if (bad != NULL &&
	    rd_kafka_error_code(bad) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
		return 0;
	if (bad != NULL) {
		*why = rd_kafka_error_string(bad);
		return -1;
	}
	return (int)rd_kafka_ConsumerGroupDescription_member_count(gr[0]);
}

int
kafka_group_check(struct weir_stage *st, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	rd_kafka_AdminOptions_t *op;
	rd_kafka_event_t *ev;
	char name[256], text[256];
	const char *names[] = { group(st, name, sizeof(name)) }, *why;
	int n;

	if (cf->group.len == 0)
		return WEIR_OK;
	if (so->admin == NULL)
		so->admin = rd_kafka_queue_new(so->cl->rk);
	if (so->em != NULL)	/* the mock can't describe groups */
		return WEIR_OK;
	op = rd_kafka_AdminOptions_new(so->cl->rk,
	    RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
	rd_kafka_AdminOptions_set_request_timeout(op, CALL_MS, text,
	    sizeof(text));
	rd_kafka_DescribeConsumerGroups(so->cl->rk, names, 1, op, so->admin);
	rd_kafka_AdminOptions_destroy(op);
	ev = rd_kafka_queue_poll(so->admin, CALL_MS + 500);
	n = members(ev, &why);
	if (n > 0)
		st->host->fail(err, WEIR_NOWHERE, "kafka.group",
		    "group '%s' has %d %s; give this pipeline a name of its "
		    "own, or stop the other consumers", name, n,
		    n == 1 ? "member" : "members");
	else if (n < 0)
		st->host->fail(err, WEIR_NOWHERE, "kafka.group",
		    "group '%s': %s", name, why);
	if (ev != NULL)
		rd_kafka_event_destroy(ev);
	return n > 0 ? WEIR_ERROR : n < 0 ? WEIR_AGAIN : WEIR_OK;
}

static void
commit_send(struct weir_stage *st)
{
	struct source *so = st->state;
	rd_kafka_topic_partition_list_t *l;
	rd_kafka_AlterConsumerGroupOffsets_t *al;
	char name[256];

	l = rd_kafka_topic_partition_list_new((int)so->ncommit);
	for (size_t i = 0; i < so->ncommit; i++)
		rd_kafka_topic_partition_list_add(l, so->cl->topic,
		    so->commit[i].partition)->offset = so->commit[i].next;
	al = rd_kafka_AlterConsumerGroupOffsets_new(group(st, name,
	    sizeof(name)), l);
	rd_kafka_AlterConsumerGroupOffsets(so->cl->rk, &al, 1, NULL, so->admin);
	rd_kafka_AlterConsumerGroupOffsets_destroy(al);
	rd_kafka_topic_partition_list_destroy(l);
	so->committing = true;
	so->ncommit = 0;
}

int
kafka_group_commit(struct weir_stage *st, const struct weir_position *at,
    size_t n, struct weir_err *err)
{
	const struct read_config *cf = st->config;
	struct source *so = st->state;
	struct weir_position *copy;

	if (cf->group.len == 0 || n == 0 || so->admin == NULL)
		return WEIR_OK;
	copy = st->host->realloc(so->commit, n * sizeof(*copy));
	if (copy == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	memcpy(copy, at, n * sizeof(*copy));
	so->commit = copy;
	so->ncommit = n;
	if (!so->committing)
		commit_send(st);
	return WEIR_OK;
}

/* What became of a commit: the first thing that went wrong, or NULL. */
static const char *
outcome(rd_kafka_event_t *ev)
{
	const rd_kafka_AlterConsumerGroupOffsets_result_t *re;
	const rd_kafka_group_result_t *const *gr;
	const rd_kafka_topic_partition_list_t *l;
	size_t n = 0;

	if (rd_kafka_event_error(ev) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return rd_kafka_event_error_string(ev);
	re = rd_kafka_event_AlterConsumerGroupOffsets_result(ev);
	gr = rd_kafka_AlterConsumerGroupOffsets_result_groups(re, &n);
	for (size_t i = 0; i < n; i++) {
		if (rd_kafka_group_result_error(gr[i]) != NULL)
			return rd_kafka_error_string(
			    rd_kafka_group_result_error(gr[i]));
		l = rd_kafka_group_result_partitions(gr[i]);
		for (int k = 0; l != NULL && k < l->cnt; k++)
			if (l->elems[k].err != RD_KAFKA_RESP_ERR_NO_ERROR)
				return rd_kafka_err2str(l->elems[k].err);
	}
	return NULL;
}

void
kafka_group_poll(struct weir_stage *st, int wait_ms)
{
	struct source *so = st->state;
	rd_kafka_event_t *ev;
	const char *why;
	char name[256];

	if (!so->committing || (ev = rd_kafka_queue_poll(so->admin,
	    wait_ms)) == NULL)
		return;
	why = outcome(ev);
	if (why != NULL)
		weir_log(st, WEIR_LOG_WARN, "offsets of group '%s' are not "
		    "kept: %s; nothing is lost, lag tools show old figures",
		    group(st, name, sizeof(name)), why);
	rd_kafka_event_destroy(ev);
	so->committing = false;
	if (so->ncommit > 0)
		commit_send(st);
}
