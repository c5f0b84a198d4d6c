/*
 * int8_neon.h - the operations of int8_tile.h on 4 lanes, but for the
 * product.
 */
#ifndef MATH_INT8_NEON_H
#define MATH_INT8_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES 4

typedef float32x4_t vec;
typedef int32x4_t ivec;

static inline vec
vec_zero(void)
{
    return vdupq_n_f32(0.0f);
}

static inline vec
vec_set(float x)
{
    return vdupq_n_f32(x);
}

static inline vec
vec_mul(vec a, vec b)
{
    return vmulq_f32(a, b);
}

static inline vec
vec_fma(vec a, vec b, vec c)
{
    return vfmaq_f32(c, a, b);
}

static inline vec
vec_load(const float *p)
{
    return vld1q_f32(p);
}

static inline vec
vec_load_some(const float *p, size_t n)
{
    float lanes[LANES] = {0};

    if (n == LANES) {
        return vld1q_f32(p);
    }
    memcpy(lanes, p, n * sizeof(float));
    return vld1q_f32(lanes);
}

static inline void
vec_store_some(float *p, vec v, size_t n)
{
    float lanes[LANES];

    if (n == LANES) {
        vst1q_f32(p, v);
        return;
    }
    vst1q_f32(lanes, v);
    memcpy(p, lanes, n * sizeof(float));
}

static inline vec
vec_from(ivec v)
{
    return vcvtq_f32_s32(v);
}

static inline ivec
ivec_set(int32_t x)
{
    return vdupq_n_s32(x);
}

static inline ivec
ivec_add(ivec a, ivec b)
{
    return vaddq_s32(a, b);
}

static inline ivec
ivec_max(ivec a, ivec b)
{
    return vmaxq_s32(a, b);
}

static inline ivec
ivec_load(const void *p)
{
    return vreinterpretq_s32_u8(vld1q_u8(p));
}

static inline void
ivec_store(int32_t *p, ivec v)
{
    vst1q_s32(p, v);
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
    return vreinterpretq_s32_f32(vabsq_f32(vld1q_f32(p)));
}

static inline ivec
ivec_quantise(const float *p, float inverse)
{
    return vcvtnq_s32_f32(vmulq_f32(vld1q_f32(p), vec_set(inverse)));
}

static inline void
bytes_store(int8_t *p, ivec v)
{
    int16x4_t words = vmovn_s32(v);
    int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
    int32_t word = vget_lane_s32(vreinterpret_s32_s8(bytes), 0);

    memcpy(p, &word, sizeof(word));
}

#endif /* MATH_INT8_NEON_H */
