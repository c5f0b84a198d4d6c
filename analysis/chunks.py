#!/usr/bin/python3
"""What chunk length and context do to the rate.

    analysis/chunks.py out/chunk out/context -o figures

Chunks are described on their own: longer ones share more.  A model's
context bounds what it can use of a chunk.
"""

import pandas as pd

import codelen_results as results
import figures
from table1 import chunk_text

LEAST = 3  # chunk lengths, or contexts, of a line
MOST_LINES = 7
COLUMNS = {"label": "compressor", "corpus_label": "corpus",
           "chunk_bytes": "chunk (bytes)", "context": "context (tokens)",
           "raw_rate": "raw %", "bits_per_byte": "bits per byte",
           "bits_per_byte_error": "± (standard error)"}


def several(table, keys, column):
    """Lines with enough different values of the column."""
    if not len(table):
        return table
    count = table.groupby(keys)[column].transform("nunique")
    return table[count >= LEAST]


def select(data):
    """Lines over chunk length, and over context, of one text each."""
    table = data.summary
    if len(table):
        table = table[table.predictor != "uniform"]
    keys = figures.CORPUS + ["label", "vocabulary"]
    over_chunks = several(table.drop_duplicates(
        keys + ["chunk_bytes", "command"]) if len(table) else table,
        keys, "chunk_bytes")
    models = figures.models(table)
    over_context = several(models, keys + ["chunk_bytes"], "context")
    if not len(over_chunks) and not len(over_context):
        raise figures.missing("several chunk lengths or contexts",
                              "chunk")
    parts = []
    for part in (over_chunks, over_context):
        if len(part):
            part = figures.largest_group(part, figures.CORPUS, len)
        parts.append(part)
    return parts


def lines(ax, table, x, y):
    """One line per predictor, best first."""
    order = table.groupby("label")[y].min().sort_values().index[:MOST_LINES]
    for k, label in enumerate(order):
        mine = table[table.label == label].sort_values(x)
        ax.plot(mine[x], mine[y], label=label, **figures.looks(k))
        ax.fill_between(mine[x], mine[y] - 1.96 * mine.error,
                        mine[y] + 1.96 * mine.error, alpha=0.2, linewidth=0,
                        color=figures.looks(k)["color"])
    figures.power_axis(ax, table[x].min(), table[x].max())
    ax.tick_params(axis="x", rotation=30)


def draw(over_chunks, over_context):
    """One or two panels."""
    n = bool(len(over_chunks)) + bool(len(over_context))
    fig, axes = figures.subplots(1, n, figsize=(6.5 * n, 5.2), squeeze=False)
    panels = list(axes[0])
    if len(over_chunks):
        ax = panels.pop(0)
        # A corpus that is one chunk stands at its own length.
        x = over_chunks.chunk_bytes.where(
            over_chunks.chunk_bytes != results.WHOLE, over_chunks.raw_bytes)
        lines(ax, over_chunks.assign(
            x=x, y=100 * over_chunks.raw_rate,
            error=100 * over_chunks.bits_per_byte_error / 8), "x", "y")
        ax.set_xlabel("chunk length (bytes)")
        ax.set_ylabel("raw rate: code / original (%)")
        figures.per_cent_axis(ax)
        ax.set_title(f"A  {over_chunks.corpus_label.iloc[0]}", loc="left")
        ax.legend()
    if len(over_context):
        ax = panels.pop(0)
        lines(ax, over_context.assign(error=over_context.bits_per_byte_error),
              "context", "bits_per_byte")
        ax.set_xlabel("context of the model (tokens)")
        ax.set_ylabel("code length (bits per byte)")
        ax.set_ylim(0, None)
        ax.set_title(f"B  {figures.protocol(over_context.iloc[0])}",
                     loc="left")
        ax.legend()
    fig.tight_layout()
    return fig


def build(data):
    """The item of the report."""
    over_chunks, over_context = select(data)
    table = pd.concat([part for part in (over_chunks, over_context)
                       if len(part)]).drop_duplicates("file")
    table = table.sort_values(["label", "chunk_bytes", "context"])
    table = table.assign(raw_rate=100 * table.raw_rate)[list(COLUMNS)]
    table = table.rename(columns=COLUMNS)
    with figures.style():
        fig = draw(over_chunks, over_context)
    caption = (
        "Longer chunks give a compressor more to look back at; the rate "
        "falls until it uses no more. The container's header is counted once "
        "unless the name says +header. Bands: 95 %, by the spread over "
        "groups of neighbouring chunks.")
    formats = {"chunk (bytes)": chunk_text, "raw %": "{:.2f}",
               "bits per byte": "{:.4f}", "± (standard error)": "{:.4f}"}
    return figures.Item("chunks", "Chunk length and context", caption, table,
                        formats, fig)


if __name__ == "__main__":
    figures.command(build, __doc__)
