# codelen train makes a directory that measure reads with the same result, a
# log and a table of it; it learns; what is wrong with the input is said
# before anything is written; a finished run is left alone.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 300000 >corpus.txt
cat >tiny.json <<'JSON'
{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 32,
 "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
 "rms_norm_eps": 1e-6, "tie_word_embeddings": true}
JSON
args=(train --corpus text:corpus.txt --config tiny.json --context 64 --batch 1024
    --warmup 5 --validate 20000 --validate-chunk 64 --engine own --threads 1)

expect 0 codelen "${args[@]}" --out model --steps 120 --validate-every 50 --save-at 30000,60000
prints '^learnt +123 kB in 120 steps'
prints '^held out'
for file in config.json model.safetensors train.jsonl train.h5 at-30000/model.safetensors \
    at-60000/checkpoint-000000000059; do
    [ -s "model/$file" ] || fail "no model/$file"
done
[ "$(ls model | grep -c checkpoint)" -eq 1 ] || fail "checkpoints: $(ls model)"
[ ! -e model/.model.safetensors.partial ] || fail "half a file"

# The last lines of the log are what measure says, and it has learnt.
codelen measure --corpus text:corpus.txt --first 280000 --chunk 64 \
    --predictor model:model --out check.h5 >out 2>err || fail measure
$python - "$(field check.h5 bits_per_byte)" <<'PY' || fail "the log and measure differ"
import json, sys
import h5py, numpy as np
lines = [json.loads(l) for l in open("model/train.jsonl")]
end = lines[-1]
want = float(sys.argv[1])
assert end["event"] == "end" and abs(end["validation_bits_per_byte"] - want) < 1e-6, (end, want)
assert abs(end["validation_bits_per_byte_f32"] - want) < 0.01
steps = [l for l in lines if l["event"] == "steps"]
assert len(steps) == 13 and steps[-1]["step"] == 120 and steps[-1]["bytes"] == 120 * 1024
assert steps[-1]["train_bits_per_byte"] < 4 < steps[0]["train_bits_per_byte"]
assert all(l["bytes_per_second"] > 0 and l["gflops"] > 0 for l in steps)
assert [l["step"] for l in lines if l["event"] == "validation"] == [50, 100, 120]
with h5py.File("model/train.h5") as f:
    assert f.attrs["complete"] == 1 and f.attrs["format"] == b"codelen training log"
    for name in f["steps"]:
        assert np.allclose(f["steps"][name], [l[name] for l in steps], rtol=1e-8), name
        assert f["steps"][name].attrs["unit"] and f["steps"][name].attrs["description"]
    assert list(f["validation/step"]) == [50, 100, 120]
    assert f["options"].attrs["seed"] == b"1"
PY

# A finished run stays as it is.
before=$(sha256sum model/model.safetensors)
expect 0 codelen "${args[@]}" --out model --steps 120
says 'complete, nothing to do'
[ "$before" = "$(sha256sum model/model.safetensors)" ] || fail "a finished model changed"

# Another option is refused and named; --overwrite begins anew.
expect 1 codelen "${args[@]}" --out model --steps 120 --seed 2
says 'another option seed: "1" there, "2" now'
expect 0 codelen "${args[@]}" --out model --steps 5 --seed 2 --overwrite

# Optimiser, schedules, sampling, average, types, lengths: they run and learn.
expect 0 codelen "${args[@]}" --out other --steps 60 --optimizer adamw --rate 0.01 --schedule cosine \
    --sampling chunks --ema 0.9 --store f32 --context 32,64@0.5 --decay 0.1 --recompute
$python - <<'PY' || fail "the other options do not learn"
import json
end = [json.loads(l) for l in open("other/train.jsonl")][-1]
assert end["validation_bits_per_byte"] < 4.5 and end["stored_as"] == "F32", end
PY

# The Transformer of the study, and a vocabulary of its own.
echo '{"model_type": "lmic", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
 "position_embedding": "rotary"}' >lmic.json
expect 0 codelen "${args[@]}" --out lmic --config lmic.json --steps 60
expect 0 codelen tokenizer train --corpus text:corpus.txt --vocabulary 300 --out words
expect 0 codelen "${args[@]}" --out bpe --tokenizer words --steps 60 --validate-every 30
cmp -s words/tokenizer.json bpe/tokenizer.json || fail "the tokenizer was not copied"
expect 0 codelen measure --corpus text:corpus.txt --first 280000 --chunk 64 --predictor model:bpe
prints 'tokenizer bpe'
$python - <<'PY' || fail "lmic or bpe does not learn"
import json
for path in ("lmic", "bpe"):
    lines = [json.loads(l) for l in open(path + "/train.jsonl")]
    assert lines[-1]["validation_bits_per_byte"] < 5, lines[-1]
    # Training and held-out text are alike, and both count bytes.
    steps = [l for l in lines if l["event"] == "steps"]
    assert abs(steps[-1]["train_bits_per_byte"] - lines[-1]["validation_bits_per_byte"]) < 0.5
