#!/bin/bash
# gcc -fanalyzer over all of src, as Debian 12's GCC 12 has it, or over the files that are named;
# findings that were looked into and are none are listed in scripts/analyze-explained.txt as
# FILE:FUNCTION:WARNING, each with the reason why.
set -uo pipefail
cd "$(dirname "$0")/.."

mapfile -t units < <(git ls-files "${@:-src/*.c}")
flags=$(pkg-config --cflags jansson cairo libpng expat libcurl)

analyze() # file
{
    # $flags is a list of words.
    # shellcheck disable=SC2086
    gcc -std=gnu17 -D_GNU_SOURCE -O1 -fanalyzer -fdiagnostics-plain-output -Iinclude -Isrc $flags \
        -c "$1" -o /dev/null 2>&1 |
        awk '/In function/ { split($0, part, "\047"); where = part[2]
                             sub(/^‘/, "", where) }
             match($0, /In function .[^ ]*/) { where = $0; sub(/.*In function ./, "", where)
                             sub(/[^A-Za-z0-9_].*/, "", where) }
             /warning:.*\[-Wanalyzer/ { file = $0; sub(/:.*/, "", file); kind = $0
                             sub(/.*\[-Wanalyzer-/, "", kind); sub(/\].*/, "", kind)
                             print file ":" where ":" kind "\t" $0 }'
}
export -f analyze
export flags

found=$(printf '%s\n' "${units[@]}" | xargs -P"${JOBS:-$(nproc)}" -I{} bash -c 'analyze {}' | sort -u)
left=$(printf '%s\n' "$found" | awk -F '\t' '
    NR == FNR { if ($0 !~ /^#/ && NF) { split($0, word, " "); known[word[1]] = 1 } next }
    NF && !($1 in known) { print $2 }' scripts/analyze-explained.txt - )
printf '%s\n' "$left"
[ -z "$left" ] && echo "analyze: ${#units[@]} files, nothing unexplained"
[ -z "$left" ]
