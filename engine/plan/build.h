/* SPDX-License-Identifier: MIT
 *
 * What the files of plan/ share while a plan is being made.
 *
 *	declare.c   params, settings, schemas
 *	graph.c     statements to nodes, references to edges, their order
 *	options.c   arguments to a config struct, by the option table
 *	value.c     one value of each option type
 *	host_bind.c what a plugin's bind may call
 *	bind.c      one node after the other, producers first
 *	target.c    what sinks write to
 *	parts.c     what it was all made of
 *	wanted.c    which columns anyone reads; ports that no one reads
 */
#ifndef WEIR_PLAN_BUILD_H
#define WEIR_PLAN_BUILD_H

#include "plan/plan.h"

/* A reference to ports: a stream by name, or a union of several. */
struct weir__target {
	struct weir__node *node;
	uint32_t port;
	struct weir_span span;
};

struct weir__targets {
	struct weir__target *list;
	size_t n;
	size_t cap;
};

/* A statement `name = chain`, or one without a name. */
struct weir__stmt {
	const struct weir__ast_item *item;
	const char *name; /* "" none */
	struct weir__node **nodes; /* one a stage; NULL where it failed */
	size_t nnodes;
	int state; /* 0 new, 1 being resolved, 2 done */
	bool bad;  /* errors have been reported: stay silent */
	struct weir__targets out;
};

/* A schema by name. */
struct weir__named_schema {
	const char *name;
	struct weir_schema schema;
	const struct weir__ast_item *item;
	int state; /* 0 new, 1 being resolved, 2 done, -1 bad */
};

/* Which argument was written for which option of a node. */
struct weir__slots {
	struct weir__ast_expr **value; /* by option; NULL: not written */
	struct weir_span *span;
	struct weir__ast_expr **rest; /* VARIADIC: all of them */
	size_t nrest;
};

/* What building keeps beside each node. */
struct weir__draft {
	struct weir__slots slots;
	struct weir__targets *inputs; /* by input */
	uint32_t ninputs;
	struct weir_stream **streams; /* by option: the STREAM options */
	struct weir__stmt *stmt;
	int state; /* 0 new, 1 being ordered, 2 done */
	bool bad;  /* not to be bound; errors have been reported */
	bool unsure; /* some types are not known, for errors that have been
		      * reported: what the plugin says of it is not */
	bool reads_said;
	struct weir__draft_port *ports;
	uint32_t cap_exprs;
	const char *place; /* of a sink: the directory; NULL: not a path */
	const char *servers; /* where its target is, by commas, or NULL */
};

struct weir__draft_port {
	struct weir_field *cols;
	struct weir__out *outs;
	uint32_t n, cap;
	int32_t event_time; /* -2: follows from what is passed */
	bool event_end;
	const uint32_t *keys;
	uint32_t nkeys;
	bool changes;
};

struct weir_stream {
	uint32_t input;
	const char *alias;
};

struct weir__build {
	struct weir__plan *pl;
	const struct weir__plan_options *op;
	struct weir__errors *es;
	struct weir__arena *ar;
	struct weir__stmt *stmts;
	size_t nstmts;
	struct weir__named_schema *schemas;
	size_t nschemas;
	const struct weir__ast_entry *settings;
	size_t nsettings;
	const struct weir__ast_item *settings_item;
	struct weir__node **nodes; /* as written */
	struct weir__draft **drafts;
	size_t nnodes, cap_nodes;
	bool bad_type; /* a type named a schema that is in error */
	bool failed;   /* memory ran out */
};

/* The handle that a plugin's bind gets. */
struct weir_bind {
	const struct weir_host *host;
	struct weir__build *bu;
	struct weir__node *nd;
	struct weir__draft *dr;
};

/* Memory is out: say so once; NULL. */
void *weir__build_oom(struct weir__build *bu);
void *weir__build_alloc(struct weir__build *bu, size_t n); /* zeroed */

/* An error with "did you mean", when a near name is there. */
void weir__build_unknown(struct weir__build *bu, struct weir_span span,
    const char *code, const char *what, const char *name,
    const char *const *names, size_t n);

/* declare.c */
int weir__build_declare(struct weir__build *bu);
const struct weir_schema *weir__build_schema(struct weir__build *bu,
    const char *name);
/* A scope without columns. */
void weir__build_scope(struct weir__build *bu, struct weir__scope *sc);
/* The entry of the settings block of a plugin for an option, or NULL. */
const struct weir__ast_entry *weir__build_default(struct weir__build *bu,
    const char *plugin, const char *option);

/* parts.c: a time zone, a file that was asked for.  0, or -1 when memory is
 * out. */
int weir__build_zone(struct weir__build *bu, const char *name, uint64_t hash);
int weir__build_file(struct weir__build *bu, const struct weir__node *nd,
    const char *path);

/* graph.c */
int weir__build_graph(struct weir__build *bu);
struct weir__node *weir__build_node(struct weir__build *bu,
    struct weir__stmt *sm, struct weir__ast_stage *as);
int weir__targets_add(struct weir__build *bu, struct weir__targets *ts,
    struct weir__node *nd, uint32_t port, struct weir_span span);

/* target.c: what a sink writes to, and that no other does. */
int weir__build_target(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr);

/* options.c: assign arguments to options (no types yet); then bind them. */
int weir__options_assign(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr);
int weir__options_bind(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr);
/* Of a node that can't be bound because what comes before it is wrong: find
 * the errors that do not depend on its rows. */
int weir__options_probe(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr);
/* Bind a list of entries to an option table (the engine's settings). */
int weir__options_record(struct weir__build *bu, struct weir__scope *sc,
    const struct weir_option *const *table, void *to, uint64_t *set,
    const struct weir__ast_entry *entries, size_t n, const char *what,
    struct weir_span span, bool (*skip)(void *arg, const char *name),
    void *arg);

/* value.c: one option's value. */
struct weir__slot {
	struct weir__build *bu;
	struct weir__scope *sc;
	struct weir__node *nd;	/* NULL: settings */
	struct weir__draft *dr;
	const struct weir_option *op;
	void *to;	 /* where the value goes */
	bool is_default; /* the table's text: params of the file are unknown
			  * to it */
	const char *noun; /* in messages; NULL: option */
};
int weir__value_bind(struct weir__slot *so, struct weir__ast_expr *as);
int weir__value_braces(struct weir__slot *so, struct weir__ast_entry *entries,
    size_t n);

/* bind.c */
int weir__build_bind(struct weir__build *bu);
int weir__bind_node(struct weir__build *bu, struct weir__node *nd,
    struct weir__draft *dr);

/* wanted.c */
int weir__build_quarantine(struct weir__build *bu);
int weir__build_unread(struct weir__build *bu);
int weir__build_wanted(struct weir__build *bu);

#endif
