#!/usr/bin/python3
"""The card of a trained model: what it learnt from, what that cost, what it
can do.

    analysis/card.py data/models/byte-200k --log out/byte-200k out/decay \\
        --recipe jobs/byte-200k.job --results out/cards

writes README.md into the model's directory.  Logs are those of the stages of
its training, first to last: of a stage that a later one branches from
(--cooldown-from) only what is before the branch counts.  Results are those
of measure and baseline; the ones of this model, by their hash, become the table of rates, those of other predictors on the same text and
chunks stand below them.
"""

import argparse
import hashlib
import json
import pathlib
import sys

import pandas as pd

import codelen_results as results
import figures
import training

BYTES_EACH = 2  # of a stored parameter
START, END = "<!-- card -->", "<!-- end of card -->"


def spent(logs):
    """Bytes, operations and seconds of a training in stages."""
    bytes_, flops, seconds = 0.0, 0.0, 0.0
    ends = [begin_of(log) for log in logs[1:]] + [float("inf")]
    for log, end in zip(logs, ends):
        before = begin_of(log)
        for row in log.steps.itertuples():
            here = min(row.bytes, end) - before
            if here <= 0:
                break
            took = here / row.bytes_per_second
            bytes_ += here
            seconds += took
            flops += 1e9 * row.gflops * took
            before = row.bytes
    return bytes_, flops, seconds


def begin_of(log):
    """Bytes seen when a stage began: its first start says its step."""
    first = log.steps.iloc[0]
    step = log.starts[0]["step"] if log.starts else 0
    return step * first["bytes"] / first["step"]


def hash_of(model):
    """SHA-256 of weights and configuration, as results files have it."""
    return hashlib.sha256((model / "model.safetensors").read_bytes()
                          + (model / "config.json").read_bytes()).hexdigest()


def size_of(model):
    """Number of parameters, by the shapes in the file of weights."""
    with open(model / "model.safetensors", "rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    n = 0
    for name, tensor in head.items():
        if name != "__metadata__":
            count = 1
            for axis in tensor["shape"]:
                count *= axis
            n += count
    return n


def shape_text(model):
    """The architecture in a line."""
    config = json.loads((model / "config.json").read_text())
    keys = [("num_hidden_layers", "layers"), ("hidden_size", "wide"),
            ("num_attention_heads", "heads"),
            ("num_key_value_heads", "key heads"), ("head_dim", "numbers each"),
            ("intermediate_size", "in the MLP"),
            ("sliding_window", "positions of window")]
    parts = [f"{config[key]} {what}" for key, what in keys if config.get(key)]
    return f"`{config['model_type']}`, {', '.join(parts)}"


def seconds_text(seconds):
    """'2 h 05 min'."""
    minutes = round(seconds / 60)
    return (f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60
            else f"{minutes} min")


def training_part(logs):
    """Lines on what it cost."""
    bytes_, flops, seconds = spent(logs)
    starts = [start for log in logs for start in log.starts]
    cores = {start["ranks"] * start["threads"] for start in starts}
    lines = [f"* {bytes_:.3g} bytes of text seen, {flops:.2g} floating-point "
             f"operations, {seconds_text(seconds)} of training on "
             f"{' and '.join(map(str, sorted(cores)))} "
             f"core{'s' if cores != {1} else ''}"]
    if len(logs) > 1:
        lines.append(f"* {len(logs)} stages, summed")
    last = logs[-1].validations
    if len(last):
        lines.append(f"* text held out: "
                     f"{last.validation_bits_per_byte.iloc[-1]:.4f} bits per "
                     "byte")
        if "validation_bits_per_byte_f32" in last and pd.notna(
                last.validation_bits_per_byte_f32.iloc[-1]):
            lines[-1] += (f" ({last.validation_bits_per_byte_f32.iloc[-1]:.4f} "
                          "before storing 16 bits)")
    return lines


def rates_part(model, summary):
    """Table of its rates, and of others on the same text and chunks."""
    mine = summary[summary.model_sha256 == hash_of(model)]
    if not len(mine):
        raise results.ResultsError(
            f"{model}: no results of these weights among those given")
    lines = ["| text | predictor | bits per byte | raw rate | with "
             f"{BYTES_EACH} bytes a parameter | kB/s of a core |",
             "|---|---|---|---|---|---|"]
    for _, group in mine.groupby(figures.PROTOCOL, sort=False):
        key = group.iloc[0][figures.PROTOCOL]
        others = summary[(summary[figures.PROTOCOL] == key).all(axis=1)
                         & (summary.parameters == 0)
                         & (summary.predictor != "uniform")]
        best = group.sort_values("bytes_per_second").iloc[[-1]]
        for row in pd.concat([best, others.sort_values("raw_rate")]).itertuples():
            adjusted = (row.coded_bytes + row.parameters * BYTES_EACH) / row.raw_bytes
            name = model.name if row.parameters else row.label
            speed = row.bytes_per_second / (row.ranks * row.threads) / 1e3
            lines.append(f"| {figures.protocol(row)} | {name} | "
                         f"{row.bits_per_byte:.4f} | {100 * row.raw_rate:.2f} % "
                         f"| {100 * adjusted:.2f} % | {speed:,.0f} |")
    return lines


def card(model, logs, recipe, summary, text):
    """All of it as Markdown."""
    lines = [f"# {model.name}", "", START,
             f"{size_of(model):,} parameters, stored in 16 bits (bf16): "
             f"{shape_text(model)}. Symbols are bytes; the start symbol is "
             "byte 0.", "", "## Training", "", text, "",
             *training_part(logs), ""]
    if recipe is not None:
        lines += [f"The recipe, `{recipe}`:", "", "```",
                  recipe.read_text().rstrip(), "```", ""]
    if summary is not None:
        lines += ["## Rates", "", *rates_part(model, summary), "",
                  "Each chunk is coded on its own; exact mode.", ""]
    return "\n".join(lines + [END]) + "\n"


def keep_rest(path, new):
    """What people wrote after the card stays."""
    if path.exists() and END in path.read_text():
        rest = path.read_text().split(END, 1)[1].lstrip("\n")
        return new + ("\n" + rest if rest else "")
    return new


TEXT = ("Learnt from plain text of the English Wikipedia of May 2015 "
        "(WikiExtractor, articles in id order, the first 98 MB), (c) its "
        "contributors, licence CC BY-SA 3.0. The weights are a statistic of "
        "that text; they come under the licence of this program.")


def main():
    """Write the card of one model."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, metavar="MODEL",
                        help="directory with config.json and weights")
    parser.add_argument("--log", nargs="+", required=True, metavar="RUN",
                        help="logs of the stages of training, in order")
    parser.add_argument("--recipe", type=pathlib.Path, metavar="JOB",
                        help="job file that repeats the training")
    parser.add_argument("--results", nargs="+", metavar="RESULTS",
                        help="files, patterns or directories of measurements")
    parser.add_argument("--text", default=TEXT,
                        help="the paragraph on the training text")
    args = parser.parse_args()
    try:
        logs = [training.load(name) for name in args.log]
        summary = args.results and results.load_summary(args.results)
        new = card(args.model, logs, args.recipe,
                   summary if args.results else None, args.text)
    except (results.ResultsError, OSError) as error:
        sys.exit(f"card.py: {error}")
    path = args.model / "README.md"
    path.write_text(keep_rest(path, new))
    print(f"written: {path}")


if __name__ == "__main__":
    main()
