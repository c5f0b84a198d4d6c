/*
 * net_kernel_tile.h - tiles of products whose operands lie as they are.
 *
 * out[r][c] (+)= sum over k of a(r, k) * b[k][c], where columns are lanes.
 * a is read number by number, so either of its axes may be the contiguous
 * one.  Sizes that are constants after inlining keep all sums in registers.
 */
#ifndef LEARN_NET_KERNEL_TILE_H
#define LEARN_NET_KERNEL_TILE_H

#include <stdbool.h>
#include <stddef.h>

#include "math/simd_lanes.h"

/*
 * Rows and vectors of a tile: sums, one row of b and a broadcast fill the
 * registers.
 */
#if defined(SIMD_AVX512)
#define TILE_ROWS    12
#define TILE_VECTORS 2
#elif defined(SIMD_AVX2) || defined(SIMD_NEON)
#define TILE_ROWS    6
#define TILE_VECTORS 1
#else
#define TILE_ROWS    2
#define TILE_VECTORS 1
#endif

#define TILE_COLUMNS (TILE_VECTORS * LANES)

struct tile {
    float *out; /* (R, n_columns) */
    size_t out_stride;
    /* a(r, k): is_column ? a[k * a_stride + r] : a[r * a_stride + k] */
    const float *a;
    size_t a_stride;
    const float *b; /* (n_k, columns), whole vectors */
    size_t b_stride;
    size_t n_k;
    size_t n_columns; /* that exist in out */
    bool is_first;    /* out =, not += */
};

/* n lanes, or all of them; the rest is 0. */
SIMD_INLINE struct lanes
take(const float *p, size_t n)
{
    return n >= LANES ? lanes_load(p) : lanes_load_some(p, n, lanes_set(0.0f));
}

SIMD_INLINE void
put(float *p, struct lanes x, size_t n)
{
    if (n >= LANES) {
        lanes_store(p, x);
    } else {
        lanes_store_some(p, x, n);
    }
}

SIMD_INLINE size_t
tile_left(size_t n, size_t first)
{
    return n > first ? n - first : 0;
}

SIMD_INLINE void
tile_piece(
    const struct tile *t, const bool is_column, const size_t R, const size_t V)
{
    const size_t a_stride = t->a_stride, b_stride = t->b_stride;
    const float *a = t->a, *b = t->b;
    const float *rows[(TILE_ROWS + 2) / 3];
    struct lanes sum[TILE_ROWS][TILE_VECTORS];

    SIMD_UNROLL(12)
    for (size_t r = 0; r < R; r++) {
        rows[r / 3] = a + r / 3 * 3 * a_stride;
        SIMD_UNROLL(2)
        for (size_t v = 0; v < V; v++) {
            sum[r][v] = lanes_set(0.0f);
            if (!t->is_first) {
                sum[r][v] = take(t->out + r * t->out_stride + v * LANES,
                    tile_left(t->n_columns, v * LANES));
            }
        }
    }
    for (size_t k = 0; k < t->n_k; k++) {
        struct lanes x[TILE_VECTORS];

        SIMD_UNROLL(2)
        for (size_t v = 0; v < V; v++) {
            x[v] = lanes_load(b + v * LANES);
        }
        SIMD_UNROLL(12)
        for (size_t r = 0; r < R; r++) {
            struct lanes y =
                lanes_set(is_column ? a[r] : rows[r / 3][r % 3 * a_stride + k]);

            SIMD_UNROLL(2)
            for (size_t v = 0; v < V; v++) {
                sum[r][v] = lanes_fma(y, x[v], sum[r][v]);
            }
        }
        a += a_stride;
        b += b_stride;
    }
    SIMD_UNROLL(12)
    for (size_t r = 0; r < R; r++) {
        SIMD_UNROLL(2)
        for (size_t v = 0; v < V; v++) {
            put(t->out + r * t->out_stride + v * LANES, sum[r][v],
                tile_left(t->n_columns, v * LANES));
        }
    }
}

#define TILE_CASE(R)                                                           \
    case R:                                                                    \
        tile_piece(t, is_column, R < TILE_ROWS ? R : TILE_ROWS, V);            \
        break;

SIMD_INLINE void
tile_rows(
    const struct tile *t, const bool is_column, size_t n_rows, const size_t V)
{
    switch (n_rows) {
        TILE_CASE(1)
        TILE_CASE(2)
#if TILE_ROWS > 2
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
#endif
#if TILE_ROWS > 6
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
        TILE_CASE(11)
        TILE_CASE(12)
#endif
    default:
        break;
    }
}

static void
tile_column_any(const struct tile *t, size_t n_rows)
{
    if (t->n_columns > LANES) {
        tile_rows(t, true, n_rows, TILE_VECTORS);
    } else {
        tile_rows(t, true, n_rows, 1);
    }
}

static void
tile_row_any(const struct tile *t, size_t n_rows)
{
    if (t->n_columns > LANES) {
        tile_rows(t, false, n_rows, TILE_VECTORS);
    } else {
        tile_rows(t, false, n_rows, 1);
    }
}

/* All of (M, n_columns), in nearly equal tiles. */
SIMD_INLINE void
tiles(const struct tile *all, const bool is_column, size_t M)
{
    const size_t n_tiles = (M + TILE_ROWS - 1) / TILE_ROWS;

    for (size_t c = 0; c < all->n_columns; c += TILE_COLUMNS) {
        for (size_t i = 0; i < n_tiles; i++) {
            const size_t m = M * i / n_tiles;
            const size_t n_rows = M * (i + 1) / n_tiles - m;
            const size_t left = all->n_columns - c;
            struct tile t = *all;

            t.out += m * t.out_stride + c;
            t.a += is_column ? m : m * t.a_stride;
            t.b += c;
            t.n_columns = left < TILE_COLUMNS ? left : TILE_COLUMNS;
            if (is_column) {
                tile_column_any(&t, n_rows);
            } else {
                tile_row_any(&t, n_rows);
            }
        }
    }
}

#endif /* LEARN_NET_KERNEL_TILE_H */
