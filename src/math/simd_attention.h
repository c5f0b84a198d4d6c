/*
 * simd_attention.h - one tile of attention over 16 lanes.
 *
 * Every row goes through the blocks of keys that it sees, from the first.
 * Per block: scores, their maximum, the rescaling of what is there, weights,
 * their sum by lanes, chains over the keys.  What a row computes does not
 * depend on the other rows: a key that it does not see enters nothing, not
 * even multiplied by zero.
 */
#ifndef MATH_SIMD_ATTENTION_H
#define MATH_SIMD_ATTENTION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "attention.h"
#include "attention_tile.h"
#include "simd_exp.h"
#include "simd_lanes.h"
#include "simd_product.h"

#define BLOCK_VECTORS (ATTENTION_BLOCK / LANES)

/* A row of floats: scores, then weights; query; sums; totals of weights. */
#define ROW_WEIGHT 0
#define ROW_QUERY  (ROW_WEIGHT + ATTENTION_BLOCK)
#define ROW_SUM    (ROW_QUERY + ATTENTION_HEAD_MAX)
#define ROW_TOTAL  (ROW_SUM + ATTENTION_HEAD_MAX)
#define ROW_STRIDE (ROW_TOTAL + LANES)

struct attention_state {
    float rows[ATTENTION_ROWS * ROW_STRIDE];
    /* By row; rows that do not exist fill the vector. */
    struct lanes max;
    float factor[LANES], ones[LANES];
    size_t first[ATTENTION_ROWS], end[ATTENTION_ROWS]; /* keys seen, of block */
    size_t common_first, common_end;                   /* seen by all rows */
    size_t n_rows;
    size_t value_vectors;
};

_Static_assert(ATTENTION_ROWS <= LANES, "one lane per row");

static inline void
attention_start(struct attention_state *s, const struct attention_tile *tile)
{
    s->n_rows = tile->n_rows;
    s->value_vectors = attention_value_stride(tile->D) / LANES;
    s->max = lanes_set(-INFINITY);
    lanes_store(s->ones, lanes_set(1.0f));
    for (size_t r = 0; r < s->n_rows; r++) {
        float *row = s->rows + r * ROW_STRIDE;

        for (size_t d = 0; d < tile->D; d++) {
            row[ROW_QUERY + d] = tile->query[r][d] * tile->scale;
        }
        for (size_t v = 0; v < s->value_vectors; v++) {
            lanes_store(row + ROW_SUM + v * LANES, lanes_set(0.0f));
        }
        lanes_store(row + ROW_TOTAL, lanes_set(0.0f));
    }
}

/* Which keys of the block from position start on each row sees. */
static inline void
attention_ranges(
    struct attention_state *s, const struct attention_tile *tile, size_t start)
{
    s->common_first = 0;
    s->common_end = ATTENTION_BLOCK;
    for (size_t r = 0; r < s->n_rows; r++) {
        size_t end = tile->position[r] + 1;
        size_t first =
            tile->window && end > tile->window ? end - tile->window : 0;

        first = first > start ? first - start : 0;
        end = end > start ? end - start : 0;
        s->first[r] = first < ATTENTION_BLOCK ? first : ATTENTION_BLOCK;
        s->end[r] = end < ATTENTION_BLOCK ? end : ATTENTION_BLOCK;
        if (s->first[r] > s->common_first) {
            s->common_first = s->first[r];
        }
        if (s->end[r] < s->common_end) {
            s->common_end = s->end[r];
        }
    }
    if (s->common_first > s->common_end) {
        s->common_first = s->common_end = 0;
    }
}

/* Scores of keys that a row does not see become -infinity. */
static inline void
attention_mask(struct attention_state *s)
{
    for (size_t r = 0; r < s->n_rows; r++) {
        float *score = s->rows + r * ROW_STRIDE + ROW_WEIGHT;

        for (size_t j = 0; j < s->first[r]; j++) {
            score[j] = -INFINITY;
        }
        for (size_t j = s->end[r]; j < ATTENTION_BLOCK; j++) {
            score[j] = -INFINITY;
        }
    }
}

/*
 * Scores to weights, relative to a maximum that now holds this block.  A row
 * that sees nothing of it, or nothing yet, has differences of 0 or NaN: its
 * factor is 1 or 0, its weights are 0, and nothing changes.
 */
