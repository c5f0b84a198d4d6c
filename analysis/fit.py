#!/usr/bin/python3
"""Fit laws of code length to trained models, or to published points.

    analysis/fit.py out/grid                     results and training logs
    analysis/fit.py --chinchilla points.csv      Model Size, Training FLOP, loss
    analysis/fit.py --benchmarks evaluations.csv
    ... --json                                   all numbers for a program

The law is L(N, D) = E + A / N^alpha + B / D^beta: loss against parameters
and bytes of training text (of the points of Chinchilla: tokens).  Also L(N)
at the most data, L(D) of the largest model, and L(N, S) over training steps.
Of 95 % intervals: bootstrap over the points.  The extrapolation test fits
without the largest fifth of the runs and predicts them.  --benchmarks
correlates bits per byte with accuracies (columns model, shots, step,
wikitext_bits_per_byte, then one per benchmark: the layout of the Pythia
evaluations).
"""

import argparse
import json
import sys

import numpy as np
import pandas as pd

import benchmarks
import figures
import scaling
from codelen_results import ResultsError

ND, NS = ["parameters", "bytes"], ["parameters", "steps"]
LEAST_POINTS = 8  # for a law with five numbers
# Points of Figure 4 of Hoffmann et al. that are far off all others, by rule:
# those with the five largest losses, as Besiroglu et al. leave them out.
CHINCHILLA_LEFT_OUT = 5


