#!/usr/bin/python3
"""What storing 16 bits costs, and what the average of the weights gains.

    analysis/storage.py out/byte-200k --corpus text:FILE --first 98200000

measures the parameters of a run's last checkpoint as floats and rounded to
bf16, and the same of their average if the run kept one (--ema), on a text
that it has not learnt from.
"""

import argparse
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy as np

ALIGN = 64  # of the vectors of a checkpoint
VECTORS = {"weights": 0, "average": 3}  # between them: two moments


def read_vectors(path):
    """Parameters, and their average if there is one (SCHEMA.md)."""
    data = path.read_bytes()
    if data[:4] != b"CLtc":
        sys.exit(f"storage.py: {path}: no checkpoint")
    numbers, count = struct.unpack_from("<QQ", data, 16)
    each = -(-4 * numbers // ALIGN) * ALIGN
    first = len(data) - count * each
    return {name: np.frombuffer(data, "<f4", numbers, first + i * each)
            for name, i in VECTORS.items() if i < count}


def rounded(values):
    """To bf16, the nearest and of two the even one, as bits."""
    bits = values.view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def write_model(directory, model, vector, stored):
    """A copy of the model with other numbers; tensors keep their order."""
    directory.mkdir()
    for path in model.iterdir():
        if path.suffix == ".json":
            shutil.copy(path, directory)
    with open(model / "model.safetensors", "rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    size = 2 if stored == "BF16" else 4
    at = 0
    tensors = sorted((t for t in head.items() if t[0] != "__metadata__"),
                     key=lambda t: t[1]["data_offsets"])
    for _, tensor in tensors:
        n = int(np.prod(tensor["shape"], dtype=np.int64))
        tensor.update(dtype=stored, data_offsets=[at, at + n * size])
        at += n * size
    if at != size * len(vector):
        sys.exit(f"storage.py: {model}: the checkpoint is of another model")
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(directory / "model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.write((rounded(vector) if size == 2 else vector).tobytes())


def measure(codelen, directory, options):
    """Bits per byte."""
    out = directory / "measured.h5"
    run = subprocess.run(
        [codelen, "measure", "--predictor", f"model:{directory}", "--out", out,
         *options], capture_output=True, text=True, check=False)
    found = re.search(r"^code +([0-9.]+) bits per byte \(([0-9.]+) bits",
                      run.stdout, re.MULTILINE)
    if run.returncode != 0 or not found:
        sys.exit(f"storage.py: {run.stderr.strip()}")
    return float(found[1]), float(found[2])


def main():
    """Measure all kinds of storage of one run."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, metavar="RUN",
                        help="directory of codelen train, complete")
    parser.add_argument("--corpus", required=True, metavar="KIND:NAME")
    parser.add_argument("--first", default="0", metavar="BYTES")
    parser.add_argument("--bytes", default="1000000", metavar="BYTES")
    parser.add_argument("--codelen", default="codelen", metavar="PROGRAM")
    args = parser.parse_args()
    checkpoints = sorted(args.run.glob("checkpoint-*"))
    if not checkpoints:
        sys.exit(f"storage.py: {args.run}: no checkpoint")
    options = ["--corpus", args.corpus, "--first", args.first,
               "--bytes", args.bytes]
    print("numbers   stored  bits per byte  against weights as floats")
    usual = None
    with tempfile.TemporaryDirectory() as room:
        for name, vector in read_vectors(checkpoints[-1]).items():
            for stored in ("F32", "BF16"):
                directory = pathlib.Path(room) / f"{name}-{stored}"
                write_model(directory, args.run, vector, stored)
                shown, bits = measure(args.codelen, directory, options)
                usual = usual or bits
                print(f"{name:9} {stored:6}  {shown:13.4f}  "
                      f"{100 * (bits / usual - 1):+.3f} %", flush=True)


if __name__ == "__main__":
    main()
