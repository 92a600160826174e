/* SPDX-License-Identifier: MIT
 *
 * A bound expression from the inside: a tree of nodes, each with the function
 * that computes it over all rows at once.
 *
 *	node ── args ──► nodes          eval(cx, node, rows) ──► vec
 *	  │
 *	  └─ value, kcol                constants: one value, one row of it
 *
 * `rows` narrows as it goes down: an operand of `if`, `case`, `and`, `or` or
 * `??` is only asked for the rows that it decides, and only those can fail.
 */
#ifndef WEIR_EXPR_NODE_H
#define WEIR_EXPR_NODE_H

#include "batch/batch.h"
#include "expr/expr.h"

/* The values of a node over the rows of a batch. */
struct weir__vec {
	struct weir_column co;
	bool konst;	  /* co is one row that stands for all */
	uint64_t *errors; /* rows that failed; NULL: none */
	uint32_t *why;	  /* with errors: numbers in the log, by row */
};

/* A value computed once for several uses: `x between a and b` reads x twice. */
struct weir__let {
	const void *key;
	struct weir__vec v;
	struct weir__let *up;
};

/* One evaluation. */
struct weir__cx {
	struct weir__eval *ev;
	struct weir__arena *ar;
	uint32_t n;	/* rows */
	uint32_t words; /* of a bitmap of them */
	struct weir__let *lets;
	struct weir__row_error *log; /* failures, dropped ones too */
	uint32_t nlog;
	uint32_t caplog;
};

/* 0, or -1 when memory is out. */
typedef int weir__node_eval(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out);

/* Constants that were written as such take the type of what is beside them. */
enum weir__literal {
	WEIR__LIT_NONE = 0,
	WEIR__LIT_NULL,
	WEIR__LIT_INT,
	WEIR__LIT_DECIMAL,
	WEIR__LIT_STRING,
	WEIR__LIT_LIST,
};

struct weir__arith;
struct weir__cmp;
struct weir__cast;
struct weir__in;
struct weir__like;

struct weir_expr {
	weir__node_eval *eval;
	const struct weir_type *type;
	struct weir_span span; /* all of it */
	struct weir_span op;   /* what an error of a row points at */
	const char *name;
	const char *text; /* as written, printed canonically; the root's */
	bool required;	  /* never null */
	bool fallible;	  /* rows may fail */
	bool secret;
	bool unknown; /* a secret constant that was not read */
	bool pure;    /* same operands, same value */
	bool closed;  /* reads no row */
	bool made;    /* COLUMN: an entry made before, not of the input */
	bool guards;  /* may drop its operands' errors */
	uint8_t literal;
	const struct weir_err *doomed; /* a constant that fails on every row */
	const struct weir_value *value; /* constants */
	const char *prefix;		/* of constant text: NUL-ended */
	struct weir_column kcol;	/* constants: one row */
	struct weir_expr **args;
	uint32_t nargs;
	union {
		uint32_t col;	     /* COLUMN; FIELD: the field */
		const char *origin;  /* ORIGIN */
		const void *key;     /* LET, REF */
		bool negated;	     /* IS_NULL */
		const struct weir__arith *arith;
		const struct weir__cmp *cmp;
		const struct weir__cast *cast;
		const struct weir__in *in;
		const struct weir__like *like;
		const struct weir__call *call;
		struct {
			bool path;
			uint8_t *pieces; /* an arg: came of ${}, not text */
		} tmpl;
	} u;
};

/* ---- evaluation, eval.c */

static inline int
weir__node_run(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	memset(out, 0, sizeof *out);
	return ex->eval(cx, ex, rows, out);
}

weir__node_eval weir__eval_const, weir__eval_column, weir__eval_origin,
    weir__eval_field, weir__eval_let, weir__eval_ref, weir__eval_record,
    weir__eval_list, weir__eval_index, weir__eval_template, weir__eval_call;

/* Begin; and at the end, give the errors that are left to the caller. */
void weir__cx_init(struct weir__cx *cx, struct weir__eval *ev);
int weir__cx_errors(struct weir__cx *cx, struct weir__vec *v);

/* A bitmap for cx->n rows in the arena, all zeroes or all ones. */
uint64_t *weir__cx_bits(struct weir__cx *cx, bool ones);

/* Make a constant a whole column. */
int weir__vec_flatten(struct weir__cx *cx, struct weir__vec *v,
    const struct weir_type *ty);

/* out gets the errors of `from` too, where it has none of its own. */
int weir__vec_errors(struct weir__cx *cx, struct weir__vec *out,
    const struct weir__vec *from);
/* The same for rows of a mask only. */
int weir__vec_errors_in(struct weir__cx *cx, struct weir__vec *out,
    const struct weir__vec *from, const uint64_t *mask);

/* Row `row` of `out` fails.  fmt is a printf format. */
int weir__vec_fail(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_expr *ex, uint32_t row, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Rows that count, whose operands are not null and did not fail: a new bitmap,
 * or one of the arguments' own; NULL: all.  -1 when memory is out. */
int weir__vec_live(struct weir__cx *cx, const uint64_t *rows,
    const uint64_t *valid, const uint64_t *errors, const uint64_t **live);

/* valid of two operands together, in out->co.valid; a constant null counts. */
int weir__vec_valid(struct weir__cx *cx, struct weir__vec *out,
    const struct weir__vec *v);

/* Storage for the values of a type in out->co, one row each. */
int weir__vec_alloc(struct weir__cx *cx, struct weir__vec *out,
    const struct weir_type *ty);

/* Text for one row into the arena (short text into the slice itself). */
int weir__put_text(struct weir__cx *cx, struct weir_str *to, const char *p,
    size_t n);

/* The mask with all words there and no bits past the last row. */
static inline uint64_t
weir__tail_mask(uint32_t n, uint32_t w)
{
	uint32_t left = n - w * 64;

	return left >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << left) - 1;
}

static inline bool
weir__live(const uint64_t *live, uint32_t i)
{
	return live == NULL || weir_bit(live, i);
}

/* Index of a row in a vec that may be constant. */
static inline uint32_t
weir__vec_at(const struct weir__vec *v, uint32_t i)
{
	return v->konst ? 0 : i;
}

/* 64 bytes of 0 or 1 to a word. */
static inline uint64_t
weir__pack64(const uint8_t *m)
{
	uint64_t w = 0, x;
	unsigned i;

	for (i = 0; i < 8; i++) {
		memcpy(&x, m + i * 8, 8);
		w |= (x * 0x0102040810204080u >> 56) << (i * 8);
	}
	return w;
}

#endif
