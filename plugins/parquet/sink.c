/* SPDX-License-Identifier: MIT
 *
 * parquet.write: rows into files, each a struct pq_file.
 */
#include "sink.h"

#include <inttypes.h>
#include <stdio.h>

static int
no_memory(struct weir_stage *st, struct weir_err *err)
{
	return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory");
}

/* ---- columns that files hand on */

struct pq_column *
pq_spare_take(struct pq_sink *sk)
{
	struct pq_column *cols = NULL;
	int i;

	for (i = 0; cols == NULL && i < PQ_SPARE; i++)
		cols = atomic_exchange(&sk->spare[i], NULL);
	return cols;
}

/* Kept for another file, or freed when there are enough. */
static void
spare_put(struct weir_stage *st, struct pq_column *cols)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	struct pq_column *none;
	int i;

	for (i = 0; i < PQ_SPARE; i++) {
		none = NULL;
		if (atomic_compare_exchange_strong(&sk->spare[i], &none, cols))
			return;
	}
	pq_file_columns_free(st->host, &wc->schema, cols);
}

/* ---- the format */

/* Changelogs: what each row does, as text. */
int
pq_sink_batch(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	struct weir_str *op, name[2];
	uint32_t i;

	if (wc->as != PQ_AS_CHANGELOG)
		return WEIR_OK;
	sk->ops.len = 0;
	op = (void *)pq_bytes_room(&sk->ops, b->nrows * sizeof *op);
	if (op == NULL)
		return no_memory(st, err);
	name[WEIR_PUT] = weir_str_make("put", 3);
	name[WEIR_DELETE] = weir_str_make("delete", 6);
	for (i = 0; i < b->nrows; i++)
		op[i] = name[b->ops != NULL && b->ops[i] == WEIR_DELETE];
	memset(&sk->cols[0], 0, sizeof sk->cols[0]);
	sk->cols[0].u.str = op;
	memcpy(sk->cols + 1, b->cols, b->ncols * sizeof *b->cols);
	return WEIR_OK;
}

static int
sink_begin(struct fsink_file *f, struct weir_err *err)
{
	const struct pq_write *wc = f->st->config;
	struct pq_sink *sk = f->st->state;
	struct pq_out *po = f->own;

	/* A file of one epoch is never paused. */
	po->spooling = !sk->busy && wc->sink.roll.epochs != 1;
	return pq_file_begin(&po->file, f, &wc->schema, &wc->settings,
	    pq_spare_take(sk), err);
}

static int
sink_rows(struct fsink_file *f, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n, struct weir_err *err)
{
	const struct pq_write *wc = f->st->config;
	struct pq_sink *sk = f->st->state;
	struct pq_out *po = f->own;

	if (po->spooling && pq_spool_rows(f, b, rows, n, err) != WEIR_OK)
		return WEIR_ERROR;
	if (pq_file_write(&po->file, &sk->scratch,
		wc->as == PQ_AS_CHANGELOG ? sk->cols : b->cols, rows, n,
		err) != WEIR_OK)
		return WEIR_ERROR;
	return pq_spool_groups(f, err);
}

static uint64_t
sink_held(const struct fsink_file *f)
{
	return ((const struct pq_out *)f->own)->file.held;
}

static uint64_t
sink_bytes(const struct fsink_file *f)
{
	return f->written + sink_held(f);
}

static int
sink_spill(struct fsink_file *f, struct weir_err *err)
{
	struct pq_sink *sk = f->st->state;
	struct pq_out *po = f->own;

	if (pq_file_group(&po->file, &sk->scratch, err) != WEIR_OK)
		return WEIR_ERROR;
	return pq_spool_groups(f, err);
}

static int
sink_finish(struct fsink_file *f, struct weir_err *err)
{
	struct pq_sink *sk = f->st->state;
	struct pq_out *po = f->own;
	char epochs[48];
	struct pq_note note[] = {
		{ "weir.pipeline", f->env.host->fence(f->st)->pipeline },
		{ "weir.sink", f->st->id },
		{ "weir.epochs", epochs },
	};

	if (f->first_epoch == f->last_epoch)
		snprintf(epochs, sizeof epochs, "%" PRIu64, f->first_epoch);
	else
		snprintf(epochs, sizeof epochs, "%" PRIu64 "-%" PRIu64,
		    f->first_epoch, f->last_epoch);
	if (pq_file_end(&po->file, f->preparing ? &sk->prepare : &sk->scratch,
		note, 3, err) != WEIR_OK)
		return WEIR_ERROR;
	spare_put(f->st, pq_file_columns(&po->file));
	return WEIR_OK;
}

static void
sink_drop(struct fsink_file *f)
{
	pq_file_fini(&((struct pq_out *)f->own)->file);
}

static bool
sink_owner(const struct weir_host *host, const char *path, char *to,
    size_t cap)
{
	return pq_file_note(host, path, "weir.pipeline", to, cap);
}

const struct fsink_format pq_format = {
	.extension = "parquet",
	.codes = "parquet",
	.verb = "parquet.write",
	.own_size = sizeof(struct pq_out),
	.whole_batches = true,
	.batch = pq_sink_batch,
	.begin = sink_begin,
	.rows = sink_rows,
	.bytes = sink_bytes,
	.held = sink_held,
	.spill = sink_spill,
	.pause = pq_spool_pause,
	.resume = pq_spool_resume,
	.finish = sink_finish,
	.drop = sink_drop,
	.owner = sink_owner,
};

/* ---- life */

int
pq_sink_init(struct weir_stage *st, struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;

	pq_scratch_init(&sk->scratch, st->host);
	pq_scratch_init(&sk->prepare, st->host);
	pq_bytes_init(&sk->ops, st->host);
	sk->cols = st->host->zalloc((wc->schema.ncols + 1) * sizeof *sk->cols);
	if (sk->cols == NULL)
		return no_memory(st, err);
	return fsink_init(st, err);
}

void
pq_sink_fini(struct weir_stage *st)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	int i;

	if (sk->scratch.ho == NULL)
		return;
	fsink_fini(st);
	for (i = 0; i < PQ_SPARE; i++)
		pq_file_columns_free(st->host, &wc->schema,
		    atomic_load(&sk->spare[i]));
	pq_scratch_fini(&sk->scratch);
	pq_scratch_fini(&sk->prepare);
	pq_bytes_fini(&sk->ops);
	st->host->free(sk->cols);
}
