#!/bin/sh
# Runs the tests that read Quern's output with other programs' readers, in .venv.
# Arguments go to pytest. QUERN names the program to test.
set -eu
cd "$(dirname "$0")/.."

QUERN=${QUERN:-$PWD/build/quern}
export QUERN
set -- -q -rs -p no:cacheprovider "$@"
if ! ls tests/interop/test_*.py >/dev/null 2>&1; then
    echo "skipped: tests/interop holds no tests"
    exit 0
fi
exec .venv/bin/python -m pytest "$@" tests/interop
