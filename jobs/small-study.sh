#!/bin/bash
# small-study.sh - every study in small, from a raw text to one page.
#
# Question  which compressor describes a text best; which model size pays for
#           itself; what are context, chunk length, tokenizer and more
#           training worth; which law do model and data size follow?
# Cost      about 10 minutes on 2 cores
# Figures   out/small/report.html, and each as PDF and CSV in out/small/report
#
#   jobs/small-study.sh          the GCIDE dictionary, which Debian has
#   jobs/small-study.sh TEXT     a text of 9 MB or more, plain
#
# Runs the sweeps in jobs/small; those in jobs/full are the same at the size
# of the paper.  Run it again: what is complete is skipped.  RANKS: of MPI,
# else a core each.  CODELEN: a binary, else it is built.
set -euo pipefail
text=$(realpath "${1:-/usr/share/dictd/gcide.dict.dz}")
cd "$(dirname "$0")/.."

codelen=${CODELEN:-build/release/codelen}
if [ -z "${CODELEN:-}" ]; then
    ./setup.sh
    echo "== build"
    cmake --preset release -G Ninja >/dev/null
    cmake --build --preset release --target codelen -- --quiet
fi
out=out/small
mkdir -p $out

# Training sees the first 8 MB, measurements the ninth.
want=9000000
case $text in
*.dz | *.gz) zcat "$text" 2>/dev/null | head -c $want >$out/text.new || true ;;
*) head -c $want "$text" >$out/text.new ;;
esac
if [ "$(stat -c %s $out/text.new)" -lt $want ]; then
    echo "small-study.sh: $text: fewer than $want bytes" >&2
    exit 1
fi
if [ -e $out/text ] && ! cmp -s $out/text $out/text.new; then
    echo "small-study.sh: $out is of another text: move it away first" >&2
    exit 1
fi
mv $out/text.new $out/text

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMP_WAIT_POLICY=passive # other programs may want the cores too
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
sweep() { # NAME: all runs of jobs/small/NAME.sweep; their lines kept for trouble
    echo "== jobs/small/$1.sweep ($(date +%T))"
    mpirun -n "${RANKS:-$(nproc)}" --bind-to none --oversubscribe \
        "$codelen" run "jobs/small/$1.sweep" --all >"$out/$1.log" 2>&1 || {
        tail -n 20 "$out/$1.log" >&2
        return 1
    }
}

sweep codecs
sweep predictors
sweep random-codecs
sweep grid-train
sweep grid
for size in 512 1024 2048; do
    [ -e $out/bpe-$size/tokenizer.json ] ||
        "$codelen" tokenizer train --corpus text:$out/text --bytes 8MB \
            --vocabulary $size -o $out/bpe-$size >/dev/null
done
sweep tokenizer-train
sweep tokenizer
sweep chunk-codecs
sweep chunk
sweep context
sweep random
[ ! -e data/models/byte-3m/model.safetensors ] || sweep shipped

echo "== report ($(date +%T))"
/usr/bin/python3 analysis/report.py $out/results $out/models \
    --title "Small study of $(basename "$text")" -o $out/report.html
