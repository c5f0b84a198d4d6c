#!/usr/bin/python3
"""What a second core brings: two ranks, two threads, and what could be had.

    tests/bench/ranks.py [--codelen build/release/codelen] [--rounds 3] [--csv]

The workloads of end_to_end.py by one rank with one thread, two ranks, one
rank with two threads, and two programs at once that know nothing of each
other: their sum is what memory and clock of the machine allow.  All in turn,
the best of the rounds.  Takes about 12 minutes.  Not a test: run it on an
idle machine with two cores.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import end_to_end

MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def bytes_per_second(codelen, out, options, ranks=1, threads=1):
    """Speed of one run, as its results say."""
    start = ["mpirun", "-n", str(ranks), "--bind-to", "none"]
    done = subprocess.run(
        [*(start if ranks > 1 else []), codelen, "measure", "--threads",
         str(threads), "--overwrite", "--out", out, *options],
        capture_output=True, text=True, env=os.environ | MPI, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    text = subprocess.run([codelen, "export", "--format", "json", out],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text)[0]["bytes_per_second"]


def two_at_once(codelen, work, options):
    """Sum of the speeds of two programs that run at the same time."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return sum(pool.map(
            lambda i: bytes_per_second(codelen, work / f"{i}.h5", options),
            range(2)))


def main():
    """Measure all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--codelen",
                        default=end_to_end.ROOT / "build/release/codelen")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--csv", action="store_true")
    args = parser.parse_args()
    heads = ["one rank", "two ranks", "two threads", "two programs"]
    if args.csv:
        print("work,bytes_per_second,"
              + ",".join(head.replace(" ", "_") for head in heads[1:]))
    else:
        print(f"{'work':26} {'one rank':>10} {'two ranks':>10} "
              f"{'2 threads':>10} {'2 programs':>10}")
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        out = work / "run.h5"
        for name, options, _, _ in end_to_end.workloads(work):
            if "--chunk" in options:  # one chunk would be one rank's
                options[options.index("--chunk") + 1] = "18KiB"
            best = [0.0] * 4
            for _ in range(args.rounds):
                speeds = [
                    bytes_per_second(args.codelen, out, options),
                    bytes_per_second(args.codelen, out, options, ranks=2),
                    bytes_per_second(args.codelen, out, options, threads=2),
                    two_at_once(args.codelen, work, options)]
                best = [max(pair) for pair in zip(best, speeds)]
            ratios = [speed / best[0] for speed in best[1:]]
            if args.csv:
                print(f'"{name}",{best[0]:.1f},'
                      + ",".join(f"{ratio:.3f}" for ratio in ratios))
            else:
                print(f"{name:26} {best[0]:8.0f}/s "
                      + " ".join(f"{ratio:10.2f}" for ratio in ratios),
                      flush=True)


if __name__ == "__main__":
    main()
