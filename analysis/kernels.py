"""How near the kernels come to the core's peak, from bench_math --csv.

    build/release/tests/bench/bench_math --csv > bench.csv
    analysis/kernels.py --bench bench.csv --out kernels.png

Left: the roofline.  Each point is a kernel at one shape: its speed against
the operations that it does for a byte that it must read or write at least
once; no kernel can be above the fma peak, nor, if its data lies in a level
of memory, above what that level delivers.  Middle: matrix products, median
share of the peak over the shapes of a model against the number of rows,
exact and BLAS.  Right: attention by head size for 2,048 queries at once and
for one.
"""

import argparse
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

STYLE = pathlib.Path(__file__).with_name("style.mplstyle")
POSITIONS = 2048  # that attention sees in bench_math
FLOAT_BYTES = 4


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


def draw_roofs(ax, tables, intensities):
    """Lines that no kernel can be above."""
    peak = (tables["gemm"].exact_gflops / tables["gemm"].exact_share).median()
    for _, row in tables["memory"].iterrows():
        roof = np.minimum(peak, row.gigabytes_per_second * intensities)
        label = f"{row.bytes / 2**20:g} MB: {row.gigabytes_per_second:.0f} GB/s"
        ax.plot(intensities, roof, color="#888888", linewidth=1)
        ax.annotate(label, (intensities[0], roof[0]), rotation=32,
                    rotation_mode="anchor", fontsize=7, color="#666666",
                    xytext=(2, 3), textcoords="offset points")
    ax.annotate(f"fma peak {peak:.0f} GFLOP/s", (intensities[-1], peak),
                ha="right", xytext=(0, 3), textcoords="offset points",
                fontsize=8)


def draw_roofline(ax, tables):
    """Speed against operations per byte, a colour for each model."""
    draw_roofs(ax, tables, np.geomspace(0.3, 1000, 200))
    for model, rows in tables["gemm"].groupby("model", sort=False):
        numbers = (rows.M * rows.N + rows.M * rows.K + rows.N * rows.K)
        flop = 2 * rows.M * rows.N * rows.K
        ax.plot(flop / (FLOAT_BYTES * numbers), rows.exact_gflops, ".",
                markersize=5, label=f"products, {model}")
    table = tables["attention"]
    seen = np.where(table["T"] == 1, POSITIONS, (POSITIONS + 1) / 2)
    flop = 4 * table["T"] * table.n_heads * table.D * seen
    numbers = 2 * table.D * (table["T"] * table.n_heads +
                             POSITIONS * table.n_kv_heads)
    ax.plot(flop / (FLOAT_BYTES * numbers), table.gflops, "kx", markersize=5,
            label="attention")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(bottom=3)
    ax.set_xlabel("operations per byte of operands and result")
    ax.set_ylabel("GFLOP/s")
    ax.set_title("roofline of one core")
    ax.legend(fontsize=7, loc="lower right")


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
        fig, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.4))
        draw_roofline(left, tables)
        draw_products(middle, tables["gemm"])
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
    if not {"gemm", "attention", "memory"} <= set(tables):
        sys.exit(f"kernels.py: {args.bench}: not the output of bench_math --csv")
    figure(tables).savefig(args.out)
    print(f"figure: {args.out}")


if __name__ == "__main__":
    main()
