/*
 * gemm_stored_avx512.c
 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 16
#define ROWS  4

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

static inline void
vec_store(float *p, vec v)
{
    _mm512_store_ps(p, v);
}

static inline vec
vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec
vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

static inline vec
vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec
vec_bf16(const uint16_t *p)
{
    __m512i half = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p));

    return _mm512_castsi512_ps(_mm512_slli_epi32(half, 16));
}

static inline vec
vec_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p));
}

static inline vec
vec_i8(const int8_t *p)
{
    __m512i q = _mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p));

    return _mm512_cvtepi32_ps(q);
}

/* The floats 0 to 15, found by the low four bits of each lane. */
static inline vec
small_float(__m512i q)
{
    return _mm512_permutexvar_ps(q,
        _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

static inline vec
vec_low(const uint8_t *p)
{
    return small_float(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)));
}

static inline vec
vec_high(const uint8_t *p)
{
    __m512i q = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p));

    return small_float(_mm512_srli_epi32(q, 4));
}

#include "gemm_stored_tile.h"

const struct stored_kernel stored_avx512 = STORED_KERNEL;
