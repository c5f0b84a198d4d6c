/*
 * simd.h - what an instruction set provides besides matrix products.
 *
 * The bodies are one text, simd_vector.h, simd_activation.h,
 * simd_softmax.h and simd_attention.h, over the 16 lanes of simd_lanes.h; each simd_ISA.c
 * compiles them for its registers.  So the order of operations, and with it
 * every bit, is the same in all of them.
 */
#ifndef MATH_SIMD_H
#define MATH_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "activation.h"

struct attention_tile; /* attention_tile.h */
struct softmax_symbol; /* softmax.h */

/* Arguments as in vector.h, activation.h, softmax.h. */
struct simd_kernel {
    void (*rms_norm)(float *out, const float *in, const float *gain,
        float epsilon, size_t T, size_t C);
    void (*layer_norm)(float *out, const float *in, const float *gain,
        const float *bias, float epsilon, size_t T, size_t C);
    void (*add)(float *out, const float *in, size_t n);
    void (*add_bias)(float *rows, const float *bias, size_t T, size_t C);
    void (*swiglu)(float *gate, const float *up, size_t n);
    void (*activate[N_ACTIVATIONS])(
        float *x, const float *up, size_t n); /* up may be NULL */
    void (*cap)(float *x, float cap, size_t n);
    void (*rotate)(
        float *head, const float *cosine, const float *sine, size_t n_pairs);
    void (*exp)(float *out, const float *in, size_t n);
    float (*softmax_top)(const float *logits, size_t n);
    bool (*softmax_code)(struct softmax_symbol *out, const float *logits,
        size_t V, size_t symbol, float top);
    uint64_t (*softmax_frequencies)(
        uint64_t *frequency, const float *logits, size_t V);
    void (*attention)(const struct attention_tile *tile);
    void (*attention_many)(const struct attention_tile *tile);
};

extern const struct simd_kernel simd_avx512;
extern const struct simd_kernel simd_avx2;
extern const struct simd_kernel simd_neon;
extern const struct simd_kernel simd_portable;

#endif /* MATH_SIMD_H */
