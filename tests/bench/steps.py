#!/usr/bin/python3
"""Lock-step decoding against scoring, on one core.

    tests/bench/steps.py [--bench build/release/tests/bench/bench_steps] [--csv]

Byte models of width 64 with 4 layers and random weights, which differ in
their heads: 2 of 32, 4 of 16, and 4 of 16 that share one key head; and width
128 with 4 heads of 32 that share one.  Takes about 4 minutes.  Not a test:
run it on an idle machine.
"""

import argparse
import pathlib
import subprocess
import tempfile

from end_to_end import ROOT, write_model

# Width, head width, key heads.
SHAPES = [(64, 32, 2), (64, 16, 4), (64, 16, 1), (128, 32, 1)]


def main():
    """Write the models and run the benchmark on them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", default=ROOT /
                        "build/release/tests/bench/bench_steps")
    parser.add_argument("--csv", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        models = []
        for width, head, kv_heads in SHAPES:
            models.append(pathlib.Path(scratch) /
                          f"d{width}-{width // head}-{kv_heads}")
            write_model(models[-1], width, head=head, kv_heads=kv_heads)
        options = ["--csv"] if args.csv else []
        subprocess.run([args.bench, *options, *models], check=True)


if __name__ == "__main__":
    main()
