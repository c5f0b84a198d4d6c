/*
 * net_kernel.h - what an instruction set provides for learning, besides the
 * matrix products of math/.
 *
 * The bodies are one text over the 16 lanes of math/simd_lanes.h
 * (net_kernel_*.h), which each net_ISA.c compiles.
 *
 * Axes: T rows, C channels, D head width, V vocabulary.  Rows are *_stride
 * floats apart.
 */
#ifndef LEARN_NET_KERNEL_H
#define LEARN_NET_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernels;

/*
 * Rows of a and b that a product of gradients takes at once: 16 KiB of 32
 * columns.  Fewer load and store the sums more often.
 */
#define NET_OUTER_ROWS 128

/* Keys of a block of attention. */
#define NET_BLOCK 64

/* Numbers of a head at most. */
#define NET_HEAD_MAX 256

/* out[m][n] += sum over t of a[t][m] b[t][n]: the gradient of a matrix. */
struct net_outer {
    float *out; /* (M, N) */
    size_t out_stride;
    const float *a; /* (T, M) */
    size_t a_stride;
    const float *b; /* (T, N) */
    size_t b_stride;
    size_t M, N, T;
    float *scratch; /* net_outer_scratch(M) floats, aligned */
};

/*
 * out = (in - mean) / deviation * gain + offset; without offset the mean is
 * taken as 0 and the deviation is the root of the mean square.
 */
struct net_norm {
    const float *in; /* (T, C) */
    size_t in_stride;
    const float *gain, *offset; /* (C); offset NULL: RMS norm */
    float *stats;               /* (T, 2): mean, 1 / deviation */
    float epsilon;
    size_t T, C;
    float *out; /* (T, C) */
    size_t out_stride;
    /* Backward only; the gradient of the input may be that of the output. */
    const float *d_out;
    size_t d_out_stride;
    float *d_in; /* (T, C) */
    size_t d_in_stride;
    bool is_added;            /* d_in += */
    float *d_gain, *d_offset; /* (C), += */
};

/*
 * One head of one sequence.  Query t sees keys (t - window, t]; window 0:
 * all.  Scratch and packed operands are the caller's.
 */
struct net_head {
    size_t T, D, window;
    float scale;
    const float *q, *k, *v; /* (T, D) */
    size_t stride;          /* of q, k, v and their gradients */
    float *out;             /* (T, D) */
    size_t out_stride;
    float *stats; /* (T, 2): largest score, 1 / sum of weights */
    /* Backward only. */
    const float *d_out; /* (T, D), rows out_stride apart */
    float *d_q;         /* (T, D) */
    float *d_k, *d_v;   /* (T, D) */
    bool is_added;      /* d_k, d_v +=: another query head was before */
    float *scratch;     /* net_head_scratch() floats, aligned */
};

struct net_kernel {
    void (*outer)(const struct net_outer *o);
    /* out[c] += sum over t of rows[t][c]. */
    void (*sum_rows)(
        float *out, const float *rows, size_t stride, size_t T, size_t C);
    void (*norm)(const struct net_norm *norm);
    void (*norm_back)(const struct net_norm *norm);
    /* out += factor * in. */
    void (*add_scaled)(float *out, const float *in, float factor, size_t n);
    /* out = a + b + bias, rows of C; bias NULL: none. */
    void (*add_rows)(float *out, const float *a, const float *b,
        const float *bias, size_t T, size_t C);
    /* gelu of in + bias (NULL: none), rows of F, and its derivative. */
    void (*gelu)(float *out, float *slope, const float *in, const float *bias,
        size_t T, size_t F);
    void (*multiply)(float *out, const float *in, size_t n);
    /* out (T, F) from gate_up (T, 2 F). */
    void (*swiglu)(float *out, const float *gate_up, size_t T, size_t F);
    /* out again, and gate_up becomes its gradient. */
    void (*swiglu_back)(
        float *out, float *gate_up, const float *d_out, size_t T, size_t F);
    /* Pairs (i, i + D/2) of n_heads heads of each row turn by its angle. */
    void (*rotate)(float *rows, size_t stride, const float *cosine,
        const float *sine, size_t T, size_t n_heads, size_t D);
    void (*rotate_back)(float *rows, size_t stride, const float *cosine,
        const float *sine, size_t T, size_t n_heads, size_t D);
    /*
     * Nats of T targets (UINT32_MAX: not counted); logits (T, V) become scale
     * times their gradient.
     */
    double (*cross_entropy)(float *logits, const uint32_t *targets, float scale,
        size_t T, size_t V);
    void (*attention)(const struct net_head *head);
    void (*attention_back)(const struct net_head *head);
};

/*
 * The kernels for the instruction set of those of math/; is_bf16: those of
 * net_bf16.h, where it exists.
 */
const struct net_kernel *net_kernel_find(
    const struct kernels *kernels, bool is_bf16);

/* Floats of scratch of a product with M rows. */
size_t net_outer_scratch(size_t M);

/* Floats of scratch that a head needs, forward or backward. */
size_t net_head_scratch(size_t T, size_t D);

extern const struct net_kernel net_avx512, net_avx512_bf16;
extern const struct net_kernel net_avx2;
extern const struct net_kernel net_neon;
extern const struct net_kernel net_portable;

#endif /* LEARN_NET_KERNEL_H */
