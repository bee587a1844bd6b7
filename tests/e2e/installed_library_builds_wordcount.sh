#!/bin/sh
# A pipeline outside Quern's tree needs only what `make install` installs: examples/wordcount is
# built with pkg-config against a staged installation, shared and static, and counts the words of
# the licence as sort and uniq do. Called with the source and the build folder.
set -eu
source=$1
build=$2
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
export LC_ALL=C

DESTDIR=$stage cmake --install "$build" >"$stage/install.log"
pc=$(find "$stage" -name quern.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$stage
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH

tr -s '[:space:]' '\n' <"$source/LICENSE" | sed '/^$/d' | sort | uniq -c |
    awk '{ print $2 "," $1 }' | sort >"$stage/expected.csv"

# Counts in pieces of 1 KiB, so that several workers have something to do.
counts_words() # program
{
    "$1" words count "$source/LICENSE" --piece 1K --jobs 2 -o "$1.ds"
    sort "$1.ds/counts.csv" | cmp - "$stage/expected.csv"
    "$1" verify "$1.ds"
}

warnings='-std=gnu17 -Wall -Wextra -Werror'
# Flags are lists of words.
# shellcheck disable=SC2046,SC2086
{
    cc $warnings "$source/examples/wordcount/wordcount.c" \
        $(pkg-config --cflags --libs quern) -o "$stage/shared"
    cc $warnings "$source/examples/wordcount/wordcount.c" $(pkg-config --cflags quern) \
        "$LD_LIBRARY_PATH/libquern.a" $(pkg-config --static --libs quern) -o "$stage/static"
}
counts_words "$stage/shared"
counts_words "$stage/static"

# The words of the example, its lines, and the installed manual.
lines=$(wc -l <"$source/examples/wordcount/wordcount.c")
[ "$lines" -lt 150 ] || { echo "examples/wordcount has $lines lines: under 150 is promised"; exit 1; }
grep -q '^\.TH QUERN 1' "$(find "$stage" -name quern.1)"
