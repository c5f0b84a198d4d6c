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

/*
 * k per iteration of a tile of R rows.  More of them dilute the fetching ahead
 * and the loop (2 % at K = 64), but where rows are few, and the panel streams
 * from L2 faster, 8 lose 4 %.
 */
#define TILE_UNROLL(R) ((R) < 10 ? 4 : 8)

/* Bounds of the arrays below; tiles use fewer. */
#define TILE_ROWS_MAX    12
#define TILE_VECTORS_MAX 16

/* The loops over rows and registers vanish, so that sums are registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef vec tile_sums[TILE_ROWS_MAX][TILE_VECTORS_MAX];

/* What all tiles of a call share, in locals: stores could change the tile. */
struct tile_part {
    size_t in_stride, out_stride, panel_stride;
    size_t next_step;
    size_t lanes[TILE_VECTORS_MAX]; /* of each register that exist */
};

/*
 * One k, the j-th of an iteration, of R rows and V registers: a broadcast per
 * row, a load per register.  in: every third row, so that all are reached
 * by an address of base and index; a pointer per row would need too many.
 */
static inline __attribute__((always_inline)) void
tile_step(tile_sums acc, const struct tile_part *part, const float *const *in,
    const float *panel, const size_t j, const size_t R, const size_t V)
{
    vec weight[TILE_VECTORS_MAX];

    UNROLL
    for (size_t v = 0; v < V; v++) {
        weight[v] = vec_load(
            panel + v / VECTORS * part->panel_stride + v % VECTORS * LANES);
    }
    UNROLL
    for (size_t r = 0; r < R; r++) {
        vec x = vec_set(in[r / 3][r % 3 * part->in_stride + j]);

        UNROLL
        for (size_t v = 0; v < V; v++) {
            acc[r][v] = vec_fma(x, weight[v], acc[r][v]);
        }
    }
}

/* Where the chains of a tile start: from 0 or from its output. */
static inline __attribute__((always_inline)) void
tile_start(tile_sums acc, const struct tile_part *part, const float *out,
    bool is_first, const size_t R, const size_t V)
{
    UNROLL
    for (size_t r = 0; r < R; r++) {
        UNROLL
        for (size_t v = 0; v < V; v++) {
            acc[r][v] = vec_zero();
            if (!is_first) {
                acc[r][v] = vec_load_some(
                    out + r * part->out_stride + v * LANES, part->lanes[v]);
            }
        }
    }
}

/*
 * The chains of a tile over n_k.  Meanwhile, the tile's output is fetched for
 * writing, a row per iteration: at once they would fill the buffers that the
 * loads of the panel need.  Returns the next weights to be fetched.
 */
static inline __attribute__((always_inline)) const float *
tile_chains(tile_sums acc, const struct tile_part *part, const float *out,
    const float *first_in, const float *panel, size_t n_k, const float *next,
    const size_t R, const size_t V)
{
    const float *const out_end = out + R * part->out_stride;
    const float *in[TILE_ROWS_MAX / 3];
    const size_t n_unrolled = TILE_UNROLL(R);
    size_t k = 0;

    UNROLL
    for (size_t i = 0; i < (R + 2) / 3; i++) {
        in[i] = first_in + 3 * i * part->in_stride;
    }
    for (; k + n_unrolled <= n_k; k += n_unrolled) {
        if (out < out_end) {
            UNROLL
            for (size_t i = 0; i < V * LANES; i += 16) {
                __builtin_prefetch(out + i, 1);
            }
            out += part->out_stride;
        }
        if (next) {
            UNROLL
            for (size_t j = 0; j < n_unrolled; j++) {
                __builtin_prefetch(next, 0, 2);
                next += part->next_step;
            }
        }
        /* One loop up to n_unrolled would be unrolled late by gcc 12, which
           then spills sums with NEON. */
        UNROLL
        for (size_t j = 0; j < 4; j++) {
            tile_step(acc, part, in, panel + j * GEMM_PANEL, j, R, V);
        }
        UNROLL
        for (size_t j = 4; n_unrolled > 4 && j < 8; j++) {
            tile_step(acc, part, in, panel + j * GEMM_PANEL, j, R, V);
        }
        UNROLL
        for (size_t i = 0; i < (R + 2) / 3; i++) {
            in[i] += n_unrolled;
        }
        panel += n_unrolled * GEMM_PANEL;
    }
    for (; k < n_k; k++) {
        tile_step(acc, part, in, panel, 0, R, V);
        UNROLL
        for (size_t i = 0; i < (R + 2) / 3; i++) {
            in[i]++;
        }
        panel += GEMM_PANEL;
    }
    return next;
}

/*
 * Registers [v0, v0 + V) of tiles of R rows.  R and V are constants where
 * this is inlined, so that sums stay in registers.
 */
static inline __attribute__((always_inline)) void
tile_part(const struct gemm_tile *tiles, const size_t R, const size_t V,
    const size_t v0)
{
    struct tile_part part = {
        .in_stride = tiles->in_stride,
        .out_stride = tiles->out_stride,
        .panel_stride = tiles->panel_stride,
        .next_step = tiles->next_step,
    };
    const float *panel =
        tiles->panel + v0 / VECTORS * part.panel_stride + v0 % VECTORS * LANES;
    const float *in = tiles->in, *next = tiles->next;
    float *out = tiles->out + v0 * LANES;
    const size_t n_columns = tiles->n_columns, n_k = tiles->n_k;
    const bool is_first = tiles->is_first;

    UNROLL
    for (size_t v = 0; v < V; v++) {
        size_t first = (v0 + v) * LANES;
        size_t n = n_columns > first ? n_columns - first : 0;

        part.lanes[v] = n < LANES ? n : LANES;
    }
    for (size_t t = tiles->n_tiles; t > 0; t--) {
        tile_sums acc;

        tile_start(acc, &part, out, is_first, R, V);
        next = tile_chains(acc, &part, out, in, panel, n_k, next, R, V);
        UNROLL
        for (size_t r = 0; r < R; r++) {
            UNROLL
            for (size_t v = 0; v < V; v++) {
                vec_store_some(out + r * part.out_stride + v * LANES, acc[r][v],
                    part.lanes[v]);
            }
        }
        in += R * part.in_stride;
        out += R * part.out_stride;
    }
}

/* Function tile_RxP: R rows, P panels, V registers at a time. */
#define GEMM_TILE(R, P, V)                                                     \
    static void tile_##R##x##P(const struct gemm_tile *tiles)                  \
    {                                                                          \
        for (size_t v0 = 0; v0 < (P)*VECTORS; v0 += (V)) {                     \
            tile_part(tiles, R, V, v0);                                        \
        }                                                                      \
    }

#endif /* MATH_GEMM_TILE_H */
