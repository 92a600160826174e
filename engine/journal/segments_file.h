/* SPDX-License-Identifier: MIT
 *
 * The bytes of the journal's files, shared by reading and writing.
 */
#ifndef WEIR_JOURNAL_SEGMENTS_FILE_H
#define WEIR_JOURNAL_SEGMENTS_FILE_H

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_MAGIC "weirwj\r\n"
#define SEGMENT_VERSION 1u
#define SEGMENT_HEAD 96u
#define RECORD_HEAD 24u
#define RECORD_MAX ((size_t)256 << 20)

struct segment {
	uint64_t no;
	uint64_t fence;
	uint64_t end;  /* of its records */
	uint64_t size; /* of the file */
};

struct weir__segments {
	int dir;
	int fd; /* of the last, when it is ours to write */
	char id[33];
	uint64_t fence;
	uint32_t seq; /* of the next record */
	struct segment *list;
	size_t n;
	void *opening; /* the first record of segments to come, or NULL */
	size_t opening_len;
};

void weir__segment_name(char to[32], uint64_t no);

#endif
