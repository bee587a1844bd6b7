#!/bin/sh
# Makes a Python virtual environment with pinned packages: `venv.sh FOLDER REQUIREMENTS`.
# Says what it installs before it does; silent when the folder holds just that already.
set -eu

folder=$1
requirements=$2
python=${PYTHON:-python3}
stamp=$folder/installed.txt

if cmp -s "$requirements" "$stamp" && "$folder/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is too old: the tests' readers need Python 3.11 or later. Set PYTHON." >&2
    exit 1
fi
echo "Installing with pip into $folder:" \
    "$(sed -n 's/^\([A-Za-z0-9_-]*==[^ ;]*\).*/\1/p' "$requirements" | tr '\n' ' ')"
"$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$stamp"
