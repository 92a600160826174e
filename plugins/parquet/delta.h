/* SPDX-License-Identifier: MIT
 *
 * The encodings that are undone a page at a time: what they hold becomes
 * PLAIN (Encodings.md of apache/parquet-format).
 */
#ifndef PARQUET_DELTA_H
#define PARQUET_DELTA_H

#include "bytes.h"

/* Each appends at most `most` PLAIN values of what lies at p[0..n) to `to`,
 * and answers how many there were; -1 when the bytes are not of the encoding,
 * -2 when memory is out. */

/* DELTA_BINARY_PACKED, values of 4 or 8 bytes. */
int64_t pq_delta_ints(struct pq_bytes *to, const uint8_t *p, size_t n,
    uint32_t width, uint64_t most);
/* DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY; fixed 0: byte arrays with
 * their lengths before them, else so many bytes each. */
int64_t pq_delta_lengths(struct pq_bytes *to, const uint8_t *p, size_t n,
    uint64_t most);
int64_t pq_delta_bytes(struct pq_bytes *to, const uint8_t *p, size_t n,
    uint32_t fixed, uint64_t most);
/* BYTE_STREAM_SPLIT, values of `width` bytes. */
int64_t pq_byte_streams(struct pq_bytes *to, const uint8_t *p, size_t n,
    uint32_t width, uint64_t most);

#endif
