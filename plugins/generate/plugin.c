/* SPDX-License-Identifier: MIT
 *
 * The plugin generate: rows out of nothing, for trials and tests.
 */
#include "gen.h"

static const struct weir_stage_type *const gen_stages[] = {
	&gen_sequence,
	&gen_payments,
	&gen_transactions,
	NULL,
};

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "generate",
	.version = "0.1.0",
	.summary = "rows out of nothing, for trials and tests",
	.stages = gen_stages,
};
