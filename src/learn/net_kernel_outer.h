/*
 * net_kernel_outer.h - gradients of matrices: sums over rows of products.
 *
 * Some rows at a time.  A slice of b that fits the first cache is copied,
 * because rows a power of two apart would share few of its sets; all tiles
 * of a use it.  a is copied tile by tile, if enough slices of b use it to pay
 * for that.
 */
#ifndef LEARN_NET_KERNEL_OUTER_H
#define LEARN_NET_KERNEL_OUTER_H

#include "learn/net_kernel.h"
#include "learn/net_kernel_tile.h"

/* Columns of b from which on copying a pays: a tenth at 256. */
#define OUTER_COLUMNS 256

/* Columns [column, column + n_columns) of rows [t, t + n_rows) of b. */
static inline void
outer_copy_b(float *slice, const struct net_outer *o, size_t t, size_t n_rows,
    size_t column, size_t n_columns)
{
    const float *b = o->b + t * o->b_stride + column;

    for (size_t r = 0; r < n_rows; r++) {
        for (size_t c = 0; c < TILE_COLUMNS; c += LANES) {
            lanes_store(slice + c, take(b + c, tile_left(n_columns, c)));
        }
        slice += TILE_COLUMNS;
        b += o->b_stride;
    }
}

/* All tiles of rows [t, t + n_rows) of a, TILE_ROWS numbers per row. */
static inline void
outer_copy_a(const struct net_outer *o, size_t t, size_t n_rows)
{
    const size_t n_tiles = (o->M + TILE_ROWS - 1) / TILE_ROWS;

    for (size_t i = 0; i < n_tiles; i++) {
        const size_t m = o->M * i / n_tiles;
        const float *a = o->a + t * o->a_stride + m;
        float *out = o->scratch + i * NET_OUTER_ROWS * TILE_ROWS;

        /* What is too much of a row is overwritten by the next. */
        for (size_t r = 0; r < n_rows; r++) {
            lanes_store(
                out + r * TILE_ROWS, take(a + r * o->a_stride, o->M - m));
        }
    }
}

/* All tiles with a slice of b. */
static inline void
outer_tiles(const struct net_outer *o, struct tile *tile, bool is_copied)
{
    const size_t n_tiles = (o->M + TILE_ROWS - 1) / TILE_ROWS;

    if (!is_copied) {
        tiles(tile, true, o->M);
        return;
    }
    tile->a_stride = TILE_ROWS;
    for (size_t i = 0; i < n_tiles; i++) {
        const size_t m = o->M * i / n_tiles, end = o->M * (i + 1) / n_tiles;
        struct tile t = *tile;

        t.out += m * t.out_stride;
        t.a = o->scratch + i * NET_OUTER_ROWS * TILE_ROWS;
        tile_column_any(&t, end - m);
    }
}

static inline void
net_outer_product(const struct net_outer *o)
{
    const bool is_copied = o->N >= OUTER_COLUMNS;
    float slice[NET_OUTER_ROWS * TILE_COLUMNS];

    for (size_t t = 0; t < o->T; t += NET_OUTER_ROWS) {
        const size_t left = o->T - t;
        const size_t n_rows = left < NET_OUTER_ROWS ? left : NET_OUTER_ROWS;

        if (is_copied) {
            outer_copy_a(o, t, n_rows);
        }
        for (size_t n = 0; n < o->N; n += TILE_COLUMNS) {
            const size_t n_columns = o->N - n;
            struct tile tile = {
                .out = o->out + n,
                .out_stride = o->out_stride,
                .a = o->a + t * o->a_stride,
                .a_stride = o->a_stride,
                .b = slice,
                .b_stride = TILE_COLUMNS,
                .n_k = n_rows,
                .n_columns =
                    n_columns < TILE_COLUMNS ? n_columns : TILE_COLUMNS,
            };

            outer_copy_b(slice, o, t, n_rows, n, tile.n_columns);
            outer_tiles(o, &tile, is_copied);
        }
    }
}

#endif /* LEARN_NET_KERNEL_OUTER_H */