def read_csv(path, columns):
    """A table that has the columns, or an error that names the file."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: {error}") from error
    absent = [c for c in columns if c not in table]
    if absent:
        raise ResultsError(f"{path}: no column '{absent[0]}'")
    return table


def chinchilla_points(path):
    """Points extracted from the figure of Hoffmann et al.: D = C / 6 N."""
    table = read_csv(path, ["Model Size", "Training FLOP", "loss"])
    table = table.rename(columns={"Model Size": "parameters"})
    table["bytes"] = table["Training FLOP"] / (6 * table.parameters)
    limit = table.loss.nlargest(CHINCHILLA_LEFT_OUT).min()
    return table[table.loss < limit].reset_index(drop=True)


def measured_points(data):
    """Models whose training is known: size, bytes seen, bits per byte.

    Measurements of one text under one protocol if there are enough, else the
    last validations of the training logs.
    """
    models = figures.models(data.summary)
    if len(models):
        known = models[models.trained_bytes.notna()]
        known = known.assign(bytes=known.trained_bytes,
                             loss=known.bits_per_byte)
        keys = figures.PROTOCOL + ["family", "vocabulary"]
        if len(known):
            group = figures.largest_group(known, keys, len)
            if len(group) >= LEAST_POINTS:
                return group.drop_duplicates("model_sha256")
    if len(data.training):
        final = data.training[data.training.final]
        if len(final) >= LEAST_POINTS:
            return final.assign(loss=final.bits_per_byte)
    raise figures.missing(
        f"at least {LEAST_POINTS} models of several sizes and amounts of "
        "training", "grid")


def step_points(data):
    """Validations after the warm-up of all training runs."""
    table = data.training
    if not len(table):
        raise figures.missing("training (train.h5)", "grid")
    late = table[table.steps >= 0.1 * table.groupby("file").steps.transform(
        "max")]
    return late.assign(loss=late.bits_per_byte)


def law(table, columns, n_bootstrap):
    """A fit with its extrapolation test, or the reason why there is none."""
    try:
        fit = scaling.fit_law(table, columns, n_bootstrap=n_bootstrap)
        test = scaling.extrapolate(table, columns)
    except ValueError as error:
        return None, {"reason": str(error)}
    return fit, test


def all_laws(table, steps, n_bootstrap):
    """Name -> (fit, extrapolation test) of every law that can be fitted."""
    most_data = table[table.bytes > 0.75 * table.bytes.max()]
    largest = table[table.parameters > 0.99 * table.parameters.max()]
    laws = {"L(N,D)": law(table, ND, n_bootstrap),
            "L(N)": law(most_data, ["parameters"], n_bootstrap),
            "L(D)": law(largest, ["bytes"], n_bootstrap)}
    if steps is not None:
        laws["L(N,S)"] = law(steps, NS, n_bootstrap)
    return laws


def budgets(table):
    """Training FLOPs: decades from the smallest run to 100 times the
    largest."""
    flops = 6 * table.parameters * table.bytes
    low, high = np.log10(flops.min()), np.log10(flops.max()) + 2
    return 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)


def test_as_json(test):
    """The extrapolation test without its rows."""
    return {k: v for k, v in test.items() if k != "rows"}


def as_json(laws, table):
    """L(N,D) at the top, the others below it."""
    fit, test = laws["L(N,D)"]
    if fit is None:
        raise ResultsError(f"L(N,D): {test['reason']}")
    optimal = scaling.allocate(fit, budgets(table))
    return fit.as_json() | {
        "extrapolation": test_as_json(test),
        "allocation": {k: list(v) for k, v in optimal.items()},
        "laws": {name: (f.as_json() if f else {}) |
                 {"extrapolation": test_as_json(t)}
                 for name, (f, t) in laws.items() if name != "L(N,D)"}}


def print_law(name, fit, test):
    """Numbers of one law with their intervals."""
    if fit is None:
        print(f"{name}: not fitted: {test['reason']}")
        return
    print(f"{name}: {fit.n_points} points, sum of Huber losses "
          f"{fit.huber:.6e}")
    for number in fit.names():
        interval = fit.interval(number)
        text = f"  {number:6}{fit.value(number):12.5g}"
        if interval:
            text += "   95 % {:.4g} to {:.4g}".format(*interval)
        print(text)
    print(f"  without the largest {test['left_out']} runs: mean error "
          f"{test['error_fitted']:.2%} inside, {test['error_left_out']:.2%} "
          f"of the largest, bias {test['bias_left_out']:+.2%}")


def print_allocation(fit, table):
    """Best model size and data of each budget."""
    if fit is None:
        return
    print(f"best allocation (C = 6 N D), N grows as C^a, a = "
          f"{fit.value('a'):.3f}:")
    print(f"  {'FLOPs':>8} {'parameters':>11} {'data':>10} {'loss':>7}")
    best = pd.DataFrame(scaling.allocate(fit, budgets(table)))
    for row in best.itertuples():
        print(f"  {row.flops:8.0e} {row.parameters:11.3g} {row.bytes:10.3g} "
              f"{row.loss:7.4f}")


def correlate(path, as_text):
    """--benchmarks: correlations, and the law over size and steps."""
    table = read_csv(path, ["model", "shots", "step", benchmarks.BITS])
    found = benchmarks.correlations(table)
    if not as_text:
        return found.to_dict("records")
    print(f"{path}: correlation of bits per byte with accuracy")
    print(found.to_string(index=False, float_format="{:.3f}".format))
    return None


def main():
    """Options in, numbers out."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", metavar="RESULTS",
                        help="files, patterns or directories")
    parser.add_argument("--chinchilla", metavar="CSV")
    parser.add_argument("--benchmarks", metavar="CSV")
    parser.add_argument("--bootstrap", type=int, default=400, metavar="N",
                        help="samples for the intervals (default 400)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    sources = [bool(args.results), args.chinchilla, args.benchmarks]
    if sum(map(bool, sources)) != 1:
        parser.error("needs one of RESULTS, --chinchilla, --benchmarks")
    try:
        if args.benchmarks:
            out = correlate(args.benchmarks, not args.json)
        else:
            steps = None
            if args.chinchilla:
                table = chinchilla_points(args.chinchilla)
            else:
                data = figures.load(args.results)
                table = measured_points(data)
                steps = step_points(data) if len(data.training) else None
            laws = all_laws(table, steps, args.bootstrap)
            out = as_json(laws, table)
            if not args.json:
                for name, (fit, test) in laws.items():
                    print_law(name, fit, test)
                print_allocation(laws["L(N,D)"][0], table)
    except ResultsError as error:
        sys.exit(f"fit.py: {error}")
    if args.json:
        json.dump(out, sys.stdout, indent=1)
        print()


if __name__ == "__main__":
    main()
