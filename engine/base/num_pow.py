#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes num_pow.c: 128 bits of each power of five that reading and printing
# floats needs.  For q >= 0 the leading 128 bits of 5^q, cut off; for q < 0
# those of 1 / 5^-q, cut off below -27 and rounded up from there (D. Lemire,
# "Number parsing at a gigabyte per second", 2021, section 5).

LOW, HIGH = -342, 324


def bits(q):
    if q >= 0:
        v = 5 ** q
        n = v.bit_length()
        return v << (128 - n) if n <= 128 else v >> (n - 128)
    d = 5 ** -q
    n = (d - 1).bit_length()
    v = (1 << (n + 127)) // d
    return v if q < -27 else v + 1


print("""/* SPDX-License-Identifier: MIT
 *
 * Powers of five to 128 bits; made by num_pow.py.
 */
#include "base/num_pow.h"

const uint64_t weir__num_pow5[WEIR__POW5_MAX - WEIR__POW5_MIN + 1][2] = {""")
for q in range(LOW, HIGH + 1):
    v = bits(q)
    assert v >> 127 == 1
    print("\t{ 0x%016x, 0x%016x }, /* %d */" % (v >> 64, v & (1 << 64) - 1, q))
print("};")
