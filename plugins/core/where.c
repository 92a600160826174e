/* SPDX-License-Identifier: MIT
 *
 * where: only rows that meet a condition.
 */
#include "core.h"

struct where_config {
	struct weir_config head;
	const struct weir_expr *condition;
};

static int
where_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct where_config *cf = config;

	if (core_pass_all(bi, err) != WEIR_OK)
		return WEIR_ERROR;
	return core_checked(bi, weir_out_filter(bi, cf->condition), err);
}

static const struct weir_option where_condition = {
	.size = sizeof(struct weir_option),
	.name = "condition",
	.type = WEIR_OPT_EXPR,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct where_config, condition),
	.type_text = "bool",
	.help = "Rows for which this is true go on; where it is false or null "
		"they are dropped.",
};

static const struct weir_option *const where_options[] = {
	&where_condition,
	NULL,
};

const struct weir_stage_type core_where = {
	.size = sizeof(struct weir_stage_type),
	.verb = "where",
	.summary = "let only rows pass that meet a condition",
	.help = "The columns stay as they are.  Dropped rows are counted as "
		"filtered.  A row on which the condition itself fails, by a "
		"division by zero say, goes to rejected.\n\n"
		"In a stream of changes, deletes always pass.",
	.example = "generate.sequence(to: 10) -> where(n % 2 == 0) -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = where_options,
	.config_size = sizeof(struct where_config),
	.bind = where_bind,
};
