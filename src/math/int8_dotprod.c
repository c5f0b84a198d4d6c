/*
 * int8_dotprod.c
 *
 * The dot products of Armv8.2: 16 bytes per instruction, both signed.
 */
#include "int8_neon.h"

#define OFFSET       0
#define ROWS         3
#define VECTORS_ONCE 4

static inline ivec
ivec_dot(ivec acc, ivec w, ivec a)
{
    return vdotq_s32(acc, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(a));
}

#include "int8_tile.h"

const struct int8_kernel int8_dotprod = INT8_KERNEL;
