/* SPDX-License-Identifier: MIT
 *
 * The plugin core: the stages that need no prefix.
 */
#include "core.h"

static const struct weir_stage_type *const core_stages[] = {
	&core_where,
	&core_select,
	&core_set,
	&core_drop,
	&core_rename,
	&core_watermark,
	&core_union,
	&core_unnest,
	&core_limit,
	&core_sample,
	&core_throttle,
	&core_show,
	NULL,
};

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "core",
	.version = "0.1.0",
	.summary = "the stages that shape streams: filter, compute, rename, "
		   "unite",
	.stages = core_stages,
};
