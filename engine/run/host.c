/* SPDX-License-Identifier: MIT
 *
 * The host table: the engine as its plugins see it.  The binding half is in
 * plan/host_bind.c; here are the running half and the table itself.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/io.h"
#include "batch/frame.h"
#include "batch/json_text.h"
#include "plan/host_bind.h"
#include "run/instance.h"

static struct weir__run *
run_of(const struct weir_stage *st)
{
	return weir__instance_of(st)->tree->run;
}

/* ---- log, clock, metrics, shared objects */

static void
host_log(const struct weir_stage *st, enum weir_log_level level,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	weir__vlog(&run_of(st)->log, level, st->id, fmt, ap);
	va_end(ap);
}

static void
host_publisher_log(const struct weir_publisher *pb, enum weir_log_level level,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	weir__vlog(&weir__publisher_run(pb)->log, level, pb->id, fmt, ap);
	va_end(ap);
}

static bool
host_stopping(const struct weir_stage *st)
{
	return atomic_load_explicit(&run_of(st)->stopping,
	    memory_order_relaxed);
}

static int64_t
host_now(const struct weir_stage *st)
{
	return run_of(st)->now;
}

static int64_t
host_clock(const struct weir_stage *st)
{
	return weir__run_clock(run_of(st));
}

static uint64_t
host_epoch_no(const struct weir_stage *st)
{
	return run_of(st)->epoch;
}

static const struct weir_fence *
host_fence(const struct weir_stage *st)
{
	const struct weir__publisher *pb =
	    run_of(st)->publishers[weir__instance_of(st)->nd->no];

	return pb != NULL ? weir__publisher_fence(pb) : NULL;
}

static void
host_metric(const struct weir_stage *st, const char *name, const char *labels,
    double value)
{
	weir__metrics_set(&run_of(st)->metrics, st->id, name, labels, value);
}

static const char *
plugin_name(const struct weir_stage *st)
{
	const struct weir__plugin *pl = weir__instance_of(st)->nd->plugin;

	return pl != NULL ? pl->name : "";
}

static void *
host_shared(const struct weir_stage *st, const char *name,
    void *(*make)(void *arg), void (*release)(void *), void *arg)
{
	return weir__shared_get(&run_of(st)->shared, plugin_name(st), name,
	    make, release, arg);
}

static void
host_shared_drop(const struct weir_stage *st, const char *name)
{
	weir__shared_put(&run_of(st)->shared, plugin_name(st), name);
}

/* ---- outputs and batches */

static const struct weir_schema *
host_out_schema(const struct weir_stage *st, uint32_t port)
{
	const struct weir__node *nd = weir__instance_of(st)->nd;

	return port < nd->nports ? &nd->ports[port].schema : NULL;
}

static bool
host_wanted(const struct weir_stage *st, uint32_t port, uint32_t col)
{
	const struct weir__node *nd = weir__instance_of(st)->nd;

	return port < nd->nports && col < nd->ports[port].schema.ncols &&
	    nd->ports[port].wanted[col];
}

static bool
host_port_read(const struct weir_stage *st, uint32_t port)
{
	const struct weir__node *nd = weir__instance_of(st)->nd;

	return port < nd->nports && nd->ports[port].nedges != 0;
}

static struct weir_batch *
host_batch_new(struct weir_stage *st, uint32_t port, uint32_t rows)
{
	struct weir__instance *sg = weir__instance_of(st);
	const struct weir__port *po = &sg->nd->ports[port];
	struct weir_batch *b;

	if (rows > WEIR_BATCH_ROWS)
		return NULL;
	b = weir__batch_new(sg->tree->pool, &po->schema, po->wanted, rows);
	if (b != NULL)
		b->priv->maker = sg;
	return b;
}

static struct weir_batch *
host_batch_derive(struct weir_stage *st, uint32_t port, struct weir_batch *of,
    const uint32_t *rows, uint32_t n)
{
	return weir__tree_derive(weir__instance_of(st), port, of, rows, n);
}

static void *
host_batch_alloc(struct weir_batch *b, size_t n)
{
	return weir__arena_alloc(weir__batch_arena(b), n);
}

static struct weir_batch *
host_batch_load(struct weir_stage *st, const struct weir_schema *sc,
    const void *data, size_t len)
{
	return weir__batch_load(weir__instance_of(st)->tree->pool, sc, data,
	    len, NULL);
}

