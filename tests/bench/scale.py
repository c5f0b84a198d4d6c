#!/usr/bin/python3
"""What many ranks and many rows cost, on however few cores there are.

    tests/bench/scale.py [--build build/release] [--ranks 1,2,8,32] [--csv]

Rows    488,281 made-up rows (1e9 bytes in chunks of 2,048, 22 buckets) to
        journals, then to one file that all ranks write together.
Run     1e9 random bytes under the uniform predictor, the cheapest there is:
        what is not arithmetic shows.
Memory  the largest process of a run of 1e7, 1e8 and 1e9 bytes.
Start   ranks that do nothing.

Times are of the wall and, because the ranks share cores here, of the
processors, summed over ranks.  Takes some minutes.  Not a test.
"""

import argparse
import csv
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

import h5py

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHUNK, BUCKETS = 2048, 22
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMPI_MCA_mpi_yield_when_idle": "1"}


def run(ranks, *command):
    """Run on ranks; its output, seconds of wall and processors, and the
    memory of its largest process in MB."""
    # A process of its own, whose children are those of this run only.
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writer, 1)
        start = time.monotonic()
        status = subprocess.run(
            ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to",
             "none", *map(str, command)], env=os.environ | MPI,
            stderr=subprocess.PIPE, check=False)
        wall = time.monotonic() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if status.returncode != 0:
            sys.stderr.write(status.stderr.decode())
        os.write(1, f"\nused {wall} {used.ru_utime + used.ru_stime} "
                    f"{used.ru_maxrss * 1024 / 1e6}".encode())
        os._exit(status.returncode)
    os.close(writer)
    with os.fdopen(reader) as lines:
        text = lines.read()
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit(f"scale.py: failed: {' '.join(map(str, command))}")
    text, _, used = text.rpartition("\nused ")
    return text, *map(float, used.split())


def rows(build, ranks, out):
    """Made-up rows; nothing is computed."""
    n = 10**9 // CHUNK
    text, wall, cpu, memory = run(
        ranks, build / "tests/mpi/results_run", out, n, BUCKETS)
    append, finish = map(float, re.findall(r"(\d+\.\d+) s", text))
    size = out.stat().st_size
    out.unlink()
    return {"what": "rows", "ranks": ranks, "bytes": n * CHUNK, "rows": n,
            "wall_s": wall, "cpu_s": cpu, "loop_s": append, "finish_s": finish,
            "file_bytes": size, "rows_per_s": n / (append + finish),
            "largest_process_MB": memory}


def measure(build, ranks, n_bytes, out):
    """The whole program."""
    _, wall, cpu, memory = run(
        ranks, build / "codelen", "measure", "--corpus", f"random:{n_bytes}",
        "--predictor", "uniform", "--chunk", CHUNK, "--threads", 1,
        "--out", out)
    size = out.stat().st_size
    with h5py.File(out) as file:
        seconds = file["run"].attrs
        n = file["chunk/index"].size
        loop = float(seconds["loop_seconds"])
        finish = float(seconds["finish_write_seconds"])
    out.unlink()
    return {"what": "run", "ranks": ranks, "bytes": n_bytes, "rows": n,
            "wall_s": wall, "cpu_s": cpu, "loop_s": loop, "finish_s": finish,
            "file_bytes": size, "rows_per_s": n / wall,
            "largest_process_MB": memory}


def start(build, ranks):
    """Ranks that start and end."""
    _, wall, cpu, memory = run(ranks, build / "codelen", "--version")
    return {"what": "start", "ranks": ranks, "wall_s": wall, "cpu_s": cpu,
            "largest_process_MB": memory}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path,
                        default=ROOT / "build/release")
    parser.add_argument("--ranks", default="1,2,8,32")
    parser.add_argument("--parts", default="start,rows,memory,run")
    parser.add_argument("--csv", action="store_true")
    arguments = parser.parse_args()
    ranks = [int(n) for n in arguments.ranks.split(",")]
    parts = arguments.parts.split(",")
    results = []
    with tempfile.TemporaryDirectory() as directory:
        out, build = pathlib.Path(directory) / "out.h5", arguments.build
        if "start" in parts:
            results += [start(build, n) for n in ranks]
        if "rows" in parts:
            results += [rows(build, n, out) for n in ranks]
        if "memory" in parts:
            results += [measure(build, 2, 10**k, out) for k in (7, 8, 9)]
        if "run" in parts:
            results += [measure(build, n, 10**9, out) for n in ranks]
    names = list(max(results, key=len))
    if arguments.csv:
        table = csv.DictWriter(sys.stdout, names)
        table.writeheader()
        table.writerows(results)
        return
    print("  ".join(f"{name:>10}" for name in names))
    for row in results:
        cells = (row.get(name, "") for name in names)
        print("  ".join(
            f"{c:{max(10, len(n))}.4g}" if isinstance(c, float)
            else f"{c:>{max(10, len(n))}}" for n, c in zip(names, cells)))


if __name__ == "__main__":
    main()
