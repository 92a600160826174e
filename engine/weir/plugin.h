/* SPDX-License-Identifier: MIT
 *
 * The one header that a plugin includes.
 *
 * A plugin is a shared object that exports one constant, `weir_plugin`: who it
 * is, and tables of its stage types, functions and aggregates.  It calls the
 * engine through the host table that every handle carries; there is no other
 * door, for our own plugins neither.  weir-plugin(3) teaches it; a complete
 * plugin is at the end of that page.
 *
 * LIFE OF A STAGE
 *
 *	bind     once a stage of the plan: options and input schemas are known,
 *	         output schemas are made.  May read local files, never a server.
 *	probe    `weir check --connect`, and before the first row of a run
 *	init     once a worker: zeroed state is filled
 *	...      batches, watermarks, epochs
 *	fini     always runs after init began, even when init failed half-way
 *	unbind   once a stage of the plan, when the plan goes
 *
 * WHO CALLS WHAT, AND WHAT MAY BLOCK
 *
 *	callback               thread       may block
 *	bind, unbind           main         local files only
 *	probe                  main         yes, seconds
 *	init, fini             worker       no; source->open, sink->open do that
 *	source: open           worker       yes, but must heed weir_stopping()
 *	source: poll           worker       for wait_us at most
 *	source: commit, bound  worker       commit: no.  bound: seconds
 *	process, watermark,
 *	epoch                  worker       no
 *	sink: write, cut       worker       only for back-pressure
 *	sink: prepare          journal      yes (flush, fsync, delivery reports)
 *	publisher: all         publisher    yes (one thread a sink)
 *
 * An instance is only ever called by one thread at a time.
 *
 * RETURN CODES are enum weir_rc.  From WEIR_ERROR on, the pipeline stops with
 * what is in `err`; WEIR_AGAIN from open, prepare and publish means "the other
 * side is down": the engine logs err->text and calls again with back-off.
 * A bad row is neither: weir_reject() it and go on.
 *
 * ABI HISTORY
 *	1.0  the first.
 * Structs only grow at their end; a host function is never removed within a
 * major version.  `size` members say how much of a struct the other side knows.
 */
#ifndef WEIR_PLUGIN_H
#define WEIR_PLUGIN_H

#include "weir/batch.h"
#include "weir/error.h"
#include "weir/io.h"
#include "weir/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_MAGIC 0x52494557u /* "WEIR" */
#define WEIR_ABI_MAJOR 1
#define WEIR_ABI_MINOR 0

#if defined(__GNUC__)
#define WEIR_EXPORT __attribute__((visibility("default")))
#else
#define WEIR_EXPORT
#endif

struct weir_bind;	   /* binding one stage */
struct weir_stage;	   /* one running stage, in one worker */
struct weir_publisher;	   /* the publishing half of a sink */
struct weir_host;	   /* the engine's functions */
struct weir_expr;	   /* a bound row expression */
struct weir_aggs;	   /* a bound list of aggregates */
struct weir_table;	   /* keyed state, declared */
struct weir_stream;	   /* a stream named by an option */

/* ------------------------------------------------------------- options */

/* The C type at `offset` in the config struct follows from the type. */
enum weir_option_type {
	WEIR_OPT_BOOL = 1,  /* bool */
	WEIR_OPT_INT,	    /* int64_t */
	WEIR_OPT_FLOAT,	    /* double */
	WEIR_OPT_DURATION,  /* int64_t, microseconds */
	WEIR_OPT_TIMESTAMP, /* int64_t, microseconds UTC */
	WEIR_OPT_SIZE,	    /* uint64_t, bytes */
	WEIR_OPT_ENUM,	    /* int32_t, an index into `choices`; written as a
			     * bare word or as text */
	WEIR_OPT_STRING,    /* struct weir_str; constant text, NUL-ended behind
			     * its last byte when longer than 12.  With
			     * `choices`: those may be written as bare words,
			     * other text is allowed */
	WEIR_OPT_STRINGS,   /* struct weir_list of struct weir_str; one value
			     * counts as a list of one */
	WEIR_OPT_INTS,	    /* struct weir_list of int64_t, likewise */
	WEIR_OPT_PAIRS,	    /* struct weir_list of struct weir_pair: a record of
			     * constant texts, { name: "value" } */
	WEIR_OPT_RECORD,    /* a struct: `fields` are its options, offsets count
			     * from `offset`; { size: 1MiB, age: 5m } */
	WEIR_OPT_EXPR,	    /* const struct weir_expr *, over the rows of input
			     * 0; NULL when not written */
	WEIR_OPT_EXPRS,	    /* struct weir_list of const struct weir_expr *; one
			     * expression or a list; each has a name */
	WEIR_OPT_NAMED,	    /* struct weir_list of struct weir_named: entries
			     * `name: expression` over the rows of input 0.
			     * Entries of one list see earlier ones when the
			     * option has WEIR_OPTF_CHAINED */
	WEIR_OPT_RENAMES,   /* struct weir_list of struct weir_rename:
			     * { new: old }, columns of input 0 */
	WEIR_OPT_COLUMN,    /* int32_t: a column number of input 0, or -1 */
	WEIR_OPT_COLUMNS,   /* struct weir_list of uint32_t; one or a list */
	WEIR_OPT_AGGS,	    /* const struct weir_aggs *: `name: expression with
			     * aggregate calls`; the host has typed them */
	WEIR_OPT_FIELDS,    /* struct weir_list of struct weir_field: entries
			     * `name: type`, what a stage is told comes back */
	WEIR_OPT_SCHEMA,    /* const struct weir_schema *: a schema by its name */
	WEIR_OPT_STREAM,    /* const struct weir_stream *: another stream; it
			     * becomes a further input (weir_stream_input()) */
};