static int
host_emit(struct weir_stage *st, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	return weir__tree_emit(weir__instance_of(st), port, b, err);
}

static int
host_reject(struct weir_stage *st, const struct weir_batch *b, uint32_t row,
    const struct weir_reason *why)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct weir_batch *own = (struct weir_batch *)(uintptr_t)b;
	bool made = own->priv->created && own->priv->maker == sg;

	if (sg->source_no < 0 && made) {
		sg->n.created++;
		sg->n.unmade++;
	} else if (sg->source_no >= 0) {
		/* rows that a source refuses at once: they came in, too */
		own->source = sg->source_no;
		if (own->root == NULL)
			own->root = own;
		sg->n.in++;
	}
	if (weir__reject_add(sg, own, row, b->schema, b->cols, why) != 0)
		return WEIR_ERROR;
	if (made)
		weir__reject_made(sg);
	return WEIR_OK;
}

/* ---- the ledger */

static void
host_absorb(struct weir_stage *st, uint64_t rows)
{
	weir__instance_of(st)->n.absorbed += rows;
}

static void
host_filtered(struct weir_stage *st, uint64_t rows)
{
	weir__instance_of(st)->n.filtered += rows;
}

static void
host_created(struct weir_stage *st, uint64_t rows)
{
	struct weir__counts *n = &weir__instance_of(st)->n;

	n->created += rows;
	n->passed -= rows;
}

/* ---- expressions, aggregates, state */

static const struct weir_column *
host_expr_eval(struct weir_stage *st, const struct weir_expr *ex)
{
	struct weir__instance *sg = weir__instance_of(st);
	size_t i;

	for (i = 0; i < sg->nd->exprs.n; i++)
		if (sg->nd->exprs.list[i] == ex)
			return &sg->values[i];
	return NULL;
}

static int
host_lookup(struct weir_stage *st, const struct weir_table *ta,
    const struct weir_column *const *keys, const uint32_t *rows, uint32_t n,
    const int64_t *due, void **slots, uint8_t *created)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct weir__state *sa = sg->tables[ta->no];
	size_t was = weir__state_bytes(sa);
	uint64_t budget = sg->tree->pl->settings.memory;
	struct weir_err err = { 0 };
	int rc;

	rc = weir__state_lookup(sa, keys, rows, n, due, slots, created);
	sg->tree->state_bytes += weir__state_bytes(sa) - was;
	if (rc != WEIR_OK || budget == 0 || sg->tree->state_bytes <= budget)
		return rc;
	weir_fail(&err, sg->nd->span, "state.memory", "the state that %s and "
	    "other stages keep by key needs more than settings { memory }, "
	    "%llu bytes: raise it, or keep fewer keys or shorter windows",
	    sg->nd->id, (unsigned long long)budget);
	weir__run_fail(sg->tree->run, &err);
	return WEIR_ERROR;
}

static int
host_due(struct weir_stage *st, const struct weir_table *ta, int64_t upto,
    struct weir_due *out)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct weir__state *sa = sg->tables[ta->no];
	size_t was = weir__state_bytes(sa);
	int rc = weir__state_due(sa, upto, out);

	sg->tree->state_bytes += weir__state_bytes(sa) - was;
	return rc;
}

struct overflow {
	struct weir__instance *sg;
	struct weir_batch *b;
	bool failed;
};

static void
on_overflow(void *arg, uint32_t row, const char *code, const char *text)
{
	struct overflow *ov = arg;
	struct weir_reason why = { .code = code, .text = text, .position = -1 };

	if (weir__reject_add(ov->sg, ov->b, row, ov->b->schema, ov->b->cols,
		&why) != 0)
		ov->failed = true;
}

static struct weir__aggs_cursor *
cursor_of(struct weir__instance *sg, const struct weir_aggs *ag)
{
	size_t i;

	for (i = 0; i < sg->nd->naggs; i++)
		if (sg->nd->aggs[i] == ag)
			return sg->cursors[i];
	return NULL;
}

static int
host_aggs_update(struct weir_stage *st, const struct weir_aggs *ag,
    const struct weir_batch *b, const uint32_t *rows, uint32_t n,
    void *const *slots, uint64_t *rejected)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct weir__aggs_cursor *cu = cursor_of(sg, ag);
	struct overflow ov = { sg, (struct weir_batch *)(uintptr_t)b, false };

	if (cu == NULL || weir__aggs_update(cu, rows, n, slots, rejected,
		on_overflow, &ov) != 0 || ov.failed)
		return WEIR_ERROR;
	return WEIR_OK;
}

