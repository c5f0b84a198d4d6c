/*
 * int8_avx2.c
 *
 * Without VNNI: magnitudes of weights times inputs with the weight's sign.
 * Sums of two products are at most 2 * 127 * 127, which 16 bits hold.
 */
#include "int8_avx2.h"

#define OFFSET       0
#define ROWS         3
#define VECTORS_ONCE 2

static inline ivec
ivec_dot(ivec acc, ivec w, ivec a)
{
    __m256i pairs =
        _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w));

    return ivec_add(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

#include "int8_tile.h"

const struct int8_kernel int8_avx2 = INT8_KERNEL;
