/* SPDX-License-Identifier: MIT
 *
 * The parser's expressions, by precedence climbing (M. Richards, C. Whitby-
 * Strevens, "BCPL: the language and its compiler", 1979, section 6.6).
 *
 *	loosest	or
 *		and
 *		not
 *		== != < <= > >=  in  between  like  is null	not chained
 *		??						to the right
 *		+ -
 *		* / // %
 *		- (sign)
 *	tightest .name  [index]  call(...)  type!
 *
 * `if c then a else b` and `case ... end` stand wherever an operand does; the
 * last branch of an `if` reaches as far as it can.
 */
#include "dsl/parse.h"

#include <string.h>

enum prec {
	P_NONE,
	P_OR,
	P_AND,
	P_NOT,
	P_COMPARE,
	P_COALESCE,
	P_ADD,
	P_MUL,
	P_SIGN,
};

static const struct {
	uint8_t tok;
	uint8_t word;
	uint8_t prec;
	uint8_t kind;
} operators[] = {
	{ T_NAME, W_OR, P_OR, WEIR__E_OR },
	{ T_NAME, W_AND, P_AND, WEIR__E_AND },
	{ T_EQ, 0, P_COMPARE, WEIR__E_EQ },
	{ T_NE, 0, P_COMPARE, WEIR__E_NE },
	{ T_LT, 0, P_COMPARE, WEIR__E_LT },
	{ T_LE, 0, P_COMPARE, WEIR__E_LE },
	{ T_GT, 0, P_COMPARE, WEIR__E_GT },
	{ T_GE, 0, P_COMPARE, WEIR__E_GE },
	{ T_NAME, W_IN, P_COMPARE, WEIR__E_IN },
	{ T_NAME, W_BETWEEN, P_COMPARE, WEIR__E_BETWEEN },
	{ T_NAME, W_LIKE, P_COMPARE, WEIR__E_LIKE },
	{ T_NAME, W_NOT, P_COMPARE, WEIR__E_NOT }, /* not in, not like ... */
	{ T_NAME, W_IS, P_COMPARE, WEIR__E_IS_NULL },
	{ T_COALESCE, 0, P_COALESCE, WEIR__E_COALESCE },
	{ T_PLUS, 0, P_ADD, WEIR__E_ADD },
	{ T_MINUS, 0, P_ADD, WEIR__E_SUB },
	{ T_STAR, 0, P_MUL, WEIR__E_MUL },
	{ T_SLASH, 0, P_MUL, WEIR__E_DIV },
	{ T_SLASHES, 0, P_MUL, WEIR__E_IDIV },
	{ T_PERCENT, 0, P_MUL, WEIR__E_MOD },
};

static struct weir__ast_expr *binary(struct weir__parser *ps, enum prec min);

static struct weir__ast_expr *
make(struct weir__parser *ps, enum weir__ast_kind kind, struct weir_span sp)
{
	struct weir__ast_expr *e = weir__ps_alloc(ps, sizeof *e);

	e->kind = kind;
	e->span = sp;
	e->op = sp;
	e->height = 1;
	return e;
}

/* An operand that could not be read, without length, at the next token. */
static struct weir__ast_expr *
bad(struct weir__parser *ps)
{
	struct weir_span sp = weir__ps_span(ps, weir__ps_tok(ps));

	sp.end = sp.at;
	return make(ps, WEIR__E_BAD, sp);
}

/* A part of `e` is so high. */
static void
holds_height(struct weir__parser *ps, struct weir__ast_expr *e,
    uint16_t height)
{
	if (e->height > height)
		return;
	if (height < WEIR__AST_HEIGHT) {
		e->height = height + 1;
		return;
	}
	weir__ps_error(ps, e->op, "syntax.deep",
	    "this expression has more than %d levels", WEIR__AST_HEIGHT);
	weir__ps_hint(ps, "name parts of it in a set stage");
	e->kind = WEIR__E_BAD;
	e->height = 1;
}

