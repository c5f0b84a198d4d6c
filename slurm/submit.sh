#!/bin/bash
# submit.sh - a sweep on Slurm: plan, an array of its runs, then the tables.
#
#   slurm/submit.sh FILE.sweep [OPTION OF SBATCH...]
#
# The options are for the runs: --ntasks=8 --cpus-per-task=4 --time=12:00:00.
# Settings of the site are in slurm/site (see site.example).  Only runs that
# are not complete are submitted; after a failure call it again.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || {
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
sweep=$1
shift
codelen=build/release/codelen
[ ! -f "$root/slurm/site" ] || . "$root/slurm/site"
case $codelen in /*) ;; *) codelen=$root/$codelen ;; esac
export CODELEN=${CODELEN:-$codelen} CODELEN_ROOT=$root

"$CODELEN" plan "$sweep" --quick >/dev/null # can it be read?
"$CODELEN" plan "$sweep" || true # costs may depend on what is not there yet

# Numbers of the runs to do, as "0-3,7", for each block of indices that one
# array can have: lines FIRST SPEC.
max=$(scontrol show config | sed -n 's/^MaxArraySize *= *//p')
blocks=$("$CODELEN" plan "$sweep" --quick --format csv | awk -F, -v max="${max:-1001}" '
    function close_range() {
        if (first == "") return
        spec[block] = spec[block] (spec[block] == "" ? "" : ",") \
            first (last > first ? "-" last : "")
        first = ""
    }
    NR > 1 && $3 != "complete" {
        b = int($1 / max); i = $1 % max
        if (first == "" || b != block || i != last + 1) {
            close_range(); block = b; first = i
        }
        last = i; last_block = b
    }
    END {
        close_range()
        for (b = 0; b <= last_block; b++) if (spec[b] != "") print b * max, spec[b]
    }')
after=
if [ -z "$blocks" ]; then
    echo "submit.sh: all runs are complete"
fi
while read -r first spec; do
    [ -n "$first" ] || continue
    id=$(CODELEN_FIRST=$first sbatch --parsable \
        --array="$spec${at_once:+%$at_once}" "$@" "$root/slurm/sweep.sbatch" "$sweep")
    id=${id%%;*}
    after=$after:$id
    echo "submit.sh: runs $spec after $first are job $id"
done <<<"$blocks"
id=$(sbatch --parsable ${after:+--dependency=afterany$after} \
    "$root/slurm/tables.sbatch" "$sweep")
echo "submit.sh: tables and figures are job ${id%%;*}"