enum weir_option_flags {
	WEIR_OPTF_REQUIRED = 1 << 0,
	WEIR_OPTF_POSITIONAL = 1 << 1, /* may stand without its name; the order
					* of the table is the order in the call */
	WEIR_OPTF_BRACES = 1 << 2,     /* the entries of the braces; one a type */
	WEIR_OPTF_SECRET = 1 << 3,     /* takes tainted values; never printed */
	WEIR_OPTF_STATE = 1 << 4,      /* a change makes kept state another's */
	WEIR_OPTF_CHAINED = 1 << 5,    /* see WEIR_OPT_NAMED */
	WEIR_OPTF_PATH = 1 << 6,       /* EXPR of text: a path; what is put in
					* by ${} is escaped, null becomes
					* __HIVE_DEFAULT_PARTITION__ */
	WEIR_OPTF_LOCAL_FILE = 1 << 7, /* text: relative to the pipeline file */
	WEIR_OPTF_ALIAS = 1 << 8,      /* EXPR, STREAM: `x as name` is allowed */
	WEIR_OPTF_VARIADIC = 1 << 9,   /* COLUMNS, EXPRS, STREAM: takes all the
					* remaining positional arguments */
	WEIR_OPTF_TARGET = 1 << 10,    /* names what a sink writes to; part of
					* the sink's id */
	WEIR_OPTF_NAMES = 1 << 11,     /* STRING, STRINGS: bare words are taken as
					* text: `unknown: extra`, `convert: [a,
					* b]` */
	WEIR_OPTF_SERVERS = 1 << 12,   /* STRING: servers, parted by commas, on
					* which the target is: two sinks with one
					* target and no server in common write to
					* two places */
};

struct weir_list {
	const void *items;
	size_t n;
};

struct weir_pair {
	struct weir_str name;
	struct weir_str value;
};

struct weir_named {
	const char *name;
	const struct weir_expr *expr;
	struct weir_span span;
};

struct weir_rename {
	const char *name; /* the new one */
	uint32_t col;	  /* a column of input 0 */
	struct weir_span span;
};

struct weir_option {
	size_t size; /* sizeof(struct weir_option) */
	const char *name;
	enum weir_option_type type;
	uint32_t flags;
	size_t offset;	  /* in the config struct, or in the record's */
	const char *def;  /* the default as pipeline text, or NULL */
	const char *unit; /* for people: "rows", "bytes", or NULL */
	double min;	  /* INT, FLOAT, DURATION (us), SIZE; used when */
	double max;	  /* min < max */
	const char *const *choices;		   /* NULL-terminated */
	const struct weir_option *const *fields;   /* RECORD: NULL-terminated */
	const char *type_text; /* EXPR: the type wanted, as pipeline text
				* ("string", "bool", "timestamp"); NULL any.
				* int and decimal widen by themselves. */
	const char *help;
};

/* Every config struct begins with this: which options were written (in this
 * stage or in settings), bit i for the i-th of the table. */
struct weir_config {
	uint64_t set;
};

/* --------------------------------------------------------------- stages */

enum weir_role {
	WEIR_SOURCE = 1,
	WEIR_TRANSFORM,
	WEIR_SINK,
};

enum weir_stage_flags {
	WEIR_STAGEF_CHANGES = 1 << 0,	/* takes streams of changes */
	WEIR_STAGEF_WATERMARK = 1 << 1, /* needs a watermark upstream */
	WEIR_STAGEF_BOUNDED = 1 << 2,	/* source: always comes to an end */
	WEIR_STAGEF_AS_NAME = 1 << 3,	/* reserved */
};

/* A side output.  Output 0 is the main one, `ports[0]` is output 1, and so on.
 * Every stage has `rejected` besides; the engine makes that. */
