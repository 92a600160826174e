/* SPDX-License-Identifier: MIT
 *
 * The parser's lists: options in parentheses, entries and fields in braces.
 *
 * After an error in one entry reading goes on with the next.  A list whose
 * end is missing is given up where `->` or a statement stands, so that one
 * forgotten bracket is one error.
 */
#include "dsl/parse.h"

#include <string.h>

/* --- finding the way again --- */

uint32_t
weir__ps_column(const struct weir__parser *ps, uint32_t at)
{
	uint32_t n = 1;

	while (at > 0 && ps->text[at - 1] != '\n') {
		at--;
		n++;
	}
	return n;
}

static bool
is_name(const struct weir__tok *t)
{
	return t->kind == T_QUOTED || (t->kind == T_NAME && t->word == W_NONE);
}

bool
weir__ps_at_statement(const struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	const struct weir__tok *u = weir__ps_ahead(ps, 1);

	if (!t->nl)
		return false;
	if (t->kind == T_NAME && !u->nl &&
	    weir__ps_declares(ps->text + t->at, t->end - t->at) &&
	    (u->kind == T_NAME || u->kind == T_QUOTED || u->kind == T_STRING ||
		u->kind == T_LBRACE))
		return true;
	if (!is_name(t))
		return false;
	if (u->kind == T_DOT && is_name(weir__ps_ahead(ps, 2)))
		u = weir__ps_ahead(ps, 3);
	/* name = value is also what somebody may write for name: value */
	return u->kind == T_ARROW || (u->kind == T_ASSIGN &&
	    weir__ps_column(ps, t->at) <= ps->stmt_col);
}

/* When an error was seen already: may something new begin here? */
static bool
new_statement(const struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps);

	if (weir__ps_at_statement(ps))
		return true;
	return t->nl && (t->kind == T_NAME || t->kind == T_QUOTED ||
	    t->kind == T_LBRACKET) &&
	    weir__ps_ahead(ps, 1)->kind != T_COLON &&
	    weir__ps_column(ps, t->at) <= ps->stmt_col;
}

static bool
opens(const struct weir__tok *t)
{
	return t->kind == T_LPAREN || t->kind == T_LBRACKET ||
	    t->kind == T_LBRACE;
}

static bool
closes(const struct weir__tok *t)
{
	return t->kind == T_RPAREN || t->kind == T_RBRACKET ||
	    t->kind == T_RBRACE;
}

bool
weir__ps_sync(struct weir__parser *ps, enum weir__tok_kind closer, size_t was)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	unsigned depth = 0;

	/* An entry that took nothing: do not look at its first token again. */
	if (ps->pos == was && t->kind != T_COMMA && t->kind != T_ARROW &&
	    !opens(t) && !closes(t) && !new_statement(ps))
		weir__ps_next(ps);
	for (;; weir__ps_next(ps)) {
		t = weir__ps_tok(ps);
		if (t->kind == T_END || t->kind == T_ARROW ||
		    new_statement(ps))
			return false;
		if (opens(t)) {
			depth++;
		} else if (closes(t)) {
			if (depth == 0 && t->kind != closer)
				return false;
			if (depth == 0)
				break;
			depth--;
		} else if (depth == 0 && (t->kind == T_COMMA ||
			(t->nl && closer == T_RBRACE && ps->pos != was))) {
			break;
		}
	}
	ps->quiet = false;
	return true;
}

/* The list that began at `open` goes on after a comma (or, in braces, a new
 * line); false at its end, which is taken, and where it is given up. */
static bool
more(struct weir__parser *ps, enum weir__tok_kind closer, struct weir_span open,
    size_t was)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	const char *close = closer == T_RPAREN ? ")" : "}";

	if (t->kind == T_COMMA || t->kind == closer)
		ps->quiet = false;
	if (t->kind != T_COMMA && t->kind != closer && (closer == T_RPAREN ||
		!t->nl || t->kind == T_ARROW || ps->quiet)) {
		if (closer == T_RPAREN)
			weir__ps_expected(ps, true, "\",\" or \")\"");
		else
			weir__ps_expected(ps, true,
			    "\",\", a new line or \"}\"");
		weir__ps_of(ps, open, "opened here");
		if (!weir__ps_sync(ps, closer, was))
			return false;
	}
	weir__ps_accept(ps, T_COMMA);
	if (weir__ps_accept(ps, closer))
		return false;
	if (!weir__ps_at(ps, T_END) && !weir__ps_at_statement(ps))
		return true;
	weir__ps_expected(ps, true, "\"%s\"", close);
	weir__ps_of(ps, open, "opened here");
	return false;
}

