# Baselines are what Python's gzip, lzma and bz2 make of the same chunks, with
# the container's header counted once (the study's rule) or with each.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 100000 >corpus.txt
for chunk in 2048 whole; do
    for header in once each; do
        expect 0 ranks 2 baseline --corpus text:corpus.txt --chunk $chunk \
            --codec gzip,xz,bzip2 --header $header --out "$chunk-$header-{codec}.h5"
    done
done
codelen export *.h5 --format json >summary.json
$python - <<'PY' || fail "not the sizes of Python's libraries"
import bz2, gzip, json, lzma, zlib
data = open("corpus.txt", "rb").read()
pack = {
    "gzip": lambda b: gzip.compress(b, 9, mtime=0),
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}
for row in json.load(open("summary.json")):
    chunk, header, codec = row["file"].removesuffix(".h5").split("-")
    step = 2048 if chunk == "2048" else len(data)
    sizes = [len(pack[codec](data[i:i + step])) for i in range(0, len(data), step)]
    want = sum(sizes)
    if header == "once":
        want -= (len(sizes) - 1) * len(pack[codec](b"\0"))
    assert row["chunks"] == len(sizes)
    assert row["coded_bytes"] == want, (row["file"], row["coded_bytes"], want)
    assert abs(row["raw_rate"] - want / len(data)) < 1e-12
    assert row["adjusted_rate"] == row["raw_rate"]
    print(f"{row['file']:24} {row['raw_rate']:.4f}")
PY

# All codecs, the default list; one output each.
expect 0 codelen baseline --corpus text:corpus.txt --out all.h5
for codec in gzip xz zstd bzip2 brotli ppmd; do
    [ -f all-$codec.h5 ] || fail "no output for $codec"
done
expect 2 codelen baseline --corpus text:corpus.txt --codec gzip,bzp2
says 'bzp2: not known; did you mean bzip2'
echo "baseline: ok"