static void
holds(struct weir__parser *ps, struct weir__ast_expr *e,
    const struct weir__ast_expr *part)
{
	if (part != NULL)
		holds_height(ps, e, part->height);
}

/* --- operands --- */

/* `plugin.name(...)` or `name(...)`, the next token being the parenthesis. */
static struct weir__ast_expr *
call(struct weir__parser *ps, struct weir__ast_expr *f)
{
	struct weir__ast_expr *e = make(ps, WEIR__E_CALL, f->span);
	struct weir_span parens;
	size_t i;

	e->op = f->op;
	if (f->kind == WEIR__E_NAME) {
		e->u.call.name = f->u.name.text;
	} else if (f->kind == WEIR__E_FIELD &&
	    f->u.field.of->kind == WEIR__E_NAME) {
		e->u.call.plugin = f->u.field.of->u.name.text;
		e->u.call.name = f->u.field.name;
		e->op = f->span;
		weir__ps_plugin(ps, e->u.call.plugin, f->u.field.of->span);
	} else if (f->kind == WEIR__E_BAD) {
		e->kind = WEIR__E_BAD;
	} else {
		weir__ps_soft(ps, f->span, "syntax.expected",
		    "expected a function's name before \"(\"");
		weir__ps_hint(ps, "as in lower(name) or plugin.name(...)");
		e->kind = WEIR__E_BAD;
	}
	e->u.call.args = weir__ps_args(ps, &e->u.call.nargs, &parens);
	e->span = weir__span_join(f->span, parens);
	for (i = 0; i < e->u.call.nargs; i++)
		holds(ps, e, e->u.call.args[i].value);
	return e;
}

static struct weir__ast_expr *
field(struct weir__parser *ps, struct weir__ast_expr *of)
{
	struct weir__ast_expr *e;
	struct weir__ast_name name;

	weir__ps_next(ps);
	if (!weir__ps_name(ps, &name, true, "a name after \".\""))
		return of;
	e = make(ps, WEIR__E_FIELD, weir__span_join(of->span, name.span));
	e->op = name.span;
	e->u.field.of = of;
	e->u.field.name = name.text;
	holds(ps, e, of);
	return e;
}

static struct weir__ast_expr *
index_of(struct weir__parser *ps, struct weir__ast_expr *of)
{
	struct weir__ast_expr *e;
	struct weir_span open = weir__ps_span(ps, weir__ps_tok(ps));
	size_t was = ps->pos;

	weir__ps_next(ps);
	e = make(ps, WEIR__E_INDEX, of->span);
	e->op = open;
	e->u.bin.a = of;
	e->u.bin.b = weir__ps_expr(ps);
	holds(ps, e, of);
	holds(ps, e, e->u.bin.b);
	if (!weir__ps_accept(ps, T_RBRACKET)) {
		weir__ps_expected(ps, true, "\"]\"");
		weir__ps_of(ps, open, "opened here");
		if (weir__ps_sync(ps, T_RBRACKET, was))
			weir__ps_accept(ps, T_RBRACKET);
	}
	e->span = weir__ps_since(ps, of->span);
	return e;
}

static struct weir__ast_expr *
required(struct weir__parser *ps, struct weir__ast_expr *of)
{
	struct weir__ast_expr *e;
	struct weir_span op = weir__ps_span(ps, weir__ps_tok(ps));

	weir__ps_next(ps);
	if (of->kind != WEIR__E_NAME && of->kind != WEIR__E_CALL &&
	    of->kind != WEIR__E_TYPE && of->kind != WEIR__E_BAD) {
		weir__ps_soft(ps, op, "syntax.expected",
		    "\"!\" stands only behind a type");
		weir__ps_hint(ps, "as in string!; to negate, write not");
		return of;
	}
	e = make(ps, WEIR__E_REQUIRED, weir__span_join(of->span, op));
	e->op = op;
	e->u.bin.a = of;
	holds(ps, e, of);
	return e;
}

/* Behind an operand.  A bracket or parenthesis on a new line begins something
 * of its own. */