static int
host_aggs_merge(struct weir_stage *st, const struct weir_aggs *ag,
    void *const *into, void *const *from, uint32_t n)
{
	(void)st;
	return weir__aggs_merge(ag, into, from, n) == 0 ? WEIR_OK : WEIR_ERROR;
}

struct finish {
	struct weir__instance *sg;
	struct weir_batch *out;
	struct weir_batch *of; /* what rejected rows are of; NULL before any */
	struct weir_schema before; /* the columns that are filled */
	bool failed;
};

static void
on_unfinished(void *arg, uint32_t row, const char *column,
    const struct weir__row_error *re)
{
	struct finish *fi = arg;
	struct weir_reason why = {
		.code = re != NULL ? re->code : "expr",
		.text = re != NULL ? re->text : "",
		.column = column,
		.position = -1,
	};

	/* not `out` itself: it is about to have fewer rows */
	if (fi->of == NULL)
		fi->of = weir__batch_derive(fi->sg->tree->pool,
		    fi->out->schema, fi->out, NULL, fi->out->nrows);
	if (fi->of == NULL || weir__reject_add(fi->sg, fi->of, row,
		&fi->before, fi->out->cols, &why) != 0) {
		fi->failed = true;
		return;
	}
	weir__reject_made(fi->sg);
	fi->sg->n.created++;
	fi->sg->n.unmade++;
}

/* The batch without some of its rows. */
static int
take_out(struct weir_batch *b, const uint64_t *gone)
{
	uint32_t rows[WEIR_BATCH_ROWS], n = 0, c, i;
	struct weir_column to;

	for (i = 0; i < b->nrows; i++)
		if (!weir_bit(gone, i))
			rows[n++] = i;
	for (c = 0; c < b->ncols; c++) {
		if (!weir_present(&b->cols[c]))
			continue;
		memset(&to, 0, sizeof to);
		if (weir__column_gather(weir__batch_arena(b), &to, &b->cols[c],
			b->schema->cols[c].type, rows, n) != 0)
			return -1;
		b->cols[c] = to;
	}
	b->nrows = n;
	return 0;
}

static int
host_aggs_finish(struct weir_stage *st, const struct weir_aggs *ag,
    void *const *slots, uint32_t n, struct weir_batch *out, uint32_t first)
{
	struct weir__instance *sg = weir__instance_of(st);
	struct finish fi = { .sg = sg, .out = out, .before = *out->schema };
	uint64_t gone[WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)] = { 0 };
	int rc;

	fi.before.ncols = first;
	rc = weir__aggs_finish(ag, weir__batch_arena(out), slots, n,
	    out->cols + first, sg->tree->run->now, gone, on_unfinished, &fi);
	if (rc == 0 && fi.of != NULL)
		rc = fi.failed ? -1 : take_out(out, gone);
	if (fi.of != NULL)
		weir__batch_unref(fi.of);
	return rc == 0 && !fi.failed ? WEIR_OK : WEIR_ERROR;
}

static void
host_trail(struct weir_stage *st, int64_t us)
{
	weir__instance_of(st)->trail = us;
}

static int64_t
host_event_time(const struct weir_stage *st)
{
	return weir__instance_of(st)->watermark_in;
}

static int
host_json_text(const struct weir_type *ty, const struct weir_column *co,
    uint32_t row, char *to, size_t room, size_t *len)
{
	struct weir__buf bf;
	int rc = WEIR_OK;

	weir__buf_init(&bf);
	weir__json_value(&bf, ty, co, row);
	*len = bf.len;
	if (bf.failed)
		rc = WEIR_ERROR;
	else if (room != 0)
		memcpy(to, bf.data, bf.len < room ? bf.len : room);
	weir__buf_fini(&bf);
	return rc;
}

/* ---- delivery */

static struct weir__spool *
spool_of(const struct weir_stage *st)
{
	struct weir__instance *sg = weir__instance_of(st);

	return sg->tree->run->spools[sg->nd->no];
}

