/*
 * net_kernel_attention.h - attention of one head, forward and backward.
 *
 * Forward: the scores of a tile of queries with all keys they see, largest
 * score and sum of each row, weights, one chain over the keys.  What is kept
 * is two numbers per query.
 *
 * Backward: key blocks outside, queries that see them inside.  The weights p
 * are computed again from scores s; with dp = d_out * v and delta = the sum
 * over d of d_out * out,
 *     ds = p (dp - delta),  d_v += p^T d_out,
 *     d_k += ds^T q,        d_q += ds k.
 * s and dp of a tile are in registers together.  d_k and d_v are summed
 * transposed, so that lanes are keys, of which there are always enough.
 */
#ifndef LEARN_NET_KERNEL_ATTENTION_H
#define LEARN_NET_KERNEL_ATTENTION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "learn/net_kernel.h"
#include "learn/net_kernel_tile.h"
#include "math/simd_exp.h"

/* Queries of a backward step: p and ds of a step are 8 KiB each. */
#define BACK_QUERIES 32

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

/* out: blocks (D, NET_BLOCK) of in (T, D), filled with zeros. */
static inline void
head_turn(float *out, const float *in, size_t stride, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t += NET_BLOCK, out += D * NET_BLOCK) {
        const size_t n = T - t < NET_BLOCK ? T - t : NET_BLOCK;

        if (n < NET_BLOCK) {
            memset(out, 0, D * NET_BLOCK * sizeof(*out));
        }
        for (size_t d = 0; d < D; d++) {
            for (size_t j = 0; j < n; j++) {
                out[d * NET_BLOCK + j] = in[(t + j) * stride + d];
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

/*
 * Scores of n queries from t on with keys [start, end), where start begins a
 * block and end is a vector; unseen ones -infinity.
 */
static inline void
forward_scores(const struct net_head *h, const struct head_scratch *s, size_t t,
    size_t n, size_t start, size_t end)
{
    const size_t stride = round_up(h->T, NET_BLOCK);

    for (size_t j = start; j < end; j += NET_BLOCK) {
        const struct tile tile = {
            .out = s->scores + j - start,
            .out_stride = stride,
            .a = s->q + t * s->Dp,
            .a_stride = s->Dp,
            .b = s->k_turned + j * h->D,
            .b_stride = NET_BLOCK,
            .n_k = h->D,
            .n_columns = end - j < NET_BLOCK ? end - j : NET_BLOCK,
            .is_first = true,
        };

        tiles(&tile, false, n);
    }
    for (size_t i = 0; i < n; i++) {
        float *row = s->scores + i * stride;

        row_set(row, 0, head_first(h, t + i) - start, -INFINITY);
        row_set(row, t + i + 1 - start, end - start, -INFINITY);
    }
}

/* Scores of a row to weights without their sum; sets stats. */
static inline void
forward_weights(float *row, size_t n, float *stats)
{
    struct lanes top = lanes_load(row), sum = lanes_set(0.0f);

    for (size_t j = LANES; j < n; j += LANES) {
        top = lanes_max(top, lanes_load(row + j));
    }
    stats[0] = lanes_top(top);
    top = lanes_set(stats[0]);
    for (size_t j = 0; j < n; j += LANES) {
        struct lanes e = exp_bounded(lanes_sub(lanes_load(row + j), top));

        sum = lanes_add(sum, e);
        lanes_store(row + j, e);
    }
    stats[1] = 1.0f / lanes_sum(sum);
}

static inline void
forward_tile(
    const struct net_head *h, const struct head_scratch *s, size_t t, size_t n)
{
    const size_t start = head_first(h, t) / NET_BLOCK * NET_BLOCK;
    const size_t end = round_up(t + n, LANES);
    const size_t stride = round_up(h->T, NET_BLOCK);
    const struct tile tile = {
        .out = h->out + t * h->out_stride,
        .out_stride = h->out_stride,
        .a = s->scores,
        .a_stride = stride,
        .b = s->v + start * s->Dp,
        .b_stride = s->Dp,
        .n_k = t + n - start,
        .n_columns = h->D,
        .is_first = true,
    };

    forward_scores(h, s, t, n, start, end);
    for (size_t i = 0; i < n; i++) {
        forward_weights(
            s->scores + i * stride, end - start, h->stats + 2 * (t + i));
    }
    tiles(&tile, false, n);
    for (size_t i = 0; i < n; i++) {
        const struct lanes factor = lanes_set(h->stats[2 * (t + i) + 1]);
        float *out = tile.out + i * h->out_stride;

        for (size_t d = 0; d < h->D; d += LANES) {
            const size_t left = h->D - d;

            put(out + d, lanes_mul(take(out + d, left), factor), left);
        }
    }
}

static inline void
net_attention(const struct net_head *h)
{
    const struct head_scratch s = head_scratch(h);

    head_copy(s.q, s.Dp, h->q, h->stride, h->scale, h->T, h->D);
    head_copy(s.v, s.Dp, h->v, h->stride, 1.0f, h->T, h->D);
    head_turn(s.k_turned, h->k, h->stride, h->T, h->D);
    for (size_t t = 0; t < h->T; t += TILE_ROWS) {
        const size_t left = h->T - t;

        forward_tile(h, &s, t, left < TILE_ROWS ? left : TILE_ROWS);
    }
}

/* A step of the backward pass: some queries, a block of keys. */
struct back {
    const struct net_head *head;
    struct head_scratch s;
    size_t block;  /* first key */
    size_t t, n;   /* queries [t, t + n) */
    size_t n_keys; /* in whole vectors, that the last query sees */
    float p[BACK_QUERIES * NET_BLOCK], ds[BACK_QUERIES * NET_BLOCK];
    float d_k[NET_HEAD_MAX * NET_BLOCK], d_v[NET_HEAD_MAX * NET_BLOCK];
};

/* p and ds of queries [t, t + R) with V vectors of keys from j on. */
SIMD_INLINE void
back_pair(struct back *b, size_t t, size_t j, const size_t R, const size_t V)
{
    const struct net_head *h = b->head;
    const size_t Dp = b->s.Dp;
    const float *q = b->s.q + t * Dp, *d_out = b->s.d_out + t * Dp;
    const float *k = b->s.k_turned + b->block * h->D + j;
    const float *v = b->s.v_turned + b->block * h->D + j;
    float *p = b->p + (t - b->t) * NET_BLOCK + j;
    float *ds = b->ds + (t - b->t) * NET_BLOCK + j;
    struct lanes score[PAIR_ROWS][PAIR_VECTORS], dp[PAIR_ROWS][PAIR_VECTORS];

    SIMD_UNROLL(6)
    for (size_t r = 0; r < R; r++) {
        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            score[r][i] = dp[r][i] = lanes_set(0.0f);
        }
    }
    for (size_t d = 0; d < h->D; d++) {
        struct lanes x[PAIR_VECTORS], y[PAIR_VECTORS];

        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            x[i] = lanes_load(k + d * NET_BLOCK + i * LANES);
            y[i] = lanes_load(v + d * NET_BLOCK + i * LANES);
        }
        SIMD_UNROLL(6)
        for (size_t r = 0; r < R; r++) {
            const struct lanes a = lanes_set(q[r * Dp + d]);
            const struct lanes c = lanes_set(d_out[r * Dp + d]);

            SIMD_UNROLL(2)
            for (size_t i = 0; i < V; i++) {
                score[r][i] = lanes_fma(a, x[i], score[r][i]);
                dp[r][i] = lanes_fma(c, y[i], dp[r][i]);
            }
        }
    }
    SIMD_UNROLL(6)
    for (size_t r = 0; r < R; r++) {
        const struct lanes max = lanes_set(h->stats[2 * (t + r)]);
        const struct lanes scale = lanes_set(h->stats[2 * (t + r) + 1]);
        const struct lanes delta = lanes_set(b->s.delta[t + r]);

        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            struct lanes w =
                lanes_mul(exp_bounded(lanes_sub(score[r][i], max)), scale);

            lanes_store(p + r * NET_BLOCK + i * LANES, w);
            lanes_store(ds + r * NET_BLOCK + i * LANES,
                lanes_mul(w, lanes_sub(dp[r][i], delta)));
        }
    }
}

