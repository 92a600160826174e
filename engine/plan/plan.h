/* SPDX-License-Identifier: MIT
 *
 * The plan: a pipeline file with every name resolved, every option bound and
 * every type known.  Immutable; a run makes state trees over it.
 *
 *	node ─ port ─► edge ─► node      nodes stand in topological order
 *
 * Each node is one stage.  Its outputs are ports: 0 the main one, then those
 * that the stage type declares, and last `rejected`.  An edge joins a port to
 * an input of another node; several edges may end at one input (a union).
 */
#ifndef WEIR_PLAN_PLAN_H
#define WEIR_PLAN_PLAN_H

#include "base/arena.h"
#include "base/error.h"
#include "dsl/ast.h"
#include "expr/expr.h"
#include "host/load.h"
#include "weir/plugin.h"

struct weir__node;

/* Where a column of an output comes from. */
enum weir__out_how {
	WEIR__OUT_NEW,	/* the stage fills it */
	WEIR__OUT_PASS, /* column `col` of input `input`, unchanged */
	WEIR__OUT_EXPR, /* the engine computes `expr` (engine_run nodes) */
};

struct weir__out {
	enum weir__out_how how;
	uint32_t input;
	uint32_t col;
	const struct weir_expr *expr;
};

struct weir__edge {
	struct weir__node *to;
	uint32_t input;
};

struct weir__port {
	const char *name; /* "" the main output, "late", "rejected" */
	struct weir_schema schema;
	struct weir__out *outs; /* schema.ncols of them */
	uint8_t *wanted;	/* schema.ncols: is it read downstream? */
	struct weir__edge *edges;
	size_t nedges;
	bool may_go_unread; /* unread rows are dropped, not quarantined */
};

struct weir__input {
	const struct weir_schema *schema;
	const char *alias;
	uint8_t *reads;	  /* schema->ncols: read by the stage itself, by its
			   * expressions, or passed to a wanted output */
	size_t nproducers;
	struct weir__edge *producers; /* .to the node, .input its port */
};

struct weir__watermark {
	bool on;
	uint32_t col; /* of input 0 */
	int64_t delay;
	int64_t idle; /* 0: never */
	int64_t max_ahead;
};

struct weir__bound_list {
	const struct weir_expr **list; /* in source order */
	size_t n;
};

struct weir_table {
	struct weir_table_spec spec;
	struct weir__node *node;
	uint32_t no; /* in the node */
	struct weir_table *next;
};

struct weir__node {
	uint32_t no;
	const char *id;	    /* unique; messages, metrics, ledger, state */
	const char *label;  /* error_stage: the statement's name, with the verb
			     * behind it where the statement has several
			     * stages; else the id */
	const char *stream; /* the name of the statement, or "" */
	const char *target; /* sinks: the text of what they write to, or "" */
	const char *place;  /* sinks: the absolute path of that, or "" */
	const char *what;   /* "json.decode" */
	struct weir_span span;	    /* of plugin.verb in the file */
	const struct weir__plugin *plugin;
	const struct weir_stage_type *type;
	void *config;
	struct weir__ast_stage *ast;

	struct weir__input *inputs;
	uint32_t ninputs; /* sources: 0 */
	struct weir__port *ports;
	uint32_t nports; /* 1 + declared + 1; the last is `rejected` */

	/* Expressions of options over input 0, evaluated by the engine before
	 * process or write; the result of list[i] is column i of the call.
	 * NAMED entries that see earlier ones refer to them as columns
	 * ncols + (their place in `named`). */
	struct weir__bound_list exprs;
	const struct weir_aggs **aggs; /* likewise: their arguments */
	size_t naggs;

	/* engine_run: the stage is a filter and output expressions, run by the
	 * engine, fused with its neighbours where one reads the other alone.
	 * Output expressions of a chained option see earlier ones as columns
	 * ncols + i, in the order of `chained`. */
	bool engine_run;
	const struct weir_expr *filter; /* or NULL */
	const struct weir_expr **chained;
	size_t nchained;

