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
#include "simd_activation.h"
#include "simd_lanes.h"
#include "simd_product.h"
#include "simd_weights.h"

#define BLOCK_VECTORS (ATTENTION_BLOCK / LANES)

/* A row of floats: scores, then weights; query; sums; totals of weights. */
#define ROW_WEIGHT 0
#define ROW_QUERY  (ROW_WEIGHT + ATTENTION_BLOCK)
#define ROW_SUM    (ROW_QUERY + ATTENTION_HEAD_MAX)
#define ROW_TOTAL  (ROW_SUM + ATTENTION_HEAD_MAX)
#define ROW_STRIDE (ROW_TOTAL + LANES)

/* Rows in whole vectors. */
#define ROW_GROUPS ((ATTENTION_ROWS + LANES - 1) / LANES)

struct attention_state {
    float rows[ATTENTION_ROWS * ROW_STRIDE];
    /* By row; rows that do not exist fill the vector. */
    struct lanes base[ROW_GROUPS];
    float factor[ROW_GROUPS * LANES], ones[ROW_GROUPS * LANES];
    size_t first[ATTENTION_ROWS], end[ATTENTION_ROWS]; /* keys seen, of block */
    size_t common_first, common_end;                   /* seen by all rows */
    /*
     * The block of row r, at r * apart: position of its first key, keys,
     * values.  apart is 0 if all rows have the same, or 1.
     */
    size_t apart;
    size_t start[ATTENTION_ROWS];
    const float *keys[ATTENTION_ROWS], *values[ATTENTION_ROWS];
    size_t n_rows; /* that have not seen all of their blocks */
    size_t value_vectors;
};

/* Rows that share all blocks start at the first that the first row sees. */
static inline void
attention_first_block(
    struct attention_state *s, const struct attention_tile *tile, size_t r)
{
    const size_t block =
        attention_first(tile->position[r], tile->window) / ATTENTION_BLOCK;

    s->start[r] = block * ATTENTION_BLOCK;
    s->keys[r] = tile->blocks[r] +
                 block % tile->n_blocks * attention_block_floats(tile->D);
    s->values[r] = s->keys[r] + attention_values_at(tile->D);
}

/* On to the next block, without rows that are done. */
static inline void
attention_next_block(
    struct attention_state *s, const struct attention_tile *tile)
{
    const size_t block_floats = attention_block_floats(tile->D);

    for (size_t r = 0; r <= (s->n_rows - 1) * s->apart; r++) {
        s->start[r] += ATTENTION_BLOCK;
        s->keys[r] += block_floats;
        if (s->keys[r] == tile->blocks[r] + tile->n_blocks * block_floats) {
            s->keys[r] = tile->blocks[r];
        }
        s->values[r] = s->keys[r] + attention_values_at(tile->D);
    }
    while (s->n_rows > 0 && s->start[(s->n_rows - 1) * s->apart] >
                                tile->position[s->n_rows - 1]) {
        s->n_rows--;
    }
}

static inline void
attention_start(struct attention_state *s, const struct attention_tile *tile)
{
    const struct lanes zero = lanes_set(0.0f);
    const struct lanes scale = lanes_set(tile->scale * WEIGHTS_UNIT);

    s->n_rows = tile->n_rows;
    s->apart = tile->blocks[0] != tile->blocks[s->n_rows - 1];
    for (size_t r = 0; r <= (s->n_rows - 1) * s->apart; r++) {
        attention_first_block(s, tile, r);
    }
    s->value_vectors = attention_value_width(tile->D) / LANES;
    for (size_t g = 0; g < ROW_GROUPS; g++) {
        s->base[g] = lanes_set(-INFINITY);
        lanes_store(s->ones + g * LANES, lanes_set(1.0f));
    }
    for (size_t r = 0; r < s->n_rows; r++) {
        float *row = s->rows + r * ROW_STRIDE;

        for (size_t d = 0; d < tile->D; d += LANES) {
            const size_t n = tile->D - d < LANES ? tile->D - d : LANES;
            struct lanes x = lanes_load_some(tile->query[r] + d, n, zero);

            lanes_store(row + ROW_QUERY + d, lanes_mul(x, scale));
        }
        for (size_t v = 0; v < s->value_vectors; v++) {
            lanes_store(row + ROW_SUM + v * LANES, zero);
        }
        lanes_store(row + ROW_TOTAL, zero);
    }
}

