#!/usr/bin/python3
"""One page of all that was measured: tables, figures, fits, provenance.

    analysis/report.py out/small -o report.html
    analysis/report.py out/*.h5 models --chinchilla points.csv -o report.html

The page needs no network and no other file.  Beside it, in a directory of
its name without .html, each figure lies as PDF and its numbers as CSV.
What cannot be shown is listed with the command that makes the missing runs.
"""

import argparse
import pathlib
import platform
import sys

import h5py
import matplotlib
import numpy
import pandas as pd
import scipy

import adjusted
import benchmarks
import chunks
import figure2
import figure4
import figures
import fit
import grid
import page
import table1
import table2
import training
from codelen_results import ResultsError, size_text, without_json

ORDER = [table1, figure2, adjusted, figure4, chunks, table2]
SMALL_BYTES = 1e8  # below the paper's smallest enwik8, a text is 'small'
MOST_OPEN = 30  # rows of a table that is shown without a click


def run_table(data):
    """What was run: a row per results file."""
    if not len(data.summary):
        return pd.DataFrame()
    s = data.summary.sort_values(["corpus_label", "chunk_bytes", "raw_rate"])
    return pd.DataFrame({
        "compressor": s.label, "corpus": s.corpus_label,
        "from byte": s["first"],
        "chunk (bytes)": s.chunk_bytes.map(table1.chunk_text),
        "context (tokens)": s.context, "tokenizer": s.tokenizer,
        "vocabulary": s.vocabulary, "numbers": s.math,
        "parameters": s.parameters, "raw %": 100 * s.raw_rate,
        "adjusted %": 100 * s.adjusted_rate,
        "bits per byte": s.bits_per_byte,
        "± (standard error)": s.bits_per_byte_error,
        "kB/s": s.bytes_per_second / 1000, "seconds": s.seconds,
        "ranks x threads": [f"{r} x {t}" for r, t in zip(s.ranks, s.threads)],
        "file": s.file})


RUN_FORMATS = {
    "from byte": "{:,}", "parameters": "{:,}", "raw %": "{:.2f}",
    "adjusted %": table1.rate_text, "bits per byte": "{:.4f}",
    "± (standard error)": "{:.4f}", "kB/s": "{:,.1f}", "seconds": "{:,.1f}"}


def training_table(data):
    """A row per training run."""
    last = data.training.sort_values("bytes").groupby("file").tail(1)
    return pd.DataFrame({
        "model": last.label, "parameters": last.parameters,
        "text seen (bytes)": last.bytes, "steps": last.steps,
        "held-out bits per byte": last.bits_per_byte,
        "complete": last.final.map({True: "yes", False: "no"}),
        "seconds": last.seconds,
        "operations, 6 N D": 6 * last.parameters * last.bytes,
        "file": last.file}).sort_values(["parameters", "text seen (bytes)"])


TRAINING_FORMATS = {
    "parameters": "{:,}", "text seen (bytes)": "{:,.0f}", "steps": "{:,.0f}",
    "held-out bits per byte": "{:.4f}", "seconds": "{:,.0f}",
    "operations, 6 N D": "{:.2e}"}


def learning_curves(data):
    """Of each model size the run that saw most text."""
    last = data.training.sort_values("bytes").groupby("parameters").tail(1)
    logs = [training.load(name) for name in
            last.sort_values("parameters").file]
    for log in logs:
        log.label = without_json(log.label)
    return training.build(logs)


def lists(data):
    """Items that list runs."""
    items = []
    if len(data.training):
        items.append(figures.Item(
            "trained", "Models that were trained here",
            "Held-out: text that training left out, in chunks, by the same "
            "code as every measurement.", training_table(data),
            TRAINING_FORMATS))
    if len(data.summary):
        items.append(figures.Item(
            "runs", "What was run",
            "One row per results file. Rates: bytes of the code (adjusted: "
            "and of the parameters) over original bytes.", run_table(data),
            RUN_FORMATS))
    return items


