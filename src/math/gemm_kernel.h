/*
 * gemm_kernel.h - what an instruction set provides for matrix products.
 *
 * Weights are packed in panels of GEMM_PANEL rows of the weight matrix, that
 * is of GEMM_PANEL columns of the output: panel[k][GEMM_PANEL], so that a
 * vector holds different outputs at the same k and no sum crosses lanes.
 */
#ifndef MATH_GEMM_KERNEL_H
#define MATH_GEMM_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Output columns per panel: two AVX-512, four AVX2 or eight NEON registers.
 * Wider ones read the input less often but waste work on N = 64, 128 or 256.
 */
#define GEMM_PANEL 32

/*
 * Tiles of the output, one below the other, over a range of k: some rows
 * each, some whole panels.
 */
struct gemm_tile {
    float *out; /* first row and column of the first tile */
    size_t out_stride;
    const float *in; /* first row of the first tile, first k of the range */
    size_t in_stride;
    size_t n_tiles;
    const float *panel;  /* first k of the range in the first panel */
    size_t panel_stride; /* floats from a panel to the next */
    size_t n_columns;    /* of the output that exist; the rest is padding */
    size_t n_k;
    bool is_first; /* chains start from 0, else they go on from out */
    /*
     * Weights that later tiles use, fetched to L2 on the way: a place per k
     * of each tile, next_step floats apart.  NULL: none.
     */
    const float *next;
    size_t next_step;
};

typedef void gemm_tile_function(const struct gemm_tile *tiles);

/*
 * How to compute n rows: one panel at a time, or n_wide panels, because few
 * rows alone are too few chains to hide the latency of an fma.
 */
struct gemm_rows {
    gemm_tile_function *one;
    gemm_tile_function *wide; /* NULL if n_wide is 1 */
    size_t n_wide;
};

struct gemm_kernel {
    size_t rows_max;              /* of a tile */
    const struct gemm_rows *rows; /* [rows_max + 1], by number of rows */
};

extern const struct gemm_kernel gemm_avx512;
extern const struct gemm_kernel gemm_avx2;
extern const struct gemm_kernel gemm_neon;
extern const struct gemm_kernel gemm_portable;

#endif /* MATH_GEMM_KERNEL_H */
