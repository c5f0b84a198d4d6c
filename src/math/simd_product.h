/*
 * simd_product.h - rows of chains: the two matrix products of attention.
 *
 * out[row][c] = fma chain over k of a[row][k] * b[k][c], where columns are
 * lanes.  Sizes that are constants after inlining keep all chains of a piece
 * in registers.
 */
#ifndef MATH_SIMD_PRODUCT_H
#define MATH_SIMD_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "simd_lanes.h"

/* Chains of rows that do not share b: they need more registers. */
#define PRODUCT_CHAINS (PRODUCT_ROWS_MANY * 2 / 3)

struct product {
    float *out;
    const float *a; /* rows as far apart as those of out */
    const float *b;
    size_t b_from;  /* of rows that have a b of their own */
    size_t b_panel; /* from a vector of b to the next; rows are LANES apart */
    size_t n_rows, n_vectors, n_k;
    const float *factor; /* by row: chains start from out times it */
    bool is_first;       /* or from 0 */
};

SIMD_INLINE void
product_piece(const struct product *p, size_t row, size_t vector,
    const size_t R, const size_t V, const size_t row_stride)
{
    float *out = p->out + row * row_stride + vector * LANES;
    const float *a = p->a + row * row_stride;
    const float *b = p->b + vector * p->b_panel;
    const size_t b_panel = p->b_panel;
    struct lanes sum[PRODUCT_ROWS_MANY][PRODUCT_VECTORS];

    SIMD_UNROLL(12)
    for (size_t r = 0; r < R; r++) {
        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            sum[r][v] = lanes_set(0.0f);
            if (!p->is_first) {
                sum[r][v] =
                    lanes_mul(lanes_load(out + r * row_stride + v * LANES),
                        lanes_set(p->factor[row + r]));
            }
        }
    }
    for (size_t k = 0; k < p->n_k; k++) {
        struct lanes x[PRODUCT_VECTORS];

        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            x[v] = lanes_load(b + v * b_panel);
        }
        SIMD_UNROLL(12)
        for (size_t r = 0; r < R; r++) {
            struct lanes y = lanes_set(a[r * row_stride]);

            SIMD_UNROLL(4)
            for (size_t v = 0; v < V; v++) {
                sum[r][v] = lanes_fma(y, x[v], sum[r][v]);
            }
        }
        a++;
        b += LANES;
    }
    SIMD_UNROLL(12)
    for (size_t r = 0; r < R; r++) {
        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            lanes_store(out + r * row_stride + v * LANES, sum[r][v]);
        }
    }
}

/* All rows of V columns of vectors. */
SIMD_INLINE void
product_columns(const struct product *p, size_t vector, const size_t V,
    const size_t many, const size_t row_stride)
{
    size_t row = 0;

    while (row < p->n_rows) {
        size_t left = p->n_rows - row;

        if (many > PRODUCT_ROWS && left >= many) {
            product_piece(p, row, vector, many, V, row_stride);
            row += many;
            continue;
        }
        switch (left < PRODUCT_ROWS ? left : PRODUCT_ROWS) {
        case 1:
            product_piece(p, row, vector, 1, V, row_stride);
            break;
        case 2:
            product_piece(p, row, vector, 2, V, row_stride);
            break;
        case 3:
            product_piece(p, row, vector, 3, V, row_stride);
            break;
        case 4:
            product_piece(p, row, vector, 4, V, row_stride);
            break;
        case 5:
            product_piece(p, row, vector, 5, V, row_stride);
            break;
        default:
            product_piece(p, row, vector, PRODUCT_ROWS, V, row_stride);
            break;
        }
        row += left < PRODUCT_ROWS ? left : PRODUCT_ROWS;
    }
}

/* Rows of a piece at most: groups of 4 also where they are not used. */
#define PRODUCT_ROWS_MAX (PRODUCT_ROWS_MANY < 4 ? 4 : PRODUCT_ROWS_MANY)

