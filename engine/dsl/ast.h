/* SPDX-License-Identifier: MIT
 *
 * The syntax tree of a .weir file: what was written, not what it means.
 *
 * Every node lies in the arena given to the parser and keeps the span of its
 * text, so that an error found much later still points at the file.  Arrays
 * are pointer and count, in the order of the file.  Names are NUL-ended, valid
 * UTF-8, without their backquotes.
 *
 *	file ─► items ─┬─ param, settings, schema, define, include, test
 *	               ├─ stream   name = head -> stage -> stage
 *	               └─ part ─► items
 *	stage ─► args (expr) + entries (name: expr, or name: type)
 */
#ifndef WEIR_DSL_AST_H
#define WEIR_DSL_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

struct weir__ast_expr;
struct weir__ast_item;

/* No expression is higher; the parser says so where one would be. */
#define WEIR__AST_HEIGHT 1000

/* A name and where it stands; the span takes in the backquotes. */
struct weir__ast_name {
	const char *text; /* NULL: not written */
	struct weir_span span;
};

/* A type as written.  `args` are expressions because only the type's name
 * says how to read them: decimal(12, 2) two INT, timestamp("...") a STRING,
 * timestamp(ms) a NAME, list(T) and map(T) a type (weir__ast_expr_as_type).
 * A schema's name is also a type. */
struct weir__ast_type {
	struct weir_span span;	    /* with the `!` */
	struct weir__ast_name name; /* "string", "decimal", "struct", ... */
	bool has_args;		    /* parentheses were written */
	struct weir__ast_expr **args;
	size_t nargs;
	struct weir__ast_field *fields; /* struct { ... } */
	size_t nfields;
	bool required;	 /* `!` */
	uint16_t height; /* as an expression's */
};

/* name: type! from "other name" -- in a schema and in struct { ... }. */
struct weir__ast_field {
	struct weir_span span;
	struct weir__ast_name name;
	struct weir__ast_type *type; /* never NULL */
	const char *from;	     /* or NULL */
	struct weir_span from_span;
};

/* One entry of a record, of the settings or of a stage's braces.  Where only
 * an expression was written (`select { base, at }`) name.text is NULL. */
struct weir__ast_entry {
	struct weir_span span;
	struct weir__ast_name name;
	struct weir__ast_expr *value; /* never NULL */
};

/* One argument of a call or one option of a stage: `value` or `name: value`.
 * Positional ones come first, the parser sees to it. */
struct weir__ast_arg {
	struct weir_span span;
	struct weir__ast_name name; /* name.text NULL: positional */
	struct weir__ast_expr *value;
};

/* One piece of a template: text, or an expression when `expr` is not NULL. */
struct weir__ast_piece {
	struct weir_span span;
	const char *text; /* unescaped, NUL-ended; may hold NULs itself */
	size_t len;
	struct weir__ast_expr *expr;
};

enum weir__ast_kind {
	WEIR__E_BAD,	  /* could not be read; an error was reported: say no
			   * more about it */
	WEIR__E_NULL,
	WEIR__E_BOOL,	  /* u.b */
	WEIR__E_INT,	  /* u.num: a literal; a leading minus is folded in */
	WEIR__E_DECIMAL,  /* u.num.text "-12.50": has a point */
	WEIR__E_FLOAT,	  /* u.num.f: has an exponent, 1e6 */
	WEIR__E_STRING,	  /* u.str: no ${...} in it */
	WEIR__E_TEMPLATE, /* u.tmpl */
	WEIR__E_DURATION, /* u.i, microseconds */
	WEIR__E_SIZE,	  /* u.i, bytes */
	WEIR__E_NAME,	  /* u.name: a column, param, stream or word */
	WEIR__E_FIELD,	  /* u.field: of.name */
	WEIR__E_INDEX,	  /* u.bin: a[b] */
	WEIR__E_CALL,	  /* u.call */
	WEIR__E_NEG,	  /* u.bin.a */
	WEIR__E_NOT,	  /* u.bin.a */
	WEIR__E_ADD,	  /* u.bin from here ... */
	WEIR__E_SUB,
	WEIR__E_MUL,
	WEIR__E_DIV,	/* / */
	WEIR__E_IDIV,	/* // */
	WEIR__E_MOD,
	WEIR__E_EQ,	/* == */
	WEIR__E_NE,
	WEIR__E_LT,
	WEIR__E_LE,
	WEIR__E_GT,
	WEIR__E_GE,
	WEIR__E_AND,
	WEIR__E_OR,
	WEIR__E_COALESCE, /* a ?? b, groups to the right; ... to here */
	WEIR__E_IN,	  /* u.bin: a in b; b is a LIST or any expression;
			   * u.bin.negated: not in */
	WEIR__E_LIKE,	  /* u.bin, negated: not like */
	WEIR__E_IS_NULL,  /* u.bin.a, negated: is not null */
	WEIR__E_BETWEEN,  /* u.cond: x between a and b, negated */
	WEIR__E_IF,	  /* u.cond: if x then a else b; b NULL: no else */
	WEIR__E_CASE,	  /* u.cases */
	WEIR__E_CAST,	  /* u.cast: cast(x as type) */
	WEIR__E_AS,	  /* u.as: `products as p`, only as an argument */
	WEIR__E_LIST,	  /* u.list: [a, b] */
	WEIR__E_RECORD,	  /* u.record: { name: value, ... } */
	WEIR__E_REQUIRED, /* u.bin.a: `string!`; only a type may be so */
	WEIR__E_TYPE,	  /* u.type: struct { ... }; only a type */
	WEIR__E_KINDS
};

