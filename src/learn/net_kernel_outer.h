/*
 * net_kernel_outer.h - gradients of matrices: sums over rows of products.
 *
 * Both operands are read as they are.  A slice of b that fits the first
 * cache is copied, because rows a power of two apart would share few of its
 * sets; it is used by all tiles of a.
 */
#ifndef LEARN_NET_KERNEL_OUTER_H
#define LEARN_NET_KERNEL_OUTER_H

#include "learn/net_kernel.h"
#include "learn/net_kernel_tile.h"

/*
 * Rows of a slice: 16 KiB of 32 columns.  Fewer load and store the sums more
 * often.
 */
#define OUTER_ROWS 128

static inline void
outer_copy(float *slice, const struct net_outer *o, size_t t, size_t n_rows,
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

static inline void
net_outer_product(const struct net_outer *o)
{
    float slice[OUTER_ROWS * TILE_COLUMNS];

    for (size_t t = 0; t < o->T; t += OUTER_ROWS) {
        const size_t n_rows = o->T - t < OUTER_ROWS ? o->T - t : OUTER_ROWS;

        for (size_t n = 0; n < o->N; n += TILE_COLUMNS) {
            const size_t left = o->N - n;
            struct tile tile = {
                .out = o->out + n,
                .out_stride = o->out_stride,
                .a = o->a + t * o->a_stride,
                .a_stride = o->a_stride,
                .b = slice,
                .b_stride = TILE_COLUMNS,
                .n_k = n_rows,
                .n_columns = left < TILE_COLUMNS ? left : TILE_COLUMNS,
            };

            outer_copy(slice, o, t, n_rows, n, tile.n_columns);
            tiles(&tile, true, o->M);
        }
    }
}

#endif /* LEARN_NET_KERNEL_OUTER_H */
