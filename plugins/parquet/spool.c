/* SPDX-License-Identifier: MIT
 *
 * parquet.write: files that span epochs.
 *
 * By an epoch's end every row must be on disk.  A row group that has grown
 * large enough to be a good one is ended and lies in the file; the rows of a
 * smaller one have been put to the file's side, batch by batch, and are encoded
 * anew where another process goes on.  Where the epoch before gave a good row
 * group by itself, this one is taken to do so, too, and no row is put aside: its
 * row group is ended with it, whatever became of it.
 *
 *	FSINK_PART	groups so far, offset of the next, rows; RowGroups since
 *			the part before (since the first in a new side file)
 *	FSINK_ROWS	a batch's rows (weir_batch_save)
 */
#include "sink.h"

/* A good row group is such a part of the largest. */
#define GOOD 8

static int
no_memory(struct fsink_file *f, struct weir_err *err)
{
	return f->env.host->fail(err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory while writing \"%s\"", f->staged);
}

static bool
is_good(const struct pq_settings *se, uint64_t rows, uint64_t bytes)
{
	return rows >= se->group_rows / GOOD || bytes >= se->group_size / GOOD;
}

int
pq_spool_rows(struct fsink_file *f, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n, struct weir_err *err)
{
	const struct weir_host *host = f->env.host;
	struct pq_sink *sk = f->st->state;
	struct pq_out *po = f->own;
	void *data = NULL;
	size_t len = 0;
	int rc;

	if (host->batch_save == NULL)
		return WEIR_OK;
	if (is_good(po->file.se, po->file.group_rows, po->file.held)) {
		po->spooling = false;
		fsink_side_forget(f);
		sk->busy = is_good(po->file.se, po->file.rows - po->rows,
		    f->written + po->file.held - po->bytes);
		return WEIR_OK;
	}
	if (weir_batch_save(host, b, rows, n, &data, &len) != 0)
		return no_memory(f, err);
	rc = fsink_side_rows(f, data, len, err);
	host->free(data);
	return rc;
}

/* What is behind `from` of the groups' metadata becomes a part. */
static int
put_part(struct fsink_file *f, size_t from, struct weir_err *err)
{
	struct pq_out *po = f->own;
	const struct pq_file *fi = &po->file;
	struct pq_bytes b;
	uint8_t head[24];
	int rc;

	pq_put64(head, fi->ngroups);
	pq_put64(head + 8, f->written);
	pq_put64(head + 16, fi->rows);
	pq_bytes_init(&b, f->env.host);
	pq_bytes_add(&b, head, sizeof head);
	pq_bytes_add(&b, fi->groups.p + from, fi->groups.len - from);
	rc = b.failed ? no_memory(f, err)
		      : fsink_side_part(f, b.p, b.len, err);
	pq_bytes_fini(&b);
	po->told = fi->groups.len;
	return rc;
}

/* Row groups may have been ended: their rows need not be aside any more. */
int
pq_spool_groups(struct fsink_file *f, struct weir_err *err)
{
	struct pq_out *po = f->own;

	if (po->file.groups.len == po->told)
		return WEIR_OK;
	return put_part(f, po->told, err);
}

int
pq_spool_pause(struct fsink_file *f, struct weir_err *err)
{
	struct pq_sink *sk = f->st->state;
	struct pq_out *po = f->own;
	struct pq_file *fi = &po->file;
	uint64_t bytes = f->written + fi->held;

	if (!po->spooling && (pq_file_group(fi, &sk->scratch, err) != WEIR_OK ||
	    pq_spool_groups(f, err) != WEIR_OK))
		return WEIR_ERROR;
	if (fi->group_rows == 0) {
		if (fi->rows != po->rows)
			sk->busy = is_good(fi->se, fi->rows - po->rows,
			    bytes - po->bytes);
		po->spooling = !sk->busy;
		if (fsink_side_is_long(f) &&
		    (fsink_side_renew(f, err) != WEIR_OK ||
			put_part(f, 0, err) != WEIR_OK))
			return WEIR_ERROR;
	}
	po->rows = fi->rows;
	po->bytes = bytes;
	return WEIR_OK;
}

/* ---- going on */

static int
damaged(struct fsink_file *f, const char *what, struct weir_err *err)
{
	return fsink_fail(&f->env, err, "lost", "%llu rows of the open file "
	    "\"%s\" can't be had again: %s", (unsigned long long)f->rows,
	    f->staged, what);
}

static int
take_part(struct fsink_file *f, const uint8_t *p, size_t n,
    struct weir_err *err)
{
	struct pq_out *po = f->own;
	struct pq_file *fi = &po->file;

	if (n < 24 || pq_get64(p + 8) > f->written || fi->group_rows != 0)
		return damaged(f, "its row groups cannot be read", err);
	fi->ngroups = (uint32_t)pq_get64(p);
	fi->rows = pq_get64(p + 16);
	pq_bytes_add(&fi->groups, p + 24, n - 24);
	po->told = fi->groups.len;
	return fi->groups.failed ? no_memory(f, err) : WEIR_OK;
}

static int
take_rows(struct fsink_file *f, const void *p, size_t n, struct weir_err *err)
{
	const struct pq_write *wc = f->st->config;
	struct pq_sink *sk = f->st->state;
	struct pq_out *po = f->own;
	struct weir_batch *b = weir_batch_load(f->st, wc->sink.schema, p, n);
	int rc;

	if (b == NULL)
		return damaged(f, "rows beside it cannot be read, or memory "
		    "is out", err);
	rc = pq_sink_batch(f->st, b, err);
	if (rc == WEIR_OK)
		rc = pq_file_write(&po->file, &sk->scratch,
		    wc->as == PQ_AS_CHANGELOG ? sk->cols : b->cols, NULL,
		    b->nrows, err);
	weir_batch_unref(f->st, b);
	return rc == WEIR_OK ? pq_spool_groups(f, err) : rc;
}

int
pq_spool_resume(struct fsink_file *f, struct weir_err *err)
{
	const struct pq_write *wc = f->st->config;
	struct pq_out *po = f->own;
	enum fsink_kind kind;
	const void *p;
	size_t n;
	int rc;

	po->spooling = true;
	if (pq_file_init(&po->file, f, &wc->schema, &wc->settings,
		pq_spare_take(f->st->state), err) != WEIR_OK)
		return WEIR_ERROR;
	while ((rc = fsink_side_next(f, &kind, &p, &n, err)) == WEIR_OK) {
		rc = kind == FSINK_PART ? take_part(f, p, n, err)
					: take_rows(f, p, n, err);
		if (rc != WEIR_OK)
			return rc;
	}
	if (rc != WEIR_END)
		return rc;
	if (po->file.rows != f->rows)
		return damaged(f, "not all of them are there", err);
	po->rows = po->file.rows;
	po->bytes = f->written + po->file.held;
	return WEIR_OK;
}