#define PAIR_CASE(R)                                                           \
    case R:                                                                    \
        back_pair(b, t, j, R < PAIR_ROWS ? R : PAIR_ROWS, V);                  \
        break;

SIMD_INLINE void
back_pair_rows(struct back *b, size_t t, size_t j, size_t n, const size_t V)
{
    switch (n) {
        PAIR_CASE(1)
        PAIR_CASE(2)
#if PAIR_ROWS > 2
        PAIR_CASE(3)
#endif
#if PAIR_ROWS > 3
        PAIR_CASE(4)
        PAIR_CASE(5)
        PAIR_CASE(6)
#endif
    default:
        break;
    }
}

/* p and ds of the step; 0 for keys that a query does not see. */
static inline void
back_weights(struct back *b)
{
    const size_t end = b->t + b->n;

    for (size_t t = b->t; t < end; t += PAIR_ROWS) {
        const size_t n = end - t < PAIR_ROWS ? end - t : PAIR_ROWS;
        size_t j = 0;

        for (; j + PAIR_VECTORS * LANES <= b->n_keys;
             j += PAIR_VECTORS * LANES) {
            back_pair_rows(b, t, j, n, PAIR_VECTORS);
        }
        for (; j < b->n_keys; j += LANES) {
            back_pair_rows(b, t, j, n, 1);
        }
    }
    for (size_t t = b->t; t < end; t++) {
        const size_t first = tile_left(head_first(b->head, t), b->block);
        const size_t seen = tile_left(t + 1, b->block);
        const size_t row = (t - b->t) * NET_BLOCK;

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
        .out_stride = NET_BLOCK,
        .a = b->s.d_out + b->t * Dp,
        .a_stride = Dp,
        .b = b->p,
        .b_stride = NET_BLOCK,
        .n_k = b->n,
        .n_columns = b->n_keys,
    };
    const struct tile straight = {
        .out = b->s.d_q + b->t * Dp,
        .out_stride = Dp,
        .a = b->ds,
        .a_stride = NET_BLOCK,
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

/* out (n, D) from block (D, NET_BLOCK). */
static inline void
back_turn(float *out, size_t stride, const float *block, size_t n, size_t D,
    bool is_added)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t d = 0; d < D; d++) {
            const float old = is_added ? out[j * stride + d] : 0.0f;

            out[j * stride + d] = old + block[d * NET_BLOCK + j];
        }
    }
}

