/* SPDX-License-Identifier: MIT
 *
 * Facts about a bound expression.
 */
#include "expr/bind.h"

const struct weir_type *
weir__expr_type(const struct weir_expr *ex)
{
	return ex->type;
}

bool
weir__expr_required(const struct weir_expr *ex)
{
	return ex->required;
}

bool
weir__expr_fallible(const struct weir_expr *ex)
{
	return ex->fallible;
}

bool
weir__expr_secret(const struct weir_expr *ex)
{
	return ex->secret;
}

const struct weir_value *
weir__expr_const(const struct weir_expr *ex)
{
	return weir__is_const(ex) ? ex->value : NULL;
}

int32_t
weir__expr_column_no(const struct weir_expr *ex)
{
	return ex->eval == weir__eval_column && !ex->made ? (int32_t)ex->u.col
							  : -1;
}

struct weir_span
weir__expr_span(const struct weir_expr *ex)
{
	return ex->span;
}

const char *
weir__expr_name(const struct weir_expr *ex)
{
	return ex->name;
}

void
weir__expr_set_name(struct weir_expr *ex, const char *name)
{
	ex->name = name;
}

void
weir__expr_print(struct weir__buf *bf, const struct weir_expr *ex)
{
	if (ex->text != NULL)
		weir__buf_str(bf, ex->text);
	else if (ex->secret)
		weir__buf_str(bf, "secret(...)");
	else if (ex->value != NULL)
		weir__value_print(bf, ex->value);
	else if (ex->name != NULL)
		weir__ast_name_print(bf, ex->name);
}

void
weir__expr_reads(const struct weir_expr *ex,
    void (*column)(void *arg, uint32_t col),
    void (*origin)(void *arg, const char *name), void *arg)
{
	uint32_t i;

	if (ex->eval == weir__eval_column && column != NULL)
		column(arg, ex->u.col);
	if (ex->eval == weir__eval_origin && origin != NULL)
		origin(arg, ex->u.origin);
	for (i = 0; i < ex->nargs; i++)
		weir__expr_reads(ex->args[i], column, origin, arg);
}

const char *
weir__expr_prefix(const struct weir_expr *ex)
{
	const struct weir_expr *from = ex;

	if (ex->eval == weir__eval_template)
		from = ex->args[0];
	if (!weir__is_const(from) || from->value->null ||
	    from->type->kind != WEIR_STRING || from->secret)
		return "";
	return from->prefix != NULL ? from->prefix : "";
}
