/* SPDX-License-Identifier: MIT
 *
 * Typed expressions: binding a syntax tree to columns, params and functions,
 * and evaluating it over the rows of a batch, column by column.
 *
 *	ast ──bind──► struct weir_expr (typed, folded) ──eval──► column
 *	                                                        + errors by row
 *
 * Every expression yields values, validity and a bitmap of rows that failed.
 * `if`, `case`, `??`, `and`, `or` and `in` drop the errors of operands that do
 * not decide the row (three-valued: `false and error` is false).
 */
#ifndef WEIR_EXPR_EXPR_H
#define WEIR_EXPR_EXPR_H

#include "base/arena.h"
#include "base/error.h"
#include "dsl/ast.h"
#include "weir/plugin.h"

/* A constant by name: a param. */
struct weir__param {
	const char *name;
	struct weir_value value;
	bool secret;  /* tainted: see DESIGN, Declarations */
	bool unknown; /* a secret that `check` did not need to read */
	struct weir_span span;
};

/* All functions and aggregates that a pipeline may call: the built-in ones and
 * those of the plugins named in the file. */
struct weir__registry;

struct weir__registry *weir__registry_new(void); /* with the built-in ones */
void weir__registry_free(struct weir__registry *re);
/* Add a plugin's; -1 and err on a clash or when memory is out. */
int weir__registry_add(struct weir__registry *re, const struct weir_plugin *pl,
    struct weir_err *err);
/* Calls of this plugin's are answered with `err`, why it was not loaded; -1 when
 * memory is out.  The name must live as long. */
int weir__registry_refuse(struct weir__registry *re, const char *plugin,
    const struct weir_err *err);
/* All, for `inspect` and the man page; sorted by name. */
size_t weir__registry_functions(const struct weir__registry *re,
    const struct weir_function *const **list);
size_t weir__registry_aggregates(const struct weir__registry *re,
    const struct weir_aggregate *const **list);

/* What names mean where an expression stands. */
struct weir__scope {
	struct weir__arena *ar; /* bound expressions live here */
	struct weir__errors *errors;
	const struct weir__registry *functions;
	const struct weir_host *host; /* handed to functions */

	/* Columns 0..ncols of the input; NULL: constants only. */
	const struct weir_schema *schema;
	/* Entries made before this one (`set`): columns ncols, ncols + 1 ...
	 * A name found there hides a column of the input. */
	const struct weir_named *earlier;
	size_t nearlier;

	const struct weir__param *params;
	size_t nparams;

	bool has_origin; /* origin.topic and so on may be read: topic
			  * partition offset timestamp key headers, columns of
			  * the source's own batch */
	const struct weir_schema *origin; /* those columns and their types */
	bool path;	   /* templates escape what ${} puts in; null becomes
			    * __HIVE_DEFAULT_PARTITION__ */
	bool allow_secret; /* the place takes tainted values */
	bool allow_env;	   /* env("NAME"[, default]) (params, settings, options) */
	bool need_secrets; /* false (`check`): an unset env() inside secret()
			    * is no error */
	/* Schemas by name, for casts and types. */
	const struct weir_schema *(*find_schema)(void *arg, const char *name);
	void *find_arg;
	/* A time zone is used, and this is the hash of its data: 0, or -1 when
	 * memory is out.  NULL: no one asks. */
	int (*zone_used)(void *find_arg, const char *name, uint64_t hash);
};

/* Bind.  NULL after errors were added to the scope's.  `want`, when not NULL,
 * is the type that the place needs: literals take it, int and decimal widen to
 * it; anything else is an error that names both. */
struct weir_expr *weir__expr_bind(struct weir__scope *sc,
    const struct weir__ast_expr *as, const struct weir_type *want);

/* What stands for an expression that is in error, so that all else can still be
 * bound: a column made of it has a type that is not known, and whatever reads
 * that is in error, too, without another word.  NULL when memory is out. */
