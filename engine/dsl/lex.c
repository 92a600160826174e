/* SPDX-License-Identifier: MIT
 *
 * The lexer: a source text to tokens, in one pass, with an error for each
 * stretch that is none.
 *
 * Names are ASCII letters, digits and _; any other name stands in backquotes.
 * A string is one token whatever it holds; text.c takes it apart.  Where a
 * foreign habit is clear (&&, ;, 'text', |>) the error says what is written
 * here instead and the token meant is taken, so that reading stays in step.
 */
#include "dsl/lex.h"

#include <string.h>

#include "base/utf8.h"

struct lexer {
	struct weir__parser *ps;
	const char *s; /* the whole source */
	uint32_t at;
	uint32_t to;
	bool file; /* not the inside of a template */
	bool nl;    /* a line's end lies before the next token */
	struct weir__tok *toks;
	size_t n;
};

static const struct {
	const char *text;
	uint8_t word;
} words[] = {
	{ "and", W_AND }, { "as", W_AS }, { "between", W_BETWEEN },
	{ "case", W_CASE }, { "else", W_ELSE }, { "false", W_FALSE },
	{ "if", W_IF }, { "in", W_IN }, { "is", W_IS }, { "like", W_LIKE },
	{ "not", W_NOT }, { "null", W_NULL }, { "or", W_OR },
	{ "then", W_THEN }, { "true", W_TRUE }, { "when", W_WHEN },
};

enum weir__tok_word
weir__lex_word(const char *s, size_t n)
{
	size_t i;

	if (n < 2 || n > 7)
		return W_NONE;
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].text) == n &&
		    memcmp(words[i].text, s, n) == 0)
			return words[i].word;
	return W_NONE;
}

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
weir__lex_is_name(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || !letter(s[0]))
		return false;
	for (i = 1; i < n; i++)
		if (!letter(s[i]) && !digit(s[i]))
			return false;
	return true;
}

static struct weir_span
span(const struct lexer *lx, uint32_t at, uint32_t end)
{
	return (struct weir_span){ lx->ps->src, at, end };
}

static void
add(struct lexer *lx, enum weir__tok_kind kind, uint32_t end)
{
	struct weir__tok *t;

	lx->toks = weir__ps_grow(lx->ps, lx->toks, lx->n, sizeof *lx->toks);
	t = &lx->toks[lx->n++];
	t->kind = (uint8_t)kind;
	t->at = lx->at;
	t->end = end;
	t->nl = lx->nl;
	t->word = W_NONE;
	lx->nl = false;
	lx->at = end;
}

static bool
at_text(const struct lexer *lx, uint32_t at, const char *s)
{
	size_t n = strlen(s);

	return lx->to - at >= n && memcmp(lx->s + at, s, n) == 0;
}

/* --- strings --- */

#define NONE UINT32_MAX /* it has no end */
#define HOLES 100	/* strings in templates in strings ... */

static uint32_t skip_string(const char *s, uint32_t at, uint32_t to,
    unsigned depth);

static bool
quotes(const char *s, uint32_t at, uint32_t to)
{
	return to - at >= 3 && memcmp(s + at, "\"\"\"", 3) == 0;
}

static uint32_t
skip_hole(const char *s, uint32_t at, uint32_t to, unsigned depth)
{
	unsigned open = 0;

	while (at < to) {
		switch (s[at]) {
		case '"':
			at = skip_string(s, at, to, depth + 1);
			if (at == NONE)
				return NONE;
			continue;
		case '`':
			for (at++; at < to && s[at] != '`'; at++)
				;
			break;
		case '{':
			open++;
			break;
		case '}':
			if (open-- == 0)
				return at;
			break;
		}
		at++;
	}
	return NONE;
}

uint32_t
weir__lex_hole(const char *text, uint32_t at, uint32_t to)
{
	uint32_t end = skip_hole(text, at, to, 0);

	return end != NONE ? end : to;
}

