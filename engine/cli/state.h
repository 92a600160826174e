/* SPDX-License-Identifier: MIT
 *
 * What the files of `weir state` share.
 */
#ifndef WEIR_CLI_STATE_H
#define WEIR_CLI_STATE_H

#include "run/look.h"

/* After weir__look_state(): as text for people, or one JSON object. */
int weir__state_show(struct weir__buf *bf, const struct weir__look *lo,
    bool json, struct weir_err *err);

/* Keyed state as JSON lines, of one stage or (NULL) of all.  What was looked at
 * is spent. */
int weir__state_export(struct weir__buf *bf, struct weir__look *lo,
    const struct weir__plan *pl, const char *stage, struct weir_err *err);

#endif
