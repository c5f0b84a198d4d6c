/*
 * simd_attention_many.h - a tile of many queries over the same keys.
 *
 * Lanes are queries: a key's scores and weights are vectors, so maxima and
 * sums need no exchange between lanes, and both products broadcast what is
 * next to each other in the cache.  Every chain and every sum has the order
 * that simd_attention.h gives it, where lanes are keys, so the bits are the
 * same; that one is faster for few queries.
 */
#ifndef MATH_SIMD_ATTENTION_MANY_H
#define MATH_SIMD_ATTENTION_MANY_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "attention.h"
#include "attention_tile.h"
#include "simd_activation.h"
#include "simd_lanes.h"
#include "simd_weights.h"

#define MANY         ATTENTION_MANY
#define MANY_GROUPS  (MANY / LANES)
#define BLOCK_GROUPS (ATTENTION_BLOCK / LANES)

/* Loops of any length: fewer ends to be mispredicted. */
#ifdef __clang__
#define MANY_UNROLL _Pragma("clang loop unroll_count(4)")
#else
#define MANY_UNROLL _Pragma("GCC unroll 4")
#endif

/*
 * Heads of so many numbers have blocks fetched to L2 ahead: their keys and
 * values do not stay there over some thousand positions.  It gains 5 % at 128
 * and loses 2 % at 64.
 */
#define MANY_FETCH_D 96

struct many_state {
    /* By head position or key, then by query. */
    float query[ATTENTION_HEAD_MAX * MANY];
    float sum[ATTENTION_HEAD_MAX * MANY];
    float weight[ATTENTION_BLOCK * MANY]; /* scores at first */
    float total[LANES * MANY];            /* of the weights of keys % LANES */
    struct lanes base[MANY_GROUPS];
    float factor[MANY], ones[MANY];
    /* Of a block that is not seen whole: keys [first, end) that each sees. */
    float first[MANY], end[MANY];
    size_t first_min, first_max, end_min, end_max; /* over all queries */
    size_t n_groups;                               /* of queries */
    size_t next;  /* floats to the next block if it is to be fetched, or 0 */
    size_t width; /* numbers of a row of values, whole vectors */
};

/*
 * out[row][query] = chain over k of a[k][row] * b[k][query], where a is in
 * panels of LANES rows.
 */
struct many_product {
    float *out;
    const float *a, *b;
    size_t a_panel; /* from one to the next */
    /* As many floats as a, of the next block: fetched on the way, if any. */
    const float *next;
    size_t n_rows, n_k;  /* rows: a multiple of MANY_ROWS */
    const float *factor; /* by query: chains start from out times it, or 0 */
    /* Keys seen, if k counts keys from k_first on; else NULL. */
    const float *first, *end;
    size_t k_first;
};

/* Positive where a query does not see key k. */
SIMD_INLINE struct lanes
many_hidden(const float *first, const float *end, size_t k)
{
    return lanes_max(lanes_sub(lanes_set((float)k + 1), lanes_load(end)),
        lanes_sub(lanes_load(first), lanes_set((float)k)));
}