static inline void
back_block(struct back *b)
{
    const struct net_head *h = b->head;
    const size_t left = h->T - b->block;
    const size_t n_keys = left < NET_BLOCK ? left : NET_BLOCK;
    size_t end = h->T;

    if (h->window && b->block + n_keys - 1 + h->window < end) {
        end = b->block + n_keys - 1 + h->window;
    }
    memset(b->d_k, 0, h->D * NET_BLOCK * sizeof(float));
    memset(b->d_v, 0, h->D * NET_BLOCK * sizeof(float));
    for (b->t = b->block; b->t < end; b->t += b->n) {
        size_t seen;

        b->n = end - b->t < BACK_QUERIES ? end - b->t : BACK_QUERIES;
        seen = b->t + b->n - b->block;
        b->n_keys = round_up(seen < n_keys ? seen : n_keys, LANES);
        back_weights(b);
        back_products(b);
    }
    back_turn(h->d_k + b->block * h->stride, h->stride, b->d_k, n_keys, h->D,
        h->is_added);
    back_turn(h->d_v + b->block * h->stride, h->stride, b->d_v, n_keys, h->D,
        h->is_added);
}

static inline void
back_start(struct back *b)
{
    const struct net_head *h = b->head;
    const struct head_scratch *s = &b->s;
    const size_t T = h->T, D = h->D, n = round_up(T, NET_BLOCK);

    head_copy(s->q, s->Dp, h->q, h->stride, h->scale, T, D);
    head_copy(s->k, s->Dp, h->k, h->stride, 1.0f, T, D);
    memset(s->k + T * s->Dp, 0, (n - T) * s->Dp * sizeof(float));
    head_copy(s->d_out, s->Dp, h->d_out, h->out_stride, 1.0f, T, D);
    head_turn(s->k_turned, h->k, h->stride, T, D);
    head_turn(s->v_turned, h->v, h->stride, T, D);
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
    for (b.block = 0; b.block < h->T; b.block += NET_BLOCK) {
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

#endif /* LEARN_NET_KERNEL_ATTENTION_H */
