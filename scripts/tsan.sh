#!/bin/sh
# Runs all that has threads in a build with ThreadSanitizer: `tsan.sh BUILD`. The engine has none:
# its workers are processes. Who starts threads is listed in scripts/check_source.py, which allows
# nobody else.
set -eu
build=$1
quern=$build/quern
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TSAN_OPTIONS=halt_on_error=1:exitcode=66

run() # words...
{
    echo "tsan: $*" | sed "s|$folder/||g; s|$build/||g"
    "$@" >"$folder/out" 2>&1 || { cat "$folder/out"; exit 1; }
}

run "$build/tests/test_parallel"
run "$quern" synth segy --inlines 8 --crosslines 30 --samples 60 -o "$folder/a.sgy"
run "$quern" segy import "$folder/a.sgy" --chunk-traces 8 --in-process -o "$folder/a.ds"
run "$quern" segy import "$folder/a.sgy" --grid poststack-3d -o "$folder/grid.ds"
run "$quern" segy export "$folder/a.ds" -j 4 -o "$folder/b.sgy"
run cmp "$folder/a.sgy" "$folder/b.sgy"
run "$quern" segy diff -j 4 "$folder/a.sgy" "$folder/a.ds"
run "$quern" segy scan --all "$folder/a.sgy"
run "$quern" synth ercot --days 2 --points 40 -o "$folder/prices"
run "$quern" ercot schema "$folder/prices" -o "$folder/x.schema"
echo "tsan: no data race"
