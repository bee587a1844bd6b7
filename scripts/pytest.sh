#!/bin/bash
# The tests in Python, of the programs in a build folder: `pytest.sh BUILD`. First, JOBS at a time,
# those that do not care what else runs; then those marked `alone`, because they measure times.
set -u
cd "$(dirname "$0")/.." || exit

QUERN_BUILD=$(realpath "$1")
export QUERN_BUILD
suites="tests/interop tests/e2e tests/fault"
failed=0
# $suites is a list of words.
# shellcheck disable=SC2086
{
    .venv/bin/python -m pytest -n "${JOBS:-$(nproc)}" --dist worksteal -m 'not alone' $suites || failed=1
    .venv/bin/python -m pytest -m alone tests/e2e || failed=1
}
exit $failed
