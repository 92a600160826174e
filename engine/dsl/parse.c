/* SPDX-License-Identifier: MIT
 *
 * The parser: recursive descent over the tokens of a file, with all errors in
 * one pass.
 *
 *	file		{ declaration | stream }
 *	stream		[ name "=" ] head { "->" stage }
 *	head		stage | name [ "." port ] | "[" refs "]"
 *	stage		[ plugin "." ] verb [ "(" args ")" ] [ "{" entries "}" ]
 *			| "if" expr "then" stage [ "else" stage ]
 *
 * Where things end.  Layout is free but for this: a statement ends with its
 * line, unless the next line begins with `->` or with an operator (`+`, `-`,
 * `and`, `then`, `.` ..., but not `//`), neither of which can begin a statement, or with the
 * `{` of the stage before it.  A `(` or `[` on a new line does not continue.
 * In parentheses and brackets line ends mean nothing; in braces they separate
 * entries as commas do.
 *
 * After an error the parser is quiet until it has found its place again: the
 * next comma or line of the list, its closing bracket, the next `->`, the next
 * statement.
 */
#include "dsl/parse.h"

#include <string.h>

/* --- stages and chains --- */

static struct weir__ast_stage *stage(struct weir__parser *ps);

/* if cond then stage else stage */
static struct weir__ast_stage *
choice(struct weir__parser *ps)
{
	struct weir__ast_stage *st = weir__ps_alloc(ps, sizeof *st);
	struct weir_span from = weir__ps_span(ps, weir__ps_tok(ps));

	weir__ps_next(ps);
	st->cond = weir__ps_expr(ps);
	if (weir__ps_at_word(ps, W_THEN))
		weir__ps_next(ps);
	else
		weir__ps_expected(ps, true, "\"then\"");
	st->yes = stage(ps);
	if (weir__ps_at_word(ps, W_ELSE)) {
		weir__ps_next(ps);
		st->no = stage(ps);
	}
	st->span = weir__ps_since(ps, from);
	return st;
}

/* A stage; with an error its name may be NULL. */
static struct weir__ast_stage *
plain_stage(struct weir__parser *ps)
{
	struct weir__ast_stage *st = weir__ps_alloc(ps, sizeof *st);
	struct weir_span from = weir__ps_span(ps, weir__ps_tok(ps));

	st->span = from;
	if (!weir__ps_name(ps, &st->verb, false, "a stage"))
		return st;
	if (weir__ps_accept(ps, T_DOT)) {
		st->plugin = st->verb;
		st->verb.text = NULL; /* stays so after an error */
		if (!weir__ps_name(ps, &st->verb, true,
			"the name of a stage after \".\""))
			return st;
		weir__ps_plugin(ps, st->plugin.text, st->plugin.span);
	}
	st->name_span = weir__ps_since(ps, from);
	if (weir__ps_at(ps, T_LPAREN) && !weir__ps_tok(ps)->nl) {
		st->has_parens = true;
		st->args = weir__ps_args(ps, &st->nargs, &st->parens);
	}
	if (weir__ps_at(ps, T_LBRACE)) {
		st->has_braces = true;
		st->entries = weir__ps_entries(ps, &st->nentries, &st->braces,
		    false);
	}
	st->span = weir__ps_since(ps, from);
	if (!st->has_parens && !st->has_braces) {
		weir__ps_expected(ps, true, "\"(\" or \"{\"");
		weir__ps_hint(ps, "a stage has its options in parentheses: "
		    "%s%s%s()", st->plugin.text ? st->plugin.text : "",
		    st->plugin.text ? "." : "", st->verb.text);
	}
	return st;
}

static struct weir__ast_stage *
stage(struct weir__parser *ps)
{
	struct weir__ast_stage *st;

	if (!weir__ps_enter(ps)) {
		st = weir__ps_alloc(ps, sizeof *st);
		st->span = weir__ps_span(ps, weir__ps_tok(ps));
		return st;
	}
	st = weir__ps_at_word(ps, W_IF) ? choice(ps) : plain_stage(ps);
	ps->depth--;
	return st;
}

