/*
 * simd_lanes_avx2.h - two registers of floats, four of doubles or counters.
 *
 * Contracts: simd_lanes.h, which includes this.
 */
#ifndef MATH_SIMD_LANES_AVX2_H
#define MATH_SIMD_LANES_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
    __m256 a, b;
};

struct wide {
    __m256d v[4];
};

struct counts {
    __m256i v[4];
};

/*
 * Pieces of a product: this many vectors at most, and rows with as many, or
 * with fewer vectors.
 */
#define PRODUCT_VECTORS   1
#define PRODUCT_ROWS      6
#define PRODUCT_ROWS_MANY 6

/* The same where lanes are queries; divides LANES. */
#define MANY_VECTORS 1
#define MANY_ROWS    4

SIMD_INLINE struct lanes
lanes_set(float x)
{
    return (struct lanes){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

SIMD_INLINE struct lanes
lanes_load(const float *p)
{
    return (struct lanes){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

SIMD_INLINE void
lanes_store(float *p, struct lanes x)
{
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}

SIMD_INLINE struct lanes
lanes_load_some(const float *p, size_t n, struct lanes fill)
{
    float x[16];

    lanes_store(x, fill);
    memcpy(x, p, n * sizeof(*x));
    return lanes_load(x);
}

SIMD_INLINE void
lanes_store_some(float *p, struct lanes a, size_t n)
{
    float x[16];

    lanes_store(x, a);
    memcpy(p, x, n * sizeof(*x));
}

SIMD_INLINE struct lanes
lanes_add(struct lanes x, struct lanes y)
{
    return (struct lanes){_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}

SIMD_INLINE struct lanes
lanes_sub(struct lanes x, struct lanes y)
{
    return (struct lanes){_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}

SIMD_INLINE struct lanes
lanes_mul(struct lanes x, struct lanes y)
{
    return (struct lanes){_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)};
}

SIMD_INLINE struct lanes
lanes_div(struct lanes x, struct lanes y)
{
    return (struct lanes){_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)};
}

SIMD_INLINE struct lanes
lanes_fma(struct lanes x, struct lanes y, struct lanes z)
{
    return (struct lanes){
        _mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}

SIMD_INLINE struct lanes
lanes_fnma(struct lanes x, struct lanes y, struct lanes z)
{
    return (struct lanes){
        _mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b)};
}

SIMD_INLINE struct lanes
lanes_max(struct lanes x, struct lanes y)
{
    return (struct lanes){_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)};
}

SIMD_INLINE __m256
avx2_scale(__m256 a, __m256 t)
{
    __m256i n = _mm256_slli_epi32(_mm256_castps_si256(t), 23);

    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), n));
}

SIMD_INLINE struct lanes
lanes_scale(struct lanes a, struct lanes t, struct lanes x, struct lanes min)
{
    const __m256 keep_a = _mm256_cmp_ps(x.a, min.a, _CMP_GE_OQ);
    const __m256 keep_b = _mm256_cmp_ps(x.b, min.b, _CMP_GE_OQ);

    return (struct lanes){_mm256_and_ps(keep_a, avx2_scale(a.a, t.a)),
        _mm256_and_ps(keep_b, avx2_scale(a.b, t.b))};
}

SIMD_INLINE struct lanes
lanes_keep(struct lanes x, struct lanes y, struct lanes z)
{
    return (struct lanes){
        _mm256_and_ps(_mm256_cmp_ps(x.a, y.a, _CMP_GE_OQ), z.a),
        _mm256_and_ps(_mm256_cmp_ps(x.b, y.b, _CMP_GE_OQ), z.b)};
}

SIMD_INLINE struct lanes
lanes_choose(struct lanes x, struct lanes y, struct lanes z, struct lanes w)
{
    return (struct lanes){
        _mm256_blendv_ps(w.a, z.a, _mm256_cmp_ps(x.a, y.a, _CMP_GE_OQ)),
        _mm256_blendv_ps(w.b, z.b, _mm256_cmp_ps(x.b, y.b, _CMP_GE_OQ))};
}

