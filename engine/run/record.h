/* SPDX-License-Identifier: MIT
 *
 * Writing the records that run/past.h reads.
 */
#ifndef WEIR_RUN_RECORD_H
#define WEIR_RUN_RECORD_H

#include "run/instance.h"

/* A DECIDE record.  published[i]: what sink i is known to have, and the last
 * epoch of that with rows. */
void weir__decision_put(struct weir__buf *bf, const struct weir__decision *de,
    const uint64_t (*published)[2]);

/* The counts of all stages, as they stand in a DECIDE record. */
void weir__tree_ledger_put(const struct weir__tree *tr, struct weir__buf *bf);

#endif