SIMD_INLINE void
many_piece(const struct many_product *p, size_t row, size_t group,
    const size_t V, const bool is_edge, const bool is_fetched)
{
    const struct lanes zero = lanes_set(0.0f);
    float *out = p->out + row * MANY + group * LANES;
    const float *a = p->a + row / LANES * p->a_panel + row % LANES;
    const float *b = p->b + group * LANES;
    const float *next = is_fetched ? p->next + row * p->n_k : NULL;
    struct lanes sum[MANY_ROWS][MANY_VECTORS];

    SIMD_UNROLL(12)
    for (size_t r = 0; r < MANY_ROWS; r++) {
        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            sum[r][v] = zero;
            if (p->factor) {
                sum[r][v] = lanes_mul(lanes_load(out + r * MANY + v * LANES),
                    lanes_load(p->factor + (group + v) * LANES));
            }
        }
    }
    MANY_UNROLL
    for (size_t k = 0; k < p->n_k; k++) {
        struct lanes x[MANY_VECTORS], hidden[MANY_VECTORS];

        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            x[v] = lanes_load(b + v * LANES);
            if (is_edge) {
                hidden[v] = many_hidden(p->first + (group + v) * LANES,
                    p->end + (group + v) * LANES, p->k_first + k);
            }
        }
        SIMD_UNROLL(12)
        for (size_t r = 0; r < MANY_ROWS; r++) {
            struct lanes y = lanes_set(a[r]);

            SIMD_UNROLL(4)
            for (size_t v = 0; v < V; v++) {
                struct lanes all = lanes_fma(y, x[v], sum[r][v]);

                sum[r][v] = is_edge
                                ? lanes_choose(zero, hidden[v], all, sum[r][v])
                                : all;
            }
        }
        if (is_fetched) {
            __builtin_prefetch(next, 0, 2);
            next += MANY_ROWS;
        }
        a += LANES;
        b += MANY;
    }
    SIMD_UNROLL(12)
    for (size_t r = 0; r < MANY_ROWS; r++) {
        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            lanes_store(out + r * MANY + v * LANES, sum[r][v]);
        }
    }
}

SIMD_INLINE void
many_pieces(const struct many_product *p, size_t n_groups, const bool is_edge,
    const bool is_fetched)
{
    for (size_t row = 0; row < p->n_rows; row += MANY_ROWS) {
        size_t group = 0;

        for (; group + MANY_VECTORS <= n_groups; group += MANY_VECTORS) {
            many_piece(p, row, group, MANY_VECTORS, is_edge, is_fetched);
        }
        for (; MANY_VECTORS > 1 && group < n_groups; group++) {
            many_piece(p, row, group, 1, is_edge, is_fetched);
        }
    }
}

static inline void
many_product(const struct many_product *p, size_t n_groups)
{
    if (p->next) {
        many_pieces(p, n_groups, false, true);
    } else {
        many_pieces(p, n_groups, false, false);
    }
}

static inline void
many_product_edge(const struct many_product *p, size_t n_groups)
{
    many_pieces(p, n_groups, true, false);
}

static inline void
many_start(struct many_state *s, const struct attention_tile *tile)
{
    const float scale = tile->scale * WEIGHTS_UNIT;

    s->n_groups = (tile->n_rows + LANES - 1) / LANES;
    s->width = attention_value_width(tile->D);
    s->next = tile->D < MANY_FETCH_D ? 0 : attention_block_floats(tile->D);
    for (size_t r = 0; r < tile->n_rows; r++) {
        const float *in = tile->query[r];
        float *query = s->query + r;

        MANY_UNROLL
        for (size_t d = 0; d < tile->D; d++) {
            query[d * MANY] = in[d] * scale;
        }
    }
    for (size_t r = tile->n_rows; r < s->n_groups * LANES; r++) {
        for (size_t d = 0; d < tile->D; d++) {
            s->query[d * MANY + r] = 0.0f;
        }
    }
    for (size_t i = 0; i < s->width * MANY; i += LANES) {
        lanes_store(s->sum + i, lanes_set(0.0f));
    }
    for (size_t i = 0; i < LANES * MANY; i += LANES) {
        lanes_store(s->total + i, lanes_set(0.0f));
    }
    for (size_t g = 0; g < MANY_GROUPS; g++) {
        s->base[g] = lanes_set(-INFINITY);
        lanes_store(s->ones + g * LANES, lanes_set(1.0f));
    }
}

/* Which keys of the block from position start on each query sees. */
static inline void
many_ranges(
    struct many_state *s, const struct attention_tile *tile, size_t start)
{
    const size_t window = tile->window;

    s->first_min = s->end_min = ATTENTION_BLOCK;
    s->first_max = s->end_max = 0;
    for (size_t r = 0; r < s->n_groups * LANES; r++) {
        const size_t row = r < tile->n_rows ? r : tile->n_rows - 1;
        size_t first = attention_first(tile->position[row], window);
        size_t end = tile->position[row] + 1;

        first = first > start ? first - start : 0;
        first = first < ATTENTION_BLOCK ? first : ATTENTION_BLOCK;
        end = end > start ? end - start : 0;
        end = end < ATTENTION_BLOCK ? end : ATTENTION_BLOCK;
        s->first[r] = (float)first;
        s->end[r] = (float)end;
        s->first_min = first < s->first_min ? first : s->first_min;
        s->first_max = first > s->first_max ? first : s->first_max;
        s->end_min = end < s->end_min ? end : s->end_min;
        s->end_max = end > s->end_max ? end : s->end_max;
    }
}

