#!/usr/bin/python3
"""Table 1: raw and adjusted rates of all compressors and models.

    analysis/table1.py out/table1 -o figures

A row per compressor and chunk length, columns per corpus.
"""

import numpy as np

import figures
import paper
from codelen_results import WHOLE

MOST_BARS = 22
KINDS = ["language model", "adaptive predictor", "compressor"]


def kind(row):
    """What describes the text."""
    if row.command == "baseline":
        return "compressor"
    return "language model" if row.parameters else "adaptive predictor"


def chunk_text(n_bytes):
    """2048 -> '2,048'."""
    return "whole" if n_bytes == WHOLE else f"{n_bytes:,}"


def usual_chunk(table):
    """The paper's 2,048 bytes, or what most were measured with."""
    lengths = table.chunk_bytes[table.chunk_bytes != WHOLE]
    if lengths.empty:
        return WHOLE
    return 2048 if (lengths == 2048).any() else lengths.mode().iloc[0]


def select(data):
    """Whole corpora and the chunk length that most were measured with."""
    table = data.summary
    if len(table):
        table = table[table.predictor != "uniform"]
    if not len(table):
        raise figures.missing("compressors or models", "predictors")
    usual = usual_chunk(table)
    table = table[table.chunk_bytes.isin([WHOLE, usual])]
    parameters = table.parameters * table.parameter_bytes
    table = table.assign(
        kind=[kind(row) for row in table.itertuples()],
        adjusted_rate=table.raw_rate + parameters / table.text_bytes)
    # A sweep over contexts repeats a model: keep its best.
    keys = figures.PROTOCOL + ["label", "vocabulary"]
    table = table.sort_values("raw_rate").drop_duplicates(keys)
    return figures.best_per_size(table), usual


def wide(table):
    """Rates side by side for each corpus."""
    rows = table.pivot_table(
        index=["chunk_bytes", "kind", "label", "parameters"],
        columns="corpus_label", values=["raw_rate", "adjusted_rate"],
        aggfunc="min")
    corpora = sorted({c for _, c in rows.columns},
                     key=lambda c: -rows["raw_rate"][c].notna().sum())
    out = rows.index.to_frame(index=False)
    out["chunk_bytes"] = out.chunk_bytes.map(chunk_text)
    for name, words in [("raw_rate", "raw %"), ("adjusted_rate", "adjusted %")]:
        for corpus in corpora:
            out[f"{corpus}: {words}"] = 100 * rows[name][corpus].to_numpy()
    out = out.rename(columns={"chunk_bytes": "chunk (bytes)",
                              "label": "compressor", "kind": "what"})
    order = out.columns[4]
    return out.sort_values(["chunk (bytes)", order]), corpora


def rate_text(value):
    """Per cent with digits that mean something."""
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def draw(ax, table, usual):
    """Raw rates of one corpus as bars; marks where the whole corpus was one
    chunk; models say what their parameters add."""
    chunked = table[table.chunk_bytes == usual]
    chunked = chunked.sort_values("raw_rate").head(MOST_BARS)[::-1]
    whole = table[(table.chunk_bytes == WHOLE) &
                  (usual != WHOLE)].set_index("label").raw_rate
    y = np.arange(len(chunked))
    for k, name in enumerate(KINDS):
        mine = (chunked.kind == name).to_numpy()
        if mine.any():
            ax.barh(y[mine], 100 * chunked.raw_rate[mine],
                    color=figures.COLOURS[[1, 2, 0][k]], label=name)
    for at, row in zip(y, chunked.itertuples()):
        note = f" {100 * row.raw_rate:.1f}"
        if row.parameters:
            adjusted = rate_text(100 * row.adjusted_rate)
            note += f"    adjusted {adjusted}: with " \
                    f"{figures.count_text(row.parameters)} parameters"
        ax.text(100 * row.raw_rate, at, note, va="center", fontsize=11)
        if row.label in whole:
            ax.plot(100 * whole[row.label], at, marker="|", color="black",
                    markersize=15, markeredgewidth=2.5, linestyle="")
    if len(whole):
        ax.plot([], [], marker="|", color="black", linestyle="",
                markersize=13, markeredgewidth=2.5,
                label="the whole text as one chunk")
    ax.set_yticks(y, chunked.label)
    ax.grid(axis="y", visible=False)
    ax.set_xlim(0, max(100, 135 * chunked.raw_rate.max()))
    ax.set_xlabel("raw rate: compressed / original bytes (%), shorter is "
                  "better")
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4,
              columnspacing=1.2, handlelength=1.2)


def build(data):
    """The item of the report."""
    table, usual = select(data)
    shown, corpora = wide(table)
    first = table[table.corpus_label == corpora[0]]
    n_bars = min(MOST_BARS, (first.chunk_bytes == usual).sum())
    with figures.style():
        fig, ax = figures.subplots(figsize=(10, 2.1 + 0.36 * n_bars))
        draw(ax, first, usual)
        ax.set_title(figures.protocol(first.iloc[0]) if usual == WHOLE else
                     f"{corpora[0]}, chunks of {usual:,} bytes", loc="left",
                     pad=36)
        fig.tight_layout()
    caption = (
        "Every chunk is described on its own. Raw: bytes of the code over bytes of the original. "
        "Adjusted: the model's parameters are part of the code, at the bytes "
        "each that the run was told (2 unless said). Black marks: the same "
        "compressor when it sees the whole text at once. Of models that "
        "differ only in training, the best of each size.")
    formats = {c: rate_text for c in shown if c.endswith("%")}
    formats["parameters"] = "{:,}"
    return figures.Item("table1", "Table 1: rates of all compressors",
                        caption, shown, formats, fig, is_table=True)


def published():
    """The paper's own Table 1, for comparison of its order, not its texts."""
    return figures.Item(
        "table1_paper", "Table 1 as published",
        "Raw rates in per cent of Delétang et al. (2024): 1 GB of each. Their "
        "texts are others than ours, so numbers differ; the order of "
        "compressors can be compared.",
        paper.TABLE1.rename(columns={"chunk": "chunk (bytes)"}))


if __name__ == "__main__":
    figures.command(build, __doc__)
