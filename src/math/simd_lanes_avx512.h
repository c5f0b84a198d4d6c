/*
 * simd_lanes_avx512.h - one register of floats, two of doubles or counters.
 *
 * Contracts: simd_lanes.h, which includes this.
 */
#ifndef MATH_SIMD_LANES_AVX512_H
#define MATH_SIMD_LANES_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* Small functions that must vanish into their callers. */
#define SIMD_INLINE static inline __attribute__((always_inline))

/* Loops whose arrays must become registers. */
#ifdef __clang__
#define SIMD_UNROLL(n) _Pragma("clang loop unroll(full)")
#else
#define SIMD_PRAGMA(text) _Pragma(#text)
#define SIMD_UNROLL(n)    SIMD_PRAGMA(GCC unroll n)
#endif

struct lanes {
    __m512 v;
};

struct wide {
    __m512d low, high;
};

struct counts {
    __m512i low, high;
};

/*
 * Pieces of a product: this many vectors at most, and rows with as many, or
 * with fewer vectors.
 */
#define PRODUCT_VECTORS   4
#define PRODUCT_ROWS      6
#define PRODUCT_ROWS_MANY 12

/* The same where lanes are queries; divides LANES. */
#define MANY_VECTORS 2
#define MANY_ROWS    8

SIMD_INLINE struct lanes
lanes_set(float x)
{
    return (struct lanes){_mm512_set1_ps(x)};
}

SIMD_INLINE struct lanes
lanes_load(const float *p)
{
    return (struct lanes){_mm512_loadu_ps(p)};
}

SIMD_INLINE void
lanes_store(float *p, struct lanes a)
{
    _mm512_storeu_ps(p, a.v);
}

SIMD_INLINE struct lanes
lanes_load_some(const float *p, size_t n, struct lanes fill)
{
    __mmask16 mask = (__mmask16)((1u << n) - 1);

    return (struct lanes){_mm512_mask_loadu_ps(fill.v, mask, p)};
}

SIMD_INLINE void
lanes_store_some(float *p, struct lanes a, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), a.v);
}

SIMD_INLINE struct lanes
lanes_add(struct lanes a, struct lanes b)
{
    return (struct lanes){_mm512_add_ps(a.v, b.v)};
}

SIMD_INLINE struct lanes
lanes_sub(struct lanes a, struct lanes b)
{
    return (struct lanes){_mm512_sub_ps(a.v, b.v)};
}

SIMD_INLINE struct lanes
lanes_mul(struct lanes a, struct lanes b)
{
    return (struct lanes){_mm512_mul_ps(a.v, b.v)};
}

SIMD_INLINE struct lanes
lanes_div(struct lanes a, struct lanes b)
{
    return (struct lanes){_mm512_div_ps(a.v, b.v)};
}

SIMD_INLINE struct lanes
lanes_fma(struct lanes a, struct lanes b, struct lanes c)
{
    return (struct lanes){_mm512_fmadd_ps(a.v, b.v, c.v)};
}

SIMD_INLINE struct lanes
lanes_fnma(struct lanes a, struct lanes b, struct lanes c)
{
    return (struct lanes){_mm512_fnmadd_ps(a.v, b.v, c.v)};
}

SIMD_INLINE struct lanes
lanes_max(struct lanes a, struct lanes b)
{
    return (struct lanes){_mm512_max_ps(a.v, b.v)};
}

SIMD_INLINE struct lanes
lanes_scale(struct lanes a, struct lanes t, struct lanes x, struct lanes min)
{
    __mmask16 mask = _mm512_cmp_ps_mask(x.v, min.v, _CMP_GE_OQ);
    __m512i n = _mm512_slli_epi32(_mm512_castps_si512(t.v), 23);
    __m512i sum = _mm512_maskz_add_epi32(mask, _mm512_castps_si512(a.v), n);

    return (struct lanes){_mm512_castsi512_ps(sum)};
}

SIMD_INLINE struct lanes
lanes_keep(struct lanes x, struct lanes y, struct lanes a)
{
    __mmask16 mask = _mm512_cmp_ps_mask(x.v, y.v, _CMP_GE_OQ);

    return (struct lanes){_mm512_maskz_mov_ps(mask, a.v)};
}

