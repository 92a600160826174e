/* SPDX-License-Identifier: MIT
 *
 * Spools: writing and reading frames.
 */
#include "run/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/io.h"
#include "batch/frame.h"

#define MAGIC 0x50535257u /* "WRSP" */
#define HEAD 24u
#define FILE_FULL ((uint64_t)64 << 20)
#define FRAME_MAX ((size_t)1 << 30)

enum kind { BATCH = 1, BYTES };

struct weir__spool {
	struct weir__extents *ex;
	struct weir__buf frame;
	uint64_t rows; /* since the last cut */
	_Atomic uint64_t waiting; /* bytes */
};

struct head {
	uint32_t magic;
	uint32_t len; /* of the data */
	uint32_t rows;
	uint32_t tags; /* 0, or as many as rows */
	uint32_t kind;
	uint32_t crc;
};

_Static_assert(sizeof(struct head) == HEAD, "as on disk");

/* A stage's id as a file name: what is no letter, digit, '.', '-' is '_' and
 * the id's hash makes it one of its own. */
static void
dir_name(char *to, size_t n, const char *dir, const char *id)
{
	char safe[48];
	size_t i;

	for (i = 0; id[i] != '\0' && i + 1 < sizeof safe; i++)
		safe[i] = (id[i] >= 'a' && id[i] <= 'z') ||
			(id[i] >= 'A' && id[i] <= 'Z') ||
			(id[i] >= '0' && id[i] <= '9') || id[i] == '-' ?
		    id[i] :
		    '_';
	safe[i] = '\0';
	snprintf(to, n, "%s/%s-%08x", dir, safe,
	    weir__hash_crc32c(0, id, strlen(id)));
}

void
weir__spool_path(char *to, size_t n, const char *dir, const char *id)
{
	char all[4096];

	snprintf(all, sizeof all, "%s/spool", dir);
	dir_name(to, n, all, id);
}

struct weir__spool *
weir__spool_at(const char *path, const char *what, struct weir_err *err)
{
	struct weir__spool *sp = weir__zalloc(sizeof *sp);

	if (sp == NULL) {
		weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
		return NULL;
	}
	weir__buf_init(&sp->frame);
	sp->ex = weir__extents_new(path, what, FILE_FULL, err);
	if (sp->ex != NULL)
		return sp;
	weir__spool_free(sp);
	return NULL;
}

struct weir__spool *
weir__spool_new(const char *dir, const char *id, struct weir_err *err)
{
	char path[4096], what[128];

	snprintf(path, sizeof path, "%s/spool", dir);
	if ((weir__io.mkdir(WEIR_AT("spool.mkdir"), AT_FDCWD, path, 0777) !=
		0 && errno != EEXIST) ||
	    weir__io.sync_dir(WEIR_AT("spool.mkdir.sync"), AT_FDCWD, dir) !=
	    0) {
		weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "%s can't be made: %m", path);
		return NULL;
	}
	dir_name(path + strlen(path), sizeof path - strlen(path), "", id);
	snprintf(what, sizeof what, "the spool of %s", id);
	return weir__spool_at(path, what, err);
}

void
weir__spool_free(struct weir__spool *sp)
{
	if (sp == NULL)
		return;
	weir__extents_free(sp->ex);
	weir__buf_fini(&sp->frame);
	weir__free(sp);
}

/* ---- writing */

static int
put(struct weir__spool *sp, enum kind kind, uint32_t rows, const uint8_t *tags,
    struct weir_err *err)
{
	struct weir__buf *bf = &sp->frame;
	struct head *he;
	size_t len;

	len = bf->len - HEAD;
	if (tags != NULL)
		weir__buf_add(bf, tags, rows);
	weir__buf_fill(bf, '\0', -bf->len & 7);
	if (bf->failed)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (len > FRAME_MAX)
		return weir_fail(err, WEIR_NOWHERE, "spool.size",
		    "%zu bytes are too many for one frame of a spool", len);
	he = (struct head *)(void *)bf->data;
	*he = (struct head){ MAGIC, (uint32_t)len, rows,
		tags != NULL ? rows : 0, kind, 0 };
	he->crc = weir__hash_crc32c(weir__hash_crc32c(0, he, HEAD - 4),
	    bf->data + HEAD, bf->len - HEAD);
	if (weir__extents_add(sp->ex, bf->data, bf->len, err) != WEIR_OK)
		return WEIR_ERROR;
	sp->rows += rows;
	atomic_fetch_add(&sp->waiting, bf->len);
	return WEIR_OK;
}

int
weir__spool_batch(struct weir__spool *sp, const struct weir_batch *b,
    const uint8_t *tags, struct weir_err *err)
{
	if (b->nrows == 0)
		return WEIR_OK;
	weir__buf_clear(&sp->frame);
	weir__buf_fill(&sp->frame, '\0', HEAD);
	if (weir__batch_save_to(&sp->frame, b, NULL, b->nrows) != 0)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	return put(sp, BATCH, b->nrows, tags, err);
}

int
weir__spool_bytes(struct weir__spool *sp, const void *p, size_t n,
    uint32_t rows, struct weir_err *err)
{
	weir__buf_clear(&sp->frame);
	weir__buf_fill(&sp->frame, '\0', HEAD);
	weir__buf_add(&sp->frame, p, n);
	return put(sp, BYTES, rows, NULL, err);
}

