/* SPDX-License-Identifier: MIT
 *
 * The worker's loop over epochs.
 */
#ifndef WEIR_RUN_LOOP_H
#define WEIR_RUN_LOOP_H

#include "run/tree.h"

/* Signals, lags and confirmations are looked at this often, in us. */
#define WEIR__POLL_SLICE 100000

/* Decisions whose offsets the sources have not been told yet. */
#define WEIR__PENDING_MAX 64

struct weir__pending {
	uint64_t epoch;
	struct weir__offset *offsets;
	size_t n;
};

struct weir__loop {
	struct weir__run *ru;
	const struct weir__node **sources;
	bool *ended;
	size_t nsources, nended;
	bool nothing; /* all had ended in an earlier run */
	struct weir__pending pending[WEIR__PENDING_MAX];
	size_t npending;
	int64_t full_said; /* a spool was full: monotonic, 0 never */
	struct weir__view view;
};

/* Epochs to the end of the sources, or until the run is to stop; then all that
 * is decided is published. */
int weir__epochs(struct weir__loop *lo, struct weir_err *err);

#endif
