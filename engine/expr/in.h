/* SPDX-License-Identifier: MIT
 *
 * `x in [constants]` and `x in list`.
 */
#ifndef WEIR_EXPR_IN_H
#define WEIR_EXPR_IN_H

#include "expr/node.h"

/* NULL when memory is out. */
const struct weir__in *weir__in_make(struct weir__arena *ar,
    const struct weir_type *ty, const struct weir_value *const *items,
    uint32_t n);
bool weir__in_has_null(const struct weir__in *in);

weir__node_eval weir__eval_in, weir__eval_in_list;

#endif