static struct weir__ast_expr *
postfix(struct weir__parser *ps, struct weir__ast_expr *e)
{
	const struct weir__tok *t;

	for (;;) {
		t = weir__ps_tok(ps);
		if (t->kind == T_DOT)
			e = field(ps, e);
		else if (t->nl)
			return e;
		else if (t->kind == T_LPAREN)
			e = call(ps, e);
		else if (t->kind == T_LBRACKET)
			e = index_of(ps, e);
		else if (t->kind == T_BANG)
			e = required(ps, e);
		else
			return e;
	}
}

static struct weir__ast_expr *
list(struct weir__parser *ps, enum weir__tok_kind closer)
{
	struct weir__ast_expr *e;
	struct weir_span open = weir__ps_span(ps, weir__ps_tok(ps));
	struct weir__ast_expr ***items;
	size_t *n, was;

	e = make(ps, WEIR__E_LIST, open);
	items = &e->u.list.items;
	n = &e->u.list.n;
	weir__ps_next(ps);
	while (!weir__ps_at(ps, closer)) {
		was = ps->pos;
		*items = weir__ps_grow(ps, *items, *n, sizeof **items);
		(*items)[(*n)++] = weir__ps_expr(ps);
		holds(ps, e, (*items)[*n - 1]);
		if (weir__ps_separated(ps, closer))
			continue;
		if (weir__ps_at(ps, closer))
			break;
		weir__ps_expected(ps, true, "\",\" or \"%s\"",
		    closer == T_RPAREN ? ")" : "]");
		weir__ps_of(ps, open, "opened here");
		if (!weir__ps_sync(ps, closer, was))
			return e;
		weir__ps_accept(ps, T_COMMA);
	}
	weir__ps_next(ps);
	e->span = weir__ps_since(ps, open);
	return e;
}

static struct weir__ast_expr *
record(struct weir__parser *ps)
{
	struct weir__ast_expr *e;
	size_t i;

	e = make(ps, WEIR__E_RECORD, weir__ps_span(ps, weir__ps_tok(ps)));
	e->u.record.entries = weir__ps_entries(ps, &e->u.record.n, &e->span,
	    true);
	for (i = 0; i < e->u.record.n; i++)
		holds(ps, e, e->u.record.entries[i].value);
	return e;
}

static struct weir__ast_expr *
parens(struct weir__parser *ps)
{
	struct weir_span open = weir__ps_span(ps, weir__ps_tok(ps));
	struct weir__ast_expr *e;
	size_t was = ps->pos;

	weir__ps_next(ps);
	e = weir__ps_expr(ps);
	e->parens = true;
	if (weir__ps_accept(ps, T_RPAREN))
		return e;
	weir__ps_expected(ps, true, "an operator or \")\"");
	weir__ps_of(ps, open, "opened here");
	if (weir__ps_sync(ps, T_RPAREN, was))
		weir__ps_accept(ps, T_RPAREN);
	return e;
}

static struct weir__ast_expr *
if_then(struct weir__parser *ps)
{
	struct weir_span from = weir__ps_span(ps, weir__ps_tok(ps));
	struct weir__ast_expr *e = make(ps, WEIR__E_IF, from);

	weir__ps_next(ps);
	e->u.cond.x = weir__ps_expr(ps);
	if (weir__ps_at_word(ps, W_THEN)) {
		weir__ps_next(ps);
	} else {
		weir__ps_expected(ps, true, "\"then\"");
		weir__ps_of(ps, from, "of this if");
	}
	e->u.cond.a = weir__ps_expr(ps);
	if (weir__ps_at_word(ps, W_ELSE)) {
		weir__ps_next(ps);
		e->u.cond.b = weir__ps_expr(ps);
	}
	e->span = weir__ps_since(ps, from);
	holds(ps, e, e->u.cond.x);
	holds(ps, e, e->u.cond.a);
	holds(ps, e, e->u.cond.b);
	return e;
}