/* Chains of U groups of R rows from row on, each group with a b of its own. */
SIMD_INLINE void
product_groups_piece(const struct product *p, const float *const *bs,
    size_t row, size_t vector, const size_t U, const size_t R, const size_t V,
    const size_t row_stride)
{
    float *out = p->out + row * row_stride + vector * LANES;
    const float *a = p->a + row * row_stride;
    const float *b[PRODUCT_ROWS_MAX];
    const size_t b_panel = p->b_panel;
    struct lanes sum[PRODUCT_ROWS_MAX][PRODUCT_VECTORS];

    SIMD_UNROLL(12)
    for (size_t u = 0; u < U; u++) {
        b[u] = bs[row + u * R] + p->b_from + vector * b_panel;
    }
    SIMD_UNROLL(12)
    for (size_t r = 0; r < U * R; r++) {
        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            sum[r][v] = lanes_set(0.0f);
            if (!p->is_first) {
                sum[r][v] =
                    lanes_mul(lanes_load(out + r * row_stride + v * LANES),
                        lanes_set(p->factor[row + r]));
            }
        }
    }
    for (size_t k = 0, at = 0; k < p->n_k; k++, at += LANES) {
        SIMD_UNROLL(12)
        for (size_t u = 0; u < U; u++) {
            struct lanes x[PRODUCT_VECTORS];

            SIMD_UNROLL(4)
            for (size_t v = 0; v < V; v++) {
                x[v] = lanes_load(b[u] + at + v * b_panel);
            }
            SIMD_UNROLL(4)
            for (size_t i = 0; i < R; i++) {
                const size_t r = u * R + i;
                struct lanes y = lanes_set(a[r * row_stride + k]);

                SIMD_UNROLL(4)
                for (size_t v = 0; v < V; v++) {
                    sum[r][v] = lanes_fma(y, x[v], sum[r][v]);
                }
            }
        }
    }
    SIMD_UNROLL(12)
    for (size_t r = 0; r < U * R; r++) {
        SIMD_UNROLL(4)
        for (size_t v = 0; v < V; v++) {
            lanes_store(out + r * row_stride + v * LANES, sum[r][v]);
        }
    }
}

/* All rows of V columns, U groups of R rows at once while there are as many. */
SIMD_INLINE void
product_groups_columns(const struct product *p, const float *const *bs,
    size_t vector, const size_t U, const size_t R, const size_t V,
    const size_t row_stride)
{
    size_t row = 0;

    for (; row + U * R <= p->n_rows; row += U * R) {
        product_groups_piece(p, bs, row, vector, U, R, V, row_stride);
    }
    for (; row < p->n_rows; row += R) {
        product_groups_piece(p, bs, row, vector, 1, R, V, row_stride);
    }
}

/* Groups of R rows and V vectors at once: as many chains as registers. */
#define PRODUCT_GROUPS(R, V)                                                   \
    ((R) == 1                           ? PRODUCT_CHAINS / (V)                 \
        : PRODUCT_ROWS_MANY < (R) * (V) ? 1                                    \
                                        : PRODUCT_ROWS_MANY / ((R) * (V)))

SIMD_INLINE void
product_groups_of(const struct product *p, const float *const *bs,
    const size_t R, const size_t row_stride)
{
    size_t vector = 0;

    for (; vector + 4 <= p->n_vectors && PRODUCT_VECTORS >= 4 && R == 1;
         vector += 4) {
        product_groups_columns(
            p, bs, vector, PRODUCT_GROUPS(1, 4), 1, 4, row_stride);
    }
    for (; vector + 2 <= p->n_vectors && PRODUCT_VECTORS >= 2; vector += 2) {
        product_groups_columns(
            p, bs, vector, PRODUCT_GROUPS(R, 2), R, 2, row_stride);
    }
    for (; vector < p->n_vectors; vector++) {
        product_groups_columns(
            p, bs, vector, PRODUCT_GROUPS(R, 1), R, 1, row_stride);
    }
}

/*
 * As product() for rows whose b is bs[row] + b_from, the same in each group of
 * n_group rows.  Few rows have few chains: several groups go together.
 */
SIMD_INLINE void
product_groups(const struct product *p, const float *const *bs, size_t n_group,
    const size_t row_stride)
{
    switch (n_group) {
    case 2:
        product_groups_of(p, bs, 2, row_stride);
        break;
    case 3:
        product_groups_of(p, bs, 3, row_stride);
        break;
    case 4:
        product_groups_of(p, bs, 4, row_stride);
        break;
    default:
        product_groups_of(p, bs, 1, row_stride);
        break;
    }
}

/* Inlined where row_stride is a constant. */
SIMD_INLINE void
product(const struct product *p, const size_t row_stride)
{
    size_t vector = 0;

    for (; vector + 4 <= p->n_vectors && PRODUCT_VECTORS >= 4; vector += 4) {
        product_columns(p, vector, 4, PRODUCT_ROWS, row_stride);
    }
    for (; vector + 2 <= p->n_vectors && PRODUCT_VECTORS >= 2; vector += 2) {
        product_columns(p, vector, 2, PRODUCT_ROWS_MANY, row_stride);
    }
    for (; vector < p->n_vectors; vector++) {
        product_columns(p, vector, 1, PRODUCT_ROWS_MANY, row_stride);
    }
}

#endif /* MATH_SIMD_PRODUCT_H */
