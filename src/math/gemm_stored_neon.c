/*
 * gemm_stored_neon.c
 */
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES 4
#define ROWS  2

typedef float32x4_t vec;

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

static inline void
vec_store(float *p, vec v)
{
    vst1q_f32(p, v);
}

static inline vec
vec_add(vec a, vec b)
{
    return vaddq_f32(a, b);
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
vec_bf16(const uint16_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}

static inline vec
vec_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

/* Four bytes as 16-bit numbers. */
static inline uint16x4_t
four_bytes(const void *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof(word));
    return vget_low_u16(vmovl_u8(vcreate_u8(word)));
}

static inline vec
vec_i8(const int8_t *p)
{
    /* From the upper half of 16 bits, which has the sign, back down. */
    int16x4_t q =
        vshr_n_s16(vreinterpret_s16_u16(vshl_n_u16(four_bytes(p), 8)), 8);

    return vcvtq_f32_s32(vmovl_s16(q));
}

static inline vec
vec_low(const uint8_t *p)
{
    uint16x4_t q = vand_u16(four_bytes(p), vdup_n_u16(15));

    return vcvtq_f32_u32(vmovl_u16(q));
}

static inline vec
vec_high(const uint8_t *p)
{
    return vcvtq_f32_u32(vmovl_u16(vshr_n_u16(four_bytes(p), 4)));
}

#include "gemm_stored_tile.h"

const struct stored_kernel stored_neon = STORED_KERNEL;
