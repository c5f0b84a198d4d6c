"""Do models that need fewer bits also answer better?

Correlation of bits per byte with the accuracy of benchmarks, from a table of
evaluations (columns model, shots, step, wikitext_bits_per_byte, then one per
benchmark), such as those published with the Pythia models.
"""

import numpy as np
import pandas as pd

import figures

BITS = "wikitext_bits_per_byte"
NOT_BENCHMARKS = ["model", "shots", "step", BITS, "mean"]


def benchmark_names(table):
    """Columns of accuracies."""
    return [c for c in table if c not in NOT_BENCHMARKS]


def with_mean(table):
    """The table and the mean accuracy of its benchmarks."""
    return table.assign(mean=table[benchmark_names(table)].mean(axis=1))


def correlations(table):
    """Pearson's r per benchmark: all checkpoints, and the last of each
    model, by the number of examples shown."""
    table = with_mean(table)
    rows = []
    for shots, group in table.groupby("shots"):
        last = group[group.step == group.groupby("model").step.transform("max")]
        for name in benchmark_names(table) + ["mean"]:
            rows.append({
                "shots": shots, "benchmark": name, "points": len(group),
                "r": np.corrcoef(group[BITS], group[name])[0, 1],
                "models": len(last),
                "r_last": np.corrcoef(last[BITS], last[name])[0, 1]})
    return pd.DataFrame(rows)


def draw(ax, table):
    """Mean accuracy against bits per byte, a line of checkpoints a model."""
    kinds = table.model.str.replace("-deduped", "", regex=False)
    sizes = sorted(kinds.unique(), key=lambda m: table[kinds == m][BITS].min(),
                   reverse=True)
    for k, size in enumerate(sizes):
        group = table[kinds == size]
        ax.plot(group[BITS], 100 * group["mean"], linestyle="",
                label=size, alpha=0.75, **figures.looks(k))
    slope, constant = np.polyfit(table[BITS], 100 * table["mean"], 1)
    x = np.array([table[BITS].min(), table[BITS].max()])
    ax.plot(x, constant + slope * x, color="#222222", linewidth=1.2)
    ax.set_xlabel("code length of WikiText (bits per byte)")
    ax.set_ylabel("mean accuracy of the benchmarks (%)")
    ax.legend(title="better models: left, up", alignment="left")


def build(table):
    """The item of the report."""
    table = with_mean(table)
    found = correlations(table)
    most = table.groupby("shots").size().idxmax()
    chosen = table[table.shots == most]
    r = found[(found.shots == most) & (found.benchmark == "mean")].iloc[0]
    with figures.style():
        fig, ax = figures.subplots(figsize=(8.5, 5))
        draw(ax, chosen)
        ax.set_title(f"{most}, {len(chosen)} checkpoints: r = {r.r:.2f}")
        fig.tight_layout()
    caption = (
        f"Each point is a checkpoint of a model. Pearson's r of bits per byte "
        f"with the mean accuracy of {len(benchmark_names(table))} benchmarks "
        f"is {r.r:.3f} over all {r.points} checkpoints ({most}) and "
        f"{r.r_last:.3f} over the last ones of {r.models} models. r_last: the "
        "last checkpoints only.")
    return figures.Item(
        "benchmarks", "Code length and benchmark accuracy", caption, found,
        {"r": "{:.3f}", "r_last": "{:.3f}"}, fig)
