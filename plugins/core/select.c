/* SPDX-License-Identifier: MIT
 *
 * select: exactly these columns.
 */
#include "core.h"

struct select_config {
	struct weir_config head;
	struct weir_list columns; /* struct weir_named */
};

static int
select_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct select_config *cf = config;
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_named *na = cf->columns.items;
	struct core_map map;
	int32_t col;
	size_t i, j;
	int rc;

	if (cf->columns.n == 0)
		return weir_option_fail(bi, "columns", err, "select.none",
		    "no column would be left; select at least one");
	if (core_map_init(&map, bi, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < cf->columns.n; i++) {
		for (j = 0; j < i; j++)
			if (strcmp(na[j].name, na[i].name) == 0)
				return host->fail(err, na[i].span,
				    "name.twice", "there are two columns "
				    "\"%s\" here; give one another name",
				    na[i].name);
		col = host->expr_column_no(na[i].expr);
		rc = col >= 0
		    ? core_map_pass(&map, bi, (uint32_t)col, na[i].name, err)
		    : core_map_expr(&map, bi, na[i].name, na[i].expr, err);
		if (rc != WEIR_OK)
			return WEIR_ERROR;
	}
	return core_map_changes(&map, bi, err);
}

static const struct weir_option select_columns = {
	.size = sizeof(struct weir_option),
	.name = "columns",
	.type = WEIR_OPT_NAMED,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_BRACES,
	.offset = offsetof(struct select_config, columns),
	.help = "The output columns, in order: name: expression, or a column's "
		"name alone.",
};

static const struct weir_option *const select_options[] = {
	&select_columns,
	NULL,
};

const struct weir_stage_type core_select = {
	.size = sizeof(struct weir_stage_type),
	.verb = "select",
	.summary = "make rows of exactly the columns given",
	.help = "Other columns are dropped.  A column that is only renamed "
		"stays what it was: the event time stays the event time.",
	.example = "generate.sequence(to: 3)\n"
		   "    -> select { n, square: n * n, odd: n % 2 == 1 }\n"
		   "    -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = select_options,
	.config_size = sizeof(struct select_config),
	.bind = select_bind,
};
