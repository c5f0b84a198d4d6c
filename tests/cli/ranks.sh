# The same numbers from 1, 2 and 3 ranks and 1 and 2 threads, for an n-gram, a
# Transformer and a codec; per-token bits too.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 60000 >corpus.txt
model=$CODELEN_ROOT/tests/reference/models/bytes-bf16
check() { # NAME COMMAND...
    local name=$1 n t
    shift
    for n in 1 2 3; do
        for t in 1 2; do
            OMP_NUM_THREADS=$t expect 0 ranks $n "$@" --out $name-$n-$t.h5
            [ "$(field $name-$n-$t.h5 ranks)" = $n ] || fail "ranks"
            [ "$(field $name-$n-$t.h5 threads)" = $t ] || fail "threads"
            same_rows $name-1-1.h5 $name-$n-$t.h5
        done
    done
}
check ngram measure --corpus text:corpus.txt --predictor ngram:4
check carry measure --corpus text:corpus.txt --predictor ngram:4 --carry
if [ -d "$model" ]; then
    check model measure --corpus text:corpus.txt --bytes 20000 --token-bits \
        --predictor "model:$model" --chunk 512 --context 256
    check int8 measure --corpus text:corpus.txt --bytes 20000 --token-bits \
        --predictor "model:$model" --chunk 512 --context 256 --math int8
    check whole measure --corpus text:corpus.txt --bytes 5000 \
        --predictor "model:$model" --chunk whole --context 256 --stride 100
    # However the threads divide it: windows of one chunk, short chunks
    # together, inside products.
    for parallel in windows products; do
        for t in 2 3 5; do
            expect 0 codelen measure --corpus text:corpus.txt --bytes 5000 \
                --predictor "model:$model" --chunk whole --context 256 \
                --stride 100 --threads $t --parallel $parallel \
                --out whole-$parallel-$t.h5
            same_rows whole-1-1.h5 whole-$parallel-$t.h5
            expect 0 codelen measure --corpus text:corpus.txt --bytes 20000 \
                --token-bits --predictor "model:$model" --chunk 512 \
                --context 256 --threads $t --parallel $parallel \
                --out model-$parallel-$t.h5
            same_rows model-1-1.h5 model-$parallel-$t.h5
        done
    done
    # The tokenizer is read by one rank and shared.
    check gguf measure --corpus text:corpus.txt --bytes 6000 --chunk 300 \
        --predictor "model:${model%/*}/small-Q4_0.gguf"
    check short measure --corpus text:corpus.txt --bytes 4000 --start none \
        --predictor "model:$model" --chunk 37
    expect 0 codelen measure --corpus text:corpus.txt --bytes 20000 \
        --token-bits --predictor "model:$model" --chunk 512 --context 256 \
        --weights stored --out stored.h5
    same_rows model-1-1.h5 stored.h5
    [ "$(field int8-1-1.h5 math)" = int8 ] || fail "math"
    for kernel in avx512 avx2 neon portable; do
        codelen measure --corpus random:1 --predictor uniform --kernel $kernel \
            >out 2>err || { says 'processor' && continue; }
        expect 0 codelen measure --corpus text:corpus.txt --bytes 20000 \
            --token-bits --predictor "model:$model" --chunk 512 \
            --context 256 --kernel $kernel --out $kernel.h5
        same_rows model-1-1.h5 $kernel.h5
        expect 0 codelen measure --corpus text:corpus.txt --bytes 20000 \
            --token-bits --predictor "model:$model" --chunk 512 --math int8 \
            --context 256 --kernel $kernel --out int8-$kernel.h5
        same_rows int8-1-1.h5 int8-$kernel.h5
    done
fi
$python - model-1-1.h5 model-3-2.h5 <<'PY'
import sys, h5py, numpy as np
a, b = (h5py.File(p) for p in sys.argv[1:])
for name in ["token/bits", "chunk/token_first", "chunk/bits_by_position"]:
    assert np.array_equal(a[name][:], b[name][:]), name
assert len(a["token/bits"]) == a["chunk/tokens"][:].sum()
PY
# The loop's phases are what its threads did; SCHEMA.md knows all of them.
$python - model-3-2.h5 "$CODELEN_ROOT/SCHEMA.md" <<'PY'
import sys, h5py
run = dict(h5py.File(sys.argv[1])["run"].attrs)
schema = open(sys.argv[2]).read()
for name in run:
    assert not name.endswith("seconds") or f"`{name}`" in schema, name
phases = [v for k, v in run.items() if k.endswith("_thread_seconds")]
whole = run["loop_seconds"] * run["ranks"] * run["threads"]
assert len(phases) == 6 and min(phases) >= 0, phases
assert 0 < sum(phases) < 1.01 * whole, (sum(phases), whole)
assert run["finish_write_seconds"] > 0
PY
expect 0 ranks 3 baseline --corpus text:corpus.txt --codec xz --out xz3.h5
expect 0 codelen baseline --corpus text:corpus.txt --codec xz --out xz1.h5
for file in xz1 xz3; do
    codelen export $file.h5 --table chunks | cut -d, -f2-7 >$file.csv
done
cmp xz1.csv xz3.csv || fail "codec rows differ"
echo "ranks: ok"
