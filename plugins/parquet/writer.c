/* SPDX-License-Identifier: MIT
 *
 * The writing half of parquet.write: the rows of a batch to the files of
 * their paths.
 */
#include <inttypes.h>
#include <stdio.h>

#include "sink.h"

static int
no_memory(struct weir_stage *st, struct weir_err *err)
{
	return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory");
}

void
pq_write_stem(char stem[PQ_STEM], const struct pq_write *wc, const char *id)
{
	if (wc->stem != NULL)
		snprintf(stem, PQ_STEM, "%s", wc->stem);
	else
		pq_place_stem(stem, id);
}

int
pq_sink_init(struct weir_stage *st, struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;

	pq_scratch_init(&sk->scratch, st->host);
	pq_scratch_init(&sk->prepare, st->host);
	pq_bytes_init(&sk->rows, st->host);
	pq_bytes_init(&sk->parts, st->host);
	pq_bytes_init(&sk->which, st->host);
	pq_bytes_init(&sk->ops, st->host);
	pq_write_stem(sk->stem, wc, st->id);
	sk->cols = st->host->zalloc((wc->schema.ncols + 1) * sizeof *sk->cols);
	return sk->cols == NULL ? no_memory(st, err) : WEIR_OK;
}

void
pq_sink_fini(struct weir_stage *st)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	struct pq_part *pa;
	uint32_t i;

	if (sk->scratch.ho == NULL)
		return;
	for (i = 0; i < PQ_BUCKETS; i++)
		while ((pa = sk->bucket[i]) != NULL) {
			sk->bucket[i] = pa->next;
			pq_part_free(st->host, pa, true);
		}
	while ((pa = sk->ended) != NULL) {
		sk->ended = pa->next;
		pq_part_free(st->host, pa, true);
	}
	if (sk->cut != NULL)
		pq_cut_free(st->host, sk->cut, true);
	for (i = 0; i < PQ_SPARE; i++)
		pq_file_columns_free(st->host, &wc->schema,
		    atomic_load(&sk->spare[i]));
	pq_scratch_fini(&sk->scratch);
	pq_scratch_fini(&sk->prepare);
	pq_bytes_fini(&sk->rows);
	pq_bytes_fini(&sk->parts);
	pq_bytes_fini(&sk->which);
	pq_bytes_fini(&sk->ops);
	if (sk->cols != NULL)
		st->host->free(sk->cols);
}

/* A row's path must lie under the directory that staging is in. */
static bool
under_base(const struct pq_write *wc, const char *p, size_t n)
{
	size_t len = strlen(wc->prefix);

	return n >= len && n < PQ_PATH - PQ_NAME &&
	    memcmp(p, wc->prefix, len) == 0 && memchr(p, '\0', n) == NULL;
}

static int
bad_path(struct weir_stage *st, const char *p, size_t n, struct weir_err *err)
{
	const struct pq_write *wc = st->config;

	return st->host->fail(err, st->host->expr_span(wc->path),
	    "parquet.path", "the path \"%.*s\" does not lie under \"%s\"",
	    (int)(n > 200 ? 200 : n), p, wc->base);
}

/* The files of the batch's rows: sk->which[] says which of sk->parts[]. */
static int
find_parts(struct weir_stage *st, const struct weir_column *paths, uint32_t n,
    uint32_t *nparts, struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	struct pq_part *pa = NULL, **parts;
	uint32_t *which, i;

	sk->which.len = sk->parts.len = 0;
	which = (void *)pq_bytes_room(&sk->which, n * sizeof *which);
	parts = (void *)pq_bytes_room(&sk->parts, n * sizeof *parts);
	if (which == NULL || parts == NULL)
		return no_memory(st, err);
	sk->batch++;
	*nparts = 0;
	for (i = 0; i < n; i++) {
		const struct weir_str *s = &paths->u.str[i];

		if (i > 0 && weir_str_eq(s, s - 1)) {
			which[i] = which[i - 1];
			continue;
		}
		if (!under_base(wc, weir_str_data(s), s->len))
			return bad_path(st, weir_str_data(s), s->len, err);
		pa = pq_part_find(st, weir_str_data(s), s->len);
		if (pa == NULL)
			return no_memory(st, err);
		if (pa->batch != sk->batch) {
			pa->batch = sk->batch;
			pa->slot = *nparts;
			parts[(*nparts)++] = pa;
		}
		which[i] = pa->slot;
	}
	return WEIR_OK;
}

