/* SPDX-License-Identifier: MIT
 *
 * The formatter's columns.
 *
 * Aligned are the values of a block of which every entry has its own line, and
 * the `=` of params in adjacent lines.  Other declarations and streams of one
 * line each keep a common column of their `=`, first `->` or `{` where the
 * author gave them one.
 */
#include "dsl/fmt.h"

#include <string.h>

#include "base/utf8.h"

/* Columns of s[i, end); `start`: it begins a line, and tabs that do so reach to
 * the next multiple of 8.  Any other character is one column wide. */
static uint32_t
columns(const char *s, size_t i, size_t end, bool start)
{
	uint32_t w = 0;

	for (; start && i < end && (s[i] == '\t' || s[i] == ' '); i++)
		w += s[i] == '\t' ? 8 - w % 8 : 1;
	for (; i < end; i++)
		w += ((uint8_t)s[i] & 0xc0) != 0x80;
	return w;
}

uint32_t
weir__fmt_column(const struct weir__fmt *fm, uint32_t at)
{
	uint32_t i = at;

	while (i > 0 && fm->text[i - 1] != '\n')
		i--;
	return columns(fm->text, i, at, true);
}

uint32_t
weir__fmt_width(const char *s, size_t n)
{
	const char *nl = memrchr(s, '\n', n);

	return columns(s, nl != NULL ? (size_t)(nl + 1 - s) : 0, n, nl != NULL);
}

static bool
is_operator(const struct weir__tok *t)
{
	switch (t->word) {
	case W_AND:
	case W_AS:
	case W_BETWEEN:
	case W_ELSE:
	case W_IN:
	case W_IS:
	case W_LIKE:
	case W_OR:
	case W_THEN:
	case W_WHEN:
		return true;
	}
	return (t->kind >= T_PLUS && t->kind <= T_COALESCE) ||
	    t->kind == T_ASSIGN || t->kind == T_DOT || t->kind == T_COLON ||
	    t->kind == T_ARROW;
}

bool
weir__fmt_continues(const struct weir__fmt *fm, size_t i)
{
	return is_operator(&fm->toks[i].t);
}

bool
weir__fmt_open(const struct weir__fmt *fm, size_t i)
{
	const struct weir__tok *t = &fm->toks[i].t;

	return is_operator(t) || t->word == W_NOT || t->word == W_IF ||
	    t->word == W_CASE;
}

static bool
opens(const struct weir__tok *t)
{
	return t->kind == T_LPAREN || t->kind == T_LBRACKET ||
	    t->kind == T_LBRACE;
}

/* Is token i a minus that stands before its operand? */
static bool
sign(const struct weir__fmt *fm, size_t i)
{
	const struct weir__tok *b;

	if (fm->toks[i].t.kind != T_MINUS)
		return false;
	if (i == 0)
		return true;
	b = &fm->toks[i - 1].t;
	return weir__fmt_open(fm, i - 1) || opens(b) || b->kind == T_COMMA;
}

/* May a call's parenthesis or an index's bracket follow? */
static bool
callee(const struct weir__tok *t)
{
	return (t->kind == T_NAME && t->word == W_NONE) ||
	    t->kind == T_QUOTED || t->kind == T_RPAREN ||
	    t->kind == T_RBRACKET || t->kind == T_NUMBER ||
	    t->kind == T_STRING;
}

bool
weir__fmt_blank(const struct weir__fmt *fm, size_t i)
{
	const struct weir__tok *a = &fm->toks[i - 1].t, *b = &fm->toks[i].t;

	if (a->kind == T_DOT || b->kind == T_DOT || b->kind == T_COMMA ||
	    b->kind == T_COLON || b->kind == T_BANG)
		return false;
	if (sign(fm, i - 1))
		return b->kind == T_MINUS; /* -- begins a line's comment */
	if (a->kind == T_LPAREN || a->kind == T_LBRACKET ||
	    b->kind == T_RPAREN || b->kind == T_RBRACKET)
		return false;
	if (a->kind == T_LBRACE && b->kind == T_RBRACE)
		return false;
	if (b->kind == T_LPAREN || b->kind == T_LBRACKET)
		return !callee(a);
	return true;
}

