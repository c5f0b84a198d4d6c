# A full disk ends the run with a message and exit 1; what was on disk before
# is kept, and with more space the same command goes on.
. "$CODELEN_ROOT/tests/cli/lib.sh"

mkdir disk
mount -t tmpfs -o size=160k tmpfs disk 2>/dev/null || skip "cannot mount a tmpfs"
trap 'cd /; umount "$scratch/disk"; rm -rf "$scratch"' EXIT

text 4000000 >corpus.txt
args=(measure --corpus text:corpus.txt --predictor ngram:1)
for n in 1 3; do
    expect 1 timeout 120 mpirun -n $n --bind-to none --oversubscribe \
        "$CODELEN" "${args[@]}" --out disk/full.h5
    says 'No space left|no space left'
    [ ! -e disk/full.h5 ] || fail "an output under the final name"
done
mount -o remount,size=8m disk
expect 0 codelen "${args[@]}" --out disk/full.h5
says 'going on: [1-9]'
expect 0 codelen "${args[@]}" --out reference.h5
same_rows reference.h5 disk/full.h5

# Standard output on a full disk is an error too.
if [ -w /dev/full ]; then
    status=0
    codelen export reference.h5 --table chunks >/dev/full 2>err || status=$?
    [ $status -eq 1 ] || fail "export to a full disk gave exit $status"
fi
echo "full_disk: ok"