static bool
reference(struct weir__parser *ps, struct weir__ast_chain *ch)
{
	struct weir__ast_ref *rf;
	struct weir__ast_name nm;

	if (!weir__ps_name(ps, &nm, false, "a stream's name"))
		return false;
	ch->refs = weir__ps_grow(ps, ch->refs, ch->nrefs, sizeof *rf);
	rf = &ch->refs[ch->nrefs++];
	memset(rf, 0, sizeof *rf);
	rf->name = nm;
	if (weir__ps_accept(ps, T_DOT))
		weir__ps_name(ps, &rf->port, true, "a port's name after \".\"");
	rf->span = weir__ps_since(ps, nm.span);
	return true;
}

/* [a, b.port] */
static void
union_of(struct weir__parser *ps, struct weir__ast_chain *ch)
{
	struct weir_span open = weir__ps_span(ps, weir__ps_tok(ps));
	size_t was;

	ch->is_union = true;
	weir__ps_next(ps);
	while (!weir__ps_at(ps, T_RBRACKET)) {
		was = ps->pos;
		reference(ps, ch);
		if (weir__ps_separated(ps, T_RBRACKET))
			continue;
		if (weir__ps_at(ps, T_RBRACKET))
			break;
		weir__ps_expected(ps, true, "\",\" or \"]\"");
		weir__ps_of(ps, open, "opened here");
		if (!weir__ps_sync(ps, T_RBRACKET, was))
			return;
		weir__ps_accept(ps, T_COMMA);
	}
	weir__ps_next(ps);
	if (ch->nrefs == 0)
		weir__ps_soft(ps, weir__ps_since(ps, open), "syntax.expected",
		    "expected streams in the brackets");
}

static void
add_stage(struct weir__parser *ps, struct weir__ast_chain *ch)
{
	struct weir__ast_stage *st = stage(ps);

	if (st->cond == NULL && st->verb.text == NULL)
		return; /* not even a name could be read */
	ch->stages = weir__ps_grow(ps, ch->stages, ch->nstages,
	    sizeof *ch->stages);
	ch->stages[ch->nstages++] = st;
}

/* Is what stands here a stage, and not a stream? */
static bool
at_stage(const struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_ahead(ps, 1);

	if (weir__ps_at_word(ps, W_IF))
		return true;
	if (t->kind == T_DOT)
		t = weir__ps_ahead(ps, 3);
	return (t->kind == T_LPAREN && !t->nl) || t->kind == T_LBRACE;
}

static void
chain(struct weir__parser *ps, struct weir__ast_chain *ch, bool named)
{
	struct weir_span from = weir__ps_span(ps, weir__ps_tok(ps));

	memset(ch, 0, sizeof *ch);
	if (weir__ps_at(ps, T_LBRACKET))
		union_of(ps, ch);
	else if (at_stage(ps))
		add_stage(ps, ch);
	else
		reference(ps, ch);
	while (weir__ps_at(ps, T_ARROW)) {
		ps->quiet = false;
		weir__ps_next(ps);
		add_stage(ps, ch);
	}
	ch->span = weir__ps_since(ps, from);
	if (ch->nstages == 0 && !named && ch->nrefs != 0) {
		weir__ps_expected(ps, true, "\"->\" and a stage");
		weir__ps_hint(ps, "a stream alone does nothing");
	}
}

/* --- declarations --- */

static const char *const declarations[] = { "param", "settings", "schema",
	"part", "define", "include", "test" };

static const enum weir__ast_what declared[] = { WEIR__I_PARAM,
	WEIR__I_SETTINGS, WEIR__I_SCHEMA, WEIR__I_PART, WEIR__I_DEFINE,
	WEIR__I_INCLUDE, WEIR__I_TEST };

#define NDECLARATIONS (sizeof declarations / sizeof *declarations)

bool
weir__ps_declares(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < NDECLARATIONS; i++)
		if (strlen(declarations[i]) == n &&
		    memcmp(declarations[i], s, n) == 0)
			return true;
	return false;
}

