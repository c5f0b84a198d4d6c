/*
 * int8_vnni.h - the operations of int8_tile.h on 16 lanes.
 */
#ifndef MATH_INT8_VNNI_H
#define MATH_INT8_VNNI_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES        16
#define OFFSET       128
#define ROWS         6
#define VECTORS_ONCE 2

typedef __m512 vec;
typedef __m512i ivec;

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
vec_load(const float *p)
{
    return _mm512_load_ps(p);
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

static inline vec
vec_from(ivec v)
{
    return _mm512_cvtepi32_ps(v);
}

static inline ivec
ivec_set(int32_t x)
{
    return _mm512_set1_epi32(x);
}

static inline ivec
ivec_add(ivec a, ivec b)
{
    return _mm512_add_epi32(a, b);
}

static inline ivec
ivec_max(ivec a, ivec b)
{
    return _mm512_max_epi32(a, b);
}

static inline ivec
ivec_load(const void *p)
{
    return _mm512_loadu_si512(p);
}

static inline void
ivec_store(void *p, ivec v)
{
    _mm512_storeu_si512(p, v);
}

static inline ivec
ivec_four(const int8_t *p)
{
    int32_t word;

    memcpy(&word, p, sizeof(word));
    return ivec_set(word);
}

static inline ivec
ivec_dot(ivec acc, ivec w, ivec a)
{
    return _mm512_dpbusd_epi32(acc, w, a);
}

static inline ivec
ivec_magnitude(const float *p)
{
    return _mm512_and_si512(ivec_load(p), ivec_set(0x7fffffff));
}

static inline ivec
ivec_quantise(const float *p, float inverse)
{
    return _mm512_cvtps_epi32(
        _mm512_mul_ps(_mm512_loadu_ps(p), vec_set(inverse)));
}

static inline void
bytes_store(int8_t *p, ivec v)
{
    _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8(v));
}

#endif /* MATH_INT8_VNNI_H */
