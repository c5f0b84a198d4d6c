# Archives: the same bytes from any ranks, threads and kernels, and what was
# compressed comes back; those of earlier versions open; what is not an
# archive, is damaged or belongs to another model is refused with a reason.
. "$CODELEN_ROOT/tests/cli/lib.sh"

reference=$CODELEN_ROOT/tests/reference/archive
models=$CODELEN_ROOT/tests/reference/models
bytes=$models/bytes-bf16

# model_of NAME.cl: the options that open a reference archive.
model_of() {
    case $1 in
    bytes*) echo "--model $bytes" ;;
    tokens*) echo "--model $models/small-Q4_0.gguf" ;;
    esac
}

# options_of NAME: those that it was made with.
options_of() {
    case $1 in
    bytes) echo "--model $bytes --chunk 256" ;;
    bytes-int8) echo "--model $bytes --chunk 256 --math int8" ;;
    bytes-windows)
        echo "--model $bytes --chunk 1000 --context 200 --stride 150"
        ;;
    tokens) echo "--model $models/small-Q4_0.gguf --chunk 300" ;;
    ngram-4) echo "--predictor ngram:4 --chunk 1000" ;;
    stored) echo "--predictor ngram:2" ;;
    esac
}

kernels=
for kernel in avx512 avx2 neon portable; do
    codelen measure --corpus random:1 --predictor uniform --kernel $kernel \
        >out 2>err || { says 'processor' && continue; }
    kernels="$kernels $kernel"
done

# Archives of version 1 open for ever; making them again gives the same bytes.
for file in "$reference"/*.cl; do
    name=$(basename "$file" .cl)
    for kernel in $kernels; do
        # shellcheck disable=SC2046
        expect 0 codelen decompress "$file" -o $name $(model_of $name) \
            --kernel $kernel --overwrite
        says 'all checks agree'
        # shellcheck disable=SC2046
        expect 0 codelen compress $name -o $name.cl $(options_of $name) \
            --kernel $kernel --overwrite
        cmp "$file" $name.cl || fail "$name: $kernel: other bytes"
    done
    [ "$(sha256sum <$name)" = "$(sed -n "s/ *$name.cl/  -/p" "$reference/SHA256SUMS")" ] ||
        fail "$name: other contents"
done

# Ranks and threads.
for name in bytes tokens ngram-4; do
    for n in 1 2 3; do
        for t in 1 2; do
            # shellcheck disable=SC2046
            expect 0 ranks $n compress $name -o $name.cl $(options_of $name) \
                --threads $t --overwrite --verify
            cmp "$reference/$name.cl" $name.cl || fail "$name: $n x $t"
            # shellcheck disable=SC2046
            expect 0 ranks $n decompress $name.cl -o back \
                $(model_of $name) --threads $t --overwrite
            cmp $name back || fail "$name: $n x $t: other contents"
        done
    done
done

# Round trips.
: >empty
printf x >one
$python -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 5)' >values
head -c 5000 /dev/zero >zeros
head -c 300000 /dev/urandom >random
printf '\377\300\200ab\355\240\200\364\220\200\200' >invalid
text 300000 >prose
for size in 99 100 101 199 200 201 131071 131072 131073; do
    head -c $size prose >size-$size
done
for file in empty one values zeros random invalid prose size-*; do
    expect 0 codelen compress $file -o a.cl --predictor ngram:3 --chunk 100 \
        --overwrite
    expect 0 codelen decompress a.cl -o back --overwrite
    cmp $file back || fail "$file: came back otherwise"
done
for file in empty one values invalid; do
    expect 0 codelen compress $file -o a.cl --model "$models/small-Q4_0.gguf" \
        --overwrite
    expect 0 codelen decompress a.cl -o back --overwrite \
        --model "$models/small-Q4_0.gguf"
    cmp $file back || fail "$file: came back otherwise"
done

# What cannot be made shorter grows by 0.1 % and 64 bytes at most.
for size in 0 1 500 1000 131072 300000; do
    head -c $size random >part
    expect 0 codelen compress part -o a.cl --model "$bytes" --overwrite
    [ "$(stat -c %s a.cl)" -le $((size + size / 1000 + 64)) ] ||
        fail "$size random bytes take $(stat -c %s a.cl)"
done

# Streams; a part of an archive.
codelen compress - -o - --predictor ngram:3 <prose 2>err >p.cl || fail "to a pipe"
codelen decompress - -o - <p.cl 2>err | cmp - prose || fail "from a pipe"
# mpirun of Open MPI 4.1 may crash while it passes standard input on.
ranks 3 decompress p.cl -o - 2>err </dev/null | cmp - prose ||
    fail "3 ranks to a pipe"
ranks 2 compress prose -o - --predictor ngram:3 2>err </dev/null |
    cmp - p.cl || fail "2 ranks to a pipe"
for range in 0:1 0:300000 131071:131073 250000:300000 5:5; do
    expect 0 ranks 2 decompress p.cl -o part --range $range --overwrite
    size=$((${range#*:} - ${range%:*}))
    [ "$(stat -c %s part)" -eq $size ] &&
        cmp -i ${range%:*}:0 -n $size prose part || fail "--range $range"
done
expect 1 codelen decompress p.cl -o none --range 0:300001
says 'p.cl: has 300000 bytes'
expect 2 codelen decompress p.cl -o none --range 5
says 'want FIRST:END'

# Nothing is replaced without being asked.
expect 1 codelen compress prose -o p.cl --predictor ngram:3
says 'p.cl: is there already; --overwrite'
expect 1 codelen decompress p.cl -o prose
says 'prose: is there already'

# Damage.
expect 0 codelen test "$reference/ngram-4.cl"
size=$(stat -c %s "$reference/ngram-4.cl")
for at in 0 4 5 6 8 12 25 40 80 $((size / 2)) $((size - 20)) $((size - 1)); do
    $python - "$reference/ngram-4.cl" $at >bad.cl <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 4
sys.stdout.buffer.write(data)
PY
    expect 1 codelen decompress bad.cl -o none
    says 'bad.cl: '
    [ ! -e none ] && [ ! -e .none.partial ] || fail "bytes of a damaged archive"
    expect 1 codelen test bad.cl
done
for n in 0 3 10 100 $((size - 1)); do
    head -c $n "$reference/ngram-4.cl" >bad.cl
    expect 1 ranks 2 decompress bad.cl -o none
    says 'bad.cl: (not an archive|the archive is cut off)'
    [ ! -e none ] || fail "bytes of an archive that is cut off"
done
cat "$reference/ngram-4.cl" one >bad.cl
expect 1 codelen test bad.cl
says 'something follows'

# The wrong model: both names and hashes, before any work.
cp -r "$bytes" other && printf ' ' >>other/config.json
expect 1 ranks 2 decompress "$reference/bytes.cl" -o none --model other
says 'model of "bytes-bf16", sha256 [0-9a-f]{64}; that of "other" has [0-9a-f]{64}'
[ ! -e none ] || fail "an output with the wrong model"
expect 1 codelen test "$reference/bytes.cl"
says 'the model "bytes-bf16" \(sha256 [0-9a-f]{64}\).*--model'
expect 1 codelen test "$reference/tokens.cl" --model "$bytes"
says 'small-Q4_0.gguf'
expect 1 codelen compress one -o a2.cl --model "$bytes" --math blas
says 'blas'
expect 2 codelen compress one -o a2.cl
says 'give --model'

expect 0 codelen info "$reference/bytes.cl"
prints 'bytes-bf16'
prints '3700 bytes'
echo "archive: ok"
