/* SPDX-License-Identifier: MIT
 *
 * The formatter: the same tokens and comments in the same lines, with blanks,
 * indentation and columns as they should be.
 *
 * Lines are never joined or broken: where a line ends is the author's choice.
 *
 *	item		at its part's indentation
 *	-> stage	4 further in, or under the first arrow of the
 *			statement where the author put the first one there
 *	block		behind a bracket that ends its line: 4 further in than
 *			the stage or line that it belongs to; else under what
 *			follows the bracket
 *	goes on		4 further in than what it belongs to
 *
 * A comment behind code stays in its column as long as the code leaves room.
 * The bodies of tests and long strings are copied as they are.
 */
#include "dsl/fmt.h"

#include <string.h>

#include "dsl/ast.h"

#define STEP 4u
#define NOWHERE SIZE_MAX

/* An open bracket. */
struct open {
	size_t tok;
	uint32_t content; /* where its lines begin */
	uint32_t closer;  /* where its closing bracket does, on a new line */
	uint32_t anchor;  /* of the line that it stands in */
};

/* A line written, for the comment behind it. */
struct line {
	size_t end;	  /* in the text written */
	uint32_t width;
	const struct weir__ast_comment *comment; /* or NULL */
	uint32_t column; /* of the comment in the source */
};

struct writer {
	struct weir__parser ps; /* for memory */
	struct weir__fmt fm;
	struct weir__buf bf; /* all but the comments behind code */
	struct line *lines;
	size_t nlines;
	struct open *stack;
	size_t depth;
	uint32_t col;	 /* where the current line stands */
	uint32_t anchor; /* what a block in it is indented from */
	uint32_t indent; /* of the current item */
	size_t base;	 /* brackets open at the current item's start */
	size_t arrow;	 /* the item's first arrow, or NOWHERE */
	uint32_t arrow_col;
	uint32_t arrow_indent; /* of those that begin a line */
	bool arrow_known;
	bool started; /* a line is being written */
	bool fresh;   /* nothing stands in it behind an opening bracket */
	const struct weir__ast_comment *tail; /* behind the current line */
	size_t comment;			      /* the next one */
	uint32_t seen; /* the source byte after what was written last */
};

/* --- lines --- */

static void
end_line(struct writer *wr)
{
	struct line *ln;

	wr->lines = weir__ps_grow(&wr->ps, wr->lines, wr->nlines, sizeof *ln);
	ln = &wr->lines[wr->nlines++];
	memset(ln, 0, sizeof *ln);
	ln->end = wr->bf.len;
	ln->width = wr->col;
	ln->comment = wr->tail;
	if (wr->tail != NULL)
		ln->column = weir__fmt_column(&wr->fm, wr->tail->span.at);
	wr->tail = NULL;
	wr->col = 0;
}

/* Are there empty lines in the source between what was written last and
 * `at`? */
static bool
gap(const struct writer *wr, uint32_t at)
{
	unsigned n = 0;
	uint32_t i;

	for (i = wr->seen; i < at; i++)
		n += wr->fm.text[i] == '\n';
	return n > 1;
}

/* Begin a line `to` columns in, after an empty one where the source has some
 * before `at`, unless `tight`. */
static void
new_line(struct writer *wr, uint32_t at, uint32_t to, bool tight)
{
	if (wr->started) {
		end_line(wr);
		if (!tight && !wr->fresh && gap(wr, at))
			end_line(wr);
	}
	wr->started = true;
	wr->fresh = false;
	weir__buf_fill(&wr->bf, ' ', to);
	wr->col = to;
}

static void
put(struct writer *wr, uint32_t at, uint32_t end)
{
	const char *s = wr->fm.text + at;
	size_t n = end - at;

	weir__buf_add(&wr->bf, s, n);
	if (memchr(s, '\n', n) != NULL)
		wr->col = 0;
	wr->col += weir__fmt_width(s, n);
	wr->seen = end;
}

/* Source bytes without the blanks at their lines' ends. */
static void
put_verbatim(struct writer *wr, uint32_t at, uint32_t end)
{
	const char *s = wr->fm.text;
	uint32_t to, next;

	for (; at < end; at = next) {
		for (to = at; to < end && s[to] != '\n'; to++)
			;
		next = to < end ? to + 1 : end;
		while (to > at && next != end && (s[to - 1] == ' ' ||
			s[to - 1] == '\t' || s[to - 1] == '\r'))
			to--;
		put(wr, at, to);
		if (next != end)
			weir__buf_chr(&wr->bf, '\n');
	}
	wr->col = weir__fmt_width(s, end);
	wr->seen = end;
}

/* Comments before token i; those with a line of their own go to `to`. */
static void
comments(struct writer *wr, size_t i, uint32_t to)
{
	const struct weir__ast_file *f = wr->fm.file;
	const struct weir__ast_comment *c;

	for (; wr->comment < f->ncomments; wr->comment++) {
		c = &f->comments[wr->comment];
		if (c->span.at > wr->fm.toks[i].t.at)
			return;
		if (c->own_line) {
			new_line(wr, c->span.at, to, false);
			put(wr, c->span.at, c->span.end);
		} else {
			wr->tail = c;
			wr->seen = c->span.end;
		}
	}
}