static void
one_when(struct weir__parser *ps, struct weir__ast_expr *e)
{
	struct weir__ast_when *w;
	struct weir_span from = weir__ps_span(ps, weir__ps_tok(ps));

	weir__ps_next(ps);
	e->u.cases.whens = weir__ps_grow(ps, e->u.cases.whens, e->u.cases.n,
	    sizeof *w);
	w = &e->u.cases.whens[e->u.cases.n++];
	w->when = weir__ps_expr(ps);
	if (weir__ps_at_word(ps, W_THEN)) {
		weir__ps_next(ps);
	} else {
		weir__ps_expected(ps, true, "\"then\"");
		weir__ps_of(ps, from, "of this when");
	}
	w->then = weir__ps_expr(ps);
	w->span = weir__ps_since(ps, from);
	holds(ps, e, w->when);
	holds(ps, e, w->then);
}

static struct weir__ast_expr *
case_when(struct weir__parser *ps)
{
	struct weir_span from = weir__ps_span(ps, weir__ps_tok(ps));
	struct weir__ast_expr *e = make(ps, WEIR__E_CASE, from);

	weir__ps_next(ps);
	if (!weir__ps_at_word(ps, W_WHEN)) {
		e->u.cases.operand = weir__ps_expr(ps);
		holds(ps, e, e->u.cases.operand);
	}
	while (weir__ps_at_word(ps, W_WHEN))
		one_when(ps, e);
	if (e->u.cases.n == 0) {
		weir__ps_expected(ps, true, "\"when\"");
		weir__ps_of(ps, from, "of this case");
		e->kind = WEIR__E_BAD;
	}
	if (weir__ps_at_word(ps, W_ELSE)) {
		weir__ps_next(ps);
		e->u.cases.otherwise = weir__ps_expr(ps);
		holds(ps, e, e->u.cases.otherwise);
	}
	if (weir__ps_at_text(ps, "end")) {
		weir__ps_next(ps);
	} else {
		weir__ps_expected(ps, true, "\"when\", \"else\" or \"end\"");
		weir__ps_of(ps, from, "of this case");
	}
	e->span = weir__ps_since(ps, from);
	return e;
}

/* cast(x as type), the next tokens being cast and the parenthesis. */
static struct weir__ast_expr *
cast(struct weir__parser *ps)
{
	struct weir_span from = weir__ps_span(ps, weir__ps_tok(ps)), open;
	struct weir__ast_expr *e = make(ps, WEIR__E_CAST, from);
	size_t was = ps->pos;

	weir__ps_next(ps);
	open = weir__ps_span(ps, weir__ps_tok(ps));
	weir__ps_next(ps);
	e->u.cast.x = weir__ps_expr(ps);
	holds(ps, e, e->u.cast.x);
	if (weir__ps_at_word(ps, W_AS)) {
		weir__ps_next(ps);
		e->u.cast.type = weir__ps_type(ps);
	} else {
		weir__ps_expected(ps, true, "\"as\" and a type");
		weir__ps_hint(ps, "as in cast(x as int64)");
	}
	if (e->u.cast.type == NULL)
		e->kind = WEIR__E_BAD;
	else
		holds_height(ps, e, e->u.cast.type->height);
	if (!weir__ps_at(ps, T_RPAREN)) {
		weir__ps_expected(ps, true, "\")\"");
		weir__ps_of(ps, open, "opened here");
		weir__ps_sync(ps, T_RPAREN, was);
	}
	weir__ps_accept(ps, T_RPAREN);
	e->span = weir__ps_since(ps, from);
	return e;
}

/* struct { name: type, ... }, the next tokens being struct and the brace. */
static struct weir__ast_expr *
struct_type(struct weir__parser *ps)
{
	struct weir__ast_name name = weir__ps_take_name(ps);
	struct weir__ast_expr *e = make(ps, WEIR__E_TYPE, name.span);
	struct weir__ast_type *ty = weir__ps_alloc(ps, sizeof *ty);
	struct weir_span braces = name.span;
	size_t i;

	ty->name = name;
	ty->fields = weir__ps_fields(ps, &ty->nfields, &braces);
	ty->span = weir__span_join(name.span, braces);
	e->span = ty->span;
	e->u.type = ty;
	for (i = 0; i < ty->nfields; i++)
		holds_height(ps, e, ty->fields[i].type->height);
	ty->height = e->height;
	return e;
}

