/*
 * gemm_stored_avx2.c
 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 8
#define ROWS  2

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

static inline void
vec_store(float *p, vec v)
{
    _mm256_store_ps(p, v);
}

static inline vec
vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

static inline vec
vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

static inline vec
vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vec
vec_bf16(const uint16_t *p)
{
    __m256i half = _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p));

    return _mm256_castsi256_ps(_mm256_slli_epi32(half, 16));
}

static inline vec
vec_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p));
}

static inline vec
vec_i8(const int8_t *p)
{
    __m256i q = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p));

    return _mm256_cvtepi32_ps(q);
}

static inline vec
vec_low(const uint8_t *p)
{
    __m256i q = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p));

    return _mm256_cvtepi32_ps(_mm256_and_si256(q, _mm256_set1_epi32(15)));
}

static inline vec
vec_high(const uint8_t *p)
{
    __m256i q = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p));

    return _mm256_cvtepi32_ps(_mm256_srli_epi32(q, 4));
}

#include "gemm_stored_tile.h"

const struct stored_kernel stored_avx2 = STORED_KERNEL;
