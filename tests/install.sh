#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed works: the program with its plugins, the header with a
# plugin built against it by pkg-config alone.  TAP.
#
#	install.sh BUILD-DIRECTORY
set -u
build=${1:?which build directory?}
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-install.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
n=0
try() {
	n=$((n + 1))
	what=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		tail -n 15 "$dir/log" | sed 's/^/# /'
	fi
}
prefix=$(sed -n 's/^prefix = //p' "$build/Makefile")
root=$dir/root$prefix
try "make install with DESTDIR" make -C "$build" -s install DESTDIR="$dir/root"
try "no files of libtool" sh -c "! find '$dir/root' -name '*.la' | grep ."
try "the program runs" "$root/bin/weir" --version
export WEIR_PLUGIN_PATH="$root/lib/weir/plugins"
echo 'generate.sequence(to: 3) -> show()' >"$dir/t.weir"
try "it finds plugins" "$root/bin/weir" check "$dir/t.weir"

# A plugin built as a stranger would.
export PKG_CONFIG_PATH="$root/lib/pkgconfig"
export PKG_CONFIG_SYSROOT_DIR="$dir/root"
pc() {
	if command -v pkg-config >/dev/null 2>&1; then
		pkg-config "$@"
	else
		echo "-I$root/include"
	fi
}
# shellcheck disable=SC2046
try "the installed header compiles" sh -c "echo '#include <weir/plugin.h>' |
    ${CC:-cc} -Wall -Wextra -Werror $(pc --cflags weir) -fsyntax-only -x c -"
# shellcheck disable=SC2046
try "the example plugin compiles" "${CC:-cc}" -Wall -Wextra -Werror -shared \
    -fPIC $(pc --cflags weir) -o "$dir/mask.so" \
    "$here/examples/plugins/mask/mask.c"
export WEIR_PLUGIN_PATH="$WEIR_PLUGIN_PATH:$dir"
try "the example plugin runs" sh -c "cd '$dir' &&
    '$root/bin/weir' run '$here/examples/plugins/mask/example.weir'"
try "make uninstall leaves no file" sh -c \
    "make -C '$build' -s uninstall DESTDIR='$dir/root' &&
    ! find '$dir/root' -type f | grep ."
echo "1..$n"
