/*
 * net_kernel_vector.h - norms, activations, rotation and the loss, forward
 * and backward, over 16 lanes.
 */
#ifndef LEARN_NET_KERNEL_VECTOR_H
#define LEARN_NET_KERNEL_VECTOR_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/net_kernel.h"
#include "learn/net_kernel_tile.h"
#include "math/elementary.h"
#include "math/simd_exp.h"

/* gelu(x) = x sigmoid(2 GELU_A (x + GELU_B x^3)), the tanh form. */
#define GELU_A 0.7978845608028654f
#define GELU_B 0.044715f

static inline void
net_sum_rows(float *out, const float *rows, size_t stride, size_t T, size_t C)
{
    for (size_t c = 0; c < C; c += LANES) {
        struct lanes sum = take(out + c, C - c);

        for (size_t t = 0; t < T; t++) {
            sum = lanes_add(sum, take(rows + t * stride + c, C - c));
        }
        put(out + c, sum, C - c);
    }
}

static inline void
net_add_scaled(float *out, const float *in, float factor, size_t n)
{
    const struct lanes f = lanes_set(factor);

    for (size_t i = 0; i < n; i += LANES) {
        put(out + i, lanes_fma(f, take(in + i, n - i), take(out + i, n - i)),
            n - i);
    }
}

SIMD_INLINE void
add_rows(float *out, const float *a, const float *b, const float *bias,
    size_t T, size_t C, const bool has_bias)
{
    for (size_t t = 0; t < T; t++, out += C, a += C, b += C) {
        for (size_t c = 0; c < C; c += LANES) {
            const size_t left = C - c;
            struct lanes x = lanes_add(take(a + c, left), take(b + c, left));

            x = has_bias ? lanes_add(x, take(bias + c, left)) : x;
            put(out + c, x, left);
        }
    }
}

static inline void
net_add_rows(float *out, const float *a, const float *b, const float *bias,
    size_t T, size_t C)
{
    if (bias) {
        add_rows(out, a, b, bias, T, C, true);
    } else {
        add_rows(out, a, b, NULL, T, C, false);
    }
}

static inline void
net_multiply(float *out, const float *in, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        put(out + i, lanes_mul(take(in + i, n - i), take(out + i, n - i)),
            n - i);
    }
}

/* Set mean and 1 / deviation of a row. */
SIMD_INLINE void
norm_stats(float *stats, const float *x, size_t C, float epsilon,
    const bool is_centred)
{
    struct lanes sum = lanes_set(0.0f), square = lanes_set(0.0f);
    struct lanes mean = sum;

    stats[0] = 0.0f;
    if (is_centred) {
        for (size_t c = 0; c < C; c += LANES) {
            sum = lanes_add(sum, take(x + c, C - c));
        }
        stats[0] = lanes_sum(sum) / (float)C;
        mean = lanes_set(stats[0]);
    }
    for (size_t c = 0; c < C; c += LANES) {
        struct lanes d = take(x + c, C - c);

        if (is_centred && C - c < LANES) {
            /* Lanes beyond the row differ by 0 from the mean. */
            d = lanes_load_some(x + c, C - c, mean);
        }
        d = lanes_sub(d, mean);
        square = lanes_fma(d, d, square);
    }
    stats[1] = 1.0f / sqrtf(lanes_sum(square) / (float)C + epsilon);
}

SIMD_INLINE void
norm_forward(const struct net_norm *n, const bool is_centred)
{
    const size_t C = n->C;

    for (size_t t = 0; t < n->T; t++) {
        const float *x = n->in + t * n->in_stride;
        float *out = n->out + t * n->out_stride;
        float *stats = n->stats + 2 * t;
        struct lanes mean, scale;

        norm_stats(stats, x, C, n->epsilon, is_centred);
        mean = lanes_set(stats[0]);
        scale = lanes_set(stats[1]);
        for (size_t c = 0; c < C; c += LANES) {
            struct lanes y = take(x + c, C - c);

            y = is_centred ? lanes_sub(y, mean) : y;
            y = lanes_mul(lanes_mul(y, scale), take(n->gain + c, C - c));
            if (is_centred) {
                y = lanes_add(y, take(n->offset + c, C - c));
            }
            put(out + c, y, C - c);
        }
    }
}

