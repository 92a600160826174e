/* SPDX-License-Identifier: MIT
 *
 * Spools: what a sink's writer leaves for its publisher, on disk until the
 * other side has it.
 *
 *	frame   24 bytes (magic, length, rows, tags, kind, CRC32C of all that
 *	        stands before it and behind), data, tags; padded to 8
 *
 * The data is a batch (batch/frame.h) or bytes of the plugin's own.  What one
 * epoch added is one extent (journal/extents.h).
 */
#ifndef WEIR_RUN_SPOOL_H
#define WEIR_RUN_SPOOL_H

#include "batch/batch.h"
#include "journal/extents.h"
#include "weir/plugin.h"

struct weir__spool;

/* What an epoch added. */
struct weir__spool_part {
	struct weir__extent extent;
	uint64_t rows;
};

/* In DIR/spool/ID, escaped.  NULL with err. */
struct weir__spool *weir__spool_new(const char *dir, const char *id,
    struct weir_err *err);
/* The same in a directory of its own; `what` is for messages. */
struct weir__spool *weir__spool_at(const char *path, const char *what,
    struct weir_err *err);
void weir__spool_free(struct weir__spool *sp);
/* The directory of its files. */
void weir__spool_path(char *to, size_t n, const char *dir, const char *id);

/* The worker's: append; cut.  See weir_spool(). */
int weir__spool_batch(struct weir__spool *sp, const struct weir_batch *b,
    const uint8_t *tags, struct weir_err *err);
int weir__spool_bytes(struct weir__spool *sp, const void *p, size_t n,
    uint32_t rows, struct weir_err *err);
int weir__spool_cut(struct weir__spool *sp, struct weir__spool_part *out,
    struct weir_err *err);

/* The journal's thread: make the cut durable; drop files below. */
int weir__spool_sync(struct weir__spool *sp, struct weir_err *err);
void weir__spool_trim(struct weir__spool *sp, uint64_t file);
/* The number of the last file that there is; before anything is written. */
uint64_t weir__spool_last(const struct weir__spool *sp);
/* Any thread: bytes that wait for the publisher; a part that it has taken, and
 * one of an earlier run that it has not. */
uint64_t weir__spool_waiting(const struct weir__spool *sp);
void weir__spool_taken(struct weir__spool *sp,
    const struct weir__spool_part *part);
void weir__spool_left(struct weir__spool *sp,
    const struct weir__spool_part *part);

/* Reading a part, by one thread; begins at its first frame. */
struct weir__spool_reader {
	const struct weir__spool *sp;
	struct weir__spool_part part;
	struct weir__pool *pool;
	const struct weir_schema *schema; /* of batches in it */
	bool in_place; /* no batch is kept beyond the next call */
	uint64_t at;
	uint64_t row;
	char *buf;
	size_t cap;
	struct weir_batch *batch;
};
int weir__spool_read(struct weir__spool_reader *rd,
    const struct weir__spool *sp, const struct weir__spool_part *part,
    const struct weir_schema *schema);
void weir__spool_rewind(struct weir__spool_reader *rd);
/* WEIR_OK, WEIR_END, WEIR_ERROR.  The frame lives until the next call. */
int weir__spool_next(struct weir__spool_reader *rd, struct weir_frame *fr,
    struct weir_err *err);
void weir__spool_done(struct weir__spool_reader *rd);

#endif
