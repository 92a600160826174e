/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: what their parts share.
 */
#ifndef FILESINK_PARTS_H
#define FILESINK_PARTS_H

#include <stdatomic.h>

#include "filesink.h"

/* ---- filesink_place.c: names and directories */

/* "cannot WHAT "PATH": why" of errno; a full disk has a code of its own. */
int fsink_errno(const struct fsink_env *en, struct weir_err *err,
    const char *what, const char *path);

/* a/b in memory of the host; either may be "".  NULL when it is out. */
char *fsink_join(const struct fsink_env *en, const char *a, const char *b);

/* The directory before the last slash of path[0..n); its length. */
size_t fsink_parent(const char *path, size_t n);

/* The stem of names out of a stage's id: "silver/csv.write#2" is "silver-2". */
void fsink_stem(char stem[FSINK_STEM], const struct fsink_config *cf,
    const char *id);

/* "BASE/.staging/PIPELINE/FENCE", or NULL. */
char *fsink_staging(const struct fsink_env *en, const struct weir_fence *fence);

/* STEM-TIME-EPOCH-NUMBER.EXT; `stamp` in milliseconds since 1970. */
void fsink_name(char to[FSINK_NAME], const char *stem, int64_t stamp,
    uint64_t epoch, uint32_t number, const char *extension);

/* Could fsink_name() have made it? */
bool fsink_is_name(const char *name, const char *stem, const char *extension);

/* Is it a staged file of the stem, or its lock? */
bool fsink_is_staged(const char *name, const char *stem);

/* Make a directory and those above it that are missing; each is synced into
 * the one above it. */
int fsink_mkdirs(const struct fsink_env *en, const char *path,
    struct weir_err *err);

/* ---- filesink_file.c: one file */

/* A descriptor that a file and cuts share; the last one closes it. */
struct fsink_handle {
	const struct weir_host *host;
	int fd;
	atomic_int refs;
	char path[];
};

/* Open it; `flags` as open(2) has them.  NULL: err is filled, but not where errno
 * is EEXIST or ENOENT; errno is 0 when memory is out and was 0 before. */
struct fsink_handle *fsink_handle_open(const struct fsink_env *en,
    const char *path, int flags, struct weir_err *err);
struct fsink_handle *fsink_handle_ref(struct fsink_handle *fh);
void fsink_handle_unref(struct fsink_handle *fh);

/* A new one in staging, with the format's beginning; not yet in any list. */
struct fsink_file *fsink_file_new(struct weir_stage *st, const char *dir,
    size_t ndir, struct weir_err *err);
/* Without anything but its memory. */
struct fsink_file *fsink_file_bare(struct weir_stage *st, const char *dir,
    size_t ndir, struct weir_err *err);
/* The writer's directory of staged files, made where it is not there. */
int fsink_find_staging(struct weir_stage *st, struct weir_err *err);
void fsink_file_free(struct fsink_file *f);
int fsink_file_flush(struct fsink_file *f, struct weir_err *err);
/* No more rows: what is left is written and memory let go. */
int fsink_file_end(struct fsink_file *f, struct weir_err *err);
/* All of an ended file durable; its descriptor is closed. */
int fsink_file_sync(struct fsink_file *f, struct weir_err *err);

/* What was put to the side into its file, which is made when it is the first;
 * closing it. */
int fsink_side_flush(struct fsink_file *f, struct weir_err *err);
void fsink_side_close(struct fsink_file *f);

/* ---- filesink_side.c: reopening */

/* The first `length` bytes of the side file, cut off there. */
int fsink_side_open(struct fsink_file *f, const char *name, uint64_t length,
    struct weir_err *err);

/* ---- filesink_keep.c: open files from one process to the next
 *
 *	weir-open 1
 *	NUMBER STAMP			of the last file, of the last name
 *	LENGTH CRC-32C ROWS FIRST LAST OPENED USED COLUMNS STAGED SIDE LENGTH DIR
 *
 * a line each file; SIDE is "-" where there is none, DIR below base. */

/* Worker's thread.  Files used longest ago are shut until the lines of all have
 * room. */
