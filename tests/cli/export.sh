# Tables: CSV and JSON hold the same values, every rate follows from the raw
# counts, and the files are self-describing HDF5.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 50000 >corpus.txt
model=$CODELEN_ROOT/tests/reference/models/bytes-bf16
expect 0 codelen measure --corpus text:corpus.txt --predictor ngram:3 --out a.h5
expect 0 codelen measure --corpus text:corpus.txt --bytes 5000 \
    --predictor "model:$model" --chunk 1000 --context 300 --out b,c.h5
for table in summary chunks positions; do
    expect 0 codelen export a.h5 b,c.h5 --table $table --format csv
    mv out $table.csv
    expect 0 codelen export a.h5 b,c.h5 --table $table --format json
    mv out $table.json
done
$python - <<'PY' || fail "tables"
import csv, json, math
tables = {}
for name in ["summary", "chunks", "positions"]:
    rows = json.load(open(f"{name}.json"))
    lines = list(csv.DictReader(open(f"{name}.csv")))
    assert len(rows) == len(lines) > 0
    for row, line in zip(rows, lines):
        assert list(row) == list(line)
        for key, value in row.items():
            same = line[key] == value if isinstance(value, str) else float(line[key]) == value
            assert same, (name, key, value, line[key])
    tables[name] = rows
need = """corpus predictor chunk_bytes raw_bytes tokens ideal_bits coded_bytes bits_per_byte
raw_rate parameters parameter_bytes adjusted_rate ranks threads math kernel flops seconds
bytes_per_second tokens_per_second complete""".split()
for row in tables["summary"]:
    assert not set(need) - set(row), set(need) - set(row)
    chunks = [c for c in tables["chunks"] if c["file"] == row["file"]]
    places = [p for p in tables["positions"] if p["file"] == row["file"]]
    assert [c["index"] for c in chunks] == list(range(row["chunks"]))
    for key in ["raw_bytes", "tokens", "coded_bytes"]:
        assert sum(c[key] for c in chunks) == row[key], key
    bits = math.fsum(c["ideal_bits"] for c in chunks)
    assert math.isclose(bits, row["ideal_bits"], rel_tol=1e-12)
    assert math.isclose(sum(p["ideal_bits"] for p in places), bits, rel_tol=1e-6)
    assert sum(p["raw_bytes"] for p in places) == row["raw_bytes"]
    assert math.isclose(row["bits_per_byte"], bits / row["raw_bytes"])
    assert math.isclose(row["raw_rate"], row["coded_bytes"] / row["raw_bytes"])
    assert math.isclose(row["adjusted_rate"], (row["coded_bytes"]
        + row["parameters"] * row["parameter_bytes"]) / row["raw_bytes"])
    assert row["complete"] == 1
    # The real coder: at most 0.01 % and 16 bits a chunk over the ideal; the
    # last byte may save some, because the length of the code is known.
    for c in chunks:
        assert -8 < 8 * c["coded_bytes"] - c["ideal_bits"] <= 1e-4 * c["ideal_bits"] + 16, c
model = tables["summary"][1]
assert model["parameters"] > 0 and model["flops"] > 0 and model["math"] == "exact"
PY

# Every rate says how it was measured.
prints_protocol() { # FILE.h5 PATTERN
    expect 0 codelen info "$1"
    prints "^protocol .*$2"
}
prints_protocol a.h5 'chunks of 2048 bytes, context 3 tokens, tokenizer bytes$'
prints_protocol b,c.h5 'chunks of 1000 bytes, context 300 tokens, windows do not overlap, start token 1, '
expect 0 codelen measure --corpus text:corpus.txt --predictor ngram:1 --carry \
    --first 7 --bytes 1 --chunk 1 --threads 1 --out carried.h5
prints '^corpus .* 1 B in 1 chunk$'
prints '1 rank x 1 thread,'
prints_protocol carried.h5 'chunks of 1 byte, each knows those before, from byte 7, context 1 token, '
[ "$(field carried.h5 carry) $(field carried.h5 first_byte)" = "1 7" ] || fail "carry, first_byte"
[ "$(field b,c.h5 start_token)" = 1 ] || fail "start_token"
: >empty
expect 0 codelen measure --corpus text:empty --predictor ngram:1 --out empty.h5
expect 0 codelen export empty.h5 a.h5 --table positions
expect 0 codelen info a.h5
prints 'bits per byte'
prints 'sha256'
expect 0 codelen info "$model"
prints 'llama'
expect 0 codelen info corpus.txt
prints '50000 bytes'
$python - <<'PY' || fail "HDF5"
import h5py
f = h5py.File("a.h5")
def visit(name, item):
    if isinstance(item, h5py.Dataset):
        assert "unit" in item.attrs and "description" in item.attrs, name
f.visititems(visit)
for group, names in {
    "run": "command start end seconds loop_seconds ranks threads hosts",
    "build": "version revision compiler flags mpi",
    "input": "corpus sha256 file_bytes raw_bytes",
    "predictor": "name parameters context math kernel",
    "options": "corpus chunk predictor out start",
}.items():
    for name in names.split():
        assert name in f[group].attrs, (group, name)
PY
echo "export: ok"
