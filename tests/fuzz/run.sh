#!/bin/bash
# run.sh [SECONDS] - build the fuzz targets with clang and run each so long
# (default 30 s).  Findings stay in build/fuzz/findings.  With -O1, clang 14
# needs minutes for an unrolled kernel, with -O2 seconds.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-30}
mkdir -p build/fuzz/findings
CC=clang cmake -S . -B build/fuzz -G Ninja -DCODELEN_MPI=OFF \
    -DCODELEN_FUZZ=ON -DCODELEN_SANITIZE=ON -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_C_FLAGS="-O2 -g" >build/fuzz/configure.log
targets=()
for source in tests/fuzz/fuzz_*.c; do
    targets+=("$(basename "$source" .c)")
done
cmake --build build/fuzz -j "$(nproc)" --target "${targets[@]}" -- --quiet
for target in "${targets[@]}"; do
    binary=$(find build/fuzz -name "$target" -type f -perm -u+x)
    log=build/fuzz/$target.log
    seeds=()
    [ "$target" != fuzz_archive ] || seeds=(tests/reference/archive)
    echo "$target: $seconds s"
    # New inputs go to a directory of their own, not to the seeds.
    mkdir -p "build/fuzz/corpus/$target"
    "$binary" "build/fuzz/corpus/$target" "${seeds[@]}" \
        -max_total_time="$seconds" -verbosity=0 -print_final_stats=1 \
        -artifact_prefix=build/fuzz/findings/ >"$log" 2>&1 || {
        tail -n 40 "$log"
        exit 1
    }
    grep -E 'number_of_executed_units' "$log" || true
done
