#!/bin/sh
# Shares the mutants of a campaign out among processes: `fuzz_parquet.sh PROGRAM SEED MUTANTS JOBS`.
# The files to damage are those of parquet-testing below QUERN_SHARED (default ../shared).
set -eu
program=$1
seed=$2
mutants=$3
jobs=$4
corpus=${QUERN_SHARED:-../shared}/data/parquet-testing

files=$(find "$corpus" -name '*.parquet' -size -64k | sort)
if [ -z "$files" ]; then
    echo "There are no files in $corpus; set QUERN_SHARED." >&2
    exit 1
fi
share=$(((mutants + jobs - 1) / jobs))
pids=
first=0
while [ "$first" -lt "$mutants" ]; do
    # $files is a list of words.
    # shellcheck disable=SC2086
    "$program" "$seed" "$first" "$share" $files &
    pids="$pids $!"
    first=$((first + share))
done
for pid in $pids; do
    wait "$pid"
done
