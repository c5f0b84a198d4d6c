/*
 * gemm_avx512.c
 *
 * Tiles of at most 12 rows x 2 registers: 24 chains keep two fma units with
 * a latency of 4 busy, at 14 loads for 24 fma, below the two loads per cycle.
 * Every number of rows has its own code, so that any M is split into nearly
 * equal tiles; few rows take several panels to have enough chains.
 */
#include <immintrin.h>
#include <stddef.h>

#define LANES 16

typedef __m512 vec;

static inline vec
vec_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vec
vec_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec
vec_load(const float *p)
{
    return _mm512_load_ps(p);
}

static inline vec
vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec
vec_load_some(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

static inline void
vec_store_some(float *p, vec v, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}

#include "gemm_tile.h"

GEMM_TILE(1, 1, 2)
GEMM_TILE(1, 4, 8)
GEMM_TILE(2, 1, 2)
GEMM_TILE(2, 4, 8)
GEMM_TILE(3, 1, 2)
GEMM_TILE(3, 4, 8)
GEMM_TILE(4, 1, 2)
GEMM_TILE(4, 2, 4)
GEMM_TILE(5, 1, 2)
GEMM_TILE(5, 2, 4)
GEMM_TILE(6, 1, 2)
GEMM_TILE(6, 2, 4)
GEMM_TILE(7, 1, 2)
GEMM_TILE(8, 1, 2)
GEMM_TILE(9, 1, 2)
GEMM_TILE(10, 1, 2)
GEMM_TILE(11, 1, 2)
GEMM_TILE(12, 1, 2)

static const struct gemm_rows rows[] = {
    {NULL, NULL, 1},
    {tile_1x1, tile_1x4, 4},
    {tile_2x1, tile_2x4, 4},
    {tile_3x1, tile_3x4, 4},
    {tile_4x1, tile_4x2, 2},
    {tile_5x1, tile_5x2, 2},
    {tile_6x1, tile_6x2, 2},
    {tile_7x1, NULL, 1},
    {tile_8x1, NULL, 1},
    {tile_9x1, NULL, 1},
    {tile_10x1, NULL, 1},
    {tile_11x1, NULL, 1},
    {tile_12x1, NULL, 1},
};

const struct gemm_kernel gemm_avx512 = {.rows_max = 12, .rows = rows};