/* Forget the scores of keys that a query does not see. */
static inline void
many_mask(struct many_state *s, size_t n_keys)
{
    for (size_t k = 0; k < n_keys; k++) {
        for (size_t g = 0; g < s->n_groups; g++) {
            float *score = s->weight + k * MANY + g * LANES;
            struct lanes hidden =
                many_hidden(s->first + g * LANES, s->end + g * LANES, k);

            lanes_store(score, lanes_choose(lanes_set(0.0f), hidden,
                                   lanes_load(score), lanes_set(-INFINITY)));
        }
    }
}

/* Move the base of a group of queries; scores relative to one far off. */
static inline struct exp2_base
many_base(struct many_state *s, size_t group, size_t n_keys)
{
    const struct lanes old = s->base[group];
    float *score = s->weight + group * LANES;
    struct lanes top[8], base;

    for (size_t i = 0; i < 8; i++) {
        top[i] = lanes_set(-INFINITY);
    }
    for (size_t k = 0; k < n_keys; k += 8) {
        SIMD_UNROLL(8)
        for (size_t i = 0; i < 8; i++) {
            top[i] = lanes_max(lanes_load(score + (k + i) * MANY), top[i]);
        }
    }
    for (size_t n = 4; n > 0; n /= 2) {
        for (size_t i = 0; i < n; i++) {
            top[i] = lanes_max(top[i], top[i + n]);
        }
    }
    base = weights_base(top[0], old);
    s->base[group] = base;
    lanes_store(s->factor + group * LANES, weights_factor(old, base));

    if (lanes_top(weights_size(base)) > WEIGHTS_FAR) {
        const struct lanes far = weights_far(base);

        for (size_t k = 0; k < n_keys; k++) {
            lanes_store(
                score + k * MANY, lanes_sub(lanes_load(score + k * MANY), far));
        }
    }
    return exp2_base(weights_near(base));
}

/*
 * Scores of a group of queries to weights, and their totals; J groups of keys,
 * the rest of the block is not seen by any.
 */
SIMD_INLINE void
many_weights(struct many_state *s, size_t group, const size_t J)
{
    const struct exp2_base base = many_base(s, group, J * LANES);
    const struct lanes factor = lanes_load(s->factor + group * LANES);

    for (size_t i = 0; i < LANES; i++) {
        float *weight = s->weight + i * MANY + group * LANES;
        float *total = s->total + i * MANY + group * LANES;
        struct lanes e[BLOCK_GROUPS], sum;

        SIMD_UNROLL(4)
        for (size_t j = 0; j < BLOCK_GROUPS; j++) {
            e[j] = lanes_set(0.0f);
            if (j < J) {
                float *w = weight + j * LANES * MANY;

                e[j] = exp2_weight(lanes_load(w), &base);
                lanes_store(w, e[j]);
            }
        }
        sum = lanes_add(lanes_add(e[0], e[1]), lanes_add(e[2], e[3]));
        lanes_store(total, lanes_fma(lanes_load(total), factor, sum));
    }
}

/* The chains over keys [first, end) of the block, all or not seen by all. */
static inline void
many_values(struct many_state *s, const float *values, const float *factor,
    size_t first, size_t end, bool is_edge)
{
    const struct many_product p = {
        .out = s->sum,
        .a = values + first * LANES,
        .next = s->next ? values + s->next : NULL,
        .b = s->weight + first * MANY,
        .a_panel = ATTENTION_BLOCK * LANES,
        .n_rows = s->width,
        .n_k = end - first,
        .factor = factor,
        .first = s->first,
        .end = s->end,
        .k_first = first,
    };

    if (is_edge) {
        many_product_edge(&p, s->n_groups);
    } else {
        many_product(&p, s->n_groups);
    }
}

