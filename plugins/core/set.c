/* SPDX-License-Identifier: MIT
 *
 * set: new columns, and new values for old ones.
 */
#include "core.h"

struct set_config {
	struct weir_config head;
	struct weir_list columns; /* struct weir_named */
};

/* The entry that makes column `name`, or n. */
static size_t
set_find(const struct weir_named *na, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(na[i].name, name) == 0)
			break;
	return i;
}

static int
set_put(struct core_map *map, struct weir_bind *bi, const struct weir_named *na,
    struct weir_err *err)
{
	int32_t col = WEIR_BIND_HOST(bi)->expr_column_no(na->expr);

	if (col >= 0)
		return core_map_pass(map, bi, (uint32_t)col, na->name, err);
	return core_map_expr(map, bi, na->name, na->expr, err);
}

static int
set_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct set_config *cf = config;
	const struct weir_named *na = cf->columns.items;
	const struct weir_schema *sc = weir_input(bi, 0);
	struct core_map map;
	size_t n = cf->columns.n, i, k;
	uint8_t *done;
	int rc;

	done = weir_plan_alloc(bi, n + 1);
	if (done == NULL)
		return core_no_memory(WEIR_BIND_HOST(bi), err);
	if (core_map_init(&map, bi, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < n; i++)
		if (set_find(na, i, na[i].name) < i)
			return WEIR_BIND_HOST(bi)->fail(err, na[i].span,
			    "name.twice",
			    "\"%s\" is set twice here; put the second into "
			    "a set of its own", na[i].name);
	for (i = 0; i < sc->ncols; i++) {
		k = set_find(na, n, sc->cols[i].name);
		if (k < n) {
			done[k] = 1;
			rc = set_put(&map, bi, &na[k], err);
		} else {
			rc = core_map_pass(&map, bi, (uint32_t)i, NULL, err);
		}
		if (rc != WEIR_OK)
			return WEIR_ERROR;
	}
	for (i = 0; i < n; i++)
		if (!done[i] && set_put(&map, bi, &na[i], err) != WEIR_OK)
			return WEIR_ERROR;
	return core_map_changes(&map, bi, err);
}

static const struct weir_option set_columns = {
	.size = sizeof(struct weir_option),
	.name = "columns",
	.type = WEIR_OPT_NAMED,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_BRACES | WEIR_OPTF_CHAINED,
	.offset = offsetof(struct set_config, columns),
	.help = "name: expression.  A name that is a column's already gets the "
		"new value in its old place; others come after the columns "
		"there are.  Entries see those before them.",
};

static const struct weir_option *const set_options[] = {
	&set_columns,
	NULL,
};

const struct weir_stage_type core_set = {
	.size = sizeof(struct weir_stage_type),
	.verb = "set",
	.summary = "add columns or change their values",
	.help = "All other columns stay as they are.",
	.example = "generate.sequence(to: 3)\n"
		   "    -> set { twice: n * 2, more: twice + 1 }\n"
		   "    -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = set_options,
	.config_size = sizeof(struct set_config),
	.bind = set_bind,
};