static struct weir__ast_expr *
word(struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	struct weir__ast_expr *e;

	switch (t->word) {
	case W_IF:
		return if_then(ps);
	case W_CASE:
		return case_when(ps);
	case W_NULL:
		e = make(ps, WEIR__E_NULL, weir__ps_span(ps, t));
		weir__ps_next(ps);
		return e;
	case W_TRUE:
	case W_FALSE:
		e = make(ps, WEIR__E_BOOL, weir__ps_span(ps, t));
		e->u.b = t->word == W_TRUE;
		weir__ps_next(ps);
		return e;
	default:
		weir__ps_expected(ps, false, "an expression");
		weir__ps_hint(ps, "a column of this name stands in "
		    "backquotes");
		return bad(ps);
	}
}

static struct weir__ast_expr *
name(struct weir__parser *ps)
{
	const struct weir__tok *after = weir__ps_ahead(ps, 1);
	bool quoted = weir__ps_at(ps, T_QUOTED);
	struct weir__ast_expr *e;
	struct weir__ast_name nm;

	if (after->kind == T_LPAREN && !after->nl &&
	    weir__ps_at_text(ps, "cast"))
		return cast(ps);
	if (after->kind == T_LBRACE && weir__ps_at_text(ps, "struct"))
		return struct_type(ps);
	nm = weir__ps_take_name(ps);
	e = make(ps, WEIR__E_NAME, nm.span);
	e->u.name.text = nm.text;
	e->u.name.quoted = quoted;
	return e;
}

static struct weir__ast_expr *
nothing(struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps), *u;

	u = weir__ps_ahead(ps, 1);
	weir__ps_expected(ps, t->kind == T_END || t->kind == T_ARROW ||
		t->kind == T_NAME, "an expression");
	if (t->kind == T_STAR && u->kind == T_RPAREN)
		weir__ps_hint(ps, "write count()");
	else if (t->kind == T_DOT && u->kind == T_NUMBER)
		weir__ps_hint(ps, "write 0.%.*s", (int)(u->end - u->at),
		    ps->text + u->at);
	return bad(ps);
}

static struct weir__ast_expr *
operand(struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	struct weir__ast_expr *e;

	if (t->nl && weir__ps_at_statement(ps))
		return nothing(ps);
	switch (t->kind) {
	case T_NAME:
		return t->word != W_NONE ? word(ps) : name(ps);
	case T_QUOTED:
		return name(ps);
	case T_NUMBER:
		return weir__ps_number(ps, weir__ps_next(ps));
	case T_STRING:
		return weir__ps_string(ps, weir__ps_next(ps));
	case T_LPAREN:
		return parens(ps);
	case T_LBRACKET:
		return list(ps, T_RBRACKET);
	case T_LBRACE:
		return record(ps);
	case T_BAD:
		e = make(ps, WEIR__E_BAD, weir__ps_span(ps, t));
		weir__ps_next(ps);
		ps->quiet = ps->damaged = true;
		return e;
	default:
		return nothing(ps);
	}
}

/* --- operators --- */

/* A minus before a plain number is part of it, so that the least int64 can be
 * written. */
static bool
fold_sign(struct weir__parser *ps, struct weir__ast_expr *e,
    struct weir_span sign)
{
	const char *text = e->u.num.text;
	char *s;

