/* SPDX-License-Identifier: MIT
 *
 * drop: all columns but these.
 */
#include "core.h"

struct drop_config {
	struct weir_config head;
	struct weir_list columns; /* uint32_t */
};

static bool
drop_has(const struct weir_list *li, uint32_t col)
{
	const uint32_t *cols = li->items;
	size_t i;

	for (i = 0; i < li->n; i++)
		if (cols[i] == col)
			return true;
	return false;
}

static int
drop_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct drop_config *cf = config;
	const struct weir_schema *sc = weir_input(bi, 0);
	struct core_map map;
	uint32_t i;

	if (core_map_init(&map, bi, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < sc->ncols; i++)
		if (!drop_has(&cf->columns, i) &&
		    core_map_pass(&map, bi, i, NULL, err) != WEIR_OK)
			return WEIR_ERROR;
	if (map.nout == 0)
		return weir_option_fail(bi, "columns", err, "drop.all",
		    "no column would be left; keep at least one");
	return core_map_changes(&map, bi, err);
}

static const struct weir_option drop_columns = {
	.size = sizeof(struct weir_option),
	.name = "columns",
	.type = WEIR_OPT_COLUMNS,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL |
	    WEIR_OPTF_VARIADIC,
	.offset = offsetof(struct drop_config, columns),
	.help = "The columns to leave out.",
};

static const struct weir_option *const drop_options[] = {
	&drop_columns,
	NULL,
};

const struct weir_stage_type core_drop = {
	.size = sizeof(struct weir_stage_type),
	.verb = "drop",
	.summary = "leave columns out",
	.help = "The others stay as they are, in their order.",
	.example = "generate.sequence(to: 3)\n"
		   "    -> set { square: n * n }\n"
		   "    -> drop(n)\n"
		   "    -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = drop_options,
	.config_size = sizeof(struct drop_config),
	.bind = drop_bind,
};
