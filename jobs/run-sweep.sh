#!/bin/bash
# run-sweep.sh - a sweep on this machine: plan, all runs, then the tables.
#
#   jobs/run-sweep.sh FILE.sweep [OPTION OF MPIRUN...]
#
# The options are for mpirun; without any there are as many ranks as cores.
# What is complete is skipped.  After SIGUSR1, which mpirun passes on, or
# kill -9, the same command goes on; exit status 75 says that it stopped with
# work left.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || {
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
sweep=$1
shift
[ $# -gt 0 ] || set -- -n "$(nproc)"
export CODELEN=${CODELEN:-$root/build/release/codelen}

"$CODELEN" plan "$sweep" --quick >/dev/null # can it be read?
"$CODELEN" plan "$sweep" || true # costs may depend on what is not there yet
status=0
pid=
trap 'kill -USR1 "$pid" 2>/dev/null' USR1
mpirun --bind-to none "$@" "$CODELEN" run "$sweep" --all &
pid=$!
while kill -0 "$pid" 2>/dev/null; do
    status=0
    wait "$pid" || status=$?
done
[ $status -ne 75 ] || exit 75
"$root/jobs/tables.sh" "$sweep"
exit $status
