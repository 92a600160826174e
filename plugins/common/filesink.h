/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: everything but the format.
 *
 *	write     rows ─► file of their directory ─► BASE/.staging/PIPELINE/FENCE/
 *	cut       files that are due are set aside with all that is theirs
 *	prepare   format->finish, fdatasync, close; the intent names them
 *	publish   rename to the final name, fsync the directory, prune (`keep`)
 *	resume    files that were open when it was decided are cut to their
 *	          length then, and go on
 *
 * BASE is the constant part of the path.  A staged file is STEM@NUMBER.open, a
 * final name STEM-TIME-EPOCH-NUMBER.EXT of the epoch that publishes it, so that
 * names sort by time; the stem comes of the stage's id, so that sinks can share
 * a directory.  A file may take rows of many epochs; until it is published the
 * sink says from which epoch on it holds rows (weir_intent.held_from).  What of
 * these is not in the file itself by an epoch's end, and what the format must
 * know to go on, is appended to its side file, STEM@NUMBER.side.N: records, each
 * with its length and checksum.  weir_intent.keep has the lengths of both.
 *
 * A plugin's config begins with struct fsink_config and its state with struct
 * fsink_state; the first two entries of its option table are path and roll; its
 * stage type has .init = fsink_init, .fini = fsink_fini, .sink = &fsink_ops;
 * its bind calls fsink_bind() with its format.
 */
#ifndef FILESINK_H
#define FILESINK_H

#include "weir/plugin.h"

#define FSINK_BUFFER (64u * 1024)
#define FSINK_PATH 4096u
#define FSINK_NAME 192u
#define FSINK_STEM 64u
#define FSINK_HASH 256u

struct fsink_file;
struct fsink_handle;
struct fsink_cut;
struct fsink_spread;

struct fsink_format {
	const char *extension; /* "csv" */
	const char *codes;     /* what error codes begin with: "file" */
	const char *verb;      /* no part of names; or NULL */
	size_t own_size;       /* bytes of the format's own object a file */
	bool whole_batches;    /* roll.rows does not cut a batch in two */
	/* Worker's thread: the rows of a batch will follow.  May be NULL. */
	int (*batch)(struct weir_stage *st, const struct weir_batch *b,
	    struct weir_err *err);
	/* Worker's thread.  `own` is zeroed.  begin: a header, say. */
	int (*begin)(struct fsink_file *f, struct weir_err *err);
	/* Rows rows[0..n) of a batch, rising (NULL: its first n). */
	int (*rows)(struct fsink_file *f, const struct weir_batch *b,
	    const uint32_t *rows, uint32_t n, struct weir_err *err);
	/* How large the file would be by now; NULL: what was written. */
	uint64_t (*bytes)(const struct fsink_file *f);
	/* Memory that it holds, and letting go of it; both may be NULL. */
	uint64_t (*held)(const struct fsink_file *f);
	int (*spill)(struct fsink_file *f, struct weir_err *err);
	/* Worker's thread: the end of an epoch.  What has been put to the file
	 * and to its side must be all that resume needs.  May be NULL: then
	 * the file is.  */
	int (*pause)(struct fsink_file *f, struct weir_err *err);
	/* Worker's thread: go on with a file that was paused, in place of
	 * begin; fsink_side_next() gives what was put to its side. */
	int (*resume)(struct fsink_file *f, struct weir_err *err);
	/* What is left to write, when no row will come any more: on the
	 * worker's thread, or the journal's where f->preparing.  May be NULL. */
	int (*finish)(struct fsink_file *f, struct weir_err *err);
	/* Free what `own` owns; either thread.  May be NULL. */
	void (*drop)(struct fsink_file *f);
	/* The pipeline that a file says it is of; false: it does not say.  May
	 * be NULL. */
	bool (*owner)(const struct weir_host *host, const char *path,
	    char *to, size_t cap);
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
	uint64_t buffer; /* memory of all files, for formats with `held` */

	/* Before fsink_bind(): how names begin; NULL: with the stage's. */
	const char *stem;

	/* By fsink_bind(). */
	const struct fsink_format *format;
	const struct weir_schema *schema; /* of the input */
	uint64_t columns;		  /* hash of its columns */
	bool constant;			  /* all rows go to `base` */
	const char *prefix; /* the constant text that paths begin with */
	const char *base;   /* the constant directory */
};

/* Whose file it is, for messages. */
struct fsink_env {
	const struct weir_host *host;
	const struct fsink_config *cf;
};

