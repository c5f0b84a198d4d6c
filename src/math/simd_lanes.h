/*
 * simd_lanes.h - 16 floats, 16 doubles and 16 counters of one instruction set.
 *
 * The including file defines SIMD_AVX512, SIMD_AVX2 or SIMD_NEON, or none of
 * them for plain C.  All give the same bits for every operation, NaN payloads
 * aside:
 *   lanes_max(a, b)       a > b ? a : b, also for NaN and for zeros
 *   lanes_fma, lanes_fnma a * b + c and c - a * b, rounded once
 *   lanes_scale(a, t, x, min)
 *                         x >= min ? a * 2^n : 0 for a t that has n in its
 *                         lowest bits; a and the product are normal
 *   lanes_keep(x, y, a)   x >= y ? a : 0
 *   lanes_choose(x, y, a, b)
 *                         x >= y ? a : b
 *   lanes_rest(x, t, c)   x - (t - c) for t = x + c: what x has beyond the
 *                         integer next to it; c is 1.5 * 2^23 and at most
 *                         2^21 more or less, an even integer
 *   lanes_sum, wide_sum   the tree of all sums over lanes: halves onto halves
 *   lanes_tops(rows)      the largest lane of each of 16 rows
 *   counts_add(c, e)      c + floor(e) for 16 e in [0, 2^51]
 */
#ifndef MATH_SIMD_LANES_H
#define MATH_SIMD_LANES_H

#include <stddef.h>

#define LANES 16

#if defined(SIMD_AVX512)
#include "simd_lanes_avx512.h"
#elif defined(SIMD_AVX2)
#include "simd_lanes_avx2.h"
#elif defined(SIMD_NEON)
#include "simd_lanes_neon.h"
#else
#include "simd_lanes_portable.h"
#endif

#endif /* MATH_SIMD_LANES_H */
