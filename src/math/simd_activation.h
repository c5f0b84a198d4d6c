/*
 * simd_activation.h - the kernels of activation.h, and the norm that centres,
 * over 16 lanes.
 *
 * No formula subtracts numbers that are nearly the same:
 *   tanh(z/2) = m / (m + 2) with m = e^z - 1 = 2^n (e^r - 1) + (2^n - 1);
 *   gelu by tanh is x / (1 + e^-2u), u the argument of tanh;
 *   x Phi(x) = max(x, 0) - |x| Q(|x|), Q the upper tail of the normal
 *   distribution, e^(-x^2/2) t P(t) with t = 1 / (1 + |x|/4) and P of least
 *   relative error (2^-26.8 on [0, 14], beyond which the product is 0).
 */
#ifndef MATH_SIMD_ACTIVATION_H
#define MATH_SIMD_ACTIVATION_H

#include <math.h>
#include <stddef.h>

#include "activation.h"
#include "simd_exp.h"
#include "simd_lanes.h"

/* From here on tanh(z/2) is 1 in float. */
#define TANH_MAX 40.0f

/* tanh(z/2); NaN stays NaN. */
SIMD_INLINE struct lanes
tanh_half(struct lanes z)
{
    const struct lanes round = lanes_set(EXPF_ROUND);
    const struct lanes one = lanes_set(1.0f);
    const struct lanes least = lanes_set(-TANH_MAX);
    struct lanes t, n, r, p, power, m;

    /* Within the bounds; the second operand of max is kept if it is NaN. */
    z = lanes_max(least, z);
    z = lanes_max(least, lanes_sub(lanes_set(0.0f), z));
    z = lanes_sub(lanes_set(0.0f), z);
    /* As in exp_shifted(), without the 1 of e^r. */
    t = lanes_fma(z, lanes_set(EXPF_LOG2E), round);
    n = lanes_sub(t, round);
    r = lanes_fnma(n, lanes_set(EXPF_LN2), z);
    r = lanes_fnma(n, lanes_set(EXPF_LN2_LOW), r);
    p = lanes_fma(r, lanes_set(EXPF_C6), lanes_set(EXPF_C5));
    p = lanes_fma(r, p, lanes_set(EXPF_C4));
    p = lanes_fma(r, p, lanes_set(EXPF_C3));
    p = lanes_fma(r, p, lanes_set(EXPF_C2));
    p = lanes_fma(lanes_mul(r, r), p, r);
    power = lanes_scale(one, t, z, lanes_set(EXPF_MIN));
    m = lanes_fma(power, p, lanes_sub(power, one));
    return lanes_div(m, lanes_add(m, lanes_set(2.0f)));
}

#define GELU_SLOPE 0x1.988454p+0f /* 2 sqrt(2/pi) */
#define GELU_CUBE  0x1.2444f2p-4f /* 0.044715 times that */

SIMD_INLINE struct lanes
gelu_tanh_lanes(struct lanes x)
{
    struct lanes square = lanes_mul(x, x);
    struct lanes slope =
        lanes_fma(square, lanes_set(GELU_CUBE), lanes_set(GELU_SLOPE));
    struct lanes e = exp_any(lanes_mul(lanes_sub(lanes_set(0.0f), x), slope));

    return lanes_div(x, lanes_add(lanes_set(1.0f), e));
}

/* From here on Q is 0. */
#define TAIL_END   16.0f
#define TAIL_SLOPE 0.25f
#define TAIL_C0    0x1.989142p-4f
#define TAIL_C1    0x1.97857ep-4f
#define TAIL_C2    0x1.873b9ap-4f
#define TAIL_C3    0x1.26e860p-4f
#define TAIL_C4    0x1.62f3bcp-4f
#define TAIL_C5    0x1.a075f2p-7f
#define TAIL_C6    0x1.d1f102p-6f
#define TAIL_C7    0x1.a71e18p-5f
#define TAIL_C8    -0x1.013152p-4f
#define TAIL_C9    0x1.0fa350p-6f

SIMD_INLINE struct lanes
gelu_lanes(struct lanes x)
{
    const struct lanes zero = lanes_set(0.0f), one = lanes_set(1.0f);
    const struct lanes half = lanes_set(0.5f);
    const struct lanes least = lanes_set(-TAIL_END);
    /* -|x|, not below the end of the tail. */
    struct lanes low =
        lanes_max(lanes_sub(zero, lanes_max(lanes_sub(zero, x), x)), least);
    struct lanes size = lanes_sub(zero, low);
    struct lanes square = lanes_mul(size, size);
    /* What rounding took from the square, with the other sign. */
    struct lanes rest = lanes_fnma(size, size, square);
    struct lanes e = exp_bounded(lanes_mul(lanes_set(-0.5f), square));
    struct lanes t =
        lanes_div(one, lanes_fma(size, lanes_set(TAIL_SLOPE), one));
    struct lanes p = lanes_fma(t, lanes_set(TAIL_C9), lanes_set(TAIL_C8));

    p = lanes_fma(t, p, lanes_set(TAIL_C7));
    p = lanes_fma(t, p, lanes_set(TAIL_C6));
    p = lanes_fma(t, p, lanes_set(TAIL_C5));
    p = lanes_fma(t, p, lanes_set(TAIL_C4));
    p = lanes_fma(t, p, lanes_set(TAIL_C3));
    p = lanes_fma(t, p, lanes_set(TAIL_C2));
    p = lanes_fma(t, p, lanes_set(TAIL_C1));
    p = lanes_fma(t, p, lanes_set(TAIL_C0));
    e = lanes_fma(e, lanes_mul(rest, half), e);
    p = lanes_mul(lanes_mul(t, p), e);
    return lanes_fnma(size, p, lanes_max(zero, x));
}

