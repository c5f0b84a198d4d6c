/*
 * simd_exp.h - e^x of 16 lanes, with the bits of elementary_expf().
 */
#ifndef MATH_SIMD_EXP_H
#define MATH_SIMD_EXP_H

#include "elementary_body.h"
#include "simd_lanes.h"

/*
 * 2^shift e^x for x < EXPF_MAX, or 0 for NaN; an even shift leaves e^x as it
 * is with shift 0 and costs nothing.
 */
SIMD_INLINE struct lanes
exp_shifted(struct lanes x, const int shift)
{
    const struct lanes round = lanes_set(EXPF_ROUND + (float)shift);
    const struct lanes one = lanes_set(1.0f);
    struct lanes t = lanes_fma(x, lanes_set(EXPF_LOG2E), round);
    struct lanes n = lanes_sub(t, round);
    struct lanes r = lanes_fnma(n, lanes_set(EXPF_LN2), x);
    struct lanes p;

    r = lanes_fnma(n, lanes_set(EXPF_LN2_LOW), r);
    p = lanes_fma(r, lanes_set(EXPF_C6), lanes_set(EXPF_C5));
    p = lanes_fma(r, p, lanes_set(EXPF_C4));
    p = lanes_fma(r, p, lanes_set(EXPF_C3));
    p = lanes_fma(r, p, lanes_set(EXPF_C2));
    p = lanes_fma(r, p, one);
    p = lanes_fma(r, p, one);
    return lanes_scale(p, t, x, lanes_set(EXPF_MIN));
}

SIMD_INLINE struct lanes
exp_bounded(struct lanes x)
{
    return exp_shifted(x, 0);
}

/* Any x; NaN gives 0. */
SIMD_INLINE struct lanes
exp_any(struct lanes x)
{
    struct lanes over = lanes_keep(x, lanes_set(EXPF_MAX), lanes_set(INFINITY));

    /* The larger also where too large an x left no number. */
    return lanes_max(exp_bounded(x), over);
}

#endif /* MATH_SIMD_EXP_H */
