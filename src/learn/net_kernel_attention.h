/*
 * net_kernel_attention.h - attention of one head, forward.
 *
 * The scores of a tile of queries with all keys they see, weights, their
 * sums, one chain over the keys.  What is kept is two numbers per query.
 * Weights are powers of 2 of scores, which are scaled to that.  They need to
 * be relative to the largest score of a row only where scores can be large:
 * a bound from the lengths of queries and keys tells, and saves a pass.
 */
#ifndef LEARN_NET_KERNEL_ATTENTION_H
#define LEARN_NET_KERNEL_ATTENTION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "learn/net_kernel_head.h"

/* Scores that are surely below it in size (powers of 2) need no maximum. */
#define SCORE_BOUND 100.0f

/*
 * Scores of R queries with V vectors of keys, or 2 to their power; q: the
 * first query, k: the first key of the vectors in a block.
 */
SIMD_INLINE void
score_piece(float *out, size_t out_stride, const float *q, size_t Dp,
    const float *k, size_t D, const bool is_bounded, const size_t R,
    const size_t V)
{
    struct lanes score[PAIR_ROWS][PAIR_VECTORS];

    SIMD_UNROLL(6)
    for (size_t r = 0; r < R; r++) {
        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            score[r][i] = lanes_set(0.0f);
        }
    }
    for (size_t d = 0; d < D; d++) {
        struct lanes x[PAIR_VECTORS];

        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            x[i] = lanes_load(k + d * NET_BLOCK + i * LANES);
        }
        SIMD_UNROLL(6)
        for (size_t r = 0; r < R; r++) {
            const struct lanes y = lanes_set(q[r * Dp + d]);

            SIMD_UNROLL(2)
            for (size_t i = 0; i < V; i++) {
                score[r][i] = lanes_fma(y, x[i], score[r][i]);
            }
        }
    }
    SIMD_UNROLL(6)
    for (size_t r = 0; r < R; r++) {
        SIMD_UNROLL(2)
        for (size_t i = 0; i < V; i++) {
            lanes_store(out + r * out_stride + i * LANES,
                is_bounded ? power_of_2(score[r][i], true) : score[r][i]);
        }
    }
}

/* Queries [t, t + n), keys [start, end) where end is a vector. */
SIMD_INLINE void
forward_scores(const struct net_head *h, const struct head_scratch *s, size_t t,
    size_t n, size_t start, size_t end, const bool is_bounded)
{
    const size_t stride = round_up(h->T, NET_BLOCK), D = h->D, Dp = s->Dp;

    for (size_t i = 0; i < n; i += PAIR_ROWS) {
        const size_t n_rows = n - i < PAIR_ROWS ? n - i : PAIR_ROWS;
        const float *q = s->q + (t + i) * Dp;
        size_t j = start;

        for (; j + PAIR_VECTORS * LANES <= end; j += PAIR_VECTORS * LANES) {
            float *out = s->scores + i * stride + j - start;
            const float *k =
                s->k_turned + j / NET_BLOCK * NET_BLOCK * D + j % NET_BLOCK;

            PAIR_SWITCH(n_rows, score_piece(out, stride, q, Dp, k, D,
                                    is_bounded, ROWS, PAIR_VECTORS))
        }
        for (; j < end; j += LANES) {
            float *out = s->scores + i * stride + j - start;
            const float *k =
                s->k_turned + j / NET_BLOCK * NET_BLOCK * D + j % NET_BLOCK;

            PAIR_SWITCH(n_rows,
                score_piece(out, stride, q, Dp, k, D, is_bounded, ROWS, 1))
        }
    }
}

/* Set the sum of a row of weights; sets stats. */
static inline void
forward_sum(const float *row, size_t n, float *stats)
{
    struct lanes sum = lanes_set(0.0f), more = sum;
    size_t j = 0;

    for (; j + 2 * LANES <= n; j += 2 * LANES) {
        sum = lanes_add(sum, lanes_load(row + j));
        more = lanes_add(more, lanes_load(row + j + LANES));
    }
    if (j < n) {
        sum = lanes_add(sum, lanes_load(row + j));
    }
    stats[1] = 1.0f / lanes_sum(lanes_add(sum, more));
}

/* Scores of a row to weights; sets the first of stats. */
static inline void
forward_weights(float *row, size_t n, float *stats)
{
    struct lanes top = lanes_load(row);

    for (size_t j = LANES; j < n; j += LANES) {
        top = lanes_max(top, lanes_load(row + j));
    }
    stats[0] = lanes_top(top);
    top = lanes_set(stats[0]);
    for (size_t j = 0; j < n; j += LANES) {
        lanes_store(
            row + j, power_of_2(lanes_sub(lanes_load(row + j), top), false));
    }
}

static inline void
forward_tile(const struct net_head *h, const struct head_scratch *s, size_t t,
    size_t n, bool is_bounded)
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

    if (is_bounded) {
        forward_scores(h, s, t, n, start, end, true);
    } else {
        forward_scores(h, s, t, n, start, end, false);
    }
    for (size_t i = 0; i < n; i++) {
        const float unseen = is_bounded ? 0.0f : -INFINITY;
        float *row = s->scores + i * stride, *stats = h->stats + 2 * (t + i);

        row_set(row, 0, head_first(h, t + i) - start, unseen);
        row_set(row, t + i + 1 - start, end - start, unseen);
        stats[0] = 0.0f;
        if (!is_bounded) {
            forward_weights(row, end - start, stats);
        }
        forward_sum(row, end - start, stats);
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

/* Whether no score can reach SCORE_BOUND: |q k| <= |q| |k|. */
static inline bool
forward_is_bounded(const struct net_head *h, const struct head_scratch *s)
{
    struct lanes longest = lanes_set(0.0f), q2 = longest;

    for (size_t t = 0; t < h->T; t += LANES) {
        const float *k =
            s->k_turned + t / NET_BLOCK * NET_BLOCK * h->D + t % NET_BLOCK;
        struct lanes k2 = lanes_set(0.0f);

        for (size_t d = 0; d < h->D; d++) {
            struct lanes x = lanes_load(k + d * NET_BLOCK);

            k2 = lanes_fma(x, x, k2);
        }
        longest = lanes_max(longest, k2);
    }
    /* The longest query is not longer than that of all largest numbers. */
    for (size_t d = 0; d < s->Dp; d += LANES) {
        struct lanes most = lanes_set(0.0f);

        for (size_t t = 0; t < h->T; t++) {
            struct lanes x = lanes_load(s->q + t * s->Dp + d);

            most = lanes_max(most, lanes_mul(x, x));
        }
        q2 = lanes_add(q2, most);
    }
    return lanes_sum(q2) * lanes_top(longest) < SCORE_BOUND * SCORE_BOUND;
}

static inline void
net_attention(const struct net_head *h)
{
    const struct head_scratch s = head_scratch(h);
    bool is_bounded;

    head_copy(s.q, s.Dp, h->q, h->stride, h->scale * LOG2_E, h->T, h->D);
    head_copy(s.v, s.Dp, h->v, h->stride, 1.0f, h->T, h->D);
    head_turn(s.k_turned, NET_BLOCK, NET_BLOCK, h->k, h->stride, h->T, h->D);
    is_bounded = forward_is_bounded(h, &s);
    for (size_t t = 0; t < h->T; t += TILE_ROWS) {
        const size_t left = h->T - t;

        forward_tile(h, &s, t, left < TILE_ROWS ? left : TILE_ROWS, is_bounded);
    }
}

#endif /* LEARN_NET_KERNEL_ATTENTION_H */