static int
no_spool(const struct weir_stage *st, struct weir_err *err)
{
	return weir_fail(err, weir__instance_of(st)->nd->span, "spool.none",
	    "%s asks for a spool, and has none", st->id);
}

static int
host_spool(struct weir_stage *st, const struct weir_batch *b,
    const uint8_t *tags, struct weir_err *err)
{
	struct weir__spool *sp = spool_of(st);

	return sp != NULL ? weir__spool_batch(sp, b, tags, err) :
			    no_spool(st, err);
}

static int
host_spool_bytes(struct weir_stage *st, const void *p, size_t n, uint32_t rows,
    struct weir_err *err)
{
	struct weir__spool *sp = spool_of(st);

	return sp != NULL ? weir__spool_bytes(sp, p, n, rows, err) :
			    no_spool(st, err);
}

static bool
host_publisher_stopping(const struct weir_publisher *pb)
{
	return atomic_load(&weir__publisher_run(pb)->stopping);
}

/* ---- the table */

const struct weir_host weir__host = {
	.size = sizeof(struct weir_host),
	.alloc = weir__alloc,
	.zalloc = weir__zalloc,
	.realloc = weir__realloc,
	.free = weir__free,
	.fail = weir_fail,
	.expr_type = weir__expr_type,
	.expr_name = weir__expr_name,
	.expr_required = weir__expr_required,
	.expr_span = weir__expr_span,
	.expr_const = weir__expr_const,
	.expr_column_no = weir__expr_column_no,
	.expr_prefix = weir__expr_prefix,
	.aggs_n = weir__aggs_n,
	.aggs_field = weir__aggs_field,
	.aggs_slot = weir__aggs_slot,
	.inputs = weir__bind_inputs,
	.input = weir__bind_input,
	.stream_input = weir__bind_stream_input,
	.stream_alias = weir__bind_stream_alias,
	.plan_alloc = weir__bind_plan_alloc,
	.make_type = weir__bind_make_type,
	.option_span = weir__bind_option_span,
	.option_fail = weir__bind_option_fail,
	.local_path = weir__bind_local_path,
	.out_field = weir__bind_out_field,
	.out_pass = weir__bind_out_pass,
	.out_expr = weir__bind_out_expr,
	.out_filter = weir__bind_out_filter,
	.out_changes = weir__bind_out_changes,
	.out_event_time = weir__bind_out_event_time,
	.reads = weir__bind_reads,
	.reads_all = weir__bind_reads_all,
	.watermark = weir__bind_watermark,
	.table = weir__bind_table,
	.log = host_log,
	.publisher_log = host_publisher_log,
	.stopping = host_stopping,
	.now = host_now,
	.clock = host_clock,
	.epoch_no = host_epoch_no,
	.fence = host_fence,
	.metric = host_metric,
	.shared = host_shared,
	.shared_drop = host_shared_drop,
	.out_schema = host_out_schema,
	.wanted = host_wanted,
	.port_read = host_port_read,
	.batch_new = host_batch_new,
	.batch_derive = host_batch_derive,
	.batch_alloc = host_batch_alloc,
	.batch_pin = weir__batch_pin,
	.batch_ref = weir__batch_ref,
	.batch_unref = weir__batch_unref,
	.emit = host_emit,
	.reject = host_reject,
	.absorb = host_absorb,
	.filtered = host_filtered,
	.created = host_created,
	.expr_eval = host_expr_eval,
	.partition = weir__source_partition,
	.position = weir__source_position,
	.lag = weir__source_lag,
	.lookup = host_lookup,
	.due = host_due,
	.aggs_update = host_aggs_update,
	.aggs_merge = host_aggs_merge,
	.aggs_finish = host_aggs_finish,
	.json_text = host_json_text,
	.out_event_end = weir__bind_out_event_end,
	.trail = host_trail,
	.io = &weir__io,
	.sink_spool = weir__bind_sink_spool,
	.position_note = weir__source_note,
	.lost = weir__source_lost,
	.batch_save = weir__batch_save,
	.batch_load = host_batch_load,
	.event_time = host_event_time,
	.spool = host_spool,
	.spool_bytes = host_spool_bytes,
	.spool_next = weir__publisher_spool_next,
	.spool_rewind = weir__publisher_spool_rewind,
	.poison = weir__publisher_poison,
	.publisher_stopping = host_publisher_stopping,
	.settled = weir__publisher_settled_epoch,
};
