/* SPDX-License-Identifier: MIT
 *
 * Powers of five to 128 bits, for reading and printing floats.
 */
#ifndef WEIR_BASE_NUM_POW_H
#define WEIR_BASE_NUM_POW_H

#include <stdint.h>

#define WEIR__POW5_MIN (-342)
#define WEIR__POW5_MAX 324

/* Row q - WEIR__POW5_MIN: the leading 128 bits of 5^q, high word first, the
 * top bit set.  Cut off, but rounded up for q from -27 to -1; exact from 0 to
 * 55. */
extern const uint64_t
    weir__num_pow5[WEIR__POW5_MAX - WEIR__POW5_MIN + 1][2];

#endif
