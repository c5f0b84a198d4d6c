# Nothing is lost: after kill -9 of a rank, or a stop on request (exit 75),
# the same command with another rank count goes on, and the rows are those of
# a run that was never interrupted.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 3000000 >corpus.txt
args=(measure --corpus text:corpus.txt --predictor ngram:4)
expect 0 codelen "${args[@]}" --out whole.h5

# started PID DIR: wait until the run has rows on disk.
started() {
    local i
    for i in $(seq 400); do
        [ "$(du -sb "$1" 2>/dev/null | cut -f1 || echo 0)" -gt 20000 ] 2>/dev/null && return
        sleep 0.02
    done
    fail "the run did not begin"
}

# kill -9 of one rank: mpirun ends the job with an error.
mpirun -n 2 --bind-to none --oversubscribe "$CODELEN" "${args[@]}" \
    --threads 1 --out killed.h5 >out 2>err &
job=$!
started killed.h5.journal
kill -9 "$(pgrep -P "$job" -x codelen | head -n 1)"
status=0
wait "$job" || status=$?
[ "$status" -ne 0 ] || fail "a killed rank gave exit 0"
[ ! -e killed.h5 ] || fail "half an output under the final name"
expect 0 ranks 3 "${args[@]}" --out killed.h5
says 'going on: [1-9][0-9]* of 1465 chunks'
same_rows whole.h5 killed.h5
[ ! -e killed.h5.journal ] || fail "the journal is still there"

# Signals: stop at a chunk boundary with 75 and a line that says how to go on.
for signal in TERM INT USR1; do
    "$CODELEN" "${args[@]}" --threads 1 --out stopped.h5 >out 2>err &
    job=$!
    started stopped.h5.journal
    kill -$signal "$job"
    status=0
    wait "$job" || status=$?
    [ "$status" -eq 75 ] || fail "exit $status after SIG$signal, wanted 75"
    says "stopped \(SIG$signal\) with [0-9]+ of 1465 chunks done; run the same command again"
    expect 0 ranks 2 "${args[@]}" --out stopped.h5
    same_rows whole.h5 stopped.h5
    rm stopped.h5
done

# The same under mpirun, which passes SIGUSR1 on.
mpirun -n 2 --bind-to none --oversubscribe "$CODELEN" "${args[@]}" \
    --threads 1 --out usr1.h5 >out 2>err &
job=$!
started usr1.h5.journal
kill -USR1 "$job"
status=0
wait "$job" || status=$?
[ "$status" -eq 75 ] || fail "exit $status under mpirun after SIGUSR1"
expect 0 codelen "${args[@]}" --out usr1.h5
same_rows whole.h5 usr1.h5

# --max-hours: as often as it takes.
times=0
status=75
while [ $status -eq 75 ] && [ $times -lt 100 ]; do
    times=$((times + 1))
    status=0
    codelen "${args[@]}" --threads 1 --out hours.h5 --max-hours 0.0001 \
        >out 2>err || status=$?
done
[ $status -eq 0 ] && [ $times -gt 1 ] || fail "--max-hours: exit $status after $times runs"
same_rows whole.h5 hours.h5

# A complete output is never overwritten without --overwrite.
expect 0 codelen "${args[@]}" --out whole.h5
says 'complete'
expect 1 codelen measure --corpus text:corpus.txt --predictor ngram:2 --out whole.h5
says 'predictor'
expect 1 codelen "${args[@]}" --chunk 1KiB --out whole.h5
says 'chunk'
expect 0 codelen measure --corpus text:corpus.txt --predictor ngram:2 --out whole.h5 --overwrite

# A corpus that changed since the journal was written is refused.
codelen "${args[@]}" --threads 1 --out changed.h5 --max-hours 0.00005 >out 2>err || true
[ -d changed.h5.journal ] || fail "no journal"
sed -i '1s/^./X/' corpus.txt
expect 1 codelen "${args[@]}" --out changed.h5
says 'sha256'
expect 0 codelen "${args[@]}" --out changed.h5 --overwrite

# One that changes while it is read gives no result.
"$CODELEN" "${args[@]}" --threads 1 --out growing.h5 >out 2>err &
job=$!
started growing.h5.journal
echo >>corpus.txt
status=0
wait "$job" || status=$?
[ "$status" -eq 1 ] || fail "exit $status although the corpus changed"
says 'corpus.txt: was changed'
[ ! -e growing.h5 ] || fail "a result of a corpus that changed"
echo "resume: ok"
