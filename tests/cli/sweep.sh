# A sweep ends in the same results however it is cut short: run by run or all
# at once, on any number of ranks, after kill -9 and USR1; what is complete is
# left alone, and codelen plan tells what is on disk.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 2000000 >corpus.txt
head -c 60000 corpus.txt >short.txt
cat >a.sweep <<'END'
# What is context worth?
command   = measure
corpus    = text:corpus.txt
[sweep]
predictor = ngram:1, ngram:3
chunk     = 1KiB, 4KiB
bytes     = 200kB, 1MB
pair      = chunk, bytes
out       = got/{predictor}-{chunk}.h5
END
sed 's/got/want/' a.sweep >want.sweep

# states: those of the plan, in order.
states() {
    codelen plan "$1" --quick --format csv 2>/dev/null |
        $python -c 'import csv, sys; print(*[r["state"] for r in csv.DictReader(sys.stdin)])'
}

expect 0 codelen run want.sweep --all
expect 0 codelen plan a.sweep
prints '^ *3  ngram:3 +4KiB +1MB  missing +1.00 MB +- .* MB  got/ngram-3-4KiB.h5$'
prints '^4 runs of codelen measure, 0 complete; left: .* on one core'
[ "$(states a.sweep)" = "missing missing missing missing" ] || fail "states: $(states a.sweep)"

# The numbers that a plan gives, for programs.
expect 0 codelen plan a.sweep --format json
$python - out <<'PY' || fail "the plan as JSON"
import json, sys
runs = json.load(open(sys.argv[1]))
assert [r["run"] for r in runs] == [0, 1, 2, 3]
assert [r["text_bytes"] for r in runs] == [200000, 1000000] * 2
assert all(0 < r["core_seconds"] < 60 and r["memory_bytes"] > 1e6 for r in runs)
assert runs[2]["predictor"] == "ngram:3" and runs[2]["chunk"] == "1024"
PY

# One run of the sweep, then a stop in the middle of the others.
expect 0 codelen run a.sweep --index 2
[ "$(states a.sweep)" = "missing missing complete missing" ] || fail "states: $(states a.sweep)"

# started DIR: wait until a run has rows on disk.
started() {
    local i
    for i in $(seq 400); do
        [ "$(du -sb "$1" 2>/dev/null | cut -f1 || echo 0)" -gt 20000 ] 2>/dev/null && return
        sleep 0.02
    done
    fail "the run did not begin"
}

mpirun -n 2 --bind-to none --oversubscribe "$CODELEN" run a.sweep --all >out 2>err &
job=$!
started got/ngram-1-4KiB.h5.journal
kill -USR1 "$job"
status=0
wait "$job" || status=$?
[ "$status" -eq 75 ] || fail "exit $status after SIGUSR1"
says 'stopped at run 1 of 0-3; the same command goes on'
[ "$(states a.sweep)" = "complete begun complete missing" ] || fail "states: $(states a.sweep)"

# kill -9 of a rank of the last one.
mpirun -n 2 --bind-to none --oversubscribe "$CODELEN" run a.sweep --all >out 2>err &
job=$!
started got/ngram-3-4KiB.h5.journal
kill -9 "$(pgrep -P "$job" -x codelen | head -n 1)"
status=0
wait "$job" || status=$?
[ "$status" -ne 0 ] || fail "a killed rank gave exit 0"
[ "$(states a.sweep)" = "complete complete complete begun" ] || fail "states: $(states a.sweep)"