	if (e->parens || ps->text[e->span.at] == '-')
		return false;
	switch (e->kind) {
	case WEIR__E_INT:
		if (e->u.num.big && strcmp(text, "9223372036854775808") == 0) {
			e->u.num.big = false;
			e->u.num.i = INT64_MIN;
		} else {
			e->u.num.i = -e->u.num.i;
		}
		break;
	case WEIR__E_FLOAT:
		e->u.num.f = -e->u.num.f;
		break;
	case WEIR__E_DECIMAL:
		break;
	case WEIR__E_DURATION:
		e->u.i = -e->u.i;
		e->span = weir__span_join(sign, e->span);
		return true;
	default:
		return false;
	}
	s = weir__ps_alloc(ps, strlen(text) + 2);
	s[0] = '-';
	memcpy(s + 1, text, strlen(text));
	e->u.num.text = s;
	e->span = weir__span_join(sign, e->span);
	return true;
}

static struct weir__ast_expr *
sign(struct weir__parser *ps)
{
	struct weir_span op = weir__ps_span(ps, weir__ps_tok(ps));
	struct weir__ast_expr *e, *a;

	weir__ps_next(ps);
	a = binary(ps, P_SIGN);
	if (fold_sign(ps, a, op))
		return a;
	e = make(ps, WEIR__E_NEG, weir__span_join(op, a->span));
	e->op = op;
	e->u.bin.a = a;
	holds(ps, e, a);
	return e;
}

/* Can't an operand begin here? */
static bool
closes(const struct weir__tok *t)
{
	return t->nl || t->kind == T_END || t->kind == T_RPAREN ||
	    t->kind == T_RBRACKET || t->kind == T_RBRACE ||
	    t->kind == T_COMMA || t->kind == T_ARROW;
}

static struct weir__ast_expr *
unary(struct weir__parser *ps)
{
	struct weir_span op = weir__ps_span(ps, weir__ps_tok(ps));
	struct weir__ast_expr *e;

	if (weir__ps_at(ps, T_MINUS))
		return sign(ps);
	if (weir__ps_at(ps, T_BANG) && !closes(weir__ps_ahead(ps, 1))) {
		weir__ps_soft(ps, op, "syntax.char", "unexpected \"!\"");
		weir__ps_hint(ps, "write not");
	} else if (!weir__ps_at_word(ps, W_NOT)) {
		return postfix(ps, operand(ps));
	}
	weir__ps_next(ps);
	e = make(ps, WEIR__E_NOT, op);
	e->u.bin.a = binary(ps, P_NOT);
	e->span = weir__ps_since(ps, op);
	holds(ps, e, e->u.bin.a);
	return e;
}

/* The operator at the next token: an index into operators, or -1. */
static int
operator_at(const struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	size_t i;

	if (t->kind == T_NAME && t->word == W_NONE)
		return -1;
	for (i = 0; i < sizeof operators / sizeof *operators; i++)
		if (operators[i].tok == t->kind && operators[i].word == t->word)
			return (int)i;
	return -1;
}

/* in (a, b): what SQL writes; read as the list it means. */
static struct weir__ast_expr *
in_parens(struct weir__parser *ps)
{
	struct weir__ast_expr *e = list(ps, T_RPAREN);

	if (e->u.list.n == 1 && e->u.list.items[0]->kind != WEIR__E_STRING) {
		e->u.list.items[0]->parens = true;
		return e->u.list.items[0];
	}
	weir__ps_soft(ps, e->span, "syntax.expected",
	    "expected a list in brackets after \"in\"");
	weir__ps_hint(ps, "write [...] for (...)");
	return e;
}

/* is null, is not null; the next token is behind the `is`. */
static void
is_null(struct weir__parser *ps, struct weir__ast_expr *e)
{
	e->kind = WEIR__E_IS_NULL;
	if (weir__ps_at_word(ps, W_NOT)) {
		weir__ps_next(ps);
		e->u.bin.negated = true;
	}
	if (weir__ps_at_word(ps, W_NULL)) {
		weir__ps_next(ps);
		return;
	}
	weir__ps_expected(ps, true, "\"null\" or \"not null\"");
	weir__ps_hint(ps, "other values are compared with == and !=");
}

/* The rest of a comparison by words, whose first word was read. */
static void
compare_words(struct weir__parser *ps, struct weir__ast_expr *e,
    enum weir__ast_kind kind)
{
	bool negated = false;
	int i;

