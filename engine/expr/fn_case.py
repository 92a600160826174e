#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes fn_case.c's table: the characters beyond ASCII that have exactly one
# lower-case or upper-case character, from Python's Unicode data, as runs of
# equal distance (every character, or every second one).

import unicodedata


def runs(change):
    todo = []
    for cp in range(0x80, 0x110000):
        if 0xd800 <= cp < 0xe000:
            continue
        s = change(chr(cp))
        if len(s) == 1 and ord(s) != cp:
            todo.append((cp, ord(s) - cp))
    out = []
    for cp, by in todo:
        if out and out[-1][3] == by:
            first, last, step, _ = out[-1]
            if step in (0, cp - last) and cp - last <= 2:
                out[-1] = (first, cp, cp - last, by)
                continue
        out.append((cp, cp, 0, by))
    return out


print("""/* SPDX-License-Identifier: MIT
 *
 * Letters beyond ASCII and their other case, one to one (Unicode %s);
 * made by fn_case.py.
 */
#include "expr/fn_case.h"
""" % unicodedata.unidata_version)
for name, change in (("lower", str.lower), ("upper", str.upper)):
    print("const struct weir__case_run weir__case_%s[] = {" % name)
    n = 0
    for first, last, step, by in runs(change):
        print("\t{ 0x%04x, 0x%04x, %d, %d }," % (first, last, step or 1, by))
        n += 1
    print("};\n")
    print("const unsigned weir__case_n%s = %d;" % (name, n))
    if name == "lower":
        print()
