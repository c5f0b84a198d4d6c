# The reference archives, opened and made again by programs of other compilers
# and flags: gcc -O1 and -O3, -march=native, plain x86-64, clang.  What other
# processors compute is in tests/bits, whose parts need no libraries.
. "$CODELEN_ROOT/tests/cli/lib.sh"

reference=$CODELEN_ROOT/tests/reference/archive
models=$CODELEN_ROOT/tests/reference/models
builds=$CODELEN_ROOT/build/archive-builds

check() { # NAME COMPILER FLAGS
    local file name options model
    command -v "$2" >/dev/null || return 0
    CC=$2 cmake -S "$CODELEN_ROOT" -B "$builds/$1" -G Ninja \
        -DCMAKE_BUILD_TYPE=None -DCODELEN_MPI=OFF -DCMAKE_C_FLAGS="$3" \
        >out 2>err || fail "$1: cmake"
    cmake --build "$builds/$1" --target codelen >out 2>err || fail "$1: build"
    CODELEN=$builds/$1/codelen
    for file in "$reference"/*.cl; do
        name=$(basename "$file" .cl)
        model="--model $models/bytes-bf16"
        case $name in
        bytes) options="$model --chunk 256" ;;
        bytes-int8) options="$model --chunk 256 --math int8" ;;
        bytes-windows) options="$model --chunk 1000 --context 200 --stride 150" ;;
        tokens)
            model="--model $models/small-Q4_0.gguf"
            options="$model --chunk 300"
            ;;
        ngram-4) model="" options="--predictor ngram:4 --chunk 1000" ;;
        *) continue ;;
        esac
        # shellcheck disable=SC2086
        expect 0 codelen decompress "$file" -o raw $model --overwrite
        grep -q "^$(sha256sum <raw | cut -d' ' -f1)  $name.cl" \
            "$reference/SHA256SUMS" || fail "$1: $name: other contents"
        # shellcheck disable=SC2086
        expect 0 codelen compress raw -o a.cl $options --overwrite
        cmp "$file" a.cl || fail "$1: $name: other bytes"
    done
    echo "archive_builds: $1: the same"
}

check gcc-O1 gcc -O1
check gcc-O3 gcc -O3
check gcc-native gcc "-O3 -march=native"
check gcc-x86-64 gcc "-O2 -march=x86-64"
check clang-O2 clang -O2
echo "archive_builds: ok"
