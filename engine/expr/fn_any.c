/* SPDX-License-Identifier: MIT
 *
 * Built-in functions that choose among values of any one type.
 */
#include <string.h>

#include "batch/batch.h"
#include "expr/fn.h"

/* Only types whose values lie in one array. */
static int
bind_flat(struct weir_fn_bind *fb, struct weir_err *err)
{
	if (fb->types[0]->kind == WEIR_NULL || weir_type_nested(fb->types[0]))
		return weir__fn_refuse(fb, 0, err, "type.call",
		    "values of this type have no order");
	return WEIR_OK;
}

static void
eval_clamp(struct weir_call *ca)
{
	const struct weir_column *const *a = ca->args, *co;
	size_t w = weir_type_width(ca->type);
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (weir__column_compare(ca->type, a[0], i, a[1], i) < 0)
			co = a[1];
		else if (weir__column_compare(ca->type, a[0], i, a[2], i) > 0)
			co = a[2];
		else
			co = a[0];
		if (w == 0)
			weir_bit_put(ca->out->u.bits, i,
			    weir_bit(co->u.bits, i));
		else
			memcpy((char *)ca->out->u.data + w * i,
			    (const char *)co->u.data + w * i, w);
	}
}

WEIR__FN(fn_clamp, "clamp", WEIR_FN_PURE | WEIR_FN_TOTAL, bind_flat,
    eval_clamp, "any type",
    "the value, but at least the second and at most the third",
    "clamp(12, 0, 10) = 10", "T, T, T -> T");
/* The binder makes `??` of it. */
WEIR__FN(fn_ifnull, "ifnull", WEIR_FN_PURE | WEIR_FN_NULLS, NULL, NULL,
    "any type", "the first argument, or the second where that is null; as ??",
    "ifnull(null, 5) = 5", "T, T -> T");

const struct weir_function *const weir__fn_any[] = {
	&fn_clamp,
	&fn_ifnull,
	NULL,
};
