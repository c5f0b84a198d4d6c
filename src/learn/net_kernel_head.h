/*
 * net_kernel_head.h - one head of attention: its operands as the kernels want
 * them, and what forward and backward share.
 */
#ifndef LEARN_NET_KERNEL_HEAD_H
#define LEARN_NET_KERNEL_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "learn/net_kernel.h"
#include "learn/net_kernel_lanes.h"
#include "learn/net_kernel_tile.h"

#define LOG2_E 1.4426950408889634f

/* Queries and vectors of keys of a tile of s and dp. */
#if defined(SIMD_AVX512)
#define PAIR_ROWS    6
#define PAIR_VECTORS 2
#elif defined(SIMD_AVX2) || defined(SIMD_NEON)
#define PAIR_ROWS    3
#define PAIR_VECTORS 1
#else
#define PAIR_ROWS    2
#define PAIR_VECTORS 1
#endif

SIMD_INLINE size_t
round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

/* Where the operands of a head lie in its scratch. */
struct head_scratch {
    size_t Dp;       /* D in whole vectors */
    float *q;        /* (T, Dp): scale * q */
    float *k_turned; /* blocks of (D, NET_BLOCK) */
    float *k, *v;    /* (T, Dp); forward: v only */
    float *scores;   /* forward: (TILE_ROWS, T in blocks) */
    float *v_turned; /* backward, like k_turned */
    float *d_q;      /* backward (T, Dp) */
    float *d_out;    /* backward (T, Dp) */
    float *delta;    /* backward (T) */
    /* backward: q and d_out turned, blocks of (D, 2, LANES) queries */
    float *pairs;
};

static inline struct head_scratch
head_scratch(const struct net_head *h)
{
    const size_t T = round_up(h->T, NET_BLOCK), Dp = round_up(h->D, LANES);
    struct head_scratch s = {.Dp = Dp};
    float *at = h->scratch;

    s.q = at;
    s.k_turned = at += T * Dp;
    s.k = at += T * Dp;
    s.v = at += T * Dp;
    s.scores = at += T * Dp;
    s.v_turned = s.scores;
    s.d_q = at += T * Dp;
    s.d_out = at += T * Dp;
    s.delta = at += T * Dp;
    s.pairs = at += T * Dp;
    return s;
}

/* out (T, Dp) = factor * in (T, D), filled with zeros. */
static inline void
head_copy(float *out, size_t Dp, const float *in, size_t stride, float factor,
    size_t T, size_t D)
{
    const struct lanes f = lanes_set(factor);

    for (size_t t = 0; t < T; t++) {
        for (size_t d = 0; d < Dp; d += LANES) {
            lanes_store(out + t * Dp + d,
                lanes_mul(f, take(in + t * stride + d, D - d)));
        }
    }
}

/* 16 x 16 numbers of in, n_rows rows of n, to columns of out. */
SIMD_INLINE void
turn_square(float *out, size_t out_stride, const float *in, size_t stride,
    size_t n_rows, size_t n, const bool is_whole)
{
    struct lanes x[LANES];

    SIMD_UNROLL(16)
    for (size_t i = 0; i < LANES; i++) {
        x[i] = is_whole     ? lanes_load(in + i * stride)
               : i < n_rows ? take(in + i * stride, n)
                            : lanes_set(0.0f);
    }
    lanes_turn(x);
    SIMD_UNROLL(16)
    for (size_t i = 0; i < LANES; i++) {
        if (is_whole || i < n) {
            lanes_store(out + i * out_stride, x[i]);
        }
    }
}

/*
 * out: blocks (D, keys) of in (T, D), filled with zeros; rows of blocks are
 * out_stride apart, and so are blocks, times D.
 */
static inline void
head_turn(float *out, size_t keys, size_t out_stride, const float *in,
    size_t stride, size_t T, size_t D)
{
    for (size_t t = 0; t < round_up(T, keys); t += LANES) {
        const size_t n_rows = tile_left(T, t);
        float *block = out + t / keys * out_stride * D + t % keys;

        for (size_t d = 0; d < D; d += LANES) {
            const float *from = in + t * stride + d;

            if (n_rows >= LANES && D - d >= LANES) {
                turn_square(block + d * out_stride, out_stride, from, stride,
                    LANES, LANES, true);
            } else {
                turn_square(block + d * out_stride, out_stride, from, stride,
                    n_rows, D - d, false);
            }
        }
    }
}

/* The first key that query t sees. */
SIMD_INLINE size_t
head_first(const struct net_head *h, size_t t)
{
    return h->window && t >= h->window ? t + 1 - h->window : 0;
}

SIMD_INLINE void
row_set(float *row, size_t first, size_t end, float x)
{
    for (size_t j = first; j < end; j++) {
        row[j] = x;
    }
}

/* Cases of a switch over the number of rows, at most PAIR_ROWS. */
#define PAIR_CASE(R, CALL)                                                     \
    case R: {                                                                  \
        enum { ROWS = R < PAIR_ROWS ? R : PAIR_ROWS };                         \
        CALL;                                                                  \
        break;                                                                 \
    }
#if defined(SIMD_AVX512)
#define PAIR_SWITCH(n, CALL)                                                   \
    switch (n) {                                                               \
        PAIR_CASE(1, CALL)                                                     \
        PAIR_CASE(2, CALL)                                                     \
        PAIR_CASE(3, CALL)                                                     \
        PAIR_CASE(4, CALL)                                                     \
        PAIR_CASE(5, CALL)                                                     \
        PAIR_CASE(6, CALL)                                                     \
    default:                                                                   \
        break;                                                                 \
    }
#else
#define PAIR_SWITCH(n, CALL)                                                   \
    switch (n) {                                                               \
        PAIR_CASE(1, CALL)                                                     \
        PAIR_CASE(2, CALL)                                                     \
        PAIR_CASE(3, CALL)                                                     \
    default:                                                                   \
        break;                                                                 \
    }
#endif

#endif /* LEARN_NET_KERNEL_HEAD_H */
