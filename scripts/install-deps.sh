#!/bin/sh
# Installs what Quern needs on a Debian machine: `install-deps.sh [build] [lint] [check] [bench] [cluster]`.
# Says what it installs before it does; silent, and no root needed, when nothing is missing.
set -eu

# What for, Debian package, and how to see that it is there (from a package or from elsewhere).
needs='
build  cmake           command cmake
build  make            command make
build  gcc             command cc
build  libc6-dev       header  stdio.h
build  pkg-config      command pkg-config
build  libcmocka-dev   library cmocka
build  libjansson-dev  library jansson
build  libzstd-dev     library libzstd
build  liblz4-dev      library liblz4
build  libdeflate-dev  library libdeflate
build  libisal-dev     library libisal
build  libblosc-dev    header  blosc.h
build  libsnappy-dev   header  snappy-c.h
build  libbrotli-dev   library libbrotlienc
build  libcairo2-dev   library cairo
build  libpng-dev      library libpng
build  libxxhash-dev   library libxxhash
build  zlib1g-dev      library zlib
build  libexpat1-dev   library expat
build  libcurl4-openssl-dev library libcurl
build  liberfa-dev     library erfa
build  fonts-dejavu-core file    /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
build  python3         command python3
build  python3-venv    module  ensurepip
lint   git             command git
lint   clang           command clang
lint   clang-format    command clang-format
lint   clang-tidy      command clang-tidy
lint   cppcheck        command cppcheck
lint   pmccabe         command pmccabe
check  valgrind        command valgrind
bench  parallel        command parallel
bench  strace          command strace
cluster slurm-wlm      command slurmctld
cluster munge          command munged
'

is_there() # kind name
{
    case $1 in
    command) command -v "$2" ;;
    library) pkg-config --exists "$2" ;;
    header) echo "#include <$2>" | cc -E - ;;
    file) test -e "$2" ;;
    module) python3 -c "import $2" ;;
    esac >/dev/null 2>&1
}

missing() # group...
{
    echo "$needs" | while read -r group package kind name; do
        case " $* " in
        *" $group "*) is_there "$kind" "$name" || printf ' %s' "$package" ;;
        esac
    done
}

packages=$(missing "${@:-build}")
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "This machine has no apt-get. Please install what Debian calls:$packages" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
        echo "Missing packages. As root, run: apt-get install$packages" >&2
        exit 1
    fi
fi
echo "Installing with ${as_root:+$as_root }apt-get:$packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# An update that fails is told only if the installation then fails too.
$as_root apt-get update >"$log" 2>&1 || true
# $packages is a list of words.
# shellcheck disable=SC2086
if ! $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends $packages >>"$log" 2>&1; then
    cat "$log" >&2
    echo "The installation failed, as told above. What was tried:" >&2
    echo "${as_root:+$as_root }apt-get install$packages" >&2
    exit 1
fi
