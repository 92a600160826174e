/* SPDX-License-Identifier: MIT
 *
 * What the formatter's two files share: fmt_align.c decides what stands in
 * columns, fmt.c writes the lines.
 */
#ifndef WEIR_DSL_FMT_H
#define WEIR_DSL_FMT_H

#include "dsl/lex.h"

/* A token and where it goes. */
struct weir__fmt_tok {
	struct weir__tok t;
	uint32_t close;	 /* of a bracket its partner's number, else its own */
	uint32_t pad;	 /* blanks before it beyond what is usual */
	bool item;	 /* the first of an item */
	bool part;	 /* the bracket of a part */
	bool verbatim;	 /* the bracket of a test: copied to its partner */
};

struct weir__fmt {
	const char *text;
	size_t len;
	struct weir__fmt_tok *toks; /* the last is T_END */
	size_t n;
	const struct weir__ast_file *file;
};

/* The column of a byte in its line, from 0, tabs expanded. */
uint32_t weir__fmt_column(const struct weir__fmt *fm, uint32_t at);

/* Columns that source bytes take, of their last line if there are several. */
uint32_t weir__fmt_width(const char *s, size_t n);

/* Is there a blank between tokens i - 1 and i of a line? */
bool weir__fmt_blank(const struct weir__fmt *fm, size_t i);

/* Can't something begin with token i, so that it goes on with what was
 * before it?  And does token i leave something open behind it? */
bool weir__fmt_continues(const struct weir__fmt *fm, size_t i);
bool weir__fmt_open(const struct weir__fmt *fm, size_t i);

/* The token that begins at byte `at`. */
size_t weir__fmt_find(const struct weir__fmt *fm, uint32_t at);

/* Set every token's `pad`. */
void weir__fmt_align(struct weir__fmt *fm);

#endif
