#!/usr/bin/python3
"""Lock-step decoding against scoring, on one core.

    tests/bench/steps.py [--bench build/release/tests/bench/bench_steps] [--csv]

Byte models of width 64 with 4 layers and random weights, which differ in
their heads: 2 of 32, 4 of 16, and 4 of 16 that share one key head; and width
128 with 4 heads of 32 that share one.  Then windows of 256 and 128 positions.
Takes about 6 minutes.  Not a test: run it on an idle machine.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

from end_to_end import ROOT, write_model

# Width, head width, key heads, window (0: all).
SHAPES = [(64, 32, 2, 0), (64, 16, 4, 0), (64, 16, 1, 0), (128, 32, 1, 0),
          (64, 16, 4, 256), (64, 16, 4, 128), (64, 16, 1, 256),
          (64, 16, 1, 128)]


def set_window(directory, window):
    """The same weights, each layer seeing so many positions."""
    path = directory / "config.json"
    config = json.loads(path.read_text())
    config.update(architectures=["MistralForCausalLM"], model_type="mistral",
                  sliding_window=window)
    path.write_text(json.dumps(config))


def main():
    """Write the models and run the benchmark on them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", default=ROOT /
                        "build/release/tests/bench/bench_steps")
    parser.add_argument("--csv", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        models = []
        for width, head, kv_heads, window in SHAPES:
            models.append(pathlib.Path(scratch) /
                          f"d{width}-{width // head}-{kv_heads}-{window}")
            write_model(models[-1], width, head=head, kv_heads=kv_heads)
            if window > 0:
                set_window(models[-1], window)
        options = ["--csv"] if args.csv else []
        subprocess.run([args.bench, *options, *models], check=True)


if __name__ == "__main__":
    main()
