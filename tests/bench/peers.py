#!/usr/bin/env python3
"""codelen against llama.cpp and PyTorch on the same cores, in one run.

    python3 -m venv peers
    peers/bin/pip install numpy torch
    CMAKE_ARGS=-DGGML_NATIVE=ON peers/bin/pip install llama-cpp-python
    peers/bin/python tests/bench/peers.py [--threads 1] [--csv]

SmolLM2-135M (data/fetch-smollm2.sh) in windows of 512 and 2048 tokens, all
positions scored: codelen, llama.cpp with the same weights as F32 and as
shipped (Q4_1, 8-bit activations), PyTorch eager with the same shapes.  Byte
models d = 64, 128, 256 with 4 layers over chunks of 2048 bytes: codelen,
PyTorch eager and torch.compile.  What is not installed is left out with a
line that says so.  Engines take turns; the best of some rounds counts.  Not
a test: run it on an idle machine.  Takes about 20 minutes with one thread.
"""

import argparse
import csv
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from end_to_end import ROOT, measure, workloads

ROUNDS = 3
SMOL = {"vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9,
        "num_key_value_heads": 3}
BATCH = 8  # chunks of a byte model at once, for PyTorch


def smollm2():
    """Where SmolLM2 is, or None."""
    path = subprocess.run([ROOT / "data/fetch-smollm2.sh", "--path"],
                          check=True, capture_output=True,
                          text=True).stdout.strip()
    return path if os.path.exists(path) else None


def best_rates(engines, rounds=ROUNDS):
    """Best rate of each engine (a function of no arguments), in turns."""
    best = dict.fromkeys(engines, 0.0)
    for _ in range(rounds):
        for name, run in engines.items():
            best[name] = max(best[name], run())
    return best


class Codelen:
    """codelen measure as a user calls it; rates come from its results."""

    def __init__(self, codelen, work, threads):
        self.codelen, self.work, self.threads = codelen, work, threads

    def rate(self, options, in_tokens):
        """Tokens or bytes per second of the loop."""
        rates = measure(self.codelen, self.work, options, self.threads)
        return rates[1 if in_tokens else 0]


def quiet_llama_cpp():
    """llama.cpp without its log; what keeps that so must stay alive."""
    import llama_cpp
    callback = llama_cpp.llama_log_callback(lambda level, text, user: None)
    llama_cpp.llama_log_set(callback, None)
    return callback


class LlamaCpp:
    """llama.cpp through its C interface."""

    def __init__(self, path, window, threads):
        import llama_cpp
        self.lib, self.window = llama_cpp, window
        options = llama_cpp.llama_model_default_params()
        options.use_mmap = False
        # Weights repacked for AMX crash on some virtual machines.
        options.use_extra_bufts = False
        self.model = llama_cpp.llama_model_load_from_file(
            str(path).encode(), options)
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = options.n_batch = window
        options.n_ubatch = min(window, 512)
        options.n_threads = options.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, options)
        self.batch = llama_cpp.llama_batch_init(window, 0, 1)
        self.batch.n_tokens = window
        for i in range(window):
            self.batch.token[i] = 1000 + 37 * i % 40000
            self.batch.pos[i] = i
            self.batch.n_seq_id[i] = 1
            self.batch.seq_id[i][0] = 0
            self.batch.logits[i] = 1

    @staticmethod
    def as_f32(source, target):
        """A copy of a GGUF file with all weights widened."""
        import llama_cpp
        options = llama_cpp.llama_model_quantize_default_params()
        options.ftype = llama_cpp.LLAMA_FTYPE_ALL_F32
        options.allow_requantize = True
        if llama_cpp.llama_model_quantize(
                str(source).encode(), str(target).encode(), options):
            sys.exit("llama.cpp: cannot write an F32 copy")

    def rate(self):
        """Tokens per second, logits of all positions computed."""
        memory = self.lib.llama_get_memory(self.context)
        self.lib.llama_memory_clear(memory, True)
        start = time.perf_counter()
        if self.lib.llama_decode(self.context, self.batch):
            sys.exit("llama.cpp: decode failed")
        self.lib.llama_get_logits(self.context)
        return self.window / (time.perf_counter() - start)