struct weir_expr *weir__expr_unknown(struct weir__scope *sc,
    struct weir_span span, const char *name);

/* Bind and evaluate a constant.  -1 after errors were added.  The value's
 * memory is the scope's arena. */
int weir__expr_constant(struct weir__scope *sc, const struct weir__ast_expr *as,
    const struct weir_type *want, struct weir_value *v, bool *secret);

/* Text (environment, --set) to a value of the type: "30 seconds", "48",
 * "true".  -1 and err. */
int weir__value_from_text(struct weir__arena *ar, struct weir_value *v,
    const struct weir_type *ty, const char *text, size_t len,
    struct weir_err *err);
/* The value as the language writes it. */
void weir__value_print(struct weir__buf *bf, const struct weir_value *v);
/* The value as people read it in a table: text without quotes. */
void weir__value_show(struct weir__buf *bf, const struct weir_value *v);

/* A type as written to a type; `int`, `float` stand for 64 bits.  NULL after
 * errors were added.  format (timestamps) may be NULL. */
const struct weir_type *weir__type_bind(struct weir__scope *sc,
    const struct weir__ast_type *as, const char **format);

/* Facts about a bound expression. */
const struct weir_type *weir__expr_type(const struct weir_expr *ex);
bool weir__expr_required(const struct weir_expr *ex); /* can't be null */
bool weir__expr_fallible(const struct weir_expr *ex);
bool weir__expr_secret(const struct weir_expr *ex);
const struct weir_value *weir__expr_const(const struct weir_expr *ex);
int32_t weir__expr_column_no(const struct weir_expr *ex);
struct weir_span weir__expr_span(const struct weir_expr *ex);
const char *weir__expr_name(const struct weir_expr *ex);
void weir__expr_set_name(struct weir_expr *ex, const char *name);
/* The constant text with which every value of a text expression begins; "" where
 * there is none. */
const char *weir__expr_prefix(const struct weir_expr *ex);
void weir__expr_print(struct weir__buf *bf, const struct weir_expr *ex);
/* Call fn for each column (by number) and each origin name it reads. */
void weir__expr_reads(const struct weir_expr *ex,
    void (*column)(void *arg, uint32_t col),
    void (*origin)(void *arg, const char *name), void *arg);

/* ---- evaluation */

struct weir__row_error {
	struct weir__row_error *next;
	uint32_t row;
	struct weir_span span; /* of the failing operation */
	const char *code;      /* "expr.overflow", "expr.cast", "expr.zero" */
	const char *text;
};

/* One evaluation over a batch.  The caller sets the upper part. */
struct weir__eval {
	struct weir__arena *ar;		/* results live here */
	const struct weir_batch *b;	/* for its origin and root */
	const struct weir_column *cols; /* by number: input columns, then
					 * entries made before */
	uint32_t nrows;
	const uint64_t *rows; /* rows that count, or NULL: all */
	int64_t now;
	const struct weir_host *host;

	/* Out: failed rows of the last call (a bitmap, or NULL: none) and why;
	 * only rows whose bit is set in `errors` failed. */
	uint64_t *errors;
	struct weir__row_error *list; /* an array, sorted by row */
	uint32_t nlist;
};

/* Evaluate; 0, or -1 when memory is out.  The column may share memory with
 * the input's. */
int weir__expr_eval(struct weir__eval *ev, const struct weir_expr *ex,
    struct weir_column *out);

/* The error of a row whose bit is set, the first in source order. */
const struct weir__row_error *weir__eval_error(const struct weir__eval *ev,
    uint32_t row);

/* A condition: bits set where true (not null, no error); ev->errors as above.
 * `bits` has a word for every 64 rows. */
int weir__expr_filter(struct weir__eval *ev, const struct weir_expr *ex,
    uint64_t *bits);

/* ---- aggregates: engine/expr/aggs.c */

