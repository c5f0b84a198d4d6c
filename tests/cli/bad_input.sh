# Bad input gets one clear message that names the thing, and exit status 1 or
# 2: never a crash, a hang or half an output.
. "$CODELEN_ROOT/tests/cli/lib.sh"

reference=$CODELEN_ROOT/tests/reference/models/bytes-bf16
[ -d "$reference" ] || reference=$(ls -d "$CODELEN_ROOT"/tests/reference/models/*/ | head -n 1)

text 20000 >corpus.txt
measure() { codelen measure --corpus text:corpus.txt "$@"; }

# refused PATTERN COMMAND...: exit 1 and PATTERN in a message of one line, or
# two where the caller knows something new.
refused() {
    local pattern=$1
    shift
    expect 1 timeout 60 "$@"
    says "$pattern"
    [ "$(wc -l <err)" -le 2 ] || fail "more than two lines: $*"
}
c=$CODELEN

# Corpora.
refused 'none.txt: No such file' "$c" measure --corpus text:none.txt --predictor uniform
refused 'directory' "$c" measure --corpus text:. --predictor uniform
refused 'unknown|known' "$c" measure --corpus txt:corpus.txt --predictor uniform
xz -k corpus.txt
head -c 3000 corpus.txt.xz >cut.xz
refused 'cut.xz' "$c" measure --corpus text:cut.xz --predictor uniform
refused 'number of bytes|random' "$c" measure --corpus random:many --predictor uniform

# Predictors.
m=(measure --corpus text:corpus.txt)
refused 'known' "$c" "${m[@]}" --predictor unifrom
refused 'ngram' "$c" "${m[@]}" --predictor ngram:99
refused 'markov' "$c" "${m[@]}" --predictor markov
refused 'none' "$c" "${m[@]}" --predictor model:none
refused 'nothing.gguf' "$c" "${m[@]}" --predictor model:nothing.gguf
mkdir hollow
refused 'hollow' "$c" "${m[@]}" --predictor model:hollow
: >empty.gguf
refused 'empty.gguf' "$c" "${m[@]}" --predictor model:empty.gguf

# A model of files: damage one thing at a time.
fresh() {
    rm -rf model
    cp -rL "$reference" model
    chmod -R u+w model
}
predict() { "$c" "${m[@]}" --predictor model:model; }
fresh
truncate -s -100 model/model.safetensors
refused 'model.safetensors' "$c" "${m[@]}" --predictor model:model
fresh
head -c 5 model/model.safetensors >cut && mv cut model/model.safetensors
refused 'model.safetensors' "$c" "${m[@]}" --predictor model:model
fresh
printf '\x00\x00\x00\x00\x00\x00\x00\x80' |
    dd of=model/model.safetensors conv=notrunc status=none
refused 'model.safetensors' "$c" "${m[@]}" --predictor model:model
fresh
rm model/model.safetensors
refused 'model.safetensors' "$c" "${m[@]}" --predictor model:model
fresh
$python - <<'PY'
import json, struct
data = bytearray(open("model/model.safetensors", "rb").read())
n, = struct.unpack("<Q", data[:8])
head = json.loads(data[8:8 + n])
name = next(k for k in head if k.endswith("down_proj.weight"))
begin = 8 + n + head[name]["data_offsets"][0]
data[begin:begin + 4] = b"\xff\xff\xff\xff"  # NaN as BF16 and as F32
open("model/model.safetensors", "wb").write(data)
PY
refused 'down_proj.weight.*(NaN|finite)' "$c" "${m[@]}" --predictor model:model
for change in '"hidden_size":1000000' '"num_hidden_layers":3000000000' \
    '"num_attention_heads":0' '"num_key_value_heads":-1' '"hidden_size":"big"' \
    '"rms_norm_eps":-1' '"model_type":"rwkv9"' '"vocab_size":9223372036854775807'; do
    fresh
    $python - "$change" <<'PY'
import json, sys
config = json.load(open("model/config.json"))
config.update(json.loads("{" + sys.argv[1] + "}"))
if "model_type" in sys.argv[1]:
    config["architectures"] = ["Rwkv9ForCausalLM"]
json.dump(config, open("model/config.json", "w"))
PY
    refused '.' "$c" "${m[@]}" --predictor model:model
done
fresh
head -c 40 model/config.json >cut && mv cut model/config.json
refused 'config.json' "$c" "${m[@]}" --predictor model:model
fresh
echo '{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0' >model/tokenizer.json
refused 'tokenizer.json' "$c" "${m[@]}" --predictor model:model
if [ -f "$CODELEN_ROOT/tests/reference/token/tokenizer.json" ]; then
    fresh
    cp "$CODELEN_ROOT/tests/reference/token/tokenizer.json" model/
    refused '300.*256|256.*300' "$c" "${m[@]}" --predictor model:model
fi
fresh
refused 'context' "$c" "${m[@]}" --predictor model:model --context 100 --stride 100
refused 'start' "$c" "${m[@]}" --predictor model:model --start 256
refused 'start' "$c" "${m[@]}" --predictor model:model --start begin

# GGUF with counts of 2^63.
$python -c "
import struct, sys
sys.stdout.buffer.write(b'GGUF' + struct.pack('<IQQ', 3, 1 << 63, 1 << 63))" >huge.gguf
refused 'huge.gguf' "$c" "${m[@]}" --predictor model:huge.gguf

# Outputs.
refused 'does not exist' "$c" "${m[@]}" --predictor uniform --out nowhere/x.h5
refused 'directory' "$c" "${m[@]}" --predictor uniform --out hollow
expect 2 "$c" "${m[@]}" --predictor uniform --out ''
says 'the name is empty'
echo text >x.h5
refused 'x.h5' "$c" "${m[@]}" --predictor uniform --out x.h5
refused 'x.h5' "$c" export x.h5
refused 'none.h5' "$c" export none.h5
expect 0 "$c" "${m[@]}" --predictor uniform --out good.h5
head -c 3000 good.h5 >short.h5
refused 'short.h5' "$c" export short.h5
expect 0 "$c" baseline --corpus text:corpus.txt --codec gzip --out gzip.h5
refused 'gzip.h5: has no bits by position' "$c" export --table positions gzip.h5
expect 2 "$c" export
expect 2 "$c" export good.h5 --table chunk
says 'summary\|positions\|chunks\|training'

# Token lists.
echo '[1, 2' >ids
refused 'ids' "$c" score --predictor model:"$reference" --tokens ids
echo '[1, 256]' >ids
refused '256' "$c" score --predictor model:"$reference" --tokens ids
printf '1\0002 3' >ids
refused 'byte 1 is zero' "$c" score --predictor model:"$reference" --tokens ids
echo '1 two' >ids
refused 'item 2' "$c" score --predictor model:"$reference" --tokens ids
refused 'model:' "$c" score --predictor ngram:3 --tokens ids

# A rank that fails does not leave the others hanging.
expect 1 timeout 60 mpirun -n 3 --bind-to none --oversubscribe "$c" measure \
    --corpus text:corpus.txt --predictor model:none
[ "$(grep -c '^codelen: measure' err)" -eq 1 ] || fail "message printed more than once"
echo "bad_input: ok"
