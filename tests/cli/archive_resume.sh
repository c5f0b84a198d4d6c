# An interrupted compress leaves nothing under the final name, and the same
# command, with any number of ranks, goes on to the same bytes; so does one
# that meets a full disk.  An interrupted decompress leaves nothing.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 12000000 >corpus.txt
args=(compress corpus.txt --predictor ngram:5)
expect 0 codelen "${args[@]}" -o whole.cl

# started FILE BYTES: wait until it has so many.
started() {
    local i
    for i in $(seq 600); do
        [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt "$2" ] && return
        sleep 0.02
    done
    fail "nothing was written"
}

# kill -9 of one rank.
for n in 1 2; do
    mpirun -n 2 --bind-to none --oversubscribe "$CODELEN" "${args[@]}" \
        --threads 1 -o killed.cl >out 2>err &
    job=$!
    started .killed.cl.partial 300000
    kill -9 "$(pgrep -P "$job" -x codelen | sed -n ${n}p)"
    status=0
    wait "$job" || status=$?
    [ "$status" -ne 0 ] || fail "a killed rank gave exit 0"
    [ ! -e killed.cl ] || fail "half an archive under the final name"
    expect 0 ranks 3 "${args[@]}" -o killed.cl
    says 'going on: [1-9][0-9]* bytes are done'
    cmp whole.cl killed.cl || fail "other bytes after kill -9"
    [ ! -e .killed.cl.partial ] || fail "the partial file is still there"
    rm killed.cl
done

# Signals; the input of the second run from a pipe.
for signal in TERM INT USR1; do
    "$CODELEN" "${args[@]}" --threads 1 -o stopped.cl >out 2>err &
    job=$!
    started .stopped.cl.partial 100000
    kill -$signal "$job"
    status=0
    wait "$job" || status=$?
    [ "$status" -eq 75 ] || fail "exit $status after SIG$signal, wanted 75"
    says "stopped \(SIG$signal\) after [0-9]+ bytes; run the same command again"
    status=0
    codelen compress - --predictor ngram:5 -o stopped.cl <corpus.txt 2>err ||
        fail "a pipe does not go on"
    says 'going on: [1-9]'
    cmp whole.cl stopped.cl || fail "other bytes after SIG$signal"
    rm stopped.cl
done

# What was there is used only as far as it is the same: a damaged byte, another
# input, another predictor.
size=$(stat -c %s whole.cl)
head -c $((size / 2)) whole.cl >.half.cl.partial
expect 0 codelen "${args[@]}" -o half.cl
says 'going on'
cmp whole.cl half.cl || fail "other bytes after a cut"
rm half.cl
head -c $((size / 3)) whole.cl >.half.cl.partial
printf '\377' | dd of=.half.cl.partial bs=1 seek=$((size / 4)) conv=notrunc 2>/dev/null
expect 0 codelen "${args[@]}" -o half.cl
says 'going on'
cmp whole.cl half.cl || fail "other bytes after damage"
{ head -c 500000 corpus.txt; printf 'another end'; tail -c 3000 corpus.txt; } >other.txt
head -c $((size / 2)) whole.cl >.other.cl.partial
expect 0 codelen compress other.txt --predictor ngram:5 -o other.cl
says 'going on: 393216 bytes'
expect 0 codelen decompress other.cl -o back
cmp other.txt back || fail "bytes of another input"
head -c $((size / 2)) whole.cl >.two.cl.partial
expect 0 codelen compress other.txt --predictor ngram:2 -o two.cl
expect 0 codelen decompress two.cl -o back --overwrite
cmp other.txt back || fail "blocks of another predictor"

# An interrupted decompress.
"$CODELEN" decompress whole.cl --threads 1 -o never >out 2>err &
job=$!
started .never.partial 300000
kill -9 "$job"
wait "$job" 2>/dev/null || true
[ ! -e never ] || fail "half a file under the final name"

# A full disk: what was written is kept, and more room lets it go on.
mkdir disk
if mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null; then
    trap 'cd /; umount "$scratch/disk"; rm -rf "$scratch"' EXIT
    for n in 1 2; do
        expect 1 ranks $n "${args[@]}" -o disk/full.cl
        says 'No space left|no space left'
        [ ! -e disk/full.cl ] || fail "an archive on a full disk"
    done
    mount -o remount,size=50m disk
    expect 0 codelen "${args[@]}" -o disk/full.cl
    says 'going on'
    cmp whole.cl disk/full.cl || fail "other bytes after a full disk"
    mount -o remount,size=8m disk
    rm disk/full.cl
    expect 1 codelen decompress whole.cl -o disk/back
    says 'No space left|no space left'
    [ -z "$(ls -A disk)" ] || fail "decompress left something on a full disk"
fi
if [ -w /dev/full ]; then
    status=0
    codelen decompress whole.cl -o - >/dev/full 2>err || status=$?
    [ $status -eq 1 ] || fail "a full standard output gave exit $status"
fi
echo "archive_resume: ok"