static void
param(struct weir__parser *ps, struct weir__ast_item *it)
{
	if (!weir__ps_name(ps, &it->name, false, "a param's name"))
		return;
	if (weir__ps_accept(ps, T_COLON))
		it->u.param.type = weir__ps_type(ps);
	if (weir__ps_accept(ps, T_ASSIGN))
		it->u.param.value = weir__ps_expr(ps);
	else if (it->u.param.type == NULL) {
		weir__ps_expected(ps, true, "\"=\" and a value, or \":\" and "
		    "a type");
		weir__ps_hint(ps, "as in param %s = \"...\"", it->name.text);
	}
}

static bool
at_brace(struct weir__parser *ps, const char *what)
{
	if (weir__ps_at(ps, T_LBRACE))
		return true;
	weir__ps_expected(ps, true, "%s", what);
	return false;
}

static void
settings(struct weir__parser *ps, struct weir__ast_item *it)
{
	struct weir_span braces;

	if (at_brace(ps, "\"{\""))
		it->u.settings.entries = weir__ps_entries(ps,
		    &it->u.settings.n, &braces, true);
}

static void
schema(struct weir__parser *ps, struct weir__ast_item *it)
{
	struct weir_span braces;

	if (!weir__ps_name(ps, &it->name, false, "a schema's name"))
		return;
	if (weir__ps_accept(ps, T_ASSIGN))
		it->u.schema.value = weir__ps_expr(ps);
	else if (at_brace(ps, "\"{\" or \"=\""))
		it->u.schema.fields = weir__ps_fields(ps, &it->u.schema.n,
		    &braces);
}

static const char *
plain_string(struct weir__parser *ps, struct weir_span *sp, const char *what)
{
	struct weir__ast_expr *e;

	if (!weir__ps_at(ps, T_STRING)) {
		weir__ps_expected(ps, true, "%s", what);
		return NULL;
	}
	e = weir__ps_string(ps, weir__ps_next(ps));
	*sp = e->span;
	if (e->kind == WEIR__E_STRING)
		return e->u.str.text;
	if (e->kind == WEIR__E_TEMPLATE)
		weir__ps_soft(ps, e->span, "syntax.expected",
		    "${...} cannot stand here");
	return NULL;
}

/* The body of a test is passed over, bracket by bracket. */
static void
test(struct weir__parser *ps, struct weir__ast_item *it)
{
	struct weir_span open;
	unsigned depth = 0;

	it->name.text = plain_string(ps, &it->name.span,
	    "the test's name in double quotes");
	if (!at_brace(ps, "\"{\""))
		return;
	open = weir__ps_span(ps, weir__ps_tok(ps));
	do {
		if (weir__ps_at(ps, T_END)) {
			weir__ps_expected(ps, true, "\"}\"");
			weir__ps_of(ps, open, "opened here");
			break;
		}
		if (weir__ps_at(ps, T_LBRACE))
			depth++;
		else if (weir__ps_at(ps, T_RBRACE))
			depth--;
		weir__ps_next(ps);
	} while (depth > 0);
	it->u.test.braces = weir__ps_since(ps, open);
}

/* (input, min = 0) */
static void
define_params(struct weir__parser *ps, struct weir__ast_item *it)
{
	struct weir__ast_entry *en;
	struct weir_span open = weir__ps_span(ps, weir__ps_tok(ps));
	size_t *n = &it->u.define.nparams, was;

	weir__ps_next(ps);
	while (!weir__ps_at(ps, T_RPAREN)) {
		was = ps->pos;
		it->u.define.params = weir__ps_grow(ps, it->u.define.params,
		    *n, sizeof *en);
		en = &it->u.define.params[*n];
		memset(en, 0, sizeof *en);
		if (weir__ps_name(ps, &en->name, false, "a name")) {
			if (weir__ps_accept(ps, T_ASSIGN))
				en->value = weir__ps_expr(ps);
			en->span = weir__ps_since(ps, en->name.span);
			++*n;
		}
		if (weir__ps_separated(ps, T_RPAREN))
			continue;
		if (weir__ps_at(ps, T_RPAREN))
			break;
		weir__ps_expected(ps, true, "\",\" or \")\"");
		weir__ps_of(ps, open, "opened here");
		if (!weir__ps_sync(ps, T_RPAREN, was))
			return;
		weir__ps_accept(ps, T_COMMA);
	}
	weir__ps_next(ps);
}