SIMD_INLINE struct lanes
lanes_choose(struct lanes x, struct lanes y, struct lanes a, struct lanes b)
{
    __mmask16 mask = _mm512_cmp_ps_mask(x.v, y.v, _CMP_GE_OQ);

    return (struct lanes){_mm512_mask_mov_ps(b.v, mask, a.v)};
}

SIMD_INLINE struct lanes
lanes_rest(struct lanes x, struct lanes t, struct lanes c)
{
    (void)t, (void)c;
    return (struct lanes){_mm512_reduce_ps(x.v, _MM_FROUND_TO_NEAREST_INT)};
}

/* The largest lane. */
SIMD_INLINE float
lanes_top(struct lanes a)
{
    return _mm512_reduce_max_ps(a.v);
}

/* Two sets of rows become one, with half the lanes of each row. */
SIMD_INLINE __m512
avx512_fold_quarters(__m512 a, __m512 b)
{
    return _mm512_max_ps(
        _mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

SIMD_INLINE __m512
avx512_fold_lanes(__m512 a, __m512 b)
{
    return _mm512_max_ps(
        _mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
}

SIMD_INLINE struct lanes
lanes_tops(const struct lanes *rows)
{
    /* Where the folds leave rows 0 to 15. */
    const __m512i order =
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512 x[8];

    SIMD_UNROLL(8)
    for (size_t i = 0; i < 8; i++) {
        x[i] = avx512_fold_quarters(rows[2 * i].v, rows[2 * i + 1].v);
    }
    SIMD_UNROLL(4)
    for (size_t i = 0; i < 4; i++) {
        x[i] = avx512_fold_quarters(x[2 * i], x[2 * i + 1]);
    }
    x[0] = avx512_fold_lanes(x[0], x[1]);
    x[1] = avx512_fold_lanes(x[2], x[3]);
    x[0] = avx512_fold_lanes(x[0], x[1]);
    return (struct lanes){_mm512_permutexvar_ps(order, x[0])};
}

SIMD_INLINE struct wide
wide_zero(void)
{
    return (struct wide){_mm512_setzero_pd(), _mm512_setzero_pd()};
}

SIMD_INLINE struct wide
wide_add(struct wide s, struct lanes e)
{
    __m256 low = _mm512_castps512_ps256(e.v);
    __m256 high = _mm512_extractf32x8_ps(e.v, 1);

    return (struct wide){_mm512_add_pd(s.low, _mm512_cvtps_pd(low)),
        _mm512_add_pd(s.high, _mm512_cvtps_pd(high))};
}

SIMD_INLINE float
lanes_sum(struct lanes a)
{
    __m256 x = _mm256_add_ps(
        _mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
    __m128 y =
        _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

SIMD_INLINE double
wide_sum(struct wide a)
{
    __m512d x = _mm512_add_pd(a.low, a.high);
    __m256d y =
        _mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd(x, 1));
    __m128d z =
        _mm_add_pd(_mm256_castpd256_pd128(y), _mm256_extractf128_pd(y, 1));

    return _mm_cvtsd_f64(_mm_add_sd(z, _mm_unpackhi_pd(z, z)));
}

SIMD_INLINE struct counts
counts_zero(void)
{
    return (struct counts){_mm512_setzero_si512(), _mm512_setzero_si512()};
}

SIMD_INLINE struct counts
counts_add(struct counts c, const float *e)
{
    __m512i low = _mm512_cvttps_epi64(_mm256_loadu_ps(e));
    __m512i high = _mm512_cvttps_epi64(_mm256_loadu_ps(e + 8));

    return (struct counts){
        _mm512_add_epi64(c.low, low), _mm512_add_epi64(c.high, high)};
}

SIMD_INLINE uint64_t
counts_sum(struct counts c)
{
    __m512i sum = _mm512_add_epi64(c.low, c.high);

    return (uint64_t)_mm512_reduce_add_epi64(sum);
}

SIMD_INLINE void
counts_store(uint64_t *p, struct counts c)
{
    _mm512_storeu_si512(p, c.low);
    _mm512_storeu_si512(p + 8, c.high);
}

#endif /* MATH_SIMD_LANES_AVX512_H */