struct weir__ast_when {
	struct weir_span span;
	struct weir__ast_expr *when;
	struct weir__ast_expr *then;
};

struct weir__ast_expr {
	enum weir__ast_kind kind;
	struct weir_span span;
	struct weir_span op; /* the operator, the name after the point of a
			      * FIELD, the function's name of a CALL */
	bool parens;	     /* stood in parentheses (span without them) */
	uint16_t height;     /* 1, or 1 more than the highest part's: so deep
			      * will a walk recurse */
	union {
		bool b;
		int64_t i;
		struct {
			int64_t i; /* INT, when not `big` */
			double f;  /* FLOAT */
			bool big;  /* INT beyond int64: only text is right */
			const char *text; /* digits, sign and point, no `_` */
		} num;
		struct {
			const char *text; /* unescaped, NUL-ended */
			size_t len;
		} str;
		struct {
			struct weir__ast_piece *pieces;
			size_t n;
		} tmpl;
		struct {
			const char *text;
			bool quoted; /* in backquotes: never a word */
		} name;
		struct {
			struct weir__ast_expr *of;
			const char *name;
		} field;
		struct {
			const char *plugin; /* `plugin.name(...)`, or NULL */
			const char *name;
			struct weir__ast_arg *args;
			size_t nargs;
		} call;
		struct {
			struct weir__ast_expr *a;
			struct weir__ast_expr *b;
			bool negated;
		} bin;
		struct {
			struct weir__ast_expr *x;
			struct weir__ast_expr *a;
			struct weir__ast_expr *b;
			bool negated;
		} cond;
		struct {
			struct weir__ast_expr *operand; /* or NULL */
			struct weir__ast_when *whens;	/* one at least */
			size_t n;
			struct weir__ast_expr *otherwise; /* or NULL */
		} cases;
		struct {
			struct weir__ast_expr *x;
			struct weir__ast_type *type;
		} cast;
		struct {
			struct weir__ast_expr *x;
			struct weir__ast_name name;
		} as;
		struct {
			struct weir__ast_expr **items;
			size_t n;
		} list;
		struct {
			struct weir__ast_entry *entries;
			size_t n;
		} record;
		struct weir__ast_type *type;
	} u;
};

/* plugin.verb(args) { entries }, or a choice between two such stages.  In a
 * damaged item a choice's stage may lack its verb (text NULL); a chain's never
 * does, but the chain may lack stages. */
struct weir__ast_stage {
	struct weir_span span;	      /* first letter to last bracket */
	struct weir__ast_name plugin; /* text NULL: a verb of core, or the
				       * call of a `define` */
	struct weir__ast_name verb;
	struct weir_span name_span; /* plugin.verb */
	bool has_parens;
	struct weir_span parens; /* from ( to ) */
	struct weir__ast_arg *args;
	size_t nargs;
	bool has_braces;
	struct weir_span braces; /* from { to } */
	struct weir__ast_entry *entries;
	size_t nentries;
	/* if cond then yes else no; when cond is not NULL, all above but
	 * span is empty */
	struct weir__ast_expr *cond;
	struct weir__ast_stage *yes;
	struct weir__ast_stage *no; /* or NULL */
};

/* A stream by name: name, or name.port. */
struct weir__ast_ref {
	struct weir_span span;
	struct weir__ast_name name;
	struct weir__ast_name port; /* text NULL: the main output */
};

/* head -> stage -> stage.  The head is one reference, a union of several, or,
 * when nrefs is 0, the first stage. */
struct weir__ast_chain {
	struct weir_span span;
	struct weir__ast_ref *refs;
	size_t nrefs;
	bool is_union; /* [a, b]: brackets were written */
	struct weir__ast_stage **stages;
	size_t nstages;
};

