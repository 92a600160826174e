/* SPDX-License-Identifier: MIT
 *
 * Built-in functions that choose among values of any one type.
 */
#include <string.h>

#include "batch/batch.h"
#include "expr/fn.h"

#define PURE WEIR_FN_PURE
#define NULLS (WEIR_FN_PURE | WEIR_FN_NULLS)

/* Only types whose values lie in one array. */
static int
bind_flat(struct weir_fn_bind *fb, struct weir_err *err)
{
	if (weir_type_nested(fb->types[0]))
		return weir__fn_refuse(fb, 0, err, "type.mismatch",
		    "expected values that can be chosen among, found a list, a "
		    "map or a struct");
	return WEIR_OK;
}

/* Row i becomes that of argument k. */
static void
take(struct weir_call *ca, uint32_t i, uint32_t k)
{
	const struct weir_column *co = ca->args[k];
	size_t w = weir_type_width(ca->type);

	if (ca->type->kind == WEIR_BOOL)
		weir_bit_put(ca->out->u.bits, i, weir_bit(co->u.bits, i));
	else
		memcpy((char *)ca->out->u.data + w * i,
		    (const char *)co->u.data + w * i, w);
}

/* Of the arguments that are not null the first one that no other precedes;
 * `sign` is 1 for the least, -1 for the greatest. */
static void
extreme(struct weir_call *ca, int sign)
{
	uint32_t i, k, best;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		best = ca->nargs;
		for (k = 0; k < ca->nargs; k++) {
			if (!weir_valid(ca->args[k], i))
				continue;
			if (best == ca->nargs ||
			    sign * weir__column_compare(ca->type, ca->args[k],
				       i, ca->args[best], i) < 0)
				best = k;
		}
		if (best == ca->nargs)
			weir__fn_null(ca, i);
		else
			take(ca, i, best);
	}
}

static void
eval_least(struct weir_call *ca)
{
	extreme(ca, 1);
}

static void
eval_greatest(struct weir_call *ca)
{
	extreme(ca, -1);
}

static void
eval_clamp(struct weir_call *ca)
{
	const struct weir_column *const *a = ca->args;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (weir__column_compare(ca->type, a[0], i, a[1], i) < 0)
			take(ca, i, 1);
		else if (weir__column_compare(ca->type, a[0], i, a[2], i) > 0)
			take(ca, i, 2);
		else
			take(ca, i, 0);
	}
}

static void
eval_nullif(struct weir_call *ca)
{
	const struct weir_column *const *a = ca->args;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (!weir_valid(a[0], i) ||
		    (weir_valid(a[1], i) &&
			weir__column_compare(ca->type, a[0], i, a[1], i) == 0))
			weir__fn_null(ca, i);
		else
			take(ca, i, 0);
	}
}

static void
eval_coalesce(struct weir_call *ca)
{
	uint32_t i, k;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		for (k = 0; k < ca->nargs && !weir_valid(ca->args[k], i); k++)
			;
		if (k == ca->nargs)
			weir__fn_null(ca, i);
		else
			take(ca, i, k);
	}
}

WEIR__FN(fn_least, "least", NULLS, bind_flat, eval_least, "choice",
    "the least of the values; nulls do not count",
    "least(3, 1, 2) = 1\nleast(\"b\", null, \"a\") = \"a\"", "T... -> T");
WEIR__FN(fn_greatest, "greatest", NULLS, bind_flat, eval_greatest, "choice",
    "the greatest of the values; nulls do not count",
    "greatest(3, 1, 2) = 3", "T... -> T");
WEIR__FN(fn_clamp, "clamp", PURE, bind_flat, eval_clamp, "choice",
    "the value, but at least the second and at most the third",
    "clamp(12, 0, 10) = 10", "T, T, T -> T");
WEIR__FN(fn_nullif, "nullif", NULLS, bind_flat, eval_nullif, "choice",
    "null where both are equal, else the first",
    "nullif(\"n/a\", \"-\") = \"n/a\"", "T, T -> T");
WEIR__FN(fn_ifnull, "ifnull", NULLS, bind_flat, eval_coalesce, "choice",
    "the first, or the second where that is null; as ??, but errors of the "
    "second always count",
    "ifnull(null, 5) = 5", "T, T -> T");
WEIR__FN(fn_coalesce, "coalesce", NULLS, bind_flat, eval_coalesce, "choice",
    "the first that is not null",
    "coalesce(null, null, 7) = 7", "T... -> T");

const struct weir_function *const weir__fn_any[] = {
	&fn_least,
	&fn_greatest,
	&fn_clamp,
	&fn_nullif,
	&fn_ifnull,
	&fn_coalesce,
	NULL,
};
