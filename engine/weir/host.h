/* SPDX-License-Identifier: MIT
 *
 * What the engine does for a plugin: one inline call for each entry of the
 * host table, with its contract.  Included by weir/plugin.h.
 *
 * `st` is the stage that was called; strings passed in are copied.
 */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

/* ---- binding: main thread, inside bind; all memory lives as the plan does */

/* Inputs: number 0 is the chain's, further ones come of STREAM options. */
#define WEIR_BIND_HOST(bi) (*(const struct weir_host *const *)(bi))

static inline uint32_t
weir_inputs(struct weir_bind *bi)
{
	return WEIR_BIND_HOST(bi)->inputs(bi);
}

/* The columns of an input.  A source has none. */
static inline const struct weir_schema *
weir_input(struct weir_bind *bi, uint32_t i)
{
	return WEIR_BIND_HOST(bi)->input(bi, i);
}

/* Zeroed memory of the plan, or NULL. */
static inline void *
weir_plan_alloc(struct weir_bind *bi, size_t n)
{
	return WEIR_BIND_HOST(bi)->plan_alloc(bi, n);
}

/* A type of the plan: precision and scale for decimals, fields (copied) for
 * list (1), map (2) and struct; NULL when memory is out. */
static inline const struct weir_type *
weir_make_type(struct weir_bind *bi, enum weir_kind kind, int precision,
    int scale, const struct weir_field *fields, uint32_t nfields)
{
	return WEIR_BIND_HOST(bi)->make_type(bi, kind, precision, scale, fields,
	    nfields);
}

/* Where the option was written; where its stage was, when it was not. */
static inline struct weir_span
weir_option_span(struct weir_bind *bi, const char *name)
{
	return WEIR_BIND_HOST(bi)->option_span(bi, name);
}

/* `return weir_option_fail(bi, "topic", err, "kafka.topic", "...")`. */
#define weir_option_fail(bi, name, err, ...)                                   \
	(WEIR_BIND_HOST(bi)->option_fail((bi), (name), (err), __VA_ARGS__))

/* The path of a local file named by an option, seen from the pipeline file. */
static inline const char *
weir_local_path(struct weir_bind *bi, struct weir_str path)
{
	return WEIR_BIND_HOST(bi)->local_path(bi, path);
}

/* The output columns, in the order of these calls.  A new one (its memory is
 * made by batch_new and filled by the stage): */
static inline int
weir_out_field(struct weir_bind *bi, uint32_t port, const struct weir_field *fi)
{
	return WEIR_BIND_HOST(bi)->out_field(bi, port, fi);
}

/* One passed on from an input unchanged, under `name` (NULL: its own): filled
 * by weir_batch_derive(). */
static inline int
weir_out_pass(struct weir_bind *bi, uint32_t port, uint32_t input, uint32_t col,
    const char *name)
{
	return WEIR_BIND_HOST(bi)->out_pass(bi, port, input, col, name);
}

