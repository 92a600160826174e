/* SPDX-License-Identifier: MIT
 *
 * What the parser stands on: memory, errors that are told once, tokens.
 */
#include "dsl/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- memory --- */

void *
weir__ps_alloc(struct weir__parser *ps, size_t n)
{
	void *p = weir__arena_zalloc(ps->ar, n);

	if (p == NULL)
		longjmp(ps->oom, 1);
	return p;
}

void *
weir__ps_grow(struct weir__parser *ps, void *list, size_t n, size_t size)
{
	void *p;

	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return list;
	p = weir__arena_alloc(ps->ar, (n != 0 ? 2 * n : 4) * size);
	if (p == NULL)
		longjmp(ps->oom, 1);
	if (n != 0)
		memcpy(p, list, n * size);
	return p;
}

char *
weir__ps_strndup(struct weir__parser *ps, const char *s, size_t n)
{
	char *p = weir__arena_strndup(ps->ar, s, n);

	if (p == NULL)
		longjmp(ps->oom, 1);
	return p;
}

/* --- errors --- */

static void
report(struct weir__parser *ps, struct weir_span sp, const char *code,
    const char *fmt, va_list ap)
{
	char text[sizeof ((struct weir_err *)0)->text];

	ps->damaged = ps->any = true;
	ps->reported = !ps->quiet;
	if (ps->quiet)
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	weir__errors_fail(ps->es, sp, code, "%s", text);
}

void
weir__ps_error(struct weir__parser *ps, struct weir_span sp, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(ps, sp, code, fmt, ap);
	va_end(ap);
	ps->quiet = true;
}

void
weir__ps_soft(struct weir__parser *ps, struct weir_span sp, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(ps, sp, code, fmt, ap);
	va_end(ap);
}

void
weir__ps_hint(struct weir__parser *ps, const char *fmt, ...)
{
	struct weir_err *err = weir__errors_last(ps->es);
	va_list ap;

	if (!ps->reported)
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
}

void
weir__ps_note(struct weir__parser *ps, struct weir_span sp, const char *text)
{
	struct weir_err *err = weir__errors_last(ps->es);

	if (!ps->reported)
		return;
	err->span2 = sp;
	snprintf(err->text2, sizeof err->text2, "%s", text);
}

void
weir__ps_of(struct weir__parser *ps, struct weir_span sp, const char *text)
{
	uint32_t at = weir__errors_last(ps->es)->span.at;

	if (ps->reported && at > sp.at &&
	    memchr(ps->text + sp.at, '\n', at - sp.at) != NULL)
		weir__ps_note(ps, sp, text);
}

static void
found(const struct weir__parser *ps, const struct weir__tok *t, bool behind,
    char *buf, size_t size)
{
	if (t->kind == T_END && ps->text[t->at] == '}')
		snprintf(buf, size, "\"}\"");
	else if (t->kind == T_END)
		snprintf(buf, size, "the end of the %s",
		    ps->src == 1 ? "file" : "text");
	else if (behind && t->nl)
		snprintf(buf, size, "the end of the line");
	else if (t->kind == T_STRING)
		snprintf(buf, size, "a string");
	else if (t->end - t->at <= 60)
		snprintf(buf, size, "\"%.*s\"", (int)(t->end - t->at),
		    ps->text + t->at);
	else
		snprintf(buf, size, "a long word");
}

void
weir__ps_expected(struct weir__parser *ps, bool behind, const char *fmt, ...)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	struct weir_span sp = weir__ps_span(ps, t);
	char what[160], that[80];
	va_list ap;

	if (t->kind == T_BAD)
		ps->quiet = true; /* what is wrong here was said */
	if ((t->kind == T_END || (behind && t->nl)) && ps->pos > 0 &&
	    ps->text[t->at] != '}')
		sp.at = sp.end = ps->toks[ps->pos - 1].end;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	found(ps, t, behind, that, sizeof that);
	weir__ps_error(ps, sp, "syntax.expected", "expected %s, found %s",
	    what, that);
}

/* --- tokens --- */

const struct weir__tok *
weir__ps_ahead(const struct weir__parser *ps, size_t n)
{
	size_t i = ps->pos;

	while (n-- > 0 && ps->toks[i].kind != T_END)
		i++;
	return &ps->toks[i];
}

bool
weir__ps_at_text(const struct weir__parser *ps, const char *s)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	size_t n = strlen(s);

	return t->kind == T_NAME && t->end - t->at == n &&
	    memcmp(ps->text + t->at, s, n) == 0;
}

struct weir__tok
weir__ps_next(struct weir__parser *ps)
{
	struct weir__tok t = *weir__ps_tok(ps);

	if (t.kind != T_END)
		ps->pos++;
	return t;
}

bool
weir__ps_accept(struct weir__parser *ps, enum weir__tok_kind kind)
{
	if (!weir__ps_at(ps, kind))
		return false;
	weir__ps_next(ps);
	return true;
}

bool
weir__ps_separated(struct weir__parser *ps, enum weir__tok_kind closer)
{
	if (weir__ps_at(ps, T_COMMA) || weir__ps_at(ps, closer))
		ps->quiet = false;
	return weir__ps_accept(ps, T_COMMA);
}

struct weir_span
weir__ps_span(const struct weir__parser *ps, const struct weir__tok *t)
{
	return (struct weir_span){ ps->src, t->at, t->end };
}

struct weir_span
weir__ps_since(const struct weir__parser *ps, struct weir_span from)
{
	if (ps->pos > 0)
		from = weir__span_join(from,
		    weir__ps_span(ps, &ps->toks[ps->pos - 1]));
	return from;
}

struct weir__ast_name
weir__ps_take_name(struct weir__parser *ps)
{
	struct weir__tok t = weir__ps_next(ps);
	uint32_t quote = t.kind == T_QUOTED;

	return (struct weir__ast_name){
		.text = weir__ps_strndup(ps, ps->text + t.at + quote,
		    t.end - t.at - 2 * quote),
		.span = weir__ps_span(ps, &t),
	};
}

bool
weir__ps_name(struct weir__parser *ps, struct weir__ast_name *out, bool any,
    const char *what)
{
	const struct weir__tok *t = weir__ps_tok(ps);

	if (t->kind == T_QUOTED ||
	    (t->kind == T_NAME && (any || t->word == W_NONE))) {
		*out = weir__ps_take_name(ps);
		return true;
	}
	weir__ps_expected(ps, true, "%s", what);
	if (t->kind == T_NAME)
		weir__ps_hint(ps, "a reserved word is a name only in "
		    "backquotes");
	return false;
}

bool
weir__ps_enter(struct weir__parser *ps)
{
	if (ps->depth < PARSE_DEPTH) {
		ps->depth++;
		return true;
	}
	weir__ps_error(ps, weir__ps_span(ps, weir__ps_tok(ps)), "syntax.deep",
	    "more than %d levels of brackets and operators", PARSE_DEPTH);
	return false;
}

void
weir__ps_plugin(struct weir__parser *ps, const char *name,
    struct weir_span span)
{
	struct weir__ast_plugin **at, *pg;

	for (at = &ps->plugins; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->name, name) == 0)
			return;
	pg = weir__ps_alloc(ps, sizeof *pg);
	pg->name = name;
	pg->span = span;
	*at = pg;
}
