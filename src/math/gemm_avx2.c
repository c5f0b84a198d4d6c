/*
 * gemm_avx2.c
 *
 * Tiles of at most 6 rows x 2 registers: 12 chains, two registers of the
 * panel and a broadcast fill the 16 registers.  A panel is four registers
 * wide, so it is taken in two halves, or at once where the rows are few.
 */
#include <immintrin.h>
#include <stddef.h>

#define LANES 8

typedef __m256 vec;

static inline vec
vec_zero(void)
{
    return _mm256_setzero_ps();
}

static inline vec
vec_set(float x)
{
    return _mm256_set1_ps(x);
}

static inline vec
vec_load(const float *p)
{
    return _mm256_load_ps(p);
}

/*
 * The empty statement ties the sum to one register: gcc 12 lets sums wander
 * through all 16 and spills some (0.83 of peak instead of 0.95).
 */
static inline vec
vec_fma(vec a, vec b, vec c)
{
    c = _mm256_fmadd_ps(a, b, c);
    __asm__("" : "+x"(c));
    return c;
}

/* All bits of lanes 0 to n - 1. */
static inline __m256i
mask_of(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

static inline vec
vec_load_some(const float *p, size_t n)
{
    return n == LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, mask_of(n));
}

static inline void
vec_store_some(float *p, vec v, size_t n)
{
    if (n == LANES) {
        _mm256_storeu_ps(p, v);
    } else {
        _mm256_maskstore_ps(p, mask_of(n), v);
    }
}

#include "gemm_tile.h"

GEMM_TILE(1, 1, 4)
GEMM_TILE(1, 2, 8)
GEMM_TILE(2, 1, 4)
GEMM_TILE(3, 1, 4)
GEMM_TILE(4, 1, 2)
GEMM_TILE(5, 1, 2)
GEMM_TILE(6, 1, 2)

static const struct gemm_rows rows[] = {
    {NULL, NULL, 1},
    {tile_1x1, tile_1x2, 2},
    {tile_2x1, NULL, 1},
    {tile_3x1, NULL, 1},
    {tile_4x1, NULL, 1},
    {tile_5x1, NULL, 1},
    {tile_6x1, NULL, 1},
};

const struct gemm_kernel gemm_avx2 = {.rows_max = 6, .rows = rows};
