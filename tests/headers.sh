#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header compiles alone, and the public ones as C++, too.  TAP.
#
#	headers.sh SOURCE-DIRECTORY
set -u
cd "${1:-$(dirname "$0")/..}" || exit 1
cc=${CC:-cc}
n=0
one() {
	n=$((n + 1))
	echo "$1 $n - $2"
}
try() {
	if printf '#include "%s"\n' "$2" | $1 -Wall -Wextra -Werror -Iengine \
	    -D_GNU_SOURCE -fsyntax-only -x "$3" - 2>/dev/null; then
		one ok "$2 ($3)"
	else
		one 'not ok' "$2 ($3)"
	fi
}
for h in engine/*/*.h; do
	# host.h is a part of plugin.h.
	[ "$h" = engine/weir/host.h ] && continue
	try "$cc -std=gnu11" "${h#engine/}" c
done
for h in engine/weir/*.h; do
	[ "$h" = engine/weir/host.h ] && continue
	if ${CXX:-c++} --version >/dev/null 2>&1; then
		try "${CXX:-c++}" "${h#engine/}" c++
	fi
done
echo "1..$n"