	struct weir__watermark watermark;
	struct weir_table *tables;
	uint32_t ntables;
	bool spool;	    /* sinks: the engine keeps a spool for it */
	bool with_state;    /* sinks: it lies in the state directory */
	bool is_quarantine; /* made by the plan for ports that no one reads */
	const struct weir__node *origin; /* the source upstream, or NULL */
};

/* The engine's own settings. */
struct weir__settings {
	struct weir_config config;
	struct weir_str state;
	struct weir_str quarantine;
	struct weir_str quarantine_writer;
	int32_t quarantine_value; /* 0 keep, 1 hash, 2 omit */
	struct {
		int64_t every; /* us; 0: the default */
		int64_t rows;  /* 0: no limit */
		uint64_t bytes;
	} epoch;
	uint64_t memory; /* bytes for queues and state */
	uint64_t spool;	 /* bytes on disk for each sink that is behind */
	struct {
		int64_t age; /* us */
		uint64_t size; /* bytes; 0: nothing is kept */
	} replay;
	int64_t workers;
};

/* Something outside that the plan was made with. */
struct weir__plan_note {
	struct weir__plan_note *next;
	const char *name; /* of a time zone; the path of a file */
	uint64_t hash;	  /* of a zone */
};

struct weir__plan {
	struct weir__arena ar;
	struct weir__errors *errors;
	const char *path; /* of the pipeline file */
	const char *stem; /* its name without directory and .weir */
	struct weir__ast_file *ast;
	struct weir__settings settings;
	struct weir__param *params;
	size_t nparams;
	struct weir__loader *loader;
	struct weir__registry *registry;
	struct weir__node **nodes; /* topological order, producers first */
	size_t nnodes;
	const char *state_dir;	   /* absolute or relative to the cwd */
	const char *quarantine_dir;
	/* What it was made of (plan/parts.h). */
	uint64_t text_hash;
	struct weir__plan_note *zones, *files;
};

/* `--set name=value`. */
struct weir__setting {
	const char *name;
	const char *value;
	bool used;
};

struct weir__plan_options {
	const char *path; /* the file, or with `text` what errors call it */
	const char *text; /* the pipeline itself, or NULL: read the file */
	struct weir__setting *sets;
	size_t nsets;
	const char *const *plugin_dirs;
	size_t nplugin_dirs;
	bool need_secrets; /* run: yes, check: no */
};

/* The columns of every `rejected` port. */
enum weir__rejected_col {
	WEIR__REJ_SOURCE,
	WEIR__REJ_PARTITION,
	WEIR__REJ_OFFSET,
	WEIR__REJ_TIMESTAMP,
	WEIR__REJ_KEY,
	WEIR__REJ_VALUE,
	WEIR__REJ_ROW,
	WEIR__REJ_STAGE,
	WEIR__REJ_CODE,
	WEIR__REJ_TEXT,
	WEIR__REJ_COLUMN,
	WEIR__REJ_POSITION,
	WEIR__REJ_AT,
	WEIR__REJ_ID,
	WEIR__REJ_COLS
};
extern const struct weir_schema weir__rejected_schema;

/* The plugin whose verbs need no prefix. */
#define WEIR__CORE "core"

/* The host table that bind, init and all other calls get: plan's half fills in
 * binding, run's half the rest. */
extern const struct weir_host weir__host;

/* Read, resolve and check.  Errors are in `es` (also when a plan comes back
 * damaged: then es->n is not 0 and it must not be run).  NULL when the file
 * can't be read at all or memory is out; es says which. */
struct weir__plan *weir__plan_make(struct weir__errors *es,
    const struct weir__plan_options *op);
void weir__plan_free(struct weir__plan *pl);

/* The plan as text, and as a graph for dot(1). */
void weir__plan_explain(struct weir__buf *bf, const struct weir__plan *pl);
void weir__plan_dot(struct weir__buf *bf, const struct weir__plan *pl);

/* The engine's settings as an option table, for help and man pages. */
extern const struct weir_option *const weir__settings_options[];

#endif
