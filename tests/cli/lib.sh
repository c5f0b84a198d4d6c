# lib.sh - what command-line tests share; sourced by each of them.
#
# A test is a script that states its claim in the first comment, runs codelen
# in an empty scratch directory and fails at the first thing that is not so.
# It exits with 77, and a reason, if it cannot run here.
#
# From the runner: CODELEN (binary), CODELEN_ROOT (checkout), CODELEN_SHARED
# (reference data, may be absent).

set -euo pipefail

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OPENBLAS_NUM_THREADS=1 OMPI_MCA_mpi_yield_when_idle=1 OMP_WAIT_POLICY=passive
unset OMP_NUM_THREADS SLURM_CPUS_PER_TASK

scratch=$(mktemp -d "${TMPDIR:-/tmp}/codelen-cli.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python=/usr/bin/python3

fail() {
    echo "FAILED: $*" >&2
    for log in out err; do
        [ ! -s "$log" ] || { echo "--- $log" && tail -n 20 "$log"; } >&2
    done
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

codelen() {
    "$CODELEN" "$@"
}

# ranks N COMMAND...: codelen under mpirun.
ranks() {
    local n=$1
    shift
    mpirun -n "$n" --bind-to none --oversubscribe "$CODELEN" "$@"
}

# expect STATUS COMMAND...: run it, keep what it prints in out and err.
expect() {
    local want=$1 got=0
    shift
    "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$want" ] || fail "exit $got, wanted $want: $*"
}

# says PATTERN: the last expected command printed a line with it on stderr.
says() {
    grep -qE -- "$1" err || fail "no message matches: $1"
}

prints() {
    grep -qE -- "$1" out || fail "nothing printed matches: $1"
}

# field FILE.h5 NAME: one value of the summary.
field() {
    codelen export "$1" --format json |
        $python -c 'import json, sys; print(json.load(sys.stdin)[0][sys.argv[1]])' "$2"
}

# same_rows A.h5 B.h5: chunks and positions equal but for times.
same_rows() {
    local table
    for table in chunks positions; do
        for file in "$1" "$2"; do
            codelen export "$file" --table $table --format json >"$file.$table"
        done
        $python - "$1.$table" "$2.$table" <<'PY' || fail "$1 and $2 differ ($table)"
import json, sys
a, b = (json.load(open(p)) for p in sys.argv[1:])
drop = {"file", "seconds", "corpus"}
strip = lambda rows: [{k: v for k, v in r.items() if k not in drop} for r in rows]
sys.exit(0 if a and strip(a) == strip(b) else 1)
PY
    done
}

# text BYTES: prose that every machine has, the same on all of them.
text() {
    $python - "$1" <<'PY'
import random, sys
words = """the of and to in is that it was for on are as with his they at be this from
have or by one had not but what all were when we there can an your which their said if
do will each about how up out them then she many some so these would other into has more
her two like him see time could no make than first been its who now people my made over
did down only way find use may water long little very after words called just where most
know""".split()
r, n = random.Random(7), int(sys.argv[1])
out, size = [], 0
while size < n:
    sentence = " ".join(r.choices(words, weights=range(len(words), 0, -1), k=r.randint(4, 14)))
    out.append(sentence.capitalize() + "." + ("\n\n" if r.random() < .2 else " "))
    size += len(out[-1])
sys.stdout.write("".join(out)[:n])
PY
}
