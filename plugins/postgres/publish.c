/* SPDX-License-Identifier: MIT
 *
 * The publisher: its place at the server made or found, then a transaction an
 * epoch.  See sink.h.
 *
 * A COMMIT without an answer needs no memory of its own: the next try begins,
 * as all do, by locking the marker, and finds there whether it was done.
 */
#include "sink.h"

void
pg_app_name(const struct weir_fence *fe, char *to, size_t room)
{
	uint32_t h = 2166136261u; /* FNV-1a: sinks with long names differ */

	for (const char *p = fe->sink; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	snprintf(to, room, "weir %.8s %08x %.32s", fe->pipeline, (unsigned)h,
	    fe->sink);
	for (char *p = to; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = '?';
}

/* `return fail_stop(pu, err, "code", "...")` */
#define fail_stop(pu, err, code, ...)                                          \
	((pu)->li.verdict = PG_STOP,                                           \
	    (pu)->li.host->fail((err), WEIR_NOWHERE, (code), __VA_ARGS__))

/* ---- open */

/* What may not be, seen from the journal. */
static int
check_marker(struct publisher *pu, const struct pg_marker *ma,
    struct weir_err *err)
{
	const struct weir_fence *fe = &pu->fe;
	const struct pg_target *ta = &pu->ta;

	if (!ma->found && fe->born)
		return fail_stop(pu, err, "postgres.lost",
		    "sink %s has no row in %s.weir_epochs at %s any more: the "
		    "table was dropped, or the database is another one or an "
		    "older copy; restore it, or begin anew with an empty state",
		    fe->sink, ta->schema, pu->li.where);
	if (ma->found && ma->fence > fe->fence)
		return fail_stop(pu, err, "postgres.fenced",
		    "sink %s at %s belongs to a process with fence %llu, and "
		    "this one has %llu: it was taken over", fe->sink,
		    pu->li.where, (unsigned long long)ma->fence,
		    (unsigned long long)fe->fence);
	if (ma->found && ma->rows > 0 && ta->oid == 0)
		return fail_stop(pu, err, "postgres.lost",
		    "table %s.%s at %s is gone with the %llu rows that were "
		    "written to it; restore it, or begin anew with an empty "
		    "state", ta->schema, ta->cf->name, pu->li.where,
		    (unsigned long long)ma->rows);
	return WEIR_OK;
}

/* Inside the transaction that makes everything. */
static int
make(struct weir_publisher *pb, struct pg_marker *ma, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct pg_target *ta = &pu->ta;
	bool made = false, there = false;
	int rc;

	*ma = (struct pg_marker){ .found = false };
	rc = pg_target_look(ta, err);
	there = ta->oid != 0;
	if (rc == WEIR_OK)
		rc = pg_target_check(ta, err);
	if (rc == WEIR_OK && ta->has_marker)
		rc = pg_marker_read(ta, &pu->fe, true, ma, err);
	/* the sink wrote to another table, and is a new one for this */
	if (rc == WEIR_OK && ma->found && ma->other && pu->fe.fresh &&
	    ma->fence <= pu->fe.fence) {
		rc = pg_marker_leave(ta, &pu->fe, err);
		*ma = (struct pg_marker){ .found = false };
	}
	if (rc == WEIR_OK)
		rc = check_marker(pu, ma, err);
	if (rc == WEIR_OK)
		rc = pg_ddl_marker(ta, err);
	if (rc == WEIR_OK)
		rc = pg_ddl_table(ta, pb, &made, err);
	if (rc == WEIR_OK && there && !ma->found && !pu->fe.append &&
	    ta->cf->nkeys == 0)
		rc = pg_marker_others(ta, &pu->fe, err);
	if (rc == WEIR_OK)
		rc = pg_marker_own(ta, &pu->fe, ma, made, err);
	return rc == WEIR_OK ? pg_target_seal(ta, err) : rc;
}

/* One at a time: two sinks may want the same tables.  Whoever stands still
 * meanwhile, or is cut off, would hold up all that begin. */
static const char begin_make[] = "BEGIN ISOLATION LEVEL READ COMMITTED;"
    "SET LOCAL lock_timeout = '2s';"
    "SET LOCAL idle_in_transaction_session_timeout = '10s';"
    "SELECT pg_advisory_xact_lock(1466263922)";

static int
commit(struct publisher *pu, struct weir_err *err)
{
	PGresult *res;
	int rc;

	rc = pg_link_exec(&pu->li, "COMMIT", &res,
	    WEIR_AT("postgres.commit.before"), WEIR_AT("postgres.commit.after"),
	    err);
	if (rc != WEIR_OK)
		return rc;
	/* A transaction that had failed ends with COMMIT, too. */
	if (strcmp(PQcmdStatus(res), "COMMIT") != 0) {
		pu->li.host->fail(err, WEIR_NOWHERE, "postgres.down",
		    "%s answered COMMIT with %s", pu->li.where,
		    PQcmdStatus(res));
		pu->li.verdict = PG_AGAIN;
		rc = WEIR_AGAIN;
	}
	PQclear(res);
	return rc;
}

/* A new connection; whoever of ours holds the marker since long is ended. */
static int
connect(struct publisher *pu, struct weir_err *err)
{
	int rc;

	if (pu->li.conn != NULL)
		return WEIR_OK;
	pu->temp = false;
	rc = pg_link_open(&pu->li, err);
	if (rc == WEIR_OK && pu->locked)
		rc = pg_marker_evict(&pu->ta, err);
	pu->locked = false;
	return rc;
}

/* What every call ends with. */
static int
settle(struct publisher *pu, int rc)
{
	if (rc == WEIR_OK)
		return rc;
	pu->locked = strcmp(pu->li.sqlstate, "55P03") == 0;
	pg_link_close(&pu->li);
	return rc;
}

static int
keep_fence(struct weir_publisher *pb, const struct weir_fence *fe,
    struct weir_err *err)
{
	struct publisher *pu = pb->state;
	size_t n = strlen(fe->sink) + 1;

	pu->fe = *fe;
	snprintf(pu->pipeline, sizeof(pu->pipeline), "%s", fe->pipeline);
	if (pu->sink == NULL)
		pu->sink = pb->host->alloc(n);
	if (pu->sink == NULL)
		return pg_memory(pb->host, err);
	memcpy(pu->sink, fe->sink, n);
	pu->fe.pipeline = pu->pipeline;
	pu->fe.sink = pu->sink;
	pg_app_name(&pu->fe, pu->app, sizeof(pu->app));
	return WEIR_OK;
}

static int
prepare(struct weir_publisher *pb, const struct weir_fence *fe,
    struct weir_err *err)
{
	const struct write_config *cf = pb->config;
	struct publisher *pu = pb->state;

	if (pu->ta.cols == NULL) {
		if (keep_fence(pb, fe, err) != WEIR_OK)
			return WEIR_ERROR;
		pu->li = (struct pg_link){ .host = pb->host, .co = &cf->common,
			.pb = pb, .app = pu->app, .writes = true };
		pg_buf_init(&pu->copy, pb->host);
		pg_buf_init(&pu->merge, pb->host);
		pg_buf_init(&pu->forget, pb->host);
		pg_buf_init(&pu->en.bf, pb->host);
		if (pg_target_init(&pu->ta, cf, &pu->li, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
sink_open(struct weir_publisher *pb, const struct weir_fence *fe,
    struct weir_err *err)
{
	struct publisher *pu = pb->state;
	struct pg_marker ma;
	int rc = prepare(pb, fe, err);

	if (rc == WEIR_OK)
		rc = connect(pu, err);
	if (rc == WEIR_OK)
		rc = pg_link_exec(&pu->li, begin_make, NULL, NULL, NULL, err);
	if (rc == WEIR_OK)
		rc = make(pb, &ma, err);
	if (rc == WEIR_OK)
		rc = commit(pu, err);
	/* A row that the server refuses here is one of its own catalogue. */
	if (rc == WEIR_ERROR && pu->li.verdict == PG_ROW)
		rc = WEIR_AGAIN;
	if (rc == WEIR_OK)
		rc = pg_load_init(pb, err);
	if (rc == WEIR_OK)
		rc = pg_load_temp(pb, err);
	if (settle(pu, rc) != WEIR_OK)
		return rc;
	pu->epoch = ma.epoch;
	pu->ready = true;
	return WEIR_OK;
}

static int
sink_last(struct weir_publisher *pb, uint64_t *epoch, struct weir_err *err)
{
	struct publisher *pu = pb->state;

	(void)err;
	*epoch = pu->epoch;
	return WEIR_OK;
}

/* ---- an epoch */

/* Is the row where we left it?  WEIR_END: this epoch is in it already. */
static int
check_place(struct publisher *pu, const struct pg_marker *ma, uint64_t epoch,
    struct weir_err *err)
{
	if (!ma->found || ma->fence != pu->fe.fence)
		return fail_stop(pu, err, ma->found ? "postgres.fenced" :
		    "postgres.lost", "sink %s: its row in "
		    "%s.weir_epochs at %s %s", pu->fe.sink, pu->ta.schema,
		    pu->li.where, !ma->found ? "is gone" : "belongs to another "
		    "process: this one was taken over");
	if (ma->epoch == epoch)
		return WEIR_END;
	if (ma->epoch == pu->epoch)
		return WEIR_OK;
	return fail_stop(pu, err, "postgres.lost", "sink %s: %s.weir_epochs at "
	    "%s is at epoch %llu and was at %llu: %s", pu->fe.sink,
	    pu->ta.schema, pu->li.where, (unsigned long long)ma->epoch,
	    (unsigned long long)pu->epoch, ma->epoch < pu->epoch ?
	    "the database has gone back, to an older copy or a standby that "
	    "lacked it, and what was published since is gone there" :
	    "someone else wrote it");
}

/* What was deleted long ago is forgotten, once in a while. */
static int
forget(struct publisher *pu, struct weir_err *err)
{
	const int64_t hour = INT64_C(3600000000);
	int64_t now = pg_clock();

	if (pu->forget.len == 0 || (pu->forgot != 0 &&
	    now - pu->forgot < hour && now - pu->forgot <
	    pu->ta.cf->remember))
		return WEIR_OK;
	pu->forgot = now;
	return pg_link_exec(&pu->li, pu->forget.p, NULL, NULL, NULL, err);
}

static int
one_epoch(struct weir_publisher *pb, uint64_t epoch, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	uint64_t rows = 0, rejected = 0;
	struct pg_marker ma;
	int rc;

	rc = connect(pu, err);
	if (rc == WEIR_OK)
		rc = pg_load_temp(pb, err);
	if (rc == WEIR_OK)
		rc = pg_marker_begin(&pu->ta, &pu->fe, &ma, err);
	if (rc == WEIR_OK)
		rc = check_place(pu, &ma, epoch, err);
	if (rc == WEIR_END)
		return pg_link_exec(&pu->li, "ROLLBACK", NULL, NULL, NULL, err);
	if (rc == WEIR_OK)
		rc = pg_load_epoch(pb, epoch, &rows, &rejected, err);
	if (rc == WEIR_OK)
		rc = forget(pu, err);
	if (rc == WEIR_OK)
		rc = pg_marker_move(&pu->ta, &pu->fe, pu->epoch, epoch, rows,
		    rejected, err);
	return rc == WEIR_OK ? commit(pu, err) : rc;
}

static int
sink_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err)
{
	struct publisher *pu = pb->state;
	uint64_t rows = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		rows += intents[i].rows;
	if (epoch <= pu->epoch || rows == 0)
		return WEIR_OK;
	rc = one_epoch(pb, epoch, err);
	if (rc == WEIR_ERROR && pu->li.verdict == PG_ROW) {
		rc = pg_poison_search(pb, epoch, err);
		if (rc == WEIR_OK)
			rc = weir_spool_rewind(pb, epoch, err);
		if (rc == WEIR_OK)
			rc = one_epoch(pb, epoch, err);
		/* By themselves all were fine: someone else's row was in the
		 * way, and may not be the next time. */
		if (rc == WEIR_ERROR && pu->li.verdict == PG_ROW)
			rc = WEIR_AGAIN;
	}
	if (settle(pu, rc) == WEIR_OK)
		pu->epoch = epoch;
	return rc;
}

static void
sink_close(struct weir_publisher *pb)
{
	struct publisher *pu = pb->state;

	pg_link_close(&pu->li);
	if (pu->li.host == NULL)
		return;
	pg_load_fini(pu);
	pg_target_fini(&pu->ta);
	pb->host->free(pu->bad);
	pb->host->free(pu->sink);
	memset(pu, 0, sizeof(*pu));
}

const struct weir_sink_ops pg_sink_ops = {
	.size = sizeof(struct weir_sink_ops),
	.write = pg_write_rows,
	.publisher_size = sizeof(struct publisher),
	.open = sink_open,
	.publish = sink_publish,
	.last_published = sink_last,
	.close = sink_close,
	.flags = WEIR_SINKF_SPOOL,
	.audit = pg_sink_audit,
};
