# Ranks share a batch and change nothing but rounding: 1, 2, 3 and 4 ranks
# follow the same loss curve, and what they end with measures the same.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 200000 >corpus.txt
cat >tiny.json <<'JSON'
{"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
 "intermediate_size": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": true}
JSON
for optimizer in muon adamw; do
    for n in 1 2 3 4; do
        expect 0 ranks $n train --corpus text:corpus.txt --config tiny.json --context 64 \
            --batch 1024 --steps 100 --warmup 5 --validate 20000 --validate-chunk 64 \
            --log-every 1 --optimizer $optimizer --engine own --threads 1 --out $optimizer$n
    done
done
$python - <<'PY' || fail "the curves differ"
import json
# Sums in another order differ in the last bits of a float; 100 steps of
# learning make that about 1e-5 of the loss.
TOLERANCE = 1e-3

def curve(path):
    lines = [json.loads(l) for l in open(path + "/train.jsonl")]
    assert lines[0]["ranks"] == int(path[-1])
    steps = [l["train_bits_per_byte"] for l in lines if l["event"] == "steps"]
    return steps + [lines[-1]["validation_bits_per_byte"]]

for optimizer in ("muon", "adamw"):
    one = curve(optimizer + "1")
    assert len(one) == 101 and one[-1] < 4, one
    for n in (2, 3, 4):
        other = curve(optimizer + str(n))
        worst = max(abs(a - b) / a for a, b in zip(one, other))
        print(f"{optimizer}, {n} ranks: largest relative difference {worst:.2g}")
        assert len(other) == 101 and worst < TOLERANCE, (optimizer, n, worst)
    # The first step sees the same batch and start values.
    assert abs(one[0] - other[0]) < 1e-5
PY

# Too many ranks for a batch are refused, by one message.
expect 1 ranks 3 train --corpus text:corpus.txt --config tiny.json --context 64 --batch 128 \
    --steps 5 --out wrong
says '2 sequences of 64 tokens for 3 ranks'
[ "$(grep -c '^codelen: train: --batch' err)" -eq 1 ] || fail "more than one message"
echo "train_ranks: ok"
