# image: means the study's patches, whoever reads them: compared with Pillow's
# pixels; ranks, codecs, what is dropped, and hostile files.
. "$CODELEN_ROOT/tests/cli/lib.sh"

$python -c 'import PIL, numpy' 2>/dev/null || skip "no Pillow"
mkdir photos photos/below
$python - <<'PY'
import numpy as np
from PIL import Image
r = np.random.default_rng(1)
def photo(h, w, k):
    y, x = np.mgrid[:h, :w]
    wave = 120 + 60 * np.sin(x / 19 + k) + 50 * np.cos(y / 13)
    tint = np.array([1.0, 0.8, 0.6])
    return (wave[:, :, None] * tint + r.integers(0, 9, (h, w, 3))).astype("u1")
Image.fromarray(photo(200, 300, 0)).save("photos/b.jpeg", quality=90)
Image.fromarray(photo(100, 130, 1)).save("photos/a.png")
Image.fromarray(photo(64, 64, 2)).convert("L").save("photos/below/c.PNG")
Image.fromarray(photo(70, 70, 3)).quantize(16).save("photos/d.png")
Image.fromarray(photo(31, 63, 3)).save("photos/small.png")
Image.fromarray(np.full((1, 60000), 7, "u1")).save("photos/line.png")
PY
echo "about the photographs" >photos/LICENSE.TXT

# The same bytes as Pillow's, cut with numpy.
cat >cut.py <<'PY'
import pathlib, sys
import numpy as np
from PIL import Image
rule, h, w = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for path in sorted(pathlib.Path("photos").rglob("*"), key=lambda p: str(p).encode()):
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        continue
    image = Image.open(path).convert("RGB")
    grey = (np.mean(np.asarray(image), axis=-1).astype("u1") if rule == "mean"
            else np.asarray(image.convert("L")))
    for y in range(grey.shape[0] // h):
        for x in range(grey.shape[1] // w):
            sys.stdout.buffer.write(grey[y * h:y * h + h, x * w:x * w + w].tobytes())
PY
for what in "mean 32 64" "luma 32 64" "mean 16 16"; do
    set -- $what
    $python cut.py $what >want.raw
    rm -f text.h5 image.h5
    expect 0 codelen measure --corpus text:want.raw --predictor ngram:2 --out text.h5
    expect 0 ranks 3 measure --corpus image:photos --gray "$1" --patch "$2x$3" \
        --predictor ngram:2 --out image.h5
    same_rows text.h5 image.h5
done
[ "$(field image.h5 raw_bytes)" -gt 60000 ] || fail "few bytes"

# What was dropped is recorded; other patches are another corpus.
$python - <<'PY' || fail "attributes"
import h5py
with h5py.File("image.h5") as f:
    a = f["input"].attrs
    pixels = 200 * 300 + 100 * 130 + 64 * 64 + 70 * 70 + 31 * 63 + 60000
    assert a["files"] == 6 and a["files_skipped"] == 1, dict(a)
    assert a["dropped_bytes"] == pixels - a["raw_bytes"], dict(a)
    assert a["reading"] == b"patches of 16 x 16, grey by mean", dict(a)
    assert b"libpng" in a["decoder"] and len(a["sha256"]) == 64
PY
expect 1 codelen measure --corpus image:photos --predictor ngram:2 --out image.h5
says 'reading'
expect 1 codelen measure --corpus text:want.raw --gray luma --predictor ngram:2
says 'image: only'

# Compressors of pictures: as they lie, patches are shorter than cut in two.
expect 0 codelen baseline --corpus image:photos --codec png,png64,webp64,jxl64 --out 'p-{codec}.h5'
$python -c "import sys; sys.exit(not $(field p-png64.h5 raw_rate) < $(field p-png.h5 raw_rate) < 1)" ||
    fail "png64 $(field p-png64.h5 raw_rate), png $(field p-png.h5 raw_rate)"
expect 0 codelen baseline --corpus image:photos --codec png,webp,jxl --chunk whole --out 'w-{codec}.h5'

# One message each, and no output.
refused() { # PATTERN
    expect 1 codelen measure --corpus image:bad --predictor uniform --out bad.h5
    says "$1"
    [ "$(grep -vc " options: " err)" -eq 1 ] || fail "more than one line"
    [ ! -e bad.h5 ] || fail "an output was left"
    rm -rf bad bad.h5.journal
}
mkdir bad
refused 'bad: no image in this directory: of 0 files no name ends in one of .png .jpg .jpeg'
mkdir bad && echo "some text" >bad/a.png
refused 'bad/a.png: neither a PNG nor a JPEG file'
mkdir bad && cp photos/line.png bad
refused 'bad: 1 image is too small: none has a whole patch; choose a smaller --patch'
mkdir bad && head -c 9000 photos/b.jpeg >bad/a.jpg
refused 'bad/a.jpg: damaged JPEG: the file is cut off'
mkdir bad && head -c 9000 photos/a.png >bad/a.png
refused 'bad/a.png: damaged PNG: .*cut off'
expect 1 codelen measure --corpus image:nothing --predictor uniform
says 'nothing: No such file'

# Sound: a line of 60,000 pixels in patches of one row, 16 bits with alpha.
mkdir line && cp photos/line.png line
expect 0 codelen measure --corpus image:line --patch 1x2048 --predictor uniform --out line.h5
[ "$(field line.h5 chunks)" = 29 ] || fail "line: $(field line.h5 chunks) chunks"
echo "images: ok"
