/* SPDX-License-Identifier: MIT
 *
 * rename: new names for columns.
 */
#include "core.h"

struct rename_config {
	struct weir_config head;
	struct weir_list names; /* struct weir_rename */
};

static const struct weir_rename *
rename_of(const struct weir_list *li, uint32_t col)
{
	const struct weir_rename *re = li->items;
	size_t i;

	for (i = 0; i < li->n; i++)
		if (re[i].col == col)
			return &re[i];
	return NULL;
}

/* No two names for one column, nor one name for two. */
static int
rename_check(struct weir_bind *bi, const struct weir_list *li,
    const struct weir_schema *sc, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_rename *re = li->items;
	size_t i, j;
	uint32_t c;

	for (i = 0; i < li->n; i++) {
		for (j = 0; j < i; j++) {
			if (re[j].col == re[i].col)
				return host->fail(err, re[i].span,
				    "rename.twice",
				    "column \"%s\" is renamed twice",
				    sc->cols[re[i].col].name);
			if (strcmp(re[j].name, re[i].name) == 0)
				return host->fail(err, re[i].span,
				    "name.twice", "two columns would be "
				    "called \"%s\"", re[i].name);
		}
		for (c = 0; c < sc->ncols; c++)
			if (rename_of(li, c) == NULL &&
			    strcmp(sc->cols[c].name, re[i].name) == 0)
				return host->fail(err, re[i].span,
				    "name.twice", "there is a column \"%s\" "
				    "already; drop or rename that one, too",
				    re[i].name);
	}
	return WEIR_OK;
}

static int
rename_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct rename_config *cf = config;
	const struct weir_schema *sc = weir_input(bi, 0);
	const struct weir_rename *re;
	struct core_map map;
	uint32_t i;

	if (rename_check(bi, &cf->names, sc, err) != WEIR_OK ||
	    core_map_init(&map, bi, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < sc->ncols; i++) {
		re = rename_of(&cf->names, i);
		if (core_map_pass(&map, bi, i, re == NULL ? NULL : re->name,
			err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return core_map_changes(&map, bi, err);
}

static const struct weir_option rename_names = {
	.size = sizeof(struct weir_option),
	.name = "names",
	.type = WEIR_OPT_RENAMES,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_BRACES,
	.offset = offsetof(struct rename_config, names),
	.help = "new: old, one for each column to rename.",
};

static const struct weir_option *const rename_options[] = {
	&rename_names,
	NULL,
};

const struct weir_stage_type core_rename = {
	.size = sizeof(struct weir_stage_type),
	.verb = "rename",
	.summary = "give columns other names",
	.help = "The new name stands left of the colon, as everywhere.  All "
		"happens at once, so that two columns can change their names: "
		"rename { a: b, b: a }.",
	.example = "generate.sequence(to: 3) -> rename { number: n } -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = rename_options,
	.config_size = sizeof(struct rename_config),
	.bind = rename_bind,
};