struct weir_port {
	size_t size;
	const char *name; /* "late" */
	const char *help;
	bool may_go_unread; /* false: rows that no one reads are quarantined
			     * with the port's name as their code */
};

enum weir_partition_state {
	WEIR_PART_READING = 0, /* rows may be waiting */
	WEIR_PART_AT_END,      /* polled, and at its end just now */
	WEIR_PART_FINISHED,    /* nothing will come any more */
};

/* Where a source stands in one of its partitions. */
struct weir_position {
	int32_t partition;
	int64_t next; /* the first offset not yet read */
	enum weir_partition_state state; /* open: FINISHED partitions are not
					  * to be read again */
	/* What the source said of itself by weir_position_note() when that
	 * was decided: at most WEIR_NOTE_MAX bytes, or NULL. */
	const void *note;
	size_t note_len;
};

#define WEIR_NOTE_MAX 128

struct weir_source_ops {
	size_t size;
	/* Begin.  `at` are the positions to go on from: those of the last
	 * decided epoch, which hold over anything that the other side says.
	 * A partition not among them starts where the options say when n is 0,
	 * and else, being new, at its first offset. */
	int (*open)(struct weir_stage *st, const struct weir_position *at,
	    size_t n, struct weir_err *err);
	/* Emit one batch or a few, together at most max_rows rows, waiting at
	 * most wait_us for the first.  WEIR_OK, WEIR_AGAIN when there was
	 * nothing, WEIR_END when there will never be more. */
	int (*poll)(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
	    struct weir_err *err);
	/* Everything before these positions is decided (where no journal is
	 * kept: published by every sink).  May be NULL. */
	int (*commit)(struct weir_stage *st, const struct weir_position *at,
	    size_t n, struct weir_err *err);
	/* From now on, end where the source ends at this moment (--drain).
	 * Called after open.  NULL: draining stops it at once. */
	int (*bound)(struct weir_stage *st, struct weir_err *err);
};

/* What a sink writes into the DECIDE record for one epoch. */
struct weir_intent {
	uint64_t rows;	   /* rows of the epoch in what will be published */
	uint64_t held_from; /* the first epoch of which rows are not yet part of
			     * any intent (an open file), or 0: none */
	void *data;	   /* what to publish; from the host's alloc: the engine
			    * frees it */
	size_t len;	   /* at most 64 KiB */
	void *keep;	   /* what the writer needs to go on behind this epoch in
			    * another process (open files and their lengths),
			    * handed to resume; alloc'ed likewise, or NULL */
	size_t keep_len;   /* at most 1 MiB */
};

struct weir_fence {
	uint64_t fence;	     /* grows with every owner of the state */
	uint64_t epoch;	     /* the last decided epoch, 0: none */
	const char *pipeline; /* 32 hex digits: the pipeline's id */
	const char *sink;     /* the sink's id */
	bool append;	     /* outputs that are not empty are fine */
	bool fresh;	     /* no earlier run's outputs are continued */
	uint64_t published;  /* up to here this sink was known to have published */
	bool born;	     /* open has been well before, with this id: a marker
			      * that is gone is a loss */
	bool taken_over;     /* the owner before may still live (--take-over) */
};

/* A row that the other side would not take, found while publishing. */
struct weir_poison {
	uint64_t row; /* its number in the epoch's spool, from 0 */
	char code[24];
	char text[256];
};

/* What the spool of an epoch holds, as it comes back: one frame. */
struct weir_frame {
	uint64_t first;	    /* number of its first row in the epoch's spool */
	uint32_t rows;
	const void *data;   /* of weir_spool_bytes(); else NULL */
	size_t len;
	const struct weir_batch *batch; /* of weir_spool(); else NULL.  Its
			     * columns are those of the sink's input */
	const uint8_t *tags; /* a row, as given to weir_spool(), or NULL */
	/* Rows found to be poison earlier: bit i is row i of the frame; they
	 * are not to be published.  NULL: none. */
	const uint64_t *skip;
};

/* Key and value of a row that was spooled as bytes; NULL: there is none. */
struct weir_payload {
	const void *key;
	size_t key_len;
	const void *value;
	size_t value_len;
};

enum weir_sink_flags {
	WEIR_SINKF_SPOOL = 1 << 0, /* the engine keeps a spool: see weir_spool();
				    * cut and prepare are its own and may be
				    * NULL.  Where write is NULL, whole batches
				    * are spooled as they come. */
};

/* What a sink finds when it is held against the journal (`weir audit`). */
struct weir_audit {
	uint64_t rows;	/* found of those that were published */
	uint64_t files; /* or tables, or topics */
	char bad[512];	/* what is missing or wrong, a sentence; "": nothing */
};