void fsink_keep_room(struct fsink_state *fs);
/* Pause every open file; *text is the host's memory.  It is the same again where
 * nothing has come. */
int fsink_keep(struct fsink_state *fs, char **text, size_t *len,
    struct weir_err *err);
int fsink_resume(struct weir_stage *st, uint64_t epoch, const void *keep,
    size_t len, struct weir_err *err);

/* ---- filesink.c: the open files of a writer */

/* Into the open files, as the one used last. */
void fsink_add(struct fsink_state *fs, struct fsink_file *f);

/* Out of the open files, into the list for the next cut. */
void fsink_shut(struct fsink_state *fs, struct fsink_file *f);

/* ---- filesink_cut.c */

int fsink_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err);
int fsink_prepare(struct weir_stage *st, void *cut, struct weir_intent *intent,
    struct weir_err *err);

/* ---- filesink_intent.c: what is to be published
 *
 *	weir-files 1
 *	ROWS BYTES CRC-32C STAGED SIDE FINAL	a line a file; FINAL below base,
 *						SIDE "-" where there is none
 *
 * Where the list is too long for an intent it is a staged file itself, and the
 * intent is "@BYTES CRC-32C NAME". */

struct fsink_entry {
	uint64_t rows;
	uint64_t bytes;
	uint32_t crc;
	char staged[FSINK_NAME];
	char side[FSINK_NAME];
	char final[FSINK_PATH];
};

/* Walking through one. */
struct fsink_list {
	const struct fsink_env *en;
	const char *at;
	const char *end;
	char *text;	  /* of a list that is a file */
	char *path;	  /* and that file */
	bool gone;	  /* which has been removed: all was published */
	bool bad;	  /* it is none of ours */
};

int fsink_intent_add(const struct fsink_file *f, const char *name,
    struct weir_intent *in, struct weir_err *err);
/* Move a list that is too long into a staged file. */
int fsink_intent_done(const struct fsink_env *en, const char *staging,
    const char *stem, uint64_t epoch, struct weir_intent *in,
    struct weir_err *err);
/* STAGING/STEM@EPOCH.list, or NULL. */
char *fsink_list_path(const struct fsink_env *en, const char *staging,
    const char *stem, uint64_t epoch);
int fsink_list_begin(struct fsink_list *li, const struct fsink_env *en,
    const char *staging, const struct weir_intent *in, struct weir_err *err);
bool fsink_list_next(struct fsink_list *li, struct fsink_entry *out);
void fsink_list_end(struct fsink_list *li);

/* ---- filesink_publish.c */

/* The publisher: one a sink. */
struct fsink_publisher {
	struct fsink_env env;
	struct weir_publisher *pb;
	char stem[FSINK_STEM];
	char *top;     /* BASE/.staging */
	char *staging; /* BASE/.staging/PIPELINE/FENCE */
	char *lock_path; /* BASE/.staging/STEM@lock */
	char *mark_path; /* BASE/.STEM.EXT.weir: whose files these are */
	int lock;	 /* its descriptor, or -1 */
	uint64_t *lists; /* epochs whose lists are there */
	size_t nlists;
};

int fsink_audit(struct weir_publisher *pb, const struct weir_fence *fence,
    uint64_t epoch, const struct weir_intent *intents, size_t n,
    struct weir_audit *out, struct weir_err *err);

int fsink_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err);

/* The lists that runs before have left in staging. */
int fsink_find_lists(struct fsink_publisher *fp, struct weir_err *err);
/* Those of epochs that no one will ask for again go. */
int fsink_drop_lists(struct fsink_publisher *fp, struct weir_err *err);

/* ---- filesink_open.c: what lies there at the start, and at the end */

int fsink_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err);
/* Call `each` for every entry of a directory that has no point in front;
 * WEIR_OK where there is no such directory. */
int fsink_each(const struct fsink_env *en, const char *dir,
    int (*each)(void *arg, const char *path, const char *name,
	struct weir_err *err), void *arg, struct weir_err *err);
void fsink_abandon(struct weir_publisher *pb);
void fsink_close(struct weir_publisher *pb);

#endif