/* Changelogs: what each row does, as text. */
static int
add_ops(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err)
{
	struct pq_sink *sk = st->state;
	struct weir_str *op, name[2];
	uint32_t i;

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

static bool
is_full(const struct pq_write *wc, const struct pq_part *pa)
{
	return (wc->roll.size != 0 && pq_part_bytes(pa) >= wc->roll.size) ||
	    (wc->roll.rows != 0 &&
		pa->file.rows >= (uint64_t)wc->roll.rows);
}

/* Rows of one file; it is ended when it is full. */
static int
write_part(struct weir_stage *st, struct pq_part *pa,
    const struct weir_column *cols, const uint32_t *rows, uint32_t n,
    struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;

	if (pq_part_open(st, pa, err) != WEIR_OK)
		return WEIR_ERROR;
	pa->last_epoch = st->host->epoch_no(st);
	pa->written_at = weir_clock(st);
	if (pq_file_write(&pa->file, &sk->scratch, cols, rows, n, pa->staged,
		err) != WEIR_OK)
		return WEIR_ERROR;
	return is_full(wc, pa) ? pq_part_end(st, pa, err) : WEIR_OK;
}

/* Files together hold at most `buffer`: the fullest ends its row group. */
static int
keep_buffer(struct weir_stage *st, struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	struct pq_part *pa, *most;
	uint64_t held;
	uint32_t i;

	for (;;) {
		held = 0;
		most = NULL;
		for (i = 0; i < PQ_BUCKETS; i++)
			for (pa = sk->bucket[i]; pa != NULL; pa = pa->next) {
				if (!pa->open)
					continue;
				held += pa->file.held;
				if (most == NULL ||
				    pa->file.held > most->file.held)
					most = pa;
			}
		if (held <= wc->buffer || most == NULL)
			return WEIR_OK;
		if (pq_file_group(&most->file, &sk->scratch, most->staged,
			err) != WEIR_OK)
			return WEIR_ERROR;
	}
}

/* Each part's rows in turn: counted, then sorted by part. */
static int
write_parts(struct weir_stage *st, const struct weir_column *cols, uint32_t n,
    uint32_t nparts, struct weir_err *err)
{
	struct pq_sink *sk = st->state;
	const uint32_t *which = (void *)sk->which.p;
	struct pq_part **parts = (void *)sk->parts.p;
	uint32_t *rows, *from, i;

	if (nparts == 1)
		return write_part(st, parts[0], cols, NULL, n, err);
	sk->rows.len = 0;
	rows = (void *)pq_bytes_room(&sk->rows,
	    (n + nparts + 1) * sizeof *rows);
	if (rows == NULL)
		return no_memory(st, err);
	from = rows + n;
	memset(from, 0, (nparts + 1) * sizeof *from);
	for (i = 0; i < n; i++)
		from[which[i] + 1]++;
	for (i = 0; i < nparts; i++)
		from[i + 1] += from[i];
	for (i = 0; i < n; i++)
		rows[from[which[i]]++] = i;
	/* now from[i] is where part i ends */
	for (i = 0; i < nparts; i++) {
		uint32_t begin = i == 0 ? 0 : from[i - 1];

		if (write_part(st, parts[i], cols, rows + begin,
			from[i] - begin, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

int
pq_sink_write(struct weir_stage *st, struct weir_batch *b,
    struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	const struct weir_column *cols = b->cols, *paths;
	uint32_t nparts = 1;
	struct pq_part *pa;
	int rc;

	if (b->nrows == 0)
		return WEIR_OK;
	if (wc->as == PQ_AS_CHANGELOG) {
		if (add_ops(st, b, err) != WEIR_OK)
			return WEIR_ERROR;
		cols = sk->cols;
	}
	if (wc->constant) {
		pa = pq_part_find(st, wc->base, strlen(wc->base));
		if (pa == NULL)
			return no_memory(st, err);
		rc = write_part(st, pa, cols, NULL, b->nrows, err);
	} else {
		paths = weir_column_of(st, wc->path);
		if (paths == NULL)
			return no_memory(st, err);
		rc = find_parts(st, paths, b->nrows, &nparts, err);
		if (rc == WEIR_OK)
			rc = write_parts(st, cols, b->nrows, nparts, err);
	}
	return rc == WEIR_OK ? keep_buffer(st, err) : rc;
}
