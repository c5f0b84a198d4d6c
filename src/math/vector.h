/*
 * vector.h - what a Transformer does between its matrix products.
 *
 * Every sum has one order: 16 interleaved partial sums over the index, then
 * the tree ((0+8)+(4+12)) + ((2+10)+(6+14)) + ... written out in simd_lanes.h.
 * All functions give the same bits with every instruction set.
 */
#ifndef MATH_VECTOR_H
#define MATH_VECTOR_H

#include <stddef.h>

struct kernels;

/* out[t] = in[t] / sqrt(mean(in[t]^2) + epsilon) * gain, rows of C. */
void vector_rms_norm(const struct kernels *k, float *out, const float *in,
    const float *gain, float epsilon, size_t T, size_t C);

/*
 * out[t] = (in[t] - mean) / sqrt(variance + epsilon) * gain + bias, rows of C.
 */
void vector_layer_norm(const struct kernels *k, float *out, const float *in,
    const float *gain, const float *bias, float epsilon, size_t T, size_t C);

/* out += in, n numbers. */
void vector_add(const struct kernels *k, float *out, const float *in, size_t n);

/* rows (T, C) += bias (C). */
void vector_add_bias(const struct kernels *k, float *rows, const float *bias,
    size_t T, size_t C);

/* gate = gate * sigmoid(gate) * up, n numbers. */
void vector_swiglu(
    const struct kernels *k, float *gate, const float *up, size_t n);

/*
 * Rotate pairs (i, i + n_rotary/2) of each head of rows (T, n_heads, D) by
 * the angle of position first + t.  cosine and sine: (positions, n_rotary/2).
 */
void vector_rotate(const struct kernels *k, float *rows, const float *cosine,
    const float *sine, size_t first, size_t T, size_t n_heads, size_t D,
    size_t n_rotary);

#endif /* MATH_VECTOR_H */
