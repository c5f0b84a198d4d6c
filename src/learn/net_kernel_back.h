/*
 * net_kernel_back.h - attention of one head, backward.
 *
 * Key blocks outside, queries that see them inside.  The weights p are
 * computed again from scores s; with dp = d_out * v and delta = the sum over
 * d of d_out * out,
 *     ds = p (dp - delta),  d_v += p^T d_out,
 *     d_k += ds^T q,        d_q += ds k.
 * s and dp of a tile are in registers together.  d_k and d_v are summed
 * transposed, so that lanes are keys, of which there are always enough.
 */
#ifndef LEARN_NET_KERNEL_BACK_H
#define LEARN_NET_KERNEL_BACK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "learn/net_kernel_head.h"

/*
 * Queries and keys of a backward step: p and ds of a step, its queries, keys
 * and sums stay in the L1 cache.
 */
#define BACK_QUERIES 64
#define BACK_KEYS    32

/* A step of the backward pass: some queries, a block of keys. */
struct back {
    const struct net_head *head;
    struct head_scratch s;
    size_t block;  /* first key */
    size_t t, n;   /* queries [t, t + n) */
    size_t n_keys; /* in whole vectors, that the last query sees */
    float p[BACK_QUERIES * BACK_KEYS], ds[BACK_QUERIES * BACK_KEYS];
    float d_k[NET_HEAD_MAX * BACK_KEYS], d_v[NET_HEAD_MAX * BACK_KEYS];
};

/* p and ds of queries [t, t + R) with V vectors of keys from j on. */
SIMD_INLINE void
back_pair(struct back *b, size_t t, size_t j, const size_t R, const size_t V)
{
    const struct net_head *h = b->head;
    const float *a = b->s.pairs + t / LANES * 2 * LANES * h->D + t % LANES;
    const float *k = b->s.k_turned + b->block * h->D + j;
    const float *v = b->s.v_turned + b->block * h->D + j;
    float *p = b->p + (t - b->t) * BACK_KEYS + j;
    float *ds = b->ds + (t - b->t) * BACK_KEYS + j;
    struct lanes score[PAIR_ROWS][PAIR_VECTORS], dp[PAIR_ROWS][PAIR_VECTORS];

    SIMD_UNROLL(6)
    for (size_t r = 0; r < R; r++) {
        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            score[r][i] = lanes_set(-h->stats[2 * (t + r)]);
            dp[r][i] = lanes_set(-b->s.delta[t + r]);
        }
    }
    for (size_t d = 0; d < h->D; d++) {
        struct lanes x[PAIR_VECTORS], y[PAIR_VECTORS];

        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            x[i] = lanes_load(k + d * BACK_KEYS + i * LANES);
            y[i] = lanes_load(v + d * BACK_KEYS + i * LANES);
        }
        SIMD_UNROLL(6)
        for (size_t r = 0; r < R; r++) {
            const struct lanes q = lanes_set(a[r]);
            const struct lanes d_out = lanes_set(a[LANES + r]);

            SIMD_UNROLL(2)
            for (size_t i = 0; i < V; i++) {
                score[r][i] = lanes_fma(q, x[i], score[r][i]);
                dp[r][i] = lanes_fma(d_out, y[i], dp[r][i]);
            }
        }
        a += 2 * LANES;
    }
    SIMD_UNROLL(6)
    for (size_t r = 0; r < R; r++) {
        const struct lanes scale = lanes_set(h->stats[2 * (t + r) + 1]);

        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            struct lanes w = lanes_mul(power_of_2(score[r][i], false), scale);

            lanes_store(p + r * BACK_KEYS + i * LANES, w);
            lanes_store(ds + r * BACK_KEYS + i * LANES, lanes_mul(w, dp[r][i]));
        }
    }
}

/* All keys of the step. */
static inline void
back_rows(struct back *b, size_t t, size_t n)
{
    size_t j = 0;

    for (; j + PAIR_VECTORS * LANES <= b->n_keys; j += PAIR_VECTORS * LANES) {
        PAIR_SWITCH(n, back_pair(b, t, j, ROWS, PAIR_VECTORS))
    }
    for (; j < b->n_keys; j += LANES) {
        PAIR_SWITCH(n, back_pair(b, t, j, ROWS, 1))
    }
}

/* p and ds of the step; 0 for keys that a query does not see. */
static inline void
back_weights(struct back *b)
{
    const size_t end = b->t + b->n;

    for (size_t t = b->t; t < end; t += LANES) {
        const size_t left = end - t < LANES ? end - t : LANES;
        const size_t n_tiles = (left + PAIR_ROWS - 1) / PAIR_ROWS;

        for (size_t i = 0; i < n_tiles; i++) {
            const size_t first = left * i / n_tiles;

            back_rows(b, t + first, left * (i + 1) / n_tiles - first);
        }
    }
    for (size_t t = b->t; t < end; t++) {
        const size_t first = tile_left(head_first(b->head, t), b->block);
        const size_t seen = tile_left(t + 1, b->block);
        const size_t row = (t - b->t) * BACK_KEYS;

        row_set(b->p + row, 0, first < b->n_keys ? first : b->n_keys, 0.0f);
        row_set(b->ds + row, 0, first < b->n_keys ? first : b->n_keys, 0.0f);
        row_set(b->p + row, seen, b->n_keys, 0.0f);
        row_set(b->ds + row, seen, b->n_keys, 0.0f);
    }
}