SIMD_INLINE struct lanes
lanes_rest(struct lanes x, struct lanes t, struct lanes c)
{
    return lanes_sub(x, lanes_sub(t, c));
}

/* The largest lane. */
SIMD_INLINE float
lanes_top(struct lanes x)
{
    __m256 m = _mm256_max_ps(x.a, x.b);
    __m128 h =
        _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));

    h = _mm_max_ps(h, _mm_movehl_ps(h, h));
    h = _mm_max_ss(h, _mm_movehdup_ps(h));
    return _mm_cvtss_f32(h);
}

/* Quarter i of x as doubles. */
SIMD_INLINE __m256d
avx2_quarter(struct lanes x, size_t i)
{
    __m256 half = i < 2 ? x.a : x.b;

    return _mm256_cvtps_pd(
        i % 2 ? _mm256_extractf128_ps(half, 1) : _mm256_castps256_ps128(half));
}

SIMD_INLINE struct lanes
lanes_tops(const struct lanes *rows)
{
    float top[16];

    for (size_t i = 0; i < 16; i++) {
        top[i] = lanes_top(rows[i]);
    }
    return lanes_load(top);
}

SIMD_INLINE struct wide
wide_zero(void)
{
    return (struct wide){{_mm256_setzero_pd(), _mm256_setzero_pd(),
        _mm256_setzero_pd(), _mm256_setzero_pd()}};
}

SIMD_INLINE struct wide
wide_add(struct wide s, struct lanes e)
{
    SIMD_UNROLL(4)
    for (size_t i = 0; i < 4; i++) {
        s.v[i] = _mm256_add_pd(s.v[i], avx2_quarter(e, i));
    }
    return s;
}

SIMD_INLINE float
lanes_sum(struct lanes a)
{
    __m256 x = _mm256_add_ps(a.a, a.b);
    __m128 y =
        _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

SIMD_INLINE double
wide_sum(struct wide a)
{
    __m256d x = _mm256_add_pd(
        _mm256_add_pd(a.v[0], a.v[2]), _mm256_add_pd(a.v[1], a.v[3]));
    __m128d y =
        _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));

    return _mm_cvtsd_f64(_mm_add_sd(y, _mm_unpackhi_pd(y, y)));
}

SIMD_INLINE struct counts
counts_zero(void)
{
    return (struct counts){{_mm256_setzero_si256(), _mm256_setzero_si256(),
        _mm256_setzero_si256(), _mm256_setzero_si256()}};
}

/* An integer below 2^52 stands in the low bits of its sum with 2^52. */
SIMD_INLINE struct counts
counts_add(struct counts c, const float *e)
{
    const __m256d shift = _mm256_set1_pd(0x1p52);

    SIMD_UNROLL(4)
    for (size_t i = 0; i < 4; i++) {
        __m256d whole =
            _mm256_floor_pd(_mm256_cvtps_pd(_mm_loadu_ps(e + 4 * i)));
        __m256i bits = _mm256_castpd_si256(_mm256_add_pd(whole, shift));

        bits = _mm256_xor_si256(bits, _mm256_castpd_si256(shift));
        c.v[i] = _mm256_add_epi64(c.v[i], bits);
    }
    return c;
}

SIMD_INLINE void
counts_store(uint64_t *p, struct counts c)
{
    for (size_t i = 0; i < 4; i++) {
        _mm256_storeu_si256((__m256i *)(p + 4 * i), c.v[i]);
    }
}

SIMD_INLINE uint64_t
counts_sum(struct counts c)
{
    uint64_t x[16], sum = 0;

    counts_store(x, c);
    for (size_t i = 0; i < 16; i++) {
        sum += x[i];
    }
    return sum;
}

#endif /* MATH_SIMD_LANES_AVX2_H */
