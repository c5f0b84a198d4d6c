# report.py makes one page that a browser shows without network, of whatever
# results there are; what is missing it says, with the sweep that makes it.
. "$CODELEN_ROOT/tests/cli/lib.sh"

$python -c 'import h5py, matplotlib, pandas, scipy' 2>/dev/null || skip "python3-h5py, -matplotlib, -pandas or -scipy is not installed"
export OPENBLAS_NUM_THREADS=1 PYTHONPATH=$CODELEN_ROOT/analysis
report=$CODELEN_ROOT/analysis/report.py
models=$CODELEN_ROOT/tests/reference/models

text 60000 >corpus.txt
mkdir runs models
for chunk in 64 256 2048 whole; do
    expect 0 codelen baseline --corpus text:corpus.txt --codec gzip,xz --chunk $chunk --out "runs/{codec}-$chunk.h5"
done
for chunk in 64 256 2048; do
    expect 0 codelen measure --corpus text:corpus.txt --predictor ngram:2 --chunk $chunk --out runs/ngram-2-$chunk.h5
done
expect 0 codelen measure --corpus text:corpus.txt --bytes 8000 --predictor "model:$models/bytes-bf16" --out runs/part.h5
cat >tiny.json <<'JSON'
{"model_type": "qwen3", "num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 1, "num_key_value_heads": 1,
 "head_dim": 16, "intermediate_size": 16, "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
 "tie_word_embeddings": true, "attention_bias": false}
JSON
sed 's/16/32/g' tiny.json >wide.json
for size in tiny wide; do
    for bytes in 4096 8192 16384 32768; do
        expect 0 codelen train --corpus text:corpus.txt --config $size.json --context 64 --batch 1024 --warmup 2 \
            --max-bytes $bytes --validate 4096 --validate-every 2 --threads 1 --out models/$size-$bytes
        expect 0 codelen measure --corpus text:corpus.txt --first 50000 --predictor model:models/$size-$bytes \
            --threads 1 --out runs/$size-$bytes.h5
    done
done

expect 0 $python "$report" runs models -o page.html
says 'no results of models with several vocabularies: jobs/full/tokenizer.sweep'
for name in table1 figure2 adjusted figure4 chunks; do
    [ -s page/$name.pdf ] && [ -s page/$name.csv ] || fail "no $name"
done
$python - <<'PY' || fail "page"
import re
page = open("page.html", encoding="utf-8").read()
loads = re.findall(r'(?:src|href)="(?!#|page/|https?://www\.w3\.org)([^"]*)"', page)
assert not loads, loads
assert not re.search(r'https?://(?!www\.w3\.org|purl\.org|creativecommons|matplotlib\.org)', page)
assert page.count("<svg") >= 5 and page.count("<svg") == page.count("</svg>")
for words in ["Table 1", "Figure 2", "SHA-256", "small versions", "bytes-bf16 (first 8 kB)"]:
    assert words in page, words
PY

# The tables say what the results say.
$python - <<'PY' || fail "numbers"
import pandas as pd
import adjusted, codelen_results as results, figures, weights
summary = results.load_summary("runs").set_index("label")
table = pd.read_csv("page/figure2.csv").set_index("label")
for label, row in table.iterrows():
    mine = summary.loc[label]
    want = 100 * (mine.raw_rate + 2 * mine.parameters / 1e8)
    assert abs(row["adjusted % at 100 MB"] / want - 1) < 1e-9, label
# At break-even, code and parameters are as long as the rival's code.
models, rival = adjusted.select(figures.load("runs"))
for (_, model), at in zip(models.iterrows(), adjusted.break_even(models, rival, 2)):
    total = model.raw_rate + 2 * model.parameters / at
    assert at == float("inf") or abs(total / rival.raw_rate - 1) < 1e-9
# Random mantissas cannot be shortened, signs and exponents can.
each = weights.entropy_bytes("models/wide-32768") / summary.loc["wide-32768"].parameters
assert 1 < each < 2, each
# A law in size needs three sizes.
import fit
try:
    laws = fit.all_laws(fit.measured_points(figures.load(["runs", "models"])), None, 0)
    assert laws["L(N,D)"][0] is None and "three" in laws["L(N,D)"][1]["reason"]
except results.ResultsError as error:
    assert "at least 8 models" in str(error)
PY

# What was begun and not ended is named, what is no result refused by name.
mkdir begun && cp runs/gzip-2048.h5 begun && mkdir begun/xz.h5.journal
expect 0 $python "$report" begun -o begun.html
says 'begun/xz.h5: begun and not complete'
expect 1 $python "$report" runs none.h5 -o x.html
says 'none.h5: no such file'
$python -c 'import h5py; h5py.File("broken.h5", "w").attrs["format"] = "codelen results"'
expect 1 $python "$report" runs broken.h5 -o x.html
says 'broken.h5: not complete'
expect 1 $python "$CODELEN_ROOT/analysis/table2.py" runs
says 'table2.py: no results of models with several vocabularies'

# Any set of files gives a page, though it shows little.
mkdir whole uniform
cp runs/gzip-whole.h5 whole && cp runs/ngram-2-64.h5 whole/n.h5
expect 0 codelen measure --corpus text:corpus.txt --predictor uniform --out uniform/u.h5
for set in whole/gzip-whole.h5 whole/n.h5 uniform models runs/part.h5; do
    expect 0 $python "$report" $set -o few.html
done

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    skip "page: ok; no chromium to look at it (./setup.sh --tests)"
timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,4000 \
    --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$scratch/browser" \
    --screenshot="$scratch/page.png" "file://$scratch/page.html" >/dev/null 2>&1 || fail "browser"
$python - <<'PY' || fail "screenshot"
import matplotlib.image as image
pixels = image.imread("page.png")[..., :3]
assert pixels.shape[:2] == (4000, 1280), pixels.shape
# Bars and curves of the first figures are there, in the colours of the style.
for colour in [(0x00, 0x72, 0xb2), (0x00, 0x9e, 0x73), (0xd5, 0x5e, 0x00)]:
    near = (abs(pixels * 255 - colour) < 6).all(-1).sum()
    assert near > 500, (colour, near)
PY
echo "report: ok"
