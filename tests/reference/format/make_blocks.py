"""Blocks of random bits of each quantised type, and what they stand for.

    pip install gguf
    python make_blocks.py       # writes TYPE.blocks and TYPE.f32 beside it

The numbers are those of the gguf package's reference code; scales are chosen
so that all numbers are finite.
"""
import pathlib

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
BLOCKS = 3
# Byte offsets of binary16 scales in a block.
SCALES = {"Q2_K": (80, 82), "Q3_K": (108,), "IQ4_NL": (0,), "IQ4_XS": (0,)}

rng = np.random.default_rng(8)
for name, offsets in SCALES.items():
    kind = gguf.GGMLQuantizationType[name]
    _, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (BLOCKS, block_bytes), dtype=np.uint8)
    for at in offsets:
        scales = rng.normal(0, 0.1, BLOCKS).astype("<f2")
        blocks[:, at:at + 2] = scales.view(np.uint8).reshape(BLOCKS, 2)
    numbers = gguf.quants.dequantize(blocks, kind).astype("<f4")
    assert np.isfinite(numbers).all()
    (HERE / f"{name}.blocks").write_bytes(blocks.tobytes())
    (HERE / f"{name}.f32").write_bytes(numbers.tobytes())
