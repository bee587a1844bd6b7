#!/bin/sh
# Memcheck on a sample: `valgrind.sh BUILD`. The C tests that take seconds there, every reader with
# its corpus, and one job in one process. What is lost or read before it was written is an error.
set -eu
build=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
memcheck="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite
    --suppressions=tests/valgrind.supp"

check() # words...
{
    echo "valgrind: ${1##*/} ${3##*/}"
    # $memcheck is a list of words.
    # shellcheck disable=SC2086
    $memcheck "$@" >"$folder/out" 2>&1 || { cat "$folder/out"; exit 1; }
}

for name in base csv folder reuse ledger sched slices zarr_chunk zarr_metadata parquet \
    parquet_read_decode segy_format segy_format_layouts; do
    check "$build/tests/test_$name" "" ""
done
for program in "$build"/tests/fuzz_*; do
    [ -x "$program" ] || continue
    name=${program##*/fuzz_}
    check "$program" "tests/fuzz/corpus/$name" 0
done
"$build/quern" synth segy --inlines 4 --crosslines 10 --samples 40 -o "$folder/a.sgy" >/dev/null
check "$build/quern" segy import "$folder/a.sgy" --in-process --progress none -o "$folder/a.ds"
check "$build/quern" verify "$folder/a.ds" --progress none
check "$build/quern" segy export "$folder/a.ds" -o "$folder/b.sgy"
echo "valgrind: nothing lost, nothing read before it was written"
