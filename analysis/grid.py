#!/usr/bin/python3
"""Model size x amount of training: the grid, and the law fitted to it.

    analysis/grid.py out/grid -o figures

A: code length against training data, a line per model size, with the fitted
law L(N, D).  B: what the law says about a budget of training operations:
each curve has the same operations, spent on fewer or more parameters.
"""

import numpy as np
import pandas as pd

import figures
import fit
import scaling
from codelen_results import size_text

MOST_SIZES = 7
BOOTSTRAPS = 100


def classes(table):
    """(name, size, rows) of each model size; many sizes in classes."""
    if table.parameters.nunique() <= MOST_SIZES:
        return [(figures.count_text(size), size, mine)
                for size, mine in table.groupby("parameters")]
    logs = np.log(table.parameters)
    edges = np.linspace(logs.min(), logs.max(), MOST_SIZES)
    where = np.clip(np.searchsorted(edges, logs, "right"), 1, MOST_SIZES - 1)
    found = []
    for _, mine in table.groupby(where):
        low, high = mine.parameters.min(), mine.parameters.max()
        found.append((f"{figures.count_text(low)} to "
                      f"{figures.count_text(high)}",
                      np.exp(np.log(mine.parameters).mean()), mine))
    return found


def draw_data(ax, table, law):
    """Measured points and the law's curves."""
    x = np.geomspace(table.bytes.min() * 0.8, table.bytes.max() * 3, 100)
    for k, (name, size, mine) in enumerate(classes(table)):
        look = figures.looks(k)
        ax.plot(mine.bytes, mine.loss, linestyle="", label=name, **look)
        if law:
            curve = law.predict({"parameters": np.full(100, size),
                                 "bytes": x})
            ax.plot(x, curve, color=look["color"], linewidth=1.3)
    if law:
        ax.axhline(law.value("E"), color=figures.BEHIND, linestyle=":")
        ax.text(x[0], law.value("E"), f"E = {law.value('E'):.2f}: left "
                "with any model and any data", va="bottom", fontsize=11,
                color="#555555")
    ax.set_xscale("log")
    amounts = sorted({float(f"{b:.1e}") for b in table.bytes})
    if len(amounts) <= MOST_SIZES:
        ax.set_xticks(amounts, [figures.count_text(a) for a in amounts])
        ax.minorticks_off()
    ax.set_xlabel("training text (bytes)")
    ax.set_ylabel("code length (bits per byte)")
    ax.set_title("A  measured (marks) and law (lines)", loc="left")
    ax.legend(title="parameters")


def draw_budgets(ax, table, law):
    """Loss along lines of equal 6 N D, and the best of each."""
    spent = 6 * table.parameters * table.bytes
    budgets = np.geomspace(spent.min(), spent.max() * 10, 5)
    best = scaling.allocate(law, budgets)
    for k, budget in enumerate(budgets):
        n = best["parameters"][k] * np.geomspace(0.05, 20, 100)
        loss = law.predict({"parameters": n, "bytes": budget / 6 / n})
        colour = figures.COLOURS[k % len(figures.COLOURS)]
        beyond = budget > 1.01 * spent.max()
        ax.plot(n, loss, color=colour, linestyle="--" if beyond else "-",
                label=f"{budget:.0e}" + (" (extrapolated)" if beyond else ""))
        ax.plot(best["parameters"][k], best["loss"][k], marker="o",
                color=colour)
    ax.plot(best["parameters"], best["loss"], color="#222222", linewidth=1)
    ax.set_xscale("log")
    ax.set_xlabel("model size (parameters)")
    ax.set_ylabel("code length by the law (bits per byte)")
    ax.set_title("B  where a training budget is spent best", loc="left")
    ax.legend(title="operations, 6 N D")


