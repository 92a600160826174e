/* SPDX-License-Identifier: MIT
 *
 * Expressions and types back to text: one line that reads as the same tree.
 */
#include <string.h>

#include "base/time.h"
#include "dsl/lex.h"

/* How tightly a kind binds; as in expr.c, whose table says what it means. */
enum prec {
	P_ANY,
	P_OR,
	P_AND,
	P_NOT,
	P_COMPARE,
	P_COALESCE,
	P_ADD,
	P_MUL,
	P_SIGN,
	P_TIGHT,
};

static const struct {
	uint8_t prec;
	const char *text;
} kinds[WEIR__E_KINDS] = {
	[WEIR__E_OR] = { P_OR, " or " },
	[WEIR__E_AND] = { P_AND, " and " },
	[WEIR__E_NOT] = { P_NOT, "not " },
	[WEIR__E_EQ] = { P_COMPARE, " == " },
	[WEIR__E_NE] = { P_COMPARE, " != " },
	[WEIR__E_LT] = { P_COMPARE, " < " },
	[WEIR__E_LE] = { P_COMPARE, " <= " },
	[WEIR__E_GT] = { P_COMPARE, " > " },
	[WEIR__E_GE] = { P_COMPARE, " >= " },
	[WEIR__E_IN] = { P_COMPARE, " in " },
	[WEIR__E_LIKE] = { P_COMPARE, " like " },
	[WEIR__E_IS_NULL] = { P_COMPARE, " is " },
	[WEIR__E_BETWEEN] = { P_COMPARE, " between " },
	[WEIR__E_COALESCE] = { P_COALESCE, " ?? " },
	[WEIR__E_ADD] = { P_ADD, " + " },
	[WEIR__E_SUB] = { P_ADD, " - " },
	[WEIR__E_MUL] = { P_MUL, " * " },
	[WEIR__E_DIV] = { P_MUL, " / " },
	[WEIR__E_IDIV] = { P_MUL, " // " },
	[WEIR__E_MOD] = { P_MUL, " % " },
	[WEIR__E_NEG] = { P_SIGN, "-" },
};

static bool
number(const struct weir__ast_expr *e)
{
	return e->kind == WEIR__E_INT || e->kind == WEIR__E_DECIMAL ||
	    e->kind == WEIR__E_FLOAT || e->kind == WEIR__E_DURATION;
}

static enum prec
prec(const struct weir__ast_expr *e)
{
	if (e->kind == WEIR__E_IF || e->kind == WEIR__E_AS)
		return P_ANY;
	if (e->kind == WEIR__E_DURATION)
		return e->u.i < 0 ? P_SIGN : P_TIGHT;
	if (number(e))
		return e->u.num.text[0] == '-' ? P_SIGN : P_TIGHT;
	return kinds[e->kind].prec != 0 ? kinds[e->kind].prec : P_TIGHT;
}

/* An operand where at least `least` is needed. */
static void
part(struct weir__buf *bf, const struct weir__ast_expr *e, enum prec least)
{
	bool parens = prec(e) < least;

	if (parens)
		weir__buf_chr(bf, '(');
	weir__ast_expr_print(bf, e);
	if (parens)
		weir__buf_chr(bf, ')');
}

/* A name where reserved words may stand. */
static void
label(struct weir__buf *bf, const char *name)
{
	if (weir__lex_is_name(name, strlen(name)))
		weir__buf_str(bf, name);
	else
		weir__buf_printf(bf, "`%s`", name);
}

static void
quoted(struct weir__buf *bf, const char *name)
{
	weir__buf_printf(bf, "`%s`", name);
}

void
weir__ast_name_print(struct weir__buf *bf, const char *name)
{
	if (weir__lex_word(name, strlen(name)) != W_NONE)
		quoted(bf, name);
	else
		label(bf, name);
}

/* The inside of a plain string. */
static void
text(struct weir__buf *bf, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		switch (s[i]) {
		case '\n':
			weir__buf_str(bf, "\\n");
			break;
		case '\t':
			weir__buf_str(bf, "\\t");
			break;
		case '\r':
			weir__buf_str(bf, "\\r");
			break;
		case '"':
		case '\\':
			weir__buf_chr(bf, '\\');
			weir__buf_chr(bf, s[i]);
			break;
		case '$':
			if (i + 1 < len && s[i + 1] == '{')
				weir__buf_chr(bf, '\\');
			weir__buf_chr(bf, '$');
			break;
		default:
			if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
				weir__buf_printf(bf, "\\u{%x}",
				    (unsigned char)s[i]);
			else
				weir__buf_chr(bf, s[i]);
		}
	}
}

void
weir__ast_string_print(struct weir__buf *bf, const char *s, size_t len)
{
	weir__buf_chr(bf, '"');
	text(bf, s, len);
	weir__buf_chr(bf, '"');
}