size_t
weir__fmt_find(const struct weir__fmt *fm, uint32_t at)
{
	size_t lo = 0, hi = fm->n - 1, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (fm->toks[mid].t.at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Columns from token i up to token j, blanks included. */
static uint32_t
measure(const struct weir__fmt *fm, size_t i, size_t j)
{
	uint32_t w = 0;
	size_t k;

	for (k = i; k < j; k++) {
		w += weir__fmt_width(fm->text + fm->toks[k].t.at,
		    fm->toks[k].t.end - fm->toks[k].t.at);
		w += weir__fmt_blank(fm, k + 1);
	}
	return w;
}

/* --- blocks --- */

/* The token behind the entry that begins at i, in the brace that closes at
 * `close`: its comma, the next entry, or the brace. */
static size_t
entry_end(const struct weir__fmt *fm, size_t i, size_t close)
{
	size_t k = i;

	for (;;) {
		if (fm->toks[k].close > k)
			k = fm->toks[k].close;
		k++;
		if (k >= close || fm->toks[k].t.kind == T_COMMA)
			return k < close ? k : close;
		if (fm->toks[k].t.nl && !weir__fmt_continues(fm, k) &&
		    !weir__fmt_open(fm, k - 1) &&
		    fm->toks[k].t.kind != T_LBRACE)
			return k;
	}
}

/* Find the widest name of the block's entries, or set their values' columns by
 * it.  False when some entry does not begin a line, or has no name. */
static bool
each_entry(struct weir__fmt *fm, size_t open, uint32_t *widest, bool set)
{
	size_t close = fm->toks[open].close, i = open + 1;
	uint32_t w;

	while (i < close) {
		if (fm->toks[i].t.kind == T_COMMA) {
			i++;
			continue;
		}
		if (!fm->toks[i].t.nl || fm->toks[i + 1].t.kind != T_COLON ||
		    i + 2 >= close)
			return false;
		w = measure(fm, i, i + 1);
		if (set)
			fm->toks[i + 2].pad = *widest - w;
		else if (w > *widest)
			*widest = w;
		i = entry_end(fm, i, close);
	}
	return true;
}

/* Only the widths of short names make the column. */
static void
align_block(struct weir__fmt *fm, size_t open)
{
	uint32_t widest = 0;

	if (each_entry(fm, open, &widest, false) && widest < 40)
		each_entry(fm, open, &widest, true);
}

/* --- items --- */

/* The token of an item that may stand in a column; 0 when there is none in its
 * first line. */
static size_t
pillar(const struct weir__fmt *fm, const struct weir__ast_item *it)
{
	size_t i = weir__fmt_find(fm, it->span.at), k;

	for (k = i + 1; k < fm->n - 1 && !fm->toks[k].t.nl; k++) {
		switch (fm->toks[k].t.kind) {
		case T_ASSIGN:
			return k;
		case T_ARROW:
			return it->what == WEIR__I_STREAM ? k : 0;
		case T_LBRACE:
			if (it->what == WEIR__I_SCHEMA)
				return fm->toks[k + 1].t.nl ? 0 : k;
			return 0;
		case T_LPAREN:
		case T_LBRACKET:
			k = fm->toks[k].close;
			break;
		}
	}
	return 0;
}

static bool
one_line(const struct weir__fmt *fm, const struct weir__ast_item *it)
{
	return memchr(fm->text + it->span.at, '\n',
	    it->span.end - it->span.at) == NULL;
}

/* Is `b` in the line after `a`? */
static bool
adjacent(const struct weir__fmt *fm, const struct weir__ast_item *a,
    const struct weir__ast_item *b)
{
	const char *nl = memchr(fm->text + a->span.end, '\n',
	    b->span.at - a->span.end);

	return nl != NULL && memchr(nl + 1, '\n',
	    (size_t)(fm->text + b->span.at - nl) - 1) == NULL;
}

/* Do items a and b share a column? */
static bool
together(const struct weir__fmt *fm, const struct weir__ast_item *a,
    const struct weir__ast_item *b)
{
	size_t i = pillar(fm, a), j = pillar(fm, b);

	if (a->what != b->what || i == 0 || j == 0 ||
	    fm->toks[i].t.kind != fm->toks[j].t.kind || !adjacent(fm, a, b))
		return false;
	if (a->what == WEIR__I_PARAM)
		return true;
	return one_line(fm, a) && one_line(fm, b) &&
	    weir__fmt_column(fm, fm->toks[i].t.at) ==
	    weir__fmt_column(fm, fm->toks[j].t.at);
}

static void
align_run(struct weir__fmt *fm, const struct weir__ast_item *items, size_t n)
{
	uint32_t widest = 0, w;
	size_t i, from, to;
	unsigned set;

	for (set = 0; set < 2; set++) {
		for (i = 0; i < n; i++) {
			from = weir__fmt_find(fm, items[i].span.at);
			to = pillar(fm, &items[i]);
			w = measure(fm, from, to);
			if (set)
				fm->toks[to].pad = widest - w;
			else if (w > widest)
				widest = w;
		}
	}
}

static void
align_items(struct weir__fmt *fm, const struct weir__ast_item *items, size_t n)
{
	size_t i, run;

	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n; run++)
			if (!together(fm, &items[i + run - 1], &items[i + run]))
				break;
		if (run > 1)
			align_run(fm, items + i, run);
		if (items[i].what == WEIR__I_PART)
			align_items(fm, items[i].u.part.items,
			    items[i].u.part.n);
	}
}

void
weir__fmt_align(struct weir__fmt *fm)
{
	size_t i;

	for (i = 0; i < fm->n; i++) {
		if (fm->toks[i].verbatim)
			i = fm->toks[i].close;
		else if (fm->toks[i].t.kind == T_LBRACE && !fm->toks[i].part)
			align_block(fm, i);
	}
	align_items(fm, fm->file->items, fm->file->nitems);
}
