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

/*
 * Weights of attention, 2^(x - m): m is a multiple of 2 that no x exceeds by
 * more than 1.  So subtracting m costs nothing: x - m = n + r where n + m and
 * r are the integer next to x and the rest, whatever m is.  The polynomial
 * has a relative error of 2^-23.7, the weight one of 1.9 ulp.
 *
 * EXP2_LEAST: smaller weights than 2^this are 0, so that none is subnormal.
 */
#define EXP2_C0    1.0f
#define EXP2_C1    0x1.62e428p-1f
#define EXP2_C2    0x1.ebf9c4p-3f
#define EXP2_C3    0x1.c6b80ep-5f
#define EXP2_C4    0x1.3ce826p-7f
#define EXP2_C5    0x1.5b7f28p-10f
#define EXP2_LEAST -125.0f

/* An m as exp2_weight() uses it; |m| <= 2^20. */
struct exp2_base {
    struct lanes round; /* x + round has x - m, rounded, in its lowest bits */
    struct lanes least; /* x */
};

SIMD_INLINE struct exp2_base
exp2_base(struct lanes m)
{
    return (struct exp2_base){
        .round = lanes_sub(lanes_set(EXPF_ROUND), m),
        .least = lanes_add(lanes_set(EXP2_LEAST), m),
    };
}

/* NaN gives 0. */
SIMD_INLINE struct lanes
exp2_weight(struct lanes x, const struct exp2_base *base)
{
    struct lanes t = lanes_add(x, base->round);
    struct lanes r = lanes_rest(x, t, base->round);
    struct lanes p = lanes_fma(r, lanes_set(EXP2_C5), lanes_set(EXP2_C4));

    p = lanes_fma(r, p, lanes_set(EXP2_C3));
    p = lanes_fma(r, p, lanes_set(EXP2_C2));
    p = lanes_fma(r, p, lanes_set(EXP2_C1));
    p = lanes_fma(r, p, lanes_set(EXP2_C0));
    return lanes_scale(p, t, x, base->least);
}

#endif /* MATH_SIMD_EXP_H */
