/*
 * simd_lanes_neon.h - four registers of floats, eight of doubles or counters.
 *
 * Contracts: simd_lanes.h, which includes this.
 */
#ifndef MATH_SIMD_LANES_NEON_H
#define MATH_SIMD_LANES_NEON_H

#include <arm_neon.h>
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
    float32x4_t a, b, c, d;
};

struct wide {
    float64x2_t v[8];
};

struct counts {
    uint64x2_t v[8];
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

/* op of each register of two or three operands. */
#define NEON_OF_2(op, x, y)                                                    \
    ((struct lanes){                                                           \
        op((x).a, (y).a),                                                      \
        op((x).b, (y).b),                                                      \
        op((x).c, (y).c),                                                      \
        op((x).d, (y).d),                                                      \
    })
#define NEON_OF_3(op, x, y, z)                                                 \
    ((struct lanes){                                                           \
        op((x).a, (y).a, (z).a),                                               \
        op((x).b, (y).b, (z).b),                                               \
        op((x).c, (y).c, (z).c),                                               \
        op((x).d, (y).d, (z).d),                                               \
    })

SIMD_INLINE struct lanes
lanes_set(float x)
{
    const float32x4_t v = vdupq_n_f32(x);

    return (struct lanes){v, v, v, v};
}

SIMD_INLINE struct lanes
lanes_load(const float *p)
{
    return (struct lanes){
        vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}

SIMD_INLINE void
lanes_store(float *p, struct lanes x)
{
    vst1q_f32(p, x.a);
    vst1q_f32(p + 4, x.b);
    vst1q_f32(p + 8, x.c);
    vst1q_f32(p + 12, x.d);
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
    return NEON_OF_2(vaddq_f32, x, y);
}

SIMD_INLINE struct lanes
lanes_sub(struct lanes x, struct lanes y)
{
    return NEON_OF_2(vsubq_f32, x, y);
}

SIMD_INLINE struct lanes
lanes_mul(struct lanes x, struct lanes y)
{
    return NEON_OF_2(vmulq_f32, x, y);
}

SIMD_INLINE struct lanes
lanes_div(struct lanes x, struct lanes y)
{
    return NEON_OF_2(vdivq_f32, x, y);
}

/* vfmaq and vfmsq round once (vmlaq need not); the addend comes first. */
SIMD_INLINE struct lanes
lanes_fma(struct lanes x, struct lanes y, struct lanes z)
{
    return NEON_OF_3(vfmaq_f32, z, x, y);
}

SIMD_INLINE struct lanes
lanes_fnma(struct lanes x, struct lanes y, struct lanes z)
{
    return NEON_OF_3(vfmsq_f32, z, x, y);
}

/* vmaxq has other rules for NaN and zeros. */
SIMD_INLINE float32x4_t
neon_max(float32x4_t x, float32x4_t y)
{
    return vbslq_f32(vcgtq_f32(x, y), x, y);
}

SIMD_INLINE struct lanes
lanes_max(struct lanes x, struct lanes y)
{
    return NEON_OF_2(neon_max, x, y);
}

SIMD_INLINE float32x4_t
neon_scale(float32x4_t a, float32x4_t t, uint32x4_t keep)
{
    uint32x4_t n = vshlq_n_u32(vreinterpretq_u32_f32(t), 23);
    uint32x4_t bits = vaddq_u32(vreinterpretq_u32_f32(a), n);

    return vreinterpretq_f32_u32(vandq_u32(keep, bits));
}

SIMD_INLINE struct lanes
lanes_scale(struct lanes a, struct lanes t, struct lanes x, struct lanes min)
{
    return (struct lanes){
        neon_scale(a.a, t.a, vcgeq_f32(x.a, min.a)),
        neon_scale(a.b, t.b, vcgeq_f32(x.b, min.b)),
        neon_scale(a.c, t.c, vcgeq_f32(x.c, min.c)),
        neon_scale(a.d, t.d, vcgeq_f32(x.d, min.d)),
    };
}

SIMD_INLINE float32x4_t
neon_keep(float32x4_t x, float32x4_t y, float32x4_t a)
{
    return vreinterpretq_f32_u32(
        vandq_u32(vcgeq_f32(x, y), vreinterpretq_u32_f32(a)));
}

SIMD_INLINE struct lanes
lanes_keep(struct lanes x, struct lanes y, struct lanes a)
{
    return NEON_OF_3(neon_keep, x, y, a);
}

SIMD_INLINE struct lanes
lanes_choose(struct lanes x, struct lanes y, struct lanes a, struct lanes b)
{
    return (struct lanes){
        vbslq_f32(vcgeq_f32(x.a, y.a), a.a, b.a),
        vbslq_f32(vcgeq_f32(x.b, y.b), a.b, b.b),
        vbslq_f32(vcgeq_f32(x.c, y.c), a.c, b.c),
        vbslq_f32(vcgeq_f32(x.d, y.d), a.d, b.d),
    };
}

SIMD_INLINE struct lanes
lanes_rest(struct lanes x, struct lanes t, struct lanes c)
{
    return lanes_sub(x, lanes_sub(t, c));
}

SIMD_INLINE float32x4_t
neon_top(struct lanes x)
{
    return neon_max(neon_max(x.a, x.c), neon_max(x.b, x.d));
}

/* The largest lane. */
SIMD_INLINE float
lanes_top(struct lanes x)
{
    return vmaxvq_f32(neon_top(x));
}

/* The tops of four rows. */
SIMD_INLINE float32x4_t
neon_tops(const struct lanes *rows)
{
    return vpmaxq_f32(vpmaxq_f32(neon_top(rows[0]), neon_top(rows[1])),
        vpmaxq_f32(neon_top(rows[2]), neon_top(rows[3])));
}

SIMD_INLINE struct lanes
lanes_tops(const struct lanes *rows)
{
    return (struct lanes){neon_tops(rows), neon_tops(rows + 4),
        neon_tops(rows + 8), neon_tops(rows + 12)};
}

SIMD_INLINE float
lanes_sum(struct lanes a)
{
    float32x4_t x = vaddq_f32(vaddq_f32(a.a, a.c), vaddq_f32(a.b, a.d));
    float32x2_t y = vadd_f32(vget_low_f32(x), vget_high_f32(x));

    return vget_lane_f32(y, 0) + vget_lane_f32(y, 1);
}

SIMD_INLINE struct wide
wide_zero(void)
{
    struct wide s;

    SIMD_UNROLL(8)
    for (size_t i = 0; i < 8; i++) {
        s.v[i] = vdupq_n_f64(0.0);
    }
    return s;
}

SIMD_INLINE struct wide
wide_add(struct wide s, struct lanes e)
{
    const float32x4_t quarter[4] = {e.a, e.b, e.c, e.d};

    SIMD_UNROLL(4)
    for (size_t i = 0; i < 4; i++) {
        float64x2_t low = vcvt_f64_f32(vget_low_f32(quarter[i]));

        s.v[2 * i] = vaddq_f64(s.v[2 * i], low);
        s.v[2 * i + 1] =
            vaddq_f64(s.v[2 * i + 1], vcvt_high_f64_f32(quarter[i]));
    }
    return s;
}

SIMD_INLINE double
wide_sum(struct wide a)
{
    SIMD_UNROLL(4)
    for (size_t i = 0; i < 4; i++) {
        a.v[i] = vaddq_f64(a.v[i], a.v[i + 4]);
    }
    a.v[0] = vaddq_f64(vaddq_f64(a.v[0], a.v[2]), vaddq_f64(a.v[1], a.v[3]));
    return vgetq_lane_f64(a.v[0], 0) + vgetq_lane_f64(a.v[0], 1);
}

SIMD_INLINE struct counts
counts_zero(void)
{
    struct counts c;

    SIMD_UNROLL(8)
    for (size_t i = 0; i < 8; i++) {
        c.v[i] = vdupq_n_u64(0);
    }
    return c;
}

SIMD_INLINE struct counts
counts_add(struct counts c, const float *e)
{
    SIMD_UNROLL(8)
    for (size_t i = 0; i < 8; i++) {
        float64x2_t x = vcvt_f64_f32(vld1_f32(e + 2 * i));

        c.v[i] = vaddq_u64(c.v[i], vcvtq_u64_f64(x));
    }
    return c;
}

SIMD_INLINE void
counts_store(uint64_t *p, struct counts c)
{
    SIMD_UNROLL(8)
    for (size_t i = 0; i < 8; i++) {
        vst1q_u64(p + 2 * i, c.v[i]);
    }
}

SIMD_INLINE uint64_t
counts_sum(struct counts c)
{
    uint64x2_t sum = c.v[0];

    SIMD_UNROLL(7)
    for (size_t i = 1; i < 8; i++) {
        sum = vaddq_u64(sum, c.v[i]);
    }
    return vaddvq_u64(sum);
}

#endif /* MATH_SIMD_LANES_NEON_H */