/* --- indentation --- */

/* Is token i, the first of a line, the beginning of an entry in the open
 * bracket? */
static bool
begins_entry(const struct writer *wr, size_t i)
{
	const struct weir__fmt_tok *b = &wr->fm.toks[i - 1];
	size_t open = wr->stack[wr->depth - 1].tok;

	if (b->t.kind == T_COMMA || b->close > i - 1)
		return true;
	if (wr->fm.toks[open].t.kind != T_LBRACE)
		return false;
	return !weir__fmt_continues(&wr->fm, i) &&
	    !weir__fmt_open(&wr->fm, i - 1) &&
	    wr->fm.toks[i].t.kind != T_LBRACE;
}

/* Where arrows that begin a line stand, `i` being the item's first such. */
static uint32_t
arrows(const struct writer *wr, size_t i)
{
	const struct weir__fmt *fm = &wr->fm;

	if (wr->arrow != NOWHERE && weir__fmt_column(fm, fm->toks[i].t.at) ==
		weir__fmt_column(fm, fm->toks[wr->arrow].t.at))
		return wr->arrow_col;
	return wr->indent + STEP;
}

/* Where token i, the first of a line, goes. */
static uint32_t
place(struct writer *wr, size_t i)
{
	const struct weir__fmt_tok *t = &wr->fm.toks[i];
	const struct open *op = NULL;

	if (wr->depth > 0)
		op = &wr->stack[wr->depth - 1];
	if (t->t.kind == T_END)
		return 0;
	if (t->item)
		return op != NULL ? op->content : 0;
	if (t->close < i && op != NULL)
		return op->closer;
	if (wr->depth > wr->base && op != NULL)
		return op->content + (begins_entry(wr, i) ? 0 : STEP);
	if (t->t.kind != T_ARROW)
		return wr->indent + STEP;
	if (!wr->arrow_known)
		wr->arrow_indent = arrows(wr, i);
	wr->arrow_known = true;
	return wr->arrow_indent;
}

static void
push(struct writer *wr, size_t i)
{
	const struct weir__fmt_tok *t = &wr->fm.toks[i];
	struct open *op;

	wr->stack = weir__ps_grow(&wr->ps, wr->stack, wr->depth, sizeof *op);
	op = &wr->stack[wr->depth++];
	op->tok = i;
	op->anchor = wr->anchor;
	wr->fresh = t[1].t.nl;
	if (t[1].t.nl) {
		op->content = wr->anchor + STEP;
		op->closer = wr->anchor;
	} else {
		op->content = wr->col + (t->t.kind == T_LBRACE);
		op->closer = wr->col - 1;
	}
}

/* --- tokens --- */

/* What stands before token i: a new line, blanks or nothing. */
static void
before(struct writer *wr, size_t i)
{
	const struct weir__fmt_tok *t = &wr->fm.toks[i];
	bool closer = t->close < i && wr->depth > 0;
	uint32_t to, n;

	if (t->t.nl) {
		to = place(wr, i);
		comments(wr, i,
		    closer ? wr->stack[wr->depth - 1].content : to);
		new_line(wr, t->t.at, to, closer);
		wr->anchor = to;
	} else {
		n = t->pad + weir__fmt_blank(&wr->fm, i);
		weir__buf_fill(&wr->bf, ' ', n);
		wr->col += n;
	}
	if (!t->item)
		return;
	wr->indent = wr->col;
	wr->base = wr->depth;
	wr->arrow = NOWHERE;
	wr->arrow_known = false;
}

/* Write token i; the next one. */
static size_t
token(struct writer *wr, size_t i)
{
	const struct weir__fmt_tok *t = &wr->fm.toks[i];

	before(wr, i);
	wr->fresh = false;
	if (t->verbatim) {
		put_verbatim(wr, t->t.at, wr->fm.toks[t->close].t.end);
		while (wr->comment < wr->fm.file->ncomments &&
		    wr->fm.file->comments[wr->comment].span.at < wr->seen)
			wr->comment++;
		return t->close + 1;
	}
	if (t->t.kind == T_ARROW) {
		if (wr->arrow == NOWHERE) {
			wr->arrow = i;
			wr->arrow_col = wr->col;
		}
		wr->anchor = wr->col + 3;
	}
	put(wr, t->t.at, t->t.end);
	if (t->close > i)
		push(wr, i);
	else if (t->close < i && wr->depth > 0)
		wr->anchor = wr->stack[--wr->depth].anchor;
	return i + 1;
}

/* --- whole files --- */