/* Keys that not all queries see before and after those that they do. */
static inline void
many_values_edge(struct many_state *s, const float *values)
{
    const float *factor = s->factor;

    if (s->first_max >= s->end_min) {
        many_values(s, values, factor, s->first_min, s->end_max, true);
        return;
    }
    if (s->first_min < s->first_max) {
        many_values(s, values, factor, s->first_min, s->first_max, true);
        factor = s->ones;
    }
    many_values(s, values, factor, s->first_max, s->end_min, false);
    if (s->end_min < s->end_max) {
        many_values(s, values, s->ones, s->end_min, s->end_max, true);
    }
}

static inline void
many_block(
    struct many_state *s, const struct attention_tile *tile, size_t start)
{
    const size_t last = tile->n_rows - 1;
    const bool is_edge =
        tile->position[0] + 1 < start + ATTENTION_BLOCK ||
        attention_first(tile->position[last], tile->window) > start;
    const float *keys = tile->blocks[0] + start / ATTENTION_BLOCK %
                                              tile->n_blocks *
                                              attention_block_floats(tile->D);
    const float *values = keys + attention_values_at(tile->D);
    size_t n_keys = ATTENTION_BLOCK;

    if (is_edge) {
        many_ranges(s, tile, start);
        n_keys = (s->end_max + LANES - 1) / LANES * LANES;
    }
    many_product(&(struct many_product){.out = s->weight,
                     .a = keys,
                     .next = s->next ? keys + s->next : NULL,
                     .b = s->query,
                     .a_panel = tile->D * LANES,
                     .n_rows = n_keys,
                     .n_k = tile->D},
        s->n_groups);
    if (tile->cap > 0) {
        simd_cap(s->weight, tile->cap * WEIGHTS_UNIT, n_keys * MANY);
    }
    if (is_edge) {
        many_mask(s, n_keys);
    }
    for (size_t g = 0; g < s->n_groups; g++) {
        switch (n_keys / LANES) {
        case 1:
            many_weights(s, g, 1);
            break;
        case 2:
            many_weights(s, g, 2);
            break;
        case 3:
            many_weights(s, g, 3);
            break;
        default:
            many_weights(s, g, BLOCK_GROUPS);
            break;
        }
    }
    if (is_edge) {
        many_values_edge(s, values);
    } else {
        many_values(s, values, s->factor, 0, ATTENTION_BLOCK, false);
    }
}

/* Sums over totals, and the rows in their places. */
static inline void
many_finish(struct many_state *s, const struct attention_tile *tile)
{
    for (size_t g = 0; g < s->n_groups; g++) {
        float *total = s->total + g * LANES;
        struct lanes all;

        for (size_t n = LANES / 2; n > 0; n /= 2) {
            for (size_t i = 0; i < n; i++) {
                lanes_store(
                    total + i * MANY, lanes_add(lanes_load(total + i * MANY),
                                          lanes_load(total + (i + n) * MANY)));
            }
        }
        all = lanes_load(total);
        for (size_t d = 0; d < tile->D; d++) {
            float *sum = s->sum + d * MANY + g * LANES;

            lanes_store(sum, lanes_div(lanes_load(sum), all));
        }
    }
    for (size_t r = 0; r < tile->n_rows; r++) {
        const float *sum = s->sum + r;
        float *out = tile->out[r];

        MANY_UNROLL
        for (size_t d = 0; d < tile->D; d++) {
            out[d] = sum[d * MANY];
        }
    }
}

static inline void
simd_attention_many(const struct attention_tile *tile)
{
    const size_t last = tile->position[tile->n_rows - 1];
    size_t start = attention_first(tile->position[0], tile->window);
    struct many_state s;

    start = start / ATTENTION_BLOCK * ATTENTION_BLOCK;
    many_start(&s, tile);
    for (; start <= last; start += ATTENTION_BLOCK) {
        many_block(&s, tile, start);
    }
    many_finish(&s, tile);
}

#endif /* MATH_SIMD_ATTENTION_MANY_H */
