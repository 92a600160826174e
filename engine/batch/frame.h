/* SPDX-License-Identifier: MIT
 *
 * A batch's rows as bytes, for spools and row spools, and back.
 *
 *	header    magic, version, rows, columns, origin, length of all
 *	rows      operations, positions, sources, partitions, where there are
 *	columns   in the schema's order, children after their parent: its type,
 *	          then validity, values or offsets as they lie in memory; behind
 *	          a text column a heap of its texts of more than 12 bytes, into
 *	          which the slices hold offsets
 *
 * Little-endian; every piece begins at a multiple of 8 bytes, counted from the
 * first.  Columns that are absent stay so; watermarks and root are not kept.
 * Frames, lengths and checksums around it are the caller's.
 */
#ifndef WEIR_BATCH_FRAME_H
#define WEIR_BATCH_FRAME_H

#include "base/buf.h"
#include "batch/batch.h"

/* Rows rows[0..n) (NULL: the first n, which may not be more than there are),
 * appended to a buffer whose length is a multiple of 8, and stays one.  0, or
 * -1 when memory is out (the buffer has then failed). */
int weir__batch_save_to(struct weir__buf *bf, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n);

/* The same in memory of its own, to be freed by weir__free(); n rows, or all
 * of the batch where rows is NULL. */
int weir__batch_save(const struct weir_batch *b, const uint32_t *rows,
    uint32_t n, void **data, size_t *len);

/* The batch again, of `sc`, whose types must be those it was saved with; every
 * length and offset is checked, and nothing points into `data` afterwards.
 * NULL: damaged, of other types (*damaged true), or memory is out (false).
 * `data` need not be aligned.  damaged may be NULL. */
struct weir_batch *weir__batch_load(struct weir__pool *po,
    const struct weir_schema *sc, const void *data, size_t len, bool *damaged);

/* The same in place: columns lie in `data`, which is written to, begins at a
 * multiple of 8, has 32 bytes behind it and outlives the batch and all that is
 * derived from it. */
struct weir_batch *weir__batch_view(struct weir__pool *po,
    const struct weir_schema *sc, void *data, size_t len, bool *damaged);

#endif