expect 0 ranks 3 run a.sweep --all
says 'run 2 of 0-3: got/ngram-3-1KiB.h5: complete'
says 'going on: [1-9]'
for wanted in want/*.h5; do
    same_rows "$wanted" "got/${wanted#want/}"
done
expect 0 codelen plan a.sweep
prints '^4 runs of codelen measure, 4 complete$'

# What other options made is seen, and refused; the others are done all the
# same.
sed -i 's/^command.*/&\nparameter-bytes = 1/; s/4KiB/8KiB/' a.sweep
[ "$(states a.sweep)" = "other missing other missing" ] || fail "states: $(states a.sweep)"
expect 1 codelen run a.sweep --all
says 'got/ngram-1-1KiB.h5: exists and is of another run \(.*parameter-bytes'
says '2 of 4 runs failed'
[ "$(states a.sweep)" = "other complete other complete" ] || fail "states: $(states a.sweep)"

# Codecs are a list like any other.
cat >b.sweep <<'END'
command = baseline
corpus  = text:short.txt
[sweep]
codec   = gzip, xz
chunk   = 2048, whole
out     = codecs/{codec}-{chunk}.h5
END
expect 0 codelen run b.sweep --all
expect 0 codelen export codecs/*.h5
[ "$(wc -l <out)" -eq 5 ] || fail "not four outputs"
printf 'command = baseline\ncorpus = text:short.txt\ncodec = gzip,xz\nout = o/{chunk}\n' >c.sweep
expect 1 codelen plan c.sweep
says 'run 0 has the codecs gzip,xz, and a run of a sweep has one output'

# The same by a script, with tables; the report has tests of its own.
mkdir root
cp -r "$CODELEN_ROOT/jobs" root
rm codecs/gzip-whole.h5
export CODELEN
expect 0 root/jobs/run-sweep.sh b.sweep -n 2 --oversubscribe
says 'run 1 of 0-3: codecs/gzip-whole.h5|run 2 of 0-3: codecs/xz-2048.h5: complete'
[ "$(wc -l <codecs/b.csv)" -eq 5 ] || fail "not a table of four runs"
expect 2 root/jobs/run-sweep.sh
expect 1 root/jobs/run-sweep.sh absent.sweep

# Training runs go on from their checkpoints.
cat >t.sweep <<'END'
command  = train
corpus   = text:short.txt
context  = 64
batch    = 256
steps    = 8
warmup   = 2
validate = 2kB
config   = byte-200k
engine   = own
checkpoint-every = 2
[sweep]
seed     = 1, 2
out      = models/{config}-{seed}
END
sed 's/models/wanted/' t.sweep >want-t.sweep
expect 0 codelen run want-t.sweep --all
sed 's/^steps.*/&\nmax-hours = 0.0000001/' t.sweep >stopping.sweep
expect 75 codelen run stopping.sweep --index 1
[ "$(states t.sweep)" = "missing begun" ] || fail "states: $(states t.sweep)"
expect 0 codelen run t.sweep --all
[ "$(states t.sweep)" = "complete complete" ] || fail "states: $(states t.sweep)"
for seed in 1 2; do
    cmp {wanted,models}/byte-200k-$seed/model.safetensors || fail "another model"
done
expect 0 codelen plan t.sweep
prints '^ *0 .* complete '

# Usage.
expect 2 codelen run a.sweep
says 'want --all or --index'
expect 2 codelen run a.sweep --all --index 1
expect 2 codelen run a.sweep --index 4
says 'a.sweep has runs 0 to 3'
expect 2 codelen run absent.sweep --all
says 'absent.sweep: no such file'
expect 2 ranks 2 run a.sweep b.sweep --all
expect 2 codelen plan
expect 1 codelen plan absent.sweep
expect 2 codelen measure --job a.sweep
says 'a.sweep: line 6: section \[sweep\]: a job file has no sections'
printf 'command = measure\ncorpus = text:absent.txt\npredictor = ngram:1\nout = x.h5\n' >d.sweep
expect 1 codelen plan d.sweep
says 'absent.txt'
prints '^ *0  missing'
printf 'command = measure\ncorpus = text:short.txt\npredictor = ngram:1\noverwrite = yes\nout = x.h5\n' >e.sweep
expect 2 codelen run e.sweep --all
says 'overwrite cannot stand in a sweep'
echo "sweep: ok"
