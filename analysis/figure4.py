#!/usr/bin/python3
"""Figure 4: how the code length falls along a chunk.

    analysis/figure4.py out/table1 out/chunk -o figures

Left: bits of the bytes at a position, under predictors.  Right: rate of a
beginning of so many bytes; compressors have no positions, but a sweep over
chunk lengths gives the same number for them: chunks of that length, each
with its container's header.
"""

import numpy as np
import pandas as pd

import codelen_results as results
import figures

MOST_CURVES = 7
LEAST_LENGTHS = 3  # of chunks, for a compressor's curve
BITS = 8.0


def usual_chunk(group):
    """The chunk length of the most predictors."""
    return group.groupby("chunk_bytes").label.nunique().idxmax()


def select(data):
    """Predictors of one text at one chunk length; all compressors of it."""
    table = data.summary
    if len(table):
        table = table[table.predictor != "uniform"]
    measured = table[table.command == "measure"] if len(table) else table
    if not len(measured):
        raise figures.missing("predictors", "predictors")
    group = figures.largest_group(
        table, figures.TEXT,
        lambda g: (g.command == "measure").sum())
    measured = group[group.command == "measure"]
    measured = measured[measured.chunk_bytes != results.WHOLE]
    if not len(measured):
        raise figures.missing("predictors in chunks", "predictors")
    chunk = usual_chunk(measured)
    measured = measured[measured.chunk_bytes == chunk]
    measured = figures.best_per_size(measured).drop_duplicates("label")
    chosen = spread(measured)
    codecs = group[(group.command == "baseline") &
                   (group.chunk_bytes != results.WHOLE) &
                   (group.chunk_bytes <= chunk)]
    return chosen, codecs


def spread(table):
    """Of many predictors those that span the rates evenly."""
    if len(table) <= MOST_CURVES:
        return table
    keep = np.linspace(0, len(table) - 1, MOST_CURVES).round().astype(int)
    return table.iloc[keep]


def position_curves(chosen):
    """Curves of all predictors below each other, with a column label."""
    curves = []
    for row in chosen.itertuples():
        curve = results.load_positions(row.file)
        curve.insert(0, "label", row.label)
        curves.append(curve)
    return pd.concat(curves, ignore_index=True)


def codec_curves(codecs):
    """Rate with header by chunk length, compressors with enough lengths."""
    rows = []
    for row in codecs.itertuples():
        chunks = results.load_chunks(row.file)
        full = chunks[chunks.raw_bytes == row.chunk_bytes]
        rate = full.coded_bytes.sum() / full.raw_bytes.sum()
        error = results.ratio_error(full.coded_bytes, full.raw_bytes)
        rows.append({"label": row.predictor, "end": row.chunk_bytes,
                     "rate": rate, "rate_low": rate - 1.96 * error,
                     "rate_high": rate + 1.96 * error})
    table = pd.DataFrame(rows, columns=["label", "end", "rate", "rate_low",
                                        "rate_high"])
    table = table.drop_duplicates(["label", "end"]).sort_values("end")
    lengths = table.groupby("label").end.transform("nunique")
    return table[lengths >= LEAST_LENGTHS]


def draw_positions(ax, curves):
    """Bits of the bytes in each bucket of positions, with bands."""
    for k, (label, curve) in enumerate(curves.groupby("label", sort=False)):
        x = np.sqrt((curve["first"] + 1) * curve.end)
        look = figures.looks(k)
        ax.plot(x, curve.bits_per_byte, label=label, markersize=4, **look)
        ax.fill_between(x, curve.low, curve.high, alpha=0.2, linewidth=0,
                        color=look["color"])
    ax.set_xlabel("position in the chunk (byte)")
    ax.set_ylabel("code length there (bits per byte)")
    ax.set_ylim(0, min(BITS, 1.05 * curves.high.max()))
    ax.set_title("A  what one more byte costs", loc="left")


def draw_beginnings(ax, curves, codecs):
    """Rate of a beginning: predictors solid, compressors dashed."""
    for k, (label, curve) in enumerate(curves.groupby("label", sort=False)):
        look = figures.looks(k)
        ax.plot(curve.end, 100 * curve.rate, markersize=4, label=label,
                **look)
        ax.fill_between(curve.end, 100 * curve.rate_low,
                        100 * curve.rate_high, alpha=0.2, linewidth=0,
                        color=look["color"])
    for k, (label, curve) in enumerate(codecs.groupby("label")):
        ax.plot(curve.end, 100 * curve.rate, color="black", linewidth=1.4,
                linestyle=["--", ":", "-."][k % 3], marker=figures.MARKERS[
                    k % 7], fillstyle="none", markersize=6,
                label=f"{label}, with header")
    ax.axhline(100, color=figures.BEHIND, linewidth=1)
    ax.text(1, 100, "not compressed", va="bottom", color="#666666",
            fontsize=11)
    figures.per_cent_axis(ax)
    ax.set_xlabel("length of the beginning (bytes)")
    ax.set_ylabel("its rate: code / original (%)")
    ax.set_title("B  what a beginning costs in all", loc="left")


def build(data):
    """The item of the report."""
    chosen, codecs = select(data)
    curves, compressors = position_curves(chosen), codec_curves(codecs)
    row = chosen.iloc[0]
    with figures.style():
        fig, (left, right) = figures.subplots(1, 2, figsize=(13, 5.8))
        draw_positions(left, curves)
        draw_beginnings(right, curves, compressors)
        for ax in (left, right):
            figures.power_axis(ax, 1, row.chunk_bytes)
        handles, labels = right.get_legend_handles_labels()
        fig.tight_layout()
        fig.legend(handles, labels, loc="upper center", ncols=4,
                   bbox_to_anchor=(0.5, 0.0))
        fig.suptitle(f"{figures.protocol(row)}: each chunk is described on "
                     "its own", x=0.02, ha="left", y=1.03)
    caption = (
        "A: the first bytes of a chunk are dear, the more context there is "
        "the cheaper a byte becomes; where a line is flat, the predictor does "
        "not use the older bytes. B: all bytes so far; compressors (black) "
        "pay for their header at once. Bands: 95 % bootstrap over "
        f"{chosen.chunks.max():,} chunks (fewer where a label says so)." + (
            "" if len(compressors) else
            " No compressors are shown: they need a sweep over chunk lengths "
            "(jobs/full/chunk-codecs.sweep)."))
    table = pd.concat([curves, compressors], ignore_index=True).rename(
        columns={"label": "compressor", "first": "from byte",
                 "end": "to byte", "bits_per_byte": "bits per byte"})
    formats = {c: "{:.3f}" for c in table.columns[3:]}
    formats |= {"from byte": "{:.0f}", "to byte": "{:.0f}"}
    return figures.Item("figure4", "Figure 4: what context is worth",
                        caption, table, formats, fig)


if __name__ == "__main__":
    figures.command(build, __doc__)
