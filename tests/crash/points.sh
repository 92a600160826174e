#!/bin/sh
# SPDX-License-Identifier: MIT
# The places at which a test may make the program fail, WEIR_AT("...") in the
# sources: is each named once, in the form FILE.WHAT, short enough for the
# table of faults?  TAP; with --list the places alone, a line each.
#
#	points.sh SOURCE-DIRECTORY [--list]
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1

# Over several lines, too; a macro's parameter is no literal.
places() {
	find engine plugins -name '*.[ch]' ! -path engine/weir/io.h \
	    -exec cat {} + | tr '\n\t' '  ' | grep -o 'WEIR_AT( *"[^"]*")' |
	    sed 's/.*"\(.*\)".*/\1/' | sort
}

if [ "${2:-}" = --list ]; then
	places | uniq
	exit 0
fi
n=$(places | wc -l)
echo 1..4
ok() {
	if [ -z "$1" ]; then echo "ok $2"; else
		echo "$1" | sed 's/^/# /'
		echo "not ok $2"
	fi
}
[ "$n" -gt 0 ] && none= || none="no place was found"
ok "$none" "1 - there are $n places"
ok "$(places | uniq -d)" "2 - each place is named once"
ok "$(places | grep -vE '^[a-z_]+(\.[a-z_0-9]+)+$')" \
    "3 - they are written FILE.WHAT"
ok "$(places | awk 'length > 63')" "4 - and fit the table of faults"
