"""The one reader of codelen's results files and training logs (SCHEMA.md).

    summary = load_summary("out")              one row per results file
    chunks = load_chunks("out/ngram-5.h5")     one row per chunk
    curve = load_positions("out/x.h5")         rate by position in the chunk
    training = load_training("out")            one row per validation

Each gives a pandas data frame.  Where several files are read, they are given
as a name, a pattern, a directory (all below it), or a list of these.  Columns
have the names and units of SCHEMA.md.  Files that are not complete are
refused, by name.
"""

import glob as globbing
import os
import pathlib

import h5py
import numpy as np
import pandas as pd

RESULTS, TRAINING = "codelen results", "codelen training log"
N_GROUPS = 100  # of neighbouring chunks, for the error of a sum over chunks
WHOLE = 0  # chunk_bytes of a corpus that is one chunk


class ResultsError(Exception):
    """A file that cannot be used, or a run that is not there, and why."""


def open_results(path, kind=RESULTS):
    """Open a complete results file, or training log, for reading."""
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ResultsError(f"{path}: {error}") from error
    if text(file.attrs.get("format", "")) != kind:
        raise ResultsError(f"{path}: no file of the kind '{kind}'")
    if not file.attrs.get("complete", 0):
        raise ResultsError(f"{path}: not complete; run its command again")
    return file


def text(value):
    """Attributes of text are bytes in some versions of h5py."""
    return value.decode() if isinstance(value, bytes) else value


def attribute(file, group, name, default=None):
    """One attribute as a Python value."""
    value = file[group].attrs.get(name, default) if group in file else default
    return text(value.item() if isinstance(value, np.generic) else value)


def listed(patterns):
    """Files of names, patterns and directories, sorted; and which of them
    are runs that were begun and not ended."""
    if isinstance(patterns, (str, os.PathLike)):
        patterns = [patterns]
    found, begun = set(), set()
    for pattern in map(str, patterns):
        if os.path.isdir(pattern):
            inside = f"{globbing.escape(pattern)}/**/*.h5"
            begun |= set(globbing.glob(f"{inside}.journal", recursive=True))
        else:
            inside = pattern
        matches = globbing.glob(inside, recursive=True)
        if not matches and not begun:
            raise ResultsError(f"{pattern}: no such file, or none with .h5 "
                               "below it")
        found.update(matches)
    unfinished = {path.removesuffix(".journal") for path in begun} - found
    return sorted(found), sorted(unfinished)


def expand(patterns, kind=RESULTS):
    """Files of one kind; those of the other kind are left out if they come
    from a pattern or a directory, and refused if they are named."""
    paths, _ = listed(patterns)
    kept = [path for path in paths if kind_of(path) in (kind, None)]
    if paths and not kept:
        raise ResultsError(f"{paths[0]}: no file of the kind '{kind}'")
    return kept


def kind_of(path):
    """RESULTS, TRAINING, or None for what open_results will refuse."""
    try:
        with h5py.File(path, "r") as file:
            kind = text(file.attrs.get("format", ""))
    except OSError:
        return None
    return kind if kind in (RESULTS, TRAINING) else None


