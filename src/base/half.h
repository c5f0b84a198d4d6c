/*
 * half.h - 16-bit floating point to float, exactly, and back.
 */
#ifndef BASE_HALF_H
#define BASE_HALF_H

#include <stdint.h>
#include <string.h>

/* bfloat16: the upper half of a float. */
static inline float
half_from_bf16(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

/*
 * IEEE binary16.  Normal numbers by moving the fields and scaling by 2^112;
 * the same product makes subnormals right, infinity and NaN are patched.
 */
static inline float
half_from_f16(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t bits = (uint32_t)(h & 0x7fff) << 13;
    float f;

    memcpy(&f, &bits, sizeof(f));
    f *= 0x1p112f;
    memcpy(&bits, &f, sizeof(f));
    if ((h & 0x7c00) == 0x7c00) {
        bits = 0x7f800000u | (uint32_t)(h & 0x03ff) << 13;
    }
    bits |= sign;
    memcpy(&f, &bits, sizeof(f));
    return f;
}

/* The nearest bfloat16, ties to even; NaN stays NaN. */
static inline uint16_t
half_to_bf16(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    if (f != f) {
        return (uint16_t)(bits >> 16 | 0x40);
    }
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#endif /* BASE_HALF_H */
