# What is generated is decided by predictor, prompt and seed, with any threads,
# kernels and ranks; temperature 0 and the most likely symbol alone are the
# same; bad input gets a message and leaves no file.
. "$CODELEN_ROOT/tests/cli/lib.sh"

models=$CODELEN_ROOT/tests/reference/models
bytes=model:$models/bytes-bf16
tokens=model:$models/small-Q4_0.gguf

text 1500 >prompt

# generate OUT OPTIONS...: 60 bytes after the prompt.
generate() {
    local out=$1
    shift
    expect 0 codelen generate --prompt prompt --bytes 60 -o "$out" --overwrite \
        "$@"
    says '1500 bytes given, 60 generated'
    [ "$(wc -c <"$out")" -eq 60 ] || fail "$out: not 60 bytes: $*"
}
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ: $3"; }
differ() { ! cmp -s "$1" "$2" || fail "$1 and $2 are the same: $3"; }

for predictor in $bytes $tokens ngram:4 uniform codec:gzip; do
    generate a --predictor $predictor --seed 7 --threads 1
    generate b --predictor $predictor --seed 7 --threads 2 --kernel portable
    same a b "threads, kernels; $predictor"
    expect 0 ranks 2 generate --predictor $predictor --seed 7 --prompt prompt \
        --bytes 60 -o b --overwrite
    same a b "ranks; $predictor"
    generate b --predictor $predictor --seed 8
    differ a b "seeds; $predictor"
    generate a --predictor $predictor --temperature 0
    generate b --predictor $predictor --top-k 1 --seed 5
    same a b "temperature 0 and top-k 1; $predictor"
done

# More bytes begin with the same ones.
generate a --predictor ngram:4
codelen generate --prompt - --bytes 100 --predictor ngram:4 2>err <prompt |
    head -c 60 | cmp -s - a || fail "from and to a pipe"

# A context that is shorter than the prompt, and windows that are left.
generate a --predictor $bytes --context 16 --weights fp32
generate b --predictor $bytes --context 16 --weights stored
same a b "weights"

# A repetition goes on.
printf 'abcabcabcabcabcabcabcabc' >abc
for codec in gzip xz; do
    codelen generate --predictor codec:$codec --ahead 16 --prompt abc \
        --bytes 9 >out 2>err
    [ "$(cat out)" = abcabcabc ] || fail "codec:$codec: $(cat out)"
done

# Bad input.
g=(codelen generate --bytes 5 -o none)
: >empty
expect 2 "${g[@]}" --predictor ngram:2
says '--prompt .* is needed'
expect 1 "${g[@]}" --predictor ngram:2 --prompt missing
says 'missing: No such file'
expect 1 "${g[@]}" --predictor ngram:2 --prompt empty
says 'empty: an empty prompt'
expect 1 "${g[@]}" --predictor ngram:2 --prompt -
says 'standard input: an empty prompt'
expect 1 "${g[@]}" --prompt abc --predictor codec:gzap
says 'unknown codec; known are gzip, xz'
expect 1 "${g[@]}" --prompt abc --predictor codec
says 'unknown codec'
expect 1 "${g[@]}" --prompt abc --predictor gzip
says 'unknown kind; want codec:NAME, '
expect 1 "${g[@]}" --prompt abc --predictor markov:order=2,seed=1
says 'cannot generate'
expect 1 "${g[@]}" --prompt abc --predictor ngram:2 --ahead 3
says '--ahead works with codec only'
expect 1 "${g[@]}" --prompt abc --predictor ngram:2 --context 3
says '--context'
expect 2 codelen generate --prompt abc --predictor ngram:2 --bytes many
says 'not a number of bytes'
expect 2 codelen generate --prompt abc --predictor ngram:2 --bytes 0
says 'between 1 and'
for t in -1 nan inf; do
    expect 2 "${g[@]}" --prompt abc --predictor ngram:2 --temperature $t
    says 'temperature'
done
expect 2 "${g[@]}" --prompt abc --predictor ngram:2 --top-k 0
says 'top-k'
[ ! -e none ] || fail "a failed run left a file"
expect 1 codelen generate --prompt abc --predictor ngram:2 --bytes 5 -o abc
says 'abc: exists; --overwrite'
[ "$(cat abc)" = abcabcabcabcabcabcabcabc ] || fail "a file was replaced"

# A device in the place of the output stays what it is; so does a pipe.
mkfifo pipe
expect 1 codelen generate --prompt abc --predictor ngram:2 --bytes 5 -o pipe \
    --overwrite
says 'pipe: not a regular file'
expect 0 codelen compress abc -o abc.cl --predictor ngram:2
expect 1 codelen decompress abc.cl -o pipe --overwrite
says 'pipe: not a regular file'
[ -p pipe ] || fail "a pipe was replaced"

# A codec is no predictor of archives and measurements.
expect 1 codelen measure --corpus text:abc --predictor codec:gzip
says 'unknown kind'
expect 1 codelen compress abc -o none --predictor codec:gzip
says 'unknown kind'
echo "generate: ok"
