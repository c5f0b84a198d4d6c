#!/bin/bash
# style.sh - formatting, headers that stand alone, sizes of files and
# functions.  Prints the distribution; fails on the hard limits of src/README.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build
file_max=600 header_max=180 function_max=100
status=0

mapfile -t sources < <(git ls-files '*.c' '*.h')

clang-format --dry-run -Werror "${sources[@]}" || status=1

# Each exported header is a translation unit of its own.
read -ra includes <<<"$(mpicc --showme:compile) $(pkg-config --cflags hdf5-openmpi)"
headers=0
for header in $(git ls-files 'src/*.h' 'tests/*.h'); do
    case $header in
    src/math/gemm_tile.h | src/math/gemm_stored_tile.h | src/math/int8_tile.h)
        continue ;; # templates
    src/math/simd_lanes_neon.h | src/math/int8_neon.h)
        continue ;; # for another compiler
    esac
    gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -fsyntax-only \
        -Isrc -Itests "${includes[@]}" -I"$(dirname "$header")" -x c "$header" \
        2>build/header.log || {
        echo "style: $header does not compile alone:"
        cat build/header.log
        status=1
    }
    headers=$((headers + 1))
done
echo "style: $headers headers compile alone"

for file in "${sources[@]}"; do
    lines=$(wc -l <"$file")
    case $file in
    src/math/simd_*.h | src/math/gemm_*.h | src/math/int8_*.h | src/learn/net_kernel_*.h) max=$file_max ;; # code, see README
    *.h) max=$header_max ;;
    *) max=$file_max ;;
    esac
    if [ "$lines" -gt "$max" ]; then
        echo "style: $file: $lines lines, limit $max"
        status=1
    fi
    echo "$lines $file"
done >build/file-sizes.txt
grep '^style:' build/file-sizes.txt && status=1

ctags --fields=+ne --c-kinds=f -f - $(git ls-files 'src/*.c' 'tests/*.c') \
    2>/dev/null | awk -F'\t' '{
        first = last = 0
        for (i = 4; i <= NF; i++) {
            if ($i ~ /^line:/) first = substr($i, 6)
            if ($i ~ /^end:/) last = substr($i, 5)
        }
        if (last > 0) print last - first + 1, $1, $2
    }' | sort -n >build/function-sizes.txt

awk '{n[NR] = $1} END {
    printf "style: %d functions, lines: median %d, p90 %d, largest %d\n",
        NR, n[int((NR + 1) / 2)], n[int(NR * 0.9)], n[NR]
}' build/function-sizes.txt
sort -n build/file-sizes.txt | grep -v '^style' | awk '{n[NR] = $1} END {
    printf "style: %d files, lines: median %d, p90 %d, largest %d\n",
        NR, n[int((NR + 1) / 2)], n[int(NR * 0.9)], n[NR]
}'
awk -v max=$function_max '$1 > max {
    printf "style: %s in %s: %d lines, limit %d\n", $2, $3, $1, max
    bad = 1
} END { exit bad }' build/function-sizes.txt || status=1

[ $status -eq 0 ] && echo "style: all within the limits"
exit $status
