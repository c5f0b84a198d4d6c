#!/usr/bin/python3
"""Outputs written by different numbers of ranks are equal, as h5py sees them.

    check_results.py RESULTS_RUN SCRATCH_DIRECTORY

Runs the made-up run of results_run.c with 1, 2 and 3 ranks at once, in parts
with changing numbers of ranks, with ranks killed on the way, and on a disk
that is too small.  Exits with 77 where h5py is absent.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

PROGRAM, SCRATCH = sys.argv[1:3]
ROWS, BUCKETS = 30000, 24
UNITS = {
    "chunk/index": "1", "chunk/offset": "byte", "chunk/raw_bytes": "byte",
    "chunk/tokens": "1", "chunk/ideal_bits": "bit",
    "chunk/coded_bytes": "byte", "chunk/seconds": "s", "chunk/flops": "1",
    "chunk/lost_bits": "bit",
    "chunk/bits_by_position": "bit", "chunk/token_first": "1",
    "position/first": "byte", "position/end": "byte", "token/bits": "bit",
}


def command(n_ranks, path, rows, per_rank, buckets=BUCKETS):
    return ["mpirun", "--oversubscribe", "--bind-to", "none", "-n",
            str(n_ranks), PROGRAM, path, str(rows), str(buckets),
            str(per_rank), "token-bits"]


def run(n_ranks, path, rows=ROWS, per_rank=10**9, want=0):
    done = subprocess.run(command(n_ranks, path, rows, per_rank),
                          capture_output=True, text=True, timeout=100)
    assert done.returncode == want, (n_ranks, done.returncode, done.stderr)
    return done.stderr


def values(item):
    """Attributes; text comes as bytes in UTF-8."""
    return {name: value.decode() if isinstance(value, bytes) else value
            for name, value in item.attrs.items()}


def read(path):
    """All datasets and attributes of a file."""
    out = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            out[name] = item[...]
            out[name + ":unit"] = item.attrs["unit"].decode()
            assert item.attrs["description"]
        else:
            out[name + ":attributes"] = values(item)

    with h5py.File(path, "r") as file:
        out["root"] = values(file)
        file.visititems(visit)
    return out


def assert_equal(a, b):
    assert a.keys() == b.keys(), a.keys() ^ b.keys()
    for name, value in a.items():
        if isinstance(value, np.ndarray):
            assert value.dtype == b[name].dtype, name
            assert np.array_equal(value, b[name]), name
        else:
            assert value == b[name], (name, value, b[name])


def check_layout(path):
    out = read(path)
    assert out["root"] == {"format": "codelen results", "format_version": 1,
                           "complete": 1}, out["root"]
    for name, unit in UNITS.items():
        assert out[name + ":unit"] == unit, name
    assert out["chunk/bits_by_position"].shape == (ROWS, BUCKETS)
    assert np.array_equal(out["chunk/index"], np.arange(ROWS))
    assert np.array_equal(out["chunk/token_first"],
                          np.cumsum(out["chunk/tokens"])
                          - out["chunk/tokens"])
    assert len(out["token/bits"]) == out["chunk/tokens"].sum()
    assert out["position/end"][:-1].tolist() == \
        out["position/first"][1:].tolist()
    options = out["options:attributes"]
    assert options["defaults"].split(",") == ["chunk", "math"]
    assert options["chunk"] == 2048 and options["math"] == "exact"
    assert out["input:attributes"]["name"] == "text:caf\u00e9"
    # The one attribute that two runs of the same rows do not share.
    assert out["run:attributes"].pop("finish_write_seconds") >= 0
    # Nothing is left beside the output.
    name = os.path.basename(path)
    beside = [n for n in os.listdir(SCRATCH) if name in n and n != name]
    assert not beside, beside
    # And no more room is taken than it needs.
    status = os.stat(path)
    assert status.st_blocks * 512 < status.st_size + 65536, status
    return out


def check_any_rank_count(reference):
    for n_ranks in 2, 3:
        path = f"{SCRATCH}/ranks{n_ranks}.h5"
        run(n_ranks, path)
        assert_equal(reference, check_layout(path))


def check_parts(reference):
    path = f"{SCRATCH}/parts.h5"
    for n_ranks in 3, 1, 2:
        run(n_ranks, path, per_rank=3000, want=75)
    run(1, path)
    assert_equal(reference, check_layout(path))


def check_killed(reference):
    """kill -9 at any moment, the next run with another number of ranks."""
    path = f"{SCRATCH}/killed.h5"
    n_killed = 0
    for i, wait_s in enumerate([0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.2]):
        job = subprocess.Popen(command(1 + i % 3, path, ROWS, 10**9),
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               start_new_session=True)
        time.sleep(wait_s)
        n_killed += job.poll() is None
        children = subprocess.run(["pgrep", "-P", str(job.pid)],
                                  capture_output=True, text=True)
        for pid in children.stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        job.wait(60)
    assert n_killed > 0
    run(2, path)
    assert_equal(reference, check_layout(path))


def check_many_slabs():
    """More rows than go through a rank at once; the program compares."""
    path = f"{SCRATCH}/slabs.h5"
    subprocess.run(command(2, path, 250000, 10**9, buckets=64), check=True,
                   stdout=subprocess.DEVNULL, timeout=100)
    os.remove(path)


def check_full_disk():
    """A small disk: a message, no crash, no rank waits, the rows stay."""
    directory = f"{SCRATCH}/small"
    os.makedirs(directory)
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", directory]
    script = (" ".join(mount) + " || exit 99; timeout 60 " +
              " ".join(command(2, directory + "/o.h5", "$0", 10**9)[:-1]) +
              "; status=$?; ls -A " + directory + "; exit $status")
    for rows in 9000, 30000:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", script, str(rows)],
            capture_output=True, text=True, timeout=100)
        if done.returncode == 99 or "unshare" in done.stderr:
            print("full disk: skipped, cannot mount")
            return
        assert done.returncode == 1, done
        assert "No space left on device; make room" in done.stderr, done
        assert done.stdout.split() == ["o.h5.journal"], done


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.makedirs(SCRATCH)
    path = f"{SCRATCH}/ranks1.h5"
    run(1, path)
    reference = check_layout(path)
    assert "already complete" in run(2, path)
    check_any_rank_count(reference)
    check_parts(reference)
    check_killed(reference)
    check_many_slabs()
    check_full_disk()
    shutil.rmtree(SCRATCH)


main()