static void
template(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	const struct weir__ast_piece *p;
	size_t i;

	weir__buf_chr(bf, '"');
	for (i = 0; i < e->u.tmpl.n; i++) {
		p = &e->u.tmpl.pieces[i];
		if (p->expr == NULL) {
			text(bf, p->text, p->len);
			continue;
		}
		weir__buf_str(bf, "${");
		weir__ast_expr_print(bf, p->expr);
		weir__buf_chr(bf, '}');
	}
	weir__buf_chr(bf, '"');
}

static void
duration(struct weir__buf *bf, int64_t us)
{
	char buf[WEIR__TIME_TEXT];

	weir__buf_add(bf, buf, weir__time_print_duration(buf, us));
}

static void
size(struct weir__buf *bf, int64_t n)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned i = 0;

	while (i < 4 && n != 0 && n % 1024 == 0) {
		n /= 1024;
		i++;
	}
	weir__buf_printf(bf, "%lld%s", (long long)n, units[i]);
}

static void
call(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	const struct weir__ast_arg *a;
	size_t i;

	if (e->u.call.plugin != NULL) {
		weir__ast_name_print(bf, e->u.call.plugin);
		weir__buf_chr(bf, '.');
		label(bf, e->u.call.name);
	} else if (strcmp(e->u.call.name, "cast") == 0) {
		quoted(bf, e->u.call.name);
	} else {
		weir__ast_name_print(bf, e->u.call.name);
	}
	weir__buf_chr(bf, '(');
	for (i = 0; i < e->u.call.nargs; i++) {
		a = &e->u.call.args[i];
		if (i > 0)
			weir__buf_str(bf, ", ");
		if (a->name.text != NULL) {
			label(bf, a->name.text);
			weir__buf_str(bf, ": ");
		}
		weir__ast_expr_print(bf, a->value);
	}
	weir__buf_chr(bf, ')');
}

static void
list(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	size_t i;

	weir__buf_chr(bf, '[');
	for (i = 0; i < e->u.list.n; i++) {
		if (i > 0)
			weir__buf_str(bf, ", ");
		weir__ast_expr_print(bf, e->u.list.items[i]);
	}
	weir__buf_chr(bf, ']');
}

static void
record(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	const struct weir__ast_entry *en;
	size_t i;

	weir__buf_chr(bf, '{');
	for (i = 0; i < e->u.record.n; i++) {
		en = &e->u.record.entries[i];
		weir__buf_str(bf, i > 0 ? ", " : " ");
		if (en->name.text != NULL) {
			label(bf, en->name.text);
			weir__buf_str(bf, ": ");
		}
		weir__ast_expr_print(bf, en->value);
	}
	weir__buf_str(bf, e->u.record.n > 0 ? " }" : "}");
}

static void
if_then(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	weir__buf_str(bf, "if ");
	part(bf, e->u.cond.x, P_OR);
	weir__buf_str(bf, " then ");
	part(bf, e->u.cond.a, P_OR);
	if (e->u.cond.b == NULL)
		return;
	weir__buf_str(bf, " else ");
	weir__ast_expr_print(bf, e->u.cond.b);
}

static void
case_when(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	size_t i;

	weir__buf_str(bf, "case");
	if (e->u.cases.operand != NULL) {
		weir__buf_chr(bf, ' ');
		part(bf, e->u.cases.operand, P_OR);
	}
	for (i = 0; i < e->u.cases.n; i++) {
		weir__buf_str(bf, " when ");
		part(bf, e->u.cases.whens[i].when, P_OR);
		weir__buf_str(bf, " then ");
		part(bf, e->u.cases.whens[i].then, P_OR);
	}
	if (e->u.cases.otherwise != NULL) {
		weir__buf_str(bf, " else ");
		part(bf, e->u.cases.otherwise, P_OR);
	}
	weir__buf_str(bf, " end");
}

static void
operation(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	enum prec p = kinds[e->kind].prec, left = p, right = p + 1;
	const char *op = kinds[e->kind].text;

	if (p == P_COMPARE)
		left = p + 1;
	if (e->kind == WEIR__E_COALESCE) {
		left = p + 1;
		right = p;
	}
	part(bf, e->kind == WEIR__E_BETWEEN ? e->u.cond.x : e->u.bin.a, left);
	if (e->kind == WEIR__E_IS_NULL) {
		weir__buf_str(bf, e->u.bin.negated ? " is not null"
						   : " is null");
		return;
	}
	if (e->kind == WEIR__E_BETWEEN) {
		weir__buf_str(bf, e->u.cond.negated ? " not between "
						    : " between ");
		part(bf, e->u.cond.a, right);
		weir__buf_str(bf, " and ");
		part(bf, e->u.cond.b, right);
		return;
	}
	if (e->u.bin.negated)
		weir__buf_str(bf, " not");
	weir__buf_str(bf, op);
	part(bf, e->u.bin.b, right);
}

