# What codelen train writes loads in Python's transformers unchanged and gives
# the same log2 p within 1e-4, for each architecture that transformers has:
# models trained now where a python3 with transformers can be had
# (CODELEN_TRANSFORMERS names it), and always recorded ones.
. "$CODELEN_ROOT/tests/cli/lib.sh"

reference=$CODELEN_ROOT/tests/reference/learn

# agree DIR EXPECTED: codelen score and transformers.
agree() {
    $python -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1]))["tokens"]))' "$2" >ids.json
    expect 0 codelen score --predictor "model:$1" --tokens ids.json
    $python - "$2" <<'PY' || fail "$1: transformers and codelen differ"
import json, sys
want = json.load(open(sys.argv[1]))
got = [float(line) for line in open("out")]
worst = max(abs(a - b) for a, b in zip(got, want["log2p"]))
print(want["class"], "largest difference of log2 p:", f"{worst:.2g}")
assert len(got) == len(want["log2p"]) and worst < 1e-4, worst
# It has learnt something: better than a uniform guess.
assert sum(got) / len(got) > -7.5, sum(got) / len(got)
PY
}

for model in llama qwen3; do
    agree "$reference/$model" "$reference/$model/expected.json"
done

for candidate in "${CODELEN_TRANSFORMERS:-}" python3 $python; do
    if [ -n "$candidate" ] && "$candidate" -c 'import torch, transformers' 2>/dev/null; then
        peer=$candidate
        break
    fi
done
[ -n "${peer:-}" ] || skip "no python3 with torch and transformers (CODELEN_TRANSFORMERS); recorded ones agree"

text 200000 >corpus.txt
for model in llama qwen3; do
    for store in f32 bf16; do
        expect 0 codelen train --corpus text:corpus.txt --config "$reference/$model.json" --context 128 \
            --batch 1024 --steps 40 --warmup 5 --engine own --store $store --out $model-$store
        "$peer" "$reference/make_expected.py" $model-$store >expected.json 2>err || fail "transformers: $model"
        agree $model-$store expected.json
    done
done
# Our own presets have keys that it understands, too.
expect 0 codelen train --corpus text:corpus.txt --config byte-200k --context 128 --batch 1024 --steps 3 \
    --engine own --out byte-200k
"$peer" "$reference/make_expected.py" byte-200k >expected.json 2>err || fail "transformers: byte-200k"
grep -q Qwen3ForCausalLM expected.json || fail "byte-200k is no Qwen3ForCausalLM"
echo "train_transformers: ok"