/* The three products of a step. */
static inline void
back_products(struct back *b)
{
    const size_t Dp = b->s.Dp;
    struct tile turned = {
        .out = b->d_v,
        .out_stride = BACK_KEYS,
        .a = b->s.d_out + b->t * Dp,
        .a_stride = Dp,
        .b = b->p,
        .b_stride = BACK_KEYS,
        .n_k = b->n,
        .n_columns = b->n_keys,
    };
    const struct tile straight = {
        .out = b->s.d_q + b->t * Dp,
        .out_stride = Dp,
        .a = b->ds,
        .a_stride = BACK_KEYS,
        .b = b->s.k + b->block * Dp,
        .b_stride = Dp,
        .n_k = b->n_keys,
        .n_columns = Dp,
    };

    tiles(&turned, true, b->head->D);
    turned.out = b->d_k;
    turned.a = b->s.q + b->t * Dp;
    turned.b = b->ds;
    tiles(&turned, true, b->head->D);
    tiles(&straight, false, b->n);
}

/* out (n, D) (+)= factor * block (D, BACK_KEYS), turned. */
static inline void
back_turn(float *out, size_t stride, const float *block, float factor, size_t n,
    size_t D, bool is_added)
{
    const struct lanes f = lanes_set(factor);

    for (size_t d = 0; d < D; d += LANES) {
        for (size_t j = 0; j < n; j += LANES) {
            struct lanes x[LANES];

            SIMD_UNROLL(16)
            for (size_t i = 0; i < LANES; i++) {
                x[i] = d + i < D ? lanes_load(block + (d + i) * BACK_KEYS + j)
                                 : lanes_set(0.0f);
            }
            lanes_turn(x);
            for (size_t i = 0; i < LANES && j + i < n; i++) {
                float *at = out + (j + i) * stride + d;
                struct lanes old = lanes_set(0.0f);

                if (is_added) {
                    old = take(at, D - d);
                }
                put(at, lanes_fma(f, x[i], old), D - d);
            }
        }
    }
}

static inline void
back_block(struct back *b)
{
    const struct net_head *h = b->head;
    const size_t left = h->T - b->block;
    const size_t n_keys = left < BACK_KEYS ? left : BACK_KEYS;
    size_t end = h->T;

    if (h->window && b->block + n_keys - 1 + h->window < end) {
        end = b->block + n_keys - 1 + h->window;
    }
    memset(b->d_k, 0, h->D * BACK_KEYS * sizeof(float));
    memset(b->d_v, 0, h->D * BACK_KEYS * sizeof(float));
    for (b->t = b->block; b->t < end; b->t += b->n) {
        size_t seen;

        b->n = end - b->t < BACK_QUERIES ? end - b->t : BACK_QUERIES;
        seen = b->t + b->n - b->block;
        b->n_keys = round_up(seen < n_keys ? seen : n_keys, LANES);
        back_weights(b);
        back_products(b);
    }
    back_turn(h->d_k + b->block * h->stride, h->stride, b->d_k, 1 / LOG2_E,
        n_keys, h->D, h->is_added);
    back_turn(h->d_v + b->block * h->stride, h->stride, b->d_v, 1.0f, n_keys,
        h->D, h->is_added);
}

static inline void
back_start(struct back *b)
{
    const struct net_head *h = b->head;
    const struct head_scratch *s = &b->s;
    const size_t T = h->T, D = h->D, n = round_up(T, BACK_KEYS);

    head_copy(s->q, s->Dp, h->q, h->stride, h->scale * LOG2_E, T, D);
    head_copy(s->k, s->Dp, h->k, h->stride, 1.0f, T, D);
    memset(s->k + T * s->Dp, 0, (n - T) * s->Dp * sizeof(float));
    head_copy(s->d_out, s->Dp, h->d_out, h->out_stride, 1.0f, T, D);
    head_turn(s->k_turned, BACK_KEYS, BACK_KEYS, h->k, h->stride, T, D);
    head_turn(s->v_turned, BACK_KEYS, BACK_KEYS, h->v, h->stride, T, D);
    head_turn(s->pairs, LANES, 2 * LANES, s->q, s->Dp, T, D);
    head_turn(
        s->pairs + LANES, LANES, 2 * LANES, h->d_out, h->out_stride, T, D);
    memset(s->d_q, 0, T * s->Dp * sizeof(float));
    for (size_t t = 0; t < T; t++) {
        struct lanes sum = lanes_set(0.0f);

        for (size_t d = 0; d < D; d += LANES) {
            sum = lanes_fma(take(h->d_out + t * h->out_stride + d, D - d),
                take(h->out + t * h->out_stride + d, D - d), sum);
        }
        s->delta[t] = lanes_sum(sum);
    }
}

static inline void
net_attention_back(const struct net_head *h)
{
    struct back b;
    const struct lanes scale = lanes_set(h->scale);

    b.head = h;
    b.s = head_scratch(h);
    back_start(&b);
    for (b.block = 0; b.block < h->T; b.block += BACK_KEYS) {
        back_block(&b);
    }
    for (size_t t = 0; t < h->T; t++) {
        for (size_t d = 0; d < h->D; d += LANES) {
            put(h->d_q + t * h->stride + d,
                lanes_mul(scale, lanes_load(b.s.d_q + t * b.s.Dp + d)),
                h->D - d);
        }
    }
}

#endif /* LEARN_NET_KERNEL_BACK_H */
