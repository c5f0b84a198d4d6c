/*
 * net_kernel_lanes.h - what learning needs of 16 lanes beyond math/.
 *
 *   lanes_power(a, t, x)  a * 2^n for a t that has n in its lowest bits and
 *                         the x >= POWER_MIN that n comes from
 *   lanes_turn(x)         rows of 16 become columns
 */
#ifndef LEARN_NET_KERNEL_LANES_H
#define LEARN_NET_KERNEL_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "math/simd_lanes.h"

/* Adding and subtracting it rounds a float below 2^22 to an integer. */
#define POWER_ROUND 0x1.8p23f

/* Below it 2^x is taken as 0, so that no subnormal occurs. */
#define POWER_MIN -126.0f

/* 2^r = 1 + r (P1 + ...) for |r| <= 1/2, relative error 1e-7. */
#define POWER_P1 0x1.62e42ap-1f
#define POWER_P2 0x1.ebf9bcp-3f
#define POWER_P3 0x1.c6b752p-5f
#define POWER_P4 0x1.3cea88p-7f
#define POWER_P5 0x1.5bba14p-10f

#if defined(SIMD_AVX512)

SIMD_INLINE struct lanes
lanes_power(struct lanes a, struct lanes t, struct lanes x)
{
    const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(t.v), 23);

    (void)x; /* in range: a comparison less than lanes_scale() */
    return (struct lanes){
        _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), n))};
}

/* Rows i and i + 1 of two become interleaved pairs. */
SIMD_INLINE void
turn_pairs(__m512 *y, const struct lanes *x)
{
    SIMD_UNROLL(8)
    for (size_t i = 0; i < 16; i += 2) {
        y[i] = _mm512_unpacklo_ps(x[i].v, x[i + 1].v);
        y[i + 1] = _mm512_unpackhi_ps(x[i].v, x[i + 1].v);
    }
}

SIMD_INLINE __m512
turn_low(__m512 a, __m512 b)
{
    return _mm512_castpd_ps(
        _mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}

SIMD_INLINE __m512
turn_high(__m512 a, __m512 b)
{
    return _mm512_castpd_ps(
        _mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}

SIMD_INLINE void
lanes_turn(struct lanes *x)
{
    __m512 y[16], z[16];

    /* 4 x 4 within each quarter of four rows, then the quarters. */
    turn_pairs(y, x);
    SIMD_UNROLL(4)
    for (size_t i = 0; i < 16; i += 4) {
        z[i] = turn_low(y[i], y[i + 2]);
        z[i + 1] = turn_high(y[i], y[i + 2]);
        z[i + 2] = turn_low(y[i + 1], y[i + 3]);
        z[i + 3] = turn_high(y[i + 1], y[i + 3]);
    }
    SIMD_UNROLL(4)
    for (size_t i = 0; i < 4; i++) {
        y[i] = _mm512_shuffle_f32x4(z[i], z[4 + i], 0x88);
        y[4 + i] = _mm512_shuffle_f32x4(z[i], z[4 + i], 0xdd);
        y[8 + i] = _mm512_shuffle_f32x4(z[8 + i], z[12 + i], 0x88);
        y[12 + i] = _mm512_shuffle_f32x4(z[8 + i], z[12 + i], 0xdd);
    }
    SIMD_UNROLL(4)
    for (size_t i = 0; i < 4; i++) {
        x[i].v = _mm512_shuffle_f32x4(y[i], y[8 + i], 0x88);
        x[4 + i].v = _mm512_shuffle_f32x4(y[4 + i], y[12 + i], 0x88);
        x[8 + i].v = _mm512_shuffle_f32x4(y[i], y[8 + i], 0xdd);
        x[12 + i].v = _mm512_shuffle_f32x4(y[4 + i], y[12 + i], 0xdd);
    }
}

#else

SIMD_INLINE struct lanes
lanes_power(struct lanes a, struct lanes t, struct lanes x)
{
    return lanes_scale(a, t, x, lanes_set(POWER_MIN));
}

SIMD_INLINE void
lanes_turn(struct lanes *x)
{
    float from[LANES * LANES], to[LANES * LANES];

    for (size_t i = 0; i < LANES; i++) {
        lanes_store(from + i * LANES, x[i]);
    }
    for (size_t i = 0; i < LANES; i++) {
        for (size_t j = 0; j < LANES; j++) {
            to[i * LANES + j] = from[j * LANES + i];
        }
    }
    for (size_t i = 0; i < LANES; i++) {
        x[i] = lanes_load(to + i * LANES);
    }
}

#endif

/* 2^x for x < 128; is_bounded: x is known to be above POWER_MIN. */
SIMD_INLINE struct lanes
power_of_2(struct lanes x, const bool is_bounded)
{
    const struct lanes round = lanes_set(POWER_ROUND);
    struct lanes t = lanes_add(x, round);
    struct lanes r = lanes_sub(x, lanes_sub(t, round));
    struct lanes p = lanes_fma(r, lanes_set(POWER_P5), lanes_set(POWER_P4));

    p = lanes_fma(r, p, lanes_set(POWER_P3));
    p = lanes_fma(r, p, lanes_set(POWER_P2));
    p = lanes_fma(r, p, lanes_set(POWER_P1));
    p = lanes_fma(r, p, lanes_set(1.0f));
    return is_bounded ? lanes_power(p, t, x)
                      : lanes_scale(p, t, x, lanes_set(POWER_MIN));
}

#endif /* LEARN_NET_KERNEL_LANES_H */
