/* SPDX-License-Identifier: MIT
 *
 * The plugin's stages.
 */
#ifndef PARQUET_PARQUET_H
#define PARQUET_PARQUET_H

#include "weir/plugin.h"

extern const struct weir_stage_type pq_stage_read;
extern const struct weir_stage_type pq_stage_write;

#endif