SIMD_INLINE struct lanes
silu_lanes(struct lanes x)
{
    struct lanes e = exp_any(lanes_sub(lanes_set(0.0f), x));

    return lanes_div(x, lanes_add(lanes_set(1.0f), e));
}

SIMD_INLINE struct lanes
activation_lanes(struct lanes x, const enum activation activation)
{
    switch (activation) {
    case ACTIVATION_GELU:
        return gelu_lanes(x);
    case ACTIVATION_GELU_TANH:
        return gelu_tanh_lanes(x);
    default:
        return silu_lanes(x);
    }
}

SIMD_INLINE void
activation_loop(
    float *x, const float *up, size_t n, const enum activation activation)
{
    const struct lanes zero = lanes_set(0.0f);
    struct lanes y;
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        y = activation_lanes(lanes_load(x + i), activation);
        lanes_store(x + i, up ? lanes_mul(y, lanes_load(up + i)) : y);
    }
    if (i < n) {
        y = lanes_load_some(x + i, n - i, zero);
        y = activation_lanes(y, activation);
        if (up) {
            y = lanes_mul(y, lanes_load_some(up + i, n - i, zero));
        }
        lanes_store_some(x + i, y, n - i);
    }
}

static inline void
simd_silu(float *x, const float *up, size_t n)
{
    activation_loop(x, up, n, ACTIVATION_SILU);
}

static inline void
simd_gelu(float *x, const float *up, size_t n)
{
    activation_loop(x, up, n, ACTIVATION_GELU);
}

static inline void
simd_gelu_tanh(float *x, const float *up, size_t n)
{
    activation_loop(x, up, n, ACTIVATION_GELU_TANH);
}

#define SIMD_ACTIVATIONS                                                       \
    {                                                                          \
        [ACTIVATION_SILU] = simd_silu, [ACTIVATION_GELU] = simd_gelu,          \
        [ACTIVATION_GELU_TANH] = simd_gelu_tanh,                               \
    }

static inline void
simd_cap(float *x, float cap, size_t n)
{
    const struct lanes size = lanes_set(cap);
    const struct lanes twice = lanes_set(2.0f / cap);
    struct lanes y;
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        y = tanh_half(lanes_mul(lanes_load(x + i), twice));
        lanes_store(x + i, lanes_mul(size, y));
    }
    if (i < n) {
        y = lanes_load_some(x + i, n - i, lanes_set(0.0f));
        y = tanh_half(lanes_mul(y, twice));
        lanes_store_some(x + i, lanes_mul(size, y), n - i);
    }
}

/* The end of a row is filled with the mean: 0 once it is centred. */
static inline void
simd_layer_norm(float *out, const float *in, const float *gain,
    const float *bias, float epsilon, size_t T, size_t C)
{
    const struct lanes zero = lanes_set(0.0f);
    const size_t n = C / LANES * LANES;

    for (size_t t = 0; t < T; t++, in += C, out += C) {
        struct lanes x, mean, scale, sum = zero;
        size_t i;

        for (i = 0; i < n; i += LANES) {
            sum = lanes_add(sum, lanes_load(in + i));
        }
        if (n < C) {
            sum = lanes_add(sum, lanes_load_some(in + n, C - n, zero));
        }
        mean = lanes_set(lanes_sum(sum) / (float)C);
        sum = zero;
        for (i = 0; i < n; i += LANES) {
            x = lanes_sub(lanes_load(in + i), mean);
            sum = lanes_fma(x, x, sum);
        }
        if (n < C) {
            x = lanes_sub(lanes_load_some(in + n, C - n, mean), mean);
            sum = lanes_fma(x, x, sum);
        }
        scale = lanes_set(1.0f / sqrtf(lanes_sum(sum) / (float)C + epsilon));
        for (i = 0; i < n; i += LANES) {
            x = lanes_mul(lanes_sub(lanes_load(in + i), mean), scale);
            x = lanes_fma(x, lanes_load(gain + i), lanes_load(bias + i));
            lanes_store(out + i, x);
        }
        if (n < C) {
            x = lanes_sub(lanes_load_some(in + n, C - n, mean), mean);
            x = lanes_fma(lanes_mul(x, scale),
                lanes_load_some(gain + n, C - n, zero),
                lanes_load_some(bias + n, C - n, zero));
            lanes_store_some(out + n, x, C - n);
        }
    }
}

#endif /* MATH_SIMD_ACTIVATION_H */
