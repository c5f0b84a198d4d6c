/*
 * simd_weights.h - how scores become weights, for any kernel of attention.
 *
 * Scores have the unit of 2^x.  What a row's weights are relative to, its
 * base, is the largest score so far, rounded to a multiple of 2: weights are
 * at most 2, and what is there is rescaled by powers of 2, mostly by 1.
 */
#ifndef MATH_SIMD_WEIGHTS_H
#define MATH_SIMD_WEIGHTS_H

#include <math.h>

#include "simd_exp.h"
#include "simd_lanes.h"

/* What queries are multiplied by besides the scale. */
#define WEIGHTS_UNIT EXPF_LOG2E

/* Adding and subtracting it rounds a float below 2^23 to a multiple of 2. */
#define WEIGHTS_ROUND 0x1.8p24f

/* A larger base is subtracted from the scores first: exp2_weight(). */
#define WEIGHTS_FAR 0x1p20f

/* The base of a row after a block whose largest score is top. */
SIMD_INLINE struct lanes
weights_base(struct lanes top, struct lanes old)
{
    const struct lanes round = lanes_set(WEIGHTS_ROUND);

    return lanes_max(lanes_sub(lanes_add(top, round), round), old);
}

/*
 * 2^(old - base), what is there is multiplied by it.  A row that has seen
 * nothing has -infinity for old, or for both: 0.
 */
SIMD_INLINE struct lanes
weights_factor(struct lanes old, struct lanes base)
{
    const struct lanes x = lanes_sub(old, base);

    return lanes_scale(lanes_set(1.0f), lanes_add(x, lanes_set(EXPF_ROUND)), x,
        lanes_set(EXP2_LEAST));
}

/* |base|, infinite where nothing was seen yet. */
SIMD_INLINE struct lanes
weights_size(struct lanes base)
{
    return lanes_max(base, lanes_sub(lanes_set(0.0f), base));
}

/* The base for exp2_weight(), of scores from which weights_far() was taken. */
SIMD_INLINE struct lanes
weights_near(struct lanes base)
{
    return lanes_choose(
        lanes_set(WEIGHTS_FAR), weights_size(base), base, lanes_set(0.0f));
}

SIMD_INLINE struct lanes
weights_far(struct lanes base)
{
    return lanes_choose(
        lanes_set(WEIGHTS_FAR), weights_size(base), lanes_set(0.0f), base);
}

#endif /* MATH_SIMD_WEIGHTS_H */
