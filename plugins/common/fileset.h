/* SPDX-License-Identifier: MIT
 *
 * Sources that read local files: which ones, and their bytes in blocks.
 *
 *	path, directory or pattern ─► sorted list of files
 *	file (plain, gzip, zstd) ─► block ─► block      text in a block is pinned
 *	                                                by the batches that show it
 */
#ifndef FILESET_H
#define FILESET_H

#include "weir/plugin.h"

#define FSET_BLOCK (256u * 1024)
#define FSET_MAX_ROW (16u * 1024 * 1024)

struct fset_list {
	char **paths;
	size_t n;
};

/* What a path means: a file, all files of a directory and those below it whose
 * names end with one of `endings` (also with .gz or .zst behind it), or the
 * matches of a pattern.  Names that begin with . or _ are passed over.
 * WEIR_ERROR: nothing was found, or it can't be read. */
int fset_find(const struct weir_host *host, struct fset_list *li,
    const char *path, const char *const *endings, struct weir_err *err);
void fset_list_free(const struct weir_host *host, struct fset_list *li);

/* Bytes of a file.  Shared by the reader and by batches. */
struct fset_block {
	const struct weir_host *host;
	uint32_t refs; /* one thread */
	size_t len;
	size_t cap;
	char data[];
};

/* fset_block_unref as a release function of weir_batch_pin(). */
void fset_block_unref(void *block);

struct fset_reader {
	const struct weir_host *host;
	const char *path; /* not owned */
	struct fset_stream *in;
	struct fset_block *block;
	size_t at;	 /* the first byte of the block not yet taken */
	int64_t offset;	 /* its offset in the (unpacked) file */
	bool ended;	 /* the block holds the last byte */
};

/* Open a file and pass over its first `offset` bytes. */
int fset_open(struct fset_reader *re, const struct weir_host *host,
    const char *path, int64_t offset, struct weir_err *err);
void fset_close(struct fset_reader *re);

/* The bytes from re->at on were not enough: get more, in a new block that
 * begins with them.  Sets re->ended when there are no more. */
int fset_more(struct fset_reader *re, struct weir_err *err);

/* ---- a source over many files, each a partition, one after the other */

struct fset_source {
	struct fset_list files;
	int64_t *starts; /* of each file: the first offset to read; -1: it has
			  * been read */
	int32_t *numbers; /* of each file: its partition */
	size_t at;	 /* the file being read */
	bool open;	 /* `re` reads it */
	struct fset_reader re;
};

/* In source->open: find the files and tell of their partitions.  A file that
 * was known keeps its number, whatever has come or gone beside it; one of which
 * a part was read must still be there. */
int fset_source_open(struct weir_stage *st, struct fset_source *so,
    const char *path, const char *const *endings,
    const struct weir_position *at, size_t n, struct weir_err *err);
/* See that a file is open; *fresh when it has just been opened.  WEIR_END
 * when all have been read. */
int fset_source_ready(struct weir_stage *st, struct fset_source *so,
    bool *fresh, struct weir_err *err);
/* The partition of the current file. */
static inline int32_t
fset_source_no(const struct fset_source *so)
{
	return so->numbers[so->at];
}
/* The current file has been read to its end. */
int fset_source_next(struct weir_stage *st, struct fset_source *so);
void fset_source_fini(struct weir_stage *st, struct fset_source *so);

/* Let a batch keep the current block. */
int fset_pin(struct weir_stage *st, struct fset_source *so,
    struct weir_batch *b);

static inline const char *
fset_left(const struct fset_reader *re, size_t *n)
{
	*n = re->block == NULL ? 0 : re->block->len - re->at;
	return re->block == NULL ? NULL : re->block->data + re->at;
}

static inline void
fset_take(struct fset_reader *re, size_t n)
{
	re->at += n;
	re->offset += (int64_t)n;
}

#endif
