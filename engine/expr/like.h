/* SPDX-License-Identifier: MIT
 *
 * `like`: % is any text, _ any character, a backslash takes the next one
 * literally.
 */
#ifndef WEIR_EXPR_LIKE_H
#define WEIR_EXPR_LIKE_H

#include "expr/node.h"

/* Does the pattern end well? */
bool weir__like_ok(const char *pat, size_t n);
/* NULL when memory is out. */
const struct weir__like *weir__like_compile(struct weir__arena *ar,
    const char *pat, size_t n);
bool weir__like_match(const struct weir__like *li, const char *p, size_t n);

weir__node_eval weir__eval_like;

#endif
