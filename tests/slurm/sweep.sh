# A sweep on Slurm ends with the same results whatever happens to it: as an
# array over two nodes, after USR1 (it is queued again), a rank killed, a job
# cancelled and a node lost; its tables follow it.
. "$CODELEN_ROOT/tests/cli/lib.sh"
. "$CODELEN_ROOT/tests/slurm/cluster.sh"

reason=$(cluster_missing)
[ -z "$reason" ] || skip "$reason"
trap 'cluster_down; rm -rf "$scratch"' EXIT
chmod 711 "$scratch" # munge wants to pass
cluster_up "$scratch/c"

# A checkout with settings of its own; the report has tests of its own.
mkdir root
cp -r "$CODELEN_ROOT/slurm" "$CODELEN_ROOT/jobs" root
cat >root/slurm/site <<END
codelen=$CODELEN
at_once=3
END

# sweep NAME DIR < OPTIONS: the same sweep twice, to be interrupted or not.
sweeps() {
    cat >"$1.sweep"
    sed 's/got\//want\//' "$1.sweep" >"want-$1.sweep"
    codelen run "want-$1.sweep" --all >out 2>err || fail "want-$1.sweep"

}

text 100000 >corpus.txt
sweeps small <<'END'
command   = measure
corpus    = text:corpus.txt
[sweep]
predictor = ngram:1, ngram:2
chunk     = 512, 2048
out       = got/{predictor}-{chunk}.h5
END
sweeps long <<'END'
command   = measure
corpus    = random:4MB
predictor = ngram:4
out       = got/long.h5
END

# within SECONDS COMMAND...: it succeeds before they are over.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || {
            squeue -a >&2
            tail -n 30 slurm-*.out >&2
            fail "not within its time: $*"
        }
        sleep 0.1
    done
}

is_gone() {
    [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]
}

has_started_again() { # COUNT
    grep -qs "restart $1," slurm-*.out
}

# The run has more on disk than when remember() was called.
journal_bytes() {
    cat got/long.h5.journal/*.log 2>/dev/null | wc -c || true
}
remember() {
    remembered=$(journal_bytes)
}
has_rows() {
    [ "$(journal_bytes)" -gt $((remembered + 20000)) ]
}

# submitted FILE.sweep OPTION...: prints the job that submit.sh made of it.
submitted() {
    env -u CODELEN -u CODELEN_ROOT root/slurm/submit.sh "$@" >submit.log 2>&1 ||
        fail "submit.sh: $(cat submit.log)"
    sed -n 's/.*after 0 are job //p' submit.log
}

# An array over both nodes, threads by --cpus-per-task, then its table.
job=$(submitted small.sweep --ntasks=1 --cpus-per-task=2)
tables=$(sed -n 's/.*figures are job //p' submit.log)
within 100 is_gone "$job"
within 100 is_gone "$tables"
for wanted in want/*-*.h5; do
    same_rows "$wanted" "got/${wanted#want/}"
    [ "$(field "got/${wanted#want/}" threads)" -eq 2 ] || fail "not 2 threads"
done
[ "$(wc -l <got/small.csv)" -eq 5 ] || fail "no table after the array"
submitted small.sweep >/dev/null
grep -q 'all runs are complete' submit.log || fail "complete runs were submitted"
rm -f slurm-*.out

# One run, interrupted in every way.  USR1: it stops and is queued again.
remember
job=$(submitted long.sweep --ntasks=1 --cpus-per-task=1)
within 100 has_rows
scancel --batch --signal=USR1 "$job"
within 100 has_started_again 1
remember
within 100 has_rows

# The node is lost: Slurm queues it again elsewhere.
node=$(squeue -h -t R -j "$job" -o %N)
kill -9 $(cluster_processes "$node") 2>/dev/null || true
within 100 has_started_again 2
remember
within 100 has_rows
cluster_start_node "$node"

# A rank is killed: the job fails, and is not queued again.
kill -9 $(cluster_processes n1 codelen) $(cluster_processes n2 codelen)
within 100 is_gone "$job"
[ ! -e got/long.h5 ] || fail "half an output under the final name"

# scancel, and again: it goes on.
remember
job=$(submitted long.sweep --ntasks=2 --cpus-per-task=1)
within 100 has_rows
scancel "$job"
within 100 is_gone "$job"
[ ! -e got/long.h5 ] || fail "it was too fast for this test"
cluster_wait_for_nodes
job=$(sbatch --parsable --nodes=2 --ntasks=4 --cpus-per-task=1 \
    root/slurm/job.sbatch run long.sweep --all)
within 100 is_gone "$job"
grep -q '4 ranks on n\[1-2\]' "slurm-$job.out" || fail "not on both nodes"
grep -q 'going on: [1-9]' "slurm-$job.out" || fail "it began anew"
same_rows want/long.h5 got/long.h5
echo "slurm: ok"
