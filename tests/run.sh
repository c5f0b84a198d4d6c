#!/bin/bash
# run.sh - everything the tests need, then the tests.
#
#   tests/run.sh                 all steps
#   tests/run.sh unit mpi        only these
#
# Steps: style, asan (serial build with sanitizers, unit tests), clang (build
# and unit tests), fuzz (each target for a few seconds), unit, mpi, cli,
# analysis, slurm.  The last five are labels of one CTest run, which comes
# last; slow is another, which is run only when it is named.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(nproc)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OPENBLAS_NUM_THREADS=1

configure_and_build() { # PRESET TARGET... [-- CMAKE OPTION...]
    local preset=$1
    shift
    cmake --preset "$preset" -G Ninja >"build/$preset.configure.log" 2>&1 || {
        cat "build/$preset.configure.log"
        return 1
    }
    cmake --build --preset "$preset" -j "$jobs" -- --quiet
}

step_style() {
    tests/style.sh
}

step_asan() {
    configure_and_build asan
    ctest --test-dir build/asan -L unit -j "$jobs" --output-on-failure \
        --quiet --output-log build/asan.log || {
        cat build/asan.log
        return 1
    }
    tail -n 3 build/asan.log
}

step_clang() {
    CC=clang cmake --preset dev -B build/clang -G Ninja \
        >build/clang.configure.log
    cmake --build build/clang -j "$jobs" -- --quiet
    ctest --test-dir build/clang -L unit -j "$jobs" --quiet \
        --output-log build/clang.log || {
        cat build/clang.log
        return 1
    }
    tail -n 3 build/clang.log
}

step_fuzz() {
    tests/fuzz/run.sh "${CODELEN_FUZZ_SECONDS:-5}"
}

# The labels of the CTest run, as one expression: ^(unit|mpi)$
step_ctest() {
    local labels
    labels=$(printf '|%s' "$@")
    configure_and_build dev
    ctest --test-dir build/dev -L "^(${labels:1})\$" -j "$jobs" \
        --output-on-failure --no-tests=error
}

before=(style asan clang fuzz)
labels=(unit mpi cli analysis slurm)
selected=("$@")
[ ${#selected[@]} -gt 0 ] || selected=("${before[@]}" "${labels[@]}")
labels+=(slow) # only when asked for

ctest_labels=()
for step in "${selected[@]}"; do
    case " ${before[*]} ${labels[*]} " in
    *" $step "*) ;;
    *)
        echo "run.sh: $step: unknown; known: ${before[*]} ${labels[*]}" >&2
        exit 2
        ;;
    esac
done

mkdir -p build
./setup.sh --tests
data/fetch-smollm2.sh || echo "run.sh: tests of SmolLM2 will be skipped"
for step in "${selected[@]}"; do
    case " ${before[*]} " in
    *" $step "*)
        echo "== $step"
        start=$SECONDS
        "step_$step"
        echo "== $step: $((SECONDS - start)) s"
        ;;
    *) ctest_labels+=("$step") ;;
    esac
done
if [ ${#ctest_labels[@]} -gt 0 ]; then
    echo "== ${ctest_labels[*]}"
    step_ctest "${ctest_labels[@]}"
fi
