/* SPDX-License-Identifier: MIT
 *
 * What the parser's files share: cursor.c has the tokens, expr.c reads
 * expressions, type.c types, lists.c what stands in brackets, parse.c all else.
 */
#ifndef WEIR_DSL_PARSE_H
#define WEIR_DSL_PARSE_H

#include "dsl/lex.h"

#define PARSE_DEPTH 200 /* brackets in brackets */

static inline const struct weir__tok *
weir__ps_tok(const struct weir__parser *ps)
{
	return &ps->toks[ps->pos];
}

/* The token after the next `n`; T_END repeats. */
const struct weir__tok *weir__ps_ahead(const struct weir__parser *ps,
    size_t n);

static inline bool
weir__ps_at(const struct weir__parser *ps, enum weir__tok_kind kind)
{
	return weir__ps_tok(ps)->kind == kind;
}

static inline bool
weir__ps_at_word(const struct weir__parser *ps, enum weir__tok_word word)
{
	return weir__ps_tok(ps)->word == word;
}

/* Is the next token this name, unquoted and not reserved? */
bool weir__ps_at_text(const struct weir__parser *ps, const char *s);

/* Go on to the next token; the one that was. */
struct weir__tok weir__ps_next(struct weir__parser *ps);
bool weir__ps_accept(struct weir__parser *ps, enum weir__tok_kind kind);

/* In a list that `closer` ends, take a comma.  At either, reading is in step
 * again, whatever came before. */
bool weir__ps_separated(struct weir__parser *ps, enum weir__tok_kind closer);

struct weir_span weir__ps_span(const struct weir__parser *ps,
    const struct weir__tok *t);

/* From `from` to the end of the token read last. */
struct weir_span weir__ps_since(const struct weir__parser *ps,
    struct weir_span from);

/* "expected WHAT, found ...": at the next token, or behind the last one when
 * the next is on a new line and `behind`. */
void weir__ps_expected(struct weir__parser *ps, bool behind,
    const char *fmt, ...) WEIR_PRINTF(3, 4);

/* A name token's text without quotes. */
struct weir__ast_name weir__ps_take_name(struct weir__parser *ps);

/* A name, where one must be; false after an error.  `any`: a reserved word
 * is one here. */
bool weir__ps_name(struct weir__parser *ps, struct weir__ast_name *out,
    bool any, const char *what);

/* After an error in a list that `closer` ends, in the entry that began at
 * token `was`: skip to the list's next separator or its end and be quiet no
 * more.  False: the list is given up, its end is not there; reading goes on
 * quietly where a stage or a statement begins. */
bool weir__ps_sync(struct weir__parser *ps, enum weir__tok_kind closer,
    size_t was);

/* Does a statement begin here, and not an entry of a list? */
bool weir__ps_at_statement(const struct weir__parser *ps);

/* Do these bytes say `param`, `schema`, ...? */
bool weir__ps_declares(const char *s, size_t n);

/* Column of a byte in its line, from 1, in bytes. */
uint32_t weir__ps_column(const struct weir__parser *ps, uint32_t at);

/* One step deeper; false after an error when that is too deep.  Leave with
 * ps->depth--. */
bool weir__ps_enter(struct weir__parser *ps);

/* The file names this plugin. */
void weir__ps_plugin(struct weir__parser *ps, const char *name,
    struct weir_span span);

/* expr.c */
struct weir__ast_expr *weir__ps_expr(struct weir__parser *ps);

/* An operand with all that is bound to it: no operators. */
struct weir__ast_expr *weir__ps_operand(struct weir__parser *ps);

/* type.c; NULL after an error. */
struct weir__ast_type *weir__ps_type(struct weir__parser *ps);

/* lists.c */

/* "( a, name: b )", the next token being the parenthesis. */
struct weir__ast_arg *weir__ps_args(struct weir__parser *ps, size_t *n,
    struct weir_span *parens);

/* "{ name: a, b }", the next token being the brace; `names`: every entry must
 * have one. */
struct weir__ast_entry *weir__ps_entries(struct weir__parser *ps, size_t *n,
    struct weir_span *braces, bool names);

/* "{ name: type from "x", ... }". */
struct weir__ast_field *weir__ps_fields(struct weir__parser *ps, size_t *n,
    struct weir_span *braces);

#endif