class Torch:
    """A Llama in PyTorch, fp32, random weights; bits of all positions."""

    def __init__(self, config, shape, threads, is_compiled=False):
        import torch
        self.torch, self.config = torch, config
        torch.set_num_threads(threads)
        C, F = config["hidden_size"], config["intermediate_size"]
        D = config.get("head_dim", C // config["num_attention_heads"])
        kv = config["num_key_value_heads"] * D

        def matrix(rows, columns):
            return torch.randn(rows, columns) * columns ** -0.5

        self.layers = [[matrix(C + 2 * kv, C), matrix(C, C),
                        matrix(2 * F, C), matrix(C, F)]
                       for _ in range(config["num_hidden_layers"])]
        self.embedding = matrix(config["vocab_size"], C)
        angle = torch.outer(torch.arange(shape[1]), 1e4 ** (
            -torch.arange(0, D, 2) / D))
        self.turn = torch.cat([angle, angle], 1).cos(), torch.cat(
            [angle, angle], 1).sin()
        self.ids = torch.randint(config["vocab_size"], shape)
        self.forward = torch.compile(self.score) if is_compiled else self.score
        self.rate()

    def rotate(self, x):
        """Rotary positions of (B, H, T, D)."""
        low, high = x.chunk(2, -1)
        cosine, sine = self.turn
        return x * cosine + self.torch.cat([-high, low], -1) * sine

    def score(self, ids):
        """-ln p of all tokens but the first of each row."""
        f, config = self.torch.nn.functional, self.config
        B, T = ids.shape
        H, G = config["num_attention_heads"], config["num_key_value_heads"]
        C = config["hidden_size"]
        D = self.turn[0].shape[1]
        h = self.embedding[ids]
        for qkv, output, gate_up, down in self.layers:
            q, k, v = (f.rms_norm(h, (C,)) @ qkv.T).split(
                [H * D, G * D, G * D], -1)
            q = self.rotate(q.view(B, T, H, D).transpose(1, 2))
            k = self.rotate(k.view(B, T, G, D).transpose(1, 2))
            v = v.view(B, T, G, D).transpose(1, 2)
            seen = f.scaled_dot_product_attention(
                q, k, v, is_causal=True, enable_gqa=H != G)
            h = h + seen.transpose(1, 2).reshape(B, T, H * D) @ output.T
            gate, up = (f.rms_norm(h, (C,)) @ gate_up.T).chunk(2, -1)
            h = h + (f.silu(gate) * up) @ down.T
        logits = f.rms_norm(h, (C,))[:, :-1] @ self.embedding.T
        return f.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(),
                               reduction="sum")

    def rate(self):
        """Tokens per second."""
        start = time.perf_counter()
        with self.torch.no_grad():
            self.forward(self.ids)
        return self.ids.numel() / (time.perf_counter() - start)


def have(*modules):
    """Whether modules can be imported; says so if not."""
    for module in modules:
        try:
            __import__(module)
        except ImportError:
            print(f"left out: {module} is not installed", file=sys.stderr)
            return False
    return True


def smollm2_engines(codelen, options, window, threads, files):
    """Engines by name for SmolLM2 in windows."""
    engines = {"codelen": lambda: codelen.rate(options, True)}
    for name, path in files.items():
        engines[f"llama.cpp {name}"] = LlamaCpp(path, window, threads).rate
    if have("torch"):
        engines["PyTorch"] = Torch(SMOL, (1, window), threads).rate
    return engines


def byte_engines(codelen, options, width, threads):
    """Engines by name for a byte model."""
    engines = {"codelen": lambda: codelen.rate(options, False)}
    if have("torch"):
        config = {"vocab_size": 256, "hidden_size": width,
                  "intermediate_size": 3 * width, "num_hidden_layers": 4,
                  "num_attention_heads": width // 32,
                  "num_key_value_heads": width // 32, "head_dim": 32}
        shape = (BATCH, 2048)
        engines["PyTorch"] = Torch(config, shape, threads).rate
        engines["torch.compile"] = Torch(config, shape, threads, True).rate
    return engines


def main():
    """Measure all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--codelen", default=ROOT / "build/release/codelen")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--csv", action="store_true")
    args = parser.parse_args()
    out = csv.writer(sys.stdout)
    if args.csv:
        out.writerow(["work", "engine", "threads", "rate", "codelen_times"])
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        codelen = Codelen(args.codelen, work, args.threads)
        files = {}
        if smollm2() and have("llama_cpp"):
            silence = quiet_llama_cpp()
            files = {"F32": work / "f32.gguf", "Q4_1": smollm2()}
            LlamaCpp.as_f32(smollm2(), files["F32"])
        for name, options, width, window in workloads(work):
            if width:
                engines = byte_engines(codelen, options, width, args.threads)
            else:
                engines = smollm2_engines(codelen, options, window,
                                          args.threads, files)
            rates = best_rates(engines)
            for engine, rate in rates.items():
                times = rates["codelen"] / rate
                if args.csv:
                    out.writerow([name, engine, args.threads, f"{rate:.1f}",
                                  f"{times:.3f}"])
                else:
                    print(f"{name:26} {engine:15} {rate:9.0f} "
                          f"{'bytes' if width else 'tokens'}/s   "
                          f"codelen {times:.2f} times", flush=True)


if __name__ == "__main__":
    main()
