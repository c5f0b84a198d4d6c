# Every corpus is cut the same however it is stored and by however many ranks:
# empty, shorter than the ranks, one-byte chunks, parts, packed files.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 300000 >plain.txt
gzip -k plain.txt
xz -k plain.txt && mv plain.txt.xz single.xz
xz -k --block-size=50000 plain.txt && mv plain.txt.xz blocks.xz
zstd -q plain.txt
measure() { # OUT OPTION...
    local out=$1
    shift
    expect 0 codelen measure --predictor ngram:2 --out "$out" --overwrite "$@"
}
measure plain.h5 --corpus text:plain.txt
for packed in plain.txt.gz single.xz blocks.xz plain.txt.zst; do
    measure packed.h5 --corpus text:$packed
    same_rows plain.h5 packed.h5
    expect 0 ranks 3 measure --predictor ngram:2 --corpus text:$packed \
        --out ranks.h5 --overwrite
    same_rows plain.h5 ranks.h5
done

# The last short chunk is kept; parts are parts.
[ "$(field plain.h5 chunks)" = 147 ] || fail "chunks: $(field plain.h5 chunks)"
[ "$(field plain.h5 raw_bytes)" = 300000 ] || fail "bytes are missing"
measure part.h5 --corpus text:plain.txt --first 2KiB --bytes 5000
[ "$(field part.h5 raw_bytes)" = 5000 ] || fail "part"
[ "$(field part.h5 chunks)" = 3 ] || fail "chunks of a part"
expect 1 codelen measure --predictor uniform --corpus text:plain.txt --first 1MB
says 'plain.txt'

: >empty
measure empty.h5 --corpus text:empty
[ "$(field empty.h5 raw_bytes)" = 0 ] || fail "empty corpus"
[ "$(field empty.h5 complete)" = 1 ] || fail "empty corpus not complete"
expect 0 ranks 3 measure --predictor uniform --corpus text:empty --out empty3.h5
printf 'ab' >two
expect 0 ranks 3 measure --predictor uniform --corpus text:two --chunk 1 --out two.h5
[ "$(field two.h5 chunks)" = 2 ] || fail "one-byte chunks"
[ "$(field two.h5 ideal_bits)" = 16 ] || fail "uniform is 8 bits a byte"
[ "$(field two.h5 coded_bytes)" = 2 ] || fail "coded $(field two.h5 coded_bytes)"
measure whole.h5 --corpus text:plain.txt --chunk whole
[ "$(field whole.h5 chunks)" = 1 ] || fail "whole"

# random: is reproducible and cannot be described in less.
expect 0 codelen measure --corpus random:100KB,seed=3 --predictor ngram:3 --out r.h5
$python -c "import sys; sys.exit(not $(field r.h5 raw_rate) > 0.99)" || fail "random bytes were compressed"
expect 0 codelen baseline --corpus random:100KB,seed=3 --codec xz --chunk whole --out rx.h5
$python -c "import sys; sys.exit(not 1 < $(field rx.h5 raw_rate) < 1.01)" || fail "xz on random bytes"
echo "corpora: ok"
