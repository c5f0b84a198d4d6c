# The quickstart's table and figure come out of results files, and the reader
# gives the numbers of codelen export.
. "$CODELEN_ROOT/tests/cli/lib.sh"

$python -c 'import h5py, matplotlib, pandas' 2>/dev/null || skip "python3-h5py, -matplotlib or -pandas is not installed"
text 60000 >corpus.txt
mkdir runs
expect 0 codelen baseline --corpus text:corpus.txt --codec gzip,xz --out 'runs/text-{codec}.h5'
expect 0 codelen measure --corpus text:corpus.txt --predictor ngram:2 --out runs/text-ngram-2.h5
expect 0 codelen measure --corpus text:corpus.txt --predictor uniform --out runs/text-uniform.h5
expect 0 codelen measure --corpus text:corpus.txt --bytes 10000 --out runs/text-model.h5 \
    --predictor "model:$CODELEN_ROOT/tests/reference/models/bytes-bf16"
expect 0 codelen measure --corpus markov:50KB --predictor markov --out runs/markov.h5

for rule in ascii-rescale ascii-append; do
    expect 0 codelen measure --corpus random:20KB --predictor ngram:1 --bytes-as $rule --out runs/$rule.h5
done

expect 0 $python "$CODELEN_ROOT/analysis/quickstart.py" --results runs --out figure.png
prints '^ngram-2 '
prints '^gzip '
prints 'figure: figure.png'
$python -c "
import matplotlib.image as image
pixels = image.imread('figure.png')
assert min(pixels.shape[:2]) > 300 and pixels.std() > 0.05, pixels.shape" || fail "figure"

codelen export runs/*.h5 --format json >summary.json
PYTHONPATH=$CODELEN_ROOT/analysis $python - <<'PY' || fail "the reader differs from export"
import json, math
import codelen_results as results
table = results.load_summary("runs/*.h5").set_index("file")
for row in json.load(open("summary.json")):
    mine = table.loc[row["file"]]
    for key in ["raw_bytes", "coded_bytes", "bits_per_byte", "raw_rate", "adjusted_rate", "tokens"]:
        assert math.isclose(mine[key], row[key], rel_tol=1e-12), (row["file"], key)
curve = results.load_positions("runs/text-ngram-2.h5")
assert (curve.low <= curve.bits_per_byte + 1e-9).all() and (curve.bits_per_byte <= curve.high + 1e-9).all()
PY

# Unfinished and foreign files are refused by name.
$python - <<'PY'
import h5py
with h5py.File("runs/broken.h5", "w") as f:
    f.attrs["format"] = "codelen results"
PY
expect 1 $python "$CODELEN_ROOT/analysis/quickstart.py" --results runs --out x.png
says 'broken.h5: not complete'
echo "analysis: ok"
