"""What the scripts of tables and figures share: data, looks, files.

A script has build(data) -> Item and ends with command(build, __doc__), which
makes it a command of its own; report.py puts all items on one page.
"""

import argparse
import io
import pathlib
import sys
from dataclasses import dataclass, field

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

import codelen_results as results

# Large enough to be read from the back of a room at the width of a screen.
STYLE = [pathlib.Path(__file__).with_name("style.mplstyle"),
         {"font.size": 13, "axes.titlesize": 13, "legend.fontsize": 11,
          "lines.linewidth": 2.2, "lines.markersize": 7,
          "svg.hashsalt": "codelen"}]
# Blue, vermilion, green, purple, orange, sky, grey: told apart also by people
# who do not see red or green; each line has a marker of its own besides.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
           "#444444"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
BEHIND = "#999999"  # what is drawn for comparison only
# What is one text, or image or sound: results of different ones do not mix.
CORPUS = ["corpus", "first", "raw_bytes"]
PROTOCOL = CORPUS + ["chunk_bytes"]
TEXT = ["corpus", "first"]  # also when less of it was measured


@dataclass
class Data:
    """All that was read."""

    summary: pd.DataFrame  # a row per results file, maybe none
    training: pd.DataFrame  # a row per validation, maybe none
    unfinished: list  # files whose runs were begun and not ended


@dataclass
class Item:
    """A table, mostly with a figure of the same numbers."""

    name: str  # of its files
    title: str
    caption: str  # how to read it and what it shows
    table: pd.DataFrame
    formats: dict = field(default_factory=dict)  # column -> format string
    figure: object = None
    is_table: bool = False  # the table is what matters, not its figure


def missing(what, job):
    """The error of an item whose runs are not among the results."""
    return results.ResultsError(
        f"no results of {what}: jobs/full/{job}.sweep makes them, or in "
        "small jobs/small-study.sh")


def load(patterns):
    """Read everything that names, patterns and directories give."""
    paths, unfinished = results.listed(patterns)
    kinds = {path: results.kind_of(path) for path in paths}
    measured = [p for p in paths if kinds[p] != results.TRAINING]
    trained = [p for p in paths if kinds[p] == results.TRAINING]
    return Data(
        mark_samples(results.load_summary(measured)) if measured
        else pd.DataFrame(),
        results.load_training(trained) if trained else pd.DataFrame(),
        unfinished)


def mark_samples(summary):
    """Say in the label where only the beginning of a text was measured."""
    most = summary.groupby(TEXT).raw_bytes.transform("max")
    name = summary.assign(rank=-summary.raw_bytes).sort_values("rank").groupby(
        TEXT).corpus_label.transform("first")
    part = summary.raw_bytes < most
    first = summary.raw_bytes.map(results.size_text)
    return summary.assign(
        label=summary.label.where(
            ~part, summary.label + " (first " + first + ")"),
        corpus_label=name, text_bytes=most)


def models(summary):
    """Rows with parameters."""
    return summary[summary.parameters > 0] if len(summary) else summary


def largest_group(table, keys, worth):
    """The group of equal keys that is worth most, as a table."""
    groups = [group for _, group in table.groupby(keys, dropna=False)]
    return max(groups, key=worth) if groups else table


def protocol(row):
    """What stands beside every rate: text, chunk, context, tokenizer."""
    chunk = ("one chunk" if row.chunk_bytes == results.WHOLE
             else f"chunks of {row.chunk_bytes:,} bytes")
    return f"{row.corpus_label}, {chunk}"


def count_text(n):
    """231936 -> '232K'."""
    for unit in ["", "K", "M", "B"]:
        if n < 999.5:
            return f"{n:.3g}{unit}"
        n /= 1000
    return f"{n:.3g}T"


def number_text(value):
    """Four digits; what is as good as nothing is 0."""
    return "0" if abs(value) < 1e-6 else f"{value:.4g}"


def looks(k):
    """Colour and marker of line k."""
    return {"color": COLOURS[k % len(COLOURS)],
            "marker": MARKERS[k % len(MARKERS)]}


def subplots(*args, **options):
    """plt.subplots; the caller is inside style()."""
    fig, axes = plt.subplots(*args, **options)
    return fig, axes


def style():
    """Context in which figures are drawn."""
    return plt.style.context(STYLE)


def per_cent_axis(ax):
    """A log axis of rates with plain numbers on it."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ticks = [m * 10**e for e in range(4) for m in (1, 2, 3, 5)]
    shown = [t for t in ticks if low <= t <= high]
    ax.set_yticks(shown, [f"{t:,}" for t in shown])
    ax.minorticks_off()


def power_axis(ax, low, high):
    """A log axis of lengths: every second power of 2, none between."""
    ax.set_xscale("log", base=2)
    ticks = [4**k for k in range(20) if low <= 4**k <= high]
    ax.set_xticks(ticks, [f"{t:,}" for t in ticks])
    ax.minorticks_off()


def best_per_size(table):
    """Of models that differ only in training the best of each size; rows
    without parameters stay."""
    table = table.sort_values("raw_rate")
    again = table.duplicated(PROTOCOL + ["family", "parameters", "vocabulary"])
    return table[~again | (table.parameters == 0)]


def label_ends(ax, lines, gap=0.045):
    """Write names at the right ends of lines, moved apart vertically.

    lines: (x, y, text, colour) in data coordinates; gap is the least
    distance as a share of the axis.
    """
    to_axis = ax.transData + ax.transAxes.inverted()
    placed = sorted((to_axis.transform((x, y)).tolist() + [text, colour]
                     for x, y, text, colour in lines), key=lambda p: p[1])
    heights = [p[1] for p in placed]
    for _ in range(200):
        moved = False
        for i in range(len(heights) - 1):
            overlap = gap - (heights[i + 1] - heights[i])
            if overlap > 1e-6:
                heights[i] -= overlap / 2
                heights[i + 1] += overlap / 2
                moved = True
        if not moved:
            break
    for (x, y, text, colour), height in zip(placed, heights):
        ax.annotate(text, (x, y), xytext=(max(x, 0) + 0.02, height),
                    xycoords="axes fraction", textcoords="axes fraction",
                    color=colour, va="center", fontsize=11,
                    annotation_clip=False,
                    arrowprops=dict(arrowstyle="-", color=colour, lw=0.6,
                                    shrinkA=0, shrinkB=3))


def svg(figure):
    """The figure as SVG for a page: letters as outlines, no header."""
    out = io.StringIO()
    with style():
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg"):]


def save(item, directory):
    """Figure as PDF, numbers as CSV."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    item.table.to_csv(directory / f"{item.name}.csv", index=False)
    if item.figure is not None:
        with style():
            item.figure.savefig(directory / f"{item.name}.pdf",
                                metadata={"CreationDate": None})


def formatted(item):
    """The table as text, column by column."""
    return pd.DataFrame({
        name: [cell(value, item.formats.get(name)) for value in column]
        for name, column in item.table.items()})


def cell(value, form):
    """One value of a table as people read it."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if callable(form):
        return form(value)
    return form.format(value) if form else str(value)


def command(build, description):
    """main() of a script: results in, table on standard output, files."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="RESULTS",
                        help="files, patterns or directories")
    parser.add_argument("-o", "--out", metavar="DIR",
                        help="write the figure (PDF) and numbers (CSV) there")
    args = parser.parse_args()
    try:
        item = build(load(args.results))
    except results.ResultsError as error:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {error}")
    print(item.title)
    print(formatted(item).to_string(index=False))
    print(item.caption)
    if args.out:
        save(item, args.out)
        print(f"written: {args.out}/{item.name}.*")
