#!/bin/sh
# SPDX-License-Identifier: MIT
# Are the generated manual pages what this build would write, and are all pages
# well-formed?  TAP.
#
#	manual.sh SOURCE-DIRECTORY WEIR
set -u
cd "${1:?}" || exit 1
weir=${2:?}
n=0
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT

line() {
	n=$((n + 1))
	echo "$1 $n - $2"
}

if man/generate "$weir" "$new"; then
	line ok "pages are generated"
else
	line "not ok" "pages are generated"
fi
for f in "$new"/*.7; do
	if cmp -s "$f" "man/${f##*/}"; then
		line ok "${f##*/} is current"
	else
		line "not ok" "${f##*/} is current: run man/generate $weir"
		diff "man/${f##*/}" "$f" 2>&1 | head -n 10 | sed 's/^/# /'
	fi
done
for f in man/*.[1-9]; do
	said=$(mandoc -T lint -W warning "$f" 2>&1)
	if [ -z "$said" ]; then
		line ok "$f is well-formed"
	else
		line "not ok" "$f is well-formed"
		echo "$said" | head -n 8 | sed 's/^/# /'
	fi
done
echo "1..$n"
