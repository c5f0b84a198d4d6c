# audio: means the study's bytes of 16 kHz recordings, and --bytes-as what it
# says: rates follow from what is stored.
. "$CODELEN_ROOT/tests/cli/lib.sh"

mkdir speech speech/1
$python - <<'PY'
import math, random, struct, wave
r = random.Random(5)
def tone(name, n, rate=16000, channels=1, width=2):
    with wave.open(name, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(width)
        w.setframerate(rate)
        samples = [int(9000 * math.sin(i / 30) + r.gauss(0, 300)) for i in range(n * channels)]
        w.writeframes(b"".join(struct.pack("<h", s) for s in samples) if width == 2
                      else bytes(128 + s // 256 for s in samples))
    return samples
want = b""
for name, n in (("speech/1/b.wav", 10000), ("speech/a.WAV", 5000), ("speech/short.wav", 100)):
    samples = tone(name, n)
    if n >= 2048:
        kept = samples[:n // 2048 * 2048]
        want += bytes((s >> 8) + 128 for s in kept)
open("want.raw", "wb").write(want)
tone("stereo.wav", 3000, 44100, 2)
tone("narrow.wav", 3000, width=1)
PY
expect 0 codelen measure --corpus text:want.raw --predictor ngram:2 --out text.h5
expect 0 ranks 2 measure --corpus audio:speech --predictor ngram:2 --out audio.h5
same_rows text.h5 audio.h5
$python - <<'PY' || fail "attributes"
import h5py
with h5py.File("audio.h5") as f:
    a = f["input"].attrs
    assert a["files"] == 3 and a["dropped_bytes"] == 15100 - a["raw_bytes"], dict(a)
PY
expect 0 codelen baseline --corpus audio:speech --codec flac,flac-study,wavpack --out 'c-{codec}.h5'
$python -c "import sys; sys.exit(not $(field c-flac.h5 raw_rate) < 0.7)" || fail "flac"

# --bytes-as: what is stored, and what is charged.
for rule in exact ascii-rescale ascii-append latin1; do
    expect 0 codelen measure --corpus audio:speech --predictor ngram:2 --bytes-as $rule --out $rule.h5
done
same_rows exact.h5 audio.h5
codelen export exact.h5 ascii-*.h5 latin1.h5 --format json >rates.json
$python - <<'PY' || fail "rates"
import h5py, json, math
rows = {r["bytes_as"]: r for r in json.load(open("rates.json"))}
bits, lost = {}, {}
for rule in rows:
    with h5py.File(rule + ".h5") as f:
        bits[rule] = math.fsum(f["chunk/ideal_bits"][:])
        lost[rule] = int(f["chunk/lost_bits"][:].sum())
        raw = int(f["chunk/raw_bytes"][:].sum())
        position_bits = math.fsum(f["chunk/bits_by_position"][:].ravel())
        assert math.isclose(position_bits, bits[rule], rel_tol=1e-6), rule
close = lambda a, b: math.isclose(a, b, rel_tol=1e-12)
assert lost == {"exact": 0, "latin1": 0, "ascii-rescale": raw, "ascii-append": raw}
assert bits["ascii-rescale"] == bits["ascii-append"] < bits["exact"] != bits["latin1"]
assert close(rows["exact"]["ideal_bits"], bits["exact"])
assert close(rows["ascii-rescale"]["ideal_bits"], bits["ascii-rescale"] * 8 / 7)
assert close(rows["ascii-append"]["ideal_bits"], bits["ascii-append"] + raw)
assert close(rows["latin1"]["ideal_bits"], bits["latin1"])
assert all(r["lost_bits"] == lost[rule] for rule, r in rows.items())
PY
expect 1 codelen measure --corpus audio:speech --predictor ngram:2 --bytes-as latin1 --out exact.h5
says 'bytes as'
prints_rule() { expect 0 codelen info ascii-append.h5 && prints "ascii-append, $1 of .* bits are not described"; }
prints_rule "$(stat -c %s want.raw)"

# Outputs from before that column have it as zeros.
cp exact.h5 old.h5
$python -c 'import h5py; f = h5py.File("old.h5", "r+"); del f["chunk/lost_bits"]'
same_rows exact.h5 old.h5

# Text loses only the top bits that are set.
printf 'caf\303\251 %.0s' {1..999} >text.txt
expect 0 codelen measure --corpus text:text.txt --predictor ngram:2 --bytes-as ascii-append --out t.h5
[ "$(field t.h5 lost_bits)" = 1998 ] || fail "lost $(field t.h5 lost_bits)"

# One message each.
refused() { # PATTERN
    expect 1 codelen measure --corpus audio:bad --predictor uniform --out bad.h5
    says "$1"
    [ "$(grep -vc " options: " err)" -eq 1 ] || fail "more than one line"
    [ ! -e bad.h5 ] || fail "an output was left"
    rm -rf bad bad.h5.journal
}
mkdir bad
refused 'bad: no recording in this directory'
mkdir bad && cp stereo.wav bad
refused 'bad/stereo.wav: 44100 Hz, 2 channels of 16 bits; want 16000 Hz, 1 channel of 16 bits'
mkdir bad && cp narrow.wav bad
refused 'bad/narrow.wav: 16000 Hz, 1 channel of 8 bits; want'
mkdir bad && head -c 9000 speech/1/b.wav >bad/a.wav
refused 'bad/a.wav: cut off: chunk "data" at byte 36 is to have 20000 bytes, 8956 follow'
mkdir bad && echo "some text" >bad/a.flac
refused 'bad/a.flac: neither a FLAC nor a WAV file'

flac=$CODELEN_SHARED/data/speech/librispeech_test-other/1688/1688-142285-0000.flac
if [ -f "$flac" ]; then
    mkdir bad && head -c 50000 "$flac" >bad/a.flac
    refused 'bad/a.flac: (damaged FLAC|cut off)'
    expect 0 codelen baseline --corpus "audio:$flac" --codec flac --chunk whole --out f.h5
fi
echo "audio: ok"