static void
define(struct weir__parser *ps, struct weir__ast_item *it)
{
	if (!weir__ps_name(ps, &it->name, false, "a name"))
		return;
	if (!weir__ps_at(ps, T_LPAREN)) {
		weir__ps_expected(ps, true, "\"(\"");
		return;
	}
	define_params(ps, it);
	if (weir__ps_accept(ps, T_ASSIGN))
		chain(ps, &it->u.define.chain, true);
	else
		weir__ps_expected(ps, true, "\"=\"");
}

static struct weir__ast_item *items(struct weir__parser *ps, size_t *n,
    bool inside);

static void
part(struct weir__parser *ps, struct weir__ast_item *it)
{
	struct weir_span open;

	if (!weir__ps_name(ps, &it->name, false, "the part's name") ||
	    !at_brace(ps, "\"{\"") || !weir__ps_enter(ps))
		return;
	open = weir__ps_span(ps, weir__ps_tok(ps));
	weir__ps_next(ps);
	it->u.part.items = items(ps, &it->u.part.n, true);
	ps->depth--;
	if (!weir__ps_accept(ps, T_RBRACE)) {
		weir__ps_expected(ps, true, "\"}\"");
		weir__ps_of(ps, open, "opened here");
	}
	it->u.part.braces = weir__ps_since(ps, open);
}

/* --- items --- */

/* Which declaration stands here, or -1 for a stream.  A word that is nearly
 * one, where only a declaration can be, is reported and taken for it. */
static int
declaration(struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	const struct weir__tok *u = weir__ps_ahead(ps, 1);
	const char *near, *s = ps->text + t->at;
	size_t i, n = t->end - t->at;

	if (t->kind != T_NAME || t->word != W_NONE)
		return -1;
	if (u->kind == T_ASSIGN || u->kind == T_ARROW || u->kind == T_DOT)
		return -1;
	for (i = 0; i < NDECLARATIONS; i++)
		if (strlen(declarations[i]) == n &&
		    memcmp(declarations[i], s, n) == 0)
			return (int)i;
	if (u->nl || (u->kind != T_NAME && u->kind != T_QUOTED &&
		u->kind != T_STRING && u->kind != T_LBRACE))
		return -1;
	near = weir__nearest(s, n, declarations, NDECLARATIONS);
	if (near == NULL)
		return -1;
	weir__ps_soft(ps, weir__ps_span(ps, t), "syntax.expected",
	    "expected a declaration or a stream, found \"%.*s\"",
	    (int)(n < 60 ? n : 60), s);
	weir__ps_hint(ps, "did you mean \"%s\"?", near);
	for (i = 0; declarations[i] != near;)
		i++;
	return (int)i;
}

static void
stream(struct weir__parser *ps, struct weir__ast_item *it)
{
	const struct weir__tok *u = weir__ps_ahead(ps, 1);
	bool named = false;

	it->what = WEIR__I_STREAM;
	if (u->kind == T_ASSIGN) {
		named = true;
		if (!weir__ps_at(ps, T_QUOTED) && (!weir__ps_at(ps, T_NAME) ||
			weir__ps_tok(ps)->word != W_NONE)) {
			weir__ps_expected(ps, false, "a stream's name");
			if (weir__ps_at(ps, T_NAME))
				weir__ps_hint(ps, "a reserved word is a name "
				    "only in backquotes");
			return;
		}
		it->name = weir__ps_take_name(ps);
		weir__ps_next(ps);
	} else if (weir__ps_at(ps, T_NAME) && u->kind != T_ARROW &&
	    u->kind != T_DOT && !at_stage(ps) && !u->nl) {
		weir__ps_next(ps);
		weir__ps_expected(ps, true, "\"->\", \"=\" or \"(\"");
		return;
	} else if (!weir__ps_at(ps, T_NAME) && !weir__ps_at(ps, T_QUOTED) &&
	    !weir__ps_at(ps, T_LBRACKET)) {
		weir__ps_expected(ps, false, "a stream or a declaration");
		if (weir__ps_at(ps, T_ARROW))
			weir__ps_hint(ps, "a chain begins with a stream or a "
			    "source");
		return;
	}
	chain(ps, &it->u.chain, named);
}