/* The opening bracket; false when the list is empty, its end taken. */
static bool
begin(struct weir__parser *ps, enum weir__tok_kind closer,
    struct weir_span *open)
{
	*open = weir__ps_span(ps, weir__ps_tok(ps));
	weir__ps_next(ps);
	if (weir__ps_accept(ps, closer))
		return false;
	if (!weir__ps_at(ps, T_END) && !weir__ps_at_statement(ps))
		return true;
	weir__ps_expected(ps, true, "\"%s\"", closer == T_RPAREN ? ")" : "}");
	weir__ps_of(ps, *open, "opened here");
	return false;
}

/* --- entries --- */

/* "name:" if it stands here; `option`: in parentheses. */
static bool
label(struct weir__parser *ps, struct weir__ast_name *out, bool option)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	const struct weir__tok *u = weir__ps_ahead(ps, 1);
	struct weir__ast_expr *e;

	if (u->kind != T_COLON && u->kind != T_ASSIGN)
		return false;
	if (t->kind == T_STRING && u->kind == T_COLON) {
		weir__ps_soft(ps, weir__ps_span(ps, t), "syntax.expected",
		    "expected a name, found a string");
		weir__ps_hint(ps, "a name stands without quotes, or in "
		    "backquotes");
		e = weir__ps_string(ps, *t);
		out->text = e->kind == WEIR__E_STRING ? e->u.str.text : "";
		out->span = e->span;
		weir__ps_next(ps);
		weir__ps_next(ps);
		return true;
	}
	if (t->kind != T_NAME && t->kind != T_QUOTED)
		return false;
	*out = weir__ps_take_name(ps);
	if (u->kind == T_ASSIGN) {
		weir__ps_soft(ps, weir__ps_span(ps, u), "syntax.expected",
		    "expected \":\", found \"=\"");
		if (option)
			weir__ps_hint(ps, "an option is %s: ..., a comparison "
			    "%s == ...", out->text, out->text);
		else
			weir__ps_hint(ps, "write %s: ...", out->text);
	}
	weir__ps_next(ps);
	return true;
}

static void
check_args(struct weir__parser *ps, const struct weir__ast_arg *args, size_t n)
{
	const struct weir__ast_arg *a = &args[n - 1];
	size_t i;

	if (a->name.text == NULL) {
		if (n < 2 || args[n - 2].name.text == NULL ||
		    a->value->kind == WEIR__E_BAD)
			return;
		weir__ps_soft(ps, a->span, "syntax.positional",
		    "a positional value cannot follow a named one");
		weir__ps_hint(ps, "write name: before it, or put it first");
		return;
	}
	for (i = 0; i + 1 < n; i++) {
		if (args[i].name.text == NULL ||
		    strcmp(args[i].name.text, a->name.text) != 0)
			continue;
		weir__ps_soft(ps, a->name.span, "syntax.twice",
		    "\"%s\" is given twice", a->name.text);
		weir__ps_note(ps, args[i].name.span, "first given here");
		return;
	}
}

/* value as name */
static struct weir__ast_expr *
alias(struct weir__parser *ps, struct weir__ast_expr *x)
{
	struct weir__ast_expr *e = weir__ps_alloc(ps, sizeof *e);

	e->kind = WEIR__E_AS;
	e->op = weir__ps_span(ps, weir__ps_tok(ps));
	weir__ps_next(ps);
	if (!weir__ps_name(ps, &e->u.as.name, false, "a name after \"as\""))
		return x;
	e->span = weir__ps_since(ps, x->span);
	e->u.as.x = x;
	e->height = x->height;
	if (e->height < WEIR__AST_HEIGHT)
		e->height++;
	return e;
}

