/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: everything but the format.
 *
 *	write     rows ─► file of their directory ─► BASE/.staging/PIPELINE/FENCE/
 *	cut       files that are due are set aside with all that is theirs
 *	prepare   format->finish, fsync, close; the intent names them
 *	publish   rename to the final name, fsync the directory, prune (`keep`)
 *
 * BASE is the constant part of the path.  A staged file is STEM.NUMBER.open, a
 * final name STEM-TIME-EPOCH-NUMBER.EXT, so that names sort by time; the stem
 * comes of the stage's id, so that sinks can share a directory.  A file may
 * take rows of many epochs; until it is published the sink says from which
 * epoch on it holds rows (weir_intent.held_from).
 *
 * A plugin's config begins with struct fsink_config and its state with struct
 * fsink_state; its option table begins with FSINK_OPTIONS; its stage type has
 * .init = fsink_init, .fini = fsink_fini, .sink = &fsink_ops; its bind calls
 * fsink_bind() with its format.
 */
#ifndef FILESINK_H
#define FILESINK_H

#include "weir/plugin.h"

#define FSINK_BUFFER (64u * 1024)
#define FSINK_STEM 64

struct fsink_file;

struct fsink_format {
	const char *extension; /* "csv" */
	size_t own_size;       /* bytes of the format's own object a file */
	/* Worker's thread.  `own` is zeroed.  begin: a header, say. */
	int (*begin)(struct fsink_file *f, struct weir_err *err);
	/* Rows rows[0..n) of a batch, rising (NULL: its first n). */
	int (*rows)(struct fsink_file *f, const struct weir_batch *b,
	    const uint32_t *rows, uint32_t n, struct weir_err *err);
	/* How large the file would be by now; NULL: what was written. */
	uint64_t (*bytes)(const struct fsink_file *f);
	/* What is left to write, when no row will come any more: on either
	 * thread.  May be NULL. */
	int (*finish)(struct fsink_file *f, struct weir_err *err);
	/* Free what `own` owns; any of the two threads.  May be NULL. */
	void (*drop)(struct fsink_file *f);
};

struct fsink_roll {
	uint64_t size;
	int64_t rows;
	int64_t age;
	int64_t idle;
	int64_t epochs;
};

struct fsink_config {
	struct weir_config head;
	const struct weir_expr *path;
	struct fsink_roll roll;
	int64_t keep;
	int64_t max_open;

	/* By fsink_bind(). */
	const struct fsink_format *format;
	const struct weir_schema *schema; /* of the input */
	bool constant;			  /* all rows go to `base` */
	const char *base;		  /* the constant directory */
	size_t skip; /* bytes of a path value that stand for it */
};

/* One file being written. */
struct fsink_file {
	struct fsink_file *next; /* open: of the same hash; closed: the list */
	struct fsink_file *newer, *older; /* open: by last use */
	const struct weir_host *host;
	const struct fsink_config *cf;
	void *own; /* the format's */

	int fd;
	uint64_t written; /* by fsink_put(), what is still in `buf` too */
	char *buf;
	size_t nbuf;

	uint64_t rows;
	uint64_t first_epoch;
	uint64_t last_epoch; /* the last one with a row */
	int64_t opened;	     /* frozen clock, microseconds */
	int64_t used;
	uint64_t hash;
	char *staged; /* path */
	char *final;  /* path below base */
	size_t ndir;  /* bytes of `final` that are the directory */
};

#define FSINK_HASH 64u

struct fsink_state {
	struct fsink_file *hash[FSINK_HASH];
	struct fsink_file *newest, *oldest;
	uint32_t nopen;
	struct fsink_file *closed; /* since the last cut, last first */
	char *staging;		   /* directory, known at the first file */
	char stem[FSINK_STEM];
	uint32_t number;	   /* of the last staged file */
	uint64_t nfiles;	   /* made whole so far; prepare's own */
	struct fsink_file *of[WEIR_BATCH_ROWS];
	uint32_t rows[WEIR_BATCH_ROWS];
};

extern const struct weir_option fsink_opt_path, fsink_opt_roll, fsink_opt_keep,
    fsink_opt_max_open;

/* The head of an option table. */
#define FSINK_OPTIONS                                                          \
	&fsink_opt_path, &fsink_opt_roll, &fsink_opt_keep, &fsink_opt_max_open

/* What the help of each such stage ends with. */
#define FSINK_HELP                                                             \
	"Files appear under their final name when they are whole; until then " \
	"they lie in .staging in the directory.  Their names sort by time.  "  \
	"A run does not start into a directory that is not empty unless it "   \
	"is given --append."

int fsink_bind(struct weir_bind *bi, struct fsink_config *cf,
    const struct fsink_format *format, struct weir_err *err);
int fsink_init(struct weir_stage *st, struct weir_err *err);
void fsink_fini(struct weir_stage *st);
extern const struct weir_sink_ops fsink_ops;

/* For the format: append bytes to the file.  WEIR_ERROR fills err. */
int fsink_put(struct fsink_file *f, const void *p, size_t n,
    struct weir_err *err);

/* ---- between filesink.c and filesink_publish.c */

/* The publisher: one a sink. */
struct fsink_publisher {
	uint64_t epoch;	  /* the last one published */
	char stem[FSINK_STEM];
	char *staging;	  /* BASE/.staging/PIPELINE/FENCE */
	int lock;	  /* descriptor of STEM.lock in it, or -1 */
	struct fsink_kept *oldest, *newest; /* published files, for `keep` */
	int64_t nkept;
};

int fsink_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err);
int fsink_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err);
int fsink_last_published(struct weir_publisher *pb, uint64_t *epoch,
    struct weir_err *err);
void fsink_abandon(struct weir_publisher *pb);
void fsink_close(struct weir_publisher *pb);

/* The stem of names out of a stage's id: "silver/csv.write#2" is "silver-2". */
void fsink_stem(char stem[FSINK_STEM], const char *id);

/* "BASE/.staging/PIPELINE/FENCE", or NULL. */
char *fsink_staging_path(const struct weir_host *host,
    const struct fsink_config *cf, const struct weir_fence *fence);

/* a/b in memory of the host; b may be "".  NULL when it is out. */
char *fsink_join(const struct weir_host *host, const char *a, const char *b);

/* "cannot WHAT PATH: why" of errno. */
int fsink_errno(const struct weir_host *host, struct weir_err *err,
    const char *what, const char *path);
int fsink_no_memory(const struct weir_host *host, struct weir_err *err);

#endif
