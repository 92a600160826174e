/* SPDX-License-Identifier: MIT
 *
 * The one table of effects on disks.
 */
#ifndef WEIR_BASE_IO_H
#define WEIR_BASE_IO_H

#include "weir/io.h"

extern const struct weir_io weir__io;

/* The code for a failure in errno: "disk.full" and "disk.error" pass, by
 * themselves or by an operator's hand, and the run begins again behind what is
 * decided; what else it is stops it. */
const char *weir__disk_code(const char *other);

#endif
