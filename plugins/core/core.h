/* SPDX-License-Identifier: MIT
 *
 * What the stages of the plugin core share.
 */
#ifndef CORE_H
#define CORE_H

#include "weir/plugin.h"

extern const struct weir_stage_type core_drop, core_limit, core_rename,
    core_sample, core_select, core_set, core_show, core_throttle, core_union,
    core_unnest, core_watermark, core_where;

/* Columns whose fate a bind knows only while it declares them: of_input[i] is
 * the output column that input column i was passed as, or -1. */
struct core_map {
	int32_t *of_input;
	uint32_t nout;
};

/* Ready a map for input 0; nothing is passed yet. */
int core_map_init(struct core_map *map, struct weir_bind *bi,
    struct weir_err *err);

/* Pass column `col` of input 0 on as `name` (NULL: its own), or put in the
 * value of an expression. */
int core_map_pass(struct core_map *map, struct weir_bind *bi, uint32_t col,
    const char *name, struct weir_err *err);
int core_map_expr(struct core_map *map, struct weir_bind *bi, const char *name,
    const struct weir_expr *ex, struct weir_err *err);

/* Where input 0 is a stream of changes the output is one too, as long as every
 * column of its key was passed; if not, fail. */
int core_map_changes(const struct core_map *map, struct weir_bind *bi,
    struct weir_err *err);

/* All columns of input 0 as they are, changes or not. */
int core_pass_all(struct weir_bind *bi, struct weir_err *err);

/* WEIR_OK, or `err` filled with "out of memory" where nothing else stands in
 * it: for host calls that say no more than that they failed. */
int core_checked(struct weir_bind *bi, int rc, struct weir_err *err);

/* Are two types the same?  What a nested one allows to be null counts. */
bool core_type_equal(const struct weir_type *a, const struct weir_type *b);

/* The type as pipeline text, NUL-ended, cut off at cap; returns `to`. */
const char *core_type_text(const struct weir_type *ty, char *to, size_t cap);

int core_no_memory(const struct weir_host *host, struct weir_err *err);

#endif
