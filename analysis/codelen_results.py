"""The one reader of codelen's results files (SCHEMA.md).

    summary = load_summary("out/*.h5")      one row per file
    chunks = load_chunks("out/ngram-5.h5")  one row per chunk
    curve = load_positions("out/x.h5")      rate by position in the chunk

Columns have the names and units of SCHEMA.md.  Files that are not complete
are refused.
"""

import glob as globbing

import h5py
import numpy as np
import pandas as pd


class ResultsError(Exception):
    """A file that cannot be used, with its name and why."""


def open_results(path):
    """Open a complete results file for reading."""
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ResultsError(f"{path}: {error}") from error
    kind = file.attrs.get("format", "")
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if kind != "codelen results":
        raise ResultsError(f"{path}: not a results file of codelen")
    if not file.attrs.get("complete", 0):
        raise ResultsError(f"{path}: not complete; run its command again")
    return file


def attribute(file, group, name, default=None):
    """One attribute as a Python value."""
    value = file[group].attrs.get(name, default) if group in file else default
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.generic):
        return value.item()
    return value


def expand(patterns):
    """File names of one pattern or a list of them, sorted."""
    if isinstance(patterns, str):
        patterns = [patterns]
    paths = sorted(p for pattern in patterns for p in globbing.glob(pattern))
    if not paths:
        raise ResultsError(f"{' '.join(patterns)}: no such file")
    return paths


def summarise(path):
    """One row: raw counts and the ratios made of them."""
    with open_results(path) as file:
        chunk = file["chunk"]
        n_chunks = chunk["index"].shape[0]
        header = attribute(file, "predictor", "header_bytes", 0)
        charged_once = header * max(n_chunks - 1, 0)
        raw = int(chunk["raw_bytes"][:].sum())
        coded = int(chunk["coded_bytes"][:].sum()) - charged_once
        bits = float(chunk["ideal_bits"][:].sum()) - 8 * charged_once
        parameters = attribute(file, "predictor", "parameters", 0)
        parameter_bytes = attribute(file, "predictor", "parameter_bytes", 0)
        seconds = attribute(file, "run", "loop_seconds", 0)
        timed = attribute(file, "run", "timed_bytes", 0)
        ratio = 1 / raw if raw else float("nan")
        return {
            "file": path,
            "corpus": attribute(file, "input", "corpus"),
            "predictor": attribute(file, "predictor", "name"),
            "command": attribute(file, "run", "command"),
            "chunk_bytes": attribute(file, "run", "chunk_bytes"),
            "context": attribute(file, "predictor", "context", 0),
            "tokenizer": attribute(file, "predictor", "tokenizer", ""),
            "chunks": n_chunks,
            "raw_bytes": raw,
            "tokens": int(chunk["tokens"][:].sum()),
            "ideal_bits": bits,
            "coded_bytes": coded,
            "bits_per_byte": bits * ratio,
            "raw_rate": coded * ratio,
            "parameters": parameters,
            "adjusted_rate": (coded + parameters * parameter_bytes) * ratio,
            "ranks": attribute(file, "run", "ranks"),
            "threads": attribute(file, "run", "threads"),
            "seconds": seconds,
            "bytes_per_second": timed / seconds if seconds else float("nan"),
        }


def load_summary(patterns):
    """One row per file."""
    return pd.DataFrame([summarise(path) for path in expand(patterns)])


def load_chunks(path):
    """One row per chunk, the columns of /chunk."""
    with open_results(path) as file:
        chunk = file["chunk"]
        columns = [n for n in chunk if chunk[n].ndim == 1]
        return pd.DataFrame({name: chunk[name][:] for name in columns})


def load_positions(path, n_bootstrap=200, seed=1):
    """Bits per byte by position bucket, with a 95 % band over chunks.

    Columns: first, end (bytes from the start of the chunk), bits_per_byte,
    low, high.  The band is a bootstrap over chunks, the unit that is
    independent; with one chunk it is as narrow as a point and means nothing.
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
    draws = []
    for _ in range(n_bootstrap):
        weight = np.bincount(rng.integers(0, n, n), minlength=n)
        with np.errstate(invalid="ignore", divide="ignore"):
            draws.append((weight @ bits) / (weight @ lengths))
    low, high = np.nanpercentile(draws, [2.5, 97.5], axis=0)
    table = pd.DataFrame({
        "first": first,
        "end": end,
        "bits_per_byte": bits.sum(0) / np.maximum(lengths.sum(0), 1),
        "low": low,
        "high": high,
    })
    return table[lengths.sum(0) > 0]
