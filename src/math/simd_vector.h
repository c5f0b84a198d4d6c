/*
 * simd_vector.h - the kernels of vector.h over 16 lanes.
 *
 * Lane i % 16 of a sum takes index i, in order; the end of a row is filled
 * with zeros, which change no sum of squares.
 */
#ifndef MATH_SIMD_VECTOR_H
#define MATH_SIMD_VECTOR_H

#include <math.h>
#include <stddef.h>

#include "simd_exp.h"
#include "simd_lanes.h"

static inline void
simd_rms_norm(float *out, const float *in, const float *gain, float epsilon,
    size_t T, size_t C)
{
    const struct lanes zero = lanes_set(0.0f);
    const size_t n = C / LANES * LANES;

    for (size_t t = 0; t < T; t++, in += C, out += C) {
        struct lanes x, sum = zero;
        struct lanes scale;
        size_t i;

        for (i = 0; i < n; i += LANES) {
            x = lanes_load(in + i);
            sum = lanes_fma(x, x, sum);
        }
        if (n < C) {
            x = lanes_load_some(in + n, C - n, zero);
            sum = lanes_fma(x, x, sum);
        }
        scale = lanes_set(1.0f / sqrtf(lanes_sum(sum) / (float)C + epsilon));
        for (i = 0; i < n; i += LANES) {
            x = lanes_mul(lanes_load(in + i), scale);
            lanes_store(out + i, lanes_mul(x, lanes_load(gain + i)));
        }
        if (n < C) {
            x = lanes_mul(lanes_load_some(in + n, C - n, zero), scale);
            x = lanes_mul(x, lanes_load_some(gain + n, C - n, zero));
            lanes_store_some(out + n, x, C - n);
        }
    }
}

static inline void
simd_add(float *out, const float *in, size_t n)
{
    const struct lanes zero = lanes_set(0.0f);
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        lanes_store(
            out + i, lanes_add(lanes_load(out + i), lanes_load(in + i)));
    }
    if (i < n) {
        struct lanes a = lanes_load_some(out + i, n - i, zero);
        struct lanes b = lanes_load_some(in + i, n - i, zero);

        lanes_store_some(out + i, lanes_add(a, b), n - i);
    }
}

static inline void
simd_add_bias(float *rows, const float *bias, size_t T, size_t C)
{
    for (size_t t = 0; t < T; t++) {
        simd_add(rows + t * C, bias, C);
    }
}

SIMD_INLINE struct lanes
swiglu_lanes(struct lanes gate, struct lanes up)
{
    const struct lanes one = lanes_set(1.0f);
    struct lanes e = exp_any(lanes_sub(lanes_set(0.0f), gate));

    return lanes_mul(lanes_div(gate, lanes_add(one, e)), up);
}

static inline void
simd_swiglu(float *gate, const float *up, size_t n)
{
    const struct lanes zero = lanes_set(0.0f);
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        lanes_store(
            gate + i, swiglu_lanes(lanes_load(gate + i), lanes_load(up + i)));
    }
    if (i < n) {
        struct lanes g = lanes_load_some(gate + i, n - i, zero);
        struct lanes u = lanes_load_some(up + i, n - i, zero);

        lanes_store_some(gate + i, swiglu_lanes(g, u), n - i);
    }
}

/* One head: pairs (head[i], head[i + n_pairs]). */
static inline void
simd_rotate(float *head, const float *cosine, const float *sine, size_t n_pairs)
{
    const struct lanes zero = lanes_set(0.0f);
    float *tail = head + n_pairs;

    for (size_t i = 0; i < n_pairs; i += LANES) {
        size_t n = n_pairs - i < LANES ? n_pairs - i : LANES;
        struct lanes x = lanes_load_some(head + i, n, zero);
        struct lanes y = lanes_load_some(tail + i, n, zero);
        struct lanes c = lanes_load_some(cosine + i, n, zero);
        struct lanes s = lanes_load_some(sine + i, n, zero);

        lanes_store_some(head + i, lanes_fnma(y, s, lanes_mul(x, c)), n);
        lanes_store_some(tail + i, lanes_fma(x, s, lanes_mul(y, c)), n);
    }
}

static inline void
simd_exp(float *out, const float *in, size_t n)
{
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        lanes_store(out + i, exp_any(lanes_load(in + i)));
    }
    if (i < n) {
        struct lanes x = lanes_load_some(in + i, n - i, lanes_set(0.0f));

        lanes_store_some(out + i, exp_any(x), n - i);
    }
}

#endif /* MATH_SIMD_VECTOR_H */
