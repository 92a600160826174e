/* SPDX-License-Identifier: MIT
 *
 * What the built-in functions share.
 */
#include "expr/fn.h"

#include <stdio.h>

#include "expr/call.h"

const struct weir_function *const *const weir__fn_builtin[] = {
	weir__fn_text,
	weir__fn_find,
	weir__fn_encode,
	weir__fn_json,
	weir__fn_num,
	weir__fn_math,
	weir__fn_any,
	weir__fn_time,
	weir__fn_date,
	weir__fn_hash,
	NULL,
};

void
weir__fn_fail(struct weir_call *ca, uint32_t i, const char *code,
    const char *fmt, ...)
{
	char text[128];
	va_list ap;

	weir_bit_set(ca->errors, i);
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	weir__call_reason(ca, i, code, text);
}

char *
weir__fn_room(struct weir__fn_heap *he, size_t n)
{
	size_t size = n < 4096 ? 16384 : n + 4096;

	if ((size_t)(he->end - he->at) >= n && he->at != NULL)
		return he->at;
	he->at = he->ca->alloc(he->ca, size);
	he->end = he->at != NULL ? he->at + size : NULL;
	return he->at;
}

int
weir__fn_refuse(struct weir_fn_bind *fb, uint32_t arg, struct weir_err *err,
    const char *code, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fb->bad_arg = arg + 1;
	return weir_fail(err, WEIR_NOWHERE, code, "%s", text);
}

int
weir__fn_const_text(struct weir_fn_bind *fb, uint32_t arg, const char *what,
    struct weir__fn_view *view, struct weir_err *err)
{
	const struct weir_value *v = fb->consts[arg];

	view->p = NULL;
	view->n = 0;
	if (v == NULL)
		return weir__fn_refuse(fb, arg, err, "expr.constant",
		    "the %s must be a constant", what);
	if (v->null)
		return WEIR_OK;
	view->p = weir_str_data(&v->u.s);
	view->n = v->u.s.len;
	return WEIR_OK;
}