/* The end of the "..." or """...""" at `at`. */
static uint32_t
skip_string(const char *s, uint32_t at, uint32_t to, unsigned depth)
{
	bool lng = quotes(s, at, to);
	const char *line;

	if (depth > HOLES)
		return NONE;
	if (!lng && (line = memchr(s + at, '\n', to - at)) != NULL)
		to = (uint32_t)(line - s);
	at += lng ? 3 : 1;
	while (at < to) {
		if (s[at] == '$' && to - at >= 2 && s[at + 1] == '{') {
			at = skip_hole(s, at + 2, to, depth);
			if (at == NONE)
				return NONE;
		} else if (lng) {
			if (quotes(s, at, to))
				return at + 3;
		} else if (s[at] == '"') {
			return at + 1;
		} else if (s[at] == '\\' && at + 1 < to) {
			at++;
		}
		at++;
	}
	return NONE;
}

/* Where the quote of r"..." or r##"..."## stands, or NONE. */
static uint32_t
raw_quote(const char *s, uint32_t at, uint32_t to)
{
	for (at++; at < to && s[at] == '#'; at++)
		;
	return at < to && s[at] == '"' ? at : NONE;
}

/* The end of the raw string at `at` whose quote stands at `p`. */
static uint32_t
skip_raw(const char *s, uint32_t at, uint32_t p, uint32_t to)
{
	uint32_t marks = p - at - 1, n;

	if (marks == 0 && quotes(s, p, to)) {
		for (p += 3; p < to; p++)
			if (quotes(s, p, to))
				return p + 3;
		return NONE;
	}
	for (p++; p < to; p++) {
		if (s[p] == '\n' && marks == 0)
			return NONE;
		if (s[p] != '"')
			continue;
		for (n = 0; n < marks && p + 1 + n < to; n++)
			if (s[p + 1 + n] != '#')
				break;
		if (n == marks)
			return p + 1 + n;
	}
	return NONE;
}

/* The `${` of the unended string [at, to) that has no end itself, or NONE. */
static uint32_t
open_hole(const char *s, uint32_t at, uint32_t to)
{
	uint32_t end;

	for (at++; at + 1 < to; at++) {
		if (s[at] == '\\') {
			at++;
		} else if (s[at] == '$' && s[at + 1] == '{') {
			end = skip_hole(s, at + 2, to, 0);
			if (end == NONE)
				return at;
			at = end;
		}
	}
	return NONE;
}

/* Say what is missing; the string's token then ends at `end`. */
static void
unended(struct lexer *lx, uint32_t quote, bool many, uint32_t end)
{
	uint32_t at = lx->at, hole = NONE;

	if (quote == at && !many)
		hole = open_hole(lx->s, at, end);
	if (hole != NONE) {
		weir__ps_error(lx->ps, span(lx, hole, hole + 2),
		    "syntax.string", "this ${ has no }");
		weir__ps_hint(lx->ps, "write \\${ for the two characters "
		    "themselves");
		return;
	}
	weir__ps_error(lx->ps, span(lx, at, quote + (many ? 3 : 1)),
	    "syntax.string", "this string has no end");
	if (many)
		weir__ps_hint(lx->ps, "close it with \"\"\"");
	else if (quote - at > 1)
		weir__ps_hint(lx->ps, "close it with a quote and %u #",
		    quote - at - 1);
	else
		weir__ps_hint(lx->ps, "close it with a quote on this line; "
		    "a text of several lines stands in \"\"\"");
}

static void
lex_string(struct lexer *lx)
{
	const char *s = lx->s;
	uint32_t at = lx->at, quote = at, end;
	bool raw = s[at] == 'r', many;

	if (raw)
		quote = raw_quote(s, at, lx->to);
	many = quotes(s, quote, lx->to) && quote - at <= 1;
	end = raw ? skip_raw(s, at, quote, lx->to)
		  : skip_string(s, at, lx->to, 0);
	if (end != NONE) {
		add(lx, T_STRING, end);
		return;
	}
	for (end = at; end < lx->to; end++)
		if (s[end] == '\n' && !many && quote - at <= 1)
			break;
	unended(lx, quote, many, end);
	add(lx, T_BAD, end);
}

/* --- names and numbers --- */

static void
lex_name(struct lexer *lx)
{
	uint32_t end = lx->at;
	struct weir__tok *t;

	while (end < lx->to && (letter(lx->s[end]) || digit(lx->s[end])))
		end++;
	add(lx, T_NAME, end);
	t = &lx->toks[lx->n - 1];
	t->word = (uint8_t)weir__lex_word(lx->s + t->at, t->end - t->at);
}