struct weir_sink_ops {
	size_t size;

	/* --- the writer: one a worker, in `state`, with init and fini */
	int (*write)(struct weir_stage *st, struct weir_batch *b,
	    struct weir_err *err);
	/* The epoch's boundary: set aside what was written since the last cut
	 * and go on at once.  *cut is handed to prepare. `last`: the run ends,
	 * close every file. */
	int (*cut)(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
	    struct weir_err *err);
	/* Make the cut durable; fill the intent.  Never touches the writer's
	 * memory but what the cut holds.  Frees the cut when it answers
	 * anything but WEIR_AGAIN. */
	int (*prepare)(struct weir_stage *st, void *cut,
	    struct weir_intent *intent, struct weir_err *err);

	/* --- the publisher: one a sink, in `publisher_size` bytes */
	size_t publisher_size;
	int (*open)(struct weir_publisher *pb, const struct weir_fence *fence,
	    struct weir_err *err);
	/* Make the epoch visible.  Called in epoch order; must do nothing when
	 * it has been done before.  One intent a worker. */
	int (*publish)(struct weir_publisher *pb, uint64_t epoch,
	    const struct weir_intent *intents, size_t n, struct weir_err *err);
	/* After open: the last epoch that the other side has whole, by its
	 * own word; the engine redoes what follows.  NULL: the journal's word
	 * holds, and publish finds out by itself what is there. */
	int (*last_published)(struct weir_publisher *pb, uint64_t *epoch,
	    struct weir_err *err);
	/* Remove what was staged and never decided. */
	void (*abandon)(struct weir_publisher *pb);
	void (*close)(struct weir_publisher *pb);

	/* --- recovery */
	uint32_t flags; /* enum weir_sink_flags */
	/* The writer, worker's thread, once after init and the publisher's
	 * open, before the first write: go on from what the last decided
	 * epoch's intent kept.  Called in every run but the first of a state
	 * directory, with len 0 where no epoch was decided or nothing kept.
	 * NULL where nothing is ever kept. */
	int (*resume)(struct weir_stage *st, uint64_t epoch, const void *keep,
	    size_t len, struct weir_err *err);
	/* Hold what was published against the other side: once for every epoch
	 * that the journal knows to be published (fence->published is the
	 * last; later ones up to fence->epoch may be there, too), in order,
	 * then once with epoch 0, n 0.  *out is kept from call to call, but
	 * for `bad`: each may name one thing, the last what is of no one epoch.
	 * Nothing is changed there; open has not been called.  WEIR_ERROR when
	 * it could not be looked at.  May be NULL. */
	int (*audit)(struct weir_publisher *pb, const struct weir_fence *fence,
	    uint64_t epoch, const struct weir_intent *intents, size_t n,
	    struct weir_audit *out, struct weir_err *err);
	/* Needed where weir_spool_bytes() and weir_poison() are both called:
	 * what row `row` of a frame holds (from 0, below fr->rows), for the
	 * quarantine.  Worker's thread; into the frame.  0, or -1 when the
	 * frame can't be read. */
	int (*payload)(const struct weir_frame *fr, uint32_t row,
	    struct weir_payload *to);
};

struct weir_stage_type {
	size_t size; /* sizeof(struct weir_stage_type) */
	const char *verb;
	const char *summary; /* one line, lower case, no full stop */
	const char *help;    /* paragraphs for the man page; blank lines part */
	const char *example; /* a whole pipeline, or NULL */
	enum weir_role role;
	uint32_t flags;
	uint32_t state_version;
	const struct weir_option *const *options; /* NULL-terminated */
	const struct weir_port *const *ports;	  /* NULL-terminated, or NULL */
	size_t config_size; /* begins with struct weir_config */
	size_t state_size;  /* one a worker */

	int (*bind)(struct weir_bind *bi, void *config, struct weir_err *err);
	void (*unbind)(void *config);
	int (*probe)(struct weir_bind *bi, const void *config,
	    struct weir_err *err);
	int (*init)(struct weir_stage *st, struct weir_err *err);
	void (*fini)(struct weir_stage *st);

	const struct weir_source_ops *source;
	/* A batch in on `input`, batches out by weir_emit().  The batch is
	 * borrowed; weir_batch_ref() what is to be emitted as it is.  NULL for
	 * stages that bind by weir_out_expr() and weir_out_filter(): those the
	 * engine runs itself, fused with their neighbours. */
	int (*process)(struct weir_stage *st, uint32_t input,
	    struct weir_batch *b, struct weir_err *err);
	/* Event time has moved: nothing on time will come with a window that
	 * ends at or before wm.  Called between epochs, after the epoch's last
	 * batch; INT64_MAX at the end of bounded input. */
	int (*watermark)(struct weir_stage *st, int64_t wm,
	    struct weir_err *err);
	/* An epoch's last batch has been, and its watermark. */
	int (*epoch)(struct weir_stage *st, uint64_t epoch,
	    struct weir_err *err);
	const struct weir_sink_ops *sink;
};

