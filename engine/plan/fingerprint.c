/* SPDX-License-Identifier: MIT
 *
 * What of a plan its kept state depends on, as text: stages that keep state,
 * with the options that shape it and their tables.  Two plans with the same
 * text can share a state directory; `weir plan` shows where they differ.
 *
 *	stage gold/window.tumbling
 *	  is window.tumbling, version 1
 *	  size 1m
 *	  aggs n: count(), total: sum(amount)
 *	  aggs of () (decimal(8, 2))
 *	  table groups, version 1, timed, keys string, slot 48
 */
#include <inttypes.h>

#include <string.h>

#include "base/time.h"
#include "batch/batch.h"
#include "plan/fingerprint.h"
#include "plan/shape.h"

static const char *
str_of(const struct weir_str *s)
{
	return weir_str_data(s);
}

static const struct weir__ast_arg *
written(const struct weir__node *nd, const struct weir_option *op)
{
	const struct weir__ast_stage *as = nd->ast;
	size_t i, k, at = 0;

	for (i = 0; i < as->nargs; i++)
		if (as->args[i].name.text != NULL &&
		    strcmp(as->args[i].name.text, op->name) == 0)
			return &as->args[i];
	for (k = 0; nd->type->options[k] != op; k++)
		at += (nd->type->options[k]->flags & WEIR_OPTF_POSITIONAL) != 0;
	if ((op->flags & WEIR_OPTF_POSITIONAL) == 0)
		return NULL;
	for (i = 0; i < as->nargs; i++)
		if (as->args[i].name.text == NULL && at-- == 0)
			return &as->args[i];
	return NULL;
}

static void
put_entries(struct weir__buf *bf, const struct weir__ast_stage *as)
{
	size_t i;

	for (i = 0; i < as->nentries; i++) {
		weir__buf_str(bf, i == 0 ? " " : ", ");
		weir__ast_name_print(bf, as->entries[i].name.text);
		weir__buf_str(bf, ": ");
		weir__ast_expr_print(bf, as->entries[i].value);
	}
}

static void
put_strings(struct weir__buf *bf, const struct weir_list *li)
{
	const struct weir_str *s = li->items;
	size_t i;

	for (i = 0; i < li->n; i++) {
		weir__buf_chr(bf, ' ');
		weir__buf_add(bf, str_of(&s[i]), s[i].len);
	}
}

/* Constants by their value, so that a param that changes shows; what is
 * computed from rows by its text. */
static bool
put_value(struct weir__buf *bf, const struct weir__node *nd,
    const struct weir_option *op)
{
	const char *at = (const char *)nd->config + op->offset;
	char text[WEIR__TIME_TEXT];
	size_t n;

	switch (op->type) {
	case WEIR_OPT_BOOL:
		weir__buf_printf(bf, " %s", *(const bool *)(const void *)at ?
			"true" : "false");
		return true;
	case WEIR_OPT_DURATION:
		n = weir__time_print_duration(text,
		    *(const int64_t *)(const void *)at);
		weir__buf_printf(bf, " %.*s", (int)n, text);
		return true;
	case WEIR_OPT_INT:
	case WEIR_OPT_TIMESTAMP:
		weir__buf_printf(bf, " %" PRId64,
		    *(const int64_t *)(const void *)at);
		return true;
	case WEIR_OPT_SIZE:
		weir__buf_printf(bf, " %" PRIu64,
		    *(const uint64_t *)(const void *)at);
		return true;
	case WEIR_OPT_FLOAT:
		weir__buf_printf(bf, " %.17g",
		    *(const double *)(const void *)at);
		return true;
	case WEIR_OPT_ENUM:
		weir__buf_printf(bf, " %s",
		    op->choices[*(const int32_t *)(const void *)at]);
		return true;
	case WEIR_OPT_STRING:
		weir__buf_chr(bf, ' ');
		weir__buf_add(bf, str_of((const void *)at),
		    ((const struct weir_str *)(const void *)at)->len);
		return true;
	case WEIR_OPT_STRINGS:
		put_strings(bf, (const void *)at);
		return true;
	default:
		return false;
	}
}

