# The markov predictor needs exactly the true code length of the markov
# source (relative error 1e-9), which lies within 4 standard errors of the
# known entropy; an n-gram comes near from above.
. "$CODELEN_ROOT/tests/cli/lib.sh"

# A second implementation of the source and its law.
cat >source.py <<'PY'
import json, math, sys
MASK = (1 << 64) - 1
W = [256 + w for w in (30720, 15360, 7680, 3840, 1920, 960, 480, 240, 120,
                       60, 30, 15, 4, 4, 4, 3)]
assert sum(W) == 1 << 16


def mix(x):
    x = ((x ^ x >> 30) * 0xbf58476d1ce4e5b9) & MASK
    x = ((x ^ x >> 27) * 0x94d049bb133111eb) & MASK
    return x ^ x >> 31


def at(seed, i):
    gold = 0x9e3779b97f4a7c15
    return mix((mix((seed + gold) & MASK) + (i + 1) * gold) & MASK)


def source(n, order, seed):
    """Symbols, and the noise that made each from those before it."""
    base, x, noise = mix(seed ^ 0x6d61726b6f763136), [], []
    for t in range(n):
        draw, g = at(seed, t) >> 48, 0
        if order and t >= order:
            newer = sum(x[t - 1 - i] << 4 * i for i in range(order - 1))
            h = mix((base + newer) & MASK)
            g = ((h & 0xffffffff) + ((h >> 32) | 1) * x[t - order]) % 16
        if t < order:
            s = draw % 16
        elif draw < 4096:
            s = draw // 256
        else:
            e, draw = 0, draw - 4096
            while draw >= W[e] - 256:
                draw -= W[e] - 256
                e += 1
            s = (g + e) % 16
        x.append(s)
        noise.append((s - g) % 16)
    return x, noise


def entropy():
    p = [w / 65536 for w in W]
    h = -sum(q * math.log2(q) for q in p)
    return h, sum(q * math.log2(q) ** 2 for q in p) - h * h
PY

for order in 0 1 2 3; do
    expect 0 ranks 2 measure --corpus markov:4MB,order=$order,seed=5 \
        --predictor markov --out m$order.h5
    codelen export m$order.h5 --table chunks --format json >rows.json
    $python - $order <<'PY' || fail "order $order"
import json, math, sys
from source import *
order, rows = int(sys.argv[1]), json.load(open("rows.json"))
h, v = entropy()
bits = math.fsum(r["ideal_bits"] for r in rows)
start = sum(min(order, r["raw_bytes"]) for r in rows)
n = sum(r["raw_bytes"] for r in rows) - start
z = (bits - 4 * start - n * h) / math.sqrt(v * n)
print(f"order {order}: {bits:.3f} bits, {z:+.2f} standard errors off the entropy")

# The truth for the first chunks, from the second implementation.
chunk, k = 2048, 40
x, noise = source(chunk * k, order, 5)
for i in range(k):
    true = 4 * min(order, chunk) - math.fsum(
        math.log2(W[e] / 65536) for e in noise[i * chunk + order:(i + 1) * chunk])
    if abs(rows[i]["ideal_bits"] - true) > 1e-9 * true:
        sys.exit(f"chunk {i}: {rows[i]['ideal_bits']!r}, truth {true!r}")
sys.exit(0 if abs(z) < 4 else 1)
PY
done

expect 0 codelen measure --corpus markov:4MB,order=2 --predictor ngram:3 --carry --out n.h5
expect 0 codelen measure --corpus markov:4MB,order=2 --predictor markov --out truth.h5
$python -c "
import sys
truth, ngram = $(field truth.h5 bits_per_byte), $(field n.h5 bits_per_byte)
print(f'truth {truth:.4f}, ngram:3 carried {ngram:.4f} bits per byte')
sys.exit(not truth < ngram < 1.05 * truth)" || fail "ngram:3 is not near the entropy"
echo "entropy: ok"
