# codelen score gives log2 p of each next token as PyTorch does, for every
# golden model and both spellings of config.json.
. "$CODELEN_ROOT/tests/cli/lib.sh"

golden=$CODELEN_SHARED/golden
[ -d "$golden" ] || skip "$golden is absent"

compare() { # NAME EXPECTED.json < scores
    $python -c "
import json, sys
want = json.load(open(sys.argv[2]))
want = want.get('log2p_f64') or want['log2p']
got = [float(line) for line in sys.stdin]
assert len(got) == len(want), (len(got), len(want))
d = [abs(a - b) for a, b in zip(got, want)]
worst, mean, total = max(d), sum(d) / len(d), abs(sum(got) - sum(want))
print(f'{sys.argv[1]}: worst {worst:.1e}, mean {mean:.1e}, total {total:.1e} bit')
sys.exit(worst > 4e-4 or mean > 3e-5 or total > 2e-3)" "$@" || fail "$1"
}

tokens() { # EXPECTED.json
    $python -c "import json, sys; print(json.load(open(sys.argv[1]))['tokens'])" "$1"
}

for set in llama llama-bf16 llama-untied-rope3 llama-bias llama-sharded bytes-bf16 qwen2; do
    tokens "$golden/$set/expected.json" >ids.json
    expect 0 codelen score --predictor "model:$golden/$set" --tokens ids.json
    compare $set "$golden/$set/expected.json" <out
    # The older spelling of config.json; ids one a line; BLAS.
    rm -rf hub && cp -r "$golden/$set" hub && chmod -R u+w hub
    cp hub/config.hub.json hub/config.json
    tr -d '[] ' <ids.json | tr ',' '\n' >ids.txt
    expect 0 codelen score --predictor model:hub --tokens ids.txt
    mv out hub.out
    expect 0 codelen score --predictor "model:$golden/$set" --tokens ids.json
    cmp out hub.out || fail "$set: config.hub.json gives other numbers"
    expect 0 codelen score --predictor model:hub --tokens ids.txt --math blas
    compare "$set (blas)" "$golden/$set/expected.json" <out
done
for file in "$golden"/gguf/*.gguf; do
    tokens "${file%.gguf}.expected.json" >ids.json
    expect 0 codelen score --predictor "model:$file" --tokens ids.json
    compare "$(basename "$file")" "${file%.gguf}.expected.json" <out
done
echo "score: ok"
