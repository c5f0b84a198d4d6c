"""How near the kernels come to the core's peak, from bench_math --csv.

    build/release/tests/bench/bench_math --csv > bench.csv
    analysis/kernels.py --bench bench.csv --out kernels.png

Left: matrix products, median share of the fma peak over the shapes of a
model against the number of rows, exact and BLAS.  Right: attention by head
size for 2,048 queries at once and for one.
"""

import argparse
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

STYLE = pathlib.Path(__file__).with_name("style.mplstyle")


def read_bench(path):
    """The sections of the file as tables by name."""
    sections, head = {}, None
    with open(path, newline="") as file:
        for row in csv.reader(file):
            if row and row[0] == "section":
                head = row
            elif head and len(row) == len(head):
                sections.setdefault(row[0], []).append(dict(zip(head, row)))
    tables = {}
    for name, rows in sections.items():
        table = pd.DataFrame(rows)
        numbers = table.columns.difference(["section", "model"])
        tables[name] = table.astype({column: float for column in numbers})
    return tables


def draw_products(ax, table):
    """Share of peak against rows, a colour for each model."""
    for model, rows in table.groupby("model", sort=False):
        exact = rows.groupby("M").exact_share.median()
        blas = rows.groupby("M").blas_share.median()
        line, = ax.plot(exact.index, 100 * exact, marker="o", label=model)
        ax.plot(blas.index, 100 * blas, "--", marker=".",
                color=line.get_color())
    ax.plot([], [], color="#444444", label="exact")
    ax.plot([], [], "--", color="#444444", label="BLAS")
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.set_ylim(0, 100)
    ax.set_xlabel("rows (positions at once)")
    ax.set_ylabel("share of the fma peak (%)")
    ax.set_title("matrix products")
    ax.legend(fontsize=8)


def draw_attention(ax, table):
    """Bars by head size."""
    table = table[table.n_heads == table.n_kv_heads]
    sizes = sorted(table.D.unique())
    for shift, (queries, rows) in zip([-0.2, 0.2], table.groupby("T")):
        share = rows.set_index("D").share.reindex(sizes)
        name = "one query" if queries == 1 else f"{queries:.0f} queries"
        bars = ax.bar([i + shift for i in range(len(sizes))], 100 * share, 0.4,
                      label=name)
        ax.bar_label(bars, fmt="%.0f", fontsize=8)
    ax.set_xticks(range(len(sizes)), [f"{size:.0f}" for size in sizes])
    ax.set_ylim(0, 100)
    ax.grid(axis="x", visible=False)
    ax.set_xlabel("head size")
    ax.set_title("causal attention, 2,048 positions")
    ax.legend(fontsize=8)


def figure(tables):
    """The figure as an object."""
    with plt.style.context(STYLE):
        fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
        draw_products(left, tables["gemm"])
        draw_attention(right, tables["attention"])
        fig.tight_layout()
    return fig


def main():
    """Read the measurements, write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", required=True, help="of bench_math --csv")
    parser.add_argument("--out", required=True, help="figure, .png or .pdf")
    args = parser.parse_args()
    try:
        tables = read_bench(args.bench)
    except OSError as error:
        sys.exit(f"kernels.py: {args.bench}: {error.strerror}")
    if not {"gemm", "attention"} <= set(tables):
        sys.exit(f"kernels.py: {args.bench}: not the output of bench_math --csv")
    figure(tables).savefig(args.out)
    print(f"figure: {args.out}")


if __name__ == "__main__":
    main()
