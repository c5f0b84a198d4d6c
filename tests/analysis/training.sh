# Logs of training become curves and cards: what a run in two stages cost is
# the sum of both, up to the branch and from it on; and what a checkpoint
# holds can be measured in any kind of storage.
. "$CODELEN_ROOT/tests/cli/lib.sh"

$python -c 'import h5py, matplotlib, pandas' 2>/dev/null || skip "python3-h5py, -matplotlib or -pandas is not installed"
export OPENBLAS_NUM_THREADS=1 PYTHONPATH=$CODELEN_ROOT/analysis
analysis=$CODELEN_ROOT/analysis

text 60000 >corpus.txt
cat >tiny.json <<'JSON'
{"model_type": "qwen3", "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1,
 "head_dim": 8, "intermediate_size": 16, "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
 "tie_word_embeddings": true, "attention_bias": false, "use_sliding_window": true, "sliding_window": 16,
 "max_window_layers": 0, "layer_types": ["sliding_attention", "full_attention"]}
JSON
args=(train --corpus text:corpus.txt --config tiny.json --context 64 --batch 1024 --warmup 2 --engine own --threads 1
    --validate 4096 --validate-every 10 --log-every 4 --ema 0.9)
expect 75 codelen "${args[@]}" --out base --schedule constant --save-at 20480 --max-hours 0.0005
[ -d base/at-20480 ] || skip "too slow a machine"
expect 0 codelen "${args[@]}" --out end --cooldown-from base/at-20480 --max-bytes 40960
expect 0 codelen measure --corpus text:corpus.txt --first 50000 --predictor model:end --threads 1 --out end.h5
expect 0 codelen baseline --corpus text:corpus.txt --first 50000 --codec gzip --out gzip.h5

expect 0 $python "$analysis/training.py" base end/train.h5 -o figures
for ending in pdf png csv; do
    [ -s figures/training.$ending ] || fail "no training.$ending"
done
expect 1 $python "$analysis/training.py" absent
says 'training.py: absent: no train.jsonl or train.h5'

expect 0 $python "$analysis/tradeoff.py" end.h5 -o figures
prints '2 x 16, 2/1 heads, window 16, 1 full'
[ -s figures/tradeoff.png ] || fail "no tradeoff.png"

echo '# a recipe' >end.job
expect 0 $python "$analysis/card.py" end --log base end --recipe end.job --results end.h5 gzip.h5
for words in '4.1e+04 bytes of text seen' '2 stages, summed' '# a recipe' 'gzip' 'bits per byte'; do
    grep -qF -- "$words" end/README.md || fail "the card does not say: $words"
done
echo 'A remark.' >>end/README.md
expect 0 $python "$analysis/card.py" end --log base end --results end.h5
grep -q 'A remark' end/README.md || fail "a remark is lost"
expect 1 $python "$analysis/card.py" end --log base end --results gzip.h5
says 'no results of these weights'

# The average, as floats, is what the end of the log says.
expect 0 $python "$analysis/storage.py" end --codelen "$CODELEN" --corpus text:corpus.txt --first 55904 --bytes 4096
$python - <<'PY' || fail "storage"
import json
rows = [line.split() for line in open("out")][1:]
got = {(row[0], row[1]): float(row[2]) for row in rows}
end = [l for l in map(json.loads, open("end/train.jsonl")) if l["event"] == "end"][-1]
assert abs(got["average", "F32"] - end["validation_bits_per_byte_f32"]) < 1e-3, (got, end)
assert abs(got["average", "BF16"] - end["validation_bits_per_byte"]) < 1e-3, (got, end)
assert got["weights", "F32"] != got["average", "F32"]
PY
echo "training: ok"