static inline void
attention_weights(struct attention_state *s)
{
    const struct lanes old_max = s->max;
    struct lanes top[LANES];
    float max[LANES];

    for (size_t r = 0; r < s->n_rows; r++) {
        const float *score = s->rows + r * ROW_STRIDE + ROW_WEIGHT;

        top[r] =
            lanes_max(lanes_max(lanes_load(score), lanes_load(score + LANES)),
                lanes_max(lanes_load(score + 2 * LANES),
                    lanes_load(score + 3 * LANES)));
    }
    for (size_t r = s->n_rows; r < LANES; r++) {
        top[r] = lanes_set(-INFINITY);
    }
    s->max = lanes_max(lanes_tops(top), old_max);
    lanes_store(max, s->max);
    lanes_store(s->factor, exp_bounded(lanes_sub(old_max, s->max)));

    for (size_t r = 0; r < s->n_rows; r++) {
        float *row = s->rows + r * ROW_STRIDE;
        const struct lanes factor = lanes_set(s->factor[r]);
        struct lanes e[BLOCK_VECTORS], sum;

        SIMD_UNROLL(4)
        for (size_t v = 0; v < BLOCK_VECTORS; v++) {
            float *w = row + ROW_WEIGHT + v * LANES;

            e[v] = exp_bounded(lanes_sub(lanes_load(w), lanes_set(max[r])));
            lanes_store(w, e[v]);
        }
        sum = lanes_add(lanes_add(e[0], e[1]), lanes_add(e[2], e[3]));
        lanes_store(row + ROW_TOTAL,
            lanes_fma(lanes_load(row + ROW_TOTAL), factor, sum));
    }
}

/*
 * Chains of n_rows rows from row over keys [first, end) of the block, which
 * start from what is there times factor.
 */
static inline void
attention_values(struct attention_state *s, const float *values,
    const float *factor, size_t row, size_t n_rows, size_t first, size_t end)
{
    const size_t stride = s->value_vectors * LANES;
    const struct product p = {
        .out = s->rows + row * ROW_STRIDE + ROW_SUM,
        .a = s->rows + row * ROW_STRIDE + ROW_WEIGHT + first,
        .b = values + first * stride,
        .b_stride = stride,
        .n_rows = n_rows,
        .n_vectors = s->value_vectors,
        .n_k = end - first,
        .factor = factor + row,
    };

    product(&p, ROW_STRIDE);
}

/*
 * A block that some row sees in part: keys before, in and after the range
 * that all rows see, in their order.
 */
static inline void
attention_edge(struct attention_state *s, const float *values)
{
    const size_t first = s->common_first, end = s->common_end;

    for (size_t r = 0; r < s->n_rows; r++) {
        size_t from = s->first[r] < first ? s->first[r] : first;

        attention_values(s, values, s->factor, r, 1, from, first);
    }
    attention_values(s, values, s->ones, 0, s->n_rows, first, end);
    for (size_t r = 0; r < s->n_rows; r++) {
        size_t from = s->first[r] > end ? s->first[r] : end;
        size_t to = s->end[r] > from ? s->end[r] : from;

        attention_values(s, values, s->ones, r, 1, from, to);
    }
}

static inline void
attention_block(
    struct attention_state *s, const float *keys, const float *values, size_t D)
{
    const struct product scores = {
        .out = s->rows + ROW_WEIGHT,
        .a = s->rows + ROW_QUERY,
        .b = keys,
        .b_stride = ATTENTION_BLOCK,
        .n_rows = s->n_rows,
        .n_vectors = BLOCK_VECTORS,
        .n_k = D,
        .is_first = true,
    };

    product(&scores, ROW_STRIDE);
    if (s->common_first == 0 && s->common_end == ATTENTION_BLOCK) {
        attention_weights(s);
        attention_values(
            s, values, s->factor, 0, s->n_rows, 0, ATTENTION_BLOCK);
    } else {
        attention_mask(s);
        attention_weights(s);
        attention_edge(s, values);
    }
}

static inline void
simd_attention(const struct attention_tile *tile)
{
    const size_t values = tile->D * ATTENTION_BLOCK;
    const size_t block_floats =
        values + ATTENTION_BLOCK * attention_value_stride(tile->D);
    const size_t last = tile->position[tile->n_rows - 1];
    const size_t sees = tile->position[0] + 1;
    size_t start =
        tile->window && sees > tile->window ? sees - tile->window : 0;
    struct attention_state s;

    attention_start(&s, tile);
    start = start / ATTENTION_BLOCK * ATTENTION_BLOCK;
    for (; start <= last; start += ATTENTION_BLOCK) {
        const float *block =
            tile->blocks + start / ATTENTION_BLOCK * block_floats;

        attention_ranges(&s, tile, start);
        attention_block(&s, block, block + values, tile->D);
    }
    for (size_t r = 0; r < s.n_rows; r++) {
        const float *row = s.rows + r * ROW_STRIDE;
        const float total = lanes_sum(lanes_load(row + ROW_TOTAL));

        for (size_t d = 0; d < tile->D; d++) {
            tile->out[r][d] = row[ROW_SUM + d] / total;
        }
    }
}

#endif /* MATH_SIMD_ATTENTION_H */
