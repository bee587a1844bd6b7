#!/bin/sh
# Runs one file of end-to-end tests: run.sh BUILD_DIR FILE. Python with pytest is looked for in
# $QUERN_PYTHON, then in BUILD_DIR/venv, then on the PATH; without it the tests are skipped (77).
set -u
QUERN_BUILD=$1
export QUERN_BUILD
for python in "${QUERN_PYTHON:-}" "$QUERN_BUILD/venv/bin/python" python3; do
    if [ -n "$python" ] && "$python" -c 'import pytest' 2>/dev/null; then
        exec "$python" -m pytest -q -rs -p no:cacheprovider "$2"
    fi
done
echo "skipped: $2 needs Python with pytest (set QUERN_PYTHON)"
exit 77
