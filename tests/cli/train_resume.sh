# Nothing is lost while training: after kill -9 at any moment, a stop on
# request (exit 75), a full disk or a damaged checkpoint, the same command
# goes on and ends with the weights of a run that was never interrupted, bit
# for bit.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 200000 >corpus.txt
cat >tiny.json <<'JSON'
{"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
 "intermediate_size": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": true}
JSON
args=(train --corpus text:corpus.txt --config tiny.json --context 64 --batch 1024 --steps 150
    --warmup 5 --ema 0.9 --validate 5000 --validate-every 70 --checkpoint-every 10
    --engine own --threads 1)
expect 0 codelen "${args[@]}" --out whole

# same DIR: its weights, its last checkpoint's numbers and its log of steps
# are those of the whole run.
same() {
    cmp -s whole/model.safetensors "$1/model.safetensors" || fail "$1: other weights"
    $python - "$1" <<'PY' || fail "$1: another log"
import json, sys
def steps(path):
    keys = ("event", "step", "bytes", "train_bits_per_byte", "rate", "gradient_norm",
            "validation_bits_per_byte")
    lines = [json.loads(l) for l in open(path + "/train.jsonl")]
    return [[l.get(k) for k in keys] for l in lines if l["event"] in ("steps", "validation")]
a, b = steps("whole"), steps(sys.argv[1])
# A stop between two lines divides the mean: compare the steps both have.
both = {r[1] for r in a} & {r[1] for r in b}
assert len(both) >= 15 and {r[1] for r in a} <= {r[1] for r in b}
if len(a) == len(b):
    assert a == b, (a, b)
PY
}

# started DIR: wait until it has a checkpoint.
started() {
    local i
    for i in $(seq 600); do
        ! ls "$1"/checkpoint-* >/dev/null 2>&1 || return 0
        sleep 0.02
    done
    fail "the run did not begin"
}

# killed SECONDS DIR: begin or go on for so long, then kill -9; its status.
killed() {
    { timeout -s KILL "$1" "$CODELEN" "${args[@]}" --out "${@:2}" >out 2>err; } 2>/dev/null
}

# kill -9 again and again, each time later.
rounds=0
status=137
while [ $status -eq 137 ]; do
    rounds=$((rounds + 1))
    [ $rounds -lt 100 ] || fail "killed 100 times and not done"
    status=0
    killed "$(printf '%d.%02d' $((rounds / 25)) $((rounds % 25 * 4)))" killed || status=$?
done
[ $status -eq 0 ] || fail "exit $status after a kill"
[ $rounds -gt 3 ] || fail "the run was hardly killed"
same killed

# Signals stop after a step, with a checkpoint.
for signal in TERM USR1; do
    "$CODELEN" "${args[@]}" --out stopped >out 2>err &
    job=$!
    started stopped
    kill -$signal "$job"
    status=0
    wait "$job" || status=$?
    [ "$status" -eq 75 ] || fail "exit $status after SIG$signal, wanted 75"
    says "stopped \(SIG$signal\) after step [0-9]+; run the same command again"
    expect 0 codelen "${args[@]}" --out stopped
    says 'going on from step [0-9]+'
    same stopped
    rm -r stopped
done

# Other products go on too, and it is said that they round otherwise.
"$CODELEN" "${args[@]}" --out other >out 2>err &
job=$!
started other
kill -TERM "$job"
{ wait "$job"; } 2>/dev/null || true
expect 0 codelen "${args[@]/#own/blas}" --out other
says 'products are by OpenBLAS now and were by own'
rm -r other

# Two runs do not share a directory.
"$CODELEN" "${args[@]}" --out shared >/dev/null 2>&1 &
job=$!
started shared
expect 1 codelen "${args[@]}" --out shared
says 'another run writes here'
kill -9 $job
{ wait $job; } 2>/dev/null || true

# A cut-off checkpoint: the one before is taken, with a message.
for wait_s in 0.5 1 2 4; do
    [ "$(ls shared | grep -c checkpoint-)" -lt 2 ] || break
    killed $wait_s shared || true
done
last=$(ls shared/checkpoint-* | tail -n 1)
truncate -s 5000 "$last"
expect 0 codelen "${args[@]}" --out shared
says "$(basename "$last"): cut off; looking for the one before"
same shared

# All of them damaged: said, nothing written over.
for file in shared/checkpoint-*; do truncate -s 5000 "$file"; done
expect 1 codelen "${args[@]}" --out shared
says 'all checkpoints are damaged; --overwrite begins anew'

# --overwrite begins anew, but goes on with what it has begun.
rm shared/checkpoint-*
for wait_s in 0.5 1 2 4; do
    ! ls shared/checkpoint-* >/dev/null 2>&1 || break
    killed $wait_s shared --overwrite || true
done
expect 0 codelen "${args[@]}" --out shared --overwrite
says 'going on from step [0-9]+'
same shared

# One rank of two is killed; two ranks go on.
expect 0 ranks 2 "${args[@]}" --out whole2
mpirun -n 2 --bind-to none --oversubscribe "$CODELEN" "${args[@]}" --out killed2 >out 2>err &
job=$!
started killed2
kill -9 "$(pgrep -P "$job" -x codelen | tail -n 1)"
wait "$job" && fail "a killed rank gave exit 0"
expect 0 ranks 2 "${args[@]}" --out killed2
cmp whole2/model.safetensors killed2/model.safetensors || fail "2 ranks: other weights"

# mpirun passes SIGUSR1 on.
mpirun -n 2 --bind-to none --oversubscribe "$CODELEN" "${args[@]}" --out usr1 >out 2>err &
job=$!
started usr1
kill -USR1 "$job"
status=0
wait "$job" || status=$?
[ "$status" -eq 75 ] || fail "exit $status under mpirun after SIGUSR1"
expect 0 ranks 2 "${args[@]}" --out usr1
cmp whole2/model.safetensors usr1/model.safetensors || fail "usr1: other weights"

# A full disk: exit 1 and a message, the checkpoint before stays, and with
# more space the same command goes on.
mkdir disk
if mount -t tmpfs -o size=900k tmpfs disk 2>/dev/null; then
    trap 'cd /; umount "$scratch/disk"; rm -rf "$scratch"' EXIT
    expect 1 codelen "${args[@]}" --out disk/run
    says 'No space left'
    ls disk/run/checkpoint-* >/dev/null || fail "no checkpoint is left"
    [ ! -e disk/run/.checkpoint-*.partial ] || fail "half a checkpoint"
    mount -o remount,size=16m disk
    expect 0 codelen "${args[@]}" --out disk/run
    says 'going on from step'
    same disk/run
fi
echo "train_resume: ok"