/* ------------------------------------------------- functions, aggregates */

enum weir_fn_flags {
	WEIR_FN_PURE = 1 << 0,	 /* same arguments, same result: may be folded */
	WEIR_FN_FALLIBLE = 1 << 1, /* may set errors */
	WEIR_FN_NULLS = 1 << 2,	 /* wants to see nulls; else a null argument
				  * makes the result null and eval need not
				  * care: values at null rows are readable */
	WEIR_FN_TAINT_OK = 1 << 3, /* takes secrets; the result is not one */
	WEIR_FN_TOTAL = 1 << 4,	 /* never null when no argument is */
};

/* One call of a function over the rows of a batch. */
struct weir_call {
	const struct weir_host *host;
	const void *bound;		   /* from bind, or NULL */
	const struct weir_column *const *args;
	const struct weir_type *const *types; /* of the arguments */
	uint32_t nargs;
	uint32_t nrows;
	/* In: rows that count (others may hold anything and must not fail).
	 * NULL: all. */
	const uint64_t *rows;
	/* Out: the result.  Storage is there (for nested types: made by eval);
	 * `valid` has a word for every 64 rows, all ones, less the rows where
	 * an argument is null (unless WEIR_FN_NULLS). */
	struct weir_column *out;
	const struct weir_type *type; /* of the result */
	/* Out: set bit i where row i fails, and say why for the first one. */
	uint64_t *errors;
	char *error_code; /* 24 bytes */
	char *error_text; /* 128 bytes */
	/* Memory that lives as long as the result. */
	void *(*alloc)(struct weir_call *ca, size_t n);
	int64_t now; /* the epoch's frozen clock, microseconds */
	void *priv;
};

struct weir_fn_bind {
	const struct weir_host *host;
	const struct weir_type *const *types;	 /* of the arguments */
	const struct weir_value *const *consts; /* constant arguments; others
						  * NULL */
	uint32_t nargs;
	/* Out. */
	const struct weir_type *type; /* of the result, when the signature
				       * leaves it open */
	const void *bound;	      /* kept for every call */
	void (*free_bound)(void *bound);
	uint32_t bad_arg; /* when it fails: which argument, from 1; 0 the call */
	/* Memory as long as the plan, and types made in it. */
	void *(*alloc)(struct weir_fn_bind *fb, size_t n);
	const struct weir_type *(*make_type)(struct weir_fn_bind *fb,
	    enum weir_kind kind, int precision, int scale,
	    const struct weir_field *fields, uint32_t nfields);
	void *priv;
};

struct weir_function {
	size_t size;
	const char *name;
	/* NULL-terminated, the first that fits is taken: "string, int64 ->
	 * string".  A type variable is a capital letter ("T, T -> T"); `any`
	 * fits all, `number` every numeric type; `decimal` any decimal;
	 * "T..." one or more; "[T]" optional; "?" as result asks bind. */
	const char *const *signatures;
	uint32_t flags;
	int (*bind)(struct weir_fn_bind *fb, struct weir_err *err); /* or NULL */
	void (*eval)(struct weir_call *ca);
	const char *summary;
	const char *example; /* "upper(\"abc\") = \"ABC\"", one a line */
	const char *group;   /* "text", "numbers", "time", ... */
};

enum weir_agg_flags {
	WEIR_AGG_NULLS = 1 << 0,   /* update sees rows whose argument is null */
	WEIR_AGG_ORDERED = 1 << 1, /* the order of rows matters (first, last) */
	WEIR_AGG_OWNS = 1 << 2,	   /* slots own memory: drop, save, load */
	WEIR_AGG_CHECKED = 1 << 3, /* updates may overflow: ask check first */
};

struct weir_agg_bind {
	struct weir_fn_bind fn;	 /* arguments' types, result type, bound */
	size_t slot_size;	 /* out */
	size_t slot_align;	 /* out: 1, 2, 4, 8 or 16 */
	uint32_t flags;		 /* out: enum weir_agg_flags */
};

/* A batch of updates: row rows[i] goes into the slot at base + offsets[i]...
 * as slots[i], which is zeroed when new. */
struct weir_agg_call {
	const struct weir_host *host;
	const void *bound;
	const struct weir_column *const *args;
	const struct weir_type *const *types;
	uint32_t nargs;
	uint32_t n;		/* updates */
	const uint32_t *rows;	/* the row of each; NULL: 0..n-1 */
	void *const *slots;	/* the group's slots; this aggregate's lies at */
	size_t offset;		/* slots[i] + offset */
	const uint64_t *skip;	/* rows that do not count (filter false, or
				 * argument null), by row number; or NULL */
	const struct weir_type *type;
};

