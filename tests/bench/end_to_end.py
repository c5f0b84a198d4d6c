#!/usr/bin/python3
"""End-to-end speed of codelen measure, exact against blas, on one core.

    tests/bench/end_to_end.py [--codelen build/release/codelen] [--csv]

Byte models of the study's shapes (d = 64, 128, 256 with 4 layers; random
weights, full attention over chunks of 2048 bytes) and, when
data/fetch-smollm2.sh has been run, SmolLM2-135M in windows of 512 and 2048.
Each pair runs in turn, the best of three; the share is of the fma peak that
bench_math measures.  Takes about 6 minutes.  Not a test: run it on an idle
machine.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 3


def write_model(directory, width, layers=4, head=32, kv_heads=None, seed=1):
    """A Llama with 256 symbols and random weights, in Hugging Face layout."""
    directory.mkdir()
    mlp = 3 * width
    heads = width // head
    kv_heads = kv_heads or heads
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "hidden_size": width, "intermediate_size": mlp,
        "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "head_dim": head, "vocab_size": 256,
        "max_position_embeddings": 2049, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "tie_word_embeddings": True,
        "hidden_act": "silu", "bos_token_id": 0,
    }
    (directory / "config.json").write_text(json.dumps(config))
    rng = np.random.default_rng(seed)
    shapes = {"model.embed_tokens.weight": (256, width),
              "model.norm.weight": (width,)}
    for i in range(layers):
        block = f"model.layers.{i}."
        for name, rows in [("q", width), ("k", kv_heads * head),
                           ("v", kv_heads * head), ("o", width)]:
            shapes[f"{block}self_attn.{name}_proj.weight"] = (rows, width)
        for name, shape in [("gate", (mlp, width)), ("up", (mlp, width)),
                            ("down", (width, mlp))]:
            shapes[f"{block}mlp.{name}_proj.weight"] = shape
        for name in ["input_layernorm", "post_attention_layernorm"]:
            shapes[f"{block}{name}.weight"] = (width,)
    header, blobs, offset = {}, [], 0
    for name, shape in shapes.items():
        scale = 1.0 if len(shape) == 1 else shape[-1] ** -0.5
        values = rng.normal(1.0 if len(shape) == 1 else 0.0,
                            0.1 if len(shape) == 1 else scale, shape)
        blob = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    with open(directory / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def peak_gflops(bench):
    """The core's fma peak, as bench_math saw it."""
    out = subprocess.run([bench, "--csv"], capture_output=True, text=True,
                         check=True).stdout
    # Best speed over median share scatters upwards: take the middle one.
    peaks = [float(row["exact_gflops"]) / float(row["exact_share"])
             for row in csv.DictReader(out.splitlines())
             if row["section"] == "gemm"]
    return statistics.median(peaks)


def measure(codelen, work, options, threads=1):
    """Bytes/s, tokens/s and GFLOP/s of one run."""
    out = work / "run.h5"
    done = subprocess.run([codelen, "measure", "--threads", str(threads),
                           "--overwrite", "--out", out, *options],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    text = subprocess.run([codelen, "export", "--format", "json", out],
                          check=True, capture_output=True, text=True).stdout
    row = json.loads(text)[0]
    return (row["bytes_per_second"], row["tokens_per_second"],
            1e-9 * row["flops"] / row["seconds"])


def workloads(work):
    """(name, options, width or None, window) of what can be measured here."""
    # Speed does not depend on the text, only on how many tokens it has.
    text = work / "text"
    prose = (ROOT / "LICENSE").read_bytes() + (ROOT / "README.md").read_bytes()
    text.write_bytes((prose * 100)[:1 << 20])
    for width, size in [(64, "256KiB"), (128, "128KiB"), (256, "64KiB")]:
        model = work / f"d{width}"
        write_model(model, width)
        yield (f"bytes d={width} L=4, T=2048",
               ["--corpus", f"text:{text}", "--bytes", size,
                "--predictor", f"model:{model}"], width, 2048)
    path = subprocess.run([ROOT / "data/fetch-smollm2.sh", "--path"],
                          check=True, capture_output=True,
                          text=True).stdout.strip()
    if not os.path.exists(path):
        print("SmolLM2-135M left out: run data/fetch-smollm2.sh",
              file=sys.stderr)
        return
    for window in [512, 2048]:
        yield (f"SmolLM2-135M, T={window}",
               ["--corpus", f"text:{text}", "--bytes", "36KiB", "--chunk",
                "whole", "--context", str(window), "--predictor",
                f"model:{path}"], None, window)


def main():
    """Measure all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--codelen", default=ROOT / "build/release/codelen")
    parser.add_argument("--csv", action="store_true")
    args = parser.parse_args()
    bench = pathlib.Path(args.codelen).parent / "tests/bench/bench_math"
    peak = peak_gflops(bench)
    head = ["work", "math", "bytes_per_second", "tokens_per_second",
            "gflops", "share_of_peak"]
    if args.csv:
        print(",".join(head))
    else:
        print(f"one core, fma peak {peak:.0f} GFLOP/s\n{'work':26} {'math':5} "
              f"{'bytes/s':>9} {'tokens/s':>9} {'GFLOP/s':>8} {'share':>6}")
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        for name, options, _, _ in workloads(work):
            best = {"exact": (0, 0, 0), "blas": (0, 0, 0)}
            for _ in range(ROUNDS):
                for math in best:
                    best[math] = max(best[math], measure(
                        args.codelen, work, [*options, "--math", math]))
            for math, (rate, tokens, gflops) in best.items():
                if args.csv:
                    print(f'"{name}",{math},{rate:.1f},{tokens:.1f},'
                          f'{gflops:.2f},{gflops / peak:.4f}')
                else:
                    print(f"{name:26} {math:5} {rate:9.0f} {tokens:9.0f} "
                          f"{gflops:8.1f} {gflops / peak:6.0%}", flush=True)


if __name__ == "__main__":
    main()
