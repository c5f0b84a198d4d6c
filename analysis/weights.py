"""How many bytes a stored parameter needs when weights are coded too.

The order-0 entropy of each byte of a number, over all tensors of a type:
what an arithmetic coder with one table per byte of a number would need.
Sign and exponent of trained weights take few values, mantissas take all: so
16-bit weights shrink by some tens of per cent and no more.
"""

import json
import pathlib

import numpy as np

from codelen_results import ResultsError

ITEM_BYTES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "I64": 8, "I32": 4,
              "I16": 2, "I8": 1, "U8": 1}
TABLE_BYTES = 2  # for each byte value that occurs: its frequency


def plane_bytes(counts):
    """Bytes of symbols with these counts, their table included."""
    seen = counts[counts > 0].astype(float)
    bits = -(seen * np.log2(seen / seen.sum())).sum()
    return bits / 8 + TABLE_BYTES * len(seen)


def safetensors_counts(path):
    """Counts of byte values by type and byte of the number; parameters."""
    data = np.memmap(path, np.uint8, "r")
    try:
        head = int.from_bytes(data[:8].tobytes(), "little")
        tensors = json.loads(data[8:8 + head].tobytes())
    except ValueError as error:
        raise ResultsError(f"{path}: no safetensors file: {error}") from error
    counts, parameters = {}, 0
    for name, tensor in tensors.items():
        if name == "__metadata__":
            continue
        size = ITEM_BYTES[tensor["dtype"]]
        first, end = (8 + head + at for at in tensor["data_offsets"])
        numbers = data[first:end].reshape(-1, size)
        parameters += len(numbers)
        for plane in range(size):
            key = (tensor["dtype"], plane)
            found = np.bincount(numbers[:, plane], minlength=256)
            counts[key] = counts.get(key, 0) + found
    return counts, parameters


def entropy_bytes(place):
    """Bytes of a model's coded weights (a directory or a GGUF file)."""
    place = pathlib.Path(place)
    if place.is_dir():
        files = sorted(place.glob("*.safetensors"))
        if not files:
            raise ResultsError(f"{place}: no .safetensors file")
        total = {}
        for path in files:
            for key, found in safetensors_counts(path)[0].items():
                total[key] = total.get(key, 0) + found
        return sum(plane_bytes(found) for found in total.values())
    # Blocks of quantised numbers: bytes of the file as they are.
    counts = np.bincount(np.memmap(place, np.uint8, "r"), minlength=256)
    return plane_bytes(counts)