static void
mark_items(struct weir__fmt *fm, const struct weir__ast_item *items, size_t n)
{
	const struct weir__ast_item *it;
	size_t i;

	for (i = 0; i < n; i++) {
		it = &items[i];
		fm->toks[weir__fmt_find(fm, it->span.at)].item = true;
		if (it->what == WEIR__I_TEST) {
			fm->toks[weir__fmt_find(fm, it->u.test.braces.at)]
			    .verbatim = true;
		} else if (it->what == WEIR__I_PART) {
			fm->toks[weir__fmt_find(fm, it->u.part.braces.at)]
			    .part = true;
			mark_items(fm, it->u.part.items, it->u.part.n);
		}
	}
}

/* Find each bracket's partner; `stack` has room for all tokens.  What stands
 * in a test is its own business. */
static void
match(struct weir__fmt *fm, uint32_t *stack)
{
	uint32_t depth = 0, test = 0;
	size_t i;

	for (i = 0; i < fm->n; i++) {
		switch (fm->toks[i].t.kind) {
		case T_LBRACE:
			if (fm->toks[i].verbatim)
				test = depth + 1;
			stack[depth++] = (uint32_t)i;
			break;
		case T_LPAREN:
		case T_LBRACKET:
			if (test == 0)
				stack[depth++] = (uint32_t)i;
			break;
		case T_RPAREN:
		case T_RBRACKET:
			if (test != 0)
				break;
			/* FALLTHROUGH */
		case T_RBRACE:
			if (depth == 0)
				break;
			fm->toks[i].close = stack[--depth];
			fm->toks[stack[depth]].close = (uint32_t)i;
			if (depth < test)
				test = 0;
			break;
		}
	}
}

static void
prepare(struct writer *wr)
{
	struct weir__tok *toks;
	size_t i;

	toks = weir__lex(&wr->ps, 0, (uint32_t)wr->ps.so->len, true);
	while (toks[wr->fm.n++].kind != T_END)
		;
	wr->fm.toks = weir__ps_alloc(&wr->ps, wr->fm.n * sizeof *wr->fm.toks);
	for (i = 0; i < wr->fm.n; i++) {
		wr->fm.toks[i].t = toks[i];
		wr->fm.toks[i].close = (uint32_t)i;
	}
	mark_items(&wr->fm, wr->fm.file->items, wr->fm.file->nitems);
	match(&wr->fm, weir__ps_alloc(&wr->ps, wr->fm.n * sizeof(uint32_t)));
	weir__fmt_align(&wr->fm);
}

/* The column for the comments of lines [i, i + n), which have one in the
 * source: that, where there is room. */
static uint32_t
comment_column(const struct writer *wr, size_t i, size_t *n)
{
	uint32_t col = wr->lines[i].column, widest = 0;

	for (*n = 0; i + *n < wr->nlines; ++*n) {
		if (wr->lines[i + *n].comment == NULL ||
		    wr->lines[i + *n].column != col)
			break;
		if (wr->lines[i + *n].width > widest)
			widest = wr->lines[i + *n].width;
	}
	return widest < col ? col : widest + 2;
}

/* The lines with the comments behind them. */
static void
finish(const struct writer *wr, struct weir__buf *out)
{
	const struct line *ln;
	uint32_t col = 0;
	size_t i, at = 0, run = 0;

	for (i = 0; i < wr->nlines; i++) {
		ln = &wr->lines[i];
		weir__buf_add(out, wr->bf.data + at, ln->end - at);
		at = ln->end;
		if (ln->comment != NULL && run == 0)
			col = comment_column(wr, i, &run);
		if (ln->comment != NULL) {
			run--;
			weir__buf_fill(out, ' ', col - ln->width);
			weir__buf_add(out, wr->fm.text + ln->comment->span.at,
			    ln->comment->span.end - ln->comment->span.at);
		}
		weir__buf_chr(out, '\n');
	}
}

int
weir__fmt(struct weir__buf *out, struct weir__arena *ar,
    struct weir__errors *es, const struct weir__ast_file *f)
{
	struct writer *wr;
	size_t i;
	int rc;

	if (f->damaged || (wr = weir__arena_zalloc(ar, sizeof *wr)) == NULL)
		return -1;
	wr->ps.ar = ar;
	wr->ps.es = es;
	wr->ps.src = f->src;
	wr->ps.so = &es->sources[f->src - 1];
	wr->ps.text = wr->ps.so->text;
	wr->fm.text = wr->ps.text;
	wr->fm.len = wr->ps.so->len;
	wr->fm.file = f;
	if (setjmp(wr->ps.oom) != 0) {
		weir__buf_fini(&wr->bf);
		return -1;
	}
	prepare(wr);
	for (i = 0; i + 1 < wr->fm.n;)
		i = token(wr, i);
	comments(wr, wr->fm.n - 1, 0);
	if (wr->started)
		end_line(wr);
	if (!wr->bf.failed)
		finish(wr, out);
	rc = wr->bf.failed || out->failed ? -1 : 0;
	weir__buf_fini(&wr->bf);
	return rc;
}