/* A file's side file: records behind each other. */
struct fsink_side {
	struct fsink_handle *fh; /* NULL: there is none yet */
	char *name;		 /* without its directory */
	uint32_t number;
	uint64_t length; /* in the file */
	uint64_t dead;	 /* of it, what no one needs */
	uint64_t loose;	 /* of it, rows of no decided part of the file */
	uint8_t *buf;	 /* not yet in the file */
	size_t len;
	size_t cap;
	size_t mark; /* rows behind it have no use once a part is decided */
	uint8_t *old; /* resume: all of it */
	size_t old_len;
	size_t old_at;
};

/* One file being written. */
struct fsink_file {
	struct fsink_file *next; /* open: of the same hash; closed: the list */
	struct fsink_file *newer, *older; /* open: by last use */
	struct fsink_env env;
	struct weir_stage *st;
	void *own;	/* the format's; NULL once the file has ended */
	bool preparing; /* the journal's thread has it */

	struct fsink_handle *fh;
	uint64_t written; /* by fsink_put(), what is still in `buf` too */
	uint64_t flushed; /* of it in the file */
	uint32_t crc;	  /* CRC-32C of that */
	uint64_t synced;  /* of it durable, by the last cut's prepare */
	uint64_t side_synced;
	struct fsink_side side;
	char *buf;
	size_t nbuf;

	uint64_t rows;
	uint64_t first_epoch;
	uint64_t last_epoch; /* the last one with a row */
	int64_t opened;	     /* clock, microseconds */
	int64_t used;
	uint64_t hash;
	char *staged; /* path */
	char *dir;    /* below base; "" base itself */
	size_t ndir;
};

struct fsink_state {
	struct fsink_env env;
	struct fsink_file *hash[FSINK_HASH];
	struct fsink_file *newest, *oldest;
	uint32_t nopen;
	struct fsink_file *closed; /* since the last cut, the first first */
	struct fsink_file **closed_end;
	uint32_t nclosed;
	char *staging; /* directory */
	char stem[FSINK_STEM];
	uint32_t number; /* of the last staged file */
	bool made;	 /* files since the last cut */
	char *stale;	 /* paths, each with its NUL: to be removed once the
			  * last cut is decided */
	size_t nstale;
	int64_t stamp;	 /* of the last names, milliseconds */
	uint64_t nfiles; /* made whole so far; prepare's own */
	struct fsink_spread *spread;
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
	"A file may span epochs; a run after a crash goes on with it.  A "     \
	"pipeline does not start into a directory that is not empty, unless "  \
	"it was there before or is given --append."

int fsink_bind(struct weir_bind *bi, struct fsink_config *cf,
    const struct fsink_format *format, struct weir_err *err);
int fsink_init(struct weir_stage *st, struct weir_err *err);
void fsink_fini(struct weir_stage *st);
extern const struct weir_sink_ops fsink_ops;

/* For the format: append bytes to the file.  WEIR_ERROR fills err. */
int fsink_put(struct fsink_file *f, const void *p, size_t n,
    struct weir_err *err);

/* For the format: a record for the file's side.  Rows are those of a part of
 * the file that is not yet written; fsink_side_part() is a record that makes all
 * rows before it needless.  fsink_side_forget() takes back the rows since then
 * as far as they are in memory only. */
enum fsink_kind {
	FSINK_ROWS = 1,
	FSINK_PART,
};

int fsink_side_rows(struct fsink_file *f, const void *p, size_t n,
    struct weir_err *err);
int fsink_side_part(struct fsink_file *f, const void *p, size_t n,
    struct weir_err *err);
void fsink_side_forget(struct fsink_file *f);
/* In pause: begin another side file, of which the first record is the part
 * that comes next and stands for all before. */
bool fsink_side_is_long(const struct fsink_file *f);
int fsink_side_renew(struct fsink_file *f, struct weir_err *err);
/* In resume: the next record, WEIR_END after the last; rows before the last
 * part are passed over. */
int fsink_side_next(struct fsink_file *f, enum fsink_kind *kind,
    const void **p, size_t *n, struct weir_err *err);

/* WEIR_ERROR, the code being what the format's begin with and `what`, the place
 * the path option. */
#define fsink_fail(en, err, what, ...)                                         \
	((en)->host->fail((err), (en)->host->expr_span((en)->cf->path),        \
	    fsink_code((char[24]){ 0 }, (en), (what)), __VA_ARGS__))
const char *fsink_code(char to[24], const struct fsink_env *en,
    const char *what);
int fsink_no_memory(const struct fsink_env *en, struct weir_err *err);

#endif