def tabulate(table):
    """Bits per byte, a row per model size and a column per data size."""
    seen = table.bytes.astype(float)
    columns = seen.map(lambda b: float(f"{b:.1e}"))
    wide = table.assign(data=columns).pivot_table(
        index="parameters", columns="data", values="loss", aggfunc="min")
    wide.columns = [f"after {size_text(c)}" for c in wide]
    return wide.reset_index()


def law_table(laws):
    """All fitted numbers with their intervals."""
    rows = []
    for name, (law, test) in laws.items():
        if law is None:
            rows.append({"law": name, "number": f"not fitted: "
                         f"{test['reason']}"})
            continue
        for number in law.names():
            low, high = law.interval(number)
            rows.append({"law": name, "number": number,
                         "value": law.value(number), "low": low,
                         "high": high})
        rows.append({"law": name, "number": "mean error, fitted runs",
                     "value": test["error_fitted"]})
        rows.append({"law": name, "number": "mean error, largest runs left "
                     "out", "value": test["error_left_out"]})
    return pd.DataFrame(rows, columns=["law", "number", "value", "low",
                                       "high"])


def describe(laws):
    """The fit in words."""
    law, test = laws["L(N,D)"]
    if law is None:
        return f" No law was fitted: {test['reason']}."
    low, high = law.interval("a")
    return (
        f" L(N,D) = {law.value('E'):.3f} + {law.value('A'):.4g} / "
        f"N^{law.value('alpha'):.3f} + {law.value('B'):.4g} / "
        f"D^{law.value('beta'):.3f}. The best N grows as the budget to the "
        f"power {law.value('a'):.2f} (95 %: {low:.2f} to {high:.2f}). Fitted "
        f"without the largest {test['left_out']} runs it predicts them with "
        f"a mean error of {test['error_left_out']:.1%} (fitted runs: "
        f"{test['error_fitted']:.1%}).")


def make(name, title, table, laws, unit):
    """Figure of points and laws; two items: grid and numbers of the laws."""
    law = laws["L(N,D)"][0]
    with figures.style():
        fig, axes = figures.subplots(1, 2 if law else 1, figsize=(13, 5.4),
                                     squeeze=False)
        draw_data(axes[0][0], table, law)
        if law:
            draw_budgets(axes[0][1], table, law)
        if unit:
            axes[0][0].set_xlabel("training text (tokens)")
            for ax in axes[0]:
                ax.set_ylabel(ax.get_ylabel().replace("bits per byte", unit))
        fig.tight_layout()
    caption = ("Marks: one trained model each. Lines: the law fitted to all "
               "of them." + describe(laws))
    grid = tabulate(table) if not unit else table[
        ["parameters", "bytes", "loss"]]
    formats = {c: "{:.3f}" for c in grid} | {"parameters": "{:,.0f}",
                                             "bytes": "{:.3g}"}
    numbers = law_table(laws)
    return [figures.Item(name, title, caption, grid, formats, fig),
            figures.Item(f"{name}_laws", f"{title}: the fitted laws",
                         "N: parameters, D: training text, S: training "
                         "steps; a: the best N grows as the budget to this "
                         "power. Low and high: 95 % intervals, bootstrap over "
                         "runs. Errors are of the loss, as a share of it.",
                         numbers, {c: figures.number_text for c in
                                   ("value", "low", "high")})]


def build_all(data):
    """Both items of the report."""
    table = fit.measured_points(data)
    steps = fit.step_points(data) if len(data.training) else None
    laws = fit.all_laws(table, steps, BOOTSTRAPS)
    return make("grid", "Model size and amount of training", table, laws, "")


def build_chinchilla(path):
    """The same of published points, in nats per token."""
    table = fit.chinchilla_points(path)
    laws = {"L(N,D)": fit.law(table, fit.ND, BOOTSTRAPS)}
    items = make("chinchilla", "Chinchilla's points, refitted", table, laws,
                 "nats per token")
    return items


def build(data):
    """The figure alone, for this script's own command."""
    return build_all(data)[0]


if __name__ == "__main__":
    figures.command(build, __doc__)