/* `name: expression with aggregate calls` entries, bound.  NULL after errors.
 * Arguments and filters are row expressions over the scope's input; the outer
 * expression sees aggregate results and params. */
struct weir_aggs *weir__aggs_bind(struct weir__scope *sc,
    const struct weir__ast_entry *entries, size_t n);
/* The same with a list also after errors, *whole is false then: entries that
 * could not be bound have a type that is not known.  NULL when memory is out
 * or a name is missing. */
struct weir_aggs *weir__aggs_bind_all(struct weir__scope *sc,
    const struct weir__ast_entry *entries, size_t n, bool *whole);
uint32_t weir__aggs_n(const struct weir_aggs *ag);
const struct weir_field *weir__aggs_field(const struct weir_aggs *ag,
    uint32_t i);
size_t weir__aggs_slot(const struct weir_aggs *ag, size_t *align);
/* What the slots depend on beside the text: " (decimal(8, 2)) ()". */
struct weir__buf;
void weir__aggs_types(const struct weir_aggs *ag, struct weir__buf *bf);
void weir__aggs_reads(const struct weir_aggs *ag,
    void (*column)(void *arg, uint32_t col),
    void (*origin)(void *arg, const char *name), void *arg);

/* The run's half.  A cursor keeps evaluated arguments of one batch. */
struct weir__aggs_cursor;
struct weir__aggs_cursor *weir__aggs_cursor_new(const struct weir_aggs *ag);
void weir__aggs_cursor_free(struct weir__aggs_cursor *cu);
/* Evaluate all arguments and filters over a batch (ev as for an expression);
 * ev->errors and ev->list tell the rows that failed: the caller rejects them
 * and never updates with them.  Results live in ev->ar. */
int weir__aggs_batch(struct weir__aggs_cursor *cu, struct weir__eval *ev);
/* rows[i] into slots[i]; rows whose bit is set in `rejected` are skipped.
 * on_overflow is called for a row that no slot has taken in, and its bit is
 * set. */
int weir__aggs_update(struct weir__aggs_cursor *cu, const uint32_t *rows,
    uint32_t n, void *const *slots, uint64_t *rejected,
    void (*on_overflow)(void *arg, uint32_t row, const char *code,
    const char *text), void *arg);
int weir__aggs_merge(const struct weir_aggs *ag, void *const *into,
    void *const *from, uint32_t n);
/* Columns cols[0..n of aggs) for n slots; storage in the arena.  on_error is
 * called once for a slot on which an expression around the aggregates fails,
 * with the name of the column, and its bit in `failed` (zeroed by the caller)
 * is set; its values mean nothing. */
int weir__aggs_finish(const struct weir_aggs *ag, struct weir__arena *ar,
    void *const *slots, uint32_t n, struct weir_column *cols, int64_t now,
    uint64_t *failed, void (*on_error)(void *arg, uint32_t slot,
    const char *column, const struct weir__row_error *re), void *arg);
/* May an expression around the aggregates fail? */
bool weir__aggs_fallible(const struct weir_aggs *ag);
void weir__aggs_drop(const struct weir_aggs *ag, void *slot);

/* What a slot owns beyond its bytes (WEIR_AGG_OWNS), as bytes: does any slot
 * own something; how many bytes it takes; write them. */
bool weir__aggs_owns(const struct weir_aggs *ag);
size_t weir__aggs_save_size(const struct weir_aggs *ag, const void *slot);
void weir__aggs_save(const struct weir_aggs *ag, const void *slot, char *to);
/* Zero the parts of a slot's bytes that lead to it, freeing nothing. */
void weir__aggs_blank(const struct weir_aggs *ag, void *slot);
/* Read it back into a slot that is blank.  -1: damaged, or memory is out; the
 * slot may then be dropped as any other. */
int weir__aggs_load(const struct weir_aggs *ag, void *slot, const char *p,
    size_t n);

#endif
