# A vocabulary is learnt, written, read by Python's tokenizers with the same
# result, and used: decode(encode(x)) = x for any bytes.  The number of
# threads and how the corpus is packed do not matter.  Wrong input is refused.
. "$CODELEN_ROOT/tests/cli/lib.sh"

reference=$CODELEN_ROOT/tests/reference/token
text 300000 >words.txt
cat words.txt "$reference/text.txt" >corpus.txt
head -c 100000 /dev/urandom >random.bin

# Training.
expect 0 codelen tokenizer train --corpus text:corpus.txt --vocabulary 300,400 -o 'v{vocabulary}'
prints '^v400/tokenizer.json: 400 tokens$'
says 'different words in 30[0-9]+ bytes'
xz -k corpus.txt
expect 0 codelen tokenizer train --corpus text:corpus.txt.xz --vocabulary 300 --out one.json --threads 3
cmp one.json v300/tokenizer.json || fail "threads, compression or the number of sizes change the result"
expect 0 codelen tokenizer train --corpus "text:$reference/text.txt" --vocabulary 400 --out same.json
for i in $(seq 45); do cat corpus.txt; done >long.txt # several blocks
expect 0 codelen tokenizer train --corpus text:long.txt --vocabulary 400 --out long1.json --threads 1
expect 0 codelen tokenizer train --corpus text:long.txt --vocabulary 400 --out long4.json --threads 4
cmp long1.json long4.json || fail "the number of threads changes the result"
$python - long1.json v400/tokenizer.json <<'PY' || fail "a corpus 45 times over has another vocabulary"
import json, sys
a, b = (json.load(open(p)) for p in sys.argv[1:])
sys.exit(a != b)
PY
rm long.txt
$python - same.json "$reference/trained.json" <<'PY' || fail "not what Hugging Face's trainer learns"
import json, sys
a, b = (json.load(open(p)) for p in sys.argv[1:])
sys.exit(a != b)
PY
expect 0 codelen tokenizer train --corpus text:corpus.txt --bytes 1000 --vocabulary 5000 --out few.json
says 'few.json: [0-9]+ tokens instead of 5000: the corpus has no more pairs'
expect 0 codelen info v400/tokenizer.json
prints 'bpe, vocabulary 400'

# Encoding and decoding, from files and pipes.
for file in corpus.txt random.bin /dev/null; do
    for tokenizer in v400 one.json bytes; do
        codelen tokenizer encode --tokenizer $tokenizer - <$file >ids.txt 2>err
        codelen tokenizer decode --tokenizer $tokenizer <ids.txt >back 2>err
        cmp back $file || fail "$tokenizer: $file does not come back"
    done
done
expect 0 codelen tokenizer encode --tokenizer v400 corpus.txt
says '^codelen: tokenizer: 30[0-9]+ bytes, [0-9]+ tokens'
cp out ids.txt
printf '[%s]' "$(paste -sd, <ids.txt)" >ids.json
expect 0 codelen tokenizer decode --tokenizer v400 ids.json
cmp out corpus.txt || fail "decode reads no JSON"

if python3 -c 'import tokenizers' 2>/dev/null; then
    python3 - <<'PY' || fail "Python's tokenizers gives other ids"
import sys
from tokenizers import Tokenizer
t = Tokenizer.from_file("v400/tokenizer.json")
text = open("corpus.txt", newline="").read()
ids = t.encode(text).ids
sys.exit(ids != [int(line) for line in open("ids.txt")] or t.decode(ids) != text)
PY
else
    echo "without Python's tokenizers: not compared"
fi

# SentencePiece: as it does it with a space in front; everything comes back.
for model in bpe.model unigram.model llama.json; do
    cp "$reference/$model" .
    for file in corpus.txt random.bin; do
        codelen tokenizer encode --tokenizer $model --space $file >ids.txt 2>err
        codelen tokenizer decode --tokenizer $model --space ids.txt >back 2>err
        cmp back $file || fail "$model: $file does not come back"
    done
done
mkdir spm && cp bpe.model spm/tokenizer.model
printf 'the cat' | codelen tokenizer encode --tokenizer spm --space - >ids.txt 2>err
says 'spm/tokenizer.model: left out, because the text could not be restored: \[a space in front\]'
$python - ids.txt "$reference/ids.json" <<'PY' || fail "not SentencePiece's tokens"
import json, sys
ids = json.load(open(sys.argv[2]))
want = ids["bpe.model"][ids["texts"].index("the")]
sys.exit([int(line) for line in open(sys.argv[1])][: len(want)] != want)
PY
expect 0 codelen info spm/tokenizer.model
prints 'bpe, vocabulary 420'

# What is wrong is said, and nothing is written.
expect 1 codelen tokenizer train --corpus text:corpus.txt --vocabulary 400 --out v400
says 'v400/tokenizer.json exists; --overwrite replaces it'
expect 0 codelen tokenizer train --corpus text:corpus.txt --vocabulary 300 --out v400 --overwrite
for size in 255 0 4k 256,,300 4000001 ''; do
    expect 1 codelen tokenizer train --corpus text:corpus.txt --vocabulary "$size" --out new.json
    says 'is not a size'
done
expect 1 codelen tokenizer train --corpus text:none --vocabulary 300 --out new.json
expect 1 codelen tokenizer train --corpus text:corpus.txt --vocabulary 300 --out no/such/new.json
says 'directory no/such does not exist'
head -c 2000 corpus.txt.xz >cut.xz
expect 1 codelen tokenizer train --corpus text:cut.xz --vocabulary 300 --out new.json
expect 1 codelen tokenizer train --corpus text:corpus.txt --vocabulary 300 --out /dev/full/x
[ ! -e new.json ] || fail "a failed training left new.json"
expect 2 codelen tokenizer
expect 2 codelen tokenizer trian
says 'did you mean train\?'
expect 2 codelen tokenizer train --corpus text:corpus.txt --vocabulry 300 -o x
says 'did you mean --vocabulary\?'
expect 2 codelen tokenizer encode corpus.txt
says '--tokenizer FILE\|DIR is needed'
expect 1 codelen tokenizer encode --tokenizer none.json corpus.txt
says 'none.json: no such file'
expect 1 codelen tokenizer encode --tokenizer one.json none.txt
expect 1 codelen tokenizer encode --tokenizer one.json corpus.txt random.bin
says 'one file at a time'
for ids in '1 2 300' '1 x' '[1, 2' '[-1]' '1,2' '99999999999'; do
    echo "$ids" >bad.txt
    expect 1 codelen tokenizer decode --tokenizer one.json bad.txt
    says 'bad.txt'
done
for command in '' train encode decode; do
    expect 0 codelen tokenizer $command --help
    prints "^usage: codelen tokenizer"
    prints 'example: '
done
if [ -w /dev/full ]; then
    ! codelen tokenizer encode --tokenizer one.json corpus.txt >/dev/full 2>err || fail "a full disk is no error"
    says 'standard output: '
fi
echo "tokenizer: ok"