static void
item(struct weir__parser *ps, struct weir__ast_item *it)
{
	int i = declaration(ps);

	if (i < 0) {
		stream(ps, it);
		return;
	}
	it->what = declared[i];
	it->word = weir__ps_span(ps, weir__ps_tok(ps));
	weir__ps_next(ps);
	if (weir__ps_tok(ps)->nl && !weir__ps_at(ps, T_LBRACE)) {
		weir__ps_expected(ps, true, "%s after \"%s\"",
		    it->what == WEIR__I_SETTINGS ? "\"{\"" :
		    it->what == WEIR__I_INCLUDE || it->what == WEIR__I_TEST
			? "a text in double quotes" : "a name",
		    declarations[i]);
		return;
	}
	switch (it->what) {
	case WEIR__I_PARAM:
		param(ps, it);
		break;
	case WEIR__I_SETTINGS:
		settings(ps, it);
		break;
	case WEIR__I_SCHEMA:
		schema(ps, it);
		break;
	case WEIR__I_PART:
		part(ps, it);
		break;
	case WEIR__I_DEFINE:
		define(ps, it);
		break;
	case WEIR__I_INCLUDE:
		it->u.include.path = plain_string(ps, &it->u.include.path_span,
		    "a file's name in double quotes");
		break;
	case WEIR__I_TEST:
		test(ps, it);
		break;
	case WEIR__I_STREAM:
		break;
	}
}

/* After an item: the next line that is not part of it. */
static void
end_of_item(struct weir__parser *ps, const struct weir__ast_item *it,
    bool inside, size_t was)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	unsigned depth = 0;

	if (!t->nl && !(inside && t->kind == T_RBRACE)) {
		if (it->what == WEIR__I_STREAM)
			weir__ps_expected(ps, true,
			    "\"->\" or the end of the line");
		else
			weir__ps_expected(ps, true, "the end of the line");
	}
	/* Only an error stops short of a line's end, or at an arrow. */
	for (;; weir__ps_next(ps)) {
		t = weir__ps_tok(ps);
		if (t->kind == T_END)
			return;
		if (t->nl && ps->pos != was && t->kind != T_ARROW &&
		    (depth == 0 || weir__ps_at_statement(ps)))
			return;
		if (t->kind == T_LPAREN || t->kind == T_LBRACKET ||
		    t->kind == T_LBRACE)
			depth++;
		if (t->kind != T_RPAREN && t->kind != T_RBRACKET &&
		    t->kind != T_RBRACE)
			continue;
		if (depth == 0 && inside && t->kind == T_RBRACE)
			return;
		depth -= depth > 0;
	}
}

static struct weir__ast_item *
items(struct weir__parser *ps, size_t *n, bool inside)
{
	struct weir__ast_item *list = NULL, *it;
	struct weir_span from;
	bool damaged = ps->damaged;
	uint32_t col = ps->stmt_col;
	size_t was;

	*n = 0;
	while (!weir__ps_at(ps, T_END) &&
	    !(inside && weir__ps_at(ps, T_RBRACE))) {
		list = weir__ps_grow(ps, list, *n, sizeof *list);
		it = &list[(*n)++];
		memset(it, 0, sizeof *it);
		ps->quiet = ps->damaged = false;
		from = weir__ps_span(ps, weir__ps_tok(ps));
		ps->stmt_col = weir__ps_column(ps, from.at);
		was = ps->pos;
		item(ps, it);
		it->span = weir__ps_since(ps, from);
		end_of_item(ps, it, inside, was);
		it->damaged = ps->damaged;
		damaged |= ps->damaged;
	}
	ps->quiet = false;
	ps->damaged = damaged;
	ps->stmt_col = col;
	return list;
}

