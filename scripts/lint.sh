#!/bin/bash
# All that can be checked without running anything: `lint.sh [CHECK...]`, all checks by default.
# Runs every check even after a failure, then says which failed. Expects the GCC build of `make`,
# which has warnings as errors. Versions of the tools are those of Debian 12.
set -uo pipefail
cd "$(dirname "$0")/.."

jobs=${JOBS:-$(nproc)}
checks="format source size headers clang tidy cppcheck"
max_complexity=25
max_lines=100

mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t units < <(git ls-files 'src/*.c' 'examples/*.c')

# The layout of the code is what clang-format makes of it.
check_format()
{
    local differing
    differing=$(clang-format --dry-run -Werror "${sources[@]}" 2>&1 | grep 'error:' | cut -d: -f1 |
        sort | uniq -c | awk '{ print $2 ": clang-format -i changes", $1, "places" }')
    printf '%s\n' "$differing"
    [ -z "$differing" ]
}

# Layers, banned functions, columns: what no compiler knows.
check_source()
{
    python3 scripts/check_source.py "${sources[@]}"
}

# No function is too long or too branchy. A switch counts once, so that tables are allowed.
check_size()
{
    pmccabe "${sources[@]}" | awk -v branches=$max_complexity -v lines=$max_lines '
        $1 > branches { print $6, $7 ": complexity", $1, "of at most", branches; found = 1 }
        $5 > lines { print $6, $7 ":", $5, "lines of at most", lines; found = 1 }
        END { exit found }'
}

# Every public header stands alone, in strict C and in C++.
check_headers()
{
    local header failed=0 strict='-Wall -Wextra -Werror -Iinclude -fsyntax-only'
    # $strict is a list of words.
    # shellcheck disable=SC2086
    for header in include/quern/*.h; do
        clang -x c -std=c17 -pedantic -Wno-empty-translation-unit $strict "$header" || failed=1
        clang -x c++ -std=c++11 $strict "$header" || failed=1
    done
    return $failed
}

# Clang's warnings are errors too; its build also tells clang-tidy how files are compiled.
check_clang()
{
    [ -e build-clang/CTestTestfile.cmake ] ||
        CC=clang cmake -S . -B build-clang >/dev/null || return 1
    cmake --build build-clang -j"$jobs" -- -k >build-clang/build.log 2>&1 && return 0
    grep -E 'error|warning' build-clang/build.log
    return 1
}

# One file per process: with more, the analyser reports va_lists that are fine. How the analyser
# came to a finding is told by `clang-tidy -p build-clang FILE`.
check_tidy()
{
    [ -e build-clang/compile_commands.json ] ||
        CC=clang cmake -S . -B build-clang >/dev/null || return 1
    local findings
    findings=$(printf '%s\n' "${units[@]}" |
        xargs -P"$jobs" -n1 clang-tidy -p build-clang --quiet 2>/dev/null |
        grep ' error: ' | sort -u)
    printf '%s\n' "${findings//$PWD\//}"
    [ -z "$findings" ]
}

check_cppcheck()
{
    cppcheck --quiet -j"$jobs" --std=c11 --enable=warning,performance,portability \
        --error-exitcode=1 --inline-suppr --suppressions-list=scripts/cppcheck-suppressions.txt \
        --library=scripts/cppcheck-jansson.cfg -D_GNU_SOURCE -D__x86_64__ -Iinclude -Isrc \
        src examples 2>&1
}

for tool in clang clang-format clang-tidy cppcheck pmccabe python3; do
    if ! command -v $tool >/dev/null; then
        echo "lint: $tool is missing: run scripts/install-deps.sh lint" >&2
        exit 1
    fi
done

failed=
for check in ${*:-$checks}; do
    begin=$(date +%s)
    if output=$("check_$check" 2>&1); then
        verdict=ok
    else
        verdict=FAILED
        failed="$failed $check"
        printf '%s\n' "$output"
    fi
    printf 'lint: %-10s %-6s %3d s\n' "$check" "$verdict" $(($(date +%s) - begin))
done
[ -z "$failed" ] || echo "lint: failed:$failed"
[ -z "$failed" ]
