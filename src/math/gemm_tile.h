/*
 * gemm_tile.h - the tile of a matrix product, for any vector register.
 *
 * Included once by each gemm_ISA.c, which first defines
 *     LANES, vec                     floats in a register, its type
 *     vec_zero(), vec_set(x)         all lanes 0, all lanes x
 *     vec_load(p), vec_fma(a, b, c)  a * b + c, rounded once
 *     vec_load_some(p, n), vec_store_some(p, v, n)
 *                                    the first n lanes, n may be 0 to LANES
 * and then makes a function for each number of rows with GEMM_TILE.
 */
#ifndef MATH_GEMM_TILE_H
#define MATH_GEMM_TILE_H

#include "gemm_kernel.h"

/* Registers per panel. */
#define VECTORS (GEMM_PANEL / LANES)

/* Bounds of the arrays below; tiles use fewer. */
#define TILE_ROWS_MAX    12
#define TILE_VECTORS_MAX 16

/* The loops over rows and registers vanish, so that sums are registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* How many lanes of register v of a row of the tile exist. */
static inline size_t
tile_lanes(const struct gemm_tile *tile, size_t v)
{
    size_t first = v * LANES;

    if (tile->n_columns <= first) {
        return 0;
    }
    return tile->n_columns - first < LANES ? tile->n_columns - first : LANES;
}

typedef vec tile_sums[TILE_ROWS_MAX][TILE_VECTORS_MAX];

/*
 * One k, the j-th of an iteration, of R rows and V registers: a broadcast per
 * row, a load per register.  in: every third row, so that all are reached
 * by an address of base and index; a pointer per row would need too many.
 */
static inline __attribute__((always_inline)) void
tile_step(tile_sums acc, const struct gemm_tile *tile, const float *const *in,
    const float *panel, const size_t j, const size_t R, const size_t V)
{
    vec weight[TILE_VECTORS_MAX];

    UNROLL
    for (size_t v = 0; v < V; v++) {
        weight[v] = vec_load(
            panel + v / VECTORS * tile->panel_stride + v % VECTORS * LANES);
    }
    UNROLL
    for (size_t r = 0; r < R; r++) {
        vec x = vec_set(in[r / 3][r % 3 * tile->in_stride + j]);

        UNROLL
        for (size_t v = 0; v < V; v++) {
            acc[r][v] = vec_fma(x, weight[v], acc[r][v]);
        }
    }
}

/*
 * R rows of registers [v0, v0 + V) of the tile.  R and V are constants where
 * this is inlined, so acc stays in registers.  The output is fetched for
 * writing at the start, long before the stores need it.
 */
static inline __attribute__((always_inline)) void
tile_part(const struct gemm_tile *tile, const size_t R, const size_t V,
    const size_t v0)
{
    const float *panel =
        tile->panel + v0 / VECTORS * tile->panel_stride + v0 % VECTORS * LANES;
    const float *in[TILE_ROWS_MAX / 3];
    const float *next = tile->next;
    float *out = tile->out + v0 * LANES;
    size_t k = 0;
    tile_sums acc;

    UNROLL
    for (size_t i = 0; i < (R + 2) / 3; i++) {
        in[i] = tile->in + 3 * i * tile->in_stride;
    }
    UNROLL
    for (size_t r = 0; r < R; r++) {
        UNROLL
        for (size_t v = 0; v < V; v++) {
            float *o = out + r * tile->out_stride + v * LANES;

            acc[r][v] = vec_zero();
            if (v * LANES % 16 == 0) {
                __builtin_prefetch(o, 1);
            }
            if (!tile->is_first) {
                acc[r][v] = vec_load_some(o, tile_lanes(tile, v0 + v));
            }
        }
    }
    for (; k + GEMM_UNROLL <= tile->n_k; k += GEMM_UNROLL) {
        if (next) {
            UNROLL
            for (size_t j = 0; j < GEMM_UNROLL; j++) {
                __builtin_prefetch(next, 0, 2);
                next += tile->next_step;
            }
        }
        UNROLL
        for (size_t j = 0; j < GEMM_UNROLL; j++) {
            tile_step(acc, tile, in, panel + j * GEMM_PANEL, j, R, V);
        }
        UNROLL
        for (size_t i = 0; i < (R + 2) / 3; i++) {
            in[i] += GEMM_UNROLL;
        }
        panel += GEMM_UNROLL * GEMM_PANEL;
    }
    for (; k < tile->n_k; k++) {
        tile_step(acc, tile, in, panel, 0, R, V);
        UNROLL
        for (size_t i = 0; i < (R + 2) / 3; i++) {
            in[i]++;
        }
        panel += GEMM_PANEL;
    }
    UNROLL
    for (size_t r = 0; r < R; r++) {
        UNROLL
        for (size_t v = 0; v < V; v++) {
            vec_store_some(out + r * tile->out_stride + v * LANES, acc[r][v],
                tile_lanes(tile, v0 + v));
        }
    }
}

/* Function tile_RxP: R rows, P panels, V registers at a time. */
#define GEMM_TILE(R, P, V)                                                     \
    static void tile_##R##x##P(const struct gemm_tile *tile)                   \
    {                                                                          \
        for (size_t v0 = 0; v0 < (P)*VECTORS; v0 += (V)) {                     \
            tile_part(tile, R, V, v0);                                         \
        }                                                                      \
    }

#endif /* MATH_GEMM_TILE_H */
