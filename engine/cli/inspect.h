/* SPDX-License-Identifier: MIT
 *
 * What the text and the manual form of `weir inspect` share.
 */
#ifndef WEIR_CLI_INSPECT_H
#define WEIR_CLI_INSPECT_H

#include "base/buf.h"
#include "expr/expr.h"
#include "host/load.h"

/* "string", "duration", "list of int", ... */
const char *weir__option_type(const struct weir_option *op);

/* "from 1 to 64", in the option's unit; "" where there is no range. */
void weir__option_range(struct weir__buf *bf, const struct weir_option *op);

/* "kafka.read(brokers, topic: ...)": how it is called. */
void weir__stage_synopsis(struct weir__buf *bf, const char *plugin,
    const struct weir_stage_type *ty);

/* A manual page in mdoc: of a plugin, or of all functions. */
void weir__man_plugin(struct weir__buf *bf, const struct weir_plugin *pl);
void weir__man_functions(struct weir__buf *bf, const struct weir__registry *re);

#endif