enum weir__ast_what {
	WEIR__I_PARAM,
	WEIR__I_SETTINGS,
	WEIR__I_SCHEMA,
	WEIR__I_STREAM,
	WEIR__I_PART,
	WEIR__I_DEFINE,
	WEIR__I_INCLUDE,
	WEIR__I_TEST,
};

/* One declaration or statement. */
struct weir__ast_item {
	enum weir__ast_what what;
	struct weir_span span;	    /* all of it */
	struct weir_span word;	    /* `param`, `schema`, ...; not a stream */
	struct weir__ast_name name; /* param, schema, part, define; a stream's
				     * when named; a test's text */
	bool damaged;		    /* an error lies in it: what is here is
				     * only part of what was written */
	union {
		struct {
			struct weir__ast_type *type;  /* or NULL */
			struct weir__ast_expr *value; /* or NULL: must be set */
		} param;
		struct {
			struct weir__ast_entry *entries;
			size_t n;
		} settings;
		struct {
			struct weir__ast_field *fields;
			size_t n;
			struct weir__ast_expr *value; /* avro("...") or NULL */
		} schema;
		struct weir__ast_chain chain; /* stream */
		struct {
			struct weir__ast_item *items;
			size_t n;
			struct weir_span braces;
		} part;
		struct {
			struct weir__ast_entry *params; /* value NULL: no
							 * default */
			size_t nparams;
			struct weir__ast_chain chain;
		} define;
		struct {
			const char *path;
			struct weir_span path_span;
		} include;
		struct {
			struct weir_span braces; /* the body, unread */
		} test;
	} u;
};

struct weir__ast_comment {
	struct weir_span span; /* from # to before the line's end */
	bool own_line;	       /* nothing but blanks before it */
};

/* A plugin that the file names, in a stage or in a call: each once. */
struct weir__ast_plugin {
	struct weir__ast_plugin *next;
	const char *name;
	struct weir_span span; /* where first */
};

struct weir__ast_file {
	uint32_t src;
	struct weir__ast_item *items;
	size_t nitems;
	struct weir__ast_comment *comments;
	size_t ncomments;
	struct weir__ast_plugin *plugins; /* in the order of the file */
	bool damaged; /* any item was, or something was left out */
};

/* Read source text `src` as a whole file.  Goes on after errors, which are
 * added to `es`; the tree holds what could be read.  NULL only when memory is
 * out. */
struct weir__ast_file *weir__parse(struct weir__arena *ar,
    struct weir__errors *es, uint32_t src);

/* Read a whole source text as one expression, or as one value (literals,
 * words, lists, records and types, as in an option's default: no operators and
 * no names with points).  NULL when memory is out or an error was added. */
struct weir__ast_expr *weir__parse_expr(struct weir__arena *ar,
    struct weir__errors *es, uint32_t src);
struct weir__ast_expr *weir__parse_value(struct weir__arena *ar,
    struct weir__errors *es, uint32_t src);

/* Read a whole source text as a type: "list(string!)". */
struct weir__ast_type *weir__parse_type(struct weir__arena *ar,
    struct weir__errors *es, uint32_t src);

/* The same text read as a type: NAME, CALL, REQUIRED and TYPE can be one.
 * NULL when it can't be a type (or memory is out); adds no error. */
struct weir__ast_type *weir__ast_expr_as_type(struct weir__arena *ar,
    const struct weir__ast_expr *e);

/* A size as text, as an environment variable or --set brings it, to bytes:
 * "128MiB", "10 MB", "1.5GiB", "4096".  0, or -1 when it is none or too large.
 * (Durations: weir__time_parse_duration in base/time.h.) */
int weir__size_from_text(int64_t *bytes, const char *s, size_t len);

/* Canonical text: one line, one blank where blanks belong, parentheses where
 * they are needed; reading it again gives the same tree. */
void weir__ast_expr_print(struct weir__buf *bf, const struct weir__ast_expr *e);
void weir__ast_type_print(struct weir__buf *bf, const struct weir__ast_type *t);

/* A name, in backquotes where it must be; a string in quotes with escapes. */
void weir__ast_name_print(struct weir__buf *bf, const char *name);
void weir__ast_string_print(struct weir__buf *bf, const char *s, size_t len);

/* The file's text laid out as it should be: the same tokens and comments.
 * 0, or -1 when the file is damaged or memory is out. */
int weir__fmt(struct weir__buf *out, struct weir__arena *ar,
    struct weir__errors *es, const struct weir__ast_file *f);

/* From the first byte of `a` to the last of `b`. */
static inline struct weir_span
weir__span_join(struct weir_span a, struct weir_span b)
{
	a.end = b.end > a.end ? b.end : a.end;
	return a;
}

#endif
