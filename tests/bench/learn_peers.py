#!/usr/bin/env python3
"""Learning in codelen against PyTorch on the same cores, in one run.

    python3 -m venv peers && peers/bin/pip install numpy torch
    peers/bin/python tests/bench/learn_peers.py BUILD/tests/bench/bench_learn
        [--threads 2] [--contexts 512,2048] [--no-compile]

The study's Transformers with 4 layers: forward and backward passes of the
loss, in float32, without the optimiser; bf16: codelen's products on AMX.  Engines take turns; the best of
some rounds counts.  Time is processor time over threads, so that waiting for
a core does not count.  Without PyTorch it says so and does nothing.  Not a
test: run it on an idle machine.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
import time

ROUNDS = 3
BATCH = 16  # sequences at once, for PyTorch
HEADS = {64: 4, 128: 4, 256: 8}


def transformer(torch, width, context):
    """The study's Transformer, as bench_learn has it; tokens to loss."""
    nn, functional = torch.nn, torch.nn.functional
    heads, head = HEADS[width], width // HEADS[width]
    turns = 10000.0 ** (-torch.arange(0, head, 2) / head)
    angles = torch.arange(context)[:, None] * turns[None]
    cosine, sine = angles.cos(), angles.sin()

    def rotate(x):
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cosine - b * sine, b * cosine + a * sine), -1)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(width, 3 * width, bias=False)
            self.output = nn.Linear(width, width, bias=False)
            self.up = nn.Linear(width, 4 * width)
            self.down = nn.Linear(4 * width, width)
            self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))

        def forward(self, x):
            qkv = self.qkv(x).view(*x.shape[:2], 3, heads, head)
            q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()
            y = functional.scaled_dot_product_attention(
                rotate(q), rotate(k), v, is_causal=True)
            y = y.transpose(1, 2).reshape(x.shape)
            x = self.norms[0](x + self.output(y))
            y = functional.gelu(self.up(x), approximate="tanh")
            return self.norms[1](x + self.down(y))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(256, width)
            self.blocks = nn.ModuleList(Block() for _ in range(4))
            self.head = nn.Linear(width, 256)

        def forward(self, tokens, targets):
            x = self.embed(tokens) * width ** 0.5
            for block in self.blocks:
                x = block(x)
            return functional.cross_entropy(
                self.head(x).view(-1, 256), targets.view(-1))

    return Model()


def torch_engine(torch, model, context, threads):
    """A function that returns KB/s of a few steps."""
    tokens = torch.randint(256, (BATCH, context))

    def run():
        best = 0.0
        for _ in range(4):
            start = time.process_time()
            model(tokens, tokens).backward()
            seconds = (time.process_time() - start) / threads
            best = max(best, 1e-3 * tokens.numel() / seconds)
        return best

    run()
    return run


def codelen_engine(bench, width, context, threads):
    """KB/s of bench_learn, a number for floats and one for bf16 products."""
    command = [bench, "--csv", "--steps-only", "--threads", str(threads),
               "--context", str(context), "--width", str(width)]

    def run():
        text = subprocess.run(command, check=True, capture_output=True,
                              text=True).stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        speed = {"codelen": 0.0}
        for row in rows:
            name = "bf16" if row["engine"] == "bf16" else "codelen"
            speed[name] = max(speed.get(name, 0.0), float(row["kb_per_s"]))
        return speed

    return run


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0])
    parser.add_argument("bench", help="the program bench_learn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--contexts", default="512,2048")
    parser.add_argument("--widths", default="64,128,256")
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    try:
        import torch
    except ImportError:
        print("learn_peers.py: PyTorch is not installed; nothing to compare "
              "with", file=sys.stderr)
        return 0
    torch.set_num_threads(args.threads)
    print("width,context,threads,codelen,bf16,eager,compile,"
          "codelen_over_eager,codelen_over_compile  (KB/s)")
    for width in map(int, args.widths.split(",")):
        for context in map(int, args.contexts.split(",")):
            model = transformer(torch, width, context)
            engines = {"eager": torch_engine(torch, model, context,
                                             args.threads)}
            if not args.no_compile:
                engines["compile"] = torch_engine(
                    torch, torch.compile(model), context, args.threads)
            engines["codelen"] = codelen_engine(
                args.bench, width, context, args.threads)
            best = dict.fromkeys(("codelen", "bf16", "eager", "compile"),
                                 float("nan"))
            for _ in range(ROUNDS):
                for engine, run in engines.items():
                    rates = run()
                    if not isinstance(rates, dict):
                        rates = {engine: rates}
                    for name, rate in rates.items():
                        if not best[name] > rate:
                            best[name] = rate
            print(f"{width},{context},{args.threads},{best['codelen']:.1f},"
                  f"{best['bf16']:.1f},{best['eager']:.1f},{best['compile']:.1f},"
                  f"{best['codelen'] / best['eager']:.2f},"
                  f"{best['codelen'] / best['compile']:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