static void
lex_quoted(struct lexer *lx)
{
	uint32_t end = lx->at + 1;

	while (end < lx->to && lx->s[end] != '`' && lx->s[end] != '\n')
		end++;
	if (end < lx->to && lx->s[end] == '`') {
		if (end > lx->at + 1) {
			add(lx, T_QUOTED, end + 1);
			return;
		}
		weir__ps_error(lx->ps, span(lx, lx->at, end + 1),
		    "syntax.name", "a name cannot be empty");
		add(lx, T_BAD, end + 1);
		return;
	}
	weir__ps_error(lx->ps, span(lx, lx->at, lx->at + 1), "syntax.name",
	    "this quoted name has no end");
	weir__ps_hint(lx->ps, "close it with a backquote on this line");
	add(lx, T_BAD, end);
}

/* Digits and whatever letters follow; text.c says what they mean. */
static void
lex_number(struct lexer *lx)
{
	const char *s = lx->s;
	uint32_t p = lx->at;
	bool hex = s[p] == '0' && p + 1 < lx->to && (s[p + 1] | 32) == 'x';
	bool exponent = false;

	while (p < lx->to) {
		if (letter(s[p]) || digit(s[p])) {
			exponent = !hex && (s[p] | 32) == 'e' &&
			    (digit(s[p - 1]) || s[p - 1] == '.');
			p++;
		} else if (s[p] == '.' && p + 1 < lx->to && digit(s[p + 1])) {
			exponent = false;
			p++;
		} else if ((s[p] == '+' || s[p] == '-') && exponent &&
		    p + 1 < lx->to && digit(s[p + 1])) {
			exponent = false;
			p++;
		} else {
			break;
		}
	}
	add(lx, T_NUMBER, p);
}

/* --- everything else --- */

static const struct {
	const char *text;
	uint8_t kind;
} marks[] = {
	{ "->", T_ARROW }, { "==", T_EQ }, { "!=", T_NE }, { "<=", T_LE },
	{ ">=", T_GE }, { "??", T_COALESCE }, { "//", T_SLASHES },
	{ "(", T_LPAREN }, { ")", T_RPAREN }, { "[", T_LBRACKET },
	{ "]", T_RBRACKET }, { "{", T_LBRACE }, { "}", T_RBRACE },
	{ ",", T_COMMA }, { ":", T_COLON }, { "=", T_ASSIGN }, { ".", T_DOT },
	{ "+", T_PLUS }, { "-", T_MINUS }, { "*", T_STAR }, { "/", T_SLASH },
	{ "%", T_PERCENT }, { "<", T_LT }, { ">", T_GT }, { "!", T_BANG },
};

/* What people are used to from elsewhere; T_END takes no token. */
static const struct {
	const char *text;
	uint8_t kind;
	uint8_t word;
	const char *hint;
} habits[] = {
	{ "&&", T_NAME, W_AND, "write and" },
	{ "||", T_NAME, W_OR,
	    "write or; texts are joined as in \"${a}${b}\"" },
	{ "<>", T_NE, 0, "write !=" },
	{ "===", T_EQ, 0, "write ==" },
	{ "!==", T_NE, 0, "write !=" },
	{ "=>", T_ARROW, 0, "stages are joined with ->" },
	{ "|>", T_ARROW, 0, "stages are joined with ->" },
	{ "|", T_ARROW, 0, "stages are joined with ->" },
	{ "\xe2\x86\x92", T_ARROW, 0, "write ->" },
	{ "\xe2\x89\xa4", T_LE, 0, "write <=" },
	{ "\xe2\x89\xa5", T_GE, 0, "write >=" },
	{ "\xe2\x89\xa0", T_NE, 0, "write !=" },
	{ ";", T_END, 0, "a statement ends with its line" },
	{ "\\", T_END, 0, "a line that begins with -> continues the last one" },
	{ "\xc2\xa0", T_END, 0, "this is a no-break space: write a blank" },
	{ "\xef\xbb\xbf", T_END, 0, "a byte order mark stands only first" },
	{ "\xe2\x80\x9c", T_BAD, 0, "text stands in plain double quotes" },
	{ "\xe2\x80\x9d", T_BAD, 0, "text stands in plain double quotes" },
	{ "$", T_BAD, 0, "${...} stands only in a string" },
	{ "?", T_BAD, 0, "write ?? for a value in place of null" },
};

