/* SPDX-License-Identifier: MIT
 *
 * parquet.read: a bounded source of the rows of files, one after the other.
 *
 *	files ─► row groups ─► readers of the columns that are wanted ─► batches
 *
 * It has one partition; a row's position is its number over all files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assemble.h"
#include "parquet.h"
#include "paths.h"

#define CHECKED 256u /* files whose columns are compared by bind */

struct pq_read {
	struct weir_config head;
	struct weir_list path;

	/* made by bind */
	struct pq_paths files;
	struct pq_tree tree; /* of the first file */
};

/* An open file. */
struct opened {
	int fd;
	struct pq_meta meta;
	struct pq_tree tree;
};

struct pq_source_state {
	struct opened in;
	uint32_t file; /* the next to open */
	uint32_t group; /* the next to begin */
	int64_t left;	/* rows of the group under way */
	int64_t row;	/* the next row's number */
	int64_t bytes;	/* of a row, about */
	struct pq_scratch scratch;
	struct pq_column_in *cols; /* wanted ones have leaves */
	bool is_open;
};

/* ---- files */

static int
open_file(struct opened *op, const struct weir_host *ho, const char *path,
    struct weir_err *err)
{
	struct stat sb;

	memset(op, 0, sizeof *op);
	op->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (op->fd < 0 || fstat(op->fd, &sb) != 0)
		return ho->fail(err, WEIR_NOWHERE, "parquet.open",
		    "cannot open \"%s\": %s", path, strerror(errno));
	if (!S_ISREG(sb.st_mode))
		return ho->fail(err, WEIR_NOWHERE, "parquet.open",
		    "\"%s\" is not a file", path);
	if (pq_meta_read(&op->meta, ho, op->fd, (uint64_t)sb.st_size, path,
		err) != WEIR_OK)
		return WEIR_ERROR;
	return pq_tree_make(&op->tree, &op->meta, path, err);
}

static void
close_file(struct opened *op)
{
	if (op->fd >= 0)
		close(op->fd);
	op->fd = -1;
	pq_tree_fini(&op->tree);
	pq_meta_fini(&op->meta);
}

/* ---- bind */

static int
find_files(struct weir_bind *bi, struct pq_read *rc, struct weir_err *err)
{
	const struct weir_host *ho = WEIR_BIND_HOST(bi);
	const struct weir_str *s = rc->path.items;
	const char *path;
	uint32_t before;
	size_t i;

	rc->files.ho = ho;
	for (i = 0; i < rc->path.n; i++) {
		before = rc->files.n;
		path = weir_local_path(bi, s[i]);
		if (path == NULL || pq_paths_add(&rc->files, path) != 0)
			return ho->fail(err, WEIR_NOWHERE, "parquet.memory",
			    "out of memory");
		if (rc->files.n == before)
			return weir_option_fail(bi, "path", err,
			    "parquet.none", "there is no Parquet file: \"%s\" "
			    "is no file, no directory with *.parquet below "
			    "it, and no pattern that fits one", path);
	}
	return WEIR_OK;
}

static int
out_columns(struct weir_bind *bi, const struct pq_tree *tr,
    struct weir_err *err)
{
	const struct weir_host *ho = WEIR_BIND_HOST(bi);
	struct weir_field fi;
	uint32_t i;

	for (i = 0; i < tr->ncols; i++) {
		memset(&fi, 0, sizeof fi);
		fi.name = tr->cols[i].name;
		fi.required = tr->cols[i].required;
		fi.type = pq_tree_type(bi, &tr->cols[i]);
		if (fi.type == NULL ||
		    weir_out_field(bi, 0, &fi) != WEIR_OK)
			return ho->fail(err, WEIR_NOWHERE, "parquet.memory",
			    "out of memory");
	}
	return WEIR_OK;
}