def ratio_error(amounts, lengths):
    """Standard error of sum(amounts) / sum(lengths) over chunks.

    Neighbouring chunks are alike, so chunks are first added up in up to
    N_GROUPS groups of neighbours, and those are taken as independent.
    """
    if len(lengths) < 4:
        return np.nan
    n = min(N_GROUPS, len(lengths) // 2)
    edges = np.linspace(0, len(lengths), n + 1).astype(int)[:-1]
    a = np.add.reduceat(np.asarray(amounts, float), edges)
    w = np.add.reduceat(np.asarray(lengths, float), edges)
    rest = a - a.sum() / w.sum() * w
    return np.sqrt(n / (n - 1) * (rest**2).sum()) / w.sum()


def size_text(n_bytes):
    """2000000 -> '2 MB'."""
    for unit in ["B", "kB", "MB"]:
        if n_bytes < 1000:
            return f"{n_bytes:.4g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.4g} GB"


def corpus_label(file):
    """Short name of the text, image or sound that was measured."""
    kind, _, name = attribute(file, "input", "corpus", "").partition(":")
    label = pathlib.Path(name).name if kind not in ("random", "markov") else kind
    for ending in (".dz", ".xz", ".gz", ".zst", ".txt"):
        label = label.removesuffix(ending)
    raw = size_text(attribute(file, "input", "raw_bytes", 0))
    return f"{label}, {raw}"


def without_json(name):
    """'d64.json-2MB', of a sweep over --config, -> 'd64-2MB'."""
    return name.replace(".json", "")


def predictor_label(file):
    """Short name of the compressor, with what is not usual about it."""
    name = attribute(file, "predictor", "name", "")
    kind, _, path = name.partition(":")
    if kind == "model":
        parts = pathlib.Path(path)
        label = parts.name if parts.suffix != ".gguf" else parts.stem
        label = without_json(label)
        if label.startswith("at-"):
            label = f"{parts.parent.name} {label}"
    else:
        label = f"{kind}-{path}" if path else kind
    if attribute(file, "options", "carry") == "yes":
        label += " carried on"
    if attribute(file, "options", "header") == "each":
        label += " +header"
    for name in ["math", "bytes_as"]:
        value = attribute(file, "predictor", name, "exact")
        label += "" if value == "exact" else f" ({value})"
    return label


def model_directory(name):
    """Where the model of a predictor's name lies here, or None."""
    kind, _, path = name.partition(":")
    shipped = pathlib.Path(__file__).parents[1] / "data/models" / path
    for place in [pathlib.Path(path), shipped]:
        if kind == "model" and path and place.exists():
            return place
    return None


def trained_bytes(name):
    """Bytes of text that a model has seen, by the log beside it; or NaN."""
    place = model_directory(name)
    if place is None:
        return np.nan
    if place.name.startswith("at-") and place.name[3:].isdigit():
        return float(place.name[3:])
    log = place / "train.h5"
    if not log.exists():
        return np.nan
    with open_results(log, TRAINING) as file:
        return float(attribute(file, "run", "bytes", np.nan))


def charge_lost(bits, lost_bits, raw_bytes, rule):
    """Bits with what the rule of --bytes-as charges for those not described:
    as many again, or a rate scaled to all bits."""
    if rule == "ascii-append":
        return bits + lost_bits
    if rule == "ascii-rescale" and raw_bytes:
        return bits * 8 * raw_bytes / (8 * raw_bytes - lost_bits)
    return bits


def summarise(path):
    """One row: raw counts and the ratios made of them."""
    with open_results(path) as file:
        chunk = file["chunk"]
        n_chunks = chunk["index"].shape[0]
        header = attribute(file, "predictor", "header_bytes", 0)
        charged_once = header * max(n_chunks - 1, 0)
        lengths, all_bits = chunk["raw_bytes"][:], chunk["ideal_bits"][:]
        raw = int(lengths.sum())
        rule = attribute(file, "predictor", "bytes_as", "exact")
        lost = int(chunk["lost_bits"][:].sum()) if "lost_bits" in chunk else 0
        coded = int(chunk["coded_bytes"][:].sum()) - charged_once
        if lost:
            coded = charge_lost(8 * coded, lost, raw, rule) / 8
        bits = charge_lost(float(all_bits.sum()) - 8 * charged_once, lost, raw,
                           rule)
        parameters = attribute(file, "predictor", "parameters", 0)
        parameter_bytes = attribute(file, "predictor", "parameter_bytes", 0)
        seconds = attribute(file, "run", "loop_seconds", 0)
        timed = attribute(file, "run", "timed_bytes", 0)
        ratio = 1 / raw if raw else float("nan")
        name = attribute(file, "predictor", "name")
        return {
            "file": path,
            "corpus": attribute(file, "input", "corpus"),
            "kind": attribute(file, "input", "kind", "text"),
            "corpus_label": corpus_label(file),
            "first": int(attribute(file, "options", "first", "0")),
            "predictor": name,
            "description": attribute(file, "predictor", "description", ""),
            "label": predictor_label(file),
            "family": str(pathlib.PurePath(name).parent),
            "command": attribute(file, "run", "command"),
            "chunk_bytes": attribute(file, "run", "chunk_bytes"),
            "context": attribute(file, "predictor", "context", 0),
            "stride": attribute(file, "predictor", "stride", 0),
            "tokenizer": attribute(file, "predictor", "tokenizer", ""),
            "vocabulary": attribute(file, "predictor", "vocabulary", 0),
            "math": attribute(file, "predictor", "math", ""),
            "bytes_as": rule,
            "lost_bits": lost,
            "chunks": n_chunks,
            "raw_bytes": raw,
            "tokens": int(chunk["tokens"][:].sum()),
            "ideal_bits": bits,
            "coded_bytes": coded,
            "bits_per_byte": bits * ratio,
            "bits_per_byte_error": ratio_error(all_bits, lengths),
            "raw_rate": coded * ratio,
            "parameters": parameters,
            "parameter_bytes": parameter_bytes,
            "adjusted_rate": (coded + parameters * parameter_bytes) * ratio,
            "trained_bytes": trained_bytes(name),
            "flops": float(chunk["flops"][:].sum()),
            "ranks": attribute(file, "run", "ranks"),
            "threads": attribute(file, "run", "threads"),
            "seconds": seconds,
            "bytes_per_second": timed / seconds if seconds else float("nan"),
            "started": attribute(file, "run", "start", ""),
            "hosts": attribute(file, "run", "hosts", ""),
            "revision": attribute(file, "build", "revision", ""),
            "corpus_sha256": attribute(file, "input", "sha256", ""),
            "model_sha256": attribute(file, "predictor", "model_sha256", ""),
        }


def load_summary(patterns):
    """One row per results file."""
    return pd.DataFrame([summarise(path) for path in expand(patterns)])


def load_chunks(path):
    """One row per chunk, the columns of /chunk."""
    with open_results(path) as file:
        chunk = file["chunk"]
        columns = [n for n in chunk if chunk[n].ndim == 1]
        return pd.DataFrame({name: chunk[name][:] for name in columns})


def load_positions(path, n_bootstrap=200, seed=1):
    """Bits per byte by position in the chunk, with 95 % bands over chunks.

    Columns: first, end (bytes from the start of the chunk); bits_per_byte,
    low, high in that bucket; rate, rate_low, rate_high of all bytes before
    end, as a share of their number.  Bands are bootstraps over chunks, taken
    as independent; with one chunk they mean nothing.
    """
    with open_results(path) as file:
        if "bits_by_position" not in file["chunk"]:
            raise ResultsError(f"{path}: has no bits by position")
        bits = file["chunk/bits_by_position"][:].astype(float)
        raw = file["chunk/raw_bytes"][:]
        first = file["position/first"][:].astype(np.int64)
        end = file["position/end"][:].astype(np.int64)
    lengths = np.clip(raw[:, None].astype(np.int64), first, end) - first
    rng = np.random.default_rng(seed)
    n = len(raw)
    bit_sums, length_sums = [bits.sum(0)], [lengths.sum(0)]
    for _ in range(n_bootstrap):
        weight = np.bincount(rng.integers(0, n, n), minlength=n)
        bit_sums.append(weight @ bits)
        length_sums.append(weight @ lengths)
    bit_sums, length_sums = np.array(bit_sums), np.array(length_sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        at = bit_sums / length_sums
        before = bit_sums.cumsum(1) / length_sums.cumsum(1) / 8
    low, high = np.nanpercentile(at[1:], [2.5, 97.5], axis=0)
    rate_low, rate_high = np.nanpercentile(before[1:], [2.5, 97.5], axis=0)
    table = pd.DataFrame({
        "first": first, "end": end, "bits_per_byte": at[0], "low": low,
        "high": high, "rate": before[0], "rate_low": rate_low,
        "rate_high": rate_high})
    return table[length_sums[0] > 0]


def training_rows(path):
    """Validations of one training log; the last row is marked final."""
    with open_results(path, TRAINING) as file:
        if "validation" not in file:
            raise ResultsError(f"{path}: has no validation; train with "
                               "--validate")
        group = file["validation"]
        table = pd.DataFrame({name: group[name][:] for name in group})
        table = table.rename(
            columns={"validation_bits_per_byte": "bits_per_byte",
                     "step": "steps"})
        table.insert(0, "file", path)
        table.insert(1, "label", without_json(pathlib.Path(path).parent.name))
        table["parameters"] = attribute(file, "model", "parameters")
        table["corpus"] = attribute(file, "options", "corpus")
        table["corpus_bytes"] = attribute(file, "options", "bytes")
        for name in ["context", "batch", "schedule", "config"]:
            table[name] = attribute(file, "options", name)
        table["seconds"] = attribute(file, "run", "seconds")
        table["revision"] = attribute(file, "build", "revision", "")
        done = attribute(file, "run", "bytes")
    table["final"] = (table.bytes == table.bytes.max()) & (table.bytes >= done)
    return table


def load_training(patterns):
    """One row per validation of each training run."""
    tables = [training_rows(path) for path in expand(patterns, TRAINING)]
    return pd.concat(tables, ignore_index=True)