static inline void
net_norm_forward(const struct net_norm *n)
{
    if (n->offset) {
        norm_forward(n, true);
    } else {
        norm_forward(n, false);
    }
}

/*
 * With x^ = (x - mean) / deviation and g = gain * d_out:
 * d_in = (g - mean(g) - x^ mean(g x^)) / deviation, where RMS norms have no
 * mean(g).
 */
SIMD_INLINE void
norm_backward(const struct net_norm *n, const bool is_centred)
{
    const size_t C = n->C;

    for (size_t t = 0; t < n->T; t++) {
        const float *x = n->in + t * n->in_stride;
        const float *d_out = n->d_out + t * n->d_out_stride;
        float *d_in = n->d_in + t * n->d_in_stride;
        const struct lanes mean = lanes_set(n->stats[2 * t]);
        const struct lanes scale = lanes_set(n->stats[2 * t + 1]);
        struct lanes sum = lanes_set(0.0f), dot = sum;

        for (size_t c = 0; c < C; c += LANES) {
            const size_t left = C - c;
            struct lanes h = take(x + c, left), d = take(d_out + c, left);
            struct lanes g = lanes_mul(d, take(n->gain + c, left));

            h = lanes_mul(is_centred ? lanes_sub(h, mean) : h, scale);
            sum = is_centred ? lanes_add(sum, g) : sum;
            dot = lanes_fma(g, h, dot);
            put(n->d_gain + c, lanes_fma(d, h, take(n->d_gain + c, left)),
                left);
            if (is_centred) {
                put(n->d_offset + c, lanes_add(d, take(n->d_offset + c, left)),
                    left);
            }
        }
        sum = lanes_set(is_centred ? lanes_sum(sum) / (float)C : 0.0f);
        dot = lanes_set(lanes_sum(dot) / (float)C);
        for (size_t c = 0; c < C; c += LANES) {
            const size_t left = C - c;
            struct lanes h = take(x + c, left), d = take(d_out + c, left);
            struct lanes g = lanes_mul(d, take(n->gain + c, left));

            h = lanes_mul(is_centred ? lanes_sub(h, mean) : h, scale);
            g = is_centred ? lanes_sub(g, sum) : g;
            g = lanes_mul(lanes_fnma(h, dot, g), scale);
            if (n->is_added) {
                g = lanes_add(g, take(d_in + c, left));
            }
            put(d_in + c, g, left);
        }
    }
}

static inline void
net_norm_backward(const struct net_norm *n)
{
    if (n->offset) {
        norm_backward(n, true);
    } else {
        norm_backward(n, false);
    }
}

SIMD_INLINE struct lanes
sigmoid(struct lanes x)
{
    const struct lanes one = lanes_set(1.0f);

    return lanes_div(
        one, lanes_add(one, exp_any(lanes_sub(lanes_set(0.0f), x))));
}

SIMD_INLINE void
gelu(float *out, float *slope, const float *in, const float *bias, size_t T,
    size_t F, const bool has_bias)
{
    const struct lanes one = lanes_set(1.0f), a = lanes_set(2 * GELU_A);
    const struct lanes b = lanes_set(GELU_B), b3 = lanes_set(3 * GELU_B);

    for (size_t t = 0; t < T; t++, out += F, slope += F, in += F) {
        for (size_t f = 0; f < F; f += LANES) {
            struct lanes x = take(in + f, F - f), x2, z, s, y, d;

            x = has_bias ? lanes_add(x, take(bias + f, F - f)) : x;
            x2 = lanes_mul(x, x);
            z = lanes_mul(lanes_mul(a, x), lanes_fma(b, x2, one));
            s = sigmoid(z);
            y = lanes_mul(x, s);
            /* y (1 - s) dz/dx + s */
            d = lanes_mul(a, lanes_fma(b3, x2, one));
            d = lanes_fma(lanes_fnma(y, s, y), d, s);
            put(out + f, y, F - f);
            put(slope + f, d, F - f);
        }
    }
}

static inline void
net_gelu(float *out, float *slope, const float *in, const float *bias, size_t T,
    size_t F)
{
    if (bias) {
        gelu(out, slope, in, bias, T, F, true);
    } else {
        gelu(out, slope, in, NULL, T, F, false);
    }
}

