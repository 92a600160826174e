/* SPDX-License-Identifier: MIT
 *
 * The stages of the plugin file.
 */
#ifndef FILE_H
#define FILE_H

#include "weir/plugin.h"

extern const struct weir_stage_type file_read, file_write;

#endif
