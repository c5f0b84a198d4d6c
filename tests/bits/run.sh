#!/bin/bash
# run.sh - the same bits from every compiler, flag and processor.
#
#   tests/bits/run.sh [DIR]      builds under DIR, default build/bits
#
# Builds bits.c in several ways, runs it, that for aarch64 by qemu, and
# compares what every kernel computes with expected.txt.  Exit status 77: no
# difference, but what aarch64 needs is missing.
#
# If the order of operations was changed on purpose, which breaks archives:
#   build/bits/gcc-O3/bits | sed -n 's/^portable //p' >tests/bits/expected.txt
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$here/../../build/bits}
mkdir -p "$dir"
status=0

# What bits prints: the kernels must include those named.
compare() { # NAME KERNEL...
    local name=$1 kernel kernels
    shift
    kernels=$(cut -d' ' -f1 "$dir/$name.txt" | uniq)
    for kernel in "$@"; do
        grep -qx "$kernel" <<<"$kernels" || {
            echo "bits: $name: kernel $kernel did not run"
            status=1
        }
    done
    for kernel in $kernels; do
        if diff <(sed -n "s/^$kernel //p" "$dir/$name.txt") \
            "$here/expected.txt" >"$dir/$name.diff"; then
            echo "bits: $name: $kernel: the same"
        else
            echo "bits: $name: $kernel: differs (<) from what is expected (>)"
            cat "$dir/$name.diff"
            status=1
        fi
    done
}

build() { # NAME FLAGS CMAKE OPTION...
    local name=$1 flags=$2
    shift 2
    { cmake -S "$here" -B "$dir/$name" -G Ninja -DCMAKE_BUILD_TYPE=None \
        -DCMAKE_C_FLAGS="$flags" "$@" &&
        cmake --build "$dir/$name" -j 2; } >"$dir/$name.log" 2>&1 || {
        cat "$dir/$name.log"
        exit 1
    }
}

native() { # NAME COMPILER FLAGS
    command -v "$2" >/dev/null || {
        echo "bits: $1: no $2, left out"
        return
    }
    build "$1" "$3" -DCMAKE_C_COMPILER="$2"
    "$dir/$1/bits" >"$dir/$1.txt" 2>"$dir/$1.err"
    compare "$1" portable
}

aarch64() { # NAME FLAGS
    build "$1" "$2" --toolchain "$here/../../cmake/aarch64.cmake"
    "$qemu" -L /usr/aarch64-linux-gnu "$dir/$1/bits" \
        >"$dir/$1.txt" 2>"$dir/$1.err"
    compare "$1" portable neon
}

native gcc-O1 gcc -O1
native gcc-O3 gcc -O3
native gcc-native gcc "-O3 -march=native"
native clang-O2 clang -O2

missing=
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) ||
    missing="qemu-user"
command -v aarch64-linux-gnu-gcc >/dev/null ||
    missing="$missing gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
if [ -z "$missing" ]; then
    aarch64 aarch64-O1 -O1
    aarch64 aarch64-O3 -O3
elif [ "$(uname -m)" != aarch64 ] && [ $status -eq 0 ]; then
    echo "bits: aarch64 was not tried; Debian packages needed: $missing"
    status=77
fi
exit $status
