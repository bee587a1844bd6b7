#!/bin/sh
# Runs every libFuzzer target of a build for some seconds: `fuzz.sh FOLDER SECONDS`. What is found is
# kept as tests/fuzz/corpus/NAME/crash-*, to be committed with what mends it; new inputs that reach
# new code stay in FOLDER/NAME.found.
set -eu

failed=
for program in "$1"/fuzz_*; do
    [ -x "$program" ] && [ ! -d "$program" ] || continue
    name=${program##*/fuzz_}
    corpus=tests/fuzz/corpus/$name
    mkdir -p "$program.found"
    echo "fuzz: $name, $2 s"
    FUZZ_WORDS=1 "$program" >"$program.dict"
    "$program" -max_total_time="$2" -dict="$program.dict" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=128 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$corpus/" "$program.found" "$corpus" 2>"$program.log" ||
        failed="$failed $name"
    grep -E 'number_of_executed_units|ERROR|SUMMARY' "$program.log" || true
done
[ -z "$failed" ] || { echo "fuzz: failed:$failed (logs: $1/fuzz_NAME.log)"; exit 1; }