static void
put_option(struct weir__buf *bf, const struct weir__node *nd,
    const struct weir_option *op)
{
	const struct weir__ast_arg *ar;
	const struct weir_aggs *ag;

	weir__buf_printf(bf, "  %s", op->name);
	if (!put_value(bf, nd, op)) {
		ar = written(nd, op);
		if ((op->flags & WEIR_OPTF_BRACES) != 0)
			put_entries(bf, nd->ast);
		if (ar != NULL) {
			weir__buf_chr(bf, ' ');
			weir__ast_expr_print(bf, ar->value);
		}
	}
	weir__buf_chr(bf, '\n');
	if (op->type != WEIR_OPT_AGGS)
		return;
	memcpy(&ag, (const char *)nd->config + op->offset, sizeof ag);
	if (ag == NULL)
		return;
	weir__buf_printf(bf, "  %s of", op->name);
	weir__aggs_types(ag, bf);
	weir__buf_chr(bf, '\n');
}

static void
put_table(struct weir__buf *bf, const struct weir_table_spec *sp)
{
	struct weir__shape sh;

	weir__shape_of(&sh, sp);
	weir__buf_printf(bf, "  table %s, ", sp->name);
	weir__shape_print(bf, &sh);
	weir__buf_chr(bf, '\n');
}

static bool
keeps(const struct weir__node *nd)
{
	return nd->ntables != 0 || nd->watermark.on ||
	    nd->type->role == WEIR_SOURCE;
}

void
weir__plan_fingerprint(struct weir__buf *bf, const struct weir__plan *pl)
{
	const struct weir__node *nd;
	const struct weir_table *ta;
	size_t i, k;

	for (i = 0; i < pl->nnodes; i++) {
		nd = pl->nodes[i];
		if (!keeps(nd))
			continue;
		weir__buf_printf(bf, "stage %s\n  is %s, version %u\n", nd->id,
		    nd->what, nd->type->state_version);
		for (k = 0; nd->type->options != NULL &&
		     nd->type->options[k] != NULL; k++)
			if (nd->type->options[k]->flags & WEIR_OPTF_STATE)
				put_option(bf, nd, nd->type->options[k]);
		for (ta = nd->tables; ta != NULL; ta = ta->next)
			put_table(bf, &ta->spec);
	}
}

void
weir__plan_sink(struct weir__buf *bf, const struct weir__node *nd)
{
	const struct weir_option *const *op = nd->type->options;

	weir__buf_str(bf, nd->what);
	for (; op != NULL && *op != NULL; op++) {
		if (((*op)->flags & WEIR_OPTF_STATE) == 0 ||
		    ((*op)->flags & WEIR_OPTF_TARGET) != 0)
			continue;
		weir__buf_printf(bf, " %s", (*op)->name);
		(void)put_value(bf, nd, *op);
	}
}

/* ---- comparing */

/* The block of a stage: from behind its first line to the next stage. */
static bool
find(const char *text, const char *id, size_t n, const char **from,
    const char **to)
{
	const char *p, *eol, *end;

	for (p = text; *p != '\0'; p = end) {
		eol = strchrnul(p, '\n');
		end = strstr(eol, "\nstage ");
		end = end != NULL ? end + 1 : p + strlen(p);
		if ((size_t)(eol - p) == n + 6 && memcmp(p + 6, id, n) == 0) {
			*from = *eol != '\0' ? eol + 1 : eol;
			*to = end;
			return true;
		}
	}
	return false;
}

bool
weir__plan_has(const char *text, const char *id, size_t n)
{
	const char *from, *to;

	return find(text, id, n, &from, &to);
}

void
weir__plan_without(char *text, const char *id, size_t n)
{
	const char *from, *to;
	char *at;

	if (!find(text, id, n, &from, &to))
		return;
	at = text + (from - text) - n - 7;
	memmove(at, to, strlen(to) + 1);
}

/* ---- one stage, line by line */

