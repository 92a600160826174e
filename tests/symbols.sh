#!/bin/sh
# SPDX-License-Identifier: MIT
# What the object files may hold: a plugin exports weir_plugin alone, and
# nothing has global data that can change.  TAP.
#
#	symbols.sh BUILD-DIRECTORY
set -u
build=${1:?which build directory?}
n=0
one() {
	n=$((n + 1))
	echo "$1 $n - $2"
}
for so in "$build"/plugins/*/.libs/*.so; do
	name=$(basename "$so" .so)
	got=$(nm -D --defined-only "$so" | awk '{ print $3 }' | sort |
	    tr '\n' ' ')
	if [ "$got" = "weir_plugin " ]; then
		one ok "$name exports weir_plugin alone"
	else
		one 'not ok' "$name exports weir_plugin alone"
		echo "# it exports: $got"
	fi
done
# Data and bss by the name of their symbols; what the compiler makes has a
# point in it, and tables of addresses are read-only after loading.
data=$(find "$build/engine" "$build/plugins" -name '*.o' -path '*' |
    while read -r o; do
	nm --defined-only "$o" 2>/dev/null |
	    awk -v o="${o##*/}" '$2 ~ /^[bBdDcCsS]$/ { print o, $2, $3 }'
    done | sort -u)
allowed="fail_at fail_from count asked left sticky"
bad=$(echo "$data" | while read -r o kind symbol; do
	[ -n "$symbol" ] || continue
	case $o in
	*alloc.o) case " $allowed " in *" $symbol "*) continue ;; esac ;;
	esac
	echo "$o: $symbol ($kind)"
done)
if [ -z "$bad" ]; then
	one ok "no mutable globals"
else
	one 'not ok' "no mutable globals"
	echo "$bad" | sed 's/^/# /'
fi
echo "1..$n"