	if (kind == WEIR__E_NOT) {
		negated = true;
		i = operator_at(ps);
		kind = i < 0 ? WEIR__E_NOT : operators[i].kind;
		if (kind != WEIR__E_IN && kind != WEIR__E_LIKE &&
		    kind != WEIR__E_BETWEEN) {
			weir__ps_expected(ps, true,
			    "\"in\", \"like\" or \"between\"");
			e->kind = WEIR__E_BAD;
			return;
		}
		weir__ps_next(ps);
	}
	e->kind = kind;
	if (kind == WEIR__E_BETWEEN) {
		e->u.cond.x = e->u.bin.a;
		e->u.cond.a = binary(ps, P_COMPARE + 1);
		holds(ps, e, e->u.cond.a);
		if (!weir__ps_at_word(ps, W_AND)) {
			weir__ps_expected(ps, true, "\"and\" and the upper "
			    "end of \"between\"");
			e->u.cond.b = bad(ps);
		} else {
			weir__ps_next(ps);
			e->u.cond.b = binary(ps, P_COMPARE + 1);
		}
		holds(ps, e, e->u.cond.b);
		e->u.cond.negated = negated;
		return;
	}
	e->u.bin.b = kind == WEIR__E_IN && weir__ps_at(ps, T_LPAREN)
	    ? postfix(ps, in_parens(ps)) : binary(ps, P_COMPARE + 1);
	e->u.bin.negated = negated;
	holds(ps, e, e->u.bin.b);
}

static void
refuse_chain(struct weir__parser *ps)
{
	int i = operator_at(ps);

	if (i < 0 || operators[i].prec != P_COMPARE)
		return;
	weir__ps_error(ps, weir__ps_span(ps, weir__ps_tok(ps)),
	    "syntax.chain", "comparisons cannot be chained");
	weir__ps_hint(ps, "write a < b and b < c, or put one in parentheses");
}

static struct weir__ast_expr *
operation(struct weir__parser *ps, struct weir__ast_expr *a, int i)
{
	enum weir__ast_kind kind = operators[i].kind;
	enum prec prec = operators[i].prec;
	struct weir__ast_expr *e;

	e = make(ps, kind, a->span);
	e->op = weir__ps_span(ps, weir__ps_tok(ps));
	weir__ps_next(ps);
	e->u.bin.a = a;
	if (kind == WEIR__E_IS_NULL) {
		is_null(ps, e);
	} else if (operators[i].word != 0 && prec == P_COMPARE) {
		compare_words(ps, e, kind);
	} else {
		e->u.bin.b = binary(ps, kind == WEIR__E_COALESCE ? prec
								  : prec + 1);
		holds(ps, e, e->u.bin.b);
	}
	holds(ps, e, a);
	e->span = weir__ps_since(ps, a->span);
	if (prec == P_COMPARE)
		refuse_chain(ps);
	return e;
}

static struct weir__ast_expr *
binary(struct weir__parser *ps, enum prec min)
{
	struct weir__ast_expr *e;
	int i;

	if (!weir__ps_enter(ps))
		return bad(ps);
	e = unary(ps);
	while ((i = operator_at(ps)) >= 0 && operators[i].prec >= min)
		e = operation(ps, e, i);
	ps->depth--;
	return e;
}

struct weir__ast_expr *
weir__ps_operand(struct weir__parser *ps)
{
	return postfix(ps, operand(ps));
}

struct weir__ast_expr *
weir__ps_expr(struct weir__parser *ps)
{
	struct weir__ast_expr *e = binary(ps, P_OR);

	if (weir__ps_at(ps, T_ASSIGN)) {
		weir__ps_error(ps, weir__ps_span(ps, weir__ps_tok(ps)),
		    "syntax.expected", "unexpected \"=\"");
		weir__ps_hint(ps, "to compare, write ==; to give an option, "
		    "name: value");
	}
	return e;
}
