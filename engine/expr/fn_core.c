/* SPDX-License-Identifier: MIT
 *
 * Functions of any type: coalesce, nullif, greatest, least.
 */
#include "batch/batch.h"
#include "expr/registry.h"

/* The greatest (sign 1) or least (-1) argument of each row that is not null. */
static void
extreme(struct weir_call *ca, int sign)
{
	size_t width = weir_type_width(ca->type);
	uint32_t i, k;

	for (i = 0; i < ca->nrows; i++) {
		const struct weir_column *best = NULL;

		for (k = 0; k < ca->nargs; k++) {
			const struct weir_column *co = ca->args[k];

			if (!weir_valid(co, i))
				continue;
			if (best == NULL ||
			    weir__column_compare(ca->type, co, i, best, i) *
				    sign > 0)
				best = co;
		}
		if (best == NULL)
			weir_bit_clear(ca->out->valid, i);
		else if (width == 0)
			weir_bit_put(ca->out->u.bits, i,
			    weir_bit(best->u.bits, i));
		else
			memcpy((char *)ca->out->u.data + i * width,
			    (const char *)best->u.data + i * width, width);
	}
}

static int
bind_extreme(struct weir_fn_bind *fb, struct weir_err *err)
{
	if (fb->type->kind == WEIR_NULL || fb->type->kind == WEIR_JSON ||
	    weir_type_nested(fb->type))
		return weir_fail(err, WEIR_NOWHERE, "type.call",
		    "values of this type have no order");
	return WEIR_OK;
}

static void
eval_greatest(struct weir_call *ca)
{
	extreme(ca, 1);
}

static void
eval_least(struct weir_call *ca)
{
	extreme(ca, -1);
}

static const struct weir_function fn_greatest = {
	.size = sizeof fn_greatest,
	.name = "greatest",
	.signatures = (const char *const[]){ "T... -> T", NULL },
	.flags = WEIR_FN_PURE | WEIR_FN_NULLS | WEIR_FN_TOTAL,
	.bind = bind_extreme,
	.eval = eval_greatest,
	.summary = "the greatest of its arguments; null ones do not count",
	.example = "greatest(3, 7, 5) = 7",
	.group = "any type",
};

static const struct weir_function fn_least = {
	.size = sizeof fn_least,
	.name = "least",
	.signatures = (const char *const[]){ "T... -> T", NULL },
	.flags = WEIR_FN_PURE | WEIR_FN_NULLS | WEIR_FN_TOTAL,
	.bind = bind_extreme,
	.eval = eval_least,
	.summary = "the least of its arguments; null ones do not count",
	.example = "least(3, 7, 5) = 3",
	.group = "any type",
};

/* The binder makes these of `??` and `case`, so that what does not decide a
 * row can't fail it. */
static const struct weir_function fn_coalesce = {
	.size = sizeof fn_coalesce,
	.name = "coalesce",
	.signatures = (const char *const[]){ "T... -> T", NULL },
	.flags = WEIR_FN_PURE | WEIR_FN_NULLS,
	.summary = "the first argument that is not null; a ?? b is the same",
	.example = "coalesce(null, 7) = 7",
	.group = "any type",
};

static const struct weir_function fn_nullif = {
	.size = sizeof fn_nullif,
	.name = "nullif",
	.signatures = (const char *const[]){ "T, T -> T", NULL },
	.flags = WEIR_FN_PURE | WEIR_FN_NULLS,
	.summary = "null where both are equal, else the first",
	.example = "nullif(\"-\", \"-\") = null",
	.group = "any type",
};

const struct weir_function *const weir__fn_core[] = {
	&fn_coalesce,
	&fn_greatest,
	&fn_least,
	&fn_nullif,
	NULL,
};
