#!/usr/bin/python3
"""Learning curves: bits per byte against bytes of text seen.

    analysis/training.py out/my-200k out/my-800k -o figures

A run is its train.jsonl or train.h5, or the directory of either.  Dotted:
training text, a mean of the steps of a line of the log; full lines with
marks: the text held out, as `codelen measure` counts it.
"""

import argparse
import json
import pathlib
import sys
from dataclasses import dataclass

import pandas as pd

import codelen_results as results
import figures

STEPS = ["step", "bytes", "seconds", "train_bits_per_byte",
         "bytes_per_second", "gflops", "share_of_peak"]
MOST_RUNS = 7
BITS_SHOWN = 1.5  # above the lowest


@dataclass
class Log:
    """What one run wrote down."""

    label: str
    starts: list  # of each time it was started; of HDF5 files: none
    steps: pd.DataFrame
    validations: pd.DataFrame  # the last one of a complete run is the model's


def read_lines(path):
    """A log of JSON lines; one that is still being written ends anywhere."""
    starts, steps, validations = [], [], []
    kinds = {"start": starts, "steps": steps, "validation": validations,
             "end": validations}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            event = json.loads(line)
        except ValueError as error:
            raise results.ResultsError(f"{path}:{number}: {error}") from error
        kinds.get(event.get("event"), []).append(event)
    return starts, pd.DataFrame(steps), pd.DataFrame(validations)


def read_h5(path):
    """The same of train.h5."""
    with results.open_results(path, results.TRAINING) as file:
        tables = [pd.DataFrame({name: file[group][name][:]
                                for name in file[group]})
                  if group in file else pd.DataFrame()
                  for group in ("steps", "validation")]
    return [], *tables


def find_log(name):
    """The log of a run that is named by its directory."""
    path = pathlib.Path(name)
    if path.is_dir():
        for inside in ("train.jsonl", "train.h5"):
            if (path / inside).exists():
                return path / inside
    if not path.is_file():
        raise results.ResultsError(f"{path}: no train.jsonl or train.h5")
    return path


def load(name):
    """The log of a run."""
    path = find_log(name)
    read = read_h5 if path.suffix == ".h5" else read_lines
    starts, steps, validations = read(path)
    if not len(steps):
        raise results.ResultsError(f"{path}: no steps in it yet")
    if not len(validations):
        validations = pd.DataFrame(
            {"bytes": [], "validation_bits_per_byte": []})
    return Log(path.resolve().parent.name, starts, steps.reindex(columns=STEPS),
               validations)


def tabulate(logs):
    """All points of all runs in one table."""
    parts = []
    for log in logs:
        for kind, table, column in [
                ("training", log.steps, "train_bits_per_byte"),
                ("validation", log.validations, "validation_bits_per_byte")]:
            parts.append(pd.DataFrame({
                "run": log.label, "text": kind, "bytes": table["bytes"],
                "bits_per_byte": table[column]}))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def smooth(steps):
    """Means of neighbouring lines, so that there are at most 200 points."""
    n = max(1, len(steps) // 200)
    return steps.groupby(steps.index // n)[["bytes", "train_bits_per_byte"]].mean()


def draw(logs):
    """Both texts of all runs."""
    fig, ax = figures.subplots(figsize=(8.5, 5.4))
    lowest, highest = [], []
    for k, log in enumerate(logs):
        looks = figures.looks(k)
        curve, held = smooth(log.steps), log.validations
        ax.plot(curve.bytes, curve.train_bits_per_byte, ":", linewidth=1.6,
                color=looks["color"],
                label=None if len(held) else f"{log.label} (training)")
        if len(held):
            last = held.validation_bits_per_byte.iloc[-1]
            ax.plot(held.bytes, held.validation_bits_per_byte, **looks,
                    markevery=max(1, len(held) // 12),
                    label=f"{log.label}: {last:.3f}")
        values = pd.concat([curve.train_bits_per_byte,
                            held.validation_bits_per_byte])
        lowest.append(values.min())
        highest.append(values.max())
    ax.set_xscale("log")
    # The first steps are far above all that matters.
    top = min(max(highest), min(lowest) + BITS_SHOWN)
    ax.set_ylim(min(lowest) - 0.05, top + 0.05)
    ax.set_xlabel("bytes of text seen")
    ax.set_ylabel("code length (bits per byte)")
    ax.legend(title="run: last validation")
    fig.tight_layout()
    return fig


def build(logs):
    """Table, figure and caption of some runs."""
    last = pd.DataFrame([{
        "run": log.label,
        "bytes": int(log.steps.bytes.iloc[-1]),
        "training": log.steps.train_bits_per_byte.iloc[-1],
        "validation": (log.validations.validation_bits_per_byte.iloc[-1]
                       if len(log.validations) else float("nan")),
        "bytes_per_second": log.steps.bytes_per_second.median(),
        "share_of_peak": log.steps.share_of_peak.median(),
    } for log in logs])
    with figures.style():
        fig = draw(logs[:MOST_RUNS])
    caption = ("Dotted: text that was learnt from, in the context and batch "
               "of training. Full lines: text held out, as codelen measure "
               "counts it. Speeds are medians over the log.")
    formats = {"bytes": "{:,}", "training": "{:.4f}", "validation": "{:.4f}",
               "bytes_per_second": "{:,.0f}", "share_of_peak": "{:.2f}"}
    return figures.Item("training", "Learning curves", caption, last, formats,
                        fig)


def main():
    """Logs in; figure as PDF and PNG, all points as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN",
                        help="train.jsonl, train.h5 or a directory with one")
    parser.add_argument("-o", "--out", metavar="DIR",
                        help="write training.pdf, .png and .csv there")
    args = parser.parse_args()
    try:
        logs = [load(name) for name in args.runs]
    except results.ResultsError as error:
        sys.exit(f"training.py: {error}")
    item = build(logs)
    print(figures.formatted(item).to_string(index=False))
    if args.out:
        item.table = tabulate(logs)
        figures.save(item, args.out)
        with figures.style():
            item.figure.savefig(pathlib.Path(args.out) / "training.png")
        print(f"written: {args.out}/training.*")


if __name__ == "__main__":
    main()