int
weir__spool_cut(struct weir__spool *sp, struct weir__spool_part *out,
    struct weir_err *err)
{
	out->rows = sp->rows;
	sp->rows = 0;
	return weir__extents_cut(sp->ex, &out->extent, err);
}

int
weir__spool_sync(struct weir__spool *sp, struct weir_err *err)
{
	return weir__extents_sync(sp->ex, err);
}

void
weir__spool_trim(struct weir__spool *sp, uint64_t file)
{
	weir__extents_trim(sp->ex, file);
}

uint64_t
weir__spool_last(const struct weir__spool *sp)
{
	return weir__extents_last(sp->ex);
}

uint64_t
weir__spool_waiting(const struct weir__spool *sp)
{
	return atomic_load(&sp->waiting);
}

void
weir__spool_taken(struct weir__spool *sp, const struct weir__spool_part *part)
{
	atomic_fetch_sub(&sp->waiting, part->extent.len);
}

void
weir__spool_left(struct weir__spool *sp, const struct weir__spool_part *part)
{
	atomic_fetch_add(&sp->waiting, part->extent.len);
}

/* ---- reading */

int
weir__spool_read(struct weir__spool_reader *rd, const struct weir__spool *sp,
    const struct weir__spool_part *part, const struct weir_schema *schema)
{
	*rd = (struct weir__spool_reader){
		.sp = sp, .part = *part, .schema = schema
	};
	rd->pool = weir__pool_new();
	return rd->pool != NULL ? 0 : -1;
}

void
weir__spool_rewind(struct weir__spool_reader *rd)
{
	rd->at = 0;
	rd->row = 0;
}

void
weir__spool_done(struct weir__spool_reader *rd)
{
	if (rd->batch != NULL)
		weir__batch_unref(rd->batch);
	if (rd->pool != NULL)
		weir__pool_free(rd->pool);
	weir__free(rd->buf);
	memset(rd, 0, sizeof *rd);
}

static int
damaged(const struct weir__spool_reader *rd, struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "spool.damaged",
	    "a spool is damaged at byte %llu of its file %llu: the rows of an "
	    "epoch that was decided can't be published",
	    (unsigned long long)(rd->part.extent.at + rd->at),
	    (unsigned long long)rd->part.extent.file);
}

static int
room(struct weir__spool_reader *rd, size_t n)
{
	char *buf;

	n += 32; /* see weir__batch_view() */
	if (n <= rd->cap)
		return 0;
	buf = weir__realloc(rd->buf, n);
	if (buf == NULL)
		return -1;
	rd->buf = buf;
	rd->cap = n;
	return 0;
}

static int
load(struct weir__spool_reader *rd, const struct head *he,
    struct weir_frame *fr, struct weir_err *err)
{
	bool bad = false;

	*fr = (struct weir_frame){ .first = rd->row, .rows = he->rows };
	if (he->tags != 0)
		fr->tags = (uint8_t *)rd->buf + HEAD + he->len;
	if (he->kind == BYTES) {
		fr->data = rd->buf + HEAD;
		fr->len = he->len;
		return WEIR_OK;
	}
	if (rd->schema == NULL || he->kind != BATCH)
		return damaged(rd, err);
	rd->batch = rd->in_place ?
	    weir__batch_view(rd->pool, rd->schema, rd->buf + HEAD, he->len,
		&bad) :
	    weir__batch_load(rd->pool, rd->schema, rd->buf + HEAD, he->len,
		&bad);
	fr->batch = rd->batch;
	if (rd->batch == NULL && !bad)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (rd->batch == NULL || rd->batch->nrows != he->rows)
		return damaged(rd, err);
	return WEIR_OK;
}

int
weir__spool_next(struct weir__spool_reader *rd, struct weir_frame *fr,
    struct weir_err *err)
{
	struct head he;
	size_t rest;
	int rc;

	if (rd->batch != NULL)
		weir__batch_unref(rd->batch);
	rd->batch = NULL;
	if (rd->at >= rd->part.extent.len)
		return rd->row == rd->part.rows ? WEIR_END : damaged(rd, err);
	if (rd->part.extent.len - rd->at < HEAD)
		return damaged(rd, err);
	if (weir__extents_read(rd->sp->ex, &rd->part.extent, rd->at, &he, HEAD,
		err) != WEIR_OK)
		return WEIR_ERROR;
	rest = ((size_t)he.len + he.tags + 7) & ~(size_t)7;
	if (he.magic != MAGIC || rest > rd->part.extent.len - rd->at - HEAD ||
	    (he.tags != 0 && he.tags != he.rows))
		return damaged(rd, err);
	if (room(rd, HEAD + rest) != 0)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	memcpy(rd->buf, &he, HEAD);
	if (weir__extents_read(rd->sp->ex, &rd->part.extent, rd->at + HEAD,
		rd->buf + HEAD, rest, err) != WEIR_OK)
		return WEIR_ERROR;
	if (he.crc != weir__hash_crc32c(weir__hash_crc32c(0, rd->buf, HEAD - 4),
			  rd->buf + HEAD, rest))
		return damaged(rd, err);
	rc = load(rd, &he, fr, err);
	if (rc != WEIR_OK)
		return rc;
	rd->at += HEAD + rest;
	rd->row += he.rows;
	return WEIR_OK;
}