def provenance(data):
    """Name and value of what made the numbers."""
    rows = []
    s = data.summary
    if len(s):
        for name, words in [("revision", "codelen revision"),
                            ("hosts", "machine")]:
            rows += [(words, v) for v in sorted(s[name].unique()) if v]
        rows.append(("runs began", f"{s.started.min()} to {s.started.max()}"))
        for row in s.drop_duplicates("corpus").itertuples():
            rows.append((row.corpus, f"SHA-256 {row.corpus_sha256}"
                         if row.corpus_sha256 else "generated"))
        for row in s[s.model_sha256 != ""].drop_duplicates(
                "model_sha256").itertuples():
            rows.append((row.predictor, f"SHA-256 {row.model_sha256}"))
    rows.append(("tables and figures", ", ".join(
        f"{m.__name__} {m.__version__}"
        for m in (numpy, scipy, pd, matplotlib, h5py)) +
        f", Python {platform.python_version()}"))
    return pd.DataFrame(rows, columns=["what", "value"])


def collect(data, args):
    """Items that can be made, and reasons of those that cannot."""
    items, absent = [], []

    def attempt(make):
        try:
            made = make()
            items.extend(made if isinstance(made, list) else [made])
        except ResultsError as error:
            absent.append(str(error))

    for module in ORDER:
        shown = len(items)
        attempt(lambda: module.build(data))
        if len(items) > shown and hasattr(module, "published"):
            items.append(module.published())
        if len(items) > shown and module is adjusted:
            items.append(adjusted.build_rates(data))
    attempt(lambda: grid.build_all(data))
    if len(data.training):
        attempt(lambda: learning_curves(data))
    if args.chinchilla:
        attempt(lambda: grid.build_chinchilla(args.chinchilla))
    if args.benchmarks:
        attempt(lambda: benchmarks.build(fit.read_csv(
            args.benchmarks, ["model", "shots", "step", benchmarks.BITS])))
    return items + lists(data), absent


def findings(data):
    """The answer in a few sentences, at the top."""
    s = data.summary
    if not len(s):
        return []
    out = []
    largest = s.raw_bytes.max()
    version = ("small versions of the studies" if largest < SMALL_BYTES
               else "studies in full size")
    corpora = s.corpus_label.nunique()
    out.append(f"{len(s)} runs over {corpora} "
               f"{'corpus' if corpora == 1 else 'corpora'}, up to "
               f"{size_text(largest)} each: {version}.")
    try:
        table, usual = table1.select(data)
    except ResultsError:
        return out
    first = table[(table.chunk_bytes == usual) & (table.predictor !=
                                                  "markov")]
    if not len(first):
        return out
    group = figures.largest_group(first, figures.TEXT, len)
    best = group.loc[group.raw_rate.idxmin()]
    pays = group.loc[group.adjusted_rate.idxmin()]
    out.append(f"Shortest code ({figures.protocol(best)}): {best.label}, "
               f"{100 * best.raw_rate:.1f} % of the original "
               f"({best.bits_per_byte:.3f} bits per byte).")
    if pays.label != best.label:
        out.append(f"With the parameters counted, {pays.label} is shortest "
                   f"for a text of that length: "
                   f"{table1.rate_text(100 * pays.adjusted_rate)} %, against "
                   f"{table1.rate_text(100 * best.adjusted_rate)} % of "
                   f"{best.label}.")
    return out


def main():
    """Results in, page out."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="RESULTS",
                        help="files, patterns or directories")
    parser.add_argument("-o", "--out", required=True, metavar="FILE.html")
    parser.add_argument("--title", default="How many bits does it take?")
    parser.add_argument("--chinchilla", metavar="CSV",
                        help="also refit these published points (fit.py)")
    parser.add_argument("--benchmarks", metavar="CSV",
                        help="also correlate these evaluations (fit.py)")
    args = parser.parse_args()
    out = pathlib.Path(args.out)
    if out.suffix != ".html":
        parser.error(f"--out {out}: want a name that ends with .html")
    try:
        data = figures.load(args.results)
        items, absent = collect(data, args)
    except ResultsError as error:
        sys.exit(f"report.py: {error}")
    beside = out.with_suffix("")
    for item in items:
        figures.save(item, beside)
    absent += [f"{path}: begun and not complete; run its command again"
               for path in data.unfinished]
    out.write_text(page.render(
        args.title, findings(data), items, absent, provenance(data),
        beside.name, MOST_OPEN), encoding="utf-8")
    for reason in absent:
        print(f"report.py: not shown: {reason}", file=sys.stderr)
    print(f"{out}: {len(items)} tables and figures; "
          f"{beside}: PDF and CSV of each")


if __name__ == "__main__":
    main()
