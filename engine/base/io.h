/* SPDX-License-Identifier: MIT
 *
 * The one table of effects on disks.
 */
#ifndef WEIR_BASE_IO_H
#define WEIR_BASE_IO_H

#include "weir/io.h"

extern const struct weir_io weir__io;

#endif
