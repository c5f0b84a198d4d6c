#!/usr/bin/python3
"""Table 2: does a tokenizer help, at which model size?

    analysis/table2.py out/tokenizer -o figures

Vocabulary against the model's layers and width.  A larger vocabulary makes
the embedding larger: the adjusted rate counts it, and the tokenizer's merges
at 4 bytes each.
"""

import re

import figures
import paper

MERGE_BYTES = 4  # two token numbers of 16 bits
BYTE_TOKENS = 256  # tokens that need no merge
LEAST_VOCABULARIES = 2
DATA_BYTES = 1e8


def blocks(row):
    """'4 x 64': layers and width, of the model's description."""
    found = re.search(r"(\d+) layers? of width (\d+)", row.description)
    return "{} x {}".format(*found.groups()) if found else row.label


def same_training(table):
    """Of each model the one that saw as much text as most models with
    tokens of several bytes did; those of unknown training stay."""
    seen = table.trained_bytes.map(lambda n: float(f"{n:.0e}"))
    usual = seen[table.vocabulary > BYTE_TOKENS].mode()
    if usual.empty:
        return table
    return table[seen.isna() | (seen == usual.iloc[0])]


def select(data):
    """Models of one text, by vocabulary and layers; best of each."""
    table = figures.models(data.summary)
    if not len(table):
        raise figures.missing("models with several vocabularies",
                              "tokenizer")
    group = figures.largest_group(
        table, figures.PROTOCOL,
        lambda g: (g.vocabulary.nunique(), len(g)))
    group = same_training(group)
    group = group.assign(
        blocks=[blocks(row) for row in group.itertuples()])
    many = group.groupby("blocks").vocabulary.transform("nunique")
    group = group[many >= LEAST_VOCABULARIES]
    if not len(group):
        raise figures.missing("models with several vocabularies",
                              "tokenizer")
    group = group.sort_values("raw_rate")
    return group.drop_duplicates(["blocks", "vocabulary"]).sort_values(
        ["blocks", "vocabulary"])


def tabulate(group):
    """A row per model."""
    merges = (group.vocabulary - BYTE_TOKENS).clip(lower=0) * MERGE_BYTES
    charged = group.parameters * group.parameter_bytes + merges
    out = group[["blocks", "vocabulary", "parameters", "label"]].copy()
    out["bytes per token"] = group.raw_bytes / group.tokens
    out["raw %"] = 100 * group.raw_rate
    out["adjusted % at 100 MB"] = 100 * (group.raw_rate +
                                         charged / DATA_BYTES)
    return out.rename(columns={"blocks": "layers x width"})


def draw(axes, table):
    """Rates against vocabulary, a line per model."""
    for ax, column in zip(axes, ["raw %", "adjusted % at 100 MB"]):
        for k, (name, mine) in enumerate(table.groupby("layers x width")):
            ax.plot(mine.vocabulary, mine[column], label=name,
                    **figures.looks(k))
        ax.set_xscale("log")
        ticks = sorted(table.vocabulary.unique())
        ax.set_xticks(ticks, [f"{t:,}" for t in ticks], rotation=30)
        ax.minorticks_off()
        ax.set_xlabel("vocabulary (tokens; 256: bytes)")
    axes[0].set_ylabel("rate (% of the original bytes)")
    axes[0].set_title("raw: the code alone", loc="left")
    axes[1].set_title("adjusted: with parameters, for 100 MB", loc="left")
    axes[0].legend(title="layers x width")


def build(data):
    """The item of the report."""
    group = select(data)
    table = tabulate(group)
    with figures.style():
        fig, axes = figures.subplots(1, 2, figsize=(11, 4.8), sharey=False)
        draw(axes, table)
        fig.suptitle(figures.protocol(group.iloc[0]), x=0.02, ha="left")
        fig.tight_layout()
    caption = (
        "The same layers over bytes and over byte-pair tokens. A larger "
        "vocabulary shortens the text that the model sees and grows its "
        "embedding. All have seen the same amount of training text. Rates "
        "have original bytes below the line, whatever the tokens. Adjusted: "
        "parameters, embedding included, and merges at "
        f"{MERGE_BYTES} bytes each.")
    formats = {c: "{:.2f}" for c in table if "%" in c or "per" in c}
    formats |= {"vocabulary": "{:,}", "parameters": "{:,}"}
    return figures.Item("table2", "Table 2: vocabulary and model size",
                        caption, table, formats, fig, is_table=True)


def published():
    """The paper's own Table 2."""
    return figures.Item(
        "table2_paper", "Table 2 as published",
        "Raw rates in per cent of Delétang et al. (2024). The caption there "
        "says enwik9, but the row of bytes is that of the training data "
        "(enwik8) in its Figure 2.", paper.TABLE2)


if __name__ == "__main__":
    figures.command(build, __doc__)