static bool
lex_habit(struct lexer *lx)
{
	uint32_t end;
	size_t i, n;

	for (i = 0; i < sizeof habits / sizeof *habits; i++) {
		if (!at_text(lx, lx->at, habits[i].text))
			continue;
		n = strlen(habits[i].text);
		end = lx->at + (uint32_t)n;
		weir__ps_error(lx->ps, span(lx, lx->at, end), "syntax.char",
		    "unexpected \"%s\"", habits[i].text);
		weir__ps_hint(lx->ps, "%s", habits[i].hint);
		if (habits[i].kind == T_END) {
			lx->at = end;
			return true;
		}
		add(lx, habits[i].kind, end);
		lx->toks[lx->n - 1].word = habits[i].word;
		return true;
	}
	return false;
}

/* 'text': taken as a value that was reported. */
static bool
lex_single(struct lexer *lx)
{
	uint32_t end;

	if (lx->s[lx->at] != '\'')
		return false;
	for (end = lx->at + 1; end < lx->to && lx->s[end] != '\n'; end++)
		if (lx->s[end] == '\'')
			break;
	if (end < lx->to && lx->s[end] == '\'')
		end++;
	weir__ps_error(lx->ps, span(lx, lx->at, end), "syntax.char",
	    "unexpected \"'\"");
	weir__ps_hint(lx->ps, "text stands in double quotes");
	add(lx, T_BAD, end);
	return true;
}

static void
lex_other(struct lexer *lx)
{
	uint32_t cp, end = lx->at;
	unsigned n;

	/* One error for a run of letters of other alphabets. */
	while (end < lx->to && (lx->s[end] & 0x80)) {
		n = weir__utf8_decode(&cp, lx->s + end, lx->to - end);
		end += n != 0 ? n : 1;
	}
	while (end > lx->at && end < lx->to &&
	    (letter(lx->s[end]) || digit(lx->s[end])))
		end++;
	if (end == lx->at) {
		end++;
		if ((unsigned char)lx->s[lx->at] < 0x20) {
			if (lx->s[lx->at] != '\0') /* reported already */
				weir__ps_error(lx->ps, span(lx, lx->at, end),
				    "syntax.char", "unexpected control "
				    "character 0x%02x",
				    (unsigned char)lx->s[lx->at]);
		} else {
			weir__ps_error(lx->ps, span(lx, lx->at, end),
			    "syntax.char", "unexpected \"%c\"",
			    lx->s[lx->at]);
		}
		add(lx, T_BAD, end);
		return;
	}
	if (weir__utf8_valid(lx->s + lx->at, end - lx->at)) {
		weir__ps_error(lx->ps, span(lx, lx->at, end), "syntax.char",
		    "unexpected \"%.*s\"", (int)(end - lx->at > 40 ? 0
				: end - lx->at), lx->s + lx->at);
		weir__ps_hint(lx->ps, "a name with letters beyond a to z "
		    "stands in backquotes");
	}
	add(lx, T_BAD, end);
}

static void
lex_mark(struct lexer *lx)
{
	size_t i, n;

	/* Longer than a mark of ours, so they come first. */
	if (at_text(lx, lx->at, "===") || at_text(lx, lx->at, "!==") ||
	    at_text(lx, lx->at, "=>") || at_text(lx, lx->at, "<>")) {
		lex_habit(lx);
		return;
	}
	for (i = 0; i < sizeof marks / sizeof *marks; i++) {
		n = strlen(marks[i].text);
		if (at_text(lx, lx->at, marks[i].text)) {
			add(lx, marks[i].kind, lx->at + (uint32_t)n);
			return;
		}
	}
	if (!lex_habit(lx) && !lex_single(lx))
		lex_other(lx);
}

static void
lex_comment(struct lexer *lx)
{
	struct weir__parser *ps = lx->ps;
	struct weir__ast_comment *c;
	uint32_t end = lx->at;

	while (end < lx->to && lx->s[end] != '\n')
		end++;
	if (lx->file) {
		ps->comments = weir__ps_grow(ps, ps->comments, ps->ncomments,
		    sizeof *ps->comments);
		c = &ps->comments[ps->ncomments++];
		c->own_line = lx->nl;
		c->span = span(lx, lx->at, end);
		while (c->span.end > lx->at &&
		    (lx->s[c->span.end - 1] == '\r' ||
			lx->s[c->span.end - 1] == ' ' ||
			lx->s[c->span.end - 1] == '\t'))
			c->span.end--;
	}
	lx->at = end;
}

