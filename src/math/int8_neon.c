/*
 * int8_neon.c
 *
 * Without dot products: 16-bit products, added in pairs twice.
 */
#include "int8_neon.h"

#define OFFSET       0
#define ROWS         3
#define VECTORS_ONCE 4

static inline ivec
ivec_dot(ivec acc, ivec w, ivec a)
{
    int8x16_t x = vreinterpretq_s8_s32(w), y = vreinterpretq_s8_s32(a);
    int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(y));
    int16x8_t high = vmull_high_s8(x, y);

    return vaddq_s32(acc, vpaddlq_s16(vpaddq_s16(low, high)));
}

#include "int8_tile.h"

const struct int8_kernel int8_neon = INT8_KERNEL;