/* All of an input's. */
static inline int
weir_out_pass_all(struct weir_bind *bi, uint32_t port, uint32_t input)
{
	const struct weir_schema *sc = weir_input(bi, input);
	uint32_t i;

	for (i = 0; i < sc->ncols; i++)
		if (weir_out_pass(bi, port, input, i, NULL) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* Stages without `process`: a column of output 0 computed by the engine, and a
 * condition that rows must meet (true, not null) to pass.  A stage that makes
 * only such calls and weir_out_pass() is run by the engine. */
static inline int
weir_out_expr(struct weir_bind *bi, const char *name, const struct weir_expr *ex)
{
	return WEIR_BIND_HOST(bi)->out_expr(bi, name, ex);
}

static inline int
weir_out_filter(struct weir_bind *bi, const struct weir_expr *ex)
{
	return WEIR_BIND_HOST(bi)->out_filter(bi, ex);
}

/* The output is a stream of changes with this key (output columns). */
static inline int
weir_out_changes(struct weir_bind *bi, uint32_t port, const uint32_t *keys,
    uint32_t nkeys)
{
	return WEIR_BIND_HOST(bi)->out_changes(bi, port, keys, nkeys);
}

/* The output's event-time column.  Passed columns keep it by themselves. */
static inline int
weir_out_event_time(struct weir_bind *bi, uint32_t port, uint32_t col)
{
	return WEIR_BIND_HOST(bi)->out_event_time(bi, port, col);
}

/* The same for a column that ends an interval, as window_end does: a row's
 * event time is a microsecond before it. */
static inline int
weir_out_event_end(struct weir_bind *bi, uint32_t port, uint32_t col)
{
	return WEIR_BIND_HOST(bi)->out_event_end(bi, port, col);
}

/* Input columns that process or write will read besides what expressions of
 * the options read and what is passed on: others may be absent.  A stage that
 * calls neither reads all. */
static inline int
weir_reads(struct weir_bind *bi, uint32_t input, uint32_t col)
{
	return WEIR_BIND_HOST(bi)->reads(bi, input, col);
}

static inline int
weir_reads_all(struct weir_bind *bi, uint32_t input)
{
	return WEIR_BIND_HOST(bi)->reads_all(bi, input);
}

/* Declare the stage a watermark on the timestamp column `col` of input 0: the
 * engine then follows each partition's event time, rejects rows more than
 * max_ahead beyond the epoch's clock, and passes the rest.  All times in
 * microseconds; idle 0: a partition at its end never counts as idle. */
static inline int
weir_watermark(struct weir_bind *bi, uint32_t col, int64_t delay, int64_t idle,
    int64_t max_ahead)
{
	return WEIR_BIND_HOST(bi)->watermark(bi, col, delay, idle, max_ahead);
}

/* Declare keyed state; NULL when memory is out.  What was kept of a table goes
 * on with it when its keys have the same types, or wider ones, and its version
 * is the same, or one that it can migrate. */
static inline const struct weir_table *
weir_table(struct weir_bind *bi, const struct weir_table_spec *spec)
{
	return WEIR_BIND_HOST(bi)->table(bi, spec);
}

/* ---- running: the thread that was called */

#define weir_log(st, level, ...)                                               \
	((st)->host->log((st), (level), __VA_ARGS__))

/* Is the run to end?  Loops that wait ask this. */
static inline bool
weir_stopping(const struct weir_stage *st)
{
	return st->host->stopping(st);
}

/* Microseconds UTC: the epoch's frozen clock, and the real one. */
static inline int64_t
weir_now(const struct weir_stage *st)
{
	return st->host->now(st);
}

static inline int64_t
weir_clock(const struct weir_stage *st)
{
	return st->host->clock(st);
}

/* A gauge for the metrics page; labels as `partition="3"`, or NULL. */
static inline void
weir_metric(const struct weir_stage *st, const char *name, const char *labels,
    double value)
{
	st->host->metric(st, name, labels, value);
}

/* One object a run, plugin and name, counted: the first call makes it, the
 * last weir_shared_drop() releases it.  Any thread. */
static inline void *
weir_shared(const struct weir_stage *st, const char *name,
    void *(*make)(void *arg), void (*release)(void *), void *arg)
{
	return st->host->shared(st, name, make, release, arg);
}

static inline void
weir_shared_drop(const struct weir_stage *st, const char *name)
{
	st->host->shared_drop(st, name);
}

/* The columns of an output. */
static inline const struct weir_schema *
weir_out_schema(const struct weir_stage *st, uint32_t port)
{
	return st->host->out_schema(st, port);
}

/* Will anything read this output column?  If not it need not be filled. */
static inline bool
weir_wanted(const struct weir_stage *st, uint32_t port, uint32_t col)
{
	return st->host->wanted(st, port, col);
}

/* A new batch for an output with room for `rows` rows (at most 4096): every
 * wanted column has storage (data, or bits, or offsets and children structs
 * without storage), `valid` NULL, nrows 0.  Rows of it count as created.
 * NULL when memory is out. */
static inline struct weir_batch *
weir_batch_new(struct weir_stage *st, uint32_t port, uint32_t rows)
{
	return st->host->batch_new(st, port, rows);
}

/* A batch of the rows rows[0..n) of `of` (NULL: its first n), in rising order:
 * passed columns are filled, origin, root, watermarks and operations go along,
 * and new columns have storage for n rows.  It keeps `of` alive.  nrows is n.
 * Its rows count as passed once it is emitted; one that is dropped by unref
 * counts for nothing.  A stage may point its new columns at other memory that
 * lives as long.  NULL when memory is out. */
static inline struct weir_batch *
weir_batch_derive(struct weir_stage *st, uint32_t port, struct weir_batch *of,
    const uint32_t *rows, uint32_t n)
{
	return st->host->batch_derive(st, port, of, rows, n);
}

/* Memory of the batch, aligned to 16, not zeroed; NULL when it is out. */
static inline void *
weir_batch_alloc(struct weir_stage *st, struct weir_batch *b, size_t n)
{
	return st->host->batch_alloc(b, n);
}

/* Call release(p) when the batch goes. */
static inline int
weir_batch_pin(struct weir_stage *st, struct weir_batch *b, void *p,
    void (*release)(void *))
{
	return st->host->batch_pin(b, p, release);
}

static inline struct weir_batch *
weir_batch_ref(struct weir_stage *st, struct weir_batch *b)
{
	return st->host->batch_ref(b);
}

static inline void
weir_batch_unref(struct weir_stage *st, struct weir_batch *b)
{
	st->host->batch_unref(b);
}

/* Send a batch on; consumes the reference in all cases.  Empty batches are
 * dropped.  WEIR_ERROR: return it. */
static inline int
weir_emit(struct weir_stage *st, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	return st->host->emit(st, port, b, err);
}

/* Send row `row` of input batch `b` to the port `rejected`, with its payload
 * and origin.  It must not be in what is emitted.  `b` may also be a batch of
 * batch_new: its row counts as created, and then as rejected.  A source rejects a row of a
 * batch that it never emits; the payload is what the batch's root has in
 * columns key, value and timestamp (root NULL: in its own). */
static inline int
weir_reject(struct weir_stage *st, const struct weir_batch *b, uint32_t row,
    const struct weir_reason *why)
{
	return st->host->reject(st, b, row, why);
}

/* The ledger: rows taken into state, dropped on purpose, or made of nothing
 * (rows of batch_new are counted as created by themselves). */
static inline void
weir_absorbed(struct weir_stage *st, uint64_t rows)
{
	st->host->absorb(st, rows);
}

static inline void
weir_filtered(struct weir_stage *st, uint64_t rows)
{
	st->host->filtered(st, rows);
}

/* Of the rows derived in this call so many are further copies of one that
 * counts as passed: these count as created. */
static inline void
weir_created(struct weir_stage *st, uint64_t rows)
{
	st->host->created(st, rows);
}

/* An option's expression over the batch being processed: one value a row.  It
 * has been evaluated before process or write was called; rows on which it
 * failed were rejected and are not in the batch. */
static inline const struct weir_column *
weir_column_of(struct weir_stage *st, const struct weir_expr *ex)
{
	return st->host->expr_eval(st, ex);
}

/* Sources: a partition exists; where it stands and whether rows are waiting;
 * how many rows it is behind. */
static inline int
weir_partition(struct weir_stage *st, int32_t partition, const char *name)
{
	return st->host->partition(st, partition, name);
}

static inline int
weir_position(struct weir_stage *st, int32_t partition, int64_t next,
    enum weir_partition_state state)
{
	return st->host->position(st, partition, next, state);
}

static inline void
weir_lag(struct weir_stage *st, int32_t partition, int64_t rows)
{
	st->host->lag(st, partition, rows);
}

/* Rows of event times as old as its watermark less `us` may still come out of
 * the stage (a window that waits for late rows): what is downstream has a
 * watermark that is so much behind. */
static inline void
weir_trail(struct weir_stage *st, int64_t us)
{
	st->host->trail(st, us);
}

/* The watermark that the stage was told last, also by an earlier run whose
 * state goes on; INT64_MIN before the first. */
static inline int64_t
weir_event_time(const struct weir_stage *st)
{
	return st->host->event_time(st);
}

/* The slots of n keys: key i is row rows[i] (NULL: row i) of each key column.
 * New ones are zeroed and created[i] is 1 (created may be NULL).  due[i] is
 * the time at which a new one will be taken out (timed tables; the same key
 * with another due time is another entry).  Slots stay where they are, but a
 * slot may be written only in the epoch in which it was looked up: that is what
 * the engine saves.  A table without key columns has one slot: keys NULL, n 1. */
static inline int
weir_lookup(struct weir_stage *st, const struct weir_table *ta,
    const struct weir_column *const *keys, const uint32_t *rows, uint32_t n,
    const int64_t *due, void **slots, uint8_t *created)
{
	return st->host->lookup(st, ta, keys, rows, n, due, slots, created);
}

/* The next entries due at or before `upto`; WEIR_END when there is none.  They
 * are dropped at the next call for this table or when the stage's call ends. */
static inline int
weir_due(struct weir_stage *st, const struct weir_table *ta, int64_t upto,
    struct weir_due *out)
{
	return st->host->due(st, ta, upto, out);
}

/* Aggregates.  update: row rows[i] of the batch being processed goes into
 * slots[i].  `rejected` is a bitmap by row number, zeroed by the caller before
 * the first update of a batch: rows that would overflow are set in it, have
 * been rejected, and are skipped. */
static inline int
weir_aggs_update(struct weir_stage *st, const struct weir_aggs *ag,
    const struct weir_batch *b, const uint32_t *rows, uint32_t n,
    void *const *slots, uint64_t *rejected)
{
	return st->host->aggs_update(st, ag, b, rows, n, slots, rejected);
}

static inline int
weir_aggs_merge(struct weir_stage *st, const struct weir_aggs *ag,
    void *const *into, void *const *from, uint32_t n)
{
	return st->host->aggs_merge(st, ag, into, from, n);
}

/* Fill the columns first, first + 1, ... of `out`, a batch of batch_new of
 * which the n rows and all columns before these are filled.  A row on which an
 * expression around the aggregates fails is rejected with the columns before
 * `first`, and taken out: out->nrows is what is left, in the same order. */
static inline int
weir_aggs_finish(struct weir_stage *st, const struct weir_aggs *ag,
    void *const *slots, uint32_t n, struct weir_batch *out, uint32_t first)
{
	return st->host->aggs_finish(st, ag, slots, n, out, first);
}

/* ---- delivery */

/* The table of effects on disks; see weir/io.h. */
#define weir_io(handle) ((handle)->host->io)

/* Source, worker's thread: a few bytes that belong to a partition's position
 * and come back with it in open: a topic's id, a leader's epoch.  What was said
 * last before an epoch's end is decided with it.  At most WEIR_NOTE_MAX. */
static inline int
weir_position_note(struct weir_stage *st, int32_t partition, const void *p,
    size_t n)
{
	return st->host->position_note(st, partition, p, n);
}

/* Source, worker's thread: rows [from, to) of a partition are not to be had any
 * more (to -1: how many is not known), and the user said to go on all the same
 * (`on_data_loss: continue`): counted in the ledger, journaled, logged with the
 * text.  Without that word a source fails, saying exactly what is missing. */
#define weir_lost(st, partition, from, to, ...)                                \
	((st)->host->lost((st), (partition), (from), (to), __VA_ARGS__))

/* Sinks, in bind: keep a spool for this one, as WEIR_SINKF_SPOOL does for all
 * of a type. */
static inline void
weir_sink_spool(struct weir_bind *bi)
{
	WEIR_BIND_HOST(bi)->sink_spool(bi);
}

/* Writers of sinks with a spool (WEIR_SINKF_SPOOL), in write: what the publisher will
 * read back.  A batch, all its columns, copied; `tags`, a byte a row that comes
 * back beside it, may be NULL.  Or bytes of the sink's own that stand for so
 * many rows.  The two are not mixed in one sink. */
static inline int
weir_spool(struct weir_stage *st, const struct weir_batch *b,
    const uint8_t *tags, struct weir_err *err)
{
	return st->host->spool(st, b, tags, err);
}
static inline int
weir_spool_bytes(struct weir_stage *st, const void *p, size_t n, uint32_t rows,
    struct weir_err *err)
{
	return st->host->spool_bytes(st, p, n, rows, err);
}

/* Publishers of such sinks, in publish: the next frame of the epoch, in the
 * order of writing; WEIR_END after the last.  A frame lives until the next call.
 * Rewind to go through it once more; each publish begins rewound. */
static inline int
weir_spool_next(struct weir_publisher *pb, uint64_t epoch,
    struct weir_frame *fr, struct weir_err *err)
{
	return pb->host->spool_next(pb, epoch, fr, err);
}
static inline int
weir_spool_rewind(struct weir_publisher *pb, uint64_t epoch,
    struct weir_err *err)
{
	return pb->host->spool_rewind(pb, epoch, err);
}

/* Publishers, in publish: rows that the other side refuses for their content.
 * Nothing of the epoch may be visible yet.  They are decided to be rejected,
 * durably, before this returns; then the spool is to be gone through once more
 * (rewound: the frames' `skip` marks them).  They go to the sink's `rejected`
 * in the next epoch. */
static inline int
weir_poison(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_poison *list, size_t n, struct weir_err *err)
{
	return pb->host->poison(pb, epoch, list, n, err);
}

/* Publishers: the epoch up to which the journal knows, durably, that this sink
 * has published: it will never ask for those again. */
static inline uint64_t
weir_settled(const struct weir_publisher *pb)
{
	return pb->host->settled(pb);
}

/* Publishers: should long waits end? */
static inline bool
weir_publisher_stopping(const struct weir_publisher *pb)
{
	return pb->host->publisher_stopping(pb);
}

/* Rows rows[0..n) of a batch (NULL: all) as bytes, from the host's alloc: all
 * columns, operations, origin.  0, or -1 when memory is out. */
static inline int
weir_batch_save(const struct weir_host *host, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n, void **data, size_t *len)
{
	return host->batch_save(b, rows, n, data, len);
}

/* The batch that weir_batch_save() wrote, its columns those of `sc`; the bytes
 * are checked and copied.  NULL when they are damaged or memory is out. */
static inline struct weir_batch *
weir_batch_load(struct weir_stage *st, const struct weir_schema *sc,
    const void *data, size_t len)
{
	return st->host->batch_load(st, sc, data, len);
}

#endif
