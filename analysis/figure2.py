#!/usr/bin/python3
"""Figure 2: adjusted rate against model size, for several sizes of data.

    analysis/figure2.py out/model-size -o figures

A model's parameters are part of the code.  The more data they serve, the
larger the model that pays.  The raw rate is that of the measured text; the
data size only divides the parameters.  Behind: the paper's twelve models.
"""

import figures
import paper
from codelen_results import size_text

DATA_BYTES = [1e7, 1e8, 1e9]
LEAST_SIZES = 2


def select(data):
    """The text with most model sizes; of each size the best model."""
    table = figures.models(data.summary)
    if not len(table):
        raise figures.missing("models", "model-size")
    keys = figures.PROTOCOL + ["family", "vocabulary"]
    group = figures.largest_group(table, keys,
                                  lambda g: g.parameters.nunique())
    if group.parameters.nunique() < LEAST_SIZES:
        raise figures.missing("models of several sizes",
                              "model-size")
    return figures.best_per_size(group).sort_values("parameters")


def adjusted(table):
    """Adjusted rates in per cent, a column per data size."""
    out = table[["label", "parameters", "trained_bytes"]].copy()
    out["raw %"] = 100 * table.raw_rate
    for size in DATA_BYTES:
        out[f"adjusted % at {size_text(size)}"] = 100 * (
            table.raw_rate + table.parameters * table.parameter_bytes / size)
    return out


def draw(ax, table, shown):
    """Curves and the best size of each."""
    for k, size in enumerate(DATA_BYTES):
        look = figures.looks(k)
        ax.plot(paper.FIGURE2.parameters, paper.FIGURE2[size],
                linestyle="--", linewidth=1.3, alpha=0.55, fillstyle="none",
                markersize=5, **look)
        y = shown[f"adjusted % at {size_text(size)}"]
        ax.plot(table.parameters, y, **look)
        at = y.idxmin()
        ax.plot(table.parameters[at], y[at], marker="o", markersize=17,
                color=look["color"], fillstyle="none", linestyle="")
    ax.set_xscale("log")
    low = min(shown.filter(like="adjusted").min().min(), 17)
    ax.set_ylim(0.9 * low, 1.2 * paper.FIGURE2[1e7].max())
    figures.per_cent_axis(ax)
    ax.set_xlabel("model size (parameters)")
    ax.set_ylabel("adjusted rate:\n(code + parameters) / original (%)")


def legend(ax):
    """What colours and line styles mean."""
    for k, size in enumerate(DATA_BYTES):
        ax.plot([], [], label=f"data of {size_text(size)}", **figures.looks(k))
    ax.plot([], [], color="#333333", label="our models")
    ax.plot([], [], color="#333333", linestyle="--", linewidth=1.3, alpha=0.6,
            label="paper (enwik7, 8, 9)")
    ax.plot([], [], color="#333333", marker="o", fillstyle="none",
            markersize=13, linestyle="", label="best size")
    ax.legend(loc="upper left")


def build(data):
    """The item of the report."""
    table = select(data)
    shown = adjusted(table)
    row = table.iloc[0]
    with figures.style():
        fig, ax = figures.subplots(figsize=(10, 5.6))
        draw(ax, table, shown)
        legend(ax)
        ax.set_title(f"our models on {figures.protocol(row)}", loc="left")
        fig.tight_layout()
    best = []
    for size in DATA_BYTES:
        name = f"adjusted % at {size_text(size)}"
        at = shown[name].idxmin()
        best.append(f"{size_text(size)}: "
                    f"{figures.count_text(shown.parameters[at])} parameters "
                    f"({shown[name][at]:.1f} %)")
    caption = (
        "Right of a curve's minimum, the parameters cost more bytes than "
        f"they save. Best of our models for data of {'; '.join(best)}. Each "
        f"parameter counts {row.parameter_bytes:g} bytes. Rates of our text "
        "are taken as those of any amount of it. The paper's points are of "
        "other text; at 1e7 and 1e8 they are of training data, and its "
        "largest models have learnt that by heart.")
    formats = {c: "{:.2f}" for c in shown if "%" in c}
    formats |= {"parameters": "{:,}", "trained_bytes": "{:,.0f}"}
    return figures.Item("figure2", "Figure 2: which model size pays",
                        caption, shown, formats, fig)


if __name__ == "__main__":
    figures.command(build, __doc__)
