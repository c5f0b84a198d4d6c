# Every file of the Canterbury and Calgary corpora, 5 MB of text, and 20 kB by
# a language model of 135 M parameters come back from their archives.
. "$CODELEN_ROOT/tests/cli/lib.sh"

corpora=$CODELEN_SHARED/data/compression/canterbury-calgary.tar.xz
[ -f "$corpora" ] || skip "no $corpora"
mkdir files && tar -xf "$corpora" -C files
n=0
while IFS= read -r file; do
    for predictor in ngram:2 ngram:5; do
        expect 0 codelen compress "$file" -o a.cl --predictor $predictor \
            --chunk 64KiB --overwrite
        expect 0 ranks 2 decompress a.cl -o back --overwrite
        cmp "$file" back || fail "$file: came back otherwise"
    done
    n=$((n + 1))
done < <(find files -type f | sort)
[ $n -ge 25 ] || fail "only $n files"
# Some of them by a model.
model=$CODELEN_ROOT/tests/reference/models/bytes-bf16
while IFS= read -r file; do
    head -c 100000 "$file" >part
    expect 0 codelen compress part -o a.cl --model "$model" --overwrite
    expect 0 codelen decompress a.cl -o back --model "$model" --overwrite
    cmp part back || fail "$file: came back otherwise"
done < <(find files -type f -size -120k | sort | head -n 8)

text 5000000 >text
expect 0 ranks 2 compress text -o a.cl --predictor ngram:4 --overwrite
expect 0 codelen decompress a.cl -o back --overwrite
cmp text back || fail "5 MB came back otherwise"

llm=${XDG_CACHE_HOME:-$HOME/.cache}/codelen/SmolLM2-135M-Instruct.Q4_1.gguf
if [ -f "$llm" ]; then
    { head -c 19000 text; head -c 1000 "$llm"; } >part
    expect 0 ranks 2 compress part -o a.cl --model "$llm" --threads 1 --overwrite
    expect 0 codelen decompress a.cl -o back --model "$llm" --overwrite
    cmp part back || fail "20 kB by SmolLM2 came back otherwise"
fi
echo "archive_corpora: ok ($n files)"