/* A comment as other languages write it: reported and passed over.  So `//`
 * cannot continue an expression at the start of a line. */
static bool
lex_foreign_comment(struct lexer *lx)
{
	uint32_t end = lx->at;

	if (at_text(lx, lx->at, "/*")) {
		while (end < lx->to && !at_text(lx, end, "*/"))
			end++;
		end += end < lx->to ? 2 : 0;
	} else if (lx->nl && (at_text(lx, lx->at, "//") ||
		at_text(lx, lx->at, "--"))) {
		while (end < lx->to && lx->s[end] != '\n')
			end++;
	} else {
		return false;
	}
	weir__ps_error(lx->ps, span(lx, lx->at, lx->at + 2), "syntax.char",
	    "unexpected \"%.2s\"", lx->s + lx->at);
	weir__ps_hint(lx->ps, "a comment begins with #");
	lx->at = end;
	return true;
}

static void
lex_one(struct lexer *lx)
{
	char c = lx->s[lx->at];

	if (c == ' ' || c == '\t' || c == '\r') {
		lx->at++;
	} else if (c == '\n') {
		lx->nl = true;
		lx->at++;
	} else if (c == '#') {
		lex_comment(lx);
	} else if (c == '"') {
		lex_string(lx);
	} else if (c == 'r' && raw_quote(lx->s, lx->at, lx->to) != NONE) {
		lex_string(lx);
	} else if (c == '`') {
		lex_quoted(lx);
	} else if (letter(c)) {
		lex_name(lx);
	} else if (digit(c)) {
		lex_number(lx);
	} else if (!lex_foreign_comment(lx)) {
		lex_mark(lx);
	}
}

struct weir__tok *
weir__lex(struct weir__parser *ps, uint32_t from, uint32_t to, bool file)
{
	struct lexer lx = { .ps = ps, .s = ps->text, .at = from, .to = to,
		.file = file, .nl = file };
	bool quiet = ps->quiet;

	if (file && at_text(&lx, from, "\xef\xbb\xbf"))
		lx.at += 3;
	while (lx.at < to) {
		ps->quiet = quiet; /* each of its errors stands for itself */
		lex_one(&lx);
	}
	ps->quiet = quiet;
	lx.nl = true;
	lx.at = to;
	add(&lx, T_END, to);
	return lx.toks;
}

#define TEXT_ERRORS 5 /* places of bad bytes that are reported */

/* False when there is no use in reading on. */
static bool
check_text(struct weir__parser *ps)
{
	const struct weir__source *so = ps->so;
	struct weir_span sp = { ps->src, 0, 0 };
	const char *nul;
	unsigned n = 0;
	size_t at;

	if (so->len >= 2 && (memcmp(so->text, "\xff\xfe", 2) == 0 ||
		memcmp(so->text, "\xfe\xff", 2) == 0)) {
		sp.end = 2;
		weir__ps_soft(ps, sp, "syntax.utf8",
		    "the file is in UTF-16; it must be in UTF-8");
		return false;
	}
	nul = memchr(so->text, '\0', so->len);
	if (nul != NULL) {
		sp.at = (uint32_t)(nul - so->text);
		sp.end = sp.at + 1;
		weir__ps_soft(ps, sp, "syntax.utf8",
		    "a NUL byte: the file is not a text");
	}
	for (at = 0; at < so->len && n < TEXT_ERRORS; n++) {
		at += weir__utf8_valid_prefix(so->text + at, so->len - at);
		if (at == so->len)
			break;
		sp.at = sp.end = (uint32_t)at;
		weir__ps_soft(ps, sp, "syntax.utf8",
		    "byte 0x%02x is not UTF-8", (unsigned char)so->text[at]);
		while (at < so->len && (so->text[at] & 0x80))
			at++;
	}
	return true;
}

struct weir__tok *
weir__lex_all(struct weir__parser *ps, bool file)
{
	uint32_t to = (uint32_t)ps->so->len;

	return weir__lex(ps, check_text(ps) ? 0 : to, to, file);
}
