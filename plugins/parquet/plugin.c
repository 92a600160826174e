/* SPDX-License-Identifier: MIT
 *
 * The plugin "parquet": columnar files, written and read without any library
 * but those that compress.
 */
#include "parquet.h"

static const struct weir_stage_type *const stages[] = {
	&pq_stage_read,
	&pq_stage_write,
	NULL,
};

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "parquet",
	.version = "0.1.0",
	.summary = "Parquet files: zstd, snappy, gzip, lz4; statistics, page "
		   "indexes, checksums",
	.stages = stages,
};
