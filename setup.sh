#!/bin/bash
# setup.sh - install the Debian packages that codelen needs.
#
# Says what it will install and does nothing when all is there.  Needs root
# or sudo only if something is missing.
#
#   ./setup.sh          to build and run
#   ./setup.sh --tests  also what the tests need
set -euo pipefail

build=(build-essential cmake ninja-build pkg-config git
    libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libopenblas-serial-dev
    libjansson-dev libpcre2-dev libssl-dev libxxhash-dev
    zlib1g-dev liblzma-dev libbz2-dev libzstd-dev libbrotli-dev
    libarchive-dev libpng-dev libjpeg-dev libflac-dev libjxl-dev libwebp-dev
    libwavpack-dev libcunit1-dev)
run=(python3 python3-numpy python3-scipy python3-pandas python3-matplotlib
    python3-h5py python3-pip dict-gcide curl unzip xz-utils ca-certificates)
tests=(libhdf5-dev clang libomp-dev libclang-rt-14-dev clang-format
    universal-ctags zstd gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    qemu-user chromium)

# Tests skip without these: not every mirror has them.
optional=()

want=("${build[@]}" "${run[@]}")
case "${1:-}" in
'') ;;
--tests)
    want+=("${tests[@]}")
    optional+=(slurm-wlm munge)
    ;;
*)
    echo "setup.sh: unknown option $1 (known: --tests)" >&2
    exit 2
    ;;
esac

is_installed() { # PACKAGE
    [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

missing=()
for package in "${want[@]}"; do
    is_installed "$package" || missing+=("$package")
done
more=()
for package in "${optional[@]}"; do
    is_installed "$package" || more+=("$package")
done
if [ $((${#missing[@]} + ${#more[@]})) -eq 0 ]; then
    echo "setup.sh: all ${#want[@]} packages are installed"
    exit 0
fi
echo "setup.sh: will install: ${missing[*]} ${more[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: run it as root, or install sudo" >&2
        exit 1
    }
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
install=("${as_root[@]}" apt-get install -q -y --no-install-recommends)
[ ${#missing[@]} -eq 0 ] || "${install[@]}" "${missing[@]}"
[ ${#more[@]} -eq 0 ] || "${install[@]}" "${more[@]}" ||
    echo "setup.sh: no ${more[*]}: the tests that use them will be skipped"
