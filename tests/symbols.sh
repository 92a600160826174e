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
# What lies in data and bss; .data.rel.ro is read-only once it is loaded.
# The faults that tests put into allocations and effects on disks are the one
# exception.
data=$(find "$build/engine" "$build/plugins" -name '*.o' |
    while read -r o; do
	objdump -t "$o" 2>/dev/null | awk -v o="${o##*/}" '
	    $2 == "O" || $3 == "O" {
		for (i = 2; i <= NF && $i != "O"; i++) ;
		section = $(i + 1)
		if (section ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ &&
		    section !~ /^\.data\.rel\.ro/)
			print o, $NF, section
	    }'
    done | sort -u)
bad=$(echo "$data" | while read -r o symbol section; do
	[ -n "$symbol" ] || continue
	case $o:$symbol in
	*alloc.o:fault | *fault.o:faults*) continue ;;
	esac
	echo "$o: $symbol ($section)"
done)
if [ -z "$bad" ]; then
	one ok "no mutable globals"
else
	one 'not ok' "no mutable globals"
	echo "$bad" | sed 's/^/# /'
fi
echo "1..$n"
