"""Table and figure of jobs/quickstart.sh.

Left: adjusted and raw rate of each compressor; right: bits per byte against
the position in the chunk.
"""

import argparse
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import codelen_results as results

COLOURS = {"compressor": "#0072b2", "adaptive predictor": "#009e73",
           "language model": "#d55e00"}
STYLE = pathlib.Path(__file__).with_name("style.mplstyle")


def speed(bytes_per_second):
    """Text with three digits: '1.23 MB/s'."""
    for unit in ["B", "kB", "MB", "GB"]:
        if bytes_per_second < 999.5 or unit == "GB":
            return f"{bytes_per_second:.3g} {unit}/s"
        bytes_per_second /= 1000
    return ""


def label(row):
    """Short name of a compressor: the file's name after 'text-'."""
    return pathlib.Path(row.file).stem.removeprefix("text-")


def print_table(table):
    """For people, best rate first."""
    head = ["compressor", "raw bytes", "chunk", "tokenizer", "context",
            "raw rate", "adjusted", "bits/byte", "speed"]
    print(f"{head[0]:16} {head[1]:>9} {head[2]:>5} {head[3]:>9} {head[4]:>7} "
          f"{head[5]:>8} {head[6]:>10} {head[7]:>9}  {head[8]}")
    for row in table.sort_values("raw_rate").itertuples():
        chunk = "whole" if row.chunk_bytes == 0 else row.chunk_bytes
        adjusted = f"{row.adjusted_rate:.{2 if row.adjusted_rate < 10 else 0}%}"
        print(f"{row.label:16} {row.raw_bytes:9d} {chunk:>5} "
              f"{row.tokenizer or '-':>9} {row.context or '-':>7} "
              f"{row.raw_rate:8.2%} {adjusted:>10} "
              f"{row.bits_per_byte:9.4f}  {speed(row.bytes_per_second)}")


def draw_rates(ax, table):
    """Bars of the raw rate; models with parameters also say the adjusted."""
    table = table.sort_values("raw_rate", ascending=False)
    kinds = ["compressor" if command == "baseline" else
             "language model" if parameters else "adaptive predictor"
             for command, parameters in zip(table.command, table.parameters)]
    ax.barh(table.label, 100 * table.raw_rate,
            color=[COLOURS[kind] for kind in kinds])
    for kind, colour in COLOURS.items():
        if kind in kinds:
            ax.bar(0, 0, color=colour, label=kind)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.12), fontsize=8)
    for y, row in enumerate(table.itertuples()):
        text = f"{row.raw_rate:.1%}"
        if row.parameters:
            text += f"  (adjusted {row.adjusted_rate:.0%})"
        ax.text(100 * row.raw_rate + 1, y, text, va="center", fontsize=8)
    ax.set_xlim(0, 118)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("raw rate: coded / original bytes (%)")
    ax.set_title("chunks of 2,048 bytes")


def draw_positions(ax, table):
    """Bits per byte by position, with bootstrap bands over chunks."""
    chosen = table[table.command == "measure"]
    for row in chosen.sort_values("raw_rate").itertuples():
        if row.label == "uniform":  # drawn as a line, whatever the corpus
            continue
        curve = results.load_positions(row.file)
        x = np.sqrt((curve["first"] + 1) * curve["end"])
        line, = ax.plot(x, curve.bits_per_byte, label=row.label)
        ax.fill_between(x, curve.low, curve.high, alpha=0.2,
                        color=line.get_color(), linewidth=0)
    ax.axhline(8, color="#999999", linestyle=":", label="uniform")
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.set_ylim(0, None)
    ax.set_xlabel("position in the chunk (bytes)")
    ax.set_ylabel("bits per byte")
    ax.set_title("what the context is worth (bands: 95 % over chunks)")
    ax.legend(ncols=2, fontsize=8)


def figure(table):
    """The figure as an object."""
    with plt.style.context(STYLE):
        fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4),
                                          width_ratios=[1, 1.15])
        draw_rates(left, table)
        draw_positions(right, table)
        fig.tight_layout()
    return fig


def main():
    """Read the results, print the table, write the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True, help="directory")
    parser.add_argument("--out", required=True, help="figure, .png or .pdf")
    args = parser.parse_args()
    try:
        table = results.load_summary(f"{args.results}/*.h5")
    except results.ResultsError as error:
        sys.exit(f"quickstart.py: {error}")
    table["label"] = [label(row) for row in table.itertuples()]
    is_text = table.corpus.str.startswith("text:")
    print_table(table[is_text])
    print("\nknown entropy (markov source, 4 MB):")
    print_table(table[~is_text])
    figure(table[is_text]).savefig(args.out)
    print(f"\nfigure: {args.out}")


if __name__ == "__main__":
    main()
