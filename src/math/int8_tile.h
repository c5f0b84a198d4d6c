/*
 * int8_tile.h - products of 8-bit integers, for any vector register.
 *
 * Included once by each int8_ISA.c, which first defines
 *     LANES, vec, ivec               32-bit lanes in a register, the types of
 *                                    floats and integers
 *     OFFSET, ROWS, VECTORS_ONCE     of the kernel; registers of a panel that
 *                                    are computed at once
 *     vec_zero(), vec_set(x), vec_mul(a, b), vec_fma(a, b, c)
 *     vec_load(p), vec_load_some(p, n), vec_store_some(p, v, n)
 *     vec_from(ivec)                 integers as floats
 *     ivec_set(x), ivec_add(a, b), ivec_max(a, b), ivec_load(p)
 *     ivec_store(p, v)
 *     ivec_four(p)                   the same four bytes in each lane
 *     ivec_dot(acc, w, a)            acc + products of bytes, w with OFFSET
 *     ivec_magnitude(p)              bits of LANES floats without the signs
 *     ivec_quantise(p, inverse)      LANES floats times inverse, rounded
 *     bytes_store(p, v)              lanes as LANES bytes
 * Sums of a block are exact, so their order is free.
 */
#ifndef MATH_INT8_TILE_H
#define MATH_INT8_TILE_H

#include <math.h>
#include <string.h>

#include "int8_kernel.h"

/* Registers per panel. */
#define VECTORS (GEMM_PANEL / LANES)

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Bits of the largest number that counts as zero, and of infinity. */
#define LEAST_BITS    0x0d800000 /* 2^-100 */
#define INFINITY_BITS 0x7f800000

static void
quantise(struct int8_rows *rows, size_t r, size_t b, const float *in)
{
    size_t at = r * rows->n_blocks + b;
    int8_t *q = rows->q + at * INT8_BLOCK;
    int32_t lanes[LANES], most = 0, sum = 0;
    ivec largest = ivec_magnitude(in), total = ivec_set(0);
    float number, inverse = 0, scale = 0;

    for (size_t i = LANES; i < INT8_BLOCK; i += LANES) {
        largest = ivec_max(largest, ivec_magnitude(in + i));
    }
    ivec_store(lanes, largest);
    for (size_t i = 0; i < LANES; i++) {
        most = lanes[i] > most ? lanes[i] : most;
    }
    if (most >= INFINITY_BITS || most < LEAST_BITS) {
        memset(q, 0, INT8_BLOCK);
        rows->scales[at] = most < LEAST_BITS ? 0 : NAN;
        rows->starts[at] = 0;
        return;
    }
    memcpy(&number, &most, sizeof(number));
    inverse = 127 / number;
    scale = number / 127;
    for (size_t i = 0; i < INT8_BLOCK; i += LANES) {
        ivec v = ivec_quantise(in + i, inverse);

        total = ivec_add(total, v);
        bytes_store(q + i, v);
    }
    ivec_store(lanes, total);
    for (size_t i = 0; i < LANES; i++) {
        sum += lanes[i];
    }
    rows->scales[at] = scale;
    rows->starts[at] = -OFFSET * sum;
}

/* How many lanes of register v of a row of the tile exist. */
static inline size_t
tile_lanes(const struct int8_tile *tile, size_t v)
{
    size_t first = v * LANES;

    if (tile->n_columns <= first) {
        return 0;
    }
    return tile->n_columns - first < LANES ? tile->n_columns - first : LANES;
}

/* Where a tile's sums go, from and to out; with the scales at the end. */
static inline vec
tile_begin(const struct int8_tile *tile, size_t r, size_t v)
{
    const float *out = tile->out + r * tile->out_stride + v * LANES;

    return tile->is_first ? vec_zero()
                          : vec_load_some(out, tile_lanes(tile, v));
}

static inline void
tile_end(const struct int8_tile *tile, size_t r, size_t v, vec sum)
{
    float *out = tile->out + r * tile->out_stride + v * LANES;

    if (tile->scales) {
        sum = vec_mul(sum, vec_load(tile->scales + v * LANES));
    }
    vec_store_some(out, sum, tile_lanes(tile, v));
}

/* R rows of registers [v0, v0 + V), both constants where this is inlined. */
static inline __attribute__((always_inline)) void
tile_part(const struct int8_tile *tile, const size_t R, const size_t V,
    const size_t v0)
{
    const uint8_t *panel = tile->panel + v0 * LANES * 4;
    const struct int8_rows *in = &tile->in;
    vec acc[ROWS][VECTORS_ONCE];

    UNROLL
    for (size_t i = 0; i < R * V; i++) {
        acc[i / V][i % V] = tile_begin(tile, i / V, v0 + i % V);
    }
    for (size_t b = 0; b < in->n_blocks; b++) {
        const int8_t *q = in->q + b * INT8_BLOCK;
        ivec sum[ROWS][VECTORS_ONCE];

        UNROLL
        for (size_t i = 0; i < R * V; i++) {
            sum[i / V][i % V] = ivec_set(in->starts[i / V * in->n_blocks + b]);
        }
        for (size_t k = 0; k < INT8_BLOCK; k += 4, panel += 4 * GEMM_PANEL) {
            ivec weight[VECTORS_ONCE];

            UNROLL
            for (size_t v = 0; v < V; v++) {
                weight[v] = ivec_load(panel + v * LANES * 4);
            }
            UNROLL
            for (size_t r = 0; r < R; r++) {
                ivec x = ivec_four(q + r * in->n_blocks * INT8_BLOCK + k);

                UNROLL
                for (size_t v = 0; v < V; v++) {
                    sum[r][v] = ivec_dot(sum[r][v], weight[v], x);
                }
            }
        }
        UNROLL
        for (size_t i = 0; i < R * V; i++) {
            acc[i / V][i % V] = vec_fma(vec_from(sum[i / V][i % V]),
                vec_set(in->scales[i / V * in->n_blocks + b]),
                acc[i / V][i % V]);
        }
    }
    UNROLL
    for (size_t i = 0; i < R * V; i++) {
        tile_end(tile, i / V, v0 + i % V, acc[i / V][i % V]);
    }
}

static inline __attribute__((always_inline)) void
tile_rows(const struct int8_tile *tile, const size_t R)
{
    for (size_t v0 = 0; v0 < VECTORS; v0 += VECTORS_ONCE) {
        tile_part(tile, R, VECTORS_ONCE, v0);
    }
}

static void
tile_function(const struct int8_tile *tile, size_t n_rows)
{
    switch (n_rows) {
    case 1:
        tile_rows(tile, 1);
        break;
    case 2:
        tile_rows(tile, 2);
        break;
#if ROWS > 2
    case 3:
        tile_rows(tile, 3);
        break;
#endif
#if ROWS > 3
    case 4:
        tile_rows(tile, 4);
        break;
    case 5:
        tile_rows(tile, 5);
        break;
    case 6:
        tile_rows(tile, 6);
        break;
#endif
    }
}

/* The value of a struct int8_kernel. */
#define INT8_KERNEL                                                            \
    {                                                                          \
        .offset = OFFSET, .rows_max = ROWS, .tile = tile_function,             \
        .quantise = quantise,                                                  \
    }
#endif /* MATH_INT8_TILE_H */