assert json.load(open("bpe/config.json"))["vocab_size"] == 300
PY

# A cooldown from a saved point of a run without an end.
endless=("${args[@]}" --out long --schedule constant --save-at 40000)
"$CODELEN" "${endless[@]}" >out 2>err &
job=$!
for i in $(seq 1500); do
    [ ! -s long/at-40000/checkpoint-000000000040 ] || break
    sleep 0.04
done
kill -TERM $job
status=0
wait $job || status=$?
[ $status -eq 75 ] || fail "exit $status of a run without an end, wanted 75"
expect 75 codelen "${endless[@]}" --max-hours 0.0000001
says 'going on from step [0-9]+'
says 'stopped \(--max-hours\) after step [0-9]+; run the same command again'
codelen measure --corpus text:corpus.txt --bytes 1000 --predictor model:long >out 2>err || fail "measure of a stopped run"
expect 0 codelen "${args[@]}" --out short --max-bytes 80000 --cooldown-from long/at-40000 --last-rate 0
$python - <<'PY' || fail "the cooldown does not come down on a line"
import json
steps = [l for l in map(json.loads, open("short/train.jsonl")) if l["event"] == "steps"]
assert steps[0]["step"] == 50 and steps[-1]["step"] == 79, steps
rates = {l["step"]: l["rate"] for l in steps}
assert abs(rates[60] / 0.004 - (79 - 59) / (79 - 40)) < 1e-6, rates
PY
expect 1 codelen "${args[@]}" --out wrong --max-bytes 30000 --cooldown-from long/at-40000
says 'at step 40 already'
expect 1 codelen "${args[@]}" --out wrong --max-bytes 90000 --cooldown-from long/at-40000 --batch 2048
says 'another option batch'

# Bad input: one message, nothing written.
bad() {
    local want=$1 message=$2
    shift 2
    expect "$want" codelen "${args[@]}" --out bad "$@"
    says "$message"
    [ ! -e bad/model.safetensors ] || fail "a model in spite of: $*"
}
sed 's/hidden_size/hiden_size/' tiny.json >key.json
sed 's/{/{"vocab_size": 300, /' tiny.json >vocabulary.json
sed 's/"hidden_size": 32/"hidden_size": "wide"/' tiny.json >value.json
bad 1 'unknown key "hiden_size"; did you mean "hidden_size"' --config key.json --steps 5
bad 1 '"vocab_size" is 300, the tokenizer has 256 tokens' --config vocabulary.json --steps 5
bad 1 '"hidden_size" is "wide"' --config value.json --steps 5
bad 1 'no such preset; did you mean byte-200k' --config byte-20k --steps 5
bad 1 'tokens to learn from, fewer than a context of 512' --bytes 500 --validate 0 --context 512 --steps 5
bad 2 'want TOKENS or' --context 64,32 --steps 5
bad 2 'not a multiple of the context' --context 63 --steps 5
bad 2 'give one of them' --steps 5 --max-bytes 100000
bad 2 'goes on until it is stopped'
bad 1 'some must be left to learn from' --validate 300000 --steps 5
bad 1 'tokenizer.json' --tokenizer absent --steps 5
bad 1 'no such file' --max-bytes 80000 --cooldown-from absent
bad 1 'absent.txt' --corpus text:absent.txt --steps 5
expect 2 codelen "${args[@]}" --out '' --steps 5
says 'the name is empty'
expect 1 ranks 2 "${args[@]}" --out absent/bad --steps 5
[ "$(grep -c 'No such file' err)" -eq 1 ] || fail "each rank has its say"
mkdir taken && echo >taken/model.safetensors
expect 1 codelen "${args[@]}" --out taken --steps 5
says 'nothing to go on from'

# Short runs warm up for a tenth of their steps.
expect 0 codelen train --corpus text:corpus.txt --config tiny.json --context 64 --batch 1024 --steps 20 --log-every 1 \
    --engine own --threads 1 --out warm
$python - <<'PY' || fail "warm-up"
import json
rates = [l["rate"] for l in map(json.loads, open("warm/train.jsonl")) if l["event"] == "steps"]
assert abs(rates[0] - 0.002) < 1e-9 and abs(rates[1] - 0.004) < 1e-9, rates
PY

# A loss that is not a number ends the run; what was good stays.
expect 1 codelen "${args[@]}" --out nan --steps 200 --rate 9 --muon-rate 9 --clip 0 --warmup 1 \
    --checkpoint-every 1
says 'step [0-9]+: the .* is .* nats per token; its batch is 16 sequences of 64 tokens'
ls nan/checkpoint-* >/dev/null || fail "no checkpoint is left"
echo "train: ok"
