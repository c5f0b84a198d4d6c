/*
 * int8_vnni.c
 *
 * VNNI multiplies 64 bytes per instruction, unsigned by signed ones: weights
 * have an offset, and sums start from its product with the input.  Tiles of
 * 6 rows x 2 registers: 12 chains hide a latency of 5 at two per cycle.
 */
#include "int8_avx512.h"

#define OFFSET       128
#define ROWS         6
#define VECTORS_ONCE 2

static inline ivec
ivec_four(const int8_t *p)
{
    int32_t word;

    memcpy(&word, p, sizeof(word));
    return ivec_set(word);
}

static inline ivec
ivec_dot(ivec acc, ivec w, ivec a)
{
    return _mm512_dpbusd_epi32(acc, w, a);
}

#include "int8_tile.h"

const struct int8_kernel int8_vnni = INT8_KERNEL;
