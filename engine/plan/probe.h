/* SPDX-License-Identifier: MIT
 *
 * Asking the servers: what a check without them can't know.
 */
#ifndef WEIR_PLAN_PROBE_H
#define WEIR_PLAN_PROBE_H

#include "plan/plan.h"

/* Call every stage's probe; what is wrong is added to es.  Takes seconds where
 * a server is down. */
void weir__plan_probe(struct weir__plan *pl, struct weir__errors *es);

#endif
