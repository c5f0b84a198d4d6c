/*
 * int8_kernel.h - what a processor provides for products of 8-bit integers.
 *
 * A panel holds GEMM_PANEL rows of the weights, K rounded up to whole blocks
 * with zeros: [K / 4][32][4] bytes, so that four k of a column are together,
 * then 32 scales.  Bytes are q + offset, because some processors multiply
 * unsigned by signed ones only.
 */
#ifndef MATH_INT8_KERNEL_H
#define MATH_INT8_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gemm_kernel.h"

/*
 * k that share a scale of the input.  More lose more: SmolLM2 needs 0.19 %
 * more bits with 32, 0.22 % with 64, 0.46 % with 128 and 1.06 % with one scale
 * per row; each block costs a conversion and an fma per output.  Weights have
 * a scale per row only: one per 64 k as well changed 0.01 %.
 */
#define INT8_BLOCK 64

/* Bytes of a block of a panel. */
#define INT8_BLOCK_BYTES (INT8_BLOCK * GEMM_PANEL)

/* Quantised rows: q (rows, whole blocks) and what belongs to each block. */
struct int8_rows {
    int8_t *q;
    float *scales;   /* NaN where the input is not finite */
    int32_t *starts; /* minus offset times the sum of q */
    size_t n_blocks; /* of a row */
};

/* Some rows times a panel, over a range of blocks. */
struct int8_tile {
    float *out; /* (rows, n_columns): sums so far, or the result */
    size_t out_stride;
    struct int8_rows in;  /* from the first row of the tile on */
    const uint8_t *panel; /* first block of the range */
    const float *scales;  /* of the panel; NULL: the range is not the last */
    size_t n_columns;
    bool is_first; /* sums start from 0, else they go on from out */
};

struct int8_kernel {
    uint8_t offset;  /* of the bytes of weights */
    size_t rows_max; /* of a tile */
    void (*tile)(const struct int8_tile *tile, size_t n_rows);
    /* Block b of row r of rows from INT8_BLOCK floats. */
    void (*quantise)(
        struct int8_rows *rows, size_t r, size_t b, const float *in);
};

/* avx2: without VNNI; neon: without dot products. */
extern const struct int8_kernel int8_amx;
extern const struct int8_kernel int8_vnni;
extern const struct int8_kernel int8_avxvnni;
extern const struct int8_kernel int8_avx2;
extern const struct int8_kernel int8_dotprod;
extern const struct int8_kernel int8_neon;
extern const struct int8_kernel int8_portable;

#endif /* MATH_INT8_KERNEL_H */
