/* SPDX-License-Identifier: MIT
 *
 * Tokens of a .weir file.
 */
#ifndef WEIR_DSL_LEX_H
#define WEIR_DSL_LEX_H

#include <setjmp.h>

#include "dsl/ast.h"

enum weir__tok_kind {
	T_END, /* of the text */
	T_NAME,
	T_QUOTED, /* a name in backquotes */
	T_NUMBER, /* and durations and sizes: 5m, 128MiB */
	T_STRING, /* any kind of string */
	T_BAD,	  /* was reported: what follows from it is not */
	T_LPAREN,
	T_RPAREN,
	T_LBRACKET,
	T_RBRACKET,
	T_LBRACE,
	T_RBRACE,
	T_COMMA,
	T_COLON,
	T_ASSIGN,
	T_DOT,
	T_ARROW,
	T_PLUS,
	T_MINUS,
	T_STAR,
	T_SLASH,
	T_SLASHES,
	T_PERCENT,
	T_EQ,
	T_NE,
	T_LT,
	T_LE,
	T_GT,
	T_GE,
	T_COALESCE,
	T_BANG,
};

/* Words that can't be names unless quoted (but may stand where only a name
 * can: before a colon and behind a point). */
enum weir__tok_word {
	W_NONE,
	W_AND,
	W_AS,
	W_BETWEEN,
	W_CASE,
	W_ELSE,
	W_FALSE,
	W_IF,
	W_IN,
	W_IS,
	W_LIKE,
	W_NOT,
	W_NULL,
	W_OR,
	W_THEN,
	W_TRUE,
	W_WHEN,
};

struct weir__tok {
	uint8_t kind; /* enum weir__tok_kind */
	uint8_t word; /* enum weir__tok_word, of a T_NAME */
	bool nl;      /* first of its line */
	uint32_t at;
	uint32_t end;
};

/* What lexer and parser share.  Memory that runs out jumps to `oom`: all of
 * it is the arena's, so nothing is left behind. */
struct weir__parser {
	struct weir__arena *ar;
	struct weir__errors *es;
	const struct weir__source *so;
	const char *text; /* of the source; NUL-ended */
	uint32_t src;
	struct weir__tok *toks; /* the last is T_END */
	size_t pos;
	unsigned depth;	   /* of the parser's own recursion */
	bool quiet;	   /* an error was reported: say nothing until the next
			    * place where reading can start afresh */
	bool reported;	   /* the error given last was reported */
	bool damaged;	   /* an error lies in the current item */
	bool any;	   /* an error lies anywhere */
	uint32_t stmt_col; /* column where the current statement began */
	struct weir__ast_comment *comments;
	size_t ncomments;
	struct weir__ast_plugin *plugins;
	jmp_buf oom;
};

/* Memory of the arena, zeroed; never NULL. */
void *weir__ps_alloc(struct weir__parser *ps, size_t n);

/* `list` of `n` things of `size` bytes with room for one more. */
void *weir__ps_grow(struct weir__parser *ps, void *list, size_t n, size_t size);
char *weir__ps_strndup(struct weir__parser *ps, const char *s, size_t n);

/* Report an error at a span of the source, unless `quiet`; and be quiet from
 * then on.  weir__ps_soft() reports what does not put reading out of step. */
void weir__ps_error(struct weir__parser *ps, struct weir_span sp,
    const char *code, const char *fmt, ...) WEIR_PRINTF(4, 5);
void weir__ps_soft(struct weir__parser *ps, struct weir_span sp,
    const char *code, const char *fmt, ...) WEIR_PRINTF(4, 5);

/* Hang a remedy or a second place on the error just given to either of the
 * above; nothing when it was not reported. */
void weir__ps_hint(struct weir__parser *ps, const char *fmt, ...)
    WEIR_PRINTF(2, 3);
void weir__ps_note(struct weir__parser *ps, struct weir_span sp,
    const char *text);

/* The same for what is not complete, unless the error is in the same line. */
void weir__ps_of(struct weir__parser *ps, struct weir_span sp,
    const char *text);

/* Read bytes [from, to) into tokens, ended by T_END.  `file`: comments are
 * kept and the first token begins a line. */
struct weir__tok *weir__lex(struct weir__parser *ps, uint32_t from,
    uint32_t to, bool file);

/* The same of the whole source, with errors for what is not UTF-8. */
struct weir__tok *weir__lex_all(struct weir__parser *ps, bool file);

/* The byte of the `}` that closes the `${` whose expression begins at `at`, or
 * `to` when there is none. */
uint32_t weir__lex_hole(const char *text, uint32_t at, uint32_t to);

/* A string token's or number token's value. */
struct weir__ast_expr *weir__ps_string(struct weir__parser *ps,
    struct weir__tok tok);
struct weir__ast_expr *weir__ps_number(struct weir__parser *ps,
    struct weir__tok tok);

/* A reserved word, or W_NONE. */
enum weir__tok_word weir__lex_word(const char *s, size_t n);
bool weir__lex_is_name(const char *s, size_t n);

#endif
