/* SPDX-License-Identifier: MIT
 *
 * What reading and writing CSV share.
 */
#ifndef CSV_H
#define CSV_H

#include "weir/plugin.h"

extern const struct weir_stage_type csv_read, csv_write;

/* The byte of a delimiter option, or 0 and a failure at the option. */
char csv_delimiter(struct weir_bind *bi, const struct weir_str *text,
    struct weir_err *err);

int csv_no_memory(const struct weir_host *host, struct weir_err *err);

#endif
