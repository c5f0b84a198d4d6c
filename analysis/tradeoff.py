#!/usr/bin/python3
"""What windows, heads and layers cost in speed and give in bits.

    analysis/tradeoff.py out/tradeoff -o figures

Results of measure, with models whose config.json lies beside their weights.
Speed is per core, bytes per second; the line joins the models that no other
one beats in both.
"""

import argparse
import json
import pathlib
import sys

import pandas as pd

import codelen_results as results
import figures


def shape(predictor):
    """What sets a model apart, by its config.json."""
    place = results.model_directory(predictor)
    if place is None or not (pathlib.Path(place) / "config.json").exists():
        raise results.ResultsError(
            f"{predictor}: no config.json beside its weights here")
    config = json.loads((pathlib.Path(place) / "config.json").read_text())
    heads = config.get("num_attention_heads") or config.get("num_heads")
    layers = config.get("num_hidden_layers") or config.get("num_layers")
    width = config.get("hidden_size") or config.get("embedding_dim")
    kinds = config.get("layer_types") or []
    window = config.get("sliding_window") or 0
    if not config.get("use_sliding_window", True):
        window = 0
    full = kinds.count("full_attention") if kinds else 0 if window else layers
    return {"layers": layers, "width": width, "heads": heads,
            "key_heads": config.get("num_key_value_heads") or heads,
            "window": window, "full_layers": full if window else layers}


def name_of(row):
    """'5 x 64, 2/1 heads, window 128': what stands beside a point."""
    window = f"window {row.window}" if row.window else "no window"
    if row.window and row.full_layers:
        window += f", {row.full_layers} full"
    return (f"{row.layers} x {row.width}, {row.heads}/{row.key_heads} heads, "
            f"{window}")


def select(summary):
    """Models of the text and chunk that most of them were measured on."""
    table = figures.models(summary)
    if not len(table):
        raise results.ResultsError("no results of models")
    table = figures.largest_group(table, figures.PROTOCOL, len)
    shapes = pd.DataFrame([shape(p) for p in table.predictor],
                          index=table.index)
    table = table.join(shapes)
    cores = table.ranks * table.threads
    return table.assign(
        shape=[name_of(row) for row in table.itertuples()],
        bytes_per_second=table.bytes_per_second / cores
    ).sort_values("bytes_per_second")


def undominated(table):
    """Rows that no other is faster and shorter than."""
    best = table[::-1].bits_per_byte.cummin()[::-1]
    return table[table.bits_per_byte <= best]


def draw(table):
    """Bits against speed, a point per model."""
    fig, ax = figures.subplots(figsize=(8.5, 5.4))
    front = undominated(table)
    ax.plot(front.bytes_per_second / 1e3, front.bits_per_byte, "-",
            color=figures.BEHIND, zorder=1)
    near = table.parameters.map(lambda n: float(f"{n:.1g}"))
    for k, (parameters, group) in enumerate(table.groupby(near)):
        ax.scatter(group.bytes_per_second / 1e3, group.bits_per_byte, s=50,
                   label="near " + figures.count_text(parameters), zorder=2, **figures.looks(k))
    for row in table.itertuples():
        ax.annotate(row.shape, (row.bytes_per_second / 1e3, row.bits_per_byte),
                    xytext=(6, 5), textcoords="offset points", fontsize=9)
    ax.set_xscale("log")
    low, high = table.bytes_per_second.min(), table.bytes_per_second.max()
    ax.set_xlim(low / 1e3 / 1.2, high / 1e3 * 1.9)  # room for names
    ticks = [m * 10**e for e in range(-1, 4) for m in (1, 1.5, 2, 3, 5, 7)
             if low / 1200 <= m * 10**e <= high / 1e3 * 1.9]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_xlabel("speed of one core (kB/s)")
    ax.set_ylabel("code length (bits per byte)")
    ax.set_title(figures.protocol(table.iloc[0]), loc="left")
    ax.legend(title="parameters")
    fig.tight_layout()
    return fig


def build(summary):
    """Table, figure and caption."""
    table = select(summary)
    with figures.style():
        fig = draw(table)
    columns = ["label", "shape", "parameters", "bits_per_byte", "raw_rate",
               "bytes_per_second"]
    caption = ("Bits per byte against speed, math and machine being the same "
               "for all. The line joins the models that no other one beats in "
               "both.")
    formats = {"parameters": "{:,}", "bits_per_byte": "{:.4f}",
               "raw_rate": "{:.4f}", "bytes_per_second": "{:,.0f}"}
    return figures.Item("tradeoff", "Bits and speed of shapes", caption,
                        table[columns], formats, fig)


def main():
    """Results in; figure as PDF and PNG, numbers as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="RESULTS",
                        help="files, patterns or directories")
    parser.add_argument("-o", "--out", metavar="DIR",
                        help="write tradeoff.pdf, .png and .csv there")
    args = parser.parse_args()
    try:
        item = build(results.load_summary(args.results))
    except results.ResultsError as error:
        sys.exit(f"tradeoff.py: {error}")
    print(figures.formatted(item).to_string(index=False))
    if args.out:
        figures.save(item, args.out)
        with figures.style():
            item.figure.savefig(pathlib.Path(args.out) / "tradeoff.png")
        print(f"written: {args.out}/tradeoff.*")


if __name__ == "__main__":
    main()
