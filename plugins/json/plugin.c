/* SPDX-License-Identifier: MIT
 *
 * The plugin json: what it brings.
 */
#include "json.h"

static const struct weir_stage_type *const stages[] = { &js_decode_type,
	&js_encode_type, NULL };

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "json",
	.version = "1.0",
	.summary = "JSON text to typed columns and back",
	.stages = stages,
};
