/* SPDX-License-Identifier: MIT
 *
 * What the shelf's frames are made of, for who writes and who reads them.
 */
#ifndef WEIR_RUN_SHELF_FRAME_H
#define WEIR_RUN_SHELF_FRAME_H

#include "base/arena.h"
#include "journal/coding.h"
#include "weir/types.h"

#define WEIR__SHELF_OWN_ROOT 1u /* the rows are the source's own */
#define WEIR__SHELF_ROOT 2u	/* the source's rows stand behind them */

#define WEIR__SHELF_CHANGES 4u	/* rows put or delete */

/* Names, types, which are required; kind and event time are the plan's. */
void weir__schema_put(struct weir__buf *bf, const struct weir_schema *sc);
/* Into the arena.  WEIR_OK, WEIR_END: damaged, WEIR_ERROR: memory is out. */
int weir__schema_get(struct weir_schema *sc, struct weir__dec *de,
    struct weir__arena *ar);

#endif