/* Which keys of its block each row sees. */
static inline void
attention_ranges(struct attention_state *s, const struct attention_tile *tile)
{
    s->common_first = 0;
    s->common_end = ATTENTION_BLOCK;
    for (size_t r = 0; r < s->n_rows; r++) {
        const size_t start = s->start[r * s->apart];
        size_t first = attention_first(tile->position[r], tile->window);
        size_t end = tile->position[r] + 1;

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

/* The scores [first, end) become -infinity. */
static inline void
attention_forget(float *score, size_t first, size_t end)
{
    size_t j = first;

    for (; j < end && j % LANES != 0; j++) {
        score[j] = -INFINITY;
    }
    for (; j + LANES <= end; j += LANES) {
        lanes_store(score + j, lanes_set(-INFINITY));
    }
    for (; j < end; j++) {
        score[j] = -INFINITY;
    }
}

/* Forget the scores of keys that a row does not see. */
static inline void
attention_mask(struct attention_state *s)
{
    for (size_t r = 0; r < s->n_rows; r++) {
        float *score = s->rows + r * ROW_STRIDE + ROW_WEIGHT;

        attention_forget(score, 0, s->first[r]);
        attention_forget(score, s->end[r], ATTENTION_BLOCK);
    }
}

/* Subtract what is too far off for exp2_weight(). */
static inline void
attention_far(float *score, float far)
{
    for (size_t j = 0; j < ATTENTION_BLOCK; j += LANES) {
        lanes_store(
            score + j, lanes_sub(lanes_load(score + j), lanes_set(far)));
    }
}

/*
 * Scores of a group of rows to weights, relative to a base that now holds
 * this block.  A row that sees nothing of it, or nothing yet: its factor is 1
 * or 0, its weights are 0, and nothing changes.
 */
static inline void
attention_weights(struct attention_state *s, size_t group)
{
    const size_t first = group * LANES;
    const size_t n_rows = s->n_rows - first < LANES ? s->n_rows - first : LANES;
    const struct lanes old = s->base[group];
    float *rows = s->rows + first * ROW_STRIDE;
    float *factor = s->factor + first;
    struct lanes top[LANES], far_lanes;
    struct exp2_base base_lanes;
    float round[LANES], least[LANES], far[LANES];

    for (size_t r = 0; r < n_rows; r++) {
        const float *score = rows + r * ROW_STRIDE + ROW_WEIGHT;

        top[r] = lanes_set(-INFINITY);
        SIMD_UNROLL(4)
        for (size_t v = 0; v < BLOCK_VECTORS; v++) {
            top[r] = lanes_max(lanes_load(score + v * LANES), top[r]);
        }
    }
    for (size_t r = n_rows; r < LANES; r++) {
        top[r] = lanes_set(0.0f);
    }
    s->base[group] = weights_base(lanes_tops(top), old);
    lanes_store(factor, weights_factor(old, s->base[group]));
    far_lanes = weights_far(s->base[group]);
    lanes_store(far, far_lanes);
    base_lanes = exp2_base(weights_near(s->base[group]));
    lanes_store(round, base_lanes.round);
    lanes_store(least, base_lanes.least);

    for (size_t r = 0; r < n_rows; r++) {
        const struct exp2_base base = {
            lanes_set(round[r]), lanes_set(least[r])};
        float *weight = rows + r * ROW_STRIDE + ROW_WEIGHT;
        float *total = rows + r * ROW_STRIDE + ROW_TOTAL;
        struct lanes e[BLOCK_VECTORS], sum;

        if (far[r] != 0.0f) {
            attention_far(weight, far[r]);
        }
        SIMD_UNROLL(4)
        for (size_t v = 0; v < BLOCK_VECTORS; v++) {
            e[v] = exp2_weight(lanes_load(weight + v * LANES), &base);
            lanes_store(weight + v * LANES, e[v]);
        }
        sum = lanes_add(lanes_add(e[0], e[1]), lanes_add(e[2], e[3]));
        lanes_store(
            total, lanes_fma(lanes_load(total), lanes_set(factor[r]), sum));
    }
}

/* Rows in each group that shares b; 1 unless it is the same in all of them. */
static inline size_t
attention_group(const float *const *bs, size_t n_rows)
{
    size_t n = 1;

    while (n < n_rows && bs[n] == bs[0]) {
        n++;
    }
    if (n_rows % n != 0) {
        return 1;
    }
    for (size_t r = 0; r < n_rows; r += n) {
        if (bs[r] != bs[r + n - 1]) {
            return 1;
        }
    }
    return n;
}

/*
 * The product of rows that have b = bs[row] + b_from.  Rows that share
 * theirs are next to each other; if they are few, and as many everywhere,
 * several such groups go together.
 */
SIMD_INLINE void
attention_product(
    const struct product *all, const float *const *bs, size_t apart)
{
    struct product p = *all;
    size_t width =
        p.n_vectors < PRODUCT_VECTORS ? p.n_vectors : PRODUCT_VECTORS;
    size_t n_left = p.n_rows, n = n_left;

    if (apart && bs[0] != bs[n_left - 1]) {
        n = attention_group(bs, n_left);
        if (n * width < PRODUCT_CHAINS) {
            product_groups(&p, bs, n, ROW_STRIDE);
            return;
        }
    }
    for (; n_left > 0; n_left -= n) {
        p.b = bs[0] + p.b_from;
        p.n_rows = n;
        product(&p, ROW_STRIDE);
        p.out += n * ROW_STRIDE;
        p.a += n * ROW_STRIDE;
        p.factor += n;
        bs += n;
    }
}

/*
 * Chains of n_rows rows from row over keys [first, end) of the block, which
 * start from what is there times factor.
 */
static inline void
attention_values(struct attention_state *s, const float *factor, size_t row,
    size_t n_rows, size_t first, size_t end)
{
    const struct product p = {
        .out = s->rows + row * ROW_STRIDE + ROW_SUM,
        .a = s->rows + row * ROW_STRIDE + ROW_WEIGHT + first,
        .b_from = first * LANES,
        .b_panel = ATTENTION_BLOCK * LANES,
        .n_rows = n_rows,
        .n_vectors = s->value_vectors,
        .n_k = end - first,
        .factor = factor + row,
    };

    attention_product(&p, s->values + row * s->apart, s->apart);
}

/*
 * A block that some row sees in part: keys before, in and after the range
 * that all rows see, in their order.
 */
static inline void
attention_edge(struct attention_state *s)
{
    const size_t first = s->common_first, end = s->common_end;
    const float *factor = s->factor;

    for (size_t r = 0; first > 0 && r < s->n_rows; r++) {
        size_t from = s->first[r] < first ? s->first[r] : first;

        attention_values(s, factor, r, 1, from, first);
    }
    factor = first > 0 ? s->ones : factor;
    attention_values(s, factor, 0, s->n_rows, first, end);
    for (size_t r = 0; r < s->n_rows; r++) {
        size_t from = s->first[r] > end ? s->first[r] : end;

        if (from < s->end[r]) {
            attention_values(s, s->ones, r, 1, from, s->end[r]);
        }
    }
}

/* The same for rows of several streams, of which few see a block in part. */
static inline void
attention_edge_apart(struct attention_state *s)
{
    for (size_t r = 0, n; r < s->n_rows; r += n) {
        for (n = 1; r + n < s->n_rows && s->first[r + n] == s->first[r] &&
                    s->end[r + n] == s->end[r];
             n++) {
        }
        attention_values(s, s->factor, r, n, s->first[r], s->end[r]);
    }
}

static inline void
attention_block(struct attention_state *s, size_t D, float cap)
{
    const struct product scores = {
        .out = s->rows + ROW_WEIGHT,
        .a = s->rows + ROW_QUERY,
        .b_panel = D * LANES,
        .n_rows = s->n_rows,
        .n_vectors = BLOCK_VECTORS,
        .n_k = D,
        .factor = s->ones,
        .is_first = true,
    };
    const bool is_edge = s->common_first > 0 || s->common_end < ATTENTION_BLOCK;

    attention_product(&scores, s->keys, s->apart);
    for (size_t r = 0; cap > 0 && r < s->n_rows; r++) {
        simd_cap(s->rows + r * ROW_STRIDE + ROW_WEIGHT, cap * WEIGHTS_UNIT,
            ATTENTION_BLOCK);
    }
    if (is_edge) {
        attention_mask(s);
    }
    for (size_t g = 0; g * LANES < s->n_rows; g++) {
        attention_weights(s, g);
    }
    if (is_edge && s->apart) {
        attention_edge_apart(s);
    } else if (is_edge) {
        attention_edge(s);
    } else {
        attention_values(s, s->factor, 0, s->n_rows, 0, ATTENTION_BLOCK);
    }
}

static inline void
simd_attention(const struct attention_tile *tile)
{
    struct attention_state s;

    attention_start(&s, tile);
    while (s.n_rows > 0) {
        attention_ranges(&s, tile);
        attention_block(&s, tile->D, tile->cap);
        attention_next_block(&s, tile);
    }
    for (size_t r = 0; r < tile->n_rows; r++) {
        const float *row = s.rows + r * ROW_STRIDE;
        const struct lanes total =
            lanes_set(lanes_sum(lanes_load(row + ROW_TOTAL)));

        for (size_t d = 0; d < tile->D; d += LANES) {
            const size_t n = tile->D - d < LANES ? tile->D - d : LANES;
            struct lanes x = lanes_load(row + ROW_SUM + d);

            lanes_store_some(tile->out[r] + d, lanes_div(x, total), n);
        }
    }
}

#endif /* MATH_SIMD_ATTENTION_H */
