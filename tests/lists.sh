#!/bin/sh
# SPDX-License-Identifier: MIT
# Is every file of the project in a list of the makefile, and every C file of a
# plugin in the list of the test that is built of them?  One TAP line.
#
#	lists.sh SOURCE-DIRECTORY
set -u
cd "${1:-$(dirname "$0")/..}" || exit 1
echo 1..1
if ! files=$(git ls-files 2>/dev/null) || [ -z "$files" ]; then
	echo "ok 1 - lists # SKIP not a checkout"
	exit 0
fi

# The local.mk of the file's folder or of the nearest one above it.
list_of() {
	d=$(dirname "$1")
	while [ ! -f "$d/local.mk" ] && [ "$d" != . ]; do
		d=$(dirname "$d")
	done
	if [ "$d" = . ]; then echo Makefile.am; else echo "$d/local.mk"; fi
}

bad=0
for f in $files; do
	case $f in
	tests/golden/* | tests/fuzz/corpus/*) continue ;; # folders, whole
	*/local.mk | .gitignore | */.gitignore | .gitattributes) continue ;;
	Makefile.am | configure.ac | weir.pc.in) continue ;;
	esac
	[ -f "$f" ] || continue
	l=$(list_of "$f")
	d=$(dirname "$l")
	case $f in plugins/common/*) l=plugins/csv/local.mk ;; esac
	if ! grep -qF -e "$f" -e "%D%/${f#"$d"/}" "$l"; then
		echo "# $f is not in $l"
		bad=$((bad + 1))
	fi
	case $f in
	plugins/*/plugin.c) ;;
	plugins/*.c)
		if grep -qF "${f%/*}/plugin.c" tests/local.mk &&
		    ! grep -qF "$f" tests/local.mk; then
			echo "# $f is not in tests/local.mk"
			bad=$((bad + 1))
		fi
		;;
	esac
done
if [ $bad -eq 0 ]; then
	echo "ok 1 - every file is in a list"
else
	echo "not ok 1 - $bad files are not in the lists of the makefile"
fi
