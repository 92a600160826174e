/* SPDX-License-Identifier: MIT
 *
 * The journal's files: records that are decided one after the other.
 *
 *	DIR/0000000000000001.wj    header, records, zeros
 *
 *	header   96 bytes: magic, version, its own CRC, number, fence, the
 *	         segment before and where that one ends, the pipeline's id
 *	record   24 bytes (length, CRC32C of all that follows, type, number in
 *	         the segment, epoch), then the bytes, padded to 8
 *
 * All integers are little-endian.  A record is written and synced before the
 * next one is begun, so at most the last can be torn: what is not whole at the
 * end was never decided and is cut; what is not whole before a record that is
 * has been damaged since, and nothing is guessed.  Every owner begins a segment
 * of its own, which says where the one before ends for good; what a process
 * that lost its place writes behind that is never read.
 */
#ifndef WEIR_JOURNAL_SEGMENTS_H
#define WEIR_JOURNAL_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"

struct weir__segments;

enum weir__record_type {
	WEIR__REC_OPEN = 1, /* a run has begun: plan, sinks that are born */
	WEIR__REC_DECIDE,   /* an epoch */
	WEIR__REC_REJECT,   /* rows of an epoch that a sink would not take */
	WEIR__REC_CLOSE,    /* a run has ended: what is published */
	WEIR__REC_FORGET,   /* sinks and stages that begin anew */
	WEIR__REC_SHELF,    /* rejected rows that are kept */
};

struct weir__record {
	enum weir__record_type type;
	uint64_t epoch;
	uint64_t fence; /* of the segment */
	uint64_t segment;
	uint64_t offset;
	const void *data; /* lives until the call returns */
	size_t len;
};

/* 0, or -1 with err, which ends the reading. */
typedef int weir__record_fn(void *arg, const struct weir__record *re,
    struct weir_err *err);

/* Read all records of DIR (a descriptor) in order.  NULL with err: the journal
 * is damaged, another pipeline's, can't be read, or fn said so. */
struct weir__segments *weir__segments_open(int dir, const char *id,
    weir__record_fn *fn, void *arg, struct weir_err *err);
void weir__segments_close(struct weir__segments *sg);

/* Begin a segment as an owner.  WEIR_OK, WEIR_AGAIN (no space), WEIR_ERROR. */
int weir__segments_begin(struct weir__segments *sg, uint64_t fence,
    struct weir_err *err);

/* Append a record and sync it: when this returns WEIR_OK it is decided.
 * WEIR_AGAIN: no space for another segment; nothing was written.  WEIR_ERROR:
 * whether it is decided is not known until the next reading; the process must
 * not go on. */
int weir__segments_append(struct weir__segments *sg, enum weir__record_type ty,
    uint64_t epoch, const void *data, size_t len, struct weir_err *err);

/* The bytes of an OPEN record, with which every segment begins from now on, so
 * that trimming takes the first one away and what it says stays.  0, or -1
 * when memory is out. */
int weir__segments_opening(struct weir__segments *sg, const void *data,
    size_t len);

/* A clean end: the last segment keeps no room for more. */
void weir__segments_end(struct weir__segments *sg);

/* The number of the segment being written, from 1. */
uint64_t weir__segments_no(const struct weir__segments *sg);

/* ... and of the oldest that is still there. */
uint64_t weir__segments_first(const struct weir__segments *sg);

/* Remove segments before number `no`, oldest first. */
int weir__segments_trim(struct weir__segments *sg, uint64_t no,
    struct weir_err *err);
/* Bytes of all segments. */
uint64_t weir__segments_bytes(const struct weir__segments *sg);

#endif