/* --- whole texts --- */

static void
begin(struct weir__parser *ps, struct weir__arena *ar, struct weir__errors *es,
    uint32_t src)
{
	memset(ps, 0, sizeof *ps);
	ps->ar = ar;
	ps->es = es;
	ps->src = src;
	ps->so = &es->sources[src - 1];
	ps->text = ps->so->text;
}

struct weir__ast_file *
weir__parse(struct weir__arena *ar, struct weir__errors *es, uint32_t src)
{
	struct weir__parser ps;
	struct weir__ast_file *f;

	begin(&ps, ar, es, src);
	if (setjmp(ps.oom) != 0)
		return NULL;
	f = weir__ps_alloc(&ps, sizeof *f);
	f->src = src;
	ps.toks = weir__lex_all(&ps, true);
	f->comments = ps.comments;
	f->ncomments = ps.ncomments;
	f->items = items(&ps, &f->nitems, false);
	f->plugins = ps.plugins;
	f->damaged = ps.any;
	return f;
}

/* Only what an option's default may hold. */
static void
check_value(struct weir__parser *ps, const struct weir__ast_expr *e)
{
	size_t i;

	switch (e->kind) {
	case WEIR__E_NULL:
	case WEIR__E_BOOL:
	case WEIR__E_INT:
	case WEIR__E_DECIMAL:
	case WEIR__E_FLOAT:
	case WEIR__E_STRING:
	case WEIR__E_DURATION:
	case WEIR__E_SIZE:
	case WEIR__E_NAME:
	case WEIR__E_CALL: /* decimal(12, 2), timestamp(ms) */
	case WEIR__E_REQUIRED:
	case WEIR__E_TYPE:
	case WEIR__E_BAD:
		return;
	case WEIR__E_LIST:
		for (i = 0; i < e->u.list.n; i++)
			check_value(ps, e->u.list.items[i]);
		return;
	case WEIR__E_RECORD:
		for (i = 0; i < e->u.record.n; i++)
			check_value(ps, e->u.record.entries[i].value);
		return;
	default:
		weir__ps_soft(ps, e->span, "syntax.expected",
		    "expected a value, found an expression");
	}
}

/* The whole of the text, as `how` reads it; NULL after an error. */
static void *
whole(struct weir__arena *ar, struct weir__errors *es, uint32_t src,
    void *(*how)(struct weir__parser *))
{
	struct weir__parser ps;
	void *p;

	begin(&ps, ar, es, src);
	if (setjmp(ps.oom) != 0)
		return NULL;
	ps.toks = weir__lex_all(&ps, false);
	p = how(&ps);
	if (!weir__ps_at(&ps, T_END))
		weir__ps_expected(&ps, false, "an operator or the end");
	return ps.any ? NULL : p;
}

static void *
one_expr(struct weir__parser *ps)
{
	return weir__ps_expr(ps);
}

static void *
one_value(struct weir__parser *ps)
{
	struct weir__ast_expr *e = weir__ps_expr(ps);

	check_value(ps, e);
	return e;
}

static void *
one_type(struct weir__parser *ps)
{
	return weir__ps_type(ps);
}

struct weir__ast_expr *
weir__parse_expr(struct weir__arena *ar, struct weir__errors *es, uint32_t src)
{
	return whole(ar, es, src, one_expr);
}

struct weir__ast_expr *
weir__parse_value(struct weir__arena *ar, struct weir__errors *es,
    uint32_t src)
{
	return whole(ar, es, src, one_value);
}

struct weir__ast_type *
weir__parse_type(struct weir__arena *ar, struct weir__errors *es, uint32_t src)
{
	return whole(ar, es, src, one_type);
}
