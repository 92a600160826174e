/* SPDX-License-Identifier: MIT
 *
 * The output columns of the stages that only rearrange them.
 */
#include "core.h"

int
core_no_memory(const struct weir_host *host, struct weir_err *err)
{
	return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

int
core_checked(struct weir_bind *bi, int rc, struct weir_err *err)
{
	if (rc == WEIR_OK)
		return WEIR_OK;
	if (err != NULL && err->text[0] != '\0')
		return WEIR_ERROR;
	return core_no_memory(WEIR_BIND_HOST(bi), err);
}

int
core_map_init(struct core_map *map, struct weir_bind *bi, struct weir_err *err)
{
	uint32_t n = weir_input(bi, 0)->ncols, i;

	map->nout = 0;
	map->of_input = weir_plan_alloc(bi, (n + 1) * sizeof *map->of_input);
	if (map->of_input == NULL)
		return core_no_memory(WEIR_BIND_HOST(bi), err);
	for (i = 0; i < n; i++)
		map->of_input[i] = -1;
	return WEIR_OK;
}

int
core_map_pass(struct core_map *map, struct weir_bind *bi, uint32_t col,
    const char *name, struct weir_err *err)
{
	if (map->of_input[col] < 0)
		map->of_input[col] = (int32_t)map->nout;
	map->nout++;
	return core_checked(bi, weir_out_pass(bi, 0, 0, col, name), err);
}

int
core_map_expr(struct core_map *map, struct weir_bind *bi, const char *name,
    const struct weir_expr *ex, struct weir_err *err)
{
	map->nout++;
	return core_checked(bi, weir_out_expr(bi, name, ex), err);
}

int
core_map_changes(const struct core_map *map, struct weir_bind *bi,
    struct weir_err *err)
{
	const struct weir_schema *sc = weir_input(bi, 0);
	uint32_t *keys, i;

	if (sc->kind != WEIR_CHANGES)
		return WEIR_OK;
	keys = weir_plan_alloc(bi, (sc->nkeys + 1) * sizeof *keys);
	if (keys == NULL)
		return core_no_memory(WEIR_BIND_HOST(bi), err);
	for (i = 0; i < sc->nkeys; i++) {
		int32_t at = map->of_input[sc->keys[i]];

		if (at < 0)
			return weir_option_fail(bi, "", err, "changes.key",
			    "the stream is one of changes and \"%s\" is part "
			    "of its key, which is lost here; keep the column",
			    sc->cols[sc->keys[i]].name);
		keys[i] = (uint32_t)at;
	}
	return core_checked(bi, weir_out_changes(bi, 0, keys, sc->nkeys), err);
}

int
core_pass_all(struct weir_bind *bi, struct weir_err *err)
{
	const struct weir_schema *sc = weir_input(bi, 0);

	if (core_checked(bi, weir_out_pass_all(bi, 0, 0), err) != WEIR_OK)
		return WEIR_ERROR;
	if (sc->kind != WEIR_CHANGES)
		return WEIR_OK;
	return core_checked(bi, weir_out_changes(bi, 0, sc->keys, sc->nkeys),
	    err);
}
