/* SPDX-License-Identifier: MIT
 *
 * Letters beyond ASCII and their other case.
 */
#ifndef WEIR_EXPR_FN_CASE_H
#define WEIR_EXPR_FN_CASE_H

#include <stdint.h>

/* first, first + step, ... last: the other case is `by` further on. */
struct weir__case_run {
	uint32_t first;
	uint32_t last;
	uint32_t step; /* 1 or 2 */
	int32_t by;
};

/* Sorted; runs do not overlap but where both have step 2. */
extern const struct weir__case_run weir__case_lower[];
extern const struct weir__case_run weir__case_upper[];
extern const unsigned weir__case_nlower;
extern const unsigned weir__case_nupper;

#endif
