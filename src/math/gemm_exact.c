/*
 * gemm_exact.c
 *
 * Blocking for the caches.  From outside in: rows, so that their input stays
 * in L2; panels; ranges of k, after which the chains go on from the output;
 * tiles.  None of it changes the order of any chain.
 */
#include "gemm_block.h"

#include "gemm_kernel.h"

/*
 * Floats of input that stay in L2 while all panels pass by: half of 1 MiB,
 * the smallest L2 of the processors meant.  Fewer read the weights more often
 * from memory.
 */
#define INPUT_FLOATS (128 * 1024)

/* Rows taken at once for any K: a panel read from memory is used that often. */
#define ROWS_MIN 48

/*
 * Longest range of k: a panel of 128 KiB streams from L2.  Shorter ones
 * load and store the output more often.
 */
#define K_MAX 1024

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where a part of n_parts nearly equal parts of [0, n) begins. */
static size_t
part_begin(size_t n, size_t part, size_t n_parts)
{
    return n * part / n_parts;
}

/*
 * All rows of tiles (any number) over its range of k.  Its panel stays in
 * the cache while the tiles pass by, each of which fetches an equal part of
 * the weights after the panel.  Numbers of rows differ by one at most: first
 * those of more rows, then those of fewer.
 *
 * tiles is changed in place.  A copy made in wide registers of what was just
 * written in narrow ones would wait until all stores of the tiles before are
 * in the cache: 150 cycles for each tile.
 */
static void
rows_of_panels(const struct gemm_kernel *kernel, struct gemm_tile *tiles,
    size_t M, bool is_wide)
{
    size_t n_tiles = (M + kernel->rows_max - 1) / kernel->rows_max;
    size_t n_rows = M / n_tiles, n_longer = M % n_tiles;

    tiles->next_step = (GEMM_PANEL + n_tiles - 1) / n_tiles;
    for (size_t longer = 2; longer-- > 0;) {
        const struct gemm_rows *rows = &kernel->rows[n_rows + longer];
        size_t n = longer ? n_longer : n_tiles - n_longer;

        if (n == 0) {
            continue;
        }
        tiles->n_tiles = n;
        (is_wide ? rows->wide : rows->one)(tiles);
        tiles->out += n * (n_rows + longer) * tiles->out_stride;
        tiles->in += n * (n_rows + longer) * tiles->in_stride;
        if (tiles->next) {
            tiles->next += n * tiles->n_k * tiles->next_step;
        }
    }
}

/* Rows of a block that fit the cache. */
static void
panels_of_rows(const struct gemm_kernel *kernel, const struct gemm_block *b)
{
    size_t n_ranges = (b->K + K_MAX - 1) / K_MAX;
    size_t n_wide = b->M <= kernel->rows_max ? kernel->rows[b->M].n_wide : 1;
    bool is_fetched = n_wide == 1 && b->is_streamed;
    size_t n_panels;

    for (size_t column = 0; column < b->N; column += n_panels * GEMM_PANEL) {
        size_t left = b->N - column;
        bool is_wide = n_wide > 1 && left > (n_wide - 1) * GEMM_PANEL;

        n_panels = is_wide ? n_wide : 1;
        for (size_t range = 0; range < n_ranges; range++) {
            size_t k = part_begin(b->K, range, n_ranges);
            size_t k_end = part_begin(b->K, range + 1, n_ranges);
            const float *panel = b->weights + column * b->K;
            struct gemm_tile tiles = {
                .out = b->out + column,
                .out_stride = b->out_stride,
                .in = b->in + k,
                .in_stride = b->in_stride,
                .panel = panel + k * GEMM_PANEL,
                .panel_stride = b->K * GEMM_PANEL,
                .n_columns = smaller(left, n_panels * GEMM_PANEL),
                .n_k = k_end - k,
                .is_first = k == 0 && !b->is_continued,
                .next = is_fetched ? panel + k_end * GEMM_PANEL : NULL,
            };

            rows_of_panels(kernel, &tiles, b->M, is_wide);
        }
    }
}

void
gemm_exact(const struct gemm_kernel *kernel, const struct gemm_block *block)
{
    size_t n_rows = INPUT_FLOATS / block->K;
    size_t n_parts;

    if (n_rows < ROWS_MIN) {
        n_rows = ROWS_MIN;
    }
    n_parts = (block->M + n_rows - 1) / n_rows;
    for (size_t part = 0; part < n_parts; part++) {
        size_t begin = part_begin(block->M, part, n_parts);
        struct gemm_block b = *block;

        b.out += begin * b.out_stride;
        b.in += begin * b.in_stride;
        b.M = part_begin(block->M, part + 1, n_parts) - begin;
        panels_of_rows(kernel, &b);
    }
}
