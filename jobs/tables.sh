#!/bin/bash
# tables.sh - what came out of a sweep: a table, and figures.
#
#   jobs/tables.sh FILE.sweep      writes FILE.csv and FILE.html beside outputs
#
# Takes the runs that are complete and says which are not.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
codelen=${CODELEN:-$root/build/release/codelen}
sweep=$1

"$codelen" plan "$sweep" --quick
mapfile -t complete < <("$codelen" plan "$sweep" --quick --format json |
    /usr/bin/python3 -c '
import json, sys
for run in json.load(sys.stdin):
    if run["state"] == "complete":
        print(run["out"] + "/train.h5" * (run["command"] == "train"))')
[ ${#complete[@]} -gt 0 ] || {
    echo "tables.sh: no run is complete" >&2
    exit 1
}
name=$(basename "$sweep" .sweep)
directory=$(dirname "${complete[0]%/train.h5}")
table=summary
case ${complete[0]} in */train.h5) table=training ;; esac
"$codelen" export --table $table "${complete[@]}" >"$directory/$name.csv"
echo "tables.sh: $directory/$name.csv"
if [ -f "$root/analysis/report.py" ]; then
    /usr/bin/python3 "$root/analysis/report.py" "${complete[@]}" -o "$directory/$name.html"
    echo "tables.sh: $directory/$name.html"
fi
