/* SPDX-License-Identifier: MIT
 *
 * Types, which are read as the expressions that they look like.
 */
#include "dsl/parse.h"

struct weir__ast_type *
weir__ast_expr_as_type(struct weir__arena *ar, const struct weir__ast_expr *e)
{
	struct weir__ast_type *ty;
	size_t i;

	if (e->kind == WEIR__E_TYPE)
		return e->u.type;
	if (e->kind == WEIR__E_REQUIRED) {
		const struct weir__ast_type *of;

		of = weir__ast_expr_as_type(ar, e->u.bin.a);
		ty = weir__arena_alloc(ar, sizeof *ty);
		if (ty == NULL || of == NULL || of->required)
			return NULL;
		*ty = *of;
		ty->required = true;
		ty->span = e->span;
		ty->height = e->height;
		return ty;
	}
	if (e->kind != WEIR__E_NAME &&
	    (e->kind != WEIR__E_CALL || e->u.call.plugin != NULL))
		return NULL;
	ty = weir__arena_zalloc(ar, sizeof *ty);
	if (ty == NULL)
		return NULL;
	ty->span = e->span;
	ty->height = e->height;
	ty->name.span = e->op;
	if (e->kind == WEIR__E_NAME) {
		ty->name.text = e->u.name.text;
		return ty;
	}
	ty->name.text = e->u.call.name;
	ty->has_args = true;
	ty->nargs = e->u.call.nargs;
	ty->args = weir__arena_zalloc(ar, (ty->nargs + 1) * sizeof *ty->args);
	for (i = 0; ty->args != NULL && i < ty->nargs; i++) {
		if (e->u.call.args[i].name.text != NULL)
			return NULL;
		ty->args[i] = e->u.call.args[i].value;
	}
	return ty->args != NULL ? ty : NULL;
}

/* Does what was read as a type hold something that could not be read? */
static bool
holds_bad(const struct weir__ast_expr *e)
{
	size_t i;

	if (e->kind == WEIR__E_REQUIRED)
		return holds_bad(e->u.bin.a);
	if (e->kind != WEIR__E_CALL)
		return e->kind == WEIR__E_BAD;
	for (i = 0; i < e->u.call.nargs; i++)
		if (holds_bad(e->u.call.args[i].value))
			return true;
	return false;
}

struct weir__ast_type *
weir__ps_type(struct weir__parser *ps)
{
	const struct weir__tok *t = weir__ps_tok(ps);
	struct weir__ast_expr *e;
	struct weir__ast_type *ty;

	if (t->kind != T_NAME && t->kind != T_QUOTED && t->kind != T_BAD) {
		weir__ps_expected(ps, true, "a type");
		weir__ps_hint(ps, "such as string, int64! or decimal(12, 2)");
		return NULL;
	}
	if (!weir__ps_enter(ps))
		return NULL;
	e = weir__ps_operand(ps);
	ps->depth--;
	if (holds_bad(e))
		return NULL;
	ty = weir__ast_expr_as_type(ps->ar, e);
	if (ty != NULL)
		return ty;
	weir__ps_soft(ps, e->span, "syntax.expected", "expected a type");
	weir__ps_hint(ps, "such as string, int64! or decimal(12, 2)");
	return NULL;
}