struct weir_aggregate {
	size_t size;
	const char *name;
	const char *const *signatures;
	int (*bind)(struct weir_agg_bind *ab, struct weir_err *err);
	/* WEIR_OK, or WEIR_ERROR when memory is out. */
	int (*update)(const struct weir_agg_call *ca);
	/* NULL, or: which updates would overflow?  Set bit i of bad (by update
	 * number) and change nothing.  Called with n = 1 before update where
	 * bind set WEIR_AGG_CHECKED. */
	void (*check)(const struct weir_agg_call *ca, uint64_t *bad);
	/* into[i] += from[i]; the slots of this aggregate lie at +offset. */
	int (*merge)(const void *bound, const struct weir_host *host,
	    void *const *into, void *const *from, size_t offset, uint32_t n);
	/* slots -> out, whose storage is there and whose `valid` is all ones:
	 * clear the rows that are null (text may point into a slot: it lives
	 * until the slots are dropped). */
	int (*finish)(const void *bound, const struct weir_host *host,
	    void *const *slots, size_t offset, uint32_t n,
	    const struct weir_type *type, struct weir_column *out);
	/* Only with WEIR_AGG_OWNS: free what the slot owns; its size as bytes;
	 * write those; read them into a zeroed slot. */
	void (*drop)(const void *bound, const struct weir_host *host,
	    void *slot);
	size_t (*save_size)(const void *bound, const void *slot);
	void (*save)(const void *bound, const void *slot, void *to);
	int (*load)(const void *bound, const struct weir_host *host, void *slot,
	    const void *from, size_t len);
	const char *summary;
	const char *example;
};

/* --------------------------------------------------------------- plugin */

struct weir_plugin {
	uint32_t magic; /* WEIR_MAGIC */
	uint32_t size;	/* sizeof(struct weir_plugin) */
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t reserved;
	const char *name; /* as the file's, without .so */
	const char *version;
	const char *summary;
	const struct weir_stage_type *const *stages;	   /* or NULL */
	const struct weir_function *const *functions;	   /* or NULL */
	const struct weir_aggregate *const *aggregates; /* or NULL */
};

#define WEIR_PLUGIN_HEAD                                                       \
	.magic = WEIR_MAGIC, .size = sizeof(struct weir_plugin),               \
	.abi_major = WEIR_ABI_MAJOR, .abi_minor = WEIR_ABI_MINOR

extern WEIR_EXPORT const struct weir_plugin weir_plugin;

/* ------------------------------------------------------------- keyed state */

/* A table of slots by key.  Where entries end by time (`due`), each is born
 * with the time at which it is taken out. */
struct weir_table_spec {
	size_t size;
	const char *name;
	uint32_t nkeys;
	const struct weir_type *const *keys;
	size_t slot_size; /* zeroed when new */
	size_t slot_align;
	uint32_t version;
	bool timed; /* entries have a due time */
	/* What the slots own beyond their bytes, or NULL. */
	const struct weir_aggs *aggs; /* at `aggs_offset` in the slot */
	size_t aggs_offset;
	/* Carry a slot over that an older version of the table has kept: its
	 * bytes, aligned as malloc's, into a new one, which is zeroed.  The part
	 * of the aggregates, which must be the same ones, is carried over by
	 * the engine afterwards.  With `old` NULL, which comes first: is that
	 * version known?  WEIR_OK or WEIR_ERROR; any thread.  NULL: no other
	 * version is. */
	int (*migrate)(uint32_t version, const void *old, size_t old_size,
	    void *slot);
};

/* Entries whose time has come: at most 4096 of them, sorted by due time, then
 * by key (columns in turn, nulls first).  Valid until the next call. */
struct weir_due {
	uint32_t n;
	const int64_t *due;
	const struct weir_column *keys; /* nkeys columns of n rows */
	void *const *slots;
};

/* ----------------------------------------------------------- run-time handles */

struct weir_stage {
	const struct weir_host *host;
	const void *config; /* bound; shared by all workers */
	void *state;	    /* state_size bytes, zeroed before init */
	const char *id;	    /* the stage's id, for messages */
	/* The engine's own follows. */
};

struct weir_publisher {
	const struct weir_host *host;
	const void *config;
	void *state; /* publisher_size bytes, zeroed before open */
	const char *id;
	void *priv;
};

enum weir_log_level {
	WEIR_LOG_ERROR = 0,
	WEIR_LOG_WARN,
	WEIR_LOG_INFO,
	WEIR_LOG_DEBUG,
};

