/* SPDX-License-Identifier: MIT
 *
 * The plugin postgres: tables in and out, through libpq.
 */
#include "postgres.h"

static const struct weir_stage_type *const stages[] = {
	&pg_read_type,
	&pg_write_type,
	NULL
};

WEIR_EXPORT const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "postgres",
	.version = "0.1.0",
	.summary = "tables of PostgreSQL, read and written",
	.stages = stages,
};