struct line {
	const char *p; /* without its two spaces */
	size_t n;
};

static struct line
next_line(const char **p, const char *end)
{
	static const char none[] = "nothing";
	struct line li = { none, sizeof none - 1 };
	const char *eol;

	if (*p >= end)
		return li;
	eol = memchr(*p, '\n', (size_t)(end - *p));
	eol = eol != NULL ? eol : end;
	li.p = eol - *p > 2 ? *p + 2 : *p;
	li.n = (size_t)(eol - li.p);
	*p = eol < end ? eol + 1 : end;
	return li;
}

static bool
same_line(struct line a, struct line b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* "table groups, version ...": what follows the name; its own length, or 0. */
static size_t
table_name(struct line li, struct line *rest)
{
	const char *comma = memmem(li.p, li.n, ", ", 2);

	if (li.n < 6 || memcmp(li.p, "table ", 6) != 0 || comma == NULL)
		return 0;
	rest->p = comma + 2;
	rest->n = li.n - (size_t)(rest->p - li.p);
	return (size_t)(comma - li.p);
}

static const struct weir_table_spec *
find_table(const struct weir__plan *pl, const struct weir__plan_change *ch,
    const char *name, size_t n)
{
	const struct weir_table *ta;
	size_t i;

	for (i = 0; i < pl->nnodes; i++)
		if (strlen(pl->nodes[i]->id) == ch->id_len &&
		    memcmp(pl->nodes[i]->id, ch->id, ch->id_len) == 0)
			for (ta = pl->nodes[i]->tables; ta != NULL;
			     ta = ta->next)
				if (strlen(ta->spec.name) == n &&
				    memcmp(ta->spec.name, name, n) == 0)
					return &ta->spec;
	return NULL;
}

/* Can the table of the one line go on as that of the other? */
static bool
carried(const struct weir__plan *pl, const struct weir__plan_change *ch,
    struct line was, struct line is)
{
	const struct weir_table_spec *sp;
	struct line a, b;
	struct weir__shape sh;
	size_t n = table_name(was, &a);

	if (n == 0 || table_name(is, &b) != n || memcmp(was.p, is.p, n) != 0)
		return false;
	sp = find_table(pl, ch, was.p + 6, n - 6);
	return sp != NULL && weir__shape_parse(&sh, a.p, a.n) &&
	    weir__shape_fit(&sh, sp) != WEIR__FIT_NOT;
}

/* The first line that differs and can't be carried over, else the first that
 * can. */
static void
compare(struct weir__plan_change *ch, const struct weir__plan *pl,
    const char *a, const char *aend, const char *b, const char *bend)
{
	struct line was, is;
	bool good;

	ch->how = WEIR__PLAN_SAME;
	while (a < aend || b < bend) {
		was = next_line(&a, aend);
		is = next_line(&b, bend);
		if (same_line(was, is))
			continue;
		good = carried(pl, ch, was, is);
		if (good && ch->how == WEIR__PLAN_MIGRATED)
			continue;
		ch->how = good ? WEIR__PLAN_MIGRATED : WEIR__PLAN_CHANGED;
		ch->was = was.p;
		ch->was_len = was.n;
		ch->is = is.p;
		ch->is_len = is.n;
		if (!good)
			return;
	}
}

bool
weir__plan_changes(const char *was, const char *is,
    const struct weir__plan *pl, const char **at, struct weir__plan_change *ch)
{
	const char *p = *at != NULL ? *at : was, *eol, *a, *aend, *b, *bend;

	memset(ch, 0, sizeof *ch);
	if (strncmp(p, "stage ", 6) != 0)
		return false;
	eol = strchrnul(p, '\n');
	ch->id = p + 6;
	ch->id_len = (size_t)(eol - ch->id);
	(void)find(p, ch->id, ch->id_len, &a, &aend);
	*at = aend;
	if (!find(is, ch->id, ch->id_len, &b, &bend)) {
		ch->how = WEIR__PLAN_GONE;
		return true;
	}
	compare(ch, pl, a, aend, b, bend);
	return true;
}