static int
bind_files(struct weir_bind *bi, struct pq_read *rc, struct weir_err *err)
{
	const struct weir_host *ho = WEIR_BIND_HOST(bi);
	struct opened op;
	uint32_t i;
	int ok;

	for (i = 0; i < rc->files.n && i < CHECKED; i++) {
		ok = open_file(&op, ho, rc->files.at[i], err);
		if (ok == WEIR_OK && i > 0)
			ok = pq_tree_same(&rc->tree, rc->files.at[0],
			    &op.tree, rc->files.at[i], err);
		if (ok == WEIR_OK && i == 0) {
			rc->tree = op.tree;
			memset(&op.tree, 0, sizeof op.tree);
		}
		close_file(&op);
		if (ok != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
read_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct pq_read *rc = config;

	if (find_files(bi, rc, err) != WEIR_OK)
		return WEIR_ERROR;
	if (bind_files(bi, rc, err) != WEIR_OK) {
		err->span = weir_option_span(bi, "path");
		return WEIR_ERROR;
	}
	return out_columns(bi, &rc->tree, err);
}

static void
read_unbind(void *config)
{
	struct pq_read *rc = config;

	pq_tree_fini(&rc->tree);
	pq_paths_fini(&rc->files);
}

/* ---- running */

static int
read_init(struct weir_stage *st, struct weir_err *err)
{
	const struct pq_read *rc = st->config;
	struct pq_source_state *so = st->state;
	uint32_t i;

	so->in.fd = -1;
	so->is_open = true;
	pq_scratch_init(&so->scratch, st->host);
	so->cols = st->host->zalloc((rc->tree.ncols + 1) * sizeof *so->cols);
	for (i = 0; so->cols != NULL && i < rc->tree.ncols; i++)
		if (weir_wanted(st, 0, i) &&
		    pq_column_in_init(&so->cols[i], st->host,
			&rc->tree.cols[i], &so->scratch) != 0)
			break;
	if (so->cols == NULL || i < rc->tree.ncols)
		return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
	return WEIR_OK;
}

static void
read_fini(struct weir_stage *st)
{
	const struct pq_read *rc = st->config;
	struct pq_source_state *so = st->state;
	uint32_t i;

	if (!so->is_open)
		return;
	for (i = 0; so->cols != NULL && i < rc->tree.ncols; i++)
		pq_column_in_fini(&so->cols[i]);
	if (so->cols != NULL)
		st->host->free(so->cols);
	close_file(&so->in);
	pq_scratch_fini(&so->scratch);
}

/* The next file; WEIR_END after the last. */
static int
next_file(struct weir_stage *st, struct weir_err *err)
{
	const struct pq_read *rc = st->config;
	struct pq_source_state *so = st->state;
	const char *path;

	close_file(&so->in);
	so->group = 0;
	if (so->file == rc->files.n)
		return WEIR_END;
	path = rc->files.at[so->file++];
	if (open_file(&so->in, st->host, path, err) != WEIR_OK)
		return WEIR_ERROR;
	return pq_tree_same(&rc->tree, rc->files.at[0], &so->in.tree, path,
	    err);
}

/* Readers of the columns that are wanted go to a row group. */
static int
begin_group(struct weir_stage *st, const struct pq_group *gr,
    struct weir_err *err)
{
	const struct pq_read *rc = st->config;
	struct pq_source_state *so = st->state;
	const struct pq_chunk *ch = &so->in.meta.chunks[gr->first];
	int64_t bytes = 0;
	uint32_t i, k;

	for (i = 0; i < rc->tree.ncols; i++) {
		struct pq_column_in *ci = &so->cols[i];

		for (k = 0; ci->leaves != NULL && k < ci->field->nleaves; k++) {
			const struct pq_chunk *at = ch + ci->field->leaf + k;

			bytes += (int64_t)at->len;
			if (pq_reader_begin(&ci->leaves[k].rd, so->in.fd,
				rc->files.at[so->file - 1], at, err) !=
			    WEIR_OK)
				return WEIR_ERROR;
		}
	}
	so->left = gr->rows;
	so->bytes = gr->rows > 0 ? bytes / gr->rows : 0;
	return WEIR_OK;
}

/* Go to where the next row is; WEIR_END when there is none. */
static int
next_rows(struct weir_stage *st, struct weir_err *err)
{
	struct pq_source_state *so = st->state;
	int rc;

	while (so->left == 0) {
		if (so->in.fd < 0 || so->group == so->in.meta.ngroups) {
			rc = next_file(st, err);
			if (rc != WEIR_OK)
				return rc;
			continue;
		}
		rc = begin_group(st, &so->in.meta.groups[so->group++], err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

/* The next n rows, which are all in the row group. */
static struct weir_batch *
read_rows(struct weir_stage *st, uint32_t n, struct weir_err *err)
{
	const struct pq_read *rc = st->config;
	struct pq_source_state *so = st->state;
	struct weir_batch *b = weir_batch_new(st, 0, n);
	int64_t *at = NULL;
	uint32_t i;

	if (b != NULL)
		at = weir_batch_alloc(st, b, n * sizeof *at);
	if (at == NULL) {
		st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
		goto fail;
	}
	for (i = 0; i < rc->tree.ncols; i++)
		if (so->cols[i].leaves != NULL &&
		    pq_column_in_rows(&so->cols[i], st, b, &b->cols[i], n,
			err) != WEIR_OK)
			goto fail;
	for (i = 0; i < n; i++)
		at[i] = so->row + i;
	b->positions = at;
	b->partition = 0;
	b->nrows = n;
	b->bytes = (uint64_t)so->bytes * n;
	so->left -= n;
	so->row += n;
	return b;
fail:
	if (b != NULL)
		weir_batch_unref(st, b);
	return NULL;
}

/* Rows before a position are passed over: whole files and groups unread. */
static int
skip_to(struct weir_stage *st, int64_t row, struct weir_err *err)
{
	struct pq_source_state *so = st->state;
	struct weir_batch *b;
	int rc;

	while (so->row < row) {
		rc = next_rows(st, err);
		if (rc == WEIR_END)
			return st->host->fail(err, WEIR_NOWHERE,
			    "parquet.lost", "the files have %lld rows, but "
			    "%lld have been read before: some are gone",
			    (long long)so->row, (long long)row);
		if (rc != WEIR_OK)
			return rc;
		if (row - so->row >= so->left) {
			so->row += so->left;
			so->left = 0;
			continue;
		}
		b = read_rows(st, (uint32_t)(row - so->row < 4096
			? row - so->row : 4096), err);
		if (b == NULL)
			return WEIR_ERROR;
		b->nrows = 0;
		weir_batch_unref(st, b);
	}
	return WEIR_OK;
}

static int
read_open(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	const struct pq_read *rc = st->config;
	size_t i;

	if (weir_partition(st, 0, rc->files.n == 1 ? rc->files.at[0]
		: "files") != WEIR_OK)
		return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
	for (i = 0; i < n; i++)
		if (at[i].partition == 0)
			return skip_to(st, at[i].next, err);
	return WEIR_OK;
}

static int
read_poll(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
    struct weir_err *err)
{
	struct pq_source_state *so = st->state;
	struct weir_batch *b;
	uint32_t n = max_rows < WEIR_BATCH_ROWS ? max_rows : WEIR_BATCH_ROWS;
	int rc;

	(void)wait_us;
	rc = next_rows(st, err);
	if (rc == WEIR_END)
		(void)weir_position(st, 0, so->row, WEIR_PART_FINISHED);
	if (rc != WEIR_OK)
		return rc;
	if (n > so->left)
		n = (uint32_t)so->left;
	b = read_rows(st, n, err);
	if (b == NULL)
		return WEIR_ERROR;
	rc = weir_emit(st, 0, b, err);
	if (rc != WEIR_OK)
		return rc;
	return weir_position(st, 0, so->row, WEIR_PART_READING);
}

/* It ends by itself. */
static int
read_bound(struct weir_stage *st, struct weir_err *err)
{
	(void)st;
	(void)err;
	return WEIR_OK;
}

static const struct weir_option read_path = {
	.size = sizeof(struct weir_option),
	.name = "path",
	.type = WEIR_OPT_STRINGS,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_STATE |
	    WEIR_OPTF_LOCAL_FILE,
	.offset = offsetof(struct pq_read, path),
	.help = "A file, a directory, or a pattern such as "
		"\"lake/day=2026-*/*.parquet\"; or a list of those.  Of a "
		"directory, every .parquet file below it, sorted by name; "
		"names that begin with a point or _ are passed over.",
};

static const struct weir_option *const read_options[] = {
	&read_path,
	NULL,
};

static const struct weir_source_ops read_source = {
	.size = sizeof(struct weir_source_ops),
	.open = read_open,
	.poll = read_poll,
	.bound = read_bound,
};

const struct weir_stage_type pq_stage_read = {
	.size = sizeof(struct weir_stage_type),
	.verb = "read",
	.summary = "read the rows of Parquet files",
	.help =
	    "The columns are those of the first file; all files must have the "
	    "same.  Only the columns that something downstream reads are read "
	    "and decompressed.\n\n"
	    "It reads V1 and V2 pages; PLAIN, dictionaries, RLE, the DELTA "
	    "encodings and BYTE_STREAM_SPLIT; zstd, snappy, gzip, lz4_raw and "
	    "no compression; lists, maps and structs.  What it can't read it "
	    "names.  Checksums are checked where there are any.\n\n"
	    "Types: unsigned 32-bit integers become int64, unsigned 64-bit "
	    "ones decimal(20, 0); timestamps of any unit become timestamp "
	    "(nanoseconds are cut to microseconds; those without a zone count "
	    "as UTC); times of day become duration; UUIDs become text; bytes "
	    "without a type are bytes.",
	.example = "parquet.read(\"lake/day=2026-*/*.parquet\")\n"
		   "    -> where(amount > 100)\n"
		   "    -> show()",
	.role = WEIR_SOURCE,
	.flags = WEIR_STAGEF_BOUNDED,
	.options = read_options,
	.config_size = sizeof(struct pq_read),
	.state_size = sizeof(struct pq_source_state),
	.bind = read_bind,
	.unbind = read_unbind,
	.init = read_init,
	.fini = read_fini,
	.source = &read_source,
};
