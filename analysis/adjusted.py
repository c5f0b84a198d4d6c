#!/usr/bin/python3
"""When does a model pay for itself?  By bytes per parameter and data size.

    analysis/adjusted.py out/model-size -o figures

Break-even: the data size from which code and parameters together are
shorter than what the best compressor without parameters needs,
parameters * bytes each / (its rate - the model's rate).  'coded': the
entropy of the stored weights (weights.py), where the model lies here.
"""

import numpy as np
import pandas as pd

import figures
import weights
from codelen_results import ResultsError, model_directory, size_text

PARAMETER_BYTES = [4, 2, 1, 0.5]
DATA_BYTES = [1e7, 1e8, 1e9]
MOST_MODELS = 6
DRAWN_BYTES = 2.0


def coded_bytes_each(row):
    """Bytes per parameter by the entropy of the stored weights, or NaN."""
    place = model_directory(row.predictor)
    if place is None:
        return np.nan
    try:
        return weights.entropy_bytes(place) / row.parameters
    except ResultsError:
        return np.nan


def select(data):
    """Models of one text and chunk length, and the best without any."""
    table = data.summary
    if not len(figures.models(table)):
        raise figures.missing("models", "model-size")
    group = figures.largest_group(
        table, figures.TEXT + ["chunk_bytes"],
        lambda g: len(figures.models(g)) * (g.parameters == 0).any())
    rivals = group[(group.parameters == 0) & (group.predictor != "uniform")]
    if not len(rivals):
        raise figures.missing("compressors of the text that models were "
                              "measured on", "predictors")
    found = figures.best_per_size(figures.models(group))
    found = found.sort_values("parameters")
    return found, rivals.loc[rivals.raw_rate.idxmin()]


def break_even(models, rival, bytes_each):
    """Bytes of data; infinity where the model's rate is no better."""
    gain = rival.raw_rate - models.raw_rate
    return np.where(gain > 0, models.parameters * bytes_each /
                    np.where(gain > 0, gain, 1), np.inf)


def tabulate(models, rival):
    """Break-even for each choice of bytes per parameter."""
    out = models[["label", "parameters"]].copy()
    out["raw %"] = 100 * models.raw_rate
    for each in PARAMETER_BYTES:
        out[f"pays from, {each:g} B each"] = break_even(models, rival, each)
    coded = np.array([coded_bytes_each(row) for row in models.itertuples()])
    out["coded weights (B each)"] = coded
    out["pays from, coded"] = np.where(
        np.isnan(coded), np.nan, break_even(models, rival, coded))
    return out


def tabulate_rates(models):
    """Adjusted rates in per cent by bytes per parameter and data size."""
    rows = []
    for row in models.itertuples():
        choices = [(f"{each:g}", each) for each in PARAMETER_BYTES]
        choices.append(("coded", coded_bytes_each(row)))
        for name, each in choices:
            rates = {f"adjusted % at {size_text(size)}":
                     100 * (row.raw_rate + row.parameters * each / size)
                     for size in DATA_BYTES}
            rows.append({"label": row.label, "parameters": row.parameters,
                         "bytes per parameter": name, "bytes each": each,
                         "raw %": 100 * row.raw_rate} | rates)
    return pd.DataFrame(rows).dropna()


def data_text(value):
    """Bytes of data, or that there is no such."""
    return "never" if np.isinf(value) else size_text(value)


def draw(ax, models, rival):
    """Adjusted rate against data size."""
    if len(models) > MOST_MODELS:
        keep = np.linspace(0, len(models) - 1, MOST_MODELS).round()
        models = models.iloc[keep.astype(int)]
    from_bytes = break_even(models, rival, DRAWN_BYTES)
    finite = from_bytes[np.isfinite(from_bytes)]
    low = 10 ** np.floor(np.log10(min(finite.min(initial=1e6), 1e7)) - 0.3)
    high = 10 ** np.ceil(np.log10(max(finite.max(initial=1e9), 1e9)))
    x = np.logspace(np.log10(low), np.log10(high), 300)
    ends = []
    for k, (row, at) in enumerate(zip(models.itertuples(), from_bytes)):
        y = 100 * (row.raw_rate + row.parameters * DRAWN_BYTES / x)
        look = figures.looks(k)
        ax.plot(x, y, color=look["color"])
        if np.isfinite(at):
            ax.plot(at, 100 * rival.raw_rate, linestyle="", markersize=10,
                    zorder=5, **look)
            ax.annotate(f"from {size_text(float(f'{at:.2g}'))}",
                        (at, 100 * rival.raw_rate), xytext=(9, 9),
                        textcoords="offset points", color=look["color"],
                        rotation=40, fontsize=11, bbox={
                            "facecolor": "white", "edgecolor": "none",
                            "alpha": 0.8, "pad": 0.5})
        ends.append((x[-1], y[-1], f"{figures.count_text(row.parameters)} "
                     "parameters", look["color"]))
    ax.axhline(100 * rival.raw_rate, color="black", linewidth=1.6)
    ends.append((x[-1], 100 * rival.raw_rate, f"{rival.label}: no parameters",
                 "black"))
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.set_ylim(min(0.85 * 100 * models.raw_rate.min(),
                    90 * rival.raw_rate), 180 * rival.raw_rate)
    ax.set_xlabel("data that the model is used for (bytes)")
    ax.set_ylabel("adjusted rate:\n(code + parameters) / original (%)")
    figures.label_ends(ax, ends)


def build(data):
    """The item of the report."""
    models, rival = select(data)
    table = tabulate(models, rival)
    with figures.style():
        fig, ax = figures.subplots(figsize=(11, 5.2))
        fig.subplots_adjust(right=0.8)
        draw(ax, models, rival)
        ax.set_title(f"{figures.protocol(rival)}; {DRAWN_BYTES:g} bytes per "
                     "parameter", loc="left")
    each = table["coded weights (B each)"].dropna()
    coded = ("" if each.empty else
             f" Coded weights: order-0 entropy of the stored numbers, "
             f"{each.min():.2f} to {each.max():.2f} bytes each here.")
    caption = (
        f"A model pays for itself (marks) where its line falls below that of "
        f"{rival.label}, the best without parameters under the same protocol "
        f"({100 * rival.raw_rate:.1f} %). Table: from which amount of data, "
        "by what a parameter is charged; beyond the measured text this "
        "extrapolates its rate." + coded)
    formats = {c: data_text for c in table if c.startswith("pays")}
    formats |= {"parameters": "{:,}", "raw %": "{:.2f}",
                "coded weights (B each)": "{:.2f}"}
    return figures.Item("adjusted", "When does a model pay for itself?",
                        caption, table, formats, fig)


def build_rates(data):
    """The second item: adjusted rates for each choice."""
    models, _ = select(data)
    table = tabulate_rates(models)
    formats = {c: "{:,.2f}" for c in table if "%" in c}
    formats |= {"parameters": "{:,}", "bytes each": "{:.2f}"}
    return figures.Item(
        "adjusted_rates", "Adjusted rates by bytes per parameter",
        "(code + parameters) / original, for so many bytes of data that the "
        "model serves. Parameters in fewer bytes than they are stored in "
        "would have to be rounded, which costs bits that are not counted "
        "here; 'coded' is the entropy of the stored numbers and costs none.",
        table, formats)


if __name__ == "__main__":
    figures.command(build, __doc__)
