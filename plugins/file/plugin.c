/* SPDX-License-Identifier: MIT
 *
 * The plugin file: lines of text, and so JSON by the line (ndjson).
 */
#include "file.h"

static const struct weir_stage_type *const file_stages[] = {
	&file_read,
	&file_write,
	NULL,
};

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "file",
	.version = "0.1.0",
	.summary = "lines of text files",
	.stages = file_stages,
};
