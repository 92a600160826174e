/* SPDX-License-Identifier: MIT
 *
 * Functions and aggregates by name, and their signatures.
 *
 * The built-in ones are in fn_*.c (expr/fn.h), agg_*.c (expr/agg.h) and, those
 * that the binder knows, in fn_core.c.
 */
#ifndef WEIR_EXPR_REGISTRY_H
#define WEIR_EXPR_REGISTRY_H

#include "expr/expr.h"

extern const struct weir_function *const weir__fn_core[];

/* What a name may mean: built-in ones first, then plugins'.  `plugin` NULL:
 * any.  How many plugins have it goes to *n (0 with a built-in one); the name
 * of one of them to *of. */
const struct weir_function *weir__registry_function(
    const struct weir__registry *re, const char *plugin, const char *name,
    size_t *n);
const struct weir_aggregate *weir__registry_aggregate(
    const struct weir__registry *re, const char *plugin, const char *name,
    size_t *n);
/* Why the plugin could not be loaded; NULL when it was, or no one tried. */
const struct weir_err *weir__registry_refused(
    const struct weir__registry *re, const char *plugin);
/* The nearest name of either, or NULL. */
const char *weir__registry_nearest(const struct weir__registry *re,
    const char *name, bool aggregates);

/* ---- signatures: "string, key: string, [int64], T... -> T" */

#define WEIR__SIG_ARGS 16

struct weir__sig_arg {
	const char *name; /* or NULL */
	size_t nname;
	const char *type;
	size_t ntype;
	bool optional;
	bool variadic;
};

struct weir__sig {
	struct weir__sig_arg args[WEIR__SIG_ARGS];
	uint32_t nargs;
	const char *result;
	size_t nresult;
};

/* False where the text is no signature. */
bool weir__sig_parse(struct weir__sig *sg, const char *text);

struct weir__binder;

/* A call being matched: arguments in the order of the signature. */
struct weir__match {
	struct weir_expr *args[64];
	uint32_t nargs;
	const struct weir_type *result; /* NULL: bind tells ("?") */
};

/* Do these fit?  names[i] is NULL for positional arguments.  When they do,
 * mt is filled in with the arguments converted. */
bool weir__sig_match(struct weir__binder *bd, const struct weir__sig *sg,
    struct weir_expr *const *args, const char *const *names, uint32_t nargs,
    bool text_literals, struct weir__match *mt);

#endif