static inline void
net_swiglu(float *out, const float *gate_up, size_t T, size_t F)
{
    for (size_t t = 0; t < T; t++) {
        const float *gate = gate_up + t * 2 * F, *up = gate + F;

        for (size_t f = 0; f < F; f += LANES) {
            struct lanes g = take(gate + f, F - f);
            struct lanes y = lanes_mul(g, sigmoid(g));

            put(out + t * F + f, lanes_mul(y, take(up + f, F - f)), F - f);
        }
    }
}

static inline void
net_swiglu_back(
    float *out, float *gate_up, const float *d_out, size_t T, size_t F)
{
    for (size_t t = 0; t < T; t++) {
        float *gate = gate_up + t * 2 * F, *up = gate + F;

        for (size_t f = 0; f < F; f += LANES) {
            const size_t left = F - f, at = t * F + f;
            struct lanes g = take(gate + f, left), u = take(up + f, left);
            struct lanes d = take(d_out + at, left), s = sigmoid(g);
            struct lanes y = lanes_mul(g, s);
            struct lanes slope = lanes_add(s, lanes_fnma(y, s, y));

            put(out + at, lanes_mul(y, u), left);
            put(up + f, lanes_mul(d, y), left);
            put(gate + f, lanes_mul(lanes_mul(d, u), slope), left);
        }
    }
}

SIMD_INLINE void
rotate(float *rows, size_t stride, const float *cosine, const float *sine,
    size_t T, size_t n_heads, size_t D, const bool is_back)
{
    const size_t n_pairs = D / 2;

    for (size_t t = 0; t < T; t++) {
        for (size_t i = 0; i < n_pairs; i += LANES) {
            const size_t left = n_pairs - i;
            struct lanes c = take(cosine + t * n_pairs + i, left);
            struct lanes s = take(sine + t * n_pairs + i, left);
            float *x = rows + t * stride + i;

            if (is_back) {
                s = lanes_sub(lanes_set(0.0f), s);
            }
            for (size_t h = 0; h < n_heads; h++, x += D) {
                struct lanes a = take(x, left), b = take(x + n_pairs, left);

                put(x, lanes_fnma(b, s, lanes_mul(a, c)), left);
                put(x + n_pairs, lanes_fma(a, s, lanes_mul(b, c)), left);
            }
        }
    }
}

static inline void
net_rotate(float *rows, size_t stride, const float *cosine, const float *sine,
    size_t T, size_t n_heads, size_t D)
{
    rotate(rows, stride, cosine, sine, T, n_heads, D, false);
}

static inline void
net_rotate_back(float *rows, size_t stride, const float *cosine,
    const float *sine, size_t T, size_t n_heads, size_t D)
{
    rotate(rows, stride, cosine, sine, T, n_heads, D, true);
}

static inline double
net_cross_entropy(
    float *logits, const uint32_t *targets, float scale, size_t T, size_t V)
{
    double nats = 0.0;

    for (size_t t = 0; t < T; t++) {
        float *l = logits + t * V;
        struct lanes top = lanes_set(-INFINITY), factor;
        struct wide sum = wide_zero();
        const bool counts = targets[t] != UINT32_MAX;
        float max;
        double total;

        for (size_t v = 0; v < V; v += LANES) {
            top = lanes_max(top, V - v >= LANES
                                     ? lanes_load(l + v)
                                     : lanes_load_some(l + v, V - v, top));
        }
        max = lanes_top(top);
        top = lanes_set(max);
        if (counts) {
            nats -= (double)l[targets[t]] - (double)max;
        }
        for (size_t v = 0; v < V; v += LANES) {
            struct lanes e = V - v >= LANES ? lanes_load(l + v)
                                            : lanes_load_some(l + v, V - v,
                                                  lanes_set(-INFINITY));

            e = exp_bounded(lanes_sub(e, top));
            sum = wide_add(sum, e);
            put(l + v, e, V - v);
        }
        total = wide_sum(sum);
        factor = lanes_set(counts ? (float)(scale / total) : 0.0f);
        for (size_t v = 0; v < V; v += LANES) {
            put(l + v, lanes_mul(take(l + v, V - v), factor), V - v);
        }
        if (counts) {
            /* Logits that are no numbers leave nothing to sum. */
            nats += total > 0.0 && total < INFINITY ? elementary_log(total)
                                                    : (double)NAN;
            l[targets[t]] -= scale;
        }
    }
    return nats;
}

#endif /* LEARN_NET_KERNEL_VECTOR_H */