/* One rejected row.  `column` and `position` are NULL and -1 where they do not
 * apply; position is a byte offset in the payload. */
struct weir_reason {
	const char *code; /* "json.syntax" */
	const char *text;
	const char *column;
	int64_t position;
};

/* The engine's functions.  Any thread may call those above the first line;
 * those below it only the thread that was called. */
struct weir_host {
	size_t size;

	/* Memory: NULL when it is out. */
	void *(*alloc)(size_t n);
	void *(*zalloc)(size_t n);
	void *(*realloc)(void *p, size_t n);
	void (*free)(void *p);
	int (*fail)(struct weir_err *err, struct weir_span span,
	    const char *code, const char *fmt, ...) WEIR_PRINTF(4, 5);

	/* Expressions bound to options. */
	const struct weir_type *(*expr_type)(const struct weir_expr *ex);
	const char *(*expr_name)(const struct weir_expr *ex);
	bool (*expr_required)(const struct weir_expr *ex);
	struct weir_span (*expr_span)(const struct weir_expr *ex);
	/* The value of a constant expression, or NULL. */
	const struct weir_value *(*expr_const)(const struct weir_expr *ex);
	/* The column of input 0 that it names and nothing else, or -1. */
	int32_t (*expr_column_no)(const struct weir_expr *ex);
	/* The constant text with which every value of a text expression
	 * begins: all of a constant, what stands before the first ${} that is
	 * not constant, else "".  Lives as long as the plan. */
	const char *(*expr_prefix)(const struct weir_expr *ex);

	/* Aggregates bound to options. */
	uint32_t (*aggs_n)(const struct weir_aggs *ag);
	const struct weir_field *(*aggs_field)(const struct weir_aggs *ag,
	    uint32_t i);
	size_t (*aggs_slot)(const struct weir_aggs *ag, size_t *align);

	/* Binding. */
	uint32_t (*inputs)(struct weir_bind *bi);
	const struct weir_schema *(*input)(struct weir_bind *bi, uint32_t i);
	uint32_t (*stream_input)(const struct weir_stream *sm);
	const char *(*stream_alias)(const struct weir_stream *sm);
	void *(*plan_alloc)(struct weir_bind *bi, size_t n); /* zeroed */
	const struct weir_type *(*make_type)(struct weir_bind *bi,
	    enum weir_kind kind, int precision, int scale,
	    const struct weir_field *fields, uint32_t nfields);
	struct weir_span (*option_span)(struct weir_bind *bi, const char *name);
	int (*option_fail)(struct weir_bind *bi, const char *name,
	    struct weir_err *err, const char *code, const char *fmt, ...)
	    WEIR_PRINTF(5, 6);
	const char *(*local_path)(struct weir_bind *bi, struct weir_str path);
	int (*out_field)(struct weir_bind *bi, uint32_t port,
	    const struct weir_field *fi);
	int (*out_pass)(struct weir_bind *bi, uint32_t port, uint32_t input,
	    uint32_t col, const char *name);
	int (*out_expr)(struct weir_bind *bi, const char *name,
	    const struct weir_expr *ex);
	int (*out_filter)(struct weir_bind *bi, const struct weir_expr *ex);
	int (*out_changes)(struct weir_bind *bi, uint32_t port,
	    const uint32_t *keys, uint32_t nkeys);
	int (*out_event_time)(struct weir_bind *bi, uint32_t port,
	    uint32_t col);
	int (*reads)(struct weir_bind *bi, uint32_t input, uint32_t col);
	int (*reads_all)(struct weir_bind *bi, uint32_t input);
	int (*watermark)(struct weir_bind *bi, uint32_t col, int64_t delay,
	    int64_t idle, int64_t max_ahead);
	const struct weir_table *(*table)(struct weir_bind *bi,
	    const struct weir_table_spec *spec);

	/* --------------------------------------------------- running */

	void (*log)(const struct weir_stage *st, enum weir_log_level level,
	    const char *fmt, ...) WEIR_PRINTF(3, 4);
	void (*publisher_log)(const struct weir_publisher *pb,
	    enum weir_log_level level, const char *fmt, ...) WEIR_PRINTF(3, 4);
	bool (*stopping)(const struct weir_stage *st);
	int64_t (*now)(const struct weir_stage *st);   /* frozen, us UTC */
	int64_t (*clock)(const struct weir_stage *st); /* real, us UTC */
	uint64_t (*epoch_no)(const struct weir_stage *st);
	/* Sinks: the fence with which their publisher was opened, which is
	 * before the first row.  Staged files are named by it. */
	const struct weir_fence *(*fence)(const struct weir_stage *st);
	void (*metric)(const struct weir_stage *st, const char *name,
	    const char *labels, double value);
	void *(*shared)(const struct weir_stage *st, const char *name,
	    void *(*make)(void *arg), void (*release)(void *), void *arg);
	void (*shared_drop)(const struct weir_stage *st, const char *name);

