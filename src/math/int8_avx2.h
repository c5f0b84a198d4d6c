/*
 * int8_avx2.h - the operations of int8_tile.h on 8 lanes, but for the
 * product.
 */
#ifndef MATH_INT8_AVX2_H
#define MATH_INT8_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES 8

typedef __m256 vec;
typedef __m256i ivec;

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
vec_load(const float *p)
{
    return _mm256_load_ps(p);
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
    return _mm256_maskload_ps(p, mask_of(n));
}

static inline void
vec_store_some(float *p, vec v, size_t n)
{
    _mm256_maskstore_ps(p, mask_of(n), v);
}

static inline vec
vec_from(ivec v)
{
    return _mm256_cvtepi32_ps(v);
}

static inline ivec
ivec_set(int32_t x)
{
    return _mm256_set1_epi32(x);
}

static inline ivec
ivec_add(ivec a, ivec b)
{
    return _mm256_add_epi32(a, b);
}

static inline ivec
ivec_max(ivec a, ivec b)
{
    return _mm256_max_epi32(a, b);
}

static inline ivec
ivec_load(const void *p)
{
    return _mm256_loadu_si256(p);
}

static inline void
ivec_store(void *p, ivec v)
{
    _mm256_storeu_si256(p, v);
}

static inline ivec
ivec_four(const int8_t *p)
{
    int32_t word;

    memcpy(&word, p, sizeof(word));
    return ivec_set(word);
}

static inline ivec
ivec_magnitude(const float *p)
{
    return _mm256_and_si256(ivec_load(p), ivec_set(0x7fffffff));
}

static inline ivec
ivec_quantise(const float *p, float inverse)
{
    return _mm256_cvtps_epi32(
        _mm256_mul_ps(_mm256_loadu_ps(p), vec_set(inverse)));
}

static inline void
bytes_store(int8_t *p, ivec v)
{
    __m128i words = _mm_packs_epi32(
        _mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

    _mm_storel_epi64((void *)p, _mm_packs_epi16(words, words));
}

#endif /* MATH_INT8_AVX2_H */