static void
negation(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	const struct weir__ast_expr *a = e->u.bin.a;

	weir__buf_chr(bf, '-');
	/* A bare number would take the sign for its own. */
	part(bf, a, number(a) || a->kind == WEIR__E_NEG ? P_TIGHT + 1
							: P_SIGN);
}

void
weir__ast_expr_print(struct weir__buf *bf, const struct weir__ast_expr *e)
{
	switch (e->kind) {
	case WEIR__E_BAD:
	case WEIR__E_KINDS:
		weir__buf_chr(bf, '?');
		break;
	case WEIR__E_NULL:
		weir__buf_str(bf, "null");
		break;
	case WEIR__E_BOOL:
		weir__buf_str(bf, e->u.b ? "true" : "false");
		break;
	case WEIR__E_INT:
	case WEIR__E_DECIMAL:
	case WEIR__E_FLOAT:
		weir__buf_str(bf, e->u.num.text);
		break;
	case WEIR__E_STRING:
		weir__ast_string_print(bf, e->u.str.text, e->u.str.len);
		break;
	case WEIR__E_TEMPLATE:
		template(bf, e);
		break;
	case WEIR__E_DURATION:
		duration(bf, e->u.i);
		break;
	case WEIR__E_SIZE:
		size(bf, e->u.i);
		break;
	case WEIR__E_NAME:
		if (e->u.name.quoted)
			quoted(bf, e->u.name.text);
		else
			weir__ast_name_print(bf, e->u.name.text);
		break;
	case WEIR__E_FIELD:
		part(bf, e->u.field.of, P_TIGHT);
		weir__buf_chr(bf, '.');
		label(bf, e->u.field.name);
		break;
	case WEIR__E_INDEX:
		part(bf, e->u.bin.a, P_TIGHT);
		weir__buf_chr(bf, '[');
		weir__ast_expr_print(bf, e->u.bin.b);
		weir__buf_chr(bf, ']');
		break;
	case WEIR__E_CALL:
		call(bf, e);
		break;
	case WEIR__E_NEG:
		negation(bf, e);
		break;
	case WEIR__E_NOT:
		weir__buf_str(bf, "not ");
		part(bf, e->u.bin.a, P_NOT);
		break;
	case WEIR__E_IF:
		if_then(bf, e);
		break;
	case WEIR__E_CASE:
		case_when(bf, e);
		break;
	case WEIR__E_CAST:
		weir__buf_str(bf, "cast(");
		weir__ast_expr_print(bf, e->u.cast.x);
		weir__buf_str(bf, " as ");
		weir__ast_type_print(bf, e->u.cast.type);
		weir__buf_chr(bf, ')');
		break;
	case WEIR__E_AS:
		part(bf, e->u.as.x, P_OR);
		weir__buf_str(bf, " as ");
		weir__ast_name_print(bf, e->u.as.name.text);
		break;
	case WEIR__E_LIST:
		list(bf, e);
		break;
	case WEIR__E_RECORD:
		record(bf, e);
		break;
	case WEIR__E_REQUIRED:
		weir__ast_expr_print(bf, e->u.bin.a);
		weir__buf_chr(bf, '!');
		break;
	case WEIR__E_TYPE:
		weir__ast_type_print(bf, e->u.type);
		break;
	default:
		operation(bf, e);
		break;
	}
}

void
weir__ast_type_print(struct weir__buf *bf, const struct weir__ast_type *t)
{
	const struct weir__ast_field *fi;
	size_t i;

	weir__ast_name_print(bf, t->name.text);
	if (t->has_args) {
		weir__buf_chr(bf, '(');
		for (i = 0; i < t->nargs; i++) {
			if (i > 0)
				weir__buf_str(bf, ", ");
			weir__ast_expr_print(bf, t->args[i]);
		}
		weir__buf_chr(bf, ')');
	} else if (t->nfields > 0 || strcmp(t->name.text, "struct") == 0) {
		weir__buf_str(bf, " {");
		for (i = 0; i < t->nfields; i++) {
			fi = &t->fields[i];
			weir__buf_str(bf, i > 0 ? ", " : " ");
			label(bf, fi->name.text);
			weir__buf_str(bf, ": ");
			weir__ast_type_print(bf, fi->type);
			if (fi->from == NULL)
				continue;
			weir__buf_str(bf, " from ");
			weir__ast_string_print(bf, fi->from, strlen(fi->from));
		}
		weir__buf_str(bf, t->nfields > 0 ? " }" : "}");
	}
	if (t->required)
		weir__buf_chr(bf, '!');
}
