/*
 * int8.c
 *
 * Quantising weights, and the division of a product into ranges of k and
 * rows whose quantised input stays in the cache while all panels pass by.
 */
#include "int8.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "gemm_block.h"
#include "int8_kernel.h"
#include "kernels_table.h"

/*
 * Quantised input at a time, on the stack: a part of the smallest L2 (1 MiB)
 * and of any thread's stack.  Less reads the weights more often.
 */
#define INPUT_BYTES (128 * 1024)

/* Longest range of k: 32 rows at a time. */
#define K_MAX (INPUT_BYTES / 32)

/* Rows without a larger number are zero: its inverse might overflow. */
#define LEAST 0x1p-100f

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
block_count(size_t K)
{
    return (K + INT8_BLOCK - 1) / INT8_BLOCK;
}

size_t
int8_row_bytes(size_t K)
{
    return block_count(K) * INT8_BLOCK + sizeof(float);
}

/* The scales of a panel. */
static float *
panel_scales(const uint8_t *panel, size_t K)
{
    return (float *)(void *)(size_t)(panel + block_count(K) * INT8_BLOCK_BYTES);
}

/* The byte of column n and k. */
static uint8_t *
panel_byte(const uint8_t *panel, size_t n, size_t k)
{
    return (uint8_t *)(size_t)panel + (k / 4 * GEMM_PANEL + n) * 4 + k % 4;
}

static float
largest(const float *row, size_t K)
{
    float most = 0;

    for (size_t k = 0; k < K; k++) {
        float magnitude = fabsf(row[k]);

        most = magnitude > most ? magnitude : most;
    }
    return most;
}

void
int8_pack_panel(const struct kernels *kernels, uint8_t *panel,
    const float *rows, size_t n_rows, size_t K)
{
    float inverses[GEMM_PANEL];
    float *scales = panel_scales(panel, K);
    int offset = kernels->int8->offset;

    for (size_t n = 0; n < n_rows; n++) {
        float most = largest(rows + n * K, K);

        inverses[n] = most < LEAST ? 0 : 127 / most;
        scales[n] = most < LEAST ? 0 : most / 127;
    }
    for (size_t k = 0; k < K; k++) {
        for (size_t n = 0; n < n_rows; n++) {
            int q = (int)rintf(rows[n * K + k] * inverses[n]);

            *panel_byte(panel, n, k) = (uint8_t)(q + offset);
        }
    }
}

void
int8_unpack_row(const struct kernels *kernels, float *out, const uint8_t *panel,
    size_t n, size_t K)
{
    float scale = panel_scales(panel, K)[n];

    for (size_t k = 0; k < K; k++) {
        uint8_t byte =
            (uint8_t)(*panel_byte(panel, n, k) - kernels->int8->offset);

        out[k] = scale * (float)(int8_t)byte;
    }
}

/* Rows (M, n_k) of the input, which end at an incomplete block or at K. */
static void
quantise_rows(const struct int8_kernel *kernel, struct int8_rows *rows,
    const float *in, size_t in_stride, size_t M, size_t n_k)
{
    size_t n_whole = n_k / INT8_BLOCK, rest = n_k % INT8_BLOCK;

    for (size_t m = 0; m < M; m++, in += in_stride) {
        for (size_t b = 0; b < n_whole; b++) {
            kernel->quantise(rows, m, b, in + b * INT8_BLOCK);
        }
        if (rest > 0) {
            float last[INT8_BLOCK] = {0};

            memcpy(last, in + n_whole * INT8_BLOCK, rest * sizeof(float));
            kernel->quantise(rows, m, n_whole, last);
        }
    }
}

/* All panels times M quantised rows, tile by tile; as first but for rows. */
static void
rows_of_panels(const struct kernels *kernels, const struct int8_tile *first,
    const struct gemm_block *block, size_t M)
{
    const struct int8_kernel *kernel = kernels->int8;
    size_t panel_bytes = int8_row_bytes(block->K) * GEMM_PANEL;
    size_t n_tiles = (M + kernel->rows_max - 1) / kernel->rows_max;

    for (size_t n = 0; n < block->N; n += GEMM_PANEL) {
        for (size_t t = 0; t < n_tiles; t++) {
            size_t m = M * t / n_tiles, end = M * (t + 1) / n_tiles;
            size_t at = m * first->in.n_blocks;
            struct int8_tile tile = *first;

            tile.out += m * tile.out_stride + n;
            tile.in.q += at * INT8_BLOCK;
            tile.in.scales += at;
            tile.in.starts += at;
            tile.panel += n / GEMM_PANEL * panel_bytes;
            if (tile.scales) {
                tile.scales += n / GEMM_PANEL * panel_bytes / sizeof(float);
            }
            tile.n_columns = smaller(block->N - n, GEMM_PANEL);
            kernel->tile(&tile, end - m);
        }
    }
}

void
gemm_int8(const struct kernels *kernels, const struct gemm_block *block,
    const uint8_t *panels)
{
    size_t k_step = smaller(block_count(block->K) * INT8_BLOCK, K_MAX);
    size_t m_step = INPUT_BYTES / k_step;
    _Alignas(MEM_ALIGN) int8_t q[INPUT_BYTES];
    float scales[INPUT_BYTES / INT8_BLOCK];
    int32_t starts[INPUT_BYTES / INT8_BLOCK];

    for (size_t m = 0; m < block->M; m += m_step) {
        size_t M = smaller(block->M - m, m_step);

        for (size_t k = 0; k < block->K; k += k_step) {
            size_t n_k = smaller(block->K - k, k_step);
            struct int8_rows rows = {q, scales, starts, block_count(n_k)};
            struct int8_tile tile = {
                .out = block->out + m * block->out_stride,
                .out_stride = block->out_stride,
                .in = rows,
                .panel = panels + k * GEMM_PANEL,
                .scales =
                    k + n_k == block->K ? panel_scales(panels, block->K) : NULL,
                .is_first = k == 0,
            };

            quantise_rows(kernels->int8, &rows,
                block->in + m * block->in_stride + k, block->in_stride, M, n_k);
            rows_of_panels(kernels, &tile, block, M);
        }
    }
}
