# A real language model, SmolLM2-135M: text in, bits out, as PyTorch and
# llama.cpp give them.
. "$CODELEN_ROOT/tests/cli/lib.sh"

model=$("$CODELEN_ROOT/data/fetch-smollm2.sh" --path)
[ -f "$model" ] || skip "$model is absent (data/fetch-smollm2.sh)"
golden=$CODELEN_SHARED/golden/smollm2
[ -d "$golden" ] || skip "$golden is absent"

for name in prose code mixed; do
    expect 0 codelen measure --corpus "text:$golden/$name.txt" --chunk whole \
        --predictor "model:$model" --token-bits --out $name.h5
    $python - $name.h5 "$golden/$name.expected.json" <<'PY' || fail "$name"
import json, sys, h5py
got = h5py.File(sys.argv[1])["token/bits"][:]
want = json.load(open(sys.argv[2]))
want = want.get("log2p_f64") or want["log2p"]
assert len(got) == len(want), (len(got), len(want))
worst = max(abs(g + w) for g, w in zip(got, want))
total = abs(float(got.sum(dtype=float)) + sum(want))
print(f"{sys.argv[1]}: worst {worst:.1e}, total {total:.1e} bit")
sys.exit(worst > 4e-4 or total > 2e-3)
PY
done

# 200,000 bytes of Wikipedia as one chunk in windows of 512 positions:
# llama.cpp with the same weights in F32 needs 195,370.36 bits.
part1=$CODELEN_SHARED/data/text/enwiki2015.part1.xz
[ -f "$part1" ] || skip "$part1 is absent"
expect 0 ranks 1 measure --corpus "text:$part1" --bytes 200KB --chunk whole \
    --predictor "model:$model" --context 512 --out w512.h5
grep '^speed' out
$python - <<PY || fail "windows of 512"
import sys
bits, tokens = $(field w512.h5 ideal_bits), $(field w512.h5 tokens)
print(f"{bits:.2f} bits, {tokens} tokens")
sys.exit(not (abs(bits / 195370.36 - 1) < 1e-4 and tokens == 44442))
PY
echo "smollm2: ok"