	const struct weir_schema *(*out_schema)(const struct weir_stage *st,
	    uint32_t port);
	bool (*wanted)(const struct weir_stage *st, uint32_t port,
	    uint32_t col);
	bool (*port_read)(const struct weir_stage *st, uint32_t port);

	struct weir_batch *(*batch_new)(struct weir_stage *st, uint32_t port,
	    uint32_t rows);
	struct weir_batch *(*batch_derive)(struct weir_stage *st, uint32_t port,
	    struct weir_batch *of, const uint32_t *rows, uint32_t n);
	void *(*batch_alloc)(struct weir_batch *b, size_t n);
	int (*batch_pin)(struct weir_batch *b, void *p, void (*release)(void *));
	struct weir_batch *(*batch_ref)(struct weir_batch *b);
	void (*batch_unref)(struct weir_batch *b);
	int (*emit)(struct weir_stage *st, uint32_t port, struct weir_batch *b,
	    struct weir_err *err);
	int (*reject)(struct weir_stage *st, const struct weir_batch *b,
	    uint32_t row, const struct weir_reason *why);
	void (*absorb)(struct weir_stage *st, uint64_t rows);
	void (*filtered)(struct weir_stage *st, uint64_t rows);
	void (*created)(struct weir_stage *st, uint64_t rows);

	const struct weir_column *(*expr_eval)(struct weir_stage *st,
	    const struct weir_expr *ex);

	int (*partition)(struct weir_stage *st, int32_t partition,
	    const char *name);
	int (*position)(struct weir_stage *st, int32_t partition, int64_t next,
	    enum weir_partition_state state);
	void (*lag)(struct weir_stage *st, int32_t partition, int64_t rows);

	int (*lookup)(struct weir_stage *st, const struct weir_table *ta,
	    const struct weir_column *const *keys, const uint32_t *rows,
	    uint32_t n, const int64_t *due, void **slots, uint8_t *created);
	int (*due)(struct weir_stage *st, const struct weir_table *ta,
	    int64_t upto, struct weir_due *out);
	int (*aggs_update)(struct weir_stage *st, const struct weir_aggs *ag,
	    const struct weir_batch *b, const uint32_t *rows, uint32_t n,
	    void *const *slots, uint64_t *rejected);
	int (*aggs_merge)(struct weir_stage *st, const struct weir_aggs *ag,
	    void *const *into, void *const *from, uint32_t n);
	int (*aggs_finish)(struct weir_stage *st, const struct weir_aggs *ag,
	    void *const *slots, uint32_t n, struct weir_batch *out,
	    uint32_t first);

	int (*json_text)(const struct weir_type *ty,
	    const struct weir_column *co, uint32_t row, char *to, size_t room,
	    size_t *len);

	int (*out_event_end)(struct weir_bind *bi, uint32_t port, uint32_t col);
	void (*trail)(struct weir_stage *st, int64_t us);

	/* --------------------------------------------------- delivery */

	const struct weir_io *io; /* any thread */

	void (*sink_spool)(struct weir_bind *bi);

	int (*position_note)(struct weir_stage *st, int32_t partition,
	    const void *p, size_t n);
	void (*lost)(struct weir_stage *st, int32_t partition, int64_t from,
	    int64_t to, const char *fmt, ...) WEIR_PRINTF(5, 6);

	int (*spool)(struct weir_stage *st, const struct weir_batch *b,
	    const uint8_t *tags, struct weir_err *err);
	int (*spool_bytes)(struct weir_stage *st, const void *p, size_t n,
	    uint32_t rows, struct weir_err *err);
	int (*spool_next)(struct weir_publisher *pb, uint64_t epoch,
	    struct weir_frame *fr, struct weir_err *err);
	int (*spool_rewind)(struct weir_publisher *pb, uint64_t epoch,
	    struct weir_err *err);
	int (*poison)(struct weir_publisher *pb, uint64_t epoch,
	    const struct weir_poison *list, size_t n, struct weir_err *err);
	bool (*publisher_stopping)(const struct weir_publisher *pb);
	uint64_t (*settled)(const struct weir_publisher *pb);

	int (*batch_save)(const struct weir_batch *b, const uint32_t *rows,
	    uint32_t n, void **data, size_t *len);
	struct weir_batch *(*batch_load)(struct weir_stage *st,
	    const struct weir_schema *sc, const void *data, size_t len);
	int64_t (*event_time)(const struct weir_stage *st);
};

#include "weir/host.h"

#ifdef __cplusplus
}
#endif
#endif