struct weir__ast_arg *
weir__ps_args(struct weir__parser *ps, size_t *n, struct weir_span *parens)
{
	struct weir__ast_arg *list = NULL, *a;
	struct weir_span from;
	size_t was;
	bool go;

	*n = 0;
	for (go = begin(ps, T_RPAREN, parens); go;
	     go = more(ps, T_RPAREN, *parens, was)) {
		was = ps->pos;
		list = weir__ps_grow(ps, list, *n, sizeof *list);
		a = &list[(*n)++];
		memset(a, 0, sizeof *a);
		from = weir__ps_span(ps, weir__ps_tok(ps));
		label(ps, &a->name, true);
		a->value = weir__ps_expr(ps);
		if (weir__ps_at_word(ps, W_AS))
			a->value = alias(ps, a->value);
		a->span = weir__ps_since(ps, from);
		check_args(ps, list, *n);
	}
	*parens = weir__ps_since(ps, *parens);
	return list;
}

/* An entry that must have a name has none. */
static void
no_label(struct weir__parser *ps)
{
	if (weir__ps_at(ps, T_NAME) || weir__ps_at(ps, T_QUOTED)) {
		weir__ps_next(ps);
		weir__ps_expected(ps, true, "\":\" and a value");
	} else {
		weir__ps_expected(ps, false, "a name and \":\"");
	}
}

struct weir__ast_entry *
weir__ps_entries(struct weir__parser *ps, size_t *n, struct weir_span *braces,
    bool names)
{
	struct weir__ast_entry *list = NULL, *en;
	struct weir_span from;
	size_t was;
	bool go;

	*n = 0;
	for (go = begin(ps, T_RBRACE, braces); go;
	     go = more(ps, T_RBRACE, *braces, was)) {
		was = ps->pos;
		list = weir__ps_grow(ps, list, *n, sizeof *list);
		en = &list[*n];
		memset(en, 0, sizeof *en);
		from = weir__ps_span(ps, weir__ps_tok(ps));
		if (!label(ps, &en->name, false) && names) {
			no_label(ps);
			continue;
		}
		en->value = weir__ps_expr(ps);
		en->span = weir__ps_since(ps, from);
		++*n;
	}
	*braces = weir__ps_since(ps, *braces);
	return list;
}

/* type from "name" */
static bool
one_field(struct weir__parser *ps, struct weir__ast_field *fi)
{
	struct weir__ast_expr *e;
	struct weir__tok t;

	if (!label(ps, &fi->name, false)) {
		if (!weir__ps_name(ps, &fi->name, true, "a field's name"))
			return false;
		weir__ps_expected(ps, true, "\":\" and a type");
		return false;
	}
	fi->type = weir__ps_type(ps);
	if (fi->type == NULL)
		return false;
	if (!weir__ps_at_text(ps, "from") || weir__ps_tok(ps)->nl)
		return true;
	weir__ps_next(ps);
	if (!weir__ps_at(ps, T_STRING)) {
		weir__ps_expected(ps, true, "a name in double quotes");
		return true;
	}
	t = weir__ps_next(ps);
	fi->from_span = weir__ps_span(ps, &t);
	e = weir__ps_string(ps, t);
	if (e->kind == WEIR__E_STRING)
		fi->from = e->u.str.text;
	else if (e->kind == WEIR__E_TEMPLATE)
		weir__ps_soft(ps, e->span, "syntax.expected",
		    "a field's outside name cannot hold ${...}");
	return true;
}

struct weir__ast_field *
weir__ps_fields(struct weir__parser *ps, size_t *n, struct weir_span *braces)
{
	struct weir__ast_field *list = NULL, *fi;
	struct weir_span from;
	size_t was;
	bool go;

	*n = 0;
	if (!weir__ps_enter(ps))
		return NULL;
	for (go = begin(ps, T_RBRACE, braces); go;
	     go = more(ps, T_RBRACE, *braces, was)) {
		was = ps->pos;
		list = weir__ps_grow(ps, list, *n, sizeof *list);
		fi = &list[*n];
		memset(fi, 0, sizeof *fi);
		from = weir__ps_span(ps, weir__ps_tok(ps));
		if (!one_field(ps, fi))
			continue;
		fi->span = weir__ps_since(ps, from);
		++*n;
	}
	*braces = weir__ps_since(ps, *braces);
	ps->depth--;
	return list;
}
