/*
 * naive.h - textbook kernels in double: the second implementation.
 */
#ifndef TESTS_MATH_NAIVE_H
#define TESTS_MATH_NAIVE_H

#include <stddef.h>
#include <stdint.h>

/* As attention() in exact numbers; keys, values (positions, n_kv_heads, D). */
struct naive_attention {
    float *out;
    const float *queries, *keys, *values;
    size_t first, T;
    size_t n_heads, n_kv_heads, D;
    size_t window;
    float scale;
};

void naive_attention(const struct naive_attention *a);

/* -log2 of the softmax of logits at symbol. */
double naive_bits(const float *logits, size_t V, size_t symbol);

void naive_rms_norm(float *out, const float *in, const float *gain,
    double epsilon, size_t T, size_t C);

void naive_swiglu(float *gate, const float *up, size_t n);

/* FNV-1a of n_bytes more bytes; start with NAIVE_DIGEST. */
#define NAIVE_DIGEST UINT64_C(0xcbf29ce484222325)
uint64_t naive_digest(uint64_t hash, const void *bytes, size_t n_bytes);

#endif /* TESTS_MATH_NAIVE_H */
