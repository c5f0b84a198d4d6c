/*
 * int8_avxvnni.c
 *
 * The product of int8_vnni.c for processors with 256-bit registers.
 */
#include "int8_avx2.h"

#define OFFSET       128
#define ROWS         3
#define VECTORS_ONCE 2

static inline ivec
ivec_dot(ivec acc, ivec w, ivec a)
{
    return _mm256_dpbusd_avx_epi32(acc, w, a);
}

#include "int8_tile.h"

const struct int8_kernel int8_avxvnni = INT8_KERNEL;
